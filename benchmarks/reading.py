"""Prints what reading a workspace takes while another process collects into it.

`python -m benchmarks.reading [--followers 50000]`

One process collects an account from a local server twice, into a workspace that holds an earlier, smaller collection
of it. Another makes the report of the account in a loop until it ends. The table has the reports made, the failures,
the reports that equal none of the published states, and the longest time that opening the workspace took.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.collecting.stub import Running, running
from tests.collecting.world import MAIN, Sizes

import headcount as hc
from headcount.errors import HeadcountError
from headcount.store.connection import FILE_NAME
from headcount.store.store import Store


@dataclass(frozen=True)
class Reading:
    """What a reader met.

    Attributes:
        reports: made while the other process collected; failures: sentences of those that failed.
        states: published states that were reported on; unknown: reports that equal no published state.
        longest_opening: seconds until the workspace was open, at most.
    """

    reports: int
    failures: list[str]
    states: int
    unknown: int
    longest_opening: float


def collecting(workspace: Path, server: Running) -> subprocess.Popen[bytes]:
    """The command that collects, as a user types it."""
    settings = {**server.environment, "HEADCOUNT_SETTINGS": str(workspace.parent / "settings")}
    command = [sys.executable, "-m", "headcount", "add", MAIN, "--workspace", str(workspace), "--silent"]
    command += ["--yes", "--sample", "500"]  # the whole list, and the latest posts of some
    return subprocess.Popen(
        command, env={**os.environ, **settings}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )


def digest(workspace: Path) -> str:
    """Of everything in the report of a state of the workspace."""
    return hashlib.sha256(hc.open(workspace).report(MAIN).to_json().encode()).hexdigest()


def published(workspace: Path, folder: Path) -> Path:
    """A copy of the published state."""
    folder.mkdir()
    shutil.copyfile(workspace / FILE_NAME, folder / FILE_NAME)
    return folder


def read_while_collecting(followers: int, folder: Path) -> Reading:
    """Report on an account in a loop while it is collected twice.

    Args:
        followers: of the account that is collected; folder: an empty one.

    Raises:
        RuntimeError: a collection failed.
    """
    workspace, now = folder / "ws", round(time.time()) * 1_000_000
    states, found, failures, openings = [], [], [], []
    with running(Sizes(200, now)) as server:
        if collecting(workspace, server).wait() != 0:
            raise RuntimeError("the first collection failed")
    states.append(published(workspace, folder / "state0"))
    Store(workspace).close()  # what the first opening of a process imports is no wait for the other process
    with running(Sizes(followers, now, replies=60, likes=400)) as server:
        for number in (1, 2):
            process = collecting(workspace, server)
            while process.poll() is None:
                try:
                    started = time.perf_counter()
                    with Store(workspace):
                        openings.append(time.perf_counter() - started)
                    found.append(digest(workspace))
                except HeadcountError as error:
                    failures.append(str(error))
            if process.returncode != 0:
                raise RuntimeError(f"collection {number} failed")
            states.append(published(workspace, folder / f"state{number}"))
    known = {digest(state) for state in states}
    return Reading(len(found), failures, len(known & set(found)), len(set(found) - known), max(openings))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--followers", type=int, default=50_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        reading = read_while_collecting(arguments.followers, Path(folder))
    print(f"Reports while two collections of {arguments.followers:,} followers ran: {reading.reports:,}")
    print(f"Failed: {len(reading.failures)}")
    print(f"Published states reported on: {reading.states}; reports of no published state: {reading.unknown}")
    print(f"Longest time to open the workspace: {reading.longest_opening:.3f} s")


if __name__ == "__main__":
    main()
