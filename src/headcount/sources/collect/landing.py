"""The landing: every answer of a platform as it came, compressed, one file a collection.

It is evidence (what was shown, and when), cache (a later version can read more out of it without asking again) and
resume point (what is there is not asked for again). A page is written in one transaction of its own, so a kill at any
moment loses the page under way and nothing else.

The file is an SQLite database: `pages` (number, step, url, status, fetched_at, headers as JSON, body deflated),
`notes` (what the user should know of the collection) and `meta` (platform, account, options, begun_at, finished_at).
Addresses hold no secret: tokens travel in headers, and of the headers only those of the answer are kept.
"""

from __future__ import annotations

import json
import re
import sqlite3
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote

from headcount.errors import InputError, StoreBusy
from headcount.incoming import LISTS, ListCoverage, ListName, State
from headcount.sources.formats.decoding import Replaced, decode_json
from headcount.sources.formats.malformed import unpack_body

if TYPE_CHECKING:
    pass

__all__ = ["ENDING", "LIVE", "Landing", "NoteTopic", "Page", "is_landing"]

ENDING = ".landing"
LIVE = "live"
"""Folder, step and fact of a landing that was followed live."""
NoteTopic = Literal["cost_limit"]
_FORMAT = "1"
_COST_LIMIT_BEFORE_TOPICS = "text LIKE 'Going on could cost more%'"
"""How earlier versions, whose notes had no topic, began the only note that has one now."""
MAX_JSON_BYTES = 24 << 20
"""The longest answer that is JSON. Empty lists take 24 times as much memory as text, and real answers are smaller."""
_SQLITE = b"SQLite format 3\0"
_KEPT_HEADERS = frozenset({"content-type", "date", "link", "location", "etag", "last-modified", "atproto-repo-rev"})
_LIMIT_HEADER = re.compile(r"(x-)?rate-?limit-|retry-after")


@dataclass(frozen=True)
class Page:
    """One answer of a platform.

    Attributes:
        step: what it was asked for, in the collector's words.
        url: the address asked, with its parameters.
        status: HTTP status.
        fetched_at: when (UTC, ISO 8601).
        headers: of the answer, names in lower case; only those that tell about its content and the limits.
        body: the bytes, unpacked.
        asked: it was asked for just now, and not found in the landing.
        replaced: URL -> invalid characters in the page, once it was decoded.
        failure: why there is no answer, where there is none; such a page is not kept.
    """

    step: str
    url: str
    status: int
    fetched_at: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    asked: bool = False
    replaced: dict[str, int] = field(default_factory=dict, repr=False, compare=False)
    failure: str | None = None

    @cached_property
    def json(self) -> Any:
        """The content, decoded.

        Raises:
            InputError: it is not JSON.
        """
        if len(self.body) > MAX_JSON_BYTES:
            raise InputError(
                f"A response from {self.url} has {len(self.body) >> 20} MiB of JSON, more than any real response.",
                hint="collect the account again from its own server.",
            )
        replaced = Replaced()
        try:
            content = decode_json(self.body, replaced=replaced)
        except (ValueError, RecursionError) as error:
            raise InputError(f"A response from {self.url} is not JSON ({error}).", hint="collect it again.") from None
        if replaced.count:
            self.replaced[self.url] = replaced.count
        return content

    @property
    def good(self) -> bool:
        """Was it answered with what was asked for?"""
        return 200 <= self.status < 300


class Landing:
    """The file of one collection.

    Args:
        path: the file; made where it is not there and `write` is true.
        write: open for writing.

    Raises:
        InputError: the file is no landing, or was written by a newer Headcount.
    """

    def __init__(self, path: Path, *, write: bool = False) -> None:
        self.path = path
        self._replaced: dict[str, int] = {}
        if write:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            self._db = sqlite3.connect(path if write else f"{path.resolve().as_uri()}?mode=ro", uri=not write)
        except sqlite3.Error as error:
            raise InputError(f"{path} cannot be opened: {error}.", hint="check the path.") from None
        try:
            if write:
                self._create()
            version = self.meta("format")
        except sqlite3.Error as error:
            self._db.close()
            if "locked" in str(error):
                raise StoreBusy(
                    f"Another process is collecting into {path.name}.", hint="wait until it has finished."
                ) from None
            raise InputError(
                f"{path.name} cannot be opened as a collection file: {error}.", hint="move it away and collect again."
            ) from None
        if version != _FORMAT:
            self._db.close()
            raise InputError(f"{path.name} has the format {version}, not {_FORMAT}.", hint="update Headcount.")

    def _create(self) -> None:
        # a write-ahead log with NORMAL survives a kill at any moment; only a power cut could lose the last pages
        self._db.executescript(
            """PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
            CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT);
            CREATE TABLE IF NOT EXISTS pages (number INTEGER PRIMARY KEY, step TEXT, url TEXT UNIQUE, status INTEGER,
                fetched_at TEXT, headers TEXT, body BLOB);
            CREATE TABLE IF NOT EXISTS notes (text TEXT PRIMARY KEY, said_at TEXT, topic TEXT);"""
        )
        if not self._has_topics:
            self._db.execute("ALTER TABLE notes ADD COLUMN topic TEXT")
            self._db.execute(f"UPDATE notes SET topic = 'cost_limit' WHERE {_COST_LIMIT_BEFORE_TOPICS}")
            self._db.commit()
        if self.meta("format") is None:
            self.set_meta("format", _FORMAT)
            self.set_meta("begun_at", datetime.now(UTC).isoformat())

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._db.close()

    def __enter__(self) -> Landing:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- what the collection is -----------------------------------------------------------------------------

    def meta(self, key: str) -> str | None:
        """One fact of the collection; None where it is not there."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
        return None if row is None or row[0] is None else str(row[0])

    def set_meta(self, key: str, value: str) -> None:
        """Write down one fact of the collection."""
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [key, value])

    @property
    def finished(self) -> bool:
        """Did the collection come to its end?"""
        return self.meta("finished_at") is not None

    def finish(self) -> None:
        """The collection came to its end; the file becomes one whole, without a log beside it."""
        self._close_with("finished_at", datetime.now(UTC).isoformat())

    @property
    def is_imported(self) -> bool:
        """Was it imported as it is now?"""
        finished = self.meta("finished_at")
        return finished is not None and self.meta("is_imported") == finished

    def mark_imported(self) -> None:
        """It was imported as it is now."""
        self._close_with("is_imported", self.meta("finished_at") or "")

    def _close_with(self, key: str, value: str) -> None:
        self.set_meta(key, value)
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.execute("PRAGMA journal_mode = DELETE")

    def set_coverage(self, coverage: ListCoverage) -> None:
        """Record how completely a list was read; a later record of the same list replaces it."""
        self.set_meta(f"coverage_{coverage.list}", json.dumps(coverage.to_dict()))

    def coverage(self) -> tuple[ListCoverage, ...]:
        """How completely each list was read; of collections by earlier versions, as far as they recorded it."""
        recorded = {name: self.meta(f"coverage_{name}") for name in LISTS}
        entries = [ListCoverage.from_dict(json.loads(text)) for text in recorded.values() if text is not None]
        for name in ("followers", "following"):
            complete = self.meta(f"whole_{name}")
            if recorded[name] is None and complete is not None:
                hidden = self.meta(f"hidden_{name}") == "True"
                state: State = "complete" if complete == "True" else "hidden" if hidden else "partial"
                listed = self.meta(f"listed_{name}")
                account = str(self.meta("account_id"))
                entries.append(ListCoverage(account, name, state, listed=int(listed) if listed else None))
        return tuple(entries)

    def is_complete(self, name: ListName) -> bool:
        """Was the list of that name read to its end?"""
        return any(entry.list == name and entry.is_complete for entry in self.coverage())

    @property
    def _has_topics(self) -> bool:
        return any(name == "topic" for _, name, *_ in self._db.execute("PRAGMA table_info(notes)"))

    def note(self, text: str, *, topic: NoteTopic | None = None) -> None:
        """Record a note on the collection for the user; the same text is kept once.

        Args:
            text: the sentence.
            topic: what it is about, where a reader treats notes of that topic differently.
        """
        with self._db:
            now = datetime.now(UTC).isoformat()
            self._db.execute("INSERT OR IGNORE INTO notes (text, said_at, topic) VALUES (?, ?, ?)", [text, now, topic])

    def notes(self, *, without: NoteTopic | None = None) -> list[str]:
        """All notes, in the order in which they were made; last, what was replaced in the pages decoded so far.

        Args:
            without: a topic whose notes are left out.
        """
        topic = "topic" if self._has_topics else f"CASE WHEN {_COST_LIMIT_BEFORE_TOPICS} THEN 'cost_limit' END"
        rows = self._db.execute(f"SELECT text, {topic} FROM notes ORDER BY rowid")
        kept = [text for text, about in rows if without is None or about != without]
        replaced = Replaced(sum(self._replaced.values())).note("The collected pages")
        return [*kept, replaced] if replaced else kept

    # -- pages ----------------------------------------------------------------------------------------------

    def get(self, url: str) -> Page | None:
        """The page of an address, where it is there."""
        row = self._db.execute(
            "SELECT step, url, status, fetched_at, headers, body FROM pages WHERE url = ?", [url]
        ).fetchone()
        return None if row is None else self._page(row)

    def put(self, step: str, url: str, status: int, headers: dict[str, str], body: bytes) -> Page:
        """Keep one answer."""
        kept = {name: value for name, value in headers.items() if name in _KEPT_HEADERS or _LIMIT_HEADER.match(name)}
        moment = datetime.now(UTC).isoformat()
        with self._db:
            self._db.execute(
                "INSERT OR REPLACE INTO pages (step, url, status, fetched_at, headers, body) VALUES (?, ?, ?, ?, ?, ?)",
                [step, url, status, moment, json.dumps(kept), zlib.compress(body, 6)],
            )
        return Page(step, url, status, moment, kept, body, asked=True)

    def drop(self, url: str) -> None:
        """Delete the page of an address, so that it is asked for again."""
        with self._db:
            self._db.execute("DELETE FROM pages WHERE url = ?", [url])

    def pages(self, step: str | None = None, *, after: int = 0) -> Iterator[Page]:
        """The pages in the order in which they came; of one step only, or after a number only, where that is given."""
        where, values = ("AND step = ?", [after, step]) if step is not None else ("", [after])
        sql = f"SELECT step, url, status, fetched_at, headers, body FROM pages WHERE number > ? {where} ORDER BY number"
        for row in self._db.execute(sql, values):
            yield self._page(row)

    def _page(self, row: tuple[Any, ...]) -> Page:
        step, url, status, fetched_at, headers, body = row
        typed = isinstance(status, int) and all(isinstance(text, str) for text in (step, url, fetched_at))
        name, reason = self.path.name, "a value has an unexpected type"
        try:
            if typed:
                datetime.fromisoformat(fetched_at)
                content = unpack_body(body, name)
                return Page(step, url, status, fetched_at, json.loads(headers), content, replaced=self._replaced)
        except (TypeError, ValueError, RecursionError, zlib.error) as error:
            reason = str(error)[:80]
        raise InputError(f"A page of {name} is damaged ({reason}).", hint="move it away and collect the account again.")

    @property
    def newest(self) -> int:
        """The number of the page that came last; 0 where there is none."""
        return int(self._db.execute("SELECT coalesce(max(number), 0) FROM pages").fetchone()[0])

    def count(self, step: str | None = None) -> int:
        """How many pages there are; of one step only, where it is named."""
        where, values = ("WHERE step = ?", [step]) if step is not None else ("", [])
        return int(self._db.execute(f"SELECT count(*) FROM pages {where}", values).fetchone()[0])

    def scrub(self, words: list[str]) -> int:
        """Take everything that names one of the words out of the pages; gives how many pages changed.

        An object of a list that holds the word goes; a page that holds it elsewhere, or is no JSON, goes as a whole.
        An address that holds it is forgotten too.
        """
        changed, named = 0, _whole_words(words)
        for (number,) in self._db.execute("SELECT number FROM pages ORDER BY number").fetchall():
            url, packed = self._db.execute("SELECT url, body FROM pages WHERE number = ?", [number]).fetchone()
            body, told = unpack_body(packed, self.path.name), unquote(url)
            # a body with escapes may write a name in another way
            if not named.search(told) and b"\\" not in body and not any(word.encode() in body for word in words):
                continue
            about = any(word.startswith("/") and word in told for word in words)
            rest = None if about else _without(body, named, words)
            if rest == body and not named.search(told):
                continue
            if named.search(told):
                url = f"forgotten#{number}"
            with self._db:
                if rest is None:
                    self._db.execute("DELETE FROM pages WHERE number = ?", [number])
                else:
                    self._db.execute(
                        "UPDATE pages SET url = ?, body = ? WHERE number = ?", [url, zlib.compress(rest, 6), number]
                    )
            changed += 1
        for rowid, text in self._db.execute("SELECT rowid, text FROM notes").fetchall():
            if named.search(text):
                with self._db:
                    self._db.execute("DELETE FROM notes WHERE rowid = ?", [rowid])
                changed += 1
        if changed:
            self._db.execute("VACUUM")
        return changed


def _whole_words(words: list[str]) -> re.Pattern[str]:
    """The words where they stand alone: `bob.example` is named neither by `xbob.example` nor by `bob.example.org`."""
    before, after = r"(?<![\w.-])", r"(?![\w-]|\.\w)"
    return re.compile(
        "|".join(
            (before if word[0].isalnum() else "") + re.escape(word) + (after if word[-1].isalnum() else "")
            for word in words
        )
    )


def _without(body: bytes, named: re.Pattern[str], words: list[str]) -> bytes | None:
    """A JSON body without the objects that hold a name; None where it still holds one.

    The body itself, where it holds none. What is no JSON cannot be parted: in a repository the length of a text stands
    right before it, so there a name is one wherever it stands.
    """
    try:
        content = decode_json(body)
    except (ValueError, RecursionError):
        return None if any(word.encode() in body for word in words) else body

    def names(value: Any) -> bool:
        return named.search(json.dumps(value, ensure_ascii=False)) is not None

    def cleaned(value: Any) -> Any:
        if isinstance(value, list):
            return [cleaned(item) for item in value if not names(item)]
        if isinstance(value, dict):
            return {key: cleaned(item) for key, item in value.items()}
        return value

    if not names(content):
        return body
    rest = cleaned(content)
    return None if names(rest) else json.dumps(rest, ensure_ascii=False).encode()


def is_landing(path: Path) -> bool:
    """Is this file a landing? Looks at its name and its first bytes only."""
    if not path.is_file() or path.suffix != ENDING:
        return False
    with path.open("rb") as file:
        return file.read(len(_SQLITE)) == _SQLITE
