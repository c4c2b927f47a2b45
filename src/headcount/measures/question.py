"""A question was asked: who answered within 24 hours, and what does that say?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Posts, Responses
from headcount.measures.result import Result

__all__ = ["Pooled", "Question", "ReplyCurve", "Test", "question"]


@dataclass(frozen=True, kw_only=True)
class ReplyCurve:
    """Distinct repliers against time since the post.

    Attributes:
        hours: increasing, log-spaced, at most about 60 points.
        share: share of all who will reply who have replied by then (0 to 1).
        low, high: 95% interval of that share over the tests; None with fewer than 2 tests.
    """

    hours: list[float]
    share: list[float]
    low: list[float] | None
    high: list[float] | None


@dataclass(frozen=True, kw_only=True)
class Test:
    """One question, one test.

    Attributes:
        post_id, asked_at (ISO 8601, UTC), text: the post; text None where unknown.
        why: which signs make it a question ("ends with a question mark", "named by the user", …).
        hours_observed: time from the post to the end of the observation.
        responders: distinct people of the population who replied so far.
        responders_24h: those within 24 hours; None where 24 hours have not passed yet.
        non_followers: distinct repliers who do not follow; None where the follower list is unknown.
        share_24h, share_low, share_high: of followers, with 95% Wilson interval; None where unknown.
        final_estimate, low, high: distinct repliers in the end, with 95% predictive interval.
        half_life_minutes: time by which half of the repliers so far had replied; None without replies.
        hours, cumulative: reply curve of this test: distinct repliers by hours since the post.
    """

    post_id: str
    asked_at: str | None
    text: str | None
    why: str
    hours_observed: float | None
    responders: int
    responders_24h: int | None
    non_followers: int | None
    share_24h: float | None
    share_low: float | None
    share_high: float | None
    final_estimate: float | None
    low: float | None
    high: float | None
    half_life_minutes: float | None
    hours: list[float]
    cumulative: list[int]


@dataclass(frozen=True, kw_only=True)
class Pooled:
    """All tests together.

    Attributes:
        tests: how many questions; complete: those observed for 24 hours.
        responders_24h_mean, responders_24h_low, responders_24h_high: mean over complete tests, 95% interval.
        responders_24h_least, responders_24h_most: the spread.
        share_24h, share_low, share_high: of followers, pooled, interval by tests (spread counted).
        distinct: distinct people of the population who answered any test.
        every_time, sometimes, once, never: people who answered all tests, some but not all (at least twice), exactly one, none;
            never is None where the follower list is unknown. With one test every_time is empty and once holds all.
        half_life_minutes: of the pooled curve.
        curve: pooled reply curve; None without replies with a known time.
    """

    tests: int
    complete: int
    responders_24h_mean: float | None
    responders_24h_low: float | None
    responders_24h_high: float | None
    responders_24h_least: int | None
    responders_24h_most: int | None
    share_24h: float | None
    share_low: float | None
    share_high: float | None
    distinct: int
    every_time: int
    sometimes: int
    once: int
    never: int | None
    half_life_minutes: float | None
    curve: ReplyCurve | None


@dataclass(frozen=True, kw_only=True)
class Question(Result):
    """The 24-hour test.

    Attributes:
        population: followers, or responders where the follower list is unknown.
        followers: size of the follower list; None where unknown.
        tests: newest first.
        pooled: None without a test.
        too_little: why there is nothing to say; None where there is.
    """

    population: str
    followers: int | None
    tests: list[Test]
    pooled: Pooled | None
    too_little: str | None


def question(
    posts: Posts,
    responses: Responses,
    *,
    member: NDArray[np.bool_] | None,
    followers: int | None,
    as_of: float,
    chosen: list[int] | None = None,
) -> Question:
    """Find the questions among the posts and count who replied.

    Args:
        posts: the account's posts of the window, oldest first.
        responses: all responses of others to them; only replies, mentions and quotes are answers.
        member: (people,) True where that person follows the account; None where the follower list is unknown.
        followers: size of the follower list; None where unknown.
        as_of: end of the observation, seconds since 1970.
        chosen: indices of posts that the user names as the questions; without it a documented rule finds them.
    """
    raise NotImplementedError
