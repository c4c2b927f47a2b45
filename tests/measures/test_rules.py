"""The published rules: what each needs, when it is silent, and how they fare on labelled accounts."""

from __future__ import annotations

import re

import numpy as np
import pytest

from headcount.columns import Followers
from headcount.measures.followers.rules import RULES, PublishedRules
from headcount.store.read.followers import FOLLOW_BACK_WORDS

DAY = 86_400.0
END = 1_550_000_000.0


def one(**known):
    return Followers.unknown(
        np.array(["x:1"], dtype=object),
        **{name: np.array([value], dtype=np.asarray(value).dtype) for name, value in known.items()},
    )


def judge(**known):
    found = PublishedRules().judge(one(**known), as_of=END)
    return bool(found.auto_follow[0]), bool(found.spam[0]), found.reasons[0]


def hits(name, **known):
    rule = next(rule for rule in RULES if rule.name == name)
    with np.errstate(invalid="ignore"):
        return bool(rule.hits(one(**known), END)[0])


@pytest.mark.parametrize(
    ("name", "yes", "no"),
    [
        ("mass following", {"following_count": 2000.0, "followers_count": 2800.0},
         {"following_count": 2000.0, "followers_count": 2900.0}),
        ("many followed", {"following_count": 500.0, "followers_count": 700.0},
         {"following_count": 499.0, "followers_count": 10.0}),
        ("asks for follow-backs", {"bio_asks_follow_back": 1}, {"bio_asks_follow_back": 0}),
        ("50 followed for each follower", {"following_count": 500.0, "followers_count": 10.0},
         {"following_count": 499.0, "followers_count": 10.0}),
        ("never replies", {"posts_seen": 20, "reply_share": 0.0}, {"posts_seen": 19, "reply_share": 0.0}),
        ("nearly only links", {"posts_seen": 20, "link_share": 0.91}, {"posts_seen": 20, "link_share": 0.9}),
        ("nearly only reposts", {"posts_seen": 20, "repost_share": 0.91}, {"posts_seen": 20, "repost_share": 0.9}),
        ("same text again and again", {"posts_seen": 20, "same_text": 4}, {"posts_seen": 21, "same_text": 4}),
        ("never posted", {"posts_count": 0.0}, {"posts_count": 1.0}),
        ("old without a picture", {"default_avatar": 1, "created_at": END - 61 * DAY},
         {"default_avatar": 1, "created_at": END - 59 * DAY}),
        ("no bio", {"has_bio": 0}, {"has_bio": 1}),
        ("fewer than 30 followers", {"followers_count": 29.0}, {"followers_count": 30.0}),
        ("fewer than 50 posts", {"posts_count": 49.0}, {"posts_count": 50.0}),
        ("follows more than twice its followers", {"following_count": 21.0, "followers_count": 10.0},
         {"following_count": 20.0, "followers_count": 10.0}),
    ],
)  # fmt: skip
def test_each_rule_at_its_edge(name, yes, no):
    assert hits(name, **yes)
    assert not hits(name, **no)
    rule = next(rule for rule in RULES if rule.name == name)
    assert set(yes) == set(rule.needs)
    for left_out in yes:
        assert not hits(name, **{key: value for key, value in yes.items() if key != left_out}), left_out


def test_every_rule_is_tested_and_sourced():
    assert len({rule.name for rule in RULES}) == len(RULES) == 14
    assert all(rule.source for rule in RULES)
    assert all(hasattr(Followers, "__dataclass_fields__") and set(rule.needs) <= set(Followers.__dataclass_fields__)
               for rule in RULES)  # fmt: skip


def test_two_signs_are_needed():
    many = {"following_count": 5000.0, "followers_count": 4800.0}
    assert judge(**many) == (False, False, None)
    assert judge(**many, bio_asks_follow_back=1)[0]
    broadcast = {"posts_seen": 50, "reply_share": 0.0, "link_share": 0.95, "repost_share": 0.0, "same_text": 1}
    assert not judge(**broadcast)[0]
    found = judge(**many, **broadcast)
    assert found[0]
    assert not found[1]
    assert found[2] == (
        "follows 5,000 accounts and is followed by 4,800; no reply to anyone among 50 posts; links in 95% of 50 posts"
    )
    assert not judge(**many, **{**broadcast, "reply_share": 0.02})[0], "who replies is no broadcaster"
    assert judge(posts_seen=50, link_share=0.95, same_text=10)[1]
    assert not judge(posts_seen=50, link_share=0.5, same_text=10)[1]


def test_nothing_known_is_never_a_hit():
    assert judge() == (False, False, None)
    with np.errstate(invalid="ignore"):
        assert not any(rule.hits(one(), END)[0] for rule in RULES)


def profiles(shared_data, name):
    """Labelled accounts as followers, with the bio read as the store's reader does."""
    pd = pytest.importorskip("pandas")
    frame = pd.read_parquet(shared_data / name / "accounts.parquet")
    asks = re.compile(FOLLOW_BACK_WORDS)
    bio = frame.description.fillna("").str.lower()

    def number(column):
        return pd.to_numeric(frame[column], errors="coerce").astype(float).to_numpy()

    def flag(column):
        return frame[column].astype("Int8").fillna(-1).astype("int8").to_numpy()

    followers = Followers.unknown(
        np.arange(len(frame)).astype(object),
        followers_count=number("followers_count"),
        following_count=number("friends_count"),
        posts_count=number("statuses_count"),
        created_at=((frame.created_at - pd.Timestamp(0, tz="UTC")).dt.total_seconds()).to_numpy(),
        default_avatar=flag("default_profile_image"),
        verified=flag("verified"),
        protected=flag("protected"),
        has_bio=(bio != "").astype(np.int8).to_numpy(),
        bio_asks_follow_back=np.array([1 if asks.search(text) else 0 for text in bio], dtype=np.int8),
    )
    return followers, frame.label.to_numpy()


SETS = {
    "cresci2015": {"genuine": "human", "fake_follower": "other"},
    "botometer2019": {"human": "human", "self_declared_bot": "other"},
    "kaggle_bots2017": {"nonbot": "human", "bot": "other"},
}


@pytest.mark.shared
@pytest.mark.parametrize("name", SETS)
def test_false_positives_on_labelled_profiles(shared_data, name):
    followers, label = profiles(shared_data, name)
    found = PublishedRules().judge(followers, as_of=END)
    judged = found.auto_follow | found.spam
    with np.errstate(invalid="ignore"):
        added_up = sum(rule.hits(followers, END).astype(int) for rule in RULES if rule.kind == "profile") >= 2
    print(f"\n{name}: judged by two signs of behaviour; by two empty-profile rules, as audits do")
    for who, kind in SETS[name].items():
        rows = label == who
        print(f"  {who:18} {rows.sum():5}  {judged[rows].mean():7.2%}  {added_up[rows].mean():7.2%}")
        if kind == "human":
            assert judged[rows].mean() <= 0.005
            assert added_up[rows].mean() >= judged[rows].mean()


@pytest.mark.shared
def test_false_positives_on_measured_timelines(shared_data):
    """Gilani et al. 2017: shares of replies, links and reposts; following is known only as a ratio, so any count is
    taken as 2,000 or more: the share judged here is an upper limit."""
    pd = pytest.importorskip("pandas")
    frame = pd.read_parquet(shared_data / "gilani2017" / "accounts_timeline_features.parquet")
    size = len(frame)
    followers = Followers.unknown(
        np.arange(size).astype(object),
        following_count=np.full(size, 1e6),
        followers_count=1e6 / np.maximum(frame.friend_follower_ratio.to_numpy(), 1e-9),
        posts_seen=np.full(size, 100),
        link_share=np.minimum(frame.url_ratio.to_numpy(), 1.0),
        repost_share=frame.retweet_ratio.to_numpy(),
        reply_share=np.minimum(frame.mention_ratio.to_numpy(), 1.0),
    )
    judged = PublishedRules().judge(followers, as_of=END).auto_follow
    bot, verified = frame.is_bot.to_numpy() == 1, frame.verified.to_numpy()
    print(f"\ngilani2017: humans {judged[~bot].mean():.2%}, verified humans {judged[~bot & verified].mean():.2%}, "
          f"bots {judged[bot].mean():.2%}")  # fmt: skip
    assert judged[~bot].mean() <= 0.02
    assert judged[~bot & verified].mean() <= 0.02
    assert judged[bot].mean() > judged[~bot].mean()
