"""The headcount: small tables by hand, what must hold for every table, and what is said with too little data."""

from __future__ import annotations

import math
import time
from itertools import pairwise

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headcount.measures.audience.audience import audience
from headcount.measures.statistics import capture_recapture as cr
from headcount.measures.statistics.incidence import Incidence
from headcount.measures.statistics.sample_size import MIN_CURVE_POSTS, MIN_CURVE_RESPONDERS
from headcount.simulate.single import single_account


def make(*rows, posts, followers=10, **more):
    """The measure on rows of (person, post, by words?)."""
    person, post, active = zip(*rows, strict=True) if rows else ((), (), ())
    return audience(
        np.array(person, dtype=np.int64),
        np.array(post, dtype=np.int64),
        np.array(active, dtype=bool),
        posts=posts,
        followers=followers,
        **more,
    )


def of_world(world, *, followers=True):
    return audience(
        world.person,
        world.post,
        world.active,
        posts=world.posts,
        followers=world.followers if followers else None,
    )


WORLD = single_account(400, 20, 20, response=0.04, reach_spread=0.4, seed=11)
SMALL = ((0, 0, True), (0, 0, False), (0, 1, False), (1, 1, False), (1, 1, False), (2, 2, True))
"""Person 0 answers posts 0 (in two ways) and 1; person 1 reposts and likes post 1; person 2 replies to post 2."""


def check(found):
    """What holds for every result that gives numbers."""
    t, size = found.posts, math.inf if found.followers is None else found.followers
    assert found.too_little is None
    assert found.observed == found.observed_active + found.observed_passive_only
    assert found.observed <= found.responses <= found.observed * t
    assert 0 <= found.coverage <= 1
    assert found.observed <= found.low <= found.headcount <= found.high <= size
    assert found.observed <= found.at_least <= size
    assert found.observed <= found.sensitivity.low <= found.sensitivity.high <= size
    assert [step.posts for step in found.next] == sorted({1, 5, 10, 20, t})
    for step in found.next:
        assert 0 <= step.low <= step.new_responders <= step.high
    for near, far in pairwise(found.next):
        assert near.new_responders <= far.new_responders
        assert near.low <= far.low
        assert near.high <= far.high
    last = next(step for step in found.next if step.posts == t)
    assert found.headcount == found.observed + last.new_responders
    assert (found.low, found.high) == (found.observed + last.low, found.observed + last.high)
    enough = t >= MIN_CURVE_POSTS and found.observed >= MIN_CURVE_RESPONDERS
    assert (found.curve is not None) == (found.no_curve is None) == enough
    if enough:
        check_curve(found.curve, found.observed, found.responses, t)
        assert found.curve.responders[-1] == found.headcount
    assert (found.headcount_active is None) == (found.observed_active == 0)
    if found.headcount_active is not None:
        assert found.observed_active <= found.low_active <= found.headcount_active <= found.high_active <= size
    every = [*found.columns().values()]
    every += [getattr(found.curve, name) for name in ("responders", "low", "high")] if enough else []
    assert all(math.isfinite(number) for column in every for number in column)
    assert msgspec.json.decode(msgspec.json.encode(found))["headcount"] == found.headcount


def check_curve(curve, observed, responses, t):
    """Rarefaction from the mean of one post to everybody at t posts; prediction from there to twice the posts."""
    assert curve.seen == t
    assert curve.posts[0] == 1
    assert curve.posts[-1] == 2 * t
    assert len(curve.posts) <= 100
    assert all(before < after for before, after in pairwise(curve.posts))
    assert all(before <= after + 1e-9 for before, after in pairwise(curve.responders))
    end = curve.posts.index(float(t))
    assert curve.responders[0] == pytest.approx(responses / t, rel=1e-5)
    assert curve.responders[end] == pytest.approx(observed)
    for low, middle, high in zip(curve.low, curve.responders, curve.high, strict=True):
        assert low <= middle + 1e-9
        assert middle <= high + 1e-9


def test_by_hand():
    found = make(*SMALL, posts=4, non_followers=3, window_days=30.0)
    assert (found.observed, found.observed_active, found.observed_passive_only) == (3, 2, 1)
    assert (found.responses, found.non_followers, found.window_days) == (4, 3, 30.0)
    assert (found.population, found.followers) == ("followers", 10)
    # Good-Turing with t = 4, U = 4, Q1 = 2, Q2 = 1: 1 - 2/4 * (3 * 2) / (3 * 2 + 2 * 1)
    assert found.coverage == pytest.approx(1 - 2 / 4 * 6 / 8)
    # Chao2 with k = 3/4: 3 + 3/4 * 2²/2; variance Q2 (k r²/2 + k² r³ + k² r⁴/4) with r = 2
    variance = 0.75 * 4 / 2 + 0.75**2 * 8 + 0.75**2 * 16 / 4
    assert found.at_least == pytest.approx(3 + 1.5 / math.exp(1.959964 * math.sqrt(math.log1p(variance / 1.5**2))))
    check(found)


def test_rarefaction_by_hand():
    # person 0 answered two of five posts, nine others one each; after h posts 1 - C(5-Y, h)/C(5, h) of each is expected
    found = make((0, 0, True), (0, 1, True), *((1 + n, n % 5, True) for n in range(9)), posts=5, followers=30)
    two = [1 - math.comb(3, h) / math.comb(5, h) for h in range(1, 6)]
    assert found.curve.responders[:5] == pytest.approx([share + 9 * (n + 1) / 5 for n, share in enumerate(two)])


@pytest.mark.parametrize(
    ("posts", "people", "said"),
    [
        (4, 12, "Only 4 posts: too few for a curve."),
        (5, 9, "Only 9 responders: too few for a curve."),
        (2, 1, "Only 2 posts: too few for a curve."),
        (5, 10, None),
    ],
)
def test_no_curve_from_a_tiny_sample_and_the_headcount_stays(posts, people, said):
    found = make(*((n, n % posts, n % 2 == 0) for n in range(people)), posts=posts, followers=30)
    assert found.headcount is not None
    assert (found.curve is None, found.no_curve) == (said is not None, said)
    words = said if posts < 5 else f"Only {(people + 1) // 2} responders: too few for a curve."
    assert (found.curve_active, found.no_curve_active) == (None, words)


def test_a_pair_of_person_and_post_counts_once():
    once = make((0, 0, True), (0, 1, True), (1, 1, True), posts=3)
    assert make(*[(0, 0, True)] * 9, (0, 1, True), (1, 1, True), (1, 1, True), posts=3) == once


def test_active_numbers_are_those_of_the_active_responses_alone():
    found = of_world(WORLD)
    by_words = audience(
        WORLD.person[WORLD.active],
        WORLD.post[WORLD.active],
        WORLD.active[WORLD.active],
        posts=WORLD.posts,
        followers=WORLD.followers,
    )
    assert by_words.headcount < found.headcount
    assert found.headcount_active == by_words.headcount
    assert (found.low_active, found.high_active) == (by_words.low, by_words.high)
    assert found.curve_active == by_words.curve
    assert found.observed_active == by_words.observed
    check_curve(found.curve_active, by_words.observed, by_words.responses, WORLD.posts)
    silent = make((0, 0, False), (1, 1, False), (1, 0, False), posts=2)
    assert (silent.headcount_active, silent.low_active, silent.high_active, silent.curve_active) == (None,) * 4
    assert silent.observed_passive_only == 2


def test_close_to_the_truth_of_a_plain_world():
    found = of_world(WORLD)
    check(found)
    truth = len(np.unique(WORLD.person)) + WORLD.new_responders[19]
    assert found.low <= truth <= found.high
    assert found.headcount == pytest.approx(truth, rel=0.1)
    assert found.low > found.observed
    assert found.high < found.followers


def test_everybody_who_can_respond_has():
    """Thirty people answer every one of 40 posts: nobody is left to come."""
    people, posts = np.repeat(np.arange(30), 40), np.tile(np.arange(40), 30)
    found = audience(people, posts, posts > 0, posts=40, followers=5000)
    assert (found.coverage, found.observed, found.at_least) == (1.0, 30, 30.0)
    assert found.headcount == 30
    assert found.high <= 33


@pytest.mark.parametrize(
    ("posts", "followers", "rows", "said"),
    [
        (0, 10, (), "A headcount needs at least 2 posts in the window; there are none."),
        (1, 10, ((0, 0, True), (1, 0, False)), "A headcount needs at least 2 posts in the window; there is 1."),
        (9, 0, (), "The follower list is empty."),
        (
            7,
            10,
            (),
            "No responses to the 7 posts were collected; with 95% confidence a further post gets fewer than 0.43",
        ),
        (
            300,
            None,
            (),
            "No responses to the 300 posts were collected; with 95% confidence a further post gets fewer than 0.01",
        ),
    ],
)
def test_too_little_is_said_and_no_number_given(posts, followers, rows, said):
    found = make(*rows, posts=posts, followers=followers)
    assert said in found.too_little
    assert found.sentence() == f"No headcount: {found.too_little}"
    assert (found.headcount, found.low, found.high, found.at_least) == (None,) * 4
    assert (found.headcount_active, found.low_active, found.high_active) == (None,) * 3
    assert (found.sensitivity, found.curve, found.curve_active, found.coverage) == (None,) * 4
    assert found.next == []
    assert found.observed == len({person for person, _, _ in rows})
    assert found.columns()["further_posts"] == []
    assert "No headcount" in found._repr_html_()
    msgspec.json.encode(found)


def test_rule_of_three():
    """Were the mean 3/t a post, t posts would stay without any response in 5% of cases."""
    said = make(posts=60, followers=10).too_little
    limit = float(said.split("fewer than ")[1].split(" ")[0])
    assert math.exp(-60 * limit) == pytest.approx(0.05, abs=0.001)


def test_two_posts_are_enough():
    for rows in (((0, 0, True),), ((0, 0, True), (0, 1, True)), ((0, 0, True), (1, 1, False))):
        check(make(*rows, posts=2))
        check(make(*rows, posts=2, followers=None))


def test_the_only_follower_has_responded():
    found = make((0, 1, False), posts=3, followers=1)
    check(found)
    assert (found.headcount, found.low, found.high) == (1, 1, 1)


def test_a_hundred_thousand_posts_are_quick():
    generator = np.random.default_rng(5)
    person, post = generator.zipf(1.3, 300_000) % 200_000, generator.integers(0, 100_000, 300_000)
    begun = time.process_time()
    found = audience(person, post, generator.random(300_000) < 0.3, posts=100_000, followers=1_000_000)
    assert time.process_time() - begun < 5
    check(found)


def test_without_a_follower_list_responders_are_counted():
    found = of_world(WORLD, followers=False)
    check(found)
    assert (found.population, found.followers) == ("responders", None)
    assert "people (follower list unknown)" in found.sentence()
    # the list is what bounds the sum of all who would ever respond
    assert found.sensitivity.high > WORLD.followers >= of_world(WORLD).sensitivity.high


def test_same_input_same_output():
    assert of_world(WORLD) == of_world(WORLD)
    np.random.seed(1)  # noqa: NPY002 the state that others share has no say
    assert of_world(WORLD) == of_world(WORLD)


def test_order_and_labels_do_not_matter():
    generator = np.random.default_rng(3)
    order = generator.permutation(len(WORLD.person))
    person, post, active = WORLD.person[order], WORLD.post[order], WORLD.active[order]
    plain = of_world(WORLD)
    for labels in (
        generator.permutation(WORLD.followers),
        generator.integers(10**18, 9 * 10**18, WORLD.followers),  # numbers as platforms give them
        -1 - np.arange(WORLD.followers),
    ):
        assert audience(labels[person], post, active, posts=WORLD.posts, followers=WORLD.followers) == plain


def test_posts_in_another_order_change_the_prediction_little():
    """The order of posts tells where reach is going, and nothing else."""
    plain, turned = of_world(WORLD), None
    for seed in range(3):
        labels = np.random.default_rng(seed).permutation(WORLD.posts)
        turned = audience(WORLD.person, labels[WORLD.post], WORLD.active, posts=WORLD.posts, followers=WORLD.followers)
        check(turned)
        for name in ("observed", "observed_active", "responses", "coverage", "at_least", "sensitivity"):
            assert getattr(turned, name) == getattr(plain, name)
        assert turned.headcount == pytest.approx(plain.headcount, rel=0.03)
        assert plain.low <= turned.headcount <= plain.high


def test_falling_reach_lowers_what_is_to_come():
    """The same people and posts, once with the loud posts last and once with the loud posts first."""
    counts = np.bincount(WORLD.post, minlength=WORLD.posts)
    rising = np.argsort(np.argsort(counts, kind="stable"), kind="stable")
    found = [
        audience(WORLD.person, labels[WORLD.post], WORLD.active, posts=WORLD.posts, followers=WORLD.followers)
        for labels in (rising, WORLD.posts - 1 - rising)
    ]
    assert found[0].headcount > found[1].headcount


@pytest.mark.parametrize(
    ("person", "post", "active", "said"),
    [
        ([0, 1], [0], [True, True], "same length"),
        ([0], [0], [True, False], "same length"),
        ([0, 1], [0, 3], [True, True], "0 … 2"),
        ([0, 1], [-1, 2], [True, True], "0 … 2"),
    ],
)
def test_bad_arrays(person, post, active, said):
    with pytest.raises(ValueError, match=said):
        audience(np.array(person), np.array(post), np.array(active), posts=3, followers=10)


def test_shown():
    found = of_world(WORLD)
    columns = found.columns()
    assert columns["further_posts"] == [1, 5, 10, 20]
    assert columns["responders_by_then"] == [found.observed + new for new in columns["new_responders"]]
    assert columns["responders_by_then"][-1] == found.headcount
    said = found.sentence()
    for number in (found.headcount, found.low, found.high, found.observed, found.posts, found.followers):
        assert f"{number:,.0f}" in said
    for backend in ("pandas", "polars", "pyarrow"):
        frame = found.to_frame(backend)
        assert frame.shape == (4, 5)
    assert list(found.to_frame("pandas").columns) == list(columns)
    shown = found._repr_html_()
    assert said in shown
    assert shown.count("<tr>") == 5


def test_numbers_are_plain():
    """Reports are written as JSON: no numpy number may be left, and nothing that is not finite."""

    def plain(value):
        if isinstance(value, dict):
            return all(plain(part) for part in value.values())
        if isinstance(value, list):
            return all(plain(part) for part in value)
        return value is None or type(value) in (str, int) or (type(value) is float and math.isfinite(value))

    for found in (of_world(WORLD), of_world(WORLD, followers=False), make(*SMALL, posts=4), make(posts=4)):
        assert plain(msgspec.to_builtins(found))
        assert msgspec.json.decode(msgspec.json.encode(found)) == msgspec.to_builtins(found)


def test_at_least_is_the_lower_limit_of_chao():
    found = of_world(WORLD)
    times = np.bincount(np.unique(WORLD.person * 20 + WORLD.post) // 20)
    counts = {int(j): int((times == j).sum()) for j in np.unique(times[times > 0])}
    data = Incidence.of_counts(20, counts)
    assert found.at_least == cr.chao2(data).low
    assert found.coverage == cr.coverage(data)
    assert found.responses == data.captures


@st.composite
def tables(draw):
    posts = draw(st.integers(2, 60))
    people = draw(st.integers(1, 40))
    size = draw(st.integers(1, 120))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    person, post = generator.integers(0, people, size), generator.integers(0, posts, size)
    if draw(st.booleans()):
        post = np.minimum(post, generator.integers(0, posts, size))  # most responses to the first posts
    active = generator.random(size) < draw(st.sampled_from([0.0, 0.3, 1.0]))
    followers = draw(st.one_of(st.none(), st.integers(people, 10**7)))
    return person, post, active, posts, followers


@settings(deadline=None, max_examples=30)
@given(tables())
def test_holds_for_any_table(table):
    person, post, active, posts, followers = table
    found = audience(person, post, active, posts=posts, followers=followers)
    check(found)
    assert found.observed == len(np.unique(person))
    assert found.responses == len({*zip(person.tolist(), post.tolist(), strict=True)})
