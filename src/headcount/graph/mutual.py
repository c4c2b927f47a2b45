"""Follows that are returned: u follows v and v follows u.

Reciprocity is the share of follows that are returned (Newman, Networks, 2nd edition, equation 7.37).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headcount.graph.compile import compiled, parallel, span, threads
from headcount.graph.graph import Graph, Rows

__all__ = ["mutual_degrees", "mutual_rows", "reciprocity"]


def mutual_degrees(graph: Graph) -> NDArray[np.int64]:
    """How many accounts each one follows and is followed by. Shape (n,)."""
    out, back = graph.followees, graph.followers
    return _count(out.offsets, out.targets, back.offsets, back.targets)


def mutual_rows(graph: Graph) -> Rows:
    """The symmetric graph of returned follows; each pair stands in both rows.

    The rows are met once and written to a place that has room for all of them, in as many parts as there are threads;
    then the parts are moved together. So at most half as much again as the result is in use.
    """
    out, back = graph.followees, graph.followers
    parts = _equal_parts(out.offsets, back.offsets, threads())
    room = np.minimum(np.diff(out.offsets), np.diff(back.offsets))
    begin = np.array([int(room[: parts[part]].sum()) + part for part in range(len(parts))])
    del room
    targets = np.empty(begin[-1], dtype=np.uint32)
    found = _meet(out.offsets, out.targets, back.offsets, back.targets, parts, begin, targets)
    offsets = np.zeros(graph.count + 1, dtype=np.int64)
    np.cumsum(found, out=offsets[1:])
    _move_together(parts, begin, offsets, targets)
    targets.resize(offsets[-1], refcheck=False)
    return Rows(offsets, targets)


def reciprocity(graph: Graph) -> float | None:
    """The share of follows that are returned, 0 to 1; None where there are no follows."""
    return float(mutual_degrees(graph).sum() / graph.edges) if graph.edges else None


@parallel
def _count(
    a: NDArray[np.int64], to: NDArray[np.uint32], b: NDArray[np.int64], by: NDArray[np.uint32]
) -> NDArray[np.int64]:
    found = np.zeros(len(a) - 1, dtype=np.int64)
    for node in span(len(a) - 1):
        i, j, both = a[node], b[node], 0
        while i < a[node + 1] and j < b[node + 1]:
            x, y = to[i], by[j]
            both += x == y
            i += x <= y
            j += y <= x
        found[node] = both
    return found


def _equal_parts(a: NDArray[np.int64], b: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Where to cut the rows so that each part has about as many entries of both directions; shape (count + 1,)."""
    entries = int(a[-1] + b[-1])
    ends = [0]
    for part in range(1, count):
        low, high = ends[-1], len(a) - 1
        while low < high:
            middle = (low + high) // 2
            if a[middle] + b[middle] < entries * part // count:
                low = middle + 1
            else:
                high = middle
        ends.append(low)
    return np.array([*ends, len(a) - 1])


@parallel
def _meet(
    a: NDArray[np.int64],
    to: NDArray[np.uint32],
    b: NDArray[np.int64],
    by: NDArray[np.uint32],
    parts: NDArray[np.int64],
    begin: NDArray[np.int64],
    targets: NDArray[np.uint32],
) -> NDArray[np.int32]:
    """Write what both rows hold, from where each part begins, with one place to spare; gives how many of each row."""
    found = np.empty(len(a) - 1, dtype=np.int32)
    for part in span(len(parts) - 1):
        at = begin[part]
        for node in range(parts[part], parts[part + 1]):
            i, j, before = a[node], b[node], at
            while i < a[node + 1] and j < b[node + 1]:
                x, y = to[i], by[j]
                targets[at] = x  # stays only where both hold it: quicker than to ask
                at += x == y
                i += x <= y
                j += y <= x
            found[node] = at - before
    return found


@compiled
def _move_together(
    parts: NDArray[np.int64], begin: NDArray[np.int64], offsets: NDArray[np.int64], targets: NDArray[np.uint32]
) -> None:
    for part in range(1, len(parts) - 1):
        first, end = offsets[parts[part]], offsets[parts[part + 1]]
        ahead = begin[part] - first
        for at in range(first, end):
            targets[at] = targets[at + ahead]
