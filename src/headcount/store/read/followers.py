"""The query behind the columns of the followers; a part of `headcount.store.read.account`.

What is not known is null or -1, never 0: an empty text is a bio that was read and is empty, a missing one is unknown;
an account is not followed back only where a list that would show it was read to its end.
"""

from __future__ import annotations

from headcount.measures.followers.features import AUTOMATION_WORDS
from headcount.store.read.cut import Cut

__all__ = ["FOLLOW_BACK_WORDS", "flag_sql", "followers_sql", "number_sql", "numbered_people_sql", "time_sql"]

FOLLOW_BACK_WORDS = (
    r"follow\s?back|followback|follow4follow|followforfollow|follow for follow|\bf4f\b|\bifb\b|\bl4l\b|teamfollow|"
    r"team follow|instant follow|i follow all|follow me and i|sigo de volta|te sigo|seguimi e ti seguo|"
    r"siguemeytesigo|sdv\b|takipci|geri takip|相互フォロー|フォロバ|互粉|맞팔"
)
"""Offers of and calls for follow-backs in a bio, in several languages (lower case, RE2)."""


def time_sql(column: str) -> str:
    """A time as seconds since 1970; NaN where it is null."""
    return f"coalesce(epoch({column}), 'nan'::DOUBLE)"


def number_sql(column: str) -> str:
    """A number as a double; NaN where it is null."""
    return f"coalesce({column}::DOUBLE, 'nan'::DOUBLE)"


def flag_sql(condition: str) -> str:
    """A condition as 1 or 0; -1 where it is null."""
    return f"coalesce(({condition})::TINYINT, -1)::TINYINT"


def _has_text(column: str) -> str:
    return flag_sql(f"trim({column}) <> ''")


def numbered_people_sql(cut: Cut, among: str = "") -> str:
    """The followers in the order of following, numbered from 0, each once: its row that stands, else the newest.

    Args:
        cut: what was known at the end of the observation.
        among: a query of ids; only followers among them are numbered.
    """
    chosen = f"SEMI JOIN ({among}) AS chosen ON chosen.id = f.follower_id" if among else ""
    unborn = "AND NOT coalesce(a.created_at > $end, false)" if cut.is_past else ""
    join = "LEFT JOIN accounts AS a ON a.account_id = f.follower_id" if cut.is_past else ""
    columns = ", ".join(
        f"{cut.follow_column('f', name)} AS {name}"
        for name in ("followed_after", "followed_before", "position", "sampled")
    )
    seen_first = f"{cut.follow_observed('f')} DESC, " if cut.is_past else ""
    return f"""SELECT follower_id AS id, followed_at, followed_after, followed_before, position, gone_at, sampled,
        row_number() OVER (ORDER BY coalesce(followed_at, followed_after, followed_before), position DESC, follower_id)
            - 1 AS person
    FROM (SELECT f.follower_id, f.followed_at, {columns}, CASE WHEN f.gone_at <= $gone_end THEN f.gone_at END AS gone_at
        FROM follows AS f {join} {chosen}
        WHERE f.followee_id = $id AND f.follower_id <> $id AND {cut.follow("f")} {unborn}
        QUALIFY row_number() OVER (
            PARTITION BY f.follower_id
            ORDER BY {seen_first}CASE WHEN f.gone_at <= $gone_end THEN f.gone_at END DESC NULLS FIRST,
                     f.first_snapshot, f.last_snapshot, f.followed_at, f.observed_at) = 1)"""


def followers_sql(cut: Cut) -> str:
    """The columns of `Followers`, one row for each row of `person_number`, in its order."""
    return f"""
WITH written AS (
    SELECT p.author_id AS id, max(p.created_at) AS newest, count(*) AS posts_seen,
           avg((len(p.link_domains) > 0)::INT) AS link_share,
           -- a post without a kind is a plain one, unless the source gives no kinds at all
           CASE WHEN count(p.kind) > 0 THEN avg((coalesce(p.kind, 'post') = 'reply')::INT) END AS reply_share,
           CASE WHEN count(p.kind) > 0 THEN avg((coalesce(p.kind, 'post') = 'repost')::INT) END AS repost_share
    FROM posts AS p SEMI JOIN person_number AS n ON n.id = p.author_id WHERE {cut.known_post("p")} GROUP BY 1),
repeated AS (
    SELECT id, max(times) AS same_text FROM (
        SELECT p.author_id AS id, p.text, count(*) AS times FROM posts AS p
        SEMI JOIN person_number AS n ON n.id = p.author_id
        WHERE p.text IS NOT NULL AND coalesce(p.kind, 'post') <> 'repost' AND {cut.known_post("p")} GROUP BY 1, 2)
    GROUP BY 1),
acted AS (
    SELECT actor_id AS id, max(created_at) AS newest FROM interactions WHERE created_at <= $end GROUP BY 1),
back AS (
    SELECT DISTINCT f.followee_id AS id FROM follows AS f
    WHERE f.follower_id = $id AND (f.gone_at IS NULL OR f.gone_at > $gone_end) AND {cut.follow("f")}),
own_list AS (SELECT count(*) > 0 AS is_complete FROM ({cut.complete_lists("following")}) WHERE account_id = $id),
complete_list AS ({cut.complete_lists("followers")})
SELECT n.id AS account_id, a.handle, a.display_name,
    {time_sql(cut.created_at("a"))} AS created_at, {time_sql("a.last_post_at")} AS last_post_at,
    {time_sql("greatest(a.last_post_at, w.newest, d.newest)")} AS last_seen,
    {time_sql("n.followed_at")} AS followed_at, {time_sql("n.followed_after")} AS followed_after,
    {time_sql("n.followed_before")} AS followed_before, {time_sql("n.gone_at")} AS gone_at,
    {number_sql("n.position")} AS position, {number_sql("a.followers_count")} AS followers_count,
    {number_sql("a.following_count")} AS following_count, {number_sql("a.posts_count")} AS posts_count,
    {_has_text("a.bio")} AS has_bio, {_has_text("a.website")} AS has_website,
    {flag_sql("a.default_avatar")} AS default_avatar, {flag_sql("a.protected")} AS protected,
    {flag_sql("a.verified")} AS verified, {flag_sql("a.declared_bot")} AS declared_bot,
    {flag_sql("a.opted_out")} AS opted_out, {flag_sql("a.status IN ('deleted', 'suspended')")} AS removed,
    {flag_sql("n.sampled")} AS sampled,
    CASE WHEN b.id IS NOT NULL THEN 1
         WHEN l.account_id IS NOT NULL OR (SELECT is_complete FROM own_list) THEN 0 ELSE -1 END::TINYINT
        AS followed_back,
    {flag_sql(f"regexp_matches(lower(a.bio), '{FOLLOW_BACK_WORDS}')")} AS bio_asks_follow_back,
    {flag_sql(f"regexp_matches(lower(a.bio), '{AUTOMATION_WORDS}')")} AS bio_says_automated,
    coalesce(w.posts_seen, 0)::BIGINT AS posts_seen, {number_sql("w.link_share")} AS link_share,
    {number_sql("w.reply_share")} AS reply_share, {number_sql("w.repost_share")} AS repost_share,
    coalesce(r.same_text, 0)::BIGINT AS same_text
FROM person_number AS n
LEFT JOIN {cut.account_table} AS a ON a.account_id = n.id LEFT JOIN written AS w ON w.id = n.id
LEFT JOIN repeated AS r ON r.id = n.id LEFT JOIN acted AS d ON d.id = n.id LEFT JOIN back AS b ON b.id = n.id
LEFT JOIN complete_list AS l ON l.account_id = n.id
ORDER BY n.person
"""
