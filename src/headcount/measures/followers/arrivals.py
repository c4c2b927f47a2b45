"""Followers who arrived together: accounts made in the same week that stand side by side in the list of followers.

Bought followers are delivered in one go, and many were made in one go. In the plot of follow order against the date at
which each account was made they form a bar (used by The New York Times, "The Follower Factory", 2018). Order alone is
used where the times of the follows are hidden:

1. Followers in the order of following, i = 1 … n; C_i is when account i was made. F_i = max over j <= i of C_j is the
   greatest lower bound of the time of follow i (Meeder et al. 2011). Newcomers to the platform (F_i - C_i under 30
   days) are left out: real people who have just joined stand together too.
2. For each window of w followers and each week, k of the w were made in that week, against b of the m followers around
   (five windows either side). Where k >= 4 and k/w > b/m the statistic is the log-likelihood ratio of two shares
   against one.
3. The null keeps F and exchanges the ages F_i - C_i among neighbours (segments of 4 w), so waves of sign-ups on the
   platform stay. A window and week is reported when its statistic exceeds the largest of all permuted lists (p <= 1/(1
   + permutations)).
4. In a reported window and week e = w b/m are expected and k seen: each of the k is part of the block with chance (k -
   e)/k, odds (k - e)/e.

Blocks of 30 in 5,000 followers are found nearly always, under 10 hardly ever. An event that sent people of one sign-up
wave to this account at one time would look the same; the verdict therefore never rests on this alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats
from headcount.support.times import DAY

__all__ = ["ArrivalClusters", "Block", "find_arrival_clusters"]

WEEK = 7 * DAY
FRESH = 30 * DAY
WINDOW, MAX_CELLS, AROUND, LEAST = 200, 1_000, 10, 4
"""Followers in a window; half-windows at most (longer lists get longer windows); half-windows either side; least k."""
MIN_WINDOWS = 4


@dataclass(frozen=True, kw_only=True)
class Block:
    """One window and week: so many followers, of whom so many would be expected, made from this second on."""

    followers: int
    expected: float
    made_from: float


@dataclass(frozen=True, kw_only=True)
class ArrivalClusters:
    """Who arrived together.

    Attributes:
        chance: (followers,) of being part of a block; 0 where in none; NaN where it cannot be said.
        seen, expected: (followers,) k and e of the follower's block; NaN where in none.
        blocks: all that were found, largest first; windows overlap, so one delivery may show twice.
        window: followers in a window; 0 where the list was too short or its order unknown.
    """

    chance: Floats
    seen: Floats
    expected: Floats
    blocks: tuple[Block, ...]
    window: int


def find_arrival_clusters(
    made: Floats, order: Floats, *, permutations: int | None = None, seed: int = 0
) -> ArrivalClusters:
    """Find followers who arrived together.

    Args:
        made: when each account was made, seconds since 1970; NaN where unknown.
        order: anything that grows with the time of the follow; NaN where unknown.
        permutations: of the null; without it 99, or 19 for more than 100,000 followers.
        seed: of the permutations.
    """
    nothing = np.full(len(made), np.nan)
    known = np.flatnonzero(~np.isnan(made) & ~np.isnan(order))
    rows = known[np.argsort(order[known], kind="stable")]
    follow = np.maximum.accumulate(made[rows]) if len(rows) else made[rows]
    keep = follow - made[rows] >= FRESH
    rows, follow = rows[keep], follow[keep]
    cell = max(WINDOW // 2, -(-len(rows) // MAX_CELLS))
    if len(rows) < 2 * cell * MIN_WINDOWS:
        return ArrivalClusters(chance=nothing, seen=nothing, expected=nothing, blocks=(), window=0)
    rng = np.random.default_rng(seed)
    first = float(np.floor(made[rows].min() / WEEK))
    weeks = int(follow.max() / WEEK - first) + 1
    got = _scan(_week(made[rows], first), weeks, cell)
    times = permutations or (99 if len(rows) <= 100_000 else 19)
    age = follow - made[rows]
    limit = max(float(_scan(_week(follow - _exchange(age, 8 * cell, rng), first), weeks, cell)[0].max(initial=0.0))
                for _ in range(times))  # fmt: skip
    return _report(got, limit, rows, made, nothing, cell, first)


_Scan = tuple[Floats, NDArray[np.int64], NDArray[np.int64], Floats, Floats]
"""Statistic, half-window, week, seen and expected of each window and week with at least LEAST."""


def _week(made: Floats, first: float) -> NDArray[np.int64]:
    return np.maximum(np.floor(made / WEEK) - first, 0).astype(np.int64)


def _exchange(age: Floats, segment: int, rng: np.random.Generator) -> Floats:
    """Ages permuted within segments that start at a random place."""
    new = age.copy()
    start = int(rng.integers(segment))
    stop = start + (len(age) - start) // segment * segment if len(age) > start else start
    if stop > start:
        new[start:stop] = rng.permuted(age[start:stop].reshape(-1, segment), axis=1).ravel()
    new[:start] = rng.permutation(age[:start])
    new[max(stop, 0) :] = rng.permutation(age[max(stop, 0) :])
    return new


def _scan(week: NDArray[np.int64], weeks: int, cell: int) -> _Scan:
    cells = len(week) // cell
    used = week[: cells * cell]
    table = np.bincount(np.repeat(np.arange(cells), cell) * weeks + used, minlength=cells * weeks).reshape(cells, weeks)
    total = np.zeros((cells + 1, weeks), dtype=np.int64)
    np.cumsum(table, axis=0, out=total[1:])
    at = np.arange(cells - 1)
    start, stop = np.maximum(at - AROUND, 0), np.minimum(at + 2 + AROUND, cells)
    seen = total[at + 2] - total[at]
    window, wk = np.nonzero(seen >= LEAST)
    k = seen[window, wk].astype(float)
    b = (total[stop[window], wk] - total[start[window], wk]) - k
    w, m = 2.0 * cell, (stop - start - 2)[window] * float(cell)
    share, around, both = k / w, (b + 0.5) / (m + 1), (k + b) / (w + m)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = k * np.log(share / both) + _xlog(w - k, (1 - share) / (1 - both))
        ratio += _xlog(b, around / both) + _xlog(m - b, (1 - around) / (1 - both))
    return np.where(share > around, ratio, 0.0), window, wk, k, w * around


def _xlog(times: Floats, of: Floats) -> Floats:
    result: Floats = np.where(times > 0, times * np.log(np.maximum(of, 1e-300)), 0.0)
    return result


def _report(
    got: _Scan, limit: float, rows: NDArray[np.int64], made: Floats, nothing: Floats, cell: int, first: float
) -> ArrivalClusters:
    statistic, window, wk, k, expected = got
    chance, seen, wanted = nothing.copy(), nothing.copy(), nothing.copy()
    chance[rows] = 0.0
    found = np.flatnonzero(statistic > limit)
    found = found[np.argsort(-k[found], kind="stable")]
    blocks = []
    for one in found:
        inside = rows[window[one] * cell : (window[one] + 2) * cell]
        members = inside[_week(made[inside], first) == wk[one]]
        more = (k[one] - expected[one]) / k[one] > chance[members]
        chance[members[more]] = (k[one] - expected[one]) / k[one]
        seen[members[more]], wanted[members[more]] = k[one], expected[one]
        blocks.append(
            Block(followers=int(k[one]), expected=float(expected[one]), made_from=float((wk[one] + first) * WEEK))
        )
    return ArrivalClusters(chance=chance, seen=seen, expected=wanted, blocks=tuple(blocks), window=2 * cell)
