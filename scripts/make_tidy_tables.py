"""Turns public research sets into tidy tables that `headcount add` takes.

    python scripts/make_tidy_tables.py twitter15_16   --data ../shared/data --folder out/twitter15_16
    python scripts/make_tidy_tables.py rumoureval2017 --data ../shared/data --folder out/rumoureval2017
    headcount add out/twitter15_16 --workspace out/workspace

What becomes what, and why, stands in docs/x-files.md. Neither set has a list of followers, so no follows are
written, and reports say that the followers are unknown.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import duckdb

SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
"""Where the clock inside the ids of X begins."""


def time_of(identifier: str) -> str:
    """SQL of the time inside an id."""
    return f"epoch_ms(({identifier}::BIGINT >> 22) + {SNOWFLAKE_EPOCH_MS})"


TWITTER15_16 = {
    # nothing is known of the accounts but that they are there
    "accounts": """
        SELECT DISTINCT 'x:' || id AS account_id, 'x' AS platform
        FROM (SELECT source_user_id AS id FROM '{data}/threads.parquet'
              UNION ALL SELECT unnest([user_id, parent_user]) FROM '{data}/events.parquet' WHERE delay_min >= 0)
        ORDER BY 1""",
    "posts": f"""
        SELECT 'x:' || thread_id AS post_id, 'x:' || source_user_id AS author_id, {time_of("thread_id")} AS created_at,
               'post' AS kind, 'x:' || thread_id AS root_post_id
        FROM '{{data}}/threads.parquet' ORDER BY 1""",
    # A retweeter's node holds the id of the source tweet: who answers there answers the source tweet. An answer to
    # what its author wrote further down is counted to the source tweet: one thread, one occasion.
    "interactions": f"""
        WITH event AS (
            SELECT *, kind = 'retweet' OR parent_user = source_user_id OR parent_tweet = thread_id AS to_author
            FROM '{{data}}/events.parquet' WHERE delay_min >= 0)
        SELECT DISTINCT * FROM (
            SELECT 'x:' || user_id AS actor_id,
                   'x:' || CASE WHEN to_author THEN source_user_id ELSE parent_user END AS target_id,
                   CASE WHEN kind = 'retweet' THEN 'repost' ELSE 'reply' END AS kind,
                   'x:' || CASE WHEN to_author THEN thread_id ELSE parent_tweet END AS post_id,
                   CASE WHEN kind = 'retweet'
                        THEN {time_of("thread_id")} + to_microseconds(round(delay_min * 60000000)::BIGINT)
                        ELSE {time_of("tweet_id")} END AS created_at
            FROM event)
        WHERE actor_id <> target_id ORDER BY ALL""",
}

RUMOUREVAL2017 = {
    # the profile as it came with the account's latest tweet
    "accounts": """
        SELECT 'x:' || user_id AS account_id, 'x' AS platform,
               arg_max(user_screen_name, tweets.created_at) AS handle,
               arg_max(user_description, tweets.created_at) AS bio,
               arg_max(user_created_at, tweets.created_at)::TIMESTAMP AS created_at,
               arg_max(user_followers_count, tweets.created_at) AS followers_count,
               arg_max(user_friends_count, tweets.created_at) AS following_count,
               arg_max(user_statuses_count, tweets.created_at) AS posts_count,
               max(tweets.created_at)::TIMESTAMP AS last_post_at,
               arg_max(user_default_profile_image, tweets.created_at) AS default_avatar,
               arg_max(user_verified, tweets.created_at) AS verified
        FROM '{data}/tweets.parquet' AS tweets GROUP BY user_id ORDER BY 1""",
    "posts": """
        SELECT 'x:' || tweet_id AS post_id, 'x:' || user_id AS author_id, created_at::TIMESTAMP AS created_at, text,
               CASE WHEN is_source THEN 'post' ELSE 'reply' END AS kind,
               'x:' || in_reply_to_tweet_id AS reply_to_post_id, 'x:' || in_reply_to_user_id AS reply_to_account_id,
               'x:' || thread_id AS root_post_id
        FROM '{data}/tweets.parquet' ORDER BY 1""",
    "interactions": """
        SELECT DISTINCT 'x:' || user_id AS actor_id, 'x:' || in_reply_to_user_id AS target_id, 'reply' AS kind,
               'x:' || in_reply_to_tweet_id AS post_id, created_at::TIMESTAMP AS created_at
        FROM '{data}/tweets.parquet'
        WHERE NOT is_source AND in_reply_to_user_id <> user_id ORDER BY ALL""",
}

SETS = {"twitter15_16": TWITTER15_16, "rumoureval2017": RUMOUREVAL2017}


def quoted(path: Path) -> str:
    """A path inside an SQL string."""
    return str(path).replace("'", "''")


def convert(name: str, data: Path, folder: Path) -> dict[str, int]:
    """Write the tables of one set as Parquet; gives the rows of each table."""
    source = data / name
    if not source.is_dir():
        raise SystemExit(f"There is no folder {source}. Hint: name the folder that holds {name} with --data.")
    folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        for table, query in SETS[name].items():
            target = folder / f"{table}.parquet"
            filled = query.replace("{data}", quoted(source))
            con.execute(f"COPY ({filled}) TO '{quoted(target)}' (FORMAT parquet)")
            rows[table] = con.execute("SELECT count(*) FROM read_parquet(?)", [str(target)]).fetchall()[0][0]
    return rows


def main(arguments: list[str] | None = None) -> int:
    """Read the command line, convert, and say what was written."""
    parser = argparse.ArgumentParser(description="Turns public research sets into tidy tables.")
    parser.add_argument("set", choices=SETS, help="which set")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the folder that holds the sets")
    parser.add_argument("--folder", type=Path, help="where to write the tables (default: out/SET)")
    given = parser.parse_args(arguments)
    folder = given.folder or Path("out") / given.set
    for table, count in convert(given.set, given.data, folder).items():
        print(f"{folder / table}.parquet: {count:,} rows")
    return 0


if __name__ == "__main__":
    sys.exit(main())
