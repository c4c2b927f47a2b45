"""Binned pictures and reciprocity by size against brute force."""

from __future__ import annotations

import numpy as np

from headcount.network.figures import binned, by_size


def test_cells_count_every_account_once_and_know_the_zeros():
    generator = np.random.default_rng(3)
    x = generator.integers(0, 5000, 3000)
    y = np.minimum(generator.poisson(x / 40), x)
    figure = binned(x, y)
    counts = np.array(figure.counts)
    assert figure.accounts == counts.sum() == (x > 0).sum()
    assert figure.left_out == (x == 0).sum()
    assert counts[0].sum() == ((x > 0) & (y == 0)).sum()
    for column in range(counts.shape[1]):
        low, high = (10 ** ((figure.x_first + column + step) / 4) for step in (0, 1))
        inside = (x >= low - 1e-6) & (x < high - 1e-6) & (x > 0)
        assert counts[:, column].sum() == inside.sum()
        if inside.any():
            median = np.quantile(y[inside], 0.5, method="inverted_cdf")
            assert abs(figure.median[column] - median) <= (0 if median < 21 else 0.05 * median + 1)


def test_powers_of_ten_begin_their_class():
    figure = binned(np.array([1, 10, 100, 1000]), np.array([1, 10, 100, 1000]))
    counts = np.array(figure.counts)
    assert (figure.x_first, figure.y_first) == (0, 0)
    assert [tuple(cell) for cell in np.argwhere(counts)] == [(1, 0), (5, 4), (9, 8), (13, 12)]


def test_unknown_and_nobody():
    assert binned(np.array([3, 4]), np.array([np.nan, np.nan])) is None
    assert binned(np.zeros(3, int), np.ones(3)) is None
    assert binned(np.array([5, 6]), np.array([np.nan, 2.0])).accounts == 1


def test_scores_below_one_have_their_own_rows():
    figure = binned(np.array([1, 1, 1]), np.array([0.01, 1.0, 100.0]))
    assert figure.y_first == -8
    assert sum(map(sum, figure.counts)) == 3
    assert not any(figure.counts[0])


def test_reciprocity_by_size():
    generator = np.random.default_rng(4)
    followees = generator.integers(0, 2000, 5000)
    mutual = generator.binomial(followees, 0.3)
    classes = by_size(followees, mutual)
    assert sum(row.accounts for row in classes) == (followees > 0).sum()
    assert [(row.low, row.high) for row in classes[:3]] == [(1, 3), (4, 9), (10, 31)]
    for row in classes:
        inside = (followees >= row.low) & (followees <= row.high)
        assert row.accounts == inside.sum()
        assert row.returned == mutual[inside].sum() / followees[inside].sum()
        exact = np.quantile(mutual[inside] / followees[inside], [0.25, 0.5, 0.75], method="inverted_cdf")
        np.testing.assert_allclose([row.lower, row.median, row.upper], exact, atol=0.006)
    assert by_size(np.zeros(2, int), np.zeros(2, int)) == []
