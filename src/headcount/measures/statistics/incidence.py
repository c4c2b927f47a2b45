"""Incidence data of capture-recapture: how often each person was captured over a number of occasions.

A post is an occasion (sampling unit), a response is a capture (Colwell et al. 2012, section "sampling models").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["Incidence"]

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Incidence:
    """Capture frequencies, with what models of who is still to come need beside them.

    Attributes:
        posts: number of occasions t.
        times: (J,) distinct numbers of posts responded to, increasing, each from 1 to t.
        people: (J,) people who responded to exactly that many posts (Q_j).
        responders: (t,) people who responded to each post (n_k); empty where that is unknown.
        followers: size of the follower list; None where unknown.
        earlier: the same for the first half of the posts; None where it is unknown or has no response.
    """

    posts: int
    times: Integers
    people: Integers
    responders: Integers = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    followers: int | None = None
    earlier: Incidence | None = None

    @classmethod
    def of_counts(cls, posts: int, counts: Mapping[int, int]) -> Incidence:
        """Incidence data from frequencies alone: j -> people who responded to exactly j posts (Q_j), j from 1."""
        times = np.array(sorted(counts), dtype=np.int64)
        return cls(posts, times, np.array([counts[j] for j in times.tolist()], dtype=np.int64))

    @cached_property
    def counts(self) -> dict[int, int]:
        """Q_j by j."""
        return dict(zip(self.times.tolist(), self.people.tolist(), strict=True))

    def __getitem__(self, j: int) -> int:
        """Q_j."""
        return self.counts.get(j, 0)

    @property
    def observed(self) -> int:
        """Distinct people seen (S)."""
        return int(self.people.sum())

    @property
    def captures(self) -> int:
        """Pairs of person and post (U)."""
        return int((self.times * self.people).sum())
