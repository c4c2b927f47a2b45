"""Does a group talk as much as its ties elsewhere would make expect?

**Definition.** An account with k ties (mutual follows) *addresses* a partner with at least one reply, mention
or quote in the time looked at; a is how many of its k partners it addresses. Partners are counted, not
messages, because a few pairs write most messages. What is usual, m(k), is the mean a of the other accounts of
the same graph with as many ties: every account counts with all its ties, and members of another group also
with the ties inside that group. It is averaged in steps of doubling k (at least 20 accounts each), joined by
straight lines, never falling as k grows (with more ties nobody talks with fewer). Beyond the highest k that
is known, k0, it is m(k0) sqrt(k / k0): attention is limited, so whoever has 900 ties is not expected to talk
with 450 because others talk with 60 of 120, but with 164.

    conversation = sum of a / sum of m(k)    over the members whose posts were looked at

1: the group talks as others do; 0: nobody there addresses anybody there. People differ more than chance: a has
variance m + alpha m^2 (negative binomial, silent accounts included), alpha from the scatter of the other
accounts about m(k). Members of a group with ratio R have mean R m each, so the variance of their sum is phi
times its mean, phi = 1 + alpha R sum m^2 / sum m; the limits are those R for which a Poisson count in units of
phi is as far off as what was seen.

An account whose posts were not looked at says nothing, as actor; it can be addressed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats, Integers
from headcount.support.record import Record

__all__ = ["Conversation", "ExpectedPartners", "Ratio", "Tally", "conversation_ratio", "expected_partners"]

MIN_IN_STEP = 20
CLASSES, STEPS_OF_TIES = 16, 40
"""Classes of a doubling of k, and doublings: up to 2^39 ties."""
STEPS = 60
MIN_ACCOUNTS = 50
"""Fewer accounts elsewhere are no comparison."""
MIN_EXPECTED = 5.0
"""Where fewer partners are expected, silence says nothing."""


@dataclass(frozen=True, repr=False)
class Conversation(Record):
    """Who addressed whom (reply, mention, quote) in the time looked at; one row a pair, or one row an interaction.

    Attributes:
        actor, target: numbers of the accounts of the graph.
        times: how often; None for once a row.
        watched: whose posts were looked at, one value an account of the graph; None for all.
    """

    actor: Integers
    target: Integers
    times: Integers | None = None
    watched: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class ExpectedPartners:
    """How many partners accounts of the graph address.

    Attributes:
        ties, partners: corners of the line m(k), from (0, 0).
        spread: alpha, see the module's text.
        accounts: how many it rests on.
    """

    ties: Floats
    partners: Floats
    spread: float
    accounts: int

    def __call__(self, ties: Integers | Floats) -> Floats:
        """The m(k) of each number of ties."""
        beyond = np.sqrt(np.maximum(ties / self.ties[-1], 1.0))
        return np.asarray(np.interp(ties, self.ties, self.partners) * beyond)


@dataclass(frozen=True, repr=False)
class Ratio(Record):
    """Partners addressed over partners expected.

    Attributes:
        value, low, high: the ratio and its 95% interval.
        expected: partners expected in all.
        accounts: members it rests on.
    """

    value: float
    low: float
    high: float
    expected: float
    accounts: int


@dataclass(frozen=True)
class Tally:
    """Accounts put together by their number of ties, 16 classes to a doubling (below 32 ties: one each).

    Attributes:
        accounts: how many are in each class.
        ties, partners, squares: sums of k, a and a^2 over them.
    """

    accounts: Integers
    ties: Integers
    partners: Integers
    squares: Integers

    @classmethod
    def of(cls, ties: Integers, partners: Integers) -> Tally:
        """Tally of the accounts that have ties.

        Args:
            ties, partners: k and a of every account.
        """
        partners, ties = partners[ties > 0], ties[ties > 0]
        mantissa, step = np.frexp(ties.astype(float))
        number = step * CLASSES + (2 * CLASSES * mantissa).astype(np.int64) - CLASSES
        order = np.argsort(number, kind="stable")
        begin = np.searchsorted(number[order], np.arange(CLASSES * STEPS_OF_TIES + 1))
        values = (np.ones(len(ties), np.int64), ties, partners, partners**2)
        # Sums of whole numbers: the same in any order, and exact when tallies are taken off again.
        sums = [np.diff(np.concatenate([[0], np.cumsum(value[order])])[begin]) for value in values]
        return cls(*sums)

    def __sub__(self, other: Tally) -> Tally:
        """The accounts of this tally without those of another that it holds."""
        return Tally(
            self.accounts - other.accounts,
            self.ties - other.ties,
            self.partners - other.partners,
            self.squares - other.squares,
        )


def expected_partners(tally: Tally) -> ExpectedPartners | None:
    """The line m(k) of the accounts given; None for fewer than 50 accounts with ties.

    Args:
        tally: k and a of the accounts.
    """
    if tally.accounts.sum() < MIN_ACCOUNTS:
        return None
    per_step = tally.accounts.reshape(-1, CLASSES).sum(axis=1)
    part = np.repeat(_parts(per_step), CLASSES)
    count, ties, partners = (np.bincount(part, sums) for sums in (tally.accounts, tally.ties, tally.partners))
    used = count > 0
    x, y = ties[used] / count[used], np.maximum.accumulate(partners[used] / count[used])
    line = ExpectedPartners(np.concatenate([[0.0], x]), np.concatenate([[0.0], y]), 0.0, int(tally.accounts.sum()))
    mean = line(tally.ties / np.maximum(tally.accounts, 1))
    whole = float((tally.accounts * mean**2).sum())
    if whole == 0:
        return line
    scatter = float((tally.squares - 2 * mean * tally.partners + tally.accounts * mean * (mean - 1)).sum())
    return ExpectedPartners(line.ties, line.partners, max(scatter / whole, 0.0), line.accounts)


def _parts(size: Integers) -> Integers:
    """Neighbouring steps put together until each part has enough accounts; what is left joins the last part."""
    number, part, filled = np.zeros(len(size), np.int64), 0, 0
    for step, accounts in enumerate(size):
        number[step] = part
        filled += accounts
        if filled >= MIN_IN_STEP:
            part, filled = part + 1, 0
    return np.minimum(number, max(part - 1, 0))


def conversation_ratio(ties: Integers, partners: Integers, usual: ExpectedPartners | None) -> Ratio | None:
    """The conversation of a group; None where there is nothing to compare it with.

    Args:
        ties, partners: k and a inside the group, of its members whose posts were looked at.
        usual: m(k) of accounts elsewhere.
    """
    if usual is None or len(ties) == 0:
        return None
    mean = usual(ties)
    expected, observed = float(mean.sum()), float(partners.sum())
    if expected < MIN_EXPECTED:
        return None
    slope = usual.spread * float((mean**2).sum()) / expected
    low, high = (_limit(observed, expected, slope, upper=upper) for upper in (False, True))
    return Ratio(observed / expected, low, high, expected, len(ties))


def _limit(observed: float, expected: float, slope: float, *, upper: bool) -> float:
    """The ratio at which a Poisson count in units of 1 + slope * ratio is 2.5% likely to be so far off."""
    from scipy.special import gammaincinv

    if observed == 0 and not upper:
        return 0.0
    ratio = observed / expected
    for _ in range(STEPS):
        unit = 1 + slope * ratio
        count = observed / unit
        limit = gammaincinv(count + 1, 0.975) if upper else gammaincinv(count, 0.025)
        ratio = float(limit) * unit / expected
    return ratio
