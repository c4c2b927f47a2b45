"""Which accounts sit in closed circuits that only follow each other?

**Definition.** A *closed circuit* (ring) is a group that is dense in mutual follows and poor in conversation,
compared with groups as dense elsewhere in the same graph.

1. Groups: `graph.groups.close_groups` cuts the graph of mutual follows into close groups.
2. Dense: at least 0.08 of the pairs follow each other, and no rewired graph with the same degrees holds
   anything as surprising (p <= 0.05 with 20 draws; `measures.circuits.null_model`).
3. Poor in conversation: members address fewer than a third of the partners that accounts with as many ties
   elsewhere in the graph address, and the whole 95% interval lies below that (`measures.circuits.evidence`).
   Circuits found are no comparison for others: they are taken out of it, and all is judged again until nothing changes.
4. Not merely quiet people, who say little to anybody: members address each other less than half as readily, a
   tie, as their ties outside (one-sided binomial p <= 0.025); or hardly have ties outside (under a tenth); or
   the interval of 3. lies below a ninth: then hardly a word is said.

Friends, fan clubs, parties and local scenes are dense too, and talk: they are shown, and accused of nothing.
Neither is a group of which the conversation is unknown (nobody looked, or too little to compare with), nor one
whose members were away (half of them have not posted at all). What is judged is the group; of a single
member it says no more than that they follow each other.

Evidence beside that: reciprocity (share of the follows inside that are returned), replies a follow, share of
the talk along ties that stays inside, link share, newcomers and synchrony of the members: shown where known, and not
part of the verdict.

For one account's followers the graph is that of the follows between its followers. Where those were drawn
uniformly, the share of followers in circuits has exact limits for a finite list
(`measures.statistics.intervals.finite_count`); a circuit is then seen only with 10 members in the sample, and the
smallest that can be expected to be seen is told.

Sources: docs/methods/rings.md; Hooi et al. 2016 and Jiang et al. 2014 for the neighbouring measures
(`graph.groups.dense_blocks`, `graph.groups.synchrony`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from headcount import wording as say
from headcount.columns import Floats, Integers
from headcount.measures.circuits.evidence import Conversation, Ratio
from headcount.measures.circuits.groups import (
    AccountFacts,
    FollowGroup,
    Verdict,
    _Counts,
    _verdict,
)
from headcount.measures.circuits.null_model import NullComparison, compare_with_null_model
from headcount.measures.result import Result
from headcount.measures.statistics.intervals import finite_count

if TYPE_CHECKING:
    from headcount.graph.graph import Rows
    from headcount.graph.groups.close_groups import CloseGroups

__all__ = ["Rings", "rings", "rings_of_graph"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Rings(Result):
    """The groups dense in mutual follows, closed circuits first, then by surprise.

    Attributes:
        groups: all of them, whatever the verdict.
        accounts: accounts of the graph.
        ties: mutual follows of the graph.
        has_conversation_data: was any conversation at hand?
        draws: rewired graphs that the significance rests on.
        population: all that the accounts were drawn from; None where they are all there are.
        label: index into `groups` of every account; -1 for none.
    """

    groups: tuple[FollowGroup, ...]
    accounts: int
    ties: int
    has_conversation_data: bool
    draws: int
    population: int | None
    label: Integers = field(repr=False)

    @property
    def rings(self) -> tuple[FollowGroup, ...]:
        """The closed circuits."""
        return tuple(group for group in self.groups if group.verdict == "ring")

    @property
    def in_ring(self) -> NDArray[np.bool_]:
        """Does the account sit in a closed circuit?"""
        ring = np.array([group.verdict == "ring" for group in self.groups] + [False])
        return ring[self.label]

    @property
    def share(self) -> float | None:
        """Share of the accounts that sit in closed circuits; None without any conversation to judge by."""
        return float(self.in_ring.mean()) if self.accounts and self.has_conversation_data else None

    @property
    def share_interval(self) -> tuple[float, float] | None:
        """95% interval of `share` for the population drawn from; a point where all were looked at (`exact`)."""
        if self.share is None:
            return None
        population = self.population or self.accounts
        low, high = finite_count(int(self.in_ring.sum()), self.accounts, population)
        return low / population, high / population

    @property
    def exact(self) -> Literal["all looked at"] | None:
        """Why `share_interval` has no width: all accounts were looked at; None where it has one, or there is none."""
        looked_at_all = self.share is not None and (self.population or self.accounts) == self.accounts
        return "all looked at" if looked_at_all else None

    @property
    def smallest_seen(self) -> int:
        """Members of the smallest circuit that can be expected to be seen in this sample."""
        from headcount.graph.groups.close_groups import MIN_MEMBERS

        return ceil(MIN_MEMBERS * max((self.population or 0) / max(self.accounts, 1), 1.0))

    def columns(self) -> dict[str, list[Any]]:
        """One row a group."""
        names = ("verdict", "ties", "density", "expected_ties", "surprise", "significance", "reciprocity")
        more = ("replies_per_follow", "inside_share", "inside_ties", "link_share", "newcomers", "synchrony")
        talk = [group.conversation for group in self.groups]
        return {
            "members": [len(group.members) for group in self.groups],
            **{name: [getattr(group, name) for group in self.groups] for name in names},
            "conversation": [ratio and ratio.value for ratio in talk],
            "conversation_low": [ratio and ratio.low for ratio in talk],
            "conversation_high": [ratio and ratio.high for ratio in talk],
            **{name: [getattr(group, name) for group in self.groups] for name in more},
        }

    def sentence(self) -> str:
        """How many circuits, how many accounts in them, or why that cannot be said."""
        dense = sum(group.verdict != "chance" for group in self.groups)
        shown = f"{dense} group{'' if dense == 1 else 's'} of accounts that follow each other densely"
        if self.share is None or self.share_interval is None:
            return f"{shown}; who of them talk to each other is unknown, so none is called a closed circuit."
        count = int(self.in_ring.sum())
        low, high = self.share_interval
        range_ = "" if low == high else f" ({say.share_interval(low, high)} of all)"
        plural = "" if len(self.rings) == 1 else "s"
        return (
            f"{len(self.rings)} closed circuit{plural}, with {count:,} of {self.accounts:,} accounts{range_}, "
            f"among {shown}."
        )


def rings(
    source: Integers,
    target: Integers,
    count: int,
    *,
    conversation: Conversation | None = None,
    facts: AccountFacts | None = None,
    population: int | None = None,
    draws: int = 20,
    seed: int = 0,
) -> Rings:
    """The closed circuits of a graph of follows, or among the followers of one account.

    Args:
        source: number of the follower, one row for each follow; repeated rows and accounts that follow
            themselves are ignored.
        target: number of the followee of the same row.
        count: accounts of the graph, numbered 0 to count - 1, those without follows included.
        conversation: who addressed whom; None where unknown: then nobody is called a circuit.
        facts: what else is known of the accounts.
        population: all that the accounts were drawn from, uniformly; None where they are all there are.
        draws: rewired graphs with the same degrees; at least 20 for a verdict.
        seed: of the rewiring.

    Raises:
        ValueError: a number is outside of 0 to count - 1, or the population is smaller than the graph.
    """
    if len(source) != len(target) or (len(source) and not (_within(source, count) and _within(target, count))):
        raise ValueError(f"source and target: equally many numbers of 0 to {count - 1} are needed")
    followees = _rows(source, target, count)
    return rings_of_graph(
        followees,
        _mutual(followees),
        conversation=conversation,
        facts=facts,
        population=population,
        draws=draws,
        seed=seed,
    )


def rings_of_graph(
    followees: Rows | None,
    mutual: Rows,
    *,
    conversation: Conversation | None = None,
    facts: AccountFacts | None = None,
    population: int | None = None,
    draws: int = 20,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> Rings:
    """The closed circuits of a graph in compressed sparse rows, as large as a whole platform.

    Args:
        followees: the follows; None where only the mutual ones are known (no reciprocity then).
        mutual: the mutual follows, each in the rows of both accounts.
        conversation, facts, population, draws, seed: as for `rings`.
        progress: called with the share of the work done, 0 to 1.

    Raises:
        ValueError: the population is smaller than the graph.
    """
    from headcount.graph.groups.close_groups import MIN_MEMBERS, close_groups

    count = len(mutual.offsets) - 1
    if population is not None and population < count:
        raise ValueError(f"population {population} is smaller than the graph of {count} accounts")
    groups = close_groups(mutual, least_members=MIN_MEMBERS)
    chance = compare_with_null_model(
        mutual, groups, draws=draws, seed=seed, least_members=MIN_MEMBERS, progress=progress
    )
    counts = _Counts.of(mutual, groups, conversation)
    verdicts = _verdicts(groups, chance, counts, facts)
    return_share = _reciprocity(followees, groups)
    found = [
        _group(number, groups, chance, counts, facts, verdicts[number], return_share[number])
        for number in range(len(groups))
    ]
    order = sorted(range(len(found)), key=lambda g: (found[g].verdict != "ring", -found[g].surprise, g))
    place = np.full(len(found) + 1, -1, np.int64)
    place[order] = np.arange(len(order))
    return Rings(
        groups=tuple(found[number] for number in order),
        accounts=count,
        ties=len(mutual.targets) // 2,
        has_conversation_data=conversation is not None,
        draws=chance.draws,
        population=population,
        label=place[groups.label],
    )


def _verdicts(
    groups: CloseGroups, chance: NullComparison, counts: _Counts, facts: AccountFacts | None
) -> list[tuple[Verdict, Ratio | None]]:
    """Verdict and conversation of every group; circuits found are no comparison for the others."""
    accused: set[int] = set()
    while True:
        found = [_verdict(number, groups, chance, counts, facts, accused) for number in range(len(groups))]
        more = accused | {number for number, (verdict, _) in enumerate(found) if verdict == "ring"}
        if more == accused:
            return found
        accused = more


def _group(
    number: int,
    groups: CloseGroups,
    chance: NullComparison,
    counts: _Counts,
    facts: AccountFacts | None,
    verdict: tuple[Verdict, Ratio | None],
    reciprocity: float | None,
) -> FollowGroup:
    members = groups.members(number)
    watched = counts.table[members[counts.watched[members]]]
    size, ties = len(members), int(groups.ties[number])
    facts = facts or AccountFacts()
    significance = float(chance.significance[number])
    known = counts.known and len(watched) > 0
    return FollowGroup(
        members=members,
        verdict=verdict[0],
        ties=ties,
        density=2 * ties / (size * (size - 1)),
        expected_ties=float(chance.expected[number]),
        surprise=float(chance.surprise[number]),
        significance=None if np.isnan(significance) else significance,
        reciprocity=reciprocity,
        conversation=verdict[1],
        replies_per_follow=_share(watched[:, 2], watched[:, 0]) if known else None,
        inside_share=_share(watched[:, 1], watched[:, 4]) if known else None,
        inside_ties=_share(counts.table[members, 0], counts.table[members, 3]) or 0.0,
        link_share=_mean(facts.link_share, members),
        newcomers=_mean(
            None if facts.newcomer is None else np.where(facts.newcomer < 0, np.nan, facts.newcomer), members
        ),
        synchrony=_mean(facts.synchrony, members),
    )


def _share(part: Integers, whole: Integers) -> float | None:
    return float(part.sum() / whole.sum()) if whole.sum() else None


def _mean(values: Floats | None, members: Integers) -> float | None:
    if values is None or np.isnan(values[members]).all():
        return None
    return float(np.nanmean(values[members]))


def _reciprocity(followees: Rows | None, groups: CloseGroups) -> list[float | None]:
    from headcount.graph.groups.group_counts import follows_inside

    if followees is None:
        return [None] * len(groups)
    inside = follows_inside(followees.offsets, followees.targets, groups.label)
    grouped = groups.label >= 0
    follows = np.bincount(groups.label[grouped], inside[grouped], minlength=len(groups))
    return [float(2 * ties / total) for ties, total in zip(groups.ties, follows, strict=True)]


def _within(numbers: Integers, count: int) -> bool:
    return bool(numbers.min() >= 0 and numbers.max() < count)


def _rows(source: Integers, target: Integers, count: int) -> Rows:
    """Compressed sparse rows: sorted, no repetitions, nobody follows themselves."""
    from headcount.graph.graph import Rows as Graph

    key = np.sort((source.astype(np.int64) * count + target)[source != target])
    key = key[np.diff(key, prepend=-1) > 0]
    first = key // max(count, 1)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(first, minlength=count))]).astype(np.int64)
    return Graph(offsets, (key - first * count).astype(np.uint32))


def _mutual(followees: Rows) -> Rows:
    """The follows that are returned."""
    count = len(followees.offsets) - 1
    source = np.repeat(np.arange(count), np.diff(followees.offsets))
    target = followees.targets.astype(np.int64)
    returned = np.isin(target * count + source, source * count + target, assume_unique=True)
    return _rows(source[returned], target[returned], count)
