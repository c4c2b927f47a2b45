"""Which followers of an account sit in closed circuits? `measures.circuits.rings` on the follows between them.

The graph holds the followers whose own follows are known: all of them, or a uniform sample; then the share of
followers in circuits has exact limits for a finite list, and circuits too small to show in the sample stay
unseen (the smallest that can be expected to be seen is told). A follower was a newcomer when it followed within 30
days of its account's making. A group is away where at least half of its members have not posted at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Followers, FollowsBetween, Integers, Texts
from headcount.measures.circuits.evidence import Conversation
from headcount.measures.circuits.groups import AccountFacts
from headcount.measures.circuits.rings import Rings, rings
from headcount.support.record import Record

__all__ = ["FollowerRings", "follower_rings"]

NEWCOMER_SECONDS = 30 * 86_400.0
MIN_READ_SHARE = 0.1
"""Share of the followers whose posts are at hand, from which on having none there means that nothing was written."""


@dataclass(frozen=True, kw_only=True, repr=False)
class FollowerRings(Record):
    """Closed circuits among the followers.

    Attributes:
        found: the circuits and other dense groups, in the numbers of `person`.
        person: (A,) number of every follower looked at.
        followers: how many stand, looked at or not.
    """

    found: Rings
    person: Integers
    followers: int

    def columns(self) -> dict[str, list[Any]]:
        """One row a group, as in `found`."""
        return self.found.columns()

    def summary(self) -> str:
        """The finding, as in `found`."""
        return self.found.summary()

    def circuit_of(self, size: int) -> Integers:
        """(size,) members of the closed circuit that each follower sits in; 0 for none, or not looked at."""
        members = np.array([len(group.members) for group in self.found.groups] + [0])
        circuit = np.zeros(size, np.int64)
        circuit[self.person] = np.where(self.found.in_ring, members[self.found.label], 0)
        return circuit

    def reasons(self, size: int) -> Texts:
        """(size,) a readable fragment for every follower in a closed circuit; None for all others."""
        circuit = self.circuit_of(size)
        told = np.full(size, None, dtype=object)
        for person in np.flatnonzero(circuit):
            told[person] = f"is in a closed circuit: {circuit[person]:,} followers follow each other and rarely talk"
        return told


def follower_rings(
    between: FollowsBetween, followers: Followers, *, standing: int, draws: int = 20, seed: int = 0
) -> FollowerRings:
    """The closed circuits among the followers of one account.

    Args:
        between: the follows between them.
        followers: the columns of all.
        standing: followers that stand.
        draws, seed: see `rings.rings`.

    Raises:
        ValueError: more were looked at than stand.
    """
    conversation = None
    if between.watched is not None:
        conversation = Conversation(between.actor, between.addressed, between.times, between.watched)
    population = standing if between.drawn else None
    if len(between.source) == 0:  # nothing to search, and the kernels need not be loaded
        nobody = np.full(len(between.person), -1, np.int64)
        found = Rings(
            groups=(),
            accounts=len(between.person),
            ties=0,
            has_conversation_data=conversation is not None,
            draws=0,
            population=population,
            label=nobody,
        )
    else:
        found = rings(
            between.source,
            between.target,
            len(between.person),
            conversation=conversation,
            facts=_facts(between, followers),
            population=population,
            draws=draws,
            seed=seed,
        )
    return FollowerRings(found=found, person=between.person, followers=standing)


def _facts(between: FollowsBetween, followers: Followers) -> AccountFacts:
    person = between.person
    seen = followers.posts_seen[person].astype(np.float64)
    watched: NDArray[np.bool_] = np.ones(len(person), bool) if between.watched is None else between.watched
    read = watched.any() and (seen[watched] > 0).mean() >= MIN_READ_SHARE
    posts = np.where(watched & read, seen, np.nan)
    never = followers.posts_count[person] == 0
    posts = np.where(never, 0.0, np.where((posts == 0) & (followers.posts_count[person] > 0), np.nan, posts))
    age = followers.followed_at[person] - followers.created_at[person]
    newcomer = np.where(np.isnan(age), -1, age <= NEWCOMER_SECONDS).astype(np.int8)
    return AccountFacts(
        posts=None if np.isnan(posts).all() else posts,
        link_share=followers.link_share[person],
        newcomer=newcomer,
    )
