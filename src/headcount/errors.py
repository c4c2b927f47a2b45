"""Everything that Headcount raises on purpose.

* HeadcountError            failure (exit code 1)
  - UsageError              wrong use (exit code 2)
    + AccountNotFound       no account of that name in the workspace, or on the platform
    + AmbiguousAccount      more than one account of that name
  - InputError              what was handed in cannot be read as it is
    + BadRows               some rows are wrong; `problems` names file, line and reason
  - StoreError              the workspace cannot be used
    + StoreBusy             another process writes to it
    + StoreVersion          written by a newer Headcount
  - NotEnoughData           a measure cannot say anything from what it was given
  - PlatformError           a platform does not give what was asked of it; what was collected is kept
    + PlatformUnavailable   it does not answer, or only with errors, however often it is asked
    + AccessDenied          it wants a login, another login, or payment
    + BudgetReached         going on would cost more than was allowed

Every message says what happened, with which value, and after "Hint:" what to do next.
"""

from __future__ import annotations

import errno
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from headcount.support.safe_text import plain

__all__ = [
    "AccessDenied",
    "AccountNotFound",
    "AmbiguousAccount",
    "BadRows",
    "BudgetReached",
    "HeadcountError",
    "InputError",
    "NotEnoughData",
    "PlatformError",
    "PlatformUnavailable",
    "Problem",
    "StoreBusy",
    "StoreError",
    "StoreVersion",
    "UsageError",
    "as_known_error",
    "is_full_disk",
    "is_interrupt",
    "raise_fault_of_machine",
    "raises_known_errors",
]

P = ParamSpec("P")
R = TypeVar("R")
Kind = TypeVar("Kind")
_FULL_DISK = ("No space left on device", "database or disk is full", "Disk quota exceeded", "max_temp_directory_size")
"""What DuckDB and SQLite say of a disk that is full, or of the limit on their temporary files."""


class HeadcountError(Exception):
    """Base of all errors that Headcount raises on purpose.

    Args:
        message: one sentence: what happened, with which value.
        hint: one sentence: what to do next.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        message = plain(message)  # values and names from outside are quoted in it
        super().__init__(message)
        self.message = message
        self.hint = None if hint is None else plain(hint)

    def __str__(self) -> str:
        return self.message if self.hint is None else f"{self.message} Hint: {self.hint}"


class UsageError(HeadcountError):
    """The call itself is wrong: an unknown name, a path that is not there, options that exclude each other."""

    exit_code = 2


class AccountNotFound(UsageError):
    """No account of that handle or id is in the workspace, or on the platform."""


class AmbiguousAccount(UsageError):
    """More than one account of that handle is in the workspace."""


class InputError(HeadcountError):
    """What was handed in cannot be read as it is."""


@dataclass(frozen=True)
class Problem:
    """One row that cannot be taken, and why.

    Attributes:
        file: name of the file.
        line: line of the file, from 1 (for Parquet: the row, from 1); None for the file as a whole.
        reason: what is wrong with it, with the value.
    """

    file: str
    line: int | None
    reason: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.reason}"


class BadRows(InputError):
    """Some rows are wrong, and skipping them was not allowed.

    Args:
        problems: the first of them, in file order.
        count: how many there are in all.
    """

    def __init__(self, problems: Sequence[Problem], count: int) -> None:
        more = f" (and {count - 1:,} more)" if count > 1 else ""
        super().__init__(
            f"{problems[0]}{more}.",
            hint="fix these rows, or skip them with --skip-bad; nothing was imported.",
        )
        self.problems = tuple(problems)
        self.count = count


class StoreError(HeadcountError):
    """The workspace cannot be used."""


class StoreBusy(StoreError):
    """Another process writes to the workspace."""


class StoreVersion(StoreError):
    """The workspace was written by a newer Headcount."""


class NotEnoughData(HeadcountError):
    """A measure cannot say anything from what it was given."""


class PlatformError(HeadcountError):
    """A platform does not give what was asked of it. What was collected before is kept."""


class PlatformUnavailable(PlatformError):
    """A platform does not answer, or only with errors, however often it is asked.

    Attributes:
        status: HTTP status of the last answer; None where there was none.
        reason: what happened at the last attempt, in a few words; None where only the message tells.
        step, address: what was requested, and for what; None outside a collection.
    """

    status: int | None = None
    reason: str | None = None
    step: str | None = None
    address: str | None = None


class AccessDenied(PlatformError):
    """A platform wants a login, another login, or payment."""


class BudgetReached(PlatformError):
    """Going on would cost more than was allowed."""


def as_known_error(error: BaseException) -> HeadcountError | None:
    """What a failure of a library or of the machine means to the user; None for a fault of this program.

    The libraries are looked up by name, so that none is imported for it.
    """
    library = type(error).__module__.partition(".")[0].lstrip("_")
    text = (str(error).splitlines() or [type(error).__name__])[0][:200]
    if is_full_disk(error):
        return HeadcountError(
            "There is no space left on the disk.", hint="free some space, and run the same command again."
        )
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException":
        return HeadcountError("There is not enough memory.", hint="close other programs, or use a smaller selection.")
    if library == "duckdb":
        return StoreError(
            f"The database reported: {text}",
            hint="check that the disk has space and the workspace's files are readable, and run the command again.",
        )
    if library == "sqlite3":
        return StoreError(
            f"The collection file cannot be read or written: {text}.",
            hint="check that the disk has space; if the file is damaged, move it away and collect again.",
        )
    if library in ("zlib", "zipfile", "gzip", "tarfile", "lzma", "csv", "bz2"):
        return InputError(f"The file is damaged: {text}.", hint="download or export it again.")
    if isinstance(error, OverflowError | RecursionError):
        return InputError(
            f"The input contains a value that is too large or too deeply nested: {text}.", hint="check the file."
        )
    return None


def is_full_disk(error: BaseException) -> bool:
    """Is this a write that failed for want of space, also where a library reports it as an error of its own?"""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    library = type(error).__module__.partition(".")[0].lstrip("_")
    return library in ("duckdb", "sqlite3") and any(words in str(error) for words in _FULL_DISK)


def raise_fault_of_machine(error: BaseException) -> None:
    """Raise a failure for want of disk space or memory as such, so that no file is called damaged because of it.

    Raises:
        HeadcountError: it is one; nothing is raised for any other error.
    """
    if is_full_disk(error) or isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryException":
        known = as_known_error(error)
        if known is not None:
            raise known from error


def raises_known_errors(kind: type[Kind]) -> type[Kind]:
    """Decorate a class: its public methods raise what `as_known_error` makes of an error that is not Headcount's own.

    An interrupt, errors of files (OSError) and faults of this program are raised as they are.
    """
    for name, method in list(vars(kind).items()):
        if not name.startswith("_") and callable(method):
            setattr(kind, name, _with_known_errors(method))
    return kind


def _with_known_errors(method: Callable[P, R]) -> Callable[P, R]:
    @functools.wraps(method)
    def call(*given: P.args, **named: P.kwargs) -> R:
        try:
            return method(*given, **named)
        except HeadcountError:
            raise
        except Exception as error:
            known = None if is_interrupt(error) else as_known_error(error)
            if known is None:
                raise
            raise known from error

    return call


def is_interrupt(error: BaseException) -> bool:
    """Is this Ctrl-C, also where the database reports it as its own error, or where closing failed because of it?"""
    before: BaseException | None = error
    while before is not None:
        if _says_interrupt(before):
            return True
        before = before.__context__
    return False


def _says_interrupt(error: BaseException) -> bool:
    return (
        isinstance(error, KeyboardInterrupt)
        or type(error).__name__ == "InterruptException"
        or (isinstance(error, RuntimeError) and str(error) == "Query interrupted")
    )
