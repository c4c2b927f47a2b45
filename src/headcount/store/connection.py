"""Opens the database of a workspace: the lock of its writer, and errors in words."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.errors import StoreBusy, StoreError
from headcount.support.sql import literal

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


_IDLE: dict[int, list[duckdb.DuckDBPyConnection]] = {}
"""By process (threads do not outlive a fork): instances of DuckDB without a workspace, as making one takes ten times as
long as attaching a file to it."""
_MOST_IDLE = 2


def _attached(path: Path) -> tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]:
    """A connection to the file, attached read-only, and the instance in memory that it belongs to.

    Connections that name a path share one instance in a process, which would keep showing the state of a file that was
    replaced in the meantime; here every reader has an instance for itself, which `_give_back` keeps for the next one.
    """
    import duckdb

    spill = f"SET temp_directory = {literal(f'{path}.tmp')}"
    try:
        instance = _IDLE.setdefault(os.getpid(), []).pop()
        instance.execute(spill)
    except (IndexError, duckdb.Error):  # none is idle, or one that wrote to the folder of another workspace
        instance = duckdb.connect(":memory:")
        instance.execute(spill)
    connection = instance.cursor()
    try:
        connection.execute(f"ATTACH {literal(path)} AS workspace (READ_ONLY)")
        connection.execute("USE workspace")
    except BaseException:
        connection.close()
        instance.close()
        raise
    return connection, instance


def _give_back(instance: duckdb.DuckDBPyConnection) -> None:
    """Let go of the file after its connection was closed; the instance is kept for the next reader where it can be."""
    import duckdb

    try:
        instance.execute("DETACH workspace")
    except (duckdb.Error, RuntimeError):  # something still reads it
        instance.close()
        return
    idle = _IDLE.setdefault(os.getpid(), [])
    if len(idle) < _MOST_IDLE:
        idle.append(instance)
    else:
        instance.close()


def _connect(path: Path, *, write: bool) -> tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection | None]:
    """A connection to the file, and the instance to give back where it only reads."""
    import duckdb

    try:
        if write:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if is_unfinished(path):  # made when the disk was full, or by a process that was killed at once
                path.unlink(missing_ok=True)
        connection, instance = (duckdb.connect(str(path)), None) if write else _attached(path)
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
    return connection, instance
