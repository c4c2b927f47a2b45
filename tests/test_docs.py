"""The docs are true: their examples run, what is made from the code is up to date, nothing is left out."""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sources import archives

from headcount.cli.main import cli, main

PROJECT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    path for path in [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")] if path.name != "command-line.md"
)
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"^```text\n(.*?)^```", re.DOTALL | re.MULTILINE)


def test_made_pages_are_up_to_date():
    done = subprocess.run(
        [sys.executable, str(PROJECT / "scripts" / "make_docs.py"), "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout


def in_order() -> list[Path]:
    """The pages as a new user reads them: the README, the tutorial, what the README links to in turn, then the rest."""
    readme = PROJECT / "README.md"
    linked = re.findall(r"\]\(((?:docs/)[^)#]+\.md)", readme.read_text(encoding="utf-8"))
    pages = dict.fromkeys([readme, PROJECT / "docs" / "tutorial.md", *(PROJECT / name for name in linked), *PAGES])
    return [page for page in pages if page in PAGES]


def blocks_of(page: Path) -> list[tuple[str, str]]:
    """The examples of a page: language and text."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def commands_of(text: str) -> list[str]:
    """The lines of a block that are commands, without their comments."""
    lines = (re.split(r"\s#|\s{2,}", line.strip())[0] for line in text.splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def user_files(folder: Path) -> None:
    """The files that the pages take for the user's own."""
    for name in ("twitter-2026-03-01-8f3a.zip", "twitter-2026-11-01.zip"):
        archives.zipped(folder / name, archives.modern())
    archives.tarred(folder / "archive-20260301095812-8f3a.tar.gz", archives.mastodon())
    (folder / "minet-followers.csv").write_text("user_id,follower_id\n7,10\n7,11\n")
    tweet = {"id": "9", "author_id": "7", "created_at": "2026-03-01T10:00:00.000Z", "text": "Good morning"}
    (folder / "tweets.jsonl.gz").write_bytes(gzip.compress(f"{json.dumps(tweet)}\n".encode()))
    (folder / "stream.jsonl").write_text(f"{json.dumps(tweet | {'id': '10'})}\n{{broken\n")


SKIPPED = {
    r"add \S+\.bsky\.social\b.*": "collects an account of Bluesky",
    r"add (\S+@|https://)mastodon\.social\b.*": "collects an account of Mastodon",
    r"add @alice\b.*": "collects an account of X",
    r"login \S+.*": "asks a platform about a secret, or deletes one that this machine keeps",
    r"report (alice@mastodon\.social|\w+\.bsky\.social|x:alice)\b.*": "reports on an account that is collected",
    r"network \S+ --engine spark.*": "needs a Spark cluster",
    r"(add|report) \S+ --workspace out/research": "needs research data that is not shipped",
}
"""Commands that are shown and not run, as patterns of the whole command: each with its reason."""


def skipped_of(page: Path) -> list[tuple[str, str]]:
    """The commands of a page that are shown and not run: their pattern in `SKIPPED`, and the command's words."""
    skipped = []
    for text in SHOWN.findall(page.read_text(encoding="utf-8")):
        for command in commands_of(text):
            if not command.startswith("headcount "):
                continue
            words = command.removeprefix("headcount ")
            found = [pattern for pattern in SKIPPED if re.fullmatch(pattern, words)]
            assert len(found) == 1, f"{page.name}: {command}: in a `text` block, and the list of skipped says not why"
            skipped.append((found[0], words))
    return skipped


def test_what_the_pages_show_and_do_not_run_is_listed():
    """Commands stand in a `text` block only where they are in the list of those that are skipped, and nothing runs
    that is in it; a pattern that no page uses is a mistake."""
    used = set()
    for page in in_order():
        used |= {pattern for pattern, _ in skipped_of(page)}
        for language, text in blocks_of(page):
            for command in commands_of(text) if language == "sh" else []:
                assert not any(re.fullmatch(p, command.removeprefix("headcount ")) for p in SKIPPED), command
    assert used == set(SKIPPED)


class Reached(Exception):
    """A command got as far as a platform, a cluster, or the secrets of this machine."""


def test_what_is_skipped_cannot_run_here(tmp_path, monkeypatch, capfd):
    """Each skipped command asks a platform, a cluster or this machine's secrets, or needs what these would give."""

    def reach(*_args: object, **_named: object) -> None:
        raise Reached

    for place in (
        "headcount.workspace.workspace.Workspace.collect",
        "headcount.sources.bluesky.login_session.log_in_bluesky",
        "headcount.sources.login.sessions.TokenLogins.log_in",
        "headcount.sources.login.sessions.forget_secret",
        "headcount.sources.x.login.forget_secret",
        "headcount.network.spark.run.run_network_on_spark",
    ):
        monkeypatch.setattr(place, reach)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HEADCOUNT_WORKSPACE", raising=False)
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.setattr(sys, "stdin", io.StringIO("secret\n" * 9))
    user_files(tmp_path)
    reached = dict.fromkeys(SKIPPED, 0)
    for pattern, words in {(p, c) for page in in_order() for p, c in skipped_of(page)}:
        try:
            assert (
                main([*shlex.split(words), "--workspace", "empty"] if words.startswith("add") else shlex.split(words))
                == 2
            )
        except Reached:
            reached[pattern] += 1
    assert [p for p, times in reached.items() if not times] == [p for p in SKIPPED if "report" in p]


WRITES = re.compile(r"(?:--html|--csv|--out|--folder|^headcount export) (\S+)")


def test_no_two_examples_write_to_the_same_place():
    """Whoever types everything in order finds each file as the page that made it left it."""
    writer: dict[str, str] = {}
    for page in in_order():
        for language, text in blocks_of(page):
            found = [WRITES.findall(command) for command in commands_of(text)] if language == "sh" else []
            places = {
                place: command for command, names in zip(commands_of(text), found, strict=False) for place in names
            }
            if language == "python":
                names = re.findall(r"(?:to_html|to_json|write|write_text)\(\"([^\"\\]+)\"", text)
                places = {place: f"{page.name} {place}" for place in names}
            for place, command in places.items():
                assert writer.setdefault(place, command) == command, f"{page.name}: {command}"
    assert len(writer) > 10


def test_all_examples_run_in_one_folder_in_the_order_of_the_pages(tmp_path, monkeypatch, capfd):
    """As a new user would type them: no workspace named in the environment, nothing there but the user's own files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HEADCOUNT_WORKSPACE", raising=False)
    for name in ("HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    user_files(tmp_path)
    ran = 0
    for page in in_order():
        names: dict[str, object] = {}
        for language, text in blocks_of(page):
            if language == "python":
                exec(compile(text, str(page), "exec"), names)  # the page's own example
                continue
            for command in commands_of(text):
                words = shlex.split(command)
                capfd.readouterr()
                if words[1] == "demo" and Path("demo").exists():
                    continue  # the README and the tutorial begin alike; a second demo replaces the first
                if words[0] == "headcount":
                    code = main(words[1:])
                else:
                    assert words[:2] == ["python", "-m"], f"{page.name}: {command}"
                    code = subprocess.run([sys.executable, *words[1:]], check=False).returncode
                assert code == 0, f"{page.name}: {command}\n{capfd.readouterr().err}"
                ran += 1
    assert ran > 40


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
