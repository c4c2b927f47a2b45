"""What the user asked to collect, and what it will take."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from headcount.sources.collect.pace import duration
from headcount.support.record import Record
from headcount.support.times import as_datetime

__all__ = ["SINCE_DAYS", "CollectionEstimate", "Options"]

SINCE_DAYS = 365.0
"""How far back posts are collected where nothing else is asked for: as far as ties look back."""


@dataclass(frozen=True, repr=False)
class Options(Record):
    """What the user asked for.

    Attributes:
        limit: at most so many followers, the newest.
        since: posts from then on, a time as in `headcount.support.times`; a year where it is not given.
        sample: look closer at so many followers only, drawn uniformly from the whole list.
        spend_at_most: dollars.
        service: address of another server of the platform than the usual one.
        backlinks: address of an index of backlinks (Bluesky).
        circles: ask who of so many followers, drawn uniformly from the whole list, follow each other (Bluesky).
    """

    limit: int | None = None
    since: datetime | None = None
    sample: int | None = None
    spend_at_most: float | None = None
    service: str | None = None
    backlinks: str | None = None
    circles: int | None = None

    def __post_init__(self) -> None:
        if self.since is not None:
            object.__setattr__(self, "since", as_datetime(self.since, "since"))

    def text(self) -> str:
        """As text; what it may cost is left out: that may be raised and the collection go on."""
        kept = {name: value for name, value in msgspec.to_builtins(self).items() if name != "spend_at_most"}
        if self.circles is None:  # as collections wrote it that were begun before there was this option
            kept.pop("circles", None)  # what was read from such a text does not list it at all
        return msgspec.json.encode(kept).decode()


@dataclass(frozen=True, repr=False)
class CollectionEstimate(Record):
    """What a collection will take, told before it begins.

    Attributes:
        account_id, handle: whose.
        calls: requests, about.
        seconds: about, with the limits of the platform.
        dollars: about; 0 where the platform asks for none.
        parts: (what for, calls) in the order in which they are made.
        advice: how to do with less, where it is much; None elsewhere.
    """

    account_id: str
    handle: str
    calls: int
    seconds: float
    dollars: float
    parts: tuple[tuple[str, int], ...]
    advice: str | None = None

    @property
    def is_long(self) -> bool:
        """Does it take ten minutes or more, or money?"""
        return self.seconds >= 600 or self.dollars > 0

    def columns(self) -> dict[str, list[Any]]:
        """One row a part: what for, and the calls."""
        return {"part": [what for what, _ in self.parts], "calls": [calls for _, calls in self.parts]}

    def summary(self) -> str:
        """Calls, minutes, dollars."""
        return self.sentence()

    def sentence(self) -> str:
        """Calls, minutes, dollars."""
        money = f" and ${self.dollars:,.2f}" if self.dollars else ""
        return f"@{self.handle}: about {self.calls:,} calls, {duration(self.seconds)}{money}."
