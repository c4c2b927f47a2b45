"""What every source does alike with content that no reader was written for: one sentence, never a traceback.

The readers check what is likely to be wrong and name it. Hostile or damaged content can be wrong in any other way;
whatever a reader raises on it becomes an `InputError` here. Nothing is imported then: an import is one transaction.
"""

from __future__ import annotations

import csv
import lzma
import sqlite3
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from headcount.errors import InputError, is_full_disk, is_interrupt, raise_fault_of_machine

__all__ = ["ODD_VALUE", "malformed", "odd_pages_note", "special_file", "unpack_body"]

ODD_VALUE = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, RecursionError)
"""What code that reads values raises where a value is of another kind than expected."""

_UNREADABLE = (
    *ODD_VALUE,
    EOFError,
    csv.Error,
    lzma.LZMAError,
    msgspec.MsgspecError,
    sqlite3.Error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)

MAX_BODY_BYTES = 512 << 20
MAX_BODY_RATIO = 200
_SMALL_BODY_BYTES = 64 << 20
"""An answer in a landing that unpacks to over 64 MiB and over 200 times its size, or to over 512 MiB, is refused."""

_SPECIAL_FILES = (
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@contextmanager
def malformed(path: Path) -> Iterator[None]:
    """Turn what a reader raises on content that it does not expect into one sentence.

    Raises:
        InputError: instead of any of that, of a file that cannot be opened, and of running out of memory.
        HeadcountError: the disk is full.
        duckdb.Error: the query was interrupted, or the database could not write.
    """
    import duckdb

    try:
        yield
    except _UNREADABLE as error:
        raise_fault_of_machine(error)
        raise InputError(
            f"{path.name} cannot be read: it is malformed ({_reason(error)}).",
            hint="it is damaged; download or write it again.",
        ) from error
    except OSError as error:
        raise_fault_of_machine(error)
        raise InputError(
            f"{path.name} cannot be read: {error.strerror or error}.", hint="check the file and its permissions."
        ) from error
    except (MemoryError, duckdb.OutOfMemoryException) as error:
        if is_full_disk(error):
            raise_fault_of_machine(error)
        raise InputError(
            f"{path.name} needs more memory than available.", hint="split it, or use a machine with more memory."
        ) from error
    except duckdb.Error as error:
        if is_interrupt(error) or isinstance(error, duckdb.IOException | duckdb.FatalException):
            raise  # Ctrl-C, or a full disk: no fault of the file
        raise_fault_of_machine(error)
        raise InputError(
            f"{path.name} cannot be imported ({_reason(error)}).", hint="it is damaged; write it again."
        ) from error


def _reason(error: Exception) -> str:
    first = next(iter(str(error).splitlines()), "")[:120].rstrip(". ")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def special_file(path: Path) -> str | None:
    """What a path leads to where that is neither a file nor a folder, such as "a FIFO"; None where it is."""
    mode = path.stat().st_mode
    return next((name for is_kind, name in _SPECIAL_FILES if is_kind(mode)), None)


def odd_pages_note(number: int) -> str:
    """What the user is told of pages whose values are not what they should be."""
    pages = "1 page of the responses contains" if number == 1 else f"{number:,} pages of the responses contain"
    return f"{pages} malformed values; the rest of each was skipped."


def unpack_body(packed: bytes, name: str) -> bytes:
    """Unpack an answer that was kept deflated.

    Args:
        packed: its bytes; name: of the file, for messages.

    Raises:
        InputError: it unpacks to far more than an answer has.
        zlib.error: it is damaged.
    """
    limit = min(max(_SMALL_BODY_BYTES, MAX_BODY_RATIO * len(packed)), MAX_BODY_BYTES)
    unpacker = zlib.decompressobj()
    body = unpacker.decompress(packed, limit)
    if unpacker.unconsumed_tail:
        raise InputError(
            f"{name} contains a response that unpacks to more than {limit >> 20} MiB.",
            hint="it looks like a compression bomb; collect the account again.",
        )
    if not unpacker.eof:
        raise zlib.error("incomplete data")
    return body
