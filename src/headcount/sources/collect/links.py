"""Addresses that an answer names and Headcount would request next: which of them are followed.

A next page is requested from the server that the list is read from and from no other, because a login may travel with
the request. So its address is joined with the one that was requested (RFC 3986), and its scheme, host and port are
compared. Two kinds of difference are no other server:

* `http` for the server's own `https` address, both on their default port: a server behind a proxy often does not know
  that it is reached over https. The page is requested over https; nothing is sent in the clear.
* another name of the same server (Mastodon's WEB_DOMAIN): the page is requested from the address in use.

The server of an account may be any host that the account's domain names; see `server_host`.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import SplitResult, urljoin, urlsplit

from headcount.support.hosts import host_key

__all__ = ["OtherAddress", "address_of", "is_private_connection", "next_on_server", "server_address", "server_host"]

_PORTS = {"http": 80, "https": 443}
_LONGEST = 120


class OtherAddress(Exception):
    """An answer points to an address that is not followed; the text completes "The list of followers …"."""


def next_on_server(requested: str, link: str, *, names: Collection[str] = ()) -> str:
    """The address of a next page, on the server that was requested.

    Args:
        requested: the address of the page that names it; link: as it stands there, absolute or relative.
        names: other host names of the same server, in the spelling of `host_key`.

    Raises:
        OtherAddress: it has another scheme, host or port.
    """
    own, other = _split(requested), _split(link, base=requested)
    if own is None or other is None or not _is_same_server(own, other, names):
        where = "an invalid address" if other is None else f"{other.scheme}://{other.netloc}"
        raise OtherAddress(f"continues at {where[:_LONGEST]}, which is not on its server and was not requested")
    return f"{own.scheme}://{own.netloc}{other.path or '/'}" + (f"?{other.query}" if other.query else "")


def _is_same_server(own: SplitResult, other: SplitResult, names: Collection[str]) -> bool:
    if (own.scheme, other.scheme) not in (("https", "https"), ("http", "http"), ("https", "http")):
        return False
    host, mine = host_key(other.hostname or ""), host_key(own.hostname or "")
    if host != mine and host not in names:
        return False
    ports = own.port or _PORTS[own.scheme], other.port or _PORTS[other.scheme]
    if own.scheme != other.scheme or host != mine:
        return ports == (_PORTS[own.scheme], _PORTS[other.scheme])
    return ports[0] == ports[1]


def server_host(requested: str, link: str) -> str | None:
    """The host, with its port, of a server that an answer names as the account's own; None where it names no server.

    A server on this machine is named by another on this machine only: no answer of the network makes Headcount
    request something from the user's own computer.

    Args:
        requested: the address of the answer; link: the address in it, absolute or relative.
    """
    found = _split(link, base=requested)
    if found is None or (_is_local(found) and not _is_local(_split(requested))):
        return None
    host = f"[{found.hostname}]" if ":" in (found.hostname or "") else str(found.hostname)
    return host if found.port in (None, _PORTS[found.scheme]) else f"{host}:{found.port}"


def server_address(requested: str, link: object) -> str | None:
    """The address of a server that an answer names as the account's own; None where it names none over https.

    Plain http is accepted on this machine, and from a server that was itself requested over it.

    Args:
        requested: the address of the answer; link: the address in it.
    """
    if not isinstance(link, str) or server_host(requested, link) is None:
        return None
    found, asked = _split(link, base=requested), _split(requested)
    if found is None or not (is_private_connection(found.geturl()) or (asked is not None and asked.scheme == "http")):
        return None
    return f"{found.scheme}://{server_host(requested, link)}{found.path}".rstrip("/")


def _split(link: str, base: str = "") -> SplitResult | None:
    """The parts of an address of the web; None where it is not one."""
    try:
        parts = urlsplit(urljoin(base, link.strip()))
        _ = parts.port
    except ValueError:  # brackets that are not closed, a port that is not a number
        return None
    return parts if parts.scheme in _PORTS and parts.hostname else None


def _is_local(parts: SplitResult | None) -> bool:
    host = (parts.hostname or "") if parts is not None else ""
    return host in ("localhost", "::1") or host.startswith("127.") or host.endswith(".localhost")


_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def is_private_connection(url: str) -> bool:
    """Is an address one that a secret may be sent to: https, or plain http on this machine?"""
    parts = urlsplit(url)
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)


def address_of(host: str) -> str:
    """The address of a server; plain HTTP on this machine only."""
    local = urlsplit(f"//{host}").hostname in _LOOPBACK
    return f"{'http' if local else 'https'}://{host}"
