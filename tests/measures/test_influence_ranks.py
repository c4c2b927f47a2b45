"""Rank correlations: as scipy has them, with intervals that hold the truth as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from headcount.measures.influence.ranks import compare, rank, restricted, spearman


def correlated(generator, accounts, first, second, *, tied):
    """Two scores with these normal correlations to an outcome, skewed and with ties if wanted."""
    covariance = [[1, 0.6, first], [0.6, 1, second], [first, second, 1]]
    normal = generator.multivariate_normal(np.zeros(3), covariance, accounts)
    return (np.floor(np.exp(1.2 * normal)) if tied else normal).T


@pytest.mark.parametrize("seed", range(5))
def test_rho_and_ranks_are_those_of_scipy_with_ties_and_unknown_values(seed):
    generator = np.random.default_rng(seed)
    x, y = generator.integers(0, 6, (2, 80)).astype(float)
    x[:5], y[3:9] = np.nan, np.nan
    known = np.isfinite(x) & np.isfinite(y)
    found = spearman(x, y)
    assert found.rho == pytest.approx(spearmanr(x[known], y[known]).statistic, abs=1e-12)
    assert found.accounts == known.sum()
    np.testing.assert_allclose(rank(x)[5:], rankdata(-x[5:]))
    assert np.isnan(rank(x)[:5]).all()


@pytest.mark.sampled(4)
@pytest.mark.parametrize("accounts", [30, 300])
@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("first", "second"), [(0.0, 0.0), (0.5, 0.3), (0.85, 0.6)])
def test_intervals_of_rho_and_of_the_paired_difference_hold_the_truth(accounts, tied, first, second):
    generator = np.random.default_rng(accounts)
    big = correlated(generator, 200_000, first, second, tied=tied)
    truth = [spearmanr(big[i], big[2]).statistic for i in (0, 1)]
    runs = 300
    of_rho = of_difference = 0
    for _ in range(runs):
        found = compare(*correlated(generator, accounts, first, second, tied=tied))
        of_rho += found.first.low <= truth[0] <= found.first.high
        of_difference += found.low <= truth[0] - truth[1] <= found.high
    assert 0.915 <= of_rho / runs <= 0.995
    assert 0.895 <= of_difference / runs <= 0.985


def test_influence_function_agrees_with_leaving_each_account_out():
    generator = np.random.default_rng(1)
    x, y = np.floor(np.exp(correlated(generator, 150, 0.5, 0.2, tied=False)[[0, 2]]))
    left_out = np.array([spearmanr(np.delete(x, i), np.delete(y, i)).statistic for i in range(150)])
    jackknife = np.sqrt(149 / 150 * np.sum((left_out - left_out.mean()) ** 2))
    found = spearman(x, y)
    error = (np.arctanh(found.high) - np.arctanh(found.low)) / 2 / 1.959964 * (1 - found.rho**2)
    assert error == pytest.approx(jackknife, rel=0.1)


@pytest.mark.parametrize("share", [0.1, 0.01])
@pytest.mark.parametrize("rho", [0.3, 0.549, 0.8])
def test_range_restriction_alone_lowers_rho_in_the_top_as_foretold(rho, share):
    generator = np.random.default_rng(2)
    r = 2 * np.sin(np.pi * rho / 6)
    x, y = generator.multivariate_normal([0, 0], [[1, r], [r, 1]], 400_000).T
    top = x >= np.quantile(x, 1 - share)
    assert restricted(rho, share) == pytest.approx(spearmanr(x[top], y[top]).statistic, abs=0.05)
    assert restricted(rho, share) < rho - 0.1


def test_scores_that_say_nothing_have_no_rho():
    assert spearman(np.ones(50), np.arange(50.0)).rho is None
    assert spearman(np.arange(9.0), np.arange(9.0)).rho is None
    assert spearman(np.array([]), np.array([])).accounts == 0
    assert compare(np.ones(50), np.arange(50.0), np.arange(50.0)).value is None


def test_the_same_order_is_sure_only_as_far_as_the_accounts_reach():
    few, many = (spearman(np.arange(float(n)), np.arange(float(n))) for n in (20, 2000))
    assert few.rho == pytest.approx(1) == many.rho
    assert few.low < 0.5 < 0.99 < many.low < 1
    reverse = spearman(np.arange(100.0), -np.arange(100.0))
    assert reverse.rho == pytest.approx(-1)
    assert reverse.low == -1 < reverse.high < -0.5
    assert compare(np.arange(50.0), np.arange(50.0), np.arange(50.0)).value == 0
