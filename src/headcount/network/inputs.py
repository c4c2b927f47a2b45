"""What `headcount network` is given: a folder of tables, a file of follows, or a workspace.

`find_inputs` names the files and refuses what is none; nothing is read but heads and statistics, so it is fast at any
size. The tables are those of `headcount.tables`; follows may also be an edge list in any layout.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from headcount.errors import InputError, UsageError
from headcount.sources.formats.edges import (
    EdgeListFacts,
    find_edge_file,
    find_follow_columns,
    open_edge_list,
    refuse_foreign_name,
    relation,
)
from headcount.sources.formats.edges.facts import UTF8, facts_of_table
from headcount.sources.formats.files import inspect_text_file, readable_copy
from headcount.support.output import new_file
from headcount.support.sql import literal

if TYPE_CHECKING:
    import duckdb

    from headcount.sources.formats.edges import EdgeList

__all__ = [
    "ENDINGS",
    "Inputs",
    "columns_of",
    "dated_follows",
    "find_inputs",
    "fingerprint",
    "read_from",
    "refuse_problems",
    "rows_of",
    "upper_bounds",
]

ENDINGS = (".parquet", ".csv", ".csv.gz")
_TABLES = ("follows", "interactions", "accounts", "posts")
READER = b"2"
"""Changes when the same files are read otherwise, so that graphs of earlier versions are not used again."""
SAMPLE = 1_000_000
"""Bytes of a text file by which its lines are estimated."""


@dataclass(frozen=True)
class Inputs:
    """The files of a platform.

    Attributes:
        name: of the data, for people.
        follows: the files of follows: one, or pieces of one table.
        interactions, accounts, posts: files of the other tables; empty where there are none.
        spammers: a file that names known spammers, one account id a line or row; None where there is none.
        workspace: folder of the workspace that the tables were taken from; None otherwise.
        graph: folder of a graph that is already built; None otherwise.
        original: what follows were copied from, where they were; the fingerprint is of these.
        facts: how text files of follows were read, where they were copied.
        recoded: how other tables were read that are not UTF-8 and were copied.
    """

    name: str
    follows: tuple[Path, ...]
    interactions: tuple[Path, ...] = ()
    accounts: tuple[Path, ...] = ()
    posts: tuple[Path, ...] = ()
    spammers: Path | None = None
    workspace: Path | None = None
    graph: Path | None = None
    original: tuple[Path, ...] = ()
    facts: tuple[EdgeListFacts, ...] = ()
    recoded: tuple[EdgeListFacts, ...] = ()


def find_inputs(data: Path, *, out: Path, interactions: Path | None = None, spammers: Path | None = None) -> Inputs:
    """The files behind DATA.

    Args:
        data: a folder of tidy tables, a folder of pieces of follows as Parquet, a file of follows, or a workspace.
        out: tables of a workspace are written there first.
        interactions, spammers: files named beside it.

    Raises:
        UsageError: something named is not there, or holds no follows.
    """
    for path in (data, interactions, spammers):
        if path is not None and not path.exists():
            raise UsageError(f"{path} does not exist.", hint="give a folder of tables or a file of follows.")
    found = _of_folder(data, out) if data.is_dir() else Inputs(data.resolve().name, (_follows_file(data),))
    more = found.interactions if interactions is None else tuple(_pieces(interactions))
    return _standing(_in_utf8(replace(found, interactions=more, spammers=spammers), out), out)


def _in_utf8(found: Inputs, out: Path) -> Inputs:
    """DuckDB reads UTF-8 with line ends of one kind: other tables beside the follows are copied."""
    if found.workspace is not None:
        return found
    recoded: list[EdgeListFacts] = []

    def readable(path: Path) -> Path:
        if _is_parquet([path]):
            return path
        file = inspect_text_file(path)
        if not (file.damaged or file.mixed_ends) and file.encoding in UTF8:
            return path
        recoded.append(facts_of_table(file))
        target = out / "tables" / path.name.removesuffix(".gz")
        with readable_copy(file) as copy, new_file(target) as part:
            shutil.copyfile(copy, part)
        return target

    interactions, accounts, posts = (
        tuple(map(readable, files)) for files in (found.interactions, found.accounts, found.posts)
    )
    return replace(found, interactions=interactions, accounts=accounts, posts=posts, recoded=tuple(recoded))


def _standing(found: Inputs, out: Path) -> Inputs:
    """Tidy tables keep follows that are gone, with the time; these are left out, by a copy where there are any."""
    import duckdb

    if found.workspace is not None or not found.follows:
        return found
    target = out / "tables" / "follows.parquet"
    with duckdb.connect() as con:
        if _is_parquet(found.follows):
            if "gone_at" not in columns_of(con, found.follows):
                return found
            source = read_from(found.follows)
            if not con.execute(f"SELECT count(gone_at) FROM {source}").fetchall()[0][0]:
                return found
            _write_parquet(con, f"SELECT * EXCLUDE (gone_at) FROM {source} WHERE gone_at IS NULL", target)
            return replace(found, follows=(target,), original=found.follows)
        if all(find_edge_file(file).layout.position("goneat") is None for file in found.follows):
            return found
        return _standing_of_text(con, found, target)


def _standing_of_text(con: duckdb.DuckDBPyConnection, found: Inputs, target: Path) -> Inputs:
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent) as work:
        edges = open_edge_list(con, found.follows, Path(work))
        refuse_problems(edges)
        _write_parquet(con, f"SELECT * EXCLUDE (gone_at) FROM ({edges.sql}) WHERE gone_at IS NULL", target)
    return replace(found, follows=(target,), original=found.follows, facts=edges.facts)


def _write_parquet(con: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    """Write the rows of a query as a whole or not at all; a symbolic link is not written through."""
    with new_file(target) as part:
        con.execute(f"COPY ({query}) TO {literal(part)} (FORMAT parquet)")


def refuse_problems(edges: EdgeList) -> None:
    """Raise where lines of an edge list cannot be taken.

    Raises:
        InputError: with the first of them.
    """
    if edges.problem_count:
        more = f" (and {edges.problem_count - 1:,} more)" if edges.problem_count > 1 else ""
        raise InputError(f"{edges.problems[0]}{more}.", hint="correct or remove these lines; no graph was built.")


def _is_parquet(files: Sequence[Path]) -> bool:
    return files[0].name.lower().endswith(".parquet")


def _follows_file(path: Path) -> Path:
    refuse_foreign_name(path.name)
    if not _is_parquet([path]):
        find_edge_file(path)
    return path


def _of_folder(folder: Path, out: Path) -> Inputs:
    from headcount.store.connection import FILE_NAME

    if (folder / "graph.json").is_file():
        return Inputs(folder.resolve().name, (), graph=folder)
    if (folder / FILE_NAME).exists():
        return _of_workspace(folder, out)
    tables = {name: tuple(_table(folder, name)) for name in _TABLES}
    if not tables["follows"]:
        pieces = sorted(folder.glob("*.parquet"))
        if not pieces or any(tables.values()):
            raise UsageError(
                f"{folder} contains no follows.", hint="add follows.parquet or follows.csv to it, or give such a file."
            )
        tables["follows"] = tuple(pieces)
    return _inputs(folder, tables)


def _table(folder: Path, name: str) -> list[Path]:
    """follows.parquet, follows.csv, follows.csv.gz, or a folder follows/ of pieces."""
    for ending in ENDINGS:
        if (folder / f"{name}{ending}").is_file():
            return [folder / f"{name}{ending}"]
    return _pieces(folder / name) if (folder / name).is_dir() else []


def _pieces(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    return sorted(path.glob("*.parquet")) or sorted(path.glob("*.csv")) + sorted(path.glob("*.csv.gz"))


def _of_workspace(folder: Path, out: Path) -> Inputs:
    """The tables of a workspace as Parquet; follows that are gone are left out."""
    from headcount.store.connection import FILE_NAME
    from headcount.store.store import Store

    tables = {
        "follows": "SELECT follower_id, followee_id, followed_at, observed_at FROM follows WHERE gone_at IS NULL "
        "ORDER BY ALL",
        "interactions": "SELECT actor_id, target_id, kind, created_at FROM interactions ORDER BY ALL",
        "accounts": "SELECT account_id, handle, created_at, posts_count, opted_out FROM accounts ORDER BY ALL",
        "posts": "SELECT post_id, author_id, link_domains FROM posts ORDER BY ALL",
    }
    target = out / "tables"
    written: dict[str, tuple[Path, ...]] = {}
    with Store(folder) as store:
        for name, query in tables.items():
            path = target / f"{name}.parquet"
            _write_parquet(store.connection, query, path)
            written[name] = (path,)
    return replace(_inputs(folder, written), workspace=folder, original=(folder / FILE_NAME,))


def _inputs(folder: Path, tables: Mapping[str, tuple[Path, ...]]) -> Inputs:
    follows, interactions, accounts, posts = (tables[name] for name in _TABLES)
    return Inputs(folder.resolve().name, follows, interactions, accounts, posts)


def read_from(files: Sequence[Path]) -> str:
    """The SQL that reads files of one table with DuckDB; every column of CSV is text."""
    listed = ", ".join(map(literal, files))
    if _is_parquet(files):
        return f"read_parquet([{listed}], union_by_name = true)"
    return f"read_csv([{listed}], header = true, all_varchar = true, union_by_name = true)"


def dated_follows(con: duckdb.DuckDBPyConnection, files: Sequence[Path], folder: Path) -> str | None:
    """The SQL of follower_id and followed_at; None where the follows have no times.

    Args:
        folder: for copies of text files that DuckDB cannot read as they are.
    """
    if _is_parquet(files):
        return read_from(files) if {"follower_id", "followed_at"} <= set(columns_of(con, files)) else None
    found = [find_edge_file(file) for file in files]
    if any(each.layout.position("followedat") is None for each in found):
        return None
    if all(each.layout.is_regular and each.layout == found[0].layout for each in found):
        return f"({relation(files, found[0].layout, lenient=True)})"
    folder.mkdir(parents=True, exist_ok=True)
    return f"({open_edge_list(con, files, folder).sql})"


def columns_of(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> list[str]:
    """The names of the columns.

    Raises:
        InputError: the file cannot be read as what its name says.
    """
    import duckdb

    try:
        return [row[0] for row in con.execute(f"DESCRIBE SELECT * FROM {read_from(files)}").fetchall()]
    except duckdb.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"{files[0].name} cannot be read: {reason}",
            hint="check that the file is really in the format its extension says.",
        ) from error


def upper_bounds(con: duckdb.DuckDBPyConnection, files: Sequence[Path], *, closely: bool = False) -> tuple[int, int]:
    """Accounts and follows at most, without reading the rows where they are Parquet.

    Whole-number ids bound the accounts by their range; other ids by two for each follow, or by a count with
    HyperLogLog (5% added) where that would be too coarse to plan with, or where `closely` asks for it.
    """
    if not _is_parquet(files):
        follows = sum(_lines(file) * (1 + find_edge_file(file).layout.is_undirected) for file in files)
        return min(2 * follows, 2**32), follows
    columns = columns_of(con, files)
    listed = ", ".join(map(literal, files))
    follows = rows_of(files)
    named = find_follow_columns(columns)
    source, target = (columns[named.follower], columns[named.followee]) if named is not None else columns[:2]
    statistics = con.execute(
        "SELECT min(try_cast(stats_min_value AS HUGEINT)), max(try_cast(stats_max_value AS HUGEINT)) "
        f"FROM parquet_metadata([{listed}]) WHERE path_in_schema IN (?, ?) AND type IN ('INT32', 'INT64')",
        [source, target],
    ).fetchall()[0]
    bound = 2 * follows
    if None not in statistics:
        bound = min(bound, int(statistics[1]) - int(statistics[0]) + 1)
    if bound > 2_000_000 and bound > follows // 2:
        closely = True
    if closely:
        union = " UNION ALL ".join(f"SELECT {column} AS id FROM {read_from(files)}" for column in (source, target))
        bound = min(bound, int(1.05 * con.execute(f"SELECT approx_count_distinct(id) FROM ({union})").fetchall()[0][0]))
    return bound, follows


def rows_of(files: Sequence[Path]) -> int:
    """Rows of a table at most."""
    if not files:
        return 0
    if not _is_parquet(files):
        return sum(_lines(file) for file in files)
    import duckdb

    listed = ", ".join(map(literal, files))
    try:
        with duckdb.connect() as con:
            row = con.execute(f"SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata([{listed}])").fetchall()[0]
    except duckdb.Error as error:
        reason = str(error).strip().splitlines()[0]
        raise InputError(
            f"{files[0].name} cannot be read: {reason}",
            hint="check that the file is really in the format its extension says.",
        ) from error
    return int(row[0] or 0)


def _lines(file: Path) -> int:
    """Lines of a text file, estimated from its beginning; 10% are added, as lines may get shorter."""
    import gzip

    packed = file.name.lower().endswith(".gz")
    with gzip.open(file, "rb") if packed else file.open("rb") as handle:
        start = handle.read(SAMPLE)
        if len(start) < SAMPLE:
            return start.count(b"\n") + 1
        size = 4 * file.stat().st_size if packed else file.stat().st_size
    return int(1.1 * size * max(start.count(b"\n"), 1) / len(start))


def fingerprint(files: Sequence[Path]) -> str:
    """Names, sizes and times of change of files: other data has another fingerprint."""
    told = hashlib.sha256(READER)
    for file in files:
        about = file.stat()
        told.update(f"{file.resolve()}|{about.st_size}|{about.st_mtime_ns}\n".encode())
    return told.hexdigest()
