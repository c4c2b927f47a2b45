"""Sums over rows: what each node gets from those in its row, the one loop of every rank.

The rows are cut into blocks of about as many edges, whatever the threads; each row is summed by one thread in
64 bits, so the result is the same for any number of them. What is gathered may be 32 bits wide: the loop waits for
memory, and half the bytes are half the waiting. Rows lie one behind the other, so what later rows will gather is known
long before: it is asked for ahead, which at 300 million edges halves the time. A processor by itself looks ahead no
further than the end of a row that it did not foresee.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.graph.compile import parallel, prefetch, span, summing
from headcount.graph.graph import Rows

__all__ = ["pull", "pull_weighted"]

_BLOCKS = 4096

_AHEAD = 160
"""Edges; between 128 and 192 it was fastest for 10 million nodes, and any of 64 to 512 was faster than none."""
_NEAR = 16_000_000
"""Bytes that lie near anyhow, so that asking costs more than waiting: 13 MB did, 27 MB did not."""


def pull(rows: Rows, given: NDArray[Any]) -> NDArray[np.float64]:
    """The sum of what the nodes of each row give.

    Args:
        rows: n rows.
        given: float32 or float64, one for each node.

    Returns:
        Shape (n,).
    """
    return _pull(rows.offsets, rows.targets, given, _blocks(rows.offsets), _ahead(rows, given))


def pull_weighted(rows: Rows, weights: NDArray[Any], given: NDArray[Any]) -> NDArray[np.float64]:
    """The same, each edge times its weight (aligned with `rows.targets`)."""
    return _pull_weighted(rows.offsets, rows.targets, weights, given, _blocks(rows.offsets), _ahead(rows, given))


def _ahead(rows: Rows, given: NDArray[Any]) -> int:
    """How many edges ahead to ask for; beyond all edges where it does not pay."""
    return _AHEAD if given.nbytes > _NEAR else len(rows.targets) + 1


def _blocks(offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    """Bounds of blocks of rows with about as many edges; a node counts like an edge, for graphs of few edges."""
    n = len(offsets) - 1
    if n <= 0:
        return np.zeros(1, dtype=np.int64)
    cuts = np.linspace(0, int(offsets[-1]), _BLOCKS + 1)
    by_edges = np.searchsorted(offsets, cuts, side="left")
    by_nodes = np.linspace(0, n, _BLOCKS // 16 + 1).astype(np.int64)
    bounds: NDArray[np.int64] = np.unique(np.clip(np.concatenate([by_edges, by_nodes, [0, n]]), 0, n)).astype(np.int64)
    return bounds


@parallel
def _pull(
    offsets: NDArray[np.int64],
    targets: NDArray[np.uint32],
    given: NDArray[Any],
    bounds: NDArray[np.int64],
    ahead: int,
) -> NDArray[np.float64]:
    out = np.zeros(len(offsets) - 1, dtype=np.float64)
    for block in span(len(bounds) - 1):
        _sum_rows(offsets, targets, given, bounds[block], bounds[block + 1], ahead, out)
    return out


# a row is taken as an array of its own: counted from 0, numba leaves out the test for negative places


@summing
def _sum_rows(
    offsets: NDArray[np.int64],
    targets: NDArray[np.uint32],
    given: NDArray[Any],
    first: int,
    last: int,
    ahead: int,
    out: NDArray[np.float64],
) -> None:
    for node in range(first, last):
        begin, end = offsets[node], offsets[node + 1]
        row = targets[begin:end]
        total = 0.0
        if end + ahead <= len(targets):
            later = targets[begin + ahead : end + ahead]
            for at in range(len(row)):
                prefetch(given, later[at])
                total += given[row[at]]
        else:
            for at in range(len(row)):
                total += given[row[at]]
        out[node] = total


@parallel
def _pull_weighted(
    offsets: NDArray[np.int64],
    targets: NDArray[np.uint32],
    weights: NDArray[Any],
    given: NDArray[Any],
    bounds: NDArray[np.int64],
    ahead: int,
) -> NDArray[np.float64]:
    out = np.zeros(len(offsets) - 1, dtype=np.float64)
    for block in span(len(bounds) - 1):
        _sum_weighted_rows(offsets, targets, weights, given, bounds[block], bounds[block + 1], ahead, out)
    return out


@summing
def _sum_weighted_rows(
    offsets: NDArray[np.int64],
    targets: NDArray[np.uint32],
    weights: NDArray[Any],
    given: NDArray[Any],
    first: int,
    last: int,
    ahead: int,
    out: NDArray[np.float64],
) -> None:
    for node in range(first, last):
        begin, end = offsets[node], offsets[node + 1]
        row, weight = targets[begin:end], weights[begin:end]
        total = 0.0
        if end + ahead <= len(targets):
            later = targets[begin + ahead : end + ahead]
            for at in range(len(row)):
                prefetch(given, later[at])
                total += given[row[at]] * np.float64(weight[at])
        else:
            for at in range(len(row)):
                total += given[row[at]] * np.float64(weight[at])
        out[node] = total
