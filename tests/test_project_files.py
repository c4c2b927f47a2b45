"""Files that describe the project to others: they parse, agree with pyproject.toml, and name what exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import headcount

PROJECT = Path(__file__).resolve().parent.parent
METADATA = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def load(name: str) -> Any:
    return yaml.safe_load((PROJECT / name).read_text(encoding="utf-8"))


def make_tasks() -> set[str]:
    return set(re.findall(r"^([a-z][a-z0-9-]*):", (PROJECT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def test_versions_and_licences_agree():
    citation = load("CITATION.cff")
    assert headcount.__version__ == METADATA["version"] == str(citation["version"])
    assert citation["license"] == METADATA["license"]
    assert [author["name"] for author in citation["authors"]] == [author["name"] for author in METADATA["authors"]]


def test_citation_has_what_the_format_requires():
    citation = load("CITATION.cff")
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0"
    assert citation["type"] in {"software", "dataset"}
    assert all(isinstance(word, str) for word in citation["keywords"])
    assert (PROJECT / "docs" / "methods").is_dir()
    assert "docs/methods" in citation["message"]


def test_the_workflow_covers_every_stated_python_on_three_systems_with_both_ends_of_the_dependencies():
    jobs = load(".github/workflows/tests.yml")["jobs"]
    matrix = jobs["versions"]["strategy"]["matrix"]
    stated = re.findall(r"Python :: (3\.\d+)", "\n".join(METADATA["classifiers"]))
    assert matrix["python"] == stated == ["3.11", "3.12", "3.13", "3.14"]
    assert {system.partition("-")[0] for system in matrix["os"]} == {"ubuntu", "macos", "windows"}
    assert set(matrix["dependencies"]) == {"lowest-direct", "highest"}
    steps = "\n".join(step.get("run", "") for step in jobs["versions"]["steps"])
    assert "--resolution ${{ matrix.dependencies }}" in steps
    assert "${{ matrix.python }}" in str(jobs["versions"]["steps"])
    assert any(step.get("run") == "bash .ci/run" for step in jobs["full"]["steps"])


def test_the_workflow_deselects_markers_that_exist():
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    markers = {line.partition(":")[0] for line in tomllib.loads(text)["tool"]["pytest"]["ini_options"]["markers"]}
    (expression,) = re.findall(r'pytest .*-m "([^"]+)"', (PROJECT / ".github/workflows/tests.yml").read_text())
    named = set(re.findall(r"not (\w+)", expression))
    assert named
    assert named <= markers


@pytest.mark.parametrize(
    "file", sorted((PROJECT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")), ids=lambda file: file.name
)
def test_templates_have_the_fields_of_a_form(file):
    form = yaml.safe_load(file.read_text(encoding="utf-8"))
    if file.name == "config.yml":
        assert set(form) == {"blank_issues_enabled"}
        return
    assert {"name", "description", "body"} <= set(form)
    for element in form["body"]:
        assert element["type"] in {"markdown", "textarea", "input", "dropdown", "checkboxes"}
        assert element["attributes"].get("label") or element["type"] == "markdown"


def test_hooks_run_what_make_runs():
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    for repository in load(".pre-commit-config.yaml")["repos"]:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            command = hook["entry"].replace(" --force-exclude", "").replace(".venv/bin/", "$(BIN)/")
            assert command in makefile, hook["id"]


@pytest.mark.parametrize(
    "name", ["CONTRIBUTING.md", "README.md", ".github/pull_request_template.md", ".ci/run", "mkdocs.yml"]
)
def test_tasks_of_make_that_are_named_exist(name):
    text = (PROJECT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"`make ([a-z0-9 -]+)`", text) + re.findall(
        r"^make ([a-z0-9 -]+?)(?:  .*)?$", text, re.MULTILINE
    )
    named = {task for block in blocks for task in block.split()}
    assert named
    assert named <= make_tasks()


def test_each_dependency_group_has_a_lock_file_that_make_renews():
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    locks = {path.name for path in (PROJECT / "requirements").glob("*.lock")}
    assert locks == set(re.findall(r"-o requirements/(\S+\.lock)", makefile))
    for name in locks:
        text = (PROJECT / "requirements" / name).read_text(encoding="utf-8")
        assert "--hash=sha256:" in text
        assert "://" not in text, name
