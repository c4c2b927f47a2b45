"""X's own archive of an account: the zip that X sends, or the folder it was unpacked to, in every layout since 2012.

Only the files that `x_archive_layout` names are opened: no messages, no addresses, no advertising (docs/archives.md).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from headcount.errors import InputError, UsageError
from headcount.incoming import ListCoverage, ListName, ReadResult, own_activity_only
from headcount.sources.formats.archive_files import Members, is_tar, listed, members
from headcount.sources.formats.decoding import decode_json, decode_text
from headcount.sources.formats.jsonlines import Problems
from headcount.sources.x.archive_layout import Layout, decoded, is_part, told_by
from headcount.sources.x.archive_rows import Owner, Tweets, iso_time
from headcount.sources.x.rows import BATCH_ROWS, Rows, finish, key, objects, plain, truth

if TYPE_CHECKING:
    import duckdb

from headcount.sources.rows import Object

__all__ = ["XArchiveSource"]


_DEFAULT_PICTURE = "default_profile_images"
_LISTS = ("follower", "following")
_LIST_NAMES: dict[str, ListName] = {"follower": "followers", "following": "following", "tweets": "posts"}
_TWEETS = ("tweets", "tweet", "community-tweet")

RECEIVED = "An X archive contains the account's own posts; likes, reposts and replies by others are unknown."
REMARK = "An X archive contains no likes, reposts or replies by others; only those from other sources are known."


class XArchiveSource:
    """The archive that X makes of one's own account."""

    name = "X archive"

    def recognises(self, path: Path) -> bool:
        """A zip or folder with files called as X calls them; or one such file, to say that it needs the others."""
        if not path.is_dir() and path.suffix.lower() == ".js":
            with path.open("rb") as file:
                return is_part(file.read(200))
        return not is_tar(path) and bool(Layout(listed(path)).roots)

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
        """Read an archive.

        Raises:
            BadRows: entries are wrong and `skip_bad` is false.
            InputError: the archive is damaged, or one of its files is not what it should be.
            UsageError: it is one file out of an archive.
        """
        if path.suffix.lower() == ".js" and not path.is_dir():
            raise UsageError(f"{path.name} is one file of an X archive.", hint="add the complete zip or folder.")
        with members(path, lambda name: told_by(name) is not None) as archive:
            layout = Layout(archive.names)
            if len(layout.roots) > 1:
                raise InputError(
                    f"{path.name} contains more than one archive ({', '.join(layout.roots[:3])}).",
                    hint="add one after the other.",
                )
            return _Reader(archive, layout, con).read(skip_bad)


class _Reader:
    """Reads one archive, file by file."""

    def __init__(self, archive: Members, layout: Layout, con: duckdb.DuckDBPyConnection) -> None:
        self.archive, self.layout = archive, layout
        self.rows, self.problems = Rows(con), Problems(archive.archive)
        self.manifest = self._one("manifest")
        self.owner = self._owner()
        self.tweets = Tweets(self.rows, self.owner)

    def read(self, skip_bad: bool) -> ReadResult:
        """All of it."""
        try:
            self._profile()
        except TypeError as error:
            self.problems.add(f"is not a valid X archive profile ({error})", None)
        for kind, taken in (("follower", self._follower), ("following", self._following)):
            self._each(self.layout.of(kind), taken, kind)
        self._each(self.layout.of("note-tweet"), self.tweets.note, "noteTweet")
        for kind in _TWEETS:
            self._each(self.layout.of(kind), self.tweets.tweet, "tweet")
        self._each(self.layout.of("month"), self.tweets.tweet, "tweet")
        if not self.layout.of(*_TWEETS, "month"):
            self._tables()
        self._each(self.layout.of("like"), self.tweets.like, "like")
        self.tweets.settle()
        intake = finish(XArchiveSource.name, self.rows, self.problems, self._notes(), skip_bad=skip_bad, whole=False)
        return replace(intake, lists=self._coverage(), account_id=self.owner.account, closer_look=False)

    # -- whose archive it is ------------------------------------------------------------------------------

    def _owner(self) -> Owner:
        account = self._one("account")
        details = self._one("user_details")
        told = _inside(self.manifest, "userInfo")
        identifier = account.get("accountId") or told.get("accountId") or details.get("id")
        handle = account.get("username") or told.get("userName") or details.get("screen_name")
        made = _inside(self.manifest, "archiveInfo").get("generationDate")
        made = made or iso_time(self._one("payload_details").get("created_at"))
        try:
            return Owner(identifier, handle, made if isinstance(made, str) else None)
        except ValueError:
            raise InputError(
                f"{self.archive.archive} does not identify its account: it has no account.js with an id.",
                hint="add the complete archive; if X sent several zips, unpack them into one folder.",
            ) from None

    def _profile(self) -> None:
        account, details, profile = self._one("account"), self._one("user_details"), self._one("profile")
        about = _inside(profile, "description")
        picture = profile.get("avatarMediaUrl")
        verified = self._one("verified").get("verified")
        row = {
            "account_id": self.owner.account,
            "platform": "x",
            "handle": self.owner.handle,
            "display_name": plain(account.get("accountDisplayName") or details.get("full_name")),
            "bio": plain(about.get("bio", details.get("bio"))),
            "website": plain(about.get("website")),
            "created_at": iso_time(account.get("createdAt") or details.get("created_at")),
            "default_avatar": None if picture is None else truth(_DEFAULT_PICTURE in str(picture)),
            "verified": truth(verified),
            "observed_at": self.owner.observed_at,
        }
        self.rows.account(row, whole=True)

    def _one(self, kind: str) -> Object:
        """The object that a file of one entry holds; empty where there is no such file."""
        for name in self.layout.of(kind):
            content = decoded(name, self.archive.read(name), Any, self.problems.replaced)
            entry = content[0] if isinstance(content, list) and content else content
            if isinstance(entry, dict):
                inner = entry.get(kind)
                return inner if isinstance(inner, dict) else entry
        return {}

    # -- what it holds ------------------------------------------------------------------------------------

    def _each(self, names: list[str], take: Callable[[Object], None], wrapped: str) -> None:
        """Hand on every entry of some files, out of the object that newer archives wrap it in."""
        for name in names:
            self.problems.file = name
            entries = decoded(name, self.archive.read(name), list[msgspec.Raw], self.problems.replaced)
            for number, raw in enumerate(entries, 1):
                try:
                    entry = decode_json(raw, replaced=self.problems.replaced)
                    take(entry[wrapped] if isinstance(entry.get(wrapped), dict) else entry)
                except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
                    reason = f"has no {error}" if isinstance(error, KeyError) else str(error)
                    self.problems.add(f"is not a valid {wrapped} of an X archive ({reason[:120]})", None, number)
                self.rows.flush(at=BATCH_ROWS)

    def _follower(self, entry: Object) -> None:
        self.rows.follow(_listed(entry), self.owner.account, None, self.owner.observed_at)

    def _following(self, entry: Object) -> None:
        self.rows.follow(self.owner.account, _listed(entry), None, self.owner.observed_at)

    def _tables(self) -> None:
        """The tweets out of the table that browsable archives hold beside the months."""
        for name in self.layout.of("csv"):
            self.problems.file = name
            text = io.StringIO(decode_text(self.archive.read(name), self.problems.replaced), newline="")
            table = csv.DictReader(text)
            if "tweet_id" not in (table.fieldnames or []):
                raise InputError(
                    f"{name} is not a table of tweets: it has no tweet_id.", hint="add the complete archive."
                )
            for row in table:
                try:
                    self.tweets.tweet(_out_of_table(row))
                except (TypeError, ValueError) as error:
                    self.problems.add(f"is not a valid tweet of an X archive ({str(error)[:120]})", table.line_num)
                self.rows.flush(at=BATCH_ROWS)

    # -- what has to be said of it ------------------------------------------------------------------------

    def _missing_parts(self, kind: str) -> list[str]:
        """Files that the archive says it has, and has not."""
        told = objects(_inside(_inside(self.manifest, "dataTypes"), kind).get("files"))
        here = {name.rpartition("/")[2] for name in self.archive.names}
        names = [str(file.get("fileName")).rpartition("/")[2] for file in told]
        return [name for name in names if name not in here]

    def _is_whole(self, kind: str) -> bool:
        return bool(self.layout.of(kind)) and not self._missing_parts(kind)

    def _coverage(self) -> tuple[ListCoverage, ...]:
        """How completely the archive holds each list; who responded is not in any archive."""
        owner, made = self.owner.account, self.owner.observed_at
        held = [
            ListCoverage(owner, name, "complete", observed_at=made)
            if self._is_whole(kind)
            else ListCoverage(owner, name, "partial", "parts_missing", observed_at=made)
            for kind, name in _LIST_NAMES.items()
            if self.layout.of(kind) or self._missing_parts(kind)
        ]
        return (*held, *own_activity_only(owner, made))

    def _notes(self) -> list[str]:
        notes = [RECEIVED + f" Collect them with: headcount add @{self.owner.handle or 'name'}"]
        for kind, what in (("follower", "followers"), ("following", "accounts followed")):
            if not self.layout.of(kind):
                notes.append(f"It contains no list of {what}.")
        lost = [name for kind in (*_LISTS, "tweets", "like") for name in self._missing_parts(kind)]
        if lost:
            notes.append(
                f"It is incomplete: {', '.join(lost[:5])} {'is' if len(lost) == 1 else 'are'} not in it; "
                "add the other parts too."
            )
        nobody = [
            f"{number:,} {what}"
            for number, what in (
                (self.tweets.likes_without_author, "likes"),
                (self.tweets.quotes_without_author, "quotes"),
                (self.tweets.retweets_without_author, "retweets"),
            )
            if number
        ]
        if nobody:
            notes.append(f"The authors of these posts are unknown, so they are not counted: {', '.join(nobody)}.")
        return notes


def _inside(thing: Object, name: str) -> Object:
    """The object inside of another; an empty one where there is none."""
    value = thing.get(name)
    return value if isinstance(value, dict) else {}


def _listed(entry: Object) -> str:
    account = key(entry.get("accountId"))
    if account is None:
        raise ValueError("it has no accountId")
    return account


def _out_of_table(row: dict[str, Any]) -> Object:
    """A row of tweets.csv as the months hold it."""
    made: Object = {
        "id_str": row.get("tweet_id"),
        "created_at": row.get("timestamp"),
        "text": row.get("text"),
        "in_reply_to_status_id_str": row.get("in_reply_to_status_id"),
        "in_reply_to_user_id_str": row.get("in_reply_to_user_id"),
        "entities": {
            "urls": [{"expanded_url": link} for link in str(row.get("expanded_urls") or "").split(",") if link]
        },
    }
    if row.get("retweeted_status_id"):
        user = {"id_str": row.get("retweeted_status_user_id")}
        made["retweeted_status"] = {"id_str": row["retweeted_status_id"], "user": user}
    return made
