"""X API v2: what twarc wrote, counted again with nothing but json; and hand-made lines for each case."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from tests.lists import reasons_of

from headcount.errors import BadRows, InputError
from headcount.incoming import create_incoming
from headcount.sources import find_source
from headcount.sources.x.v2 import XV2Source
from headcount.store.store import Store

FILES = """2sets brexit cotweet counts edited entities_test flat geo_tweets kpop lists many_urls mentions_tweet noflat
quoted_edit streaming_output_with_error tweets_compliance users users_compliance withheld"""
NOW = datetime(2026, 10, 1, tzinfo=UTC)


def read(path: Path, *, skip_bad: bool = False):
    con = duckdb.connect()
    con.execute("SET TimeZone = 'America/New_York'")  # the machine's zone must not matter
    create_incoming(con)
    return con, XV2Source().read(path, con, skip_bad=skip_bad)


def written(folder: Path, *lines: object, name: str = "tweets.jsonl") -> Path:
    path = folder / name
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


class Plain:
    """The same file, taken apart without any of the project's code."""

    def __init__(self, path: Path) -> None:
        self.tweets: dict[str, dict[str, Any]] = {}
        self.users: set[str] = set()
        self.handles: dict[str, str] = {}
        for line in gzip.decompress(path.read_bytes()).decode().split("\n"):
            try:
                content = json.loads(line)
            except ValueError:
                continue
            for thing in self.walk(content):
                self.note(thing)
        older = {old for t in self.tweets.values() for old in self.older_edits(t)}
        self.all_tweets = dict(self.tweets)
        self.tweets = {i: t for i, t in self.tweets.items() if i not in older}

    def walk(self, thing: Any) -> Iterator[dict[str, Any]]:
        """Every object anywhere in the line."""
        if isinstance(thing, list):
            for item in thing:
                yield from self.walk(item)
        elif isinstance(thing, dict):
            yield thing
            for value in thing.values():
                yield from self.walk(value)

    def note(self, thing: dict[str, Any]) -> None:
        if "author_id" in thing and "text" in thing:
            self.tweets[thing["id"]] = thing
        elif "username" in thing and "id" in thing:
            self.users.add(thing["id"])
            self.handles[thing["username"].lower()] = thing["id"]

    @staticmethod
    def older_edits(tweet: dict[str, Any]) -> list[str]:
        history = tweet.get("edit_history_tweet_ids", [])
        return [old for old in history if int(old) < int(tweet["id"])]

    @staticmethod
    def refers(tweet: dict[str, Any], how: str) -> list[str]:
        return [r["id"] for r in tweet.get("referenced_tweets", []) if r["type"] == how]

    def kind(self, tweet: dict[str, Any]) -> str:
        for how, kind in (("retweeted", "repost"), ("replied_to", "reply"), ("quoted", "quote")):
            if self.refers(tweet, how):
                return kind
        return "post"

    def author_of(self, identifier: str) -> str | None:
        return self.all_tweets[identifier]["author_id"] if identifier in self.all_tweets else None

    def responses(self, kind: str) -> set[tuple[str, str, str]]:
        """(actor, target, time) of all replies, quotes or reposts whose target is named somewhere."""
        how = {"reply": "replied_to", "quote": "quoted", "repost": "retweeted"}[kind]
        found = set()
        for tweet in self.tweets.values():
            for other in self.refers(tweet, how):
                target = self.author_of(other)
                if kind == "reply":
                    target = tweet.get("in_reply_to_user_id", target)
                if kind == "repost" and target is None:
                    target = self.handles.get(tweet["text"].removeprefix("RT @").partition(":")[0].lower())
                if target and target != tweet["author_id"]:
                    found.add((tweet["author_id"], target, tweet["created_at"]))
        return found

    def mentions(self) -> set[tuple[str, str, str]]:
        found = set()
        for tweet in self.tweets.values():
            if self.kind(tweet) == "repost":
                continue
            for mention in tweet.get("entities", {}).get("mentions", []):
                target = mention.get("id") or self.handles.get(mention["username"].lower())
                replied_to = tweet.get("in_reply_to_user_id") if self.refers(tweet, "replied_to") else None
                if target and target not in (replied_to, tweet["author_id"]):
                    found.add((tweet["author_id"], target, tweet["created_at"]))
        return found


@pytest.mark.shared
@pytest.mark.parametrize("name", FILES.split())
def test_fixture_counts_equal_a_plain_count(name: str, shared_data: Path) -> None:
    path = shared_data / "fixtures" / "twitter" / "twarc" / f"{name}.jsonl.gz"
    plain = Plain(path)
    assert find_source(path).name == XV2Source.name
    con, intake = read(path, skip_bad=name == "streaming_output_with_error")
    kinds = dict(con.sql("SELECT kind, count(DISTINCT post_id) FROM incoming_posts GROUP BY 1").fetchall())
    assert kinds == Counter(map(plain.kind, plain.tweets.values()))
    posts = {row[0] for row in con.sql("SELECT post_id FROM incoming_posts").fetchall()}
    assert posts == {"x:" + identifier for identifier in plain.tweets}
    accounts = con.sql("SELECT DISTINCT account_id FROM incoming_accounts WHERE status IS NULL").fetchall()
    assert {row[0] for row in accounts} == {"x:" + identifier for identifier in plain.users}
    for kind in ("reply", "quote", "repost"):
        assert interactions(con, kind) == plain.responses(kind)
    assert interactions(con, "mention") == plain.mentions()
    assert con.sql("SELECT count(*) FROM incoming_interactions WHERE actor_id = target_id").fetchall() == [(0,)]
    assert intake.rows["follows"] == 0
    if not plain.tweets and not plain.users:
        assert "without usable data" in intake.notes[0]


def interactions(con: duckdb.DuckDBPyConnection, kind: str) -> set[tuple[str, str, str]]:
    time = "strftime(created_at, '%Y-%m-%dT%H:%M:%S.000Z')"
    found = con.sql(f"SELECT actor_id[3:], target_id[3:], {time} FROM incoming_interactions WHERE kind = '{kind}'")
    return set(found.fetchall())


@pytest.mark.shared
def test_no_fixture_is_left_out(shared_data: Path) -> None:
    files = (shared_data / "fixtures" / "twitter" / "twarc").glob("*.jsonl.gz")
    assert sorted(file.name.removesuffix(".jsonl.gz") for file in files) == FILES.split()


@pytest.mark.shared
def test_flattened_and_paged_forms_of_one_search_are_equal(shared_data: Path) -> None:
    folder = shared_data / "fixtures" / "twitter" / "twarc"
    for table in ("accounts", "posts", "interactions"):
        rows = []
        for name in ("flat", "noflat"):
            con, _ = read(folder / f"{name}.jsonl.gz")
            found = con.sql(f"SELECT DISTINCT * FROM incoming_{table} ORDER BY ALL").fetchall()
            rows.append(found)
        assert len(rows[0]) > 100
        assert rows[0] == rows[1]


@pytest.mark.shared
def test_stream_that_was_cut_off_is_named_with_its_line_and_leaves_the_store_unchanged(
    shared_data: Path, tmp_path: Path
) -> None:
    path = shared_data / "fixtures" / "twitter" / "twarc" / "streaming_output_with_error.jsonl.gz"
    with Store(tmp_path / "workspace", write=True) as store:
        with pytest.raises(BadRows, match=r"streaming_output_with_error\.jsonl\.gz:8: is truncated JSON"):
            store.ingest(lambda con: XV2Source().read(path, con, skip_bad=False), path=str(path), now=NOW)
        assert store.connection.execute("SELECT count(*) FROM posts").fetchall() == [(0,)]
        done = store.ingest(lambda con: XV2Source().read(path, con, skip_bad=True), path=str(path), now=NOW)
        assert (done.read["posts"], done.skipped) == (11, 1)


@pytest.mark.shared
def test_edited_tweet_keeps_its_latest_edit_and_what_pointed_to_an_older_one(shared_data: Path) -> None:
    con, intake = read(shared_data / "fixtures" / "twitter" / "twarc" / "quoted_edit.jsonl.gz")
    posts = con.sql("SELECT DISTINCT post_id, text FROM incoming_posts WHERE author_id = 'x:337119125'").fetchall()
    assert [(post, text[:5]) for post, text in posts] == [("x:1576994789110992896", "hey :")]
    targets = con.sql("SELECT kind, post_id FROM incoming_interactions ORDER BY 1").fetchall()
    assert targets == [("quote", "x:1576994789110992896"), ("reply", "x:1576994789110992896")]
    assert any("latest edit" in note for note in intake.notes)


def tweet(identifier: int, author: int, text: str = "hello", **more: object) -> dict[str, object]:
    made = {"id": str(identifier), "author_id": str(author), "text": text, "created_at": "2023-01-02T03:04:05.000Z"}
    return made | {"conversation_id": str(identifier)} | more


def post(con: duckdb.DuckDBPyConnection, identifier: int, columns: str) -> tuple:
    return con.sql(f"SELECT DISTINCT {columns} FROM incoming_posts WHERE post_id = 'x:{identifier}'").fetchall()[0]


def all_interactions(con: duckdb.DuckDBPyConnection) -> list[tuple]:
    return con.sql(
        "SELECT DISTINCT kind, actor_id, target_id, post_id FROM incoming_interactions ORDER BY ALL"
    ).fetchall()


def test_columns_of_a_post(tmp_path: Path) -> None:
    links = [
        {"expanded_url": "https://bit.ly/3", "unwound_url": "https://www.Example.org:8080/a?b=https://z.example/"},
        {"expanded_url": "https://twitter.com/a/status/1"},
        {"expanded_url": "https://mobile.twitter.com/a"},
        {"expanded_url": "https://x.com/a"},
        {"expanded_url": "https://t.co/a"},
        {"expanded_url": "http://user:secret@news.example/#x"},
        {"expanded_url": "https://netflix.com/a"},
        {"expanded_url": "https://example.org/again"},
        {"url": "https://t.co/only"},
    ]
    reply = tweet(
        12,
        1,
        "Tom &amp; Jerry &lt;3 &amp;gt;",
        conversation_id="10",
        in_reply_to_user_id="2",
        referenced_tweets=[{"type": "replied_to", "id": "11"}],
        entities={"urls": links},
        __twarc={"retrieved_at": "2023-02-01T12:00:00+02:00"},
    )
    con, _ = read(written(tmp_path, reply))
    assert post(
        con, 12, "author_id, kind, text, reply_to_post_id, reply_to_account_id, root_post_id, link_domains"
    ) == (
        "x:1",
        "reply",
        "Tom & Jerry <3 &gt;",
        "x:11",
        "x:2",
        "x:10",
        ["example.org", "news.example", "netflix.com"],
    )
    assert post(con, 12, "created_at, observed_at") == (datetime(2023, 1, 2, 3, 4, 5), datetime(2023, 2, 1, 10))
    assert all_interactions(con) == [("reply", "x:1", "x:2", "x:11")]


def test_long_tweets_are_read_in_full(tmp_path: Path) -> None:
    note = {"text": "all of it", "entities": {"urls": [{"expanded_url": "https://long.example/"}]}}
    con, _ = read(written(tmp_path, tweet(1, 1, "all", note_tweet=note)))
    assert post(con, 1, "text, link_domains") == ("all of it", ["long.example"])


def test_what_a_user_object_says(tmp_path: Path) -> None:
    full = {
        "id": "1",
        "username": "ann",
        "name": "Ann &amp; Co",
        "description": "",
        "url": "https://t.co/a",
        "entities": {"url": {"urls": [{"expanded_url": "https://ann.example"}]}},
        "created_at": "2010-01-01T00:00:00.000Z",
        "protected": False,
        "verified": True,
        "profile_image_url": "https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png",
        "public_metrics": {"followers_count": 5, "following_count": 0, "tweet_count": 7, "listed_count": 1},
    }
    bare = {"id": "2", "username": "bob", "name": "Bob"}
    con, intake = read(written(tmp_path, {"data": [full, bare], "__twarc": {"retrieved_at": "2023-01-01T00:00:00Z"}}))
    rows = con.sql(
        """SELECT handle, display_name, bio, website, created_at, followers_count, following_count, posts_count,
        default_avatar, protected, verified, status FROM incoming_accounts ORDER BY account_id"""
    ).fetchall()
    made = datetime(2010, 1, 1)
    assert rows[0] == ("ann", "Ann & Co", "", "https://ann.example", made, 5, 0, 7, True, False, True, None)
    assert rows[1] == ("bob", "Bob", *[None] * 10)
    assert intake.rows == {"accounts": 2, "follows": 0, "posts": 0, "interactions": 0}


def test_mentions_leave_out_oneself_the_account_replied_to_and_retweets(tmp_path: Path) -> None:
    named = [
        {"username": "a", "id": "1"},
        {"username": "b", "id": "2"},
        {"username": "C"},
        {"username": "c", "id": "3"},
    ]
    answer = {"in_reply_to_user_id": "2", "referenced_tweets": [{"type": "replied_to", "id": "5"}]}
    lines = [
        {
            "data": tweet(6, 1, entities={"mentions": named}, **answer),
            "includes": {"users": [{"id": "3", "username": "c"}]},
        },
        tweet(7, 1, "RT @b: hi", entities={"mentions": named}, referenced_tweets=[{"type": "retweeted", "id": "5"}]),
        tweet(8, 1, "@b hi", in_reply_to_user_id="2", entities={"mentions": named[1:2]}),
    ]
    con, _ = read(written(tmp_path, *lines))
    assert all_interactions(con) == [
        ("mention", "x:1", "x:2", None),
        ("mention", "x:1", "x:3", None),
        ("reply", "x:1", "x:2", "x:5"),
    ]
    assert post(con, 8, "kind, reply_to_account_id") == ("post", None)


def test_repeated_author_is_read_off_the_text_where_nothing_else_names_it(tmp_path: Path) -> None:
    mention = {"start": 3, "end": 5, "username": "b", "id": "2"}
    line = tweet(
        7, 1, "RT @b: hi", entities={"mentions": [mention]}, referenced_tweets=[{"type": "retweeted", "id": "5"}]
    )
    con, _ = read(written(tmp_path, line))
    assert all_interactions(con) == [("repost", "x:1", "x:2", "x:5")]


def test_own_thread_is_no_interaction_and_an_unknown_author_is_none(tmp_path: Path) -> None:
    lines = [
        tweet(2, 1, in_reply_to_user_id="1", referenced_tweets=[{"type": "replied_to", "id": "1"}]),
        tweet(3, 1, referenced_tweets=[{"type": "quoted", "id": "99"}]),
        tweet(4, 1, conversation_id="9", in_reply_to_user_id="5"),
    ]
    con, _ = read(written(tmp_path, *lines))
    assert all_interactions(con) == [("reply", "x:1", "x:5", None)]
    assert [post(con, identifier, "kind")[0] for identifier in (2, 3, 4)] == ["reply", "quote", "reply"]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_of_three_edits_the_last_is_kept_in_any_order(order: tuple[int, ...], tmp_path: Path) -> None:
    answer = {"in_reply_to_user_id": "2", "referenced_tweets": [{"type": "replied_to", "id": "50"}]}
    edits = [
        tweet(100 + n, 1, f"edit {n}", edit_history_tweet_ids=[str(100 + m) for m in range(n + 1)], **answer)
        | {"created_at": f"2023-01-02T03:0{n}:00.000Z"}
        for n in range(3)
    ]
    con, intake = read(written(tmp_path, *[edits[n] for n in order]))
    assert con.sql("SELECT post_id, text FROM incoming_posts").fetchall() == [("x:102", "edit 2")]
    times = con.sql("SELECT created_at FROM incoming_interactions").fetchall()
    assert times == [(datetime(2023, 1, 2, 3, 2),)]
    assert intake.notes == ("Only the latest edit of each post was kept; skipped: 2 older.",)


def followers_page(users: range, token: str | None, *, previous: str | None = None, kind: str = "followers") -> dict:
    meta = {"result_count": len(users)} | ({"next_token": token} if token else {})
    return {
        "data": [{"id": str(user), "username": f"u{user}"} for user in users],
        "meta": meta | ({"previous_token": previous} if previous else {}),
        "__twarc": {
            "url": f"https://api.twitter.com/2/users/1/{kind}?max_results=2",
            "retrieved_at": "2023-01-01T00:00:00Z",
        },
    }


def test_pages_of_a_list_of_followers_become_follows(tmp_path: Path) -> None:
    pages = [followers_page(range(10, 12), "next"), followers_page(range(12, 13), None, previous="back")]
    con, intake = read(written(tmp_path, *pages))
    rows = con.sql("SELECT follower_id, followee_id, position FROM incoming_follows ORDER BY position").fetchall()
    assert rows == [("x:10", "x:1", 0), ("x:11", "x:1", 1), ("x:12", "x:1", 2)]
    assert [entry.to_dict() for entry in intake.lists] == [
        {
            "account_id": "x:1",
            "list": "followers",
            "state": "complete",
            "listed": 3,
            "observed_at": "2023-01-01T00:00:00Z",
        }
    ]
    con, intake = read(written(tmp_path, pages[0]))
    assert reasons_of(intake) == [("followers", "partial", "parts_missing")], "the last page is missing"
    con, intake = read(written(tmp_path, pages[1]))
    assert reasons_of(intake) == [("followers", "partial", "parts_missing")], "the first page is missing"
    con, intake = read(written(tmp_path, followers_page(range(5, 7), None, kind="following")))
    assert con.sql("SELECT follower_id, followee_id FROM incoming_follows ORDER BY 2").fetchall() == [
        ("x:1", "x:5"),
        ("x:1", "x:6"),
    ]
    assert reasons_of(intake) == [("following", "complete", None)]
    assert not intake.whole_lists


def test_one_list_that_is_cut_leaves_the_others_complete(tmp_path: Path) -> None:
    cut = followers_page(range(10, 12), "next")
    whole = followers_page(range(20, 22), None, kind="following")
    _, intake = read(written(tmp_path, cut, whole))
    assert reasons_of(intake) == [("followers", "partial", "parts_missing"), ("following", "complete", None)]


def test_liked_tweets_become_likes(tmp_path: Path) -> None:
    page = {"data": [tweet(5, 2)], "__twarc": {"url": "https://api.twitter.com/2/users/1/liked_tweets?x=1"}}
    con, _ = read(written(tmp_path, page))
    assert all_interactions(con) == [("like", "x:1", "x:2", "x:5")]


def test_accounts_that_an_answer_calls_suspended_or_gone(tmp_path: Path) -> None:
    def error(parameter: str, value: str, title: str, detail: str) -> dict:
        return {"resource_type": "user", "parameter": parameter, "value": value, "title": title, "detail": detail}

    errors = [
        error("ids", "7", "Forbidden", "User has been suspended: [7]."),
        error("ids", "8", "Not Found Error", "Could not find user with ids: [8]."),
        error("entities.mentions.username", "9", "Forbidden", "User has been suspended: [9]."),
    ]
    con, _ = read(written(tmp_path, {"errors": errors, "data": [{"id": "1", "username": "a"}]}))
    rows = con.sql("SELECT account_id, status FROM incoming_accounts ORDER BY 1").fetchall()
    assert rows == [("x:1", None), ("x:7", "suspended"), ("x:8", "deleted")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": "1", ', "truncated"),
        ("hello", "is not JSON"),
        ("[17]", "not an object"),
        ("17", "not an object"),
        ('{"foo": 1}', "none of the expected fields"),
        (tweet(5, 2) | {"id": "abc"}, "is not a number"),
        (tweet(5, 2) | {"id": None}, "has no id"),
        (tweet(5, 2) | {"id": 1.5}, "is not a number"),
        (tweet(5, 2) | {"text": 5}, "is not text"),
        (tweet(5, 2) | {"entities": "none"}, "not a valid tweet or user"),
        (tweet(5, 2) | {"referenced_tweets": [{"type": "quoted", "id": "x y"}]}, "is not a number"),
        ({"id_str": "1", "full_text": "x", "user": {}}, "version 1.1"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_broken_lines_are_named_and_may_be_skipped(line: object, reason: str, tmp_path: Path) -> None:
    path = written(tmp_path, tweet(1, 1), "", line, tweet(2, 1))
    with pytest.raises(BadRows) as caught:
        read(path)
    assert reason in caught.value.problems[0].reason
    assert (caught.value.problems[0].file, caught.value.problems[0].line, caught.value.count) == ("tweets.jsonl", 3, 1)
    con, intake = read(path, skip_bad=True)
    assert intake.problem_count == 1
    assert con.sql("SELECT post_id FROM incoming_posts ORDER BY 1").fetchall() == [("x:1",), ("x:2",)]


@pytest.mark.parametrize(
    ("raw", "text", "note"),
    [
        (rb"half \ud83d", "half �", "1 invalid character was replaced"),
        (rb"\ude00 half", "� half", "1 invalid character was replaced"),
        (rb"\ud83d\ude00 \ud83d\ud83d.", "😀 ��.", "2 invalid characters were replaced"),
        (rb"\\ud83d", r"\ud83d", None),  # an escaped backslash, no half
        ("é ".encode() + b"cut \xf0\x9f\x98", "é cut �", "1 invalid character was replaced"),
        ("é ".encode() + b"\xed\xa0\xbd\xed\xb8\x80 \xed\xa0\xbd", "é 😀 �", "1 invalid character was replaced"),
        ("é ".encode() + b"\xff", "é �", "1 invalid character was replaced"),
        (b"caf\xe9 cr\xe8me", "café crème", "is not UTF-8; it was read as cp1252"),
    ],
)
def test_an_invalid_character_costs_itself_only(raw: bytes, text: str, note: str | None, tmp_path: Path) -> None:
    path = tmp_path / "tweets.jsonl"
    whole = json.dumps(tweet(1, 1)).encode()
    path.write_bytes(whole + b'\n{"id": "2", "author_id": "1", "text": "' + raw + b'"}\n')
    con, intake = read(path)
    assert con.sql("SELECT text FROM incoming_posts WHERE post_id = 'x:2'").fetchall() == [(text,)]
    said = [line for line in intake.notes if "invalid" in line or "UTF-8" in line]
    assert len(said) == (note is not None)
    assert note is None or note in said[0]


def test_gzip_that_was_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tweets.jsonl.gz"
    lines = "".join(json.dumps(tweet(n, n, f"text {n * 7919}")) + "\n" for n in range(1, 3000))
    path.write_bytes(gzip.compress(lines.encode())[:-2000])
    assert XV2Source().recognises(path)
    with pytest.raises(InputError, match="cannot be unpacked"):
        read(path, skip_bad=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("indent", [None, 2])
def test_one_response_in_a_json_file(indent: int | None, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "page.json"
    path.write_text(json.dumps({"data": [tweet(1, 1, "é"), tweet(2, 1)]}, indent=indent), encoding=encoding)
    assert find_source(path).name == XV2Source.name
    con, intake = read(path)
    assert post(con, 1, "text") == ("é",)
    assert intake.rows["posts"] == 2


def test_list_of_tweets_names_the_number_of_a_broken_one(tmp_path: Path) -> None:
    path = tmp_path / "tweets.json"
    path.write_text(json.dumps([tweet(1, 1), {"foo": 1}]))
    with pytest.raises(BadRows, match="value 2 of the list"):
        read(path)


def test_what_is_sparse_in_a_batch_is_not_lost(tmp_path: Path) -> None:
    lines = [tweet(n, 1) for n in range(1, 6000)] + [
        tweet(6000, 1, in_reply_to_user_id="2", referenced_tweets=[{"type": "replied_to", "id": "3"}])
    ]
    con, _ = read(written(tmp_path, *lines))
    assert con.sql("SELECT count(*), count(reply_to_post_id) FROM incoming_posts").fetchall() == [(6000, 1)]


def test_tweets_without_an_author_are_left_out_and_said(tmp_path: Path) -> None:
    path = written(tmp_path, {"data": [{"id": "1", "text": "x", "edit_history_tweet_ids": ["1"]}], "meta": {}})
    _, intake = read(path)
    assert intake.rows["posts"] == 0
    assert "do not name their author" in intake.notes[0]


@pytest.mark.parametrize("name", ["page.txt", "page.csv", "page.json.bz2"])
def test_other_endings_are_not_recognised(name: str, tmp_path: Path) -> None:
    assert not XV2Source().recognises(written(tmp_path, tweet(1, 1), name=name))


@pytest.mark.shared
def test_files_of_other_platforms_are_not_recognised(shared_data: Path) -> None:
    others = [
        *(shared_data / "fixtures" / "mastodon").iterdir(),
        *(shared_data / "fixtures" / "bluesky").glob("*.json"),
    ]
    assert len(others) > 30
    assert [file.name for file in others if XV2Source().recognises(file)] == []


ODD = [None, True, 0, -1, 1.5, 2**70, "", "x", "\x00", "9" * 30, [], {}, [1], [None], {"a": 1}, "2021-99-99T00:00:00Z"]


def places(thing: Any, before: tuple = ()) -> Iterator[tuple]:
    if before:
        yield before
    if isinstance(thing, (dict, list)):
        for name, value in thing.items() if isinstance(thing, dict) else enumerate(thing):
            yield from places(value, (*before, name))


@pytest.mark.sampled(2)
@pytest.mark.shared
@pytest.mark.parametrize("name", ["flat", "quoted_edit", "mentions_tweet", "geo_tweets"])
def test_odd_values_anywhere_are_taken_or_named_and_never_crash(name: str, shared_data: Path, tmp_path: Path) -> None:
    packed = (shared_data / "fixtures" / "twitter" / "twarc" / f"{name}.jsonl.gz").read_bytes()
    first = gzip.decompress(packed).decode().split("\n")[0]
    chosen = np.random.default_rng(5)
    spots = [spot for spot in places(json.loads(first)) if len(spot) < 6]
    for _ in range(40):
        line = json.loads(first)
        *way, last = spots[chosen.integers(len(spots))]
        thing = line
        for step in way:
            thing = thing[step]
        thing[last] = ODD[chosen.integers(len(ODD))]
        con, intake = read(written(tmp_path, line), skip_bad=True)
        ids = con.sql(
            "SELECT post_id FROM incoming_posts UNION ALL SELECT account_id FROM incoming_accounts"
        ).fetchall()
        assert all(re.fullmatch(r"x:\d+", identifier) for (identifier,) in ids)
        assert intake.problem_count or ids or intake.notes
