"""Times and response intensities of the posts of the window and of as many after it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.simulate.families.settings import AudienceSettings
from headcount.simulate.people import Floats, Integers
from headcount.support.times import DAY

__all__ = ["START", "Posts", "draw_posts"]

START = 1_767_571_200.0
"""Begin of every window: 5 January 2026, a Monday."""

_VIRAL_SPREAD = 0.5
_MAX_LOG_REACH = 4.0


@dataclass(frozen=True, kw_only=True)
class Posts:
    """Posts 0 … 2t-1 by time; the first t are the window's.

    Attributes:
        at: (2t,) seconds.
        as_of: end of the observation, between post t-1 and post t.
        intensity: (2t,) 1 = ordinary.
        topic: (2t,) number of the topic, 0 where there are none.
        is_viral: (2t,) bool.
    """

    at: Floats
    as_of: float
    intensity: Floats
    topic: Integers
    is_viral: NDArray[np.bool_]


def draw_posts(settings: AudienceSettings, generator: np.random.Generator) -> Posts:
    """Draw times, topics and intensities."""
    t, days = settings.posts, settings.days
    as_of = START + (days + settings.margin_days) * DAY
    at = np.concatenate([START + _places(t, generator) * days * DAY, as_of + _places(t, generator) * days * DAY])
    is_viral = _draw_viral(settings, generator)
    log_intensity = _log_reach(settings, generator) + _log_level(settings, at, generator)
    if settings.weekday_spread:
        weekday = ((at - START) // DAY).astype(np.int64) % 7
        log_intensity += (settings.weekday_spread * generator.standard_normal(7))[weekday]
    factor = np.log(settings.viral_factor) + _VIRAL_SPREAD * generator.standard_normal(2 * t)
    log_intensity += np.where(is_viral, np.maximum(factor, 0.0), 0.0)
    return Posts(
        at=at,
        as_of=as_of,
        intensity=np.exp(log_intensity),
        topic=_draw_topics(settings, generator),
        is_viral=is_viral,
    )


def _places(number: int, generator: np.random.Generator) -> Floats:
    """(number,) ascending places in (0, 1]; the last post is at 1."""
    return np.append(np.sort(generator.random(number - 1)), 1.0)


def _draw_viral(settings: AudienceSettings, generator: np.random.Generator) -> NDArray[np.bool_]:
    t = settings.posts
    is_viral = generator.random(2 * t) < settings.viral_share
    is_viral[generator.permutation(t)[: settings.viral_past]] = True
    is_viral[t + generator.permutation(t)[: settings.viral_to_come]] = True
    return is_viral


def _log_reach(settings: AudienceSettings, generator: np.random.Generator) -> Floats:
    """Independent effects of the posts, mean intensity 1 where normal."""
    spread, size = settings.reach_spread, 2 * settings.posts
    if settings.reach_df is None:
        return spread * generator.standard_normal(size) - spread**2 / 2
    effect = spread * generator.standard_t(settings.reach_df, size)
    return np.clip(effect, -_MAX_LOG_REACH, _MAX_LOG_REACH)


def _log_level(settings: AudienceSettings, at: Floats, generator: np.random.Generator) -> Floats:
    """Level that moves over time: a random walk and a season."""
    window = settings.days * DAY
    step = np.sqrt(np.diff(at, prepend=START) / window)
    level: Floats = settings.level_walk * np.cumsum(step * generator.standard_normal(len(at)))
    phase = 2 * np.pi * generator.random()
    level += settings.season * np.sin(2 * np.pi * (at - START) / (settings.season_windows * window) + phase)
    return level


def _draw_topics(settings: AudienceSettings, generator: np.random.Generator) -> Integers:
    """Topics in runs; how frequent each is differs by account."""
    size = 2 * settings.posts
    if not settings.topics:
        return np.zeros(size, dtype=np.int64)
    frequency = generator.dirichlet(np.ones(settings.topics))
    fresh = generator.choice(settings.topics, size=size, p=frequency)
    begins = generator.random(size) < 1 / settings.topic_run
    begins[0] = True
    return fresh[np.maximum.accumulate(np.where(begins, np.arange(size), 0))]
