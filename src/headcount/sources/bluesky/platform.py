"""Bluesky's entry in the registry."""

from __future__ import annotations

import re

from headcount.sources.platform import DOMAIN, FileFormat, LoginFlow, Platform

__all__ = ["PLATFORM"]


def _landing_words(name: str, handle: str | None) -> list[str]:
    return [name, handle] if handle and "." in handle else [name]


def _text_forms(_name: str, handle: str | None) -> list[str]:
    if handle and "." in handle:
        return [rf"(?:https?://bsky\.app/profile/|@)?{re.escape(handle)}"]
    return [rf"@{re.escape(handle)}"] if handle else []


PLATFORM = Platform(
    name="bluesky",
    label="Bluesky",
    example="alice.bsky.social",
    collector="headcount.sources.bluesky.collector:BlueskyCollector",
    files=(
        FileFormat("headcount.sources.bluesky.source:BlueskySource"),
        FileFormat("headcount.sources.bluesky.source:BlueskyRepositorySource", "a repository of Bluesky (.car)"),
    ),
    handles=(
        re.compile(rf"@?(?P<name>{DOMAIN})"),
        re.compile(r"(?P<name>did:(?:plc:[a-z2-7]{24}|web:[\w.:%-]+))"),
    ),
    links=(re.compile(rf"(?:https?://)?(?:www\.)?bsky\.app/profile/(?P<name>{DOMAIN}|did:[a-z]+:[\w.:%-]+)/?.*"),),
    case_kept="did:",
    login=LoginFlow(
        handler="headcount.sources.bluesky.login_session:BlueskyLogins",
        prompt="App password",
        usage=("alice.bsky.social", "asks for an app password (optional: all is public without it)"),
        name_is="your handle",
    ),
    landing_words=_landing_words,
    text_forms=_text_forms,
    has_follows_between=True,
    live="headcount.sources.bluesky.live",
)
