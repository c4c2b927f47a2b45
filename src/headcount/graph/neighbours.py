"""What two accounts have in common: shared neighbours, and their weight by Adamic & Adar (2003), equation 1.

    A(x, y) = sum over shared neighbours z of 1 / ln(degree z)

A neighbour with one tie cannot be shared by two, so no logarithm is 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headcount.errors import UsageError
from headcount.graph.compile import parallel, span
from headcount.graph.graph import Rows

__all__ = ["adamic_adar", "shared"]


def shared(rows: Rows, first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.int64]:
    """How many neighbours the two of each pair share.

    Args:
        rows: sorted; the followers or followees of each node, or a symmetric graph.
        first, second: node numbers, one pair a place.

    Raises:
        UsageError: a number is no node.
    """
    a, b = _pairs(rows, first, second)
    return _weigh(rows.offsets, rows.targets, a, b, np.ones(len(rows.offsets) - 1)).astype(np.int64)


def adamic_adar(
    rows: Rows, first: NDArray[np.integer], second: NDArray[np.integer], degree: NDArray[np.integer] | None = None
) -> NDArray[np.float64]:
    """The weight of what the two of each pair share.

    Args:
        rows, first, second: as in `shared`.
        degree: of the neighbours; that of `rows` itself (a symmetric graph) without it.

    Raises:
        UsageError: a number is no node.
    """
    a, b = _pairs(rows, first, second)
    ties = np.diff(rows.offsets) if degree is None else degree
    weight = np.zeros(len(ties))
    np.divide(1.0, np.log(np.maximum(ties, 2)), out=weight, where=ties > 1)
    return _weigh(rows.offsets, rows.targets, a, b, weight)


def _pairs(
    rows: Rows, first: NDArray[np.integer], second: NDArray[np.integer]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    count = len(rows.offsets) - 1
    both = np.concatenate([first, second])
    if len(first) != len(second) or (len(both) and not (int(both.min()) >= 0 and int(both.max()) < count)):
        raise UsageError(
            "Pairs must be two lists of nodes of the graph.", hint=f"use node numbers from 0 to {count - 1}."
        )
    return first.astype(np.int64), second.astype(np.int64)


@parallel
def _weigh(
    offsets: NDArray[np.int64],
    targets: NDArray[np.uint32],
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    weight: NDArray[np.float64],
) -> NDArray[np.float64]:
    out = np.zeros(len(first), dtype=np.float64)
    for pair in span(len(first)):
        i, j = offsets[first[pair]], offsets[second[pair]]
        i_end, j_end = offsets[first[pair] + 1], offsets[second[pair] + 1]
        total = 0.0
        while i < i_end and j < j_end:
            x, y = targets[i], targets[j]
            if x == y:
                total += weight[x]
            i += x <= y
            j += y <= x
        out[pair] = total
    return out
