"""Random follows in random layouts are read back exactly, by both readers inside, by `add` and by `network`."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headcount.graph.graph import open_graph
from headcount.network.build import build_graph
from headcount.sources import find_source
from headcount.sources.formats.edges import open_edge_list, reader
from headcount.sources.formats.edges.lines import id_problem, strip_id
from headcount.store.store import Store

NOW = datetime(2026, 10, 1, tzinfo=UTC)
HEADERS = [
    (("follower_id", "followee_id"), False),
    (("Source", "Target"), False),
    (("from", "to"), False),
    (("target", "source"), True),
    (("user_id", "follower_id"), True),
]


@dataclass(frozen=True)
class Layout:
    """How a list is written: separator, names (None: no header), encoding, line end, and what stands beside the ids."""

    separator: str
    names: tuple[str, str] | None
    is_reversed: bool
    encoding: str
    end: str
    weights: str | None
    row_numbers: bool
    comments: tuple[str, ...]
    padding: str
    quotes: bool
    packed: bool


def field(text: str, layout: Layout) -> str:
    """A field as programs write it, in quotes where it needs them."""
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if layout.quotes else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=layout.separator, lineterminator="", quoting=quoting).writerow([text])
    written = out.getvalue()
    return f'"{text}"' if text.startswith(("#", "%")) and not written.startswith('"') else written


def encoded(rows: list[tuple[str, str]], layout: Layout) -> bytes:
    """The file."""
    lines = list(layout.comments[:1])
    table = [list(pair[::-1] if layout.is_reversed else pair) for pair in rows]
    if layout.names is not None:
        table.insert(0, list(layout.names))
    for number, cells in enumerate(table):
        is_header = layout.names is not None and number == 0
        if layout.row_numbers:
            cells.insert(0, "" if is_header else str(number))
        texts = [field(cell, layout) for cell in cells]
        if layout.weights is not None:
            texts.append("weight" if is_header else layout.weights)
        glue = layout.separator if is_header else layout.padding + layout.separator + layout.padding
        lines.append(glue.join(texts))
        if number == 2:
            lines += layout.comments[1:]
    text = "".join(line + layout.end for line in lines)
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(layout.encoding, b"")
    data = mark + text.encode(layout.encoding)
    return gzip.compress(data) if layout.packed else data


def is_plain_id(text: str) -> bool:
    return strip_id(text) == text and id_problem("id", text) is None and not text.startswith("{")


numbers = st.integers(0, 2**64 + 5).map(str)
small = st.integers(0, 30).map(str)
zeros = st.from_regex(r"0{0,2}[0-9]{1,4}", fullmatch=True)
handles = st.from_regex(r"q[a-z0-9_.#%-]{0,8}", fullmatch=True)
anything = st.text(
    st.characters(codec="cp1252", exclude_categories=["Cc", "Cs", "Zl", "Zp"], exclude_characters="\u00a0\u00ad"),
    min_size=1,
    max_size=8,
).map(lambda text: "q" + text)
marked = st.sampled_from(["#", "%"]).flatmap(lambda mark: handles.map(lambda text: mark + text))


@st.composite
def lists(draw):
    """Follows and how they are written."""
    named = draw(st.booleans())
    blanks = draw(st.booleans())
    separator = " " if blanks else draw(st.sampled_from([",", ";", "\t", "|"]))
    # without a header the ids look alike, as those of one platform do: a first row that differs would be a header
    kinds = [numbers, small, handles, *([zeros, st.one_of(anything, marked, numbers)] if named and not blanks else [])]
    ids = draw(st.sampled_from(kinds)).filter(is_plain_id)
    if not named:
        ids = ids.filter(lambda text: "." not in text)
    rows = draw(st.lists(st.tuples(ids, ids), min_size=1, max_size=12))
    names, is_reversed = draw(st.sampled_from(HEADERS)) if named else (None, False)
    quotes = not blanks and draw(st.booleans())
    comments = draw(st.sampled_from([(), ("# made by hand",), ("# made by hand", "% later", "#"), ("# a b", "# c")]))
    return rows, Layout(
        separator,
        names,
        is_reversed,
        draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252"])),
        draw(st.sampled_from(["\n", "\r\n"])),
        draw(st.sampled_from([None, "1", "0.5", "2e-3"])),
        named and not blanks and draw(st.booleans()),
        comments,
        draw(st.sampled_from(["", " ", "  "])) if separator != "\t" and not quotes else "",
        quotes,
        draw(st.booleans()),
    )


def stored(folder: Path, rows: list[tuple[str, str]], layout: Layout) -> Path:
    path = folder / ("e.csv.gz" if layout.packed else "e.csv")
    path.write_bytes(encoded(rows, layout))
    return path


@pytest.fixture(scope="module")
def con():
    with duckdb.connect() as opened:
        yield opened


def read(con: duckdb.DuckDBPyConnection, path: Path, work: Path) -> Counter[tuple[str, str]]:
    edges = open_edge_list(con, [path], work)
    assert [str(problem) for problem in edges.problems] == []
    rows = con.execute(f"SELECT follower_id::VARCHAR, followee_id::VARCHAR FROM ({edges.sql})").fetchall()
    assert edges.rows == len(rows)
    return Counter(rows)


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(lists())
def test_both_readers_give_back_what_was_written(con, tmp_path_factory, given_list):
    rows, layout = given_list
    folder = tmp_path_factory.mktemp("edges")
    path = stored(folder, rows, layout)
    assert read(con, path, folder) == Counter(rows)
    with mock.patch.object(reader, "_as_it_is", return_value=None):
        assert read(con, path, folder) == Counter(rows)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(lists())
def test_add_and_network_give_back_what_was_written(tmp_path_factory, given_list):
    rows, layout = given_list
    folder = tmp_path_factory.mktemp("edges")
    path = stored(folder, rows, layout)
    distinct = {(one, other) for one, other in rows if one != other}
    with Store(folder / "ws", write=True) as store:
        source = find_source(path)
        store.ingest(lambda con: source.read(path, con, skip_bad=False), path=str(path), now=NOW)
        found = store.connection.execute("SELECT follower_id, followee_id FROM follows").fetchall()
    assert {tuple(each.removeprefix("table:") for each in pair) for pair in found} == distinct
    assert len(found) == len(distinct)
    built = build_graph(path, folder / "graph")
    graph = open_graph(folder / "graph")
    ids = np.asarray(graph.ids)
    follower = np.repeat(np.arange(graph.count), np.diff(graph.followees.offsets))
    pairs = zip(ids[follower].tolist(), ids[graph.followees.targets].tolist(), strict=True)
    assert {(str(one), str(other)) for one, other in pairs} == distinct
    assert (built.rows, built.follows) == (len(rows), len(distinct))
    assert sorted(each.name for each in folder.iterdir()) == sorted([path.name, "graph", "ws"])
