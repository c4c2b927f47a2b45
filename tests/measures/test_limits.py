"""Limits of every measure over small random inputs: they hold the estimate and what was counted, stay within what is
possible, and have no width only where a field says why."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headcount.columns import Exchanges, Followers, Posts, Responses
from headcount.measures.audience.audience import Audience, audience
from headcount.measures.audience.prediction import predict
from headcount.measures.circuits.evidence import Tally, conversation_ratio, expected_partners
from headcount.measures.circuits.rings import Rings
from headcount.measures.followers.funnel import CLASSES, SILENT, funnel
from headcount.measures.followers.recalibration import LABELS, local_error
from headcount.measures.influence.influence import influence
from headcount.measures.influence.ranks import compare, spearman
from headcount.measures.question.question import question
from headcount.measures.question.reply_curve import forecast
from headcount.measures.relationships.ties import ties
from headcount.measures.statistics.capture_recapture import chao1, chao2, chapman, rarefaction_error
from headcount.measures.statistics.incidence import Incidence
from headcount.measures.statistics.intervals import jeffreys, mean_count
from headcount.measures.statistics.quantification import Rate, adjusted_share

DAY = 86_400.0
END = 1_700_000_000.0
EPS = 1e-9


def held(low, estimate, high, *, exact=None, least=0.0, most=math.inf):
    """Low and high enclose the estimate within what is possible; equal only for a reason."""
    assert least - EPS <= low <= estimate + EPS, (least, low, estimate)
    assert estimate - EPS <= high <= most + EPS, (estimate, high, most)
    if exact is None:
        assert low < high, f"{estimate} ({low} to {high}) without a reason"


def check_audience(found: Audience):
    most = math.inf if found.followers is None else found.followers
    if found.headcount is None:
        assert found.too_little
        assert (found.low, found.high, found.exact) == (None, None, None)
        return
    assert (found.exact is not None) == (found.observed == most)
    held(found.low, found.headcount, found.high, exact=found.exact, least=found.observed, most=most)
    if found.exact is not None:
        assert found.low == found.high
        assert f"all {found.followers:,} followers on the list have responded" in found.sentence()
        assert " to " not in found.sentence().partition(":")[0]
    if found.headcount_active is not None:
        done = "all responded" if found.observed_active == most else None
        held(found.low_active, found.headcount_active, found.high_active, exact=done,
             least=found.observed_active, most=most)  # fmt: skip
    for step in found.next:
        held(step.low, step.new_responders, step.high, exact=found.exact, most=most - found.observed)
    held(found.sensitivity.low, found.sensitivity.low, found.sensitivity.high, exact=found.exact,
         least=found.observed, most=most)  # fmt: skip
    assert found.observed <= found.at_least <= most
    for curve in (found.curve, found.curve_active):
        if curve is not None:
            rows = list(zip(curve.posts, curve.responders, curve.low, curve.high, strict=True))
            for posts, middle, low, high in rows:
                seen = "counted" if posts <= curve.seen else found.exact
                if curve is found.curve_active and found.observed_active == most:
                    seen = "all responded"
                held(low, middle, high, exact=seen, most=most)


def responses_of(rng, people, posts, shape):
    """Who responded to which post: rows of random, constant, complete, single or heavy-tailed responding."""
    chance = {
        "random": rng.random(people) * 0.6,
        "everybody": np.ones(people),
        "rare": np.full(people, 0.02),
        "devoted": np.where(np.arange(people) < 2, 0.95, 0.01),
        "once": np.zeros(people),
    }[shape]
    hit = rng.random((people, posts)) < chance[:, None]
    if shape == "once":
        hit[np.arange(people), rng.integers(0, posts, people)] = True
    person, post = np.nonzero(hit)
    return person.astype(np.int64), post.astype(np.int64), rng.random(len(person)) < 0.5


@pytest.mark.parametrize("shape", ["random", "everybody", "rare", "devoted", "once"])
@pytest.mark.parametrize("listed", ["unknown", "all respond", "one more", "many more"])
def test_audience(shape, listed):
    for seed in range(4):
        rng = np.random.default_rng([seed, len(shape), len(listed)])
        people, posts = int(rng.integers(1, 25)), int(rng.integers(2, 30))
        person, post, active = responses_of(rng, people, posts, shape)
        observed = len(np.unique(person))
        followers = {"unknown": None, "all respond": observed, "one more": observed + 1, "many more": observed + 500}
        if followers[listed] == 0:
            continue
        check_audience(audience(person, post, active, posts=posts, followers=followers[listed]))


def test_the_whole_list_has_responded():
    person, post = (grid.ravel() for grid in np.meshgrid(np.arange(60), np.arange(12), indexing="ij"))
    found = audience(person, post, np.ones(len(person), bool), posts=12, followers=60)
    assert (found.headcount, found.low, found.high, found.exact) == (60, 60, 60, "all responded")
    assert found.sentence() == (
        "Headcount 60: all 60 followers on the list have responded to the 12 posts, so it cannot increase."
    )
    more = audience(person, post, np.ones(len(person), bool), posts=12, followers=61)
    assert more.exact is None
    assert (more.low, more.high) == (60, 61)
    assert (more.next[0].low, more.next[0].high) == (0, 1), "the last one may respond to the next post"


def test_a_next_post_may_bring_somebody():
    captures = Incidence(50, np.array([50]), np.array([20]), np.full(50, 20), 21)
    low, high = predict(captures, np.array([1, 50])).interval()
    assert low.tolist() == [0, 0]
    assert high.tolist() == [1, 1]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sets(st.integers(0, 5), min_size=1), min_size=1, max_size=7))
def test_rarefaction_without_width_is_certain(people):
    """Against every choice of h of the posts: a standard deviation of 0 only where all of them show the same count."""
    posts = 6
    counts = {j: sum(len(one) == j for one in people) for j in {len(one) for one in people}}
    responders = np.array([sum(post in one for one in people) for post in range(posts)])
    h = np.arange(1, posts + 1, dtype=float)
    error = rarefaction_error(Incidence.of_counts(posts, counts), h, responders)
    for number, sd in zip(range(1, posts + 1), error, strict=True):
        seen = {sum(bool(one & set(choice)) for one in people) for choice in combinations(range(posts), number)}
        assert sd > 1e-7 or len(seen) == 1, (number, seen)


@given(st.integers(2, 40), st.dictionaries(st.integers(1, 40), st.integers(1, 30), min_size=1, max_size=5))
def test_chao(posts, counts):
    data = Incidence.of_counts(posts, {min(j, posts): people for j, people in counts.items()})
    found = chao2(data)
    held(found.low, found.value, found.high, least=data.observed)
    individuals = data.captures
    if individuals > 1:
        other = chao1(data[1], data[2], data.observed, individuals)
        held(other.low, other.value, other.high, least=data.observed)


def test_chao_without_anybody_seen_once():
    """EstimateS, equation 14: 10 people, 30 captures: P = exp(-3), (10 + 1.96 sqrt(10 P (1 - P)))/(1 - P) = 11.94."""
    found = chao2(Incidence.of_counts(10, {3: 10}))
    assert (found.value, found.low) == (10, 10)
    assert found.high == pytest.approx(11.94, abs=0.01)


@given(st.integers(0, 60), st.integers(0, 60), st.data())
def test_chapman(first, second, data):
    both = data.draw(st.integers(0, min(first, second)))
    found = chapman(first, second, both)
    held(found.low, found.value, found.high, least=first + second - both)


def test_chapman_where_one_signal_holds_the_other():
    """All 3 repliers are among 5 likers: C(5, 3)/C(N, 3) is 10/364 at N = 14 and 10/455 < 0.025 at N = 15."""
    found = chapman(5, 3, 3)
    assert (found.value, found.low, found.high) == (5, 5, 14)
    assert chapman(5, 0, 0).high == math.inf, "an empty signal bounds nothing"


@given(
    st.integers(0, 300),
    st.lists(st.tuples(st.floats(1e-6, 1), st.floats(1e-9, 1)), min_size=1, max_size=20),
    st.data(),
)
def test_forecasts_of_replies(replies, possible, data):
    share, weight = np.array(possible).T
    most = data.draw(st.one_of(st.just(math.inf), st.integers(replies, replies + 50).map(float)))
    found = forecast(replies, share, weight=weight, most=most)
    held(found.low, found.estimate, found.high, exact=found.exact, least=replies, most=most)
    assert (found.exact is None) == (found.low < found.high)
    if found.exact == "all responded":
        assert replies == most


@given(st.floats(0, 1), st.floats(1, 1e6))
def test_fractions_of_independent_replies(share, trials):
    low, high = jeffreys(share * trials, trials)
    held(low, share * trials / trials, high, most=1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.integers(0, 3), st.integers(0, 5000)), min_size=1, max_size=60))
def test_means_of_uneven_counts(counts):
    low, high = mean_count(counts)
    held(low, float(np.mean(counts)), high)


def question_world(rng):
    posts, people = int(rng.integers(1, 9)), int(rng.integers(0, 12))
    size = int(rng.integers(0, 60)) if people else 0
    followers = [None, people, 0, people + 3][rng.integers(4)]
    member = None
    if followers is not None:
        member = np.arange(people) < followers
    made = END - np.sort(rng.choice([30.0, 3600.0, 0.9 * DAY, 2 * DAY, 8 * DAY, np.nan], posts))[::-1]
    delay = np.where(rng.random(size) < 0.1, np.nan, rng.exponential(7200, size))
    return (
        Posts(np.array([f"x:{n}" for n in range(posts)], dtype=object), made, np.array(["What now?"] * posts, object)),
        Responses(rng.integers(0, max(people, 1), size), rng.integers(0, posts, size),
                  rng.integers(0, 5, size).astype(np.int8), delay),
        member,
        followers,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(60))
def test_questions(seed):
    posts, responses, member, followers = question_world(np.random.default_rng(seed))
    found = question(posts, responses, member=member, followers=followers, as_of=END)
    most = math.inf if followers is None else followers
    for test in found.tests:
        if test.final_estimate is not None:
            held(test.low, test.final_estimate, test.high, exact=test.exact, least=test.responders,
                 most=max(most, test.responders))  # fmt: skip
            assert (test.exact is None) == (test.low < test.high)
        else:
            assert test.exact is None
        if test.share_24h is not None:
            held(test.share_low, test.share_24h, test.share_high, most=1)
    pooled = found.pooled
    if pooled is not None and pooled.responders_24h_mean is not None:
        held(pooled.responders_24h_low, pooled.responders_24h_mean, pooled.responders_24h_high,
             exact=pooled.exact, most=most)  # fmt: skip
        assert (pooled.exact is not None) == (followers == 0)
        if pooled.share_24h is not None:
            held(pooled.share_low, pooled.share_24h, pooled.share_high, most=1)
    if pooled is not None and pooled.curve is not None and pooled.curve.low is not None:
        for low, share, high in zip(pooled.curve.low, pooled.curve.share, pooled.curve.high, strict=True):
            held(low, share, high, most=1)
    assert "None" not in found.sentence()


@pytest.mark.parametrize("seed", range(30))
def test_ties(seed):
    rng = np.random.default_rng(seed)
    people, size = int(rng.integers(1, 15)), int(rng.integers(0, 40))
    followers = None if rng.random() < 0.3 else people
    exchanges = Exchanges(rng.integers(0, people, size), rng.random(size) < 0.5, END - rng.random(size) * 300 * DAY)
    found = ties(exchanges, member=None if followers is None else np.ones(people, bool), followers=followers, as_of=END)
    if found.reciprocity is not None:
        held(found.reciprocity_low, found.reciprocity, found.reciprocity_high, most=1)
    if found.known_share is not None:
        held(found.known_low, found.known_share, found.known_high, most=1)


def sampled_followers(rng):
    """A list of which some were drawn, with labels by hand, gone and removed ones."""
    size = int(rng.integers(1, 60))
    base = Followers.unknown(np.array([f"x:{n}" for n in range(size)], dtype=object))
    drawn = np.where(rng.random(size) < rng.choice([0.1, 0.5, 0.95, 1.0]), 1, 0).astype(np.int8)
    drawn[rng.random(size) < 0.05] = -1
    looked = drawn != 0
    return replace(
        base,
        sampled=drawn,
        gone_at=np.where(rng.random(size) < 0.1, END - DAY, np.nan),
        removed=np.where(rng.random(size) < 0.1, 1, -1).astype(np.int8),
        last_seen=np.where(looked & (rng.random(size) < 0.7), END - rng.choice([2, 200], size) * DAY, np.nan),
    )


@pytest.mark.parametrize("seed", range(60))
def test_sampled_classes(seed):
    rng = np.random.default_rng(seed)
    followers = sampled_followers(rng)
    size = len(followers)
    found = funnel(
        followers,
        responded=np.where(rng.random(size) < 0.2, 1, 0).astype(np.int64),
        tied=rng.random(size) < 0.05,
        as_of=END,
    )
    label = found.verdicts.label
    assert sum(getattr(found.classes, name) for name in CLASSES) == found.followers == size
    assert size - found.classes.gone == followers.standing.sum()
    if found.sample is None:
        return
    sample, total = found.sample, 0.0
    for name in SILENT:
        estimate = getattr(sample, name)
        mine = label == CLASSES.index(name)
        counted = int((mine & (followers.sampled != 0)).sum())
        held(estimate.low, estimate.followers, estimate.high, exact=sample.exact, least=counted, most=sample.silent)
        total += estimate.followers
    assert total == pytest.approx(sample.silent)


@pytest.mark.parametrize("seed", range(40))
def test_circuits_in_a_sample(seed):
    rng = np.random.default_rng(seed)
    accounts = int(rng.integers(1, 60))
    population = accounts + int(rng.choice([0, 1, 5, 1000]))
    count = int(rng.integers(0, accounts + 1))
    from headcount.measures.circuits.groups import FollowGroup

    group = FollowGroup(
        members=np.arange(count), verdict="ring", ties=count, density=1.0, expected_ties=0.0, surprise=1.0,
        significance=None, reciprocity=None, conversation=None, replies_per_follow=None, inside_share=None,
        inside_ties=1.0, link_share=None, newcomers=None, synchrony=None,
    )  # fmt: skip
    label = np.where(np.arange(accounts) < count, 0, -1)
    found = Rings(
        groups=(group,),
        accounts=accounts,
        ties=0,
        has_conversation_data=True,
        draws=20,
        population=population,
        label=label,
    )
    low, high = found.share_interval
    held(low, found.share, high, exact=found.exact, least=count / population,
         most=(count + population - accounts) / population)  # fmt: skip
    assert (found.exact is not None) == (population == accounts)


@pytest.mark.parametrize("seed", range(40))
def test_conversation_of_a_group(seed):
    rng = np.random.default_rng(seed)
    all_ties = rng.integers(1, 40, 300)
    usual = expected_partners(Tally.of(all_ties, rng.binomial(all_ties, rng.random() * 0.8)))
    inside = rng.integers(1, 40, 20)
    ratio = conversation_ratio(inside, rng.binomial(inside, rng.choice([0.0, 0.1, 1.0])), usual)
    if ratio is not None:
        held(ratio.low, ratio.value, ratio.high)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_shares_from_flags(data):
    population = data.draw(st.integers(1, 400))
    looked_at = data.draw(st.integers(1, population))
    flagged = data.draw(st.integers(0, looked_at))
    fake = data.draw(st.integers(0, population))
    real = data.draw(st.integers(0, population - fake))
    rates = [Rate(data.draw(st.floats(0, 1)), data.draw(st.integers(0, 300))) for _ in range(2)]
    found = adjusted_share(
        flagged, looked_at, sensitivity=rates[0], specificity=rates[1], population=population,
        known_fake=fake, known_real=real,
    )  # fmt: skip
    if found is None:
        return
    assert (found.exact is not None) == (fake + real == population)
    held(found.low, found.estimate, found.high, exact=found.exact, least=fake / population, most=1 - real / population)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(-40, 40), st.sampled_from(LABELS)), min_size=1, max_size=20))
def test_local_error(rows):
    found = local_error(np.array([odds for odds, _ in rows]), [label for _, label in rows])
    held(found.low, found.wrong / found.labels, found.high, most=1)


@pytest.mark.parametrize("seed", range(8))
def test_influence(seed):
    rng = np.random.default_rng(seed)
    followers = rng.integers(1, 10 ** int(rng.integers(1, 6)), 40).astype(float)
    responders = rng.binomial(followers.astype(int), rng.choice([0.0, 0.01, 0.5, 1.0], 40)).astype(float)
    responders[0] = max(responders[0], 1.0)
    found = influence(responders, followers)
    r = found.response
    for low, rate, high in zip(r.low, r.rate, r.high, strict=True):
        held(low, rate, high, most=1000)
    for low, x, n, high in zip(r.own_low, responders, followers, r.own_high, strict=True):
        held(low, 1000 * x / n, high, most=1000)
    assert (found.best <= found.worst).all()


@pytest.mark.parametrize("seed", range(10))
def test_rank_correlations(seed):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 5, 30).astype(float)
    for second in (rng.random(30), first, -first):
        found = spearman(first, second)
        held(found.low, found.rho, found.high, least=-1, most=1)
        both = compare(first, second, rng.random(30))
        held(both.low, both.value, both.high, least=-2, most=2)
