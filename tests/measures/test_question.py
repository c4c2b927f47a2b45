"""The 24-hour test: which posts ask, who answered, and what repeated tests say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headcount.columns import KIND_CODE, Posts, Responses
from headcount.errors import UsageError
from headcount.measures.question.question import question
from headcount.measures.question.signs import question_signs
from headcount.measures.statistics.sample_size import MIN_CURVE_REPLIES

HOUR, DAY = 3600.0, 86_400.0
END = 1_700_000_000.0


@pytest.mark.parametrize(
    "text",
    [
        "What did you read this week?",
        "Which one? #poll @friends",
        "Who's coming tonight? I'll bring cake.",
        "Wer kommt heute Abend?",
        "¿Quién viene esta noche?",
        "¿Qué tal",
        "今日は何を食べますか",
        "好きな本は何ですか。教えて",
        "你好吗",
        "你们喜欢哪一个？我喜欢红色",
        "كيف حالكم اليوم؟",
        "מה שלומכם היום?",
        "Τι κάνετε απόψε;",
        "Ո՞վ է գալիս",
        "ምን ትሠራላችሁ፧",
        "คุณชอบไหม",
        "What do you think of this article? https://example.org/a?b=1",
        "Which colour… red or blue ??? 😀",
        "(asking for a friend) is it safe to eat this?",
        "Why?",
    ],
)
def test_questions(text):
    assert question_signs(text).is_question, question_signs(text)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "   ",
        "?",
        "...?!",
        "A good morning to all of you",
        "Look here: https://example.org/?q=1",
        "www.example.org/search?what",
        "Is this the end of the internet? https://example.org/story",
        "Tired? Buy our mattress.",
        "You did WHAT??!",
        "Really?! Wow",
        'He asked "who are you?" and left',
        "She wrote «vous venez?» and that was it",
        "> are you there?\nYes.",
        "RT @someone: who is coming?",
        "@bob are you there?",
        "a?b is an operator",
        "I came; I saw; I left",
    ],
)
def test_no_questions(text):
    assert not question_signs(text).is_question, question_signs(text)


def test_the_reasons_are_told():
    assert question_signs("What do you read?").why == "ends with a question; addresses the readers"
    assert "carries a link" in question_signs("Is it over? https://example.org").why


def make_posts(*posts):
    """Posts from (age in seconds at END, text)."""
    return Posts(
        np.array([f"p{i}" for i in range(len(posts))], dtype=object),
        np.array([END - age for age, _ in posts]),
        np.array([text for _, text in posts], dtype=object),
    )


def make_responses(*rows):
    """Responses from (person, post, kind, delay)."""
    person, post, kind, delay = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Responses(
        np.array(person, dtype=np.int64),
        np.array(post, dtype=np.int64),
        np.array([KIND_CODE[name] for name in kind], dtype=np.int8),
        np.array(delay, dtype=float),
    )


ASK = "What do you read?"


def ask(posts, responses, *, followers=10, people=20, **more):
    member = None if followers is None else np.arange(people) < followers
    return question(posts, responses, member=member, followers=followers, as_of=END, **more)


def test_counts_by_hand():
    posts = make_posts((30 * DAY, ASK), (20 * DAY, "no"), (10 * DAY, ASK))
    responses = make_responses(
        (0, 0, "reply", 60), (0, 0, "quote", 30),  # one person, first at 30 s
        (1, 0, "reply", 25 * HOUR),  # after the day
        (2, 0, "like", 10), (3, 0, "repost", 10),  # no answers
        (15, 0, "reply", 10),  # does not follow
        (0, 2, "mention", 5 * HOUR), (4, 2, "reply", HOUR),
        (5, 1, "reply", 10),  # not a question
    )  # fmt: skip
    found = ask(posts, responses)
    assert [test.post_id for test in found.tests] == ["p2", "p0"]
    newest, oldest = found.tests
    assert (oldest.responders, oldest.responders_24h, oldest.non_followers) == (2, 1, 1)
    assert (newest.responders, newest.responders_24h, newest.non_followers) == (2, 2, 0)
    assert oldest.share_24h == 0.1
    assert oldest.half_life_minutes == 0.5
    assert (oldest.hours, oldest.cumulative) == (None, None)
    assert oldest.no_curve == "Only 2 replies: too few for a curve."
    assert found.pooled.no_curve == "Only 4 replies: too few for a curve."
    assert (oldest.final_estimate, oldest.low, oldest.high) == (2, 2, 2)
    pooled = found.pooled
    assert (pooled.tests, pooled.complete, pooled.responders_24h_mean) == (2, 2, 1.5)
    assert (pooled.responders_24h_least, pooled.responders_24h_most) == (1, 2)
    assert (pooled.every_time, pooled.sometimes, pooled.once, pooled.never) == (1, 0, 2, 7)
    assert pooled.distinct == 3
    assert pooled.share_low < 0.15 < pooled.share_high
    assert "2 questions were asked" in found.sentence()
    assert found.columns()["post_id"] == ["p2", "p0"]
    assert "<table>" in found._repr_html_()


def test_a_running_test_is_forecast():
    posts = make_posts(*((age * DAY, ASK) for age in (40, 35, 30, 25, 20)), (2 * HOUR, ASK))
    rng = np.random.default_rng(5)
    rows = [(p, i, "reply", d) for i in range(5) for p, d in enumerate(rng.exponential(2 * HOUR, 40))]
    rows += [(p, 5, "reply", d) for p, d in enumerate(rng.exponential(2 * HOUR, 40)) if d < 2 * HOUR]
    found = ask(posts, make_responses(*rows), followers=300, people=300)
    running = found.tests[0]
    assert running.responders_24h is None
    assert running.share_24h is None
    assert running.responders < running.low <= 40 <= running.high < 100
    assert running.final_estimate == pytest.approx(40, abs=9)
    assert found.pooled.complete == 5


@pytest.mark.parametrize(("minutes", "is_forecast"), [(9, False), (11, True)])
def test_a_forecast_needs_ten_minutes(minutes, is_forecast):
    test = ask(make_posts((minutes * 60.0, ASK)), make_responses((0, 0, "reply", 30.0))).tests[0]
    assert test.responders == 1
    assert (test.final_estimate is not None, test.low is not None, test.high is not None) == (is_forecast,) * 3


def test_the_platform_of_the_account_chooses_the_law():
    posts, responses = make_posts((HOUR, ASK)), make_responses(*((p, 0, "reply", 60.0 * p) for p in range(8)))
    found = [ask(posts, responses, followers=None, platform=name).tests[0] for name in ("x", "forum", None)]
    widths = [test.high - test.low for test in found]
    assert widths[0] < widths[1] == widths[2]


def test_an_old_test_is_counted_not_forecast():
    posts = make_posts((8 * DAY, ASK), (100 * DAY, ASK))
    found = ask(posts, make_responses((0, 0, "reply", 7.9 * DAY), (1, 1, "reply", 5.0)))
    for test in found.tests:
        assert test.final_estimate == test.low == test.high == test.responders == 1


def test_intervals_narrow_as_time_passes():
    rng = np.random.default_rng(8)
    delays = rng.lognormal(np.log(HOUR), 2, 60)
    widths = []
    for age in (HOUR, 6 * HOUR, 24 * HOUR, 72 * HOUR, 7 * DAY):
        posts = make_posts((60 * DAY, ASK), (50 * DAY, ASK), (age, ASK))
        rows = [(p, i, "reply", d) for i in (0, 1, 2) for p, d in enumerate(delays) if i < 2 or d < age]
        test = ask(posts, make_responses(*rows), followers=1000, people=1000).tests[0]
        widths.append(test.high - test.low)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 10
    assert widths[-1] == 0


def test_nobody_beyond_the_followers():
    found = ask(make_posts((HOUR, ASK)), make_responses(*((p, 0, "reply", 60.0) for p in range(10))))
    assert found.tests[0].high == 10


def test_unknown_stays_unknown():
    posts = make_posts((float("nan"), ASK), (3 * DAY, ASK), (2 * DAY, ASK))
    responses = make_responses((0, 0, "reply", np.nan), (1, 1, "reply", np.nan), (2, 2, "reply", 50.0))
    found = ask(posts, responses, followers=None)
    by_id = {test.post_id: test for test in found.tests}
    undated = by_id["p0"]
    assert undated.responders == 1
    assert undated.asked_at is undated.hours_observed is undated.responders_24h is undated.final_estimate is None
    assert by_id["p1"].responders_24h is None, "its only answer has no time"
    assert by_id["p2"].responders_24h == 1
    assert by_id["p2"].non_followers is by_id["p2"].share_24h is None
    assert found.population == "responders"
    assert found.pooled.never is found.pooled.share_24h is None
    assert found.tests[-1].post_id == "p0", "a post without a time comes last"


def test_answers_after_the_observation_are_not_seen():
    posts = make_posts((2 * HOUR, ASK))
    early = [(person, 0, "reply", HOUR * person / 10) for person in range(3, 12)]
    found = ask(posts, make_responses((0, 0, "reply", HOUR), (1, 0, "reply", 3 * HOUR), (2, 0, "reply", -5.0), *early),
                followers=20)  # fmt: skip
    assert found.tests[0].responders == 11
    assert found.tests[0].hours == pytest.approx([0.0, *(person / 10 for person in range(3, 10)), 1.0, 1.0, 1.1])


@pytest.mark.parametrize(("timed", "untimed"), [(0, 0), (1, 0), (7, 0), (9, 0), (9, 3), (10, 0), (0, 12)])
def test_a_curve_needs_ten_replies(timed, untimed):
    """Of one question and of all together; the counts and the forecast do not depend on it."""
    rows = [
        (person, 0, "reply", 60.0 * (person + 1) if person < timed else np.nan) for person in range(timed + untimed)
    ]
    found = ask(make_posts((30 * DAY, ASK)), make_responses(*rows), followers=20)
    test, pooled = found.tests[0], found.pooled
    drawn = timed >= MIN_CURVE_REPLIES
    assert (test.hours is not None, test.cumulative is not None, pooled.curve is not None) == (drawn,) * 3
    assert (test.no_curve is None, pooled.half_life_minutes is not None) == (drawn, drawn)
    assert test.no_curve == pooled.no_curve
    assert test.responders == test.final_estimate == timed + untimed
    if not drawn:
        kind = " with a known time" if untimed else ""
        noun = "reply" if timed == 1 else "replies"
        few = f"Only {timed} {noun}{kind}: too few for a curve."
        assert test.no_curve == (few if timed else f"No reply{kind}: there is nothing to draw a curve from.")


def test_ten_replies_over_several_questions_make_the_curve_of_all():
    rows = [(person, person % 2, "reply", 60.0 * (person + 1)) for person in range(10)]
    found = ask(make_posts((30 * DAY, ASK), (20 * DAY, ASK)), make_responses(*rows))
    assert [test.no_curve for test in found.tests] == ["Only 5 replies: too few for a curve."] * 2
    assert (found.pooled.no_curve, found.pooled.curve is not None) == (None, True)


def test_the_user_names_the_posts():
    posts = make_posts((30 * DAY, "no"), (20 * DAY, None), (10 * DAY, ASK))
    found = ask(posts, make_responses((0, 0, "reply", 10.0)), chosen=[0, 1])
    assert [(test.post_id, test.why) for test in found.tests] == [
        ("p1", "named by the user"),
        ("p0", "named by the user"),
    ]
    with pytest.raises(UsageError, match="no post with number 3"):
        ask(posts, make_responses(), chosen=[3])


@pytest.mark.parametrize(
    ("posts", "words"),
    [
        ((), "no posts in the window"),
        (((DAY, None), (2 * DAY, None)), "texts of the posts are unknown"),
        (((DAY, "good morning"),), "None of the 1 posts|asks the readers"),
    ],
)
def test_too_little(posts, words):
    found = ask(make_posts(*posts), make_responses())
    assert found.tests == []
    assert found.pooled is None
    import re

    assert re.search(words, found.too_little)
    assert found.sentence() == found.too_little


def test_nobody_answered():
    found = ask(make_posts((30 * DAY, ASK), (9 * DAY, ASK)), make_responses())
    assert found.pooled.responders_24h_mean == 0
    assert found.pooled.responders_24h_low == 0
    assert found.pooled.responders_24h_high > 0
    assert found.pooled.curve is None
    assert found.pooled.half_life_minutes is None
    assert found.pooled.never == 10


def test_pooled_curve_is_the_plain_share():
    posts = make_posts((30 * DAY, ASK), (20 * DAY, ASK))
    rng = np.random.default_rng(4)
    delays = rng.exponential(3 * HOUR, 80)
    rows = [(p, p % 2, "reply", d) for p, d in enumerate(delays)]
    curve = ask(posts, make_responses(*rows), followers=100, people=100).pooled.curve
    for hour, share, low, high in zip(curve.hours, curve.share, curve.low, curve.high, strict=True):
        assert share == pytest.approx((delays <= hour * HOUR).mean(), abs=0.013)
        assert low <= share + 1e-9
        assert share - 1e-9 <= high
    assert len(curve.hours) <= 60
    assert curve.share[-1] == 1


def test_one_test_has_a_curve_without_a_band():
    rows = [(person, 0, "reply", 60.0 * (person + 1)) for person in range(10)]
    found = ask(make_posts((3 * DAY, ASK)), make_responses(*rows))
    assert found.pooled.curve.low is None


def test_one_test_has_wilson_and_says_ask_again():
    found = ask(make_posts((3 * DAY, ASK)), make_responses((1, 0, "reply", 60.0)))
    assert (found.pooled.share_low, found.pooled.share_high) == (found.tests[0].share_low, found.tests[0].share_high)
    assert (found.pooled.every_time, found.pooled.once) == (0, 1)
    assert "10% of followers (1.8% to 40%); ask again" in found.sentence()


ROWS = st.lists(
    st.tuples(
        st.integers(0, 19),
        st.integers(0, 3),
        st.sampled_from(sorted(KIND_CODE)),
        st.one_of(st.just(float("nan")), st.floats(0, 50 * DAY)),
    ),
    max_size=40,
)


@given(ROWS, st.randoms())
@settings(deadline=None, max_examples=60)
def test_order_and_repetition_change_nothing(rows, random):
    posts = make_posts((50 * DAY, ASK), (20 * DAY, "no"), (10 * DAY, ASK), (3 * HOUR, ASK))
    again = rows + rows[: len(rows) // 2]
    random.shuffle(again)
    first, second = ask(posts, make_responses(*rows)), ask(posts, make_responses(*again))
    assert first == second
    pooled = first.pooled
    assert pooled.every_time + pooled.sometimes + pooled.once == pooled.distinct
    assert pooled.distinct + pooled.never == 10
    for test in first.tests:
        assert (test.cumulative is None) == (test.no_curve is not None)
        assert test.cumulative is None or test.cumulative == sorted(test.cumulative)
        assert test.responders_24h is None or test.responders_24h <= test.responders


def test_the_interval_of_repeated_tests_holds_the_mean():
    """Accounts whose questions differ in appeal (coefficient of variation 0.4): the 95% interval of the mean share."""
    rng = np.random.default_rng(21)
    held = []
    for _ in range(80):
        appeal = 0.05 * rng.gamma(1 / 0.16, 0.16, 6)
        rows = [
            (person, i, "reply", 60.0)
            for i, chance in enumerate(appeal)
            for person in np.flatnonzero(rng.random(400) < chance)
        ]
        posts = make_posts(*(((i + 8) * DAY, ASK) for i in range(6)))
        pooled = ask(posts, make_responses(*rows), followers=400, people=400).pooled
        held.append(pooled.share_low <= 0.05 <= pooled.share_high)
    assert 0.88 <= np.mean(held) <= 1.0


def test_a_million_answers_in_a_moment():
    rng = np.random.default_rng(3)
    size = 1_500_000
    posts = make_posts(
        *((float(age), ASK if i % 50 == 0 else "no") for i, age in enumerate(rng.random(1000) * 56 * DAY))
    )
    responses = Responses(
        rng.integers(0, 300_000, size), rng.integers(0, 1000, size), rng.integers(0, 5, size).astype(np.int8),
        rng.exponential(7200, size),
    )  # fmt: skip
    found = question(posts, responses, member=np.arange(300_000) < 200_000, followers=200_000, as_of=END)
    assert len(found.tests) == 20
    assert found.pooled.distinct <= 200_000
