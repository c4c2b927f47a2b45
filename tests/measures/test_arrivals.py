"""Followers who arrived together: the stated rate of false alarms, the stated power, and what it must not see."""

from __future__ import annotations

import numpy as np
import pytest

from headcount.measures.followers.arrivals import find_arrival_clusters

DAY = 86_400.0


def world(seed, size=5000, block=0, fresh=0.15, waves=True):
    """Made and order of followers of whom `block` were made in one week and delivered in one go."""
    rng = np.random.default_rng(seed)
    follow = np.sort(rng.uniform(0, 2000, size)) * DAY + 1e9
    age = (30 + rng.exponential(500, size)) * DAY
    if waves:  # sign-up waves of the platform
        wave = 1e9 + rng.uniform(-1000, 2000, 6) * DAY
        made = wave[rng.integers(6, size=size)] + rng.normal(0, 10, size) * DAY
        age = np.where((rng.random(size) < 0.2) & (follow - made > DAY), follow - made, age)
    age = np.where(rng.random(size) < fresh, rng.exponential(2, size) * DAY, age)
    made, bought = follow - age, np.zeros(size, bool)
    if block:
        start = int(rng.integers(500, size - 500))
        bought[start + rng.choice(100, block, replace=False)] = True
        made[bought] = follow[start] - 400 * DAY + rng.uniform(0, 4, block) * DAY
    return made, np.arange(size, dtype=float), bought


@pytest.mark.parametrize(("block", "least"), [(15, 0.3), (30, 0.9)])
def test_power(block, least):
    found, of_block, others = [], [], []
    for seed in range(15):
        made, order, bought = world(seed, block=block)
        got = find_arrival_clusters(made, order, seed=seed, permutations=19)
        found.append(bool(got.blocks))
        of_block.append((got.chance[bought] > 0.5).mean())
        others.append((got.chance[~bought] > 0).sum())
    assert np.mean(found) >= least
    if block == 30:
        assert np.mean(of_block) > 0.8
        assert np.mean(others) < 10


@pytest.mark.parametrize("waves", [False, True])
@pytest.mark.parametrize(("size", "seeds"), [(3000, 30), pytest.param(5000, 200, marks=pytest.mark.long)])
def test_false_alarms(waves, size, seeds):
    alarms = sum(bool(find_arrival_clusters(*world(seed, size, waves=waves)[:2], permutations=19, seed=seed).blocks)
                 for seed in range(seeds))  # fmt: skip
    print(f"\n{alarms} of {seeds} lists without a block ({'with' if waves else 'no'} waves)")
    assert alarms <= 0.05 * seeds + 3 * np.sqrt(0.05 * 0.95 * seeds)


def test_what_is_reported():
    made, order, bought = world(3, block=60)
    got = find_arrival_clusters(made, order)
    block = got.blocks[0]
    assert block.followers > 10 * block.expected
    assert abs(block.made_from - made[bought].min()) <= 7 * DAY
    row = int(np.flatnonzero(bought & (got.chance > 0))[0])
    assert got.chance[row] == pytest.approx((got.seen[row] - got.expected[row]) / got.seen[row])
    assert got.window == 200


def test_order_may_come_in_any_order_and_unknown_stays_unknown():
    made, order, _ = world(4, block=40)
    shuffle = np.random.default_rng(0).permutation(len(made))
    one, other = (
        find_arrival_clusters(made, order).chance[shuffle],
        find_arrival_clusters(made[shuffle], order[shuffle]).chance,
    )
    assert np.array_equal(one, other, equal_nan=True)
    hidden = order.copy()
    hidden[::10] = np.nan
    assert np.isnan(find_arrival_clusters(made, hidden).chance[::10]).all()


@pytest.mark.parametrize("size", [0, 1, 700])
def test_a_short_list_says_nothing(size):
    made, order, _ = world(5, size=max(size, 1))
    got = find_arrival_clusters(made[:size], order[:size])
    assert got.window == 0
    assert np.isnan(got.chance).all()
    assert got.blocks == ()


def test_people_who_join_the_platform_and_follow_at_once_are_no_block():
    made, order, _ = world(6, size=4000)
    follow = np.maximum.accumulate(made)
    made[2000:2100] = follow[1999] + np.linspace(0, 1, 100) * DAY
    got = find_arrival_clusters(made, order)
    assert not (got.chance[2000:2100] > 0).any()
