"""The parsers that read what others wrote, with valid inputs to start from and a way to run each."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import sqlite3
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any
from unittest import mock

import duckdb
import httpx2
import libipld
from tests.collecting.stub import running
from tests.collecting.world import MAIN, Sizes
from tests.conftest import find_shared_data
from tests.fuzz.mutations import mutate_bytes, mutate_file, mutate_value
from tests.mastodon_server.stub import Pages, run_stub
from tests.sources import archives, minet_tables
from tests.x_server.recorded import Recorded
from tests.x_server.server import XServer

import headcount as hc
from headcount.incoming import create_incoming
from headcount.report.render.document import to_json
from headcount.sources import find_source, read_source
from headcount.sources.collect.client import Client, RetryPolicy
from headcount.sources.collect.landing import Landing
from headcount.sources.collect.options import Options

__all__ = ["PARSERS", "Parser", "parser"]

Files = dict[str, bytes]
QUICK = RetryPolicy(tries=2, first=0.0, longest=0.001, blind=0.0, timeout=2, min_limit_wait=0.0)
_WHOLE_IMPORT = 0.1
"""Share of the inputs that are imported into a workspace and reported on, which takes far longer than reading."""


@dataclass(frozen=True)
class Parser:
    """One parser.

    Attributes:
        name: of the parser.
        write: writes the next mutated input into an empty folder and gives the path to hand in.
        run: hands a path in; what it raises is judged by the caller.
    """

    name: str
    write: Callable[[Path, Random], Path]
    run: Callable[[Path, Path, Random], None]


# -- running -------------------------------------------------------------------------------------------------------


def read_input(path: Path, folder: Path, chance: Random) -> None:
    """Read a path as `headcount add` does; now and then import it and report on each account."""
    skip_bad = chance.random() < 0.5
    if chance.random() < _WHOLE_IMPORT:
        workspace = hc.open(folder / "workspace")
        workspace.add(path, skip_bad=skip_bad)
        for account in workspace.accounts()[:1]:
            to_json(workspace.report(account.account_id))
        return
    source = find_source(path)
    with duckdb.connect(config={"threads": 1}) as con:
        create_incoming(con)
        read_source(source, path, con, skip_bad=skip_bad)


def build_network(path: Path, folder: Path, _chance: Random) -> None:
    """Build a graph of the follows as `headcount network` does."""
    from headcount.network.build import build_graph

    build_graph(path, folder / "graph", memory=1 << 28)


# -- files ---------------------------------------------------------------------------------------------------------


def _text(files: dict[str, str | bytes]) -> Files:
    return {name: content.encode() if isinstance(content, str) else content for name, content in files.items()}


def _pack(folder: Path, files: Files, how: str, name: str) -> Path:
    if how == "folder":
        return archives.folder(folder / name, files)  # type: ignore[arg-type]
    if how == "file":
        (folder / (only := next(iter(files)))).write_bytes(files[only])
        return folder / only
    path = folder / (name + (".zip" if how == "zip" else ".tar.gz"))
    out = io.BytesIO()
    if how == "zip":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
            for file, content in files.items():
                packed.writestr(file, content)
    else:
        with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as packed:
            for file, content in files.items():
                entry = tarfile.TarInfo(file)
                entry.size = len(content)
                packed.addfile(entry, io.BytesIO(content))
    path.write_bytes(out.getvalue())
    return path


def file_parser(
    name: str,
    seeds: Callable[[], list[Files]],
    *,
    packing: tuple[str, ...] = ("folder",),
    folder_name: str = "input",
    to_parquet: bool = False,
    run: Callable[[Path, Path, Random], None] = read_input,
) -> Parser:
    """A parser of files: one or two of them are mutated, and now and then the package around them."""
    loaded: list[list[Files]] = []

    def write(folder: Path, chance: Random) -> Path:
        if not loaded:
            loaded.append(seeds())
        files = dict(chance.choice(loaded[0]))
        for _ in range(chance.choice((1, 1, 1, 2))):
            file = chance.choice(list(files))
            if file.endswith(".gz"):
                files[file] = _mutate_gzip(file, files[file], chance)
            elif file.endswith(".car"):
                files[file] = _mutate_car(files[file], chance)
            else:
                files[file] = mutate_file(file, files[file], chance)
        if len(files) > 1 and chance.random() < 0.05:
            del files[chance.choice(list(files))]
        if to_parquet:
            files = {n.replace(".csv", ".parquet"): _as_parquet(text, chance) for n, text in files.items()}
        path = _pack(folder, files, chance.choice(packing), folder_name)
        if path.is_file() and path.suffix in (".zip", ".gz") and chance.random() < 0.1:
            path.write_bytes(mutate_bytes(path.read_bytes(), chance))
        return path

    return Parser(name, write, run)


def _mutate_gzip(name: str, data: bytes, chance: Random) -> bytes:
    try:
        content = gzip.decompress(data)
    except (OSError, EOFError, zlib.error):  # mutated before
        return mutate_bytes(data, chance)
    if chance.random() < 0.1:
        return mutate_bytes(data, chance)
    return gzip.compress(mutate_file(name.removesuffix(".gz"), content, chance), compresslevel=1)


def _tidy() -> list[Files]:
    tables = {
        "accounts.csv": "account_id,handle,display_name,bio,created_at,followers_count,following_count,observed_at\n"
        "x:1,ego,Ego,hi,2019-01-01T00:00:00Z,3,2,2026-10-01T00:00:00Z\n"
        'x:2,two,"T, wo",,2020-01-01,5,1,2026-10-01T00:00:00Z\nx:3,three,,"a\nb",,,,\n',
        "follows.csv": "follower_id,followee_id,followed_at,observed_at\n"
        "x:2,x:1,2026-09-01T00:00:00Z,2026-10-01\nx:3,x:1,,\n",
        "posts.csv": "post_id,author_id,created_at,text,kind\nx:900,x:1,2026-09-02T12:00:00Z,a?,post\n"
        "x:901,x:1,2026-09-03T12:00:00Z,b,post\n",
        "interactions.csv": "actor_id,target_id,kind,post_id,created_at\nx:2,x:1,reply,x:900,2026-09-02T13:00:00Z\n"
        "x:3,x:1,like,x:901,\n",
    }
    lines = {
        "accounts.jsonl": json.dumps({"account_id": "x:1", "handle": "ego", "followers_count": 2, "verified": True})
        + "\n"
        + json.dumps({"account_id": "x:2", "handle": "two", "created_at": "2020-01-01T00:00:00Z"})
        + "\n",
        "follows.jsonl": json.dumps({"follower_id": "x:2", "followee_id": "x:1"}) + "\n",
        "posts.jsonl": json.dumps(
            {"post_id": "x:9", "author_id": "x:1", "created_at": "2026-09-02T12:00:00Z", "link_domains": ["a.example"]}
        )
        + "\n",
    }
    packed = {f"{name}.gz": gzip.compress(text.encode()) for name, text in tables.items()}
    return [_text(tables), _text(lines), packed]


def _as_parquet(data: bytes, chance: Random) -> bytes:
    """A table of text as Parquet, with the types that DuckDB finds or all as text; now and then damaged afterwards."""
    source, target = _scratch / "table.csv", _scratch / "table.parquet"
    source.write_bytes(data)
    try:
        duckdb.read_csv(str(source), all_varchar=chance.random() < 0.5, parallel=False, header=True).write_parquet(
            str(target)
        )
    except duckdb.Error:  # the mutation left no table
        return mutate_bytes(data, chance)
    content = target.read_bytes()
    return mutate_bytes(content, chance) if chance.random() < 0.1 else content


def _minet() -> list[Files]:
    user = {"user_id": 1, "user_screen_name": "ana", "user_timestamp_utc": 1_577_880_000, "user_followers": 5}
    tweets = [
        {"id": 10, "timestamp_utc": 1_700_000_000, "text": "who?", "links": "https://www.example.org/a"} | user,
        {"id": 11, "timestamp_utc": 1_700_000_100, "text": "@ben yes", "to_userid": 2, "to_tweetid": 50} | user,
        {"id": 12, "timestamp_utc": 1_700_000_200, "retweeted_id": 51, "retweeted_user_id": 2} | user,
    ]
    post = {
        "uri": "at://did:plc:a/app.bsky.feed.post/3l25zusnsfctk",
        "user_did": "did:plc:a",
        "user_handle": "a.example",
    }
    tables = {
        "tweets.csv": ([], minet_tables.TWEETS, *[([], tweet) for tweet in tweets]),
        "users.csv.gz": (["who"], minet_tables.USERS, (["ana"], {"id": 1, "screen_name": "ana", "followers": 5})),
        "followers.csv": (["user_id"], minet_tables.FOLLOWERS, (["1"], {"cursor": "end", "follower_id": 10})),
        "posts.csv": ([], minet_tables.POSTS, ([], post | {"timestamp_utc": 1_700_000_000, "text": "hi"})),
        "profiles.csv": ([], minet_tables.PROFILES, ([], {"did": "did:plc:a", "handle": "a.example", "followers": 3})),
    }
    out = []
    for name, (before, columns, *rows) in tables.items():
        path = minet_tables.table(_scratch / name, before, columns, *rows)
        out.append({name: path.read_bytes()})
    return out


def _x_archives() -> list[Files]:
    return [
        _text(files)
        for files in (archives.modern(), archives.modern(wrapped=False), archives.in_parts(), archives.browsable())
    ]


def _x_v2() -> list[Files]:
    user = {"id": "1", "username": "ana", "name": "Ana", "created_at": "2020-01-01T00:00:00.000Z", "description": "d"}
    user["public_metrics"] = {"followers_count": 5, "following_count": 4, "tweet_count": 9, "listed_count": 0}  # type: ignore[assignment]
    tweet = {
        "id": "900",
        "author_id": "1",
        "conversation_id": "899",
        "created_at": "2026-09-02T12:00:00.000Z",
        "text": "@ben a",
        "in_reply_to_user_id": "2",
        "referenced_tweets": [{"type": "replied_to", "id": "899"}],
        "entities": {
            "mentions": [{"start": 0, "end": 4, "username": "ben", "id": "2"}],
            "urls": [{"start": 5, "end": 6, "url": "https://t.co/x", "expanded_url": "https://www.example.org/a"}],
        },
        "public_metrics": {"retweet_count": 0, "reply_count": 1, "like_count": 2, "quote_count": 0},
    }
    page = {
        "data": [tweet],
        "includes": {"users": [user, {"id": "2", "username": "ben", "name": "B"}]},
        "meta": {"result_count": 1, "newest_id": "900"},
        "__twarc": {"url": "https://api.twitter.com/2/tweets/search/all", "retrieved_at": "2026-10-01T00:00:00+00:00"},
    }
    flat = tweet | {"author": user, "in_reply_to_user": {"id": "2", "username": "ben"}}
    followers = page | {"data": [user], "includes": {}}
    followers["__twarc"] = {
        "url": "https://api.twitter.com/2/users/7/followers",
        "retrieved_at": "2026-10-01T00:00:00+00:00",
    }
    return [
        {"tweets.jsonl": b"".join(json.dumps(entry).encode() + b"\n" for entry in lines)}
        for lines in ([page, page], [flat], [followers], [user])
    ]


def _x_v1() -> list[Files]:
    user = {
        "id_str": "1",
        "id": 1,
        "screen_name": "ana",
        "name": "A",
        "created_at": "Sat Feb 18 12:33:11 +0000 2012",
        "followers_count": 5,
        "friends_count": 4,
        "statuses_count": 3,
        "verified": False,
        "protected": False,
    }
    tweet = {
        "id_str": "900",
        "id": 900,
        "created_at": "Sat Feb 18 12:33:11 +0000 2023",
        "full_text": "@ben a",
        "user": user,
        "in_reply_to_status_id_str": "899",
        "in_reply_to_user_id_str": "2",
        "in_reply_to_screen_name": "ben",
        "entities": {
            "user_mentions": [{"id_str": "2", "screen_name": "ben", "indices": [0, 4]}],
            "urls": [{"expanded_url": "https://example.org/a"}],
        },
    }
    again = tweet | {"id_str": "901", "id": 901, "retweeted_status": tweet, "in_reply_to_status_id_str": None}
    quoting = tweet | {"id_str": "902", "id": 902, "quoted_status_id_str": "900", "quoted_status": tweet}
    lines = b"".join(json.dumps(entry).encode() + b"\n" for entry in (tweet, again, quoting))
    return [{"tweets.jsonl": lines}, {"tweets.json": json.dumps([tweet, again, quoting]).encode()}]


def _edge_lists() -> list[Files]:
    return [
        {"edges.csv": b"Source,Target,Weight\n1,2,1\n2,3,1\n3,1,2\n"},
        {"edges.txt": b"# FromNodeId ToNodeId\n1 2\n2 3\n3 1\n"},
        {"edges.tsv": b"follower_id\tfollowee_id\tdate\nx:1\tx:2\t2020-01-01\nx:2\tx:3\t2020-01-02\n"},
        {"edges.csv": '"user_id","follower_id"\n"ä","b"\n"b","c,d"\n'.encode()},
        {"edges.csv.gz": gzip.compress(b"a;b\nb;c\nc;a\n")},
        {"edges.csv": "﻿from,to\n001,002\n".encode("utf-16")},
    ]


# -- repositories of Bluesky ---------------------------------------------------------------------------------------


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 128:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def _car(header: bytes, blocks: list[tuple[bytes, bytes]]) -> bytes:
    parts = [_varint(len(header)), header]
    for address, content in blocks:
        parts += [_varint(len(address) + len(content)), address, content]
    return b"".join(parts)


def _block(value: Any) -> tuple[bytes, bytes]:
    content = libipld.encode_dag_cbor(value)
    return b"\x01\x71\x12\x20" + hashlib.sha256(content).digest(), content


def _repositories() -> list[Files]:
    records = {
        b"app.bsky.actor.profile/self": {"$type": "app.bsky.actor.profile", "displayName": "A", "description": "b"},
        b"app.bsky.feed.like/3l25zusnsfctk": {
            "$type": "app.bsky.feed.like",
            "createdAt": "2026-09-01T00:00:00Z",
            "subject": {"uri": "at://did:plc:b/app.bsky.feed.post/3jzfcijpj2z2a", "cid": "x"},
        },
        b"app.bsky.feed.post/3jzfcijpj2z2a": {
            "$type": "app.bsky.feed.post",
            "text": "hi",
            "createdAt": "2026-09-01T00:00:00Z",
            "reply": {
                "parent": {"uri": "at://did:plc:b/app.bsky.feed.post/3jzfcijpj2z2b"},
                "root": {"uri": "at://did:plc:b/app.bsky.feed.post/3jzfcijpj2z2b"},
            },
            "facets": [
                {
                    "index": {"byteStart": 0, "byteEnd": 1},
                    "features": [
                        {"$type": "app.bsky.richtext.facet#link", "uri": "https://example.org"},
                        {"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:c"},
                    ],
                }
            ],
        },
        b"app.bsky.graph.follow/3jzfcijpj2z2a": {
            "$type": "app.bsky.graph.follow",
            "subject": "did:plc:b",
            "createdAt": "2026-09-01T00:00:00Z",
        },
    }
    blocks = [_block(record) for record in records.values()]
    entries = [
        {"p": 0, "k": key, "v": address, "t": None} for key, (address, _) in zip(sorted(records), blocks, strict=True)
    ]
    top = _block({"l": None, "e": entries})
    root = _block({"did": "did:plc:a", "version": 3, "data": top[0], "rev": "3l25zusnsfctk", "prev": None})
    header = b"\xa2eroots\x81\xd8\x2a\x58\x25\x00" + root[0] + b"gversion\x01"
    return [{"repo.car": _car(header, [root, top, *blocks])}]


def _mutate_car(data: bytes, chance: Random) -> bytes:
    """One block decoded, mutated and encoded again under its old address, as the reader follows addresses."""
    if chance.random() < 0.25:
        return mutate_bytes(data, chance)
    try:
        header, blocks = _taken_apart(data)
        number = chance.randrange(len(blocks))
    except (IndexError, ValueError):  # mutated before
        return mutate_bytes(data, chance)
    address, content = blocks[number]
    try:
        blocks[number] = address, libipld.encode_dag_cbor(mutate_value(libipld.decode_dag_cbor(content), chance))
    except (ValueError, TypeError, OverflowError):
        blocks[number] = address, mutate_bytes(content, chance)
    if chance.random() < 0.05:
        header = mutate_bytes(header, chance)
    return _car(header, blocks)


def _taken_apart(data: bytes) -> tuple[bytes, list[tuple[bytes, bytes]]]:
    header_size, at = data[0], 1
    header, at, blocks = data[at : at + header_size], at + header_size, []
    while at < len(data):
        size = shift = 0
        while True:
            size, shift, byte, at = size | (data[at] & 127) << shift, shift + 7, data[at], at + 1
            if byte < 128:
                break
        blocks.append((data[at : at + 36], data[at + 36 : at + size]))
        at += size
    return header, blocks


# -- landings and live answers -------------------------------------------------------------------------------------

Recording = list[tuple[str, str, int, str, str, bytes]]
"""Rows of a collection's pages: step, address, status, time, headers, body."""


def _recording(folder: Path) -> tuple[Path, Recording]:
    path = max(folder.rglob("*.landing"))
    db = sqlite3.connect(path)
    rows = db.execute("SELECT step, url, status, fetched_at, headers, body FROM pages ORDER BY number").fetchall()
    db.close()
    return path, [(*row[:5], zlib.decompress(row[5])) for row in rows]


@contextmanager
def _settings(folder: Path, **more: str) -> Iterator[None]:
    """No login and no settings but these."""
    with mock.patch.dict(os.environ, {"HEADCOUNT_SETTINGS": str(folder / "settings"), **more}):
        for name in ("HEADCOUNT_BLUESKY_SESSION", "HEADCOUNT_MASTODON_TOKEN"):
            os.environ.pop(name, None)
        yield


def _quick(**how: Any) -> Client:
    return Client(retry_policy=QUICK, **how)


def _collect_bluesky(folder: Path) -> tuple[str, dict[str, str]]:
    with running(Sizes(12, round(time.time()) * 1_000_000)) as server:
        settings = {"HEADCOUNT_BLUESKY_SERVER": server.address}
        environment = {"HEADCOUNT_BLUESKY_API": server.address, "HEADCOUNT_PLC": server.address} | settings
        with _settings(folder, **getattr(server, "environment", environment)):
            hc.open(folder / "ws").collect(MAIN, client=_quick)
        return MAIN, dict(getattr(server, "environment", environment))


def _collect_mastodon(folder: Path) -> tuple[str, dict[str, str]]:
    at = "2026-11-20T12:00:00.000Z"

    def person(name: str, number: str) -> dict[str, Any]:
        counts = {"followers_count": 5, "following_count": 2, "statuses_count": 3}
        return {
            "id": number,
            "acct": name,
            "username": name,
            "note": "<p>n</p>",
            "created_at": at,
            "fields": [],
            "url": f"https://h.example/@{name}",
            "bot": False,
            "locked": False,
            "display_name": name,
            **counts,
        }

    def status(number: int, author: dict[str, Any], **more: Any) -> dict[str, Any]:
        uri = f"https://h.example/statuses/{number}"
        return {
            "id": str(number),
            "uri": uri,
            "url": uri,
            "in_reply_to_id": None,
            "in_reply_to_account_id": None,
            "reblog": None,
            "replies_count": 1,
            "favourites_count": 2,
            "reblogs_count": 1,
            "content": "<p>hi?</p>",
            "visibility": "public",
            "created_at": at,
            "account": author,
            "mentions": [],
            "tags": [],
            **more,
        }

    with run_stub() as server:
        me, others = person("alice", "1"), [person(f"f{n}", str(100 + n)) for n in range(5)]
        server.routes["/api/v2/instance"] = {"domain": server.host, "version": "4.5.0"}
        server.routes["/api/v1/accounts/lookup"] = me
        server.routes["/api/v1/accounts/1/followers"] = Pages(others, size=2)
        server.routes["/api/v1/accounts/1/following"] = Pages(others[:2], size=2)
        server.routes["/api/v1/accounts/1/statuses"] = Pages([status(n, me) for n in (903, 902, 901)], size=2)
        for n in (901, 902, 903):
            reply = status(n + 50, others[1], in_reply_to_id=str(n), in_reply_to_account_id="1")
            reply["mentions"] = [{"id": "1", "acct": "alice", "username": "alice", "url": "https://h.example/@alice"}]
            server.routes[f"/api/v1/statuses/{n}/context"] = {"ancestors": [], "descendants": [reply]}
            server.routes[f"/api/v1/statuses/{n}/favourited_by"] = Pages(others[:2])
            server.routes[f"/api/v1/statuses/{n}/reblogged_by"] = Pages(others[2:3])
        with _settings(folder):
            hc.open(folder / "ws").collect(f"alice@{server.host}", client=_quick)
        return f"alice@{server.host}", {}


def _collect_x(folder: Path) -> tuple[str, dict[str, str]]:
    account, name, token = "2351222345", "PhillyNEFL", "a-token"
    shared = find_shared_data()
    assert shared is not None
    with XServer(Recorded(shared), {token: account}) as server:
        settings = {"HEADCOUNT_X_API": server.address, "HEADCOUNT_X_TOKEN": token}
        with _settings(folder, **settings):
            from datetime import UTC, datetime

            hc.open(folder / "ws").collect(f"x:{name}", Options(since=datetime(2015, 1, 1, tzinfo=UTC)), client=_quick)
        return f"x:{name}", settings


def platform_parsers(platform: str, collect: Callable[[Path], tuple[str, dict[str, str]]]) -> list[Parser]:
    """Two parsers of a platform's answers: of those kept in a landing, and of those that arrive while collecting."""
    loaded: list[tuple[str, dict[str, str], Path, Recording]] = []

    def load() -> tuple[str, dict[str, str], Path, Recording]:
        if not loaded:
            folder = _scratch / platform
            folder.mkdir()
            account, settings = collect(folder)
            loaded.append((account, settings, *_recording(folder)))
        return loaded[0]

    def mutated(recording: Recording, chance: Random) -> Recording:
        rows = list(recording)
        for _ in range(chance.randint(1, 3)):
            number = chance.randrange(len(rows))
            step, url, status, at, headers, body = rows[number]
            match chance.randrange(10):
                case 0:
                    headers = json.dumps(mutate_value(json.loads(headers), chance))
                case 1:
                    status = chance.choice((200, 204, 301, 400, 401, 403, 404, 410, 429, 500))
                case 2:
                    body = mutate_bytes(body, chance)
                case _ if body[:1] in (b"{", b"["):
                    body = mutate_file("page.json", body, chance)
                case _:
                    body = _mutate_car(body, chance) if b"roots" in body[:20] else mutate_bytes(body, chance)
            rows[number] = step, url, status, at, headers, body
        return rows

    def write_landing(folder: Path, chance: Random) -> Path:
        _, _, path, recording = load()
        target = folder / "x.landing"
        target.write_bytes(path.read_bytes())
        db = sqlite3.connect(target)
        for number, (_, url, status, _, headers, body) in enumerate(mutated(recording, chance)):
            if recording[number][2:] != (status, _, headers, body):
                packed = zlib.compress(body, 1)
                db.execute(
                    "UPDATE pages SET status = ?, headers = ?, body = ? WHERE url = ?", [status, headers, packed, url]
                )
        if chance.random() < 0.1:
            meta = db.execute("SELECT key, value FROM meta").fetchall()
            key, value = chance.choice(meta)
            new = mutate_file("m.json", str(value).encode("utf-8", "replace"), chance).decode("utf-8", "replace")
            db.execute("UPDATE meta SET value = ? WHERE key = ?", [new, key])
        db.commit()
        db.close()
        return target

    def write_answers(folder: Path, chance: Random) -> Path:
        _, _, _, recording = load()
        rows = mutated(recording, chance)
        path = folder / "answers.json"
        path.write_text(json.dumps([[url, status, headers, body.hex()] for _, url, status, _, headers, body in rows]))
        return path

    def collect_again(path: Path, folder: Path, _chance: Random) -> None:
        account, settings, _, _ = load()
        answers = {url: rest for url, *rest in json.loads(path.read_text())}

        def respond(request: httpx2.Request) -> httpx2.Response:
            status, headers, body = answers.get(str(request.url), (404, "{}", b'{"error": "NotFound"}'.hex()))
            try:
                fields = json.loads(headers)
                named = [(str(key), str(value)) for key, value in fields.items()] if isinstance(fields, dict) else []
                # limits would be waited out, for hours too
                named = [(key, value) for key, value in named if not re.search("limit|retry", key, re.IGNORECASE)]
                named = [
                    (key, value)
                    for key, value in named
                    if key and (key + value).isascii() and (key + value).isprintable()
                ]
                return httpx2.Response(status, headers=named, content=bytes.fromhex(body))
            except (ValueError, httpx2.InvalidURL):
                return httpx2.Response(status, content=bytes.fromhex(body))

        def client(**how: Any) -> Client:
            return Client(retry_policy=QUICK, transport=httpx2.MockTransport(respond), **how)

        with _settings(folder, **settings):
            hc.open(folder / "workspace").collect(account, client=client)

    def run_landing(path: Path, folder: Path, chance: Random) -> None:
        with Landing(path) as landing:  # the words of a landing are also searched by `forget`
            list(landing.pages())
        read_input(path, folder, chance)

    return [
        Parser(f"{platform} landing", write_landing, run_landing),
        Parser(f"{platform} answers", write_answers, collect_again),
    ]


_scratch = Path()


def prepare(folder: Path) -> None:
    """Name a folder for what is made once."""
    global _scratch
    _scratch = folder


PARSERS: dict[str, Parser] = {
    entry.name: entry
    for entry in (
        file_parser("tidy tables", _tidy),
        file_parser("parquet tables", lambda: _tidy()[:1], to_parquet=True),
        file_parser("edge list", _edge_lists, packing=("file",)),
        file_parser("edge list of network", _edge_lists, packing=("file",), run=build_network),
        file_parser("minet", _minet, packing=("file",)),
        file_parser("x v1.1", _x_v1, packing=("file",)),
        file_parser("x v2", _x_v2, packing=("file",)),
        file_parser("x archive", _x_archives, packing=("zip", "folder")),
        file_parser(
            "mastodon archive",
            lambda: [_text(archives.mastodon())],
            packing=("zip", "tar", "folder"),
            folder_name="archive-20260301095812-abc",
        ),
        file_parser("bluesky repository", _repositories, packing=("file",)),
        *platform_parsers("bluesky", _collect_bluesky),
        *platform_parsers("mastodon", _collect_mastodon),
        *platform_parsers("x", _collect_x),
    )
}


def parser(name: str) -> Parser:
    """The parser of that name."""
    return PARSERS[name]
