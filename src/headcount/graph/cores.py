"""Core numbers: the largest k so that a node is in a part where each has k neighbours inside.

Batagelj & Zaversnik 2003 (arXiv cs/0310049): nodes in buckets by degree, the least taken first; O(n + m).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headcount.graph.compile import compiled
from headcount.graph.graph import Rows

__all__ = ["core_numbers"]


def core_numbers(rows: Rows) -> NDArray[np.int64]:
    """The core number of each node of a symmetric graph. Shape (n,)."""
    return _cores(rows.offsets, rows.targets)


@compiled
def _cores(offsets: NDArray[np.int64], targets: NDArray[np.uint32]) -> NDArray[np.int64]:
    n = len(offsets) - 1
    degree = np.empty(n, dtype=np.int64)
    most = 0
    for node in range(n):
        degree[node] = offsets[node + 1] - offsets[node]
        most = max(most, degree[node])
    start = np.zeros(most + 2, dtype=np.int64)  # where the bucket of each degree begins in `order`
    for node in range(n):
        start[degree[node] + 1] += 1
    for k in range(most + 1):
        start[k + 1] += start[k]
    place = np.empty(n, dtype=np.uint32)
    order = np.empty(n, dtype=np.uint32)
    free = start[:-1].copy()
    for node in range(n):
        at = free[degree[node]]
        place[node] = at
        order[at] = node
        free[degree[node]] = at + 1
    for at in range(n):
        node = order[at]
        for edge in range(offsets[node], offsets[node + 1]):
            other = targets[edge]
            if degree[other] > degree[node]:
                # the neighbour moves one bucket down: it changes places with the first of its own bucket
                bucket = max(start[degree[other]], at + 1)
                first, here = order[bucket], place[other]
                order[bucket], order[here] = other, first
                place[other], place[first] = bucket, here
                start[degree[other]] = bucket + 1
                degree[other] -= 1
    return degree
