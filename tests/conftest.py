"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.bluesky_network.fixtures import bluesky, pytest_collection_modifyitems  # noqa: F401

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
