"""What lies within groups that do not overlap: ties, follows, and talk along the ties.

Kernels from arrays to arrays for `headcount.measures.circuits.rings`; `label` is the number of the group of every
account, -1 for none. An array of one value an account is all that they add to the graph.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.graph.compile import compiled

__all__ = ["busy_rows", "follows_inside", "partners_along_ties", "ties_by_last_place"]


def partners_along_ties(
    offsets: Any, targets: Any, actor: Any, target: Any, times: Any, label: Any
) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.int32]]:
    """Of every account: partners addressed along a tie within its group, times that was, partners along any tie.

    Args:
        offsets, targets: the mutual graph.
        actor, target, times: who addressed whom how often, in any number of rows a pair.
        label: group of every account.
    """
    entry = _entries(offsets, targets, actor, target)
    along = entry >= 0
    entry, often = np.unique(entry[along], return_inverse=True)
    often = np.bincount(often, np.asarray(times)[along], minlength=len(entry)).astype(np.int64)
    entry, often = entry[often > 0], often[often > 0]
    return _addressed(offsets, targets, entry, often, label)  # type: ignore[no-any-return]


@compiled
def _entries(offsets: Any, targets: Any, actor: Any, target: Any) -> Any:
    """Place of every pair among the entries of the graph; -1 where the two are not tied."""
    found = np.full(len(actor), -1, np.int64)
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
            found[i] = low
    return found


@compiled
def _addressed(offsets: Any, targets: Any, entry: Any, often: Any, label: Any) -> Any:
    """Sums over entries that ascend."""
    count = len(offsets) - 1
    within, times, partners = np.zeros(count, np.int32), np.zeros(count, np.int64), np.zeros(count, np.int32)
    u = 0
    for i in range(len(entry)):
        while offsets[u + 1] <= entry[i]:
            u += 1
        partners[u] += 1
        if label[u] >= 0 and label[targets[entry[i]]] == label[u]:
            within[u] += 1
            times[u] += often[i]
    return within, times, partners


@compiled
def ties_by_last_place(offsets: Any, targets: Any, label: Any, place: Any) -> Any:
    """For every place in an order of the accounts: ties whose later account has it, those within groups left out."""
    found = np.zeros(len(place), np.int64)
    for u in range(len(offsets) - 1):
        for e in range(offsets[u], offsets[u + 1]):
            v = targets[e]
            if v > u and (label[u] < 0 or label[v] != label[u]):
                found[max(place[u], place[v])] += 1
    return found


@compiled
def busy_rows(offsets: Any, targets: Any, label: Any, place: Any, end: int, ties: int) -> tuple[Any, Any]:
    """The graph among the accounts before a place, ties within groups left out.

    Args:
        ties: how many there are.
    """
    count = len(offsets) - 1
    begin, kept = np.zeros(count + 1, np.int64), np.empty(2 * ties, np.uint32)
    filled = 0
    for u in range(count):
        if place[u] < end:
            for e in range(offsets[u], offsets[u + 1]):
                v = targets[e]
                if place[v] < end and (label[u] < 0 or label[v] != label[u]):
                    kept[filled] = v
                    filled += 1
        begin[u + 1] = filled
    return begin, kept


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
