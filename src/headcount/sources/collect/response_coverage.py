"""How completely the lists of responses to many posts were read, as one typed fact for each kind of response."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

from headcount.incoming import RESPONSE_LISTS, ListCoverage, ListName, Reason, State
from headcount.sources.collect.listing import Listing, end_state

__all__ = ["ResponseCoverage"]


class ResponseCoverage:
    """Sums the coverage of the lists of single posts.

    Args:
        account_id: the account that the posts belong to.
    """

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._lists: dict[ListName, list[ListCoverage]] = {name: [] for name in RESPONSE_LISTS}

    def add(
        self,
        name: ListName,
        *,
        listed: int,
        claimed: int | None,
        state: State = "complete",
        reason: Reason | None = None,
        detail: str | None = None,
    ) -> None:
        """The list of one post.

        Args:
            name: which list; listed: entries read; claimed: entries by the post's counter, None where it is unknown.
            state, reason, detail: see `ListCoverage`.
        """
        self._lists[name].append(ListCoverage(self._account_id, name, state, reason, listed, claimed, detail))

    def add_listing(
        self,
        name: ListName,
        listing: Listing,
        *,
        listed: int,
        claimed: int | None,
        detail: str | None = None,
        maximum: int | None = None,
    ) -> None:
        """The list of one post, after its last page.

        The few responses to a single post may all be by accounts that are gone, so only the sum over all posts is
        compared with the counters; but a full last page without a next one is seen in the single list.

        Args:
            name, listed, claimed, detail: see `add`; listing: that was read.
            maximum: entries that the platform shows of one post at most; None where it shows all.
        """
        entry = listing.coverage(name, self._account_id, listed=listed, claimed=claimed, detail=detail)
        if listing.whole:
            if maximum is not None and claimed is not None and listed < claimed and claimed > maximum:
                entry = replace(entry, state="partial", reason="platform_maximum")
            elif entry.reason != "no_next_page":
                entry = replace(entry, state="complete", reason=None)
        self._lists[name].append(entry)

    def entries(self, name: ListName) -> tuple[ListCoverage, ...]:
        """What was added of that name."""
        return tuple(self._lists[name])

    def summary(self, name: ListName, posts: ListCoverage) -> ListCoverage:
        """The list of that name over all posts.

        Args:
            name: which list; posts: how completely the posts were read: of posts that were not shown nothing is known.
        """
        entries, now = self._lists[name], datetime.now(UTC).isoformat()
        if posts.shows_nothing and not entries:
            return replace(posts, list=name, listed=None, claimed=None, observed_at=now)
        listed = sum(entry.listed or 0 for entry in entries)
        counters = [entry.claimed for entry in entries if entry.claimed is not None]
        claimed = sum(counters) if counters or not entries else None
        unread = [entry for entry in entries if not entry.is_complete]
        detail = None
        if unread:
            missing: Counter[tuple[State, Reason | None]] = Counter()
            for entry in unread:
                missing[entry.state, entry.reason] += max((entry.claimed or 0) - (entry.listed or 0), 1)
            state, reason = missing.most_common(1)[0][0]
            detail = next(entry.detail for entry in unread if (entry.state, entry.reason) == (state, reason))
            if listed or len(unread) < len(entries):
                state = "partial"
        else:
            state, reason = end_state(listed, claimed, can_hide=False) if entries else ("complete", None)
        return ListCoverage(self._account_id, name, state, reason, listed, claimed, detail, now)
