"""How far a long command is: step, share, rate, and the time left of all steps, on standard error.

**Time left.** Each step has an expected duration; only their proportions have to be right, and even those roughly.

* The pace of the machine is the weighted median over the steps so far of actual / expected, and a small vote for 1. As
  it is a median, one step that takes a hundred times as long as expected does not change what is expected of the
  others. A step weighs e / (e + 5% of the expected total), so that steps too short to be measured hardly count.
* The current step is expected to take its own expected time at that pace. From a share of 10% on, its own speed alone
  counts; below that, both are mixed.
* A step that reports no share and takes much longer than expected has an unknown end: so has the whole.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from headcount.support.terminal import console, echo, is_silent, terminal_width

__all__ = ["Steps", "time_left"]

LINE_EVERY = 10.0
"""Seconds between two lines where the output is no terminal."""
PRIOR_VOTE = 0.4
"""Weight of the expected pace beside the steps that were measured, which weigh up to 1 each."""
MAX_EARLY_PACE, ENOUGH_STEPS = 4.0, 3
"""The pace stays within this factor until as many steps were measured."""
MAX_DELAY = 1.5
"""Times its expected duration after which the end of a step that reports no share is unknown."""
TAIL = 0.25
"""Of the expected duration: what is left at least of a step that reports no share, as long as it runs."""
WIDTH_OF_BARS = 70
"""Columns of a terminal from which there is room for bars beside the words."""
SHARE_OF_OWN_SPEED = 0.1
"""Share of a step from which its own speed is all that counts."""


def time_left(
    expected: Mapping[str, float],
    finished: Mapping[str, float],
    current: str,
    share: float,
    elapsed: float,
    reported: float | None = None,
) -> float | None:
    """Seconds until all steps are done; None where that is unknown.

    Args:
        expected: seconds expected of every step, in order.
        finished: seconds that the finished steps took.
        current: the step that is running; "" between two steps.
        share: of the current step, 0 to 1; 0 where it reports none.
        elapsed: seconds since the current step began.
        reported: seconds from its beginning until it reported that share; None for `elapsed`.
    """
    later = sum(seconds for name, seconds in expected.items() if name not in finished and name != current)
    own = (elapsed if reported is None else reported) / share if share > 0 else None
    known = {current: own} if own is not None and share >= SHARE_OF_OWN_SPEED else {}
    pace = _pace(expected, {**finished, **known})
    if current not in expected or share >= 1:
        return later * pace
    prior = expected[current] * pace
    if own is None:
        if elapsed > MAX_DELAY * prior:
            return None
        # a step that is still running near its expected end takes longer than that
        return max(prior - elapsed, TAIL * prior) + later * pace
    weight = min(share / SHARE_OF_OWN_SPEED, 1.0)
    total = math.exp((1 - weight) * math.log(max(prior, 1e-9)) + weight * math.log(max(own, 1e-9)))
    return max(total - elapsed, TAIL * total * (1 - share)) + later * pace


def _pace(expected: Mapping[str, float], durations: Mapping[str, float]) -> float:
    """How much slower than expected this machine is: the weighted median over the steps."""
    small = 0.05 * sum(expected.values()) or 1.0
    steps = [name for name in durations if name in expected]
    votes = [
        (math.log(max(durations[name], 1e-6) / expected[name]), expected[name] / (expected[name] + small))
        for name in steps
        if expected[name] > 0
    ]
    votes = sorted([*votes, (0.0, PRIOR_VOTE)])
    half = sum(weight for _, weight in votes) / 2
    total, median = 0.0, 0.0
    for value, weight in votes:
        total += weight
        if total >= half:
            median = value
            break
    if len(steps) < ENOUGH_STEPS:
        median = min(max(median, -math.log(MAX_EARLY_PACE)), math.log(MAX_EARLY_PACE))
    return math.exp(median)


class Steps:
    """The steps of a command, in order.

    Args:
        expected: name of each step to its expected seconds on a usual machine.
        quiet: show nothing; the times are kept all the same.
        brief: for commands that often take a second only: the bars vanish at the end, and where standard error is no
            terminal, steps that are done are not listed.
        clock: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        expected: Mapping[str, float],
        *,
        quiet: bool = False,
        brief: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.expected = dict(expected)
        self.quiet = quiet or is_silent()
        self.brief = brief
        self.seconds: dict[str, float] = {}
        self._clock = clock
        self._began = clock()
        self._last_line = self._began
        self._step, self._share, self._step_began, self._reported = "", 0.0, self._began, 0.0
        self._amount: tuple[float, str] | None = None
        self._bars: Any = None
        self._task: Any = None

    @contextmanager
    def step(self, name: str, amount: float | None = None, unit: str = "") -> Iterator[Callable[[float], None]]:
        """Run one step; the block gets a function that takes the share done, 0 to 1.

        Args:
            name: one of the expected steps.
            amount: what the step works through, for the rate; unit: what that is, in the plural: "follows".
        """
        self._step, self._share, self._step_began, self._reported = name, 0.0, self._clock(), 0.0
        self._amount = (amount, unit) if amount else None
        self._show()

        def report(share: float) -> None:
            if share > self._share:
                self._share, self._reported = min(share, 1.0), self._clock() - self._step_began
            self._show()

        yield report
        self.seconds[name] = self._clock() - self._step_began
        self._share, self._reported = 1.0, self.seconds[name]
        self._show(done=True)
        self._step = ""

    def expect(self, changed: Mapping[str, float]) -> None:
        """Correct what is expected of steps that have not begun, once more is known."""
        self.expected |= {name: seconds for name, seconds in changed.items() if name in self.expected}

    def say(self, text: str) -> None:
        """A sentence for the user."""
        if self.quiet:
            return
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)
        else:
            echo(text, err=True)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bars is not None:
            self._bars.stop()
            self._bars = None

    @property
    def total(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._began

    @property
    def left(self) -> float | None:
        """Seconds left of all steps; None where that is unknown."""
        elapsed = self._clock() - self._step_began
        return time_left(self.expected, self.seconds, self._step, self._share, elapsed, self._reported)

    @property
    def rate(self) -> str:
        """How fast the current step is: "120,000 follows/s"; empty where nothing is counted or measured yet."""
        if self._amount is None or self._share <= 0 or self._reported < 0.1:
            return ""
        amount, unit = self._amount
        speed = amount * self._share / self._reported
        return f"{speed:,.0f} {unit}/s" if speed >= 10 else f"{speed:,.1f} {unit}/s"

    def _show(self, *, done: bool = False) -> None:
        if self.quiet:
            return
        if sys.stderr.isatty():
            self._show_bar(done=done)
        else:
            self._show_line(done=done)

    def _show_line(self, *, done: bool) -> None:
        now = self._clock()
        is_due = now - self._last_line >= LINE_EVERY
        if (not is_due and (self.brief or not done)) or (self._share >= 1 and not done):
            return
        self._last_line = now
        names = list(self.expected)
        place = names.index(self._step) + 1 if self._step in names else len(self.seconds)
        state = f"done in {self.seconds[self._step]:.1f} s" if done else f"{self._share:.0%}"
        parts = [f"[{place}/{len(names)}] {self._step}: {state}", self.rate]
        if len(self.seconds) < len(names):
            parts.append(_left_in_words(self.left))
        self.say(", ".join(part for part in parts if part))

    def _show_bar(self, *, done: bool) -> None:
        from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn
        from rich.table import Column
        from rich.text import Text

        steps = self

        class Live(ProgressColumn):
            """Rate and time left of the step that is running, computed whenever the bars are drawn."""

            max_refresh = 0.5

            def render(self, task: Task) -> Text:
                if task.finished:
                    return Text(task.fields.get("took", ""))
                return Text(", ".join(part for part in (steps.rate, _left_in_words(steps.left)) if part))

        if self._bars is None:
            one_line = Column(no_wrap=True)
            columns: list[ProgressColumn] = [
                TextColumn("{task.description}", table_column=one_line),
                BarColumn(bar_width=None),
                TaskProgressColumn(table_column=one_line),
                Live(table_column=one_line),
            ]
            if (terminal_width(err=True) or 0) < WIDTH_OF_BARS:
                del columns[1]
            self._bars = Progress(*columns, console=console(stderr=True), transient=self.brief)
            self._bars.start()
        if self._task is None or self._task[0] != self._step:
            self._task = self._step, self._bars.add_task(self._step, total=1.0)
        took = ", ".join(part for part in (f"{self.seconds[self._step]:.1f} s", self.rate) if part) if done else ""
        self._bars.update(self._task[1], completed=self._share, took=took)


def _left_in_words(seconds: float | None) -> str:
    """The time left of all steps: "about 3 min left in all"; an unknown one is never 0."""
    if seconds is None:
        return "time left unknown"
    if seconds < 1:
        return "under 1 s left in all"
    return f"about {_duration(seconds)} left in all"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
