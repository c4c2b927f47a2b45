"""Co-timed groups: accounts that again and again do the same to the same, within the same minute.

**Definition.** An action is (actor, target, time): a follow, a like, a repost, a reply. Two actions match where
the target is the same and the times lie at most `window` apart; every action matches at most one of the other
actor's (the largest matching, found in order of time). With A_u the actions of u,

    similarity(u, v) = matches / (|A_u| + |A_v| - matches).

Accounts at least `threshold` alike are joined; what hangs together and has at least `least_members` is a group.
Accounts with fewer than `least_actions` actions are left out: one follow in the same minute is chance.

Source: Cao, Yang, Yu, Palow, SynchroTrap, CCS 2014 (similarity and grouping); window 60 s, threshold 0.5 and
5 members are this project's start values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.errors import UsageError
from headcount.graph.compile import compiled

__all__ = ["CoTimedGroup", "co_timed_groups", "co_timed_pairs"]

MAX_PAIRS = 50_000_000
"""Pairs of actions close in time that fit into memory (24 bytes each)."""

Wholes = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class CoTimedGroup:
    """Accounts that act together.

    Attributes:
        members: numbers of the accounts, ascending.
        similarity: mean over the pairs of members that are alike enough.
        actions: actions of all members.
    """

    members: Wholes
    similarity: float
    actions: int


def co_timed_groups(
    actor: Wholes,
    target: Wholes,
    at: Reals,
    *,
    window: float = 60.0,
    threshold: float = 0.5,
    least_members: int = 5,
    least_actions: int = 3,
) -> tuple[CoTimedGroup, ...]:
    """Groups of accounts that act together, the largest first.

    Args:
        actor, target: numbers of the accounts or posts, 0 or more; one row an action.
        at: seconds; rows without a time (NaN) are left out.
        window: seconds between two actions that match.
        threshold: least similarity of two joined accounts, above 0 to 1.
        least_members: size of the smallest group.
        least_actions: accounts with fewer actions with a time are left out.

    Raises:
        UsageError: more than 50 million pairs of actions lie within the window.
    """
    first, second, similarity = co_timed_pairs(
        actor, target, at, window=window, threshold=threshold, least_actions=least_actions
    )
    if len(first) == 0:
        return ()
    people, ends = np.unique(np.concatenate([first, second]), return_inverse=True)
    group = _components(ends[: len(first)], ends[len(first) :], len(people))
    acts = np.bincount(actor[~np.isnan(at)], minlength=int(people.max()) + 1)
    total = np.bincount(group[ends[: len(first)]], similarity)
    pairs = np.bincount(group[ends[: len(first)]], minlength=len(total))
    found = []
    for number in np.flatnonzero(np.bincount(group) >= least_members):
        members = people[group == number]
        found.append(CoTimedGroup(members, float(total[number] / pairs[number]), int(acts[members].sum())))
    return tuple(sorted(found, key=lambda g: (-len(g.members), int(g.members[0]))))


def co_timed_pairs(
    actor: Wholes, target: Wholes, at: Reals, *, window: float, threshold: float, least_actions: int = 3
) -> tuple[Wholes, Wholes, Reals]:
    """All pairs of accounts that are at least `threshold` alike: the smaller, the larger, their similarity.

    Args:
        actor, target, at, window, threshold, least_actions: as for `co_timed_groups`.

    Raises:
        UsageError: more than 50 million pairs of actions lie within the window.
    """
    enough = np.bincount(actor[~np.isnan(at)], minlength=1) >= least_actions
    used = ~np.isnan(at)
    used[used] = enough[actor[used]]
    actor, target, at = actor[used], target[used], at[used]
    _, number = np.unique(target, return_inverse=True)
    count = np.bincount(actor, minlength=1)
    near = _near_pairs(actor, number, at, window)
    matches = _matches(actor, number, at, near, window)
    first, second = near[:, 0], near[:, 1]
    edge = np.flatnonzero(np.r_[True, (np.diff(first) != 0) | (np.diff(second) != 0)][: len(first)])
    matched = np.add.reduceat(matches, edge) if len(edge) else np.zeros(0, np.int64)
    first, second = first[edge], second[edge]
    similarity = matched / (count[first] + count[second] - matched)
    alike = similarity >= threshold
    return first[alike], second[alike], similarity[alike]


def _near_pairs(actor: Wholes, target: Wholes, at: Reals, window: float) -> Wholes:
    """Rows (smaller actor, larger actor, target) that have actions within the window, sorted, each once."""
    order = np.lexsort((actor, at, target))
    columns = actor[order], target[order], at[order]
    count = int(_count_near(*columns, window))
    if count > MAX_PAIRS:
        raise UsageError(
            f"{count:,} pairs of actions lie within {window:g} seconds; {MAX_PAIRS:,} is the maximum.",
            hint="use a narrower window, or omit the most common targets.",
        )
    near = _fill_near(*columns, window, count)
    near = near[np.lexsort((near[:, 2], near[:, 1], near[:, 0]))]
    first = np.r_[True, (np.diff(near, axis=0) != 0).any(axis=1)][: len(near)]
    return np.asarray(near[first], dtype=np.int64)


def _matches(actor: Wholes, target: Wholes, at: Reals, near: Wholes, window: float) -> Wholes:
    """Size of the matching of every row of `near`."""
    order = np.lexsort((at, target, actor))
    actor, target, at = actor[order], target[order], at[order]
    key = actor * (int(target.max(initial=0)) + 1) + target
    width = int(target.max(initial=0)) + 1
    left, right = near[:, 0] * width + near[:, 2], near[:, 1] * width + near[:, 2]
    return np.asarray(
        _match_times(
            at,
            np.searchsorted(key, left),
            np.searchsorted(key, left, side="right"),
            np.searchsorted(key, right),
            np.searchsorted(key, right, side="right"),
            window,
        )
    )


def _components(first: Wholes, second: Wholes, count: int) -> Wholes:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    joined = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    return np.asarray(connected_components(joined, directed=False)[1], dtype=np.int64)


@compiled
def _count_near(actor: Any, target: Any, at: Any, window: float) -> int:
    count, start = 0, 0
    for i in range(len(actor)):
        while target[start] != target[i] or at[i] - at[start] > window:
            start += 1
        for j in range(start, i):
            count += actor[j] != actor[i]
    return count


@compiled
def _fill_near(actor: Any, target: Any, at: Any, window: float, count: int) -> Any:
    near = np.empty((count, 3), np.int64)
    filled, start = 0, 0
    for i in range(len(actor)):
        while target[start] != target[i] or at[i] - at[start] > window:
            start += 1
        for j in range(start, i):
            if actor[j] != actor[i]:
                near[filled, 0] = min(actor[i], actor[j])
                near[filled, 1] = max(actor[i], actor[j])
                near[filled, 2] = target[i]
                filled += 1
    return near


@compiled
def _match_times(at: Any, a_begin: Any, a_end: Any, b_begin: Any, b_end: Any, window: float) -> Any:
    """Largest matching of two sorted lists of times: the earliest two that can match do."""
    matches = np.zeros(len(a_begin), np.int64)
    for row in range(len(a_begin)):
        i, j = a_begin[row], b_begin[row]
        while i < a_end[row] and j < b_end[row]:
            if at[i] - at[j] > window:
                j += 1
            elif at[j] - at[i] > window:
                i += 1
            else:
                matches[row] += 1
                i += 1
                j += 1
    return matches
