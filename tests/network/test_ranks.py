"""Ranks, cores, components and common neighbours against other people's libraries on random graphs."""

from __future__ import annotations

import networkx as nx
import numba
import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from headcount.errors import UsageError
from headcount.graph.components import components
from headcount.graph.cores import core_numbers
from headcount.graph.graph import Graph, Rows
from headcount.graph.mutual import mutual_rows
from headcount.graph.neighbours import adamic_adar, shared
from headcount.graph.ranks import pull
from headcount.graph.ranks.collusion import collusionrank
from headcount.graph.ranks.pagerank import pagerank, weighted_pagerank


def drawn(seed: int) -> Graph:
    """A random graph; some nodes follow nobody, some have nothing to do with anybody."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 120))
    edges = int(rng.integers(0, 8 * n))
    return Graph.from_edges(rng.integers(0, n, edges), (rng.random(edges) ** 2 * n).astype(int), ids=np.arange(n))


def in_networkx(graph: Graph) -> nx.DiGraph:
    made = nx.DiGraph()
    made.add_nodes_from(range(graph.count))
    made.add_edges_from((u, int(v)) for u in range(graph.count) for v in graph.followees.row(u))
    return made


ODD = {
    "empty": Graph.from_edges([], []),
    "one node": Graph.from_edges([], [], ids=np.arange(1)),
    "star": Graph.from_edges(np.arange(1, 2000), np.zeros(1999, dtype=int)),
    "circle": Graph.from_edges(np.arange(50), np.roll(np.arange(50), 1)),
    "two circles": Graph.from_edges([0, 1, 2, 3, 4, 5], [1, 2, 0, 4, 5, 3]),
    "clique": Graph.from_edges(*np.nonzero(~np.eye(60, dtype=bool))),
}
GRAPHS = [*(pytest.param(drawn(seed), id=f"random {seed}") for seed in range(12))]
GRAPHS += [pytest.param(graph, id=name) for name, graph in ODD.items()]


@pytest.fixture(params=[1, 2], ids=["1 thread", "2 threads"])
def threads(request):
    before = numba.get_num_threads()
    numba.set_num_threads(min(request.param, numba.config.NUMBA_NUM_THREADS))
    yield
    numba.set_num_threads(before)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("ahead", [1, 7, 160])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("graph", GRAPHS)
def test_sums_are_those_of_scipy_whether_asked_for_ahead_or_not(graph, kind, ahead, monkeypatch):
    rows = graph.followers
    generator = np.random.default_rng(ahead)
    given, weights = generator.random(graph.count).astype(kind), generator.random(graph.edges)
    columns, shape = rows.targets.astype(np.int64), (graph.count, graph.count)
    for near in (0, 10**9):
        monkeypatch.setattr(pull, "_NEAR", near)
        monkeypatch.setattr(pull, "_AHEAD", ahead)
        for found, values in (
            (pull.pull(rows, given), np.ones(graph.edges)),
            (pull.pull_weighted(rows, weights, given), weights),
        ):
            expected = csr_array((values, columns, rows.offsets), shape=shape) @ given.astype(float)
            assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("graph", GRAPHS)
def test_pagerank_is_that_of_networkx(graph):
    expected = nx.pagerank(in_networkx(graph), alpha=0.85, tol=1e-13, max_iter=1000)
    expected = np.array([expected[node] for node in range(graph.count)])
    found = pagerank(graph, iterations=1000, tolerance=1e-13, exact=True)
    assert found == pytest.approx(expected, rel=1e-10)
    assert pagerank(graph, iterations=100) == pytest.approx(expected, rel=2e-6)
    assert found.sum() == pytest.approx(1.0 if graph.count else 0.0)


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("seed", range(6))
def test_pagerank_over_responses_is_that_of_networkx(seed):
    graph, rng = drawn(seed), np.random.default_rng(seed)
    weights = rng.integers(0, 9, graph.edges).astype(np.float32)
    made = nx.DiGraph()
    made.add_nodes_from(range(graph.count))
    received = graph.followers
    to = np.repeat(np.arange(graph.count), np.diff(received.offsets))
    made.add_weighted_edges_from(
        (int(u), int(v), float(w)) for u, v, w in zip(received.targets, to, weights, strict=True) if w
    )
    expected = nx.pagerank(made, alpha=0.85, tol=1e-13, max_iter=1000)
    found = weighted_pagerank(received, weights, iterations=1000, tolerance=1e-13)
    assert found == pytest.approx([expected[node] for node in range(graph.count)], rel=1e-9)


def test_the_ranks_do_not_depend_on_the_threads():
    rng = np.random.default_rng(5)
    graph = Graph.from_edges(rng.integers(0, 5000, 60_000), (rng.random(60_000) ** 3 * 5000).astype(int))
    found = []
    for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
        numba.set_num_threads(threads)
        found.append((pagerank(graph), collusionrank(graph, np.arange(10))))
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    assert all(np.array_equal(one, two) for one, two in zip(*found, strict=True))


def test_collusionrank_of_a_capitalist():
    """k follows only the spammer s; s follows nobody and is followed by k and x."""
    s, k, x, other = 0, 1, 2, 3
    graph = Graph.from_edges([k, x, other], [s, s, k], ids=np.arange(4))
    found = collusionrank(graph, np.array([s]))
    assert found[[s, k, x]] == pytest.approx([-0.15, -0.06375, -0.06375])
    assert found[other] == pytest.approx(0.85 * found[k])
    assert not collusionrank(graph, np.array([], dtype=int)).any()


@pytest.mark.sampled(5)
@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("graph", GRAPHS)
def test_collusionrank_solves_its_equation(graph):
    n = graph.count
    if not n:
        assert len(collusionrank(graph, np.array([], dtype=int))) == 0
        return
    spammers = np.arange(0, n, 7)
    out = csr_array((np.ones(graph.edges), graph.followees.targets, graph.followees.offsets), shape=(n, n))
    followed = np.maximum(np.diff(graph.followers.offsets), 1)
    known = np.zeros(n)
    known[spammers] = -1 / len(spammers)
    expected = np.linalg.solve(np.eye(n) - 0.85 * out.toarray() / followed, 0.15 * known)
    found = collusionrank(graph, spammers, iterations=300)
    assert found == pytest.approx(expected, abs=1e-12)
    assert (found <= 0).all()
    assert found.sum() >= -1 - 1e-12, "what is handed on is handed on once"


@pytest.mark.parametrize("graph", GRAPHS)
def test_cores_are_those_of_networkx(graph):
    rows = mutual_rows(graph)
    made = nx.Graph()
    made.add_nodes_from(range(graph.count))
    made.add_edges_from((u, int(v)) for u in range(graph.count) for v in rows.row(u))
    expected = nx.core_number(made) if graph.count else {}
    assert core_numbers(rows).tolist() == [expected[node] for node in range(graph.count)]


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("direction", ["followees", "followers"])
def test_components_are_those_of_scipy(graph, direction):
    rows: Rows = getattr(graph, direction)
    n = graph.count
    found = components(rows)
    if n:
        adjacency = csr_array((np.ones(graph.edges), rows.targets, rows.offsets), shape=(n, n))
        count, label = connected_components(adjacency, directed=False)
        smallest = np.full(count, n)
        np.minimum.at(smallest, label, np.arange(n))
        assert found.tolist() == smallest[label].tolist()
    else:
        assert len(found) == 0


@pytest.mark.usefixtures("threads")
@pytest.mark.parametrize("graph", GRAPHS)
def test_common_neighbours_are_those_of_networkx(graph):
    rows = mutual_rows(graph)
    made = nx.Graph()
    made.add_nodes_from(range(graph.count))
    made.add_edges_from((u, int(v)) for u in range(graph.count) for v in rows.row(u))
    rng = np.random.default_rng(3)
    first, second = rng.integers(0, max(graph.count, 1), (2, 40 if graph.count > 1 else 0))
    first, second = first[first != second], second[first != second]
    pairs = list(zip(first.tolist(), second.tolist(), strict=True))
    expected = [weight for _, _, weight in nx.adamic_adar_index(made, pairs)]
    assert adamic_adar(rows, first, second) == pytest.approx(expected)
    assert shared(rows, first, second).tolist() == [len(list(nx.common_neighbors(made, u, v))) for u, v in pairs]


def test_wrong_use_is_said():
    graph = drawn(1)
    with pytest.raises(UsageError, match="damping"):
        pagerank(graph, damping=1.5)
    with pytest.raises(UsageError, match="is not an account of the graph"):
        collusionrank(graph, np.array([graph.count]))
    with pytest.raises(UsageError, match="one non-negative weight for each edge"):
        weighted_pagerank(graph.followers, np.ones(graph.edges + 1))
    with pytest.raises(UsageError, match="Pairs"):
        shared(graph.followers, np.array([0]), np.array([graph.count]))
