"""Values of a query as columns of a measure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from headcount.columns import Flags, Floats, Integers, Texts
from headcount.tables import INTERACTION_KINDS

if TYPE_CHECKING:
    import duckdb

__all__ = []


def _kind(column: str) -> str:
    cases = " ".join(f"WHEN '{kind}' THEN {code}" for code, kind in enumerate(INTERACTION_KINDS))
    return f"(CASE {column} {cases} ELSE -1 END)::TINYINT"


def _timestamp(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (OverflowError, ValueError):
        return datetime.min


def _one(con: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> Any:
    row = con.execute(sql, parameters or None).fetchone()
    return row[0] if row else None


def _texts(values: Any) -> Texts:
    if isinstance(values, np.ma.MaskedArray):
        filled = np.asarray(values.data, dtype=object)
        filled[np.ma.getmaskarray(values)] = None
        return filled
    return np.asarray(values, dtype=object)


def _floats(values: Any) -> Floats:
    return np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)


def _integers(values: Any) -> Integers:
    return np.ma.filled(values, -1).astype(np.int64, copy=False)


def _flags(values: Any) -> Flags:
    return np.ma.filled(values, -1).astype(np.int8, copy=False)


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "Texts": _texts,
    "Floats": _floats,
    "Flags": _flags,
    "Integers": _integers,
}
