"""How the activities in Mastodon's archive become rows of the four tables.

Posts for everybody keep their text, posts for followers only are counted without it, and direct ones are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from headcount.sources.mastodon.activitypub import (
    Addresses,
    account_key,
    addressed,
    is_person,
    post_key,
    visibility,
    words,
)
from headcount.sources.rows import BATCH_ROWS, Object, Rows, domains, objects, truth
from headcount.support.hosts import host_key, with_host_key

__all__ = ["Activities", "Owner", "account_domains"]


_HOST = re.compile(r"https?://([^/?#]+)/.+")
_LAST_NAME = re.compile(r"https?://[^/]+/(?:users/|@)([^/]+)/?")
_QUOTE_NAMES = ("quote", "quoteUri", "quoteUrl", "_misskey_quote")


class Owner:
    """Whose archive it is.

    Args:
        address: of the actor; name: as it signs in; webfinger: name@server, where the archive holds it.
        domain: that the names of the server's accounts end in, where the archive shows it otherwise.
        observed_at: when the archive was made; None: not told.

    Raises:
        ValueError: the address is none, or no name is told.
    """

    def __init__(
        self,
        address: object,
        name: object,
        webfinger: object,
        observed_at: str | None,
        *,
        domain: str | None = None,
    ) -> None:
        host = _HOST.fullmatch(address) if isinstance(address, str) else None
        named = _LAST_NAME.fullmatch(str(address))
        user = name or (named[1] if named else None)
        if host is None or not isinstance(user, str):
            raise ValueError("it contains no account")
        self.address = str(address)
        full = webfinger.removeprefix("acct:").removeprefix("@") if isinstance(webfinger, str) else ""
        self.server = host_key(full.partition("@")[2] or domain or host[1])
        self.handle = f"{user}@{self.server}"
        self.account = account_key(user, self.server)
        self.observed_at = observed_at

    def row(self, actor: Object, posts: int | None) -> Object:
        """The owner's account. The day on which it was made is all that an archive tells of the time."""
        kind = actor.get("type")
        return {
            "account_id": self.account,
            "platform": "mastodon",
            "handle": self.handle,
            "display_name": actor.get("name"),
            "bio": words(actor.get("summary"))[0],
            "created_at": actor.get("published"),
            "posts_count": posts,
            "default_avatar": truth("icon" not in actor) if actor else None,
            "declared_bot": None if kind is None else truth(kind in ("Service", "Application")),
            "observed_at": self.observed_at,
        }

    @staticmethod
    def named(account: str, handle: str, seen: str | None = None) -> Object:
        """Somebody else, of whom the name is known."""
        spelled = with_host_key(handle)
        return {"account_id": account, "platform": "mastodon", "handle": spelled, "observed_at": seen}


def account_domains(actor: object, activities: Iterable[Object]) -> set[str]:
    """The domains that accounts on the actor's own server are named after, as the mentions in its posts show.

    They differ from the server's address where Mastodon runs with WEB_DOMAIN: `https://social.example/users/bo` is
    mentioned as `@bo@example`.
    """
    host = _HOST.match(actor) if isinstance(actor, str) else None
    found: set[str] = set()
    for activity in activities:
        post = activity.get("object")
        for tag in objects(post.get("tag")) if host and isinstance(post, dict) else ():
            domain = str(tag.get("name")).removeprefix("@").partition("@")[2]
            there = _HOST.match(str(tag.get("href"))) if tag.get("type") == "Mention" and domain else None
            if host and there and host_key(there[1]) == host_key(host[1]):
                found.add(host_key(domain))
    return found


class Activities:
    """Takes the activities of one archive, and settles at its end who wrote what they answer."""

    def __init__(self, rows: Rows, owner: Owner) -> None:
        self.rows, self.owner = rows, owner
        self.addresses = Addresses(owner.server)
        self.addresses.learn(owner.address, "@" + owner.handle)
        self.direct = self.for_followers = self.without_author = self.others = 0
        self._waiting: list[tuple[str, Object, str | None, Any]] = []

    def notes(self) -> list[str]:
        """What was left out, or is not told."""
        notes = []
        if self.direct:
            notes.append(f"Direct posts were skipped: {self.direct:,}.")
        if self.for_followers:
            notes.append(f"Followers-only posts are counted, but their text is not stored: {self.for_followers:,}.")
        if self.without_author:
            notes.append(
                "The authors of these posts are unknown, so they are not counted: "
                f"{self.without_author:,} replies, boosts, quotes or likes."
            )
        if self.others:
            notes.append(f"Activities without usable data: {self.others:,}.")
        return notes

    def take(self, activity: Object) -> None:
        """One activity of the outbox: a post, or a boost."""
        if activity["type"] == "Create" and isinstance(activity.get("object"), dict):
            self._create(activity["object"], activity)
        elif activity["type"] == "Announce":
            self._announce(activity)
        else:
            self.others += 1

    def like(self, address: object) -> None:
        """The address of a post that was favourited; when is not told."""
        post = post_key(address)
        if post is None:
            raise ValueError(f"«{str(address)[:40]}» is not a valid address")
        self._waiting.append(("like", {}, None, address))

    def settle(self) -> None:
        """Posts, boosts and likes, now that all accounts that the archive names are known."""
        for kind, thing, created_at, extra in self._waiting:
            if kind == "post":
                self._add_post(thing, created_at, extra)
            elif kind == "repost":
                self._add_boost(thing, created_at)
            else:
                self._respond("like", extra, self.addresses.author(extra), None)
            self.rows.flush(at=BATCH_ROWS)
        self._waiting.clear()

    def _create(self, post: Object, activity: Object) -> None:
        seen = visibility(post if "to" in post or "cc" in post else activity)
        if seen == "direct":
            self.direct += 1
            return
        if post_key(post.get("id")) is None:
            raise ValueError("the post has no address")
        self.for_followers += seen == "followers"
        created_at = post.get("published") or activity.get("published")
        mentioned = []
        for tag in objects(post.get("tag")):
            if tag.get("type") == "Mention":
                account = self.addresses.learn(tag.get("href"), tag.get("name"))
                if account is not None and account != self.owner.account:
                    name = str(tag["name"]).removeprefix("@")
                    handle = name if "@" in name else f"{name}@{self.owner.server}"
                    self.rows.account(self.owner.named(account, handle, created_at), whole=False)
                    mentioned.append(account)
        # not the post as a whole: others' words and pictures are of no use, and there may be many
        kept = {name: post.get(name) for name in ("id", "inReplyTo", *_QUOTE_NAMES)}
        text, links = words(post.get("content"))
        kept |= {"text": text if seen == "public" else None, "links": None}
        if seen == "public" and text is not None:
            kept["links"] = domains(links)
        self._waiting.append(("post", kept, created_at, mentioned))

    def _add_post(self, post: Object, created_at: str | None, mentioned: list[str]) -> None:
        answered_post = post_key(post["inReplyTo"])
        answered = self.addresses.author(post["inReplyTo"])
        quoted = next((post[name] for name in _QUOTE_NAMES if post_key(post[name])), None)
        self.rows.post(
            {
                "post_id": post_key(post["id"]),
                "author_id": self.owner.account,
                "created_at": created_at,
                "text": post["text"],
                "kind": "reply" if answered_post else "quote" if quoted else "post",
                "reply_to_post_id": answered_post,
                "reply_to_account_id": answered,
                "link_domains": post["links"],
                "observed_at": self.owner.observed_at,
            }
        )
        if answered_post:
            self._respond("reply", post["inReplyTo"], answered, created_at)
        if quoted:
            self._respond("quote", quoted, self.addresses.author(quoted), created_at)
        for account in dict.fromkeys(mentioned):
            if account != answered:
                self.rows.interaction(self.owner.account, account, "mention", None, created_at)

    def _announce(self, activity: Object) -> None:
        """A boost names the author of the post first among those it is sent to."""
        own = post_key(activity.get("id"))
        inner = activity.get("object")
        address = inner.get("id") if isinstance(inner, dict) else inner
        if own is None or post_key(address) is None:
            raise ValueError("the boost has no address")
        author = inner.get("attributedTo") if isinstance(inner, dict) else None
        author = author or next(filter(is_person, addressed(activity, "cc", "to")), None)
        kept = {"id": activity["id"], "object": address, "author": author}
        self._waiting.append(("repost", kept, activity.get("published"), None))

    def _add_boost(self, boost: Object, created_at: str | None) -> None:
        self.rows.post(
            {
                "post_id": post_key(boost["id"]),
                "author_id": self.owner.account,
                "created_at": created_at,
                "kind": "repost",
                "observed_at": self.owner.observed_at,
            }
        )
        address = boost["object"]
        author = self.addresses.author(address) or self.addresses.account(boost["author"], address)
        self._respond("repost", address, author, created_at)

    def _respond(self, kind: str, post: object, target: str | None, created_at: str | None) -> None:
        self.without_author += target is None
        self.rows.interaction(self.owner.account, target, kind, post_key(post), created_at)
