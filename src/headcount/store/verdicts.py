"""Verdicts on the followers of an account, stored beside the database so that a list opens without computing them.

The folder `verdicts/` of a workspace holds at most one Parquet file an account, with the rows in the order of the list.
A file is found by its name, `ACCOUNT-KEY-CONTENT.parquet`:

* ACCOUNT: hash of the account id;
* KEY: hash of all that determines the rows (`VerdictKey`): account, state of the database, window, end of the
  observation, and the code of Headcount with its model;
* CONTENT: hash of the bytes, so that a damaged file is not read.

The clock is no part of the key: without a date that was asked for, the end of the observation comes from the data.
Writing never fails: without space or permission, the rows are computed again the next time.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import headcount
from headcount.errors import StoreError
from headcount.support.sql import literal

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "StoredVerdicts",
    "VerdictKey",
    "find_verdicts",
    "has_verdicts",
    "read_state",
    "remove_verdicts",
    "write_verdicts",
]

FOLDER_NAME = "verdicts"
PACKAGE = Path(headcount.__file__).parent
_NOT_IN_VERDICTS = {"cli", "network", "simulate", "sources"}
"""Folders of the package that the rows do not depend on; whatever a source read is in the database."""
_ENDING, _PART = ".parquet", ".part"
_FACTS = "headcount"
"""Key in the metadata of the Parquet file."""
_HASH_LENGTH = 32
_READ_ROWS = 50_000
_GROUP_ROWS = 20_480
"""Rows that the file compresses together: the first rows of a list are read with their group."""


@dataclass(frozen=True)
class VerdictKey:
    """All that determines the verdicts on the followers of an account.

    Attributes:
        account_id: the account.
        state: of the database (see `read_state`).
        window_days: length of the window; None for everything.
        as_of: the end of the observation that was asked for, in seconds since 1970; None for the newest observation.
    """

    account_id: str
    state: str
    window_days: float | None
    as_of: float | None

    @property
    def account_hash(self) -> str:
        """Start of the names of all files of the account."""
        return _hash(self.account_id)

    @property
    def prefix(self) -> str:
        """Start of the name of the file with exactly these verdicts."""
        return f"{self.account_hash}-{_hash([self.account_id, self.state, self.window_days, self.as_of, _code()])}-"


@dataclass(frozen=True)
class StoredVerdicts:
    """A stored file.

    Attributes:
        connection: any connection of DuckDB, which reads the file.
        path: the file; facts: values that were written beside the rows.
    """

    connection: duckdb.DuckDBPyConnection
    path: Path
    facts: dict[str, Any]

    def read(
        self, columns: Sequence[str], *, where: tuple[str, str] | None, largest: str | None, limit: int | None
    ) -> Iterator[list[tuple[Any, ...]]]:
        """Rows in the order of the list, in portions; unknown numbers are None.

        Args:
            columns: names of the columns.
            where: a column and the value that it has in the rows to read.
            largest: an SQL expression to sort by, largest first and null last; rows of one value keep their order.
            limit: maximum number of rows.

        Raises:
            duckdb.Error: the file is gone or damaged.
        """
        condition = f"WHERE {where[0]} = $value" if where is not None else ""
        order = f"ORDER BY {largest} DESC NULLS LAST, file_row_number" if largest is not None else ""
        rows = self.connection.execute(
            f"SELECT {', '.join(columns)} FROM read_parquet({literal(self.path)}, file_row_number = true) "
            f"{condition} {order} {'' if limit is None else f'LIMIT {int(limit)}'}",
            None if where is None else {"value": where[1]},
        )
        while portion := rows.fetchmany(_READ_ROWS):
            yield portion


def read_state(con: duckdb.DuckDBPyConnection) -> str:
    """A hash that changes with every import, every label, everything forgotten and every migration.

    Args:
        con: a connection to a store.
    """
    queries = (
        "SELECT * FROM snapshots ORDER BY ALL",
        "SELECT account_id, label FROM labels ORDER BY ALL",
        "SELECT account_hash FROM forgotten ORDER BY ALL",
        "SELECT value FROM meta WHERE key = 'schema_version'",
    )
    return _hash([con.execute(query).fetchall() for query in queries])


def find_verdicts(con: duckdb.DuckDBPyConnection, folder: Path, key: VerdictKey) -> StoredVerdicts | None:
    """The stored verdicts of exactly this key; None where there are none, or the file is damaged.

    Args:
        con: any connection of DuckDB; opening one of its own would take as long as reading the first rows.
        folder: the workspace.
        key: what the verdicts depend on.
    """
    import duckdb

    path = _intact_file(folder, key)
    if path is None:
        return None
    sql = f"SELECT value FROM parquet_kv_metadata({literal(path)}) WHERE decode(key) = ?"
    try:
        (value,) = con.execute(sql, [_FACTS]).fetchall()[0]
        return StoredVerdicts(con, path, json.loads(value))
    except (duckdb.Error, IndexError, ValueError):
        return None


def has_verdicts(folder: Path, key: VerdictKey) -> bool:
    """Are the verdicts of this key stored in an intact file?"""
    return _intact_file(folder, key) is not None


def _intact_file(folder: Path, key: VerdictKey) -> Path | None:
    """The file of a key whose content is that which was written; None where there is none."""
    for path in _files(folder, key.prefix):
        with suppress(OSError):
            if path.suffix == _ENDING and path.name == _final_name(key, path):
                return path
    return None


def write_verdicts(
    folder: Path,
    key: VerdictKey,
    columns: Mapping[str, tuple[str, Any]],
    facts: Mapping[str, Any],
    is_current: Callable[[], bool],
) -> None:
    """Store verdicts in place of all others of the account; where that fails, nothing is stored.

    Args:
        folder: the workspace.
        key: what the verdicts depend on.
        columns: name -> SQL type and values, an array; all of one length, in the order of the list.
        facts: further values, as JSON.
        is_current: called after the file is in place: does the database still have the state of the key? A file
            written while an account was being forgotten could hold that account, and is removed.
    """
    import duckdb

    target = folder / FOLDER_NAME
    if any(mark in str(target.resolve()) for mark in "*?["):  # DuckDB reads these as a pattern
        return
    part = target / f"{key.prefix}{os.getpid()}{_PART}"
    selected = ", ".join(f"{name}::{kind} AS {name}" for name, (kind, _) in columns.items())
    metadata = f"{{{_FACTS}: {literal(json.dumps(facts))}}}"
    try:
        target.mkdir(mode=0o700, exist_ok=True)
        with duckdb.connect() as con:
            con.register("verdicts", {name: values for name, (_, values) in columns.items()})
            con.execute(
                f"COPY (SELECT {selected} FROM verdicts) TO {literal(part)} "
                f"(FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, USE_TMP_FILE false, "
                f"ROW_GROUP_SIZE {_GROUP_ROWS}, KV_METADATA {metadata})"
            )
        final = part.with_name(_final_name(key, part))
        part.replace(final)
        if not is_current():
            final.unlink()
            return
        for other in _files(folder, key.account_hash):
            if other != final:
                other.unlink(missing_ok=True)
    except (OSError, duckdb.Error):
        return
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def remove_verdicts(folder: Path) -> None:
    """Remove all stored verdicts of a workspace.

    Raises:
        StoreError: a file cannot be removed.
    """
    target = folder / FOLDER_NAME
    try:
        for path in target.iterdir():
            if path.suffix in (_ENDING, _PART):
                path.unlink(missing_ok=True)
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(
            f"The stored verdicts in {target} cannot be deleted: {error.strerror or error}.",
            hint="check the folder and its permissions, and run the same command again.",
        ) from None
    with suppress(OSError):  # a file of another program, or of one that is writing now and will remove it
        target.rmdir()


def _files(folder: Path, prefix: str) -> list[Path]:
    """Files of a workspace's stored verdicts whose names begin so; none where the folder cannot be read."""
    try:
        return sorted(path for path in (folder / FOLDER_NAME).iterdir() if path.name.startswith(prefix))
    except OSError:
        return []


def _final_name(key: VerdictKey, path: Path) -> str:
    """The name that a file of this key and content has."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return f"{key.prefix}{content[:_HASH_LENGTH]}{_ENDING}"


@cache
def _code() -> str:
    """A hash of the version, the model, and the source code that verdicts depend on.

    The code itself is hashed, as a number would have to be raised by hand with every change of a rule.
    """
    found = hashlib.sha256(headcount.__version__.encode())
    for pattern in ("**/*.py", "models/*.json"):
        for path in sorted(PACKAGE.glob(pattern)):
            if path.relative_to(PACKAGE).parts[0] not in _NOT_IN_VERDICTS:
                found.update(path.read_bytes())
    return found.hexdigest()


def _hash(value: object) -> str:
    return hashlib.sha256(repr(value).encode("utf-8", "backslashreplace")).hexdigest()[:_HASH_LENGTH]
