"""What lies within groups that do not overlap: ties, follows, and talk along the ties.

Kernels from arrays to arrays for `headcount.measures.rings`; `label` is the number of the group of every
account, -1 for none. `addressed` has one value an entry of the mutual graph: how often the account of the row
addressed the other (reply, mention, quote).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from headcount.network.compile import compiled

__all__ = ["addressed_along_ties", "follows_inside", "ties_and_partners"]


@compiled
def addressed_along_ties(offsets: Any, targets: Any, actor: Any, target: Any, times: Any) -> Any:
    """Times of every entry of the mutual graph."""
    along = np.zeros(len(targets), np.int64)
    for i in range(len(actor)):
        u, v = actor[i], target[i]
        low, high = offsets[u], offsets[u + 1]
        while low < high:
            middle = (low + high) // 2
            if targets[middle] < v:
                low = middle + 1
            else:
                high = middle
        if low < offsets[u + 1] and targets[low] == v:
            along[low] += times[i]
    return along


@compiled
def ties_and_partners(offsets: Any, targets: Any, addressed: Any, label: Any) -> Any:
    """For every account: ties and partners addressed within its group, times within, ties and partners in all."""
    count = len(offsets) - 1
    table = np.zeros((count, 5), np.int64)
    for u in range(count):
        for e in range(offsets[u], offsets[u + 1]):
            if label[u] >= 0 and label[targets[e]] == label[u]:
                table[u, 0] += 1
                table[u, 1] += addressed[e] > 0
                table[u, 2] += addressed[e]
            table[u, 3] += 1
            table[u, 4] += addressed[e] > 0
    return table


@compiled
def follows_inside(offsets: Any, targets: Any, label: Any) -> Any:
    """Followees of every account within its own group."""
    count = len(offsets) - 1
    inside = np.zeros(count, np.int64)
    for u in range(count):
        if label[u] >= 0:
            for e in range(offsets[u], offsets[u + 1]):
                inside[u] += label[targets[e]] == label[u]
    return inside
