"""Graphs that differ from a given one in nothing but chance: every account keeps its number of ties.

Every tie is two ends. The ends are joined at random; where that gives a tie of an account with itself or one
that is there already, it is switched with a random other tie (a, b), (c, d) -> (a, d), (c, b) as long as that
mends something. Degrees are kept exactly, but for ties that cannot be mended in 200 rounds (a graph with
hardly any other arrangement): those are left out. What an end carries (how often its account addresses the other) goes
along with the end, so every account also keeps what it does.

Source: configuration model with switching; Fosdick, Larremore, Nishimura & Ugander 2018.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headcount.graph.graph import Rows

__all__ = ["rewired"]

ROUNDS = 200

Wholes = NDArray[np.int64]


def rewired(
    mutual: Rows, generator: np.random.Generator, carried: NDArray[np.generic] | None = None
) -> tuple[Rows, NDArray[np.generic]]:
    """A random undirected graph with the same number of ties for every account.

    Args:
        mutual: every tie in the rows of both its ends.
        generator: source of chance.
        carried: one value an entry of `mutual`; it stays with the account of the row.

    Returns:
        The graph, and the carried values of its entries.
    """
    count = len(mutual.offsets) - 1
    values = np.zeros(len(mutual.targets), np.int8) if carried is None else carried
    owner = np.repeat(np.arange(count), np.diff(mutual.offsets))
    ends = generator.permutation(len(owner))
    half = len(ends) // 2
    first, second = ends[:half], ends[half:]
    for _ in range(ROUNDS):
        bad = np.flatnonzero(_clashes(owner[first], owner[second], count))
        if len(bad) == 0:
            break
        second = _switched(second, bad, generator)
    good = ~_clashes(owner[first], owner[second], count)
    return _as_rows(owner, values, first[good], second[good], count)


def _clashes(first: Wholes, second: Wholes, count: int) -> NDArray[np.bool_]:
    """Ties of an account with itself, and all but one of those between the same two."""
    key = np.minimum(first, second) * count + np.maximum(first, second)
    order = np.argsort(key, kind="stable")
    again = np.zeros(len(key), bool)
    again[order[1:]] = key[order[1:]] == key[order[:-1]]
    return np.asarray(again | (first == second))


def _switched(second: Wholes, bad: Wholes, generator: np.random.Generator) -> Wholes:
    """Second ends, those of the bad ties exchanged with those of other ties, no tie taking part twice."""
    other = generator.integers(0, len(second), len(bad))
    _, once = np.unique(other, return_index=True)
    once = once[~np.isin(other[once], bad)]
    changed = second.copy()
    changed[bad[once]], changed[other[once]] = second[other[once]], second[bad[once]]
    return changed


def _as_rows(
    owner: Wholes, values: NDArray[np.generic], first: Wholes, second: Wholes, count: int
) -> tuple[Rows, NDArray[np.generic]]:
    ends, partners = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.lexsort((owner[partners], owner[ends]))
    ends, partners = ends[order], partners[order]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owner[ends], minlength=count))]).astype(np.int64)
    return Rows(offsets, owner[partners].astype(np.uint32)), values[ends]
