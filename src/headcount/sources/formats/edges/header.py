"""Is the first row of an edge list a header, though its names do not state follower and followee?

It is where it consists of names that columns have, or where it differs from all rows below; a row that looks like the
others is a row.
"""

from __future__ import annotations

import re
from itertools import chain

from headcount.sources.formats.edges.columns import is_column_name, is_generic_pair, squashed

__all__ = ["is_header", "is_number", "is_row_number", "is_telling", "row_numbers"]


def is_header(first: list[str], rest: list[list[str]], width: int) -> bool:
    """Is the first row a header? `rest` are the rows below; `width` is their number of fields."""
    cells = [cell for cell in first if cell]
    if len(first) < width:
        return bool(rest) and [row[0] for row in rest] == row_numbers(1, rest)
    if not first[0]:
        names = [row[0] for row in rest]
        return width > 2 and len(cells) == width - 1 and all(names) and 0 < len(names) == len(set(names))
    if any(map(is_number, cells)):
        return _is_numbered_header(first, rest)
    known = [is_column_name(cell) for cell in cells]
    if all(known) or (sum(known) >= 2 and len(cells) > 2):
        return True
    ids = set(chain.from_iterable(row[:2] for row in rest))
    if not rest or ids & set(first[:2]):
        return False
    if any("_" in cell and is_column_name(cell) for cell in first[:2]):
        return True
    if is_generic_pair(first[0], first[1]):
        shapes = {re.sub(r"\d+", "0", cell.lower()) for cell in ids}
        return not shapes & {re.sub(r"\d+", "0", cell.lower()) for cell in first[:2]}
    return _differs(first, rest)


def is_number(cell: str) -> bool:
    """A number, whole or not."""
    return bool(re.fullmatch(r"[-+]?\d+([.,]\d+)?", cell))


def _is_numbered_header(first: list[str], rest: list[list[str]]) -> bool:
    """Pandas numbers columns that have no names: `0,1` over rows of text."""
    if first != [str(at) for at in range(len(first))]:
        return False
    return len(rest) > 1 and not any(cell.isdigit() for row in rest for cell in row[:2])


def _differs(first: list[str], rest: list[list[str]]) -> bool:
    """Do the rows below look alike, and the first does not?"""
    for at, name in enumerate(first):
        column = [row[at] for row in rest if at < len(row) and row[at]]
        if name and column and len(rest) > (at < 2) and all(map(is_number, column)):
            return True
    ids = list(chain.from_iterable(row[:2] for row in rest))
    if all(map(is_number, ids)):
        return True
    return len(rest) > 1 and any(
        all(mark in cell for cell in ids) and not any(mark in cell for cell in first[:2]) for mark in ":@."
    )


def is_row_number(name: str) -> bool:
    """Pandas and R write row numbers into a first column without a name."""
    return not name or bool(re.fullmatch(r"unnamed: ?0|\.\.\.1|rownames|row\.names|index", name.lower()))


def is_telling(name: str) -> bool:
    """A name that states a role, but not together with the other: which follows which is not known."""
    return is_column_name(name) and not is_row_number(name) and squashed(name) not in ("id", "node")


def row_numbers(start: int, cells: list[list[str]]) -> list[str]:
    """The numbers that rows have, from a start on."""
    return [str(number) for number in range(start, start + len(cells))]
