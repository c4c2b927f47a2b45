"""Scores and rivals of `benchmarks.audience_families`, beside published numbers and data of their own laws."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from benchmarks.audience_families import PREDICTORS, interval_score, run, summarize
from benchmarks.audience_rivals import Counts, buffet, chao2, extrapolated_good_toulmin, jackknife, scaled_process

CORBET = [118, 74, 44, 24, 29, 22, 20, 19, 20, 15, 12, 14, 6, 12, 6, 9, 9, 6, 10, 10, 11, 5, 3, 3]


def counts(t, people, silent=10**9):
    return Counts(t, np.arange(1, len(people) + 1), np.array(people), silent)


def perfect(world):
    truth = world.truth(world.posts)
    return {"middle": truth, "low": truth, "high": truth}


def doubled(world):
    truth = 1 + 2 * world.truth(world.posts)
    return {"middle": truth, "low": truth, "high": truth}


def silent(world):
    return None


def test_interval_score():
    truth, low, high = (np.expm1(np.array(values)) for values in ([2.0, 1.0, 4.0], [1.0, 1.5, 1.0], [3.0, 2.0, 3.0]))
    assert interval_score(truth, low, high) == pytest.approx([2.0, 0.5 + 40 * 0.5, 2.0 + 40 * 1.0])


def test_summaries():
    names = [f"{__name__}:{name}" for name in ("perfect", "doubled", "silent")]
    rows = run(["near_small_list", "growth"], [1, 3, 5], names)
    by_name = {name: summarize(row for row in rows if row.predictor == name) for name in names}
    right, wrong, none = by_name.values()
    assert (right.worlds, right.coverage, right.score, right.ratio, right.width) == (6, 1, 0, 1, 0)
    assert (wrong.coverage, wrong.above, wrong.below) == (0, 0, 6)
    assert wrong.ratio == pytest.approx(2)
    assert wrong.score == pytest.approx(40 * np.log(2))
    assert (none.worlds, none.without) == (0, 6)


def test_good_toulmin():
    """Corbet's butterflies: 75 new species are expected in as long again (Good & Toulmin 1956)."""
    assert extrapolated_good_toulmin(counts(24, CORBET), 24)[0] == pytest.approx(75)
    assert extrapolated_good_toulmin(counts(24, CORBET), 24)[1] == pytest.approx(np.sqrt(sum(CORBET)))
    smoothed = extrapolated_good_toulmin(counts(24, CORBET), 48)
    assert smoothed[1] < 2**24


def test_chao2():
    """The cottontails of Edwards & Eberhardt 1967: 76 in 18 nights, S(36) = 105.334."""
    assert chao2(counts(18, [43, 16, 8, 6, 0, 2, 1]))["middle"] == pytest.approx(105.334 - 76, abs=5e-4)


def test_jackknife():
    """With two posts the order is 1: what the last post lost, Q1/2 on average, in units of harmonic numbers."""
    assert jackknife(counts(2, [10, 4]))["middle"] == pytest.approx(10 / 2 * (1 / 2 + 1 / 3))
    # all alike: the truth is known
    p, t, n = 0.01, 20, 1e8
    people = [n * np.exp(_log_choose(t, j)) * p**j * (1 - p) ** (t - j) for j in range(1, t + 1)]
    assert jackknife(counts(t, people))["middle"] == pytest.approx(n * (0.99**20 - 0.99**40), rel=0.01)


def _log_choose(n, k):
    from scipy.special import gammaln

    return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)


def process(t, mass, s, c, seed):
    """Counts in t posts and new ones in t more: people are Poisson, density mass p^(-1-s) (1-p)^(c+s-1)."""
    generator, low = np.random.default_rng(seed), 1e-6
    number = generator.poisson(mass * (low**-s - 1) / s)
    p = (low**-s - generator.random(number) * (low**-s - 1)) ** (-1 / s)
    p = p[generator.random(number) < (1 - p) ** (c + s - 1)]
    y, later = generator.binomial(t, p), generator.binomial(t, p)
    return Counts(t, *np.unique(y[y > 0], return_counts=True), 10**9), int(((y == 0) & (later > 0)).sum())


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("method", "s", "c"), [(buffet, 0.4, 3.0), (scaled_process, 0.5, 0.5)])
def test_processes_on_their_own_law(method, s, c):
    """Nearly unbiased, and the interval, which leaves out the parameters, holds in most runs."""
    ratios, holds = [], []
    for seed in range(25):
        seen, new = process(25, 60.0, s, c, seed)
        found = method(seen)
        ratios.append(found["middle"] / new)
        holds.append(found["low"] <= new <= found["high"])
    assert np.mean(ratios) == pytest.approx(1, abs=0.05)
    assert np.mean(holds) > 0.75


ABLATIONS = [name for name in PREDICTORS if name.startswith("without_")]


@pytest.mark.sampled(2)
@pytest.mark.parametrize("step", ABLATIONS)
def test_every_step_can_be_left_out(step):
    """In a world where it matters the prediction changes, and afterwards it is what it was."""
    family = {
        "without_young_posts": "young_posts",
        "without_saturation": "devoted_and_rare",
        "without_dropping_out": "dropping_out",
        "without_crowds": "crowds",
        "without_silent_newcomers": "silent_burst",
    }.get(step, "growth")
    times = "none" if step == "without_entry" else "exact"
    usual, without, again = (
        [row.middle for row in run([family], [1, 3, 5, 7, 9], [name], known_times=times)]
        for name in ("headcount", step, "headcount")
    )
    assert usual == again
    assert usual != without


def test_table_runs():
    command = [sys.executable, "-m", "benchmarks.audience_families", "--worlds", "2", "--half", "report"]
    command += ["--families", "near_small_list", "churn", "--predictors", *(set(PREDICTORS) - set(ABLATIONS))]
    done = subprocess.run(
        command, cwd=Path(__file__).resolve().parent.parent, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert "odd seeds" in done.stdout
    for name in set(PREDICTORS) - set(ABLATIONS):
        assert f"near_small_list          {name}" in done.stdout
    assert "near the assumptions" in done.stdout
