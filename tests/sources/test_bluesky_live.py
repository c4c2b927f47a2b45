"""Following live: what is kept of the stream, how breaks are borne, and what becomes of it in the tables."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

import headcount as hc
from headcount.errors import PlatformUnavailable, StoreBusy, UsageError
from headcount.sources.bluesky import live as bluesky_live
from headcount.sources.bluesky.events import Concerned
from headcount.sources.bluesky.jetstream import COLLECTIONS, Jetstream
from headcount.sources.bluesky.live import follow_live, newest_collection
from headcount.sources.collect.client import Client, RetryPolicy
from headcount.sources.collect.landing import LIVE, Landing
from headcount.sources.collect.landing_folder import collected_as
from headcount.store.store import Store

ME, ANN, BOB = (f"did:plc:{letter * 24}" for letter in "abc")
POST = f"at://{ME}/app.bsky.feed.post/3lzzzzzzzzzz2"
SECOND = 1_000_000
START = 1_790_000_000 * SECOND  # 2026-09-21
_TID = "234567abcdefghijklmnopqrstuvwxyz"
Event = dict[str, Any]


def ingest_into(workspace):
    """Imports into a workspace, as `Workspace.follow` does."""

    def ingest(read, path):
        with Store(workspace, write=True) as store:
            store.ingest(read, path=path)

    return ingest


def tid(moment: int) -> str:
    number = moment << 10 | 7
    return "".join(_TID[number >> shift & 31] for shift in range(60, -1, -5))


def event(author: str, at: int, collection: str, record: Event | None, key: str | None = None) -> Event:
    """One event, `at` seconds after the start; deleted, where there is no record."""
    moment = START + at * SECOND
    created = {"createdAt": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(moment // SECOND))}
    commit: Event = {"rev": tid(moment), "collection": collection, "rkey": key or tid(moment)}
    commit |= {"operation": "delete"} if record is None else {"operation": "create", "record": created | record}
    return {"did": author, "time_us": moment, "kind": "commit", "commit": commit}


def follow(author: str, at: int, subject: str = ME) -> Event:
    return event(author, at, "app.bsky.graph.follow", {"subject": subject})


def unfollow(author: str, at: int, begun: int) -> Event:
    return event(author, at, "app.bsky.graph.follow", None, tid(START + begun * SECOND))


def like(author: str, at: int, uri: str = POST) -> Event:
    return event(author, at, "app.bsky.feed.like", {"subject": {"uri": uri, "cid": "bafy"}})


def post(author: str, at: int, **record: Any) -> Event:
    return event(author, at, "app.bsky.feed.post", {"text": "Hello", **record})


def uri_of(author: str) -> str:
    return f"at://{author}/app.bsky.feed.post/3lzzzzzzzzzz2"


def mention(did: str) -> list[Event]:
    return [{"features": [{"$type": "app.bsky.richtext.facet#mention", "did": did}]}]


def reply(root: str, parent: str) -> Event:
    return {"root": {"uri": uri_of(root)}, "parent": {"uri": uri_of(parent)}}


# -- which events concern an account ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (follow(ANN, 1), True),
        (follow(ANN, 1, BOB), False),
        (follow(ME, 1, BOB), True),
        (like(ANN, 1), True),
        (like(ANN, 1, uri_of(BOB)), False),
        (event(ANN, 1, "app.bsky.feed.repost", {"subject": {"uri": POST}}), True),
        (post(ME, 1), True),
        (post(ANN, 1), False),
        (post(ANN, 1, text=f"about {ME} only"), False),
        (post(ANN, 1, reply=reply(BOB, ME)), True),
        (post(ANN, 1, reply=reply(ME, BOB)), True),
        (post(ANN, 1, reply=reply(BOB, ANN)), False),
        (post(ANN, 1, embed={"$type": "app.bsky.embed.record", "record": {"uri": POST}}), True),
        (post(ANN, 1, embed={"record": {"record": {"uri": POST}}, "media": {}}), True),
        (post(ANN, 1, facets=mention(ME)), True),
        (post(ANN, 1, facets=mention(BOB)), False),
        (unfollow(ANN, 2, 1), False),
        (event(ANN, 1, "app.bsky.feed.like", None), False),
        ({"did": ME, "time_us": START, "kind": "identity", "identity": {"did": ME, "handle": "me.test"}}, True),
        ({"did": ANN, "time_us": START, "kind": "account", "account": {"active": False}}, False),
        ({"did": ANN, "time_us": START, "kind": "commit", "commit": ME}, False),
        ({"did": ANN, "time_us": START, "kind": "commit", "commit": {"record": [ME]}}, False),
        ({"did": [ME]}, False),
    ],
)
def test_what_concerns_the_account_is_kept(told: Event, kept: bool) -> None:
    assert (Concerned(ME).take(json.dumps(told)) is not None) == kept


@pytest.mark.parametrize("text", [f"{ME} no json", f'["{ME}"]', f'{{"did": "{ME}"', '"delete"', f'"{ME}"'])
def test_what_is_no_event_is_dropped(text: str) -> None:
    assert Concerned(ME).take(text) is None


def takes(concerned: Concerned, *events: Event) -> list[Event]:
    taken = (concerned.take(json.dumps(told)) for told in events)
    return [told for told in taken if told is not None]


def test_the_end_of_a_follow_says_whom_it_was_about() -> None:
    concerned = Concerned(ME)
    events = takes(concerned, follow(ANN, 1), follow(ME, 2, BOB), unfollow(ANN, 3, 1), unfollow(ME, 4, 2))
    assert [told.get("subject") for told in events] == [None, None, ME, BOB]


def test_the_end_of_an_older_record_ends_no_follow() -> None:
    assert len(takes(Concerned(ME), follow(ANN, 1), follow(ANN, 5), unfollow(ANN, 6, 1))) == 2


def test_an_event_that_comes_twice_is_given_once() -> None:
    again = like(ANN, 1) | {"time_us": START + 77}  # another server gives another time
    assert len(takes(Concerned(ME), like(ANN, 1), again, like(ANN, 2))) == 2


def test_the_keys_of_a_collection_are_known(tmp_path: Path) -> None:
    relation = {"did": ANN, "followedBy": f"at://{ANN}/app.bsky.graph.follow/{tid(START + SECOND)}"}
    relation["following"] = f"at://{ME}/app.bsky.graph.follow/{tid(START + 2 * SECOND)}"
    concerned = Concerned(ME)
    with Landing(tmp_path / "a.landing", write=True) as landing:
        landing.put("relationships", "https://r", 200, {}, json.dumps({"relationships": [relation]}).encode())
        landing.put("repository", "https://c", 200, {}, b"cut off")
        concerned.learn_collected(landing.pages())
    assert [told["subject"] for told in takes(concerned, unfollow(ANN, 3, 1), unfollow(ME, 4, 2))] == [ME, ANN]


# -- the stream ------------------------------------------------------------------------------------------------------


class Server:
    """Jetstream on this machine: gives each connection the texts that `script` has for it, then breaks or waits."""

    def __init__(self, *script: list[Any]) -> None:
        self.script, self.url = list(script), ""
        self.asked: list[dict[str, list[str]]] = []
        self.done = threading.Event()

    def handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.asked.append(parse_qs(urlsplit(connection.request.path).query))
        for text in self.script.pop(0) if self.script else []:
            connection.send(text)
        if not self.script:
            self.done.set()
            with contextlib.suppress(ConnectionClosed):
                connection.recv(timeout=20)

    @contextlib.contextmanager
    def running(self, refuses: HTTPStatus | None = None) -> Iterator[Server]:
        def refuse(connection: ServerConnection, _request: object) -> Any:
            return connection.respond(refuses, "no\n") if refuses else None

        with serve(self.handle, "127.0.0.1", 0, process_request=refuse) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/subscribe"
            yield self
            server.shutdown()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headcount.sources.bluesky.jetstream._FIRST_PAUSE", 0.01)
    monkeypatch.setattr("headcount.sources.bluesky.jetstream._LONGEST_PAUSE", 0.05)


def some(stream: Jetstream, number: int) -> list[str]:
    """The next texts."""
    found: list[str] = []
    for text in stream.texts(threading.Event(), every=0.05):
        found += [text] if text is not None else []
        if len(found) == number:
            break
    return found


@pytest.mark.usefixtures("quick")
def test_it_goes_on_after_breaks_from_five_seconds_before() -> None:
    first, second, third = (json.dumps(like(ANN, at)) for at in (10, 20, 15))
    said: list[str] = []
    with Server([first, second], [third, third]).running() as server:
        texts = some(Jetstream([server.url], START, say=said.append), 4)
    assert texts == [first, second, third, third]
    assert [asked["cursor"] for asked in server.asked] == [
        [str(START - 5 * SECOND)],
        [str(START + 15 * SECOND)],
    ]
    assert server.asked[0]["wantedCollections"] == list(COLLECTIONS)
    assert any("behind" in text for text in said)
    assert any("was lost" in text for text in said)


@pytest.mark.usefixtures("quick")
def test_a_time_that_cannot_be_does_not_move_the_cursor() -> None:
    future = json.dumps(like(ANN, 1) | {"time_us": 1 << 59})
    with Server([b"\0\1", "junk", future, json.dumps(like(ANN, 2))]).running() as server:
        stream = Jetstream([server.url], START)
        assert len(some(stream, 2)) == 2
    assert stream.cursor <= time.time_ns() // 1000


@pytest.mark.usefixtures("quick")
def test_a_server_that_is_down_is_passed_over() -> None:
    with Server([json.dumps(like(ANN, 1))]).running() as server:
        assert len(some(Jetstream(["ws://127.0.0.1:9/subscribe", server.url], START), 1)) == 1


@pytest.mark.usefixtures("quick")
def test_what_no_server_has_any_more_is_said() -> None:
    lost: list[tuple[int, int]] = []
    with Server([json.dumps(like(ANN, 7_200))]).running() as server:
        some(Jetstream([server.url], START, lost=lambda *span: lost.append(span)), 1)
    assert lost == [(START, START + 7_200 * SECOND)]


@pytest.mark.usefixtures("quick")
def test_servers_that_are_no_jetstream_end_it() -> None:
    with (
        Server().running(refuses=HTTPStatus.NOT_FOUND) as server,
        pytest.raises(PlatformUnavailable, match="HTTP 404"),
    ):
        some(Jetstream([server.url, server.url], START), 1)


@pytest.mark.usefixtures("quick")
def test_a_server_that_fails_is_asked_again() -> None:
    stop = threading.Event()
    said: list[str] = []
    with Server().running(refuses=HTTPStatus.BAD_GATEWAY) as server:
        stream = Jetstream([server.url], START, say=said.append)
        for _ in stream.texts(stop, every=0.01):
            if len(said) >= 3:
                stop.set()
    assert all("HTTP 502" in text for text in said)


# -- into the tables -------------------------------------------------------------------------------------------------


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with a collection of the account, which had no follower; profiles cannot be looked up."""
    monkeypatch.setenv("HEADCOUNT_BLUESKY_APPVIEW", "http://127.0.0.1:9")
    path = tmp_path / "landing" / "bluesky" / "me.test" / "20260921T000000Z.landing"
    with Landing(path, write=True) as landing:
        landing.set_meta("begun_at", "2026-09-21T00:00:00+00:00")
        for key, value in (("platform", "bluesky"), ("target", "me.test"), ("options", "{}")):
            landing.set_meta(key, value)
        landing.set_meta("account_id", f"bluesky:{ME}")
        landing.put("profile", "https://p", 200, {}, json.dumps({"did": ME, "handle": "me.test"}).encode())
        landing.finish()
    return tmp_path


Follow = Callable[..., list[str]]


@pytest.fixture
def follow_events(workspace: Path, quick: None) -> Follow:
    """Follows the account until all these events were seen, and some time to write after that; gives what was said."""

    def run(*events: Event) -> list[str]:
        said: list[str] = []
        stop = threading.Event()
        with Server([json.dumps(told) for told in events]).running() as server:

            def end() -> None:
                server.done.wait(20)
                time.sleep(0.5)
                stop.set()

            threading.Thread(target=end, daemon=True).start()
            client = partial(Client, retry_policy=RetryPolicy(tries=1))
            follow_live(
                workspace, "me.test", stop, ingest_into(workspace), servers=[server.url], say=said.append, client=client
            )
        return said

    return run


def rows(workspace: Path, sql: str) -> list[tuple[Any, ...]]:
    with Store(workspace) as store:
        return store.connection.execute(sql).fetchall()


def standing(workspace: Path) -> dict[str, bool]:
    found = rows(workspace, "SELECT follower_id, gone_at IS NULL FROM follows ORDER BY ALL")
    assert len(dict(found)) == len(found)
    return {did.removeprefix("bluesky:"): stands for did, stands in found}


def test_follows_that_begin_and_end(workspace: Path, follow_events: Follow) -> None:
    said = follow_events(follow(ANN, 10), follow(BOB, 20), unfollow(ANN, 30, 10), like(BOB, 40), follow(ME, 50, BOB))
    assert standing(workspace) == {ANN: False, BOB: True, ME: True}
    began, ended = rows(
        workspace, f"SELECT epoch_us(followed_at), epoch_us(gone_at) FROM follows WHERE follower_id = 'bluesky:{ANN}'"
    )[0]
    assert (began, ended) == (START + 10 * SECOND, START + 30 * SECOND)
    liked = rows(workspace, "SELECT actor_id, target_id, kind, post_id, epoch_us(created_at) FROM interactions")
    assert liked == [(f"bluesky:{BOB}", f"bluesky:{ME}", "like", f"bluesky:{POST}", START + 40 * SECOND)]
    assert any("2 new followers, 1 unfollowed, 1 responses and mentions" in text for text in said)


def test_the_end_of_a_follow_that_was_taken_in_before(workspace: Path, follow_events: Follow) -> None:
    follow_events(follow(ANN, 10), follow(BOB, 11))
    assert standing(workspace) == {ANN: True, BOB: True}
    follow_events(follow(ANN, 10), follow(BOB, 11), unfollow(ANN, 20, 10))
    assert standing(workspace) == {ANN: False, BOB: True}
    follow_events(unfollow(ANN, 20, 10), follow(ANN, 30))
    came_back = rows(workspace, f"SELECT gone_at IS NULL FROM follows WHERE follower_id = 'bluesky:{ANN}' ORDER BY 1")
    assert came_back == [(False,), (True,)]
    follow_events(unfollow(ANN, 20, 10), follow(ANN, 30), follow(BOB, 11))
    assert len(rows(workspace, "FROM follows")) == 3, "what comes again changes nothing"


def test_reading_it_all_again_changes_nothing(workspace: Path, follow_events: Follow) -> None:
    follow_events(follow(ANN, 10), like(ANN, 11), post(ANN, 12, reply=reply(ME, ME)), unfollow(ANN, 20, 10))
    before = [rows(workspace, f"SELECT * FROM {table} ORDER BY ALL") for table in ("posts", "interactions")]
    follows = rows(workspace, "SELECT follower_id, followed_at, gone_at FROM follows")
    path = next((workspace / "landing").rglob(f"{LIVE}/*.landing"))
    hc.open(workspace).add(path)
    assert rows(workspace, "SELECT follower_id, followed_at, gone_at FROM follows") == follows
    assert [rows(workspace, f"SELECT * FROM {table} ORDER BY ALL") for table in ("posts", "interactions")] == before
    assert collected_as(path) is None, "it is nothing to collect again"


def test_what_was_kept_and_not_taken_in_is_taken_in_later(
    workspace: Path, follow_events: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise StoreBusy("In use.", hint="wait")

    with monkeypatch.context() as patched:
        patched.setattr("headcount.store.store.Store.__init__", busy)
        said = follow_events(follow(ANN, 10))
    assert any("imported later" in text for text in said)
    follow_events(like(BOB, 20))
    assert standing(workspace) == {ANN: True}
    assert rows(workspace, "SELECT count(*) FROM interactions") == [(1,)]


def test_a_stop_between_events_and_their_cursor_doubles_nothing(workspace: Path, follow_events: Follow) -> None:
    follow_events(follow(ANN, 10), like(ANN, 11))
    path = next((workspace / "landing").rglob(f"{LIVE}/*.landing"))
    with Landing(path, write=True) as landing:
        landing.set_meta("cursor", str(START))
        pages = landing.count(LIVE)
    follow_events(follow(ANN, 10), like(ANN, 11))
    with Landing(path) as landing:
        assert landing.count(LIVE) == pages


def test_a_large_landing_is_followed_by_another(
    workspace: Path, follow_events: Follow, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow_events(follow(ANN, 10))
    monkeypatch.setattr(bluesky_live, "_LARGEST_LANDING", 1)
    follow_events(unfollow(ANN, 20, 10))
    assert len(list((workspace / "landing").rglob(f"{LIVE}/*.landing"))) == 2
    assert standing(workspace) == {ANN: False}, "the key of the follow is known from the first"


def test_who_is_forgotten_is_taken_out_of_what_was_followed(workspace: Path, follow_events: Follow) -> None:
    follow_events(follow(ANN, 10), follow(BOB, 20))
    hc.open(workspace).forget(f"bluesky:{BOB}")
    path = next((workspace / "landing").rglob(f"{LIVE}/*.landing"))
    with Landing(path) as landing:
        bodies = b"".join(page.body for page in landing.pages())
    assert ANN.encode() in bodies
    assert BOB.encode() not in bodies


def test_what_cannot_be_followed_is_said(tmp_path: Path, workspace: Path) -> None:
    assert newest_collection(workspace, "me.test") is not None
    with pytest.raises(UsageError, match="has not been collected yet"):
        hc.open(workspace).watch("somebody.test")
    with pytest.raises(UsageError, match="cannot be followed live"):
        hc.open(workspace).watch("alice@mastodon.social")
