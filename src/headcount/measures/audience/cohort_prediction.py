"""How many members of a fixed cohort who never responded will respond in the next posts?

Steps, each in its module:

1. `cohort`: exposure and responses of everybody on the list, in groups.
2. `interest`: six laws of the response probability, each fitted to all members and weighed by its evidence. Where it
   matters that the devoted cannot respond more than once to a post (elasticity of responders to reach under 0.97),
   reach is read anew through the law that fits best (`cohort.Saturation`) and the laws are fitted again.
3. `dropout`: the same laws with a latent rate of dropping out. Rates above 0 have prior weight 0.2, log-uniform between
   0.07 and 4.5 per window; sought with the law that fits best without them, and evaluated as far as they count. Where
   nobody's time of following is known the same, in reverse order of time, for members who entered within the window
   (prior weight 0.3). Where members came within the window, perhaps only a share exp(-rate) of them can respond, as
   when a block was bought (prior weight 0.03).
4. `crowding`: overdispersion phi divides log-likelihoods and is the unit in which new people come.
5. `reach`: total reach of the posts to come; `leaving`: the share of it that those who leave the list miss.
6. A silent member of group g stays silent through reach R with probability
   integral (1 - p)^(E + R) f / integral (1 - p)^E f, those who dropped out for good; the new responders are binomial.

The predictive distribution is a set of draws with a fixed seed: equal input gives equal output. What is predicted never
exceeds the silent members of the cohort, by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headcount.measures.audience.cohort import Cohort, Saturation
from headcount.measures.audience.crowding import overdispersion
from headcount.measures.audience.dropout import Exposure, active_kernel, dropout_kernel, exposure, future_share
from headcount.measures.audience.interest import LAWS, LOG_P, Law, mean_log_kernel
from headcount.measures.audience.leaving import stay_share
from headcount.measures.audience.prediction import Prediction
from headcount.measures.audience.reach import draw_reach, level_log_evidence
from headcount.measures.statistics.marginal_likelihood import Posterior, laplace, sample_posterior, systematic

__all__ = ["Component", "Process", "fit_cohort", "predict_cohort"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DRAWS = 4000
_SEED = 20090414
_DROPOUT_WEIGHT, _ENTRY_WEIGHT, _SILENT_WEIGHT = 0.2, 0.3, 0.03
_NEWCOMER, _FEW_NEWCOMERS = 0.5, 0.02
_RATE_NODES = 0.1 * 2.0 ** np.arange(6)
_RATE_RANGE = (0.07, 4.5)
_NEGLIGIBLE = 0.002
_NEAR = 6.0
_HOPELESS = 60.0
_NEAR_LAW = 12.0
_ENOUGH_RATES = 4
_HALVINGS = 5
_REACH_POINTS = 40
_NEARLY_ELASTIC = 0.97
_LOG_REACH = np.linspace(-6.0, 4.0, 201)


@dataclass(frozen=True)
class Process:
    """What members may do unobserved, at a rate per window.

    Attributes:
        kind: "dropout": they cease to be able to respond; "entry": they begin, at a time of following that is unknown;
            "silent newcomers": of those who followed within the window a share exp(-rate) can respond at all.
        weight: prior probability that they do.
        cohort: in the order of time; for entry in reverse order.
    """

    kind: Literal["dropout", "entry", "silent newcomers"]
    weight: float
    cohort: Cohort

    def present(self, rate: float) -> Floats:
        """(t,) members who could respond to each post, in order of time."""
        if self.kind == "silent newcomers":
            starting = self.cohort.starting[:-1].copy()
            starting[1:] *= np.exp(-rate)
            return np.cumsum(starting).astype(np.float64)
        present = self.cohort.present(rate)
        return present if self.kind == "dropout" else present[::-1]

    def kernel(self, rate: float) -> tuple[Exposure, Floats]:
        """Exposure of the groups, and (G, 141) log-likelihood of the members."""
        if self.kind != "silent newcomers":
            given = exposure(self.cohort, rate)
            return given, dropout_kernel(self.cohort, given)
        given = exposure(self.cohort, 0.0, self.present(rate))
        kernel = dropout_kernel(self.cohort, given)
        newcomers, silent = self._newcomers, self.cohort.groups.last < 0
        kernel[newcomers] -= rate
        mute = np.log(-np.expm1(-rate))
        kernel[newcomers & silent] = np.logaddexp(mute, kernel[newcomers & silent])
        return given, kernel

    def future_share(self, rate: float, horizons: Integers) -> Floats:
        """(H,) share of the reach of posts to come that somebody who can respond at the end is exposed to."""
        return future_share(self.cohort, rate if self.kind == "dropout" else 0.0, horizons)

    def kernel_at_the_end(self, rate: float, given: Exposure, kernel: Floats) -> Floats:
        """(G, 141) log-likelihood of the members and of their being able to respond at the end."""
        if self.kind == "entry":
            return kernel
        active = active_kernel(self.cohort, given)
        if self.kind == "silent newcomers":
            active[self._newcomers] -= rate
        return active

    @property
    def _newcomers(self) -> NDArray[np.bool_]:
        """(G,) groups of members who followed within the window."""
        newcomers: NDArray[np.bool_] = self.cohort.groups.start >= _NEWCOMER
        return newcomers


@dataclass(frozen=True)
class Component:
    """One law at one rate of one process, fitted.

    Attributes:
        process, law: see there.
        rate: of the process; 0: none.
        log_weight: log of prior weight times evidence.
        posterior: draws of its parameters.
        given: exposure of the groups.
        kernel: (G, 141) log-likelihood of the groups on the grid of log p.
    """

    process: Process
    law: Law
    rate: float
    log_weight: float
    posterior: Posterior
    given: Exposure
    kernel: Floats


def fit_cohort(cohort: Cohort, *, phi: float = 1.0) -> tuple[Cohort, list[Component]]:
    """Fit every law to the cohort, without and with dropping out.

    Args:
        cohort: at least one member in its groups.
        phi: overdispersion; log-likelihoods are divided by it.

    Returns:
        The cohort with its reach as it was read at last, and the fitted laws.
    """
    parts = _fit_static(cohort, phi)
    saturation = _saturation(parts)
    if saturation.elasticity < _NEARLY_ELASTIC:
        cohort = cohort.with_saturation(saturation)
        parts = _fit_static(cohort, phi, {part.law.name: part.posterior.mode for part in parts})
    best = max(parts, key=lambda part: part.log_weight)
    modes = {part.law.name: part.posterior.mode for part in parts}
    likely = [part.law for part in parts if part.log_weight > best.log_weight - _NEAR_LAW]
    for process in _processes(cohort):
        for rate, log_prior in _rates(cohort, process, phi, best):
            fit = _fitting(process, rate, phi, log_prior)
            parts += [fit(law, modes[law.name]) for law in likely]
    return cohort, parts


def _processes(cohort: Cohort) -> list[Process]:
    """What members may do unobserved."""
    found = [Process("dropout", _DROPOUT_WEIGHT, cohort)]
    if cohort.starts_unknown:
        found.append(Process("entry", _ENTRY_WEIGHT, cohort.reversed()))
    if cohort.starting[1:].sum() > _FEW_NEWCOMERS * cohort.starting.sum():
        found.append(Process("silent newcomers", _SILENT_WEIGHT, cohort))
    return found


def _fit_static(cohort: Cohort, phi: float, modes: Mapping[str, Floats] | None = None) -> list[Component]:
    """Fit every law without any process; `modes` are parameters to begin with."""
    first = modes or {}
    weight = 1 - sum(process.weight for process in _processes(cohort))
    prior = float(np.log(weight / len(LAWS))) + level_log_evidence(cohort, cohort.present())
    nothing = Process("dropout", weight, cohort)
    fit = _fitting(nothing, 0.0, phi, prior)
    return [fit(law, first.get(law.name)) for law in LAWS]


def _saturation(parts: list[Component]) -> Saturation:
    """How responders depend on reach under the law that fits best."""
    best = max(parts, key=lambda part: part.log_weight)
    (masses,) = best.law.weights(best.posterior.mode[None])[:, :-1]
    p = np.exp(LOG_P)
    log_miss = np.log1p(-p)
    mean = float(masses @ p)
    share = -np.expm1(np.exp(_LOG_REACH)[:, None] * log_miss) @ masses / mean
    return Saturation(
        log_reach=_LOG_REACH,
        log_share=np.log(share),
        elasticity=float(masses @ ((1 - p) * -log_miss)) / mean,
        dispersion=float(masses @ (p * (1 - p))) / mean,
    )


def _rates(cohort: Cohort, process: Process, phi: float, best: Component) -> list[tuple[float, float]]:
    """Rates of the process that count; of each the log prior weight for every law with the evidence of the level.

    Steps of a factor of 2 are halved around the rates that count until enough of them do.

    Args:
        cohort, process, phi: as for `fit_cohort`.
        best: the law that fits best without the process; the rates are sought with it.
    """
    low, high = np.log(_RATE_RANGE)
    step, latest = float(np.log(2.0)), best.posterior.mode
    evidence: dict[float, float] = {}

    def evaluate(node: float) -> None:
        nonlocal latest
        rate = float(np.exp(node))
        given, kernel = process.kernel(rate)
        likelihood = _log_likelihood(process.cohort, best.law, kernel, phi)
        value, latest = laplace(likelihood, best.law.mean, best.law.sd, start=latest)
        evidence[node] = value + given.log_profile / phi + level_log_evidence(cohort, process.present(rate))

    for node in np.log(_RATE_NODES).tolist():
        evaluate(node)
        if evidence[node] < max(best.log_weight, *evidence.values()) - _HOPELESS:  # it has one peak in the rate
            break
    prior = float(np.log(process.weight / len(LAWS) / (high - low)))
    if _log_sum(list(evidence.values())) + np.log(step) + prior < best.log_weight + np.log(_NEGLIGIBLE):
        return []
    near, halved = _near_nodes(evidence), 0
    while len(near) < _ENOUGH_RATES and halved < _HALVINGS:
        step, halved = step / 2, halved + 1
        for node in {side for place in near for side in (place - step, place + step) if low < side < high}:
            evaluate(node)
        near = _near_nodes(evidence)
    if len(near) > 1.5 * _ENOUGH_RATES and halved <= 1:  # the data hardly tell them apart: every second one will do
        step, near = step * len(near) / len(near[1::2]), near[1::2]
    return [
        (rate, prior + float(np.log(step)) + level_log_evidence(cohort, process.present(rate)))
        for rate in np.exp(near).tolist()
    ]


def _near_nodes(evidence: dict[float, float]) -> list[float]:
    """Those that count, in order."""
    highest = max(evidence.values())
    return sorted(node for node, value in evidence.items() if value > highest - _NEAR)


def predict_cohort(cohort: Cohort, horizons: Integers) -> Prediction:
    """Predict the first-time responders among the silent members of a cohort.

    Args:
        cohort: at least 2 posts and 1 response.
        horizons: (H,) numbers of future posts, increasing, each at least 1.
    """
    generator = np.random.default_rng(_SEED)
    room = float(cohort.silent)
    if room == 0 or not cohort.groups.people.sum():
        nothing = np.zeros((DRAWS, len(horizons)))
        return Prediction(horizons, nothing, nothing[:, 0], room)
    phi = overdispersion(cohort.responders, cohort.first_responders)
    cohort, parts = fit_cohort(cohort, phi=phi)
    weight = np.exp(np.array([part.log_weight for part in parts]) - max(part.log_weight for part in parts))
    chosen = systematic(weight / weight.sum(), DRAWS)
    chance = np.empty((DRAWS, len(horizons)))
    ever = np.empty(DRAWS)
    stay = stay_share(cohort.days, horizons / cohort.posts, DRAWS, np.random.default_rng(_SEED))
    reach: dict[tuple[str, float], Floats] = {}
    for index in np.unique(chosen).tolist():
        part, own = parts[index], np.flatnonzero(chosen == index)
        key = (part.process.kind, part.rate)
        if key not in reach:
            present = part.process.present(part.rate)
            drawn = draw_reach(cohort, horizons, DRAWS, np.random.default_rng(_SEED), present=present)
            reach[key] = drawn * stay * part.process.future_share(part.rate, horizons)
        theta = generator.integers(len(part.posterior.draws), size=len(own))
        # a random share of the common draws: components are in order, draws of reach are not
        chance[own], ever[own] = _chance_of_response(part, theta, reach[key][own])
    new = _draw_new(room, chance, phi, generator)
    unseen = np.maximum(new[:, -1], np.floor(room * ever))
    return Prediction(horizons, new, unseen, room)


def _fitting(process: Process, rate: float, phi: float, log_prior: float) -> Callable[[Law, Floats | None], Component]:
    """A function of a law and of parameters to begin with, or None, that fits it at one rate.

    Args:
        process, rate: see there; phi: overdispersion.
        log_prior: log of the prior weight and of the evidence of the level of reach.
    """
    given, kernel = process.kernel(rate)

    def fit(law: Law, start: Floats | None) -> Component:
        posterior = sample_posterior(_log_likelihood(process.cohort, law, kernel, phi), law.mean, law.sd, start=start)
        log_weight = posterior.log_evidence + given.log_profile / phi + log_prior
        return Component(process, law, rate, log_weight, posterior, given, kernel)

    return fit


def _log_likelihood(cohort: Cohort, law: Law, kernel: Floats, phi: float) -> Callable[[Floats], Floats]:
    """(m, parameters) → (m,) log-likelihood of the cohort, divided by phi."""
    groups = cohort.groups
    weights = law.weights
    highest = kernel.max(axis=1)
    scaled = np.exp(kernel - highest[:, None]).T
    constant = float(highest @ groups.people) / phi
    return lambda theta: np.log(np.maximum(weights(theta) @ scaled, 1e-300)) @ groups.people / phi + constant


def _chance_of_response(part: Component, theta: Integers, reach: Floats) -> tuple[Floats, Floats]:
    """(draws, H) mean chance of the silent members to respond, and (draws,) their chance to respond some day.

    Args:
        theta: (draws,) which of the posterior's draws.
        reach: (draws, H) future reach for somebody active.
    """
    groups = part.process.cohort.groups
    silent = np.flatnonzero(groups.last < 0)
    share = groups.people[silent] / groups.people[silent].sum()
    points = np.geomspace(max(float(reach.min()), 1e-9) * 0.999, float(reach.max()) * 1.001 + 1e-9, _REACH_POINTS)
    draws, place = np.unique(theta, return_inverse=True)
    parameters = part.posterior.draws[draws]
    mean = np.zeros((len(draws), len(points)))
    ever = np.zeros(len(draws))
    weights = part.law.weights(parameters)
    kernel = part.kernel[silent]
    active = np.exp(part.process.kernel_at_the_end(part.rate, part.given, part.kernel)[silent])
    before = np.exp(mean_log_kernel(weights, kernel))
    answer = -np.expm1(points[:, None] * np.log1p(-np.exp(LOG_P)))
    for index in range(len(silent)):
        mean += share[index] * ((weights[:, :-1] * active[index, :-1]) @ answer.T) / before[:, index, None]
        ever += share[index] * (weights[:, :-1] @ active[index, :-1]) / before[:, index]
    position = np.log(np.maximum(reach, 1e-300))
    grid = np.log(points)
    left = np.clip(((position - grid[0]) / (grid[1] - grid[0])).astype(np.int64), 0, len(points) - 2)
    part_way = np.clip((position - grid[left]) / (grid[1] - grid[0]), 0, 1)
    curve = np.log(np.clip(mean, 1e-300, 1.0))[place]
    rows = np.arange(len(theta))[:, None]
    value = np.exp(curve[rows, left] + part_way * (curve[rows, left + 1] - curve[rows, left]))
    return np.minimum(value, 1.0), np.clip(ever, 0, 1)[place]


def _draw_new(room: float, chance: Floats, phi: float, generator: np.random.Generator) -> Floats:
    """(draws, H) new responders by each horizon: binomial among the silent, in units of phi people."""
    units = np.full(len(chance), room / phi)
    whole = np.floor(units + generator.random(len(chance)))
    left, before = whole.copy(), np.zeros(len(chance))
    new = np.empty_like(chance)
    for place in range(chance.shape[1]):
        step = np.clip((chance[:, place] - before) / np.maximum(1 - before, 1e-12), 0.0, 1.0)
        left -= generator.binomial(left.astype(np.int64), step)
        before = np.maximum(before, chance[:, place])
        new[:, place] = np.minimum((whole - left) * phi, room)
    return np.round(new) if phi > 1 else new


def _log_sum(values: list[float]) -> float:
    return float(np.logaddexp.reduce(np.array(values)))
