"""An account's own repository on the AT Protocol: what the account did, each record with the time in its key.

A repository is a Merkle search tree of records in a CAR file (https://atproto.com/specs/repository). A node holds an
optional left subtree `l` and entries `e`; an entry's key is the first `p` bytes of the key before it and its own `k`,
its record is `v`, and `t` is the subtree to its right. The key of a record is `collection/record key`, and record
keys of follows, likes and posts are TIDs (https://atproto.com/specs/tid): 13 characters that hold 53 bits of
microseconds since 1970 and 10 bits that tell clocks apart. The client chose the key, so its time is a claim.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from headcount.errors import InputError
from headcount.sources.bluesky.car import Blocks, decode_car, open_car
from headcount.sources.formats.decoding import Replaced

__all__ = ["Record", "Repository", "read_repository", "tid_time"]

_TID_ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"
_TID_VALUE = {letter: value for value, letter in enumerate(_TID_ALPHABET)}
_FIRST = 1_640_995_200_000_000
"""2022-01-01 in microseconds. Before there were such records; a key that says so holds no time."""
_DEEPEST = 256
_MAX_REPEATED_BYTES = 64 << 20
"""Keys may share a record, so a small file can stand for a large one; beyond this it is refused."""
_HINT = "it is damaged or malicious; export it again."


@dataclass(frozen=True)
class Record:
    """One record: where it is in the repository, and what it says."""

    collection: str
    key: str
    value: dict[str, Any]


@dataclass(frozen=True)
class Repository:
    """A repository that was read.

    Attributes:
        did: whose.
        records: in the order of their keys; read from the file as they are iterated over.
        missing: parts that the file points to and does not hold; above 0, it is a part of a repository.
        replaced: counts the invalid characters of the records read so far.
        revised_at: when it was last changed: by its revision, in old repositories by its newest record; None where
            neither holds a time.
        counts: records by collection.
    """

    did: str
    records: Collection[Record]
    missing: int
    replaced: Replaced
    revised_at: datetime | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


def tid_time(key: str) -> datetime | None:
    """The time (UTC) in a record key; None where the key is no TID, or one of a time when there were none.

    Golden: 3l25zusnsfctk is 2024-08-20 16:31:35.793 UTC, clock 816.
    """
    if len(key) != 13 or key[0] not in _TID_ALPHABET[:16]:
        return None
    value = 0
    for letter in key:
        digit = _TID_VALUE.get(letter)
        if digit is None:
            return None
        value = value * 32 + digit
    microseconds = value >> 10
    if not _FIRST <= microseconds < 1 << 52:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)


def read_repository(car: bytes | BinaryIO) -> Repository:
    """Read a CAR file: its tree at once, its records when they are iterated over.

    Args:
        car: its bytes, or the file, which stays open until the records are read.

    Raises:
        InputError: it is cut off, no CAR file, or no repository.
    """
    replaced = Replaced()
    try:
        header, blocks = decode_car(car, replaced) if isinstance(car, bytes) else open_car(car, replaced)
        root = blocks[header["roots"][0]]
        did, top = str(root["did"]), root["data"]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise InputError(
            f"The repository cannot be read ({str(error)[:80]}).",
            hint="it is truncated or not a CAR file; download it again.",
        ) from None
    walk, counts, newest = _Walk(blocks), Counter[str](), None
    with _malformed():
        for key, _ in walk.entries(top):
            collection, _, name = key.partition("/")
            counts[collection] += 1
            time = tid_time(name)
            newest = time if newest is None or (time is not None and time > newest) else newest
    records = _Records(blocks, top, counts.total(), replaced)
    return Repository(did, records, walk.missing, replaced, tid_time(str(root.get("rev"))) or newest, counts)


@contextmanager
def _malformed() -> Iterator[None]:
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"The repository contains a malformed node ({str(error)[:80]}).", hint=_HINT) from None


class _Records(Collection[Record]):
    """The records of a repository, each decoded when it is its turn.

    Args:
        blocks: of the file; top: address of the tree; count: of records.
        replaced: counts the invalid characters, from 0 each time.
    """

    def __init__(self, blocks: Blocks, top: bytes, count: int, replaced: Replaced) -> None:
        self._blocks, self._top, self._count, self._replaced = blocks, top, count, replaced

    def __len__(self) -> int:
        return self._count

    def __contains__(self, record: object) -> bool:
        return any(record == each for each in self)

    def __iter__(self) -> Iterator[Record]:
        self._replaced.count = 0
        with _malformed():
            for key, address in _Walk(self._blocks).entries(self._top):
                collection, _, name = key.partition("/")
                yield Record(collection, name, self._blocks[address])


class _Walk:
    """Goes through the tree from left to right, and to each node once; records are not decoded.

    Every node of a Merkle search tree has one parent. Where two links lead to the same node, 63 blocks can stand for
    2^63 records, so that is refused.
    """

    def __init__(self, blocks: Blocks) -> None:
        self.blocks, self.missing = blocks, 0
        self.visited = bytearray(blocks.count)
        self.repeated_bytes = 0

    def entries(self, address: bytes | None, depth: int = 0) -> Iterator[tuple[str, bytes]]:
        """Key and address of each record."""
        if address is None:
            return
        place = self.blocks.place(address)
        if place is None or not self.blocks.is_map(place) or depth > _DEEPEST:
            if not isinstance(address, bytes):
                raise TypeError("a link is not a content address")
            self.missing += 1
            return
        if self.visited[place]:
            raise InputError("The repository is not a tree: two links point to the same node.", hint=_HINT)
        self.visited[place] = 1
        node = self.blocks[address]
        yield from self.entries(node.get("l"), depth + 1)
        before = b""
        for entry in node.get("e") or ():
            before = before[: entry["p"]] + entry["k"]
            record = self.blocks.place(entry["v"])
            if record is not None and self.blocks.is_map(record):
                self._bound_repeats(record)
                yield before.decode("utf-8", errors="replace"), entry["v"]
            elif isinstance(entry["v"], bytes):
                self.missing += 1
            else:
                raise TypeError("a link is not a content address")
            yield from self.entries(entry.get("t"), depth + 1)

    def _bound_repeats(self, place: int) -> None:
        """Refuse records that many keys share and that add up to far more than the file holds."""
        if not self.visited[place]:
            self.visited[place] = 2
            return
        self.repeated_bytes += self.blocks.size(place)
        if self.repeated_bytes > _MAX_REPEATED_BYTES:
            raise InputError("The repository repeats its records far more often than a real one.", hint=_HINT)
