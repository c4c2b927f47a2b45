"""Who is on the list when, and what an observer knows of the times of following."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.simulate.families.interest import log_uniform
from headcount.simulate.families.posts import START, Posts
from headcount.simulate.families.settings import AudienceSettings
from headcount.simulate.families.world import KnownTimes
from headcount.simulate.people import Floats
from headcount.support.times import DAY

__all__ = ["KnownFollows", "Members", "draw_members", "known_follows"]

_MONTH = 30 * DAY
_BURST_DAYS = 1.0
_BLOCK_HOURS = 6.0
_PLATFORM_AGE = 9 * 365 * DAY
_FRESH_SHARE = 0.1
_SNAPSHOT_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class Members:
    """Everybody who is on the list at some time of the window or the horizon, one row a person.

    Attributes:
        followed_at, left_at: seconds; left_at is infinite for those who stay.
        ceased_at: when they cease to respond while staying; infinite for those who do not.
        p: response probability to an ordinary post.
        in_block: bool, follower of the block that never responds.
    """

    followed_at: Floats
    left_at: Floats
    ceased_at: Floats
    p: Floats
    in_block: NDArray[np.bool_]

    def on_list(self, at: float) -> NDArray[np.bool_]:
        """Followers at a time."""
        return (self.followed_at <= at) & (self.left_at > at)


def draw_members(settings: AudienceSettings, posts: Posts, generator: np.random.Generator) -> Members:
    """Draw times of following, leaving and ceasing, and interests, in random order."""
    as_of, window, horizon = posts.as_of, posts.as_of - START, float(posts.at[-1]) - posts.as_of
    hazard = -np.log1p(-settings.churn) / _MONTH
    lost = hazard * window
    block = round(settings.silent_block * settings.followers)
    listed = settings.followers - block
    stay = -np.expm1(-lost) / lost if lost > 0 else 1.0
    arrivals = round(settings.arrival_share * listed / stay)
    initial = round((1 - settings.arrival_share) * listed * np.exp(lost))
    age = log_uniform(generator, 0.5, 6.0) * 365 * DAY
    followed_at = np.concatenate([
        START - age * generator.beta(1.0, 1.3, initial),
        _arrival_times(settings, arrivals, window, generator),
        as_of + generator.random(round(arrivals * horizon / window)) * horizon,
        _block_times(settings, block, window, age, generator),
    ])  # fmt: skip
    in_block = np.arange(len(followed_at)) >= len(followed_at) - block
    p = np.where(in_block, 0.0, settings.interest.draw(len(followed_at), generator))
    since = np.maximum(followed_at, START)
    left_at, ceased_at = np.full_like(since, np.inf), np.full_like(since, np.inf)
    if hazard > 0:
        left_at = since + generator.exponential(1 / hazard, len(since))
    if settings.dropout > 0:
        ceased_at = since + generator.exponential(window / settings.dropout, len(since))
    order = generator.permutation(len(since))
    return Members(
        followed_at=followed_at[order],
        left_at=left_at[order],
        ceased_at=ceased_at[order],
        p=p[order],
        in_block=in_block[order],
    )


def _arrival_times(settings: AudienceSettings, number: int, window: float, generator: np.random.Generator) -> Floats:
    """Times within the window: steady, or each burst falling off within days."""
    if not settings.arrival_bursts:
        return START + generator.random(number) * window
    begin = generator.random(settings.arrival_bursts)[generator.integers(settings.arrival_bursts, size=number)] * window
    after = generator.exponential(_BURST_DAYS * DAY, number)
    return START + np.minimum(begin + np.minimum(after, window - begin), window * (1 - 1e-6))


def _block_times(
    settings: AudienceSettings, number: int, window: float, age: float, generator: np.random.Generator
) -> Floats:
    """Times of the block: a few hours, in the window or before it."""
    begin = START + window * 0.9 * generator.random() if settings.silent_block_in_window else None
    begin = START - age * (0.02 + 0.9 * generator.random()) if begin is None else begin
    return begin + generator.random(number) * _BLOCK_HOURS * 3600


@dataclass(frozen=True, kw_only=True)
class KnownFollows:
    """What an observer knows of the cohort's times of following; (N,) each, as in `AudienceWorld`."""

    followed_at: Floats
    followed_after: Floats
    followed_before: Floats
    created_at: Floats
    position: Floats


def known_follows(
    followed_at: Floats, place: Floats, as_of: float, known: KnownTimes, generator: np.random.Generator
) -> KnownFollows:
    """What is known of the times of following.

    With the order of the list alone, a follow is no older than the newest account below it in the list (Meeder et
    al. 2011), and half of the observers have one earlier snapshot of the list from within the window.

    Args:
        followed_at: (N,) true times.
        place: (N,) place in the list, 0 = newest.
        as_of: end of the observation.
        known: what is known.
        generator: of the creation times and the snapshot.
    """
    nothing = np.full(len(followed_at), np.nan)
    if known == "none":
        return KnownFollows(
            followed_at=nothing, followed_after=nothing, followed_before=nothing, created_at=nothing, position=nothing
        )
    if known == "exact":
        return KnownFollows(
            followed_at=followed_at,
            followed_after=followed_at,
            followed_before=followed_at,
            created_at=nothing,
            position=place,
        )
    oldest = min(as_of - _PLATFORM_AGE, float(followed_at.min(initial=as_of)) - DAY)
    is_fresh = generator.random(len(followed_at)) < _FRESH_SHARE
    before = np.where(
        is_fresh,
        generator.exponential(0.2 * DAY, len(followed_at)),
        generator.random(len(followed_at)) * (followed_at - oldest),
    )
    created = followed_at - np.minimum(before, followed_at - oldest)
    order = np.argsort(-place, kind="stable")
    after = np.empty_like(created)
    after[order] = np.maximum.accumulate(created[order])
    until = nothing.copy()
    if generator.random() < _SNAPSHOT_SHARE:
        snapshot = START + generator.random() * (as_of - START)
        until[followed_at <= snapshot] = snapshot
        after = np.where(followed_at > snapshot, np.maximum(after, snapshot), after)
    return KnownFollows(
        followed_at=nothing, followed_after=after, followed_before=until, created_at=created, position=place
    )
