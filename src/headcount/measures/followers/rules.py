"""The published rules that stand behind 'auto_follow' and 'spam' until a calibrated model takes their place.

Each rule is one small function over the columns of the followers; what it needs and does not know makes it
silent, never a hit. Two kinds of rule are told apart:

* *behaviour*: what the account does (follows thousands, repeats itself, posts only links). Only these decide.
* *profile*: what it lacks (a picture, a bio, posts, followers). Newcomers, silent readers and people who
  keep to themselves lack the same, so a profile rule never decides anything. They are kept to be measured
  and shown.

The published audits add such rules up and call the sum fake; tested on labelled accounts "most of the rules
provide unsatisfactory performance" (Cresci et al. 2015). Here a verdict needs two independent signs of
behaviour:

* **auto_follow**: follows many accounts at a ratio of following to followers of 0.7 or more (Dugué & Perez
  2014), and shows that it follows for the sake of numbers. Either the bio asks for follow-backs (from 500
  followed accounts on); or, from 2,000 on, it posts the same text again and again, or nothing but links or
  reposts without a reply to anyone. A high ratio alone is no evidence: 72% of the users of one study
  followed back more than 80% of their followers (Weng et al. 2010). Nor are thousands followed by somebody
  whom few follow: some people read a lot.
* **spam**: the same text more than three times, making up a fifth of the posts at hand, and links in more
  than 90% of them (both Socialbakers). Feeds of links are no spam, nor is a daily good morning.

Verified, protected and foreign-language accounts are treated like all others.

Sources of the rules: Socialbakers FakeFollowerCheck, Camisani-Calzolari 2012 and StatusPeople Fakers, as
listed by Cresci et al. 2015 (Decision Support Systems 80, arXiv 1509.04098); Dugué & Perez 2014. What needs
data outside the vocabulary (spam phrases, location, lists, client) is left out. Measured on labelled
accounts in docs/methods/funnel.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from headcount import wording as say
from headcount.columns import Floats, Followers, Texts
from headcount.support.times import DAY

__all__ = ["RULES", "FollowerJudge", "Judgement", "PublishedRules", "Rule"]

Bools = NDArray[np.bool_]

MASS, ASKING = 2_000, 500
"""Accounts followed from which on it is mass following; and with a bio that asks for follow-backs."""
RATIO = 0.7
MIN_POSTS = 20
"""Posts at hand below which nothing is said about their shares."""
MIN_REPEATED = 10


@dataclass(frozen=True)
class Judgement:
    """What a judge says of each follower, in the order of `Followers`.

    Attributes:
        auto_follow: follows for the sake of numbers.
        spam: posts what nobody asked for.
        strong: the evidence holds even against a response to the account (see `funnel`); only together with
            spam.
        reasons: a readable fragment where auto_follow or spam is True, with that account's figures; None
            elsewhere.
        by_user: where the user labelled the follower, so that the judge had nothing to decide; None for nowhere.
    """

    auto_follow: Bools
    spam: Bools
    strong: Bools
    reasons: Texts
    by_user: Bools | None = None


class FollowerJudge(Protocol):
    """Decides which followers are auto-followers and which are spam: published rules now, a model later."""

    @property
    def method(self) -> str:
        """One sentence on how it decides, for the report."""
        ...

    def judge(self, followers: Followers, *, as_of: float) -> Judgement:
        """Judge every follower; one of whom too little is known is neither.

        Args:
            followers: the columns of each.
            as_of: end of the observation, seconds since 1970.
        """
        ...


@dataclass(frozen=True)
class Rule:
    """One published rule.

    Attributes:
        name: short and stable.
        source: who published it.
        kind: behaviour (may decide) or profile (never decides).
        needs: the columns without which it is silent.
        hits: (followers,) True where it holds; False where something needed is unknown.
        tell: the sentence for one follower (by row), with its figures; empty for rules that never decide.
    """

    name: str
    source: str
    kind: Literal["behaviour", "profile"]
    needs: tuple[str, ...]
    hits: Callable[[Followers, float], Bools]
    tell: Callable[[Followers, int], str]


def _ratio(f: Followers) -> Floats:
    return f.following_count / np.maximum(f.followers_count, 1)


def _enough(f: Followers) -> Bools:
    return f.posts_seen >= MIN_POSTS


def _repeats(f: Followers) -> Bools:
    held: Bools = (f.posts_seen >= MIN_REPEATED) & (f.same_text > 3) & (f.same_text * 5 >= f.posts_seen)
    return held


def _old_without_picture(f: Followers, as_of: float) -> Bools:
    held: Bools = (f.default_avatar == 1) & (as_of - f.created_at > 60 * DAY)
    return held


def _counts(f: Followers, row: int) -> str:
    return f"follows {f.following_count[row]:,.0f} accounts and is followed by {f.followers_count[row]:,.0f}"


def _nothing(f: Followers, row: int) -> str:
    return ""


_COUNTS = ("following_count", "followers_count")

RULES: tuple[Rule, ...] = (
    Rule(
        "mass following",
        "Dugué & Perez 2014",
        "behaviour",
        _COUNTS,
        lambda f, _: (f.following_count >= MASS) & (_ratio(f) >= RATIO),
        _counts,
    ),
    Rule(
        "many followed",
        "Dugué & Perez 2014",
        "behaviour",
        _COUNTS,
        lambda f, _: (f.following_count >= ASKING) & (_ratio(f) >= RATIO),
        _counts,
    ),
    Rule(
        "asks for follow-backs",
        "Dugué & Perez 2014; Elmas et al. 2024",
        "behaviour",
        ("bio_asks_follow_back",),
        lambda f, _: f.bio_asks_follow_back == 1,
        lambda f, row: "bio asks for follow-backs",
    ),
    Rule(
        "50 followed for each follower",
        "Socialbakers",
        "profile",
        _COUNTS,
        lambda f, _: _ratio(f) >= 50,
        _nothing,
    ),
    Rule(
        "never replies",
        "Camisani-Calzolari (mentions a user)",
        "behaviour",
        ("posts_seen", "reply_share"),
        lambda f, _: _enough(f) & (f.reply_share == 0),
        lambda f, row: f"no reply to anyone among {f.posts_seen[row]:,} posts",
    ),
    Rule(
        "nearly only links",
        "Socialbakers",
        "behaviour",
        ("posts_seen", "link_share"),
        lambda f, _: _enough(f) & (f.link_share > 0.9),
        lambda f, row: f"links in {say.share(f.link_share[row])} of {f.posts_seen[row]:,} posts",
    ),
    Rule(
        "nearly only reposts",
        "Socialbakers",
        "behaviour",
        ("posts_seen", "repost_share"),
        lambda f, _: _enough(f) & (f.repost_share > 0.9),
        lambda f, row: f"reposts make up {say.share(f.repost_share[row])} of {f.posts_seen[row]:,} posts",
    ),
    Rule(
        "same text again and again",
        "Socialbakers",
        "behaviour",
        ("posts_seen", "same_text"),
        lambda f, _: _repeats(f),
        lambda f, row: f"the same text {f.same_text[row]:,} times among {f.posts_seen[row]:,} posts",
    ),
    Rule("never posted", "Socialbakers", "profile", ("posts_count",), lambda f, _: f.posts_count == 0, _nothing),
    Rule(
        "old without a picture",
        "Socialbakers",
        "profile",
        ("default_avatar", "created_at"),
        _old_without_picture,
        _nothing,
    ),
    Rule("no bio", "Camisani-Calzolari", "profile", ("has_bio",), lambda f, _: f.has_bio == 0, _nothing),
    Rule(
        "fewer than 30 followers",
        "Camisani-Calzolari",
        "profile",
        ("followers_count",),
        lambda f, _: f.followers_count < 30,
        _nothing,
    ),
    Rule(
        "fewer than 50 posts",
        "Camisani-Calzolari",
        "profile",
        ("posts_count",),
        lambda f, _: f.posts_count < 50,
        _nothing,
    ),
    Rule(
        "follows more than twice its followers",
        "Camisani-Calzolari",
        "profile",
        _COUNTS,
        lambda f, _: f.following_count > 2 * f.followers_count,
        _nothing,
    ),
)
_BY_NAME = {rule.name: rule for rule in RULES}


class PublishedRules:
    """The published rules, combined with care (see the module's text)."""

    method = (
        "Auto-follow and spam are classified by published rules (Socialbakers, Camisani-Calzolari, Dugué & Perez): "
        "two independent signs of behaviour, never silence, newness or an empty profile."
    )

    def judge(self, followers: Followers, *, as_of: float) -> Judgement:
        """Judge every follower by the published rules."""
        with np.errstate(invalid="ignore"):
            hit = {rule.name: rule.hits(followers, as_of) for rule in RULES if rule.kind == "behaviour"}
        asking = hit["many followed"] & hit["asks for follow-backs"]
        same, links = hit["same text again and again"], hit["nearly only links"]
        broadcasts = hit["never replies"] & (links | hit["nearly only reposts"])
        auto = asking | (hit["mass following"] & (same | broadcasts))
        spam = same & links
        return Judgement(auto, spam, spam, _reasons(followers, hit, auto | spam))


def _reasons(followers: Followers, hit: dict[str, Bools], judged: Bools) -> Texts:
    """For each judged follower the sentences of the rules that hold, the widest of nested ones only."""
    rows = np.flatnonzero(judged)
    told = [name for name in hit if name != "mass following"]
    table = np.stack([hit[name][rows] for name in told], axis=1) if len(rows) else np.zeros((0, len(told)), bool)
    reasons = np.full(len(judged), None, dtype=object)
    for row, held in zip(rows, table, strict=True):
        reasons[row] = _sentence(followers, int(row), (told[i] for i in np.flatnonzero(held)))
    return reasons


def _sentence(followers: Followers, row: int, names: Iterable[str]) -> str:
    return "; ".join(_BY_NAME[name].tell(followers, row) for name in names)
