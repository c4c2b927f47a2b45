"""X v1.1 tweets: real files counted again with nothing but json, and hand-made tweets for each case."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from headcount.errors import BadRows, InputError
from headcount.incoming import create_incoming
from headcount.sources import find_source
from headcount.sources.x.v1 import XV1Source

SAMPLE = Path("rumoureval2017") / "raw_v1_1_sample.jsonl.zst"
EXTENDED = Path("fixtures") / "twitter" / "v1_1_tweets_extended.json"


def read(path: Path, *, skip_bad: bool = False):
    con = duckdb.connect()
    create_incoming(con)
    return con, XV1Source().read(path, con, skip_bad=skip_bad)


def posts(con: duckdb.DuckDBPyConnection, columns: str) -> list[tuple]:
    return con.sql(f"SELECT {columns} FROM incoming_posts ORDER BY post_id").fetchall()


def responses(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    return con.sql("SELECT kind, actor_id, target_id, post_id FROM incoming_interactions ORDER BY ALL").fetchall()


def plain_tweets(path: Path) -> list[dict[str, Any]]:
    """All tweets of a file, with those inside others, by means that are not the project's."""
    if path.suffix == ".zst":
        text = pa.CompressedInputStream(pa.OSFile(str(path)), "zstd").read().decode()
        found = [json.loads(line) for line in text.splitlines()]
    else:
        found = json.loads(path.read_text(encoding="utf-8"))
    for tweet in found:
        found += [tweet[name] for name in ("retweeted_status", "quoted_status") if tweet.get(name)]
    return list({tweet["id_str"]: tweet for tweet in found}.values())


def plain_kind(tweet: dict[str, Any]) -> str:
    if "retweeted_status" in tweet:
        return "repost"
    return "reply" if tweet["in_reply_to_status_id_str"] else "quote" if "quoted_status_id_str" in tweet else "post"


@pytest.mark.shared
@pytest.mark.parametrize(("name", "tweets"), [(SAMPLE, 66), (EXTENDED, 5)])
def test_real_files_equal_a_plain_count(name: Path, tweets: int, shared_data: Path) -> None:
    path = shared_data / name
    plain = plain_tweets(path)
    assert len(plain) == tweets
    assert find_source(path).name == XV1Source.name
    con, intake = read(path)
    assert intake.rows["posts"] == tweets
    kinds = con.sql("SELECT kind, count(*) FROM incoming_posts GROUP BY 1").fetchall()
    assert dict(kinds) == Counter(map(plain_kind, plain))
    users = con.sql("SELECT DISTINCT account_id, handle, followers_count FROM incoming_accounts").fetchall()
    assert {row[0] for row in users} == {"x:" + tweet["user"]["id_str"] for tweet in plain}
    assert set(users) <= {
        ("x:" + user["id_str"], user["screen_name"], user["followers_count"])
        for user in (tweet["user"] for tweet in plain)
    }
    replies = con.sql("SELECT actor_id, target_id, post_id FROM incoming_interactions WHERE kind = 'reply'").fetchall()
    assert sorted(replies) == sorted(
        ("x:" + t["user"]["id_str"], "x:" + t["in_reply_to_user_id_str"], "x:" + t["in_reply_to_status_id_str"])
        for t in plain
        if t["in_reply_to_status_id_str"] and t["in_reply_to_user_id_str"] != t["user"]["id_str"]
    )
    times = dict(con.sql("SELECT post_id, created_at FROM incoming_posts").fetchall())
    for tweet in plain:
        time = datetime.strptime(tweet["created_at"], "%a %b %d %H:%M:%S %z %Y").replace(tzinfo=None)
        assert times["x:" + tweet["id_str"]] == time


@pytest.mark.shared
def test_retweet_and_quote_of_the_extended_file(shared_data: Path) -> None:
    con, _ = read(shared_data / EXTENDED)
    found = [row for row in responses(con) if row[0] in ("repost", "quote")]
    plain = {plain_kind(tweet): tweet for tweet in plain_tweets(shared_data / EXTENDED)}
    repost, quote = plain["repost"], plain["quote"]
    assert found == [
        (
            kind,
            *(
                "x:" + identifier
                for identifier in (t["user"]["id_str"], t[inner]["user"]["id_str"], t[inner]["id_str"])
            ),
        )
        for kind, t, inner in (("quote", quote, "quoted_status"), ("repost", repost, "retweeted_status"))
    ]


def user(identifier: int, **more: object) -> dict[str, object]:
    return {"id": identifier, "id_str": str(identifier), "screen_name": f"u{identifier}", "followers_count": 3} | more


def tweet(identifier: int, author: int, text: str = "hello", **more: object) -> dict[str, object]:
    made = {"id": identifier, "id_str": str(identifier), "user": user(author), "text": text}
    return made | {"created_at": "Wed Sep 04 13:51:55 +0000 2019"} | more


def written(folder: Path, *lines: object, name: str = "tweets.jsonl") -> Path:
    path = folder / name
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_longer_text_and_its_links_win(tmp_path: Path) -> None:
    longer = {"full_text": "all &amp; more", "entities": {"urls": [{"expanded_url": "https://www.a.example/x"}]}}
    con, _ = read(
        written(tmp_path, tweet(1, 1, "all…", truncated=True, extended_tweet=longer), tweet(2, 1, full_text="f"))
    )
    assert posts(con, "text, link_domains, created_at") == [
        ("all & more", ["a.example"], datetime(2019, 9, 4, 13, 51, 55)),
        ("f", None, datetime(2019, 9, 4, 13, 51, 55)),
    ]


def test_what_a_user_object_says(tmp_path: Path) -> None:
    full = user(
        1,
        name="A &amp; B",
        description=None,
        url="https://t.co/a",
        entities={"url": {"urls": [{"expanded_url": "https://a.example"}]}},
        friends_count=4,
        statuses_count=5,
        protected=True,
        verified=False,
        default_profile_image=True,
        created_at="Wed Nov 15 13:18:50 +0000 2006",
        status={"id_str": "9", "id": 9, "text": "latest", "created_at": "Wed Sep 04 13:51:55 +0000 2019"},
    )
    con, _ = read(written(tmp_path, full, {"users": [user(2)], "next_cursor": 0}))
    rows = con.sql(
        """SELECT handle, display_name, bio, website, created_at, followers_count, following_count, posts_count,
        last_post_at, default_avatar, protected, verified FROM incoming_accounts ORDER BY account_id"""
    ).fetchall()
    made, latest = datetime(2006, 11, 15, 13, 18, 50), datetime(2019, 9, 4, 13, 51, 55)
    assert rows == [
        ("u1", "A & B", "", "https://a.example", made, 3, 4, 5, latest, True, True, False),
        ("u2", None, None, None, None, 3, *[None] * 6),
    ]
    assert posts(con, "post_id, author_id, text") == [("x:9", "x:1", "latest")]


def test_replies_quotes_retweets_and_mentions(tmp_path: Path) -> None:
    named = {"user_mentions": [{"id_str": "1", "id": 1}, {"id_str": "2", "id": 2}, {"id_str": "3", "id": 3}]}
    answer = {"in_reply_to_status_id_str": "10", "in_reply_to_user_id_str": "2", "in_reply_to_status_id": 10}
    quoted = {"quoted_status_id_str": "20", "quoted_status": tweet(20, 4)}
    lines = [
        tweet(11, 1, entities=named, **answer),
        tweet(12, 1, **quoted),
        tweet(13, 1, "RT @u5", entities=named, retweeted_status=tweet(30, 5, **quoted), **quoted),
        tweet(14, 1, in_reply_to_user_id_str="1", in_reply_to_status_id_str="11"),
        tweet(15, 1, "@u2 hi", in_reply_to_user_id_str="2", entities={"user_mentions": [{"id_str": "2"}]}),
        tweet(16, 1, quoted_status_id_str="99"),
    ]
    con, _ = read(written(tmp_path, *lines))
    assert responses(con) == [
        ("mention", "x:1", "x:2", None),
        ("mention", "x:1", "x:3", None),
        ("quote", "x:1", "x:4", "x:20"),
        ("quote", "x:5", "x:4", "x:20"),
        ("reply", "x:1", "x:2", "x:10"),
        ("repost", "x:1", "x:5", "x:30"),
    ]
    kinds = dict(posts(con, "post_id, kind"))
    assert [kinds[f"x:{n}"] for n in (11, 12, 13, 14, 15, 16, 20, 30)] == (
        ["reply", "quote", "repost", "reply", "post", "quote", "post", "quote"]
    )


def test_ids_as_text_are_trusted_before_ids_as_numbers(tmp_path: Path) -> None:
    con, _ = read(written(tmp_path, tweet(1, 1) | {"id": 1169246717864136700, "id_str": "1169246717864136705"}))
    assert posts(con, "post_id") == [("x:1169246717864136705",)]


def test_pages_of_a_search_and_notices_of_the_stream(tmp_path: Path) -> None:
    notices = [{"delete": {"status": {"id": 1, "id_str": "1"}}}, {"limit": {"track": 5}}, {"limit": {"track": 6}}]
    con, intake = read(written(tmp_path, {"statuses": [tweet(1, 1), tweet(2, 1)]}, *notices))
    assert len(posts(con, "post_id")) == 2
    assert intake.notes == ("Stream notices without usable data: 1 delete, 2 limit.",)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "truncated"),
        ("5", "not an object"),
        ({"foo": 1}, "not a valid tweet or user"),
        ({"id_str": "5", "text": "x"}, "not a valid tweet or user"),
        (tweet(1, 1) | {"id_str": "", "id": None}, "has no id"),
        (tweet(1, 1) | {"id_str": "one"}, "is not a number"),
        (tweet(1, 1) | {"user": "ann"}, "not a valid tweet or user"),
        (tweet(1, 1) | {"user": {}}, "has no id"),
        (tweet(1, 1) | {"text": ["x"]}, "is not text"),
        (tweet(1, 1) | {"entities": 5}, "not a valid tweet or user"),
    ],
)
def test_broken_lines_are_named_and_may_be_skipped(line: object, reason: str, tmp_path: Path) -> None:
    path = written(tmp_path, tweet(7, 1), line, tweet(8, 1))
    with pytest.raises(BadRows) as caught:
        read(path)
    assert reason in caught.value.problems[0].reason
    assert (caught.value.problems[0].line, caught.value.count) == (2, 1)
    con, intake = read(path, skip_bad=True)
    assert intake.problem_count == 1
    assert posts(con, "post_id") == [("x:7",), ("x:8",)]


def packed(folder: Path, content: bytes, ending: str) -> Path:
    path = folder / f"tweets.jsonl{ending}"
    if ending == ".zst":
        with pa.CompressedOutputStream(str(path), "zstd") as stream:
            stream.write(content)
    else:
        path.write_bytes(gzip.compress(content) if ending == ".gz" else content)
    return path


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("ending", ["", ".gz", ".zst"])
def test_lines_are_numbered_alike_in_every_packing(ending: str, line_end: str, tmp_path: Path) -> None:
    text = json.dumps(tweet(1, 1, 'é " \\ , \x01 \t')) + "\n\n\n" + json.dumps(tweet(2, 1)) + "\n{broken\n"
    path = packed(tmp_path, text.replace("\n", line_end).encode(), ending)
    assert XV1Source().recognises(path)
    with pytest.raises(BadRows, match=":5: is not JSON"):
        read(path)
    con, _ = read(path, skip_bad=True)
    assert posts(con, "text") == [('é " \\ , \x01 \t',), ("hello",)]


@pytest.mark.parametrize("left", [0.999, 0.9, 0.5, 0.01])
@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_packed_files_that_were_cut_off_are_refused(ending: str, left: float, tmp_path: Path) -> None:
    lines = "".join(json.dumps(tweet(n, n, f"text {n * 7919}")) + "\n" for n in range(1, 3000))
    path = packed(tmp_path, lines.encode(), ending)
    path.write_bytes(path.read_bytes()[: int(left * path.stat().st_size)])
    with pytest.raises(InputError, match="cannot be unpacked"):
        read(path, skip_bad=True)


def test_zstd_of_several_frames_and_long_runs(tmp_path: Path) -> None:
    path = packed(tmp_path, (json.dumps(tweet(1, 1, "a" * 1_000_000)) + "\n").encode(), ".zst")
    skippable = (0x184D2A53).to_bytes(4, "little") + (3).to_bytes(4, "little") + b"abc"
    first = path.read_bytes()
    second = packed(tmp_path, (json.dumps(tweet(2, 1)) + "\n").encode(), ".zst").read_bytes()
    path.write_bytes(first + skippable + second)
    con, _ = read(path)
    assert posts(con, "length(text)") == [(1_000_000,), (5,)]
    path.write_bytes(first + b"rubbish")
    with pytest.raises(InputError, match="cannot be unpacked"):
        read(path)


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02", b"PAR1 and more"])
def test_what_is_no_text_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "tweets.jsonl"
    path.write_bytes(content)
    assert not XV1Source().recognises(path)
    with pytest.raises(InputError):
        read(path)


@pytest.mark.shared
def test_files_of_other_platforms_are_not_recognised(shared_data: Path) -> None:
    others = [
        *(shared_data / "fixtures" / "mastodon").iterdir(),
        *(shared_data / "fixtures" / "bluesky").glob("*.json"),
    ]
    assert len(others) > 30
    assert [file.name for file in others if XV1Source().recognises(file)] == []
