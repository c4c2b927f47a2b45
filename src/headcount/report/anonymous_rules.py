"""The rules of an anonymous report: what stays of one field."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import log
from typing import TYPE_CHECKING, Any, TypeVar

from headcount.report.model import (
    ANONYMOUS,
)
from headcount.report.rounding import blurred, outwards, rough, rough_share
from headcount.tables import PLATFORM, TABLE

if TYPE_CHECKING:
    pass

__all__ = ["LADDER", "Rule", "T"]

T = TypeVar("T")
Rule = Callable[[Any, Any], Any]
"""What stays of a field, from its value and from the object that it belongs to."""

LADDER = (*(minutes / 60 for minutes in (1, 2, 5, 10, 15, 30)), 1, 2, 3, 6, 12, 24, 48, 72, 96, 120, 144, 168)
"""Hours at which the replies to a question are counted."""


# ---- Rules: what stays of one field.


def _keep(value: Any, _: Any) -> Any:
    """A flag, a word of a fixed vocabulary, or text that is the same in every report of this version."""
    return value


def _drop(_value: Any, _: Any) -> None:
    return None


def _count(value: Any, _: Any) -> Any:
    if isinstance(value, list):
        return [rough(number) for number in value]
    return None if value is None else rough(value)


def _share(value: Any, _: Any) -> Any:
    if isinstance(value, list):
        return [rough_share(number) for number in value]
    return None if value is None else rough_share(value)


def _figure(value: Any, _: Any) -> Any:
    """A ratio or strength: two significant digits."""
    return None if value is None else float(f"{value:.2g}")


def _limit(other: str, *, down: bool, share: bool = False) -> Rule:
    """A limit of an interval, rounded outwards; to the nearest where the interval has no width.

    Args:
        other: the field of the other limit; down: this is the lower one; share: of a share, not of a count.
    """

    def one(value: float, opposite: float | None) -> float:
        if value == opposite:
            return rough_share(value) if share else rough(value)
        return rough_share(value, -1 if down else 1) if share else outwards(value, down=down)

    def rule(value: Any, part: Any) -> Any:
        opposite = getattr(part, other)
        if isinstance(value, list):
            return [one(*pair) for pair in zip(value, opposite, strict=True)]
        return None if value is None else one(value, opposite)

    return rule


def _not_under(seen: str, limit: Rule) -> Rule:
    """A lower limit that is never below the rounded count of what was seen, in the field `seen`."""

    def rule(value: Any, part: Any) -> Any:
        low, counted = limit(value, part), getattr(part, seen)
        return low if low is None or counted is None else max(low, float(rough(counted)))

    return rule


def _day(value: Any, _: Any) -> Any:
    return None if value is None else value[:10]


def _month(value: Any, _: Any) -> Any:
    if isinstance(value, list):
        return [time[:7] for time in value]
    return None if value is None else value[:7]


def _sentence(value: Any, _: Any) -> Any:
    """Made by Headcount without words from outside (see `nameless`): its counts are rounded."""
    if isinstance(value, list):
        return [blurred(text) for text in value]
    return None if value is None else blurred(value)


def _anonymous(_value: Any, _: Any) -> str:
    return ANONYMOUS


def _platform(value: Any, _: Any) -> str:
    """A word; that it is one of a platform that accounts can be collected from is seen to before (`nameless`)."""
    return value if re.fullmatch(PLATFORM, value) else TABLE


def _reasons(value: Any, _: Any) -> str:
    return blurred(value, months=True)


def _tenth(direction: Callable[[float], float]) -> Rule:
    return lambda value, _: None if value is None else direction(round(value * 10, 6)) / 10


def _hours_observed(value: Any, _: Any) -> Any:
    """The last step of the ladder that has passed, or whole weeks; with the day of the report it gives no time."""
    if value is None or value < LADDER[0]:
        return None if value is None else 0.0
    return float(max((step for step in LADDER if step <= value), default=0) if value < 336 else value // 168 * 168)


def _half_life(value: Any, _: Any) -> Any:
    """The nearest step of the ladder, in minutes."""
    if value is None:
        return None
    return float(60 * min(LADDER, key=lambda step: abs(log(step * 60 / max(value, 1)))))


def _no_picture(_value: Any, _: Any) -> list[str]:
    return []


def _counts(*names: str) -> dict[str, Rule]:
    return dict.fromkeys(names, _count)


def _interval(low: str, high: str, *, share: bool = False) -> dict[str, Rule]:
    return {low: _limit(high, down=True, share=share), high: _limit(low, down=False, share=share)}


def _kept(*names: str) -> dict[str, Rule]:
    return dict.fromkeys(names, _keep)


def _dropped(*names: str) -> dict[str, Rule]:
    return dict.fromkeys(names, _drop)


def _shares(*names: str) -> dict[str, Rule]:
    return dict.fromkeys(names, _share)


def _sentences(*names: str) -> dict[str, Rule]:
    return dict.fromkeys(names, _sentence)
