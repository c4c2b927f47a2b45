"""How soon do people reply, and how many are still to come?

**The curve.** F(t) is the share of all who will reply within HORIZON (7 days) who have replied by time t.
Posts have been watched for different times, and a reply that has not come yet is not seen: replies are
right-truncated. The reverse-time product-limit estimator (Lagakos, Barraj & De Gruttola 1988; in insurance:
chain ladder) uses all of them:

    F(t) = product over reply times u > t of (1 - d(u)/Y(u)),

d(u) replies at u, Y(u) replies not later than u on posts that were watched at least until u. When every post
was watched for HORIZON it is the plain empirical distribution. Replies to one post are alike, so each of m
counts 1/(1 + (m - 1) rho): fifty posts with ten replies say more than one with five hundred. A published
log-normal (Paul, Hong & Chi 2011: median 10.05 minutes, sigma 2.486 through their two points) stands in as
PRIOR_REPLIES replies: it fills what no own post was watched for, and vanishes beside a dozen own replies.

**Between posts.** Each post has its own pace: its share at t scatters around F(t) with intra-class
correlation rho(t), estimated from the beta-binomial variance of the posts' own shares (method of moments),
drawn towards RHO_PRIOR.

**The forecast.** n people replied by time T. The final count N is Poisson with a Gamma(a, b) rate; given the
share F at T those still to come are negative binomial with size n + a and success probability
(b + F)/(b + 1). F is drawn from a Beta with mean F(T) and the variance of both the estimated curve and the
scatter between posts. a and b come from the account's other questions and never count for more than two
replies; with a, b -> 0 the estimate is n/F(T).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats, Integers
from headcount.support.times import DAY

__all__ = ["HORIZON", "Exact", "Forecast", "Prior", "ReplyTimes", "first_replies", "forecast", "lognormal_share"]

HORIZON = 7 * DAY
"""Seconds after which a post is taken as answered: the 'end' of the final count."""

PRIOR_MEDIAN, PRIOR_SIGMA = 10.05 * 60, 2.486
PRIOR_REPLIES = 2.0
"""Few, as accounts differ: with no own reply the share by one hour is known to 0.77 and a deviation of
0.25."""
RHO_PRIOR, RHO_POSTS = 0.06, 4.0
"""Scatter between posts where none is known, and how many posts that counts for."""


def lognormal_share(at: Floats, *, median: float = PRIOR_MEDIAN, sigma: float = PRIOR_SIGMA) -> Floats:
    """Share of replies by time `at` (seconds) when delays are log-normal; the published prior by default."""
    from scipy.special import ndtr

    share: Floats = ndtr(np.log(np.maximum(at, 1e-9) / median) / sigma)
    return share


@dataclass(frozen=True)
class ReplyTimes:
    """First replies of distinct people to posts that were watched for different times.

    Attributes:
        post: (n,) number of the post of each reply, 0 … len(watched)-1.
        delay: (n,) seconds from post to reply, known and 0 or more.
        watched: (posts,) seconds that each post was watched; those without a reply included.
        prior_replies: how many replies the published log-normal counts for.
        correlation: likeness of replies to one post, by which a post with many replies weighs less than their
            number: each reply of m counts 1/(1 + (m - 1) correlation); 0: every reply counts the same.
    """

    post: Integers
    delay: Floats
    watched: Floats
    prior_replies: float = PRIOR_REPLIES
    correlation: float = RHO_PRIOR

    def share(self, at: Floats | float) -> Floats:
        """F at each time (seconds): 0 to 1, not falling, 1 from HORIZON on."""
        times, log_share = self._steps
        index = np.searchsorted(times, np.asarray(at, dtype=float), side="right")
        return np.exp(log_share[index])

    def time_of(self, share: float) -> float | None:
        """The first time by which that share has replied (seconds); None without any reply."""
        times, log_share = self._steps
        if not len(times):
            return None
        return float(times[min(int(np.searchsorted(log_share[1:], log(share) - 1e-12)), len(times) - 1)])

    @cached_property
    def _steps(self) -> tuple[Floats, Floats]:
        """Reply times, rising, and log F before the first and from each of them on."""
        until = np.minimum(self.watched, HORIZON)[self.post]
        kept = self.delay <= until
        weight = 1 / (1 + np.maximum(self.counts - 1, 0) * self.correlation)
        delay, weight, until = _with_prior(self.delay[kept], weight[self.post[kept]], until[kept], self.prior_replies)
        if not len(delay):
            return np.empty(0), np.zeros(1)
        order = np.lexsort((weight, delay))  # equal delays by weight: sums do not depend on the order of the rows
        first = _starts(delay[order])
        times, died = delay[order][first], np.add.reduceat(weight[order], first)
        ended, gone = _sorted_weights(until, weight)
        at_risk = np.cumsum(died) - gone[np.searchsorted(ended, times, side="left")]
        with np.errstate(divide="ignore"):
            factor = np.log(np.maximum(1 - died / np.maximum(at_risk, died), 0.0))
        return times, np.append(np.cumsum(factor[::-1])[::-1], 0.0)

    @cached_property
    def counts(self) -> Integers:
        """(posts,) replies of each post within the time it was watched (at most HORIZON)."""
        kept = self.delay <= np.minimum(self.watched, HORIZON)[self.post]
        return np.bincount(self.post[kept], minlength=len(self.watched))

    def by(self, at: float) -> Integers:
        """(posts,) replies of each post by that time (seconds)."""
        return np.bincount(self.post[self.delay <= at], minlength=len(self.watched))

    def rho(self, at: float) -> float:
        """Intra-class correlation of having replied by that time (seconds): how much posts differ in pace."""
        excess, weight = self._excess(at)
        return float(np.clip((excess + RHO_POSTS * RHO_PRIOR) / (weight + RHO_POSTS), 0.003, 0.6))

    def _excess(self, at: float) -> tuple[float, float]:
        """Weighted sum over posts of the variance beyond chance at one time, and the sum of the weights."""
        expected = self.share(at) / np.maximum(self.share(self.watched), 1e-9)
        used = (self.watched > at) & (self.counts >= 2) & (expected > 0.005) & (expected < 0.995)
        total, p = self.counts[used], expected[used]
        excess = ((self.by(at)[used] - total * p) ** 2 / (total * p * (1 - p)) - 1) / (total - 1)
        weight = (total - 1) / (total - 1 + 1 / RHO_PRIOR)
        return float((weight * excess).sum()), float(weight.sum())

    def information(self, at: float) -> float:
        """How many independent replies the curve beyond `at` rests on, the prior included."""
        total = self.counts[self.watched > at]
        return float((total / (1 + np.maximum(total - 1, 0) * self.rho(at))).sum()) + self.prior_replies


@dataclass(frozen=True)
class Prior:
    """Gamma(shape, rate) of the expected final count; rate 0: nothing is known about its size."""

    shape: float = 0.5
    rate: float = 0.0

    @classmethod
    def from_totals(cls, totals: Floats) -> Prior:
        """From the final counts of other questions of the account; it never counts for more than 2
        replies.
        """
        if len(totals) < 3:
            return cls()
        mean = max(float(totals.mean()), 0.5 / len(totals))
        extra = max(float(totals.var(ddof=1)) - mean, 1e-9)
        shape = float(np.clip(mean**2 / extra, 0.2, 2.0))
        return cls(shape, shape / mean)


Exact = Literal["time over", "all responded", "no followers"]
"""Why a count of repliers has no interval: nothing more can happen."""


@dataclass(frozen=True)
class Forecast:
    """Distinct repliers in the end, with the limits of the predictive interval.

    Attributes:
        estimate, low, high: low <= estimate <= high.
        exact: why the interval has no width: the time is over, all who can reply have replied, or there is nobody
            who can; None where it has one.
    """

    estimate: float
    low: float
    high: float
    exact: Exact | None = None

    @classmethod
    def counted(cls, replies: int, most: float) -> Forecast:
        """The count of a post whose time is over, or which everybody who can has replied to."""
        exact: Exact = "no followers" if most == 0 else "all responded" if replies >= most else "time over"
        return cls(float(replies), float(replies), float(replies), exact)


def forecast(
    replies: int,
    share: float,
    *,
    rho: float = 0.0,
    information: float = float("inf"),
    prior: Prior | None = None,
    most: float = float("inf"),
    level: float = 0.95,
) -> Forecast:
    """The final count from a partial one (see the module's text).

    Args:
        replies: distinct people who replied so far.
        share: F at the time watched, above 0.
        rho: scatter between posts.
        information: independent replies behind the curve.
        prior: of the expected final count.
        most: nobody beyond these can reply (followers).
        level: of the predictive interval.
    """
    prior = prior or Prior()
    share = min(max(share, 1e-6), 1.0)
    if share >= 1 - 1e-9 or replies >= most:
        return Forecast.counted(replies, most)
    to_come = (replies + prior.shape) * (1 - share) / (prior.rate + share)
    chance = (prior.rate + _shares(share, rho + (1 - rho) / (information + 1))) / (prior.rate + 1)
    tail = (1 - level) / 2
    low, high = (_quantile(replies + prior.shape, chance, q) for q in (tail, 1 - tail))
    estimate = min(replies + to_come, most)
    # Quantiles of few people are whole: the interval is widened to hold the mean, and one more or one fewer person.
    lowest = min(float(replies + low), np.floor(estimate))
    highest = min(max(float(replies + high), np.ceil(estimate)), most)
    if lowest == highest:
        lowest, highest = (lowest, highest + 1) if highest < most else (lowest - 1, highest)
    return Forecast(float(estimate), float(lowest), float(highest))


def first_replies(person: Integers, post: Integers, delay: Floats) -> tuple[Integers, Integers, Floats]:
    """Each person once a post, at the first reply; an unknown delay (NaN) counts only where none is known.

    Returns:
        person, post, delay, ordered by post.
    """
    if not len(person):
        return person, post, delay
    people = int(person.max()) + 1
    key = post * people + person
    order = np.argsort(key)
    start = _starts(key[order])
    key = key[order[start]]
    return key % people, key // people, np.fmin.reduceat(delay[order], start)


def _starts(rising: NDArray[Any]) -> Integers:
    """Where each distinct value of a sorted array begins."""
    return np.flatnonzero(np.append(True, rising[1:] != rising[:-1]))


def _with_prior(delay: Floats, weight: Floats, until: Floats, replies: float) -> tuple[Floats, Floats, Floats]:
    """Own replies and the prior's: delay, weight, and how long each one's post was watched."""
    if replies <= 0:
        return delay, weight, until
    from scipy.special import ndtri

    within = float(lognormal_share(np.array([HORIZON]))[0])
    steps = (np.arange(200) + 0.5) / 200 * within
    extra = PRIOR_MEDIAN * np.exp(PRIOR_SIGMA * ndtri(steps))
    return (
        np.concatenate([delay, extra]),
        np.concatenate([weight, np.full(200, replies / 200)]),
        np.concatenate([until, np.full(200, HORIZON)]),
    )


def _sorted_weights(until: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Ends of watching, rising, and the weight that ended before each (and, last, all of it)."""
    order = np.lexsort((weight, until))
    return until[order], np.append(0.0, np.cumsum(weight[order]))


def _shares(mean: float, correlation: float, nodes: int = 64) -> Floats:
    """Equally likely values of a Beta with that mean and intra-class correlation."""
    if correlation <= 1e-9:
        return np.full(1, mean)
    from scipy.special import betaincinv

    size = 1 / correlation - 1
    middle = (np.arange(nodes) + 0.5) / nodes
    shares: Floats = np.clip(betaincinv(mean * size, (1 - mean) * size, middle), 1e-6, 1.0)
    return shares


def _quantile(size: float, chance: Floats, level: float) -> int:
    """Quantile of an equal mixture of negative binomials: the least k with P(at most k) >= level."""
    from scipy.special import betainc

    def enough(k: int) -> bool:
        return bool(betainc(size, k + 1.0, chance).mean() >= level)

    high = 1
    while not enough(high) and high < 1 << 40:
        high *= 2
    low = -1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
