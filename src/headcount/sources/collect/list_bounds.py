"""How many entries of a list are read at most, so that a server cannot extend a list without end.

Counters lag behind, and lists grow while they are read, so a list may be longer than its counter by a margin. Where
there is no counter, or the counter counts something else than the list shows, a fixed maximum holds.
"""

from __future__ import annotations

__all__ = ["MAX_EXCESS", "MAX_EXCESS_SHARE", "MAX_UNCOUNTED", "max_entries"]

MAX_EXCESS_SHARE, MAX_EXCESS = 0.25, 5_000
"""A list may exceed its counter by the larger of this share of the counter and this number of entries."""
MAX_UNCOUNTED = 1_000_000
"""Entries of a list without a counter that are read at most."""


def max_entries(claimed: int | None) -> int:
    """Entries of a list that are read at most.

    Args:
        claimed: entries by the platform's counter; None where there is none.
    """
    if claimed is None:
        return MAX_UNCOUNTED
    return claimed + max(int(MAX_EXCESS_SHARE * claimed), MAX_EXCESS)
