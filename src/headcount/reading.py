"""Reads the columns of one account out of the store: what the measures are given.

The only place that knows both the store's tables and the measures' columns. It decides nothing that a measure
defines, with one exception that has to be made while reading: which posts are occasions (see `_OCCASIONS`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from headcount.columns import Exchanges, Flags, Floats, Followers, FollowsBetween, Integers, Posts, Responses, Texts
from headcount.errors import AccountNotFound, AmbiguousAccount, NotEnoughData
from headcount.incoming import RESPONSE_LISTS, ListCoverage, ListName
from headcount.measures.authenticity_features import AUTOMATION_WORDS
from headcount.reading_between import read_follows_between
from headcount.reading_lists import read_list_coverage
from headcount.tables import ACTIVE_KINDS, INTERACTION_KINDS

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "AccountFacts",
    "AccountView",
    "find_account",
    "find_post",
    "known_accounts",
    "read_account",
    "read_followers",
]

DAY = 86_400.0

FOLLOW_BACK_WORDS = (
    r"follow\s?back|followback|follow4follow|followforfollow|follow for follow|\bf4f\b|\bifb\b|\bl4l\b|teamfollow|"
    r"team follow|instant follow|i follow all|follow me and i|sigo de volta|te sigo|seguimi e ti seguo|"
    r"siguemeytesigo|sdv\b|takipci|geri takip|相互フォロー|フォロバ|互粉|맞팔"
)
"""Offers of and calls for follow-backs in a bio, in several languages (lower case, RE2)."""


@dataclass(frozen=True)
class AccountFacts:
    """What is known of the account itself.

    Attributes:
        account_id, platform, handle, display_name: None where unknown.
        created_at: seconds since 1970; None where unknown.
        claimed: followers as the platform's counter claims; None where unknown.
        opted_out: asks not to be indexed.
        status: active, deleted, suspended, hidden, moved, or protected (only approved followers may read it); None
            where unknown.
    """

    account_id: str
    platform: str
    handle: str | None
    display_name: str | None
    created_at: float | None
    claimed: int | None
    opted_out: bool
    status: str | None = None


@dataclass(frozen=True)
class AccountView:
    """The columns of one account in one window.

    Attributes:
        facts: the account itself.
        as_of: end of the observation, seconds since 1970.
        as_of_basis: where that time comes from.
        window_days: length of the window; None for everything that is known.
        posts: the occasions, oldest first; inferred: read off the responses, as the posts are not at hand.
        posts_before: occasions before the window.
        undated_posts: posts without a time, which no window can hold.
        responses, exchanges: of others with the account, up to as_of.
        followers: everybody who follows or followed; None where there is no follower list.
        new: followers first listed after the first snapshot; None with one snapshot.
        other_id, other_handle, other_opted_out: the people numbered after the followers.
        remarks: (topic, sentence) that the collector left on how the account was collected.
        lists: how completely each list of the account was read; lists without any record are not in it.
        private_responses: responses that only the account or its followers may read; in no other column.
        labels: account_id -> what the user says of it: real, auto or spam.
        between: follows between the followers; None where whom the followers follow is not known.
    """

    facts: AccountFacts
    as_of: float
    as_of_basis: Literal["observed", "last event", "given", "imported"]
    window_days: float | None
    posts: Posts
    posts_inferred: bool
    posts_before: int
    undated_posts: int
    responses: Responses
    exchanges: Exchanges
    followers: Followers | None
    new: int | None
    other_id: Texts
    other_handle: Texts
    other_opted_out: Flags
    remarks: tuple[tuple[str, str], ...] = ()
    lists: Mapping[ListName, ListCoverage] = field(default_factory=dict)
    private_responses: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    between: FollowsBetween | None = None

    @property
    def responses_unknown(self) -> ListCoverage | None:
        """The reason why there is no response at hand, where that does not mean that there was none; else None.

        The posts of the account were not shown, or none of the lists of responses was.
        """
        if len(self.responses) or not self.exchanges.outgoing.all():
            return None
        posts = self.lists.get("posts")
        if posts is not None and posts.shows_nothing and (self.posts_inferred or not len(self.posts)):
            return posts
        found = [self.lists[name] for name in RESPONSE_LISTS if name in self.lists]
        return found[0] if found and all(entry.shows_nothing for entry in found) else None

    @property
    def people(self) -> int:
        """How many people are numbered: followers and others."""
        return (len(self.followers) if self.followers is not None else 0) + len(self.other_id)


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
    wanted = name.strip().removeprefix("@")
    platform, _, handle = wanted.partition(":")
    rows = con.execute(
        """WITH ids AS (
            SELECT account_id AS id, lower(handle) AS handle FROM accounts
            UNION SELECT DISTINCT followee_id, NULL FROM follows UNION SELECT DISTINCT author_id, NULL FROM posts
            UNION SELECT DISTINCT target_id, NULL FROM interactions)
        SELECT DISTINCT id FROM ids WHERE id = $name OR handle = lower($name)
           OR (handle = lower($handle) AND starts_with(id, $platform || ':'))
           OR (position(':' IN $name) = 0 AND id IN ('x:' || $name, 'table:' || $name, 'mastodon:' || $name,
                                                     'bluesky:' || $name)) ORDER BY id LIMIT 6""",
        {"name": wanted, "platform": platform.lower(), "handle": handle.removeprefix("@")},
    ).fetchall()
    found = [row[0] for row in rows]
    if wanted in found:
        return wanted
    if len(found) == 1:
        return str(found[0])
    if found:
        raise AmbiguousAccount(f"{name!r} is the name of several accounts.", hint=f"use the id: {', '.join(found)}")
    if _one(con, "SELECT count(*) FROM follows WHERE follower_id = $name", name=wanted):
        return wanted  # a follower of whom nothing but the id is known
    names = [handle or account for account, handle, *_ in known_accounts(con, 6)]
    known = ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
    raise AccountNotFound(
        f"There is no account {name!r} in this workspace.",
        hint=f"known: {known}" if known else "add data first with: headcount add SOURCE",
    )


def find_post(con: duckdb.DuckDBPyConnection, name: str) -> tuple[str, str] | None:
    """author_id and post_id of a post, named by its id, the id without its platform, or its link; None: unknown."""
    last = name.strip().rstrip("/").rpartition("/")[2].partition("?")[0]
    row = con.execute(
        """SELECT author_id, post_id FROM posts
        WHERE post_id IN ($name, $last, 'x:' || $last, 'table:' || $last) OR ends_with(post_id, '/' || $last)
        ORDER BY post_id <> $name LIMIT 1""",
        {"name": name.strip(), "last": last},
    ).fetchone()
    return (row[0], row[1]) if row else None


def read_account(
    con: duckdb.DuckDBPyConnection,
    account_id: str,
    *,
    window_days: float | None = 56.0,
    as_of: datetime | None = None,
) -> AccountView:
    """Read the columns of one account.

    Args:
        con: a connection to a store.
        account_id: of an account that is in it.
        window_days: how far back posts are looked at; None for everything.
        as_of: end of the observation (UTC); without it the newest observation, else the newest event.

    Raises:
        NotEnoughData: nothing at all is known of the account's followers, posts or responses.
    """
    end, basis = _as_of(con, account_id, as_of)
    reader = _Reader(con, account_id, end, basis, window_days)
    try:
        has_list = reader.number_people()
        inferred = reader.find_occasions()
        reader.link_interactions()
        followers = reader.followers() if has_list else None
        other_id, other_handle, other_opted_out = reader.others()
        between = read_follows_between(con, reader.parameters) if has_list else None
        return AccountView(
            facts=reader.facts(),
            as_of=end,
            as_of_basis=basis,
            window_days=window_days,
            posts=reader.posts(),
            posts_inferred=inferred,
            posts_before=reader.count("SELECT count(*) FROM every_post WHERE created_at <= $start"),
            undated_posts=reader.count("SELECT count(*) FROM every_post WHERE created_at IS NULL"),
            responses=reader.responses(),
            exchanges=reader.exchanges(),
            followers=followers,
            new=reader.new_followers() if has_list else None,
            other_id=other_id,
            other_handle=other_handle,
            other_opted_out=other_opted_out,
            remarks=tuple(
                con.execute(
                    "SELECT topic, text FROM remarks WHERE account_id = ? ORDER BY rowid", [account_id]
                ).fetchall()
            ),
            lists=read_list_coverage(con, account_id, reader.parameters["gone_end"]),
            private_responses=reader.count(f"SELECT count(*) FROM interactions WHERE {_PRIVATE} AND {_OF_OTHERS}"),
            labels=dict(con.execute("SELECT account_id, label FROM labels ORDER BY account_id").fetchall()),
            between=between,
        )
    finally:
        reader.clean_up()


def read_followers(
    con: duckdb.DuckDBPyConnection, account_id: str, *, as_of: datetime | None = None
) -> tuple[Followers | None, float]:
    """The followers of one account (None where there is no list) and the end of the observation, and nothing else.

    Args:
        con, account_id, as_of: as in `read_account`.

    Raises:
        NotEnoughData: nothing at all is known of the account.
    """
    end, basis = _as_of(con, account_id, as_of)
    reader = _Reader(con, account_id, end, basis, None)
    try:
        return (reader.followers() if reader.number_people() else None), end
    finally:
        reader.clean_up()


def _as_of(
    con: duckdb.DuckDBPyConnection, account_id: str, given: datetime | None
) -> tuple[float, Literal["observed", "last event", "given", "imported"]]:
    if given is not None:
        return given.astimezone(UTC).timestamp(), "given"
    observed = _one(
        con,
        """SELECT epoch(max(t)) FROM (
            SELECT max(observed_at) AS t FROM accounts WHERE account_id = $id
            UNION ALL SELECT max(observed_at) FROM follows WHERE followee_id = $id
            UNION ALL SELECT max(observed_at) FROM posts WHERE author_id = $id)""",
        id=account_id,
    )
    if observed is not None:
        return float(observed), "observed"
    event = _one(
        con,
        """SELECT epoch(max(t)) FROM (
            SELECT max(created_at) AS t FROM posts WHERE author_id = $id
            UNION ALL SELECT max(created_at) FROM interactions WHERE target_id = $id OR actor_id = $id
            UNION ALL SELECT max(greatest(followed_at, gone_at)) FROM follows WHERE followee_id = $id)""",
        id=account_id,
    )
    if event is not None:
        return float(event), "last event"
    imported = _one(con, "SELECT epoch(max(read_at)) FROM snapshots")
    if imported is None:
        raise NotEnoughData(f"Nothing is known of {account_id}.", hint="add data first with: headcount add SOURCE")
    return float(imported), "imported"


_OF_OTHERS = "target_id = $id AND actor_id <> $id AND (created_at IS NULL OR created_at <= $end)"
"""Interactions of others with the account, up to the end of the observation."""

_PRIVATE = "(coalesce(visibility, 'public') IN ('followers', 'direct'))"
"""Not public: seen only with the account's own login, so no public collection can be compared with them."""

_OCCASIONS = """
CREATE OR REPLACE TEMP TABLE occasion AS
SELECT post_id, created_at, text, row_number() OVER (ORDER BY created_at NULLS FIRST, post_id) - 1 AS post
FROM every_post WHERE {window}
"""
"""Occasions are the account's own posts and quotes. Replies to others, and the account's further posts in a
thread of its own, are no occasions; a response to one of those counts for the post that opened the thread."""


class _Reader:
    """Temporary tables of one account, and the columns read from them."""

    def __init__(
        self, con: duckdb.DuckDBPyConnection, account_id: str, as_of: float, basis: str, window_days: float | None
    ) -> None:
        self.con = con
        self.account_id = account_id
        start = as_of - window_days * DAY if window_days is not None else -1e11
        self.parameters: dict[str, Any] = {
            "id": account_id,
            "end": datetime.fromtimestamp(as_of, UTC).replace(tzinfo=None),
            "start": _timestamp(start),
            # a follow that was missed is gone, whatever the newest event is; only a date that is asked for looks back
            "gone_end": _timestamp(as_of) if basis == "given" else datetime.max,
        }

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run SQL with those of $id, $start and $end that stand in it."""
        used = {name: value for name, value in self.parameters.items() if re.search(rf"\${name}\b", sql)}
        return self.con.execute(sql, used or None)

    def count(self, sql: str) -> int:
        row = self.run(sql).fetchone()
        return int(row[0]) if row else 0

    def clean_up(self) -> None:
        for name in ("person_number", "every_post", "occasion", "linked", "other"):
            self.con.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def facts(self) -> AccountFacts:
        row = self.run(
            "SELECT platform, handle, display_name, epoch(created_at), "
            # the counter of today says nothing about the day that was asked for
            "CASE WHEN observed_at IS NULL OR observed_at <= $gone_end THEN followers_count END, "
            "coalesce(opted_out, false), "
            "CASE WHEN observed_at IS NULL OR observed_at <= $gone_end THEN "
            "CASE WHEN protected AND coalesce(status, 'active') = 'active' THEN 'protected' ELSE status END END "
            "FROM accounts WHERE account_id = $id"
        ).fetchone()
        platform = self.account_id.partition(":")[0]
        if row is None:
            return AccountFacts(self.account_id, platform, None, None, None, None, False)
        return AccountFacts(self.account_id, row[0] or platform, *row[1:])

    def number_people(self) -> bool:
        """Number everybody who follows or followed; False where there is no follower list."""
        self.run(
            """CREATE OR REPLACE TEMP TABLE person_number AS
            SELECT follower_id AS id, row_number() OVER () - 1 AS person, followed_at, followed_after, followed_before,
                   position, gone_at, sampled FROM (
                SELECT follower_id, followed_at, followed_after, followed_before, position, sampled,
                       CASE WHEN gone_at <= $gone_end THEN gone_at END AS gone_at
                FROM follows WHERE followee_id = $id AND follower_id <> $id
                  AND (followed_at IS NULL OR followed_at <= $end)
                QUALIFY row_number() OVER (PARTITION BY follower_id ORDER BY gone_at DESC NULLS FIRST) = 1
                ORDER BY coalesce(followed_at, followed_after, followed_before), position DESC, follower_id)"""
        )
        if self.count("SELECT count(*) FROM person_number"):
            return True
        coverage = read_list_coverage(self.con, self.account_id, self.parameters["gone_end"]).get("followers")
        return self.facts().claimed == 0 if coverage is None else coverage.is_complete

    def find_occasions(self) -> bool:
        """Find the posts of the window; True where they had to be inferred from the responses."""
        self.run(
            """CREATE OR REPLACE TEMP TABLE every_post AS SELECT post_id, created_at, text FROM posts
            WHERE author_id = $id AND coalesce(kind, 'post') IN ('post', 'quote')
              AND (created_at IS NULL OR created_at <= $end)"""
        )
        inferred = not self.count("SELECT count(*) FROM posts WHERE author_id = $id")
        if inferred:
            self.run(
                """INSERT INTO every_post SELECT post_id, min(created_at), NULL FROM interactions
                WHERE target_id = $id AND actor_id <> $id AND post_id IS NOT NULL
                  AND (created_at IS NULL OR created_at <= $end) GROUP BY post_id"""
            )
        window = "created_at > $start" if self.parameters["start"].year > 1 else "true"
        self.run(_OCCASIONS.format(window=window))
        return inferred and bool(self.count("SELECT count(*) FROM every_post"))

    def link_interactions(self) -> None:
        """Number the responders and the posts of every interaction that addresses the account."""
        self.run(
            """CREATE OR REPLACE TEMP TABLE linked AS
            WITH target AS (
                SELECT post_id, post FROM occasion
                UNION ALL
                SELECT p.post_id, o.post FROM posts AS p JOIN occasion AS o ON o.post_id = p.root_post_id
                WHERE p.author_id = $id AND NOT EXISTS (FROM occasion AS s WHERE s.post_id = p.post_id))
            SELECT i.actor_id, i.kind, i.created_at, t.post
            FROM interactions AS i LEFT JOIN target AS t ON t.post_id = i.post_id
            WHERE """
            + f"{_OF_OTHERS} AND NOT {_PRIVATE}"
        )
        self.run(
            """CREATE OR REPLACE TEMP TABLE other AS
            SELECT id, row_number() OVER (ORDER BY id) - 1 + (SELECT count(*) FROM person_number) AS person FROM (
                SELECT actor_id AS id FROM linked
                UNION SELECT target_id FROM interactions
                WHERE actor_id = $id AND target_id <> $id AND (created_at IS NULL OR created_at <= $end)
                  AND NOT """
            + _PRIVATE
            + """)
            ANTI JOIN person_number USING (id)"""
        )

    def others(self) -> tuple[Texts, Texts, Flags]:
        got = self.run(
            f"SELECT o.id, a.handle, {_flag('a.opted_out')} AS opted_out FROM other AS o "
            "LEFT JOIN accounts AS a ON a.account_id = o.id ORDER BY o.person"
        ).fetchnumpy()
        return _texts(got["id"]), _texts(got["handle"]), _flags(got["opted_out"])

    def posts(self) -> Posts:
        got = self.run(f"SELECT post_id, {_time('created_at')} AS created_at, text FROM occasion ORDER BY post")
        columns = got.fetchnumpy()
        return Posts(_texts(columns["post_id"]), _floats(columns["created_at"]), _texts(columns["text"]))

    def responses(self) -> Responses:
        got = self.run(
            f"""SELECT n.person, l.post, {_kind("l.kind")} AS kind,
                {_time("l.created_at")} - {_time("o.created_at")} AS delay
            FROM linked AS l JOIN occasion AS o ON o.post = l.post
            JOIN (SELECT id, person FROM person_number UNION ALL SELECT id, person FROM other) AS n
              ON n.id = l.actor_id"""
        ).fetchnumpy()
        delay = _floats(got["delay"])
        return Responses(
            _integers(got["person"]),
            _integers(got["post"]),
            _flags(got["kind"]),
            np.where(delay >= 0, delay, np.nan),
        )

    def exchanges(self) -> Exchanges:
        active = ", ".join(f"'{kind}'" for kind in ACTIVE_KINDS)
        got = self.run(
            f"""WITH either AS (
                SELECT actor_id AS id, false AS outgoing, created_at FROM linked WHERE kind IN ({active})
                UNION ALL
                SELECT target_id, true, created_at FROM interactions
                WHERE actor_id = $id AND target_id <> $id AND kind IN ({active})
                  AND (created_at IS NULL OR created_at <= $end) AND NOT {_PRIVATE})
            SELECT n.person, e.outgoing, {_time("e.created_at")} AS seconds FROM either AS e
            JOIN (SELECT id, person FROM person_number UNION ALL SELECT id, person FROM other) AS n ON n.id = e.id"""
        ).fetchnumpy()
        return Exchanges(_integers(got["person"]), got["outgoing"].astype(np.bool_), _floats(got["seconds"]))

    def new_followers(self) -> int | None:
        one = "SELECT min(first_snapshot) IS NOT DISTINCT FROM max(last_snapshot) FROM follows WHERE followee_id = $id"
        if self.count(one):
            return None
        return self.count(
            """SELECT count(*) FROM follows WHERE followee_id = $id AND gone_at IS NULL
            AND first_snapshot = (SELECT max(last_snapshot) FROM follows WHERE followee_id = $id)"""
        )

    def followers(self) -> Followers:
        got = self.run(_FOLLOWERS_SQL).fetchnumpy()
        columns: dict[str, Any] = {
            name: _CONVERT[str(field.type)](got[name]) for name, field in Followers.__dataclass_fields__.items()
        }
        return Followers(**columns)


def _time(column: str) -> str:
    return f"coalesce(epoch({column}), 'nan'::DOUBLE)"


def _number(column: str) -> str:
    return f"coalesce({column}::DOUBLE, 'nan'::DOUBLE)"


def _flag(condition: str) -> str:
    return f"coalesce(({condition})::TINYINT, -1)::TINYINT"


def _kind(column: str) -> str:
    cases = " ".join(f"WHEN '{kind}' THEN {code}" for code, kind in enumerate(INTERACTION_KINDS))
    return f"(CASE {column} {cases} ELSE -1 END)::TINYINT"


_FOLLOWERS_SQL = f"""
WITH written AS (
    SELECT p.author_id AS id, max(p.created_at) AS newest, count(*) AS posts_seen,
           avg((len(p.link_domains) > 0)::INT) AS link_share,
           avg((p.kind = 'reply')::INT) AS reply_share, avg((p.kind = 'repost')::INT) AS repost_share
    FROM posts AS p SEMI JOIN person_number AS n ON n.id = p.author_id
    WHERE p.created_at IS NULL OR p.created_at <= $end GROUP BY 1),
repeated AS (
    SELECT id, max(times) AS same_text FROM (
        SELECT p.author_id AS id, p.text, count(*) AS times FROM posts AS p
        SEMI JOIN person_number AS n ON n.id = p.author_id
        WHERE p.text IS NOT NULL AND coalesce(p.kind, 'post') <> 'repost' GROUP BY 1, 2) GROUP BY 1),
acted AS (
    SELECT actor_id AS id, max(created_at) AS newest FROM interactions
    WHERE created_at <= $end GROUP BY 1),
back AS (SELECT DISTINCT followee_id AS id FROM follows WHERE follower_id = $id AND gone_at IS NULL),
knows_follows AS (SELECT count(*) > 0 AS known FROM back)
SELECT n.id AS account_id, a.handle, a.display_name,
    {_time("a.created_at")} AS created_at, {_time("a.last_post_at")} AS last_post_at,
    {_time("greatest(a.last_post_at, w.newest, d.newest)")} AS last_seen,
    {_time("n.followed_at")} AS followed_at, {_time("n.followed_after")} AS followed_after,
    {_time("n.followed_before")} AS followed_before, {_time("n.gone_at")} AS gone_at,
    {_number("n.position")} AS position, {_number("a.followers_count")} AS followers_count,
    {_number("a.following_count")} AS following_count, {_number("a.posts_count")} AS posts_count,
    CASE WHEN a.account_id IS NULL THEN -1 WHEN a.bio IS NOT NULL THEN 1
         WHEN (SELECT count(bio) FROM accounts) > 0 THEN 0 ELSE -1 END::TINYINT AS has_bio,
    CASE WHEN a.account_id IS NULL THEN -1 WHEN a.website IS NOT NULL THEN 1
         WHEN (SELECT count(website) FROM accounts) > 0 THEN 0 ELSE -1 END::TINYINT AS has_website,
    {_flag("a.default_avatar")} AS default_avatar, {_flag("a.protected")} AS protected,
    {_flag("a.verified")} AS verified, {_flag("a.declared_bot")} AS declared_bot,
    {_flag("a.opted_out")} AS opted_out, {_flag("a.status IN ('deleted', 'suspended')")} AS removed,
    {_flag("n.sampled")} AS sampled,
    CASE WHEN b.id IS NOT NULL THEN 1 WHEN (SELECT known FROM knows_follows) THEN 0 ELSE -1 END::TINYINT
        AS followed_back,
    {_flag(f"regexp_matches(lower(a.bio), '{FOLLOW_BACK_WORDS}')")} AS bio_asks_follow_back,
    {_flag(f"regexp_matches(lower(a.bio), '{AUTOMATION_WORDS}')")} AS bio_says_automated,
    coalesce(w.posts_seen, 0)::BIGINT AS posts_seen, {_number("w.link_share")} AS link_share,
    {_number("w.reply_share")} AS reply_share, {_number("w.repost_share")} AS repost_share,
    coalesce(r.same_text, 0)::BIGINT AS same_text
FROM person_number AS n
LEFT JOIN accounts AS a ON a.account_id = n.id LEFT JOIN written AS w ON w.id = n.id
LEFT JOIN repeated AS r ON r.id = n.id LEFT JOIN acted AS d ON d.id = n.id LEFT JOIN back AS b ON b.id = n.id
ORDER BY n.person
"""


def _timestamp(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (OverflowError, ValueError):
        return datetime.min


def _one(con: duckdb.DuckDBPyConnection, sql: str, **parameters: object) -> Any:
    row = con.execute(sql, parameters or None).fetchone()
    return row[0] if row else None


def _texts(values: Any) -> Texts:
    if isinstance(values, np.ma.MaskedArray):
        filled = np.asarray(values.data, dtype=object)
        filled[np.ma.getmaskarray(values)] = None
        return filled
    return np.asarray(values, dtype=object)


def _floats(values: Any) -> Floats:
    return np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)


def _integers(values: Any) -> Integers:
    return np.ma.filled(values, -1).astype(np.int64, copy=False)


def _flags(values: Any) -> Flags:
    return np.ma.filled(values, -1).astype(np.int8, copy=False)


_CONVERT: dict[str, Callable[[Any], Any]] = {
    "Texts": _texts,
    "Floats": _floats,
    "Flags": _flags,
    "Integers": _integers,
}
