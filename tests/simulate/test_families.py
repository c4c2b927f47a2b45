"""Families of simulated accounts: deterministic, consistent, and each shows its mechanism."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from headcount.errors import UsageError
from headcount.simulate.families import (
    FAMILIES,
    LAWS,
    AudienceSettings,
    Interest,
    draw_settings,
    draw_world,
    simulate_audience,
)
from headcount.simulate.families.members import draw_members
from headcount.simulate.families.posts import START, draw_posts
from headcount.simulate.families.responses import draw_responses
from headcount.support.times import DAY

PLAIN = AudienceSettings(followers=3_000, posts=20, days=56, interest=Interest(law="equal", mean=0.03))


def rng(seed=0):
    return np.random.default_rng(seed)


def parts(settings, seed=0):
    """Posts, members and responses of one world."""
    generator = rng(seed)
    posts = draw_posts(settings, generator)
    members = draw_members(settings, posts, generator)
    return posts, members, draw_responses(settings, members, posts, generator)


OBSERVED_TIMES = ("followed_at", "followed_after", "followed_before", "created_at", "position")
"""What is observed of the times of following."""


def same(one, other):
    return all(
        np.array_equal(getattr(one, f.name), getattr(other, f.name), equal_nan=f.name.startswith(("fol", "pos", "cre")))
        if isinstance(getattr(one, f.name), np.ndarray)
        else getattr(one, f.name) == getattr(other, f.name)
        for f in fields(one)
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_invariants(family):
    for seed in range(3):
        world = draw_world(family, seed)
        n, t = world.cohort, world.posts
        assert same(world, draw_world(family, seed))
        assert world.family == family
        assert world.seed == seed
        assert (world.posted_at[:-1] <= world.posted_at[1:]).all()
        assert world.posted_at[-1] <= world.as_of
        assert world.further_posts == t
        for name in OBSERVED_TIMES:
            part = getattr(world, name)
            assert part.shape == world.true_followed_at.shape == (n,)
        # responses: one a pair, in order, not before the post, nobody before following
        assert world.person.shape == world.post.shape == world.active.shape == world.responded_at.shape
        assert len(np.unique(world.person * t + world.post)) == len(world.person)
        assert (np.diff(world.responded_at) >= 0).all()
        assert (world.responded_at <= world.as_of).all()
        assert (world.responded_at >= world.posted_at[world.post]).all()
        member = world.person < n
        assert (world.posted_at[world.post[member]] >= world.true_followed_at[world.person[member]]).all()
        assert (world.true_followed_at <= world.as_of).all()
        others = np.unique(world.person[~member])
        assert np.array_equal(others, n + np.arange(len(others)))
        # the truth
        silent = n - int(world.has_responded().sum())
        truth = np.array([world.truth(m) for m in range(t + 1)])
        assert truth[0] == 0
        assert (np.diff(truth) >= 0).all()
        assert truth[-1] <= silent
        assert n <= world.list_size
        if n == world.list_size:
            assert np.array_equal(truth[1:], world.new_later_on_list)
        assert (truth[1:] <= world.new_later_on_list).all()
        assert (world.new_later_on_list <= world.new_later_with_arrivals).all()
        assert world.first_response_later.min() >= -1
        assert world.first_response_later.max() < t


@pytest.mark.parametrize("family", ["near_beta", "growth", "sampled_list", "bought_block"])
def test_known_times(family):
    """Bounds hold, positions follow the order, and nothing else of the world depends on what is known."""
    for seed in range(4):
        exact, order, none = (draw_world(family, seed, known) for known in ("exact", "order", "none"))
        assert np.array_equal(exact.followed_at, exact.true_followed_at)
        assert np.isnan(order.followed_at).all()
        assert all(np.isnan(getattr(none, name)).all() for name in OBSERVED_TIMES)
        assert np.isnan(exact.created_at).all()
        assert (order.created_at <= order.true_followed_at).all()
        for world in (exact, order):
            assert (world.followed_after <= world.true_followed_at).all()
            assert not (world.followed_before < world.true_followed_at).any()
            newest = np.argsort(world.position)
            assert (np.diff(world.true_followed_at[newest]) <= 0).all()
            assert world.position.max() < world.list_size
        for other in (order, none):
            blank = {name: getattr(exact, name) for name in OBSERVED_TIMES}
            assert same(exact, replace(other, known_times="exact", **blank))


def test_known_times_vary():
    known = {draw_world("near_small_list", seed).known_times for seed in range(40)}
    assert known == {"exact", "order", "none"}


def test_streams_differ():
    assert draw_settings("near_beta", 0) != draw_settings("near_beta", 1)
    assert draw_settings("viral_past", 0).followers != draw_settings("viral_to_come", 0).followers
    with pytest.raises(UsageError, match="not a family"):
        draw_world("nothing", 0)
    with pytest.raises(ValueError, match="posts must lie"):
        draw_world("near_small_list", 0).truth(10_000)


def test_sizes():
    drawn = [draw_settings(family, seed) for family in ("near_beta", "growth", "topics") for seed in range(150)]
    followers, posts = np.array([(s.followers, s.posts) for s in drawn]).T
    assert 20 <= followers.min() < 40
    assert 100_000 < followers.max() <= 200_000
    assert 3 <= posts.min() <= 4
    assert 700 < posts.max() <= 1_000
    # log-uniform: the median is near the geometric middle
    assert np.median(followers) == pytest.approx(2_000, rel=0.4)
    assert np.median(posts) == pytest.approx(55, rel=0.4)
    assert sum(family.near_assumptions for family in FAMILIES.values()) == 9


@pytest.mark.parametrize("law", LAWS)
def test_laws_have_their_mean(law):
    interest = Interest(law=law, mean=0.02, shape=0.5, devoted_share=0.05, devoted_mean=0.4)
    p = interest.draw(200_000, rng())
    expected = 0.95 * 0.02 + 0.05 * 0.4 if law == "two_class" else 0.02
    assert p.mean() == pytest.approx(expected, rel=0.03)
    assert p.min() >= 0
    assert p.max() <= 0.95
    assert (replace(interest, never_share=0.3).draw(200_000, rng()) == 0).mean() == pytest.approx(0.3, abs=0.01)


def test_closed_form():
    """One probability, nothing else: the new responders of m posts are Binomial(silent, 1 - (1-p)^m)."""
    errors = []
    for seed in range(40):
        world = simulate_audience(PLAIN, rng(seed))
        silent = world.cohort - world.has_responded().sum()
        for m in (1, 20):
            chance = 1 - 0.97**m
            errors.append((world.truth(m) - silent * chance) / np.sqrt(silent * chance * (1 - chance)))
    assert abs(np.mean(errors)) < 4 / np.sqrt(40)
    assert np.std(errors) == pytest.approx(1, abs=0.25)


def test_max_responses():
    world = simulate_audience(replace(PLAIN, max_responses=500), rng())
    assert len(world.person) == pytest.approx(500, abs=100)


def test_growth():
    for seed in range(6):
        world = draw_world("growth", seed)
        before = int((world.true_followed_at < START).sum())
        assert world.cohort - before == pytest.approx(before / 2, abs=2)
        assert world.new_later_with_arrivals[-1] >= world.truth(world.posts)
    steady = simulate_audience(replace(PLAIN, arrival_share=1 / 3), rng()).true_followed_at
    burst = simulate_audience(replace(PLAIN, arrival_share=1 / 3, arrival_bursts=1), rng()).true_followed_at
    assert np.subtract(*np.quantile(steady[steady > START], [0.75, 0.25])) > 20 * DAY
    assert np.subtract(*np.quantile(burst[burst > START], [0.75, 0.25])) < 3 * DAY


def test_churn():
    drawn = draw_settings("churn", 1)
    settings = replace(drawn, followers=40_000, days=60, arrival_share=1 - 0.95**2, posts=10)
    posts, members, responses = parts(settings)
    initial = members.followed_at < START
    left = (members.left_at[initial] < START + 30 * DAY).mean()
    assert left == pytest.approx(0.05, abs=4 * np.sqrt(0.05 * 0.95 / initial.sum()))
    assert members.on_list(posts.as_of).sum() == pytest.approx(40_000, rel=0.02)
    person = responses.person[responses.person < len(members.p)]
    at = responses.at[responses.person < len(members.p)]
    assert (at < members.left_at[person]).all()
    # those who left are not of the cohort, and some responded before
    world = simulate_audience(replace(settings, outsider_share=0.0), rng())
    assert (world.person >= world.cohort).any()
    assert not (world.true_followed_at < START).all()


def test_dropping_out():
    posts, members, responses = parts(replace(PLAIN, followers=20_000, posts=40, dropout=1.0))
    assert (posts.at[responses.post] <= members.ceased_at[responses.person]).all()
    # everybody is on the list, and the window's responders fall off as exp(-time in windows)
    window = posts.as_of - START
    counts = np.bincount(responses.post, minlength=80)
    expected = 20_000 * 0.03 * np.exp(-(posts.at - START) / window)
    assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all()
    assert members.on_list(posts.as_of).all()


def test_devoted_and_rare():
    for seed in range(20):
        settings = draw_settings("devoted_and_rare", seed)
        assert 0.03 <= settings.interest.devoted_share <= 0.1
        assert settings.interest.mean <= 0.01 < 0.3 <= settings.interest.devoted_mean
    settings = replace(draw_settings("devoted_and_rare", 1), followers=2_000, posts=50)
    world = simulate_audience(settings, rng())
    times = np.bincount(world.person[world.person < world.cohort], minlength=world.cohort)
    often = (times >= 0.15 * world.posts).mean()
    assert often == pytest.approx(settings.interest.devoted_share, abs=0.02)
    assert np.median(times[times < 0.15 * world.posts]) <= 1


def test_slow_season():
    settings = draw_settings("slow_season", 0)
    assert settings.season == 0.8
    plain = replace(PLAIN, posts=400, season=0.8, season_windows=1.5)
    log_level = np.log(draw_posts(plain, rng()).intensity)
    assert log_level.max() == pytest.approx(0.8, abs=0.02)
    assert log_level.min() == pytest.approx(-0.8, abs=0.02)
    assert np.abs(np.diff(log_level)).max() < 0.15


def test_level_walk_over_a_window():
    ends = [np.log(draw_posts(replace(PLAIN, level_walk=0.5), rng(s)).intensity[19]) for s in range(400)]
    assert np.std(ends) == pytest.approx(0.5, rel=0.15)


def test_viral():
    many = replace(PLAIN, posts=100)
    past, coming = (replace(many, **{field: 1}) for field in ("viral_past", "viral_to_come"))
    for settings, inside in ((past, slice(0, 100)), (coming, slice(100, 200))):
        posts, _, responses = parts(settings)
        assert posts.is_viral.sum() == posts.is_viral[inside].sum() == 1
        counts = np.bincount(responses.post, minlength=200)
        assert counts.argmax() == np.flatnonzero(posts.is_viral)[0]
        assert counts.max() > 2 * np.median(counts)
    assert draw_settings("viral_past", 3).viral_past == draw_settings("viral_to_come", 3).viral_to_come == 1
    assert draw_settings("viral_scattered", 3).viral_share == 0.03
    share = np.mean([draw_posts(replace(many, viral_share=0.03), rng(s)).is_viral.mean() for s in range(60)])
    assert share == pytest.approx(0.03, abs=4 * np.sqrt(0.03 * 0.97 / 12_000))


def test_heavy_reach():
    """At the same median, Student's law has more posts far from it."""
    far = {}
    for name, df in (("normal", None), ("student", 3.0)):
        log_reach = np.log(draw_posts(replace(PLAIN, posts=20_000, reach_spread=0.5, reach_df=df), rng()).intensity)
        far[name] = (np.abs(log_reach - np.median(log_reach)) > 1.75).mean()
    assert far["student"] > 20 * far["normal"]


def test_crowds():
    """Responders of a post are overdispersed by 1 + 7 times the chance that a visit brings each of the group."""
    few = replace(PLAIN, posts=400, interest=Interest(law="equal", mean=0.005))
    ratio = {}
    for name, share in (("alone", 0.0), ("crowds", 1.0)):
        _, members, responses = parts(replace(few, crowd_share=share))
        counts = np.bincount(responses.post, minlength=800)
        assert counts.mean() == pytest.approx(0.005 * len(members.p), rel=0.06)
        ratio[name] = counts.var() / counts.mean()
    assert ratio["alone"] == pytest.approx(1, abs=0.25)
    assert ratio["crowds"] == pytest.approx(1 + 7 * 0.7, rel=0.25)


def test_weekdays():
    posts = draw_posts(replace(PLAIN, posts=300, weekday_spread=0.7), rng())
    weekday = ((posts.at - START) // DAY).astype(int) % 7
    effects = [np.unique(np.round(posts.intensity[weekday == day], 9)) for day in range(7)]
    assert all(len(effect) == 1 for effect in effects)
    assert len(np.unique(np.concatenate(effects))) == 7


def test_topics():
    """Two responses of a person are to one topic more often than two responses of different people."""
    settings = replace(PLAIN, posts=200, topics=5, topic_run=3.0)
    posts, members, responses = parts(settings)
    assert len(np.unique(posts.topic)) > 1
    assert (np.diff(posts.topic) == 0).mean() > 0.6
    order = np.lexsort((rng().random(len(responses.post)), responses.person))
    person, topic = responses.person[order], posts.topic[responses.post[order]]
    pair = person[:-1] == person[1:]
    together = (topic[:-1] == topic[1:])[pair].mean()
    by_chance = (np.bincount(topic) / len(topic)) @ (np.bincount(topic) / len(topic))
    assert together > by_chance + 0.1
    assert len(responses.post) == pytest.approx(0.03 * 400 * len(members.p), rel=0.3)


def test_drifting_interest():
    """Interest in the window says less of interest after it."""
    correlation = {}
    for name, drift in (("steady", 0.0), ("drift", 1.2)):
        interest = Interest(law="lognormal", mean=0.05, shape=1.0)
        _, members, responses = parts(replace(PLAIN, posts=100, interest=interest, interest_drift=drift))
        half = [np.bincount(responses.person[part], minlength=len(members.p))
                for part in (responses.post < 100, responses.post >= 100)]  # fmt: skip
        correlation[name] = np.corrcoef(np.log1p(half))[0, 1]
    assert correlation["drift"] < correlation["steady"] - 0.1


def test_pod():
    world = simulate_audience(replace(PLAIN, posts=60, pod=12), rng())
    times = np.bincount(world.person[world.person < world.cohort], minlength=world.cohort)
    assert (times > 50).sum() == 12
    assert all(5 <= draw_settings("pod", seed).pod <= 40 for seed in range(10))


@pytest.mark.parametrize("family", ["silent_burst", "bought_block"])
def test_silent_blocks(family):
    for seed in range(4):
        settings = draw_settings(family, seed)
        world = draw_world(family, seed, "exact")
        size = round(settings.silent_block * settings.followers)
        oldest_first = np.sort(world.followed_at)
        narrow = int(np.argmin(oldest_first[size - 1 :] - oldest_first[: len(oldest_first) - size + 1]))
        begin, end = oldest_first[narrow], oldest_first[narrow + size - 1]
        assert end - begin <= 6 * 3600
        assert (begin > START) == (family == "silent_burst")
        inside = (world.followed_at >= begin) & (world.followed_at <= end)
        active = world.has_responded() | (world.first_response_later >= 0)
        assert active[inside].sum() <= inside.sum() - size
        assert active[~inside].any()


def test_sampled_list():
    for seed in range(4):
        world, settings = draw_world("sampled_list", seed, "exact"), draw_settings("sampled_list", seed)
        share = settings.sampled_share
        spread = np.sqrt(share * (1 - share) / world.list_size)
        assert world.cohort / world.list_size == pytest.approx(share, abs=5 * spread + 1 / world.list_size)
        assert world.new_later_on_list[-1] >= world.truth(world.posts)
    world = simulate_audience(replace(PLAIN, sampled_share=0.3), rng())
    assert (world.person >= world.cohort).mean() == pytest.approx(0.7, abs=0.05)
    assert world.truth(20) / world.new_later_on_list[-1] == pytest.approx(0.3, abs=0.07)


def test_missing_kinds():
    every, words = (simulate_audience(replace(PLAIN, words_only=only), rng()) for only in (False, True))
    assert words.active.all()
    assert len(words.person) == every.active.sum() == pytest.approx(0.3 * len(every.person), rel=0.1)


def test_young_posts():
    settings = replace(PLAIN, posts=40, days=10, delay_hours=48.0, delay_spread=1.2, margin_days=0.1)
    posts, _, responses = parts(settings)
    late = (responses.at > posts.as_of) & (responses.post < 40)
    waiting = np.bincount(responses.post[late], minlength=40) / np.bincount(responses.post, minlength=40)[:40]
    assert waiting[-1] > 0.9
    assert waiting[0] < 0.25
    world = simulate_audience(settings, rng())
    assert (world.first_response_later == 0).sum() > 3 * (world.first_response_later == 10).sum()
    mature = simulate_audience(replace(PLAIN, posts=40), rng())
    assert (mature.first_response_later == 0).sum() < 1.5 * (0.03 * mature.cohort)


def test_outsiders():
    world = simulate_audience(replace(PLAIN, outsider_share=0.2), rng())
    outside = world.person >= world.cohort
    assert outside.sum() == pytest.approx(0.2 * (~outside).sum(), rel=0.25)
    assert len(np.unique(world.person[outside])) == outside.sum()
