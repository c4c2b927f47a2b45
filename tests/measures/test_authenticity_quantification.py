"""The share of an audience from flags that err: golden values, coverage, how many to sample; the user's corrections."""

from __future__ import annotations

import numpy as np
import pytest

from headcount.measures.followers.recalibration import local_error, recalibrate
from headcount.measures.statistics.quantification import Rate, adjusted_share, between_sources, followers_to_sample


def test_the_published_case():
    """240 of 1000 flagged, Se 90/100, Sp 190/200: .2235 (Rogan & Gladen), .1770-.2686 (Lang & Reiczigel 2014)."""
    got = adjusted_share(240, 1000, sensitivity=Rate(0.9, 100), specificity=Rate(0.95, 200))
    assert got.estimate == pytest.approx(0.2235, abs=5e-5)
    assert (got.low, got.high) == pytest.approx((0.1770, 0.2686), abs=5e-5)
    assert got.counted == 0.24


def test_a_finite_population_in_the_limits():
    rates = {"sensitivity": Rate(0.9, 100), "specificity": Rate(0.95, 200)}
    endless = adjusted_share(240, 1000, **rates)
    huge = adjusted_share(240, 1000, **rates, population=10**9)
    assert (huge.low, huge.high) == pytest.approx((endless.low, endless.high), abs=1e-3)
    everybody = adjusted_share(240, 1000, **rates, population=1000)
    assert endless.low < everybody.low < everybody.high < endless.high
    exact = {"sensitivity": Rate(1.0, 1e9), "specificity": Rate(1.0, 1e9)}
    sure = adjusted_share(240, 1000, **exact, population=1000)
    assert sure.high - sure.low < 0.001, "flags without error on everybody leave nothing open"


def test_flags_rarer_than_their_false_alarms():
    got = adjusted_share(10, 1000, sensitivity=Rate(0.9, 100), specificity=Rate(0.95, 200))
    assert got.low == 0
    assert got.estimate >= 0
    assert 0 < got.high < 0.05, "an interval, not the point 0"
    assert adjusted_share(10, 100, sensitivity=Rate(0.3, 100), specificity=Rate(0.6, 100)) is None
    for flagged, looked_at, population in ((5, 4, None), (0, 0, None), (5, 10, 9)):
        with pytest.raises(ValueError, match="not a sample"):
            adjusted_share(flagged, looked_at, sensitivity=Rate(1, 9), specificity=Rate(1, 9), population=population)


@pytest.mark.parametrize("draws", [400, pytest.param(5000, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("share", "se", "sp", "labelled", "population"),
    [(0.05, 0.9, 0.95, 100, 1000), (0.3, 0.7, 0.9, 60, 500), (0.6, 0.9, 0.8, 100, 5000), (0.9, 0.8, 0.95, 200, 600)],
)
def test_the_interval_holds_the_truth(share, se, sp, labelled, population, draws):
    rng = np.random.default_rng([int(share * 100), draws])
    fakes, sample = round(share * population), 400
    held = counted = 0
    for _ in range(draws):
        rates = (
            Rate(rng.binomial(labelled, se) / labelled, labelled),
            Rate(rng.binomial(labelled, sp) / labelled, labelled),
        )
        drawn = rng.hypergeometric(fakes, population - fakes, sample)
        flagged = int(rng.binomial(drawn, se) + rng.binomial(sample - drawn, 1 - sp))
        got = adjusted_share(flagged, sample, sensitivity=rates[0], specificity=rates[1], population=population)
        held += got.low <= fakes / population <= got.high
        plain = 1.96 * np.sqrt(got.counted * (1 - got.counted) / sample)
        counted += abs(got.counted - fakes / population) <= plain
    print(
        f"\n{share:.0%} fake, Se {se}, Sp {sp}: {held / draws:.1%} of intervals hold, {counted / draws:.1%} of counts"
    )
    slack = 3 * np.sqrt(0.05 * 0.95 / draws)
    assert 0.93 - slack <= held / draws <= 0.985 + slack / 3
    assert counted < held


def test_how_many_to_sample():
    """n0 = 2401; with the finite population 267, 707, 1334, 1937, 2345, 2396; p = .10: 464, 672, 796, 857."""
    sizes = (300, 1000, 3000, 10_000, 100_000, 1_000_000)
    assert [followers_to_sample(size) for size in sizes] == [267, 707, 1334, 1937, 2345, 2396]
    assert [followers_to_sample(n, share=0.1) for n in (1000, 3000, 10_000, 100_000)] == [464, 672, 796, 857]


def test_flags_that_err_need_more_or_cannot_do_it():
    good = {"sensitivity": Rate(0.95, 5000), "specificity": Rate(0.98, 5000)}
    wanted = followers_to_sample(1_000_000, share=0.1, **good)
    assert wanted > followers_to_sample(1_000_000, share=0.1)
    assert followers_to_sample(1_000_000, share=0.1, sensitivity=Rate(0.9, 50), specificity=Rate(0.9, 50)) is None
    got = adjusted_share(round(wanted * (0.1 * 0.95 + 0.9 * 0.02)), wanted, **good, population=1_000_000)
    assert (got.high - got.low) / 2 == pytest.approx(0.02, abs=0.001)


def test_sources_that_differ_are_worth_few_accounts():
    same = between_sources([900, 450, 1800], [1000, 500, 2000])
    assert same.share == pytest.approx(0.9, abs=0.001)
    assert same.trials > 1000
    different = between_sources([950, 300, 1600], [1000, 500, 2000])
    assert different.trials < 20
    assert between_sources([90], [100]).trials == 100
    with pytest.raises(ValueError, match="no source"):
        between_sources([], [])


def test_labels_recover_a_known_shift():
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 3, 4000)
    truth = rng.random(4000) < 1 / (1 + np.exp(-(1.5 + 0.7 * odds)))
    got = recalibrate(odds, truth)
    assert (got.shift, got.slope) == pytest.approx((1.5, 0.7), abs=0.15)
    few = recalibrate(odds[:10], truth[:10])
    assert abs(few.slope - 1) < 0.5
    assert recalibrate(odds[:1], truth[:1]) == recalibrate(-odds[:1], ~truth[:1])
    assert recalibrate(odds, odds < 0).slope == 0.1, "labels never turn the order around"
    with pytest.raises(ValueError, match="labels"):
        recalibrate(odds, truth[:5])


@pytest.mark.parametrize("scale", [1.0, 30.0, 700.0])
def test_labels_with_odds_far_out_still_give_the_best_correction(scale):
    rng = np.random.default_rng(1)
    odds = rng.normal(-5, 1, 500) * scale
    truth = rng.random(500) < 0.4

    def loss(shift, slope):
        eta = shift + slope * odds
        prior = (shift / 3) ** 2 / 2 + ((slope - 1) / 0.5) ** 2 / 2
        return np.logaddexp(0, np.where(truth, -eta, eta)).sum() + prior

    got = recalibrate(odds, truth)
    if got.slope > 0.1:
        around = [loss(got.shift + a, got.slope + b) for a in (-0.01, 0, 0.01) for b in (-0.001, 0, 0.001)]
        assert loss(got.shift, got.slope) <= min(around) + 1e-6


def test_the_local_error_rate_is_that_of_accounts_not_used():
    rng = np.random.default_rng(2)
    odds = np.concatenate([rng.normal(-4, 1, 30), rng.normal(1, 1, 30)])
    labels = ["person"] * 30 + ["auto-follow"] * 20 + ["spam"] * 10
    good = local_error(odds, labels)
    assert good.labels == 60
    assert good.wrong == good.real_called_fake + good.fake_called_real <= 3
    assert good.low <= good.wrong / 60 <= good.high
    assert "Of 60 accounts that you labelled" in good.sentence()
    noise = local_error(rng.normal(0, 1, 40), ["person", "auto-follow"] * 20)
    assert noise.wrong > 10
    one = local_error(odds[:1], ["spam"])
    assert (one.wrong, one.fake_called_real) == (1, 1)
    for bad in ([], ["fake"]):
        with pytest.raises(ValueError, match="expected at least one label, each one of person,"):
            local_error(odds[: len(bad)], bad)
