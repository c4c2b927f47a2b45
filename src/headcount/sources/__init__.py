"""Where data comes from: one file a platform or format, each turning it into the four tables."""

from __future__ import annotations

import importlib
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.errors import InputError, UsageError
from headcount.sources.foreign import refuse_foreign, refuse_listed, refuse_unknown

if TYPE_CHECKING:
    from headcount.sources.base import Source

__all__ = ["SOURCES", "find_source"]

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
            raise UsageError(f"There is no file or folder {path}.", hint="check the path; supported: " + ACCEPTED + ".")
        if path.is_dir() and not any(path.iterdir()):
            raise UsageError(f"The folder {path} is empty.", hint="supported: " + ACCEPTED + ".")
        _refuse_undecodable(path)
        refuse_foreign(path)
        source = _recognising(path)
        if source is not None:
            if source.name == _TAKES_NEARLY_ALL_TEXT:
                refuse_listed(path)
            return source
        inside = filter(_recognising, sorted(path.iterdir())) if path.is_dir() else ()
        refuse_unknown(path, ACCEPTED, inside)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.", hint="check its permissions.") from None


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
