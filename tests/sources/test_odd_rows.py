"""What nobody should send and somebody will: one odd entry ends no collection, no import and no watching."""

from __future__ import annotations

import json

import duckdb
import pytest
from tests.lists import reasons_of

from headcount.incoming import ListCoverage
from headcount.sources.bluesky.rows import Reader
from headcount.sources.collect.landing import Landing, Page
from headcount.sources.mastodon.rows import _Reader
from headcount.sources.rows import Rows
from headcount.store.store import Store

ME = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
AT = "2026-11-01T00:00:00+00:00"


@pytest.fixture
def con(tmp_path):
    from headcount.incoming import create_incoming

    with Store(tmp_path / "ws", write=True) as store:
        create_incoming(store.connection)
        yield store.connection


def page(step: str, content: object, url: str = "http://h/x") -> Page:
    return Page(step, url, 200, AT, {}, json.dumps(content).encode())


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return con.execute(f"SELECT count(*) FROM incoming_{table}").fetchall()[0][0]


def test_followers_of_bluesky_without_an_id_are_counted_and_the_list_is_not_whole(con, tmp_path):
    good = [{"did": f"did:plc:{letter * 24}", "handle": f"{letter}.test"} for letter in "bcd"]
    odd = [{"handle": "x.test"}, {"did": None}, {"did": 5}, "text", None]
    reader = Reader(Rows(con), ME)
    reader.take(page("followers", {"followers": [good[0], *odd, *good[1:]]}))
    with Landing(tmp_path / "x.landing", write=True) as landing:
        landing.set_coverage(ListCoverage("x", "followers", "complete", listed=3))
        intake = reader.finish("bluesky", con, landing)
    assert count(con, "follows") == 3
    assert any("5 list entries contain no account" in note for note in intake.notes)
    assert ("followers", "partial", "entries_without_id") in reasons_of(intake)


def test_followers_of_mastodon_without_a_name_are_counted_and_the_list_is_not_whole(con, tmp_path):
    people = [{"id": str(n), "acct": f"p{n}", "note": 5, "fields": [{"value": 7}, "odd"]} for n in range(3)]
    odd = [{"id": "9"}, {"id": "10", "acct": None}, {"acct": "x"}, 4]
    with Landing(tmp_path / "x.landing", write=True) as landing:
        landing.set_meta("domain", "h.example")
        landing.set_coverage(ListCoverage("x", "followers", "complete", listed=3))
        reader = _Reader(Rows(con), landing, {"id": "1000", "acct": "me"}, None)
        reader.take(page("followers", [*people, *odd]))
        intake = reader.finish("mastodon", con)
    assert count(con, "follows") == 3
    assert con.execute("SELECT count(*) FROM incoming_accounts WHERE account_id LIKE '%none%'").fetchall() == [(0,)]
    assert ("followers", "partial", "entries_without_id") in reasons_of(intake)


ODD_RECORDS = [
    {"reply": {"parent": "text", "root": []}, "text": "hi"},
    {"reply": {"parent": {"uri": 5}, "root": {"uri": {}}}, "text": "hi"},
    {"reply": 5, "text": 7, "embed": "x"},
    {"facets": [{"features": 5}], "text": "hi"},
    {"facets": 5, "embed": {"record": []}, "text": "hi"},
    {"createdAt": {"a": 1}, "text": "hi"},
]


@pytest.mark.parametrize("value", ODD_RECORDS, ids=range(len(ODD_RECORDS)))
def test_a_malformed_record_ends_nothing(value, con):
    from headcount.sources.bluesky.repo import Record

    reader = Reader(Rows(con), ME)
    good = {"text": "good", "createdAt": "2026-10-01T00:00:00Z"}
    for key, record in (("3k5rgfiifs42a", value), ("3k5rgfiifs42b", good)):
        reader._record(ME, Record("app.bsky.feed.post", key, record), AT)
    reader.rows.flush()
    assert con.execute("SELECT count(*) FROM incoming_posts WHERE text = 'good'").fetchall() == [(1,)]


@pytest.mark.parametrize("value", ODD_RECORDS, ids=range(len(ODD_RECORDS)))
def test_a_malformed_event_ends_no_watching(value):
    from headcount.sources.bluesky.events import Concerned

    concerned = Concerned(ME)
    commit = {"operation": "create", "collection": "app.bsky.feed.post", "rkey": "3k5rgfiifs42a"}
    for record in (value, {"text": "hi", "facets": value}):
        event = {"did": "did:plc:" + "b" * 24, "time_us": 1, "commit": commit | {"record": record}, "about": ME}
        concerned.take(json.dumps(event))
