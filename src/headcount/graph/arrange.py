"""Compressed rows from a list of follows in any order, by counting instead of comparing.

Follows are put into the rows of whom they lead to, then those rows are read in order and put into the rows of who
follows: each row of the second is sorted, since what is put into it comes in order (a radix sort with the accounts as
its digits). Duplicates then stand side by side. The other direction is the same step once more.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.graph.compile import compiled

__all__ = ["arranged"]

Offsets = NDArray[np.int64]
Targets = NDArray[np.uint32]


def arranged(source: Any, target: Any, count: int) -> tuple[Offsets, Targets, Offsets, Targets]:
    """Offsets and targets of both directions, rows sorted, duplicates and accounts that follow themselves left out.

    Besides the lists it takes 4 bytes a follow for each of two directions, and as much again for a while.

    Args:
        source, target: whole numbers 0 to count - 1, the follower and whom it follows.
        count: accounts.
    """
    offsets, unsorted = _by_target(source, target, count)
    out_offsets, out = _turned(offsets, unsorted, count)
    del offsets, unsorted
    kept = _distinct(out_offsets, out)
    out = out[:kept].copy() if kept < len(out) else out
    return out_offsets, out, *_turned(out_offsets, out, count)


@compiled
def _by_target(source: Any, target: Any, count: int) -> tuple[Any, Any]:
    """The followers of every account, unsorted; who follows itself is left out."""
    offsets = np.zeros(count + 1, np.int64)
    for i in range(len(source)):
        if source[i] != target[i]:
            offsets[int(target[i]) + 1] += 1
    for v in range(count):
        offsets[v + 1] += offsets[v]
    place = offsets[:count].copy()
    rows = np.empty(offsets[count], np.uint32)
    for i in range(len(source)):
        if source[i] != target[i]:
            v = int(target[i])
            rows[place[v]] = source[i]
            place[v] += 1
    return offsets, rows


@compiled
def _turned(offsets: Any, targets: Any, count: int) -> tuple[Any, Any]:
    """The rows of the other direction, each sorted."""
    turned = np.zeros(count + 1, np.int64)
    for e in range(len(targets)):
        turned[int(targets[e]) + 1] += 1
    for v in range(count):
        turned[v + 1] += turned[v]
    place = turned[:count].copy()
    rows = np.empty(len(targets), np.uint32)
    for u in range(count):
        for e in range(offsets[u], offsets[u + 1]):
            v = int(targets[e])
            rows[place[v]] = u
            place[v] += 1
    return turned, rows


@compiled
def _distinct(offsets: Any, targets: Any) -> int:
    """Take repetitions out of sorted rows, in place; gives how many are left."""
    kept = 0
    begin = 0
    for u in range(len(offsets) - 1):
        end = offsets[u + 1]
        first = kept
        for e in range(begin, end):
            if kept == first or targets[kept - 1] != targets[e]:
                targets[kept] = targets[e]
                kept += 1
        begin = end
        offsets[u + 1] = kept
    return kept
