"""Differences between people: the law of the probability to respond to a post of reach 1.

A member with probability p, y responses and exposure F without a response has likelihood about p^y (1 - p)^F; a law f
over members gives the integral of it (mixture model M_h: Norris & Pollock 1996, Dorazio & Royle 2003). All members of
the cohort are in the likelihood, silent ones with y = 0: nothing is truncated and no population size is estimated. No
one law fits all accounts, and laws that fit the past alike differ in the people still to come (Link 2003), so six are
averaged by their marginal likelihoods, each with the same prior weight:

    beta                            p ~ Beta(a, b)
    zero-inflated beta              p = 0 with probability 1 - pi, else Beta
    log-normal                      log p ~ N(mu, s^2), p < 1
    zero-inflated log-normal        p = 0 with probability 1 - pi, else log-normal
    two classes                     (1 - q) LN(mu1, s1) + q LN(mu2, s2): many rare, few devoted
    zero-inflated two classes       p = 0 with probability 1 - pi, else two classes

The laws are masses on a fixed grid of log p from -14 to -0.1 in steps of 0.1; below it p counts as 0. The sums are
spectrally accurate for laws with standard deviation of log p above 0.14; kernels narrower than that are averaged within
a cell. A post of reach e is answered with probability 1 - (1 - p)^e, that is p e where both are small; members who
answered posts of like mean reach are one group, and theirs stands for each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LAWS", "LOG_NORMAL", "LOG_P", "Law", "grid_kernel", "mean_log_kernel"]

Floats = NDArray[np.float64]

GRID_STEP = 0.1
LOG_P = np.arange(-140, 0) * GRID_STEP
"""(140,) grid of log p."""
_LOG_1MP = np.log(-np.expm1(LOG_P))
_LOG_SD_LIMIT = 2.0
_LOG_A_LIMITS = (-6.0, 4.0)
_LOG_B_LIMITS = (-6.0, 18.0)
_NARROW_RESPONSES = 60


@dataclass(frozen=True)
class Law:
    """A family of laws of p and the priors of its parameters (independent normals).

    Attributes:
        name: for people.
        mean, sd: (parameters,) of the priors.
        weights: (m, parameters) → (m, 141) masses on the grid of log p, the last one at p = 0.
    """

    name: str
    mean: Floats
    sd: Floats
    weights: Callable[[Floats], Floats]


def _logistic(x: Floats) -> Floats:
    value: Floats = 1 / (1 + np.exp(-np.clip(x, -700, 700)))
    return value


def grid_kernel(responses: Floats, unanswered: Floats, answered: Floats | None = None) -> Floats:
    """(G, 141) log-likelihood of members of each p on the grid of log p, and in the last column of p = 0.

    Args:
        responses: (G,) number of responses y.
        unanswered: (G,) total reach of the posts without a response F.
        answered: (G,) total reach of the posts with a response; None: y. Its logarithm is not part of the value.
    """
    from scipy.special import betainc, betaln

    y, f = responses[:, None], unanswered[:, None]
    value = np.empty((len(responses), len(LOG_P) + 1))
    value[:, :-1] = y * LOG_P + f * _LOG_1MP
    value[:, -1] = np.where(responses == 0, 0.0, -np.inf)
    narrow = np.flatnonzero(responses > _NARROW_RESPONSES)
    if narrow.size:
        # integral over log p of p^y (1 - p)^F is that of p^(y - 1) (1 - p)^F over p
        edges = np.exp(np.append(LOG_P - GRID_STEP / 2, LOG_P[-1] + GRID_STEP / 2))
        mass = np.maximum(np.diff(betainc(y[narrow], f[narrow] + 1, edges), axis=1), 0.0)
        with np.errstate(divide="ignore"):
            value[narrow, :-1] = np.log(mass / GRID_STEP) + betaln(y[narrow], f[narrow] + 1)
    if answered is not None:
        responding = np.flatnonzero(responses > 0)
        reach = (answered[responding] / responses[responding])[:, None]
        value[responding, :-1] += y[responding] * (np.log(-np.expm1(reach * _LOG_1MP)) - np.log(reach) - LOG_P)
    return value


def mean_log_kernel(weights: Floats, kernel: Floats) -> Floats:
    """(m, G) log of the integral of the kernel over grid laws.

    Args:
        weights: (m, 141) laws.
        kernel: (G, 141) log kernel.
    """
    highest = kernel.max(axis=1)
    inner = weights @ np.exp(kernel - highest[:, None]).T
    value: Floats = np.log(np.maximum(inner, 1e-300)) + highest
    return value


def _log_normal(mu: Floats, log_sd: Floats) -> Floats:
    """(m, 140) masses of normal laws of log p, normalised on the grid."""
    sd = np.exp(np.clip(log_sd, -_LOG_SD_LIMIT, _LOG_SD_LIMIT))
    exponent = -0.5 * ((LOG_P - mu[:, None]) / sd[:, None]) ** 2
    weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    masses: Floats = weight / weight.sum(axis=1, keepdims=True)
    return masses


def _beta(level: Floats, log_a: Floats) -> Floats:
    """(m, 140) masses of beta laws on the grid, which sum to the chance of p above its lower end.

    Args:
        level: (m,) logit of a/(a + b).
        log_a: (m,) log of a.
    """
    from scipy.special import betainc

    a = np.exp(np.clip(log_a, *_LOG_A_LIMITS))
    b = np.exp(np.clip(np.log(a) - level, *_LOG_B_LIMITS))
    exponent = a[:, None] * LOG_P + (b[:, None] - 1) * _LOG_1MP
    weight = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    above = 1 - betainc(a, b, np.exp(LOG_P[0] - GRID_STEP / 2))
    masses: Floats = weight * (above / weight.sum(axis=1))[:, None]
    return masses


def _with_zero(masses: Floats, share: Floats) -> Floats:
    """(m, 141) masses of the share that can respond, and the rest at p = 0."""
    masses = masses * share[:, None]
    return np.concatenate([masses, np.maximum(1 - masses.sum(axis=1, keepdims=True), 0)], axis=1)


def _weights_beta(theta: Floats) -> Floats:
    return _with_zero(_beta(theta[:, 0], theta[:, 1]), np.ones(len(theta)))


def _weights_zero_beta(theta: Floats) -> Floats:
    return _with_zero(_beta(theta[:, 0], theta[:, 1]), _logistic(theta[:, 2]))


def _weights_log_normal(theta: Floats) -> Floats:
    return _with_zero(_log_normal(theta[:, 0], theta[:, 1]), np.ones(len(theta)))


def _weights_zero_log_normal(theta: Floats) -> Floats:
    return _with_zero(_log_normal(theta[:, 0], theta[:, 1]), _logistic(theta[:, 2]))


def _two_classes(theta: Floats) -> Floats:
    """(m, 140) masses; parameters mu1, log s1, mu2, log s2, logit q."""
    few = _logistic(theta[:, 4])[:, None]
    many, devoted = _log_normal(theta[:, 0], theta[:, 1]), _log_normal(theta[:, 2], theta[:, 3])
    return (1 - few) * many + few * devoted


def _weights_two_classes(theta: Floats) -> Floats:
    return _with_zero(_two_classes(theta), np.ones(len(theta)))


def _weights_zero_two_classes(theta: Floats) -> Floats:
    return _with_zero(_two_classes(theta), _logistic(theta[:, 5]))


def _law(name: str, priors: list[tuple[float, float]], weights: Callable[[Floats], Floats]) -> Law:
    mean, sd = np.array(priors).T
    return Law(name, mean, sd, weights)


_RESPONSE, _SHAPE = (-4.0, 2.0), (0.0, 2.0)
_LEVEL, _SPREAD, _SHARE = (-4.5, 2.0), (0.0, 0.6), (0.5, 1.5)
BETA = _law("beta", [_RESPONSE, _SHAPE], _weights_beta)
ZERO_BETA = _law("zero-inflated beta", [_RESPONSE, _SHAPE, _SHARE], _weights_zero_beta)
LOG_NORMAL = _law("log-normal", [_LEVEL, _SPREAD], _weights_log_normal)
ZERO_LOG_NORMAL = _law("zero-inflated log-normal", [_LEVEL, _SPREAD, _SHARE], _weights_zero_log_normal)
_CLASSES = [_LEVEL, _SPREAD, (-1.0, 1.0), (-1.0, 0.6), (-3.0, 1.5)]
TWO_CLASSES = _law("two classes", _CLASSES, _weights_two_classes)
ZERO_TWO_CLASSES = _law("zero-inflated two classes", [*_CLASSES, _SHARE], _weights_zero_two_classes)

LAWS = (BETA, ZERO_BETA, LOG_NORMAL, ZERO_LOG_NORMAL, TWO_CLASSES, ZERO_TWO_CLASSES)
