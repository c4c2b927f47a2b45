"""Who lives on the platform: roles, sign-up, activity, interests, time zones, response probabilities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.simulate.settings import WorldSettings
from headcount.support.times import DAY

__all__ = ["People", "draw_people", "group"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_ZONES = (-8, -6, -5, -3, 0, 1, 2, 3, 5, 8, 9)
_ZONE_WEIGHTS = (0.10, 0.08, 0.14, 0.07, 0.12, 0.18, 0.08, 0.05, 0.06, 0.06, 0.06)


@dataclass
class People:
    """One row an account; times are seconds since 1970.

    Attributes:
        role: index into the settings' roles.
        joined, last_active: sign-up; last sign of life (the observation's time for those who are there).
        interest, zone: index of the interest; hours from UTC.
        posts_a_day: while active. response: probability to respond to a post that is seen. devotion per role.
        popularity: weight in being found. following: how many accounts it sets out to follow.
        following_outside, followers_outside: relations outside the slice of the platform that the world shows.
        community, circuit: number of the group, -1 for none.
    """

    role: Integers
    joined: Floats
    last_active: Floats
    interest: Integers
    zone: Integers
    posts_a_day: Floats
    response: Floats
    popularity: Floats
    following: Floats
    following_outside: Integers
    followers_outside: Integers
    community: Integers
    circuit: Integers

    def __len__(self) -> int:
        return len(self.role)


def draw_people(settings: WorldSettings, generator: np.random.Generator) -> People:
    """Draw the people of a platform, roles in a random order."""
    n, now = settings.people, settings.now.timestamp()
    roles = list(settings.roles.values())
    share = np.array([role.share for role in roles])
    role = generator.choice(len(roles), size=n, p=share / share.sum())
    names = list(settings.roles)
    joined = _sign_ups(settings, n, generator)
    new = role == names.index("newcomer")
    joined[new] = now - generator.uniform(0, 60, int(new.sum())) * DAY
    bought = role == names.index("bought")  # made in bulk, well before they are delivered
    joined[bought] = now - generator.uniform(450, 520, int(bought.sum())) * DAY
    activity = np.array([r.posts_a_day for r in roles])[role]
    wide = np.exp(settings.following_spread * generator.standard_normal(n) - settings.following_spread**2 / 2)
    following = np.array([r.following for r in roles])[role] * wide
    outside = np.exp(settings.outside_spread * generator.standard_normal(n))
    outside *= np.array([r.following_outside for r in roles])[role]
    back = np.array([r.followers_outside for r in roles])[role] * generator.uniform(0.75, 1.15, n)
    return People(
        role=role,
        joined=joined,
        last_active=_last_active(settings, names, role, joined, generator),
        interest=generator.zipf(1.5, n) % settings.interests,
        zone=generator.choice(_ZONES, size=n, p=np.array(_ZONE_WEIGHTS) / sum(_ZONE_WEIGHTS)),
        posts_a_day=np.minimum(activity * np.exp(settings.activity_spread * generator.standard_normal(n)), 30.0),
        response=_responses(settings, role, generator),
        popularity=_popularity(settings, names, role, generator),
        following=following,
        following_outside=outside.astype(np.int64),
        followers_outside=(outside * back).astype(np.int64),
        community=_communities(settings, names, role, generator),
        circuit=group(np.flatnonzero(role == names.index("circuit")), n, settings.circuit_size, generator),
    )


def _sign_ups(settings: WorldSettings, n: int, generator: np.random.Generator) -> Floats:
    """Growth that quickens, with six waves in which many join within two weeks."""
    now, span = settings.now.timestamp(), settings.years * 365.25 * DAY
    age = 1 - np.sqrt(generator.random(n))
    waves = generator.random(6)
    in_wave = generator.random(n) < 0.25
    chosen = waves[generator.integers(0, 6, n)] + generator.uniform(0, 14 * DAY / span, n)
    age = np.where(in_wave, np.clip(chosen, 0, 1), age)
    return now - np.clip(age * span, 1 * DAY, None)


def _last_active(
    settings: WorldSettings, names: list[str], role: Integers, joined: Floats, generator: np.random.Generator
) -> Floats:
    now, n = settings.now.timestamp(), len(role)
    last = now - generator.exponential(1.2 * DAY, n)
    left = role == names.index("away")
    last = np.where(left, joined + generator.random(n) * np.maximum(now - 120 * DAY - joined, DAY), last)
    dropped = (role == names.index("newcomer")) & (generator.random(n) < settings.newcomer_dropout)
    last = np.where(dropped, joined + generator.exponential(3 * DAY, n), last)
    last = np.where(role == names.index("bought"), joined + DAY, last)
    return np.clip(last, joined, now)


def _responses(settings: WorldSettings, role: Integers, generator: np.random.Generator) -> Floats:
    response = np.zeros(len(role))
    for index, kind in enumerate(settings.roles.values()):
        who = np.flatnonzero(role == index)
        if kind.response > 0:
            a = kind.devotion
            response[who] = generator.beta(a, a * (1 / kind.response - 1), len(who))
    return response


def _popularity(settings: WorldSettings, names: list[str], role: Integers, generator: np.random.Generator) -> Floats:
    weight = 1 + generator.pareto(settings.popularity_tail, len(role))
    weight[role == names.index("organisation")] *= 8
    weight[np.isin(role, [names.index("bought"), names.index("lurker")])] *= 0.1
    return weight


def _communities(settings: WorldSettings, names: list[str], role: Integers, generator: np.random.Generator) -> Integers:
    real = np.flatnonzero(np.isin(role, [names.index("real"), names.index("organisation")]))
    chosen = generator.permutation(real)[: int(settings.community_share * len(real))]
    return group(chosen, len(role), settings.community_size, generator)


def group(members: Integers, people: int, size: float, generator: np.random.Generator) -> Integers:
    """Number of the group of each person, -1 for none: groups of sizes spread around `size`."""
    number = np.full(people, -1, dtype=np.int64)
    if len(members):
        sizes = np.maximum((size * np.exp(0.4 * generator.standard_normal(len(members)))).astype(np.int64), 5)
        ends = np.cumsum(sizes)
        number[generator.permutation(members)] = np.searchsorted(ends, np.arange(len(members)), side="right")
    return number
