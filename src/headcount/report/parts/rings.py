"""Closed circuits among the followers, for the report: figures, sentences, and who follows whom as rows of signs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headcount import wording as say
from headcount.columns import FollowsBetween, Integers
from headcount.measures.circuits.followers import FollowerRings
from headcount.measures.circuits.groups import FollowGroup
from headcount.measures.follower_list import FollowerList
from headcount.report.model import ANONYMOUS
from headcount.report.relations import GroupPart, RingsPart
from headcount.store.read.view import AccountView

__all__ = ["rings_part"]

GROUPS = 12
PICTURED = 40
MIN_LOOKED_AT = 10


def rings_part(measured: FollowerRings | None, view: AccountView, followers: FollowerList) -> RingsPart:
    """The part of the report.

    Args:
        measured: the circuits; None where whom the followers follow is unknown.
        view: the account's columns.
        followers: how completely they were listed.
    """
    if measured is None or view.between is None or len(measured.person) < MIN_LOOKED_AT:
        return RingsPart(
            looked_at=None if measured is None else len(measured.person),
            of=None if measured is None else measured.followers,
            drawn=measured is not None and view.between is not None and view.between.drawn,
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
            too_little=_missing(measured, view),
        )
    found = measured.found
    dense = [group for group in found.groups if group.verdict != "chance"]
    interval = found.share_interval
    return RingsPart(
        looked_at=found.accounts,
        of=measured.followers,
        drawn=view.between.drawn,
        circuits=len(found.rings) if found.has_conversation_data else None,
        members=int(found.in_ring.sum()) if found.has_conversation_data else None,
        share=found.share,
        share_low=None if interval is None else interval[0],
        share_high=None if interval is None else interval[1],
        exact=found.exact,
        smallest=found.smallest_seen,
        dense=len(dense),
        groups=[_group(group, view.between) for group in dense[:GROUPS]],
        sentence=_sentence(measured, len(dense), followers, drawn=view.between.drawn),
        too_little=None,
    )


def _missing(measured: FollowerRings | None, view: AccountView) -> str:
    if view.followers is None:
        return "No follower list is available, so closed circuits are unknown."
    if measured is not None and len(measured.person):
        few = say.number_of(len(measured.person), "follower")
        return f"The accounts followed are known for {few} only; a circuit has at least {MIN_LOOKED_AT} members."
    how = "add them as a table (docs/how-to/import.md)."
    if view.facts.has_follows_between:
        named = view.facts.account_id != ANONYMOUS
        how = f"headcount add {view.facts.handle or view.facts.account_id if named else 'HANDLE'} --follows-among"
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
    place = np.full(max(int(members.max()), int(source.max(initial=0)), int(target.max(initial=0))) + 1, -1)
    place[members] = np.arange(len(members))
    inside = (place[source] >= 0) & (place[target] >= 0)
    found = np.zeros((len(members), len(members)), dtype=np.bool_)
    found[place[source[inside]], place[target[inside]]] = True
    return found
