"""What a source hands in beside the rows of the four tables: how completely each list was read, as typed facts.

A list is everything of one kind that a platform shows of one account: its followers, the accounts it follows, its
posts, and the replies, likes, reposts and quotes that its posts received. How completely it was read decides what
its length means: 30 followers of a complete list are all there are; 30 of a partial list are a lower bound; and a
list that was refused or hidden is unknown, never empty. Rooms downstream read these fields; no room reads a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

__all__ = [
    "LISTS",
    "RESPONSE_LISTS",
    "ListCoverage",
    "ListName",
    "Reason",
    "State",
    "complete_lists",
]

ListName = Literal["followers", "following", "posts", "replies", "likes", "reposts", "quotes"]
State = Literal["complete", "partial", "sampled", "refused", "hidden", "unknown"]
Reason = Literal[
    "limit",
    "cost_limit",
    "broke_off",
    "no_next_page",
    "repeated_page",
    "empty_pages",
    "shorter_than_counter",
    "longer_than_counter",
    "maximum_length",
    "other_address",
    "platform_maximum",
    "entries_without_id",
    "other_server",
    "login_required",
    "not_supported",
    "server_error",
    "hidden_by_account",
    "removed_or_private",
    "parts_missing",
    "not_collected",
    "own_activity_only",
    "account_suspended",
    "account_deleted",
    "account_moved",
    "account_protected",
    "read_later",
]
"""Why a list is not complete (or, for `removed_or_private`, why a complete one is shorter than its counter)."""

LISTS: tuple[ListName, ...] = get_args(ListName)
RESPONSE_LISTS: tuple[ListName, ...] = ("replies", "likes", "reposts", "quotes")
"""The lists of responses that others gave; summed over the posts that were collected."""


@dataclass(frozen=True)
class ListCoverage:
    """How completely one list of one account was read.

    Attributes:
        account_id: the account that the list belongs to.
        list: its name; for replies, likes, reposts and quotes all posts that were collected are meant together.
        state: complete (read to its end), partial (a part of it), sampled (a uniform sample of it), refused (the
            server showed nothing), hidden (the account shows nothing), unknown (nothing is known of it).
        reason: why it is not complete; None where it is, or where the reason is unknown.
        listed: entries read; None where they were not counted.
        claimed: entries according to the platform's counter; None where there is no counter, or it cannot be trusted.
        detail: the server's own words or the address that was asked, for display only; None where there are none.
        observed_at: when it was read, ISO 8601; None where the source has no time (the import's time then holds).
    """

    account_id: str
    list: ListName
    state: State
    reason: Reason | None = None
    listed: int | None = None
    claimed: int | None = None
    detail: str | None = None
    observed_at: str | None = None

    def __post_init__(self) -> None:
        for name, value, allowed in (
            ("list", self.list, LISTS),
            ("state", self.state, get_args(State)),
            ("reason", self.reason, (None, *get_args(Reason))),
        ):
            if value not in allowed:
                raise ValueError(f"expected one of {allowed} as {name}, got {value!r}")

    @property
    def is_complete(self) -> bool:
        """Was the list read to its end, so that an account missing from it is not on it?"""
        return self.state == "complete"

    @property
    def shows_nothing(self) -> bool:
        """Is nothing known of the list's entries, so that none read does not mean that there are none?"""
        return self.state in ("refused", "hidden", "unknown") and not self.listed

    def with_account(self, account_id: str) -> ListCoverage:
        """The same facts for another id of the account."""
        return replace(self, account_id=account_id)

    def to_dict(self) -> dict[str, Any]:
        """The fields as plain values, without those that are None."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> ListCoverage:
        """The inverse of `to_dict`.

        Raises:
            TypeError, ValueError: a field is missing, not known, or has a value outside its vocabulary.
        """
        return cls(**fields)


def complete_lists(coverage: Iterable[ListCoverage], name: ListName) -> frozenset[str]:
    """The accounts of which the list of that name was read to its end."""
    return frozenset(entry.account_id for entry in coverage if entry.list == name and entry.is_complete)
