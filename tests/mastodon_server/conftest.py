"""Fixtures: the seeded server of Mastodon's API, started once per test process, and the recorded one."""

from __future__ import annotations

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
def mastodon() -> Iterator[Mastodon]:
    """The server with its seeded world; skipped where it is not installed."""
    try:
        with run_server() as server:
            yield Mastodon(server, seed_world(server))
    except ServerUnavailableError as reason:
        pytest.skip(f"no server of Mastodon's API: {reason}")


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
