"""The command line: one verb a question. Thin: parses, calls the library, prints.

Heavy modules are imported inside the commands, so that `headcount --help` answers at once. With `--json` the
answer goes to standard output and everything else to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from headcount.cli import answers, collecting, data
from headcount.cli.group import _RUNNING, cli
from headcount.cli.options import as_usage_error
from headcount.errors import BadRows, HeadcountError, as_known_error, is_full_disk, is_interrupt
from headcount.support.terminal import echo, set_silent, show_click_error

__all__ = ["cli", "main"]

_COMMANDS = (answers, collecting, data)
"""Importing a module adds its commands to the group."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give the exit code: 0 done, 1 failure, 2 wrong use."""
    set_silent(False)
    try:
        cli.main(args=None if arguments is None else list(arguments), prog_name="headcount", standalone_mode=False)
    except (Exception, KeyboardInterrupt) as error:
        return _interrupted() if isinstance(error, click.Abort) or is_interrupt(error) else _exit_code(error)
    finally:
        set_silent(False)  # for what the same process does next
    return 0


def _exit_code(error: BaseException) -> int:
    """Say what went wrong, and give the exit code; a fault of this program is raised."""
    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, BrokenPipeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, OSError) and not is_full_disk(error):
        where = f" ({error.filename})" if error.filename else ""
        echo(f"headcount: {error.strerror or error}{where}.", err=True)
        return 1
    if isinstance(error, click.ClickException):
        wrong_use = as_usage_error(error)
        if wrong_use is None:
            show_click_error(error)
            return 2
        error = wrong_use
    known = error if isinstance(error, HeadcountError) else as_known_error(error)
    if known is None:
        raise error
    _complain(known)
    return known.exit_code


def _interrupted() -> int:
    """Ctrl-C: what was kept depends on the command that was running."""
    name = _RUNNING[-1] if _RUNNING else ""
    echo(f"headcount: interrupted; {_KEPT.get(name, _KEPT[''])}", err=True)
    return 130


_KEPT = {
    "": "the workspace is as it was before.",
    "add": "collected pages are kept, and the same command resumes; an unfinished import was rolled back.",
    "sync": "finished sources are updated; the same command resumes with the others.",
    "demo": "the demo is incomplete; run the same command again to build it from the start.",
    "export": "nothing was written to the target.",
    "forget": "either everything about the account is still stored, or the deletion will be completed when the "
    "workspace is opened next; run the same command again to make sure.",
    "label": "confirmed labels are stored.",
    "network": "finished steps are kept in the output folder, and the same command resumes.",
    "watch": "received events are kept, and the same command resumes.",
    "simulate": "the tables are incomplete; run the same command again.",
}
"""What is kept, by command."""


def _complain(error: HeadcountError) -> None:
    echo(f"headcount: {error}", err=True)
    if isinstance(error, BadRows):
        for problem in error.problems[1:]:
            echo(f"  {problem}", err=True)
