"""Kills at random moments, full disks and several commands at once: nothing lost, nothing half done, no traces."""

import random
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time

import pytest
from tests.faults.commands import COMMANDS, MARKER, holds_marker, prepare, state_of, write_tables

import headcount as hc
from headcount.errors import UsageError
from headcount.store.store import Store


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    """Tables, a workspace that holds them, and how long each command takes on it."""
    folder = tmp_path_factory.mktemp("ground")
    tables = write_tables(folder / "tables")
    hc.open(folder / "base").add(tables)
    seconds, after = {}, {}
    for command in COMMANDS:
        scene = prepare(command, folder / "base", folder / f"timed-{command}", tables)
        started = time.monotonic()
        code, said = scene.finish()
        assert code == 0, said
        seconds[command] = time.monotonic() - started
        after[command] = (state_of(scene.workspace), scene.outputs())
        shutil.rmtree(scene.folder)
    return folder, tables, seconds, after


def kill_once(ground, command, moment, folder):
    """Kill a command at a moment (a share of its duration); gives whether it was still running."""
    base, tables, seconds, after = ground[0] / "base", *ground[1:]
    scene = prepare(command, base, folder, tables)
    before = state_of(scene.workspace)
    process = scene.start()
    time.sleep(moment * seconds[command])
    killed = process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate()
    outputs = scene.outputs()
    now = state_of(scene.workspace)  # opens it, as the next command would
    assert now in (before, after[command][0]), f"{command} at {moment:.2f}: neither the old state nor the new one"
    finished = [name for name in outputs if not name.startswith(".")]
    assert finished in ([], after[command][1]), f"{command}: half of its output stands under the final name"
    if command == "export" and finished:
        assert len(list((scene.folder / "out" / "tables").iterdir())) == 4
    if command == "forget" and now != before:
        assert not holds_marker(scene.workspace), "the next opening finishes the deletion"
    code, said = scene.finish()
    if command == "export" and finished:
        assert code == 2, "the first run was complete"
    else:
        assert code == 0, f"{command} again: {said}"
    assert "Traceback" not in said
    assert scene.stubs() == []
    if command == "forget":
        assert not holds_marker(scene.workspace)
    elif command != "sync":  # each sync is a snapshot of its own
        assert state_of(scene.workspace)
    shutil.rmtree(scene.folder)
    return killed


@pytest.mark.parametrize("command", COMMANDS)
def test_a_kill_loses_nothing_and_leaves_nothing(ground, command, tmp_path):
    chance = random.Random(f"{command} 7")
    for number in range(2):
        kill_once(ground, command, chance.uniform(0.3, 1.0), tmp_path / str(number))


@pytest.mark.long
def test_two_hundred_kills(ground, tmp_path):
    chance, killed, rounds = random.Random(11), 0, 0
    while killed < 200:
        command = COMMANDS[rounds % len(COMMANDS)]
        killed += kill_once(ground, command, chance.uniform(0.05, 1.05), tmp_path / str(rounds))
        rounds += 1
        assert rounds < 400
    print(f"{killed} kills in {rounds} runs of {', '.join(COMMANDS)}: data lost 0, stubs left 0, traces after forget 0")


def run_on_a_full_disk(ground, command, limit, folder):
    """Run a command whose files may grow to a limit only (the system refuses each further byte)."""
    base, tables, _, after = ground[0] / "base", *ground[1:]
    scene = prepare(command, base, folder, tables)
    before = state_of(scene.workspace)

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    process = scene.start(preexec_fn=limited)
    _, said = process.communicate(timeout=300)
    assert "Traceback" not in said, said
    assert process.returncode in (0, 1), said
    if process.returncode:
        assert said.startswith("headcount: "), said
        assert len(said.strip().splitlines()) <= 3
    assert state_of(scene.workspace) in (before, after[command][0])
    code, again = scene.finish()
    assert code == 0 or (command == "export" and process.returncode == 0), again
    assert scene.stubs() == []
    if command == "forget":
        assert not holds_marker(scene.workspace)
    shutil.rmtree(scene.folder)
    return process.returncode != 0


@pytest.mark.parametrize("command", ["add", "forget", "export"])
def test_a_full_disk_is_one_sentence_and_loses_nothing(ground, command, tmp_path):
    assert run_on_a_full_disk(ground, command, 100_000, tmp_path / "run")


def test_a_workspace_that_was_never_made_is_made_by_the_next_command(ground, tmp_path):
    """A disk without room for one byte, or a kill at once, leaves a file without headers; nothing is in its way."""
    folder, tables, _, _ = ground
    assert run_on_a_full_disk(ground, "add", 0, tmp_path / "full")
    for content in (b"", b"\0" * 5_000):
        workspace = tmp_path / str(len(content))
        workspace.mkdir()
        (workspace / "headcount.duckdb").write_bytes(content)
        with pytest.raises(UsageError, match="There is no workspace"):
            hc.open(workspace).accounts()
        hc.open(workspace).add(tables)
        assert state_of(workspace) == state_of(folder / "base")


@pytest.mark.long
def test_twenty_full_disks(ground, tmp_path):
    failed = 0
    limits = [0, 20_000, 100_000, 400_000, 1_000_000]
    for number, (command, limit) in enumerate(
        (c, x) for c in ("add", "sync", "forget", "export", "report") for x in limits
    ):
        failed += run_on_a_full_disk(ground, command, limit, tmp_path / str(number))
    assert failed >= 20
    print(f"{failed} full disks: data lost 0, stubs left 0")


@pytest.mark.parametrize("rounds", [1, pytest.param(10, marks=pytest.mark.long)])
def test_four_commands_at_once(ground, tmp_path, rounds):
    folder, tables, _, _ = ground
    more = write_tables(tmp_path / "more", followers=500)
    refused = 0
    for number in range(rounds):
        scenes = [prepare("sync", folder / "base", tmp_path / f"round{number}", tables)]
        workspace = scenes[0].workspace
        commands = [
            ["add", str(more), "--partial"],
            ["report", "ego", "--json"],
            ["export", str(scenes[0].folder / "out" / "tables")],
            ["label", "p99", "person", "--account", "ego"],
        ]
        running = [
            type(scenes[0])(scenes[0].folder, [*command, "--workspace", str(workspace)]).start() for command in commands
        ]
        answers = [(process.communicate(timeout=300)[1], process.returncode) for process in running]
        for command, (said, code) in zip(commands, answers, strict=True):
            assert "Traceback" not in said, said
            assert code == 0 or (code == 1 and "Another process" in said), (command, code, said)
            refused += code
        with Store(workspace) as store:
            snapshots = store.connection.execute("SELECT count(*) FROM snapshots").fetchone()[0]
            labels = store.connection.execute("SELECT count(*) FROM labels").fetchone()[0]
        assert snapshots == 1 + (answers[0][1] == 0)
        assert labels == (answers[3][1] == 0)
    print(f"{4 * rounds} commands, four at once: {refused} refused with one sentence, none lost")


def test_ctrl_c_says_what_was_kept(ground, tmp_path):
    folder, tables, seconds, _ = ground
    for command, words in (("add", "unfinished import was rolled back"), ("forget", MARKER)):
        scene = prepare(command, folder / "base", tmp_path / command, tables)
        process = scene.start()
        time.sleep(0.6 * seconds[command])
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
        assert "Traceback" not in said, said
        if process.returncode == 130 and command == "add":
            assert words in said
        assert process.returncode in (0, 130), (process.returncode, said)
        assert scene.finish()[0] == 0


def test_a_broken_pipe_is_quiet(ground, tmp_path):
    scene = prepare("report", ground[0] / "base", tmp_path / "pipe", ground[1])
    command = shlex.join([sys.executable, "-m", "headcount", "followers", "ego", "--json"])
    process = subprocess.Popen(
        f"{command} --workspace {shlex.quote(str(scene.workspace))} | head -c 10",
        shell=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    _, said = process.communicate(timeout=120)
    assert "Traceback" not in said
