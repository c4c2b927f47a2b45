"""Predictions for a fixed cohort: what must hold for every one, reach to come, and coverage on simulated accounts."""

from __future__ import annotations

import numpy as np
import pytest

from headcount.measures.audience.cohort import Cohort, Saturation, post_reach
from headcount.measures.audience.cohort_prediction import fit_cohort, predict_cohort
from headcount.measures.audience.leaving import stay_share
from headcount.measures.audience.reach import draw_reach, viral_probability


def of_table(table, start=None):
    """The cohort of a boolean table of members and posts."""
    person, post = np.nonzero(table)
    return Cohort.from_pairs(person, post, size=len(table), posts=table.shape[1], start=start)


def draw_table(seed, members, posts, *, mean=0.04, a=0.7, dropout=0.0, start=None, spread=0.4):
    """(members, posts) responses: beta probabilities, log-normal reach; members drop out at a rate a post."""
    generator = np.random.default_rng(seed)
    p = generator.beta(a, a * (1 / mean - 1), members)
    reach = np.exp(spread * generator.standard_normal(posts) - spread**2 / 2)
    begin = np.zeros(members) if start is None else start
    end = begin + (generator.exponential(1 / dropout, members) if dropout else np.inf)
    place = np.arange(posts)
    active = (place >= begin[:, None]) & (place < end[:, None])
    return (generator.random((members, posts)) < np.minimum(p[:, None] * reach, 0.98)) & active


def new_at_the_end(table, posts):
    return int((~table[:, :posts].any(axis=1) & table[:, posts:].any(axis=1)).sum())


def interval(table, posts, start=None):
    prediction = predict_cohort(of_table(table[:, :posts], start), np.array([posts]))
    low, high = prediction.interval()
    return low[0], prediction.middle()[0], high[0]


@pytest.mark.parametrize(("members", "posts"), [(3, 2), (40, 4), (500, 25), (3000, 60)])
def test_what_holds_for_every_prediction(members, posts):
    table = draw_table(members, members, posts, mean=0.1)
    table[0, 0] = True
    cohort = of_table(table)
    horizons = np.unique([1, 5, 10, 20, posts])
    first, again = predict_cohort(cohort, horizons), predict_cohort(cohort, horizons)
    np.testing.assert_array_equal(first.new, again.new)
    assert first.room == cohort.silent
    assert (first.new >= 0).all()
    assert (first.new <= cohort.silent).all()
    assert (np.diff(first.new, axis=1) >= 0).all()
    assert (first.unseen >= first.new[:, -1]).all()
    assert (first.unseen <= cohort.silent).all()
    low, high = first.interval()
    assert (low < high).all()
    assert (low <= first.middle()).all()
    assert (first.middle() <= high).all()


def test_nothing_can_happen_where_everybody_has_responded():
    prediction = predict_cohort(of_table(np.ones((4, 12), dtype=bool)), np.array([1, 12]))
    assert prediction.room == 0
    assert not prediction.new.any()


def test_somebody_silent_beside_people_who_respond_to_everything():
    table = np.ones((6, 12), dtype=bool)
    table[5] = False
    low, middle, high = interval(np.hstack([table, table]), 12)
    assert low == 0
    assert 0 <= middle <= high == 1


def test_a_pod_that_responds_to_everything_does_not_raise_the_prediction():
    table = draw_table(8, 800, 24, mean=0.02)
    pod = np.vstack([table, np.ones((12, 24), dtype=bool)])
    alone, with_pod = (predict_cohort(of_table(x), np.array([24])).middle()[0] for x in (table, pod))
    assert with_pod == pytest.approx(alone, rel=0.02)


def test_members_who_came_late_are_more_likely_to_respond_still():
    generator = np.random.default_rng(3)
    start = np.where(generator.random(2000) < 0.5, 0, generator.integers(0, 30, 2000))
    table = draw_table(3, 2000, 60, start=start)
    truth = new_at_the_end(table, 30)
    low, middle, high = interval(table, 30, start)
    assert low <= truth <= high
    assert interval(table, 30)[1] < middle


def test_entry_at_unknown_times_is_found_and_raises_the_prediction():
    """A third of the list came within the window: with times unknown the timing of first responses tells it."""
    generator = np.random.default_rng(3)
    unknown = np.full(4000, -1)
    start = np.where(generator.random(4000) < 2 / 3, 0, generator.integers(0, 40, 4000))
    grown, steady = draw_table(7, 4000, 80, a=3, start=start), draw_table(7, 4000, 80, a=3)
    _, parts = fit_cohort(of_table(grown[:, :40], unknown))
    weight = np.exp([part.log_weight - max(one.log_weight for one in parts) for part in parts])
    entry = np.array([part.process.kind == "entry" for part in parts])
    rates = np.array([part.rate for part in parts])
    assert weight[entry].sum() > 0.99 * weight.sum()
    assert np.exp(-(weight @ rates) / weight.sum()) == pytest.approx(2 / 3, abs=0.12)
    low, middle, high = interval(grown, 40, unknown)
    assert low <= new_at_the_end(grown, 40) <= high
    assert middle > 1.1 * interval(grown, 40)[1]
    # nobody came: the prediction hardly changes
    assert interval(steady, 40, unknown)[1] == pytest.approx(interval(steady, 40)[1], rel=0.1)


def test_newcomers_who_never_respond_are_found_and_not_counted():
    """A block of bought followers within the window: half of the list, silent from the day it came."""
    table = draw_table(9, 2000, 60)
    padded = np.vstack([table, np.zeros((2000, 60), dtype=bool)])
    start = np.repeat([0, 20], 2000)
    _, parts = fit_cohort(of_table(padded[:, :30], start))
    weight = np.exp([part.log_weight - max(one.log_weight for one in parts) for part in parts])
    silent = np.array([part.process.kind == "silent newcomers" for part in parts])
    assert weight[silent].sum() > 0.99 * weight.sum()
    low, middle, high = interval(padded, 30, start)
    assert low <= new_at_the_end(padded, 30) <= high
    assert middle == pytest.approx(interval(table, 30)[1], rel=0.1)
    # followers who came as late and respond like the others are not taken for such a block
    late = np.where(np.arange(4000) < 2000, 0, 20)
    _, usual = fit_cohort(of_table(draw_table(9, 4000, 60, start=late)[:, :30], late))
    weight = np.exp([part.log_weight - max(one.log_weight for one in usual) for part in usual])
    silent = np.array([part.process.kind == "silent newcomers" for part in usual])
    assert weight[silent].sum() < 0.1 * weight.sum()


def test_members_who_will_leave():
    generator = np.random.default_rng(1)
    assert (stay_share(None, np.array([0.5, 1.0]), 3, generator) == 1).all()
    share = stay_share(60.0, np.array([0.5, 1.0, 2.0]), 4000, generator)
    assert (np.diff(share, axis=1) < 0).all()
    # the median rate of 0.015 in 30 days: (1 - exp(-x))/x with x = 0.03 for a window of 60 days
    assert np.median(share[:, 1]) == pytest.approx(-np.expm1(-0.03) / 0.03, abs=0.001)
    assert np.quantile(share[:, 1], 0.025) == pytest.approx(-np.expm1(-0.213) / 0.213, abs=0.02)


def test_dropping_out_is_found_and_lowers_the_prediction():
    still, leaving = draw_table(5, 3000, 80), draw_table(5, 3000, 80, dropout=1 / 40)
    _, with_dropout = fit_cohort(of_table(leaving[:, :40]))
    weight = np.exp([part.log_weight - max(one.log_weight for one in with_dropout) for part in with_dropout])
    rates = np.array([part.rate for part in with_dropout])
    assert weight[rates > 0].sum() > 0.99 * weight.sum()
    assert float(weight @ rates / weight.sum()) == pytest.approx(1, abs=0.35)
    assert all(part.rate == 0 for part in fit_cohort(of_table(still[:, :40]))[1])
    low, _, high = interval(leaving, 40)
    assert low <= new_at_the_end(leaving, 40) <= high


def test_reach_is_read_through_the_devoted_who_cannot_respond_twice():
    """With 300 people at p = 0.7 and 5,700 at 0.004 the number of responders hides how reach varies."""
    generator = np.random.default_rng(6)
    reach = np.exp(0.6 * generator.standard_normal(60))
    p = np.concatenate([np.full(300, 0.7), np.full(5700, 0.004)])
    cohort = of_table(generator.random((6000, 60)) < 1 - (1 - p[:, None]) ** reach)
    true = reach / reach.mean()
    found, _ = fit_cohort(cohort)
    naive, read = (post_reach(c.responders, c.present(), c.saturation) for c in (cohort, found))
    slope, naive_slope = (np.polyfit(np.log(true), np.log(estimate), 1)[0] for estimate in (read, naive))
    assert naive_slope < 0.6
    assert slope == pytest.approx(1, abs=0.1)
    # at the mean reach 1.2: (1 - p)(-log(1 - p))/p of the devoted and 1 of the rare, by their responses
    assert found.saturation.elasticity == pytest.approx(0.50, abs=0.03)
    assert np.abs(np.log(read / true)).mean() < 0.5 * np.abs(np.log(naive / true)).mean()


def test_saturation_of_rare_responders_is_none():
    cohort, _ = fit_cohort(of_table(draw_table(4, 3000, 40, mean=0.01, a=5)))
    assert cohort.saturation.elasticity == 1.0
    values = np.array([-1.0, 0.0, 2.0])
    np.testing.assert_array_equal(Saturation.none().log_reach_of(values), values)


def test_reach_of_even_posts_is_their_number():
    cohort = of_table(draw_table(2, 5000, 40, spread=0.0))
    reach = draw_reach(cohort, np.array([1, 20, 40]), 4000, np.random.default_rng(1))
    assert (np.diff(reach, axis=1) > 0).all()
    np.testing.assert_allclose(np.median(reach, axis=0), [1, 20, 40], rtol=0.06)
    assert np.quantile(reach[:, 2], 0.1) > 30


def test_reach_follows_a_level_that_rose():
    table = draw_table(2, 5000, 40, spread=0.1)
    thin = np.random.default_rng(1).random(table.shape) < np.linspace(0.2, 1, 40)
    reach = draw_reach(of_table(table & thin), np.array([40]), 4000, np.random.default_rng(1))
    assert np.median(reach) > 40 * 1.3


def test_posts_that_are_still_collecting_count_for_what_is_to_come():
    table = draw_table(2, 3000, 20, spread=0.1)
    table[:, -1] &= np.random.default_rng(3).random(3000) < 0.3
    person, post = np.nonzero(table)
    maturity = np.ones(20)
    maturity[-1] = 0.3
    young = Cohort.from_pairs(person, post, size=3000, posts=20, maturity=maturity)
    old = Cohort.from_pairs(person, post, size=3000, posts=20)
    more, less = (draw_reach(c, np.array([1]), 4000, np.random.default_rng(1)) for c in (young, old))
    assert np.median(more) == pytest.approx(np.median(less) + 0.7, abs=0.2)


def test_a_viral_post_is_recognised():
    n = np.array([20.0, 22, 18, 25, 210, 19, 21, 17, 20, 23, 24, 18])
    viral = viral_probability(n, np.full(12, 1000.0), Saturation.none())
    assert viral[4] > 0.95
    assert np.delete(viral, 4).max() < 0.1


def test_a_million_members_are_few_groups():
    generator = np.random.default_rng(5)
    p = np.minimum(np.exp(-6 + 1.5 * generator.standard_normal(1_000_000)), 0.8)
    number = generator.binomial(60, p)
    person = np.repeat(np.arange(1_000_000), number)
    pairs = np.unique(person * 60 + generator.integers(0, 60, len(person)))
    start = np.where(generator.random(1_000_000) < 0.3, generator.integers(0, 60, 1_000_000), 0)
    cohort = Cohort.from_pairs(pairs // 60, pairs % 60, size=1_000_000, posts=60, start=start)
    prediction = predict_cohort(cohort, np.unique([1, 5, 10, 20, *np.linspace(1, 60, 40).astype(int)]))
    assert len(cohort.groups.start) < 1_000
    assert (prediction.new <= prediction.room).all()


def study(seeds, **more):
    """Share of intervals that hold, and misses above and below, on cohorts of drawn size."""
    held, above, below = 0, 0, 0
    for seed in seeds:
        generator = np.random.default_rng([99, seed])
        members, posts = int(np.exp(generator.uniform(4, 8))), int(np.exp(generator.uniform(1.5, 4)))
        mean = float(np.exp(generator.uniform(-5, -2.5)))
        options = {key: value / posts for key, value in more.items()}
        table = draw_table(seed, members, 2 * posts, mean=mean, a=float(generator.choice([0.3, 1, 5])), **options)
        if not table[:, :posts].any():
            continue
        low, _, high = interval(table, posts)
        truth = new_at_the_end(table, posts)
        above, below, held = above + (truth > high), below + (truth < low), held + (low <= truth <= high)
    return held / (held + above + below), above, below


def test_intervals_hold_the_truth():
    share, _, _ = study(range(12))
    assert share >= 0.8


@pytest.mark.long
@pytest.mark.parametrize("dropout", [0.0, 1.0])
def test_coverage_over_many_cohorts(dropout):
    share, above, below = study(range(20_000, 20_400), dropout=dropout)
    print(f"\ndropout {dropout} per window: coverage {share:.3f}, above {above}, below {below}")
    assert share >= 0.91
