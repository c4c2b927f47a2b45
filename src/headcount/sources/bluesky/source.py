"""The sources of Bluesky: a landing, and a repository as Bluesky's settings export it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.errors import InputError
from headcount.incoming import ListCoverage, ListName, ReadResult, own_activity_only
from headcount.sources.bluesky.live_rows import read_live
from headcount.sources.bluesky.repo import Repository, read_repository
from headcount.sources.bluesky.rows import _FOLLOW, _POST, Reader, account_key
from headcount.sources.collect.gone import read_gone
from headcount.sources.collect.landing import LIVE, Landing, is_landing
from headcount.sources.collect.landing_folder import collected_as
from headcount.sources.formats.malformed import ODD_VALUE
from headcount.sources.rows import BATCH_ROWS, Rows

if TYPE_CHECKING:
    import duckdb

__all__ = ["BlueskyRepositorySource", "BlueskySource"]


class BlueskySource:
    """A landing of Bluesky."""

    name = "Bluesky"

    def recognises(self, path: Path) -> bool:
        """A landing that says so."""
        if not is_landing(path):
            return False
        with Landing(path) as landing:
            return landing.meta("platform") == "bluesky"

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
        """Read all pages of a landing, in the order in which they came.

        Raises:
            InputError: the landing contains no profile.
        """
        with Landing(path) as landing:
            if landing.meta(LIVE):
                return read_live(landing, con)
            gone = read_gone(landing, self.name, con)
            if gone is not None:
                return gone
            profile = next((page for page in landing.pages("profile") if page.good), None)
            if profile is None or not isinstance(profile.json, dict) or not isinstance(profile.json.get("did"), str):
                raise InputError(f"{path.name} contains no profile.", hint="collect the account again.")
            collected = collected_as(path)
            reader = Reader(Rows(con), str(profile.json["did"]), collected[1].limit if collected else None)
            for page in landing.pages():
                try:
                    reader.take(page)
                except (*ODD_VALUE, InputError):  # one page of a server never spoils the others
                    reader.count_odd_page(page)
                reader.rows.flush(at=BATCH_ROWS)
            return reader.finish(self.name, con, landing)


class BlueskyRepositorySource:
    """A repository as Bluesky's settings export it: a CAR file."""

    name = "Bluesky repository"

    def recognises(self, path: Path) -> bool:
        """By its ending."""
        return not path.is_dir() and path.suffix.lower() == ".car"

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
        """Read one file.

        Raises:
            InputError: it is cut off or no CAR file.
        """
        rows = Rows(con)
        reader = Reader(rows, "")
        with path.open("rb", buffering=0) as file:
            repository = read_repository(file)
            changed = datetime.fromtimestamp(path.stat().st_mtime).astimezone()  # copying a file may change it
            seen = min(changed, repository.revised_at or changed).isoformat()
            reader.records(repository, seen)
        rows.flush()
        notes = [
            "A repository contains the activity of the account itself: follows, replies, likes and reposts. Followers "
            "and responses are not in it; collect them with: headcount add HANDLE",
            *reader.notes(),
        ]
        me = account_key(reader.did)
        lists = (*_repository_lists(repository, seen), *own_activity_only(me, seen))
        return ReadResult(self.name, (), 0, dict(rows.counts), tuple(notes), lists=lists, account_id=me)


def _repository_lists(repository: Repository, seen: str) -> Iterator[ListCoverage]:
    """A repository holds all follows and posts of the account, unless parts are missing."""
    names: tuple[tuple[ListName, str], ...] = (("following", _FOLLOW), ("posts", _POST))
    for name, collection in names:
        listed = repository.counts.get(collection, 0)
        complete = not repository.missing and repository.revised_at is not None
        yield ListCoverage(
            account_key(repository.did),
            name,
            "complete" if complete else "partial",
            None if complete else "parts_missing" if repository.missing else None,
            listed,
            observed_at=seen,
        )
