"""The columns of one account at one time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from headcount.columns import Exchanges, Flags, Followers, FollowsBetween, Posts, Responses, Texts
from headcount.incoming import RESPONSE_LISTS, ListCoverage, ListName
from headcount.support.record import Record, shorten
from headcount.support.times import iso_text

if TYPE_CHECKING:
    pass

__all__ = ["DAY", "AccountFacts", "AccountView"]

DAY = 86_400.0


@dataclass(frozen=True)
class AccountFacts:
    """What is known of the account itself.

    Attributes:
        account_id, platform, handle, display_name: None where unknown.
        created_at: seconds since 1970; None where unknown.
        claimed: followers as the platform's counter claims; None where unknown.
        opted_out: asks not to be indexed.
        status: active, deleted, suspended, hidden, moved, or protected (only approved followers may read it); None
            where unknown.
        is_collectable: the platform is one that Headcount collects from.
        has_follows_between: the follows between its followers can be collected there.
    """

    account_id: str
    platform: str
    handle: str | None
    display_name: str | None
    created_at: float | None
    claimed: int | None
    opted_out: bool
    status: str | None = None
    is_collectable: bool = False
    has_follows_between: bool = False


@dataclass(frozen=True, repr=False)
class AccountView(Record):
    """The columns of one account in one window.

    Attributes:
        facts: the account itself.
        as_of: end of the observation, seconds since 1970.
        as_of_basis: where that time comes from.
        window_days: length of the window; None for everything that is known.
        posts: the occasions, oldest first; inferred: read off the responses, as the posts are not at hand.
        posts_before: occasions before the window.
        undated_posts: posts without a time, which no window can hold.
        responses, exchanges: of others with the account, up to as_of.
        followers: everybody who follows or followed; None where there is no follower list.
        new: followers first listed after the first snapshot; None with one snapshot.
        other_id, other_handle, other_opted_out: the people numbered after the followers.
        remarks: (topic, sentence) that the collector left on how the account was collected.
        lists: how completely each list of the account was read; lists without any record are not in it.
        private_responses: responses that only the account or its followers may read; in no other column.
        labels: account_id -> what the user says of it: real, auto or spam.
        between: follows between the followers; None where whom the followers follow is not known.
    """

    facts: AccountFacts
    as_of: float
    as_of_basis: Literal["observed", "last event", "given", "imported"]
    window_days: float | None
    posts: Posts
    posts_inferred: bool
    posts_before: int
    undated_posts: int
    responses: Responses
    exchanges: Exchanges
    followers: Followers | None
    new: int | None
    other_id: Texts
    other_handle: Texts
    other_opted_out: Flags
    remarks: tuple[tuple[str, str], ...] = ()
    lists: Mapping[ListName, ListCoverage] = field(default_factory=dict)
    private_responses: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    between: FollowsBetween | None = None

    def columns(self) -> dict[str, list[Any]]:
        """One row a follower, as in `followers.columns()`; without a follower list there is none."""
        return {} if self.followers is None else self.followers.columns()

    def summary(self) -> str:
        """The account, the numbers of rows, and the end of the observation."""
        name = self.facts.handle or self.facts.account_id
        listed = "followers unknown" if self.followers is None else f"{len(self.followers):,} followers"
        rows = f"{len(self.posts):,} posts, {len(self.responses):,} responses"
        return f"of {shorten(name, 60)}: {listed}, {rows}, as of {(iso_text(self.as_of) or 'unknown')[:10]}"

    @property
    def responses_unknown(self) -> ListCoverage | None:
        """The reason why there is no response at hand, where that does not mean that there was none; else None.

        The posts of the account were not shown, or none of the lists of responses was.
        """
        if len(self.responses) or not self.exchanges.outgoing.all():
            return None
        posts = self.lists.get("posts")
        if posts is not None and posts.shows_nothing and (self.posts_inferred or not len(self.posts)):
            return posts
        found = [self.lists[name] for name in RESPONSE_LISTS if name in self.lists]
        return found[0] if found and all(entry.shows_nothing for entry in found) else None

    @property
    def people(self) -> int:
        """How many people are numbered: followers and others."""
        return (len(self.followers) if self.followers is not None else 0) + len(self.other_id)
