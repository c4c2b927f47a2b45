"""Servers on loopback that behave as the cases describe: odd Mastodon-like servers, and a thread that is blocked."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Answer = tuple[int, Any]
Respond = Callable[[str, dict[str, list[str]], str], Answer]
MADE = "2026-02-01T10:00:00.000Z"


@contextlib.contextmanager
def serving(respond: Respond) -> Iterator[str]:
    """The address (host and port) of a server that answers GET requests with JSON for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            status, content = respond(unquote(address.path), parse_qs(address.query), self.headers["Host"])
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# -- Mastodon's API ------------------------------------------------------------------------------------------------

NAMES = {"hidcount": "1", "nolink": "2", "minus": "3", "strnum": "4"}
LISTED = {"2": 200, "3": 3, "4": 3}
"""Followers of each; the server shows 80 at most, gives no Link header and knows no other way to page."""
PAGE = 80


def _account(number: str, name: str, **more: Any) -> dict[str, Any]:
    counts = {"followers_count": 0, "following_count": 0, "statuses_count": 0}
    return {"id": number, "username": name, "acct": name, "display_name": name, "note": "", "created_at": MADE} | (
        counts | more
    )


def _owner(name: str) -> dict[str, Any]:
    if name == "hidcount":
        hidden = {"hide_followers": True, "hide_followers_count": True, "hide_follows": True}
        return _account("1", name, statuses_count=1, pleroma=hidden)
    if name == "nolink":
        return _account("2", name, followers_count=200, statuses_count=1)
    if name == "minus":
        return _account("3", name, followers_count=-1, following_count=-1, statuses_count=-1)
    return _account("4", name, followers_count="3", following_count="0", statuses_count="1")


def _status(number: str, name: str) -> dict[str, Any]:
    counts: dict[str, Any] = dict.fromkeys(("replies_count", "reblogs_count", "favourites_count"), 0)
    if name == "strnum":
        counts = {field: str(count) for field, count in counts.items()}
    return {
        "id": "9" + number,
        "uri": f"https://a.example/notes/9{number}",
        "created_at": MADE,
        "content": "<p>hi</p>",
    } | (counts | {"account": _owner(name), "visibility": "public", "reblog": None, "mentions": [], "tags": []})


def mastodon(path: str, query: dict[str, list[str]], host: str) -> Answer:
    """What a server of the Fediverse answers."""
    if path == "/api/v2/instance":
        return 200, {"domain": host, "title": "odd", "version": "2.7.2 (compatible; Odd 1.0)"}
    if path == "/api/v1/accounts/lookup":
        name = query.get("acct", [""])[0]
        return (200, _owner(name)) if name in NAMES else (404, {"error": "Record not found"})
    parts = path.removeprefix("/api/v1/accounts/").split("/")
    name = next((name for name, number in NAMES.items() if number == parts[0]), None)
    if name is None or not path.startswith("/api/v1/accounts/"):
        return 404, {"error": "Record not found"}
    if parts[1:] == ["followers"]:
        ids = [str(1_000 + place) for place in range(LISTED.get(parts[0], 0))]
        limit = min(int(query.get("limit", ["40"])[0]), PAGE)
        return 200, [_account(one, f"f{one}", followers_count="7" if name == "strnum" else 7) for one in ids[:limit]]
    if parts[1:] == ["statuses"]:
        return 200, [_status(parts[0], name)] if "max_id" not in query else []
    return 200, [] if len(parts) > 1 else _owner(name)


# -- Bluesky ---------------------------------------------------------------------------------------------------------

DID = "did:plc:blockedallblockedallaaa2"
FOLLOWER = "did:plc:followerfollowerfollowa2"


def _profile(did: str, handle: str) -> dict[str, Any]:
    counts = {"followersCount": 1, "followsCount": 0, "postsCount": 3}
    return {"did": did, "handle": handle, "createdAt": MADE, "indexedAt": MADE, "labels": []} | counts


def _post(number: int) -> dict[str, Any]:
    return {
        "uri": f"at://{DID}/app.bsky.feed.post/3l25zusnsfct{'abc'[number]}",
        "cid": f"bafy{number}",
        "author": _profile(DID, "blockedall.bsky.social"),
        "record": {"$type": "app.bsky.feed.post", "text": f"question {number}?", "createdAt": MADE},
        "replyCount": 2,
        "repostCount": 0,
        "likeCount": 0,
        "quoteCount": 0,
        "indexedAt": MADE,
    }


def bluesky(path: str, query: dict[str, list[str]], host: str) -> Answer:
    """An AppView, a server of accounts and their directory, where the threads of the account are blocked."""
    profile = _profile(DID, "blockedall.bsky.social")
    if path.startswith("/did:"):
        service = {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": f"http://{host}"}
        return 200, {"id": path[1:], "alsoKnownAs": ["at://blockedall.bsky.social"], "service": [service]}
    method = path.removeprefix("/xrpc/")
    if method == "app.bsky.feed.getPostThread":
        uri = query["uri"][0]
        blocked = {"$type": "app.bsky.feed.defs#blockedPost", "uri": uri, "blocked": True, "author": {"did": DID}}
        return 200, {"thread": blocked}
    answers: dict[str, Any] = {
        "com.atproto.identity.resolveHandle": {"did": DID},
        "app.bsky.actor.getProfile": profile,
        "app.bsky.actor.getProfiles": {"profiles": [_profile(FOLLOWER, "fan.example")]},
        "app.bsky.graph.getFollowers": {"subject": profile, "followers": [_profile(FOLLOWER, "fan.example")]},
        "app.bsky.graph.getFollows": {"subject": profile, "follows": []},
        "app.bsky.graph.getRelationships": {"actor": DID, "relationships": []},
        "app.bsky.feed.getAuthorFeed": {"feed": [{"post": _post(number)} for number in range(3)]},
        "app.bsky.feed.getLikes": {"uri": "", "likes": []},
        "app.bsky.feed.getRepostedBy": {"uri": "", "repostedBy": []},
        "app.bsky.feed.getQuotes": {"uri": "", "posts": []},
    }
    if method in answers:
        return 200, answers[method]
    return 400, {"error": "RepoNotFound", "message": "Could not find repo"}
