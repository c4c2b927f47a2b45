"""A world of any size that is worked out from numbers when it is asked for: nothing of it is held in memory.

Account 0 is the one that is collected; 1 to `size` follow it, 1 being the newest follower. Every fact of an account
follows from its number, so two servers with the same `size` and `now` show the same world.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import libipld

MAIN = "main.test"
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
SORTED_LETTERS = "234567abcdefghijklmnopqrstuvwxyz"
FACTOR = 0x5DEECE66D1CE4E5  # odd, so that it has an inverse: DIDs look random and still give their number back
BITS = 60
SECOND = 1_000_000
HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND
Object = dict[str, Any]


def did(number: int) -> str:
    """The DID of an account."""
    mixed = number * FACTOR % (1 << BITS)
    other = (number + 7) * (FACTOR - 2) % (1 << BITS)
    return "did:plc:" + "".join(LETTERS[part >> shift & 31] for part in (mixed, other) for shift in range(55, -1, -5))


def number_of(text: str) -> int | None:
    """The number of an account, from its DID or handle; None where there is no such account."""
    if text == MAIN:
        return 0
    if text.startswith("user") and text.endswith(".test") and text[4:-5].isdigit():
        return int(text[4:-5])
    if not text.startswith("did:plc:") or len(text) != 32 or any(letter not in LETTERS for letter in text[8:]):
        return None
    mixed = 0
    for letter in text[8:20]:
        mixed = mixed << 5 | LETTERS.index(letter)
    number = mixed * pow(FACTOR, -1, 1 << BITS) % (1 << BITS)
    return number if did(number) == text else None


def tid(time: int) -> str:
    """The record key of a time in microseconds."""
    value = time << 10 | 3
    return "".join(SORTED_LETTERS[value >> shift & 31] for shift in range(60, -1, -5))


def iso(time: int) -> str:
    """A time in microseconds as clients write it."""
    return datetime.fromtimestamp(time // 1000 / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def chance(number: int, what: str) -> int:
    """A number below 2**32 that is fixed for an account and a question."""
    return int.from_bytes(hashlib.blake2b(f"{what} {number}".encode(), digest_size=4).digest())


def cid(data: bytes) -> bytes:
    """The content's address: version 1, DAG-CBOR, SHA-256."""
    return b"\x01\x71\x12\x20" + hashlib.sha256(data).digest()


@dataclass(frozen=True)
class Sizes:
    """How much of everything there is.

    Attributes:
        followers: who follow account 0; now: microseconds, the world's present.
        following: accounts that account 0 follows; posts: of account 0.
        replies, likes, reposts, quotes: of the first post; the others have fewer.
    """

    followers: int
    now: int
    following: int = 150
    posts: int = 6
    replies: int = 12
    likes: int = 230
    reposts: int = 20
    quotes: int = 5


class World:
    """Gives the views of the AppView (app.bsky.*) and the repository of account 0."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes, self.now = sizes, sizes.now

    # -- accounts ---------------------------------------------------------------------------------------------

    def is_shown(self, number: int) -> bool:
        """One in 97 followers has left: counted still, and in no list."""
        return number % 97 != 13

    def exists(self, number: int | None) -> bool:
        return number is not None and 0 <= number <= 2 * self.sizes.followers + 1_000

    def created(self, number: int) -> int:
        return self.now - 900 * DAY - chance(number, "made") % 700 * DAY - number % 1_000 * SECOND

    def basic(self, number: int) -> Object:
        """#profileViewBasic."""
        view: Object = {
            "did": did(number),
            "handle": MAIN if number == 0 else f"user{number}.test",
            "associated": {"activitySubscription": {"allowSubscriptions": "followers"}},
            "labels": [],
            "createdAt": iso(self.created(number)),
        }
        if number % 4:
            view["displayName"] = f"User {number} 🧡"
        if number % 5:
            view["avatar"] = f"https://cdn.test/img/avatar/plain/{view['did']}/{chance(number, 'avatar'):08x}@jpeg"
        if number % 71 == 3:
            label = {"src": view["did"], "uri": f"at://{view['did']}/app.bsky.actor.profile/self", "cid": "bafy"}
            view["labels"] = [label | {"val": "!no-unauthenticated", "cts": view["createdAt"]}]
        return view

    def listed(self, number: int) -> Object:
        """#profileView."""
        view = self.basic(number) | {"indexedAt": iso(self.created(number) + HOUR)}
        if number % 3:
            view["description"] = f"I am number {number}, and I write about things that matter to number {number}."
        return view

    def detailed(self, number: int) -> Object:
        """#profileViewDetailed."""
        counts = {"followersCount": chance(number, "f") % 900, "followsCount": chance(number, "g") % 2_000}
        view = self.listed(number) | counts | {"postsCount": self.post_count(number)}
        if number == 0:
            sizes = self.sizes
            view |= {"followersCount": sizes.followers, "followsCount": sizes.following, "postsCount": sizes.posts}
        return view

    # -- follows ----------------------------------------------------------------------------------------------

    def follow_time(self, number: int) -> int:
        """When that follower followed; the lists have the newest first."""
        step = 700 * DAY // (self.sizes.followers + 1)
        return self.now - HOUR - number * step

    def followee(self, place: int) -> int:
        """The account that account 0 followed as the place-th newest: every other one is a follower."""
        return 1 + 2 * place if place % 2 == 0 else self.sizes.followers + 1 + place

    def followed_back(self, number: int) -> int | None:
        """The place of an account among those that account 0 follows."""
        place, odd = divmod(number - 1, 2)
        if odd == 0 and place % 2 == 0 and place < self.sizes.following and number <= self.sizes.followers:
            return place
        place = number - self.sizes.followers - 1
        return place if place % 2 == 1 and 0 < place < self.sizes.following else None

    def follow_back_time(self, place: int) -> int:
        return self.now - 2 * HOUR - place * DAY

    def followers(self, start: int, limit: int) -> tuple[list[Object], int | None]:
        """A page of the followers, and where the next one starts."""
        end = min(start + limit, self.sizes.followers)
        page = [self.listed(number) for number in range(start + 1, end + 1) if self.is_shown(number)]
        return page, end if end < self.sizes.followers else None

    def following(self, start: int, limit: int) -> tuple[list[Object], int | None]:
        end = min(start + limit, self.sizes.following)
        return [self.listed(self.followee(place)) for place in range(start, end)], (
            end if end < self.sizes.following else None
        )

    def relationship(self, number: int) -> Object:
        """Who of account 0 and that one follows whom."""
        view: Object = {"$type": "app.bsky.graph.defs#relationship", "did": did(number)}
        place = self.followed_back(number)
        if place is not None:
            view["following"] = f"at://{did(0)}/app.bsky.graph.follow/{tid(self.follow_back_time(place))}"
        if 1 <= number <= self.sizes.followers:
            view["followedBy"] = f"at://{did(number)}/app.bsky.graph.follow/{tid(self.follow_time(number))}"
        return view

    # -- posts ------------------------------------------------------------------------------------------------

    def post_count(self, number: int) -> int:
        return self.sizes.posts if number == 0 else chance(number, "posts") % 4

    def post_time(self, number: int, place: int) -> int:
        """The place-th newest post of an account."""
        if number == 0:
            return self.now - 3 * DAY - place * 4 * DAY
        return self.now - DAY - chance(number, f"post {place}") % 60 * HOUR - place * 3 * DAY

    def uri(self, number: int, place: int) -> str:
        return f"at://{did(number)}/app.bsky.feed.post/{tid(self.post_time(number, place))}"

    def counts(self, place: int) -> Object:
        """How many responded to the place-th newest post of account 0."""
        sizes, less = self.sizes, place + 1
        given = {"reply": sizes.replies, "like": sizes.likes, "repost": sizes.reposts, "quote": sizes.quotes}
        return {f"{kind}Count": min(count // less, sizes.followers) for kind, count in given.items()}

    def place_of(self, uri: str) -> int | None:
        """The place of a post of account 0; None where it is another's."""
        return next((place for place in range(self.sizes.posts) if self.uri(0, place) == uri), None)

    def responder(self, place: int, kind: str, order: int) -> int:
        """Who responded to a post as the order-th: others for each post, each once."""
        size = self.sizes.followers
        return 1 + (chance(place, kind) + order * (1 if size < 40 else size // 40 * 2 + 1)) % size if size else 1

    def responders(self, place: int, kind: str) -> list[int]:
        """All of them, in the order of the list."""
        count = self.counts(place)[f"{kind}Count"]
        people = dict.fromkeys(self.responder(place, kind, order) for order in range(count))
        return [number for number in people if self.is_shown(number)]

    def response_time(self, place: int, order: int) -> int:
        return self.post_time(0, place) + (order + 1) * 7 * 60 * SECOND

    def post(self, number: int, place: int) -> Object:
        """#postView of a post of an account."""
        uri, time = self.uri(number, place), self.post_time(number, place)
        record = {"$type": "app.bsky.feed.post", "createdAt": iso(time), "langs": ["en"], "text": f"Post {place} 🧡"}
        counts = self.counts(place) if number == 0 else {f"{k}Count": 0 for k in ("reply", "like", "repost", "quote")}
        return self._view(uri, number, record, time, counts)

    def _view(self, uri: str, number: int, record: Object, time: int, counts: Object) -> Object:
        view = {"uri": uri, "cid": self._cid(uri), "author": self.basic(number), "record": record}
        more = {"bookmarkCount": 0, "indexedAt": iso(time + SECOND), "labels": []}
        return view | counts | more

    @staticmethod
    def _cid(text: str) -> str:
        return libipld.encode_cid(cid(text.encode()))

    def feed(self, number: int, start: int, limit: int) -> tuple[list[Object], int | None]:
        count = self.post_count(number)
        end = min(start + limit, count)
        return [{"post": self.post(number, place)} for place in range(start, end)], end if end < count else None

    def reply(self, place: int, order: int, author: int, parent: str) -> Object:
        """A reply below a post of account 0."""
        time, root = self.response_time(place, order), self.uri(0, place)
        reference = {side: {"uri": uri, "cid": self._cid(uri)} for side, uri in (("root", root), ("parent", parent))}
        record = {"$type": "app.bsky.feed.post", "createdAt": iso(time), "reply": reference, "text": f"Reply {order}"}
        counts = {"replyCount": 0, "likeCount": 0, "repostCount": 0, "quoteCount": 0}
        return self._view(f"at://{did(author)}/app.bsky.feed.post/{tid(time)}", author, record, time, counts)

    def thread(self, place: int) -> Object:
        """#threadViewPost: every third reply answers the one before it."""
        root = self.uri(0, place)
        top: list[Object] = []
        for order, author in enumerate(self.responders(place, "reply")):
            below = order % 3 == 2 and bool(top)
            parent = top[-1]["post"]["uri"] if below else root
            view = {
                "$type": "app.bsky.feed.defs#threadViewPost",
                "post": self.reply(place, order, author, parent),
                "replies": [],
            }
            if below:
                top[-1]["replies"].append(view)
                top[-1]["post"]["replyCount"] += 1
            else:
                top.append(view)
        return {"$type": "app.bsky.feed.defs#threadViewPost", "post": self.post(0, place), "replies": top}

    def likes(self, place: int, start: int, limit: int) -> tuple[list[Object], int | None]:
        people = self.responders(place, "like")
        page = [
            {
                "createdAt": iso(self.response_time(place, order)),
                "indexedAt": iso(self.response_time(place, order) + SECOND),
                "actor": self.listed(number),
            }
            for order, number in enumerate(people[start : start + limit], start)
        ]
        return page, start + limit if start + limit < len(people) else None

    def reposts(self, place: int, start: int, limit: int) -> tuple[list[Object], int | None]:
        people = self.responders(place, "repost")
        page = [self.listed(number) for number in people[start : start + limit]]
        return page, start + limit if start + limit < len(people) else None

    def quotes(self, place: int, start: int, limit: int) -> tuple[list[Object], int | None]:
        people, quoted = self.responders(place, "quote"), self.uri(0, place)
        page = []
        for order, number in enumerate(people[start : start + limit], start):
            time = self.response_time(place, order) + 31 * SECOND
            embed = {"$type": "app.bsky.embed.record", "record": {"uri": quoted, "cid": self._cid(quoted)}}
            record = {"$type": "app.bsky.feed.post", "createdAt": iso(time), "text": "Read this", "embed": embed}
            counts = {"replyCount": 0, "likeCount": 0, "repostCount": 0, "quoteCount": 0}
            uri = f"at://{did(number)}/app.bsky.feed.post/{tid(time)}"
            page.append(self._view(uri, number, record, time, counts))
        return page, start + limit if start + limit < len(people) else None

    # -- the repository of account 0 ----------------------------------------------------------------------------

    def records(self) -> Iterator[tuple[str, Object]]:
        """Path and value of every record."""
        for place in range(self.sizes.posts):
            time = self.post_time(0, place)
            value = {"$type": "app.bsky.feed.post", "createdAt": iso(time), "langs": ["en"], "text": f"Post {place} 🧡"}
            yield f"app.bsky.feed.post/{tid(time)}", value
        for place in range(self.sizes.following):
            time = self.follow_back_time(place)
            value = {"$type": "app.bsky.graph.follow", "createdAt": iso(time), "subject": did(self.followee(place))}
            yield f"app.bsky.graph.follow/{tid(time)}", value
        for number in range(1, min(40, self.sizes.followers)):
            if self.post_count(number):
                time, uri = self.now - number * HOUR, self.uri(number, 0)
                subject = {"uri": uri, "cid": self._cid(uri)}
                value = {"$type": "app.bsky.feed.like", "createdAt": iso(time), "subject": subject}
                yield f"app.bsky.feed.like/{tid(time)}", value

    def repository(self) -> bytes:
        """A CAR file: one commit, and a tree of one node that holds all records."""
        blocks: dict[bytes, bytes] = {}

        def add(value: Object) -> bytes:
            data = libipld.encode_dag_cbor(value)
            blocks[cid(data)] = data
            return cid(data)

        entries, before = [], b""
        for path, value in sorted(self.records()):
            key = path.encode()
            same = next((i for i, (a, b) in enumerate(zip(before, key, strict=False)) if a != b), len(before))
            entries.append({"p": same, "k": key[same:], "v": add(value), "t": None})
            before = key
        tree = add({"l": None, "e": entries})
        commit = {"did": did(0), "rev": tid(self.now), "data": tree, "prev": None, "version": 3, "sig": b"\0" * 64}
        head = libipld.encode_dag_cbor({"roots": [add(commit)], "version": 1})
        parts = [_length(len(head)) + head]
        parts += [_length(len(key) + len(data)) + key + data for key, data in blocks.items()]
        return b"".join(parts)


def _length(value: int) -> bytes:
    """An unsigned LEB128 number."""
    out = b""
    while value > 0x7F:
        out += struct.pack("B", value & 0x7F | 0x80)
        value >>= 7
    return out + struct.pack("B", value)
