import numba
import numpy as np
import pytest
import scipy.sparse as sp

from headcount.graph import mutual
from headcount.graph.degrees import degrees
from headcount.graph.graph import Graph
from headcount.graph.mutual import mutual_degrees, mutual_rows, reciprocity


@pytest.mark.parametrize("parts", [1, 2, 7])
@pytest.mark.parametrize("seed", range(5))
def test_mutual_is_that_of_scipy(seed, parts, monkeypatch):
    numba.set_num_threads(min(parts, numba.config.NUMBA_NUM_THREADS))
    monkeypatch.setattr(mutual, "threads", lambda: parts)
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 80))
    graph = Graph.from_edges(rng.integers(0, n, 6 * n), rng.integers(0, n, 6 * n), ids=np.arange(n))
    out = sp.csr_array((np.ones(graph.edges), graph.followees.targets, graph.followees.offsets), shape=(n, n))
    both = out.multiply(out.T).tocsr()
    both.sort_indices()
    rows = mutual_rows(graph)
    assert np.array_equal(degrees(graph.followers), np.asarray(out.sum(axis=0)))
    assert np.array_equal(rows.offsets, both.indptr)
    assert np.array_equal(rows.targets, both.indices)
    assert np.array_equal(mutual_degrees(graph), np.diff(both.indptr))
    assert reciprocity(graph) == pytest.approx(both.nnz / out.nnz)


def test_no_follows():
    assert reciprocity(Graph.from_edges([], [])) is None
