"""The graph of who follows whom, as two directions of sorted rows.

Row u of `followees` holds the accounts that u follows; row v of `followers` holds who follows v.
Rows are sorted, without duplicates and without self-loops.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from headcount.errors import InputError, UsageError

__all__ = ["VERSION", "Graph", "Rows", "open_graph"]

VERSION = 1


@dataclass(frozen=True)
class Rows:
    """One direction of a graph.

    Attributes:
        offsets: int64, n + 1; row u is targets[offsets[u]:offsets[u + 1]].
        targets: uint32, one for each edge.
    """

    offsets: NDArray[np.int64]
    targets: NDArray[np.uint32]

    def row(self, node: int) -> NDArray[np.uint32]:
        """The neighbours of one node, sorted."""
        return self.targets[self.offsets[node] : self.offsets[node + 1]]


SMALL = 200_000
"""Follows up to which a graph is sorted by numpy: loading the compiled kernels would take longer."""


@dataclass(frozen=True)
class Graph:
    """Who follows whom.

    Attributes:
        followees: row u holds the accounts that u follows.
        followers: row v holds the accounts that follow v.
        ids: the name of each node, in order: int64, uint64 or strings.
    """

    followees: Rows
    followers: Rows
    ids: NDArray[Any]

    @property
    def count(self) -> int:
        """How many nodes."""
        return len(self.followees.offsets) - 1

    @property
    def edges(self) -> int:
        """How many follows."""
        return len(self.followees.targets)

    @classmethod
    def from_edges(cls, sources: ArrayLike, targets: ArrayLike, ids: ArrayLike | None = None) -> Graph:
        """A graph in memory; duplicates and self-loops are left out. One that does not fit: `build_graph`.

        Args:
            sources, targets: node numbers 0 to n - 1, the follower and whom it follows.
            ids: the names of the n nodes; None: their numbers, up to the largest that occurs.

        Raises:
            InputError: the arrays differ in length, are no integers, or hold a number outside 0 to n - 1.
        """
        u, v = _numbers(sources), _numbers(targets)
        if len(u) != len(v):
            raise InputError(
                f"{len(u)} sources do not match {len(v)} targets.", hint="give one target for each source."
            )
        largest = int(max(u.max(), v.max())) if len(u) else -1
        names = np.arange(largest + 1, dtype=np.int64) if ids is None else np.asarray(ids)
        count = len(names)
        if len(u) and (min(u.min(), v.min()) < 0 or largest >= count or count > 2**32):
            raise InputError(f"A node number is outside 0 to {count - 1}.", hint="number the nodes from 0.")
        if len(u) > SMALL:
            from headcount.graph.arrange import arranged

            out_offsets, out, in_offsets, into = arranged(u, v, count)
            return cls(Rows(out_offsets, out), Rows(in_offsets, into), names)
        kept = u != v
        u, v = u[kept].astype(np.int64), v[kept].astype(np.int64)
        return cls(_rows(u, v, count), _rows(v, u, count), names)


def _numbers(values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1 or (len(array) and array.dtype.kind not in "iu"):
        raise InputError("Edges must be lists of integers.", hint="use node numbers from 0.")
    return array


def _rows(u: NDArray[np.int64], v: NDArray[np.int64], count: int) -> Rows:
    order = np.lexsort((v, u))
    u, v = u[order], v[order]
    first = np.ones(len(u), dtype=bool)
    first[1:] = (u[1:] != u[:-1]) | (v[1:] != v[:-1])
    offsets = np.zeros(count + 1, dtype=np.int64)
    np.cumsum(np.bincount(u[first], minlength=count), out=offsets[1:])
    return Rows(offsets, v[first].astype(np.uint32))


def open_graph(folder: Path) -> Graph:
    """The graph in a folder, memory-mapped: graph.json beside the arrays as .npy files.

    Raises:
        UsageError: no graph is there.
        InputError: what is there was written by another version, or cannot be read.
    """
    about = folder / "graph.json"
    if not about.is_file():
        raise UsageError(f"There is no graph in {folder}.", hint="build it first.")
    try:
        version = json.loads(about.read_text(encoding="utf-8"))["version"]
        read = {
            name: np.load(folder / f"{name}.npy", mmap_mode="r")
            for name in ("followees_offsets", "followees_targets", "followers_offsets", "followers_targets", "ids")
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"The graph in {folder} cannot be read: {error}.", hint="build it again.") from error
    if version != VERSION:
        raise InputError(f"The graph in {folder} has version {version}, not {VERSION}.", hint="build it again.")
    out = Rows(read["followees_offsets"], read["followees_targets"])
    return Graph(out, Rows(read["followers_offsets"], read["followers_targets"]), read["ids"])
