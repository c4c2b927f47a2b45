"""Shows a collection under way on the terminal: the quote first, then progress with total, rate and time left."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, Any

from headcount.errors import UsageError
from headcount.support.terminal import confirm, console, echo

if TYPE_CHECKING:
    from headcount.sources.collect.options import CollectionEstimate

__all__ = ["Watcher"]

_LINE_EVERY = 10.0
"""Seconds between two lines where the output is no terminal."""


class Watcher:
    """Asks before anything long, and shows how far it is; everything goes to standard error.

    Args:
        quiet: only what has to be known (with --json).
        yes: start without asking; dry_run: print the estimate and stop.
        max_cost: dollars that the user allowed; what costs money needs it, or a yes.
    """

    def __init__(
        self,
        *,
        quiet: bool = False,
        yes: bool = False,
        dry_run: bool = False,
        max_cost: float | None = None,
    ) -> None:
        self.quiet, self.yes, self.dry_run, self.max_cost = quiet, yes, dry_run, max_cost
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}
        self._began: dict[str, tuple[float, int]] = {}
        self._told = 0.0
        self._last: tuple[str, int, int | None] | None = None

    def __enter__(self) -> Watcher:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bars is not None:
            self._bars.stop()
        elif self._last is not None:
            self._line(*self._last)

    def told(self) -> dict[str, Any]:
        """What `Workspace.collect` tells it."""
        return {"agree": self.agree, "show": self.show, "say": self.say}

    def say(self, text: str) -> None:
        """A sentence for the user."""
        if self._bars is not None:
            self._bars.console.print(text, markup=False, highlight=False, soft_wrap=True)
        elif not self.quiet:
            echo(text, err=True)

    def agree(self, quote: CollectionEstimate) -> bool:
        """Say what it takes, and ask where it is long or costs money.

        Raises:
            UsageError: it is long, and nobody is there to be asked.
        """
        allowed = self.yes or (self.max_cost is not None and quote.dollars <= self.max_cost)
        is_asked = quote.is_long and not allowed
        # a question shows what it is about, whatever else is left out
        if not self.quiet or self.dry_run or (is_asked and sys.stdin.isatty()):
            echo(quote.sentence(), err=True)
            for what, calls in quote.parts:
                if calls:
                    echo(f"  {calls:>9,} {'call ' if calls == 1 else 'calls'}  {what}", err=True)
            if quote.advice:
                echo(f"  {quote.advice}", err=True)
        if self.dry_run:
            return False
        if not is_asked:
            return True
        if not sys.stdin.isatty():
            raise UsageError(
                f"This collection takes long or costs money ({quote.sentence().partition('about ')[2].rstrip('.')}).",
                hint="confirm with --yes"
                + (
                    f", or set a spending limit with --max-cost {max(math.ceil(quote.dollars), 1)}."
                    if quote.dollars
                    else ", or reduce it with --sample."
                ),
            )
        return confirm("Start? You can interrupt at any time and resume later.")

    def show(self, step: str, done: int, total: int | None) -> None:
        """How far a step is."""
        if self.quiet:
            return
        self._began.setdefault(step, (time.monotonic(), done))
        if sys.stderr.isatty():
            self._show_bar(step, done, total)
        else:
            self._show_line(step, done, total)

    def _show_bar(self, step: str, done: int, total: int | None) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        if self._bars is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(bar_width=None),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
                TimeRemainingColumn(elapsed_when_finished=True),
            )
            self._bars = Progress(*columns, console=console(stderr=True))
            self._bars.start()
        if step not in self._tasks:
            self._tasks[step] = self._bars.add_task(step, total=total, rate="")
        rate = self._rate(step, done)
        self._bars.update(self._tasks[step], completed=done, total=total, rate=f"{rate:,.0f}/s" if rate else "")

    def _rate(self, step: str, done: int) -> float:
        began, first = self._began.setdefault(step, (time.monotonic(), done))
        passed = time.monotonic() - began
        return (done - first) / passed if passed > 0.5 else 0.0

    def _show_line(self, step: str, done: int, total: int | None) -> None:
        """A line every now and then, and one for the end of each step."""
        if self._last is not None and self._last[0] != step:
            self._line(*self._last)
        self._last = step, done, total
        if time.monotonic() - self._told >= _LINE_EVERY:
            self._line(step, done, total)
            self._last = None  # shown; the end of the step is a line only where more is done until then

    def _line(self, step: str, done: int, total: int | None) -> None:
        from headcount.sources.collect.pace import duration

        self._told = time.monotonic()
        rate = self._rate(step, done)
        of = f" of {total:,}" if total else ""
        left = f", {duration((total - done) / rate)} left" if total and rate and total > done else ""
        echo(f"{step}: {done:,}{of}" + (f", {rate:,.0f}/s{left}" if rate else ""), err=True)
