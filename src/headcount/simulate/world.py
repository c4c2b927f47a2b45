"""A whole platform: people, follows, posts, responses, conversation, and the truth behind them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from headcount.errors import UsageError
from headcount.simulate.following import Follows, draw_follows, join_follows, pairs_within
from headcount.simulate.people import Integers, People, draw_people
from headcount.simulate.responding import Interactions, Posts, draw_posts, draw_responses
from headcount.simulate.settings import DAY, WorldSettings
from headcount.tables import INTERACTION_KINDS

if TYPE_CHECKING:
    from headcount.simulate.cast import Planted

__all__ = ["AudienceTruth", "World", "simulate"]

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
class World:
    """A simulated platform. Accounts and posts are numbers; `write` gives them their text ids.

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

    def write(self, folder: Path | str, *, format: str = "parquet") -> Path:
        """Write tidy tables, `truth` and `truth_audience` to a folder (made when it is not there).

        Args:
            folder: where to; files of the same name are replaced.
            format: parquet, csv, csv.gz or jsonl.
        """
        from headcount.simulate.writing import write_world

        return write_world(self, Path(folder), format=format)


def simulate(settings: WorldSettings | None = None, *, seed: int = 1, cast: bool = False) -> World:
    """Draw a platform.

    Args:
        settings: its parameters.
        seed: equal settings and seeds give equal worlds.
        cast: plant the five accounts of the demo (`headcount.simulate.cast`).

    Raises:
        UsageError: the settings ask for no account at all.
    """
    settings = settings or WorldSettings()
    if settings.people < 1:
        raise UsageError(f"A world of {settings.people} accounts cannot be.", hint="ask for at least one.")
    generator = np.random.default_rng(seed)
    people = draw_people(settings, generator)
    follows = draw_follows(settings, people, generator)
    planted: Planted | None = None
    if cast:
        from headcount.simulate.cast import plant

        planted = plant(settings, people, generator)
        people, follows = planted.people, join_follows([*planted.follows, follows])
    standing = np.isnan(follows.gone)
    following = np.bincount(follows.follower[standing], minlength=len(people)) + people.following_outside.astype(float)
    posts = draw_posts(settings, people, generator)
    audience = follows if planted is None else _without(follows, planted.numbers)
    responses = draw_responses(settings, people, audience, posts, following, generator)
    parts = [responses, _talk(settings, people, generator)]
    truth: tuple[AudienceTruth, ...] = ()
    handles: dict[int, str] = {}
    if planted is not None:
        posts, own, parts[0] = planted.add_posts(settings, posts, parts[0], generator)
        more, truth = planted.respond(settings, people, follows, posts, own, following, generator)
        parts += more
        handles = planted.handles
    interactions = _joined(parts)
    interactions = _joined([interactions, _answers(settings, people, interactions, handles, generator)])
    return World(
        settings, seed, people, _made_while_there(settings, people, follows), posts, interactions, handles, truth
    )


def _made_while_there(settings: WorldSettings, people: People, follows: Follows) -> Follows:
    """Without the follows of accounts that came after the follower had left; nobody responded on their account.

    Bought accounts keep theirs, which the seller makes, and so do the followers planted around the cast.
    """
    bought = people.role[follows.follower] == list(settings.roles).index("bought")
    planted = follows.followee >= settings.people
    there = follows.at <= people.last_active[follows.follower] + DAY
    return _rows(follows, bought | planted | there)


def _without(follows: Follows, numbers: Integers) -> Follows:
    return _rows(follows, ~np.isin(follows.followee, numbers))


def _rows(follows: Follows, kept: np.ndarray) -> Follows:
    return Follows(follows.follower[kept], follows.followee[kept], follows.at[kept], follows.gone[kept])


def _talk(settings: WorldSettings, people: People, generator: np.random.Generator) -> Interactions:
    """Conversation inside communities: exchanges of mentions, most of them answered."""
    a, b = pairs_within(people.community, settings.community_density, generator)
    number = generator.poisson(settings.community_talk * generator.gamma(0.5, 2.0, len(a)))
    first, second = np.repeat(a, number), np.repeat(b, number)
    swap = generator.random(len(first)) < 0.5
    first, second = np.where(swap, second, first), np.where(swap, first, second)
    return exchange(settings, people, first, second, 7 * settings.observed_weeks, 0.8, generator)


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


def _answers(
    settings: WorldSettings,
    people: People,
    interactions: Interactions,
    handles: dict[int, str],
    generator: np.random.Generator,
) -> Interactions:
    """Authors answer some of the replies they get."""
    from headcount.simulate.cast import answers_of

    chance = np.array([role.answers for role in settings.roles.values()])[people.role]
    for person, handle in handles.items():
        chance[person] = answers_of(handle)
    rows = np.flatnonzero((interactions.kind == REPLY) & (interactions.post >= 0))
    rows = rows[generator.random(len(rows)) < chance[interactions.target[rows]]]
    at = interactions.at[rows] + generator.exponential(4 * 3600.0, len(rows))
    answer = Interactions(interactions.target[rows], interactions.actor[rows], np.full(len(rows), REPLY), -2 - rows, at)
    alive = (at < settings.now.timestamp()) & (at <= people.last_active[answer.actor] + DAY)
    return _select(answer, alive)


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
