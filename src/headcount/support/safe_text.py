"""Text from outside made safe for what it is written to: a terminal, JSON, CSV.

Names, bios, posts, file names, handles on the command line and messages of servers can hold anything. A terminal
obeys control characters, a bidirectional override makes a line read as another, and a spreadsheet runs a cell that
begins like a formula. Each output has one function here; nothing else cleans text.
"""

from __future__ import annotations

import json
import re
from typing import Any

__all__ = ["csv_guarded", "csv_guarded_sql", "csv_unguarded", "csv_unguarded_sql", "json_text", "plain"]

# Category Cc, bidirectional marks, embeddings, overrides and isolates, invisible fillers, tag characters;
# the joiners U+200C and U+200D stay, as Persian and many emoji need them.
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_HIDDEN_CLASS = (
    r"\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff"
    r"\uffa0\ufff9-\uffff\U000e0000-\U000e0fff"
)
_HIDDEN = re.compile(f"[{_HIDDEN_CLASS}]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_MARKS = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILED = re.compile(rf"({_MARKS}{{3}}){_MARKS}+")
# json.dumps has escaped C0; the line ends that it writes itself stay
_NOT_IN_JSON = re.compile(f"(?!\\n)[{_HIDDEN_CLASS}\u2028\u2029\ud800-\udfff]")


def plain(text: str) -> str:
    """Text from outside made harmless: one line, no control character, no mark that turns the direction."""
    if text.isascii() and text.isprintable():
        return text
    text = _HIDDEN.sub("", _BREAKS.sub(" ", text))
    return _PILED.sub(r"\1", _SURROGATES.sub("\ufffd", text))


def json_text(value: Any, *, indent: int | None = 2) -> str:
    r"""Plain values as JSON in which control, bidirectional and invisible characters are written as ``\uXXXX``.

    The escapes are part of JSON: a reader of the text gets the very characters back.
    """
    text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    return text if text.isascii() and "\x7f" not in text else _NOT_IN_JSON.sub(_escaped, text)


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x10000:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"


# -- CSV ----------------------------------------------------------------------------------------------------------

# A spreadsheet skips blanks and invisible characters before a formula and takes full-width signs for plain ones.
# A tab or a line break at the beginning hides a formula from a check of the first character.
_SKIPPED = r"[\x00-\x20\x7f-\xa0\u00ad\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufeff]*"
_FORMULA = rf"(?:[\t\n\v\f\r]|{_SKIPPED}[=+\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b])"
_TO_GUARD = re.compile(f"'*{_FORMULA}")
_GUARDED = re.compile(f"'+{_FORMULA}")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.][0-9]+)?")


def csv_guarded(text: str) -> str:
    """Text as a cell of CSV that no spreadsheet runs: behind an apostrophe where it begins like a formula.

    Text that begins with apostrophes before such a beginning gets one more, so that `csv_unguarded` is exact.
    """
    return "'" + text if _TO_GUARD.match(text) else text


def csv_unguarded(text: str) -> str:
    """What `csv_guarded` was given."""
    return text[1:] if _GUARDED.match(text) else text


def _re2(pattern: str) -> str:
    r"""A pattern for RE2, which writes code points as \x{...}, as an SQL string that is anchored at the beginning."""
    hexed = re.sub(r"\\u([0-9a-f]{4})", r"\\x{\1}", pattern).replace("'", "''")
    return f"'^(?:{hexed})'"


def csv_guarded_sql(text: str, *, number_is_safe: bool = False) -> str:
    """SQL (DuckDB) of `csv_guarded`.

    Args:
        text: SQL of the text.
        number_is_safe: a plain signed number is left as it is; for ids, which other programs join.
    """
    # most texts begin with a letter or digit, which a comparison finds out faster than a regular expression
    beginning = f"regexp_matches({text}, {_re2(_TO_GUARD.pattern)})"
    number = f" AND NOT regexp_full_match({text}, '{_NUMBER.pattern}')" if number_is_safe else ""
    return f"CASE WHEN {_may_begin_so(text)} AND {beginning}{number} THEN '''' || {text} ELSE {text} END"


def csv_unguarded_sql(text: str) -> str:
    """SQL (DuckDB) of `csv_unguarded`."""
    guarded = f"starts_with({text}, '''') AND regexp_matches({text}, {_re2(_GUARDED.pattern)})"
    return f"CASE WHEN {guarded} THEN substr({text}, 2) ELSE {text} END"


def _may_begin_so(text: str) -> str:
    ranges = (("0", ":"), ("A", "["), ("a", "{"))
    return "NOT (" + " OR ".join(f"({text} >= '{first}' AND {text} < '{after}')" for first, after in ranges) + ")"
