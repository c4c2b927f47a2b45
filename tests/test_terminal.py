"""No verb lets an escape sequence through, whatever the workspace, the command line or a file name holds."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from headcount.cli.main import main

HOSTILE = "\x1b]0;owned\x07\x1b[31m\x9b2J\x7f\u202e\u2066\u200f\u061c\x85\u2028\x08x"
FORBIDDEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
NOW = "2026-10-01T00:00:00Z"


@pytest.fixture
def workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """Every text of every table contains control characters."""
    folder = tmp_path / f"tables{HOSTILE.replace(chr(0x2028), '')}"
    folder.mkdir()
    accounts = [
        {
            "account_id": f"x:{number}",
            "platform": "x",
            "handle": f"h{number}{HOSTILE}",
            "display_name": f"n{HOSTILE}",
            "bio": HOSTILE,
            "website": f"https://{HOSTILE}",
            "followers_count": 5,
            "created_at": "2020-01-01T00:00:00Z",
            "observed_at": NOW,
        }
        for number in range(1, 8)
    ]
    follows = [{"follower_id": f"x:{n}", "followee_id": "x:1", "via": HOSTILE} for n in range(2, 8)]
    posts = [
        {
            "post_id": f"x:{10 + n}",
            "author_id": "x:1",
            "created_at": f"2026-09-2{n}T10:00:00Z",
            "text": f"Which book {HOSTILE} should I read?",
            "link_domains": [HOSTILE],
        }
        for n in range(3)
    ]
    answers = [
        {
            "actor_id": f"x:{n}",
            "target_id": "x:1",
            "kind": "reply",
            "post_id": f"x:{10 + n % 3}",
            "created_at": f"2026-09-2{n % 3}T11:00:00Z",
        }
        for n in (2, 3, 4)
    ]
    answers.append(dict(answers[0], actor_id="x:1", target_id="x:2", post_id="x:99"))
    tables = {"accounts": accounts, "follows": follows, "posts": posts, "interactions": answers}
    for name, rows in tables.items():
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / f"notes{HOSTILE.replace(chr(0x2028), '')}.txt").write_text("left aside, and named in a note")
    workspace = str(tmp_path / "workspace")
    assert main(["add", str(folder), "--workspace", workspace]) == 0
    shown = capsys.readouterr()
    assert not FORBIDDEN.search(shown.out + shown.err)
    return workspace


VERBS = [
    ["accounts"],
    ["report", "x:1"],
    ["report", "x:1", "--beside", "x:2"],
    ["question", "x:1"],
    ["question", "x:10"],
    ["followers", "x:1"],
    ["ties", "x:1"],
    ["authenticity", "x:1"],
    ["authenticity", "x:1", "--who", "x:2"],
    ["authenticity", "x:1", "--draw", "3"],
    ["label", "x:2", "person"],
    ["sync"],
]


@pytest.mark.sampled(16)
@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_what_the_tables_hold_reaches_no_terminal(verb, as_json, workspace, capsys):
    code = main([*verb, "--workspace", workspace, *(["--json"] if as_json else [])])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    assert not FORBIDDEN.search(shown.out + shown.err)
    if as_json:
        json.loads(shown.out)


@pytest.mark.parametrize("as_json", [False, True], ids=["text", "json"])
def test_a_network_run_lets_none_through(as_json, workspace, tmp_path, capsys):
    code = main(["network", workspace, "--out", str(tmp_path / "out"), *(["--json"] if as_json else [])])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    assert not FORBIDDEN.search(shown.out + shown.err)
    for written in (tmp_path / "out").glob("*.json"):
        assert not FORBIDDEN.search(written.read_text(encoding="utf-8"))


def test_a_log_holds_none(tmp_path):
    from headcount.sources.collect.collection import log
    from headcount.sources.collect.log import log_file

    with log_file(tmp_path / "collect.log"):
        log.warning("a server said %s\nand %s", HOSTILE, HOSTILE)
    lines = (tmp_path / "collect.log").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 1
    assert not FORBIDDEN.search(lines[0])


def test_the_characters_are_still_in_json(workspace, capsys):
    assert main(["accounts", "--workspace", workspace, "--json"]) == 0
    handles = {row["handle"] for row in json.loads(capsys.readouterr().out)}
    assert f"h1{HOSTILE}" in handles


@pytest.mark.sampled(8)
@pytest.mark.parametrize(
    "arguments",
    [
        ["add", HOSTILE],
        ["add", HOSTILE + ".csv"],
        ["add", "x:" + HOSTILE],
        ["report", HOSTILE],
        ["report", "x:1", "--window", HOSTILE],
        ["report", "x:1", "--as-of", HOSTILE],
        ["report", "x:1", "--nothing" + HOSTILE],
        ["label", "x:2", HOSTILE],
        ["label", HOSTILE, "person"],
        ["question", HOSTILE],
        ["followers", "x:1", "--class", HOSTILE],
        ["forget", HOSTILE, "--yes"],
        ["export", HOSTILE, "--format", HOSTILE],
        ["network", HOSTILE],
        [HOSTILE],
    ],
    ids=lambda arguments: arguments[0] if arguments[0].isalnum() else "unknown verb",
)
def test_what_the_command_line_holds_reaches_no_terminal(arguments, workspace, capsys):
    if arguments[0].isalnum() and arguments[0] != "network":
        arguments = [*arguments, "--workspace", workspace]
    code = main(arguments)
    shown = capsys.readouterr()
    assert code == 2, shown.err
    assert shown.err
    assert not FORBIDDEN.search(shown.out + shown.err)


def test_rows_that_are_wrong_are_quoted_without_control_characters(tmp_path, capsys):
    rows = "".join(f'x:{n},"{HOSTILE}"\n' for n in range(5))
    (tmp_path / "accounts.csv").write_text("account_id,created_at\n" + rows)
    assert main(["add", str(tmp_path / "accounts.csv"), "--workspace", str(tmp_path / "ws")]) == 1
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 5
    assert not FORBIDDEN.search(error)


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_cleaned_too(terminal, monkeypatch, capsys):
    from headcount.cli.progress import Watcher
    from headcount.network.progress import Steps

    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    monkeypatch.setenv("TERM", "dumb")  # Rich draws without sequences of its own
    with Watcher() as watcher:
        watcher.show(f"step{HOSTILE}", 1, 2)
        watcher.say(f"said{HOSTILE}")
        watcher.show(f"step{HOSTILE}", 2, 2)
    steps = Steps({f"a{HOSTILE}": 1.0})
    with steps.step(f"a{HOSTILE}") as tell:
        tell(0.5)
        steps.say(HOSTILE)
    steps.close()
    shown = capsys.readouterr().err
    assert "said" in shown
    assert not FORBIDDEN.search(shown)
