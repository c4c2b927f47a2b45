"""Edge lists that DuckDB reads as they are, at full speed: the SQL, and the proof that nothing is read otherwise.

A file is read directly only where its bytes and its rows show that the rules of
`headcount.sources.formats.edges.lines` change nothing: no comments between rows, no id that needs a look.
Every other file is rewritten first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.sources.formats.edges.layout import BLANKS, Layout
from headcount.sources.formats.edges.lines import MISSING
from headcount.sources.formats.files import TextFile
from headcount.support.sql import literal

if TYPE_CHECKING:
    import duckdb

__all__ = ["Survey", "certify", "is_odd_id", "is_whole_number", "relation", "survey"]

CHUNK = 4 << 20
NUMBERS, PLAIN, OTHER = "numbers", "plain", "other"
_DIGITS = b"0123456789"
_CONTROLS = bytes(set(range(32)) - set(b"\n\r")) + b"\x7f"
_NUMBER = "[-+]?([0-9]+[.,][0-9]*|[0-9]*[.,][0-9]+)([eE][-+]?[0-9]+)?|[0-9]+[eE][+][0-9]+"
_LOOKS_ODD = f"^([#%].*|-[0-9]+|{_NUMBER})$"
_PREFIXED = f"^[a-z]+:({_NUMBER})$"
_MARKS = r'["{}\x00-\x20\x7f\x{85}\x{a0}\x{1680}\x{2000}-\x{200f}\x{2028}-\x{202f}\x{205f}\x{2060}\x{3000}\x{feff}]'
_MISSING = ", ".join(map(literal, sorted(MISSING)))
_LONGEST_MISSING = max(map(len, MISSING))
_INTERACTIONS = "^(mention|repl|retweet|repost|quote|like|fav|boost|block|mute|unfollow)"


@dataclass(frozen=True)
class Survey:
    """One pass over the rows.

    Attributes:
        rows: how many; odd: rows that need a look; is_whole: all ids are whole numbers as they are usually written.
        low, high: the smallest and largest id where all are whole numbers; None elsewhere.
        padded: rows with blanks around an id.
    """

    rows: int
    odd: int
    is_whole: bool
    low: int | None
    high: int | None
    padded: int = 0


def certify(file: TextFile, layout: Layout) -> str:
    """What the bytes of a file prove: NUMBERS, PLAIN (ASCII without quotes and control characters), or OTHER.

    NUMBERS: all rows are two whole numbers without leading zeros, signs or blanks.
    """
    separator = layout.separator.encode()
    numbers = layout.width == 2
    controls = _CONTROLS.replace(b"\t", b"") if layout.separator == "\t" else _CONTROLS
    with file.open() as stream:
        for _ in range(layout.skipped_lines):
            stream.readline()
        while chunk := stream.read(CHUNK):
            chunk += stream.readline()
            if not chunk.isascii() or b'"' in chunk or b"{" in chunk:
                return OTHER
            ends = chunk.count(b"\r")
            if ends and not ends == chunk.count(b"\r\n") == chunk.count(b"\n") + (not chunk.endswith(b"\n")):
                return OTHER
            numbers = numbers and _is_numbers(chunk, separator)
            if not numbers and len(chunk.translate(None, controls)) != len(chunk):
                return OTHER
    return NUMBERS if numbers else PLAIN


def _is_numbers(chunk: bytes, separator: bytes) -> bool:
    if chunk.translate(None, _DIGITS + separator + b"\r\n"):
        return False
    zeros = (chunk.startswith(b"0")) + chunk.count(b"\n0") + chunk.count(separator + b"0")
    alone = chunk.startswith(b"0" + separator) + chunk.count(b"\n0" + separator)
    alone += chunk.count(separator + b"0\n") + chunk.count(separator + b"0\r") + chunk.endswith(separator + b"0")
    return bool(zeros == alone)


def relation(
    files: Sequence[Path], layout: Layout, *, numbers: bool = False, trim: bool = True, lenient: bool = False
) -> str:
    """SQL of the rows: follower_id, followee_id and, where the file has them, followed_at and gone_at.

    Args:
        files: of one layout. numbers: the ids are read as numbers. trim: blanks around ids are cut off.
        lenient: rows that do not fit are passed over.
    """
    columns = dict.fromkeys(range(layout.width), "VARCHAR")
    if numbers:
        columns |= dict.fromkeys((layout.follower, layout.followee), "UBIGINT")
    listed = ", ".join(f"'c{at}': '{kind}'" for at, kind in columns.items())
    quote = '"' if layout.has_quotes and layout.separator != BLANKS else ""
    source = (
        f"read_csv([{', '.join(map(literal, files))}], auto_detect = false, header = false, skip = "
        f"{layout.skipped_lines}, delim = {literal(layout.separator)}, quote = '{quote}', escape = '{quote}', "
        f"columns = {{{listed}}}{', ignore_errors = true' if lenient else ''})"
    )
    ids = [f"trim(c{at})" if trim and not numbers else f"c{at}" for at in (layout.follower, layout.followee)]
    times = ""
    for name, position in (("followed_at", layout.position("followedat")), ("gone_at", layout.position("goneat"))):
        times += f", nullif(trim(c{position}), '') AS {name}" if position is not None else ""
    return f"SELECT {ids[0]} AS follower_id, {ids[1]} AS followee_id{times}{_type_of(layout)} FROM {source}"


def _type_of(layout: Layout) -> str:
    position = layout.position("type", "kind", "relationship", "relation", "edgetype", "interaction")
    return f", lower(trim(c{position})) AS type" if position is not None else ""


def has_type(layout: Layout) -> bool:
    """Does a column state what the edges are?"""
    return bool(_type_of(layout))


def is_whole_number(text: str) -> str:
    """SQL: the whole number that a text is, as it is usually written; null for others (007, 1.0)."""
    number = f"CASE WHEN {text} < ':' THEN TRY_CAST({text} AS UBIGINT) END"
    return f"CASE WHEN ({number})::VARCHAR = {text} THEN {number} END"


def is_odd_id(text: str, number: str, *, plain: bool) -> str:
    """SQL: does an id need a look (missing, rounded, like a comment)?

    Args:
        text, number: SQL of the id, and of `is_whole_number` of it; plain: see `certify`.
    """
    marks = "" if plain else f"WHEN regexp_matches({text}, '{_MARKS}') THEN true "
    return (
        f"CASE WHEN {number} IS NOT NULL THEN false WHEN {text} IS NULL OR {text} = '' THEN true {marks}"
        f"WHEN {text} < ':' THEN regexp_matches({text}, '{_LOOKS_ODD}') "
        f"WHEN strlen({text}) <= {_LONGEST_MISSING} AND lower({text}) IN ({_MISSING}) THEN true "
        f"WHEN contains({text}, ':') THEN regexp_matches({text}, '{_PREFIXED}') ELSE false END"
    )


def is_padded(text: str) -> str:
    """SQL: do blanks stand before or behind a text?"""
    return f"(starts_with({text}, ' ') OR suffix({text}, ' '))"


def survey(con: duckdb.DuckDBPyConnection, sql: str, *, plain: bool, typed: bool = False) -> Survey:
    """Count the rows of a relation, those that need a look, and whether all ids are whole numbers.

    Args:
        sql: of `relation`; plain: see `certify`; typed: a column `type` states what the edges are.
    """
    numbers = f"SELECT *, {is_whole_number('follower_id')} AS nu, {is_whole_number('followee_id')} AS nv FROM ({sql})"
    odd = f"{is_odd_id('follower_id', 'nu', plain=plain)} OR {is_odd_id('followee_id', 'nv', plain=plain)}"
    if typed:
        odd += f" OR type = 'undirected' OR coalesce(regexp_matches(type, '{_INTERACTIONS}'), false)"
    rows, strange, whole, padded, low, high = con.execute(
        f"SELECT count(*), count(*) FILTER ({odd}), count(*) FILTER (nu IS NOT NULL AND nv IS NOT NULL), "
        f"count(*) FILTER ({is_padded('follower_id')} OR {is_padded('followee_id')}), "
        f"min(least(nu, nv)), max(greatest(nu, nv)) FROM ({numbers})"
    ).fetchall()[0]
    if whole < rows:
        low = high = None
    return Survey(int(rows), int(strange), whole == rows, low, high, int(padded))


def survey_numbers(con: duckdb.DuckDBPyConnection, sql: str) -> Survey:
    """The same for ids that are read as numbers."""
    rows, missing, low, high = con.execute(
        "SELECT count(*), count(*) FILTER (follower_id IS NULL OR followee_id IS NULL), "
        f"least(min(follower_id), min(followee_id)), greatest(max(follower_id), max(followee_id)) "
        f"FROM ({sql})"
    ).fetchall()[0]
    return Survey(int(rows), int(missing), True, low, high)
