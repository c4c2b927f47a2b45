"""What every source has in common: it fills the four incoming tables, and returns what it read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from headcount.errors import Problem
from headcount.incoming import RESPONSE_LISTS, ListCoverage
from headcount.tables import TABLES

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "TABLE_PREFIX",
    "Intake",
    "Remark",
    "Source",
    "Topic",
    "create_incoming",
    "drop_incoming",
    "own_activity_only",
]

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
class Intake:
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


class Source(Protocol):
    """A file format or platform that can be turned into the four tables."""

    name: str

    def recognises(self, path: Path) -> bool:
        """Is this one of its files? Looks at the name and the first bytes only."""

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> Intake:
        """Fill the incoming tables on the connection.

        Raises:
            BadRows: rows are wrong and `skip_bad` is false.
            InputError: the file as a whole cannot be read.
        """


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
