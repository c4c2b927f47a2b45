"""What a source hands in beside the rows of the four tables: how completely each list was read, as typed facts.

A list is everything of one kind that a platform shows of one account: its followers, the accounts it follows, its
posts, and the replies, likes, reposts and quotes that its posts received. How completely it was read decides what
its length means: 30 followers of a complete list are all there are; 30 of a partial list are a lower bound; and a
list that was refused or hidden is unknown, never empty. Rooms downstream read these fields; no room reads a sentence.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

from headcount.errors import Problem
from headcount.tables import TABLES

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "LISTS",
    "RESPONSE_LISTS",
    "TABLE_PREFIX",
    "ListCoverage",
    "ListName",
    "ReadResult",
    "Reason",
    "Remark",
    "State",
    "Topic",
    "complete_lists",
    "create_incoming",
    "drop_incoming",
    "own_activity_only",
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


TABLE_PREFIX = "incoming_"
Topic = Literal["followers", "responses", "posts", "archive"]


@dataclass(frozen=True)
class Remark:
    """A sentence for the reports of an account, shown as it is; facts go into `ListCoverage`.

    Attributes:
        account_id: the account that it is about.
        topic: what it is about; a later import's remark replaces an earlier one of the same topic.
        text: the sentence.
    """

    account_id: str
    topic: Topic
    text: str


@dataclass(frozen=True)
class ReadResult:
    """What a source read.

    Attributes:
        source: its name.
        problems: the first rows that cannot be taken; problem_count: how many there are in all.
        rows: rows read a table.
        notes: sentences for the user.
        whole_lists: every follower list among the follows is complete, so that a follower missing from a later one
            has unfollowed; False leaves it to `lists`.
        lists: how completely each list was read, where that is known by list.
        remarks: sentences for the reports of an account.
        repeats: the same row comes more than once by the nature of the source.
        account_id: the one account that it was collected for; None for files of many.
        closer_look: what is known of single followers was looked for in all of them, unless a sample was drawn
            (`follows.sampled`); False where the source did not look at single followers at all.
        between: accounts of which all follows between any two of them were read.
    """

    source: str
    problems: tuple[Problem, ...]
    problem_count: int
    rows: dict[str, int]
    notes: tuple[str, ...]
    whole_lists: bool = False
    lists: tuple[ListCoverage, ...] = ()
    remarks: tuple[Remark, ...] = ()
    repeats: bool = False
    account_id: str | None = None
    closer_look: bool = True
    between: frozenset[str] = frozenset()


def own_activity_only(account_id: str, observed_at: str | None = None) -> tuple[ListCoverage, ...]:
    """The coverage of a file that holds only what the account itself did: who responded was never looked for.

    Args:
        account_id: the account.
        observed_at: when the file was made, ISO 8601; None where that is unknown.
    """
    return tuple(
        ListCoverage(account_id, name, "unknown", "own_activity_only", observed_at=observed_at)
        for name in RESPONSE_LISTS
    )


def create_incoming(con: duckdb.DuckDBPyConnection) -> None:
    """Make the four empty incoming tables."""
    drop_incoming(con)
    for table in TABLES:
        columns = ", ".join(f"{column.name} {column.sql_type}" for column in table.columns)
        con.execute(f"CREATE TEMP TABLE {TABLE_PREFIX}{table.name} ({columns})")


def drop_incoming(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the incoming tables."""
    for table in TABLES:
        con.execute(f"DROP TABLE IF EXISTS temp.{TABLE_PREFIX}{table.name}")
