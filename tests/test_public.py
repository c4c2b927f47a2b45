"""The public face: names, start-up, errors."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tomllib
import typing
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import headcount
from headcount import errors
from headcount.measures.catalog import MEASURES
from headcount.measures.result import Result

HEAVY = ("duckdb", "numpy", "scipy", "rich", "jinja2", "msgspec", "narwhals", "pandas", "polars", "pyarrow")
PROJECT = Path(__file__).resolve().parent.parent
PROJECT_TABLE = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
USE_PUBLIC_NAMES = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[1:]))
import headcount
from headcount.cli.main import main
for name in headcount.__all__:
    getattr(headcount, name)
assert main(["--help"]) == 0
print(len(headcount.__all__), "names")
"""
"""Import every public name; the modules that are named after it cannot be imported."""
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


@pytest.mark.parametrize("name", MEASURES)
def test_every_measure_is_public_with_its_result(name):
    """`from headcount import rings, Rings`: the function of the catalog, and the class that it returns."""
    measure = MEASURES[name]
    function = getattr(headcount, name)
    assert function is measure.load()
    result = typing.get_type_hints(function)["return"]
    assert issubclass(result, Result)
    assert getattr(headcount, result.__name__) is result
    assert {name, result.__name__} <= set(headcount.__all__)


def test_unknown_name_is_an_attribute_error():
    assert not hasattr(headcount, "follow")


def test_help_loads_nothing_heavy():
    loaded = modules_after("from headcount.cli.main import main; main(['--help'])")
    assert not loaded & {*HEAVY, *TRAINING}


def test_import_of_the_library_loads_nothing_heavy():
    assert not modules_after("import headcount") & {*HEAVY, *TRAINING}


def test_report_does_not_load_test_or_optional_packages():
    loaded = modules_after(
        "import headcount as hc; hc.open; hc.audience; from headcount.report.render import html, text"
    )
    assert not loaded & {"pandas", "polars", "pyarrow", "playwright", "pytest"}


def test_a_whole_report_loads_nothing_that_the_model_was_trained_with(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "accounts.csv").write_text("account_id,handle,followers_count\nx:1,ego,1\nx:2,bea,10\n")
    (folder / "follows.csv").write_text("follower_id,followee_id\nx:2,x:1\n")
    where = f"'--workspace', {str(tmp_path / 'workspace')!r}"
    loaded = modules_after(
        f"from headcount.cli.main import main; assert main(['add', {str(folder)!r}, {where}]) == 0; "
        f"assert main(['report', 'ego', '--html', {str(tmp_path / 'page.html')!r}, {where}]) == 0; "
        f"assert main(['authenticity', 'ego', {where}]) == 0; assert main(['label', 'bea', 'real', {where}]) == 0"
    )
    assert "headcount.measures.followers.scorecard" in loaded
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
        path = MEASURES[name].module
        module = importlib.import_module(path)
        loaded = modules_after(f"import {path}")
        assert not {
            m for m in loaded if m.startswith(("headcount.sources", "headcount.store.store", "headcount.report"))
        }
        assert "duckdb" not in loaded
        assert module.__doc__


def optional_modules() -> set[str]:
    """Modules of the packages that are installed here and that no core dependency brings along."""
    wanted = [Requirement(text).name for text in PROJECT_TABLE["dependencies"]]
    core: set[str] = set()
    while wanted:
        name = canonicalize_name(wanted.pop())
        if name in core:
            continue
        core.add(name)
        try:
            needs = map(Requirement, metadata.requires(name) or ())
        except metadata.PackageNotFoundError:  # for another system or version
            continue
        wanted += [need.name for need in needs if need.marker is None or need.marker.evaluate({"extra": ""})]
    core |= {"headcount", "pip", "setuptools"}
    homes = {
        module: {canonicalize_name(name) for name in names}
        for module, names in metadata.packages_distributions().items()
    }
    return {module for module, names in homes.items() if module.isidentifier() and not names & core}


def test_public_names_need_core_dependencies_alone():
    """With every package blocked that a plain installation lacks, each public name is there and `--help` prints."""
    blocked = optional_modules()
    assert {"pandas", "polars", "pyarrow", "pyspark", "pytest", "networkx"} <= blocked
    assert not blocked & {"numpy", "scipy", "duckdb", "httpx2", "click", "rich"}
    done = subprocess.run([sys.executable, "-c", USE_PUBLIC_NAMES, *sorted(blocked)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{len(headcount.__all__)} names"


@pytest.mark.long
def test_the_wheel_alone_has_every_public_name(tmp_path):
    """The wheel, with its core dependencies in a fresh environment: names, data files and a whole report."""
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, str(PROJECT)], check=True
    )
    (wheel,) = tmp_path.glob("headcount-*.whl")
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "fresh")], check=True)
    binaries = tmp_path / "fresh" / ("Scripts" if sys.platform == "win32" else "bin")
    subprocess.run([str(binaries / "python"), "-m", "pip", "install", "--quiet", str(wheel)], check=True)
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*words: str) -> str:
        done = subprocess.run(
            [str(binaries / words[0]), *words[1:]], capture_output=True, text=True, env=clean, cwd=tmp_path
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("python", "-c", USE_PUBLIC_NAMES).splitlines()[-1] == f"{len(headcount.__all__)} names"
    assert str(tmp_path / "fresh") in run("python", "-c", "import headcount; print(headcount.__file__)")
    assert headcount.__version__ in run("headcount", "--version")
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "accounts.csv").write_text("account_id,handle,followers_count\nx:1,ego,1\nx:2,bea,10\n")
    (folder / "follows.csv").write_text("follower_id,followee_id\nx:2,x:1\n")
    run("headcount", "add", "tables", "--workspace", "workspace")
    run("headcount", "report", "ego", "--html", "page.html", "--workspace", "workspace")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "@<bdi>ego</bdi> has 1 follower." in page
