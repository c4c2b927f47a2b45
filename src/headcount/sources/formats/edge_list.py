"""Edge lists: files of two ids on each line, in any layout; see `headcount.sources.formats.edges`.

An edge list does not say whether its follower lists are complete, so nobody who is missing from it counts as gone.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from headcount.errors import BadRows, InputError
from headcount.incoming import TABLE_PREFIX, ReadResult
from headcount.sources.formats.edges import ForeignFormat, find_edge_file, open_edge_list
from headcount.tables import FOLLOWS

if TYPE_CHECKING:
    import duckdb

__all__ = ["EdgeListSource"]

ENDINGS = tuple(
    plain + packed
    for plain in (".csv", ".tsv", ".txt", ".edges", ".edgelist", ".el", ".ncol", ".net", ".dl")
    for packed in ("", ".gz")
)


class EdgeListSource:
    """Edge lists."""

    name = "edge list"

    def recognises(self, path: Path) -> bool:
        """A text file of two ids on each line, or one of another format of networks, which `read` refuses by name."""
        if path.is_dir() or not path.name.lower().endswith(ENDINGS):
            return False
        try:
            find_edge_file(path)
        except ForeignFormat:
            return True
        except (InputError, OSError):
            return False
        return True

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
        """Read the follows of one file.

        Raises:
            BadRows: rows are wrong and `skip_bad` is false.
            InputError: the file as a whole cannot be read, or is of another format.
        """
        with TemporaryDirectory(prefix="headcount-") as work:
            edges = open_edge_list(con, [path], Path(work))
            if edges.problem_count and not skip_bad:
                raise BadRows(edges.problems, edges.problem_count)
            con.execute(
                f"INSERT INTO {TABLE_PREFIX}{FOLLOWS.name} BY NAME "
                f"SELECT follower_id::VARCHAR AS follower_id, followee_id::VARCHAR AS followee_id FROM ({edges.sql})"
            )
        return ReadResult(
            self.name,
            edges.problems,
            edges.problem_count,
            {FOLLOWS.name: edges.rows},
            tuple(edges.notes),
            closer_look=False,
        )
