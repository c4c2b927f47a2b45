"""Invalid characters, wherever text or JSON is decoded: one is replaced and counted, nothing else is lost."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path

import duckdb
import pytest
from tests.sources import archives as built

import headcount
from headcount.sources.bluesky.car import decode_car
from headcount.sources.collect.landing import Landing
from headcount.sources.formats.decoding import Replaced, decode_json, decode_text


@pytest.mark.parametrize(
    ("body", "value", "count"),
    [
        (rb'{"a": "x\ud83d"}', {"a": "x\ufffd"}, 1),
        (rb'{"a": "\ude00x"}', {"a": "\ufffdx"}, 1),
        (rb'{"a": "\uD83D\uDE00\uD83D"}', {"a": "😀\ufffd"}, 1),
        (rb'{"a": "\\ud83d \\\\\ud83d"}', {"a": "\\ud83d \\\\\ufffd"}, 1),
        (rb'{"\ud83d": 1}', {"\ufffd": 1}, 1),
        (b'{"a": "\xff", "b": "\xe9t\xe9"}', {"a": "\ufffd", "b": "\ufffdt\ufffd"}, 3),
        (b'{"a": "\xed\xa0\xbd\xed\xb8\x80"}', {"a": "😀"}, 0),  # both halves, each written as UTF-8
        (b'{"a": "\xed\xa0\xbd"}', {"a": "\ufffd"}, 1),
        (b'{"a": "\xf0\x9f\x98"}', {"a": "\ufffd"}, 1),
        ('{"a": "\ufffd"}'.encode(), {"a": "\ufffd"}, 0),
        (b"\xef\xbb\xbf" + b"[1]", [1], 0),
        ('{"a": "é"}'.encode("utf-16"), {"a": "é"}, 0),
    ],
)
def test_an_invalid_character_in_json(body: bytes, value: object, count: int) -> None:
    replaced = Replaced()
    assert decode_json(body, replaced=replaced) == value
    assert replaced.count == count


@pytest.mark.parametrize("body", [b'{"a": "\\ud83', b'{"a": "\xff"', b"\xff", rb'{"a": \ud83d}', b""])
def test_broken_json_is_not_repaired(body: bytes) -> None:
    replaced = Replaced()
    with pytest.raises(ValueError):  # noqa: PT011 (msgspec's or Python's own)
        decode_json(body, replaced=replaced)
    assert replaced.count == 0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_the_encoding_is_recognised(encoding: str) -> None:
    text = "account_id;bio\r\nx:1;naïve “quotes” – 5 €\r\n"
    replaced = Replaced()
    assert decode_text(text.encode(encoding), replaced).removeprefix("\ufeff") == text
    assert replaced.count == 0


def test_one_bad_byte_does_not_turn_utf8_into_another_encoding() -> None:
    replaced = Replaced()
    assert decode_text("Zoë – naïve".encode() + b" \xff", replaced) == "Zoë – naïve \ufffd"
    assert replaced.count == 1


def _rows(workspace: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(next(workspace.glob("*.duckdb"))), read_only=True) as con:
        return con.execute(sql).fetchall()


def _notes(notes: tuple[str, ...]) -> list[str]:
    return [note for note in notes if "invalid character" in note]


def test_the_archive_of_x(tmp_path: Path) -> None:
    files = built.modern()
    tweet = built.tweet(1009, "RT @dora: half", mentions=[built.mention(built.DORA, "dora", 3, "DHALF")])
    halved = built.ytd("tweets", [{"tweet": tweet}]).replace("half", r"half \ud83d").replace("DHALF", r"D\ude00")
    path = built.zipped(tmp_path / "a.zip", files | {"data/tweets.js": halved, "data/like.js": built.ytd("like", [])})
    imported = headcount.open(tmp_path / "ws").add(path)
    assert _rows(tmp_path / "ws", "SELECT text FROM posts WHERE post_id = 'x:1009'") == [("RT @dora: half \ufffd",)]
    assert _notes(imported.notes) == [
        "a.zip: 2 invalid characters were replaced (half of an emoji, or bytes that are not UTF-8)."
    ]


def test_the_archive_of_mastodon(tmp_path: Path) -> None:
    files = built.mastodon()
    files["outbox.json"] = str(files["outbox.json"]).replace("Who is there?", r"Who \ud83d").encode()
    files["following_accounts.csv"] = "sep=;\r\n" + built.FOLLOWED.replace(",", ";").replace("\n", "\r\n")
    files["following_accounts.csv"] = str(files["following_accounts.csv"]).encode("utf-16")
    path = built.zipped(tmp_path / "a.zip", files)
    imported = headcount.open(tmp_path / "ws").add(path)
    assert len(_notes(imported.notes)) == 1
    assert "a.zip: 1 invalid character was" in _notes(imported.notes)[0]
    assert _rows(tmp_path / "ws", "SELECT count(*) FROM posts WHERE text LIKE 'Who \ufffd%'") == [(1,)]
    assert _rows(tmp_path / "ws", "SELECT count(*) FROM follows") == [(len(built.FOLLOWED.splitlines()) - 1,)]


@pytest.mark.parametrize("before", [b"", b"\n", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_names_in_a_zip_and_bytes_before_it(before: bytes, tmp_path: Path) -> None:
    path = built.zipped(tmp_path / "a.zip", {**built.modern(), "data/tweets_media/héé.png": b"x"})
    path.write_bytes(before + path.read_bytes().replace("héé".encode(), b"h\xff\xffxx"))
    with pytest.raises(UnicodeDecodeError):
        zipfile.ZipFile(path)
    assert headcount.open(tmp_path / "ws").add(path).read["posts"] == 6


def test_tidy_tables(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "accounts.jsonl").write_bytes(b'{"account_id": "x:1", "bio": "\\ud83d \xff \xc3\xa9"}\n')
    (folder / "posts.csv").write_bytes("post_id,author_id,text\nx:5,x:1,é ü ".encode() + b"\xed\xa0\xbd!\n")
    imported = headcount.open(tmp_path / "ws").add(folder)
    assert _rows(tmp_path / "ws", "SELECT bio FROM accounts") == [("\ufffd \ufffd é",)]
    assert _rows(tmp_path / "ws", "SELECT text FROM posts") == [("é ü \ufffd!",)]
    assert [note.partition(":")[0] for note in _notes(imported.notes)] == ["accounts.jsonl", "posts.csv"]
    assert "2 invalid characters" in _notes(imported.notes)[0]


def test_a_page_of_a_server_counts_once_however_often_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.landing"
    with Landing(path, write=True) as landing:
        landing.put("profile", "https://a.example/1", 200, {}, rb'{"bio": "half \ud83d"}')
        landing.put("profile", "https://a.example/2", 200, {}, b'{"bio": "\xff"}')
    with Landing(path) as landing:
        for _ in range(2):
            assert [page.json["bio"] for page in landing.pages()] == ["half \ufffd", "\ufffd"]
        assert len(_notes(tuple(landing.notes()))) == 1
        assert "2 invalid characters" in landing.notes()[0]
    with sqlite3.connect(path) as con:
        assert con.execute("SELECT count(*) FROM notes").fetchone() == (0,)
    con.close()


@pytest.mark.shared
def test_text_in_a_repository(shared_data: Path) -> None:
    """Our decoder gives what libipld gives, and where libipld refuses the file, all but the one character."""
    path = sorted((shared_data / "fixtures/bluesky").glob("*.repo.car"))[0]
    car = path.read_bytes()
    header, blocks = decode_car(car, Replaced())
    at = car.find(b"dtextx") + len("dtextx") + 4
    replaced = Replaced()
    damaged_header, damaged = decode_car(car[:at] + b"\xff" + car[at + 1 :], replaced)
    assert damaged_header == header
    assert list(damaged) == list(blocks)
    different = [address for address in blocks if blocks[address] != damaged[address]]
    assert len(different) == 1
    assert replaced.count == 1
    assert json.dumps(damaged[different[0]]["text"]).count(r"\ufffd") == 1
