"""Where data comes from: a source a platform or format (see `registry`), each turning it into the four tables."""

from __future__ import annotations

import os
from difflib import get_close_matches
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.errors import InputError, UsageError
from headcount.sources import registry
from headcount.sources.formats.archive_files import is_tar
from headcount.sources.formats.edges.foreign import refuse_foreign_name
from headcount.sources.formats.files import inspect_text_file
from headcount.sources.formats.foreign import refuse_foreign, refuse_listed, refuse_unknown
from headcount.sources.formats.malformed import malformed, special_file

if TYPE_CHECKING:
    import duckdb

    from headcount.incoming import ReadResult
    from headcount.sources.base import Source
    from headcount.sources.platform import FileFormat, Target

__all__ = ["find_source", "read_source"]

_MAX_NAMES = 10_000
"""Files of a folder that a missing name is compared with."""


@cache
def _made(entry: FileFormat) -> Source:
    return entry.make()


def find_source(path: Path) -> Source:
    """The source that recognises a folder or file.

    Raises:
        UsageError: nothing is there, or nothing that a source recognises.
        InputError: it cannot be looked at.
    """
    try:
        there = path.exists()
        if not there:
            raise UsageError(f"There is no file or folder {path}.", hint=_hint_for_missing(path))
        special = special_file(path)
        if special is not None:
            raise UsageError(
                f"{path} is {special}, not a file.",
                hint="write its content to a file and add that file.",
            )
        if path.is_dir() and not any(path.iterdir()):
            raise UsageError(f"The folder {path} is empty.", hint="supported: " + registry.accepted() + ".")
        _refuse_undecodable(path)
        with malformed(path):
            return _found_source(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", hint="check its permissions.") from None


def _found_source(path: Path) -> Source:
    refuse_foreign(path)
    entry = _recognising(path)
    if entry is not None:
        if entry.is_fallback:
            refuse_foreign_name(path.name)
            refuse_listed(path)
        return _made(entry)
    if path.is_file() and path.suffix.lower() == ".gz" and not is_tar(path):
        inspect_text_file(path)  # a file that cannot be unpacked is not recognised either
    entries = sorted(path.iterdir()) if path.is_dir() else ()
    files = (entry for entry in entries if entry.is_file() or entry.is_dir())
    refuse_unknown(path, registry.accepted(), filter(_recognising, files))


def _recognising(path: Path) -> FileFormat | None:
    return next((entry for entry in registry.file_formats() if _made(entry).recognises(path)), None)


def _refuse_undecodable(path: Path) -> None:
    """The store keeps paths as text."""
    try:
        str(path.resolve()).encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"The path {os.fsencode(path).decode(errors='replace')} contains bytes that are not UTF-8.",
            hint="rename the file or folder.",
        ) from None


def _hint_for_missing(path: Path) -> str:
    """The nearest name that is there, or how to name an account whose handle ends like a file."""
    names = [file.name for file in islice(path.parent.iterdir(), _MAX_NAMES)] if path.parent.is_dir() else []
    near = get_close_matches(path.name, names, n=1)
    if near:
        return f"did you mean {path.parent / near[0]}?"
    if path.name == str(path) and path.suffix.lower() == ".zip" and (target := _account_called(path.name)):
        return f"check the path; for the account of that name write {target.platform}:{path}."
    return "check the path; supported: " + registry.accepted() + "."


def _account_called(name: str) -> Target | None:
    found = (platform.find(name, platform.handles) for platform in registry.PLATFORMS)
    return next((target for target in found if target is not None), None)


def read_source(source: Source, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
    """Read a folder or file with the source that recognises it.

    Raises:
        BadRows: some rows are wrong and `skip_bad` is false.
        InputError: it cannot be read, for whatever reason.
    """
    with malformed(path):
        return source.read(path, con, skip_bad=skip_bad)
