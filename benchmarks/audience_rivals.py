"""Published predictors of new responders, written from the papers, for `benchmarks.audience_families`.

Each takes the counts of posts that people responded to: t posts, Q_j people with j of them. None knows the list of
followers, times of following or the order of the posts; predictions are cut at the members who have not responded.
Intervals are those of the papers, also where they leave out the scatter of the posts to come.

- good_toulmin: Good & Toulmin 1956; Orlitsky, Suresh & Wu 2016 smooth it for horizons beyond the window alone.
- jackknife: Gravel 2014, harmonic jackknife; the variance is that of a linear function of Poisson counts.
- chao2: Chao et al. 2014, extrapolation with Chao2's estimate of the unseen; bootstrap of Chao & Colwell 2017.
- beta_binomial: Ionita-Laza et al. 2009, zero-truncated likelihood; parameters drawn from its normal approximation.
- buffet: Masoero et al. 2022, three-parameter Indian buffet process, maximum marginal likelihood.
- scaled_process: Camerlenghi et al. 2022, stable-beta scaled process, maximum marginal likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize
from scipy.special import betaln, gammaln
from scipy.stats import binom, nbinom, poisson

from headcount.simulate.families import AudienceWorld

__all__ = ["RIVALS", "Counts", "extrapolated_good_toulmin"]

Z95 = 1.959964
DRAWS = 400
MAX_ORDER = 4


@dataclass(frozen=True)
class Counts:
    """t posts; `people` members responded to `times` of them; `silent` members to none."""

    t: int
    times: np.ndarray
    people: np.ndarray
    silent: int

    @property
    def observed(self) -> int:
        return int(self.people.sum())

    def q(self, j: int) -> float:
        return float(self.people[self.times == j].sum())

    @classmethod
    def of(cls, world: AudienceWorld) -> Counts:
        member = world.person < world.cohort
        times, people = np.unique(np.bincount(world.person[member]), return_counts=True)
        seen = times > 0
        return cls(world.posts, times[seen], people[seen], world.cohort - int(people[seen].sum()))


def within(counts: Counts, middle: float, low: float, high: float) -> dict[str, float]:
    """The prediction cut at 0 and the members who have not responded, in whole people outwards."""
    ends = {"middle": middle, "low": np.floor(low), "high": np.ceil(high)}
    return {name: float(np.clip(value, 0, counts.silent)) for name, value in ends.items()}


def extrapolated_good_toulmin(counts: Counts, posts: int) -> tuple[float, float]:
    """New responders in `posts` further posts and the standard deviation."""
    ratio, j = posts / counts.t, counts.times.astype(float)
    weight = -((-ratio) ** j)
    if ratio > 1:
        trials = int(0.5 * np.log2(counts.observed * ratio**2 / (ratio - 1)))
        weight *= binom.sf(j - 1, trials, 2 / (2 + ratio))
    return float(weight @ counts.people), float(np.sqrt(weight**2 @ counts.people))


def good_toulmin(counts: Counts) -> dict[str, float]:
    new, deviation = extrapolated_good_toulmin(counts, counts.t)
    return within(counts, new, new - Z95 * deviation, new + Z95 * deviation)


def jackknife(counts: Counts) -> dict[str, float]:
    """V(2t) - V(t) as a polynomial in harmonic numbers through V(t-1), V(t-2), …; order 4 from 5 posts on."""
    t, order = counts.t, min(MAX_ORDER, counts.t - 1)
    powers = np.arange(1, order + 1)

    def span(start: int, stop: int) -> float:
        return float((1 / np.arange(start, stop)).sum())

    matrix = np.array([[(-span(t - k, t)) ** i for i in powers] for k in powers])
    # people lost with k posts: those whose j responses all lie in them
    lost = np.array([
        [np.exp(gammaln(k + 1) - gammaln(k - j + 1) - gammaln(t + 1) + gammaln(t - j + 1)) if j <= k else 0.0
         for j in powers]
        for k in powers
    ])  # fmt: skip
    weight = span(t, 2 * t) ** powers @ np.linalg.solve(matrix, -lost)
    people = np.array([counts.q(j) for j in powers])
    new, deviation = float(weight @ people), float(np.sqrt(weight**2 @ people))
    return within(counts, new, new - Z95 * deviation, new + Z95 * deviation)


def chao2_unseen(q1: np.ndarray, q2: np.ndarray, t: int) -> np.ndarray:
    k = (t - 1) / t
    return np.where(q2 > 0, k * q1**2 / (2 * np.maximum(q2, 1)), k * q1 * (q1 - 1) / 2)


def chao2_new(q1: np.ndarray, q2: np.ndarray, t: int) -> np.ndarray:
    """New responders in t further posts."""
    f0 = chao2_unseen(q1, q2, t)
    return np.where(q1 > 0, f0 * (1 - (1 - q1 / np.maximum(t * f0 + q1, 1e-9)) ** t), 0.0)


def chao2(counts: Counts) -> dict[str, float]:
    t, rng = counts.t, np.random.default_rng(1)
    q1, q2 = np.array(counts.q(1)), np.array(counts.q(2))
    new, f0 = float(chao2_new(q1, q2, t)), float(chao2_unseen(q1, q2, t))
    share = counts.times / t
    coverage_part = t * f0 / (t * f0 + q1) if q1 > 0 else 1.0
    missing = float(q1) / t * coverage_part
    raw = float((share * (1 - share) ** t) @ counts.people)
    p = share * (1 - (missing / raw if raw > 0 else 0.0) * (1 - share) ** t)
    unseen = int(np.ceil(f0))
    p = np.append(p, missing / unseen if unseen else 0.0)
    people = np.append(counts.people, unseen)
    once, twice = np.zeros(DRAWS), np.zeros(DRAWS)
    for chance, number in zip(np.clip(p, 0, 1), people, strict=True):
        cells = binom.pmf([1, 2], t, chance)
        drawn = rng.multinomial(number, [*cells, max(1 - cells.sum(), 0)], size=DRAWS)
        once, twice = once + drawn[:, 0], twice + drawn[:, 1]
    deviation = float(chao2_new(once, twice, t).std())
    return within(counts, new, new - Z95 * deviation, new + Z95 * deviation)


def beta_binomial(counts: Counts) -> dict[str, float]:
    t, rng = counts.t, np.random.default_rng(1)
    j, people = counts.times, counts.people

    def unseen(a: np.ndarray, b: np.ndarray, posts: int) -> np.ndarray:
        return np.exp(betaln(a, b + posts) - betaln(a, b))

    def loss(x: np.ndarray) -> float:
        a, b = np.exp(x)
        each = betaln(a + j, b + t - j) - betaln(a, b) - np.log(max(1 - unseen(a, b, t), 1e-300))
        # a weak prior keeps the parameters finite where the data do not
        return float(-(each @ people) + 0.5 * ((x - [0, 3]) ** 2 / 9).sum())

    fits = [minimize(loss, start, method="L-BFGS-B", bounds=[(-7, 9)] * 2) for start in ([-1, 2], [0, 4], [2, 5])]
    best = min(fits, key=lambda fit: fit.fun)
    a, b = np.exp(gaussian_draws(loss, best.x, rng)).T
    hidden, later = unseen(a, b, t), unseen(a, b, 2 * t)
    mean = np.minimum(counts.observed * (hidden - later) / np.maximum(1 - hidden, 1e-12), max(counts.silent, 1))
    new = rng.poisson(mean)
    return within(counts, float(np.median(new)), *np.quantile(new, [0.025, 0.975]))


def gaussian_draws(loss, x: np.ndarray, rng: np.random.Generator, step: float = 1e-2) -> np.ndarray:
    """(DRAWS, d) draws from the normal approximation at a minimum, eigenvalues of the Hessian at least 0.1."""
    size = len(x)
    steps = step * np.eye(size)
    hessian = np.array([
        [(loss(x + u + v) - loss(x + u - v) - loss(x - u + v) + loss(x - u - v)) / (4 * step**2) for v in steps]
        for u in steps
    ])  # fmt: skip
    values, vectors = np.linalg.eigh(hessian)
    scaled = rng.standard_normal((DRAWS, size)) / np.sqrt(np.maximum(values, 0.1))
    return np.clip(x + scaled @ vectors.T, -7, 9)


def buffet(counts: Counts) -> dict[str, float]:
    """Discount s, concentration c > -s; the mass is maximised in closed form, and new ones are Poisson."""
    t, j, people, k = counts.t, counts.times, counts.people, counts.observed

    def arrivals(s: float, c: float, first: int, last: int) -> float:
        n = np.arange(first, last + 1)
        return float(np.exp(gammaln(1 + c) - gammaln(c + s) + gammaln(n - 1 + c + s) - gammaln(n + c)).sum())

    def unpack(x: np.ndarray) -> tuple[float, float]:
        s = 1 / (1 + np.exp(-x[0]))
        return s, np.exp(x[1]) - s

    def loss(x: np.ndarray) -> float:
        s, c = unpack(x)
        one = gammaln(1 + c) - gammaln(1 - s) - gammaln(c + s) - gammaln(t + c)
        each = gammaln(j - s) + gammaln(t - j + c + s)
        mass = k / arrivals(s, c, 1, t)
        return float(-(k * (np.log(mass) + one) - k + each @ people))

    starts, bounds = ([-2.0, 1.0], [0.0, 0.5], [-3.0, 4.0]), [(-7, 4), (-6, 9)]
    best = min((minimize(loss, x, method="L-BFGS-B", bounds=bounds) for x in starts), key=lambda fit: fit.fun)
    s, c = unpack(best.x)
    mean = k / arrivals(s, c, 1, t) * arrivals(s, c, t + 1, 2 * t)
    return within(counts, mean, *poisson.ppf([0.025, 0.975], mean))


def scaled_process(counts: Counts) -> dict[str, float]:
    """Index s; the largest jump to the power -s is Gamma(shape, rate), so new ones are negative binomial."""
    t, j, people, k = counts.t, counts.times, counts.people, counts.observed

    def first_seen(s: float, first: int, last: int) -> float:
        return float(s * np.exp(betaln(1 - s, np.arange(first, last + 1))).sum())

    def unpack(x: np.ndarray) -> tuple[float, float, float]:
        return float(1 / (1 + np.exp(-x[0]))), float(np.exp(x[1])), float(np.exp(x[2]))

    def loss(x: np.ndarray) -> float:
        s, shape, rate = unpack(x)
        each = np.log(s) + gammaln(j - s) + gammaln(t - j + 1) - gammaln(t - s + 1)
        mass = shape * np.log(rate) + gammaln(k + shape) - gammaln(shape)
        return float(-(mass - (k + shape) * np.log(rate + first_seen(s, 1, t)) + each @ people))

    bounds = [(-5, 5), (-3, 6), (-9, 6)]
    starts = ([-1.0, 0.0, -1.0], [1.0, 1.0, -2.0])
    best = min((minimize(loss, x, method="L-BFGS-B", bounds=bounds) for x in starts), key=lambda fit: fit.fun)
    s, shape, rate = unpack(best.x)
    later = first_seen(s, t + 1, 2 * t)
    mean = (k + shape) * later / (rate + first_seen(s, 1, t))
    stays = (rate + first_seen(s, 1, t)) / (rate + first_seen(s, 1, 2 * t))
    return within(counts, mean, *nbinom.ppf([0.025, 0.975], k + shape, stays))


def on_worlds(method):
    """A predictor of worlds; no number where fewer than 2 posts or nobody was observed."""

    def predict(world: AudienceWorld) -> dict[str, float] | None:
        counts = Counts.of(world)
        return method(counts) if counts.t >= 2 and counts.observed else None

    return predict


RIVALS = {
    method.__name__: on_worlds(method)
    for method in (good_toulmin, jackknife, chao2, beta_binomial, buffet, scaled_process)
}
