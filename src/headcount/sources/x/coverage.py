"""How completely the lists of an account of X were read: what the collector has seen, as typed facts.

X shows the newest 3,200 posts and 800 mentions, 100 who liked a post, and, by its search, the answers of the last seven
days. A budget may end a collection at any call; what was not begun until then was not collected.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from headcount.incoming import RESPONSE_LISTS, ListCoverage, ListName, Reason, State
from headcount.sources.collect.listing import Listing, end_state
from headcount.sources.collect.response_coverage import ResponseCoverage
from headcount.sources.rows import objects, whole_number

__all__ = ["MAX_LIKES", "MAX_MENTIONS", "MAX_POSTS", "OwnPost", "XCoverage", "own_post"]

MAX_POSTS, MAX_MENTIONS, MAX_LIKES = 3_200, 800, 100
"""The newest posts and mentions, and the accounts that liked a post, that X shows, however many there are."""
_LISTS: dict[str, ListName] = {"likes": "likes", "reposts": "reposts", "quotes": "quotes"}
"""Calls about single posts -> the list that they read; answers are found in two ways, see `XCoverage._replies`."""


@dataclass(frozen=True)
class OwnPost:
    """A post of the account, with its counters; None where a counter is missing."""

    id: str
    created_at: datetime
    answers: int | None
    likes: int | None
    reposts: int | None
    quotes: int | None

    def counter(self, name: ListName) -> int | None:
        """The counter of a list of responses."""
        return {"replies": self.answers, "likes": self.likes, "reposts": self.reposts, "quotes": self.quotes}[name]


def own_post(item: dict[str, Any]) -> OwnPost:
    """The post that an item of a timeline holds."""
    metrics = item.get("public_metrics")
    metrics = metrics if isinstance(metrics, dict) else {}
    try:
        created = datetime.fromisoformat(str(item.get("created_at")))
        created = created if created.tzinfo else created.replace(tzinfo=UTC)
    except ValueError:
        created = datetime.min.replace(tzinfo=UTC)
    return OwnPost(
        str(item.get("id")),
        created,
        whole_number(metrics.get("reply_count")),
        whole_number(metrics.get("like_count")),
        whole_number(metrics.get("repost_count", metrics.get("retweet_count"))),
        whole_number(metrics.get("quote_count")),
    )


class XCoverage:
    """Keeps, while a collection runs, how completely each list was read.

    Args:
        account_id: the account; protected: it shows its posts and lists to approved followers only.
        written: its posts by the counter; None where that is unknown.

    Attributes:
        own: the posts that others can respond to.
        all_responses: the lists of all of them were asked for.
        unsearched: why the search did not cover the answers to all of them; None where it did.
    """

    def __init__(self, account_id: str, *, protected: bool, written: int | None) -> None:
        self._account_id, self._is_protected, self._written = account_id, protected, written
        self.own: list[OwnPost] = []
        self.all_responses = False
        self.unsearched: Reason | None = None
        self._answers: set[str] = set()
        self._lists: dict[ListName, ListCoverage] = {}
        self._mentions: ListCoverage | None = None
        self._responses = ResponseCoverage(account_id)

    # -- while it runs ----------------------------------------------------------------------------------------

    def add_posts(self, listing: Listing, listed: int, *, everything: bool, detail: str | None) -> None:
        """The timeline; `everything`: it was asked for from the first post on, so that the counter counts the same."""
        entry = listing.coverage(
            "posts",
            self._account_id,
            listed=listed,
            claimed=self._written if everything else None,
            detail=detail,
            enough=listing.whole and not everything,
        )
        self._lists["posts"] = self._protected(_newest_only(entry, MAX_POSTS, self._written))

    def add_mentions(self, listing: Listing, listed: int, *, detail: str | None) -> None:
        """The mentions since the same date."""
        entry = listing.coverage(
            "replies", self._account_id, listed=listed, claimed=None, detail=detail, enough=listing.whole
        )
        self._mentions = self._protected(_newest_only(entry, MAX_MENTIONS, None))

    def add_list(
        self,
        name: ListName,
        listing: Listing,
        listed: int,
        claimed: int | None,
        limit: int | None,
        *,
        detail: str | None,
    ) -> None:
        """The followers, or the accounts followed."""
        entry = listing.coverage(
            name, self._account_id, listed=listed, claimed=claimed, limit=limit, detail=detail, can_hide=False
        )
        self._lists[name] = self._protected(entry)

    def add_answers(self, items: Iterable[dict[str, Any]]) -> None:
        """Posts, of which those that directly answer one of the account's are counted."""
        own = {post.id for post in self.own}
        self._answers |= {
            str(item.get("id"))
            for item in items
            for reference in objects(item.get("referenced_posts") or item.get("referenced_tweets"))
            if reference.get("type") == "replied_to" and str(reference.get("id")) in own
        }

    def add_responses(
        self, step: str, listing: Listing, listed: int, claimed: int | None, *, detail: str | None
    ) -> None:
        """The list of one call about one post."""
        name = _LISTS.get(step)
        if name is None:
            if listing.ended is not None:
                self.unsearched = self.unsearched or listing.ended
            return
        maximum = MAX_LIKES if name == "likes" else None
        self._responses.add_listing(name, listing, listed=listed, claimed=claimed, detail=detail, maximum=maximum)

    def add_refused(self, step: str, claimed: int | None, detail: str | None) -> None:
        """A call about one post that was not made, because it is refused for all posts."""
        name = _LISTS.get(step)
        if name is not None:
            self._responses.add(
                name, listed=0, claimed=claimed, state="refused", reason="login_required", detail=detail
            )

    # -- the end ----------------------------------------------------------------------------------------------

    def entries(self) -> Iterable[ListCoverage]:
        """How completely each list was read; what was not begun was not collected."""
        not_collected = ListCoverage(self._account_id, "posts", "unknown", "not_collected")
        for name in ("posts", "followers", "following"):
            yield self._lists.get(name) or replace(not_collected, list=name)
        posts = self._lists.get("posts")
        for name in RESPONSE_LISTS:
            if posts is None:
                yield replace(not_collected, list=name)
            else:
                entry = self._replies(posts) if name == "replies" else self._responses.summary(name, posts)
                yield self._unfinished(name, entry)

    def _protected(self, entry: ListCoverage) -> ListCoverage:
        """The lists of a protected account are refused for that reason."""
        if entry.state == "refused" and entry.reason == "login_required" and self._is_protected:
            return replace(entry, reason="account_protected")
        return entry

    def _unfinished(self, name: ListName, entry: ListCoverage) -> ListCoverage:
        """Where the budget ended the collection before the last post, the responses to the others are not known."""
        counters = [post.counter(name) for post in self.own]
        if self.all_responses or not any(counter != 0 for counter in counters):
            return entry
        claimed = sum(counter or 0 for counter in counters)
        if name == "replies" and entry.is_complete and None not in counters and (entry.listed or 0) >= claimed:
            return entry
        if entry.listed:
            return replace(entry, state="partial", reason="cost_limit", claimed=claimed)
        if entry.state == "refused":
            return replace(entry, claimed=claimed)
        begun = self._responses.entries(name) or (name == "replies" and self._mentions is not None)
        return replace(entry, state="unknown", reason="cost_limit" if begun else "not_collected", claimed=claimed)

    def _replies(self, posts: ListCoverage) -> ListCoverage:
        """The answers to the posts: those among the mentions, and those that the search found."""
        now = datetime.now(UTC).isoformat()
        if posts.shows_nothing:
            return replace(posts, list="replies", listed=None, claimed=None, observed_at=now)
        counters = [post.answers for post in self.own]
        claimed = sum(counter or 0 for counter in counters) if None not in counters else None
        listed, mentions = len(self._answers), self._mentions
        state: State
        reason: Reason | None
        state, reason, detail = "complete", None, None
        if claimed is not None and listed >= claimed:
            pass
        elif mentions is None:
            state, reason = ("partial", "cost_limit") if listed else ("unknown", "not_collected")
        elif not mentions.is_complete:
            state, reason, detail = mentions.state, mentions.reason, mentions.detail
            if listed:
                state = "partial"
        elif self.unsearched is not None:
            state, reason = "partial", self.unsearched
        elif claimed is not None:
            state, reason = end_state(listed, claimed, can_hide=False)
        return ListCoverage(self._account_id, "replies", state, reason, listed, claimed, detail, now)


def _newest_only(entry: ListCoverage, maximum: int, claimed: int | None) -> ListCoverage:
    """A list of which X shows only the newest, where as many as that were listed."""
    listed = entry.listed or 0
    if listed < maximum or (claimed is not None and listed >= claimed):
        return entry
    return replace(entry, state="partial", reason="platform_maximum", claimed=claimed)
