"""X's own archive in every known layout, built here; and the account files that a real one was read from."""

from __future__ import annotations

import json
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest
from tests.lists import complete_of, reasons_of
from tests.sources import archives as built
from tests.sources.archives import ANA, BEN, CLEO, DORA, X_LAYOUTS

import headcount as hc
from headcount.cli.main import main
from headcount.errors import BadRows, InputError, UsageError
from headcount.incoming import create_incoming
from headcount.sources import find_source
from headcount.sources.x.archive import XArchiveSource
from headcount.store.store import Store

NOW = datetime(2026, 4, 1, tzinfo=UTC)
WRITTEN = datetime(2023, 2, 18, 12, 33, 11)
OLD = datetime(2015, 1, 24, 2, 2, 37)


def read(path: Path, *, skip_bad: bool = False):
    con = duckdb.connect()
    con.execute("SET TimeZone = 'America/New_York'")  # the machine's zone must not matter
    create_incoming(con)
    return con, XArchiveSource().read(path, con, skip_bad=skip_bad)


def rows(con: duckdb.DuckDBPyConnection, columns: str, table: str) -> list[tuple]:
    return con.sql(f"SELECT DISTINCT {columns} FROM incoming_{table} ORDER BY ALL").fetchall()


@pytest.mark.parametrize("packed", ["zip", "folder"])
@pytest.mark.parametrize("layout", X_LAYOUTS)
def test_every_layout_gives_the_same_posts_and_follows(layout: str, packed: str, tmp_path: Path) -> None:
    files = X_LAYOUTS[layout]()
    path = built.zipped(tmp_path / "x.zip", files) if packed == "zip" else built.folder(tmp_path / "x", files)
    assert find_source(path).name == "X archive"
    con, intake = read(path)
    old = layout in ("browsable 2015", "browsable 2012", "table only")
    when = OLD if old else WRITTEN
    assert rows(con, "post_id, author_id, created_at, kind, reply_to_post_id, reply_to_account_id", "posts") == [
        ("x:1001", "x:12497", when, "post", None, None),
        ("x:1002", "x:12497", when, "reply", "x:55", "x:700"),
        ("x:1003", "x:12497", when, "repost", None, None),
        ("x:1004", "x:12497", when, "quote", None, None),
        ("x:1005", "x:12497", when, "post", None, None),
        ("x:1006", "x:12497", when, "reply", "x:1001", "x:12497"),
    ]
    ana, ben, cleo, dora = ("x:" + account for account in (ANA, BEN, CLEO, DORA))
    expected = {("repost", ana, dora, "x:88" if old else None, when), ("reply", ana, ben, "x:55", when)}
    if layout != "table only":  # the table names nobody but who is answered
        expected |= {("mention", ana, cleo, None, when), ("quote", ana, cleo, "x:77", when)}
    if not old:
        expected |= {("like", ana, ben, "x:55", None), ("like", ana, cleo, "x:77", None)}
    found = rows(con, "kind, actor_id, target_id, post_id, created_at", "interactions")
    assert set(found) == expected
    assert len(found) == len(expected)
    follows = [] if old else [("x:12497", "x:700"), ("x:12497", "x:800"), ("x:386025404", "x:12497"), (ben, ana)]
    assert rows(con, "follower_id, followee_id", "follows") == sorted(follows)
    assert rows(con, "position", "follows") == ([] if old else [(None,)]), "the order of the list is not documented"
    assert intake.problem_count == 0


def test_what_is_known_of_the_account(tmp_path: Path) -> None:
    columns = "account_id, handle, display_name, bio, website, created_at, default_avatar, observed_at"
    made, seen = datetime(2006, 11, 15, 13, 18, 50), datetime(2026, 3, 1, 9, 58, 12, 345000)
    con, _ = read(built.zipped(tmp_path / "new.zip", built.modern()))
    assert rows(con, columns, "accounts WHERE account_id = 'x:12497'") == [
        ("x:12497", "ana", "Ana", "I ask & answer", "https://t.co/x", made, True, seen)
    ]
    assert rows(con, "account_id, handle, display_name", "accounts WHERE display_name <> 'Ana'") == [
        ("x:700", "ben", "Ben"),
        ("x:800", "cleo", "Cleo"),
        ("x:900", "dora", "Dora"),
    ]
    con, _ = read(built.zipped(tmp_path / "old.zip", built.browsable()))
    assert rows(con, columns, "accounts WHERE account_id = 'x:12497'") == [
        ("x:12497", "ana", "Ana", "I ask & answer", None, made, None, datetime(2015, 3, 4, 0, 4, 27))
    ]


def test_text_links_and_time_of_a_post(tmp_path: Path) -> None:
    con, _ = read(built.zipped(tmp_path / "x.zip", built.modern()))
    assert rows(con, "text, link_domains, observed_at", "posts WHERE post_id = 'x:1001'") == [
        ("Who is there? & who reads?", ["example.org"], datetime(2026, 3, 1, 9, 58, 12, 345000))
    ]


def test_private_files_are_never_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    plain_read = zipfile.ZipFile.read
    monkeypatch.setattr(
        zipfile.ZipFile, "read", lambda file, entry: opened.append(entry.filename) or plain_read(file, entry)
    )
    con, _ = read(built.zipped(tmp_path / "x.zip", built.modern()))
    assert set(opened) == {
        f"data/{name}.js" for name in ["account", "profile", "manifest", "follower", "following", "tweets", "like"]
    }
    for table in ("accounts", "follows", "posts", "interactions"):
        content = json.dumps(con.sql(f"SELECT * FROM incoming_{table}").fetchall(), default=str)
        assert "ana@example.com" not in content
        assert "5555555" not in content


def test_long_tweets_get_their_whole_text(tmp_path: Path) -> None:
    files = built.modern()
    core = {"text": "Who is there, and what do they say about it all?", "urls": [], "mentions": []}
    note = {"noteTweetId": "5", "createdAt": "2023-02-18T12:34:00.000Z", "core": core}
    posts = [built.tweet(1, "Who is there, and…", "Sat Feb 18 12:34:00 +0000 2023"), built.tweet(2, "short")]
    files["data/tweets.js"] = built.ytd("tweets", [{"tweet": post} for post in posts])
    files["data/note-tweet.js"] = built.ytd("note_tweet", [{"noteTweet": note}])
    con, _ = read(built.zipped(tmp_path / "x.zip", files))
    assert rows(con, "post_id, text", "posts") == [("x:1", core["text"]), ("x:2", "short")]
    second = note | {"noteTweetId": "6", "core": core | {"text": "another of the same second"}}
    files["data/note-tweet.js"] = built.ytd("note_tweet", [{"noteTweet": note}, {"noteTweet": second}])
    con, _ = read(built.zipped(tmp_path / "y.zip", files))
    assert rows(con, "post_id, text", "posts")[0] == ("x:1", "Who is there, and…"), "which of the two is not told"


def test_only_the_latest_edit_is_kept(tmp_path: Path) -> None:
    files = built.modern()
    ids = {"editTweetIds": ["1", "2"], "editsRemaining": "4"}
    first = built.tweet(1, "teh") | {"edit_info": {"initial": ids}}
    last = built.tweet(2, "the") | {"edit_info": {"edit": {"initialTweetId": "1", "editControlInitial": ids}}}
    files["data/tweets.js"] = built.ytd("tweets", [{"tweet": last}, {"tweet": first}])
    con, intake = read(built.zipped(tmp_path / "x.zip", files))
    assert rows(con, "post_id, text", "posts") == [("x:2", "the")]
    assert any("latest edit" in note for note in intake.notes)


def test_a_handle_that_two_accounts_had_names_neither(tmp_path: Path) -> None:
    files = built.modern()
    posts = [
        built.tweet(1, "@cleo", mentions=[built.mention(CLEO, "cleo", 0)]),
        built.tweet(2, "@cleo", mentions=[built.mention("801", "cleo", 0)]),
        built.tweet(3, "see", links=["https://x.com/cleo/status/5"]),
    ]
    files["data/tweets.js"] = built.ytd("tweets", [{"tweet": post} for post in posts])
    files["data/like.js"] = built.ytd("like", [])
    con, intake = read(built.zipped(tmp_path / "x.zip", files))
    assert rows(con, "kind", "interactions") == [("mention",)]
    assert rows(con, "kind", "posts WHERE post_id = 'x:3'") == [("quote",)]
    assert any(": 1 quotes." in note for note in intake.notes)


def test_links_to_pictures_and_to_oneself_are_no_quotes(tmp_path: Path) -> None:
    files = built.modern()
    links = ["https://twitter.com/cleo/status/5/photo/1", "https://twitter.com/ana/status/3", "https://example.org/"]
    files["data/tweets.js"] = built.ytd("tweets", [{"tweet": built.tweet(3, "see", links=links)}])
    con, _ = read(built.zipped(tmp_path / "x.zip", files))
    assert rows(con, "kind, link_domains", "posts") == [("post", ["example.org"])]


def test_what_the_archive_cannot_know_is_said(tmp_path: Path) -> None:
    _, intake = read(built.zipped(tmp_path / "x.zip", built.modern()))
    assert "likes, reposts and replies by others are unknown" in intake.notes[0]
    assert "headcount add @ana" in intake.notes[0]
    assert any(": 1 likes." in note for note in intake.notes)
    assert ("likes", "unknown", "own_activity_only") in reasons_of(intake)
    _, intake = read(built.zipped(tmp_path / "y.zip", built.browsable()))
    assert "It contains no list of followers." in intake.notes
    assert complete_of(intake) == (frozenset(), frozenset())


def test_lists_are_whole_unless_the_manifest_names_more(tmp_path: Path) -> None:
    both = frozenset(["x:12497"])
    _, intake = read(built.zipped(tmp_path / "x.zip", built.in_parts()))
    assert complete_of(intake) == (both, both)
    files = built.in_parts()
    del files["data/follower-part1.js"]
    _, intake = read(built.zipped(tmp_path / "y.zip", files))
    assert complete_of(intake) == (frozenset(), both)
    assert ("followers", "partial", "parts_missing") in reasons_of(intake)
    assert ("posts", "complete", None) in reasons_of(intake)
    assert len({entry.observed_at for entry in intake.lists}) == 1, "when the archive was made"
    assert intake.lists[0].observed_at is not None
    assert any("follower-part1.js is not in it" in note for note in intake.notes)


@pytest.mark.parametrize("top", ["", "twitter-2026-03-01-8f3a/", "twitter-2026-03-01-8f3a\\"])
def test_zips_that_were_packed_again(top: str, tmp_path: Path) -> None:
    """By macOS, with a folder around it and what it adds, and by Windows, with backslashes."""
    files = built.modern()
    if "\\" in top:
        files = {name.replace("/", "\\"): content for name, content in files.items()}
    path = built.zipped(tmp_path / "x.zip", files, top=top)
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(f"__MACOSX/{top}data/._follower.js", b"\x00\x05\x16\x07")
        file.writestr(f"{top}.DS_Store", b"\x00")
    con, _ = read(path)
    assert len(rows(con, "follower_id", "follows WHERE followee_id = 'x:12497'")) == 2


def test_byte_order_mark_line_ends_and_semicolon(tmp_path: Path) -> None:
    files = built.modern()
    for name in ("data/follower.js", "data/account.js", "data/tweets.js"):
        files[name] = b"\xef\xbb\xbf" + str(files[name]).replace("\n", "\r\n").encode() + b";\r\n"
    con, _ = read(built.zipped(tmp_path / "x.zip", files))
    assert len(rows(con, "post_id", "posts")) == 6


def test_the_data_folder_alone_will_do(tmp_path: Path) -> None:
    built.folder(tmp_path, built.modern())
    con, _ = read(tmp_path / "data")
    assert find_source(tmp_path / "data").name == "X archive"
    assert len(rows(con, "post_id", "posts")) == 6


@pytest.mark.shared
def test_the_account_files_of_a_real_parser(shared_data: Path, tmp_path: Path) -> None:
    """The test values that the author of twitter-to-sqlite keeps, in a zip as X makes it."""
    source = shared_data / "fixtures" / "twitter"
    files = {f"data/{name}.js": (source / f"archive_{name}.js").read_bytes() for name in built_names()}
    con, intake = read(built.zipped(tmp_path / "x.zip", files))
    assert rows(con, "account_id, handle, display_name, created_at", "accounts") == [
        ("x:12497", "simonw", "Simon Willison", datetime(2006, 11, 15, 13, 18, 50))
    ]
    assert rows(con, "follower_id, followee_id", "follows") == [
        ("x:12497", "x:12158"),
        ("x:12497", "x:547842573"),
        ("x:386025404", "x:12497"),
        ("x:73747798", "x:12497"),
    ]
    assert intake.rows == {"accounts": 1, "follows": 4, "posts": 0, "interactions": 0}


def built_names() -> list[str]:
    return ["account", "follower", "following"]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("layout", X_LAYOUTS)
def test_a_report_can_be_made(layout: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = built.zipped(tmp_path / "x.zip", X_LAYOUTS[layout]())
    workspace = str(tmp_path / "workspace")
    assert main(["add", str(path), "--workspace", workspace]) == 0
    assert main(["report", "ana", "--workspace", workspace]) == 0
    assert "@ana" in capsys.readouterr().out


def test_a_second_archive_tells_who_is_gone(tmp_path: Path) -> None:
    """And nobody else: the followers of the accounts that the owner follows are another list."""
    workspace = tmp_path / "workspace"
    files = built.modern()
    files["data/follower.js"] = built.ytd("follower", built.listed("follower", BEN, CLEO, DORA))
    tidy = tmp_path / "follows.csv"
    tidy.write_text("follower_id,followee_id\nx:1,x:700\nx:2,x:700\n")
    hc.open(workspace).add(tidy)
    hc.open(workspace).add(built.zipped(tmp_path / "x.zip", files), now=NOW)
    files["data/follower.js"] = built.ytd("follower", built.listed("follower", BEN, CLEO))
    again = hc.open(workspace).add(built.zipped(tmp_path / "y.zip", files), now=NOW)
    assert again.gone == 1
    with Store(workspace) as store:
        standing = "SELECT follower_id, followee_id FROM follows WHERE gone_at IS NOT NULL"
        gone = store.connection.execute(standing).fetchall()
    assert gone == [("x:900", "x:12497")]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ({"follower": {}}, "no accountId"),
        ({"follower": {"accountId": "<img>"}}, "is not a number"),
        (None, "is not a valid follower"),
        (7, "is not a valid follower"),
    ],
)
def test_wrong_entries_are_named_and_may_be_skipped(entry: object, reason: str, tmp_path: Path) -> None:
    files = built.modern()
    files["data/follower.js"] = built.ytd("follower", [*built.listed("follower", BEN), entry])
    path = built.zipped(tmp_path / "x.zip", files)
    with pytest.raises(BadRows) as caught:
        read(path)
    assert (caught.value.problems[0].file, caught.value.count) == ("data/follower.js", 1)
    assert reason in caught.value.problems[0].reason
    assert "value 2 of the list" in caught.value.problems[0].reason
    con, intake = read(path, skip_bad=True)
    assert intake.problem_count == 1
    assert rows(con, "follower_id", "follows WHERE followee_id = 'x:12497'") == [("x:700",)]


def test_one_file_of_an_archive_is_sent_back(tmp_path: Path) -> None:
    path = tmp_path / "tweets.js"
    path.write_text(str(built.modern()["data/tweets.js"]))
    with pytest.raises(UsageError, match="one file of an X archive"):
        find_source(path).read(path, duckdb.connect(), skip_bad=False)


def test_two_archives_in_one_zip_are_sent_back(tmp_path: Path) -> None:
    files = {f"{top}/{name}": content for top in "ab" for name, content in built.modern().items()}
    with pytest.raises(InputError, match="more than one archive"):
        read(built.zipped(tmp_path / "x.zip", files))


@pytest.mark.parametrize(
    "files", [{"account.js": "x"}, {"src/js/account.js": "", "src/js/profile.js": ""}, {"tweets.csv": "a,b"}]
)
def test_files_that_merely_have_such_a_name_are_no_archive(files: built.Files, tmp_path: Path) -> None:
    assert not XArchiveSource().recognises(built.folder(tmp_path / "folder", files))
    assert not XArchiveSource().recognises(built.zipped(tmp_path / "x.zip", files))


@pytest.mark.sampled(1)
@pytest.mark.parametrize("layout", ["2022", "browsable 2015"])
def test_odd_values_anywhere_are_taken_or_named_and_never_crash(layout: str, tmp_path: Path) -> None:
    files, chosen = X_LAYOUTS[layout](), np.random.default_rng(7)
    private = {"data/" + name for name in built.PRIVATE}
    names = [name for name in files if name.endswith(".js") and name not in private]
    for _ in range(60):
        path = built.zipped(tmp_path / "x.zip", built.with_an_odd_value(files, names, chosen))
        try:
            con, _ = read(path, skip_bad=True)
        except InputError:
            continue
        ids = con.execute(
            "SELECT post_id FROM incoming_posts UNION SELECT account_id FROM incoming_accounts"
        ).fetchall()
        assert all(re.fullmatch(r"x:\d+", identifier) for (identifier,) in ids)


def test_an_older_archive_that_is_imported_later_revives_no_one(tmp_path: Path) -> None:
    """Who is in the older list of followers and not in the newer one has left, whichever is imported first."""
    older = built.modern()
    newer = {name: content.replace(built.MADE, "2026-06-01T00:00:00.000Z") for name, content in older.items()}
    (name,) = [name for name in newer if name.endswith("follower.js")]
    head, _, body = newer[name].partition("=")
    entries = json.loads(body)
    assert len(entries) > 1
    newer[name] = f"{head}= {json.dumps(entries[1:])}"
    paths = [built.zipped(tmp_path / f"{n}.zip", files) for n, files in (("older", older), ("newer", newer))]
    for order in (1, -1):
        workspace = hc.open(tmp_path / f"ws{order}")
        for path in paths[::order]:
            workspace.add(path)
        with Store(tmp_path / f"ws{order}") as store:
            standing = "SELECT count(*) FROM follows WHERE followee_id = ? AND gone_at IS NULL"
            assert store.connection.execute(standing, [f"x:{ANA}"]).fetchall() == [(len(entries) - 1,)]
