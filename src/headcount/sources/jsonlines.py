"""JSON lines, and files of one JSON value: read value by value, with the place of each.

A file is plain, gzip (.gz) or zstd (.zst). Values that are no JSON, and what a source cannot take, are problems with
file and line; in a file of one JSON list, with the number in the list.
"""

from __future__ import annotations

import codecs
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, cast

import msgspec

from headcount.errors import InputError, Problem
from headcount.sources.files import look_through
from headcount.sources.json_bounds import MAX_DOCUMENT_BYTES, MAX_ENTRY_BYTES, check_entries, check_entry
from headcount.sources.zstd import ZstdLines

__all__ = ["ENDINGS", "Problems", "Value", "beginning", "unreadable", "values"]

ENDINGS = tuple(plain + packed for plain in (".jsonl", ".ndjson", ".json") for packed in ("", ".gz", ".zst"))
PROBLEMS_SHOWN = 20
MAX_PROBLEMS = 1_000_000
"""A file with more values that cannot be read is not what it was taken for, and is not read to its end."""
_BEGINNING = 1 << 16


@dataclass(frozen=True)
class Value:
    """One JSON value and where it stands.

    Attributes:
        content: the decoded value.
        line: its line from 1; None in a file of one JSON value.
        number: its number from 1 in a file of one JSON list; None elsewhere.
    """

    content: Any
    line: int | None = None
    number: int | None = None


class Problems:
    """Collects what cannot be taken: the first ones in full, the rest as a number."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.shown: list[Problem] = []
        self.count = 0

    def add(self, reason: str, line: int | None, number: int | None = None) -> None:
        """One more value that cannot be taken."""
        self.count += 1
        if len(self.shown) < PROBLEMS_SHOWN:
            place = f"value {number:,} of the list: " if number is not None else ""
            self.shown.append(Problem(self.file, line, place + reason))
        if self.count > MAX_PROBLEMS:
            raise InputError(
                f"{self.file} holds more than {MAX_PROBLEMS:,} unreadable entries; the first: {self.shown[0]}.",
                hint="check that the file is what its name says.",
            )


def beginning(path: Path) -> bytes:
    """The first 64 KiB of a file, unpacked; empty where that cannot be done or its ending is not one of ours."""
    if path.is_dir() or not path.name.lower().endswith(ENDINGS):
        return b""
    try:
        with _opened(path) as stream:
            head = bytes(stream.read(_BEGINNING))
    except (EOFError, OSError, InputError, zlib.error):
        return b""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = head.decode("utf-16", errors="ignore").encode()
    return head.removeprefix(codecs.BOM_UTF8).lstrip()


def values(path: Path, problems: Problems) -> Iterator[Value]:
    """The JSON values of a file, one a line or all in one list; a file of one value that is no list gives that one.

    Raises:
        InputError: the file is empty, binary, cut off in its compression, or one JSON value that is broken.
    """
    try:
        zstd = path.name.lower().endswith(".zst")
        encoding = "utf-8" if zstd else look_through(path).encoding
        with _opened(path) as stream:
            yield from _values(path.name, _lines(stream, encoding), problems)
    except (EOFError, OSError, zlib.error) as error:
        raise InputError(
            f"{path.name} cannot be unpacked ({error}).", hint="it is cut off; fetch or write it again."
        ) from None


def _opened(path: Path) -> Any:
    """The bytes of a file, unpacked."""
    if path.suffix.lower() == ".zst":
        return ZstdLines(path)
    if path.suffix.lower() == ".gz":
        import gzip

        return gzip.open(path, "rb")
    return path.open("rb")


def _lines(stream: Any, encoding: str) -> Iterable[bytes]:
    if encoding == "utf-16":
        stream = io.BytesIO(stream.read(MAX_DOCUMENT_BYTES).decode(encoding, errors="replace").encode())
    if not hasattr(stream, "readline"):
        return cast(Iterable[bytes], stream)
    return iter(lambda: bytes(stream.readline(MAX_ENTRY_BYTES + 1)), b"")


def _values(name: str, lines: Iterable[bytes], problems: Problems) -> Iterator[Value]:
    decode = msgspec.json.Decoder().decode
    numbered = enumerate(lines, 1)
    for number, line in numbered:
        whole = line.endswith(b"\n") or len(line) <= MAX_ENTRY_BYTES
        line = line.removeprefix(codecs.BOM_UTF8).strip()
        if not line:
            continue
        if number == 1 and _opens_document(line):
            yield from _document(name, line, (rest for _, rest in numbered), joint=b"\n" if whole else b"")
            return
        check_entry(f"Line {number:,} of {name}", len(line))
        try:
            yield Value(decode(line), number)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            problems.add(unreadable(error), number)


def _opens_document(line: bytes) -> bool:
    """Does the first line begin a value that goes on over many lines, or a list?"""
    return line.startswith(b"[") or line in (b"{", b"{}")


def _document(name: str, first: bytes, rest: Iterable[bytes], *, joint: bytes) -> Iterator[Value]:
    """One value in a file; the entries of a list are decoded one by one. `joint`: what ended the first line."""
    text = _joined(name, chain([first, joint], rest))
    try:
        if not text.startswith(b"["):
            check_entry(name, len(text))
            yield Value(msgspec.json.decode(text))
            return
        check_entries(name, text)
        for number, raw in enumerate(msgspec.json.decode(text, type=list[msgspec.Raw]), 1):
            yield Value(msgspec.json.decode(raw), None, number)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{name}: {unreadable(error)}.", hint="fetch or write the file again.") from None


def _joined(name: str, parts: Iterable[bytes]) -> bytes:
    text = bytearray()
    for part in parts:
        text += part
        if len(text) > MAX_DOCUMENT_BYTES:
            raise InputError(
                f"{name} is one JSON value of more than {MAX_DOCUMENT_BYTES >> 20} MiB.",
                hint="write one value a line (JSON lines); such a file may be of any length.",
            )
    return bytes(text)


def unreadable(error: Exception) -> str:
    """What is wrong with JSON that could not be decoded, to go on after the name of its file."""
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, msgspec.ValidationError):
        return f"is not what it should be ({error})"
    if "truncated" in str(error):
        return "is JSON that is cut off"
    return f"is not JSON ({str(error).removeprefix('JSON is malformed: ')})"
