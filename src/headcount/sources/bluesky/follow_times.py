"""Which follows of a repository cannot have begun when their keys say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

__all__ = ["all_paired", "clear_implausible_follow_times"]


def all_paired(paired: Mapping[str, set[str]]) -> set[str]:
    """Accounts of which every two are paired: whoever lacks most partners is left out, until nobody lacks any.

    A page that was not answered leaves the pairs of one account with some others unknown.

    Args:
        paired: the partners of every account, both ways.
    """
    left = set(paired)
    lacking = {one: len(left) - 1 - len(partners & left) for one, partners in paired.items()}
    while left and max(lacking[one] for one in left) > 0:
        worst = max(left, key=lambda one: (lacking[one], one))
        left.remove(worst)
        for one in left:
            lacking[one] -= worst not in paired[one]
    return left


def clear_implausible_follow_times(con: duckdb.DuckDBPyConnection) -> int:
    """Nobody follows before the account is made: a follow dated earlier lies somewhere after."""
    early = (
        "FROM incoming_accounts AS a WHERE a.account_id = f.follower_id "
        "AND f.followed_at < a.created_at - INTERVAL 1 DAY"
    )
    row = con.execute(f"SELECT count(*) FROM incoming_follows AS f WHERE EXISTS ({early})").fetchone()
    con.execute(
        "UPDATE incoming_follows AS f SET followed_at = NULL, followed_after = a.created_at, "
        f"followed_before = f.observed_at {early}"
    )
    return int(row[0]) if row else 0
