"""A local index of backlinks that answers like Constellation does: pages from the newest on, cursors that say nothing.

Like there, an account that is not active stays in `total` and is in no page, so pages can be short or empty.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

STARTED_AT = 1_738_083_600_000_000
LARGEST = 100


@dataclass
class Index:
    """Records that point at one account, oldest first, and who of their authors is not active.

    Attributes:
        asked: the time, path and headers of each request.
        broken: from this page on, every answer is a failure of the server; None: never.
    """

    subject: str
    records: list[tuple[str, str]]
    inactive: frozenset[str] = frozenset()
    asked: list[tuple[float, str, dict[str, str]]] = field(default_factory=list)
    broken: int | None = None
    url: str = ""

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, str, object]:
        """Status, content type and content."""
        self.asked.append((time.monotonic(), path, headers))
        if self.broken is not None and len(self.asked) > self.broken:
            return 502, "text/html", "<h1>Bad gateway</h1>"
        if "application/json" not in headers.get("accept", ""):
            return 200, "text/html", "<h1>Hello!</h1>"
        parts = urlsplit(path)
        if parts.path == "/":
            return 200, "application/json", {"help": "…", "days_indexed": 1, "stats": {"started_at": STARTED_AT}}
        if parts.path != "/xrpc/blue.microcosm.links.getBacklinks":
            return 404, "application/json", {}
        return self.backlinks({name: values[0] for name, values in parse_qs(parts.query).items()})

    def backlinks(self, asked: dict[str, str]) -> tuple[int, str, object]:
        """One page."""
        limit = int(asked.get("limit", 16))
        if limit > LARGEST or asked["source"] != "app.bsky.graph.follow:subject":
            return 400, "application/json", {"error": "InvalidRequest"}
        records = self.records if asked["subject"] == self.subject else []
        until = int(bytes.fromhex(asked["cursor"]).decode()) if "cursor" in asked else len(records)
        start = max(0, until - limit)
        shown = [
            {"did": did, "collection": "app.bsky.graph.follow", "rkey": key}
            for did, key in reversed(records[start:until])
            if did not in self.inactive
        ]
        cursor = str(start).encode().hex() if start else None
        return 200, "application/json", {"total": len(records), "records": shown, "cursor": cursor}


@contextmanager
def running_index(index: Index) -> Iterator[Index]:
    """The index on a local port, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, kind, content = index.answer(self.path, {k.lower(): v for k, v in self.headers.items()})
            body = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    index.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
