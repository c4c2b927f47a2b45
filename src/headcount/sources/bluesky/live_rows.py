"""Reads what was followed live on Bluesky into the four tables.

A follow that ends gets the time at which it ended. A like, a repost or an answer that is taken back stays: it did
happen, and a collection that saw it would have kept it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from headcount.errors import InputError
from headcount.incoming import ReadResult
from headcount.sources.bluesky.follow_times import clear_implausible_follow_times
from headcount.sources.bluesky.repo import Record, tid_time
from headcount.sources.bluesky.rows import Object, Reader, account_key
from headcount.sources.bluesky.views import soon_after
from headcount.sources.collect.landing import Landing, Page
from headcount.sources.formats.malformed import ODD_VALUE
from headcount.sources.rows import BATCH_ROWS, Rows, objects

if TYPE_CHECKING:
    import duckdb

__all__ = ["read_live"]


def read_live(landing: Landing, con: duckdb.DuckDBPyConnection, *, after: int = 0) -> ReadResult:
    """Read the pages of a landing that was followed live; those after a number only, where it is given."""
    reader = _LiveReader(Rows(con), str(landing.meta("account_id")).removeprefix("bluesky:"))
    for page in landing.pages(after=after):
        try:
            reader.take(page)
        except (*ODD_VALUE, InputError):
            reader.count_odd_page(page)
        reader.rows.flush(at=BATCH_ROWS)
    return reader.finish_live(con, landing)


@dataclass
class _Follow:
    """The last that is known of one follow: the key of its record, and when it was seen to begin and to end."""

    key: str
    seen: str
    begun: bool
    gone_at: str | None = None


class _LiveReader(Reader):
    """Takes the pages of events; a follow becomes one row, however often it began and ended in between."""

    def __init__(self, rows: Rows, did: str) -> None:
        super().__init__(rows, did)
        self.readers["live"] = self._live
        self.follows: dict[tuple[str, str], _Follow] = {}

    def _live(self, content: Object, page: Page) -> None:
        for event in objects(content.get("events")):
            moment = event.get("time_us")
            seen = (_iso(moment) if isinstance(moment, int) else None) or page.fetched_at
            commit, author = event.get("commit"), event.get("did")
            if isinstance(commit, dict) and isinstance(author, str):
                try:
                    self._committed(author, commit, event.get("subject"), seen)
                except (AttributeError, KeyError, TypeError, ValueError):  # anybody can write any record
                    self.counts["odd records"] += 1

    def _committed(self, author: str, commit: Object, subject: object, seen: str) -> None:
        record, key = commit.get("record"), str(commit.get("rkey"))
        self.rows.account(
            {"account_id": account_key(author), "platform": "bluesky", "observed_at": seen}, whole=False
        )  # known, also where its profile is not answered
        if commit.get("operation") == "delete":
            if isinstance(subject, str):
                self._ended(author, subject, key, seen)
        elif isinstance(record, dict):
            self._record(author, Record(str(commit.get("collection")), key, record), seen)

    def _follow(self, follower: str, followee: str, key: str, fetched_at: str) -> None:
        self.follows[follower, followee] = _Follow(key, fetched_at, begun=True)

    def _ended(self, follower: str, followee: str, key: str, seen: str) -> None:
        """The end of a record; where another one was made since, the follow stands."""
        known = self.follows.get((follower, followee))
        if known is not None and known.key != key and known.gone_at is None:
            return
        begun = known is not None and known.begun and known.key == key
        self.follows[follower, followee] = _Follow(key, seen, begun, gone_at=seen)

    def finish_live(self, con: duckdb.DuckDBPyConnection, landing: Landing) -> ReadResult:
        """What was read: events, and no whole list."""
        for (follower, followee), follow in self.follows.items():
            time = tid_time(follow.key) if follow.begun else None
            if time is not None and time > soon_after(follow.seen):
                self.counts["future follows"] += 1
                time = None
            if time is not None and time < datetime.fromisoformat(follow.seen) - timedelta(hours=1):
                self.counts["early follows"] += 1  # it was seen being made, whatever its key says
                time = datetime.fromisoformat(follow.seen)
            self.rows.follow(
                account_key(follower),
                account_key(followee),
                None,
                follow.seen,
                followed_at=time.isoformat() if time else None,
                gone_at=follow.gone_at,
            )
        self.rows.flush()
        clear_implausible_follow_times(con)
        notes = (*landing.notes(), *self.notes())
        counts = dict(self.rows.counts)
        me = account_key(self.did)
        return ReadResult("Bluesky, live", (), 0, counts, notes, whole_lists=False, repeats=True, account_id=me)


def _iso(moment: int) -> str | None:
    """Microseconds since 1970 as ISO 8601; None where that is no date."""
    try:
        return datetime.fromtimestamp(moment / 1e6, UTC).isoformat()
    except (OSError, OverflowError, ValueError):
        return None
