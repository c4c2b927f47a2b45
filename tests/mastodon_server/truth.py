"""What is true in the seeded server: accounts, follows, posts, and who answered what. Ids are the server's own."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Fate(StrEnum):
    """What became of an account after it had followed and answered."""

    ACTIVE = "active"
    SUSPENDED = "suspended"  # by the server's moderators
    DELETED = "deleted"


class Kind(StrEnum):
    """How somebody answered; the words are those of Mastodon's notifications but for reply and quote."""

    REPLY = "reply"
    FAVOURITE = "favourite"
    REBLOG = "reblog"
    QUOTE = "quote"


@dataclass(frozen=True)
class Account:
    """One account; `token` is its own access token, None once it can no longer log in."""

    id: str
    name: str
    token: str | None
    bot: bool
    locked: bool
    note: str
    fate: Fate


@dataclass(frozen=True)
class Post:
    """One post that stands; `time` as the server says it."""

    id: str
    author: str
    time: datetime
    text: str
    visibility: str
    parent: str | None
    quoted: str | None


@dataclass(frozen=True)
class Reaction:
    """One favourite or reblog; for a reblog with the id and time of the status it made."""

    kind: Kind
    actor: str
    post: str
    id: str | None = None
    time: datetime | None = None


@dataclass(frozen=True)
class World:
    """All accounts, by id, and all they did that was not undone."""

    main: str  # the account with followers, answers and all that can go wrong
    quiet: str  # followers, posts, no answer
    lonely: str  # neither follower nor post
    accounts: dict[str, Account]
    follows: frozenset[tuple[str, str]]  # source, target
    unfollowed: frozenset[tuple[str, str]]
    posts: dict[str, Post]
    reactions: tuple[Reaction, ...]
    big: str  # the post with more replies than Mastodon shows without a token, more favourites than a page holds
    deep: str  # the post with a reply to a reply to a reply …, deeper than Mastodon shows without a token
    notified: Counter[str]  # how many notifications of each type the main account has

    def exists(self, account: str) -> bool:
        """Whether the server still has this account."""
        return self.accounts[account].fate is not Fate.DELETED

    def followers(self, account: str) -> set[str]:
        """The followers that are listed: this server, unlike Mastodon, lists suspended ones too."""
        return {source for source, target in self.follows if target == account and self.exists(source)}

    def followees(self, account: str) -> set[str]:
        """The followees that are listed."""
        return {target for source, target in self.follows if source == account and self.exists(target)}

    def claimed_followers(self, account: str) -> int:
        """The number in the profile: with those of deleted accounts."""
        return sum(target == account for _, target in self.follows)

    def mutuals(self, account: str) -> set[str]:
        """Who follows the account and is followed by it."""
        return self.followers(account) & self.followees(account)

    def posts_of(self, account: str, *, public: bool = True) -> list[Post]:
        """The account's posts, newest first; public: those that anybody may read."""
        mine = (post for post in self.posts.values() if post.author == account)
        shown = [post for post in mine if not public or post.visibility in ("public", "unlisted")]
        return sorted(shown, key=lambda post: int(post.id), reverse=True)

    def reblogs_of(self, account: str) -> set[str]:
        """The ids of the statuses with which the account passed on others' posts."""
        mine = (r for r in self.reactions if r.actor == account and r.kind is Kind.REBLOG)
        return {reaction.id for reaction in mine if reaction.id is not None}

    def thread(self, post: str) -> set[str]:
        """The replies at any depth that are shown: not those of suspended accounts, though what is below them is."""
        children = [other.id for other in self.posts.values() if other.parent == post]
        shown = {reply for reply in children if self.accounts[self.posts[reply].author].fate is Fate.ACTIVE}
        return shown.union(*(self.thread(reply) for reply in children))

    def responders(self, post: str, kind: Kind) -> set[str]:
        """Who is shown to have answered in this way, the author excepted; replies at any depth."""
        if kind is Kind.REPLY:
            found = {self.posts[reply].author for reply in self.thread(post)}
        elif kind is Kind.QUOTE:
            quotes = (other.author for other in self.posts.values() if other.quoted == post)
            found = {author for author in quotes if self.accounts[author].fate is Fate.ACTIVE}
        else:
            found = {r.actor for r in self.reactions if r.kind is kind and r.post == post and self.exists(r.actor)}
        return found - {self.posts[post].author}
