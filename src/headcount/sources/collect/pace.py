"""How a server's headers set the pace: limits, resets, waiting times; and durations in words."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    pass

__all__ = ["Limit", "duration"]

_REMAINING = ("ratelimit-remaining", "x-ratelimit-remaining", "x-rate-limit-remaining")
_RESET = ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset")


@dataclass(frozen=True)
class Limit:
    """A documented limit: so many requests in so many seconds."""

    requests: int
    seconds: float


def _single_headers(items: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by name in lower case; of a limit that is sent several times, the most cautious value."""
    several: dict[str, list[str]] = {}
    for name, value in items:
        several.setdefault(name.lower(), []).append(value)
    return {name: _most_cautious(name, values) for name, values in several.items()}


def _most_cautious(name: str, values: list[str]) -> str:
    if name in _REMAINING:
        return min(values, key=lambda value: _number(value, math.inf))
    if name in _RESET or name == "retry-after":
        return max(values, key=lambda value: _seconds(value, time.time()) or 0.0)
    return ", ".join(values)


def _number(text: str, otherwise: float) -> float:
    try:
        return float(text)
    except ValueError:
        return otherwise


def _until_reset(headers: Mapping[str, str]) -> float | None:
    """Seconds until the limit is renewed: Retry-After (seconds or a date), or a reset (epoch, seconds or a date)."""
    after = headers.get("retry-after")
    given = after if after is not None else next((headers[name] for name in _RESET if name in headers), None)
    if given is None:
        return None
    return _seconds(given, _date(headers.get("date", "")) or time.time())


def _seconds(text: str, now: float) -> float | None:
    """Seconds from `now` (of the server's clock) until the time or after the seconds that a header gives."""
    text = text.strip()
    # a header that was sent twice may arrive as one: 120, Thu, 26 Nov 2026 18:32:56 GMT
    seconds, comma, _ = text.partition(",")
    try:
        number = float(seconds if comma and seconds.strip().isdigit() else text)
    except ValueError:
        moment = _date(text)
        return None if moment is None else _bounded(moment - now)
    if number > 1e11:  # milliseconds
        number /= 1000
    return _bounded(number - now if number > 1e9 else number)


def _bounded(seconds: float) -> float | None:
    """Seconds from 0 to a day; None for what is no number."""
    return min(max(seconds, 0.0), 86_400.0) if math.isfinite(seconds) else None


def _date(text: str) -> float | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = read(text)
        except (ValueError, TypeError):
            continue
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return None


def duration(seconds: float) -> str:
    """In words: 45 s, 3 min 20 s, 2 h 5 min."""
    whole = round(seconds)
    if whole < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"
