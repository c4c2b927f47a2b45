"""Who responds to which post: each person's visits are a Poisson process thinned by the posts' intensities.

A person with probability p has rate -log(1-p) at intensity 1, so that the chance of at least one visit to a post of
intensity e is 1 - (1-p)^e, independently between posts. Drawing counts per person and then places takes memory in
proportion to the responses, not to people times posts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.simulate.families.members import Members
from headcount.simulate.families.posts import Posts
from headcount.simulate.families.settings import AudienceSettings
from headcount.simulate.people import Floats, Integers

__all__ = ["Responses", "draw_responses"]

_CROWD_VISIT = 0.7
_OTHER_TOPICS = 0.05
_TOPIC_SHARE = 1 / 3
_DRIFT_BLOCKS = 12
_DRIFT_CORRELATION = 0.75
_POD_RATE = 3.5
_WORDS_SHAPE = 1.5


@dataclass(frozen=True, kw_only=True)
class Responses:
    """One row a person and post; outsiders are numbered from the number of members on.

    Attributes:
        person, post: (n,) row of `Members`, 0 … 2t-1.
        active: (n,) by words.
        at: (n,) seconds.
    """

    person: Integers
    post: Integers
    active: NDArray[np.bool_]
    at: Floats


def draw_responses(
    settings: AudienceSettings, members: Members, posts: Posts, generator: np.random.Generator
) -> Responses:
    """All responses to the posts of the window and the further ones."""
    first = np.searchsorted(posts.at, members.followed_at, side="left")
    last = np.maximum(np.searchsorted(posts.at, np.minimum(members.left_at, members.ceased_at), side="left"), first)
    rate = _rates(settings, members, posts, first, last)
    parts = [
        draw_visits(rate * weight, first, last, posts.intensity * share, generator)
        for weight, share in _components(settings, len(rate), posts, generator)
    ]
    if settings.crowd_share:
        parts.append(_crowd_visits(settings, rate, first, last, posts, generator))
    if settings.pod:
        parts.append(_pod_visits(settings, members, posts, first, last, generator))
    person, post = (np.concatenate(column) for column in zip(*parts, strict=True))
    person, post = _with_outsiders(settings, person, post, len(rate), posts, generator)
    return _with_times(settings, members, posts, person, post, generator)


def draw_visits(
    rate: Floats, first: Integers, last: Integers, intensity: Floats, generator: np.random.Generator
) -> tuple[Integers, Integers]:
    """Visits of people to posts `first` … `last`-1 at `rate` times the intensity: (person, post), with repetitions."""
    total = np.concatenate([[0.0], np.cumsum(intensity)])
    mass = total[last] - total[first]
    person = np.repeat(np.arange(len(rate)), generator.poisson(rate * mass))
    post = np.searchsorted(total, total[first[person]] + generator.random(len(person)) * mass[person], side="right") - 1
    return person, np.clip(post, first[person], np.maximum(last[person] - 1, 0))


def _rates(settings: AudienceSettings, members: Members, posts: Posts, first: Integers, last: Integers) -> Floats:
    """Rates at intensity 1, scaled down where the window would get too many responses."""
    rate: Floats = -np.log1p(-members.p)
    total = np.concatenate([[0.0], np.cumsum(posts.intensity)])
    inside = np.minimum(last, settings.posts)
    expected = float((rate * (total[inside] - total[np.minimum(first, inside)])).sum())
    return rate * min(1.0, settings.max_responses / max(expected, 1.0))


def _components(
    settings: AudienceSettings, number: int, posts: Posts, generator: np.random.Generator
) -> list[tuple[Floats, Floats]]:
    """Rates of (person, post) as a sum of products: weights of people, shares of posts."""
    if settings.topics:
        likes = generator.random((settings.topics, number)) < _TOPIC_SHARE
        likes[generator.integers(settings.topics, size=number), np.arange(number)] = True
        weight = np.where(likes, 1.0, _OTHER_TOPICS)
        weight /= weight.mean()
        return [(weight[k], (posts.topic == k).astype(np.float64)) for k in range(settings.topics)]
    if settings.interest_drift:
        spread, parts = settings.interest_drift, []
        block = np.arange(len(posts.at)) * _DRIFT_BLOCKS // len(posts.at)
        state = generator.standard_normal(number)
        for k in range(_DRIFT_BLOCKS):
            if k:
                fresh = np.sqrt(1 - _DRIFT_CORRELATION**2) * generator.standard_normal(number)
                state = _DRIFT_CORRELATION * state + fresh
            parts.append((np.exp(spread * state - spread**2 / 2), (block == k).astype(np.float64)))
        return parts
    weight = np.ones(number)
    if settings.crowd_share:
        # people of crowds come with their group alone: the first rows, which are in random order
        weight[: _crowds(settings, number) * settings.crowd_size] = 0.0
    return [(weight, np.ones(len(posts.at)))]


def _crowds(settings: AudienceSettings, number: int) -> int:
    return int(settings.crowd_share * number / settings.crowd_size)


def _crowd_visits(
    settings: AudienceSettings,
    rate: Floats,
    first: Integers,
    last: Integers,
    posts: Posts,
    generator: np.random.Generator,
) -> tuple[Integers, Integers]:
    """Visits of groups; each brings every person of the group who can respond with the same probability."""
    crowds, size = _crowds(settings, len(rate)), settings.crowd_size
    shared = rate[: crowds * size].reshape(crowds, size).mean(axis=1) / _CROWD_VISIT
    begin = np.zeros(crowds, dtype=np.int64)
    group, post = draw_visits(shared, begin, begin + len(posts.at), posts.intensity, generator)
    person, post = (group[:, None] * size + np.arange(size)).ravel(), np.repeat(post, size)
    comes = (generator.random(len(person)) < _CROWD_VISIT) & (post >= first[person]) & (post < last[person])
    return person[comes], post[comes]


def _pod_visits(
    settings: AudienceSettings,
    members: Members,
    posts: Posts,
    first: Integers,
    last: Integers,
    generator: np.random.Generator,
) -> tuple[Integers, Integers]:
    """Visits of the pod: people who followed before the window, to nearly every post whatever its intensity."""
    pod = np.flatnonzero((members.followed_at < posts.at[0]) & ~members.in_block)[: settings.pod]
    person, post = draw_visits(np.full(len(pod), _POD_RATE), first[pod], last[pod], np.ones(len(posts.at)), generator)
    return pod[person], post


def _with_outsiders(
    settings: AudienceSettings,
    person: Integers,
    post: Integers,
    number: int,
    posts: Posts,
    generator: np.random.Generator,
) -> tuple[Integers, Integers]:
    """One row a pair, and one-time visits of people who never follow."""
    pairs = np.unique(person * len(posts.at) + post)
    person, post = pairs // len(posts.at), pairs % len(posts.at)
    outsiders = int(generator.poisson(settings.outsider_share * len(pairs)))
    chance = posts.intensity / posts.intensity.sum()
    visited = generator.choice(len(posts.at), size=outsiders, p=chance)
    return np.concatenate([person, number + np.arange(outsiders)]), np.concatenate([post, visited])


def _with_times(
    settings: AudienceSettings,
    members: Members,
    posts: Posts,
    person: Integers,
    post: Integers,
    generator: np.random.Generator,
) -> Responses:
    """Kinds and delays; responses that would come after leaving do not happen."""
    size = len(members.p) + int((person >= len(members.p)).sum())
    words = generator.beta(_WORDS_SHAPE, _WORDS_SHAPE * (1 / settings.words_share - 1), size)
    active = generator.random(len(person)) < words[person]
    delay = settings.delay_hours * 3600 * np.exp(settings.delay_spread * generator.standard_normal(len(person)))
    at = posts.at[post] + delay
    left_at = np.concatenate([members.left_at, np.full(size - len(members.p), np.inf)])
    happens = at < left_at[person]
    if settings.words_only:
        happens &= active
    order = np.flatnonzero(happens)
    order = order[np.argsort(at[order], kind="stable")]
    return Responses(person=person[order], post=post[order], active=active[order], at=at[order])
