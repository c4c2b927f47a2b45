"""Mastodon's entry in the registry."""

from __future__ import annotations

import re

from headcount.sources.platform import SERVER, FileFormat, LoginFlow, Platform

__all__ = ["PLATFORM"]


def _landing_words(name: str, _handle: str | None) -> list[str]:
    user, _, server = name.partition("@")
    return [f'"{name}"', f"://{server}/@{user}", f"://{server}/users/{user}"]


def _text_forms(name: str, _handle: str | None) -> list[str]:
    user, server = (re.escape(part) for part in name.partition("@")[::2])
    return [rf"@{user}(?:@{server})?", rf"{user}@{server}", rf"https?://{server}/(?:@|users/){user}"]


PLATFORM = Platform(
    name="mastodon",
    label="Mastodon",
    example="alice@server.example",
    collector="headcount.sources.mastodon.collector:MastodonCollector",
    files=(
        FileFormat("headcount.sources.mastodon.source:MastodonSource"),
        FileFormat(
            "headcount.sources.mastodon.archive:MastodonArchiveSource", "the archive of your own account from Mastodon"
        ),
    ),
    handles=(re.compile(rf"@?(?P<name>[\w.-]+)@(?P<server>{SERVER})"),),
    links=(re.compile(rf"https?://(?P<server>{SERVER})/(?:@|users/)(?P<name>[\w.-]+)/?"),),
    login=LoginFlow(
        handler="headcount.sources.mastodon.login:MastodonLogins",
        prompt="Access token",
        usage=("server.example", "asks for an access token with the right read (optional)"),
        name_is="the name of your server",
    ),
    landing_words=_landing_words,
    text_forms=_text_forms,
)
