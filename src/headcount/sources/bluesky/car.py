"""CAR files and their DAG-CBOR blocks, in bounded memory; text that is not UTF-8 costs one character, not the file.

A file is not decoded as a whole: its blocks are indexed, and each is decoded when it is read. A byte of DAG-CBOR can
stand for 64 bytes of Python objects, so the size of a block, the number of blocks, and the values of all blocks in
relation to their bytes are bounded, far above what repositories hold.

libipld refuses a block in which a text is not UTF-8. Only such blocks are read by the decoder below.
Formats: https://ipld.io/specs/transport/car/carv1/ and https://ipld.io/specs/codecs/dag-cbor/spec/.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

from headcount.errors import InputError
from headcount.sources.formats.decoding import ONE_EACH, REPLACEMENT, Replaced

__all__ = ["MAX_BLOCKS", "MAX_BLOCK_BYTES", "MAX_CAR_BYTES", "Blocks", "decode_car", "open_car"]

MAX_CAR_BYTES = 512 << 20
"""The largest file; a repository with a million posts and likes has about 300 MB."""
MAX_BLOCKS = 2_000_000
MAX_BLOCK_BYTES = 2 << 20
"""The largest block; the protocol allows records of 1 MB (https://atproto.com/specs/repository)."""
MIN_BYTES_PER_VALUE, MAX_SMALL_VALUES = 4, 1_000_000
"""Minimum mean bytes per value of a large file; repositories have about 15."""

_CID_TAG = 42
_CID_V0 = b"\x12\x20"
_USUAL_CIDS = (b"\x01\x71\x12\x20", b"\x01\x55\x12\x20")
"""Version 1, DAG-CBOR or raw bytes, SHA-256: what the protocol uses."""
_LONGEST_HEAD, _WINDOW = 256, 1 << 20
"""Bytes of a length, an address and the first byte of its block; bytes of the file that are indexed at once."""
_MAX_VARINT_BITS = 63
_SIMPLE = {20: False, 21: True, 22: None}
_HINT = "it is malformed or malicious; export the repository again."
Read = Callable[[int, int], bytes]
"""The bytes from an offset on, up to a maximum."""


def decode_car(car: bytes, replaced: Replaced) -> tuple[dict[str, Any], Blocks]:
    """Header and blocks of a CAR file in memory.

    Args:
        car: the file.
        replaced: counts the invalid characters.

    Raises:
        ValueError: it is not a CAR file, or it is cut off.
        InputError: it is larger than any real one.
    """
    return _index(lambda start, size: car[start : start + size], len(car), replaced)


def open_car(file: BinaryIO, replaced: Replaced) -> tuple[dict[str, Any], Blocks]:
    """Header and blocks of a CAR file that is read block by block, as long as it is open; see `decode_car`."""

    def read(start: int, size: int) -> bytes:
        file.seek(start)
        return file.read(size)

    return _index(read, file.seek(0, 2), replaced)


def _index(read: Read, size: int, replaced: Replaced) -> tuple[dict[str, Any], Blocks]:
    if size > MAX_CAR_BYTES:
        raise InputError(f"The repository is {size >> 20:,} MB, more than {MAX_CAR_BYTES >> 20} MB.", hint=_HINT)
    try:
        head = read(0, 16)
        length, start = _varint(head, 0)
        if not 0 < length <= MAX_BLOCK_BYTES:
            raise ValueError("it has no valid header")
        header = _Reader(read(start, length), replaced).value()
        blocks = Blocks(read, replaced)
        at = start + length
        window, begin = b"", at  # bytes of the file from `begin` on
        while at < size:
            place = at - begin
            if place + _LONGEST_HEAD > len(window):
                window, begin, place = read(at, _WINDOW), at, 0
            length, start = _varint(window, place)
            cid = 36 if window.startswith(_USUAL_CIDS, start) else _cid_size(window[start : start + _LONGEST_HEAD])
            content = begin + start + cid
            at = begin + start + length
            if at > size:
                raise ValueError("the last block is truncated")
            if not 0 < cid <= min(length, _LONGEST_HEAD):
                raise ValueError("a content address is invalid")
            first = window[start + cid] if length > cid else 0
            blocks.add(window[start : start + cid], content, length - cid, first)
    except (IndexError, TypeError, struct.error, RecursionError) as error:
        raise ValueError(f"a block is damaged ({error})") from None
    return header, blocks


class Blocks(Mapping[bytes, Any]):
    """The blocks of a CAR file by CID; each is decoded whenever it is read, and none is kept.

    Args:
        read: gives bytes of the file; replaced: counts the invalid characters.
    """

    def __init__(self, read: Read, replaced: Replaced) -> None:
        self._read, self._replaced = read, replaced
        self._places: dict[bytes, int] = {}
        self._starts, self._sizes, self._heads = array("Q"), array("L"), bytearray()
        self._values = self._bytes = 0

    def add(self, cid: bytes, start: int, size: int, head: int) -> None:
        """One block, with its first byte; of several with the same CID the last counts.

        Raises:
            InputError: it is larger than a block can be, or there are too many.
        """
        if size > MAX_BLOCK_BYTES:
            raise InputError(f"The repository contains a block of {size:,} bytes, more than any real one.", hint=_HINT)
        if len(self._starts) >= MAX_BLOCKS:
            raise InputError(f"The repository contains more than {MAX_BLOCKS:,} blocks.", hint=_HINT)
        self._places[cid] = len(self._starts)
        self._starts.append(start)
        self._sizes.append(size)
        self._heads.append(head)

    def place(self, cid: object) -> int | None:
        """The number of a block, from 0 to below `count`; None where there is no such block."""
        return self._places.get(cid) if isinstance(cid, bytes) else None

    def size(self, place: int) -> int:
        """Bytes of a block."""
        return self._sizes[place]

    def is_map(self, place: int) -> bool:
        """Does a block hold a map, as every record and node does? It is not decoded for that."""
        return 0xA0 <= self._heads[place] < 0xC0

    @property
    def count(self) -> int:
        """Blocks of the file."""
        return len(self._starts)

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._places)

    def __getitem__(self, cid: bytes) -> Any:
        """The value of a block.

        Raises:
            KeyError: there is no such block.
            ValueError: it is damaged.
            InputError: the blocks read so far hold far more values than real ones of that size.
        """
        import libipld

        place = self._places[cid]
        content = self._read(self._starts[place], self._sizes[place])
        try:
            value = libipld.decode_dag_cbor(content)
        except ValueError as error:
            if "UnicodeDecodeError" not in str(error):
                raise
            value = self._with_invalid_text(content)
        except RecursionError:
            raise ValueError("a block is nested too deeply") from None
        self._bytes += len(content)
        self._values += _count_values(value)
        if self._values > max(MAX_SMALL_VALUES, self._bytes // MIN_BYTES_PER_VALUE):
            raise InputError("The repository contains far more values than a real one of its size.", hint=_HINT)
        return value

    def _with_invalid_text(self, content: bytes) -> Any:
        try:
            return _Reader(content, self._replaced).value()
        except (IndexError, TypeError, struct.error, RecursionError) as error:
            raise ValueError(f"a block is damaged ({error})") from None


def _count_values(value: Any) -> int:
    """Values of a block, keys included; those of one container are counted at once, however many they are."""
    count, waiting = 1, [value]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, dict):
            count += 2 * len(inner)
            waiting += [each for each in inner.values() if each and isinstance(each, dict | list)]
        elif isinstance(inner, list):
            count += len(inner)
            waiting += [each for each in inner if each and isinstance(each, dict | list)]
    return count


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer, and where it ends."""
    value = shift = 0
    while True:
        byte = data[at]
        value, at, shift = value | (byte & 0x7F) << shift, at + 1, shift + 7
        if not byte & 0x80:
            return value, at
        if shift > _MAX_VARINT_BITS:
            raise ValueError("a length is too long")


def _cid_size(block: bytes) -> int:
    if block.startswith(_CID_V0):
        return 34
    at = 0
    for _ in range(3):  # version, codec, kind of hash
        _, at = _varint(block, at)
    size, at = _varint(block, at)
    return at + size


class _Reader:
    """Reads one DAG-CBOR value."""

    def __init__(self, data: bytes, replaced: Replaced) -> None:
        self.data, self.at, self.replaced = data, 0, replaced

    def value(self) -> Any:
        """The value at the current position."""
        major, info = self.data[self.at] >> 5, self.data[self.at] & 31
        self.at += 1
        if major == 7:
            if info == 27:
                return struct.unpack(">d", self._bytes(8))[0]
            return _SIMPLE.get(info)
        number = self._number(info)
        if major in (4, 5) and number > len(self.data):
            raise ValueError("a length is longer than the block")
        if major == 4:
            return [self.value() for _ in range(number)]
        if major == 5:
            return {self.value(): self.value() for _ in range(number)}
        if major == 6:
            inner = self.value()
            return inner[1:] if number == _CID_TAG and isinstance(inner, bytes) else inner
        if major in (2, 3):
            content = self._bytes(number)
            return content if major == 2 else self._text(content)
        return number if major == 0 else -1 - number

    def _number(self, info: int) -> int:
        if info < 24:
            return info
        if info > 27:
            raise ValueError("a length is indefinite")
        return int.from_bytes(self._bytes(1 << (info - 24)), "big")

    def _bytes(self, size: int) -> bytes:
        content = self.data[self.at : self.at + size]
        if len(content) < size:
            raise ValueError("a value is truncated")
        self.at += size
        return content

    def _text(self, content: bytes) -> str:
        try:
            return content.decode()
        except UnicodeDecodeError:
            text = content.decode("utf-8", ONE_EACH)
            self.replaced.count += text.count(REPLACEMENT) - content.count(REPLACEMENT.encode())
            return text
