"""The schema of the store, and how an older one becomes the newest."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from headcount.tables import FOLLOWS, INTERACTIONS, POSTS, TABLES

if TYPE_CHECKING:
    import duckdb

__all__ = ["SCHEMA_VERSION"]

_LATER_COLUMNS = {"sampled", "visibility"}
"""Columns of the four tables that schema version 1 did not have."""


def _create_version_1(con: duckdb.DuckDBPyConnection) -> None:
    for table in TABLES:
        listed = [column for column in table.columns if column.name not in _LATER_COLUMNS]
        columns = ", ".join(f"{column.name} {column.sql_type}" for column in listed)
        extra = ", first_snapshot INTEGER, last_snapshot INTEGER" if table is FOLLOWS else ""
        con.execute(f"CREATE TABLE {table.name} ({columns}{extra})")
    con.execute(
        "CREATE TABLE account_history (account_id VARCHAR, observed_at TIMESTAMP, handle VARCHAR, "
        "followers_count BIGINT, following_count BIGINT, posts_count BIGINT, status VARCHAR, snapshot INTEGER)"
    )
    con.execute(
        "CREATE TABLE snapshots (snapshot INTEGER, source VARCHAR, path VARCHAR, read_at TIMESTAMP, "
        "accounts BIGINT, follows BIGINT, posts BIGINT, interactions BIGINT, skipped BIGINT, whole_lists BOOLEAN)"
    )


def _create_version_2(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("ALTER TABLE follows ADD COLUMN sampled BOOLEAN")
    con.execute("ALTER TABLE snapshots ADD COLUMN account_id VARCHAR")
    con.execute("CREATE TABLE remarks (account_id VARCHAR, topic VARCHAR, text VARCHAR, snapshot INTEGER)")
    # who was forgotten must not come back with the next import; a hash tells who comes, and nobody who went
    con.execute("CREATE TABLE forgotten (account_hash VARCHAR)")


def _create_version_3(con: duckdb.DuckDBPyConnection) -> None:
    # what the user says of an account: real, auto or spam (headcount.store.labels)
    con.execute("CREATE TABLE labels (account_id VARCHAR, label VARCHAR, labelled_at TIMESTAMP)")


def _create_version_4(con: duckdb.DuckDBPyConnection) -> None:
    # when a whole list was looked at: only who was not in it then cannot have followed before
    con.execute("CREATE TABLE list_looks (side VARCHAR, account_id VARCHAR, began TIMESTAMP)")


def _create_version_5(con: duckdb.DuckDBPyConnection) -> None:
    for table in (POSTS.name, INTERACTIONS.name):
        con.execute(f"ALTER TABLE {table} ADD COLUMN visibility VARCHAR")
    # when an interaction without a time of its own was first seen: it cannot be known to be older
    con.execute("ALTER TABLE interactions ADD COLUMN first_snapshot INTEGER")
    con.execute(
        "CREATE TABLE list_coverage (account_id VARCHAR, list VARCHAR, state VARCHAR, reason VARCHAR, listed BIGINT, "
        "claimed BIGINT, detail VARCHAR, observed_at TIMESTAMP, snapshot INTEGER)"
    )
    _coverage_from_remarks(con)


def _coverage_from_remarks(con: duckdb.DuckDBPyConnection) -> None:
    """Schema 4 kept list facts as sentences; those that earlier versions wrote themselves become typed facts."""
    con.execute(
        """INSERT INTO list_coverage BY NAME
        SELECT r.account_id, 'followers' AS list, s.read_at AS observed_at, r.snapshot,
               CASE WHEN r.text LIKE 'The account hides%' THEN 'hidden' ELSE 'partial' END AS state
        FROM remarks AS r JOIN snapshots AS s USING (snapshot)
        WHERE r.topic = 'followers' AND (r.text LIKE 'The account hides%' OR r.text LIKE '%was not read to its end.%'
              OR r.text LIKE '%was not shown whole.%')"""
    )
    con.execute(
        """INSERT INTO list_coverage BY NAME
        SELECT r.account_id, l.list, 'unknown' AS state, 'own_activity_only' AS reason, s.read_at AS observed_at,
               r.snapshot
        FROM remarks AS r JOIN snapshots AS s USING (snapshot),
             (SELECT unnest(['replies', 'likes', 'reposts', 'quotes']) AS list) AS l
        WHERE r.topic = 'archive'"""
    )
    con.execute(
        """INSERT INTO list_coverage BY NAME
        SELECT k.account_id, CASE k.side WHEN 'followee' THEN 'followers' ELSE 'following' END AS list,
               'complete' AS state, k.began AS observed_at,
               (SELECT max(snapshot) FROM snapshots WHERE read_at >= k.began) AS snapshot
        FROM (SELECT side, account_id, max(began) AS began FROM list_looks WHERE side IN ('followee', 'follower')
              AND account_id IN (SELECT account_id FROM snapshots) GROUP BY ALL) AS k
        ANTI JOIN list_coverage AS c ON c.account_id = k.account_id
              AND c.list = CASE k.side WHEN 'followee' THEN 'followers' ELSE 'following' END"""
    )
    con.execute(
        "DELETE FROM remarks WHERE topic = 'archive' OR (topic = 'followers' AND (text LIKE 'The account hides%' "
        "OR text LIKE '%was not read to its end.%' OR text LIKE '%was not shown whole.%'))"
    )


def _create_version_6(con: duckdb.DuckDBPyConnection) -> None:
    # labels got clearer words (headcount.store.labels.OLD_LABELS)
    con.execute("UPDATE labels SET label = 'person' WHERE label = 'real'")
    con.execute("UPDATE labels SET label = 'auto-follow' WHERE label = 'auto'")


_MIGRATIONS: tuple[Callable[[duckdb.DuckDBPyConnection], None], ...] = (
    _create_version_1,
    _create_version_2,
    _create_version_3,
    _create_version_4,
    _create_version_5,
    _create_version_6,
)
"""The n-th brings a file from schema version n to n + 1; they are never changed, only added to."""

SCHEMA_VERSION = len(_MIGRATIONS)
