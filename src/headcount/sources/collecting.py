"""Collecting from a platform: what all collectors have in common.

A collector asks a platform for pages and keeps them in a landing; a source of the same platform later reads the
landing like any other file. A collector is written as if it began anew each time: a page that is in the landing is
taken from there, so the same run after a stop asks only for what is missing.
"""

from __future__ import annotations

import hashlib
import heapq
import importlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

import msgspec

from headcount.errors import BudgetReached, PlatformError, PlatformUnavailable, UsageError
from headcount.incoming import ListCoverage, ListName, Reason, State
from headcount.record import Record
from headcount.safe_text import plain
from headcount.sources.failures import Failures, NotRequested, failure_words
from headcount.sources.gone import AccountGone, earlier_account_id, record_gone
from headcount.sources.handles import Target
from headcount.sources.http import AnswerTooLarge, Client, Limit, duration
from headcount.sources.landing import ENDING, Landing, NoteTopic, Page, find_unfinished, landing_folder, remove_landing
from headcount.sources.links import OtherAddress
from headcount.sources.list_bounds import MAX_UNCOUNTED, max_entries
from headcount.sources.malformed import ODD_VALUE
from headcount.times import as_datetime

__all__ = [
    "COLLECTORS",
    "Collection",
    "Collector",
    "Listing",
    "Login",
    "Options",
    "Quote",
    "collect",
    "end_state",
    "log_file",
    "refusal_reason",
    "uniform_sample",
]

log = logging.getLogger("headcount.collect")

COLLECTORS = {
    "bluesky": ("bluesky", "BlueskyCollector"),
    "mastodon": ("mastodon", "MastodonCollector"),
    "x": ("x_api", "XCollector"),
}
"""Platform -> module and class; a new one is one line here."""

SINCE_DAYS = 365.0
"""How far back posts are collected where nothing else is asked for: as far as ties look back."""
MOST_EMPTY = 50
"""So many pages in a row without an item, though each points to a next one, end a list."""
_JSON = "application/json"
_TOO_LARGE = 413
"""The status that stands for an answer over the size limit."""
MAX_GONE_SHARE = 0.02
"""Share of a counter by which a list may be shorter because accounts are gone, where its last page was full."""
MIN_LISTED_SHARE, MIN_MISSING = 0.5, 10
"""A list shorter than this share of its counter, with so many missing, is not taken for complete however it ended."""
_USUAL_PAGES = frozenset({40, 50, 80, 100})
Unit = Mapping[str, str | int]


@dataclass(frozen=True, repr=False)
class Options(Record):
    """What the user asked for.

    Attributes:
        limit: at most so many followers, the newest.
        since: posts from then on, a time as in `headcount.times`; a year where it is not given.
        sample: look closer at so many followers only, drawn uniformly from the whole list.
        spend_at_most: dollars.
        service: address of another server of the platform than the usual one.
        backlinks: address of an index of backlinks (Bluesky).
        circles: ask who of so many followers, drawn uniformly from the whole list, follow each other (Bluesky).
    """

    limit: int | None = None
    since: datetime | None = None
    sample: int | None = None
    spend_at_most: float | None = None
    service: str | None = None
    backlinks: str | None = None
    circles: int | None = None

    def __post_init__(self) -> None:
        if self.since is not None:
            object.__setattr__(self, "since", as_datetime(self.since, "since"))

    def text(self) -> str:
        """As text; what it may cost is left out: that may be raised and the collection go on."""
        kept = {name: value for name, value in msgspec.to_builtins(self).items() if name != "spend_at_most"}
        if self.circles is None:  # as collections wrote it that were begun before there was this option
            kept.pop("circles", None)  # what was read from such a text does not list it at all
        return msgspec.json.encode(kept).decode()


@dataclass(frozen=True, repr=False)
class Quote(Record):
    """What a collection will take, told before it begins.

    Attributes:
        account_id, handle: whose.
        calls: requests, about.
        seconds: about, with the limits of the platform.
        dollars: about; 0 where the platform asks for none.
        parts: (what for, calls) in the order in which they are made.
        advice: how to do with less, where it is much; None elsewhere.
    """

    account_id: str
    handle: str
    calls: int
    seconds: float
    dollars: float
    parts: tuple[tuple[str, int], ...]
    advice: str | None = None

    @property
    def is_long(self) -> bool:
        """Does it take ten minutes or more, or money?"""
        return self.seconds >= 600 or self.dollars > 0

    def columns(self) -> dict[str, list[Any]]:
        """One row a part: what for, and the calls."""
        return {"part": [what for what, _ in self.parts], "calls": [calls for _, calls in self.parts]}

    def summary(self) -> str:
        """Calls, minutes, dollars."""
        return self.sentence()

    def sentence(self) -> str:
        """Calls, minutes, dollars."""
        money = f" and ${self.dollars:,.2f}" if self.dollars else ""
        return f"@{self.handle}: about {self.calls:,} calls, {duration(self.seconds)}{money}."


class Login(Protocol):
    """A login that requests are made with."""

    def headers(self, url: str) -> Mapping[str, str]:
        """The headers that carry it; none for an address it is not meant for."""

    def renew(self) -> bool:
        """Get a new session where the old one has expired; False where that cannot be done."""


class Collector(Protocol):
    """Asks one platform for what is to be known of one account."""

    platform: str

    def limit(self, bucket: str) -> Limit | None:
        """The documented limit of a bucket; None where there is none."""

    def quote(self, collection: Collection, target: Target) -> Quote:
        """Look at the account and say what collecting will take.

        Raises:
            AccountNotFound: there is no such account.
            AccessDenied: the platform does not show it.
        """

    def collect(self, collection: Collection) -> None:
        """Ask for everything, after `quote`."""


@dataclass
class Collection:
    """One collection under way: asks for each page once, keeps it, and tells how far it is.

    Attributes:
        landing: where pages are kept.
        client: how pages are asked for.
        options: what was asked for.
        login: whose pages; None: as anybody.
        show: told (step, done, total or None) after each page.
        say: told a sentence for the user.
        spent: dollars so far, with what earlier runs of this collection spent.
        failures: requests that failed for good, and which servers respond.
        left_out: step -> why pages of it were left out; unread: step -> address -> why a list was not read to its end.
        probe_price: dollars of finding out whether the server is down (see `Failures.set_probe`).
    """

    landing: Landing
    client: Client
    options: Options = field(default_factory=Options)
    login: Login | None = None
    show: Callable[[str, int, int | None], None] = lambda _step, _done, _total: None
    say: Callable[[str], None] = lambda _text: None
    spent: float = 0.0
    failures: Failures = field(default_factory=Failures)
    left_out: dict[str, list[str]] = field(default_factory=dict)
    unread: dict[str, dict[str, str]] = field(default_factory=dict)
    probe_price: float = 0.0

    @property
    def begun_at(self) -> datetime:
        """When the first run of this collection began: what counts back in time counts from there."""
        return datetime.fromisoformat(str(self.landing.meta("begun_at")))

    @property
    def since(self) -> datetime:
        """Posts older than this are not asked for."""
        return self.options.since or self.begun_at - timedelta(days=SINCE_DAYS)

    def note(self, text: str, *, topic: NoteTopic | None = None) -> None:
        """Write down what the user should know; see `Landing.note`."""
        log.info(text)
        self.landing.note(text, topic=topic)

    def get(
        self,
        step: str,
        url: str,
        parameters: Iterable[tuple[str, str | int]] = (),
        *,
        bucket: str = "",
        expect: str = _JSON,
        price: float = 0.0,
    ) -> Page:
        """One page, from the landing or from the platform.

        Args:
            step: what it is for, in the collector's words.
            url: without parameters; parameters: in order.
            bucket, expect: see `Client.get`.
            price: dollars that the page may cost at most.

        Raises:
            PlatformUnavailable: it was not answered.
            BudgetReached: it could cost more than what is left.
        """
        address = _address(url, parameters)
        known = self.landing.get(address)
        if known is not None:
            self._add_response(known, price, expect)
            return known
        self.failures.check(step, address)
        self._allow(price)
        try:
            answer = self._ask(address, bucket, expect)
        except AnswerTooLarge as error:  # kept as a refusal, since it would be as long the next time
            log.warning("Left out: %s (%s)", address, error.message)
            return self.landing.put(step, address, _TOO_LARGE, {}, b"")
        except PlatformUnavailable as error:
            error.step, error.address = step, address
            raise
        # a login or a payment may change that, so it is not kept
        if answer.status in (401, 402, 403) or _expired(answer.status, answer.body):
            now = datetime.now(UTC).isoformat()
            page = Page(step, address, answer.status, now, answer.headers, answer.body, True)
        else:
            page = self.landing.put(step, address, answer.status, answer.headers, answer.body)
        self._add_response(page, price, expect)
        return page

    def _add_response(self, page: Page, price: float, expect: str) -> None:
        self.failures.add_response(page.step, page.url, now=page.asked)
        if page.good and not price and expect == _JSON:  # an answer of any kind may come from a proxy alone
            self.failures.set_probe(page.url)

    def _responds(self, address: str) -> bool:
        """Does the server still return a page that it has returned before?"""
        self._allow(self.probe_price)
        self.spent += self.probe_price
        try:
            self._ask(address, urlsplit(address).netloc, _JSON)
        except PlatformUnavailable as error:
            log.info("%s does not respond either: %s", address, error.message)
            return False
        return True

    def without_page(self, error: PlatformUnavailable) -> Page:
        """The page of a list that the collection goes on without; it is not kept, so the next run requests it again.

        Raises:
            PlatformUnavailable: the server is down, or its rate limit is exceeded (429).
        """
        if error.status == 429:
            raise error
        if not isinstance(error, NotRequested):
            log.warning("A list broke off: %s (%s)", error.address, error.message)
            self.failures.add(error, self._responds, at_once=True)
        words, step = failure_words(error), str(error.step)
        status = error.status if error.status is not None and error.status >= 300 else 500
        now = datetime.now(UTC).isoformat()
        return Page(step, str(error.address), status, now, {}, b"", True, failure=words)

    def _ask(self, address: str, bucket: str, expect: str) -> Any:
        headers = self.login.headers(address) if self.login else {}
        answer = self.client.get(address, headers=headers, bucket=bucket, expect=expect)
        if self.login and headers and _expired(answer.status, answer.body):
            log.info("The session has expired; it is renewed.")
            if self.login.renew():
                headers = self.login.headers(address)
                answer = self.client.get(address, headers=headers, bucket=bucket, expect=expect)
        return answer

    def _allow(self, price: float) -> None:
        most = self.options.spend_at_most
        if most is not None and price and self.spent + price > most + 1e-9:
            raise BudgetReached(
                f"Going on could cost more than the ${most:,.2f} that were allowed; ${self.spent:,.2f} are spent.",
                hint="allow more with --spend-at-most; it goes on where it stopped.",
            )

    def try_get(
        self, step: str, url: str, parameters: Iterable[tuple[str, str | int]] = (), **more: Any
    ) -> Page | None:
        """One page that the collection can do without; None where it is not answered.

        Raises:
            PlatformUnavailable: it is the third in a row, and nothing else is answered any more either.
        """
        try:
            return self.get(step, url, parameters, **more)
        except PlatformUnavailable as error:
            log.warning("Left out: %s (%s)", error.address, error.message)
            if not isinstance(error, NotRequested):
                self.failures.add(error, self._responds, at_once=False)
            self.left_out.setdefault(step, []).append(error.message)
            return None

    def tell_left_out(self) -> None:
        """Note what this run left out; not before its end, as a run that was stopped asks for it again."""
        for step, reasons in self.left_out.items():
            pages = "1 page" if len(reasons) == 1 else f"{len(reasons):,} pages"
            self.note(f"Left out, because the platform did not answer: {pages} of {step} ({reasons[-1]})")
        for step, failed in self.unread.items():
            *_, why = failed.values()
            what = f"the list of {step} or its rest ({why}); the next run requests it again"
            if len(failed) > 1:
                what = f"{len(failed):,} lists of {step} ({why}); the next run requests them again"
            self.note(f"Left out, because the platform did not answer: {what}.")


class Listing:
    """A list that comes in pages: gives them one by one and knows, at the end, whether it was whole.

    An empty page that points to a next one is not the end. A list that points back to where it was is.
    What it says of itself is a typed fact (`coverage`), which the landing keeps.

    Args:
        collection: asks for the pages.
        what: its name, for notes.
        ask: the page of a cursor (None: the first).
        following: cursor of the page after one; None: it is the last.
        items: how many items a page has.
        readable: is the content of a page a page of the list?
        size: items of a full page, as requested; None where the server may choose a smaller one.
        refusal: why a page shows nothing of the list, where its content tells; None leaves it to the status.
        claimed: entries by the platform's counter, which bounds how many are read (see `list_bounds`).
        counted: how many items of a page the counter counts; all of them where it is not given.

    Attributes:
        whole: it came to its end.
        ended: why it did not come to its end; None where it did, or where the caller stopped asking.
        refused: the page that was no good, where there was one.
        failed: that page was not answered at all.
        pages: how many were read.
    """

    def __init__(
        self,
        collection: Collection,
        what: str,
        ask: Callable[[str | None], Page],
        following: Callable[[Page], str | None],
        items: Callable[[Page], int],
        readable: Callable[[Page], bool] = lambda _page: True,
        *,
        size: int | None = None,
        refusal: Callable[[Page], Reason | None] = lambda _page: None,
        claimed: int | None = None,
        counted: Callable[[Page], int] | None = None,
    ) -> None:
        self._readable = readable
        self._collection, self._what, self._ask, self._following, self._items = collection, what, ask, following, items
        self._size, self._refusal = size, refusal
        self._bound, self._counted = claimed, counted or items
        self._rows = self._counted_rows = 0
        self.whole = False
        self.ended: Reason | None = None
        self.refused: Page | None = None
        self.pages = 0
        self._last = self._largest_before = 0

    def __iter__(self) -> Iterator[Page]:
        cursor: str | None = None
        seen: set[str | None] = {None}
        empty = 0
        while True:
            try:
                page = self._page(cursor, seen)
            except BudgetReached:
                self.ended = "cost_limit"
                raise
            reason = self._refusal(page) if page.failure is None else None
            if reason is None and (not page.good or not self._readable(page)):
                reason = refusal_reason(page.status)
            if reason is not None:
                self.refused, self.ended = page, reason
                if page.failure is not None:
                    self._collection.unread.setdefault(page.step, {})[page.url] = page.failure
                return
            self.pages += 1
            self._largest_before, self._last = max(self._largest_before, self._last), self._items(page)
            self._rows, self._counted_rows = self._rows + self._last, self._counted_rows + self._counted(page)
            yield page
            try:
                cursor = self._following(page)
            except OtherAddress as other:
                self.ended = "other_address"
                self._collection.note(f"{self._what} {other}: it is partial.")
                return
            if cursor is None:
                self.whole = True
                return
            if self._is_too_long():
                return
            empty = 0 if self._last else empty + 1
            if cursor in seen or empty >= MOST_EMPTY:
                self.ended = "repeated_page" if cursor in seen else "empty_pages"
                why = "ran in a circle" if cursor in seen else f"gave {empty} empty pages in a row"
                self._collection.note(f"{self._what} {why} and was ended there: it is partial.")
                return
            seen.add(cursor)

    @property
    def failed(self) -> bool:
        """Did it end because a page was not answered at all?"""
        return self.refused is not None and self.refused.failure is not None

    def _is_too_long(self) -> bool:
        """Has the list exceeded its maximum length though the server names a further page? Adds a note if so."""
        most = max_entries(self._bound)
        if self._bound is not None and self._counted_rows > most:
            self.ended = "longer_than_counter"
            why = f"was ended after {self._rows:,} entries, far more than the {self._bound:,} expected"
        elif self._rows > max(most, MAX_UNCOUNTED):
            self.ended = "maximum_length"
            why = f"was ended after {self._rows:,} entries, the maximum without a counter"
        else:
            return False
        self._collection.note(f"{self._what} {why}: it is partial.")
        return True

    def _request(self, cursor: str | None) -> Page:
        """The page of a cursor; where the server fails for this list only, a page that says so."""
        try:
            return self._ask(cursor)
        except PlatformUnavailable as error:
            return self._collection.without_page(error)

    def _page(self, cursor: str | None, seen: set[str | None]) -> Page:
        """The page of a cursor; one that points back to where the list was may be a fault, so it is asked for twice."""
        page = self._request(cursor)
        if page.good and self._readable(page) and self._points_back(page, seen):
            log.info("%s points back to where it was; its page is asked for again.", self._what)
            self._collection.landing.drop(page.url)
            page = self._request(cursor)
        return page

    def _points_back(self, page: Page, seen: set[str | None]) -> bool:
        try:
            following = self._following(page)
        except OtherAddress:
            return False
        return following is not None and following in seen

    @property
    def last_page_full(self) -> bool:
        """Had the last page as many items as a page can have, so that the list need not end with it?"""
        if self.pages > 1:
            return 0 < self._largest_before <= self._last
        return self._last in _USUAL_PAGES if self._size is None else self._last >= self._size

    def coverage(
        self,
        name: ListName,
        account_id: str,
        *,
        listed: int,
        claimed: int | None,
        limit: int | None = None,
        detail: str | None = None,
        enough: bool = False,
        can_hide: bool = True,
    ) -> ListCoverage:
        """How completely the list was read, after the last page.

        A list that came to its end is not complete where its last page was full and the counter is higher by more
        than accounts that are gone explain (the server gave no next page), or where the counter is twice as high.

        Args:
            name: of the list; account_id: the account that it belongs to.
            listed: entries read; claimed: entries by the platform's counter, None where that is unknown.
            limit: most entries that were wanted.
            detail: what the server said, where it refused a page.
            enough: all that was wanted was read, which is less than the counter counts.
            can_hide: accounts of the platform can hide the list.
        """
        state: State = "complete"
        reason: Reason | None = None
        if self.ended is not None:
            reason = self.ended if not listed or self.refused is None else "broke_off"
            state = "partial" if listed else "unknown" if self.refused is None else "refused"
            if reason == "hidden_by_account":
                state = "hidden"
        elif enough:
            claimed = None
        elif not self.whole:
            state, reason = "partial", "limit" if limit is not None and listed >= limit else "broke_off"
        else:
            state, reason = end_state(listed, claimed, can_hide=can_hide)
            if listed and self._lacks_next_page(listed, claimed):
                state, reason = "partial", "no_next_page"
        now = datetime.now(UTC).isoformat()
        return ListCoverage(account_id, name, state, reason, listed, claimed, detail, now)

    def _lacks_next_page(self, listed: int, claimed: int | None) -> bool:
        if not self.last_page_full:
            return False
        if claimed is None:  # paging that worked before is taken to have come to its end
            return self.pages == 1 and self._size is not None
        return claimed - listed > MAX_GONE_SHARE * claimed


def end_state(listed: int, claimed: int | None, *, can_hide: bool = True) -> tuple[State, Reason | None]:
    """State and reason of a list that came to its end, by the platform's counter.

    Args:
        listed: entries read; claimed: entries by the counter, None where that is unknown.
        can_hide: accounts of the platform can hide the list.
    """
    if claimed is None:  # an empty list without a counter may be a hidden one
        return ("complete" if listed else "unknown"), None
    if listed >= claimed:
        return "complete", None
    if not listed and can_hide:
        return "hidden", "hidden_by_account"
    if claimed - listed >= MIN_MISSING and listed < MIN_LISTED_SHARE * claimed:
        return ("partial" if listed else "unknown"), "shorter_than_counter"
    return "complete", "removed_or_private"


def refusal_reason(status: int) -> Reason:
    """The reason that an HTTP status stands for, where a list is refused with it; 2xx: its content is no list."""
    if status in (401, 403):
        return "login_required"
    if 300 <= status < 400:
        return "other_address"
    return "not_supported" if status in (404, 405, 410, 422, 501) else "server_error"


def _address(url: str, parameters: Iterable[tuple[str, str | int]]) -> str:
    query = urlencode(list(parameters))
    return f"{url}?{query}" if query else url


def _expired(status: int, body: bytes) -> bool:
    return status == 401 or (status == 400 and (b"ExpiredToken" in body[:500] or b"InvalidToken" in body[:500]))


def uniform_sample(items: Iterable[str], size: int, salt: str) -> list[str]:
    """A uniform sample of a stream, in the memory of the sample alone: the items whose hashes are the smallest.

    The same items and salt give the same sample, in any order; so a run after a stop draws it again.

    Args:
        items: distinct; size: how many to draw; all of them where there are fewer.
        salt: parts the sample of one list from that of another.
    """
    largest: list[tuple[int, str]] = []  # a heap with the largest hash on top, negated
    for item in items:
        ranked = (-int.from_bytes(hashlib.blake2b(f"{salt}\0{item}".encode(), digest_size=8).digest()), item)
        if len(largest) < size:
            heapq.heappush(largest, ranked)
        elif size and ranked > largest[0]:
            heapq.heapreplace(largest, ranked)
    return [item for _, item in sorted(largest, reverse=True)]


def collect(
    target: Target,
    workspace: Path,
    options: Options,
    *,
    client: Callable[..., Client] = Client,
    login: Callable[[Target], Login | None] = lambda _target: None,
    agree: Callable[[Quote], bool] = lambda _quote: True,
    show: Callable[[str, int, int | None], None] = lambda _step, _done, _total: None,
    say: Callable[[str], None] = lambda _text: None,
    fresh: bool = False,
) -> Path | None:
    """Collect one account into a landing; goes on with one that was begun with the same options.

    Args:
        target: whom; workspace: the folder that the landing goes into; options: what was asked for.
        client: makes the client, given `say` and the limits; login: finds the login of a target.
        agree: asked with the quote whether to go on.
        show, say: see `Collection`.
        fresh: begin anew even where a collection was stopped.

    Returns:
        The finished landing; None where `agree` said no.

    Raises:
        PlatformError: what was collected is kept, and the same call goes on from there.
    """
    _check(options, target)
    module, name = COLLECTORS[target.platform]
    collector: Collector = getattr(importlib.import_module(f"headcount.sources.{module}"), name)()
    folder = landing_folder(workspace, f"{target.platform}:{target.name}")
    path = None if fresh else find_unfinished(folder, options.text())
    new = path is None
    if path is None:
        path = folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}{ENDING}"
    begun = False
    try:
        with Landing(path, write=True) as landing, client(say=say, limits=collector.limit) as asking:
            for key, value in (("platform", target.platform), ("target", target.name), ("options", options.text())):
                landing.set_meta(key, value)
            if not new:
                since = str(landing.meta("begun_at"))[:16].replace("T", " ")
                say(
                    f"Going on with the collection begun {since} UTC. {landing.count():,} answers are kept already and "
                    "are not asked for again; what follows counts them too."
                )
            collection = Collection(landing, asking, options, login(target), show, say)
            collection.failures.is_preparing = True
            try:
                with _expected_form(target):
                    quote = collector.quote(collection, target)
            except AccountGone as gone:
                if gone.account_id is None or earlier_account_id(landing) != gone.account_id:
                    raise
                begun = True
                say(gone.message)
                record_gone(landing, gone)
                return path
            landing.set_meta("account_id", quote.account_id)
            if not agree(quote):
                return None
            begun = True
            with _expected_form(target):
                _run(collector, collection)
    finally:
        if new and not begun:  # an answer to a question that went no further is no collection to go on with
            remove_landing(path)
    return path


@contextmanager
def _expected_form(target: Target) -> Iterator[None]:
    """Values of another type than a platform documents are left out where they stand; the rest ends the run here.

    Raises:
        PlatformError: a response has a form that the collector does not expect. What was collected is kept.
    """
    try:
        yield
    except ODD_VALUE as error:
        raise PlatformError(
            f"A response about {target.name} has an unexpected form ({type(error).__name__}: {str(error)[:80]}).",
            hint="run the same command again to resume; what was collected is kept.",
        ) from error


def _run(collector: Collector, collection: Collection) -> None:
    """Ask for everything; what is stopped by the budget is taken in as it is, and can go on."""
    usage = collection.client.usage
    collection.failures.is_preparing = False
    try:
        collector.collect(collection)
    except BudgetReached as error:
        collection.tell_left_out()
        collection.note(f"{error.message} What was read until then is imported; it is partial.", topic="cost_limit")
        collection.say(str(error))
    else:
        collection.tell_left_out()
        collection.landing.finish()
    finally:
        if usage.requests:
            log.info(usage.sentence())
            collection.say(usage.sentence())


class _PlainFormatter(logging.Formatter):
    """One line a message, without control characters: a log is read in a terminal, and servers write into it."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 (the standard library's name)
        return plain(super().formatMessage(record))


@contextmanager
def log_file(path: Path) -> Iterator[None]:
    """Write what happens in collecting, with its time, to the end of a file that only the user can read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_PlainFormatter("%(asctime)s %(levelname)s %(message)s"))
    before = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(before)
        handler.close()


_NAMES = {"mastodon": "Mastodon", "x": "X"}


def _check(options: Options, target: Target) -> None:
    """Refuse options that cannot be.

    Raises:
        UsageError: they exclude each other or are no numbers that make sense.
    """
    if options.limit is not None and options.sample is not None:
        raise UsageError(
            "--limit takes the newest followers and --sample draws from all of them.", hint="use one of the two."
        )
    if options.circles is not None and target.platform != "bluesky":
        raise UsageError(
            f"Who of the followers follow each other can be asked of Bluesky only, not of {_NAMES[target.platform]}.",
            hint="leave --circles out; follows between followers can be added as a table (docs/how-to/import.md).",
        )
    for address in (options.service, options.backlinks):
        if address is not None and not address.startswith(("http://", "https://")):
            raise UsageError(f"{address!r} is no address of a server.", hint="it begins with https://")
