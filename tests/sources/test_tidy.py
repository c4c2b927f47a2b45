"""Tidy tables: every form and encoding gives the same rows; what is set right is said."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from headcount.errors import BadRows, UsageError
from headcount.sources import find_source
from headcount.sources.formats.tidy.tidy import TidySource
from headcount.store.store import Store
from headcount.tables import ACCOUNTS, POSTS

NOW = datetime(2026, 10, 1, tzinfo=UTC)


def add(store: Store, folder: Path, *, skip_bad: bool = False):
    return store.ingest(lambda con: TidySource().read(folder, con, skip_bad=skip_bad), path=str(folder), now=NOW)


def rows(store: Store, query: str) -> list[tuple]:
    return store.connection.execute(query).fetchall()


@pytest.fixture
def store(tmp_path: Path):
    with Store(tmp_path / "workspace", write=True) as opened:
        yield opened


# "8.0" is refused as an id: a number that a spreadsheet rounded
names = st.text("abcdefgh0123456789_.-", min_size=1, max_size=12).filter(lambda text: not text.endswith(".0"))
ids = names.map(lambda text: "x:" + text)
words = st.text(st.sampled_from("\n\r\t\"',;|\\") | st.characters(blacklist_categories=["Cs", "Cc"]), max_size=30)
times = st.datetimes(datetime(2006, 1, 1), datetime(2026, 9, 1))
account = st.fixed_dictionaries(
    {
        "account_id": ids,
        "bio": st.none() | words | st.just("a\r\nb\n\nc"),
        "followers_count": st.none() | st.integers(0, 2**62),
        "verified": st.none() | st.booleans(),
        "created_at": st.none() | times,
        "status": st.none() | st.sampled_from(["active", "deleted", "suspended", "hidden"]),
    }
)
post = st.fixed_dictionaries(
    {
        "post_id": ids,
        "author_id": ids,
        "kind": st.none() | st.sampled_from(["post", "quote", "repost"]),
        "link_domains": st.none() | st.lists(st.sampled_from(["a.example", "b.example"]), max_size=3),
    }
)


ROWS = {
    "accounts": st.lists(account, min_size=1, max_size=6, unique_by=lambda row: row["account_id"]),
    "posts": st.lists(post, min_size=1, max_size=6, unique_by=lambda row: row["post_id"]),
}
HOW = settings(
    max_examples=4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],  # each example costs a second, so no shrinking
)


def check_every_form_gives_back_what_went_in(accounts, posts, tmp_path_factory):
    base = tmp_path_factory.mktemp("forms")
    with Store(base / "first", write=True) as first:
        con = first.connection
        for table, given_rows in ((ACCOUNTS, accounts), (POSTS, posts)):
            for row in given_rows:
                marks = ", ".join("?" for _ in row)
                con.execute(f"INSERT INTO {table.name} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        con.execute("UPDATE accounts SET platform = 'x'")
        for form in ("parquet", "csv", "csv.gz", "jsonl"):
            first.export(base / form, format=form)
            with Store(base / f"ws-{form}", write=True) as other:
                add(other, base / form)
                for table in (ACCOUNTS, POSTS):
                    order = f"FROM {table.name} ORDER BY {table.key[0]}"
                    assert rows(other, order) == rows(first, order), form


test_every_form_gives_back_what_went_in = HOW(given(**ROWS)(check_every_form_gives_back_what_went_in))
test_every_form_gives_back_much_that_went_in = pytest.mark.long(
    settings(HOW, max_examples=60)(given(**ROWS)(check_every_form_gives_back_what_went_in))
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings_delimiters_and_compression(store, tmp_path, encoding, delimiter, packed):
    content = delimiter.join(["account_id", "bio"]) + "\r\n" + delimiter.join(["x:1", '"Zoë – ""naïve""\nÆ"']) + "\r\n"
    data = content.encode(encoding)
    target = tmp_path / ("accounts.csv.gz" if packed else "accounts.csv")
    target.write_bytes(gzip.compress(data) if packed else data)
    imported = add(store, target)
    assert rows(store, "SELECT account_id, bio FROM accounts") == [("x:1", 'Zoë – "naïve"\nÆ')]
    said = [note for note in imported.notes if "UTF-8" in note]
    assert bool(said) == (encoding in ("utf-16", "cp1252"))


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-04T05:06:07Z", "2026-03-04 05:06:07", "2026-03-04T07:06:07+02:00", "2026-03-04T00:06:07-0500",
        "1772600767", "1772600767000", "1772600767000000", "2026-03-04 06:06:07 Europe/Berlin",
        "2026-03-04 05:06:07 UTC", "Wed Mar 04 05:06:07 +0000 2026",
    ],
)  # fmt: skip
def test_times_in_every_usual_form(store, tmp_path, value):
    for ending, content in (
        ("csv", f"account_id,created_at\nx:1,{value}\n"),
        ("jsonl", json.dumps({"account_id": "x:1", "created_at": int(value) if value.isdigit() else value}) + "\n"),
    ):
        folder = tmp_path / ending
        folder.mkdir()
        (folder / f"accounts.{ending}").write_text(content)
        add(store, folder)
        assert rows(store, "SELECT created_at FROM accounts") == [(datetime(2026, 3, 4, 5, 6, 7),)]
        store.connection.execute("DELETE FROM accounts")


@pytest.mark.parametrize("value", [1, 631151999, 20261001, 99999999999, 10**17])
def test_whole_numbers_that_are_no_time_since_1990(store, tmp_path, value):
    (tmp_path / "accounts.csv").write_text(f"account_id,created_at\nx:1,{value}\n")
    with pytest.raises(BadRows, match=f"created_at «{value}» is not a time"):
        add(store, tmp_path / "accounts.csv")


def test_times_that_cannot_be_are_unknown(store, tmp_path):
    given = ["2026-10-01T12:00:00Z", "2026-10-03T00:00:00Z", "0001-01-01", "1970-01-01T00:00:00Z", "1990-01-01"]
    lines = [f"x:{number},{time}" for number, time in enumerate(given)]
    (tmp_path / "accounts.csv").write_text("account_id,created_at\n" + "\n".join(lines))
    notes = " ".join(add(store, tmp_path / "accounts.csv").notes)
    assert "Times in the future, treated as unknown: 1." in notes
    assert "Times before 1990, treated as unknown: 2." in notes
    kept = rows(store, "SELECT account_id FROM accounts WHERE created_at IS NOT NULL ORDER BY 1")
    assert kept == [("x:0",), ("x:4",)]


@pytest.mark.parametrize("first", ["\n", "\r\n"])
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_lines_that_end_in_two_ways(store, tmp_path, first, ending):
    other = {"\n": "\r\n", "\r\n": "\n"}[first]
    if ending == "csv":
        content = f'account_id,bio{first}x:1,"a{first}b"{other}x:2,c{first}x:3,d{other}'
    else:
        content = "".join(f'{{"account_id": "x:{n}"}}{end}' for n, end in enumerate([first, other, first]))
    (tmp_path / f"accounts.{ending}").write_bytes(content.encode())
    assert add(store, tmp_path / f"accounts.{ending}").read == {"accounts": 3}


def test_line_ends_inside_of_quotes_are_kept(store, tmp_path):
    (tmp_path / "accounts.csv").write_bytes(b'account_id,bio\nx:1,"a\r\nb"\nx:2,"a\nb"\n')
    add(store, tmp_path / "accounts.csv")
    assert rows(store, "SELECT bio FROM accounts ORDER BY account_id") == [("a\r\nb",), ("a\nb",)]


def test_a_few_damaged_bytes_do_not_turn_the_rest_into_another_encoding(store, tmp_path):
    (tmp_path / "accounts.csv").write_bytes("account_id,bio\nx:1,Zoë – naïve\n".encode() + b"x:2,a\xffb\n")
    notes = add(store, tmp_path / "accounts.csv").notes
    assert rows(store, "SELECT bio FROM accounts ORDER BY account_id") == [("Zoë – naïve",), ("a�b",)]
    assert any("accounts.csv: 1 invalid character was replaced" in note for note in notes)


def test_tables_as_pandas_writes_them(store, tmp_path):
    frame = pd.DataFrame(
        {
            "account_id": ["x:1", "x:2"],
            "bio": ["a,b", None],
            "followers_count": [5, np.nan],
            "verified": [True, None],
            "created_at": [1772600767, np.nan],
        }
    )
    expected = [("x:1", "a,b", 5, True, datetime(2026, 3, 4, 5, 6, 7)), ("x:2", None, None, None, None)]
    writers = {
        "accounts.csv": frame.to_csv,
        "accounts.csv.gz": frame.to_csv,
        "accounts.jsonl": lambda path: frame.to_json(path, orient="records", lines=True),
        "accounts.parquet": frame.to_parquet,
    }
    for name, write in writers.items():
        write(tmp_path / name)
        add(store, tmp_path / name)
        query = "SELECT account_id, bio, followers_count, verified, created_at FROM accounts ORDER BY 1"
        assert rows(store, query) == expected, name
        store.connection.execute("DELETE FROM accounts")


def test_a_column_of_which_nothing_is_known(store, tmp_path):
    frame = pd.DataFrame({"account_id": ["x:1"], "bio": [None], "created_at": [None], "followers_count": [None]})
    frame.to_parquet(tmp_path / "accounts.parquet")
    add(store, tmp_path / "accounts.parquet")
    assert rows(store, "SELECT account_id, bio, created_at, followers_count FROM accounts") == [
        ("x:1", None, None, None)
    ]


def test_known_to_be_empty_is_not_unknown(store, tmp_path):
    (tmp_path / "accounts.csv").write_text('account_id,bio\nx:1,""\nx:2,\n')
    add(store, tmp_path / "accounts.csv")
    assert rows(store, "SELECT bio FROM accounts ORDER BY account_id") == [("",), (None,)]


def test_blank_lines_are_no_rows_and_count_as_lines(store, tmp_path):
    (tmp_path / "accounts.csv").write_text("account_id\nx:1\n\nx:2\n  \n")
    with pytest.raises(BadRows) as caught:
        add(store, tmp_path / "accounts.csv")
    assert [problem.line for problem in caught.value.problems] == [5]


def test_json_without_a_row(store, tmp_path):
    (tmp_path / "accounts.jsonl").write_text("\n\n")
    imported = add(store, tmp_path / "accounts.jsonl")
    assert imported.read == {"accounts": 0}
    assert any("contains no rows" in note for note in imported.notes)


def test_mixed_zones_are_said(store, tmp_path):
    (tmp_path / "accounts.csv").write_text(
        "account_id,created_at\nx:1,2026-01-01T00:00:00Z\nx:2,2026-01-01 00:00:00\nx:3,2026-01-01T02:00:00+02:00\n"
    )
    imported = add(store, tmp_path / "accounts.csv")
    assert rows(store, "SELECT count(DISTINCT created_at) FROM accounts") == [(1,)]
    assert any("1 values of created_at have no time zone (2 have one)" in note for note in imported.notes)


def test_parquet_types_are_taken_as_they_are(store, tmp_path):
    duckdb.sql(
        """SELECT 12 AS account_id, 'x' AS platform, 7::UINTEGER AS followers_count, 3.0::DOUBLE AS posts_count,
        1::TINYINT AS verified, TIMESTAMPTZ '2026-01-01 01:00:00+01' AS created_at, DATE '2026-02-01' AS last_post_at,
        1770000000::BIGINT AS observed_at"""
    ).write_parquet(str(tmp_path / "accounts.parquet"))
    add(store, tmp_path / "accounts.parquet")
    assert rows(
        store, "SELECT account_id, followers_count, posts_count, verified, created_at, last_post_at FROM accounts"
    ) == [("x:12", 7, 3, True, datetime(2026, 1, 1), datetime(2026, 2, 1))]


def test_bad_rows_are_skipped_only_when_allowed(store, tmp_path):
    (tmp_path / "follows.csv").write_text(
        "follower_id,followee_id,position\nx:2,x:1,0\n,x:1,1\nx:3,x:1\nx:4,x:1,-7\nx:5,x:1,4\n"
    )
    with pytest.raises(BadRows) as caught:
        add(store, tmp_path / "follows.csv")
    assert caught.value.count == 3
    assert [problem.line for problem in caught.value.problems] == [3, 4, 5]
    assert rows(store, "SELECT count(*) FROM follows") == [(0,)]
    imported = add(store, tmp_path / "follows.csv", skip_bad=True)
    assert imported.skipped == 3
    assert rows(store, "SELECT follower_id FROM follows ORDER BY 1") == [("x:2",), ("x:5",)]


def test_what_is_set_right_is_said(store, tmp_path):
    (tmp_path / "accounts.csv").write_text(
        "account_id,platform,handle,shoe_size,created_at,observed_at\n"
        "1,x,@ego,42,2026-01-01T00:00:00Z,2026-09-01T00:00:00Z\n1,x,ego2,,,2026-09-02T00:00:00Z\n"
        "2,x,bea,,2027-01-01T00:00:00Z,\n"
    )
    (tmp_path / "follows.csv").write_text("follower_id,followee_id\n2,1\n2,1\n1,1\n")
    (tmp_path / "interactions.csv").write_text("actor_id,target_id,kind\n2,1,LIKE\n1,1,reply\n")
    (tmp_path / "posts.csv").write_text(
        "post_id,author_id,reply_to_post_id,created_at\nx:1,x:1,,2026-01-01T00:00:00Z\n"
        "x:2,x:2,x:1,2026-01-02T00:00:00Z\nx:3,x:2,x:4,\nx:4,x:1,x:3,\nx:5,x:1,x:5,\n"
    )
    (tmp_path / "readme.txt").write_text("hello")
    notes = " ".join(add(store, tmp_path).notes)
    for said in (
        "unknown columns were ignored: shoe_size", "readme.txt", "ids without a platform", "Self-follows removed: 1.",
        "Self-interactions removed: 1.", "Times in the future, treated as unknown: 1.",
        "Duplicate rows of accounts, merged: 1.", "Duplicate rows of follows, merged: 1.",
        "reply to each other in a cycle", "Replies derived from the posts: 1.",
    ):  # fmt: skip
        assert said in notes, said
    assert rows(store, "SELECT account_id, handle, created_at FROM accounts ORDER BY 1") == [
        ("x:1", "ego2", datetime(2026, 1, 1)),
        ("x:2", "bea", None),
    ]
    assert rows(store, "SELECT follower_id, followee_id FROM follows") == [("x:2", "x:1")]
    assert rows(store, "SELECT actor_id, kind, post_id FROM interactions ORDER BY 2") == [
        ("x:2", "like", None),
        ("x:2", "reply", "x:1"),
    ]
    assert rows(store, "SELECT post_id FROM posts WHERE reply_to_post_id IS NOT NULL") == [("x:2",)]


@pytest.mark.parametrize("tables", [["accounts"], ["follows"], ["posts"], ["interactions"]])
def test_header_only_is_an_empty_table(store, tmp_path, tables):
    from headcount.tables import TABLES

    for table in TABLES:
        if table.name in tables:
            (tmp_path / f"{table.name}.csv").write_text(",".join(table.names) + "\n")
    assert add(store, tmp_path).read == {tables[0]: 0}


def test_deep_thread_is_no_circle(store, tmp_path):
    lines = ["post_id,author_id,reply_to_post_id"] + [f"x:{n},x:1,x:{n - 1}" for n in range(1, 3000)]
    (tmp_path / "posts.csv").write_text("\n".join(lines) + "\n")
    add(store, tmp_path)
    assert rows(store, "SELECT count(*) FROM posts WHERE reply_to_post_id IS NULL") == [(0,)]


def test_find_source_says_what_is_accepted(tmp_path):
    (tmp_path / "notes.txt").write_text("a text of two lines\nthat holds nothing")
    with pytest.raises(UsageError, match="tidy tables"):
        find_source(tmp_path / "notes.txt")
