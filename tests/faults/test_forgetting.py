"""`forget` deletes for good, also where it is interrupted, and no concurrent writer is lost."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import headcount as hc
from headcount.errors import StoreBusy, StoreError
from headcount.store.store import _FRESH_NAME, Store
from headcount.store.verdicts import FOLDER_NAME

MARKER = "zebulon-marker"


@pytest.fixture
def tables(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    accounts = [
        {"account_id": "x:1", "handle": "ego", "followers_count": 2},
        {"account_id": "x:2", "handle": MARKER, "bio": f"I am {MARKER}"},
        {"account_id": "x:3", "handle": "bea", "bio": f"Friend of @{MARKER} and www.x.com/{MARKER}, not {MARKER}son"},
    ]
    follows = [{"follower_id": f"x:{n}", "followee_id": "x:1"} for n in (2, 3)]
    posts = [
        {"post_id": "x:10", "author_id": "x:1", "text": f"Thanks @{MARKER.upper()}! @{MARKER}_2 too"},
        {"post_id": "x:11", "author_id": "x:2", "text": "hello"},
    ]
    for name, rows in (("accounts", accounts), ("follows", follows), ("posts", posts)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def bytes_of(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def test_the_handle_is_taken_out_of_what_others_wrote(tables, tmp_path):
    workspace = hc.open(tmp_path / "ws")
    workspace.add(tables)
    workspace.forget(MARKER)
    with Store(tmp_path / "ws") as store:
        (text,) = store.connection.execute("SELECT text FROM posts").fetchone()
        (bio,) = store.connection.execute("SELECT bio FROM accounts WHERE account_id = 'x:3'").fetchone()
    assert text == f"Thanks [forgotten]! @{MARKER}_2 too", "another handle that begins alike stays"
    assert bio == f"Friend of [forgotten] and [forgotten], not {MARKER}son"


def stored_verdicts(folder: Path) -> list[Path]:
    return sorted((folder / FOLDER_NAME).glob("*"))


def write_verdicts(folder: Path, tables: Path) -> None:
    """Import the tables, and store the verdicts on the followers, of whom the account is one."""
    workspace = hc.open(folder)
    workspace.add(tables)
    assert MARKER in [row.handle for row in workspace.followers("ego")]
    assert len(stored_verdicts(folder)) == 1


def test_stored_verdicts_are_removed(tables, tmp_path):
    folder = tmp_path / "ws"
    write_verdicts(folder, tables)
    (folder / FOLDER_NAME / "half.part").write_bytes(b"of a process that was killed")
    hc.open(folder).forget(MARKER)
    assert not (folder / FOLDER_NAME).exists()
    assert MARKER not in [row.handle for row in hc.open(folder).followers("ego")]


def test_stored_verdicts_are_removed_at_the_next_opening_where_that_was_interrupted(tables, tmp_path, monkeypatch):
    folder = tmp_path / "ws"
    write_verdicts(folder, tables)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "_rewrite", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            hc.open(folder).forget(MARKER)
    assert stored_verdicts(folder)
    Store(folder).close()
    assert not stored_verdicts(folder)


def test_stored_verdicts_that_cannot_be_removed_are_an_error_and_removed_later(tables, tmp_path, monkeypatch):
    folder = tmp_path / "ws"
    write_verdicts(folder, tables)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "iterdir", lambda self: (_ for _ in ()).throw(PermissionError(13, "Permission denied")))
        with pytest.raises(StoreError, match=r"stored verdicts .* cannot be deleted: Permission denied"):
            hc.open(folder).forget(MARKER)
    Store(folder, write=True).close()
    assert not stored_verdicts(folder)


@pytest.mark.parametrize("at", ["before the file is written", "before the file is checked"])
def test_verdicts_computed_while_an_account_is_forgotten_are_not_kept(tables, tmp_path, monkeypatch, at):
    from headcount.workspace import verdicts

    folder = tmp_path / "ws"
    hc.open(folder).add(tables)
    name = "write_verdicts" if at == "before the file is written" else "_state_of"
    real = getattr(verdicts, name)

    def late(*given):
        hc.open(folder).forget(MARKER)
        return real(*given)

    monkeypatch.setattr(verdicts, name, late)
    rows = hc.open(folder).followers("ego")
    assert MARKER in [row.handle for row in rows], "they were computed before"
    assert not stored_verdicts(folder)


def test_verdicts_are_not_kept_while_another_process_writes(tables, tmp_path, monkeypatch):
    """Whether it forgets an account cannot be known then."""
    from headcount.workspace import verdicts

    def busy(*_given, **_named):
        raise StoreBusy("Another process has the workspace open.")

    folder = tmp_path / "ws"
    hc.open(folder).add(tables)
    monkeypatch.setattr(verdicts, "Store", busy)
    assert len(hc.open(folder).followers("ego")) == 2
    assert not stored_verdicts(folder)


def test_forgetting_again_is_no_error(tables, tmp_path, capsys):
    from headcount.cli.main import main

    hc.open(tmp_path / "ws").add(tables)
    arguments = ["forget", MARKER, "--yes", "--workspace", str(tmp_path / "ws")]
    assert main(arguments) == 0
    assert main(arguments) == 0
    assert "Nothing about" in capsys.readouterr().out
    assert hc.open(tmp_path / "ws").forget("x:2") == dict.fromkeys(
        ("accounts", "account_history", "follows", "posts", "interactions"), 0
    )


@pytest.mark.parametrize("reader_first", [False, True])
def test_what_was_interrupted_is_finished_at_the_next_opening(tables, tmp_path, monkeypatch, reader_first):
    folder = tmp_path / "ws"
    hc.open(folder).add(tables)
    with monkeypatch.context() as patch:
        patch.setattr(Store, "_rewrite", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            hc.open(folder).forget(MARKER)
    (folder / _FRESH_NAME).write_bytes(b"half of a file")
    with Store(folder, write=not reader_first) as store:
        assert store.connection.execute("SELECT count(*) FROM accounts").fetchone() == (2,)
    assert not (folder / _FRESH_NAME).exists()
    assert MARKER.encode() not in bytes_of(folder).replace(f"{MARKER}_2".encode(), b"").replace(
        f"{MARKER}son".encode(), b""
    )


def test_a_full_disk_while_rewriting_loses_nothing_and_is_finished_later(tables, tmp_path, monkeypatch):
    import duckdb

    folder = tmp_path / "ws"
    hc.open(folder).add(tables)
    real = Store._rewrite

    def full(self):
        from headcount.store.connection import _as_store_errors

        with _as_store_errors(self.path):
            raise duckdb.IOException("IO Error: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "_rewrite", full)
        with pytest.raises(StoreError, match="No space left"):
            hc.open(folder).forget(MARKER)
        with Store(folder) as store:  # a reader works in the meantime
            assert store.connection.execute("SELECT count(*) FROM accounts").fetchone() == (2,)
    assert Store._rewrite is real
    Store(folder, write=True).close()
    assert b"hello" not in bytes_of(folder)


def test_a_writer_excludes_others_until_it_is_closed(tables, tmp_path):
    folder = tmp_path / "ws"
    hc.open(folder).add(tables)
    with Store(folder, write=True), pytest.raises(StoreBusy, match="Another process"):
        subprocess_like(folder)
    Store(folder, write=True).close()


def subprocess_like(folder):
    """Opens the workspace for writing in another process and raises what that process raised."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(_open_for_writing, (str(folder),))


def _open_for_writing(folder):
    Store(folder, write=True).close()


def test_an_add_during_a_forget_waits_or_is_refused_but_never_vanishes(tables, tmp_path):
    """Many rounds of both at once: every add that reported success is there afterwards."""
    folder = tmp_path / "ws"
    hc.open(folder).add(tables)
    code = "import sys; from headcount.cli.main import main; sys.exit(main(sys.argv[1:]))"
    added = []
    for number in range(4):
        more = tmp_path / f"more{number}"
        more.mkdir()
        (more / "accounts.csv").write_text(f"account_id,handle\nx:{100 + number},new{number}\n")
        (more / "follows.csv").write_text(f"follower_id,followee_id\nx:{100 + number},x:1\n")
        commands = [["forget", MARKER, "--yes"], ["add", str(more), "--partial"]]
        running = [
            subprocess.Popen(
                [sys.executable, "-c", code, *command, "--workspace", str(folder)],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for command in commands
        ]
        answers = [(process.communicate()[1], process.returncode) for process in running]
        assert all("Traceback" not in text for text, _ in answers)
        if answers[1][1] != 0:
            assert "Another process" in answers[1][0], "it was refused, and nothing else went wrong"
            hc.open(folder).add(more, whole_lists=False)
        added.append(f"new{number}")
    with Store(folder) as store:
        handles = {row[0] for row in store.connection.execute("SELECT handle FROM accounts").fetchall()}
    assert set(added) <= handles


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.2])
def test_a_killed_forget_leaves_no_trace_after_the_next_opening(tables, tmp_path, delay):
    folder = tmp_path / "ws"
    hc.open(folder).add(tables)
    code = (
        "import sys, time; from headcount.store.store import Store; real = Store._rewrite\n"
        "def slow(self):\n print('deleted', flush=True); time.sleep(float(sys.argv[2])); real(self); time.sleep(9)\n"
        "Store._rewrite = slow\nimport headcount as hc; hc.open(sys.argv[1]).forget('x:2')"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(folder), "0.1"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"deleted\n"
    time.sleep(delay)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with Store(folder) as store:
        assert store.connection.execute("SELECT count(*) FROM accounts").fetchone() == (2,)
    assert b"hello" not in bytes_of(folder)
    assert not list(folder.glob("*.fresh*"))
