"""How numbers, dates, shares, names and classes are worded: alike in the terminal, in HTML and in sentences.

Text from outside (names, bios, posts) passes through `plain` before it is shown anywhere: control characters
and marks that turn the direction of writing are dropped, so that a name cannot disguise itself or others.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime

from headcount.support.safe_text import plain

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
    "headcount_meaning",
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
    "ties_sentence",
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
    "talks": "dense, with conversation",
    "unclear": "dense, conversation unclear",
    "away": "dense, members inactive",
    "conversation unknown": "dense, conversation unknown",
    "chance": "no denser than chance",
}
"""What each verdict on a dense group is called."""

EXACT = {
    "all responded": "every follower on the list has responded",
    "time over": "final count after 7 days",
    "no followers": "there are no followers on the list",
    "all looked at": "all followers were examined",
}
"""Why a number has no interval: the words of the field `exact` that stands beside it."""

CLASS_MEANINGS = {
    "relationship": "Replies, mentions or quotes in both directions.",
    "responding": "Replied, mentioned, quoted, reposted or liked in the window.",
    "listening": "No response to this account, but active on the platform. A silent reader is not fake.",
    "away": "No public activity on the platform for a long time.",
    "auto_follow": "Follows very many accounts and asks for or gives follow-backs.",
    "spam": "Posts the same text or links repeatedly, a published sign of spam.",
    "gone": "Unfollowed, deleted or suspended.",
    "unknown": "Not enough observed to assign another class. Unknown, not fake.",
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
    """The name of a platform: its word with a capital; accounts of an imported table need not have one."""
    return "Imported table" if key == "table" else plain(key[:1].upper() + key[1:])


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


def headcount_meaning(people: str, posts: int, *, since: str | None = None, days: float | None = None) -> str:
    """What the headcount counts: "followers who responded since 1 October 2026 or are expected to within ...".

    Args:
        people: the population, such as "followers"; posts: of the window, and of the forecast.
        since: day of the first post, in words; days: length of the window; None where unknown.
    """
    past = f"since {since}" if since is not None else "so far"
    duration = f" (about {_days(days)})" if days is not None and days >= 1 else ""
    return f"{people} who responded {past} or are expected to within the next {number_of(posts, 'post')}{duration}"


def _days(number: float) -> str:
    """A number of days, in weeks from two weeks on: "8 weeks"."""
    return number_of(round(number), "day") if number < 14 else number_of(round(number / 7), "week")


def ties_sentence(
    name: str,
    tie_count: int,
    whom: str,
    share_of: str | None,
    period: str,
    reciprocity: tuple[float, float, float, int] | None,
) -> str:
    """How many two-way ties an account has, and how many of the people who wrote to it got an answer.

    Args:
        name: the account; tie_count: ties; whom: with what kind of people.
        share_of: the share of the followers, in words; None where unknown.
        period: such as "in the last 365 days".
        reciprocity: share of those who wrote that were answered, its interval, and how many wrote; None for none.
    """
    text = f"{name} has two-way ties with {count(tie_count)} {whom}"
    text += f" ({share_of})" if share_of is not None else ""
    text += f" {period}"
    if reciprocity is None:
        return f"{text}."
    answered, low, high, wrote = reciprocity
    who = "the only person" if wrote == 1 else f"the {count(wrote)} people"
    return f"{text}. It replied to {share(answered)} ({share_interval(low, high)}) of {who} who wrote to it."
