"""Reads what was collected from Bluesky, and repositories (CAR files), into the four tables.

Times of follows are those in the keys of the follow records. A key is its author's word: one that lies after the
record was seen, or before its account was made, is taken for unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlsplit

from headcount.errors import InputError
from headcount.incoming import ListCoverage, ReadResult, Remark, Topic
from headcount.sources.bluesky.backlinks import unlisted_sentence
from headcount.sources.bluesky.follow_times import all_paired, clear_implausible_follow_times
from headcount.sources.bluesky.repo import Record, Repository, read_repository, tid_time
from headcount.sources.bluesky.views import (
    did_of,
    gone_status,
    links_of,
    mentions_of,
    plausible_time,
    quoted_uri,
    soon_after,
    thread_posts,
)
from headcount.sources.collect.landing import Landing, Page
from headcount.sources.formats.malformed import odd_pages_note
from headcount.sources.rows import BATCH_ROWS, Object, Rows, domains, inner, named, objects, truth, whole_number

if TYPE_CHECKING:
    import duckdb

__all__ = ["Object", "Reader", "account_key"]

_OWN_HOST = re.compile(r"(?:.*\.)?(?:bsky\.app|bsky\.social)")
_FOLLOW, _POST = "app.bsky.graph.follow", "app.bsky.feed.post"
_HIDDEN_FROM_STRANGERS = "!no-unauthenticated"


def account_key(did: str) -> str:
    """The vocabulary's id of a DID."""
    return "bluesky:" + did


def post_key(uri: str | None) -> str | None:
    """The vocabulary's id of a record's address."""
    return None if uri is None else "bluesky:" + uri


class Reader:
    """Takes the pages of one collection, one after the other."""

    def __init__(self, rows: Rows, did: str, limit: int | None = None) -> None:
        self.rows, self.did, self.limit = rows, did, limit
        self.position = 0
        self.claimed: int | None = None
        self.looked_at: set[str] = set()
        self.paired: dict[str, set[str]] = {}
        self.counts: Counter[str] = Counter()
        self.unread: list[str] = []
        self.readers: dict[str, Callable[[Object, Page], None]] = {
            "profile": self._profile,
            "profiles": self._profiles,
            "unlisted_profiles": self._unlisted_profiles,
            "followers": self._followers,
            "following": self._following,
            "relationships": self._relationships,
            "between": self._between,
            "posts": self._posts,
            "latest": self._posts,
            "thread": self._thread,
            "quotes": self._quotes,
            "likes": self._likes,
            "reposts": self._reposts,
        }
        """Step of a page -> the method that makes its rows; the pages of other steps (identity, unlisted) make none."""

    def take(self, page: Page) -> None:
        """Make the rows of one page, according to its step."""
        if not page.good:
            self.counts[f"refused {page.step}"] += 1
            if page.step in ("latest", "unlisted"):
                self._lost(page)
            return
        if page.step == "repository":
            self.repository(page.body, page.fetched_at)
            return
        content, read = page.json, self.readers.get(page.step)
        if read is not None and isinstance(content, dict):
            read(content, page)

    def count_odd_page(self, page: Page) -> None:
        """A page whose values are not what they should be; a list with such a page is not complete."""
        self.counts["odd pages"] += 1
        self.counts["nobody"] += page.step in ("followers", "following")

    # -- accounts and follows -----------------------------------------------------------------------------------

    def _profile(self, content: Object, page: Page) -> None:
        self._account(content, page.fetched_at)
        self.claimed = whole_number(content.get("followersCount"))

    def _profiles(self, content: Object, page: Page) -> None:
        self.looked_at.update(value for name, value in parse_qsl(urlsplit(page.url).query) if name == "actors")
        for profile in objects(content.get("profiles")):
            self.looked_at.add(str(profile.get("did")))
            self._account(profile, page.fetched_at)

    def _unlisted_profiles(self, content: Object, page: Page) -> None:
        """Accounts that follow and are not listed: no follow is made of them."""
        for profile in named(content.get("profiles"), "did"):
            self._account(profile, page.fetched_at)

    def _followers(self, content: Object, page: Page) -> None:
        for follower in self._named(content.get("followers")):
            if self.limit is not None and self.position >= self.limit:
                return
            self._account(follower, page.fetched_at)
            self.rows.follow(account_key(follower["did"]), account_key(self.did), self.position, page.fetched_at)
            self.position += 1

    def _following(self, content: Object, page: Page) -> None:
        for followee in self._named(content.get("follows")):
            self._account(followee, page.fetched_at)
            self.rows.follow(account_key(self.did), account_key(followee["did"]), None, page.fetched_at)

    def _named(self, listed: object) -> list[Object]:
        """Those of a list that can be told apart; the others are counted."""
        people = list(named(listed, "did"))
        self.counts["nobody"] += (len(listed) if isinstance(listed, list) else 0) - len(people)
        return people

    def _relationships(self, content: Object, page: Page) -> None:
        for relation in objects(content.get("relationships")):
            other = relation.get("did")
            sides = (("followedBy", other, self.did), ("following", self.did, other))
            for name, follower, followee in sides:
                uri = relation.get(name)
                if follower and followee and isinstance(uri, str):
                    self._follow(follower, followee, uri.rpartition("/")[2], page.fetched_at)

    def _between(self, content: Object, page: Page) -> None:
        """Follows between two followers, and of which two they are known now."""
        actor = content.get("actor")
        if not isinstance(actor, str):
            return
        for relation in named(content.get("relationships"), "did"):
            other = str(relation["did"])
            self.paired.setdefault(actor, set()).add(other)
            self.paired.setdefault(other, set()).add(actor)
            for name, follower, followee in (("followedBy", other, actor), ("following", actor, other)):
                uri = relation.get(name)
                if isinstance(uri, str):
                    self._follow(follower, followee, uri.rpartition("/")[2], page.fetched_at)

    def _follow(self, follower: str, followee: str, key: str, fetched_at: str) -> None:
        time = tid_time(key)
        if time is not None and time > soon_after(fetched_at):
            self.counts["future follows"] += 1
            time = None
        told = time.isoformat() if time else None
        self.rows.follow(account_key(follower), account_key(followee), None, fetched_at, followed_at=told)

    def _account(self, profile: Object, fetched_at: str, *, whole: bool = True) -> None:
        """The account of a profile view; the partial ones of lists hold no counts, which stay unknown."""
        labels = {
            label.get("val") for label in objects(profile.get("labels")) if label.get("src") == profile.get("did")
        }
        partial = "followersCount" not in profile
        verification = profile.get("verification")
        handle = profile.get("handle")
        row = {
            "account_id": account_key(profile["did"]),
            "platform": "bluesky",
            "handle": None if handle in (None, "handle.invalid") else handle,
            "display_name": profile.get("displayName"),
            "bio": profile.get("description", "" if whole else None),  # left out of a profile where it is empty
            "website": profile.get("website"),
            "created_at": profile.get("createdAt"),
            "followers_count": whole_number(profile.get("followersCount")),
            "following_count": whole_number(profile.get("followsCount")),
            "posts_count": whole_number(profile.get("postsCount")),
            "default_avatar": truth("avatar" not in profile),
            "verified": truth(
                verification.get("verifiedStatus") == "valid" if isinstance(verification, dict) else None
            ),
            "declared_bot": truth("bot" in labels),
            "opted_out": truth(_HIDDEN_FROM_STRANGERS in labels),
            "status": "active",
            "observed_at": fetched_at,
        }
        self.rows.account(row, whole=whole and not partial)

    def _lost(self, page: Page) -> None:
        """An account whose posts are refused, where the answer says that it is gone."""
        actor = dict(parse_qsl(urlsplit(page.url).query)).get("actor", "")
        status = gone_status(page.body)
        if status and actor.startswith("did:"):
            row = {"account_id": account_key(actor), "platform": "bluesky", "status": status}
            self.rows.account(row | {"observed_at": page.fetched_at}, whole=False)

    # -- posts and responses ------------------------------------------------------------------------------------

    def _posts(self, content: Object, page: Page) -> None:
        for item in objects(content.get("feed")):
            reason, post = item.get("reason"), item.get("post")
            if not isinstance(post, dict):
                continue
            self._post(post, page.fetched_at)
            for side in ("parent", "root"):
                around = inner(item, "reply", side)
                if isinstance(around, dict) and isinstance(around.get("record"), dict):
                    self._author(around, page.fetched_at)
            if not isinstance(reason, dict) or not isinstance(reason.get("by"), dict):
                continue
            if str(reason.get("$type")).endswith("#reasonRepost"):
                self._repost(reason, post)

    def _thread(self, content: Object, page: Page) -> None:
        thread = thread_posts(content)
        self.counts["hidden answers"] += thread.hidden
        for post in thread.posts:
            self._post(post, page.fetched_at)

    def _quotes(self, content: Object, page: Page) -> None:
        for post in objects(content.get("posts")):
            self._post(post, page.fetched_at)

    def _likes(self, content: Object, page: Page) -> None:
        uri = str(content.get("uri"))
        for like in objects(content.get("likes")):
            actor = like.get("actor")
            if isinstance(actor, dict) and isinstance(actor.get("did"), str):
                self._account(actor, page.fetched_at, whole=False)
                time = plausible_time(like.get("createdAt"), like.get("indexedAt"))
                self._interaction(actor["did"], did_of(uri), "like", uri, time)

    def _reposts(self, content: Object, page: Page) -> None:
        """The time of a repost is not told."""
        uri = str(content.get("uri"))
        for actor in named(content.get("repostedBy"), "did"):
            self._account(actor, page.fetched_at, whole=False)
            self._interaction(actor["did"], did_of(uri), "repost", uri, None)

    def _repost(self, reason: Object, post: Object) -> None:
        actor, uri = str(reason["by"].get("did")), str(post["uri"])
        own = reason.get("uri") or f"{uri}#repost-by-{actor}"
        time = plausible_time(reason.get("indexedAt"))
        target = did_of(uri)
        if self.rows.first_time("repost", own):
            self.rows.post(
                {
                    "post_id": post_key(own),
                    "author_id": account_key(actor),
                    "created_at": time.isoformat() if time else None,
                    "kind": "repost",
                }
            )
        self._interaction(actor, target, "repost", uri, None if reason.get("uri") is None else time)

    def _author(self, post: Object, fetched_at: str) -> None:
        author = post.get("author")
        if isinstance(author, dict) and author.get("did"):
            self._account(author, fetched_at, whole=False)

    def _post(self, post: Object, fetched_at: str) -> None:
        """A post view: its author, its record, and what it is a response to."""
        record, uri = post.get("record"), post.get("uri")
        if not isinstance(record, dict) or did_of(uri) is None:
            return
        self._author(post, fetched_at)
        self._written(str(uri), record, plausible_time(record.get("createdAt"), post.get("indexedAt")), fetched_at)

    def _written(self, uri: str, record: Object, created: datetime | None, fetched_at: str) -> None:
        author = did_of(uri)
        if author is None or not self.rows.first_time("post", uri):
            return
        reply = record.get("reply") if isinstance(record.get("reply"), dict) else {}
        sides = ((reply or {}).get(side) for side in ("parent", "root"))
        uris = (side.get("uri") if isinstance(side, dict) else None for side in sides)
        parent, root = (uri if did_of(uri) else None for uri in uris)
        quote = quoted_uri(record)
        text = record.get("text")
        self.rows.post(
            {
                "post_id": post_key(uri),
                "author_id": account_key(author),
                "created_at": created.isoformat() if created else None,
                "text": text if isinstance(text, str) else None,
                "kind": "reply" if parent else "quote" if quote else "post",
                "reply_to_post_id": post_key(parent),
                "reply_to_account_id": account_key(target) if (target := did_of(parent)) else None,
                "root_post_id": post_key(root or (None if parent else uri)),
                "link_domains": domains(links_of(record), _OWN_HOST),
                "observed_at": fetched_at,
            }
        )
        if parent:
            self._interaction(author, did_of(parent), "reply", parent, created)
        if quote:
            self._interaction(author, did_of(quote), "quote", quote, created)
        for other in mentions_of(record):
            if other != did_of(parent):
                self._interaction(author, other, "mention", None, created)

    def _interaction(self, actor: str, target: str | None, kind: str, uri: str | None, time: datetime | None) -> None:
        if target is not None:
            told = time.isoformat() if time else None
            self.rows.interaction(account_key(actor), account_key(target), kind, post_key(uri), told)

    # -- the repository -----------------------------------------------------------------------------------------

    def repository(self, car: bytes, fetched_at: str) -> None:
        """What the account itself did."""
        try:
            repository = read_repository(car)
        except InputError as error:
            self.unread.append(error.message)
            return
        try:
            self.records(repository, fetched_at)
        except InputError as error:
            self.unread.append(error.message)

    def records(self, repository: Repository, fetched_at: str) -> None:
        """All records of a repository that was fetched then."""
        self.did = self.did or repository.did
        if repository.missing:
            self.unread.append(f"The repository is incomplete: {repository.missing:,} parts of it are missing.")
        for record in repository.records:
            self._record(repository.did, record, fetched_at)
            self.rows.flush(at=BATCH_ROWS)
        if replaced := repository.replaced.note("The repository"):
            self.unread.append(replaced)

    def _record(self, did: str, record: Record, fetched_at: str) -> None:
        """One record; anybody can write any, so one that is malformed ends nothing."""
        try:
            self._well_formed(did, record, fetched_at)
        except (AttributeError, KeyError, TypeError, ValueError):
            self.counts["odd records"] += 1

    def _well_formed(self, did: str, record: Record, fetched_at: str) -> None:
        value, uri = record.value, f"at://{did}/{record.collection}/{record.key}"
        created = plausible_time(value.get("createdAt"), fetched_at)
        subject = value.get("subject")
        if record.collection == _FOLLOW and isinstance(subject, str) and subject.startswith("did:"):
            self._follow(did, subject, record.key, fetched_at)
        elif record.collection == _POST:
            self._written(uri, value, created, fetched_at)
        elif record.collection in ("app.bsky.feed.like", "app.bsky.feed.repost") and isinstance(subject, dict):
            liked = str(subject.get("uri"))
            kind = record.collection.rpartition(".")[2]
            if kind == "repost" and self.rows.first_time("repost", uri):
                told = created.isoformat() if created else None
                row = {"post_id": post_key(uri), "author_id": account_key(did), "created_at": told, "kind": "repost"}
                self.rows.post(row)
            self._interaction(did, did_of(liked), kind, liked, created)

    # -- the end ------------------------------------------------------------------------------------------------

    def notes(self) -> list[str]:
        """What could not be read."""
        notes = list(self.unread)
        if self.counts["future follows"]:
            notes.append(
                f"{self.counts['future follows']:,} follows have a date in the future; it was treated as unknown."
            )
        if self.counts["nobody"]:
            notes.append(
                f"{self.counts['nobody']:,} list entries contain no account, so the lists are treated as incomplete."
            )
        if self.counts["odd records"]:
            notes.append(f"{self.counts['odd records']:,} malformed records were skipped.")
        if self.counts["odd pages"]:
            notes.append(odd_pages_note(self.counts["odd pages"]))
        if self.counts["hidden answers"]:
            notes.append(
                f"{self.counts['hidden answers']:,} replies in threads are counted but not shown: deleted, or "
                f"by accounts that are gone or blocked."
            )
        return notes

    def finish(self, name: str, con: duckdb.DuckDBPyConnection, landing: Landing) -> ReadResult:
        """What was read, with what is whole and what is to be said."""
        self.rows.flush()
        notes = [*landing.notes(), *self.notes()]
        impossible = clear_implausible_follow_times(con)
        if impossible:
            notes.append(
                f"Follows dated before the account was created: {impossible:,}; their time is treated as unknown."
            )
        if landing.meta("sample"):
            self._mark_sample(con)
        remarks = tuple(Remark(account_key(self.did), topic, text) for topic, text in self._remarks(landing))
        counts = dict(self.rows.counts)
        return ReadResult(
            name,
            (),
            0,
            counts,
            tuple(notes),
            lists=tuple(self._coverage(landing)),
            remarks=remarks,
            repeats=True,
            account_id=account_key(self.did),
            between=frozenset(account_key(did) for did in all_paired(self.paired)),
        )

    def _coverage(self, landing: Landing) -> Iterator[ListCoverage]:
        """How completely each list was read; a list with entries that name no account is not complete."""
        me = account_key(self.did)
        for entry in landing.coverage():
            odd = self.counts["nobody"] and entry.is_complete and entry.list in ("followers", "following")
            more: dict[str, Any] = {"state": "partial", "reason": "entries_without_id"} if odd else {}
            yield replace(entry, account_id=me, **more)

    def _mark_sample(self, con: duckdb.DuckDBPyConnection) -> None:
        con.execute(
            "CREATE OR REPLACE TEMP TABLE looked_at AS SELECT unnest(?::VARCHAR[]) AS account_id",
            [[account_key(did) for did in self.looked_at]],
        )
        con.execute(
            "UPDATE incoming_follows SET sampled = follower_id IN (SELECT account_id FROM looked_at) "
            "WHERE followee_id = ?",
            [account_key(self.did)],
        )
        con.execute("DROP TABLE temp.looked_at")

    def _remarks(self, landing: Landing) -> Iterator[tuple[Topic, str]]:
        if landing.is_complete("followers") and self.claimed is not None and self.position < self.claimed:
            explained = unlisted_sentence(self.claimed - self.position, landing.meta("unlisted"))
            yield (
                "followers",
                explained
                or "Bluesky's counter includes followers missing from its list: accounts that were deleted, "
                "deactivated or suspended, and accounts that block this one or are blocked by it.",
            )
        if self.counts["hidden answers"]:
            yield "responses", self.notes()[-1]
