"""The published database of a workspace, which readers open, and the working copy of its writer.

DuckDB refuses a second process while one writes, and a read-only connection beside a writable one in the same process.
So a writer never opens the file that readers open: it works on a copy, and an atomic rename publishes the copy when
the writer closes. A reader therefore never waits for a writer and sees one published state, the last one when it
opened; a reader that is open keeps the state it has. A writer that is killed leaves the published state as it was.

On Windows a file that is open cannot be replaced: there the writer, and only the writer, waits until readers close.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from headcount.errors import StoreBusy, StoreError
from headcount.store.connection import FILE_NAME, _as_store_errors, _connect, is_unfinished

__all__ = ["State", "begin_copy", "discard", "publish", "state_of", "working_path"]

_WORKING_NAME = "headcount.next.duckdb"
_MAX_WAIT, _RETRY_WAIT = 60.0, 0.05
"""Seconds that a writer waits for readers to close where an open file cannot be replaced (Windows), and per attempt."""

State = tuple[int, int]
"""Size in bytes and time of change in nanoseconds of a database file: equal where nothing was written."""


def working_path(folder: Path) -> Path:
    """Path of the writer's copy in a workspace."""
    return folder / _WORKING_NAME


def begin_copy(folder: Path) -> Path:
    """Copy the published database to the path that the writer of a workspace works on.

    Args:
        folder: the workspace, of which the caller holds the lock.

    Returns:
        The path of the copy; there is no file yet where nothing was published.

    Raises:
        StoreError: the disk is full, or the published file cannot be opened.
    """
    published, working = folder / FILE_NAME, working_path(folder)
    discard(working)
    if is_unfinished(published):  # made when the disk was full, or by a process that was killed at once
        published.unlink(missing_ok=True)
    if not published.exists():
        return working
    if _log_of(published).exists():  # an earlier version was killed: its log belongs to the file
        _connect(published, write=True)[0].close()
    try:
        shutil.copyfile(published, working)
    except OSError as error:
        discard(working)
        raise StoreError(
            f"The workspace {folder} could not be copied to be written: {error.strerror or error}.",
            hint="free disk space and run the same command again; what was stored before is kept.",
        ) from None
    return working


def publish(working: Path, published: Path) -> None:
    """Replace the published database by the working copy, which no connection has open.

    Raises:
        StoreBusy: a reader has the published file open, and this system cannot replace an open file.
        StoreError: the file cannot be renamed.
    """
    deadline = time.monotonic() + _MAX_WAIT
    while True:
        try:
            working.replace(published)
        except PermissionError as error:
            if os.name == "nt" and time.monotonic() < deadline:
                time.sleep(_RETRY_WAIT)
                continue
            if os.name == "nt":
                raise StoreBusy(
                    f"Another process reads the workspace {published.parent}.",
                    hint="wait until it has finished and run the same command again.",
                ) from None
            raise _not_published(published, error) from None
        except OSError as error:
            raise _not_published(published, error) from None
        else:
            return


def discard(working: Path) -> None:
    """Remove a working copy and its log."""
    for path in (working, _log_of(working)):
        path.unlink(missing_ok=True)


def state_of(working: Path) -> State | None:
    """The state of a working copy; None where it has a log, which holds what was written since, or does not exist."""
    with _as_store_errors(working):
        if _log_of(working).exists() or not working.exists():
            return None
        facts = working.stat()
        return facts.st_size, facts.st_mtime_ns


def _log_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.wal")


def _not_published(published: Path, error: OSError) -> StoreError:
    return StoreError(
        f"The workspace {published.parent} could not be written: {error.strerror or error}.",
        hint="check the folder and its permissions; what was stored before is kept.",
    )
