"""Published values of the capture-recapture estimators, exactly (METHODS 1.7), and their properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headcount.measures.statistics import capture_recapture as cr
from headcount.measures.statistics.incidence import Incidence
from headcount.simulate.single import single_account

COTTONTAILS = Incidence.of_counts(18, {1: 43, 2: 16, 3: 8, 4: 6, 6: 2, 7: 1})
TAXIS = Incidence.of_counts(10, {1: 142, 2: 81, 3: 49, 4: 7, 5: 3, 6: 1})
BUTTERFLIES = (118, 74, 44, 24, 29, 22, 20, 19, 20, 15, 12, 14, 6, 12, 6, 9, 9, 6, 10, 10, 11, 5, 3, 3)


def rounded(value: float) -> pytest.approx:
    return pytest.approx(value, abs=6e-4)


@pytest.mark.parametrize(
    ("singles", "doubles", "observed", "n", "value", "error", "low", "high"),
    [(12, 4, 26, 168, 43.893, 14.306, 30.511, 96.97), (14, 4, 37, 252, 61.403, 18.532, 43.502, 128.58)],
)
def test_spiders_of_inext(singles, doubles, observed, n, value, error, low, high):
    got = cr.chao1(singles, doubles, observed, n)
    assert (got.value, got.error, got.low) == (rounded(value), rounded(error), rounded(low))
    assert got.high == pytest.approx(high, abs=6e-3)


ANTS = [
    (599, 5976, 227, (49, 23, 18, 14), 0.9918, 279.109, 19.794, 252.374, 334.009, 258.745, 290.067),
    (230, 2943, 241, (71, 34, 12, 14), 0.9760, 314.810, 23.259, 281.384, 375.902, 286.547, 326.771),
    (150, 1730, 122, (28, 16, 13, 3), 0.9839, 146.337, 12.082, 131.699, 183.063, 138.601, 146.337),
    (200, 1170, 56, (13, 4, 2, 2), 0.9889, 77.019, 16.353, 61.458, 136.949, 65.684, 79.733),
    (200, 271, 14, (1, 2, 1, 1), 0.9964, 14.249, 0.726, 14.013, 18.716, 14.244, 14.251),
]


@pytest.mark.parametrize(("t", "u", "s", "q", "seen", "value", "error", "low", "high", "doubled", "improved"), ANTS)
def test_ants_of_inext(t, u, s, q, seen, value, error, low, high, doubled, improved):
    counts = dict(enumerate(q, start=1))
    rest, captures = s - sum(q), u - sum(j * people for j, people in counts.items())
    # the frequencies above 4 enter no formula but through their sums: put them where the sums come out
    large = captures // rest
    counts[large] = counts.get(large, 0) + rest - (captures - large * rest)
    counts[large + 1] = counts.get(large + 1, 0) + captures - large * rest
    data = Incidence.of_counts(t, counts)
    assert (data.observed, data.captures) == (s, u)
    got = cr.chao2(data)
    assert (got.value, got.error, got.low, got.high) == tuple(map(rounded, (value, error, low, high)))
    assert cr.coverage(data) == pytest.approx(seen, abs=6e-5)
    assert cr.extrapolation(data, t) == rounded(doubled)
    assert cr.ichao2(data) == rounded(improved)


def test_cottontails_of_edwards_and_eberhardt():
    got = cr.chao2(COTTONTAILS)
    assert (got.value, got.error) == (rounded(130.571), rounded(22.753))
    assert (got.low, got.high) == (pytest.approx(100.9, abs=0.06), pytest.approx(195.6, abs=0.06))
    assert got.low < 135 < got.high  # the true number
    assert cr.chao2(COTTONTAILS, corrected=True).value == rounded(126.167)
    assert cr.ichao2(COTTONTAILS) == rounded(139.901)
    assert cr.ice(COTTONTAILS) == rounded(133.594)
    assert (cr.jackknife(COTTONTAILS), cr.jackknife(COTTONTAILS, 2)) == (rounded(116.611), rounded(141.448))
    assert cr.coverage(COTTONTAILS) == pytest.approx(0.70988, abs=6e-6)
    assert cr.extrapolation(COTTONTAILS, 18) == rounded(105.334)


def test_taxis_of_carothers():
    got = cr.chao2(TAXIS)
    assert (got.value, got.error) == (rounded(395.022), rounded(24.909))
    assert got.low < 420 < got.high  # the true number
    assert cr.chao2(TAXIS, corrected=True).value == rounded(392.877)
    assert cr.ice(TAXIS) == rounded(390.053)
    assert (cr.jackknife(TAXIS), cr.jackknife(TAXIS, 2)) == (rounded(410.8), rounded(466.8))
    assert cr.coverage(TAXIS) == pytest.approx(0.74795, abs=6e-6)


def test_butterflies_of_good_and_toulmin():
    data = Incidence.of_counts(1, dict(enumerate(BUTTERFLIES, start=1)))
    assert cr.good_toulmin(data, 1) == 75
    assert cr.good_toulmin(data, 1, smoothed=True) == 75
    far = cr.good_toulmin(data, 2, smoothed=True)
    assert 75 < far < 300 < abs(cr.good_toulmin(data, 2))  # the plain series has left the rails


def test_abundance_coverage_as_scikit_bio():
    assert cr.ace(np.array([20, 10, 5, 3, 1, 1, 1, 1, 2, 2, 0])) == pytest.approx(16.19, abs=6e-3)


def test_chapman_two_signals():
    assert cr.chapman(50, 40, 20).value == rounded(98.571)


def test_beta_binomial_is_the_most_likely_one():
    """Against scipy's distribution: no neighbour on either axis is likelier, and the total follows from p0."""
    from scipy.stats import betabinom

    fit = cr.beta_binomial(TAXIS)

    def likelihood(a, b):
        seen = 1 - betabinom.pmf(0, 10, a, b)
        return sum(q * np.log(betabinom.pmf(j, 10, a, b) / seen) for j, q in TAXIS.counts.items())

    best = likelihood(fit.a, fit.b)
    for factor in (0.8, 0.97, 1.03, 1.25):
        assert likelihood(fit.a * factor, fit.b) < best
        assert likelihood(fit.a, fit.b * factor) < best
        assert likelihood(fit.a * factor, fit.b * factor) < best + 1e-6
    assert fit.total == pytest.approx(283 / (1 - betabinom.pmf(0, 10, fit.a, fit.b)), rel=1e-9)


def test_beta_binomial_is_right_when_it_is_the_truth_and_only_then():
    """400 people with Beta(1, 19); and the cottontails, of which there were 135, not 321 (METHODS 0.1)."""
    generator = np.random.default_rng(4)
    totals = []
    for _ in range(25):
        times, people = np.unique(generator.binomial(20, generator.beta(1, 19, 400)), return_counts=True)
        counts = dict(zip(times.tolist(), people.tolist(), strict=True))
        totals.append(cr.beta_binomial(Incidence.of_counts(20, {j: q for j, q in counts.items() if j})).total)
    assert float(np.median(totals)) == pytest.approx(400, rel=0.12)
    assert cr.beta_binomial(COTTONTAILS).total == pytest.approx(321, abs=0.5)


@pytest.mark.parametrize(("spread", "off"), [(0.0, 0.3), (0.5, 0.3), (1.0, 0.4)])
def test_spread_of_rarefaction_is_that_of_posts_in_random_order(spread, off):
    """With spread 1 one of the thirty posts reaches four of five people: there the closed form is too small."""
    world = single_account(800, 30, 0, response=0.04, reach_spread=spread, seed=6)
    seen = np.zeros((world.followers, 30), dtype=bool)
    seen[world.person, world.post] = True
    times, people = np.unique(seen.sum(axis=1), return_counts=True)
    data = Incidence.of_counts(30, {int(j): int(q) for j, q in zip(times, people, strict=True) if j})
    h = np.array([1, 3, 8, 15, 22, 30])
    generator = np.random.default_rng(1)
    orders = [generator.permutation(30) for _ in range(400)]
    sizes = np.array([[int(seen[:, order[:k]].any(axis=1).sum()) for k in h] for order in orders])
    error = cr.rarefaction_error(data, h.astype(float), seen.sum(axis=0))
    assert cr.rarefaction(data, h.astype(float)) == pytest.approx(sizes.mean(axis=0), rel=0.06)
    assert error[:-1] == pytest.approx(sizes.std(axis=0)[:-1], rel=off)
    assert error[0] == pytest.approx(seen.sum(axis=0).std(), rel=1e-6)  # exact for one post
    assert error[-1] == 0


frequencies = st.dictionaries(st.integers(1, 12), st.integers(1, 200), min_size=1, max_size=8)


@given(frequencies, st.integers(12, 80))
def test_no_further_post_brings_nobody_and_endless_posts_bring_chao(counts, t):
    data = Incidence.of_counts(t, counts)
    assert cr.extrapolation(data, 0) == pytest.approx(data.observed)
    if data[1] and data[2]:
        assert cr.extrapolation(data, 1e9) == pytest.approx(cr.chao2(data).value, rel=1e-6)


@given(frequencies, st.integers(12, 80))
def test_rarefaction_grows_to_what_was_seen(counts, t):
    data = Incidence.of_counts(t, counts)
    curve = cr.rarefaction(data, np.arange(1, t + 1, dtype=float))
    assert np.all(np.diff(curve) > -1e-9)
    assert curve[-1] == pytest.approx(data.observed)
    assert curve[0] == pytest.approx(data.captures / t)


@given(frequencies, st.integers(12, 60))
def test_every_post_doubled_leaves_nobody_unseen(counts, t):
    doubled = Incidence.of_counts(2 * t, {2 * j: people for j, people in counts.items()})
    assert cr.chao2(doubled).value == doubled.observed
    assert cr.coverage(doubled) == 1


@given(frequencies, st.integers(12, 60))
def test_lower_bound_lies_between_seen_and_estimate(counts, t):
    got = cr.chao2(Incidence.of_counts(t, counts))
    assert sum(counts.values()) <= got.low <= got.value + 1e-9 <= got.high + 1e-6
