"""`--select`: which columns of a table are printed or written, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from headcount.errors import UsageError
from headcount.support.suggest import did_you_mean, nearest

__all__ = ["Selection", "column_names", "columns_of", "parse_selection", "pick"]

Selection = dict[str, list[str]]
"""Names of the chosen columns by table, in the order given; tables without a chosen column are not in it."""


def column_names(tables: Mapping[str, Sequence[str]]) -> list[str]:
    """The names that may be selected: of one table as they are, of several as TABLE.COLUMN."""
    if len(tables) == 1:
        return list(next(iter(tables.values())))
    return [f"{table}.{column}" for table, columns in tables.items() for column in columns]


def parse_selection(text: str, tables: Mapping[str, Sequence[str]]) -> Selection:
    """The columns that a text such as "handle,responses" or "accounts.handle" names.

    A name without a table stands for that column in every table that has it.

    Args:
        text: names, separated by commas.
        tables: name of each table to its columns.

    Raises:
        UsageError: there is no such column, or none is named.
    """
    chosen: Selection = {}
    for name in (part.strip() for part in text.split(",")):
        if not name:
            continue
        table, _, column = name.rpartition(".")
        within = [key for key, columns in tables.items() if table in ("", key) and column in columns]
        if not within:
            raise _unknown(name, tables)
        for key in within:
            columns = chosen.setdefault(key, [])
            columns += [column] if column not in columns else []
    if not chosen:
        raise UsageError("--select contains no column.", hint=f"the columns are {', '.join(column_names(tables))}.")
    return chosen


def _unknown(name: str, tables: Mapping[str, Sequence[str]]) -> UsageError:
    names = column_names(tables)
    bare = dict.fromkeys(column for columns in tables.values() for column in columns)
    similar = nearest(name, names if "." in name else bare)
    return UsageError(
        f"There is no column {name!r}.", hint=f"{did_you_mean(similar)} The columns are {', '.join(names)}.".lstrip()
    )


def pick(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Rows with the chosen columns only, in order."""
    return [{name: row[name] for name in columns} for row in rows]


def columns_of(selection: Selection, table: str, tables: Mapping[str, Sequence[str]]) -> list[str]:
    """The chosen columns of the one table that a command prints.

    Raises:
        UsageError: the columns chosen are those of other tables.
    """
    if table in selection:
        return selection[table]
    other = next(iter(selection))
    raise UsageError(
        f"The column {selection[other][0]!r} is not a column of this table.",
        hint=f"the columns are {', '.join(tables[table])}.",
    )
