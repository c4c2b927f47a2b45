"""Connected components, the direction of follows aside.

Union-find with path halving (Tarjan & van Leeuwen 1984); the smaller number becomes the root, so that each component
is named by its smallest node whatever the order of the edges.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headcount.graph.compile import compiled
from headcount.graph.graph import Rows

__all__ = ["components"]


def components(rows: Rows) -> NDArray[np.uint32]:
    """The smallest node of the component of each node; one direction of the graph is enough. Shape (n,)."""
    return _components(rows.offsets, rows.targets)


@compiled
def _components(offsets: NDArray[np.int64], targets: NDArray[np.uint32]) -> NDArray[np.uint32]:
    n = len(offsets) - 1
    parent = np.arange(n).astype(np.uint32)
    for node in range(n):
        root = np.int64(parent[node])
        while parent[root] != root:
            parent[root] = parent[parent[root]]
            root = np.int64(parent[root])
        for edge in range(offsets[node], offsets[node + 1]):
            other = np.int64(targets[edge])
            while parent[other] != other:
                parent[other] = parent[parent[other]]
                other = np.int64(parent[other])
            if other < root:
                parent[root] = other
                root = other
            elif root < other:
                parent[other] = root
    for node in range(n):
        parent[node] = parent[parent[node]]  # parents are smaller, so theirs are settled already
    return parent
