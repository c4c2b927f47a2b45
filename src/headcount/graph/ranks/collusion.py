"""Collusionrank: a penalty for following known spammers (Ghosh et al., WWW 2012).

    C(u) = a * sum_{v followed by u} C(v) / followers(v) + (1 - a) * d(u),   d = -1 / |S| for spammers, 0 for all others

It is shown apart from other ranks: who follows spammers without knowing is punished too.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from headcount.errors import UsageError
from headcount.graph.graph import Graph
from headcount.graph.ranks.pull import pull

__all__ = ["collusionrank"]


def collusionrank(
    graph: Graph,
    spammers: NDArray[np.integer],
    *,
    damping: float = 0.85,
    iterations: int = 20,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> NDArray[np.float64]:
    """The penalty of each account: 0 or below, the lower the closer to following spammers.

    Args:
        spammers: node numbers of known spammers; without any all are 0.
        damping: a above, 0 to below 1; iterations: at least 1; progress: told the iterations done and all.

    Raises:
        UsageError: a number is no node; damping or iterations are out of range.
    """
    if len(spammers) and not (int(spammers.min()) >= 0 and int(spammers.max()) < graph.count):
        raise UsageError(
            "A spammer id is not an account of the graph.", hint=f"give numbers from 0 to {graph.count - 1}."
        )
    if not 0 <= damping < 1 or iterations < 1:
        raise UsageError(
            f"Collusionrank cannot run with damping {damping} and {iterations} iterations.",
            hint="expected 0 <= damping < 1 and at least 1 iteration.",
        )
    known = np.zeros(graph.count)
    known[np.unique(spammers)] = -1.0
    if not len(spammers):
        return known
    known /= -known.sum()
    followed = np.diff(graph.followers.offsets).astype(np.float64)
    inverse = np.divide(1.0, followed, out=np.zeros(graph.count), where=followed > 0)
    penalty = known.copy()
    for done in range(iterations):
        penalty = damping * pull(graph.followees, penalty * inverse) + (1.0 - damping) * known
        progress(done + 1, iterations)
    return penalty
