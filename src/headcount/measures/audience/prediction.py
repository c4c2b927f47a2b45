"""How many people who never responded will respond in the next posts?

Model. Follower i responds to a post with probability p_i, drawn from Beta(a, b) over those who respond at all;
silent people are not in the model. Of t posts person i answered Y_i; those with Y_i = 0 were not seen, so the
likelihood of the capture frequencies Q_j (people who answered exactly j posts) is the zero-truncated beta-binomial:

    L(a, b) = prod_j [ C(t, j) B(a + j, b + t - j) / B(a, b) / (1 - p0) ]^{Q_j},   p0 = B(a, b + t) / B(a, b)

(Dorazio & Royle 2003; the beta-binomial form of model M_h, METHODS section 1.2). The posterior of (a, b) under weak
priors is summed on a grid that is narrowed to where it lies. Given (a, b), with S people seen and prior 1/N, the
unseen N0 follow a negative binomial (S, 1 - p0); a follower list bounds them, N0 <= followers - S. An unseen person
stays unseen through m further posts of total reach E with probability B(a, b + t + E) / B(a, b + t).

A follower list bounds the unseen in one of two ways that are weighed by the data: everyone on the list responds with
some probability (N = followers), or only N of them do, with prior 1/N.

Reach. Posts differ: n_k people answered post k. The reach of a post is log-normal around a level that may move from
post to post (local level model, Harvey 1989, by the Kalman filter); both variances are summed over a grid under weak
priors. Where the n_k are large, a post that went far is recognised as an outlier, and the typical reach lies below the
mean of the past. A further drift of 10% stands for what no model of the past knows.

Back-test. The model is also fitted to the first half of the posts and asked for the new people of the second half,
whose reach is known by then. The log-ratio of what came to what was predicted is either chance or an error of the model
that will come again (people who come and go, differences between people that no Beta has): even odds on both, the
error normal with standard deviation 0.5. What is predicted is multiplied by draws of its posterior (a spike and a
slab, Mitchell & Beauchamp 1988): nearly 1 where the model fits, else nearer to what came and wider.

The total N is not identified from responses (Link 2003); the number of new people in the near future is, since
every (a, b) that fits the past gives nearly the same short extrapolation. That is what is predicted here.

The predictive distribution is summed up by draws from a generator with a fixed seed: equal input gives equal
output.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.measures.statistics.incidence import Incidence

__all__ = ["Prediction", "predict", "widened"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

DRAWS = 4000
_SEED = 20090414
_GRID = 48
_LOG_A = (-5.0, 5.0)
_LOG_B = (-3.0, 13.0)
_PRIOR_LOG_A = (0.0, 2.5)
"""Mean and standard deviation of log a: from people who respond alike (a large) to a few devoted ones (a small)."""
_SIGMA2 = np.geomspace(0.003, 3.0, 12)
_SIGMA2_WEIGHT = -0.5 * ((np.log(_SIGMA2) - np.log(0.15)) / 1.5) ** 2
"""Variance of the log-reach of one post, and its weak prior."""
_STEP_RATIO = np.array([0.0, 0.02, 0.06, 0.2, 0.6])
_STEP_WEIGHT = np.log(np.array([0.5, 0.125, 0.125, 0.125, 0.125]))
"""How far the level of reach moves from one post to the next, against that variance: as likely as not, not at all."""
_DAMPING = 0.9
_MAX_POSTS = 400
"""Posts looked back at for the level of reach."""
_DRIFT = 0.10
"""Standard deviation of the log of what no model of the past knows: people and posts change between windows."""
_ERROR_ODDS = 0.5
_ERROR_SD = 0.5
"""How likely the model errs, and the standard deviation of the log of its error then."""
_MAX_UNSEEN = 1e12


@dataclass(frozen=True)
class Prediction:
    """Draws of what comes next.

    Attributes:
        horizons: (H,) numbers of future posts, increasing.
        new: (draws, H) new responders after that many.
        unseen: (draws,) people who were not seen and would respond some day, under the model; at least the new.
        room: people of the population who have not responded yet; infinite where its size is unknown.
    """

    horizons: Integers
    new: Floats
    unseen: Floats
    room: float = np.inf

    def middle(self) -> Floats:
        """(H,) predictive median."""
        return np.median(self.new, axis=0)

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """(H,) lower and upper ends of the central predictive interval, in whole people.

        They are equal only where nobody is left who could respond: as long as somebody is, one more or one fewer than
        nearly all draws have stays possible.
        """
        tail = (1 - level) / 2
        low, high = np.quantile(self.new, [tail, 1 - tail], axis=0)
        return widened(np.floor(low), np.ceil(high), self.room)


def widened(low: Floats, high: Floats, room: float) -> tuple[Floats, Floats]:
    """Limits of counts between 0 and `room`, one further apart where they are equal and the room allows it."""
    same = low == high
    return np.where(same & (high >= room), np.maximum(low - 1, 0), low), np.where(same & (high < room), high + 1, high)


def predict(data: Incidence, horizons: Integers) -> Prediction:
    """Predict the new responders of future posts.

    Args:
        data: at least 2 posts and 1 person.
        horizons: (H,) numbers of future posts, increasing, each at least 1.
    """
    generator = np.random.default_rng(_SEED)
    a, b = _draw_parameters(data, generator)
    unseen = _draw_unseen(data, a, b, generator)
    reach = _draw_reach(data, horizons, generator)
    new = _thin(data.posts, a, b, unseen, reach, generator)
    room = _room(data)
    if data.earlier is not None:
        new = np.minimum(new * np.exp(_draw_error(data, data.earlier, generator))[:, None], room)
    return Prediction(horizons, new, np.maximum(unseen, new[:, -1]), room)


def _room(data: Incidence) -> float:
    """People of the population who have not responded yet."""
    return np.inf if data.followers is None else float(max(data.followers - data.observed, 0))


def _draw_error(data: Incidence, earlier: Incidence, generator: np.random.Generator) -> Floats:
    """(draws,) log of the factor by which predictions fall short, from the back-test on the second half."""
    a, b = _draw_parameters(earlier, generator)
    unseen = _draw_unseen(earlier, a, b, generator)
    before, after = data.responders[: earlier.posts], data.responders[earlier.posts :]
    reach = np.full((DRAWS, 1), float(after.sum()) / max(float(before.mean()), 1e-9))
    guess = np.log(_thin(earlier.posts, a, b, unseen, reach, generator)[:, 0] + 0.5)
    short = float(np.log(data.observed - earlier.observed + 0.5) - guess.mean())
    chance = max(float(guess.var()), 1e-4)
    both = chance + _ERROR_SD**2
    # posterior odds of an error, and its normal posterior
    log_odds = np.log(_ERROR_ODDS / (1 - _ERROR_ODDS)) + 0.5 * (
        np.log(chance / both) + short**2 * (1 / chance - 1 / both)
    )
    errs = generator.random(DRAWS) < 1 / (1 + np.exp(-np.clip(log_odds, -500, 500)))
    weight = _ERROR_SD**2 / both
    size = weight * short + np.sqrt(weight * chance) * generator.standard_normal(DRAWS)
    return np.where(errs, size, 0.0)


def log_likelihood(data: Incidence, log_a: Floats, log_b: Floats) -> Floats:
    """(len(log_a), len(log_b)) log-likelihood of the zero-truncated beta-binomial, without its constant."""
    from scipy.special import gammaln

    a, b = np.exp(log_a), np.exp(log_b)
    t, j, q = data.posts, data.times, data.people
    # the sums over people fall apart into one that knows a and one that knows b
    with_a = (gammaln(a[:, None] + j) * q).sum(axis=1)
    with_b = (gammaln(b[:, None] + t - j) * q).sum(axis=1)
    both = a[:, None] + b
    per_person = gammaln(both) - gammaln(both + t) - gammaln(a)[:, None] - gammaln(b)
    seen = np.log(-np.expm1(np.minimum(_log_unseen(a[:, None], b, t), -1e-300)))
    total: Floats = with_a[:, None] + with_b + data.observed * (per_person - seen)
    return total


def _log_unseen(a: Floats, b: Floats, reach: float | Floats) -> Floats:
    """Log of B(a, b + reach) / B(a, b): the probability of no response through posts of that reach."""
    from scipy.special import gammaln

    value: Floats = gammaln(b + reach) - gammaln(b) + gammaln(a + b) - gammaln(a + b + reach)
    return np.minimum(value, 0.0)


def _log_posterior(data: Incidence, log_a: Floats, log_b: Floats) -> Floats:
    mean, spread = _PRIOR_LOG_A
    value = log_likelihood(data, log_a, log_b) - 0.5 * ((log_a - mean) / spread)[:, None] ** 2
    if data.followers is not None:
        everyone, some = _weights(data, np.exp(log_a)[:, None], np.exp(log_b))
        value = value + np.logaddexp(everyone, some)
    return value


def _weights(data: Incidence, a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Log-weights, given (a, b), of the two ways in which a follower list bounds the unseen, equally likely before.

    Everyone on the list responds with some probability (N = followers), or only N of them do, with prior 1/N.
    """
    from scipy.special import betainc, gammaln

    assert data.followers is not None
    size, people = data.followers, data.observed
    unseen = np.minimum(_log_unseen(a, b, data.posts), -1e-300)
    seen = np.clip(-np.expm1(unseen), 1e-300, 1.0)
    room = max(size - people, 0)
    ways = gammaln(size + 1) - gammaln(people + 1) - gammaln(room + 1)
    everyone: Floats = ways + people * np.log(seen) + room * unseen
    within = np.maximum(betainc(people, room + 1, seen), 1e-300)
    some: Floats = np.log(within) - np.log(people) - np.log(np.log(size) + np.euler_gamma)
    return everyone, some


def _draw_parameters(data: Incidence, generator: np.random.Generator) -> tuple[Floats, Floats]:
    """(draws,) a and b from their posterior: a grid, narrowed to where the posterior lies."""
    low, high = np.array([_LOG_A[0], _LOG_B[0]]), np.array([_LOG_A[1], _LOG_B[1]])
    for _ in range(6):
        log_a, log_b = np.linspace(low[0], high[0], _GRID), np.linspace(low[1], high[1], _GRID)
        value = _log_posterior(data, log_a, log_b)
        inside = np.argwhere(value > value.max() - 12)
        step = np.array([log_a[1] - log_a[0], log_b[1] - log_b[0]])
        first, last = inside.min(axis=0), inside.max(axis=0)
        base = low.copy()
        low, high = np.maximum(base + (first - 1) * step, low), np.minimum(base + (last + 1) * step, high)
        if (last - first).min() > _GRID / 2:
            break
    weight = np.exp(value - value.max()).ravel()
    chosen = generator.choice(weight.size, size=DRAWS, p=weight / weight.sum())
    jitter = generator.uniform(-0.5, 0.5, (2, DRAWS)) * step[:, None]
    return np.exp(log_a[chosen // _GRID] + jitter[0]), np.exp(log_b[chosen % _GRID] + jitter[1])


def _draw_unseen(data: Incidence, a: Floats, b: Floats, generator: np.random.Generator) -> Floats:
    """(draws,) unseen people: negative binomial, at most the followers that were not seen."""
    seen = np.clip(-np.expm1(_log_unseen(a, b, data.posts)), 1e-12, 1.0)
    mean = (1 - seen) / seen
    room = _room(data)
    unseen = np.full(DRAWS, np.inf)
    if data.followers is not None:
        everyone, some = _weights(data, a, b)
        unseen[generator.random(DRAWS) < 1 / (1 + np.exp(np.clip(some - everyone, -700, 700)))] = room
    for _ in range(60):
        again = np.flatnonzero(unseen > room) if np.isfinite(room) else np.flatnonzero(np.isinf(unseen))
        if not again.size:
            break
        rate = generator.standard_gamma(data.observed, again.size) * mean[again]
        unseen[again] = generator.poisson(np.minimum(rate, _MAX_UNSEEN))
    bounded: Floats = np.minimum(unseen, room)
    return bounded


def _draw_reach(data: Incidence, horizons: Integers, generator: np.random.Generator) -> Floats:
    """(draws, H) total reach of the next posts, in posts of the mean reach of the past."""
    n = data.responders.astype(np.float64)
    mean = max(float(n.mean()), 1e-9)
    level, sigma2, step2 = _draw_level(n, generator)
    # where counts are large the reach of each post is known, and one that went far is no longer part of the typical one
    known = float(np.clip((mean - 1) / 9, 0, 1))
    typical = float(np.mean(np.log(n + 0.5) + 0.5 / (n + 0.5))) - float(np.log(mean + 0.5))
    level = level + known * (typical + sigma2 / 2) + _DRIFT * generator.standard_normal(DRAWS)
    steps = np.diff(horizons, prepend=0).astype(np.float64)
    spread = np.sqrt(np.log1p(np.expm1(sigma2)[:, None] / steps))
    future = steps * np.exp(spread * generator.standard_normal((DRAWS, len(steps))) - spread**2 / 2)
    walked = (1 - _DAMPING ** (2.0 * horizons)) / (1 - _DAMPING**2)
    wander = np.sqrt(step2[:, None] * np.diff(walked, prepend=0)) * generator.standard_normal((DRAWS, len(steps)))
    log_level = np.clip(level[:, None] + np.cumsum(wander, axis=1), -3, 3)
    return np.cumsum(future * np.exp(log_level), axis=1)


def _draw_level(n: Floats, generator: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """(draws,) log-level of reach at the end of the past, against its mean; variances of a post and of a step.

    Local level model, y_k = level_k + noise with variance sigma2 + 1/n_k, level_k = level_{k-1} + step with variance
    step2 (Harvey 1989, chapter 2); the two variances on a grid under weak priors, the level by the Kalman filter.
    """
    recent = n[-_MAX_POSTS:]
    y = np.log(recent + 0.5)
    centre = float(y.mean())
    grid_sigma2, grid_ratio = np.meshgrid(_SIGMA2, _STEP_RATIO, indexing="ij")
    sigma2, step2 = grid_sigma2.ravel(), (grid_sigma2 * grid_ratio).ravel()
    place, variance = np.zeros(sigma2.size), np.full(sigma2.size, 25.0)
    log_weight = _SIGMA2_WEIGHT.repeat(len(_STEP_RATIO)) + np.tile(_STEP_WEIGHT, len(_SIGMA2))
    for value, noise in zip(y - centre, 1 / (recent + 0.5), strict=True):
        total = variance + sigma2 + noise
        log_weight = log_weight - 0.5 * (np.log(total) + (value - place) ** 2 / total)
        gain = variance / total
        place = place + gain * (value - place)
        variance = variance * (1 - gain) + step2
    weight = np.exp(log_weight - log_weight.max())
    chosen = generator.choice(weight.size, size=DRAWS, p=weight / weight.sum())
    level = place[chosen] + np.sqrt(variance[chosen]) * generator.standard_normal(DRAWS)
    return level, sigma2[chosen], step2[chosen]


def _thin(posts: int, a: Floats, b: Floats, unseen: Floats, reach: Floats, generator: np.random.Generator) -> Floats:
    """(draws, H) how many of the unseen respond by each horizon."""
    left, before = unseen.copy(), np.zeros(DRAWS)
    new = np.empty_like(reach)
    for place in range(reach.shape[1]):
        survive = _log_unseen(a, b + posts, reach[:, place])
        chance = np.clip(-np.expm1(survive - before), 0.0, 1.0)
        left -= _binomial(left, chance, generator)
        before = survive
        new[:, place] = unseen - left
    return new


def _binomial(size: Floats, chance: Floats, generator: np.random.Generator) -> Floats:
    """Binomial draws; Poisson where the number of people is beyond what matters."""
    large = size > 1e9
    drawn = generator.binomial(np.where(large, 0, size).astype(np.int64), chance).astype(np.float64)
    if large.any():
        drawn[large] = np.minimum(generator.poisson(size[large] * chance[large]), size[large])
    return drawn
