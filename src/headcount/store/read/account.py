"""Reads the columns of one account out of the store: what the measures are given.

The only place that knows both the store's tables and the measures' columns. It decides nothing that a measure
defines, with one exception that has to be made while reading: which posts are occasions (see `_OCCASIONS`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from headcount.columns import Exchanges, Flags, Followers, Posts, Responses, Texts
from headcount.errors import NotEnoughData
from headcount.incoming import ListCoverage, ListName, State
from headcount.store.read.between import read_follows_between
from headcount.store.read.convert import _CONVERT, _flags, _floats, _integers, _kind, _one, _texts, _timestamp
from headcount.store.read.cut import Cut
from headcount.store.read.followers import flag_sql, followers_sql, numbered_people_sql, time_sql
from headcount.store.read.lists import read_list_coverage
from headcount.store.read.view import DAY, AccountFacts, AccountView
from headcount.store.verdicts import read_state
from headcount.tables import ACTIVE_KINDS

if TYPE_CHECKING:
    import duckdb

__all__ = ["read_account", "read_followers"]


def read_account(
    con: duckdb.DuckDBPyConnection,
    account_id: str,
    *,
    window_days: float | None = 56.0,
    as_of: datetime | None = None,
    words_only: bool = False,
) -> AccountView:
    """Read the columns of one account.

    Args:
        con: a connection to a store.
        account_id: of an account that is in it.
        window_days: how far back posts are looked at; None for everything.
        as_of: end of the observation (UTC); without it the newest observation, else the newest event.
        words_only: only what ties and questions need (see `AccountView.words_only`), which leaves most columns of a
            large account unread. A past date, a sample, and an account that nobody wrote to are read in full.

    Raises:
        NotEnoughData: nothing at all is known of the account's followers, posts or responses.
    """
    end, basis = _as_of(con, account_id, as_of)
    reader = _Reader(con, account_id, end, basis, window_days)
    try:
        inferred = reader.find_occasions()
        words_only = words_only and reader.link_words()
        if not words_only:
            reader.link_interactions()
        has_list = reader.number_people(words_only=words_only)
        reader.number_others()
        followers = reader.followers(words_only=words_only) if has_list else None
        other_id, other_handle, other_opted_out = reader.others()
        between = read_follows_between(con, reader.parameters, reader.cut) if has_list and not words_only else None
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
            words_only=words_only,
            standing_followers=reader.standing_followers() if words_only and has_list else None,
            state=read_state(con),
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
        raise NotEnoughData(f"There is no data about {account_id}.", hint="add data first with: headcount add SOURCE")
    return float(imported), "imported"


_PRIVATE = "(coalesce(visibility, 'public') IN ('followers', 'direct'))"
"""Not public: seen only with the account's own login, so no public collection can be compared with them."""

_WORDS = ", ".join(f"'{kind}'" for kind in ACTIVE_KINDS)

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
        """Run one statement with those of `parameters` that it names."""
        (statement,) = self.con.extract_statements(sql)
        return self.con.execute(statement, {name: self.parameters[name] for name in statement.named_parameters})

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

    def number_people(self, *, words_only: bool = False) -> bool:
        """Number everybody who follows or followed; False where there is no follower list.

        Args:
            words_only: number only those who wrote to the account or were written to.
        """
        talking = f"SELECT actor_id AS id FROM linked UNION {self._written_to()}" if words_only else ""
        self.run(f"CREATE OR REPLACE TEMP TABLE person_number AS {numbered_people_sql(self.cut, talking)}")
        every = f"follows AS f WHERE f.followee_id = $id AND f.follower_id <> $id AND {self.cut.follow('f')}"
        if self.count(f"SELECT count(*) FROM {every if words_only else 'person_number'}"):
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

    def standing_followers(self) -> int:
        """How many followers stand, those that were not numbered included; not for a past date."""
        return self.count(
            f"""SELECT count(DISTINCT f.follower_id) FROM follows AS f
            ANTI JOIN (SELECT account_id FROM accounts WHERE status IN ('deleted', 'suspended')) AS removed
              ON removed.account_id = f.follower_id
            WHERE f.followee_id = $id AND f.follower_id <> $id AND {self.cut.follow("f")}
              AND (f.gone_at IS NULL OR f.gone_at > $gone_end)"""
        )

    def link_words(self) -> bool:
        """Link replies, mentions and quotes only; False where that is not enough, and everything has to be read."""
        if self.cut.is_past or self.count("SELECT count(*) FROM follows WHERE followee_id = $id AND sampled"):
            return False
        self.link_interactions(f"AND i.kind IN ({_WORDS})")
        return bool(self.count("SELECT count(*) FROM linked"))  # without any, likes show whether responses were read

    def link_interactions(self, only: str = "") -> None:
        """Find the post of every interaction that addresses the account.

        Args:
            only: a further condition on the interactions `i`.
        """
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
            WHERE i.target_id = $id AND i.actor_id <> $id AND {self.cut.interaction("i")} AND NOT {_PRIVATE} {only}"""
        )

    def _written_to(self) -> str:
        """A query: whom the account addressed, as `id`."""
        return f"""SELECT target_id AS id FROM interactions
            WHERE actor_id = $id AND target_id <> $id AND {self.cut.interaction()} AND NOT {_PRIVATE}"""

    def number_others(self) -> None:
        """Number the people around the account who do not follow, after those who do."""
        self.run(
            f"""CREATE OR REPLACE TEMP TABLE other AS
            SELECT id, row_number() OVER (ORDER BY id) - 1 + (SELECT count(*) FROM person_number) AS person FROM (
                SELECT actor_id AS id FROM linked
                UNION {self._written_to()})
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
        got = self.run(
            f"""WITH either AS (
                SELECT actor_id AS id, false AS outgoing, created_at FROM linked WHERE kind IN ({_WORDS})
                UNION ALL
                SELECT target_id, true, created_at FROM interactions
                WHERE actor_id = $id AND target_id <> $id AND kind IN ({_WORDS}) AND {self.cut.interaction()}
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

    def followers(self, *, words_only: bool = False) -> Followers:
        if words_only:
            return self._followers_by_name()
        if not self.cut.is_newest:
            self.run(f"CREATE OR REPLACE TEMP TABLE account_at AS {self.cut.accounts('SELECT id FROM person_number')}")
        got = self.run(followers_sql(self.cut)).fetchnumpy()
        columns: dict[str, Any] = {
            name: _CONVERT[str(field.type)](got[name]) for name, field in Followers.__dataclass_fields__.items()
        }
        return Followers(**columns)

    def _followers_by_name(self) -> Followers:
        """The numbered followers with their names and whether they stand; nothing else of them is read."""
        got = self.run(
            f"""SELECT n.id AS account_id, a.handle, a.display_name, {time_sql("n.gone_at")} AS gone_at,
                {flag_sql("a.opted_out")} AS opted_out, {flag_sql("a.status IN ('deleted', 'suspended')")} AS removed
            FROM person_number AS n LEFT JOIN accounts AS a ON a.account_id = n.id ORDER BY n.person"""
        ).fetchnumpy()
        fields = Followers.__dataclass_fields__
        known = {name: _CONVERT[str(fields[name].type)](values) for name, values in got.items()}
        return Followers.unknown(**known)
