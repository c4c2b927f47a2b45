"""The server's word for what X takes, and what Headcount asks, held against X's own Python client (xdk)."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime

import pytest
from tests.x_server.description import ENDPOINTS
from tests.x_server.recorded import Recorded
from tests.x_server.server import XServer

import headcount
from headcount.sources.collect.options import Options

xdk = pytest.importorskip("xdk", reason="X's own client is not installed: pip install xdk")
pydantic = pytest.importorskip("pydantic")

TOKEN, ACCOUNT = "a-token", "890891"
CALLS = {
    "/2/users/me": ("users", "get_me", None),
    "/2/users/by/username/{username}": ("users", "get_by_username", "username"),
    "/2/users/{id}/followers": ("users", "get_followers", "id"),
    "/2/users/{id}/following": ("users", "get_following", "id"),
    "/2/users/{id}/tweets": ("users", "get_posts", "id"),
    "/2/users/{id}/mentions": ("users", "get_mentions", "id"),
    "/2/tweets/search/recent": ("posts", "search_recent", None),
    "/2/tweets/{id}/liking_users": ("posts", "get_liking_users", "id"),
    "/2/tweets/{id}/retweeted_by": ("posts", "get_reposted_by", "id"),
    "/2/tweets/{id}/quote_tweets": ("posts", "get_quoted", "id"),
}
"""Which method of xdk asks which endpoint; and its argument for what stands in the path."""
NEWER = {"user.fields": {"subscriber_count"}}
"""In version 2.168 of the description, and not yet in xdk 0.10.6."""


@pytest.fixture(scope="module")
def recorded(shared_data):
    return Recorded(shared_data)


@pytest.fixture
def server(recorded):
    with XServer(recorded, {TOKEN: ACCOUNT}) as server:
        yield server


def method_of(client, template):
    group, name, _ = CALLS[template]
    return getattr(getattr(client, group), name)


def known_to_xdk(template):
    """Parameters of a method and the words that may stand in them, from its annotations, which are text."""
    return {
        (name.replace("_fields", ".fields") if name.endswith("_fields") else name): words(parameter.annotation)
        for name, parameter in inspect.signature(method_of(xdk.Client(), template)).parameters.items()
        if name != CALLS[template][2]
    }


def words(annotation):
    """The words of a Literal in an annotation."""
    return set(re.findall(r"""["']([\w.]+)["']""", annotation)) if "Literal" in annotation else set()


@pytest.mark.parametrize("template", sorted(ENDPOINTS))
def test_the_server_takes_what_xdk_knows(template):
    theirs, ours = known_to_xdk(template), ENDPOINTS[template]
    assert set(ours) == set(theirs)
    for name, rule in ours.items():
        if isinstance(rule, frozenset):
            assert rule - NEWER.get(name, set()) == theirs[name], name
        else:
            assert not theirs[name], f"{name} has words in xdk"


def asked_of(server, monkeypatch, tmp_path):
    """One collection; gives what it asked."""
    monkeypatch.setenv("HEADCOUNT_SETTINGS", str(tmp_path / "settings"))
    monkeypatch.setenv("HEADCOUNT_X_API", server.address)
    monkeypatch.setenv("HEADCOUNT_X_TOKEN", TOKEN)
    name = server.recorded.users[ACCOUNT]["username"]
    # the recorded posts are of 2022 and before; all of them are asked about as if they were of today
    monkeypatch.setattr(
        "headcount.sources.x.collector.SEARCH_REACHES", datetime.now(UTC) - datetime(2010, 1, 1, tzinfo=UTC)
    )
    options = Options(since=datetime(2015, 1, 1, tzinfo=UTC), sample=5)
    headcount.open(tmp_path / "workspace").collect(f"x:{name}", options)
    return list(server.asked)


@pytest.mark.shared
def test_xdk_asks_the_same_in_the_same_words_and_is_answered_the_same(server, monkeypatch, tmp_path):
    ours = asked_of(server, monkeypatch, tmp_path)
    assert {template for template, _, _ in ours} == set(CALLS), "every endpoint is asked"
    assert not server.refused
    client = xdk.Client(base_url=server.address, bearer_token=TOKEN, access_token=TOKEN)
    for template, name, given in ours:
        assert theirs(client, template, name, given), f"xdk is answered nothing by {template}"
        assert server.asked[-1] == (template, name, given)
    assert not server.refused
    client.session.close()


def theirs(client, template, name, given):
    """The same call made by xdk: the first page of its answer has nothing that xdk does not expect.

    Counters that X had not yet when the answers were recorded are missing.
    """
    argument = CALLS[template][2]
    more = {key.replace(".", "_"): split(key, value) for key, value in given.items()}
    try:
        answer = method_of(client, template)(**({argument: name} if argument else {}), **more)
        return answer if hasattr(answer, "model_dump") else next(iter(answer))
    except pydantic.ValidationError as error:
        wrong = {(found["type"], found["loc"][-1]) for found in error.errors()}
    assert wrong <= {("missing", "bookmark_count"), ("missing", "impression_count")}
    return wrong


def split(name, value):
    if name == "max_results":
        return int(value)
    return value.split(",") if name.endswith(".fields") or name == "expansions" else value
