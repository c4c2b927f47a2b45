"""How completely X shows lists: the newest 3,200 posts and 800 mentions, 100 likes, seven days of search."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx2
import pytest

from headcount.sources.collect.client import Client
from headcount.sources.collect.collection import Collection
from headcount.sources.collect.landing import Landing
from headcount.sources.collect.listing import Listing
from headcount.sources.collect.options import Options
from headcount.sources.x.coverage import XCoverage, own_post

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def read(tmp_path):
    """A list of so many entries that was read to its end; None: it was refused."""
    answer = httpx2.MockTransport(lambda request: httpx2.Response(int(request.url.params["status"]), json={}))
    with Landing(tmp_path / "x.landing", write=True) as landing, Client(transport=answer) as client:
        collection = Collection(landing, client, Options())

        def made(count):
            def ask(_cursor):
                return collection.get("list", "http://h/list", [("status", 403 if count is None else 200)])

            listing = Listing(collection, "The list", ask, lambda _page: None, lambda _page: count or 0)
            list(listing)
            return listing

        yield made


def post(identifier, **counters):
    names = {"replies": "reply_count", "likes": "like_count", "reposts": "retweet_count", "quotes": "quote_count"}
    metrics = {name: counters.get(short, 0) for short, name in names.items()}
    return own_post({"id": identifier, "created_at": NOW.isoformat(), "public_metrics": metrics})


def found(coverage):
    return {entry.list: (entry.state, entry.reason, entry.listed, entry.claimed) for entry in coverage.entries()}


def replies(*answered):
    return [
        {"id": f"r{number}", "referenced_tweets": [{"type": "replied_to", "id": identifier}]}
        for number, identifier in enumerate(answered)
    ]


@pytest.mark.parametrize(
    ("seen", "written", "expected"),
    [
        (3_200, 50_000, ("partial", "platform_maximum", 3_200, 50_000)),
        (3_200, 3_200, ("complete", None, 3_200, None)),
        (3_199, 50_000, ("complete", None, 3_199, None)),
    ],
)
def test_only_the_newest_posts(read, seen, written, expected):
    coverage = XCoverage("x:1", protected=False, written=written)
    coverage.add_posts(read(seen), seen, everything=False, detail=None)
    assert found(coverage)["posts"] == expected


def test_only_the_newest_mentions(read):
    coverage = XCoverage("x:1", protected=False, written=None)
    coverage.own = [post("p", replies=900)]
    coverage.add_posts(read(1), 1, everything=False, detail=None)
    coverage.add_mentions(read(800), 800, detail=None)
    coverage.add_answers(replies(*["p"] * 700, *["other"] * 100))
    coverage.all_responses = True
    assert found(coverage)["replies"] == ("partial", "platform_maximum", 700, 900)


@pytest.mark.parametrize("reason", ["platform_maximum", "login_required", "server_error"])
def test_replies_that_the_search_does_not_reach(read, reason):
    coverage = XCoverage("x:1", protected=False, written=None)
    coverage.own = [post("p", replies=9), post("q", replies=1)]
    coverage.add_posts(read(2), 2, everything=False, detail=None)
    coverage.add_mentions(read(3), 3, detail=None)
    coverage.add_answers(replies("p", "p", "p"))
    coverage.unsearched, coverage.all_responses = reason, True
    assert found(coverage)["replies"] == ("partial", reason, 3, 10)
    coverage.add_answers([item | {"id": f"s{item['id']}"} for item in replies(*["p"] * 6, "q")])
    assert found(coverage)["replies"] == ("complete", None, 10, 10), "all that are counted are there"


@pytest.mark.parametrize(("protected", "reason"), [(False, "login_required"), (True, "account_protected")])
def test_mentions_that_are_refused(read, protected, reason):
    coverage = XCoverage("x:1", protected=protected, written=None)
    coverage.own = [post("p", replies=9)]
    coverage.add_posts(read(1), 1, everything=False, detail=None)
    coverage.add_mentions(read(None), 0, detail="HTTP 403")
    coverage.all_responses = True
    assert found(coverage)["replies"] == ("refused", reason, 0, 9)


def test_likes_of_one_post_beyond_a_hundred(read):
    coverage = XCoverage("x:1", protected=False, written=None)
    coverage.own = [post("p", likes=5_000), post("q", likes=40)]
    coverage.add_posts(read(2), 2, everything=False, detail=None)
    coverage.add_responses("likes", read(100), 100, 5_000, detail=None)
    coverage.add_responses("likes", read(39), 39, 40, detail=None)
    coverage.all_responses = True
    assert found(coverage)["likes"] == ("partial", "platform_maximum", 139, 5_040)


def test_counters_that_are_missing_are_unknown():
    one = own_post({"id": "1", "public_metrics": {"reply_count": None, "like_count": "7", "quote_count": -1}})
    assert (one.answers, one.likes, one.reposts, one.quotes) == (None, 7, None, None)
    assert own_post({"id": "1"}).likes is None


def test_nothing_begun_is_not_collected():
    states = {entry[:2] for entry in found(XCoverage("x:1", protected=False, written=None)).values()}
    assert states == {("unknown", "not_collected")}
