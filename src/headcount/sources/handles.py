"""Whom does the user mean? A handle, an address of a profile, or an id becomes a platform and a name."""

from __future__ import annotations

import re
from dataclasses import dataclass

from headcount.errors import UsageError
from headcount.hosts import with_host_key

__all__ = ["Target", "looks_like_file", "parse_target"]

_DOMAIN = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
_SERVER = rf"(?:{_DOMAIN}|localhost|127\.0\.0\.1)(?::\d+)?"
_FORMS = (
    ("bluesky", re.compile(rf"(?:https?://)?(?:www\.)?bsky\.app/profile/(?P<name>{_DOMAIN}|did:[a-z]+:[\w.:%-]+)/?.*")),
    (
        "x",
        re.compile(
            r"(?:https?://)?(?:www\.|mobile\.)?(?:x|twitter)\.com/(?!(?:explore|hashtag|home|i|intent|messages|notifications|search|settings|share)\b)@?(?P<name>\w{1,15})/?(?:[?#].*)?"
        ),
    ),
    ("mastodon", re.compile(rf"https?://(?P<server>{_SERVER})/(?:@|users/)(?P<name>[\w.-]+)/?")),
    ("bluesky", re.compile(rf"(?:bluesky:)?@?(?P<name>{_DOMAIN})")),
    ("bluesky", re.compile(r"(?:bluesky:)?(?P<name>did:(?:plc:[a-z2-7]{24}|web:[\w.:%-]+))")),
    ("mastodon", re.compile(rf"(?:mastodon:)?@?(?P<name>[\w.-]+)@(?P<server>{_SERVER})")),
    ("x", re.compile(r"(?:x:|twitter:)@?(?P<name>\w{1,15})")),
    ("x", re.compile(r"@(?P<name>\w{1,15})")),
)

_FILE_ENDINGS = frozenset(
    "7z arrow avro bak bz2 car crdownload csv db dta duckdb feather gexf graphml gz htm html ipc jpeg jpg js json "  # noqa: SIM905
    "jsonl landing log ndjson npz ods orc parquet part pdf pickle pkl png rar rds sav sqlite sqlite3 tar tgz tmp tsv "
    "txt wal xls xlsm xlsx xml xz yaml yml zip zst".split()
)
"""Endings of data files. Of these only .zip is a top-level domain too; a handle there needs a prefix or an @."""

_NAMES = {"bluesky": "Bluesky", "mastodon": "Mastodon", "x": "X", "twitter": "X"}


@dataclass(frozen=True)
class Target:
    """An account on a platform.

    Attributes:
        platform: bluesky, mastodon or x.
        name: the handle without @, as the platform writes it: alice.example, alice@server.example, alice; or a DID.
    """

    platform: str
    name: str


def looks_like_file(text: str) -> bool:
    """Is this the name or path of a data file, and not the handle or address of an account?"""
    explicit = text.startswith("@") or ":" in text or re.match(r"(?:www\.)?[\w-]+\.\w+/", text) is not None
    return not explicit and text.rpartition(".")[2].lower() in _FILE_ENDINGS


def parse_target(text: str) -> Target | None:
    """The account that a text names; None where it names none.

    `alice.bsky.social` and did:… are Bluesky's, `alice@server.example` Mastodon's, `@alice` X's; so are the addresses
    of their profiles. A prefix (`bluesky:`, `mastodon:`, `x:`) settles what could be more than one. `accounts.csv.gz`
    is the name of a file, whether there is one or not.
    """
    if looks_like_file(text.strip()):
        return None
    lower = with_host_key(text.strip())
    for platform, form in _FORMS:
        found = form.fullmatch(lower if "did:" in lower else lower.lower())
        if found:
            server = found.groupdict().get("server")
            return Target(platform, f"{found['name']}@{server}" if server else found["name"])
    if re.fullmatch(r"(bluesky|mastodon|x|twitter):.*", lower):
        platform = lower.partition(":")[0]
        raise UsageError(
            f"{text!r} is no handle of {_NAMES[platform]}.",
            hint="write bluesky:alice.example, mastodon:alice@server.example or x:alice.",
        )
    return None
