"""Reach of the posts to come, in posts of the window's mean reach.

Posts differ in reach, the level of reach moves, and single posts go viral. With n_k responders of A_k present members,
collected so far to a share c_k:

- **Saturation**: logs of responders per member are read as logs of reach through g (see `cohort`), with their Poisson
  variance times v/eps^2 (v: variance over mean of the responders of a post, eps: elasticity).
- **Viral posts**: x_k = n_k N / (A_k c_k) against the median of the 11 posts around,
  z_k = log((x_k + .5)/(median + .5)). z is N(0, s^2 + noise) for regular posts and N(1.8, .8^2 + s^2 + noise)
  for viral ones, prior .02; v_k is the posterior probability of the latter, for z > 0 only.
- **Post to post**: n_k is negative binomial around the level of its block with log-variance sigma^2 of the reach.
- **Level**: up to 6 blocks of posts; o_b = log of responders per member-post of the block, a noisy view of its realised
  reach r_b = l_b + nu_b: var(o_b | r_b) = 1/n_b, var(nu_b) = (exp(sigma^2) - 1)/posts. l is a random walk with variance
  q per sixth of the window (local level model; Harvey 1989, chapter 2).
- sigma^2 and q have weak priors on grids and are weighed by both likelihoods. What is predicted is the future level
  against the window's realised reach, given the o_b: the counting error that both share cancels, as it is part of the
  law of the response probabilities.
- **Future**: the walk goes on from the middle of the last block; every post varies with sigma^2; the number of viral
  posts is beta-binomial, each with a factor exp(N(1.8, .8)); an additional 3% for what the past cannot reveal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.measures.audience.cohort import Cohort, Saturation

__all__ = ["draw_reach", "level_log_evidence", "viral_probability"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_SIGMA2 = np.geomspace(0.003, 3.0, 16)
_SIGMA2_LOG_PRIOR = -0.5 * ((np.log(_SIGMA2) - np.log(0.1)) / 1.5) ** 2
_STEP2 = np.array([0.0, 0.003, 0.01, 0.03, 0.1, 0.3])
_STEP2_LOG_PRIOR = np.log([0.9, 0.04, 0.025, 0.02, 0.01, 0.005])
_VAGUE = 100.0
_VIRAL_PRIOR = 0.02
_VIRAL_MEAN, _VIRAL_SD = 1.8, 0.8
_VIRAL_RATE = (0.1, 50.0)
"""Beta prior of the rate of viral posts."""
_NEIGHBOURS = 5
_SIXTHS = 6
_DRIFT = 0.03
_WALK_STEPS = 24
_MAX_LOG_LEVEL = 3.0


def draw_reach(
    cohort: Cohort, horizons: Integers, draws: int, generator: np.random.Generator, *, present: Floats | None = None
) -> Floats:
    """(draws, H) total reach of the posts to come.

    Args:
        cohort: its responses to the window.
        horizons: (H,) numbers of future posts, increasing, each at least 1.
        draws: number of draws.
        generator: source of random numbers.
        present: (t,) members who could respond to each post; None: all since they followed.
    """
    present = np.maximum(cohort.present() if present is None else present, 1e-9)
    viral = viral_probability(cohort.responders, present * cohort.maturity, cohort.saturation)
    level, sigma2, step2 = _draw_level(cohort, present, viral, draws, generator)
    level = level + _DRIFT * generator.standard_normal(draws)
    steps = np.diff(horizons, prepend=0).astype(np.float64)
    spread = np.sqrt(np.log1p(np.expm1(sigma2)[:, None] / steps))
    posts = steps * np.exp(spread * generator.standard_normal((draws, len(steps))) - spread**2 / 2)
    posts = posts + _draw_viral(viral, steps.astype(np.int64), draws, generator)
    last_block = _SIXTHS / _block_count(cohort.posts)
    walk = _mean_walk(step2, (horizons * (_SIXTHS / cohort.posts)).astype(np.float64), last_block / 2, generator)
    now = np.exp(np.clip(level, -_MAX_LOG_LEVEL, _MAX_LOG_LEVEL))[:, None]
    still_to_come = float((1 - cohort.maturity).sum())
    reach: Floats = now * (np.cumsum(posts * walk, axis=1) + still_to_come)
    return reach


def level_log_evidence(cohort: Cohort, present: Floats) -> float:
    """Log of the marginal likelihood of the responders per post under the model of reach, up to a constant.

    Args:
        cohort: its responses to the window.
        present: (t,) members who could respond to each post. Where members drop out, equal reach means falling
            responses: steady ones speak against it, falling ones for it or for a level that falls.
    """
    # the same posts count as viral whoever was present, so that rates compare
    viral = viral_probability(
        cohort.responders, np.maximum(cohort.present(), 1e-9) * cohort.maturity, cohort.saturation
    )
    fit = _fit_level(cohort, np.maximum(present, 1e-9), viral)
    return float(np.logaddexp.reduce(fit.log_weight))


def viral_probability(responders: Floats, present: Floats, saturation: Saturation) -> Floats:
    """(t,) probability that each post went viral, from responders and the members who could respond to it."""
    t, size = len(responders), float(present.max())
    count = responders * size / present
    if t <= 2 * _NEIGHBOURS:
        median = np.full(t, np.median(count))
    else:
        around = np.pad(count, _NEIGHBOURS, constant_values=np.nan)
        median = np.nanmedian(np.lib.stride_tricks.sliding_window_view(around, 2 * _NEIGHBOURS + 1), axis=1)
    z = saturation.log_reach_of(np.log((count + 0.5) / (median + 0.5)))
    noise = saturation.noise / (median + 0.5)
    variance = max(2.2 * float(np.median(np.abs(z))) ** 2 - float(np.median(noise)), 0.02)
    variance = (t * variance + 4 * 0.08) / (t + 4)
    regular = variance + noise
    wide = regular + _VIRAL_SD**2
    log_odds = np.log(_VIRAL_PRIOR / (1 - _VIRAL_PRIOR)) + 0.5 * (
        np.log(regular / wide) + z**2 / regular - (z - _VIRAL_MEAN) ** 2 / wide
    )
    probability: Floats = np.where(z > 0, 1 / (1 + np.exp(-np.clip(log_odds, -500, 500))), 0.0)
    return probability


def _block_count(posts: int) -> int:
    return min(_SIXTHS, max(2, posts // 2))


@dataclass(frozen=True)
class _Blocks:
    """(B,) weighted posts, responders and member-posts of each block, and (t,) the block of each post."""

    posts: Floats
    responders: Floats
    exposed: Floats
    of_post: Integers

    @classmethod
    def of(cls, cohort: Cohort, present: Floats, regular: Floats) -> _Blocks:
        count = _block_count(cohort.posts)
        block = np.arange(cohort.posts) * count // cohort.posts
        posts, responders, exposed = (
            np.bincount(block, weights=regular * value, minlength=count).astype(np.float64)
            for value in (np.ones(cohort.posts), cohort.responders, present * cohort.maturity)
        )
        return cls(np.maximum(posts, 0.1), responders, np.maximum(exposed, 1e-9), block.astype(np.int64))


@dataclass(frozen=True)
class _LevelFit:
    """The local level model on the grid of sigma^2 and step variance, M points.

    Attributes:
        sigma2, step2: (M,) the grid.
        log_weight: (M,) log of prior times likelihood.
        between: (M, B) variance of the blocks' realised reach around the level.
        level, realised, total: (M, B, B) prior covariances of level, realised reach and its noisy view.
        solved: (M, B, 1) inverse of `total` times the view.
    """

    sigma2: Floats
    step2: Floats
    log_weight: Floats
    between: Floats
    level: Floats
    realised: Floats
    total: Floats
    solved: Floats


def _mean_reach(cohort: Cohort, present: Floats) -> float:
    return max(float(cohort.responders.sum()) / float(present.sum()), 1e-12)


def _fit_level(cohort: Cohort, present: Floats, viral: Floats) -> _LevelFit:
    blocks = _Blocks.of(cohort, present, 1 - viral)
    mean = _mean_reach(cohort, present)
    view = cohort.saturation.log_reach_of(np.log((blocks.responders + 0.5) / (blocks.exposed * mean + 0.5)))
    noise = cohort.saturation.noise / (blocks.responders + 0.5)
    count = len(view)
    sigma2, step2 = (grid.ravel() for grid in np.meshgrid(_SIGMA2, _STEP2, indexing="ij"))
    between = np.expm1(sigma2)[:, None] / blocks.posts
    order = np.arange(count)
    gap = _SIXTHS / count
    level = _VAGUE + (step2 * gap)[:, None, None] * np.minimum(order[:, None], order)
    realised = level + between[:, :, None] * np.eye(count)
    total = realised + noise[:, None] * np.eye(count)
    off = (view + between / 2)[:, :, None]
    solved = np.linalg.solve(total, off)
    fit = -0.5 * (np.linalg.slogdet(total)[1] + (off * solved).sum(axis=(1, 2)))
    weight = fit + np.repeat(_log_count_likelihood(cohort, present, viral, blocks), len(_STEP2))
    weight += (_SIGMA2_LOG_PRIOR[:, None] + _STEP2_LOG_PRIOR).ravel()
    return _LevelFit(sigma2, step2, weight, between, level, realised, total, solved)


def _draw_level(
    cohort: Cohort, present: Floats, viral: Floats, draws: int, generator: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """(draws,) log level in the middle of the last block against the window's mean reach, sigma^2, step variance."""
    fit = _fit_level(cohort, present, viral)
    level, realised, between, solved = fit.level, fit.realised, fit.between, fit.solved
    count = level.shape[1]
    weight = np.exp(fit.log_weight - fit.log_weight.max())
    # posterior of the blocks' realised reach and of the last block's level
    joint = np.concatenate([realised, level[:, -1:, :]], axis=1)
    prior = np.concatenate(
        [
            np.concatenate([realised, level[:, :, -1:]], axis=2),
            np.concatenate([level[:, -1:, :], level[:, -1:, -1:]], axis=2),
        ],
        axis=1,
    )
    centre = (joint @ solved)[:, :, 0]
    centre[:, :count] -= between / 2
    covariance = prior - joint @ np.linalg.solve(fit.total, joint.transpose(0, 2, 1))
    value, axes = np.linalg.eigh(covariance)
    root = axes * np.sqrt(np.maximum(value, 0))[:, None, :]
    chosen = generator.choice(weight.size, size=draws, p=weight / weight.sum())
    normal = generator.standard_normal((draws, count + 1))
    drawn = centre[chosen] + np.einsum("dij,dj->di", root[chosen], normal)
    share = (cohort.responders + 1) / (present * _mean_reach(cohort, present) + 1)
    gone_viral = float((viral * present * np.exp(cohort.saturation.log_reach_of(np.log(share)))).sum())
    exposed = _Blocks.of(cohort, present, 1 - viral).exposed
    window = np.log((np.exp(drawn[:, :count]) @ exposed + gone_viral) / float(present.sum()))
    return drawn[:, count] - window, fit.sigma2[chosen], fit.step2[chosen]


def _log_count_likelihood(cohort: Cohort, present: Floats, viral: Floats, blocks: _Blocks) -> Floats:
    """(sigma2 grid,) log-likelihood of counts around the level of their block, less one degree of freedom a block."""
    from scipy.special import gammaln

    rate = (blocks.responders / blocks.exposed)[blocks.of_post]
    mean = np.maximum(rate * present * cohort.maturity, 1e-12)
    freedom = np.maximum(1 - 1 / np.maximum(blocks.posts, 1), 0)[blocks.of_post]
    size = 1 / np.expm1(_SIGMA2 * cohort.saturation.elasticity**2)[:, None]
    # in units whose variance is their mean
    n, mean = cohort.responders / cohort.saturation.dispersion, mean / cohort.saturation.dispersion
    value = gammaln(n + size) - gammaln(size) + size * np.log(size / (size + mean)) + n * np.log(mean / (size + mean))
    total: Floats = (value * (1 - viral) * freedom).sum(axis=1)
    return total


def _draw_viral(viral: Floats, steps: Integers, draws: int, generator: np.random.Generator) -> Floats:
    """(draws, H) reach that viral posts add between one horizon and the next."""
    known = float(viral.sum())
    rate = generator.beta(_VIRAL_RATE[0] + known, _VIRAL_RATE[1] + len(viral) - known, draws)
    number = generator.binomial(steps, rate[:, None])
    places = np.repeat(np.arange(number.size), number.ravel())
    factor = np.exp(_VIRAL_MEAN + _VIRAL_SD * generator.standard_normal(len(places)))
    added = np.bincount(places, weights=np.maximum(factor - 1, 0), minlength=number.size).astype(np.float64)
    return added.reshape(number.shape)


def _mean_walk(step2: Floats, lengths: Floats, before: float, generator: np.random.Generator) -> Floats:
    """(draws, H) mean of exp(walk) between one horizon and the next.

    Args:
        step2: (draws,) variance of the walk per sixth of a window.
        lengths: (H,) horizons in sixths of a window.
        before: sixths between the level's origin and the first future post.
    """
    edges = np.linspace(0, float(lengths[-1]), _WALK_STEPS + 1)
    middle = (edges[:-1] + edges[1:]) / 2
    passed = np.diff(middle, prepend=-before)
    normal = generator.standard_normal((len(step2), _WALK_STEPS))
    walk = np.cumsum(np.sqrt(passed) * normal, axis=1) * np.sqrt(step2)[:, None]
    total = np.cumsum(np.exp(np.clip(walk, -_MAX_LOG_LEVEL, _MAX_LOG_LEVEL)), axis=1) * (edges[1] - edges[0])
    total = np.concatenate([np.zeros((len(step2), 1)), total], axis=1)
    place = np.minimum(lengths / (edges[1] - edges[0]), _WALK_STEPS)
    whole = np.minimum(place.astype(np.int64), _WALK_STEPS - 1)
    reached = total[:, whole] + (place - whole) * (total[:, whole + 1] - total[:, whole])
    mean: Floats = np.diff(reached, axis=1, prepend=0.0) / np.diff(lengths, prepend=0.0)
    return mean
