"""The time left is that of the plan at first, and follows the true pace later."""

from __future__ import annotations

import pytest

from headcount.network import progress
from headcount.network.progress import Steps


class Clock:
    now = 0.0

    def monotonic(self):
        return self.now


@pytest.mark.parametrize("pace", [0.5, 1.0, 4.0])
def test_time_left(pace, monkeypatch, capsys):
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    steps = Steps({"one": 100.0, "two": 300.0})
    with steps.step("one") as tell:
        clock.now = 5.0
        tell(0.0)
        assert steps._left("one", 0.0) == pytest.approx(400 * 25 / 20), "nothing is done, which is no pace"
        clock.now = 100 * pace
        tell(1.0)
    assert steps.seconds == {"one": 100 * pace}
    with steps.step("two") as tell:
        clock.now += 150 * pace
        tell(0.5)
        left = steps._left("two", 0.5)
        assert left == pytest.approx(150 * pace, rel=0.08)
        clock.now += 150 * pace
        tell(1.0)
    said = capsys.readouterr().err
    assert "[1/2] one: done in" in said
    assert "left in all" in said
