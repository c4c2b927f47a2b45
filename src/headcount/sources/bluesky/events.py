"""Which of the network's events concern one account.

An event says who did what, in which collection, under which key, and holds the record, unless it was deleted. So the
end of a follow can be told only by those who know the key of its record: the keys are those that a collection saw
(getRelationships, the account's own repository) and those that were seen being made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from headcount.errors import InputError
from headcount.sources.bluesky.repo import read_repository
from headcount.sources.bluesky.views import did_of, mentions_of, quoted_uri
from headcount.sources.collect.landing import Page
from headcount.sources.formats.decoding import decode_json
from headcount.sources.rows import objects

__all__ = ["Concerned"]

Event = dict[str, Any]
FOLLOW = "app.bsky.graph.follow"
_REMEMBERED = 100_000


class Concerned:
    """Takes events and gives those that concern an account, each once.

    Args:
        did: the account.

    A deleted follow is given with `subject`, whom it followed.
    """

    def __init__(self, did: str) -> None:
        self.did = did
        self._followers: dict[int, int] = {}  # hashes of follower and of the key of its record: small also for millions
        self._following: dict[str, str] = {}  # key of the account's own record -> whom it follows
        self._given: dict[tuple[Any, ...], None] = {}

    # -- what is known before ---------------------------------------------------------------------------------

    def learn_collected(self, pages: Iterable[Page]) -> None:
        """The keys of the follows that a collection saw."""
        for page in pages:
            if page.good and page.step == "relationships":
                for relation in objects(page.json.get("relationships")):
                    self._learn_relation(relation)
            elif page.good and page.step == "repository":
                self._learn_own(page.body)

    def _learn_relation(self, relation: Event) -> None:
        other, follows, followed = (relation.get(name) for name in ("did", "followedBy", "following"))
        if isinstance(other, str) and isinstance(follows, str):
            self._followers[hash(other)] = hash(_key(follows))
        if isinstance(other, str) and isinstance(followed, str):
            self._following[_key(followed)] = other

    def _learn_own(self, car: bytes) -> None:
        try:
            for record in read_repository(car).records:
                if record.collection == FOLLOW and isinstance(record.value.get("subject"), str):
                    self._following[record.key] = record.value["subject"]
        except InputError:  # said where the collection was read
            return

    def learn_live(self, pages: Iterable[Page], *, since: int = 0, until: int = 1 << 62) -> None:
        """The events that were given before; of a time only (microseconds), where it is named."""
        for page in pages:
            for event in objects(page.json.get("events")):
                if since <= int(event.get("time_us") or 0) < until:
                    self._remember(event)

    # -- events -----------------------------------------------------------------------------------------------

    def take(self, text: str) -> Event | None:
        """The event of a text, where it concerns the account and was not given yet; else None.

        Nearly all do not, so texts are looked through before any is decoded.
        """
        named = self.did in text
        if not named and '"delete"' not in text:
            return None
        try:
            event = decode_json(text.encode())
        except (ValueError, RecursionError):
            return None
        if not isinstance(event, dict) or not isinstance(event.get("did"), str):
            return None
        try:
            event = self._with_subject(event)
            if not self._concerns(event) or _identity(event) in self._given:
                return None
            self._remember(event)
        except (AttributeError, KeyError, TypeError, ValueError):  # anybody can write any record
            return None
        return event

    def _with_subject(self, event: Event) -> Event:
        """Of the end of a follow, say whom it followed."""
        commit = _commit(event)
        if commit.get("operation") != "delete" or commit.get("collection") != FOLLOW:
            return event
        author, key = event["did"], str(commit.get("rkey"))
        if author == self.did:
            return event | {"subject": self._following.get(key)}
        known = self._followers.get(hash(author)) == hash(key)
        return event | {"subject": self.did if known else None}

    def _concerns(self, event: Event) -> bool:
        commit = _commit(event)
        if event["did"] == self.did:
            return True
        if commit.get("operation") == "delete":
            return event.get("subject") == self.did
        return self.did in _named(commit.get("record"))

    def _remember(self, event: Event) -> None:
        """Keep the keys of follows, and that this event was given."""
        self._given[_identity(event)] = None
        if len(self._given) > _REMEMBERED:
            del self._given[next(iter(self._given))]
        commit = _commit(event)
        author, key = str(event.get("did")), str(commit.get("rkey"))
        if commit.get("collection") != FOLLOW:
            return
        record = commit.get("record")
        subject = record.get("subject") if isinstance(record, dict) else None
        if commit.get("operation") == "delete":
            if author == self.did:
                self._following.pop(key, None)
            else:
                self._followers.pop(hash(author), None)
        elif author == self.did and isinstance(subject, str):
            self._following[key] = subject
        elif subject == self.did:
            self._followers[hash(author)] = hash(key)


def _named(record: object) -> set[str | None]:
    """The accounts that a record is about: its subject, what it answers or quotes, whom it mentions."""
    if not isinstance(record, dict):
        return set()
    subject, reply = record.get("subject"), record.get("reply")
    sides = [reply.get(side) for side in ("parent", "root")] if isinstance(reply, dict) else []
    uris = [side.get("uri") for side in (subject, *sides) if isinstance(side, dict)]
    named = {did_of(uri) for uri in (*uris, quoted_uri(record))} | set(mentions_of(record))
    return named | {subject} if isinstance(subject, str) else named


def _commit(event: Event) -> Event:
    commit = event.get("commit")
    return commit if isinstance(commit, dict) else {}


def _identity(event: Event) -> tuple[Any, ...]:
    """What makes an event that comes twice the same one: not its time, which each server gives anew."""
    commit = _commit(event)
    if commit:
        return (event.get("did"), *(commit.get(name) for name in ("rev", "collection", "rkey", "operation")))
    return event.get("did"), event.get("kind"), event.get("time_us")


def _key(uri: str) -> str:
    return uri.rpartition("/")[2]
