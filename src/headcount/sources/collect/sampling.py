"""Uniform samples of streams that are the same after a stop."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable

__all__ = ["uniform_sample"]


def uniform_sample(items: Iterable[str], size: int, salt: str) -> list[str]:
    """A uniform sample of a stream, in the memory of the sample alone: the items whose hashes are the smallest.

    The same items and salt give the same sample, in any order; so a run after a stop draws it again.

    Args:
        items: distinct; size: how many to draw; all of them where there are fewer.
        salt: parts the sample of one list from that of another.
    """
    largest: list[tuple[int, str]] = []  # a heap with the largest hash on top, negated
    for item in items:
        ranked = (-int.from_bytes(hashlib.blake2b(f"{salt}\0{item}".encode(), digest_size=8).digest()), item)
        if len(largest) < size:
            heapq.heappush(largest, ranked)
        elif size and ranked > largest[0]:
            heapq.heapreplace(largest, ranked)
    return [item for _, item in sorted(largest, reverse=True)]
