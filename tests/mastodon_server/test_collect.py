"""`headcount add` and `headcount report` for Mastodon: exactly what was seeded, and what a server hides is said."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path

import duckdb
import pytest
from tests.mastodon_server.conftest import Mastodon
from tests.mastodon_server.recorded import RecordedServer, variants
from tests.mastodon_server.truth import Fate, Kind

import headcount as hc
from headcount.cli.main import main
from headcount.errors import AccessDenied, AccountNotFound
from headcount.sources.collect.client import Client, RetryPolicy
from headcount.sources.collect.landing import Landing
from headcount.sources.collect.options import Options

KINDS = {Kind.REPLY: "reply", Kind.FAVOURITE: "like", Kind.REBLOG: "repost", Kind.QUOTE: "quote"}


def quick(**how):
    return Client(retry_policy=RetryPolicy(tries=4, first=0.01, longest=0.02, blind=0.01, timeout=5), **how)


@pytest.fixture(autouse=True)
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("HEADCOUNT_MASTODON_TOKEN", raising=False)
    monkeypatch.setenv("HEADCOUNT_SETTINGS", str(tmp_path / "settings"))


def rows(folder: Path, sql: str, *values: object) -> list[tuple]:
    with duckdb.connect(str(folder / "headcount.duckdb"), read_only=True) as con:
        return con.execute(sql, list(values)).fetchall()


# --- The seeded server -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def collected(mastodon: Mastodon, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mastodon-main")
    hc.open(folder).collect(handle(mastodon, mastodon.world.main), client=quick)
    return folder


def handle(mastodon: Mastodon, account: str) -> str:
    return f"{mastodon.world.accounts[account].name}@{mastodon.server.domain}"


def key(mastodon: Mastodon, account: str) -> str:
    return f"mastodon:{handle(mastodon, account)}".lower()


def uris(mastodon: Mastodon, collected: Path) -> dict[str, str]:
    """Number of a status -> its address, as the pages that were kept say."""
    found: dict[str, str] = {}

    def walk(value: object) -> None:
        if isinstance(value, dict):
            if "uri" in value and "in_reply_to_id" in value:
                found[str(value["id"])] = "mastodon:" + str(value["uri"])
            value = list(value.values())
        if isinstance(value, list):
            for item in value:
                walk(item)

    with Landing(next((collected / "landing").rglob("*.landing"))) as landing:
        for page in landing.pages():
            if page.good and page.body[:1] in b"[{":
                walk(page.json)
    return found


def test_followers_and_accounts_followed(mastodon: Mastodon, collected: Path) -> None:
    world, me = mastodon.world, key(mastodon, mastodon.world.main)
    got = rows(collected, "SELECT follower_id, position FROM follows WHERE followee_id = ?", me)
    assert {follower for follower, _ in got} == {key(mastodon, one) for one in world.followers(world.main)}
    assert sorted(position for _, position in got) == list(range(len(got)))
    assert len(got) > 250
    following = rows(collected, "SELECT followee_id FROM follows WHERE follower_id = ?", me)
    assert {one for (one,) in following} == {key(mastodon, one) for one in world.followees(world.main)}


def test_profiles(mastodon: Mastodon, collected: Path) -> None:
    world = mastodon.world
    got = {
        row[0]: row[1:]
        for row in rows(collected, "SELECT account_id, handle, declared_bot, opted_out, status FROM accounts")
    }
    for one in world.followers(world.main):
        account = world.accounts[one]
        assert got[key(mastodon, one)] == (
            handle(mastodon, one).lower(),
            account.bot,
            "#nobot" in account.note.lower(),
            "suspended" if account.fate is Fate.SUSPENDED else "active",
        )
    assert any(row[2] for row in got.values())
    assert any(row[1] for row in got.values())


def test_responders_of_every_post(mastodon: Mastodon, collected: Path) -> None:
    world, me = mastodon.world, key(mastodon, mastodon.world.main)
    address = uris(mastodon, collected)
    got: defaultdict[str, Counter] = defaultdict(Counter)
    for post, actor, kind in rows(
        collected, "SELECT post_id, actor_id, kind FROM interactions WHERE target_id = ? AND kind <> 'mention'", me
    ):
        got[post][actor, kind] += 1
    checked = 0
    for post in world.posts_of(world.main):
        if post.parent is not None:
            continue
        expected: Counter = Counter()
        for reply in (world.posts[number] for number in world.thread(post.id)):
            if reply.parent == post.id and reply.author != world.main:
                expected[key(mastodon, reply.author), "reply"] += 1
        for kind in (Kind.FAVOURITE, Kind.REBLOG):
            for one in world.responders(post.id, kind):
                expected[key(mastodon, one), KINDS[kind]] += 1
        shown = Counter({pair: times for pair, times in got[address[post.id]].items() if pair[1] != "quote"})
        assert shown == expected, post.text
        checked += sum(expected.values())
    assert checked > 150


def test_times_are_the_servers(mastodon: Mastodon, collected: Path) -> None:
    world, address = mastodon.world, uris(mastodon, collected)
    got = dict(rows(collected, "SELECT post_id, epoch_us(created_at) FROM posts"))
    known = [post for post in world.posts.values() if address.get(post.id) in got]
    assert len(known) > 100
    for post in known:
        assert got[address[post.id]] == round(post.time.timestamp() * 1e6)


def test_what_the_account_did_itself(mastodon: Mastodon, collected: Path) -> None:
    world, me = mastodon.world, key(mastodon, mastodon.world.main)
    address = uris(mastodon, collected)
    posts = {
        post for (post,) in rows(collected, "SELECT post_id FROM posts WHERE author_id = ? AND kind <> 'repost'", me)
    }
    assert {address[post.id] for post in world.posts_of(world.main)} == posts
    boosts = rows(collected, "SELECT count(*) FROM interactions WHERE actor_id = ? AND kind = 'repost'", me)
    assert boosts == [(len(world.reblogs_of(world.main)),)]
    answered = Counter(
        key(mastodon, world.posts[post.parent].author)
        for post in world.posts_of(world.main)
        if post.parent in world.posts and world.posts[post.parent].author != world.main
    )
    got = rows(
        collected, "SELECT target_id, count(*) FROM interactions WHERE actor_id = ? AND kind = 'reply' GROUP BY 1", me
    )
    assert dict(got) == dict(answered)


def test_a_thread_is_read_to_its_depth(mastodon: Mastodon, collected: Path) -> None:
    world, address = mastodon.world, uris(mastodon, collected)
    expected = {address[number] for number in world.thread(world.deep)}
    root = rows(collected, "SELECT post_id FROM posts WHERE root_post_id = ? AND kind = 'reply'", address[world.deep])
    assert expected == {post for (post,) in root}
    assert len(expected) > 20


def test_the_report_says_what_was_seeded(mastodon: Mastodon, collected: Path, capsys) -> None:
    world = mastodon.world
    assert main(["report", handle(mastodon, world.main), "--workspace", str(collected), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["followers"]["listed"] == len(world.followers(world.main)) - sum(
        world.accounts[one].fate is Fate.SUSPENDED for one in world.followers(world.main)
    )
    assert report["followers"]["claimed"] == world.claimed_followers(world.main)
    answered: set[str] = set()
    for post in world.posts_of(world.main):
        if post.parent is None:
            answered |= {
                reply.author
                for reply in (world.posts[number] for number in world.thread(post.id))
                if reply.parent == post.id
            }
            answered |= world.responders(post.id, Kind.FAVOURITE) | world.responders(post.id, Kind.REBLOG)
    active = {one for one in world.followers(world.main) if world.accounts[one].fate is Fate.ACTIVE}
    quoting = {
        other.author
        for other in world.posts.values()
        if other.quoted in {post.id for post in world.posts_of(world.main)}
    }
    observed = report["audience"]["observed"]
    assert len(answered & active) <= observed <= len((answered | quoting) & active)


def test_notifications_tell_when(mastodon: Mastodon, tmp_path: Path, monkeypatch) -> None:
    world, me = mastodon.world, key(mastodon, mastodon.world.main)
    token = world.accounts[world.main].token
    monkeypatch.setenv("HEADCOUNT_MASTODON_TOKEN", f"{me.rpartition('@')[2]}={token}")
    hc.open(tmp_path).collect(handle(mastodon, world.main), client=quick)
    got = rows(tmp_path, "SELECT count(*), count(followed_at) FROM follows WHERE followee_id = ?", me)
    assert got[0][0] == len(world.followers(world.main))
    assert got[0][1] > 0.9 * got[0][0]
    likes = rows(
        tmp_path,
        "SELECT count(*), count(created_at) FROM interactions WHERE target_id = ? AND kind IN ('like', 'repost')",
        me,
    )
    assert likes[0][1] > 0.9 * likes[0][0] > 100
    token = str(world.accounts[world.main].token).encode()
    assert not any(token in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_sample_reads_the_latest_posts_of_so_many(mastodon: Mastodon, tmp_path: Path) -> None:
    world, me = mastodon.world, key(mastodon, mastodon.world.main)
    hc.open(tmp_path).collect(handle(mastodon, world.main), Options(sample=40), client=quick)
    got = rows(tmp_path, "SELECT sampled, count(*) FROM follows WHERE followee_id = ? GROUP BY 1", me)
    assert dict(got) == {True: 40, False: len(world.followers(world.main)) - 40}


def test_collecting_again_and_forgetting(mastodon: Mastodon, collected: Path, tmp_path: Path) -> None:
    world = mastodon.world
    workspace = hc.open(tmp_path)
    workspace.collect(handle(mastodon, world.quiet), client=quick)
    before = rows(tmp_path, "SELECT count(*) FROM interactions") + rows(tmp_path, "SELECT count(*) FROM follows")
    again = workspace.collect(handle(mastodon, world.quiet), client=quick)
    assert again is not None
    assert again.gone == again.returned == 0
    assert before == rows(tmp_path, "SELECT count(*) FROM interactions") + rows(
        tmp_path, "SELECT count(*) FROM follows"
    )
    somebody = next(iter(world.followers(world.quiet)))
    workspace.forget(key(mastodon, somebody))
    address = f'{mastodon.server.url}/@{world.accounts[somebody].name}"'
    for path in (tmp_path / "landing").rglob("*.landing"):
        with Landing(path) as landing:
            assert not any(address.encode() in page.body for page in landing.pages())


# --- What was recorded from Mastodon ---------------------------------------------------------------------------------


def recorded_account(server: RecordedServer) -> dict:
    """The test account that most of the recordings are about."""
    path = next(path for path in server.objects if path.startswith("/api/v1/accounts/"))
    return server.objects[path]


@pytest.fixture
def crowd(recorded: RecordedServer):
    """The recorded server with a long list of followers, made of a recorded account."""
    account = recorded_account(recorded)
    others = [found for path, found in recorded.objects.items() if "/accounts/" in path and found is not account]
    people = variants(others[0], 205)
    account |= {"followers_count": 205, "hide_collections": False}
    recorded.lists[f"/api/v1/accounts/{account['id']}/followers"] = people
    recorded.lists[f"/api/v1/accounts/{account['id']}/following"] = []
    recorded.lists[f"/api/v1/accounts/{account['id']}/statuses"] = []
    return recorded, account, people


def collect(server: RecordedServer, account: dict, folder: Path, options: Options | None = None, **how):
    domain = server.url.removeprefix("http://")
    how.setdefault("client", quick)
    return hc.open(folder).collect(f"{account['username']}@{domain}", options, **how)


def test_pages_are_followed_by_their_link(crowd, tmp_path: Path) -> None:
    server, account, people = crowd
    collect(server, account, tmp_path)
    assert rows(tmp_path, "SELECT count(*) FROM follows") == [(len(people),)]


def test_an_empty_page_with_a_next_one_is_not_the_end(crowd, tmp_path: Path) -> None:
    server, account, people = crowd
    server.behaviour.empty_pages = frozenset({1})
    collect(server, account, tmp_path)
    assert rows(tmp_path, "SELECT count(*) FROM follows") == [(len(people) - 80,)]


def test_a_hidden_list_is_unknown_and_not_empty(crowd, tmp_path: Path) -> None:
    server, account, people = crowd
    folder = tmp_path / "w"
    collect(server, account, folder)
    server.behaviour.hidden_graph = frozenset({account["id"]})
    told = collect(server, account, folder, fresh=True)
    assert told.gone == 0, "nobody is gone because a list is hidden"
    assert "The account hides its followers: 205 are counted but not listed." in told.notes
    partial = hc.open(folder).report(window_days=None).followers
    assert (partial.listed, partial.gone, partial.state) == (len(people), 0, "hidden")
    only_hidden = tmp_path / "hidden"
    collect(server, account, only_hidden)
    report = hc.open(only_hidden).report(window_days=None)
    assert report.followers.listed is None
    assert report.followers.claimed == len(people)
    assert (report.followers.state, report.followers.reason) == ("hidden", "hidden_by_account")
    assert "the account hides it" in report.followers.explanation


def test_limited_mode_is_said(crowd, tmp_path: Path) -> None:
    server, account, _ = crowd
    server.behaviour.limited = True
    with pytest.raises(AccessDenied, match="requires a login"):
        collect(server, account, tmp_path)
    assert not list(tmp_path.rglob("*.landing"))


def test_threads_that_are_cut_without_a_login_are_said(crowd, tmp_path: Path, monkeypatch) -> None:
    server, account, _ = crowd
    status = next(found for path, found in server.objects.items() if "/statuses/" in path)
    root = {**status, "account": account, "in_reply_to_id": None, "in_reply_to_account_id": None, "reblog": None}
    root |= {"replies_count": 100, "favourites_count": 0, "reblogs_count": 0, "created_at": "2026-11-01T00:00:00.000Z"}
    replies = [
        {**reply, "in_reply_to_id": root["id"], "in_reply_to_account_id": account["id"], "uri": f"http://r/{n}"}
        for n, reply in enumerate(variants(root, 100))
    ]
    server.lists[f"/api/v1/accounts/{account['id']}/statuses"] = [root]
    server.lists[f"/api/v1/statuses/{root['id']}/context"] = {"ancestors": [], "descendants": replies}
    told = collect(server, account, tmp_path / "without")
    assert any("1 thread was cut at 60 replies" in note for note in told.notes)
    assert rows(tmp_path / "without", "SELECT count(*) FROM posts WHERE kind = 'reply'") == [(60,)]
    server.tokens["secret"] = "1"
    monkeypatch.setenv("HEADCOUNT_MASTODON_TOKEN", f"{server.url.removeprefix('http://')}=secret")
    server.objects["/api/v1/accounts/1"] = {**account, "id": "1"}
    told = collect(server, account, tmp_path / "with")
    assert rows(tmp_path / "with", "SELECT count(*) FROM posts WHERE kind = 'reply'") == [(100,)]
    assert not any("cut at" in note for note in told.notes)


def test_a_limit_is_waited_for(crowd, tmp_path: Path) -> None:
    server, account, people = crowd
    server.behaviour.refusals, server.behaviour.resets_in = 2, 0.3
    said: list[str] = []
    collect(server, account, tmp_path, say=said.append)
    assert rows(tmp_path, "SELECT count(*) FROM follows") == [(len(people),)]
    assert any("retried" in text for text in said)


def test_a_token_that_is_refused_is_said(crowd, tmp_path: Path, monkeypatch) -> None:
    server, account, _ = crowd
    monkeypatch.setenv("HEADCOUNT_MASTODON_TOKEN", f"{server.url.removeprefix('http://')}=wrong")
    with pytest.raises(AccessDenied):
        collect(server, account, tmp_path)


def test_nobody_of_that_name(crowd, tmp_path: Path) -> None:
    server, account, _ = crowd
    with pytest.raises(AccountNotFound, match="has no account"):
        collect(server, {**account, "username": "nobody"}, tmp_path)


def test_a_server_that_is_none_of_mastodons(tmp_path: Path) -> None:
    import http.server
    import threading

    class Other(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(404)
            self.end_headers()
            self.wfile.write(b"<html>not here</html>")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(AccountNotFound, match="is not a Mastodon server"):
            hc.open(tmp_path).collect(f"alice@127.0.0.1:{server.server_port}", client=quick)
    finally:
        server.shutdown()
        server.server_close()


def test_real_objects_of_mastodon_social(recorded_social: RecordedServer, tmp_path: Path) -> None:
    """Real people and posts, as mastodon.social gave them out: the home server is another, which is said."""
    account = next(
        found
        for path, found in recorded_social.objects.items()
        if "/accounts/" in path and "@" not in found["acct"] and found["followers_count"]
    )
    told = hc.open(tmp_path).collect(
        f"{account['username']}@mastodon.social", Options(service=recorded_social.url), client=quick
    )
    assert told is not None
    got = rows(tmp_path, "SELECT account_id, followers_count, epoch(created_at) FROM accounts WHERE bio IS NOT NULL")
    assert (f"mastodon:{account['username']}@mastodon.social".lower(), account["followers_count"]) in [
        row[:2] for row in got
    ]
