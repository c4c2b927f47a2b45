"""Collects an account of Mastodon from its own server: public reads, a login where there is one; nothing is written.

Only the account's home server knows all of its followers and answers; other servers know a part. What is asked
(https://docs.joinmastodon.org/methods/): the server itself; the account; its followers and accounts followed; its
statuses, and of each the thread, favourites and boosts; with a token of the account itself its notifications, which
tell when somebody followed, favourited or boosted. A row of a list holds the whole profile with its counts and last
status, so no call a follower is made; with `--sample N` the latest statuses of N followers are read too.

Limits: 300 requests in 5 minutes (rate limits, Mastodon's documentation), and what the headers say.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Literal
from urllib.parse import quote, urlsplit

from headcount.errors import AccessDenied, AccountNotFound, UsageError
from headcount.incoming import ListCoverage, Reason
from headcount.sources.collect.collection import Collection
from headcount.sources.collect.landing import Page
from headcount.sources.collect.links import address_of, server_host
from headcount.sources.collect.options import CollectionEstimate
from headcount.sources.collect.pace import Limit
from headcount.sources.collect.sampling import uniform_sample
from headcount.sources.handles import Target
from headcount.sources.mastodon.activitypub import account_key
from headcount.sources.mastodon.identity import canonical_domain, find_server, same_host
from headcount.sources.mastodon.lists import PagedListing, judge_list, judge_posts, without_counter
from headcount.sources.mastodon.responses import Responses
from headcount.sources.mastodon.values import (
    Object,
    content_of,
    counter,
    counts_nothing,
    entries,
    identifier,
    reason_of,
    text_of,
    time_of,
)
from headcount.sources.rows import objects
from headcount.support.hosts import host_key

__all__ = ["MastodonCollector"]

_LIMIT = Limit(300, 300.0)
ACCOUNTS, STATUSES, LATEST = 80, 40, 20
"""Items of a page of accounts, of statuses; latest statuses of a sampled follower."""
_GONE: dict[Reason, str] = {"account_suspended": "is suspended", "account_moved": "has moved"}
_OWN_NOTIFICATIONS = ("mention", "favourite", "reblog", "follow")


class MastodonCollector:
    """Collects one account of Mastodon from its home server."""

    platform = "mastodon"

    def __init__(self) -> None:
        self.server = ""
        self.account: Object = {}
        self.own, self.is_home = False, True
        self.number = self.version = ""
        self.names: set[str] = set()

    def limit(self, bucket: str) -> Limit | None:
        """The documented limit of a server; none for one on this machine."""
        return None if bucket.partition(":")[0] in ("localhost", "127.0.0.1") else _LIMIT

    # -- before -----------------------------------------------------------------------------------------------

    def estimate(self, collection: Collection, target: Target) -> CollectionEstimate:
        """Read the server's description and the account, and estimate what collecting will take."""
        name, _, domain = target.name.rpartition("@")
        self.server = self._home(collection, name, domain)
        page = self._get(
            collection, "account", "/api/v1/accounts/lookup", [("acct", name if self.is_home else target.name)]
        )
        if not page.good:
            raise _no_account(target.name, self._host, page)
        self.account = content_of(page)
        number = identifier(self.account.get("id"))
        if number is None or not text_of(self.account.get("acct")):
            raise AccountNotFound(
                f"{self._host} returned no account for {target.name!r}.",
                hint="check the handle, or set the server with --service https://SERVER",
            )
        self.number = number
        self.own = self._is_own(collection)
        for key, value in (("own", self.own), ("logged_in", collection.login is not None)):
            collection.landing.set_meta(key, str(value))
        account_id = self._identity(collection, name, domain)
        return self._estimate(collection, account_id, account_id.removeprefix("mastodon:"))

    def _home(self, collection: Collection, name: str, domain: str) -> str:
        """The address of the server that runs the account's domain.

        Raises:
            AccountNotFound: there is no Mastodon server.
        """
        given = collection.options.service
        candidates = [given.rstrip("/")] if given else [address_of(domain)]
        found = self._instance(collection, candidates[0])
        if found is None and not given:  # the domain of a handle may be another than that of the server
            host = find_server(collection, name, domain)
            found = self._instance(collection, address_of(host)) if host else None
        if found is None:
            raise AccountNotFound(
                f"{urlsplit(candidates[0]).netloc} is not a Mastodon server, or does not identify as one.",
                hint="check the handle, or set the server with --service https://SERVER",
            )
        address, self.names = found
        self.is_home = not given or any(same_host(domain, one) for one in self.names)
        if not self.is_home:
            collection.landing.set_meta("not_home", urlsplit(address).netloc)
        return address

    def _instance(self, collection: Collection, address: str) -> tuple[str, set[str]] | None:
        """The address, where a server there describes itself as Mastodon's API does, and the domains it names."""
        host = urlsplit(address).netloc
        for version, field in (("v2", "domain"), ("v1", "uri")):
            page = collection.get("instance", f"{address}/api/{version}/instance", bucket=host, expect="")
            content = content_of(page)
            if page.status == 401 and collection.login is not None:
                raise _refused(host)
            domain = text_of(content.get(field))
            if not page.good or not domain:
                continue
            self.version = text_of(content.get("version")) or ""
            domain = domain.partition("://")[2].rstrip("/") or domain
            for name in ("account_domain", "account-domain"):
                domain = text_of(content.get(name)) or domain
            collection.landing.set_meta("domain", domain)
            collection.landing.set_meta("server", host)
            return address, {domain, host, *([text] if (text := text_of(content.get(field))) else [])}
        return None

    def _identity(self, collection: Collection, name: str, domain: str) -> str:
        """The account's id, with the domain that the server's accounts carry (which need not be its address)."""
        if not self.is_home:
            return account_key(name, domain)
        named = str(self.account["acct"]).partition("@")[2]
        stated = canonical_domain(collection, self.server, name, domain)
        canonical = stated or named or str(collection.landing.meta("domain"))
        collection.landing.set_meta("domain", canonical)
        collection.landing.set_meta("host_names", json.dumps(sorted({*self.names, domain, named} - {""})))
        account_id = account_key(name, canonical)
        if not same_host(canonical, domain):
            collection.note(f"{name}@{domain} is the account {account_id.removeprefix('mastodon:')}.")
        return account_id

    def _is_own(self, collection: Collection) -> bool:
        """Is the login that of the account itself? Then its notifications can be read."""
        if collection.login is None:
            return False
        page = self._get(collection, "credentials", "/api/v1/accounts/verify_credentials")
        if page.status == 401:
            raise _refused(self._host)
        return page.good and identifier(content_of(page).get("id")) == self.number

    def _estimate(self, collection: Collection, account_id: str, handle: str) -> CollectionEstimate:
        account, options = self.account, collection.options
        claimed = counter(account, "followers_count") or 0
        followers = min(claimed, options.limit or claimed)
        posts = self._expected_posts(collection)
        parts = (
            ("list of followers", math.ceil(followers / ACCOUNTS)),
            ("accounts followed", math.ceil((counter(account, "following_count") or 0) / ACCOUNTS)),
            ("posts and responses", math.ceil(posts / STATUSES) + 3 * posts),
            ("notifications", math.ceil(5 * posts / STATUSES) if self.own else 0),
            ("latest posts of sampled followers", min(options.sample or 0, followers)),
        )
        calls = 2 + sum(number for _, number in parts)
        limit = self.limit(urlsplit(self.server).netloc)
        seconds = calls * (limit.seconds / limit.requests if limit else 0.1)
        return CollectionEstimate(
            account_id=account_id, handle=handle, calls=calls, seconds=seconds, dollars=0.0, parts=parts
        )

    def _expected_posts(self, collection: Collection) -> int:
        written = counter(self.account, "statuses_count") or 0
        created = time_of(self.account.get("created_at"))
        age = (collection.begun_at - created).total_seconds() if created else 0.0
        share = (collection.begun_at - collection.since).total_seconds() / age if age > 0 else 1.0
        return math.ceil(written * min(max(share, 0.0), 1.0))

    # -- the collection ---------------------------------------------------------------------------------------

    def collect(self, collection: Collection) -> None:
        """Request everything, and record how completely each list was read."""
        self.responses = Responses(
            collection, self.server, self._host, (ACCOUNTS, STATUSES), server_names=self._server_names()
        )
        lists = [
            self._list(collection, "followers", "followers_count", collection.options.limit),
            self._list(collection, "following", "following_count", None),
        ]
        posts = self._posts(collection)
        if self._keeps_no_counters(posts):
            collection.landing.set_meta("placeholder_counters", "True")
            lists = [without_counter(entry) for entry in lists]
            posts = replace(posts, claimed=None)
        account_id = posts.account_id
        if self.own:
            self._notifications(collection)
        self.responses.verify_reactions()
        for entry in (*lists, posts, *self.responses.coverage(account_id, posts, own=self.own)):
            collection.landing.set_coverage(entry)
        self.responses.note_what_is_missing()
        if collection.options.sample is not None:
            self._sample(collection, collection.options.sample)

    def _keeps_no_counters(self, posts: ListCoverage) -> bool:
        """Are the account's counters placeholders, so that 0 does not mean none?

        snac writes 0 everywhere. Elsewhere posts beside a post counter of 0 show it, or a date of the last post where
        the posts are refused.
        """
        if not counts_nothing(self.account):
            return False
        posted = bool(posts.listed) or (posts.state == "refused" and bool(self.account.get("last_status_at")))
        return posted or "snac/" in self.version.lower()

    def _list(
        self, collection: Collection, side: Literal["followers", "following"], name: str, limit: int | None
    ) -> ListCoverage:
        """The followers, or the accounts followed; a hidden or refused list is unknown, not empty."""
        claimed = counter(self.account, name)
        total = claimed if limit is None or claimed is None else min(claimed, limit)
        listing = self._listing(
            collection, side, f"/api/v1/accounts/{self._path_number}/{side}", ACCOUNTS, claimed=claimed
        )
        listed = 0
        for _ in islice(listing.new_ids(), limit):
            listed += 1
            if listed % ACCOUNTS == 0:
                collection.show(side, listed, total)
        collection.landing.set_meta(f"listed_{side}", str(listed))
        coverage = listing.list_coverage(
            side, str(collection.landing.meta("account_id")), listed=listed, claimed=claimed, limit=limit
        )
        coverage = judge_list(coverage, self.account, own=self.own, is_home=self.is_home)
        if listing.failed:
            pass  # said with whatever else was not answered
        elif coverage.state in ("refused", "hidden", "unknown") or coverage.reason == "broke_off":
            collection.note(_list_note(side, coverage, self._host, logged_in=collection.login is not None))
        elif coverage.reason == "no_next_page":
            collection.note(f"The list of {side} has no next page after {listed:,} entries: the list is incomplete.")
        else:
            collection.show(side, listed, listed)
        return coverage

    def _posts(self, collection: Collection) -> ListCoverage:
        """The statuses since the requested date, and all responses to them."""
        claimed = counter(self.account, "statuses_count")
        path = f"/api/v1/accounts/{self._path_number}/statuses"
        listing = self._listing(
            collection, "posts", path, STATUSES, claimed=claimed, ids_are_cursors=True, counted=_own_statuses
        )
        expected, collected, entries_read = self._expected_posts(collection), 0, 0
        reached_start = False
        seen: set[str] = set()
        for page in listing:
            times = []
            for status in objects(entries(page.json)):
                number = identifier(status.get("id"))
                if number is None or number in seen:
                    continue
                seen.add(number)
                entries_read += 1
                times.append(time_of(status.get("created_at")) or datetime.max.replace(tzinfo=UTC))
                if not isinstance(status.get("reblog"), dict) and times[-1] >= collection.since:
                    self.responses.of_status(status, self.number, own=self.own)
                    collected += 1
                    collection.show("posts and responses", collected, max(expected, collected))
            if times and max(times) < collection.since:
                reached_start = True
                break
        self.responses.read_further_threads()
        if listing.refused is not None and not listing.failed:
            collection.note(f"The posts could not be read completely ({reason_of(listing.refused)}).")
        account_id = str(collection.landing.meta("account_id"))
        coverage = listing.list_coverage("posts", account_id, listed=entries_read, claimed=claimed)
        if reached_start:
            coverage = replace(coverage, state="complete", reason=None, claimed=None)
        return judge_posts(coverage, self.account, own=self.own)

    def _notifications(self, collection: Collection) -> None:
        """The account's own notifications since the requested date: they hold times that nothing else does."""
        kinds = [("types[]", kind) for kind in _OWN_NOTIFICATIONS]
        listing = self._listing(
            collection, "notifications", "/api/v1/notifications", STATUSES, parameters=kinds, ids_are_cursors=True
        )
        count = 0
        for page in listing:
            found = list(objects(entries(page.json)))
            for notification in found:
                self.responses.of_notification(notification)
            times = [time_of(item.get("created_at")) for item in found]
            count += len(times)
            collection.show("notifications", count, None)
            if any(time is not None and time < collection.since for time in times):
                break
        if listing.refused is not None and not listing.failed:
            collection.note(f"The notifications could not be read completely ({reason_of(listing.refused)}).")

    def _sample(self, collection: Collection, size: int) -> None:
        """The latest statuses of followers that are drawn uniformly from the complete list."""
        claimed = counter(self.account, "followers_count")
        path = f"/api/v1/accounts/{self._path_number}/followers"
        listing = self._listing(collection, "followers", path, ACCOUNTS, claimed=claimed)
        chosen = uniform_sample(listing.new_ids(), size, self.number)
        if len(chosen) < int(collection.landing.meta("listed_followers") or 0):
            collection.landing.set_meta("sample", str(len(chosen)))
        for looked, account in enumerate(chosen, 1):
            address = f"{self.server}/api/v1/accounts/{quote(account, safe='')}/statuses"
            collection.try_get("latest", address, [("limit", LATEST)], bucket=self._host)
            collection.show("latest posts of sampled followers", looked, len(chosen))

    # -- calls --------------------------------------------------------------------------------------------------

    @property
    def _host(self) -> str:
        return urlsplit(self.server).netloc

    @property
    def _path_number(self) -> str:
        return quote(self.number, safe="")

    def _get(
        self, collection: Collection, step: str, path: str, parameters: Iterable[tuple[str, str | int]] = ()
    ) -> Page:
        return collection.get(step, f"{self.server}{path}", parameters, bucket=self._host)

    def _listing(
        self,
        collection: Collection,
        step: str,
        path: str,
        size: int,
        *,
        claimed: int | None = None,
        parameters: Iterable[tuple[str, str]] = (),
        ids_are_cursors: bool = False,
        counted: Callable[[Page], int] | None = None,
    ) -> PagedListing:
        return PagedListing(
            collection,
            step,
            f"{self.server}{path}",
            size,
            claimed=claimed,
            parameters=parameters,
            ids_are_cursors=ids_are_cursors,
            has_counter=not counts_nothing(self.account),
            counted=counted,
            names=self._server_names(),
        )

    def _server_names(self) -> frozenset[str]:
        """The host names by which the server calls itself: its own, and those in the addresses of the account."""
        stated = [f"//{name.rpartition('//')[2]}" for name in self.names]
        stated += [text for name in ("url", "uri") if (text := text_of(self.account.get(name)))]
        hosts = (server_host(self.server, text) for text in stated)
        return frozenset(host_key(host) for host in hosts if host)


def _own_statuses(page: Page) -> int:
    """Statuses of a page that the counter of statuses counts on every server: some leave boosts out."""
    return sum(not isinstance(status.get("reblog"), dict) for status in objects(entries(page.json)))


def _list_note(side: str, coverage: ListCoverage, host: str, *, logged_in: bool) -> str:
    """What the user should know of a list that was not shown, or not to its end."""
    name = "followers" if side == "followers" else "accounts followed"
    if coverage.state == "hidden" and coverage.claimed:
        return f"The account hides its {side}: {coverage.claimed:,} are counted but not listed."
    if coverage.state == "hidden":
        return f"The account hides its {side}: their number is unknown."
    if coverage.reason in _GONE:
        return f"The list of {name} is unknown: the account {_GONE[coverage.reason]}."
    if coverage.detail is None:
        return f"The list of {name} is unknown: the server lists none, and its counter shows nothing."
    more = "" if logged_in else f"; a login may show it: headcount login mastodon {host}"
    return f"The list of {name} was not shown or is incomplete ({coverage.detail}){more}."


def _refused(host: str) -> AccessDenied:
    return AccessDenied(
        f"{host} rejected the stored login.",
        hint=f"log in again: headcount login mastodon {host}, or forget the login with --out",
    )


def _no_account(name: str, host: str, page: Page) -> UsageError | AccessDenied:
    if page.status in (401, 403):
        return AccessDenied(
            f"{host} requires a login ({reason_of(page)}).",
            hint=f"log in with a token of an account there: headcount login mastodon {host}",
        )
    return AccountNotFound(
        f"{host} has no account {name!r} ({reason_of(page)}).", hint="check the handle: alice@server.example."
    )
