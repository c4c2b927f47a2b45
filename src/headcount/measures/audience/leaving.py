"""Members who leave the list before they respond.

A follow that was not returned was broken within 51 days with probability 0.123 among active users of 2010 (Kwak, Chun &
Moon 2011, "Fragile online relationship", CHI), 7.4% in 30 days. Accounts differ, and one list does not show who has
left, so the rate l in 30 days is log-normal with median 0.015 and standard deviation 1 of its logarithm (95%: 0.002
to 0.11). Who leaves at an even rate misses, on average over a time of d days, the share

    1 - (1 - exp(-x)) / x,      x = l d / 30
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["stay_share"]

Floats = NDArray[np.float64]

_MEDIAN, _LOG_SD = 0.015, 1.0
_DAYS = 30.0


def stay_share(days: float | None, windows: Floats, draws: int, generator: np.random.Generator) -> Floats:
    """(draws, H) share of the reach of posts to come that a member of the list is still there for.

    Args:
        days: length of a window; None where it is unknown: nothing is taken off.
        windows: (H,) how far ahead, in windows.
        draws: number of draws.
        generator: source of random numbers.
    """
    if days is None:
        return np.ones((draws, len(windows)))
    rate = _MEDIAN * np.exp(_LOG_SD * generator.standard_normal(draws)) * days / _DAYS
    x = rate[:, None] * windows
    share: Floats = -np.expm1(-x) / np.maximum(x, 1e-12)
    return share
