"""`headcount add` and `headcount report` against the real servers give exactly what was seeded in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import pytest
from tests.bluesky_network.fixtures import Bluesky
from tests.bluesky_network.truth import Kind, Post, World

import headcount as hc
from headcount.sources.collect.landing import Landing

WINDOW_DAYS = 56
DAY = 86_400_000_000
UNDATED_KEYS = {"no time in key", "key in the future"}


@pytest.fixture(scope="module")
def servers(bluesky: Bluesky) -> dict[str, str]:
    return {
        "HEADCOUNT_BLUESKY_APPVIEW": bluesky.network.appview,
        "HEADCOUNT_BLUESKY_DIRECTORY": bluesky.network.plc,
    }


@pytest.fixture(scope="module")
def run(servers: dict[str, str], tmp_path_factory: pytest.TempPathFactory):
    """The command line as a user runs it."""
    settings = tmp_path_factory.mktemp("settings")

    def command(*arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "headcount", *arguments],
            env={**os.environ, **servers, "HEADCOUNT_SETTINGS": str(settings)},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == expect, done.stderr
        return done

    return command


@pytest.fixture(scope="module")
def collected(bluesky: Bluesky, run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The main account, collected."""
    folder = tmp_path_factory.mktemp("main")
    main = bluesky.world.accounts[bluesky.world.main].handle
    done = run("add", f"bluesky:{main}", "--workspace", str(folder), "--yes")
    assert "requests in" in done.stderr
    return folder


def rows(folder: Path, sql: str, *values: object) -> list[tuple]:
    with duckdb.connect(str(folder / "headcount.duckdb"), read_only=True) as con:
        return con.execute(sql, list(values)).fetchall()


def account(did: str) -> str:
    return f"bluesky:{did}"


def test_followers_and_the_times_of_their_follows(bluesky: Bluesky, collected: Path) -> None:
    world = bluesky.world
    got = dict(
        rows(
            collected,
            "SELECT follower_id, epoch_us(followed_at) FROM follows WHERE followee_id = ? AND gone_at IS NULL",
            account(world.main),
        )
    )
    assert got.keys() == {account(did) for did in world.followers(world.main)}
    odd = {did: what for did, what in world.odd_follows.items() if account(did) in got}
    assert set(odd.values()) >= UNDATED_KEYS
    for did, follow in world.followers(world.main).items():
        expected = None if odd.get(did) in UNDATED_KEYS else follow.time
        assert got[account(did)] == expected, odd.get(did)


def test_positions_are_those_of_the_platform(bluesky: Bluesky, collected: Path) -> None:
    positions = rows(
        collected, "SELECT position FROM follows WHERE followee_id = ? ORDER BY 1", account(bluesky.world.main)
    )
    assert [place for (place,) in positions] == list(range(len(bluesky.world.followers(bluesky.world.main))))


def test_accounts_followed_with_their_times(bluesky: Bluesky, collected: Path) -> None:
    """All follow records that stand, listed or not: the account's own repository holds them."""
    world = bluesky.world
    got = rows(
        collected, "SELECT followee_id, epoch_us(followed_at) FROM follows WHERE follower_id = ?", account(world.main)
    )
    assert dict(got) == {account(f.target): f.time for f in world.follows if f.source == world.main}


def test_profiles(bluesky: Bluesky, collected: Path) -> None:
    world = bluesky.world
    got = {
        row[0]: row[1:]
        for row in rows(
            collected,
            "SELECT account_id, handle, display_name, opted_out, status, followers_count, posts_count FROM accounts",
        )
    }
    assert any(world.accounts[did].asks_to_be_hidden for did in world.followers(world.main))
    for did in world.followers(world.main):
        person = world.accounts[did]
        handle = None if person.handle == "handle.invalid" else person.handle
        expected_posts = len(world.posts_of(did))
        assert got[account(did)] == (
            handle,
            person.name,
            person.asks_to_be_hidden,
            "active",
            world.claimed_followers(did),
            expected_posts,
        )


def _told(time: int) -> int:
    """A time as records tell it: in milliseconds."""
    return time // 1000 * 1000


def _shown(world: World, post: Post) -> Counter:
    """The answers to this very post by others, with their times; a repost's time is not told."""
    return Counter(
        (account(r.actor), str(r.kind), None if r.kind is Kind.REPOST else _told(r.time))
        for r in world.responses(post.uri)
        if r.direct and r.actor != world.main
    )


def test_responders_of_every_post_with_their_times(bluesky: Bluesky, collected: Path) -> None:
    world = bluesky.world
    got: defaultdict[str, Counter] = defaultdict(Counter)
    for post_id, actor, kind, time in rows(
        collected,
        """SELECT post_id, actor_id, kind, epoch_us(created_at) FROM interactions
        WHERE target_id = ? AND kind <> 'mention'""",
        account(world.main),
    ):
        got[post_id.removeprefix("bluesky:")][actor, kind, None if kind == "repost" else time] += 1
    own = [post for post in world.posts_of(world.main) if post.parent is None]
    assert len(own) > 40
    for post in own:
        assert got[post.uri] == _shown(world, post), post.text
    assert sum(sum(got[post.uri].values()) for post in own) > 2_000
    # answers to what the account wrote to others; likes of that are not asked for
    for post in world.posts_of(world.main):
        if post.parent is not None:
            wanted = Counter({key: n for key, n in _shown(world, post).items() if key[1] == "reply"})
            assert {key: n for key, n in got[post.uri].items() if key[1] == "reply"} == wanted


def test_what_the_account_did_itself(bluesky: Bluesky, collected: Path) -> None:
    world = bluesky.world
    got = Counter(
        (kind, post_id.removeprefix("bluesky:"), time)
        for kind, post_id, time in rows(
            collected,
            "SELECT kind, post_id, epoch_us(created_at) FROM interactions WHERE actor_id = ? AND kind <> 'mention'",
            account(world.main),
        )
    )
    main = f"at://{world.main}/"
    expected = Counter(
        (str(r.kind), r.post, _told(r.time)) for r in world.outgoing(world.main) if not r.post.startswith(main)
    )
    assert got == expected
    posts = rows(collected, "SELECT post_id FROM posts WHERE author_id = ? AND kind <> 'repost'", account(world.main))
    assert {post_id.removeprefix("bluesky:") for (post_id,) in posts} == {p.uri for p in world.posts_of(world.main)}


def test_two_way_follows(bluesky: Bluesky, collected: Path) -> None:
    world = bluesky.world
    mutual = rows(
        collected,
        """SELECT a.follower_id FROM follows AS a JOIN follows AS b
        ON a.follower_id = b.followee_id AND b.follower_id = a.followee_id WHERE a.followee_id = ?""",
        account(world.main),
    )
    assert {did for (did,) in mutual} == {account(did) for did in world.two_way_ties(world.main)}


def _words(world: World) -> tuple[set[str], set[str]]:
    """Whom the main account wrote to, and who wrote to it, as far as it is shown and in the last year."""
    recent = world.now - 365 * DAY
    sent: set[str] = set()
    heard: set[str] = set()
    for post in world.posts.values():
        if post.time <= recent:
            continue
        named = {uri.removeprefix("at://").partition("/")[0] for uri in (post.parent, post.quoted) if uri}
        named |= set(post.mentioned)
        if post.author == world.main:
            sent |= named - {world.main}
    for post in world.posts_of(world.main):
        heard |= {r.actor for r in world.responses(post.uri) if r.direct and r.kind in (Kind.REPLY, Kind.QUOTE)}
    return sent, heard - {world.main}


def test_the_report_says_what_was_seeded(bluesky: Bluesky, collected: Path, run) -> None:
    world = bluesky.world
    main = world.accounts[world.main].handle
    report = json.loads(run("report", main, "--workspace", str(collected), "--json").stdout)
    listed, claimed = len(world.followers(world.main)), world.claimed_followers(world.main)
    assert report["followers"]["listed"] == listed
    assert report["followers"]["claimed"] == claimed > listed
    assert "includes followers missing from its list" in report["followers"]["explanation"]
    # the list was read completely; who is missing from it is deleted, deactivated, suspended or blocking
    assert (report["followers"]["state"], report["followers"]["partial"]) == ("complete", False)
    lists = {part["list"]: part for part in report["lists"]}
    assert {part["state"] for part in lists.values()} == {"complete"}
    assert lists["followers"]["listed"] == listed
    assert lists["posts"]["listed"] == lists["posts"]["claimed"]
    for name in ("replies", "likes", "reposts", "quotes"):
        assert 0 < lists[name]["listed"] < lists[name]["claimed"], "some responders have left"

    start = world.now - WINDOW_DAYS * DAY
    occasions = [p for p in world.posts_of(world.main) if p.parent is None and p.time > start + DAY // 24]
    assert report["account"]["posts_in_window"] == len(occasions)
    roots = {post.uri for post in occasions}
    followers = set(world.followers(world.main))
    answered: set[str] = set()
    for post in world.posts_of(world.main):
        # what the account adds to a thread of its own counts for the post that opened it
        if post.uri in roots or post.root in roots:
            likes_asked = post.parent is None or (post.root or "").startswith(f"at://{world.main}/")
            answered |= {r.actor for r in world.responses(post.uri) if r.direct and likes_asked} & followers
    assert report["audience"]["observed"] == len(answered)

    sent, heard = _words(world)
    mentioned = {post.author for post in world.mentions(world.main)}
    ties = report["ties"]
    # who only mentioned the account is seen where the posts of a follower are
    assert len(sent & heard & followers) <= ties["count"] <= len(sent & (heard | mentioned) & followers)
    assert ties["count"] > 20


def test_who_asks_not_to_be_shown_is_not_named(bluesky: Bluesky, collected: Path, run) -> None:
    world = bluesky.world
    main = world.accounts[world.main].handle
    text = run("followers", main, "--workspace", str(collected), "--json").stdout
    hidden = [world.accounts[did] for did in world.followers(world.main) if world.accounts[did].asks_to_be_hidden]
    assert len(hidden) > 20
    assert not any(person.did in text or person.handle in text for person in hidden)
    assert len(json.loads(text)["followers"]) == len(world.followers(world.main)), "counted all the same"


def test_collecting_again_changes_nothing(bluesky: Bluesky, collected: Path, run) -> None:
    world = bluesky.world
    tables = ("follows", "posts", "interactions")
    before = {table: rows(collected, f"SELECT count(*) FROM {table}") for table in tables}
    again = json.loads(run("sync", "--workspace", str(collected), "--yes", "--json").stdout)
    assert again[0]["gone"] == again[0]["returned"] == 0
    assert {table: rows(collected, f"SELECT count(*) FROM {table}") for table in tables} == before
    assert len(hc.open(collected).snapshots()) == 2
    assert world.main


def test_a_sample_looks_closer_at_so_many_and_lists_all(bluesky: Bluesky, run, tmp_path: Path) -> None:
    world = bluesky.world
    main = world.accounts[world.main].handle
    run("add", f"bluesky:{main}", "--workspace", str(tmp_path), "--sample", "60", "--yes")
    counted = dict(
        rows(tmp_path, "SELECT sampled, count(*) FROM follows WHERE followee_id = ? GROUP BY 1", account(world.main))
    )
    assert counted == {True: 60, False: len(world.followers(world.main)) - 60}
    landing = next((tmp_path / "landing").rglob("*.landing"))
    with Landing(landing) as kept:
        assert kept.count("latest") == 60
    full = json.loads(run("report", main, "--workspace", str(tmp_path), "--json").stdout)
    sample = full["funnel"]["sample"]
    assert (sample["drawn"], sample["of"]) == (60, len(world.followers(world.main)))
    silent = sum(sample[name]["followers"] for name in ("listening", "away", "auto_follow", "spam", "unknown"))
    assert silent == pytest.approx(sample["silent"])


DRAWN = 50


def test_who_of_drawn_followers_follow_each_other(bluesky: Bluesky, run, tmp_path: Path) -> None:
    """Every pair was asked about, and the answers are the follows that were seeded, with their times."""
    world = bluesky.world
    main = world.accounts[world.main].handle
    asked = ("--follows-among", str(DRAWN), "--sample", "20", "--yes")
    told = run("add", f"bluesky:{main}", "--workspace", str(tmp_path), *asked)
    assert "follows among followers" in told.stderr
    looks = rows(tmp_path, "SELECT account_id FROM list_looks WHERE side = 'between'")
    drawn = {did.removeprefix("bluesky:") for (did,) in looks}
    assert len(drawn) == len(looks) == DRAWN
    assert drawn <= world.followers(world.main).keys()
    got = rows(tmp_path, "SELECT follower_id, followee_id, epoch_us(followed_at) FROM follows WHERE gone_at IS NULL")
    between = {(account(f.source), account(f.target)): f.time for f in world.follows if {f.source, f.target} <= drawn}
    assert len(between) > 15
    shown = {(one, other): time for one, other, time in got if {one, other} <= {account(did) for did in drawn}}
    assert shown == between
    text = run("report", main, "--workspace", str(tmp_path), "--json").stdout
    rings = json.loads(text)["rings"]
    assert (rings["looked_at"], rings["of"], rings["drawn"]) == (DRAWN, len(world.followers(world.main)), True)
    landing = next((tmp_path / "landing").rglob("*.landing"))
    with Landing(landing) as kept:
        assert kept.count("between") == sum(-(-others // 30) for others in range(DRAWN))
    again = run("add", f"bluesky:{main}", "--workspace", str(tmp_path), *asked)
    assert again.returncode == 0
    looks = rows(tmp_path, "SELECT count(*), count(DISTINCT began) FROM list_looks WHERE side = 'between'")
    assert looks == [(2 * DRAWN, 2)]


def test_a_limit_takes_the_newest_and_calls_the_list_partial(bluesky: Bluesky, run, tmp_path: Path) -> None:
    world = bluesky.world
    main = world.accounts[world.main].handle
    run("add", f"bluesky:{main}", "--workspace", str(tmp_path), "--limit", "150", "--yes")
    got = rows(tmp_path, "SELECT position FROM follows WHERE followee_id = ? ORDER BY 1", account(world.main))
    assert [place for (place,) in got] == list(range(150))
    report = json.loads(run("report", main, "--workspace", str(tmp_path), "--json").stdout)
    found = report["followers"]
    assert (found["partial"], found["state"], found["reason"], found["listed"]) == (True, "partial", "limit", 150)
    assert "only the newest were requested (--limit)" in found["explanation"]


@pytest.mark.parametrize("who", ["quiet", "lonely"])
def test_small_accounts(bluesky: Bluesky, run, tmp_path: Path, who: str) -> None:
    world = bluesky.world
    did = getattr(world, who)
    handle = world.accounts[did].handle
    run("add", f"bluesky:{handle}", "--workspace", str(tmp_path))
    got = rows(tmp_path, "SELECT follower_id FROM follows WHERE followee_id = ?", account(did))
    assert {follower for (follower,) in got} == {account(follower) for follower in world.followers(did)}
    if who == "quiet":
        report = json.loads(run("report", handle, "--workspace", str(tmp_path), "--json").stdout)
        assert report["followers"]["listed"] == len(world.followers(did))


def test_who_is_not_there_is_said(run, bluesky: Bluesky, tmp_path: Path) -> None:
    done = run("add", "bluesky:nobody.test", "--workspace", str(tmp_path), expect=2)
    assert done.stderr.strip().count("\n") <= 1
    assert "Bluesky has no account 'nobody.test'" in done.stderr
    assert list(tmp_path.rglob("*.landing")) == []
