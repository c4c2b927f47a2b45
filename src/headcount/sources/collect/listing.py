"""Lists that come in pages: how they are read, how they end, and how completely they were read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from headcount.errors import BudgetReached, PlatformUnavailable
from headcount.incoming import ListCoverage, ListName, Reason, State
from headcount.sources.collect.collection import Collection, log
from headcount.sources.collect.landing import Page
from headcount.sources.collect.links import OtherAddress
from headcount.sources.collect.list_bounds import MAX_UNCOUNTED, max_entries

__all__ = ["Listing", "end_state", "refusal_reason"]

MAX_EMPTY = 50
"""So many pages in a row without an item, though each points to a next one, end a list."""
MAX_GONE_SHARE = 0.02
"""Share of a counter by which a list may be shorter because accounts are gone, where its last page was full."""
MIN_LISTED_SHARE, MIN_MISSING = 0.5, 10
"""A list shorter than this share of its counter, with so many missing, is not taken for complete however it ended."""
_USUAL_PAGES = frozenset({40, 50, 80, 100})


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
                self._collection.note(f"{self._what} {other}: the list is incomplete.")
                return
            if cursor is None:
                self.whole = True
                return
            if self._is_too_long():
                return
            empty = 0 if self._last else empty + 1
            if cursor in seen or empty >= MAX_EMPTY:
                self.ended = "repeated_page" if cursor in seen else "empty_pages"
                why = "returned a repeated cursor" if cursor in seen else f"returned {empty} empty pages in a row"
                self._collection.note(f"{self._what} {why} and was stopped: the list is incomplete.")
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
            why = f"was stopped after {self._rows:,} entries, far more than the {self._bound:,} expected"
        elif self._rows > max(most, MAX_UNCOUNTED):
            self.ended = "maximum_length"
            why = f"was stopped after {self._rows:,} entries, the maximum without a counter"
        else:
            return False
        self._collection.note(f"{self._what} {why}: the list is incomplete.")
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
            log.info("%s returned the same cursor; the page is requested again.", self._what)
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
