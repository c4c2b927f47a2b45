"""The rules of an anonymous report: what stays of one field.

A rule takes the value of the field and the object that holds it. Records that a rule returns, alone or in a list, are
made anonymous by the rules of their own class (`headcount.report.anonymous.anonymised`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from math import log
from typing import Any

from headcount.report.model import ANONYMOUS
from headcount.report.rounding import blurred, outwards, rough, rough_share
from headcount.tables import PLATFORM, TABLE

__all__ = [
    "LADDER",
    "Rule",
    "Rules",
    "anonymous_id",
    "count",
    "counts",
    "day",
    "drop",
    "dropped",
    "figure",
    "figures",
    "half_life",
    "hours_observed",
    "interval",
    "keep",
    "kept",
    "limit",
    "month",
    "not_under",
    "platform",
    "reasons",
    "record",
    "records",
    "sentence",
    "sentences",
    "share",
    "shares",
    "tenth",
]

Rule = Callable[[Any, Any], Any]
"""What stays of a field, from its value and from the object that it belongs to."""
Rules = Mapping[str, Rule]
"""The rule of each field of a class."""

LADDER = (*(minutes / 60 for minutes in (1, 2, 5, 10, 15, 30)), 1, 2, 3, 6, 12, 24, 48, 72, 96, 120, 144, 168)
"""Hours at which the replies to a question are counted."""


# ---- Rules: what stays of one field.


def keep(value: Any, _: Any) -> Any:
    """A flag, a word of a fixed vocabulary, or text that is the same in every report of this version."""
    return value


def drop(_value: Any, _: Any) -> None:
    """Nothing: names, ids, texts of users, exact times."""
    return None


def record(value: Any, _: Any) -> Any:
    """A record, or a list of records: each by the rules of its own class."""
    for one in value if isinstance(value, list) else [value]:
        if one is not None and not is_dataclass(one):
            raise TypeError(f"expected a record or a list of records, got {type(one).__name__}")
    return value


def count(value: Any, _: Any) -> Any:
    """A count, or a list of counts: two significant digits from 100 on."""
    if isinstance(value, list):
        return [rough(number) for number in value]
    return None if value is None else rough(value)


def share(value: Any, _: Any) -> Any:
    """A share of 1, or a list of shares: two digits."""
    if isinstance(value, list):
        return [rough_share(number) for number in value]
    return None if value is None else rough_share(value)


def figure(value: Any, _: Any) -> Any:
    """A ratio or strength: two significant digits."""
    return None if value is None else float(f"{value:.2g}")


def limit(other: str, *, down: bool, share: bool = False) -> Rule:
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


def not_under(seen: str, limit: Rule) -> Rule:
    """A lower limit that is never below the rounded count of what was seen, in the field `seen`."""

    def rule(value: Any, part: Any) -> Any:
        low, counted = limit(value, part), getattr(part, seen)
        return low if low is None or counted is None else max(low, float(rough(counted)))

    return rule


def day(value: Any, _: Any) -> Any:
    """A time, cut to its day."""
    return None if value is None else value[:10]


def month(value: Any, _: Any) -> Any:
    """A time, or a list of times, cut to the month."""
    if isinstance(value, list):
        return [time[:7] for time in value]
    return None if value is None else value[:7]


def sentence(value: Any, _: Any) -> Any:
    """Made by Headcount without words from outside (see `nameless`): its counts are rounded."""
    if isinstance(value, list):
        return [blurred(text) for text in value]
    return None if value is None else blurred(value)


def anonymous_id(_value: Any, _: Any) -> str:
    """The word that stands for the account's id."""
    return ANONYMOUS


def platform(value: Any, _: Any) -> str:
    """A word; that it is one of a platform that accounts can be collected from is seen to before (`nameless`)."""
    return value if re.fullmatch(PLATFORM, value) else TABLE


def reasons(value: Any, _: Any) -> str:
    """The reasons of a class: counts rounded, dates cut to the month."""
    return blurred(value, months=True)


def tenth(direction: Callable[[float], float]) -> Rule:
    """A probability in tenths.

    Args:
        direction: round, floor or ceil.
    """
    return lambda value, _: None if value is None else direction(round(value * 10, 6)) / 10


def hours_observed(value: Any, _: Any) -> Any:
    """The last step of the ladder that has passed, or whole weeks; with the day of the report it gives no time."""
    if value is None or value < LADDER[0]:
        return None if value is None else 0.0
    return float(max((step for step in LADDER if step <= value), default=0) if value < 336 else value // 168 * 168)


def half_life(value: Any, _: Any) -> Any:
    """The nearest step of the ladder, in minutes."""
    if value is None:
        return None
    return float(60 * min(LADDER, key=lambda step: abs(log(step * 60 / max(value, 1)))))


# ---- The same rule for several fields.


def counts(*names: str) -> dict[str, Rule]:
    """Fields of counts."""
    return dict.fromkeys(names, count)


def shares(*names: str) -> dict[str, Rule]:
    """Fields of shares."""
    return dict.fromkeys(names, share)


def figures(*names: str) -> dict[str, Rule]:
    """Fields of ratios and strengths."""
    return dict.fromkeys(names, figure)


def interval(low: str, high: str, *, share: bool = False) -> dict[str, Rule]:
    """The two limits of an interval.

    Args:
        low, high: their fields; share: of a share, not of a count.
    """
    return {low: limit(high, down=True, share=share), high: limit(low, down=False, share=share)}


def kept(*names: str) -> dict[str, Rule]:
    """Fields that stay as they are."""
    return dict.fromkeys(names, keep)


def dropped(*names: str) -> dict[str, Rule]:
    """Fields that are left out."""
    return dict.fromkeys(names, drop)


def sentences(*names: str) -> dict[str, Rule]:
    """Fields of sentences."""
    return dict.fromkeys(names, sentence)


def records(*names: str) -> dict[str, Rule]:
    """Fields of records."""
    return dict.fromkeys(names, record)
