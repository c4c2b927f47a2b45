"""The list of followers: sorted, and as CSV that a spreadsheet cannot be tricked by."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TextIO

from headcount.report.model import FollowerRow
from headcount.safe_text import csv_guarded

__all__ = ["sort_rows", "write_csv"]

_DESCENDING: dict[str, Callable[[FollowerRow], Any]] = {
    "responses": lambda row: row.responses,
    "followers": lambda row: row.followers_count,
    "following": lambda row: row.following_count,
    "posts": lambda row: row.posts_count,
    "newest": lambda row: row.followed_at,
    "last-seen": lambda row: row.last_seen,
}


def sort_rows(rows: Sequence[FollowerRow], by: str) -> list[FollowerRow]:
    """Rows by class (as they come), or by a figure, largest or latest first and unknown last."""
    if by == "class":
        return list(rows)
    key = _DESCENDING[by]
    known = [row for row in rows if key(row) is not None]
    return [*sorted(known, key=key, reverse=True), *(row for row in rows if key(row) is None)]


def write_csv(rows: Sequence[FollowerRow], target: Path) -> None:
    """Write rows as CSV to a file, or to standard output for the path `-`."""
    if str(target) == "-":
        _write(rows, sys.stdout)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as file:
        _write(rows, file)


def _write(rows: Sequence[FollowerRow], file: TextIO) -> None:
    writer = csv.DictWriter(file, [field.name for field in fields(FollowerRow)])
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _harmless(value) for name, value in asdict(row).items()})


def _harmless(value: Any) -> Any:
    """A text that begins like a formula is set behind an apostrophe, as spreadsheets would run it."""
    return csv_guarded(value) if isinstance(value, str) else value
