"""A whole platform on Spark: the session, the follow graph as two tables, and checkpoints between rounds.

The follow graph is `edges` (source follows target: long, long, and a weight where there is one) and `accounts`
(id, account_id). Ids that are whole numbers are used as they are; text and decimal ids are numbered once. Jobs
that iterate over it are in `spark_iterate`; measures that are tables are in `expressions`.

**Checkpoints.** A job of many rounds must not let its plan grow: Spark would analyse, and after a fault compute,
all earlier rounds again. Each round's table is therefore written as Parquet into a work folder and read back; a
later round writes over an earlier one, so a job keeps few tables at a time. This is the one way that works alike
on Spark with a JVM, over Spark Connect and on Sail, which knows neither `localCheckpoint` nor `cache`. On a
cluster the work folder has to be a path that all its machines share (hdfs://, s3a://, a network disk).

Nothing but single figures a round is ever fetched to this process.
"""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from headcount.errors import HeadcountError, InputError, UsageError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

__all__ = ["Checkpoints", "GraphCounts", "SparkGraph", "connect", "prepare", "work_folder"]

WHOLE = ("tinyint", "smallint", "int", "bigint")
ANSWER_SECONDS = 10.0


def connect(where: str = "local[*]", *, memory: str = "4g", partitions: int | None = None) -> SparkSession:
    """A Spark session.

    Args:
        where: a Spark Connect address (`sc://host:15002`), or a master: `local[*]`, `local[4]`, `spark://host:7077`,
            `yarn`, `k8s://…`.
        memory: of the driver, where this process starts it (`local[…]`: all that Spark uses).
        partitions: `spark.sql.shuffle.partitions`; without it the cluster's own, and locally two a core.

    Raises:
        UsageError: pyspark or Java is not there, or the address is none.
        HeadcountError: nobody answers there, or the answer is a refusal.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise UsageError("Spark is not installed.", hint="pip install 'headcount[spark]'") from None
    # Spark warns that it does not fully support new versions of pandas, which is not used here.
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)
    builder = SparkSession.builder
    if where.startswith("sc://"):
        _answers(where, default_port=15002)
        builder = builder.remote(where)
    else:
        _check_master(where)
        for name, value in _settings(where, memory).items():
            builder = builder.config(name, value)
        builder = builder.master(where).appName("headcount")
    try:
        session = builder.getOrCreate()
        if partitions is not None:
            session.conf.set("spark.sql.shuffle.partitions", str(partitions))
        session.range(1).count()
    except Exception as error:
        raise HeadcountError(f"Spark at {where} does not work: {_first_line(error)}", hint=_advice(error)) from error
    return session


def _settings(where: str, memory: str) -> dict[str, str]:
    settings = {"spark.driver.memory": memory, "spark.sql.session.timeZone": "UTC"}
    if where.startswith("local"):
        settings |= {
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.log.level": "ERROR",
        }
    return settings


def _check_master(where: str) -> None:
    if where.startswith("spark://"):
        _answers(where, default_port=7077)
    elif not (where.startswith(("local", "k8s://")) or where == "yarn"):
        raise UsageError(
            f"{where!r} is not a valid Spark address.",
            hint="use sc://host:15002, local[*], spark://host:7077, yarn or k8s://….",
        )
    if "SPARK_CONNECT_MODE_ENABLED" in os.environ:
        raise UsageError(
            "This Python process already uses Spark Connect, and Spark allows only one of the two in a process.",
            hint="use a new process, or an sc:// address.",
        )
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java") is None and not (home and (Path(home) / "bin" / "java").exists()):
        raise UsageError(
            "Spark needs Java 17 or newer, which was not found.",
            hint="install Java and set JAVA_HOME, or use the sc:// address of a running server.",
        )


def _answers(where: str, *, default_port: int) -> None:
    """Does anybody listen? Spark itself would try for minutes."""
    for host in where.split("://", 1)[1].split("/", 1)[0].split(","):
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname, parts.port or default_port
        except ValueError:
            name, port = None, 0
        if not name:
            raise UsageError(f"{where!r} is not a valid Spark address.", hint="use sc://host:15002.")
        try:
            socket.create_connection((name, port), timeout=ANSWER_SECONDS).close()
        except OSError:
            continue
        return
    raise HeadcountError(
        f"Cannot connect to Spark at {where}.",
        hint="Is the server running? sbin/start-connect-server.sh starts Spark's, `sail spark server` Sail's.",
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _advice(error: Exception) -> str | None:
    text = str(error)
    if "unsupported PySpark version" in text:
        return "The server is older than the installed pyspark; install a pyspark that it supports."
    if "JAVA_GATEWAY_EXITED" in text or "UnsupportedClassVersion" in text:
        return "Spark needs Java 17 or newer; set JAVA_HOME."
    return None


class Checkpoints:
    """Tables that are written into the work folder and read back, so that no plan grows from round to round."""

    def __init__(self, session: SparkSession, folder: str) -> None:
        self.session = session
        self.folder = folder
        self._numbers = itertools.count()

    def sql(self, query: str, **tables: DataFrame) -> DataFrame:
        """A query over data frames, which it names in braces and gives an alias: `select … from {edges} e`."""
        values: dict[str, Any] = dict(tables)
        return self.session.sql(query, **values)

    def row(self, query: str, **tables: DataFrame) -> Any:
        """The one row of figures that a query gives."""
        return self.sql(query, **tables).collect()[0]

    def path(self, name: str) -> str:
        """Where the table of that name is."""
        return f"{self.folder}/{name}"

    def keep(self, table: DataFrame, name: str) -> DataFrame:
        """Write a table under a name of its own, until the work folder is removed, and read it back."""
        return self.save(table, f"{name}-{next(self._numbers)}")

    def save(self, table: DataFrame, name: str) -> DataFrame:
        """Write a table over what has its name, and read it back. It must not be read from there itself."""
        schema = table.schema
        table.write.mode("overwrite").parquet(self.path(name))
        return self.session.read.schema(schema).parquet(self.path(name))

    def rounds(self, name: str) -> Rounds:
        """Checkpoints of one job under two names in turn: each round is written while the one before is read."""
        return Rounds(self, f"{name}-{next(self._numbers)}")


class Rounds:
    """The same table round after round; a state that is `held` is not written over."""

    def __init__(self, checkpoints: Checkpoints, name: str) -> None:
        self.checkpoints = checkpoints
        self.name = name
        self.current = -1
        self.held = -1

    def save(self, table: DataFrame) -> DataFrame:
        """Write the next state and read it back."""
        self.current = next(slot for slot in range(3) if slot not in (self.current, self.held))
        return self.checkpoints.save(table, f"{self.name}-{self.current}")

    def hold(self) -> None:
        """Keep the current state until another one is held."""
        self.held = self.current


@contextmanager
def work_folder(session: SparkSession, parent: str | os.PathLike[str]) -> Iterator[Checkpoints]:
    """Checkpoints in a new folder below `parent`, which is removed at the end.

    Args:
        session: where the jobs run.
        parent: a folder that this process and all machines of the cluster see under the same name. Over Spark
            Connect a folder that is not on this machine's disk cannot be removed from here and is left behind.

    Raises:
        UsageError: the folder cannot be written.
    """
    base = os.fspath(parent).rstrip("/")
    local = "://" not in base or base.startswith("file:")
    if local:
        base = str(Path(base.removeprefix("file:")).absolute())
    folder = f"{base}/headcount-{uuid.uuid4().hex[:12]}"
    if local:
        try:
            Path(folder).mkdir(parents=True)
        except OSError as error:
            raise UsageError(
                f"The work folder {base} cannot be written: {error.strerror}.", hint="use another folder."
            ) from None
    try:
        yield Checkpoints(session, folder)
    finally:
        if local:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            _remove_remote(session, folder)


def _remove_remote(session: SparkSession, folder: str) -> None:
    java: Any = getattr(session, "_jvm", None)
    if java is None:
        return
    path = java.org.apache.hadoop.fs.Path(folder)
    path.getFileSystem(session.sparkContext._jsc.hadoopConfiguration()).delete(path, True)  # type: ignore[attr-defined,unused-ignore]


@dataclass(frozen=True)
class GraphCounts:
    """What became of the rows that were handed in.

    Attributes:
        rows: handed in.
        missing: without a source or a target; left out.
        self_follows: of an account to itself; left out.
        duplicates: repeats of a row that was kept; left out, their weights added to it.
        edges: kept.
        accounts: in them, and in the list of accounts where one was given.
    """

    rows: int
    missing: int
    self_follows: int
    duplicates: int
    edges: int
    accounts: int


@dataclass(frozen=True)
class SparkGraph:
    """A directed graph on Spark.

    Attributes:
        checkpoints: its session and its work folder.
        edges: source and target (long), one row an edge, and weight (double) where `weighted`.
        accounts: id (long) and account_id (as handed in), one row an account.
        counts: what became of the rows.
        weighted: do the edges have weights?
        numbered: are the ids numbers given here? Otherwise they are the account ids themselves.
    """

    checkpoints: Checkpoints
    edges: DataFrame
    accounts: DataFrame
    counts: GraphCounts
    weighted: bool
    numbered: bool

    def named(self, table: DataFrame, columns: str) -> DataFrame:
        """A table with `id` as one with `account_id` and the columns named."""
        if not self.numbered:
            return self.checkpoints.sql(f"select t.id as account_id, {columns} from {{table}} t", table=table)
        return self.checkpoints.sql(
            f"select a.account_id, {columns} from {{table}} t join {{accounts}} a on t.id = a.id",
            table=table,
            accounts=self.accounts,
        )


def prepare(
    edges: DataFrame,
    checkpoints: Checkpoints,
    *,
    source: str = "follower_id",
    target: str = "followee_id",
    weight: str | None = None,
    accounts: DataFrame | None = None,
) -> SparkGraph:
    """The graph of a table of follows, or of interactions with weights.

    Rows without an id, of an account to itself, and repeats are left out and counted.

    Args:
        edges: one row an edge; ids are whole numbers or text.
        checkpoints: from `work_folder`.
        source, target, weight: its columns; weights are above 0, those of repeats are added up.
        accounts: account_id of accounts that may have no edge; the others need not be in it.

    Raises:
        InputError: a column is not there, ids are of another type, or a weight is not above 0.
    """
    numbered = _check_columns(edges, source, target, weight, accounts)
    kind = "string" if numbered else "bigint"
    columns = f"cast(e.`{source}` as {kind}) as source, cast(e.`{target}` as {kind}) as target"
    if weight is not None:
        columns += f", cast(e.`{weight}` as double) as weight"
    raw = checkpoints.sql(f"select {columns} from {{edges}} e", edges=edges)
    total = ", sum(r.weight) as weight" if weight else ""
    clean = checkpoints.keep(
        checkpoints.sql(
            f"select r.source, r.target{total} from {{raw}} r where r.source <> r.target group by r.source, r.target",
            raw=raw,
        ),
        "named-edges" if numbered else "edges",
    )
    people = checkpoints.keep(_people(checkpoints, clean, accounts, kind), "accounts")
    kept = checkpoints.keep(_numbered(checkpoints, clean, people, weight), "edges") if numbered else clean
    counts = _counts(checkpoints, raw, kept, people, weight)
    return SparkGraph(checkpoints, kept, people, counts, weight is not None, numbered)


def _check_columns(edges: DataFrame, source: str, target: str, weight: str | None, accounts: DataFrame | None) -> bool:
    """Must the ids be numbered?"""
    types = dict(edges.dtypes)
    for name in (source, target, weight):
        if name is not None and name not in types:
            raise InputError(f"There is no column {name!r}; there are: {', '.join(types)}.")
    ids = [types[source], types[target]]
    if accounts is not None:
        kinds = dict(accounts.dtypes)
        if "account_id" not in kinds:
            raise InputError(f"The accounts have no column 'account_id'; there are: {', '.join(kinds)}.")
        ids.append(kinds["account_id"])
    for kind in ids:
        if kind not in WHOLE and kind != "string" and not kind.startswith("decimal"):
            raise InputError(f"Ids of type {kind} are not supported.", hint="use integers or text.")
    return not all(kind in WHOLE for kind in ids)


def _people(checkpoints: Checkpoints, edges: DataFrame, accounts: DataFrame | None, kind: str) -> DataFrame:
    tables = {"edges": edges}
    query = "select e.source as account_id from {edges} e union select f.target as account_id from {edges} f"
    if accounts is not None:
        tables["others"] = accounts
        query += (
            f" union select cast(o.account_id as {kind}) as account_id from {{others}} o where o.account_id is not null"
        )
    number = "monotonically_increasing_id()" if kind == "string" else "u.account_id"
    return checkpoints.sql(f"select {number} as id, u.account_id from ({query}) u", **tables)


def _numbered(checkpoints: Checkpoints, edges: DataFrame, people: DataFrame, weight: str | None) -> DataFrame:
    column = ", e.weight" if weight else ""
    return checkpoints.sql(
        f"select s.id as source, t.id as target{column} from {{edges}} e "
        "join {people} s on e.source = s.account_id join {people} t on e.target = t.account_id",
        edges=edges,
        people=people,
    )


def _counts(
    checkpoints: Checkpoints, raw: DataFrame, edges: DataFrame, people: DataFrame, weight: str | None
) -> GraphCounts:
    wrong = "count_if(r.weight is null or isnan(r.weight) or r.weight <= 0)" if weight else "0"
    seen = checkpoints.row(
        "select count(*) as n, count_if(r.source is null or r.target is null) as missing, "
        f"count_if(r.source = r.target) as own, {wrong} as wrong from {{raw}} r",
        raw=raw,
    )
    if seen["wrong"]:
        raise InputError(f"{seen['wrong']:,} weights are missing or not above 0.", hint="remove these rows.")
    kept, accounts = edges.count(), people.count()
    repeated = seen["n"] - seen["missing"] - seen["own"] - kept
    return GraphCounts(seen["n"], seen["missing"], seen["own"], repeated, kept, accounts)
