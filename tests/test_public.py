"""The public face: names, start-up, errors."""

from __future__ import annotations

import importlib
import subprocess
import sys

import headcount
from headcount import errors

HEAVY = ("duckdb", "numpy", "scipy", "rich", "jinja2", "msgspec", "narwhals", "pandas", "polars", "pyarrow")
TRAINING = {"sklearn", "interpret", "training", "pandas", "joblib"}


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
    assert not loaded & {*HEAVY, *TRAINING}


def test_import_of_the_library_loads_nothing_heavy():
    assert not modules_after("import headcount") & {*HEAVY, *TRAINING}


def test_report_does_not_load_test_or_optional_packages():
    loaded = modules_after("import headcount as hc; hc.open; hc.audience; from headcount.report import html, text")
    assert not loaded & {"pandas", "polars", "pyarrow", "playwright", "pytest"}


def test_a_whole_report_loads_nothing_that_the_model_was_trained_with(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "accounts.csv").write_text("account_id,handle,followers_count\nx:1,ego,1\nx:2,bea,10\n")
    (folder / "follows.csv").write_text("follower_id,followee_id\nx:2,x:1\n")
    where = f"'--workspace', {str(tmp_path / 'workspace')!r}"
    loaded = modules_after(
        f"from headcount.cli import main; assert main(['add', {str(folder)!r}, {where}]) == 0; "
        f"assert main(['report', 'ego', '--html', {str(tmp_path / 'page.html')!r}, {where}]) == 0; "
        f"assert main(['authenticity', 'ego', {where}]) == 0; assert main(['label', 'bea', 'real', {where}]) == 0"
    )
    assert "headcount.measures.scorecard" in loaded
    assert not loaded & TRAINING


def test_every_error_is_in_the_tree_of_the_docstring():
    tree = errors.__doc__
    assert tree is not None
    for name in errors.__all__:
        if name[0].isupper() and name != "Problem":
            assert name in tree
            assert issubclass(getattr(errors, name), errors.HeadcountError)


def test_measures_know_no_source_screen_or_store():
    for name in ("audience", "question", "ties", "funnel"):
        module = importlib.import_module(f"headcount.measures.{name}")
        loaded = modules_after(f"import headcount.measures.{name}")
        assert not {m for m in loaded if m.startswith(("headcount.sources", "headcount.store", "headcount.report"))}
        assert "duckdb" not in loaded
        assert module.__doc__
