"""What the views of Bluesky's AppView and the records of a repository have in common: times, threads, references."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from headcount.sources.collect.gone import GoneStatus
from headcount.sources.rows import Object, inner, objects, whole_number

__all__ = [
    "Thread",
    "did_of",
    "gone_status",
    "is_own_post",
    "links_of",
    "mentions_of",
    "plausible_time",
    "quoted_uri",
    "soon_after",
    "thread_posts",
]

_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


def plausible_time(created: object, indexed: object = None) -> datetime | None:
    """When a record was made (UTC): what its author says, unless that is later than when it was first seen.

    The AppView sorts by the same rule (`sortAt`). A time before 2000 or one that is none is unknown.

    Args:
        created: the author's word; indexed: when the AppView first saw it.
    """
    told, seen = _time(created), _time(indexed)
    if told is None or told < _EARLIEST:
        return seen
    return told if seen is None or told <= seen + timedelta(minutes=10) else seen


def _time(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def did_of(uri: object) -> str | None:
    """The account that a record's address (`at://did/collection/key`) belongs to."""
    if not isinstance(uri, str) or not uri.startswith("at://did:"):
        return None
    return uri[5:].partition("/")[0]


def gone_status(body: bytes) -> GoneStatus | None:
    """The status that an error gives of an account: suspended, deleted (or deactivated); None: neither.

    The AppView has codes for accounts that are taken down or deactivated, and words only for others.
    """
    head = body[:400].decode("utf-8", errors="replace")
    if "AccountTakedown" in head or "suspended" in head:
        return "suspended"
    return "deleted" if "Deactivated" in head or "not found" in head.lower() else None


def is_own_post(item: Object, did: str) -> bool:
    """Is this item of a feed a post of that account, and not a repost?"""
    is_repost = str(inner(item, "reason", "$type")).endswith("#reasonRepost")
    is_own = inner(item, "post", "author", "did") == did
    return not is_repost and is_own and isinstance(inner(item, "post", "record"), dict)


@dataclass
class Thread:
    """What a thread shows.

    Attributes:
        posts: every post view in it.
        cut: addresses of posts whose answers it does not show though there are some.
        hidden: answers that are counted and not shown: deleted since, or by accounts that are gone, or that block or
            are blocked by whom they answer.
        replies: address of a post -> replies to it that are shown.
        withheld: why the thread as a whole is not shown; None where it is.
    """

    posts: list[Object] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    hidden: int = 0
    replies: dict[str, int] = field(default_factory=dict)
    withheld: Literal["hidden_by_account", "removed_or_private", "server_error"] | None = None


def thread_posts(content: Object) -> Thread:
    """Walk an answer of getPostThread; deep threads are walked without recursion."""
    found = Thread()
    root = content.get("thread")
    found.withheld = _withheld(root)
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if not isinstance(node, dict):
            continue
        post = node.get("post")
        if not isinstance(post, dict) or "record" not in post:
            continue
        found.posts.append(post)
        replies, counted = list(objects(node.get("replies"))), whole_number(post.get("replyCount")) or 0
        shown = sum(isinstance(reply.get("post"), dict) for reply in replies)
        found.replies[str(post.get("uri"))] = shown
        if counted and not replies and post is not found.posts[0]:
            found.cut.append(str(post.get("uri")))
        else:
            found.hidden += max(counted - shown, 0)
        waiting += replies
    return found


def _withheld(root: object) -> Literal["hidden_by_account", "removed_or_private", "server_error"] | None:
    """Why a thread is not shown: the first post of it is blocked (one of the two accounts blocks the other) or gone."""
    if not isinstance(root, dict):
        return "server_error"
    if isinstance(root.get("post"), dict):
        return None
    kind = str(root.get("$type")).rpartition("#")[2]
    if kind == "blockedPost" or root.get("blocked"):
        return "hidden_by_account"
    return "removed_or_private" if kind == "notFoundPost" or root.get("notFound") else "server_error"


def quoted_uri(record: Object) -> str | None:
    """The address of the post that a record quotes."""
    embed = record.get("embed")
    embed = embed if isinstance(embed, dict) else {}
    held = embed.get("record")
    if isinstance(held, dict) and isinstance(held.get("record"), dict):  # with pictures or a video beside it
        held = held["record"]
    uri = held.get("uri") if isinstance(held, dict) else None
    return uri if isinstance(uri, str) and "/app.bsky.feed.post/" in uri else None


def _features(record: Object) -> Iterator[Object]:
    facets = record.get("facets")
    for facet in facets if isinstance(facets, list) else ():
        features = facet.get("features") if isinstance(facet, dict) else None
        yield from objects(features)


def mentions_of(record: Object) -> list[str]:
    """The accounts that a record mentions."""
    return list(dict.fromkeys(str(f["did"]) for f in _features(record) if f.get("did")))


def links_of(record: Object) -> list[str]:
    """The addresses that a record links to: in its text, and in the card below it."""
    links = [str(f["uri"]) for f in _features(record) if f.get("uri")]
    embed = record.get("embed")
    media = embed.get("media") if isinstance(embed, dict) else None
    for part in (embed, media):
        external = part.get("external") if isinstance(part, dict) else None
        if isinstance(external, dict) and external.get("uri"):
            links.append(str(external["uri"]))
    return links


def soon_after(fetched_at: str) -> datetime:
    """The latest time that a record can have that was fetched then; clocks differ."""
    return datetime.fromisoformat(fetched_at) + timedelta(minutes=10)
