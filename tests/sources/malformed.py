"""Inputs that cannot be taken, and what is said of each."""

from __future__ import annotations

import gzip
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
from tests.sources import archives

FOLLOWS = "follower_id,followee_id\n"


@dataclass(frozen=True)
class Malformed:
    """One input.

    Attributes:
        name: what is wrong with it.
        build: makes it in a folder and gives the path to add.
        exit_code: 1 failure, 2 wrong use.
        fragment: part of the one-line message.
    """

    name: str
    build: Callable[[Path], Path]
    exit_code: int
    fragment: str


def text(name: str, content: str | bytes) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        data = content.encode() if isinstance(content, str) else content
        (folder / name).write_bytes(data)
        return folder

    return build


def lone(name: str, content: str) -> Callable[[Path], Path]:
    """A file that is handed in by itself."""
    return lambda folder: text(name, content)(folder) / name


def gzipped(name: str, content: bytes, *, cut: int | None = None) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        (folder / name).write_bytes(gzip.compress(content)[:cut])
        return folder

    return build


def parquet(name: str, query: str, *, cut: int | None = None) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        target = folder / name
        duckdb.sql(query).write_parquet(str(target))
        if cut is not None:
            target.write_bytes(target.read_bytes()[:cut])
        return folder

    return build


def bomb(name: str) -> Callable[[Path], Path]:
    def build(folder: Path) -> Path:
        with gzip.open(folder / name, "wb", compresslevel=1) as file:
            file.write(b"follower_id,followee_id\n")
            block = b"x" * ((1 << 20) - 1) + b"\n"
            for _ in range(260):
                file.write(block)
        return folder

    return build


def twice(folder: Path) -> Path:
    for ending in ("csv", "jsonl"):
        (folder / f"follows.{ending}").write_text(FOLLOWS)
    return folder


def loop(folder: Path) -> Path:
    (folder / "a").symlink_to(folder / "b")
    (folder / "b").symlink_to(folder / "a")
    return folder / "a"


def subfolder(folder: Path) -> Path:
    (folder / "follows.csv").mkdir()
    return folder


def notes(folder: Path) -> Path:
    (folder / "notes.txt").write_text("hello")
    return folder


def x_archive(*, cut: int | None = None, **files: str | bytes) -> Callable[[Path], Path]:
    """An archive of X's; `files` below data/ take the place of others (`_` stands for -; empty: left out)."""

    def build(folder: Path) -> Path:
        content = archives.modern()
        for name, text in files.items():
            content[f"data/{name.replace('_', '-')}.js"] = text
        kept = {name: text for name, text in content.items() if text}
        path = archives.zipped(folder / "x.zip", kept)
        path.write_bytes(path.read_bytes()[:cut])
        return path

    return build


def x_archive_bomb(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "x.zip", "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in archives.modern().items():
            file.writestr(name, text)
        with file.open("data/tweets-part1.js", "w", force_zip64=True) as member:
            for _ in range(260):
                member.write(b" " * (1 << 20))
    return folder / "x.zip"


def flipped(folder: Path) -> Path:
    """One byte of a packed file is another."""
    path = x_archive()(folder)
    data = bytearray(path.read_bytes())
    data[data.find(b"data/tweets.js") + 60] ^= 0xFF
    path.write_bytes(data)
    return path


def mastodon(packing: str = "tar.gz", *, cut: int | None = None, **files: str | bytes | None) -> Callable[[Path], Path]:
    """An archive of Mastodon's; `files` (.json) take the place of others, None leaves one out."""

    def build(folder: Path) -> Path:
        content = archives.mastodon() | {"big.bin": os.urandom(40_000)}
        for name, text in files.items():
            content.pop(f"{name}.json")
            content |= {f"{name}.json": text} if text is not None else {}
        pack = archives.tarred if packing == "tar.gz" else archives.zipped
        path = pack(folder / f"archive-20260301095812-1.{packing}", content)
        path.write_bytes(path.read_bytes()[:cut])
        return path

    return build


def tar_bomb(folder: Path) -> Path:
    files = archives.mastodon() | {"media_attachments/a.png": bytes(260 << 20)}
    return archives.tarred(folder / "x.tar.gz", files)


def account(**values: object) -> str:
    return ",".join(values) + "\n" + ",".join(str(value) for value in values.values()) + "\n"


MALFORMED = [
    Malformed("nothing there", lambda folder: folder / "nowhere", 2, "There is no file or folder"),
    Malformed("empty folder", lambda folder: folder, 2, "is empty"),
    Malformed("folder without a table", notes, 2, "is not a folder of tables or an archive"),
    Malformed("symlink loop", loop, 2, "There is no file or folder"),
    Malformed("folder named like a table", subfolder, 1, "is a folder"),
    Malformed("table twice", twice, 1, "contains follows twice"),
    Malformed(
        "zip archive",
        lambda f: archives.zipped(f / "t.zip", {"a.txt": "a"}),
        2,
        "is a zip archive with a.txt. Hint: unpack it",
    ),
    Malformed("four bytes of a zip", lambda f: text("t.zip", b"PK\x03\x04")(f) / "t.zip", 1, "truncated or damaged"),
    Malformed("X archive cut off", x_archive(cut=1500), 1, "x.zip is a zip archive that is truncated or damaged"),
    Malformed("X archive with a flipped byte", flipped, 1, "data/tweets.js in x.zip cannot be unpacked"),
    Malformed("X archive, encrypted", lambda f: archives.encrypted(x_archive()(f)), 1, "x.zip is encrypted"),
    Malformed("X archive, a bomb", x_archive_bomb, 1, "looks like a zip bomb"),
    Malformed(
        "X archive, a path that leads out of it",
        lambda f: archives.zipped(f / "x.zip", archives.modern() | {"../../etc/passwd": "x"}),
        1,
        "which is outside of it",
    ),
    Malformed("X archive without account.js", x_archive(account="", manifest=""), 1, "does not identify its account"),
    Malformed("X archive, a file without window.YTD", x_archive(follower="[1]"), 1, "does not start with window.YTD"),
    Malformed(
        "X archive, a file that is cut off",
        x_archive(tweets='window.YTD.tweets.part0 = [ { "tweet" : {'),
        1,
        "data/tweets.js is truncated JSON",
    ),
    Malformed(
        "X archive, an object for a list",
        x_archive(follower='window.YTD.follower.part0 = { "a" : 1 }'),
        1,
        "data/follower.js has an unexpected structure",
    ),
    Malformed(
        "X archive, a tweet without an id",
        x_archive(tweets=archives.ytd("tweets", [{"tweet": {"full_text": "hi"}}])),
        1,
        "data/tweets.js: value 1 of the list",
    ),
    Malformed(
        "X archive, a table without ids",
        lambda f: archives.zipped(f / "x.zip", archives.browsable(months=False) | {"tweets.csv": "a,b\n1,2\n"}),
        1,
        "tweets.csv is not a table of tweets",
    ),
    Malformed(
        "one file of an X archive",
        lambda f: text("follower.js", archives.ytd("follower", []))(f) / "follower.js",
        2,
        "one file of an X archive",
    ),
    Malformed("Mastodon archive cut off", mastodon(cut=30_000), 1, "cannot be unpacked: it is truncated or damaged"),
    Malformed(
        "text named tar.gz",
        lambda f: text("x.tar.gz", "hello")(f) / "x.tar.gz",
        2,
        "has the name of a gzip file, but is not one",
    ),
    Malformed("Mastodon archive, a bomb", tar_bomb, 1, "looks like a zip bomb"),
    Malformed("Mastodon archive, encrypted", lambda f: archives.encrypted(mastodon("zip")(f)), 1, "zip is encrypted"),
    Malformed(
        "tar archive of something else",
        lambda f: archives.tarred(f / "x.tar.gz", {"a.txt": "a"}),
        1,
        "is not a Mastodon archive",
    ),
    Malformed(
        "Mastodon archive, a path that leads out of it",
        lambda f: archives.tarred(f / "x.tar.gz", archives.mastodon() | {"../a": "x"}),
        1,
        "which is outside of it",
    ),
    Malformed("Mastodon archive, empty outbox.json", mastodon(outbox=""), 1, "outbox.json is truncated JSON"),
    Malformed(
        "Mastodon archive, broken outbox.json", mastodon(outbox='{"orderedItems": [{]'), 1, "outbox.json is not JSON"
    ),
    Malformed(
        "Mastodon archive, a list for the outbox", mastodon(outbox="[]"), 1, "outbox.json has an unexpected structure"
    ),
    Malformed(
        "Mastodon archive, no address in it", mastodon(actor="{}", outbox="{}"), 1, "does not identify its account"
    ),
    Malformed(
        "Mastodon archive, items that are none",
        mastodon(outbox=archives.collection("outbox.json", [1, "x"])),
        1,
        "outbox.json: value 1 of the list: is not a valid activity",
    ),
    Malformed(
        "list of accounts followed, without its owner",
        lambda f: text("following_accounts.csv", archives.FOLLOWED)(f) / "following_accounts.csv",
        2,
        "does not identify its account",
    ),
    Malformed("minet, short row", lone("m.csv", "user_id,cursor,follower_id\n1,,2\n1,\n"), 1, "m.csv:3: expected"),
    Malformed(
        "minet, no id", lone("m.csv", "user_id,cursor,follower_id\n1,,x\n"), 1, "m.csv:2: is not a valid minet row"
    ),
    Malformed("minet, a handle only", lone("m.csv", "name,cursor,follower_id\nana,,2\n"), 1, "without an id"),
    Malformed("minet, no such columns", lone("m.csv", "user_id,follower_ids\n1,2\n"), 2, "is a table with the columns"),
    Malformed("photo", lambda f: text("me.png", b"\x89PNG")(f) / "me.png", 2, "is a picture"),
    Malformed("empty file", text("follows.csv", ""), 1, "is empty"),
    Malformed("empty parquet", text("follows.parquet", ""), 1, "follows.parquet cannot be read"),
    Malformed("binary named csv", text("follows.csv", bytes(range(256)) * 40), 1, "binary"),
    Malformed("nul bytes in csv", text("follows.csv", FOLLOWS + "x:1\0,x:2\n"), 1, "binary"),
    Malformed("parquet named csv", text("follows.csv", b"PAR1" + b"\0" * 100), 1, "is a Parquet file"),
    Malformed("zip named csv", text("follows.csv", b"PK\x03\x04aaaa"), 1, "is a zip archive"),
    Malformed("gzip named csv", text("follows.csv", gzip.compress(b"a,b\n")), 2, "is compressed with gzip"),
    Malformed("csv named parquet", text("follows.parquet", FOLLOWS + "x:1,x:2\n"), 1, "cannot be read"),
    Malformed("text named gzip", text("follows.csv.gz", FOLLOWS), 2, "has the name of a gzip file, but is not one"),
    Malformed("gzip cut off", gzipped("follows.csv.gz", os.urandom(5000), cut=3000), 1, "cannot be unpacked"),
    Malformed("zip bomb", bomb("follows.csv.gz"), 1, "zip bomb"),
    Malformed("zip bomb in json", bomb("follows.jsonl.gz"), 1, "zip bomb"),
    Malformed(
        "parquet cut off",
        parquet(
            "follows.parquet", "SELECT 'x:' || range AS follower_id, 'x:0' AS followee_id FROM range(1, 9000)", cut=900
        ),
        1,
        "cannot be read",
    ),
    Malformed("parquet without ids", parquet("follows.parquet", "SELECT 1 AS position"), 1, "no column 'follower_id'"),
    Malformed(
        "parquet with a nested id",
        parquet("follows.parquet", "SELECT {'a': 1} AS follower_id, 'x:1' AS followee_id"),
        1,
        "contains STRUCT",
    ),
    Malformed(
        "parquet with binary ids",
        parquet("follows.parquet", "SELECT 'ab'::BLOB AS follower_id, 'x:1' AS followee_id"),
        1,
        "contains BLOB",
    ),
    Malformed(
        "parquet with a missing id",
        parquet("follows.parquet", "FROM (VALUES ('x:2', 'x:1'), (NULL, 'x:1')) AS t(follower_id, followee_id)"),
        1,
        "follows.parquet:2: follower_id is missing",
    ),
    Malformed(
        "parquet count beyond 64 bits",
        parquet("accounts.parquet", "SELECT 'x:1' AS account_id, 18446744073709551615::UBIGINT AS followers_count"),
        1,
        "is not an integer",
    ),
    Malformed(
        "parquet with half a follower",
        parquet("accounts.parquet", "SELECT 'x:1' AS account_id, 1.5::DOUBLE AS followers_count"),
        1,
        "is not an integer",
    ),
    Malformed(
        "parquet with nothing in the ids",
        parquet("follows.parquet", "SELECT NULL AS follower_id, 'x:1' AS followee_id"),
        1,
        "follower_id is missing",
    ),
    Malformed(
        "parquet with ids that were rounded",
        parquet("follows.parquet", "SELECT 1.23e18::DOUBLE AS follower_id, 'x:1' AS followee_id"),
        1,
        "contains DOUBLE, not text",
    ),
    Malformed(
        "parquet with an infinite time",
        parquet("accounts.parquet", "SELECT 'x:1' AS account_id, TIMESTAMP 'infinity' AS created_at"),
        1,
        "not a time: infinity",
    ),
    Malformed("no header", text("follows.csv", "x:1,x:2\nx:3,x:2\n"), 1, "no header with known columns"),
    Malformed("header of another table", text("follows.csv", "post_id,author_id\n1,2\n"), 1, "no column 'follower_id'"),
    Malformed("one id column missing", text("follows.csv", "follower_id\nx:1\n"), 1, "no column 'followee_id'"),
    Malformed("column twice", text("follows.csv", "follower_id,followee_id,follower_id\na,b,c\n"), 1, "twice"),
    Malformed(
        "id missing", text("follows.csv", FOLLOWS + "x:2,x:1\n,x:1\n"), 1, "follows.csv:3: follower_id is missing"
    ),
    Malformed("id blank", text("follows.csv", FOLLOWS + "   ,x:1\n"), 1, "follows.csv:2: follower_id is missing"),
    Malformed("id with control characters", text("follows.csv", FOLLOWS + "x:\x071,x:1\n"), 1, "control characters"),
    Malformed("column twice in other letters", text("accounts.csv", "account_id,ACCOUNT_ID\nx:1,x:2\n"), 1, "twice"),
    Malformed(
        "id rounded by a spreadsheet",
        text("accounts.csv", account(account_id="1.23457E+18")),
        1,
        "number that was rounded",
    ),
    Malformed(
        "id that became a float", text("accounts.csv", account(account_id="12345.0")), 1, "number that was rounded"
    ),
    Malformed(
        "utf-16, row too long",
        text("accounts.csv", "account_id,bio\nx:1,Zoë\nx:2,a,b\n".encode("utf-16")),
        1,
        "accounts.csv:3: expected fields: 2 found 3",
    ),
    Malformed(
        "latin-1, row too long",
        text("accounts.csv", "account_id,bio\nx:1,éééé\nx:2,a,b\n".encode("latin-1")),
        1,
        "accounts.csv:3: expected fields: 2 found 3",
    ),
    Malformed("zero bytes", text("accounts.csv", b"account_id\nx:1\0\0\0\n"), 1, "binary"),
    Malformed("row too short", text("follows.csv", FOLLOWS + "x:2,x:1\nx:3\n"), 1, "follows.csv:3:"),
    Malformed("row too long", text("follows.csv", FOLLOWS + "x:2,x:1,x:9\n"), 1, "follows.csv:2:"),
    Malformed("quote never closed", text("follows.csv", FOLLOWS + 'x:2,x:1\n"x:3,x:1\nx:4,x:1\n'), 1, "follows.csv:3:"),
    Malformed(
        "line number behind quoted line breaks",
        text("accounts.csv", 'account_id,bio,posts_count\nx:1,"a\nb\nc",1\nx:2,d,many\n'),
        1,
        "accounts.csv:5: posts_count «many»",
    ),
    Malformed("huge field", text("follows.csv", FOLLOWS + "x:" + "9" * 50_000_000 + ",x:1\n"), 1, "follows.csv"),
    Malformed("negative count", text("accounts.csv", account(account_id="x:1", followers_count=-5)), 1, "«-5»"),
    Malformed("count with a separator", text("accounts.csv", 'account_id,posts_count\nx:1,"1,234"\n'), 1, "«1,234»"),
    Malformed("count beyond 64 bits", text("accounts.csv", account(account_id="x:1", posts_count=2**63)), 1, "integer"),
    Malformed("count in words", text("accounts.csv", account(account_id="x:1", posts_count="many")), 1, "«many»"),
    Malformed(
        "neither yes nor no", text("accounts.csv", account(account_id="x:1", verified="perhaps")), 1, "yes or no"
    ),
    Malformed(
        "invalid platform", text("accounts.csv", account(account_id="x:1", platform="My Space!")), 1, "«My Space!»"
    ),
    Malformed(
        "date of zeros", text("accounts.csv", account(account_id="x:1", created_at="0000-00-00")), 1, "is not a time"
    ),
    Malformed(
        "date without dashes",
        text("accounts.csv", account(account_id="x:1", created_at="20261001")),
        1,
        "created_at «20261001» is not a time",
    ),
    Malformed(
        "time 0", text("accounts.csv", account(account_id="x:1", created_at=0)), 1, "created_at «0» is not a time"
    ),
    Malformed(
        "a word that DuckDB takes for a time",
        text("accounts.csv", account(account_id="x:1", created_at="epoch")),
        1,
        "created_at «epoch» is not a time",
    ),
    Malformed(
        "year 9999", text("accounts.csv", account(account_id="x:1", created_at="9999-12-31")), 1, "is not a time"
    ),
    Malformed(
        "broken list", text("posts.csv", account(post_id="x:1", author_id="x:2", link_domains="[a")), 1, "is not a list"
    ),
    Malformed(
        "date in words", text("accounts.csv", account(account_id="x:1", created_at="yesterday")), 1, "is not a time"
    ),
    Malformed(
        "13th month", text("accounts.csv", account(account_id="x:1", created_at="2026-13-01")), 1, "is not a time"
    ),
    Malformed(
        "unknown kind",
        text("interactions.csv", account(actor_id="x:1", target_id="x:2", kind="poke")),
        1,
        "kind «poke» is not one of",
    ),
    Malformed(
        "kind missing",
        text("interactions.csv", account(actor_id="x:1", target_id="x:2", kind="")),
        1,
        "kind is missing",
    ),
    Malformed(
        "broken json",
        text("follows.jsonl", '{"follower_id": "x:1", "followee_id": "x:2"}\n{"follower_id"\n'),
        1,
        "follows.jsonl:2:",
    ),
    Malformed(
        "json list on a line", text("follows.jsonl", json.dumps(["x:1", "x:2"]) + "\n"), 1, "is JSON but no object"
    ),
    Malformed("json without ids", text("follows.jsonl", '{"position": 1}\n'), 1, "no column 'follower_id'"),
    Malformed(
        "json with a nested id",
        text("follows.jsonl", '{"follower_id": {"a": 1}, "followee_id": "x:1"}\n'),
        1,
        "follows.jsonl:1: follower_id contains a list or an object",
    ),
    Malformed(
        "json with an object for a list",
        text("posts.jsonl", '{"post_id": "x:1", "author_id": "x:2", "link_domains": {"a": 1}}\n'),
        1,
        "posts.jsonl:1: link_domains contains an object",
    ),
    Malformed(
        "json without an id",
        text("follows.jsonl", '\n\n{"follower_id": "x:2", "followee_id": null}\n'),
        1,
        "follows.jsonl:3: followee_id is missing",
    ),
    Malformed(
        "json with a control character",
        text("accounts.jsonl", '{"account_id": "x:1"}\n{"account_id": "x:2", "bio": "a\x01b"}\n'),
        1,
        "accounts.jsonl:2: the line is not JSON",
    ),
    Malformed(
        "json keys that differ in letters only",
        text("accounts.jsonl", '{"account_id": "x:1"}\n{"Account_ID": "x:2"}\n'),
        1,
        "has the column 'account_id' twice",
    ),
    Malformed(
        "json array file",
        text("follows.jsonl", '[\n{"follower_id": "x:1", "followee_id": "x:2"},\n{"follower_id": "x:1"}\n]\n'),
        1,
        "follows.jsonl: value 2: followee_id is missing",
    ),
]
