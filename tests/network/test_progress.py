"""The time left is right within a factor of two, whatever the machine's pace, and unknown rather than wrong."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

from headcount.network.progress import BUILD, INFLUENCE, RINGS, WRITE, expected_seconds
from headcount.support.progress import Steps, time_left

REPORTED = {
    "building the graph": [part / 40 for part in range(1, 41)],
    "network ranks": [part / 20 for part in range(1, 21)],
    "closed circuits": [part / 20 for part in range(1, 21)],
    "reading the other tables": [0.7],
    "dense blocks and synchrony": [0.6],
    "follows that are returned": [0.5],
    "influence by response": [0.3],
}
"""Shares that the steps of a run report; the others report none."""


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def run(expected, actual, steps, clock, counted=None):
    """Go through a run; gives (step, share, time left as estimated, true time left) at every moment of a grid."""
    moments = []
    end = clock.now + sum(actual.values())
    for name, seconds in actual.items():
        with steps.step(name) as tell:
            shares = [0.0, *REPORTED.get(name, []), 1.0]
            for share, following in pairwise(shares):
                for _ in range(4):
                    moments.append((name, share, steps.left, end - clock.now))
                    clock.now += seconds * (following - share) / 4
                tell(following if following < 1 or name in REPORTED else share)
        if counted is not None and name == BUILD:
            steps.expect(counted)
    return moments


def measured(rng, expected, pace):
    """Durations of a run: all at one pace, and each step off by its own factor of up to 1.5 either way."""
    return {name: seconds * pace * np.exp(rng.uniform(-0.4, 0.4)) for name, seconds in expected.items()}


@pytest.mark.parametrize("follows", [200_000, 5_000_000, 1_500_000_000])
@pytest.mark.parametrize("pace", [0.5, 1.0, 1.8])
def test_time_left_is_right_within_a_factor_of_two(follows, pace):
    rng = np.random.default_rng(7)
    expected = expected_seconds(follows // 30, follows, follows // 4)
    assert max(expected.values()) > 20 * min(expected.values()), "the steps are unequal"
    for _ in range(20):
        clock = Clock()
        steps = Steps(expected, quiet=True, clock=clock)
        moments = run(expected, measured(rng, expected, pace), steps, clock)
        whole = moments[0][3]
        # nobody can know the pace before anything is done, nor when a step that reports no share will end
        judged = [(left, true) for _, _, left, true in moments if 0.1 * whole < true < 0.95 * whole]
        known = [left / true for left, true in judged if left is not None]
        assert len(known) > 0.9 * len(judged)
        assert min(known) > 0.5
        assert max(known) < 2


def test_one_step_a_hundred_times_as_long_as_expected_spoils_no_estimate_of_the_others():
    """Measured: circuits took 34.6 s, not 0.35 s as expected; then 8 minutes were said to be left where it was 1 s."""
    expected = expected_seconds(42_000, 832_110, 303_358)
    actual = expected | {RINGS: 100 * expected[RINGS]}
    clock = Clock()
    steps = Steps(expected, quiet=True, clock=clock)
    moments = run(expected, actual, steps, clock)
    after = [(left, true) for name, _, left, true in moments if name in (INFLUENCE, WRITE) and left is not None]
    assert after
    assert all(0.5 < left / true < 2 for left, true in after)
    during = [left / true for name, share, left, true in moments if name == RINGS and share >= 0.1]
    assert min(during) > 0.5
    assert max(during) < 2


def test_accounts_are_not_counted_by_their_upper_bound():
    """The plan's bound is two accounts for each follow; influence was expected to take 42 s, and took 0.5 s."""
    before = expected_seconds(None, 832_110, 303_358)
    counted = expected_seconds(41_936, 832_110, 303_358)
    for step in (INFLUENCE, WRITE):
        assert 0.5 < before[step] / counted[step] < 2


def test_a_step_that_reports_no_share_has_an_unknown_end_once_it_is_late():
    expected = {"one": 10.0, "two": 5.0}
    assert time_left(expected, {}, "one", 0.0, 4.0) == pytest.approx(11.0)
    assert time_left(expected, {}, "one", 0.0, 9.9) == pytest.approx(7.5), "not 0 for the first step"
    assert time_left(expected, {}, "one", 0.0, 15.5) is None
    assert time_left(expected, {}, "one", 0.5, 10.0) == pytest.approx(10.0 + 2 * 5.0, rel=0.1), "at its own pace"
    assert time_left(expected, {"one": 12.0}, "two", 1.0, 5.0) == 0.0


def test_lines_in_a_pipe_say_unknown_and_hold_no_control_characters(capsys):
    clock = Clock()
    steps = Steps({"one": 10.0, "two": 300.0}, clock=clock)
    with steps.step("one", 1_000_000, "follows") as tell:
        clock.now += 20.0
        tell(0.0)
        tell(0.5)
        clock.now += 10.0
        tell(0.75)
        clock.now += 10.0
        tell(1.0)
    with steps.step("two") as tell:
        clock.now += 90.0
        tell(0.3)
    steps.close()
    shown = capsys.readouterr().err
    lines = shown.splitlines()
    assert lines[0] == "[1/2] one: 0%, time left unknown"
    assert "[1/2] one: 75%, 25,000 follows/s, about " in shown
    assert "100%" not in shown
    assert "[1/2] one: done in 40.0 s, 25,000 follows/s, about " in shown
    assert lines[-2].startswith("[2/2] two: 30%, about 3 min left")
    assert lines[-1] == "[2/2] two: done in 90.0 s"
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", shown)
    assert " 0 s left" not in shown


def test_brief_commands_write_nothing_in_a_pipe_unless_they_last(capsys):
    clock = Clock()
    steps = Steps({"one": 1.0, "two": 1.0}, brief=True, clock=clock)
    with steps.step("one"):
        clock.now += 1.0
    with steps.step("two") as tell:
        clock.now += 2.0
        tell(0.5)
    assert capsys.readouterr().err == ""
    with steps.step("two") as tell:
        clock.now += 20.0
        tell(0.5)
    assert "two: 50%" in capsys.readouterr().err


def test_silence_is_kept(capsys):
    from headcount.support.terminal import set_silent

    set_silent(True)
    try:
        steps = Steps({"one": 1.0})
        with steps.step("one"):
            steps.say("said")
    finally:
        set_silent(False)
    assert capsys.readouterr().err == ""
    assert steps.seconds.keys() == {"one"}
