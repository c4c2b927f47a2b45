"""Options of a collection, and its estimated cost."""

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


_STORED_NAMES = {"follows_among": "circles"}
"""Field -> its name in stored options, which collections of earlier versions must share to be resumed."""

_NAMES = {stored: name for name, stored in _STORED_NAMES.items()} | {"spend_at_most": "max_cost"}


@dataclass(frozen=True, repr=False)
class Options(Record):
    """Options of a collection.

    Attributes:
        limit: maximum number of followers, newest first.
        since: start of the posts, a time as in `headcount.support.times`; default: one year ago.
        sample: size of the uniform random sample of followers to collect profiles and posts of; None: all.
        max_cost: spending limit in US dollars.
        service: address of the server to use instead of the platform's default.
        backlinks: address of a backlink index (Bluesky).
        follows_among: size of the uniform random sample of followers to collect the follows among (Bluesky).
    """

    limit: int | None = None
    since: datetime | None = None
    sample: int | None = None
    max_cost: float | None = None
    service: str | None = None
    backlinks: str | None = None
    follows_among: int | None = None

    def __post_init__(self) -> None:
        if self.since is not None:
            object.__setattr__(self, "since", as_datetime(self.since, "since"))

    def text(self) -> str:
        """JSON text that identifies the collection; without the spending limit, which may be raised on resuming."""
        stored = {_STORED_NAMES.get(name, name): value for name, value in msgspec.to_builtins(self).items()}
        stored.pop("max_cost", None)
        if self.follows_among is None:  # texts of collections older than this option do not contain it
            stored.pop("circles", None)
        return msgspec.json.encode(stored).decode()

    @classmethod
    def from_text(cls, text: str) -> Options:
        """The options of a stored collection.

        Raises:
            msgspec.MsgspecError: the text is not such an object.
        """
        stored = msgspec.json.decode(text, type=dict[str, Any])
        return msgspec.convert({_NAMES.get(name, name): value for name, value in stored.items()}, type=cls)


@dataclass(frozen=True, repr=False)
class CollectionEstimate(Record):
    """Estimated calls, time and cost of a collection, before it starts.

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
