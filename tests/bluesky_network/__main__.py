"""`python -m tests.bluesky_network`: start the real Bluesky servers in the foreground.

One line of JSON with their addresses is printed when they answer; with `--seed` they are filled with the world of
`seed.py` next, and the times that took go to standard error. Everything is stopped and removed at the end, however it
comes: an interrupt, a kill, or the end of the process that `--while PID` names.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import pickle
import select
import signal
import sys
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


def run(chosen: argparse.Namespace) -> None:
    """The network, until the end."""
    with running_network() as network:
        print(json.dumps(asdict(network)), flush=True)
        world = seed(network, say=functools.partial(print, file=sys.stderr, flush=True)) if chosen.seed else None
        tell(chosen.state, "ready", (network, world))
        wait_for_end(chosen.process_id)


def tell(state: Path | None, outcome: str, what: Any) -> None:
    """Write how it went, in one step: who reads the file finds all of it."""
    if state is not None:
        half = state.with_suffix(".part")
        half.write_bytes(pickle.dumps((outcome, what)))
        half.rename(state)


def wait_for_end(process_id: int | None) -> None:
    """Return when that process has ended; without one, only a signal ends this."""
    if process_id is None:
        signal.pause()
    else:
        select.select([os.pidfd_open(process_id)], [], [])


if __name__ == "__main__":
    main()
