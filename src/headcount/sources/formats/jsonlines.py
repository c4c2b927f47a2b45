"""JSON lines, and files of one JSON value: read value by value, with the place of each.

A file is plain, gzip (.gz) or zstd (.zst). Values that are no JSON, and what a source cannot take, are problems with
file and line; in a file of one JSON list, with the number in the list.
"""

from __future__ import annotations

import codecs
import json
import re
import sys
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from headcount.errors import InputError, Problem
from headcount.sources.formats.decoding import ONE_EACH, Encoding, Replaced, decode_json
from headcount.sources.formats.files import inspect_text_file
from headcount.sources.formats.json_bounds import MAX_DOCUMENT_BYTES, MAX_ENTRY_BYTES, check_entries, check_entry

__all__ = ["ENDINGS", "Problems", "Value", "beginning", "goes_on", "unreadable", "values"]

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
    """Collects what cannot be taken: the first ones in full, the rest as a number; and what was repaired.

    Args:
        file: name of the file.

    Attributes:
        replaced: invalid characters; encoding: of the text, where it is not UTF-8.
    """

    def __init__(self, file: str) -> None:
        self.file = self.name = file
        self.shown: list[Problem] = []
        self.count = 0
        self.replaced = Replaced()
        self.encoding: str | None = None

    def add(self, reason: str, line: int | None, number: int | None = None) -> None:
        """One more value that cannot be taken."""
        self.count += 1
        if len(self.shown) < PROBLEMS_SHOWN:
            place = f"value {number:,} of the list: " if number is not None else ""
            self.shown.append(Problem(self.file, line, place + reason))
        if self.count > MAX_PROBLEMS:
            raise InputError(
                f"{self.file} contains more than {MAX_PROBLEMS:,} unreadable entries; the first: {self.shown[0]}.",
                hint="check that the file has the format its extension says.",
            )

    def notes(self) -> list[str]:
        """Sentences for the user about how the text was decoded."""
        encoding = [f"{self.name} is not UTF-8; it was read as {self.encoding}."] if self.encoding else []
        return [*encoding, *filter(None, [self.replaced.note(self.name)])]


def beginning(path: Path) -> bytes:
    """The first 64 KiB of a file, unpacked, as UTF-8; empty where that fails or the file is not named as JSON is."""
    if path.is_dir() or not path.name.lower().endswith(ENDINGS):
        return b""
    refused: tuple[type[Exception], ...] = (*_unpacking_errors(path), InputError)
    try:
        with _opened(path) as stream:
            head = bytes(stream.read(_BEGINNING))
    except refused:
        return b""
    encoding = Encoding(head[:4096])
    if encoding.is_wide:
        head = head.decode(encoding.name, errors="ignore").encode()
    return head.removeprefix(codecs.BOM_UTF8).lstrip()


def values(path: Path, problems: Problems) -> Iterator[Value]:
    """The JSON values of a file: one a line, one over several lines, one after the other, or the items of a list.

    Raises:
        InputError: the file is empty, binary, cut off in its compression, or one JSON value that is broken.
    """
    try:
        zstd = path.name.lower().endswith(".zst")
        file = None if zstd else inspect_text_file(path)
        if file is not None and not file.is_utf8:
            problems.encoding = file.encoding
            problems.replaced.count += file.damaged
        reader = _Values(path.name, problems)
        if file is None or file.is_utf8:
            with _opened(path) as stream:
                yield from reader.read(_pieces(stream))
        else:
            with file.text(newline="\n") as text:
                yield from reader.read(_pieces(text))
    except _unpacking_errors(path) as error:
        raise InputError(
            f"{path.name} cannot be unpacked ({error}).", hint="it is truncated; download or write it again."
        ) from None


def _opened(path: Path) -> Any:
    """The bytes of a file, unpacked."""
    if path.suffix.lower() == ".zst":
        return _zstd().open(path, "rb")
    if path.suffix.lower() == ".gz":
        import gzip

        return gzip.open(path, "rb")
    return path.open("rb")


def _zstd() -> Any:
    """The module for zstd files, which the standard library has from Python 3.14 on."""
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
    return zstd


def _unpacking_errors(path: Path) -> tuple[type[Exception], ...]:
    """What is raised for a file that is cut off or damaged."""
    packed = (_zstd().ZstdError,) if path.suffix.lower() == ".zst" else ()
    return (EOFError, OSError, zlib.error, *packed)


def _pieces(stream: Any) -> Iterator[bytes]:
    """The lines of a file; one that is longer than any single value comes in pieces."""
    while piece := stream.readline(MAX_ENTRY_BYTES + 1):
        yield piece.encode() if isinstance(piece, str) else piece


class _Values:
    """Puts lines together until they are a JSON value, and decodes it; the entries of a list one by one."""

    def __init__(self, name: str, problems: Problems) -> None:
        self.name, self.problems = name, problems
        self.waiting, self.lines = bytearray(), 0
        self.began = 0
        self.open = b""  # the brackets that are open at the end of what waits, from the outside in
        self.count = 0  # of values that were complete

    def read(self, pieces: Iterable[bytes]) -> Iterator[Value]:
        """The values of all lines, some of which are given in pieces.

        Raises:
            InputError: the file is one JSON value over several lines, and that is broken; or a value is too large.
        """
        for number, raw in enumerate(self._joined(pieces), 1):
            line = raw.removeprefix(codecs.BOM_UTF8).strip()
            if not line:
                continue
            if self.lines and not _can_follow(bytes(self.waiting[-1:]), self.open[-1:], line[:1]):
                self._broken("is truncated JSON")  # a line that was cut off; the next value begins here
            if not self.lines:
                self.began = number
                content = self._decoded_line(line)
                if content is not _UNFINISHED:
                    yield from self._given(content, number)
                    continue
            self.waiting += b"\n" + line if self.lines else line
            self.lines += 1
            _bound(self.name, self.waiting, len(self.waiting))
            self.open = _brackets(self.open, line)
            if not self.open:
                yield from self._put_together()
        if self.lines:
            self._end()

    def _joined(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Whole lines. Only those of a list, whose entries are decoded one by one, may be longer than any value."""
        held, number = bytearray(), 1
        for piece in pieces:
            if not held and len(piece) <= MAX_ENTRY_BYTES:
                yield piece
                number += 1
                continue
            held += piece
            _bound(f"Line {number:,} of {self.name}", self.waiting or held, len(self.waiting) + len(held))
            if piece.endswith(b"\n"):
                yield bytes(held)
                held, number = bytearray(), number + 1
        if held:
            yield bytes(held)

    def _decoded(self, text: bytes) -> Any:
        """The value of a JSON text; of a list, its entries as they are written."""
        if text.startswith(b"["):
            check_entries(self.name, text)
            return decode_json(text, list[msgspec.Raw], self.problems.replaced)
        return decode_json(text, replaced=self.problems.replaced)

    def _decoded_line(self, line: bytes) -> Any:
        """The value of a line; _UNFINISHED where it may go on in the next, or holds several."""
        try:
            return self._decoded(line)
        except (ValueError, RecursionError) as error:
            if isinstance(error, RecursionError) and line.startswith(b"[") and not self.count:
                raise InputError(f"{self.name} {unreadable(error)}.", hint=_HINT) from None  # all of the file
            if goes_on(line):
                return _UNFINISHED
            self.problems.add(unreadable(error), self.began)
            return _BROKEN

    def _put_together(self) -> Iterator[Value]:
        """The value, or values, of the lines that wait."""
        text, lines = bytes(self.waiting), self.lines
        self._forget()
        for part in _parted(text):
            try:
                content = self._decoded(part)
            except (ValueError, RecursionError) as error:
                if lines > 1 and not self.count:
                    raise InputError(f"{self.name} {unreadable(error)}.", hint=_HINT) from None
                self.problems.add(unreadable(error), self.began)
                return
            yield from self._given(content, self.began if lines == 1 or self.count else None)

    def _given(self, content: Any, line: int | None) -> Iterator[Value]:
        if content is _BROKEN:
            return
        only = self.count == 0
        self.count += 1
        if not isinstance(content, list):
            yield Value(content, line)
            return
        place = None if only else line
        for number, entry in enumerate(content, 1):
            try:
                yield Value(decode_json(entry, replaced=self.problems.replaced), place, number)
            except (ValueError, RecursionError) as error:
                self.problems.add(unreadable(error), place, number)

    def _broken(self, reason: str) -> None:
        self.problems.add(reason, self.began)
        self._forget()

    def _forget(self) -> None:
        self.waiting, self.lines, self.open = bytearray(), 0, b""

    def _end(self) -> None:
        """What still waits at the end of the file was cut off."""
        if self.lines > 1 and not self.count and not self.problems.count:
            raise InputError(f"{self.name} is truncated JSON.", hint=_HINT)
        self._broken("is truncated JSON")


def _bound(name: str, text: bytes | bytearray, size: int) -> None:
    """Refuse a list that is longer than a file of one value may be, and anything else longer than one value."""
    if not text[: 1 << 10].removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
        check_entry(name, size)
    if size > MAX_DOCUMENT_BYTES:
        raise InputError(
            f"{name} is one JSON value of more than {MAX_DOCUMENT_BYTES >> 20} MiB.",
            hint="write one value per line (JSON lines), without a size limit.",
        )


_HINT = "download or write the file again."
_UNFINISHED, _BROKEN = object(), object()
_TRAILING = "trailing characters"
_NOT_BLANK = re.compile(r"\S")
# possessive, and the end optional: a string without an end costs no second look at it
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+("?)', re.DOTALL)
_NOT_BRACKET = re.compile(rb"[^][{}]+")
_MAX_DEPTH = 1 << 12
"""Brackets inside of brackets; the decoder refuses fewer."""
_WINDOW = 4 << 20


def _brackets(open_before: bytes, line: bytes) -> bytes:
    """The brackets that are open after a line.

    Nothing where it ends inside of a string, closes what is not open, or is nested too deeply: the decoder refuses it.
    """
    bare, strings = _STRING.subn(rb"\1", line)
    if bare.count(b'"') < strings:
        return b""
    brackets = open_before + _NOT_BRACKET.sub(b"", bare)
    if len(brackets) > _MAX_DEPTH and _is_deep(brackets):
        return b""
    while (shorter := brackets.replace(b"{}", b"").replace(b"[]", b"")) != brackets:
        brackets = shorter
    return b"" if brackets.strip(b"[{") else brackets


def _is_deep(brackets: bytes) -> bool:
    import numpy as np

    level = lowest = 0
    for start in range(0, len(brackets), _WINDOW):
        part = np.frombuffer(brackets[start : start + _WINDOW], np.uint8)
        levels = level + np.cumsum(np.where((part == ord("[")) | (part == ord("{")), 1, -1))
        level, lowest = int(levels[-1]), min(lowest, int(levels.min()))
        if int(levels.max()) - lowest > _MAX_DEPTH:
            return True
    return False


def goes_on(line: bytes) -> bool:
    """Does a first line hold more than one JSON value, or begin one that goes on in the next line?"""
    try:
        msgspec.json.decode(line, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        reason = str(error)
    except RecursionError:
        return False
    else:
        return False
    return _TRAILING in reason or ("truncated" in reason and bool(_brackets(b"", line)))


def _can_follow(last: bytes, bracket: bytes, first: bytes) -> bool:
    """Can a line that begins with `first` go on where the line before it ended with `last`, inside of a bracket?"""
    if last == b":":
        return first not in b",:]}"
    if last in b",{" and bracket == b"{":
        return first in b'"}'
    if last in b",[":
        return first not in b",:}"
    return first in b",:]}"


def _parted(text: bytes) -> Iterator[bytes]:
    """JSON values that stand one after the other, each by itself; the whole text where it is one or none."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except msgspec.DecodeError as error:
        if _TRAILING not in str(error) or len(text) > MAX_ENTRY_BYTES:
            yield text
            return
    except RecursionError:  # the caller meets it again, and names it
        yield text
        return
    else:
        yield text
        return
    decoder, decoded, at = json.JSONDecoder(), text.decode("utf-8", ONE_EACH), 0
    try:
        while at < len(decoded):
            end = decoder.raw_decode(decoded, at)[1]
            yield decoded[at:end].encode()
            rest = _NOT_BLANK.search(decoded, end)
            at = rest.start() if rest else len(decoded)
    except (ValueError, RecursionError):
        yield decoded[at:].encode()


def unreadable(error: Exception) -> str:
    """What is wrong with JSON that could not be decoded, to go on after the name of its file."""
    if isinstance(error, UnicodeDecodeError):
        return "is not UTF-8"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, msgspec.ValidationError):
        return f"has an unexpected structure ({error})"
    if "truncated" in str(error):
        return "is truncated JSON"
    return f"is not JSON ({str(error).removeprefix('JSON is malformed: ')})"
