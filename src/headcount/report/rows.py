"""The followers behind a report, one row each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import ceil, floor, isfinite
from typing import Any

from headcount.measures.follower_list import FollowerList
from headcount.support.record import Record, shorten
from headcount.support.times import iso_text

__all__ = ["LARGEST_FIRST", "ROW_TYPES", "FollowerRow", "FollowerRows", "rows_of"]

ROW_TYPES = {
    **dict.fromkeys(("account_id", "handle", "display_name", "label", "reasons"), "VARCHAR"),
    **dict.fromkeys(("responses", "active_responses", "sent", "received"), "BIGINT"),
    **dict.fromkeys(("followers_count", "following_count", "posts_count"), "DOUBLE"),
    **dict.fromkeys(("created_at", "last_seen", "followed_at"), "DOUBLE"),
    "judgement": "VARCHAR",
    **dict.fromkeys(("real", "real_low", "real_high"), "DOUBLE"),
}
"""Values behind the fields of `FollowerRow`, as they are stored -> their SQL type: times are seconds since 1970."""

_YEAR_1, _YEAR_10000 = -62_135_596_800.0, 253_402_300_800.0
LARGEST_FIRST = {
    "responses": "responses",
    **{name: f"CASE WHEN isfinite({name}_count) THEN {name}_count END" for name in ("followers", "following", "posts")},
    **{
        name: f"CASE WHEN {time} >= {_YEAR_1} AND {time} < {_YEAR_10000} THEN floor({time}) END"
        for name, time in (("newest", "followed_at"), ("last-seen", "last_seen"))
    },
}
"""Order of rows -> SQL of the figure to sort by, as its row shows it: times in whole seconds, null where unknown."""


@dataclass(frozen=True, kw_only=True, repr=False)
class FollowerRow(Record):
    """One follower with class and reason.

    Attributes:
        account_id, handle, display_name: None where the account asked not to be named.
        label, reasons: the class and why.
        responses, active_responses: distinct posts of the window responded to; by words.
        sent, received: replies, mentions and quotes exchanged with the account, ever. None where the responses, or the
            posts of the account, were never looked for.
        followers_count, following_count, posts_count, created_at, last_seen, followed_at: None where unknown.
        judgement: what kind of account it is, one of `measures.followers.judgement.CLASSES`, in agreement with the
            class (`measures.followers.verdicts`); None for those gone.
        real, real_low, real_high: probability by the score card of being a real account rather than one sold as a
            follower or written by a program, and its 95% interval; None for auto-follow, spam and gone, which the card
            does not measure, where too little is known, and where responses or your label say otherwise.
    """

    account_id: str | None
    handle: str | None
    display_name: str | None
    label: str
    reasons: str
    responses: int | None
    active_responses: int | None
    sent: int | None
    received: int | None
    followers_count: int | None
    following_count: int | None
    posts_count: int | None
    created_at: str | None
    last_seen: str | None
    followed_at: str | None
    judgement: str | None = None
    real: float | None = None
    real_low: float | None = None
    real_high: float | None = None

    def summary(self) -> str:
        """Who it is, and in which class."""
        return (
            f"{shorten(self.handle or self.account_id or 'not named', 60)}: {self.label} ({shorten(self.reasons, 90)})"
        )


class FollowerRows(Record, list[FollowerRow]):
    """Rows of followers, and how completely the list that they come from was read.

    Attributes:
        follower_list: the list; where it is not complete, these rows are not all followers.
        total: how many followers were chosen, those beyond a limit included; gone: those of them who are gone.
    """

    def __init__(
        self,
        rows: Iterable[FollowerRow],
        follower_list: FollowerList,
        *,
        total: int | None = None,
        gone: int | None = None,
    ) -> None:
        list.__init__(self, rows)
        self.follower_list = follower_list
        self.total = len(self) if total is None else total
        self.gone = sum(row.label == "gone" for row in self) if gone is None else gone

    def columns(self) -> dict[str, list[Any]]:
        """One row a follower."""
        return _follower_columns(self)

    def summary(self) -> str:
        """How many rows there are, and the list that they come from."""
        return f"{len(self):,} {'row' if len(self) == 1 else 'rows'}; the list: {self.follower_list.summary()}"


def rows_of(values: Mapping[str, Sequence[Any]]) -> list[FollowerRow]:
    """Rows from the values behind their fields.

    Args:
        values: field -> one value a row: plain numbers, unknown ones None or NaN; times in seconds since 1970. The
            probability and its limits are rounded here, the limits outwards.
    """
    columns = dict(values)
    for name in ("followers_count", "following_count", "posts_count"):
        columns[name] = [None if value is None or not isfinite(value) else int(value) for value in values[name]]
    for name in ("created_at", "last_seen", "followed_at"):
        columns[name] = [iso_text(value) for value in values[name]]
    known = [value is not None and value == value for value in values["real"]]
    for name, rounded in (("real", _to_thousandth), ("real_low", _down), ("real_high", _up)):
        columns[name] = [rounded(value) if has else None for value, has in zip(values[name], known, strict=True)]
    names = [field.name for field in fields(FollowerRow)]
    return [
        FollowerRow(**dict(zip(names, row, strict=True)))
        for row in zip(*(columns[name] for name in names), strict=True)
    ]


def _to_thousandth(value: float) -> float:
    return round(value, 3)


def _down(value: float) -> float:
    return floor(value * 1000) / 1000


def _up(value: float) -> float:
    return ceil(value * 1000) / 1000


def _follower_columns(rows: Sequence[FollowerRow]) -> dict[str, list[Any]]:
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(FollowerRow)}
