"""Tables of minet: each kind, with the columns that minet 4.2 writes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from tests.lists import complete_of
from tests.sources.minet_tables import FOLLOWERS, FRIENDS, LISTED, POSTS, PROFILES, TWEETS, USERS, table

import headcount as hc
from headcount.cli.main import main
from headcount.errors import BadRows, InputError
from headcount.incoming import create_incoming
from headcount.sources import find_source
from headcount.sources.formats.minet import MinetSource

NOON = 1_714_557_600  # 2024-05-01 10:00 UTC
WHEN, SEEN = datetime(2024, 5, 1, 10), datetime(2024, 6, 1, 12)
ANA, BEN, CLEO = "did:plc:ana", "did:plc:ben", "did:plc:cleo"
TWEET = {"timestamp_utc": NOON, "user_screen_name": "ana", "user_id": 1, "collection_time": "2024-06-01T12:00:00.0"}
POST = {
    "did": "3k",
    "timestamp_utc": NOON,
    "user_did": ANA,
    "user_handle": "ana.example",
    "user_diplay_name": "Ana",
    "collection_time": "2024-06-01T12:00:00.0",
}


def read(path: Path, *, skip_bad: bool = False):
    con = duckdb.connect()
    con.execute("SET TimeZone = 'America/New_York'")
    create_incoming(con)
    assert find_source(path).name == "minet table"
    return con, MinetSource().read(path, con, skip_bad=skip_bad)


def rows(con: duckdb.DuckDBPyConnection, columns: str, name: str) -> list[tuple]:
    return con.sql(f"SELECT DISTINCT {columns} FROM incoming_{name} ORDER BY ALL").fetchall()


def test_tweets(tmp_path: Path) -> None:
    named = {"mentioned_names": "ben|cleo", "mentioned_ids": "2|3"}
    quote = {"quoted_id": 60, "quoted_user": "Cleo", "quoted_user_id": 3}
    author = {
        "user_name": "Ana A.",
        "user_description": "I ask",
        "user_url": "https://ana.example",
        "user_tweets": 7,
        "user_followers": 5,
        "user_friends": 4,
        "user_verified": 1,
        "user_timestamp_utc": NOON,
        "user_image": "https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png",
    }
    tweets = [
        TWEET | author | {"id": 10, "text": "who?", "links": "https://www.example.org/a|https://x.com/b"},
        TWEET | {"id": 11, "text": "@ben yes @cleo", "to_userid": 2, "to_tweetid": 50, "to_username": "ben"} | named,
        TWEET | {"id": 12, "text": "RT @ben: hi", "retweeted_id": 51, "retweeted_user_id": 2} | named,
        TWEET | {"id": 13, "text": "as @ben says « cleo: so\nit is @cleo — https://x.com/c/60 »"} | quote | named,
        TWEET | {"id": 14, "text": "@ben hello", "to_userid": 2, "mentioned_names": "ben", "mentioned_ids": "2"},
    ]
    path = table(tmp_path / "tweets.csv", ["query", "id"], TWEETS, *[(["q", "other"], tweet) for tweet in tweets])
    con, intake = read(path)
    columns = "post_id, author_id, created_at, kind, reply_to_post_id, reply_to_account_id, text, link_domains"
    assert rows(con, columns, "posts") == [
        ("x:10", "x:1", WHEN, "post", None, None, "who?", ["example.org"]),
        ("x:11", "x:1", WHEN, "reply", "x:50", "x:2", "@ben yes @cleo", []),
        ("x:12", "x:1", WHEN, "repost", None, None, "RT @ben: hi", []),
        ("x:13", "x:1", WHEN, "quote", None, None, "as @ben says", []),
        ("x:14", "x:1", WHEN, "post", None, None, "@ben hello", []),
    ]
    assert con.sql("SELECT kind, target_id, post_id FROM incoming_interactions ORDER BY ALL").fetchall() == [
        ("mention", "x:2", None),
        ("mention", "x:2", None),
        ("mention", "x:3", None),
        ("quote", "x:3", "x:60"),
        ("reply", "x:2", "x:50"),
        ("repost", "x:2", "x:51"),
    ]
    about = "handle, display_name, bio, website, created_at, posts_count, followers_count, following_count"
    assert rows(con, about + ", verified, default_avatar, observed_at", "accounts WHERE bio IS NOT NULL") == [
        ("ana", "Ana A.", "I ask", "https://ana.example", WHEN, 7, 5, 4, True, True, SEEN)
    ]
    assert rows(con, "account_id, handle", "accounts WHERE account_id <> 'x:1'") == [("x:2", "ben"), ("x:3", "cleo")]
    assert "no time zone" in intake.notes[0]


def test_users(tmp_path: Path) -> None:
    user = {"id": 1, "screen_name": "ana", "name": "Ana", "timestamp_utc": NOON, "protected": 0, "tweets": 0}
    path = table(tmp_path / "users.csv.gz", ["who"], USERS, (["ana"], user | {"followers": 5, "friends": 4}))
    con, _ = read(path)
    told = "account_id, handle, created_at, posts_count, followers_count, following_count, protected, verified, bio"
    assert rows(con, told, "accounts") == [("x:1", "ana", WHEN, 0, 5, 4, False, None, "")]


@pytest.mark.parametrize(
    ("columns", "follows"),
    [
        (FOLLOWERS, [("x:10", "x:1", 0), ("x:11", "x:1", 1), ("x:12", "x:2", 0)]),
        (FRIENDS, [("x:1", "x:10", None), ("x:1", "x:11", None), ("x:2", "x:12", None)]),
    ],
)
def test_followers_and_friends(columns: list[str], follows: list[tuple], tmp_path: Path) -> None:
    """The last row of a list that was read to its end says so; of the other, more may be missing."""
    entries = [("1", "", 10), ("1", "end", 11), ("2", "166", 12)]
    listed = [([owner], {"cursor": cursor, columns[1]: other}) for owner, cursor, other in entries]
    con, intake = read(table(tmp_path / "list.csv", ["user_id"], columns, *listed))
    assert rows(con, "follower_id, followee_id, position", "follows") == follows
    ended = frozenset(["x:1"])
    assert complete_of(intake) == ((ended, frozenset()) if columns is FOLLOWERS else (frozenset(), ended))


def test_whose_list_it_is_among_many_columns(tmp_path: Path) -> None:
    before = ["rank", "user_id", "screen_name"]
    con, _ = read(table(tmp_path / "a.csv", before, FOLLOWERS, (["7", "1", "ana"], {"follower_id": 10})))
    assert rows(con, "follower_id, followee_id", "follows") == [("x:10", "x:1")]


def test_handles_are_looked_up_in_the_workspace(tmp_path: Path) -> None:
    path = table(tmp_path / "followers.csv", ["name"], FOLLOWERS, (["@Ana"], {"cursor": "end", "follower_id": 10}))
    workspace = hc.open(tmp_path / "workspace")
    with pytest.raises(InputError, match="'@Ana' only, without an id") as caught:
        workspace.add(path)
    assert "headcount add HANDLE" in str(caught.value)
    user = {"id": 1, "screen_name": "ana", "timestamp_utc": NOON}
    workspace.add(table(tmp_path / "users.csv", [], USERS, ([], user)))
    assert workspace.add(path).added["follows"] == 1
    assert workspace.report("ana").account.account_id == "x:1"


def test_posts_of_bluesky(tmp_path: Path) -> None:
    uri = "at://did:plc:{}/app.bsky.feed.post/{}".format
    posts = [
        POST | {"uri": uri("ana", "a"), "original_text": "who?", "links": "https://www.example.org/a", "text": "…"},
        POST
        | {"uri": uri("ana", "b"), "to_post_uri": uri("ben", "p"), "to_root_post_uri": uri("cleo", "r")}
        | {"to_user_did": BEN, "mentioned_user_dids": f"{BEN}|{CLEO}", "original_text": "yes"},
        POST | {"uri": uri("ana", "c"), "quoted_uri": uri("ben", "q"), "quoted_user_did": BEN, "original_text": "so"},
        POST
        | {"uri": uri("ben", "d"), "user_did": BEN, "user_handle": "ben.example", "original_text": "hi"}
        | {"repost_by_user_did": ANA, "repost_by_user_handle": "ana.example", "repost_timestamp_utc": NOON + 60},
    ]
    con, _ = read(table(tmp_path / "x.csv", ["handle"], POSTS, *[(["ana.example"], post) for post in posts]))
    key = "bluesky:" + uri("{}", "{}")
    columns = "post_id, author_id, created_at, kind, reply_to_post_id, root_post_id, text, link_domains"
    ana = "bluesky:did:plc:ana"
    first, second, third, other = (
        key.format(*own) for own in ("ana a", "ana b", "ana c", "ben d") for own in [own.split()]
    )
    assert rows(con, columns, "posts") == [
        (first, ana, WHEN, "post", None, first, "who?", ["example.org"]),
        (second, ana, WHEN, "reply", key.format("ben", "p"), key.format("cleo", "r"), "yes", []),
        (third, ana, WHEN, "quote", None, third, "so", []),
        (other, "bluesky:did:plc:ben", WHEN, "post", None, other, "hi", []),
    ]
    assert rows(con, "kind, actor_id, target_id, post_id, created_at", "interactions") == [
        ("mention", ana, "bluesky:did:plc:cleo", None, WHEN),
        ("quote", ana, "bluesky:did:plc:ben", key.format("ben", "q"), WHEN),
        ("reply", ana, "bluesky:did:plc:ben", key.format("ben", "p"), WHEN),
        ("repost", ana, "bluesky:did:plc:ben", other, datetime(2024, 5, 1, 10, 1)),
    ]
    assert (ana, "ana.example", "Ana") in rows(con, "account_id, handle, display_name", "accounts")


def test_profiles_of_bluesky(tmp_path: Path) -> None:
    profile = {"did": ANA, "handle": "ana.example", "display_name": "Ana", "posts": 3, "followers": 5, "follows": 4}
    told = profile | {"description": "I ask", "timestamp_utc": NOON, "collection_time": "2024-06-01T12:00:00.0"}
    con, _ = read(table(tmp_path / "x.csv", ["profile"], PROFILES, (["ana.example"], told)))
    columns = "account_id, handle, bio, created_at, posts_count, followers_count, following_count, observed_at"
    assert rows(con, columns, "accounts") == [
        ("bluesky:did:plc:ana", "ana.example", "I ask", WHEN, 3, 5, 4, SEEN),
    ]


LIST = {"did": BEN, "handle": "ben.example", "display_name": "Ben", "timestamp_utc": NOON, "starter_packs": 0}
ADDRESS = "at://did:plc:ana/app.bsky.feed.post/3k"


@pytest.mark.parametrize(
    ("name", "told", "follows", "interactions"),
    [
        ("ana_followers.csv", ANA, [("bluesky:did:plc:ben", "bluesky:did:plc:ana", 0)], []),
        ("ana-follows.csv", ANA, [("bluesky:did:plc:ana", "bluesky:did:plc:ben", None)], []),
        ("likes.csv", ADDRESS, [], [("like", "bluesky:did:plc:ben", "bluesky:did:plc:ana", f"bluesky:{ADDRESS}")]),
        (
            "reposted.csv",
            f"https://bsky.app/profile/{ANA}/post/3k",
            [],
            [("repost", "bluesky:did:plc:ben", "bluesky:did:plc:ana", f"bluesky:{ADDRESS}")],
        ),
        ("people.csv", ANA, [], []),
    ],
)
def test_lists_of_bluesky_are_what_their_name_says(
    name: str, told: str, follows: list[tuple], interactions: list[tuple], tmp_path: Path
) -> None:
    con, intake = read(table(tmp_path / name, ["rank", "url"], LISTED, (["5", told], LIST)))
    assert rows(con, "follower_id, followee_id, position", "follows") == follows
    assert rows(con, "kind, actor_id, target_id, post_id", "interactions") == interactions
    assert rows(con, "account_id, handle", "accounts") == [("bluesky:did:plc:ben", "ben.example")]
    assert any("alike" in note for note in intake.notes) is (name == "people.csv")


def test_a_report_can_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = str(tmp_path / "workspace")
    followers = [(["1"], {"cursor": "end" if n == 19 else "", "follower_id": 10 + n}) for n in range(20)]
    tweets = [(["q"], TWEET | {"id": 100 + n, "text": "who?"}) for n in range(5)]
    answer = TWEET | {"to_userid": 1, "to_tweetid": 100}
    replies = [(["q"], answer | {"id": 200 + n, "user_id": 10 + n, "user_screen_name": f"u{n}"}) for n in range(4)]
    for path in (
        table(tmp_path / "a.csv", ["user_id"], FOLLOWERS, *followers),
        table(tmp_path / "b.csv", ["query"], TWEETS, *tweets, *replies),
    ):
        assert main(["add", str(path), "--workspace", workspace]) == 0
    assert main(["report", "ana", "--workspace", workspace]) == 0
    out = capsys.readouterr().out
    assert "@ana" in out
    assert "20" in out


@pytest.mark.parametrize(
    ("columns", "row", "reason"),
    [
        (TWEETS, TWEET | {"id": "1.2e18"}, "is not a number"),
        (TWEETS, TWEET, "it has no id"),
        (TWEETS, TWEET | {"id": 1, "timestamp_utc": "yesterday"}, "could not convert"),
        (TWEETS, TWEET | {"id": 1, "timestamp_utc": "1e30"}, "is not a time"),
        (USERS, {"screen_name": "ana"}, "it has no id"),
        (POSTS, POST | {"uri": ADDRESS, "user_did": "ana"}, "is not a valid DID"),
        (FOLLOWERS, {"follower_id": "abc"}, "is not a number"),
        (FOLLOWERS, {}, "it has no id"),
    ],
)
def test_wrong_rows_are_named_and_may_be_skipped(
    columns: list[str], row: dict[str, object], reason: str, tmp_path: Path
) -> None:
    path = table(tmp_path / "table.csv", ["user_id"], columns, (["1"], row))
    with pytest.raises(BadRows, match=r"table\.csv:2: is not a valid minet row") as caught:
        read(path)
    assert reason in caught.value.problems[0].reason
    _, intake = read(path, skip_bad=True)
    assert intake.problem_count == 1


def test_a_row_that_is_cut_off_is_named(tmp_path: Path) -> None:
    path = table(tmp_path / "table.csv", ["user_id"], FOLLOWERS, (["1"], {"follower_id": 5}))
    path.write_text(path.read_text() + "1,\n")
    with pytest.raises(BadRows, match=r"table\.csv:3: expected fields: 3 found 2"):
        read(path)


@pytest.mark.parametrize(
    "header",
    ["follower_id,followee_id", "follower_id", "cursor,follower_id,x", "id,screen_name", "did,followers"],
)
def test_other_tables_are_not_recognised(header: str, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text(header + "\n")
    assert not MinetSource().recognises(tmp_path / "x.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_that_a_spreadsheet_saved(encoding: str, delimiter: str, tmp_path: Path) -> None:
    path = table(
        tmp_path / "t.csv", [], USERS, ([], {"id": 7, "screen_name": "zoe", "name": "Zoë – é", "followers": 5})
    )
    path.write_bytes(path.read_text(encoding="utf-8").replace(",", delimiter).encode(encoding))
    con, _ = read(path)
    assert rows(con, "display_name, followers_count", "accounts") == [("Zoë – é", 5)]


def test_an_invalid_character_and_a_count_with_a_separator(tmp_path: Path) -> None:
    path = table(
        tmp_path / "t.csv", [], USERS, ([], {"id": 7, "screen_name": "zoe", "name": "é é BAD", "followers": "12.000"})
    )
    path.write_bytes(path.read_bytes().replace(b"BAD", b"\xed\xa0\xbd"))
    con, intake = read(path)
    assert rows(con, "display_name, followers_count", "accounts") == [("é é �", None)]
    assert any("t.csv: 1 invalid character was replaced" in note for note in intake.notes)
    assert "Counts that are not integers from 0 were treated as unknown: 1." in intake.notes
