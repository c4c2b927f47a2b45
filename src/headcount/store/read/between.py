"""Reads the follows between the followers of one account out of the store; a part of `headcount.store.read.account`.

Whose own follows are known? Of a collected account, those of whom it was asked whether they follow each other, the last
time that this was asked for this very account (`list_looks`). Else tables that were imported as a whole platform (no
account in particular) are taken as they stand: then all followers are known. A workspace of several collected accounts
has follows between followers by chance only, those of the accounts that were collected; they say nothing about the
others, so they are left alone.

Whose silence is known? Of those whose posts were looked at. In the tables of a whole platform that hold talk beside the
follows, everybody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from headcount.columns import FollowsBetween, Integers
from headcount.store.read.cut import Cut
from headcount.tables import ACTIVE_KINDS

if TYPE_CHECKING:
    import duckdb

__all__ = ["read_follows_between"]

_LOOKS = """
FROM list_looks WHERE side = 'between' AND began = (
    SELECT max(s.read_at) FROM snapshots AS s JOIN list_looks AS l ON l.side = 'between' AND l.began = s.read_at
    WHERE s.account_id = $id AND s.read_at <= $gone_end)
"""
"""The last look for this account: it was noted at the very time of the account's import."""


def _standing(cut: Cut) -> str:
    return f"""SELECT n.id, n.person, coalesce(n.sampled, $talk) AS seen FROM person_number AS n
        LEFT JOIN {cut.account_table} AS a ON a.account_id = n.id
        WHERE n.gone_at IS NULL AND coalesce(a.status, '') NOT IN ('deleted', 'suspended')"""


def _whole_tables(cut: Cut) -> str:
    """Imports of a whole platform; for a past date, those that were observed by then."""
    observed = f" AND {cut.imported('snapshot')}" if cut.is_past else ""
    return f"FROM snapshots WHERE account_id IS NULL AND whole_lists AND follows > 0{observed}"


def read_follows_between(
    con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any], cut: Cut
) -> FollowsBetween | None:
    """The follows between followers; None where whom the followers follow is not known.

    Args:
        con: a connection to a store in which `person_number` numbers the followers, whose columns were read.
        parameters: id of the account, end of the observation, and gone_end: until when follows count as gone.
        cut: what was known at the end of the observation.
    """
    own = {name: parameters[name] for name in ("id", "gone_end")}
    drawn = _exists(con, _LOOKS, own)
    if not drawn and not _whole_platform(con, str(parameters["id"]), cut):
        return None
    only = f"SEMI JOIN ({_LOOKS}) AS l ON l.account_id = s.id" if drawn else ""
    known = {"talk": _exists(con, f"{_whole_tables(cut)} AND (interactions > 0 OR posts > 0)")}
    con.execute(
        "CREATE OR REPLACE TEMP TABLE known_lists AS "
        "SELECT s.id, s.person, s.seen, row_number() OVER (ORDER BY s.person) - 1 AS place "
        f"FROM ({_standing(cut)}) AS s {only}",
        known | own if drawn else known,
    )
    try:
        person = con.execute("SELECT person, seen FROM known_lists ORDER BY place").fetchnumpy()
        follows = con.execute(
            f"""SELECT DISTINCT a.place AS source, b.place AS target FROM follows AS f
            JOIN known_lists AS a ON a.id = f.follower_id JOIN known_lists AS b ON b.id = f.followee_id
            WHERE (f.gone_at IS NULL OR f.gone_at > $gone_end) AND {cut.follow("f")}
            ORDER BY 1, 2""",
            {name: parameters[name] for name in ("gone_end", "end")},
        ).fetchnumpy()
        talk = _talk(con, parameters, cut)
    finally:
        con.execute("DROP TABLE IF EXISTS temp.known_lists")
    seen = np.asarray(person["seen"], dtype=np.bool_)
    posts_read = f"FROM posts AS p SEMI JOIN person_number AS n ON n.id = p.author_id WHERE {cut.known_post('p')}"
    used = {"end": parameters["end"]}
    # Without a word between any two of them nobody can tell silence from not having looked, unless posts were read.
    looked = len(talk["actor"]) > 0 or (drawn and _exists(con, posts_read, used))
    return FollowsBetween(
        person=_whole(person["person"]),
        drawn=drawn,
        source=_whole(follows["source"]),
        target=_whole(follows["target"]),
        actor=_whole(talk["actor"]),
        addressed=_whole(talk["addressed"]),
        times=_whole(talk["times"]),
        watched=seen if looked and seen.any() else None,
    )


def _whole_platform(con: duckdb.DuckDBPyConnection, account_id: str, cut: Cut) -> bool:
    """Were whole tables imported, with follows that have nothing to do with the account?"""
    return _exists(con, _whole_tables(cut)) and _exists(
        con, "FROM follows WHERE followee_id <> $id AND follower_id <> $id", {"id": account_id}
    )


def _talk(con: duckdb.DuckDBPyConnection, parameters: Mapping[str, Any], cut: Cut) -> dict[str, Any]:
    """Words between two of them: from the interactions, or from the posts where these name whom they answer."""
    active = ", ".join(f"'{kind}'" for kind in ACTIVE_KINDS)
    return con.execute(
        f"""WITH said AS (
            SELECT actor_id, target_id, 'interactions' AS read_from FROM interactions
            WHERE kind IN ({active}) AND {cut.interaction()}
            UNION ALL
            SELECT author_id, reply_to_account_id, 'posts' FROM posts
            WHERE reply_to_account_id IS NOT NULL AND {cut.known_post()})
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
