"""What an import and the history of imports return."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from headcount.support.record import Record

if TYPE_CHECKING:
    pass

__all__ = ["Imported", "Snapshot"]


@dataclass(frozen=True, repr=False)
class Imported(Record):
    """What one import changed.

    Attributes:
        source: name of the source; path: what was read.
        read: rows read a table; added: rows new to the workspace a table.
        gone: follows that were listed before and are missed now; returned: those that came back.
        skipped: bad rows left out.
        notes: sentences for the user.
    """

    source: str
    path: str
    read: dict[str, int]
    added: dict[str, int]
    gone: int
    returned: int
    skipped: int
    notes: tuple[str, ...]

    def columns(self) -> dict[str, list[Any]]:
        """One row a table: rows read, and rows new to the workspace."""
        return {
            "table": list(self.read),
            "read": list(self.read.values()),
            "added": [self.added.get(table) for table in self.read],
        }

    def summary(self) -> str:
        """Where it came from, and how many rows were new."""
        added = ", ".join(f"{rows:,} {table}" for table, rows in self.added.items())
        return (
            f"from {self.source}: added {added or 'nothing'}; {self.gone:,} follows gone, {self.skipped:,} rows skipped"
        )


@dataclass(frozen=True, repr=False)
class Snapshot(Record):
    """One import: its number, source, path, time (UTC) and rows read a table."""

    number: int
    source: str
    path: str
    read_at: datetime
    rows: dict[str, int]

    def columns(self) -> dict[str, list[Any]]:
        """One row: number, source, path and time, and the rows read a table."""
        facts = {"number": self.number, "source": self.source, "path": self.path, "read_at": self.read_at}
        return {name: [value] for name, value in {**facts, **self.rows}.items()}

    def summary(self) -> str:
        """Number, date, source, and rows read."""
        read = ", ".join(f"{rows:,} {table}" for table, rows in self.rows.items())
        return f"{self.number}, {self.read_at:%Y-%m-%d %H:%M}, {self.source}: {read}"
