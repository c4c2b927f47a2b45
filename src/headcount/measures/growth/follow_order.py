"""The follow order of a list: its check, and the hard bounds that it gives on each time of following.

Followers i = 1 … n in follow order, with creation dates C, exact times T, and own bounds [A, B] where they are known:

    upper bound   U_i = min over j >= i of B_j, T_j and the end of the observation
    lower bound   L_i = max over j <= i of C_j, A_j and T_j, without those above U_j

(with C alone: Meeder et al. 2011). A lower value above U_j contradicts the order, or is forged or imported; it is left
out of L. A list is taken to be in follow order where the data support it:

* exact times: at least 0.995 of at least 10 are in order (longest nondecreasing subsequence);
* else n creation dates: steps of their running maximum beyond those of a list in random order (a step at place j has
  probability 1/j: mean H_n, variance H_n - sum of 1/j²) and a trend of the youngest accounts towards the newest end
  (correlation of the order with exponential scores of the dates, Savage 1956), each in standard deviations; their sum
  is above 2.6, which 5% of lists in random order reach at n = 100, and above 2.6 + 2 log10(n/100) for larger n (at
  most 20,000 dates, evenly spaced);
* and at most 0.5% of the bounds and 5% of the creation dates lie above U.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats, Integers

__all__ = ["FollowOrder", "read_order"]

MIN_DATED = 10
_MIN_IN_ORDER = 0.995
_MAX_CONTRADICTED = 0.05
_MAX_CHECKED = 20_000
_MIN_SUPPORT, _MORE_SUPPORT = 2.6, 2.0


@dataclass(frozen=True)
class FollowOrder:
    """The followers of known position, oldest follow first, and bounds from their order.

    Attributes:
        rows: (m,) index of each follower; empty where the order is not used.
        earliest, latest: (m,) bounds L and U.
        exact: (m,) exact times; NaN where unknown.
        created_at: (m,) creation dates; NaN where unknown or above the upper bound.
        is_record: (m,) followers whose creation date is a new maximum and lies above every other lower bound so far.
        steps: steps of the running maximum of creation dates.
        too_little: why the order is not used; None where it is.
    """

    rows: Integers
    earliest: Floats
    latest: Floats
    exact: Floats
    created_at: Floats
    is_record: NDArray[np.bool_]
    steps: int
    too_little: str | None


def read_order(
    position: Floats, created_at: Floats, followed_at: Floats, after: Floats, before: Floats, as_of: float
) -> FollowOrder:
    """Check the order and compute the bounds; columns as in `follow_times`."""
    known = np.flatnonzero(~np.isnan(position))
    rows = known[np.argsort(-position[known], kind="stable")]
    if not len(rows):
        return _unused("The order in which they followed is unknown.")
    exact = followed_at[rows]
    timed = np.flatnonzero(~np.isnan(exact))
    in_order = timed[_longest_nondecreasing(exact[timed])]
    if len(in_order) < _MIN_IN_ORDER * len(timed):
        share = 1 - len(in_order) / len(timed)
        return _unused(f"The list is not in follow order: {share:.1%} of the exact times of following contradict it.")
    # exact times out of order are exact all the same, but bound no other follower
    keep = np.ones(len(rows), dtype=np.bool_)
    keep[timed] = False
    keep[in_order] = True
    rows, exact = rows[keep], exact[keep]
    upper = np.fmin(np.fmin(before[rows], exact), as_of)
    latest = np.minimum.accumulate(np.where(np.isnan(upper), np.inf, upper)[::-1])[::-1]
    lower, created = np.fmax(after[rows], exact), created_at[rows]
    is_above, is_forged = lower > latest, created > latest
    bounds, dated = int((~np.isnan(lower)).sum()), int((~np.isnan(created)).sum())
    if is_above.sum() > (1 - _MIN_IN_ORDER) * max(bounds, 1):
        return _unused("The list is not in follow order: the bounds of the times of following contradict it.")
    if is_forged.sum() > _MAX_CONTRADICTED * max(dated, 1) + 1:
        return _unused("The list is not in follow order: accounts created later stand before known times of following.")
    lower, created = np.where(is_above, np.nan, lower), np.where(is_forged, np.nan, created)
    steps = int(_records(created).sum())
    if len(in_order) < MIN_DATED and not _is_supported(created):
        return _unused(
            f"The dates of {dated:,} accounts do not show that the list is in follow order."
            if dated >= MIN_DATED
            else "Too few creation dates are known to check the order of the list."
        )
    both = np.fmax(lower, created)
    earliest = np.maximum.accumulate(np.where(np.isnan(both), -np.inf, both))
    return FollowOrder(
        rows=rows,
        earliest=earliest,
        latest=latest,
        exact=exact,
        created_at=created,
        is_record=_records(both) & (created == both) & np.isnan(exact),
        steps=steps,
        too_little=None,
    )


def _unused(reason: str) -> FollowOrder:
    nothing = np.empty(0)
    return FollowOrder(
        rows=np.empty(0, dtype=np.int64),
        earliest=nothing,
        latest=nothing,
        exact=nothing,
        created_at=nothing,
        is_record=np.empty(0, dtype=np.bool_),
        steps=0,
        too_little=reason,
    )


def _records(values: Floats) -> NDArray[np.bool_]:
    """(m,) values above all before them; NaN is none."""
    highest = np.maximum.accumulate(np.where(np.isnan(values), -np.inf, values))
    return np.concatenate([highest[:1] > -np.inf, highest[1:] > highest[:-1]])


def _is_supported(created: Floats) -> bool:
    """Do creation dates show that the list is in follow order?"""
    dated = created[~np.isnan(created)]
    if len(dated) > _MAX_CHECKED:
        dated = dated[np.linspace(0, len(dated) - 1, _MAX_CHECKED).astype(np.int64)]
    n = len(dated)
    if n < MIN_DATED:
        return False
    places = np.arange(1, n + 1)
    mean = float((1 / places).sum())
    excess = (_records(dated).sum() - mean) / np.sqrt(mean - float((1 / places**2).sum()))
    rank = np.empty(n, dtype=np.int64)
    rank[np.argsort(dated, kind="stable")] = places - 1
    scores = np.cumsum(1 / places[::-1])[rank]
    trend = float(np.corrcoef(scores, places)[0, 1]) * np.sqrt(n - 1)
    return bool(excess + trend > _MIN_SUPPORT + _MORE_SUPPORT * max(np.log10(n / 100), 0.0))


def _longest_nondecreasing(values: Floats) -> Integers:
    """Indices of a longest nondecreasing subsequence (patience sorting)."""
    if (np.diff(values) >= 0).all():
        return np.arange(len(values))
    tops: list[float] = []
    at: list[int] = []
    previous = np.full(len(values), -1, dtype=np.int64)
    for index, value in enumerate(values.tolist()):
        pile = bisect_right(tops, value)
        if pile:
            previous[index] = at[pile - 1]
        if pile == len(tops):
            tops.append(value)
            at.append(index)
        else:
            tops[pile], at[pile] = value, index
    chain = np.empty(len(tops), dtype=np.int64)
    index = at[-1]
    for place in range(len(tops) - 1, -1, -1):
        chain[place] = index
        index = int(previous[index])
    return chain
