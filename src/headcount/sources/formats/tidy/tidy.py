"""Tidy tables: a folder (or one file) of accounts, follows, posts, interactions as Parquet, CSV or JSON lines.

Any subset of the tables and of their columns will do; ids are required. Unknown columns and files are named and
left aside. Rows that cannot be taken are named with file and line; see docs/tidy-tables.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.errors import BadRows, InputError, Problem
from headcount.incoming import TABLE_PREFIX, ReadResult
from headcount.sources.formats.edges import has_other_columns
from headcount.sources.formats.foreign import refuse_foreign
from headcount.sources.formats.malformed import special_file
from headcount.sources.formats.tidy.raw import PROBLEMS_SHOWN, Raw, raw_rows
from headcount.sources.formats.tidy.values import Converted, convert
from headcount.tables import FOLLOWS, TABLES, Column, Table

if TYPE_CHECKING:
    import duckdb

__all__ = ["TidySource"]

ENDINGS = (".parquet", ".csv", ".csv.gz", ".jsonl", ".jsonl.gz")
_TABLE_OF = {table.name: table for table in TABLES}


class TidySource:
    """Tidy tables."""

    name = "tidy tables"

    def recognises(self, path: Path) -> bool:
        """A folder with at least one file named after a table, or such a file.

        A single file of follows with other columns, or without a header, is left to the reader of edge lists.
        """
        if path.is_dir():
            return any(_table_of(file) is not None for file in path.iterdir())
        table = _table_of(path)
        return table is not None and not (table is FOLLOWS and ".csv" in path.name.lower() and has_other_columns(path))

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
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
            refuse_foreign(file)
            with raw_rows(con, file, table) as raw:
                found = _Checked(con, table, raw)
                notes += found.notes
                count += found.problem_count
                problems += found.problems[: PROBLEMS_SHOWN - len(problems)]
                rows[table.name] = found.insert()
        if count and not skip_bad:
            raise BadRows(problems, count)
        return ReadResult(self.name, tuple(problems), count, rows, tuple(notes), whole_lists=True)


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
                f"{path.name} contains {table.name} twice: {found[table].name} and {file.name}.",
                hint="remove one of them.",
            )
        elif file.is_dir():
            raise InputError(f"{file.name} is a folder, not a file.", hint="add one file per table.")
        elif (special := special_file(file)) is not None:
            raise InputError(f"{file.name} is {special}, not a file.", hint="write its content to a file.")
        else:
            found[table] = file
    notes = [f"Files that are not tables were ignored: {', '.join(ignored[:8])}."] if ignored else []
    return {table: found[table] for table in TABLES if table in found}, notes


def _with_steps(relation: str, columns: Iterable[Converted]) -> str:
    """SQL of the rows with the columns that the steps of the conversions compute."""
    for steps in zip_longest(*(column.steps for column in columns)):
        added = ", ".join(f"{sql} AS {name}" for name, sql in filter(None, steps))
        relation = f"(SELECT *, {added} FROM {relation})"
    return relation


class _Checked:
    """The rows of one file against one table: what is wrong, and the insert of what is right."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table, raw: Raw) -> None:
        self.con, self.table, self.raw = con, table, raw
        self.notes: list[str] = []
        self.columns = self._match()
        found = [raw.problem, *(column.problem for column in self.columns.values())]
        self.problem_sql = f"concat_ws('; ', {', '.join(filter(None, found))})" if any(found) else "''"
        self.relation = _with_steps(raw.relation, self.columns.values())
        self.problems = list(raw.rejected)
        self.problem_count = raw.rejections
        if self.columns:
            self._survey()

    def _match(self) -> dict[str, Converted]:
        """The known columns of the file; unknown ones are noted, missing ids and impossible types are errors."""
        matched: dict[str, Converted] = {}
        unknown = []
        for raw_name, (sql, raw_type) in self.raw.columns.items():
            name = raw_name.strip().lower()
            if name in matched:
                raise InputError(f"{self.raw.name} has the column {name!r} twice.", hint="remove one of them.")
            if name in self.table.names:
                matched[name] = self._convert(self.table.column(name), sql, raw_type)
            else:
                unknown.append(raw_name)
        self._need_ids(matched)
        if unknown:
            shown = ", ".join(sorted(unknown)[:8]) + (" …" if len(unknown) > 8 else "")
            self.notes.append(f"{self.raw.name}: unknown columns were ignored: {shown}.")
        if self.raw.file is not None and self.raw.file.said:
            self.notes.append(self.raw.file.said)
        return matched

    def _need_ids(self, matched: dict[str, Converted]) -> None:
        held = list(self.raw.columns)
        if not held:
            if not self.raw.rejections:
                self.notes.append(f"{self.raw.name} contains no rows.")
            return
        for column in self.table.columns:
            if column.required and column.name not in matched:
                raise InputError(
                    f"{self.raw.name} has no column {column.name!r} (it has {', '.join(held[:8])}).",
                    hint=f"{self.table.name} need {', '.join(c.name for c in self.table.columns if c.required)}; "
                    "rename the file if it is not this table.",
                )

    def _convert(self, column: Column, sql: str, raw_type: str) -> Converted:
        converted = convert(column, sql, raw_type)
        if converted is None:
            wanted = "a list of text" if column.type == "texts" else column.type
            raise InputError(
                f"{self.raw.name}: the column {column.name} contains {raw_type}, not {wanted}.",
                hint="write it as text, or remove it.",
            )
        return converted

    def _survey(self) -> None:
        """One pass over the rows: how many are wrong, and how many times have no zone."""
        zones = {name: column for name, column in self.columns.items() if column.no_zone is not None}
        counts = [f"count(*) FILTER ({self.problem_sql} <> '')"]
        for column in zones.values():
            counts += [f"count(*) FILTER ({column.no_zone})", f"count({column.value})"]
        found = self.con.execute(f"SELECT {', '.join(counts)} FROM {self.relation}").fetchall()[0]
        for place, name in enumerate(zones):
            without, times = found[1 + 2 * place : 3 + 2 * place]
            if without:
                mixed = f" ({times - without:,} have one)" if times > without else ""
                self.notes.append(
                    f"{self.raw.name}: {without:,} values of {name} have no time zone{mixed}; treated as UTC."
                )
        if found[0]:
            self._name_problems(found[0])

    def _name_problems(self, count: int) -> None:
        self.problem_count += count
        shown = self.con.execute(
            f"SELECT {self.raw.place} AS place, {self.problem_sql} AS reason FROM {self.relation} "
            f"WHERE reason <> '' ORDER BY place LIMIT {PROBLEMS_SHOWN}"
        ).fetchall()
        lines = self.raw.lines([place for place, _ in shown])
        self.problems += [self.raw.problem_at(place, lines.get(place, place), reason) for place, reason in shown]
        self.problems.sort(key=lambda problem: problem.line or 0)

    def insert(self) -> int:
        """Put the rows without a problem into the incoming table; gives how many."""
        if not self.columns:
            return 0
        values = ", ".join(f"{column.value} AS {name}" for name, column in self.columns.items())
        where = f"WHERE {self.problem_sql} = ''" if self.problem_count else ""
        target = TABLE_PREFIX + self.table.name
        self.con.execute(f"INSERT INTO {target} BY NAME SELECT {values} FROM {self.relation} {where}")
        return int(self.con.execute(f"SELECT count(*) FROM {target}").fetchall()[0][0])
