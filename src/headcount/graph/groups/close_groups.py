"""Close groups: which accounts lie close together in the graph of mutual follows, whatever they do there.

**Definition.** Two accounts with a tie are as close as the ties they share:

    closeness(u, v) = (c - 1) / sqrt(d_u d_v),    c = accounts tied to both, d = ties

(a cosine similarity of neighbourhoods; one shared tie is what chance gives, so it is taken off). Ties are
joined from the closest down (single linkage), which gives a tree of nested groups. A group of n accounts with
density d among them is worth, against a graph of N accounts in which any two are tied with probability q,

    worth = n (n - 1) / 2 KL(d, q) - log C(N, n),    KL(d, q) = d log(d / q) + (1 - d) log((1 - d) / (1 - q)):

the logarithm of a bound (Chernoff, times the number of groups of n there are to choose from) on the chance of
any group so dense. From the tree those groups are taken, none within another, that are worth most together
(one pass from the leaves up). Last, everybody with at least half the mean ties of the group belongs to it, and
nobody else, until that holds.

A tie by chance to a dense group, which camouflage makes, has few shared ties: it comes late in the tree. That
is why groups are cut out by closeness and not by cores or by density alone, which run together along such ties.

Sources: closeness and its clusters after Xu et al., SCAN, KDD 2007; worth after Traag, Aldecoa & Delvenne
2015 (asymptotic surprise).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import lgamma, log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.graph.compile import compiled, parallel, span
from headcount.graph.graph import Rows

__all__ = ["MIN_MEMBERS", "CloseGroups", "close_groups"]

USUAL_DENSITY = 0.03
"""The q of the module's text: twice or three times what neighbours of neighbours have in the follower graphs seen."""
BELONGING = 0.5
"""Share of a group's mean ties that a member has at least."""
MIN_TIES = 3
MUCH_SHORTER = 8
MIN_MEMBERS = 10
ROUNDS = 10

DIGIT = 10
"""Bits a pass of the sort: few enough places to write to for the nearest cache."""

Wholes = NDArray[np.int64]
Numbers = NDArray[np.uint32]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class CloseGroups:
    """Groups that do not overlap, worth most first.

    Attributes:
        label: number of the group of every account; -1 for none.
        worth: of every group.
        size, ties: of every group.
    """

    label: Wholes
    worth: Reals
    size: Wholes
    ties: Wholes

    def __len__(self) -> int:
        return len(self.worth)

    def members(self, number: int) -> Wholes:
        """Numbers of the accounts of a group, ascending."""
        order, begin = self._sorted
        return order[begin[number] : begin[number + 1]]

    @cached_property
    def _sorted(self) -> tuple[Wholes, Wholes]:
        """Accounts in groups, group by group, and where each group begins."""
        grouped = np.flatnonzero(self.label >= 0)
        order = grouped[np.argsort(self.label[grouped], kind="stable")]
        return order, np.searchsorted(self.label[order], np.arange(len(self) + 1))


def close_groups(mutual: Rows, *, least_members: int = MIN_MEMBERS, accounts: int | None = None) -> CloseGroups:
    """The close groups of an undirected graph; see the module's text.

    At most 16 bytes an entry of `mutual`, which itself takes 4, and 45 bytes an account.

    Args:
        mutual: every tie in the rows of both its ends.
        least_members: size of the smallest group.
        accounts: the N of the module's text, where the graph leaves out accounts without ties; None: all are in it.
    """
    offsets, targets = mutual.offsets, mutual.targets
    count = len(offsets) - 1
    alive = _dense_part(offsets, targets, MIN_TIES)
    first, second = _closest_first(*_close_ties(offsets, targets, alive))
    among = count if accounts is None else accounts
    found = _join(offsets, targets, first, second, least_members, USUAL_DENSITY, among)
    del first, second
    label, groups = _choose(count, *found)
    _settle(offsets, targets, label, groups, BELONGING, ROUNDS)
    return _ranked(offsets, targets, label, groups, least_members, among)


def _close_ties(offsets: Any, targets: Any, alive: Any) -> tuple[Numbers, Numbers, NDArray[np.float32]]:
    """Ties that share at least two accounts, each once, by the numbers of their accounts, and their closeness."""
    begin = _upper_begin(offsets, targets)
    closeness = _closeness(offsets, targets, alive, begin)
    kept = int(np.count_nonzero(closeness))
    return _close_only(offsets, targets, begin, closeness, kept)


def _closest_first(first: Numbers, second: Numbers, closeness: NDArray[np.float32]) -> tuple[Numbers, Numbers]:
    """The ties from the closest down; of those as close, in the order given."""
    # Closeness lies between 0 and 1, so its bits, read as a whole number, have its order and end below 2^30.
    key = np.subtract(np.uint32(2**30 - 1), closeness.view(np.uint32))
    del closeness
    given: tuple[Numbers, Numbers, Numbers] = (key, first, second)
    other = (np.empty_like(key), np.empty_like(key), np.empty_like(key))
    for step in range(0, 30, DIGIT):
        _by_digit(given, other, step, 2**DIGIT)
        given, other = other, given
    return given[1], given[2]


def _ranked(offsets: Any, targets: Any, label: Wholes, groups: int, least: int, count: int) -> CloseGroups:
    """Groups by worth, those too small or worth nothing left out."""
    size = np.bincount(label[label >= 0], minlength=groups)
    ties = _ties_inside(offsets, targets, label, groups)
    worth = np.array([_worth(count, int(n), int(e), USUAL_DENSITY) for n, e in zip(size, ties, strict=True)])
    order = np.lexsort((np.arange(groups), -worth))
    order = order[(size[order] >= least) & (worth[order] > 0)]
    number = np.full(groups + 1, -1, np.int64)
    number[order] = np.arange(len(order))
    return CloseGroups(number[label], worth[order], size[order], ties[order])


@compiled
def _dense_part(offsets: Any, targets: Any, least: int) -> Any:
    """1 for the accounts of the core in which all have at least `least` ties."""
    count = len(offsets) - 1
    left = np.empty(count, np.int64)
    alive = np.ones(count, np.uint8)
    waiting = np.empty(count, np.int64)
    first, last = 0, 0
    for v in range(count):
        left[v] = offsets[v + 1] - offsets[v]
        if left[v] < least:
            alive[v] = 0
            waiting[last] = v
            last += 1
    while first < last:
        v = waiting[first]
        first += 1
        for e in range(offsets[v], offsets[v + 1]):
            w = targets[e]
            left[w] -= 1
            if alive[w] and left[w] < least:
                alive[w] = 0
                waiting[last] = w
                last += 1
    return alive


@compiled
def _shared(targets: Any, a: int, a_end: int, b: int, b_end: int) -> int:
    """How many values two sorted rows share; a row much shorter than the other is looked up in it."""
    shared = 0
    if a_end - a > b_end - b:
        a, a_end, b, b_end = b, b_end, a, a_end
    if MUCH_SHORTER * (a_end - a) < b_end - b:
        for i in range(a, a_end):
            high = b_end
            while b < high:
                middle = (b + high) // 2
                if targets[middle] < targets[i]:
                    b = middle + 1
                else:
                    high = middle
            shared += b < b_end and targets[b] == targets[i]
        return shared
    while a < a_end and b < b_end:
        x, y = targets[a], targets[b]
        shared += x == y
        a += x <= y
        b += y <= x
    return shared


@parallel
def _upper_begin(offsets: Any, targets: Any) -> Any:
    """Where the entries of every account begin whose target is the larger number, in an array of those alone."""
    count = len(offsets) - 1
    begin = np.zeros(count + 1, np.int64)
    for u in span(count):
        low, high = offsets[u], offsets[u + 1]
        while low < high:
            middle = (low + high) // 2
            if targets[middle] <= u:
                low = middle + 1
            else:
                high = middle
        begin[u + 1] = offsets[u + 1] - low
    return np.cumsum(begin)


@parallel
def _closeness(offsets: Any, targets: Any, alive: Any, begin: Any) -> Any:
    """Closeness of every entry whose target is the larger number; 0 for accounts that are out."""
    count = len(offsets) - 1
    closeness = np.zeros(begin[count], np.float32)
    for u in span(count):
        if alive[u] == 0:
            continue
        entries = begin[u + 1] - begin[u]
        for i in range(entries):
            v = np.int64(targets[offsets[u + 1] - entries + i])
            if alive[v] == 0:
                continue
            shared = _shared(targets, offsets[u], offsets[u + 1], offsets[v], offsets[v + 1])
            if shared > 1:
                degrees = float(offsets[u + 1] - offsets[u]) * float(offsets[v + 1] - offsets[v])
                closeness[begin[u] + i] = (shared - 1) / sqrt(degrees)
    return closeness


@compiled
def _close_only(offsets: Any, targets: Any, begin: Any, closeness: Any, kept: int) -> tuple[Any, Any, Any]:
    """Both accounts and the closeness of every entry that has any."""
    first, second = np.empty(kept, np.uint32), np.empty(kept, np.uint32)
    close = np.empty(kept, np.float32)
    filled = 0
    for u in range(len(offsets) - 1):
        entries = begin[u + 1] - begin[u]
        for i in range(entries):
            if closeness[begin[u] + i] > 0:
                first[filled] = u
                second[filled] = targets[offsets[u + 1] - entries + i]
                close[filled] = closeness[begin[u] + i]
                filled += 1
    return first, second, close


@compiled
def _by_digit(given: Any, to: Any, step: int, many: int) -> None:
    """One pass of a radix sort: put in the order of one digit, those that are equal in it left as they are."""
    key, first, second = given
    key_to, first_to, second_to = to
    place = np.zeros(many + 1, np.int64)
    for i in range(len(key)):
        place[((key[i] >> step) & (many - 1)) + 1] += 1
    for digit in range(many):
        place[digit + 1] += place[digit]
    for i in range(len(key)):
        digit = (key[i] >> step) & (many - 1)
        next_free = place[digit]
        place[digit] += 1
        key_to[next_free] = key[i]
        first_to[next_free] = first[i]
        second_to[next_free] = second[i]


@compiled
def _worth(count: int, size: int, ties: int, usual: float) -> float:
    pairs = size * (size - 1) / 2
    if pairs == 0 or ties <= usual * pairs:
        return 0.0
    density = min(ties / pairs, 1.0)
    gain = density * log(density / usual)
    if density < 1:
        gain += (1 - density) * log((1 - density) / (1 - usual))
    return pairs * gain - (lgamma(count + 1.0) - lgamma(size + 1.0) - lgamma(count - size + 1.0))


@compiled
def _join(
    offsets: Any, targets: Any, first: Any, second: Any, least: int, usual: float, among: int
) -> tuple[Any, Any, Any, Any]:
    """The tree: children of every joining, whether it is worth more than its parts, and the node of every account.

    Accounts are numbered as they are; joining number j makes node count + j.
    """
    count = len(offsets) - 1
    node = np.arange(count).astype(np.uint32)
    home, head, tail = node.copy(), node.copy(), node.copy()
    size = np.ones(count, np.int32)
    follow = np.full(count, -1, np.int32)
    ties = np.zeros(count, np.int64)
    best = np.zeros(count)
    left = np.empty(count, np.uint32)
    right = np.empty(count, np.uint32)
    whole = np.zeros(count, np.uint8)
    made = 0
    for i in range(len(first)):
        a, b = np.int64(home[first[i]]), np.int64(home[second[i]])
        if a == b:
            continue
        if size[a] < size[b] or (size[a] == size[b] and a > b):
            a, b = b, a
        between, v = 0, np.int64(head[b])
        while v >= 0:
            for e in range(offsets[v], offsets[v + 1]):
                between += home[targets[e]] == a
            v = np.int64(follow[v])
        v = np.int64(head[b])
        while v >= 0:
            home[v] = a
            v = np.int64(follow[v])
        follow[tail[a]] = head[b]
        tail[a] = tail[b]
        size[a] += size[b]
        ties[a] += ties[b] + between
        worth = _worth(among, size[a], ties[a], usual) if size[a] >= least else 0.0
        parts = best[a] + best[b]
        left[made], right[made] = node[a], node[b]
        whole[made] = worth > parts
        best[a] = max(worth, parts)
        node[a] = count + made
        made += 1
    return left[:made], right[:made], whole[:made], node


@compiled
def _choose(count: int, left: Any, right: Any, whole: Any, node: Any) -> tuple[Any, int]:
    """Group of every account: the uppermost joinings that are worth more than their parts."""
    made = len(left)
    group = np.full(count + made, -1, np.int64)
    groups = 0
    for j in range(made - 1, -1, -1):
        number = group[count + j]
        if number < 0 and whole[j]:
            number = groups
            groups += 1
        group[left[j]] = number
        group[right[j]] = number
    return group[:count].copy(), groups


@compiled
def _settle(offsets: Any, targets: Any, label: Any, groups: int, belonging: float, rounds: int) -> None:
    """Let everybody in who has enough ties to a group, and nobody else."""
    count = len(label)
    links = np.zeros(count, np.int64)
    touched = np.empty(count, np.int64)
    start = np.zeros(groups + 1, np.int64)
    for v in range(count):
        if label[v] >= 0:
            start[label[v] + 1] += 1
    for g in range(groups):
        start[g + 1] += start[g]
    filled = start.copy()
    listed = np.empty(start[groups], np.int64)
    for v in range(count):
        if label[v] >= 0:
            listed[filled[label[v]]] = v
            filled[label[v]] += 1
    for g in range(groups):
        members = listed[start[g] : start[g + 1]]
        for _ in range(rounds):
            seen, total = 0, 0
            for v in members:
                for e in range(offsets[v], offsets[v + 1]):
                    w = targets[e]
                    if links[w] == 0:
                        touched[seen] = w
                        seen += 1
                    links[w] += 1
                    total += label[w] == g
            needed = max(belonging * total / max(len(members), 1), 1.0)
            changed, kept = False, 0
            for v in members:
                if links[v] < needed:
                    label[v] = -1
                    changed = True
            for i in range(seen):
                w = touched[i]
                if links[w] >= needed and (label[w] == g or label[w] < 0):
                    changed = changed or label[w] < 0
                    label[w] = g
                    touched[kept] = w
                    kept += 1
                links[w] = 0
            members = np.sort(touched[:kept])
            if not changed:
                break


@compiled
def _ties_inside(offsets: Any, targets: Any, label: Any, groups: int) -> Any:
    ties = np.zeros(groups, np.int64)
    for v in range(len(label)):
        if label[v] >= 0:
            for e in range(offsets[v], offsets[v + 1]):
                ties[label[v]] += label[targets[e]] == label[v]
    return ties // 2
