"""Collects an account of Mastodon from its own server: public reads, a login where there is one; nothing is written.

Only the account's home server knows all of its followers and answers; other servers know a part. What is asked
(https://docs.joinmastodon.org/methods/): the server itself; the account; its followers and accounts followed; its
statuses, and of each the thread, favourites and boosts; with a token of the account itself its notifications, which
tell when somebody followed, favourited or boosted. A row of a list holds the whole profile with its counts and last
status, so no call a follower is made; with `--sample N` the latest statuses of N followers are read too.

Limits: 300 requests in 5 minutes (rate limits, Mastodon's documentation), and what the headers say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import urlsplit

from headcount.errors import AccessDenied, AccountNotFound, InputError, UsageError
from headcount.incoming import ListName
from headcount.sources.activitypub import account_key
from headcount.sources.collecting import Collection, Listing, Quote, uniform_sample
from headcount.sources.handles import Target
from headcount.sources.http import Limit
from headcount.sources.landing import Page
from headcount.sources.sessions import address_of

__all__ = ["MastodonCollector"]

_LIMIT = Limit(300, 300.0)
ACCOUNTS, STATUSES, LATEST = 80, 40, 20
"""Items of a page of accounts, of statuses; latest statuses of a sampled follower."""
SHOWN_ANSWERS = 60
"""So many answers of a thread are shown without a login."""
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')
_OWN_NOTIFICATIONS = ("mention", "favourite", "reblog", "follow")
Object = dict[str, Any]


class MastodonCollector:
    """Collects one account of Mastodon from its home server."""

    platform = "mastodon"

    def __init__(self) -> None:
        self.server = ""
        self.account: Object = {}
        self.own, self.is_home = False, True
        self._threaded: set[str] = set()
        self._further: list[str] = []

    def limit(self, bucket: str) -> Limit | None:
        """The documented limit of a server; none for one on this machine."""
        return None if bucket.partition(":")[0] in ("localhost", "127.0.0.1") else _LIMIT

    # -- before -----------------------------------------------------------------------------------------------

    def quote(self, collection: Collection, target: Target) -> Quote:
        """Look at the server and the account, and say what collecting will take."""
        name, _, domain = target.name.rpartition("@")
        self.server = self._home(collection, domain)
        page = self._get(
            collection, "account", "/api/v1/accounts/lookup", [("acct", name if self.is_home else target.name)]
        )
        if not page.good:
            raise _no_account(target.name, urlsplit(self.server).netloc, page)
        self.account = page.json
        self.own = self._is_own(collection)
        collection.landing.set_meta("own", str(self.own))
        collection.landing.set_meta("logged_in", str(collection.login is not None))
        return self._quote(collection, account_key(name, domain), target.name)

    def _home(self, collection: Collection, domain: str) -> str:
        """The address of the server that runs the account's domain.

        Raises:
            AccountNotFound: there is no Mastodon server.
        """
        given = collection.options.service
        candidates = [given.rstrip("/")] if given else [address_of(domain)]
        found = self._instance(collection, candidates[0])
        if found is None and not given:  # the domain of a handle may be another than that of the server
            host = self._finger(collection, domain)
            found = self._instance(collection, address_of(host)) if host else None
        if found is None:
            raise AccountNotFound(
                f"{urlsplit(candidates[0]).netloc} is no Mastodon server, or does not say so.",
                hint="check the handle, or name the server with --service https://SERVER",
            )
        address, names = found
        self.is_home = not given or domain in names
        if not self.is_home:
            collection.landing.set_meta("not_home", urlsplit(address).netloc)
        return address

    def _instance(self, collection: Collection, address: str) -> tuple[str, set[str]] | None:
        """The address, where a server there describes itself as Mastodon's API does, and the names it goes by."""
        host = urlsplit(address).netloc
        for version, field in (("v2", "domain"), ("v1", "uri")):
            page = collection.get("instance", f"{address}/api/{version}/instance", bucket=host, expect="")
            content = _content(page)
            if page.status == 401 and collection.login is not None:
                raise _refused(host)
            if page.good and isinstance(content.get(field), str):
                domain = content[field].partition("://")[2] or content[field]
                collection.landing.set_meta("domain", domain)
                collection.landing.set_meta("server", host)
                return address, {domain, host}
        return None

    def _finger(self, collection: Collection, domain: str) -> str | None:
        """The host whose WebFinger answers for a domain, from its host-meta (RFC 6415)."""
        address = f"{address_of(domain)}/.well-known/host-meta"
        page = collection.get("identity", address, bucket=domain, expect="")
        found = re.search(rb'template="https?://([^/"]+)/', page.body) if page.good else None
        return found[1].decode() if found and found[1].decode() != domain else None

    def _is_own(self, collection: Collection) -> bool:
        """Is the login that of the account itself? Then its notifications can be read."""
        if collection.login is None:
            return False
        page = self._get(collection, "credentials", "/api/v1/accounts/verify_credentials")
        if page.status == 401:
            raise _refused(self._host)
        return page.good and page.json.get("id") == self.account["id"]

    def _quote(self, collection: Collection, account_id: str, handle: str) -> Quote:
        account, options = self.account, collection.options
        claimed = int(account.get("followers_count") or 0)
        followers = min(claimed, options.limit or claimed)
        posts = self._expected_posts(collection)
        parts = (
            ("list of followers", math.ceil(followers / ACCOUNTS)),
            ("accounts followed", math.ceil(int(account.get("following_count") or 0) / ACCOUNTS)),
            ("posts and who responded", math.ceil(posts / STATUSES) + 3 * posts),
            ("notifications", math.ceil(5 * posts / STATUSES) if self.own else 0),
            ("latest posts of sampled followers", min(options.sample or 0, followers)),
        )
        calls = 2 + sum(number for _, number in parts)
        limit = self.limit(urlsplit(self.server).netloc)
        seconds = calls * (limit.seconds / limit.requests if limit else 0.1)
        return Quote(account_id=account_id, handle=handle, calls=calls, seconds=seconds, dollars=0.0, parts=parts)

    def _expected_posts(self, collection: Collection) -> int:
        written = int(self.account.get("statuses_count") or 0)
        created = _time(self.account.get("created_at"))
        age = (collection.begun_at - created).total_seconds() if created else 0.0
        share = (collection.begun_at - collection.since).total_seconds() / age if age > 0 else 1.0
        return math.ceil(written * min(max(share, 0.0), 1.0))

    # -- the collection ---------------------------------------------------------------------------------------

    def collect(self, collection: Collection) -> None:
        """Ask for everything."""
        self._list(collection, "followers", "followers_count", collection.options.limit)
        self._list(collection, "following", "following_count", None)
        self._posts(collection)
        if self.own:
            self._notifications(collection)
        if collection.options.sample is not None:
            self._sample(collection, collection.options.sample)

    def _list(self, collection: Collection, side: str, counter: str, limit: int | None) -> None:
        """The followers, or the accounts followed; a list that is hidden is unknown, not empty."""
        claimed = int(self.account.get(counter) or 0)
        total = claimed if limit is None else min(claimed, limit)
        listing = self._listing(collection, side, f"/api/v1/accounts/{self.account['id']}/{side}", ACCOUNTS)
        listed = 0
        for _ in islice(_ids(listing), limit):
            listed += 1
            if listed % ACCOUNTS == 0:
                collection.show(side, listed, total)
        hidden = not listed and claimed > 0 and listing.refused is None
        if listing.refused is not None:
            collection.note(
                f"The list of {side} was not shown or broke off ({_reason(listing.refused)})"
                + ("." if collection.login else f"; a login may show it: headcount login mastodon {self._host}.")
            )
        elif hidden:
            collection.note(f"The account hides its {side}: {claimed:,} are counted and none is listed.")
        else:
            collection.show(side, listed, listed)
        collection.landing.set_meta(f"listed_{side}", str(listed))
        name: ListName = "followers" if side == "followers" else "following"
        coverage = listing.coverage(
            name,
            str(collection.landing.meta("account_id")),
            listed=listed,
            claimed=claimed,
            limit=limit,
            detail=_reason(listing.refused) if listing.refused else None,
        )
        if coverage.is_complete and not self.is_home:
            coverage = replace(coverage, state="partial", reason="other_server")
        collection.landing.set_coverage(coverage)

    def _posts(self, collection: Collection) -> None:
        """The statuses since the date that was asked for, and all that responded to them."""
        path = f"/api/v1/accounts/{self.account['id']}/statuses"
        listing = self._listing(collection, "posts", path, STATUSES)
        expected, seen = self._expected_posts(collection), 0
        for page in listing:
            times = []
            for status in _objects(page):
                times.append(_time(status.get("created_at")) or datetime.max.replace(tzinfo=UTC))
                if not status.get("reblog") and times[-1] >= collection.since:
                    self._responses(collection, status)
                    seen += 1
                    collection.show("posts and who responded", seen, max(expected, seen))
            if times and max(times) < collection.since:
                break
        if listing.refused is not None:
            collection.note(f"The posts could not be read to their end ({_reason(listing.refused)}).")
        for status_id in self._further:
            if status_id not in self._threaded:
                self._thread(collection, status_id)

    def _responses(self, collection: Collection, status: Object) -> None:
        """Who answered, favourited and boosted one status; of an answer to somebody else, only the answers to it."""
        status_id = str(status["id"])
        reply = status.get("in_reply_to_id") is not None
        own_thread = reply and status.get("in_reply_to_account_id") == self.account["id"]
        if status.get("replies_count"):
            if own_thread:
                self._further.append(status_id)
            else:
                self._thread(collection, status_id)
        if reply and not own_thread:
            return
        for counter, step in (("favourites_count", "favourited_by"), ("reblogs_count", "reblogged_by")):
            if status.get(counter):
                for _ in self._listing(collection, step, f"/api/v1/statuses/{status_id}/{step}", ACCOUNTS):
                    pass
        if self.own and status.get("quotes_count"):
            for _ in self._listing(collection, "quotes", f"/api/v1/statuses/{status_id}/quotes", STATUSES):
                pass

    def _thread(self, collection: Collection, status_id: str) -> None:
        page = collection.try_get("context", f"{self.server}/api/v1/statuses/{status_id}/context", bucket=self._host)
        if page is not None and page.good:
            shown = _content(page).get("descendants")
            self._threaded.update(str(item["id"]) for item in shown or () if isinstance(item, dict) and "id" in item)

    def _notifications(self, collection: Collection) -> None:
        """The account's own notifications since the date that was asked for: they tell times that nothing else does."""
        kinds = [("types[]", kind) for kind in _OWN_NOTIFICATIONS]
        listing = self._listing(collection, "notifications", "/api/v1/notifications", STATUSES, kinds)
        seen = 0
        for page in listing:
            times = [_time(item.get("created_at")) for item in _objects(page)]
            seen += len(times)
            collection.show("notifications", seen, None)
            if any(time is not None and time < collection.since for time in times):
                break

    def _sample(self, collection: Collection, size: int) -> None:
        """The latest statuses of followers that are drawn uniformly from the whole list."""
        listing = self._listing(collection, "followers", f"/api/v1/accounts/{self.account['id']}/followers", ACCOUNTS)
        chosen = uniform_sample(_ids(listing), size, str(self.account["id"]))
        if len(chosen) < int(collection.landing.meta("listed_followers") or 0):
            collection.landing.set_meta("sample", str(len(chosen)))
        for looked, account in enumerate(chosen, 1):
            path = f"{self.server}/api/v1/accounts/{account}/statuses"
            collection.try_get("latest", path, [("limit", LATEST)], bucket=self._host)
            collection.show("latest posts of sampled followers", looked, len(chosen))

    # -- calls --------------------------------------------------------------------------------------------------

    @property
    def _host(self) -> str:
        return urlsplit(self.server).netloc

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
        parameters: Iterable[tuple[str, str]] = (),
    ) -> Listing:
        """A list whose next page only the Link header tells."""
        first: list[tuple[str, str | int]] = [*parameters, ("limit", size)]

        def ask(cursor: str | None) -> Page:
            if cursor is None:
                return self._get(collection, step, path, first)
            return collection.get(step, cursor, bucket=self._host)

        return Listing(collection, f"The list of {step}", ask, self._following_page, lambda page: len(_objects(page)))

    def _following_page(self, page: Page) -> str | None:
        """The address of the next page, on the same server only."""
        found = _NEXT.search(page.headers.get("link", ""))
        if found is None:
            return None
        parts = urlsplit(found[1])
        return f"{self.server}{parts.path}?{parts.query}"


def _objects(page: Page) -> list[Object]:
    content = page.json
    return [item for item in content if isinstance(item, dict)] if isinstance(content, list) else []


def _ids(pages: Iterable[Page]) -> Iterator[str]:
    for page in pages:
        for item in _objects(page):
            if item.get("id"):
                yield str(item["id"])


def _content(page: Page) -> Object:
    try:
        content = page.json
    except InputError:  # an error page need not be JSON
        return {}
    return content if isinstance(content, dict) else {}


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _reason(page: Page) -> str:
    said = _content(page).get("error")
    return f"HTTP {page.status}" + (f": {str(said)[:80]}" if said else "")


def _refused(host: str) -> AccessDenied:
    return AccessDenied(
        f"{host} refuses the login that is kept for it.",
        hint=f"log in again: headcount login mastodon {host}, or forget the login with --out",
    )


def _no_account(name: str, host: str, page: Page) -> UsageError | AccessDenied:
    if page.status in (401, 403):
        return AccessDenied(
            f"{host} shows nothing to people without a login ({_reason(page)}).",
            hint=f"log in with a token of an account there: headcount login mastodon {host}",
        )
    return AccountNotFound(
        f"{host} has no account {name!r} ({_reason(page)}).", hint="check the handle: alice@server.example."
    )
