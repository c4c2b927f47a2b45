"""The followers of an account from the verdicts that an earlier call stored, and the storing of them.

Reading imports neither numpy nor a measure, so that the first rows of a large list appear at once.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from headcount.errors import HeadcountError
from headcount.measures.follower_list import FollowerList
from headcount.report.rows import LARGEST_FIRST, ROW_TYPES, FollowerRow, FollowerRows, rows_of
from headcount.store.store import Store
from headcount.store.verdicts import VerdictKey, find_verdicts, has_verdicts, read_state, write_verdicts

if TYPE_CHECKING:
    from headcount.analysis import Analysis

__all__ = ["keep_verdicts", "stored_followers"]


def stored_followers(
    store: Store, key: VerdictKey, *, label: str | None = None, sort: str = "class", limit: int | None = None
) -> FollowerRows | None:
    """The rows that `report.followers.follower_rows` computes, from a stored file; None where there is no usable one.

    Args:
        store: the open store of the workspace.
        key: what the verdicts depend on.
        label, sort, limit: as in `report.followers.follower_rows`.
    """
    import duckdb

    stored = find_verdicts(store.connection, store.folder, key)
    if stored is None:
        return None
    rows: list[FollowerRow] = []
    try:
        follower_list, counts = FollowerList(**stored.facts["list"]), dict(stored.facts["classes"])
        where = None if label is None else ("label", label)
        for portion in stored.read(list(ROW_TYPES), where=where, largest=LARGEST_FIRST.get(sort), limit=limit):
            rows += rows_of(dict(zip(ROW_TYPES, zip(*portion, strict=True), strict=True)))
    except (duckdb.Error, KeyError, TypeError):  # removed at this moment by another process, or not written by us
        return None
    total = sum(counts.values()) if label is None else counts.get(label, 0)
    gone = counts.get("gone", 0) if label in (None, "gone") else 0
    return FollowerRows(rows, follower_list, total=total, gone=gone)


def keep_verdicts(folder: Path, measured: Analysis, *, replace: bool = False) -> None:
    """Store the verdicts of an analysis for later calls, unless they are stored already; failures are ignored.

    Args:
        folder: the workspace that the analysis was read from.
        measured: the account's measures.
        replace: write the file even if there is one, which could not be read.
    """
    from dataclasses import asdict

    from headcount.report.followers import list_order, row_values

    view = measured.view
    if view.followers is None or view.words_only or view.state is None:
        return
    asked = view.as_of if view.as_of_basis == "given" else None
    key = VerdictKey(view.facts.account_id, view.state, view.window_days, asked)
    folder = folder.expanduser()  # as the store does
    if not replace and has_verdicts(folder, key):
        return
    values = row_values(measured, view.followers, list_order(measured, view.followers))
    columns: dict[str, tuple[str, Any]] = {name: (kind, values[name]) for name, kind in ROW_TYPES.items()}
    facts = {"list": asdict(measured.follower_list), "classes": asdict(measured.funnel.classes)}
    write_verdicts(folder, key, columns, facts, lambda: _state_of(folder) == view.state)


def _state_of(folder: Path) -> str | None:
    """The state of the database; None where it cannot be read at this moment."""
    try:
        with Store(folder) as store:
            return read_state(store.connection)
    except HeadcountError:
        return None
