"""How an edge list is laid out, determined from its first lines: separator, header, columns, comments.

Nothing is guessed silently: what was decided without a column name stands in the layout and becomes a note.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from headcount.errors import InputError
from headcount.sources.formats.edges.columns import (
    FollowColumns,
    find_follow_columns,
    is_generic_pair,
    is_nodes_table,
    squashed,
)
from headcount.sources.formats.edges.foreign import ForeignFormat, refuse_foreign_content
from headcount.sources.formats.edges.header import is_header, is_number, is_row_number, is_telling, row_numbers
from headcount.sources.formats.edges.lines import (
    CommentKind,
    Line,
    comment_kind,
    number_lines,
    split_row,
    strip_id,
    without_data,
)

__all__ = ["Header", "Layout", "find_layout"]

SEPARATORS = (",", ";", "\t", "|")
BLANKS = " "
RENAME = "write a header with the columns follower_id and followee_id."
_SEPARATOR_LINE = re.compile(r'"?sep=.?"?')
"""Spreadsheets write it above the header."""
_MAX_WORDS = 3
_MIN_SHARE = 0.9
_RELATIONS = {"follow", "follows", "following", "followed", "pp", "knows", "friend", "friends", "->", "-->", "→", "--"}


class Header:
    """Where the names of the columns come from."""

    NAMED = "named"
    COMMENT = "comment"
    UNKNOWN = "unknown"
    NONE = "none"


@dataclass(frozen=True)
class Layout:
    """How the rows of an edge list are laid out.

    Attributes:
        separator: one character; a blank stands for any run of blanks and tabs.
        width: fields of a row.
        follower, followee: positions of the two columns, from 0.
        header: where the names come from, see `Header`; names: of all columns, "" where a column has none.
        skipped_lines: lines before the first row; comment_lines: those of them that are comments.
        ambiguous: the first of these lines that may be a comment or a follow; None where there is none.
        is_undirected: a comment says that the edges have no direction.
        unnamed_column: a first column without a name (row numbers) is left out.
        has_data: Python dictionaries stand behind the ids. has_quotes: fields may stand in quotes.
        is_regular: DuckDB may read the first lines as they are.
    """

    separator: str = ","
    width: int = 2
    follower: int = 0
    followee: int = 1
    header: str = Header.NONE
    names: tuple[str, ...] = ()
    skipped_lines: int = 0
    comment_lines: int = 0
    ambiguous: Line | None = None
    is_undirected: bool = False
    unnamed_column: bool = False
    has_data: bool = False
    has_quotes: bool = True
    is_regular: bool = True

    def position(self, *names: str) -> int | None:
        """The position of a column by its name, written in lower case without marks."""
        return next((at for at, name in enumerate(self.names) if squashed(name) in names), None)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Names of columns that are not read; numbers from 1 stand for columns without a name."""
        used = {self.follower, self.followee, self.position("gone_at", "goneat"), self.position("followedat")}
        used |= {0 if self.unnamed_column else None, self.position("type")}
        names = [*self.names, *[""] * (self.width - len(self.names))]
        return tuple(name or f"column {at + 1}" for at, name in enumerate(names) if at not in used)


@dataclass
class _Sample:
    """The first lines of a file, sorted into comments and rows."""

    name: str
    comments: list[Line] = field(default_factory=list)
    rows: list[Line] = field(default_factory=list)
    total: int = 0
    is_whole: bool = True
    late_comments: bool = False


def find_layout(name: str, text: Sequence[str], *, is_whole: bool) -> Layout:
    """The layout of an edge list.

    Args:
        name: of the file, for messages; text: its first lines; is_whole: there are no others.

    Raises:
        ForeignFormat: it is of another format, a matrix, a table of nodes or a list of ids.
        InputError: the columns of follower and followee cannot be determined.
    """
    refuse_foreign_content(name, text)
    sample = _sample(name, text, is_whole=is_whole)
    if not sample.rows:
        return _without_rows(sample)
    separator, rows = _separate(sample)
    layout = _columns(sample, separator, rows)
    if layout.header != Header.COMMENT:
        layout = _named_by_comment(sample, layout)
    return _regularity(sample, replace(layout, is_undirected=any(map(_says_undirected, sample.comments))), rows)


def _sample(name: str, text: Sequence[str], *, is_whole: bool) -> _Sample:
    sample = _Sample(name, total=len(text), is_whole=is_whole)
    for line in number_lines(text):
        stripped = line.text.strip("\ufeff \t")
        if not stripped or (not sample.rows and _SEPARATOR_LINE.fullmatch(stripped)):
            continue
        if stripped.startswith(("#", "%")):
            sample.comments.append(Line(line.number, stripped))
            sample.late_comments |= bool(sample.rows)
        else:
            sample.rows.append(Line(line.number, line.text.lstrip("\ufeff")))
    return sample


def _without_rows(sample: _Sample) -> Layout:
    """Comments alone: an empty list where they name its columns."""
    for comment in reversed(sample.comments):
        for separator in (*SEPARATORS, BLANKS):
            names = _names_of_comment(comment, separator)
            found = find_follow_columns(names)
            if found is not None:
                return Layout(
                    separator, len(names), found.follower, found.followee, Header.COMMENT, tuple(names),
                    sample.total, len(sample.comments),
                )  # fmt: skip
    if not sample.is_whole:
        return Layout(skipped_lines=0, comment_lines=0, is_regular=False)
    raise InputError(
        f"{sample.name} contains no edges: "
        + (f"all {len(sample.comments):,} lines start with # or %." if sample.comments else "it has no lines."),
        hint="put names that start with # or % in quotes." if sample.comments else RENAME,
    )


def _names_of_comment(comment: Line, separator: str) -> list[str]:
    text = comment.text.lstrip("#%").strip()
    return [name.strip().strip('"') for name in (text.split() if separator == BLANKS else text.split(separator))]


def _says_undirected(comment: Line) -> bool:
    """SNAP writes `# Undirected graph`, KONECT `% sym`."""
    return bool(re.match(r"[#%]+\s*(undirected\b|sym\b)|.*\b(graph|network) is undirected\b", comment.text, re.I))


# -- separator ---------------------------------------------------------------------------------------------


def _separate(sample: _Sample) -> tuple[str, list[list[str]]]:
    """The separator that gives all rows the same number of fields, and the rows with it."""
    found: dict[str, list[list[str]]] = {}
    for separator in (*SEPARATORS, BLANKS):
        rows = _split(sample, separator)
        if rows is not None and _width(rows) is not None:
            found[separator] = rows
    for separator, rows in found.items():
        if find_follow_columns([strip_id(cell) for cell in rows[0]]) is not None:
            return separator, rows
    marked = [separator for separator in found if separator != BLANKS]
    if marked:
        separator = max(marked, key=lambda each: (len(found[each][-1]), -marked.index(each)))
        if BLANKS in found and _is_mixed(found[separator], found[BLANKS]):
            separator = BLANKS
        return separator, found[separator]
    if BLANKS in found:
        return BLANKS, found[BLANKS]
    return _separate_most(sample)


def _separate_most(sample: _Sample) -> tuple[str, list[list[str]]]:
    """The separator that fits the header or nearly all rows: the others are bad rows, which the reader names."""
    for separator in (*SEPARATORS, BLANKS):
        rows = _raw_rows(sample, separator)[0]
        width = len(rows[0]) if rows else 0
        if find_follow_columns([strip_id(cell) for cell in rows[0]] if rows else []) is None:
            width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
            if width < 2 or count < _MIN_SHARE * len(rows) or len(rows[0]) != width:
                continue
        return separator, [row for row in rows if len(row) == width]
    raise _not_separable(sample)


def _raw_rows(sample: _Sample, separator: str) -> tuple[list[list[str]], bool]:
    """The rows up to a quote that is not closed; whether these are all."""
    lines, rows = iter(sample.rows), []
    try:
        for line in lines:
            shortened = Line(line.number, without_data(line.text))
            rows.append(split_row(shortened, lines, separator, sample.name))
    except InputError:
        return rows, False
    return rows, True


def _split(sample: _Sample, separator: str) -> list[list[str]] | None:
    """The rows of the sample; None where quotes do not fit the separator."""
    rows, are_all = _raw_rows(sample, separator)
    if not are_all and (not rows or sample.is_whole):
        return None  # else the last field in quotes may go on beyond the sample
    while len({len(row) for row in rows}) == 1 and len(rows[0]) > 2 and not any(row[-1].strip() for row in rows):
        rows = [row[:-1] for row in rows]
    if len({len(row) for row in rows[1:]}) > 1:
        rows = [_without_end(row) for row in rows]
    return rows


def _without_end(cells: list[str]) -> list[str]:
    """Empty cells at the end of a row are left out; two cells remain in any case."""
    while len(cells) > 2 and not cells[-1].strip():
        cells = cells[:-1]
    return cells


def _width(rows: list[list[str]]) -> int | None:
    """Fields of a row where all have as many; the first may have one less (R) or, as a header, more."""
    widths = {len(row) for row in rows[1:] or rows}
    width = max(widths)
    if width < 2:
        return None
    if len(widths) == 1 and len(rows[0]) in (width - 1, width):
        return width
    return len(rows[0]) if len(rows[0]) >= width and min(widths) > 1 and _is_padded(rows) else None


def _is_padded(rows: list[list[str]]) -> bool:
    return find_follow_columns([strip_id(cell) for cell in rows[0]]) is not None


def _is_mixed(rows: list[list[str]], by_blanks: list[list[str]]) -> bool:
    """KONECT separates ids by a blank and what follows by a tab: then ids would hold blanks and numbers only."""
    cells = list(chain.from_iterable(row[:2] for row in rows))
    return any(" " in cell.strip() for cell in cells) and all(
        cell.isdigit() for row in by_blanks for cell in row[:2]
    )  # fmt: skip


def _not_separable(sample: _Sample) -> InputError:
    widths = [len(line.text.split()) for line in sample.rows]
    if max(widths) == 1 and not any(mark in line.text for line in sample.rows for mark in SEPARATORS):
        return ForeignFormat(
            sample.name,
            f"a list of ids, one on each line (the first is {sample.rows[0].text.strip()[:40]!r})",
            hint="an edge list needs two ids on each line: who follows, and who is followed.",
        )
    cells = list(chain.from_iterable(line.text.split() for line in sample.rows))
    if len(set(widths)) > 2 and all(cell.isdigit() for cell in cells):
        return ForeignFormat(
            sample.name, f"an adjacency list (its lines contain {min(widths)} to {max(widths)} ids)",
            hint="write one pair of ids on each line: who follows, and who is followed.",
        )  # fmt: skip
    odd = _odd_line(sample)
    return InputError(
        f"{sample.name} is not an edge list: line {odd.number}, {odd.text.strip()[:60]!r}, has a different "
        f"number of fields than its neighbours.",
        hint="write follower and followee, one pair on each line, or CSV with the columns follower_id and followee_id.",
    )


def _odd_line(sample: _Sample) -> Line:
    """The first line that differs from most others, with the separator that most lines have."""
    separator = max(SEPARATORS, key=lambda mark: sum(mark in line.text for line in sample.rows))
    by_blanks = not any(separator in line.text for line in sample.rows)
    widths = [len(line.text.split(None if by_blanks else separator)) for line in sample.rows]
    usual = Counter(widths).most_common(1)[0][0]
    return next((line for line, width in zip(sample.rows, widths, strict=True) if width != usual), sample.rows[0])


# -- header and columns ------------------------------------------------------------------------------------


def _columns(sample: _Sample, separator: str, rows: list[list[str]]) -> Layout:
    """The header, if there is one, and the columns of follower and followee."""
    cells = [[strip_id(cell) for cell in row] for row in rows]
    first, rest = cells[0], cells[1:]
    width = max(len(row) for row in rest) if rest else len(first)
    if len(first) > width and find_follow_columns(first) is not None:
        width = len(first)
    names = first if len(first) >= width else ["", *first]
    found = find_follow_columns(names)
    _refuse_matrix(sample, names, rest, width)
    base = Layout(separator, width, names=tuple(names), skipped_lines=sample.rows[0].number)
    if found is not None:
        _refuse_doubled(sample.name, names, found)
        return replace(
            base, follower=found.follower, followee=found.followee, header=Header.NAMED,
            unnamed_column=is_row_number(names[0]) and 0 not in (found.follower, found.followee),
        )  # fmt: skip
    if not is_header(first, rest, width):
        return _headerless(sample, separator, cells, width)
    unnamed = is_row_number(names[0]) and width > 2
    if is_nodes_table(first):
        raise ForeignFormat(
            sample.name, f"a table of accounts or nodes (its columns are {_listed(first)})",
            hint="give the table of edges, with a column for who follows and one for who is followed.",
        )  # fmt: skip
    start = 1 if unnamed else 0
    if is_generic_pair(names[start], names[start + 1]) or (width == 2 + start and not any(map(is_telling, names))):
        return replace(base, follower=start, followee=start + 1, header=Header.UNKNOWN, unnamed_column=unnamed)
    raise InputError(
        f"{sample.name} has no columns follower_id and followee_id (it has {_listed(first)}).", hint=RENAME
    )


def _listed(names: Sequence[str]) -> str:
    shown = [name[:40] or "one without a name" for name in names]
    return ", ".join(shown[:6]) + (" …" if len(shown) > 6 else "")


def _refuse_doubled(name: str, names: list[str], found: FollowColumns) -> None:
    lower = [each.lower() for each in names]
    for at in (found.follower, found.followee):
        if lower.count(lower[at]) > 1:
            raise InputError(f"{name} has the column {names[at]!r} twice.", hint="remove or rename one of them.")


def _headerless(sample: _Sample, separator: str, cells: list[list[str]], width: int) -> Layout:
    """Rows only: the first column follows the second."""
    if len(cells[0]) < width:
        odd = sample.rows[0]
        raise InputError(
            f"{sample.name} is not an edge list: line {odd.number}, {odd.text.strip()[:60]!r}, has {len(cells[0])} "
            f"fields and the lines after it {width}.",
            hint=RENAME,
        )
    seconds = {row[1].lower() for row in cells}
    numbered = len(cells) > 1 and [row[0] for row in cells] in (row_numbers(0, cells), row_numbers(1, cells))
    is_text = all(len(row) > 2 and not re.match(r"[-+\d.]", row[1] or "0") and not re.match(r"[-+\d.]", row[2] or "0")
                  for row in cells)  # fmt: skip
    _refuse_prose(sample, separator, cells, width)
    if width > 2 and (seconds <= _RELATIONS or (numbered and is_text)):
        raise InputError(
            f"{sample.name} has {width} columns without names, and the first two do not look like two ids "
            f"(line {sample.rows[0].number} is {sample.rows[0].text.strip()[:60]!r}).",
            hint=RENAME,
        )
    return Layout(separator, width, skipped_lines=sample.rows[0].number - 1)


def _refuse_prose(sample: _Sample, separator: str, cells: list[list[str]], width: int) -> None:
    """Sentences split into columns, too: many words in each id, or more words than ids and weights."""
    is_prose = all(any(len(cell.split()) > _MAX_WORDS for cell in row[:2]) for row in cells)
    if separator == BLANKS and width > _MAX_WORDS:
        numbers = sum(map(is_number, chain.from_iterable(row[2:] for row in cells)))
        ids = any(map(is_number, chain.from_iterable(row[:2] for row in cells)))
        is_prose = not ids and 2 * numbers < (width - 2) * len(cells)
    if is_prose:
        raise InputError(
            f"{sample.name} is not an edge list: line {sample.rows[0].number}, {sample.rows[0].text.strip()[:60]!r}, "
            "is text and not two ids.",
            hint="write follower and followee, one pair on each line.",
        )


def _refuse_matrix(sample: _Sample, names: list[str], rest: list[list[str]], width: int) -> None:
    """A square of numbers, or a table whose row names are its column names."""
    if not rest or width < 3:
        return
    with_names = {row[0] for row in rest} <= set(names[1:]) and len(rest) > 1
    numeric = all(not cell or is_number(cell) for row in rest for cell in row[1:])
    square = sample.is_whole and len(rest) + 1 == width and width > 3
    binary = sample.is_whole and len(rest) + 1 == width == 3
    rows = [names, *rest]
    if (numeric and with_names and set(names[1:]) and not names[0].isdigit()) or (
        (square and all(not cell or is_number(cell) for row in rows for cell in row))
        or (binary and all(cell in ("0", "1") for row in rows for cell in row))
    ):
        raise ForeignFormat(
            sample.name, f"a matrix of {width} columns",
            hint="write one pair of ids on each line instead: who follows, and who is followed.",
        )  # fmt: skip


def _named_by_comment(sample: _Sample, layout: Layout) -> Layout:
    """`# FromNodeId ToNodeId` above rows without a header names their columns."""
    if layout.header != Header.NONE:
        return layout
    for comment in reversed([each for each in sample.comments if each.number <= layout.skipped_lines]):
        for separator in (layout.separator, "\t", BLANKS, ","):
            names = _names_of_comment(comment, separator)
            found = find_follow_columns(names) if len(names) == layout.width else None
            if found is not None:
                return replace(
                    layout, follower=found.follower, followee=found.followee, header=Header.COMMENT, names=tuple(names)
                )
    return layout


def _regularity(sample: _Sample, layout: Layout, rows: list[list[str]]) -> Layout:
    """Comments of the preamble, and whether DuckDB may read the rows as they are."""
    preamble = [line for line in sample.comments if line.number <= layout.skipped_lines]
    ambiguous = next((line for line in preamble if _is_ambiguous(line, layout)), None)
    has_data = any(without_data(line.text) != line.text for line in sample.rows)
    regular = not (sample.late_comments or ambiguous or has_data)
    if layout.separator == BLANKS:
        regular = regular and all(_single_blanks(line.text) for line in sample.rows)
    if layout.header in (Header.NAMED, Header.UNKNOWN):
        regular = regular and len(sample.comments) == len(preamble)
    return replace(layout, comment_lines=len(preamble), ambiguous=ambiguous, has_data=has_data, is_regular=regular)


def _is_ambiguous(line: Line, layout: Layout) -> bool:
    if find_follow_columns(_names_of_comment(line, layout.separator)) is not None:
        return False
    cells = split_row(line, iter(()), layout.separator, "") if '"' not in line.text else []
    return comment_kind(line.text, len(cells), layout.width, in_preamble=True) == CommentKind.AMBIGUOUS


def _single_blanks(text: str) -> bool:
    return "\t" not in text and "  " not in text and not text.startswith(" ") and '"' not in text
