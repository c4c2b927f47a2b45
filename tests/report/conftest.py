"""Sample reports and a browser for the tests of the faces."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent.parent


def load(path: Path) -> ModuleType:
    """A module of the project that is in no package, by its file."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def samples() -> ModuleType:
    """Builders of sample reports (sample.py)."""
    return load(HERE / "sample.py")


@pytest.fixture(scope="session")
def screenshots() -> ModuleType:
    """scripts/screenshots.py, which knows where a Chromium is and how to start it."""
    return load(PROJECT / "scripts" / "screenshots.py")


@pytest.fixture(scope="module")
def browser(screenshots: ModuleType) -> Iterator[Any]:
    """A headless Chromium; the test is skipped, and says so, when there is none."""
    chromium = screenshots.find_chromium()
    if chromium is None:
        named = os.environ.get("HEADCOUNT_CHROMIUM") or "chromium"
        pytest.skip(f"no browser ({named}): run sh scripts/install-system-packages.sh")
    assert shutil.which(chromium)
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=screenshots.FLAGS)
        yield started
        started.close()
