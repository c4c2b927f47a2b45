"""CAR files and their DAG-CBOR blocks; text that is not UTF-8 costs one character each time, not the file.

libipld refuses a file as a whole where one text in it is not UTF-8. Only such files are read by the decoder below.
Formats: https://ipld.io/specs/transport/car/carv1/ and https://ipld.io/specs/codecs/dag-cbor/spec/.
"""

from __future__ import annotations

import struct
from typing import Any

from headcount.sources.decoding import ONE_EACH, REPLACEMENT, Replaced

__all__ = ["decode_car"]

_CID_TAG = 42
_CID_V0 = b"\x12\x20"
_MAX_VARINT_BITS = 63
_SIMPLE = {20: False, 21: True, 22: None}


def decode_car(car: bytes, replaced: Replaced) -> tuple[dict[str, Any], dict[bytes, Any]]:
    """Header and blocks (CID -> value) of a CAR file.

    Args:
        car: the file.
        replaced: counts the invalid characters.

    Raises:
        ValueError: it is not a CAR file, or it is cut off.
    """
    import libipld

    try:
        header, blocks = libipld.decode_car(car)
    except ValueError as error:
        if "UnicodeDecodeError" not in str(error):
            raise
        return _decode_car(car, replaced)
    return header, blocks


def _decode_car(car: bytes, replaced: Replaced) -> tuple[dict[str, Any], dict[bytes, Any]]:
    try:
        size, at = _varint(car, 0)
        header, blocks = _Reader(car[at : at + size], replaced).value(), {}
        at += size
        while at < len(car):
            size, at = _varint(car, at)
            block = car[at : at + size]
            if len(block) < size:
                raise ValueError("the last block is cut off")
            start = _cid_size(block)
            blocks[block[:start]] = _Reader(block[start:], replaced).value()
            at += size
    except (IndexError, TypeError, struct.error, RecursionError) as error:
        raise ValueError(f"a block is damaged ({error})") from None
    return header, blocks


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
            raise ValueError("a length is not definite")
        return int.from_bytes(self._bytes(1 << (info - 24)), "big")

    def _bytes(self, size: int) -> bytes:
        content = self.data[self.at : self.at + size]
        if len(content) < size:
            raise ValueError("a value is cut off")
        self.at += size
        return content

    def _text(self, content: bytes) -> str:
        try:
            return content.decode()
        except UnicodeDecodeError:
            text = content.decode("utf-8", ONE_EACH)
            self.replaced.count += text.count(REPLACEMENT) - content.count(REPLACEMENT.encode())
            return text
