"""What is truly in the seeded network: who did what, when, and which of it the public interface shows.

Times are microseconds since 1970, UTC. The rules of what is shown are those of the reference AppView to a reader who is
not logged in; test_network.py holds each of them against the running server.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any


class Fate(StrEnum):
    """What became of an account after it followed."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"  # by its owner
    DELETED = "deleted"
    TAKEN_DOWN = "taken down"  # by its own server: its repository is closed too
    MODERATED = "moderated"  # taken down by the AppView's moderation only: its repository stays open


class Kind(StrEnum):
    """The ways to answer a post."""

    REPLY = "reply"
    QUOTE = "quote"
    LIKE = "like"
    REPOST = "repost"


@dataclass(frozen=True)
class Account:
    """One account; `handle` is the one that is shown now, `name` None where the profile has none or does not exist."""

    did: str
    handle: str
    name: str | None
    created_at: int | None  # as its profile says; None without a profile record
    fate: Fate
    asks_to_be_hidden: bool  # from readers who are not logged in: the self-label !no-unauthenticated


@dataclass(frozen=True)
class Follow:
    """One follow that stands. `time` is that of its record key; that of `created_at` where the key holds no time."""

    source: str
    target: str
    key: str
    time: int
    created_at: int


@dataclass(frozen=True)
class Post:
    """One post that was not deleted."""

    uri: str
    author: str
    time: int
    text: str
    parent: str | None
    root: str | None
    quoted: str | None
    mentioned: tuple[str, ...]


@dataclass(frozen=True)
class Reaction:
    """One like or repost that stands."""

    kind: Kind
    actor: str
    post: str
    time: int


@dataclass(frozen=True)
class Response:
    """Somebody's answer to a post; `direct` is false for a reply further down in its thread."""

    kind: Kind
    actor: str
    post: str
    time: int
    direct: bool = True


@dataclass(frozen=True)
class World:
    """All accounts and all they did; what was undone or deleted is in none of these."""

    now: int
    main: str  # the account with followers, answers and all that can go wrong
    quiet: str  # an account with few followers whom nobody answers
    lonely: str  # an account with no follower and no post
    main_password: str
    app_password: str
    accounts: dict[str, Account]
    follows: tuple[Follow, ...]
    unfollowed: frozenset[tuple[str, str]]  # who once followed whom and no longer does
    blocks: frozenset[tuple[str, str]]
    posts: dict[str, Post]
    reactions: tuple[Reaction, ...]
    odd_follows: dict[str, str]  # by follower of the main account: what is odd about the time or number of its follows
    seconds: dict[str, float] = field(default_factory=dict, compare=False)  # how long each part of the seeding took

    def is_active(self, did: str) -> bool:
        """Whether the AppView shows this account at all."""
        return self.accounts[did].fate is Fate.ACTIVE

    def blocked(self, one: str, other: str) -> bool:
        """Whether either blocks the other."""
        return (one, other) in self.blocks or (other, one) in self.blocks

    # --- Who follows ---

    def followers(self, did: str) -> dict[str, Follow]:
        """The followers that are listed, by did."""
        return {f.source: f for f in self.follows if f.target == did and self._is_listed(f.source, did)}

    def followees(self, did: str) -> dict[str, Follow]:
        """The followees that are listed, by did."""
        return {f.target: f for f in self.follows if f.source == did and self._is_listed(f.target, did)}

    def unlisted_followers(self, did: str) -> dict[str, str]:
        """The followers that are counted and not listed, by did, and why: their fate, "blocks" or "is blocked"."""
        unlisted = (f.source for f in self.follows if f.target == did and not self._is_listed(f.source, did))
        return {source: self._why_unlisted(source, did) for source in unlisted}

    def claimed_followers(self, did: str) -> int:
        """The number in the profile: all follows that stand, with those of deleted accounts until it is renewed."""
        return sum(follow.target == did for follow in self.follows)

    def two_way_ties(self, did: str) -> set[str]:
        """The listed followers whom the account follows too."""
        return self.followers(did).keys() & self.followees(did).keys()

    def _is_listed(self, other: str, did: str) -> bool:
        return self.is_active(other) and not self.blocked(other, did)

    def _why_unlisted(self, source: str, did: str) -> str:
        if not self.is_active(source):
            return str(self.accounts[source].fate)
        return "blocks" if (source, did) in self.blocks else "is blocked"

    # --- Who answers ---

    def posts_of(self, did: str) -> list[Post]:
        """The account's posts, oldest first."""
        return sorted((post for post in self.posts.values() if post.author == did), key=lambda post: post.time)

    def responses(self, uri: str) -> list[Response]:
        """All that is shown as an answer to this post; replies at any depth, the author's own too."""
        author = self.posts[uri].author
        replies = [Response(Kind.REPLY, r.author, uri, r.time, r.parent == uri) for r in self.thread(uri)]
        quotes = [
            Response(Kind.QUOTE, q.author, uri, q.time) for q in self._quotes[uri] if self._is_listed(q.author, author)
        ]
        shown = (r for r in self._reactions[uri] if self.is_active(r.actor))
        # A block hides a like, but not a repost.
        unblocked = (r for r in shown if r.kind is Kind.REPOST or not self.blocked(r.actor, author))
        return replies + quotes + [Response(r.kind, r.actor, uri, r.time) for r in unblocked]

    def responders(self, uri: str, kind: Kind, *, direct: bool = False) -> set[str]:
        """Who is shown to have answered in this way, without the author; direct: replies to this very post only."""
        found = (r.actor for r in self.responses(uri) if r.kind is kind and (r.direct or not direct))
        return set(found) - {self.posts[uri].author}

    def thread(self, uri: str) -> list[Post]:
        """The replies at any depth that can be reached from this post: none is below one that is not shown."""
        reached = []
        for reply in self._replies[uri]:
            if self._shows_reply(reply):
                reached += [reply, *self.thread(reply.uri)]
        return reached

    def unreachable_replies(self, root: str) -> list[Post]:
        """Replies of active accounts in this thread that are below one that is not shown."""
        reached = {reply.uri for reply in self.thread(root)}
        in_thread = (post for post in self.posts.values() if post.root == root and post.uri not in reached)
        return [post for post in in_thread if self._shows_reply(post)]

    def depth(self, uri: str) -> int:
        """How many replies deep a post is; 0 for one that is no reply."""
        post = self.posts.get(uri)  # None: deleted
        return 0 if post is None or post.parent is None else 1 + self.depth(post.parent)

    def _shows_reply(self, reply: Post) -> bool:
        """Shown: its author exists, and there is no block between them and whom they answer.

        A block between them and the owner of the thread further up hides nothing.
        """
        assert reply.parent is not None
        return self.is_active(reply.author) and not self.blocked(reply.author, _author(reply.parent))

    # --- What an account does itself ---

    def outgoing(self, did: str) -> list[Response]:
        """The account's own replies, quotes, likes and reposts, as its repository holds them."""
        mine = self.posts_of(did)
        replies = [Response(Kind.REPLY, did, p.parent, p.time) for p in mine if p.parent is not None]
        quotes = [Response(Kind.QUOTE, did, p.quoted, p.time) for p in mine if p.quoted is not None]
        return replies + quotes + [Response(r.kind, did, r.post, r.time) for r in self.reactions if r.actor == did]

    def mentions(self, did: str) -> list[Post]:
        """The posts of active accounts that name the account."""
        return [p for p in self.posts.values() if did in p.mentioned and self._is_listed(p.author, did)]

    @cached_property
    def _replies(self) -> defaultdict[str, list[Post]]:
        return _by((post.parent, post) for post in self.posts.values() if post.parent is not None)

    @cached_property
    def _quotes(self) -> defaultdict[str, list[Post]]:
        return _by((post.quoted, post) for post in self.posts.values() if post.quoted is not None)

    @cached_property
    def _reactions(self) -> defaultdict[str, list[Reaction]]:
        return _by((reaction.post, reaction) for reaction in self.reactions)


def _by(pairs: Iterable[tuple[str, Any]]) -> defaultdict[str, list[Any]]:
    grouped: defaultdict[str, list[Any]] = defaultdict(list)
    for key, item in pairs:
        grouped[key].append(item)
    return grouped


def _author(uri: str) -> str:
    """The account that an at:// address belongs to."""
    return uri.removeprefix("at://").partition("/")[0]
