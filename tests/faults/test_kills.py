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
from tests.faults.commands import COMMANDS, holds_marker, prepare, state_of, write_tables

import headcount as hc
from headcount.errors import UsageError
from headcount.store import store
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


@pytest.mark.sampled(3)
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


def interrupt(scene, moment):
    """Press Ctrl-C after some seconds: the exit code and what was said."""
    process = scene.start(preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    time.sleep(moment)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    return process.returncode, said


@pytest.mark.parametrize("times", [1, pytest.param(25, marks=pytest.mark.long)])
@pytest.mark.parametrize("command", ["add", "forget", "export", "report"])
def test_ctrl_c_says_what_was_kept(ground, tmp_path, command, times):
    folder, tables, seconds, _ = ground
    chance, interrupted, presses = random.Random(f"{command} 13"), 0, 0
    while interrupted < times:
        presses += 1
        assert presses <= 8 * times, "no moment at which the command is at work was found"
        scene = prepare(command, folder / "base", tmp_path / str(presses), tables)
        code, said = interrupt(scene, chance.uniform(0.4, 0.95) * seconds[command])
        assert "Traceback" not in said, said
        if code == -signal.SIGINT:  # still loading: nothing has happened yet
            assert not said
        elif code:
            assert code == 130, said
            assert said.strip().startswith("headcount: interrupted; "), said
            assert command != "add" or "unfinished import was rolled back" in said
            interrupted += 1
        if times == 1:
            again, said = scene.finish()
            assert again == 0 or (command == "export" and code == 0), said
        shutil.rmtree(scene.folder)


INTERRUPTED_IMPORT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
module = sys.argv.pop(1)
sys.addaudithook(lambda event, given: event == "import" and given[0] == module and os.kill(os.getpid(), signal.SIGINT))
from headcount.__main__ import run
run()
"""


@pytest.mark.parametrize(
    ("module", "code", "words"),
    [
        ("headcount.cli.options", -signal.SIGINT, ""),  # nothing has happened yet, nothing is said
        ("duckdb", 130, "headcount: interrupted; the workspace is as it was before."),
        ("_duckdb", 130, "headcount: interrupted; the workspace is as it was before."),
        ("numpy", 130, "headcount: interrupted; the workspace is as it was before."),
    ],
)
def test_ctrl_c_while_a_module_is_loaded(ground, tmp_path, module, code, words):
    scene = prepare("report", ground[0] / "base", tmp_path / "loading", ground[1])
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED_IMPORT, module, *scene.arguments], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr.strip()) == (code, words)


def test_an_interrupt_counts_though_closing_fails(ground, tmp_path, monkeypatch):
    """The interrupt comes after the database was closed and before it was published: nothing hides it."""
    scene = prepare("forget", ground[0] / "base", tmp_path / "hidden", ground[1])
    real, calls = store.publish, []

    def once(*given):
        calls.append(given)
        if len(calls) == 1:
            raise KeyboardInterrupt
        real(*given)

    monkeypatch.setattr(store, "publish", once)
    with pytest.raises(KeyboardInterrupt), Store(scene.workspace, write=True) as opened:
        opened.forget(f"x:{2}")
    assert len(calls) == 2, "the closing publishes what was committed"
    Store(scene.workspace, write=True).close()
    assert not holds_marker(scene.workspace)


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
