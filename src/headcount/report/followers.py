"""The list of followers behind a report, one row each, with the class, the reasons and the probability."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.analysis import Analysis
from headcount.columns import Floats, Followers, Integers
from headcount.measures.follower_list import FollowerList
from headcount.measures.followers.funnel import CLASSES
from headcount.measures.followers.judgement import CLASSES as JUDGEMENTS
from headcount.report.anonymous import anonymised, by_content
from headcount.report.rounding import rough_rows
from headcount.report.rows import _YEAR_1, _YEAR_10000, FollowerRow, FollowerRows, rows_of

__all__ = ["anonymous_rows", "follower_rows", "list_order", "row_values"]


def follower_rows(
    measured: Analysis,
    *,
    limit: int | None = None,
    anonymous: bool = False,
    label: str | None = None,
    sort: str = "class",
) -> FollowerRows:
    """The followers behind the numbers: by class in the order of CLASSES, then those who respond most.

    Args:
        measured: the account's measures.
        limit: at most so many; None for all.
        anonymous: leave out every name, and as many rows as the rounded counts ask for (see `report.anonymous`).
        label: only this class.
        sort: class, or a figure (responses, followers, following, posts, newest, last-seen), largest or latest first
            and unknown last; anonymous rows are sorted by their content within each class.
    """
    columns = measured.view.followers
    if columns is None:
        return FollowerRows([], measured.follower_list)
    order = _order(measured, columns, label, sort)
    rows = rows_of({name: values.tolist() for name, values in row_values(measured, columns, order[:limit]).items()})
    if anonymous:
        return anonymous_rows(rows, measured.follower_list)
    gone = int((measured.funnel.verdicts.label[order] == CLASSES.index("gone")).sum())
    return FollowerRows(rows, measured.follower_list, total=len(order), gone=gone)


def anonymous_rows(rows: Sequence[FollowerRow], follower_list: FollowerList) -> FollowerRows:
    """Rows without names, cut to rounded numbers and sorted by their content within each class.

    Args:
        rows: by class; follower_list: the list that they come from.
    """
    shown: list[FollowerRow] = []
    for _, of_class in groupby(rows, key=lambda row: row.label):
        same = [anonymised(row) for row in of_class]
        shown += by_content(same)[: rough_rows(len(same))]
    return FollowerRows(shown[: rough_rows(len(rows))], anonymised(follower_list))


def list_order(measured: Analysis, columns: Followers) -> Integers:
    """Numbers of the followers in the order of the list: by class, then those who respond most."""
    size = len(columns)
    labels = measured.funnel.verdicts.label
    order: Integers = np.lexsort((np.arange(size), -measured.responses_by[:size], labels))
    return order


def _order(measured: Analysis, columns: Followers, label: str | None, sort: str) -> Integers:
    """Numbers of the followers in the order of their rows."""
    size = len(columns)
    labels = measured.funnel.verdicts.label
    order = list_order(measured, columns)
    if label is not None:
        order = order[labels[order] == CLASSES.index(label)]
    if sort == "class" or (sort == "responses" and measured.responses_unknown):
        return order
    values = (measured.responses_by[:size].astype(np.float64) if sort == "responses" else _figure(columns, sort))[order]
    known = np.isfinite(values)
    largest_first = np.argsort(-values[known], kind="stable")
    return np.concatenate([order[known][largest_first], order[~known]])


def _figure(columns: Followers, sort: str) -> Floats:
    """(followers,) the figure as its row shows it: times in whole seconds, those without a date unknown."""
    if sort in ("newest", "last-seen"):
        times = columns.followed_at if sort == "newest" else columns.last_seen
        return np.where((times >= _YEAR_1) & (times < _YEAR_10000), np.floor(times), np.nan)
    counts: dict[str, Floats] = {
        "followers": columns.followers_count,
        "following": columns.following_count,
        "posts": columns.posts_count,
    }
    return counts[sort]


def row_values(measured: Analysis, columns: Followers, people: Integers) -> dict[str, NDArray[Any]]:
    """The values behind the rows of some followers, as `report.rows.rows_of` takes them.

    Args:
        measured: the account's measures; columns: its followers.
        people: numbers of the followers, in the order of the rows.
    """
    nameless = columns.opted_out[people] == 1
    unknown = np.full(len(people), None, dtype=object)
    is_known = not measured.responses_unknown
    names = ("account_id", "handle", "display_name")
    values: dict[str, Any] = {name: np.where(nameless, unknown, getattr(columns, name)[people]) for name in names}
    values |= {
        "label": np.array(CLASSES, dtype=object)[measured.funnel.verdicts.label[people]],
        "reasons": measured.funnel.verdicts.reasons[people],
        "responses": measured.responses_by[people] if is_known else unknown,
        "active_responses": measured.active_by[people] if is_known else unknown,
        "sent": measured.sent_to[people] if measured.has_written else unknown,
        "received": measured.received_from[people] if is_known else unknown,
        **dict.fromkeys(("judgement", "real", "real_low", "real_high"), unknown),
    }
    figures = ("followers_count", "following_count", "posts_count", "created_at", "last_seen", "followed_at")
    values |= {name: getattr(columns, name)[people] for name in figures}
    found = measured.authenticity
    if found is not None:
        judgements = np.array(JUDGEMENTS, dtype=object)[found.label[people]]
        values |= {
            "judgement": np.where(found.standing[people], judgements, unknown),
            "real": found.real[people],
            "real_low": found.low[people],
            "real_high": found.high[people],
        }
    return values
