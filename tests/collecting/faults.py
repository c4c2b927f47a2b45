"""A proxy that breaks answers on purpose, in every way in which the network and the platforms do.

Which request is broken and how follows from a seed. The proxy is also the server on which the account logged in: it
opens and renews sessions, and lets them expire.
"""

from __future__ import annotations

import http.client
import json
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

SAID = {
    "429 with seconds": "too many requests (429)",
    "429 with a date": "too many requests (429)",
    "429 with ratelimit-reset": "too many requests (429)",
    "429 with x-ratelimit-reset": "too many requests (429)",
    "429 with nothing": "too many requests (429)",
    "500": "the server failed (http 500)",
    "502": "the server failed (http 502)",
    "503": "the server failed (http 503)",
    "timeout": "no response in time",
    "truncated": "the response was interrupted",
    "reset": "the connection was lost",
    "HTML": "the response is text/html",
    "cut JSON": "truncated or invalid json",
    "expired 400": "the session has expired and is renewed",
    "expired 401": "the session has expired and is renewed",
    "cursor loop": "returned the same cursor",
    "empty page": "",  # no fault: the list goes on behind it
}
"""Every kind of fault, and what the log says of it in lower case."""
KINDS = tuple(SAID)
_PATIENCE = 3
_MARK = "~empty"
Content = dict[str, Any]


@dataclass
class Plan:
    """Which request is broken, and how.

    Attributes:
        seed, kinds: what is drawn from; gap: so many good answers between two faults (from, to).
        wait: seconds that a 429 names; the first one names 3.
        always: part of an address -> the fault that every request for it meets.
        begin: so many requests first that are let through.
    """

    seed: int = 1
    kinds: tuple[str, ...] = KINDS
    gap: tuple[int, int] = (3, 8)
    wait: float = 1.0
    always: dict[str, str] = field(default_factory=dict)
    begin: int = 0
    done: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)
        self._deck: list[str] = []
        self._left = self.begin
        self._on: Counter[str] = Counter()

    def due(self, target: str) -> str | None:
        """The fault that is due now; it stays due until it is `spent`."""
        for part, kind in self.always.items():
            if part in target:
                return kind
        if not self.kinds:
            return None
        if "cursor loop" in self.kinds and "cursor=" in target and not self.done["cursor loop"]:
            return "cursor loop"  # there are few occasions for it: the first is taken
        if self._left > 0:
            self._left -= 1
            return None
        if self._on[_unmarked(target)] >= _PATIENCE:
            return None
        if not self._deck:
            self._deck = self._chance.sample(self.kinds, len(self.kinds))
        return self._deck[-1]

    def spent(self, kind: str, target: str) -> None:
        """It happened."""
        self.done[kind] += 1
        self._on[_unmarked(target)] += 1
        if kind in self._deck and not any(part in target for part in self.always):
            self._deck.remove(kind)
            self._left = self._chance.randint(*self.gap)

    def postpone(self) -> None:
        """The fault that is due does not fit this request; another kind comes first."""
        if self._deck:
            self._deck.insert(0, self._deck.pop())


@dataclass
class Session:
    """The login that is valid now."""

    password: str = "secret-app-password"
    number: int = 0
    expired: bool = False
    faults: list[int] = field(default_factory=list)  # statuses of the next answers to a renewal; 0: none comes

    @property
    def access(self) -> str:
        return f"secret-access-token-{self.number}"

    @property
    def refresh(self) -> str:
        return f"secret-refresh-token-{self.number}"

    def tokens(self, server: str) -> Content:
        service = [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": server}]
        names = {"did": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "handle": "main.test", "didDoc": {"service": service}}
        return names | {"accessJwt": self.access, "refreshJwt": self.refresh, "active": True}


class Proxy(ThreadingHTTPServer):
    """Passes requests on to another server, and breaks what the plan says."""

    daemon_threads = True

    def __init__(self, upstream: str, plan: Plan) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream, self.plan, self.session = urlsplit(upstream).netloc, plan, Session()
        self.counts: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.stopping = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is what some faults lead to."""

    @property
    def environment(self) -> dict[str, str]:
        """What makes Headcount ask through this proxy."""
        return {"HEADCOUNT_BLUESKY_APPVIEW": self.address, "HEADCOUNT_BLUESKY_DIRECTORY": self.address}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # header and body in one piece: two small ones wait for each other
    server: Proxy

    def log_message(self, *_: Any) -> None:
        pass

    # -- requests ---------------------------------------------------------------------------------------------

    def do_GET(self) -> None:
        proxy = self.server
        with proxy.lock:
            proxy.counts[self.path] += 1
            if not self.logged_in():
                return
            kind = proxy.plan.due(self.path)
            if kind is not None and not self.fits(kind):
                proxy.plan.postpone()
                kind = None
        status, headers, body = self.fetch()
        if kind is None:
            self.reply(status, headers, body)
            return
        if not self.break_it(kind, status, headers, body):
            with proxy.lock:
                proxy.plan.postpone()
            self.reply(status, headers, body)
            return

    def do_POST(self) -> None:
        """Sessions, and nothing else."""
        proxy, session = self.server, self.server.session
        asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        with proxy.lock:
            proxy.counts[f"POST {self.path}"] += 1
            if self.path.endswith("createSession") and asked.get("password") == session.password:
                self.reply_json(200, session.tokens(proxy.address))
            elif self.path.endswith("refreshSession") and session.faults:
                self.fail(session.faults.pop(0))
            elif self.path.endswith("refreshSession") and self.headers["Authorization"] == f"Bearer {session.refresh}":
                session.number, session.expired = session.number + 1, False
                self.reply_json(200, session.tokens(proxy.address))
            else:
                self.reply_json(401, {"error": "AuthenticationRequired", "message": "Invalid identifier or password"})

    def fail(self, status: int) -> None:
        """A renewal that fails for now."""
        if status:
            self.reply_json(status, {"error": "InternalServerError", "message": "Internal Server Error"})
        else:
            self.close_connection = True

    def logged_in(self) -> bool:
        """Is the login that the request carries good? Answers the request where it is not."""
        given, session = self.headers.get("Authorization"), self.server.session
        if given is None or (given == f"Bearer {session.access}" and not session.expired):
            return True
        self.reply_json(400, {"error": "ExpiredToken", "message": "Token has expired"})
        return False

    def fits(self, kind: str) -> bool:
        """Can this fault happen to this request?"""
        if kind.startswith("expired"):
            return "Authorization" in self.headers
        if kind == "cursor loop":
            return "cursor=" in self.path
        return "limit=100" in self.path if kind == "empty page" else True

    def fetch(self) -> tuple[int, dict[str, str], bytes]:
        """What the other server answers; the host that was asked for is passed on, the login is not."""
        connection = http.client.HTTPConnection(self.server.upstream, timeout=30)
        try:
            connection.request("GET", _unmarked(self.path), headers={"Host": self.headers["Host"]})
            answer = connection.getresponse()
            return answer.status, {"Content-Type": answer.headers["Content-Type"]}, answer.read()
        finally:
            connection.close()

    def reply(self, status: int, headers: dict[str, str], body: bytes, *, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def reply_json(self, status: int, content: Content, headers: dict[str, str] | None = None) -> None:
        self.reply(status, {"Content-Type": "application/json"} | (headers or {}), json.dumps(content).encode())

    # -- faults -----------------------------------------------------------------------------------------------

    def break_it(self, kind: str, status: int, headers: dict[str, str], body: bytes) -> bool:
        """Answer in the broken way; False where this answer cannot be broken so."""
        plan, session = self.server.plan, self.server.session
        content = _object(body)
        if kind in ("cursor loop", "empty page", "cut JSON") and (status != 200 or content is None):
            return False
        if kind == "cursor loop" and not (content or {}).get("cursor"):
            return False
        with self.server.lock:
            first = not plan.done[kind]
            plan.spent(kind, self.path)
        if kind.startswith("429"):
            self.reply_json(429, {"error": "RateLimitExceeded", "message": "Slow down"}, self.reset(kind, first=first))
        elif kind in ("500", "502", "503"):
            self.reply(int(kind), {"Content-Type": "text/html"}, b"<html>out of order</html>")
        elif kind.startswith("expired"):
            session.expired = True
            self.reply_json(int(kind[-3:]), {"error": "ExpiredToken", "message": "Token has expired"})
        elif kind == "timeout":
            self.server.stopping.wait(1.0)
            self.close_connection = True
        elif kind == "truncated":
            self.reply(status, headers, body[: len(body) // 2], length=len(body))
            self.close_connection = True
        elif kind == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
        elif kind == "HTML":
            self.reply(
                200, {"Content-Type": "text/html; charset=utf-8"}, b"<html>Please wait while we check you</html>"
            )
        elif kind == "cut JSON":
            self.reply(status, headers, body[: len(body) * 2 // 3])
        elif kind == "cursor loop":
            self.reply_json(200, (content or {}) | {"cursor": _asked(self.path)["cursor"]})
        elif kind == "empty page":
            empty = {name: [] if isinstance(value, list) else value for name, value in (content or {}).items()}
            self.reply_json(200, empty | {"cursor": _asked(self.path).get("cursor", "") + _MARK})
        return True

    def reset(self, kind: str, *, first: bool) -> dict[str, str]:
        """When the limit is renewed, in the words of each platform."""
        seconds = 3.0 if first and kind == "429 with seconds" else self.server.plan.wait
        moment = datetime.now(UTC) + timedelta(seconds=seconds)
        told = {
            "429 with seconds": ("Retry-After", f"{seconds:.0f}"),
            "429 with a date": ("Retry-After", format_datetime(moment.replace(microsecond=0), usegmt=True)),
            "429 with ratelimit-reset": ("RateLimit-Reset", str(int(time.time() + seconds))),
            "429 with x-ratelimit-reset": ("X-RateLimit-Reset", moment.isoformat().replace("+00:00", "Z")),
        }.get(kind)
        return {} if told is None else {told[0]: told[1], "RateLimit-Limit": "3000", "RateLimit-Remaining": "0"}


def _object(body: bytes) -> Content | None:
    try:
        content = json.loads(body)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def _asked(target: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(target).query))


def _unmarked(target: str) -> str:
    """The address without the marks that empty pages left in its cursor."""
    address = urlsplit(target)
    asked = [(name, value.replace(_MARK, "")) for name, value in parse_qsl(address.query)]
    kept = [(name, value) for name, value in asked if value]
    return f"{address.path}?{urlencode(kept)}" if kept else target


@contextmanager
def proxied(upstream: str, plan: Plan) -> Iterator[Proxy]:
    """Run the proxy in threads of this process."""
    proxy = Proxy(upstream, plan)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.stopping.set()
        proxy.shutdown()
        proxy.server_close()
        thread.join()
