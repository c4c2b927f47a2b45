"""Mastodon's archive of one's own account (tar.gz, zip or unpacked folder), with the lists that it exports as CSV.

`actor.json` says whose it is, `outbox.json` holds the posts and boosts, `likes.json` the addresses of what was
favourited. Whom the account follows stands in `following_accounts.csv`, which is exported on its own and read when it
lies beside the others. Bookmarks, blocks, mutes, keys and pictures are not opened; see docs/archives.md.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from headcount.errors import BadRows, InputError, UsageError
from headcount.incoming import ListCoverage, ListName, ReadResult, own_activity_only
from headcount.sources.collect.listing import end_state
from headcount.sources.formats.archive_files import Members, is_tar, listed, members
from headcount.sources.formats.decoding import decode_json, decode_text
from headcount.sources.formats.json_bounds import check_entries, check_entry
from headcount.sources.formats.jsonlines import Problems, unreadable
from headcount.sources.mastodon.activitypub import account_key
from headcount.sources.mastodon.archive_rows import Activities, Owner, account_domains
from headcount.sources.rows import BATCH_ROWS, Object, Rows, whole_number

if TYPE_CHECKING:
    import duckdb

__all__ = ["MastodonArchiveSource"]


_WANTED = re.compile(
    r"(?P<top>(?:[^/]+/){0,2})(?P<name>actor\.json|outbox\.json|likes\.json|(?:following|follower)_accounts\.csv"
    r"|followers\.csv|following\.csv)"
)
_LISTS = {
    "following": ("following_accounts.csv", "following.csv"),
    "followers": ("follower_accounts.csv", "followers.csv"),
}
_LIST_HEADER = re.compile(r"(?:sep=.\s+)?\"?Account address\"?\s*[,;\t]\s*\"?Show boosts", re.IGNORECASE)
_LIST_FIRST = re.compile(r"\s*(?:account address\s*$|sep=)", re.IGNORECASE)
_MADE = re.compile(r"archive-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)-")
_ADDRESS = re.compile(r"@?(?P<user>[\w.-]+)@(?P<server>[\w.-]+(?::\d+)?)")

RECEIVED = (
    "A Mastodon archive contains the account's own posts and likes; likes, boosts and replies by others are unknown."
)


class MastodonArchiveSource:
    """The archive that Mastodon makes of one's own account."""

    name = "Mastodon archive"

    def recognises(self, path: Path) -> bool:
        """A tar archive, a zip or folder with an outbox, or a list as Mastodon exports it."""
        if not path.is_dir() and path.suffix.lower() == ".csv":
            with path.open("rb") as file:
                return _LIST_HEADER.match(decode_text(file.read(200))) is not None
        if _is_part(path):
            with path.open("rb") as file:
                return b"www.w3.org/ns/activitystreams" in file.read(4096)
        if is_tar(path) and not path.is_dir():
            return True
        matched = (_WANTED.fullmatch(name) for name in listed(path))
        return any(found["name"] in ("actor.json", "outbox.json") for found in matched if found)

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
        """Read an archive.

        Raises:
            BadRows: entries are wrong and `skip_bad` is false.
            InputError: the archive is damaged, or one of its files is not what it should be.
            UsageError: it is a list that does not say whose it is.
        """
        if path.suffix.lower() == ".csv" and not path.is_dir():
            raise UsageError(
                f"{path.name} does not identify its account.",
                hint="put it into the folder of the unpacked archive, next to actor.json, and add that folder.",
            )
        if _is_part(path):
            raise UsageError(f"{path.name} is one file of a Mastodon archive.", hint="add the complete archive.")
        with members(path, lambda name: _WANTED.fullmatch(name) is not None) as archive:
            return _Reader(archive, path, con).read(skip_bad)


def _is_part(path: Path) -> bool:
    return path.name in ("actor.json", "outbox.json", "likes.json") and not path.is_dir()


def _delimiter(text: str) -> str:
    """What separates the columns: commas, or what a spreadsheet writes."""
    head = text[:2000].splitlines()[:2]
    return next((sign for sign in ",;\t" if any(sign in line.removeprefix("sep=") for line in head)), ",")


class _Collection(msgspec.Struct):
    """A collection of ActivityPub; its items are decoded one by one."""

    orderedItems: list[msgspec.Raw] | None = None  # noqa: N815 (the format's name)
    totalItems: Any = None  # noqa: N815


class _Reader:
    """Reads one archive, file by file."""

    def __init__(self, archive: Members, path: Path, con: duckdb.DuckDBPyConnection) -> None:
        self.archive = archive
        self.files = self._files(path)
        self.rows, self.problems = Rows(con), Problems(path.name)
        self.outbox = self._decoded("outbox.json", _Collection) or _Collection()
        self.actor = self._decoded("actor.json", dict) or {}
        self.owner = self._owner(path)
        self.activities = Activities(self.rows, self.owner)

    def _files(self, path: Path) -> dict[str, str]:
        """Name -> path inside the archive of the files in the folder of the actor or outbox."""
        found = [_WANTED.fullmatch(name) for name in self.archive.names]
        tops = sorted({match["top"] for match in found if match and match["name"] in ("actor.json", "outbox.json")})
        if not tops:
            raise InputError(
                f"{path.name} is not a Mastodon archive: it contains neither actor.json nor outbox.json.",
                hint="add the archive as downloaded from Mastodon.",
            )
        if len(tops) > 1:
            raise InputError(
                f"{path.name} contains more than one archive ({', '.join(tops[:3])}).", hint="add one after the other."
            )
        return {match["name"]: match[0] for match in found if match and match["top"] == tops[0]}

    def read(self, skip_bad: bool) -> ReadResult:
        """All of it."""
        total = self.outbox.totalItems
        try:
            self.rows.account(self.owner.row(self.actor, total if isinstance(total, int) else None), whole=True)
        except TypeError as error:
            self.problems.add(f"actor.json is not a valid profile ({error})", None)
        self._each("outbox.json", self.outbox.orderedItems or [], "activity")
        likes = self._decoded("likes.json", _Collection) or _Collection()
        self._each("likes.json", likes.orderedItems or [], "address of a post")
        self.activities.settle()
        self._lists()
        if self.problems.count and not skip_bad:
            raise BadRows(self.problems.shown, self.problems.count)
        self.rows.flush()
        found = self.rows.counts
        notes = tuple(self._notes())
        intake = ReadResult(
            MastodonArchiveSource.name, tuple(self.problems.shown), self.problems.count, found, notes, False
        )
        return replace(intake, lists=self._coverage(), account_id=self.owner.account, closer_look=False)

    def _owner(self, path: Path) -> Owner:
        made = next(filter(None, map(_MADE.search, [path.name, *self.files.values()])), None)
        observed_at = "{}-{}-{}T{}:{}:{}Z".format(*made.groups()) if made else None
        actor, webfinger = self.actor.get("id") or self._first_actor(), self.actor.get("webfinger")
        domains = account_domains(actor, self._mentioning()) if not webfinger else set()
        self.is_domain_known = bool(webfinger) or len(domains) == 1
        domain = next(iter(domains)) if len(domains) == 1 else None
        try:
            return Owner(actor, self.actor.get("preferredUsername"), webfinger, observed_at, domain=domain)
        except ValueError:
            raise InputError(
                f"{path.name} does not identify its account: it has no actor.json with an address.",
                hint="add the complete archive as downloaded from Mastodon.",
            ) from None

    def _first_actor(self) -> object:
        for raw in self.outbox.orderedItems or []:
            activity = decode_json(raw)
            return activity.get("actor") if isinstance(activity, dict) else None
        return None

    def _mentioning(self) -> Iterator[Object]:
        """The activities of the outbox that mention somebody."""
        for raw in self.outbox.orderedItems or []:
            if b'"Mention"' in bytes(raw):
                try:
                    activity = decode_json(raw)
                except (ValueError, RecursionError):  # named as a problem when the activities are read
                    continue
                if isinstance(activity, dict):
                    yield activity

    def _decoded(self, name: str, kind: Any) -> Any:
        if name not in self.files:
            return None
        content = self.archive.read(self.files[name])
        if kind is dict:
            check_entry(name, len(content))
        else:
            check_entries(name, content, depth=2)
        try:
            return decode_json(content, kind, self.problems.replaced)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{name} {unreadable(error)}.", hint="download the archive again.") from None

    def _each(self, name: str, items: list[msgspec.Raw], what: str) -> None:
        self.problems.file = name
        take = self.activities.like if name == "likes.json" else self.activities.take
        for number, raw in enumerate(items, 1):
            try:
                take(decode_json(raw, replaced=self.problems.replaced))
            except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
                reason = f"has no {error}" if isinstance(error, KeyError) else str(error)
                self.problems.add(f"is not a valid {what} ({reason[:120]})", None, number)
            self.rows.flush(at=BATCH_ROWS)

    def _lists(self) -> None:
        """Whom the account follows, and who follows it, where the exports lie beside the archive."""
        for side, names in _LISTS.items():
            for name in names:
                if name in self.files:
                    self.problems.file = name
                    self._list(self.archive.read(self.files[name]), following=side == "following")

    def _list(self, content: bytes, *, following: bool) -> None:
        csv.field_size_limit(1 << 30)  # an address that is too long is a problem with its line, not an end of it all
        text = decode_text(content, self.problems.replaced)
        table = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
        for row in table:
            if not row or not row[0].strip() or (table.line_num <= 2 and _LIST_FIRST.match(row[0])):
                continue
            matched = _ADDRESS.fullmatch(row[0].strip())
            if matched is None:
                self.problems.add(f"«{row[0][:40]}» is not a valid account address", table.line_num)
                continue
            other = account_key(matched["user"], matched["server"])
            pair = (self.owner.account, other) if following else (other, self.owner.account)
            self.rows.account(self.owner.named(other, row[0].strip().removeprefix("@")), whole=False)
            self.rows.follow(*pair, None, self.owner.observed_at)
            self.rows.flush(at=BATCH_ROWS)

    # -- what has to be said of it ------------------------------------------------------------------------

    def _has(self, side: str) -> bool:
        return any(name in self.files for name in _LISTS[side])

    def _coverage(self) -> tuple[ListCoverage, ...]:
        """The lists whose exports lie beside the archive are complete; who responded is not in any archive."""
        owner, made = self.owner.account, self.owner.observed_at
        sides: tuple[ListName, ...] = ("followers", "following")
        held = [ListCoverage(owner, side, "complete", observed_at=made) for side in sides if self._has(side)]
        if self.outbox.orderedItems is not None:
            listed, claimed = len(self.outbox.orderedItems), whole_number(self.outbox.totalItems)
            state, reason = end_state(listed, claimed, can_hide=False)
            held.append(ListCoverage(owner, "posts", state, reason, listed, claimed, observed_at=made))
        return (*held, *own_activity_only(owner, made))

    def _notes(self) -> list[str]:
        notes = [f"{RECEIVED} Collect them with: headcount add @{self.owner.handle}"]
        if not self.is_domain_known:
            notes.append(
                f"The archive does not state the account's domain; {self.owner.server} was read from its address. "
                f"If the account is not @{self.owner.handle}, its id here differs from the one collected live."
            )
        if not self._has("followers"):
            notes.append("It contains no list of followers; Mastodon does not export one.")
        if not self._has("following"):
            notes.append(
                "It contains no list of accounts followed; export following_accounts.csv and put it next to actor.json."
            )
        notes += [*self.activities.notes(), *self.problems.notes()]
        notes += self.rows.notes()
        return notes
