"""The list of followers: sorted, and as CSV that a spreadsheet cannot be tricked by."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TextIO

from headcount import wording as say
from headcount.incoming import State
from headcount.measures.follower_list import COMPLETE, FollowerList
from headcount.report.rows import FollowerRow
from headcount.support.output import new_text
from headcount.support.safe_text import csv_guarded

__all__ = ["count_followers", "count_rows", "plain_rows", "sort_rows", "write_csv"]

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


def count_rows(rows: Sequence[FollowerRow], followers: FollowerList = COMPLETE) -> str:
    """How many followers the rows hold, those who are gone apart: "198 followers and 2 gone".

    Args:
        rows: the followers.
        followers: the list that they come from; where it is not complete they are "listed followers".
    """
    return count_followers(len(rows), sum(row.label == "gone" for row in rows), followers)


def count_followers(total: int, gone: int, followers: FollowerList = COMPLETE) -> str:
    """A number of followers, of whom so many are gone, in the words of `count_rows`."""
    text = followers.counted(total - gone)
    return f"{text} and {say.count(gone)} gone" if gone else text


def write_csv(
    rows: Sequence[FollowerRow], target: Path, *, list_state: State, columns: Sequence[str] | None = None
) -> None:
    """Write rows as CSV to a file (compressed where its name ends in .gz), or to standard output for the path `-`.

    Args:
        rows: the followers; target: the file.
        list_state: how completely the list of followers was read; stands in every row, in the column `list_state`.
        columns: names of the columns, in order; None for all.
    """
    names = [*(field.name for field in fields(FollowerRow)), "list_state"] if columns is None else columns
    if str(target) == "-":
        _write(rows, sys.stdout, list_state, names)
        return
    with new_text(target, newline="") as file:
        _write(rows, file, list_state, names)


def plain_rows(rows: Sequence[FollowerRow], *, list_state: State) -> list[dict[str, Any]]:
    """Rows as plain values, as in CSV."""
    names = [field.name for field in fields(FollowerRow)]
    return [{name: getattr(row, name) for name in names} | {"list_state": list_state} for row in rows]


def _write(rows: Sequence[FollowerRow], file: TextIO, list_state: State, names: Sequence[str]) -> None:
    writer = csv.writer(file)
    writer.writerow(names)
    for row in rows:
        writer.writerow(list_state if name == "list_state" else _harmless(getattr(row, name)) for name in names)


def _harmless(value: Any) -> Any:
    """A text that begins like a formula is set behind an apostrophe, as spreadsheets would run it."""
    return csv_guarded(value) if isinstance(value, str) else value
