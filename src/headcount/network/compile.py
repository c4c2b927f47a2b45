"""Compiled kernels: one typed door to numba, so that the rest of the package stays strictly typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import numba  # type: ignore[import-untyped,unused-ignore]

__all__ = ["compiled", "parallel", "span", "summing", "threads"]

P = ParamSpec("P")
R = TypeVar("R")

span = numba.prange


def threads() -> int:
    """How many threads a loop over `span` runs on."""
    return int(numba.get_num_threads())


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """A kernel on one thread, compiled at its first call and kept on disk; it lets other threads run meanwhile."""
    made: Callable[P, R] = numba.njit(cache=True, nogil=True)(function)
    return made


def summing(function: Callable[P, R]) -> Callable[P, R]:
    """As `compiled`, for long sums: several are kept side by side, in an order that is the same on every run."""
    made: Callable[P, R] = numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})(function)
    return made


def parallel(function: Callable[P, R]) -> Callable[P, R]:
    """A kernel whose loops over `span` run on all threads; each turn writes only what is its own."""
    made: Callable[P, R] = numba.njit(cache=True, nogil=True, parallel=True)(function)
    return made
