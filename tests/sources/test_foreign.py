"""Files of other programs and formats: each is named for what it is, with what to do, and nothing of it is imported."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from tests.sources import archives as built

import headcount
from headcount.errors import InputError, UsageError
from headcount.sources import find_source

Build = Callable[[Path], Path]

TWEET = {"id": "1", "author_id": "2", "text": "hello", "created_at": "2022-03-05T10:00:00.000Z"}
NOTE = {
    "id": "9abc",
    "createdAt": "2026-01-01T00:00:00.000Z",
    "text": "hi",
    "replyId": None,
    "renoteId": None,
    "visibility": "public",
    "localOnly": False,
}
SNSCRAPE = {
    "url": "https://twitter.com/m/status/1",
    "date": "2022-03-05T10:00:00+00:00",
    "id": 1,
    "user": {"username": "m", "id": 7, "displayname": "M", "followersCount": 3},
    "conversationId": 1,
}
TWINT = {
    "id": 1,
    "conversation_id": "1",
    "created_at": "2019-01-01 UTC",
    "user_id": 7,
    "username": "m",
    "tweet": "hi",
    "replies_count": 0,
    "retweets_count": 0,
    "likes_count": 1,
}
TWSCRAPE = {
    "id": 1,
    "id_str": "1",
    "url": "x",
    "date": "2022-03-05 10:00:00+00:00",
    "user": {"id": 7, "id_str": "7", "username": "m", "displayname": "M"},
    "rawContent": "hi",
}
STATUS = {
    "id": "11",
    "created_at": "2026-02-01T10:00:00.000Z",
    "content": "<p>hi</p>",
    "account": {"id": "1", "username": "ana", "acct": "ana"},
}
KENSANATA = {
    "version": 3,
    "account": {"id": "1", "username": "ana", "acct": "ana"},
    "statuses": [STATUS],
    "favourites": [],
    "followers": [],
}
INSTAGRAM = [
    {
        "title": "",
        "media_list_data": [],
        "string_list_data": [{"href": "https://www.instagram.com/a", "value": "a", "timestamp": 1}],
    }
]


def content(name: str, data: str | bytes) -> Build:
    def build(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        return path

    return build


def jsonl(*objects: Any, name: str = "t.jsonl") -> Build:
    return content(name, "".join(json.dumps(thing) + "\n" for thing in objects))


def zipped(name: str, *inside: str, data: str = "x") -> Build:
    return lambda folder: built.zipped(folder / name, dict.fromkeys(inside, data))


def directory(**files: str | bytes) -> Build:
    def build(folder: Path) -> Path:
        for name, data in files.items():
            content(name.replace("__", "."), data)(folder)
        return folder

    return build


def sqlite(folder: Path) -> Path:
    con = sqlite3.connect(folder / "twitter.db")
    con.execute("CREATE TABLE tweets (id INTEGER)")
    con.commit()
    con.close()
    return folder / "twitter.db"


def parquet(folder: Path) -> Path:
    duckdb.connect().execute(f"COPY (SELECT 1 AS a) TO '{folder / 'x.parquet'}' (FORMAT parquet)")
    return folder / "x.parquet"


def duck(folder: Path) -> Path:
    duckdb.connect(str(folder / "w.duckdb")).close()
    return folder / "w.duckdb"


def plain_tar(folder: Path) -> Path:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as file:
        entry = tarfile.TarInfo("accounts.csv")
        file.addfile(entry, io.BytesIO(b""))
    return content("tables.backup", stream.getvalue())(folder)


def numbers(folder: Path) -> Path:
    stream = io.BytesIO()
    np.save(stream, np.arange(3))
    return content("a.npy", stream.getvalue())(folder)


FOREIGN: list[tuple[str, Build, str]] = [
    # JSON of other programs
    ("snscrape", jsonl(SNSCRAPE | {"_type": "snscrape.modules.twitter.Tweet"}), "written by snscrape"),
    ("snscrape before 0.4", jsonl(SNSCRAPE | {"content": "hi", "renderedContent": "hi"}), "written by snscrape"),
    (
        "snscrape users",
        jsonl({"username": "m", "displayname": "M", "followersCount": 3, "id": 7}),
        "written by snscrape",
    ),
    ("snscrape, a list over lines", content("t.json", json.dumps([SNSCRAPE], indent=1)), "written by snscrape"),
    ("snscrape, gzip", content("t.jsonl.gz", gzip.compress(json.dumps(SNSCRAPE).encode())), "written by snscrape"),
    ("snscrape, utf-16", content("t.jsonl", json.dumps(SNSCRAPE).encode("utf-16")), "written by snscrape"),
    ("snscrape, named like a table", jsonl(SNSCRAPE, name="posts.jsonl"), "written by snscrape"),
    ("twscrape", jsonl(TWSCRAPE), "written by twscrape"),
    ("twscrape, as a list", content("t.json", json.dumps([TWSCRAPE])), "written by twscrape"),
    (
        "twscrape users",
        jsonl({"id": 7, "id_str": "7", "username": "m", "displayname": "M", "rawDescription": "hi"}),
        "written by twscrape",
    ),
    ("twint", jsonl(TWINT), "written by twint"),
    (
        "twint users",
        jsonl({"id": 7, "username": "m", "join_date": "1 Jan 2015", "join_time": "1:00", "followers": 3}),
        "written by twint",
    ),
    ("misskey notes", content("notes.json", json.dumps([NOTE])), "data of Misskey's"),
    (
        "misskey api",
        jsonl({"id": "9", "createdAt": "x", "userId": "8", "user": {"username": "a"}, "text": "hi"}),
        "data of Misskey's",
    ),
    ("mastodon-archive", content("s.user.ana.json", json.dumps(KENSANATA)), "archive made by mastodon-archive"),
    (
        "mastodon-archive, indented",
        content("s.json", json.dumps(KENSANATA, indent=2)),
        "archive made by mastodon-archive",
    ),
    ("mastodon statuses", jsonl(STATUS), "API of Mastodon, Pleroma or Akkoma"),
    ("mastodon followers", content("f.json", json.dumps([STATUS["account"]])), "API of Mastodon, Pleroma or Akkoma"),
    ("bluesky profiles", jsonl({"did": "did:plc:a", "handle": "a.example"}), "API of Bluesky"),
    (
        "bluesky feed",
        content("f.json", json.dumps({"feed": [{"post": {"uri": "at://x", "author": {"did": "did:plc:a"}}}]})),
        "API of Bluesky",
    ),
    ("ids of v1.1", content("f.json", '{"ids": [77, 78], "next_cursor": 0}'), "list of ids"),
    ("ids, json", content("f.json", '["1500000000000000001", "1500000000000000002"]'), "list of ids"),
    ("instagram json", content("followers_1.json", json.dumps(INSTAGRAM)), "Instagram or Threads"),
    ("tiktok json", content("user_data_tiktok.json", '{"Activity": {"Follower List": {}}, "Profile": {}}'), "TikTok"),
    ("json of unknown layout", content("x.json", '{"a": 1, "b": {"c": 2}}'), "unknown layout (its fields: a, b)"),
    ("tidy accounts named json", content("accounts.json", '[{"account_id": "x:1"}]'), "rename it to accounts.jsonl"),
    ("json lines named txt", content("t.txt", json.dumps(TWEET)), "contains JSON, but has another extension"),
    # tables
    (
        "twarc csv",
        content("tweets.csv", "id,author_id,text,author.username,__twarc.retrieved_at\n1,2,hi,m,x\n"),
        "twarc2 csv",
    ),
    (
        "twarc csv, named like a table",
        content("posts.csv", "id,author_id,text,author.username\n1,2,hi,m\n"),
        "twarc2 csv",
    ),
    ("twarc csv, semicolons and a mark", content("a.csv", "\ufeffid;author_id;author.username\n1;2;m\n"), "twarc2 csv"),
    ("twarc1 csv", content("a.csv", "id,tweet_url,created_at,parsed_created_at,user_screen_name,text\n"), "json2csv"),
    (
        "twint csv",
        content("a.csv", "id\tconversation_id\ttweet\treplies_count\tretweets_count\tlikes_count\n"),
        "twint wrote",
    ),
    (
        "snscrape csv",
        content("a.csv", ",url,date,rawContent,renderedContent,id\n0,u,d,c,c,1\n"),
        "snscrape's or twscrape's",
    ),
    ("tags", content("a.csv", "id_str,from_user,text,created_at,from_user_id_str\n"), "table of TAGS"),
    ("another table", content("a.csv", "name,age\nana,3\nben,4\n"), "table with the columns name, age"),
    ("ids", content("ids.txt", "1500000000000000001\n1500000000000000002\n"), "list of ids"),
    ("ids, csv with a name", content("ids.csv", "id\n1500000000000000001\n77\n"), "list of ids"),
    ("ids, windows", content("ids.txt", "\ufeff77\r\n78\r\n"), "list of ids"),
    ("handles", content("names.txt", "@ana\nben@server.example\n"), "list of names"),
    ("prose", content("notes.txt", "Dear diary,\nnothing happened today."), "text of an unknown layout"),
    # packed
    ("bz2", content("t.json.bz2", bz2.compress(b"{}" * 50)), "compressed with bzip2"),
    ("xz", content("t.jsonl.xz", lzma.compress(b"{}")), "compressed with xz"),
    ("gzip without its ending", content("t.jsonl", gzip.compress(b"{}")), "rename it to t.jsonl.gz"),
    ("gzip named zip", content("a.zip", gzip.compress(b"{}")), "compressed with gzip"),
    (
        "plain with the ending of gzip",
        content("t.jsonl.gz", json.dumps(TWEET)),
        "has the name of a gzip file, but is not one",
    ),
    ("zstd without its ending", content("t.jsonl", b"\x28\xb5\x2f\xfd\x00"), "rename it to t.jsonl.zst"),
    ("7z", content("a.7z", b"7z\xbc\xaf\x27\x1c\0\4"), "a 7z archive"),
    ("rar", content("a.rar", b"Rar!\x1a\x07\x01\0"), "a RAR archive"),
    ("rar named zip", content("a.zip", b"Rar!\x1a\x07\x01\0"), "a RAR archive"),
    ("one part of several", content("a.zip.001", b"\x01\x02" * 50), "one part of a split archive"),
    ("a download that goes on", content("a.zip.crdownload", b"\x01\x02" * 50), "incomplete download"),
    ("tar of tables without its ending", plain_tar, "a tar archive"),
    (
        "zip of tables",
        zipped("t.zip", "accounts.csv", "follows.csv"),
        "zip archive with accounts.csv, follows.csv. Hint: unpack it",
    ),
    ("zip of zips", zipped("t.zip", "twitter-1.zip", "twitter-2.zip"), "other archives in it"),
    ("zip with nothing", zipped("t.zip"), "an empty zip archive"),
    ("instagram", zipped("i.zip", "connections/followers_and_following/followers_1.json"), "export from Instagram"),
    ("threads", zipped("i.zip", "your_instagram_activity/threads/threads_and_replies.html"), "Instagram or Threads"),
    ("tiktok", zipped("t.zip", "user_data_tiktok.json"), "export from TikTok"),
    ("facebook", zipped("f.zip", "facebook-ana/friends_and_followers/friends.html"), "export from Facebook"),
    # other formats
    (
        "xlsx",
        zipped("t.xlsx", "[Content_Types].xml", "xl/workbook.xml", "xl/worksheets/sheet1.xml"),
        "an Excel workbook",
    ),
    ("xlsx named csv", zipped("t.csv", "[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook"),
    ("ods", zipped("t.ods", "mimetype", "content.xml"), "OpenDocument spreadsheet"),
    ("numbers", zipped("t.numbers", "Index/Document.iwa"), "Numbers spreadsheet"),
    ("xls", content("t.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 50), "Excel workbook of the old format"),
    ("sqlite", sqlite, "an SQLite database"),
    ("duckdb", duck, "a DuckDB database"),
    ("parquet of something else", parquet, "Parquet file that is not named after a table"),
    ("pickle", content("a.pkl", pickle.dumps({"a": 1})), "a Python pickle"),
    ("numpy", numbers, "a NumPy array"),
    ("pdf", content("a.pdf", "%PDF-1.7"), "a PDF"),
    ("picture", content("a.jpg", b"\xff\xd8\xff\xe0"), "a picture"),
    ("page of an error named zip", content("a.zip", "<!DOCTYPE html><html>Sign in</html>"), "a web page"),
    ("page of an error named json", content("a.json", "\n<HTML><head>"), "a web page"),
    ("page of an error named car", content("repo.car", "<html>404"), "a web page"),
    ("page of an error named tar.gz", content("a.tar.gz", "<html>404"), "a web page"),
    (
        "X's page",
        content("Your archive.html", "<!doctype html>\n<html lang='en'>"),
        "of an archive that is unpacked, add the folder",
    ),
    ("graphml", content("g.graphml", '<?xml version="1.0"?>\n<graphml xmlns="x">'), "GraphML or GEXF"),
    ("gexf", content("g.gexf", '<?xml version="1.0"?>\n<gexf>'), "GraphML or GEXF"),
    ("feed", content("a.rss", '<?xml version="1.0"?><rss version="2.0">'), "RSS or Atom"),
    ("car without its ending", content("repo.bin", b"\x3a\xa2eroots\x81\xd8*X"), "rename it so that it ends with .car"),
    ("empty", content("t.jsonl", ""), "is empty"),
    ("blank", content("t.txt", "\n  \n"), "is empty"),
    ("binary", content("t.bin", bytes(range(256))), "binary file of unknown format"),
    # folders
    (
        "folder of parts",
        lambda f: built.zipped(f / "t1.zip", {"data/tweets.js": "x"}).parent,
        "unpack them all into one folder",
    ),
    (
        "folder with one file that is read",
        directory(t__jsonl=json.dumps(TWEET), u__txt="x"),
        "add its files one by one: headcount add",
    ),
    ("folder of another program", directory(t__jsonl=json.dumps(TWINT)), "t.jsonl is written by twint"),
    (
        "folder of tables, one of another program",
        directory(accounts__csv="account_id\nx:1\n", posts__jsonl=json.dumps(TWINT)),
        "posts.jsonl is written by twint",
    ),
    (
        "folder with nothing",
        directory(notes__txt="Dear diary,\nnothing happened today."),
        "contains no readable data (notes.txt)",
    ),
]


@pytest.mark.parametrize(("build", "fragment"), [pytest.param(*case[1:], id=case[0]) for case in FOREIGN])
@pytest.mark.parametrize("skip_bad", [False, True])
def test_each_is_named_with_what_to_do(build: Build, fragment: str, skip_bad: bool, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = build(folder)
    with pytest.raises(UsageError) as caught:
        headcount.open(tmp_path / "ws").add(path, skip_bad=skip_bad)
    assert fragment in str(caught.value)
    assert caught.value.hint
    assert "FILE" not in str(caught.value)
    assert not list((tmp_path / "ws").glob("*.duckdb")) or not headcount.open(tmp_path / "ws").accounts()


def test_an_x_file_of_unknown_objects_is_refused(tmp_path: Path) -> None:
    path = jsonl({"id": "1", "username_history": [], "public_metrics": {}}, {"id": "2", "title": "x"})(tmp_path)
    with pytest.raises(InputError, match="contains no posts, users or lists of the X API v2"):
        headcount.open(tmp_path / "ws").add(path)


def test_a_tweet_of_version_1_without_text_is_named(tmp_path: Path) -> None:
    path = jsonl({"id_str": "1", "user": {"id_str": "7", "screen_name": "m"}, "body": "hi"})(tmp_path)
    with pytest.raises(InputError, match=r"t\.jsonl:1: .*it has no text"):
        headcount.open(tmp_path / "ws").add(path)


@pytest.mark.sampled(8)
@pytest.mark.parametrize(
    "text",
    [
        json.dumps([TWEET, TWEET | {"id": "2"}]),
        json.dumps([TWEET, TWEET | {"id": "2"}], indent=2),
        f"[{json.dumps(TWEET)},\n{json.dumps(TWEET | {'id': '2'})}]",
        json.dumps({"data": [TWEET, TWEET | {"id": "2"}]}, indent=2),
        json.dumps({"data": [TWEET, TWEET | {"id": "2"}]}).replace('"data"', '"meta": {},\n"data"'),
        json.dumps(TWEET) + json.dumps(TWEET | {"id": "2"}),
        json.dumps(TWEET, indent=1) + "\n" + json.dumps(TWEET | {"id": "2"}, indent=1),
        json.dumps(TWEET, indent=1) + json.dumps(TWEET | {"id": "2"}, indent=1),
        "\ufeff" + json.dumps(TWEET) + "\r\n\r\n" + json.dumps(TWEET | {"id": "2"}) + "\r\n",
        json.dumps([TWEET]) + "\n" + json.dumps([TWEET | {"id": "2"}]) + "\n",
        json.dumps(TWEET) + "\n" + json.dumps(TWEET | {"id": "2"}, indent=2),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_json_in_any_layout_is_the_same_json(text: str, encoding: str, tmp_path: Path) -> None:
    path = content("t.json", text.encode(encoding))(tmp_path)
    assert find_source(path).name == "X API v2"
    assert headcount.open(tmp_path / "ws").add(path).read["posts"] == 2


def test_hydrated_tweets_in_a_list_over_lines(tmp_path: Path) -> None:
    tweets = [{"id_str": str(n), "text": "hi", "user": {"id_str": "7", "screen_name": "m"}} for n in (1, 2)]
    path = content("t.json", json.dumps(tweets, indent=1))(tmp_path)
    assert find_source(path).name == "X v1.1"
    assert headcount.open(tmp_path / "ws").add(path).read["posts"] == 2


def test_a_line_that_was_cut_off_costs_itself_only(tmp_path: Path) -> None:
    lines = [
        json.dumps(TWEET),
        '{"id": "3",',
        json.dumps(TWEET | {"id": "2"}),
        '{"id": "4", "text": "he',
        json.dumps(TWEET | {"id": "5"}),
    ]
    path = content("t.jsonl", "\n".join(lines))(tmp_path)
    with pytest.raises(InputError, match=r"t\.jsonl:2: is truncated JSON \(and 1 more\)"):
        headcount.open(tmp_path / "ws").add(path)
    assert headcount.open(tmp_path / "ws").add(path, skip_bad=True).read["posts"] == 3
