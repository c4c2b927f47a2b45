"""Two-way ties, their strength and state, and circles only where they stand out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headcount.columns import Exchanges
from headcount.measures.relationships.layers import find_layers
from headcount.measures.relationships.ties import MONTH_DAYS, ties
from headcount.measures.statistics.intervals import wilson

DAY = 86_400.0
END = 1_700_000_000.0


def make(*rows):
    """Exchanges from (person, outgoing, days ago)."""
    person, outgoing, ago = zip(*rows, strict=True) if rows else ((), (), ())
    return Exchanges(
        np.array(person, dtype=np.int64),
        np.array(outgoing, dtype=bool),
        END - np.array(ago, dtype=float) * DAY,
    )


def find(exchanges, *, followers=10, people=20, **more):
    member = None if followers is None else np.arange(people) < followers
    return ties(exchanges, member=member, followers=followers, as_of=END, **more)


def test_by_hand():
    found = find(
        make(
            (0, True, 1), (0, True, 2), (0, False, 3),  # tie with a follower
            (1, True, 5),  # written to only
            (2, False, 5), (3, False, 6),  # heard from only
            (12, True, 7), (12, False, 7),  # tie with somebody who does not follow
            (4, True, 400), (4, False, 300),  # one direction is before the window
            (5, True, -3), (5, False, 3),  # one direction is after the end
        )
    )  # fmt: skip
    assert (found.count, found.count_others) == (1, 1)
    assert (found.written_to, found.heard_from) == (3, 6)
    assert found.reciprocity == pytest.approx(2 / 6)
    assert (found.reciprocity_low, found.reciprocity_high) == wilson(2, 6)
    assert found.known_share == pytest.approx(0.1)
    assert (found.known_low, found.known_high) == wilson(1, 10)
    by_person = {tie.person: tie for tie in found.top}
    assert set(by_person) == {0, 12}
    assert (by_person[0].sent, by_person[0].received, by_person[0].balance) == (2, 1, 0.5)
    assert by_person[0].last == END - DAY
    assert (by_person[0].follows, by_person[12].follows) == (True, False)
    assert "at least 10" in found.layers_note
    assert found.columns()["person"] == [tie.person for tie in found.top]
    assert "two-way ties with 1 follower (10% of followers)" in found.sentence()


def test_steady_exchange_has_its_rate_as_strength():
    days = np.arange(0.5, 365, MONTH_DAYS / 8)  # eight a month in each direction
    rows = [(0, out, ago) for ago in days for out in (True, False)]
    tie = find(make(*rows)).top[0]
    assert tie.strength == pytest.approx(8, rel=0.02)
    assert tie.balance == 1
    assert tie.state == "steady"


def test_decay():
    recent = find(make((0, True, 0), (0, False, 0), (1, True, 364), (1, False, 364))).top
    assert [tie.person for tie in recent] == [0, 1]
    assert recent[1].strength / recent[0].strength == pytest.approx(2 ** (-364 / 90))


def rows_of(rng, person, rate_before, rate_recent):
    """Contacts in both directions at Poisson rates a month, before and within the last 90 days."""
    before = rng.random(rng.poisson(rate_before * 275 / MONTH_DAYS)) * 275 + 90
    recent = rng.random(rng.poisson(rate_recent * 90 / MONTH_DAYS)) * 90
    ago = np.concatenate([before, recent])
    return [(person, bool(out), float(a)) for a, out in zip(ago, rng.random(len(ago)) < 0.5, strict=True)]


def test_states():
    rng = np.random.default_rng(2)
    rows = [(99, True, 364.0)]  # the data go back a year
    for person in range(0, 30):
        rows += rows_of(rng, person, 6, 0.5)  # fading
    for person in range(30, 60):
        rows += rows_of(rng, person, 0, 6)  # new
    for person in range(60, 90):
        rows += rows_of(rng, person, 4, 4)
    found = find(make(*rows), followers=90, people=100)
    state = {tie.person: tie.state for tie in found.top}
    assert sum(state[person] == "fading" for person in range(30)) >= 28
    assert sum(state[person] == "new" for person in range(30, 60)) >= 28
    assert sum(state[person] == "steady" for person in range(60, 90)) >= 28
    assert (found.new, found.fading) == (
        sum(s == "new" for s in state.values()),
        sum(s == "fading" for s in state.values()),
    )


def test_noise_does_not_flip_states():
    rng = np.random.default_rng(7)
    rows = [row for person in range(400) for row in rows_of(rng, person, 1.0, 1.0)]
    found = find(make(*rows), followers=400, people=400)
    assert len(found.top) > 350
    assert (found.new + found.fading) / len(found.top) < 0.04


def test_one_long_conversation_is_one_day():
    rows = [(0, bool(i % 2), 5 + i / 100) for i in range(40)]
    rows += [(1, True, 364.0)]
    assert find(make(*rows)).top[0].state == "steady", "one day of talk is no new relationship yet"


def test_short_data_knows_no_states():
    rng = np.random.default_rng(1)
    rows = [(0, bool(i % 2), float(a)) for i, a in enumerate(rng.random(50) * 30)]
    found = find(make(*rows, (1, True, 100.0)))
    assert found.top[0].state == "steady"


def test_unknown_times_are_counted():
    rows = [(0, True, np.nan), (0, False, np.nan), (1, True, 10.0), (1, False, np.nan)]
    found = find(make(*rows))
    assert found.count == 2
    by_person = {tie.person: tie for tie in found.top}
    assert by_person[0].last is None
    assert by_person[0].state == "steady"
    assert by_person[0].strength > 0
    assert find(make((0, True, np.nan), (0, False, np.nan))).count == 1


def test_followers_unknown():
    found = find(make((0, True, 1), (0, False, 1), (1, False, 2)), followers=None)
    assert found.count == 1
    assert found.count_others is found.known_share is found.top[0].follows is None
    assert found.reciprocity == 0.5


def test_nothing():
    found = find(make())
    assert found.written_to == found.heard_from == 0
    assert found.count is None
    assert found.reciprocity is None
    assert found.too_little is not None
    assert found.sentence() == found.too_little
    only_heard = find(make((0, False, 3), (1, False, 5)))
    assert (only_heard.heard_from, only_heard.count, only_heard.reciprocity, only_heard.known_share) == (
        2,
        None,
        None,
        None,
    )
    assert "2 people wrote to this account" in only_heard.sentence()
    only_written = find(make((0, True, 3)))
    assert only_written.too_little is None
    assert only_written.reciprocity is None
    assert only_written.known_share == 0


@given(
    st.lists(st.tuples(st.integers(0, 19), st.booleans(), st.floats(0, 500)), max_size=60),
    st.randoms(),
)
@settings(deadline=None, max_examples=60)
def test_properties(rows, random):
    found = find(make(*rows))
    shuffled = list(rows)
    random.shuffle(shuffled)
    again = find(make(*shuffled))
    assert {(t.person, t.sent, t.received, t.state) for t in again.top} == {
        (t.person, t.sent, t.received, t.state) for t in found.top
    }
    assert (found.count or 0) + (found.count_others or 0) == len(found.top)
    assert (found.count is None) == (found.written_to == 0)
    assert [t.strength for t in found.top] == sorted((t.strength for t in found.top), reverse=True)
    assert all(0 < t.balance <= 1 and t.sent >= 1 and t.received >= 1 for t in found.top)
    assert found.new + found.fading <= (found.count or 0)


def circles(rng, within=0.0, rate=2.0):
    """Contacts of 50 ties in circles of 2, 5, 15, 50, each met three times as often as the next, in a year."""
    mean = np.repeat([27.0, 9, 3, 1], [2, 3, 10, 35]) * rate * 12
    if within:
        mean = mean * rng.gamma(1 / within**2, within**2, len(mean))
    return np.maximum(rng.poisson(mean), 1)


def sizes(layer):
    return None if layer is None else [int((layer <= i).sum()) for i in range(1, layer.max() + 1)]


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("within", "least"), [(0.0, 0.9), (0.1, 0.75)])
def test_circles_are_recovered(within, least):
    rng = np.random.default_rng(31)
    right = [sizes(find_layers(circles(rng, within))) == [2, 5, 15, 50] for _ in range(40)]
    assert np.mean(right) >= least


def smooth(rng, name, size):
    if name == "power law":
        rate = 6 * (1 - rng.random(size)) ** (-1 / 1.5)
    elif name == "steep power law":
        rate = 6 * (1 - rng.random(size)) ** (-1 / 2.5)
    elif name == "log-normal":
        rate = rng.lognormal(2.0, 1.2, size)
    else:
        rate = rng.exponential(30.0, size)
    counts = rng.poisson(rate)
    return counts[counts >= 2]


SMOOTH = ("power law", "steep power law", "log-normal", "exponential")
QUICK = {("power law", 20), ("steep power law", 60), ("log-normal", 200), ("exponential", 20)}


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("name", "size"),
    [
        pytest.param(name, size, marks=() if (name, size) in QUICK else pytest.mark.long)
        for name in SMOOTH
        for size in (20, 60, 200)
    ],
)
def test_a_smooth_fall_has_no_circles(name, size):
    rng = np.random.default_rng([37, size])
    found = [find_layers(smooth(rng, name, size)) is not None for _ in range(20)]
    assert np.mean(found) <= 0.1


def test_circles_through_the_measure():
    rng = np.random.default_rng(5)
    rows = []
    for person, count in enumerate(circles(rng)):
        rows += [(person, bool(i % 2), float(a)) for i, a in enumerate(rng.random(max(count, 2)) * 364)]
    found = find(make(*rows), followers=60, people=60)
    assert [layer.size for layer in found.layers] == [2, 5, 15, 50]
    rates = [layer.contacts_a_month for layer in found.layers]
    assert all(2.2 < fast / slow < 4.5 for fast, slow in pairwise(rates))
    assert found.layers_note is None
    assert {tie.layer for tie in found.top if tie.person < 2} == {1}


def test_circles_need_half_a_year():
    rng = np.random.default_rng(6)
    rows = [(p, bool(i % 2), float(a)) for p in range(30) for i, a in enumerate(rng.random(10) * 150)]
    found = find(make(*rows), followers=30, people=30)
    assert found.layers == []
    assert "6 months" in found.layers_note
    assert all(tie.layer is None for tie in found.top)


@pytest.mark.long
def test_circles_table():
    print("\nCircles of 2, 5, 15, 50 (rates x3), 60 runs each: recovered exactly; and found where there are none")
    for rate in (0.5, 1, 2):
        for within in (0.0, 0.1, 0.2):
            rng = np.random.default_rng([41, int(rate * 10), int(within * 100)])
            right = np.mean([sizes(find_layers(circles(rng, within, rate))) == [2, 5, 15, 50] for _ in range(60)])
            print(f"outer circle {rate:3} a month, spread within {within:4}: {right:.2f}")
    for name in ("power law", "steep power law", "log-normal", "exponential"):
        for size in (15, 50, 200, 1000):
            rng = np.random.default_rng([43, size])
            wrong = np.mean([find_layers(smooth(rng, name, size)) is not None for _ in range(40)])
            print(f"{name}, {size} ties: {wrong:.3f}")
            assert wrong <= 0.1


def test_millions_of_exchanges():
    rng = np.random.default_rng(9)
    size = 1_000_000
    person = np.minimum(rng.zipf(1.5, size), 200_000) - 1
    exchanges = Exchanges(person, rng.random(size) < 0.2, END - rng.random(size) * 400 * DAY)
    found = ties(exchanges, member=np.arange(200_000) < 100_000, followers=100_000, as_of=END)
    assert found.count > 1000
    assert found.written_to <= 200_000
