"""What an answer of Bluesky's AppView means to the collector: ids, times, cursors, refusals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from headcount.errors import AccessDenied, AccountNotFound, InputError
from headcount.incoming import Reason
from headcount.sources.bluesky.views import gone_status, plausible_time
from headcount.sources.collect.gone import AccountGone
from headcount.sources.collect.landing import Page
from headcount.sources.collect.listing import refusal_reason
from headcount.sources.rows import inner, named

__all__ = ["FEED", "PAGE", "PROFILES", "RELATIONSHIPS"]

PAGE, PROFILES, RELATIONSHIPS, FEED = 100, 25, 30, 30
"""Items of a page of a list; accounts of one call for profiles and for relationships; latest posts of a follower."""
_REFUSALS: dict[str, Reason] = {
    "AccountTakedown": "account_suspended",
    "AccountDeactivated": "account_deleted",
    "BlockedActor": "hidden_by_account",
    "BlockedByActor": "hidden_by_account",
}
"""Codes of the AppView -> why a list is not shown."""


def _dids(pages: Iterable[Page], name: str) -> Iterator[str]:
    for page in pages:
        for item in named(page.json.get(name), "did"):
            yield str(item["did"])


def _batches(items: Iterable[str], size: int) -> Iterator[list[str]]:
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch


def _pair_calls(accounts: int) -> int:
    """Calls that show of every two of so many accounts whether they follow each other."""
    return sum(math.ceil(others / RELATIONSHIPS) for others in range(accounts))


def _feed_time(item: dict[str, Any]) -> datetime:
    """The time a feed is ordered by: of the repost, else of the post."""
    written = inner(item, "reason", "indexedAt") or inner(item, "post", "record", "createdAt")
    found = plausible_time(written, inner(item, "post", "indexedAt"))
    return found or datetime.max.replace(tzinfo=UTC)


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0]


def _content(page: Page) -> dict[str, Any]:
    try:
        content = page.json
    except InputError:  # an error page need not be JSON
        return {}
    return content if isinstance(content, dict) else {}


def _reason(page: Page) -> str:
    if page.failure is not None:
        return page.failure
    content = _content(page)
    said = content.get("message") or content.get("error")
    return f"HTTP {page.status}" + (f": {str(said)[:80]}" if said else "")


def _cursor(page: Page) -> str | None:
    cursor = _content(page).get("cursor")
    return str(cursor) if cursor else None


def _list_refusal(page: Page) -> Reason | None:
    """Why a page shows nothing of a list, by the server's code; None where its status tells."""
    if page.good:
        return None if isinstance(page.json, dict) else "server_error"
    return _REFUSALS.get(str(_content(page).get("error")))


def _refused_thread(page: Page) -> tuple[Reason, str | None]:
    """Why a thread is not shown; the server has a code for posts that are gone."""
    if _content(page).get("error") == "NotFound":
        return "removed_or_private", None
    return refusal_reason(page.status), _reason(page)


def _no_profile(name: str, page: Page, known: str | None) -> Exception:
    """Why there is no profile; `known` is the DID of the account, where it is known."""
    if page.status in (401, 403):
        return AccessDenied(
            f"Bluesky does not show {name} ({_reason(page)}).", hint="log in first: headcount login bluesky HANDLE"
        )
    hint = "check the handle; a Mastodon handle has the form alice@server.example, an X handle x:alice."
    status = gone_status(page.body) if not page.good else None
    code = _content(page).get("error")
    if status is not None and (known is not None or code in ("AccountTakedown", "AccountDeactivated")):
        what = "was suspended by Bluesky" if status == "suspended" else "was deleted or deactivated"
        return AccountGone(
            f"{name} {what} ({_reason(page)}).",
            hint="its data are no longer available; data collected earlier stay in the workspace.",
            status=status,
            detail=_reason(page),
            account_id=f"bluesky:{known}" if known is not None else None,
        )
    return AccountNotFound(f"Bluesky has no account {name!r} ({_reason(page)}).", hint=hint)
