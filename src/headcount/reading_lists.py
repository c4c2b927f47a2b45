"""Reads how completely the lists of one account were read out of the store; a part of `headcount.reading`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from headcount.follower_list import FollowerList, follower_list, followers_coverage
from headcount.incoming import ListCoverage, ListName

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


_LATEST = """
SELECT account_id, list, state, reason, listed, claimed, detail, strftime(observed_at, '%Y-%m-%dT%H:%M:%SZ')
FROM list_coverage WHERE account_id = $id AND observed_at <= $end
-- a file of what the account itself did leaves what a collection found as it is
QUALIFY row_number() OVER (PARTITION BY list ORDER BY coalesce(reason, '') = 'own_activity_only',
                           observed_at DESC, snapshot DESC) = 1
ORDER BY list
"""


def read_list_coverage(con: duckdb.DuckDBPyConnection, account_id: str, end: datetime) -> dict[ListName, ListCoverage]:
    """The latest coverage of each list of an account.

    Args:
        con: a connection to a store.
        account_id: the account that the lists belong to.
        end: coverage recorded later is left out (UTC, without a zone).

    Returns:
        A mapping from the name of the list; lists without any record are not in it.
    """
    rows = con.execute(_LATEST, {"id": account_id, "end": end}).fetchall()
    return {row[1]: ListCoverage(*row) for row in rows}


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
    """The accounts of `headcount.reading.known_accounts`, each with how completely its followers were listed."""
    return [
        KnownAccount(account_id, handle, followers, posts, read_follower_list(con, account_id, followers or None))
        for account_id, handle, followers, posts in rows
    ]
