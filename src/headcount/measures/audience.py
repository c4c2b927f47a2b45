"""How many followers does the account truly have?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headcount.measures.result import Result

__all__ = ["Audience", "Curve", "Next", "Range", "audience"]


@dataclass(frozen=True, kw_only=True)
class Range:
    """Two ends of an interval of distinct people."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Next:
    """New responders to expect in the next posts.

    Attributes:
        posts: how many posts ahead.
        new_responders: expected number of people who never responded in the window and will respond.
        low, high: 95% predictive interval of that number.
    """

    posts: int
    new_responders: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Distinct responders against posts: rarefied up to the posts seen, extrapolated beyond.

    Attributes:
        posts: numbers of posts, increasing, at most about 100 points, from 1 to twice the posts seen.
        responders: expected distinct responders after so many posts.
        low, high: 95% interval of each.
        seen: the number of posts seen: up to it the curve is rarefaction, beyond it prediction.
    """

    posts: list[float]
    responders: list[float]
    low: list[float]
    high: list[float]
    seen: int


@dataclass(frozen=True, kw_only=True)
class Audience(Result):
    """Who responds, as capture-recapture tells it.

    Attributes:
        window_days: length of the window; None where it is all that is known.
        posts: occasions in it, those that nobody answered included.
        population: whom the numbers count: followers, or all responders where the follower list is unknown.
        followers: size of the follower list; None where unknown.
        observed: distinct people of the population who responded at least once.
        observed_active, observed_passive_only: by words (reply, mention, quote); only by repost or like.
        responses: captures: pairs of person and post.
        non_followers: distinct responders who do not follow (counted apart); None where unknown.
        coverage: share of the response probability that is already seen (Good-Turing), 0 to 1.
        headcount: distinct people who will have responded after as many posts again; None: too little data.
        low, high: its 95% predictive interval.
        headcount_active, low_active, high_active: the same for active responses alone.
        at_least: lower 95% limit of Chao's lower bound on all who would ever respond.
        sensitivity: beta-binomial range of all who would ever respond: marked, never the answer.
        next: new responders in the next 1, 5, 10, 20 and as many posts again.
        curve, curve_active: accumulation of distinct responders; None: too little data.
        too_little: why no number is given; None where one is.
    """

    window_days: float | None
    posts: int
    population: Literal["followers", "responders"]
    followers: int | None
    observed: int
    observed_active: int
    observed_passive_only: int
    responses: int
    non_followers: int | None
    coverage: float | None
    headcount: float | None
    low: float | None
    high: float | None
    headcount_active: float | None
    low_active: float | None
    high_active: float | None
    at_least: float | None
    sensitivity: Range | None
    next: list[Next]
    curve: Curve | None
    curve_active: Curve | None
    too_little: str | None


def audience(
    person: NDArray[np.int64],
    post: NDArray[np.int64],
    active: NDArray[np.bool_],
    *,
    posts: int,
    followers: int | None,
    non_followers: int | None = None,
    window_days: float | None = None,
) -> Audience:
    """Distinct responders, seen and to come.

    Args:
        person: (n,) who responded; only people of the population (followers, or everybody where unknown).
        post: (n,) to which post, 0 … posts-1 in order of time; several rows of one pair count once.
        active: (n,) was it a reply, mention or quote?
        posts: number of occasions, those without a response included.
        followers: size of the population; None where the follower list is unknown.
        non_followers: distinct responders outside the population, carried through.
        window_days: length of the window, carried through.
    """
    raise NotImplementedError
