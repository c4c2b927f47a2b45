"""The server refuses what X does not take: else what it lets through would prove nothing."""

from __future__ import annotations

import httpx2
import pytest
from tests.x_server.description import POST_FIELDS, USER_FIELDS, wrong_parameters
from tests.x_server.recorded import Recorded
from tests.x_server.server import XServer

TOKEN, ACCOUNT = "a-token", "890891"


@pytest.fixture(scope="module")
def recorded(shared_data):
    return Recorded(shared_data)


@pytest.fixture
def server(recorded):
    with XServer(recorded, {TOKEN: ACCOUNT, "an-application": None}) as server:
        yield server


@pytest.mark.shared
@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/2/users/890891/tweets?tweet.fields=created_at", "tweet.fields"),
        ("/2/users/890891/tweets?post.fields=created_at,author_id", "author_id"),
        ("/2/users/890891/tweets?max_results=4", "between 5 and 100"),
        ("/2/users/890891/followers?max_results=1001", "between 1 and 1000"),
        ("/2/users/890891/followers?expansions=pinned_tweet_id", "pinned_tweet_id"),
        ("/2/users/890891/mentions?start_time=2015-01-01", "start_time"),
        ("/2/tweets/search/recent?max_results=10", "query"),
        ("/2/users/890891/followers?max_results=5&max_results=6", "more than once"),
        ("/2/users/890891/followers?pagination_token=0123456789abcdef", "not given out"),
    ],
)
def test_the_server_refuses_what_x_does_not_take(server, path, wrong):
    answer = httpx2.get(server.address + path, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 400
    assert wrong in answer.text


@pytest.mark.shared
def test_a_token_of_a_page_is_good_for_its_own_list_only(server):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    first = httpx2.get(f"{server.address}/2/users/890891/followers?max_results=5", headers=headers).json()
    token = first["meta"]["next_token"]
    assert httpx2.get(f"{server.address}/2/users/890891/followers?pagination_token={token}", headers=headers).json()[
        "data"
    ]
    for other in ("users/890891/following", "users/2351222345/followers"):
        answer = httpx2.get(f"{server.address}/2/{other}?pagination_token={token}", headers=headers)
        assert answer.status_code == 400


@pytest.mark.shared
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_the_server_refuses_to_write(server, method):
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert httpx2.request(method, f"{server.address}/2/users/890891/following", headers=headers).status_code == 405


def test_words_are_checked_one_by_one():
    fields = [("user.fields", ",".join(sorted(USER_FIELDS))), ("post.fields", ",".join(sorted(POST_FIELDS)))]
    assert wrong_parameters("/2/users/me", fields) == {}
    assert set(wrong_parameters("/2/users/me", [("user.fields", "created_at,no_such_field")])) == {"user.fields"}


@pytest.mark.shared
@pytest.mark.parametrize(
    ("headers", "path", "status"),
    [
        ({}, "/2/users/me", 401),
        ({"Authorization": "Bearer another"}, "/2/users/me", 401),
        ({"Authorization": f"Basic {TOKEN}"}, "/2/users/me", 401),
        ({"Authorization": "Bearer an-application"}, "/2/users/me", 403),
        ({"Authorization": "Bearer an-application"}, "/2/tweets/20/liking_users", 403),
        ({"Authorization": "Bearer an-application"}, "/2/tweets/20/retweeted_by", 200),
        ({"Authorization": f"Bearer {TOKEN}"}, "/2/users/me", 200),
        ({"Authorization": f"Bearer {TOKEN}"}, "/2/users/890891/friends", 404),
    ],
)
def test_the_server_looks_at_the_token(server, headers, path, status):
    assert httpx2.get(server.address + path, headers=headers).status_code == status
