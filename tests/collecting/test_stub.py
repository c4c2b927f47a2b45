"""The server of `stub.py` answers in the shape in which the real AppView answers."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.bluesky_network.fixtures import Bluesky
from tests.bluesky_network.truth import Kind
from tests.collecting.stub import Running, running
from tests.collecting.world import Sizes, World, did, number_of, tid

from headcount.sources.bluesky.repo import read_repository, tid_time

SIZES = Sizes(400, round(time.time()) * 1_000_000)
# what an account may have or lack: not every answer has to hold it
OPTIONAL = {"avatar", "description", "displayName", "cursor", "labels[]", "langs", "followedBy", "following", "embed"}


@pytest.fixture(scope="module")
def stub():
    with running(SIZES) as server:
        yield server


def ask(server: str, method: str, **parameters: Any) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"{server}/xrpc/{method}?{urlencode(parameters, doseq=True)}") as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, json.load(refused)


def shape(value: Any, path: str = "") -> set[str]:
    """Every place in an answer, with the type of what stands there."""
    if isinstance(value, dict):
        return {line for name, inner in value.items() for line in shape(inner, f"{path}.{name}")} | {f"{path}:object"}
    if isinstance(value, list):
        return {line for inner in value for line in shape(inner, f"{path}[]")} | {f"{path}:list"}
    return {f"{path}:{type(value).__name__}"}


def without_optional(lines: set[str]) -> set[str]:
    kept = set()
    for line in lines:
        names = set(line.partition(":")[0].replace("[]", "").split("."))
        if not names & {name.removesuffix("[]") for name in OPTIONAL if name != "labels[]"} and "labels[]" not in line:
            kept.add(line)
    return kept


def questions(main: str, others: list[str], post: str) -> dict[str, dict[str, Any]]:
    return {
        "app.bsky.actor.getProfile": {"actor": main},
        "app.bsky.actor.getProfiles": {"actors": others},
        "app.bsky.graph.getFollowers": {"actor": main, "limit": 30},
        "app.bsky.graph.getFollows": {"actor": main, "limit": 30},
        "app.bsky.graph.getRelationships": {"actor": main, "others": others},
        "app.bsky.feed.getLikes": {"uri": post, "limit": 10},
        "app.bsky.feed.getRepostedBy": {"uri": post, "limit": 10},
    }


def test_answers_have_the_shape_of_the_real_ones(stub: Running, bluesky: Bluesky) -> None:
    world, made = bluesky.world, World(SIZES)
    post = next(p for p in world.posts if sum(r.kind is Kind.LIKE for r in world.responses(p)) > 20)
    assert world.posts[post].author == world.main
    listed = ask(bluesky.network.appview, "app.bsky.graph.getFollowers", actor=world.main, limit=20)[1]["followers"]
    real = questions(world.main, [one["did"] for one in listed], post)
    ours = questions(did(0), [did(number) for number in range(1, 12)], made.uri(0, 0))
    for method, asked in real.items():
        status, expected = ask(bluesky.network.appview, method, **asked)
        own_status, answered = ask(stub.address, method, **ours[method])
        assert (status, own_status) == (200, 200), method
        missing = without_optional(shape(expected)) - shape(answered)
        # lists of what the account made are not read by anybody here
        assert {line for line in missing if ".associated." not in line} == set(), method
        assert without_optional(shape(answered)) - shape(expected) == set(), method


def test_refusals_are_the_real_ones(stub: Running, bluesky: Bluesky) -> None:
    nobody = did(99_999_999)
    for method in ("app.bsky.actor.getProfile", "app.bsky.graph.getFollowers", "app.bsky.feed.getAuthorFeed"):
        real, ours = (ask(server, method, actor=nobody) for server in (bluesky.network.appview, stub.address))
        assert (real[0], real[1]["error"]) == (ours[0], ours[1]["error"]), method


def test_numbers_and_dids_lead_to_each_other() -> None:
    for number in (0, 1, 2, 12_345, 999_999, 1_000_000):
        assert number_of(did(number)) == number
        assert len(did(number)) == 32
    assert number_of("did:plc:" + "a" * 24) in (None, 0)
    assert number_of("somebody.test") is None


def test_keys_hold_their_times() -> None:
    time = tid_time(tid(SIZES.now))
    assert time is not None
    assert round(time.timestamp() * 1e6) == SIZES.now


def test_a_million_followers_are_worked_out_page_by_page() -> None:
    world = World(Sizes(1_000_000, SIZES.now))
    page, following = world.followers(999_900, 100)
    assert len(page) in (98, 99)
    assert following is None
    assert number_of(page[-1]["did"]) in (999_999, 1_000_000)
    times = [world.follow_time(number) for number in range(1, 1_000_000, 999)]
    assert times == sorted(times, reverse=True)


def test_the_repository_is_one() -> None:
    repository = read_repository(World(SIZES).repository())
    assert repository.did == did(0)
    assert repository.missing == 0
    assert sum(record.collection == "app.bsky.graph.follow" for record in repository.records) == SIZES.following


def test_pages_lead_through_the_whole_list_once(stub: Running) -> None:
    world, seen, cursor = World(SIZES), [], {}
    while True:
        page = ask(stub.address, "app.bsky.graph.getFollowers", actor="main.test", limit=100, **cursor)[1]
        seen += [number_of(one["did"]) for one in page["followers"]]
        if "cursor" not in page:
            break
        cursor = {"cursor": page["cursor"]}
    assert seen == [number for number in range(1, SIZES.followers + 1) if world.is_shown(number)]


def test_nothing_but_reading_is_answered(stub: Running) -> None:
    request = urllib.request.Request(f"{stub.address}/xrpc/com.atproto.repo.createRecord", data=b"{}", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    refused.value.close()
    assert refused.value.code == 405
    assert stub.methods()["POST"] == 1
