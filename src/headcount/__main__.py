"""Entry point of `headcount` and of `python -m headcount`.

Ctrl-C ends the process quietly while nothing but imports has happened, says what was kept while a command runs, and
is ignored once the answer is out.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from types import FrameType

__all__ = ["run"]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while a command runs.

    A class of its own: where a plain KeyboardInterrupt passes through `exec` of a string, as in the making of a
    dataclass, Python drops the exit code of the program.
    """


def _interrupt(_signal: int, frame: FrameType | None) -> None:
    """Raise in the command, but never while a module is loaded: compiled ones abort the process then."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            again = threading.Timer(_WAIT_FOR_IMPORT, _thread.interrupt_main)
            again.daemon = True
            again.start()
            return
        frame = frame.f_back
    raise Interrupted


_WAIT_FOR_IMPORT = 0.02
"""Seconds until an interrupt is tried again."""


def run() -> None:
    """Run the command line and exit with its code."""
    asked = signal.getsignal(signal.SIGINT) != signal.SIG_IGN  # a shell's background job ignores Ctrl-C
    if asked:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from headcount.cli.main import main

    try:
        if asked:
            signal.signal(signal.SIGINT, _interrupt)
        code = main()
    except KeyboardInterrupt:  # between the last two lines, or while the sentence about it was written
        code = 130
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


if __name__ == "__main__":
    run()
