"""The lines of an edge list: comments, fields, and what is not an id.

These rules decide; the SQL of `headcount.sources.formats.edges.direct` only finds out whether a file needs them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from headcount.errors import InputError

__all__ = ["CommentKind", "Line", "comment_kind", "id_problem", "number_lines", "split_row", "strip_id", "without_data"]

MISSING = frozenset({"na", "n/a", "#n/a", "<na>", "nan", "null", "none", "nil", "undefined", "\\n"})
"""What programs write for a missing value, in lower case."""
_MAX_LINES_OF_FIELD = 1000
_MARKS = "\ufeff\u200b\u200e\u200f\u2060"
_ROUNDED = re.compile(r"([a-z]+:)?[-+]?(\d+[.,]\d*|\d*[.,]\d+)([eE][-+]?\d+)?|([a-z]+:)?\d+[eE][+]\d+")
_NEGATIVE = re.compile(r"-\d+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_QUOTED_OR_WORD = re.compile(r'"((?:[^"]|"")*)"(?=\s|$)|(\S+)')
_DATA = re.compile(r"[\s,;|]*\{.*\}\s*$")
"""A Python dictionary behind the ids, as networkx writes it."""
_COMMENT_WORDS = {
    *("directed", "undirected", "weighted", "unweighted", "graph", "network", "nodes", "edges", "edge", "list", "sym"),
    *("asym", "vertices", "links", "data", "dataset", "snap", "konect", "format", "comment"),
}


@dataclass(frozen=True)
class Line:
    """One line of a file.

    Attributes:
        number: from 1.
        text: without its end.
    """

    number: int
    text: str


class CommentKind:
    """What a line that begins with # or % is."""

    NONE = "none"
    COMMENT = "comment"
    AMBIGUOUS = "ambiguous"


def comment_kind(text: str, fields: int, width: int, *, in_preamble: bool) -> str:
    """Is a line a comment, or a follow of an account whose name begins with # or %?

    Args:
        text: the line without leading blanks.
        fields: number of fields that it has; width: number of fields of the file's rows.
        in_preamble: it stands before the first row.

    A blank behind the mark, or another number of fields than the rows have, makes a comment; `#carol bob` may be both.
    """
    if not text.startswith(("#", "%")):
        return CommentKind.NONE
    rest = text.lstrip("#%")
    if not rest or rest[0].isspace() or rest[0] in "!:=-*" or fields != width:
        return CommentKind.COMMENT
    words = set(re.findall("[a-z]+", rest.lower()))
    if in_preamble and (words & _COMMENT_WORDS or ":" in rest or "=" in rest):
        return CommentKind.COMMENT
    return CommentKind.AMBIGUOUS


def strip_id(text: str) -> str:
    """An id without blanks and invisible marks around it."""
    stripped = text.strip()
    return stripped if stripped.isascii() else stripped.strip(_MARKS).strip()


def id_problem(column: str, text: str) -> str | None:
    """What is wrong with an id; None where nothing is.

    Args:
        column: its name, for the message; text: the id, stripped.
    """
    if text.isalpha() and len(text) > 9:
        return None
    if not text:
        return f"{column} is missing"
    if text.lower() in MISSING:
        return f"{column} is missing («{text}» stands for a missing value)"
    if _NEGATIVE.fullmatch(text):
        return f"{column} «{text}» is negative"
    if not text.isdigit() and _ROUNDED.fullmatch(text):
        return f"{column} «{text[:40]}» is not an id but a number that was rounded; write ids as text"
    if _CONTROL.search(text):
        return f"{column} contains control characters"
    return None


def number_lines(stream: Iterable[str]) -> Iterator[Line]:
    """The lines of a text with their numbers."""
    for number, text in enumerate(stream, 1):
        yield Line(number, text.rstrip("\r\n"))


def without_data(text: str) -> str:
    """A line without the Python dictionary at its end."""
    return _DATA.sub("", text) if text.rstrip().endswith("}") else text


def split_blanks(text: str) -> list[str]:
    """The fields of a line that are separated by blanks or tabs; a field in quotes may hold blanks."""
    if '"' not in text:
        return text.split()
    return [(quoted or word).replace('""', '"') for quoted, word in _QUOTED_OR_WORD.findall(text)]


def split_row(line: Line, more: Iterator[Line], separator: str, name: str) -> list[str]:
    """The fields of the row that begins on a line.

    Args:
        line: the first line; more: the lines after it, of which a field in quotes may take some.
        separator: one character, or a blank for any run of blanks and tabs.
        name: of the file, for messages.

    Raises:
        InputError: a quote is never closed.
    """
    if separator == " ":
        return split_blanks(line.text)
    if '"' not in line.text:
        return line.text.split(separator)
    text = re.sub(r'"[ ]+(?=[,;|\t]|$)', '"', line.text)
    for _ in range(_MAX_LINES_OF_FIELD):
        try:
            return next(csv.reader([text], delimiter=separator, skipinitialspace=separator != "\t", strict=True), [])
        except csv.Error as error:
            following = next(more, None) if "end of data" in str(error) else None
            if following is None:
                break
            text += "\n" + following.text
    raise InputError(
        f"{name}:{line.number}: a quote is not closed, or is inside a field.",
        hint='double quotes inside a field: "".',
    )
