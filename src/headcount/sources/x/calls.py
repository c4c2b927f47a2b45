"""The calls of the X API v2 that Headcount makes: address, size of a page, limit, fields, and what they cost.

Addresses, parameters, fields and sizes are those of X's own description (https://api.x.com/2/openapi.json, version
2.168, and of its Python client xdk 0.10.6); limits those of
https://docs.x.com/x-api/fundamentals/rate-limits, the lower of those for applications and for users.

Prices (https://docs.x.com/x-api/getting-started/pricing, as of November 2026) are those of one object of an answer.
Objects that come along because an expansion asked for them count too. X charges the same object only once a (UTC)
day, but does not promise it, so nothing is taken off for that here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from headcount.sources.collect.pace import Limit
from headcount.sources.rows import objects

__all__ = ["CALLS", "DOLLARS", "Call", "cost"]

DOLLARS = {
    "post": 0.005,
    "user": 0.010,
    "owned": 0.001,  # since 2026-04-20: of one's own lists and timelines, asked by one's own application
}
_WINDOW = 900.0
_USER_FIELDS = (
    "created_at",
    "description",
    "entities",
    "profile_image_url",
    "protected",
    "public_metrics",
    "url",
    "verified",
)
_POST_FIELDS = ("conversation_id", "created_at", "entities", "note_post", "public_metrics")
_EXPANDED = {"author_id": ("user", 1), "in_reply_to_user_id": ("user", 1), "referenced_posts": ("post", 2)}
"""What comes along: kind, and how many there can be of one post (it may answer one and quote another)."""


@dataclass(frozen=True)
class Call:
    """One endpoint.

    Attributes:
        step: what it is for, in words.
        path: of its address, with `{id}` where the account or post stands.
        holds: what its answers list: user or post.
        least, most: objects of a page that can be asked for; 0: there is one object and no page.
        requests: that are allowed in 15 minutes.
        ownable: it is cheaper for one's own account.
        expansions: see `_EXPANDED`.
    """

    step: str
    path: str
    holds: str
    least: int
    most: int
    requests: int
    ownable: bool = False
    expansions: tuple[str, ...] = ()

    @property
    def bucket(self) -> str:
        """Whose limit it counts against: the endpoint's."""
        return f"X for {'posts' if self.path.endswith('/tweets') else self.step}"

    @property
    def limit(self) -> Limit:
        """The documented one."""
        return Limit(self.requests, _WINDOW)

    def parameters(self) -> list[tuple[str, str]]:
        """The fields to ask for."""
        asked = [("user.fields", ",".join(_USER_FIELDS))] if self.holds == "user" or self._brings_users else []
        if self.holds == "post":
            asked.append(("post.fields", ",".join(_POST_FIELDS)))
        if self.expansions:
            asked.append(("expansions", ",".join(self.expansions)))
        return asked

    @property
    def _brings_users(self) -> bool:
        return any(_EXPANDED[name][0] == "user" for name in self.expansions)

    def price(self, *, owned: bool) -> float:
        """Dollars of one listed object."""
        return DOLLARS["owned" if owned and self.ownable else self.holds]

    def most_expensive(self, *, owned: bool) -> float:
        """Dollars of one listed object with all that can come along, and the authors of that."""
        along = [_EXPANDED[name] for name in self.expansions]
        posts = sum(number for kind, number in along if kind == "post")
        users = sum(number for kind, number in along if kind == "user")
        authors = posts if "author_id" in self.expansions else 0
        return self.price(owned=owned) + posts * DOLLARS["post"] + (users + authors) * DOLLARS["user"]

    def expected(self, *, owned: bool) -> float:
        """Dollars of one listed object as it usually is: one account and one post come along, where any do."""
        along = {_EXPANDED[name][0] for name in self.expansions}
        return self.price(owned=owned) + sum(DOLLARS[kind] for kind in along)


CALLS = {
    call.step: call
    for call in (
        Call("me", "/2/users/me", "user", 0, 0, 75),
        Call("profile", "/2/users/by/username/{id}", "user", 0, 0, 300),
        Call(
            "posts",
            "/2/users/{id}/tweets",
            "post",
            5,
            100,
            900,
            ownable=True,
            expansions=("author_id", "in_reply_to_user_id", "referenced_posts"),
        ),
        Call(
            "mentions",
            "/2/users/{id}/mentions",
            "post",
            5,
            100,
            300,
            ownable=True,
            expansions=("author_id", "in_reply_to_user_id", "referenced_posts"),
        ),
        Call("followers", "/2/users/{id}/followers", "user", 1, 1000, 300, ownable=True),
        Call("following", "/2/users/{id}/following", "user", 1, 1000, 300, ownable=True),
        Call(
            "answers",
            "/2/tweets/search/recent",
            "post",
            10,
            100,
            300,
            expansions=("author_id", "in_reply_to_user_id", "referenced_posts"),
        ),
        Call("likes", "/2/tweets/{id}/liking_users", "user", 1, 100, 75),
        Call("reposts", "/2/tweets/{id}/retweeted_by", "user", 1, 100, 75),
        Call(
            "quotes",
            "/2/tweets/{id}/quote_tweets",
            "post",
            10,
            100,
            75,
            expansions=("author_id", "referenced_posts"),
        ),
        Call("latest", "/2/users/{id}/tweets", "post", 5, 100, 900, expansions=("referenced_posts",)),
    )
}
"""By step. `posts` and `latest` are the same endpoint, and one limit."""


def cost(call: Call, content: Any, *, owned: bool) -> float:
    """Dollars of an answer, by what it holds."""
    if not isinstance(content, dict):
        return 0.0
    data, included = content.get("data"), content.get("includes")
    listed = len(data) if isinstance(data, list) else int(isinstance(data, dict))
    included = included if isinstance(included, dict) else {}
    users = sum(1 for _ in objects(included.get("users")))
    posts = sum(1 for name in ("posts", "tweets") for _ in objects(included.get(name)))
    return listed * call.price(owned=owned) + users * DOLLARS["user"] + posts * DOLLARS["post"]
