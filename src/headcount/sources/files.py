"""Looks through a text file before it is read: is it text, in which encoding, and is it as large as it claims?"""

from __future__ import annotations

import codecs
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

__all__ = ["TextFile", "line_at", "look_through", "physical_lines", "readable_copy"]

CHUNK = 1 << 20
BOMB_BYTES = 200 << 20
BOMB_RATIO = 200
"""A compressed file that unpacks to more than BOMB_BYTES at more than BOMB_RATIO times its size is refused."""

_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SIGNATURES = {b"PAR1": "a Parquet file", b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "a gzip file", b"%PDF": "a PDF"}


@dataclass(frozen=True)
class TextFile:
    """A text file that was looked through.

    Attributes:
        path: where it is; compressed: with gzip.
        encoding: utf-8, utf-8-sig, utf-16 or cp1252 (which everything that is none of the others is read as).
    """

    path: Path
    compressed: bool
    encoding: str

    @property
    def name(self) -> str:
        """The name of the file, for messages."""
        return self.path.name

    def open(self) -> BinaryIO:
        """Its bytes, unpacked."""
        return cast(BinaryIO, gzip.open(self.path, "rb")) if self.compressed else self.path.open("rb")


def look_through(path: Path) -> TextFile:
    """Read a text file once, in pieces, and say how to read it.

    Raises:
        InputError: empty, binary, cut off, or a compressed file that unpacks to far more than it should.
    """
    compressed = path.suffix == ".gz"
    size = path.stat().st_size
    if not size:
        raise InputError(f"{path.name} is empty.", hint="hand in a file with a header and rows, or leave it out.")
    file = TextFile(path, compressed, "utf-8")
    try:
        with file.open() as stream:
            encoding = _encoding(path, stream, size if compressed else None)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise InputError(
            f"{path.name} cannot be unpacked ({error}).", hint="it is cut off or no gzip file; fetch or write it again."
        ) from None
    return TextFile(path, compressed, encoding)


def _encoding(path: Path, stream: BinaryIO, packed: int | None) -> str:
    head = stream.read(4096)
    for signature, what in _SIGNATURES.items():
        if head.startswith(signature):
            raise InputError(f"{path.name} is {what}, not text.", hint="give the file the ending of what it is.")
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            _walk(path, head, stream, packed, codecs.getincrementaldecoder(encoding)(), zeros=encoding == "utf-16")
            return encoding
    valid = _walk(path, head, stream, packed, codecs.getincrementaldecoder("utf-8")(), zeros=False)
    return "utf-8" if valid else "cp1252"


def _walk(
    path: Path,
    head: bytes,
    stream: BinaryIO,
    packed: int | None,
    decoder: codecs.IncrementalDecoder,
    *,
    zeros: bool,
) -> bool:
    """Walk through the whole file; False where the decoder does not understand it."""
    unpacked, valid, chunk = 0, True, head
    while chunk:
        unpacked += len(chunk)
        if packed is not None and unpacked > BOMB_BYTES and unpacked > BOMB_RATIO * packed:
            raise InputError(
                f"{path.name} unpacks to more than {BOMB_RATIO} times its size.",
                hint="it looks like a zip bomb; unpack it yourself and hand in the unpacked file if it is not.",
            )
        if not zeros and b"\0" in chunk:
            raise InputError(f"{path.name} is binary, not text.", hint="hand in CSV, JSON lines or Parquet.")
        if valid:
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                valid = False
        chunk = stream.read(CHUNK)
    return valid


@contextmanager
def readable_copy(file: TextFile) -> Iterator[Path]:
    """A path that DuckDB can read: the file itself where it is UTF-8, else a copy in UTF-8 that is removed after."""
    if file.encoding in ("utf-8", "utf-8-sig"):
        yield file.path
        return
    with TemporaryDirectory(prefix="headcount-") as folder:
        copy = Path(folder) / file.path.name.removesuffix(".gz")
        with file.open() as source, copy.open("w", encoding="utf-8", newline="") as target:
            reader = io.TextIOWrapper(source, encoding=file.encoding, errors="replace", newline="")
            shutil.copyfileobj(reader, target, CHUNK)
        yield copy


def line_at(file: TextFile, position: int) -> int:
    """The line, from 1, of a byte position in the unpacked file."""
    line, left = 1, position
    with file.open() as stream:
        while left > 0 and (chunk := stream.read(min(CHUNK, left))):
            line += chunk.count(b"\n")
            left -= len(chunk)
    return line


def physical_lines(file: TextFile, delimiter: str, columns: int, rows: Iterable[int]) -> dict[int, int]:
    """The line, from 1, on which each of the wanted rows of a CSV file begins.

    Rows are counted from 1 as DuckDB counts them: blank lines and rows with a wrong number of fields do not count.
    """
    wanted, found, row = set(rows), {}, 0
    csv.field_size_limit(1 << 30)
    with file.open() as raw:
        text = io.TextIOWrapper(raw, encoding=file.encoding, errors="replace", newline="")
        reader = csv.reader(text, delimiter=delimiter)
        next(reader, None)
        before = reader.line_num
        for fields in reader:
            if len(fields) == columns:
                row += 1
                if row in wanted:
                    found[row] = before + 1
                    if len(found) == len(wanted):
                        break
            before = reader.line_num
    return found
