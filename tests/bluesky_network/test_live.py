"""Following live, with all that can break, gives what a fresh collection of the real servers gives."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.bluesky_network.fixtures import Bluesky
from tests.bluesky_network.jetstream import Faults, MiniJetstream, running_jetstream
from tests.bluesky_network.xrpc import bearer, close_connections, procedure

import headcount as hc
from headcount.sources.bluesky.live import KEEP_EVERY

FOLLOW, POST, LIKE, REPOST = (
    "app.bsky.graph.follow",
    "app.bsky.feed.post",
    "app.bsky.feed.like",
    "app.bsky.feed.repost",
)
Reference = dict[str, str]


class Person:
    """An account on the real PDS that does things, through the PDS's own interface."""

    def __init__(self, pds: str, name: str) -> None:
        self.pds, self.handle = pds, f"{name}-{uuid.uuid4().hex[:8]}.test"
        body = {"handle": self.handle, "email": f"{self.handle}@example.com", "password": "of a test"}
        made = procedure(pds, "com.atproto.server.createAccount", body)
        self.did, self.token = made["did"], made["accessJwt"]

    def write(self, collection: str, **value: Any) -> Reference:
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        record = {"$type": collection, "createdAt": now, **value}
        body = {"repo": self.did, "collection": collection, "record": record}
        made = procedure(self.pds, "com.atproto.repo.createRecord", body, authorization=bearer(self.token))
        return {"uri": made["uri"], "cid": made["cid"]}

    def undo(self, reference: Reference) -> None:
        _, collection, key = reference["uri"].removeprefix("at://").split("/")
        body = {"repo": self.did, "collection": collection, "rkey": key}
        procedure(self.pds, "com.atproto.repo.deleteRecord", body, authorization=bearer(self.token))

    def follow(self, other: Person) -> Reference:
        return self.write(FOLLOW, subject=other.did)

    def like(self, post: Reference) -> Reference:
        return self.write(LIKE, subject=post)

    def repost(self, post: Reference) -> Reference:
        return self.write(REPOST, subject=post)

    def answer(self, post: Reference, text: str) -> Reference:
        return self.write(POST, text=text, reply={"root": post, "parent": post})

    def quote(self, post: Reference, text: str) -> Reference:
        return self.write(POST, text=text, embed={"$type": "app.bsky.embed.record", "record": post})

    def mention(self, other: Person) -> Reference:
        feature = {"$type": "app.bsky.richtext.facet#mention", "did": other.did}
        facet = {"index": {"byteStart": 0, "byteEnd": len(other.handle) + 1}, "features": [feature]}
        return self.write(POST, text=f"@{other.handle}", facets=[facet])


@pytest.fixture
def jetstream(bluesky: Bluesky) -> Iterator[MiniJetstream]:
    with running_jetstream(bluesky.network.pds) as running:
        yield running


Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(bluesky: Bluesky, jetstream: MiniJetstream, tmp_path: Path) -> Iterator[Start]:
    """Starts the command line as a user does; whatever still runs at the end is killed."""
    network = bluesky.network
    servers = {
        "HEADCOUNT_BLUESKY_APPVIEW": network.appview,
        "HEADCOUNT_BLUESKY_DIRECTORY": network.plc,
        "HEADCOUNT_BLUESKY_JETSTREAM": jetstream.url,
        "HEADCOUNT_SETTINGS": str(tmp_path / "settings"),
    }
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> subprocess.Popen[str]:
        with (tmp_path / f"said-{len(running)}").open("w") as said:
            done = subprocess.Popen(
                [sys.executable, "-m", "headcount", "add", *arguments],
                env={**os.environ, **servers},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                text=True,
            )
        running.append(done)
        return done

    yield run
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()


def wait_for(jetstream: MiniJetstream, connections: int) -> None:
    end = time.monotonic() + 30
    while len(jetstream.asked) < connections and time.monotonic() < end:
        time.sleep(0.05)
    assert len(jetstream.asked) >= connections


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


def query(folder: Path, sql: str, *values: object) -> list[tuple]:
    with duckdb.connect(str(folder / "headcount.duckdb"), read_only=True) as con:
        return con.execute(sql, list(values)).fetchall()


def account(person: Person) -> str:
    return f"bluesky:{person.did}"


def followers(folder: Path, me: Person) -> set[tuple]:
    sql = "SELECT follower_id, followed_at FROM follows WHERE followee_id = ? AND gone_at IS NULL"
    return set(query(folder, sql, account(me)))


def followed(folder: Path, me: Person) -> set[tuple]:
    sql = "SELECT followee_id, followed_at FROM follows WHERE follower_id = ? AND gone_at IS NULL"
    return set(query(folder, sql, account(me)))


def interactions(folder: Path, me: Person) -> set[tuple]:
    """All that concerns the account; the AppView does not tell when a repost was made."""
    sql = """SELECT actor_id, target_id, kind, post_id, CASE WHEN kind <> 'repost' OR actor_id = $me THEN created_at END
    FROM interactions WHERE target_id = $me OR actor_id = $me"""
    with duckdb.connect(str(folder / "headcount.duckdb"), read_only=True) as con:
        return set(con.execute(sql, {"me": account(me)}).fetchall())


def posts(folder: Path) -> dict[str, tuple]:
    sql = """SELECT post_id, author_id, created_at, text, kind, reply_to_post_id, reply_to_account_id, root_post_id
    FROM posts WHERE kind <> 'repost'"""
    return {row[0]: row[1:] for row in query(folder, sql)}


def assert_nothing_is_doubled(folder: Path) -> None:
    for table, key in (
        ("accounts", "account_id"),
        ("follows", "follower_id, followee_id, followed_at"),
        ("posts", "post_id"),
        ("interactions", "actor_id, target_id, kind, post_id, created_at"),
    ):
        doubled = query(folder, f"SELECT {key}, count(*) FROM {table} GROUP BY ALL HAVING count(*) > 1")
        assert doubled == [], table


class Scene:
    """An account, others, and what they do in three rounds; `unliked` is a like that was taken back."""

    def __init__(self, bluesky: Bluesky) -> None:
        self.settle = bluesky.network.settle
        self.me = Person(bluesky.network.pds, "live")
        self.others = [Person(bluesky.network.pds, f"other{number}") for number in range(9)]
        others, me = self.others, self.me
        self.first = {number: others[number].follow(me) for number in (0, 1, 2)}
        self.mine = me.follow(others[0])
        self.post = me.write(POST, text="Before anybody watched")
        others[1].like(self.post)
        self.settle()

    def one(self) -> None:
        """While it is followed: all kinds, some of them undone, among things that concern nobody."""
        others, me = self.others, self.me
        others[3].follow(me)
        others[0].undo(self.first[0])
        others[2].like(self.post)
        self.unliked = others[3].like(self.post)
        others[1].answer(self.post, "One 🧡")
        me.undo(self.mine)
        self.second = me.write(POST, text="While somebody watches")
        me.follow(others[5])
        for stranger in others[6:]:
            stranger.follow(others[0])
            stranger.write(POST, text=f"Nothing about {me.handle}")
        others[3].undo(self.unliked)
        self.settle()

    def more(self) -> None:
        """A little more."""
        self.others[1].like(self.second)
        self.others[1].repost(self.post)
        self.others[2].undo(self.first[2])
        self.first[2] = self.others[2].follow(self.me)
        self.settle()

    def two(self) -> None:
        """While has no followers."""
        others, me = self.others, self.me
        self.back = others[0].follow(me)
        others[4].follow(me)
        others[1].undo(self.first[1])
        others[2].repost(self.second)
        others[3].quote(self.second, "Look")
        others[2].mention(me)
        answer = others[4].answer(self.second, "Two")
        self.settle()
        me.write(POST, text="Thanks", reply={"root": self.second, "parent": answer})
        others[3].undo(others[3].follow(others[4]))
        self.settle()

    def three(self) -> None:
        """After it was stopped twice."""
        others, me = self.others, self.me
        others[0].undo(self.back)
        self.third = others[0].follow(me)
        others[5].follow(me)
        others[5].undo(others[5].follow(others[4]))
        others[2].like(self.second)
        me.write(POST, text="The last one")
        self.settle()


def test_following_live_gives_what_a_fresh_collection_gives(
    bluesky: Bluesky, jetstream: MiniJetstream, start: Start, tmp_path: Path
) -> None:
    scene = Scene(bluesky)
    me, live, fresh = f"bluesky:{scene.me.handle}", tmp_path / "live", tmp_path / "fresh"
    jetstream.faults = Faults(breaks=4, twice=0.3, swapped=0.2)
    watching = start(me, "--watch", "--workspace", str(live))
    wait_for(jetstream, 1)
    scene.one()
    jetstream.wait_until_served()
    time.sleep(KEEP_EVERY + 0.5)  # so some is written to the landing
    scene.more()
    jetstream.wait_until_served()
    watching.kill()  # kill -9, and some is not
    watching.wait()
    scene.two()
    watching = start(me, "--watch", "--workspace", str(live))
    connections = len(jetstream.asked)
    wait_for(jetstream, connections + 1)
    watching.kill()
    watching.wait()
    watching = start(me, "--watch", "--workspace", str(live))
    wait_for(jetstream, connections + 2)
    jetstream.faults.breaks = 1
    scene.three()
    jetstream.wait_until_served()
    stop(watching)
    assert jetstream.faults.breaks == 0
    assert jetstream.sent > len(jetstream.events)

    assert start(me, "--workspace", str(fresh)).wait(60) == 0
    assert followers(live, scene.me) == followers(fresh, scene.me)
    assert len(followers(fresh, scene.me)) == 5
    assert followed(live, scene.me) == followed(fresh, scene.me)
    gone = query(live, "SELECT follower_id, gone_at > followed_at FROM follows WHERE gone_at IS NOT NULL")
    assert {who for who, _ in gone} == {account(scene.others[1]), account(scene.me)}, "two more left and came back"
    assert all(after for _, after in gone)

    unliked = {row for row in interactions(live, scene.me) if row[3] == f"bluesky:{scene.post['uri']}"}
    assert interactions(live, scene.me) - interactions(fresh, scene.me) == {
        row for row in unliked if row[0] == account(scene.others[3])
    }
    assert interactions(fresh, scene.me) <= interactions(live, scene.me)
    assert len(interactions(fresh, scene.me)) >= 9
    seen, known = posts(live), posts(fresh)
    assert {uri: known.get(uri) for uri in seen} == seen
    own = {uri for uri, row in known.items() if row[0] == account(scene.me)}
    assert own <= seen.keys()
    assert len(own) == 4
    assert_nothing_is_doubled(live)
    strangers = {account(person) for person in scene.others[6:]}
    assert not strangers & {who for (who,) in query(live, "SELECT account_id FROM accounts")}
    handles = dict(query(live, "SELECT account_id, handle FROM accounts"))
    assert handles[account(scene.others[5])] == scene.others[5].handle, "who is new was looked up"
    assert hc.open(live).report(account(scene.me)).followers.listed == 5


@pytest.mark.long
def test_kills_at_any_moment_lose_and_double_nothing(
    bluesky: Bluesky, jetstream: MiniJetstream, start: Start, tmp_path: Path
) -> None:
    scene = Scene(bluesky)
    me, live, fresh = f"bluesky:{scene.me.handle}", tmp_path / "live", tmp_path / "fresh"
    chance = random.Random(11)
    done = threading.Event()

    def go_on() -> None:
        follows = dict(scene.first)
        while not done.wait(0.15):
            number = chance.randrange(len(scene.others))
            person = scene.others[number]
            if number in follows:
                person.undo(follows.pop(number))
            else:
                follows[number] = person.follow(scene.me)
            person.answer(scene.post, "Again")
        close_connections()

    assert start(me, "--workspace", str(live)).wait(60) == 0
    world = threading.Thread(target=go_on)
    world.start()
    for _ in range(10):
        watching = start(me, "--watch", "--workspace", str(live))
        time.sleep(chance.uniform(0.5, 5.0))
        watching.kill()
        watching.wait()
    done.set()
    world.join()
    scene.settle()
    connections = len(jetstream.asked)
    watching = start(me, "--watch", "--workspace", str(live))
    wait_for(jetstream, connections + 1)
    jetstream.wait_until_served()
    stop(watching)
    assert start(me, "--workspace", str(fresh)).wait(60) == 0
    assert followers(live, scene.me) == followers(fresh, scene.me)
    assert interactions(live, scene.me) == interactions(fresh, scene.me)
    assert len(interactions(fresh, scene.me)) > 100
    assert_nothing_is_doubled(live)


def test_it_goes_on_from_its_cursor(bluesky: Bluesky, jetstream: MiniJetstream, start: Start, tmp_path: Path) -> None:
    scene = Scene(bluesky)
    me = f"bluesky:{scene.me.handle}"
    watching = start(me, "--watch", "--workspace", str(tmp_path / "live"))
    wait_for(jetstream, 1)
    scene.one()
    jetstream.wait_until_served()
    stop(watching)
    newest = jetstream.events[-1][0]
    before = query(tmp_path / "live", "SELECT count(*) FROM follows")
    collected = list((tmp_path / "live" / "landing").rglob("*.landing"))
    watching = start(me, "--watch", "--workspace", str(tmp_path / "live"))
    wait_for(jetstream, 2)
    stop(watching)
    first, second = jetstream.asked
    assert first is not None
    assert second is not None
    assert newest - 6_000_000 <= second <= newest, "five seconds before the last event"
    assert query(tmp_path / "live", "SELECT count(*) FROM follows") == before
    assert list((tmp_path / "live" / "landing").rglob("*.landing")) == collected, "nothing was collected again"


def test_only_one_follows_at_a_time(bluesky: Bluesky, jetstream: MiniJetstream, start: Start, tmp_path: Path) -> None:
    scene = Scene(bluesky)
    me = f"bluesky:{scene.me.handle}"
    watching = start(me, "--watch", "--workspace", str(tmp_path / "live"))
    wait_for(jetstream, 1)
    assert start(me, "--watch", "--workspace", str(tmp_path / "live")).wait(30) == 1
    assert "Another process" in (tmp_path / "said-1").read_text()
    stop(watching)
    assert "Stopped. Run the same command again to resume." in (tmp_path / "said-0").read_text()
