"""Opens the database of a workspace: the lock of its writer, and errors in words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.errors import StoreBusy, StoreError

if TYPE_CHECKING:
    import duckdb
    from filelock import BaseFileLock

__all__ = ["FILE_NAME"]

FILE_NAME = "headcount.duckdb"
LOCK_NAME = "headcount.lock"
_HEADER_BYTES = 3 * 4096
"""Of a DuckDB file: three blocks, which are written when it is made."""


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


def is_unfinished(path: Path) -> bool:
    """Is this a file of DuckDB that never got its headers, and so holds nothing?"""
    return path.is_file() and path.stat().st_size < _HEADER_BYTES


def _attached(path: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory with the file attached to it, read-only.

    Connections that name a path share one instance in a process, which would keep showing the state of a file that was
    replaced in the meantime.
    """
    import duckdb

    quoted = str(path).replace("'", "''")
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"SET temp_directory = '{quoted}.tmp'")
        connection.execute(f"ATTACH '{quoted}' AS workspace (READ_ONLY)")
        connection.execute("USE workspace")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, *, write: bool) -> duckdb.DuckDBPyConnection:
    import duckdb

    try:
        if write:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if is_unfinished(path):  # made when the disk was full, or by a process that was killed at once
                path.unlink(missing_ok=True)
        connection = duckdb.connect(str(path)) if write else _attached(path)
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
        if write and is_unfinished(path):
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
