"""The public face: names, start-up, errors."""

from __future__ import annotations

import importlib
import subprocess
import sys

import headcount
from headcount import errors

HEAVY = ("duckdb", "numpy", "scipy", "rich", "jinja2", "msgspec", "narwhals", "pandas", "polars", "pyarrow")


def modules_after(code: str) -> set[str]:
    """The modules that a fresh interpreter has loaded after running the code."""
    script = f"{code}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_all_names_resolve_and_are_sorted():
    assert list(headcount.__all__) == sorted(headcount.__all__)
    for name in headcount.__all__:
        assert getattr(headcount, name).__doc__


def test_unknown_name_is_an_attribute_error():
    assert not hasattr(headcount, "follow")


def test_help_loads_nothing_heavy():
    loaded = modules_after("from headcount.cli import main; main(['--help'])")
    assert not loaded & set(HEAVY)


def test_import_of_the_library_loads_nothing_heavy():
    assert not modules_after("import headcount") & set(HEAVY)


def test_report_does_not_load_test_or_optional_packages():
    loaded = modules_after("import headcount as hc; hc.open; hc.audience; from headcount.report import html, text")
    assert not loaded & {"pandas", "polars", "pyarrow", "playwright", "pytest"}


def test_every_error_is_in_the_tree_of_the_docstring():
    tree = errors.__doc__
    assert tree is not None
    for name in errors.__all__:
        if name != "Problem":
            assert name in tree
            assert issubclass(getattr(errors, name), errors.HeadcountError)


def test_measures_know_no_source_screen_or_store():
    for name in ("audience", "question", "ties", "funnel"):
        module = importlib.import_module(f"headcount.measures.{name}")
        loaded = modules_after(f"import headcount.measures.{name}")
        assert not {m for m in loaded if m.startswith(("headcount.sources", "headcount.store", "headcount.report"))}
        assert "duckdb" not in loaded
        assert module.__doc__
