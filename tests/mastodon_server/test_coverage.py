"""How completely lists of Mastodon's API were read: what servers hide, refuse, cut or write in another form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from tests.mastodon_server.stub import Pages, Reply, Stub, run_stub

import headcount as hc
from headcount.errors import PlatformUnavailable
from headcount.incoming import ListCoverage
from headcount.sources.collect.client import Client, RetryPolicy
from headcount.sources.collect.links import OtherAddress, next_on_server
from headcount.sources.collect.options import Options
from headcount.sources.mastodon.collector import MastodonCollector

AT = "2026-11-20T12:00:00.000Z"
BASE = "/api/v1/accounts/1"


def quick(**how):
    return Client(retry_policy=RetryPolicy(tries=2, first=0.01, longest=0.02, blind=0.01, timeout=5), **how)


@pytest.fixture(autouse=True)
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HEADCOUNT_MASTODON_TOKEN", raising=False)
    monkeypatch.setenv("HEADCOUNT_SETTINGS", str(tmp_path / "settings"))


def person(name: str, number: str, **more: Any) -> dict[str, Any]:
    counts = {"followers_count": 3, "following_count": 5, "statuses_count": 7}
    return {"id": number, "acct": name, "username": name, "note": "", "created_at": AT, **counts, **more}


def people(count: int) -> list[dict[str, Any]]:
    return [person(f"f{n}", str(1_000 + n)) for n in range(count)]


def status(number: int, author: dict[str, Any], **more: Any) -> dict[str, Any]:
    counts = {"replies_count": 0, "favourites_count": 0, "reblogs_count": 0}
    uri = f"https://h.example/statuses/{number}"
    content = {"content": "<p>hi</p>", "visibility": "public", "created_at": AT, "account": author}
    return {"id": str(number), "uri": uri, "in_reply_to_id": None, "reblog": None, **counts, **content, **more}


@pytest.fixture
def stub():
    """A server with the account alice (id 1), who has no followers, follows nobody and has posted nothing."""
    with run_stub() as server:
        server.routes["/api/v2/instance"] = {"domain": server.host, "version": "4.5.0"}
        alice(server)
        for name in ("followers", "following", "statuses"):
            server.routes[f"{BASE}/{name}"] = []
        yield server


def alice(server: Stub, **more: Any) -> dict[str, Any]:
    account = person("alice", "1", followers_count=0, following_count=0, statuses_count=0) | more
    server.routes["/api/v1/accounts/lookup"] = account
    return account


def collect(server: Stub, folder: Path, options: Options | None = None, **how: Any):
    imported = hc.open(folder).collect(f"alice@{server.host}", options, client=quick, **how)
    assert imported is not None
    return imported


def lists(server: Stub, folder: Path) -> dict[str, ListCoverage]:
    """The coverage in the landing, by list."""
    from headcount.sources.collect.landing import Landing

    with Landing(max((folder / "landing").rglob("*.landing"))) as landing:
        return {entry.list: entry for entry in landing.coverage()}


def facts(entry: ListCoverage) -> tuple[str, str | None, int | None, int | None]:
    return entry.state, entry.reason, entry.listed, entry.claimed


def rows(folder: Path, sql: str, *values: object) -> list[tuple]:
    with duckdb.connect(str(folder / "headcount.duckdb"), read_only=True) as con:
        return con.execute(sql, list(values)).fetchall()


# --- Hidden and refused lists ----------------------------------------------------------------------------------------


def test_an_account_without_followers_has_none(stub, tmp_path):
    collect(stub, tmp_path)
    found = lists(stub, tmp_path)
    assert facts(found["followers"]) == ("complete", None, 0, 0)
    assert facts(found["posts"]) == ("complete", None, 0, 0)
    report = hc.open(tmp_path).report(f"alice@{stub.host}")
    assert (report.followers.listed, report.followers.claimed, report.followers.state) == (0, 0, "complete")


HIDDEN = {
    "the counter hides too (Akkoma)": {"pleroma": {"hide_followers": True, "hide_followers_count": True}},
    "only the list hides, with a counter of 0": {"pleroma": {"hide_followers": True}},
    "hide_collections, with a counter of 0": {"hide_collections": True},
    "flags as text": {"pleroma": {"hide_followers": "true"}},
    "-1 (forks of Misskey)": {"followers_count": -1},
    "-1 as text": {"followers_count": "-1"},
}


@pytest.mark.parametrize("profile", HIDDEN.values(), ids=HIDDEN)
def test_a_hidden_list_with_a_counter_that_shows_nothing_is_unknown(profile, stub, tmp_path):
    alice(stub, **profile)
    collect(stub, tmp_path)
    assert facts(lists(stub, tmp_path)["followers"]) == ("hidden", "hidden_by_account", 0, None)
    report = hc.open(tmp_path).report(f"alice@{stub.host}")
    assert (report.followers.listed, report.followers.claimed) == (None, None)
    assert "the account hides it" in report.followers.explanation
    assert rows(tmp_path, "SELECT followers_count FROM accounts") == [(None,)]


def test_a_hidden_list_with_a_counter_keeps_the_counter(stub, tmp_path):
    alice(stub, hide_collections=True, followers_count=200)
    collect(stub, tmp_path)
    assert facts(lists(stub, tmp_path)["followers"]) == ("hidden", "hidden_by_account", 0, 200)
    report = hc.open(tmp_path).report(f"alice@{stub.host}")
    assert (report.followers.listed, report.followers.claimed) == (None, 200)


@pytest.mark.parametrize("count", [None, "", "many", [], -0.5])
def test_an_empty_list_beside_an_unknown_counter_is_unknown(count, stub, tmp_path):
    alice(stub, followers_count=count, statuses_count=count)
    collect(stub, tmp_path)
    found = lists(stub, tmp_path)
    assert found["followers"].shows_nothing
    assert found["followers"].claimed is None
    assert facts(found["posts"]) == ("unknown", None, 0, None)
    report = hc.open(tmp_path).report(f"alice@{stub.host}")
    assert (report.followers.listed, report.followers.claimed) == (None, None)


REFUSALS = {
    401: "login_required",
    403: "login_required",
    404: "not_supported",
    410: "not_supported",
    422: "not_supported",
    500: "server_error",
    501: "server_error",
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("name", "status_code"),
    [
        *(("followers", code) for code in REFUSALS),
        *((name, code) for name in ("following", "statuses") for code in (401, 500)),
    ],
)
def test_a_refused_list_is_unknown_and_the_rest_is_collected(name, status_code, stub, tmp_path):
    me = alice(stub)
    stub.routes[f"{BASE}/followers"] = people(3)
    stub.routes[f"{BASE}/following"] = people(2)
    stub.routes[f"{BASE}/statuses"] = [status(10, me)]
    stub.routes[f"{BASE}/{name}"] = Reply(status_code, {"error": "no"})
    collect(stub, tmp_path)
    found = lists(stub, tmp_path)
    refused = found.pop("posts" if name == "statuses" else name)
    assert (refused.state, refused.listed) == ("refused", 0)
    expected = "not_supported" if status_code == 501 else REFUSALS[status_code]
    assert refused.reason in {expected, REFUSALS[status_code]}
    responses = {"replies", "likes", "reposts", "quotes"}
    if name == "statuses":
        assert {found.pop(kind).state for kind in responses} == {"unknown"}
        report = hc.open(tmp_path).report(f"alice@{stub.host}")
        assert any(part.list == "posts" and part.state == "refused" for part in report.lists)
    assert all(found[kind].state == "complete" for kind in found if kind not in responses)
    me_id = f"mastodon:alice@{stub.host}"
    listed = rows(
        tmp_path, "SELECT count(*) FILTER (followee_id = $1), count(*) FILTER (follower_id = $1) FROM follows", me_id
    )
    assert listed == [(0 if name == "followers" else 3, 0 if name == "following" else 2)]


def test_three_lists_in_a_row_that_fail_end_the_run(stub, tmp_path):
    for name in ("followers", "following", "statuses"):
        stub.routes[f"{BASE}/{name}"] = Reply(500, {"error": "no"})
    with pytest.raises(PlatformUnavailable, match="HTTP 500"):
        collect(stub, tmp_path)


# every list, and every status once: they are told apart in the client, before it is known which list is read
@pytest.mark.parametrize(
    ("name", "code"),
    [("followers", 500), ("following", 502), ("statuses", 503), ("followers", 504), ("statuses", 520)],
)
def test_a_list_that_always_fails_is_a_fact_and_the_next_run_reads_it(name, code, stub, tmp_path):
    me = alice(stub, followers_count=3, following_count=2, statuses_count=1)
    whole = {"followers": people(3), "following": people(2), "statuses": [status(10, me)]}
    for each, content in whole.items():
        stub.routes[f"{BASE}/{each}"] = content
    stub.routes[f"{BASE}/{name}"] = Reply(code, {"error": "no"})
    imported = collect(stub, tmp_path)
    found, listed = lists(stub, tmp_path), "posts" if name == "statuses" else name
    assert facts(found[listed])[:3] == ("refused", "server_error", 0)
    assert found[listed].detail == f"HTTP {code}"
    others = {"followers", "following", "posts"} - {listed}
    assert {found[other].state for other in others} == {"complete"}
    (note,) = [note for note in imported.notes if note.startswith("Skipped because")]
    assert f"the list of {listed} or its rest (HTTP {code})" in note
    stub.routes[f"{BASE}/{name}"] = whole[name]
    collect(stub, tmp_path)
    assert {entry.state for entry in lists(stub, tmp_path).values() if entry.list in {listed, *others}} == {"complete"}


@pytest.mark.parametrize("name", ["favourited_by", "reblogged_by", "context"])
def test_responses_that_always_fail_are_a_fact(name, stub, tmp_path):
    with_post(stub, favourites_count=2, reblogs_count=2, replies_count=1)
    routes = {"favourited_by": people(2), "reblogged_by": people(2)}
    reply = status(11, person("bo", "5"), in_reply_to_id="10", in_reply_to_account_id="1")
    routes["context"] = {"ancestors": [], "descendants": [reply]}
    for each, content in routes.items():
        stub.routes[f"/api/v1/statuses/10/{each}"] = Reply(503) if each == name else content
    imported = collect(stub, tmp_path)
    kinds = {"favourited_by": "likes", "reblogged_by": "reposts", "context": "replies"}
    found = lists(stub, tmp_path)
    assert facts(found[kinds[name]])[:3] == ("refused", "server_error", 0)
    assert {found[kind].state for each, kind in kinds.items() if each != name} == {"complete"}
    assert len([note for note in imported.notes if "503" in note]) == 1


def test_a_server_that_is_down_ends_the_run(stub, tmp_path):
    """It answers up to the second page of followers and nothing from then on."""
    alice(stub, followers_count=200)
    pages = Pages(people(200))

    def followers(query):
        if "max_id" in query:
            for path in list(stub.routes):
                stub.routes[path] = Reply(503)
            return Reply(503)
        return pages.page(f"{stub.url}{BASE}/followers", query)

    stub.routes[f"{BASE}/followers"] = followers
    with pytest.raises(PlatformUnavailable, match="503"):
        collect(stub, tmp_path)
    assert not (tmp_path / "headcount.duckdb").exists()


def test_refused_posts_are_not_called_silence(stub, tmp_path):
    alice(stub, statuses_count=40, followers_count=3)
    stub.routes[f"{BASE}/followers"] = people(3)
    stub.routes[f"{BASE}/statuses"] = Reply(401, {"error": "This method requires an authenticated user"})
    collect(stub, tmp_path)
    text = " ".join(part.sentence for part in hc.open(tmp_path).report(f"alice@{stub.host}").lists)
    assert "The list of posts is unknown (the counter shows 40): the server shows it only with a login" in text


def test_posts_for_approved_followers_only_are_unknown(stub, tmp_path):
    alice(stub, statuses_count=40)
    collect(stub, tmp_path)
    assert facts(lists(stub, tmp_path)["posts"]) == ("hidden", "account_protected", 0, 40)


def test_a_server_without_counters_shows_that_by_its_posts(stub, tmp_path):
    me = alice(stub)
    stub.routes[f"{BASE}/statuses"] = [status(10, me)]
    collect(stub, tmp_path)
    found = lists(stub, tmp_path)
    assert facts(found["followers"]) == ("unknown", "not_supported", 0, None)
    assert facts(found["posts"]) == ("complete", None, 1, None)
    assert rows(tmp_path, "SELECT followers_count, posts_count FROM accounts") == [(None, None)]


# --- Accounts that are gone or have moved ----------------------------------------------------------------------------


def test_a_suspended_account_is_unknown_throughout(stub, tmp_path):
    alice(stub, suspended=True)
    collect(stub, tmp_path)
    found = lists(stub, tmp_path)
    for name in ("followers", "following", "posts", "replies", "likes"):
        assert (found[name].state, found[name].reason) == ("unknown", "account_suspended"), name
    assert rows(tmp_path, "SELECT status FROM accounts") == [("suspended",)]
    report = hc.open(tmp_path).report(f"alice@{stub.host}")
    assert "the account is suspended" in report.followers.explanation.lower()


def test_a_moved_account_names_the_new_one(stub, tmp_path):
    alice(stub, followers_count=3, moved=person("alice@new.example", "77"))
    stub.routes[f"{BASE}/followers"] = people(3)
    collect(stub, tmp_path)
    assert rows(tmp_path, "SELECT status FROM accounts WHERE handle LIKE 'alice@%'") == [("moved",)]
    assert "has moved to alice@new.example" in hc.open(tmp_path).report(f"alice@{stub.host}").followers.explanation


def test_a_moved_account_without_followers_is_unknown(stub, tmp_path):
    alice(stub, moved=person("alice@new.example", "77"))
    collect(stub, tmp_path)
    assert facts(lists(stub, tmp_path)["followers"])[:2] == ("unknown", "account_moved")


@pytest.mark.parametrize(("flag", "words"), [("memorial", "is a memorial"), ("limited", "is limited by its server")])
def test_what_else_a_profile_declares_is_in_the_report(flag, words, stub, tmp_path):
    alice(stub, followers_count=3, **{flag: True})
    stub.routes[f"{BASE}/followers"] = people(3)
    collect(stub, tmp_path)
    assert words in hc.open(tmp_path).report(f"alice@{stub.host}").followers.explanation


# --- Paging ----------------------------------------------------------------------------------------------------------


PAGINGS = {
    "Link header": (Pages(people(200)), ("complete", None, 200, 200)),
    "Link header, pages of 40": (Pages(people(200), size=40), ("complete", None, 200, 200)),
    "no Link header, max_id works": (Pages(people(200), paging="max_id"), ("complete", None, 200, 200)),
    "no Link header, pages of 40, max_id works": (
        Pages(people(200), size=40, paging="max_id"),
        ("complete", None, 200, 200),
    ),
    "no Link header, nothing after max_id": (Pages(people(200), paging="none"), ("partial", "no_next_page", 80, 200)),
    "no Link header, max_id is ignored": (Pages(people(200), paging="repeat"), ("partial", "no_next_page", 80, 200)),
    "no Link header, pages of 40": (Pages(people(200), size=40, paging="none"), ("partial", "no_next_page", 40, 200)),
    "Link header without a next page": (Pages(people(200), prev_only=True), ("partial", "no_next_page", 80, 200)),
    "no Link header, all in one page": (Pages(people(200), size=500, paging="none"), ("complete", None, 200, 200)),
    "two are suspended": (Pages(people(198)), ("complete", "removed_or_private", 198, 200)),
    "far shorter than the counter": (Pages(people(30)), ("partial", "shorter_than_counter", 30, 200)),
}


@pytest.mark.parametrize(("pages", "expected"), PAGINGS.values(), ids=PAGINGS)
def test_paging(pages, expected, stub, tmp_path):
    alice(stub, followers_count=200)
    stub.routes[f"{BASE}/followers"] = pages
    collect(stub, tmp_path)
    assert facts(lists(stub, tmp_path)["followers"]) == expected
    assert rows(tmp_path, "SELECT count(*), count(DISTINCT position) FROM follows") == [(expected[2], expected[2])]


def test_a_full_page_beside_an_unknown_counter_is_partial(stub, tmp_path):
    alice(stub, followers_count=None)
    stub.routes[f"{BASE}/followers"] = Pages(people(200), paging="repeat")
    collect(stub, tmp_path)
    assert facts(lists(stub, tmp_path)["followers"]) == ("partial", "no_next_page", 80, None)


def test_a_refused_guess_is_not_a_refused_list(stub, tmp_path):
    alice(stub, followers_count=200)
    stub.routes[f"{BASE}/followers"] = lambda query: (
        Reply(422) if "max_id" in query else Pages(people(80), paging="none")
    )
    collect(stub, tmp_path)
    assert facts(lists(stub, tmp_path)["followers"]) == ("partial", "no_next_page", 80, 200)


def test_nobody_is_gone_because_paging_vanished(stub, tmp_path):
    alice(stub, followers_count=200)
    stub.routes[f"{BASE}/followers"] = Pages(people(200))
    assert collect(stub, tmp_path).added["follows"] == 200
    stub.routes[f"{BASE}/followers"] = Pages(people(200), paging="repeat")
    again = collect(stub, tmp_path, fresh=True)
    assert again.gone == 0
    report = hc.open(tmp_path).report(f"alice@{stub.host}")
    assert (report.followers.listed, report.followers.gone, report.followers.state) == (200, 0, "partial")


def test_a_shorter_list_to_its_end_makes_followers_gone(stub, tmp_path):
    alice(stub, followers_count=200)
    stub.routes[f"{BASE}/followers"] = Pages(people(200))
    collect(stub, tmp_path)
    alice(stub, followers_count=190)
    stub.routes[f"{BASE}/followers"] = Pages(people(190))
    assert collect(stub, tmp_path, fresh=True).gone == 10


LINKS = {
    "another host": ("https://evil.example{path}?max_id=80", None),
    "another host, without a scheme": ("//evil.example{path}?max_id=80", None),
    "another port": ("http://127.0.0.1:1{path}?max_id=80", None),
    "another scheme": ("https://{host}{path}?max_id=80", None),
    "no scheme of the web": ("file:///etc/passwd", None),
    "no address": ("http://[{host}{path}", None),
    "a user before another host": ("http://{host}@evil.example{path}?max_id=80", None),
    "absolute": ("http://{host}{path}?max_id=80", 90),
    "a path": ("{path}?max_id=80", 90),
    "a query": ("?max_id=80", 90),
    "without a scheme": ("//{host}{path}?max_id=80", 90),
}


@pytest.mark.sampled(5)
@pytest.mark.parametrize("how", LINKS)
def test_a_next_page_is_followed_on_the_same_server_only(how, stub, tmp_path, monkeypatch):
    """Elsewhere the list ends, with a typed reason and a sentence; the login goes to no other host."""
    monkeypatch.setenv("HEADCOUNT_MASTODON_TOKEN", f"{stub.host}={stub.token}")
    alice(stub, followers_count=90)
    link, expected = LINKS[how]
    path = f"{BASE}/followers"

    def followers(query):
        if "max_id" in query:
            return people(90)[80:]
        address = link.format(host=stub.host, path=path)
        return Reply(200, people(80), {"Content-Type": "application/json", "Link": f'<{address}>; rel="next"'})

    stub.routes[path] = followers
    imported = collect(stub, tmp_path)
    found = lists(stub, tmp_path)["followers"]
    said = [note for note in imported.notes if "which is not on its server" in note]
    if expected is None:
        assert facts(found) == ("partial", "other_address", 80, 90)
        assert len(said) == 1
        report = hc.open(tmp_path).report(f"alice@{stub.host}")
        assert "linked to another host, which was not requested" in report.followers.explanation
    else:
        assert facts(found) == ("complete", None, expected, 90)
        assert not said


def test_lists_without_an_end_are_ended_beyond_their_counters(stub, tmp_path, monkeypatch):
    """Followers, accounts followed, posts, favourites, boosts: each page is new, and names a next one."""
    monkeypatch.setattr("headcount.sources.collect.list_bounds.MAX_EXCESS", 200)
    me = alice(stub, followers_count=10, following_count=10, statuses_count=10)

    def endless(path, make):
        def page(query):
            start = int(query.get("max_id", 0))
            link = f'<{stub.url}{path}?max_id={start + 40}>; rel="next"'
            rows = [make(number) for number in range(start, start + 40)]
            return Reply(200, rows, {"Content-Type": "application/json", "Link": link})

        stub.routes[path] = page

    for name in ("followers", "following"):
        endless(f"{BASE}/{name}", lambda number: person(f"f{number}", str(1_000 + number)))
    counts = {"favourites_count": 5, "reblogs_count": 5}
    endless(f"{BASE}/statuses", lambda n: status(10 if not n else 10_000 + n, me, **(counts if not n else {})))
    for name in ("favourited_by", "reblogged_by"):
        endless(f"/api/v1/statuses/10/{name}", lambda number: person(f"f{number}", str(1_000 + number)))
    imported = collect(stub, tmp_path)
    found = lists(stub, tmp_path)
    for name, claimed in (("followers", 10), ("following", 10), ("posts", 10), ("likes", 5), ("reposts", 5)):
        state, reason, listed, counter = facts(found[name])
        assert (state, reason, counter) == ("partial", "longer_than_counter", claimed)
        assert 200 < listed <= claimed + 240
    assert len([note for note in imported.notes if "was stopped after 240 entries, far more than the" in note]) == 5


def test_statuses_go_on_by_their_ids(stub, tmp_path):
    me = alice(stub, statuses_count=100)
    stub.routes[f"{BASE}/statuses"] = Pages([status(500 - n, me) for n in range(100)], size=40, paging="max_id")
    collect(stub, tmp_path)
    assert facts(lists(stub, tmp_path)["posts"]) == ("complete", None, 100, 100)
    assert rows(tmp_path, "SELECT count(*) FROM posts") == [(100,)]


def test_statuses_without_a_next_page_are_partial(stub, tmp_path):
    me = alice(stub, statuses_count=100)
    stub.routes[f"{BASE}/statuses"] = Pages([status(500 - n, me) for n in range(100)], size=40, paging="repeat")
    collect(stub, tmp_path)
    assert facts(lists(stub, tmp_path)["posts"]) == ("partial", "no_next_page", 40, 100)


# --- Responses -------------------------------------------------------------------------------------------------------


def with_post(server: Stub, **counts: Any) -> dict[str, Any]:
    me = alice(server, statuses_count=1, followers_count=3)
    server.routes[f"{BASE}/followers"] = people(3)
    post = status(10, me, **counts)
    server.routes[f"{BASE}/statuses"] = [post]
    return post


def test_responses_that_were_read_completely(stub, tmp_path):
    post = with_post(stub, favourites_count=3, reblogs_count=2, replies_count=1, quotes_count=0)
    stub.routes["/api/v1/statuses/10/favourited_by"] = people(3)
    stub.routes["/api/v1/statuses/10/reblogged_by"] = people(2)
    answer = status(11, people(1)[0], in_reply_to_id="10", in_reply_to_account_id="1")
    stub.routes["/api/v1/statuses/10/context"] = {"ancestors": [], "descendants": [answer]}
    collect(stub, tmp_path)
    found = lists(stub, tmp_path)
    assert {name: facts(found[name]) for name in ("replies", "likes", "reposts", "quotes")} == {
        "replies": ("complete", None, 1, 1),
        "likes": ("complete", None, 3, 3),
        "reposts": ("complete", None, 2, 2),
        "quotes": ("complete", None, 0, 0),
    }
    assert post["id"] == "10"


def test_responses_that_are_counted_and_not_shown(stub, tmp_path):
    with_post(stub, favourites_count=90, reblogs_count=5, replies_count=4, quotes_count=2)
    stub.routes["/api/v1/statuses/10/favourited_by"] = Pages(people(90), size=2, prev_only=True)
    stub.routes["/api/v1/statuses/10/reblogged_by"] = []
    stub.routes["/api/v1/statuses/10/context"] = {"ancestors": [], "descendants": []}
    collect(stub, tmp_path)
    found = lists(stub, tmp_path)
    assert {name: facts(found[name]) for name in ("replies", "likes", "reposts", "quotes")} == {
        "replies": ("unknown", "shorter_than_counter", 0, 4),
        "likes": ("partial", "shorter_than_counter", 2, 90),
        "reposts": ("unknown", "shorter_than_counter", 0, 5),
        "quotes": ("refused", "login_required", 0, 2),
    }


@pytest.mark.parametrize("code", [401, 404, 500])
def test_refused_responses_are_unknown(code, stub, tmp_path):
    with_post(stub, favourites_count=90, reblogs_count=5, replies_count=0)
    stub.routes["/api/v1/statuses/10/favourited_by"] = Reply(code, {"error": "no"})
    stub.routes["/api/v1/statuses/10/reblogged_by"] = people(5)
    collect(stub, tmp_path)
    found = lists(stub, tmp_path)
    assert facts(found["likes"]) == ("refused", REFUSALS[code], 0, 90)
    assert facts(found["reposts"]) == ("complete", None, 5, 5)
    assert facts(found["replies"]) == ("complete", None, 0, 0)
    assert facts(found["quotes"])[:2] == ("unknown", "not_supported")


def test_reactions_without_a_counter_are_requested(stub, tmp_path):
    with_post(stub, favourites_count=None, reblogs_count="2", replies_count=None)
    stub.routes["/api/v1/statuses/10/favourited_by"] = people(3)
    stub.routes["/api/v1/statuses/10/reblogged_by"] = people(2)
    stub.routes["/api/v1/statuses/10/context"] = {"ancestors": [], "descendants": []}
    collect(stub, tmp_path)
    found = lists(stub, tmp_path)
    assert facts(found["likes"]) == ("complete", None, 3, None)
    assert facts(found["reposts"]) == ("complete", None, 2, 2)
    assert found["replies"].claimed is None


# --- The account's own token -----------------------------------------------------------------------------------------


@pytest.fixture
def own(stub, monkeypatch):
    """The server, asked with the token of alice."""
    monkeypatch.setenv("HEADCOUNT_MASTODON_TOKEN", f"{stub.host}=secret")
    stub.with_token["/api/v1/accounts/verify_credentials"] = person("alice", "1")
    return stub


def notification(kind: str, who: dict[str, Any], about: dict[str, Any] | None = None, at: str = AT) -> dict[str, Any]:
    return {"id": f"{kind}{who['id']}", "type": kind, "created_at": at, "account": who, "status": about}


def test_undone_favourites_and_boosts_are_not_counted(own, tmp_path):
    post = with_post(own, favourites_count=1, reblogs_count=0)
    one, two, three = people(3)
    own.routes["/api/v1/statuses/10/favourited_by"] = [one]
    own.routes["/api/v1/statuses/10/reblogged_by"] = []
    own.with_token["/api/v1/notifications"] = [
        notification("favourite", one, post),
        notification("favourite", two, post),
        notification("reblog", three, post),
        notification("favourite", three, post, at="2099-01-01T00:00:00Z"),
        notification("follow", person("left", "99")),
    ]
    imported = collect(own, tmp_path)
    liked = rows(tmp_path, "SELECT actor_id, kind FROM interactions WHERE kind IN ('like', 'repost') ORDER BY ALL")
    assert liked == [(f"mastodon:f0@{own.host}", "like"), (f"mastodon:f2@{own.host}", "like")]
    assert "2 favourites and boosts were undone since the notification and not counted." in imported.notes
    assert rows(tmp_path, "SELECT count(*) FROM follows") == [(3,)], "who left is not counted as a follower"


def test_a_favourite_is_counted_where_the_list_may_lack_it(own, tmp_path):
    post = with_post(own, favourites_count=9, reblogs_count=0)
    one, two, _ = people(3)
    own.routes["/api/v1/statuses/10/favourited_by"] = [one]
    own.routes["/api/v1/statuses/10/reblogged_by"] = Reply(404)
    own.with_token["/api/v1/notifications"] = [notification("favourite", two, post), notification("reblog", one, post)]
    collect(own, tmp_path)
    found = rows(tmp_path, "SELECT actor_id, kind FROM interactions ORDER BY ALL")
    assert found == [
        (f"mastodon:f0@{own.host}", "like"),
        (f"mastodon:f0@{own.host}", "repost"),
        (f"mastodon:f1@{own.host}", "like"),
    ]


def test_private_and_direct_answers_are_counted_apart(own, tmp_path):
    post = with_post(own, replies_count=1)
    one, two, three = people(3)
    to_me = {"in_reply_to_id": "10", "in_reply_to_account_id": "1"}
    hidden = status(30, alice(own, statuses_count=2, followers_count=3), visibility="private", favourites_count=1)
    own.routes[f"{BASE}/statuses"] = [hidden, post]
    own.routes["/api/v1/statuses/30/favourited_by"] = [three]
    own.routes["/api/v1/statuses/10/context"] = {
        "ancestors": [],
        "descendants": [
            status(11, one, **to_me, visibility="unlisted"),
            status(12, two, **to_me, visibility="private"),
            status(13, three, **to_me, visibility="direct"),
        ],
    }
    mention = status(14, two, visibility="direct", mentions=[{"id": "1", "acct": "alice"}])
    own.with_token["/api/v1/notifications"] = [notification("mention", two, mention)]
    collect(own, tmp_path)
    found = rows(tmp_path, "SELECT actor_id, kind, visibility FROM interactions ORDER BY ALL")
    assert [(actor.partition("@")[0][-2:], kind, seen) for actor, kind, seen in found] == [
        ("f0", "reply", "unlisted"),
        ("f1", "mention", "direct"),
        ("f1", "reply", "followers"),
        ("f2", "like", "followers"),
        ("f2", "reply", "direct"),
    ]
    texts = rows(tmp_path, "SELECT visibility, text IS NOT NULL FROM posts ORDER BY ALL")
    assert all(shown == (seen in ("public", "unlisted")) for seen, shown in texts)
    assert facts(lists(own, tmp_path)["replies"]) == ("complete", None, 1, 1)
    assert hc.open(tmp_path).report(f"alice@{own.host}").audience.observed == 1


# --- Accounts inside statuses ----------------------------------------------------------------------------------------


def test_counters_of_nested_accounts_do_not_replace_those_of_lists(stub, tmp_path):
    zero = {"followers_count": 0, "following_count": 0, "statuses_count": 0}
    me = alice(stub, followers_count=3, following_count=11, statuses_count=53)
    followers = people(3)
    stub.routes[f"{BASE}/followers"] = followers
    stub.routes[f"{BASE}/statuses"] = [status(10, {**me, **zero}, favourites_count=4)]
    stranger = person("x@other.example", "900", **zero)
    stub.routes["/api/v1/statuses/10/favourited_by"] = [*({**one, **zero} for one in followers), stranger]
    for fresh in (False, True):
        collect(stub, tmp_path, fresh=fresh)
        counts = rows(tmp_path, "SELECT account_id, followers_count, following_count, posts_count FROM accounts")
        assert {row[0].partition("@")[0]: row[1:] for row in counts} == {
            "mastodon:alice": (3, 11, 53),
            **{f"mastodon:f{n}": (3, 5, 7) for n in range(3)},
            "mastodon:x": (None, None, None),
        }
    # where the list is no longer shown, a nested account still does not replace what it held
    stub.routes[f"{BASE}/followers"] = Reply(401)
    collect(stub, tmp_path, fresh=True)
    assert rows(tmp_path, "SELECT DISTINCT followers_count FROM accounts WHERE account_id LIKE 'mastodon:f%'") == [(3,)]


# --- Values in another form ------------------------------------------------------------------------------------------


def test_counts_as_text_ids_as_numbers_lists_in_objects_and_null_items(stub, tmp_path):
    me = alice(stub, id=1, followers_count="4", following_count="0", statuses_count="1")
    entries = [*people(4), None, 5, "text", {}, {"id": None, "acct": "x"}, {"id": 9, "acct": None}]
    numbered = [{**one, "id": int(one["id"])} if isinstance(one, dict) and "note" in one else one for one in entries]
    for one in numbered[:4]:
        one |= {
            "followers_count": "7",
            "following_count": "1.0",
            "statuses_count": -1,
            "bot": "false",
            "noindex": "false",
        }
    stub.routes[f"{BASE}/followers"] = {"accounts": numbered}
    stub.routes[f"{BASE}/statuses"] = {"data": [status(10, me, favourites_count="2", replies_count="1", id=10), None]}
    stub.routes["/api/v1/statuses/10/favourited_by"] = {"accounts": [None, *numbered[:2]]}
    answer = status(11, numbered[0], in_reply_to_id=10, in_reply_to_account_id=1)
    stub.routes["/api/v1/statuses/10/context"] = {"ancestors": None, "descendants": [None, answer]}
    for fresh in (False, True):
        collect(stub, tmp_path, fresh=fresh)
    found = lists(stub, tmp_path)
    assert facts(found["likes"]) == ("complete", None, 2, 2)
    assert facts(found["replies"]) == ("complete", None, 1, 1)
    columns = "followers_count, following_count, posts_count, declared_bot, opted_out"
    values = rows(tmp_path, f"SELECT {columns} FROM accounts WHERE handle LIKE 'f%'")
    assert values == [(7, 1, None, False, False)] * 4
    assert rows(tmp_path, "SELECT count(*) FROM interactions WHERE kind = 'reply'") == [(1,)]
    report = hc.open(tmp_path).report(f"alice@{stub.host}")
    assert (report.followers.listed, report.followers.claimed) == (4, 4)
    assert (report.followers.state, report.followers.reason) == ("partial", "entries_without_id")


NOT_LISTS = [None, {}, {"error": "nope"}, "text", 5, {"a": [1], "b": [2]}, b"<html>", b"[{"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("content", NOT_LISTS, ids=map(repr, NOT_LISTS))
def test_a_page_that_is_not_a_list_is_a_refused_list(content, stub, tmp_path):
    alice(stub, followers_count=3, following_count=2)
    stub.routes[f"{BASE}/following"] = people(2)
    stub.routes[f"{BASE}/followers"] = Reply(200, content)
    for fresh in (False, True):
        collect(stub, tmp_path, fresh=fresh)
        assert facts(lists(stub, tmp_path)["followers"]) == ("refused", "server_error", 0, 3)
        assert facts(lists(stub, tmp_path)["following"]) == ("complete", None, 2, 2)


def test_the_estimate_has_no_negative_calls(stub, tmp_path):
    alice(stub, followers_count=-1, following_count=-1, statuses_count=-1)
    seen = []
    collect(stub, tmp_path, agree=lambda quote: seen.append(quote) or True)
    assert all(number >= 0 for _, number in seen[0].parts)
    assert seen[0].calls >= 2


ODD = [None, 5, -1, "x", [], {}, [None], {"a": 1}, True, "1e999", 10**30]
FIELDS = [
    *("acct", "followers_count", "note", "fields", "created_at", "last_status_at", "avatar", "bot", "moved", "pleroma"),
    *("display_name", "suspended", "noindex", "hide_collections", "id"),
]
STATUS_FIELDS = [
    *("id", "uri", "created_at", "account", "content", "visibility", "mentions", "card", "quote", "reblog"),
    *("in_reply_to_id", "in_reply_to_account_id", "favourites_count", "replies_count", "reblogs_count", "quotes_count"),
]


@pytest.mark.sampled(4)
@pytest.mark.parametrize("value", ODD, ids=map(repr, ODD))
def test_an_odd_value_in_any_field_ends_nothing(value, own, tmp_path):
    me = alice(own, followers_count=3, statuses_count=2)
    odd_people = [{**person(f"p{n}", str(2_000 + n)), field: value} for n, field in enumerate(FIELDS)]
    own.routes[f"{BASE}/followers"] = [*people(3), *odd_people]
    odd = [{**status(100 + n, me), field: value} for n, field in enumerate(STATUS_FIELDS)]
    own.routes[f"{BASE}/statuses"] = [status(10, me, replies_count=1), *odd]
    own.routes["/api/v1/statuses/10/context"] = {"ancestors": value, "descendants": [value, *odd]}
    own.with_token["/api/v1/notifications"] = [
        value,
        notification("mention", people(1)[0], value),
        {"type": value, "account": value, "status": odd[0], "created_at": value},
        *({**notification("favourite", one, odd[0]), "created_at": value} for one in odd_people),
    ]
    for fresh in (False, True):
        collect(own, tmp_path, fresh=fresh)
    assert rows(tmp_path, "SELECT count(*) FROM follows WHERE follower_id LIKE 'mastodon:f%'") == [(3,)]
    hc.open(tmp_path).report(f"alice@{own.host}")


# --- Which server, and which domain ----------------------------------------------------------------------------------


def test_a_server_whose_accounts_carry_another_domain(stub, tmp_path):
    """WEB_DOMAIN: the server's address is not the domain of its accounts; WebFinger names the canonical handle."""
    alice(stub, followers_count=3)
    stub.routes[f"{BASE}/followers"] = [*people(2), person(f"f2@{stub.host}", "1002")]
    stub.routes["/.well-known/webfinger"] = Reply(
        200, {"subject": "acct:alice@example.org"}, {"Content-Type": "application/jrd+json"}
    )
    imported = collect(stub, tmp_path)
    assert f"alice@{stub.host} is the account alice@example.org." in imported.notes
    followers = rows(tmp_path, "SELECT follower_id, followee_id FROM follows ORDER BY ALL")
    assert followers == [(f"mastodon:f{n}@example.org", "mastodon:alice@example.org") for n in range(3)]


@pytest.mark.parametrize("field", ["account_domain", "account-domain"])
def test_gotosocial_states_the_domain_of_its_accounts(field, stub, tmp_path):
    stub.routes["/api/v2/instance"] |= {field: "BÜCHER.example"}
    alice(stub, followers_count=1)
    stub.routes[f"{BASE}/followers"] = people(1)
    collect(stub, tmp_path)
    expected = ("mastodon:f0@xn--bcher-kva.example", "mastodon:alice@xn--bcher-kva.example")
    assert rows(tmp_path, "SELECT follower_id, followee_id FROM follows") == [expected]


WEBFINGERS = [
    Reply(404),
    Reply(302, "", {"Location": "/x"}),
    Reply(200, "no JSON", {}),
    Reply(200, {"subject": 5}),
    Reply(500),
]


@pytest.mark.parametrize("reply", WEBFINGERS, ids=range(len(WEBFINGERS)))
def test_a_server_without_webfinger_names_its_domain_itself(reply, stub, tmp_path):
    stub.routes["/.well-known/webfinger"] = reply
    collect(stub, tmp_path)
    assert rows(tmp_path, "SELECT account_id FROM accounts") == [(f"mastodon:alice@{stub.host}",)]


def test_links_with_another_name_of_the_server_are_requested_from_the_address_in_use():
    """WEB_DOMAIN: the API is reached under one name, and its links carry the other; a login stays at the first."""
    collector = MastodonCollector()
    collector.server, collector.names = "https://corp.example", {"corp.example"}
    collector.account = {"url": "https://Social.corp.example/@ana", "uri": "https://social.corp.example/users/ana"}
    names = collector._server_names()
    requested = "https://corp.example/api/v1/accounts/1/followers?limit=80"
    followed = next_on_server(requested, "https://social.corp.example/api/v1/x?max_id=7", names=names)
    assert followed == "https://corp.example/api/v1/x?max_id=7"
    with pytest.raises(OtherAddress, match=r"https://evil\.example"):
        next_on_server(requested, "https://evil.example/api/v1/x?max_id=7", names=names)


@pytest.mark.parametrize("how", ["redirect", "self link", "host-meta"])
def test_the_server_behind_another_domain_is_found(how, stub, tmp_path):
    alice(stub, followers_count=1)
    stub.routes[f"{BASE}/followers"] = people(1)
    with run_stub() as front:
        stub.routes["/.well-known/webfinger"] = {"subject": f"acct:alice@{front.host}"}
        if how == "redirect":
            front.routes["/.well-known/webfinger"] = Reply(301, "", {"Location": f"{stub.url}/.well-known/webfinger"})
        elif how == "self link":
            link = {"rel": "self", "href": f"{stub.url}/users/alice"}
            front.routes["/.well-known/webfinger"] = {"subject": f"acct:alice@{front.host}", "links": [link]}
        else:
            template = f'<Link rel="lrdd" template="{stub.url}/.well-known/webfinger?resource={{uri}}"/>'
            front.routes["/.well-known/host-meta"] = Reply(200, template, {"Content-Type": "application/xrd+xml"})
        hc.open(tmp_path).collect(f"alice@{front.host}", client=quick)
        assert rows(tmp_path, "SELECT follower_id, followee_id FROM follows") == [
            (f"mastodon:f0@{front.host}", f"mastodon:alice@{front.host}")
        ]
