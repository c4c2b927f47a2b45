"""Who posts when, and who responds: the daily rhythm, attention, reach, delays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.simulate.following import Follows
from headcount.simulate.people import Floats, Integers, People
from headcount.simulate.settings import WorldSettings
from headcount.support.times import DAY
from headcount.tables import INTERACTION_KINDS

__all__ = [
    "Interactions",
    "Posts",
    "attention",
    "daily_hours",
    "draw_posts",
    "draw_responses",
    "kinds",
    "response_times",
]

_HOURLY = np.array([2, 1, 1, 1, 1, 2, 4, 7, 8, 8, 8, 8, 9, 8, 8, 8, 8, 9, 10, 12, 13, 13, 10, 5], dtype=np.float64)
"""Relative activity by local hour: a night's rest, a peak in the evening."""


@dataclass
class Posts:
    """One row a post, sorted by author, then time; seconds since 1970."""

    author: Integers
    at: Floats
    question: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.author)


@dataclass
class Interactions:
    """One row an interaction; `post` is an index into the posts (-1: a bare mention), `kind` into INTERACTION_KINDS."""

    actor: Integers
    target: Integers
    kind: Integers
    post: Integers
    at: Floats

    def __len__(self) -> int:
        return len(self.actor)


def daily_hours(number: int, generator: np.random.Generator) -> Floats:
    """(number,) local times of day in seconds, after the daily rhythm."""
    hour = generator.choice(24, size=number, p=_HOURLY / _HOURLY.sum())
    return (hour + generator.random(number)) * 3600.0


def draw_posts(settings: WorldSettings, people: People, generator: np.random.Generator) -> Posts:
    """Posts of the observed weeks."""
    now = settings.now.timestamp()
    start = np.maximum(now - settings.observed_weeks * 7 * DAY, people.joined)
    days = np.maximum(people.last_active - start, 0) / DAY
    counts = generator.poisson(people.posts_a_day * days)
    author = np.repeat(np.arange(len(people)), counts)
    return make_posts(author, start[author], days[author], people.zone[author], now, 0.06, generator)


def make_posts(
    author: Integers,
    start: Floats,
    days: Floats,
    zone: Integers,
    end: float,
    questions: float,
    generator: np.random.Generator,
) -> Posts:
    """One post a row: a random day of those from `start`, an hour of the author's day; none after `end`."""
    day = np.floor((start + generator.random(len(author)) * days * DAY) / DAY) * DAY
    at = day + daily_hours(len(author), generator) - zone * 3600.0
    inside = (at >= start) & (at < end - 60)
    at = np.where(inside, at, start + generator.random(len(author)) * np.minimum(days * DAY, end - 60 - start))
    order = np.lexsort((at, author))
    return Posts(author[order], at[order], generator.random(len(author)) < questions)


def attention(settings: WorldSettings, following: Floats) -> Floats:
    """Share of what is posted that somebody sees who follows so many: half at `settings.attention`."""
    return 1 / (1 + following / settings.attention)


def draw_responses(
    settings: WorldSettings,
    people: People,
    follows: Follows,
    posts: Posts,
    following: Floats,
    generator: np.random.Generator,
) -> Interactions:
    """Responses of followers to posts: how many from each pair, then which posts, by reach."""
    size = len(people)
    first = np.searchsorted(posts.author, np.arange(size), side="left")
    number = np.searchsorted(posts.author, np.arange(size), side="right") - first
    chance = np.minimum(people.response * attention(settings, following), 0.9)
    pairs = generator.binomial(number[follows.followee], chance[follows.follower])
    row = np.repeat(np.arange(len(follows)), pairs)
    actor, target = follows.follower[row], follows.followee[row]
    reach = np.exp(settings.reach_spread * generator.standard_normal(len(posts)))
    total = np.concatenate([[0.0], np.cumsum(reach)])
    low, high = total[first[target]], total[first[target] + number[target]]
    place = np.searchsorted(total, low + generator.random(len(row)) * (high - low), side="right") - 1
    place = np.clip(place, first[target], first[target] + number[target] - 1)
    _, once = np.unique(actor * max(len(posts), 1) + place, return_index=True)
    actor, target, place = actor[once], target[once], place[once]
    at = response_times(settings, posts.at[place], people.zone[actor], generator)
    # nobody responds before following, after leaving, or after the follow ended
    alive = (at <= people.last_active[actor] + DAY) & (at < settings.now.timestamp())
    alive &= posts.at[place] >= follows.at[row[once]]
    alive &= ~(posts.at[place] > np.nan_to_num(follows.gone[row[once]], nan=np.inf))
    kind = kinds(settings, len(at), generator)
    return Interactions(actor[alive], target[alive], kind[alive], place[alive], at[alive])


def kinds(settings: WorldSettings, number: int, generator: np.random.Generator) -> Integers:
    """Kinds of responses, as indices into INTERACTION_KINDS."""
    share = np.array([settings.kinds[kind] for kind in INTERACTION_KINDS])
    return generator.choice(len(share), size=number, p=share / share.sum()).astype(np.int64)


def response_times(settings: WorldSettings, posted: Floats, zone: Integers, generator: np.random.Generator) -> Floats:
    """Log-normal delays; who would respond at night (0 to 7 o'clock) does so in the morning."""
    spread = np.exp(settings.delay_spread * generator.standard_normal(len(posted)))
    at = posted + 60 * settings.delay_minutes * spread
    hour = ((at + zone * 3600.0) % DAY) / 3600.0
    awake = generator.random(len(at)) < 0.15
    wait = np.where((hour < 7) & ~awake, (7 - hour) * 3600.0 + generator.exponential(3600.0, len(at)), 0.0)
    value: Floats = at + wait
    return value
