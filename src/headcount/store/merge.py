"""Merges what a source handed in into the store: what is new, what is newer, and what has ended."""

from __future__ import annotations

from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from headcount.incoming import TABLE_PREFIX, ListCoverage, ReadResult
from headcount.store.cleaning import FIRST_YEAR
from headcount.tables import ACCOUNTS, INTERACTIONS, POSTS, TABLES, Table

if TYPE_CHECKING:
    import duckdb

__all__ = ["Merge"]


_MAX_LIST_LOSS = 0.5
"""A list that lost more than this share of its followers between two imports is taken for a partial list."""


_WHO = {
    "accounts": ("account_id",),
    "follows": ("follower_id", "followee_id"),
    "posts": ("author_id",),
    "interactions": ("actor_id", "target_id"),
}
"""Table -> its columns that name an account whose row it is."""


def _utc(text: object, otherwise: datetime) -> datetime:
    """An ISO 8601 time as UTC without a zone, as the store keeps it; `otherwise` where the time given is impossible."""
    if not isinstance(text, str):
        return otherwise
    try:
        time = datetime.fromisoformat(text)
        time = time.astimezone(UTC).replace(tzinfo=None) if time.tzinfo else time
    except (ValueError, OverflowError):
        return otherwise
    return time if time.year >= FIRST_YEAR and time <= otherwise + timedelta(days=1) else otherwise


def _count(con: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> int:
    row = con.execute(sql, parameters or None).fetchone()
    return int(row[0]) if row else 0


class Merge:
    """Merges the incoming tables of a connection into the tables of the store; each step is one statement or a few.

    Args:
        connection: of the store, inside the transaction of an import.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection

    def leave_out_forgotten(self) -> list[str]:
        """Rows of accounts that were forgotten do not come back."""
        con = self.connection
        if not _count(con, "SELECT count(*) FROM forgotten"):
            return []
        left_out = 0
        for table, columns in _WHO.items():
            named = " OR ".join(f"sha256({name}) IN (SELECT account_hash FROM forgotten)" for name in columns)
            left_out += _count(con, f"SELECT count(*) FROM {TABLE_PREFIX}{table} WHERE {named}")
            con.execute(f"DELETE FROM {TABLE_PREFIX}{table} WHERE {named}")
        con.execute(
            f"UPDATE {TABLE_PREFIX}{POSTS.name} SET reply_to_account_id = NULL "
            "WHERE sha256(reply_to_account_id) IN (SELECT account_hash FROM forgotten)"
        )
        return [f"{left_out:,} rows of forgotten accounts were skipped."] if left_out else []

    def find_complete_lists(self, whole: bool, followers: frozenset[str], following: frozenset[str]) -> None:
        """Note which lists of the import are complete: in a temporary table, by side and account."""
        con = self.connection
        con.execute(
            "CREATE OR REPLACE TEMP TABLE whole_list "
            "(side VARCHAR, account_id VARCHAR, began TIMESTAMP, seen TIMESTAMP)"
        )
        if whole:
            con.execute(
                "INSERT INTO whole_list SELECT 'followee', followee_id, max(observed_at), max(observed_at) "
                "FROM incoming_follows GROUP BY followee_id"
            )
        else:
            for side, accounts in (("followee", followers), ("follower", following)):
                for account in sorted(accounts):
                    con.execute(
                        f"INSERT INTO whole_list SELECT ?, ?, min(observed_at), max(observed_at) FROM incoming_follows "
                        f"WHERE {side}_id = ?",
                        [side, account, account],
                    )

    def find_looked_at_all(self, closer_look: bool) -> None:
        """The accounts of which every follower of an earlier sample's list was looked at now, drawn or not.

        Either the list was read to its end, or it holds everyone that the sample was drawn from.
        """
        self.connection.execute(
            """CREATE OR REPLACE TEMP TABLE looked_at_all AS
            SELECT account_id FROM whole_list WHERE side = 'followee' AND $closer_look
            UNION
            SELECT followee_id FROM (
                SELECT o.followee_id, i.follower_id IS NOT NULL AND i.sampled IS NULL AS is_looked_at
                FROM follows AS o LEFT JOIN incoming_follows AS i
                    ON i.follower_id = o.follower_id AND i.followee_id = o.followee_id
                WHERE o.gone_at IS NULL AND o.sampled IS NOT NULL AND $closer_look)
            GROUP BY followee_id HAVING bool_and(is_looked_at)""",
            {"closer_look": closer_look},
        )

    def keep_remarks(self, intake: ReadResult, number: int) -> None:
        """Replace the remarks of an earlier import of the same topic."""
        for remark in intake.remarks:
            self.connection.execute(
                "DELETE FROM remarks WHERE account_id = ? AND topic = ? AND snapshot < ?",
                [remark.account_id, remark.topic, number],
            )
            self.connection.execute(
                "INSERT INTO remarks VALUES (?, ?, ?, ?)", [remark.account_id, remark.topic, remark.text, number]
            )

    def keep_coverage(
        self, lists: tuple[ListCoverage, ...], number: int, moment: datetime, *, forced: bool | None
    ) -> None:
        """Record how completely each list was read; the statement of the user (`forced`) wins over the source's."""
        con = self.connection
        con.execute("CREATE OR REPLACE TEMP TABLE stated AS FROM list_coverage LIMIT 0")
        rows = [[*astuple(entry)[:-1], _utc(entry.observed_at, moment), number] for entry in lists]
        if rows:
            con.executemany("INSERT INTO stated VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
        if forced is not None:
            con.execute(
                "UPDATE stated SET state = ?, reason = NULL WHERE list IN ('followers', 'following')",
                ["complete" if forced else "partial"],
            )
            # of tables that name no list, the statement holds for the list of every followee
            con.execute(
                """INSERT INTO stated BY NAME
                SELECT i.followee_id AS account_id, 'followers' AS list, $state AS state,
                       coalesce(max(i.observed_at), $moment) AS observed_at, $number AS snapshot
                FROM incoming_follows AS i ANTI JOIN stated AS s ON s.account_id = i.followee_id
                AND s.list = 'followers' GROUP BY i.followee_id""",
                {"state": "complete" if forced else "partial", "moment": moment, "number": number},
            )
        con.execute("DELETE FROM stated WHERE sha256(account_id) IN (SELECT account_hash FROM forgotten)")
        con.execute("INSERT INTO list_coverage FROM stated")
        con.execute("DROP TABLE temp.stated")

    def record_snapshot(self, intake: ReadResult, path: str, moment: datetime, whole: bool) -> int:
        """Add the import to the history; returns its number."""
        con = self.connection
        number = _count(con, "SELECT coalesce(max(snapshot), 0) + 1 FROM snapshots")
        rows = [intake.rows.get(table.name, 0) for table in TABLES]
        con.execute(
            "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [number, intake.source, path, moment, *rows, intake.problem_count, whole, intake.account_id],
        )
        return number

    def merge_latest(self, table: Table, number: int, moment: datetime) -> int:
        """Merge a table with one row a key: what was seen last wins, column by column, and null never wins."""
        con = self.connection
        key = table.key[0]
        incoming = TABLE_PREFIX + table.name
        before = _count(con, f"SELECT count(*) FROM {table.name}")
        if before:
            newer = "coalesce(i.observed_at, $moment) >= coalesce(o.observed_at, TIMESTAMP '0001-01-01')"
            sets = ", ".join(
                f"{name} = CASE WHEN {newer} THEN coalesce(i.{name}, o.{name}) ELSE coalesce(o.{name}, i.{name}) END"
                for name in table.names
                if name != key
            )
            con.execute(
                f"UPDATE {table.name} AS o SET {sets} FROM {incoming} AS i WHERE o.{key} = i.{key}",
                {"moment": moment},
            )
        con.execute(
            f"INSERT INTO {table.name} BY NAME SELECT i.* FROM {incoming} AS i "
            f"ANTI JOIN {table.name} AS o ON o.{key} = i.{key}"
        )
        if table is ACCOUNTS:
            con.execute(
                "INSERT INTO account_history BY NAME SELECT account_id, coalesce(observed_at, ?) AS observed_at, "
                f"handle, followers_count, following_count, posts_count, status, {number} AS snapshot FROM {incoming}",
                [moment],
            )
        return _count(con, f"SELECT count(*) FROM {table.name}") - before

    def leave_out_taken_posts(self) -> list[str]:
        """A post keeps its author: one of the same id by somebody else is another post, and is left out."""
        con = self.connection
        same = "o.post_id = i.post_id AND o.author_id <> i.author_id"
        found = _count(con, f"SELECT count(*) FROM incoming_posts AS i JOIN posts AS o ON {same}")
        if not found:
            return []
        con.execute(f"DELETE FROM incoming_posts AS i USING posts AS o WHERE {same}")
        return [
            f"Posts skipped because they have the id of a stored post by another account: {found:,}; ids must be "
            f"unique across platforms."
        ]

    def merge_interactions(self, number: int) -> int:
        """Add the responses that are not there yet; returns how many."""
        con = self.connection
        incoming = TABLE_PREFIX + INTERACTIONS.name
        before = _count(con, "SELECT count(*) FROM interactions")
        fresh = f"FROM {incoming} AS i"
        if before:
            self._deduplicate_reactions()
            same = " AND ".join(f"o.{name} IS NOT DISTINCT FROM i.{name}" for name in INTERACTIONS.key)
            fresh += f" ANTI JOIN interactions AS o ON {same}"
        con.execute(f"INSERT INTO interactions BY NAME SELECT i.*, {number} AS first_snapshot {fresh}")
        return _count(con, "SELECT count(*) FROM interactions") - before

    def _deduplicate_reactions(self) -> None:
        """One account likes or reposts a post once: the same touch, known before with or without its time, is one."""
        con = self.connection
        same = (
            "o.actor_id = i.actor_id AND o.kind = i.kind AND o.post_id = i.post_id "
            "AND i.kind IN ('like', 'repost') AND o.created_at IS DISTINCT FROM i.created_at"
        )
        con.execute(
            "UPDATE interactions AS o SET created_at = i.created_at FROM (SELECT actor_id, kind, post_id, "
            "min(created_at) AS created_at FROM incoming_interactions WHERE created_at IS NOT NULL GROUP BY ALL) AS i "
            f"WHERE {same} AND o.created_at IS NULL"
        )
        con.execute(f"DELETE FROM incoming_interactions AS i USING interactions AS o WHERE {same}")

    def merge_follows(
        self, number: int, moment: datetime, *, whole: bool, forced: bool
    ) -> tuple[int, int, int, list[str]]:
        """Merge the follows; gives how many are gone, came back, are new, and notes."""
        con = self.connection
        notes: list[str] = []
        gone = returned = 0
        before = _count(con, "SELECT count(*) FROM follows")
        if before:
            if whole:
                gone, notes = self._mark_gone(self._observed(moment), forced=forced)
                doubtful = self._bound_backdated_follows()
                if doubtful:
                    notes.append(
                        f"Follows dated before the previous complete list, which did not contain them: {doubtful:,}; "
                        f"their time is treated as unknown."
                    )
            returned = self._update_standing(number)
            self._end_outdated_follows(moment)
        con.execute("INSERT INTO list_looks SELECT side, account_id, coalesce(began, ?) FROM whole_list", [moment])
        known = (
            "WHERE NOT EXISTS (FROM follows AS o WHERE o.follower_id = i.follower_id AND o.followee_id = i.followee_id "
            f"AND (o.last_snapshot = {number} OR i.gone_at IS NOT NULL OR o.gone_at > i.observed_at))"
        )
        con.execute(
            f"INSERT INTO follows BY NAME SELECT i.*, {number} AS first_snapshot, {number} AS last_snapshot "
            f"FROM incoming_follows AS i {known if before else ''}"
        )
        return gone, returned, _count(con, "SELECT count(*) FROM follows") - before - returned, notes

    def record_pairwise_observation(self, accounts: frozenset[str], moment: datetime) -> int:
        """Note that all follows among some accounts were read; gives how many that were known are gone."""
        if not accounts:
            return 0
        con = self.connection
        con.execute("CREATE OR REPLACE TEMP TABLE among (account_id VARCHAR)")
        con.executemany("INSERT INTO among VALUES (?)", [[account] for account in sorted(accounts)])
        gone = con.execute(
            """UPDATE follows AS o SET gone_at = ? WHERE o.gone_at IS NULL
            AND o.follower_id IN (FROM among) AND o.followee_id IN (FROM among)
            AND NOT EXISTS (FROM incoming_follows AS i
                WHERE i.follower_id = o.follower_id AND i.followee_id = o.followee_id)""",
            [moment],
        ).fetchall()
        con.execute(
            "INSERT INTO list_looks SELECT 'between', account_id, ? FROM among "
            "WHERE sha256(account_id) NOT IN (SELECT account_hash FROM forgotten)",
            [moment],
        )
        con.execute("DROP TABLE temp.among")
        return int(gone[0][0])

    def _observed(self, moment: datetime) -> datetime:
        """When the incoming data was seen, as far as any of it says; else the time of the import."""
        row = self.connection.execute(
            "SELECT max(t) FROM (SELECT max(observed_at) AS t FROM incoming_accounts "
            "UNION ALL SELECT max(observed_at) FROM incoming_posts)"
        ).fetchone()
        return row[0] if row and row[0] is not None else moment

    def _mark_gone(self, moment: datetime, *, forced: bool) -> tuple[int, list[str]]:
        """Set gone_at for follows missing from a newer whole list; a list cut to less than half is not believed."""
        con = self.connection
        con.execute(
            """CREATE OR REPLACE TEMP TABLE missing AS
            SELECT DISTINCT w.side, w.account_id, o.follower_id, o.followee_id, coalesce(w.seen, $moment) AS seen
            FROM follows AS o JOIN whole_list AS w
              ON w.account_id = CASE w.side WHEN 'followee' THEN o.followee_id ELSE o.follower_id END
            ANTI JOIN incoming_follows AS i ON i.followee_id = o.followee_id AND i.follower_id = o.follower_id
            WHERE o.gone_at IS NULL
              AND coalesce(w.began, $moment) >= coalesce(o.observed_at, TIMESTAMP '0001-01-01')""",
            {"moment": moment},
        )
        con.execute(
            """CREATE OR REPLACE TEMP TABLE list_change AS
            SELECT m.side, m.account_id, count(*) AS lost,
                   (SELECT count(*) FROM follows AS s WHERE s.gone_at IS NULL AND m.account_id =
                        CASE m.side WHEN 'followee' THEN s.followee_id ELSE s.follower_id END) AS stood
            FROM missing AS m GROUP BY 1, 2"""
        )
        notes: list[str] = []
        if not forced:
            cut = con.execute(
                "SELECT side, account_id, stood, stood - lost FROM list_change WHERE stood >= 10 AND lost > stood * ? "
                "ORDER BY stood DESC",
                [_MAX_LIST_LOSS],
            ).fetchall()
            notes = [
                f"The list of {who} shrank from {stood:,} {'followers' if side == 'followee' else 'accounts followed'} "
                f"to {left:,} and is treated as partial: no account was marked as gone (use --complete if the "
                f"list is complete)."
                for side, who, stood, left in cut[:3]
            ]
            for side, who, *_ in cut:
                con.execute("DELETE FROM missing WHERE side = ? AND account_id = ?", [side, who])
        gone = _count(con, "SELECT count(DISTINCT (follower_id, followee_id)) FROM missing")
        con.execute(
            """UPDATE follows AS o SET gone_at = m.seen FROM missing AS m
            WHERE o.followee_id = m.followee_id AND o.follower_id = m.follower_id AND o.gone_at IS NULL"""
        )
        con.execute("DROP TABLE temp.list_change")
        con.execute("DROP TABLE temp.missing")
        return gone, notes

    def _bound_backdated_follows(self) -> int:
        """A follow that an earlier whole list did not have is no older than that list, whatever date it gives.

        The date is the follower's own word. It may be false, or the account was away when the list was read; so the
        follow lies somewhere between the two.
        """
        con = self.connection
        con.execute(
            """CREATE OR REPLACE TEMP TABLE doubtful AS
            SELECT i.follower_id, i.followee_id FROM incoming_follows AS i
            JOIN (SELECT account_id AS followee_id, max(began) AS seen FROM list_looks
                  WHERE side = 'followee' GROUP BY 1) AS f USING (followee_id)
            SEMI JOIN whole_list AS w ON w.side = 'followee' AND w.account_id = i.followee_id
            ANTI JOIN follows AS o ON o.followee_id = i.followee_id AND o.follower_id = i.follower_id
            WHERE i.followed_at < f.seen"""
        )
        con.execute(
            """UPDATE incoming_follows AS i SET followed_after = coalesce(followed_after, followed_at),
                followed_before = coalesce(followed_before, observed_at), followed_at = NULL
            FROM doubtful AS d WHERE d.follower_id = i.follower_id AND d.followee_id = i.followee_id"""
        )
        found = _count(con, "SELECT count(*) FROM doubtful")
        con.execute("DROP TABLE temp.doubtful")
        return found

    def _end_outdated_follows(self, moment: datetime) -> None:
        """A follow that an older list holds and a newer complete list does not has ended before the newer one.

        Newer are the lists that were collected, or stated to be complete; tables that are only presumed to hold
        complete lists end the follows of older tables of the same lists, and no others.
        """
        self.connection.execute(
            """UPDATE incoming_follows AS i SET gone_at = k.missed FROM (
                WITH complete_look AS (
                    SELECT * FROM list_looks SEMI JOIN (
                        SELECT side, account_id FROM whole_list UNION
                        SELECT CASE list WHEN 'followers' THEN 'followee' ELSE 'follower' END AS side, account_id
                        FROM list_coverage WHERE list IN ('followers', 'following') AND state = 'complete')
                    USING (side, account_id)),
                fresh AS (
                    SELECT follower_id, followee_id, coalesce(observed_at, $moment) AS seen FROM incoming_follows AS f
                    ANTI JOIN follows AS o ON o.follower_id = f.follower_id AND o.followee_id = f.followee_id
                    WHERE gone_at IS NULL)
                SELECT follower_id, followee_id, min(began) AS missed FROM (
                    SELECT f.follower_id, f.followee_id, l.began FROM fresh AS f
                    JOIN complete_look AS l
                        ON l.side = 'followee' AND l.account_id = f.followee_id AND l.began > f.seen
                    UNION ALL
                    SELECT f.follower_id, f.followee_id, l.began FROM fresh AS f
                    JOIN complete_look AS l
                        ON l.side = 'follower' AND l.account_id = f.follower_id AND l.began > f.seen)
                GROUP BY ALL) AS k
            WHERE i.follower_id = k.follower_id AND i.followee_id = k.followee_id""",
            {"moment": moment},
        )

    def _update_standing(self, number: int) -> int:
        """Follows that still stand are renewed; gives how many of the incoming come back after having gone."""
        con = self.connection
        newer = "coalesce(i.observed_at, o.observed_at) IS NOT DISTINCT FROM greatest(i.observed_at, o.observed_at)"
        later = ", ".join(
            f"{name} = CASE WHEN {newer} THEN coalesce(i.{name}, o.{name}) ELSE coalesce(o.{name}, i.{name}) END"
            for name in ("followed_after", "followed_before", "position")
        )
        later += f", gone_at = CASE WHEN {newer} THEN i.gone_at END"
        # a newer complete list of which all followers were looked at leaves nobody out as not drawn
        later += (
            f", sampled = CASE WHEN NOT ({newer}) THEN coalesce(o.sampled, i.sampled) WHEN i.sampled IS NULL AND "
            "i.followee_id IN (SELECT account_id FROM looked_at_all) THEN NULL ELSE coalesce(i.sampled, o.sampled) END"
        )
        con.execute(
            f"""UPDATE follows AS o SET {later}, followed_at = CASE
                    WHEN o.followed_at IS NULL AND i.followed_at = o.followed_after THEN NULL  -- doubted before
                    WHEN {newer} THEN coalesce(i.followed_at, o.followed_at)
                    ELSE coalesce(o.followed_at, i.followed_at) END, last_snapshot = {number},
                observed_at = greatest(i.observed_at, o.observed_at)
            FROM incoming_follows AS i
            WHERE o.follower_id = i.follower_id AND o.followee_id = i.followee_id AND o.gone_at IS NULL"""
        )
        return _count(
            con,
            f"""SELECT count(*) FROM incoming_follows AS i WHERE i.gone_at IS NULL
            AND EXISTS (FROM follows AS o WHERE o.follower_id = i.follower_id AND o.followee_id = i.followee_id)
            AND NOT EXISTS (FROM follows AS o WHERE o.follower_id = i.follower_id AND o.followee_id = i.followee_id
                            AND (o.last_snapshot = {number} OR o.gone_at > i.observed_at))""",
        )
