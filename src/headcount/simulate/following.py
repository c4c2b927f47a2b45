"""Who follows whom, since when, and until when."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.simulate.people import Floats, Integers, People
from headcount.simulate.settings import WorldSettings
from headcount.support.times import DAY

__all__ = ["Follows", "draw_follows", "join_follows", "pairs_within", "ranked"]


@dataclass
class Follows:
    """One row a follow; times are seconds since 1970, `gone` is NaN while the follow stands."""

    follower: Integers
    followee: Integers
    at: Floats
    gone: Floats

    def __len__(self) -> int:
        return len(self.follower)


def draw_follows(settings: WorldSettings, people: People, generator: np.random.Generator) -> Follows:
    """All follows of the platform but those of the cast."""
    names = list(settings.roles)
    inside = [
        pairs_within(people.community, settings.community_density, generator),
        pairs_within(people.circuit, settings.circuit_density, generator),
    ]
    mutual_a = np.concatenate([a for a, _ in inside])
    mutual_b = np.concatenate([b for _, b in inside])
    wanted = max(settings.follows - 2 * len(mutual_a), people.role.size)
    back = np.array([role.follow_back for role in settings.roles.values()])
    follower, followee = _found(settings, people, int(wanted / (1 + back[people.role].mean())), generator)
    returns = generator.random(len(follower)) < back[people.role[followee]]
    a = np.concatenate([follower, followee[returns], mutual_a, mutual_b])
    b = np.concatenate([followee, follower[returns], mutual_b, mutual_a])
    at = _times(settings, people, a, b, generator)
    follows = _distinct(a, b, at)
    auto = people.role[follows.follower] == names.index("auto_follow")
    ended = auto & (generator.random(len(follows)) < settings.unfollow_churn)
    now = settings.now.timestamp()
    stay = generator.exponential(20 * DAY, len(follows)) + DAY
    follows.gone = np.where(ended, np.minimum(follows.at + stay, now - DAY / 2), np.nan)
    follows.gone[follows.gone <= follows.at] = np.nan
    return follows


def _found(
    settings: WorldSettings, people: People, number: int, generator: np.random.Generator
) -> tuple[Integers, Integers]:
    """Follows of accounts that people found: within their interest or anywhere, by popularity."""
    follower = generator.choice(len(people), size=number, p=people.following / people.following.sum())
    order = np.argsort(people.interest, kind="stable")
    weight = np.cumsum(people.popularity[order])
    ends = np.searchsorted(people.interest[order], np.arange(settings.interests), side="right")
    upper = np.where(ends > 0, weight[np.maximum(ends - 1, 0)], 0.0)
    lower = np.concatenate([[0.0], upper[:-1]])
    own = generator.random(number) < settings.same_interest
    interest = people.interest[follower]
    start = np.where(own, lower[interest], 0.0)
    end = np.where(own, upper[interest], weight[-1])
    place = np.searchsorted(weight, start + generator.random(number) * (end - start), side="right")
    return follower, order[np.minimum(place, len(order) - 1)]


def pairs_within(number: Integers, density: float, generator: np.random.Generator) -> tuple[Integers, Integers]:
    """Pairs of people of one group, each pair with probability `density`: (first, second)."""
    members = np.flatnonzero(number >= 0)
    if not len(members):
        return members, members
    members = members[np.argsort(number[members], kind="stable")]
    _, start, size = np.unique(number[members], return_index=True, return_counts=True)
    later = np.repeat(start + size, size) - np.arange(len(members)) - 1
    first = np.repeat(np.arange(len(members)), later)
    second = np.arange(len(first)) - np.repeat(np.cumsum(later) - later, later) + first + 1
    kept = generator.random(len(first)) < density
    return members[first[kept]], members[second[kept]]


def _times(settings: WorldSettings, people: People, a: Integers, b: Integers, generator: np.random.Generator) -> Floats:
    """A follow comes after both joined and while the follower was active, the sooner the likelier."""
    earliest = np.maximum(people.joined[a], people.joined[b])
    latest = np.maximum(people.last_active[a], earliest + 60)
    at: Floats = earliest + (latest - earliest) * generator.random(len(a)) ** 1.5
    return np.minimum(at, settings.now.timestamp() - 60)


def _distinct(a: Integers, b: Integers, at: Floats) -> Follows:
    size = int(max(a.max(initial=0), b.max(initial=0))) + 1
    key = a * size + b
    key[a == b] = -1
    _, first = np.unique(key, return_index=True)
    first = first[key[first] >= 0]
    return Follows(a[first], b[first], at[first], np.full(len(first), np.nan))


def join_follows(parts: list[Follows]) -> Follows:
    """Several sets of follows as one; where a pair stands twice, the first counts."""
    a, b = np.concatenate([p.follower for p in parts]), np.concatenate([p.followee for p in parts])
    size = int(max(a.max(initial=0), b.max(initial=0))) + 1
    _, first = np.unique(a * size + b, return_index=True)
    first = first[a[first] != b[first]]
    at, gone = np.concatenate([p.at for p in parts]), np.concatenate([p.gone for p in parts])
    return Follows(a[first], b[first], at[first], gone[first])


def ranked(follows: Follows) -> NDArray[np.int64]:
    """Place of each standing follow in the followee's list, 0 = newest; -1 where the follow ended."""
    place = np.full(len(follows), -1, dtype=np.int64)
    rows = np.flatnonzero(np.isnan(follows.gone))
    order = rows[np.lexsort((-follows.at[rows], follows.followee[rows]))]
    owner = follows.followee[order]
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    counts = np.diff(starts, append=len(order))
    place[order] = np.arange(len(order)) - np.repeat(starts, counts)
    return place
