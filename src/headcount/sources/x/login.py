"""Logging in to X: a bearer token of a user or an application. X does not list what a token may do."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from headcount.errors import AccessDenied, PlatformUnavailable
from headcount.sources.collect.links import address_of
from headcount.sources.login.secrets import forget_secret
from headcount.sources.login.sessions import TokenLogin, TokenLogins, read_with_token
from headcount.sources.platform import Target

__all__ = ["XLogins", "x_host"]

X_HOST = "api.x.com"


class XLogins(TokenLogins):
    """The logins of X: one token for its API; another host than the usual one has its own."""

    platform = "x"

    def host(self, name: str | None, service: str | None) -> str:
        """The host of the API."""
        return x_host(service)

    def host_of(self, target: Target, service: str | None) -> str:
        """The host of the API, for every account."""
        return x_host(service)

    def secret_name(self, host: str) -> str:
        """The name that the token of a host is kept under."""
        return self.platform if host == X_HOST else f"{self.platform}:{host}"

    def check(self, host: str, login: TokenLogin) -> str:
        """Whose token it is."""
        return _check_x(host, login)

    def forget(self, name: str | None, service: str | None) -> bool:
        """Delete the token of X itself, and that of another host where one is named; False where there was none."""
        usual = forget_secret(self.platform)
        host = x_host(service)
        return (host != X_HOST and forget_secret(self.secret_name(host))) or usual

    def environment_secret(self, host: str) -> str | None:
        """HEADCOUNT_X_TOKEN: for X itself, and for another host only where HEADCOUNT_X_API names that host too."""
        named = urlsplit(os.environ.get("HEADCOUNT_X_API", "")).netloc
        token = os.environ.get("HEADCOUNT_X_TOKEN", "").strip() or None
        return token if host in ("", named) else None


def _check_x(host: str, login: TokenLogin) -> str:
    """A user's token tells whose it is; an application's is told that it is none of a user's (403)."""
    status, content = read_with_token(f"{address_of(host)}/2/users/me", login)
    if status == 401:
        raise AccessDenied("X refuses the token (HTTP 401).", hint="copy the bearer token once more.")
    data = content.get("data")
    name = data.get("username") if isinstance(data, dict) else None
    if not name and status != 403:
        raise PlatformUnavailable(f"X does not answer as it should (HTTP {status}).", hint="try again later.")
    return f"@{name}" if name else "an application"


def x_host(service: str | None = None) -> str:
    """The host of X's API: the one given, or HEADCOUNT_X_API, or the usual one."""
    return urlsplit(service or os.environ.get("HEADCOUNT_X_API") or f"https://{X_HOST}").netloc
