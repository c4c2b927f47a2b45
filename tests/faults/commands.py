"""Commands that are killed, run out of disk or run at once, and what must hold afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from headcount.store.store import Store
from headcount.tables import TABLES

MARKER = "zebulon-marker"
FOLLOWERS = 8_000
COMMANDS = ("add", "sync", "report", "export", "forget", "label")


def write_tables(folder: Path, followers: int = FOLLOWERS) -> Path:
    """Tidy tables of one account that is large enough for a command to be interrupted in the middle."""
    folder.mkdir(parents=True)
    people = range(2, followers + 2)
    with (folder / "accounts.csv").open("w") as file:
        file.write("account_id,handle,followers_count,observed_at\n")
        file.write(f"x:1,ego,{followers},2026-10-01T00:00:00Z\nx:2,{MARKER},5,2026-10-01T00:00:00Z\n")
        file.writelines(f"x:{n},p{n},{n % 900},2026-10-01T00:00:00Z\n" for n in people[1:])
    with (folder / "follows.csv").open("w") as file:
        file.write("follower_id,followee_id,observed_at\n")
        file.writelines(f"x:{n},x:1,2026-10-01T00:00:00Z\n" for n in people)
    with (folder / "posts.csv").open("w") as file:
        file.write("post_id,author_id,created_at,text\n")
        file.writelines(f"x:{900_000_000 + d},x:1,2026-09-{d:02}T12:00:00Z,post {d}\n" for d in range(2, 30))
    with (folder / "interactions.csv").open("w") as file:
        file.write("actor_id,target_id,kind,post_id,created_at\n")
        file.writelines(
            f"x:{2 + (7 * n) % followers},x:1,reply,x:{900_000_002 + n % 28},2026-09-{2 + n % 28:02}T15:00:00Z\n"
            for n in range(3_000)
        )
    return folder


def unmeasured_environment() -> dict[str, str]:
    """The environment without the measuring of coverage, which writes files of its own on the disk that is full."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


@dataclass(frozen=True)
class Scene:
    """A workspace before a command, and the command.

    Attributes:
        folder: holds `ws`, and what the command writes in `out`.
        arguments: of the command.
    """

    folder: Path
    arguments: list[str]

    @property
    def workspace(self) -> Path:
        return self.folder / "ws"

    def start(self, **more) -> subprocess.Popen[str]:
        """Run the command in a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "headcount", *self.arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=unmeasured_environment() | {"COLUMNS": "80"},
            **more,
        )

    def finish(self) -> tuple[int, str]:
        """Run it to its end: exit code and what it said on standard error."""
        process = self.start()
        _, said = process.communicate(timeout=300)
        return process.returncode, said

    def outputs(self) -> list[str]:
        """Names under which something lies beside the workspace."""
        return sorted(path.name for path in (self.folder / "out").iterdir())

    def stubs(self) -> list[str]:
        """What was left under a temporary name."""
        marks = (".part", ".fresh", ".new", ".tmp")
        return sorted(path.name for path in self.folder.rglob("*") if any(mark in path.name for mark in marks))


def prepare(command: str, base: Path, folder: Path, tables: Path) -> Scene:
    """A copy of the base workspace (where the command needs one), and the command on it."""
    (folder / "out").mkdir(parents=True)
    if command != "add":
        shutil.copytree(base, folder / "ws")
    out = folder / "out"
    arguments = {
        "add": ["add", str(tables)],
        "sync": ["sync"],
        "report": ["report", "ego", "--html", str(out / "page.html")],
        "export": ["export", str(out / "tables"), "--format", "csv"],
        "forget": ["forget", MARKER, "--yes"],
        "label": ["label", "p77", "person", "--account", "ego"],
    }[command]
    return Scene(folder, [*arguments, "--workspace", str(folder / "ws")])


def state_of(workspace: Path) -> str | None:
    """A digest of everything that the workspace holds; None where nothing was imported into it yet."""
    if not (workspace / "headcount.duckdb").exists():
        return None
    with Store(workspace) as store:
        con = store.connection
        if con.execute("SELECT count(*) FROM snapshots").fetchone() == (0,):
            return None
        content = [con.execute(f"SELECT * FROM {table.name} ORDER BY ALL").fetchall() for table in TABLES]
        content.append(con.execute("SELECT account_id, label FROM labels ORDER BY ALL").fetchall())
        content.append(con.execute("SELECT count(*) FROM snapshots").fetchall())
    return hashlib.sha256(json.dumps(content, default=str).encode()).hexdigest()


def holds_marker(folder: Path) -> bool:
    """Does any file hold the name of the account that was forgotten?"""
    return any(MARKER.encode() in file.read_bytes() for file in folder.rglob("*") if file.is_file())
