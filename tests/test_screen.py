"""Tables on real terminals of several widths, and in a pipe: no handle is broken, and nothing is cut in a pipe."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from rich.cells import cell_len

from headcount.cli.main import main
from headcount.support.screen_table import Column, fit

pty = pytest.importorskip("pty")

WIDTHS = [40, 60, 80, 120]
LONG = "a-very-long-name-that-goes-on.subdomain.of-a.example.social"
HANDLES = [
    LONG,
    "bea.bsky.social",
    "carl_the_second@server.example",
    "日本語の名前.example",
    "dora",
    "emil.example.com",
]
QUESTION = "Which of these books should I read first, now that the evenings are long and cold again?"
COMMANDS = [
    ["accounts"],
    ["followers", "ego.example"],
    ["followers", "ego.example", "--select", "handle,responses,reasons,account_id,followed_at"],
    ["ties", "ego.example"],
    ["question", "ego.example"],
    ["authenticity", "ego.example"],
    ["authenticity", "ego.example", "--who", LONG],
    ["authenticity", "ego.example", "--draw", "9"],
    ["report", "ego.example", "--verbose"],
    ["report", "ego.example", "--beside", LONG],
    ["label", LONG, "none"],
]
RUN = """
import json, sys
from headcount.cli.main import main
for arguments in json.loads(sys.argv[1]):
    print("@@@", flush=True)
    if main(arguments):
        print("FAILED", arguments)
    sys.stdout.flush()
print("@@@", flush=True)
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """An account with followers of long and wide handles, all of them in two-way ties."""
    folder = tmp_path_factory.mktemp("screen")
    tables = folder / "tables"
    tables.mkdir()
    now = "2026-10-01T00:00:00Z"
    accounts = [{"account_id": "x:1", "platform": "x", "handle": "ego.example", "observed_at": now}]
    accounts += [
        {"account_id": f"x:{number}", "platform": "x", "handle": handle, "followers_count": 10, "observed_at": now}
        for number, handle in enumerate(HANDLES, start=2)
    ]
    follows = [{"follower_id": f"x:{n}", "followee_id": "x:1"} for n in range(2, 2 + len(HANDLES))]
    posts = [
        {"post_id": f"x:{100 + n}", "author_id": "x:1", "created_at": f"2026-09-2{n}T10:00:00Z", "text": QUESTION}
        for n in range(3)
    ]
    posts.append({"post_id": "x:110", "author_id": "x:2", "created_at": "2026-09-20T10:00:00Z", "text": "Good morning"})
    talk = []
    for n in range(2, 2 + len(HANDLES)):
        talk += [
            {"actor_id": f"x:{n}", "target_id": "x:1", "kind": "reply", "post_id": f"x:{100 + p}"}
            | {"created_at": f"2026-09-2{p}T1{n % 4}:00:00Z"}
            for p in range(3)
        ]
        talk.append(
            {"actor_id": "x:1", "target_id": f"x:{n}", "kind": "reply", "post_id": f"x:{n}00"}
            | {"created_at": "2026-09-25T10:00:00Z"}
        )
    for name, rows in {"accounts": accounts, "follows": follows, "posts": posts, "interactions": talk}.items():
        (tables / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert main(["add", str(tables), "--workspace", str(folder / "workspace")]) == 0
    return folder / "workspace"


def environment(workspace):
    unwanted = ("COLUMNS", "LINES", "NO_COLOR")
    plain = {name: value for name, value in os.environ.items() if name not in unwanted}
    return plain | {"HEADCOUNT_WORKSPACE": str(workspace), "TERM": "xterm-256color", "FORCE_COLOR": "1"}


def in_terminal(width: int, commands, workspace: Path, stdout=None) -> str:
    """What commands write to a terminal of that width; with `stdout`, standard output goes there instead."""
    import fcntl
    import termios

    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, width, 0, 0))
    running = subprocess.Popen(
        [sys.executable, "-c", RUN, json.dumps(commands)],
        stdin=theirs,
        stdout=theirs if stdout is None else stdout,
        stderr=theirs,
        env=environment(workspace),
        close_fds=True,
    )
    os.close(theirs)
    shown = bytearray()
    while True:
        try:
            part = os.read(mine, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(mine)
    assert running.wait(timeout=60) == 0
    return shown.decode().replace("\r\n", "\n")


def parts(text: str, commands) -> list[str]:
    found = text.split("@@@\n")[1:-1]
    assert len(found) == len(commands)
    assert "FAILED" not in text
    return found


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


@pytest.fixture(scope="module")
def screens(workspace):
    """Width to what each command shows there; None: in a pipe."""
    shown = {width: parts(in_terminal(width, COMMANDS, workspace), COMMANDS) for width in WIDTHS}
    piped = subprocess.run(
        [sys.executable, "-c", RUN, json.dumps(COMMANDS)],
        capture_output=True,
        env=environment(workspace) | {"COLUMNS": "40"},
        check=True,
    )
    shown[None] = parts(piped.stdout.decode(), COMMANDS)
    return shown


@pytest.mark.parametrize("width", WIDTHS)
def test_no_line_is_wider_than_the_terminal_but_for_a_handle_that_is(width, screens):
    for command, shown in zip(COMMANDS, screens[width], strict=True):
        # a run that ends may leave sequences that only draw progress; those lines are gone when it does
        for line in plain(shown).splitlines():
            words = line.split()
            is_long_word = len(words) <= 1 or (set(words[0]) == {"─"})
            assert cell_len(line.rstrip()) <= width or is_long_word, (command, line)


@pytest.mark.parametrize("width", [*WIDTHS, None])
def test_every_handle_is_in_one_piece(width, screens):
    for command, shown in zip(COMMANDS, screens[width], strict=True):
        if command[0] in ("followers", "ties") or "--draw" in command:
            lines = plain(shown).splitlines()
            for handle in HANDLES:
                assert any(handle in line.split() for line in lines), (command, handle)
        if command[0] == "label":
            assert f"@{LONG}" in plain(shown).split()


@pytest.mark.parametrize("width", WIDTHS)
def test_columns_left_out_are_named(width, screens):
    for command, shown in zip(COMMANDS, screens[width], strict=True):
        if command not in (["followers", "ego.example"], ["ties", "ego.example"]):
            continue
        text = " ".join(plain(shown).split())
        headings = {"followers": ["Class", "Responses", "Why"], "ties": ["wrote", "strength", "state", "last"]}[
            command[0]
        ]
        table = plain(shown).split("─")[0]
        left_out = [name for name in headings if name not in table]
        named = re.findall(rf"Not shown in {width} columns: ([^.]*)\.", text)
        assert bool(left_out) == bool(named)
        for name in left_out:
            assert name in named[0]
    wide = " ".join(plain(screens[120][COMMANDS.index(["ties", "ego.example"])]).split())
    assert "Not shown" not in wide


def test_in_a_pipe_each_row_is_one_whole_line(screens):
    for command, shown in zip(COMMANDS, screens[None], strict=True):
        assert "\x1b" not in shown, command
        assert "Not shown" not in shown
        assert "…" not in shown
        assert not any(line != line.rstrip() for line in shown.splitlines())
    followers = screens[None][COMMANDS.index(["followers", "ego.example"])].splitlines()
    assert followers[0].split() == ["Follower", "Class", "Responses", "Why"]
    assert set(followers[1]) == {"─"}
    assert {line.split()[0] for line in followers[2:8]} == set(HANDLES)
    assert all("replied to each other" in line for line in followers[2:8])
    questions = screens[None][COMMANDS.index(["question", "ego.example"])].splitlines()
    assert sum(QUESTION in line for line in questions) == 3


def test_a_terminal_for_progress_leaves_a_file_clean(workspace, tmp_path):
    target = tmp_path / "out.txt"
    with target.open("wb") as file:
        in_terminal(40, [["followers", "ego.example"], ["report", "ego.example"]], workspace, stdout=file)
    text = target.read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "Not shown" not in text
    assert LONG in text


def test_fit_leaves_out_the_least_important_first():
    columns = [Column("who", 0), Column("n", 2, right=True), Column("why", 1, flexible=True), Column("when", 3)]
    rows = [["a" * 20, "12,345", "some words that explain it in a line of their own", "1 October 2026"]]
    assert fit(columns, rows, 200) == [20, 6, 49, 14]
    assert fit(columns, rows, 66) == [20, 6, 20, 14]
    assert fit(columns, rows, 65) == [20, 6, 35, None]
    assert fit(columns, rows, 45) == [20, None, 23, None]
    assert fit(columns, rows, 41) == [20, None, None, None]
    assert fit(columns, rows, 10) == [20, None, None, None], "what identifies a row is never left out or cut"
