"""Everything that is written to a terminal passes through here, errors and progress included.

Text from outside is stripped of escape and control characters and of marks that turn the direction of writing
(`safe_text.plain`); what Rich itself writes to draw colours and bars is kept.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import click

from headcount.safe_text import json_text, plain

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["confirm", "console", "echo", "echo_json", "show_click_error"]


def echo(text: str = "", *, err: bool = False) -> None:
    """Write one line to standard output, or to standard error."""
    click.echo(plain(text), err=err)


def echo_json(value: Any) -> None:
    """Write a value to standard output as JSON with control and bidirectional characters escaped."""
    import msgspec

    click.echo(json_text(msgspec.to_builtins(value)))


def confirm(question: str, *, abort: bool = False) -> bool:
    """Ask on standard error; with `abort`, no ends the command."""
    return click.confirm(plain(question), abort=abort, err=True)


def show_click_error(error: click.ClickException) -> None:
    """Write what Click says about wrong use, which quotes the command line, to standard error."""
    shown = io.StringIO()
    error.show(file=shown)
    for line in shown.getvalue().rstrip("\n").split("\n"):
        echo(line, err=True)


def console(*, stderr: bool = False, **options: Any) -> Console:
    """A Rich console that writes no control character but its own."""
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

    class SafeConsole(Console):
        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Any:
            for segment in super().render(renderable, options):
                text = segment.text
                if segment.control or text == "\n" or (text.isascii() and text.isprintable()):
                    yield segment
                else:
                    yield Segment("\n".join(map(plain, text.split("\n"))), segment.style)

    return SafeConsole(stderr=stderr, **options)
