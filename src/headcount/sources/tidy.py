"""Tidy tables: a folder (or one file) of accounts, follows, posts, interactions as Parquet, CSV or JSON lines.

Any subset of the tables and of their columns will do; ids are required. Unknown columns and files are named and
left aside. Rows that cannot be taken are named with file and line; see docs/tidy-tables.md.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.errors import BadRows, InputError, Problem
from headcount.sources.base import TABLE_PREFIX, Intake
from headcount.sources.files import TextFile, line_at, look_through, physical_lines, readable_copy
from headcount.sources.values import Converted, convert
from headcount.tables import TABLES, Column, Table

if TYPE_CHECKING:
    import duckdb

__all__ = ["TidySource"]

ENDINGS = (".parquet", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz")
PROBLEMS_SHOWN = 20
_TABLE_OF = {table.name: table for table in TABLES}
_LONGEST_LINE = 16_000_000


@dataclass
class _Raw:
    """The rows of one file inside DuckDB, before they are checked.

    Attributes:
        relation: SQL that stands for the rows; place: SQL of the row's number, from 1.
        columns: raw column name -> (SQL that gives it, DuckDB type).
        file: the text file; None for Parquet. delimiter: of a CSV file; None elsewhere.
        rejected: problems of rows that could not even be split into fields; rejections: how many.
    """

    name: str
    relation: str
    place: str
    columns: dict[str, tuple[str, str]]
    file: TextFile | None = None
    delimiter: str | None = None
    rejected: list[Problem] = field(default_factory=list)
    rejections: int = 0


class TidySource:
    """Tidy tables."""

    name = "tidy tables"

    def recognises(self, path: Path) -> bool:
        """A folder with at least one file named after a table, or such a file."""
        if path.is_dir():
            return any(_table_of(file) is not None for file in path.iterdir())
        return _table_of(path) is not None

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> Intake:
        """Read the tables of a folder, or one file.

        Raises:
            BadRows: rows are wrong and `skip_bad` is false.
            InputError: a file as a whole cannot be read.
        """
        files, notes = _files(path)
        problems: list[Problem] = []
        count, rows = 0, {}
        for table, file in files.items():
            if ".jsonl" in file.name.lower() and not file.stat().st_size:
                rows[table.name] = 0
                notes.append(f"{file.name} is empty.")
                continue
            with _raw(con, file) as raw:
                found = _Checked(con, table, raw)
                notes += found.notes
                count += found.problem_count
                problems += found.problems[: PROBLEMS_SHOWN - len(problems)]
                rows[table.name] = found.insert()
        if count and not skip_bad:
            raise BadRows(problems, count)
        return Intake(self.name, tuple(problems), count, rows, tuple(notes), whole_lists=True)


def _table_of(path: Path) -> Table | None:
    for ending in ENDINGS:
        if path.name.lower().endswith(ending):
            return _TABLE_OF.get(path.name[: -len(ending)].lower())
    return None


def _files(path: Path) -> tuple[dict[Table, Path], list[str]]:
    """The file of each table, and a note about files that are none."""
    found: dict[Table, Path] = {}
    ignored = []
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        table = _table_of(file)
        if table is None:
            ignored.append(file.name)
        elif table in found:
            raise InputError(
                f"{path.name} holds {table.name} twice: {found[table].name} and {file.name}.",
                hint="leave one of them.",
            )
        elif file.is_dir():
            raise InputError(f"{file.name} is a folder, not a file.", hint="hand in one file a table.")
        else:
            found[table] = file
    notes = [f"Files that are no table were left aside: {', '.join(ignored[:8])}."] if ignored else []
    return {table: found[table] for table in TABLES if table in found}, notes


@contextmanager
def _raw(con: duckdb.DuckDBPyConnection, path: Path) -> Iterator[_Raw]:
    import duckdb

    name = path.name.lower()
    try:
        with ExitStack() as stack:
            if name.endswith(".parquet"):
                yield _raw_parquet(con, path)
                return
            file = look_through(path)
            copy = stack.enter_context(readable_copy(file))
            yield _raw_csv(con, file, copy) if ".csv" in name else _raw_json(con, file, copy)
    except duckdb.Error as error:
        reason = str(error).splitlines()[0].partition(": ")[2] or str(error).splitlines()[0]
        raise InputError(
            f"{path.name} cannot be read: {reason[:200]}", hint="the file is damaged or not what its name says."
        ) from None


def _quoted(text: object) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _raw_parquet(con: duckdb.DuckDBPyConnection, path: Path) -> _Raw:
    source = f"read_parquet([{_quoted(path)}], file_row_number = true)"
    described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    columns = {row[0]: (_identifier(row[0]), row[1]) for row in described if row[0] != "file_row_number"}
    return _Raw(path.name, source, "file_row_number + 1", columns)


def _raw_csv(con: duckdb.DuckDBPyConnection, file: TextFile, copy: Path) -> _Raw:
    header, delimiter = _header(file)
    doubled = sorted({name for name in header if header.count(name) > 1})
    if doubled:
        raise InputError(f"{file.name} has the column {doubled[0]!r} twice.", hint="leave one of them.")
    columns = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in header)
    con.execute("DROP TABLE IF EXISTS temp.raw_rows")
    con.execute(
        f"CREATE TEMP TABLE raw_rows AS SELECT *, row_number() OVER () AS __row FROM read_csv({_quoted(copy)}, "
        f"auto_detect = false, header = true, delim = {_quoted(delimiter)}, quote = '\"', escape = '\"', "
        f"columns = {{{columns}}}, max_line_size = {_LONGEST_LINE}, store_rejects = true, rejects_limit = 0, "
        "rejects_table = 'csv_rejects', rejects_scan = 'csv_scans')"
    )
    raw = _Raw(
        file.name, "raw_rows", "__row", {name: (_identifier(name), "VARCHAR") for name in header}, file, delimiter
    )
    _take_rejects(con, raw)
    return raw


def _take_rejects(con: duckdb.DuckDBPyConnection, raw: _Raw) -> None:
    """Rows that DuckDB could not split into fields become problems."""
    assert raw.file is not None
    rejects = con.execute(
        "SELECT line_byte_position, any_value(error_message) FROM csv_rejects GROUP BY 1 ORDER BY 1"
    ).fetchall()
    raw.rejections = len(rejects)
    for position, message in rejects[:PROBLEMS_SHOWN]:
        reason = message.replace("Expected Number of Columns:", "expected fields:").replace("Found:", "found")
        raw.rejected.append(Problem(raw.name, line_at(raw.file, position), reason[0].lower() + reason[1:].rstrip(".")))
    con.execute("DROP TABLE IF EXISTS temp.csv_rejects")
    con.execute("DROP TABLE IF EXISTS temp.csv_scans")


def _header(file: TextFile) -> tuple[list[str], str]:
    """The names in the first line, and what separates them."""
    with file.open() as stream:
        first = stream.readline(1 << 20)
        if file.encoding == "utf-16":
            first += stream.read(1)
    line = first.decode(file.encoding, errors="replace").strip("\r\n")
    known = {name for table in TABLES for name in table.names}
    best: tuple[list[str], str] = ([], ",")
    for delimiter in (",", ";", "\t", "|"):
        try:
            names = [name.strip() for name in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
        except csv.Error:
            continue
        if len(known.intersection(map(str.lower, names))) > len(known.intersection(map(str.lower, best[0]))):
            best = (names, delimiter)
    if not best[0]:
        raise InputError(
            f"{file.name} has no header with known columns; its first line is {line[:60]!r}.",
            hint="the first line names the columns, as in docs/tables.md.",
        )
    return best


def _raw_json(con: duckdb.DuckDBPyConnection, file: TextFile, copy: Path) -> _Raw:
    con.execute("DROP TABLE IF EXISTS temp.raw_rows")
    con.execute(
        "CREATE TEMP TABLE raw_rows AS SELECT trim(line, ' \r\t') AS line, row_number() OVER () AS __row "
        f"FROM read_csv({_quoted(copy)}, auto_detect = false, header = false, delim = '\x01', quote = '', escape = '', "
        f"columns = {{'line': 'VARCHAR'}}, null_padding = true, max_line_size = {_LONGEST_LINE})"
    )
    con.execute("DELETE FROM raw_rows WHERE coalesce(line, '') = ''")
    good = "CASE WHEN json_valid(line) THEN json_type(line) = 'OBJECT' END"
    bad = con.execute(
        f"""SELECT __row, CASE WHEN NOT json_valid(line) THEN 'is not JSON' ELSE 'is JSON but no object' END
        FROM raw_rows WHERE NOT coalesce({good}, false) ORDER BY 1"""
    ).fetchall()
    con.execute(f"DELETE FROM raw_rows WHERE NOT coalesce({good}, false)")
    names = con.execute("SELECT DISTINCT unnest(json_keys(line)) AS name FROM raw_rows ORDER BY 1").fetchall()
    columns = {
        name: (f"json_extract_string(line, {_quoted('$.' + _identifier(name))})", "VARCHAR")
        for (name,) in names
        if name
    }
    problems = [Problem(file.name, row, f"the line {reason}") for row, reason in bad[:PROBLEMS_SHOWN]]
    return _Raw(file.name, "raw_rows", "__row", columns, file, None, problems, len(bad))


class _Checked:
    """The rows of one file against one table: what is wrong, and the insert of what is right."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table, raw: _Raw) -> None:
        self.con, self.table, self.raw = con, table, raw
        self.notes: list[str] = []
        self.columns = self._match()
        self.problem_sql = self._problem_sql()
        self.problems = list(raw.rejected)
        self.problem_count = raw.rejections
        self._find_problems()
        self._note_zones()

    def _match(self) -> dict[str, Converted]:
        """The known columns of the file; unknown ones are noted, missing ids and impossible types are errors."""
        matched: dict[str, Converted] = {}
        unknown = []
        lower = {name.strip().lower(): sql for name, sql in self.raw.columns.items()}
        for name, (sql, raw_type) in lower.items():
            if name in self.table.names:
                matched[name] = self._convert(self.table.column(name), sql, raw_type)
            else:
                unknown.append(name)
        for column in self.table.columns:
            if column.required and column.name not in matched and (lower or not self.raw.rejections):
                raise InputError(
                    f"{self.raw.name} has no column {column.name!r} (it has {', '.join(list(lower)[:8]) or 'none'}).",
                    hint=f"{self.table.name} need {', '.join(c.name for c in self.table.columns if c.required)}.",
                )
        if unknown:
            shown = ", ".join(sorted(unknown)[:8]) + (" …" if len(unknown) > 8 else "")
            self.notes.append(f"{self.raw.name}: unknown columns were left aside: {shown}.")
        if self.raw.file is not None and self.raw.file.encoding not in ("utf-8", "utf-8-sig"):
            self.notes.append(f"{self.raw.name} is not UTF-8; it was read as {self.raw.file.encoding}.")
        return matched

    def _convert(self, column: Column, sql: str, raw_type: str) -> Converted:
        converted = convert(column, sql, raw_type)
        if converted is None:
            raise InputError(
                f"{self.raw.name}: the column {column.name} holds {raw_type}, not {column.type}.",
                hint="write it as text, or leave it out.",
            )
        return converted

    def _problem_sql(self) -> str | None:
        problems = [column.problem for column in self.columns.values() if column.problem is not None]
        return f"concat_ws('; ', {', '.join(problems)})" if problems else None

    def _find_problems(self) -> None:
        if self.problem_sql is None or not self.columns:
            return
        wrong = f"FROM {self.raw.relation} WHERE {self.problem_sql} <> ''"
        row = self.con.execute(f"SELECT count(*) {wrong}").fetchone()
        found = int(row[0]) if row else 0
        if not found:
            return
        self.problem_count += found
        shown = self.con.execute(
            f"SELECT {self.raw.place} AS place, {self.problem_sql} {wrong} ORDER BY place LIMIT {PROBLEMS_SHOWN}"
        ).fetchall()
        lines = self._lines([place for place, _ in shown])
        self.problems += [Problem(self.raw.name, lines.get(place, place), reason) for place, reason in shown]
        self.problems.sort(key=lambda problem: problem.line or 0)

    def _lines(self, places: list[int]) -> dict[int, int]:
        if self.raw.file is None or self.raw.delimiter is None:
            return {}
        return physical_lines(self.raw.file, self.raw.delimiter, len(self.raw.columns), places)

    def _note_zones(self) -> None:
        for name, column in self.columns.items():
            if column.zone is None:
                continue
            row = self.con.execute(
                f"SELECT count(*) FILTER ({column.zone}), count(*) FILTER (NOT ({column.zone})) "
                f"FROM {self.raw.relation}"
            ).fetchone()
            with_zone, without = row or (0, 0)
            if without:
                mixed = f" ({with_zone:,} have one)" if with_zone else ""
                self.notes.append(
                    f"{self.raw.name}: {without:,} values of {name} have no time zone{mixed}; taken as UTC."
                )

    def insert(self) -> int:
        """Put the rows without a problem into the incoming table; gives how many."""
        if not self.columns:
            return 0
        values = ", ".join(f"{column.value} AS {name}" for name, column in self.columns.items())
        where = f"WHERE {self.problem_sql} = ''" if self.problem_sql is not None and self.problem_count else ""
        target = TABLE_PREFIX + self.table.name
        self.con.execute(f"INSERT INTO {target} BY NAME SELECT {values} FROM {self.raw.relation} {where}")
        self.con.execute("DROP TABLE IF EXISTS temp.raw_rows")
        row = self.con.execute(f"SELECT count(*) FROM {target}").fetchone()
        return int(row[0]) if row else 0
