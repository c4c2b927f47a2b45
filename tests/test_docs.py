"""The docs are true: their examples run, what is made from the code is up to date, nothing is left out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from headcount.cli import cli, main

PROJECT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    path for path in [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")] if path.name != "command-line.md"
)
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_made_pages_are_up_to_date():
    done = subprocess.run(
        [sys.executable, str(PROJECT / "scripts" / "make_docs.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo as the tutorial makes it."""
    folder = tmp_path_factory.mktemp("docs")
    assert main(["demo", "--folder", str(folder / "demo")]) == 0
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(PROJECT)))
def test_examples_run(page: Path, demo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    commands = [block for block in blocks if block[0] == "python" or "headcount " in block[1]]
    if not commands:
        return
    shutil.copytree(demo / "demo", tmp_path / "demo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HEADCOUNT_WORKSPACE", str(tmp_path / "demo" / "workspace"))
    names: dict[str, object] = {}
    for language, text in commands:
        if language == "python":
            exec(compile(text, str(page), "exec"), names)  # the page's own example
            continue
        for line in text.splitlines():
            command = line.partition("#")[0].split()
            if command[:1] != ["headcount"] or command[1] == "demo":
                continue
            assert main(command[1:]) == 0, f"{line}\n{capsys.readouterr().err}"


def test_every_command_and_option_has_help_and_a_page():
    text = (PROJECT / "docs" / "command-line.md").read_text(encoding="utf-8")
    for name, command in cli.commands.items():
        assert f"## headcount {name}" in text
        assert command.help
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert getattr(parameter, "help", None), f"{name} {parameter.name}"


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_nothing_of_this_machine_is_in_the_project():
    listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    here = str(PROJECT.parent) + os.sep
    for name in listed.stdout.splitlines():
        path = PROJECT / name
        if path.suffix not in {".png", ".parquet"} and path.is_file():
            assert here not in path.read_text(encoding="utf-8", errors="ignore"), name
