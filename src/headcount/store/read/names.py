"""Accounts whose handles are like a name that is not in the workspace; a part of `headcount.store.read.account`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headcount.support.suggest import local_part, nearest

if TYPE_CHECKING:
    import duckdb

__all__ = ["nearest_handles"]

MAX_COMPARED = 200
"""Handles that are compared closely; the database selects them, as a workspace can hold millions."""


def nearest_handles(con: duckdb.DuckDBPyConnection, name: str, first: Sequence[str] = ()) -> list[str]:
    """Up to three handles that are most like a name; accounts that opted out are never suggested.

    Args:
        con: a connection to a store.
        name: what the user wrote.
        first: handles that come first among equally similar ones: those that a report can be made of.
    """
    wanted = name.strip().lower().removeprefix("@")
    rows = con.execute(
        """WITH named AS (
            SELECT handle, lower(handle) AS whole, split_part(split_part(lower(handle), '@', 1), '.', 1) AS local
            FROM accounts WHERE handle IS NOT NULL AND opted_out IS DISTINCT FROM true)
        SELECT handle FROM named
        ORDER BY greatest(jaro_winkler_similarity(whole, $name), jaro_winkler_similarity(local, $local)) DESC, handle
        LIMIT $most""",
        {"name": wanted, "local": local_part(wanted), "most": MAX_COMPARED},
    ).fetchall()
    handles = [row[0] for row in rows]
    known = [handle for handle in first if handle in set(handles)]
    return nearest(wanted, [*known, *handles])
