"""The cast of the demo: five accounts with planted followers, ties and truth."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import duckdb
import numpy as np
import pytest

from headcount.simulate import CAST, ROLES, AudienceTruth, World, demo_world
from headcount.simulate.cast import answers_of
from headcount.support.times import DAY
from headcount.tables import INTERACTION_KINDS

NAMES = list(ROLES)
REPLY = INTERACTION_KINDS.index("reply")

RECOUNT = """
WITH standing AS (SELECT follower_id, followee_id FROM follows WHERE gone_at IS NULL),
recent AS (SELECT post_id, author_id FROM posts
           WHERE kind = 'post' AND created_at > (SELECT max(observed_at) FROM accounts) - INTERVAL 56 DAY),
answered AS (
    SELECT author_id, count(DISTINCT actor_id) AS responders
    FROM interactions AS i JOIN recent AS p USING (post_id)
    JOIN standing AS s ON s.follower_id = i.actor_id AND s.followee_id = p.author_id GROUP BY author_id)
SELECT a.handle,
    (SELECT count(*) FROM standing WHERE followee_id = a.account_id),
    (SELECT count(*) FROM recent WHERE author_id = a.account_id),
    coalesce((SELECT responders FROM answered WHERE author_id = a.account_id), 0),
    (SELECT count(*) FROM standing JOIN truth AS t ON t.account_id = follower_id
     WHERE followee_id = a.account_id AND role = 'auto_follow'),
    (SELECT count(*) FROM standing JOIN truth AS t ON t.account_id = follower_id
     WHERE followee_id = a.account_id AND role = 'bought')
FROM accounts AS a WHERE handle IN ('ana', 'promoter', 'collector', 'celebrity', 'newcomer') ORDER BY a.account_id
"""


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world(seed=1, scale=0.2)


def number_of(world: World, handle: str) -> int:
    return next(number for number, name in world.handles.items() if name == handle)


def truth_of(world: World, handle: str) -> AudienceTruth:
    return next(row for row in world.truth if row.handle == handle)


def followers_of(world: World, handle: str) -> np.ndarray:
    """Rows of the follows of somebody."""
    return np.flatnonzero(world.follows.followee == number_of(world, handle))


def open_tables(folder: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for file in folder.glob("*.parquet"):
        con.execute(f"CREATE VIEW {file.stem} AS FROM '{file}'")
    return con


def test_the_cast_comes_last_and_has_its_handles(world):
    assert list(world.handles.values()) == [member.handle for member in CAST]
    assert list(world.handles) == list(range(world.settings.people, len(world.people)))
    assert [row.handle for row in world.truth] == [member.handle for member in CAST]
    assert [row.person for row in world.truth] == list(world.handles)


def test_ages_are_those_of_the_cast(world):
    now = world.settings.now.timestamp()
    ages = [(now - world.people.joined[number]) / DAY for number in world.handles]
    assert ages == pytest.approx([member.age_days for member in CAST])


def test_small_accounts_have_their_followers_whatever_the_scale(world):
    for handle in ("ana", "newcomer"):
        member = next(member for member in CAST if member.handle == handle)
        rows = followers_of(world, handle)
        roles = world.people.role[world.follows.follower[rows]]
        for role, many in member.followers.items():
            assert np.sum(roles == NAMES.index(role)) == many, (handle, role)


def test_large_accounts_are_scaled_with_the_platform(world):
    for member in CAST:
        if sum(member.followers.values()) > 1_000:
            expected = sum(int(0.2 * many) for many in member.followers.values())
            assert len(followers_of(world, member.handle)) == pytest.approx(expected, rel=0.15), member.handle


@pytest.mark.parametrize("handle", ["promoter", "collector"])
def test_bought_followers_arrive_in_two_bursts(world, handle: str):
    rows = followers_of(world, handle)
    people, follows = world.people, world.follows
    bought = people.role[follows.follower[rows]] == NAMES.index("bought")
    ago = (world.settings.now.timestamp() - follows.at[rows]) / DAY
    length = world.settings.burst_days
    first, second = ((ago <= start) & (ago > start - length) for start in (430.0, 200.0))
    assert bought.sum() > 100
    assert (first | second)[bought].all()
    assert 0.35 < first[bought].mean() < 0.65
    assert (first | second)[~bought].mean() < 0.05  # the others come when they come
    made = people.joined[follows.follower[rows][bought]]
    assert np.ptp(made) < 71 * DAY  # made in bulk, before the first delivery
    assert (made < follows.at[rows][bought]).all()


def test_bought_followers_are_silent(world):
    bought = np.flatnonzero(world.people.role == NAMES.index("bought"))
    assert not np.isin(world.interactions.actor, bought).any()


def test_responses_to_the_cast_come_from_followers_after_the_follow(world):
    acts, follows, posts = world.interactions, world.follows, world.posts
    for handle in world.handles.values():
        number = number_of(world, handle)
        rows = np.flatnonzero((acts.target == number) & (acts.post >= 0))
        assert len(rows), handle
        assert (posts.author[acts.post[rows]] == number).all()
        listed = follows.followee == number
        since = dict(zip(follows.follower[listed], follows.at[listed], strict=True))
        assert all(since[who] <= posts.at[post] for who, post in zip(acts.actor[rows], acts.post[rows], strict=True))
        assert (acts.at[rows] > posts.at[acts.post[rows]]).all()
        assert (acts.at[rows] < world.settings.now.timestamp()).all()


def test_nobody_responds_twice_to_a_post_of_the_cast(world):
    acts = world.interactions
    rows = np.isin(acts.target, list(world.handles)) & (acts.post >= 0)
    assert len(np.unique(np.column_stack([acts.actor[rows], acts.post[rows]]), axis=0)) == rows.sum()


def test_the_cast_posts_as_often_as_it_says(world):
    weeks = world.settings.observed_weeks
    for member in CAST:
        own = world.posts.author == number_of(world, member.handle)
        seen = min(weeks, member.age_days / 7)
        assert own.sum() == pytest.approx(member.posts_a_week * seen, abs=1), member.handle
    cast = np.isin(world.posts.author, list(world.handles))
    assert world.posts.question[cast].mean() == pytest.approx(1 / 6, abs=0.07)


def test_the_planted_ties_are_two_way(world):
    """Each partner exchanges words with the account in both directions, but for a rare one who was met once."""
    acts = world.interactions
    for member in CAST:
        number, planted = number_of(world, member.handle), truth_of(world, member.handle).relationships
        assert planted == sum(many for many, _ in member.partners)
        bare = acts.post == -1
        out = set(acts.target[bare & (acts.actor == number)])
        back = set(acts.actor[bare & (acts.target == number)])
        assert planted - 2 <= len(out & back) <= planted
        assert len(out | back) <= planted


def test_the_celebrity_addresses_nobody_and_ana_answers(world):
    acts, now = world.interactions, world.settings.now.timestamp()
    assert not (acts.actor == number_of(world, "celebrity")).any()
    assert not (world.follows.follower == number_of(world, "celebrity")).any()
    ana = number_of(world, "ana")
    asked = np.flatnonzero((acts.target == ana) & (acts.kind == REPLY) & (acts.post >= 0) & (acts.at < now - 3 * DAY))
    answered = np.isin(asked, -2 - acts.post[acts.post < -1]).mean()
    assert len(asked) > 50
    assert answered == pytest.approx(answers_of("ana"), abs=4 * np.sqrt(0.16 / len(asked)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_truth_agrees_with_a_recount_of_the_tables(seed: int, tmp_path: Path):
    world = demo_world(seed=seed, scale=0.1)
    con = open_tables(world.write(tmp_path))
    recount = con.execute(RECOUNT).fetchall()
    names = ("handle", "followers", "posts_in_window", "responders_in_window", "auto_followers", "bought")
    assert recount == [tuple(asdict(row)[name] for name in names) for row in world.truth]
    assert sum(row.responders_in_window for row in world.truth) > 100


def test_the_truth_of_the_next_posts_is_above_what_is_seen_and_below_the_list():
    rows = [row for seed in range(1, 5) for row in demo_world(seed=seed, scale=0.1).truth]
    for row in rows:
        assert row.responders_in_window <= row.responders_after <= row.followers
    assert sum(row.responders_after for row in rows) > 1.1 * sum(row.responders_in_window for row in rows)


@pytest.mark.parametrize("scale", [0.1, 0.2])
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_ana_has_more_who_answer_than_the_promoter_with_more_followers(seed: int, scale: float):
    world = demo_world(seed=seed, scale=scale)
    ana, promoter = truth_of(world, "ana"), truth_of(world, "promoter")
    assert ana.followers < promoter.followers
    assert ana.responders_after > promoter.responders_after


@pytest.mark.long
def test_ana_against_the_promoter_at_full_scale():
    world = demo_world(seed=1)
    ana, promoter = truth_of(world, "ana"), truth_of(world, "promoter")
    for row in (ana, promoter):
        print(f"\n{row.handle}: {row.responders_after:,} of {row.followers:,} followers will have responded", end="")
    assert promoter.followers > 15 * ana.followers
    assert ana.responders_after > promoter.responders_after
    for member in CAST:
        assert len(followers_of(world, member.handle)) == sum(member.followers.values())


@pytest.mark.parametrize("scale", [0.001, 0.02])
def test_even_a_tiny_platform_holds_the_cast(scale: float, tmp_path: Path):
    world = demo_world(seed=1, scale=scale)
    assert list(world.handles.values()) == [member.handle for member in CAST]
    rows = open_tables(world.write(tmp_path)).execute("SELECT count(*) FROM truth_audience").fetchone()
    assert rows == (len(CAST),)


def test_equal_seeds_give_equal_casts():
    one, two, other = (demo_world(seed=seed, scale=0.05) for seed in (4, 4, 5))
    assert one.truth == two.truth != other.truth
    np.testing.assert_array_equal(one.interactions.at, two.interactions.at)
