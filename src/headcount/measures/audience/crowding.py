"""Crowds: members who respond together, so that new responders are more spread than independent people would be.

The chance that a responder of a post is new falls smoothly with the responses before; f_k is its logistic regression on
1 and the centred log(1 + sum of earlier n), with ridge penalties (.01, .25). Pearson's statistic against it,

    phi = (sum over posts of (D_k - n_k f_k)^2 / (n_k f_k (1 - f_k)) + 5) / (posts used - 2 + 5),

with D_k first-time responders of n_k and posts of variance above 0.2, is the overdispersion (McCullagh & Nelder 1989,
section 4.5), shrunk to 1 by five degrees of freedom and kept between 1 and 25. A log-likelihood is divided by it, and
new people come in units of it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["overdispersion"]

Floats = NDArray[np.float64]

_RIDGE = np.array([0.01, 0.25])
_PRIOR_FREEDOM = 5.0
_MIN_VARIANCE = 0.2
_MAX = 25.0
_ITERATIONS = 30


def overdispersion(responders: Floats, first_responders: Floats) -> float:
    """Overdispersion of first-time responders among the responders of each post; 1 for independent people.

    Args:
        responders: (t,) n_k.
        first_responders: (t,) members whose first response was to this post (D_k).
    """
    before = np.cumsum(responders) - responders
    used = (responders > 0) & (np.arange(len(responders)) > 0)
    n, new = responders[used], first_responders[used]
    if not len(n):
        return 1.0
    passed = np.log1p(before[used])
    x = np.stack([np.ones(len(n)), passed - passed.mean()], axis=1)
    chance = _logistic_fit(x, n, new)
    variance = n * chance * (1 - chance)
    counted = variance > _MIN_VARIANCE
    statistic = float(((new - n * chance)[counted] ** 2 / variance[counted]).sum())
    freedom = max(int(counted.sum()) - 2, 0)
    return float(np.clip((statistic + _PRIOR_FREEDOM) / (freedom + _PRIOR_FREEDOM), 1.0, _MAX))


def _logistic_fit(x: Floats, n: Floats, new: Floats) -> Floats:
    """(m,) fitted chances of a ridge-penalised binomial regression, by damped Newton steps."""

    def objective(beta: Floats) -> float:
        eta = x @ beta
        return float((new * eta - n * np.logaddexp(0, eta)).sum() - 0.5 * (_RIDGE * beta**2).sum())

    beta = np.zeros(x.shape[1])
    value = objective(beta)
    for _ in range(_ITERATIONS):
        chance = 1 / (1 + np.exp(-np.clip(x @ beta, -30, 30)))
        gradient = x.T @ (new - n * chance) - _RIDGE * beta
        curvature = (x * (n * chance * (1 - chance))[:, None]).T @ x + np.diag(_RIDGE)
        step, scale = np.linalg.solve(curvature, gradient), 1.0
        while objective(beta + scale * step) < value and scale > 1e-6:
            scale /= 2
        beta = beta + scale * step
        gained = objective(beta) - value
        value += gained
        if gained < 1e-9:
            break
    return np.asarray(1 / (1 + np.exp(-np.clip(x @ beta, -30, 30))), dtype=np.float64)
