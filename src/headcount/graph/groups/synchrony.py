"""Synchrony: accounts whose followees are all alike, and unlike those of everybody else.

**Definition.** Every followed account is a point by its number of followers and its authority (HITS), on a
grid whose cells are powers of two in both. With f_g the share of the followees of u in cell g, and b_g the
share of all followed accounts there,

* synchrony(u) = sum_g f_g^2: the chance that two of its followees lie in one cell;
* normality(u) = sum_g f_g b_g: the same for one followee and any followed account.

Given its normality n, with M cells that are not empty and s = sum_g b_g^2, no account can be below

    least(n) = (-M n^2 + 2 n - s) / (1 - M s)

(Lagrange multipliers; b all equal: 1 / M). The excess synchrony - least is what cannot be explained by where
the followees lie on the whole. Flagged: an excess above mean + 3 standard deviations, both of the accounts
with at least 20 followees; the others are not judged.

A bought block follows a list of customers of like size, so it stands out; so does everybody who follows many
accounts of one kind for good reasons. Synchrony alone accuses nobody.

Source: Jiang, Cui, Beutel, Faloutsos, Yang, CatchSync, KDD 2014; cells, 10 rounds of HITS and the least of 20
followees after the authors' released code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.graph.compile import compiled
from headcount.graph.graph import Rows
from headcount.graph.ranks.pull import pull

__all__ = ["Synchrony", "authorities", "least_synchrony", "synchrony"]

HITS_ROUNDS = 10
MIN_FOLLOWEES = 20
DEVIATIONS = 3.0
LOWEST, RANKS = 1100, 2200
"""Added to exponents of floats to make them positive, and more than there are."""

Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Synchrony:
    """Synchrony of every account, one value each.

    Attributes:
        synchrony, normality: shares, 0 to 1; NaN for an account without followees.
        excess: synchrony above the least that its normality allows; NaN for fewer than 20 followees.
        flagged: excess above `threshold`.
        threshold: mean + 3 standard deviations of the excess; NaN where nobody has 20 followees.
    """

    synchrony: Reals
    normality: Reals
    excess: Reals
    flagged: NDArray[np.bool_]
    threshold: float


def synchrony(followees: Rows, followers: Rows) -> Synchrony:
    """Synchrony and normality of the followees of every account; see the module's text.

    Args:
        followees, followers: both directions of the graph.
    """
    cells, background = _grid(followers, authorities(followees, followers))
    together, usual = _shares(followees.offsets, followees.targets, cells, background)
    known = np.diff(followees.offsets) >= MIN_FOLLOWEES
    excess = np.where(known, together - least_synchrony(usual, background), np.nan)
    threshold = float(excess[known].mean() + DEVIATIONS * excess[known].std()) if known.any() else float("nan")
    return Synchrony(together, usual, excess, known & (np.nan_to_num(excess, nan=-1.0) > threshold), threshold)


def least_synchrony(normality: Reals, background: Reals) -> Reals:
    """The least synchrony that an account of a given normality can have.

    Args:
        normality: sum of f_g b_g, one value an account.
        background: b_g of the cells that are not empty; they add up to 1.
    """
    cells, square = len(background), float((background**2).sum())
    spread = 1 - cells * square
    if abs(spread) < 1e-12:
        return np.where(np.isnan(normality), np.nan, 1 / max(cells, 1))
    return np.asarray((-cells * normality**2 + 2 * normality - square) / spread)


def authorities(followees: Rows, followers: Rows) -> Reals:
    """Authority of every account after 10 rounds of HITS, scaled to a sum of squares of 1.

    Args:
        followees, followers: both directions of the graph.
    """
    hubs = np.ones(len(followees.offsets) - 1)
    authority = hubs
    for _ in range(HITS_ROUNDS):
        authority = _scaled(pull(followers, hubs))
        hubs = _scaled(pull(followees, authority))
    return authority


def _scaled(values: Reals) -> Reals:
    length = float(np.sqrt((values**2).sum()))
    return values / length if length > 0 else values


def _grid(followers: Rows, authority: Reals) -> tuple[NDArray[np.int32], Reals]:
    """Cell of every account (-1: followed by nobody) and the share of the followed accounts in every cell."""
    followed = np.diff(followers.offsets) > 0
    # The exponent of a float is the exact whole part of its logarithm; 0 authority has a cell of its own, the first.
    rank = np.frexp(authority)[1] + LOWEST
    rank[authority <= 0] = 0
    cell_of = np.frexp(np.diff(followers.offsets).astype(np.float64))[1]
    cell_of *= RANKS
    cell_of += rank
    count = np.bincount(cell_of[followed], minlength=1)
    cells = (np.cumsum(count > 0, dtype=np.int32) - np.int32(1))[np.where(followed, cell_of, 0)]
    cells[~followed] = -1
    return cells, count[count > 0] / max(int(followed.sum()), 1)


@compiled
def _shares(offsets: Any, targets: Any, cells: Any, background: Any) -> tuple[Any, Any]:
    """Synchrony and normality of every row."""
    count = len(offsets) - 1
    together = np.full(count, np.nan)
    usual = np.full(count, np.nan)
    hits = np.zeros(len(background), np.int64)
    for row in range(count):
        begin, end = offsets[row], offsets[row + 1]
        size = float(end - begin)
        if begin == end:
            continue
        expected = 0.0
        for e in range(begin, end):
            cell = cells[targets[e]]
            hits[cell] += 1
            expected += background[cell]
        squares = 0.0
        for e in range(begin, end):
            cell = cells[targets[e]]
            squares += float(hits[cell]) ** 2
            hits[cell] = 0
        together[row] = squares / size**2
        usual[row] = expected / size
    return together, usual
