"""Edge lists in any layout as follows: one reader for `headcount network` and `headcount add`."""

from __future__ import annotations

import codecs
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.errors import InputError, Problem
from headcount.sources.formats.edges import direct
from headcount.sources.formats.edges.direct import Survey
from headcount.sources.formats.edges.facts import UTF8, EdgeListFacts, facts_of, sentences
from headcount.sources.formats.edges.foreign import refuse_foreign_name
from headcount.sources.formats.edges.layout import Layout, find_layout
from headcount.sources.formats.edges.rewrite import plain_layout, rewrite
from headcount.sources.formats.files import TextFile, inspect_text_file
from headcount.sources.formats.json_bounds import MAX_ENTRY_BYTES
from headcount.tables import FOLLOWS

if TYPE_CHECKING:
    import duckdb

__all__ = ["EdgeFile", "EdgeList", "find_edge_file", "has_other_columns", "open_edge_list"]

_SAMPLE_ROWS = 2_000
_MAX_SAMPLE_LINES = 200_000
_MAX_SAMPLE_LINE = 1 << 20
_SIGNATURES = (b"PAR1", b"PK", b"\x1f\x8b", b"%PDF", b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd", b"\xd0\xcf\x11\xe0")


@dataclass(frozen=True)
class EdgeFile:
    """A file and its layout.

    Attributes:
        file: how its text is read; is_looked_through: the whole of it was, not only the beginning.
        layout: of its rows.
    """

    file: TextFile
    layout: Layout
    is_looked_through: bool


@dataclass(frozen=True)
class EdgeList:
    """Follows, ready to be selected.

    Attributes:
        sql: selects follower_id and followee_id, and followed_at and gone_at where the files have them.
        rows: how many; is_whole: the ids are whole numbers (and the SQL gives numbers); low, high: their range.
        facts: how each file was read.
        problems: the first rows that cannot be taken (these are not selected); problem_count: how many there are.
    """

    sql: str
    rows: int
    is_whole: bool
    low: int | None
    high: int | None
    facts: tuple[EdgeListFacts, ...]
    problems: tuple[Problem, ...] = ()
    problem_count: int = 0

    @property
    def notes(self) -> list[str]:
        """What the user should know of how the files were read."""
        return sentences(self.facts)


def find_edge_file(path: Path) -> EdgeFile:
    """Look at the beginning of a file and determine its layout.

    Raises:
        ForeignFormat: it is of another format.
        InputError: it is empty, binary, cut off, or its columns cannot be determined.
    """
    refuse_foreign_name(path.name)
    with path.open("rb") as stream:
        head = stream.read(1 << 16)
    wide = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    looked = path.suffix.lower() == ".gz" or wide or b"\0" in head or head.startswith(_SIGNATURES) or not head
    file = (
        inspect_text_file(path, longest_line=MAX_ENTRY_BYTES)
        if looked
        else TextFile(path, compressed=False, encoding="utf-8-sig")
    )
    try:
        text, is_whole = _beginning(file)
    except (OSError, EOFError) as error:
        raise InputError(f"{path.name} cannot be read ({error}).", hint="download or write it again.") from None
    if not looked and any("\ufffd" in line for line in text):
        file, looked = inspect_text_file(path, longest_line=MAX_ENTRY_BYTES), True
        text, is_whole = _beginning(file)
    layout = find_layout(path.name, text, is_whole=is_whole)
    return EdgeFile(file, layout, looked)


def _beginning(file: TextFile) -> tuple[list[str], bool]:
    """The first lines, as many as show some thousand rows; whether these are all."""
    lines: list[str] = []
    rows = 0
    with file.open() as raw, io.TextIOWrapper(raw, encoding=file.encoding, errors="replace", newline=None) as stream:
        while rows < _SAMPLE_ROWS and len(lines) < _MAX_SAMPLE_LINES:
            line = stream.readline(_MAX_SAMPLE_LINE)
            if not line:
                return lines, True
            if len(line) == _MAX_SAMPLE_LINE:
                raise InputError(
                    f"{file.name} is not an edge list: its lines are too long.", hint="check that it is a text file."
                )
            lines.append(line)
            rows += not line.lstrip().startswith(("#", "%"))
    return lines, False


def has_other_columns(path: Path) -> bool:
    """Is the file an edge list without the columns follower_id and followee_id?"""
    try:
        names = {name.lower() for name in find_edge_file(path).layout.names}
    except (InputError, OSError):
        return False
    return not {column.name for column in FOLLOWS.columns if column.required} <= names


def open_edge_list(con: duckdb.DuckDBPyConnection, files: Sequence[Path], work: Path) -> EdgeList:
    """The follows of an edge list, or of the pieces of one.

    Files that DuckDB reads as they are are read where they lie; others are rewritten into `work` first.

    Args:
        con: the connection that will select them.
        files: in any layout, not necessarily the same.
        work: an existing folder for rewritten files; they must stay as long as the SQL is used.

    Raises:
        InputError: a file is not an edge list, or damaged as a whole.
    """
    probe = con.cursor()  # of its own transaction, which a file that DuckDB cannot read would end
    sources = [_open_one(probe, find_edge_file(path), work / f"edges-{at}.tsv") for at, path in enumerate(files)]
    is_whole = all(source.survey.is_whole for source in sources)
    has_times = [name for name in ("followed_at", "gone_at") if any(name in source.columns for source in sources)]
    parts = [source.select(is_whole, has_times) for source in _joined(sources)]
    bounds = [each for source in sources for each in (source.survey.low, source.survey.high) if each is not None]
    problems = [problem for source in sources for problem in source.problems]
    return EdgeList(
        " UNION ALL ".join(parts),
        sum(source.survey.rows for source in sources),
        is_whole,
        min(bounds, default=None) if is_whole else None,
        max(bounds, default=None) if is_whole else None,
        tuple(source.facts for source in sources),
        tuple(problems),
        sum(source.problem_count for source in sources),
    )


@dataclass(frozen=True)
class _Source:
    """Files of one layout that DuckDB reads."""

    files: tuple[Path, ...]
    layout: Layout
    survey: Survey
    numbers: bool
    trim: bool
    facts: EdgeListFacts
    problems: tuple[Problem, ...] = ()
    problem_count: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of its relation beside the ids."""
        names = (("followed_at", "followedat"), ("gone_at", "goneat"))
        return tuple(name for name, word in names if self.layout.position(word) is not None)

    def select(self, is_whole: bool, times: Sequence[str]) -> str:
        """SQL of the same columns for all sources."""
        sql = direct.relation(self.files, self.layout, numbers=self.numbers, trim=self.trim)
        kind = "UBIGINT" if is_whole else "VARCHAR"
        more = "".join(f", {name if name in self.columns else 'NULL'} AS {name}" for name in times)
        one = f"SELECT follower_id::{kind} AS follower_id, followee_id::{kind} AS followee_id{more} FROM ({sql})"
        if not self.layout.is_undirected:
            return one
        other = f"SELECT followee_id::{kind} AS follower_id, follower_id::{kind} AS followee_id{more} FROM ({sql})"
        return f"{one} UNION ALL {other}"


def _joined(sources: Sequence[_Source]) -> list[_Source]:
    """Pieces of one layout are read by one scan."""
    groups: dict[tuple[Layout, bool, bool], list[_Source]] = {}
    for source in sources:
        key = (replace(source.layout, comment_lines=0), source.numbers, source.trim)
        groups.setdefault(key, []).append(source)
    return [
        replace(group[0], files=tuple(file for source in group for file in source.files)) for group in groups.values()
    ]


def _open_one(con: duckdb.DuckDBPyConnection, found: EdgeFile, target: Path) -> _Source:
    """The file as it is where that is proven to be right; otherwise a rewritten copy."""
    source = _as_it_is(con, found)
    if source is not None:
        return source
    file = found.file if found.is_looked_through else inspect_text_file(found.file.path, longest_line=MAX_ENTRY_BYTES)
    layout = found.layout
    if file.encoding != found.file.encoding:
        text, is_whole = _beginning(file)
        layout = find_layout(file.name, text, is_whole=is_whole)
    result = rewrite(file, layout, target)
    plain = replace(plain_layout(layout), is_undirected=layout.is_undirected)
    sql = direct.relation([target], plain, trim=False)
    return _Source(
        (target,),
        plain,
        _counted(direct.survey(con, sql, plain=True), layout),
        False,
        False,
        facts_of(
            file, layout, comment_lines=result.comment_lines, data_lines=result.data_lines, undirected=result.undirected
        ),
        tuple(result.problems),
        result.problem_count,
    )


def _counted(survey: Survey, layout: Layout) -> Survey:
    return replace(survey, rows=2 * survey.rows) if layout.is_undirected else survey


def _as_it_is(con: duckdb.DuckDBPyConnection, found: EdgeFile) -> _Source | None:
    """The file without a copy; None where a row needs a look, or DuckDB cannot read it."""
    import duckdb

    file, layout = found.file, found.layout
    if not layout.is_regular or file.damaged or file.mixed_ends or file.encoding not in UTF8:
        return None
    proof = direct.certify(file, layout)
    if proof == direct.OTHER and not found.is_looked_through:
        file = inspect_text_file(file.path, longest_line=MAX_ENTRY_BYTES)
        if file.damaged or file.mixed_ends or file.encoding not in UTF8:
            return None
    ways = [(False, False), (False, True)]
    for numbers, trim in [(True, False), *ways] if proof == direct.NUMBERS else ways:
        sql = direct.relation([file.path], layout, numbers=numbers, trim=trim)
        try:
            if numbers:
                survey = direct.survey_numbers(con, sql)
            else:
                plain = proof != direct.OTHER
                survey = direct.survey(con, sql, plain=plain, typed=direct.has_type(layout))
        except duckdb.Error:
            continue  # numbers beyond 64 bits are text; a row of other width needs the line by line reader
        if survey.padded:
            continue
        if survey.odd:
            return None
        facts = facts_of(file, layout, comment_lines=layout.comment_lines)
        return _Source((file.path,), layout, _counted(survey, layout), numbers, trim, facts)
    return None
