"""One collection under way: asks for each page once, keeps it, and tells how far it is."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol
from urllib.parse import urlencode, urlsplit

from headcount.errors import BudgetReached, PlatformUnavailable
from headcount.sources.collect.client import AnswerTooLarge, Client
from headcount.sources.collect.failures import Failures, NotRequested, failure_words
from headcount.sources.collect.landing import Landing, NoteTopic, Page
from headcount.sources.collect.options import SINCE_DAYS, Options

__all__ = ["Collection", "Login", "log"]

log = logging.getLogger("headcount.collect")
_JSON = "application/json"
_TOO_LARGE = 413
"""The status that stands for an answer over the size limit."""


class Login(Protocol):
    """A login that requests are made with."""

    def headers(self, url: str) -> Mapping[str, str]:
        """The headers that carry it; none for an address it is not meant for."""

    def renew(self) -> bool:
        """Get a new session where the old one has expired; False where that cannot be done."""


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
            log.warning("Skipped: %s (%s)", address, error.message)
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
            log.warning("A list is incomplete: %s (%s)", error.address, error.message)
            self.failures.add(error, self._responds, at_once=True)
        words, step = failure_words(error), str(error.step)
        status = error.status if error.status is not None and error.status >= 300 else 500
        now = datetime.now(UTC).isoformat()
        return Page(step, str(error.address), status, now, {}, b"", True, failure=words)

    def _ask(self, address: str, bucket: str, expect: str) -> Any:
        headers = self.login.headers(address) if self.login else {}
        answer = self.client.get(address, headers=headers, bucket=bucket, expect=expect)
        if self.login and headers and _expired(answer.status, answer.body):
            log.info("The session has expired and is renewed.")
            if self.login.renew():
                headers = self.login.headers(address)
                answer = self.client.get(address, headers=headers, bucket=bucket, expect=expect)
        return answer

    def _allow(self, price: float) -> None:
        most = self.options.max_cost
        if most is not None and price and self.spent + price > most + 1e-9:
            raise BudgetReached(
                f"Going on could cost more than the ${most:,.2f} that were allowed; ${self.spent:,.2f} are spent.",
                hint="raise --max-cost to resume where it stopped.",
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
            log.warning("Skipped: %s (%s)", error.address, error.message)
            if not isinstance(error, NotRequested):
                self.failures.add(error, self._responds, at_once=False)
            self.left_out.setdefault(step, []).append(error.message)
            return None

    def tell_left_out(self) -> None:
        """Note what this run left out; not before its end, as a run that was stopped asks for it again."""
        for step, reasons in self.left_out.items():
            pages = "1 page" if len(reasons) == 1 else f"{len(reasons):,} pages"
            self.note(f"Skipped because the platform did not respond: {pages} of {step} ({reasons[-1]})")
        for step, failed in self.unread.items():
            *_, why = failed.values()
            what = f"the list of {step} or its rest ({why}); the next run requests it again"
            if len(failed) > 1:
                what = f"{len(failed):,} lists of {step} ({why}); the next run requests them again"
            self.note(f"Skipped because the platform did not respond: {what}.")


def _address(url: str, parameters: Iterable[tuple[str, str | int]]) -> str:
    query = urlencode(list(parameters))
    return f"{url}?{query}" if query else url


def _expired(status: int, body: bytes) -> bool:
    return status == 401 or (status == 400 and (b"ExpiredToken" in body[:500] or b"InvalidToken" in body[:500]))
