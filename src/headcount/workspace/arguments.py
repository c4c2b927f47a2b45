"""Arguments that methods of the workspace share: checked, and in one form."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf
from typing import SupportsFloat

from headcount.errors import UsageError
from headcount.report.rows import LARGEST_FIRST
from headcount.support.times import Time, as_datetime
from headcount.wording import CLASS_NAMES

__all__ = ["as_days", "as_end", "as_names", "check_selection"]


def as_names(given: str | Sequence[str] | None) -> list[str] | None:
    """One name as a list of one: a text is a sequence too, of its letters."""
    return None if given is None else [given] if isinstance(given, str) else list(given)


def as_days(window: float | None) -> float | None:
    """The length of a window in days; None for everything."""
    if window is None:
        return None
    if isinstance(window, bool | str) or not isinstance(window, SupportsFloat) or not 0 < float(window) < inf:
        raise UsageError(
            f"window_days: {window!r} is not a number of days above 0.", hint="use 56 for 8 weeks, or None for all."
        )
    return float(window)


def as_end(as_of: Time | None) -> datetime | None:
    """The end of the observation that was asked for; None for the newest observation."""
    end = None if as_of is None else as_datetime(as_of)
    if end is not None and end > datetime.now(UTC):
        raise UsageError(
            f"The end of the observation, {end:%Y-%m-%d %H:%M} UTC, is in the future.",
            hint="omit it, or give a time in the past.",
        )
    return end


def check_selection(label: str | None, sort: str, limit: int | None) -> None:
    """Raise UsageError where rows of followers cannot be selected so."""
    if label is not None and label not in CLASS_NAMES:
        raise UsageError(f"{label!r} is not a class of followers.", hint=f"use one of {', '.join(CLASS_NAMES)}.")
    orders = ("class", *LARGEST_FIRST)
    if sort not in orders:
        raise UsageError(f"{sort!r} is not a valid sort order.", hint=f"use one of {', '.join(orders)}.")
    if limit is not None and limit < 1:
        raise UsageError(f"limit: {limit} is not a number above 0.", hint="give 1 or more, or None for all rows.")
