"""Logins, whatever the platform: found and kept by the handler that the platform registers, and tokens.

A login is bound to the host that it was made for, and travels over https only, except to this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from headcount.errors import PlatformUnavailable, UsageError
from headcount.sources import registry
from headcount.sources.collect.links import is_private_connection
from headcount.sources.login.secrets import find_secret, forget_secret, keep_secret
from headcount.sources.platform import Target

if TYPE_CHECKING:
    from headcount.sources.collect.collection import Login

__all__ = ["TokenLogin", "TokenLogins", "find_login", "read_with_token"]


def find_login(target: Target, service: str | None = None) -> Login | None:
    """The login that is kept for a target's platform and server; None where there is none."""
    platform = registry.find_platform(target.platform)
    if platform is None or platform.login is None:
        return None
    return platform.login.make().find(target, service)


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


class TokenLogins:
    """Logins of a platform whose users make a token there; a platform gives its hosts and checks the token.

    Attributes:
        platform: its name; tokens are kept under `platform:host`.
    """

    platform: str

    def host(self, name: str | None, service: str | None) -> str:
        """The host that a login on the command line is for."""
        raise NotImplementedError

    def host_of(self, target: Target, service: str | None) -> str:
        """The host that is requested for an account."""
        raise NotImplementedError

    def check(self, host: str, login: TokenLogin) -> str:
        """Request the owner of a token; returns whose it is, in words.

        Raises:
            AccessDenied: the server refuses it, or it may write.
            PlatformUnavailable: the server does not respond.
        """
        raise NotImplementedError

    def environment_secret(self, host: str) -> str | None:
        """The token that environment variables hold for a host; none unless the platform has such a variable."""
        return None

    def secret_name(self, host: str) -> str:
        """The name that the token of a host is kept under."""
        return f"{self.platform}:{host}"

    def log_in(self, name: str | None, secret: str, service: str | None) -> tuple[str, str]:
        """Check a token and keep it; returns whose it is and where it is kept.

        Raises:
            UsageError: it cannot be a token.
            AccessDenied, PlatformUnavailable: see `check`.
        """
        if not secret.isascii() or not secret.isprintable() or " " in secret or not secret:
            raise UsageError(
                "This does not look like an access token.",
                hint="copy it again; a token contains no spaces and only ASCII characters.",
            )
        host = self.host(name, service)
        whose = self.check(host, TokenLogin(secret, host))
        return whose, keep_secret(self.secret_name(host), secret)

    def find(self, target: Target, service: str | None) -> TokenLogin | None:
        """The token that is kept for the host of an account; None where there is none."""
        host = self.host_of(target, service)
        token = find_secret(self.secret_name(host))
        return TokenLogin(token, host) if token else None

    def forget(self, name: str | None, service: str | None) -> bool:
        """Delete the token of a host; False where there was none."""
        return forget_secret(self.secret_name(self.host(name, service)))


def read_with_token(url: str, login: TokenLogin) -> tuple[int, dict[str, Any]]:
    """The HTTP status and the JSON object at an address, requested with a token.

    Raises:
        UsageError: the server's name is not valid.
        PlatformUnavailable: there is no response, or none of JSON.
    """
    import httpx2

    try:
        answer = httpx2.get(url, headers=dict(login.headers(url)), timeout=30)
        content = answer.json() if answer.status_code < 400 else {}  # a page of error need not be JSON
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol):
        raise UsageError(
            f"{login.host[:80]!r} is not a valid server name.", hint="write it as in server.example"
        ) from None
    except (httpx2.HTTPError, ValueError):
        raise PlatformUnavailable(f"{login.host} sent no valid response.", hint="try again later.") from None
    return answer.status_code, content if isinstance(content, dict) else {}
