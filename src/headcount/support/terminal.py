"""Everything that is written to a terminal passes through here, errors and progress included.

Text from outside is stripped of escape and control characters and of marks that turn the direction of writing
(`safe_text.plain`); what Rich itself writes to draw colours and bars is kept.

On a terminal, lines are broken at blanks only, so that a handle stays in one piece. In a pipe or a file a line is
never broken, cut or coloured.
"""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING, Any

import click

from headcount.support.safe_text import json_text, plain

if TYPE_CHECKING:
    from rich.console import Console

__all__ = [
    "cells",
    "confirm",
    "console",
    "echo",
    "echo_json",
    "is_silent",
    "note",
    "set_silent",
    "show_click_error",
    "terminal_width",
    "wrapped",
]

UNLIMITED = 1_000_000
"""Width of a console whose lines are never broken."""

_state = {"silent": False}


def set_silent(value: bool) -> None:
    """With True (`--silent`), `note` writes nothing and no progress is shown."""
    _state["silent"] = value


def is_silent() -> bool:
    """Was `--silent` given?"""
    return _state["silent"]


def echo(text: str = "", *, err: bool = False) -> None:
    """Write a line to standard output or standard error; on a terminal it is broken at blanks."""
    width = terminal_width(err=err)
    for line in wrapped(plain(text), width) if width is not None else [plain(text)]:
        click.echo(line, err=err)


def note(text: str = "", *, err: bool = True) -> None:
    """Write what is no part of the answer: a success, a hint, what is being done. Nothing with `--silent`."""
    if not is_silent():
        echo(text, err=err)


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
        click.echo(plain(line), err=True)


def terminal_width(*, err: bool = False) -> int | None:
    """Columns of the terminal that standard output (or error) is; None for a pipe or a file."""
    if not (sys.stderr if err else sys.stdout).isatty():
        return None
    import shutil

    return max(shutil.get_terminal_size().columns, 1)


def cells(text: str) -> int:
    """Columns that a text takes on a terminal: wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns, broken at blanks only; a word that is wider has a line of its own."""
    if cells(text) <= width:
        return [text]
    indent = " " * min(len(text) - len(text.lstrip(" ")), width // 2)
    lines: list[str] = []
    line = indent
    for word in text.split():
        if line.strip() and cells(line) + 1 + cells(word) > width:
            lines.append(line)
            line = indent
        line = f"{line} {word}" if line.strip() else f"{line}{word}"
    return [*lines, line]


def console(*, stderr: bool = False, **options: Any) -> Console:
    """A Rich console that writes no control character but its own, and none at all where it is no terminal."""
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

    if not (sys.stderr if stderr else sys.stdout).isatty():  # whatever FORCE_COLOR says
        options = {"force_terminal": False, "color_system": None, **options}
    return SafeConsole(stderr=stderr, **options)
