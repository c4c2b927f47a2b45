"""How many followers does the account truly have?

Every post of the window is an occasion, every follower a subject, any response a capture (capture-recapture,
incidence form; METHODS section 1). A person who responds several times to one post is captured once.

- **Observed**: distinct people captured.
- **Coverage**: share of the response probability already seen (Good-Turing; Chao et al. 2014).
- **Headcount**: observed plus the people who will respond for the first time in as many posts again, with a 95%
  predictive interval (`headcount.measures.audience.prediction`). It can be checked when those posts are written. Given
  the first post that each follower could respond to, it counts a fixed cohort: the followers on the list at the end of
  the window (`headcount.measures.audience.cohort_prediction`).
- **At least**: lower 95% limit of Chao's lower bound on all who would ever respond (Chao 1987).
- **Sensitivity**: range of that total under the laws of response probabilities that fit. The total is not identified
  (Link 2003), so it is marked and never the answer.

Silent readers leave no trace in responses: they are in no number of this measure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headcount import wording as say
from headcount.measures.audience.cohort import Cohort
from headcount.measures.audience.cohort_prediction import predict_cohort
from headcount.measures.audience.prediction import Prediction, predict, widened
from headcount.measures.follower_list import COMPLETE, FollowerList
from headcount.measures.result import Result
from headcount.measures.statistics.capture_recapture import (
    Z95,
    chao2,
    coverage,
    rarefaction,
    rarefaction_error,
)
from headcount.measures.statistics.incidence import Incidence
from headcount.measures.statistics.sample_size import MIN_CURVE_POSTS, MIN_CURVE_RESPONDERS, too_few
from headcount.support.record import Record

__all__ = ["Audience", "Curve", "Next", "Range", "audience", "incidence"]

_HORIZONS = (1, 5, 10, 20)
_CURVE_POINTS = 40


@dataclass(frozen=True, kw_only=True, repr=False)
class Range(Record):
    """Two ends of an interval of distinct people."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True, repr=False)
class Next(Record):
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


@dataclass(frozen=True, kw_only=True, repr=False)
class Curve(Record):
    """Distinct responders against posts: rarefied up to the posts seen, extrapolated beyond.

    Attributes:
        posts: numbers of posts, increasing, at most about 100 points, from 1 to twice the posts seen.
        responders: expected distinct responders after so many posts.
        low, high: 95% interval of each: up to the posts seen, what so many of them drawn at random show (without
            width where any choice of them shows the same count, as all of them do); beyond, the predictive interval.
        seen: the number of posts seen: up to it the curve is rarefaction, beyond it prediction.
    """

    posts: list[float]
    responders: list[float]
    low: list[float]
    high: list[float]
    seen: int

    def columns(self) -> dict[str, list[Any]]:
        """One row a point of the curve; `predicted` is true beyond the posts seen."""
        return {
            "posts": list(self.posts),
            "responders": list(self.responders),
            "low": list(self.low),
            "high": list(self.high),
            "predicted": [posts > self.seen for posts in self.posts],
        }


@dataclass(frozen=True, kw_only=True, repr=False)
class Audience(Result):
    """Who responds, as capture-recapture tells it.

    Attributes:
        window_days: length of the window; None where it is all that is known.
        posts: occasions in it, those that nobody answered included.
        population: whom the numbers count: followers, or all responders where the follower list is unknown.
        followers: size of the follower list; None where unknown.
        observed: distinct people of the population who responded at least once.
        observed_active, observed_passive_only: by words (reply, mention, quote); only by repost or like.
        responses: captures: pairs of person and post. These four are None where the responses are unknown.
        non_followers: distinct responders who are not in the list of followers (counted apart): where it is complete,
            they do not follow; None where there is no list.
        coverage: share of the response probability that is already seen (Good-Turing), 0 to 1.
        headcount: distinct people who will have responded after as many posts again, of the followers on the list,
            or of everybody where there is no list; None: too little data.
        low, high: its 95% predictive interval.
        exact: why the interval has no width (all followers on the list have responded); None where it has one.
        headcount_active, low_active, high_active: the same for active responses alone.
        at_least: lower 95% limit of Chao's lower bound on all who would ever respond.
        sensitivity: model-based range of all who would ever respond: marked, never the answer.
        next: new responders in the next 1, 5, 10, 20 and as many posts again.
        curve, curve_active: accumulation of distinct responders; None: too little data (see `sample_size`).
        no_curve, no_curve_active: why there is a headcount and no curve, in a sentence; None otherwise.
        too_little: why no number is given; None where one is.
        follower_list: how completely the followers were listed; None where the caller of the measure did not say.
    """

    window_days: float | None
    posts: int
    population: Literal["followers", "responders"]
    followers: int | None
    observed: int | None
    observed_active: int | None
    observed_passive_only: int | None
    responses: int | None
    non_followers: int | None
    coverage: float | None
    headcount: float | None
    low: float | None
    high: float | None
    exact: Literal["all responded"] | None = None
    headcount_active: float | None
    low_active: float | None
    high_active: float | None
    at_least: float | None
    sensitivity: Range | None
    next: list[Next]
    curve: Curve | None
    curve_active: Curve | None
    too_little: str | None
    follower_list: FollowerList | None = None
    no_curve: str | None = None
    no_curve_active: str | None = None

    def columns(self) -> dict[str, list[Any]]:
        """One row a horizon: further posts, new responders to expect, distinct responders by then, intervals."""
        return {
            "further_posts": [step.posts for step in self.next],
            "new_responders": [step.new_responders for step in self.next],
            "low": [step.low for step in self.next],
            "high": [step.high for step in self.next],
            "responders_by_then": [
                None if self.observed is None else self.observed + step.new_responders for step in self.next
            ],
        }

    def sentence(self) -> str:
        """The headcount in one sentence, with interval and sample size."""
        words = self.follower_list or COMPLETE
        if self.headcount is None or self.low is None or self.high is None or self.observed is None:
            return f"No headcount: {self.too_little}"
        headcount = say.estimate(self.headcount, self.low, self.high, prefix="95% interval ")
        people = words.noun() if self.followers is not None else "people"
        posts = say.number_of(self.posts, "post")
        if self.exact is not None:
            everyone = f"all {self.followers or 0:,} {words.noun()} on the list"
            return f"Headcount {headcount}: {everyone} have responded to the {posts}, so it cannot increase."
        who = f"of {words.all_of(self.followers)}" if self.followers is not None else "people (follower list unknown)"
        return (
            f"Headcount {headcount}: {say.headcount_meaning(people, self.posts, days=self.window_days)}. "
            f"{say.count(self.observed)} {who} responded to the {posts} so far."
        )


def audience(
    person: NDArray[np.int64],
    post: NDArray[np.int64],
    active: NDArray[np.bool_],
    *,
    posts: int,
    followers: int | None,
    non_followers: int | None = None,
    window_days: float | None = None,
    start: NDArray[np.int64] | None = None,
    maturity: NDArray[np.float64] | None = None,
    times: NDArray[np.float64] | None = None,
) -> Audience:
    """Distinct responders, seen and to come.

    Args:
        person: (n,) who responded, any number that stands for the person; only people of the population (followers,
            or everybody where unknown).
        post: (n,) to which post, 0 … posts-1 in order of time; several rows of one pair count once.
        active: (n,) was it a reply, mention or quote?
        posts: number of occasions, those without a response included.
        followers: size of the population; None where the follower list is unknown.
        non_followers: distinct responders outside the population, carried through.
        window_days: length of the window, carried through.
        start: (followers,) first post that each follower could respond to, 0 … posts, -1 where unknown; person must
            then be an index into it. With it the model of a fixed cohort is used; zeros where everybody could respond
            to all posts.
        maturity: (posts,) share of its responses that each post has collected; None: all of them. Used with `start`.
        times: (posts + 1,) increasing times of the posts and of the end of the observation, in seconds; None: evenly
            spaced. Used with `start`.

    Raises:
        ValueError: the arrays differ in length, a post lies outside 0 … posts-1, or a person outside `start`.
    """
    if not len(person) == len(post) == len(active):
        raise ValueError("person, post and active must have the same length")
    if len(post) and (post.min() < 0 or post.max() >= posts):
        raise ValueError(f"post must lie in 0 … {posts - 1}")
    if start is not None and (
        len(start) != followers or (len(person) and not 0 <= person.min() <= person.max() < followers)
    ):
        raise ValueError("start must have one entry per follower, and person must be an index into it")
    pairs = _distinct_pairs(person, post, posts)
    pairs_by_words = _distinct_pairs(person[active], post[active], posts)
    everything = _incidence(*pairs, posts, followers)
    words = _incidence(*pairs_by_words, posts, followers)
    too_little = _too_little(everything, followers)
    known, total, by_words = (start, maturity, times), None, None
    if too_little is None:
        total = _predicted(everything, _prediction(everything, pairs, *known))
        if words.observed:
            by_words = _predicted(words, _prediction(words, pairs_by_words, *known))
    return Audience(
        window_days=window_days,
        posts=posts,
        population="followers" if followers is not None else "responders",
        followers=followers,
        observed=everything.observed,
        observed_active=words.observed,
        observed_passive_only=everything.observed - words.observed,
        responses=everything.captures,
        non_followers=non_followers,
        coverage=coverage(everything) if posts >= 2 else None,
        headcount=total.headcount if total else None,
        low=total.low if total else None,
        high=total.high if total else None,
        exact="all responded" if total and followers is not None and everything.observed >= followers else None,
        headcount_active=by_words.headcount if by_words else None,
        low_active=by_words.low if by_words else None,
        high_active=by_words.high if by_words else None,
        at_least=_at_least(everything, followers) if total else None,
        sensitivity=total.sensitivity if total else None,
        next=total.next if total else [],
        curve=total.curve if total else None,
        curve_active=by_words.curve if by_words else None,
        too_little=too_little,
        no_curve=_no_curve(everything) if total else None,
        no_curve_active=_no_curve(words) if by_words else None,
    )


def incidence(person: NDArray[np.int64], post: NDArray[np.int64], posts: int, followers: int | None) -> Incidence:
    """The two margins of the table of people and posts, each pair counted once."""
    return _incidence(*_distinct_pairs(person, post, posts), posts, followers)


def _incidence(who: NDArray[np.int64], which: NDArray[np.int64], posts: int, followers: int | None) -> Incidence:
    """The two margins of distinct pairs, sorted by person and then by post."""
    half = (posts + 1) // 2
    first = which < half
    earlier = _margins(who[first], which[first], half, followers) if posts > 2 and first.any() else None
    return _margins(who, which, posts, followers, earlier)


def _distinct_pairs(
    person: NDArray[np.int64], post: NDArray[np.int64], posts: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct pairs of person and post, sorted by person and then by post."""
    width = max(posts, 1)
    pairs = _codes(person, np.iinfo(np.int64).max // width - 1) * width + post
    # sorted here, as numpy's unique takes ten times as long on millions of pairs
    pairs.sort()
    pairs = pairs[np.diff(pairs, prepend=-1) > 0]
    return pairs // width, pairs % width


def _margins(
    who: NDArray[np.int64],
    which: NDArray[np.int64],
    posts: int,
    followers: int | None,
    earlier: Incidence | None = None,
) -> Incidence:
    """Incidence of pairs that are sorted by person and distinct."""
    starts = np.flatnonzero(np.diff(who, prepend=-1))
    times, people = np.unique(np.diff(starts, append=len(who)), return_counts=True)
    return Incidence(posts, times, people, np.bincount(which, minlength=posts), followers, earlier)


def _codes(person: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """(n,) people as 0 … most; numbers that a platform gave are too large for a pair to fit into 64 bits."""
    person = person.astype(np.int64)
    if len(person) and (person.min() < 0 or person.max() > most):
        return np.unique(person, return_inverse=True)[1].astype(np.int64)
    return person


def _too_little(data: Incidence, followers: int | None) -> str | None:
    """Why no number can be given, or None."""
    if data.posts < 2:
        return f"A headcount needs at least 2 posts in the window; there {_are(data.posts)}."
    if followers == 0:
        return "The follower list is empty."
    if not data.observed:
        return (
            f"No responses to the {data.posts:,} posts were collected; "
            f"with 95% confidence a further post gets fewer than {3 / data.posts:.2g} responders on average "
            "(rule of three)."
        )
    return None


def _are(number: int) -> str:
    return "is 1" if number == 1 else "are none"


@dataclass(frozen=True)
class _Predicted:
    headcount: float
    low: float
    high: float
    sensitivity: Range
    next: list[Next]
    curve: Curve | None


def _prediction(
    data: Incidence,
    pairs: tuple[NDArray[np.int64], NDArray[np.int64]],
    start: NDArray[np.int64] | None,
    maturity: NDArray[np.float64] | None,
    times: NDArray[np.float64] | None,
) -> Prediction:
    """New responders to come: of a fixed cohort where it is known since when, of an open population otherwise."""
    t = data.posts
    horizons = np.unique([*_HORIZONS, t, *np.linspace(1, t, min(_CURVE_POINTS, t)).astype(np.int64)])
    if data.followers is None or start is None:
        return predict(data, horizons)
    cohort = Cohort.from_pairs(*pairs, size=data.followers, posts=t, start=start, maturity=maturity, times=times)
    return predict_cohort(cohort, horizons)


def _predicted(data: Incidence, prediction: Prediction) -> _Predicted:
    t, seen, horizons = data.posts, data.observed, prediction.horizons
    middle, (low, high) = prediction.middle(), prediction.interval()
    place = {int(horizon): index for index, horizon in enumerate(horizons)}
    steps = [
        Next(posts=m, new_responders=float(middle[i]), low=float(low[i]), high=float(high[i]))
        for m, i in ((m, place[m]) for m in sorted({*_HORIZONS, t}))
    ]
    fewest, most = np.quantile(prediction.unseen, [0.025, 0.975])
    fewest, most = widened(fewest, most, prediction.room)
    last = place[t]
    return _Predicted(
        headcount=seen + float(middle[last]),
        low=seen + float(low[last]),
        high=seen + float(high[last]),
        sensitivity=Range(low=seen + float(fewest), high=seen + float(most)),
        next=steps,
        curve=_curve(data, prediction) if _no_curve(data) is None else None,
    )


def _no_curve(data: Incidence) -> str | None:
    """Why the curve is not drawn; None where it is."""
    if data.posts < MIN_CURVE_POSTS:
        return too_few(data.posts, "post", "posts")
    if data.observed < MIN_CURVE_RESPONDERS:
        return too_few(data.observed, "responder", "responders")
    return None


def _curve(data: Incidence, prediction: Prediction) -> Curve:
    """Rarefaction up to the posts seen, the prediction beyond."""
    t, seen = data.posts, data.observed
    before = np.unique(np.linspace(1, t, min(_CURVE_POINTS, t)).astype(np.int64)).astype(np.float64)
    expected = rarefaction(data, before)
    margin = Z95 * rarefaction_error(data, before, data.responders)
    inside = prediction.horizons <= t
    middle, (low, high) = prediction.middle(), prediction.interval()
    return Curve(
        posts=[*before.tolist(), *(t + prediction.horizons[inside]).astype(float).tolist()],
        responders=[*expected.tolist(), *(seen + middle[inside]).tolist()],
        low=[*np.maximum(expected - margin, 0).tolist(), *(seen + low[inside]).tolist()],
        high=[*np.maximum(np.minimum(expected + margin, seen), expected).tolist(), *(seen + high[inside]).tolist()],
        seen=t,
    )


def _at_least(data: Incidence, followers: int | None) -> float:
    low = max(chao2(data).low, float(data.observed))
    return low if followers is None else min(low, float(followers))
