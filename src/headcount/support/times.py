"""Times as a user gives them: one converter for the library and the command line.

A datetime with a zone is that moment; without one it is read as UTC. A date, and a text that holds only a date, is the
start of that day (00:00 UTC). Texts are ISO 8601: "2026-10-01", "2026-10-01T12:00", "2026-10-01T12:00+02:00".
Timestamps of pandas and polars are datetimes; numpy's datetime64 is read in UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

from headcount.errors import UsageError

__all__ = ["ACCEPTED", "DAY", "Time", "as_datetime", "as_seconds", "iso_text"]

DAY = 86_400.0
"""Seconds of a day."""

Time = datetime | date | str
"""What every function of the library that takes a time accepts (see the module's text)."""

ACCEPTED = "give a datetime, a date, or text such as '2026-10-01' (00:00 UTC) or '2026-10-01T12:00+02:00'."


def as_datetime(value: Time, name: str = "as_of") -> datetime:
    """A time as a datetime in UTC.

    Args:
        value: see the module's text.
        name: of the argument, for the error.

    Raises:
        UsageError: the value is not a time.
    """
    given: Any = value
    if _is_datetime64(given):
        given = given.astype("datetime64[us]").item()
    try:
        if isinstance(given, str):
            given = datetime.fromisoformat(given.strip())
        elif isinstance(given, date) and not isinstance(given, datetime):
            given = datetime(given.year, given.month, given.day, tzinfo=UTC)
        if isinstance(given, datetime) and given == given:  # pandas' NaT is a datetime that does not equal itself
            aware = given if given.tzinfo is not None else given.replace(tzinfo=UTC)
            return datetime.fromtimestamp(0, UTC) + (aware - datetime.fromtimestamp(0, UTC))
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"{name}: {_shown(value)} is not a time.", hint=ACCEPTED)


def as_seconds(value: Time | float, name: str = "as_of") -> float:
    """A time as seconds since 1970 (UTC); a number already is.

    Raises:
        UsageError: the value is neither a time nor a finite number.
    """
    if isinstance(value, str | date):
        return as_datetime(value, name).timestamp()
    if _is_datetime64(value):
        return as_datetime(value, name).timestamp()  # type: ignore[arg-type] # numpy's type is not imported here
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = float("nan")
    if isinstance(value, bool) or not isfinite(seconds):
        raise UsageError(f"{name}: {_shown(value)} is not a time.", hint=f"{ACCEPTED[:-1]}, or seconds since 1970.")
    return seconds


def iso_text(seconds: float | None) -> str | None:
    """Seconds since 1970 as ISO 8601 in UTC; None where unknown."""
    if seconds is None or not isfinite(seconds):
        return None
    try:
        time = datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, OverflowError, OSError):  # beyond the years 1 to 9999
        return None
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


def _is_datetime64(value: object) -> bool:
    """Is this numpy's type of time? Asked by its name, so that numpy is not imported."""
    return type(value).__module__ == "numpy" and type(value).__name__ == "datetime64"


def _shown(value: object) -> str:
    """The value for an error: one line, not too long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:59]}…"
