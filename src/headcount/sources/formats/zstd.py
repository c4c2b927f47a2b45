"""Lines of a zstd file: unpacked by DuckDB, which has the decoder that Python lacks before 3.14.

DuckDB takes a file that was cut off for a shorter one, so its frames are walked through first (RFC 8878, section 3.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from headcount.errors import InputError, raise_fault_of_machine

__all__ = ["ZstdLines", "is_whole"]

_FRAME = 0xFD2FB528
_SKIPPABLE = range(0x184D2A50, 0x184D2A60)
_RAW, _RUN, _COMPRESSED = range(3)
_LINES_AT_ONCE = 500
_HINT = "download it again, or unpack it yourself (zstd -d) and add the unpacked file."


def is_whole(path: Path) -> bool:
    """Does the file consist of whole zstd frames, from its first byte to its last?"""
    size = path.stat().st_size
    with path.open("rb") as stream:
        while stream.tell() < size:
            if not _skip_frame(stream) or stream.tell() > size:
                return False
    return size > 0


def _number(stream: BinaryIO, length: int) -> int:
    return int.from_bytes(stream.read(length), "little")


def _skip_frame(stream: BinaryIO) -> bool:
    magic = _number(stream, 4)
    if magic in _SKIPPABLE:
        stream.seek(_number(stream, 4), 1)
        return True
    if magic != _FRAME:
        return False
    descriptor = _number(stream, 1)
    one_segment, checksum = descriptor >> 5 & 1, descriptor >> 2 & 1
    content_size = (one_segment, 2, 4, 8)[descriptor >> 6]
    stream.seek((1 - one_segment) + (0, 1, 2, 4)[descriptor & 3] + content_size, 1)
    if not _skip_blocks(stream):
        return False
    stream.seek(4 * checksum, 1)
    return True


def _skip_blocks(stream: BinaryIO) -> bool:
    last = 0
    while not last:
        raw = stream.read(3)
        header = int.from_bytes(raw, "little")
        last, kind = header & 1, header >> 1 & 3
        if len(raw) < 3 or kind not in (_RAW, _RUN, _COMPRESSED):
            return False
        stream.seek(1 if kind == _RUN else header >> 3, 1)
    return True


class ZstdLines:
    """The lines of a zstd file, unpacked by DuckDB, which has the decoder that Python 3.11 lacks."""

    def __init__(self, path: Path) -> None:
        import duckdb

        self.path = path
        self.con = duckdb.connect()

    def __enter__(self) -> ZstdLines:
        return self

    def __exit__(self, *_: object) -> None:
        self.con.close()

    def __iter__(self) -> Iterator[bytes]:
        import duckdb

        if not is_whole(self.path):
            raise InputError(f"{self.path.name} cannot be unpacked (it is truncated, or not a zstd file).", hint=_HINT)
        try:
            found = self.con.execute(
                "SELECT line FROM read_csv(?, auto_detect = false, header = false, delim = '\x01', quote = '', "
                "escape = '', strict_mode = false, columns = {'line': 'VARCHAR'}, null_padding = true, "
                f"compression = 'zstd', max_line_size = {256 << 20}, parallel = false)",
                [str(self.path)],
            )
            while rows := found.fetchmany(_LINES_AT_ONCE):
                yield from ((line or "").encode() + b"\n" for (line,) in rows)
        except duckdb.Error as error:
            raise_fault_of_machine(error)
            raise InputError(
                f"{self.path.name} cannot be read ({str(error).splitlines()[0][:160]}).",
                hint=_HINT,
            ) from None

    def read(self, size: int) -> bytes:
        """The first lines, up to about that many bytes."""
        found = bytearray()
        for line in self:
            found += line
            if len(found) >= size:
                break
        return bytes(found[:size])
