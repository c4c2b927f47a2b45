"""Dense blocks: golden value, brute force, plain heap against bounded search, camouflage, several blocks."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from headcount.graph.graph import Graph, Rows
from headcount.graph.groups.dense_blocks import dense_block_by_heap, dense_blocks, dense_groups


def graph_of(pairs, count) -> Graph:
    """A graph of `count` accounts from (source, target) rows."""
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    return Graph.from_edges(pairs[:, 0], pairs[:, 1], ids=np.arange(count))


def rows_of(pairs, count) -> Rows:
    """An undirected graph: every pair in the rows of both ends."""
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    return graph_of(both, count).followees


def background(rng, count, edges):
    """Follows with heavy-tailed popularity."""
    popular = rng.permutation(count)[np.minimum((rng.pareto(1.2, edges) * 3).astype(int), count - 1)]
    return np.stack([rng.integers(0, count, edges), popular], axis=1)


def block(rng, sources, targets, density):
    rows, columns = np.meshgrid(sources, targets, indexing="ij")
    kept = rng.random(rows.shape) < density
    return np.stack([rows[kept], columns[kept]], axis=1)


def score_of(graph, sources, targets):
    """g by its definition."""
    weight = 1 / np.log(np.diff(graph.followers.offsets) + 5.0)
    total = 0.0
    for u in sources:
        row = graph.followees.targets[graph.followees.offsets[u] : graph.followees.offsets[u + 1]]
        total += weight[row[np.isin(row, targets)]].sum()
    return total / (len(sources) + len(targets))


def test_a_complete_block_alone_has_the_golden_score():
    graph = graph_of(list(product(range(20), range(20, 30))), 30)
    (found,) = dense_blocks(graph.followees, graph.followers)
    assert found.score == pytest.approx(200 / np.log(25) / 30, abs=1e-8)
    assert found.score == pytest.approx(2.0711, abs=5e-5)
    assert found.sources.tolist() == list(range(20))
    assert found.targets.tolist() == list(range(20, 30))
    assert found.follows == 200


@pytest.mark.parametrize("seed", range(12))
def test_never_below_half_of_the_best_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    count = 8
    pairs = np.argwhere(rng.random((count, count)) < rng.uniform(0.1, 0.8)) + np.array([0, count])
    graph = graph_of(pairs, 2 * count)
    (found,) = dense_blocks(graph.followees, graph.followers)
    subsets = ((np.arange(1, 2**count)[:, None] >> np.arange(count)) & 1).astype(float)
    matrix = np.zeros((count, count))
    matrix[pairs[:, 0], pairs[:, 1] - count] = 1
    matrix /= np.log(matrix.sum(axis=0) + 5)
    mass = subsets @ matrix @ subsets.T
    best = (mass / (subsets.sum(1)[:, None] + subsets.sum(1)[None, :])).max()
    assert best / 2 - 1e-9 <= found.score <= best + 1e-9
    assert found.score == pytest.approx(score_of(graph, found.sources, found.targets), rel=1e-8)


@pytest.mark.parametrize("planted", [0, 15, 60])
@pytest.mark.parametrize("seed", range(4))
def test_the_bounded_search_gives_the_block_of_the_plain_heap(seed, planted):
    rng = np.random.default_rng([seed, planted])
    count = 1500
    pairs = background(rng, count, 9000)
    if planted:
        members = rng.permutation(count)[: 2 * planted]
        pairs = np.concatenate([pairs, block(rng, members[:planted], members[planted:], 0.5)])
    graph = graph_of(pairs, count)
    plain = dense_block_by_heap(graph.followees, graph.followers)
    (found,) = dense_blocks(graph.followees, graph.followers)
    assert found.score == plain.score
    np.testing.assert_array_equal(found.sources, plain.sources)
    np.testing.assert_array_equal(found.targets, plain.targets)
    assert found.score == pytest.approx(score_of(graph, found.sources, found.targets), rel=1e-8)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scale", [0.02, 0.3])
def test_priors_count_and_both_forms_agree(seed, scale):
    rng = np.random.default_rng(seed)
    graph = graph_of(background(rng, 400, 2500), 400)
    priors = rng.exponential(scale, 800)
    plain = dense_block_by_heap(graph.followees, graph.followers, priors=priors)
    (found,) = dense_blocks(graph.followees, graph.followers, priors=priors)
    expected = score_of(graph, found.sources, found.targets)
    expected += (priors[found.sources].sum() + priors[400 + found.targets].sum()) / (
        len(found.sources) + len(found.targets)
    )
    assert found.score == plain.score == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("camouflage", ["none", "random", "popular"])
def test_camouflage_does_not_lower_recall(camouflage):
    rng = np.random.default_rng(7)
    count, size = 4000, 200
    pairs = background(rng, count, 30_000)
    sources, targets = np.arange(count, count + size), np.arange(count + size, count + 2 * size)
    planted = block(rng, sources, targets, 0.3)
    extra = np.zeros((0, 2), np.int64)
    if camouflage == "random":
        extra = np.stack([rng.choice(sources, len(planted)), rng.integers(0, count, len(planted))], axis=1)
    if camouflage == "popular":
        extra = np.stack([rng.choice(sources, len(planted)), rng.choice(pairs[:, 1], len(planted))], axis=1)
    graph = graph_of(np.concatenate([pairs, planted, extra]), count + 2 * size)
    (found,) = dense_blocks(graph.followees, graph.followers)
    assert np.isin(sources, found.sources).mean() == 1
    assert np.isin(targets, found.targets).mean() == 1
    assert np.isin(found.sources, sources).mean() > 0.95


def test_several_blocks_come_one_after_the_other():
    rng = np.random.default_rng(3)
    pairs = [background(rng, 2000, 6000)]
    truth = []
    for number, density in enumerate([0.9, 0.7, 0.5]):
        sources = 2000 + 100 * number + np.arange(40)
        truth.append(set(sources.tolist()))
        pairs.append(block(rng, sources, sources + 50, density))
    graph = graph_of(np.concatenate(pairs), 2400)
    found = dense_blocks(graph.followees, graph.followers, most=3)
    assert [set(b.sources.tolist()) for b in found] == truth
    assert found[0].score > found[1].score > found[2].score


def test_follows_are_taken_out_until_none_is_left():
    pairs = [*product(range(4), range(4, 8)), (8, 9)]
    graph = graph_of(pairs, 10)
    found = dense_blocks(graph.followees, graph.followers, most=10)
    assert [b.follows for b in found] == [16, 1]


def test_groups_of_mutual_follows_by_brute_force_and_by_the_plain_heap():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        pairs = np.argwhere(np.triu(rng.random((11, 11)) < 0.35, 1))
        rows = rows_of(pairs, 11)
        (found,) = dense_groups(rows)
        subsets = ((np.arange(1, 2**11)[:, None] >> np.arange(11)) & 1).astype(bool)
        best = max((s[pairs[:, 0]] & s[pairs[:, 1]]).sum() / s.sum() for s in subsets)
        assert best / 2 <= found.score <= best
        plain = dense_groups(rows, bounded=False)[0]
        assert (found.members.tolist(), found.score) == (plain.members.tolist(), plain.score)
        assert found.ties == round(found.score * len(found.members))


def test_groups_agree_with_the_core_of_networkx_on_a_larger_graph():
    networkx = pytest.importorskip("networkx")
    rng = np.random.default_rng(5)
    members = np.arange(40)
    pairs = np.concatenate([rng.integers(0, 1000, (4000, 2)), block(rng, members, members, 0.6)])
    pairs = np.unique(np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1), axis=0)
    (found,) = dense_groups(rows_of(pairs, 1000))
    reference = networkx.Graph(pairs.tolist())
    cores = networkx.core_number(reference)
    densest = max(
        reference.subgraph([v for v in cores if cores[v] >= k]).size() / sum(c >= k for c in cores.values())
        for k in set(cores.values())
    )
    assert found.score >= densest
    assert found.score == pytest.approx(reference.subgraph(found.members.tolist()).size() / len(found.members))
    assert set(found.members.tolist()) == set(range(40))


def test_nothing_to_find_and_wrong_arguments():
    empty = graph_of([], 5)
    assert dense_blocks(empty.followees, empty.followers) == ()
    assert dense_block_by_heap(empty.followees, empty.followers) is None
    assert dense_groups(empty.followees) == ()
    with pytest.raises(ValueError, match="65 blocks"):
        dense_blocks(empty.followees, empty.followers, most=65)
    with pytest.raises(ValueError, match="priors"):
        dense_blocks(empty.followees, empty.followers, priors=np.full(10, -1.0))
