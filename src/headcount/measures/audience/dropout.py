"""Latent dropout: members who stay on the list and stop responding for good.

A member responds with probability p e_k to post k while active and drops out at rate h per window, unobserved, after
the first post they could respond to: the beta-geometric/beta-Bernoulli model (Fader, Hardie & Shang 2010, Marketing
Science 29:1086) with one rate for all and any law of p. A member starts with post s and last responded to post l (l = s
for silent members); F is the exposure without a response, E_k that after post k, c = -log(1 - p) and T_k the time of
post k in windows:

    L(p) = p^y (1 - p)^F [ exp(-h (T_(t-1) - T_s))
                           + sum over k from l to t - 2 of (exp(-h (T_k - T_s)) - exp(-h (T_(k+1) - T_s))) exp(c E_k) ]

The first term is the member who is active at the last post, the k-th of the sum drops out between posts k and k + 1.
The sum is geometric within twelfths of the window, where reach and times are taken as even; up to 13 posts it is exact.
How long ago members last responded carries the information on h. The clock is time, as accounts post in bursts.

Reach is taken per active member: A_k(h) = sum over s_i <= k of exp(-h (T_k - T_(s_i))), e_k(h) from it; so that
different h compare, the log-likelihood has the term sum n_k log e_k(h). Posts to come are even in time, t a window,
from the end of the observation on, a pause b after the last post: of somebody active at the last post, the share of m
posts is exp(-h b) sum over j from 1 to m of exp(-h (j - 1/2)/t) / m.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from headcount.measures.audience.cohort import PARTS, Cohort, cumulative_reach, post_reach
from headcount.measures.audience.interest import LOG_P, grid_kernel

__all__ = ["Exposure", "active_kernel", "dropout_kernel", "exposure", "future_share"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Exposure:
    """Exposure of each group of members under one rate of dropping out.

    Attributes:
        rate: at which members drop out, per window (h); 0 where nobody does.
        reach: (t,) reach of each post per active member, mean 1.
        total: (G,) exposure from the start to the end of the window (E).
        answered: (G,) reach of the posts with a response.
        unanswered: (G,) exposure to the posts without a response (F).
        log_profile: sum over posts of n_k log e_k.
    """

    rate: float
    reach: Floats
    total: Floats
    answered: Floats
    unanswered: Floats
    log_profile: float


def exposure(cohort: Cohort, rate: float = 0.0, present: Floats | None = None) -> Exposure:
    """Exposure of the groups of a cohort whose members drop out at this rate per window.

    Args:
        cohort, rate: see there; present: (t,) members who could respond to each post, where not all others can.
    """
    reach = post_reach(cohort.responders, cohort.present(rate) if present is None else present, cohort.saturation)
    groups = cohort.groups
    total = _exposure_after(reach, groups.start - 1)
    part = np.arange(cohort.posts) * PARTS // cohort.posts
    by_part = np.bincount(part, weights=reach, minlength=PARTS)
    steady = post_reach(cohort.responders, cohort.present(), cohort.saturation)
    static = np.bincount(part, weights=steady, minlength=PARTS)
    answered = groups.answered @ (by_part / np.maximum(static, 1e-9))
    unanswered = np.maximum(total - answered, 0.0)
    return Exposure(rate, reach, total, answered, unanswered, float(cohort.responders @ np.log(reach)))


def dropout_kernel(cohort: Cohort, given: Exposure) -> Floats:
    """(G, 141) log-likelihood of a member of each group on the grid of log p, dropout integrated out."""
    groups, t, h = cohort.groups, cohort.posts, given.rate
    place = np.arange(t)

    def elapsed(post: Floats) -> Floats:
        value: Floats = np.asarray(np.interp(post, place, cohort.elapsed), dtype=np.float64)
        return value

    if h == 0:
        return grid_kernel(groups.responses, given.unanswered, given.answered)
    last_post = float(t - 1)
    start = np.minimum(groups.start, last_post)
    latest = np.maximum(np.minimum(groups.last, last_post), start)
    cost = -np.log1p(-np.exp(LOG_P))
    # relative to the term of dropping out right after the last response, the largest
    highest = _exposure_after(given.reach, latest)[:, None] * cost
    begun = elapsed(start)
    total = np.exp(-h * (cohort.elapsed[-1] - begun)[:, None] - highest)
    edges = np.round(np.linspace(0, last_post, min(t - 1, PARTS) + 1))
    for first, beyond in pairwise(edges.tolist()):
        low = np.maximum(latest, first)
        posts = np.maximum(beyond - low, 0)
        exposed = _exposure_after(given.reach, low)
        passed = exposed - _exposure_after(given.reach, np.maximum(beyond - 1, low))
        hazard = h * (elapsed(np.maximum(beyond, low)) - elapsed(low)) / np.maximum(posts, 1e-9)
        decay = hazard[:, None] + (passed / np.maximum(posts - 1, 1e-9) * (posts > 1))[:, None] * cost
        series = -np.expm1(-posts[:, None] * decay) / -np.expm1(-np.maximum(decay, 1e-300))
        leaving = -np.expm1(-hazard) * np.exp(-h * (elapsed(low) - begun))
        total += leaving[:, None] * np.exp(exposed[:, None] * cost - highest) * series
    value = grid_kernel(groups.responses, given.unanswered, given.answered)
    value[:, :-1] += highest + np.log(total)
    return value


def active_kernel(cohort: Cohort, given: Exposure) -> Floats:
    """(G, 141) log-likelihood of a member of each group who is still active at the end of the window."""
    since = np.interp(cohort.groups.start, np.arange(cohort.posts), cohort.elapsed)
    stay: Floats = -given.rate * (cohort.elapsed[-1] - since)
    return stay[:, None] + grid_kernel(cohort.groups.responses, given.unanswered, given.answered)


def future_share(cohort: Cohort, rate: float, horizons: NDArray[np.int64]) -> Floats:
    """(H,) share of the reach of future posts that somebody active at the last post is exposed to on average.

    Args:
        cohort: its posts to come are even in time.
        rate: h per window.
        horizons: (H,) numbers of future posts, at least 1.
    """
    if rate == 0:
        return np.ones(len(horizons))
    step = rate / cohort.posts
    total = np.exp(-rate * cohort.pause - step / 2) * np.expm1(-step * horizons) / np.expm1(-step)
    share: Floats = total / horizons
    return share


def _exposure_after(reach: Floats, post: Floats) -> Floats:
    """(G,) total reach of the posts after each post, linear between two."""
    total = cumulative_reach(reach)
    value: Floats = total[-1] - np.interp(post + 1, np.arange(len(total)), total)
    return value
