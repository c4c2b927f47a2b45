"""Bluesky's lists that are refused, cut, blocked or without counters: typed facts, and never a zero that is not known.

A server of numbers (tests/collecting) answers in this process; single answers are replaced as the AppView replaces
them for accounts that are taken down, deactivated or blocked, or as a proxy breaks them.
"""

from __future__ import annotations

import itertools
import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import httpx2
import pytest
from tests.collecting.stub import Settings, Stub
from tests.collecting.world import DAY, MAIN, Sizes, World, did

import headcount as hc
from headcount.errors import AccountNotFound, PlatformUnavailable
from headcount.sources.collect.client import Client, RetryPolicy
from headcount.sources.collect.options import Options
from headcount.store.read.lists import read_list_coverage
from headcount.store.store import Store

NOW = 1_760_000_000_000_000
QUICK = RetryPolicy(tries=2, first=0.001, longest=0.002, blind=0.001, timeout=1)
ME = f"bluesky:{did(0)}"
THREAD, PROFILE, FEED = "app.bsky.feed.getPostThread", "app.bsky.actor.getProfile", "app.bsky.feed.getAuthorFeed"


class Server:
    """The server of numbers, with some answers changed.

    Args:
        sizes: of its world.
        change: method -> function from (asked address, content) to another content, or (status, content).
    """

    def __init__(self, change=None, **sizes):
        self.world = World(Sizes(**{"followers": 230, "now": NOW, "following": 20, "posts": 3, "likes": 30} | sizes))
        self.stub, self.change = Stub(self.world, Settings()), change or {}

    def __call__(self, request):
        url = str(request.url).removeprefix("http://stub")
        (status, kind, body), headers = self.stub.answer("GET", url, "stub")
        changed = self.change.get(request.url.path.removeprefix("/xrpc/"))
        if changed is not None:
            told = changed(url, json.loads(body))
            status, content = told if isinstance(told, tuple) else (status, told)
            body = json.dumps(content).encode()
        return httpx2.Response(status, headers=headers | {"content-type": kind}, content=body)


@pytest.fixture(autouse=True)
def addresses(monkeypatch):
    monkeypatch.setenv("HEADCOUNT_BLUESKY_APPVIEW", "http://stub")
    monkeypatch.setenv("HEADCOUNT_BLUESKY_DIRECTORY", "http://stub")


def collect(folder, server, name=MAIN, **options):
    def client(**how):
        return Client(**how, transport=httpx2.MockTransport(server), retry_policy=QUICK)

    options = Options(**{"since": datetime.fromtimestamp((NOW - 365 * DAY) / 1e6, UTC)} | options)
    return hc.open(folder).collect(name, options, client=client)


def coverage(folder):
    """(state, reason, listed, claimed) of each list of the account."""
    with Store(folder) as store:
        found = read_list_coverage(store.connection, ME, datetime.now(UTC).replace(tzinfo=None))
    return {name: (entry.state, entry.reason, entry.listed, entry.claimed) for name, entry in found.items()}


def rows(folder, sql):
    with Store(folder) as store:
        return store.connection.execute(sql).fetchall()


def refuse(status, error, message):
    return lambda _url, _content: (status, {"error": error, "message": message})


def test_every_list_has_its_coverage(tmp_path):
    """Of 230 followers three have left; of the responses some are by accounts that have."""
    server = Server()
    collect(tmp_path, server)
    world = server.world
    counts = [world.counts(place) for place in range(3)]
    claimed = {kind: sum(count[f"{kind}Count"] for count in counts) for kind in ("reply", "like", "repost", "quote")}
    listed = {kind: sum(len(world.responders(place, kind)) for place in range(3)) for kind in claimed}
    direct = sum(len(world.thread(place)["replies"]) for place in range(3))
    found = coverage(tmp_path)
    assert found["followers"] == ("complete", "removed_or_private", 227, 230)
    assert found["following"] == ("complete", None, 20, 20)
    assert found["posts"] == ("complete", None, 3, 3)
    assert found["replies"][2:] == (direct, claimed["reply"])
    for name, kind in (("likes", "like"), ("reposts", "repost"), ("quotes", "quote")):
        reason = "removed_or_private" if listed[kind] < claimed[kind] else None
        assert found[name] == ("complete", reason, listed[kind], claimed[kind])


def test_own_threads_that_come_as_blocked_are_unknown_and_said(tmp_path):
    """As bluesky-social/atproto#2201: the account's own threads come as blockedPost."""

    def blocked(url, content):
        uri = content["thread"]["post"]["uri"]
        kind = "app.bsky.feed.defs#blockedPost"
        return {"thread": {"$type": kind, "uri": uri, "blocked": True, "author": {"did": did(0)}}}

    collect(tmp_path, Server({THREAD: blocked}))
    assert coverage(tmp_path)["replies"] == ("hidden", "hidden_by_account", 0, 22)
    report = hc.open(tmp_path).report(ME, window_days=None)
    (part,) = [part for part in report.lists if part.list == "replies"]
    assert part.sentence in report.notes
    assert part.sentence.startswith("The list of replies is unknown (the counter shows 22)")


def test_one_thread_that_is_gone_leaves_the_replies_partial(tmp_path):
    world = Server().world

    def gone(url, content):
        if content["thread"]["post"]["uri"] != world.uri(0, 0):
            return content
        return 400, {"error": "NotFound", "message": "Post not found"}

    collect(tmp_path, Server({THREAD: gone}))
    state, reason, listed, claimed = coverage(tmp_path)["replies"]
    assert (state, reason, claimed) == ("partial", "removed_or_private", 22)
    assert 0 < listed <= 10


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("method", "name", "status", "expected"),
    [
        ("app.bsky.graph.getFollowers", "followers", 401, ("refused", "login_required", 0, 230)),
        ("app.bsky.graph.getFollowers", "followers", 404, ("refused", "not_supported", 0, 230)),
        ("app.bsky.graph.getFollows", "following", 403, ("refused", "login_required", 0, 20)),
        ("app.bsky.feed.getLikes", "likes", 401, ("refused", "login_required", 0, 55)),
        ("app.bsky.feed.getRepostedBy", "reposts", 403, ("refused", "login_required", 0, 36)),
        ("app.bsky.feed.getQuotes", "quotes", 404, ("refused", "not_supported", 0, 8)),
        (THREAD, "replies", 401, ("refused", "login_required", 0, 22)),
        (FEED, "posts", 401, ("refused", "login_required", 0, 3)),
    ],
)
def test_a_list_that_is_refused_is_unknown_and_not_empty(tmp_path, method, name, status, expected):
    collect(tmp_path, Server({method: refuse(status, "Refused", "not for you")}))
    assert coverage(tmp_path)[name] == expected
    report = hc.open(tmp_path).report(ME, window_days=None)
    (part,) = [part for part in report.lists if part.list == name]
    assert part.state == "refused"
    if name == "followers":
        assert report.followers.listed is None
    if name == "posts":
        assert report.audience.headcount is None
        assert report.ties.count is None
        assert {coverage(tmp_path)[other][:2] for other in ("replies", "likes", "reposts", "quotes")} == {expected[:2]}


def test_an_account_that_blocks_the_reader_hides_its_posts(tmp_path):
    collect(tmp_path, Server({FEED: refuse(400, "BlockedByActor", "Requester is blocked by actor")}))
    assert coverage(tmp_path)["posts"][:2] == ("hidden", "hidden_by_account")


def without_cursor(_url, content):
    """A proxy that drops the cursor."""
    return {name: value for name, value in content.items() if name != "cursor"}


def test_a_full_page_without_a_cursor_is_not_the_end(tmp_path):
    change = dict.fromkeys(
        ("app.bsky.graph.getFollowers", "app.bsky.graph.getFollows", "app.bsky.feed.getLikes", FEED), without_cursor
    )
    collect(tmp_path, Server(change, following=100, likes=150, posts=130, followers=1_000))
    found = coverage(tmp_path)
    assert found["following"] == ("complete", None, 100, 100), "a full page that holds all is the end"
    assert found["posts"] == ("partial", "no_next_page", 100, 130)
    assert found["likes"][:2] == ("partial", "no_next_page")
    assert found["followers"][:2] == ("partial", "shorter_than_counter"), "99 of 1,000: one on the page has left"


def test_a_complete_list_that_comes_back_cut_makes_no_one_gone(tmp_path):
    """Two hundred followers whole, then the first page only: the others are still there."""
    collect(tmp_path, Server(followers=104))
    assert rows(tmp_path, "SELECT count(*) FROM follows WHERE followee_id = " + f"'{ME}'") == [(103,)]
    page = {"app.bsky.graph.getFollowers": lambda _u, c: without_cursor(_u, c) | {"followers": full_page(c)}}
    collect(tmp_path, Server(page, followers=104), sample=1)
    assert coverage(tmp_path)["followers"] == ("partial", "no_next_page", 100, 104)
    assert rows(tmp_path, f"SELECT count(*) FROM follows WHERE followee_id = '{ME}' AND gone_at IS NULL") == [(104,)]


def full_page(content):
    """The page with the follower that has left on it, so that it is full."""
    world = World(Sizes(followers=104, now=NOW))
    return [*content["followers"], world.listed(13)][:100]


def test_the_newest_followers_only_are_partial_by_the_limit(tmp_path):
    collect(tmp_path, Server(), limit=50)
    assert coverage(tmp_path)["followers"] == ("partial", "limit", 50, 230)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, None), ("230", 230), (-1, None), ("many", None), (True, None), (230.0, 230), ([], None)],
)
def test_counters_that_are_missing_or_no_numbers_are_unknown(tmp_path, given, expected):
    def profile(_url, content):
        counters = dict.fromkeys(("followersCount", "followsCount", "postsCount"), given)
        return content | counters

    feed = {"likeCount": given, "replyCount": given, "repostCount": given, "quoteCount": given}

    def posts(_url, content):
        return content | {"feed": [item | {"post": item["post"] | feed} for item in content["feed"]]}

    collect(tmp_path, Server({PROFILE: profile, FEED: posts}))
    counted = rows(tmp_path, f"SELECT followers_count, posts_count FROM accounts WHERE account_id = '{ME}'")
    assert counted == [(expected, expected)]
    found = coverage(tmp_path)
    assert found["followers"][2:] == (227, expected)
    assert found["likes"][2] > 0, "what has no counter is asked for"
    report = hc.open(tmp_path).report(ME, window_days=None)
    assert report.followers.claimed == expected


GONE = {
    "AccountTakedown": ("Account has been suspended", "suspended", "account_suspended"),
    "AccountDeactivated": ("Account is deactivated", "deleted", "account_deleted"),
    "InvalidRequest": ("Profile not found", "deleted", "account_deleted"),
}


@pytest.mark.parametrize("error", GONE)
def test_an_account_that_is_gone_since_has_its_status_and_keeps_its_followers(tmp_path, error):
    message, status, reason = GONE[error]
    collect(tmp_path, Server())
    everything = dict.fromkeys((PROFILE, FEED, "app.bsky.graph.getFollowers"), refuse(400, error, message))
    result = collect(tmp_path, Server(everything), sample=5)
    assert any(status in note for note in result.notes)
    assert rows(tmp_path, f"SELECT status, followers_count FROM accounts WHERE account_id = '{ME}'") == [(status, 230)]
    assert rows(tmp_path, f"SELECT count(*) FROM follows WHERE followee_id = '{ME}' AND gone_at IS NULL") == [(227,)]
    assert {entry[:2] for entry in coverage(tmp_path).values()} == {("refused", reason)}
    report = hc.open(tmp_path).report(ME, window_days=None)
    assert report.followers.listed == 227
    words = {"suspended": "the account is suspended", "deleted": "the account was deleted"}
    assert words[status] in report.followers.explanation


@pytest.mark.parametrize(
    ("error", "words"),
    [("AccountTakedown", "suspended by Bluesky"), ("AccountDeactivated", "deactivated"), ("InvalidRequest", "no acc")],
)
def test_an_account_that_is_gone_and_was_not_collected_is_an_error(tmp_path, error, words):
    with pytest.raises(AccountNotFound, match=words):
        collect(tmp_path, Server({PROFILE: refuse(400, error, GONE[error][0])}))
    assert not (tmp_path / "landing").exists()


def test_an_account_with_a_new_handle_is_found_by_its_did(tmp_path):
    collect(tmp_path, Server())

    def renamed(url, content):
        if MAIN in url:
            return 400, {"error": "InvalidRequest", "message": "Profile not found"}
        return content | {"handle": "other.test"}

    collect(tmp_path, Server({PROFILE: renamed}), sample=5)
    assert rows(tmp_path, f"SELECT handle, status FROM accounts WHERE account_id = '{ME}'")[0][1] == "active"
    assert coverage(tmp_path)["followers"][0] == "complete"


def test_a_page_that_is_no_object_is_a_fault_of_the_server(tmp_path):
    collect(tmp_path, Server({"app.bsky.graph.getFollows": lambda _u, _c: ["not", "an object"]}))
    assert coverage(tmp_path)["following"] == ("refused", "server_error", 0, 20)


def test_null_items_and_lists_that_are_none_are_passed_over(tmp_path):
    change = {
        "app.bsky.graph.getFollowers": lambda _u, c: c | {"followers": [None, "x", 3, {}, *c["followers"]]},
        "app.bsky.graph.getFollows": lambda _u, c: c | {"follows": None},
        "app.bsky.feed.getLikes": lambda _u, c: c | {"likes": {"0": None}},
        FEED: lambda _u, c: c | {"feed": [None, {"post": None}, *c["feed"]]},
    }
    collect(tmp_path, Server(change))
    found = coverage(tmp_path)
    assert found["followers"][2] == 227
    assert found["following"][:2] == ("unknown", "shorter_than_counter")
    assert found["posts"][2] == 3


def test_a_later_look_at_all_followers_resets_the_sample(tmp_path):
    """A sample of 20, then a closer look at everyone: no follower is left as not looked at."""
    collect(tmp_path, Server(), sample=20)
    drawn = f"SELECT sampled, count(*) FROM follows WHERE followee_id = '{ME}' GROUP BY 1 ORDER BY 1"
    assert rows(tmp_path, drawn) == [(False, 207), (True, 20)]
    collect(tmp_path, Server())
    assert rows(tmp_path, drawn) == [(None, 227)]
    report = hc.open(tmp_path).report(ME, window_days=None)
    assert report.funnel.sample is None
    assert report.followers.state == "complete"


def test_an_older_collection_that_is_imported_later_revives_no_one(tmp_path):
    """Landings of two workspaces: 104 followers, of whom the newest 10 have left since."""
    collect(tmp_path / "old", Server(followers=104))

    def shorter(url, content):
        return content if "cursor" in url else content | {"followers": content["followers"][10:]}

    fewer = {
        "app.bsky.graph.getFollowers": shorter,
        PROFILE: lambda _url, content: content | {"followersCount": 94},
    }
    collect(tmp_path / "new", Server(fewer, followers=104))
    (older,) = (tmp_path / "old" / "landing").rglob("*.landing")
    hc.open(tmp_path / "new").add(older)
    listed = f"SELECT count(*) FROM follows WHERE followee_id = '{ME}' AND gone_at IS NULL"
    assert rows(tmp_path / "old", listed) == [(103,)]
    assert rows(tmp_path / "new", listed) == [(93,)]
    (newer,) = (tmp_path / "new" / "landing").rglob("*.landing")
    hc.open(tmp_path / "old").add(newer)
    assert rows(tmp_path / "old", listed) == [(93,)]
    assert coverage(tmp_path / "new")["followers"] == coverage(tmp_path / "old")["followers"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "services",
    [
        [{"type": "AtprotoPersonalDataServer", "serviceEndpoint": "http://127.0.0.1:8080"}],
        [{"type": "AtprotoPersonalDataServer", "serviceEndpoint": "ftp://stub"}],
        [{"type": "AtprotoPersonalDataServer", "serviceEndpoint": ["http://stub"]}],
        [{"type": "AtprotoPersonalDataServer"}],
        ["http://stub"],
        {"type": "AtprotoPersonalDataServer"},
        7,
    ],
)
def test_an_identity_that_names_no_server_of_the_network_costs_the_repository_only(tmp_path, services):
    requested = []
    server = Server()

    def answer(request):
        requested.append(request.url.host)
        if request.url.path.startswith("/did:"):
            return httpx2.Response(200, json={"service": services})
        return server(request)

    result = collect(tmp_path, answer)
    assert set(requested) == {"stub"}
    assert any("own repository could not be read" in note for note in result.notes)
    assert coverage(tmp_path)["followers"][0] == "complete"


# -- lists that always fail, and lists without an end -----------------------------------------------------------------

LISTS = {
    "followers": "app.bsky.graph.getFollowers",
    "following": "app.bsky.graph.getFollows",
    "posts": FEED,
    "replies": THREAD,
    "likes": "app.bsky.feed.getLikes",
    "reposts": "app.bsky.feed.getRepostedBy",
    "quotes": "app.bsky.feed.getQuotes",
}


def fails(status):
    return lambda _url, _content: (status, {"error": "InternalServerError", "message": "Internal Server Error"})


@pytest.fixture(scope="module")
def complete_coverage(tmp_path_factory):
    """The lists of a collection from a server that answers everything."""
    folder = tmp_path_factory.mktemp("whole")
    collect(folder, Server())
    return coverage(folder)


STATUSES = (500, 502, 503, 504)


@pytest.mark.sampled(4)
# every list once, and every status: they are told apart in the client, before it is known which list is read
@pytest.mark.parametrize(
    ("name", "status"),
    [*zip(LISTS, itertools.cycle(STATUSES), strict=False), *(("followers", status) for status in STATUSES[1:])],
)
def test_a_list_that_always_fails_is_a_fact_and_the_rest_is_collected(tmp_path, complete_coverage, name, status):
    """The list is refused with its status, said in a note, and read again by the next run."""
    expected = complete_coverage
    result = collect(tmp_path / "ws", Server({LISTS[name]: fails(status)}))
    found = coverage(tmp_path / "ws")
    assert found[name][:3] == ("refused", "server_error", 0)
    responses = {"replies", "likes", "reposts", "quotes"} if name == "posts" else set()
    for other in set(LISTS) - {name} - responses:
        assert found[other] == expected[other]
    assert {found[other][:2] for other in responses} <= {("refused", "server_error")}
    step = {"replies": "thread", "posts": "posts"}.get(name, name)
    notes = [note for note in result.notes if note.startswith("Skipped because the platform did not respond")]
    assert any(step in note and f"HTTP {status}" in note for note in notes)
    report = hc.open(tmp_path / "ws").report(ME, window_days=None)
    (part,) = [part for part in report.lists if part.list == name]
    assert part.state == "refused"
    if name != "replies":
        assert f"HTTP {status}" in part.sentence
    collect(tmp_path / "ws", Server())
    assert coverage(tmp_path / "ws") == expected


def test_a_list_that_fails_after_its_first_page_is_partial(tmp_path):
    def later(url, content):
        return fails(503)(url, content) if "cursor=" in url else content

    result = collect(tmp_path, Server({LISTS["followers"]: later}))
    state, reason, listed, claimed = coverage(tmp_path)["followers"]
    assert (state, reason, claimed) == ("partial", "broke_off", 230)
    assert 90 < listed <= 100
    assert any("the list of followers or its rest (HTTP 503)" in note for note in result.notes)


def test_a_server_that_goes_down_ends_the_run_which_resumes(tmp_path):
    """Nothing is answered from some request on: no list is called empty or refused, and nothing is asked for twice."""
    server, down_after = Server(), 12
    requests = []

    def going_down(request):
        requests.append(str(request.url))
        return server(request) if len(requests) <= down_after else httpx2.Response(503)

    with pytest.raises(PlatformUnavailable, match="503"):
        collect(tmp_path, going_down)
    assert not (tmp_path / "headcount.duckdb").exists()
    answered = set(requests[:down_after])
    again = []

    def up(request):
        again.append(str(request.url))
        return server(request)

    collect(tmp_path, up)
    assert not answered & set(again)
    assert coverage(tmp_path)["followers"] == ("complete", "removed_or_private", 227, 230)


def endless(name):
    """Pages of new rows under new cursors, for ever, each made from the first row of the server's own first page."""
    template = []

    def answer(url, content):
        template.extend(content.get(name, [])[:1])
        if not template:
            return content
        start = int(dict(parse_qsl(urlsplit(url).query)).get("cursor", "c0").removeprefix("c"))
        rows = json.loads(json.dumps(template[:1] * 100))
        for number, row in enumerate(rows, start):
            inner = row.get("actor", row.get("post", row))
            if "did" in inner:
                inner["did"] = f"did:plc:{number:024d}"
            else:
                inner["uri"] = inner["uri"].rpartition("/")[0] + f"/3{number:012d}"
                inner |= dict.fromkeys(("likeCount", "replyCount", "repostCount", "quoteCount"), 0)
        return content | {name: rows, "cursor": f"c{start + 100}"}

    return answer


ITEMS = {"followers": "followers", "following": "follows", "posts": "feed", "likes": "likes", "reposts": "repostedBy"}


@pytest.mark.parametrize("name", ["followers", "following", "posts", "likes", "reposts", "quotes"])
def test_a_list_without_an_end_is_ended_beyond_its_counter(tmp_path, name, monkeypatch):
    monkeypatch.setattr("headcount.sources.collect.list_bounds.MAX_EXCESS", 300)
    server = Server({LISTS[name]: endless(ITEMS.get(name, "posts"))}, followers=104, posts=2)
    result = collect(tmp_path, server, sample=1)
    state, reason, listed, claimed = coverage(tmp_path)[name]
    assert (state, reason) == ("partial", "longer_than_counter")
    assert 300 < listed <= 2 * (claimed + 500), "of two posts at most"
    assert any("far more than the" in note and "the list is incomplete" in note for note in result.notes)
