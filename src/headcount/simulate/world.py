"""A whole platform: people, follows, posts, responses, conversation, and the truth behind them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from headcount.errors import UsageError
from headcount.simulate.cast import SHARES, Planted, answers_of, plant
from headcount.simulate.following import Follows, draw_follows, join_follows, pairs_within
from headcount.simulate.people import Integers, People, draw_people
from headcount.simulate.records import REPLY, AudienceTruth, WorldRecords, _joined, _select, exchange
from headcount.simulate.responding import Interactions, draw_posts, draw_responses
from headcount.simulate.settings import ROLES, WorldSettings
from headcount.simulate.writing import write_world
from headcount.support.times import DAY

__all__ = ["World", "demo_world", "simulate"]


class World(WorldRecords):
    """A simulated platform that can be written as tables."""

    def write(self, folder: Path | str, *, format: str = "parquet") -> Path:
        """Write tidy tables, `truth` and `truth_audience` to a folder (made when it is not there).

        Args:
            folder: where to; files of the same name are replaced.
            format: parquet, csv, csv.gz or jsonl.
        """
        return write_world(self, Path(folder), format=format)


def demo_world(*, seed: int = 1, scale: float = 1.0) -> World:
    """The world of `headcount demo`: a platform on which auto-following is common, and the cast.

    Args:
        seed: equal seeds give equal worlds.
        scale: of the platform and of the followers of all but `ana` and `newcomer`.
    """
    roles = {name: replace(role, share=SHARES[name]) for name, role in ROLES.items()}
    settings = WorldSettings(people=int(42_000 * scale), follows=int(900_000 * scale), roles=roles)
    return simulate(settings, seed=seed, cast=True)


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
        raise UsageError(
            f"A simulated platform needs at least one account, not {settings.people}.", hint="use a positive number."
        )
    generator = np.random.default_rng(seed)
    people = draw_people(settings, generator)
    follows = draw_follows(settings, people, generator)
    planted: Planted | None = None
    if cast:
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


def _answers(
    settings: WorldSettings,
    people: People,
    interactions: Interactions,
    handles: dict[int, str],
    generator: np.random.Generator,
) -> Interactions:
    """Authors answer some of the replies they get."""
    chance = np.array([role.answers for role in settings.roles.values()])[people.role]
    for person, handle in handles.items():
        chance[person] = answers_of(handle)
    rows = np.flatnonzero((interactions.kind == REPLY) & (interactions.post >= 0))
    rows = rows[generator.random(len(rows)) < chance[interactions.target[rows]]]
    at = interactions.at[rows] + generator.exponential(4 * 3600.0, len(rows))
    answer = Interactions(interactions.target[rows], interactions.actor[rows], np.full(len(rows), REPLY), -2 - rows, at)
    alive = (at < settings.now.timestamp()) & (at <= people.last_active[answer.actor] + DAY)
    return _select(answer, alive)
