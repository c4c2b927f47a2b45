"""Published capture-recapture estimators for incidence data: people (individuals) against posts (occasions).

`Q[j]` is the number of people who responded to exactly j of t posts. Sources: Chao 1987 (Chao2), Chiu et al. 2014
(iChao2), Lee & Chao 1994 (ICE), Burnham & Overton 1978 (jackknife), Chao et al. 2014 and Colwell et al. 2012
(coverage, rarefaction, extrapolation), Good & Toulmin 1956, Efron & Thisted 1976 (smoothing), Chapman 1951, Dorazio &
Royle 2003 (beta-binomial).
Formulas: METHODS 1.2 and 1.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.measures.audience.prediction import log_likelihood
from headcount.measures.statistics.incidence import Incidence

__all__ = [
    "BetaBinomial",
    "Estimate",
    "ace",
    "beta_binomial",
    "chao1",
    "chao2",
    "chapman",
    "coverage",
    "extrapolation",
    "good_toulmin",
    "ice",
    "ichao2",
    "jackknife",
    "log_normal_interval",
    "rarefaction",
    "rarefaction_error",
]

Z95 = 1.959963984540054
_RARE = 10
_BOUNDS = (-7.0, 9.0)
_STARTS = ((0.0, 3.0), (-2.0, 2.0), (3.0, 6.0))


@dataclass(frozen=True)
class Estimate:
    """A number of people with its standard error and 95% interval."""

    value: float
    error: float
    low: float
    high: float


def log_normal_interval(observed: float, unseen: float, variance: float) -> tuple[float, float]:
    """95% interval of observed + unseen that never goes below the observed (Chao 1987).

    Without unseen people or variance it has no width: see `_without_unseen` and `chapman` for what holds then.
    """
    if unseen <= 0 or variance <= 0:
        return observed + max(unseen, 0.0), observed + max(unseen, 0.0)
    factor = float(np.exp(Z95 * np.sqrt(np.log1p(variance / unseen**2))))
    return observed + unseen / factor, observed + unseen * factor


def _unseen_chao(q1: int, q2: int, k: float, *, corrected: bool) -> float:
    if corrected or q2 == 0:
        return k * q1 * (q1 - 1) / (2 * (q2 + 1))
    return k * q1**2 / (2 * q2)


def _variance_chao(q1: int, q2: int, k: float, total: float) -> float:
    if q2 > 0:
        r = q1 / q2
        return q2 * (k * r**2 / 2 + k**2 * r**3 + k**2 * r**4 / 4)
    return k * q1 * (q1 - 1) / 2 + k**2 * q1 * (2 * q1 - 1) ** 2 / 4 - k**2 * q1**4 / (4 * total) if total else 0.0


def _without_unseen(observed: int, captures: int) -> tuple[float, float]:
    """95% interval of everyone where the estimate is the observed S (Colwell 2013, EstimateS guide, equation 14).

    A person is missed with probability P = exp(-captures/S), as if all responded alike; the upper limit is
    (S + z sqrt(S P (1 - P)))/(1 - P), and at least one person more.
    """
    missed = float(np.exp(-captures / observed)) if observed else 0.0
    half = Z95 * float(np.sqrt(observed * missed * (1 - missed)))
    return float(observed), max((observed + half) / (1 - missed), observed + 1.0)


def _chao(q1: int, q2: int, observed: int, k: float, captures: int, *, corrected: bool) -> Estimate:
    unseen = _unseen_chao(q1, q2, k, corrected=corrected)
    variance = max(_variance_chao(q1, q2, k, observed + unseen), 0.0)
    if unseen > 0 and variance > 0:
        low, high = log_normal_interval(observed, unseen, variance)
    else:
        low, high = _without_unseen(observed, captures)
    return Estimate(observed + unseen, float(np.sqrt(variance)), low, high)


def chao2(data: Incidence, *, corrected: bool = False) -> Estimate:
    """Chao's lower bound on everyone who would ever respond (Chao 1987); `corrected` for the bias-corrected form."""
    t = data.posts
    return _chao(data[1], data[2], data.observed, (t - 1) / t, data.captures, corrected=corrected)


def chao1(singletons: int, doubletons: int, observed: int, individuals: int) -> Estimate:
    """The same for abundance data, where occasions cannot be told apart (Chao 1984)."""
    return _chao(singletons, doubletons, observed, (individuals - 1) / individuals, individuals, corrected=False)


def ichao2(data: Incidence) -> float:
    """Improved lower bound that also uses Q3 and Q4 (Chiu et al. 2014)."""
    t, q4 = data.posts, max(data[4], 1)
    gain = max(data[1] - (t - 3) / (t - 1) * data[2] * data[3] / (2 * q4), 0.0)
    return chao2(data).value + (t - 3) / t * data[3] / (4 * q4) * gain


def ice(data: Incidence) -> float:
    """Incidence coverage estimator with cut-off 10 (Lee & Chao 1994, as SpadeR has it); else Chao2-bc."""
    t = data.posts
    rare = {j: people for j, people in data.counts.items() if j <= _RARE}
    n = sum(j * people for j, people in rare.items())
    s_rare = sum(rare.values())
    if not n or not data[1]:
        return float(data.observed)
    part = 2 * data[2] / ((t - 1) * data[1] + 2 * data[2])
    seen = 1 - data[1] / n * (1 - part)
    if seen <= 0 or n == data[1]:
        return chao2(data, corrected=True).value
    pairs = sum(j * (j - 1) * people for j, people in rare.items())
    spread = max(s_rare / seen * t / (t - 1) * pairs / (n * (n - 1)) - 1, 0.0)
    return data.observed - s_rare + s_rare / seen + data[1] / seen * spread


def ace(counts: NDArray[np.int64]) -> float:
    """Abundance coverage estimator with cut-off 10 (Chao & Lee 1992) of individual counts."""
    counts = counts[counts > 0]
    rare = counts[counts <= _RARE]
    n, singles = int(rare.sum()), int((rare == 1).sum())
    if n == singles:
        return chao1(singles, int((rare == 2).sum()), len(counts), int(counts.sum())).value
    seen = 1 - singles / n
    spread = max(len(rare) / seen * float((rare * (rare - 1)).sum()) / (n * (n - 1)) - 1, 0.0)
    return len(counts) - len(rare) + len(rare) / seen + singles / seen * spread


def jackknife(data: Incidence, order: int = 1) -> float:
    """First- or second-order jackknife (Burnham & Overton 1978)."""
    t = data.posts
    if order == 1:
        return data.observed + (t - 1) / t * data[1]
    return data.observed + (2 * t - 3) / t * data[1] - (t - 2) ** 2 / (t * (t - 1)) * data[2]


def coverage(data: Incidence) -> float | None:
    """Share of the response probability that was already seen (Chao et al. 2014); None without a response."""
    t, captures = data.posts, data.captures
    if not captures:
        return None
    bottom = (t - 1) * data[1] + 2 * data[2]
    return 1 - data[1] / captures * ((t - 1) * data[1] / bottom if bottom else 0.0)


def rarefaction(data: Incidence, posts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(H,) expected distinct people in h of the t posts, h <= t (Colwell et al. 2012, equation 4)."""
    people, missed = _missed(data, np.asarray(posts, dtype=np.float64))
    value: NDArray[np.float64] = ((1 - missed) * people).sum(axis=1)
    return value


def rarefaction_error(
    data: Incidence, posts: NDArray[np.float64], responders: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(H,) standard deviation of the distinct people in h posts drawn from the t seen; 0 for all of them.

    Conditional on what was seen, as the headcount is. The published unconditional variance (Colwell et al. 2012,
    equation 5) is about another sample of t posts. Each person's posts are a random subset of the t; beyond
    that posts differ in reach by as much as the variance of n_k exceeds that of random subsets, which counts
    with the share of new people among the responses to the h-th post. Exact for h = 1; where one post reaches most
    of all people it is too small by up to about a third.

    Args:
        data: capture frequencies; posts: (H,) h, from 1 to t; responders: (t,) people who responded to each (n_k).
    """
    h, t = np.asarray(posts, dtype=np.float64), data.posts
    people, missed = _missed(data, h)
    by_chance = (missed * (1 - missed) * people).sum(axis=1)
    share = np.array(sorted(data.counts), dtype=np.float64) / t
    excess = float(responders.var()) - float((share * (1 - share) * people).sum())
    new = (rarefaction(data, h) - rarefaction(data, h - 1)) * t / max(data.captures, 1)
    by_reach = new**2 * excess * h * (t - h) / max(t - 1, 1)
    variance = by_chance + by_reach
    # Negative or no variance may be an artefact of the approximation: then posts count as independent of each other.
    # Truly none: one post of equally many responders, any posts of which none shares a responder, all posts.
    even = len(np.unique(responders)) <= 1
    sure = (h >= t) | (even & ((h <= 1) | (set(data.counts) <= {1})))
    variance = np.where((variance <= 1e-12) & ~sure, by_chance, variance)
    # The count is whole: around a mean with the fraction f its variance is at least f (1 - f).
    expected = rarefaction(data, h)
    part = expected - np.floor(expected + 1e-9)
    variance = np.where(sure, np.where(h >= t, 0.0, variance), np.maximum(variance, part * (1 - part)))
    value: NDArray[np.float64] = np.sqrt(np.maximum(variance, 0.0))
    return value


def _missed(data: Incidence, posts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(J,) people by number of posts they responded to, and (H, J) the probability to miss them all in h posts."""
    from scipy.special import gammaln

    j = np.array(sorted(data.counts), dtype=np.float64)
    people = np.array([data[int(value)] for value in j], dtype=np.float64)
    t, h = float(data.posts), posts[:, None]
    left = t - j - h
    log_missed = gammaln(t - j + 1) + gammaln(t - h + 1) - gammaln(t + 1) - gammaln(np.maximum(left, 0) + 1)
    return people, np.where(left >= 0, np.exp(np.minimum(log_missed, 0.0)), 0.0)


def extrapolation(data: Incidence, further: float) -> float:
    """Expected distinct people after `further` more posts with Chao2's unseen (Colwell et al. 2012, equation 18)."""
    unseen = chao2(data).value - data.observed
    if unseen <= 0:
        return float(data.observed)
    return data.observed + unseen * (1 - float((1 - data[1] / (data.posts * unseen + data[1])) ** further))


def good_toulmin(data: Incidence, further: float, *, smoothed: bool = False) -> float:
    """New people in `further` more posts (Good & Toulmin 1956); `smoothed` as Efron & Thisted 1976 for further > t."""
    r = further / data.posts
    j = np.array(sorted(data.counts), dtype=np.float64)
    people = np.array([data[int(value)] for value in j], dtype=np.float64)
    weight = np.ones_like(j)
    if smoothed and r > 1:
        from scipy.special import bdtrc

        trials = max(int(0.5 * np.log2(data.captures * r**2 / (r - 1))), 1)
        weight = bdtrc(np.minimum(j - 1, trials), trials, 0.5)
    return float(-(((-r) ** j) * people * weight).sum())


def chapman(first: int, second: int, both: int) -> Estimate:
    """Two signals, such as repliers and likers: people in all (Chapman 1951); a lower bound if dependent.

    Where all of one signal are in the other, the variance is 0; the upper limit is then exact: the largest total at
    which so large an overlap is more than 2.5% likely (hypergeometric), infinite where the smaller signal is empty.
    """
    value = (first + 1) * (second + 1) / (both + 1) - 1
    variance = (first + 1) * (second + 1) * (first - both) * (second - both) / ((both + 1) ** 2 * (both + 2))
    observed = first + second - both
    low, high = log_normal_interval(observed, value - observed, variance)
    if variance == 0:
        high = _most_at_full_overlap(max(first, second), min(first, second))
    return Estimate(value, float(np.sqrt(variance)), low, high)


def _most_at_full_overlap(larger: int, smaller: int) -> float:
    """The largest N with C(larger, smaller)/C(N, smaller) above 0.025; infinite for an empty smaller signal."""
    from scipy.special import gammaln

    if smaller == 0:
        return float("inf")

    def log_chance(total: int) -> float:
        ways = gammaln(larger + 1) - gammaln(larger - smaller + 1) - gammaln(total + 1) + gammaln(total - smaller + 1)
        return float(ways)

    low, high = larger, 2 * larger
    while log_chance(high) > np.log(0.025):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if log_chance(middle) > np.log(0.025) else (low, middle)
    return float(max(low, larger + 1))


@dataclass(frozen=True)
class BetaBinomial:
    """The most likely beta-binomial.

    Attributes:
        a, b: parameters of the Beta distribution of response probabilities.
        total: people who would ever respond, S / (1 - p0). Not identified (Link 2003): sensitivity only.
    """

    a: float
    b: float
    total: float


def beta_binomial(data: Incidence) -> BetaBinomial:
    """Maximum likelihood of the zero-truncated beta-binomial (Dorazio & Royle 2003); log a and log b in [-7, 9]."""
    from scipy.optimize import minimize
    from scipy.special import betaln

    def loss(at: NDArray[np.float64]) -> float:
        return -float(log_likelihood(data, at[:1], at[1:])[0, 0])

    # the likelihood has ridges, so the best of several starts, without derivatives
    fits = [minimize(loss, start, method="Nelder-Mead", bounds=[_BOUNDS] * 2) for start in _STARTS]
    a, b = np.exp(min(fits, key=lambda fit: float(fit.fun)).x)
    seen = -np.expm1(betaln(a, b + data.posts) - betaln(a, b))
    return BetaBinomial(float(a), float(b), float(data.observed / seen))
