"""Writes a simulated platform as tidy tables; text is put together inside DuckDB, so memory stays small."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headcount.errors import UsageError
from headcount.simulate import texts
from headcount.simulate.cast import CAST
from headcount.simulate.following import ranked
from headcount.simulate.people import Floats
from headcount.simulate.records import AudienceTruth
from headcount.simulate.responding import Interactions
from headcount.support.sql import literal
from headcount.tables import INTERACTION_KINDS

if TYPE_CHECKING:
    import duckdb

    from headcount.simulate.records import WorldRecords

__all__ = ["write_world"]

_UTC = "TIMESTAMPFORMAT '%Y-%m-%dT%H:%M:%S.%fZ'"  # text that says that its times are UTC
_COPY = {
    "parquet": "(FORMAT parquet, COMPRESSION zstd)",
    "csv": f"(FORMAT csv, HEADER, {_UTC})",
    "csv.gz": f"(FORMAT csv, HEADER, COMPRESSION gzip, {_UTC})",
    "jsonl": f"(FORMAT json, {_UTC})",
}


def write_world(world: WorldRecords, folder: Path, *, format: str) -> Path:
    """Write accounts, follows, posts, interactions, truth and truth_audience; gives the folder."""
    import duckdb

    if format not in _COPY:
        raise UsageError(f"{format!r} is not a valid format.", hint=f"use one of {', '.join(_COPY)}")
    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    _register(con, world)
    for name, query in _queries(world).items():
        if "csv" in format and name == "posts":
            # nothing at all would be read as unknown, not as no link
            hosts = "CASE WHEN len(link_domains) = 0 THEN '[]' ELSE array_to_string(link_domains, ';') END"
            query = f"SELECT * REPLACE ({hosts} AS link_domains) FROM ({query})"
        target = literal(folder / f"{name}.{format}")
        con.execute(f"COPY ({query}) TO {target} {_COPY[format]}")
    con.close()
    return folder


def _register(con: duckdb.DuckDBPyConnection, world: WorldRecords) -> None:
    """Make the world's arrays readable as tables."""
    people, follows, posts, acts = world.people, world.follows, world.posts, world.interactions
    standing = np.isnan(follows.gone)
    size = len(people)
    generator = np.random.default_rng(world.seed + 1)
    tables: dict[str, dict[str, Any]] = {
        "people": {
            **{f.name: getattr(people, f.name) for f in fields(people)},
            "person": np.arange(size),
            "followers": np.bincount(follows.followee[standing], minlength=size),
            "followed": np.bincount(follows.follower[standing], minlength=size),
            "posted": np.bincount(posts.author, minlength=size)
            + np.bincount(acts.actor[_written(acts)], minlength=size),
            "last_post": _last_posts(world),
            "draw": generator.random(size),
            "pick": generator.integers(0, 1 << 30, size),
        },
        "follow": {
            "follower": follows.follower,
            "followee": follows.followee,
            "at": follows.at,
            "gone": follows.gone,
            "place": ranked(follows),
        },
        "post": {
            "post": np.arange(len(posts)),
            "author": posts.author,
            "written": posts.at,
            "question": posts.question,
            "pick": generator.integers(0, 1 << 30, len(posts)),
        },
        "act": {
            "act": np.arange(len(acts)),
            "actor": acts.actor,
            "target": acts.target,
            "kind": acts.kind,
            "post": acts.post,
            "happened": acts.at,
        },
        "named": {
            "person": np.array(list(world.handles), dtype=np.int64),
            "handle": np.array(list(world.handles.values()), dtype=object),
        },
    }
    for name, columns in tables.items():
        renamed = {("since" if key == "at" else key): value for key, value in columns.items()}
        con.register(f"raw_{name}", renamed)
        con.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM raw_{name}")
        con.unregister(f"raw_{name}")


def _written(acts: Interactions) -> NDArray[np.bool_]:
    """Which interactions are posts as well: replies to a post or to a reply."""
    written: NDArray[np.bool_] = (acts.kind == INTERACTION_KINDS.index("reply")) & (acts.post != -1)
    return written


def _last_posts(world: WorldRecords) -> Floats:
    """(people,) last post as the platform tells it: of the posts and replies at hand, or the last sign of life."""
    last = world.people.last_active.copy()
    np.maximum.at(last, world.posts.author, world.posts.at)
    replies = _written(world.interactions)
    np.maximum.at(last, world.interactions.actor[replies], world.interactions.at[replies])
    return last


def _list(words: tuple[str, ...]) -> str:
    return f"[{', '.join(map(literal, words))}]"


def _pick(words: tuple[str, ...], pick: str) -> str:
    return f"({_list(words)})[1 + (({pick}) % {len(words)})]"


def _topic(pick: str) -> str:
    topics = "[" + ", ".join(_list(topic) for topic in texts.TOPICS) + "]"
    return f"list_extract({topics}[1 + p.interest % {len(texts.TOPICS)}], 1 + ({pick}) % {len(texts.TOPICS[0])})"


def _account(code: str) -> str:
    return f"'table:' || {code}"


def _queries(world: WorldRecords) -> dict[str, str]:
    names = list(world.settings.roles)
    now = f"TIMESTAMP '{world.settings.now:%Y-%m-%d %H:%M:%S}'"
    roles = _list(tuple(names))
    role = f"({roles})[1 + p.role]"
    cast_names = "MAP {" + ", ".join(f"'{m.handle}': '{m.name}'" for m in CAST) + "}"
    handle = (
        f"coalesce(n.handle, lower({_pick(texts.NICK_WORDS, 'p.pick')} || '_' || "
        f"{_pick(texts.NICK_WORDS, 'p.pick // 31')} || p.person))"
    )
    bio = (
        f"CASE WHEN {role} = 'bought' OR p.draw < 0.15 THEN NULL "
        f"WHEN {role} = 'auto_follow' AND p.draw < 0.8 THEN {_pick(texts.AUTO_BIOS, 'p.pick // 7')} "
        f"ELSE replace({_pick(texts.BIOS, 'p.pick // 7')}, '{{}}', {_topic('p.pick // 11')}) END"
    )
    accounts = f"""
        SELECT {_account("p.person")} AS account_id, 'table' AS platform, {handle} AS handle,
            coalesce({cast_names}[n.handle], {_pick(texts.FIRST_NAMES, "p.pick // 3")}) AS display_name,
            coalesce({bio}, '') AS bio,
            CASE WHEN {role} = 'organisation' OR ({role} = 'auto_follow' AND p.draw < 0.7)
                 THEN 'https://site' || p.person || '.example' ELSE '' END AS website,
            make_timestamp((p.joined * 1000000)::BIGINT) AS created_at,
            (p.followers + p.followers_outside
                + CASE WHEN n.handle IS NULL THEN 0 ELSE p.followers // 250 END)::BIGINT AS followers_count,
            (p.followed + p.following_outside)::BIGINT AS following_count,
            (p.posted + p.posts_a_day * greatest(p.last_active - p.joined, 0) / 86400)::BIGINT AS posts_count,
            CASE WHEN {role} <> 'bought' AND (p.posted > 0 OR p.posts_a_day > 0.02)
                 THEN make_timestamp((p.last_post * 1000000)::BIGINT) END AS last_post_at,
            {role} = 'bought' AND p.draw < 0.8 OR p.draw > 0.97 AS default_avatar,
            p.draw BETWEEN 0.5 AND 0.52 AS protected, {role} = 'organisation' AND p.draw < 0.5 AS verified,
            {role} = 'auto_follow' AND p.draw BETWEEN 0.3 AND 0.31 AS declared_bot,
            n.handle IS NULL AND p.draw BETWEEN 0.600 AND 0.603 AS opted_out, 'active' AS status, {now} AS observed_at
        FROM people AS p LEFT JOIN named AS n USING (person) ORDER BY p.person"""
    follow_rows = f"""
        SELECT {_account("follower")} AS follower_id, {_account("followee")} AS followee_id,
            make_timestamp((since * 1000000)::BIGINT) AS followed_at, nullif(place, -1)::BIGINT AS position,
            {now} AS observed_at,
            CASE WHEN NOT isnan(gone) THEN make_timestamp((gone * 1000000)::BIGINT) END AS gone_at
        FROM follow ORDER BY followee, place"""
    promotion = _pick(texts.PROMOTIONS, "p.pick // 5 + s.pick // 64 % 2")
    said = (
        f"CASE WHEN {role} IN ('auto_follow') AND s.pick % 10 < 9 THEN {promotion} "
        f"WHEN s.question THEN replace({_pick(texts.QUESTIONS, 's.pick // 3')}, '{{}}', {_topic('s.pick // 17')}) "
        f"ELSE replace({_pick(texts.STATEMENTS, 's.pick // 3')}, '{{}}', {_topic('s.pick // 17')}) END"
    )
    posts = f"""
        SELECT * FROM (
            SELECT 'p' || s.post AS post_id, {_account("s.author")} AS author_id,
                make_timestamp((s.written * 1000000)::BIGINT) AS created_at, {said} AS text, 'post' AS kind,
                NULL::VARCHAR AS reply_to_post_id, NULL::VARCHAR AS reply_to_account_id, NULL::VARCHAR AS root_post_id,
                list_filter([regexp_extract({said}, 'https://([^/ ]+)', 1)], lambda host: host <> '') AS link_domains,
                {now} AS observed_at
            FROM post AS s JOIN people AS p ON p.person = s.author
            UNION ALL
            SELECT 'r' || r.act, {_account("r.actor")}, make_timestamp((r.happened * 1000000)::BIGINT),
                {_pick(texts.REPLIES, "r.act * 7919 // 3")}, 'reply', {_addressed("r")}, {_account("r.target")},
                CASE WHEN r.post >= 0 THEN 'p' || r.post ELSE 'p' || parent.post END, []::VARCHAR[], {now}
            FROM act AS r LEFT JOIN act AS parent ON parent.act = -2 - r.post
            WHERE r.kind = {INTERACTION_KINDS.index("reply")} AND r.post <> -1)"""
    kinds = _list(INTERACTION_KINDS)
    interactions = f"""
        SELECT {_account("r.actor")} AS actor_id, {_account("r.target")} AS target_id, ({kinds})[1 + r.kind] AS kind,
            {_addressed("r")} AS post_id, make_timestamp((r.happened * 1000000)::BIGINT) AS created_at
        FROM act AS r ORDER BY r.happened"""
    truth = f"""
        SELECT {_account("p.person")} AS account_id, {role} AS role, p.response AS response_probability,
            nullif(p.community, -1) AS community, nullif(p.circuit, -1) AS circuit FROM people AS p ORDER BY p.person"""
    return {
        "accounts": accounts,
        "follows": follow_rows,
        "posts": posts,
        "interactions": interactions,
        "truth": truth,
        "truth_audience": _truth_query(world.truth),
    }


def _addressed(act: str) -> str:
    """The post that an interaction addresses: a post, the reply that it answers, or none."""
    return f"CASE WHEN {act}.post >= 0 THEN 'p' || {act}.post WHEN {act}.post < -1 THEN 'r' || (-2 - {act}.post) END"


def _truth_query(truth: tuple[AudienceTruth, ...]) -> str:
    names = [field.name for field in fields(AudienceTruth) if field.name != "person"]
    if not truth:
        return "SELECT " + ", ".join(f"NULL AS {name}" for name in ["account_id", *names]) + " WHERE false"
    rows = [
        f"SELECT {_account(str(row.person))} AS account_id, "
        + ", ".join(f"'{value}' AS {name}" if name == "handle" else f"{value} AS {name}" for name, value in _named(row))
        for row in truth
    ]
    return " UNION ALL ".join(rows)


def _named(row: AudienceTruth) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in asdict(row).items() if name != "person"]
