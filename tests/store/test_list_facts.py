"""The store's rules for lists: samples, partial lists, older and newer observations, migration, forgetting, export."""

from __future__ import annotations

import csv
import random
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from tests.lists import complete

import headcount as hc
from headcount.incoming import ListCoverage, ReadResult, own_activity_only
from headcount.store.connection import FILE_NAME
from headcount.store.migrations import _MIGRATIONS, SCHEMA_VERSION
from headcount.store.read.lists import read_list_coverage
from headcount.store.store import Store

MONDAY, TUESDAY, WEDNESDAY = (datetime(2026, 10, day, 12, tzinfo=UTC) for day in (5, 6, 7))
EGO = "x:ego"


def source(*, lists=(), presumed=False, closer_look=True, account=None, **tables):
    """A source that holds just these rows.

    Args:
        lists: typed facts; presumed: the follower lists are presumed to be complete, as those of tidy tables are.
        closer_look, account: see `ReadResult`.
    """

    def fill(con):
        for name, rows in tables.items():
            for row in rows:
                marks = ", ".join("?" for _ in row)
                con.execute(f"INSERT INTO incoming_{name} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        counts = {name: len(rows) for name, rows in tables.items()}
        return ReadResult(
            "test", (), 0, counts, (), presumed, tuple(lists), closer_look=closer_look, account_id=account
        )

    return fill


def followers(numbers, at, **more):
    stamp = at.replace(tzinfo=None)
    return [{"follower_id": f"x:{n}", "followee_id": EGO, "observed_at": stamp} | more for n in numbers]


def query(store, sql, *values):
    return store.connection.execute(sql, list(values)).fetchall()


def standing(store):
    return query(store, "SELECT count(*) FROM follows WHERE followee_id = ? AND gone_at IS NULL", EGO)[0][0]


def not_looked_at(store):
    return query(store, "SELECT count(*) FROM follows WHERE sampled IS FALSE AND gone_at IS NULL")[0][0]


def drawn_of(numbers, drawn, at):
    return [row | {"sampled": number < drawn} for number, row in enumerate(followers(numbers, at))]


# -- samples ---------------------------------------------------------------------------------------------------------


def test_a_later_look_at_everyone_resets_the_sample(tmp_path):
    """200 listed, a sample of 20, then a look at all: none is left as not looked at."""
    with Store(tmp_path, write=True) as store:
        store.ingest(source(lists=complete([EGO]), follows=drawn_of(range(200), 20, MONDAY)), path="p", now=MONDAY)
        assert not_looked_at(store) == 180
        store.ingest(source(lists=complete([EGO]), follows=followers(range(200), TUESDAY)), path="p", now=TUESDAY)
        assert not_looked_at(store) == 0
        assert query(store, "SELECT count(*) FROM follows WHERE sampled") == [(0,)]


def test_a_look_at_everyone_in_a_list_that_counts_as_partial_resets_the_sample(tmp_path):
    """As on another server than the account's own, whose lists are never taken for complete."""
    partial = [ListCoverage(EGO, "followers", "partial", "other_server")]
    with Store(tmp_path, write=True) as store:
        store.ingest(source(lists=partial, follows=drawn_of(range(200), 20, MONDAY)), path="p", now=MONDAY)
        store.ingest(source(lists=partial, follows=followers(range(205), TUESDAY)), path="p", now=TUESDAY)
        assert not_looked_at(store) == 0


def test_a_look_at_the_newest_only_leaves_the_sample(tmp_path):
    cut = [ListCoverage(EGO, "followers", "partial", "limit")]
    with Store(tmp_path, write=True) as store:
        store.ingest(source(lists=complete([EGO]), follows=drawn_of(range(200), 20, MONDAY)), path="p", now=MONDAY)
        store.ingest(source(lists=cut, follows=followers(range(100), TUESDAY)), path="p", now=TUESDAY)
        assert not_looked_at(store) == 180


def test_a_list_without_a_closer_look_leaves_the_sample(tmp_path):
    """As X without --sample, and the lists of ids in archives."""
    with Store(tmp_path, write=True) as store:
        store.ingest(source(lists=complete([EGO]), follows=drawn_of(range(200), 20, MONDAY)), path="p", now=MONDAY)
        again = source(lists=complete([EGO]), closer_look=False, follows=followers(range(200), TUESDAY))
        store.ingest(again, path="p", now=TUESDAY)
        assert not_looked_at(store) == 180


def test_an_older_look_at_everyone_leaves_a_newer_sample(tmp_path):
    with Store(tmp_path, write=True) as store:
        store.ingest(source(lists=complete([EGO]), follows=drawn_of(range(200), 20, TUESDAY)), path="p", now=TUESDAY)
        store.ingest(source(lists=complete([EGO]), follows=followers(range(200), MONDAY)), path="p", now=WEDNESDAY)
        assert not_looked_at(store) == 180


def test_another_sample_replaces_the_first(tmp_path):
    with Store(tmp_path, write=True) as store:
        store.ingest(source(lists=complete([EGO]), follows=drawn_of(range(200), 20, MONDAY)), path="p", now=MONDAY)
        second = drawn_of(range(199, -1, -1), 50, TUESDAY)
        store.ingest(source(lists=complete([EGO]), follows=second), path="p", now=TUESDAY)
        assert not_looked_at(store) == 150


# -- older and newer -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("older_first", [True, False])
def test_an_older_import_revives_no_one_who_left(tmp_path, typed, older_first):
    """A list of 50, of which 15 left before the list of 35."""
    how = {"lists": complete([EGO])} if typed else {"presumed": True}
    older = source(follows=followers(range(50), MONDAY), **how)
    newer = source(follows=followers(range(15, 50), TUESDAY), **how)
    with Store(tmp_path, write=True) as store:
        for fill in (older, newer) if older_first else (newer, older):
            store.ingest(fill, path="p", now=WEDNESDAY)
        assert standing(store) == 35
        ended = query(store, "SELECT DISTINCT gone_at FROM follows WHERE gone_at IS NOT NULL")
        assert ended == [(TUESDAY.replace(tzinfo=None),)]


def test_an_older_partial_import_revives_no_one_either(tmp_path):
    with Store(tmp_path, write=True) as store:
        newer = source(lists=complete([EGO]), follows=followers(range(15, 50), TUESDAY))
        store.ingest(newer, path="p", now=TUESDAY)
        older = source(lists=[ListCoverage(EGO, "followers", "partial")], follows=followers(range(50), MONDAY))
        store.ingest(older, path="p", now=WEDNESDAY)
        assert standing(store) == 35


def test_an_older_list_of_accounts_followed_revives_none_either(tmp_path):
    def followed(numbers, at):
        stamp = at.replace(tzinfo=None)
        return [{"follower_id": EGO, "followee_id": f"x:{n}", "observed_at": stamp} for n in numbers]

    with Store(tmp_path, write=True) as store:
        newer = source(lists=complete(following=[EGO]), follows=followed(range(15, 50), TUESDAY))
        store.ingest(newer, path="p", now=TUESDAY)
        older = source(lists=complete(following=[EGO]), follows=followed(range(50), MONDAY))
        store.ingest(older, path="p", now=WEDNESDAY)
        assert query(store, "SELECT count(*) FROM follows WHERE gone_at IS NULL") == [(35,)]


def test_tidy_tables_in_the_order_new_then_old(tmp_path):
    """The whole way through files."""
    for name, numbers, at in (("new", range(15, 50), TUESDAY), ("old", range(50), MONDAY)):
        folder = tmp_path / name
        folder.mkdir()
        with (folder / "follows.csv").open("w", newline="") as file:
            table = csv.DictWriter(file, ["follower_id", "followee_id", "observed_at"])
            table.writeheader()
            table.writerows(row | {"observed_at": at.isoformat()} for row in followers(numbers, at))
        hc.open(tmp_path / "ws").add(folder)
    with Store(tmp_path / "ws") as store:
        assert standing(store) == 35


def test_a_complete_list_that_comes_back_partial_makes_no_one_gone(tmp_path):
    """Paging vanished: 80 of 200 are listed."""
    with Store(tmp_path, write=True) as store:
        store.ingest(source(lists=complete([EGO]), follows=followers(range(200), MONDAY)), path="p", now=MONDAY)
        cut = [ListCoverage(EGO, "followers", "partial", "no_next_page", 80, 200)]
        imported = store.ingest(source(lists=cut, follows=followers(range(80), TUESDAY)), path="p", now=TUESDAY)
        assert imported.gone == 0
        assert standing(store) == 200


@pytest.mark.parametrize("state", ["refused", "hidden", "unknown", "sampled"])
def test_a_list_that_was_not_shown_makes_no_one_gone(tmp_path, state):
    with Store(tmp_path, write=True) as store:
        store.ingest(source(lists=complete([EGO]), follows=followers(range(9), MONDAY)), path="p", now=MONDAY)
        store.ingest(source(lists=[ListCoverage(EGO, "followers", state)]), path="p", now=TUESDAY)
        assert standing(store) == 9


def observations(seed):
    """Two observations of one world, a day apart: (accounts, posts, follows) of each."""
    chance = random.Random(seed)
    made = []
    for at in (MONDAY, TUESDAY):
        stamp, share = at.replace(tzinfo=None), 0.8
        people = [n for n in range(40) if chance.random() < share]
        accounts = [
            {
                "account_id": f"x:{n}",
                "handle": chance.choice([None, f"h{chance.randrange(9)}"]),
                "followers_count": chance.choice([None, chance.randrange(100)]),
                "status": chance.choice([None, "active", "suspended"]),
                "observed_at": stamp,
            }
            for n in people
        ]
        posts = [
            {
                "post_id": f"x:p{n}",
                "author_id": EGO,
                "text": chance.choice([None, f"t{chance.randrange(99)}"]),
                "observed_at": stamp,
            }
            for n in people
        ]
        follows = followers(people, at)
        for position, row in enumerate(follows):
            row |= {"position": position, "followed_at": chance.choice([None, datetime(2026, 9, 1 + position % 9)])}
        made.append({"accounts": accounts, "posts": posts, "follows": follows})
    return made


@pytest.mark.sampled(4)
@pytest.mark.parametrize("seed", range(12))
def test_the_newer_observation_wins_in_either_order(tmp_path, seed):
    found = []
    for order in (1, -1):
        folder = tmp_path / str(order)
        with Store(folder, write=True) as store:
            for tables in observations(seed)[::order]:
                store.ingest(source(lists=complete([EGO]), **tables), path="p", now=WEDNESDAY)
            found.append(
                {
                    "accounts": query(store, "FROM accounts ORDER BY ALL"),
                    "posts": query(store, "FROM posts ORDER BY ALL"),
                    "follows": query(
                        store,
                        "SELECT follower_id, position, gone_at, followed_at, observed_at FROM follows "
                        "WHERE gone_at IS NULL ORDER BY ALL",
                    ),
                    "gone": query(store, "SELECT follower_id, gone_at FROM follows WHERE gone_at NOT NULL ORDER BY 1"),
                }
            )
    assert found[0]["accounts"] == found[1]["accounts"]
    assert found[0]["posts"] == found[1]["posts"]
    assert found[0]["gone"] == found[1]["gone"]
    dates = [[(*row[:3], row[4]) for row in one["follows"]] for one in found]
    assert dates[0] == dates[1], "all but the time of the follow, which an earlier list may cast doubt on"


def test_the_latest_coverage_of_a_list_is_by_when_it_was_read(tmp_path):
    """An archive that is imported later, and is older, does not replace what a collection found since."""
    newer = ListCoverage(EGO, "followers", "complete", listed=9, observed_at=TUESDAY.isoformat())
    older = ListCoverage(EGO, "followers", "partial", "parts_missing", observed_at=MONDAY.isoformat())
    end = WEDNESDAY.replace(tzinfo=None) + timedelta(days=1)
    with Store(tmp_path, write=True) as store:
        store.ingest(source(lists=[newer]), path="p", now=WEDNESDAY)
        store.ingest(source(lists=[older, *own_activity_only(EGO)]), path="p", now=WEDNESDAY)
        found = read_list_coverage(store.connection, EGO, end)
        assert (found["followers"].state, found["followers"].listed) == ("complete", 9)
        before = read_list_coverage(store.connection, EGO, MONDAY.replace(tzinfo=None))
        assert before["followers"].reason == "parts_missing"


# -- migration, forgetting, export -----------------------------------------------------------------------------------


def schema_4(folder):
    """A workspace as the version before typed facts left it."""
    con = duckdb.connect(str(folder / FILE_NAME))
    for migrate in _MIGRATIONS[:4]:
        migrate(con)
    con.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
    con.execute("INSERT INTO meta VALUES ('schema_version', '4')")
    snapshot = (
        "INSERT INTO snapshots (snapshot, source, path, read_at, account_id, whole_lists) VALUES (?, ?, ?, ?, ?, ?)"
    )
    for number, (account, whole) in enumerate(
        [("whole", True), ("cut", False), ("hid", False), ("old", False), ("archive", False)], start=1
    ):
        con.execute(snapshot, [number, "test", account, TUESDAY, f"x:{account}", whole])
    con.execute("INSERT INTO list_looks VALUES ('followee', 'x:whole', ?), ('follower', 'x:whole', ?)", [MONDAY] * 2)
    remarks = [
        ("x:whole", "followers", "X's counter also counts followers that its list leaves out.", 1),
        ("x:cut", "followers", "The list of followers was not read to its end.", 2),
        ("x:hid", "followers", "The account hides its followers: 9 are counted but not listed.", 3),
        ("x:old", "followers", "The list of followers was not shown whole.", 4),
        ("x:archive", "archive", "An archive holds what the account did.", 5),
        ("x:whole", "responses", "X does not provide the time of likes and reposts.", 1),
    ]
    con.executemany("INSERT INTO remarks VALUES (?, ?, ?, ?)", remarks)
    con.execute("INSERT INTO accounts (account_id, followers_count) VALUES ('x:whole', 3), ('x:a', 1)")
    con.execute("INSERT INTO follows (follower_id, followee_id, sampled) VALUES ('x:a', 'x:whole', true)")
    con.execute("INSERT INTO posts (post_id, author_id, text) VALUES ('x:p', 'x:whole', 'hello')")
    con.execute(
        "INSERT INTO interactions (actor_id, target_id, kind, post_id) VALUES ('x:a', 'x:whole', 'like', 'x:p')"
    )
    con.execute("INSERT INTO labels VALUES ('x:a', 'real', ?)", [MONDAY])
    con.execute("INSERT INTO forgotten VALUES ('0')")
    con.close()


def test_a_workspace_of_schema_4_keeps_its_data_and_turns_its_remarks_into_facts(tmp_path):
    schema_4(tmp_path)
    with Store(tmp_path) as store:
        assert query(store, "SELECT value FROM meta WHERE key = 'schema_version'") == [(str(SCHEMA_VERSION),)]
        assert query(store, "SELECT account_id, followers_count FROM accounts ORDER BY 1") == [
            ("x:a", 1),
            ("x:whole", 3),
        ]
        assert query(store, "SELECT follower_id, followee_id, sampled FROM follows") == [("x:a", "x:whole", True)]
        assert query(store, "SELECT post_id, text, visibility FROM posts") == [("x:p", "hello", None)]
        assert query(store, "SELECT actor_id, kind, visibility, first_snapshot FROM interactions") == [
            ("x:a", "like", None, None)
        ]
        assert query(store, "SELECT account_id, label FROM labels") == [("x:a", "person")]
        assert query(store, "FROM forgotten") == [("0",)]
        assert query(store, "SELECT count(*) FROM snapshots") == [(5,)]
        responses = [
            ("x:archive", name, "unknown", "own_activity_only") for name in ("likes", "quotes", "replies", "reposts")
        ]
        assert query(store, "SELECT account_id, list, state, reason FROM list_coverage ORDER BY ALL") == [
            *responses,
            ("x:cut", "followers", "partial", None),
            ("x:hid", "followers", "hidden", None),
            ("x:old", "followers", "partial", None),
            ("x:whole", "followers", "complete", None),
            ("x:whole", "following", "complete", None),
        ]
        assert query(store, "SELECT account_id, topic FROM remarks ORDER BY ALL") == [
            ("x:whole", "followers"),
            ("x:whole", "responses"),
        ], "what is no fact about a list stays a sentence"
    assert hc.open(tmp_path).report("x:whole").followers.state == "complete"


def test_forgetting_an_account_forgets_its_coverage(tmp_path):
    other = ListCoverage("x:other", "followers", "complete")
    with Store(tmp_path, write=True) as store:
        mine = [*complete([EGO], [EGO]), *own_activity_only(EGO), other]
        store.ingest(source(lists=mine, follows=followers(range(3), MONDAY)), path="p", now=MONDAY)
        store.forget(EGO)
        assert query(store, "SELECT account_id, list FROM list_coverage") == [("x:other", "followers")]
        store.ingest(source(lists=mine, follows=followers(range(3), TUESDAY)), path="p", now=TUESDAY)
        assert {row[0] for row in query(store, "SELECT account_id FROM list_coverage")} == {"x:other"}
        assert EGO.encode() not in (tmp_path / FILE_NAME).read_bytes()


@pytest.mark.parametrize("format", ["parquet", "csv", "csv.gz", "jsonl"])
def test_visibility_comes_back_from_an_export(tmp_path, format):
    kinds = ["public", "unlisted", "followers", "direct", None]
    posts = [{"post_id": f"x:p{n}", "author_id": EGO, "visibility": kind} for n, kind in enumerate(kinds)]
    responses = [
        {"actor_id": "x:a", "target_id": EGO, "kind": "reply", "post_id": f"x:p{n}", "visibility": kind}
        for n, kind in enumerate(kinds)
    ]
    accounts = [{"account_id": EGO, "status": "moved"}]
    with Store(tmp_path / "a", write=True) as store:
        store.ingest(source(accounts=accounts, posts=posts, interactions=responses), path="p", now=MONDAY)
        store.export(tmp_path / "tables", format=format)
    hc.open(tmp_path / "b").add(tmp_path / "tables")
    with Store(tmp_path / "b") as store:
        assert [row[0] for row in query(store, "SELECT visibility FROM posts ORDER BY post_id")] == kinds
        assert [row[0] for row in query(store, "SELECT visibility FROM interactions ORDER BY post_id")] == kinds
        assert query(store, "SELECT status FROM accounts WHERE account_id = ?", EGO) == [("moved",)]


@pytest.mark.parametrize(
    "given", ["-9223372036854775808", "http://", {"a": 1}, 12, "0001-01-01T00:00:00+14:00", "9999-12-31", "1970-01-01"]
)
def test_a_time_of_a_list_that_cannot_be_is_that_of_the_import(given, tmp_path):
    """Found by fuzzing files of the X API v2: what a file gives for the time of its answers may be anything."""
    listed = ListCoverage(EGO, "followers", "complete", listed=3, observed_at=given)
    with Store(tmp_path, write=True) as store:
        store.ingest(source(lists=[listed], follows=followers(range(3), MONDAY)), path="p", now=MONDAY)
        assert query(store, "SELECT observed_at FROM list_coverage") == [(MONDAY.replace(tzinfo=None),)]
