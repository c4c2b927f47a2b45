"""Ages of accounts at the follow, and what they imply for the running maximum of creation dates.

Followers in follow order i = 1 … n follow at F_i from accounts created at C_i; M_i = max over j <= i of C_j. Follows
arrive at rate λ, and the age F_i - C_i has distribution function G. The error F - M exceeds x when nobody who followed
in the last x had an account of that age or less:

    P(F - M > x) = exp(-λ H(x)),   H(x) = integral of G from 0 to x

at any time, and (1 - G(x)) exp(-λ H(x)) at a follow, whose own account may be the youngest. For a share p of accounts
that follow as soon as they are created, and others of great age, the median error is ln 2/(λ p) at any time.

A *record* is a follower with C_i > M_{i-1}. Its own age has, with j - 1 followers before it,

    density of the age a of a record ∝ g(a) exp(-λ [H(a) - H(a - (j-1)/λ)])

since an account of age a is a record where no earlier follower has a later creation date. G is estimated by
expectation-maximisation on bins of the logarithm of the age: a record's age is drawn from the law above, the age of
another follower is M_i - C_i plus an error e with density ∝ λ G(e) exp(-λ H(e)) g(M_i - C_i + e). The share of fresh
accounts, and as far as it can be known their typical age, follow from the number and sizes of the records.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats, Integers
from headcount.support.times import DAY

__all__ = ["AgeDistribution", "age_quantiles", "error_quantile", "estimate_ages"]

_BINS_PER_DECADE = 6
_EDGES = np.concatenate([[0.0], 30 * 10 ** np.arange(0, 7.55, 1 / _BINS_PER_DECADE)])
_WIDTHS = np.diff(_EDGES)
_MIDDLES = np.concatenate([[15.0], np.sqrt(_EDGES[1:-1] * _EDGES[2:])])
_PRIOR_RANGE = (60.0, 3_650 * DAY)
_PRIOR_WEIGHT = 2.0
_ITERATIONS = 12
_MAX_SAMPLE = 2_000
_TABLE = (40, 16)


@dataclass(frozen=True)
class AgeDistribution:
    """Distribution of the age of accounts at the follow, constant density within each bin.

    Attributes:
        mass: probability of each bin.
    """

    mass: Floats

    @classmethod
    def from_ages(cls, ages: Floats) -> AgeDistribution:
        """The distribution of known ages, in seconds."""
        return cls(np.bincount(_bin(ages), minlength=len(_WIDTHS)) / len(ages))

    def cdf(self, x: Floats) -> Floats:
        """G(x): share of accounts of age x or less at the follow."""
        at = _bin(x)
        result: Floats = self._below[at] + self.mass[at] / _WIDTHS[at] * (np.minimum(x, _EDGES[-1]) - _EDGES[at])
        return result

    def integral(self, x: Floats) -> Floats:
        """H(x): integral of G from 0 to x; 0 for x < 0."""
        x = np.maximum(x, 0.0)
        at = _bin(x)
        into = x - _EDGES[at]
        result: Floats = self._area[at] + into * (self._below[at] + self.mass[at] / _WIDTHS[at] * into / 2)
        return result

    def density(self, x: Floats) -> Floats:
        """g(x)."""
        at = _bin(x)
        result: Floats = self.mass[at] / _WIDTHS[at]
        return result

    @property
    def _below(self) -> Floats:
        return np.cumsum(self.mass) - self.mass

    @property
    def _area(self) -> Floats:
        area = _WIDTHS * (self._below + self.mass / 2)
        result: Floats = np.cumsum(area) - area
        return result


def error_quantile(share: float, rate: float, ages: AgeDistribution) -> float:
    """The error of the running maximum at a follower that is exceeded with probability `share`, in seconds.

    The follower's own account may be the youngest: the error exceeds x with probability (1 - G(x)) exp(-λ H(x)).

    Args:
        share: 0.5 for the median error.
        rate: follows per second (λ).
        ages: of accounts at the follow.
    """
    low, high = 0.0, float(_EDGES[-1])
    for _ in range(80):
        middle = (low + high) / 2
        x = np.array([middle])
        exceeds = float((1 - ages.cdf(x)[0]) * np.exp(-rate * ages.integral(x)[0]))
        low, high = (middle, high) if exceeds > share else (low, middle)
    return (low + high) / 2


def age_quantiles(rate: Floats, earlier: Floats, ages: AgeDistribution, shares: tuple[float, ...]) -> Floats:
    """(shares, n) quantiles of the ages of records at the follow, in seconds.

    Args:
        rate: (n,) local rate of follows per second (λ).
        earlier: (n,) followers before each record (j - 1); infinite for a list without a beginning.
        ages: of accounts at the follow.
        shares: of the quantiles.
    """
    if not len(rate):
        return np.empty((len(shares), 0))
    log_rate, log_earlier = np.log(rate), np.log1p(np.minimum(earlier, 1e9))
    rates = np.linspace(log_rate.min(), log_rate.max() + 1e-9, _TABLE[0])
    counts = np.linspace(log_earlier.min(), log_earlier.max() + 1e-9, _TABLE[1])
    weights = _record_weights(np.exp(rates)[:, None], np.expm1(counts)[None, :], ages)
    below = np.cumsum(weights, axis=-1)
    row, row_part = _place(log_rate, rates)
    column, column_part = _place(log_earlier, counts)
    result = np.empty((len(shares), len(rate)))
    for number, share in enumerate(shares):
        at = np.minimum((below < share).sum(axis=-1), len(_WIDTHS) - 1)
        mass = np.take_along_axis(weights, at[..., None], axis=-1)[..., 0]
        rest = np.take_along_axis(below, at[..., None], axis=-1)[..., 0] - share
        table = np.log(_EDGES[at + 1] - _WIDTHS[at] * np.clip(rest / np.maximum(mass, 1e-300), 0, 1) + 1e-3)
        value = sum(
            table[row + up, column + right]
            * (row_part if up else 1 - row_part)
            * (column_part if right else 1 - column_part)
            for up in (0, 1)
            for right in (0, 1)
        )
        result[number] = np.maximum(np.exp(value) - 1e-3, 0)
    return result


def estimate_ages(gap: Floats, is_record: NDArray[np.bool_], rate: Floats, exact: Floats) -> AgeDistribution:
    """Estimate the distribution of ages at the follow.

    Args:
        gap: (n,) M_i - C_i, seconds; 0 for records.
        is_record: (n,) followers who are records.
        rate: (n,) local rate of follows per second (λ).
        exact: (m,) known ages of other followers.
    """
    records, record_weight = _sample(np.flatnonzero(is_record))
    others, other_weight = _sample(np.flatnonzero(~is_record))
    prior = np.diff(np.clip(np.log(np.maximum(_EDGES, 1)), *np.log(_PRIOR_RANGE)))
    fixed = _PRIOR_WEIGHT * prior / prior.sum() + np.bincount(_bin(exact), minlength=len(_WIDTHS))
    mass = fixed + other_weight * np.bincount(_bin(gap[others]), minlength=len(_WIDTHS))
    mass = (mass + record_weight * len(records) * prior / prior.sum()) / (mass.sum() + record_weight * len(records))
    beyond = _bin(gap[others][:, None] + _MIDDLES)
    record_rate, other_rate = rate[records], rate[others][:, None]
    unlimited = np.full(len(records), np.inf)
    for _ in range(_ITERATIONS):
        ages = AgeDistribution(mass)
        age_of_record = _record_weights(record_rate, unlimited, ages).sum(axis=0)
        survival = np.exp(-other_rate * ages.integral(_EDGES))
        error = (survival[:, :-1] - survival[:, 1:]) * (mass / _WIDTHS)[beyond]
        error /= np.maximum(error.sum(axis=1, keepdims=True), 1e-300)
        age_of_other = np.bincount(beyond.ravel(), weights=error.ravel(), minlength=len(_WIDTHS))
        mass = fixed + record_weight * age_of_record + other_weight * age_of_other
        mass /= mass.sum()
    return AgeDistribution(mass)


def _record_weights(rate: Floats, earlier: Floats, ages: AgeDistribution) -> Floats:
    """(…, bins) probabilities of the age of a record."""
    rate, earlier = rate[..., None], earlier[..., None]
    exponent = rate * (ages.integral(_MIDDLES) - ages.integral(_MIDDLES - earlier / rate))
    weights = ages.mass * np.exp(-(exponent - exponent.min(axis=-1, keepdims=True)))
    result: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return result


def _place(values: Floats, grid: Floats) -> tuple[Integers, Floats]:
    """Where values lie in an even grid: the lower point, and the part of the step beyond it."""
    steps = (values - grid[0]) / (grid[1] - grid[0])
    lower = np.clip(np.floor(steps).astype(np.int64), 0, len(grid) - 2)
    return lower, np.clip(steps - lower, 0, 1)


def _sample(rows: Integers) -> tuple[Integers, float]:
    """At most `_MAX_SAMPLE` rows, evenly spaced, and how many each stands for."""
    if len(rows) <= _MAX_SAMPLE:
        return rows, 1.0
    kept = rows[np.linspace(0, len(rows) - 1, _MAX_SAMPLE).astype(np.int64)]
    return kept, len(rows) / _MAX_SAMPLE


def _bin(x: Floats) -> Integers:
    found = np.clip(np.searchsorted(_EDGES, x, side="right") - 1, 0, len(_WIDTHS) - 1)
    return np.asarray(found, dtype=np.int64)
