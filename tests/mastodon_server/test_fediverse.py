"""Responses recorded from GoToSocial, Takahe and snac, replayed under their real paths: what was seeded is found.

The recordings hold a few entries of each list. A page that was not recorded is answered with 404, so a list whose
counter shows more is partial. Expected values are read from the recordings here, not by the code under test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import duckdb
import pytest
from tests.mastodon_server.stub import Pages, Reply, run_stub

import headcount as hc
from headcount.errors import AccessDenied, PlatformUnavailable
from headcount.incoming import ListCoverage
from headcount.sources.collect.client import Client, RetryPolicy
from headcount.sources.collect.landing import Landing
from headcount.sources.collect.options import Options
from headcount.sources.collect.pace import _until_reset

ADDRESSES = {"gotosocial": "127.0.0.1:8081", "snac": "127.0.0.1:8082", "takahe": "127.0.0.1:8083"}
REACTIONS = (("favourited_by", "favourites_count", "like"), ("reblogged_by", "reblogs_count", "repost"))
SEEDED = 95
"""Followers that were seeded on each server; one has left since, as the counters of two of them show."""


class Replay:
    """A server that answers from the recordings.

    Attributes:
        url: where it answers.
        recordings: all of one server, without and with a token.
        instead: by path, what is served instead of the recording.
        first: replies that come before anything else.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self.url = ""
        self.recordings = [
            recording
            for kind in ("anonymous", "token")
            for recording in json.loads((folder / f"{name}_{kind}.json").read_bytes())
        ]
        self.instead: dict[str, Any] = {}
        self.first: list[Reply] = []

    def reply(self, target: str, authorization: str | None) -> Reply:
        """The recorded response to one request."""
        if self.first:
            return self.first.pop(0)
        address = urlsplit(target)
        query = dict(parse_qsl(address.query))
        if address.path in self.instead:
            found = self.instead[address.path]
            return found.page(self.url + address.path, query) if isinstance(found, Pages) else Reply(200, found)
        recording = self.find(address.path, query, authorization is not None)
        if recording is None:
            return Reply(404, {"error": "not recorded"})
        return as_reply(recording, self.url)

    def find(self, path: str, query: dict[str, str], token: bool) -> dict[str, Any] | None:
        """The recording of that path and query, else of its first page; without a token only what needs none."""
        same = [one for one in self.recordings if one["path"] == path and one["authenticated"] <= token]
        same.sort(key=lambda one: (one["authenticated"] != token, dict(parse_qsl(one["query"])) != query))
        for one in same:
            recorded = dict(parse_qsl(one["query"]))
            if recorded == query or ("max_id" not in query and "max_id" not in recorded and "acct" not in query):
                return one
        return None

    def body(self, path: str, *, token: bool = True, **query: str) -> Any:
        """The content that was recorded for a path."""
        found = self.find(path, query, token)
        assert found is not None, path
        return found["body"]


def as_reply(recording: dict[str, Any], url: str) -> Reply:
    """The recorded response; its Link header names the server where it is now."""
    headers = recording["headers"]
    pairs = list(headers.items()) if isinstance(headers, dict) else [tuple(pair) for pair in headers]
    merged: dict[str, str] = {}
    for name, value in pairs:
        name = name.title()
        merged[name] = f"{merged[name]}, {value}" if name in merged else value
    merged.pop("Content-Length", None)
    if "Link" in merged:
        merged["Link"] = re.sub(r"<https?://[^/>]+", f"<{url}", merged["Link"])
    return Reply(recording["status"], recording["body"], merged)


def quick(**how):
    return Client(retry_policy=RetryPolicy(tries=3, first=0.01, longest=0.02, blind=0.01, timeout=5), **how)


@pytest.fixture(autouse=True)
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HEADCOUNT_MASTODON_TOKEN", raising=False)
    monkeypatch.setenv("HEADCOUNT_SETTINGS", str(tmp_path / "settings"))


@pytest.fixture
def replay(request: pytest.FixtureRequest, shared_data: Path) -> Iterator[Replay]:
    """The server that a test names as its parameter."""
    folder = shared_data / "fixtures" / "fediverse"
    if not folder.is_dir():
        pytest.skip("the recordings of other servers are absent: fixtures/fediverse of the public data")
    with run_stub(Replay(folder, request.param)) as server:
        server.name = request.param
        yield server


def on(*names: str):
    return pytest.mark.parametrize("replay", names, indirect=True)


def collect(server: Replay, folder: Path, monkeypatch: pytest.MonkeyPatch | None = None):
    """Collect star, with its own token where `monkeypatch` is given."""
    if monkeypatch is not None:
        monkeypatch.setenv("HEADCOUNT_MASTODON_TOKEN", f"{server.url.removeprefix('http://')}=recorded")
    address = ADDRESSES[server.name]
    imported = hc.open(folder).collect(f"star@{address}", Options(service=server.url), client=quick)
    assert imported is not None
    return imported


def lists(folder: Path) -> dict[str, ListCoverage]:
    with Landing(max((folder / "landing").rglob("*.landing"))) as landing:
        return {entry.list: entry for entry in landing.coverage()}


def facts(entry: ListCoverage) -> tuple[str, str | None, int | None, int | None]:
    return entry.state, entry.reason, entry.listed, entry.claimed


def rows(folder: Path, sql: str, *values: object) -> list[tuple]:
    with duckdb.connect(str(folder / "headcount.duckdb"), read_only=True) as con:
        return con.execute(sql, list(values)).fetchall()


def ids(server: Replay, accounts: list[dict[str, Any]]) -> set[str]:
    """The ids of accounts, made here from their names."""
    host = ADDRESSES[server.name]
    return {f"mastodon:{account['acct'].partition('@')[0]}@{host}" for account in accounts}


def star(server: Replay) -> tuple[str, dict[str, Any]]:
    """The id and the profile of the collected account."""
    profile = server.body("/api/v1/accounts/lookup", token=server.name == "gotosocial", acct="star")
    return f"mastodon:star@{ADDRESSES[server.name]}", profile


# --- Without a token -------------------------------------------------------------------------------------------------


@on("gotosocial")
def test_gotosocial_shows_nothing_without_a_token(replay, tmp_path):
    with pytest.raises(AccessDenied, match="requires a login"):
        collect(replay, tmp_path)


@on("takahe")
def test_takahe_without_a_token(replay, tmp_path):
    collect(replay, tmp_path)
    me, profile = star(replay)
    assert profile["followers_count"] == SEEDED - 1
    recorded = replay.body(f"/api/v1/accounts/{profile['id']}/followers", token=False, limit="3")
    found = lists(tmp_path)
    assert facts(found["followers"]) == ("partial", "broke_off", len(recorded), SEEDED - 1)
    assert facts(found["posts"]) == ("refused", "login_required", 0, profile["statuses_count"])
    assert {facts(found[name]) for name in ("replies", "likes", "reposts", "quotes")} == {
        ("unknown", "login_required", None, None)
    }
    followers = rows(tmp_path, "SELECT follower_id FROM follows WHERE followee_id = ?", me)
    assert {one for (one,) in followers} == ids(replay, recorded)
    report = hc.open(tmp_path).report(f"star@{ADDRESSES['takahe']}")
    assert (report.followers.listed, report.followers.claimed, report.followers.partial) == (3, SEEDED - 1, True)
    posts = next(part for part in report.lists if part.list == "posts")
    assert "unknown" in posts.sentence
    assert "identity_token_required" in posts.sentence


@on("snac")
def test_snac_without_a_token(replay, tmp_path):
    collect(replay, tmp_path)
    _, profile = star(replay)
    assert (profile["followers_count"], profile["statuses_count"]) == (0, 0), "its counters are placeholders"
    found = lists(tmp_path)
    assert facts(found["followers"]) == ("unknown", "not_supported", 0, None)
    assert found["following"].shows_nothing
    assert facts(found["posts"]) == ("refused", "login_required", 0, None)
    report = hc.open(tmp_path).report(f"star@{ADDRESSES['snac']}")
    assert (report.followers.listed, report.followers.claimed, report.followers.state) == (None, None, "unknown")
    assert rows(tmp_path, "SELECT followers_count, following_count, posts_count FROM accounts") == [(None, None, None)]


# --- With the account's own token ------------------------------------------------------------------------------------


@on("gotosocial", "takahe", "snac")
def test_posts_and_followers_with_a_token(replay, tmp_path, monkeypatch):
    collect(replay, tmp_path, monkeypatch)
    me, profile = star(replay)
    statuses = replay.body(f"/api/v1/accounts/{profile['id']}/statuses", limit="3")
    posts = rows(tmp_path, "SELECT post_id, visibility FROM posts WHERE author_id = ?", me)
    expected = {f"mastodon:{status['uri']}": status["visibility"] for status in statuses}
    assert expected.items() <= dict(posts).items()
    assert len(posts) <= len(expected) + 1, "one more is in a notification of GoToSocial"
    recorded = replay.find(f"/api/v1/accounts/{profile['id']}/followers", {"limit": "80"}, True)["body"]
    followers = rows(tmp_path, "SELECT follower_id FROM follows WHERE followee_id = ?", me)
    assert {one for (one,) in followers} == ids(replay, recorded)
    found = lists(tmp_path)
    if replay.name == "snac":
        assert facts(found["followers"]) == ("unknown", "not_supported", 0, None)
        assert facts(found["posts"])[1:] == (facts(found["posts"])[1], len(statuses), None)
    else:
        assert facts(found["followers"]) == ("partial", "broke_off", len(recorded), SEEDED - 1)
        assert facts(found["posts"]) == ("partial", "broke_off", len(statuses), profile["statuses_count"])
        columns = "followers_count, following_count, posts_count"
        counts = rows(tmp_path, f"SELECT {columns} FROM accounts WHERE account_id = ?", me)
        assert counts == [(SEEDED - 1, profile["following_count"], profile["statuses_count"])]


def timeline(server: Replay, number: str) -> list[dict[str, Any]]:
    """Every post of which a response was recorded; posts that were not recorded themselves are made of one that was."""
    statuses = list(server.body(f"/api/v1/accounts/{number}/statuses", limit="3"))
    known = {status["id"] for status in statuses}
    for recording in server.recordings:
        parts = recording["path"].split("/")
        if not recording["path"].startswith("/api/v1/statuses/") or parts[4] in known or recording["status"] != 200:
            continue
        known.add(parts[4])
        single = server.find(f"/api/v1/statuses/{parts[4]}", {}, True)
        made = statuses[0] | {"id": parts[4], "uri": f"http://{server.name}.example/{parts[4]}", "in_reply_to_id": None}
        counts = {"replies_count": 0, "favourites_count": 0, "reblogs_count": 0}
        context = server.find(f"/api/v1/statuses/{parts[4]}/context", {}, True)
        if context is not None:
            counts["replies_count"] = len(direct(context["body"], parts[4]))
        for name, counter in (("favourited_by", "favourites_count"), ("reblogged_by", "reblogs_count")):
            listed = server.find(f"/api/v1/statuses/{parts[4]}/{name}", {"limit": "80"}, True)
            counts[counter] = len(listed["body"]) if listed is not None else 0
        statuses.append(single["body"] if single is not None else made | counts)
    return statuses


def direct(context: dict[str, Any], number: str) -> list[dict[str, Any]]:
    return [reply for reply in context["descendants"] if reply["in_reply_to_id"] == number]


@on("gotosocial", "takahe", "snac")
def test_replies_favourites_and_boosts_with_a_token(replay, tmp_path, monkeypatch):
    me, profile = star(replay)
    statuses = timeline(replay, profile["id"])
    replay.instead[f"/api/v1/accounts/{profile['id']}/statuses"] = statuses
    collect(replay, tmp_path, monkeypatch)
    expected: set[tuple[str, str, str]] = set()
    claimed = {"replies": 0, "likes": 0, "reposts": 0}
    for status in statuses:
        address, number = f"mastodon:{status['uri']}", status["id"]
        is_answer = status["in_reply_to_id"] is not None and status["in_reply_to_account_id"] != profile["id"]
        for name, field in (("replies", "replies_count"), ("likes", "favourites_count"), ("reposts", "reblogs_count")):
            claimed[name] += 0 if is_answer and name != "replies" else status[field]
        context = replay.find(f"/api/v1/statuses/{number}/context", {}, True)
        if context is not None and status["replies_count"]:
            replies = direct(context["body"], number)
            for author in ids(replay, [reply["account"] for reply in replies]) - {me}:
                expected.add((author, "reply", address))
        for name, field, kind in REACTIONS:
            listed = replay.find(f"/api/v1/statuses/{number}/{name}", {"limit": "80"}, True)
            if listed is not None and status[field] and not is_answer:
                expected |= {(author, kind, address) for author in ids(replay, listed["body"])}
    undone = 0
    for one in replay.find("/api/v1/notifications", {}, True)["body"]:
        if one["type"] == "favourite":
            undone += one["status"]["favourites_count"] == 0
            if one["status"]["favourites_count"]:
                expected |= {
                    (actor, "like", f"mastodon:{one['status']['uri']}") for actor in ids(replay, [one["account"]])
                }
    assert undone == (replay.name == "gotosocial")
    own = {f"mastodon:{status['uri']}" for status in statuses}
    found = rows(
        tmp_path,
        "SELECT DISTINCT actor_id, kind, post_id FROM interactions WHERE target_id = ? AND kind <> 'mention'",
        me,
    )
    assert {row for row in found if row[2] in own} == expected
    assert {kind for _, kind, _ in expected} >= {"reply", "like"}
    coverage = lists(tmp_path)
    assert {name: coverage[name].claimed for name in claimed} == claimed
    if replay.name == "takahe":
        # 2 of 90 are shown of one post; of another with one favourite the list was not recorded
        assert facts(coverage["likes"]) == ("partial", "not_supported", 2, 91)
        assert facts(coverage["reposts"]) == ("refused", "not_supported", 0, 85)


@on("takahe")
def test_counters_of_accounts_inside_statuses_are_zero_on_takahe_and_not_used(replay, tmp_path, monkeypatch):
    me, profile = star(replay)
    replay.instead[f"/api/v1/accounts/{profile['id']}/statuses"] = timeline(replay, profile["id"])
    nested = replay.body(f"/api/v1/accounts/{profile['id']}/statuses", limit="3")[0]["account"]
    assert (nested["id"], nested["followers_count"], profile["followers_count"]) == (profile["id"], 0, SEEDED - 1)
    for _ in range(2):
        collect(replay, tmp_path, monkeypatch)
        counts = rows(tmp_path, "SELECT followers_count, posts_count FROM accounts WHERE account_id = ?", me)
        assert counts == [(SEEDED - 1, profile["statuses_count"])]
    assert rows(tmp_path, "SELECT count(*) FROM accounts WHERE followers_count = 0 AND following_count = 0") == [(0,)]


# --- Complete lists, made of recorded followers ----------------------------------------------------------------------


@on("gotosocial", "takahe")
@pytest.mark.parametrize("paging", ["link", "max_id", "none", "repeat"])
def test_all_seeded_followers_are_found_with_the_paging_of_each_server(replay, paging, tmp_path, monkeypatch):
    me, profile = star(replay)
    path = f"/api/v1/accounts/{profile['id']}/followers"
    recorded = replay.find(path, {"limit": "80"}, True)["body"][0]
    seeded = [
        recorded | {"id": f"{recorded['id'][:-3]}{n:03}", "acct": recorded["acct"].replace("n02", f"f{n:03}")}
        for n in range(profile["followers_count"])
    ]
    size = 40 if replay.name == "takahe" else 80
    replay.instead[path] = Pages(seeded, size=size, paging=paging)
    collect(replay, tmp_path, monkeypatch)
    found = facts(lists(tmp_path)["followers"])
    if paging in ("link", "max_id"):
        assert found == ("complete", None, SEEDED - 1, SEEDED - 1)
        assert rows(tmp_path, "SELECT count(*) FROM follows WHERE followee_id = ?", me) == [(SEEDED - 1,)]
    else:
        assert found == ("partial", "no_next_page", size, SEEDED - 1)


# --- Limits and a server that is starting ----------------------------------------------------------------------------


@on("takahe")
def test_a_rate_limit_is_waited_for(replay, shared_data, tmp_path):
    recording = json.loads((shared_data / "fixtures/fediverse/gotosocial_429.json").read_bytes())[0]
    replay.first = [as_reply(recording, replay.url)]  # its reset time lies in the past
    collect(replay, tmp_path)
    assert lists(tmp_path)["followers"].listed == 3


@on("takahe")
def test_a_server_that_is_starting(replay, shared_data, tmp_path):
    recording = json.loads((shared_data / "fixtures/fediverse/gotosocial_503_starting.json").read_bytes())[0]
    reply = as_reply(recording, replay.url)
    assert reply.headers["Retry-After"].startswith("120, ")
    assert _until_reset({"retry-after": reply.headers["Retry-After"]}) == 120
    short = Reply(reply.status, reply.content, {**reply.headers, "Retry-After": "0, Thu, 26 Nov 2026 18:32:56 GMT"})
    replay.first = [short]
    collect(replay, tmp_path / "later")
    assert lists(tmp_path / "later")["followers"].listed == 3
    replay.first = [short] * 20
    with pytest.raises(PlatformUnavailable, match="HTTP 503"):
        collect(replay, tmp_path / "never")
    assert not list((tmp_path / "never").rglob("*.landing"))
