"""Logging in, and keeping sessions: the only place that sends anything but GET.

Bluesky: an app password opens a session (`com.atproto.server.createSession`); its two tokens are kept, the password
is not, and the session is used and renewed (`refreshSession`) as long as it lasts, because logging in is limited to
few times a day. Mastodon and X: a token that the user made there, with the scope to read. The scopes of Mastodon's are
read from `/api/v1/apps/verify_credentials`, and a token that may write is refused; servers that do not list them
(Mastodon before 4.3, GoToSocial, snac, Takahe) leave that unknown, which the login reports. X lists no scopes.

A login is bound to the host that it was made for, and travels over https only, except to this machine.
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
from headcount.sources.handles import Target
from headcount.sources.secrets import find_secret, keep_secret

__all__ = ["BlueskyLogin", "TokenLogin", "find_login", "log_in_bluesky", "log_in_with_token", "x_host"]

log = logging.getLogger("headcount.collect")

BLUESKY_SERVER = "https://bsky.social"
X_HOST = "api.x.com"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_TRIES, _PAUSE = 5, 1.0
"""How often a session is asked for, and seconds before the second try; doubled for each further one."""
_TOKENS = ("accessJwt", "refreshJwt")
_SESSION_CALLS = ("com.atproto.server.createSession", "com.atproto.server.refreshSession")


class _PassingFault(PlatformUnavailable):
    """No answer, or one that is none: the next try may fare better."""


class TokenLogin:
    """A token that is sent to one server over https (plain http only on this machine), and to no other.

    Args:
        token: the secret; host: name (and port) of the server it belongs to.
    """

    def __init__(self, token: str, host: str) -> None:
        self._token, self.host = token, host

    def __repr__(self) -> str:
        return f"TokenLogin(host={self.host!r})"

    def headers(self, url: str) -> Mapping[str, str]:
        """The token, for an address of its server."""
        mine = urlsplit(url).netloc == self.host and is_private_connection(url)
        return {"Authorization": f"Bearer {self._token}"} if mine else {}

    def renew(self) -> bool:
        """A token is made by the user and cannot be renewed."""
        return False


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
            answer = _patiently(lambda: _session_call(self.server, _SESSION_CALLS[1], token=self.session["refreshJwt"]))
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
    answer = _patiently(lambda: _session_call(server, _SESSION_CALLS[0], body=body))
    named = {"handle": str(answer.get("handle") or handle), "did": str(answer.get("did") or "")}
    session = {"server": _own_server(server, answer.get("didDoc")) or server, **named}
    return keep_secret("bluesky", json.dumps(session | {name: answer[name] for name in _TOKENS}))


def _own_server(asked: str, document: object) -> str | None:
    """The address of the user's server in the document of the identity; None where it names none for a login."""
    from headcount.sources.links import server_address

    services = document.get("service") if isinstance(document, dict) else None
    for service in services if isinstance(services, list) else ():
        if isinstance(service, dict) and service.get("type") == "AtprotoPersonalDataServer":
            return server_address(asked, service.get("serviceEndpoint"))
    return None


def _patiently(call: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Try a few times: a fault that passes must not end a long collection whose session is being renewed."""
    for tries in range(_TRIES - 1):
        try:
            return call()
        except _PassingFault as fault:
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
        raise _PassingFault(f"{urlsplit(server).netloc} does not answer.", hint="try again later.")
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


def log_in_with_token(platform: str, host: str, token: str) -> tuple[str, str]:
    """Check a token and keep it; gives whose it is and where it is kept.

    Args:
        platform: mastodon or x; host: name of the Mastodon server, api.x.com for X; token: the secret.

    Raises:
        AccessDenied: the server refuses it, or it may write.
    """
    if not token.isascii() or not token.isprintable() or " " in token or not token:
        raise UsageError(
            "This does not look like an access token.",
            hint="copy it again; a token contains no spaces and only ASCII characters.",
        )
    login = TokenLogin(token, host)
    whose = _check_mastodon(host, login) if platform == "mastodon" else _check_x(host, login)
    return whose, keep_secret(_secret_name(platform, host), token)


def _secret_name(platform: str, host: str) -> str:
    """The name that the token of a host is kept under; of X, another host than the usual one has its own."""
    return platform if platform == "x" and host == X_HOST else f"{platform}:{host}"


def _check_mastodon(host: str, login: TokenLogin) -> str:
    base = address_of(host)
    status, me = _look(f"{base}/api/v1/accounts/verify_credentials", login)
    if status in (404, 405, 501):
        raise AccessDenied(
            f"{host} cannot check tokens (HTTP {status}): it has no /api/v1/accounts/verify_credentials.",
            hint="collect without a login; this server does not offer the Mastodon API that a login needs.",
        )
    if status != 200:
        raise AccessDenied(
            f"{host} refuses the token (HTTP {status}).",
            hint="make one there: Preferences, Development, New application, with the right read only.",
        )
    scopes = _scopes(f"{base}/api/v1/apps/verify_credentials", login)
    writing = [scope for scope in scopes if not str(scope).startswith(("read", "profile"))]
    if writing:
        raise AccessDenied(
            f"The token may do more than read ({', '.join(map(str, writing))}).",
            hint="make one with the right read only: Headcount never writes, and keeps nothing that could.",
        )
    name = f"@{me.get('acct')}@{host}"
    unknown = "(this server does not list the scopes of a token: make sure that it has the scope read only)"
    return name if scopes else f"{name} {unknown}"


def _scopes(url: str, login: TokenLogin) -> list[str]:
    """The scopes of a token; none where the server does not list them (no such address, or no JSON)."""
    try:
        status, application = _look(url, login)
    except PlatformUnavailable:
        return []
    listed = application.get("scopes") if status == 200 else None
    scopes = listed.split() if isinstance(listed, str) else listed if isinstance(listed, list) else []
    return [str(scope) for scope in scopes]


def _check_x(host: str, login: TokenLogin) -> str:
    """A user's token tells whose it is; an application's is told that it is none of a user's (403)."""
    status, content = _look(f"{address_of(host)}/2/users/me", login)
    if status == 401:
        raise AccessDenied("X refuses the token (HTTP 401).", hint="copy the bearer token once more.")
    data = content.get("data")
    name = data.get("username") if isinstance(data, dict) else None
    if not name and status != 403:
        raise PlatformUnavailable(f"X does not answer as it should (HTTP {status}).", hint="try again later.")
    return f"@{name}" if name else "an application"


def _look(url: str, login: TokenLogin) -> tuple[int, dict[str, Any]]:
    import httpx2

    try:
        answer = httpx2.get(url, headers=dict(login.headers(url)), timeout=30)
        content = answer.json() if answer.status_code < 400 else {}  # a page of error need not be JSON
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
        raise UsageError(
            f"{login.host[:80]!r} is not a valid server name.", hint="write it as in mastodon.social"
        ) from None
    except (httpx2.HTTPError, ValueError):
        raise PlatformUnavailable(f"{login.host} sent no valid response.", hint="try again later.") from None
    return answer.status_code, content if isinstance(content, dict) else {}


def is_private_connection(url: str) -> bool:
    """Is an address one that a secret may be sent to: https, or plain http on this machine?"""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def address_of(host: str) -> str:
    """The address of a server; plain HTTP on this machine only."""
    local = urlsplit(f"//{host}").hostname in _LOOPBACK
    return f"{'http' if local else 'https'}://{host}"


def find_login(target: Target, service: str | None = None) -> BlueskyLogin | TokenLogin | None:
    """The login that is kept for a target's platform and server; None where there is none."""
    if target.platform == "bluesky":
        kept = find_secret("bluesky")
        if kept is None:
            return None
        return BlueskyLogin("bluesky", _session_of(kept))
    if target.platform == "mastodon":
        host = urlsplit(service).netloc if service else target.name.rpartition("@")[2]
        token = find_secret(f"mastodon:{host}")
        return TokenLogin(token, host) if token else None
    host = x_host(service)
    token = find_secret(_secret_name("x", host))
    return TokenLogin(token, host) if token else None


def _session_of(kept: str) -> dict[str, str]:
    try:
        session = json.loads(kept)
    except ValueError:
        session = None
    if not isinstance(session, dict) or not all(isinstance(session.get(name), str) for name in ("server", *_TOKENS)):
        raise UsageError("The login for Bluesky cannot be read.", hint="log in again: headcount login bluesky HANDLE")
    return session


def x_host(service: str | None = None) -> str:
    """The host of X's API: the one given, or HEADCOUNT_X_API, or the usual one."""
    return urlsplit(service or os.environ.get("HEADCOUNT_X_API") or f"https://{X_HOST}").netloc
