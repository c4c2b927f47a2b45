"""Fixtures: the seeded server of Mastodon's API, and the recorded one.

The world is seeded once per test run: the processes of a run start servers of their own on copies of its database.
"""

from __future__ import annotations

import fcntl
import os
import pickle
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.mastodon_server.recorded import RecordedServer, run_recorded
from tests.mastodon_server.seed import seed_world
from tests.mastodon_server.server import Server, ServerUnavailableError, run_server
from tests.mastodon_server.truth import World


@dataclass(frozen=True)
class Mastodon:
    """The running server, and what is true in it. Tests only read."""

    server: Server
    world: World


@pytest.fixture(scope="session")
def mastodon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mastodon]:
    """The server with its seeded world; skipped where it is not installed."""
    own = tmp_path_factory.getbasetemp()
    seeded = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "mastodon-seeded"
    try:
        world = seed_once(seeded)
    except ServerUnavailableError as reason:
        pytest.skip(f"no server of Mastodon's API: {reason}")
    with run_server(folder=shutil.copytree(seeded, own / "mastodon")) as server:
        yield Mastodon(server, world)


def seed_once(folder: Path) -> World:
    """Seed a server and leave its database in the folder; by one process, while all others wait."""
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "world").exists():
            shutil.rmtree(folder, ignore_errors=True)  # what a process left that did not finish
            folder.mkdir()
            with run_server(folder=folder) as server:
                world = seed_world(server)
            (folder / "world").write_bytes(pickle.dumps(world))
    return pickle.loads((folder / "world").read_bytes())


@pytest.fixture
def recorded(shared_data: Path) -> Iterator[RecordedServer]:
    """A fresh server of what was recorded from a Mastodon server for development (host localhost)."""
    with run_recorded(shared_data / "fixtures" / "mastodon") as server:
        yield server


@pytest.fixture
def recorded_social(shared_data: Path) -> Iterator[RecordedServer]:
    """A fresh server of what was recorded from mastodon.social."""
    with run_recorded(shared_data / "fixtures" / "mastodon", "mastodon.social") as server:
        yield server
