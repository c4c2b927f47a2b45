"""One `Report`: everything that is said about one account, put together once, rendered by every face.

`Document` is what `--json` prints (its JSON schema is kept in `report.schema.json`); `Report` adds the list of
followers behind the numbers, which the HTML page shows and `headcount followers` prints.
Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headcount.incoming import ListName, Reason, State
from headcount.measures.follower_list import FollowerList
from headcount.measures.result import dated
from headcount.support.record import Record, shorten

__all__ = ["ANONYMOUS", "SCHEMA", "AccountPart", "Beside", "FollowersPart", "ListPart", "Part"]

SCHEMA = "headcount.report/1"
ANONYMOUS = "anonymous"
"""Stands for the account's id in a report without names."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Part(Record):
    """One section of a report.

    Attributes:
        as_of: end of the observation; null where the section stands alone.
    """

    as_of: str | None = None

    def summary(self) -> str:
        """The finding of the section, and the date of the observation in front of it."""
        return dated(self.finding(), self.as_of)

    def finding(self) -> str:
        """The finding of the section in few words."""
        return Record.summary(self)


@dataclass(frozen=True, kw_only=True, repr=False)
class AccountPart(Record):
    """The account and the time of the observation.

    Attributes:
        account_id, handle, display_name, platform, created_at: as last seen; null where unknown.
        as_of: end of the observation.
        as_of_basis: observed (a source said so), last event (the newest event in the data), given (by the user),
            imported (the data holds no time at all).
        window_days: how far back posts and responses were looked at; null for all that is known.
        posts_in_window, first_post_at: the occasions; null where the posts were not shown.
        status: active, deleted, suspended, hidden, moved or protected, as last seen; null where unknown.
        private_responses: responses that only the account or its followers may read; in no other figure.
    """

    account_id: str
    handle: str | None
    display_name: str | None
    platform: str
    created_at: str | None
    as_of: str
    as_of_basis: Literal["observed", "last event", "given", "imported"]
    window_days: float | None
    posts_in_window: int | None
    first_post_at: str | None
    status: str | None = None
    private_responses: int = 0

    def summary(self) -> str:
        """The account, its posts in the window, and the end of the observation."""
        posts = "posts unknown" if self.posts_in_window is None else f"{self.posts_in_window:,} posts"
        window = "in all" if self.window_days is None else f"in {self.window_days:g} days"
        return dated(f"{shorten(self.handle or self.account_id, 60)}, {posts} {window}", self.as_of)


@dataclass(frozen=True, kw_only=True, repr=False)
class FollowersPart(Part):
    """The follower count, explained.

    Attributes:
        claimed: the platform's counter; listed: followers in the list that stand; gone: listed before, missed since.
        new: first listed since the snapshot before; null with one snapshot.
        state: how completely the list was read: complete, partial, sampled, refused, hidden, unknown.
        reason: why it is not complete; null where it is, or where that is unknown (see `ListPart`).
        partial: the list is not complete, or there is none: every count of followers is a lower bound; null where
            that is unknown, as there is no counter to compare with.
        explanation: one sentence.
    """

    claimed: int | None
    listed: int | None
    gone: int | None
    new: int | None
    state: State
    reason: Reason | None
    partial: bool | None
    explanation: str

    def finding(self) -> str:
        """How many are listed, of how many, and how completely."""
        return self.follower_list.size()

    @property
    def follower_list(self) -> FollowerList:
        """The list that is counted, with the words for a count of its followers."""
        return FollowerList(
            state=self.state, reason=self.reason, listed=self.listed, claimed=self.claimed, partial=self.partial
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class ListPart(Record):
    """How completely one list of the account was read; see `headcount.incoming.ListCoverage`.

    Attributes:
        list: followers, following, posts, replies, likes, reposts or quotes.
        state: complete, partial, sampled, refused, hidden, unknown; reason: why it is not complete.
        listed: entries read; claimed: entries by the platform's counter; null where unknown.
        observed_at: when it was read.
        sentence: the same in words; why: the reason alone; null where there is none.
    """

    list: ListName
    state: State
    reason: Reason | None
    listed: int | None
    claimed: int | None
    observed_at: str | None
    sentence: str
    why: str | None = None

    def summary(self) -> str:
        """The sentence, behind the date when the list was read."""
        return dated(self.sentence, self.observed_at)


@dataclass(frozen=True, kw_only=True, repr=False)
class Beside(Part):
    """Another account of the workspace, for comparison.

    Attributes:
        account_id, handle: the account.
        followers: listed followers that stand; follower_list: how completely they were listed.
        headcount, low, high: with its 95% interval; exact: why it has no width (`measures.audience.audience`).
    """

    account_id: str
    handle: str | None
    followers: int | None
    headcount: float | None
    low: float | None
    high: float | None
    follower_list: FollowerList
    exact: Literal["all responded"] | None = None

    def finding(self) -> str:
        """The account, its followers, and its headcount."""
        found = _headcount(self.headcount, self.low, self.high)
        return f"{shorten(self.handle or self.account_id, 60)}, {self.follower_list.size()}, {found}"


def _headcount(headcount: float | None, low: float | None, high: float | None) -> str:
    if headcount is None or low is None or high is None:
        return "no headcount"
    return f"headcount {headcount:,.0f} ({low:,.0f} to {high:,.0f})"
