"""Intervals that several measures share.

* `wilson`: one proportion. Wilson (1927): the p for which (x/n - p)^2 <= z^2 p (1 - p)/n. With a finite
  population of N of whom n were looked at, the sampling variance shrinks by (N - n)/(N - 1), so n is replaced
  by n (N - 1)/(N - n); when all N were looked at nothing is left to be unsure of.
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
from math import sqrt
from statistics import NormalDist

import numpy as np

from headcount.columns import Floats

__all__ = ["jeffreys", "mean_count", "normal_quantile", "wilson"]

SPREAD_SCALE = 0.5
"""Scale of the half-normal prior for the coefficient of variation between tests of one account."""


def normal_quantile(level: float) -> float:
    """The z with `level` of the standard normal between -z and z: 1.96 for 0.95."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def wilson(
    successes: float, trials: float, *, population: float | None = None, level: float = 0.95
) -> tuple[float, float]:
    """Wilson interval of a proportion, both ends within 0 and 1.

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
    if population is not None:
        if population < trials:
            raise ValueError(f"population {population} is smaller than the sample of {trials}")
        if population == trials:
            return share, share
        trials = trials * (population - 1) / (population - trials)
    z2 = normal_quantile(level) ** 2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    half = sqrt(z2 * (share * (1 - share) / trials + z2 / (4 * trials**2))) / (1 + z2 / trials)
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    return low, 1.0 if share == 1 else min(1.0, centre + half)


def jeffreys(successes: float, trials: float, *, level: float = 0.95) -> tuple[float, float]:
    """Jeffreys interval of a proportion.

    Args:
        successes: how many of `trials` had it.
        trials: how many were looked at; at least 1.
        level: share of the Beta(x + 1/2, n - x + 1/2) posterior between the limits.

    Raises:
        ValueError: trials below 1, or successes outside 0 … trials.
    """
    from scipy.special import betaincinv

    _check(successes, trials)
    tail = (1 - level) / 2
    a, b = successes + 0.5, trials - successes + 0.5
    low = 0.0 if successes == 0 else float(betaincinv(a, b, tail))
    high = 1.0 if successes == trials else float(betaincinv(a, b, 1 - tail))
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
    return (0.0 if observed.max() == 0 else float(low)), float(high)


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
