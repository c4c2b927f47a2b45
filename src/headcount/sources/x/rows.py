"""What the two forms of X files have in common: ids, texts, hosts, and rows that go into the tables in batches."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from headcount.errors import BadRows
from headcount.incoming import ReadResult
from headcount.sources import rows as batches
from headcount.sources.formats.jsonlines import Problems
from headcount.sources.rows import BATCH_ROWS, objects, truth

if TYPE_CHECKING:
    import duckdb

__all__ = ["BATCH_ROWS", "Rows", "domains", "finish", "key", "objects", "plain", "time_of_id", "truth"]

_OWN_HOST = re.compile(r"(?:.*\.)?(?:twitter\.com|x\.com|t\.co)")
_SNOWFLAKES_FROM = 1 << 50
"""Ids below this were counted up (until November 2010); from then on they hold their time."""
_EPOCH_MS = 1_288_834_974_657


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


def plain(text: object) -> str | None:
    """Text as people read it: X writes &, < and > as in HTML."""
    if text is None:
        return None
    if not isinstance(text, str):
        raise TypeError(f"«{str(text)[:40]}» is not text")
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") if "&" in text else text


def domains(links: Iterable[str | None]) -> str:
    """The hosts of links, in order and once each, without www. and without X's own; empty where there is none."""
    return batches.domains(links, _OWN_HOST)


def time_of_id(identifier: object) -> str | None:
    """The time (UTC) that a post's id holds; None for no id and for ids from before X put the time into them."""
    number = int(str(identifier)) if identifier else 0
    if not _SNOWFLAKES_FROM <= number < 1 << 63:
        return None
    return datetime.fromtimestamp(((number >> 22) + _EPOCH_MS) / 1000, UTC).isoformat()


class Rows(batches.Rows):
    """Rows of X on their way into the incoming tables, and which posts are edits of others."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        super().__init__(con)
        self.newer_edits: dict[str, str] = {}

    def edit_of(self, history: list[str], identifier: str) -> None:
        """A post is a later edit of others: `history` lists them; ids grow with time."""
        for older in history:
            newest = int(self.newer_edits.get(older, older))
            if newest < int(identifier):
                self.newer_edits[older] = identifier

    def settle_edits(self) -> int:
        """Leave only the latest edit of each post; what pointed to an older one points to it. Gives how many left."""
        if not self.newer_edits:
            return 0
        latest: dict[str, str] = {}
        for older in sorted(self.newer_edits, key=int, reverse=True):  # a newer edit has the larger id
            newer = self.newer_edits[older]
            latest[older] = latest.get(newer, newer)
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


def finish(source: str, rows: Rows, problems: Problems, notes: list[str], *, skip_bad: bool, whole: bool) -> ReadResult:
    """What was read, or the refusal.

    Raises:
        BadRows: there are problems and `skip_bad` is false.
    """
    if problems.count and not skip_bad:
        raise BadRows(problems.shown, problems.count)
    rows.flush()
    notes += problems.notes()
    edits = rows.settle_edits()
    if edits:
        notes.append(f"Only the latest edit of each post was kept; skipped: {edits:,} older.")
    notes += rows.notes()
    return ReadResult(source, tuple(problems.shown), problems.count, dict(rows.counts), tuple(notes), whole_lists=whole)
