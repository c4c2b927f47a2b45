"""What the two forms of X files have in common: ids, texts, hosts, and rows that go into the tables in batches."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from headcount.errors import BadRows
from headcount.sources.base import TABLE_PREFIX, Intake
from headcount.sources.jsonlines import Problems
from headcount.tables import ACCOUNTS, FOLLOWS, INTERACTIONS, POSTS, TABLES, Column, Table

if TYPE_CHECKING:
    import duckdb

__all__ = ["Rows", "domains", "finish", "key", "objects", "plain", "time_of_id", "truth"]

Object = dict[str, Any]

BATCH_ROWS = 50_000
_HOST = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@\s]*@)?(?:www\.)?([^/?#:\s]+)", re.IGNORECASE)
_OWN_HOST = re.compile(r"(?:.*\.)?(?:twitter\.com|x\.com|t\.co)")
_SNOWFLAKES_FROM = 1 << 50
"""Ids below this were counted up (until November 2010); from then on they hold their time."""
_EPOCH_MS = 1_288_834_974_657
_SEPARATOR = " "
_ZONE = ":[0-9.]+(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"


def key(identifier: object) -> str | None:
    """The vocabulary's id of an X id (a number as text, or a whole number); None for none.

    Raises:
        ValueError: it is something else.
    """
    if identifier is None or identifier == "":
        return None
    text = str(identifier)
    if isinstance(identifier, (str, int)) and text.isascii() and text.isdigit():
        return "x:" + text
    raise ValueError(f"the id «{text[:40]}» is not a number")


def objects(listed: Any) -> Iterator[Object]:
    """The objects of a list; nothing where it is none."""
    return (item for item in listed if isinstance(item, dict)) if isinstance(listed, list) else iter(())


def plain(text: object) -> str | None:
    """Text as people read it: X writes &, < and > as in HTML."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise TypeError(f"«{str(text)[:40]}» stands where text belongs")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text


def truth(value: object) -> str | None:
    """True and false as the batch holds them."""
    return None if not isinstance(value, bool) else "true" if value else "false"


def domains(links: Iterable[str | None]) -> str | None:
    """The hosts of links, in order and once each, without www. and without X's own; None where there is none."""
    found: dict[str, None] = {}
    for link in links:
        matched = _HOST.match(link) if link else None
        if matched:
            host = matched[1].lower().rstrip(".")
            if not _OWN_HOST.fullmatch(host):
                found[host] = None
    return _SEPARATOR.join(found) or None


def time_of_id(identifier: object) -> str | None:
    """The time (UTC) that a post's id holds; None for no id and for ids from before X put the time into them."""
    number = int(str(identifier)) if identifier else 0
    if not _SNOWFLAKES_FROM <= number < 1 << 63:
        return None
    return datetime.fromtimestamp(((number >> 22) + _EPOCH_MS) / 1000, UTC).isoformat()


class Rows:
    """Rows on their way into the incoming tables, and what has to be known of the file as a whole.

    Every value travels as text (lists: parted by blanks) and is cast in one go inside DuckDB.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.waiting: dict[Table, list[tuple[str | None, ...]]] = {table: [] for table in TABLES}
        self.counts = dict.fromkeys((table.name for table in TABLES), 0)
        self.seen: set[tuple[object, ...]] = set()
        self.newer_edits: dict[str, str] = {}
        self.unread_times = 0

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

    def interaction(self, actor: str, target: str | None, kind: str, post: str | None, created_at: str | None) -> None:
        """One interaction; none where the target is not known or is the actor."""
        if target is not None and target != actor:
            self.add(INTERACTIONS, (actor, target, kind, post, created_at))

    def follow(self, follower: str, followee: str, position: int | None, observed_at: str | None) -> None:
        """One follow."""
        self.add(FOLLOWS, (follower, followee, None, None, None, position, observed_at, None))

    def first_time(self, *mark: object) -> bool:
        """Has this not been seen in this batch?"""
        if mark in self.seen:
            return False
        self.seen.add(mark)
        return True

    def edit_of(self, history: list[str], identifier: str) -> None:
        """A post is a later edit of others: `history` lists them; ids grow with time."""
        for older in history:
            newest = int(self.newer_edits.get(older, older))
            if newest < int(identifier):
                self.newer_edits[older] = identifier

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
        self.con.register("x_batch", batch)
        try:
            cast = ", ".join(f"{_cast(table.column(name))} AS {name}" for name in held)
            self.con.execute(f"INSERT INTO {TABLE_PREFIX}{table.name} BY NAME SELECT {cast} FROM x_batch")
            if "created_at" in held:
                lost = self.con.execute(
                    "SELECT count(*) FROM x_batch WHERE created_at IS NOT NULL "
                    f"AND {_cast(table.column('created_at'))} IS NULL"
                ).fetchall()
                self.unread_times += int(lost[0][0])
        finally:
            self.con.unregister("x_batch")

    def settle_edits(self) -> int:
        """Leave only the latest edit of each post; what pointed to an older one points to it. Gives how many left."""
        if not self.newer_edits:
            return 0
        latest = {older: self._latest(newer) for older, newer in self.newer_edits.items()}
        pairs = [("x:" + older, "x:" + newer) for older, newer in latest.items()]
        self.con.execute("CREATE OR REPLACE TEMP TABLE x_edits (older VARCHAR, newer VARCHAR)")
        self.con.executemany("INSERT INTO x_edits VALUES (?, ?)", pairs)
        # an interaction does not name the post it was made with; its author and second do
        self.con.execute(
            """DELETE FROM incoming_interactions AS i USING incoming_posts AS p, x_edits AS e
            WHERE p.post_id = e.older AND i.actor_id = p.author_id AND i.created_at = p.created_at"""
        )
        older = "FROM incoming_posts WHERE post_id IN (SELECT older FROM x_edits)"
        found = self.con.execute(f"SELECT count(DISTINCT post_id) {older}").fetchall()
        self.con.execute(f"DELETE {older}")
        for table, column in (("posts", "reply_to_post_id"), ("posts", "root_post_id"), ("interactions", "post_id")):
            self.con.execute(
                f"UPDATE incoming_{table} AS t SET {column} = e.newer FROM x_edits AS e WHERE t.{column} = e.older"
            )
        self.con.execute("DROP TABLE temp.x_edits")
        return int(found[0][0])

    def _latest(self, identifier: str) -> str:
        while identifier in self.newer_edits:
            identifier = self.newer_edits[identifier]
        return identifier


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _cast(column: Column) -> str:
    if column.type == "texts":
        return f"string_split({column.name}::VARCHAR, '{_SEPARATOR}')"
    text = f"{column.name}::VARCHAR"
    if column.type == "timestamp":
        # a cast to a time without a zone would drop the zone, one to a time with a zone would assume the machine's
        zoned = f"timezone('UTC', TRY_CAST({text} AS TIMESTAMPTZ))"
        return f"CASE WHEN regexp_matches({text}, '{_ZONE}') THEN {zoned} ELSE TRY_CAST({text} AS TIMESTAMP) END"
    return f"TRY_CAST({text} AS {column.sql_type})"


def finish(source: str, rows: Rows, problems: Problems, notes: list[str], *, skip_bad: bool, whole: bool) -> Intake:
    """What was read, or the refusal.

    Raises:
        BadRows: there are problems and `skip_bad` is false.
    """
    if problems.count and not skip_bad:
        raise BadRows(problems.shown, problems.count)
    rows.flush()
    edits = rows.settle_edits()
    if edits:
        notes.append(f"Only the latest edit of a post was kept; left out: {edits:,} older.")
    if rows.unread_times:
        notes.append(f"Times that could not be read were taken as unknown: {rows.unread_times:,}.")
    return Intake(source, tuple(problems.shown), problems.count, dict(rows.counts), tuple(notes), whole_lists=whole)
