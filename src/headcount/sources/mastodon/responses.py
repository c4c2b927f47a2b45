"""Who responded to the posts of one account: threads, favourites, boosts, quotes; and how completely they were read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

from headcount.incoming import RESPONSE_LISTS, ListCoverage, Reason, State
from headcount.sources.collect.collection import Collection
from headcount.sources.collect.listing import refusal_reason
from headcount.sources.mastodon.lists import PagedListing, status_address
from headcount.sources.mastodon.values import (
    Object,
    content_of,
    identifier,
    reason_of,
    visibility_of,
)
from headcount.sources.rows import objects, whole_number

__all__ = ["SHOWN_REPLIES", "Responses"]

Kind = Literal["replies", "likes", "reposts", "quotes"]
SHOWN_REPLIES = 60
"""So many replies of a thread are shown without a login."""
_REACTIONS: tuple[tuple[Kind, str, str], ...] = (
    ("likes", "favourites_count", "favourited_by"),
    ("reposts", "reblogs_count", "reblogged_by"),
)
_STEPS: dict[Kind, str] = {"likes": "favourited_by", "reposts": "reblogged_by", "quotes": "quotes"}
_NOTIFIED: dict[str, Kind] = {"favourite": "likes", "reblog": "reposts"}


@dataclass
class _Tally:
    """One kind of responses, summed over the posts.

    Attributes:
        listed, claimed: entries read; entries by the counters.
        is_counted: every post has a counter.
        is_short: of some post fewer were listed than its counter shows, or the list has no next page.
        refusals: why lists were refused, with the server's words.
        cut: lists whose next page could not be had.
        ended: why reading of a list was ended, though more were said to follow; None where none was.
    """

    listed: int = 0
    claimed: int = 0
    is_counted: bool = True
    is_short: bool = False
    refusals: list[tuple[Reason, str]] = field(default_factory=list)
    cut: int = 0
    ended: Reason | None = None


class Responses:
    """Requests the responses to one post after the other.

    Args:
        collection: requests the pages.
        server: the address of the server; host: its name.
        page_sizes: entries per page of accounts and of statuses.
        server_names: other host names of the server.
    """

    def __init__(
        self,
        collection: Collection,
        server: str,
        host: str,
        page_sizes: tuple[int, int],
        *,
        server_names: Iterable[str] = (),
    ) -> None:
        self.collection, self.server, self.host = collection, server, host
        self._account_page, self._status_page = page_sizes
        self._server_names = frozenset(server_names)
        self.tallies: dict[Kind, _Tally] = {kind: _Tally() for kind in ("replies", "likes", "reposts", "quotes")}
        self._replies: dict[str, int | None] = {}
        self._shown: dict[str, set[str]] = {}
        self._threaded: set[str] = set()
        self._further: list[str] = []
        self._cut_threads = 0
        self._without_reaction: set[tuple[Kind, str]] = set()
        self._unverified: list[tuple[Kind, str]] = []
        self._complete: dict[str, list[str]] = {"likes": [], "reposts": []}
        self._posts = self._with_quote_counter = 0

    # -- requests ---------------------------------------------------------------------------------------------

    def of_status(self, status: Object, me: str, *, own: bool) -> None:
        """Who replied to, favourited and boosted one status; of a reply to somebody else, only the replies to it.

        Args:
            status: of the account; me: the server's id of the account.
            own: the account's own login is used.
        """
        number = identifier(status.get("id"))
        if number is None:
            return
        parent = identifier(status.get("in_reply_to_id"))
        own_thread = parent is not None and identifier(status.get("in_reply_to_account_id")) == me
        self._show(status)
        self._replies[number] = whole_number(status.get("replies_count"))
        if self._replies[number] != 0:
            if own_thread:
                self._further.append(number)
            else:
                self._thread(number)
        if parent is not None and not own_thread:
            return
        self._posts += 1
        for kind, counter, _ in _REACTIONS:
            self._reactions(kind, number, whole_number(status.get(counter)))
        self._quotes(status, number, own=own)

    def read_further_threads(self) -> None:
        """Threads below the account's own replies that no other thread showed."""
        for number in self._further:
            if number not in self._threaded:
                self._thread(number)

    def of_notification(self, notification: Object) -> None:
        """Remember reactions to posts whose counter is 0 by now: they were undone, unless the counter is wrong."""
        kind, status = _NOTIFIED.get(str(notification.get("type"))), notification.get("status")
        number = identifier(status.get("id")) if isinstance(status, dict) else None
        if kind is not None and number is not None and (kind, number) in self._without_reaction:
            self._without_reaction.discard((kind, number))
            self._unverified.append((kind, number))

    def verify_reactions(self) -> None:
        """Read the lists that notifications contradict, and record which lists are complete."""
        for kind, number in self._unverified:
            keeps_counters = self.tallies[kind].claimed > 0
            refusal = self._read(kind, number, None, counted=0)
            if refusal is not None:
                self.tallies[kind].refusals.remove(refusal)
                if keeps_counters:  # the counter of 0 is one that the server keeps
                    self._complete[kind].append(number)
        self.collection.landing.set_meta("read_completely", json.dumps(self._complete))

    def _thread(self, number: str) -> None:
        page = self.collection.try_get("context", status_address(self.server, number, "context"), bucket=self.host)
        tally = self.tallies["replies"]
        if page is None:
            tally.refusals.append(("server_error", "no response"))
            return
        shown = content_of(page).get("descendants") if page.good else None
        if not isinstance(shown, list):
            tally.refusals.append((refusal_reason(page.status), reason_of(page)))
            return
        replies = list(objects(shown))
        for reply in replies:
            self._show(reply)
            self._threaded.add(identifier(reply.get("id")) or "")
        if len(replies) >= SHOWN_REPLIES and self.collection.login is None:
            self._cut_threads += 1

    def _show(self, status: Object) -> None:
        """A status that anybody may read counts among the replies to its parent."""
        parent, number = identifier(status.get("in_reply_to_id")), identifier(status.get("id"))
        if parent is not None and number is not None and visibility_of(status) in ("public", "unlisted", None):
            self._shown.setdefault(parent, set()).add(number)

    def _reactions(self, kind: Kind, number: str, counted: int | None) -> None:
        if counted == 0:
            self._without_reaction.add((kind, number))
        else:
            self._read(kind, number, counted, counted=counted)

    def _quotes(self, status: Object, number: str, *, own: bool) -> None:
        if "quotes_count" not in status:
            return
        self._with_quote_counter += 1
        counted = whole_number(status.get("quotes_count"))
        if counted != 0 and own:
            self._read("quotes", number, counted, counted=counted)
        elif counted != 0:
            tally = self.tallies["quotes"]
            tally.claimed += counted or 0
            tally.is_counted &= counted is not None
            tally.refusals.append(("login_required", ""))

    def _read(self, kind: Kind, number: str, claimed: int | None, *, counted: int | None) -> tuple[Reason, str] | None:
        """One list of reactions; gives why it was refused, None where it was not.

        `claimed` is the counter that is to be reached, `counted` the one that is summed.
        """
        step, tally = _STEPS[kind], self.tallies[kind]
        listing = PagedListing(
            self.collection,
            step,
            status_address(self.server, number, step),
            self._status_page if kind == "quotes" else self._account_page,
            claimed=claimed,
            ids_are_cursors=kind == "quotes",
            names=self._server_names,
        )
        listed = sum(1 for _ in listing.new_ids())
        tally.listed += listed
        tally.claimed += counted or 0
        tally.is_counted &= counted is not None
        refusal: tuple[Reason, str] | None = None
        if listing.refused is not None:
            refusal = refusal_reason(listing.refused.status), reason_of(listing.refused)
            tally.refusals.append(refusal)
        elif listing.ended is not None:
            tally.ended = tally.ended or listing.ended
        tally.cut += listing.is_cut
        tally.is_short |= listing.refused is None and not listing.is_read_completely
        if listing.is_read_completely and kind in self._complete:
            self._complete[kind].append(number)
        return refusal

    # -- facts ------------------------------------------------------------------------------------------------

    def coverage(self, account_id: str, posts: ListCoverage, *, own: bool) -> list[ListCoverage]:
        """How completely each list of responses was read, summed over the posts.

        Args:
            account_id: of the account; posts: the coverage of its posts.
            own: the account's own login was used.
        """
        now = datetime.now(UTC).isoformat()
        if posts.shows_nothing:
            return [ListCoverage(account_id, kind, "unknown", posts.reason, observed_at=now) for kind in RESPONSE_LISTS]
        self._sum_replies()
        found = [self._coverage(account_id, kind, now) for kind in ("replies", "likes", "reposts", "quotes")]
        if self._posts and not self._with_quote_counter:
            found[-1] = ListCoverage(account_id, "quotes", "unknown", "not_supported", observed_at=now)
        return found

    def _sum_replies(self) -> None:
        tally = self.tallies["replies"]
        for number, counted in self._replies.items():
            shown = len(self._shown.get(number, ()))
            tally.listed += shown
            tally.claimed += counted or 0
            tally.is_counted &= counted is not None
            tally.is_short |= counted is not None and shown < counted

    def _coverage(self, account_id: str, kind: Kind, now: str) -> ListCoverage:
        tally = self.tallies[kind]
        state: State = "complete"
        reason: Reason | None = None
        detail: str | None = None
        cut_threads = self._cut_threads if kind == "replies" and tally.is_short else 0
        if tally.refusals:
            reason, detail = tally.refusals[0][0], tally.refusals[0][1] or None
            state = "partial" if tally.listed else "refused"
        elif cut_threads:
            state, reason = "partial", "login_required"
            threads = "1 thread" if cut_threads == 1 else f"{cut_threads:,} threads"
            detail = f"{threads} cut at {SHOWN_REPLIES} replies"
        elif tally.is_short:
            state = "partial" if tally.listed else "unknown"
            reason = tally.ended or ("no_next_page" if tally.cut else "shorter_than_counter")
        claimed = tally.claimed if tally.is_counted else None
        return ListCoverage(account_id, kind, state, reason, tally.listed, claimed, detail, now)

    def note_what_is_missing(self) -> None:
        """Notes for the user: threads that are cut without a login, and lists that were refused."""
        if self._cut_threads:
            threads = "1 thread was" if self._cut_threads == 1 else f"{self._cut_threads:,} threads were"
            self.collection.note(
                f"{threads} cut at {SHOWN_REPLIES} replies, which is what is shown without a login "
                f"(headcount login mastodon {self.host} shows complete threads)."
            )
        for kind, tally in self.tallies.items():
            if _STEPS.get(kind) in self.collection.unread or (
                kind == "replies" and "context" in self.collection.left_out
            ):
                continue  # said with whatever else was not answered
            refused = [said for _, said in tally.refusals if said]
            if refused:
                posts = "1 post" if len(refused) == 1 else f"{len(refused):,} posts"
                self.collection.note(f"The {kind} of {posts} were not shown ({refused[0]}).")
