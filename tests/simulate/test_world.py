"""A simulated platform: what its settings promise is what its arrays hold."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from headcount.errors import UsageError
from headcount.simulate import ROLES, RoleSettings, World, WorldSettings, simulate
from headcount.simulate.people import draw_people, group
from headcount.simulate.responding import _HOURLY
from headcount.support.times import DAY
from headcount.tables import INTERACTION_KINDS

NAMES = list(ROLES)
# more circuits than usual, and auto-followers who respond, so that ends of follows can be seen to matter
SETTINGS = WorldSettings(
    people=3_000,
    follows=90_000,
    roles=ROLES
    | {"circuit": replace(ROLES["circuit"], share=0.08), "auto_follow": replace(ROLES["auto_follow"], response=0.3)},
)
SMALL = WorldSettings(people=800, follows=12_000)


@pytest.fixture(scope="module")
def world() -> World:
    return simulate(SETTINGS, seed=3)


@pytest.fixture(scope="module")
def now() -> float:
    return SETTINGS.now.timestamp()


def of_role(world: World, name: str) -> np.ndarray:
    return world.people.role == NAMES.index(name)


def columns(world: World) -> dict[str, np.ndarray]:
    tables = {name: getattr(world, name) for name in ("people", "follows", "posts", "interactions")}
    return {f"{name}.{f.name}": getattr(table, f.name) for name, table in tables.items() for f in fields(table)}


def pairs(world: World) -> np.ndarray:
    """(follows,) each pair as one number, sorted."""
    return np.sort(world.follows.follower * len(world.people) + world.follows.followee)


def has_follow(world: World, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    known, wanted = pairs(world), a * len(world.people) + b
    return known[np.minimum(np.searchsorted(known, wanted), len(known) - 1)] == wanted


def mutual_density(world: World, number: np.ndarray) -> np.ndarray:
    """Share of the pairs of each group of five or more that follow each other."""
    found = []
    for one in np.unique(number[number >= 0]):
        members = np.flatnonzero(number == one)
        if len(members) >= 5:
            first, second = np.triu_indices(len(members), 1)
            a, b = members[first], members[second]
            found.append((has_follow(world, a, b) & has_follow(world, b, a)).mean())
    return np.array(found)


def top_share(values: np.ndarray, share: float) -> float:
    ordered = np.sort(values)[::-1]
    return float(ordered[: int(share * len(values))].sum() / ordered.sum())


# -- the same and another ----------------------------------------------------------------------------------


def test_equal_settings_and_seed_give_equal_worlds():
    one, two, other = simulate(SMALL, seed=5), simulate(SMALL, seed=5), simulate(SMALL, seed=6)
    second, third = columns(two), columns(other)
    for name, values in columns(one).items():
        np.testing.assert_array_equal(values, second[name], err_msg=name)
        assert not np.array_equal(values, third[name]), name


def test_the_global_random_state_is_neither_read_nor_moved():
    before = np.random.get_state()[1].copy()  # noqa: NPY002 - the point of the test
    simulate(SMALL, seed=5)
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_a_world_needs_an_account():
    with pytest.raises(UsageError, match="at least one"):
        simulate(WorldSettings(people=0))


@pytest.mark.parametrize("people", [1, 2, 7])
def test_the_smallest_worlds_can_be(people: int):
    tiny = simulate(WorldSettings(people=people, follows=10 * people), seed=1)
    assert len(tiny.people) == people
    assert len(tiny.follows) <= people * (people - 1)


# -- people ------------------------------------------------------------------------------------------------


def test_role_shares_lie_within_sampling_error():
    settings = replace(WorldSettings(), people=40_000)
    role = draw_people(settings, np.random.default_rng(1)).role
    total = sum(kind.share for kind in ROLES.values())
    for index, kind in enumerate(ROLES.values()):
        share = kind.share / total
        error = np.sqrt(share * (1 - share) / settings.people)
        assert abs((role == index).mean() - share) < 4 * error, NAMES[index]


def test_response_probabilities_are_beta_within_each_role():
    """Beta(a, a (1/m - 1)) has mean m and squared coefficient of variation (1 - m) / (a + m)."""
    people = draw_people(replace(WorldSettings(), people=200_000), np.random.default_rng(2))
    for index, kind in enumerate(ROLES.values()):
        chance = people.response[people.role == index]
        if kind.response == 0:
            assert not chance.any()
            continue
        expected = (1 - kind.response) / (kind.devotion + kind.response)
        assert chance.mean() == pytest.approx(kind.response, rel=5 * np.sqrt(expected / len(chance))), NAMES[index]
        assert chance.var() / chance.mean() ** 2 == pytest.approx(expected, rel=0.2), NAMES[index]


def test_a_few_devoted_people_give_most_responses():
    """A tenth of the real people gives over a third of the chance to respond; with equal people it would be a tenth."""
    alike = {name: replace(kind, devotion=1e4) for name, kind in ROLES.items()}
    heavy, even = (
        draw_people(replace(SETTINGS, people=20_000, roles=roles), np.random.default_rng(3)) for roles in (ROLES, alike)
    )
    assert top_share(heavy.response[heavy.role == 0], 0.1) > 0.33
    assert top_share(even.response[even.role == 0], 0.1) < 0.12


def test_activity_and_followers_have_heavy_tails(world):
    followers = np.bincount(world.follows.followee, minlength=len(world.people))
    posts = np.bincount(world.posts.author, minlength=len(world.people))
    acts = np.bincount(world.interactions.actor, minlength=len(world.people))
    assert followers.max() > 12 * np.median(followers)
    assert top_share(followers, 0.01) > 0.06
    assert top_share(posts, 0.1) > 0.5
    assert np.mean(acts == 0) > 0.3
    assert top_share(acts, 0.1) > 0.5


def test_followers_fall_off_with_the_tail_that_was_asked_for():
    """Hill's estimate of the exponent, over the top 2% by popularity."""
    for tail in (1.3, 2.5):
        settings = replace(WorldSettings(), people=50_000, popularity_tail=tail, roles={**ROLES})
        people = draw_people(settings, np.random.default_rng(4))
        top = np.sort(people.popularity[people.role == 0])[-500:]
        assert 1 / np.log(top[1:] / top[0]).mean() == pytest.approx(tail, rel=0.2)


def test_newcomers_drop_out_early(now):
    settings = replace(WorldSettings(), people=30_000)
    people = draw_people(settings, np.random.default_rng(5))
    lifetime = (people.last_active - people.joined) / DAY
    old_enough = people.joined < now - 30 * DAY
    new = (people.role == NAMES.index("newcomer")) & old_enough
    real = (people.role == NAMES.index("real")) & old_enough
    assert (people.joined[people.role == NAMES.index("newcomer")] > now - 60 * DAY).all()
    assert (lifetime[new] < 14).mean() == pytest.approx(settings.newcomer_dropout, abs=0.06)
    assert (lifetime[real] < 14).mean() < 0.01


def test_who_is_away_left_long_ago_and_who_was_bought_never_came(world, now):
    people = world.people
    assert np.median(now - people.last_active[of_role(world, "away")]) > 120 * DAY
    assert (people.last_active[of_role(world, "bought")] <= people.joined[of_role(world, "bought")] + DAY).all()
    assert (people.joined <= people.last_active).all()
    assert (people.last_active <= now).all()
    assert not np.isin(world.posts.author, np.flatnonzero(of_role(world, "bought"))).any()


def test_groups_have_the_size_that_was_asked_for():
    number = group(np.arange(0, 20_000, 2), 20_000, 30.0, np.random.default_rng(6))
    assert (number[1::2] == -1).all()
    assert (number[::2] >= 0).all()
    assert np.median(np.bincount(number[::2])) == pytest.approx(30, abs=3)


# -- follows -----------------------------------------------------------------------------------------------


def test_nobody_follows_oneself_or_anyone_twice(world):
    assert (world.follows.follower != world.follows.followee).all()
    assert (np.diff(pairs(world)) > 0).all()


def test_about_as_many_follows_as_asked_for():
    asked = WorldSettings(people=20_000, follows=400_000)
    assert 0.85 * asked.follows < len(simulate(asked, seed=1).follows) < 1.1 * asked.follows


def test_follows_come_while_both_are_there_and_end_after_they_began(world, now):
    follows, people = world.follows, world.people
    assert (follows.at >= people.joined[follows.follower]).all()
    assert (follows.at >= people.joined[follows.followee]).all()
    assert (follows.at < now).all()
    seller_made = of_role(world, "bought")[follows.follower]
    assert (follows.at[~seller_made] <= people.last_active[follows.follower[~seller_made]] + DAY).all()
    ended = ~np.isnan(follows.gone)
    assert ended.any()
    assert (follows.gone[ended] > follows.at[ended]).all()
    assert (follows.gone[ended] < now).all()
    assert of_role(world, "auto_follow")[follows.follower[ended]].all()


def test_auto_followers_follow_back_and_people_rarely_do(world):
    def returned(name: str) -> float:
        """Share of the follows by ordinary people that somebody of the role returns."""
        to = of_role(world, name)[world.follows.followee] & of_role(world, "real")[world.follows.follower]
        to &= world.people.community[world.follows.follower] < 0
        return float(has_follow(world, world.follows.followee[to], world.follows.follower[to]).mean())

    assert returned("auto_follow") > 0.9
    assert 0.05 < returned("real") < 0.4
    assert returned("organisation") < 0.15


def test_circuits_are_dense_and_silent_communities_dense_and_chatty(world):
    people, acts = world.people, world.interactions
    circuits, communities = mutual_density(world, people.circuit), mutual_density(world, people.community)
    assert len(circuits) >= 2
    assert (circuits > 0.5).all()
    assert circuits.mean() == pytest.approx(SETTINGS.circuit_density, abs=0.05)
    assert communities.mean() == pytest.approx(SETTINGS.community_density, abs=0.05)

    def talk(number: np.ndarray) -> float:
        """Interactions a pair of the same group."""
        inside = (number[acts.actor] >= 0) & (number[acts.actor] == number[acts.target])
        size = np.bincount(number[number >= 0])
        return inside.sum() / (size * (size - 1) / 2).sum()

    assert talk(people.community) > 1
    assert talk(people.circuit) < 0.02


# -- posts and responses -----------------------------------------------------------------------------------


def test_posts_lie_in_the_observed_weeks(world, now):
    posts = world.posts
    assert (np.diff(posts.author) >= 0).all()
    assert (np.diff(posts.at)[np.diff(posts.author) == 0] >= 0).all()
    assert (posts.at >= now - SETTINGS.observed_weeks * 7 * DAY).all()
    assert (posts.at < now).all()
    assert (posts.at >= world.people.joined[posts.author]).all()


@pytest.mark.parametrize("zone", [-8, 9])
def test_posts_keep_the_rhythm_of_the_day_where_their_author_lives(world, zone: int):
    there = np.flatnonzero(world.people.zone[world.posts.author] == zone)
    local = ((world.posts.at[there] + zone * 3600) % DAY // 3600).astype(int)
    universal = (world.posts.at[there] % DAY // 3600).astype(int)
    by_hour = np.bincount(local, minlength=24)
    assert np.corrcoef(by_hour, _HOURLY)[0, 1] > 0.9
    assert by_hour[:6].sum() < 0.09 * len(there)
    assert by_hour[18:23].sum() > 0.3 * len(there)
    assert np.corrcoef(np.bincount(universal, minlength=24), _HOURLY)[0, 1] < 0.6


def test_responders_sleep_at_night(world):
    acts = world.interactions
    response = acts.post >= 0
    local = ((acts.at[response] + world.people.zone[acts.actor[response]] * 3600) % DAY) // 3600
    assert (local < 7).mean() < 0.12  # seven hours of 24 would be 0.29


def test_responses_follow_the_follow_and_the_post(world, now):
    acts, follows, posts = world.interactions, world.follows, world.posts
    rows = np.flatnonzero(acts.post >= 0)
    post = acts.post[rows]
    np.testing.assert_array_equal(posts.author[post], acts.target[rows])
    assert (acts.at[rows] > posts.at[post]).all()
    assert (acts.at < now).all()
    size = len(world.people)
    key = follows.follower * size + follows.followee
    order = np.argsort(key)
    wanted = acts.actor[rows] * size + acts.target[rows]
    row = order[np.searchsorted(key[order], wanted)]
    np.testing.assert_array_equal(key[row], wanted)  # every responder follows
    assert (posts.at[post] >= follows.at[row]).all()
    ended = ~np.isnan(follows.gone[row])
    assert ended.any()
    assert (posts.at[post][ended] <= follows.gone[row][ended]).all()
    assert (acts.at <= world.people.last_active[acts.actor] + DAY).all()


def test_nobody_responds_twice_to_a_post_and_nothing_stands_twice(world):
    acts = world.interactions
    rows = acts.post >= 0
    seen = acts.actor[rows] * len(world.posts) + acts.post[rows]
    assert len(np.unique(seen)) == rows.sum()
    every = np.column_stack([acts.actor, acts.target, acts.kind, acts.post, (acts.at * 1e6).astype(np.int64)])
    assert len(np.unique(every, axis=0)) == len(every)
    assert (acts.actor != acts.target).all()


def test_responses_come_in_the_kinds_asked_for(world):
    kind = world.interactions.kind[world.interactions.post >= 0]
    shares = np.bincount(kind, minlength=len(INTERACTION_KINDS)) / len(kind)
    np.testing.assert_allclose(shares, [SETTINGS.kinds[name] for name in INTERACTION_KINDS], atol=0.015)


def test_answers_address_replies_and_come_after_them(world):
    acts = world.interactions
    answers = np.flatnonzero(acts.post < -1)
    reply = -2 - acts.post[answers]
    assert len(answers) > 50
    np.testing.assert_array_equal(acts.actor[answers], acts.target[reply])
    np.testing.assert_array_equal(acts.target[answers], acts.actor[reply])
    assert (acts.kind[reply] == INTERACTION_KINDS.index("reply")).all()
    assert (acts.at[answers] > acts.at[reply]).all()


def test_authors_answer_as_often_as_their_role_does():
    """Of replies to ordinary people and more than two days old, so that there was time to answer."""
    world = simulate(WorldSettings(people=6_000, follows=200_000), seed=4)
    acts, now = world.interactions, world.settings.now.timestamp()
    replies = np.flatnonzero((acts.post >= 0) & (acts.kind == INTERACTION_KINDS.index("reply")))
    asked = replies[of_role(world, "real")[acts.target[replies]] & (acts.at[replies] < now - 7 * DAY)]
    answered = np.isin(asked, -2 - acts.post[acts.post < -1]).mean()
    assert answered == pytest.approx(ROLES["real"].answers, abs=4 * np.sqrt(0.25 / len(asked)))


def test_who_joined_yesterday_does_not_talk_all_at_one_instant():
    world = simulate(WorldSettings(people=2_000, follows=20_000, years=0.02, community_talk=4.0), seed=1)
    bare = world.interactions.post == -1
    assert bare.sum() > 1_000
    assert len(np.unique(world.interactions.at[bare])) == bare.sum()


def test_the_more_people_follow_the_less_they_see():
    """Half of the attention is left at `attention` followed accounts, so less attention means fewer responses."""
    wide, narrow = (simulate(replace(SMALL, attention=attention), seed=2) for attention in (4_000.0, 40.0))
    assert (wide.interactions.post >= 0).sum() > 2 * (narrow.interactions.post >= 0).sum()


def test_every_role_is_a_full_set_of_settings():
    assert all(isinstance(kind, RoleSettings) for kind in ROLES.values())
    assert sum(kind.share for kind in ROLES.values()) == pytest.approx(1)
    assert set(WorldSettings().kinds) == set(INTERACTION_KINDS)
