"""JSON and text as files and servers hold them, decoded in one place.

What is not valid costs one character each time, never the file: half of a surrogate pair (an emoji cut in two) and
bytes that are not UTF-8 become U+FFFD and are counted. UTF-16 and Windows-1252 are recognised where that is possible.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any

import msgspec

__all__ = ["ONE_EACH", "REPLACEMENT", "Encoding", "Replaced", "decode_json", "decode_text", "valid_json"]

ONE_EACH = "headcount.one_each"
"""Error handler for decoding: one U+FFFD for each invalid character; surrogates in UTF-8 (CESU-8) are joined."""
REPLACEMENT = "\ufffd"

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MIN_ZEROS = 0.3
"""Share of zero bytes at one of the two places of each character from which text is UTF-16 without a mark."""

_SURROGATE = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_SURROGATE_PAIR = re.compile(rb"\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]")
_CUT = re.compile(
    rb"(?:[\xe1-\xec\xee\xef][\x80-\xbf]|\xe0[\xa0-\xbf]|\xed[\x80-\x9f]|\xf0[\x90-\xbf][\x80-\xbf]?"
    rb"|[\xf1-\xf3][\x80-\xbf]{1,2}|\xf4[\x80-\x8f][\x80-\xbf]?)(?![\x80-\xbf])"
)
"""A character of UTF-8 that lost its end."""
_NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d\xff]")

_HALF = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89aAbB][0-9a-fA-F]{2}(\\u[dD][c-fC-F][0-9a-fA-F]{2})?|(u[dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def _one_each(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.encoding.lower().startswith("utf-8"):
        if _SURROGATE_PAIR.match(error.object, error.start):
            halves = error.object[error.start : error.start + 6].decode("utf-8", "surrogatepass")
            return halves.encode("utf-16", "surrogatepass").decode("utf-16"), error.start + 6
        if _SURROGATE.match(error.object, error.start):
            return REPLACEMENT, error.start + 3
    return REPLACEMENT, error.end


codecs.register_error(ONE_EACH, _one_each)


@dataclass
class Replaced:
    """How many invalid characters were replaced.

    Attributes:
        count: of all that was decoded with it.
    """

    count: int = 0

    def note(self, name: str) -> str | None:
        """A sentence for the user about the file or collection of this name; None where nothing was replaced."""
        if not self.count:
            return None
        what = "1 invalid character was" if self.count == 1 else f"{self.count:,} invalid characters were"
        return f"{name}: {what} replaced (half of an emoji, or bytes that are not UTF-8)."


class Encoding:
    """How text is encoded, found in one pass over its bytes.

    Args:
        head: its first bytes (4 KiB will do).

    Attributes:
        damaged: invalid characters.
        is_wide: more than one byte for each character: a zero byte is no sign of a binary file.
    """

    def __init__(self, head: bytes) -> None:
        self.name = next((name for mark, name in _MARKS if head.startswith(mark)), None) or _unmarked(head)
        self.is_wide = self.name.startswith(("utf-16", "utf-32"))
        self.damaged = 0
        self._beyond_ascii = self._cut = 0
        self._decoder = codecs.getincrementaldecoder(self.name)(errors=ONE_EACH)

    def take(self, chunk: bytes, *, final: bool = False) -> None:
        """The next bytes."""
        if not self.is_wide and chunk.isascii() and not self._decoder.getstate()[0]:
            return
        text = self._decoder.decode(chunk, final)
        replaced = text.count(REPLACEMENT)
        if not self.is_wide:
            self._beyond_ascii += max(len(chunk) - len(text), 0)
            replaced -= chunk.count(REPLACEMENT.encode()) if replaced else 0
            if replaced > 0:
                utf8 = len(_SURROGATE.findall(chunk)) + len(_CUT.findall(chunk))
                self._cut += utf8 + len(_NOT_CP1252.findall(chunk))
        self.damaged += max(replaced, 0)

    def result(self) -> tuple[str, int]:
        """The encoding, and the number of characters that are invalid in it."""
        self.take(b"", final=True)
        if not self.is_wide and self.damaged - self._cut > self._beyond_ascii + self._cut:
            return "cp1252", 0
        return self.name, self.damaged


def _unmarked(head: bytes) -> str:
    """UTF-16 without a mark is recognised by its zero bytes; everything else is taken for UTF-8 first."""
    pairs = len(head) // 2
    first, second = head[: pairs * 2 : 2].count(0), head[1 : pairs * 2 : 2].count(0)
    if pairs >= 2 and second >= _MIN_ZEROS * pairs and not first:
        return "utf-16-le"
    if pairs >= 2 and first >= _MIN_ZEROS * pairs and not second:
        return "utf-16-be"
    return "utf-8"


def decode_text(content: bytes, replaced: Replaced | None = None) -> str:
    """Text in whatever encoding it is in, without a byte order mark."""
    found = Encoding(content[:4096])
    found.take(content)
    name, damaged = found.result()
    if replaced is not None:
        replaced.count += damaged
    return content.decode(name, ONE_EACH)


def decode_json(body: bytes | memoryview | msgspec.Raw, kind: Any = Any, replaced: Replaced | None = None) -> Any:
    """The value of a JSON text.

    Args:
        body: the text; UTF-8, or UTF-16 with a byte order mark.
        kind: the type to decode to, as in `msgspec.json.decode`.
        replaced: counts the invalid characters.

    Raises:
        ValueError: it is not JSON, or not of that type (`msgspec.DecodeError`).
        RecursionError: it is nested too deeply.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        repaired, count = valid_json(bytes(body))
        if not count and repaired == bytes(body):
            raise
    value = msgspec.json.decode(repaired, type=kind)
    if replaced is not None:
        replaced.count += count
    return value


def valid_json(body: bytes) -> tuple[bytes, int]:
    """A JSON text in UTF-8, with U+FFFD for each invalid character; and how many those were."""
    encoding = next((name for mark, name in _MARKS if body.startswith(mark)), "utf-8")
    try:
        body, count = body.decode(encoding).encode(), 0
    except UnicodeDecodeError:
        text = body.decode(encoding, ONE_EACH)
        count = text.count(REPLACEMENT)
        if encoding.startswith("utf-8"):
            count -= body.count(REPLACEMENT.encode())
        body = text.encode()
    if not _HALF.search(body):
        return body, count
    halves = 0

    def escape(matched: re.Match[bytes]) -> bytes:
        nonlocal halves
        whole = matched[0]
        if matched[1] or not (matched[2] or _HALF.match(whole)):
            return whole
        halves += 1
        return rb"\ufffd"

    return _ESCAPE.sub(escape, body), count + halves
