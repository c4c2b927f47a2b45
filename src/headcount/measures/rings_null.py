"""How dense a group is beyond chance: surprise, and its significance against graphs with the same degrees.

**Surprise.** A group of n accounts holds e of its n (n - 1) / 2 pairs as ties, density d. Were ties drawn with
the degrees alone, the pair (u, v) would be tied with probability min(1, r_u r_v / 2M), mean q over the pairs,
where r counts an account's ties *outside of all groups* and M those of the graph: with their own ties counted,
a circuit that makes up much of the graph would raise the degrees it is measured by, and explain itself.

    surprise = n (n - 1) / 2 KL(d, q) - log C(N, n)

bounds (Chernoff, all groups of n counted) the logarithm of the chance of any such group; below 0 it says nothing.

**Significance.** The graph is rewired, degrees kept (`network.rewiring`), groups are searched again, and the
largest surprise of each draw is kept: p = (1 + draws at least as surprising) / (1 + draws). It allows for the
search, as the surprise of one group by itself does not. Groups that hold more than three quarters of all ties
of their members are taken out first, for the same reason as above; accounts with many ties that are dense
among themselves because they have many are not such a group, and stay. Where more than 200,000 ties are left,
those among the accounts with most ties are rewired alone: by chance, ties are dense there first.

Sources: Traag, Aldecoa & Delvenne 2015; configuration model, Newman 2003; p from draws, Davison & Hinkley 1997.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headcount.columns import Floats, Integers

if TYPE_CHECKING:
    from headcount.network.close_groups import CloseGroups
    from headcount.network.graph import Rows

__all__ = ["Chance", "against_chance"]

NULL_TIES = 200_000
MOST_OF_TIES = 0.75


@dataclass(frozen=True)
class Chance:
    """What chance says about every group.

    Attributes:
        expected: ties among its members by their degrees alone.
        surprise: see the module's text.
        significance: p against the rewired graphs; NaN without draws.
        draws: how many there were.
    """

    expected: Floats
    surprise: Floats
    significance: Floats
    draws: int


def against_chance(mutual: Rows, groups: CloseGroups, *, draws: int, seed: int, least_members: int) -> Chance:
    """Expected ties, surprise and significance of every group.

    Args:
        mutual: every tie in the rows of both its ends.
        groups: groups of that graph.
        draws: rewired graphs; 20 or more allow p <= 0.05.
        seed: of the rewiring.
        least_members: as the groups were searched with.
    """
    from headcount.network.close_groups import close_groups
    from headcount.network.rewiring import rewired

    expected, surprise = _surprise(mutual, groups)
    if not len(groups) or draws < 1:
        return Chance(expected, surprise, np.full(len(groups), np.nan), 0)
    rest = _busiest(_without_closed(mutual, groups), NULL_TIES)
    highest = np.full(draws, -np.inf)
    for draw in range(draws):
        graph, _ = rewired(rest, np.random.default_rng([seed, draw]))
        found = close_groups(graph, least_members=least_members)
        highest[draw] = _surprise(graph, found)[1].max(initial=-np.inf)
    above = (highest[None, :] >= surprise[:, None]).sum(axis=1)
    return Chance(expected, surprise, (1 + above) / (1 + draws), draws)


def _surprise(mutual: Rows, groups: CloseGroups) -> tuple[Floats, Floats]:
    """Expected ties and surprise of every group."""
    from scipy.special import gammaln, rel_entr

    count = len(mutual.offsets) - 1
    outside = _degrees_outside(mutual, groups.label)
    total = max(float(outside.sum()), 1.0)
    expected = np.array([_expected(outside[groups.members(g)], total) for g in range(len(groups))])
    size = groups.size.astype(float)
    pairs = np.maximum(size * (size - 1) / 2, 1)
    density = np.minimum(groups.ties / pairs, 1)
    usual = np.clip(expected / pairs, max(total / count**2, 1e-12) if count else 1e-12, 1 - 1e-12)
    gain = pairs * (rel_entr(density, usual) + rel_entr(1 - density, 1 - usual))
    choices = gammaln(count + 1) - gammaln(size + 1) - gammaln(count - size + 1)
    return expected, np.where(density > usual, gain, 0) - choices


def _expected(degree: Integers, total: float) -> float:
    """Ties expected among accounts with these degrees; equal degrees are counted together."""
    value, times = np.unique(degree, return_counts=True)
    chance = np.minimum(1.0, np.outer(value, value) / total)
    return float(times @ chance @ times - times @ np.diag(chance)) / 2


def _degrees_outside(mutual: Rows, label: Integers) -> Integers:
    owner = np.repeat(np.arange(len(label)), np.diff(mutual.offsets))
    same = (label[owner] >= 0) & (label[owner] == label[mutual.targets])
    return np.asarray(np.diff(mutual.offsets) - np.bincount(owner[same], minlength=len(label)), dtype=np.int64)


def _without_closed(mutual: Rows, groups: CloseGroups) -> Rows:
    """The graph without the ties inside groups that hold most of their members' ties."""
    degree = np.diff(mutual.offsets)
    grouped = groups.label >= 0
    total = np.bincount(groups.label[grouped], degree[grouped], minlength=len(groups))
    closed = np.append(2 * groups.ties > MOST_OF_TIES * total, False)
    label = np.where(closed[groups.label], groups.label, -1)
    owner = np.repeat(np.arange(len(label)), degree)
    return _kept(mutual, owner, ~((label[owner] >= 0) & (label[owner] == label[mutual.targets])))


def _busiest(mutual: Rows, most: int) -> Rows:
    """The ties among the accounts with most ties, as many accounts as give at most `most` ties."""
    degree = np.diff(mutual.offsets)
    if len(mutual.targets) <= 2 * most:
        return mutual
    owner = np.repeat(np.arange(len(degree)), degree)
    place = np.empty(len(degree), np.int64)
    place[np.lexsort((np.arange(len(degree)), -degree))] = np.arange(len(degree))
    latest = np.maximum(place[owner], place[mutual.targets])
    return _kept(mutual, owner, latest <= np.partition(latest, 2 * most)[2 * most] - 1)


def _kept(mutual: Rows, owner: Integers, kept: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Rows:
    from headcount.network.graph import Rows as Graph

    degree = np.bincount(owner[kept], minlength=len(mutual.offsets) - 1)
    return Graph(np.concatenate([[0], np.cumsum(degree)]).astype(np.int64), np.asarray(mutual.targets)[kept])
