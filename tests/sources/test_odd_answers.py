"""Responses with values of another type than a platform documents, found by fuzzing: never a traceback."""

from __future__ import annotations

import json
from typing import Any

import duckdb
import httpx2
import pytest

import headcount as hc
from headcount.errors import HeadcountError, PlatformError
from headcount.sources.bluesky.views import is_own_post
from headcount.sources.collect.client import Client, RetryPolicy
from headcount.sources.rows import inner

QUICK = RetryPolicy(tries=2, first=0.0, longest=0.001, blind=0.0, timeout=2, min_limit_wait=0.0)
USER = {"id": "7", "username": "alice", "name": "A", "created_at": "2020-01-01T00:00:00.000Z"}
ODD = [None, 5, "text", [], {}, [1], True, 1.5]


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("name", ["post", "author", "record", "reason"])
def test_an_item_of_a_feed_with_an_odd_value_is_no_own_post(name, odd):
    item: dict[str, Any] = {"post": {"author": {"did": "did:plc:a"}, "record": {}}, "reason": None}
    assert is_own_post(item, "did:plc:a")
    (item if name in ("post", "reason") else item["post"])[name] = odd
    expected = name == "reason" or (name == "record" and odd == {})
    assert is_own_post(item, "did:plc:a") == expected


def test_what_lies_inside():
    assert inner({"a": {"b": 1}}, "a", "b") == 1
    for thing in ({"a": 5}, {"a": None}, [], "text", None, {}):
        assert inner(thing, "a", "b") is None


def collect_x(monkeypatch, tmp_path, answers: dict[str, Any]) -> Any:
    """Collect x:alice from a server that answers with these contents by the end of the path, else with none."""
    monkeypatch.setenv("HEADCOUNT_SETTINGS", str(tmp_path / "settings"))
    monkeypatch.setenv("HEADCOUNT_X_TOKEN", "t")
    monkeypatch.delenv("HEADCOUNT_X_API", raising=False)

    def respond(request: httpx2.Request) -> httpx2.Response:
        content = answers.get(request.url.path.rpartition("/")[2], {"meta": {"result_count": 0}})
        return httpx2.Response(200, content=json.dumps(content), headers={"content-type": "application/json"})

    def client(**how: Any) -> Client:
        return Client(retry_policy=QUICK, transport=httpx2.MockTransport(respond), **how)

    return hc.open(tmp_path / "ws").collect("x:alice", client=client)


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("wrapped", [True, False])
def test_a_profile_of_x_that_is_none_is_one_sentence(odd, wrapped, monkeypatch, tmp_path):
    with pytest.raises(HeadcountError) as refused:
        collect_x(monkeypatch, tmp_path, {"me": {}, "alice": {"data": odd} if wrapped else odd})
    assert "\n" not in str(refused.value)
    assert not list((tmp_path / "ws").rglob("*.landing")), "nothing was begun"


@pytest.mark.parametrize("identifier", [7, "7"])
@pytest.mark.parametrize("meta", [*ODD, {"next_token": 5}, {"next_token": []}])
def test_ids_and_tokens_of_x_of_another_type(identifier, meta, monkeypatch, tmp_path):
    follower = {"id": 8, "username": "bea", "created_at": "2020-01-01"}
    post = {"id": 900, "created_at": "2026-10-01", "text": "a", "author_id": "7", "public_metrics": []}
    answers = {
        "me": {"data": {"id": 5}},
        "alice": {"data": USER | {"id": identifier, "public_metrics": {"followers_count": 1}}},
        "followers": {"data": [follower, 5, None], "meta": meta},
        "posts": {"data": [post], "meta": meta},
        "tweets": {"data": [post], "meta": meta},
    }
    imported = collect_x(monkeypatch, tmp_path, answers)
    assert imported is not None
    with duckdb.connect(str(tmp_path / "ws" / "headcount.duckdb"), read_only=True) as con:
        assert con.sql("SELECT follower_id, followee_id FROM follows").fetchall() == [("x:8", "x:7")]


def test_a_form_that_nobody_expected_keeps_what_was_collected(monkeypatch, tmp_path):
    def failing(*_args: object) -> None:
        raise KeyError("a field that was always there")

    monkeypatch.setattr("headcount.sources.x.collector.XCollector._mentions", failing)
    profile = {"data": USER | {"public_metrics": {"followers_count": 1}}}
    with pytest.raises(PlatformError, match="unexpected form"):
        collect_x(monkeypatch, tmp_path, {"me": {}, "alice": profile})
    assert list((tmp_path / "ws").rglob("*.landing")), "it can be resumed"
