"""Which server runs an account, and under which domain its accounts are named.

A handle's domain need not be the server's address: @alice@example.org may live on social.example.org. WebFinger
(RFC 7033) at the server names the canonical handle; host-meta (RFC 6415) or a redirect at the domain names the server.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from headcount.errors import PlatformUnavailable
from headcount.sources.collect.collection import Collection
from headcount.sources.collect.landing import Page
from headcount.sources.collect.links import address_of, server_host
from headcount.sources.mastodon.values import content_of, text_of
from headcount.sources.rows import objects
from headcount.support.hosts import host_key

__all__ = ["canonical_domain", "find_server", "same_host"]

_TEMPLATE = re.compile(rb'template="(https?://[^/"]+)/')
_SUBJECT = re.compile(r"acct:@?([^@\s]+)@([^@/?#\s]+)", re.IGNORECASE)


def same_host(one: str, other: str) -> bool:
    """Are two spellings of a host the same host?"""
    return host_key(one) == host_key(other)


def find_server(collection: Collection, name: str, domain: str) -> str | None:
    """The host of the server behind a handle whose domain has no Mastodon API; None where nothing names one."""
    base = address_of(domain)
    finger = _look(collection, f"{base}/.well-known/webfinger", [("resource", f"acct:{name}@{domain}")], domain)
    meta = None if _elsewhere(finger, domain) else _look(collection, f"{base}/.well-known/host-meta", [], domain)
    for page in (finger, meta):
        host = _elsewhere(page, domain)
        if host is not None:
            return host
    return None


def canonical_domain(collection: Collection, server: str, name: str, domain: str) -> str | None:
    """The domain that the server's WebFinger gives a local account; None where it states none."""
    page = _look(
        collection, f"{server}/.well-known/webfinger", [("resource", f"acct:{name}@{domain}")], urlsplit(server).netloc
    )
    if page is None or not page.good:
        return None
    subject = _SUBJECT.fullmatch(text_of(content_of(page).get("subject")) or "")
    if subject is None or subject[1].lower() != name.lower():
        return None
    return domain if subject[2] == domain.partition(":")[0] else subject[2]  # some leave the port out


def _look(collection: Collection, url: str, parameters: list[tuple[str, str | int]], host: str) -> Page | None:
    """One page that the collection can do without."""
    try:
        return collection.get("identity", url, parameters, bucket=host, expect="")
    except PlatformUnavailable:
        return None


def _elsewhere(page: Page | None, domain: str) -> str | None:
    """Another host that a page points to: by a redirect, as the account's own address, or in a template."""
    if page is None:
        return None
    named: list[str] = []
    if 300 <= page.status < 400:
        named = [page.headers.get("location", "")]
    elif page.good:
        links = objects(content_of(page).get("links"))
        named = [text_of(link.get("href")) or "" for link in links if link.get("rel") == "self"]
        named += [template.decode("utf-8", "ignore") for template in _TEMPLATE.findall(page.body)]
    hosts = (server_host(page.url, address) for address in named)
    return next((host for host in hosts if host and not same_host(host, domain)), None)
