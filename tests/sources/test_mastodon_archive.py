"""Mastodon's own archive, built as its BackupService writes it: packed, unpacked, and with the exported lists."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest
from tests.lists import complete_of, reasons_of
from tests.sources import archives as built
from tests.sources.archives import ACTOR, BEN_PAGE, HOME, PUBLIC

import headcount
from headcount.cli.main import main
from headcount.errors import BadRows, InputError, UsageError
from headcount.incoming import create_incoming
from headcount.sources import find_source
from headcount.sources.mastodon.activitypub import Addresses, account_key, post_key, visibility, words
from headcount.sources.mastodon.archive import MastodonArchiveSource

NAME = "archive-20260301095812-8f3a2c1b9e7d4f60"
MADE = datetime(2026, 3, 1, 9, 58, 12)
ANA, BEN, CLEO = "mastodon:ana@social.example", "mastodon:ben@other.example", "mastodon:cleo@cleo.example"


def read(path: Path, *, skip_bad: bool = False):
    con = duckdb.connect()
    con.execute("SET TimeZone = 'America/New_York'")
    create_incoming(con)
    return con, MastodonArchiveSource().read(path, con, skip_bad=skip_bad)


def rows(con: duckdb.DuckDBPyConnection, columns: str, table: str) -> list[tuple]:
    return con.sql(f"SELECT DISTINCT {columns} FROM incoming_{table} ORDER BY ALL").fetchall()


def packed(form: str, folder: Path, files: built.Files) -> Path:
    if form == "tar.gz":
        return built.tarred(folder / f"{NAME}.tar.gz", files)
    if form == "tar.gz, with a folder":
        return built.tarred(folder / f"{NAME}.tgz", files, top="./ana/")
    if form == "zip":
        return built.zipped(folder / f"{NAME}.zip", files)
    return built.folder(folder / NAME, files)


FORMS = ["tar.gz", "tar.gz, with a folder", "zip", "folder"]


@pytest.mark.parametrize("form", FORMS)
def test_every_packing_gives_the_same_rows(form: str, tmp_path: Path) -> None:
    path = packed(form, tmp_path, built.mastodon())
    assert find_source(path).name == "Mastodon archive"
    con, intake = read(path)
    own = f"mastodon:{ACTOR}/statuses/"
    columns = "post_id, author_id, created_at, kind, reply_to_post_id, reply_to_account_id, text, link_domains"
    text = "Who is there?\nSay & do\n\nsee"
    at = [datetime(2024, 5, day, 10) for day in range(1, 10)]
    misskey = "mastodon:https://misskey.example/notes/"
    expected = [
        (own + "1", ANA, at[1], "post", None, None, text, ["example.org"]),
        (own + "2", ANA, at[2], "reply", f"mastodon:{BEN_PAGE}/statuses/55", BEN, "@dora yes", []),
        (own + "3", ANA, at[3], "reply", f"mastodon:{built.CLEO_PAGE}/statuses/7", CLEO, None, None),
        (own + "5", ANA, at[5], "reply", own + "1", ANA, "not listed", []),
        (own + "6", ANA, at[6], "quote", None, None, "as they say", []),
        (own + "7", ANA, at[7], "reply", misskey + "9abc", None, "who?", []),
        (own + "8/activity", ANA, datetime(2024, 6, 9, 10), "repost", None, None, None, None),
        (own + "9/activity", ANA, datetime(2024, 6, 1, 10), "repost", None, None, None, None),
        (own + "10/activity", ANA, datetime(2024, 6, 2, 10), "repost", None, None, None, None),
    ]
    assert rows(con, columns, "posts") == sorted(expected)
    found = rows(con, "kind, target_id, post_id, created_at", "interactions")
    edna, dora, fay = "mastodon:edna@pleroma.example", "mastodon:dora@social.example", "mastodon:fay@third.example"
    assert set(found) == {
        ("reply", BEN, f"mastodon:{BEN_PAGE}/statuses/55", at[2]),
        ("mention", dora, None, at[2]),
        ("mention", CLEO, None, at[2]),
        ("reply", CLEO, f"mastodon:{built.CLEO_PAGE}/statuses/7", at[3]),
        ("quote", BEN, f"mastodon:{BEN_PAGE}/statuses/56", at[6]),
        ("repost", BEN, f"mastodon:{BEN_PAGE}/statuses/57", datetime(2024, 6, 9, 10)),
        ("repost", edna, "mastodon:https://pleroma.example/objects/6f", datetime(2024, 6, 1, 10)),
        ("like", BEN, f"mastodon:{BEN_PAGE}/statuses/58", None),
        ("like", fay, "mastodon:https://third.example/@fay/9", None),
    }
    assert rows(con, "actor_id", "interactions") == [(ANA,)]
    assert rows(con, "follower_id, followee_id, position, observed_at", "follows") == [
        (ANA, BEN, None, MADE),
        (ANA, dora, None, MADE),
    ]
    assert intake.problem_count == 0
    assert complete_of(intake) == (frozenset(), frozenset([ANA]))


def test_what_is_known_of_the_account(tmp_path: Path) -> None:
    con, _ = read(packed("tar.gz", tmp_path, built.mastodon()))
    columns = "handle, display_name, bio, created_at, posts_count, followers_count, default_avatar, declared_bot"
    assert rows(con, columns + ", observed_at", f"accounts WHERE account_id = '{ANA}'") == [
        ("Ana@social.example", "Ana A.", "I ask & answer", datetime(2022, 11, 5), 42, None, False, False, MADE)
    ]
    assert ("mastodon:ben@other.example", "Ben@other.example") in rows(con, "account_id, handle", "accounts")


def test_what_is_left_out_or_unknown_is_said(tmp_path: Path) -> None:
    _, intake = read(packed("tar.gz", tmp_path, built.mastodon(lists=False)))
    notes = " ".join(intake.notes)
    assert "likes, boosts and replies by others are unknown" in notes
    assert "headcount add @Ana@social.example" in notes
    assert "no list of followers" in notes
    assert "export following_accounts.csv" in notes
    assert "Direct posts were skipped: 1." in notes
    assert "Followers-only posts are counted, but their text is not stored: 1." in notes
    assert "so they are not counted: 3 replies, boosts, quotes or likes." in notes, "all three are Misskey's"
    assert reasons_of(intake) == [
        ("likes", "unknown", "own_activity_only"),
        ("posts", "partial", "shorter_than_counter"),  # the actor has 42, of which the outbox holds a part
        *((name, "unknown", "own_activity_only") for name in ("quotes", "replies", "reposts")),
    ]
    assert all(entry.observed_at == "2026-03-01T12:00:00Z" or entry.observed_at for entry in intake.lists)


def test_direct_and_hidden_words_are_nowhere(tmp_path: Path) -> None:
    con, _ = read(packed("tar.gz", tmp_path, built.mastodon()))
    for table in ("accounts", "follows", "posts", "interactions"):
        content = json.dumps(con.sql(f"SELECT * FROM incoming_{table}").fetchall(), default=str)
        assert "secret" not in content
        assert "for some" not in content


def test_an_empty_outbox_is_an_account_without_posts(tmp_path: Path) -> None:
    files = built.mastodon() | {"outbox.json": built.collection("outbox.json", [])}
    con, intake = read(packed("zip", tmp_path, files))
    assert rows(con, "post_id", "posts") == []
    assert intake.rows["accounts"] == 3


def test_without_actor_json_the_activities_tell_whose_it_is(tmp_path: Path) -> None:
    files = built.mastodon()
    del files["actor.json"]
    con, _ = read(packed("zip", tmp_path, files))
    assert rows(con, "account_id, default_avatar", f"accounts WHERE account_id = '{ANA}'") == [(ANA, None)]
    assert len(rows(con, "post_id", "posts")) == 9


def test_lists_as_older_servers_write_them(tmp_path: Path) -> None:
    """Without a header, and with the followers that some servers export."""
    files = built.mastodon(lists=False)
    files["following_accounts.csv"] = "ben@other.example\n"
    files["followers.csv"] = "Account address\nfay@third.example\n"
    con, intake = read(packed("folder", tmp_path, files))
    assert rows(con, "follower_id, followee_id", "follows") == [(ANA, BEN), ("mastodon:fay@third.example", ANA)]
    assert complete_of(intake) == (frozenset([ANA]), frozenset([ANA]))
    assert ("replies", "unknown", "own_activity_only") in reasons_of(intake)


@pytest.mark.parametrize("form", FORMS)
def test_a_report_can_be_made(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path, workspace = packed(form, tmp_path, built.mastodon()), str(tmp_path / "workspace")
    assert main(["add", str(path), "--workspace", workspace]) == 0
    assert main(["report", "ana@social.example", "--workspace", workspace]) == 0
    assert "Ana@social.example" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "item", "reason"),
    [
        ("outbox.json", {"actor": ACTOR}, "has no 'type'"),
        ("outbox.json", {"type": "Create", "object": {"to": PUBLIC}}, "the post has no address"),
        ("outbox.json", {"type": "Create", "object": {"to": PUBLIC, "id": f"{ACTOR}/1", "content": 5}}, "is not text"),
        ("outbox.json", {"type": "Announce", "id": "https://a.example/1", "object": 5}, "no address"),
        ("outbox.json", 7, "is not a valid activity"),
        ("likes.json", "hello", "is not a valid address"),
        ("likes.json", {"a": 1}, "is not a valid address"),
    ],
)
def test_wrong_items_are_named_and_may_be_skipped(name: str, item: object, reason: str, tmp_path: Path) -> None:
    items = built.ACTIVITIES if name == "outbox.json" else built.FAVOURITES
    path = packed("zip", tmp_path, built.mastodon() | {name: built.collection(name, [*items, item])})
    with pytest.raises(BadRows) as caught:
        read(path)
    assert (caught.value.problems[0].file, caught.value.count) == (name, 1)
    assert reason in caught.value.problems[0].reason
    con, intake = read(path, skip_bad=True)
    assert intake.problem_count == 1
    assert len(rows(con, "post_id", "posts")) == 9


def test_an_address_in_a_list_that_is_none_is_named(tmp_path: Path) -> None:
    files = built.mastodon() | {"following_accounts.csv": built.FOLLOWED + "nobody,true,false,\n"}
    with pytest.raises(BadRows, match=r"following_accounts\.csv:4: «nobody» is not a valid account address"):
        read(packed("zip", tmp_path, files))


def test_what_is_no_whole_archive_is_sent_back(tmp_path: Path) -> None:
    built.folder(tmp_path, built.mastodon())
    for name in ("outbox.json", "following_accounts.csv"):
        assert find_source(tmp_path / name).name == "Mastodon archive"
        with pytest.raises(UsageError, match=r"one file of a Mastodon archive|does not identify its account"):
            read(tmp_path / name)
    assert not MastodonArchiveSource().recognises(tmp_path / "muted_accounts.csv")
    twice = {f"{top}/{name}": text for top in "ab" for name, text in built.mastodon().items()}
    with pytest.raises(InputError, match="more than one archive"):
        read(packed("zip", tmp_path, twice))


def test_addresses_tell_names_only_where_they_hold_them() -> None:
    addresses = Addresses("social.example")
    assert addresses.author(f"{HOME}/users/Ben/statuses/1") == "mastodon:ben@social.example"
    assert addresses.author("https://a.example/@ben/1") == "mastodon:ben@a.example"
    for nameless in (
        "https://a.example/notes/1",
        "https://a.example/objects/1",
        "https://a.example/ap/users/1/statuses/2",
        "tag:a.example,2017:objectId=1",
        5,
    ):
        assert addresses.author(nameless) is None
    addresses.learn("https://a.example/ap/users/1", "@Cleo@b.example")
    assert addresses.author("https://a.example/ap/users/1/statuses/2") == "mastodon:cleo@b.example"
    assert addresses.author("https://a.example/users/ben/statuses/1") == "mastodon:ben@b.example", "the same server"
    addresses.learn("https://a.example/ap/users/2", "@dora@c.example")
    assert addresses.author("https://a.example/users/ben/statuses/1") is None, "two names for one server"
    assert addresses.account("https://m.example/users/9abc", "https://m.example/notes/1") is None
    assert addresses.account("https://p.example/users/ben", "https://p.example/objects/1") == "mastodon:ben@p.example"


@pytest.mark.parametrize(
    ("host", "key"),
    [
        ("Social.Example", "social.example"),
        ("social.example.", "social.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("XN--Bcher-kva.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),  # decomposed, as macOS writes it
        ("faß.example", "xn--fa-hia.example"),
        ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
        ("i❤.example", "xn--i-7iq.example"),  # beyond IDNA 2008, but registered
        ("bücher.example:8443", "xn--bcher-kva.example:8443"),
        ("127.0.0.1:8611", "127.0.0.1:8611"),
        ("[::1]:80", "[::1]:80"),
        ("ü" * 70 + ".example", "ü" * 70 + ".example"),  # longer than a name can be: kept as it is
    ],
)
def test_a_host_has_one_spelling(host: str, key: str) -> None:
    assert account_key("Ana", host) == f"mastodon:ana@{key}"
    assert post_key(f"https://{host}/users/Ana/statuses/1") == f"mastodon:https://{key}/users/Ana/statuses/1"
    addresses = Addresses("home.example")
    addresses.learn(f"https://{host}/ap/users/1", f"@Ana@{host}")
    assert addresses.account(f"https://{key}/ap/users/1") == f"mastodon:ana@{key}"
    assert addresses.author(f"https://{key.upper()}/users/Ben/statuses/1") == f"mastodon:ben@{key}"


@pytest.mark.parametrize("name", ["ben@bücher.example", "@Ben@BÜCHER.example", "ben@xn--bcher-kva.example"])
def test_an_account_is_found_by_either_spelling_of_its_server(name: str, tmp_path: Path) -> None:
    listed = "Account address,Show boosts\nben@bücher.example,true\nben@xn--bcher-kva.example,true\n"
    workspace = headcount.open(tmp_path / "ws")
    workspace.add(built.folder(tmp_path / NAME, built.mastodon() | {"following_accounts.csv": listed}))
    assert workspace.view(name).facts.account_id == "mastodon:ben@xn--bcher-kva.example"


def _web_domain(*mentioned: tuple[str, str], webfinger: str | None = None) -> built.Files:
    """The archive of ana, whose server runs at social.example, with a post that mentions these (address, name)."""
    files = built.mastodon(lists=False)
    actor = json.loads(files["actor.json"]) | ({"webfinger": webfinger} if webfinger else {})
    outbox = json.loads(files["outbox.json"])
    tags = [{"type": "Mention", "href": address, "name": name} for address, name in mentioned]
    post = {"id": f"{ACTOR}/statuses/90", "type": "Note", "to": [PUBLIC], "content": "hi", "tag": tags}
    outbox["orderedItems"] = [
        {"id": f"{ACTOR}/statuses/90/activity", "type": "Create", "actor": ACTOR, "object": post, "to": [PUBLIC]}
    ]
    return files | {"actor.json": json.dumps(actor), "outbox.json": json.dumps(outbox)}


@pytest.mark.parametrize(
    ("mentioned", "webfinger", "account", "is_said"),
    [
        ([(f"{HOME}/users/bo", "@bo@corp.example")], None, "mastodon:ana@corp.example", False),
        ([(f"{HOME}/users/bo", "@bo@Corp.Example")] * 2, None, "mastodon:ana@corp.example", False),
        ([(f"{HOME}/users/bo", "@bo@social.example")], None, "mastodon:ana@social.example", False),
        ([(f"{HOME}/users/bo", "@bo@corp.example")], "ana@main.example", "mastodon:ana@main.example", False),
        ([(f"{HOME}/users/bo", "@bo@a.example"), (f"{HOME}/@cy", "@cy@b.example")], None, ANA, True),
        ([(f"{HOME}/users/bo", "@bo")], None, ANA, True),
        ([("https://other.example/users/bo", "@bo@corp.example")], None, ANA, True),
        ([], None, ANA, True),
    ],
)
def test_the_account_is_named_after_the_domain_of_its_server(
    mentioned: list[tuple[str, str]], webfinger: str | None, account: str, is_said: bool, tmp_path: Path
) -> None:
    """An archive without webfinger, of a server whose accounts carry another domain (WEB_DOMAIN)."""
    con, intake = read(built.folder(tmp_path / NAME, _web_domain(*mentioned, webfinger=webfinger)))
    assert intake.account_id == account
    assert (account,) in rows(con, "author_id", "posts")
    assert any("does not state the account's domain" in note for note in intake.notes) is is_said


@pytest.mark.parametrize(
    ("to", "cc", "expected"),
    [
        (PUBLIC, None, "public"),
        (["as:Public"], [], "public"),
        ([f"{ACTOR}/followers"], ["Public"], "public"),
        ([f"{ACTOR}/followers"], [], "followers"),
        ([BEN_PAGE], [], "direct"),
        (None, None, "direct"),
    ],
)
def test_who_may_read(to: object, cc: object, expected: str) -> None:
    assert visibility({"to": to, "cc": cc}) == expected


def test_words_without_markup() -> None:
    link = '<a href="https://a.example/x"><span class="invisible">https://</span><span>a.example/x</span></a>'
    tag = '<a href="https://b.example/tags/c" class="mention hashtag">#<span>c</span></a>'
    assert words(f"<p>1 &lt; 2<br>{link}</p><ul><li>{tag}</li></ul>") == (
        "1 < 2\nhttps://a.example/x\n\n#c",
        ["https://a.example/x"],
    )
    assert words(None) == (None, [])
    assert words("") == ("", [])


def test_odd_values_anywhere_are_taken_or_named_and_never_crash(tmp_path: Path) -> None:
    files, chosen = built.mastodon(), np.random.default_rng(7)
    for _ in range(80):
        odd = built.with_an_odd_value(files, ["outbox.json", "likes.json", "actor.json"], chosen)
        try:
            con, _ = read(packed("zip", tmp_path, odd), skip_bad=True)
        except InputError:
            continue
        ids = con.execute(
            "SELECT post_id FROM incoming_posts UNION SELECT account_id FROM incoming_accounts"
        ).fetchall()
        assert all(identifier.startswith("mastodon:") for (identifier,) in ids)
