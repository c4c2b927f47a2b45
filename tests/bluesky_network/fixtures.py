"""The fixture that gives tests the running, seeded network; all processes of one test run share one.

It is started beside the tests as soon as it is clear that one of them asks for it; those come last. It ends when the
test run ends, however that ends. While working on such tests, start it once by hand with `--seed --state FILE` and name
the file in HEADCOUNT_BLUESKY_STATE: the tests then use that one.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.bluesky_network.network import PREFIX, Network
from tests.bluesky_network.truth import World

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE = 1_800.0  # seconds: the first start on a machine also builds the npm folder
RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex  # the same in all workers of a test run


@dataclass(frozen=True)
class Bluesky:
    """The servers, and what is true in them. Tests that write use accounts of their own."""

    network: Network
    world: World


@pytest.fixture(scope="session")
def bluesky() -> Bluesky:
    """The running Bluesky network with its seeded world; skipped where the machine lacks what it needs."""
    state = begin()
    end = time.monotonic() + PATIENCE
    while not state.exists() and time.monotonic() < end:
        time.sleep(0.2)
    outcome, what = pickle.loads(state.read_bytes()) if state.exists() else ("failed", "no sign of it in time")
    if outcome == "unavailable":
        pytest.skip(f"no Bluesky servers: {what}")
    if outcome == "failed":
        pytest.fail(f"the Bluesky servers did not start:\n{what}")
    return Bluesky(*what)


LONGEST = ("test_docs.py", "test_x_api.py", "test_bluesky_coverage.py", "test_ties.py")
"""Files that run for minutes: first, so that no worker is left alone with one."""


@pytest.hookimpl(trylast=True)  # when it is decided which tests run
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files first; the network begins to start, and its tests come when half of the others have run."""
    waiting = [item for item in items if "bluesky" in getattr(item, "fixturenames", ())]
    rest = [item for item in items if item not in set(waiting)]
    rest.sort(key=lambda item: item.path.name not in LONGEST)
    if waiting and not config.option.collectonly:
        begin()
    half = len(rest) // 2
    while 0 < half < len(rest) and rest[half].path == rest[half - 1].path:  # files stay whole
        half += 1
    items[:] = rest[:half] + waiting + rest[half:]


def begin() -> Path:
    """Start the network, unless this test run has done so; gives the file that will say how that went."""
    if "HEADCOUNT_BLUESKY_STATE" in os.environ:
        return Path(os.environ["HEADCOUNT_BLUESKY_STATE"])
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    folder = Path(
        tempfile.gettempdir(), f"{PREFIX}{run}-tests-{RUN}"
    )  # removed by the next start, as are all leftovers
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:  # made by another worker, or by an earlier call
        return folder / "state"
    command = [
        sys.executable,
        "-m",
        "tests.bluesky_network",
        "--seed",
        "--while",
        str(run),
        "--state",
        folder / "state",
    ]
    with (folder / "log").open("wb") as log:
        started = subprocess.Popen(
            command, cwd=PROJECT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    started.returncode = 0  # it outlives this process on purpose: no warning about a child that was not waited for
    return folder / "state"
