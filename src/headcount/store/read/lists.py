"""Reads out of the store how completely the lists of one account were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from headcount.incoming import ListCoverage, ListName
from headcount.measures.follower_list import FollowerList, follower_list, followers_coverage
from headcount.support.record import shorten

if TYPE_CHECKING:
    import duckdb

__all__ = ["KnownAccount", "known_accounts_with_lists", "read_follower_list", "read_list_coverage"]


class KnownAccount(NamedTuple):
    """An account that a report can be made of.

    Attributes:
        account_id, handle: the account; handle None where unknown.
        followers: followers listed, 0 where there is no list; posts: posts of it.
        follower_list: how completely the followers were listed.
    """

    account_id: str
    handle: str | None
    followers: int
    posts: int
    follower_list: FollowerList

    def __repr__(self) -> str:
        name = shorten(self.handle or self.account_id, 60)
        return f"<KnownAccount {name}, {self.follower_list.size()}, {self.posts:,} posts>"


_LATEST = """
SELECT account_id, list, state, reason, listed, claimed, detail, strftime(observed_at, '%Y-%m-%dT%H:%M:%SZ'), by_then
FROM (SELECT *, observed_at <= $end AS by_then FROM list_coverage WHERE account_id = $id)
-- a file of what the account itself did, and a collection that did not begin the list, leave what was found before
QUALIFY row_number() OVER (PARTITION BY list ORDER BY by_then DESC,
                           coalesce(reason, '') IN ('own_activity_only', 'not_collected'),
                           CASE WHEN by_then THEN observed_at END DESC, observed_at, snapshot DESC) = 1
ORDER BY list
"""


def read_list_coverage(con: duckdb.DuckDBPyConnection, account_id: str, end: datetime) -> dict[ListName, ListCoverage]:
    """The latest coverage of each list of an account.

    A list that was first read after `end` is at most partial for that time: its dated entries are used, and those that
    were gone when it was read, or have no time, are missing. Its counts belong to the later time and are left out.

    Args:
        con: a connection to a store.
        account_id: the account that the lists belong to.
        end: end of the observation (UTC, without a zone).

    Returns:
        A mapping from the name of the list; lists without any record are not in it.
    """
    rows = con.execute(_LATEST, {"id": account_id, "end": end}).fetchall()
    return {row[1]: ListCoverage(*row[:8]) if row[8] else _read_later(ListCoverage(*row[:8])) for row in rows}


def _read_later(entry: ListCoverage) -> ListCoverage:
    without_counts = replace(entry, listed=None, claimed=None, observed_at=None)
    if entry.shows_nothing:
        return without_counts
    return replace(without_counts, state="partial", reason="read_later", detail=None)


def read_follower_list(con: duckdb.DuckDBPyConnection, account_id: str, listed: int | None) -> FollowerList:
    """How completely the followers of an account were listed, as of now.

    Args:
        con: a connection to a store.
        account_id: the account that is followed.
        listed: its followers in the list that stand; None where there are none in it, listed or gone.
    """
    recorded = read_list_coverage(con, account_id, datetime.max).get("followers")
    row = con.execute("SELECT followers_count FROM accounts WHERE account_id = ?", [account_id]).fetchone()
    claimed = row[0] if row is not None else None
    if listed is None and (claimed == 0 if recorded is None else recorded.is_complete):
        listed = 0
    return follower_list(followers_coverage(account_id, recorded, listed=listed, claimed=claimed))


def known_accounts_with_lists(
    con: duckdb.DuckDBPyConnection, rows: Sequence[tuple[str, str | None, int, int]]
) -> list[KnownAccount]:
    """The accounts of `known_accounts`, each with how completely its followers were listed."""
    return [
        KnownAccount(account_id, handle, followers, posts, read_follower_list(con, account_id, followers or None))
        for account_id, handle, followers, posts in rows
    ]
