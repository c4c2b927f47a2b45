"""Tables that minet wrote: `minet twitter …` and `minet bluesky …`, recognised by the columns that it adds.

    twitter followers, friends                            follows
    twitter user-tweets, tweet-search, tweets, scrape     posts, accounts, interactions
    twitter users, user-search, retweeters, list-members  accounts
    bluesky profiles, search-profiles                     accounts
    bluesky profile-followers, profile-follows            accounts and follows, as the name of the file tells
    bluesky post-liked-by, post-reposted-by               accounts and likes or reposts, as the name of the file tells
    bluesky posts, profile-posts, search-posts, …         posts, accounts, interactions

The names of columns are those of minet 4.2 (docs/archives.md).
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.errors import InputError
from headcount.incoming import ListCoverage, ListName, ReadResult
from headcount.sources.formats.decoding import decode_text
from headcount.sources.formats.files import inspect_text_file
from headcount.sources.formats.json_bounds import MAX_ENTRY_BYTES
from headcount.sources.formats.jsonlines import Problems
from headcount.sources.formats.minet_rows import (
    Lists,
    Row,
    add_bluesky_post,
    add_bluesky_profile,
    add_tweet,
    add_x_user,
    whose,
)
from headcount.sources.x.rows import BATCH_ROWS, Rows, finish, key

if TYPE_CHECKING:
    import duckdb

__all__ = ["MinetSource"]

_ADDED = {
    "tweets": ("id", "timestamp_utc", "user_screen_name", "text", "to_tweetid", "user_id", "retweeted_id", "quoted_id"),
    "x users": ("id", "screen_name", "timestamp_utc", "tweets", "followers", "friends"),
    "bluesky posts": ("did", "uri", "timestamp_utc", "user_did", "original_text", "to_post_uri", "quoted_uri"),
    "bluesky profiles": ("did", "url", "handle", "display_name", "posts", "followers", "follows", "timestamp_utc"),
    "bluesky list": ("did", "url", "handle", "display_name", "starter_packs", "timestamp_utc", "collection_time"),
    "followers": ("cursor", "follower_id"),
    "friends": ("cursor", "friend_id"),
}
"""Kind of table -> columns that tell it, asked in this order."""
_FIRST = {"tweets": "id", "x users": "id", "bluesky posts": "cid"}
_END = "end"
"""Stands as cursor in the last row of a list that was read to its end."""
_BEGINNING = 1 << 16


class MinetSource:
    """Tables written by minet."""

    name = "minet table"

    def recognises(self, path: Path) -> bool:
        """A CSV file with the columns that minet adds."""
        return _kind(_header(path)[0]) is not None

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
        """Read one table.

        Raises:
            BadRows: rows are wrong and `skip_bad` is false.
            InputError: the file as a whole cannot be read, or names accounts by handles that are not known.
        """
        return _Reader(path, con).read(skip_bad)


def _header(path: Path) -> tuple[list[str], str]:
    """The names in the first line, and what separates them; no names where the file is not CSV."""
    name = path.name.lower()
    if path.is_dir() or not name.endswith((".csv", ".csv.gz")):
        return [], ","
    try:
        with gzip.open(path, "rb") if name.endswith(".gz") else path.open("rb") as file:
            line = decode_text(file.read(_BEGINNING)).partition("\n")[0].rstrip("\r")
        read = [(next(csv.reader([line], delimiter=sign), []), sign) for sign in ",;\t"]
    except (EOFError, OSError, csv.Error, zlib.error):
        return [], ","
    return max(read, key=lambda names: len(names[0]))


def _kind(header: list[str]) -> str | None:
    """What kind of table it is; None: none of minet's."""
    for kind, columns in _ADDED.items():
        is_list = kind in ("followers", "friends")
        if tuple(header[-2:]) == columns if is_list else set(columns) <= set(header):
            return kind
    return None


class _Reader:
    """Reads one table, row by row."""

    def __init__(self, path: Path, con: duckdb.DuckDBPyConnection) -> None:
        self.path, self.con = path, con
        self.rows, self.problems = Rows(con), Problems(path.name)
        self.lists = Lists(self.rows, self._resolve)
        self.header, self.delimiter = _header(path)
        self.kind = str(_kind(self.header))
        self.start = self._start()
        self.names: dict[tuple[str, str], str | None] = {}
        self.notes: list[str] = []
        self.begun: set[str] = set()
        self.ended: set[str] = set()

    def read(self, skip_bad: bool) -> ReadResult:
        """All of it."""
        take = self._taker()
        for line, fields in self._lines():
            if len(fields) != len(self.header):
                self.problems.add(f"expected fields: {len(self.header)} found {len(fields)}", line)
                continue
            try:
                take(dict(zip(self.header[: self.start], fields, strict=False)), self._added(fields))
            except (TypeError, ValueError) as error:
                self.problems.add(f"is not a valid minet row ({str(error)[:120]})", line)
            self.rows.flush(at=BATCH_ROWS)
        self._refuse_unresolved()
        if "collection_time" in self.header[self.start :]:
            self.notes.append("The times of collection have no time zone; treated as UTC.")
        intake = finish(MinetSource.name, self.rows, self.problems, self.notes, skip_bad=skip_bad, whole=False)
        name: ListName = "followers" if self.kind == "followers" else "following"
        lists = [ListCoverage(owner, name, "complete") for owner in sorted(self.ended)]
        lists += [ListCoverage(owner, name, "partial") for owner in sorted(self.begun - self.ended)]
        return replace(intake, lists=tuple(lists), closer_look=False)

    def _start(self) -> int:
        """Where minet's own columns begin: it adds them behind all others, whatever those are called."""
        columns = _ADDED[self.kind]
        first = _FIRST.get(self.kind)
        ends = {name: place for place, name in enumerate(self.header)}
        if first in ends:
            return ends[str(first)]
        return min(ends[name] for name in columns)

    def _added(self, fields: list[str]) -> Row:
        return dict(zip(self.header[self.start :], fields[self.start :], strict=True))

    def _lines(self) -> Iterator[tuple[int, list[str]]]:
        file = inspect_text_file(self.path, longest_line=MAX_ENTRY_BYTES)
        if file.said:
            self.notes.append(file.said)
        csv.field_size_limit(1 << 30)
        with file.text() as text:
            table = csv.reader(text, delimiter=self.delimiter)
            next(table, None)
            before = table.line_num
            for fields in table:
                if fields:
                    yield before + 1, fields
                before = table.line_num

    # -- by kind ------------------------------------------------------------------------------------------

    def _taker(self) -> Callable[[dict[str, str], Row], None]:
        if self.kind in ("followers", "friends"):
            return self._x_list
        if self.kind == "bluesky list":
            return self._bluesky_list()
        add = {
            "tweets": add_tweet,
            "x users": add_x_user,
            "bluesky posts": add_bluesky_post,
            "bluesky profiles": add_bluesky_profile,
        }[self.kind]
        return lambda _before, row: (add(self.rows, row), None)[1]

    def _x_list(self, before: dict[str, str], row: Row) -> None:
        followers = self.kind == "followers"
        other = key(row["follower_id" if followers else "friend_id"])
        told = whose("x", before)
        if other is None or told is None:
            raise ValueError("it has no id" if other is None else "the account of the list is missing")
        owner = self.lists.follow("x", told, other, None, followers=followers)
        if owner is not None:
            self.begun.add(owner)
            if row["cursor"] == _END:
                self.ended.add(owner)

    def _bluesky_list(self) -> Callable[[dict[str, str], Row], None]:
        """The lists of Bluesky all look alike; which one it is, minet's users say in the name of the file."""
        name = self.path.name.lower()
        for part, kind in (("follower", "followers"), ("follow", "follows"), ("like", "like"), ("repost", "repost")):
            if part in name:
                return lambda before, row: self._bluesky_entry(kind, before, row)
        self.notes.append(
            "minet writes followers, follows, likes and reposts alike, so only the accounts were imported; put "
            "one of these words into the file name to select one."
        )
        return lambda _before, row: (add_bluesky_profile(self.rows, row), None)[1]

    def _bluesky_entry(self, kind: str, before: dict[str, str], row: Row) -> None:
        account, told = add_bluesky_profile(self.rows, row), whose("bluesky", before)
        if told is None:
            raise ValueError("the account of the list is missing")
        if kind in ("like", "repost"):
            self.lists.respond(told, account, kind)
        else:
            seen = row.get("collection_time") or None
            self.lists.follow("bluesky", told, account, seen, followers=kind == "followers")

    # -- handles ------------------------------------------------------------------------------------------

    def _resolve(self, platform: str, handle: str) -> str | None:
        """The account that the workspace knows by this handle."""
        if (platform, handle) not in self.names:
            known = self.con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'accounts'").fetchall()
            found = (
                self.con.execute(
                    "SELECT account_id FROM accounts WHERE lower(handle) = ? AND platform = ?", [handle, platform]
                ).fetchall()
                if known[0][0]
                else []
            )
            self.names[platform, handle] = found[0][0] if len(found) == 1 else None
        return self.names[platform, handle]

    def _refuse_unresolved(self) -> None:
        if self.lists.unresolved:
            first = next(iter(self.lists.unresolved))
            raise InputError(
                f"{self.path.name} contains the handle {first[:80]!r} only, without an id.",
                hint="add the account itself first (headcount add HANDLE, or the table of minet's users or profiles), "
                "or export ids with minet.",
            )
