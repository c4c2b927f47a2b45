"""Dense blocks: who follows whom in a block much denser than its surroundings.

**Definition.** For sources R and targets C, g(R, C) = f(R, C) / (|R| + |C|), where f sums the priors of the
members and, for every follow from R to C, the weight 1 / log(d + 5) of its target, d = followers of the
target. A follow of somebody whom all follow says little, so follows of popular accounts that a bought block
adds as camouflage do not lower its g: the weight belongs to the target alone.

**Search.** Greedy: take out the member that contributes least, keep the best state; its g is at least half of
the best there is (Hooi et al. 2016, theorem 1). One heap over all accounts is the plain form
(`dense_block_by_heap`). `dense_blocks` gives the same block, sooner:

1. The t-core is the largest block in which everybody contributes at least t. The greedy order passes through
   the t-core of every t: as long as somebody outside of it is left, the least contribution is below t, and no
   member of the core goes below t while the core is whole.
2. So the g of every t-core is one that the greedy order meets. Let L be the best of some of them. In the best
   state everybody contributes at least g >= L (else g would rise without them), so it lies within the L-core.
3. Cores are searched from the highest t down (few accounts can be in them), then upwards from the first that
   is not empty; the heap runs on the L-core only, which it would have reached in any case.

Weights are whole numbers (multiples of 2^-32), so sums do not depend on their order and both forms agree to
the last member, not only in g. Ties go to the smaller number, sources before targets.

Source: Hooi, Song, Beutel, Shah, Shin, Faloutsos, FRAUDAR, KDD 2016; weight and repetition (follows within a
block are taken out, then the next is searched) after the authors' released code.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.network.compile import compiled
from headcount.network.graph import Rows

__all__ = ["DenseBlock", "DenseGroup", "dense_block_by_heap", "dense_blocks", "dense_groups"]

SCALE = 2.0**32
"""Weights are multiples of 1 / SCALE: 1.5 thousand million follows stay within 63 bits."""
STEP = 1.05
"""Ratio of neighbouring core levels while climbing: finer finds a better bound and costs more passes."""
MOST_BLOCKS = 64
"""Follows already taken out are told by one bit a block."""

Wholes = NDArray[np.int64]
Reals = NDArray[np.float64]
Arrays = tuple[Any, Any, Any, Any, int, int, Any]
Weighted = tuple[Any, Any, Any, Any, int, int, Any, Any, Any]
"""Both directions, `split`, `shift` and `taken` (see `_Search`); then the weights and the priors."""


@dataclass(frozen=True)
class DenseBlock:
    """A dense block of the directed graph.

    Attributes:
        sources, targets: numbers of the followers and of the followed in it, ascending.
        score: g, see the module's text.
        follows: follows from its sources to its targets (those of earlier blocks not counted).
    """

    sources: Wholes
    targets: Wholes
    score: float
    follows: int


@dataclass(frozen=True)
class DenseGroup:
    """A dense group of an undirected graph, as the graph of mutual follows is.

    Attributes:
        members: numbers of the accounts, ascending.
        score: ties among them over members, half the mean number of ties.
        ties: ties among them (those of earlier groups not counted).
    """

    members: Wholes
    score: float
    ties: int


def dense_blocks(
    followees: Rows, followers: Rows, *, most: int = 1, priors: Reals | None = None
) -> tuple[DenseBlock, ...]:
    """The densest blocks, one after the other; follows within a block are taken out before the next is searched.

    Args:
        followees, followers: both directions of the graph.
        most: how many blocks at most, 1 to 64; fewer come back where no follows are left.
        priors: suspicion of each account as a source, then of each as a target (2n values, 0 or more); None for none.

    Raises:
        ValueError: `most` is outside of 1 to 64, or the priors are negative or not 2n.
    """
    return tuple(_blocks(followees, followers, most, priors, bounded=True))


def dense_block_by_heap(followees: Rows, followers: Rows, *, priors: Reals | None = None) -> DenseBlock | None:
    """The densest block by one heap over all accounts: the plain algorithm, to check `dense_blocks` against.

    Args:
        followees, followers, priors: as for `dense_blocks`.

    Returns:
        None where there are no follows.
    """
    return next(_blocks(followees, followers, 1, priors, bounded=False), None)


def dense_groups(mutual: Rows, *, most: int = 1, bounded: bool = True) -> tuple[DenseGroup, ...]:
    """The densest groups of an undirected graph: most ties a member, every tie of weight 1.

    Args:
        mutual: every tie in the rows of both its ends.
        most: how many groups at most, 1 to 64.
        bounded: False for the plain heap over all accounts; the result is the same.

    Raises:
        ValueError: `most` is outside of 1 to 64.
    """
    count = len(mutual.offsets) - 1
    search = _Search(mutual, mutual, split=count, shift=0, prior=np.zeros(count, np.int64))
    return tuple(
        DenseGroup(members, score, ties) for members, score, ties in _repeat(search, most, bounded, weigh=False)
    )


def _blocks(
    followees: Rows, followers: Rows, most: int, priors: Reals | None, *, bounded: bool
) -> Iterator[DenseBlock]:
    count = len(followees.offsets) - 1
    search = _Search(followees, followers, split=count, shift=count, prior=_fixed_priors(priors, 2 * count))
    for members, score, follows in _repeat(search, most, bounded, weigh=True):
        yield DenseBlock(members[members < count], members[members >= count] - count, score, follows)


def _fixed_priors(priors: Reals | None, count: int) -> Wholes:
    if priors is None:
        return np.zeros(count, np.int64)
    if len(priors) != count or (count and not priors.min() >= 0):
        raise ValueError(f"priors: {count} values of 0 or more are needed, one a source and then one a target")
    return np.rint(np.asarray(priors, float) * SCALE).astype(np.int64)


@dataclass
class _Search:
    """Both directions as one graph: members below `split` are rows of `forward`, the others of `backward`."""

    forward: Rows
    backward: Rows
    split: int
    shift: int
    prior: Wholes

    def __post_init__(self) -> None:
        self.taken = np.zeros(len(self.prior), np.uint64)
        """Bit b: was the account in block b? A follow between two of one block is gone."""

    def arrays(self) -> Arrays:
        forward, backward = self.forward, self.backward
        return (
            forward.offsets,
            forward.targets,
            backward.offsets,
            backward.targets,
            self.split,
            self.shift,
            self.taken,
        )

    def weights(self, *, weigh: bool) -> Wholes:
        """Weight of a follow by its target (a tie: 1)."""
        if not weigh:
            return np.full(self.split, int(SCALE), np.int64)
        left = _degrees(*self.arrays(), len(self.prior))[self.split :]
        return np.asarray(np.rint(SCALE / np.log(left + 5.0)), dtype=np.int64)


def _repeat(search: _Search, most: int, bounded: bool, *, weigh: bool) -> Iterator[tuple[Wholes, float, int]]:
    if not 1 <= most <= MOST_BLOCKS:
        raise ValueError(f"{most} blocks: 1 to {MOST_BLOCKS} can be searched at once")
    for number in range(most):
        found = _search(search, search.weights(weigh=weigh), bounded)
        if found is None:
            return
        members, score = found
        inside = np.zeros(len(search.prior), np.uint8)
        inside[members] = 1
        follows = int(_count_inside(*search.arrays(), inside))
        yield members, score, follows
        if follows == 0:
            return  # The priors alone make it; nothing can be taken out, so it would come again.
        search.taken[members] |= np.uint64(1 << number)


def _search(search: _Search, weight: Wholes, bounded: bool) -> tuple[Wholes, float] | None:
    """Members of the best block and its g; None without any member that contributes."""
    graph: Weighted = (*search.arrays(), weight, search.prior)
    value = _bound(graph, search.prior) if bounded else _core(*graph, _contributions(*graph), 1)
    members = np.flatnonzero(value)
    if len(members) == 0:
        return None
    total = _total(value, search.prior)
    order, best, score = _peel(*graph, value, members, total)
    kept = np.ones(len(members), bool)
    kept[order[:best]] = False
    return members[kept], score / SCALE


def _bound(graph: Weighted, prior: Wholes) -> Wholes:
    """Contributions within the core that holds the best block; 0 outside of it.

    What is not needed any more is let go at once: on a whole platform each of these takes 16 bytes an account.
    """
    value = _contributions(*graph)
    threshold = int(value.max(initial=0))
    if threshold == 0:
        return np.zeros(0, np.int64)
    core = _core(*graph, value, threshold)
    while not core.any():
        threshold = max(threshold // 2, 1)
        del core
        core = _core(*graph, value, threshold)
    bound = max(_score(core, prior), 1.0)
    del core
    core = _core(*graph, value, _floor(bound))
    del value
    bound = max(bound, _score(core, prior), _climb(*graph, core.copy(), STEP))
    return np.asarray(_core(*graph, core, _floor(bound)))


def _floor(bound: float) -> int:
    """The bound as a threshold, surely not above it after rounding."""
    return max(int(bound * (1 - 1e-12)), 1)


def _total(value: Wholes, prior: Wholes) -> int:
    """The sum f of the block: every follow is in the contributions of both its ends, a prior in one."""
    return int(value.sum() + prior[value > 0].sum()) // 2


def _score(value: Wholes, prior: Wholes) -> float:
    size = int(np.count_nonzero(value))
    return _total(value, prior) / size if size else 0.0


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
