"""A report as of an earlier date: nothing that was observed or created later reaches any column."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, groupby

import numpy as np
import pytest

from headcount.analysis import measure
from headcount.errors import NotEnoughData
from headcount.incoming import ListCoverage, ReadResult, Remark
from headcount.report.build import build_report
from headcount.store.read.account import read_account, read_followers
from headcount.store.read.view import AccountView
from headcount.store.store import Store

START = datetime(2026, 1, 1, tzinfo=UTC)
EGO = "x:ego"


def day(number):
    """A time in the simulated year, without a zone, as the store keeps it."""
    return (START + timedelta(days=float(number))).replace(tzinfo=None)


def at(number):
    return START + timedelta(days=float(number))


def seconds(number):
    return at(number).timestamp()


def ingest(store, tables, now, *, complete=True, following=(), remarks=(), between=(), account_id=None):
    """Import rows, and record which lists of accounts followed were read to their end."""

    def fill(con):
        for name, rows in tables.items():
            for columns, alike in groupby(sorted(rows, key=list), key=list):
                values = [list(row.values()) for row in alike]
                marks = ", ".join([f"({', '.join('?' for _ in columns)})"] * len(values))
                con.execute(f"INSERT INTO incoming_{name} ({', '.join(columns)}) VALUES {marks}", list(chain(*values)))
        counts = {name: len(rows) for name, rows in tables.items()}
        read = at(now).isoformat()
        lists = tuple(ListCoverage(name, "following", "complete", observed_at=read) for name in following)
        more = {"remarks": remarks, "between": frozenset(between), "account_id": account_id, "lists": lists}
        return ReadResult("test", (), 0, counts, (), complete, **more)

    store.ingest(fill, path="p", now=at(now))


def account(name, observed=None, **columns):
    return {"account_id": f"x:{name}", "platform": "x"} | columns | {"observed_at": day(observed) if observed else None}


def follow(follower, followee="ego", made=None, observed=None, **columns):
    row = {"follower_id": f"x:{follower}", "followee_id": f"x:{followee}"}
    times = {"followed_at": None if made is None else day(made), "observed_at": day(observed) if observed else None}
    return row | times | columns


def post(name, author="ego", made=None, observed=None, **columns):
    times = {"created_at": None if made is None else day(made), "observed_at": day(observed) if observed else None}
    return {"post_id": f"x:{name}", "author_id": f"x:{author}"} | columns | times


def response(actor, to, kind="like", made=None, target="ego"):
    row = {"actor_id": f"x:{actor}", "target_id": f"x:{target}", "kind": kind, "post_id": to and f"x:{to}"}
    return row | {"created_at": None if made is None else day(made)}


def view_of(store, number, **how):
    return read_account(store.connection, EGO, as_of=None if number is None else at(number), **how)


def row(view, name):
    """The columns of one follower."""
    place = list(view.followers.account_id).index(f"x:{name}")
    return {field.name: getattr(view.followers, field.name)[place] for field in fields(view.followers)}


def listed(view):
    standing = np.isnan(view.followers.gone_at)
    return sorted(name.removeprefix("x:") for name in view.followers.account_id[standing])


# -- one fault at a time -------------------------------------------------------------------------------------------


@pytest.fixture
def store(tmp_path):
    """Observed on day 10 and again on day 50, when nearly everything had changed."""
    with Store(tmp_path, write=True) as store:
        ingest(
            store,
            {
                "accounts": [
                    account("ego", 10, handle="ego", followers_count=2, created_at=day(0)),
                    account("a", 10, handle="anna", bio="likes trains", following_count=20, last_post_at=day(9)),
                ],
                "follows": [follow("a", made=2.5, observed=10, position=1), follow("b", observed=10, position=0)],
                "posts": [
                    post("1", made=8, observed=10, text="hello"),
                    *(post(f"a{n}", "a", 2 + n, 10, text="buy") for n in range(3)),
                ],
                "interactions": [response("a", "1", "repost", 9), response("b", "1", "like")],
            },
            10,
            following=[EGO],
        )
        ingest(
            store,
            {
                "accounts": [
                    account("ego", 50, handle="renamed", followers_count=9),
                    account("a", 50, handle="annika", bio="follow back", following_count=9_000, last_post_at=day(49)),
                    account("b", 50, status="suspended", created_at=day(1)),
                    account("c", 50, handle="carl", created_at=day(2), followers_count=7),
                ],
                "follows": [
                    follow("a", made=2.5, observed=50, position=3, sampled=True),
                    follow("c", made=20, observed=50, position=0),
                    follow("d", made=45, observed=50),
                    follow("e", observed=50),
                    follow("ego", "a", made=40, observed=50),
                    follow("ego", "c", made=22, observed=50),
                ],
                "posts": [
                    post("2", made=25, observed=50, text="a late one?"),
                    post("3", made=44, observed=50, text="too late?"),
                    post("u", observed=50, text="without a time"),
                    *(post(f"l{n}", "a", 35 + n, 50, text="buy") for n in range(10)),
                ],
                "interactions": [
                    response("c", "2", "reply", 26),
                    response("d", "3", "reply", 45),
                    response("a", "2", "repost"),
                    response("ego", None, "mention", 47, target="b"),
                ],
            },
            50,
            following=[EGO],
        )
        yield store


def test_repeated_texts_written_later_are_not_counted(store):
    assert [row(view_of(store, t), "a")["same_text"] for t in (3.5, 30, 38.5, 50)] == [2, 3, 7, 13]
    assert [row(view_of(store, t), "a")["posts_seen"] for t in (3.5, 30, 38.5, 50)] == [2, 3, 7, 13]


def test_follow_backs_made_later_are_not_seen(store):
    assert row(view_of(store, 30), "a")["followed_back"] == 0  # the list was read completely on day 10
    assert row(view_of(store, 41), "a")["followed_back"] == 1
    assert row(view_of(store, 30), "c")["followed_back"] == 1
    assert row(view_of(store, 9), "a")["followed_back"] == -1  # no list had been read


def test_untimed_reactions_count_from_their_first_import(store):
    def responders(number):
        view = view_of(store, number, window_days=None)
        names = [*view.followers.account_id, *view.other_id]
        return sorted(names[person].removeprefix("x:") for person in view.responses.person)

    assert responders(50) == ["a", "a", "b", "c", "d"]
    assert responders(9) == ["a"]
    assert "d" not in responders(30)
    assert responders(30).count("a") == 1  # the repost without a time came with the second import


def test_last_activity_is_that_of_the_day(store):
    assert row(view_of(store, 30), "a")["last_seen"] == seconds(9)
    assert np.isnan(row(view_of(store, 30), "a")["last_post_at"])  # overwritten on day 50
    assert row(view_of(store, 12), "a")["last_seen"] == seconds(9)
    assert row(view_of(store, 50), "a")["last_post_at"] == seconds(49)


def test_removals_and_departures_seen_later_have_not_happened(store):
    view = view_of(store, 30)
    assert listed(view) == ["a", "b", "c"]
    assert row(view, "b")["removed"] == -1
    assert listed(view_of(store, None)) == ["a", "c", "d", "e"]
    assert row(view_of(store, None), "b")["removed"] == 1


def test_who_came_later_is_not_in_the_list(store):
    assert listed(view_of(store, 12)) == ["a", "b"]
    assert listed(view_of(store, 46)) == ["a", "b", "c", "d"]
    assert listed(view_of(store, 50)) == ["a", "c", "d", "e"]
    assert listed(view_of(store, 6)) == ["a"]  # by the date of the follow; b was first seen on day 10


def test_names_and_counters_are_those_of_the_day(store):
    view = view_of(store, 30)
    assert (view.facts.handle, view.facts.claimed) == ("ego", 2)
    assert (row(view, "a")["handle"], row(view, "a")["following_count"]) == ("anna", 20)
    assert (row(view, "c")["handle"], row(view, "c")["created_at"]) == (None, seconds(2))
    assert np.isnan(row(view, "c")["followers_count"])
    assert row(view, "a")["has_bio"] == row(view, "a")["bio_asks_follow_back"] == -1
    assert row(view_of(store, 12), "a")["has_bio"] == -1  # read again since: the store keeps the newest bio only
    before = view_of(store, 5)
    assert (before.facts.handle, before.facts.claimed) == (None, None)
    assert before.facts.created_at == seconds(0)


def test_place_and_sample_of_a_later_look_are_unknown(store):
    a, b = row(view_of(store, 30), "a"), row(view_of(store, 30), "b")
    assert np.isnan(a["position"])
    assert a["sampled"] == -1
    assert b["position"] == 0  # never looked at again
    assert (row(view_of(store, 50), "a")["position"], row(view_of(store, 50), "a")["sampled"]) == (3, 1)


def test_posts_and_exchanges_of_later_days_are_left_out(store):
    view = view_of(store, 30, window_days=None)
    assert list(view.posts.post_id) == ["x:1", "x:2"]
    assert view.undated_posts == 0
    assert len(view.exchanges) == 1
    assert view_of(store, 50, window_days=None).undated_posts == 1
    assert len(view_of(store, 50, window_days=None).exchanges) == 3


def test_new_followers_are_those_of_the_last_import_before(store):
    assert view_of(store, 30).new is None
    assert view_of(store, 50).new == view_of(store, None).new == 3


def test_a_list_first_read_later_is_called_partial(store):
    view = view_of(store, 6)
    assert (view.lists["followers"].state, view.lists["followers"].reason) == ("partial", "read_later")
    assert "followers" not in view_of(store, 12).lists
    part = build_report(measure(view)).followers
    assert (part.partial, part.state) == (True, "partial")
    assert "first read after the report date" in part.explanation
    assert view_of(store, 1).lists["followers"].state == "unknown"


def test_an_account_created_later_cannot_follow(tmp_path):
    with Store(tmp_path, write=True) as store:
        rows = [account("a", 40, created_at=day(20)), account("b", 40, created_at=day(1))]
        ingest(store, {"accounts": rows, "follows": [follow("a", made=5), follow("b", made=5)]}, 40)
        assert list(view_of(store, 10).followers.account_id) == ["x:b"]


def test_a_later_wish_not_to_be_named_is_respected(tmp_path):
    with Store(tmp_path, write=True) as store:
        rows = {"follows": [follow("a", made=1, observed=5)], "interactions": [response("o", None, "mention", 3)]}
        ingest(store, rows | {"accounts": [account("a", 5, handle="anna"), account("o", 5, handle="otto")]}, 5)
        wish = [account("a", 9, opted_out=True), account("o", 9, opted_out=True), account("ego", 9, opted_out=True)]
        ingest(store, {"accounts": wish}, 9)
        view = view_of(store, 6)
        assert row(view, "a")["handle"] == "anna"
        assert (row(view, "a")["opted_out"], *view.other_opted_out, view.facts.opted_out) == (1, 1, True)


def test_an_import_without_times_counts_from_the_day_of_the_import(tmp_path):
    with Store(tmp_path, write=True) as store:
        ingest(store, {"accounts": [account("a", 5, handle="anna", bio="old")], "follows": [follow("a", made=1)]}, 5)
        ingest(store, {"accounts": [account("a", handle="annika", bio="new", status="deleted")]}, 20)
        earlier = row(view_of(store, 10), "a")
        assert (earlier["handle"], earlier["has_bio"], earlier["removed"]) == ("anna", -1, -1)
        assert row(view_of(store, 20), "a")["handle"] == "annika"


def test_notes_of_later_imports_are_left_out(tmp_path):
    with Store(tmp_path, write=True) as store:
        for number, text in ((5, "first"), (20, "second")):
            remarks = (Remark(EGO, "posts" if number == 5 else "responses", text),)
            ingest(store, {"follows": [follow("a", made=1)]}, number, remarks=remarks, account_id=EGO)
        assert view_of(store, 10).remarks == (("posts", "first"),)
        assert len(view_of(store, 30).remarks) == 2
        # all available data of day 3 was read later, and the notes say how
        assert len(view_of(store, 3).remarks) == 2


def test_follows_between_followers_need_a_look_before(tmp_path):
    names = [f"f{n}" for n in range(4)]
    with Store(tmp_path, write=True) as store:
        everyone = [follow(name, made=1, observed=5) for name in names]
        first = [follow("f0", "f1", made=2, observed=5), follow("f1", "f0", made=12, observed=20)]
        among = [f"x:{name}" for name in names]
        ingest(store, {"follows": [*everyone, first[0]]}, 5, between=among[:2], account_id=EGO, complete=False)
        ingest(store, {"follows": [*everyone, *first]}, 20, between=among, account_id=EGO, complete=False)
        assert view_of(store, 4).between is None
        earlier, later = view_of(store, 11).between, view_of(store, 20).between
        assert (len(earlier.person), len(earlier.source)) == (2, 1)
        assert (len(later.person), len(later.source)) == (4, 2)


def test_followers_alone_are_read_as_of_the_day_too(store):
    followers, end = read_followers(store.connection, EGO, as_of=at(30))
    assert end == seconds(30)
    assert list(followers.account_id) == list(view_of(store, 30).followers.account_id)
    assert row(view_of(store, 30), "a")["handle"] == followers.handle[list(followers.account_id).index("x:a")]


# -- over random worlds --------------------------------------------------------------------------------------------

TEXTS = ("buy", "hello", "what do you think?", "again", None)
PEOPLE = [f"p{n}" for n in range(9)]
OBSERVED = ("handle", "display_name", "bio", "website", "followers_count", "following_count", "posts_count",
            "last_post_at", "default_avatar", "protected", "verified", "declared_bot", "status")  # fmt: skip
"""Columns of an account that a later look may change."""
HELD = {"handle", "followers_count", "following_count", "posts_count", "removed"}
"""Columns of a follower of which the store keeps earlier values."""
OF_ACCOUNT = {"display_name", "last_post_at", "last_seen", "has_bio", "has_website", "default_avatar", "protected",
              "verified", "declared_bot", "bio_asks_follow_back", "bio_says_automated"}  # fmt: skip
OF_FOLLOW = {"position", "sampled", "followed_after", "followed_before"}


def some(rng, value, *, share=0.7):
    return value if rng.random() < share else None


def observation(rng, now):
    """What one look at an account shows."""
    return {
        "handle": some(rng, f"h{rng.integers(99)}"),
        "display_name": some(rng, f"n{rng.integers(99)}"),
        "bio": some(rng, str(rng.choice(["", "follow back", "automated", "trains"]))),
        "website": some(rng, str(rng.choice(["", "a.example"]))),
        "followers_count": some(rng, int(rng.integers(5000))),
        "following_count": some(rng, int(rng.integers(5000))),
        "posts_count": some(rng, int(rng.integers(500))),
        "last_post_at": some(rng, day(rng.integers(now) + 0.5)),
        "default_avatar": some(rng, bool(rng.integers(2))),
        "protected": some(rng, bool(rng.integers(2))),
        "verified": some(rng, bool(rng.integers(2))),
        "declared_bot": some(rng, bool(rng.integers(2))),
        "status": some(rng, str(rng.choice(["active", "deleted", "suspended"]))),
    }


class World:
    """What happened, and the imports that saw parts of it: (day, tables, accounts of which all follows were read)."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.looks = sorted(rng.choice(np.arange(10, 90), 3, replace=False).tolist())
        everyone = ["ego", *PEOPLE]
        created = {name: float(rng.integers(0, 60)) for name in everyone} | {"ego": 0.0}
        self.timed = {name: rng.random() < 0.7 for name in everyone}
        pairs = [(a, "ego") for a in PEOPLE if rng.random() < 0.8] + [("ego", b) for b in PEOPLE if rng.random() < 0.4]
        pairs += [(a, b) for a in PEOPLE for b in PEOPLE if a != b and rng.random() < 0.15]
        follows = []
        for a, b in pairs:
            made = max(created[a], created[b]) + float(rng.integers(0, 30)) + 0.25
            follows.append((a, b, made, some(rng, made + float(rng.integers(5, 60)) + 0.5, share=0.3)))
        posts = [
            (f"{name}{n}", name, created[name] + float(rng.integers(0, 80)) + rng.random(), str(rng.choice(TEXTS[:4])))
            for name in everyone
            for n in range(rng.integers(0, 9))
        ]
        own = [(name, made) for name, author, made, _ in posts if author == "ego"] or [("none", 1.0)]
        acts = []
        for _ in range(40):
            name, made = own[rng.integers(len(own))]
            kind, actor = str(rng.choice(["reply", "like", "repost", "mention"])), str(rng.choice(PEOPLE))
            if kind in ("reply", "mention") or (actor, kind, name) not in {(a, k, p) for a, _, k, p, _ in acts}:
                acts.append((actor, "ego", kind, name, max(made, created[actor]) + rng.random() * 20))
            acts.append(("ego", actor, "mention", None, created[actor] + rng.random() * 60))
        untimed = {place for place in range(len(acts)) if rng.random() < 0.2 and acts[place][2] in ("like", "repost")}
        self.imports = []
        for now in self.looks:
            seen_at = some(rng, now, share=0.8)
            standing = [f for f in follows if f[2] <= now and (f[3] is None or f[3] > now)]
            tables = {
                "accounts": [
                    account(name, seen_at, created_at=day(created[name]), opted_out=some(rng, True, share=0.1),
                            **observation(rng, now))
                    for name in everyone if created[name] <= now and rng.random() < 0.6
                ],
                "follows": [
                    follow(a, b, made if self.timed[a] else None, seen_at, position=some(rng, int(rng.integers(50))),
                           sampled=some(rng, bool(rng.integers(2))))
                    for a, b, made, _ in standing
                ],
                "posts": [
                    post(name, author, made, seen_at, text=text, kind="post")
                    for name, author, made, text in posts if made <= now and rng.random() < 0.8
                ],
                "interactions": [
                    response(a, name, kind, None if place in untimed else made, b)
                    for place, (a, b, kind, name, made) in enumerate(acts) if made <= now and rng.random() < 0.8
                ],
            }  # fmt: skip
            self.imports.append((now, tables, [f"x:{name}" for name in everyone if rng.random() < 0.3]))
        self.rng = rng

    def cut(self):
        return float(self.rng.uniform(5, 95))

    def write(self, folder, imports):
        store = Store(folder, write=True)
        for now, tables, following in imports:
            ingest(store, tables, now, following=following, complete=following is not None and True)
        return store


def dated(tables, cut):
    """Of a later import only what has a time of its own, not after the cut: nothing of it was observed by then."""

    def before(row, name):
        return row[name] is not None and row[name] <= day(cut)

    immutable = ("account_id", "platform", "opted_out")
    return {
        "accounts": [
            {name: row[name] for name in immutable} | {"created_at": row["created_at"]}
            for row in tables["accounts"] if before(row, "created_at")
        ],
        "follows": [
            {name: row[name] for name in ("follower_id", "followee_id", "followed_at")}
            for row in tables["follows"] if before(row, "followed_at")
        ],
        "posts": [row | {"observed_at": None} for row in tables["posts"] if before(row, "created_at")],
        "interactions": [row for row in tables["interactions"] if before(row, "created_at")],
    }  # fmt: skip


def by_follower(view):
    if view.followers is None:
        return {}
    columns = {field.name: getattr(view.followers, field.name) for field in fields(view.followers)}
    return {
        name: {column: values[place] for column, values in columns.items()}
        for place, name in enumerate(view.followers.account_id)
    }


def names_of(view):
    return [*(view.followers.account_id if view.followers is not None else []), *view.other_id]


def events(view):
    """Responses and exchanges by name, as sorted rows of text (NaN compares equal so)."""
    names = names_of(view)
    r, e = view.responses, view.exchanges
    return (
        sorted(repr((names[p], view.posts.post_id[q], int(k), float(d))) for p, q, k, d in
               zip(r.person, r.post, r.kind, r.delay, strict=True)),
        sorted(repr((names[p], bool(o), float(t))) for p, o, t in zip(e.person, e.outgoing, e.at, strict=True)),
    )  # fmt: skip


def same(a, b):
    return a == b or (a != a and b != b)


def is_unknown(value):
    return value is None or value != value or value == -1


@pytest.mark.sampled(1)
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 6))])
def test_the_past_is_that_of_a_store_without_the_future(tmp_path, seed):
    world = World(seed)
    full = world.write(tmp_path / "full", world.imports)
    for number in range(3):
        cut = world.cut()
        earlier = [one for one in world.imports if one[0] <= cut]
        later = [(cut, dated(one[1], cut), None) for one in world.imports if one[0] > cut]
        reduced = Store(tmp_path / f"reduced{number}", write=True)
        for now, tables, following in [*earlier, *later]:
            ingest(reduced, tables, now, following=following or (), complete=following is not None)
        later_tables = [tables for now, tables, _ in world.imports if now > cut]
        observed_again = {row["account_id"] for tables in later_tables for row in tables["accounts"]}
        listed_again = {row["follower_id"] for tables in later_tables for row in tables["follows"]}
        views = [view_of(store, cut, window_days=None) for store in (full, reduced)]
        compare(*views, observed_again, listed_again)
        reduced.close()
        # what rests on whole imports is compared with a store that had no later import
        strict = world.write(tmp_path / f"strict{number}", earlier)
        if earlier:
            assert view_of(full, cut).new == view_of(strict, cut).new
            assert view_of(full, cut).remarks == view_of(strict, cut).remarks
        strict.close()
    full.close()


def compare(seen, expected, observed_again, listed_again):
    got, wanted = by_follower(seen), by_follower(expected)
    assert got.keys() == wanted.keys()
    for name, row in wanted.items():
        for column, value in row.items():
            one = got[name][column]
            if column in OF_ACCOUNT and name in observed_again and not same(one, value):
                assert is_unknown(one) or (column == "last_seen" and one <= value), (name, column, one, value)
            elif column in OF_FOLLOW and name in listed_again and not same(one, value):
                assert is_unknown(one), (name, column, one, value)
            else:
                assert same(one, value), (name, column, one, value)
    assert list(seen.posts.post_id) == list(expected.posts.post_id)
    assert list(seen.posts.created_at) == list(expected.posts.created_at)
    assert list(seen.posts.text) == list(expected.posts.text)
    assert (seen.posts_inferred, seen.posts_before) == (expected.posts_inferred, expected.posts_before)
    assert events(seen) == events(expected)
    others = [
        dict(zip(view.other_id, zip(view.other_handle, view.other_opted_out, strict=True), strict=True))
        for view in (seen, expected)
    ]
    assert others[0] == others[1]
    assert (seen.facts.handle, seen.facts.claimed, seen.facts.created_at, seen.facts.opted_out) == (
        expected.facts.handle, expected.facts.claimed, expected.facts.created_at, expected.facts.opted_out
    )  # fmt: skip
    assert is_unknown(seen.facts.display_name) or seen.facts.display_name == expected.facts.display_name


def bytes_of(view: AccountView):
    """Every column as bytes."""
    parts = []
    for name in ("facts", "posts_inferred", "posts_before", "undated_posts", "new", "lists", "remarks"):
        parts.append(repr(getattr(view, name)))
    for table in (view.posts, view.responses, view.exchanges, view.followers, view.between):
        if table is None:
            parts.append("None")
            continue
        rows = [getattr(table, field.name) for field in fields(table)]
        parts += [repr(values.tolist()) if isinstance(values, np.ndarray) else repr(values) for values in rows]
    return "\n".join([*parts, *map(repr, (view.other_id, view.other_handle, view.other_opted_out))]).encode()


def other_future(tables, cut, rng, now):
    """The same rows observed after the cut, with other values, and other events after it."""
    changed = {"accounts": [row | observation(rng, now) for row in tables["accounts"]]}
    changed["follows"] = [
        row | {"position": int(rng.integers(99)), "sampled": bool(rng.integers(2))} for row in tables["follows"]
    ]
    changed["follows"] += [follow(f"n{n}", made=cut + 0.1, observed=now) for n in range(3)]
    changed["follows"] += [follow("ego", f"n{n}", made=cut + 0.1, observed=now) for n in range(3)]
    for name in ("posts", "interactions"):
        changed[name] = [
            row for row in tables[name]
            if (row["created_at"] is not None and row["created_at"] <= day(cut)) or rng.random() < 0.5
        ]  # fmt: skip
    late = [post(f"late{n}", PEOPLE[n], cut + 0.2, now, text="buy") for n in range(6)]
    changed["posts"] += [*late, post("late", "ego", cut + 0.1, now, text="late?"), post("undated", "ego", None, now)]
    changed["interactions"] += [response(PEOPLE[n], "late", "reply", cut + 0.3) for n in range(6)]
    changed["interactions"] += [response(PEOPLE[n], "ego0", "like") for n in range(6)]
    return changed


@pytest.mark.sampled(2)
@pytest.mark.parametrize("seed", range(6))
def test_another_future_leaves_every_column_as_it_was(tmp_path, seed):
    world = World(1_000 + seed)
    for number in range(2):
        cut = world.cut()
        changed = [
            (now, tables if now <= cut else other_future(tables, cut, world.rng, now), following)
            for now, tables, following in world.imports
        ]
        views = []
        for name, imports in (("one", world.imports), ("other", changed)):
            with world.write(tmp_path / f"{name}{number}", imports) as store:
                views.append(view_of(store, cut))
        untimed = replace_shuffled(views)
        assert bytes_of(untimed[0]) == bytes_of(untimed[1])


def replace_shuffled(views):
    """Responses and exchanges come in no order; they are sorted, so that all the rest is the maximum byte for byte."""
    return [
        replace(view, **{
            name: type(table)(*(getattr(table, field.name)[order] for field in fields(table)))
            for name in ("responses", "exchanges")
            for table in [getattr(view, name)]
            for order in [np.lexsort([getattr(table, field.name) for field in fields(table)])]
        })
        for view in views
    ]  # fmt: skip


def test_a_cut_before_everything_knows_nothing(store):
    view = view_of(store, 0.5)
    assert view.followers is None
    assert (len(view.posts), len(view.responses), len(view.exchanges)) == (0, 0, 0)
    report = build_report(measure(view))
    assert report.audience.headcount is None
    assert report.followers.partial


def test_a_cut_of_an_unknown_account_is_as_unknown_as_today(tmp_path):
    with Store(tmp_path, write=True) as store, pytest.raises(NotEnoughData):
        view_of(store, None)
