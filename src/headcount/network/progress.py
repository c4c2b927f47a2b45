"""How far a long run is: the step, its share, and the time left of the whole, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from headcount.terminal import console, echo

__all__ = ["Steps"]

LINE_EVERY = 10.0
"""Seconds between two lines where the output is no terminal."""


class Steps:
    """The steps of a run, in order, with the time that each is expected to take.

    Args:
        expected: name of each step to its expected seconds on a usual machine.
        quiet: show nothing; the times are kept all the same.
    """

    def __init__(self, expected: Mapping[str, float], *, quiet: bool = False) -> None:
        self.expected = dict(expected)
        self.quiet = quiet
        self.seconds: dict[str, float] = {}
        self._began = time.monotonic()
        self._told = 0.0
        self._bar: Any = None
        self._task: Any = None

    @contextmanager
    def step(self, name: str) -> Iterator[Callable[[float], None]]:
        """Go through one step; what it gives takes the share done, 0 to 1."""
        began = time.monotonic()
        self._show(name, 0.0, began, line=False)

        def tell(share: float) -> None:
            self._show(name, min(max(share, 0.0), 1.0), began, line=False)

        yield tell
        self.seconds[name] = time.monotonic() - began
        self._show(name, 1.0, began, line=True)

    def expect(self, changed: Mapping[str, float]) -> None:
        """Correct what was expected of steps, once more is known."""
        self.expected |= changed

    def say(self, text: str) -> None:
        """A sentence for the user."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False, soft_wrap=True)
        elif not self.quiet:
            echo(text, err=True)

    def close(self) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    @property
    def total(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._began

    def _left(self, name: str, share: float) -> float | None:
        """Seconds left: what is expected of the rest, at the pace so far; at first rather at the pace expected."""
        expected_done = sum(self.expected.get(step, 0.0) for step in self.seconds) + share * self.expected.get(name, 0)
        whole = sum(self.expected.values())
        if self.total < 2:
            return None
        trust = whole / 20
        return max(whole - expected_done, 0.0) * (self.total + trust) / (expected_done + trust)

    def _show(self, name: str, share: float, began: float, *, line: bool) -> None:
        if self.quiet:
            return
        if sys.stderr.isatty():
            self._show_bar(name, share)
            return
        now = time.monotonic()
        if line or now - self._told >= LINE_EVERY:
            self._told = now
            place = list(self.expected).index(name) + 1 if name in self.expected else len(self.seconds)
            left = self._left("" if line else name, 0.0 if line else share)
            text = f"[{place}/{len(self.expected)}] {name}: "
            text += f"done in {now - began:.1f} s" if line else f"{share:.0%}"
            self.say(text + (f", about {_duration(left)} left in all" if left is not None and left >= 1 else ""))

    def _show_bar(self, name: str, share: float) -> None:
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

        if self._bar is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                TaskProgressColumn(),
                TextColumn("{task.fields[left]}"),
            )
            self._bar = Progress(*columns, console=console(stderr=True))
            self._bar.start()
        if self._task is None or self._task[0] != name:
            self._task = name, self._bar.add_task(name, total=1.0, left="")
        left = self._left(name if share < 1 else "", share)
        text = "" if left is None or share >= 1 else f"{_duration(left)} left in all"
        self._bar.update(self._task[1], completed=share, left=text)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "unknown"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
