"""What a simulated platform consists of, and the words that its accounts exchange."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from headcount.simulate.following import Follows
from headcount.simulate.people import Integers, People
from headcount.simulate.responding import Interactions, Posts
from headcount.simulate.settings import WorldSettings
from headcount.support.times import DAY
from headcount.tables import INTERACTION_KINDS

__all__ = ["REPLY", "AudienceTruth", "WorldRecords", "exchange"]

REPLY = INTERACTION_KINDS.index("reply")
MENTION = INTERACTION_KINDS.index("mention")


@dataclass(frozen=True)
class AudienceTruth:
    """What is true of one account of the cast.

    Attributes:
        person: number of the account; handle.
        followers: standing followers; posts_in_window: posts of the last 8 weeks.
        responders_in_window: distinct standing followers who responded to those.
        responders_after: the same after as many posts again, which are in no table.
        relationships: planted two-way ties; auto_followers, bought: planted followers of those roles.
    """

    person: int
    handle: str
    followers: int
    posts_in_window: int
    responders_in_window: int
    responders_after: int
    relationships: int
    auto_followers: int
    bought: int


@dataclass
class WorldRecords:
    """A simulated platform. Accounts and posts are numbers; their text ids are made when it is written.

    Attributes:
        settings, seed: what it was made from.
        people, follows, posts, interactions: see their classes; a reply interaction k is also a post, r<k>, and an
            interaction whose `post` is -2-k addresses that reply.
        handles: number of an account -> handle, for those that have a fixed one.
        truth: of the cast.
    """

    settings: WorldSettings
    seed: int
    people: People
    follows: Follows
    posts: Posts
    interactions: Interactions
    handles: dict[int, str]
    truth: tuple[AudienceTruth, ...]


def exchange(
    settings: WorldSettings,
    people: People,
    first: Integers,
    second: Integers,
    days: float,
    answered: float,
    generator: np.random.Generator,
) -> Interactions:
    """Mentions from first to second on days of the past, a share of them answered within hours."""
    now = settings.now.timestamp()
    earliest = np.maximum(now - days * DAY, np.maximum(people.joined[first], people.joined[second]))
    # who joined yesterday talks over half a day, not all at one instant
    at = earliest + generator.random(len(first)) * np.maximum(now - DAY - earliest, DAY / 2)
    back = generator.random(len(first)) < answered
    later = np.minimum(
        at[back] + generator.exponential(3 * 3600.0, int(back.sum())), now - generator.uniform(1, 3600, int(back.sum()))
    )
    actor = np.concatenate([first, second[back]])
    target = np.concatenate([second, first[back]])
    blank = np.full(len(actor), -1, dtype=np.int64)
    both = Interactions(actor, target, np.full(len(actor), MENTION), blank, np.concatenate([at, later]))
    return _select(both, both.at <= people.last_active[actor] + DAY)


def _select(interactions: Interactions, rows: np.ndarray) -> Interactions:
    return replace(
        interactions,
        actor=interactions.actor[rows],
        target=interactions.target[rows],
        kind=interactions.kind[rows],
        post=interactions.post[rows],
        at=interactions.at[rows],
    )


def _joined(parts: list[Interactions]) -> Interactions:
    return Interactions(
        np.concatenate([part.actor for part in parts]),
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.kind for part in parts]),
        np.concatenate([part.post for part in parts]),
        np.concatenate([part.at for part in parts]),
    )
