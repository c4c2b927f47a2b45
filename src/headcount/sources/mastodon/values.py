"""Values of Mastodon's client API as its servers write them: Mastodon, Akkoma, GoToSocial, Takahe, snac and others.

The API is documented (https://docs.joinmastodon.org/entities/), but servers differ in what they leave out: counters
that are 0, null or -1 for "hidden", lists inside an object, numbers as text. What cannot be read is unknown, never 0.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Literal

from headcount.errors import InputError
from headcount.sources.collect.landing import Page
from headcount.sources.rows import Object, objects, truth_value, whole_number

__all__ = [
    "COUNTERS",
    "Object",
    "Visibility",
    "content_of",
    "counter",
    "counts_nothing",
    "entries",
    "hides",
    "identifier",
    "ids_of",
    "is_default_avatar",
    "next_address",
    "reason_of",
    "text_of",
    "time_of",
    "visibility_of",
]

Visibility = Literal["public", "unlisted", "followers", "direct"]

COUNTERS = ("followers_count", "following_count", "statuses_count")
_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')
_WRAPPERS = ("accounts", "statuses", "notifications", "followers", "following", "users", "data", "items", "results")
_HIDING = {"followers": ("hide_followers",), "following": ("hide_follows", "hide_following")}
_VISIBILITIES: dict[str, Visibility] = {
    "public": "public",
    "unlisted": "unlisted",
    "home": "unlisted",
    "local": "unlisted",
    "private": "followers",
    "followers": "followers",
    "mutuals_only": "followers",
    "limited": "followers",
    "direct": "direct",
    "specified": "direct",
    "list": "direct",
}
_DEFAULT_AVATAR = re.compile(
    r"/missing\.png$|/default_avatars/|/unknown-icon-\d+\.png$|/susie\.png$|/images/avi\.png$|/identicon/"
)


def entries(content: object) -> list[Any] | None:
    """The entries of a list, also where the server wraps it in an object; None where the content is not a list."""
    if isinstance(content, list):
        return content
    if isinstance(content, dict):
        lists = [content[name] for name in _WRAPPERS if isinstance(content.get(name), list)]
        if len(lists) == 1:
            return list(lists[0])
    return None


def content_of(page: Page) -> Object:
    """The object of a page; an empty one where the page holds anything else, or no JSON."""
    try:
        content = page.json
    except InputError:
        return {}
    return content if isinstance(content, dict) else {}


def reason_of(page: Page) -> str:
    """The HTTP status of a refusal and the server's own words; what happened, where there was no answer."""
    if page.failure is not None:
        return page.failure
    said = content_of(page).get("error")
    return f"HTTP {page.status}" + (f": {str(said)[:80]}" if said else "")


def next_address(page: Page) -> str | None:
    """The address of the next page in the Link header; None where there is none."""
    found = _NEXT.search(page.headers.get("link", ""))
    return found[1] if found else None


def text_of(value: object) -> str | None:
    """A text; None for any other value."""
    return value if isinstance(value, str) else None


def identifier(value: object) -> str | None:
    """An id, which is text on most servers and a number on some; None where there is none."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def time_of(value: object) -> datetime | None:
    """A time with its zone (UTC where none is written); None where the value is not a time."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def visibility_of(status: Object) -> Visibility | None:
    """Who may read a status; None where the server does not state it.

    A word that is not in the documentation is read as followers-only: it restricts the audience in some way.
    """
    word = text_of(status.get("visibility"))
    return None if not word else _VISIBILITIES.get(word.strip().lower(), "followers")


def hides(account: Object, side: Literal["followers", "following"]) -> bool:
    """Does the account declare that it hides its followers, or the accounts that it follows?

    Forks of Misskey declare it with a negative counter.
    """
    pleroma = account.get("pleroma")
    flags = [pleroma.get(name) for name in _HIDING[side]] if isinstance(pleroma, dict) else []
    if str(account.get(f"{side}_count")).strip().startswith("-"):
        return True
    return any(truth_value(flag) is True for flag in (account.get("hide_collections"), *flags))


def counter(account: Object, name: str) -> int | None:
    """A counter of an account; None where it is hidden, negative, or missing.

    A counter of 0 beside a hidden list is hidden too (Akkoma and Pleroma write 0 there).
    """
    value = whole_number(account.get(name))
    side: Literal["followers", "following"] | None = (
        "followers" if name == "followers_count" else "following" if name == "following_count" else None
    )
    if side is None:
        return value
    pleroma = account.get("pleroma")
    if isinstance(pleroma, dict) and any(truth_value(pleroma.get(f"{flag}_count")) is True for flag in _HIDING[side]):
        return None
    return None if value == 0 and hides(account, side) else value


def counts_nothing(account: Object) -> bool:
    """Are all counters 0? Servers that keep no counters write that (snac everywhere, Takahe in nested accounts)."""
    return all(whole_number(account.get(name)) == 0 for name in COUNTERS)


def is_default_avatar(account: Object) -> bool | None:
    """Is the picture the default of its server software? None where no picture is given."""
    avatar = text_of(account.get("avatar"))
    return None if avatar is None else _DEFAULT_AVATAR.search(avatar) is not None


def ids_of(content: object) -> list[str]:
    """The ids of the entries of a list, in their order; entries without an id are left out."""
    return [found for entry in objects(entries(content)) if (found := identifier(entry.get("id"))) is not None]
