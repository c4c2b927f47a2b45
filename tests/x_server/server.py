"""A server on this machine that answers like the X API v2, with what was recorded from the real one.

Each request is checked: method, path, the parameters and their values, the sizes of pages, the token, and that a
pagination token was given out for this very list. What X would refuse is refused (400, 401, 403, 404), and kept in
`refused`, so that a test can say that there was nothing. Only the fields that were asked for are given, under the
names that X uses since 2026 (`post.fields`: `referenced_posts`, `repost_count`, `post_count`).
`bill` is what X would charge.
"""

from __future__ import annotations

import base64
import json
import time
from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.x_server.description import FOR_USERS_ONLY, LIMITS, endpoint_of, wrong_parameters
from tests.x_server.recorded import Object, Recorded

POST, USER, OWNED = 0.005, 0.010, 0.001
WINDOW = 900
_OWNABLE = ("followers", "following", "tweets", "mentions")
_PROBLEM = "https://api.x.com/2/problems/"
_DEFAULT_USER, _DEFAULT_POST = ("id", "name", "username"), ("id", "text")
_OLD_NAMES = {"note_post": "note_tweet"}


class Refused(Exception):
    """What X refuses.

    Args:
        status: of HTTP; content: the problem; headers: further ones.
    """

    def __init__(self, status: int, content: Object, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.content, self.headers = status, content, headers or {}


def problem(status: int, title: str, detail: str, kind: str = "about:blank") -> Refused:
    """A refusal as X words it."""
    return Refused(status, {"title": title, "detail": detail, "type": kind, "status": status})


class XServer:
    """Answers on 127.0.0.1 while it is open.

    Args:
        recorded: what it answers with.
        tokens: token -> account that it belongs to; None: an application's.
        page: it gives at most so many objects a page, however many are asked for, as X may.
        lost: account -> suspended, deleted or protected: their timelines tell so in their errors.
        recent: is a conversation still within the reach of the search?
        limited: are the limits of the endpoints kept?
        counter: name of the number of an account's posts; X says post_count, and answered with tweet_count in 2026.
    """

    def __init__(
        self,
        recorded: Recorded,
        tokens: dict[str, str | None],
        *,
        page: int = 100,
        lost: dict[str, str] | None = None,
        recent: Callable[[Object], bool] = lambda _tweet: True,
        limited: bool = False,
        counter: str = "post_count",
    ) -> None:
        self.recorded, self.tokens, self.page, self.lost = recorded, tokens, page, lost or {}
        self.recent, self.limited, self.counter = recent, limited, counter
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.refused: list[tuple[int, str, Object]] = []
        self.counts: Counter[str] = Counter()
        self.bill = 0.0
        self.next_answers: list[Refused] = []
        self.forbidden: set[str] = set()
        self.owners_app = True
        self._given: dict[str, tuple[str, int]] = {}
        self._lock = Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    def __enter__(self) -> XServer:
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._http.server_port}"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # headers and body in one go, else each answer waits for a delayed acknowledgement

            def _reply(self) -> None:
                status, headers, content = server.answer(self.command, self.path, self.headers.get("Authorization"))
                body = json.dumps(content).encode()
                self.send_response(status)
                for name, value in (headers | {"content-length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _reply

            def log_message(self, *_: object) -> None:
                """Nothing on the screen."""

        return Handler

    # -- one request ------------------------------------------------------------------------------------------

    def answer(self, method: str, target: str, authorization: str | None) -> tuple[int, dict[str, str], Object]:
        """The answer to one request."""
        with self._lock:
            try:
                status, content, headers = 200, *self._answer(method, target, authorization)
            except Refused as refusal:
                status, content, headers = refusal.status, refusal.content, refusal.headers
                self.refused.append((status, target, content))
            return status, {"content-type": "application/json; charset=utf-8"} | headers, content

    def _answer(self, method: str, target: str, authorization: str | None) -> tuple[Object, dict[str, str]]:
        parts = urlsplit(target)
        given = parse_qsl(parts.query, keep_blank_values=True)
        found = endpoint_of(parts.path)
        if method != "GET":
            raise problem(405, "Method Not Allowed", f"{method} is not read-only")
        if found is None:
            raise problem(404, "Not Found", f"{parts.path} is no endpoint")
        template, name = found
        self.asked.append((template, name, dict(given)))
        owner = self._check_token(template, authorization)
        wrong = wrong_parameters(template, given)
        if wrong:
            errors = [
                {"parameters": {k: [dict(given).get(k)]}, "message": f"The `{k}` query parameter value {v}"}
                for k, v in wrong.items()
            ]
            raise Refused(
                400,
                problem(
                    400,
                    "Invalid Request",
                    "One or more parameters to your request was invalid.",
                    _PROBLEM + "invalid-request",
                ).content
                | {"errors": errors},
            )
        if self.next_answers:
            raise self.next_answers.pop(0)
        headers = self._count(template)
        content = self._content(template, name, dict(given), owner)
        self._charge(template, name, content, owner)
        return content, headers

    def _check_token(self, template: str, authorization: str | None) -> str | None:
        kind, _, token = (authorization or "").partition(" ")
        if kind != "Bearer" or token not in self.tokens:
            raise problem(401, "Unauthorized", "Unauthorized")
        owner = self.tokens[token]
        if owner is None and template in FOR_USERS_ONLY:
            detail = "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint."
            raise problem(403, "Unsupported Authentication", detail, _PROBLEM + "unsupported-authentication")
        if template in self.forbidden:
            raise problem(
                403, "Client Forbidden", "Your plan does not include this endpoint.", _PROBLEM + "client-forbidden"
            )
        return owner

    def _count(self, template: str) -> dict[str, str]:
        """What is left of the limit, in X's headers."""
        self.counts[template] += 1
        left = max(LIMITS[template] - self.counts[template], 0)
        if self.limited and self.counts[template] > LIMITS[template]:
            raise Refused(
                429, problem(429, "Too Many Requests", "Too Many Requests").content, self._limits(template, 0)
            )
        return self._limits(template, left if self.limited else LIMITS[template])

    @staticmethod
    def _limits(template: str, left: int) -> dict[str, str]:
        return {
            "x-rate-limit-limit": str(LIMITS[template]),
            "x-rate-limit-remaining": str(left),
            "x-rate-limit-reset": str(int(time.time()) + WINDOW),
        }

    def _charge(self, template: str, name: str, content: Object, owner: str | None) -> None:
        data, included = content.get("data", []), content.get("includes", {})
        listed = data if isinstance(data, list) else [data]
        owned = owner == name and template.rpartition("/")[2] in _OWNABLE and self.owners_app
        for thing in listed:
            self.bill += OWNED if owned else USER if "username" in thing else POST
        self.bill += len(included.get("users", [])) * USER + len(included.get("posts", [])) * POST

    # -- what it answers with -----------------------------------------------------------------------------------

    def _content(self, template: str, name: str, given: dict[str, str], owner: str | None) -> Object:
        last, recorded = template.rpartition("/")[2], self.recorded
        if last in ("me", "{username}"):
            return self._account(
                recorded.users.get(str(owner if last == "me" else recorded.ids.get(name.lower()))), name, given
            )
        if name in self.lost and last == "tweets":
            return {"errors": [self._lost(name)], "meta": {"result_count": 0}}
        if last == "recent":
            things = [
                tweet
                for tweet in recorded.conversation(given["query"].removeprefix("conversation_id:"))
                if self.recent(tweet)
            ]
            return self._listed(template, things, given, given["query"])
        lists: dict[str, Callable[[str], list[Object]]] = {
            "tweets": recorded.posts,
            "mentions": recorded.mentions,
            "followers": recorded.followers,
            "following": recorded.following,
            "liking_users": recorded.likers,
            "retweeted_by": recorded.reposters,
            "quote_tweets": recorded.quoting,
        }
        since = given.get("start_time", "")
        return self._listed(
            template,
            [
                thing
                for thing in lists[last](name)
                if last in _OWNABLE[:2] or thing.get("created_at", "") >= since or "username" in thing
            ],
            given,
            name,
        )

    def _account(self, user: Object | None, name: str, given: dict[str, str]) -> Object:
        state = self.lost.get(user["id"]) if user else "deleted"
        if user is None or state in ("suspended", "deleted"):
            title, what = (
                ("Forbidden", "User has been suspended")
                if state == "suspended"
                else ("Not Found Error", "Could not find user with username")
            )
            detail = f"{what}: [{name}]."
            return {
                "errors": [
                    {
                        "value": name,
                        "detail": detail,
                        "title": title,
                        "resource_type": "user",
                        "parameter": "username",
                        "resource_id": name,
                        "type": _PROBLEM + "resource-not-found",
                    }
                ]
            }
        return {"data": self._user(user, given)}

    def _lost(self, account: str) -> Object:
        words = {
            "suspended": ("Forbidden", f"User has been suspended: [{account}].", "resource-not-found"),
            "deleted": ("Not Found Error", f"Could not find user with id: [{account}].", "resource-not-found"),
            "protected": (
                "Authorization Error",
                f"Sorry, you are not authorized to see the user with id: [{account}].",
                "not-authorized-for-resource",
            ),
        }
        title, detail, kind = words[self.lost[account]]
        return {
            "value": account,
            "detail": detail,
            "title": title,
            "resource_type": "user",
            "parameter": "id",
            "resource_id": account,
            "type": _PROBLEM + kind,
        }

    def _listed(self, template: str, things: list[Object], given: dict[str, str], name: str) -> Object:
        """One page of a list, the token of the next, and what the expansions bring along."""
        key, token, start = f"{template} {name}", given.get("pagination_token"), 0
        if token is not None:
            whose, start = self._given.get(token, ("", 0))
            if whose != key:
                raise problem(
                    400,
                    "Invalid Request",
                    f"The pagination_token [{token}] was not given out for this list.",
                    _PROBLEM + "invalid-request",
                )
        size = min(int(given.get("max_results", 10)), self.page)
        page = things[start : start + size]
        meta: Object = {"result_count": len(page)}
        if start + size < len(things):
            meta["next_token"] = self._token(key, start + size)
        if start:
            meta["previous_token"] = self._token(key, max(start - size, 0))
        if not page:
            return {"meta": meta}
        if "username" in page[0]:
            return {"data": [self._user(user, given) for user in page], "meta": meta}
        return {"data": [shown_post(tweet, given) for tweet in page], "meta": meta} | self._along(page, given)

    def _user(self, user: Object, given: dict[str, str]) -> Object:
        return shown_user(user, given, self.counter)

    def _token(self, key: str, start: int) -> str:
        token = base64.b32hexencode(f"{abs(hash(key)) % 10**9:09d}:{start:09d}".encode()).decode().rstrip("=").lower()
        self._given[token] = (key, start)
        return token

    def _along(self, page: list[Object], given: dict[str, str]) -> Object:
        expansions, recorded = set(filter(None, given.get("expansions", "").split(","))), self.recorded
        accounts = dict.fromkeys(
            account
            for tweet in page
            for name in ("author_id", "in_reply_to_user_id")
            if name in expansions and (account := tweet.get(name)) in recorded.users
        )
        referred = [post for tweet in page if "referenced_posts" in expansions for post in recorded.references(tweet)]
        posts = dict.fromkeys(post for post in referred if post in recorded.tweets)
        missing = dict.fromkeys(post for post in referred if post not in recorded.tweets)
        included = {
            "users": [self._user(recorded.users[account], given) for account in accounts],
            "posts": [shown_post(recorded.tweets[post], given) for post in posts],
        }
        errors = [
            {
                "value": post,
                "detail": f"Could not find post with referenced_posts: [{post}].",
                "title": "Not Found Error",
                "resource_type": "tweet",
                "parameter": "referenced_posts",
                "resource_id": post,
                "type": _PROBLEM + "resource-not-found",
            }
            for post in missing
        ]
        content: Object = {"includes": {name: things for name, things in included.items() if things}}
        return {name: value for name, value in (content | {"errors": errors}).items() if value}


def shown_user(user: Object, given: dict[str, str], counter: str) -> Object:
    """A user with the fields that were asked for."""
    asked = {*_DEFAULT_USER, *given.get("user.fields", "").split(",")}
    shown = {name: value for name, value in user.items() if name in asked}
    if "public_metrics" in shown:
        names = {"tweet_count": counter}
        shown["public_metrics"] = {names.get(name, name): number for name, number in shown["public_metrics"].items()}
    return shown


def shown_post(tweet: Object, given: dict[str, str]) -> Object:
    """A tweet with the fields that were asked for, and the ids that expansions unfold."""
    asked = {*_DEFAULT_POST, *(_OLD_NAMES.get(name, name) for name in given.get("post.fields", "").split(","))}
    expansions = given.get("expansions", "").split(",")
    shown: dict[str, Any] = {name: value for name, value in tweet.items() if name in asked}
    for name in ("author_id", "in_reply_to_user_id"):
        if name in expansions and name in tweet:
            shown[name] = tweet[name]
    if "referenced_posts" in expansions and "referenced_tweets" in tweet:
        shown["referenced_posts"] = tweet["referenced_tweets"]
    if "edit_history_tweet_ids" in tweet:
        shown["edit_history_post_ids"] = tweet["edit_history_tweet_ids"]
    if "note_tweet" in shown:
        shown["note_post"] = shown.pop("note_tweet")
    if "public_metrics" in shown:
        shown["public_metrics"] = {
            {"retweet_count": "repost_count"}.get(name, name): number
            for name, number in shown["public_metrics"].items()
        }
    return shown
