"""Whom does the user mean? A handle, an address of a profile, or an id becomes a platform and a name."""

from __future__ import annotations

import re

from headcount.errors import UsageError
from headcount.sources import registry
from headcount.sources.platform import Target
from headcount.support.hosts import with_host_key

__all__ = ["Target", "looks_like_file", "parse_target"]

_FILE_ENDINGS = frozenset(
    "7z arrow avro bak bz2 car crdownload csv db dta duckdb feather gexf graphml gz htm html ipc jpeg jpg js json "  # noqa: SIM905
    "jsonl landing log ndjson npz ods orc parquet part pdf pickle pkl png rar rds sav sqlite sqlite3 tar tgz tmp tsv "
    "txt wal xls xlsm xlsx xml xz yaml yml zip zst".split()
)
"""Endings of data files. Of these only .zip is a top-level domain too; a handle there needs a prefix or an @."""


def looks_like_file(text: str) -> bool:
    """Is this the name or path of a data file, and not the handle or address of an account?"""
    explicit = text.startswith("@") or ":" in text or re.match(r"(?:www\.)?[\w-]+\.\w+/", text) is not None
    return not explicit and text.rpartition(".")[2].lower() in _FILE_ENDINGS


def parse_target(text: str) -> Target | None:
    """The account that a text names; None where it names none.

    A handle or the address of a profile is matched against the forms that the platforms register; a prefix
    (`bluesky:`, `mastodon:`, `x:`) settles what could be more than one. `accounts.csv.gz` is the name of a file,
    whether there is one or not.

    Raises:
        UsageError: the text begins with the prefix of a platform, and the rest is not a handle of it.
    """
    if looks_like_file(text.strip()):
        return None
    name = with_host_key(text.strip())
    prefix, colon, rest = name.partition(":")
    platform = registry.find_platform(prefix.lower()) if colon else None
    if platform is not None:
        target = platform.find(rest, platform.handles + platform.prefixed)
        if target is None:
            raise UsageError(
                f"{text!r} is no handle of {platform.label}.", hint=f"write {registry.examples(prefixed=True)}."
            )
        return target
    # an address on a platform's own host is not that of an account on any server
    return _by_link(name, any_server=False) or _by_link(name, any_server=True) or _by_handle(name)


def _by_link(text: str, *, any_server: bool) -> Target | None:
    for platform in registry.PLATFORMS:
        links = tuple(link for link in platform.links if ("server" in link.groupindex) == any_server)
        if target := platform.find(text, links):
            return target
    return None


def _by_handle(text: str) -> Target | None:
    found = (platform.find(text, platform.handles) for platform in registry.PLATFORMS)
    return next((target for target in found if target is not None), None)
