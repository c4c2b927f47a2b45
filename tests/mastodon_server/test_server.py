"""The two servers of Mastodon's API do what their descriptions say: asked over HTTP, as a collector asks."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from tests.mastodon_server.conftest import Mastodon
from tests.mastodon_server.recorded import RecordedServer, read_index, variants
from tests.mastodon_server.server import RateLimit, ServerUnavailableError, run_server
from tests.mastodon_server.truth import Kind

ALICE = "117440810532227399"  # an account of the server that the responses were recorded from
FOLLOWERS = f"/api/v1/accounts/{ALICE}/followers"


def get(url: str, token: str | None = None, **query: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.get(url, params=query or None, headers=headers, timeout=30)


def pages(url: str, token: str | None = None, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """All pages of a list, by the Link header alone."""
    answer = get(url, token, **query)
    while True:
        yield answer.raise_for_status().json()
        if "next" not in answer.links:
            return
        answer = get(answer.links["next"]["url"], token)


def ids(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["id"] for entry in entries]


class TestSeeded:
    """The server that others wrote gives back what was seeded."""

    def api(self, mastodon: Mastodon, path: str) -> str:
        return f"{mastodon.server.url}/api/v1/{path}"

    @pytest.mark.parametrize("name", ["main", "quiet", "lonely"])
    def test_lists_are_what_was_seeded(self, mastodon: Mastodon, name: str) -> None:
        world = mastodon.world
        account = get(self.api(mastodon, "accounts/lookup"), acct=name).json()
        assert account["id"] == getattr(world, name)
        assert account["followers_count"] == world.claimed_followers(account["id"])
        for what, truth in (("followers", world.followers), ("following", world.followees)):
            listed = [i for page in pages(self.api(mastodon, f"accounts/{account['id']}/{what}")) for i in ids(page)]
            assert len(listed) == len(set(listed))
            assert set(listed) == truth(account["id"])

    def test_the_world_is_large_and_odd_enough(self, mastodon: Mastodon) -> None:
        world = mastodon.world
        assert len(world.followers(world.main)) > 250
        assert 20 < len(world.mutuals(world.main)) < len(world.followees(world.main))
        assert world.claimed_followers(world.main) > len(world.followers(world.main))
        assert len(world.thread(world.big)) > 60
        assert world.unfollowed

    def test_posts_and_their_times(self, mastodon: Mastodon) -> None:
        world = mastodon.world
        listed = [s for page in pages(self.api(mastodon, f"accounts/{world.main}/statuses"), limit=40) for s in page]
        own = {status["id"]: status for status in listed if status["reblog"] is None}
        assert list(own) == [post.id for post in world.posts_of(world.main)]
        assert all(datetime.fromisoformat(own[i]["created_at"]) == world.posts[i].time for i in own)
        assert {status["id"] for status in listed if status["reblog"]} == world.reblogs_of(world.main)
        token = world.accounts[world.main].token
        seen = pages(self.api(mastodon, f"accounts/{world.main}/statuses"), token, exclude_reblogs=True)
        assert {i for page in seen for i in ids(page)} == {p.id for p in world.posts_of(world.main, public=False)}

    def test_who_answered_each_post(self, mastodon: Mastodon) -> None:
        world = mastodon.world
        for post in world.posts_of(world.main):
            thread = get(self.api(mastodon, f"statuses/{post.id}/context")).json()["descendants"]
            assert set(ids(thread)) == world.thread(post.id)
            answered = {status["account"]["id"] for status in thread} - {world.main}
            assert answered == world.responders(post.id, Kind.REPLY)
            for path, kind in (("favourited_by", Kind.FAVOURITE), ("reblogged_by", Kind.REBLOG)):
                listed = ids(get(self.api(mastodon, f"statuses/{post.id}/{path}")).json())
                assert Counter(listed) == Counter(world.responders(post.id, kind))
            quotes = get(self.api(mastodon, f"statuses/{post.id}/quotes"), limit=40).json()
            assert {status["account"]["id"] for status in quotes} == world.responders(post.id, Kind.QUOTE)

    def test_notifications_are_for_their_owner(self, mastodon: Mastodon) -> None:
        world = mastodon.world
        url = self.api(mastodon, "notifications")
        assert get(url).status_code == 401
        found = [n for page in pages(url, world.accounts[world.main].token, limit=40) for n in page]
        assert Counter(n["type"] for n in found) == world.notified

    def test_profiles(self, mastodon: Mastodon) -> None:
        world = mastodon.world
        for account in list(world.accounts.values())[:40]:
            answer = get(self.api(mastodon, f"accounts/{account.id}"))
            assert answer.status_code == (200 if world.exists(account.id) else 404)
            if world.exists(account.id):
                shown = answer.json()
                assert (shown["username"], shown["bot"], shown["locked"], shown["note"]) == (
                    account.name,
                    account.bot,
                    account.locked,
                    account.note,
                )

    def test_rate_limit(self) -> None:
        try:
            with run_server(RateLimit(requests=3, seconds=600)) as server:
                answers = [get(f"{server.url}/api/v1/instance") for _ in range(4)]
        except ServerUnavailableError as reason:
            pytest.skip(str(reason))
        assert [answer.status_code for answer in answers].count(429) >= 1
        assert answers[-1].headers["X-RateLimit-Remaining"] == "0"


class TestRecorded:
    """The server of recorded responses."""

    def test_every_recording_is_served_as_recorded(self, shared_data: Path, recorded: RecordedServer) -> None:
        recorded.tokens["secret"] = ALICE
        for recording in recorded.recordings:
            query = [pair for pair, times in recording.query.items() for _ in range(times)]
            answer = httpx.get(recorded.url + recording.path, params=query, headers={"Authorization": "Bearer secret"})
            body = answer.json()
            same = [r for r in recorded.recordings if (r.path, r.query) == (recording.path, recording.query)]
            assert body in [json.loads(r.file.read_bytes()) for r in same]
            assert ("link" in answer.headers) == any("link" in r.headers for r in same)
            assert "localhost:3000" not in answer.headers.get("link", "")
        assert {r.host for r in read_index(shared_data / "fixtures" / "mastodon")} > {"localhost", "mastodon.social"}

    def test_headers_of_the_limit_are_like_those_recorded(self, recorded: RecordedServer) -> None:
        told = get(f"{recorded.url}/api/v2/instance").headers
        record = next(r for r in recorded.recordings if r.path == "/api/v2/instance").headers
        assert told["X-RateLimit-Limit"] == record["x-ratelimit-limit"]
        assert told["X-RateLimit-Remaining"] == record["x-ratelimit-remaining"]
        assert len(told["X-RateLimit-Reset"]) == len(record["x-ratelimit-reset"])
        datetime.strptime(told["X-RateLimit-Reset"], "%Y-%m-%dT%H:%M:%S.%fZ")

    def test_parts_of_recorded_responses_have_addresses(self, recorded_social: RecordedServer) -> None:
        server = recorded_social
        account = get(f"{server.url}/api/v1/accounts/lookup", acct="@halcy@icosahedron.website").json()
        assert account["id"] == "23972"
        assert get(f"{server.url}/api/v1/accounts/23972").json() == account
        status = get(f"{server.url}/api/v1/statuses/110446223051565765").json()
        assert status["account"]["id"] == "23972"
        assert get(f"{server.url}/api/v1/accounts/1").status_code == 404

    @pytest.mark.parametrize(
        ("limit", "sizes"), [(None, [40] * 5), (80, [80, 80, 40]), (500, [80, 80, 40]), (150, [80, 80, 40])]
    )
    def test_pages_of_accounts(self, recorded: RecordedServer, limit: int | None, sizes: list[int]) -> None:
        people = variants(recorded.objects[f"/api/v1/accounts/{ALICE}"], 200)
        recorded.lists[FOLLOWERS] = people
        query = {} if limit is None else {"limit": limit}
        found = list(pages(recorded.url + FOLLOWERS, **query))
        assert [len(page) for page in found if page] == sizes
        assert [i for page in found for i in ids(page)] == ids(people)
        cursor = get(recorded.url + FOLLOWERS, limit=80).links["next"]["url"]
        assert not any(person["id"] in cursor for person in people)  # the id of an account is no cursor

    def test_a_page_before_another(self, recorded: RecordedServer) -> None:
        people = variants(recorded.objects[f"/api/v1/accounts/{ALICE}"], 100)
        recorded.lists[FOLLOWERS] = people
        second = get(get(recorded.url + FOLLOWERS, limit=30).links["next"]["url"])
        assert ids(second.json()) == ids(people[30:60])
        assert ids(get(second.links["prev"]["url"]).json()) == ids(people[:30])

    def test_pages_of_statuses_go_by_their_ids(self, recorded: RecordedServer) -> None:
        path = f"/api/v1/accounts/{ALICE}/statuses"
        status = next(v for k, v in recorded.objects.items() if k.startswith("/api/v1/statuses/"))
        recorded.lists[path] = variants(status, 90)[::-1]
        shown = ids(get(recorded.url + path, limit=40).json())
        older = ids(get(recorded.url + path, limit=40, max_id=shown[-1]).json())
        assert [len(shown), len(older)] == [40, 40]
        assert int(older[0]) == int(shown[-1]) - 1
        assert ids(get(recorded.url + path, since_id=shown[2]).json()) == shown[:2]

    def test_an_empty_page_is_not_the_end(self, recorded: RecordedServer) -> None:
        recorded.lists[FOLLOWERS] = variants(recorded.objects[f"/api/v1/accounts/{ALICE}"], 100)
        recorded.behaviour.empty_pages = frozenset({1})
        assert [len(page) for page in pages(recorded.url + FOLLOWERS, limit=30)] == [30, 0, 30, 10]

    def test_hidden_social_graph(self, recorded: RecordedServer) -> None:
        recorded.lists[FOLLOWERS] = variants(recorded.objects[f"/api/v1/accounts/{ALICE}"], 3)
        recorded.behaviour.hidden_graph = frozenset({ALICE})
        recorded.tokens = {"own": ALICE, "other": "1"}
        for token, shown in ((None, 0), ("other", 0), ("own", 3)):
            answer = get(recorded.url + FOLLOWERS, token)
            assert (answer.status_code, len(answer.json()), "link" in answer.headers) == (200, shown, shown > 0)

    def test_limited_mode(self, recorded: RecordedServer) -> None:
        recorded.behaviour.limited = True
        recorded.tokens["secret"] = ALICE
        refused = get(recorded.url + FOLLOWERS)
        assert (refused.status_code, refused.json()) == (401, {"error": "This method requires an authenticated user"})
        assert get(recorded.url + FOLLOWERS, "secret").status_code == 200
        assert get(recorded.url + FOLLOWERS, "wrong").json() == {"error": "The access token is invalid"}
        assert get(f"{recorded.url}/api/v2/instance").status_code == 200

    def test_a_thread_is_cut_without_a_token(self, recorded: RecordedServer) -> None:
        recorded.tokens["secret"] = ALICE
        status = next(v for k, v in recorded.objects.items() if k.startswith("/api/v1/statuses/"))
        root, path = status["id"], f"/api/v1/statuses/{status['id']}/context"
        wide = [dict(reply, in_reply_to_id=root) for reply in variants(status, 75)]
        chain = variants(status, 30)
        deep = [dict(r, in_reply_to_id=above) for r, above in zip(chain, [root, *ids(chain)], strict=False)]
        for replies, shown in ((wide, 60), (deep, 20)):
            recorded.lists[path] = {"ancestors": [], "descendants": replies}
            assert ids(get(recorded.url + path).json()["descendants"]) == ids(replies)[:shown]
            assert len(get(recorded.url + path, "secret").json()["descendants"]) == len(replies)

    def test_too_many_requests(self, recorded: RecordedServer) -> None:
        recorded.behaviour.refusals, recorded.behaviour.resets_in = 2, 90.0
        now = datetime.now().astimezone()
        answers = [get(recorded.url + FOLLOWERS) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [429, 429, 200]
        assert answers[0].json() == {"error": "Too many requests"}
        wait = datetime.fromisoformat(answers[0].headers["X-RateLimit-Reset"]) - now
        assert 89 < wait.total_seconds() < 100
        assert answers[0].headers["X-RateLimit-Remaining"] == "0"
        assert "Retry-After" not in answers[0].headers

    def test_the_limit_is_used_up(self, recorded: RecordedServer) -> None:
        recorded.behaviour.requests, recorded.behaviour.window = 2, 86_400
        assert [get(recorded.url + FOLLOWERS).status_code for _ in range(3)] == [200, 200, 429]

    def test_nothing_can_be_written(self, recorded: RecordedServer) -> None:
        assert httpx.post(f"{recorded.url}/api/v1/accounts/{ALICE}/follow", data={"a": "b"}).status_code == 405
        assert [request.method for request in recorded.asked] == ["POST"]
