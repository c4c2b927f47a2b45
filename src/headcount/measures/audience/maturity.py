"""What share of its responses has each post collected so far?

A response with delay x is seen only when its post is at least that old at the end of the observation: delays are
truncated from the right. Their distribution is the product-limit estimate in reverse time (Lynden-Bell 1971;
Kalbfleisch & Lawless 1989, JASA 84:360)

    F(x) = product over delays x_j > x of (1 - d_j / R_j),   R_j = #{i: x_i <= x_j <= age of the post of i},

with d_j responses of delay x_j, taken relative to the age of the oldest post. A post of age a has collected F(a).
Delays are put into 200 classes, even on the log scale.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["maturity"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_CLASSES = 200
_MIN_RESPONSES = 30
_SHORTEST = 60.0
"""Seconds; the first class ends here."""


def maturity(age: Floats, delay: Floats, post: Integers) -> Floats:
    """(t,) share of its responses that each post has collected, 0 to 1; 1 for all where under 30 delays are known.

    Args:
        age: (t,) seconds from each post to the end of the observation; NaN where unknown (mature).
        delay: (n,) seconds from the post to each response; NaN where unknown.
        post: (n,) the post of each response, 0 … t-1.
    """
    known = (delay >= 0) & (delay <= age[post])
    if known.sum() < _MIN_RESPONSES:
        return np.ones(len(age))
    longest = max(float(np.nanmax(age)), 2 * _SHORTEST)
    edges = np.geomspace(_SHORTEST, longest, _CLASSES)
    size = _CLASSES + 1
    # the class of each delay: how many edges lie below it (a search of each takes ten times as long)
    ratio = np.log(np.maximum(delay[known], 1e-9) / _SHORTEST) / np.log(longest / _SHORTEST)
    events = np.bincount(np.clip(np.ceil(ratio * (_CLASSES - 1)), 0, _CLASSES).astype(np.int16), minlength=size)
    responses = np.bincount(post[known], minlength=len(age))
    of_age = np.bincount(np.searchsorted(edges, age), weights=responses, minlength=size + 1)[:size]
    # at risk in a class: as long a delay or shorter, and a post old enough
    at_risk = np.cumsum(events) - np.concatenate([[0], np.cumsum(of_age)[:-1]])
    kept = 1 - events / np.maximum(at_risk, 1)
    kept[0] = 1.0  # nothing is shorter than the first class
    collected = np.append(np.cumprod(kept[::-1])[::-1][1:], 1.0)
    # within a class, and before the first delay, the share grows evenly with the logarithm of the age
    upper = np.log(edges)
    shares = np.interp(np.log(np.maximum(age, 1.0)), upper, collected[:-1], left=0.0)
    before = float(collected[0]) * np.clip(np.log1p(np.maximum(age, 0.0)) / np.log1p(_SHORTEST), 0, 1)
    result: Floats = np.where(age < _SHORTEST, before, shares)
    return np.where(np.isnan(age), 1.0, result)
