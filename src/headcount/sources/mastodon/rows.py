"""Reads what was collected from Mastodon into the four tables.

A status names others by the server's own numbers; only their addresses (URIs) mean the same everywhere. So the pages
are walked twice: once to learn which number is which address and account, once to make the rows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from headcount.incoming import ListCoverage, ReadResult, Remark, Topic
from headcount.sources.collect.landing import Landing, Page
from headcount.sources.formats.malformed import odd_pages_note
from headcount.sources.mastodon.activitypub import account_key, post_key, words
from headcount.sources.mastodon.pages import _entries, _note, _quoted, _status_of, _statuses
from headcount.sources.mastodon.values import (
    COUNTERS,
    Object,
    content_of,
    counter,
    counts_nothing,
    identifier,
    is_default_avatar,
    text_of,
    time_of,
    visibility_of,
)
from headcount.sources.rows import Rows, domains, objects, truth, truth_value
from headcount.support.hosts import host_key

if TYPE_CHECKING:
    import duckdb

__all__ = []

_STATUS = re.compile(r"/api/v1/(?:statuses|accounts)/([^/]+)/")
_REACTION_STEPS = {"favourited_by": "like", "reblogged_by": "repost"}
_REACTION_LISTS = {"likes": "like", "reposts": "repost"}
_NOTIFIED = {"favourite": "like", "reblog": "repost"}
_PROFILE_STEPS = ("account", "followers", "following")
"""Pages whose accounts carry true counters; accounts inside statuses carry zeros on some servers (Takahe)."""
_NO_BOT = re.compile(r"#(?:<span>)?nobot\b", re.IGNORECASE)


class _Reader:
    """Learns the numbers of one server, then takes the pages of one collection, one after the other."""

    def __init__(self, rows: Rows, landing: Landing, account: Object, limit: int | None) -> None:
        self.rows, self.landing, self.limit = rows, landing, limit
        self.domain = str(landing.meta("domain"))
        self.hosts = {host_key(host) for host in json.loads(landing.meta("host_names") or "[]")}
        self.number = identifier(account.get("id")) or ""
        self.me = self._key(account) or account_key("", self.domain)
        self.account = account
        self.keeps_counters = landing.meta("placeholder_counters") != "True"
        self.odd_pages = 0
        self.position = 0
        self.followers: set[str] = set()
        self.accounts: dict[str, str] = {self.number: self.me}
        self.posts: dict[str, tuple[str | None, str]] = {}
        self.private: dict[str, str] = {}
        self.profiled: set[str] = {self.me}
        self.nobody = 0
        self.looked_at: set[str] = set()
        self.reactions: dict[tuple[str, str], tuple[str, set[str]]] = {}
        recorded = json.loads(landing.meta("read_completely") or "{}")
        self.complete = {(_REACTION_LISTS[name], number) for name, numbers in recorded.items() for number in numbers}
        self.undone: set[tuple[str, str, str]] = set()
        self.readers: dict[str, Callable[[Page], None]] = {
            "account": self._account,
            "followers": self._followers,
            "following": self._following,
            "posts": self._posts,
            "quotes": self._posts,
            "latest": self._latest,
            "context": self._context,
            "favourited_by": self._favourited_by,
            "reblogged_by": self._reblogged_by,
            "notifications": self._notifications,
        }
        """Step of a page -> the method that makes its rows; other steps (instance, identity, credentials) make none."""

    def _key(self, account: object) -> str | None:
        """The vocabulary's id of an account; a name without a server is of this one. None where it has no name."""
        name = text_of(account.get("acct")) if isinstance(account, dict) else None
        user, _, server = (name or "").strip().removeprefix("@").partition("@")
        if not user:
            return None
        return account_key(user, server if server and host_key(server) not in self.hosts else self.domain)

    # -- first walk -----------------------------------------------------------------------------------------------

    def learn(self, page: Page) -> None:
        """Which number is which account and address; and who reacted to what."""
        for status in _statuses(page):
            for nested in (status, status.get("reblog"), _quoted(status)):
                author = self._key(nested.get("account")) if isinstance(nested, dict) else None
                if isinstance(nested, dict) and author is not None:
                    self._learn_account(nested["account"], author)
                    number, uri = identifier(nested.get("id")), post_key(nested.get("uri"))
                    if number is not None:
                        self.posts[number] = (uri, author)
                    seen = visibility_of(nested)
                    if uri is not None and seen in ("followers", "direct"):
                        self.private[uri] = seen
            for mention in objects(status.get("mentions")):
                self._learn_account(mention, self._key(mention))
        if page.step in _PROFILE_STEPS:
            people = [content_of(page)] if page.step == "account" else objects(_entries(page))
            self.profiled.update(key for person in people if (key := self._key(person)) is not None)
        elif page.step in _REACTION_STEPS and (found := _STATUS.search(page.url)):
            keys = {key for person in objects(_entries(page)) if (key := self._key(person)) is not None}
            mark = (_REACTION_STEPS[page.step], unquote(found[1]))
            self.reactions.setdefault(mark, (page.fetched_at, set()))[1].update(keys)

    def _learn_account(self, account: Object, key: str | None) -> None:
        number = identifier(account.get("id"))
        if number is not None and key is not None:
            self.accounts[number] = key

    # -- second walk ----------------------------------------------------------------------------------------------

    def take(self, page: Page) -> None:
        """Make the rows of one page, according to its step."""
        if (read := self.readers.get(page.step)) is not None:
            read(page)

    def _account(self, page: Page) -> None:
        self._person(content_of(page), page.fetched_at, nested=False)

    def _followers(self, page: Page) -> None:
        for follower, key in self._named(page):
            if self.limit is not None and self.position >= self.limit:
                return
            if key in self.followers:  # a page may repeat entries of the one before it
                continue
            self.followers.add(key)
            self._person(follower, page.fetched_at, nested=False)
            self.rows.follow(key, self.me, self.position, page.fetched_at)
            self.position += 1

    def _named(self, page: Page) -> Iterator[tuple[Object, str]]:
        """The accounts of a list that have an id and a name; other entries are counted."""
        for entry in _entries(page):
            key = self._key(entry)
            if key is None or identifier(entry.get("id")) is None:
                self.nobody += 1
            else:
                yield entry, key

    def _following(self, page: Page) -> None:
        for followee, key in self._named(page):
            self._person(followee, page.fetched_at, nested=False)
            self.rows.follow(self.me, key, None, page.fetched_at)

    def _posts(self, page: Page) -> None:
        for status in objects(_entries(page)):
            self._status(status, page.fetched_at)

    def _latest(self, page: Page) -> None:
        found = _STATUS.search(page.url)
        if found and unquote(found[1]) in self.accounts:
            self.looked_at.add(self.accounts[unquote(found[1])])
        self._posts(page)

    def _context(self, page: Page) -> None:
        content = content_of(page)
        for status in [*objects(content.get("ancestors")), *objects(content.get("descendants"))]:
            self._status(status, page.fetched_at)

    def _favourited_by(self, page: Page) -> None:
        self._reacted("like", page)

    def _reblogged_by(self, page: Page) -> None:
        self._reacted("repost", page)

    def _reacted(self, kind: str, page: Page) -> None:
        """Favourites and boosts; the lists hold no times."""
        found = _STATUS.search(page.url)
        post, author = self.posts.get(unquote(found[1]), (None, None)) if found else (None, None)
        for account in objects(_entries(page)):
            actor = self._person(account, page.fetched_at)
            if actor is not None:
                self.rows.interaction(actor, author, kind, post, None, visibility=self.private.get(post or ""))

    def _notifications(self, page: Page) -> None:
        """When somebody followed, favourited or boosted; and the statuses that mention the account."""
        for notification in objects(_entries(page)):
            status, time = notification.get("status"), text_of(notification.get("created_at"))
            actor = self._person(notification.get("account"), page.fetched_at)
            if actor is None:
                continue
            if notification.get("type") == "follow":
                self._followed(actor, time, page.fetched_at)
            elif isinstance(status, dict):
                self._status(status, page.fetched_at)
                kind = _NOTIFIED.get(str(notification.get("type")))
                if kind and not self._is_undone(kind, actor, status, time):
                    post = post_key(status.get("uri"))
                    seen = self.private.get(post or "")
                    self.rows.interaction(actor, self.me, kind, post, time, visibility=seen)

    def _is_undone(self, kind: str, actor: str, status: Object, time: str | None) -> bool:
        """Is a favourite or boost of a notification missing from the complete list that was read after it?"""
        mark = (kind, identifier(status.get("id")) or "")
        if mark not in self.complete:
            return False
        read_at, actors = self.reactions.get(mark, ("", set()))
        given, read = time_of(time), time_of(read_at)
        undone = actor not in actors and not (given is not None and read is not None and given > read)
        if undone:
            self.undone.add((*mark, actor))
        return undone

    def _followed(self, follower: str, time: str | None, fetched_at: str) -> None:
        """A date for a follow that the list holds; who has left since is in the notifications too."""
        self.rows.con.execute(
            "CREATE TEMP TABLE IF NOT EXISTS told_follows (follower_id VARCHAR, followed_at VARCHAR, seen VARCHAR)"
        )
        self.rows.con.execute("INSERT INTO told_follows VALUES (?, ?, ?)", [follower, time, fetched_at])

    # -- accounts and statuses --------------------------------------------------------------------------------------

    def _person(self, account: object, fetched_at: str, *, nested: bool = True) -> str | None:
        """An account as a list or status holds it; gives its id, None where it has no name.

        Args:
            account: the entity; fetched_at: when its page was read.
            nested: it is not from its own page or a list of follows, so that its counters are not to be relied on.
        """
        key = self._key(account)
        if key is None or not isinstance(account, dict):
            return None
        is_profile = not nested or key not in self.profiled
        note, links = words(text_of(account.get("note")))
        fields = [link for field in objects(account.get("fields")) for link in words(text_of(field.get("value")))[1]]
        counts = self._counts(account, key, nested=nested)
        row = {
            "account_id": key,
            "platform": "mastodon",
            "handle": key.removeprefix("mastodon:"),
            "display_name": text_of(account.get("display_name")) or None,
            "bio": note,
            "website": next(iter([*fields, *links]), "" if "fields" in account else None),
            "created_at": text_of(account.get("created_at")),
            "followers_count": counts[0],
            "following_count": counts[1],
            "posts_count": counts[2],
            "last_post_at": text_of(account.get("last_status_at")),
            "default_avatar": truth(is_default_avatar(account)),
            "declared_bot": truth(account.get("bot")),
            "opted_out": truth(truth_value(account.get("noindex")) is True or bool(_NO_BOT.search(_note(account)))),
            "status": _status_of(account) if is_profile else None,
            "observed_at": fetched_at,
        }
        self.rows.account(row, whole=True)
        return key

    def _counts(self, account: Object, key: str, *, nested: bool) -> tuple[int | None, ...]:
        """Followers, accounts followed and posts; None where the server keeps no such counter.

        Whoever is in a list of follows follows or is followed, and whoever reacts exists: three zeros are no counts.
        """
        counts = tuple(counter(account, name) for name in COUNTERS)
        if nested:
            return tuple(None if key in self.profiled else count or None for count in counts)
        is_placeholder = not self.keeps_counters if key == self.me else counts_nothing(account)
        return (None, None, None) if is_placeholder else counts

    def _status(self, status: Object, fetched_at: str) -> None:
        """A status: its author, itself, and what it is a response to."""
        uri = post_key(status.get("uri"))
        author = self._person(status.get("account"), fetched_at) if uri is not None else None
        if uri is None or author is None:
            return
        boosted, created = status.get("reblog"), text_of(status.get("created_at"))
        if isinstance(boosted, dict):
            self._status(boosted, fetched_at)
            if self.rows.first_time("post", uri):
                seen = visibility_of(status)
                row = {"post_id": uri, "author_id": author, "created_at": created, "kind": "repost"}
                self.rows.post(row | {"visibility": seen, "observed_at": fetched_at})
                self.rows.interaction(
                    author,
                    self._key(boosted.get("account")),
                    "repost",
                    post_key(boosted.get("uri")),
                    created,
                    visibility=seen,
                )
        elif self.rows.first_time("post", uri):
            self._written(status, uri, author, fetched_at)

    def _written(self, status: Object, uri: str, author: str, fetched_at: str) -> None:
        parent_number = identifier(status.get("in_reply_to_id"))
        reply = parent_number is not None
        parent, answered = self.posts.get(parent_number or "", (None, None))
        answered = answered or self.accounts.get(identifier(status.get("in_reply_to_account_id")) or "")
        quote, created = _quoted(status), text_of(status.get("created_at"))
        text, links = words(text_of(status.get("content")))
        card = status.get("card")
        if isinstance(card, dict) and text_of(card.get("url")):
            links.append(str(card["url"]))
        seen = visibility_of(status)
        public = seen in ("public", "unlisted", None)
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
                "link_domains": domains(links) if public and text is not None else None,
                "visibility": seen,
                "observed_at": fetched_at,
            }
        )
        if reply:
            self.rows.interaction(author, answered, "reply", parent, created, visibility=seen)
        if quote:
            self._status(quote, fetched_at)
            quoted = self._key(quote.get("account"))
            self.rows.interaction(author, quoted, "quote", post_key(quote.get("uri")), created, visibility=seen)
        for mention in objects(status.get("mentions")):
            mentioned = self._key(mention)
            if mentioned is not None and mentioned != answered:
                self.rows.interaction(author, mentioned, "mention", None, created, visibility=seen)

    def _root(self, status: Object, uri: str) -> str | None:
        """The post that opened the thread, as far as its parents are known."""
        if identifier(status.get("in_reply_to_id")) is None:
            return uri
        return self.roots.get(identifier(status.get("id")) or "")

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
        content, found = content_of(page), _STATUS.search(page.url)
        above = [identifier(status.get("id")) for status in objects(content.get("ancestors"))]
        below = [identifier(status.get("id")) for status in objects(content.get("descendants"))]
        numbers = [number for number in (*above, unquote(found[1]) if found else None, *below) if number]
        first = self.posts.get(numbers[0]) if numbers else None
        for number in numbers[1:] if first and first[0] else ():
            self._roots.setdefault(number, str(first[0] if first else None))

    # -- the end ----------------------------------------------------------------------------------------------------

    def finish(self, name: str, con: duckdb.DuckDBPyConnection) -> ReadResult:
        """What was read, with what is whole and what is to be said."""
        self.rows.flush()
        self._date_follows(con)
        if self.landing.meta("sample"):
            self._mark_sample(con)
        remarks = tuple(Remark(self.me, topic, text) for topic, text in self._remarks())
        odd = [odd_pages_note(self.odd_pages)] if self.odd_pages else []
        notes = [*self.landing.notes(), *odd, *(text for _, text in self._remarks())]
        if self.undone:
            what = (
                "1 favourite or boost was"
                if len(self.undone) == 1
                else f"{len(self.undone):,} favourites and boosts were"
            )
            notes.append(f"{what} undone since the notification and not counted.")
        return ReadResult(
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
        """Facts about the account that the report states as they are."""
        moved = self.account.get("moved")
        said = []
        if isinstance(moved, dict):
            there = self._key(moved)
            said.append(
                f"The account has moved to {(there or 'another account').removeprefix('mastodon:')}: followers who "
                "moved with it are in the list of the new account."
            )
        if truth_value(self.account.get("limited")) is True:
            said.append("The account is limited by its server's moderators: few people see its posts.")
        if truth_value(self.account.get("memorial")) is True:
            said.append("The account is a memorial: its owner has died.")
        if said:
            yield "followers", " ".join(said)
