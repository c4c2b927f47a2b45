"""What a measure is given: the columns of one account, as plain arrays.

`headcount.store.read.account` fills these from the store; a caller of the library may fill them from anywhere.
Conventions: times are float64 seconds since 1970 (UTC) with NaN for unknown; numbers are float64 with NaN for unknown;
yes/no is int8 with 1, 0, and -1 for unknown; people are numbered: 0 … followers-1 are the rows of
`Followers`, everyone else comes after them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.support.record import Record
from headcount.tables import ACTIVE_KINDS, INTERACTION_KINDS

__all__ = [
    "ACTIVE",
    "KIND_CODE",
    "UNKNOWN",
    "Exchanges",
    "Flags",
    "Floats",
    "Followers",
    "FollowsBetween",
    "Integers",
    "Posts",
    "Responses",
    "Texts",
]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.int8]
Texts = NDArray[np.object_]

UNKNOWN = -1
KIND_CODE = {kind: code for code, kind in enumerate(INTERACTION_KINDS)}
ACTIVE = np.array([kind in ACTIVE_KINDS for kind in INTERACTION_KINDS])
"""ACTIVE[kind code]: does this kind of interaction take words?"""


class Columns(Record):
    """Arrays of one length, one row each; unknown is None in the data frame."""

    def columns(self) -> dict[str, list[Any]]:
        """The columns as they are, with None for what is unknown; times are seconds since 1970."""
        arrays = {name: getattr(self, name) for name in self.__dataclass_fields__}  # type: ignore[attr-defined]
        return {name: _known(values, is_flag=name in _FLAGS) for name, values in arrays.items()}

    def summary(self) -> str:
        """How many rows there are."""
        size = len(getattr(self, next(iter(self.__dataclass_fields__))))  # type: ignore[attr-defined]
        return f"{size:,} {'row' if size == 1 else 'rows'}"


def _known(values: NDArray[Any], *, is_flag: bool) -> list[Any]:
    """The values of a column as a list: None where a number is NaN, or a yes/no is -1."""
    plain: list[Any] = values.tolist()
    if is_flag:
        return [None if value == UNKNOWN else bool(value) for value in plain]
    return [None if value != value else value for value in plain]


@dataclass(frozen=True, repr=False)
class Posts(Columns):
    """The account's own posts of the window that others can respond to: the occasions, oldest first.

    Attributes:
        post_id: text, one a post.
        created_at: seconds since 1970.
        text: what the post says; None where unknown.
    """

    post_id: Texts
    created_at: Floats
    text: Texts

    def __len__(self) -> int:
        return len(self.post_id)


@dataclass(frozen=True, repr=False)
class Responses(Columns):
    """Every response of others to the posts of the window, one row each, in no order.

    Attributes:
        person: number of the responder (see the module's text).
        post: index into `Posts`.
        kind: code of the kind (`KIND_CODE`).
        delay: seconds from the post to the response; NaN where unknown.
    """

    person: Integers
    post: Integers
    kind: Flags
    delay: Floats

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, repr=False)
class Exchanges(Columns):
    """Every active interaction (reply, mention, quote) between the account and another, both directions.

    Attributes:
        person: number of the other.
        outgoing: True where the account addressed the other, False where the other addressed the account.
        at: seconds since 1970; NaN where unknown.
    """

    person: Integers
    outgoing: NDArray[np.bool_]
    at: Floats

    def __len__(self) -> int:
        return len(self.person)


@dataclass(frozen=True, repr=False)
class FollowsBetween(Columns):
    """Follows between followers of the account, and who of them addresses whom.

    Only of those followers whose own follows are known; a follower of whom they are not is not in it, which is
    something else than following nobody.

    Attributes:
        person: (A,) numbers of these followers, ascending.
        drawn: they are a uniform sample of the standing followers; False where they are all of them.
        source, target: one row a follow, indexes into `person` of who follows and who is followed.
        actor, addressed, times: one row a pair, indexes into `person`: who replied to, mentioned or quoted whom,
            and how often.
        watched: (A,) were posts of theirs looked at? None where no conversation among followers is at hand.
    """

    person: Integers
    drawn: bool
    source: Integers
    target: Integers
    actor: Integers
    addressed: Integers
    times: Integers
    watched: NDArray[np.bool_] | None

    def columns(self) -> dict[str, list[Any]]:
        """One row a follow: who follows whom, as numbers of followers."""
        return {
            "follower": self.person[self.source].tolist(),
            "followee": self.person[self.target].tolist(),
        }

    def summary(self) -> str:
        """How many follows there are, among how many followers."""
        return f"{len(self.source):,} follows among {len(self.person):,} followers"


@dataclass(frozen=True, repr=False)
class Followers(Columns):
    """Everybody who follows or followed the account, one row each, in a fixed order.

    Attributes:
        account_id, handle, display_name: text; None where unknown.
        created_at, last_post_at: of the follower's account.
        last_seen: latest sign of life on the platform: a post, a response to anyone, `last_post_at`.
        followed_at, followed_after, followed_before: time of the follow, or its bounds.
        gone_at: when the follow was first missed; NaN while it stands.
        position: place in the platform's list, 0 = newest.
        followers_count, following_count, posts_count: the platform's counters.
        has_bio, has_website, default_avatar, protected, verified, declared_bot, opted_out: yes/no.
        removed: 1 where the account is deleted or suspended.
        sampled: drawn in a uniform sample of the list (1), not drawn and so not looked at (0), no sample (-1).
        followed_back: does the account follow this follower? 0 only where a list that would show it was complete.
        bio_asks_follow_back: the bio offers or asks for follow-backs (#teamfollowback, "f4f", …).
        bio_says_automated: the bio says that the account is a bot or automated.
        posts_seen: posts of the follower that are at hand (0 = none at hand, which says nothing).
        link_share, reply_share, repost_share: shares of the posts at hand; NaN where none is.
        same_text: how often the follower's most repeated text stands among the posts at hand; 0 = no
            text at hand, which says nothing.
    """

    account_id: Texts
    handle: Texts
    display_name: Texts
    created_at: Floats
    last_post_at: Floats
    last_seen: Floats
    followed_at: Floats
    followed_after: Floats
    followed_before: Floats
    gone_at: Floats
    position: Floats
    followers_count: Floats
    following_count: Floats
    posts_count: Floats
    has_bio: Flags
    has_website: Flags
    default_avatar: Flags
    protected: Flags
    verified: Flags
    declared_bot: Flags
    opted_out: Flags
    removed: Flags
    sampled: Flags
    followed_back: Flags
    bio_asks_follow_back: Flags
    bio_says_automated: Flags
    posts_seen: Integers
    link_share: Floats
    reply_share: Floats
    repost_share: Floats
    same_text: Integers

    def __len__(self) -> int:
        return len(self.account_id)

    @property
    def standing(self) -> NDArray[np.bool_]:
        """(followers,) who follows at the end of the observation: not missed in the list, not deleted or suspended.

        These are the followers that every count and share is about.
        """
        standing: NDArray[np.bool_] = np.isnan(self.gone_at) & (self.removed != 1)
        return standing

    @classmethod
    def unknown(cls, account_id: Texts, **known: Any) -> Followers:
        """Followers of whom nothing is known but what is handed in: for tests and callers of the library."""
        size = len(account_id)
        columns: dict[str, Any] = {"account_id": account_id}
        for name in cls.__dataclass_fields__:
            if name in known:
                columns[name] = known[name]
            elif name in ("handle", "display_name"):
                columns[name] = np.full(size, None, dtype=object)
            elif name in _FLAGS:
                columns[name] = np.full(size, UNKNOWN, dtype=np.int8)
            elif name in ("posts_seen", "same_text"):
                columns[name] = np.zeros(size, dtype=np.int64)
            elif name != "account_id":
                columns[name] = np.full(size, np.nan)
        return cls(**columns)


_FLAGS = frozenset(
    {
        "has_bio",
        "has_website",
        "sampled",
        "default_avatar",
        "protected",
        "verified",
        "declared_bot",
        "opted_out",
        "removed",
        "followed_back",
        "bio_asks_follow_back",
        "bio_says_automated",
    }
)
