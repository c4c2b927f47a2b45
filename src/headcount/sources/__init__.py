"""Where data comes from: one file a platform or format, each turning it into the four tables."""

from __future__ import annotations

import importlib
import os
from difflib import get_close_matches
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.errors import InputError, UsageError
from headcount.sources.archive_files import is_tar
from headcount.sources.edges.foreign import refuse_foreign_name
from headcount.sources.files import look_through
from headcount.sources.foreign import refuse_foreign, refuse_listed, refuse_unknown
from headcount.sources.handles import parse_target
from headcount.sources.malformed import malformed, special_file

if TYPE_CHECKING:
    import duckdb

    from headcount.sources.base import Intake, Source

__all__ = ["SOURCES", "find_source", "read_source"]

SOURCES = (
    ("bluesky_rows", "BlueskySource"),
    ("bluesky_rows", "BlueskyRepositorySource"),
    ("mastodon_rows", "MastodonSource"),
    ("x_api_rows", "XApiSource"),
    ("minet", "MinetSource"),
    ("tidy", "TidySource"),
    ("x_v2", "XV2Source"),
    ("x_v1", "XV1Source"),
    ("x_archive", "XArchiveSource"),
    ("mastodon_archive", "MastodonArchiveSource"),
    ("edge_list", "EdgeListSource"),
)
"""Module and class of each source, in the order in which they are asked; a new one is one line here."""

_TAKES_NEARLY_ALL_TEXT = "edge list"
_MOST_NAMES = 10_000
"""Files of a folder that a missing name is compared with."""
ACCEPTED = (
    "a folder of tidy tables (accounts, follows, posts, interactions as .parquet, .csv, .csv.gz or .jsonl), "
    "X API v2 JSON lines as twarc writes them, X v1.1 tweets, the archive of your own account from X or Mastodon, "
    "a table that minet wrote, or an edge list (two ids on each line, as .csv, .tsv or .txt)"
)


@cache
def _sources() -> tuple[Source, ...]:
    return tuple(getattr(importlib.import_module(f"headcount.sources.{module}"), name)() for module, name in SOURCES)


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
            raise UsageError(f"The folder {path} is empty.", hint="supported: " + ACCEPTED + ".")
        _refuse_undecodable(path)
        with malformed(path):
            return _found_source(path)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", hint="check its permissions.") from None


def _found_source(path: Path) -> Source:
    refuse_foreign(path)
    source = _recognising(path)
    if source is not None:
        if source.name == _TAKES_NEARLY_ALL_TEXT:
            refuse_foreign_name(path.name)
            refuse_listed(path)
        return source
    if path.is_file() and path.suffix.lower() == ".gz" and not is_tar(path):
        look_through(path)  # a file that cannot be unpacked is not recognised either
    entries = sorted(path.iterdir()) if path.is_dir() else ()
    files = (entry for entry in entries if entry.is_file() or entry.is_dir())
    refuse_unknown(path, ACCEPTED, filter(_recognising, files))


def _recognising(path: Path) -> Source | None:
    return next((source for source in _sources() if source.recognises(path)), None)


def _refuse_undecodable(path: Path) -> None:
    """The store keeps paths as text."""
    try:
        str(path.resolve()).encode()
    except UnicodeEncodeError:
        raise UsageError(
            f"The path {os.fsencode(path).decode(errors='replace')} holds bytes that are not UTF-8.",
            hint="rename the file or folder.",
        ) from None


def _hint_for_missing(path: Path) -> str:
    """The nearest name that is there, or how to name an account whose handle ends like a file."""
    names = [file.name for file in islice(path.parent.iterdir(), _MOST_NAMES)] if path.parent.is_dir() else []
    near = get_close_matches(path.name, names, n=1)
    if near:
        return f"did you mean {path.parent / near[0]}?"
    if path.name == str(path) and path.suffix.lower() == ".zip" and parse_target(f"bluesky:{path}"):
        return f"check the path; for the account of that name write bluesky:{path}."
    return "check the path; supported: " + ACCEPTED + "."


def read_source(source: Source, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> Intake:
    """Read a folder or file with the source that recognises it.

    Raises:
        BadRows: some rows are wrong and `skip_bad` is false.
        InputError: it cannot be read, for whatever reason.
    """
    with malformed(path):
        return source.read(path, con, skip_bad=skip_bad)
