"""X API v2 as JSON lines, the way twarc writes them: responses page by page, or flattened to one tweet or user a line.

Tweets become posts and interactions, users become accounts, pages of a list of followers become follows. Lists,
counts, compliance and error lines are recognised and carry nothing that could be used; see docs/x-files.md.
"""

from __future__ import annotations

import re
from collections import ChainMap, Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headcount.errors import InputError
from headcount.incoming import ListCoverage, ListName, ReadResult
from headcount.sources.formats.jsonlines import Problems, beginning, values
from headcount.sources.x.rows import BATCH_ROWS, Rows, finish, key, objects
from headcount.sources.x.v2_rows import Page, add_tweet, add_user

if TYPE_CHECKING:
    import duckdb

from headcount.sources.rows import Object

__all__ = ["Reader", "XV2Source"]


_KNOWN = re.compile(
    rb'"(author_id|username|public_metrics|edit_history_tweet_ids|conversation_id|tweet_count|member_count|result_count'
    rb'|matching_rules|__twarc|redacted_at)"\s*:|"action"\s*:\s*"[^}]{1,300}"reason"|https://api\.(twitter|x)\.com/2/'
)
_OTHERS = re.compile(rb'"(id_str|acct|did)"\s*:')
"""Version 1.1, Mastodon, Bluesky."""
_OTHER = "other objects"
_LIST_NAMES: dict[str, ListName] = {"followers": "followers", "following": "following"}
_LOST_NAMES = ("username", "usernames", "entities.mentions.username")


class XV2Source:
    """Tweets and users of the X API v2."""

    name = "X API v2"

    def recognises(self, path: Path) -> bool:
        """JSON (lines) with the names that version 2 of the X API uses."""
        head = beginning(path)
        return head[:1] in (b"{", b"[") and not _OTHERS.search(head) and _KNOWN.search(head) is not None

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
        """Read one file.

        Raises:
            BadRows: lines are wrong and `skip_bad` is false.
            InputError: the file as a whole cannot be read.
        """
        problems, rows = Problems(path.name), Rows(con)
        reader = Reader(rows, problems)
        for value in values(path, problems):
            reader.line, reader.number = value.line, value.number
            reader.take(value.content)
            rows.flush(at=BATCH_ROWS)
        if reader.is_foreign and not problems.count:
            raise InputError(
                f"{path.name} contains no posts, users or lists of the X API v2.",
                hint="supported: JSON lines as twarc writes them; files of other programs are not read.",
            )
        intake = finish(self.name, rows, problems, reader.notes(), skip_bad=skip_bad, whole=False)
        return replace(intake, lists=tuple(reader.lists.coverage()), closer_look=False)


class _Lists:
    """Which lists of followers and of accounts followed the file holds, and whether from the first page to the last."""

    def __init__(self) -> None:
        self.positions: Counter[tuple[str, str]] = Counter()
        self.open: dict[tuple[str, str], str | None] = {}
        self.broken: set[tuple[str, str]] = set()
        self.observed_at: dict[tuple[str, str], str | None] = {}

    def page(self, listing: tuple[str, str], meta: Object | None, observed_at: str | None) -> None:
        """One page: is it the first, or the one that the page before it pointed to?"""
        first = meta is not None and meta.get("previous_token") is None
        if meta is None or first is (listing in self.open):
            self.broken.add(listing)
        self.open[listing] = meta.get("next_token") if meta is not None else None
        self.observed_at[listing] = observed_at

    def coverage(self) -> Iterator[ListCoverage]:
        """How completely each list is in the file: from its first to its last page, or a part of it."""
        for listing, following in sorted(self.open.items()):
            name = _LIST_NAMES.get(listing[1])
            if name is not None:
                complete = following is None and listing not in self.broken
                yield ListCoverage(
                    "x:" + listing[0],
                    name,
                    "complete" if complete else "partial",
                    None if complete else "parts_missing",
                    self.positions[listing],
                    observed_at=self.observed_at[listing],
                )


class Reader:
    """Takes the values of one file, or the pages of one collection, one after the other.

    Args:
        rows: where they go; problems: what cannot be taken.
        names: lower-case handle -> id of accounts known beside those of a page: a mention need not tell the id.
    """

    def __init__(self, rows: Rows, problems: Problems, names: dict[str, Any] | None = None) -> None:
        self.names = names or {}
        self.rows, self.problems, self.lists = rows, problems, _Lists()
        self.line: int | None = None
        self.number: int | None = None
        self.unused: Counter[str] = Counter()
        self.no_author = 0

    @property
    def is_foreign(self) -> bool:
        """Was nothing recognised but objects that have an id or a title?"""
        return (
            set(self.unused) == {_OTHER} and not any(self.rows.waiting.values()) and not any(self.rows.counts.values())
        )

    def notes(self) -> list[str]:
        """What the file held that could not be used."""
        notes = []
        if self.unused:
            what = ", ".join(f"{number:,} {name}" for name, number in sorted(self.unused.items()))
            notes.append(f"Recognised, but without usable data: {what}.")
        if self.no_author:
            notes.append(
                f"Tweets that do not name their author (collected without author_id) were skipped: {self.no_author:,}."
            )
        return notes

    def take(self, content: Any) -> None:
        """One line: a response, a tweet, a user, or something else."""
        if not isinstance(content, dict):
            return self._problem("is JSON but not an object")
        if "id_str" in content:
            return self._problem("is a tweet of version 1.1, in a file of version 2")
        origin = content.get("__twarc")
        origin = origin if isinstance(origin, dict) else {}
        if any(name in content for name in ("data", "includes", "errors", "meta")) and "id" not in content:
            self.response(content, origin)
        else:
            self._item(content, Page(origin))
        return None

    def _problem(self, reason: str) -> None:
        self.problems.add(reason, self.line, self.number)

    def response(self, content: Object, origin: Object) -> None:
        """One page; `origin` holds its `url` and when it was asked (`retrieved_at`), where that is known."""
        data, includes, errors = content.get("data"), content.get("includes"), content.get("errors")
        items = data if isinstance(data, list) else [] if data is None else [data]
        included = includes if isinstance(includes, dict) else {}
        page = Page(
            origin,
            objects(included.get("users")),
            [*objects(included.get("tweets")), *objects(included.get("posts")), *objects(items)],
        )
        if self.names:
            page.ids = ChainMap(dict(page.ids), self.names)
        if page.listing is not None:
            meta = content.get("meta")
            self.lists.page(page.listing, meta if isinstance(meta, dict) else None, page.observed_at)
        for name in ("users", "tweets", "posts"):
            for item in objects(included.get(name)):
                self._item(item, page, included=True)
        for item in items:
            self._item(item, page)
        if not items and not included:
            self.unused["pages without results" if not errors else "error lines"] += 1
        for error in objects(errors):
            self._lost_account(error, page)

    def _item(self, item: Any, page: Page, *, included: bool = False) -> None:
        try:
            if page.writer is not None and not included and "author_id" not in item and "text" in item:
                item = item | {"author_id": page.writer}
            self._sort(item, page, included)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            reason = str(error) if isinstance(error, (TypeError, ValueError)) else f"has no {error}"
            identifier = item.get("id") if isinstance(item, dict) else item
            self._problem(f"«{str(identifier)[:40]}» is not a valid tweet or user of the X API v2 ({reason[:120]})")

    def _sort(self, item: Object, page: Page, included: bool) -> None:
        if "username" in item:
            add_user(self.rows, item, page)
            if not included and page.listing is not None:
                self._follow(item, page.listing, page)
        elif "author_id" in item or isinstance(item.get("author"), dict):
            author = add_tweet(self.rows, item, page)
            if not included and page.listing is not None and page.listing[1] == "liked_tweets":
                self._like(item, author, page.listing[0])
        elif "owner_id" in item or "member_count" in item:
            self.unused["lists"] += 1
        elif "tweet_count" in item:
            self.unused["counts"] += 1
        elif "action" in item or "redacted_at" in item:
            self.unused["compliance lines"] += 1
        elif "text" in item and "dm_conversation_id" not in item:
            self.no_author += 1
        elif "id" in item or "title" in item or "detail" in item:
            self.unused[_OTHER] += 1
        else:
            raise ValueError("none of the expected fields is present")

    def _follow(self, user: Object, listing: tuple[str, str], page: Page) -> None:
        other, owner = key(user.get("id")), key(listing[0])
        if other is None or owner is None or listing[1] == "liked_tweets":
            return
        position, self.lists.positions[listing] = self.lists.positions[listing], self.lists.positions[listing] + 1
        if listing[1] == "followers":
            self.rows.follow(other, owner, position, page.observed_at)
        else:
            self.rows.follow(owner, other, None, page.observed_at)

    def _like(self, tweet: Object, author: str, actor: str) -> None:
        """The time of a like is not told."""
        self.rows.interaction("x:" + actor, author, "like", key(tweet.get("id")), None)

    def _lost_account(self, error: Object, page: Page) -> None:
        """An account that the answer says is suspended, gone or protected; only where it is named by its id."""
        identifier = str(error.get("resource_id") or error.get("value"))
        if error.get("resource_type") != "user" or error.get("parameter") in _LOST_NAMES or not identifier.isdigit():
            return
        suspended = "suspended" in str(error.get("detail"))
        if suspended or "Not Found" in str(error.get("title")):
            status = "suspended" if suspended else "deleted"
            row = {"account_id": "x:" + identifier, "platform": "x", "status": status, "observed_at": page.observed_at}
            self.rows.account(row, whole=False)
        elif "not authorized to see the user" in str(error.get("detail")):
            row = {"account_id": "x:" + identifier, "platform": "x", "protected": "true"}
            self.rows.account(row | {"observed_at": page.observed_at}, whole=False)
