"""The nearest of the names that exist, for a name that does not."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

__all__ = ["did_you_mean", "local_part", "nearest"]

MIN_RATIO = 0.6
"""Similarity (`difflib`) from which a name is suggested; the default of `difflib.get_close_matches`."""


def nearest(name: str, candidates: Iterable[str], *, limit: int = 3) -> list[str]:
    """The candidates that are most like a name, best first.

    Case, a leading @, the host of a handle, and the difference between `-` and `_` do not count.

    Args:
        name: what the user wrote.
        candidates: the names that exist.
        limit: maximum number of names to return.
    """
    wanted = _forms(name)
    scored = [(_similarity(wanted, _forms(candidate)), candidate) for candidate in dict.fromkeys(candidates)]
    close = sorted((-ratio, place) for place, (ratio, _) in enumerate(scored) if ratio >= MIN_RATIO)
    return [scored[place][1] for _, place in close[:limit]]


def did_you_mean(names: Iterable[str]) -> str:
    """A question for a hint: "did you mean ana, anna or anja?"; empty without names."""
    listed = list(names)
    if not listed:
        return ""
    return f"did you mean {' or '.join([', '.join(listed[:-1]), listed[-1]] if len(listed) > 1 else listed)}?"


def local_part(handle: str) -> str:
    """A handle without its host: "alice.bsky.social" and "alice@server.example" -> "alice"."""
    return handle.lstrip("@").partition("@")[0].partition(".")[0]


def _forms(name: str) -> tuple[str, str]:
    """The name and the name without its host, both in lower case."""
    lower = name.strip().lower().removeprefix("@").lstrip("-").replace("_", "-")
    return lower, local_part(lower) or lower


def _similarity(wanted: tuple[str, str], other: tuple[str, str]) -> float:
    """How alike two names are without their hosts; the hosts only decide between names that are equally alike."""
    whole, local = (SequenceMatcher(None, mine, theirs).ratio() for mine, theirs in zip(wanted, other, strict=True))
    return 0.99 * local + 0.01 * whole
