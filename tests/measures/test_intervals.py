"""Intervals: published figures, closed forms, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from headcount.measures.statistics.intervals import finite_count, jeffreys, mean_count, normal_quantile, wilson


def test_wilson_published():
    low, high = wilson(12, 300)
    assert (round(100 * low, 2), round(100 * high, 2)) == (2.30, 6.86)


def test_wilson_equals_scipy():
    for successes, trials in ((0, 24), (1, 10), (12, 300), (24, 24), (250, 1000)):
        ours = wilson(successes, trials)
        theirs = stats.binomtest(successes, trials).proportion_ci(method="wilson")
        assert ours == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_finite_population():
    # n = 400 of N = 1,000 at p = 0.2: half-width 3.04 points against 3.92 without the correction.
    low, high = wilson(80, 400, population=1000)
    assert (high - low) / 2 == pytest.approx(0.0304, abs=2e-4)
    assert np.diff(wilson(80, 400))[0] / 2 == pytest.approx(0.0392, abs=2e-4)
    assert wilson(80, 400, population=400) == (0.2, 0.2)
    assert wilson(12, 300, population=10**9) == pytest.approx(wilson(12, 300), abs=1e-6)


@pytest.mark.parametrize(
    ("seen", "drawn", "population", "limits"),
    [
        (5, 50, 55, (5, 7)),  # Wilson with a finite population gave 4.26 as the lower end
        (0, 50, 55, (0, 1)),  # 2 of them missed in 5/55 4/54 < 2.5%
        (50, 50, 55, (54, 55)),
        (3, 10, 10, (3, 3)),  # all looked at
        (0, 990, 1000, (0, 1)),  # 1 of 1,000 would be missed in 1%: rejected at 2.5%, and yet possible
        (0, 1, 2, (0, 1)),
    ],
)
def test_finite_lists(seen, drawn, population, limits):
    assert finite_count(seen, drawn, population) == limits


@pytest.mark.parametrize("population", [1, 2, 7, 30])
def test_finite_limits_are_those_of_the_exact_test(population):
    """All samples of all small lists: K lies within unless the hypergeometric test rejects it, at 2.5% on each side."""
    for drawn in range(1, population + 1):
        for seen in range(drawn + 1):
            low, high = finite_count(seen, drawn, population)
            counts = np.arange(population + 1)
            chance = stats.hypergeom(population, counts, drawn)
            inside = (chance.sf(seen - 1) > 0.025) & (chance.cdf(seen) > 0.025)
            within = (counts >= seen) & (counts <= seen + population - drawn)
            assert not (inside & within & ((counts < low) | (counts > high))).any()
            assert seen <= low <= seen * population / drawn <= high <= seen + population - drawn
            assert (low < high) == (drawn < population)
            assert high - low <= max(inside.sum(), 2)


def test_finite_limits_hold_the_truth_at_least_as_often_as_they_say():
    for truth in range(41):
        seen = np.arange(13)
        limits = [
            finite_count(int(x), 12, 40) if x <= min(12, truth) and 12 - x <= 40 - truth else (41, 41) for x in seen
        ]
        held = np.array([low <= truth <= high for low, high in limits])
        assert stats.hypergeom(40, truth, 12).pmf(seen)[held].sum() >= 0.95


@pytest.mark.parametrize("population", [10**4, 10**8])
@pytest.mark.parametrize("drawn", [0.0005, 0.5, 0.9999])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.4, 1.0])
def test_finite_limits_of_large_lists(population, drawn, share):
    number = round(drawn * population)
    seen = round(share * number)
    low, high = finite_count(seen, number, population)
    at = stats.hypergeom
    assert low == seen or high - low == 1 or at.sf(seen - 1, population, low, number) > 0.025 * (1 - 1e-4)
    assert high == seen + population - number or at.cdf(seen, population, high + 1, number) <= 0.025 * (1 + 1e-4)
    assert seen <= low <= high <= seen + population - number


def test_wilson_in_a_finite_list_excludes_nothing_counted():
    low, high = wilson(5, 50, population=55)
    assert low == 5 / 55
    assert high <= 10 / 55


def test_jeffreys_is_the_beta_posterior():
    assert jeffreys(3, 20) == pytest.approx(stats.beta(3.5, 17.5).ppf([0.025, 0.975]))
    assert jeffreys(0, 24)[0] == 0
    assert jeffreys(24, 24)[1] == 1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: wilson(1, 0), "not a proportion"),
        (lambda: wilson(3, 2), "not a proportion"),
        (lambda: wilson(1, 10, population=5), "smaller than the sample"),
        (lambda: finite_count(1, 10, 5), "smaller than the sample"),
        (lambda: finite_count(3, 2, 5), "not a proportion"),
        (lambda: jeffreys(-1, 5), "not a proportion"),
        (lambda: mean_count([]), "at least one count"),
        (lambda: mean_count([3, -1]), "at least one count"),
    ],
)
def test_wrong_use(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@given(st.integers(1, 10_000), st.data())
def test_limits_enclose_the_share(trials, data):
    successes = data.draw(st.integers(0, trials))
    for low, high in (wilson(successes, trials), jeffreys(successes, trials)):
        assert 0 <= low <= successes / trials <= high <= 1


@pytest.mark.parametrize("share", [0.02, 0.2, 0.5])
def test_coverage_of_wilson(share):
    rng = np.random.default_rng(11)
    held = [low <= share <= high for low, high in (wilson(x, 200) for x in rng.binomial(200, share, 2000))]
    assert 0.93 <= np.mean(held) <= 0.98


def test_coverage_from_a_finite_population():
    rng = np.random.default_rng(12)
    found = rng.hypergeometric(90, 210, 200, 2000)
    held = [low <= 0.3 <= high for low, high in (wilson(x, 200, population=300) for x in found)]
    assert 0.93 <= np.mean(held) <= 0.975


@pytest.mark.parametrize("tests", [2, 5, 20])
@pytest.mark.parametrize("spread", [0.2, 0.5])
def test_mean_of_overdispersed_counts(tests, spread):
    rng = np.random.default_rng(13)
    held = []
    for _ in range(200):
        counts = rng.poisson(12 * rng.gamma(1 / spread**2, spread**2, tests))
        low, high = mean_count(counts)
        held.append(low <= 12 <= high)
    assert 0.90 <= np.mean(held) <= 1.0


def test_spread_between_tests_is_counted():
    steady = np.diff(mean_count([20, 21, 19, 20, 20]))[0]
    uneven = np.diff(mean_count([2, 60, 5, 30, 3]))[0]
    assert uneven > 2 * steady
    poisson = np.diff(stats.chi2.ppf([0.025, 0.975], [200, 202]) / 10)[0]
    assert steady > poisson * 0.9


def test_one_count_is_chance_alone():
    assert mean_count([12]) == pytest.approx(stats.gamma(12.5).ppf([0.025, 0.975]))
    assert mean_count([0])[0] == 0
    assert mean_count([0, 0, 0])[0] == 0
    assert normal_quantile(0.95) == pytest.approx(1.959964, abs=1e-6)
