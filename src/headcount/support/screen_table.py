"""Tables on the screen: whole where standard output is a pipe or file, and fitted to the terminal where it is one.

A cell is never broken, so that every handle can be copied. Where a terminal is too narrow, the text of flexible
columns is broken at blanks, and then whole columns are left out, the least important first; a line names them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from headcount.support.safe_text import plain
from headcount.support.terminal import UNLIMITED, cells, console, is_silent, terminal_width, wrapped

__all__ = ["Column", "fit", "print_line", "print_rows", "print_table"]

GAP = 2
MIN_FLEXIBLE = 20
"""Columns of the terminal that a flexible column gets at least."""


@dataclass(frozen=True)
class Column:
    """A column of a table on the screen.

    Attributes:
        name: its heading.
        rank: the column with the highest rank is left out first, the first column never.
        right: aligned to the right.
        flexible: its text may be broken at blanks.
        called: what it is called where it has been left out and has no heading.
    """

    name: str
    rank: int = 1
    right: bool = False
    flexible: bool = False
    called: str = ""


def print_table(columns: Sequence[Column], rows: Sequence[Sequence[str | None]]) -> None:
    """Print rows under headings; None is shown as unknown.

    Args:
        columns: from left to right.
        rows: a text for each column.
    """
    texts = [["unknown" if cell is None else plain(cell) for cell in row] for row in rows]
    width = terminal_width()
    if width is None:
        _print(columns, [column.name for column in columns], texts, rows)
        return
    widths = fit(columns, texts, width)
    chosen = [place for place, size in enumerate(widths) if size is not None]
    headings = ["\n".join(wrapped(columns[place].name, widths[place] or 1)) for place in chosen]
    shown = [[_cell(columns[place], row[place], widths[place] or 1) for place in chosen] for row in texts]
    _print([columns[place] for place in chosen], headings, shown, [[row[place] for place in chosen] for row in rows])
    left_out = [column.name or column.called for column, size in zip(columns, widths, strict=True) if size is None]
    if left_out and not is_silent():
        print_line(f"Not shown in {width} columns: {', '.join(left_out)}.", style="dim")


def fit(columns: Sequence[Column], texts: Sequence[Sequence[str]], width: int) -> list[int | None]:
    """Width of each column on a terminal; None for those that are left out.

    Args:
        columns: from left to right.
        texts: rows, a text for each column.
        width: columns of the terminal.
    """
    contents = [[row[place] for row in texts] for place in range(len(columns))]
    natural = [max(map(cells, [column.name, *content])) for column, content in zip(columns, contents, strict=True)]
    least = [_least(column, content) for column, content in zip(columns, contents, strict=True)]
    kept = list(range(len(columns)))
    while len(kept) > 1 and _total([least[place] for place in kept]) > width:
        kept.remove(max(kept[1:], key=lambda place: (columns[place].rank, place)))
    widths: list[int | None] = [least[place] if place in kept else None for place in range(len(columns))]
    spare = width - _total([least[place] for place in kept])
    for place in sorted(kept, key=lambda place: columns[place].flexible):  # headings on one line first, then text
        more = max(min(spare, natural[place] - least[place]), 0)
        widths[place] = least[place] + more
        spare -= more
    return widths


def _least(column: Column, content: Sequence[str]) -> int:
    heading = max([cells(word) for word in column.name.split()] or [0])
    text = max([cells(cell) for cell in content] or [0])
    return max(heading, min(text, MIN_FLEXIBLE) if column.flexible else text)


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * (len(widths) - 1)


def _cell(column: Column, text: str, width: int) -> str:
    """The text of a cell; a flexible one broken at blanks, with an ellipsis in a word that is too long by itself."""
    if not column.flexible:
        return text
    return "\n".join(_cut(line, width) for line in wrapped(text, width))


def _cut(line: str, width: int) -> str:
    while cells(line) > width:
        line = line.removesuffix("…")[:-1] + "…"
    return line


def _print(
    columns: Sequence[Column],
    headings: Sequence[str],
    texts: Sequence[Sequence[str]],
    rows: Sequence[Sequence[str | None]],
) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, GAP - 1, 0, 0))
    for column, heading in zip(columns, headings, strict=True):
        table.add_column(Text(heading), justify="right" if column.right else "left", no_wrap=True)
    for line, row in zip(texts, rows, strict=True):
        styles = ("dim" if cell is None else "" for cell in row)
        table.add_row(*(Text(text, style=style) for text, style in zip(line, styles, strict=True)))
    _write(table)


def print_line(text: str = "", style: str | None = None) -> None:
    """Print a sentence; on a terminal it is broken at blanks. Nothing in it is read as markup."""
    from rich.text import Text

    width = terminal_width()
    for line in wrapped(plain(text), width) if width is not None else [plain(text)]:
        _write(Text(line, style=style or ""))


def _write(what: Any) -> None:
    """Write with no line broken or cut; without blanks at the ends of lines where it is no terminal."""
    out = console(highlight=False, width=UNLIMITED)
    if terminal_width() is not None:
        out.print(what, markup=False, no_wrap=True, overflow="ignore", crop=False)
        return
    with out.capture() as captured:
        out.print(what, markup=False, no_wrap=True, overflow="ignore", crop=False)
    out.file.write("".join(f"{line.rstrip()}\n" for line in captured.get().split("\n")[:-1]))


def print_rows(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Print the named columns of rows as they are in JSON: the values of `--select`.

    Args:
        names: the columns, in order; on a narrow terminal the last are left out first.
        rows: name to value.
    """
    columns = [Column(name, rank=place) for place, name in enumerate(names)]
    numbers = (int, float)
    for place, name in enumerate(names):
        values = [row[name] for row in rows if row[name] is not None]
        if values and all(isinstance(value, numbers) and not isinstance(value, bool) for value in values):
            columns[place] = replace(columns[place], right=True)
    print_table(columns, [[_plain_value(row[name]) for name in names] for row in rows])


def _plain_value(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
