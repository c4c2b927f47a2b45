"""A small Jetstream: reads the event stream of the real PDS (com.atproto.sync.subscribeRepos), and serves it as JSON.

It can behave as badly as the network does: break connections, send events twice and out of order.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import libipld
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.sync.server import ServerConnection, serve


@dataclass
class Faults:
    """How many connections break, one at every sixth event; and how often, of one, events repeat or change places."""

    breaks: int = 0
    twice: float = 0.0
    swapped: float = 0.0


@dataclass
class MiniJetstream:
    """All events since it was started, and who asked for them.

    Attributes:
        asked: the cursor of each connection.
        sent: how many events were sent, those that came twice included.
        reached: up to which event, of all, some connection was served.
    """

    url: str = ""
    faults: Faults = field(default_factory=Faults)
    chance: random.Random = field(default_factory=lambda: random.Random(5))
    events: list[tuple[int, str]] = field(default_factory=list)
    asked: list[int | None] = field(default_factory=list)
    sent: int = 0
    reached: int = 0
    turns: int = 0
    stopping: bool = False

    def add(self, event: dict[str, Any]) -> None:
        """One more event, with the time at which it is seen."""
        moment = max(time.time_ns() // 1000, self.events[-1][0] + 1 if self.events else 0)
        text = json.dumps({"did": event.pop("did"), "time_us": moment, **event}, separators=(",", ":"))
        self.events.append((moment, text))

    def wait_until_served(self, seconds: float = 20.0) -> None:
        """Return when the newest event has been sent and nothing new has come for a moment."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            number = len(self.events)
            time.sleep(1.0)
            if self.reached >= number == len(self.events):
                return
        raise AssertionError(f"{self.reached} of {len(self.events)} events were fetched")

    # --- serving ---

    def handle(self, connection: ServerConnection) -> None:
        """One connection: everything from its cursor on, and then what comes."""
        assert connection.request is not None
        asked = parse_qs(urlsplit(connection.request.path).query)
        cursor = int(asked["cursor"][0]) if "cursor" in asked else None
        wanted = tuple(asked.get("wantedCollections", ()))
        self.asked.append(cursor)
        place = len(self.events) if cursor is None else sum(moment < cursor for moment, _ in self.events)
        try:
            while not self.stopping:
                if place < len(self.events):
                    place = self.send_some(connection, place, wanted)
                else:
                    time.sleep(0.02)
        except (WebSocketException, OSError):
            pass

    def send_some(self, connection: ServerConnection, place: int, wanted: tuple[str, ...]) -> int:
        """The event at a place, as well or badly as it goes; gives the next place."""
        chance, faults = self.chance.random, self.faults
        self.turns += 1
        if faults.breaks and self.turns % 6 == 0:
            faults.breaks -= 1
            connection.socket.close()  # without a word
            raise OSError
        some = [place, place + 1] if chance() < faults.swapped and place + 1 < len(self.events) else [place]
        for number in reversed(some):
            text = self.events[number][1]
            if _is_wanted(text, wanted):
                for _ in range(2 if chance() < faults.twice else 1):
                    connection.send(text)
                    self.sent += 1
        self.reached = max(self.reached, some[-1] + 1)
        return some[-1] + 1


def _is_wanted(text: str, wanted: tuple[str, ...]) -> bool:
    event = json.loads(text)
    return event["kind"] != "commit" or event["commit"]["collection"] in wanted


def events_of(frame: bytes) -> Iterator[dict[str, Any]]:
    """The events of one message of the PDS, without their time."""
    header, body = libipld.decode_dag_cbor_multi(frame)
    if header.get("t") == "#commit":
        blocks = libipld.decode_car(body["blocks"])[1] if body["blocks"] else {}
        for operation in body["ops"]:
            collection, _, key = operation["path"].partition("/")
            commit = {"rev": body["rev"], "operation": operation["action"], "collection": collection, "rkey": key}
            if operation["action"] != "delete":
                commit["record"] = blocks[operation["cid"]]
            yield {"did": body["repo"], "kind": "commit", "commit": commit}
    elif header.get("t") in ("#identity", "#account"):
        kind = header["t"][1:]
        yield {"did": body["did"], "kind": kind, kind: {k: v for k, v in body.items() if not isinstance(v, bytes)}}


@contextmanager
def running_jetstream(pds: str) -> Iterator[MiniJetstream]:
    """What happens on the PDS from now on, served until the end of the block."""
    jetstream = MiniJetstream()
    address = pds.replace("http", "ws", 1) + "/xrpc/com.atproto.sync.subscribeRepos"

    def listen() -> None:
        while not jetstream.stopping:
            try:
                frame = firehose.recv(timeout=0.2)
            except TimeoutError:
                continue
            for event in events_of(frame):
                jetstream.add(event)

    with connect(address, max_size=1 << 24) as firehose, serve(jetstream.handle, "127.0.0.1", 0) as server:
        jetstream.url = f"ws://127.0.0.1:{server.socket.getsockname()[1]}/subscribe"
        threads = [threading.Thread(target=target, daemon=True) for target in (listen, server.serve_forever)]
        for thread in threads:
            thread.start()
        try:
            yield jetstream
        finally:
            jetstream.stopping = True
            threads[0].join(5)
            server.shutdown()
