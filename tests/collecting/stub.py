"""`python -m tests.collecting.stub`: a fast server that shows a world of numbers as Bluesky's servers show theirs.

AppView, the account's own server and the directory of accounts in one. What it gives has the shape that the real
servers give (`test_stub.py` holds the two against each other); it exists for what those cannot do: a million
followers, thousands of requests a second, a count of every request, and a kill at a chosen moment.

Beside what Bluesky's servers answer: `/__count` (requests by address), `/__methods` (by HTTP method), `/__reset`,
`/__kill?pid=PID&after=N&seconds=S` (kill a process S seconds after the N-th request from now on).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import msgspec
from tests.collecting.world import Sizes, World, did, number_of

PROJECT = Path(__file__).resolve().parents[2]
CAR = "application/vnd.ipld.car"
JSON = "application/json; charset=utf-8"
Answer = tuple[int, str, bytes]


class RefusedError(Exception):
    """An answer that is an error of XRPC."""

    def __init__(self, message: str, error: str = "InvalidRequest", status: int = 400) -> None:
        super().__init__(message)
        self.message, self.error, self.status = message, error, status


@dataclass
class Settings:
    """How the server behaves.

    Attributes:
        delay: seconds before each answer; requests, window: at most so many in so many seconds (0: no limit).
    """

    delay: float = 0.0
    requests: int = 0
    window: float = 300.0


@dataclass
class Asked:
    """What was asked so far."""

    urls: Counter[str] = field(default_factory=Counter)
    methods: Counter[str] = field(default_factory=Counter)
    times: deque[float] = field(default_factory=deque)
    kills: list[tuple[int, float, int]] = field(default_factory=list)  # at which request, seconds after it, whom

    @property
    def total(self) -> int:
        return self.urls.total()


class Stub:
    """Answers requests from a world."""

    def __init__(self, world: World, settings: Settings) -> None:
        self.world, self.settings, self.asked = world, settings, Asked()
        self.methods: dict[str, Callable[[dict[str, list[str]]], Any]] = {
            "app.bsky.actor.getProfile": self.profile,
            "app.bsky.actor.getProfiles": self.profiles,
            "app.bsky.graph.getFollowers": self.followers,
            "app.bsky.graph.getFollows": self.follows,
            "app.bsky.graph.getRelationships": self.relationships,
            "app.bsky.feed.getAuthorFeed": self.feed,
            "app.bsky.feed.getPostThread": self.thread,
            "app.bsky.feed.getLikes": self.responses("likes"),
            "app.bsky.feed.getRepostedBy": self.responses("reposts", "repostedBy"),
            "app.bsky.feed.getQuotes": self.responses("quotes", "posts"),
        }

    def answer(self, method: str, target: str, host: str) -> tuple[Answer, dict[str, str]]:
        """Status, type and body, and further headers."""
        if target.startswith("/__"):
            return (200, JSON, msgspec.json.encode(self.control(target))), {}
        self.asked.methods[method] += 1
        self.asked.urls[target] += 1
        self.kill_at(self.asked.total)
        headers, full = self.limit()
        if full:
            return _error(429, "RateLimitExceeded", "Rate Limit Exceeded"), headers
        if method != "GET":
            return _error(405, "MethodNotAllowed", "only reading"), headers
        try:
            return self.content(target, host), headers
        except RefusedError as refused:
            return _error(refused.status, refused.error, refused.message), headers

    def content(self, target: str, host: str) -> Answer:
        address = urlsplit(target)
        asked: dict[str, list[str]] = {}
        for name, value in parse_qsl(address.query):
            asked.setdefault(name.removesuffix("[]"), []).append(value)
        if address.path.startswith("/did:"):
            return self.directory(unquote(address.path[1:]), host)
        method = address.path.removeprefix("/xrpc/")
        if method == "com.atproto.sync.getRepo":
            if number_of(asked["did"][0]) != 0:
                raise RefusedError(f"Could not find repo for DID: {asked['did'][0]}", "RepoNotFound")
            return 200, CAR, self.world.repository()
        if method not in self.methods:
            return _error(404, "MethodNotImplemented", "Method Not Implemented")
        return 200, JSON, msgspec.json.encode(self.methods[method](asked))

    def directory(self, name: str, host: str) -> Answer:
        if number_of(name) is None:
            return _error(404, "NotFound", f"DID not registered: {name}")
        service = {
            "id": "#atproto_pds",
            "type": "AtprotoPersonalDataServer",
            "serviceEndpoint": f"http://{host}",
        }
        names = ["at://" + self.world.basic(number_of(name) or 0)["handle"]]
        content = {"@context": ["https://www.w3.org/ns/did/v1"], "id": name, "alsoKnownAs": names, "service": [service]}
        return 200, "application/did+ld+json; charset=utf-8", json.dumps(content).encode()

    # -- limits, counts, kills --------------------------------------------------------------------------------

    def limit(self) -> tuple[dict[str, str], bool]:
        """The headers of the limit, and whether it is used up."""
        settings, times, now = self.settings, self.asked.times, time.time()
        if not settings.requests:
            return {}, False
        while times and times[0] <= now - settings.window:
            times.popleft()
        full = len(times) >= settings.requests
        if not full:
            times.append(now)
        headers = {
            "RateLimit-Limit": str(settings.requests),
            "RateLimit-Remaining": str(settings.requests - len(times)),
            "RateLimit-Reset": str(int(times[0] + settings.window) + 1),
            "RateLimit-Policy": f"{settings.requests};w={settings.window:.0f}",
        }
        return headers, full

    def control(self, target: str) -> Any:
        asked = dict(parse_qsl(urlsplit(target).query))
        if target.startswith("/__kill"):
            self.asked.kills.append(
                (self.asked.total + int(asked["after"]), float(asked["seconds"]), int(asked["pid"]))
            )
        elif target.startswith("/__reset"):
            self.asked = Asked()
        return dict(self.asked.methods if target.startswith("/__methods") else self.asked.urls)

    def kill_at(self, total: int) -> None:
        for order in [order for order in self.asked.kills if order[0] == total]:
            self.asked.kills.remove(order)
            asyncio.get_running_loop().call_later(order[1], _kill, order[2])

    # -- methods ----------------------------------------------------------------------------------------------

    def account(self, asked: dict[str, list[str]], name: str = "actor") -> int:
        number = number_of(asked[name][0])
        if number is None or not self.world.exists(number):
            raise RefusedError("Profile not found")
        if number and not self.world.is_shown(number):
            raise RefusedError("Account is deactivated", "AccountDeactivated")
        return number

    def page(self, asked: dict[str, list[str]], give: Callable[[int, int], tuple[list[Any], int | None]], name: str):
        start = _start(asked.get("cursor", [None])[0])
        items, following = give(start, int(asked.get("limit", ["50"])[0]))
        return {name: items} | ({} if following is None else {"cursor": _cursor(following)})

    def profile(self, asked: dict[str, list[str]]) -> Any:
        return self.world.detailed(self.account(asked))

    def profiles(self, asked: dict[str, list[str]]) -> Any:
        if len(asked["actors"]) > 25:
            raise RefusedError("Error: actors must not have more than 25 elements")
        numbers = map(number_of, asked["actors"])
        shown = [number for number in numbers if number is not None and self.world.is_shown(number)]
        return {"profiles": [self.world.detailed(number) for number in shown]}

    def followers(self, asked: dict[str, list[str]]) -> Any:
        number = self.account(asked)
        give = self.world.followers if number == 0 else _nothing
        return self.page(asked, give, "followers") | {"subject": self.world.listed(number)}

    def follows(self, asked: dict[str, list[str]]) -> Any:
        number = self.account(asked)
        give = self.world.following if number == 0 else _nothing
        return self.page(asked, give, "follows") | {"subject": self.world.listed(number)}

    def relationships(self, asked: dict[str, list[str]]) -> Any:
        if number_of(asked["actor"][0]) != 0:
            raise RefusedError("Profile not found")
        if len(asked["others"]) > 30:
            raise RefusedError("Error: others must not have more than 30 elements")
        numbers = [number_of(other) for other in asked["others"]]
        shown = [self.world.relationship(number) for number in numbers if number is not None]
        return {"actor": did(0), "relationships": shown}

    def feed(self, asked: dict[str, list[str]]) -> Any:
        number = number_of(asked["actor"][0])
        if number is None or not self.world.exists(number) or (number and not self.world.is_shown(number)):
            raise RefusedError("Profile not found")
        return self.page(asked, lambda start, limit: self.world.feed(number, start, limit), "feed")

    def place(self, asked: dict[str, list[str]]) -> int:
        place = self.world.place_of(asked["uri"][0])
        if place is None:
            raise RefusedError(f"Post not found: {asked['uri'][0]}", "NotFound")
        return place

    def thread(self, asked: dict[str, list[str]]) -> Any:
        return {"thread": self.world.thread(self.place(asked))}

    def responses(self, kind: str, name: str | None = None) -> Callable[[dict[str, list[str]]], Any]:
        def answer(asked: dict[str, list[str]]) -> Any:
            place = self.place(asked)
            give = getattr(self.world, kind)
            return {"uri": asked["uri"][0]} | self.page(asked, lambda s, n: give(place, s, n), name or kind)

        return answer


def _nothing(_start: int, _limit: int) -> tuple[list[Any], None]:
    return [], None


def _cursor(start: int) -> str:
    return f"c{start:x}"


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.startswith("c"):
        raise RefusedError("Malformed cursor")
    return int(cursor[1:], 16)


def _error(status: int, error: str, message: str) -> Answer:
    return status, JSON, json.dumps({"error": error, "message": message}).encode()


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


# -- HTTP -----------------------------------------------------------------------------------------------------------


class Connection(asyncio.Protocol):
    """One connection that stays open; as little HTTP as our client speaks."""

    def __init__(self, stub: Stub) -> None:
        self.stub, self.waiting = stub, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        while b"\r\n\r\n" in self.waiting:
            head, _, self.waiting = self.waiting.partition(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            method, target, _ = lines[0].split(" ", 2)
            host = next((line[5:].strip() for line in lines if line[:5].lower() == "host:"), "")
            self.send(*self.stub.answer(method, target, host), slow=not target.startswith("/__"))

    def send(self, answer: Answer, headers: dict[str, str], *, slow: bool) -> None:
        status, kind, body = answer
        told = {"Content-Type": kind, "Content-Length": str(len(body)), "Connection": "keep-alive"} | headers
        head = f"HTTP/1.1 {status} {'OK' if status == 200 else 'Refused'}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in told.items())
        message = head.encode() + b"\r\n" + body
        if slow and self.stub.settings.delay:
            asyncio.get_running_loop().call_later(self.stub.settings.delay, self.transport.write, message)
        else:
            self.transport.write(message)


async def serve(stub: Stub, port: int, ready: Callable[[str], None]) -> None:
    """Answer until cancelled."""
    server = await asyncio.get_running_loop().create_server(lambda: Connection(stub), "127.0.0.1", port)
    async with server:
        ready(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await server.serve_forever()


def main() -> None:
    """Serve in the foreground; the address goes to standard output; the end of standard input ends it."""
    parser = argparse.ArgumentParser(prog="python -m tests.collecting.stub", description=__doc__)
    parser.add_argument("--sizes", type=json.loads, default={"followers": 1_000}, help="JSON: see world.Sizes")
    parser.add_argument("--settings", type=json.loads, default={}, help="JSON: see Settings")
    parser.add_argument("--port", type=int, default=0)
    chosen = parser.parse_args()
    world = World(Sizes(**{"now": round(time.time()) * 1_000_000} | chosen.sizes))
    threading.Thread(target=_end_with_input, daemon=True).start()
    stub = Stub(world, Settings(**chosen.settings))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(stub, chosen.port, lambda address: print(address, flush=True)))


def _end_with_input() -> None:
    sys.stdin.read()
    os._exit(0)


@dataclass
class Running:
    """A server in a process of its own."""

    address: str

    def _ask(self, what: str) -> Any:
        with urllib.request.urlopen(f"{self.address}/__{what}", timeout=60) as answer:
            return json.load(answer)

    def count(self) -> Counter[str]:
        """Requests by address."""
        return Counter(self._ask("count"))

    def methods(self) -> dict[str, int]:
        """Requests by HTTP method."""
        return dict(self._ask("methods"))

    def reset(self) -> None:
        """Count anew."""
        self._ask("reset")

    def kill(self, pid: int, *, after: int, seconds: float) -> None:
        """Kill a process some seconds after the n-th request from now on."""
        self._ask(f"kill?pid={pid}&after={after}&seconds={seconds}")

    @property
    def environment(self) -> dict[str, str]:
        """What makes Headcount ask this server."""
        return {"HEADCOUNT_BLUESKY_APPVIEW": self.address, "HEADCOUNT_BLUESKY_DIRECTORY": self.address}


@contextlib.contextmanager
def running(sizes: Sizes, **settings: Any) -> Iterator[Running]:
    """Start the server in a process of its own."""
    command = [sys.executable, "-m", "tests.collecting.stub", "--sizes", json.dumps(asdict(sizes))]
    command += ["--settings", json.dumps(settings)]
    child = subprocess.Popen(command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        address = child.stdout.readline().strip()
        assert address, "the server did not start"
        yield Running(address)
    finally:
        child.communicate("", timeout=20)


if __name__ == "__main__":
    main()
