"""X's entry in the registry."""

from __future__ import annotations

import re

from headcount.sources.platform import FileFormat, LoginFlow, Platform

__all__ = ["PLATFORM"]

_NO_PROFILES = "explore|hashtag|home|i|intent|messages|notifications|search|settings|share"


def _landing_words(name: str, _handle: str | None) -> list[str]:
    # the slashes: pages of X that are about one account name it in their address alone
    return [f'"{name}"', f"/users/{name}/"]


def _text_forms(_name: str, handle: str | None) -> list[str]:
    if not handle:
        return []
    return [rf"(?:https?://)?(?:www\.)?(?:x|twitter)\.com/{re.escape(handle)}", rf"@{re.escape(handle)}"]


PLATFORM = Platform(
    name="x",
    label="X",
    example="x:alice",
    collector="headcount.sources.x.collector:XCollector",
    files=(
        FileFormat("headcount.sources.x.api_rows:XApiSource"),
        FileFormat("headcount.sources.x.v2:XV2Source", "X API v2 JSON lines as twarc writes them"),
        FileFormat("headcount.sources.x.v1:XV1Source", "X v1.1 tweets"),
        FileFormat("headcount.sources.x.archive:XArchiveSource", "the archive of your own account from X"),
    ),
    handles=(re.compile(r"@(?P<name>\w{1,15})"),),
    prefixed=(re.compile(r"(?P<name>\w{1,15})"),),
    links=(
        re.compile(
            r"(?:https?://)?(?:www\.|mobile\.)?(?:x|twitter)\.com/"
            rf"(?!(?:{_NO_PROFILES})\b)@?(?P<name>\w{{1,15}})/?(?:[?#].*)?"
        ),
    ),
    aliases=("twitter",),
    login=LoginFlow(
        handler="headcount.sources.x.login:XLogins",
        prompt="Bearer token",
        usage=("", "asks for a bearer token (needed)"),
    ),
    landing_words=_landing_words,
    text_forms=_text_forms,
)
