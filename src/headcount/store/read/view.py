"""The columns of one account at one time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from headcount.columns import Exchanges, Flags, Followers, FollowsBetween, Posts, Responses, Texts
from headcount.incoming import RESPONSE_LISTS, ListCoverage, ListName
from headcount.measures.follower_list import followers_coverage
from headcount.support.record import Record, shorten
from headcount.support.times import DAY, iso_text

__all__ = ["DAY", "AccountFacts", "AccountView"]


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
        words_only: only what took words was read (replies, mentions, quotes): `responses` are those, and `followers`
            are those who wrote to the account or were written to, with their names and whether they stand. It is
            enough for ties and questions, and for nothing else.
        standing_followers: how many stand, where `followers` are some of them only.
        state: of the database that the columns were read from (see `store.verdicts.read_state`); None: not from one.
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
    words_only: bool = False
    standing_followers: int | None = None
    state: str | None = None

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
    def listed(self) -> int | None:
        """How many followers stand; None where there is no list."""
        if self.followers is None:
            return None
        return int(self.followers.standing.sum()) if self.standing_followers is None else self.standing_followers

    def follower_coverage(self, listed: int | None) -> ListCoverage:
        """How completely the followers were listed.

        Args:
            listed: standing followers in the list; None where there is no list.
        """
        sampled = self.followers is not None and bool((self.followers.sampled == 1).all())
        return followers_coverage(
            self.facts.account_id,
            self.lists.get("followers"),
            listed=listed,
            claimed=self.facts.claimed,
            all_sampled=sampled,
        )

    def names(self, person: int) -> tuple[str | None, str | None, str | None]:
        """account_id, handle and display name of a numbered person; None where they must not be named."""
        size = len(self.followers) if self.followers is not None else 0
        if person < size and self.followers is not None:
            columns = self.followers
            if columns.opted_out[person] == 1:
                return None, None, None
            return columns.account_id[person], columns.handle[person], columns.display_name[person]
        other = person - size
        if self.other_opted_out[other] == 1:
            return None, None, None
        return self.other_id[other], self.other_handle[other], None

    @property
    def people(self) -> int:
        """How many people are numbered: followers and others."""
        return (len(self.followers) if self.followers is not None else 0) + len(self.other_id)
