"""The one spelling of a host name: Unicode and punycode (IDNA) name the same server."""

from __future__ import annotations

import re
from functools import cache

__all__ = ["host_key", "with_host_key"]

_NAMED = re.compile(r"(?P<before>https?://|[^@\s/]*@)(?P<host>[^\s/@?#]+)(?P<after>.*)", re.IGNORECASE)


def host_key(server: str) -> str:
    """A host name in lower case and ASCII (punycode), without a final dot; a port is kept.

    `BÜCHER.example`, `bücher.example` and `xn--bcher-kva.example` are one server.
    """
    host = server.strip().lower()
    if host.isascii():
        return host.rstrip(".")
    name, colon, port = host.partition(":")
    return _ascii_host(name).rstrip(".") + colon + port


def with_host_key(text: str) -> str:
    """The name or address of an account, with its host in that spelling where it is not ASCII; else unchanged."""
    if text.isascii():
        return text
    named = _NAMED.fullmatch(text.strip().removeprefix("@"))
    return named["before"] + host_key(named["host"]) + named["after"] if named else text


@cache
def _ascii_host(name: str) -> str:
    """A host name with non-ASCII letters as IDNA 2008 writes it, else as IDNA 2003 does (emoji)."""
    import idna

    try:
        return idna.encode(name, uts46=True).decode()
    except idna.IDNAError:
        try:
            return name.encode("idna").decode()
        except UnicodeError:
            return name
