"""Every follower in exactly one class, for a reason that can be read."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headcount.columns import Followers
from headcount.measures.followers.funnel import CLASSES, LISTENING_DAYS, funnel
from headcount.measures.followers.rules import Judgement

DAY = 86_400.0
END = 1_700_000_000.0
PROMOTER = {"following_count": 8412.0, "followers_count": 7900.0, "bio_asks_follow_back": 1}
SPAMMER = {"posts_seen": 40, "same_text": 14, "link_share": 0.97, "repost_share": 0.0, "reply_share": 0.9}


def make(*rows):
    """Followers from dictionaries of what is known of each."""
    base = Followers.unknown(np.array([f"x:{i}" for i in range(len(rows))], dtype=object))
    columns = {name: getattr(base, name).copy() for name in Followers.__dataclass_fields__}
    for i, row in enumerate(rows):
        for name, value in row.items():
            columns[name][i] = value
    return Followers(**columns)


def classify(*rows, responded=None, tied=None, judge=None):
    size = len(rows)
    found = funnel(
        make(*rows),
        responded=np.array(responded if responded is not None else [0] * size, dtype=np.int64),
        tied=np.array(tied if tied is not None else [False] * size, dtype=bool),
        as_of=END,
        judge=judge,
    )
    return found, [CLASSES[code] for code in found.verdicts.label], list(found.verdicts.reasons)


def seen(days):
    return {"last_seen": END - days * DAY}


def test_each_class_by_hand():
    found, labels, reasons = classify(
        {}, seen(12), seen(200), seen(2), seen(2), {**PROMOTER, **seen(1)}, SPAMMER, {"gone_at": END - 3 * DAY},
        {"removed": 1, **seen(1)}, {"protected": 1}, {"last_post_at": END - 5 * DAY},
        responded=[0, 0, 0, 3, 1, 0, 0, 0, 0, 0, 0],
        tied=[False] * 4 + [True] + [False] * 6,
    )  # fmt: skip
    assert labels == [
        "unknown", "listening", "away", "responding", "relationship", "auto_follow", "spam", "gone", "gone",
        "unknown", "listening",
    ]  # fmt: skip
    assert reasons[1] == "last seen 12 days ago; did not respond in the window"
    assert reasons[3] == "responded 3 times in the window"
    assert reasons[5] == "follows 8,412 accounts and is followed by 7,900; bio asks for follow-backs"
    assert reasons[6] == "links in 97% of 40 posts; the same text 14 times among 40 posts"
    assert reasons[7] == "no longer in the list since 2023-11-11"
    assert reasons[8] == "the account was deleted or suspended"
    assert "protected" in reasons[9]
    assert found.columns()["followers"] == [1, 1, 2, 1, 1, 1, 2, 2]
    assert found.sentence().startswith("Of 11 followers: 1 in a two-way relationship, 1 responding, 2 listening")


@pytest.mark.parametrize(
    ("row", "responded", "tied", "label"),
    [
        ({**SPAMMER, "gone_at": END - DAY}, 3, True, "gone"),  # gone before all
        (SPAMMER, 3, True, "relationship"),  # the account itself wrote back
        (SPAMMER, 3, False, "spam"),  # links to everyone are no answer
        (PROMOTER, 1, False, "responding"),  # a person who follows for numbers and yet responds
        ({**PROMOTER, **SPAMMER}, 0, False, "spam"),
        ({**PROMOTER, **seen(1)}, 0, False, "auto_follow"),
        ({"gone_at": END + DAY, **seen(1)}, 0, False, "listening"),  # gone only later
        ({**seen(-2)}, 0, False, "listening"),  # seen after the end of the observation
        (seen(LISTENING_DAYS), 0, False, "listening"),
        (seen(LISTENING_DAYS + 0.1), 0, False, "away"),
    ],
)
def test_precedence(row, responded, tied, label):
    assert classify(row, responded=[responded], tied=[tied])[1] == [label]


@pytest.mark.parametrize(
    "row",
    [
        {"posts_count": 0.0, "followers_count": 0.0, "following_count": 900.0, "default_avatar": 1, "has_bio": 0},
        {"created_at": END - 2 * DAY, "posts_count": 0.0, "followers_count": 1.0, "following_count": 60.0},
        {"following_count": 6000.0, "followers_count": 12.0, "posts_count": 0.0},  # reads a lot, known to few
        {"display_name": "みなさん", "handle": "كاتب", "has_bio": 0},
        {"protected": 1, "following_count": 3000.0, "followers_count": 2500.0},
        {"posts_seen": 500, "same_text": 1, "link_share": 1.0, "reply_share": 0.0, "repost_share": 0.0},  # a feed
        {"posts_seen": 60, "same_text": 20, "link_share": 0.0, "reply_share": 0.1, "repost_share": 0.0},  # greets daily
        {"bio_asks_follow_back": 1, "following_count": 80.0, "followers_count": 70.0},
        {"following_count": 20_000.0, "followers_count": 19_000.0},  # base rate: a ratio is no evidence
    ],
)
def test_silence_newness_and_empty_profiles_are_no_evidence(row):
    assert classify(row)[1] == ["unknown"]
    assert classify({**row, **seen(3)})[1] == ["listening"]


def test_a_response_to_the_spammer_is_told():
    _, _, reasons = classify(SPAMMER, responded=[2])
    assert reasons[0].startswith("responded twice in the window, but links in 97%")


def test_another_judge_takes_the_place_of_the_rules():
    class Suspicious:
        method = "Everyone is spam."

        def judge(self, followers, *, as_of):
            everyone = np.ones(len(followers), bool)
            reasons = np.full(len(followers), "because", dtype=object)
            return Judgement(~everyone, everyone, ~everyone, reasons)

    found, labels, reasons = classify(seen(1), seen(1), responded=[0, 1], judge=Suspicious())
    assert labels == ["spam", "responding"]
    assert reasons[0] == "because"
    assert found.method == "Everyone is spam."


def test_no_followers():
    found, labels, _ = classify()
    assert labels == []
    assert found.followers == 0
    assert "No follower list" in found.too_little
    assert found.sentence() == found.too_little
    assert found.columns()["share"] == [None] * 8


def test_arrays_of_one_length():
    with pytest.raises(ValueError, match="not of one length"):
        classify({}, {}, responded=[1])


ROW = st.fixed_dictionaries(
    {},
    optional={
        "last_seen": st.floats(END - 1000 * DAY, END + DAY),
        "gone_at": st.floats(END - 1000 * DAY, END + DAY),
        "removed": st.sampled_from([-1, 0, 1]),
        "protected": st.sampled_from([-1, 0, 1]),
        "following_count": st.integers(0, 10**6).map(float),
        "followers_count": st.integers(0, 10**8).map(float),
        "bio_asks_follow_back": st.sampled_from([-1, 0, 1]),
        "posts_seen": st.integers(0, 200),
        "same_text": st.integers(0, 50),
        "link_share": st.floats(0, 1),
        "reply_share": st.floats(0, 1),
        "repost_share": st.floats(0, 1),
    },
)


@given(st.lists(st.tuples(ROW, st.integers(0, 5), st.booleans()), min_size=1, max_size=30), st.randoms())
@settings(deadline=None, max_examples=80)
def test_each_in_exactly_one_class_whatever_the_order(people, random):
    def run(chosen):
        rows, responded, tied = zip(*chosen, strict=True)
        return classify(*rows, responded=responded, tied=tied)

    found, labels, reasons = run(people)
    assert sum(found.columns()["followers"]) == found.followers == len(people)
    assert all(isinstance(reason, str) and reason for reason in reasons)
    order = list(range(len(people)))
    random.shuffle(order)
    _, mixed, told = run([people[i] for i in order])
    assert mixed == [labels[i] for i in order]
    assert told == [reasons[i] for i in order]


@given(ROW)
@settings(deadline=None, max_examples=60)
def test_less_knowledge_never_makes_a_follower_suspicious(row):
    """Whoever is neither spam nor auto-follow with all available data is neither with less."""
    label = classify(row)[1][0]
    for name in row:
        if name in ("last_seen", "gone_at", "removed", "protected"):
            continue
        less = classify({key: value for key, value in row.items() if key != name})[1][0]
        assert less not in ("spam", "auto_follow") or label in ("spam", "auto_follow", "gone")


def test_a_quarter_million_in_a_moment():
    rng = np.random.default_rng(1)
    size = 250_000
    followers = Followers.unknown(
        np.arange(size).astype(object),
        last_seen=END - rng.exponential(100 * DAY, size),
        following_count=rng.lognormal(6, 1.5, size).round(),
        followers_count=rng.lognormal(6, 2, size).round(),
        bio_asks_follow_back=(rng.random(size) < 0.1).astype(np.int8),
    )
    found = funnel(followers, responded=rng.poisson(0.1, size), tied=rng.random(size) < 0.01, as_of=END)
    assert sum(found.columns()["followers"]) == size
    assert not any(reason is None for reason in found.verdicts.reasons)


def test_nothing_is_estimated_where_nobody_silent_was_looked_at():
    drawn, passed_over = {"sampled": 1, **seen(2)}, {"sampled": 0}
    found, labels, _ = classify(drawn, passed_over, passed_over, responded=[1, 0, 0])
    assert found.sample is None
    assert labels == ["responding", "unknown", "unknown"]
    found, _, _ = classify(drawn, {"sampled": 1, **seen(3)}, passed_over, responded=[1, 0, 0])
    assert found.sample is not None
    assert (found.sample.silent_drawn, found.sample.listening.followers) == (1, 2)
