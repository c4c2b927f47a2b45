"""What `--select` chose, printed as a table or as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headcount.support.terminal import echo_json, note

if TYPE_CHECKING:
    from headcount.cli.selection import Selection

__all__ = ["print_selected", "print_tables"]


def print_selected(
    result: Any,
    columns: Sequence[str],
    rows: Any,
    name: str,
    *,
    as_json: bool,
    limit: int | None = None,
    total: int | None = None,
) -> None:
    """The chosen columns of the rows of a result: as JSON within the result, or as a table.

    Args:
        result: printed with `--json`, as plain values; columns: the chosen ones; rows: of the table.
        name: the field of the result that holds the rows; "" where the rows are all of it.
        as_json: with `--json`; limit: maximum number of rows of the table.
        total: how many rows there are, where not all were handed in.
    """
    import msgspec

    from headcount.cli.selection import pick
    from headcount.support.screen_table import print_rows

    chosen = pick(msgspec.to_builtins(rows), columns)
    if not as_json:
        print_rows(columns, chosen[:limit])
        total = len(chosen) if total is None else total
        if limit is not None and limit < total:
            note(f"{limit:,} of {total:,} rows; use --limit for more.")
        return
    echo_json({**msgspec.to_builtins(result), name: chosen} if name else chosen)


def print_tables(tables: dict[str, list[dict[str, Any]]], select: Selection, *, as_json: bool) -> None:
    """The chosen columns of several tables: as a JSON object, or one below the other."""
    from headcount.cli.selection import pick
    from headcount.support.screen_table import print_line, print_rows

    if as_json:
        echo_json({name: pick(tables[name], columns) for name, columns in select.items()})
        return
    for name, columns in select.items():
        print_line(name, style="bold")
        print_rows(columns, tables[name])
        print_line()
