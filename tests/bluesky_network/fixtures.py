"""The fixture that gives tests the running, seeded network; all processes of one test run share one.

It is started by the first test that asks for it, outside pytest, and ends when the test run ends, however that ends.
While working on such tests, start it once by hand with `--seed --state FILE` and name the file in
HEADCOUNT_BLUESKY_STATE: the tests then use that one.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.bluesky_network.network import Network
from tests.bluesky_network.truth import World

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 1_800.0  # seconds: the first start on a machine also builds the npm folder


@dataclass(frozen=True)
class Bluesky:
    """The servers, and what is true in them. Tests that write use accounts of their own."""

    network: Network
    world: World


@pytest.fixture(scope="session")
def bluesky(tmp_path_factory: pytest.TempPathFactory) -> Bluesky:
    """The running Bluesky network with its seeded world; skipped where the machine lacks what it needs."""
    running = os.environ.get("HEADCOUNT_BLUESKY_STATE")
    outcome, what = pickle.loads((Path(running) if running else started(tmp_path_factory.getbasetemp())).read_bytes())
    if outcome == "unavailable":
        pytest.skip(f"no Bluesky servers: {what}")
    if outcome == "failed":
        pytest.fail(f"the Bluesky servers did not start:\n{what}")
    return Bluesky(*what)


def started(folder: Path) -> Path:
    """The file that says how the network of this test run started; the first to ask starts it, all others wait."""
    run = os.getpid()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder, run = folder.parent, os.getppid()  # what the workers of one run share
    state = folder / "bluesky.pickle"
    with (folder / "bluesky.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not state.exists():
            start(state, folder / "bluesky.log", run)
    return state


def start(state: Path, log: Path, run: int) -> None:
    """Start the network beside the tests, to end with process `run`, and wait for what it tells."""
    command = [sys.executable, "-m", "tests.bluesky_network", "--seed", "--state", str(state), "--while", str(run)]
    with log.open("wb") as written:
        starting = subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=written, stderr=written, start_new_session=True
        )
    end = time.monotonic() + PATIENCE
    while not state.exists():
        if starting.poll() is not None or time.monotonic() > end:
            starting.kill()
            state.write_bytes(pickle.dumps(("failed", log.read_text(errors="replace"))))
        time.sleep(0.2)
    starting.returncode = 0  # it outlives this process on purpose: no warning about a child that was not waited for
