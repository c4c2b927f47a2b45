"""The workspace: one folder, one DuckDB file with the four tables, and the snapshots they came from.

An import runs in one transaction: whatever stops it, the file holds the old state or the new one. Importing
again records what is new and what is gone and keeps the history: a follow that ended keeps its row with
`gone_at`; a follower who comes back gets a new row.

One process at a time may write, on a copy that it publishes when it closes (`headcount.store.published`); any number
may read the published file in the meantime. A writer holds the lock file beside the database from opening to closing.

`forget` deletes in one transaction that also leaves a mark; the file is then written anew without the deleted bytes.
Where that was interrupted, by a kill or a full disk, the next opening finishes it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from headcount.errors import StoreError, StoreVersion, UsageError
from headcount.incoming import ReadResult, complete_lists, create_incoming, drop_incoming
from headcount.store.connection import FILE_NAME, _as_store_errors, _connect, _give_back, _lock, is_unfinished
from headcount.store.export import write_tables
from headcount.store.merge import Merge, _count
from headcount.store.migrations import _MIGRATIONS, SCHEMA_VERSION
from headcount.store.published import begin_copy, discard, publish, state_of, working_path
from headcount.store.results import Imported, Snapshot
from headcount.store.verdicts import remove_verdicts
from headcount.support.output import new_file
from headcount.support.sql import literal
from headcount.tables import ACCOUNTS, FOLLOWS, INTERACTIONS, POSTS, TABLE, TABLES

if TYPE_CHECKING:
    import duckdb

__all__ = ["Store"]


class Store:
    """The DuckDB file of a workspace.

    Args:
        folder: the workspace; made when it is not there and `write` is true.
        write: open a copy for writing, which only one process can do at a time; `close` publishes it.

    Raises:
        UsageError: the folder holds no workspace and `write` is false.
        StoreBusy: another process is writing, and `write` is true.
        StoreVersion: made by a newer Headcount.
        StoreError: the file is damaged or cannot be written.
    """

    def __init__(self, folder: Path | str, *, write: bool = False) -> None:
        self.folder = Path(folder).expanduser()
        self.path = self.folder / FILE_NAME
        self.write = write
        self._copy: TemporaryDirectory[str] | None = None
        if not write and (not self.path.exists() or is_unfinished(self.path)):
            raise UsageError(
                f"There is no workspace in {self.folder}.",
                hint="add data first with: headcount add SOURCE, or name another folder with --workspace.",
            )
        self._lock = _lock(self.folder) if write else None
        try:
            self._open()
            try:
                self._migrate()
                self._finish_forgetting()
            except BaseException:
                self._disconnect()
                raise
        except BaseException:
            self._let_go()
            raise

    def _open(self) -> None:
        """Connect to the published file, or to a new copy of it where this is the writer."""
        self._file = self._working_path()
        self._begun = state_of(self._file) if self.write else None
        self.connection, self._instance = _connect(self._file, write=self.write)

    def close(self) -> None:
        """Close the file, and publish what was written; a second call does nothing.

        Raises:
            StoreError: the disk is full; the published state is as before.
        """
        try:
            self._publish()
        finally:
            self._disconnect()
            self._let_go()

    def _disconnect(self) -> None:
        self.connection.close()
        instance, self._instance = self._instance, None
        if instance is not None:
            _give_back(instance)

    def _publish(self) -> None:
        """Make what was written the state that readers open."""
        import duckdb

        if not self.write or self._lock is None or not self._lock.is_locked:
            return
        with _as_store_errors(self.path):
            if self._begun is not None and state_of(self._file) == self._begun:
                return
            with suppress(duckdb.ConnectionException):  # closed already, by an attempt that was interrupted
                self.connection.execute("CHECKPOINT")
            self.connection.close()
        if self._copy is None:
            publish(self._file, self.path)
            return
        with new_file(self.path) as part:
            shutil.copyfile(self._file, part)

    def _let_go(self) -> None:
        """Remove the copy that was worked on, and release the lock."""
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None
        elif self.write:
            discard(working_path(self.folder))
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
            self._disconnect()
            with Store(self.folder, write=True):
                pass
            self._open()
            return
        with self._transaction():
            con.execute("CREATE TABLE IF NOT EXISTS meta (key VARCHAR, value VARCHAR)")
            for migrate in _MIGRATIONS[version:]:
                migrate(con)
            con.execute("DELETE FROM meta WHERE key = 'schema_version'")
            con.execute("INSERT INTO meta VALUES ('schema_version', ?)", [str(SCHEMA_VERSION)])

    def _version(self) -> int:
        import duckdb

        try:  # looking the table up in the catalogue first takes as long as opening the file
            row = self.connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
        except duckdb.CatalogException:
            return 0
        return int(row[0]) if row else 0

    def _working_path(self) -> Path:
        """The path that DuckDB opens: the published file, the writer's copy, or a copy elsewhere.

        DuckDB reads a question mark in a path as the start of options; such a copy goes back when it is published.
        """
        if "?" not in str(self.path.resolve()):
            return begin_copy(self.folder) if self.write else self.path
        self._copy = self._copy or TemporaryDirectory(prefix="headcount-")
        copy = Path(self._copy.name) / FILE_NAME
        if self.path.exists() and not is_unfinished(self.path):
            shutil.copyfile(self.path, copy)
        return copy

    def _finish_forgetting(self) -> None:
        """Write the file anew where `forget` was interrupted before that was done; a reader leaves it to a writer."""
        if self.write:
            discard(self._file.with_name(_FRESH_NAME))
        if not _count(self.connection, "SELECT count(*) FROM meta WHERE key = $key", key=_REWRITE):
            return
        if self.write:
            self._rewrite()
            return
        self._disconnect()
        with suppress(StoreError):  # busy, or a full disk: what was deleted is not read in any case
            Store(self.folder, write=True).close()
        self._open()

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
        fill: Callable[[duckdb.DuckDBPyConnection], ReadResult],
        *,
        path: str,
        now: datetime | None = None,
        whole_lists: bool | None = None,
        platforms: Collection[str] | None = None,
    ) -> Imported:
        """Take in what a source read, in one transaction: all of it or nothing.

        Args:
            fill: fills the incoming tables on the connection that it is given and says what it read.
            path: what was read, for the record.
            now: time of the import (UTC); the clock's where it is not given.
            whole_lists: are the follows whole follower lists? None leaves it to the source.
            platforms: words that stand before ids as their platform; None: any short lower-case word.

        Raises:
            BadRows, InputError: from the source; the store is as before.
        """
        from headcount.store.cleaning import clean

        con = self.connection
        merge = Merge(con)
        moment = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None)
        with self._transaction():
            create_incoming(con)
            intake = fill(con)
            cleaned = clean(con, now=moment, repeats=intake.repeats, platforms=platforms)
            notes = [*intake.notes, *cleaned, *merge.leave_out_forgotten()]
            complete = (
                complete_lists(intake.lists, "followers"),
                complete_lists(intake.lists, "following"),
            )
            all_lists = intake.whole_lists if whole_lists is None else whole_lists
            merge.find_complete_lists(all_lists, *(complete if whole_lists is None else (frozenset(), frozenset())))
            whole = all_lists or (whole_lists is None and any(complete))
            merge.find_looked_at_all(intake.closer_look)
            number = merge.record_snapshot(intake, path, moment, whole)
            added = {ACCOUNTS.name: merge.merge_latest(ACCOUNTS, number, moment)}
            gone, returned, new, more = merge.merge_follows(number, moment, whole=whole, forced=bool(whole_lists))
            added[FOLLOWS.name] = new
            gone += merge.record_pairwise_observation(intake.between, moment)
            notes += merge.leave_out_taken_posts()
            added[POSTS.name] = merge.merge_latest(POSTS, number, moment)
            added[INTERACTIONS.name] = merge.merge_interactions(number)
            merge.keep_remarks(intake, number)
            merge.keep_coverage(intake.lists, number, moment, forced=whole_lists)
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
        with _as_store_errors(self.path):
            return write_tables(self.connection, folder, format, replace=replace, select=select)

    def handle_of(self, account_id: str) -> str | None:
        """The handle that an account was last seen with; None where it is not known."""
        row = self.connection.execute("SELECT handle FROM accounts WHERE account_id = ?", [account_id]).fetchone()
        return row[0] if row else None

    def forget(self, account_id: str, *, text_pattern: str | None = None) -> dict[str, int]:
        """Delete all that is known of an account from every table, and give the rows deleted a table.

        The handle is also taken out of texts, bios and links of others.

        Args:
            account_id: the account.
            text_pattern: a regular expression (RE2) for its handle and the addresses of its profile in texts; None:
                the handle behind an @, and at the end of any address.

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
            # On some platforms the ids of posts hold the id of the account.
            held = f"://{account_id.partition(':')[2]}/"
            for column in ("reply_to_post_id", "root_post_id"):
                con.execute(f"UPDATE posts SET {column} = NULL WHERE contains({column}, ?)", [held])
            self._take_out_handle(text_pattern or _general_pattern(handle))
            con.execute("INSERT INTO forgotten VALUES (sha256(?))", [account_id])
            if handle:  # the same command again, by the handle, is then no wrong use
                con.execute("INSERT INTO forgotten VALUES (sha256(lower(?)))", [handle])
            con.execute("INSERT INTO meta VALUES (?, 'true')", [_REWRITE])
        self._publish()  # with the mark: where this is interrupted here, the next opening finishes it
        self._open()
        self._rewrite()
        self._publish()
        self._open()
        return deleted

    def _take_out_handle(self, pattern: str | None) -> None:
        """Replace the handle of an account, and addresses of its profile, in what others wrote."""
        if pattern is None:
            return
        for table, column in (("posts", "text"), ("accounts", "bio"), ("accounts", "website")):
            self.connection.execute(
                f"UPDATE {table} SET {column} = regexp_replace({column}, $1, '[forgotten]', 'gi') "
                f"WHERE regexp_matches({column}, $1, 'i')",
                [pattern],
            )

    def was_forgotten(self, name: str, *, platforms: Collection[str] = ()) -> bool:
        """Was an account of this id or handle forgotten before?

        Args:
            name: an id, with or without its platform, or a handle.
            platforms: words that may stand before the id.
        """
        asked = name.strip().removeprefix("@")
        forms = [asked, asked.lower(), *(f"{platform}:{asked}" for platform in (TABLE, *platforms))]
        return bool(
            _count(
                self.connection,
                "SELECT count(*) FROM forgotten WHERE account_hash IN (SELECT sha256(unnest($forms)))",
                forms=forms,
            )
        )

    def unforget(self, account_id: str) -> None:
        """Take rows of an account in again that was forgotten."""
        self.connection.execute("DELETE FROM forgotten WHERE account_hash = sha256(?)", [account_id])

    def _rewrite(self) -> None:
        """Write the whole file anew, so that nothing of what was deleted is left in it."""
        remove_verdicts(self.folder)
        fresh = self._file.with_name(_FRESH_NAME)
        discard(fresh)
        with _as_store_errors(self.path):
            (name,) = self.connection.execute("SELECT current_database()").fetchall()[0]
            self.connection.execute("CHECKPOINT")  # no log of the old file may be left beside the new one
            self.connection.execute(f"ATTACH {literal(fresh)} AS fresh_file")
            try:
                self.connection.execute(f'COPY FROM DATABASE "{name}" TO fresh_file')
                self.connection.execute("DELETE FROM fresh_file.meta WHERE key = ?", [_REWRITE])
            finally:
                self.connection.execute("DETACH fresh_file")
        self.connection.close()
        discard(self._file)
        fresh.replace(self._file)
        self.connection, _ = _connect(self._file, write=True)


_FRESH_NAME = "headcount.fresh"
"""Name of the rewritten database until it replaces the working copy."""
_REWRITE = "rewrite"
"""Key in `meta`: rows were deleted for good, and the file still holds their bytes."""


def _general_pattern(handle: str | None) -> str | None:
    """A regular expression (RE2) for a handle in texts, where its platform is not known; None without a handle.

    A handle that is an ordinary word counts only behind an @ or at the end of an address.
    """
    if not handle:
        return None
    word = re.escape(handle)
    return rf"(?:(?:https?://)?(?:[a-z0-9-]+\.)+[a-z]+/(?:[a-z@]+/)?@?{word}|@{word})\b"


_TABLE_NAMES = tuple(table.name for table in TABLES)
