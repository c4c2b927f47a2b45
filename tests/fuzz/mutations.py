"""Mutations that know a format's structure: JSON trees, tables, lines, blocks of a repository, and plain bytes.

Random bytes stop at the first check of a parser. A mutation of a decoded value, encoded again, comes through the
outer layers and reaches the code that reads single fields.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from copy import deepcopy
from random import Random
from typing import Any

__all__ = ["ODD_TEXTS", "mutate_bytes", "mutate_file", "mutate_value"]

ODD_TEXTS = (
    "",
    " ",
    "0",
    "-1",
    "1e400",
    "NaN",
    "Infinity",
    "9" * 40,
    "true",
    "null",
    "None",
    "\x00",
    "\ufffd",
    "\u202e",
    "\x1b[2J",
    "=1+1",
    "'",
    '"',
    "a,b",
    "a\nb",
    "../../x",
    "file:///etc/passwd",
    "http://",
    "https://[::1",
    "https://h.example:99999/x",
    "2026-13-45",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "1969-12-31",
    "2026-02-30T25:61:61+99:99",
    "253402300800",
    "did:plc:",
    "at://",
    "at://did:plc:x/app.bsky.feed.post/",
    "@",
    "@@",
    "a@b@c",
    "@a@",
    "x:1",
    "bluesky:",
    "é" * 300,
    "<b>x</b>",
    "&amp;",
    "%00",
    "%",
    "\ud7ff",
    "😀",
    "١٢٣",
    "1_000",
    "1,2K",
    "0x10",
    "١٢٣٤-01-01",
)
ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1,
    1.5,
    -0.0,
    2**31,
    2**53 + 1,
    2**63,
    -(2**63),
    2**70,
    1e308,
    10**30,
    [],
    {},
    [None],
    [[]],
    {"": None},
    [1, "a"],
    {"id": 1},
    {"id": "1"},
    [{"id": []}],
)
_MAX_EDITS = 4


def _spots(value: Any, parent: Any = None, key: Any = None) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) in a tree."""
    if parent is not None:
        yield parent, key
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from _spots(inner, value, name)


def mutate_value(value: Any, chance: Random) -> Any:
    """A tree of dicts, lists and scalars with a few edits; the tree that was handed in may change."""
    holder = [value]
    for _ in range(chance.randint(1, _MAX_EDITS)):
        spots = list(_spots(holder[0], holder, 0))
        parent, key = chance.choice(spots)
        _edit(parent, key, chance, spots)
    return holder[0]


def _edit(parent: Any, key: Any, chance: Random, spots: list[tuple[Any, Any]]) -> None:
    value = parent[key]
    match chance.randrange(10):
        case 0 | 1 | 2:
            parent[key] = deepcopy(chance.choice(ODD_VALUES))
        case 3 | 4:
            parent[key] = chance.choice(ODD_TEXTS)
        case 5:  # the same content in another type
            parent[key] = _retyped(value, chance)
        case 6:  # a subtree from elsewhere; a copy, as a tree must not hold itself
            other, name = chance.choice(spots)
            try:
                parent[key] = json.loads(json.dumps(other[name]))
            except (TypeError, ValueError):
                parent[key] = str(other[name])[:50]
        case 7 if len(spots) > 1 and isinstance(parent, dict):
            del parent[key]
        case 8 if isinstance(parent, dict):
            parent[chance.choice(["", "id", "$type", str(key) + "x"])] = parent.pop(key)
        case 9 if isinstance(value, list) and value:
            value.extend(value[: chance.randint(1, 3)])
        case _:
            parent[key] = [value] if chance.random() < 0.5 else {"value": value}


def _retyped(value: Any, chance: Random) -> Any:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, int | float):
        return chance.choice([str(value), float(value), -value, value * 10**6])
    if isinstance(value, str):
        if value.isdigit() and len(value) < 4_000:
            return chance.choice([int(value), float(value[:300]), "-" + value, value + ".0"])
        place = chance.randint(0, len(value))
        return chance.choice([value[:place], value[:place] + chance.choice(ODD_TEXTS) + value[place:], value * 3])
    return json.dumps(value, default=str)


def mutate_bytes(data: bytes, chance: Random) -> bytes:
    """Bytes with a few changed, cut, repeated or put in."""
    content = bytearray(data)
    for _ in range(chance.randint(1, _MAX_EDITS)):
        if not content:
            return bytes(chance.randbytes(chance.randint(0, 20)))
        at = chance.randrange(len(content))
        match chance.randrange(6):
            case 0:
                content[at] ^= 1 << chance.randrange(8)
            case 1:
                content[at] = chance.choice((0, 0xFF, 0x7F, 0x80, 0x0A, 0x22, 0x2C))
            case 2:
                del content[at : at + chance.randint(1, 64)]
            case 3:
                content[at:at] = content[at : at + chance.randint(1, 64)]
            case 4:
                content[at:at] = chance.choice(ODD_TEXTS).encode("utf-8", "surrogatepass")
            case 5 if chance.random() < 0.3:
                del content[at:]
    return bytes(content)


def _mutate_table(text: str, chance: Random) -> str:
    sample = text[:2_000]
    separator = max("\t;, ", key=sample.count)
    try:
        rows = list(csv.reader(io.StringIO(text), delimiter=separator))
    except csv.Error:
        return text
    for _ in range(chance.randint(1, _MAX_EDITS)):
        if not rows:
            break
        number = chance.randrange(min(len(rows), 1 if chance.random() < 0.25 else len(rows)))
        row = rows[number]
        match chance.randrange(8):
            case 0 | 1 | 2 if row:
                row[chance.randrange(len(row))] = chance.choice(ODD_TEXTS)
            case 3 if row:
                cell = chance.randrange(len(row))
                row[cell] = str(_retyped(row[cell], chance))
            case 4:
                row.insert(chance.randint(0, len(row)), chance.choice(ODD_TEXTS))
            case 5 if row:
                del row[chance.randrange(len(row))]
            case 6:
                rows.insert(chance.randint(0, len(rows)), list(chance.choice(rows)))
            case 7:
                del rows[number]
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=separator if chance.random() < 0.9 else chance.choice(";,\t| "),
        quoting=chance.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
        lineterminator=chance.choice(("\n", "\r\n", "\r")),
    )
    writer.writerows(rows)
    return out.getvalue()


def _dumped(value: Any, chance: Random) -> str:
    return json.dumps(
        value, ensure_ascii=chance.random() < 0.5, separators=(",", ":") if chance.random() < 0.5 else None
    )


def _mutate_json(text: str, chance: Random) -> str:
    """One JSON value; a JavaScript assignment before it (as in X's archives) is kept."""
    start = min((place for sign in "[{" if (place := text.find(sign)) >= 0), default=0)
    prefix = text[:start] if "=" in text[:start] else ""
    return prefix + _dumped(mutate_value(json.loads(text[len(prefix) :]), chance), chance)


def _mutate_lines(text: str, chance: Random) -> str:
    lines = text.splitlines()
    if lines:
        number = chance.randrange(len(lines))
        lines[number] = _mutate_json(lines[number], chance)
    return "\n".join(lines) + "\n"


def mutate_file(name: str, data: bytes, chance: Random) -> bytes:
    """The content of a file, mutated by the structure that its name ends with; now and then as plain bytes."""
    structure = {".csv": _mutate_table, ".tsv": _mutate_table, ".txt": _mutate_table, ".jsonl": _mutate_lines}
    structure |= {".json": _mutate_json, ".js": _mutate_json}
    mutate = structure.get("." + name.rpartition(".")[2])
    if mutate is None or chance.random() < 0.15:
        return mutate_bytes(data, chance)
    try:
        return mutate(data.decode(), chance).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):
        return mutate_bytes(data, chance)
