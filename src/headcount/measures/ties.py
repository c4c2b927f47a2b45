"""With whom is there a relationship?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Exchanges
from headcount.measures.result import Result

__all__ = ["Layer", "Tie", "Ties", "ties"]


@dataclass(frozen=True, kw_only=True)
class Tie:
    """One two-way tie.

    Attributes:
        person: number of the other (see headcount.columns).
        sent, received: active interactions in each direction in the window.
        strength: decayed geometric mean of both directions, contacts a month.
        balance: smaller direction over larger, 0 to 1.
        last: seconds since 1970 of the last exchange; None where unknown.
        state: new, steady or fading.
        layer: 1 = innermost; None where layers are not clear.
        follows: does the other follow? None where unknown.
    """

    person: int
    sent: int
    received: int
    strength: float
    balance: float
    last: float | None
    state: Literal["new", "steady", "fading"]
    layer: int | None
    follows: bool | None


@dataclass(frozen=True, kw_only=True)
class Layer:
    """A circle of relationships.

    Attributes:
        layer: 1 = innermost.
        size: people up to and including this layer (cumulative).
        contacts_a_month: typical (median) contacts a month of the people in it.
    """

    layer: int
    size: int
    contacts_a_month: float


@dataclass(frozen=True, kw_only=True)
class Ties(Result):
    """Two-way exchange between the account and others.

    Attributes:
        window_days: how far back it looks.
        count: two-way ties with followers (with anyone where the follower list is unknown).
        count_others: two-way ties with people who do not follow; None where unknown.
        written_to: distinct people the account addressed; heard_from: distinct people who addressed it.
        reciprocity: share of those heard from to whom the account wrote back; low, high: 95% Wilson interval; None where nobody wrote.
        known_share: ties over followers; known_low, known_high: its 95% interval; None where followers are unknown.
        new, fading: number of ties in that state.
        layers: cumulative circles, innermost first; empty where not clear.
        layers_note: why there are no layers; None where there are.
        top: ties by strength, strongest first (all of them).
        too_little: why there is nothing to say; None where there is.
    """

    window_days: float
    count: int
    count_others: int | None
    written_to: int
    heard_from: int
    reciprocity: float | None
    reciprocity_low: float | None
    reciprocity_high: float | None
    known_share: float | None
    known_low: float | None
    known_high: float | None
    new: int
    fading: int
    layers: list[Layer]
    layers_note: str | None
    top: list[Tie]
    too_little: str | None


def ties(
    exchanges: Exchanges,
    *,
    member: NDArray[np.bool_] | None,
    followers: int | None,
    as_of: float,
    window_days: float = 365.0,
    half_life_days: float = 90.0,
) -> Ties:
    """Find the two-way ties of one account.

    Args:
        exchanges: every active interaction between the account and others, both directions.
        member: (people,) True where that person follows the account; None where the follower list is unknown.
        followers: size of the follower list; None where unknown.
        as_of: end of the observation, seconds since 1970.
        window_days: how far back to look.
        half_life_days: age at which an interaction counts half.
    """
    raise NotImplementedError
