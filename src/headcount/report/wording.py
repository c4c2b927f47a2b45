"""How numbers, dates, shares, names and classes are worded: alike in the terminal, in HTML and in sentences.

Text from outside (names, bios, posts) passes through `plain` before it is shown anywhere: control characters
and marks that turn the direction of writing are dropped, so that a name cannot disguise itself or others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from headcount.safe_text import plain

__all__ = [
    "CLASS_MEANINGS",
    "CLASS_NAMES",
    "CLASS_PHRASES",
    "EXACT",
    "LIST_NAMES",
    "are",
    "class_phrase",
    "count",
    "day",
    "decimal",
    "estimate",
    "fit",
    "interval",
    "listing",
    "minutes",
    "month",
    "name",
    "number_of",
    "plain",
    "platform",
    "share",
    "share_interval",
    "shorten",
]

CLASS_NAMES = {
    "relationship": "Relationship",
    "responding": "Responding",
    "listening": "Listening",
    "away": "Away",
    "auto_follow": "Auto-follow",
    "spam": "Spam",
    "gone": "Gone",
    "unknown": "Unknown",
}

LIST_NAMES = {
    "followers": "Followers",
    "following": "Accounts followed",
    "posts": "Posts",
    "replies": "Replies",
    "likes": "Likes",
    "reposts": "Reposts",
    "quotes": "Quotes",
}

VERDICTS = {
    "ring": "closed circuit",
    "talks": "dense, and talks",
    "unclear": "dense, talk unclear",
    "away": "dense, members away",
    "conversation unknown": "dense, conversation unknown",
    "chance": "no denser than chance",
}
"""What each verdict on a dense group is called."""

EXACT = {
    "all responded": "every follower on the list has responded",
    "time over": "counted, 7 days are over",
    "no followers": "there are no followers on the list",
    "all looked at": "all were looked at",
}
"""Why a number has no interval: the words of the field `exact` that stands beside it."""

CLASS_MEANINGS = {
    "relationship": "Exchange goes both ways: they write to the account and it writes to them.",
    "responding": "Replied, mentioned, quoted, reposted or liked in the window.",
    "listening": "Silent here, but active on the platform. A silent reader is not a fake.",
    "away": "Has not been seen on the platform for a long time.",
    "auto_follow": "Follows by routine: very many accounts, and follow-backs are asked for or given.",
    "spam": "Shows the published signs of spam: the same text or links, over and over.",
    "gone": "Unfollowed, deleted or suspended.",
    "unknown": "Nothing observed tells which of the others it is. Unknown, not fake.",
}

CLASS_PHRASES = {
    "relationship": "are in a two-way relationship",
    "responding": "respond",
    "listening": "listen silently",
    "away": "are away",
    "auto_follow": "follow automatically",
    "spam": "look like spam",
    "gone": "are gone",
    "unknown": "are unknown",
}

_PHRASES_OF_ONE = {
    "relationship": "is in a two-way relationship",
    "responding": "responds",
    "listening": "listens silently",
    "away": "is away",
    "auto_follow": "follows automatically",
    "spam": "looks like spam",
    "gone": "is gone",
    "unknown": "is unknown",
}

MAX_NAME = 300
"""Characters of a name that are shown: more than any platform allows a handle (Mastodon: 30, @ and a host of 253)."""

_PLATFORMS = {"bluesky": "Bluesky", "mastodon": "Mastodon", "x": "X", "table": "Imported table"}
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


def shorten(text: str, length: int) -> str:
    """At most `length` characters of a text from outside, with an ellipsis where something was cut."""
    text = " ".join(plain(text[: 20 * length]).split())
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def fit(text: str, cells: int) -> str:
    """At most so many columns of type: wide (East Asian, emoji) characters take two, combining marks none."""
    text = shorten(text, 4 * cells)
    used = 0
    for place, character in enumerate(text):
        used += _cells(character)
        if used > cells:
            return text[: max(place - 1, 0)].rstrip() + "…"
    return text


def _cells(character: str) -> int:
    if unicodedata.combining(character) or character == "\u200d":
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def name(handle: str | None, *, unnamed: str = "this account") -> str:
    """A handle or name from outside, whole up to 300 characters; `unnamed` where there is none."""
    shown = shorten(handle, MAX_NAME) if handle is not None else ""
    return shown or unnamed


def platform(key: str) -> str:
    """The name of a platform: "bluesky" -> "Bluesky"."""
    return _PLATFORMS.get(key, plain(key))


def are(number: int) -> str:
    """The verb that agrees with a number: is or are."""
    return "is" if number == 1 else "are"


def count(number: float) -> str:
    """A number of people or things: 12345 -> "12,345"."""
    return f"{round(number):,}"


def class_phrase(label: str, number: float) -> str:
    """What so many followers of a class do: ("away", 2) -> "are away", ("away", 1) -> "is away"."""
    return _PHRASES_OF_ONE[label] if number == 1 else CLASS_PHRASES[label]


def number_of(number: int, thing: str, many: str | None = None) -> str:
    """A count with its noun: (1, "follower") -> "1 follower", (2, "reply", "replies") -> "2 replies"."""
    return f"{count(number)} {thing if number == 1 else many or thing + 's'}"


def decimal(number: float) -> str:
    """A mean: 4.25 -> "4.2", 4.0 -> "4", 1234.5 -> "1,234"."""
    return f"{number:,.1f}".removesuffix(".0") if abs(number) < 100 else count(number)


def interval(low: float, high: float) -> str:
    """An interval of counts: (190.2, 251) -> "190 to 251"."""
    return f"{count(low)} to {count(high)}"


def estimate(middle: float, low: float, high: float, *, prefix: str = "") -> str:
    """A count with its interval: "48 (41 to 57)"; without brackets where the interval has no width.

    Args:
        middle, low, high: the count and its limits.
        prefix: words before the interval: "95% interval ".
    """
    return count(middle) if low == high else f"{count(middle)} ({prefix}{interval(low, high)})"


def share(part: float) -> str:
    """A share of 1 in per cent: 0.0123 -> "1.2%", 0.431 -> "43%"; only none is "0%" and only all "100%"."""
    if part <= 0:
        return "0%"
    if part < 0.0001:
        return "under 0.01%"
    if part < 0.00095:
        return f"{part:.2%}"
    if part >= 1:
        return "100%"
    if part > 0.999:
        return "over 99.9%"
    return f"{part:.1%}" if part < 0.0995 or part >= 0.995 else f"{part:.0%}"


def share_interval(low: float, high: float) -> str:
    """An interval of shares: (0.008, 0.019) -> "0.8% to 1.9%"."""
    return f"{share(low)} to {share(high)}"


def day(moment: str) -> str:
    """A day in words, in UTC: "2026-10-01T08:00:00Z" -> "1 October 2026"; "2026-10", a time of which only the month is
    given, -> "October 2026"; other text is given back.
    """
    if re.fullmatch(r"\d{4}-\d{2}", moment):
        return month(f"{moment}-01")
    time = _parsed(moment)
    return plain(moment) if time is None else f"{time.day} {_MONTHS[time.month - 1]} {time.year}"


def month(moment: str) -> str:
    """A month in words, in UTC: "2026-10-01T08:00:00Z" -> "October 2026"."""
    time = _parsed(moment)
    return plain(moment) if time is None else f"{_MONTHS[time.month - 1]} {time.year}"


def _parsed(moment: str) -> datetime | None:
    try:
        time = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return time.astimezone(UTC) if time.tzinfo is not None else time


def minutes(number: float) -> str:
    """A length of time given in minutes: 0.4 -> "under 1 minute", 45 -> "45 minutes", 95 -> "1 h 35 min"."""
    if number < 1:
        return "under 1 minute"
    whole = round(number)
    if whole < 90:
        return f"{whole} minute" if whole == 1 else f"{whole} minutes"
    hours, rest = divmod(whole, 60)
    if hours < 10:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    if hours < 48:
        return f"{round(number / 60)} hours"
    return f"{round(number / 1440)} days"


def listing(parts: Sequence[str]) -> str:
    """Parts of a sentence in a row: ["a", "b", "c"] -> "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""
