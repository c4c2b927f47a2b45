"""Exposure of a fixed cohort, laws of the response probability and their evidence: goldens and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import betaln

from headcount.measures.audience.cohort import Cohort, Saturation, first_posts, post_reach
from headcount.measures.audience.crowding import overdispersion
from headcount.measures.audience.dropout import exposure
from headcount.measures.audience.interest import (
    LAWS,
    LOG_NORMAL,
    LOG_P,
    grid_kernel,
    mean_log_kernel,
)
from headcount.measures.statistics.marginal_likelihood import laplace, sample_posterior, systematic


def beta_kernel(a, b, y, f, *more):
    """Log of the integral of p^y (1 - p)^F over Beta(a, b), zero-inflated where logit pi is given, on the grid."""
    law = LAWS[1] if more else LAWS[0]
    weights = law.weights(np.array([[np.log(a / b), np.log(a), *more]]))
    return float(mean_log_kernel(weights, grid_kernel(np.array([float(y)]), np.array([float(f)])))[0, 0])


def silent(e):
    return beta_kernel(1, 19, 0, e)


def make(person, post, *, size, posts, start=None):
    person, post = np.array(person), np.array(post)
    start = None if start is None else np.array(start)
    return Cohort.from_pairs(person, post, size=size, posts=posts, start=start)


def test_a_silent_member_with_half_the_exposure_weighs_half_as_much():
    assert np.exp(silent(20)) == pytest.approx(19 / 39, rel=1e-5)
    assert np.exp(silent(10)) == pytest.approx(19 / 29, rel=1e-5)
    assert 2 * silent(10) == pytest.approx(-0.8457137016, rel=1e-5)
    assert silent(20) == pytest.approx(-0.7191226670, rel=1e-5)
    # close to one member with all of it, not equal: the beta law is not known
    assert 2 * silent(10) == pytest.approx(silent(20), rel=0.2)
    later = make([0], [3], size=3, posts=20, start=[0, 10, 10])
    given = exposure(later)
    quiet = later.groups.last < 0
    np.testing.assert_allclose(later.groups.people[quiet], 2)
    assert given.unanswered[quiet][0] == pytest.approx(10, rel=0.1)


def test_a_silent_member_responds_to_as_many_posts_again():
    assert -np.expm1(silent(40) - silent(20)) == pytest.approx(0.3389830508, rel=1e-5)
    assert -np.expm1(silent(30) - silent(10)) == pytest.approx(0.4081632653, rel=1e-5)


def test_beta_laws_have_closed_integrals():
    assert beta_kernel(1, 19, 3, 17) == pytest.approx(betaln(4, 36) - betaln(1, 19), abs=1e-5)
    assert beta_kernel(1, 19, 3, 17) == pytest.approx(-9.7593862086, abs=1e-5)
    both = [np.exp(beta_kernel(1, 19, 0, e, 0.0)) for e in (20, 40)]
    assert both[1] / both[0] == pytest.approx(0.8889538282, rel=1e-5)
    for a, b, y, f in ((0.2, 9.8, 0, 300), (0.2, 9.8, 40, 60), (30, 970, 5, 200), (0.05, 2, 1, 19)):
        assert beta_kernel(a, b, y, f) == pytest.approx(betaln(a + y, b + f) - betaln(a, b), abs=2e-3)


def test_reach_and_exposure_of_posts():
    n, present = np.array([10.0, 20, 30, 0, 40]), np.array([50.0, 50, 100, 100, 100])
    reach = post_reach(n, present, Saturation.none())
    np.testing.assert_allclose(reach, [0.78679505, 1.50206327, 1.15130674, 0.03713893, 1.52269601], rtol=1e-7)
    assert reach[2:].sum() == pytest.approx(2.71114168)


def test_members_are_grouped_without_loss():
    generator = np.random.default_rng(4)
    start = generator.integers(0, 30, 500)
    table = (generator.random((500, 30)) < 0.06) & (np.arange(30) >= start[:, None])
    person, post = np.nonzero(table)
    cohort = make(person, post, size=500, posts=30, start=start)
    groups = cohort.groups
    assert groups.people.sum() == 500
    assert groups.people @ groups.responses == pytest.approx(len(person))
    assert groups.people @ groups.start == pytest.approx(start.sum())
    assert groups.people[groups.last < 0].sum() == cohort.silent == 500 - table.any(axis=1).sum()
    np.testing.assert_array_equal(cohort.responders, table.sum(axis=0))
    assert cohort.first_responders.sum() == cohort.observed
    np.testing.assert_array_equal(cohort.present(), [(start <= k).sum() for k in range(30)])
    direct = [sum(np.exp(-0.7 * (k - s) / 30) for s in start if s <= k) for k in range(30)]
    np.testing.assert_allclose(cohort.present(0.7), direct)


def test_a_million_members_have_a_few_hundred_groups():
    generator = np.random.default_rng(5)
    rates = np.minimum(np.exp(-5 + 1.5 * generator.standard_normal(1_000_000)), 0.8)
    responses = generator.binomial(60, rates)
    person = np.repeat(np.arange(1_000_000), responses)
    # posts of a person: a run at a random place, which is enough to fill the groups
    first = (generator.random(1_000_000) * (61 - responses)).astype(np.int64)
    place = np.arange(len(person)) - np.repeat(np.cumsum(responses) - responses, responses)
    cohort = make(person, np.repeat(first, responses) + place, size=1_000_000, posts=60)
    assert cohort.groups.people.sum() == pytest.approx(1_000_000, abs=2000)
    assert len(cohort.groups.people) <= 300


def test_a_response_before_the_start_moves_the_start():
    cohort = make([0, 0, 1], [2, 8, 9], size=4, posts=10, start=[5, 9, 10, 0])
    np.testing.assert_array_equal(cohort.present(), [1, 1, 2, 2, 2, 2, 2, 2, 2, 3])
    assert cohort.silent == 2


def test_people_who_respond_to_nearly_everything_are_left_out_of_the_law():
    person = np.repeat([0, 1], [19, 3])
    post = np.concatenate([np.arange(19), [1, 5, 7]])
    cohort = make(person, post, size=50, posts=20)
    assert (cohort.observed, cohort.silent) == (2, 48)
    assert cohort.groups.people.sum() == 49
    assert cohort.responders.sum() == 3


def test_first_posts_from_times_of_following():
    posts = np.array([100.0, 200, 300, 400])
    times = np.array([150.0, np.nan, 200, 90, 500])
    np.testing.assert_array_equal(first_posts(times, posts), [1, -1, 1, 0, 4])
    # a bound within the window counts, one before it leaves the start unknown
    earliest = np.array([np.nan, 250, 350, np.nan, np.nan])
    np.testing.assert_array_equal(first_posts(times, posts, earliest), [1, 2, 1, 0, 4])
    np.testing.assert_array_equal(first_posts(np.full(2, np.nan), posts, np.array([50.0, np.nan])), [-1, -1])


def test_a_cohort_in_reverse_order_of_time():
    generator = np.random.default_rng(2)
    table = generator.random((400, 24)) < 0.08
    person, post = np.nonzero(table)
    turned_person, turned_post = np.nonzero(table[:, ::-1])
    times = np.append(np.cumsum(generator.exponential(3600, 24)), 1e6)
    cohort = Cohort.from_pairs(person, post, size=400, posts=24, start=np.full(400, -1), times=times)
    assert cohort.starts_unknown
    turned = cohort.reversed()
    direct = Cohort.from_pairs(turned_person, turned_post, size=400, posts=24)
    np.testing.assert_array_equal(turned.responders, direct.responders)
    np.testing.assert_array_equal(turned.first_responders, direct.first_responders)
    np.testing.assert_allclose(turned.elapsed, (times[23] - times[:24])[::-1] / (times[23] - times[0]) * 23 / 24)
    for name in ("people", "start", "responses", "answered", "last"):
        np.testing.assert_allclose(getattr(turned.groups, name), getattr(direct.groups, name))


def test_immature_posts_keep_their_share():
    cohort = Cohort.from_pairs(np.array([0]), np.array([1]), size=3, posts=3, maturity=np.array([1.0, 1.0, 0.4]))
    np.testing.assert_array_equal(cohort.maturity, [1, 1, 0.4])


@pytest.mark.parametrize(("y", "f"), [(0, 20.0), (3, 17.0), (90, 300.0), (400, 250.0)])
def test_the_grid_integrates_what_direct_integration_does(y, f):
    weights = LOG_NORMAL.weights(np.array([[-2.0, 0.3]]))
    value = mean_log_kernel(weights, grid_kernel(np.array([float(y)]), np.array([f])))[0, 0]
    law = stats.norm(-2.0, np.exp(0.3))
    most = 0.0 if y == 0 else y * np.log(y / (y + f)) + f * np.log(f / (y + f))

    def integrand(x):
        return np.exp(y * x + f * np.log(-np.expm1(x)) - most) * law.pdf(x)

    centre = np.log((y + 0.5) / (y + f))
    direct = integrate.quad(integrand, -14.05, -0.05, points=[centre], limit=500)[0]
    direct /= law.cdf(-0.05) - law.cdf(-14.05)
    assert value == pytest.approx(np.log(direct) + most, abs=5e-3)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_grid_laws_are_probability_laws(law):
    generator = np.random.default_rng(1)
    theta = law.mean + law.sd * generator.standard_normal((50, len(law.mean)))
    weights = law.weights(theta)
    assert weights.shape == (50, len(LOG_P) + 1)
    assert (weights >= 0).all()
    np.testing.assert_allclose(weights.sum(axis=1), 1)


PEOPLE, RESPONSES, UNANSWERED = np.array([300.0, 100.0]), np.array([0.0, 1.0]), np.array([20.0, 19.0])
"""400 members, 20 posts, of whom 100 responded once."""


def log_likelihood(law):
    kernel = grid_kernel(RESPONSES, UNANSWERED)
    return lambda theta: mean_log_kernel(law.weights(theta), kernel) @ PEOPLE


def test_evidence_of_the_beta_law_equals_a_dense_grid():
    law = LAWS[0]
    z = np.linspace(-6, 6, 301)
    grid = np.stack(np.meshgrid(z, z), axis=-1).reshape(-1, 2)
    value = log_likelihood(law)(law.mean + law.sd * grid) + stats.norm.logpdf(grid).sum(axis=1)
    dense = np.logaddexp.reduce(value) + 2 * np.log(z[1] - z[0])
    assert dense == pytest.approx(-542.9323, abs=0.03)  # the exact law; people more alike than a = 55 are left out here
    found = sample_posterior(log_likelihood(law), law.mean, law.sd)
    assert found.log_evidence == pytest.approx(dense, abs=0.03)
    # posterior mean of log(mean p), against the same grid
    weight = np.exp(value - np.logaddexp.reduce(value))
    assert found.draws[:, 0].mean() == pytest.approx(float(weight @ (law.mean + law.sd * grid)[:, 0]), abs=0.05)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name)
def test_evidence_agrees_with_laplace_and_is_repeated_exactly(law):
    found = sample_posterior(log_likelihood(law), law.mean, law.sd)
    again = sample_posterior(log_likelihood(law), law.mean, law.sd)
    assert found.log_evidence == again.log_evidence
    np.testing.assert_array_equal(found.draws, again.draws)
    assert found.log_evidence == pytest.approx(laplace(log_likelihood(law), law.mean, law.sd)[0], abs=0.7)


def test_evidence_of_a_normal_model_is_exact():
    def value(theta):
        return -0.5 * ((theta - 1.5) ** 2 / 0.04).sum(axis=1)

    found = sample_posterior(value, np.zeros(2), np.ones(2))
    exact = np.log(0.04) + np.log(2 * np.pi) + 2 * stats.norm.logpdf(1.5, 0, np.sqrt(1.04))
    assert found.log_evidence == pytest.approx(exact, abs=0.02)
    assert laplace(value, np.zeros(2), np.ones(2))[0] == pytest.approx(exact, abs=0.001)


def test_systematic_resampling_keeps_shares():
    np.testing.assert_array_equal(np.bincount(systematic(np.array([0.25, 0.5, 0.25]), 8)), [2, 4, 2])


def test_overdispersion_of_first_responders():
    n, steady = np.full(40, 20.0), np.full(40, 8.0)
    steady[0] = 20
    assert overdispersion(n, steady) == 1
    bursts = np.where(np.arange(40) % 2 == 1, 0.0, 16.0)
    bursts[0] = 20
    assert overdispersion(n, bursts) == pytest.approx(12.6004, abs=1e-4)
    assert overdispersion(np.zeros(5), np.zeros(5)) == 1
    assert 1 <= overdispersion(np.array([3.0, 2.0]), np.array([3.0, 1.0])) < 2
