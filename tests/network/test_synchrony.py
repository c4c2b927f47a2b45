"""Synchrony: golden value, the lower limit as a property, extremes, a planted block among ordinary accounts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headcount.graph.graph import Graph
from headcount.graph.groups.synchrony import authorities, least_synchrony, synchrony


def graph_of(pairs, count) -> Graph:
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return Graph.from_edges(pairs[:, 0], pairs[:, 1], ids=np.arange(count))


def ordinary(rng, count, edges):
    popular = rng.permutation(count)[np.minimum((rng.pareto(1.1, edges) * 5).astype(int), count - 1)]
    return np.stack([rng.integers(0, count, edges), popular], axis=1)


def test_the_least_synchrony_is_the_golden_value():
    assert least_synchrony(np.array([0.42]), np.array([0.5, 0.3, 0.2]))[0] == pytest.approx(0.494286, abs=5e-7)


def test_the_least_synchrony_is_a_numerical_minimum():
    from scipy.optimize import minimize

    b, n = np.array([0.4, 0.3, 0.2, 0.1]), 0.27
    limits = [{"type": "eq", "fun": lambda f: f.sum() - 1}, {"type": "eq", "fun": lambda f: f @ b - n}]
    best = minimize(lambda f: f @ f, np.full(4, 0.25), constraints=limits, options={"ftol": 1e-14})
    assert least_synchrony(np.array([n]), b)[0] == pytest.approx(best.fun, abs=1e-7)


@given(seed=st.integers(0, 2**32 - 1), edges=st.integers(1, 400))
@settings(max_examples=40, deadline=None)
def test_nobody_is_below_the_least_synchrony(seed, edges):
    rng = np.random.default_rng(seed)
    graph = graph_of(ordinary(rng, 60, edges), 60)
    found = synchrony(graph.followees, graph.followers)
    # The excess is judged for 20 followees and more only; the identity holds for everybody.
    background = _background(graph)
    known = ~np.isnan(found.synchrony)
    assert (found.synchrony[known] >= least_synchrony(found.normality[known], background) - 1e-9).all()
    assert (found.synchrony[known] <= 1 + 1e-12).all()
    assert np.array_equal(known, np.diff(graph.followees.offsets) > 0)


def _background(graph):
    """b_g by its definition, with logarithms."""
    popularity = np.diff(graph.followers.offsets)
    authority = authorities(graph.followees, graph.followers)
    cells = {}
    for size, rank in zip(popularity[popularity > 0], authority[popularity > 0], strict=True):
        key = (int(np.floor(np.log2(size))), int(np.floor(np.log2(rank))) if rank > 0 else None)
        cells[key] = cells.get(key, 0) + 1
    return np.array(list(cells.values())) / (popularity > 0).sum()


def test_authority_is_that_of_ten_rounds_with_matrices():
    rng = np.random.default_rng(1)
    graph = graph_of(ordinary(rng, 80, 500), 80)
    matrix = np.zeros((80, 80))
    for u in range(80):
        matrix[u, graph.followees.targets[graph.followees.offsets[u] : graph.followees.offsets[u + 1]]] = 1
    hubs = np.ones(80)
    for _ in range(10):
        authority = matrix.T @ hubs
        authority /= np.linalg.norm(authority)
        hubs = matrix @ authority
        hubs /= np.linalg.norm(hubs)
    np.testing.assert_allclose(authorities(graph.followees, graph.followers), authority, rtol=1e-12, atol=1e-300)


def test_all_followees_in_one_cell_gives_one():
    pairs = [(u, v) for u in range(30) for v in range(30, 60)]
    graph = graph_of(pairs, 60)
    found = synchrony(graph.followees, graph.followers)
    np.testing.assert_allclose(found.synchrony[:30], 1)
    np.testing.assert_allclose(found.normality[:30], 1)
    assert np.isnan(found.synchrony[30:]).all()
    assert not found.flagged.any()


def test_followers_of_a_bought_list_are_flagged_and_ordinary_ones_are_not():
    rng = np.random.default_rng(11)
    count = 6000
    pairs = ordinary(rng, count, 300_000)
    buyers = np.arange(count, count + 60)
    bought = np.arange(count + 60, count + 160)
    follows = np.stack(np.meshgrid(bought, buyers, indexing="ij"), axis=-1).reshape(-1, 2)
    follows = follows[rng.random(len(follows)) < 0.8]
    graph = graph_of(np.concatenate([pairs, follows]), count + 160)
    found = synchrony(graph.followees, graph.followers)
    assert found.flagged[bought].mean() > 0.95
    assert found.flagged[:count].mean() < 0.02


def test_an_empty_graph_has_no_synchrony():
    graph = graph_of([], 4)
    found = synchrony(graph.followees, graph.followers)
    assert np.isnan(found.synchrony).all()
    assert np.isnan(found.threshold)
    assert not found.flagged.any()
