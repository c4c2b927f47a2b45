"""Bounds on the memory that a JSON text takes once it is decoded.

`[{},{},…]` takes 24 times as many bytes as values as it has as text, so the length of a file alone bounds nothing.
Large lists are decoded entry by entry; what is bounded here is their number of entries, and the length of one entry.
"""

from __future__ import annotations

from headcount.errors import InputError

__all__ = ["MAX_DOCUMENT_BYTES", "MAX_ENTRIES", "MAX_ENTRY_BYTES", "check_entries", "check_entry"]

MAX_ENTRY_BYTES = 16_000_000
"""The longest single value: a line of JSON lines, a profile, a manifest."""
MAX_ENTRIES = 4_500_000
"""The most entries of one list; each takes about 70 bytes before it is read."""
MAX_DOCUMENT_BYTES = 640 << 20
"""The longest file that is one JSON value; files of one value a line may be of any length."""

_WINDOW = 4 << 20


def check_entry(name: str, size: int) -> None:
    """Refuse one value that is longer than any real one.

    Raises:
        InputError: it is.
    """
    if size > MAX_ENTRY_BYTES:
        raise InputError(
            f"{name} contains one JSON value of more than {MAX_ENTRY_BYTES // 1_000_000} MB.",
            hint="download or write the file again.",
        )


def check_entries(name: str, content: bytes | memoryview, *, depth: int = 1) -> None:
    """Refuse a list of more entries than memory should be given for.

    Args:
        name: of the file, for messages.
        content: JSON text.
        depth: how many brackets deep the list lies; 1 is the outermost value.

    Raises:
        InputError: it has more than MAX_ENTRIES.
    """
    text = bytes(content) if isinstance(content, memoryview) else content
    if text.count(b",") > MAX_ENTRIES and _commas(text, depth) > MAX_ENTRIES:
        raise InputError(
            f"{name} contains a list of more than {MAX_ENTRIES:,} entries, more than can be read at once.",
            hint="split the file, or write one entry per line (JSON lines).",
        )


def _commas(text: bytes, depth: int) -> int:
    """Commas outside of strings, at most so many brackets deep; ends early above MAX_ENTRIES."""
    import numpy as np

    data = np.frombuffer(text, np.uint8)
    found, level, in_string, slashes = 0, 0, 0, 0
    for start in range(0, len(data), _WINDOW):
        part = data[start : start + _WINDOW]
        place = np.arange(len(part))
        # a quote ends no string where an odd number of backslashes stands before it
        other = np.maximum.accumulate(np.where(part == ord("\\"), -1, place))
        before = np.concatenate(([-1], other[:-1]))
        run = place - 1 - before + np.where(before < 0, slashes, 0)
        quotes = (part == ord('"')) & (run % 2 == 0)
        inside = (np.cumsum(quotes) + in_string) % 2 == 1
        steps = np.isin(part, (ord("["), ord("{"))).astype(np.int8) - np.isin(part, (ord("]"), ord("}")))
        levels = level + np.cumsum(np.where(inside, 0, steps))
        found += int(np.count_nonzero((part == ord(",")) & ~inside & (levels <= depth)))
        if found > MAX_ENTRIES:
            break
        level, in_string = int(levels[-1]), int(inside[-1])
        slashes = len(part) - 1 - int(other[-1]) + (slashes if other[-1] < 0 else 0)
    return found
