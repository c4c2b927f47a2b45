"""Builds the archives that platforms make, in their known layouts, from the formats that docs/archives.md names."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

Files = dict[str, str | bytes]
ANA, BEN, CLEO, DORA = "12497", "700", "800", "900"
MADE = "2026-03-01T09:58:12.345Z"


def js(name: str, content: object) -> str:
    """As X writes it: with blanks around the colons."""
    return f"{name} = {json.dumps(content, indent=2, separators=(',', ' : '))}"


def ytd(kind: str, entries: list[Any], part: int = 0) -> str:
    return js(f"window.YTD.{kind}.part{part}", entries)


def mention(account: str, handle: str, start: int, name: str | None = None) -> dict[str, Any]:
    indices = [str(start), str(start + len(handle) + 1)]
    return {"name": name or handle.title(), "screen_name": handle, "indices": indices, "id_str": account, "id": account}


def tweet(identifier: int, text: str, when: str = "Sat Feb 18 12:33:11 +0000 2023", **more: Any) -> dict[str, Any]:
    """One tweet as X has written it since 2019: all numbers as text, nothing of its author."""
    mentions, links = more.pop("mentions", []), more.pop("links", [])
    urls = [{"url": "https://t.co/a", "expanded_url": link, "display_url": link[8:30]} for link in links]
    return {
        "retweeted": False,
        "source": '<a href="https://mobile.twitter.com" rel="nofollow">Twitter Web App</a>',
        "entities": {"hashtags": [], "symbols": [], "user_mentions": mentions, "urls": urls},
        "display_text_range": ["0", str(len(text))],
        "favorite_count": "1",
        "id_str": str(identifier),
        "truncated": False,
        "retweet_count": "0",
        "id": str(identifier),
        "created_at": when,
        "favorited": False,
        "full_text": text,
        "lang": "en",
    } | more


def reply(identifier: int, text: str, to: int, account: str, handle: str, **more: Any) -> dict[str, Any]:
    return tweet(identifier, text, **more) | {
        "in_reply_to_status_id_str": str(to),
        "in_reply_to_status_id": str(to),
        "in_reply_to_user_id_str": account,
        "in_reply_to_user_id": account,
        "in_reply_to_screen_name": handle,
    }


TWEETS = [
    tweet(1001, "Who is there? &amp; who reads?", links=["https://www.example.org/a"]),
    reply(1002, "@ben yes", 55, BEN, "ben", mentions=[mention(BEN, "ben", 0), mention(CLEO, "cleo", 5)]),
    tweet(1003, "RT @dora: it is…", mentions=[mention(DORA, "dora", 3), mention(BEN, "ben", 20)]),
    tweet(1004, "look", links=["https://twitter.com/Cleo/status/77?s=20"]),
    tweet(1005, "gone @nobody", mentions=[mention("-1", "nobody", 5)]),
    reply(1006, "and more", 1001, ANA, "ana"),
]
LIKES = [
    {"tweetId": "55", "fullText": "by Ben", "expandedUrl": "https://twitter.com/i/web/status/55"},
    {"tweetId": "77", "fullText": "by Cleo", "expandedUrl": "https://twitter.com/cleo/status/77"},
    {"tweetId": "99", "fullText": "by nobody knows whom", "expandedUrl": "https://twitter.com/i/web/status/99"},
    {"tweetId": "1001", "expandedUrl": "https://twitter.com/i/web/status/1001"},
]
ACCOUNT = {
    "phoneNumber": "+15555555555",
    "email": "ana@example.com",
    "createdVia": "web",
    "username": "ana",
    "accountId": ANA,
    "createdAt": "2006-11-15T13:18:50.000Z",
    "accountDisplayName": "Ana",
}
PROFILE = {
    "description": {"bio": "I ask &amp; answer", "website": "https://t.co/x", "location": "here"},
    "avatarMediaUrl": "https://abs.twimg.com/sticky/default_profile_images/default_profile_normal.png",
}
PRIVATE: Files = {
    "direct-messages.js": "window.YTD.direct_messages.part0 = [ {",  # broken: it must not even be opened
    "ip-audit.js": "window.YTD.ip_audit.part0 = [ {",
    "deleted-tweets.js": "window.YTD.deleted_tweets.part0 = [ {",
    "tweet-headers.js": "window.YTD.tweet_headers.part0 = [ {",
    "follower-requests-sent.js": "window.YTD.x.part0 = [ {",
}
"""What is never read."""


def listed(kind: str, *accounts: str) -> list[dict[str, Any]]:
    link = "https://twitter.com/intent/user?user_id="
    return [{kind: {"accountId": account, "userLink": link + account}} for account in accounts]


def manifest(**files: list[str]) -> str:
    types = {kind: {"files": [{"fileName": f"data/{name}"} for name in names]} for kind, names in files.items()}
    info = {"sizeBytes": "48213", "generationDate": MADE, "isPartialArchive": False, "maxPartSizeBytes": "53687091200"}
    user = {"accountId": ANA, "userName": "ana", "displayName": "Ana"}
    return js("window.__THAR_CONFIG", {"userInfo": user, "archiveInfo": info, "dataTypes": types})


def modern(*, tweets: str = "tweets", wrapped: bool = True, data: str = "data/", with_manifest: bool = True) -> Files:
    """Since 2018.

    Args:
        tweets: what its tweets are called: tweets since 2022, tweet before.
        wrapped: each tweet in an object of its own, as since January 2020.
        data: the folder, which the first ones did not have.
    """
    posts = [{"tweet": post} if wrapped else post for post in TWEETS]
    files: Files = {
        "account.js": ytd("account", [{"account": ACCOUNT}]),
        "profile.js": ytd("profile", [{"profile": PROFILE}]),
        "follower.js": ytd("follower", listed("follower", BEN, "386025404")),
        "following.js": ytd("following", listed("following", BEN, CLEO)),
        f"{tweets}.js": ytd(tweets, posts),
        "like.js": ytd("like", [{"like": like} for like in LIKES]),
        **PRIVATE,
    }
    if with_manifest:
        kinds = {"follower": ["follower.js"], "following": ["following.js"], tweets: [f"{tweets}.js"]}
        files["manifest.js"] = manifest(**kinds)
    return {data + name: content for name, content in files.items()} | {"Your archive.html": "<html></html>"}


def in_parts() -> Files:
    """Large files go on in others."""
    files = modern()
    files["data/tweets.js"] = ytd("tweets", [{"tweet": post} for post in TWEETS[:3]])
    files["data/tweets-part1.js"] = ytd("tweets", [{"tweet": post} for post in TWEETS[3:]], 1)
    files["data/follower.js"] = ytd("follower", listed("follower", BEN))
    files["data/follower-part1.js"] = ytd("follower", listed("follower", "386025404"), 1)
    files["data/manifest.js"] = manifest(follower=["follower.js", "follower-part1.js"])
    return files


def browsable(*, months: bool = True, time: str = "2015-01-24 02:02:37 +0000") -> Files:
    """From 2012 to 2019: a page to read, one file a month, and a table."""
    ana = {"name": "Ana", "screen_name": "ana", "protected": False, "id_str": ANA, "id": int(ANA), "verified": False}
    dora = ana | {"name": "Dora", "screen_name": "dora", "id_str": DORA, "id": int(DORA)}

    def old(post: dict[str, Any]) -> dict[str, Any]:
        made = {name: value for name, value in post.items() if "reply" in name or name in ("entities", "id_str")}
        return made | {"text": post["full_text"], "id": int(post["id"]), "created_at": time, "geo": {}, "user": ana}

    posts = [old(post) for post in TWEETS]
    posts[2]["retweeted_status"] = old(TWEETS[2]) | {"id_str": "88", "id": 88, "text": "it is so", "user": dora}
    details = {"screen_name": "ana", "location": "here", "full_name": "Ana", "bio": "I ask &amp; answer", "id": ANA}
    files: Files = {
        "index.html": "<html></html>",
        "tweets.csv": _table(posts),
        "data/js/user_details.js": js("var user_details", details | {"created_at": "2006-11-15 13:18:50 +0000"}),
        "data/js/payload_details.js": js(
            "var payload_details", {"tweets": 6, "created_at": "2015-03-04 00:04:27 +0000"}
        ),
        "data/js/tweet_index.js": js("var tweet_index", [{"file_name": "data/js/tweets/2015_01.js"}]),
        "data/csv/2015_01.csv": "never read",
    }
    if months:
        files["data/js/tweets/2015_01.js"] = js("Grailbird.data.tweets_2015_01", posts[:4]).replace(" = ", " =\n", 1)
        files["data/js/tweets/2015_02.js"] = js("Grailbird.data.tweets_2015_02", posts[4:]).replace(" = ", " =\n", 1)
    return files


def _table(posts: list[dict[str, Any]]) -> str:
    names = "tweet_id in_reply_to_status_id in_reply_to_user_id timestamp source text retweeted_status_id"
    names += " retweeted_status_user_id retweeted_status_timestamp expanded_urls"
    rows = [names.split()]
    for post in posts:
        repeated = post.get("retweeted_status") or {}
        rows.append(
            [
                post["id_str"],
                post.get("in_reply_to_status_id_str", ""),
                post.get("in_reply_to_user_id_str", ""),
                post["created_at"],
                "web",
                post["text"],
                repeated.get("id_str", ""),
                (repeated.get("user") or {}).get("id_str", ""),
                "",
                ",".join(link["expanded_url"] for link in post["entities"]["urls"]),
            ]
        )
    return "".join(",".join(f'"{value}"' for value in row) + "\n" for row in rows)


# -- Mastodon ------------------------------------------------------------------------------------------------

PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
HOME = "https://social.example"
ACTOR = f"{HOME}/users/Ana"
CONTEXT = ["https://www.w3.org/ns/activitystreams", {"toot": "http://joinmastodon.org/ns#"}]
READERS: dict[str, dict[str, list[str]]] = {
    "public": {"to": [PUBLIC], "cc": [f"{ACTOR}/followers"]},
    "unlisted": {"to": [f"{ACTOR}/followers"], "cc": [PUBLIC]},
    "followers": {"to": [f"{ACTOR}/followers"], "cc": []},
    "direct": {"to": ["https://other.example/users/ben"], "cc": []},
}


def named(href: str, name: str) -> dict[str, Any]:
    return {"type": "Mention", "href": href, "name": name}


def note(number: int, content: str, readers: str = "public", **more: Any) -> dict[str, Any]:
    """A post in the outbox."""
    address = f"{ACTOR}/statuses/{number}"
    when = f"2024-05-0{number % 9 + 1}T10:00:00Z"
    post = {
        "id": address,
        "type": "Note",
        "summary": None,
        "inReplyTo": None,
        "published": when,
        "url": f"{HOME}/@Ana/{number}",
        "attributedTo": ACTOR,
        "content": content,
        "attachment": [],
        "tag": [],
        **READERS[readers],
    } | more
    activity = {"id": f"{address}/activity", "type": "Create", "actor": ACTOR, "published": when, "object": post}
    return activity | READERS[readers]


def boost(number: int, address: str, author: str) -> dict[str, Any]:
    return {
        "id": f"{ACTOR}/statuses/{number}/activity",
        "type": "Announce",
        "actor": ACTOR,
        "published": f"2024-06-0{number % 9 + 1}T10:00:00Z",
        "to": [PUBLIC],
        "cc": [author, f"{ACTOR}/followers"],
        "object": address,
    }


BEN_PAGE, CLEO_PAGE = "https://other.example/users/ben", "https://runs.cleo.example/ap/users/1234"
ACTIVITIES = [
    note(1, '<p>Who is there?<br />Say &amp; do</p><p><a href="https://www.example.org/a" rel="nofollow">see</a></p>'),
    note(
        2,
        f'<p><span class="h-card"><a href="{HOME}/@dora" class="u-url mention">@<span>dora</span></a></span> yes</p>',
        inReplyTo=f"{BEN_PAGE}/statuses/55",
        tag=[
            named(BEN_PAGE, "@Ben@other.example"),
            named(f"{HOME}/users/dora", "@dora"),
            named(CLEO_PAGE, "@cleo@cleo.example"),
            {"type": "Hashtag", "href": f"{HOME}/tags/a", "name": "#a"},
        ],
    ),
    note(3, "<p>for some</p>", "followers", inReplyTo=f"{CLEO_PAGE}/statuses/7"),
    note(4, "<p>a secret</p>", "direct", tag=[named(BEN_PAGE, "@Ben@other.example")]),
    note(5, "<p>not listed</p>", "unlisted", inReplyTo=f"{ACTOR}/statuses/1"),
    note(6, "<p>as they say</p>", quote=f"{BEN_PAGE}/statuses/56", _misskey_quote=f"{BEN_PAGE}/statuses/56"),
    note(7, "<p>who?</p>", inReplyTo="https://misskey.example/notes/9abc"),
    boost(8, f"{BEN_PAGE}/statuses/57", BEN_PAGE),
    boost(9, "https://pleroma.example/objects/6f", "https://pleroma.example/users/edna"),
    boost(10, "https://misskey.example/notes/9abd", "https://misskey.example/users/7rkr3b1c1c"),
]
FAVOURITES = [f"{BEN_PAGE}/statuses/58", "https://third.example/@fay/9", "https://misskey.example/notes/9abe"]
FOLLOWED = """Account address,Show boosts,Notify on new posts,Languages
Ben@other.example,true,false,
dora@social.example,false,false,"en, de"
"""


def collection(name: str, items: list[Any], total: int | None = None) -> str:
    made = {"@context": CONTEXT, "id": name, "type": "OrderedCollection"}
    return json.dumps(made | {"totalItems": len(items) if total is None else total, "orderedItems": items})


def mastodon(*, lists: bool = True) -> Files:
    """As BackupService of Mastodon writes it; with the list that is exported on its own."""
    actor = {
        "@context": CONTEXT,
        "id": ACTOR,
        "type": "Person",
        "outbox": "outbox.json",
        "likes": "likes.json",
        "bookmarks": "bookmarks.json",
        "preferredUsername": "Ana",
        "name": "Ana A.",
        "summary": "<p>I ask &amp; answer</p>",
        "url": f"{HOME}/@Ana",
        "published": "2022-11-05T00:00:00Z",
        "publicKey": {"id": f"{ACTOR}#main-key"},
        "icon": {"type": "Image", "url": "avatar.png"},
    }
    files: Files = {
        "media_attachments/files/109/original/a.png": b"\x89PNG",
        "outbox.json": collection("outbox.json", ACTIVITIES, 42),
        "likes.json": collection("likes.json", FAVOURITES),
        "bookmarks.json": "broken: it must not even be opened",
        "avatar.png": b"\x89PNG",
        "actor.json": json.dumps(actor),
    }
    if lists:
        files |= {"following_accounts.csv": FOLLOWED, "blocked_accounts.csv": "x", "muted_accounts.csv": "x"}
    return files


# -- damage --------------------------------------------------------------------------------------------------

ODD = [None, True, 0, -1, 1.5, 2**70, "", "x", "\x00", "9" * 30, [], {}, [1], [None], {"a": 1}, "2021-99-99", "-1"]


def with_an_odd_value(files: Files, names: list[str], chosen: np.random.Generator) -> Files:
    """One value anywhere in one of the files is another that does not belong there."""
    name = names[chosen.integers(len(names))]
    text = str(files[name])
    before, sign, body = ("", "", text) if text.startswith("{") else text.partition("=")
    content = json.loads(body)
    spots = list(_places(content))
    *way, last = spots[chosen.integers(len(spots))]
    thing = content
    for step in way:
        thing = thing[step]
    thing[last] = ODD[chosen.integers(len(ODD))]
    return files | {name: before + sign + json.dumps(content)}


def _places(thing: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if before:
        yield before
    for name, value in (
        thing.items() if isinstance(thing, dict) else enumerate(thing if isinstance(thing, list) else [])
    ):
        yield from _places(value, (*before, name))


# -- packing -------------------------------------------------------------------------------------------------


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def zipped(path: Path, files: Files, *, top: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(top + name, _bytes(content))
    return path


def folder(path: Path, files: Files) -> Path:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(_bytes(content))
    return path


def tarred(path: Path, files: Files, *, top: str = "") -> Path:
    with tarfile.open(path, "w:gz") as file:
        for name, content in files.items():
            entry = tarfile.TarInfo(top + name)
            entry.size = len(_bytes(content))
            file.addfile(entry, io.BytesIO(_bytes(content)))
    return path


def encrypted(path: Path) -> Path:
    """Set the flag of encryption in every entry of a zip (the library cannot write one)."""
    data = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        place = data.find(signature)
        while place >= 0:
            data[place + offset] |= 1
            place = data.find(signature, place + 4)
    path.write_bytes(data)
    return path


X_LAYOUTS: dict[str, Callable[[], Files]] = {
    "2022": modern,
    "in parts": in_parts,
    "2020": lambda: modern(tweets="tweet"),
    "2019": lambda: modern(tweets="tweet", wrapped=False, data="", with_manifest=False),
    "browsable 2015": browsable,
    "browsable 2012": lambda: browsable(time="Sat Jan 24 02:02:37 +0000 2015"),
    "table only": lambda: browsable(months=False),
}
