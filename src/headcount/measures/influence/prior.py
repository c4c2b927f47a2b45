"""The beta prior of response rates by number of followers, fitted by marginal likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats
from headcount.errors import NotEnoughData
from headcount.support.record import Record

if TYPE_CHECKING:
    pass

from typing import TYPE_CHECKING

from headcount.columns import Integers

__all__ = ["FITTED", "Prior", "fit_prior"]

MIN_ACCOUNTS = 20


def _distinct(x: Floats, n: Floats) -> tuple[Floats, Floats, Floats, Integers]:
    """The pairs of counts that occur: x, n, how often; and the place of each account among them."""
    order = np.lexsort((x, n))
    new = np.ones(len(x), dtype=bool)
    new[1:] = (np.diff(x[order]) != 0) | (np.diff(n[order]) != 0)
    place = np.empty(len(x), dtype=np.int64)
    place[order] = np.cumsum(new) - 1
    first = order[new]
    times = np.diff(np.append(np.flatnonzero(new), len(x))).astype(float)
    return x[first], n[first], times, place


FITTED = 50_000
"""Accounts that the prior is fitted to; of more, evenly spaced ones by size (the fit is then exact enough)."""


@dataclass(frozen=True, repr=False)
class Prior(Record):
    """Rates of accounts by size: Beta(m M, (1 - m) M); logit m quadratic, log M linear in z = (log n - centre)/scale.

    Attributes:
        centre, scale: mean and standard deviation of log n of the accounts fitted to.
        mean: constants of logit m: at the centre, of z, of z^2.
        weight: constants of log M: at the centre, of z.
        unsure: (3, 3) covariance of the constants of logit m.
        accounts: fitted to.
    """

    centre: float
    scale: float
    mean: tuple[float, float, float]
    weight: tuple[float, float]
    unsure: NDArray[np.float64] = field(repr=False)
    accounts: int

    def shapes(self, followers: Floats) -> tuple[Floats, Floats]:
        """The two shapes of the beta distribution for accounts with so many followers (1 or more)."""
        size = (np.log(followers) - self.centre) / self.scale
        terms = np.stack([np.ones_like(size), size, size * size])
        logit = np.clip(np.asarray(self.mean) @ terms, -30.0, 15.0)
        mean: Floats = 1 / (1 + np.exp(-logit))
        weight = np.exp(np.clip(self.weight[0] + self.weight[1] * size, -3.0, 18.0))
        # Variance of a rate is m (1 - m)/(M + 1); how unsure m itself is comes on top, as a smaller M.
        of_mean = np.einsum("in,ij,jn->n", terms, self.unsure, terms)
        wider: Floats = 1 / (1 / (weight + 1) + mean * (1 - mean) * of_mean)
        weight = np.maximum(wider - 1, 1e-2)
        return mean * weight, (1 - mean) * weight


def fit_prior(responders: Floats, reachable: Floats) -> Prior:
    """The prior of the rates, by maximum marginal likelihood.

    Args:
        responders, reachable: (N,) counts; those with NaN, or without anybody reachable, are left out.

    Raises:
        NotEnoughData: fewer than 20 accounts, or nobody responded to any of them.
    """
    from scipy.optimize import minimize
    from scipy.special import betaln

    known = np.isfinite(responders) & (reachable >= 1)
    x, n = responders[known], reachable[known]
    if len(x) < MIN_ACCOUNTS or not x.sum():
        raise NotEnoughData(
            f"Response rates need {MIN_ACCOUNTS} accounts with followers and at least one responder; "
            f"there are {len(x)} with {int(x.sum())} responders.",
            hint="collect interactions of more accounts, or a longer window.",
        )
    if len(x) > FITTED:
        chosen = np.lexsort((x, n))[np.linspace(0, len(x) - 1, FITTED).astype(np.int64)]
        x, n = x[chosen], n[chosen]
    x, n, times = _distinct(x, n)[:3]
    size = np.log(n)
    centre = float(np.average(size, weights=times))
    scale = float(np.sqrt(np.average((size - centre) ** 2, weights=times))) or 1.0
    usual = float((times * n).sum() / times.sum())

    def prior(constants: Floats, unsure: NDArray[np.float64]) -> Prior:
        m0, m1, m2, w0, w1 = (float(constant) for constant in constants)
        return Prior(centre, scale, (m0, m1, m2), (w0, w1), unsure, int(times.sum()))

    def cost(constants: Floats) -> float:
        a, b = prior(constants, np.zeros((3, 3))).shapes(n)
        likelihood = float((times * (betaln(x + a, n - x + b) - betaln(a, b))).sum())
        # Uniform shrinkage (Daniels 1999): without differences to be seen, M stays finite.
        shrinkage = 2 * np.log(np.exp(constants[3]) + usual) - constants[3]
        # Half a response and half a silence more (Jeffreys), and slopes of about 2: what few accounts leave open.
        half = (np.logaddexp(0, constants[0]) + np.logaddexp(0, -constants[0])) / 2
        return -likelihood + float(shrinkage + half + np.sum(constants[[1, 2, 4]] ** 2) / 8)

    def mean_cost(constants: Floats) -> float:
        return cost(constants) / len(x)

    total = min(float((times * x).sum() / (times * n).sum()), 1 - 1e-6)
    start = float(np.log(total) - np.log1p(-total))
    bounds = [(-25, 12), (-6, 6), (-2, 2), (-3, 18), (-6, 6)]
    fits = [
        minimize(
            mean_cost,
            np.array([start, 0.0, 0.0, weight - start / 2, 0.0]),
            method="L-BFGS-B",
            bounds=bounds,
        )
        for weight in (1.0, 4.0)
    ]
    best = min(fits, key=lambda fit: float(fit.fun))
    return prior(best.x, _covariance(cost, best.x)[:3, :3])


def _covariance(cost: Callable[[Floats], float], at: Floats) -> NDArray[np.float64]:
    """Inverse of the second derivatives at the minimum, by differences; directions that are flat count for nothing."""
    count, step = len(at), 1e-2
    shift = step * np.eye(count)
    curve = np.empty((count, count))
    for i in range(count):
        for j in range(i, count):
            four = [cost(at + u * shift[i] + v * shift[j]) * u * v for u in (1, -1) for v in (1, -1)]
            curve[i, j] = curve[j, i] = sum(four) / (4 * step * step)
    values, vectors = np.linalg.eigh(curve)
    inverse = np.where(values > 1e-3, 1 / np.maximum(values, 1e-3), 0.0)
    covariance: NDArray[np.float64] = (vectors * inverse) @ vectors.T
    return covariance
