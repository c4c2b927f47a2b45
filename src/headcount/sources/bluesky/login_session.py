"""Logging in to Bluesky: the only place that sends anything but GET, to any platform.

An app password opens a session (`com.atproto.server.createSession`); its two tokens are kept, the password is not, and
the session is used and renewed (`refreshSession`) as long as it lasts, because logging in is limited to few times a
day. A session changes each time it is renewed, so the environment cannot hold one.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from headcount.errors import AccessDenied, PlatformUnavailable, UsageError
from headcount.sources.collect.links import is_private_connection, server_address
from headcount.sources.login.secrets import find_secret, forget_secret, keep_secret
from headcount.sources.platform import Target

__all__ = ["BlueskyLogin", "BlueskyLogins", "log_in_bluesky"]

log = logging.getLogger("headcount.collect")

BLUESKY_SERVER = "https://bsky.social"
_KEPT_AS = "bluesky"
"""The name that the session is kept under."""
_TRIES, _PAUSE = 5, 1.0
"""How often a session is asked for, and seconds before the second try; doubled for each further one."""
_TOKENS = ("accessJwt", "refreshJwt")
_SESSION_CALLS = ("com.atproto.server.createSession", "com.atproto.server.refreshSession")


class _TransientError(PlatformUnavailable):
    """No answer, or one that is none: the next try may fare better."""


class BlueskyLogins:
    """The logins of Bluesky; see `headcount.sources.platform.LoginHandler`."""

    def log_in(self, name: str | None, secret: str, service: str | None) -> tuple[str, str]:
        """Open a session with an app password and keep it; returns the handle and where it is kept."""
        handle = str(name).removeprefix("@")
        return f"@{handle}", log_in_bluesky(handle, secret, server=service)

    def find(self, target: Target, service: str | None) -> BlueskyLogin | None:
        """The session that is kept: it serves all accounts, whatever their server."""
        kept = find_secret(_KEPT_AS)
        return None if kept is None else BlueskyLogin(_KEPT_AS, _session_of(kept))

    def forget(self, name: str | None, service: str | None) -> bool:
        """Delete the session; False where there was none."""
        return forget_secret(_KEPT_AS)

    def environment_secret(self, host: str) -> None:
        """None: see above."""


class BlueskyLogin:
    """A session on the user's own server, which passes what it is asked on to the AppView.

    Args:
        name: under which it is kept; session: server, handle, did and the two tokens.
    """

    def __init__(self, name: str, session: dict[str, str]) -> None:
        self.name, self.session = name, session

    def __repr__(self) -> str:
        return f"BlueskyLogin({self.session.get('handle')!r})"

    @property
    def server(self) -> str:
        """Address of the user's server: the AppView is asked through it."""
        return self.session["server"]

    def headers(self, url: str) -> Mapping[str, str]:
        """The token of the session, for an address of its server."""
        mine = urlsplit(url).netloc == urlsplit(self.server).netloc and is_private_connection(url)
        return {"Authorization": f"Bearer {self.session['accessJwt']}"} if mine else {}

    def renew(self) -> bool:
        """New tokens for old.

        Raises:
            AccessDenied: the session has ended for good.
        """
        try:
            answer = _with_retries(
                lambda: _session_call(self.server, _SESSION_CALLS[1], token=self.session["refreshJwt"])
            )
        except AccessDenied:
            raise AccessDenied(
                "The login for Bluesky has ended.",
                hint="log in again (headcount login bluesky HANDLE) or go on without one: headcount login bluesky "
                "HANDLE --out",
            ) from None
        self.session |= {name: answer[name] for name in _TOKENS}
        keep_secret(self.name, json.dumps(self.session))
        return True


def log_in_bluesky(handle: str, password: str, *, server: str | None = None) -> str:
    """Open a session and keep it; gives where it is kept, in words.

    Args:
        handle: of the user; password: an app password (Settings, Privacy and security, App passwords).
        server: address of the user's server; bsky.social, which knows all of its accounts, without it.

    Raises:
        AccessDenied: the handle or the password is wrong.
        PlatformUnavailable: the server does not answer.
    """
    server = (server or os.environ.get("HEADCOUNT_BLUESKY_SERVER") or BLUESKY_SERVER).rstrip("/")
    try:
        urlsplit(server)
    except ValueError:
        raise UsageError(f"{server[:80]!r} is not a valid address.", hint="it begins with https://") from None
    body = {"identifier": handle, "password": password}
    answer = _with_retries(lambda: _session_call(server, _SESSION_CALLS[0], body=body))
    named = {"handle": str(answer.get("handle") or handle), "did": str(answer.get("did") or "")}
    session = {"server": _own_server(server, answer.get("didDoc")) or server, **named}
    return keep_secret(_KEPT_AS, json.dumps(session | {name: answer[name] for name in _TOKENS}))


def _own_server(asked: str, document: object) -> str | None:
    """The address of the user's server in the document of the identity; None where it names none for a login."""
    services = document.get("service") if isinstance(document, dict) else None
    for service in services if isinstance(services, list) else ():
        if isinstance(service, dict) and service.get("type") == "AtprotoPersonalDataServer":
            return server_address(asked, service.get("serviceEndpoint"))
    return None


def _with_retries(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Try a few times: a fault that passes must not end a long collection whose session is being renewed."""
    for tries in range(_TRIES - 1):
        try:
            return call()
        except _TransientError as fault:
            log.info("%s Trying again.", fault.message)
            time.sleep(_PAUSE * 2**tries)
    return call()


def _session_call(
    server: str, call: str, *, body: dict[str, str] | None = None, token: str | None = None
) -> dict[str, Any]:
    """Open or renew a session. Nothing else is ever posted, to any platform."""
    import httpx2

    assert call in _SESSION_CALLS
    if not is_private_connection(server):
        host = urlsplit(server).netloc or server[:80]
        raise UsageError(
            f"Logging in to {host!r} over plain http would show the password to others.",
            hint="give the server's address with https://",
        )
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = httpx2.post(f"{server}/xrpc/{call}", json=body, headers=headers, timeout=30)
        content = answer.json()
        passing = answer.status_code >= 500 or not isinstance(content, dict)
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
        raise UsageError(f"{server[:80]!r} is no address.", hint="it begins with https://") from None
    except (httpx2.HTTPError, ValueError):
        passing = True
    if passing:
        raise _TransientError(f"{urlsplit(server).netloc} does not answer.", hint="try again later.")
    if answer.status_code == 429:
        raise PlatformUnavailable(
            f"{urlsplit(server).netloc} rejected the login: rate limit for logins exceeded (429).",
            hint="only a few logins a day are allowed: try again later.",
        )
    if answer.status_code != 200 or not all(isinstance(content.get(name), str) for name in _TOKENS):
        raise AccessDenied(
            f"{urlsplit(server).netloc} refuses the login ({str(content.get('message'))[:80]}).",
            hint="check the handle, and make an app password in Bluesky's settings.",
        )
    return dict(content)


def _session_of(kept: str) -> dict[str, str]:
    try:
        session = json.loads(kept)
    except ValueError:
        session = None
    if not isinstance(session, dict) or not all(isinstance(session.get(name), str) for name in ("server", *_TOKENS)):
        raise UsageError("The login for Bluesky cannot be read.", hint="log in again: headcount login bluesky HANDLE")
    return session
