"""A uniform sample of the followers: the estimates hold the truth, and who was not looked at is not judged."""

from __future__ import annotations

import numpy as np
import pytest

from headcount.columns import Followers
from headcount.measures.followers.funnel import CLASSES, SILENT, funnel

DAY = 86_400.0
END = 1_700_000_000.0
SIZE = 3_000
KINDS = {"listening": 900, "away": 1_200, "auto_follow": 150, "spam": 30, "unknown": 420}
"""Of 3,000 followers 300 respond; the rest is silent."""


def world():
    """Followers by their true class: silent ones, then those who respond."""
    kinds = np.repeat(list(KINDS), list(KINDS.values()))
    silent = len(kinds)
    columns = {
        "last_seen": np.full(SIZE, np.nan),
        "following_count": np.full(SIZE, 100.0),
        "followers_count": np.full(SIZE, 100.0),
        "bio_asks_follow_back": np.zeros(SIZE, dtype=np.int8),
        "posts_seen": np.zeros(SIZE, dtype=np.int64),
        "same_text": np.zeros(SIZE, dtype=np.int64),
        "link_share": np.full(SIZE, np.nan),
    }
    columns["last_seen"][:silent][kinds == "listening"] = END - 3 * DAY
    columns["last_seen"][:silent][kinds == "away"] = END - 300 * DAY
    promoters = np.flatnonzero(kinds == "auto_follow")
    columns["following_count"][promoters], columns["followers_count"][promoters] = 9_000.0, 8_000.0
    columns["bio_asks_follow_back"][promoters] = 1
    spam = np.flatnonzero(kinds == "spam")
    columns["posts_seen"][spam], columns["same_text"][spam], columns["link_share"][spam] = 40, 20, 1.0
    responded = np.zeros(SIZE, dtype=np.int64)
    responded[silent:] = 2
    return columns, responded


def draw(rng, size):
    """What is known when only `size` followers were looked at: nothing of the others but that they follow."""
    columns, responded = world()
    chosen = rng.choice(SIZE, size, replace=False)
    sampled = np.zeros(SIZE, dtype=np.int8)
    sampled[chosen] = 1
    others = sampled == 0
    for name in ("last_seen", "following_count", "followers_count", "link_share"):
        columns[name][others] = np.nan
    columns["bio_asks_follow_back"][others] = -1
    for name in ("posts_seen", "same_text"):
        columns[name][others] = 0
    ids = np.array([f"x:{i}" for i in range(SIZE)], dtype=object)
    people = Followers.unknown(ids, sampled=sampled, **columns)
    return funnel(people, responded=responded, tied=np.zeros(SIZE, dtype=bool), as_of=END)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("size", [150, 600, 2_400])
def test_the_intervals_hold_the_truth(size):
    runs, held = 250, dict.fromkeys(SILENT, 0)
    halved = 0
    for seed in range(runs):
        sample = draw(np.random.default_rng(seed), size).sample
        assert sample is not None
        for name in SILENT:
            estimate = getattr(sample, name)
            held[name] += estimate.low <= KINDS[name] <= estimate.high
            middle, half = (estimate.low + estimate.high) / 2, (estimate.high - estimate.low) / 4
            halved += middle - half <= KINDS[name] <= middle + half
    # 250 runs of a 95% interval: four standard errors below are 0.895
    assert min(held.values()) / runs >= 0.895, held
    assert sum(held.values()) / (runs * len(SILENT)) >= 0.93, held
    assert halved / (runs * len(SILENT)) < 0.85, "intervals of half the width would not hold it"


def test_the_estimates_are_not_biased():
    runs = 200
    total = dict.fromkeys(SILENT, 0.0)
    for seed in range(runs):
        sample = draw(np.random.default_rng(1000 + seed), 500).sample
        for name in SILENT:
            total[name] += getattr(sample, name).followers / runs
    for name, truth in KINDS.items():
        share = truth / 2700
        error = 2700 * (share * (1 - share) / 450 / runs) ** 0.5
        assert abs(total[name] - truth) < 4 * error, name


def test_who_was_not_drawn_is_unknown_and_who_responded_is_responding():
    found = draw(np.random.default_rng(5), 300)
    assert found.classes.responding == 300, "who responded shows in what the account received, drawn or not"
    assert found.classes.unknown > 2_000
    assert sum(getattr(found.classes, name) for name in CLASSES) == SIZE
    assert found.sample is not None
    assert found.sample.silent == 2_700
    assert found.sample.drawn == 300
    assert sum(getattr(found.sample, name).followers for name in SILENT) == pytest.approx(2_700)
    reasons = found.verdicts.reasons[(found.verdicts.label == CLASSES.index("unknown"))]
    assert "not in the sample" in set(reasons)


def test_without_a_sample_nothing_is_estimated():
    columns, responded = world()
    ids = np.array([f"x:{i}" for i in range(SIZE)], dtype=object)
    everybody = Followers.unknown(ids, **columns)
    assert funnel(everybody, responded=responded, tied=np.zeros(SIZE, dtype=bool), as_of=END).sample is None
    all_drawn = Followers.unknown(ids, sampled=np.ones(SIZE, dtype=np.int8), **columns)
    found = funnel(all_drawn, responded=responded, tied=np.zeros(SIZE, dtype=bool), as_of=END)
    assert found.sample is None
    assert found.classes.away == KINDS["away"]
