"""A local server that gives the responses recorded from real Mastodon servers, under their real paths.

The recordings are read where they lie (`fixtures/mastodon` of the public data); bodies go out as they were recorded but
for the address of the server in Link headers. Accounts and statuses that are part of a recorded response are served
under their own addresses too. A list is given in pages, as Mastodon does it: by `limit`, `max_id`, `since_id` and
`min_id`, where the ids of a list of accounts are internal numbers that only the Link header tells.

What no recording holds is put together by a test from recorded parts (`lists`, `variants`), and how the server behaves
is told by `Behaviour`; its rules are those of Mastodon's source and documentation (rate-limits.md, statuses.md).
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

PAGING = ("limit", "max_id", "since_id", "min_id")
ACCOUNT_LIST = re.compile(r"/(?:followers|following|favourited_by|reblogged_by)$")
SOCIAL_GRAPH = re.compile(r"^/api/v1/accounts/(\d+)/(?:followers|following)$")
THREAD = re.compile(r"^/api/v1/statuses/(\d+)/context$")
ONE_OBJECT = re.compile(r"^/api/v1/(accounts|statuses)/(\d+)$")
PUBLIC_ALWAYS = re.compile(r"^/api/v[12]/instance$")
OWN = re.compile(r"^/api/v[12]/notifications|^/api/v1/accounts/(?:verify_credentials|relationships|familiar_followers)")
SHOWN_REPLIES, SHOWN_DEPTH = 60, 20  # without a token
FIRST_NUMBER = 5_000  # of the internal numbers in lists of accounts
Query = list[tuple[str, str]]


@dataclass
class Behaviour:
    """How the server answers beside giving what was recorded.

    Attributes:
        limited: nothing but the description of the server is given without a token (401).
        hidden_graph: ids of accounts whose followers and followees are shown to themselves only: an empty list.
        cut_threads: without a token a thread shows 60 replies, 20 deep.
        requests, window: at most so many requests in a window of so many seconds; the window ends when the clock
            can be divided by it, as in Mastodon. The next one is answered with 429 and X-RateLimit-Reset.
        refusals: answer that many requests with 429, whatever was asked before.
        resets_in: seconds until X-RateLimit-Reset says the refusals end; None: the end of the window.
        empty_pages: numbers of pages (0: the first) of every list that come empty, with a Link to the next one.
        largest_page: entries per page at most; None: 80 for lists of accounts, 40 for statuses and notifications.
    """

    limited: bool = False
    hidden_graph: frozenset[str] = frozenset()
    cut_threads: bool = True
    requests: int = 300
    window: int = 300
    refusals: int = 0
    resets_in: float | None = None
    empty_pages: frozenset[int] = frozenset()
    largest_page: int | None = None


@dataclass(frozen=True)
class Request:
    """What was asked; `account` is whose token came with it, None without one."""

    method: str
    path: str
    query: Query
    account: str | None


@dataclass
class Answer:
    """What goes out."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """An answer that is an error of Mastodon's API."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status, self.error = status, error


# --- What was recorded -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Recording:
    """One recorded response, without its body; the query without what asks for a page."""

    file: Path
    host: str
    path: str
    query: Counter[tuple[str, str]]
    headers: dict[str, str]


def read_index(folder: Path) -> list[Recording]:
    """All recordings of the folder."""
    entries = json.loads((folder / "index.json").read_bytes())
    return [
        Recording(
            folder / entry["file"],
            entry["host"],
            entry["path"].rstrip("/"),
            without_paging(parse_qsl(entry["query"])),
            {name: values[0] for name, values in entry["headers"].items()},
        )
        for entry in entries
        if entry["method"] == "GET"
    ]


def without_paging(query: Query) -> Counter[tuple[str, str]]:
    """The parts of a query that choose what is listed."""
    return Counter((name, value) for name, value in query if name not in PAGING)


def objects_in(content: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The accounts and statuses anywhere in a response, each with the part of the address that leads to it."""
    if isinstance(content, dict):
        if "acct" in content and "followers_count" in content:
            yield "accounts", content
        elif "in_reply_to_id" in content and "account" in content:
            yield "statuses", content
        content = list(content.values())
    if isinstance(content, list):
        for part in content:
            yield from objects_in(part)


def variants(recorded: Mapping[str, Any], count: int, first_id: int = 900_000_000_000_000_000) -> list[dict[str, Any]]:
    """A recorded account or status so many times, each with an id (and, of an account, a name) of its own."""
    made = []
    for number in range(count):
        copy = dict(recorded, id=str(first_id + number))
        if "acct" in recorded:
            name, _, domain = str(recorded["acct"]).partition("@")
            copy |= {"username": f"{name}_{number}", "acct": f"{name}_{number}" + (f"@{domain}" if domain else "")}
        made.append(copy)
    return made


# --- The server ------------------------------------------------------------------------------------------------------


class RecordedServer:
    """Answers from the recordings of one host.

    Attributes:
        url: where it answers, without a slash at the end.
        behaviour: how it answers; may be changed at any time.
        tokens: by access token, the id of the account it belongs to. Other tokens are refused with 401.
        lists: by path, what a test wants listed there instead of what was recorded.
        objects: by path, the accounts and statuses that the recordings hold; a test may add others.
        asked: all requests so far.
    """

    def __init__(self, folder: Path, host: str = "localhost") -> None:
        self.recordings = [recording for recording in read_index(folder) if recording.host == host]
        self.behaviour = Behaviour()
        self.tokens: dict[str, str] = {}
        self.lists: dict[str, Any] = {}
        self.objects: dict[str, dict[str, Any]] = {}
        self.asked: list[Request] = []
        self.url = ""
        self._lock = threading.Lock()
        self._used: Counter[int] = Counter()
        for recording in self.recordings:
            for kind, found in objects_in(json.loads(recording.file.read_bytes())):
                self.objects.setdefault(f"/api/v1/{kind}/{found['id']}", found)

    def answer(self, method: str, target: str, authorization: str | None) -> Answer:
        """The answer to one request, counted against the limit."""
        with self._lock:
            return self._answer(method, target, authorization)

    def _answer(self, method: str, target: str, authorization: str | None) -> Answer:
        address = urlsplit(target)
        token = (authorization or "").removeprefix("Bearer ") or None
        request = Request(method, address.path.rstrip("/"), parse_qsl(address.query), self.tokens.get(token or ""))
        self.asked.append(request)
        headers, full = self.count()
        try:
            answer = self.refuse_or_give(request, token, full=full)
        except RefusedError as refused:
            answer = Answer(refused.status, json.dumps({"error": refused.error}).encode())
        answer.headers = {**headers, **answer.headers}
        return answer

    def refuse_or_give(self, request: Request, token: str | None, *, full: bool) -> Answer:
        """What the address leads to, unless the limit, the method or the token stands against it."""
        if full:
            raise RefusedError(429, "Too many requests")
        if request.method != "GET":
            raise RefusedError(405, "this server is for reading")
        self.check_token(request, token)
        return self.content(request)

    def count(self) -> tuple[dict[str, str], bool]:
        """The headers that tell the limit, and whether it is used up."""
        how, now = self.behaviour, time.time()
        window = int(now) // how.window
        refused = how.refusals > 0
        how.refusals -= refused
        self._used[window] += 1
        reset = now + (how.window - int(now) % how.window)
        if refused and how.resets_in is not None:
            reset = now + how.resets_in
        full = refused or self._used[window] > how.requests
        headers = {
            "X-RateLimit-Limit": str(how.requests),
            "X-RateLimit-Remaining": "0" if full else str(how.requests - self._used[window]),
            "X-RateLimit-Reset": datetime.fromtimestamp(reset, UTC).isoformat(timespec="microseconds")[:-6] + "Z",
        }
        return headers, full

    def check_token(self, request: Request, token: str | None) -> None:
        """Refuse an unknown token, and what is not given without one."""
        if request.account is None and (token is not None or OWN.match(request.path)):
            raise RefusedError(401, "The access token is invalid")
        if request.account is None and self.behaviour.limited and not PUBLIC_ALWAYS.match(request.path):
            raise RefusedError(401, "This method requires an authenticated user")

    def content(self, request: Request) -> Answer:
        """What the address leads to."""
        if request.path == "/api/v1/accounts/lookup":
            return self.lookup(dict(request.query).get("acct", ""))
        if request.path == "/api/v1/accounts/verify_credentials":
            return self.one_object(f"/api/v1/accounts/{request.account}")
        graph = SOCIAL_GRAPH.match(request.path)
        if graph and graph[1] in self.behaviour.hidden_graph and graph[1] != request.account:
            return Answer(200, b"[]")
        if request.path in self.lists:
            return self.made_up(request, self.lists[request.path])
        recording = self.find(request)
        if recording is not None:
            return self.replay(request, recording)
        if ONE_OBJECT.match(request.path):
            return self.one_object(request.path)
        raise RefusedError(404, "Record not found")

    def lookup(self, acct: str) -> Answer:
        """The account of that name; a name on this server may be written with or without the server."""
        name = acct.removeprefix("@").removesuffix("@" + self.url.removeprefix("http://")).lower()
        for path, found in self.objects.items():
            if path.startswith("/api/v1/accounts/") and str(found["acct"]).lower() == name:
                return Answer(200, json.dumps(found).encode())
        raise RefusedError(404, "Record not found")

    def one_object(self, path: str) -> Answer:
        if path not in self.objects:
            raise RefusedError(404, "Record not found")
        return Answer(200, json.dumps(self.objects[path]).encode())

    # --- Recordings and lists ---

    def find(self, request: Request) -> Recording | None:
        """The recording of this path with this query, or, if there is none, the one without any query."""
        query = without_paging(request.query)
        same_path = [recording for recording in self.recordings if recording.path == request.path]
        same_query = [recording for recording in same_path if recording.query == query]
        return next(iter([*same_query, *(r for r in same_path if not r.query)]), None)

    def replay(self, request: Request, recording: Recording) -> Answer:
        """A recorded body as it is, or the page of it that was asked for."""
        body = recording.file.read_bytes()
        content = json.loads(body)
        if not isinstance(content, list) or not any(name in PAGING for name, _ in request.query):
            return Answer(200, body, self.relink(recording.headers.get("link")))
        return self.page(request, content)

    def relink(self, link: str | None) -> dict[str, str]:
        """The recorded Link header, leading to this server."""
        return {} if link is None else {"Link": re.sub(r"<https?://[^/>]+", f"<{self.url}", link)}

    def made_up(self, request: Request, content: Any) -> Answer:
        """What a test wants to be at this address."""
        if isinstance(content, list):
            return self.page(request, content)
        thread = THREAD.match(request.path)
        if thread and self.behaviour.cut_threads and request.account is None:
            content = {**content, "descendants": cut_thread(thread[1], content["descendants"])}
        return Answer(200, json.dumps(content).encode())

    def page(self, request: Request, entries: list[dict[str, Any]]) -> Answer:
        """A page of a list, newest first, with the Link to the next and the previous one."""
        of_accounts = ACCOUNT_LIST.search(request.path) is not None
        asked = {name: int(value) for name, value in request.query if name in PAGING and value.isdigit()}
        largest = self.behaviour.largest_page or (80 if of_accounts else 40)
        size = max(1, min(asked.get("limit", 40 if of_accounts else 20), largest))
        count = len(entries)
        numbers = [FIRST_NUMBER + count - n if of_accounts else int(entry["id"]) for n, entry in enumerate(entries)]
        lowest = max(asked.get("since_id", -1), asked.get("min_id", -1))
        places = [n for n in range(count) if lowest < numbers[n] < asked.get("max_id", numbers[n] + 1)]
        places = places[-size:] if "min_id" in asked else places[:size]
        if not places:
            return Answer(200, b"[]")
        shown = [] if places[0] // size in self.behaviour.empty_pages else [entries[n] for n in places]
        links = {"prev": ("min_id", numbers[places[0]])}
        if len(places) == size:  # Mastodon names a next page whenever this one is full
            links = {"next": ("max_id", numbers[places[-1]]), **links}
        return Answer(200, json.dumps(shown).encode(), {"Link": self.link(request, links)})

    def link(self, request: Request, links: Mapping[str, tuple[str, int]]) -> str:
        """The Link header: the address that was asked for, with another place to begin at."""
        kept = [(name, value) for name, value in request.query if name not in PAGING[1:]]
        address = f"{self.url}{request.path}"
        return ", ".join(f'<{address}?{urlencode([*kept, place])}>; rel="{rel}"' for rel, place in links.items())


def cut_thread(root: str, descendants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The replies that Mastodon shows without a token: 60, down to 20 below the post."""
    depth = {root: 0}
    for reply in descendants:
        depth[reply["id"]] = depth.get(reply["in_reply_to_id"], SHOWN_DEPTH) + 1
    return [reply for reply in descendants if depth[reply["id"]] <= SHOWN_DEPTH][:SHOWN_REPLIES]


@contextlib.contextmanager
def run_recorded(folder: Path, host: str = "localhost") -> Iterator[RecordedServer]:
    """The server, answering on a free port of the loopback interface until the block ends."""
    server = RecordedServer(folder, host)
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server))
    listener.daemon_threads = True
    server.url = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(timeout=10)


def _handler(server: RecordedServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def respond(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = server.answer(self.command, self.path, self.headers.get("Authorization"))
            self.send_response(answer.status)
            headers = {"Content-Type": "application/json; charset=utf-8", **answer.headers}
            for name, value in {**headers, "Content-Length": str(len(answer.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = respond

        def log_message(self, *_: object) -> None:
            """Say nothing: `asked` holds the requests."""

    return Handler
