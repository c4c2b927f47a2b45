"""Latent dropout: against direct integration, and against the published formula in its discrete form."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate
from scipy.special import betaln

from headcount.measures.audience.cohort import Cohort
from headcount.measures.audience.dropout import active_kernel, dropout_kernel, exposure, future_share
from headcount.measures.audience.interest import LOG_P, grid_kernel


def even_cohort(posts, rate, *rows):
    """A cohort in which every post has the same reach per active member; rows of members and their posts."""
    person = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    return Cohort.from_pairs(person, np.concatenate([*rows]).astype(np.int64), size=len(rows) + 1, posts=posts)


def bgbb(a, b, c, d, x, last, n):
    """Log-likelihood of Fader, Hardie & Shang 2010: x responses, the last to post `last` of n (from 1)."""
    terms = [betaln(a + x, b + n - x) + betaln(c, d + n)]
    terms += [betaln(a + x, b + last - x + i) + betaln(c + 1, d + last + i) for i in range(n - last)]
    return np.logaddexp.reduce(terms) - betaln(a, b) - betaln(c, d)


def conditional(p, theta, x, last, n):
    """The same for known p and chance of dropping out after each post: a sum over the post of the end."""
    alive = (1 - theta) ** n * p**x * (1 - p) ** (n - x)
    return alive + sum(theta * (1 - theta) ** (last + i) * p**x * (1 - p) ** (last - x + i) for i in range(n - last))


@pytest.mark.parametrize(("x", "last", "n"), [(0, 0, 6), (2, 3, 6), (3, 6, 6), (1, 2, 12)])
def test_the_published_formula_is_the_integral_over_people(x, last, n):
    a, b, c, d = 0.8, 2.5, 0.7, 3.0

    def integrand(theta, p):
        density = p ** (a - 1) * (1 - p) ** (b - 1) * theta ** (c - 1) * (1 - theta) ** (d - 1)
        return conditional(p, theta, x, last, n) * density

    direct = integrate.dblquad(integrand, 1e-12, 1 - 1e-12, 1e-12, 1 - 1e-12, epsabs=1e-7)[0]
    assert np.log(direct) - betaln(a, b) - betaln(c, d) == pytest.approx(bgbb(a, b, c, d, x, last, n), abs=2e-3)


def test_a_silent_member_against_direct_integration():
    h, p, e = 1.0, 0.1, 10.0
    alive = np.exp(-h) * (1 - p) ** e
    exact = alive + integrate.quad(lambda u: h * np.exp(-h * u) * (1 - p) ** (e * u), 0, 1)[0]
    assert exact == pytest.approx(0.5527584730)
    assert alive / exact == pytest.approx(0.2320572835)
    cohort = even_cohort(2000, h, range(0, 2000, 9))  # so many posts that time is continuous
    given = exposure(cohort, h)
    full = np.full(len(given.total), e)
    flat = type(given)(h, np.full(2000, e / 2000), full, given.answered, full, 0.0)
    place = int(np.argmin(np.abs(LOG_P - np.log(p))))
    grid_p = np.exp(LOG_P[place])
    near = np.exp(-h) * (1 - grid_p) ** e
    active = near / (near + integrate.quad(lambda u: h * np.exp(-h * u) * (1 - grid_p) ** (e * u), 0, 1)[0])
    value = np.exp(dropout_kernel(cohort, flat)[0, place])
    assert value == pytest.approx(near / active, rel=1e-3)
    assert np.exp(active_kernel(cohort, flat)[0, place]) / value == pytest.approx(active, rel=1e-3)


@pytest.mark.parametrize("h", [0.3, 1.0, 2.5])
@pytest.mark.parametrize("rows", [(5, 20), (9,), (1, 30, 33), (2, 27, 45), (57,)])
def test_the_likelihood_equals_the_discrete_model(h, rows):
    n = 60
    cohort = even_cohort(n, h, rows)
    given = exposure(cohort, h)
    groups = cohort.groups
    full = np.full(len(groups.people), float(n))
    flat = type(given)(h, np.ones(n), full, groups.responses, full - groups.responses, 0.0)
    mine = dropout_kernel(cohort, flat)[groups.last >= 0][0]
    last, theta, x = max(rows) + 1, -np.expm1(-h / n), len(rows)
    for place in (60, 90, 110, 125):
        # everybody is active at the first post here, and after the first drop-out of the published form
        exact = np.log(conditional(np.exp(LOG_P[place]), theta, x, last, n) / (1 - theta))
        assert mine[place] == pytest.approx(exact, abs=0.01)


def test_without_dropping_out_it_is_the_plain_likelihood():
    cohort = even_cohort(12, 0.0, (1, 4), (3,), (11,))
    still, slow = exposure(cohort), exposure(cohort, 1e-7)
    plain = grid_kernel(cohort.groups.responses, still.unanswered, still.answered)
    np.testing.assert_array_equal(dropout_kernel(cohort, still), plain)
    np.testing.assert_allclose(dropout_kernel(cohort, slow)[:, :120], plain[:, :120], atol=1e-4)
    assert slow.log_profile == pytest.approx(still.log_profile, abs=1e-5)


def test_somebody_who_cannot_respond_is_silent_under_any_rate():
    cohort = even_cohort(12, 0.5, (1, 4))
    np.testing.assert_allclose(dropout_kernel(cohort, exposure(cohort, 0.5))[cohort.groups.last < 0, -1], 0, atol=1e-12)


def test_future_exposure():
    cohort = even_cohort(10, 0.0, (1, 4))
    direct = [np.mean(np.exp(-0.8 * np.arange(1, m + 1) / 10)) for m in (1, 3, 10)]
    np.testing.assert_allclose(future_share(cohort, 0.8, np.array([1, 3, 10])), direct)
    many = even_cohort(100_000, 0.0, (1, 4))
    assert future_share(many, 1.0, np.array([100_000]))[0] == pytest.approx(0.6321205588, abs=1e-5)
    assert future_share(cohort, 0.0, np.array([3]))[0] == 1


def test_time_drives_people_away_and_not_the_number_of_posts():
    """Posts in two bursts, a long way apart: the direct sum over the post of the end, with the hazard of each gap."""
    times = np.array([0.0, 1.0, 2.0, 60.0, 61.0, 62.0, 65.0])
    person, post = np.array([0, 0, 1]), np.array([0, 2, 4])
    cohort = Cohort.from_pairs(person, post, size=2, posts=6, times=times)
    window = 6 * 62 / 5
    np.testing.assert_allclose(cohort.elapsed, times[:-1] / window)
    assert cohort.pause == pytest.approx(3 / window)
    h, place = 1.3, 100
    p = np.exp(LOG_P[place])
    ones = np.full(2, 6.0)
    flat = exposure(cohort, h)
    flat = type(flat)(h, np.ones(6), ones, cohort.groups.responses, ones - cohort.groups.responses, 0.0)
    kernel = dropout_kernel(cohort, flat)[:, place]
    passed = np.exp(-h * cohort.elapsed)
    for group, (first, x) in {2: (2, 2), 4: (4, 1)}.items():
        ends = sum((passed[k] - passed[k + 1]) * p**x * (1 - p) ** (k + 1 - x) for k in range(first, 5))
        exact = np.log(ends + passed[5] * p**x * (1 - p) ** (6 - x))
        assert kernel[cohort.groups.last == group][0] == pytest.approx(exact, abs=1e-9)
    later = [np.exp(-h * (cohort.pause + (j - 0.5) / 6)) for j in (1, 2, 3)]
    assert future_share(cohort, h, np.array([3]))[0] == pytest.approx(np.mean(later))


@pytest.mark.parametrize("times", [None, np.full(7, 3.0), np.array([0.0, 1, 2, 3, 4, 5, np.nan])])
def test_times_that_do_not_tell_are_even(times):
    cohort = Cohort.from_pairs(np.array([0]), np.array([2]), size=2, posts=6, times=times)
    np.testing.assert_allclose(cohort.elapsed, np.arange(6) / 6)
    assert cohort.pause == pytest.approx(0.5 / 6)
