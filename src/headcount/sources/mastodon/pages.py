"""What a page of Mastodon's API holds for the reader of a landing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from headcount.sources.collect.landing import Page
from headcount.sources.mastodon.values import (
    Object,
    content_of,
    entries,
    text_of,
)
from headcount.sources.rows import objects, truth_value

if TYPE_CHECKING:
    pass

__all__ = []


def _entries(page: Page) -> list[Any]:
    """The entries of a list page; none where the page is not a list.

    Raises:
        InputError: the page is not JSON.
    """
    return entries(page.json) or []


def _note(account: Object) -> str:
    return text_of(account.get("note")) or ""


def _status_of(account: Object) -> str:
    """Whether the account is there: active, suspended or moved."""
    if truth_value(account.get("suspended")) is True:
        return "suspended"
    return "moved" if isinstance(account.get("moved"), dict) else "active"


def _quoted(status: Object) -> Object | None:
    """The status that a status quotes: since Mastodon 4.4 inside `quote`, elsewhere itself there."""
    quote = status.get("quote")
    if not isinstance(quote, dict):
        return None
    inner = quote.get("quoted_status", quote)
    return inner if isinstance(inner, dict) and inner.get("uri") else None


def _statuses(page: Page) -> Iterator[Object]:
    """All statuses of a page that are not inside another."""
    if page.step in ("posts", "latest", "quotes"):
        yield from objects(_entries(page))
    elif page.step == "context":
        yield from objects(content_of(page).get("ancestors"))
        yield from objects(content_of(page).get("descendants"))
    elif page.step == "notifications":
        yield from (item["status"] for item in objects(_entries(page)) if isinstance(item.get("status"), dict))
    elif page.step in ("followers", "following"):
        # as far as the closer look needs it: which number is which follower
        yield from ({"account": item} for item in objects(_entries(page)))
