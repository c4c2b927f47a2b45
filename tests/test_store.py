"""The workspace: transactions, snapshots, locking, versions."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from datetime import UTC, datetime, timedelta

import duckdb
import pytest
from tests.lists import complete

import headcount as hc
from headcount.errors import InputError, StoreBusy, StoreError, StoreVersion, UsageError
from headcount.incoming import ReadResult
from headcount.store.connection import FILE_NAME
from headcount.store.migrations import _MIGRATIONS, SCHEMA_VERSION
from headcount.store.store import Store
from headcount.tables import TABLES

MONDAY = datetime(2026, 10, 5, 12, tzinfo=UTC)
TUESDAY = datetime(2026, 10, 6, 12, tzinfo=UTC)
WEDNESDAY = datetime(2026, 10, 7, 12, tzinfo=UTC)


def filler(*, whole=True, lists=(), between=(), **tables):
    """A source that holds just these rows: a dict of columns a row."""

    def fill(con):
        for name, rows in tables.items():
            for row in rows:
                columns = ", ".join(row)
                marks = ", ".join("?" for _ in row)
                con.execute(f"INSERT INTO incoming_{name} ({columns}) VALUES ({marks})", list(row.values()))
        counts = {name: len(rows) for name, rows in tables.items()}
        return ReadResult("test", (), 0, counts, (), whole and not lists, lists, between=frozenset(between))

    return fill


def listed(*followers, at=None):
    stamp = at.replace(tzinfo=None) if at else None
    return [{"follower_id": f"x:{who}", "followee_id": "x:ego", "observed_at": stamp} for who in followers]


def standing(store):
    rows = store.connection.execute(
        "SELECT follower_id FROM follows WHERE followee_id = 'x:ego' AND gone_at IS NULL ORDER BY 1"
    ).fetchall()
    return [row[0].removeprefix("x:") for row in rows]


def dump(store):
    return {
        table.name: sorted(map(repr, store.connection.execute(f"SELECT * FROM {table.name}").fetchall()))
        for table in TABLES
    }


def test_second_list_records_who_is_new_gone_and_back(tmp_path):
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed("a", "b", "c", at=MONDAY)), path="p", now=MONDAY)
        second = store.ingest(filler(follows=listed("a", "b", "d", at=TUESDAY)), path="p", now=TUESDAY)
        assert (second.gone, second.returned, second.added["follows"]) == (1, 0, 1)
        assert standing(store) == ["a", "b", "d"]
        third = store.ingest(filler(follows=listed("a", "b", "c", "d", at=WEDNESDAY)), path="p", now=WEDNESDAY)
        assert (third.gone, third.returned, third.added["follows"]) == (0, 1, 0)
        history = store.connection.execute(
            "SELECT gone_at FROM follows WHERE follower_id = 'x:c' ORDER BY gone_at NULLS LAST"
        ).fetchall()
        assert history == [(TUESDAY.replace(tzinfo=None),), (None,)]
        assert [snapshot.rows["follows"] for snapshot in store.snapshots()] == [3, 3, 4]


def test_same_import_twice_changes_nothing(tmp_path):
    source = filler(
        accounts=[{"account_id": "x:a", "followers_count": 5}],
        follows=listed("a", "b", at=MONDAY),
        posts=[{"post_id": "x:1", "author_id": "x:ego", "text": "hello"}],
        interactions=[
            {"actor_id": "x:a", "target_id": "x:ego", "kind": "like", "post_id": "x:1"},
            {"actor_id": "x:a", "target_id": "x:ego", "kind": "mention", "post_id": None},
        ],
    )
    with Store(tmp_path, write=True) as store:
        first = store.ingest(source, path="p", now=MONDAY)
        before = dump(store)
        again = store.ingest(source, path="p", now=TUESDAY)
        assert first.added == {"accounts": 1, "follows": 2, "posts": 1, "interactions": 2}
        assert again.added == {"accounts": 0, "follows": 0, "posts": 0, "interactions": 0}
        assert again.gone == 0
        after = dump(store)
        for name in ("accounts", "posts", "interactions"):
            assert after[name] == before[name]
        assert standing(store) == ["a", "b"]


def test_partial_list_marks_nobody_as_gone(tmp_path):
    people = [f"p{n}" for n in range(40)]
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed(*people)), path="p", now=MONDAY)
        cut = store.ingest(filler(follows=listed(*people[:10])), path="p", now=TUESDAY)
        assert cut.gone == 0
        assert any("partial" in note for note in cut.notes)
        told = store.ingest(filler(follows=listed(*people[:10])), path="p", now=TUESDAY, whole_lists=False)
        assert told.gone == 0
        sure = store.ingest(filler(follows=listed(*people[:10])), path="p", now=WEDNESDAY, whole_lists=True)
        assert sure.gone == 30


def test_older_list_does_not_end_newer_follows(tmp_path):
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed("a", "b", at=TUESDAY)), path="p", now=TUESDAY)
        late = store.ingest(filler(follows=listed("a", at=MONDAY)), path="q", now=WEDNESDAY)
        assert late.gone == 0
        assert standing(store) == ["a", "b"]


def test_newest_observation_wins_and_null_never_does(tmp_path):
    def seen(at, **values):
        return filler(accounts=[{"account_id": "x:a", "observed_at": at.replace(tzinfo=None), **values}])

    with Store(tmp_path, write=True) as store:
        store.ingest(seen(TUESDAY, handle="new", followers_count=20), path="p")
        store.ingest(seen(MONDAY, handle="old", bio="text"), path="p")
        store.ingest(seen(WEDNESDAY, followers_count=30), path="p")
        row = store.connection.execute("SELECT handle, bio, followers_count FROM accounts").fetchall()
        assert row == [("new", "text", 30)]
        counts = store.connection.execute("SELECT followers_count FROM account_history ORDER BY observed_at").fetchall()
        assert counts == [(None,), (20,), (30,)]


def test_failed_import_leaves_the_store_as_it_was(tmp_path):
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed("a", "b")), path="p", now=MONDAY)
        before = dump(store)

        def breaks(con):
            filler(follows=listed("c"))(con)
            raise InputError("The file ends in the middle.")

        with pytest.raises(InputError):
            store.ingest(breaks, path="p", now=TUESDAY)
        assert dump(store) == before
        assert len(store.snapshots()) == 1


def test_killed_import_leaves_the_old_state_or_the_new(tmp_path):
    script = textwrap.dedent(f"""
        import sys
        from pathlib import Path
        from headcount.store.store import Store
        from headcount.incoming import ReadResult
        def fill(con):
            con.execute("INSERT INTO incoming_follows (follower_id, followee_id) "
                        "SELECT 'x:' || range, 'x:ego' FROM range(300000)")
            print("filled", flush=True)
            return ReadResult("test", (), 0, {{"follows": 300000}}, (), True)
        with Store({str(tmp_path)!r}, write=True) as store:
            store.ingest(fill, path="p")
    """)
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed("a", "b")), path="p", now=MONDAY)
    for wait in (0.0, 0.02, 0.08, 0.2):
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(wait)
            os.kill(process.pid, signal.SIGKILL)
        with Store(tmp_path) as store:
            count = store.connection.execute("SELECT count(*) FROM follows").fetchall()[0][0]
            assert count in (2, 300_002)
            if count != 2:
                break


def test_two_processes_at_once_get_a_clear_message(tmp_path):
    script = (
        "import sys; from headcount.store.store import Store\n"
        f"with Store({str(tmp_path)!r}, write=True): print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(StoreBusy, match=f"process {process.pid}"):
            Store(tmp_path, write=True)
        process.communicate()
    Store(tmp_path).close()


def test_a_reader_has_the_published_state_while_another_process_writes(tmp_path):
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed("a", "b")), path="p", now=MONDAY)
    script = (
        "import sys; from headcount.store.store import Store\n"
        f"with Store({str(tmp_path)!r}, write=True) as store:\n"
        " store.connection.execute('DELETE FROM follows'); print('written', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with Store(tmp_path) as early:
            assert standing(early) == ["a", "b"]
            process.communicate()
            assert standing(early) == ["a", "b"], "a reader keeps the state that it opened"
            with Store(tmp_path) as late:
                assert standing(late) == [], "one that opens later has the new one, in the same process too"


def test_a_killed_writer_leaves_the_published_state_and_the_next_one_removes_its_copy(tmp_path):
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed("a", "b")), path="p", now=MONDAY)
    script = (
        "import os; from headcount.store.store import Store\n"
        f"store = Store({str(tmp_path)!r}, write=True); store.connection.execute('DELETE FROM follows'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", script]).returncode == 9
    with Store(tmp_path) as store:
        assert standing(store) == ["a", "b"]
    Store(tmp_path, write=True).close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [FILE_NAME, "headcount.lock"]


def test_a_writer_that_changed_nothing_publishes_nothing(tmp_path):
    Store(tmp_path, write=True).close()
    before = (tmp_path / FILE_NAME).stat()
    with Store(tmp_path, write=True) as store:
        assert store.snapshots() == []
    assert (tmp_path / FILE_NAME).stat().st_ino == before.st_ino
    with Store(tmp_path, write=True) as store:
        store.connection.execute("INSERT INTO forgotten VALUES ('a')")
    assert (tmp_path / FILE_NAME).stat().st_ino != before.st_ino


def test_the_log_of_a_writer_of_an_earlier_version_is_kept(tmp_path):
    """Earlier versions wrote into the published file, and a killed one left its log beside it."""
    Store(tmp_path, write=True).close()
    script = (
        f"import os, duckdb; con = duckdb.connect({str(tmp_path / FILE_NAME)!r}); "
        "con.execute(\"INSERT INTO forgotten VALUES ('a')\"); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", script])
    assert (tmp_path / f"{FILE_NAME}.wal").exists()
    with Store(tmp_path, write=True) as store:
        assert store.connection.execute("FROM forgotten").fetchall() == [("a",)]
    with Store(tmp_path) as store:
        assert store.connection.execute("FROM forgotten").fetchall() == [("a",)]
    assert not (tmp_path / f"{FILE_NAME}.wal").exists()


def test_two_readers_at_once(tmp_path):
    Store(tmp_path, write=True).close()
    script = (
        "import sys; from headcount.store.store import Store\n"
        f"with Store({str(tmp_path)!r}): print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with Store(tmp_path) as store:
            assert store.snapshots() == []
        process.communicate()


def test_newer_schema_is_refused(tmp_path):
    Store(tmp_path, write=True).close()
    with duckdb.connect(str(tmp_path / FILE_NAME)) as con:
        con.execute("UPDATE meta SET value = ?", [str(SCHEMA_VERSION + 1)])
    with pytest.raises(StoreVersion, match="update Headcount"):
        Store(tmp_path)


def test_damaged_or_missing_workspace(tmp_path):
    with pytest.raises(UsageError, match="no workspace"):
        Store(tmp_path / "nowhere")
    (tmp_path / FILE_NAME).write_bytes(b"this is not a database" * 1000)
    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path)


def test_migration_from_an_empty_file(tmp_path):
    duckdb.connect(str(tmp_path / FILE_NAME)).close()
    with Store(tmp_path) as store:
        assert store.snapshots() == []


def test_export_and_forget(tmp_path):
    with Store(tmp_path / "ws", write=True) as store:
        store.ingest(
            filler(
                accounts=[{"account_id": "x:a"}, {"account_id": "x:b"}],
                follows=listed("a", "b"),
                posts=[{"post_id": "x:1", "author_id": "x:a", "link_domains": ["a.example", "b.example"]}],
                interactions=[{"actor_id": "x:a", "target_id": "x:ego", "kind": "like", "post_id": "x:9"}],
            ),
            path="p",
        )
        assert store.export(tmp_path / "csv", format="csv") == {
            "accounts": 2, "follows": 2, "posts": 1, "interactions": 1,
        }  # fmt: skip
        assert "a.example;b.example" in (tmp_path / "csv" / "posts.csv").read_text()
        with pytest.raises(UsageError, match="parquet"):
            store.export(tmp_path / "x", format="xlsx")
        deleted = store.forget("x:a")
        assert deleted["interactions"] == 1
        assert deleted["accounts"] == 1
        assert standing(store) == ["b"]
    assert b"x:a" not in b"".join(line for line in [repr(dump_file(tmp_path / "ws")).encode()])


def dump_file(folder):
    with Store(folder) as store:
        return dump(store)


def test_forgotten_text_is_not_left_in_the_file(tmp_path):
    with Store(tmp_path, write=True) as store:
        people = [{"account_id": f"x:{n}", "bio": f"bio of {n}"} for n in range(50)]
        store.ingest(filler(accounts=[*people, {"account_id": "x:meyer", "bio": "SECRETIVE-MEYER-BIO"}]), path="p")
    assert b"SECRETIVE-MEYER-BIO" in (tmp_path / FILE_NAME).read_bytes()
    with Store(tmp_path, write=True) as store:
        store.forget("x:meyer")
        assert store.connection.execute("SELECT count(*) FROM accounts").fetchall() == [(50,)]
    assert b"MEYER" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    with Store(tmp_path) as store:
        assert len(store.snapshots()) == 1


def test_the_ids_of_posts_that_others_answered_name_nobody_who_was_forgotten(tmp_path):
    there, other = "bluesky:at://did:plc:gone/app.bsky.feed.post/1", "bluesky:at://did:plc:gone2/app.bsky.feed.post/1"
    posts = [
        {"post_id": f"p{n}", "author_id": "bluesky:did:plc:ego", "reply_to_post_id": one, "root_post_id": one}
        for n, one in enumerate((there, other))
    ]
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(posts=posts), path="a", now=MONDAY)
        store.forget("bluesky:did:plc:gone")
        kept = store.connection.execute("SELECT reply_to_post_id, root_post_id FROM posts ORDER BY post_id").fetchall()
        assert kept == [(None, None), (other, other)]


def test_who_came_while_the_list_was_read_is_not_gone(tmp_path):
    def minutes(number):
        return TUESDAY + timedelta(minutes=number)

    with Store(tmp_path, write=True) as store:
        store.ingest(filler(whole=False, follows=listed("early", at=minutes(-1))), path="live", now=minutes(-1))
        store.ingest(filler(whole=False, follows=listed("late", at=minutes(30))), path="live", now=minutes(30))
        pages = [*listed("a", at=minutes(0)), *listed("b", at=minutes(60))]
        lists = complete(followers=["x:ego"])
        told = store.ingest(filler(lists=lists, follows=pages), path="list", now=minutes(61))
        assert standing(store) == ["a", "b", "late"]
        assert told.gone == 1


def test_a_date_that_was_doubted_stays_doubted_when_it_is_told_again(tmp_path):
    early = MONDAY.replace(tzinfo=None) - timedelta(days=400)
    told = [{**row, "followed_at": early} for row in listed("new", at=TUESDAY)]
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed("old", at=MONDAY)), path="list", now=MONDAY)
        store.ingest(filler(follows=[*listed("old", at=TUESDAY), *told]), path="list", now=TUESDAY)
        again = [{**row, "observed_at": WEDNESDAY.replace(tzinfo=None)} for row in told]
        store.ingest(filler(follows=[*listed("old", at=WEDNESDAY), *again]), path="list", now=WEDNESDAY)
        rows = store.connection.execute("SELECT followed_at, followed_after FROM follows WHERE follower_id = 'x:new'")
        assert rows.fetchall() == [(None, early)], "it was not in the list of Monday"


def test_who_was_forgotten_is_not_named_by_answers_that_come_later(tmp_path):
    answer = {"post_id": "x:9", "author_id": "x:ego", "kind": "reply", "reply_to_account_id": "x:a"}
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed("a", "b")), path="p", now=MONDAY)
        store.forget("x:a")
        store.ingest(filler(posts=[answer]), path="p", now=TUESDAY)
        assert store.connection.execute("SELECT reply_to_account_id FROM posts").fetchall() == [(None,)]


def test_export_replaces_nothing_unasked(tmp_path):
    with Store(tmp_path / "ws", write=True) as store:
        store.export(tmp_path / "out")
        with pytest.raises(UsageError, match="already contains accounts"):
            store.export(tmp_path / "out")
        store.export(tmp_path / "out", replace=True)


def test_same_post_id_in_a_later_import_makes_one_reply(tmp_path):
    posts = [{"post_id": "p1", "author_id": "x:a"}, {"post_id": "r1", "author_id": "x:z", "reply_to_post_id": "p1"}]
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(posts=[{"post_id": "p1", "author_id": "x:old"}]), path="p")
        store.ingest(filler(posts=posts), path="q")
        replies = store.connection.execute("SELECT actor_id, target_id FROM interactions").fetchall()
        assert replies == [("x:z", "x:a")]


def test_only_the_lists_that_are_whole_tell_who_is_gone(tmp_path):
    def follow(follower, followee):
        return {"follower_id": follower, "followee_id": followee}

    with Store(tmp_path, write=True) as store:
        first = [follow(f"x:f{n}", "x:ego") for n in range(6)] + [follow("x:ego", f"x:g{n}") for n in range(6)]
        first += [follow("x:z1", "x:g1"), follow("x:z2", "x:g1")]
        store.ingest(filler(follows=first), path="a", now=MONDAY)
        second = [follow(f"x:f{n}", "x:ego") for n in range(1, 6)] + [follow("x:ego", f"x:g{n}") for n in range(1, 6)]
        lists = complete(["x:ego"], ["x:ego"])
        told = store.ingest(filler(lists=lists, follows=second), path="b", now=TUESDAY)
        gone = store.connection.execute("SELECT follower_id, followee_id FROM follows WHERE gone_at IS NOT NULL")
        assert sorted(gone.fetchall()) == [("x:ego", "x:g0"), ("x:f0", "x:ego")]
        assert told.gone == 2, "the followers of x:g1 were not listed, which says nothing"


def test_follows_among_accounts_that_were_all_asked_about_are_gone_when_they_are_not_shown_again(tmp_path):
    def follow(follower, followee):
        return {"follower_id": f"x:{follower}", "followee_id": f"x:{followee}"}

    def looks(store):
        return store.connection.execute("SELECT account_id, count(*) FROM list_looks GROUP BY 1 ORDER BY 1").fetchall()

    with Store(tmp_path, write=True) as store:
        first = [follow("a", "b"), follow("b", "a"), follow("b", "c"), follow("c", "d"), follow("d", "ego")]
        store.ingest(filler(whole=False, between=["x:a", "x:b", "x:c"], follows=first), path="p", now=MONDAY)
        second = filler(whole=False, between=["x:a", "x:b", "x:d"], follows=[follow("a", "b")])
        told = store.ingest(second, path="p", now=TUESDAY)
        gone = store.connection.execute("SELECT follower_id, followee_id FROM follows WHERE gone_at IS NOT NULL")
        assert gone.fetchall() == [("x:b", "x:a")], "of c nobody asked, and ego is none of them"
        assert told.gone == 1
        assert looks(store) == [("x:a", 2), ("x:b", 2), ("x:c", 1), ("x:d", 1)]
        store.forget("x:a")
        store.ingest(filler(whole=False, between=["x:a", "x:b"], follows=[]), path="p", now=WEDNESDAY)
        assert looks(store) == [("x:b", 3), ("x:c", 1), ("x:d", 1)]


def test_a_whole_list_that_is_empty_now_is_not_believed_where_it_was_long(tmp_path):
    lists = complete(followers=["x:ego"])
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed(*"abcdefghijkl")), path="a", now=MONDAY)
        told = store.ingest(filler(lists=lists, accounts=[{"account_id": "x:ego"}]), path="b", now=TUESDAY)
        assert told.gone == 0
        assert "treated as partial" in " ".join(told.notes)
    with Store(tmp_path / "few", write=True) as store:
        store.ingest(filler(follows=listed("a", "b")), path="a", now=MONDAY)
        told = store.ingest(filler(lists=lists, accounts=[{"account_id": "x:ego"}]), path="b", now=TUESDAY)
        assert told.gone == 2


def test_a_follow_that_an_earlier_list_did_not_have_is_not_older_than_it(tmp_path):
    long_ago, yesterday = datetime(2026, 1, 1), datetime(2026, 10, 5, 18)

    def dated(who, when):
        return {**listed(who, at=TUESDAY)[0], "followed_at": when}

    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed("old", at=MONDAY)), path="a", now=MONDAY)
        rows = [dated("old", long_ago), dated("liar", long_ago), dated("new", yesterday)]
        told = store.ingest(filler(follows=rows), path="b", now=TUESDAY)
        got = store.connection.execute("SELECT follower_id, followed_at, followed_after, followed_before FROM follows")
        times = {row[0]: row[1:] for row in got.fetchall()}
    assert times["x:old"] == (long_ago, None, None), "it was there before, so its date may be true"
    assert times["x:new"] == (yesterday, None, None)
    assert times["x:liar"] == (None, long_ago, TUESDAY.replace(tzinfo=None))
    assert any("not contain them: 1;" in note for note in told.notes)


def test_a_like_told_with_and_without_its_time_is_one(tmp_path):
    def like(when):
        return {"actor_id": "x:a", "target_id": "x:b", "kind": "like", "post_id": "x:1", "created_at": when}

    noon = datetime(2026, 10, 1, 12)
    for number, batches in enumerate(([[None], [noon]], [[noon], [None]], [[None, noon]], [[noon], [noon, None]])):
        with Store(tmp_path / str(number), write=True) as store:
            for batch in batches:
                store.ingest(filler(interactions=[like(when) for when in batch]), path="p", now=TUESDAY)
            got = store.connection.execute("SELECT created_at FROM interactions").fetchall()
        assert got == [(noon,)], batches


def test_who_was_forgotten_does_not_come_back_unasked(tmp_path):
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed("a", "b")), path="p", now=MONDAY)
        store.forget("x:a")
        told = store.ingest(filler(follows=listed("a", "b")), path="p", now=TUESDAY)
        assert standing(store) == ["b"]
        assert any("forgotten" in note for note in told.notes)
        store.unforget("x:a")
        store.ingest(filler(follows=listed("a", "b")), path="p", now=WEDNESDAY)
        assert standing(store) == ["a", "b"]


def test_a_workspace_of_the_first_version_is_brought_up(tmp_path):
    tmp_path.joinpath(FILE_NAME).unlink(missing_ok=True)
    con = duckdb.connect(str(tmp_path / FILE_NAME))
    _MIGRATIONS[0](con)
    con.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
    con.execute("INSERT INTO meta VALUES ('schema_version', '1')")
    con.execute("INSERT INTO follows (follower_id, followee_id) VALUES ('x:a', 'x:ego')")
    con.close()
    with Store(tmp_path) as store:
        assert store.connection.execute("SELECT sampled FROM follows").fetchall() == [(None,)]
        assert [row[0] for row in store.connection.execute("DESCRIBE follows").fetchall()][-1] == "sampled"
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed("a", "b")), path="p", now=MONDAY)
        assert standing(store) == ["a", "b"]


def test_a_workspace_without_labels_is_brought_up_by_looking_at_it(tmp_path):
    """Made by the migrations themselves up to the version before labels; opened to read, then labelled."""
    con = duckdb.connect(str(tmp_path / FILE_NAME))
    for migrate in _MIGRATIONS[:2]:
        migrate(con)
    con.execute("CREATE TABLE meta (key VARCHAR, value VARCHAR)")
    con.execute("INSERT INTO meta VALUES ('schema_version', '2')")
    con.execute("INSERT INTO accounts (account_id, handle) VALUES ('x:ego', 'ego'), ('x:a', 'anna')")
    con.execute("INSERT INTO follows (follower_id, followee_id, observed_at) VALUES ('x:a', 'x:ego', '2026-10-01')")
    con.execute("INSERT INTO forgotten VALUES ('0')")
    con.close()
    workspace = hc.open(tmp_path)
    assert workspace.report("ego").followers.listed == 1
    with Store(tmp_path) as store:
        meta = store.connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchall()
        assert meta == [(str(SCHEMA_VERSION),)]
        assert store.connection.execute("FROM forgotten").fetchall() == [("0",)]
        assert store.connection.execute("FROM labels").fetchall() == []
    assert workspace.label("anna", "person").labels == 1


def test_a_label_of_a_newer_workspace_is_not_touched(tmp_path):
    with Store(tmp_path, write=True) as store:
        store.ingest(filler(follows=listed("a", "b")), path="p", now=MONDAY)
        store.connection.execute("UPDATE meta SET value = ?", [str(SCHEMA_VERSION + 1)])
    for ask in (lambda ws: ws.label("x:a", "person"), lambda ws: ws.authenticity(), lambda ws: ws.report()):
        with pytest.raises(StoreVersion, match="update Headcount"):
            ask(hc.open(tmp_path))


def test_a_post_keeps_its_author(tmp_path):
    def post(author):
        return {"post_id": "x:1", "author_id": author, "text": f"by {author}"}

    with Store(tmp_path, write=True) as store:
        store.ingest(filler(posts=[post("x:a")]), path="p", now=MONDAY)
        told = store.ingest(filler(posts=[post("x:b")]), path="q", now=TUESDAY)
        assert store.connection.execute("SELECT author_id, text FROM posts").fetchall() == [("x:a", "by x:a")]
        assert any("stored post by another account: 1;" in note for note in told.notes)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["what?", "a#b", "50%25", "x[1]*", "o'clock", "ws?mode=ro#%"])
def test_marks_that_mean_something_in_addresses_or_patterns_are_plain_in_a_path(tmp_path, name):
    folder = tmp_path / name
    tables = folder / "tables"
    tables.mkdir(parents=True)
    (tables / "accounts.csv").write_text("account_id,handle\nx:1,ego\nx:2,bea\n")
    (tables / "follows.csv").write_text("follower_id,followee_id\nx:2,x:1\n")
    workspace = hc.open(folder / name)
    assert workspace.add(tables).added["follows"] == 1
    workspace.forget("bea")
    assert workspace.accounts() == []
    for form in ("parquet", "csv", "csv.gz", "jsonl"):
        other = hc.open(folder / f"{name}{form}")
        other.add(tables)
        other.export(folder / f"{name}-{form}", format=form)
        assert hc.open(folder / f"{name}-again-{form}").add(folder / f"{name}-{form}").added["follows"] == 1
    assert sorted(path.name for path in (folder / name).iterdir()) == ["headcount.duckdb", "headcount.lock"]
