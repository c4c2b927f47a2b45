"""How much memory a whole platform takes, told before anything long begins.

The bound is the largest step: what it holds itself and the part of the graph that it reads. The graph lies on disk
and is mapped, so the system may drop that part from memory; the bound counts it all the same, because a step that
has to read it again and again is slow.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from headcount.errors import HeadcountError, UsageError

__all__ = ["MemoryPlan", "parse_memory", "plan_memory", "shown_memory"]

BASE = 450_000_000
"""Python with its libraries and the compiled kernels."""

PER_TIE = 16
"""Bytes that the search for circuits takes for each returned follow: the symmetric graph, 4; the ties by closeness
with room to sort them, 12 where every tie shares accounts (`graph.groups.close_groups`)."""

PER_ACCOUNT_JOINED, PER_ACCOUNT_TALKING = 45, 130
"""Bytes an account while ties are joined, and while conversations are counted (`measures.circuits.rings`)."""

PER_ACCOUNT_BLOCKS = 80
"""Bytes an account while the densest block is searched: 16 of them offsets of the graph."""

RETURNED_SHARE = 0.4
"""Of all follows; on the Twitter of 2009, 22% of the pairs of accounts were mutual, which is 36% of the follows."""

MIN_FOR_BUILDING = 256_000_000
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}


@dataclass(frozen=True)
class MemoryPlan:
    """The bound, step by step.

    Attributes:
        accounts, follows, interactions: what it was computed from, upper bounds.
        steps: name and bytes at most.
    """

    accounts: int
    follows: int
    interactions: int
    steps: tuple[tuple[str, int], ...]

    @property
    def peak(self) -> int:
        """Bytes at most."""
        return max(size for _, size in self.steps)

    @property
    def largest(self) -> str:
        """The step that needs most."""
        return max(self.steps, key=lambda step: step[1])[0]

    @property
    def disk(self) -> int:
        """Bytes of the graph on disk, both directions."""
        return 8 * self.follows + 24 * self.accounts

    def sentence(self) -> str:
        """The bound and what it rests on."""
        return (
            f"At most {self.accounts:,} accounts and {self.follows:,} follows: at most {shown_memory(self.peak)} of "
            f"memory ({self.largest}), {shown_memory(self.disk)} on disk for the graph."
        )

    def check(self, memory: int) -> None:
        """Does it fit?

        Raises:
            HeadcountError: it does not; the message says what would.
        """
        if self.peak > memory:
            enough = -(-self.peak // 10**9)
            raise HeadcountError(
                f"{self.follows:,} follows of at most {self.accounts:,} accounts need up to {shown_memory(self.peak)} "
                f"({self.largest}), more than the {shown_memory(memory)} allowed.",
                hint=f"raise the limit with --memory {enough}GB, or use a cluster with --engine spark.",
            )


def plan_memory(
    accounts: int, follows: int, interactions: int = 0, *, mutual: int | None = None, memory: int | None = None
) -> MemoryPlan:
    """The bound for a graph of so many accounts and follows.

    Args:
        accounts, follows, interactions: upper bounds will do.
        mutual: follows that are returned; None where not known yet: two fifths of all (`RETURNED_SHARE`).
        memory: allowed; building the graph takes as much of it as helps.
    """
    n, m, k = accounts, follows, interactions
    returned = int(RETURNED_SHARE * m) if mutual is None else mutual
    circuits = max(PER_TIE * returned + PER_ACCOUNT_JOINED * n, 4 * returned + PER_ACCOUNT_TALKING * n)
    columns = 56 * n
    building = max(MIN_FOR_BUILDING + 24 * n, min(24 * m + 24 * n, (memory or 4 * 10**9) // 2))
    steps = (
        ("building the graph", BASE + building),
        ("returned follows", BASE + 8 * m + 6 * returned + 32 * n + columns),
        ("network ranks", BASE + 4 * m + 40 * n + columns),
        ("dense blocks and synchrony", BASE + 8 * m + PER_ACCOUNT_BLOCKS * n + columns),
        ("closed circuits", BASE + circuits + columns + 48 * k),
        ("influence", BASE + (4 * m + 600 * min(n, 5_000_000) + columns + 48 * k if k else 0)),
        ("writing the accounts", BASE + columns + 200_000_000),
    )
    return MemoryPlan(n, m, k, steps)


def parse_memory(text: str) -> int:
    """Bytes of "16GB", "512MB" or "16G" (powers of ten).

    Raises:
        UsageError: it is none, or under 500 MB.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*", text.lower())
    if match is None:
        raise UsageError(f"{text!r} is not a valid amount of memory.", hint="write it as --memory 16GB.")
    size = int(float(match[1]) * _UNITS[match[2]])
    if size < 500_000_000:
        raise UsageError(f"{text} of memory are not enough for any graph.", hint="allow at least 500MB.")
    return size


def shown_memory(size: float) -> str:
    """Bytes for people: 11.8 GB, 640 MB."""
    return f"{size / 1e9:,.1f} GB" if size >= 0.95e9 else f"{max(size / 1e6, 1):,.0f} MB"
