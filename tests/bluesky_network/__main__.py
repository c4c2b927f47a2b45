"""`python -m tests.bluesky_network`: start the real Bluesky servers in the foreground.

One line of JSON with their addresses is printed when they answer; `--seed` fills them with the world of `seed.py` first.
Everything is stopped and removed at the end, however it comes: an interrupt, a kill, or the end of the process that
`--while PID` names.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from tests.bluesky_network.network import NetworkUnavailableError, running_network


def main() -> None:
    """Start, say where, and wait for the end."""
    parser = argparse.ArgumentParser(prog="python -m tests.bluesky_network", description=__doc__)
    parser.add_argument("--seed", action="store_true", help="fill the servers with accounts, follows and posts first")
    parser.add_argument("--state", type=Path, help="a file to write the addresses and the truth to, for the tests")
    parser.add_argument("--while", type=int, dest="process_id", metavar="PID", help="end with this process")
    chosen = parser.parse_args()
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda number, _frame: sys.exit(128 + number))
    try:
        with running_network() as network:
            print(json.dumps(asdict(network)), flush=True)
            wait_for_end(chosen.process_id)
    except NetworkUnavailableError as reason:
        sys.exit(str(reason))
    except KeyboardInterrupt:
        pass


def wait_for_end(process_id: int | None) -> None:
    """Return when that process has ended; without one, only a signal ends this."""
    if process_id is None:
        signal.pause()
    else:
        select.select([os.pidfd_open(process_id)], [], [])


if __name__ == "__main__":
    main()
