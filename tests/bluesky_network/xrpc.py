"""Calls to the servers over plain HTTP, apart from Headcount's own client: what is tested does not test itself."""

from __future__ import annotations

import base64
import http.client
import json
import threading
from typing import Any
from urllib.parse import urlencode, urlsplit

ADMIN = "Basic " + base64.b64encode(b"admin:admin-pass").decode()  # the fixed password of the reference test network

_connections = threading.local()


class XrpcError(Exception):
    """A call that was answered with an error: its HTTP status and the server's own name for it."""

    def __init__(self, status: int, error: str, message: str) -> None:
        super().__init__(f"{status} {error}: {message}")
        self.status, self.error = status, error


def query(server: str, method: str, /, *, authorization: str | None = None, **parameters: Any) -> Any:
    """A reading call; parameters that are lists are repeated."""
    path = f"/xrpc/{method}?{urlencode(parameters, doseq=True)}"
    return _call(server, "GET", path, None, authorization)


def procedure(server: str, method: str, body: Any, /, *, authorization: str | None = None) -> Any:
    """A writing call."""
    return _call(server, "POST", f"/xrpc/{method}", json.dumps(body).encode(), authorization)


def all_pages(server: str, method: str, items: str, /, **parameters: Any) -> list[Any]:
    """The items of all pages."""
    collected, cursor = [], {}
    while True:
        page = query(server, method, limit=100, **parameters, **cursor)
        collected += page[items]
        if "cursor" not in page:
            return collected
        cursor = {"cursor": page["cursor"]}


def bearer(token: str) -> str:
    """The authorization of an account that is logged in."""
    return f"Bearer {token}"


def close_connections() -> None:
    """Close this thread's connections, before it ends."""
    for connection in _connections.__dict__.pop("by_host", {}).values():
        connection.close()


def _call(server: str, verb: str, path: str, body: bytes | None, authorization: str | None) -> Any:
    headers = {"Content-Type": "application/json"} if body is not None else {}
    if authorization is not None:
        headers["Authorization"] = authorization
    connection = _connection(urlsplit(server).netloc)
    try:
        connection.request(verb, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
    except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
        connection.close()  # kept open for too long: the next request opens it anew
        connection.request(verb, path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
    if answer.status != 200:
        said = json.loads(content)
        raise XrpcError(answer.status, said.get("error", ""), said.get("message", ""))
    if answer.headers.get_content_type() == "application/json":
        return json.loads(content)
    return content


def _connection(host: str) -> http.client.HTTPConnection:
    """This thread's connection, kept open."""
    kept: dict[str, http.client.HTTPConnection] = _connections.__dict__.setdefault("by_host", {})
    if host not in kept:
        kept[host] = http.client.HTTPConnection(host, timeout=120)
    return kept[host]
