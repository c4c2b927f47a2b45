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
from headcount.hosts import with_host_key
from headcount.incoming import RESPONSE_LISTS, ListCoverage, ListName, State
from headcount.reading_between import read_follows_between
from headcount.reading_cut import Cut
from headcount.reading_followers import flag_sql, followers_sql, numbered_people_sql, time_sql
from headcount.reading_lists import read_list_coverage
from headcount.reading_names import nearest_handles
from headcount.record import Record, shorten
from headcount.suggest import did_you_mean
from headcount.tables import ACTIVE_KINDS, INTERACTION_KINDS
from headcount.times import iso_text

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


@dataclass(frozen=True, repr=False)
class AccountView(Record):
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

    def columns(self) -> dict[str, list[Any]]:
        """One row a follower, as in `followers.columns()`; without a follower list there is none."""
        return {} if self.followers is None else self.followers.columns()

    def summary(self) -> str:
        """The account, the numbers of rows, and the end of the observation."""
        name = self.facts.handle or self.facts.account_id
        listed = "followers unknown" if self.followers is None else f"{len(self.followers):,} followers"
        rows = f"{len(self.posts):,} posts, {len(self.responses):,} responses"
        return f"of {shorten(name, 60)}: {listed}, {rows}, as of {(iso_text(self.as_of) or 'unknown')[:10]}"

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
    wanted = with_host_key(name.strip().removeprefix("@"))
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
    similar = did_you_mean(nearest_handles(con, wanted, names))
    listed = f"known: {known}" if known else "add data first with: headcount add SOURCE"
    raise AccountNotFound(
        f"There is no account {name!r} in this workspace.",
        hint=f"{similar} List the accounts with: headcount accounts" if similar else listed,
    )


def find_post(con: duckdb.DuckDBPyConnection, name: str) -> tuple[str, str] | None:
    """author_id and post_id of a post, named by its id, the id without its platform, or its link; None: unknown."""
    last = name.strip().rstrip("/").rpartition("/")[2].partition("?")[0]
    row = con.execute(
        """SELECT author_id, post_id FROM posts
        WHERE post_id IN ($name, $last, 'x:' || $last, 'table:' || $last) OR ends_with(post_id, '/' || $last)
        ORDER BY post_id <> $name, post_id LIMIT 1""",
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
        between = read_follows_between(con, reader.parameters, reader.cut) if has_list else None
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
            remarks=reader.remarks(),
            lists=reader.lists(has_list=has_list),
            private_responses=reader.private_responses(),
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
        self.cut = Cut.read(con, self.parameters["end"], is_past=basis == "given")

    def run(self, sql: str) -> duckdb.DuckDBPyConnection:
        """Run SQL with those of $id, $start and $end that stand in it."""
        used = {name: value for name, value in self.parameters.items() if re.search(rf"\${name}\b", sql)}
        return self.con.execute(sql, used or None)

    def count(self, sql: str) -> int:
        row = self.run(sql).fetchone()
        return int(row[0]) if row else 0

    def clean_up(self) -> None:
        for name in ("person_number", "every_post", "occasion", "linked", "other", "account_at"):
            self.con.execute(f"DROP TABLE IF EXISTS temp.{name}")

    def facts(self) -> AccountFacts:
        created = self.cut.created_at("a")
        row = self.run(
            f"SELECT a.platform, a.handle, a.display_name, epoch({created}), a.followers_count, "
            "coalesce(a.opted_out, false), "
            "CASE WHEN a.protected AND coalesce(a.status, 'active') = 'active' THEN 'protected' ELSE a.status END "
            f"FROM ({self.cut.accounts('SELECT $id AS id')}) AS a"
        ).fetchone()
        platform = self.account_id.partition(":")[0]
        if row is None:
            return AccountFacts(self.account_id, platform, None, None, None, None, False)
        return AccountFacts(self.account_id, row[0] or platform, *row[1:])

    def number_people(self) -> bool:
        """Number everybody who follows or followed; False where there is no follower list."""
        self.run(f"CREATE OR REPLACE TEMP TABLE person_number AS {numbered_people_sql(self.cut)}")
        if self.count("SELECT count(*) FROM person_number"):
            return True
        coverage = read_list_coverage(self.con, self.account_id, self.parameters["gone_end"]).get("followers")
        return self.facts().claimed == 0 if coverage is None else coverage.is_complete

    def find_occasions(self) -> bool:
        """Find the posts of the window; True where they had to be inferred from the responses."""
        known = self.cut.known_post()
        self.run(
            f"""CREATE OR REPLACE TEMP TABLE every_post AS SELECT post_id, created_at, text FROM posts
            WHERE author_id = $id AND coalesce(kind, 'post') IN ('post', 'quote') AND {known}"""
        )
        inferred = not self.count(f"SELECT count(*) FROM posts WHERE author_id = $id AND {known}")
        if inferred:
            self.run(
                f"""INSERT INTO every_post SELECT post_id, min(created_at), NULL FROM interactions
                WHERE target_id = $id AND actor_id <> $id AND post_id IS NOT NULL AND {self.cut.interaction()}
                GROUP BY post_id"""
            )
        window = "created_at > $start" if self.parameters["start"].year > 1 else "true"
        self.run(_OCCASIONS.format(window=window))
        return inferred and bool(self.count("SELECT count(*) FROM every_post"))

    def link_interactions(self) -> None:
        """Number the responders and the posts of every interaction that addresses the account."""
        self.run(
            f"""CREATE OR REPLACE TEMP TABLE linked AS
            WITH target AS (
                SELECT post_id, post FROM occasion
                UNION ALL
                SELECT p.post_id, o.post FROM posts AS p JOIN occasion AS o ON o.post_id = p.root_post_id
                WHERE p.author_id = $id AND {self.cut.known_post("p")}
                  AND NOT EXISTS (FROM occasion AS s WHERE s.post_id = p.post_id))
            SELECT i.actor_id, i.kind, i.created_at, t.post
            FROM interactions AS i LEFT JOIN target AS t ON t.post_id = i.post_id
            WHERE i.target_id = $id AND i.actor_id <> $id AND {self.cut.interaction("i")} AND NOT {_PRIVATE}"""
        )
        self.run(
            f"""CREATE OR REPLACE TEMP TABLE other AS
            SELECT id, row_number() OVER (ORDER BY id) - 1 + (SELECT count(*) FROM person_number) AS person FROM (
                SELECT actor_id AS id FROM linked
                UNION SELECT target_id FROM interactions
                WHERE actor_id = $id AND target_id <> $id AND {self.cut.interaction()} AND NOT {_PRIVATE})
            ANTI JOIN person_number USING (id)"""
        )

    def others(self) -> tuple[Texts, Texts, Flags]:
        got = self.run(
            f"SELECT o.id, a.handle, {flag_sql('a.opted_out')} AS opted_out FROM other AS o "
            f"LEFT JOIN ({self.cut.accounts('SELECT id FROM other')}) AS a ON a.account_id = o.id ORDER BY o.person"
        ).fetchnumpy()
        return _texts(got["id"]), _texts(got["handle"]), _flags(got["opted_out"])

    def private_responses(self) -> int:
        """Responses that only the account or its followers may read."""
        of_others = f"target_id = $id AND actor_id <> $id AND {self.cut.interaction()}"
        return self.count(f"SELECT count(*) FROM interactions WHERE {_PRIVATE} AND {of_others}")

    def posts(self) -> Posts:
        got = self.run(f"SELECT post_id, {time_sql('created_at')} AS created_at, text FROM occasion ORDER BY post")
        columns = got.fetchnumpy()
        return Posts(_texts(columns["post_id"]), _floats(columns["created_at"]), _texts(columns["text"]))

    def responses(self) -> Responses:
        got = self.run(
            f"""SELECT n.person, l.post, {_kind("l.kind")} AS kind,
                {time_sql("l.created_at")} - {time_sql("o.created_at")} AS delay
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
                WHERE actor_id = $id AND target_id <> $id AND kind IN ({active}) AND {self.cut.interaction()}
                  AND NOT {_PRIVATE})
            SELECT n.person, e.outgoing, {time_sql("e.created_at")} AS seconds FROM either AS e
            JOIN (SELECT id, person FROM person_number UNION ALL SELECT id, person FROM other) AS n ON n.id = e.id"""
        ).fetchnumpy()
        return Exchanges(_integers(got["person"]), got["outgoing"].astype(np.bool_), _floats(got["seconds"]))

    def new_followers(self) -> int | None:
        if self.cut.is_past:
            return self._new_at_cut()
        one = "SELECT min(first_snapshot) IS NOT DISTINCT FROM max(last_snapshot) FROM follows WHERE followee_id = $id"
        if self.count(one):
            return None
        return self.count(
            """SELECT count(*) FROM follows WHERE followee_id = $id AND gone_at IS NULL
            AND first_snapshot = (SELECT max(last_snapshot) FROM follows WHERE followee_id = $id)"""
        )

    def _new_at_cut(self) -> int | None:
        """Followers first listed by the last import of the list before the cut; None with fewer than two imports."""
        imported = self.run(
            f"""SELECT DISTINCT snapshot FROM (
                SELECT first_snapshot AS snapshot FROM follows WHERE followee_id = $id
                UNION ALL SELECT last_snapshot FROM follows WHERE followee_id = $id
                UNION ALL SELECT snapshot FROM snapshots WHERE follows > 0 AND (account_id = $id OR (
                    account_id IS NULL AND EXISTS (FROM list_looks WHERE side = 'followee' AND account_id = $id))))
            WHERE {self.cut.imported("snapshot")} ORDER BY snapshot"""
        ).fetchall()
        if len(imported) < 2:
            return None
        return self.count(
            f"""SELECT count(*) FROM follows AS f JOIN person_number AS n ON n.id = f.follower_id
            WHERE f.followee_id = $id AND n.gone_at IS NULL AND (f.gone_at IS NULL OR f.gone_at > $gone_end)
              AND f.first_snapshot = {imported[-1][0]}"""
        )

    def lists(self, *, has_list: bool) -> dict[ListName, ListCoverage]:
        """How completely each list was read by the end of the observation."""
        found = read_list_coverage(self.con, self.account_id, self.parameters["gone_end"])
        if self.cut.is_past and "followers" not in found:
            listed = "SELECT count(*) > 0 FROM follows AS f WHERE f.followee_id = $id"
            if self.count(listed) and not self.count(f"{listed} AND {self.cut.follow_observed('f')}"):
                state: State = "partial" if has_list else "unknown"
                found["followers"] = ListCoverage(self.account_id, "followers", state, "read_later")
        return found

    def remarks(self) -> tuple[tuple[str, str], ...]:
        """Notes on how the account was collected: up to the cut, or of all imports where none lies before it.

        Without an import before the cut, all that is known of that time was read later, and how it was read matters.
        """
        remarks = self.run("SELECT topic, text, snapshot FROM remarks WHERE account_id = $id ORDER BY rowid").fetchall()
        own = self.run("SELECT snapshot FROM snapshots WHERE account_id = $id").fetchall()
        imports = {row[0] for row in own} or {row[2] for row in remarks}
        is_all = not self.cut.is_past or imports.isdisjoint(self.cut.snapshots)
        return tuple((topic, text) for topic, text, snapshot in remarks if is_all or snapshot in self.cut.snapshots)

    def followers(self) -> Followers:
        if not self.cut.is_newest:
            self.run(f"CREATE OR REPLACE TEMP TABLE account_at AS {self.cut.accounts('SELECT id FROM person_number')}")
        got = self.run(followers_sql(self.cut)).fetchnumpy()
        columns: dict[str, Any] = {
            name: _CONVERT[str(field.type)](got[name]) for name, field in Followers.__dataclass_fields__.items()
        }
        return Followers(**columns)


def _kind(column: str) -> str:
    cases = " ".join(f"WHEN '{kind}' THEN {code}" for code, kind in enumerate(INTERACTION_KINDS))
    return f"(CASE {column} {cases} ELSE -1 END)::TINYINT"


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
