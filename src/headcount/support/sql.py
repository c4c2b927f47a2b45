"""SQL text for what cannot be bound as a parameter: file names, names of columns."""

from __future__ import annotations

from pathlib import Path

__all__ = ["identifier", "literal"]


def literal(text: str | Path) -> str:
    """A text as an SQL literal: "it's" -> "'it''s'"."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier: 'a"b' -> '"a""b"'."""
    return '"' + name.replace('"', '""') + '"'
