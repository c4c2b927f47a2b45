"""`kill -9` at random moments of the real command; the same command goes on, and the end is that of a whole run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from tests.collecting.stub import Running, running
from tests.collecting.tables import assert_same, tables
from tests.collecting.world import MAIN, Sizes

from headcount.errors import InputError, UsageError
from headcount.sources.collect.landing import Landing
from headcount.sources.collect.landing_folder import find_unfinished

NOW = round(time.time()) * 1_000_000
SIZES = Sizes(600, NOW)


def start(folder: Path, server: Running) -> subprocess.Popen[bytes]:
    """The command, as a user types it."""
    environment = {**os.environ, **server.environment, "HEADCOUNT_SETTINGS": str(folder / "settings")}
    environment.pop("HEADCOUNT_BLUESKY_SESSION", None)
    command = [sys.executable, "-m", "headcount", "add", MAIN, "--workspace", str(folder / "ws")]
    with (folder / "told").open("ab") as told:
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=told, stderr=told)


def finish(folder: Path, server: Running) -> None:
    """Let the command come to its end."""
    assert start(folder, server).wait(120) == 0, (folder / "told").read_text()[-2_000:]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The tables of a run that nothing stopped, and what it asked for."""
    folder = tmp_path_factory.mktemp("whole")
    with running(SIZES) as server:
        finish(folder, server)
        return tables(folder / "ws"), server.count()


@pytest.mark.parametrize(("kills", "by_time"), [(10, 2), pytest.param(56, 6, marks=pytest.mark.long)])
def test_killed_again_and_again(whole, tmp_path, kills, by_time):
    """`by_time` of the kills come at a moment after the start of the command, not after a request: some before the
    first."""
    expected, asked = whole
    chance = random.Random(5)
    # kills at requests, spread over the whole collection; those by time come before and between them
    cuts = sorted(chance.sample(range(1, asked.total() - 1), kills - by_time))
    before = {chance.randrange(len(cuts)) for _ in range(by_time)}
    killed = 0
    with running(SIZES, delay=0.002) as server:
        for place, cut in enumerate(cuts):
            if place in before:
                process = start(tmp_path, server)
                time.sleep(chance.uniform(0, 0.6))
                process.send_signal(signal.SIGKILL)
                killed += process.wait(60) == -signal.SIGKILL
            process = start(tmp_path, server)
            # pages that were asked for again are no progress
            left = cut - len(server.count())
            server.kill(process.pid, after=max(left, 1), seconds=chance.uniform(0, 0.008))
            killed += process.wait(60) == -signal.SIGKILL
        assert killed == len(cuts) + len(before), "each of them hit"
        assert not (tmp_path / "ws/headcount.duckdb").exists(), "it was still collecting"
        finish(tmp_path, server)
        count = server.count()
        assert set(server.methods()) == {"GET"}
    assert set(count) == set(asked)
    again = count.total() - asked.total()
    assert 0 < again <= killed, f"{again} pages were asked for twice: one a kill at most"
    assert_same(tables(tmp_path / "ws"), expected)
    finished = [path for path in (tmp_path / "ws/landing").rglob("*.landing") if is_finished(path)]
    assert len(finished) == 1
    assert (tmp_path / "told").read_text().count("Resuming the collection") >= len(cuts) - 1


def is_finished(path: Path) -> bool:
    try:
        with Landing(path) as landing:
            return landing.finished
    except InputError:  # killed before it held anything
        return False


def test_killed_during_the_import(whole, tmp_path):
    """The workspace holds nothing of it or all of it, and the same command brings it there without asking again."""
    expected, asked = whole
    chance, old = random.Random(8), 0
    with running(SIZES) as server:
        for attempt in range(8):
            folder = tmp_path / str(attempt)
            folder.mkdir()
            server.reset()
            process = start(folder, server)
            while server.count().total() < asked.total():
                time.sleep(0.005)
                assert process.poll() is None
            time.sleep(chance.uniform(0.01, 0.3))  # the landing is finished, the store opened, read into, joined
            process.send_signal(signal.SIGKILL)
            process.wait()
            if state_of(folder / "ws", expected) == "new":
                continue
            old += 1
            finish(folder, server)
            assert server.count().total() - asked.total() <= 1, "what was collected is not collected again"
            assert_same(tables(folder / "ws"), expected)
            if old == 2:
                break
    assert old >= 1, "some of the kills came before the import was done"


def state_of(workspace: Path, expected: dict[str, list[Any]]) -> str:
    """The workspace is as before the import or as after it."""
    if not (workspace / "headcount.duckdb").exists():
        return "old"
    try:
        found = tables(workspace)
    except UsageError:
        return "old"
    if not any(found.values()):
        return "old"
    assert_same(found, expected)
    return "new"


def test_a_collection_that_was_killed_is_found(tmp_path):
    with running(SIZES, delay=0.002) as server:
        process = start(tmp_path, server)
        server.kill(process.pid, after=40, seconds=0)
        process.wait(60)
    (landing,) = (tmp_path / "ws/landing").rglob("*.landing")
    with Landing(landing) as kept:
        assert kept.count() in (38, 39, 40)
        assert find_unfinished(landing.parent, str(kept.meta("options"))) == landing
