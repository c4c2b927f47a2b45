"""The workspace: one folder, one DuckDB file with the four tables, and the snapshots they came from.

An import runs in one transaction: whatever stops it, the file holds the old state or the new one. Importing
again records what is new and what is gone and keeps the history: a follow that ended keeps its row with
`gone_at`; a follower who comes back gets a new row.

One process at a time may write. Reading opens the file read-only, so several may read at once. A writer holds the lock
file beside the database from opening to closing, also while `forget` replaces the database by a rewritten one.

`forget` deletes in one transaction that also leaves a mark; the file is then written anew without the deleted bytes.
Where that was interrupted, by a kill or a full disk, the next opening finishes it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from headcount.errors import StoreBusy, StoreError, StoreVersion, UsageError
from headcount.incoming import ListCoverage, complete_lists
from headcount.output import new_file, new_folder
from headcount.record import Record
from headcount.safe_text import csv_guarded_sql
from headcount.sources.base import TABLE_PREFIX, Intake, create_incoming, drop_incoming
from headcount.tables import ACCOUNTS, FOLLOWS, INTERACTIONS, PLATFORMS, POSTS, TABLES, Column, Table

if TYPE_CHECKING:
    import duckdb
    from filelock import BaseFileLock

__all__ = ["FILE_NAME", "Imported", "Snapshot", "Store"]

FILE_NAME = "headcount.duckdb"
LOCK_NAME = "headcount.lock"
_HEADER_BYTES = 3 * 4096
"""Of a DuckDB file: three blocks, which are written when it is made."""
_MOST_LIST_LOSS = 0.5
"""A list that lost more than this share of its followers between two imports is taken for a partial list."""


_LATER_COLUMNS = {"sampled", "visibility"}
"""Columns of the four tables that schema version 1 did not have."""


def _create_version_1(con: duckdb.DuckDBPyConnection) -> None:
    for table in TABLES:
        listed = [column for column in table.columns if column.name not in _LATER_COLUMNS]
        columns = ", ".join(f"{column.name} {column.sql_type}" for column in listed)
        extra = ", first_snapshot INTEGER, last_snapshot INTEGER" if table is FOLLOWS else ""
        con.execute(f"CREATE TABLE {table.name} ({columns}{extra})")
    con.execute(
        "CREATE TABLE account_history (account_id VARCHAR, observed_at TIMESTAMP, handle VARCHAR, "
        "followers_count BIGINT, following_count BIGINT, posts_count BIGINT, status VARCHAR, snapshot INTEGER)"
    )
    con.execute(
        "CREATE TABLE snapshots (snapshot INTEGER, source VARCHAR, path VARCHAR, read_at TIMESTAMP, "
        "accounts BIGINT, follows BIGINT, posts BIGINT, interactions BIGINT, skipped BIGINT, whole_lists BOOLEAN)"
    )


def _create_version_2(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("ALTER TABLE follows ADD COLUMN sampled BOOLEAN")
    con.execute("ALTER TABLE snapshots ADD COLUMN account_id VARCHAR")
    con.execute("CREATE TABLE remarks (account_id VARCHAR, topic VARCHAR, text VARCHAR, snapshot INTEGER)")
    # who was forgotten must not come back with the next import; a hash tells who comes, and nobody who went
    con.execute("CREATE TABLE forgotten (account_hash VARCHAR)")


def _create_version_3(con: duckdb.DuckDBPyConnection) -> None:
    # what the user says of an account: real, auto or spam (headcount.labels)
    con.execute("CREATE TABLE labels (account_id VARCHAR, label VARCHAR, labelled_at TIMESTAMP)")


def _create_version_4(con: duckdb.DuckDBPyConnection) -> None:
    # when a whole list was looked at: only who was not in it then cannot have followed before
    con.execute("CREATE TABLE list_looks (side VARCHAR, account_id VARCHAR, began TIMESTAMP)")


def _create_version_5(con: duckdb.DuckDBPyConnection) -> None:
    for table in (POSTS.name, INTERACTIONS.name):
        con.execute(f"ALTER TABLE {table} ADD COLUMN visibility VARCHAR")
    # when an interaction without a time of its own was first seen: it cannot be known to be older
    con.execute("ALTER TABLE interactions ADD COLUMN first_snapshot INTEGER")
    con.execute(
        "CREATE TABLE list_coverage (account_id VARCHAR, list VARCHAR, state VARCHAR, reason VARCHAR, listed BIGINT, "
        "claimed BIGINT, detail VARCHAR, observed_at TIMESTAMP, snapshot INTEGER)"
    )
    _coverage_from_remarks(con)


def _coverage_from_remarks(con: duckdb.DuckDBPyConnection) -> None:
    """Schema 4 kept list facts as sentences; those that earlier versions wrote themselves become typed facts."""
    con.execute(
        """INSERT INTO list_coverage BY NAME
        SELECT r.account_id, 'followers' AS list, s.read_at AS observed_at, r.snapshot,
               CASE WHEN r.text LIKE 'The account hides%' THEN 'hidden' ELSE 'partial' END AS state
        FROM remarks AS r JOIN snapshots AS s USING (snapshot)
        WHERE r.topic = 'followers' AND (r.text LIKE 'The account hides%' OR r.text LIKE '%was not read to its end.%'
              OR r.text LIKE '%was not shown whole.%')"""
    )
    con.execute(
        """INSERT INTO list_coverage BY NAME
        SELECT r.account_id, l.list, 'unknown' AS state, 'own_activity_only' AS reason, s.read_at AS observed_at,
               r.snapshot
        FROM remarks AS r JOIN snapshots AS s USING (snapshot),
             (SELECT unnest(['replies', 'likes', 'reposts', 'quotes']) AS list) AS l
        WHERE r.topic = 'archive'"""
    )
    con.execute(
        """INSERT INTO list_coverage BY NAME
        SELECT k.account_id, CASE k.side WHEN 'followee' THEN 'followers' ELSE 'following' END AS list,
               'complete' AS state, k.began AS observed_at,
               (SELECT max(snapshot) FROM snapshots WHERE read_at >= k.began) AS snapshot
        FROM (SELECT side, account_id, max(began) AS began FROM list_looks WHERE side IN ('followee', 'follower')
              AND account_id IN (SELECT account_id FROM snapshots) GROUP BY ALL) AS k
        ANTI JOIN list_coverage AS c ON c.account_id = k.account_id
              AND c.list = CASE k.side WHEN 'followee' THEN 'followers' ELSE 'following' END"""
    )
    con.execute(
        "DELETE FROM remarks WHERE topic = 'archive' OR (topic = 'followers' AND (text LIKE 'The account hides%' "
        "OR text LIKE '%was not read to its end.%' OR text LIKE '%was not shown whole.%'))"
    )


_MIGRATIONS: tuple[Callable[[duckdb.DuckDBPyConnection], None], ...] = (
    _create_version_1,
    _create_version_2,
    _create_version_3,
    _create_version_4,
    _create_version_5,
)
"""The n-th brings a file from schema version n to n + 1; they are never changed, only added to."""

SCHEMA_VERSION = len(_MIGRATIONS)


@dataclass(frozen=True, repr=False)
class Imported(Record):
    """What one import changed.

    Attributes:
        source: name of the source; path: what was read.
        read: rows read a table; added: rows new to the workspace a table.
        gone: follows that were listed before and are missed now; returned: those that came back.
        skipped: bad rows left out.
        notes: sentences for the user.
    """

    source: str
    path: str
    read: dict[str, int]
    added: dict[str, int]
    gone: int
    returned: int
    skipped: int
    notes: tuple[str, ...]

    def columns(self) -> dict[str, list[Any]]:
        """One row a table: rows read, and rows new to the workspace."""
        return {
            "table": list(self.read),
            "read": list(self.read.values()),
            "added": [self.added.get(table) for table in self.read],
        }

    def summary(self) -> str:
        """Where it came from, and how many rows were new."""
        added = ", ".join(f"{rows:,} {table}" for table, rows in self.added.items())
        return (
            f"from {self.source}: added {added or 'nothing'}; {self.gone:,} follows gone, {self.skipped:,} rows skipped"
        )


@dataclass(frozen=True, repr=False)
class Snapshot(Record):
    """One import: its number, source, path, time (UTC) and rows read a table."""

    number: int
    source: str
    path: str
    read_at: datetime
    rows: dict[str, int]

    def columns(self) -> dict[str, list[Any]]:
        """One row: number, source, path and time, and the rows read a table."""
        facts = {"number": self.number, "source": self.source, "path": self.path, "read_at": self.read_at}
        return {name: [value] for name, value in {**facts, **self.rows}.items()}

    def summary(self) -> str:
        """Number, date, source, and rows read."""
        read = ", ".join(f"{rows:,} {table}" for table, rows in self.rows.items())
        return f"{self.number}, {self.read_at:%Y-%m-%d %H:%M}, {self.source}: {read}"


class Store:
    """The DuckDB file of a workspace.

    Args:
        folder: the workspace; made when it is not there and `write` is true.
        write: open for writing, which only one process can do at a time.

    Raises:
        UsageError: the folder holds no workspace and `write` is false.
        StoreBusy: another process is writing (or reading, where this one wants to write).
        StoreVersion: made by a newer Headcount.
        StoreError: the file is damaged or cannot be written.
    """

    def __init__(self, folder: Path | str, *, write: bool = False) -> None:
        self.folder = Path(folder).expanduser()
        self.path = self.folder / FILE_NAME
        self.write = write
        self._copy: TemporaryDirectory[str] | None = None
        if not write and (not self.path.exists() or _is_unfinished(self.path)):
            raise UsageError(
                f"There is no workspace in {self.folder}.",
                hint="add data first with: headcount add SOURCE, or name another folder with --workspace.",
            )
        self._lock = _lock(self.folder) if write else None
        try:
            self._file = self._working_path()
            self.connection = _connect(self._file, write=write)
            try:
                self._migrate()
                self._finish_forgetting()
            except BaseException:
                self.connection.close()
                raise
        except BaseException:
            self._let_go()
            raise

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self.connection.close()
        if self._copy is not None and self.write:
            with new_file(self.path) as part:
                shutil.copyfile(self._file, part)
        self._let_go()

    def _let_go(self) -> None:
        """Release the lock, and remove the copy that was worked on."""
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _migrate(self) -> None:
        con = self.connection
        version = self._version()
        if version > SCHEMA_VERSION:
            raise StoreVersion(
                f"The workspace {self.folder} has schema version {version}, newer than this one's {SCHEMA_VERSION}.",
                hint="update Headcount: pip install --upgrade headcount",
            )
        if version == SCHEMA_VERSION:
            return
        if not self.write:
            self.connection.close()
            with Store(self.folder, write=True):
                pass
            self.connection = _connect(self._file, write=False)
            return
        with self._transaction():
            con.execute("CREATE TABLE IF NOT EXISTS meta (key VARCHAR, value VARCHAR)")
            for migrate in _MIGRATIONS[version:]:
                migrate(con)
            con.execute("DELETE FROM meta WHERE key = 'schema_version'")
            con.execute("INSERT INTO meta VALUES ('schema_version', ?)", [str(SCHEMA_VERSION)])

    def _version(self) -> int:
        con = self.connection
        known = con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'meta'").fetchone()
        if not known or not known[0]:
            return 0
        row = con.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        return int(row[0]) if row else 0

    def _working_path(self) -> Path:
        """The path that DuckDB opens: the file, or a copy of it where DuckDB cannot open the path itself.

        DuckDB reads a question mark in a path as the start of options. The copy goes back when the store is closed.
        """
        if "?" not in str(self.path.resolve()):
            return self.path
        self._copy = TemporaryDirectory(prefix="headcount-")
        copy = Path(self._copy.name) / FILE_NAME
        if self.path.exists():
            shutil.copyfile(self.path, copy)
        return copy

    def _finish_forgetting(self) -> None:
        """Write the file anew where `forget` was interrupted before that was done; a reader leaves it to a writer."""
        if self.write:
            self._file.with_suffix(_FRESH).unlink(missing_ok=True)
            self._file.with_suffix(f"{_FRESH}.wal").unlink(missing_ok=True)
        if not _count(self.connection, "SELECT count(*) FROM meta WHERE key = $key", key=_REWRITE):
            return
        if self.write:
            self._rewrite()
            return
        self.connection.close()
        with suppress(StoreError):  # busy, or a full disk: what was deleted is not read in any case
            Store(self.folder, write=True).close()
        self.connection = _connect(self._file, write=False)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        import duckdb

        with _as_store_errors(self.path):
            self.connection.execute("BEGIN")
            try:
                yield
                self.connection.execute("COMMIT")
            except BaseException:
                with suppress(duckdb.Error):  # a fatal error has ended the transaction already
                    self.connection.execute("ROLLBACK")
                raise

    # -- imports ------------------------------------------------------------------------------------------

    def ingest(
        self,
        fill: Callable[[duckdb.DuckDBPyConnection], Intake],
        *,
        path: str,
        now: datetime | None = None,
        whole_lists: bool | None = None,
    ) -> Imported:
        """Take in what a source read, in one transaction: all of it or nothing.

        Args:
            fill: fills the incoming tables on the connection that it is given and says what it read.
            path: what was read, for the record.
            now: time of the import (UTC); the clock's where it is not given.
            whole_lists: are the follows whole follower lists? None leaves it to the source.

        Raises:
            BadRows, InputError: from the source; the store is as before.
        """
        from headcount.sources.cleaning import clean

        con = self.connection
        moment = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
        with self._transaction():
            create_incoming(con)
            intake = fill(con)
            notes = [*intake.notes, *clean(con, now=moment, repeats=intake.repeats), *self._leave_out_forgotten()]
            complete = (
                complete_lists(intake.lists, "followers"),
                complete_lists(intake.lists, "following"),
            )
            all_lists = intake.whole_lists if whole_lists is None else whole_lists
            self._find_whole_lists(all_lists, *(complete if whole_lists is None else (frozenset(), frozenset())))
            whole = all_lists or (whole_lists is None and any(complete))
            self._find_looked_at_all(intake.closer_look)
            number = self._record_snapshot(intake, path, moment, whole)
            added = {ACCOUNTS.name: self._merge_latest(ACCOUNTS, number, moment)}
            gone, returned, new, more = self._merge_follows(number, moment, whole=whole, forced=bool(whole_lists))
            added[FOLLOWS.name] = new
            gone += self._look_between(intake.between, moment)
            notes += self._leave_out_taken_posts()
            added[POSTS.name] = self._merge_latest(POSTS, number, moment)
            added[INTERACTIONS.name] = self._merge_interactions(number)
            self._keep_remarks(intake, number)
            self._keep_coverage(intake.lists, number, moment, forced=whole_lists)
            drop_incoming(con)
        return Imported(
            intake.source,
            path,
            dict(intake.rows),
            added,
            gone,
            returned,
            intake.problem_count,
            (*notes, *more),
        )

    def _leave_out_forgotten(self) -> list[str]:
        """Rows of accounts that were forgotten do not come back."""
        con = self.connection
        if not _count(con, "SELECT count(*) FROM forgotten"):
            return []
        left_out = 0
        for table, columns in _WHO.items():
            named = " OR ".join(f"sha256({name}) IN (SELECT account_hash FROM forgotten)" for name in columns)
            left_out += _count(con, f"SELECT count(*) FROM {TABLE_PREFIX}{table} WHERE {named}")
            con.execute(f"DELETE FROM {TABLE_PREFIX}{table} WHERE {named}")
        con.execute(
            f"UPDATE {TABLE_PREFIX}{POSTS.name} SET reply_to_account_id = NULL "
            "WHERE sha256(reply_to_account_id) IN (SELECT account_hash FROM forgotten)"
        )
        return [f"{left_out:,} rows of accounts that were forgotten were left out."] if left_out else []

    def _find_whole_lists(self, whole: bool, followers: frozenset[str], following: frozenset[str]) -> None:
        """Note which lists of the import are complete: in a temporary table, by side and account."""
        con = self.connection
        con.execute(
            "CREATE OR REPLACE TEMP TABLE whole_list "
            "(side VARCHAR, account_id VARCHAR, began TIMESTAMP, seen TIMESTAMP)"
        )
        if whole:
            con.execute(
                "INSERT INTO whole_list SELECT 'followee', followee_id, max(observed_at), max(observed_at) "
                "FROM incoming_follows GROUP BY followee_id"
            )
        else:
            for side, accounts in (("followee", followers), ("follower", following)):
                for account in sorted(accounts):
                    con.execute(
                        f"INSERT INTO whole_list SELECT ?, ?, min(observed_at), max(observed_at) FROM incoming_follows "
                        f"WHERE {side}_id = ?",
                        [side, account, account],
                    )

    def _find_looked_at_all(self, closer_look: bool) -> None:
        """The accounts of which every follower of an earlier sample's list was looked at now, drawn or not.

        Either the list was read to its end, or it holds everyone that the sample was drawn from.
        """
        self.connection.execute(
            """CREATE OR REPLACE TEMP TABLE looked_at_all AS
            SELECT account_id FROM whole_list WHERE side = 'followee' AND $closer_look
            UNION
            SELECT followee_id FROM (
                SELECT o.followee_id, i.follower_id IS NOT NULL AND i.sampled IS NULL AS is_looked_at
                FROM follows AS o LEFT JOIN incoming_follows AS i
                    ON i.follower_id = o.follower_id AND i.followee_id = o.followee_id
                WHERE o.gone_at IS NULL AND o.sampled IS NOT NULL AND $closer_look)
            GROUP BY followee_id HAVING bool_and(is_looked_at)""",
            {"closer_look": closer_look},
        )

    def _keep_remarks(self, intake: Intake, number: int) -> None:
        for remark in intake.remarks:
            self.connection.execute(
                "DELETE FROM remarks WHERE account_id = ? AND topic = ? AND snapshot < ?",
                [remark.account_id, remark.topic, number],
            )
            self.connection.execute(
                "INSERT INTO remarks VALUES (?, ?, ?, ?)", [remark.account_id, remark.topic, remark.text, number]
            )

    def _keep_coverage(
        self, lists: tuple[ListCoverage, ...], number: int, moment: datetime, *, forced: bool | None
    ) -> None:
        """Record how completely each list was read; the statement of the user (`forced`) wins over the source's."""
        con = self.connection
        con.execute("CREATE OR REPLACE TEMP TABLE stated AS FROM list_coverage LIMIT 0")
        rows = [[*astuple(entry)[:-1], _utc(entry.observed_at, moment), number] for entry in lists]
        if rows:
            con.executemany("INSERT INTO stated VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        if forced is not None:
            con.execute(
                "UPDATE stated SET state = ?, reason = NULL WHERE list IN ('followers', 'following')",
                ["complete" if forced else "partial"],
            )
            # of tables that name no list, the statement holds for the list of every followee
            con.execute(
                """INSERT INTO stated BY NAME
                SELECT i.followee_id AS account_id, 'followers' AS list, $state AS state,
                       coalesce(max(i.observed_at), $moment) AS observed_at, $number AS snapshot
                FROM incoming_follows AS i ANTI JOIN stated AS s ON s.account_id = i.followee_id
                AND s.list = 'followers' GROUP BY i.followee_id""",
                {"state": "complete" if forced else "partial", "moment": moment, "number": number},
            )
        con.execute("DELETE FROM stated WHERE sha256(account_id) IN (SELECT account_hash FROM forgotten)")
        con.execute("INSERT INTO list_coverage FROM stated")
        con.execute("DROP TABLE temp.stated")

    def _record_snapshot(self, intake: Intake, path: str, moment: datetime, whole: bool) -> int:
        con = self.connection
        number = _count(con, "SELECT coalesce(max(snapshot), 0) + 1 FROM snapshots")
        rows = [intake.rows.get(table.name, 0) for table in TABLES]
        con.execute(
            "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [number, intake.source, path, moment, *rows, intake.problem_count, whole, intake.account_id],
        )
        return number

    def _merge_latest(self, table: Table, number: int, moment: datetime) -> int:
        """Merge a table with one row a key: what was seen last wins, column by column, and null never wins."""
        con = self.connection
        key = table.key[0]
        incoming = TABLE_PREFIX + table.name
        before = _count(con, f"SELECT count(*) FROM {table.name}")
        if before:
            newer = "coalesce(i.observed_at, $moment) >= coalesce(o.observed_at, TIMESTAMP '0001-01-01')"
            sets = ", ".join(
                f"{name} = CASE WHEN {newer} THEN coalesce(i.{name}, o.{name}) ELSE coalesce(o.{name}, i.{name}) END"
                for name in table.names
                if name != key
            )
            con.execute(
                f"UPDATE {table.name} AS o SET {sets} FROM {incoming} AS i WHERE o.{key} = i.{key}",
                {"moment": moment},
            )
        con.execute(
            f"INSERT INTO {table.name} BY NAME SELECT i.* FROM {incoming} AS i "
            f"ANTI JOIN {table.name} AS o ON o.{key} = i.{key}"
        )
        if table is ACCOUNTS:
            con.execute(
                "INSERT INTO account_history BY NAME SELECT account_id, coalesce(observed_at, ?) AS observed_at, "
                f"handle, followers_count, following_count, posts_count, status, {number} AS snapshot FROM {incoming}",
                [moment],
            )
        return _count(con, f"SELECT count(*) FROM {table.name}") - before

    def _leave_out_taken_posts(self) -> list[str]:
        """A post keeps its author: one of the same id by somebody else is another post, and is left out."""
        con = self.connection
        taken = "FROM incoming_posts AS i USING posts AS o WHERE o.post_id = i.post_id AND o.author_id <> i.author_id"
        found = _count(con, f"SELECT count(*) {taken.replace(' USING posts AS o WHERE', ' JOIN posts AS o ON')}")
        if not found:
            return []
        con.execute(f"DELETE {taken}")
        return [
            f"{found:,} posts have the id of a post by somebody else that is already there, and were left out: give "
            "posts of different platforms ids of their own."
        ]

    def _merge_interactions(self, number: int) -> int:
        con = self.connection
        incoming = TABLE_PREFIX + INTERACTIONS.name
        before = _count(con, "SELECT count(*) FROM interactions")
        fresh = f"FROM {incoming} AS i"
        if before:
            self._join_touches()
            same = " AND ".join(f"o.{name} IS NOT DISTINCT FROM i.{name}" for name in INTERACTIONS.key)
            fresh += f" ANTI JOIN interactions AS o ON {same}"
        con.execute(f"INSERT INTO interactions BY NAME SELECT i.*, {number} AS first_snapshot {fresh}")
        return _count(con, "SELECT count(*) FROM interactions") - before

    def _join_touches(self) -> None:
        """One account likes or reposts a post once: the same touch, known before with or without its time, is one."""
        con = self.connection
        same = (
            "o.actor_id = i.actor_id AND o.kind = i.kind AND o.post_id = i.post_id "
            "AND i.kind IN ('like', 'repost') AND o.created_at IS DISTINCT FROM i.created_at"
        )
        con.execute(
            "UPDATE interactions AS o SET created_at = i.created_at FROM (SELECT actor_id, kind, post_id, "
            "min(created_at) AS created_at FROM incoming_interactions WHERE created_at IS NOT NULL GROUP BY ALL) AS i "
            f"WHERE {same} AND o.created_at IS NULL"
        )
        con.execute(f"DELETE FROM incoming_interactions AS i USING interactions AS o WHERE {same}")

    def _merge_follows(
        self, number: int, moment: datetime, *, whole: bool, forced: bool
    ) -> tuple[int, int, int, list[str]]:
        """Merge the follows; gives how many are gone, came back, are new, and notes."""
        con = self.connection
        notes: list[str] = []
        gone = returned = 0
        before = _count(con, "SELECT count(*) FROM follows")
        if before:
            if whole:
                gone, notes = self._mark_gone(self._observed(moment), forced=forced)
                doubtful = self._doubt_dates()
                if doubtful:
                    notes.append(
                        f"{doubtful:,} follows give a date before the last look at the list, which did not have them: "
                        "their time is taken as unknown."
                    )
            returned = self._update_standing(number)
            self._end_outdated_follows(moment)
        con.execute("INSERT INTO list_looks SELECT side, account_id, coalesce(began, ?) FROM whole_list", [moment])
        known = (
            "WHERE NOT EXISTS (FROM follows AS o WHERE o.follower_id = i.follower_id AND o.followee_id = i.followee_id "
            f"AND (o.last_snapshot = {number} OR i.gone_at IS NOT NULL OR o.gone_at > i.observed_at))"
        )
        con.execute(
            f"INSERT INTO follows BY NAME SELECT i.*, {number} AS first_snapshot, {number} AS last_snapshot "
            f"FROM incoming_follows AS i {known if before else ''}"
        )
        return gone, returned, _count(con, "SELECT count(*) FROM follows") - before - returned, notes

    def _look_between(self, accounts: frozenset[str], moment: datetime) -> int:
        """Note that all follows among some accounts were read; gives how many that were known are gone."""
        if not accounts:
            return 0
        con = self.connection
        con.execute("CREATE OR REPLACE TEMP TABLE among (account_id VARCHAR)")
        con.executemany("INSERT INTO among VALUES (?)", [[account] for account in sorted(accounts)])
        gone = con.execute(
            """UPDATE follows AS o SET gone_at = ? WHERE o.gone_at IS NULL
            AND o.follower_id IN (FROM among) AND o.followee_id IN (FROM among)
            AND NOT EXISTS (FROM incoming_follows AS i
                WHERE i.follower_id = o.follower_id AND i.followee_id = o.followee_id)""",
            [moment],
        ).fetchall()
        con.execute(
            "INSERT INTO list_looks SELECT 'between', account_id, ? FROM among "
            "WHERE sha256(account_id) NOT IN (SELECT account_hash FROM forgotten)",
            [moment],
        )
        con.execute("DROP TABLE temp.among")
        return int(gone[0][0])

    def _observed(self, moment: datetime) -> datetime:
        """When the incoming data was seen, as far as any of it says; else the time of the import."""
        row = self.connection.execute(
            "SELECT max(t) FROM (SELECT max(observed_at) AS t FROM incoming_accounts "
            "UNION ALL SELECT max(observed_at) FROM incoming_posts)"
        ).fetchone()
        return row[0] if row and row[0] is not None else moment

    def _mark_gone(self, moment: datetime, *, forced: bool) -> tuple[int, list[str]]:
        """Set gone_at for follows missing from a newer whole list; a list cut to less than half is not believed."""
        con = self.connection
        con.execute(
            """CREATE OR REPLACE TEMP TABLE missing AS
            SELECT DISTINCT w.side, w.account_id, o.follower_id, o.followee_id, coalesce(w.seen, $moment) AS seen
            FROM follows AS o JOIN whole_list AS w
              ON w.account_id = CASE w.side WHEN 'followee' THEN o.followee_id ELSE o.follower_id END
            ANTI JOIN incoming_follows AS i ON i.followee_id = o.followee_id AND i.follower_id = o.follower_id
            WHERE o.gone_at IS NULL
              AND coalesce(w.began, $moment) >= coalesce(o.observed_at, TIMESTAMP '0001-01-01')""",
            {"moment": moment},
        )
        con.execute(
            """CREATE OR REPLACE TEMP TABLE list_change AS
            SELECT m.side, m.account_id, count(*) AS lost,
                   (SELECT count(*) FROM follows AS s WHERE s.gone_at IS NULL AND m.account_id =
                        CASE m.side WHEN 'followee' THEN s.followee_id ELSE s.follower_id END) AS stood
            FROM missing AS m GROUP BY 1, 2"""
        )
        notes: list[str] = []
        if not forced:
            cut = con.execute(
                "SELECT side, account_id, stood, stood - lost FROM list_change WHERE stood >= 10 AND lost > stood * ? "
                "ORDER BY stood DESC",
                [_MOST_LIST_LOSS],
            ).fetchall()
            notes = [
                f"The list of {who} shrank from {stood:,} {'followers' if side == 'followee' else 'accounts followed'} "
                f"to {left:,} and is taken for a partial one: nobody was marked as gone (--complete says that it is "
                "whole)."
                for side, who, stood, left in cut[:3]
            ]
            for side, who, *_ in cut:
                con.execute("DELETE FROM missing WHERE side = ? AND account_id = ?", [side, who])
        gone = _count(con, "SELECT count(DISTINCT (follower_id, followee_id)) FROM missing")
        con.execute(
            """UPDATE follows AS o SET gone_at = m.seen FROM missing AS m
            WHERE o.followee_id = m.followee_id AND o.follower_id = m.follower_id AND o.gone_at IS NULL"""
        )
        con.execute("DROP TABLE temp.list_change")
        con.execute("DROP TABLE temp.missing")
        return gone, notes

    def _doubt_dates(self) -> int:
        """A follow that an earlier whole list did not have is no older than that list, whatever date it gives.

        The date is the follower's own word. It may be false, or the account was away when the list was read; so the
        follow lies somewhere between the two.
        """
        con = self.connection
        con.execute(
            """CREATE OR REPLACE TEMP TABLE doubtful AS
            SELECT i.follower_id, i.followee_id FROM incoming_follows AS i
            JOIN (SELECT account_id AS followee_id, max(began) AS seen FROM list_looks
                  WHERE side = 'followee' GROUP BY 1) AS f USING (followee_id)
            SEMI JOIN whole_list AS w ON w.side = 'followee' AND w.account_id = i.followee_id
            ANTI JOIN follows AS o ON o.followee_id = i.followee_id AND o.follower_id = i.follower_id
            WHERE i.followed_at < f.seen"""
        )
        con.execute(
            """UPDATE incoming_follows AS i SET followed_after = coalesce(followed_after, followed_at),
                followed_before = coalesce(followed_before, observed_at), followed_at = NULL
            FROM doubtful AS d WHERE d.follower_id = i.follower_id AND d.followee_id = i.followee_id"""
        )
        found = _count(con, "SELECT count(*) FROM doubtful")
        con.execute("DROP TABLE temp.doubtful")
        return found

    def _end_outdated_follows(self, moment: datetime) -> None:
        """A follow that an older list holds and a newer complete list does not has ended before the newer one.

        Newer are the lists that were collected, or stated to be complete; tables that are only presumed to hold
        complete lists end the follows of older tables of the same lists, and no others.
        """
        self.connection.execute(
            """UPDATE incoming_follows AS i SET gone_at = k.missed FROM (
                WITH complete_look AS (
                    SELECT * FROM list_looks SEMI JOIN (
                        SELECT side, account_id FROM whole_list UNION
                        SELECT CASE list WHEN 'followers' THEN 'followee' ELSE 'follower' END AS side, account_id
                        FROM list_coverage WHERE list IN ('followers', 'following') AND state = 'complete')
                    USING (side, account_id)),
                fresh AS (
                    SELECT follower_id, followee_id, coalesce(observed_at, $moment) AS seen FROM incoming_follows AS f
                    ANTI JOIN follows AS o ON o.follower_id = f.follower_id AND o.followee_id = f.followee_id
                    WHERE gone_at IS NULL)
                SELECT follower_id, followee_id, min(began) AS missed FROM (
                    SELECT f.follower_id, f.followee_id, l.began FROM fresh AS f
                    JOIN complete_look AS l
                        ON l.side = 'followee' AND l.account_id = f.followee_id AND l.began > f.seen
                    UNION ALL
                    SELECT f.follower_id, f.followee_id, l.began FROM fresh AS f
                    JOIN complete_look AS l
                        ON l.side = 'follower' AND l.account_id = f.follower_id AND l.began > f.seen)
                GROUP BY ALL) AS k
            WHERE i.follower_id = k.follower_id AND i.followee_id = k.followee_id""",
            {"moment": moment},
        )

    def _update_standing(self, number: int) -> int:
        """Follows that still stand are renewed; gives how many of the incoming come back after having gone."""
        con = self.connection
        newer = "coalesce(i.observed_at, o.observed_at) IS NOT DISTINCT FROM greatest(i.observed_at, o.observed_at)"
        later = ", ".join(
            f"{name} = CASE WHEN {newer} THEN coalesce(i.{name}, o.{name}) ELSE coalesce(o.{name}, i.{name}) END"
            for name in ("followed_after", "followed_before", "position")
        )
        later += f", gone_at = CASE WHEN {newer} THEN i.gone_at END"
        # a newer complete list of which all followers were looked at leaves nobody out as not drawn
        later += (
            f", sampled = CASE WHEN NOT ({newer}) THEN coalesce(o.sampled, i.sampled) WHEN i.sampled IS NULL AND "
            "i.followee_id IN (SELECT account_id FROM looked_at_all) THEN NULL ELSE coalesce(i.sampled, o.sampled) END"
        )
        con.execute(
            f"""UPDATE follows AS o SET {later}, followed_at = CASE
                    WHEN o.followed_at IS NULL AND i.followed_at = o.followed_after THEN NULL  -- doubted before
                    WHEN {newer} THEN coalesce(i.followed_at, o.followed_at)
                    ELSE coalesce(o.followed_at, i.followed_at) END, last_snapshot = {number},
                observed_at = greatest(i.observed_at, o.observed_at)
            FROM incoming_follows AS i
            WHERE o.follower_id = i.follower_id AND o.followee_id = i.followee_id AND o.gone_at IS NULL"""
        )
        return _count(
            con,
            f"""SELECT count(*) FROM incoming_follows AS i WHERE i.gone_at IS NULL
            AND EXISTS (FROM follows AS o WHERE o.follower_id = i.follower_id AND o.followee_id = i.followee_id)
            AND NOT EXISTS (FROM follows AS o WHERE o.follower_id = i.follower_id AND o.followee_id = i.followee_id
                            AND (o.last_snapshot = {number} OR o.gone_at > i.observed_at))""",
        )

    # -- what is there ------------------------------------------------------------------------------------

    def snapshots(self) -> list[Snapshot]:
        """Every import, oldest first."""
        rows = self.connection.execute(
            "SELECT snapshot, source, path, read_at, accounts, follows, posts, interactions FROM snapshots ORDER BY 1"
        ).fetchall()
        return [
            Snapshot(n, source, path, read_at.replace(tzinfo=UTC), dict(zip(_TABLE_NAMES, counts, strict=True)))
            for n, source, path, read_at, *counts in rows
        ]

    def collected(self) -> list[str]:
        """The accounts that were collected from a platform, by id."""
        rows = self.connection.execute(
            "SELECT DISTINCT account_id FROM snapshots WHERE account_id IS NOT NULL ORDER BY 1"
        )
        return [account_id for (account_id,) in rows.fetchall()]

    def export(
        self,
        folder: Path,
        *,
        format: str = "parquet",
        replace: bool = False,
        select: Mapping[str, Sequence[str]] | None = None,
    ) -> dict[str, int]:
        """Write the four tables as tidy tables, and give the rows of each.

        The rows stand in no particular order: sorting 10 million interactions takes five times as long as writing them.

        Args:
            folder: made when it is not there.
            format: parquet, csv or csv.gz or jsonl.
            replace: files of the same name may be replaced.
            select: names of tables to their columns, in order; other tables are not written. None for all.

        Raises:
            UsageError: an unknown format, or files that would be replaced.
        """
        options = {
            "parquet": "(FORMAT parquet, COMPRESSION zstd)",
            "csv": "(FORMAT csv, HEADER)",
            "csv.gz": "(FORMAT csv, HEADER, COMPRESSION gzip)",
            "jsonl": "(FORMAT json)",
        }
        if format not in options:
            raise UsageError(f"Tidy tables cannot be written as {format!r}.", hint=f"one of {', '.join(options)}")
        chosen = [table for table in TABLES if select is None or table.name in select]
        there = [f"{table.name}.{format}" for table in chosen if (folder / f"{table.name}.{format}").exists()]
        if there and not replace:
            raise UsageError(
                f"{folder} already holds {there[0]}.", hint="name another folder, or allow it with --replace."
            )
        counts = {}
        with new_folder(folder) as part, _as_store_errors(self.path):
            for table in chosen:
                by_name = {column.name: column for column in table.columns}
                names = by_name if select is None else select[table.name]
                columns = ", ".join(_exported(by_name[name], format) for name in names)
                target = str(part / f"{table.name}.{format}").replace("'", "''")
                self.connection.execute(f"COPY (SELECT {columns} FROM {table.name}) TO '{target}' {options[format]}")
                counts[table.name] = _count(self.connection, f"SELECT count(*) FROM {table.name}")
        return counts

    def handle_of(self, account_id: str) -> str | None:
        """The handle that an account was last seen with; None where it is not known."""
        row = self.connection.execute("SELECT handle FROM accounts WHERE account_id = ?", [account_id]).fetchone()
        return row[0] if row else None

    def forget(self, account_id: str) -> dict[str, int]:
        """Delete all that is known of an account from every table, and give the rows deleted a table.

        The handle is also taken out of texts, bios and links of others.

        Raises:
            StoreError: the disk is full; the rows are deleted, and the next opening finishes the rewriting.
        """
        con = self.connection
        handle = self.handle_of(account_id)
        where = {
            "accounts": "account_id = $id",
            "account_history": "account_id = $id",
            "follows": "follower_id = $id OR followee_id = $id",
            "posts": "author_id = $id",
            "interactions": "actor_id = $id OR target_id = $id",
        }
        deleted = {}
        with self._transaction():
            for table, condition in where.items():
                deleted[table] = _count(con, f"SELECT count(*) FROM {table} WHERE {condition}", id=account_id)
                con.execute(f"DELETE FROM {table} WHERE {condition}", {"id": account_id})
            con.execute("DELETE FROM remarks WHERE account_id = ?", [account_id])
            con.execute("DELETE FROM labels WHERE account_id = ?", [account_id])
            con.execute("DELETE FROM list_looks WHERE account_id = ?", [account_id])
            con.execute("DELETE FROM list_coverage WHERE account_id = ?", [account_id])
            con.execute("UPDATE snapshots SET account_id = NULL, path = 'forgotten' WHERE account_id = ?", [account_id])
            con.execute(
                "UPDATE posts SET reply_to_account_id = NULL WHERE reply_to_account_id = $id",
                {"id": account_id},
            )
            # The ids of Bluesky's posts hold the account's own.
            held = f"://{account_id.partition(':')[2]}/"
            for column in ("reply_to_post_id", "root_post_id"):
                con.execute(f"UPDATE posts SET {column} = NULL WHERE contains({column}, ?)", [held])
            self._take_out_handle(account_id, handle)
            con.execute("INSERT INTO forgotten VALUES (sha256(?))", [account_id])
            if handle:  # the same command again, by the handle, is then no wrong use
                con.execute("INSERT INTO forgotten VALUES (sha256(lower(?)))", [handle])
            con.execute("INSERT INTO meta VALUES (?, 'true')", [_REWRITE])
        self._rewrite()
        return deleted

    def _take_out_handle(self, account_id: str, handle: str | None) -> None:
        """Replace the handle of an account, and addresses of its profile, in what others wrote."""
        platform, _, name = account_id.partition(":")
        pattern = handle_pattern(platform, name, handle)
        if pattern is None:
            return
        for table, column in (("posts", "text"), ("accounts", "bio"), ("accounts", "website")):
            self.connection.execute(
                f"UPDATE {table} SET {column} = regexp_replace({column}, $1, '[forgotten]', 'gi') "
                f"WHERE regexp_matches({column}, $1, 'i')",
                [pattern],
            )

    def was_forgotten(self, name: str) -> bool:
        """Was an account of this id or handle forgotten before?"""
        asked = name.strip().removeprefix("@")
        forms = [asked, asked.lower(), *(f"{platform}:{asked}" for platform in PLATFORMS)]
        return bool(
            _count(
                self.connection,
                "SELECT count(*) FROM forgotten WHERE account_hash IN (SELECT sha256(unnest($forms)))",
                forms=forms,
            )
        )

    def remember(self, account_id: str) -> None:
        """Take rows of an account in again that was forgotten."""
        self.connection.execute("DELETE FROM forgotten WHERE account_hash = sha256(?)", [account_id])

    def _rewrite(self) -> None:
        """Write the whole file anew, so that nothing of what was deleted is left in it."""
        fresh = self._file.with_suffix(_FRESH)
        fresh.unlink(missing_ok=True)
        name = self._file.stem
        target = str(fresh).replace("'", "''")
        with _as_store_errors(self.path):
            self.connection.execute("CHECKPOINT")  # no log of the old file may be left beside the new one
            self.connection.execute(f"ATTACH '{target}' AS fresh_file")
            try:
                self.connection.execute(f"COPY FROM DATABASE {name} TO fresh_file")
                self.connection.execute("DELETE FROM fresh_file.meta WHERE key = ?", [_REWRITE])
            finally:
                self.connection.execute("DETACH fresh_file")
        self.connection.close()
        self._file.with_suffix(".duckdb.wal").unlink(missing_ok=True)
        fresh.replace(self._file)
        self.connection = _connect(self._file, write=True)


def _exported(column: Column, format: str) -> str:
    """SQL of a column as it is exported: in text, times name their zone and an empty list is not an unknown one.

    In CSV, text that begins like a formula stands behind an apostrophe, which the import takes away again.
    """
    name = column.name
    if "csv" in format and column.is_free_text:
        text = name
        if column.type == "texts":
            text = f"CASE len({name}) WHEN 0 THEN '[]' ELSE array_to_string({name}, ';') END"
        return f"{csv_guarded_sql(text, number_is_safe=name.endswith('_id'))} AS {name}"
    if column.type == "timestamp" and format != "parquet":
        return f"strftime({name}, '%Y-%m-%dT%H:%M:%S.%fZ') AS {name}"
    return name


_FRESH = ".fresh"
"""Ending of the rewritten database until it takes the place of the old one."""
_REWRITE = "rewrite"
"""Key in `meta`: rows were deleted for good, and the file still holds their bytes."""


def handle_pattern(platform: str, name: str, handle: str | None) -> str | None:
    """A regular expression (RE2) for an account's handle and profile addresses in texts; None without a handle.

    A handle that is an ordinary word counts only behind an @ or in the address of a profile.
    """
    if platform == "mastodon":
        user, _, server = name.partition("@")
        user, server = re.escape(user), re.escape(server)
        forms = [rf"@{user}(?:@{server})?", rf"{user}@{server}", rf"https?://{server}/(?:@|users/){user}"]
    elif handle and platform == "bluesky" and "." in handle:
        forms = [rf"(?:https?://bsky\.app/profile/|@)?{re.escape(handle)}"]
    elif handle:
        forms = [rf"(?:https?://)?(?:www\.)?(?:x|twitter)\.com/{re.escape(handle)}", rf"@{re.escape(handle)}"]
    else:
        return None
    return rf"(?:{'|'.join(forms)})\b"


_WHO = {
    "accounts": ("account_id",),
    "follows": ("follower_id", "followee_id"),
    "posts": ("author_id",),
    "interactions": ("actor_id", "target_id"),
}
"""Table -> its columns that name an account whose row it is."""
_TABLE_NAMES = tuple(table.name for table in TABLES)


def _lock(folder: Path) -> BaseFileLock:
    """The lock that one writer of a workspace holds.

    Raises:
        StoreBusy: another process holds it.
        StoreError: the folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    path, holder = folder / LOCK_NAME, ""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(path, timeout=0)
        lock.acquire()
        with suppress(OSError):  # for the message of others only
            path.write_text(str(os.getpid()))
    except Timeout:
        with suppress(OSError):
            holder = path.read_text().strip()
        by = f" (process {holder})" if holder.isdigit() else ""
        raise StoreBusy(
            f"Another process{by} has the workspace {folder} open.",
            hint="wait until it has finished, or use another folder with --workspace.",
        ) from None
    except OSError as error:
        raise StoreError(
            f"The workspace {folder} cannot be written to: {error.strerror or error}.",
            hint="check the folder and its permissions, or name another folder with --workspace.",
        ) from None
    return lock


@contextmanager
def _as_store_errors(path: Path) -> Iterator[None]:
    """Failures of the database that come from the machine (a full disk, too little memory, damage) as StoreError."""
    import duckdb

    try:
        yield
    except (duckdb.IOException, duckdb.OutOfMemoryException, duckdb.FatalException, duckdb.InternalException) as error:
        raise StoreError(
            f"The workspace {path.parent} could not be written: {str(error).splitlines()[0]}",
            hint="free disk space or memory and run the same command again; what was stored before is kept.",
        ) from None


def _is_unfinished(path: Path) -> bool:
    """Is this a file of DuckDB that never got its headers, and so holds nothing?"""
    return path.is_file() and path.stat().st_size < _HEADER_BYTES


def _connect(path: Path, *, write: bool) -> duckdb.DuckDBPyConnection:
    import duckdb

    try:
        if write:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_unfinished(path):  # made when the disk was full, or by a process that was killed at once
                path.unlink(missing_ok=True)
        connection = duckdb.connect(str(path), read_only=not write)
        connection.execute("SET TimeZone = 'UTC'")
    except duckdb.IOException as error:
        text = str(error)
        if "lock" in text:
            pid = text.partition("(PID ")[2].partition(")")[0]
            by = f" (process {pid})" if pid.isdigit() else ""
            raise StoreBusy(
                f"Another process{by} has the workspace {path.parent} open.",
                hint="wait until it has finished, or use another folder with --workspace.",
            ) from None
        if write and _is_unfinished(path):
            path.unlink(missing_ok=True)
        raise StoreError(
            f"{path} cannot be opened as a workspace: {text.splitlines()[0]}",
            hint="move the file away and add the data again, or name another folder with --workspace.",
        ) from None
    except (duckdb.Error, OSError) as error:
        raise StoreError(
            f"{path} cannot be opened as a workspace: {str(error).splitlines()[0]}",
            hint="check the folder and its permissions, or name another folder with --workspace.",
        ) from None
    return connection


def _utc(text: str | None, otherwise: datetime) -> datetime:
    """An ISO 8601 time as UTC without a zone, as the store keeps it."""
    if text is None:
        return otherwise
    time = datetime.fromisoformat(text)
    return time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time


def _count(con: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> int:
    row = con.execute(sql, parameters or None).fetchone()
    return int(row[0]) if row else 0
