"""The families of worlds, by name, and how each draws its settings."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, get_args

import numpy as np

from headcount.errors import UsageError
from headcount.simulate.families.interest import LAWS, Interest, Law, log_uniform
from headcount.simulate.families.settings import AudienceSettings
from headcount.simulate.families.simulation import simulate_audience
from headcount.simulate.families.world import AudienceWorld, KnownTimes

__all__ = ["FAMILIES", "Family", "draw_settings", "draw_world"]

_KNOWN_TIMES_CHANCES = (0.5, 0.3, 0.2)
_MIN_RESPONSES, _MAX_RESPONSES, _MAX_MEAN = 20.0, 150_000.0, 0.3

Draw = Callable[[np.random.Generator], AudienceSettings]


@dataclass(frozen=True, kw_only=True)
class Family:
    """Worlds of one kind.

    Attributes:
        name: of the family.
        about: its mechanism, in a phrase.
        draw: settings of one world.
        near_assumptions: a fixed list, independent people, steady reach.
    """

    name: str
    about: str
    draw: Draw
    near_assumptions: bool = False


def draw_settings(family: str, seed: int) -> AudienceSettings:
    """Settings of a world, the same for the same family and seed.

    Raises:
        UsageError: there is no such family.
    """
    return _find(family).draw(_generators(family, seed)[0])


def draw_world(family: str, seed: int, known_times: KnownTimes | None = None) -> AudienceWorld:
    """A world, the same for the same family and seed; other families draw from other streams.

    Args:
        family: a name of `FAMILIES`.
        seed: at least 0.
        known_times: what the observer knows of the times of following, for the same world; None: drawn.

    Raises:
        UsageError: there is no such family.
    """
    settings, (_, world, observer) = draw_settings(family, seed), _generators(family, seed)
    drawn: KnownTimes = get_args(KnownTimes)[observer.choice(3, p=_KNOWN_TIMES_CHANCES)]
    return simulate_audience(settings, world, known_times=known_times or drawn, family=family, seed=seed)


def _find(name: str) -> Family:
    if name not in FAMILIES:
        raise UsageError(f"{name!r} is not a family of worlds.", hint=f"expected one of: {', '.join(FAMILIES)}.")
    return FAMILIES[name]


def _generators(family: str, seed: int) -> list[np.random.Generator]:
    """Streams of the settings, the world and the observer."""
    key = int.from_bytes(hashlib.sha256(family.encode()).digest()[:8], "big")
    return [np.random.default_rng(child) for child in np.random.SeedSequence([key, seed]).spawn(3)]


def _base(
    generator: np.random.Generator,
    *,
    law: Law | None = None,
    shape: float | None = None,
    never_share: float | None = None,
    followers: tuple[float, float] = (20, 200_000),
    posts: tuple[float, float] = (3, 1_000),
    **fields: Any,
) -> AudienceSettings:
    """Sizes log-uniform, a law of interest drawn among all, log-normal reach; `fields` are set as they are."""
    size = round(log_uniform(generator, *followers))
    t = round(log_uniform(generator, *posts))
    cells = size * t
    mean = log_uniform(generator, 0.002, 0.08)
    mean = min(max(min(mean, _MAX_RESPONSES / cells), _MIN_RESPONSES / cells), _MAX_MEAN)
    chosen = law or LAWS[int(generator.integers(len(LAWS)))]
    shapes = {"lognormal": (0.5, 2.0), "power": (0.2, 0.8), "two_class": (0.5, 1.2)}.get(chosen, (0.3, 5.0))
    drawn_shape = log_uniform(generator, *shapes)
    never = float(generator.choice([0.0, 0.3, 0.6]))
    interest = Interest(
        law=chosen,
        mean=mean,
        shape=drawn_shape if shape is None else shape,
        never_share=never if never_share is None else never_share,
        devoted_share=log_uniform(generator, 0.01, 0.1),
        devoted_mean=float(generator.uniform(0.1, 0.5)),
    )
    settings = AudienceSettings(
        followers=size,
        posts=t,
        days=log_uniform(generator, 28, 120),
        interest=interest,
        reach_spread=float(generator.uniform(0.1, 0.6)),
        level_walk=0.1,
        arrival_share=float(generator.uniform(0.0, 0.05)),
        outsider_share=float(generator.uniform(0.0, 0.2)),
    )
    return replace(settings, **fields)


def _near(name: str, about: str, **options: Any) -> Family:
    """A family near the assumptions: nobody follows, leaves or drops out."""
    fixed: dict[str, Any] = {"law": "beta", "shape": 1.0, "never_share": 0.0, "reach_spread": 0.3}
    fixed |= {"arrival_share": 0.0, "level_walk": 0.0}

    def draw(generator: np.random.Generator) -> AudienceSettings:
        return _base(generator, **(fixed | options))

    return Family(name=f"near_{name}", about=about, draw=draw, near_assumptions=True)


def _growth(generator: np.random.Generator) -> AudienceSettings:
    bursts = int(generator.integers(0, 4))
    return _base(generator, arrival_share=1 / 3, arrival_bursts=bursts)


def _churn(generator: np.random.Generator) -> AudienceSettings:
    settings = _base(generator, churn=0.05)
    # as many come as go
    return replace(settings, arrival_share=1 - 0.95 ** (settings.days / 30))


def _dropping_out(generator: np.random.Generator) -> AudienceSettings:
    return _base(generator, dropout=log_uniform(generator, 0.3, 1.5))


def _devoted_and_rare(generator: np.random.Generator) -> AudienceSettings:
    settings = _base(generator, law="two_class", never_share=0.0)
    rare = min(settings.interest.mean, log_uniform(generator, 0.001, 0.01))
    share, mean = log_uniform(generator, 0.03, 0.1), float(generator.uniform(0.3, 0.8))
    return replace(settings, interest=replace(settings.interest, mean=rare, devoted_share=share, devoted_mean=mean))


def _slow_season(generator: np.random.Generator) -> AudienceSettings:
    return _base(generator, season=0.8, season_windows=float(generator.uniform(1.0, 4.0)))


def _viral(**fields: Any) -> Draw:
    def draw(generator: np.random.Generator) -> AudienceSettings:
        return _base(generator, viral_factor=log_uniform(generator, 5, 20), **fields)

    return draw


def _pod(generator: np.random.Generator) -> AudienceSettings:
    settings = _base(generator)
    return replace(settings, pod=int(min(log_uniform(generator, 5, 40), settings.followers / 4)))


def _block(*, in_window: bool) -> Draw:
    def draw(generator: np.random.Generator) -> AudienceSettings:
        share = float(generator.uniform(0.2, 0.5))
        return _base(generator, silent_block=share, silent_block_in_window=in_window)

    return draw


def _drawn(values: tuple[float, float], field: str, **fields: Any) -> Draw:
    """One field uniform in a range."""

    def draw(generator: np.random.Generator) -> AudienceSettings:
        drawn: dict[str, Any] = {field: float(generator.uniform(*values))}
        return _base(generator, **drawn, **fields)

    return draw


def _crowds(generator: np.random.Generator) -> AudienceSettings:
    return _base(generator, crowd_share=float(generator.uniform(0.4, 1.0)), followers=(40, 200_000))


def _topics(generator: np.random.Generator) -> AudienceSettings:
    return _base(generator, topics=int(generator.integers(3, 9)), topic_run=log_uniform(generator, 1.5, 10))


def _young_posts(generator: np.random.Generator) -> AudienceSettings:
    settings = _base(generator, delay_hours=log_uniform(generator, 6, 72), delay_spread=1.2)
    return replace(settings, margin_days=float(generator.uniform(0.02, 0.5)))


_heavy_reach = _drawn((0.3, 0.7), "reach_spread", reach_df=3.0)
_missing_kinds = _drawn((0.1, 0.6), "words_share", words_only=True)

_ALL = (
    _near("beta", "beta law with a = 1, log-normal reach"),
    _near("alike", "people nearly alike: beta law with a = 8", shape=8.0),
    _near("skewed", "people very different: beta law with a = 0.3", shape=0.3),
    _near("lognormal", "log-normal law of interest", law="lognormal", shape=1.0),
    _near("few_active", "70% of the followers never respond", never_share=0.7),
    _near("even_reach", "all posts alike", reach_spread=0.0),
    _near("uneven_reach", "posts very different: log-reach with standard deviation 0.8", reach_spread=0.8),
    _near("few_posts", "3 to 10 posts", posts=(3, 10)),
    _near("small_list", "20 to 150 followers", followers=(20, 150)),
    Family(name="growth", about="the list grows by half within the window, steadily or in bursts", draw=_growth),
    Family(name="churn", about="5% of the followers leave in 30 days, as many come", draw=_churn),
    Family(name="dropping_out", about="followers stay on the list and cease to respond", draw=_dropping_out),
    Family(name="devoted_and_rare", about="a few devoted, many rare responders", draw=_devoted_and_rare),
    Family(name="slow_season", about="the level goes up and down by a factor of e^0.8", draw=_slow_season),
    Family(name="viral_past", about="one viral post in the window", draw=_viral(viral_past=1)),
    Family(name="viral_to_come", about="one viral post after the window", draw=_viral(viral_to_come=1)),
    Family(name="viral_scattered", about="3% of the posts go viral", draw=_viral(viral_share=0.03)),
    Family(name="crowds", about="groups of 8 who come together", draw=_crowds),
    Family(name="weekdays", about="the level depends on the weekday", draw=_drawn((0.5, 1.0), "weekday_spread")),
    Family(name="topics", about="people respond to some topics, posts come in runs of one topic", draw=_topics),
    Family(name="drifting_interest", about="each person's interest moves", draw=_drawn((0.7, 1.5), "interest_drift")),
    Family(name="heavy_reach", about="reach of Student's law, 3 degrees of freedom", draw=_heavy_reach),
    Family(name="pod", about="a pod that responds to nearly everything", draw=_pod),
    Family(name="silent_burst", about="a burst of new followers who never respond", draw=_block(in_window=True)),
    Family(name="bought_block", about="an older block of followers who never respond", draw=_block(in_window=False)),
    Family(name="sampled_list", about="a part of the list was looked at", draw=_drawn((0.15, 0.7), "sampled_share")),
    Family(name="missing_kinds", about="only responses in words are known", draw=_missing_kinds),
    Family(name="young_posts", about="the last posts are still collecting responses", draw=_young_posts),
)

FAMILIES: dict[str, Family] = {family.name: family for family in _ALL}
