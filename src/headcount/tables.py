"""The vocabulary of Headcount: four tables, their columns, types and meaning.

Every source turns a platform or a file into these tables and nothing else; every measure reads them and
nothing else. Times are UTC. What a source cannot know is null: unknown is unknown, never 0.

The key of an account is the platform's stable id behind the platform's name: `bluesky:did:plc:…`,
`mastodon:user@server`, `x:12345`; `table:…` where a tidy table names no platform. A handle is a label that
may change. The schema page of the docs is made from this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ACCOUNTS",
    "ACTIVE_KINDS",
    "FOLLOWS",
    "INTERACTIONS",
    "INTERACTION_KINDS",
    "PLATFORM",
    "POSTS",
    "POST_KINDS",
    "STATUSES",
    "TABLE",
    "TABLES",
    "VISIBILITIES",
    "Column",
    "Table",
]

PLATFORM = "[a-z][a-z0-9_]{0,19}"
"""What a platform is called: a short lower-case word. Any such word may stand in a table, collected or not."""
TABLE = "table"
"""The platform of accounts in a table that names none."""
STATUSES = ("active", "deleted", "suspended", "hidden", "moved")
VISIBILITIES = ("public", "unlisted", "followers", "direct")
POST_KINDS = ("post", "reply", "repost", "quote")
INTERACTION_KINDS = ("reply", "mention", "quote", "repost", "like")
ACTIVE_KINDS = ("reply", "mention", "quote")
"""Interactions that take words; the others (repost, like) take one touch and are called passive."""

Type = Literal["text", "integer", "timestamp", "boolean", "texts"]

_SQL_TYPES: dict[Type, str] = {
    "text": "VARCHAR",
    "integer": "BIGINT",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "texts": "VARCHAR[]",
}


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        name: the field's standard name.
        type: text, integer, timestamp (UTC, microseconds), boolean, or texts (a list of text).
        meaning: one sentence.
        required: an id that a row cannot do without.
        values: the words that may stand in it, where they are few.
        pattern: a regular expression of the words that may stand in it, where they cannot be listed.
    """

    name: str
    type: Type
    meaning: str
    required: bool = False
    values: tuple[str, ...] | None = None
    pattern: str | None = None

    @property
    def sql_type(self) -> str:
        """The column's type in the store (DuckDB)."""
        return _SQL_TYPES[self.type]

    @property
    def is_free_text(self) -> bool:
        """Anything may stand in it: text, or a list of text, that is not one of a few words."""
        return self.type in ("text", "texts") and self.values is None and self.pattern is None


@dataclass(frozen=True)
class Table:
    """One of the four tables.

    Attributes:
        name: accounts, follows, posts or interactions.
        meaning: what one row is.
        columns: in the order in which they are stored and exported.
        key: the columns that tell two rows apart.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """The column of that name; KeyError where there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)


ACCOUNTS = Table(
    "accounts",
    "One account as observed at one time.",
    (
        Column("account_id", "text", "Stable id behind the platform's name, as in x:12345.", required=True),
        Column(
            "platform",
            "text",
            "Where the account lives: a short lower-case word, as in mastodon or x; `table` where none is named.",
            pattern=PLATFORM,
        ),
        Column("handle", "text", "Handle without the leading @; it may change."),
        Column("display_name", "text", "The name shown above the handle."),
        Column("bio", "text", "Profile description."),
        Column("website", "text", "The link in the profile."),
        Column("created_at", "timestamp", "When the account was created."),
        Column("followers_count", "integer", "Follower count of the platform."),
        Column("following_count", "integer", "Count of accounts followed, by the platform."),
        Column("posts_count", "integer", "Post count of the platform."),
        Column("last_post_at", "timestamp", "When the account last posted, as far as is known."),
        Column("default_avatar", "boolean", "The picture is the platform's default, or there is none."),
        Column("protected", "boolean", "Only approved followers can read it."),
        Column("verified", "boolean", "Verified by the platform."),
        Column("declared_bot", "boolean", "Declares itself automated."),
        Column("opted_out", "boolean", "Asks not to be indexed: counted, never named."),
        Column(
            "status", "text", "Whether the account is active, deleted, suspended, hidden or moved.", values=STATUSES
        ),
        Column("observed_at", "timestamp", "When this was observed."),
    ),
    key=("account_id",),
)

FOLLOWS = Table(
    "follows",
    "One account follows another.",
    (
        Column("follower_id", "text", "The account that follows.", required=True),
        Column("followee_id", "text", "The account that is followed.", required=True),
        Column("followed_at", "timestamp", "When the follow was made, if the platform provides it."),
        Column("followed_after", "timestamp", "The follow is not older than this (inferred)."),
        Column("followed_before", "timestamp", "The follow is not newer than this (inferred)."),
        Column("position", "integer", "Place in the platform's list of followers, 0 = newest."),
        Column("observed_at", "timestamp", "When the follow was last observed."),
        Column("gone_at", "timestamp", "When the follow was first found missing; null while it exists."),
        Column(
            "sampled",
            "boolean",
            "In the uniform sample of the list; null if there was none. Only sampled followers have further data.",
        ),
    ),
    key=("follower_id", "followee_id"),
)

POSTS = Table(
    "posts",
    "One post, reply, repost or quote.",
    (
        Column("post_id", "text", "Stable id of the post on its platform.", required=True),
        Column("author_id", "text", "The account that wrote it.", required=True),
        Column("created_at", "timestamp", "When it was written."),
        Column("text", "text", "Text of the post."),
        Column("kind", "text", "Kind of post; null is read as a post.", values=POST_KINDS),
        Column("reply_to_post_id", "text", "The post that it replies to."),
        Column("reply_to_account_id", "text", "The author of the post that it replies to."),
        Column("root_post_id", "text", "The first post of the thread."),
        Column("link_domains", "texts", "Hosts that it links to."),
        Column("visibility", "text", "Who can read it; null = public as far as known.", values=VISIBILITIES),
        Column("observed_at", "timestamp", "When it was observed."),
    ),
    key=("post_id",),
)

INTERACTIONS = Table(
    "interactions",
    "One account responds to another.",
    (
        Column("actor_id", "text", "The account that responds.", required=True),
        Column("target_id", "text", "The account that is responded to.", required=True),
        Column("kind", "text", "How.", required=True, values=INTERACTION_KINDS),
        Column("post_id", "text", "The target's post; null for a bare mention."),
        Column("visibility", "text", "Who can read it; null = public as far as known.", values=VISIBILITIES),
        Column("created_at", "timestamp", "When."),
    ),
    key=("actor_id", "target_id", "kind", "post_id", "created_at"),
)

TABLES = (ACCOUNTS, FOLLOWS, POSTS, INTERACTIONS)
