"""What was known at the end of the observation: SQL that the readers of the store share.

Without a date that was asked for, the store is read as it stands, up to its newest observation. With one (`--as-of`),
nothing that was observed or created later may reach a column:

- A fact with a time of its own (a post, a response, a dated follow, the creation of an account) belongs to the past
  from that time on, whenever it was imported. It is taken as immutable: a post is read with the text last seen.
- A fact without one (an undated follow, a reaction without a time) belongs to the past from its first observation on.
- A column that changes (names, bio, counters, status, place in a list, last activity) is known as of its last
  observation before the cut. The store keeps earlier values of handle, counters and status (`account_history`); the
  other columns hold the newest value only, so they are unknown where the row was observed again after the cut.
- A list counts as complete only where it was read to its end before the cut.

Two exceptions: `opted_out` is read as it stands today, so that a later wish not to be named is respected in every
report; and the user's own labels are statements of the user, not observations.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import duckdb

__all__ = ["Cut"]

_WITH_HISTORY = ("handle", "followers_count", "following_count", "posts_count", "status")
"""Columns of accounts of which `account_history` keeps earlier values."""
_LATEST_ONLY = (
    "display_name",
    "bio",
    "website",
    "last_post_at",
    "default_avatar",
    "protected",
    "verified",
    "declared_bot",
)
_IMMUTABLE = ("account_id", "platform", "created_at", "opted_out")


@dataclass(frozen=True)
class Cut:
    """The end of the observation, and which imports lie before it.

    Attributes:
        is_past: a date was asked for, so later observations are left out.
        snapshots: numbers of the imports whose data was observed by then; read only where `is_past`.
        is_newest: no account was observed later, so the accounts are read as they stand.
        has_all_rows: every import with posts or interactions lies before the cut; it decides where the import of a row
            is not kept.
    """

    is_past: bool
    snapshots: tuple[int, ...] = ()
    is_newest: bool = True
    has_all_rows: bool = True

    @classmethod
    def read(cls, con: duckdb.DuckDBPyConnection, end: datetime, *, is_past: bool) -> Cut:
        """The cut of a store at `end` (UTC, without a zone)."""
        if not is_past:
            return cls(False)
        imports = con.execute(_SNAPSHOT_TIMES).fetchall()
        newest = con.execute(
            "SELECT max(t) FROM (SELECT max(observed_at) AS t FROM account_history "
            "UNION ALL SELECT max(observed_at) FROM accounts)"
        ).fetchall()[0][0]
        return cls(
            True,
            snapshots=tuple(number for number, time, _ in imports if time <= end),
            is_newest=newest is None or newest <= end,
            has_all_rows=all(time <= end for _, time, has_rows in imports if has_rows),
        )

    def imported(self, column: str) -> str:
        """Is the number of an import in `column` one of those before the cut?"""
        return f"{column} IN ({', '.join(map(str, self.snapshots))})" if self.snapshots else "false"

    def interaction(self, row: str = "") -> str:
        """Did the interaction happen by then?"""
        created = f"{_of(row)}created_at"
        if not self.is_past:
            return f"({created} IS NULL OR {created} <= $end)"
        imported = self.imported(f"{_of(row)}first_snapshot")
        return f"coalesce({created} <= $end, {imported}, {'true' if self.has_all_rows else 'false'})"

    def known_post(self, row: str = "") -> str:
        """Was the post written by then?"""
        created, observed = f"{_of(row)}created_at", f"{_of(row)}observed_at"
        if not self.is_past:
            return f"({created} IS NULL OR {created} <= $end)"
        return f"coalesce({created} <= $end, {observed} <= $end, {'true' if self.has_all_rows else 'false'})"

    def follow(self, row: str) -> str:
        """Had the follow been made by then, as far as is known?"""
        if not self.is_past:
            return f"({row}.followed_at IS NULL OR {row}.followed_at <= $end)"
        return (
            f"coalesce({row}.followed_at <= $end, {self.follow_observed(row)} OR {row}.followed_before <= $end, false)"
        )

    def follow_observed(self, row: str) -> str:
        """Was the follow itself seen by then?"""
        if not self.is_past:
            return "true"
        return f"(coalesce({row}.observed_at <= $end, false) OR {self.imported(f'{row}.first_snapshot')})"

    def follow_column(self, row: str, column: str) -> str:
        """A column of a follow that each look at the list sets anew; null where the last look was later."""
        if not self.is_past:
            return f"{row}.{column}"
        # the last import counts too: one without times sets the columns anew but leaves observed_at as it was
        last = f"coalesce({row}.observed_at <= $end, true) AND {self.imported(f'{row}.last_snapshot')}"
        return f"CASE WHEN {last} THEN {row}.{column} END"

    def complete_lists(self, side: Literal["followers", "following"]) -> str:
        """A query: the accounts whose list of that side had been read to its end by then."""
        stored = "followee" if side == "followers" else "follower"
        looked, read = (" AND began <= $end", " AND observed_at <= $end") if self.is_past else ("", "")
        return f"""SELECT account_id FROM list_looks WHERE side = '{stored}'{looked}
            UNION SELECT account_id FROM list_coverage WHERE list = '{side}' AND state = 'complete'{read}"""

    @property
    def account_table(self) -> str:
        """The table with the accounts as they were known by then: `accounts`, or the one that `read_accounts` makes."""
        return "accounts" if self.is_newest else "temp.account_at"

    def created_at(self, row: str) -> str:
        """When the account was created; null where that was later."""
        created = f"{row}.created_at"
        return f"CASE WHEN {created} <= $end THEN {created} END" if self.is_past else created

    def accounts(self, people: str) -> str:
        """A query: accounts with the values that were known by then.

        Args:
            people: a query of the ids of the accounts that are needed, as `id`.
        """
        if self.is_newest:
            return f"SELECT * FROM accounts SEMI JOIN ({people}) AS needed ON needed.id = account_id"
        earlier = ", ".join(
            f"arg_max(h.{name}, (h.observed_at, h.snapshot)) FILTER (h.{name} IS NOT NULL AND h.observed_at <= $end) "
            f"AS {name}"
            for name in _WITH_HISTORY
        )
        # the newest row of the history counts too: an import without times changes an account but not its observed_at
        known = "coalesce(greatest(a.observed_at, h.newest) <= $end, false)"
        columns = ", ".join(
            [
                *(f"a.{name}" for name in _IMMUTABLE),
                *(f"CASE WHEN {known} THEN a.{name} ELSE h.{name} END AS {name}" for name in _WITH_HISTORY),
                *(f"CASE WHEN {known} THEN a.{name} END AS {name}" for name in _LATEST_ONLY),
            ]
        )
        return f"""WITH needed AS MATERIALIZED ({people}), history AS (
                SELECT h.account_id, max(h.observed_at) AS newest, {earlier} FROM account_history AS h
                SEMI JOIN needed ON needed.id = h.account_id GROUP BY h.account_id)
            SELECT {columns} FROM accounts AS a SEMI JOIN needed ON needed.id = a.account_id
            LEFT JOIN history AS h ON h.account_id = a.account_id"""


_SNAPSHOT_TIMES = """
SELECT s.snapshot, least(s.read_at, coalesce(greatest(h.observed_at, f.observed_at), s.read_at)) AS time,
       coalesce(s.interactions, 0) + coalesce(s.posts, 0) > 0 AS has_rows
FROM snapshots AS s
LEFT JOIN (SELECT snapshot, max(observed_at) AS observed_at FROM account_history GROUP BY 1) AS h USING (snapshot)
LEFT JOIN (SELECT last_snapshot AS snapshot, max(observed_at) AS observed_at FROM follows
           WHERE first_snapshot = last_snapshot GROUP BY 1) AS f
     USING (snapshot)
ORDER BY s.snapshot
"""
"""When the data of each import was observed: by its own rows as far as these give a time, else when it was read."""


def _of(row: str) -> str:
    return f"{row}." if row else ""
