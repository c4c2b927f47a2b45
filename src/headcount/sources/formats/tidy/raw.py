"""The rows of one tidy table inside DuckDB as they stand in the file, before they are checked.

Three readers, one for each form: Parquet is read where it lies; CSV and JSON lines become a temporary table of text.
What cannot even be split into fields is a problem with its line.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

import msgspec

from headcount.errors import InputError, Problem, raise_fault_of_machine
from headcount.sources.formats.decoding import valid_json
from headcount.sources.formats.files import TextFile, inspect_text_file, line_at, physical_lines, readable_copy
from headcount.sources.formats.jsonlines import Problems, beginning, goes_on, values
from headcount.support.safe_text import csv_unguarded_sql
from headcount.support.sql import identifier, literal
from headcount.tables import TABLES, Table

if TYPE_CHECKING:
    import duckdb

__all__ = ["PROBLEMS_SHOWN", "Raw", "raw_rows"]

PROBLEMS_SHOWN = 20
_LONGEST_LINE = 16_000_000
_SEPARATOR_LINE = re.compile(r"sep=(.)\s*", re.IGNORECASE)
_LONGEST_HEADER = 1 << 16
_MAX_COLUMNS = 2_000
"""A table of more columns is no tidy table, and each column costs memory."""
_NO_DELIMITER = "\x01\x02\x03\x04"
"""Stands in no file; whole lines are read with it."""


@dataclass
class Raw:
    """The rows of one file.

    Attributes:
        name: of the file.
        relation: SQL that stands for the rows; place: SQL of the row's number, from 1.
        columns: raw column name -> (SQL that gives it, DuckDB type).
        problem: SQL of what is wrong with a row before its values are looked at; None: nothing can be.
        file: the text file; None for Parquet. delimiter: of a CSV file; None elsewhere.
        skip: lines before its header (`sep=;`, which spreadsheets write).
        rejected: the first rows that could not even be split into fields; rejections: how many.
        row_lines: the line of each row (None: not known), where that is not its number.
    """

    name: str
    relation: str
    place: str
    columns: dict[str, tuple[str, str]]
    problem: str | None = None
    file: TextFile | None = None
    delimiter: str | None = None
    skip: int = 0
    rejected: list[Problem] = field(default_factory=list)
    rejections: int = 0
    row_lines: list[int | None] | None = None

    def problem_at(self, row: int, line: int, reason: str) -> Problem:
        """What is wrong with a row; `line` as far as its number shows it."""
        return _problem(self.name, row, line, reason, self.row_lines)

    def lines(self, places: list[int]) -> dict[int, int]:
        """The line on which each of these rows begins, where that is not the row's number."""
        if self.file is None or self.delimiter is None:
            return {}
        return physical_lines(self.file, self.delimiter, len(self.columns), places, self.skip)


@contextmanager
def raw_rows(con: duckdb.DuckDBPyConnection, path: Path, table: Table) -> Iterator[Raw]:
    """The rows of one file for as long as the context lasts.

    Raises:
        InputError: the file as a whole cannot be read.
    """
    import duckdb

    name = path.name.lower()
    try:
        with ExitStack() as stack:
            if name.endswith(".parquet"):
                yield _parquet(con, path)
                return
            is_list = ".csv" not in name and beginning(path).startswith(b"[")  # its entries are read one by one
            file = inspect_text_file(path, longest_line=None if is_list else _LONGEST_LINE)
            copy = stack.enter_context(readable_copy(file))
            if ".csv" in name:
                yield _csv(con, file, copy, table)
            elif _opens_document(file if copy == file.path else TextFile(copy, compressed=False, encoding="utf-8")):
                copy, problems, row_lines = stack.enter_context(_one_value_a_line(path))
                yield _json(con, file, copy, table, problems, row_lines)
            else:
                yield _json(con, file, copy, table, Problems(path.name), None)
            # an error leaves nothing behind either: the import is one transaction
            con.execute("DROP TABLE IF EXISTS temp.raw_rows")
    except duckdb.Error as error:
        raise_fault_of_machine(error)
        first = next((line for line in str(error).splitlines() if line.strip(" .")), "")
        reason = first.partition(": ")[2].strip(" .") or first.strip(" .:") or type(error).__name__
        raise InputError(
            f"{path.name} cannot be read: {reason[:200].rstrip('.')}.",
            hint="check that the file is intact and in the format its extension says.",
        ) from None


def _problem(name: str, row: int, line: int, reason: str, row_lines: list[int | None] | None) -> Problem:
    if row_lines is None:
        return Problem(name, line, reason)
    known = row_lines[row - 1]
    return Problem(name, known, reason if known is not None else f"value {row:,}: {reason}")


def _compression(path: Path) -> str:
    """The option that names the compression: DuckDB does not find it behind a question mark in the path."""
    return "compression = 'gzip', " if path.name.lower().endswith(".gz") else ""


def _parquet(con: duckdb.DuckDBPyConnection, path: Path) -> Raw:
    source = f"read_parquet([{literal(path)}], file_row_number = true)"
    described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    columns = {row[0]: (identifier(row[0]), row[1]) for row in described if row[0] != "file_row_number"}
    return Raw(path.name, source, "file_row_number + 1", columns)


def _csv(con: duckdb.DuckDBPyConnection, file: TextFile, copy: Path, table: Table) -> Raw:
    header, delimiter, skip = _header(file)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE raw_rows AS SELECT *{_unguarded(header, table)}, row_number() OVER () AS __row "
        f"FROM read_csv({literal(copy)}, {_compression(copy)}auto_detect = false, header = true, skip = {skip}, "
        f"delim = {literal(delimiter)}, "
        f"quote = '\"', escape = '\"', columns = {{{columns}}}, allow_quoted_nulls = false, "
        f"max_line_size = {_LONGEST_LINE}, store_rejects = true, rejects_limit = 0, "
        "rejects_table = 'csv_rejects', rejects_scan = 'csv_scans')"
    )
    if len(header) == 1:  # DuckDB takes blank lines for rows there
        con.execute(f"DELETE FROM raw_rows WHERE {identifier(header[0])} IS NULL")
    named = {name: (identifier(name), "VARCHAR") for name in header}
    raw = Raw(file.name, "raw_rows", "__row", named, None, file, delimiter, skip)
    _take_rejects(con, raw, file if copy == file.path else TextFile(copy, compressed=False, encoding="utf-8"))
    return raw


def _unguarded(header: list[str], table: Table) -> str:
    """Free text as it was before the guard against formulas that exports put before it (`safe_text`)."""
    texts = [
        f"{csv_unguarded_sql(identifier(name))} AS {identifier(name)}"
        for name in header
        if name.lower() in table.names and table.column(name.lower()).is_free_text
    ]
    return f" REPLACE ({', '.join(texts)})" if texts else ""


def _take_rejects(con: duckdb.DuckDBPyConnection, raw: Raw, file: TextFile) -> None:
    """Rows that DuckDB could not split into fields become problems; `file` is what DuckDB read."""
    rejects = con.execute(
        "SELECT line_byte_position, any_value(error_message), count(*) OVER () FROM csv_rejects "
        f"GROUP BY 1 ORDER BY 1 LIMIT {PROBLEMS_SHOWN}"
    ).fetchall()
    for position, message, count in rejects:
        raw.rejections = count
        reason = message.replace("Expected Number of Columns:", "expected fields:").replace("Found:", "found")
        raw.rejected.append(Problem(raw.name, line_at(file, position), reason[0].lower() + reason[1:].rstrip(".")))
    con.execute("DROP TABLE IF EXISTS temp.csv_rejects")
    con.execute("DROP TABLE IF EXISTS temp.csv_scans")


def _header(file: TextFile) -> tuple[list[str], str, int]:
    """The names in the first line, what separates them, and the lines before; nameless columns have their number."""
    with file.text() as stream:
        head = stream.read(_LONGEST_HEADER)
    lines = re.split(r"\r\n|\r|\n", head)
    separator = _SEPARATOR_LINE.fullmatch(lines[0])
    place = 1 if separator and len(lines) > 1 else 0
    if place == len(lines) - 1 and len(head) == _LONGEST_HEADER:
        _refuse_wide(file.name)
    line = lines[place]
    known = {name for table in TABLES for name in table.names}
    best: tuple[list[str], str] = ([], ",")
    for delimiter in separator[1] if separator else ",;\t|":
        try:
            names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
        except csv.Error:
            continue
        if len(known.intersection(map(str.lower, names))) > len(known.intersection(map(str.lower, best[0]))):
            best = (names, delimiter)
    if len(best[0]) > _MAX_COLUMNS:
        _refuse_wide(file.name)
    names = [name or f"column {place}" for place, name in enumerate(best[0], 1)]
    if not names:
        raise InputError(
            f"{file.name} has no header with known columns; its first line is {line[:60]!r}.",
            hint="the first line must contain the columns, as in docs/tables.md.",
        )
    lower = [name.lower() for name in names]
    doubled = sorted({name for name in lower if lower.count(name) > 1})
    if doubled:
        raise InputError(f"{file.name} has the column {doubled[0]!r} twice.", hint="remove one of them.")
    return names, best[1], int(separator is not None)


def _refuse_wide(name: str) -> NoReturn:
    raise InputError(
        f"The first line of {name} names more than {_MAX_COLUMNS:,} columns or is longer than "
        f"{_LONGEST_HEADER >> 10} KiB.",
        hint="keep only the columns of docs/tables.md.",
    )


def _opens_document(file: TextFile) -> bool:
    """Does the first line begin a list, or a value that goes on in the next line?"""
    with file.open() as stream:
        lines = iter(lambda: stream.readline(_LONGEST_LINE), b"")
        first = next(filter(None, (line.removeprefix(codecs.BOM_UTF8).strip() for line in lines)), b"")
    return first.startswith(b"[") or goes_on(first)


@contextmanager
def _one_value_a_line(path: Path) -> Iterator[tuple[Path, Problems, list[int | None]]]:
    """A file with one value of a JSON document a line, what could not be read, and the line of each value."""
    with TemporaryDirectory(prefix="headcount-") as folder:
        target, problems, lines = Path(folder) / "lines.jsonl", Problems(path.name), []
        with target.open("wb") as out:
            for value in values(path, problems):
                out.write(msgspec.json.encode(value.content) + b"\n")
                lines.append(value.line)
        yield target, problems, lines


def _json(
    con: duckdb.DuckDBPyConnection,
    file: TextFile,
    copy: Path,
    table: Table,
    read: Problems,
    row_lines: list[int | None] | None,
) -> Raw:
    con.execute(
        "CREATE OR REPLACE TEMP TABLE raw_lines AS SELECT trim(line, ' \r\t') AS line, row_number() OVER () AS __row "
        f"FROM read_csv({literal(copy)}, {_compression(copy)}auto_detect = false, header = false, "
        f"delim = '{_NO_DELIMITER}', quote = '', "
        f"escape = '', columns = {{'line': 'VARCHAR'}}, max_line_size = {_LONGEST_LINE})"
    )
    con.execute("DELETE FROM raw_lines WHERE coalesce(line, '') = ''")
    damaged = read.replaced.count if row_lines is not None else file.damaged + _repair_halves(con)
    file = replace(file, damaged=damaged)
    bad = "NOT coalesce(CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' END, false)"
    wrong = con.execute(
        "SELECT __row, 'the line is ' || CASE WHEN json_valid(line) THEN 'JSON but no object' ELSE 'not JSON' END, "
        f"count(*) OVER () FROM raw_lines WHERE {bad} ORDER BY 1 LIMIT {PROBLEMS_SHOWN}"
    ).fetchall()
    if wrong:
        con.execute(f"DELETE FROM raw_lines WHERE {bad}")
    keys = con.execute("SELECT DISTINCT unnest(names) FROM (SELECT DISTINCT json_keys(line) AS names FROM raw_lines)")
    names = sorted(name for (name,) in keys.fetchmany(_MAX_COLUMNS + 1) if name)
    keys.fetchall()
    if len(names) > _MAX_COLUMNS:
        raise InputError(
            f"The lines of {file.name} contain more than {_MAX_COLUMNS:,} names.",
            hint="keep only the columns of docs/tables.md.",
        )
    known = [name for name in names if name.strip().lower() in table.names]
    _spread(con, known, table)
    columns = {name: (identifier(name) if name in known else "NULL", "VARCHAR") for name in names}
    problems = [*read.shown, *(_problem(file.name, row, row, reason, row_lines) for row, reason, _ in wrong)]
    count = read.count + (wrong[0][2] if wrong else 0)
    return Raw(file.name, "raw_rows", "__row", columns, "__wrong", file, None, 0, problems, count, row_lines)


def _repair_halves(con: duckdb.DuckDBPyConnection) -> int:
    """Replace halves of surrogate pairs, which DuckDB refuses; returns their number."""
    import numpy as np

    halves = con.execute(
        "SELECT __row, line FROM raw_lines WHERE NOT json_valid(line) AND regexp_matches(line, '\\\\u[dD][89a-fA-F]')"
    ).fetchall()
    repaired = [(row, *valid_json(line.encode())) for row, line in halves]
    if repaired:
        batch = {
            "place": np.array([row for row, _, _ in repaired], np.int64),
            "mended": np.array([text.decode() for _, text, _ in repaired], object),
        }
        con.register("repaired", batch)
        con.execute("UPDATE raw_lines SET line = mended FROM repaired WHERE __row = place")
        con.unregister("repaired")
    return sum(count for _, _, count in repaired)


def _spread(con: duckdb.DuckDBPyConnection, names: list[str], table: Table) -> None:
    """One column for each name, each line parsed twice at most; what holds JSON where text belongs is said."""
    paths = f"[{', '.join(literal('$.' + identifier(name)) for name in names)}]::VARCHAR[]"
    fields = "".join(f"v[{place}] AS {identifier(name)}, " for place, name in enumerate(names, 1))
    nested = []
    for place, name in enumerate(names, 1):
        listed = table.column(name.strip().lower()).type == "texts"
        kinds = "('OBJECT')" if listed else "('OBJECT', 'ARRAY')"
        said = literal(f"{name} contains {'an object' if listed else 'a list or an object'}")
        nested.append(f"CASE WHEN t[{place}] IN {kinds} THEN {said} END")
    wrong = f"CASE WHEN t IS NOT NULL THEN concat_ws('; ', {', '.join(nested)}) END" if nested else "NULL::VARCHAR"
    # only lines with a bracket behind their first can hold one
    types = f"CASE WHEN contains(line, '[') OR contains(substr(line, 2), '{{') THEN json_type(line, {paths}) END"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE raw_rows AS SELECT {fields}__row, {wrong} AS __wrong FROM (SELECT __row, "
        f"json_extract_string(line, {paths}) AS v, {types} AS t FROM raw_lines)"
    )
    con.execute("DROP TABLE temp.raw_lines")
