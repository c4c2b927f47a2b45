"""Closed circuits among the followers, for the report: figures, sentences, and who follows whom as rows of signs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from headcount import wording as say
from headcount.measures.list_sentences import follower_list_sentence
from headcount.report import anonymous_rules as rule
from headcount.report.model import ANONYMOUS
from headcount.report.section import Section
from headcount.support.record import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from headcount.analysis import Analysis
    from headcount.columns import FollowsBetween, Integers
    from headcount.measures.circuits.followers import FollowerRings
    from headcount.measures.circuits.groups import FollowGroup
    from headcount.measures.follower_list import FollowerList

__all__ = ["GroupPart", "RingsPart"]

GROUPS = 12
PICTURED = 40
MIN_LOOKED_AT = 10


def _no_picture(_value: Any, _: Any) -> list[str]:
    """Nothing: a pattern of follows can be looked up."""
    return []


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
class RingsPart(Section):
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

    anonymous: ClassVar[rule.Rules] = {
        "as_of": rule.day,
        **rule.counts("looked_at", "of", "circuits", "members", "smallest", "dense"),
        **rule.kept("drawn", "exact"),
        **rule.shares("share"),
        **rule.interval("share_low", "share_high", share=True),
        **rule.records("groups"),
        **rule.sentences("sentence", "too_little"),
    }
    anonymous_records: ClassVar[Mapping[type, rule.Rules]] = {
        GroupPart: {
            **rule.kept("verdict"),
            **rule.counts("members"),
            **rule.shares("density", "significance", "reciprocity", "inside_share", "inside_ties"),
            **rule.shares("link_share", "newcomers"),
            **rule.figures("conversation", "conversation_low", "conversation_high", "replies_per_follow"),
            "picture": _no_picture,
        },
    }

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

    @classmethod
    def from_analysis(cls, measured: Analysis) -> Self:
        """The part of the report; `too_little` where whom the followers follow is unknown."""
        circuits, between = measured.rings, measured.view.between
        if circuits is None or between is None or len(circuits.person) < MIN_LOOKED_AT:
            return cls(
                looked_at=None if circuits is None else len(circuits.person),
                of=None if circuits is None else circuits.followers,
                drawn=circuits is not None and between is not None and between.drawn,
                circuits=None,
                members=None,
                share=None,
                share_low=None,
                share_high=None,
                exact=None,
                smallest=None,
                dense=0,
                groups=[],
                sentence=None,
                too_little=_missing(measured),
            )
        found = circuits.found
        dense = [group for group in found.groups if group.verdict != "chance"]
        interval = found.share_interval
        return cls(
            looked_at=found.accounts,
            of=circuits.followers,
            drawn=between.drawn,
            circuits=len(found.rings) if found.has_conversation_data else None,
            members=int(found.in_ring.sum()) if found.has_conversation_data else None,
            share=found.share,
            share_low=None if interval is None else interval[0],
            share_high=None if interval is None else interval[1],
            exact=found.exact,
            smallest=found.smallest_seen,
            dense=len(dense),
            groups=[_group(group, between) for group in dense[:GROUPS]],
            sentence=_sentence(circuits, len(dense), measured.follower_list, drawn=between.drawn),
            too_little=None,
        )

    def columns(self) -> dict[str, list[Any]]:
        """One row a group, closed circuits first."""
        names = [field.name for field in fields(GroupPart) if field.name != "picture"]
        return {name: [getattr(group, name) for group in self.groups] for name in names}

    def finding(self) -> str:
        """The finding, or what is missing."""
        return self.sentence or self.too_little or "no finding"


def _missing(measured: Analysis) -> str:
    """What is missing, and how to get it."""
    if measured.listed is None:
        return follower_list_sentence(measured.follower_list)
    circuits, facts = measured.rings, measured.view.facts
    if circuits is not None and len(circuits.person):
        few = say.number_of(len(circuits.person), "follower")
        return f"The accounts followed are known for {few} only; a circuit has at least {MIN_LOOKED_AT} members."
    how = "add them as a table (docs/how-to/import.md)."
    if facts.has_follows_between:
        named = facts.account_id != ANONYMOUS
        how = f"headcount add {facts.handle or facts.account_id if named else 'HANDLE'} --follows-among"
    return f"The follows among the followers were not collected, so closed circuits are unknown. To collect them: {how}"


def _sentence(measured: FollowerRings, dense: int, followers: FollowerList, *, drawn: bool) -> str:
    found = measured.found
    among = (
        f"the {say.count(found.accounts)} of {followers.all_of(measured.followers)} in the sample"
        if drawn
        else f"the {followers.counted(measured.followers)}"
    )
    if found.share is None or found.share_interval is None:
        groups = say.number_of(dense, "group")
        return (
            f"{groups} of {among} follow each other densely; their conversations are unknown, so none is "
            "called a closed circuit."
        )
    low, high = found.share_interval
    if not found.rings:
        bound = (
            f"; one of fewer than about {say.count(found.smallest_seen)} members would not be detected" if drawn else ""
        )
        return f"No closed circuit was found among {among}{bound}."
    members = int(found.in_ring.sum())
    circuits = say.number_of(len(found.rings), "closed circuit")
    share = f"{say.share(found.share)} of them"
    if drawn and low < high:
        share += (
            f"; {say.share_interval(low, high)} of all {followers.noun()}, excluding circuits of fewer than about "
            f"{say.count(found.smallest_seen)} members, which would not be detected"
        )
    what = "they follow each other but rarely talk to each other"
    return f"{say.count(members)} of {among} are in {circuits} ({share}): {what}."


def _group(group: FollowGroup, between: FollowsBetween) -> GroupPart:
    talk = group.conversation
    return GroupPart(
        verdict=group.verdict,
        members=len(group.members),
        density=group.density,
        significance=group.significance,
        reciprocity=group.reciprocity,
        conversation=None if talk is None else talk.value,
        conversation_low=None if talk is None else talk.low,
        conversation_high=None if talk is None else talk.high,
        replies_per_follow=group.replies_per_follow,
        inside_share=group.inside_share,
        inside_ties=group.inside_ties,
        link_share=group.link_share,
        newcomers=group.newcomers,
        picture=_picture(group.members, between),
    )


def _picture(members: Integers, between: FollowsBetween) -> list[str]:
    """Rows of signs, see `GroupPart`; members with most ties first."""
    import numpy as np

    follows = _among(members, between.source, between.target)
    ties = (follows & follows.T).sum(axis=1)
    first = np.argsort(-ties, kind="stable")[:PICTURED]
    follows = follows[np.ix_(first, first)]
    talked = _among(members, between.actor, between.addressed)[np.ix_(first, first)]
    signs = np.full(follows.shape, ".")
    signs[follows | follows.T] = "-"
    signs[follows & follows.T] = "#"
    signs[follows & follows.T & (talked | talked.T)] = "="
    return ["".join(row) for row in signs]


def _among(members: Integers, source: Integers, target: Integers) -> NDArray[np.bool_]:
    """(members, members) is there a row from one to the other?"""
    import numpy as np

    place = np.full(max(int(members.max()), int(source.max(initial=0)), int(target.max(initial=0))) + 1, -1)
    place[members] = np.arange(len(members))
    inside = (place[source] >= 0) & (place[target] >= 0)
    found = np.zeros((len(members), len(members)), dtype=np.bool_)
    found[place[source[inside]], place[target[inside]]] = True
    return found
