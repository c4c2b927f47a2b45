"""Reads how completely the lists of one account were read out of the store; a part of `headcount.reading`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from headcount.incoming import ListCoverage, ListName

if TYPE_CHECKING:
    import duckdb

__all__ = ["read_list_coverage"]

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
