"""Tables beside the follows, by number of the account in the graph: interactions, posts, known spammers, names."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from headcount.columns import Flags, Floats, Integers
from headcount.errors import InputError
from headcount.network.inputs import columns_of, dated_follows, read_from
from headcount.sources.formats.files import inspect_text_file
from headcount.support.sql import literal
from headcount.tables import ACTIVE_KINDS, INTERACTION_KINDS

__all__ = ["Conversations", "names_of", "newcomer_flags", "numbered", "post_facts", "read_spammers", "read_talk"]


@dataclass(frozen=True)
class Conversations:
    """Who responded to whom, one row a pair, ordered by actor and target.

    Attributes:
        actor, target: numbers of the accounts.
        times: interactions of any kind.
        words: those of them that take words (reply, mention, quote).
        rows, unknown: interactions read, and left out because an account is in no follow.
        first, last: ISO 8601; None where no times are known.
    """

    actor: Integers
    target: Integers
    times: Integers
    words: Integers
    rows: int
    unknown: int
    first: str | None
    last: str | None


@contextmanager
def numbered(ids: NDArray[Any], folder: Path, memory: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the table `who` (id, number) of the graph's accounts; what does not fit goes to `folder`.

    Whole-number ids are compared as numbers, others as text.
    """
    con = duckdb.connect()
    con.execute(
        f"SET memory_limit = '{max(memory // 1_000_000, 300)}MB'; SET temp_directory = {literal(folder / 'spill')}"
    )
    con.execute("SET preserve_insertion_order = false")
    try:
        columns = {"id": np.asarray(ids), "number": np.arange(len(ids), dtype=np.uint32)}
        con.register("given", columns)
        kind = "VARCHAR" if columns["id"].dtype.kind not in "iu" else _integer(columns["id"])
        con.execute(f"CREATE TEMP TABLE who AS SELECT id::{kind} AS id, number FROM given")
        con.unregister("given")
        con.execute(f"CREATE TEMP MACRO as_id(value) AS try_cast(value AS {kind})")
        yield con
    finally:
        con.close()


def _integer(ids: NDArray[Any]) -> str:
    return "UBIGINT" if ids.dtype == np.uint64 else "BIGINT"


def read_talk(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> Conversations:
    """The interactions, put together by pair.

    Raises:
        InputError: a column is not there, or a kind is unknown.
    """
    columns = columns_of(con, files)
    missing = [name for name in ("actor_id", "target_id", "kind") if name not in columns]
    if missing:
        raise InputError(
            f"{files[0].name} has no column {missing[0]!r} (it has {', '.join(columns[:8])}).",
            hint="interactions need actor_id, target_id and kind.",
        )
    source = read_from(files)
    _check_kinds(con, source, files[0].name)
    active = ", ".join(f"'{kind}'" for kind in ACTIVE_KINDS)
    times = "min(try_cast(created_at AS TIMESTAMP)), max(try_cast(created_at AS TIMESTAMP))"
    of_time = times if "created_at" in columns else "NULL, NULL"
    rows, first, last = con.execute(
        f"SELECT count(*), {of_time} FROM {source} WHERE actor_id <> target_id AND kind IS NOT NULL"
    ).fetchall()[0]
    found = con.execute(
        "WITH pairs AS (SELECT as_id(actor_id) AS actor, as_id(target_id) AS target, count(*) AS times, "
        f"count(*) FILTER (kind IN ({active})) AS words FROM {source} WHERE kind IS NOT NULL GROUP BY 1, 2) "
        "SELECT a.number::BIGINT AS actor, t.number::BIGINT AS target, times::BIGINT AS times, words::BIGINT AS words "
        "FROM pairs p JOIN who a ON p.actor = a.id JOIN who t ON p.target = t.id WHERE a.number <> t.number "
        "ORDER BY 1, 2"
    ).fetchnumpy()
    actor, target, times_, words = (np.asarray(found[name]) for name in ("actor", "target", "times", "words"))
    moments = [None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ") for value in (first, last)]
    return Conversations(actor, target, times_, words, int(rows), int(rows - times_.sum()), moments[0], moments[1])


def _check_kinds(con: duckdb.DuckDBPyConnection, source: str, name: str) -> None:
    known = ", ".join(f"'{kind}'" for kind in INTERACTION_KINDS)
    wrong = con.execute(f"SELECT DISTINCT kind FROM {source} WHERE kind NOT IN ({known}) LIMIT 1").fetchall()
    if wrong:
        raise InputError(
            f"{name} contains the invalid kind {wrong[0][0]!r}.", hint=f"use one of {', '.join(INTERACTION_KINDS)}."
        )


def post_facts(
    con: duckdb.DuckDBPyConnection, posts: Sequence[Path], accounts: Sequence[Path], count: int
) -> tuple[Floats | None, Floats | None]:
    """Posts of every account, and the share of them with a link; None where no table tells.

    With a table of posts, whoever is not in it wrote none. Without one, a counter of 0 in the accounts tells who
    never wrote; nothing else is known then.
    """
    if posts and "author_id" in (columns := columns_of(con, posts)):
        links = "NULL"
        if "link_domains" in columns:
            text = "coalesce(link_domains::VARCHAR, '') NOT IN ('', '[]')"
            links = f"avg(({text})::INT)"
        found = con.execute(
            f"SELECT number, n, links FROM (SELECT as_id(author_id) AS id, count(*) AS n, {links} AS links "
            f"FROM {read_from(posts)} GROUP BY 1) JOIN who USING (id)"
        ).fetchnumpy()
        written, share = np.zeros(count), np.full(count, np.nan)
        written[found["number"]] = found["n"]
        share[found["number"]] = np.ma.filled(found["links"].astype(float), np.nan)
        return written, None if np.isnan(share).all() else share
    if accounts and {"account_id", "posts_count"} <= set(columns_of(con, accounts)):
        found = con.execute(
            f"SELECT DISTINCT number FROM {read_from(accounts)} JOIN who ON as_id(account_id) = id "
            "WHERE try_cast(posts_count AS BIGINT) = 0"
        ).fetchnumpy()
        never = np.full(count, np.nan)
        never[found["number"]] = 0
        return never, None
    return None, None


def newcomer_flags(
    con: duckdb.DuckDBPyConnection, follows: Sequence[Path], accounts: Sequence[Path], count: int
) -> Flags | None:
    """Whether accounts were new when they followed: 1 where at least half of the dated follows of an account were made
    within 30 days of its making, 0 for others, -1 where a date is not known; None where no table tells any.
    """
    if not follows or not accounts or not {"account_id", "created_at"} <= set(columns_of(con, accounts)):
        return None
    with TemporaryDirectory(prefix="headcount-") as work:
        dated = dated_follows(con, follows, Path(work))
        if dated is None:
            return None
        found = con.execute(
            "WITH made AS (SELECT number, min(try_cast(created_at AS TIMESTAMP)) AS joined "
            f"FROM {read_from(accounts)} JOIN who ON as_id(account_id) = id GROUP BY 1 HAVING joined IS NOT NULL) "
            "SELECT m.number AS number, "
            "avg((try_cast(f.followed_at AS TIMESTAMP) <= m.joined + to_days(30))::INT) AS new "
            f"FROM {dated} f JOIN who w ON as_id(f.follower_id) = w.id JOIN made m ON m.number = w.number "
            "WHERE try_cast(f.followed_at AS TIMESTAMP) IS NOT NULL GROUP BY 1"
        ).fetchnumpy()
    if not len(found["number"]):
        return None
    flags = np.full(count, -1, np.int8)
    flags[found["number"]] = found["new"] >= 0.5
    return flags


def read_spammers(con: duckdb.DuckDBPyConnection, file: Path) -> Integers:
    """Numbers of the known spammers.

    Args:
        con: see `numbered`.
        file: Parquet or CSV with the column account_id, or a text file with one id a line.

    Raises:
        InputError: none of them is in the graph.
    """
    if file.name.lower().endswith((".parquet", ".csv", ".csv.gz")):
        if "account_id" not in columns_of(con, [file]):
            raise InputError(
                f"{file.name} has no column 'account_id'.", hint="put the ids of known spammers into this column."
            )
        source = f"SELECT account_id AS id FROM {read_from([file])}"
        named: list[Any] = []
    else:
        text = inspect_text_file(file)
        with text.open() as stream:
            lines = stream.read().decode(text.encoding, errors="replace").splitlines()
        named = [line.strip() for line in lines]
        named = [line for line in named if line and not line.startswith("#")]
        source = "SELECT unnest(?::VARCHAR[]) AS id"
    found = con.execute(
        f"SELECT DISTINCT number::BIGINT AS number FROM ({source}) s JOIN who w ON as_id(s.id) = w.id ORDER BY 1",
        [named] if "?" in source else [],
    ).fetchnumpy()
    numbers = np.asarray(found["number"], dtype=np.int64)
    if not len(numbers):
        raise InputError(
            f"No account of {file.name} occurs in the follows.", hint="check that the ids are of the same platform."
        )
    return numbers


def names_of(accounts: Sequence[Path], ids: Sequence[Any]) -> tuple[dict[str, str], set[str]]:
    """Handles of some accounts by id, and who of them asks not to be named."""
    if not accounts or not len(ids):
        return {}, set()
    with duckdb.connect() as con:
        columns = columns_of(con, accounts)
        if "account_id" not in columns:
            return {}, set()
        handle = "handle" if "handle" in columns else "NULL"
        hidden = "coalesce(try_cast(opted_out AS BOOLEAN), false)" if "opted_out" in columns else "false"
        rows = con.execute(
            f"SELECT account_id::VARCHAR, {handle}, {hidden} FROM {read_from(accounts)} "
            "WHERE account_id::VARCHAR IN (SELECT unnest(?::VARCHAR[]))",
            [[str(name) for name in ids]],
        ).fetchall()
    named = {name: str(text) for name, text, _ in rows if text}
    return named, {name for name, _, out in rows if out}
