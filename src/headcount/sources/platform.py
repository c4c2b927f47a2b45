"""What a platform and a file format declare about themselves; `registry` lists them.

Only plain values and patterns stand here. Collectors, readers and logins are named as `module:class` and imported
when they are used, so that a look at the registry imports none of them.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import duckdb

    from headcount.incoming import ReadResult
    from headcount.sources.base import Source
    from headcount.sources.collect.collection import Login

__all__ = [
    "DOMAIN",
    "SERVER",
    "FileFormat",
    "Ingest",
    "LiveStream",
    "LoginFlow",
    "LoginHandler",
    "Platform",
    "Target",
    "load",
]

DOMAIN = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]"
SERVER = rf"(?:{DOMAIN}|localhost|127\.0\.0\.1)(?::\d+)?"
"""A domain, and a server with its port, in a pattern for handles."""


def load(place: str) -> Any:
    """The object at `module:name`; its module is imported now."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


@dataclass(frozen=True)
class Target:
    """An account on a platform.

    Attributes:
        platform: the name of a registered platform.
        name: the handle without @, as the platform writes it: alice.example, alice@server.example, alice; or an id.
    """

    platform: str
    name: str


@dataclass(frozen=True)
class FileFormat:
    """One kind of file or folder that can be read.

    Attributes:
        source: `module:class` of a `headcount.sources.base.Source`.
        accepts: words for the list of supported input; None for landings, which Headcount writes itself.
        is_fallback: it recognises nearly any text, so it is tried after all others.
    """

    source: str
    accepts: str | None = None
    is_fallback: bool = False

    def make(self) -> Source:
        """The source."""
        made: Source = load(self.source)()
        return made


class LoginHandler(Protocol):
    """Checks, keeps, finds and forgets the logins of one platform."""

    def log_in(self, name: str | None, secret: str, service: str | None) -> tuple[str, str]:
        """Check a secret and keep it; returns whose it is and where it is kept, in words.

        Raises:
            UsageError: the name or the secret is not valid.
            AccessDenied: the platform refuses it.
            PlatformUnavailable: the platform does not respond.
        """

    def find(self, target: Target, service: str | None) -> Login | None:
        """The login that is kept for an account's platform and server; None where there is none."""

    def forget(self, name: str | None, service: str | None) -> bool:
        """Delete a login; False where there was none."""

    def environment_secret(self, host: str) -> str | None:
        """The secret that environment variables hold for a host ("" for the platform as such)."""


@dataclass(frozen=True)
class LoginFlow:
    """How to log in to a platform.

    Attributes:
        handler: `module:class` of a `LoginHandler`.
        prompt: what the user is asked for: "App password".
        usage: arguments of `headcount login` in an example, and what it asks for, for the help.
        name_is: what HANDLE or SERVER on the command line must be: "your handle"; None where it is not needed.
    """

    handler: str
    prompt: str
    usage: tuple[str, str]
    name_is: str | None = None

    def make(self) -> LoginHandler:
        """The handler."""
        made: LoginHandler = load(self.handler)()
        return made


Ingest = Callable[["Callable[[duckdb.DuckDBPyConnection], ReadResult]", str], object]
"""Imports what a function puts into the incoming tables of a connection, given the path of the file it reads.

Raises:
    StoreBusy: the store is in use; the same pages are handed in again later.
"""


class LiveStream(Protocol):
    """Follows an account as it happens; a module of the platform may be one."""

    def newest_collection(self, workspace: Path, account: str) -> Path | None:
        """The newest collection of an account that came to its end; None where there is none."""

    def follow_live(
        self,
        workspace: Path,
        account: str,
        stop: threading.Event,
        ingest: Ingest,
        *,
        service: str | None = None,
        say: Callable[[str], None] = ...,
    ) -> None:
        """Follow an account until `stop` is set or an interrupt, from where it was collected or followed before.

        Raises:
            UsageError: the account was not collected.
            StoreBusy: it is being followed by another process.
            PlatformUnavailable: the servers refuse.
        """


def _quoted_name(name: str, _handle: str | None) -> list[str]:
    return [f'"{name}"']


def _at_handle(_name: str, handle: str | None) -> list[str]:
    return [f"@{re.escape(handle)}"] if handle else []


@dataclass(frozen=True)
class Platform:
    """One platform: everything about it that the rest of Headcount asks for.

    The patterns of handles are matched against the full text in lower case. They hold the group `name` and, where
    accounts live on servers, the group `server`.

    Attributes:
        name: a short lower-case word; it stands before ids (`x:12345`) and in the column `platform`.
        label: the name as people write it.
        example: how an account is written, for hints.
        collector: `module:class` of a `headcount.sources.collect.collecting.Collector`.
        files: what can be read: its landings, archives, and files of its API.
        handles: patterns of a handle as it is typed without a prefix.
        prefixed: further patterns that are recognised behind `name:` or an alias only.
        links: patterns of the address of a profile.
        aliases: other prefixes that stand for it.
        case_kept: a text that contains this is matched as it is written, not in lower case.
        login: how to log in; None where there is no login.
        landing_words: (name in the id, handle) -> words whose parts are deleted from landings on `forget`.
        text_forms: (name in the id, handle) -> patterns (RE2) of the handle and profile addresses in texts, which
            `forget` replaces; a handle that is an ordinary word counts only behind an @ or in an address.
        has_follows_between: the follows between followers can be collected (`--follows-among`).
        live: the module that is its `LiveStream`; None where accounts cannot be followed as it happens.
    """

    name: str
    label: str
    example: str
    collector: str
    files: tuple[FileFormat, ...]
    handles: tuple[re.Pattern[str], ...]
    prefixed: tuple[re.Pattern[str], ...] = ()
    links: tuple[re.Pattern[str], ...] = ()
    aliases: tuple[str, ...] = ()
    case_kept: str | None = None
    login: LoginFlow | None = None
    landing_words: Callable[[str, str | None], list[str]] = _quoted_name
    text_forms: Callable[[str, str | None], list[str]] = _at_handle
    has_follows_between: bool = False
    live: str | None = None

    @property
    def prefixed_example(self) -> str:
        """The example with the platform's name before it."""
        return self.example if self.example.startswith(f"{self.name}:") else f"{self.name}:{self.example}"

    def find(self, text: str, patterns: tuple[re.Pattern[str], ...]) -> Target | None:
        """The account that a text names by one of these patterns; None where it names none."""
        form = text if self.case_kept and self.case_kept in text else text.lower()
        for pattern in patterns:
            found = pattern.fullmatch(form)
            if found:
                server = found.groupdict().get("server")
                return Target(self.name, f"{found['name']}@{server}" if server else found["name"])
        return None
