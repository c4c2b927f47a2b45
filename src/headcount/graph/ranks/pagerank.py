"""PageRank over follows, and over interactions.

    r(v) = (1 - d) / n + d * ( sum_{u follows v} r(u) / followees(u) + D / n )

with D the rank of those who follow nobody (Page, Brin, Motwani & Winograd 1999, with the usual spread of D over all).
In the form over interactions u gives v the share of its responses that went to v (Weng et al. 2010 call such a walk
TwitterRank where topics weigh it too).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.errors import UsageError
from headcount.graph.graph import Graph, Rows
from headcount.graph.ranks.pull import pull, pull_weighted

__all__ = ["pagerank", "weighted_pagerank"]

DAMPING = 0.85
ITERATIONS = 20


def pagerank(
    graph: Graph,
    *,
    damping: float = DAMPING,
    iterations: int = ITERATIONS,
    tolerance: float = 0.0,
    exact: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> NDArray[np.float64]:
    """The rank of each account; all sum to 1.

    Args:
        damping: share of the walk that follows an edge, 0 to 1.
        iterations: how many at most.
        tolerance: end when the ranks together move less than this (the sum of absolute changes).
        exact: gather 64 bits in place of 32 (twice the memory traffic, relative error 1e-15 in place of 1e-7).
        progress: told the iterations done and all.

    Raises:
        UsageError: damping or iterations are out of range.
    """
    given_to = np.diff(graph.followees.offsets)
    kind = np.float64 if exact else np.float32
    return _iterate(
        graph.count,
        given_to.astype(np.float64),
        lambda shares: pull(graph.followers, shares.astype(kind, copy=False)),
        damping,
        iterations,
        tolerance,
        progress,
    )


def weighted_pagerank(
    received: Rows,
    weights: NDArray[Any],
    *,
    damping: float = DAMPING,
    iterations: int = ITERATIONS,
    tolerance: float = 0.0,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> NDArray[np.float64]:
    """The rank of each account where attention flows along responses; all sum to 1.

    Args:
        received: row v holds who responded to v.
        weights: how often, at least 0, aligned with `received.targets`.
        damping, iterations, tolerance, progress: as in `pagerank`.

    Raises:
        UsageError: weights do not fit the rows or are negative; damping or iterations are out of range.
    """
    if len(weights) != len(received.targets) or (len(weights) and not weights.min() >= 0):
        raise UsageError("Expected one non-negative weight for each edge.", hint="for example, counts of responses.")
    count = len(received.offsets) - 1
    given = np.bincount(received.targets, weights=weights, minlength=count).astype(np.float64)
    return _iterate(
        count, given, lambda shares: pull_weighted(received, weights, shares), damping, iterations, tolerance, progress
    )


def _iterate(
    count: int,
    given: NDArray[np.float64],
    step: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    damping: float,
    iterations: int,
    tolerance: float,
    progress: Callable[[int, int], None],
) -> NDArray[np.float64]:
    if not 0 <= damping < 1 or iterations < 1:
        raise UsageError(
            f"PageRank cannot run with damping {damping} and {iterations} iterations.",
            hint="expected 0 <= damping < 1 and at least 1 iteration.",
        )
    if not count:
        return np.zeros(0)
    rank = np.full(count, 1.0 / count)
    dangling = given == 0
    inverse = np.divide(1.0, given, out=np.zeros(count), where=~dangling)
    for done in range(iterations):
        lost = float(rank[dangling].sum())
        new = step(rank * inverse)
        new *= damping
        new += (1.0 - damping) / count + damping * lost / count
        moved = float(np.abs(np.subtract(new, rank, out=rank)).sum()) if tolerance else np.inf
        rank = new
        progress(done + 1, iterations)
        if moved < tolerance:
            break
    return rank
