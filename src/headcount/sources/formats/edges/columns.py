"""Which columns of an edge list hold the follower and the followee, by their names.

Direction is always taken from the names where they state one: in `user_id,follower_id` the user is followed, in
`user_id,friend_id` the user follows, in `to,from` the second column follows the first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from headcount.tables import TABLES

__all__ = ["FollowColumns", "find_follow_columns", "is_column_name", "is_generic_pair", "is_nodes_table", "squashed"]

_ROLES = {
    "follower": "follower|fan|subscriber",
    "followee": "followee|followed|following|friend|subject",
    "source": "source|src|from|start(?=id|node)|ego",
    "target": "target|tgt|dst|dest|destination|to|end(?=id|node)|alter",
    "user": "user|account|acct|node|person|profile|member|screenname|handle|username|did|repo|author|actor|id",
}
_KIND_NAME, _KIND_ID = "screenname|username|name|handle|acct|label", "identifier|id|did|key"
_AFFIX = f"(?:{_KIND_NAME}|{_KIND_ID}|user|account|node|vertex|person|profile|screen|twitter|mastodon|bluesky)"
_PATTERNS = {role: re.compile(f"{_AFFIX}*(?:{words}){_AFFIX}*") for role, words in _ROLES.items()}
_PAIRS = (
    ("follower", "followee"),
    ("follower", "target"),
    ("source", "followee"),
    ("source", "target"),
    ("follower", "user"),
    ("user", "followee"),
)
"""Roles of follower and followee, the most explicit first."""
_COUNTS = re.compile(
    r"(followers|following|followings|friends|followees|posts|tweets|statuses)(count|number|num|total)?"
)
_LABELS = {
    "label",
    "name",
    "fullname",
    "displayname",
    "screenname",
    "username",
    "handle",
    "description",
    "bio",
    "title",
}
_NODE_IDS = {"id", "node", "nodeid", "user", "userid", "account", "accountid", "vertex", "vertexid", "did"}
_OTHERS = {
    *("weight", "type", "timeset", "label", "name", "kind", "cursor", "timestamp", "relationship", "rank", "text"),
    *("followers", "followings", "friends", "interval", "username", "url", "date", "attributes", "value", "count"),
    *("accountaddress", "showboosts", "notifyonnewposts", "languages", "hidenotifications", "sampled", "cursor"),
}
_TABLE_COLUMNS = {re.sub("[^a-z0-9]", "", name) for table in TABLES for name in table.names}
_GENERIC = re.compile(r"(v|n|u|x|id|node|user|person|account|vertex|actor|entity|col|column|field)(1|2|a|b)")


@dataclass(frozen=True)
class FollowColumns:
    """Positions of the two columns, from 0.

    Attributes:
        follower, followee: positions.
    """

    follower: int
    followee: int


def squashed(name: str) -> str:
    """A column name in lower case without blanks, underscores and other marks."""
    return re.sub("[^a-z0-9]", "", name.lower())


def find_follow_columns(names: Sequence[str]) -> FollowColumns | None:
    """The columns of follower and followee; None where the names do not state them.

    Where a role has several columns (`source_id` and `source_name`), ids are preferred; both columns are of one kind.
    """
    if any(_COUNTS.fullmatch(squashed(name)) for name in names if squashed(name) != "following"):
        return None
    by_role: dict[str, list[int]] = {role: [] for role in _ROLES}
    for position, name in enumerate(names):
        for role, pattern in _PATTERNS.items():
            if pattern.fullmatch(squashed(name)):
                by_role[role].append(position)
                break
    for one, other in _PAIRS:
        pairs = [(u, v) for u in by_role[one] for v in by_role[other] if _is_possible(names, u, v, other, one)]
        if pairs:
            return FollowColumns(*min(pairs, key=lambda pair: _cost(names, *pair)))
    return None


def _is_possible(names: Sequence[str], u: int, v: int, *roles: str) -> bool:
    """No id beside a name; a bare `id` is a user only where there is no other column."""
    if {_kind(names[u]), _kind(names[v])} == {"id", "name"}:
        return False
    subject = next((names[at] for at in (u, v) if squashed(names[at]) == "subject"), None)
    if subject is not None and "user" not in roles:
        return False
    return "user" not in roles or "id" not in (squashed(names[u]), squashed(names[v])) or len(names) == 2


def _kind(name: str) -> str | None:
    found = re.search(f"({_KIND_NAME})$|({_KIND_ID})$", squashed(name))
    return None if found is None else "name" if found[1] else "id"


def _cost(names: Sequence[str], u: int, v: int) -> tuple[bool, bool, int]:
    kinds = (_kind(names[u]), _kind(names[v]))
    return kinds[0] != kinds[1], "id" not in kinds, u + v


def is_nodes_table(names: Sequence[str]) -> bool:
    """Are these the columns of a table of accounts (nodes): an id or name beside labels or counts, and no second id?"""
    words = [squashed(name) for name in names]
    ids = [word for word in words if word in _NODE_IDS]
    counts = any(_COUNTS.fullmatch(word) for word in words)
    labels = any(word in _LABELS for word in words)
    return (bool(ids) and (labels or counts)) or (labels and counts)


def is_column_name(name: str) -> bool:
    """Is this a name that columns of tables about accounts have?"""
    word = squashed(name)
    known = word in _TABLE_COLUMNS | _OTHERS | _NODE_IDS | _LABELS
    return known or bool(_COUNTS.fullmatch(word)) or any(p.fullmatch(word) for p in _PATTERNS.values())


def is_generic_pair(one: str, other: str) -> bool:
    """Are these two names such as `node1` and `node2` or `ego` and `alter`, which number the ends of an edge?"""
    first, second = _GENERIC.fullmatch(squashed(one)), _GENERIC.fullmatch(squashed(other))
    return first is not None and second is not None and first[1] == second[1] and first[2] != second[2]
