"""The source of Mastodon: a landing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from headcount.errors import InputError
from headcount.incoming import ReadResult
from headcount.sources.collect.landing import Landing, is_landing
from headcount.sources.collect.landing_folder import collected_as
from headcount.sources.formats.malformed import ODD_VALUE
from headcount.sources.mastodon.rows import _Reader
from headcount.sources.mastodon.values import (
    content_of,
    identifier,
    text_of,
)
from headcount.sources.rows import BATCH_ROWS, Rows

if TYPE_CHECKING:
    import duckdb

__all__ = ["MastodonSource"]


class MastodonSource:
    """A landing of Mastodon."""

    name = "Mastodon"

    def recognises(self, path: Path) -> bool:
        """A landing that says so."""
        if not is_landing(path):
            return False
        with Landing(path) as landing:
            return landing.meta("platform") == "mastodon"

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
        """Read all pages of a landing.

        Raises:
            InputError: the landing contains no account.
        """
        collected = collected_as(path)
        with Landing(path) as landing:
            account = next((page for page in landing.pages("account") if page.good), None)
            profile = content_of(account) if account is not None else {}
            if identifier(profile.get("id")) is None or not text_of(profile.get("acct")):
                raise InputError(f"{path.name} contains no account.", hint="collect the account again.")
            reader = _Reader(Rows(con), landing, profile, collected[1].limit if collected else None)
            odd: set[str] = set()
            for walk in (reader.learn, reader.take):
                for page in landing.pages():
                    try:
                        if page.good:
                            walk(page)
                    except (*ODD_VALUE, InputError):  # one page of a server never spoils the others
                        odd.add(page.url)
                        reader.nobody += page.step in ("followers", "following")
                    reader.rows.flush(at=BATCH_ROWS)
            reader.odd_pages = len(odd)
            return reader.finish(self.name, con)
