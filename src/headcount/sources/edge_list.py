"""Edge lists: files of two ids on each line, in any layout; see `headcount.sources.edges`.

An edge list does not say whether its follower lists are complete, so nobody who is missing from it counts as gone.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from headcount.errors import BadRows, InputError
from headcount.sources.base import TABLE_PREFIX, Intake
from headcount.sources.edges import ForeignFormat, find_edge_file, open_edge_list
from headcount.tables import FOLLOWS, TABLES

if TYPE_CHECKING:
    import duckdb

__all__ = ["EdgeListSource"]

ENDINGS = tuple(
    plain + packed
    for plain in (".csv", ".tsv", ".txt", ".edges", ".edgelist", ".el", ".ncol", ".net", ".dl")
    for packed in ("", ".gz")
)
_TABLES = {table.name for table in TABLES}


class EdgeListSource:
    """Edge lists."""

    name = "edge list"

    def recognises(self, path: Path) -> bool:
        """A text file of two ids on each line, or one of another format of networks, which `read` then refuses by name.

        A file that is named after a tidy table is one, except `follows` without the columns of tidy tables.
        """
        name = path.name.lower()
        if path.is_dir() or not name.endswith(ENDINGS):
            return False
        stem = name.removesuffix(".gz").rpartition(".")[0]
        if stem in _TABLES - {FOLLOWS.name}:
            return False
        try:
            names = find_edge_file(path).layout.names
        except ForeignFormat:
            return stem != FOLLOWS.name
        except (InputError, OSError):
            return False
        required = {column.name for column in FOLLOWS.columns if column.required}
        return stem != FOLLOWS.name or not required <= {name.lower() for name in names}

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> Intake:
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
        return Intake(
            self.name, edges.problems, edges.problem_count, {FOLLOWS.name: edges.rows}, tuple(edges.notes), False
        )
