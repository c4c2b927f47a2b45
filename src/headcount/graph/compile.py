"""Compiled kernels: one typed door to numba, so that the rest of the package stays strictly typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import numba  # type: ignore[import-untyped,unused-ignore]
from llvmlite import ir  # type: ignore[import-untyped,unused-ignore]
from numba.core import cgutils as _cgutils  # type: ignore[import-untyped,unused-ignore]
from numba.extending import intrinsic  # type: ignore[import-untyped,unused-ignore]

__all__ = ["compiled", "parallel", "prefetch", "span", "summing", "threads"]

_codegen: Any = _cgutils  # untyped

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


@intrinsic
def _prefetch(_typing: Any, array: Any, index: Any) -> Any:
    def written(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        kind = signature.args[0]
        data = context.make_array(kind)(context, builder, given[0])
        place = _codegen.get_item_pointer(context, builder, kind, data, [given[1]], wraparound=False)
        place = builder.bitcast(place, ir.IntType(8).as_pointer())
        whole = ir.IntType(32)
        of_type = ir.FunctionType(ir.VoidType(), [place.type, whole, whole, whole])
        name = "llvm.prefetch.p0" if str(place.type) == "ptr" else "llvm.prefetch.p0i8"
        call = _codegen.get_or_insert_function(builder.module, of_type, name)
        # read, keep in all caches, data
        builder.call(call, [place, *(ir.Constant(whole, value) for value in (0, 3, 1))])
        return context.get_dummy_value()

    return numba.types.void(array, index), written


prefetch: Any = _prefetch
"""In a kernel: have array[index] brought near, without waiting for it; the index must lie within the array."""
