"""The sections of a report about relationships: ties, and closed circuits."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from headcount import wording as say
from headcount.measures.follower_list import FollowerList
from headcount.measures.relationships.ties import Layer
from headcount.report.model import Part
from headcount.support.record import Record

__all__ = ["GroupPart", "RingsPart", "TiePart", "TiesPart"]


@dataclass(frozen=True, kw_only=True, repr=False)
class GroupPart(Record):
    """A group of followers dense in mutual follows, with its evidence; unknown is null. See `measures.circuits.rings`.

    Attributes:
        verdict: ring (a closed circuit), talks, unclear, away, conversation unknown.
        members: followers in it; density: share of the pairs that follow each other.
        significance: p against graphs rewired with the same degrees.
        reciprocity: share of the follows inside that are returned.
        conversation, conversation_low, conversation_high: members addressed over those that others with as many ties
            address, with 95% interval.
        replies_per_follow: times addressed inside over mutual follows inside.
        inside_share: share of those addressed along a tie who are members; inside_ties: what it would be by chance.
        link_share, newcomers: of the members' posts those with a link; of the members those who were new when they
            followed.
        picture: who follows whom among at most 40 members, those with most ties first, one row and one sign each:
            "=" follow each other and talked, "#" follow each other, "-" one follows the other, "." neither.
    """

    verdict: str
    members: int
    density: float
    significance: float | None
    reciprocity: float | None
    conversation: float | None
    conversation_low: float | None
    conversation_high: float | None
    replies_per_follow: float | None
    inside_share: float | None
    inside_ties: float
    link_share: float | None
    newcomers: float | None
    picture: list[str]


@dataclass(frozen=True, kw_only=True, repr=False)
class RingsPart(Part):
    """Closed circuits among the followers: groups that follow each other and hardly talk.

    Attributes:
        looked_at: followers whose own follows are known; null where of none. of: followers that stand.
        drawn: those looked at are a uniform sample.
        circuits: how many closed circuits; members: followers looked at who sit in one; null where that is unknown.
        share, share_low, share_high: of all standing followers, with 95% interval; exact: why it has no width (all
            were looked at); null where it has one.
        smallest: members of the smallest circuit that can be expected to be seen.
        dense: groups dense in mutual follows, circuits included; groups: the first 12 of them, circuits first.
        sentence: the finding; too_little: what is missing and how to get it, null where nothing is.
    """

    looked_at: int | None
    of: int | None
    drawn: bool
    circuits: int | None
    members: int | None
    share: float | None
    share_low: float | None
    share_high: float | None
    exact: Literal["all looked at"] | None = None
    smallest: int | None
    dense: int
    groups: list[GroupPart]
    sentence: str | None
    too_little: str | None

    def columns(self) -> dict[str, list[Any]]:
        """One row a group, closed circuits first."""
        names = [field.name for field in fields(GroupPart) if field.name != "picture"]
        return {name: [getattr(group, name) for group in self.groups] for name in names}

    def finding(self) -> str:
        """The finding, or what is missing."""
        return self.sentence or self.too_little or "no finding"


@dataclass(frozen=True, kw_only=True, repr=False)
class TiePart(Record):
    """One two-way tie; account_id, handle and display_name are null where the account asked not to be named."""

    account_id: str | None
    handle: str | None
    display_name: str | None
    sent: int
    received: int
    strength: float
    balance: float
    last: str | None
    state: Literal["new", "steady", "fading"]
    layer: int | None
    follows: bool | None


@dataclass(frozen=True, kw_only=True, repr=False)
class TiesPart(Part):
    """Two-way ties: `headcount.measures.relationships.ties.Ties` defines each figure; top holds at most 100.

    Attributes:
        follower_list: the list of followers behind `count` and `known_share`.
    """

    window_days: float
    count: int | None
    count_others: int | None
    written_to: int | None
    heard_from: int | None
    reciprocity: float | None
    reciprocity_low: float | None
    reciprocity_high: float | None
    known_share: float | None
    known_low: float | None
    known_high: float | None
    new: int
    fading: int
    layers: list[Layer]
    layers_note: str | None
    top: list[TiePart]
    too_little: str | None
    follower_list: FollowerList | None = None

    def columns(self) -> dict[str, list[Any]]:
        """One row a tie, strongest first."""
        return {field.name: [getattr(tie, field.name) for tie in self.top] for field in fields(TiePart)}

    def finding(self) -> str:
        """How many two-way ties there are, and what share of the followers that is."""
        if self.count is None:
            return self.too_little or "two-way ties unknown"
        text = f"{self.count:,} two-way {'tie' if self.count == 1 else 'ties'}"
        if self.known_share is None or self.known_low is None or self.known_high is None:
            return text
        limits = say.share_interval(self.known_low, self.known_high)
        return f"{text}, {say.share(self.known_share)} ({limits}) of the followers"
