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

import numpy as np

from headcount.graph.graph import Rows
from headcount.graph.groups.dense_peeling import (
    Arrays,
    Reals,
    Weighted,
    Wholes,
    _climb,
    _contributions,
    _core,
    _count_inside,
    _degrees,
    _peel,
)

__all__ = ["DenseBlock", "DenseGroup", "dense_block_by_heap", "dense_blocks", "dense_groups"]

SCALE = 2.0**32
"""Weights are multiples of 1 / SCALE: 1.5 thousand million follows stay within 63 bits."""
STEP = 1.05
"""Ratio of neighbouring core levels while climbing: finer finds a better bound and costs more passes."""
MOST_BLOCKS = 64
"""Follows already taken out are told by one bit a block."""


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
        raise ValueError(f"{most} blocks: 1 to {MOST_BLOCKS} is the valid range")
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
