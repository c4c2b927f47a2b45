"""Posterior draws and marginal likelihood of a model with few parameters.

Parameters have independent normal priors; in units of their prior standard deviations the posterior is explored from
quasi-random points of the prior, its mode is found by BFGS, and a multivariate Student t with 5 degrees of freedom,
centred there with the curvature's covariance and adapted at most twice to its own weighted draws, is the proposal of an
importance sampler (Kass & Raftery 1995, section 4.3; Oh & Berger 1992). log Z is the log of the mean weight.

The points are fixed: equal data give equal draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["Posterior", "laplace", "sample_posterior", "systematic"]

Floats = NDArray[np.float64]

DRAWS = 512
_PRIOR_POINTS = 256
_ADAPTATIONS = 2
_ADAPTATION_DRAWS = 128
_GOOD_SHARE = 0.6
"""Effective share of the draws from which on a proposal is taken as it is."""
_FREEDOM = 5.0
_STEP = 1e-3
_MIN_CURVATURE = 0.5


@dataclass(frozen=True)
class Posterior:
    """Draws from a posterior.

    Attributes:
        log_evidence: log of the marginal likelihood.
        draws: (512, parameters) equally weighted.
        mode: (parameters,) where the posterior density is highest.
    """

    log_evidence: float
    draws: Floats
    mode: Floats


def sample_posterior(
    log_likelihood: Callable[[Floats], Floats], mean: Floats, sd: Floats, *, start: Floats | None = None
) -> Posterior:
    """Sample the posterior of parameters with independent normal priors.

    Args:
        log_likelihood: (m, parameters) → (m,).
        mean, sd: (parameters,) of the priors.
        start: (parameters,) near the mode; None: the best of 256 quasi-random points of the prior.
    """
    log_posterior = _standardised(log_likelihood, mean, sd)
    mode = _maximise(log_posterior, _first(log_posterior, mean, sd, start))
    centre, root = mode, _curvature_root(log_posterior, mode)
    for adaptation in range(_ADAPTATIONS):
        z, weight, _ = _weighted_draws(log_posterior, centre, root, _ADAPTATION_DRAWS, adaptation)
        if 1 / (weight @ weight) > _GOOD_SHARE * len(weight):  # the proposal fits
            break
        centre = weight @ z
        off = z - centre
        # a little of the earlier spread keeps the covariance regular where few draws carry the weight
        root = _root(0.95 * (off * weight[:, None]).T @ off + 0.05 * root @ root.T)
    z, weight, log_mean = _weighted_draws(log_posterior, centre, root, DRAWS, _ADAPTATIONS)
    return Posterior(log_mean, mean + sd * z[systematic(weight, DRAWS)], mean + sd * mode)


def laplace(
    log_likelihood: Callable[[Floats], Floats], mean: Floats, sd: Floats, *, start: Floats | None = None
) -> tuple[float, Floats]:
    """Laplace's approximation of the log of the marginal likelihood (Kass & Raftery 1995, section 4.1), and the mode.

    Args:
        log_likelihood, mean, sd, start: as for `sample_posterior`.
    """
    log_posterior = _standardised(log_likelihood, mean, sd)
    mode = _maximise(log_posterior, _first(log_posterior, mean, sd, start))
    root = _curvature_root(log_posterior, mode)
    volume = len(mean) * _LOG_ROOT_2PI + float(np.log(np.diag(root)).sum())
    return float(log_posterior(mode[None])[0]) + volume, mean + sd * mode


_LOG_ROOT_2PI = 0.5 * float(np.log(2 * np.pi))


def systematic(weight: Floats, size: int) -> NDArray[np.int64]:
    """(size,) indexes drawn by systematic resampling, weights summing to 1 (Kitagawa 1996)."""
    places = (np.arange(size) + 0.5) / size
    return np.minimum(np.searchsorted(np.cumsum(weight), places), len(weight) - 1).astype(np.int64)


def _standardised(log_likelihood: Callable[[Floats], Floats], mean: Floats, sd: Floats) -> Callable[[Floats], Floats]:
    """Log posterior density, up to the evidence, in units of the prior's standard deviations."""

    def log_posterior(z: Floats) -> Floats:
        value = log_likelihood(mean + sd * z) - 0.5 * (z**2).sum(axis=1) - len(mean) * _LOG_ROOT_2PI
        return np.where(np.isfinite(value), value, -1e300)

    return log_posterior


def _first(log_posterior: Callable[[Floats], Floats], mean: Floats, sd: Floats, start: Floats | None) -> Floats:
    """Where the search for the mode begins."""
    if start is not None:
        return (start - mean) / sd
    points = _prior_points(len(mean))
    best: Floats = points[int(np.argmax(log_posterior(points)))]
    return best


@cache
def _prior_points(dimension: int) -> Floats:
    """(256, dimension) quasi-random points of the standard normal, with its centre first."""
    from scipy.special import ndtri

    points: Floats = ndtri(_even_points(_PRIOR_POINTS, dimension))
    points[0] = 0.0
    return points


def _even_points(size: int, dimension: int, stage: int = 0) -> Floats:
    """(size, dimension) points that fill the unit cube evenly: additive recurrence with the generalised golden ratio.

    The d-dimensional ratio is the root of x^(d + 1) = x + 1 (Roberts 2018, "The unreasonable effectiveness of
    quasirandom sequences"); stages continue the sequence.
    """
    ratio = 1.5
    for _ in range(60):
        ratio = (1 + ratio) ** (1 / (dimension + 1))
    steps = ratio ** -np.arange(1.0, dimension + 1)
    order = np.arange(1, size + 1)[:, None] + 4096 * stage
    points: Floats = np.clip((0.5 + order * steps) % 1, 1e-9, 1 - 1e-9)
    return points


@cache
def _t_draws(dimension: int, size: int, stage: int) -> tuple[Floats, Floats]:
    """(size, dimension) quasi-random draws of the multivariate t, and (size,) their log densities."""
    from scipy.special import gammaincinv, gammaln, ndtri

    uniform = _even_points(size, dimension + 1, stage)
    chi2 = 2 * gammaincinv(_FREEDOM / 2, uniform[:, -1])
    z = ndtri(uniform[:, :-1]) / np.sqrt(chi2 / _FREEDOM)[:, None]
    constant = gammaln((_FREEDOM + dimension) / 2) - gammaln(_FREEDOM / 2) - dimension / 2 * np.log(_FREEDOM * np.pi)
    return z, constant - (_FREEDOM + dimension) / 2 * np.log1p((z**2).sum(axis=1) / _FREEDOM)


def _weighted_draws(
    log_posterior: Callable[[Floats], Floats], centre: Floats, root: Floats, size: int, stage: int
) -> tuple[Floats, Floats, float]:
    """(size, d) proposals, (size,) their normalised importance weights, log of the mean weight."""
    standard, log_density = _t_draws(len(centre), size, stage)
    z = centre + standard @ root.T
    log_weight = log_posterior(z) - log_density + float(np.log(np.diag(root)).sum())
    highest = float(log_weight.max())
    weight = np.exp(log_weight - highest)
    return z, weight / weight.sum(), highest + float(np.log(weight.mean()))


def _maximise(log_posterior: Callable[[Floats], Floats], first: Floats) -> Floats:
    """BFGS with gradients by central differences, all evaluated in one call."""
    from scipy.optimize import minimize

    steps = _STEP * np.eye(len(first))

    def value_and_gradient(z: Floats) -> tuple[float, Floats]:
        value = log_posterior(np.concatenate([z[None], z + steps, z - steps]))
        ahead, behind = value[1 : 1 + len(z)], value[1 + len(z) :]
        return -float(value[0]), -(ahead - behind) / (2 * _STEP)

    found = minimize(value_and_gradient, first, jac=True, method="BFGS", options={"maxiter": 60, "gtol": 1e-2})
    return np.asarray(found.x, dtype=np.float64)


def _curvature_root(log_posterior: Callable[[Floats], Floats], mode: Floats) -> Floats:
    """Lower Cholesky root of the inverse of the negative Hessian; curvatures are at least half the prior's."""
    d, h = len(mode), 0.02
    steps = h * np.eye(d)
    first, second = np.triu_indices(d)
    corners = [mode + a * steps[first] + b * steps[second] for a in (1, -1) for b in (1, -1)]
    value = log_posterior(np.concatenate(corners)).reshape(4, -1)
    hessian = np.zeros((d, d))
    hessian[first, second] = -(value[0] - value[1] - value[2] + value[3]) / (4 * h * h)
    hessian = np.maximum(hessian, hessian.T) if d == 1 else hessian + np.triu(hessian, 1).T
    curvature, axes = np.linalg.eigh(hessian)
    covariance = (axes / np.maximum(curvature, _MIN_CURVATURE)) @ axes.T
    return _root(covariance)


def _root(covariance: Floats) -> Floats:
    """Lower Cholesky root."""
    return np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
