"""When did they follow? A point, 95% limits and hard bounds for the time at which each follower followed.

* **Exact** times are used as they are.
* **From the order**: where the position in the list is known and the list is in follow order (`follow_order`), a follow
  lies between the latest creation date, exact time or lower bound before it and the earliest upper bound after it
  (Meeder et al. 2011). Point and limits follow from a model of how the lower bound comes about (`account_ages`,
  `order_times`): follows at a local rate, accounts of a distribution of ages, some of them fresh.
* **Bounded**: without the order, the middle of the follower's own bounds (for the lower one the creation of the account
  may serve); the limits leave out 2.5% at either end.
* **Unknown** otherwise; a lower bound alone and the end of the observation are still hard bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from headcount import wording
from headcount.columns import Flags, Floats
from headcount.measures.growth.follow_order import read_order
from headcount.measures.growth.order_times import SHARES, times_from_order
from headcount.measures.result import Result

__all__ = ["BOUNDED", "EXACT", "FROM_ORDER", "KINDS", "UNKNOWN_TIME", "FollowTimes", "follow_times"]

KINDS = ("exact", "bounded", "from the order", "unknown")
EXACT, BOUNDED, FROM_ORDER, UNKNOWN_TIME = range(len(KINDS))


@dataclass(frozen=True, kw_only=True, repr=False)
class FollowTimes(Result):
    """When each follower followed; times are seconds since 1970, NaN where unknown.

    Attributes:
        point: (N,) estimate; the exact time where it is known.
        low, high: (N,) 95% limits.
        earliest, latest: (N,) hard bounds.
        kind: (N,) index into `KINDS`: what the point rests on.
        steps: steps of the running maximum of creation dates in follow order; 0 where the order is not used.
        bound_error: expected median of the time of following minus `earliest`, seconds, at the median rate of the list;
            None where no time was inferred from the order.
        too_little: why no time was inferred from the order of the list; None where some were, or none had to be.
    """

    point: Floats
    low: Floats
    high: Floats
    earliest: Floats
    latest: Floats
    kind: Flags
    steps: int
    bound_error: float | None
    too_little: str | None

    def point_by(self, begin: float) -> Floats:
        """(N,) the points, NaN where they are no more than the middle of bounds before and after a time.

        Args:
            begin: that time; whether such a follower came before it is unknown.
        """
        straddles = (self.kind == BOUNDED) & (self.earliest < begin) & (self.latest > begin)
        return np.where(straddles, np.nan, self.point)

    def columns(self) -> dict[str, list[Any]]:
        """One row a follower, in the order of the input; None is unknown."""
        times = {name: getattr(self, name).tolist() for name in ("point", "low", "high", "earliest", "latest")}
        known = {name: [None if value != value else value for value in values] for name, values in times.items()}
        return known | {"kind": [KINDS[code] for code in self.kind.tolist()]}

    def sentence(self) -> str:
        """How many times are known and from what, with the median width of the limits."""
        counts = np.bincount(self.kind, minlength=len(KINDS))
        total = wording.number_of(len(self.kind), "follower")
        parts = [f"{wording.count(counts[code])} {KINDS[code]}" for code in range(len(KINDS)) if counts[code]]
        text = f"Times of following of {total}: {wording.listing(parts) or 'none'}"
        inferred = self.kind == FROM_ORDER
        if inferred.any():
            width = float(np.median(self.high[inferred] - self.low[inferred]))
            text += f" (median 95% interval {wording.minutes(width / 60)} wide)"
        return f"{text}."


def follow_times(
    *,
    followed_at: Floats,
    followed_after: Floats,
    followed_before: Floats,
    created_at: Floats,
    position: Floats,
    as_of: float,
) -> FollowTimes:
    """Estimate when each follower followed.

    Args:
        followed_at, followed_after, followed_before: (N,) exact time of following, and its bounds; NaN where unknown.
        created_at: (N,) creation of the follower's account; NaN where unknown.
        position: (N,) place in the list, 0 = newest; NaN where unknown.
        as_of: end of the observation.
    """
    is_exact = ~np.isnan(followed_at)
    latest = np.fmin(followed_before, as_of)
    earliest = np.fmax(followed_after, np.where(created_at <= latest, created_at, np.nan))
    order = None
    if not is_exact.all():
        order = read_order(position, created_at, followed_at, followed_after, followed_before, as_of)
        earliest[order.rows] = np.where(np.isfinite(order.earliest), order.earliest, np.nan)
        latest[order.rows] = order.latest
    has_bounds = ~np.isnan(followed_before) & (earliest <= latest)
    kind = np.where(has_bounds, BOUNDED, UNKNOWN_TIME).astype(np.int8)
    margin = SHARES[0] * (latest - earliest)
    middle = (earliest + latest) / 2
    point, low, high = (np.where(has_bounds, times, np.nan) for times in (middle, earliest + margin, latest - margin))
    bound_error = None
    too_little = order.too_little if order is not None else None
    if order is not None and too_little is None:
        inferred = times_from_order(order, as_of)
        if inferred is not None:
            rows = order.rows
            point[rows], low[rows], high[rows] = inferred.point, inferred.low, inferred.high
            kind[rows], bound_error = FROM_ORDER, inferred.bound_error
        else:
            too_little = "Too few creation dates are known to infer times of following from the order of the list."
    for times in (point, low, high, earliest, latest):
        times[is_exact] = followed_at[is_exact]
    kind[is_exact] = EXACT
    return FollowTimes(
        point=point,
        low=low,
        high=high,
        earliest=earliest,
        latest=latest,
        kind=kind,
        steps=order.steps if order is not None else 0,
        bound_error=bound_error,
        too_little=too_little,
    )
