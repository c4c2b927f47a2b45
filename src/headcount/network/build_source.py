"""Follows from files, as pairs of node numbers, chunk by chunk.

DuckDB reads Parquet, CSV and the edge lists that SNAP publishes (two numbers a line, comments after #). Ids that are
whole numbers of a small range are numbered through a table of that range; all others, texts too, by DuckDB, which
spills to disk where they do not fit the memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from headcount.errors import InputError, UsageError

__all__ = ["Numbering", "Pairs", "open_pairs"]

CHUNK = 1 << 22
_NAMES = (("follower_id", "followee_id"), ("source", "target"), ("src", "dst"), ("from", "to"))
_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True)
class Pairs:
    """Files of follows, opened.

    Attributes:
        con: the connection that reads them; sql: selects the columns u and v.
        whole: both are whole numbers; rows: how many there are.
        low, high: smallest and largest id, where they are whole numbers; None where there are none.
    """

    con: duckdb.DuckDBPyConnection
    sql: str
    whole: bool
    rows: int
    low: int | None
    high: int | None


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
            "Reading a whole platform needs pyarrow.", hint="install it with: pip install 'headcount[network]'"
        ) from None
    con = duckdb.connect()
    con.execute(f"SET memory_limit = '{max(memory, 1 << 28) // 1_000_000}MB'")
    con.execute(f"SET temp_directory = '{_quoted(work / 'duckdb')}'")
    con.execute("SET preserve_insertion_order = false")
    try:
        sql, whole = _select(con, files)
        low, high, rows, missing = _one(
            con, f"SELECT {_bounds(whole)}, count(*), count(*) FILTER (u IS NULL OR v IS NULL) FROM ({sql})"
        )
    except duckdb.Error as error:
        con.close()
        raise InputError(
            f"{files[0].name} cannot be read as a list of follows: {str(error).splitlines()[0][:160]}",
            hint="hand in Parquet or CSV with the columns follower_id and followee_id, or two ids a line.",
        ) from None
    problem = f"{missing:,} of {rows:,} follows lack an id" if missing else ""
    if low is not None and low < 0:
        problem = f"the id {low} is negative"
    if problem:
        con.close()
        raise InputError(f"In {files[0].name} {problem}.", hint="every follow needs two ids; whole numbers from 0.")
    return Pairs(con, sql, whole, int(rows), low, high)


def _bounds(whole: bool) -> str:
    return "least(min(u), min(v)), greatest(max(u), max(v))" if whole else "NULL, NULL"


def _select(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> tuple[str, bool]:
    """The SELECT of u and v, and whether both are whole numbers."""
    listed = "[" + ", ".join(f"'{_quoted(file)}'" for file in files) + "]"
    name = files[0].name.lower()
    if name.endswith(".parquet"):
        table = f"read_parquet({listed}, union_by_name = true)"
    elif ".csv" in name:
        table = f"read_csv({listed}, sample_size = 100000, union_by_name = true)"
    else:
        return _edge_list(con, listed, files[0])
    columns = con.execute(f"DESCRIBE SELECT * FROM {table}").fetchall()
    types = {row[0]: row[1] for row in columns}
    lower = {column.lower(): column for column in types}
    u, v = next(((lower[a], lower[b]) for a, b in _NAMES if a in lower and b in lower), (None, None))
    if u is None or v is None:
        if len(types) != 2:
            raise InputError(
                f"{files[0].name} has no columns follower_id and followee_id (it has {', '.join(list(types)[:6])}).",
                hint="name them so.",
            )
        u, v = types
    whole = all(types[column] in _WHOLE for column in (u, v))
    if not whole and any(types[column] in (*_WHOLE, "VARCHAR") for column in (u, v)):
        return f'SELECT "{u}"::VARCHAR AS u, "{v}"::VARCHAR AS v FROM {table}', False
    if not whole:
        raise InputError(
            f"The ids in {files[0].name} are {types[u].lower()} and {types[v].lower()}.",
            hint="write them as whole numbers or as text.",
        )
    return f'SELECT "{u}" AS u, "{v}" AS v FROM {table}', True


def _edge_list(con: duckdb.DuckDBPyConnection, listed: str, file: Path) -> tuple[str, bool]:
    """Two whole numbers a line, parted by blanks, tabs or a comma; lines that begin with # are comments."""
    lines = (
        f"SELECT trim(line) AS line FROM read_csv({listed}, header = false, columns = {{'line': 'VARCHAR'}}, "
        "delim = '\x01', quote = '', escape = '', auto_detect = false, max_line_size = 10000000) "
        "WHERE trim(line) <> '' AND NOT starts_with(trim(line), '#')"
    )
    parts = f"SELECT line, regexp_split_to_array(line, '[\\s,;]+') AS p FROM ({lines})"
    pair = "len(p) >= 2 AND TRY_CAST(p[1] AS HUGEINT) IS NOT NULL AND TRY_CAST(p[2] AS HUGEINT) IS NOT NULL"
    odd = con.execute(f"SELECT line FROM ({parts}) WHERE NOT coalesce({pair}, false) LIMIT 1").fetchall()
    if odd:
        raise InputError(
            f"{file.name} is no edge list: {odd[0][0][:40]!r} is no pair of whole numbers.",
            hint="write follower and followee, one pair a line, or hand in CSV with column names.",
        )
    (least,) = _one(con, f"SELECT min(least(p[1]::HUGEINT, p[2]::HUGEINT)) FROM ({parts})")
    kind = "BIGINT" if least is not None and least < 0 else "UBIGINT"
    return f"SELECT p[1]::{kind} AS u, p[2]::{kind} AS v FROM ({parts})", True


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
        yield from self._stream(sql)

    def _raw(self) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        return self._stream(self.pairs.sql)

    def _stream(self, sql: str) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
        for batch in self.pairs.con.sql(sql).to_arrow_reader(CHUNK):
            yield batch.column(0).to_numpy(zero_copy_only=False), batch.column(1).to_numpy(zero_copy_only=False)


def _one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    return tuple(con.execute(sql).fetchall()[0])


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
