"""The followers behind a report, one row each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from headcount.measures.follower_list import FollowerList
from headcount.support.record import Record, shorten

__all__ = ["FollowerRow", "FollowerRows"]


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


def _follower_columns(rows: Sequence[FollowerRow]) -> dict[str, list[Any]]:
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(FollowerRow)}
