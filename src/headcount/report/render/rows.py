"""The list of followers as rows of the page, within a budget of bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from markupsafe import Markup

from headcount import wording as say

if TYPE_CHECKING:
    from headcount.report.data import ReportData
    from headcount.report.rows import FollowerRow

__all__ = ["BUDGET", "Group", "row_groups"]

BUDGET = 1_800_000
"""Bytes for all rows together; a page with the scripts then stays under 3 MB."""

_LENGTHS = ((64, 80, 180), (48, 40, 150), (36, 32, 120), (28, 26, 90), (22, 22, 70), (16, 18, 60))
"""Bytes at most of a display name, a handle and a reason, from generous to tight."""


@dataclass(frozen=True)
class Group:
    """The shown followers of one class.

    Attributes:
        label: the class; total: followers of that class in all; shown: rows listed here.
        html: the rows, escaped.
    """

    label: str
    total: int
    shown: int
    html: Markup


def row_groups(report: ReportData) -> list[Group]:
    """The rows by class, names and reasons shortened as far as the budget of the page asks for."""
    groups: list[Group] = []
    for lengths in _LENGTHS:
        groups = [_group(report, label, list(rows), lengths) for label, rows in _by_class(report.rows)]
        if sum(len(group.html.encode()) for group in groups) <= BUDGET:
            break
    return groups


def _by_class(rows: Sequence[FollowerRow]) -> Iterable[tuple[str, Iterable[FollowerRow]]]:
    return groupby(rows, key=lambda row: row.label)


def _group(report: ReportData, label: str, rows: list[FollowerRow], lengths: tuple[int, int, int]) -> Group:
    html = Markup("\n").join(_row(row, lengths) for row in rows)
    return Group(label, getattr(report.funnel.classes, label, len(rows)), len(rows), html)


# End tags that HTML lets out are let out: with 10,000 rows they would weigh a tenth of the page.
_CELLS = Markup("<tr><td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}<td>{}")


def _row(row: FollowerRow, lengths: tuple[int, int, int]) -> Markup:
    name, handle, reason = lengths
    return _CELLS.format(
        _who(row, name, handle),
        _cut(row.reasons, reason),
        _by_words(row),
        _exchanged(row),
        _number(row.followers_count),
        _number(row.following_count),
        _date(row.last_seen),
        _date(row.followed_at),
    )


def _who(row: FollowerRow, name: int, handle: int) -> Markup:
    label = _cut(row.handle or row.account_id or "", handle)
    shown = _cut(row.display_name, name) if row.display_name else ""
    if shown and label:
        return Markup("<bdi>{}</bdi> <bdi>{}</bdi>").format(shown, label)
    return Markup("<bdi>{}</bdi>").format(shown or label) if shown or label else Markup("<i>not named</i>")


def _by_words(row: FollowerRow) -> str:
    if row.responses is None or row.active_responses is None:
        return "?"
    return f"{row.responses:,} ({row.active_responses:,})" if row.responses else "0"


def _exchanged(row: FollowerRow) -> str:
    """Received and sent; one figure where both are the same: none, or unknown."""
    if row.received or row.sent:
        return f"{_number(row.received)}/{_number(row.sent)}"
    return "?" if row.received is None or row.sent is None else "0"


def _number(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"


def _date(moment: str | None) -> str:
    return "?" if moment is None else say.plain(moment[:10])


def _cut(text: str, size: int) -> str:
    """At most `size` bytes of a text from outside, with an ellipsis where something was cut."""
    shown = say.shorten(text, size)
    encoded = shown.encode()
    if len(encoded) <= size:
        return shown
    return encoded[: size - 3].decode(errors="ignore").rstrip("\u200d ") + "…"
