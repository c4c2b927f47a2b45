"""One account's follower list with hidden times of following: order, creation dates, bounds, and the truth.

Followers arrive over 3 months to 4 years. A share of them created their account minutes to a day before; the creation
dates of the others lie in waves of sign-ups of the platform. The list is in the order of following.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from headcount.simulate.people import Floats
from headcount.support.times import DAY

__all__ = ["ARRIVALS", "Arrivals", "FollowList", "draw_follow_list"]

Arrivals = Literal["steady", "growing", "bursty"]
ARRIVALS: tuple[Arrivals, ...] = ("steady", "growing", "bursty")

_AS_OF = 1_790_000_000.0
_PLATFORM_AGE = 9 * 365 * DAY
_BURST_SHARE = 0.5


@dataclass(frozen=True, kw_only=True)
class FollowList:
    """A follower list as an observer sees it, and the truth; (N,) each, in random order, NaN where unknown.

    Attributes:
        followed_at, followed_after, followed_before: time of following and its bounds.
        created_at: creation of the follower's account.
        position: place in the list, 0 = newest.
        as_of: end of the observation.
        true_followed_at: true times of following.
        fresh_share, fresh_age: share of fresh accounts; their mean age at the follow, seconds.
        snapshot: time of an earlier snapshot of the list; NaN without one.
    """

    followed_at: Floats
    followed_after: Floats
    followed_before: Floats
    created_at: Floats
    position: Floats
    as_of: float
    true_followed_at: Floats
    fresh_share: float
    fresh_age: float
    snapshot: float


def draw_follow_list(
    followers: int,
    arrivals: Arrivals,
    seed: int,
    *,
    days: float | None = None,
    fresh_share: float | None = None,
    fresh_age: float | None = None,
    snapshot: bool | None = None,
    unknown_share: float = 0.02,
) -> FollowList:
    """Draw one list; what is not given is drawn too.

    Args:
        followers: followers on the list.
        arrivals: steady; growing, by a factor of 3 to 30; bursty: half of the followers in bursts of hours to days.
        seed: of everything drawn.
        days: length of the list's history; 90 to 1,500, log-uniform.
        fresh_share: share of fresh accounts; 0.01 to 0.2, log-uniform.
        fresh_age: mean age of fresh accounts at the follow (exponential), seconds; 5 minutes to a day, log-uniform.
        snapshot: with an earlier snapshot of the list; half of the lists have one.
        unknown_share: share of followers of unknown creation date.
    """
    generator = np.random.default_rng([seed, followers, ARRIVALS.index(arrivals)])
    drawn_days, drawn_share, drawn_age = (
        float(np.exp(generator.uniform(np.log(low), np.log(high))))
        for low, high in ((90, 1_500), (0.01, 0.2), (300, DAY))
    )
    span = (drawn_days if days is None else days) * DAY
    share = drawn_share if fresh_share is None else fresh_share
    mean_age = drawn_age if fresh_age is None else fresh_age
    times = _AS_OF - span + span * _places(followers, arrivals, span, generator)
    times.sort()
    oldest = _AS_OF - _PLATFORM_AGE - span
    is_fresh = generator.random(followers) < share
    created = np.where(
        is_fresh, times - generator.exponential(1.0, followers) * mean_age, _older(times, oldest, generator)
    )
    created = np.where(generator.random(followers) < unknown_share, np.nan, created)
    nothing = np.full(followers, np.nan)
    after, before, at = nothing.copy(), nothing.copy(), np.nan
    if generator.random() < 0.5 if snapshot is None else snapshot:
        at = _AS_OF - span * generator.random()
        before[times <= at] = at
        after[times > at] = at
    order = generator.permutation(followers)
    return FollowList(
        followed_at=nothing,
        followed_after=after[order],
        followed_before=before[order],
        created_at=created[order],
        position=np.arange(followers, dtype=np.float64)[::-1][order],
        as_of=_AS_OF,
        true_followed_at=times[order],
        fresh_share=share,
        fresh_age=mean_age,
        snapshot=float(at),
    )


def _places(followers: int, arrivals: Arrivals, span: float, generator: np.random.Generator) -> Floats:
    """(N,) times of following as shares of the history."""
    places: Floats = generator.random(followers)
    if arrivals == "growing":
        growth = float(np.exp(generator.uniform(np.log(3), np.log(30))))
        places = np.log1p((growth - 1) * places) / np.log(growth)
    if arrivals == "bursty":
        number = int(generator.integers(2, 13))
        begin = generator.random(number)
        length = np.exp(generator.uniform(np.log(3_600), np.log(3 * DAY), number)) / span
        burst = generator.choice(number, size=followers, p=generator.dirichlet(np.ones(number)))
        inside = generator.random(followers) < _BURST_SHARE
        later = begin[burst] + length[burst] * generator.exponential(1.0, followers)
        places = np.where(inside & (later < 1), later, places)
    return places


def _older(times: Floats, oldest: float, generator: np.random.Generator) -> Floats:
    """(N,) creation dates of accounts that are not fresh: half of them in waves of sign-ups, all before the follow."""
    number = int(generator.integers(3, 9))
    centre = oldest + (_AS_OF - oldest) * generator.random(number)
    width = generator.uniform(10, 60, number) * DAY
    wave = generator.integers(number, size=len(times))
    even = oldest + (times - oldest) * generator.random(len(times))
    in_wave = centre[wave] + width[wave] * generator.standard_normal(len(times))
    use_wave = (generator.random(len(times)) < 0.5) & (in_wave < times) & (in_wave > oldest)
    return np.where(use_wave, in_wave, even)
