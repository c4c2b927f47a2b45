"""What every source offers: it recognises its files, and reads them into the incoming tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from headcount.incoming import ReadResult

if TYPE_CHECKING:
    import duckdb

__all__ = ["Source"]


class Source(Protocol):
    """A file format or platform that can be turned into the four tables."""

    name: str

    def recognises(self, path: Path) -> bool:
        """Is this one of its files? Looks at the name and the first bytes only."""

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
        """Fill the incoming tables on the connection.

        Raises:
            BadRows: rows are wrong and `skip_bad` is false.
            InputError: the file as a whole cannot be read.
        """
