"""Logging in to Mastodon: a token that the user made on a server, with the scope to read.

Its scopes are read from `/api/v1/apps/verify_credentials`, and a token that may write is refused; servers that do not
list them (Mastodon before 4.3, GoToSocial, snac, Takahe) leave that unknown, which the login reports.
"""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from headcount.errors import AccessDenied, PlatformUnavailable, UsageError
from headcount.sources.collect.links import address_of
from headcount.sources.login.sessions import TokenLogin, TokenLogins, read_with_token
from headcount.sources.platform import Target

__all__ = ["MastodonLogins"]


class MastodonLogins(TokenLogins):
    """The logins of Mastodon: one token for each server."""

    platform = "mastodon"

    def host(self, name: str | None, service: str | None) -> str:
        """The server, however it is written: https://server/@alice, @alice@server, server."""
        lower = str(name).strip().lower()
        return (lower.partition("://")[2] or lower).partition("/")[0].rpartition("@")[2]

    def host_of(self, target: Target, service: str | None) -> str:
        """The server that is requested for an account."""
        return urlsplit(service).netloc if service else target.name.rpartition("@")[2]

    def check(self, host: str, login: TokenLogin) -> str:
        """Whose token it is."""
        return _check_mastodon(host, login)

    def environment_secret(self, host: str) -> str | None:
        """HEADCOUNT_MASTODON_TOKEN, written as SERVER=TOKEN, for that server.

        Raises:
            UsageError: it names no server.
        """
        given = os.environ.get("HEADCOUNT_MASTODON_TOKEN")
        if not given:
            return None
        server, equals, token = given.strip().partition("=")
        if not equals:
            raise UsageError(
                "HEADCOUNT_MASTODON_TOKEN does not say whose token it is.",
                hint="write it as SERVER=TOKEN, as in: mastodon.social=…",
            )
        return token.strip() if server.strip().lower() == host else None


def _check_mastodon(host: str, login: TokenLogin) -> str:
    base = address_of(host)
    status, me = read_with_token(f"{base}/api/v1/accounts/verify_credentials", login)
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
        status, application = read_with_token(url, login)
    except PlatformUnavailable:
        return []
    listed = application.get("scopes") if status == 200 else None
    scopes = listed.split() if isinstance(listed, str) else listed if isinstance(listed, list) else []
    return [str(scope) for scope in scopes]
