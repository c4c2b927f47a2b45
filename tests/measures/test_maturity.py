"""Shares of responses that young posts have collected: known laws recovered from truncated delays."""

import numpy as np
import pytest
from scipy import stats

from headcount.measures.audience.maturity import maturity

HOUR = 3600.0


def observed(law, age, expected, generator):
    """Delays and posts of the responses that are seen before each post's age."""
    post = np.repeat(np.arange(len(age)), generator.poisson(expected, len(age)))
    delay = law.rvs(len(post), random_state=generator)
    seen = delay <= age[post]
    return delay[seen], post[seen]


@pytest.mark.parametrize(
    "law", [stats.expon(scale=10 * HOUR), stats.lognorm(1.5, scale=3 * HOUR), stats.uniform(0, 50 * HOUR)]
)
@pytest.mark.parametrize("youngest", [2 * HOUR, 20 * HOUR])
def test_the_law_of_delays_is_recovered_from_truncated_ones(law, youngest):
    generator = np.random.default_rng(7)
    age = np.geomspace(youngest, 2_000 * HOUR, 400)
    got = maturity(age, *observed(law, age, 60, generator))
    np.testing.assert_allclose(got, law.cdf(age) / law.cdf(age[-1]), atol=0.03)
    assert (np.diff(got) >= 0).all()


def test_taking_the_seen_delays_as_they_are_would_be_wrong():
    """Most posts are young: short delays are over-represented, which the estimate puts right."""
    generator, law = np.random.default_rng(3), stats.expon(scale=24 * HOUR)
    age = np.concatenate([np.full(300, 6 * HOUR), np.full(60, 240 * HOUR)])
    delay, post = observed(law, age, 20, generator)
    truth = law.cdf(6 * HOUR)
    assert abs((delay <= 6 * HOUR).mean() - truth) > 0.2
    assert maturity(age, delay, post)[0] == pytest.approx(truth, abs=0.03)


def test_by_hand():
    """Two posts: one 100 hours old with delays of 1, 1, 50, 50 hours; one 10 hours old with 1, 1, 1, 1."""
    age = np.array([100.0, 10.0]) * HOUR
    delay = np.array([1.0, 1, 50, 50, 1, 1, 1, 1]) * HOUR
    post = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    # 2 of the 4 at risk at 50 hours: half of the responses come by then
    np.testing.assert_allclose(maturity(np.tile(age, 8), np.tile(delay, 8), np.tile(post, 8))[:2], [1.0, 0.5])


def test_unknown_is_mature_and_few_say_nothing():
    age = np.array([1.0, np.nan, 1e6])
    generator = np.random.default_rng(1)
    delay, post = generator.exponential(1e4, 500), np.full(500, 2)
    got = maturity(age, delay, post)
    assert (got[1:] == 1).all()
    assert 0 <= got[0] < 0.01
    np.testing.assert_array_equal(maturity(age, delay[:20], post[:20]), 1)
    np.testing.assert_array_equal(maturity(age, np.full(500, np.nan), post), 1)
