"""Finds accounts and posts by what a user calls them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount.errors import AccountNotFound, AmbiguousAccount
from headcount.store.read.names import nearest_handles
from headcount.support.hosts import with_host_key
from headcount.support.suggest import did_you_mean

if TYPE_CHECKING:
    import duckdb

__all__ = ["find_account", "find_post", "known_accounts"]


def known_accounts(con: duckdb.DuckDBPyConnection, limit: int = 20) -> list[tuple[str, str | None, int, int]]:
    """Accounts that a report can be made of: id, handle, followers listed, posts; collected ones come first."""
    return con.execute(
        """WITH collected AS (SELECT DISTINCT account_id AS id FROM snapshots WHERE account_id IS NOT NULL),
        lists AS (SELECT followee_id AS id, count(*) AS n FROM follows WHERE gone_at IS NULL GROUP BY 1),
        written AS (SELECT author_id AS id, count(*) AS n FROM posts
                    WHERE coalesce(kind, 'post') IN ('post', 'quote') GROUP BY 1)
        SELECT coalesce(l.id, w.id) AS id, a.handle, coalesce(l.n, 0), coalesce(w.n, 0)
        FROM lists AS l FULL JOIN written AS w ON l.id = w.id
        LEFT JOIN accounts AS a ON a.account_id = coalesce(l.id, w.id)
        LEFT JOIN collected AS c ON c.id = coalesce(l.id, w.id)
        -- what else is known of the people around an account that was collected is no report's worth
        WHERE c.id IS NOT NULL OR coalesce(l.n, 0) > 1 OR NOT EXISTS (FROM collected)
        ORDER BY c.id IS NULL, coalesce(l.n, 0) DESC, coalesce(w.n, 0) DESC, id LIMIT ?""",
        [limit],
    ).fetchall()


def find_account(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """The account_id behind a handle, an id, or an id without its platform.

    Raises:
        AccountNotFound: nothing of that name is in the workspace.
        AmbiguousAccount: more than one account is.
    """
    wanted = with_host_key(name.strip().removeprefix("@"))
    platform, _, handle = wanted.partition(":")
    rows = con.execute(
        f"""SELECT DISTINCT id FROM (
            SELECT account_id AS id FROM accounts WHERE {_has_id("account_id")} OR lower(handle) = lower($name)
                OR (lower(handle) = lower($handle) AND starts_with(account_id, $platform || ':'))
            UNION ALL SELECT followee_id FROM follows WHERE {_has_id("followee_id")}
            UNION ALL SELECT author_id FROM posts WHERE {_has_id("author_id")}
            UNION ALL SELECT target_id FROM interactions WHERE {_has_id("target_id")}) ORDER BY id LIMIT 6""",
        {"name": wanted, "platform": platform.lower(), "handle": handle.removeprefix("@")},
    ).fetchall()
    found = [row[0] for row in rows]
    if wanted in found:
        return wanted
    if len(found) == 1:
        return str(found[0])
    if found:
        raise AmbiguousAccount(f"{name!r} is the handle of several accounts.", hint=f"use the id: {', '.join(found)}")
    if con.execute("SELECT 1 FROM follows WHERE follower_id = $name LIMIT 1", {"name": wanted}).fetchone():
        return wanted  # a follower of whom nothing but the id is known
    names = [handle or account for account, handle, *_ in known_accounts(con, 6)]
    known = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    similar = did_you_mean(nearest_handles(con, wanted, names))
    listed = f"known accounts: {known}" if known else "add data first with: headcount add SOURCE"
    raise AccountNotFound(
        f"There is no account {name!r} in this workspace.",
        hint=f"{similar} List the accounts with: headcount accounts" if similar else listed,
    )


def _has_id(column: str) -> str:
    """SQL: does a column hold the id $name, or the id with $name after its platform?

    Each table is filtered before ids are made distinct, which would take most of the time in a large workspace.
    """
    without_platform = f"substr({column}, position(':' IN {column}) + 1) = $name"
    bare = f"position(':' IN $name) = 0 AND ends_with({column}, $name) AND {without_platform}"
    return f"({column} = $name OR ({bare}))"


def find_post(con: duckdb.DuckDBPyConnection, name: str) -> tuple[str, str] | None:
    """author_id and post_id of a post, named by its id, the id without its platform, or its link; None: unknown."""
    last = name.strip().rstrip("/").rpartition("/")[2].partition("?")[0]
    row = con.execute(
        """SELECT author_id, post_id FROM posts
        WHERE post_id IN ($name, $last) OR ends_with(post_id, '/' || $last)
           OR (position(':' IN $last) = 0 AND substr(post_id, position(':' IN post_id) + 1) = $last)
        ORDER BY post_id <> $name, post_id LIMIT 1""",
        {"name": name.strip(), "last": last},
    ).fetchone()
    return (row[0], row[1]) if row else None
