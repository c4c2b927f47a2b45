"""The list of followers behind a report, one row each, with the class, the reasons and the probability."""

from __future__ import annotations

from itertools import groupby
from math import ceil, floor

import numpy as np

from headcount.analysis import Analysis
from headcount.columns import Floats, Followers, Integers
from headcount.measures.followers.authenticity import Authenticity
from headcount.measures.followers.funnel import CLASSES
from headcount.measures.followers.judgement import CLASSES as JUDGEMENTS
from headcount.report.anonymous import anonymised, by_content
from headcount.report.rounding import rough_rows
from headcount.report.rows import FollowerRow, FollowerRows
from headcount.support.times import iso_text

__all__ = ["follower_rows"]

_YEAR_1, _YEAR_10000 = -62_135_596_800.0, 253_402_300_800.0


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
    rows = [_row(measured, columns, int(person)) for person in order[:limit]]
    if not anonymous:
        gone = int((measured.funnel.verdicts.label[order] == CLASSES.index("gone")).sum())
        return FollowerRows(rows, measured.follower_list, total=len(order), gone=gone)
    shown: list[FollowerRow] = []
    for _, of_class in groupby(rows, key=lambda row: row.label):
        same = [anonymised(row) for row in of_class]
        shown += by_content(same)[: rough_rows(len(same))]
    return FollowerRows(shown[: rough_rows(len(rows))], anonymised(measured.follower_list))


def _order(measured: Analysis, columns: Followers, label: str | None, sort: str) -> Integers:
    """Numbers of the followers in the order of their rows."""
    size = len(columns)
    labels = measured.funnel.verdicts.label
    order = np.lexsort((np.arange(size), -measured.responses_by[:size], labels))
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


def _row(measured: Analysis, columns: Followers, person: int) -> FollowerRow:
    account_id, handle, display_name = measured.view.names(person)
    reasons = measured.funnel.verdicts.reasons[person]
    counts = (columns.followers_count[person], columns.following_count[person], columns.posts_count[person])
    followers_count, following_count, posts_count = (_whole(count) for count in counts)
    found = measured.authenticity
    judged = found is not None and bool(found.standing[person])
    real, low, high = (None, None, None) if found is None else _probability(found, person)
    return FollowerRow(
        account_id=account_id,
        handle=handle,
        display_name=display_name,
        label=CLASSES[measured.funnel.verdicts.label[person]],
        reasons=reasons,
        responses=None if measured.responses_unknown else int(measured.responses_by[person]),
        active_responses=None if measured.responses_unknown else int(measured.active_by[person]),
        sent=int(measured.sent_to[person]) if measured.has_written else None,
        received=None if measured.responses_unknown else int(measured.received_from[person]),
        followers_count=followers_count,
        following_count=following_count,
        posts_count=posts_count,
        created_at=iso_text(columns.created_at[person]),
        last_seen=iso_text(columns.last_seen[person]),
        followed_at=iso_text(columns.followed_at[person]),
        judgement=JUDGEMENTS[found.label[person]] if found is not None and judged else None,
        real=real,
        real_low=low,
        real_high=high,
    )


def _probability(found: Authenticity, person: int) -> tuple[float | None, float | None, float | None]:
    """The probability of being real with its limits, the limits rounded outwards; None where none is given."""
    real, low, high = (float(values[person]) for values in (found.real, found.low, found.high))
    if np.isnan(real):
        return None, None, None
    return round(real, 3), floor(low * 1000) / 1000, ceil(high * 1000) / 1000


def _whole(value: float) -> int | None:
    return int(value) if np.isfinite(value) else None
