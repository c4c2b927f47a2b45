"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # tests run in parallel: threads of each would wait for each other

import pytest
from tests.bluesky_network.fixtures import bluesky, pytest_collection_modifyitems  # noqa: F401


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Sampling())


class Sampling:
    """`@pytest.mark.sampled(k)`: of the cases of a test k run with the others, spread evenly; the rest are `long`."""

    @pytest.hookimpl(tryfirst=True)  # before `-m` decides which tests run
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        cases: dict[str, list[pytest.Item]] = {}
        for item in items:
            if item.get_closest_marker("sampled") is not None:
                cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
        for alike in cases.values():
            (kept,) = alike[0].get_closest_marker("sampled").args  # type: ignore[union-attr]
            chosen = {number * len(alike) // kept for number in range(kept)}
            for number, item in enumerate(sorted(alike, key=lambda item: item.nodeid)):
                if number not in chosen:
                    item.add_marker(pytest.mark.long)


PROJECT = Path(__file__).resolve().parent.parent


def find_shared_data() -> Path | None:
    """The folder of public research data: HEADCOUNT_DATA, or ../shared/data beside the project."""
    named = os.environ.get("HEADCOUNT_DATA")
    folder = Path(named) if named else PROJECT.parent / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public research data; the test is skipped, and says so, when it is absent."""
    folder = find_shared_data()
    if folder is None:
        pytest.skip("public research data is absent: put it at ../shared/data or name it in HEADCOUNT_DATA")
    return folder
