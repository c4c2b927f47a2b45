"""Rank correlations with intervals, for millions of accounts.

**Spearman's rho** is the correlation of the ranks, ties sharing the mean of their ranks (as scipy does).

**Interval.** rho is a smooth function of the joint distribution of the two ranks, so its sampling variance is the
mean square of its influence function over the accounts, divided by their number (Hampel 1974; for Spearman's rho
Croux & Dehon 2010, here with ties and with both variances estimated). With f and g the ranks of an account,
as shares between 0 and 1 and less 1/2, C, V, W the covariance and variances of them, and H_f the mean of f over the
accounts that stand higher (half of those that tie):

    influence on C  = f g - 3 C + H_g(by x) + H_f(by y)
    influence on V  = f^2 - 3 V + 2 H_f(by x)
    influence on rho = C'/sqrt(V W) - rho (V'/V + W'/W)/2

No normal distribution is assumed and no random number is drawn. The interval is taken on Fisher's z, never
narrower than that of Bonett & Wright 2000 (Psychometrika 65): standard error sqrt((1 + rho^2/2)/(n - 3)).

**Paired difference.** Two scores that are to predict the same outcome are compared account by account: the standard
error is that of the difference of their influence functions, so what both share cancels.

**Range restriction.** Among the top by one of the two, rho is lower even where nothing changes at the top.
`restricted` tells how low under a Gaussian copula: with r = 2 sin(pi rho/6) and v the variance of a standard normal
above the cut, the correlation in the top is r sqrt(v)/sqrt(1 - r^2 + r^2 v) (Pearson 1903; METHODS 5.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import asin, atanh, pi, sin, sqrt, tanh
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats
from headcount.measures.statistics.intervals import normal_quantile

__all__ = ["Correlation", "Difference", "compare", "rank", "restricted", "spearman"]

MIN_ACCOUNTS = 10
"""With fewer accounts a correlation of ranks is not given."""


@dataclass(frozen=True)
class Correlation:
    """Spearman's rho of two scores.

    Attributes:
        rho: None where one of the scores is the same for all, or for fewer than 10 accounts.
        low, high: interval; None where rho is.
        accounts: those of whom both scores are known.
    """

    rho: float | None
    low: float | None
    high: float | None
    accounts: int


@dataclass(frozen=True)
class Difference:
    """How much better one score predicts an outcome than another, on the same accounts.

    Attributes:
        first, second: rho of each score with the outcome.
        value: first less second; None where one of them is not known.
        low, high: interval of the value.
    """

    first: Correlation
    second: Correlation
    value: float | None
    low: float | None
    high: float | None


def rank(score: Floats) -> Floats:
    """(N,) place of each account, 1 for the highest score; ties share the mean; NaN where the score is unknown."""
    known = np.isfinite(score)
    places = np.full(len(score), np.nan)
    ranks = _Ranks(score[known])
    places[known] = known.sum() + 0.5 - ranks.below[ranks.group]
    return places


def spearman(first: Floats, second: Floats, *, level: float = 0.95) -> Correlation:
    """Spearman's rho of two scores of the same accounts, NaN for unknown, with its interval.

    Args:
        first, second: (N,) a score each.
        level: share of samples of accounts whose interval holds the rho of all.
    """
    known = np.isfinite(first) & np.isfinite(second)
    rho, influence = _rho_and_influence(_Ranks(first[known]), _Ranks(second[known]))
    return _interval(rho, influence, level)


def compare(first: Floats, second: Floats, outcome: Floats, *, level: float = 0.95) -> Difference:
    """Which of two scores ranks accounts more as the outcome does: rho of each and their paired difference.

    Accounts of whom one of the three is unknown (NaN) are left out of all of it.

    Args:
        first, second, outcome: (N,) one value an account.
        level: of the intervals.
    """
    known = np.isfinite(first) & np.isfinite(second) & np.isfinite(outcome)
    goal = _Ranks(outcome[known])
    rho_1, influence_1 = _rho_and_influence(_Ranks(first[known]), goal)
    rho_2, influence_2 = _rho_and_influence(_Ranks(second[known]), goal)
    one, two = _interval(rho_1, influence_1, level), _interval(rho_2, influence_2, level)
    if one.rho is None or two.rho is None:
        return Difference(one, two, None, None, None)
    value = one.rho - two.rho
    half = normal_quantile(level) * float(np.std(influence_1 - influence_2)) / sqrt(one.accounts - 3)
    if half < 1e-12:  # both rank all alike: one in 3/n might not, and moves a rho by at most 6 (as in `_interval`)
        half = 18 / one.accounts
    return Difference(one, two, value, max(value - half, -2.0), min(value + half, 2.0))


def restricted(rho: float, share: float) -> float:
    """The rho that range restriction alone leaves among the top `share` (0 to 1) by one of the two scores."""
    normal = NormalDist()
    cut = normal.inv_cdf(1 - share)
    hazard = normal.pdf(cut) / share
    variance = 1 + cut * hazard - hazard**2
    r = 2 * sin(pi * rho / 6)
    return 6 / pi * asin(r * sqrt(variance / (1 - r * r + r * r * variance)) / 2)


class _Ranks:
    """Ranks of a score, as shares of the accounts less 1/2, and sums over all who stand higher."""

    def __init__(self, score: Floats) -> None:
        _, self.group, self.size = np.unique(score, return_inverse=True, return_counts=True)
        self.below: NDArray[np.float64] = np.cumsum(self.size) - self.size / 2
        self.centred: Floats = (self.below / max(len(score), 1) - 0.5)[self.group]

    def mean_above(self, weight: Floats) -> Floats:
        """(N,) sum of the weight over the accounts that stand higher and half of those that tie, over N."""
        held = np.bincount(self.group, weights=weight, minlength=len(self.size))
        above: Floats = held.sum() - np.cumsum(held) + held / 2
        return above[self.group] / len(weight)


def _rho_and_influence(x: _Ranks, y: _Ranks) -> tuple[float | None, Floats]:
    f, g = x.centred, y.centred
    if len(f) < MIN_ACCOUNTS or len(x.size) < 2 or len(y.size) < 2:
        return None, np.zeros(len(f))
    covariance, v, w = float(np.mean(f * g)), float(np.mean(f * f)), float(np.mean(g * g))
    rho = min(1.0, max(-1.0, covariance / sqrt(v * w)))
    of_covariance = f * g - 3 * covariance + x.mean_above(g) + y.mean_above(f)
    of_v = f * f - 3 * v + 2 * x.mean_above(f)
    of_w = g * g - 3 * w + 2 * y.mean_above(g)
    return rho, of_covariance / sqrt(v * w) - rho / 2 * (of_v / v + of_w / w)


def _interval(rho: float | None, influence: Floats, level: float) -> Correlation:
    n = len(influence)
    if rho is None:
        return Correlation(None, None, None, n)
    if abs(rho) > 1 - 1e-12:
        # Nobody stands out of line: 3/n might (rule of three), and each moves rho by at most 6 (its influence).
        end = max(1 - 18 / n, -1.0)
        return Correlation(rho, end, 1.0, n) if rho > 0 else Correlation(rho, -1.0, -end, n)
    seen = float(np.std(influence)) / (1 - rho * rho) / sqrt(n - 3)
    half = normal_quantile(level) * max(seen, sqrt((1 + rho * rho / 2) / (n - 3)))
    return Correlation(rho, tanh(atanh(rho) - half), tanh(atanh(rho) + half), n)
