"""What was decided and left out on the way from an edge list to follows, and its sentences for the user."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headcount.sources.formats.edges.layout import Header, Layout
from headcount.sources.formats.files import TextFile

__all__ = ["UTF8", "EdgeListFacts", "facts_of", "facts_of_table", "sentences"]

UTF8 = ("utf-8", "utf-8-sig")
_SHOWN = 8


@dataclass(frozen=True)
class EdgeListFacts:
    """How one file was read.

    Attributes:
        file: its name; header: see `Header`; follower, followee: names of the columns, "" where they have none.
        is_reversed: the followee stands before the follower.
        left_out: names of the columns that were not read; unnamed_column: a first column of row numbers was not read.
        comment_lines, data_lines: lines of comments; lines whose Python dictionaries were skipped.
        undirected: edges without a direction, read in both; None: all are.
        encoding: None where it is UTF-8; invalid: bytes that are not of the encoding, read as U+FFFD.
    """

    file: str
    header: str
    follower: str = ""
    followee: str = ""
    is_reversed: bool = False
    left_out: tuple[str, ...] = ()
    unnamed_column: bool = False
    comment_lines: int = 0
    data_lines: int = 0
    undirected: int | None = 0
    encoding: str | None = None
    invalid: int = 0


def facts_of(
    file: TextFile, layout: Layout, *, comment_lines: int, data_lines: int = 0, undirected: int | None = 0
) -> EdgeListFacts:
    """The facts of a file that was read with a layout."""
    follower, followee = (
        layout.names[at] if at < len(layout.names) else "" for at in (layout.follower, layout.followee)
    )
    return EdgeListFacts(
        file.name,
        layout.header,
        follower,
        followee,
        is_reversed=layout.followee < layout.follower,
        left_out=layout.left_out,
        unnamed_column=layout.unnamed_column,
        comment_lines=comment_lines,
        data_lines=data_lines,
        undirected=None if layout.is_undirected else undirected,
        encoding=None if file.encoding in UTF8 else file.encoding,
        invalid=file.damaged,
    )


def facts_of_table(file: TextFile) -> EdgeListFacts:
    """How the text of another table was read."""
    encoding = None if file.encoding in UTF8 else file.encoding
    return EdgeListFacts(file.name, Header.NAMED, encoding=encoding, invalid=file.damaged)


def sentences(facts: Sequence[EdgeListFacts]) -> list[str]:
    """What the user should know of how the files of one edge list were read; the pieces of a table speak once."""
    if not facts:
        return []
    first = facts[0]
    name = first.file if len(facts) == 1 else f"{first.file} and {len(facts) - 1:,} more"
    said = [f"{each.file} is not UTF-8; it was read as {each.encoding}." for each in facts if each.encoding][:_SHOWN]
    if invalid := sum(each.invalid for each in facts):
        said.append(f"{name}: {invalid:,} invalid {'character was' if invalid == 1 else 'characters were'} read as �.")
    said += _columns(name, first)
    comments, data = sum(each.comment_lines for each in facts), sum(each.data_lines for each in facts)
    if comments:
        said.append(f"{name}: {comments:,} comment {'line was' if comments == 1 else 'lines were'} skipped.")
    if data:
        said.append(f"{name}: data dictionaries after the ids were skipped ({data:,} lines).")
    if any(each.undirected is None for each in facts):
        said.append(f"{name}: the edges are undirected, so each was read in both directions.")
    elif undirected := sum(each.undirected or 0 for each in facts):
        edges = "edge was" if undirected == 1 else "edges were"
        said.append(f"{name}: {undirected:,} undirected {edges} read in both directions.")
    return said


def _columns(name: str, facts: EdgeListFacts) -> list[str]:
    said = []
    if facts.header == Header.NONE:
        said.append(f"{name} has no header: the account in the first column follows the one in the second.")
    elif facts.header == Header.UNKNOWN:
        said.append(
            f"{name}: the first line was read as a header; the account in {facts.follower!r} follows the one in "
            f"{facts.followee!r}."
        )
    elif facts.is_reversed or facts.header == Header.COMMENT:
        said.append(f"{name}: the account in {facts.follower!r} follows the one in {facts.followee!r}.")
    if facts.unnamed_column:
        said.append(f"{name}: the first column (row numbers) was skipped.")
    if facts.left_out:
        more = " …" if len(facts.left_out) > _SHOWN else ""
        columns = "column was" if len(facts.left_out) == 1 else "columns were"
        weights = "; weights are not used" if any(_may_be_weight(each) for each in facts.left_out) else ""
        shown = ", ".join(facts.left_out[:_SHOWN]) + more
        said.append(f"{name}: {len(facts.left_out)} {columns} ignored: {shown}{weights}.")
    return said


def _may_be_weight(name: str) -> bool:
    return name.lower() in ("w", "weight", "value", "count", "strength") or name.startswith("column ")
