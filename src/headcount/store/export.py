"""Writes the four tables of a workspace as tidy tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.errors import UsageError
from headcount.store.merge import _count
from headcount.support.output import new_folder
from headcount.support.safe_text import csv_guarded_sql
from headcount.support.sql import literal
from headcount.tables import TABLES, Column

if TYPE_CHECKING:
    import duckdb

__all__ = ["write_tables"]


def write_tables(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    format: str,
    *,
    replace: bool,
    select: Mapping[str, Sequence[str]] | None,
) -> dict[str, int]:
    """Write the tables; arguments, result and errors as of `headcount.store.store.Store.export`."""
    options = {
        "parquet": "(FORMAT parquet, COMPRESSION zstd)",
        "csv": "(FORMAT csv, HEADER)",
        "csv.gz": "(FORMAT csv, HEADER, COMPRESSION gzip)",
        "jsonl": "(FORMAT json)",
    }
    if format not in options:
        raise UsageError(
            f"The format of tidy tables is not valid: {format!r}.", hint=f"use one of {', '.join(options)}"
        )
    chosen = [table for table in TABLES if select is None or table.name in select]
    there = [f"{table.name}.{format}" for table in chosen if (folder / f"{table.name}.{format}").exists()]
    if there and not replace:
        raise UsageError(
            f"{folder} already contains {there[0]}.", hint="use another folder, or overwrite with --replace."
        )
    counts = {}
    with new_folder(folder) as part:
        for table in chosen:
            by_name = {column.name: column for column in table.columns}
            names = by_name if select is None else select[table.name]
            columns = ", ".join(_exported(by_name[name], format) for name in names)
            target = literal(part / f"{table.name}.{format}")
            con.execute(f"COPY (SELECT {columns} FROM {table.name}) TO {target} {options[format]}")
            counts[table.name] = _count(con, f"SELECT count(*) FROM {table.name}")
    return counts


def _exported(column: Column, format: str) -> str:
    """SQL of a column as it is exported: in text, times name their zone and an empty list is not an unknown one.

    In CSV, text that begins like a formula stands behind an apostrophe, which the import takes away again.
    """
    name = column.name
    if "csv" in format and column.is_free_text:
        text = name
        if column.type == "texts":
            text = f"CASE len({name}) WHEN 0 THEN '[]' ELSE array_to_string({name}, ';') END"
        return f"{csv_guarded_sql(text, number_is_safe=name.endswith('_id'))} AS {name}"
    if column.type == "timestamp" and format != "parquet":
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%fZ') AS {name}"
    return name
