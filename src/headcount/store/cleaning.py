"""What is set right in the incoming tables after any source, in sets, and said.

Duplicates, ids without a platform, people who follow themselves, times that cannot be, replies that only stand
among the posts, threads that run in a circle.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from headcount.store.rounded_ids import check_rounded_ids
from headcount.support.sql import literal
from headcount.tables import ACCOUNTS, FOLLOWS, PLATFORM, POSTS, TABLE, TABLES, Table

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["clean", "places_on_circles"]

_ACCOUNT_IDS = {
    "incoming_accounts": ("account_id",),
    "incoming_follows": ("follower_id", "followee_id"),
    "incoming_posts": ("author_id", "reply_to_account_id"),
    "incoming_interactions": ("actor_id", "target_id"),
}
FIRST_YEAR = 1990


def clean(
    con: duckdb.DuckDBPyConnection,
    *,
    now: datetime,
    repeats: bool = False,
    platforms: Collection[str] | None = None,
) -> list[str]:
    """Set right what can be, on the connection's incoming tables.

    Args:
        con: with the four incoming tables.
        now: time of the import, UTC without a zone; later times cannot be.
        repeats: the source tells the same row more than once by its nature, so that is not worth a sentence.
        platforms: words that stand before ids as their platform, beside those that the accounts name; None: any word.

    Returns:
        Sentences for the user about what was changed.

    Raises:
        InputError: nearly all ids of a column were rounded by a program.
    """
    notes = [
        *check_rounded_ids(con),
        *_complete_ids(con, platforms),
        *_tidy_names(con),
        *_drop_self(con),
        *_forget_impossible(con, now),
    ]
    for table in TABLES:
        merged = _merge_duplicates(con, table)
        notes += [] if repeats else merged
    _deduplicate_reactions(con, repeats=repeats)
    notes += _break_circles(con)
    notes += _derive_replies(con)
    return notes


def _number(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    return int(row[0] or 0) if row else 0


def _complete_ids(con: duckdb.DuckDBPyConnection, known: Collection[str] | None) -> list[str]:
    """Ids without a platform get the import's only platform, or `table`."""
    platforms = con.execute("SELECT DISTINCT platform FROM incoming_accounts WHERE platform IS NOT NULL").fetchall()
    prefix = platforms[0][0] if len(platforms) == 1 else TABLE
    is_platform = f"SIMILAR TO '{PLATFORM}'"
    if known is not None:
        words = sorted({TABLE, *known, *(word for (word,) in platforms)})
        is_platform = f"IN ({', '.join(map(literal, words))})"
    changed = 0
    for table, columns in _ACCOUNT_IDS.items():
        bare = {
            column: f"{column} IS NOT NULL AND NOT (split_part({column}, ':', 1) {is_platform} "
            f"AND contains({column}, ':'))"
            for column in columns
        }
        anywhere = " OR ".join(f"({condition})" for condition in bare.values())
        if not _number(con, f"SELECT count(*) FROM {table} WHERE {anywhere}"):
            continue
        for column, condition in bare.items():
            own = f"coalesce(platform, '{prefix}')" if table == "incoming_accounts" else f"'{prefix}'"
            changed += _number(con, f"SELECT count(*) FROM {table} WHERE {condition}")
            con.execute(f"UPDATE {table} SET {column} = {own} || ':' || {column} WHERE {condition}")
    con.execute("UPDATE incoming_accounts SET platform = split_part(account_id, ':', 1) WHERE platform IS NULL")
    return [f"{changed:,} ids without a platform were prefixed with {prefix!r}."] if changed else []


def _tidy_names(con: duckdb.DuckDBPyConnection) -> list[str]:
    con.execute(
        "UPDATE incoming_accounts SET handle = nullif(ltrim(trim(handle), '@'), '') "
        "WHERE handle IS NOT NULL AND (handle LIKE '@%' OR trim(handle) <> handle OR handle = '')"
    )
    for column in ("reply_to_post_id", "reply_to_account_id", "root_post_id"):
        con.execute(f"UPDATE incoming_posts SET {column} = NULL WHERE {column} = ''")
    con.execute(
        "UPDATE incoming_posts SET kind = 'reply' "
        "WHERE kind IS NULL AND (reply_to_post_id IS NOT NULL OR reply_to_account_id IS NOT NULL)"
    )
    return []


def _drop_self(con: duckdb.DuckDBPyConnection) -> list[str]:
    notes = []
    for table, a, b, what in (
        ("incoming_follows", "follower_id", "followee_id", "Self-follows"),
        ("incoming_interactions", "actor_id", "target_id", "Self-interactions"),
    ):
        found = _number(con, f"SELECT count(*) FROM {table} WHERE {a} = {b}")
        if found:
            con.execute(f"DELETE FROM {table} WHERE {a} = {b}")
            notes.append(f"{what} removed: {found:,}.")
    return notes


def _forget_impossible(con: duckdb.DuckDBPyConnection, now: datetime) -> list[str]:
    """Times after the import, and those before there were networks, which stand for a missing time."""
    future = f"TIMESTAMP '{now:%Y-%m-%d %H:%M:%S}' + INTERVAL 1 DAY"  # clocks differ, and some files tell no zone
    notes = []
    for condition, where in (
        (f"{{}} > {future}", "in the future"),
        (f"{{}} < TIMESTAMP '{FIRST_YEAR}-01-01'", f"before {FIRST_YEAR}"),
    ):
        changed = 0
        for table in TABLES:
            columns = [column.name for column in table.columns if column.type == "timestamp"]
            counts = ", ".join(f"count(*) FILTER (WHERE {condition.format(column)})" for column in columns)
            (found,) = con.execute(f"SELECT {counts} FROM incoming_{table.name}").fetchall()
            for column, number in zip(columns, found, strict=True):
                if number:
                    impossible = condition.format(column)
                    con.execute(f"UPDATE incoming_{table.name} SET {column} = NULL WHERE {impossible}")
                    changed += number
        if changed:
            notes.append(f"Times {where}, treated as unknown: {changed:,}.")
    return notes


def _merge_duplicates(con: duckdb.DuckDBPyConnection, table: Table) -> list[str]:
    """Rows with the same key become one: what was seen last wins column by column, and null never does."""
    incoming, keys = f"incoming_{table.name}", ", ".join(table.key)
    rows = _number(con, f"SELECT count(*) FROM {incoming}")
    # hashes first: they cost an eighth of the memory, and no two equal means no two rows equal
    if rows == _number(con, f"SELECT count(*) FROM (SELECT DISTINCT hash({keys}) FROM {incoming})"):
        return []
    if table in (ACCOUNTS, FOLLOWS, POSTS):
        _merge_repeated(con, table)
    else:
        con.execute(f"CREATE TEMP TABLE merged AS SELECT DISTINCT * FROM {incoming}")
        con.execute(f"DELETE FROM {incoming}")
        con.execute(f"INSERT INTO {incoming} BY NAME FROM merged")
        con.execute("DROP TABLE temp.merged")
    left = _number(con, f"SELECT count(*) FROM {incoming}")
    return [f"Duplicate rows of {table.name}, merged: {rows - left:,}."] if left < rows else []


def _merge_repeated(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    """Merge the rows of keys that occur more than once.

    Of values observed at the same time the largest wins, so that the result does not depend on the order of the rows.
    """
    incoming, keys = f"incoming_{table.name}", ", ".join(table.key)
    newest = "coalesce(observed_at, TIMESTAMP '0001-01-01')"
    rest = ", ".join(
        f"arg_max({name}, ({newest}, {name})) FILTER ({name} IS NOT NULL) AS {name}"
        for name in table.names
        if name not in table.key
    )
    con.execute(f"CREATE TEMP TABLE repeated AS SELECT {keys} FROM {incoming} GROUP BY {keys} HAVING count(*) > 1")
    con.execute(
        f"CREATE TEMP TABLE merged AS SELECT {keys}, {rest} FROM {incoming} SEMI JOIN repeated USING ({keys}) "
        f"GROUP BY {keys}"
    )
    same = " AND ".join(f"i.{name} = r.{name}" for name in table.key)
    con.execute(f"DELETE FROM {incoming} AS i USING repeated AS r WHERE {same}")
    con.execute(f"INSERT INTO {incoming} BY NAME FROM merged")
    con.execute("DROP TABLE temp.merged")
    con.execute("DROP TABLE temp.repeated")


def _deduplicate_reactions(con: duckdb.DuckDBPyConnection, *, repeats: bool) -> None:
    """A like or repost that is told once with its time and once without is one.

    Where a source tells the same thing in several places (`repeats`), so are two that differ in their time.
    """
    touch = "i.kind IN ('like', 'repost') AND i.post_id IS NOT NULL"
    if _number(con, f"SELECT count(*) FROM incoming_interactions AS i WHERE {touch} AND i.created_at IS NULL"):
        con.execute(
            f"""DELETE FROM incoming_interactions AS i USING incoming_interactions AS t
            WHERE {touch} AND i.created_at IS NULL AND t.created_at IS NOT NULL
              AND t.actor_id = i.actor_id AND t.kind = i.kind AND t.post_id = i.post_id"""
        )
    if repeats:
        con.execute(
            f"""DELETE FROM incoming_interactions AS i USING incoming_interactions AS t
            WHERE {touch} AND t.created_at < i.created_at
              AND t.actor_id = i.actor_id AND t.kind = i.kind AND t.post_id = i.post_id"""
        )


def _break_circles(con: duckdb.DuckDBPyConnection) -> list[str]:
    """A post that is its own ancestor answers nothing.

    A thread can only run in a circle where some post is not newer than the one it answers: such a link is cut where
    it lies on a circle, and nothing is searched where there is none.
    """
    con.execute(
        """CREATE OR REPLACE TEMP TABLE thread AS
        WITH numbered AS (SELECT post_id, row_number() OVER () - 1 AS place, created_at FROM incoming_posts)
        SELECT c.place, p.place AS parent, c.post_id,
            coalesce(p.created_at >= c.created_at, true) AS suspect
        FROM incoming_posts AS i JOIN numbered AS c USING (post_id)
        JOIN numbered AS p ON p.post_id = i.reply_to_post_id"""
    )
    found = 0
    if _number(con, "SELECT count(*) FROM thread WHERE suspect"):
        count = _number(con, "SELECT count(*) FROM incoming_posts")
        answered = con.execute("SELECT place, parent FROM thread")
        links = answered.fetchnumpy()
        answered.fetchall()  # a result is finished once a fetch gives no rows
        con.register("circle", {"place": places_on_circles(links["place"], links["parent"], count)})
        con.execute("DELETE FROM thread WHERE NOT suspect OR place NOT IN (SELECT place FROM circle)")
        con.unregister("circle")
        found = _number(con, "SELECT count(*) FROM thread")
    if found:
        con.execute(
            "UPDATE incoming_posts SET reply_to_post_id = NULL, root_post_id = NULL "
            "WHERE post_id IN (SELECT post_id FROM thread)"
        )
    con.execute("DROP TABLE temp.thread")
    return (
        [f"{found:,} posts reply to each other in a cycle; the replied-to posts were treated as unknown."]
        if found
        else []
    )


def places_on_circles(place: NDArray[np.int64], parent: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Which of `count` nodes lie on a circle, where each has at most one parent.

    After at least `count` steps towards the parents every walk has ended or runs on a circle, and every node of a
    circle is where some walk is. The steps are doubled (pointer jumping), so that is log2(count) gathers.

    Args:
        place, parent: of each link, from 0.
        count: of nodes.
    """
    import numpy as np

    after = np.full(count + 1, count, dtype=np.int64)  # the last place: the walk has ended
    after[place] = parent
    steps = 1
    while steps < count and (after != count).any():
        after = after[after]
        steps *= 2
    reached = np.unique(after)
    on_circles: NDArray[np.int64] = reached[reached != count]
    return on_circles


def _derive_replies(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Replies that stand among the posts become interactions, where the source did not give them."""
    before = _number(con, "SELECT count(*) FROM incoming_interactions")
    con.execute(
        """INSERT INTO incoming_interactions BY NAME
        WITH known AS (SELECT post_id, author_id FROM incoming_posts UNION ALL
            SELECT post_id, author_id FROM posts ANTI JOIN incoming_posts USING (post_id))
        SELECT c.author_id AS actor_id, coalesce(c.reply_to_account_id, p.author_id) AS target_id, 'reply' AS kind,
               c.reply_to_post_id AS post_id, c.created_at
        FROM incoming_posts AS c LEFT JOIN known AS p ON p.post_id = c.reply_to_post_id
        WHERE coalesce(c.kind, 'reply') = 'reply' AND coalesce(c.reply_to_account_id, p.author_id) <> c.author_id
          AND NOT EXISTS (
            FROM incoming_interactions AS i WHERE i.actor_id = c.author_id AND i.kind = 'reply'
              AND i.target_id = coalesce(c.reply_to_account_id, p.author_id)
              AND (i.post_id = c.reply_to_post_id OR (i.post_id IS NULL AND i.created_at = c.created_at)))"""
    )
    added = _number(con, "SELECT count(*) FROM incoming_interactions") - before
    return [f"Replies derived from the posts: {added:,}."] if added else []
