"""A group of accounts that follow each other, and the verdict on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from headcount.columns import Flags, Floats, Integers
from headcount.measures.circuits.evidence import Ratio
from headcount.measures.circuits.null_model import NullComparison
from headcount.support.record import Record

if TYPE_CHECKING:
    from headcount.graph.graph import Rows
    from headcount.graph.groups.close_groups import CloseGroups

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headcount.measures.circuits.evidence import Conversation, Tally, conversation_ratio, expected_partners

__all__ = ["CLOSED", "LESS_READILY", "UNLIKELY", "AccountFacts", "FollowGroup", "Verdict"]


@dataclass(frozen=True)
class _Counts:
    """Ties and talk of every account: within its group (ties, partners, times) and in all (ties, partners)."""

    groups: CloseGroups
    table: Integers
    watched: NDArray[np.bool_]
    known: bool

    @classmethod
    def of(cls, mutual: Rows, groups: CloseGroups, conversation: Conversation | None) -> _Counts:
        from headcount.graph.groups.group_counts import follows_inside, partners_along_ties

        count = len(mutual.offsets) - 1
        none = np.zeros(0, np.int64)
        talk = conversation or Conversation(none, none)
        times = np.ones(len(talk.actor), np.int64) if talk.times is None else talk.times
        inside = follows_inside(mutual.offsets, mutual.targets, groups.label)
        within, often, partners = partners_along_ties(
            mutual.offsets, mutual.targets, talk.actor, talk.target, times, groups.label
        )
        table = np.column_stack([inside, within, often, np.diff(mutual.offsets), partners])
        watched = np.ones(count, bool) if talk.watched is None else talk.watched
        return cls(groups, table, watched, conversation is not None)

    def ratio(self, number: int, accused: set[int]) -> Ratio | None:
        """Conversation of a group against all other accounts that are in no circuit."""
        if not self.known:
            return None
        members = self.groups.members(number)
        watched = members[self.watched[members]]
        if 2 * len(watched) < len(members):
            return None
        elsewhere = self.everybody
        for other in sorted({number, *accused}):
            elsewhere = elsewhere - self.of_group(other)
        return conversation_ratio(self.table[watched, 0], self.table[watched, 1], expected_partners(elsewhere))

    def turned_away(self, number: int) -> bool:
        """Do members address their ties outside more readily than each other, or have hardly any outside?"""
        from scipy.special import bdtr

        members = self.groups.members(number)
        ties, partners, _, all_ties, all_partners = self.table[members[self.watched[members]]].sum(axis=0).tolist()
        if ties >= CLOSED * all_ties:
            return True
        outside = (all_partners - partners) / (all_ties - ties)
        readily = partners / ties < LESS_READILY * outside
        return bool(readily and bdtr(partners, all_partners, ties / all_ties) <= UNLIKELY)

    @cached_property
    def everybody(self) -> Tally:
        """All accounts looked at."""
        return self._tally(np.flatnonzero(self.watched))

    def of_group(self, number: int) -> Tally:
        """The members of a group that were looked at."""
        members = self.groups.members(number)
        return self._tally(members[self.watched[members]])

    def _tally(self, accounts: Integers) -> Tally:
        """Accounts with all their ties, and members of groups also with those inside."""
        grouped = accounts[self.groups.label[accounts] >= 0]
        return Tally.of(
            np.concatenate([self.table[accounts, 3], self.table[grouped, 0]]),
            np.concatenate([self.table[accounts, 4], self.table[grouped, 1]]),
        )


def _away(members: Integers, facts: AccountFacts | None) -> bool:
    """Did at least half of the members not post at all?"""
    if facts is None or facts.posts is None:
        return False
    return bool(2 * (facts.posts[members] == 0).sum() >= len(members))


MIN_DENSITY = 0.08
SIGNIFICANT = 0.05
SILENT = 1 / 3
"""A circuit addresses less than this share of the partners that others with as many ties address."""

MUTE = 1 / 9
CLOSED = 0.9
"""Share of the members' ties that is inside, from which on there is hardly anybody else to talk to."""
LESS_READILY = 0.5
UNLIKELY = 0.025

Verdict = Literal["ring", "talks", "unclear", "away", "conversation unknown", "chance"]


@dataclass(frozen=True, kw_only=True, repr=False)
class AccountFacts(Record):
    """What is known of every account of the graph beside its follows; None where a fact is not at hand.

    Attributes:
        posts: posts in the time looked at; NaN where unknown.
        link_share: share of the account's posts with a link; NaN where unknown.
        newcomer: was the account new when it came (within 30 days of its making)? 1, 0, -1 for unknown. In a whole
            platform: were at least half of its follows made then?
        synchrony: excess synchrony (`graph.groups.synchrony`); NaN where unknown.
    """

    posts: Floats | None = None
    link_share: Floats | None = None
    newcomer: Flags | None = None
    synchrony: Floats | None = None


@dataclass(frozen=True, kw_only=True, repr=False)
class FollowGroup(Record):
    """A group dense in mutual follows, and what is known of it.

    Attributes:
        members: numbers of the accounts, ascending.
        verdict: ring (a closed circuit); talks; unclear (the interval holds the limit); away; conversation
            unknown; chance (no denser than degrees explain, or too loose).
        ties: pairs of members that follow each other.
        density: ties over pairs.
        expected_ties: by the members' other ties alone.
        surprise: logarithm of the bound on chance, see `measures.circuits.null_model`.
        significance: p against rewired graphs with the same degrees; None without draws.
        reciprocity: share of the follows inside that are returned; None where one-way follows are not known.
        conversation: partners addressed over partners expected; None where unknown.
        replies_per_follow: times addressed inside over mutual follows inside; None where unknown.
        inside_share: share of the partners addressed along any tie who are members; None where nobody is addressed.
        inside_ties: share of the members' ties that are inside: what inside_share would be if they made no difference.
        link_share, newcomers, synchrony: means over the members of whom they are known; None where of nobody.
    """

    members: Integers
    verdict: Verdict
    ties: int
    density: float
    expected_ties: float
    surprise: float
    significance: float | None
    reciprocity: float | None
    conversation: Ratio | None
    replies_per_follow: float | None
    inside_share: float | None
    inside_ties: float
    link_share: float | None
    newcomers: float | None
    synchrony: float | None


def _verdict(
    number: int,
    groups: CloseGroups,
    chance: NullComparison,
    counts: _Counts,
    facts: AccountFacts | None,
    accused: set[int],
) -> tuple[Verdict, Ratio | None]:
    ratio = counts.ratio(number, accused)
    size = int(groups.size[number])
    significant = chance.significance[number] <= SIGNIFICANT and chance.surprise[number] > 0
    if not significant or groups.ties[number] < MIN_DENSITY * size * (size - 1) / 2:
        return "chance", ratio
    if _away(groups.members(number), facts):
        return "away", ratio
    if ratio is None:
        return "conversation unknown", ratio
    if ratio.high < SILENT and (ratio.high < MUTE or counts.turned_away(number)):
        return "ring", ratio
    return ("talks" if ratio.low >= SILENT else "unclear"), ratio
