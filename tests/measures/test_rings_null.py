"""Rewiring keeps the degrees, significance keeps its level, the line of usual conversation is what it says."""

from __future__ import annotations

from math import comb, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headcount.graph.graph import Rows
from headcount.graph.groups.close_groups import _closest_first, close_groups
from headcount.graph.groups.group_counts import partners_along_ties
from headcount.graph.groups.rewiring import rewired
from headcount.measures.circuits.evidence import Tally, conversation_ratio, expected_partners
from headcount.measures.circuits.null_model import _busiest, _tied_only, compare_with_null_model


def ties(first, second, count) -> Rows:
    """Undirected graph of the ties given."""
    key = np.unique(np.concatenate([first * count + second, second * count + first]))
    key = key[key // count != key % count]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(key // count, minlength=count))]).astype(np.int64)
    return Rows(offsets, (key % count).astype(np.uint32))


def random_ties(seed, count=800, number=4000, skew=1.5) -> Rows:
    rng = np.random.default_rng(seed)
    weight = rng.pareto(skew, count) + 0.3
    return ties(*rng.choice(count, (2, number), p=weight / weight.sum()), count)


def owners(graph):
    return np.repeat(np.arange(len(graph.offsets) - 1), np.diff(graph.offsets))


@pytest.mark.parametrize("seed", range(5))
def test_rewiring_keeps_every_degree_and_makes_a_simple_graph(seed):
    graph = random_ties(seed)
    carried = np.arange(len(graph.targets)) % 7
    random, moved = rewired(graph, np.random.default_rng(seed), carried)
    np.testing.assert_array_equal(np.diff(random.offsets), np.diff(graph.offsets))
    owner = owners(random)
    key = owner * 800 + random.targets
    assert (np.diff(key) > 0).all()
    assert (owner != random.targets).all()
    assert np.array_equal(np.sort(random.targets.astype(int) * 800 + owner), key)
    assert np.isin(key, owners(graph) * 800 + graph.targets).mean() < 0.5
    for value in range(7):
        before = np.bincount(owners(graph)[carried == value], minlength=800)
        np.testing.assert_array_equal(np.bincount(owner[moved == value], minlength=800), before)


def test_rewiring_a_graph_without_another_arrangement_returns_it():
    first, second = np.triu_indices(12, 1)
    graph = ties(first, second, 12)
    random, _ = rewired(graph, np.random.default_rng(0))
    assert (np.diff(random.offsets) <= 11).all()


def test_rewired_graphs_are_uniform_on_a_graph_that_can_be_counted():
    """Three ties, all degrees 1: 15 arrangements, all as likely."""
    graph = ties(np.array([0, 2, 4]), np.array([1, 3, 5]), 6)
    rng = np.random.default_rng(1)
    seen = {}
    for _ in range(3000):
        partner = tuple(rewired(graph, rng)[0].targets.tolist())
        seen[partner] = seen.get(partner, 0) + 1
    assert len(seen) == 15
    counts = np.array(list(seen.values()))
    assert ((counts - 200) ** 2 / 200).sum() < 36.1  # 99.9% of chi-square with 14 degrees


def significant_worlds(seeds) -> int:
    """Random graphs in which any group is significant."""
    worlds = 0
    for seed in seeds:
        graph, _ = rewired(random_ties(seed), np.random.default_rng(seed + 100))
        groups = close_groups(graph)
        chance = compare_with_null_model(graph, groups, draws=20, seed=0, least_members=10)
        worlds += bool(((chance.significance <= 0.05) & (chance.surprise > 0)).any())
    return worlds


def test_random_graphs_hold_no_significant_group():
    assert significant_worlds(range(8)) <= 2  # 5% of 8 are 0.4; more than 2 has a chance of 0.6%


@pytest.mark.long
def test_the_significance_keeps_its_level():
    assert significant_worlds(range(300)) <= 0.05 * 300 + 2 * np.sqrt(0.05 * 0.95 * 300)


def test_a_planted_group_is_significant_even_where_it_is_most_of_the_graph():
    rng = np.random.default_rng(3)
    first, second = np.triu_indices(300, 1)
    tied = rng.random(len(first)) < 0.7
    outside = rng.integers(300, 2000, (2, 2000))
    graph = ties(np.concatenate([first[tied], outside[0]]), np.concatenate([second[tied], outside[1]]), 2000)
    groups = close_groups(graph)
    assert groups.members(0).tolist() == list(range(300))
    chance = compare_with_null_model(graph, groups, draws=20, seed=0, least_members=10)
    assert chance.significance[0] == pytest.approx(1 / 21)
    assert chance.surprise[0] > 0


def test_worth_is_the_bound_of_the_definition():
    first, second = np.triu_indices(15, 1)
    graph = ties(first, second, 200)
    groups = close_groups(graph)
    assert groups.size.tolist() == [15]
    assert groups.worth[0] == pytest.approx(105 * log(1 / 0.03) - log(comb(200, 15)))


def test_two_dense_groups_joined_by_a_few_ties_stay_two():
    rng = np.random.default_rng(4)
    first, second = np.triu_indices(40, 1)
    tied = rng.random((2, len(first))) < 0.5
    bridge = rng.integers(0, 40, (2, 40))
    graph = ties(
        np.concatenate([first[tied[0]], 40 + first[tied[1]], bridge[0]]),
        np.concatenate([second[tied[0]], 40 + second[tied[1]], 40 + bridge[1]]),
        500,
    )
    groups = close_groups(graph)
    assert sorted(groups.members(g).tolist() for g in range(len(groups))) == [list(range(40)), list(range(40, 80))]


def test_a_large_graph_is_rewired_among_its_busiest_accounts():
    graph = random_ties(1)
    none = np.full(800, -1)
    part = _busiest(graph, none, 500)
    degree, kept = np.diff(graph.offsets), np.diff(part.offsets)
    assert 300 < len(part.targets) / 2 <= 500
    assert degree[kept > 0].min() >= np.median(degree[degree > 0])
    assert np.array_equal(np.sort(part.targets.astype(int) * 800 + owners(part)), owners(part) * 800 + part.targets)
    everything = _busiest(graph, none, 10**6)
    assert np.array_equal(everything.targets, graph.targets)
    assert np.array_equal(everything.offsets, graph.offsets)


def test_ties_within_closed_groups_are_not_rewired():
    graph = random_ties(1)
    label = np.where(np.arange(800) < 200, 0, -1)
    part = _busiest(graph, label, 10**6)
    inside = (owners(graph) < 200) & (graph.targets < 200)
    assert inside.sum() > 0
    assert np.array_equal(part.targets, graph.targets[~inside])
    assert np.array_equal(owners(part), owners(graph)[~inside])


def test_accounts_without_ties_count_among_those_to_choose_from_and_take_no_room():
    graph = random_ties(1)
    wide = Rows(np.concatenate([graph.offsets, np.full(5000, graph.offsets[-1])]), graph.targets)
    narrow = _tied_only(wide)
    assert len(narrow.offsets) - 1 == (np.diff(graph.offsets) > 0).sum()
    groups, alike = close_groups(wide, least_members=3), close_groups(narrow, least_members=3, accounts=5800)
    assert np.array_equal(groups.worth, alike.worth)
    assert np.array_equal(groups.size, alike.size)


@given(st.lists(st.floats(0, 1, width=32, exclude_min=True), max_size=60))
def test_ties_are_sorted_from_the_closest_down_and_equals_stay_as_they_are(closeness):
    values = np.array(closeness + closeness[:20], np.float32)
    number = np.arange(len(values), dtype=np.uint32)
    first, second = _closest_first(number, number + 7, values)
    expected = np.argsort(-values, kind="stable")
    assert np.array_equal(first, expected)
    assert np.array_equal(second, expected + 7)


def test_partners_are_counted_once_however_many_rows_name_them():
    graph = random_ties(1)
    rng = np.random.default_rng(3)
    pick = rng.integers(0, len(graph.targets), 3000)
    actor = np.concatenate([owners(graph)[pick], rng.integers(0, 800, 3000)])
    target = np.concatenate([graph.targets[pick].astype(np.int64), rng.integers(0, 800, 3000)])
    times, label = rng.integers(1, 4, 6000), rng.integers(-1, 3, 800)
    within, often, partners = partners_along_ties(graph.offsets, graph.targets, actor, target, times, label)
    tied = set(zip(owners(graph).tolist(), graph.targets.tolist(), strict=True))
    addressed = {}
    for u, v, count in zip(actor.tolist(), target.tolist(), times.tolist(), strict=True):
        if (u, v) in tied:
            addressed[u, v] = addressed.get((u, v), 0) + count
    inside = {pair: count for pair, count in addressed.items() if label[pair[0]] == label[pair[1]] >= 0}
    assert len(inside) > 100
    for account in range(800):
        assert partners[account] == sum(u == account for u, _ in addressed)
        assert within[account] == sum(u == account for u, _ in inside)
        assert often[account] == sum(count for (u, _), count in inside.items() if u == account)


def test_the_usual_line_rises_and_grows_slowly_beyond_what_is_known():
    rng = np.random.default_rng(5)
    k = rng.integers(1, 100, 5000)
    usual = expected_partners(Tally.of(k, rng.poisson(0.6 * k**0.75 * rng.gamma(2.0, 0.5, 5000))))
    for at in (3, 10, 40):
        assert usual(np.array([at]))[0] == pytest.approx(0.6 * at**0.75, rel=0.15)
    assert (np.diff(usual.partners) >= 0).all()
    assert usual(np.array([100 * usual.ties[-1]]))[0] == pytest.approx(10 * usual.partners[-1])
    assert usual.spread == pytest.approx(0.5, abs=0.1)
    assert expected_partners(Tally.of(k[:49], k[:49])) is None


def test_the_interval_of_the_conversation_holds_the_truth():
    rng = np.random.default_rng(6)
    covered = 0
    for _ in range(300):
        k = rng.integers(1, 60, 1000)
        mean = 0.5 * k**0.8 * rng.gamma(1.5, 1 / 1.5, 1000)
        usual = expected_partners(Tally.of(k, rng.poisson(mean)))
        members = rng.integers(10, 50, 40)
        talk = rng.poisson(0.4 * 0.5 * members**0.8 * rng.gamma(1.5, 1 / 1.5, 40))
        ratio = conversation_ratio(members, talk, usual)
        covered += ratio.low <= 0.4 <= ratio.high
    assert covered / 300 >= 0.93


def test_a_tally_counts_every_account_once_and_takes_others_off():
    rng = np.random.default_rng(7)
    k, a = rng.integers(0, 5000, 1000), rng.integers(0, 50, 1000)
    whole, part = Tally.of(k, a), Tally.of(k[:300], a[:300])
    rest = Tally.of(k[300:], a[300:])
    for name in ("accounts", "ties", "partners", "squares"):
        np.testing.assert_array_equal(getattr(whole - part, name), getattr(rest, name))
    assert whole.accounts.sum() == (k > 0).sum()
    assert whole.ties.sum() == k.sum()
    assert whole.squares.sum() == (a[k > 0] ** 2).sum()
    small = Tally.of(np.arange(1, 33), np.ones(32, np.int64))
    assert small.accounts.max() == 1
    mean = whole.ties[whole.accounts > 0] / whole.accounts[whole.accounts > 0]
    assert (np.diff(mean) > 0).all()


def test_nothing_to_compare_with_is_unknown():
    assert conversation_ratio(np.array([3, 4]), np.array([0, 0]), None) is None
    usual = expected_partners(Tally.of(np.full(100, 5), np.zeros(100, np.int64)))
    assert conversation_ratio(np.full(20, 5), np.zeros(20, np.int64), usual) is None
