"""Reads what was collected from Mastodon into the four tables.

A status names others by the server's own numbers; only their addresses (URIs) mean the same everywhere. So the pages
are walked twice: once to learn which number is which address and account, once to make the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from headcount.errors import InputError
from headcount.incoming import ListCoverage
from headcount.sources.activitypub import account_key, post_key, words
from headcount.sources.base import Intake, Remark, Topic
from headcount.sources.landing import Landing, Page, collected_as, is_landing
from headcount.sources.malformed import ODD_VALUE, odd_pages_note, whole_number
from headcount.sources.mastodon import SHOWN_ANSWERS
from headcount.sources.rows import BATCH_ROWS, Rows, domains, named, objects, truth

if TYPE_CHECKING:
    import duckdb

__all__ = ["MastodonSource"]

Object = dict[str, Any]
_STATUS = re.compile(r"/api/v1/(?:statuses|accounts)/([^/]+)/")
_NO_BOT = re.compile(r"#(?:<span>)?nobot\b", re.IGNORECASE)


class MastodonSource:
    """A landing of Mastodon."""

    name = "Mastodon"

    def recognises(self, path: Path) -> bool:
        """A landing that says so."""
        if not is_landing(path):
            return False
        with Landing(path) as landing:
            return landing.meta("platform") == "mastodon"

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> Intake:
        """Read all pages of a landing.

        Raises:
            InputError: the landing holds no account.
        """
        collected = collected_as(path)
        with Landing(path) as landing:
            account = next((page for page in landing.pages("account") if page.good), None)
            if account is None or not _can_be_named(account.json):
                raise InputError(f"{path.name} holds no account.", hint="collect the account again.")
            reader = _Reader(Rows(con), landing, account.json, collected[1].limit if collected else None)
            odd: set[str] = set()
            for walk in (reader.learn, reader.take):
                for page in landing.pages():
                    try:
                        if page.good:
                            walk(page)
                    except (*ODD_VALUE, InputError):  # one page of a server never spoils the others
                        odd.add(page.url)
                        reader.nobody += page.step in ("followers", "following")
                    reader.rows.flush(at=BATCH_ROWS)
            reader.odd_pages = len(odd)
            return reader.finish(self.name, con)


class _Reader:
    """Learns the numbers of one server, then takes the pages of one collection, one after the other."""

    def __init__(self, rows: Rows, landing: Landing, account: Object, limit: int | None) -> None:
        self.rows, self.landing, self.limit = rows, landing, limit
        self.domain = str(landing.meta("domain"))
        self.number, self.me = str(account["id"]), self._key(account)
        self.claimed = whole_number(account.get("followers_count"))
        self.odd_pages = 0
        self.position = 0
        self.accounts: dict[str, str] = {self.number: self.me}
        self.posts: dict[str, tuple[str | None, str]] = {}
        self.counted: dict[str, int] = {}
        self.answers: dict[str, set[str]] = {}
        self.cut = 0
        self.nobody = 0
        self.looked_at: set[str] = set()

    def _key(self, account: Object) -> str:
        """The vocabulary's id of an account; a name without a server is of this one."""
        user, _, server = str(account["acct"]).partition("@")
        return account_key(user, server or self.domain)

    # -- first walk -----------------------------------------------------------------------------------------------

    def learn(self, page: Page) -> None:
        """Which number is which account and address."""
        for status in _statuses(page):
            for nested in (status, status.get("reblog"), _quoted(status)):
                if isinstance(nested, dict) and _can_be_named(nested.get("account")) and "id" in nested:
                    author = self._key(nested["account"])
                    self.accounts[str(nested["account"]["id"])] = author
                    self.posts[str(nested["id"])] = (post_key(nested.get("uri")), author)
            for mention in objects(status.get("mentions")):
                if mention.get("id") and mention.get("acct"):
                    self.accounts[str(mention["id"])] = self._key(mention)

    # -- second walk ----------------------------------------------------------------------------------------------

    def take(self, page: Page) -> None:
        """One page, as its step says."""
        getattr(self, f"_{page.step}", self._nothing)(page)

    def _nothing(self, page: Page) -> None:
        """A step that no rows are made of (instance, identity, credentials)."""

    def _account(self, page: Page) -> None:
        self._person(page.json, page.fetched_at)

    def _followers(self, page: Page) -> None:
        for follower in self._named(page):
            if self.limit is not None and self.position >= self.limit:
                return
            self._person(follower, page.fetched_at)
            self.rows.follow(self._key(follower), self.me, self.position, page.fetched_at)
            self.position += 1

    def _named(self, page: Page) -> list[Object]:
        """Those of a list that can be told apart; the others are counted."""
        people = [person for person in named(page.json, "acct") if person.get("id")]
        self.nobody += (len(page.json) if isinstance(page.json, list) else 0) - len(people)
        return people

    def _following(self, page: Page) -> None:
        for followee in self._named(page):
            self._person(followee, page.fetched_at)
            self.rows.follow(self.me, self._key(followee), None, page.fetched_at)

    def _posts(self, page: Page) -> None:
        for status in objects(page.json):
            self._status(status, page.fetched_at)

    _quotes = _posts

    def _latest(self, page: Page) -> None:
        found = _STATUS.search(page.url)
        if found and found[1] in self.accounts:
            self.looked_at.add(self.accounts[found[1]])
        self._posts(page)

    def _context(self, page: Page) -> None:
        shown = list(objects(page.json.get("descendants")))
        for status in [*objects(page.json.get("ancestors")), *shown]:
            self._status(status, page.fetched_at)
        asked = _STATUS.search(page.url)
        post, _ = self.posts.get(asked[1], (None, None)) if asked else (None, None)
        if post:
            self.answers.setdefault(post, set())  # where none is shown, all that are counted are missing
        if len(shown) >= SHOWN_ANSWERS and self.landing.meta("logged_in") != "True":
            self.cut += 1

    def _favourited_by(self, page: Page) -> None:
        self._touched("like", page)

    def _reblogged_by(self, page: Page) -> None:
        self._touched("repost", page)

    def _touched(self, kind: str, page: Page) -> None:
        """Favourites and boosts; their times are not told."""
        found = _STATUS.search(page.url)
        post, author = self.posts.get(found[1], (None, None)) if found else (None, None)
        for account in objects(page.json):
            self._person(account, page.fetched_at)
            self.rows.interaction(self._key(account), author, kind, post, None)

    def _notifications(self, page: Page) -> None:
        """When somebody followed, favourited or boosted; and the statuses that mention the account."""
        for told in objects(page.json):
            account, status, time = told.get("account"), told.get("status"), told.get("created_at")
            if not isinstance(account, dict):
                continue
            self._person(account, page.fetched_at)
            if told.get("type") == "follow":
                self._followed(account, time, page.fetched_at)
            elif isinstance(status, dict):
                self._status(status, page.fetched_at)
                kind = {"favourite": "like", "reblog": "repost"}.get(str(told.get("type")))
                if kind:
                    self.rows.interaction(self._key(account), self.me, kind, post_key(status.get("uri")), time)

    def _followed(self, account: Object, time: str | None, fetched_at: str) -> None:
        """A date for a follow that the list holds; who has left since is in the notifications too."""
        self.rows.con.execute(
            "CREATE TEMP TABLE IF NOT EXISTS told_follows (follower_id VARCHAR, followed_at VARCHAR, seen VARCHAR)"
        )
        self.rows.con.execute("INSERT INTO told_follows VALUES (?, ?, ?)", [self._key(account), time, fetched_at])

    # -- accounts and statuses --------------------------------------------------------------------------------------

    def _person(self, account: Object, fetched_at: str) -> None:
        """An account as a list or status holds it: always the whole profile."""
        note, links = words(_text(account.get("note")))
        fields = [link for field in objects(account.get("fields")) for link in words(_text(field.get("value")))[1]]
        avatar = account.get("avatar")
        row = {
            "account_id": self._key(account),
            "platform": "mastodon",
            "handle": self._key(account).removeprefix("mastodon:"),
            "display_name": account.get("display_name") or None,
            "bio": note or None,
            "website": next(iter([*fields, *links]), None),
            "created_at": account.get("created_at"),
            "followers_count": account.get("followers_count"),
            "following_count": account.get("following_count"),
            "posts_count": account.get("statuses_count"),
            "last_post_at": account.get("last_status_at"),
            "default_avatar": None if avatar is None else truth(str(avatar).endswith("/missing.png")),
            "declared_bot": truth(account.get("bot")),
            "opted_out": truth(bool(account.get("noindex")) or bool(_NO_BOT.search(str(account.get("note") or "")))),
            "status": "suspended" if account.get("suspended") else "active",
            "observed_at": fetched_at,
        }
        self.rows.account(row, whole=True)

    def _status(self, status: Object, fetched_at: str) -> None:
        """A status: its author, itself, and what it is a response to."""
        uri, account = post_key(status.get("uri")), status.get("account")
        if uri is None or not isinstance(account, dict) or not _can_be_named(account):
            return
        self._person(account, fetched_at)
        author, created = self._key(account), status.get("created_at")
        boosted = status.get("reblog")
        if isinstance(boosted, dict):
            self._status(boosted, fetched_at)
            if self.rows.first_time("post", uri):
                row = {"post_id": uri, "author_id": author, "created_at": created, "kind": "repost"}
                self.rows.post(row | {"observed_at": fetched_at})
                self.rows.interaction(
                    author, self._key(boosted["account"]), "repost", post_key(boosted.get("uri")), created
                )
            return
        self.counted[uri] = whole_number(status.get("replies_count")) or 0
        if self.rows.first_time("post", uri):
            self._written(status, uri, author, fetched_at)

    def _written(self, status: Object, uri: str, author: str, fetched_at: str) -> None:
        reply = status.get("in_reply_to_id") is not None
        parent, answered = self.posts.get(str(status.get("in_reply_to_id")), (None, None))
        answered = answered or self.accounts.get(str(status.get("in_reply_to_account_id")))
        quote, created = _quoted(status), status.get("created_at")
        text, links = words(_text(status.get("content")))
        card = status.get("card")
        if isinstance(card, dict) and card.get("url"):
            links.append(str(card["url"]))
        public = status.get("visibility") in ("public", "unlisted", None)
        self.rows.post(
            {
                "post_id": uri,
                "author_id": author,
                "created_at": created,
                "text": text if public else None,
                "kind": "reply" if reply else "quote" if quote else "post",
                "reply_to_post_id": parent,
                "reply_to_account_id": answered if reply else None,
                "root_post_id": self._root(status, uri),
                "link_domains": domains(links),
                "observed_at": fetched_at,
            }
        )
        if parent:
            self.answers.setdefault(parent, set()).add(uri)
        if reply:
            self.rows.interaction(author, answered, "reply", parent, created)
        if quote and isinstance(quote.get("account"), dict):
            self._status(quote, fetched_at)
            self.rows.interaction(author, self._key(quote["account"]), "quote", post_key(quote.get("uri")), created)
        for mention in objects(status.get("mentions")):
            if mention.get("acct") and self._key(mention) != answered:
                self.rows.interaction(author, self._key(mention), "mention", None, created)

    def _root(self, status: Object, uri: str) -> str | None:
        """The post that opened the thread, as far as its parents are known."""
        if status.get("in_reply_to_id") is None:
            return uri
        return self.roots.get(str(status.get("id")))

    @property
    def roots(self) -> dict[str, str]:
        """Number of a status in a thread -> address of the status that opened the thread."""
        if not hasattr(self, "_roots"):
            self._roots: dict[str, str] = {}
            for page in self.landing.pages("context"):
                if page.good:
                    self._find_roots(page)
        return self._roots

    def _find_roots(self, page: Page) -> None:
        content = page.json
        found = _STATUS.search(page.url)
        above = [str(status["id"]) for status in objects(content.get("ancestors")) if "id" in status]
        numbers = [*above, found[1] if found else "", *(str(s["id"]) for s in objects(content.get("descendants")))]
        first = self.posts.get(numbers[0])
        for number in numbers[1:] if first and first[0] else ():
            self._roots.setdefault(number, str(first[0] if first else None))

    # -- the end ----------------------------------------------------------------------------------------------------

    def finish(self, name: str, con: duckdb.DuckDBPyConnection) -> Intake:
        """What was read, with what is whole and what is to be said."""
        self.rows.flush()
        self._date_follows(con)
        if self.landing.meta("sample"):
            self._mark_sample(con)
        remarks = tuple(Remark(self.me, topic, text) for topic, text in self._remarks())
        odd = [odd_pages_note(self.odd_pages)] if self.odd_pages else []
        notes = (*self.landing.notes(), *odd, *(text for _, text in self._remarks()))
        return Intake(
            name,
            (),
            0,
            dict(self.rows.counts),
            tuple(dict.fromkeys(notes)),
            lists=tuple(self._coverage()),
            remarks=remarks,
            repeats=True,
            account_id=self.me,
        )

    def _coverage(self) -> Iterator[ListCoverage]:
        """How completely each list was read; a list with entries that name no account is not complete."""
        for entry in self.landing.coverage():
            odd = self.nobody and entry.is_complete and entry.list in ("followers", "following")
            more: dict[str, Any] = {"state": "partial", "reason": "entries_without_id"} if odd else {}
            yield replace(entry, account_id=self.me, **more)

    def _date_follows(self, con: duckdb.DuckDBPyConnection) -> None:
        """Dates from notifications, for the follows that stand."""
        if con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'told_follows'").fetchall()[0][0]:
            con.execute(
                """UPDATE incoming_follows AS f SET followed_at = t.followed_at FROM (
                    SELECT follower_id, max(timezone('UTC', followed_at::TIMESTAMPTZ)) AS followed_at
                    FROM told_follows GROUP BY 1) AS t
                WHERE f.follower_id = t.follower_id AND f.followee_id = ?""",
                [self.me],
            )
            con.execute("DROP TABLE temp.told_follows")

    def _mark_sample(self, con: duckdb.DuckDBPyConnection) -> None:
        con.execute(
            "UPDATE incoming_follows SET sampled = list_contains(?::VARCHAR[], follower_id) WHERE followee_id = ?",
            [sorted(self.looked_at), self.me],
        )

    def _remarks(self) -> Iterator[tuple[Topic, str]]:
        """What a reader of the report has to know."""
        landing = self.landing
        said = []
        if landing.is_complete("followers") and self.claimed is not None and self.position < self.claimed:
            said.append(
                "The server's counter also counts followers that its list leaves out: accounts that were suspended or "
                "deleted, or whose servers are gone."
            )
        if landing.meta("not_home"):
            said.append(
                f"Asked was {landing.meta('not_home')}, not the account's own server: it knows only a part of the "
                "followers and responses."
            )
        if said:
            yield "followers", " ".join(said)
        missing = sum(max(self.counted.get(post, 0) - len(shown), 0) for post, shown in self.answers.items())
        if self.cut:
            threads = "thread was" if self.cut == 1 else "threads were"
            yield (
                "responses",
                f"{self.cut:,} {threads} cut at {SHOWN_ANSWERS} answers, which is what is shown without a login "
                f"(headcount login mastodon {urlsplit('//' + str(landing.meta('server'))).netloc} shows them whole).",
            )
        elif missing:
            yield (
                "responses",
                f"{missing:,} answers are counted and not shown: deleted since, private, or not known to the server.",
            )


def _can_be_named(account: object) -> bool:
    """Has it what an account is told apart by: the server's number, and a name?"""
    return isinstance(account, dict) and "id" in account and bool(account.get("acct"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _quoted(status: Object) -> Object | None:
    """The status that a status quotes: since Mastodon 4.4 inside `quote`, elsewhere itself there."""
    quote = status.get("quote")
    if not isinstance(quote, dict):
        return None
    inner = quote.get("quoted_status", quote)
    return inner if isinstance(inner, dict) and inner.get("uri") else None


def _statuses(page: Page) -> Iterator[Object]:
    """All statuses of a page that are not inside another."""
    if page.step in ("posts", "latest", "quotes"):
        yield from objects(page.json)
    elif page.step == "context":
        yield from objects(page.json.get("ancestors"))
        yield from objects(page.json.get("descendants"))
    elif page.step == "notifications":
        yield from (item["status"] for item in objects(page.json) if isinstance(item.get("status"), dict))
    elif page.step in ("followers", "following"):
        # as far as the closer look needs it: which number is which follower
        yield from ({"id": f"of {item['id']}", "account": item} for item in objects(page.json) if "id" in item)
