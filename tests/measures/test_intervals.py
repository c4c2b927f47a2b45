"""Intervals: published figures, closed forms, and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from headcount.measures.intervals import jeffreys, mean_count, normal_quantile, wilson


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
