"""Reads what was collected from X over its API v2 into the four tables.

A page is read as the same page in a file of twarc is (`sources.x.v2`); what only a collection knows is added here:
whose likes and reposts a page of users holds, which lists are whole, and who was in the sample.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from headcount.errors import InputError
from headcount.incoming import ListCoverage, ReadResult, Remark, Topic
from headcount.sources.collect.gone import read_gone
from headcount.sources.collect.landing import Landing, Page, is_landing
from headcount.sources.formats.jsonlines import Problems
from headcount.sources.formats.malformed import ODD_VALUE, odd_pages_note
from headcount.sources.x.rows import BATCH_ROWS, Rows, finish, key, objects
from headcount.sources.x.v2 import Reader

if TYPE_CHECKING:
    import duckdb

from headcount.sources.rows import Object

__all__ = ["XApiSource"]

_OF_A_POST = re.compile(r"/2/tweets/(\d+)/")
_OF_A_USER = re.compile(r"/2/users/(\d+)/")
_TOUCHES = {"likes": "like", "reposts": "repost"}


class XApiSource:
    """A landing of X."""

    name = "X API"

    def recognises(self, path: Path) -> bool:
        """A landing that says so."""
        if not is_landing(path):
            return False
        with Landing(path) as landing:
            return landing.meta("platform") == "x"

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
        """Read all pages of a landing, in the order in which they came.

        Raises:
            InputError: the landing contains no profile.
        """
        with Landing(path) as landing:
            gone = read_gone(landing, self.name, con)
            if gone is not None:
                return gone
            profile = next((page for page in landing.pages("profile") if page.good), None)
            data = profile.json.get("data") if profile is not None and isinstance(profile.json, dict) else None
            if not isinstance(data, dict) or "id" not in data:
                raise InputError(f"{path.name} contains no profile.", hint="collect the account again.")
            reader = _Pages(path, con, str(data["id"]), _handles(landing))
            for page in landing.pages():
                try:
                    reader.take(page)
                except (*ODD_VALUE, InputError):  # one page of a server never spoils the others
                    reader.count_odd_page(page)
                reader.rows.flush(at=BATCH_ROWS)
            return reader.finish(self.name, con, landing, data)


def _handles(landing: Landing) -> dict[str, str]:
    """Ids by handle of all accounts that came along with posts: where pages end must not matter for who is meant."""
    return {
        str(user.get("username")).lower(): str(user.get("id"))
        for step in ("posts", "mentions", "answers", "quotes")
        for page in landing.pages(step)
        if page.good and isinstance(page.json, dict)
        for user in objects(_included_users(page.json))
    }


def _included_users(content: Object) -> object:
    included = content.get("includes")
    return included.get("users") if isinstance(included, dict) else None


class _Pages:
    """Takes the pages of one collection, one after the other."""

    def __init__(self, path: Path, con: duckdb.DuckDBPyConnection, account: str, handles: dict[str, str]) -> None:
        self.rows, self.problems, self.account = Rows(con), Problems(path.name), account
        self.reader = Reader(self.rows, self.problems, handles)
        self.looked_at: set[str] = set()
        self.odd_pages = 0
        self.odd_lists: set[str] = set()

    def count_odd_page(self, page: Page) -> None:
        """A page whose values are not what they should be; a list with such a page is not complete."""
        self.odd_pages += 1
        self.odd_lists.add(page.step)

    def take(self, page: Page) -> None:
        """One page, as its step says."""
        if not page.good or not isinstance(page.json, dict):
            return
        content = page.json
        self.reader.response(content, {"url": page.url, "retrieved_at": page.fetched_at})
        if page.step == "profile" and isinstance(content.get("data"), dict):
            row = {"account_id": f"x:{self.account}", "platform": "x", "status": "active"}  # it may have been suspended
            self.rows.account(row | {"observed_at": page.fetched_at}, whole=False)
        elif page.step in _TOUCHES:
            self._touches(content, page)
        elif page.step == "latest":
            self._looked_at(page)

    def _touches(self, content: Object, page: Page) -> None:
        """The users of the page liked or reposted the post in its address; when is not told."""
        post = _OF_A_POST.search(urlsplit(page.url).path)
        for user in objects(content.get("data")):
            actor = key(user.get("id"))
            if post is not None and actor is not None:
                self.rows.interaction(actor, f"x:{self.account}", _TOUCHES[page.step], f"x:{post[1]}", None)

    def _looked_at(self, page: Page) -> None:
        """A follower of the sample; an answer without posts tells in its errors why there are none."""
        found = _OF_A_USER.search(urlsplit(page.url).path)
        if found is not None:
            self.looked_at.add(f"x:{found[1]}")

    # -- the end ------------------------------------------------------------------------------------------------

    def finish(self, name: str, con: duckdb.DuckDBPyConnection, landing: Landing, profile: Object) -> ReadResult:
        """What was read, with what is whole and what is to be said."""
        # pages without results, and posts along with a follower's that do not name their author, are no surprise here
        self.reader.unused.clear()
        self.reader.no_author = 0
        # a budget that ended an earlier run says nothing of a collection that came to its end
        of_it = landing.notes(without="cost_limit" if landing.finished else None)
        notes = [*of_it, *self.reader.notes()]
        if self.odd_pages:
            notes.append(odd_pages_note(self.odd_pages))
        read = finish(name, self.rows, self.problems, notes, skip_bad=True, whole=False)
        if landing.meta("sample"):
            self._mark_sample(con)
        remarks = tuple(Remark(f"x:{self.account}", topic, text) for topic, text in _remarks(landing))
        return ReadResult(
            name,
            read.problems,
            read.problem_count,
            read.rows,
            read.notes,
            lists=tuple(self._coverage(landing)),
            closer_look=landing.meta("sample") is not None,
            remarks=remarks,
            repeats=True,
            account_id=f"x:{self.account}",
        )

    def _coverage(self, landing: Landing) -> Iterator[ListCoverage]:
        """How completely each list was read; a list with entries that cannot be read is not complete."""
        for entry in landing.coverage():
            odd = entry.is_complete and entry.list in self.odd_lists
            more: dict[str, Any] = {"state": "partial", "reason": "entries_without_id"} if odd else {}
            yield replace(entry, account_id=f"x:{self.account}", **more)

    def _mark_sample(self, con: duckdb.DuckDBPyConnection) -> None:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE looked_at AS SELECT unnest(?::VARCHAR[]) AS account_id",
            [sorted(self.looked_at)],
        )
        con.execute(
            "UPDATE incoming_follows SET sampled = follower_id IN (SELECT account_id FROM looked_at) "
            "WHERE followee_id = ?",
            [f"x:{self.account}"],
        )
        con.execute("DROP TABLE temp.looked_at")


def _remarks(landing: Landing) -> Iterator[tuple[Topic, str]]:
    if landing.count("likes") or landing.count("reposts"):
        yield "responses", "X does not provide the time of likes and reposts."
