"""How one tweet and one user of the X API v2 become rows of the four tables.

Since 2026 the API also calls tweets posts (`referenced_posts`, `note_post`, `edit_history_post_ids`, `post_count`),
where it is asked in those words; both are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from headcount.sources.rows import Object
from headcount.sources.x.rows import Rows, domains, key, objects, plain, time_of_id, truth

__all__ = ["Page", "add_tweet", "add_user"]


_LISTING = re.compile(r"/2/users/(\d+)/(followers|following|liked_tweets)\b")
_TIMELINE = re.compile(r"/2/users/(\d+)/tweets\b")
_DEFAULT_PICTURE = "default_profile_images"


class Page:
    """What a tweet has around it: when it was fetched, from which list, and who wrote and is called what.

    Args:
        origin: twarc's word about the request; empty where there is none.
        users, tweets: objects that came with it.
    """

    def __init__(self, origin: Object, users: Iterable[Object] = (), tweets: Iterable[Object] = ()) -> None:
        self.observed_at: str | None = origin.get("retrieved_at")
        listed = _LISTING.search(str(origin.get("url")))
        self.listing = (listed[1], listed[2]) if listed else None
        timeline = _TIMELINE.search(str(origin.get("url")))
        self.writer = timeline[1] if timeline else None  # of every post of a timeline, also where none is named
        self.authors = {str(tweet.get("id")): tweet.get("author_id") for tweet in tweets}
        self.ids: Mapping[str, Any] = {str(user.get("username")).lower(): user.get("id") for user in users}


def add_user(rows: Rows, user: Object, page: Page) -> None:
    """The account of a user object, in full or as it stands in a mention (id and name only)."""
    whole = "public_metrics" in user or "created_at" in user or "name" in user
    metrics = user.get("public_metrics")
    counts = metrics if isinstance(metrics, dict) else {}
    picture = user.get("profile_image_url")
    row = {
        "account_id": _required(user, "id"),
        "platform": "x",
        "handle": user.get("username"),
        "display_name": plain(user.get("name")),
        "bio": plain(user.get("description")),
        "website": _website(user),
        "created_at": user.get("created_at"),
        "followers_count": rows.readable_count(counts.get("followers_count")),
        "following_count": rows.readable_count(counts.get("following_count")),
        "posts_count": rows.readable_count(counts.get("tweet_count", counts.get("post_count"))),
        "last_post_at": time_of_id(user.get("most_recent_tweet_id") or user.get("most_recent_post_id")),
        "default_avatar": None if picture is None else truth(_DEFAULT_PICTURE in picture),
        "protected": truth(user.get("protected")),
        "verified": truth(user.get("verified")),
        "observed_at": page.observed_at,
    }
    rows.account(row, whole=whole)


def _link_domains(tweet: Object, entities: Object) -> str | None:
    """Hosts of the links. X leaves `entities` out where there are none: the text shows whether there are links."""
    found = domains(
        link.get("unwound_url") or link.get("expanded_url")
        for link in objects((tweet.get("entities") or {}).get("urls") or entities.get("urls"))
    )
    text = tweet.get("text")
    is_known = bool(entities) or (isinstance(text, str) and "://" not in text)
    return found if found or is_known else None


def _website(user: Object) -> str | None:
    for link in objects(((user.get("entities") or {}).get("url") or {}).get("urls")):
        if link.get("expanded_url"):
            return str(link["expanded_url"])
    return user.get("url")


def _required(thing: Object, name: str) -> str:
    found = key(thing.get(name))
    if found is None:
        raise ValueError(f"it has no {name}")
    return found


def add_tweet(rows: Rows, tweet: Object, page: Page) -> str:
    """The post of a tweet, the interactions that it is, and all that stands inside it; gives its author."""
    identifier = _required(tweet, "id")
    author = key(tweet.get("author_id") or (tweet.get("author") or {}).get("id"))
    if author is None:
        raise ValueError("it has no author_id")
    referenced = list(objects(tweet.get("referenced_tweets") or tweet.get("referenced_posts")))
    _add_nested(rows, tweet, referenced, page)
    if not rows.first_time("post", identifier, page.observed_at):
        return author
    history = tweet.get("edit_history_tweet_ids") or tweet.get("edit_history_post_ids") or []
    if len(history) > 1:
        rows.edit_of([str(older) for older in history], str(tweet["id"]))
    answered = _Answered(tweet, author, referenced, page)
    note = tweet.get("note_tweet") or tweet.get("note_post") or {}
    entities = note.get("entities") or tweet.get("entities") or {}
    row = {
        "post_id": identifier,
        "author_id": author,
        "created_at": tweet.get("created_at") or time_of_id(tweet["id"]),
        "text": plain(note.get("text") or tweet.get("text")),
        "kind": answered.kind,
        "reply_to_post_id": answered.post,
        "reply_to_account_id": answered.account,
        "root_post_id": key(tweet.get("conversation_id")),
        "link_domains": _link_domains(tweet, entities),
        "observed_at": page.observed_at,
    }
    mentioned = [] if answered.kind == "repost" else list(_mentioned(entities, page))
    rows.post(row)
    for kind, post, target in answered.responses:
        rows.interaction(author, target, kind, post, row["created_at"])
    for target in dict.fromkeys(mentioned):
        if target != answered.account:
            rows.interaction(author, target, "mention", None, row["created_at"])
    return author


def _add_nested(rows: Rows, tweet: Object, referenced: list[Object], page: Page) -> None:
    """A flattened tweet holds the tweets it refers to, and the users it names, inside it."""
    for name in ("author", "in_reply_to_user"):
        if isinstance(tweet.get(name), dict):
            add_user(rows, tweet[name], page)
    for user in objects((tweet.get("entities") or {}).get("mentions")):
        if user.get("id"):
            add_user(rows, user, page)
    for other in referenced:
        if "author_id" in other or isinstance(other.get("author"), dict):
            page.authors[str(other.get("id"))] = add_tweet(rows, other, page).removeprefix("x:")


def _mentioned(entities: Object, page: Page) -> Iterator[str]:
    for mention in objects(entities.get("mentions")):
        account = key(mention.get("id") or page.ids.get(str(mention.get("username")).lower()))
        if account is not None:
            yield account


def _repeated_author(tweet: Object, page: Page) -> str | None:
    """Who wrote the tweet that a retweet repeats, where it did not come along: the text begins with `RT @name:`."""
    if not str(tweet.get("text")).startswith("RT @"):
        return None
    mentions = objects((tweet.get("entities") or {}).get("mentions"))
    first = [mention for mention in mentions if mention.get("start") == len("RT ")]
    return next(_mentioned({"mentions": first}, page), None)


class _Answered:
    """What a tweet responds to.

    Attributes:
        kind: of the post; a reply that quotes is a reply.
        post, account: that it replies to.
        responses: (kind, post, its author) of each tweet that it refers to.
    """

    def __init__(self, tweet: Object, author: str, referenced: list[Object], page: Page) -> None:
        self.post: str | None = None
        self.account = key(tweet.get("in_reply_to_user_id"))
        self.responses: list[tuple[str, str | None, str | None]] = []
        for other in referenced:
            self._refer(tweet, str(other.get("type")), other.get("id"), page)
        kinds = [kind for kind, _, _ in self.responses]
        if self.account is not None and "reply" not in kinds:
            self._unnamed(tweet)
        first = ("repost", "reply", "quote")
        self.kind = next((kind for kind in first if kind in [kind for kind, _, _ in self.responses]), "post")

    def _refer(self, tweet: Object, how: str, identifier: Any, page: Page) -> None:
        post, author = key(identifier), key(page.authors.get(str(identifier)))
        if how == "retweeted" and author is None:
            author = _repeated_author(tweet, page)
        if how == "replied_to":
            self.account = self.account or author
            self.post = post
            self.responses.append(("reply", post, self.account))
        elif how in ("quoted", "retweeted"):
            self.responses.append(("quote" if how == "quoted" else "repost", post, author))

    def _unnamed(self, tweet: Object) -> None:
        """Addressed to someone, without the post: a thread of its own is a mention, all else a reply."""
        if tweet.get("conversation_id") in (None, tweet.get("id")):
            self.account = None
        else:
            self.responses.append(("reply", None, self.account))
