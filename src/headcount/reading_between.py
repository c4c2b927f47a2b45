"""Reads the follows between the followers of one account out of the store; a part of `headcount.reading`.

Whose own follows are known? Of a collected account, those of whom it was asked whether they follow each other, the last
time; or else those of whom a whole list of followees was read (`list_looks`). Where neither was, tables that were
imported as a whole platform (no account in particular) are taken as they stand: then all followers are known. A
workspace of several collected accounts has follows between followers by chance only, those of the accounts that were
collected; they say nothing about the others, so they are left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from headcount.columns import FollowsBetween, Integers
from headcount.tables import ACTIVE_KINDS

if TYPE_CHECKING:
    import duckdb

__all__ = ["read_follows_between"]

_STANDING = """
SELECT n.id, n.person, coalesce(n.sampled, true) AS seen FROM person_number AS n
LEFT JOIN accounts AS a ON a.account_id = n.id
WHERE n.gone_at IS NULL AND coalesce(a.status, '') NOT IN ('deleted', 'suspended')
"""


def read_follows_between(con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]) -> FollowsBetween | None:
    """The follows between followers; None where whom the followers follow is not known.

    Args:
        con: a connection to a store in which `person_number` numbers the followers.
        parameters: id of the account, end of the observation, and gone_end: until when follows count as gone.
    """
    looks = _looks(con, "between") or _looks(con, "follower")
    drawn = looks is not None
    if not drawn and not _whole_platform(con, str(parameters["id"])):
        return None
    only = f"SEMI JOIN ({looks}) AS l ON l.account_id = s.id" if drawn else ""
    con.execute(
        "CREATE OR REPLACE TEMP TABLE known_lists AS "
        "SELECT s.id, s.person, s.seen, row_number() OVER (ORDER BY s.person) - 1 AS place "
        f"FROM ({_STANDING}) AS s {only}"
    )
    try:
        person = con.execute("SELECT person, seen FROM known_lists ORDER BY place").fetchnumpy()
        follows = con.execute(
            """SELECT a.place AS source, b.place AS target FROM follows AS f
            JOIN known_lists AS a ON a.id = f.follower_id JOIN known_lists AS b ON b.id = f.followee_id
            WHERE (f.gone_at IS NULL OR f.gone_at > $gone_end) AND (f.followed_at IS NULL OR f.followed_at <= $end)
            ORDER BY 1, 2""",
            {name: parameters[name] for name in ("gone_end", "end")},
        ).fetchnumpy()
        talk = _talk(con, parameters)
    finally:
        con.execute("DROP TABLE IF EXISTS temp.known_lists")
    seen = np.asarray(person["seen"], dtype=np.bool_)
    # Without a word between any two of them nobody can tell silence from not having looked, unless posts were read.
    looked = len(talk["actor"]) > 0 or (drawn and _exists(con, "FROM posts SEMI JOIN person_number ON id = author_id"))
    return FollowsBetween(
        person=_whole(person["person"]),
        drawn=drawn,
        source=_whole(follows["source"]),
        target=_whole(follows["target"]),
        actor=_whole(talk["actor"]),
        addressed=_whole(talk["addressed"]),
        times=_whole(talk["times"]),
        watched=seen if looked else None,
    )


def _looks(con: duckdb.DuckDBPyConnection, side: str) -> str | None:
    """The looks of one kind at followers of the account; None where there is none."""
    source = f"FROM list_looks AS l JOIN person_number AS n ON n.id = l.account_id WHERE l.side = '{side}'"
    if not _exists(con, source):
        return None
    if side == "follower":
        return f"SELECT l.account_id {source}"
    return f"SELECT l.account_id {source} AND l.began = (SELECT max(l.began) {source})"


def _whole_platform(con: duckdb.DuckDBPyConnection, account_id: str) -> bool:
    """Were whole tables imported, with follows that have nothing to do with the account?"""
    return _exists(con, "FROM snapshots WHERE account_id IS NULL AND whole_lists AND follows > 0") and _exists(
        con, "FROM follows WHERE followee_id <> $id AND follower_id <> $id", {"id": account_id}
    )


def _talk(con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Words between two of them: from the interactions, or from the posts where these name whom they answer."""
    active = ", ".join(f"'{kind}'" for kind in ACTIVE_KINDS)
    return con.execute(
        f"""WITH said AS (
            SELECT actor_id, target_id, 'interactions' AS read_from FROM interactions
            WHERE kind IN ({active}) AND (created_at IS NULL OR created_at <= $end)
            UNION ALL
            SELECT author_id, reply_to_account_id, 'posts' FROM posts
            WHERE reply_to_account_id IS NOT NULL AND (created_at IS NULL OR created_at <= $end))
        SELECT actor, addressed, max(times) AS times FROM (
            SELECT a.place AS actor, b.place AS addressed, count(*) AS times FROM said AS s
            JOIN known_lists AS a ON a.id = s.actor_id JOIN known_lists AS b ON b.id = s.target_id
            WHERE a.place <> b.place GROUP BY 1, 2, s.read_from)
        GROUP BY 1, 2 ORDER BY 1, 2""",
        {"end": parameters["end"]},
    ).fetchnumpy()


def _exists(con: duckdb.DuckDBPyConnection, source: str, parameters: Mapping[str, Any] | None = None) -> bool:
    found = con.execute(f"SELECT EXISTS(SELECT 1 {source})", dict(parameters) if parameters else None).fetchall()
    return bool(found[0][0])


def _whole(values: Any) -> Integers:
    return np.asarray(values, dtype=np.int64)
