"""Follows from files, as pairs of node numbers, chunk by chunk.

DuckDB reads Parquet; text files in any layout are read by `headcount.sources.formats.edges`. Ids that are whole
numbers of a small range are numbered through a table of that range; all others, texts too, by DuckDB, which spills to
disk where they do not fit the memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from headcount.errors import InputError, UsageError, raise_fault_of_machine
from headcount.network.inputs import refuse_problems
from headcount.sources.formats.edges import EdgeListFacts, find_follow_columns, is_odd_id, is_padded, open_edge_list
from headcount.support.sql import identifier, literal

__all__ = ["REWRITTEN", "Numbering", "Pairs", "open_pairs"]

CHUNK = 1 << 22
REWRITTEN = "edges"
"""Folder for copies of text files that DuckDB cannot read as they are."""
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True)
class Pairs:
    """Files of follows, opened.

    Attributes:
        con: the connection that reads them; sql: selects the columns u and v.
        whole: both are whole numbers; rows: how many there are.
        low, high: smallest and largest id, where they are whole numbers; None where there are none.
        facts: how text files were read; empty for Parquet.
    """

    con: duckdb.DuckDBPyConnection
    sql: str
    whole: bool
    rows: int
    low: int | None
    high: int | None
    facts: tuple[EdgeListFacts, ...] = ()


def open_pairs(files: Sequence[Path], work: Path, memory: int) -> Pairs:
    """Look at the files: which columns name follower and followee, and are all ids there?

    Args:
        files: one, or pieces of one table; work: a folder for what does not fit the memory; memory: bytes.

    Raises:
        UsageError: pyarrow is missing, through which chunks travel.
        InputError: a file is no list of follows, or ids are missing or negative.
    """
    try:
        import pyarrow  # type: ignore[import-untyped,unused-ignore]  # noqa: F401
    except ImportError:
        raise UsageError(
            "Analysing a complete platform requires pyarrow.", hint="install it with: pip install 'headcount[network]'"
        ) from None
    con = duckdb.connect()
    con.execute(f"SET memory_limit = '{max(memory, 1 << 28) // 1_000_000}MB'")
    con.execute(f"SET temp_directory = {literal(work / 'duckdb')}")
    con.execute("SET preserve_insertion_order = false")
    try:
        if files[0].name.lower().endswith(".parquet"):
            return _open_parquet(con, files)
        return _open_text(con, files, work)
    except duckdb.Error as error:
        con.close()
        raise_fault_of_machine(error)
        raise InputError(
            f"{files[0].name} cannot be read as a list of follows: {str(error).splitlines()[0][:160]}",
            hint="check that the file is intact and in the format its extension says.",
        ) from None
    except InputError:
        con.close()
        raise


def _open_text(con: duckdb.DuckDBPyConnection, files: Sequence[Path], work: Path) -> Pairs:
    folder = work / REWRITTEN
    folder.mkdir(parents=True, exist_ok=True)
    edges = open_edge_list(con, files, folder)
    refuse_problems(edges)
    sql = f"SELECT follower_id AS u, followee_id AS v FROM ({edges.sql})"
    return Pairs(con, sql, edges.is_whole, edges.rows, edges.low, edges.high, edges.facts)


def _open_parquet(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> Pairs:
    name = files[0].name
    sql, whole = _select(con, files)
    low = high = None
    if whole:
        low, high, rows, missing = _one(
            con,
            "SELECT least(min(u), min(v)), greatest(max(u), max(v)), count(*), "
            f"count(*) FILTER (u IS NULL OR v IS NULL) FROM ({sql})",
        )
    else:
        sql, rows, missing = _check_texts(con, sql, name)
    problem = f"{missing:,} of {rows:,} follows have no id" if missing else ""
    if low is not None and low < 0:
        problem = f"the id {low} is negative"
    if problem:
        raise InputError(f"In {name} {problem}.", hint="every follow needs two ids: integers from 0.")
    return Pairs(con, sql, whole, int(rows), low, high)


def _check_texts(con: duckdb.DuckDBPyConnection, sql: str, name: str) -> tuple[str, int, int]:
    """The SELECT without blanks around ids, its rows, and how many of them lack an id.

    Raises:
        InputError: ids were rounded, or stand for missing values.
    """
    padded = f"{is_padded('u')} OR {is_padded('v')}"
    odd = " OR ".join(is_odd_id(side, "NULL", plain=True) for side in ("u", "v"))
    empty = "coalesce(u, '') = '' OR coalesce(v, '') = ''"
    counts = f"count(*), count(*) FILTER ({empty}), count(*) FILTER ({odd}), count(*) FILTER ({padded})"
    rows, missing, strange, blanks = _one(con, f"SELECT {counts} FROM ({sql})")
    if blanks:
        sql = f"SELECT trim(u) AS u, trim(v) AS v FROM ({sql})"
        rows, missing, strange, _ = _one(con, f"SELECT {counts} FROM ({sql})")
    if strange > missing:
        first = _one(con, f"SELECT u, v FROM ({sql}) WHERE NOT ({empty}) AND ({odd}) LIMIT 1")
        raise InputError(
            f"{name} contains {strange - missing:,} follows with a missing or rounded id, "
            f"such as {first[0][:40]!r}, {first[1][:40]!r}.",
            hint="write ids as integers or text, and remove rows without an id.",
        )
    return sql, int(rows), int(missing)


def _select(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> tuple[str, bool]:
    """The SELECT of u and v from Parquet, and whether both are whole numbers."""
    table = f"read_parquet([{', '.join(map(literal, files))}], union_by_name = true)"
    types = {row[0]: row[1] for row in con.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()}
    names = list(types)
    found = find_follow_columns(names)
    if found is None and len(types) != 2:
        raise InputError(
            f"{files[0].name} has no columns follower_id and followee_id (it has {', '.join(names[:6])}).",
            hint="rename the columns to follower_id and followee_id.",
        )
    u, v = (names[0], names[1]) if found is None else (names[found.follower], names[found.followee])
    sides = [identifier(name) for name in (u, v)]
    if all(types[column] in _WHOLE for column in (u, v)):
        return f"SELECT {sides[0]} AS u, {sides[1]} AS v FROM {table}", True
    wrong = next((column for column in (u, v) if types[column] not in (*_WHOLE, "VARCHAR", "UUID")), None)
    if wrong is not None:
        raise InputError(
            f"The ids in the column {wrong} of {files[0].name} are of type {types[wrong].lower()}.",
            hint="write them as integers or text.",
        )
    return f"SELECT {sides[0]}::VARCHAR AS u, {sides[1]}::VARCHAR AS v FROM {table}", False


class Numbering:
    """Ids to node numbers 0 to n - 1 in the order of the ids, and back.

    Args:
        pairs: the follows; memory: bytes that a table of all ids may take.

    Attributes:
        ids: the name of each node: int64, uint64 or text.
    """

    def __init__(self, pairs: Pairs, memory: int) -> None:
        self.pairs = pairs
        self.ids: NDArray[Any]
        self._table: NDArray[np.uint32] | None = None
        if pairs.whole and (pairs.low is None or pairs.high is None):
            self.ids = np.zeros(0, dtype=np.int64)
        elif pairs.whole and pairs.low is not None and pairs.high is not None and self._small(memory):
            self._table_of_range(pairs.low, pairs.high)
        else:
            self._names_in_duckdb()

    def _small(self, memory: int) -> bool:
        assert self.pairs.low is not None
        assert self.pairs.high is not None
        width = self.pairs.high - self.pairs.low + 1
        return width * 5 <= memory and width <= max(16 * self.pairs.rows, 1 << 20)

    def _table_of_range(self, low: int, high: int) -> None:
        there = np.zeros(high - low + 1, dtype=bool)
        for u, v in self._raw():
            there[u - low] = True
            there[v - low] = True
        self.ids = (np.flatnonzero(there) + low).astype(np.uint64 if high > 2**63 - 1 else np.int64)
        table = np.cumsum(there, dtype=np.int64)
        table -= 1
        self._table = table.astype(np.uint32)

    def _names_in_duckdb(self) -> None:
        con = self.pairs.con
        con.execute(
            f"CREATE TABLE names AS SELECT id, row_number() OVER (ORDER BY id) - 1 AS node FROM "
            f"(SELECT u AS id FROM ({self.pairs.sql}) UNION SELECT v FROM ({self.pairs.sql}))"
        )
        ids = con.execute("SELECT id FROM names ORDER BY node").fetchnumpy()["id"]
        ids = np.asarray(ids.filled() if isinstance(ids, np.ma.MaskedArray) else ids)
        if ids.dtype.kind == "O":
            ids = ids.astype(np.str_)
        elif ids.dtype.kind == "i" or (ids.dtype.kind == "u" and (not len(ids) or int(ids[-1]) < 2**63)):
            ids = ids.astype(np.int64)
        self.ids = ids

    def chunks(self) -> Iterator[tuple[NDArray[np.uint32], NDArray[np.uint32]]]:
        """The follows as node numbers."""
        if not len(self.ids):
            return
        if self._table is not None:
            low = self.pairs.low
            for u, v in self._raw():
                yield self._table[u - low], self._table[v - low]
            return
        sql = (
            "SELECT a.node::UINTEGER AS u, b.node::UINTEGER AS v "
            f"FROM ({self.pairs.sql}) AS e JOIN names AS a ON a.id = e.u JOIN names AS b ON b.id = e.v"
        )
        # the names are the smaller side, which DuckDB cannot know of a text file that it has not read
        self.pairs.con.execute("SET disabled_optimizers = 'join_order,build_side_probe_side'")
        yield from self._stream(sql)

    def _raw(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        return self._stream(self.pairs.sql)

    def _stream(self, sql: str) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        for batch in self.pairs.con.sql(sql).to_arrow_reader(CHUNK):
            yield batch.column(0).to_numpy(zero_copy_only=False), batch.column(1).to_numpy(zero_copy_only=False)


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    return tuple(con.execute(sql).fetchall()[0])
