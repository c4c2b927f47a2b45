"""A question was asked: who answered within 24 hours, and what does that say?

**Definitions.** A *test* is a post that asks the readers something (the rule: `question_signs`), or one that
the user names. An *answer* is a reply, mention or quote of it; likes and reposts are none. A *responder* is
a person of the population (the followers; everybody where the follower list is unknown), counted once a
test, at the first answer.

* Responders within 24 hours are counted once 24 hours have passed, and their share of followers has a Wilson
  interval (`intervals`).
* The final count is forecast from the part seen so far by the pace of this post and of the account's other posts
  (`delay_law`); 'final' is 7 days after the post, and what was watched for longer is simply counted.
* Pooled over tests, the interval of the mean counts the spread between tests, not only chance within one
  (negative binomial, `intervals.mean_count`): asking again is worth more than many followers.

An answer without a known time is an answer; where more than one in twenty of a test lack it, nothing is said
about 24 hours.

Sources: the 24-hour test: docs/methods/question.md; right truncation: Lagakos et al. 1988.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from headcount.columns import ACTIVE, Floats, Integers, Posts, Responses
from headcount.errors import UsageError
from headcount.measures.question.delay_law import DelayLaw, ReplyDelays, delay_law
from headcount.measures.question.reply_curve import (
    HORIZON,
    PRIOR_REPLIES,
    Forecast,
    Prior,
    ReplyTimes,
    first_replies,
    forecast,
)
from headcount.measures.question.results import DAY, MANY, Pooled, Question, ReplyCurve, Test
from headcount.measures.question.signs import NAMED, question_signs
from headcount.measures.statistics.intervals import jeffreys, mean_count, wilson
from headcount.measures.statistics.sample_size import too_few_replies
from headcount.support.times import Time, as_seconds, iso_text

__all__ = ["question"]

MAX_UNTIMED_SHARE = 0.05
"""Share of a test's answers that may lack a time before its 24 hours are called unknown."""
MIN_WATCHED = 600.0
"""Seconds that a post must have been watched before a forecast is made."""
POINTS = 60


def question(
    posts: Posts,
    responses: Responses,
    *,
    member: NDArray[np.bool_] | None,
    followers: int | None,
    as_of: Time | float,
    chosen: list[int] | None = None,
    platform: str | None = None,
) -> Question:
    """Find the questions among the posts and count who replied.

    Args:
        posts: the account's posts of the window, oldest first.
        responses: all responses of others to them; only replies, mentions and quotes are answers.
        member: (people,) True where that person follows the account; None where the follower list is unknown.
        followers: size of the follower list; None where unknown.
        as_of: end of the observation: a time (see `headcount.support.times`) or seconds since 1970.
        chosen: indices of posts that the user names as the questions; without it a documented rule finds
            them.
        platform: of the account; how fast people reply there is known for some (`delay_law`).

    Raises:
        UsageError: an index in `chosen` is not that of a post.
    """
    end = as_seconds(as_of)
    asked = _asked(posts, chosen)
    population = "responders" if member is None else "followers"
    if not asked:
        return Question(
            as_of=iso_text(end),
            population=population,
            followers=followers,
            tests=[],
            pooled=None,
            too_little=_nothing(posts),
        )
    answers = _Answers.read(posts, responses, member, end, list(asked), delay_law(platform))
    tests = [_test(posts, answers, i, asked, followers) for i in asked]
    newest = np.argsort([-_or(posts.created_at[i], -np.inf) for i in asked], kind="stable")
    return Question(
        as_of=iso_text(end),
        population=population,
        followers=followers,
        tests=[tests[i] for i in newest],
        pooled=_pool(answers, list(asked), tests, followers),
        too_little=None,
    )


@dataclass(frozen=True)
class _Answers:
    """First answers of each person to each post, ordered by post, and what they say about reply times.

    Attributes:
        person, post, delay: of the population; start: (posts + 1,) where each post's answers begin.
        others: (posts,) distinct people outside the population; None where it is everybody.
        watched: (posts,) seconds from post to end of observation; NaN where unknown.
        times: reply times of the posts with a known time: of all, or of an even choice where there are very
            many.
    """

    person: Integers
    post: Integers
    delay: Floats
    start: Integers
    others: Integers | None
    watched: Floats
    times: ReplyTimes

    @classmethod
    def read(
        cls,
        posts: Posts,
        responses: Responses,
        member: NDArray[np.bool_] | None,
        as_of: float,
        asked: list[int],
        law: DelayLaw,
    ) -> _Answers:
        watched = np.maximum(as_of - posts.created_at, 0.0)
        person, post, delay = _answers(responses, watched, asked)
        others = None
        if member is not None:
            inside = member[person]
            others = np.bincount(post[~inside], minlength=len(posts))
            person, post, delay = person[inside], post[inside], delay[inside]
        timed = ~np.isnan(delay)
        looked_at = np.nan_to_num(watched)
        return cls(
            person=person,
            post=post,
            delay=delay,
            start=np.searchsorted(post, np.arange(len(posts) + 1)),
            others=others,
            watched=watched,
            times=ReplyTimes(post[timed], delay[timed], looked_at, law=law),
        )

    @cached_property
    def delays_learned(self) -> ReplyDelays:
        """How fast this account is replied to, from all its posts; learned when the first forecast is made."""
        return ReplyDelays.learn(self.times.law, self.times.post, self.times.delay, self.times.watched)

    def usual(self, tests: list[int]) -> Floats:
        """Final counts of those of the tests that were watched for a day."""
        watched = self.watched[tests]
        seen = np.diff(self.start)[tests][watched >= DAY]
        return seen / np.maximum(self.times.share(watched[watched >= DAY]), 0.05)

    def delays(self, post: int) -> Floats:
        """Delays of the answers to one post, rising; those unknown (NaN) last."""
        return np.sort(self.delay[self.start[post] : self.start[post + 1]])


def _answers(responses: Responses, watched: Floats, asked: list[int]) -> tuple[Integers, Integers, Floats]:
    """First answers within the observation; a response dated before its post counts as immediate."""
    used = ACTIVE[responses.kind] & ~(responses.delay > watched[responses.post] + 1.0)
    number = int(used.sum())
    if number > MANY:
        kept = np.arange(len(watched)) % (number // MANY + 1) == 0
        kept[asked] = True
        used &= kept[responses.post]
    delay = np.maximum(responses.delay[used], 0.0)
    return first_replies(responses.person[used], responses.post[used], delay)


def _asked(posts: Posts, chosen: list[int] | None) -> dict[int, str]:
    """Index of each question, and why it is one."""
    if chosen is not None:
        for index in chosen:
            if not 0 <= index < len(posts):
                raise UsageError(
                    f"There is no post with number {index} in the window of {len(posts):,} posts.",
                    hint="give a post in the window, or widen it with --window.",
                )
        return dict.fromkeys(chosen, NAMED)
    signs = ((i, question_signs(text)) for i, text in enumerate(posts.text))
    return {i: found.why for i, found in signs if found.is_question}


def _nothing(posts: Posts) -> str:
    if not len(posts):
        return "There are no posts in the window, so there is no question."
    if all(text is None for text in posts.text):
        return (
            "The texts of the posts are unknown, so questions cannot be detected. Name a post: headcount question POST."
        )
    return f"None of the {len(posts):,} posts asks the readers a question. Name one yourself: headcount question POST."


def _test(posts: Posts, answers: _Answers, post: int, asked: dict[int, str], followers: int | None) -> Test:
    delays = answers.delays(post)
    timed = delays[~np.isnan(delays)]
    watched = answers.watched[post]
    within = _within_day(delays, watched)
    share, low, high = _share(within, followers)
    final = _final(answers, post, list(asked), len(delays), followers)
    no_curve = too_few_replies(len(timed), len(delays))
    at = np.unique(np.linspace(0, len(timed) - 1, POINTS).round().astype(int)) if no_curve is None else None
    return Test(
        post_id=str(posts.post_id[post]),
        asked_at=iso_text(posts.created_at[post]),
        text=posts.text[post],
        why=asked[post],
        hours_observed=None if np.isnan(watched) else float(watched / 3600),
        responders=len(delays),
        responders_24h=within,
        non_followers=None if answers.others is None else int(answers.others[post]),
        share_24h=share,
        share_low=low,
        share_high=high,
        final_estimate=None if final is None else final.estimate,
        low=None if final is None else final.low,
        high=None if final is None else final.high,
        exact=None if final is None else final.exact,
        half_life_minutes=float(timed[(len(timed) - 1) // 2] / 60) if len(timed) else None,
        hours=None if at is None else [float(timed[i] / 3600) for i in at],
        cumulative=None if at is None else [int(i) + 1 for i in at],
        no_curve=no_curve,
    )


def _within_day(delays: Floats, watched: float) -> int | None:
    """Responders within 24 hours; None before they have passed or where too many times are unknown."""
    untimed = int(np.isnan(delays).sum())
    if np.isnan(watched) or watched < DAY or untimed > MAX_UNTIMED_SHARE * len(delays):
        return None
    return int((delays <= DAY).sum())


def _share(responders: int | None, followers: int | None) -> tuple[float | None, float | None, float | None]:
    if responders is None or not followers:
        return None, None, None
    responders = min(responders, followers)
    return responders / followers, *wilson(responders, followers)


def _final(answers: _Answers, post: int, asked: list[int], responders: int, followers: int | None) -> Forecast | None:
    """Distinct repliers in the end; what was watched for HORIZON is counted, not forecast."""
    watched = float(answers.watched[post])
    if np.isnan(watched) or watched < MIN_WATCHED:
        return None
    if watched >= HORIZON:
        return Forecast.counted(responders, np.inf if followers is None else float(followers))
    delays = answers.delays(post)
    share, weight = answers.delays_learned.running(delays[~np.isnan(delays)], watched, leave_out=post)
    return forecast(
        responders,
        share,
        weight=weight,
        prior=Prior.from_totals(answers.usual([other for other in asked if other != post])),
        most=np.inf if followers is None else followers,
    )


def _pool(answers: _Answers, asked: list[int], tests: list[Test], followers: int | None) -> Pooled:
    counts = [test.responders_24h for test in tests if test.responders_24h is not None]
    mean = float(np.mean(counts)) if counts else None
    low, high = mean_count(counts) if counts else (None, None)
    of_tests = np.isin(answers.post, asked)
    _, answered = np.unique(answers.person[of_tests], return_counts=True)
    distinct, every = len(answered), int((answered == len(asked)).sum()) if len(asked) > 1 else 0
    once = int((answered == 1).sum())
    half_life, curve, no_curve = _curve(answers, asked)
    known = followers if followers else None
    return Pooled(
        tests=len(asked),
        complete=len(counts),
        responders_24h_mean=mean,
        responders_24h_low=low,
        responders_24h_high=high if high is None or followers is None else min(high, float(followers)),
        exact="no followers" if counts and followers == 0 else None,
        responders_24h_least=min(counts, default=None),
        responders_24h_most=max(counts, default=None),
        **_pooled_share(counts, mean, low, high, known),
        distinct=distinct,
        every_time=every,
        sometimes=distinct - every - once,
        once=once,
        never=None if followers is None else max(followers - distinct, 0),
        half_life_minutes=half_life,
        curve=curve,
        no_curve=no_curve,
    )


def _pooled_share(
    counts: list[int], mean: float | None, low: float | None, high: float | None, followers: int | None
) -> dict[str, float | None]:
    """Share of followers within 24 hours: the mean and its limits over the followers; Wilson for one test."""
    if mean is None or low is None or high is None or followers is None:
        return {"share_24h": None, "share_low": None, "share_high": None}
    if len(counts) == 1:
        share, low_share, high_share = _share(counts[0], followers)
        return {"share_24h": share, "share_low": low_share, "share_high": high_share}
    return {
        "share_24h": mean / followers,
        "share_low": low / followers,
        "share_high": min(high / followers, 1.0),
    }


def _curve(answers: _Answers, asked: list[int]) -> tuple[float | None, ReplyCurve | None, str | None]:
    """Half-life in minutes and the curve of the tests alone, or why there is none; the prior only fills what none was
    watched for.
    """
    number = np.full(len(answers.watched), -1)
    number[asked] = np.arange(len(asked))
    replied = number[answers.post] >= 0
    of_tests = replied & ~np.isnan(answers.delay)
    no_curve = too_few_replies(int(of_tests.sum()), int(replied.sum()))
    if no_curve is not None:
        return None, None, no_curve
    watched = np.nan_to_num(answers.watched[asked])
    delay, post = answers.delay[of_tests], number[answers.post[of_tests]]
    whole = bool((watched >= HORIZON).any())
    times = ReplyTimes(post, delay, watched, 0.0 if whole else PRIOR_REPLIES, correlation=0.0, law=answers.times.law)
    at = np.geomspace(60.0, HORIZON, POINTS)
    share = times.share(at)
    low, high = _band(times, at, share) if len(asked) > 1 else (None, None)
    middle = times.time_of(0.5)
    curve = ReplyCurve(hours=(at / 3600).tolist(), share=share.tolist(), low=low, high=high)
    return None if middle is None else middle / 60, curve, None


def _band(times: ReplyTimes, at: Floats, share: Floats) -> tuple[list[float], list[float]]:
    """Interval of the curve over the tests: Jeffreys, at the number of independent replies behind each
    point.
    """
    limits = []
    for time, value in zip(at, share, strict=True):
        size = max(times.information(float(time)), 1.0)
        limits.append(jeffreys(value * size, size))
    return [float(low) for low, _ in limits], [float(high) for _, high in limits]


def _or(value: float, otherwise: float) -> float:
    return otherwise if np.isnan(value) else float(value)
