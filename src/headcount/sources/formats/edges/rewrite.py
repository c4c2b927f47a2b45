"""Any edge list, line by line, into a plain file of follows that DuckDB reads at full speed.

Every line is a row, a blank, a comment or a problem with its number: none is dropped without being counted.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from headcount.errors import InputError, Problem
from headcount.sources.formats.edges.columns import squashed
from headcount.sources.formats.edges.layout import BLANKS, Header, Layout
from headcount.sources.formats.edges.lines import (
    CommentKind,
    Line,
    comment_kind,
    id_problem,
    number_lines,
    split_row,
    strip_id,
    without_data,
)
from headcount.sources.formats.files import TextFile

__all__ = ["MAX_PROBLEMS_SHOWN", "Rewritten", "plain_layout", "rewrite"]

MAX_PROBLEMS_SHOWN = 20
_INTERACTIONS = re.compile("mention|repl|retweet|repost|quote|like|fav|boost|block|mute|unfollow")
_TYPES = ("type", "kind", "relationship", "relation", "edgetype", "interaction")


@dataclass
class Rewritten:
    """What was found in a file.

    Attributes:
        comment_lines, data_lines, undirected: see `EdgeListFacts`.
        problems: the first rows that cannot be taken; problem_count: how many there are.
    """

    comment_lines: int = 0
    data_lines: int = 0
    undirected: int = 0
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0

    def add_problem(self, name: str, line: int, reason: str) -> None:
        """One more row that cannot be taken."""
        self.problem_count += 1
        if len(self.problems) < MAX_PROBLEMS_SHOWN:
            self.problems.append(Problem(name, line, reason))


def plain_layout(layout: Layout) -> Layout:
    """The layout of the rewritten file."""
    times = [name for name in ("followed_at", "gone_at") if layout.position(squashed(name)) is not None]
    names = ("follower_id", "followee_id", *times)
    return Layout("\t", len(names), header=Header.NAMED, names=names, has_quotes=False)


def rewrite(file: TextFile, layout: Layout, target: Path) -> Rewritten:
    """Write the rows of an edge list as tab-separated pairs, in UTF-8, without a header and without quotes.

    Args:
        file, layout: what to read, and how; target: where to.

    Raises:
        InputError: a quote is never closed, or the rows are not follows.
    """
    return _Rewriter(file, layout).run(target)


class _Rewriter:
    """One pass over one file."""

    def __init__(self, file: TextFile, layout: Layout) -> None:
        self.file, self.layout = file, layout
        self.found = Rewritten(comment_lines=layout.comment_lines)
        self.type = layout.position(*_TYPES)
        times = (layout.position("followedat"), layout.position("goneat"))
        self.times = [position for position in times if position is not None]
        names = [layout.names[at] if at < len(layout.names) else "" for at in (layout.follower, layout.followee)]
        self.columns = [name or word for name, word in zip(names, ("follower", "followee"), strict=True)]

    def run(self, target: Path) -> Rewritten:
        """Write the file; the counts."""
        if self.layout.ambiguous is not None:
            self._add_ambiguous(self.layout.ambiguous)
        with self.file.open() as raw, target.open("w", encoding="utf-8", newline="") as out:
            stream = io.TextIOWrapper(raw, encoding=self.file.encoding, errors="replace", newline=None)
            lines = number_lines(stream)
            for line in lines:
                if line.number > self.layout.skipped_lines and not line.text.isspace() and line.text:
                    self._line(line, lines, out)
        return self.found

    def _line(self, line: Line, more: Iterator[Line], out: TextIO) -> None:
        first = line.text.lstrip()[:1]
        if first in "#%\ufeff" and self._is_comment(line):
            return
        text = without_data(line.text)
        if text is not line.text and text != line.text:
            self.found.data_lines += 1
            line = Line(line.number, text)
        cells = split_row(line, more, self.layout.separator, self.file.name)
        if len(cells) != self.layout.width and not self._fits(cells):
            expected = f"expected {self.layout.width} fields, found {len(cells)}"
            self.found.add_problem(self.file.name, line.number, f"{expected}: «{line.text.strip()[:60]}»")
            return
        self._row(line, cells, out)

    def _is_comment(self, line: Line) -> bool:
        """Whether the line is settled: a comment, or a problem."""
        text = line.text.strip("\ufeff \t")
        cells = text.split() if self.layout.separator == BLANKS else text.split(self.layout.separator)
        kind = comment_kind(text, len(cells), self.layout.width, in_preamble=False)
        if kind == CommentKind.COMMENT:
            self.found.comment_lines += 1
        elif kind == CommentKind.AMBIGUOUS:
            self._add_ambiguous(line)
        return kind != CommentKind.NONE

    def _add_ambiguous(self, line: Line) -> None:
        self.found.add_problem(
            self.file.name,
            line.number,
            f"«{line.text.strip()[:60]}» is either a comment or a follow of an account whose name begins with "
            f"{line.text.strip()[:1]}; add a space after the mark, or put the name in quotes",
        )

    def _fits(self, cells: list[str]) -> bool:
        """Separators at the end of a line are no fields."""
        return len(cells) > self.layout.width and not any(cell.strip() for cell in cells[self.layout.width :])

    def _row(self, line: Line, cells: list[str], out: TextIO) -> None:
        follower, followee = strip_id(cells[self.layout.follower]), strip_id(cells[self.layout.followee])
        reasons = (id_problem(self.columns[0], follower), id_problem(self.columns[1], followee))
        if any(reasons):
            if any("\n" in each for each in (follower, followee)):
                raise InputError(
                    f"{self.file.name}:{line.number}: a quote is not closed.",
                    hint='double quotes inside a field: "".',
                )
            self.found.add_problem(self.file.name, line.number, "; ".join(filter(None, reasons)))
            return
        times = "".join("\t" + " ".join(cells[at].split()) for at in self.times)
        out.write(f"{follower}\t{followee}{times}\n")
        if self.type is not None and self._is_undirected(line, cells[self.type]):
            self.found.undirected += 1
            out.write(f"{followee}\t{follower}{times}\n")

    def _is_undirected(self, line: Line, kind: str) -> bool:
        kind = kind.strip().lower()
        if _INTERACTIONS.match(kind):
            raise InputError(
                f"{self.file.name}:{line.number}: the edge is of type «{kind[:40]}», not a follow.",
                hint="keep the follows only; put responses into a table of interactions.",
            )
        return kind == "undirected"
