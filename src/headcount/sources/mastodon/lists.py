"""Lists of Mastodon's client API page by page, and how completely each was read.

The next page is named in the `Link` header. Servers and proxies that leave the header out are asked on with `max_id`,
which is documented for statuses and notifications; for accounts it is a number of the server's own, so what follows is
checked: entries must be new, and the counter must be reached. Otherwise the list is partial.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Literal
from urllib.parse import quote, urlencode, urlsplit

from headcount.errors import InputError
from headcount.incoming import ListCoverage, ListName
from headcount.sources.collect.collection import Collection
from headcount.sources.collect.landing import Page
from headcount.sources.collect.links import next_on_server
from headcount.sources.collect.listing import Listing
from headcount.sources.mastodon.values import (
    Object,
    counter,
    entries,
    hides,
    ids_of,
    next_address,
    reason_of,
)
from headcount.sources.rows import truth_value, whole_number

__all__ = ["PagedListing", "judge_list", "judge_posts", "status_address", "without_counter"]

_PAGE_CAP, _ROUND = 40, 10
"""Some servers return at most this many entries, whatever is requested; others cap at another round number."""
_MAX_GAP, _MAX_GAP_SHARE = 3, 4
"""A list that was read to its end lacks at most so many of the counter's entries, or one in so many; else it is cut."""
_OWN_REASONS = ("limit", "repeated_page", "empty_pages", "longer_than_counter", "maximum_length", "other_address")
"""Why reading was ended although there is a next page."""
_COUNTERS: dict[str, str] = {"followers": "followers_count", "following": "following_count"}


class PagedListing(Listing):
    """One list of the API.

    Args:
        collection: requests the pages; step: what for.
        url: of the first page, without parameters; size: entries requested per page.
        claimed: entries by the server's counter; None where that is unknown.
        parameters: further ones of the first page.
        ids_are_cursors: `max_id` is documented to be the id of an entry (statuses, notifications).
        has_counter: the counter is kept by the server, so that it bounds how many entries are read.
        counted: see `Listing`.
        names: other host names of the server, which its links may carry.
    """

    def __init__(
        self,
        collection: Collection,
        step: str,
        url: str,
        size: int,
        *,
        claimed: int | None = None,
        parameters: Iterable[tuple[str, str]] = (),
        ids_are_cursors: bool = False,
        has_counter: bool = True,
        counted: Callable[[Page], int] | None = None,
        names: Iterable[str] = (),
    ) -> None:
        super().__init__(
            collection,
            f"The list of {step}",
            self._page_of,
            self._next_page,
            lambda page: len(entries(page.json) or ()),
            _is_list,
            claimed=claimed if has_counter else None,
            counted=counted,
        )
        self._names = frozenset(names)
        self._step, self._url, self._page_size = step, url, size
        self._claimed, self._ids_are_cursors = claimed, ids_are_cursors
        self._parameters: list[tuple[str, str | int]] = [*parameters, ("limit", size)]
        self._ids: set[str] = set()
        self._decided: tuple[Page, str | None] | None = None
        self._guessing = self._guess_worked = self._was_full = self._repeats = False

    def __iter__(self) -> Iterator[Page]:
        yield from super().__iter__()
        if self._guessing and self.refused is not None:  # the server refuses a guess, not the list
            self.refused, self.ended, self.whole = None, None, True

    def new_ids(self) -> Iterator[str]:
        """The ids of the entries, each once."""
        seen: set[str] = set()
        for page in self:
            for number in ids_of(page.json):
                if number not in seen:
                    seen.add(number)
                    yield number

    def _page_of(self, cursor: str | None) -> Page:
        host = urlsplit(self._url).netloc
        address, parameters = (self._url, self._parameters) if cursor is None else (cursor, [])
        return self._collection.get(self._step, address, parameters, bucket=host)

    def _next_page(self, page: Page) -> str | None:
        if self._decided is None or self._decided[0] is not page:
            self._decided = page, self._decide(page)
        return self._decided[1]

    def _decide(self, page: Page) -> str | None:
        """The address of the page after this one; None at the end."""
        ids = ids_of(page.json)
        fresh = [number for number in ids if number not in self._ids]
        self._ids.update(ids)
        linked = next_address(page)
        if linked is not None:  # on the same server only: a login must not travel
            return next_on_server(page.url, linked, names=self._names)
        if self._guessing:
            self._repeats |= len(fresh) < len(ids)
            if not fresh:
                return None
            self._guess_worked = True
        if not ids or self._ends(page):
            return None
        self._was_full = self._is_full(page) if not self._guessing else self._was_full
        self._guessing = True
        return f"{self._url}?{urlencode([*self._parameters, ('max_id', ids[-1])])}"

    def _is_full(self, page: Page) -> bool:
        """May a page have been filled to the size that was requested, or to a smaller one of the server's own?"""
        count = len(entries(page.json) or ())
        if count >= self._page_size or count == _PAGE_CAP:
            return True
        return "link" not in page.headers and count >= 2 * _ROUND and count % _ROUND == 0

    def _ends(self, page: Page) -> bool:
        """Is a page without a next one the last, as far as the header and the counter show?"""
        full, listed = self._is_full(page), len(self._ids)
        if self._claimed is not None and (listed == self._claimed or (listed > self._claimed and not full)):
            return True
        return "link" in page.headers and not full

    @property
    def is_read_completely(self) -> bool:
        """Did it come to its end, with nothing left out as far as the counter shows?"""
        claimed = self._claimed
        return self.whole and not self.is_cut and (claimed is None or len(self._ids) >= claimed)

    @property
    def is_cut(self) -> bool:
        """Are entries missing because the server gave no next page?"""
        if not self._guessing or (self._claimed is not None and len(self._ids) >= self._claimed):
            return False
        if self._guess_worked:
            return self._repeats or not self._ids_are_cursors
        return self._was_full

    def list_coverage(
        self, name: ListName, account_id: str, *, listed: int, claimed: int | None, limit: int | None = None
    ) -> ListCoverage:
        """How completely the list was read (see `Listing.coverage`)."""
        detail = reason_of(self.refused) if self.refused else None
        found = self.coverage(name, account_id, listed=listed, claimed=claimed, limit=limit, detail=detail)
        if listed and self.is_cut and found.reason not in _OWN_REASONS:
            return replace(found, state="partial", reason="no_next_page", detail=None)
        return found


def _is_list(page: Page) -> bool:
    try:
        return entries(page.json) is not None
    except InputError:
        return False


def judge_list(coverage: ListCoverage, account: Object, *, own: bool, is_home: bool) -> ListCoverage:
    """The coverage of followers or accounts followed, with what the account's profile states about them.

    Args:
        coverage: as the pages show it; account: the profile.
        own: the account's own login was used, which is shown what is hidden from others.
        is_home: the server is the account's own.
    """
    side: Literal["followers", "following"] = "followers" if coverage.list == "followers" else "following"
    if coverage.listed:
        return _judge_entries(coverage, is_home=is_home)
    if truth_value(account.get("suspended")) is True:
        return replace(coverage, state="unknown", reason="account_suspended", claimed=None)
    if coverage.state in ("refused", "partial"):
        return coverage
    if isinstance(account.get("moved"), dict):
        return replace(coverage, state="unknown", reason="account_moved")
    if hides(account, side) and not (own and whole_number(account.get(_COUNTERS[side])) == 0):
        return replace(coverage, state="hidden", reason="hidden_by_account")
    if not is_home:
        return replace(coverage, state="unknown", reason="other_server")
    if coverage.state == "complete" and coverage.claimed is None and not hides(account, side):
        return replace(coverage, state="unknown", reason=None)
    return coverage


def _judge_entries(coverage: ListCoverage, *, is_home: bool) -> ListCoverage:
    if coverage.state != "complete":
        return coverage
    if not is_home:
        return replace(coverage, state="partial", reason="other_server")
    missing = (coverage.claimed or 0) - (coverage.listed or 0)
    if missing > max(_MAX_GAP, (coverage.claimed or 0) // _MAX_GAP_SHARE):
        return replace(coverage, state="partial", reason="shorter_than_counter")
    return coverage


def judge_posts(coverage: ListCoverage, account: Object, *, own: bool) -> ListCoverage:
    """The coverage of the posts, with what the account's profile states: none shown need not mean none."""
    if coverage.listed:
        return coverage
    if truth_value(account.get("suspended")) is True:
        return replace(coverage, state="unknown", reason="account_suspended", claimed=None)
    if coverage.state == "hidden" and not own:
        return replace(coverage, reason="account_protected")
    if coverage.state == "complete" and counter(account, "statuses_count") is None:
        return replace(coverage, state="unknown", reason=None)
    return coverage


def without_counter(coverage: ListCoverage) -> ListCoverage:
    """The coverage where the server keeps no counters: an empty list is then unknown."""
    if not coverage.listed and coverage.state in ("complete", "hidden", "unknown"):
        return replace(coverage, state="unknown", reason="not_supported", claimed=None)
    return replace(coverage, claimed=None)


def status_address(server: str, number: str, what: str) -> str:
    """The address of a list of one status."""
    return f"{server}/api/v1/statuses/{quote(number, safe='')}/{what}"
