"""The results of the 24-hour test: one question, all questions pooled, and the reply curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from headcount import wording as say
from headcount.measures.follower_list import COMPLETE, FollowerList
from headcount.measures.question.reply_curve import (
    Exact,
)
from headcount.measures.result import Result
from headcount.support.record import Record
from headcount.support.times import DAY

__all__ = ["DAY", "MANY", "Pooled", "Question", "ReplyCurve", "Test"]

MANY = 1_000_000
"""Answers beyond which the reply curve is learned from every second, third, … post; the tests stay whole."""


@dataclass(frozen=True, kw_only=True, repr=False)
class ReplyCurve(Record):
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

    def columns(self) -> dict[str, list[Any]]:
        """One row a point of the curve."""
        unknown: list[Any] = [None] * len(self.hours)
        return {
            "hours": list(self.hours),
            "share": list(self.share),
            "low": unknown if self.low is None else list(self.low),
            "high": unknown if self.high is None else list(self.high),
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class Test(Record):
    """One question, one test.

    Attributes:
        post_id, asked_at (ISO 8601, UTC), text: the post; text None where unknown.
        why: which signs make it a question ("ends with a question mark", "named by the user", …).
        hours_observed: time from the post to the end of the observation.
        responders: distinct people of the population who replied so far.
        responders_24h: those within 24 hours; None where 24 hours have not passed yet.
        non_followers: distinct repliers who are not in the list of followers; None where there is no list.
        share_24h, share_low, share_high: of followers, with 95% Wilson interval; None where unknown.
        final_estimate, low, high: distinct repliers in the end (7 days after the post), with 95% predictive
            interval; None where the time of the post is unknown or it was watched for less than 10 minutes.
        exact: why the interval has no width: 7 days are over, all followers have replied, or there are none; None
            where it has one, or there is none.
        half_life_minutes: time by which half of the repliers so far had replied; None without replies.
        hours, cumulative: reply curve of this test: distinct repliers by hours since the post (at most 60
            points); None with too few replies (see `sample_size`).
        no_curve: why there is no reply curve, in a sentence; None where there is one.
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
    exact: Exact | None = None
    half_life_minutes: float | None
    hours: list[float] | None
    cumulative: list[int] | None
    no_curve: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Pooled(Record):
    """All tests together.

    Attributes:
        tests: how many questions; complete: those observed for 24 hours.
        responders_24h_mean, responders_24h_low, responders_24h_high: mean over complete tests, 95% interval;
            with a single complete test the interval is of chance alone, as the spread between tests cannot
            be seen.
        exact: why these limits are equal (there are no followers); None where they are not.
        responders_24h_least, responders_24h_most: the spread.
        share_24h, share_low, share_high: of followers, pooled, interval by tests (spread counted).
        distinct: distinct people of the population who answered any test.
        every_time, sometimes, once, never: people who answered all tests, some but not all (at least twice),
            exactly one, none; never is None where the follower list is unknown. With one test every_time is
            empty and once holds all.
        half_life_minutes: of the pooled curve; None where there is none.
        curve: pooled reply curve; None with too few replies (see `sample_size`).
        no_curve: why there is no reply curve, in a sentence; None where there is one.
    """

    tests: int
    complete: int
    responders_24h_mean: float | None
    responders_24h_low: float | None
    responders_24h_high: float | None
    exact: Literal["no followers"] | None = None
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
    no_curve: str | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class Question(Result):
    """The 24-hour test.

    Attributes:
        population: followers, or responders where the follower list is unknown.
        followers: size of the follower list; None where unknown.
        tests: newest first.
        pooled: None without a test.
        too_little: why there is nothing to say; None where there is.
        follower_list: how completely the followers were listed; None where the caller of the measure did not say.
    """

    population: str
    followers: int | None
    tests: list[Test]
    pooled: Pooled | None
    too_little: str | None
    follower_list: FollowerList | None = None

    def columns(self) -> dict[str, list[Any]]:
        """One row a test, newest first."""
        names = [n for n in Test.__dataclass_fields__ if n not in ("hours", "cumulative")]
        return {name: [getattr(test, name) for test in self.tests] for name in names}

    def sentence(self) -> str:
        """What the questions brought, with interval and number of tests."""
        if self.pooled is None:
            return self.too_little or "No question was found."
        if self.pooled.complete == 0:
            return _running(self.tests[0], self._of)
        return _complete(self.pooled, self.followers, self.follower_list or COMPLETE)

    @property
    def _of(self) -> str | None:
        """Whom the answers are counted of: "of 6,012 followers"; None where the follower list is unknown."""
        return None if self.followers is None else f"of {(self.follower_list or COMPLETE).all_of(self.followers)}"


def _people(count: float, of: str | None) -> str:
    return f"{count:,.0f} {of or 'people'}"


_EXACT = {
    "time over": "; the 7 days are over",
    "all responded": ", which is every follower on the list",
    "no followers": "; there are no followers on the list",
}
"""Why a count of repliers has no interval, in words."""


def _running(test: Test, of: str | None) -> str:
    start = f"{_people(test.responders, of)} answered the question so far"
    final, low, high = test.final_estimate, test.low, test.high
    if test.hours_observed is not None:
        start += f" ({test.hours_observed:,.1f} hours)"
    if final is None or low is None or high is None or test.exact is not None:
        return f"{start}{_EXACT[test.exact]}." if test.exact is not None else f"{start}."
    return f"{start}; about {final:,.0f} ({low:,.0f} to {high:,.0f}) are expected within 7 days."


def _complete(pooled: Pooled, followers: int | None, words: FollowerList) -> str:
    """How many answered the questions within 24 hours, with intervals and the share of the followers."""
    answered = pooled.responders_24h_mean or 0.0
    mean = _number(answered)
    number = 1 if mean == "1" else 2
    who = words.noun(number) if followers is not None else "person" if number == 1 else "people"
    of = words.all_of(followers) if followers is not None and not words.is_complete else "followers"
    if pooled.complete == 1:
        text = f"One question was asked: {mean} {who} answered within 24 hours"
    else:
        text = f"{say.count(pooled.complete)} questions were asked: "
        text += f"{mean} {who} on average answered within 24 hours" if answered else "no answer within 24 hours"
        if pooled.responders_24h_low is not None and pooled.responders_24h_high is not None:
            text += f" ({_number(pooled.responders_24h_low)} to {_number(pooled.responders_24h_high)})"
    if not answered and pooled.share_high is not None and pooled.complete > 1:
        return f"{text}, at most {say.share(pooled.share_high)} of {of}."
    if pooled.share_24h is not None and pooled.share_low is not None and pooled.share_high is not None:
        text += f", {say.share(pooled.share_24h)} of {of} ({say.share_interval(pooled.share_low, pooled.share_high)})"
    if pooled.complete == 1:  # the interval holds for these followers, not for another question
        text += "; ask again to see how much that varies"
    return f"{text}."


def _number(value: float) -> str:
    return f"{value:,.1f}" if value < 10 else f"{value:,.0f}"
