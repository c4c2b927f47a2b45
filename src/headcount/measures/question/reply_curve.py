"""How soon do people reply, and how many are still to come?

**The curve.** F(t) is the share of all who will reply within HORIZON (7 days) who have replied by time t.
Posts have been watched for different times, and a reply that has not come yet is not seen: replies are
right-truncated. The reverse-time product-limit estimator (Lagakos, Barraj & De Gruttola 1988; in insurance:
chain ladder) uses all of them:

    F(t) = product over reply times u > t of (1 - d(u)/Y(u)),

d(u) replies at u, Y(u) replies not later than u on posts that were watched at least until u. When every post
was watched for HORIZON it is the plain empirical distribution. Replies to one post are alike, so each of m
counts 1/(1 + (m - 1) rho): fifty posts with ten replies say more than one with five hundred. The mean of the
population's law (`delay_law`) stands in as PRIOR_REPLIES replies: it fills what no own post was watched for,
and vanishes beside a dozen own replies. The curve describes; forecasts rest on `delay_law.ReplyDelays`.

**Between posts.** Each post has its own pace: its share at t scatters around F(t) with intra-class
correlation rho(t), estimated from the beta-binomial variance of the posts' own shares (method of moments),
drawn towards RHO_PRIOR.

**The forecast.** n people replied by time T. The final count N is Poisson with a Gamma(a, b) rate; given the
share F at T those still to come are negative binomial with size n + a and success probability
(b + F)/(b + 1). F has a distribution over the pace of this thread (`delay_law`), to which the count adds
F^n / (b + F)^(n + a): many replies soon, compared with the usual final count, are a sign of a fast thread. The
estimate is the mean at the median of F, the interval that of the mixture. a and b come from the account's other
questions and never count for more than two replies; with a, b -> 0 and F known the estimate is n/F.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import log
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats, Integers
from headcount.measures.question.delay_law import HORIZON, DelayLaw, delay_law

__all__ = ["HORIZON", "Exact", "Forecast", "Prior", "ReplyTimes", "first_replies", "forecast"]

PRIOR_REPLIES = 2.0
"""Few, as accounts differ."""
RHO_PRIOR, RHO_POSTS = 0.06, 4.0
"""Scatter between posts where none is known, and how many posts that counts for."""


@dataclass(frozen=True)
class ReplyTimes:
    """First replies of distinct people to posts that were watched for different times.

    Attributes:
        post: (n,) number of the post of each reply, 0 … len(watched)-1.
        delay: (n,) seconds from post to reply, known and 0 or more.
        watched: (posts,) seconds that each post was watched; those without a reply included.
        prior_replies: how many replies the law of the population counts for.
        correlation: likeness of replies to one post, by which a post with many replies weighs less than their
            number: each reply of m counts 1/(1 + (m - 1) correlation); 0: every reply counts the same.
        law: of the population.
    """

    post: Integers
    delay: Floats
    watched: Floats
    prior_replies: float = PRIOR_REPLIES
    correlation: float = RHO_PRIOR
    law: DelayLaw = field(default_factory=delay_law)

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
        delay, weight, until = _with_prior(
            self.delay[kept], weight[self.post[kept]], until[kept], self.prior_replies, self.law
        )
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
    """Gamma(shape, rate) of the expected final count; rate 0: nothing is known about its size.

    The default, where the account asked fewer than three other questions, is wide: mean 50, 95% from 0.05 to 251. Its
    rate has the best mean log score (see `delay_law`).
    """

    shape: float = 0.5
    rate: float = 0.01

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
    share: Floats | float,
    *,
    weight: Floats | None = None,
    prior: Prior | None = None,
    most: float = float("inf"),
    level: float = 0.95,
) -> Forecast:
    """The final count from a partial one (see the module's text).

    Args:
        replies: distinct people who replied so far.
        share: F at the time watched, above 0: a number, or the possible values.
        weight: probabilities of these values; None: all the same.
        prior: of the expected final count.
        most: nobody beyond these can reply (followers).
        level: of the predictive interval.
    """
    prior = prior or Prior()
    shares = np.clip(np.atleast_1d(np.asarray(share, dtype=float)), 1e-6, 1.0)
    if shares.min() >= 1 - 1e-9 or replies >= most:
        return Forecast.counted(replies, most)
    weights = _given_count(replies, shares, np.ones(len(shares)) if weight is None else weight, prior)
    size = replies + prior.shape
    middle = _weighted_median(shares, weights)
    chance = (prior.rate + shares) / (prior.rate + 1)
    tail = (1 - level) / 2
    low, high = (_quantile(size, chance, weights, q) for q in (tail, 1 - tail))
    estimate = min(replies + size * (1 - middle) / (prior.rate + middle), most)
    # Quantiles of few people are whole: the interval is widened to hold the mean, and one more or one fewer person.
    lowest = min(float(replies + low), np.floor(estimate))
    highest = min(max(float(replies + high), np.ceil(estimate)), most)
    if lowest == highest:
        lowest, highest = (lowest, highest + 1) if highest < most else (lowest - 1, highest)
    return Forecast(float(estimate), float(lowest), float(highest))


def _given_count(replies: int, shares: Floats, weight: Floats, prior: Prior) -> Floats:
    """Probabilities of the shares given how many replied; without a prior of the final count it adds nothing."""
    log_weight = np.log(np.maximum(weight, 1e-300))
    if prior.rate > 0:
        log_weight += replies * np.log(shares) - (replies + prior.shape) * np.log(prior.rate + shares)
    found = np.exp(log_weight - log_weight.max())
    probability: Floats = found / found.sum()
    return probability


def _weighted_median(values: Floats, weight: Floats) -> float:
    """Between the values around half of the weight, linearly."""
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weight[order]) - 0.5 * weight[order]
    return float(np.interp(0.5, below, values[order]))


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


def _with_prior(
    delay: Floats, weight: Floats, until: Floats, replies: float, law: DelayLaw
) -> tuple[Floats, Floats, Floats]:
    """Own replies and the prior's: delay, weight, and how long each one's post was watched."""
    if replies <= 0:
        return delay, weight, until
    return (
        np.concatenate([delay, law.time_of((np.arange(200) + 0.5) / 200)]),
        np.concatenate([weight, np.full(200, replies / 200)]),
        np.concatenate([until, np.full(200, HORIZON)]),
    )


def _sorted_weights(until: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Ends of watching, rising, and the weight that ended before each (and, last, all of it)."""
    order = np.lexsort((weight, until))
    return until[order], np.append(0.0, np.cumsum(weight[order]))


def _quantile(size: float, chance: Floats, weight: Floats, level: float) -> int:
    """Quantile of a mixture of negative binomials: the least k with P(at most k) >= level."""
    from scipy.special import betainc

    def enough(k: int) -> bool:
        return bool(weight @ betainc(size, k + 1.0, chance) >= level)

    high = 1
    while not enough(high) and high < 1 << 40:
        high *= 2
    low = -1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
