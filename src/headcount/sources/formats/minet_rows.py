"""How the rows of minet's tables become rows of the four tables.

minet puts its own columns behind those of the table that it was given; a list of accounts therefore names whose list
it is in a column before them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from headcount.sources import rows as batches
from headcount.sources.bluesky.rows import account_key, post_key
from headcount.sources.x.rows import Rows, domains, key, truth

__all__ = ["Lists", "Row", "add_bluesky_post", "add_bluesky_profile", "add_tweet", "add_x_user", "whose"]

Row = dict[str, str]

_PLURAL = "|"
_DEFAULT_PICTURE = "default_profile_images"
_BLUESKY_POST = re.compile(
    r"(?:at://|https://bsky\.app/profile/)(?P<who>[^/]+)/(?:app\.bsky\.feed\.post|post)/(?P<key>\w+)/?"
)
_OWN_HOST = re.compile(r"(?:.*\.)?bsky\.app")
_BLUESKY_NAME = re.compile(r"@?(?:[a-z0-9-]+\.)+[a-z][a-z0-9-]*", re.IGNORECASE)


def _time(seconds: str) -> str | None:
    """Seconds since 1970 as text; None for none."""
    if not seconds:
        return None
    try:
        return datetime.fromtimestamp(float(seconds), UTC).isoformat()
    except (OverflowError, OSError):
        raise ValueError(f"«{seconds[:40]}» is not a time") from None


def _flag(value: str) -> str | None:
    """1 and 0, which minet writes for yes and no."""
    return {"1": "true", "0": "false", "True": "true", "False": "false"}.get(value)


def _parts(values: str) -> list[str]:
    return [value for value in values.split(_PLURAL) if value]


def _x_account(row: Row, before: str, names: dict[str, str]) -> Row:
    """The columns of an account, in a table of users or (behind `user_`) of tweets."""
    got = {ours: row.get(before + theirs) or None for ours, theirs in names.items()}
    if not before:  # in a table of users an empty text is known to be empty
        got |= {ours: row[names[ours]] or "" for ours in ("bio", "website") if names[ours] in row}
    picture = row.get(before + "image")
    return {name: value for name, value in got.items() if value is not None} | {
        "account_id": _required(key(row[before + "id"])),
        "platform": "x",
        **({"created_at": made} if (made := _time(row.get(before + "timestamp_utc") or "")) else {}),
        **({"default_avatar": str(truth(_DEFAULT_PICTURE in picture))} if picture else {}),
        **({"verified": known} if (known := _flag(row.get(before + "verified") or "")) else {}),
        **({"protected": known} if (known := _flag(row.get(before + "protected") or "")) else {}),
    }


_X_NAMES = {
    "handle": "screen_name",
    "display_name": "name",
    "bio": "description",
    "website": "url",
    "posts_count": "tweets",
    "followers_count": "followers",
    "following_count": "friends",
}


def _required(identifier: str | None) -> str:
    if identifier is None:
        raise ValueError("it has no id")
    return identifier


def add_x_user(rows: Rows, row: Row) -> None:
    """An account of X. minet does not tell when it was fetched."""
    rows.account(_x_account(row, "", _X_NAMES), whole=True)


def add_tweet(rows: Rows, row: Row) -> None:
    """A tweet, its author, and the interactions that it is."""
    identifier, author = _required(key(row["id"])), _required(key(row["user_id"]))
    seen = row.get("collection_time") or None
    rows.account(_x_account(row, "user_", _X_NAMES) | ({"observed_at": seen} if seen else {}), whole=True)
    if not rows.first_time("post", identifier):
        return
    created_at = _time(row["timestamp_utc"])
    repeated, answered_post, quoted = (key(row.get(name)) for name in ("retweeted_id", "to_tweetid", "quoted_id"))
    answered = key(row.get("to_userid"))
    kind = "repost" if repeated else "reply" if answered_post else "quote" if quoted else "post"
    rows.post(
        {
            "post_id": identifier,
            "author_id": author,
            "created_at": created_at,
            "text": _own_words(row),
            "kind": kind,
            "reply_to_post_id": answered_post,
            "reply_to_account_id": answered if answered_post else None,
            "link_domains": domains(_parts(row.get("links") or "")) if "links" in row else None,
            "observed_at": seen,
        }
    )
    if repeated:
        rows.interaction(author, key(row.get("retweeted_user_id")), "repost", repeated, created_at)
        return
    if answered_post:
        rows.interaction(author, answered, "reply", answered_post, created_at)
    if quoted:
        rows.interaction(author, key(row.get("quoted_user_id")), "quote", quoted, created_at)
    for account in _mentioned(rows, row, created_at):
        if account != answered or not answered_post:
            rows.interaction(author, account, "mention", None, created_at)


def _own_words(row: Row) -> str:
    """The text without the words of the tweet that is quoted, which minet puts into it: « name: words — address »."""
    text, quoted = row.get("text") or "", row.get("quoted_user")
    if not quoted or not row.get("quoted_id"):
        return text
    return re.sub(rf"\s*« {re.escape(quoted)}: .* — \S+ »", "", text, flags=re.DOTALL | re.IGNORECASE)


def _mentioned(rows: Rows, row: Row, seen: str | None) -> Iterator[str]:
    """Whom a tweet names itself; minet adds the mentions of the tweet that is quoted."""
    names, accounts = _parts(row.get("mentioned_names") or ""), _parts(row.get("mentioned_ids") or "")
    text = _own_words(row).lower()
    paired = zip(names, accounts, strict=True) if len(names) == len(accounts) else [("", id_) for id_ in accounts]
    for name, identifier in paired:
        account = _required(key(identifier))
        if name:
            rows.account({"account_id": account, "platform": "x", "handle": name, "observed_at": seen}, whole=False)
        if not row.get("quoted_id") or f"@{name.lower()}" in text:
            yield account


def _bluesky_account(row: Row, before: str = "") -> Row:
    made = _time(row.get(before + "timestamp_utc") or "")
    shown = row.get(before + "display_name") or row.get(before + "diplay_name")  # minet 4 spells it so in posts
    told = {
        "handle": row.get(before + "handle"),
        "display_name": shown,
        "bio": row.get("description") if not before else None,
        "created_at": made,
        "followers_count": row.get("followers") if not before else None,
        "following_count": row.get("follows") if not before else None,
        "posts_count": row.get("posts") if not before else None,
        "observed_at": row.get("collection_time"),
    }
    return {"account_id": _did(row[before + "did"]), "platform": "bluesky"} | {
        name: value for name, value in told.items() if value or (name == "bio" and value is not None)
    }


def _did(text: str) -> str:
    if not text.startswith("did:"):
        raise ValueError(f"«{text[:40]}» is not a valid DID")
    return account_key(text)


def add_bluesky_profile(rows: Rows, row: Row) -> str:
    """An account of Bluesky, in full or as it stands in a list; gives its id."""
    account = _bluesky_account(row)
    rows.account(account, whole="followers_count" in account)
    return account["account_id"]


def add_bluesky_post(rows: Rows, row: Row) -> None:
    """A post, its author, and the interactions that it is; or somebody's repost of it."""
    identifier, author = post_key(row["uri"]), _did(row["user_did"])
    seen = row.get("collection_time") or None
    rows.account(_bluesky_account(row, "user_"), whole=False)
    if row.get("repost_by_user_did"):
        actor = _did(row["repost_by_user_did"])
        handle = row.get("repost_by_user_handle") or None
        rows.account({"account_id": actor, "platform": "bluesky", "handle": handle, "observed_at": seen}, whole=False)
        rows.interaction(actor, author, "repost", identifier, _time(row.get("repost_timestamp_utc") or ""))
    if not rows.first_time("post", identifier):
        return
    created_at = _time(row["timestamp_utc"])
    answered_post, quoted = post_key(row.get("to_post_uri") or None), post_key(row.get("quoted_uri") or None)
    answered = _did(row["to_user_did"]) if row.get("to_user_did") else None
    root = row.get("to_root_post_uri") or (None if answered_post else row["uri"])
    rows.post(
        {
            "post_id": identifier,
            "author_id": author,
            "created_at": created_at,
            "text": row.get("original_text"),
            "kind": "reply" if answered_post else "quote" if quoted else "post",
            "reply_to_post_id": answered_post,
            "reply_to_account_id": answered,
            "root_post_id": post_key(root),
            "link_domains": batches.domains(_parts(row.get("links") or ""), _OWN_HOST) if "links" in row else None,
            "observed_at": seen,
        }
    )
    if answered_post:
        rows.interaction(author, answered, "reply", answered_post, created_at)
    if quoted and row.get("quoted_user_did"):
        rows.interaction(author, _did(row["quoted_user_did"]), "quote", quoted, created_at)
    for did in dict.fromkeys(_parts(row.get("mentioned_user_dids") or "")):
        if _did(did) != answered:
            rows.interaction(author, _did(did), "mention", None, created_at)


class Lists:
    """Follows, likes and reposts out of lists of accounts, each with whose list it is in the columns before.

    Args:
        rows: where they go.
        resolve: the account behind a handle on a platform, where it is known.
    """

    def __init__(self, rows: Rows, resolve: Callable[[str, str], str | None]) -> None:
        self.rows, self.resolve = rows, resolve
        self.positions: Counter[str] = Counter()
        self.unresolved: Counter[str] = Counter()

    def follow(self, platform: str, told: str, other: str, seen: str | None, *, followers: bool) -> str | None:
        """One entry of a list of followers, or of accounts followed; gives whose list it is."""
        owner = self._owner(platform, told)
        if owner is None:
            self.unresolved[told] += 1
        elif followers:
            self.rows.follow(other, owner, self.positions[owner], seen)
            self.positions[owner] += 1
        else:
            self.rows.follow(owner, other, None, seen)
        return owner

    def respond(self, told: str, actor: str, kind: str) -> None:
        """One like or repost of a post of Bluesky's; when is not told."""
        post = _BLUESKY_POST.fullmatch(told)
        target = self._owner("bluesky", post["who"]) if post else None
        if post is None or target is None:
            self.unresolved[told] += 1
            return
        uri = f"at://{target.removeprefix('bluesky:')}/app.bsky.feed.post/{post['key']}"
        self.rows.interaction(actor, target, kind, post_key(uri), None)

    def _owner(self, platform: str, told: str) -> str | None:
        if platform == "x" and told.isascii() and told.isdigit():
            return key(told)
        if told.startswith("did:"):
            return account_key(told)
        return self.resolve(platform, told.removeprefix("@").lower())


def whose(platform: str, before: dict[str, str]) -> str | None:
    """Which of the values that stood before minet's columns says whose list it is; None: none of them does."""
    values = [value.strip() for value in before.values() if value.strip()]
    if len(before) == 1:
        return values[0] if values else None
    if platform == "bluesky":
        posts = [value for value in values if _BLUESKY_POST.fullmatch(value)]
        names = [value for value in values if value.startswith("did:")]
        return next(iter(posts + names + [value for value in values if _BLUESKY_NAME.fullmatch(value)]), None)
    wanted = ("user_id", "id", "userid", "twitter_id", "screen_name", "user_screen_name", "username", "handle", "user")
    lower = {name.strip().lower(): value.strip() for name, value in before.items()}
    return next((lower[name] for name in wanted if lower.get(name)), None)
