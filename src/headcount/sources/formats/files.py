"""Looks through a text file before it is read: is it text, in which encoding, and is it as large as it claims?"""

from __future__ import annotations

import csv
import gzip
import io
import shutil
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO, cast

from headcount.errors import InputError
from headcount.sources.formats.decoding import ONE_EACH, Encoding, Replaced

__all__ = ["TextFile", "inspect_text_file", "line_at", "physical_lines", "readable_copy"]

CHUNK = 1 << 20
BOMB_BYTES = 64 << 20
BOMB_RATIO = 100
"""A compressed file that unpacks to more than BOMB_BYTES at more than BOMB_RATIO times its size is refused."""

_SIGNATURES = {b"PAR1": "a Parquet file", b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "a gzip file", b"%PDF": "a PDF"}


@dataclass(frozen=True)
class TextFile:
    """A text file that was looked through.

    Attributes:
        path: where it is; compressed: with gzip.
        encoding: utf-8, utf-8-sig, utf-16, utf-16-le, utf-16-be, utf-32 or cp1252 (what is none of the others).
        damaged: invalid characters; each is read as U+FFFD.
        mixed_ends: some lines end with CR LF and some with LF alone (what stands in quotes does not count).
    """

    path: Path
    compressed: bool
    encoding: str
    damaged: int = 0
    mixed_ends: bool = False

    @property
    def name(self) -> str:
        """The name of the file, for messages."""
        return self.path.name

    @property
    def said(self) -> str | None:
        """A sentence for the user about how it was read; None where there is nothing to say."""
        parts = [] if self.is_utf8 else [f"{self.name} is not UTF-8; it was read as {self.encoding}."]
        return " ".join([*parts, *filter(None, [Replaced(self.damaged).note(self.name)])]) or None

    @property
    def is_utf8(self) -> bool:
        """Is it UTF-8, with or without a byte order mark?"""
        return self.encoding in ("utf-8", "utf-8-sig")

    def text(self, *, newline: str | None = "") -> io.TextIOWrapper:
        """Its text, unpacked and decoded; the caller closes it."""
        return io.TextIOWrapper(self.open(), encoding=self.encoding, errors=ONE_EACH, newline=newline)

    def open(self) -> BinaryIO:
        """Its bytes, unpacked."""
        return cast(BinaryIO, gzip.open(self.path, "rb")) if self.compressed else self.path.open("rb")


def inspect_text_file(path: Path, *, longest_line: int | None = None) -> TextFile:
    """Read a text file once, in pieces, and say how to read it.

    Args:
        path: of the file.
        longest_line: bytes; a file with a longer line is refused. None: lines may be of any length.

    Raises:
        InputError: empty, binary, cut off, a line that is too long, or a compressed file that unpacks to far more than
            it should.
    """
    compressed = path.suffix.lower() == ".gz"
    size = path.stat().st_size
    if not size:
        raise InputError(f"{path.name} is empty.", hint="add a file with a header and rows.")
    try:
        with TextFile(path, compressed, "utf-8").open() as stream:
            return _look_through(path, stream, size if compressed else None, longest_line)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path.name} cannot be unpacked ({error}).",
            hint="it is truncated or not a gzip file; download or write it again.",
        ) from None


def _look_through(path: Path, stream: BinaryIO, packed: int | None, longest_line: int | None) -> TextFile:
    head = stream.read(4096)
    for signature, what in _SIGNATURES.items():
        if head.startswith(signature):
            raise InputError(f"{path.name} is {what}, not text.", hint="rename it with the extension of its format.")
    seen = _Seen(path, packed, Encoding(head), longest_line)
    while head:
        seen.take(head)
        head = stream.read(CHUNK)
    return TextFile(path, packed is not None, *seen.encoding.result(), 0 < seen.crlf < seen.ends)


class _Seen:
    """What was seen on the way through a file.

    Attributes:
        encoding: as far as it shows.
        ends: line ends outside of quotes; crlf: those of them that are CR LF.
    """

    def __init__(self, path: Path, packed: int | None, encoding: Encoding, longest_line: int | None) -> None:
        self.path, self.packed, self.encoding, self.longest_line = path, packed, encoding, longest_line
        self.line = 0
        self.quotes = ".csv" in path.name.lower()  # JSON has no line ends inside quotes
        self.unpacked = self.ends = self.crlf = 0
        self.in_quotes, self.after_cr = False, False

    def take(self, chunk: bytes) -> None:
        """One more piece of the file."""
        self.unpacked += len(chunk)
        if self.packed is not None and self.unpacked > max(BOMB_BYTES, BOMB_RATIO * self.packed):
            raise InputError(
                f"{self.path.name} unpacks to more than {BOMB_RATIO} times its size.",
                hint="it looks like a zip bomb; if it is not, unpack it yourself and add the unpacked file.",
            )
        self._bound_line(chunk)
        if not self.encoding.is_wide:
            if b"\0" in chunk:
                raise InputError(f"{self.path.name} is binary, not text.", hint="supported: CSV, JSON lines, Parquet.")
            self._count_ends(chunk)
        self.encoding.take(chunk)

    def _bound_line(self, chunk: bytes) -> None:
        """Refuse a line that goes on over many pieces: whoever reads lines would hold it in memory."""
        if self.longest_line is None:
            return
        ends = [place for place in (chunk.find(b"\n"), chunk.find(b"\r")) if place >= 0]
        if self.line + min(ends, default=len(chunk)) > self.longest_line:
            raise InputError(
                f"{self.path.name} contains a line of more than {self.longest_line // 1_000_000} MB.",
                hint="check the format of the file, and that its quotes are closed.",
            )
        last = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        self.line = len(chunk) - 1 - last if last >= 0 else self.line + len(chunk)

    def _count_ends(self, chunk: bytes) -> None:
        parts = chunk.split(b'"') if self.quotes else [chunk]
        for part in parts[self.in_quotes :: 2]:
            self.ends += part.count(b"\n")
            self.crlf += part.count(b"\r\n")
        self.crlf += self.after_cr and not self.in_quotes and chunk.startswith(b"\n")
        self.in_quotes ^= len(parts) % 2 == 0
        self.after_cr = chunk.endswith(b"\r")


@contextmanager
def readable_copy(file: TextFile) -> Iterator[Path]:
    """A path that DuckDB can read: the file itself where it is UTF-8, else a copy that is removed after.

    The copy is UTF-8, and where the file's lines ended in two ways its all end with LF.
    """
    if file.is_utf8 and not file.damaged and not file.mixed_ends:
        yield file.path
        return
    with TemporaryDirectory(prefix="headcount-") as folder:
        copy = Path(folder) / "copy.txt"
        with (
            file.text(newline=None if file.mixed_ends else "") as source,
            copy.open("w", encoding="utf-8", newline="") as target,
        ):
            shutil.copyfileobj(source, target, CHUNK)
        yield copy


def line_at(file: TextFile, position: int) -> int:
    """The line, from 1, of a byte position in the unpacked file."""
    line, left = 1, position
    with file.open() as stream:
        while left > 0 and (chunk := stream.read(min(CHUNK, left))):
            line += chunk.count(b"\n")
            left -= len(chunk)
    return line


def physical_lines(file: TextFile, delimiter: str, columns: int, rows: Iterable[int], skip: int = 0) -> dict[int, int]:
    """The line, from 1, on which each of the wanted rows of a CSV file begins, after `skip` lines and the header.

    Rows are counted from 1 as DuckDB counts them: blank lines and rows with a wrong number of fields do not count.
    """
    wanted, found, row = set(rows), {}, 0
    csv.field_size_limit(1 << 30)
    with file.text() as text:
        reader = csv.reader(text, delimiter=delimiter)
        for _ in range(skip + 1):
            next(reader, None)
        before = reader.line_num
        for fields in reader:
            if len(fields) == columns or (columns == 1 and not fields):
                row += 1
                if row in wanted:
                    found[row] = before + 1
                    if len(found) == len(wanted):
                        break
            before = reader.line_num
    return found
