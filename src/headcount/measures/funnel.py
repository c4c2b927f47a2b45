"""Who are the followers, honestly? Each in exactly one class, with reasons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Followers
from headcount.measures.result import Result

__all__ = ["CLASSES", "Classes", "Funnel", "Verdicts", "funnel"]

CLASSES = ("relationship", "responding", "listening", "away", "auto_follow", "spam", "gone", "unknown")


@dataclass(frozen=True, kw_only=True)
class Classes:
    """Followers by class; they add up to all followers that were ever listed."""

    relationship: int
    responding: int
    listening: int
    away: int
    auto_follow: int
    spam: int
    gone: int
    unknown: int


@dataclass(frozen=True)
class Verdicts:
    """The class and the reasons of each follower, in the order of `Followers`.

    Attributes:
        label: index into CLASSES.
        reasons: one sentence fragment a follower ("follows 8,412 accounts, 97% of which follow back"), readable by anyone.
    """

    label: NDArray[np.int8]
    reasons: NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Funnel(Result):
    """The followers by class.

    Attributes:
        classes: how many of each.
        followers: how many in all (the sum of the classes).
        verdicts: of each follower, in the order handed in.
        too_little: why there is nothing to say; None where there is.
    """

    classes: Classes
    followers: int
    verdicts: Verdicts
    too_little: str | None


def funnel(
    followers: Followers,
    *,
    responded: NDArray[np.int64],
    tied: NDArray[np.bool_],
    as_of: float,
) -> Funnel:
    """Put every follower into exactly one class.

    Args:
        followers: the columns of each follower.
        responded: (followers,) responses of each to the account in the window.
        tied: (followers,) is there a two-way tie (from `ties`)?
        as_of: end of the observation, seconds since 1970.
    """
    raise NotImplementedError
