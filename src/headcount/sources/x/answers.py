"""What a response of X means to the collector: items, tokens, times, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from headcount.errors import AccessDenied, AccountNotFound, InputError
from headcount.incoming import Reason
from headcount.sources.collect.collection import Collection
from headcount.sources.collect.gone import AccountGone
from headcount.sources.collect.landing import Page
from headcount.sources.collect.listing import Listing
from headcount.sources.rows import inner, objects

__all__ = []

_GET_ONE = (
    "create a token in X's developer console and store it with: headcount login x (see docs/how-to/collect-x.md)."
)


def _since(collection: Collection) -> list[tuple[str, str]]:
    first = datetime(2010, 11, 6, tzinfo=UTC)  # before that X takes no date
    return [("start_time", f"{max(collection.since.astimezone(UTC), first):%Y-%m-%dT%H:%M:%SZ}")]


def _items(page: Page) -> Iterator[dict[str, Any]]:
    return objects(page.json.get("data")) if isinstance(page.json, dict) else iter(())


def _number(page: Page) -> int:
    return sum(1 for _ in _items(page))


def _following_token(page: Page) -> str | None:
    token = inner(page.json, "meta", "next_token")
    return token if isinstance(token, str) and token else None


def _time(value: object) -> datetime | None:
    try:
        time = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _is_occasion(item: dict[str, Any], account: str) -> bool:
    """Can others respond to it as to a post of the account? Not to a repost, nor to an answer to somebody else."""
    kinds = [
        reference.get("type") for reference in objects(item.get("referenced_posts") or item.get("referenced_tweets"))
    ]
    return "retweeted" not in kinds and item.get("in_reply_to_user_id") in (None, account)


def _list_refusal(page: Page) -> Reason | None:
    """Why a page shows nothing of a list, where the answer itself is good: X gives the errors of a protected account
    and the like inside it.
    """
    if not page.good:
        return None
    if not isinstance(page.json, dict):
        return "server_error"
    if page.json.get("data") is not None:
        return None
    kinds = [str(error.get("type")).rpartition("/")[2] for error in objects(page.json.get("errors"))]
    return "login_required" if "not-authorized-for-resource" in kinds else None


def _said(listing: Listing) -> str | None:
    """What X said where it refused a page of a list."""
    return _reason(listing.refused) if listing.refused is not None else None


def _reason(page: Page) -> str:
    """What X says, in its words; what happened, where it did not answer."""
    if page.failure is not None:
        return page.failure
    try:
        content = page.json
    except InputError:  # an error page need not be JSON
        content = {}
    content = content if isinstance(content, dict) else {}
    first = next(objects(content.get("errors")), {})
    said = content.get("detail") or first.get("detail") or first.get("message") or content.get("title")
    return f"HTTP {page.status}" + (f": {str(said)[:120].rstrip('.')}" if said else "")


def _no_profile(name: str, page: Page, known: str | None) -> Exception:
    """Why there is no profile; `known` is the account, where it was collected before."""
    reason = _reason(page)
    suspended = "suspended" in reason  # X has one code for accounts that are suspended and for those that never were
    if page.status == 403 and not suspended:
        return AccessDenied(f"X does not show @{name} ({reason}).", hint=_GET_ONE)
    detail = reason.removeprefix("HTTP 200: ")
    if suspended:
        return AccountGone(
            f"X has suspended @{name} ({detail}).",
            hint="check the handle: x:alice, without a server.",
            status="suspended",
            detail=detail,
            account_id=known,
        )
    return AccountNotFound(f"X has no account @{name} ({detail}).", hint="check the handle: x:alice, without a server.")
