"""What every source has in common: it fills the four incoming tables, and says what it read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from headcount.errors import Problem
from headcount.tables import TABLES

if TYPE_CHECKING:
    import duckdb

__all__ = ["ARCHIVE", "TABLE_PREFIX", "Intake", "Remark", "Source", "WholeLists", "create_incoming", "drop_incoming"]

TABLE_PREFIX = "incoming_"
ARCHIVE = "archive"


@dataclass(frozen=True)
class WholeLists:
    """The lists that came whole, by the ids of their accounts.

    Attributes:
        followers: whose list of followers; following: whose list of accounts followed.
    """

    followers: frozenset[str] = frozenset()
    following: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.followers or self.following)


@dataclass(frozen=True)
class Remark:
    """A sentence that belongs to what is known of an account.

    Attributes:
        account_id: whose.
        topic: followers, responses or posts; one collection's remark takes the place of an earlier one's. ARCHIVE
            where a file holds only what the account itself did, so that no response means that none was looked for.
        text: the sentence.
    """

    account_id: str
    topic: str
    text: str


@dataclass(frozen=True)
class Intake:
    """What a source read.

    Attributes:
        source: its name.
        problems: the first rows that cannot be taken; problem_count: how many there are in all.
        rows: rows read a table.
        notes: sentences for the user.
        whole_lists: the follows are whole follower lists, so that who is missing from a later one is gone; or the
            lists that are whole, where not all are.
        remarks: what the reports of an account should say of how it was collected.
        repeats: the same row comes more than once by the nature of the source.
        account_id: the one account that it was collected for; None for files of many.
        between: accounts of which all follows between any two of them were read.
    """

    source: str
    problems: tuple[Problem, ...]
    problem_count: int
    rows: dict[str, int]
    notes: tuple[str, ...]
    whole_lists: bool | WholeLists
    remarks: tuple[Remark, ...] = ()
    repeats: bool = False
    account_id: str | None = None
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
