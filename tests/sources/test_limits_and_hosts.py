"""Limits, deadlines and hosts: a request ends, waits as long as it must, and carries a secret to its own host only."""

import socket
import threading
import time
from contextlib import closing
from urllib.parse import urlsplit

import httpx2
import pytest

import headcount as hc
from headcount.errors import AccessDenied, PlatformUnavailable, UsageError
from headcount.sources.bluesky.login_session import BlueskyLogin, log_in_bluesky
from headcount.sources.collect.client import AnswerTooLarge, Client, RetryPolicy
from headcount.sources.collect.collection import Collection
from headcount.sources.collect.landing import Landing
from headcount.sources.collect.links import (
    OtherAddress,
    is_private_connection,
    next_on_server,
    server_address,
    server_host,
)
from headcount.sources.handles import Target
from headcount.sources.login.secrets import keep_secret
from headcount.sources.login.sessions import TokenLogin, find_login
from headcount.sources.mastodon.login import MastodonLogins
from headcount.sources.x.login import x_host

QUICK = RetryPolicy(tries=4, first=0.001, longest=0.01, blind=0.001, timeout=5.0)


def pauses_of(headers, refusals=3):
    """The pauses before the next try, after each of some 429s with these headers."""
    answers = [httpx2.Response(429, headers=headers)] * refusals + [httpx2.Response(200, json={})]
    paused = []
    client = Client(transport=httpx2.MockTransport(lambda request: answers.pop(0)), retry_policy=RetryPolicy(tries=8))
    with client, pytest.MonkeyPatch.context() as patch:
        patch.setattr("time.sleep", paused.append)
        client.get("http://h/page")
    return paused


@pytest.mark.parametrize("offset", [0, -1, -3600])
@pytest.mark.parametrize("name", ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"])
def test_a_reset_that_has_passed_waits_a_growing_time_of_at_least_a_second(name, offset):
    first, second, third = pauses_of({name: str(int(time.time()) + offset)})
    assert 1.0 <= first <= 1.1
    assert 2.0 <= second <= 2.2
    assert 4.0 <= third <= 4.4


def test_retry_after_zero_waits_a_growing_time_too():
    assert [round(pause) for pause in pauses_of({"retry-after": "0"})] == [1, 2, 4]


def test_a_reset_is_read_against_the_clock_of_the_server():
    server_now = time.time() - 7200
    date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(server_now))
    (pause,) = pauses_of({"date": date, "x-rate-limit-reset": str(int(server_now) + 90)}, refusals=1)
    assert 88 <= pause <= 100


@pytest.mark.parametrize("order", [("5", "120"), ("120", "5")])
def test_of_two_retry_after_headers_the_longer_holds(order):
    (pause,) = pauses_of([("retry-after", value) for value in order], refusals=1)
    assert 120 <= pause <= 132


def test_of_two_remaining_headers_the_lower_holds():
    headers = [("ratelimit-remaining", "9"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "60")]
    slept = []
    answer = httpx2.MockTransport(lambda request: httpx2.Response(200, headers=headers, json={}))
    with Client(transport=answer, retry_policy=QUICK, sleep=slept.append) as client:
        client.get("http://h/1")
        client.get("http://h/2")
    assert 59 < slept[0] <= 60


@pytest.fixture(params=["headers", "body"])
def dripping(request):
    """A real server that sends one byte of its headers, or of its body, every 20 ms and never ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    stopped = threading.Event()

    def drip(connection):
        with closing(connection):
            connection.recv(65536)
            start = (
                b"HTTP/1.1 200 OK\r\nX-Filler: "
                if request.param == "headers"
                else (b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
            )
            try:
                connection.sendall(start)
                while not stopped.wait(0.02):
                    connection.sendall(b" ")
            except OSError:
                return

    def serve():
        while not stopped.is_set():
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=drip, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}/page"
    stopped.set()
    listening.close()


def test_a_request_has_a_deadline_as_a_whole(dripping):
    retry_policy = RetryPolicy(tries=2, first=0.01, longest=0.01, timeout=5.0, deadline=0.5)
    started = time.monotonic()
    with Client(retry_policy=retry_policy) as client, pytest.raises(PlatformUnavailable, match=r"within 0\.5 s"):
        client.get(dripping)
    assert time.monotonic() - started < 5


def test_an_answer_over_the_limit_is_not_requested_again(tmp_path, monkeypatch):
    monkeypatch.setattr("headcount.sources.collect.client.MAX_BODY_ELSEWHERE", 1000)
    requested = []

    def answer(request):
        requested.append(str(request.url))
        return httpx2.Response(200, json={"text": "x" * 5000})

    client = Client(transport=httpx2.MockTransport(answer), retry_policy=QUICK)
    with Landing(tmp_path / "x.landing", write=True) as landing, client:
        for _ in range(2):  # the second run of a collection that was interrupted
            page = Collection(landing, client).get("step", "http://h/long")
            assert (page.good, page.status) == (False, 413)
        with pytest.raises(AnswerTooLarge, match="was discarded"):
            client.get("http://h/long")
    assert requested == ["http://h/long"] * 2


def test_the_status_of_the_last_failure_is_known():
    answer = httpx2.MockTransport(lambda request: httpx2.Response(500))
    with Client(transport=answer, retry_policy=QUICK) as client, pytest.raises(PlatformUnavailable) as failure:
        client.get("http://h/x")
    assert failure.value.status == 500

    def unreachable(request):
        raise httpx2.ConnectError("no route")

    with (
        Client(transport=httpx2.MockTransport(unreachable), retry_policy=QUICK) as client,
        pytest.raises(PlatformUnavailable) as failure,
    ):
        client.get("http://h/x")
    assert failure.value.status is None


# -- addresses that an answer names ------------------------------------------------------------------------------------

OWN = "https://m.example/api/v1/accounts/1/followers?limit=80"


@pytest.mark.parametrize(
    ("link", "followed"),
    [
        ("https://m.example/a?b=1", "https://m.example/a?b=1"),
        ("https://m.example:443/a?b=1", "https://m.example/a?b=1"),
        ("https://M.EXAMPLE./a?b=1", "https://m.example/a?b=1"),
        ("/a?b=1", "https://m.example/a?b=1"),
        ("?b=1", "https://m.example/api/v1/accounts/1/followers?b=1"),
        ("following?b=1", "https://m.example/api/v1/accounts/1/following?b=1"),
        ("//m.example/a", "https://m.example/a"),
        ("https://user:word@m.example/a#there", "https://m.example/a"),
        # a server behind a proxy that does not know of https: the page is requested over https
        ("http://m.example/a?b=1", "https://m.example/a?b=1"),
        ("http://m.example:80/a?b=1", "https://m.example/a?b=1"),
        ("http://m.example:3000/a", None),
        ("https://m.example:80/a", None),
        ("https://m.example:8443/a", None),
        ("https://m.example:99999/a", None),
        ("https://evil.example/a", None),
        ("https://m.example.evil.example/a", None),
        ("https://m.example@evil.example/a", None),
        ("//evil.example/a", None),
        ("ftp://m.example/a", None),
        ("javascript:alert(1)", None),
        ("https://[m.example/a", None),
        ("https:///a", "https://m.example/a"),
    ],
)
def test_the_next_page_comes_from_the_server_that_was_requested(link, followed):
    if followed is None:
        with pytest.raises(OtherAddress, match="which is not on its server and was not requested"):
            next_on_server(OWN, link)
    else:
        assert next_on_server(OWN, link) == followed


@pytest.mark.parametrize(
    "link", ["https://127.0.0.1:3000/a", "http://127.0.0.1:3001/a", "http://localhost:3000/a", "http://m.example/a"]
)
def test_plain_http_on_this_machine_is_not_another_server_either(link):
    with pytest.raises(OtherAddress):
        next_on_server("http://127.0.0.1:3000/list", link)
    assert next_on_server("http://127.0.0.1:3000/list", "http://127.0.0.1:3000/a") == "http://127.0.0.1:3000/a"


@pytest.mark.parametrize(
    ("requested", "link", "host", "address"),
    [
        ("https://corp.example/x", "https://social.corp.example/users/a", "social.corp.example", "same"),
        ("https://corp.example/x", "/elsewhere", "corp.example", "same"),
        ("https://corp.example/x", "https://pds.example:8443", "pds.example:8443", "same"),
        ("https://corp.example/x", "https://a:b@pds.example", "pds.example", "same"),
        ("https://corp.example/x", "http://pds.example", "pds.example", None),
        ("https://corp.example/x", "http://127.0.0.1:8080/admin", None, None),
        ("https://corp.example/x", "https://localhost/admin", None, None),
        ("https://corp.example/x", "http://[::1]/admin", None, None),
        ("http://127.0.0.1:1/x", "http://127.0.0.1:2", "127.0.0.1:2", "same"),
        ("https://corp.example/x", "ftp://pds.example", None, None),
        ("https://corp.example/x", "", "corp.example", "same"),
        ("https://corp.example/x", "https://[pds", None, None),
    ],
)
def test_a_server_that_an_answer_names_is_one_of_the_network(requested, link, host, address):
    assert server_host(requested, link) == host
    named = server_address(requested, link)
    assert (named is None) == (address is None)
    if address is not None:
        assert urlsplit(named).netloc == host


@pytest.mark.parametrize("link", [None, 5, ["https://pds.example"]])
def test_an_address_that_is_no_text_names_no_server(link):
    assert server_address("https://plc.directory/did:plc:x", link) is None


# -- secrets and hosts ------------------------------------------------------------------------------------------------


@pytest.fixture
def settings(tmp_path, monkeypatch):
    for name in ("HEADCOUNT_X_TOKEN", "HEADCOUNT_X_API", "HEADCOUNT_MASTODON_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HEADCOUNT_SETTINGS", str(tmp_path / "settings"))


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("https://h.example/x", True),
        ("http://localhost:8000/x", True),
        ("http://127.0.0.1/x", True),
        ("http://[::1]:8000/x", True),
        ("http://h.example/x", False),
        ("http://localhost.evil.example/x", False),
        ("http://127.0.0.1.evil.example/x", False),
        ("ftp://localhost/x", False),
        ("//localhost/x", False),
    ],
)
def test_secrets_travel_over_https_or_on_this_machine(url, private):
    assert is_private_connection(url) is private


@pytest.mark.parametrize(
    "url",
    [
        "http://api.x.com/2/users/me",
        "https://api.x.com.evil.example/2",
        "https://api.x.com@evil.example/2",
        "https://evil.example/?api.x.com",
        "https://api.x.com:8443/2",
    ],
)
def test_a_token_is_sent_to_its_own_host_only(url):
    assert TokenLogin("secret", "api.x.com").headers("https://api.x.com/2/users/me")
    assert not TokenLogin("secret", "api.x.com").headers(url)


def test_the_session_of_bluesky_is_not_sent_over_plain_http():
    session = {"server": "http://pds.example", "accessJwt": "a", "refreshJwt": "r", "handle": "h", "did": "d"}
    assert not BlueskyLogin("bluesky", session).headers("http://pds.example/xrpc/x")
    assert BlueskyLogin("bluesky", session | {"server": "https://pds.example"}).headers("https://pds.example/xrpc/x")


def test_no_password_is_sent_over_plain_http(settings, monkeypatch):
    sent = []
    monkeypatch.setattr("httpx2.post", lambda *given, **more: sent.append(given))
    with pytest.raises(UsageError, match="plain http"):
        log_in_bluesky("alice.example", "password", server="http://pds.example")
    assert not sent


def test_the_token_of_x_belongs_to_the_host_that_it_was_made_for(settings, monkeypatch):
    keep_secret("x", "secret")
    target = Target("x", "alice")
    assert find_login(target).headers("https://api.x.com/2/users/me") == {"Authorization": "Bearer secret"}
    assert find_login(target, "https://evil.example") is None
    monkeypatch.setenv("HEADCOUNT_X_TOKEN", "secret")
    assert find_login(target, "https://evil.example") is None
    monkeypatch.setenv("HEADCOUNT_X_API", "http://127.0.0.1:9")
    assert x_host() == "127.0.0.1:9"
    assert find_login(target).headers("http://127.0.0.1:9/2/users/me")


def test_sync_does_not_use_a_server_that_another_workspace_named(tmp_path, settings, monkeypatch):
    """A landing that was made elsewhere is imported like a file; nothing is requested from the server that it names."""
    keep_secret("x", "secret")
    theirs = tmp_path / "gift" / "x.landing"
    with Landing(theirs, write=True) as landing:
        for key, value in {
            "platform": "x",
            "target": "alice",
            "account_id": "x:1",
            "options": '{"limit":null,"service":"http://127.0.0.1:9"}',
        }.items():
            landing.set_meta(key, value)
        landing.put("profile", "https://api.x.com/2/users/by/username/alice", 200, {}, b'{"data":{"id":"1"}}')
        landing.finish()
    requested = []
    monkeypatch.setattr("headcount.sources.collect.client.Client.get", lambda *given, **more: requested.append(given))
    workspace = hc.open(tmp_path / "ws")
    workspace.add(theirs)
    assert [imported.source for imported in workspace.sync()] == ["X API"]
    assert not requested


class Server:
    """Answers of a server to the two addresses that a login reads."""

    def __init__(self, monkeypatch, accounts, apps):
        self.answers = {"accounts": accounts, "apps": apps}
        monkeypatch.setattr("httpx2.get", self.get)

    def get(self, url, **_more):
        return self.answers["apps" if "/apps/" in url else "accounts"]


HTML = httpx2.Response(404, text="<html>not found</html>")
ME = httpx2.Response(200, json={"acct": "me"})


@pytest.mark.parametrize("apps", [HTML, httpx2.Response(404, json={"error": "x"}), httpx2.Response(200, json={})])
def test_login_works_where_the_scopes_of_a_token_are_not_listed_and_says_so(settings, monkeypatch, apps):
    Server(monkeypatch, ME, apps)
    whose, _ = MastodonLogins().log_in("snac.example", "token", None)
    assert whose.startswith("@me@snac.example (this server does not list the scopes")


def test_login_says_why_where_the_server_cannot_check_tokens(settings, monkeypatch):
    Server(monkeypatch, HTML, HTML)
    with pytest.raises(AccessDenied, match="cannot check tokens"):
        MastodonLogins().log_in("other.example", "token", None)


@pytest.mark.parametrize("scopes", [["read", "write"], "read write:statuses", ["follow"], ["admin:read"]])
def test_a_token_that_may_write_is_refused(settings, monkeypatch, scopes):
    Server(monkeypatch, ME, httpx2.Response(200, json={"scopes": scopes}))
    with pytest.raises(AccessDenied, match="may do more than read"):
        MastodonLogins().log_in("m.example", "token", None)
