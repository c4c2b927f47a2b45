"""The very large account of the benchmarks, the single account of the audience tests, and worlds at scale."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest

from headcount.simulate import big_account, single_account
from headcount.sources.formats.tidy.tidy import TidySource
from headcount.store.store import Store
from headcount.tables import TABLES

FOLLOWERS, INTERACTIONS, POSTS = 3_000, 40_000, 60
NAMES = [table.name for table in TABLES]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return big_account(
        tmp_path_factory.mktemp("it's big"), followers=FOLLOWERS, interactions=INTERACTIONS, posts=POSTS, seed=3
    )


@pytest.fixture(scope="module")
def tables(folder: Path) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for name in NAMES:
        path = str(folder / f"{name}.parquet").replace("'", "''")
        con.execute(f"CREATE VIEW {name} AS FROM '{path}'")
    return con


def rows(con: duckdb.DuckDBPyConnection, query: str) -> int:
    found = con.execute(f"SELECT count(*) FROM ({query})").fetchone()
    assert found is not None
    return int(found[0])


# -- the big account ---------------------------------------------------------------------------------------


def test_counts_are_those_asked_for(tables):
    held = {name: rows(tables, f"FROM {name}") for name in NAMES}
    assert held == {"accounts": FOLLOWERS + 1, "follows": FOLLOWERS, "posts": POSTS, "interactions": INTERACTIONS}
    claimed = tables.execute("SELECT followers_count FROM accounts WHERE account_id = 'table:0'").fetchone()
    assert claimed == (FOLLOWERS,)


def test_it_imports_clean(folder: Path, tmp_path: Path):
    with Store(tmp_path, write=True) as store:
        day = datetime(2026, 10, 2, tzinfo=UTC)  # after the observation
        imported = store.ingest(lambda con: TidySource().read(folder, con, skip_bad=False), path="p", now=day)
    assert imported.read == imported.added
    assert imported.added["interactions"] == INTERACTIONS
    assert imported.notes == ()


def test_accounts_are_made_before_they_follow_and_followed_before_the_first_post(tables):
    made = "FROM follows AS f JOIN accounts AS a ON a.account_id = f.follower_id"
    assert rows(tables, made) == FOLLOWERS
    assert rows(tables, f"{made} WHERE a.created_at >= f.followed_at") == 0
    assert rows(tables, "FROM follows WHERE followed_at >= (SELECT min(created_at) FROM posts)") == 0
    assert rows(tables, "FROM posts SEMI JOIN accounts ON account_id = author_id") == POSTS
    assert rows(tables, "FROM accounts WHERE last_post_at < created_at OR last_post_at > observed_at") == 0


def test_positions_run_from_the_newest_follow(tables):
    assert rows(tables, "SELECT DISTINCT position FROM follows WHERE position BETWEEN 0 AND 2999") == FOLLOWERS
    later = "SELECT followed_at, lag(followed_at) OVER (ORDER BY position) AS newer FROM follows"
    assert rows(tables, f"FROM ({later}) WHERE newer <= followed_at") == 0


def test_responses_are_of_followers_to_posts_after_them(tables):
    joined = "FROM interactions AS i JOIN posts AS p USING (post_id)"
    assert rows(tables, joined) == INTERACTIONS
    assert rows(tables, f"{joined} WHERE i.created_at < p.created_at") == 0
    assert rows(tables, "FROM interactions WHERE created_at > (SELECT max(observed_at) FROM accounts)") == 0
    assert rows(tables, "FROM interactions ANTI JOIN follows ON actor_id = follower_id") == 0


def test_a_few_followers_give_most_responses_and_draws_are_independent(tables):
    """Densities: actor u^4, so a tenth gives 0.1^(1/4) = 56%; of pairs, as many distinct as independent draws give."""
    per_actor = np.sort(
        tables.execute("SELECT count(*) AS n FROM interactions GROUP BY actor_id").fetchnumpy()["n"].astype(float)
    )[::-1]
    assert per_actor[: FOLLOWERS // 10].sum() / INTERACTIONS == pytest.approx(0.1**0.25, abs=0.02)
    generator = np.random.default_rng(1)
    actor = 1 + np.floor(generator.random(INTERACTIONS) ** 4 * FOLLOWERS * 0.999)
    expected = len(np.unique(actor * POSTS + generator.integers(0, POSTS, INTERACTIONS)))
    found = rows(tables, "SELECT DISTINCT actor_id, post_id FROM interactions")
    assert found == pytest.approx(expected, rel=0.02)
    per_post = tables.execute("SELECT count(*) AS n FROM interactions GROUP BY post_id").fetchnumpy()["n"]
    assert len(per_post) == POSTS
    assert np.abs(per_post - INTERACTIONS / POSTS).max() < 5 * np.sqrt(INTERACTIONS / POSTS)


def test_equal_seeds_give_equal_tables_and_others_do_not(folder: Path, tmp_path: Path):
    sizes = {"followers": FOLLOWERS, "interactions": INTERACTIONS, "posts": POSTS}
    again = big_account(tmp_path / "again", **sizes, seed=3)
    other = big_account(tmp_path / "other", **sizes, seed=4)
    con = duckdb.connect()
    for name in ("accounts", "interactions"):
        first, second, third = (
            con.execute("SELECT * FROM read_parquet(?) ORDER BY ALL", [str(place / f"{name}.parquet")]).fetchall()
            for place in (folder, again, other)
        )
        assert first == second != third


# -- the single account ------------------------------------------------------------------------------------


def test_single_account_captures_and_truth_fit_together():
    drawn = single_account(2_000, 30, 40, response=0.03, reach_spread=0.5, seed=1)
    assert len(drawn.probability) == 2_000
    assert len(drawn.person) == len(drawn.post) == len(drawn.active)
    pairs = np.column_stack([drawn.person, drawn.post])
    assert len(np.unique(pairs, axis=0)) == len(pairs)
    assert set(np.unique(drawn.post)) <= set(range(30))
    assert len(drawn.new_responders) == 40
    assert (np.diff(drawn.new_responders) >= 0).all()
    assert len(np.unique(drawn.person)) + drawn.new_responders[-1] <= 2_000
    assert drawn.active.mean() == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("shape", ["beta", "log-normal"])
def test_single_account_responds_as_often_as_asked(shape):
    drawn = single_account(50_000, 10, 0, response=0.03, shape=shape, heterogeneity=0.8, reach_spread=0.0, seed=2)
    assert drawn.probability.mean() == pytest.approx(0.03, rel=0.05)
    assert len(drawn.person) == pytest.approx(50_000 * 10 * 0.03, rel=0.06)
    assert drawn.new_responders.size == 0


def test_single_account_new_responders_are_what_the_probabilities_say():
    """E[new after t posts] = sum over followers of (1-p)^n (1 - (1-p)^t)."""
    drawn = single_account(40_000, 20, 20, response=0.02, heterogeneity=0.7, seed=3)
    missed = (1 - drawn.probability) ** 20
    expected = (missed * (1 - missed)).sum()
    assert drawn.new_responders[-1] == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_the_silent_share_never_responds_and_seeds_repeat():
    drawn, same, other = (single_account(1_000, 20, 5, silent_share=0.4, seed=seed) for seed in (4, 4, 5))
    silent = np.flatnonzero(drawn.probability == 0)
    assert len(silent) == pytest.approx(400, abs=5 * np.sqrt(240))
    assert not np.isin(drawn.person, silent).any()
    np.testing.assert_array_equal(drawn.person, same.person)
    assert not np.array_equal(drawn.probability, other.probability)


# -- at scale ----------------------------------------------------------------------------------------------

_RUN = """
import resource, sys, time
from pathlib import Path
from headcount.simulate import WorldSettings, simulate

begin = time.perf_counter()
world = simulate(WorldSettings(people=100_000, follows=5_000_000), seed=1)
drawn = time.perf_counter()
world.write(Path(sys.argv[1]))
written = time.perf_counter()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(f"{len(world.people):,} accounts, {len(world.follows):,} follows, {len(world.posts):,} posts, "
      f"{len(world.interactions):,} interactions: drawn in {drawn - begin:.1f} s, written in {written - drawn:.1f} s, "
      f"peak {peak:,.0f} MB")
"""


@pytest.mark.long
def test_a_hundred_thousand_people_and_five_million_follows(tmp_path: Path):
    done = subprocess.run([sys.executable, "-c", _RUN, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    print(f"\n{done.stdout}", end="")
    con = duckdb.connect()
    for name in ("accounts", "follows", "interactions"):
        con.execute(f"CREATE VIEW {name} AS FROM '{tmp_path}/{name}.parquet'")
    assert rows(con, "FROM accounts") == 100_000
    assert 4_250_000 < rows(con, "FROM follows") < 5_500_000
    assert rows(con, "SELECT DISTINCT follower_id, followee_id FROM follows") == rows(con, "FROM follows")
    assert rows(con, "FROM follows WHERE follower_id = followee_id") == 0
    assert rows(con, "FROM interactions ANTI JOIN accounts ON account_id = actor_id") == 0
