"""A local HTTP server that returns what a test puts under each path, with the paging of several kinds of servers."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

Paging = Literal["link", "max_id", "none", "repeat"]


@dataclass
class Reply:
    """One response."""

    status: int = 200
    content: Any = None
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    def body(self) -> bytes:
        """Bytes and text as they are, anything else as JSON."""
        if isinstance(self.content, bytes | str):
            return self.content.encode() if isinstance(self.content, str) else self.content
        return json.dumps(self.content).encode()


@dataclass
class Pages:
    """A list in pages.

    Attributes:
        entries: newest first; size: entries per page, whatever is requested.
        paging: link: the `Link` header names the next page by a number of the server's own, as Mastodon does for
            accounts; max_id: no header, `max_id` is the id of an entry; none: no header, `max_id` gives an empty page;
            repeat: no header, `max_id` is ignored.
        wrap: name under which each page is wrapped in an object.
        prev_only: with `link`: only the previous page is named.
    """

    entries: list[Any]
    size: int = 80
    paging: Paging = "link"
    wrap: str | None = None
    prev_only: bool = False

    def page(self, url: str, query: dict[str, str]) -> Reply:
        """The page that a query asks for."""
        start, headers = 0, {"Content-Type": "application/json"}
        cursor = query.get("max_id")
        if cursor is not None and self.paging == "link":
            start = int(cursor)
        elif cursor is not None and self.paging == "max_id":
            ids = [str(entry.get("id")) for entry in self.entries]
            start = ids.index(cursor) + 1 if cursor in ids else 0
        elif cursor is not None and self.paging == "none":
            start = len(self.entries)
        shown = self.entries[start : start + self.size]
        if self.paging == "link" and shown:
            links = [f'<{url}?{urlencode({**query, "min_id": start})}>; rel="prev"']
            if start + self.size < len(self.entries) and not self.prev_only:
                links.insert(0, f'<{url}?{urlencode({**query, "max_id": start + self.size})}>; rel="next"')
            headers["Link"] = ", ".join(links)
        return Reply(200, {self.wrap: shown} if self.wrap else shown, headers)


class Stub:
    """The server.

    Attributes:
        routes: by path: a `Reply`, `Pages`, a function of the query, or content that is returned as JSON.
        asked: paths and queries of all requests.
        token: the only valid token; requests with it are given `with_token` first.
        with_token: routes of requests with the token.
    """

    def __init__(self) -> None:
        self.routes: dict[str, Any] = {}
        self.with_token: dict[str, Any] = {}
        self.token = "secret"
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    @property
    def host(self) -> str:
        """Name and port."""
        return self.url.removeprefix("http://")

    def reply(self, target: str, authorization: str | None) -> Reply:
        """The response to one request."""
        address = urlsplit(target)
        query = dict(parse_qsl(address.query))
        self.asked.append((address.path, query))
        own = authorization == f"Bearer {self.token}"
        found = (self.with_token if own else {}).get(address.path, self.routes.get(address.path))
        if found is None:
            return Reply(404, {"error": "Record not found"})
        if isinstance(found, Callable):
            found = found(query)
        if isinstance(found, Pages):
            return found.page(self.url + address.path, query)
        return found if isinstance(found, Reply) else Reply(200, found)


@contextlib.contextmanager
def run_stub(server: Any = None) -> Iterator[Any]:
    """A stub, or any object with `reply` and `url`, on a free port of the loopback interface until the block ends."""
    stub = server or Stub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            reply = stub.reply(self.path, self.headers.get("Authorization"))
            body = reply.body()
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """No output: `asked` holds the requests."""

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.daemon_threads = True
    stub.url = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield stub
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join(timeout=10)
