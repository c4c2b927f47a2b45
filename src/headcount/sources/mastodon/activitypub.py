"""What ActivityPub objects say: whose address an address is, who may read a post, and a post's words without markup.

A post and an account are named by addresses (URIs). Only some kinds of server write the name of the account into
them; an account that was mentioned is known by both its address and its name, and so are all from its server.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html.parser import HTMLParser
from typing import Literal

from headcount.sources.rows import Object
from headcount.support.hosts import host_key

__all__ = ["Addresses", "account_key", "addressed", "is_person", "post_key", "visibility", "words"]

Visibility = Literal["public", "followers", "direct"]

_PUBLIC = ("https://www.w3.org/ns/activitystreams#Public", "as:Public", "Public")
_WEB = re.compile("https?://")
_HOST = r"https?://(?P<host>[^/?#]+)"
_NAME = r"(?P<name>[A-Za-z0-9_][\w.-]*)"
_ACTOR = re.compile(rf"{_HOST}/(?:users/|@){_NAME}/?")
_POST = re.compile(rf"(?P<actor>{_HOST}/users/{_NAME})/statuses/[^/]+(?:/activity)?/?")
_POST_PAGE = re.compile(rf"{_HOST}/(?:@|p/){_NAME}/\w+/?")
_BELOW_ACTOR = re.compile(r"(?P<actor>.+)/(?:statuses|notes|posts|objects)/[^/]+(?:/activity)?/?")
_NUMBERED = re.compile(rf"{_HOST}/(?:ap/users/|notes/).*")
"""Addresses that hold no name: of Mastodon since 4.5, of Misskey."""


def account_key(user: str, server: str) -> str:
    """The vocabulary's id of an account: case is ignored, and a host has one spelling (see `host_key`)."""
    return f"mastodon:{user.lower()}@{host_key(server)}"


def post_key(uri: object) -> str | None:
    """The vocabulary's id of a post, by its address (the host in its one spelling); None for anything else."""
    return "mastodon:" + _one_spelling(uri) if isinstance(uri, str) and _WEB.match(uri) else None


def _one_spelling(address: str) -> str:
    """An address with its host spelled as `host_key` spells it."""
    matched = re.match(_HOST, address)
    if matched is None:
        return address
    host = matched["host"]
    return address[: matched.start("host")] + host_key(host) + address[matched.end("host") :]


class Addresses:
    """Whose an address is, as far as addresses and mentions tell.

    Args:
        own_server: that names without a server belong to.
    """

    def __init__(self, own_server: str) -> None:
        self.own_server = host_key(own_server)
        self._accounts: dict[str, str] = {}
        self._servers: dict[str, str | None] = {}

    def learn(self, address: object, name: object) -> str | None:
        """An account by its address and its name (@alice@server.example); gives the account."""
        user, _, server = str(name).removeprefix("@").partition("@")
        if not isinstance(address, str) or not isinstance(name, str) or not user or " " in name:
            return None
        server = host_key(server) if server else self.own_server
        account, address = account_key(user, server), _one_spelling(address)
        self._accounts[address.rstrip("/")] = account
        host = re.match(_HOST, address)
        if host:  # a server's accounts may be named after another host than the one it runs on
            known = self._servers.setdefault(host["host"], server)
            self._servers[host["host"]] = known if known == server else None
        return account

    def account(self, address: object, post: object = None) -> str | None:
        """Whose address this is; `post` is one of the account's posts, where one is known."""
        if not isinstance(address, str):
            return None
        address = _one_spelling(address)
        found = self._accounts.get(address.rstrip("/"))
        if found is not None or _NUMBERED.fullmatch(address) or (isinstance(post, str) and _NUMBERED.fullmatch(post)):
            return found
        return self._named(_ACTOR.fullmatch(address))

    def author(self, post: object) -> str | None:
        """Who wrote the post with this address."""
        if not isinstance(post, str):
            return None
        post = _one_spelling(post)
        below = _BELOW_ACTOR.fullmatch(post)
        found = self._accounts.get(below["actor"]) if below else None
        return found or self._named(_POST.fullmatch(post) or _POST_PAGE.fullmatch(post))

    def _named(self, matched: re.Match[str] | None) -> str | None:
        if matched is None:
            return None
        server = self._servers.get(matched["host"], matched["host"])
        return account_key(matched["name"], server) if server else None


def addressed(thing: Object, *names: str) -> Iterator[str]:
    """The addresses in fields like `to` and `cc`, which hold one or a list."""
    for name in names:
        value = thing.get(name)
        for address in value if isinstance(value, list) else [value]:
            if isinstance(address, str):
                yield address


def visibility(thing: Object) -> Visibility:
    """Who may read it: everybody (listed or not), the followers, or only those it is sent to."""
    to = list(addressed(thing, "to", "cc"))
    if any(address in _PUBLIC for address in to):
        return "public"
    return "followers" if any(address.rstrip("/").endswith("/followers") for address in to) else "direct"


def is_person(address: str) -> bool:
    """Is it neither everybody nor somebody's followers?"""
    return address not in _PUBLIC and not address.rstrip("/").endswith("/followers")


def words(markup: object) -> tuple[str | None, list[str]]:
    """The text of a post or profile, and what it links to other than people and hashtags."""
    if markup is None:
        return None, []
    if not isinstance(markup, str):
        raise TypeError(f"«{str(markup)[:40]}» is not text")
    parser = _Words()
    parser.feed(markup)
    parser.close()
    return "".join(parser.parts).strip("\n"), parser.links


class _Words(HTMLParser):
    """Keeps the text, breaks lines where the markup does, and collects links."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        """A line break, or a link."""
        if tag == "br":
            self.parts.append("\n")
        told = dict(attrs)
        if tag == "a" and told.get("href") and not {"mention", "hashtag"} & set((told.get("class") or "").split()):
            self.links.append(str(told["href"]))

    def handle_endtag(self, tag: str) -> None:
        """The end of a paragraph."""
        if tag in ("p", "li", "blockquote"):
            self.parts.append("\n\n" if tag == "p" else "\n")

    def handle_data(self, data: str) -> None:
        """Text."""
        self.parts.append(data)
