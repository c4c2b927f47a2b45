"""How dense a group is beyond chance: surprise, and its significance against graphs with the same degrees.

**Surprise.** A group of n accounts holds e of its n (n - 1) / 2 pairs as ties, density d. Were ties drawn with
the degrees alone, the pair (u, v) would be tied with probability min(1, r_u r_v / 2M), mean q over the pairs,
where r counts an account's ties *outside of all groups* and M those of the graph: with their own ties counted,
a circuit that makes up much of the graph would raise the degrees it is measured by, and explain itself.

    surprise = n (n - 1) / 2 KL(d, q) - log C(N, n)

bounds (Chernoff, all groups of n counted) the logarithm of the chance of any such group; below 0 it says nothing.

**Significance.** The graph is rewired, degrees kept (`graph.groups.rewiring`), groups are searched again, and the
largest surprise of each draw is kept: p = (1 + draws at least as surprising) / (1 + draws). It allows for the
search, as the surprise of one group by itself does not. Groups that hold more than three quarters of all ties
of their members are taken out first, for the same reason as above; accounts with many ties that are dense
among themselves because they have many are not such a group, and stay. Where more than 200,000 ties are left,
those among the accounts with most ties are rewired alone: by chance, ties are dense there first.

Sources: Traag, Aldecoa & Delvenne 2015; configuration model, Newman 2003; p from draws, Davison & Hinkley 1997.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from headcount.columns import Floats, Integers

if TYPE_CHECKING:
    from headcount.graph.graph import Rows
    from headcount.graph.groups.close_groups import CloseGroups

__all__ = ["NullComparison", "compare_with_null_model"]

NULL_TIES = 200_000
MOST_OF_TIES = 0.75


@dataclass(frozen=True)
class NullComparison:
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


def compare_with_null_model(
    mutual: Rows,
    groups: CloseGroups,
    *,
    draws: int,
    seed: int,
    least_members: int,
    progress: Callable[[float], None] | None = None,
) -> NullComparison:
    """Expected ties, surprise and significance of every group.

    Args:
        mutual: every tie in the rows of both its ends.
        groups: groups of that graph.
        draws: rewired graphs; 20 or more allow p <= 0.05.
        seed: of the rewiring.
        least_members: as the groups were searched with.
        progress: called with the share of the draws done, 0 to 1.
    """
    from headcount.graph.groups.close_groups import close_groups
    from headcount.graph.groups.rewiring import rewired

    expected, surprise = _surprise(mutual, groups, len(mutual.offsets) - 1)
    if not len(groups) or draws < 1:
        return NullComparison(expected, surprise, np.full(len(groups), np.nan), 0)
    count = len(mutual.offsets) - 1
    rest = _tied_only(_busiest(mutual, _closed(mutual, groups), NULL_TIES))
    highest = np.full(draws, -np.inf)
    for draw in range(draws):
        graph, _ = rewired(rest, np.random.default_rng([seed, draw]))
        found = close_groups(graph, least_members=least_members, accounts=count)
        highest[draw] = _surprise(graph, found, count)[1].max(initial=-np.inf)
        if progress is not None:
            progress((draw + 1) / draws)
    above = (highest[None, :] >= surprise[:, None]).sum(axis=1)
    return NullComparison(expected, surprise, (1 + above) / (1 + draws), draws)


def _surprise(mutual: Rows, groups: CloseGroups, count: int) -> tuple[Floats, Floats]:
    """Expected ties and surprise of every group; count: accounts, those without ties that are left out included."""
    from scipy.special import gammaln, rel_entr

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
    from headcount.graph.groups.group_counts import follows_inside

    inside = follows_inside(mutual.offsets, mutual.targets, label)
    return np.asarray(np.diff(mutual.offsets) - inside, dtype=np.int64)


def _closed(mutual: Rows, groups: CloseGroups) -> Integers:
    """Group of every account whose group holds most of its members' ties; -1 for all others."""
    grouped = groups.label >= 0
    total = np.bincount(groups.label[grouped], np.diff(mutual.offsets)[grouped], minlength=len(groups))
    closed = np.append(2 * groups.ties > MOST_OF_TIES * total, False)
    return np.where(closed[groups.label], groups.label, -1)


def _busiest(mutual: Rows, label: Integers, most: int) -> Rows:
    """The ties outside of groups, among the accounts with most of them, as many accounts as give at most `most`."""
    from headcount.graph.graph import Rows as Graph
    from headcount.graph.groups.group_counts import busy_rows, ties_by_last_place

    degree = _degrees_outside(mutual, label)
    place = np.empty(len(degree), np.int64)
    place[np.argsort(-degree, kind="stable")] = np.arange(len(degree))
    ties = np.cumsum(ties_by_last_place(mutual.offsets, mutual.targets, label, place))
    end = int(np.searchsorted(ties, most, side="right"))
    return Graph(*busy_rows(mutual.offsets, mutual.targets, label, place, end, int(ties[end - 1]) if end else 0))


def _tied_only(graph: Rows) -> Rows:
    """The graph of the accounts that have ties, in their order."""
    from headcount.graph.graph import Rows as Graph

    tied = np.diff(graph.offsets) > 0
    number = np.cumsum(tied) - 1
    offsets = np.concatenate([[0], graph.offsets[1:][tied]]).astype(np.int64)
    return Graph(offsets, number[graph.targets].astype(np.uint32))
