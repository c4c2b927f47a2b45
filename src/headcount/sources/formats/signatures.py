"""How files of other programs and formats are recognised, and what to do with them instead.

One table: first bytes, fields of the first JSON object, columns of a CSV header, names inside a zip or folder.
`foreign` applies it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from headcount.sources.registry import PLATFORMS
from headcount.wording import listing

__all__ = ["BINARY", "CSV", "INSIDE", "JSON", "TABLES_ADVICE", "Signature"]

_X = (
    "Headcount reads X data as the API returns it (v2 JSON lines as twarc writes them, or v1.1 JSON) "
    "and the archive of your own account"
)
_COLLECT = "collect the account instead: headcount add @name@server"
_SHEET = "save the table as CSV (UTF-8), named accounts, follows, posts or interactions, and add it"
TABLES_ADVICE = "name the file accounts, follows, posts or interactions, with the columns of docs/tables.md"
_PLATFORMS = f"Headcount reads {listing([platform.label for platform in PLATFORMS])}"
_UNPACK = "unpack it and add the file or folder that comes out"


@dataclass(frozen=True)
class Signature:
    """How a file that Headcount does not read is recognised.

    Attributes:
        what: it is, to go on after "FILE is".
        advice: what to do instead.
        magic: matches its first bytes.
        fields: paths of fields in its first JSON object (`user.name`; lists are transparent); all of one set are there.
        columns: of its CSV header; all of one set are there.
        inside: matches the path of a file in the zip or folder.
        named: matches the name of the file.
    """

    what: str
    advice: str
    magic: re.Pattern[bytes] | None = None
    fields: tuple[frozenset[str], ...] = ()
    columns: tuple[frozenset[str], ...] = ()
    inside: re.Pattern[str] | None = None
    named: re.Pattern[str] | None = None


def _sets(*texts: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(text.split()) for text in texts)


def _bytes(what: str, magic: bytes, advice: str, named: str | None = None) -> Signature:
    return Signature(what, advice, re.compile(magic, re.DOTALL), named=re.compile(named) if named else None)


BINARY = (
    _bytes("compressed with bzip2", rb"BZh[1-9]1AY&SY", "unpack it (bunzip2 FILE) and add the file that comes out"),
    _bytes("compressed with xz", rb"\xfd7zXZ\0", "unpack it (xz -d FILE) and add the file that comes out"),
    _bytes("compressed with lz4", rb"\x04\x22\x4d\x18", "unpack it (lz4 -d FILE) and add the file that comes out"),
    _bytes("compressed with compress", rb"\x1f\x9d", "unpack it (uncompress FILE) and add the file that comes out"),
    _bytes("a 7z archive", rb"7z\xbc\xaf\x27\x1c", _UNPACK),
    _bytes("a RAR archive", rb"Rar!\x1a\x07", _UNPACK),
    _bytes("an Excel workbook of the old format (.xls)", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _SHEET),
    _bytes("a PDF", rb"%PDF", "export the data as CSV or JSON and add it"),
    _bytes("a picture", rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP", "add the file with the data instead"),
    _bytes("a DuckDB database", rb".{8}DUCK", "if it is a workspace of Headcount, name its folder with --workspace"),
    _bytes("an Arrow file", rb"ARROW1|FEA1", "save the table as Parquet or CSV and add it"),
    _bytes("an HDF5 file", rb"\x89HDF\r\n", "save the table as Parquet or CSV and add it"),
    _bytes("an ORC file", rb"ORC", "save the table as Parquet or CSV and add it"),
    _bytes("an Avro file", rb"Obj\x01", "save the table as Parquet or CSV and add it"),
    _bytes("a NumPy array", rb"\x93NUMPY", "save the table as Parquet or CSV and add it"),
    _bytes("a Python pickle", rb"\x80[\x02-\x05][\x95}\]ccq(]", "save the table as Parquet or CSV and add it"),
    _bytes("an R data file", rb"RD[AX][23]\n|X\n\0\0\0[\x02\x03]", "save the table as CSV and add it"),
    _bytes(
        "a web page",
        rb"(?i)(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b",
        "if it came instead of a download, sign in and download again; of an archive that is unpacked, add the folder",
    ),
    _bytes("a feed (RSS or Atom)", rb"\s*(?:<\?xml[^>]*>\s*)?<(?:rss|feed)\b", _PLATFORMS + "; " + _COLLECT),
    _bytes(
        "a graph in XML (GraphML or GEXF)",
        rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:graphml|gexf)\b",
        "export its edges as CSV with the columns follower_id and followee_id, named follows.csv",
    ),
)
"""Formats that no source reads, by their first bytes."""

JSON = (
    Signature(
        "written by twscrape",
        _X + ".",
        fields=_sets("id_str rawContent", "id_str rawDescription", "id_str displayname"),
    ),
    Signature(
        "written by snscrape",
        _X + ".",
        magic=re.compile(rb'\s*\[?\s*\{[^{]{0,200}"_type"\s*:\s*"snscrape\.'),
        fields=_sets("renderedContent url", "user.displayname user.username", "displayname followersCount username"),
    ),
    Signature(
        "written by twint", _X + ".", fields=_sets("tweet replies_count likes_count", "username join_date join_time")
    ),
    Signature(
        "an archive made by mastodon-archive",
        "request the archive of your account in Mastodon's settings (Import and export), or " + _COLLECT + ".",
        fields=_sets("account.acct statuses favourites", "account.acct statuses.id"),
    ),
    Signature(
        "data of Misskey's",
        _PLATFORMS + "; accounts on Misskey are seen through the Mastodon API only.",
        fields=_sets(
            "createdAt renoteId",
            "createdAt replyId visibility",
            "createdAt userId noteId",
            "user.username userId createdAt",
        ),
    ),
    Signature(
        "posts or accounts as the API of Mastodon, Pleroma or Akkoma returns them",
        _COLLECT + ", which keeps the answers and continues where it was stopped.",
        fields=_sets("acct username", "account.acct id"),
    ),
    Signature(
        "records or profiles as the API of Bluesky returns them",
        "collect the account instead: headcount add name.bsky.social; its repository (.car) can be added too.",
        fields=_sets(
            "did handle", "author.did uri", "did commit", "feed.post", "post.author.did", "followers.did", "follows.did"
        ),
    ),
    Signature(
        "a list of ids",
        "fetch the objects first, for example: twarc2 users FILE users.jsonl (or twarc2 hydrate for posts).",
        fields=_sets("ids next_cursor"),
    ),
    Signature(
        "part of a data export from Instagram or Threads",
        _PLATFORMS + ".",
        fields=_sets(
            "string_list_data media_list_data", "relationships_following.string_list_data", "text_post_app_text_posts"
        ),
    ),
    Signature("a data export from TikTok", _PLATFORMS + ".", fields=_sets("Activity Profile", "Profile.Profile")),
    Signature(
        "part of a data export from Facebook",
        _PLATFORMS + ".",
        fields=_sets("friends_v2", "followers_v2", "followers_v3"),
    ),
)
"""Layouts of JSON that no source reads, by the fields of the first object."""

CSV = (
    Signature(
        "a table that twarc wrote (twarc2 csv)",
        "add the original JSON lines.",
        columns=_sets(
            "author_id __twarc.retrieved_at",
            "author_id referenced_tweets.replied_to.id",
            "id author.username",
            "id public_metrics.followers_count username",
        ),
    ),
    Signature(
        "a table that twarc wrote (json2csv)",
        "add the original JSON lines.",
        columns=_sets("tweet_url parsed_created_at user_screen_name"),
    ),
    Signature(
        "a table that twint wrote",
        _X + ".",
        columns=_sets("tweet replies_count likes_count", "username join_date join_time"),
    ),
    Signature(
        "a table of snscrape's or twscrape's",
        _X + ".",
        columns=_sets(
            "rawContent", "renderedContent", "user date content", "displayname followersCount", "id_str rawDescription"
        ),
    ),
    Signature("a table of TAGS", _X + ".", columns=_sets("id_str from_user from_user_id_str")),
    Signature(
        "a table of Hydrator",
        "add the original JSON lines.",
        columns=_sets("tweet_url user_screen_name user_followers_count favorite_count"),
    ),
    Signature("LinkedIn's list of connections", _PLATFORMS + ".", columns=_sets("First.Name Last.Name Connected.On")),
)
"""Tables that no source reads, by their columns (blanks in a name are points here)."""

INSIDE = (
    Signature("an Excel workbook", _SHEET + ".", inside=re.compile(r"xl/(?:workbook\.(?:xml|bin)|worksheets/.*)")),
    Signature(
        "an OpenDocument spreadsheet",
        _SHEET + ".",
        inside=re.compile(r"content\.xml"),
        named=re.compile(r"(?i).*\.(?:ods|fods|odt)"),
    ),
    Signature("a Numbers spreadsheet", _SHEET + ".", inside=re.compile(r"Index/(?:Document\.iwa|Tables/.*)")),
    Signature(
        "a data export from Instagram or Threads",
        _PLATFORMS + ".",
        inside=re.compile(
            r"(?:.*/)?(?:followers_and_following/.*|threads_and_replies\.(?:json|html)|your_instagram_activity/.*)"
        ),
    ),
    Signature(
        "a data export from TikTok",
        _PLATFORMS + ".",
        inside=re.compile(r"(?:.*/)?user_data(?:_tiktok)?\.json|(?:.*/)?TikTok/.*"),
    ),
    Signature(
        "a data export from Facebook",
        _PLATFORMS + ".",
        inside=re.compile(r"(?:.*/)?(?:friends_and_followers|connections/friends)/.*"),
    ),
    Signature("a data export from Google", _PLATFORMS + ".", inside=re.compile(r"Takeout/.*")),
    Signature("a data export from LinkedIn", _PLATFORMS + ".", inside=re.compile(r"(?:.*/)?Connections\.csv")),
)
"""Archives that no source reads, by a name inside of them."""
