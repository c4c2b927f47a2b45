"""How the objects of X's own archive become rows of the four tables.

An archive says less than the API: a retweet is a text that begins with `RT @name:`, a quote is a link to a post, a
like names no author. Who wrote the post is read off what else is in the archive, where one handle or one post is
named with one account only; elsewhere it stays unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from headcount.sources.rows import Object
from headcount.sources.x.rows import Rows, domains, key, objects, plain, time_of_id
from headcount.sources.x.v1 import time_text

__all__ = ["Owner", "Tweets", "iso_time"]


_TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d)")
_REPEATED = re.compile(r"RT @(\w+)\b")
_AFTER_RT = 3
_STATUS = re.compile(
    r"https?://(?:www\.|mobile\.)?(?:twitter|x)\.com/(?:i/web|#!/)?/?(?P<handle>\w+)?/status(?:es)?/(?P<id>\d+)/?(?:[?#].*)?",
    re.IGNORECASE,
)
_GONE = "-1"
"""Stands for an account that was gone when the archive was made."""


class Owner:
    """Whose archive it is, and when it was made (None: not told)."""

    def __init__(self, identifier: object, handle: object, observed_at: str | None) -> None:
        account = key(identifier)
        if account is None:
            raise ValueError("it contains no account")
        self.account = account
        self.handle = handle if isinstance(handle, str) else None
        self.observed_at = observed_at


class Tweets:
    """Takes the tweets and likes of one archive, and settles at its end who wrote what they answer.

    Attributes:
        likes_without_author, quotes_without_author: those for which that stays unknown.
    """

    def __init__(self, rows: Rows, owner: Owner) -> None:
        self.rows, self.owner = rows, owner
        self.likes_without_author = self.quotes_without_author = self.retweets_without_author = 0
        self._notes: dict[str, list[str]] = {}
        self._accounts: dict[str, str | None] = {}
        self._authors: dict[str, str] = {}
        self._waiting: list[tuple[str, str | None, str | None, str | None]] = []
        if owner.handle:
            self._accounts[owner.handle.lower()] = owner.account

    def note(self, note: Object) -> None:
        """The whole text of a long tweet; which one is told by their second only."""
        second = str(note.get("createdAt"))[:19]
        text = (note.get("core") or note.get("noteTweetResults") or {}).get("text")
        if isinstance(text, str):
            self._notes.setdefault(second, []).append(text)

    def tweet(self, tweet: Object) -> None:
        """One tweet of the owner's: the post, and the interactions that it is."""
        identifier, created_at = _id(tweet), _time(tweet)
        if identifier is None:
            raise ValueError("it has no id")
        history = _edits(tweet)
        if len(history) > 1:
            self.rows.edit_of(history, identifier.removeprefix("x:"))
        text = tweet.get("full_text") or tweet.get("text")
        entities = tweet.get("entities") or {}
        mentions = list(self._mentions(entities, created_at))
        answered_post = _known(tweet, "in_reply_to_status_id")
        answered = _known(tweet, "in_reply_to_user_id")
        if answered not in [account for account, _ in mentions]:
            self._name(answered, tweet.get("in_reply_to_screen_name"), None, created_at)
        if answered_post and answered:
            self._authors[answered_post] = answered
        repeated = _REPEATED.match(str(text))
        quoted = None if repeated else _quoted(entities, identifier)
        kind = "repost" if repeated else "reply" if answered_post else "quote" if quoted else "post"
        self._authors[identifier] = self.owner.account
        self._add_post(
            identifier, self._whole(plain(text), created_at), created_at, kind, answered_post, answered, entities
        )
        if repeated:
            self._retweet(tweet, repeated[1], mentions, created_at)
            return
        actor = self.owner.account
        if answered_post:
            self.rows.interaction(actor, answered, "reply", answered_post, created_at)
        if quoted:
            self._waiting.append(("quote", *quoted, created_at))
        named = [account for account, _ in mentions] + ([answered] if answered and not answered_post else [])
        for target in dict.fromkeys(named):
            if target != answered or not answered_post:
                self.rows.interaction(actor, target, "mention", None, created_at)

    def like(self, like: Object) -> None:
        """One post that the owner likes; when is not told, and who wrote it only by what else is there."""
        post = key(like.get("tweetId"))
        if post is None:
            raise ValueError("it has no tweetId")
        link = _STATUS.fullmatch(str(like.get("expandedUrl")))
        handle = link["handle"] if link and link["handle"] not in ("i", "web") else None
        self._waiting.append(("like", post, handle, None))

    def settle(self) -> None:
        """Quotes and likes, now that all accounts that the archive names are known."""
        for kind, post, handle, created_at in self._waiting:
            target = self._authors.get(post or "") or self._accounts.get((handle or "").lower())
            if target is None:
                self.likes_without_author += kind == "like"
                self.quotes_without_author += kind == "quote"
            self.rows.interaction(self.owner.account, target, kind, post, created_at)

    def _add_post(
        self,
        identifier: str,
        text: str | None,
        created_at: str | None,
        kind: str,
        answered_post: str | None,
        answered: str | None,
        entities: Object,
    ) -> None:
        self.rows.post(
            {
                "post_id": identifier,
                "author_id": self.owner.account,
                "created_at": created_at,
                "text": text,
                "kind": kind,
                "reply_to_post_id": answered_post,
                "reply_to_account_id": answered if answered_post else None,
                "link_domains": domains(_links(entities)) if entities else None,
                "observed_at": self.owner.observed_at,
            }
        )

    def _retweet(
        self, tweet: Object, handle: str, mentions: Iterable[tuple[str, object]], created_at: str | None
    ) -> None:
        """Archives until 2018 hold the tweet that is repeated; in later ones the first mention is its author."""
        status = tweet.get("retweeted_status")
        if isinstance(status, dict):
            post, author = _id(status), _id(status.get("user") or {})
            if author is not None:
                self._learn((status.get("user") or {}).get("screen_name"), author)
                self._authors[post or ""] = author
        else:
            post = None
            author = next((account for account, start in mentions if str(start) == str(_AFTER_RT)), None)
            author = author or self._accounts.get(handle.lower())
        self.retweets_without_author += author is None
        self.rows.interaction(self.owner.account, author, "repost", post, created_at)

    def _mentions(self, entities: Object, created_at: str | None) -> Iterator[tuple[str, object]]:
        """The accounts that a tweet names, and at which place of the text each stands."""
        for mention in objects(entities.get("user_mentions")):
            account = _id(mention)
            if account is None:
                continue
            self._name(account, mention.get("screen_name"), mention.get("name"), created_at)
            yield account, next(iter(mention.get("indices") or []), None)

    def _name(self, account: str | None, handle: object, name: object, seen: str | None) -> None:
        """What somebody was called when the tweet was written."""
        self._learn(handle, account)
        if account is not None and account != self.owner.account and isinstance(handle, str):
            row = {"account_id": account, "platform": "x", "handle": handle, "display_name": plain(name)}
            self.rows.account(row | {"observed_at": seen}, whole=False)

    def _learn(self, handle: object, account: str | None) -> None:
        """A handle that the archive names with two accounts names neither."""
        if isinstance(handle, str) and account is not None:
            name = handle.lower()
            self._accounts[name] = account if self._accounts.get(name, account) == account else None

    def _whole(self, text: str | None, created_at: str | None) -> str | None:
        """The long text of a tweet that was cut, where exactly one was written in that second."""
        found = self._notes.get(str(created_at)[:19], [])
        return found[0] if len(found) == 1 and text else text


def _id(thing: Object) -> str | None:
    """The id as text where it is given as such: numbers have lost digits in some files; None for who is gone."""
    return _known(thing, "id")


def _known(thing: Object, name: str) -> str | None:
    value = thing.get(name + "_str") or thing.get(name)
    return None if str(value) == _GONE else key(value)


def _time(tweet: Object) -> str | None:
    """Both forms of a time that archives have; from the id where there is none."""
    return iso_time(tweet.get("created_at")) or time_of_id(tweet.get("id_str") or tweet.get("id"))


def iso_time(text: object) -> str | None:
    """A time as archives write it: `Sat Dec 01 02:52:47 +0000 2007`, or `2015-01-24 02:02:37 +0000`."""
    plain_text = time_text(text)
    matched = _TIME.fullmatch(plain_text) if plain_text else None
    return f"{matched[1]}T{matched[2]}{matched[3]}:{matched[4]}" if matched else plain_text


def _edits(tweet: Object) -> list[str]:
    info = tweet.get("edit_info") or {}
    control = info.get("initial") or (info.get("edit") or {}).get("editControlInitial") or {}
    listed = control.get("editTweetIds") or []
    return [str(identifier) for identifier in listed if str(identifier).isdigit()]


def _links(entities: Object) -> Iterator[str | None]:
    return (link.get("expanded_url") for link in objects(entities.get("urls")))


def _quoted(entities: Object, identifier: str) -> tuple[str, str | None] | None:
    """The post (and the handle of its author) that a tweet quotes: the last that it links to, other than itself."""
    found = [_STATUS.fullmatch(str(link)) for link in _links(entities)]
    last = next((match for match in reversed(found) if match and "x:" + match["id"] != identifier), None)
    if last is None:
        return None
    return "x:" + last["id"], None if last["handle"] in ("i", "web") else last["handle"]
