"""Circles of relationships: do the contact frequencies of an account fall into distinct layers?

In talk and on the phone people keep circles of about 5, 15, 50 and 150, each contacted about three times as
often as the next (Dunbar et al. 2015). Many accounts show no such steps, and a smooth falling-off must not
be cut into circles that are not there. So two kinds of description compete for the numbers of contacts c of
the ties:

* layered: k = 2 … 7 groups, the counts of each negative binomial around the group's mean, with one common coefficient
  of variation v within groups (v = 0: Poisson), fitted by expectation-maximisation; the means free, or each the same
  multiple of the next, as the circles of 5, 15, 50 are (fewer parameters: a mean, a step, k - 1 shares);
* smooth: Poisson counts of a rate that is log-normal, or falls as a power law from a least rate on (2
  parameters each); or one group alone (k = 1).

Smooth descriptions are judged by BIC = parameters ln(n) - 2 log-likelihood, layered ones by ICL = BIC + 2 entropy of
the assignment (Biernacki, Celeux & Govaert 2000), which asks for groups that do not run into each other: a mixture can
imitate any smooth falling-off, but only with groups that overlap. Layers are clear when the best layered description
is better than the best smooth one by more than CLEAR (6: 'strong', Kass & Raftery 1995) and each layer is contacted
at least STEP times as often as the next.

Circles of 2, 5, 15 and 50 whose members differ by chance alone are found in 98% of runs when the outer one is met
twice a month, in 78% at once a month, in few below; where the members' own rates spread by a fifth a smooth falling-off
describes the counts as well, and none are named (docs/methods/ties.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from headcount.columns import Floats, Integers

__all__ = ["find_layers"]

CLEAR = 6.0
STEP = 1.7
MAX_LAYERS = 7
RATES = 400
"""Points at which the distribution of a smooth rate is evaluated."""
WITHIN = (0.0, 0.1, 0.2, 0.35)
"""Coefficients of variation tried within a layer."""


@dataclass(frozen=True)
class _Counts:
    """Distinct numbers of contacts, rising, and how many ties have each."""

    value: Floats
    ties: Floats

    @property
    def size(self) -> float:
        return float(self.ties.sum())


@dataclass(frozen=True)
class _Mixture:
    """Groups of ties: means rising, the share of each, the spread within, and how well they describe
    (ICL).
    """

    mean: Floats
    share: Floats
    within: float
    icl: float


def find_layers(contacts: Integers) -> Integers | None:
    """The layer of each tie, 1 = contacted most; None where no layers are clear.

    Args:
        contacts: (ties,) contacts of each, 1 or more.
    """
    value, ties = np.unique(contacts, return_counts=True)
    counts = _Counts(value.astype(float), ties.astype(float))
    fits = [_fit(counts, k) for k in range(1, min(MAX_LAYERS, len(value)) + 1)]
    best = min(fits[1:], key=lambda fit: fit.icl, default=None)
    if best is None or min(_smooth(counts), fits[0].icl) - best.icl < CLEAR:
        return None
    if (best.mean[1:] / best.mean[:-1]).min() < STEP:
        return None
    group = _log_pmf(counts.value, best.mean, best.within) + np.log(best.share)
    layer_of_value = len(best.mean) - group.argmax(axis=1)
    layer: Integers = layer_of_value[np.searchsorted(value, contacts)].astype(np.int64)
    return layer if len(np.unique(layer)) == len(best.mean) else None


def _fit(counts: _Counts, k: int) -> _Mixture:
    """The best mixture of k groups over the spreads within a group and two starts."""
    starts = [(_even_start(counts, k), False)]
    if k > 1:
        starts.append((_gap_start(counts, k), False))
    if k > 2:
        starts.append((_even_start(counts, k), True))
    fits = [_climb(counts, mean, within, even) for within in WITHIN for mean, even in starts]
    return min(fits, key=lambda fit: fit.icl)


def _even_start(counts: _Counts, k: int) -> Floats:
    return np.geomspace(counts.value[0], max(counts.value[-1], counts.value[0] + 1), k + 2)[1:-1]


def _gap_start(counts: _Counts, k: int) -> Floats:
    """Means of the groups that the k - 1 widest gaps (in the logarithm) leave."""
    cuts = np.sort(np.argsort(np.diff(np.log(counts.value)))[len(counts.value) - k :]) + 1
    groups = zip(np.split(counts.value, cuts), np.split(counts.ties, cuts), strict=True)
    return np.array([np.average(values, weights=ties) for values, ties in groups])


def _climb(counts: _Counts, mean: Floats, within: float, even: bool, rounds: int = 60) -> _Mixture:
    """Expectation-maximisation; the mean of a negative binomial group is the weighted mean of its counts.

    even: the means are a geometric series, fitted to those weighted means at each round.
    """
    if even:
        mean = _geometric(np.sort(mean), np.ones(len(mean)))
    share = np.full(len(mean), 1 / len(mean))
    before = -np.inf
    for _ in range(rounds):
        joint = _log_pmf(counts.value, mean, within) + np.log(share)
        total = np.logaddexp.reduce(joint, axis=1)
        fit = float((counts.ties * total).sum())
        if fit - before < 1e-4:
            break
        before = fit
        weight = np.exp(joint - total[:, None]) * counts.ties[:, None]
        size = np.maximum(weight.sum(axis=0), 1e-9)
        share, mean = size / size.sum(), (weight * counts.value[:, None]).sum(axis=0) / size
        mean = np.maximum(mean, 1e-3)
        if even:
            mean = _geometric(mean, size * mean)
    order = np.argsort(mean)
    parameters = (2 if even else len(mean)) + len(mean) - 1 + (1 if within else 0)
    joint = _log_pmf(counts.value, mean, within) + np.log(share)
    log_weight = joint - np.logaddexp.reduce(joint, axis=1)[:, None]
    entropy = -float((counts.ties[:, None] * np.exp(log_weight) * log_weight).sum())
    return _Mixture(mean[order], share[order], within, parameters * log(counts.size) - 2 * fit + 2 * entropy)


def _geometric(mean: Floats, weight: Floats) -> Floats:
    """The geometric series nearest to rising means: a weighted line through their logarithms."""
    place = np.arange(len(mean), dtype=float)
    centre = np.average(place, weights=weight)
    logs = np.log(mean)
    slope = float((weight * (place - centre) * logs).sum() / (weight * (place - centre) ** 2).sum())
    series: Floats = np.exp(np.average(logs, weights=weight) + slope * (place - centre))
    return series


def _log_pmf(value: Floats, mean: Floats, within: float) -> Floats:
    """Log P(count = value) under each mean: Poisson, or negative binomial with shape 1/within^2."""
    from scipy.special import gammaln

    x = value[:, None]
    if within == 0:
        poisson: Floats = x * np.log(mean) - mean - gammaln(x + 1)
        return poisson
    shape = 1 / within**2
    log_all = np.log(shape + mean)
    spread: Floats = (
        gammaln(x + shape)
        - gammaln(shape)
        - gammaln(x + 1)
        + shape * (log(shape) - log_all)
        + x * (np.log(mean) - log_all)
    )
    return spread


def _smooth(counts: _Counts) -> float:
    """The least BIC of the descriptions without layers: Poisson counts of a smoothly distributed rate."""
    rate = np.geomspace(max(counts.value[0] / 5, 0.05), counts.value[-1] * 1.5 + 3, RATES)
    pmf = np.exp(_log_pmf(counts.value, rate, 0.0))
    density = np.concatenate([_log_normals(counts, np.log(rate)), _power_laws(counts, np.log(rate))], axis=1)
    fit = counts.ties @ np.log(np.maximum(pmf @ (density / density.sum(axis=0)), 1e-300))
    return 2 * log(counts.size) - 2 * float(fit.max())


def _log_normals(counts: _Counts, log_rate: Floats) -> Floats:
    """(rates, grid) densities in the logarithm of the rate: normals around the ties' own centre and width."""
    logs = np.log(counts.value)
    centre = np.average(logs, weights=counts.ties)
    width = max(float(np.sqrt(np.average((logs - centre) ** 2, weights=counts.ties))), 0.1)
    middle, sigma = np.meshgrid(centre + width * np.linspace(-0.8, 0.4, 9), width * np.linspace(0.4, 1.6, 12))
    shape: Floats = np.exp(-0.5 * ((log_rate[:, None] - middle.ravel()) / sigma.ravel()) ** 2)
    return shape


def _power_laws(counts: _Counts, log_rate: Floats) -> Floats:
    """(rates, grid) densities in the logarithm of the rate: falling as rate^-a from a least rate on."""
    a, start = np.meshgrid(np.linspace(0.3, 4.0, 24), log_rate[: RATES // 2 : 8])
    fall: Floats = np.exp(-a.ravel() * (log_rate[:, None] - log_rate[0]))
    return np.where(log_rate[:, None] >= start.ravel(), fall, 0.0)
