"""What two collections of one account have in common: the tables, without the moments of looking."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from headcount.store.store import Store

QUERIES = {
    table: f"SELECT * EXCLUDE ({', '.join(moments)}) FROM {table} ORDER BY ALL"
    for table, moments in {
        "accounts": ["observed_at"],
        "follows": ["observed_at", "gone_at"],
        "posts": ["observed_at"],
        "interactions": [],
        "account_history": ["observed_at"],
        "remarks": [],
        "list_coverage": ["observed_at"],
        # how many rows were read depends on which of them fell into one batch
        "snapshots": ["read_at", "path", "accounts", "follows", "posts", "interactions"],
    }.items()
    for moments in [moments or ["NULL"]]
}


def tables(folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of a workspace's tables, in order, without the moments of looking."""
    with Store(folder) as store:
        return {
            table: store.connection.execute(query.replace(" EXCLUDE (NULL)", "")).fetchall()
            for table, query in QUERIES.items()
        }


def assert_same(found: dict[str, list[Any]], expected: dict[str, list[Any]]) -> None:
    """The tables are equal; says which rows are not."""
    for table, rows in expected.items():
        assert rows or table == "remarks", f"{table} is empty, so nothing is compared"
        ours, theirs = set(map(repr, found[table])), set(map(repr, rows))
        assert not theirs - ours, f"{table} lacks {sorted(theirs - ours)[:3]} and has {sorted(ours - theirs)[:3]}"
        assert not ours - theirs, f"{table} has too many: {sorted(ours - theirs)[:3]}"
        assert len(found[table]) == len(rows), table
