"""The registered platforms and file formats: one entry each, and the only list of them.

A new platform is a folder with an entry (`PLATFORM`) and one line here; the rest of Headcount asks this module.
"""

from __future__ import annotations

from headcount.sources.bluesky.platform import PLATFORM as BLUESKY
from headcount.sources.mastodon.platform import PLATFORM as MASTODON
from headcount.sources.platform import FileFormat, Platform
from headcount.sources.x.platform import PLATFORM as X

__all__ = [
    "FORMATS",
    "PLATFORMS",
    "accepted",
    "examples",
    "file_formats",
    "find_platform",
    "landing_words",
    "names",
    "text_pattern",
]

PLATFORMS: tuple[Platform, ...] = (BLUESKY, MASTODON, X)
"""In the order in which they are listed and asked whether a text names one of their accounts."""

FORMATS: tuple[FileFormat, ...] = (
    FileFormat(
        "headcount.sources.formats.tidy.tidy:TidySource",
        "a folder of tidy tables (accounts, follows, posts, interactions as .parquet, .csv, .csv.gz or .jsonl)",
    ),
    FileFormat("headcount.sources.formats.minet:MinetSource", "a table that minet wrote"),
    FileFormat(
        "headcount.sources.formats.edge_list:EdgeListSource",
        "an edge list (two ids on each line, as .csv, .tsv or .txt)",
        is_fallback=True,
    ),
)
"""Formats that belong to no platform."""


def names() -> list[str]:
    """The names of all platforms."""
    return [platform.name for platform in PLATFORMS]


def find_platform(name: str) -> Platform | None:
    """The platform of a name or alias; None where none is registered."""
    return next((entry for entry in PLATFORMS if name == entry.name or name in entry.aliases), None)


def file_formats() -> list[FileFormat]:
    """All kinds of files, in the order in which they are tried."""
    entries = [*FORMATS, *(entry for platform in PLATFORMS for entry in platform.files)]
    return sorted(entries, key=lambda entry: entry.is_fallback)


def accepted() -> str:
    """What can be imported, in words."""
    words = [entry.accepts for entry in file_formats() if entry.accepts is not None]
    return f"{', '.join(words[:-1])}, or {words[-1]}"


def examples(*, prefixed: bool = False) -> str:
    """How an account of each platform is written: "alice.bsky.social, alice@server.example or x:alice"."""
    forms = [entry.prefixed_example if prefixed else entry.example for entry in PLATFORMS]
    return " or ".join([", ".join(forms[:-1]), forms[-1]]) if len(forms) > 1 else forms[0]


def landing_words(account_id: str, handle: str | None) -> list[str]:
    """Words whose parts are deleted from landings when an account is forgotten."""
    platform, _, name = account_id.partition(":")
    entry = find_platform(platform)
    return [f'"{name}"'] if entry is None else entry.landing_words(name, handle)


def text_pattern(account_id: str, handle: str | None) -> str | None:
    """A regular expression (RE2) for an account's handle and profile addresses in texts.

    None where the handle is unknown, or the account is of no registered platform.
    """
    platform, _, name = account_id.partition(":")
    entry = find_platform(platform)
    forms = [] if entry is None else entry.text_forms(name, handle)
    return rf"(?:{'|'.join(forms)})\b" if forms else None
