"""Rows on their way into the incoming tables, in batches; and what the sources have in common: texts, hosts, lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from headcount.incoming import TABLE_PREFIX
from headcount.sources.formats.tidy.values import is_count
from headcount.tables import ACCOUNTS, FOLLOWS, INTERACTIONS, POSTS, TABLES, Column, Table

if TYPE_CHECKING:
    import duckdb

__all__ = ["BATCH_ROWS", "Rows", "domains", "inner", "named", "objects", "truth", "truth_value", "whole_number"]

Object = dict[str, Any]

BATCH_ROWS = 50_000
_HOST = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@\s]*@)?(?:www\.)?([^/?#:\s]+)", re.IGNORECASE)
_SEPARATOR = " "
_ZONE = ":[0-9.]+(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_DIGITS = re.compile(r"[0-9]{1,18}(?:\.0)?")  # 12.000 may be twelve thousand
_TRUTHS = {"true": True, "1": True, "false": False, "0": False}


def objects(listed: Any) -> Iterator[Object]:
    """The objects of a list; nothing where it is none."""
    return (item for item in listed if isinstance(item, dict)) if isinstance(listed, list) else iter(())


def inner(thing: Any, *names: str) -> Any:
    """What lies under these names, one inside the other; None where one of them is missing or no object holds it."""
    for name in names:
        if not isinstance(thing, dict):
            return None
        thing = thing.get(name)
    return thing


def named(listed: Any, name: str) -> Iterator[Object]:
    """The objects of a list that hold a text under a name; what has no id is nobody."""
    return (item for item in objects(listed) if isinstance(item.get(name), str) and item[name])


def whole_number(value: object) -> int | None:
    """A count as platforms write it: a non-negative integer, also as text or with a zero fraction.

    Returns:
        The number; None where there is none, where it is negative (forks of Misskey write -1 for a hidden count), and
        where the value is anything else. Unknown is never 0.
    """
    if isinstance(value, str):
        text = value.strip()
        return int(text.partition(".")[0]) if _DIGITS.fullmatch(text) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # the comparison is false for NaN too
    return int(value) if 0 <= value < 10**18 and value == int(value) else None


def truth_value(value: object) -> bool | None:
    """A flag as platforms write it: true and false, also as text or as 1 and 0; None for anything else."""
    if isinstance(value, bool):
        return value
    return _TRUTHS.get(str(value).strip().lower()) if isinstance(value, str | int) else None


def truth(value: object) -> str | None:
    """True and false as the batch holds them; None where the value is no flag."""
    flag = truth_value(value)
    return None if flag is None else "true" if flag else "false"


def domains(links: Iterable[str | None], own: re.Pattern[str] | None = None) -> str:
    """The hosts of links, in order and once each, without www. and the platform's own; empty where there is none.

    A post without links has an empty list of hosts; only where the links are unknown is the column null.
    """
    found: dict[str, None] = {}
    for link in links:
        matched = _HOST.match(link) if link else None
        if matched:
            host = matched[1].lower().rstrip(".")
            if own is None or not own.fullmatch(host):
                found[host] = None
    return _SEPARATOR.join(found)


class Rows:
    """Rows on their way into the incoming tables, and what has to be known of the file as a whole.

    Every value travels as text (lists: parted by blanks) and is cast in one go inside DuckDB.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.waiting: dict[Table, list[tuple[str | None, ...]]] = {table: [] for table in TABLES}
        self.counts = dict.fromkeys((table.name for table in TABLES), 0)
        self.seen: set[tuple[object, ...]] = set()
        self.unread_times = self.unread_counts = 0

    def add(self, table: Table, row: tuple[Any, ...]) -> None:
        """One row, in the order of the table's columns."""
        self.waiting[table].append(row)

    def account(self, row: dict[str, Any], *, whole: bool) -> None:
        """One account; the same one is taken once a batch, and one that is only mentioned not after a whole one."""
        mark = (row["account_id"], row.get("observed_at"))
        if mark in self.seen:
            return
        if whole:
            self.seen.add(mark)
        self.add(ACCOUNTS, tuple(map(row.get, ACCOUNTS.names)))

    def post(self, row: dict[str, Any]) -> None:
        """One post."""
        self.add(POSTS, tuple(map(row.get, POSTS.names)))

    def interaction(
        self,
        actor: str,
        target: str | None,
        kind: str,
        post: str | None,
        created_at: str | None,
        *,
        visibility: str | None = None,
    ) -> None:
        """One interaction; none where the target is not known or is the actor."""
        if target is not None and target != actor:
            self.add(INTERACTIONS, (actor, target, kind, post, visibility, created_at))

    def follow(
        self,
        follower: str,
        followee: str,
        position: int | None,
        observed_at: str | None,
        *,
        followed_at: str | None = None,
        gone_at: str | None = None,
    ) -> None:
        """One follow."""
        row = {"follower_id": follower, "followee_id": followee, "followed_at": followed_at, "position": position}
        self.add(FOLLOWS, tuple(map((row | {"observed_at": observed_at, "gone_at": gone_at}).get, FOLLOWS.names)))

    def first_time(self, *mark: object) -> bool:
        """Has this not been seen in this batch?"""
        if mark in self.seen:
            return False
        self.seen.add(mark)
        return True

    def flush(self, *, at: int = 1) -> None:
        """Insert what waits, where at least `at` rows do."""
        if sum(map(len, self.waiting.values())) < at:
            return
        for table, rows in self.waiting.items():
            if rows:
                self._insert(table, rows)
                self.counts[table.name] += len(rows)
                rows.clear()
        self.seen.clear()

    def _insert(self, table: Table, rows: list[tuple[str | None, ...]]) -> None:
        import numpy as np

        columns = dict(zip(table.names, zip(*rows, strict=True), strict=True))
        held = {name: values for name, values in columns.items() if any(value is not None for value in values)}
        batch = {name: np.fromiter(map(_text, values), object, len(rows)) for name, values in held.items()}
        self.con.register("row_batch", batch)
        try:
            cast = ", ".join(f"{_cast(table.column(name))} AS {name}" for name in held)
            self.con.execute(f"INSERT INTO {TABLE_PREFIX}{table.name} BY NAME SELECT {cast} FROM row_batch")
            self._count_lost([column for column in table.columns if column.name in held])
        finally:
            self.con.unregister("row_batch")

    def _count_lost(self, columns: list[Column]) -> None:
        """Count the values of the batch that are not of their column's type."""
        checked = [column for column in columns if column.type == "integer" or column.name == "created_at"]
        if not checked:
            return
        counts = ", ".join(
            f"count(*) FILTER (WHERE {column.name} IS NOT NULL AND {_cast(column)} IS NULL)" for column in checked
        )
        (lost,) = self.con.execute(f"SELECT {counts} FROM row_batch").fetchall()
        for column, number in zip(checked, lost, strict=True):
            if column.type == "integer":
                self.unread_counts += number
            else:
                self.unread_times += number

    def readable_count(self, value: object) -> int | None:
        """A count as `whole_number` reads it; one that cannot be read is noted."""
        number = whole_number(value)
        self.unread_counts += number is None and value is not None
        return number

    def notes(self) -> list[str]:
        """Sentences for the user about values that could not be read."""
        notes = []
        if self.unread_times:
            notes.append(f"Unreadable times were treated as unknown: {self.unread_times:,}.")
        if self.unread_counts:
            notes.append(f"Counts that are not integers from 0 were treated as unknown: {self.unread_counts:,}.")
        return notes


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _cast(column: Column) -> str:
    if column.type == "texts":
        return f"list_filter(string_split({column.name}::VARCHAR, '{_SEPARATOR}'), lambda part: part <> '')"
    text = f"{column.name}::VARCHAR"
    if column.type == "timestamp":
        # a cast to a time without a zone would drop the zone, one to a time with a zone would assume the machine's
        zoned = f"timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ))"
        return f"CASE WHEN regexp_matches({text}, '{_ZONE}') THEN {zoned} ELSE TRY_CAST({text} AS TIMESTAMP) END"
    if column.type == "integer":
        return f"CASE WHEN {is_count(text)} THEN TRY_CAST({text} AS BIGINT) END"
    return f"TRY_CAST({text} AS {column.sql_type})"
