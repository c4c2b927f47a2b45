"""Tweet and user objects of X's API version 1.1: as JSON lines, as a list, or as pages of a search or a list of users.

A tweet holds its author, the tweet that it repeats and the tweet that it quotes inside it. When it was fetched is
not told, so `observed_at` stays unknown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from headcount.incoming import ReadResult
from headcount.sources.formats.jsonlines import Problems, Value, beginning, values
from headcount.sources.x.rows import BATCH_ROWS, Rows, domains, finish, key, objects, plain, time_of_id, truth

if TYPE_CHECKING:
    import duckdb

from headcount.sources.rows import Object

__all__ = ["XV1Source", "time_text"]


_KNOWN_NAMES = re.compile(rb'"(id_str|screen_name|user_id_str|retweeted_status|in_reply_to_status_id)"\s*:')
_NOTICES = (
    "delete",
    "scrub_geo",
    "limit",
    "withheld_content",
    "status_withheld",
    "user_withheld",
    "disconnect",
    "warning",
)
_TEXTS = {"text", "full_text", "extended_tweet"}
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"
_TIME = re.compile(r"\w{3} (\w{3}) (\d\d) (\d\d:\d\d:\d\d) ([+-]\d\d)(\d\d) (\d{4})")


class XV1Source:
    """Tweets and users of X's API version 1.1."""

    name = "X v1.1"

    def recognises(self, path: Path) -> bool:
        """JSON (lines) with the names that version 1.1 of the API uses."""
        head = beginning(path)
        return head[:1] in (b"{", b"[") and _KNOWN_NAMES.search(head) is not None

    def read(self, path: Path, con: duckdb.DuckDBPyConnection, *, skip_bad: bool) -> ReadResult:
        """Read one file.

        Raises:
            BadRows: lines are wrong and `skip_bad` is false.
            InputError: the file as a whole cannot be read.
        """
        problems, rows, notices = Problems(path.name), Rows(con), Counter[str]()
        for value in values(path, problems):
            for item in _items(value.content):
                _take(item, rows, problems, value, notices)
            rows.flush(at=BATCH_ROWS)
        notes = []
        if notices:
            what = ", ".join(f"{number:,} {name}" for name, number in sorted(notices.items()))
            notes.append(f"Stream notices without usable data: {what}.")
        return finish(self.name, rows, problems, notes, skip_bad=skip_bad, whole=False)


def _items(content: Any) -> Iterator[Any]:
    """The tweets and users of a line: itself, or those of a page."""
    if isinstance(content, dict) and "id" not in content and "id_str" not in content:
        for name in ("statuses", "users"):
            if isinstance(content.get(name), list):
                yield from content[name]
                return
    yield content


def _take(item: Any, rows: Rows, problems: Problems, value: Value, notices: Counter[str]) -> None:
    if not isinstance(item, dict):
        problems.add("is JSON but not an object", value.line, value.number)
        return
    notice = next((name for name in _NOTICES if name in item), None)
    if notice is not None and "user" not in item:
        notices[notice] += 1
        return
    try:
        if "screen_name" in item and "user" not in item:
            _add_user(rows, item)
        else:
            _add_tweet(rows, item)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        reason = str(error) if isinstance(error, (TypeError, ValueError)) else f"has no {error}"
        identifier = str(item.get("id_str") or item.get("id"))[:40]
        problems.add(
            f"«{identifier}» is not a valid tweet or user of version 1.1 ({reason[:120]})", value.line, value.number
        )


def _id(thing: Object, name: str = "id") -> str | None:
    """The id as text, where it is given as such: numbers have lost digits in many files."""
    return key(thing.get(name + "_str") or thing.get(name))


def _required(thing: Object) -> str:
    found = _id(thing)
    if found is None:
        raise ValueError("it has no id")
    return found


def time_text(text: Any) -> str | None:
    """`Wed Sep 04 13:51:55 +0000 2019` as `2019-09-04T13:51:55+00:00`; anything else as it is."""
    if text is None:
        return None
    matched = _TIME.fullmatch(str(text))
    if matched is None or (month := _MONTHS.find(matched[1])) % 3:
        return str(text)
    return f"{matched[6]}-{month // 3 + 1:02}-{matched[2]}T{matched[3]}{matched[4]}:{matched[5]}"


def _links(entities: Any) -> Iterator[str | None]:
    return (link.get("expanded_url") for link in objects((entities or {}).get("urls")))


def _add_user(rows: Rows, user: Object) -> str:
    account = _required(user)
    status = user.get("status")
    if isinstance(status, dict):
        _add_tweet(rows, {**status, "user": {"id_str": account.removeprefix("x:")}})
    if len(user) <= 2:
        return account
    picture = user.get("profile_image_url_https") or user.get("profile_image_url")
    default = None if picture is None else "default_profile_images" in picture
    website = next(_links((user.get("entities") or {}).get("url")), None) or user.get("url")
    row = {
        "account_id": account,
        "platform": "x",
        "handle": user.get("screen_name"),
        "display_name": plain(user.get("name")),
        # null stands there for a profile without the text
        "bio": plain(user["description"] or "") if "description" in user else None,
        "website": website or "" if "url" in user else None,
        "created_at": time_text(user.get("created_at")),
        "followers_count": user.get("followers_count"),
        "following_count": user.get("friends_count"),
        "posts_count": user.get("statuses_count"),
        "last_post_at": time_text(status.get("created_at")) if isinstance(status, dict) else None,
        "default_avatar": truth(user.get("default_profile_image", default)),
        "protected": truth(user.get("protected")),
        "verified": truth(user.get("verified")),
    }
    rows.account(row, whole="followers_count" in user)
    return account


def _add_tweet(rows: Rows, tweet: Object) -> str:
    """The post of a tweet, the interactions that it is, and the tweets inside it; gives its author."""
    if not _TEXTS & tweet.keys():
        raise ValueError("it has no text")
    identifier, author = _required(tweet), _add_user(rows, tweet["user"])
    retweeted, quoted = tweet.get("retweeted_status"), tweet.get("quoted_status")
    retweeted_author = _add_tweet(rows, retweeted) if retweeted else None
    quoted_author = _add_tweet(rows, quoted) if quoted else None
    if not rows.first_time("post", identifier):
        return author
    answered_post, answered = _id(tweet, "in_reply_to_status_id"), _id(tweet, "in_reply_to_user_id")
    quoted_post = _id(tweet, "quoted_status_id") or (_required(quoted) if quoted else None)
    created_at = time_text(tweet.get("created_at")) or time_of_id(identifier.removeprefix("x:"))
    kind = "repost" if retweeted else "reply" if answered_post else "quote" if quoted_post else "post"
    longer = tweet.get("extended_tweet") or {}
    entities = longer.get("entities") or tweet.get("entities") or {}
    rows.post(
        {
            "post_id": identifier,
            "author_id": author,
            "created_at": created_at,
            "text": plain(longer.get("full_text") or tweet.get("full_text") or tweet.get("text")),
            "kind": kind,
            "reply_to_post_id": answered_post,
            "reply_to_account_id": answered if answered_post else None,
            "link_domains": domains(_links(entities)) if entities else None,
        }
    )
    if retweeted:
        rows.interaction(author, retweeted_author, "repost", _required(retweeted), created_at)
        return author
    if answered_post:
        rows.interaction(author, answered, "reply", answered_post, created_at)
    if quoted_post:
        rows.interaction(author, quoted_author, "quote", quoted_post, created_at)
    mentioned = dict.fromkeys(_id(mention) for mention in objects(entities.get("user_mentions")))
    for target in mentioned:
        if target != answered or not answered_post:
            rows.interaction(author, target, "mention", None, created_at)
    return author
