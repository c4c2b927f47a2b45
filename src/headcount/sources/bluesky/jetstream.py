"""Jetstream: the network's events as they happen, over a WebSocket (https://github.com/bluesky-social/jetstream).

A server sends every new and every deleted record of the collections that were asked for, as one JSON text each, from
a cursor on: the moment in microseconds at which Jetstream saw the event. It sends each at least once. Public servers
keep about a day; a cursor that is older starts at the oldest event that is still there.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import cycle
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from headcount.errors import PlatformUnavailable
from headcount.sources.collect.client import USER_AGENT
from headcount.sources.collect.pace import duration

if TYPE_CHECKING:
    from websockets.sync.client import ClientConnection

__all__ = ["COLLECTIONS", "SERVERS", "Jetstream"]

SERVERS = tuple(
    f"wss://jetstream{number}.{region}.bsky.network/subscribe" for region in ("us-east", "us-west") for number in (2, 1)
)
COLLECTIONS = ("app.bsky.graph.follow", "app.bsky.feed.like", "app.bsky.feed.repost", "app.bsky.feed.post")
REWIND = 5_000_000
"""Microseconds that a cursor is set back with each new connection: servers' clocks differ, and events repeat."""
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_LATE, _TELL_EVERY = 10_000_000, 10.0
"""Less than so many microseconds is up to date; seconds between two sentences about how far behind it is."""
_GAP = 600_000_000
_LARGEST = 1 << 24
_TIME = re.compile(r'"time_us":\s*(\d{1,18})')


class Jetstream:
    """Events from a cursor on, across all breaks of the connection.

    Args:
        servers: addresses of servers, which are tried in turn.
        cursor: microseconds since 1970 from which on everything is wanted.
        say: told when a connection is made or breaks, and how far behind it is.
        lost: told the moments (microseconds) between which events are no longer to be had.

    Attributes:
        cursor: of the newest event that was given out.
    """

    def __init__(
        self,
        servers: Sequence[str],
        cursor: int,
        *,
        say: Callable[[str], None] = lambda _text: None,
        lost: Callable[[int, int], None] = lambda _start, _end: None,
    ) -> None:
        self.cursor = cursor
        self._servers, self._say, self._lost = cycle(servers), say, lost
        self._number_of_servers = len(servers)
        self._refused = 0
        self._failures = 0
        self._late = True
        self._told = 0.0

    def texts(self, stop: threading.Event, every: float = 1.0) -> Iterator[str | None]:
        """Event after event, undecoded; None where none came for `every` seconds. Ends with `stop`.

        Raises:
            PlatformUnavailable: every server refuses the request as such.
        """
        from websockets.exceptions import InvalidStatus, WebSocketException

        while not stop.is_set():
            server = next(self._servers)
            try:
                with self._connect(server) as connection:
                    yield from self._receive(connection, stop, every)
            except InvalidStatus as error:
                self._refuse(server, error.response.status_code)
            except (WebSocketException, OSError, EOFError) as error:
                self._break(server, str(error) or type(error).__name__)
            if not stop.is_set():
                yield None
                stop.wait(self._pause())

    def _connect(self, server: str) -> ClientConnection:
        from websockets.sync.client import connect

        wanted = [("wantedCollections", name) for name in COLLECTIONS]
        query = urlencode([*wanted, ("cursor", self.cursor - REWIND)])
        return connect(
            f"{server}?{query}", user_agent_header=USER_AGENT, open_timeout=15, close_timeout=2, max_size=_LARGEST
        )

    def _receive(self, connection: ClientConnection, stop: threading.Event, every: float) -> Iterator[str | None]:
        asked = self.cursor
        first = self._late = True
        self._told = time.monotonic()
        behind = time.time() - asked / 1e6
        self._say(f"Connected; streaming from {_clock(asked)} UTC, {duration(max(behind, 0.0))} behind.")
        while not stop.is_set():
            try:
                text = connection.recv(timeout=every)
            except TimeoutError:
                yield None
                continue
            if not isinstance(text, str) or (moment := _moment(text)) is None:
                continue
            self._failures = self._refused = 0
            if first and moment - asked > _GAP:
                self._lost(asked, moment)
            first = False
            yield text
            self._advance(moment)

    def _advance(self, moment: int) -> None:
        """Move the cursor; it never goes back, and never beyond now, or a false time would skip events."""
        now = time.time_ns() // 1000
        self.cursor = max(self.cursor, min(moment, now))
        if not self._late:
            return
        if now - moment < _LATE:
            self._late = False
            self._say("Up to date.")
        elif time.monotonic() - self._told >= _TELL_EVERY:
            self._told = time.monotonic()
            self._say(f"{_clock(moment)} UTC: {duration((now - moment) / 1e6)} behind.")

    def _refuse(self, server: str, status: int) -> None:
        if 400 <= status < 500 and status not in (408, 425, 429):
            self._refused += 1
            if self._refused >= self._number_of_servers:
                raise PlatformUnavailable(
                    f"{server} did not respond like a Jetstream server (HTTP {status}).",
                    hint="check HEADCOUNT_BLUESKY_JETSTREAM.",
                )
        self._break(server, f"HTTP {status}")

    def _break(self, server: str, reason: str) -> None:
        self._failures += 1
        host = server.partition("://")[2].partition("/")[0]
        self._say(f"The connection to {host} was lost ({reason[:120].rstrip('.')}); reconnecting.")

    def _pause(self) -> float:
        """Seconds until the next try: ever longer, and never the same for all who wait."""
        doublings = min(max(self._failures - 1, 0), 10)
        longest = min(_FIRST_PAUSE * 2.0**doublings, _LONGEST_PAUSE)
        return longest * random.uniform(0.7, 1.3)  # noqa: S311


def _moment(text: str) -> int | None:
    found = _TIME.search(text)
    return int(found[1]) if found else None


def _clock(moment: int) -> str:
    return f"{datetime.fromtimestamp(moment / 1e6, UTC):%Y-%m-%d %H:%M:%S}"
