"""Counts and shares made coarse for an anonymous report (see `report.anonymous`): two significant digits."""

from __future__ import annotations

import re
from math import ceil, floor, isfinite, log10

__all__ = ["blurred", "outwards", "rough", "rough_rows", "rough_share"]


def rough(value: float) -> float:
    """A count to two significant digits from 100 on; a mean below that to one decimal."""
    if isinstance(value, int):
        return int(float(f"{value:.2g}")) if abs(value) >= 100 else value
    if not isfinite(value):
        return value
    return float(f"{round(value):.2g}") if abs(value) >= 99.5 else round(value, 1)


def rough_rows(rows: int) -> int:
    """Maximum number of rows to list, so that their count reveals no more than `rough` does."""
    return int(outwards(rows, down=True))


def blurred(text: str, *, months: bool = False) -> str:
    """A sentence with its counts from 100 on rounded to two significant digits; years stay.

    Args:
        text: a sentence made by Headcount, without words from outside.
        months: cut dates such as 2026-10-01 to their month.
    """
    if months:
        text = re.sub(r"\b(\d{4}-\d{2})-\d{2}\b", r"\1", text)

    def rounded(found: re.Match[str]) -> str:
        return f"{round(rough(float(found[0].replace(',', '')))):,}"

    # numbers of three digits, or more with commas or beyond four digits; no part of a decimal, a date or a percentage
    return re.sub(r"(?<![\d.,-])(?:\d{1,3}(?:,\d{3})+|\d{3}|\d{5,})(?:\.\d+)?(?![\d%-])", rounded, text)


def outwards(value: float, *, down: bool) -> float:
    """A limit as in `rough`, rounded down or up, so that the interval still holds what it held."""
    if not isfinite(value):
        return value
    digits = max(floor(log10(abs(value))), 2) - 1 if abs(value) >= 99.5 else 0 if isinstance(value, int) else -1
    scale = 10.0**digits
    steps = round(value / scale, 6)  # 4.7 / 0.1 is 47.00000000000001
    outer = (floor(steps) if down else ceil(steps)) * scale
    return int(outer) if isinstance(value, int) else float(round(outer, 1))


def rough_share(value: float, direction: int = 0) -> float:
    """A share to two digits of it, or of the rest where that is smaller; direction -1 or 1: rounded down or up."""
    nearer = min(abs(value), abs(1 - value))
    if nearer == 0 or not isfinite(value):
        return value
    digits = 1 - floor(log10(nearer))
    steps = round(value * 10**digits, 6)
    whole = round(steps) if direction == 0 else floor(steps) if direction < 0 else ceil(steps)
    return float(round(whole / 10.0**digits, digits))
