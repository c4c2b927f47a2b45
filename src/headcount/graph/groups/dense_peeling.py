"""The compiled loops behind dense blocks: peeling a weighted bipartite graph node by node."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.graph.compile import compiled

__all__ = ["Arrays", "Reals", "Weighted", "Wholes"]

Wholes = NDArray[np.int64]
Reals = NDArray[np.float64]
Arrays = tuple[Any, Any, Any, Any, int, int, Any]
Weighted = tuple[Any, Any, Any, Any, int, int, Any, Any, Any]
"""Both directions, `split`, `shift` and `taken` (see `_Search`); then the weights and the priors."""


@compiled
def _degrees(
    out_offsets: Any, out: Any, in_offsets: Any, into: Any, split: int, shift: int, taken: Any, count: int
) -> Any:
    """Follows left of every member."""
    degree = np.zeros(count, np.int64)
    for v in range(count):
        if v < split:
            for e in range(out_offsets[v], out_offsets[v + 1]):
                degree[v] += (taken[v] & taken[out[e] + shift]) == 0
        else:
            for e in range(in_offsets[v - split], in_offsets[v - split + 1]):
                degree[v] += (taken[v] & taken[into[e]]) == 0
    return degree


@compiled
def _count_inside(
    out_offsets: Any, out: Any, in_offsets: Any, into: Any, split: int, shift: int, taken: Any, inside: Any
) -> int:
    """Follows within a block; a tie of an undirected graph counts once."""
    follows = 0
    for v in range(split):
        if inside[v]:
            for e in range(out_offsets[v], out_offsets[v + 1]):
                w = out[e] + shift
                if inside[w] and (taken[v] & taken[w]) == 0:
                    follows += 1
    return follows if shift else follows // 2


@compiled
def _contributions(
    out_offsets: Any,
    out: Any,
    in_offsets: Any,
    into: Any,
    split: int,
    shift: int,
    taken: Any,
    weight: Any,
    prior: Any,
) -> Any:
    """What every member contributes to f while all are in."""
    value = prior.copy()
    for v in range(len(prior)):
        if v < split:
            for e in range(out_offsets[v], out_offsets[v + 1]):
                if (taken[v] & taken[out[e] + shift]) == 0:
                    value[v] += weight[out[e]]
        else:
            for e in range(in_offsets[v - split], in_offsets[v - split + 1]):
                if (taken[v] & taken[into[e]]) == 0:
                    value[v] += weight[v - split]
    return value


@compiled
def _core(
    out_offsets: Any,
    out: Any,
    in_offsets: Any,
    into: Any,
    split: int,
    shift: int,
    taken: Any,
    weight: Any,
    prior: Any,
    value: Any,
    threshold: Any,
) -> Any:
    """Contributions within the core of a threshold (at least 1) among the members of `value`; 0 outside."""
    count = len(value)
    within = np.zeros(count, np.int64)
    for v in range(count):
        if value[v] >= threshold:
            total = prior[v]
            if v < split:
                for e in range(out_offsets[v], out_offsets[v + 1]):
                    w = out[e] + shift
                    if value[w] >= threshold and (taken[v] & taken[w]) == 0:
                        total += weight[out[e]]
            else:
                for e in range(in_offsets[v - split], in_offsets[v - split + 1]):
                    w = into[e]
                    if value[w] >= threshold and (taken[v] & taken[w]) == 0:
                        total += weight[v - split]
            within[v] = total
    _drop_below(out_offsets, out, in_offsets, into, split, shift, taken, weight, within, threshold)
    return within


@compiled
def _drop_below(
    out_offsets: Any,
    out: Any,
    in_offsets: Any,
    into: Any,
    split: int,
    shift: int,
    taken: Any,
    weight: Any,
    within: Any,
    threshold: Any,
) -> None:
    """Take out whoever contributes less than the threshold, until nobody does; those out hold 0."""
    pending = np.empty(np.count_nonzero(within), np.int64)
    first, last = 0, 0
    for v in range(len(within)):
        if 0 < within[v] < threshold:
            # Below 0 means: out, but its follows are not yet taken from the others.
            within[v] = -1
            pending[last] = v
            last += 1
    while first < last:
        v = pending[first]
        first += 1
        within[v] = 0
        forward = v < split
        row = v if forward else v - split
        begin, end = (out_offsets[row], out_offsets[row + 1]) if forward else (in_offsets[row], in_offsets[row + 1])
        for e in range(begin, end):
            w = np.int64(out[e]) + shift if forward else np.int64(into[e])
            if within[w] > 0 and (taken[v] & taken[w]) == 0:
                within[w] -= weight[out[e]] if forward else weight[row]
                if within[w] < threshold:
                    within[w] = -1
                    pending[last] = w
                    last += 1


@compiled
def _climb(
    out_offsets: Any,
    out: Any,
    in_offsets: Any,
    into: Any,
    split: int,
    shift: int,
    taken: Any,
    weight: Any,
    prior: Any,
    within: Any,
    step: float,
) -> float:
    """The best g of the cores of rising thresholds, from the core given (which is used up)."""
    best = 0.0
    while True:
        size, total, least = 0, 0, np.int64(0)
        for v in range(len(within)):
            if within[v] > 0:
                size += 1
                total += within[v] + prior[v]
                if least == 0 or within[v] < least:
                    least = within[v]
        if size == 0:
            return best
        best = max(best, (total // 2) / size)
        threshold = np.int64(least * step) + 1
        _drop_below(out_offsets, out, in_offsets, into, split, shift, taken, weight, within, threshold)


@compiled
def _peel(
    out_offsets: Any,
    out: Any,
    in_offsets: Any,
    into: Any,
    split: int,
    shift: int,
    taken: Any,
    weight: Any,
    prior: Any,
    value: Any,
    members: Any,
    total: int,
) -> tuple[Any, int, float]:
    """The greedy order of `members` (as indices), how many of it to take out for the best g, and that g."""
    size = len(members)
    heap = np.arange(size)
    place = np.arange(size)
    index = np.full(len(value), -1, np.int64)
    key = np.empty(size, np.int64)
    for i in range(size):
        index[members[i]] = i
        key[i] = value[members[i]]
    for i in range(size // 2 - 1, -1, -1):
        _sink(heap, place, key, i, size)
    order = np.empty(size, np.int64)
    best, removed = total / size, 0
    for left in range(size - 1, 0, -1):
        i = heap[0]
        order[size - 1 - left] = i
        total -= key[i]
        heap[0] = heap[left]
        place[heap[0]] = 0
        place[i] = -1
        _sink(heap, place, key, 0, left)
        v = members[i]
        forward = v < split
        row = v if forward else v - split
        begin, end = (out_offsets[row], out_offsets[row + 1]) if forward else (in_offsets[row], in_offsets[row + 1])
        for e in range(begin, end):
            w = np.int64(out[e]) + shift if forward else np.int64(into[e])
            j = index[w]
            if j >= 0 and place[j] >= 0 and (taken[v] & taken[w]) == 0:
                key[j] -= weight[out[e]] if forward else weight[row]
                _rise(heap, place, key, place[j])
        if total / left > best:
            best, removed = total / left, size - left
    return order, removed, best


@compiled
def _sink(heap: Any, place: Any, key: Any, i: int, size: int) -> None:
    node = heap[i]
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size:
            a, b = heap[child], heap[child + 1]
            if key[b] < key[a] or (key[b] == key[a] and b < a):
                child += 1
        c = heap[child]
        if key[c] > key[node] or (key[c] == key[node] and c > node):
            break
        heap[i] = c
        place[c] = i
        i = child
    heap[i] = node
    place[node] = i


@compiled
def _rise(heap: Any, place: Any, key: Any, i: int) -> None:
    node = heap[i]
    while i > 0:
        parent = (i - 1) // 2
        p = heap[parent]
        if key[p] < key[node] or (key[p] == key[node] and p < node):
            break
        heap[i] = p
        place[p] = i
        i = parent
    heap[i] = node
    place[node] = i
