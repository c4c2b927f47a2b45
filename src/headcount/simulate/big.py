"""One very large account, for benchmarks: made inside DuckDB, so that memory stays bounded."""

from __future__ import annotations

from pathlib import Path

from headcount.support.sql import literal

__all__ = ["big_account"]


def big_account(
    folder: Path,
    *,
    followers: int = 1_000_000,
    interactions: int = 10_000_000,
    posts: int = 500,
    seed: int = 1,
) -> Path:
    """Write one account with that many followers (all with a profile) and interactions of 8 weeks as Parquet.

    Args:
        folder: made when it is not there.
        followers, interactions, posts: how many; a few followers give most interactions (density u^-0.75 over ranks).
        seed: equal seeds give equal tables.
    """
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect()
    now = "TIMESTAMP '2026-10-01 12:00:00'"
    followed_days = f"(60 + ({followers} - i) / {followers} * 3 * 365)"  # the last follow before the first post

    def uniform(salt: int, code: str = "i") -> str:
        return f"((hash(hash({code}, {seed * 1000 + salt})) >> 11) / {2.0**53})"

    def write(name: str, query: str) -> None:
        target = literal(folder / f"{name}.parquet")
        con.execute(f"COPY ({query}) TO {target} (FORMAT parquet, COMPRESSION zstd)")

    write(
        "accounts",
        f"""SELECT 'table:' || i AS account_id, 'table' AS platform, 'user' || i AS handle,
        'User ' || i AS display_name,
        CASE WHEN {uniform(1)} < 0.6 THEN 'Likes topic ' || (i % 97) ELSE '' END AS bio, '' AS website,
        {now} - to_seconds((({followed_days} + 1 + {uniform(2)} * 700) * 86400)::BIGINT) AS created_at,
        CASE WHEN i = 0 THEN {followers} ELSE (10 / ({uniform(3)} + 0.001))::BIGINT END AS followers_count,
        (30 / ({uniform(4)} + 0.002))::BIGINT AS following_count, (5 / ({uniform(5)} + 0.0005))::BIGINT AS posts_count,
        {now} - to_seconds((power({uniform(6)}, 3) * {followed_days} * 86400 * (i > 0)::INT)::BIGINT) AS last_post_at,
        {uniform(7)} < 0.1 AS default_avatar, false AS protected, {uniform(8)} < 0.01 AS verified, {now} AS observed_at
        FROM range({followers + 1}) AS t(i)""",
    )
    write(
        "follows",
        f"""SELECT 'table:' || i AS follower_id, 'table:0' AS followee_id, ({followers} - i)::BIGINT AS position,
        {now} - to_seconds(({followed_days} * 86400)::BIGINT) AS followed_at,
        {now} AS observed_at FROM range(1, {followers + 1}) AS t(i)""",
    )
    written = f"{now} - to_seconds((({posts} - p) * 55.0 * 86400 / {posts} + 86400)::BIGINT)"
    write(
        "posts",
        f"""SELECT 'p' || p AS post_id, 'table:0' AS author_id, {written} AS created_at, 'post' AS kind,
        CASE WHEN p % 10 = 0 THEN 'What do you think about ' || p || '?' ELSE 'Note ' || p END AS text,
        {now} AS observed_at FROM range({posts}) AS t(p)""",
    )
    write(
        "interactions",
        f"""SELECT 'table:' || (1 + floor(power({uniform(9)}, 4) * {followers} * 0.999))::BIGINT AS actor_id,
        'table:0' AS target_id,
        CASE WHEN {uniform(10)} < 0.75 THEN 'like' WHEN {uniform(10)} < 0.9 THEN 'repost' ELSE 'reply' END AS kind,
        'p' || p AS post_id, {written} + to_microseconds((-3.6e9 * ln(1 - {uniform(11)}))::BIGINT) AS created_at
        FROM (SELECT i, floor({uniform(12)} * {posts})::BIGINT AS p FROM range({interactions}) AS t(i))""",
    )
    con.close()
    return folder
