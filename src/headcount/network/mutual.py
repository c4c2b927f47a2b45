"""Follows that are returned: u follows v and v follows u.

Reciprocity is the share of follows that are returned (Newman, Networks, 2nd edition, equation 7.37).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headcount.network.compile import parallel, span
from headcount.network.graph import Graph, Rows

__all__ = ["mutual_degrees", "mutual_rows", "reciprocity"]


def mutual_degrees(graph: Graph) -> NDArray[np.int64]:
    """How many accounts each one follows and is followed by. Shape (n,)."""
    out, back = graph.followees, graph.followers
    return _count(out.offsets, out.targets, back.offsets, back.targets)


def mutual_rows(graph: Graph) -> Rows:
    """The symmetric graph of returned follows; each pair stands in both rows."""
    out, back = graph.followees, graph.followers
    offsets = np.zeros(graph.count + 1, dtype=np.int64)
    np.cumsum(mutual_degrees(graph), out=offsets[1:])
    targets = np.empty(offsets[-1], dtype=np.uint32)
    _fill(out.offsets, out.targets, back.offsets, back.targets, offsets, targets)
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


@parallel
def _fill(
    a: NDArray[np.int64],
    to: NDArray[np.uint32],
    b: NDArray[np.int64],
    by: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    targets: NDArray[np.uint32],
) -> None:
    for node in span(len(a) - 1):
        i, j, at = a[node], b[node], offsets[node]
        while i < a[node + 1] and j < b[node + 1]:
            x, y = to[i], by[j]
            if x == y:
                targets[at] = x
                at += 1
            i += x <= y
            j += y <= x
