"""The table of a platform: one row an account, as Parquet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from headcount.errors import HeadcountError
from headcount.support.sql import identifier, literal

__all__ = ["COLUMNS", "write_accounts"]

COLUMNS: dict[str, str] = {
    "account_id": "Account id, as in the follows.",
    "followers": "Number of followers.",
    "followees": "Number of accounts followed.",
    "mutual": "Number of accounts followed that follow back.",
    "reciprocity": "mutual / followees; null for accounts that follow none.",
    "core_number": "Largest k such that the account is in the k-core of the mutual follows.",
    "synchrony": "Excess similarity of its followees, 0 to 1 (CatchSync); null below 20 followees.",
    "component": "Weakly connected component, 1 = the largest.",
    "pagerank": "PageRank over the follows; sums to 1.",
    "interaction_pagerank": "PageRank over the interactions, weighted by number; null without interactions.",
    "collusionrank": "Collusionrank, 0 or below: the penalty for following known spammers; null without --spammers.",
    "responders": "Distinct followers that responded; null without interactions.",
    "responders_per_1000": "Responders per 1,000 followers, shrunken towards accounts of similar size.",
    "responders_per_1000_low": "Lower end of the 95% interval.",
    "responders_per_1000_high": "Upper end of the 95% interval.",
    "rank_by_followers": "Rank, 1 = highest; ties share their mean rank.",
    "rank_by_response": "Rank by responders_per_1000 times followers.",
    "rank_by_response_best": "Best rank of the 95% interval.",
    "rank_by_response_worst": "Worst rank of the 95% interval.",
    "fall": "Ranks certainly lost relative to the rank by followers.",
    "rise": "Ranks certainly gained relative to the rank by followers.",
    "group": "Number of the dense group in rings.json; null if in none.",
    "ring": "Number of the closed circuit in rings.json; null if in none.",
}
"""Columns and their meaning; those that are unknown for all are left out."""


def write_accounts(
    path: Path,
    ids: NDArray[Any],
    columns: Mapping[str, NDArray[Any]],
    *,
    memory: int,
    select: Sequence[str] | None = None,
) -> None:
    """Write the table; NaN, and whole numbers below 0, are unknown (null).

    Args:
        path: of the Parquet file; it is there whole or not at all.
        ids: (N,) of the accounts.
        columns: name to (N,) values, names and order from `COLUMNS`.
        memory: bytes that the writer may take.
        select: columns to write, in order, account_id among them or not; None for all. Unknown ones are left out.

    Raises:
        HeadcountError: the disk is full, or the file cannot be written.
    """
    con = duckdb.connect()
    con.execute(f"SET memory_limit = '{max(memory // 1_000_000, 300)}MB'; SET preserve_insertion_order = true")
    con.register("given", {"account_id": np.asarray(ids), **columns})
    kind = "" if np.asarray(ids).dtype.kind in "iu" else "::VARCHAR"
    sql = {"account_id": f"account_id{kind} AS account_id"}
    sql |= {name: _shown(name, values) for name, values in columns.items()}
    shown = ", ".join(sql[name] for name in (sql if select is None else select) if name in sql)
    part = path.with_name(f".{path.name}.part")
    target = literal(part)
    query = f"SELECT {shown} FROM given"
    try:
        con.execute(f"COPY ({query}) TO {target} (FORMAT parquet, COMPRESSION zstd)")
        part.replace(path)
    except (duckdb.Error, OSError) as error:
        part.unlink(missing_ok=True)
        reason = str(error).strip().splitlines()[0]
        raise HeadcountError(f"{path} cannot be written: {reason}", hint="check the free disk space.") from error
    finally:
        con.close()


def _shown(name: str, values: NDArray[Any]) -> str:
    quoted = identifier(name)
    if values.dtype.kind == "f":
        return f"CASE WHEN isnan({quoted}) THEN NULL ELSE {quoted} END AS {quoted}"
    return f"CASE WHEN {quoted} < 0 THEN NULL ELSE {quoted} END AS {quoted}" if values.dtype.kind == "i" else quoted
