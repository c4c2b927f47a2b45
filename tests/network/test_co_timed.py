"""Co-timed groups: definition by brute force, planted groups, chance, limits."""

from __future__ import annotations

import numpy as np
import pytest

from headcount.errors import UsageError
from headcount.graph.groups import co_timed
from headcount.graph.groups.co_timed import co_timed_groups, co_timed_pairs


def chance(rng, people, targets, actions, span=86_400.0 * 30):
    return rng.integers(0, people, actions), rng.integers(0, targets, actions), rng.uniform(0, span, actions)


def planted(rng, members, targets, share, jitter, span=86_400.0 * 30):
    """Each member joins `share` of the common actions within `jitter` seconds."""
    rows = [
        (member, target, moment + rng.uniform(0, jitter))
        for target, moment in zip(targets, rng.uniform(0, span, len(targets)), strict=True)
        for member in members
        if rng.random() < share
    ]
    actor, target, at = map(np.array, zip(*rows, strict=True))
    return actor, target, at


def largest_matching(a, b, window):
    """By networkx, as a check on the greedy one."""
    import networkx

    graph = networkx.Graph()
    graph.add_edges_from((("a", i), ("b", j)) for i, x in enumerate(a) for j, y in enumerate(b) if abs(x - y) <= window)
    return len(networkx.max_weight_matching(graph, maxcardinality=True))


@pytest.mark.parametrize("seed", range(5))
def test_similarity_by_its_definition(seed):
    pytest.importorskip("networkx")
    rng = np.random.default_rng(seed)
    actor, target, at = chance(rng, 6, 3, 60, span=300.0)
    at[rng.random(60) < 0.1] = np.nan
    first, second, similarity = co_timed_pairs(actor, target, at, window=20.0, threshold=0.01, least_actions=2)
    found = dict(zip(zip(first.tolist(), second.tolist(), strict=True), similarity, strict=True))
    for u in range(6):
        for v in range(u + 1, 6):
            size = [(actor == w) & ~np.isnan(at) for w in (u, v)]
            matches = sum(
                largest_matching(at[size[0] & (target == t)], at[size[1] & (target == t)], 20.0) for t in range(3)
            )
            expected = matches / (size[0].sum() + size[1].sum() - matches)
            assert found.get((u, v), 0.0) == pytest.approx(expected)


def test_a_planted_group_is_found_among_chance_and_alone():
    rng = np.random.default_rng(4)
    parts = [
        chance(rng, 3000, 500, 60_000),
        planted(rng, np.arange(3000, 3020), rng.integers(0, 500, 30), 0.95, 30.0),
        planted(rng, np.arange(3020, 3032), rng.integers(0, 500, 30), 0.95, 30.0),
    ]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    groups = co_timed_groups(*columns)
    assert [g.members.tolist() for g in groups] == [list(range(3000, 3020)), list(range(3020, 3032))]
    assert all(0.5 <= g.similarity <= 1 for g in groups)
    assert groups[0].actions == np.isin(columns[0], groups[0].members).sum()


def test_order_of_the_rows_does_not_matter():
    rng = np.random.default_rng(9)
    columns = planted(rng, np.arange(10), rng.integers(0, 50, 20), 0.9, 50.0)
    order = rng.permutation(len(columns[0]))
    straight, mixed = co_timed_groups(*columns), co_timed_groups(*(c[order] for c in columns))
    assert len(straight) == 1
    assert straight[0].members.tolist() == mixed[0].members.tolist()
    assert straight[0].similarity == pytest.approx(mixed[0].similarity)


def test_a_burst_of_single_follows_is_no_group():
    """A hundred strangers follow one account within a minute, as after a mention by somebody famous."""
    rng = np.random.default_rng(2)
    at = rng.uniform(0, 60, 100)
    assert co_timed_groups(np.arange(100), np.zeros(100, np.int64), at) == ()
    assert len(co_timed_groups(np.arange(100), np.zeros(100, np.int64), at, least_actions=1)) == 1


def test_unknown_times_and_no_rows_give_no_group():
    none = np.zeros(0, np.int64)
    assert co_timed_groups(none, none, np.zeros(0)) == ()
    people = np.repeat(np.arange(10), 5)
    assert co_timed_groups(people, np.tile(np.arange(5), 10), np.full(50, np.nan)) == ()


def test_too_many_pairs_are_refused_before_memory_is_taken(monkeypatch):
    monkeypatch.setattr(co_timed, "MAX_PAIRS", 1000)
    rng = np.random.default_rng(0)
    with pytest.raises(UsageError, match="narrower window"):
        co_timed_groups(*chance(rng, 100, 2, 2000, span=100.0))
