"""Intervals that several measures share.

* `finite_count`: how many of a finite list of N have an attribute that x of n have, the n drawn from it without
  replacement. Exact: the counts K that a hypergeometric test of size (1 - level)/2 on either side does not reject
  (Wright 1991, Buonaccorsi 1987; the analogue of Clopper & Pearson 1934). They never fall below the x that were
  counted, nor above x + N - n, and hold the truth at least as often as stated. When all N were looked at, the count
  is known.
* `wilson`: one proportion of an endless population. Wilson (1927): the p for which (x/n - p)^2 <= z^2 p (1 - p)/n.
  With a finite population of N, n is replaced by n (N - 1)/(N - n), which is an approximation (`finite_count` is
  exact): its ends are held within what was counted.
* `jeffreys`: one proportion, the central interval of Beta(x + 1/2, n - x + 1/2), with 0 and n held at the
  ends (Brown, Cai & DasGupta 2001). Better than Wilson at one end only, where x is close to 0.
* `mean_count`: the mean of counts that spread more than chance, as the answers to repeated questions do.
  Counts are negative binomial with mean m and coefficient of variation v (variance m + m^2 v^2); the
  interval is that of m under Jeffreys' prior for a Poisson mean (m^-1/2) and a half-normal prior of scale
  1/2 for v. A single
  count says nothing about the spread: its interval is that of chance alone (Gamma(x + 1/2)), and too sure.

All limits are for 95% unless `level` says otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, sqrt
from statistics import NormalDist

import numpy as np

from headcount.columns import Floats

__all__ = ["finite_count", "jeffreys", "mean_count", "normal_quantile", "wilson"]

SPREAD_SCALE = 0.5
"""Scale of the half-normal prior for the coefficient of variation between tests of one account."""


def normal_quantile(level: float) -> float:
    """The z with `level` of the standard normal between -z and z: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def finite_count(successes: int, drawn: int, population: int, *, level: float = 0.95) -> tuple[int, int]:
    """Exact limits of a count in a finite list, from a uniform sample of it without replacement.

    Args:
        successes: how many of the drawn have the attribute.
        drawn: how many were drawn; at least 1.
        population: size of the list.
        level: lower bound on the share of samples whose limits hold the truth.

    Returns:
        The smallest and the largest count in the whole list; equal only where nothing is left open.

    Raises:
        ValueError: drawn below 1, successes outside 0 … drawn, or a population smaller than the sample.
    """
    _check(successes, drawn)
    if population < drawn:
        raise ValueError(f"population {population} is smaller than the sample of {drawn}")
    tail = (1 - level) / 2
    # Where nearly all were drawn the test may reject even the nearest counts: the limits hold the estimate N x / n.
    low = min(_least_count(successes, drawn, population, tail), successes * population // drawn)
    most = population - _least_count(drawn - successes, drawn, population, tail)
    high = max(most, -(-successes * population // drawn))
    if low == high and drawn < population:
        return (low, high + 1) if high < successes + population - drawn else (low - 1, high)
    return low, high


def _least_count(successes: int, drawn: int, population: int, tail: float) -> int:
    """The smallest count K with P(at least `successes` among the drawn | K) above `tail`, by bisection."""
    low, high = successes, population - drawn + successes
    if successes == 0 or _at_least(successes, drawn, population, low) > tail:
        return low
    while high - low > 1:
        middle = (low + high) // 2
        if _at_least(successes, drawn, population, middle) > tail:
            high = middle
        else:
            low = middle
    return high


def _at_least(successes: int, drawn: int, population: int, count: int) -> float:
    """P(X >= successes) for X hypergeometric: `drawn` of `population`, of which `count` have the attribute.

    Summed from `successes` away from the mode, where the terms fall, so that few are needed in any population.
    """
    if successes <= max(0, drawn - (population - count)):
        return 1.0
    if successes > min(drawn, count):
        return 0.0
    mode = (drawn + 1) * (count + 1) // (population + 2)
    if successes > mode:
        return _tail(successes, drawn, population, count)
    # P(X <= x) is P(n - X >= n - x), where n - X counts the drawn without the attribute.
    return 1.0 - _tail(drawn - successes + 1, drawn, population, population - count)


def _tail(start: int, drawn: int, population: int, count: int) -> float:
    """P(X >= start) where start lies above the mode: first term times the sum of products of falling ratios."""
    from scipy.special import gammaln

    def log_choose(n: int, k: int) -> float:
        return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))

    last = min(drawn, count)
    log_first = log_choose(count, start) + log_choose(population - count, drawn - start) - log_choose(population, drawn)
    total, term, begin, block = 1.0, 1.0, start, 256
    while begin < last and term > 1e-17 * total:
        k = np.arange(begin, min(begin + block, last), dtype=np.float64)
        terms = term * np.cumprod((count - k) * (drawn - k) / ((k + 1) * (population - count - drawn + k + 1)))
        total, term = total + float(terms.sum()), float(terms[-1])
        begin, block = begin + len(k), 4 * block
    return min(exp(min(log_first, 0.0)) * total, 1.0)


def wilson(
    successes: float, trials: float, *, population: float | None = None, level: float = 0.95
) -> tuple[float, float]:
    """Wilson interval of a proportion, both ends within 0 and 1; in a finite population within what was counted.

    Args:
        successes: how many of `trials` had it.
        trials: how many were looked at; at least 1.
        population: size of the finite population they were drawn from; None for an endless one.
        level: share of samples whose interval holds the truth.

    Raises:
        ValueError: trials below 1, successes outside 0 … trials, or a population smaller than the sample.
    """
    _check(successes, trials)
    share = successes / trials
    least, most = 0.0, 1.0
    if population is not None:
        if population < trials:
            raise ValueError(f"population {population} is smaller than the sample of {trials}")
        if population == trials:
            return share, share
        least, most = successes / population, (successes + population - trials) / population
        trials = trials * (population - 1) / (population - trials)
    z2 = normal_quantile(level) ** 2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2))) / (1 + z2 / trials)
    low = 0.0 if successes == 0 else max(least, centre - half)
    return low, 1.0 if share == 1 else min(most, centre + half)


def jeffreys(successes: float, trials: float, *, level: float = 0.95) -> tuple[float, float]:
    """Jeffreys interval of a proportion, widened to hold the proportion itself where that lies outside.

    Args:
        successes: how many of `trials` had it; may be a fraction.
        trials: how many were looked at; at least 1.
        level: share of the Beta(x + 1/2, n - x + 1/2) posterior between the limits.

    Raises:
        ValueError: trials below 1, or successes outside 0 … trials.
    """
    from scipy.special import betaincinv

    _check(successes, trials)
    tail = (1 - level) / 2
    a, b = successes + 0.5, trials - successes + 0.5
    share = successes / trials
    low = 0.0 if successes == 0 else min(float(betaincinv(a, b, tail)), share)
    high = 1.0 if successes == trials else max(float(betaincinv(a, b, 1 - tail)), share)
    return low, high


def mean_count(counts: Sequence[int] | Floats, *, level: float = 0.95) -> tuple[float, float]:
    """Interval of the mean of overdispersed counts (negative binomial, see the module's text).

    Args:
        counts: one a test, 0 or more; at least one.
        level: posterior probability between the limits.

    Raises:
        ValueError: no counts, or a negative one.
    """
    observed = np.asarray(counts, dtype=float)
    if len(observed) == 0 or observed.min() < 0:
        raise ValueError("mean_count needs at least one count, all of them 0 or more")
    tail = (1 - level) / 2
    if len(observed) == 1:
        from scipy.special import gammaincinv

        low, high = gammaincinv(observed[0] + 0.5, [tail, 1 - tail])
    else:
        means, weight = _posterior_of_mean(observed)
        low, high = np.interp([tail, 1 - tail], np.cumsum(weight) - weight / 2, means)
    mean = float(observed.mean())  # of counts as uneven as 0, 0, 0, 900 it may lie outside the central part
    return (0.0 if mean == 0 else min(float(low), mean)), max(float(high), mean)


def _posterior_of_mean(counts: Floats) -> tuple[Floats, Floats]:
    """Grid of means and the posterior probability of each, the spread integrated out."""
    from scipy.special import gammaln

    n, mean = len(counts), float(counts.mean())
    reach = sqrt(mean / n + 0.25 / n) + mean * (1.0 / sqrt(n) + 0.05)
    means = np.linspace(1e-3, sqrt(mean + 12 * reach + 6 / n), 600) ** 2
    spread = np.linspace(0.01, 4 * SPREAD_SCALE, 80)
    shape = 1 / spread**2
    value, times = np.unique(counts, return_counts=True)
    known = (times * gammaln(value[None, :] + shape[:, None])).sum(1) - n * gammaln(shape)
    odds = np.log(means)[:, None] - np.log(means[:, None] + shape)
    fail = np.log(shape) - np.log(means[:, None] + shape)
    # On the grid of square roots Jeffreys' prior m^-1/2 dm is flat, so no weight for it is left.
    log = known + n * mean * odds + n * shape * fail - spread**2 / (2 * SPREAD_SCALE**2)
    weight = np.exp(log - log.max()).sum(axis=1)
    return means, weight / weight.sum()


def _check(successes: float, trials: float) -> None:
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(f"{successes} of {trials} is not a proportion")
