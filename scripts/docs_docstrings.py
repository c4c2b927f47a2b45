"""Extension of the documentation generator: `first, second: text` in a docstring becomes one entry for each name.

The docstrings describe arguments that are alike in one line; the generator would take the second name for a type.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_ALIKE = re.compile(r"^( +)([a-z_]\w*(?:, [a-z_]\w*)+): ", re.ASCII)


def split_alike(text: str) -> str:
    """The docstring with one entry, continuation lines included, for each of the names that share one."""
    out: list[str] = []
    lines = text.splitlines()
    at = 0
    section = False
    while at < len(lines):
        line = lines[at]
        if line and not line.startswith(" "):
            section = line.strip() in {"Args:", "Attributes:"}
        match = _ALIKE.match(line) if section else None
        if match is None:
            out.append(line)
            at += 1
            continue
        end = at + 1
        while end < len(lines) and lines[end].startswith(match[1] + " "):
            end += 1
        for name in match[2].split(", "):
            out += [f"{match[1]}{name}: {line[match.end() :]}", *lines[at + 1 : end]]
        at = end
    return "\n".join(out)


class AlikeArguments(griffe.Extension):
    """Splits shared entries before the docstrings are parsed."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of one module, class or function."""
        if obj.docstring is not None:
            obj.docstring.value = split_alike(obj.docstring.value)
