import json

import numpy as np
import pytest
import scipy.sparse as sp

from headcount.errors import InputError, UsageError
from headcount.graph.graph import Graph, open_graph


def test_rows_are_those_of_scipy():
    rng = np.random.default_rng(1)
    u, v = rng.integers(0, 50, 900), rng.integers(0, 50, 900)
    graph = Graph.from_edges(u, v, ids=np.arange(60))
    kept = u != v
    known = sp.csr_array((np.ones(kept.sum()), (u[kept], v[kept])), shape=(60, 60))
    known.sum_duplicates()
    for rows, matrix in ((graph.followees, known), (graph.followers, known.T.tocsr())):
        matrix.sort_indices()
        assert np.array_equal(rows.offsets, matrix.indptr)
        assert np.array_equal(rows.targets, matrix.indices)


def test_empty():
    graph = Graph.from_edges([], [])
    assert (graph.count, graph.edges) == (0, 0)


@pytest.mark.parametrize(("u", "v"), [([0], [1, 2]), ([-1], [0]), ([0.5], [1.0])])
def test_wrong_edges_are_refused(u, v):
    with pytest.raises(InputError):
        Graph.from_edges(u, v)


def test_opened_as_written(tmp_path):
    graph = Graph.from_edges([0, 1, 2], [1, 2, 0])
    with pytest.raises(UsageError):
        open_graph(tmp_path)
    for name, rows in (("followees", graph.followees), ("followers", graph.followers)):
        np.save(tmp_path / f"{name}_offsets.npy", rows.offsets)
        np.save(tmp_path / f"{name}_targets.npy", rows.targets)
    np.save(tmp_path / "ids.npy", graph.ids)
    (tmp_path / "graph.json").write_text(json.dumps({"version": 1}))
    again = open_graph(tmp_path)
    assert np.array_equal(again.followers.targets, graph.followers.targets)
    (tmp_path / "graph.json").write_text(json.dumps({"version": 2}))
    with pytest.raises(InputError, match="version 2"):
        open_graph(tmp_path)


@pytest.mark.parametrize("seed", range(4))
def test_large_lists_are_arranged_as_small_ones_are_sorted(seed, monkeypatch):
    """By counting and by comparing: two ways that share nothing. Repetitions, self-loops, accounts without follows."""
    rng = np.random.default_rng(seed)
    count = (1, 7, 300, 5000)[seed]
    source, target = (rng.random((2, 20_000)) ** 2 * count).astype((np.int64, np.uint32)[seed % 2])
    names = np.arange(count + 5)
    sorted_ = Graph.from_edges(source, target, ids=names)
    monkeypatch.setattr("headcount.graph.graph.SMALL", 0)
    counted = Graph.from_edges(source, target, ids=names)
    for one, other in ((sorted_.followees, counted.followees), (sorted_.followers, counted.followers)):
        np.testing.assert_array_equal(one.offsets, other.offsets)
        np.testing.assert_array_equal(one.targets, other.targets)
        assert other.targets.dtype == np.uint32
