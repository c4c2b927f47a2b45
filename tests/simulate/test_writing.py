"""A world as tidy tables: read back through the front door, in every format."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import duckdb
import numpy as np
import pytest

from headcount.errors import UsageError
from headcount.simulate import CAST, World, WorldSettings, demo_world, simulate
from headcount.sources.formats.tidy.tidy import TidySource
from headcount.store.results import Imported
from headcount.store.store import Store
from headcount.tables import TABLES

FORMATS = ("parquet", "csv", "csv.gz", "jsonl")
NAMES = [table.name for table in TABLES]
TRUTH = ("truth", "truth_audience")


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world(seed=2, scale=0.07)


@pytest.fixture(scope="module")
def folders(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same world in each format."""
    return {form: world.write(tmp_path_factory.mktemp("tables"), format=form) for form in FORMATS}


@pytest.fixture(scope="module")
def tables(folders: dict[str, Path]) -> duckdb.DuckDBPyConnection:
    """A connection that sees the Parquet tables."""
    con = duckdb.connect()
    for name in (*NAMES, *TRUTH):
        con.execute(f"CREATE VIEW {name} AS FROM '{folders['parquet']}/{name}.parquet'")
    return con


def rows(con: duckdb.DuckDBPyConnection, query: str) -> int:
    """How many rows a query gives."""
    found = con.execute(f"SELECT count(*) FROM ({query})").fetchone()
    assert found is not None
    return int(found[0])


def import_from(folder: Path, store: Store) -> Imported:
    """The day after the observation, whatever day the machine has."""
    tomorrow = WorldSettings().now + timedelta(days=1)
    return store.ingest(lambda con: TidySource().read(folder, con, skip_bad=False), path=str(folder), now=tomorrow)


# -- through the front door --------------------------------------------------------------------------------


@pytest.mark.sampled(2)
@pytest.mark.parametrize("form", FORMATS)
def test_every_format_imports_whole_and_clean(form: str, folders, tables, tmp_path: Path):
    with Store(tmp_path, write=True) as store:
        imported = import_from(folders[form], store)
        held = {name: rows(store.connection, f"FROM {name}") for name in NAMES}
    written = {name: rows(tables, f"FROM {name}") for name in NAMES}
    assert imported.read == imported.added == held == written
    assert (imported.skipped, imported.gone, imported.returned) == (0, 0, 0)
    expected = ", ".join(f"{name}.{form}" for name in TRUTH)
    assert imported.notes == (f"Files that are not tables were ignored: {expected}.",)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("form", FORMATS[1:])
def test_every_format_holds_the_same_values(form: str, folders, tmp_path: Path):
    with Store(tmp_path / "a", write=True) as one, Store(tmp_path / "b", write=True) as two:
        import_from(folders["parquet"], one)
        import_from(folders[form], two)
        for table in TABLES:
            query = f"SELECT {', '.join(table.names)} FROM {table.name} ORDER BY {', '.join(table.key)}"
            left, right = (store.connection.execute(query).fetchall() for store in (one, two))
            assert left == right, table.name


@pytest.mark.parametrize("form", FORMATS)
def test_columns_are_those_of_the_tables_and_nothing_else(form: str, folders):
    for table in TABLES:
        found = duckdb.sql(f"SELECT * FROM '{folders[form]}/{table.name}.{form}' LIMIT 1").columns
        assert set(found) <= set(table.names), table.name
        assert {column.name for column in table.columns if column.required} <= set(found)


def test_text_says_that_its_times_are_utc(folders):
    line = (folders["csv"] / "interactions.csv").read_text(encoding="utf-8").splitlines()[1]
    assert line.endswith("Z")
    assert '"created_at":"2026-' in (folders["jsonl"] / "posts.jsonl").read_text(encoding="utf-8").splitlines()[0]


# -- what stands in the tables -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "column",
    [
        "follows.follower_id",
        "follows.followee_id",
        "posts.author_id",
        "posts.reply_to_account_id",
        "interactions.actor_id",
        "interactions.target_id",
        "truth.account_id",
        "truth_audience.account_id",
    ],
)
def test_every_account_that_is_named_is_there(column: str, tables):
    table, _, name = column.partition(".")
    assert rows(tables, f"FROM {table} WHERE {name} IS NOT NULL") > 0
    known = "SELECT account_id FROM accounts"
    assert rows(tables, f"FROM {table} WHERE {name} IS NOT NULL AND {name} NOT IN ({known})") == 0


@pytest.mark.parametrize("column", ["posts.reply_to_post_id", "posts.root_post_id", "interactions.post_id"])
def test_every_post_that_is_named_is_there(column: str, tables):
    table, _, name = column.partition(".")
    known = f"FROM {table} WHERE {name} IS NOT NULL"
    assert rows(tables, known) > 100
    assert rows(tables, f"{known} AND {name} NOT IN (SELECT post_id FROM posts)") == 0


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_keys_are_distinct(table, tables):
    assert rows(tables, f"SELECT DISTINCT {', '.join(table.key)} FROM {table.name}") == rows(
        tables, f"FROM {table.name}"
    )
    assert rows(tables, "SELECT DISTINCT handle FROM accounts") == rows(tables, "FROM accounts")


def test_nobody_follows_or_addresses_oneself(tables):
    assert rows(tables, "FROM follows WHERE follower_id = followee_id") == 0
    assert rows(tables, "FROM interactions WHERE actor_id = target_id") == 0


def test_responses_answer_a_post_of_their_target_after_it_and_before_the_observation(tables):
    joined = "FROM interactions AS i JOIN posts AS p USING (post_id)"
    assert rows(tables, joined) == rows(tables, "FROM interactions WHERE post_id IS NOT NULL")
    assert rows(tables, f"{joined} WHERE p.author_id <> i.target_id") == 0
    assert rows(tables, f"{joined} WHERE i.created_at <= p.created_at") == 0
    assert rows(tables, "FROM interactions WHERE created_at > (SELECT max(observed_at) FROM accounts)") == 0


def test_who_responds_followed_before(tables):
    """Answers to replies and bare mentions apart: they need no follow."""
    responses = """FROM interactions AS i JOIN posts AS p ON p.post_id = i.post_id AND p.kind = 'post'
        LEFT JOIN follows AS f ON f.follower_id = i.actor_id AND f.followee_id = i.target_id"""
    assert rows(tables, responses) > 1_000
    assert rows(tables, f"{responses} WHERE f.followed_at IS NULL OR i.created_at < f.followed_at") == 0


def test_positions_run_from_the_newest_to_the_oldest_without_a_gap(tables):
    """Standing follows only; those that ended have none."""
    ranks = """SELECT position, followed_at, lag(followed_at) OVER list AS newer, row_number() OVER list - 1 AS place
        FROM follows WHERE gone_at IS NULL WINDOW list AS (PARTITION BY followee_id ORDER BY position)"""
    assert rows(tables, f"FROM ({ranks}) WHERE position IS DISTINCT FROM place") == 0
    assert rows(tables, f"FROM ({ranks}) WHERE newer < followed_at") == 0
    assert rows(tables, "FROM follows WHERE gone_at IS NOT NULL AND position IS NOT NULL") == 0
    assert rows(tables, "FROM follows WHERE gone_at <= followed_at") == 0


def test_nothing_happens_before_the_account_is_there(tables):
    made = "JOIN accounts AS a ON a.account_id ="
    assert rows(tables, f"FROM follows AS f {made} f.follower_id WHERE a.created_at > f.followed_at") == 0
    assert rows(tables, f"FROM follows AS f {made} f.followee_id WHERE a.created_at > f.followed_at") == 0
    assert rows(tables, f"FROM posts AS p {made} p.author_id WHERE a.created_at > p.created_at") == 0
    assert rows(tables, f"FROM interactions AS i {made} i.actor_id WHERE a.created_at > i.created_at") == 0


def test_counters_cover_what_is_listed(tables):
    """A world is a slice: counters tell of more than the tables, never of less."""
    counted = """SELECT a.*, coalesce(n.n, 0) AS listed, coalesce(g.n, 0) AS following,
            coalesce(w.n, 0) AS written, w.last
        FROM accounts AS a
        LEFT JOIN (SELECT followee_id AS id, count(*) AS n FROM follows WHERE gone_at IS NULL GROUP BY 1) AS n
            ON n.id = a.account_id
        LEFT JOIN (SELECT follower_id AS id, count(*) AS n FROM follows WHERE gone_at IS NULL GROUP BY 1) AS g
            ON g.id = a.account_id
        LEFT JOIN (SELECT author_id AS id, count(*) AS n, max(created_at) AS last FROM posts GROUP BY 1) AS w
            ON w.id = a.account_id"""
    assert rows(tables, f"FROM ({counted}) WHERE followers_count < listed") == 0
    assert rows(tables, f"FROM ({counted}) WHERE following_count < following") == 0
    assert rows(tables, f"FROM ({counted}) WHERE posts_count < written") == 0
    assert rows(tables, f"FROM ({counted}) WHERE last IS NOT NULL") > 1_000
    late = "last_post_at IS NULL OR last_post_at < last"
    assert rows(tables, f"FROM ({counted}) WHERE last IS NOT NULL AND ({late})") == 0
    ego = f"FROM ({counted}) WHERE handle = 'collector' AND followers_count BETWEEN listed AND 1.01 * listed"
    assert rows(tables, ego) == 1


def test_every_reply_is_a_post_of_its_own(tables):
    replies = rows(tables, "FROM interactions WHERE kind = 'reply' AND post_id IS NOT NULL")
    assert replies == rows(tables, "FROM posts WHERE kind = 'reply'") > 100
    same = """FROM interactions AS i JOIN posts AS r ON r.kind = 'reply' AND r.reply_to_post_id = i.post_id
        AND r.author_id = i.actor_id AND r.reply_to_account_id = i.target_id AND r.created_at = i.created_at
        WHERE i.kind = 'reply'"""
    assert rows(tables, same) == replies


def test_texts_are_whole_and_links_are_those_of_the_text(tables):
    assert rows(tables, "FROM posts WHERE coalesce(text, '') = '' OR contains(text, '{}')") == 0
    assert rows(tables, "FROM accounts WHERE contains(bio, '{}')") == 0
    linking = "FROM posts WHERE contains(text, 'https://')"
    assert rows(tables, linking) > 100
    assert rows(tables, f"{linking} AND NOT contains(text, '://' || link_domains[1])") == 0
    assert rows(tables, "FROM posts WHERE NOT contains(text, 'https://') AND len(link_domains) > 0") == 0
    assert rows(tables, "FROM posts AS p JOIN truth AS t ON t.account_id = p.author_id WHERE role = 'bought'") == 0


def test_the_truth_is_that_of_the_world(world, tables):
    found = tables.execute(
        "SELECT role, response_probability, community, circuit FROM truth ORDER BY split_part(account_id, ':', 2)::INT"
    ).fetchnumpy()
    names = list(world.settings.roles)
    assert [names[index] for index in world.people.role] == found["role"].tolist()
    np.testing.assert_array_equal(found["response_probability"], world.people.response)
    for name in ("community", "circuit"):
        np.testing.assert_array_equal(np.ma.filled(found[name], -1), getattr(world.people, name))
    audience = tables.execute("SELECT handle, responders_after FROM truth_audience ORDER BY account_id").fetchall()
    assert audience == [(row.handle, row.responders_after) for row in world.truth]


# -- making one --------------------------------------------------------------------------------------------


def test_a_world_is_written_the_same_way_twice(world, folders, tmp_path: Path):
    world.write(tmp_path)
    for name in (*NAMES, *TRUTH):
        one, two = (f"FROM '{folder}/{name}.parquet'" for folder in (folders["parquet"], tmp_path))
        assert duckdb.sql(f"(({one}) EXCEPT ALL ({two})) UNION ALL (({two}) EXCEPT ALL ({one}))").fetchall() == []


def test_without_a_cast_the_truth_of_audiences_is_empty(tmp_path: Path):
    simulate(WorldSettings(people=200, follows=2_000), seed=1).write(tmp_path)
    found = duckdb.sql(f"FROM '{tmp_path}/truth_audience.parquet'")
    assert found.columns[:3] == ["account_id", "handle", "followers"]
    assert found.fetchall() == []


def test_folders_with_odd_names_are_made(tmp_path: Path):
    folder = simulate(WorldSettings(people=50, follows=300), seed=1).write(tmp_path / "it's new" / "wörld")
    assert sorted(file.stem for file in folder.iterdir()) == sorted([*NAMES, *TRUTH])


def test_an_unknown_format_is_told(tmp_path: Path):
    with pytest.raises(UsageError, match="xlsx") as told:
        simulate(WorldSettings(people=50, follows=300), seed=1).write(tmp_path, format="xlsx")
    assert "parquet" in str(told.value)
    assert list(tmp_path.iterdir()) == []


def run_module(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "headcount.simulate", *options]
    return subprocess.run(command, capture_output=True, text=True)


def test_the_module_runs_and_equals_the_library(tmp_path: Path):
    options = ("--people", "300", "--follows", "4000", "--seed", "7", "--format", "csv")
    done = run_module(*options, "--folder", str(tmp_path / "command"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("300 accounts, ")
    simulate(WorldSettings(people=300, follows=4_000), seed=7).write(tmp_path / "library", format="csv")
    for file in (tmp_path / "library").iterdir():
        assert (tmp_path / "command" / file.name).read_bytes() == file.read_bytes(), file.name


@pytest.mark.parametrize("wrong", [("--people", "0"), ("--follows", "-5"), ("--format", "xlsx")])
def test_the_module_says_what_is_wrong(wrong: tuple[str, str], tmp_path: Path):
    done = run_module(*wrong, "--folder", str(tmp_path))
    assert done.returncode == 2
    assert wrong[0] in done.stderr
    assert "Traceback" not in done.stderr


def test_the_cast_has_its_names_in_the_accounts(tables):
    named = tables.execute(
        "SELECT handle, display_name FROM accounts SEMI JOIN truth_audience USING (account_id) ORDER BY account_id"
    ).fetchall()
    assert named == [(member.handle, member.name) for member in CAST]
