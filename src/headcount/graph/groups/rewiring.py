"""Graphs that differ from a given one in nothing but chance: every account keeps its number of ties.

Every tie is two ends. The ends are joined at random; where that gives a tie of an account with itself or one
that is there already, it is switched with a random other tie (a, b), (c, d) -> (a, d), (c, b) unless that makes
more ties invalid. Degrees are kept exactly, but for ties that stay invalid after 200 rounds (a graph
with hardly any other arrangement): those are left out. What an end carries (how often its account addresses the
other) goes along with the end, so every account also keeps what it does.

Source: configuration model with switching; Fosdick, Larremore, Nishimura & Ugander 2018.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headcount.graph.compile import compiled
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
    first, second = ends[:half].copy(), ends[half : 2 * half].copy()
    table = np.full(1 << max(2 * half, 2).bit_length(), _FREE, np.int64)
    good = np.zeros(half, bool)
    bad = np.arange(half)
    bad = bad[~_taken(owner, first, second, bad, good, table, count)]
    for _ in range(ROUNDS):
        if len(bad) == 0:
            break
        other = generator.integers(0, half, len(bad))
        bad = bad[~_switched(owner, first, second, bad, other, good, table, count)]
    return _as_rows(owner, values, first[good], second[good], count)


_FREE = -1
"""State of a place in the table of ties (open addressing, linear probing)."""


@compiled
def _key(a: int, b: int, count: int) -> int:
    """One number for the pair of two accounts, whatever their order."""
    return min(a, b) * count + max(a, b)


@compiled
def _home(key: int, mask: int) -> int:
    """The place where the search for a key begins (multiplicative hashing, 2^64 over the golden ratio)."""
    return (key * -7046029254386353131 >> 20) & mask


@compiled
def _place(table: Wholes, key: int) -> int:
    """Where a key stands in the table; the place where it would stand as -1 - place."""
    mask = len(table) - 1
    place = _home(key, mask)
    while table[place] != _FREE:
        if table[place] == key:
            return place
        place = (place + 1) & mask
    return -1 - place


@compiled
def _remove(table: Wholes, place: int) -> None:
    """Free a place; those behind it that are found through it move up."""
    mask = len(table) - 1
    free = next_ = place
    while True:
        next_ = (next_ + 1) & mask
        if table[next_] == _FREE:
            break
        if (next_ - _home(table[next_], mask)) & mask >= (next_ - free) & mask:
            table[free] = table[next_]
            free = next_
    table[free] = _FREE


@compiled
def _taken(
    owner: Wholes,
    first: Wholes,
    second: Wholes,
    ties: Wholes,
    good: NDArray[np.bool_],
    table: Wholes,
    count: int,
) -> NDArray[np.bool_]:
    """(ties,) those that are between two accounts which no tie of the table is between; they are put into it."""
    new = np.zeros(len(ties), np.bool_)
    for index, tie in enumerate(ties):
        a, b = owner[first[tie]], owner[second[tie]]
        if a == b:
            continue
        key = _key(a, b, count)
        place = _place(table, key)
        if place < 0:
            table[-1 - place] = key
            new[index] = good[tie] = True
    return new


@compiled
def _switched(
    owner: Wholes,
    first: Wholes,
    second: Wholes,
    bad: Wholes,
    other: Wholes,
    good: NDArray[np.bool_],
    table: Wholes,
    count: int,
) -> NDArray[np.bool_]:
    """(bad,) invalid ties that became valid: each exchanges an end with the tie drawn for it."""
    resolved = np.zeros(len(bad), np.bool_)
    for index in range(len(bad)):
        i, j = bad[index], other[index]
        a, b, c, d = owner[first[i]], owner[second[i]], owner[first[j]], owner[second[j]]
        if a != b:
            key = _key(a, b, count)
            place = _place(table, key)
            if place < 0:  # the tie that it repeated was switched away
                table[-1 - place] = key
                resolved[index] = good[i] = True
                continue
        if not good[j]:
            continue
        key_i, key_j = _key(a, d, count), _key(c, b, count)
        free_i = a != d and _place(table, key_i) < 0
        free_j = c != b and key_i != key_j and _place(table, key_j) < 0
        if not free_i and not free_j:
            continue
        _remove(table, _place(table, _key(c, d, count)))
        second[j], second[i] = second[i], second[j]
        if not free_j:  # the tie that is good now takes the place of the one that was
            first[i], first[j], second[i], second[j] = first[j], first[i], second[j], second[i]
            key_i, key_j = key_j, key_i
        table[-1 - _place(table, key_j)] = key_j
        if free_i and free_j:
            table[-1 - _place(table, key_i)] = key_i
            resolved[index] = good[i] = True
    return resolved


def _as_rows(
    owner: Wholes, values: NDArray[np.generic], first: Wholes, second: Wholes, count: int
) -> tuple[Rows, NDArray[np.generic]]:
    ends, partners = np.concatenate([first, second]), np.concatenate([second, first])
    order = np.lexsort((owner[partners], owner[ends]))
    ends, partners = ends[order], partners[order]
    offsets = np.concatenate([[0], np.cumsum(np.bincount(owner[ends], minlength=count))]).astype(np.int64)
    return Rows(offsets, owner[partners].astype(np.uint32)), values[ends]
