"""What text from outside may do to a terminal, to a reader of JSON, and to a spreadsheet: nothing."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headcount.sources.formats.tidy.tidy import TidySource
from headcount.store.store import Store
from headcount.support.safe_text import csv_guarded, csv_guarded_sql, csv_unguarded, csv_unguarded_sql, json_text, plain

FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
ODD = "=+-@'\t\n\r \x00\x1b\x7f\x9b\u00a0\u200b\u202e\u2066\u3000\ufeff\uff0b\uff0d\uff1d\uff20a1;\"\\,[é🙂"
texts = st.text(st.one_of(st.sampled_from(ODD), st.characters(exclude_categories=["Cs"])), max_size=12)


@given(texts)
def test_plain_text_is_one_line_without_control_characters(text):
    assert not FORBIDDEN.search(plain(text))


@given(st.recursive(st.one_of(texts, st.integers(), st.none()), lambda v: st.dictionaries(texts, v) | st.lists(v)))
def test_json_gives_back_what_went_in_and_holds_no_control_character(value):
    text = json_text(value)
    assert json.loads(text) == value
    assert not FORBIDDEN.search(text.replace("\n", ""))


def test_json_of_half_a_character_is_ascii_there():
    assert json_text("\ud800\U000e0041") == '"\\ud800\\udb40\\udc41"'


@given(texts)
def test_the_guard_against_formulas_is_undone_exactly(text):
    guarded = csv_guarded(text)
    assert csv_unguarded(guarded) == text
    assert not re.match(r"[\s\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]", guarded)


@pytest.mark.parametrize(
    ("text", "guarded"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@a", "'@a"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\n=1", "'\n=1"),
        ("  =1", "'  =1"),
        ("\uff1d1", "'\uff1d1"),
        ("\uff0b1", "'\uff0b1"),
        ("\uff0d1", "'\uff0d1"),
        ("\uff20a", "'\uff20a"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\u200b=1", "'\u200b=1"),
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_what_is_guarded(text, guarded):
    assert csv_guarded(text) == guarded


@settings(max_examples=30, deadline=None)
@given(st.lists(texts, min_size=1, max_size=30))
def test_sql_and_python_guard_alike(values):
    con = duckdb.connect()
    con.execute("CREATE TABLE t AS SELECT unnest(?::VARCHAR[]) AS x, generate_subscripts(?, 1) AS i", [values, values])
    found = con.execute(f"SELECT {csv_guarded_sql('x')}, {csv_unguarded_sql('x')} FROM t ORDER BY i").fetchall()
    assert found == [(csv_guarded(value), csv_unguarded(value)) for value in values]


def test_a_signed_number_that_is_an_id_stays_a_number():
    sql = csv_guarded_sql("x", number_is_safe=True)
    rows = duckdb.sql(f"SELECT {sql} FROM (SELECT unnest(['-1001', '+5.5', '-1+1', '=1', '7']) AS x)").fetchall()
    assert [text for (text,) in rows] == ["-1001", "+5.5", "'-1+1", "'=1", "7"]


EXPORTS = {
    "names": st.lists(texts.map(lambda text: text.replace("\x00", "")), min_size=1, max_size=5),
    "form": st.sampled_from(["csv", "csv.gz"]),
}


def check_an_export_that_is_read_again_is_the_same(names, form, tmp_path_factory):
    folder = tmp_path_factory.mktemp("guard")
    with Store(folder / "ws", write=True) as store:
        con = store.connection
        for number, name in enumerate(names):
            con.execute(
                "INSERT INTO accounts (account_id, platform, display_name, bio) VALUES (?, 'x', ?, ?)",
                [f"x:{number}", name, "'" + name],
            )
            con.execute(
                "INSERT INTO posts (post_id, author_id, text, link_domains) VALUES (?, 'x:1', ?, ?)",
                [f"={number}", name, ["=a.example", "b.example"]],
            )
        store.export(folder / "out", format=form)
        before = con.execute("SELECT account_id, display_name, bio FROM accounts ORDER BY 1").fetchall()
        posts = con.execute("SELECT post_id, text, link_domains FROM posts ORDER BY 1").fetchall()
    with Store(folder / "again", write=True) as store:
        store.ingest(
            lambda con: TidySource().read(folder / "out", con, skip_bad=False),
            path="out",
            now=datetime(2026, 11, 1, tzinfo=UTC),
        )
        con = store.connection
        assert con.execute("SELECT account_id, display_name, bio FROM accounts ORDER BY 1").fetchall() == before
        assert con.execute("SELECT post_id, text, link_domains FROM posts ORDER BY 1").fetchall() == posts


test_an_export_that_is_read_again_is_the_same = settings(max_examples=8, deadline=None)(
    given(**EXPORTS)(check_an_export_that_is_read_again_is_the_same)
)
test_many_exports_that_are_read_again_are_the_same = pytest.mark.long(
    settings(max_examples=100, deadline=None)(given(**EXPORTS)(check_an_export_that_is_read_again_is_the_same))
)


def test_nothing_writes_to_the_terminal_past_the_place_that_cleans_it():
    source = Path(__file__).resolve().parent.parent / "src" / "headcount"
    direct = re.compile(r"\bclick\.(?:echo|secho|confirm)\(|\bprint\(|\bConsole\(|sys\.std(?:out|err)\.write\(")
    found = {
        path.relative_to(source).as_posix(): line.strip()
        for path in source.rglob("*.py")
        if path.name != "terminal.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if direct.search(line) and "console()." not in line and "console.print(" not in line
    }
    # an example in a docstring; tables, whose console is that of the terminal
    assert found.keys() <= {"__init__.py", "support/screen_table.py"}
    assert found.get("support/screen_table.py", "out.print(").startswith("out.print(")
