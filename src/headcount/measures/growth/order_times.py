"""Times of following from the order of a list: points and 95% limits between anchors.

An *anchor* is a place in the follow order with a time: an exact time; two neighbours whose bounds meet (a snapshot of
the list); and each record, a follower whose creation date C is the latest so far. A record followed at C plus its age
(law in `account_ages`): the point has the median age, the lower limit is C itself, the upper limit has the 96% quantile
of the age. The last anchor is the end of the observation, or the time at which the follows after the last record would
have come at half of the lower of the recent and the overall rate, if that is earlier.

1. The local rate λ of follows is taken over 8 anchors before and 8 after; the lower of both enters the law of ages, so
   that limits are wide where the rate changes. Rate, distribution of ages and anchors are estimated in turn, three
   times. For the upper limits λ is multiplied by exp(-6/R) with R records, since few records determine it badly.
2. Records with fewer earlier followers than arrive within the 96% quantile of a record's age are left out: the
   beginning of the list is extrapolated backwards at the local rate, with a log-normal factor of standard deviation 1.
3. Follower i, k of K places after anchor r, lies at F_r + B (F_s - F_r) with s the next anchor, u = k/K and
   B ~ Beta(uκ, (1-u)κ). At a steady rate κ = K. Uneven arrivals make κ smaller: 1/κ = 1/K + ρ/(1-ρ), where ρ is the
   excess variance of the share of followers in the first of two neighbouring gaps given its share of time
   (beta-binomial, by moments; over 40 gaps, shrunk to the list and to 0.3, since a burst between two records leaves no
   trace). The limits also allow for the rate before r, or that after s, to hold within the gap.
4. Points and upper limits are made monotone from the newest follower, lower limits from the oldest; all lie within the
   hard bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats, Integers
from headcount.measures.growth.account_ages import age_quantiles, error_quantile, estimate_ages
from headcount.measures.growth.follow_order import FollowOrder

__all__ = ["OrderTimes", "times_from_order"]

MIN_DATED = 30
"""Followers of known creation date, or with exact times, without which no time is inferred."""
SHARES = (0.025, 0.5, 0.975)
_HIGH_AGE = 0.96
_Z = 1.96
_ROUNDS = 3
_NEIGHBOURS = 8
_START_SHARE, _MIN_START = 0.02, 10
_START_SPREAD, _END_SPREAD, _MAX_SLOWER = 1.0, 0.5, 2.0
_RATE_ERROR = 6.0
_PRIOR_EXCESS, _PRIOR_GAPS, _LOCAL_PRIOR, _WINDOW = 0.3, 10.0, 2.0, 20
_EXCESS_RANGE = (1e-4, 0.9)


@dataclass(frozen=True)
class OrderTimes:
    """Times of following in follow order, (m,) each.

    Attributes:
        point, low, high: median and 95% limits.
        bound_error: median error of the lower bound at the median rate of the list, seconds.
    """

    point: Floats
    low: Floats
    high: Floats
    bound_error: float


@dataclass(frozen=True)
class _Anchors:
    """Anchors in follow order.

    Attributes:
        place: (a,) place in the follow order; a fraction lies between two followers.
        time, low, high: (a,) median and limits.
    """

    place: Floats
    time: Floats
    low: Floats
    high: Floats

    def joined(self, place: Floats, time: Floats, low: Floats, high: Floats) -> _Anchors:
        """With more anchors; times are monotone."""
        places = np.concatenate([self.place, place])
        by = np.argsort(places, kind="stable")
        times, lows, highs = (
            np.concatenate(pair)[by] for pair in ((self.time, time), (self.low, low), (self.high, high))
        )
        times = _from_newest(times)
        return _Anchors(places[by], times, np.minimum(lows, times), np.maximum(highs, times))


def times_from_order(order: FollowOrder, as_of: float) -> OrderTimes | None:
    """Infer the times of following of a list in follow order; None where too little is known."""
    is_exact = ~np.isnan(order.exact)
    is_dated = ~np.isnan(order.created_at) & ~is_exact
    if is_dated.sum() < MIN_DATED and is_exact.sum() < MIN_DATED:
        return None
    n = len(order.rows)
    fixed = _fixed_anchors(order)
    records, dated = np.flatnonzero(order.is_record), np.flatnonzero(is_dated)
    created = order.created_at[records]
    gap = (order.earliest - order.created_at)[dated]
    exact_ages = (order.exact - order.created_at)[is_exact & ~np.isnan(order.created_at)]
    earlier = records.astype(np.float64)
    usable = records >= min(max(_START_SHARE * n, _MIN_START), n / 3)
    times = created
    for _ in range(_ROUNDS):
        usable = usable if usable.any() else np.ones(len(records), dtype=np.bool_)
        anchors = fixed.joined(earlier[usable], times[usable], times[usable], times[usable])
        anchors = _with_end(anchors, n, float(order.earliest[-1]), as_of)
        log_rate = np.log(np.minimum(*_rates(anchors)))
        rate = np.exp(np.interp(records, anchors.place, log_rate))
        ages = estimate_ages(
            gap,
            order.is_record[dated],
            np.exp(np.interp(dated, anchors.place, log_rate)),
            np.maximum(exact_ages, 0),
        )
        (age,) = age_quantiles(rate, earlier, ages, SHARES[1:2])
        (lasting,) = age_quantiles(rate, np.full(len(records), np.inf), ages, (_HIGH_AGE,))
        usable = records >= np.minimum(rate * lasting, n / 3)
        times = created + age
    usable = usable if usable.any() else np.ones(len(records), dtype=np.bool_)
    # few records: neither the rate nor the share of fresh accounts is well known
    rate = rate * np.exp(-_RATE_ERROR / max(len(records), 1))
    (high_age,) = age_quantiles(rate, earlier, ages, (_HIGH_AGE,))
    anchors = fixed.joined(earlier[usable], times[usable], created[usable], (created + high_age)[usable])
    point, low, high = _between(_with_end(anchors, n, float(order.earliest[-1]), as_of), n)
    low = np.maximum.accumulate(np.clip(low, order.earliest, order.latest))
    high = np.maximum(_from_newest(np.clip(high, order.earliest, order.latest)), low)
    point = np.clip(_from_newest(np.clip(point, low, high)), low, high)
    return OrderTimes(point, low, high, error_quantile(SHARES[1], float(np.exp(np.median(log_rate))), ages))


def _fixed_anchors(order: FollowOrder) -> _Anchors:
    """Exact times, and neighbours whose bounds meet."""
    exact = np.flatnonzero(~np.isnan(order.exact))
    after, before = order.earliest[1:], order.latest[:-1]
    meet = np.flatnonzero(after >= before)
    at, nothing = order.exact[exact], np.empty(0)
    return _Anchors(nothing, nothing, nothing, nothing).joined(
        np.concatenate([exact, meet + 0.5]),
        np.concatenate([at, (after[meet] + before[meet]) / 2]),
        np.concatenate([at, before[meet]]),
        np.concatenate([at, after[meet]]),
    )


def _between(anchors: _Anchors, n: int) -> tuple[Floats, Floats, Floats]:
    """(n,) points, low and high limits of all followers."""
    place, time = anchors.place, anchors.time
    back, forward = _rates(anchors)
    i = np.arange(n, dtype=np.float64)
    right = np.clip(np.searchsorted(place, i, side="right"), 1, max(len(place) - 1, 1))
    right, left = np.minimum(right, len(place) - 1), np.minimum(right - 1, len(place) - 1)
    span, width = np.maximum(place[right] - place[left], 0.5), time[right] - time[left]
    into, rest = i - place[left], place[right] - i
    is_inside = (into > 0) & (rest > 0)
    part = np.clip(into / span, 0, 1)
    point = time[left] + part * width
    excess = _excess_variance(anchors)[left]
    lower, upper = _beta_limits(part, 1 / (1 / span + excess / (1 - excess)))
    seconds = np.maximum(width, 1.0)
    lower = np.where(is_inside, np.minimum(lower, np.maximum(into, 0) / back[left] / seconds), part)
    upper = np.where(is_inside, np.maximum(upper, 1 - np.maximum(rest, 0) / forward[right] / seconds), part)
    low = np.minimum(anchors.low[left] + lower * (anchors.low[right] - anchors.low[left]), point)
    high = anchors.high[left] + part * (anchors.high[right] - anchors.high[left])
    high = point + np.hypot(high - point, width * (upper - part))
    # before the first anchor
    k = np.maximum(place[0] - i, 0)
    ago, spread = k / forward[0], np.sqrt(_START_SPREAD**2 + 1 / np.maximum(k, 1))
    point = point - ago
    low = np.where(k > 0, time[0] - np.hypot(ago * np.exp(_Z * spread), time[0] - anchors.low[0]), low)
    high = np.where(k > 0, np.maximum(anchors.high[0] - ago * np.exp(-_Z * spread), point), high)
    return point, low, high


def _with_end(anchors: _Anchors, n: int, earliest: float, as_of: float) -> _Anchors:
    """With the end of the last follows: the end of the observation, or before it where follows seem to have stopped."""
    time = low = as_of
    if len(anchors.place):
        count, last = n - anchors.place[-1], anchors.time[-1]
        low = anchors.low[-1]
    if len(anchors.place) >= 2:
        recent = _rates(anchors)[0][-1]
        overall = (anchors.place[-1] - anchors.place[0]) / max(anchors.time[-1] - anchors.time[0], 1.0)
        time = last + _MAX_SLOWER * count / min(recent, overall)
        low += count / recent * np.exp(-_Z * _END_SPREAD)
    time = min(max(time, anchors.time[-1] if len(anchors.place) else as_of, earliest), as_of)
    end = (np.array([value]) for value in (n, time, min(max(low, earliest), time), as_of))
    return anchors.joined(*end)


def _rates(anchors: _Anchors) -> tuple[Floats, Floats]:
    """(a,) follows per second over the anchors before, and after, each; at the ends the window is moved inside."""
    last = len(anchors.place) - 1
    i = np.arange(last + 1)
    windows = (
        (np.maximum(i - _NEIGHBOURS, 0), np.maximum(i, min(_NEIGHBOURS, last))),
        (np.minimum(i, max(last - _NEIGHBOURS, 0)), np.minimum(i + _NEIGHBOURS, last)),
    )
    before, after = (
        np.maximum(anchors.place[b] - anchors.place[a], 0.5) / np.maximum(anchors.time[b] - anchors.time[a], 1.0)
        for a, b in windows
    )
    return before, after


def _excess_variance(anchors: _Anchors) -> Floats:
    """(a,) excess variance ρ of the counts of neighbouring gaps, 0 at a steady rate, near 1 for bursts."""
    n = len(anchors.place)
    count, length = np.diff(anchors.place), np.diff(anchors.time)
    both = count[1:] + count[:-1]
    share = count[:-1] / both
    part = length[:-1] / np.maximum(length[1:] + length[:-1], 1.0)
    chance = share * (1 - share) / (both + 1)
    is_used = both >= 2
    top, base = np.where(is_used, (share - part) ** 2 - chance, 0), np.where(is_used, chance * both, 0)
    sums = [np.concatenate([[0.0], np.cumsum(values)]) for values in (top, base)]
    overall = (sums[0][-1] + _PRIOR_GAPS * _PRIOR_EXCESS) / (sums[1][-1] + _PRIOR_GAPS)
    start = np.clip(np.arange(n) - _WINDOW, 0, max(n - 2, 0))
    stop = np.clip(np.arange(n) + _WINDOW, 0, max(n - 2, 0))
    local = (sums[0][stop] - sums[0][start] + _LOCAL_PRIOR * overall) / (sums[1][stop] - sums[1][start] + _LOCAL_PRIOR)
    result: Floats = np.clip(np.maximum(local, overall / 2), *_EXCESS_RANGE)
    return result


_PARTS, _SIZES = 41, 30
_LOG_SIZE = (np.log(0.3), np.log(1e5))


def _beta_limits(part: Floats, size: Floats) -> tuple[Floats, Floats]:
    """2.5% and 97.5% quantiles of Beta(part · size, (1 - part) · size), interpolated in a table."""
    from scipy.special import betaincinv

    parts = np.linspace(0, 1, _PARTS)
    sizes = np.exp(np.linspace(*_LOG_SIZE, _SIZES))
    a = np.clip(parts, 1e-6, 1 - 1e-6)[:, None] * sizes
    scale = np.sqrt(sizes + 1)
    size = np.maximum(size, sizes[0])
    row, row_part = _place(part * (_PARTS - 1), _PARTS)
    steps = (np.log(size) - _LOG_SIZE[0]) / (_LOG_SIZE[1] - _LOG_SIZE[0]) * (_SIZES - 1)
    column, column_part = _place(steps, _SIZES)
    found = []
    for share in (SHARES[0], SHARES[2]):
        table = (betaincinv(np.maximum(a, 1e-3), np.maximum(sizes - a, 1e-3), share) - parts[:, None]) * scale
        upper = table[row, column] * (1 - row_part) + table[row + 1, column] * row_part
        lower = table[row, column + 1] * (1 - row_part) + table[row + 1, column + 1] * row_part
        value = upper * (1 - column_part) + lower * column_part
        found.append(np.clip(part + value / np.sqrt(size + 1), 0, 1))
    return found[0], found[1]


def _place(steps: Floats, size: int) -> tuple[Integers, Floats]:
    """The lower point of a table of even steps, and the part of the step beyond it."""
    lower = np.clip(steps.astype(np.int64), 0, size - 2)
    return lower, np.clip(steps - lower, 0, 1)


def _from_newest(times: Floats) -> NDArray[np.float64]:
    """Each time no later than all after it."""
    return np.minimum.accumulate(times[::-1])[::-1]
