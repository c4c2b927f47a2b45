"""What the authenticity model looks at, in one place: each feature named, explained, and left out where unknown.

Two kinds of sign are told apart, and the score card may use each in one direction only:

* *life*: what an account does or has (posts, followers, a bio, conversation). More of it speaks for a real account;
  none of it speaks for nothing. So silence, newness, few followers, an empty profile never count against anyone: at the
  lowest value such a sign adds exactly 0, as it does where the value is unknown.
* *pattern*: what people rarely do (follows many times more accounts than follow it, posts hundreds a day, nothing but
  links, no word to anyone). A pattern may count against an account.

Counts are divided by what is typical of the platform (`Platform`) or by each other, so that a card made of the accounts
of one year and platform can be read on another. No feature looks at language, script, place, the letters of a name
(beyond the word "bot"), or when the account was made.

Which signs: Cresci et al. 2015 (classes A and B), Yang et al. 2020, Lee et al. 2011 (following against followers),
Gilani et al. 2017 (replies, links, reposts); Dugué & Perez 2014 (ratio of following to followers).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headcount import wording as say
from headcount.columns import Flags, Floats, Followers, Texts
from headcount.support.times import DAY

__all__ = [
    "AUTOMATION_WORDS",
    "FEATURES",
    "LEVELS",
    "Feature",
    "Inputs",
    "Platform",
    "evidence_level",
    "matrix",
    "names_itself_bot",
]

MIN_POSTS = 5
"""Posts at hand below which nothing is said about their shares."""
SOFTENING = 10.0
"""Added to what is divided by: who follows 30, or posted 10 times, while nobody follows yet, shows no pattern."""

LEVELS = ("nothing", "profile", "profile and posts")
"""How much there was of the account itself; its place in the list of followers (`arrivals`) may come on top."""

AUTOMATION_WORDS = r"\b(ro|twitter|tweet)?bots?\b|\bautomat(ed|ic|ically)\b"
"""A bio that says the account is automated (lower case, RE2)."""

_NAME_WORDS = re.compile(
    r"(?:^|[^a-z])(?:ro|e|twitter|tweet)?bots?(?:$|[^a-z])|[^abotl]bot(?:$|[^a-z])|ebooks(?:$|[^a-z])"
)
_BETWEEN = "\x1f"
"""Stands between names where all are searched at once."""
_CAMEL = re.compile(r"([a-z])([A-Z])")


@dataclass(frozen=True)
class Platform:
    """What is typical of a platform: the median account of a sample of it.

    Attributes:
        followers, following, posts: medians.
        age_days: median age of an account; stands in where an account's age is unknown.
        source: which sample.
    """

    followers: float
    following: float
    posts: float
    age_days: float
    source: str


@dataclass(frozen=True)
class Inputs:
    """Everything a feature may read.

    Attributes:
        followers: the columns.
        as_of: when they were observed, seconds since 1970; one number or one a follower.
        platform: what is typical where they live.
    """

    followers: Followers
    as_of: float | Floats
    platform: Platform


@dataclass(frozen=True)
class Feature:
    """One thing the model looks at.

    Attributes:
        name: short and stable, as in the score card.
        meaning: what it is, in words.
        kind: life (may only speak for the account) or pattern (may speak against it).
        level: index into LEVELS of the evidence that it belongs to.
        needs: columns without which it is left out.
        values: (followers,) the value; NaN where something needed is unknown.
        tell: the sentence for one follower (by row), with its figures.
    """

    name: str
    meaning: str
    kind: Literal["life", "pattern"]
    level: int
    needs: tuple[str, ...]
    values: Callable[[Inputs], Floats]
    tell: Callable[[Inputs, int], str]


def matrix(inputs: Inputs, *, overrides: Mapping[str, Floats] | None = None) -> Floats:
    """The features of every follower, (followers, features), NaN where unknown.

    Args:
        inputs: columns, time and platform.
        overrides: features that are known although their columns are not (published feature tables).
    """
    table = np.empty((len(inputs.followers), len(FEATURES)), dtype=np.float64, order="F")
    with np.errstate(invalid="ignore", divide="ignore"):
        for column, feature in enumerate(FEATURES):
            given = None if overrides is None else overrides.get(feature.name)
            table[:, column] = feature.values(inputs) if given is None else given
    return table


def evidence_level(table: Floats) -> NDArray[np.int8]:
    """Index into LEVELS for each row of `matrix`: the highest level of which a feature was at hand."""
    level = np.zeros(len(table), dtype=np.int8)
    for column, feature in enumerate(FEATURES):
        known = ~np.isnan(table[:, column])
        level[known] = np.maximum(level[known], np.int8(feature.level))
    return level


def names_itself_bot(handle: Texts, display_name: Texts) -> Floats:
    """1 where handle or display name says "bot", 0 where it does not, NaN where both are unknown."""
    nobody = np.array(None, dtype=object)
    unknown = (np.equal(handle, nobody) & np.equal(display_name, nobody)).astype(bool)
    said = np.where(unknown, np.nan, 0.0)
    for row in {*_rows_that_may_say_bot(handle), *_rows_that_may_say_bot(display_name)}:
        said[row] = _says_bot(handle[row], display_name[row])
    return said


def _rows_that_may_say_bot(names: Texts) -> list[int]:
    """Of a million names few hold the letters at all: those are found in one text of all names, and read closely."""
    text = _BETWEEN.join([name or "" for name in names])
    if text.count(_BETWEEN) != len(names) - 1:  # a name holds the separator itself
        return list(range(len(names)))
    letters = text.encode("utf-8", "surrogatepass").lower()  # of bytes only A-Z are lowered, so places stay
    found = [hit.start() for hit in re.finditer(rb"bot|ebooks", letters)]
    last = np.frombuffer(_BETWEEN.encode(), dtype=np.uint8)[0]
    ends = np.flatnonzero(np.frombuffer(letters, dtype=np.uint8) == last)
    rows: list[int] = np.unique(np.searchsorted(ends, found)).tolist()
    return rows


def _says_bot(handle: str | None, display_name: str | None) -> float:
    if handle is None and display_name is None:
        return float("nan")
    text = f"{handle or ''} | {display_name or ''}"
    return float(_NAME_WORDS.search(_CAMEL.sub(r"\1_\2", text).lower()) is not None)


def _yes_no(flags: Flags) -> Floats:
    return np.where(flags >= 0, flags, np.nan).astype(np.float64)


def _age_days(i: Inputs) -> Floats:
    age = (i.as_of - i.followers.created_at) / DAY
    return np.where(np.isnan(age), i.platform.age_days, np.maximum(age, 30.0))


def _share(shares: Floats, f: Followers) -> Floats:
    return np.where(f.posts_seen >= MIN_POSTS, shares, np.nan)


def _many(number: float) -> str:
    return f"{number:,.0f}"


def _tell_follows(i: Inputs, row: int) -> str:
    f = i.followers
    return f"{_tell_following(i, row)} while {_followed_by(f.followers_count[row])}"


def _tell_following(i: Inputs, row: int) -> str:
    number = i.followers.following_count[row]
    return f"follows {_many(number)} account{'' if number == 1 else 's'}"


def _followed_by(number: float) -> str:
    if number == 0:
        return "has no followers"
    return "1 account follows it" if number == 1 else f"{_many(number)} accounts follow it"


def _tell_posts(i: Inputs, row: int) -> str:
    number = i.followers.posts_count[row]
    return "has never posted" if number == 0 else f"has {_many(number)} post{'' if number == 1 else 's'}"


def _tell_rate(i: Inputs, row: int) -> str:
    rate = i.followers.posts_count[row] / _age_days(i)[row] if np.ndim(i.as_of) else _one_rate(i, row)
    return f"posts about {rate:,.0f} times a day" if rate >= 1 else "posts less than once a day"


def _one_rate(i: Inputs, row: int) -> float:
    age = (float(np.asarray(i.as_of)) - i.followers.created_at[row]) / DAY
    return float(i.followers.posts_count[row] / (i.platform.age_days if np.isnan(age) else max(age, 30.0)))


def _percent(share: float, posts: int, what: str) -> str:
    return f"{what} make up {say.share(share)} of {posts:,} posts"


def _has(yes: str, no: str, column: str) -> Callable[[Inputs, int], str]:
    return lambda i, row: yes if getattr(i.followers, column)[row] == 1 else no


FEATURES: tuple[Feature, ...] = (
    Feature(
        "followers", "followers, relative to what is typical of the platform", "life", 1, ("followers_count",),
        lambda i: i.followers.followers_count / i.platform.followers,
        lambda i, row: _followed_by(i.followers.followers_count[row]),
    ),
    Feature(
        "posts", "posts, relative to what is typical of the platform", "life", 1, ("posts_count",),
        lambda i: i.followers.posts_count / i.platform.posts, _tell_posts,
    ),
    Feature(
        "following", "accounts followed, relative to what is typical of the platform", "pattern", 1,
        ("following_count",),
        lambda i: i.followers.following_count / i.platform.following,
        _tell_following,
    ),
    Feature(
        "following_per_follower", "accounts followed for each follower (10 added to both)", "pattern", 1,
        ("following_count", "followers_count"),
        lambda i: (i.followers.following_count + SOFTENING) / (i.followers.followers_count + SOFTENING), _tell_follows,
    ),
    Feature(
        "posts_per_followed", "posts for each account followed (10 added)", "pattern", 1,
        ("posts_count", "following_count"),
        lambda i: i.followers.posts_count / (i.followers.following_count + SOFTENING),
        lambda i, row: f"{_tell_posts(i, row)} and {_tell_following(i, row)}",
    ),
    Feature(
        "posts_per_follower", "posts for each follower (10 added)", "pattern", 1, ("posts_count", "followers_count"),
        lambda i: i.followers.posts_count / (i.followers.followers_count + SOFTENING),
        lambda i, row: f"{_tell_posts(i, row)} and {_followed_by(i.followers.followers_count[row])}",
    ),
    Feature(
        "posts_per_day", "posts a day since the account was created (a typical age if unknown)", "pattern", 1,
        ("posts_count",), lambda i: i.followers.posts_count / _age_days(i), _tell_rate,
    ),
    Feature(
        "has_bio", "has a bio", "life", 1, ("has_bio",),
        lambda i: _yes_no(i.followers.has_bio),
        _has("has a bio", "has no bio", "has_bio"),
    ),
    Feature(
        "has_website", "has a link in the profile", "life", 1, ("has_website",),
        lambda i: _yes_no(i.followers.has_website),
        _has("has a website in the profile", "has no website", "has_website"),
    ),
    Feature(
        "has_picture", "has a picture of its own", "life", 1, ("default_avatar",),
        lambda i: 1.0 - _yes_no(i.followers.default_avatar),
        _has("has no picture of its own", "has a picture of its own", "default_avatar"),
    ),
    Feature(
        "name_says_bot", "calls itself a bot in its name", "pattern", 1, ("handle", "display_name"),
        lambda i: names_itself_bot(i.followers.handle, i.followers.display_name),
        lambda i, row: "calls itself a bot in its name" if _bot_name(i, row) else "does not call itself a bot",
    ),
    Feature(
        "bio_says_automated", "says in its bio that it is automated", "pattern", 1, ("bio_says_automated",),
        lambda i: _yes_no(i.followers.bio_says_automated),
        _has("says in its bio that it is automated", "does not say that it is automated", "bio_says_automated"),
    ),
    Feature(
        "link_share", "share of its posts with a link", "pattern", 2, ("posts_seen", "link_share"),
        lambda i: _share(i.followers.link_share, i.followers),
        lambda i, row: _percent(i.followers.link_share[row], i.followers.posts_seen[row], "links"),
    ),
    Feature(
        "reply_share", "share of its posts that are replies", "life", 2, ("posts_seen", "reply_share"),
        lambda i: _share(i.followers.reply_share, i.followers),
        lambda i, row: _percent(i.followers.reply_share[row], i.followers.posts_seen[row], "replies to others"),
    ),
    Feature(
        "repost_share", "share of its posts that are reposts", "pattern", 2, ("posts_seen", "repost_share"),
        lambda i: _share(i.followers.repost_share, i.followers),
        lambda i, row: _percent(i.followers.repost_share[row], i.followers.posts_seen[row], "reposts"),
    ),
)  # fmt: skip


def _bot_name(i: Inputs, row: int) -> bool:
    return _says_bot(i.followers.handle[row], i.followers.display_name[row]) == 1.0
