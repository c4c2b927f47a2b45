"""`python -m tests.bluesky_network`: start the real Bluesky servers in the foreground.

One line of JSON with their addresses is printed when they answer; with `--seed` they are filled with the world of
`seed.py` next, and the times that took go to standard error. Everything is stopped and removed at the end, however it
comes: an interrupt, a kill, or the end of the process that `--while PID` names.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import pickle
import select
import signal
import sys
import threading
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.bluesky_network.network import NetworkUnavailableError, running_network
from tests.bluesky_network.seed import seed


def main() -> None:
    """Start, fill, say where, and wait for the end."""
    parser = argparse.ArgumentParser(prog="python -m tests.bluesky_network", description=__doc__)
    parser.add_argument("--seed", action="store_true", help="fill the servers with accounts, follows and posts")
    parser.add_argument("--state", type=Path, help="a file that is told how it went, for the tests")
    parser.add_argument("--while", type=int, dest="process_id", metavar="PID", help="end with this process")
    chosen = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _frame: sys.exit(128 + number))
    if chosen.process_id is not None:
        end_with(chosen.process_id)
    try:
        run(chosen)
    except NetworkUnavailableError as reason:
        tell(chosen.state, "unavailable", str(reason))
        sys.exit(str(reason))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:
        tell(chosen.state, "failed", traceback.format_exc())
        raise
    finally:
        if chosen.state is not None and not chosen.state.exists():
            tell(chosen.state, "failed", "it was stopped before it was ready")


def run(chosen: argparse.Namespace) -> None:
    """The network, until the end."""
    with running_network() as network:
        print(json.dumps(asdict(network)), flush=True)
        world = seed(network, say=functools.partial(print, file=sys.stderr, flush=True)) if chosen.seed else None
        tell(chosen.state, "ready", (network, world))
        while True:
            signal.pause()  # until a signal ends it


def tell(state: Path | None, outcome: str, what: Any) -> None:
    """Write how it went, in one step: who reads the file finds all of it."""
    if state is not None:
        half = state.with_suffix(".part")
        half.write_bytes(pickle.dumps((outcome, what)))
        half.rename(state)


def end_with(process_id: int) -> None:
    """End this process as soon as that one has ended, whatever this one is doing then."""

    def wait() -> None:
        with contextlib.suppress(ProcessLookupError):  # it has ended already
            select.select([os.pidfd_open(process_id)], [], [])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    main()
