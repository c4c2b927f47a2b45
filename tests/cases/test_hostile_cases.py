"""Every file of ../shared/cases/hostile: one sentence, the right exit code, bounded time and memory.

The files were found by fuzzing or made to do harm: values of another type than a platform sends, a repository that is
no tree, a zip that unpacks to gigabytes, escape sequences in names.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "cases" / "hostile"
MAX_SECONDS, MAX_BYTES = 10, 1 << 30

EXPECTED = {
    "account199.zip": (1, "unpacks to more than"),
    "dag.car": (1, "not a tree"),
    "e": (1, "is not a time"),
    "e2": (0, None),
    "fuzz/api_bsky/0_x.landing": (0, None),
    "fuzz/api_bsky/2_x.landing": (1, "is damaged"),
    "fuzz/api_bsky/4_x.landing": (1, "contains no profile"),
    "fuzz/api_bsky/6_x.landing": (1, "options"),
    "fuzz/api_masto/0_x.landing": (0, None),
    "fuzz/api_masto/2_x.landing": (0, None),
    "fuzz/api_masto/4_x.landing": (0, None),
    "fuzz/api_x/0_x.landing": (0, None),
    "fuzz/api_x/2_x.landing": (1, "is damaged"),
    "fuzz/car/0_repo.car": (1, "malformed node"),
    "fuzz/car/2_repo.car": (1, "malformed node"),
    "fuzz/car/4_repo.car": (1, "malformed node"),
    "fuzz/marchive/0_archive-20260301095812-abc": (1, "is not a valid account address"),
    "fuzz/marchive/0_archive-20260301095812-abc.tar.gz": (1, "is not a valid account address"),
    "fuzz/minet/0_post-liked-by.csv.gz": (1, "cannot be unpacked"),
}
"""Path -> exit code, and a part of the sentence; None: it is imported, and what cannot be read is left out."""


@pytest.fixture(scope="module")
def folder() -> Path:
    if not FOLDER.is_dir():
        pytest.skip("the hostile cases are absent: put them at ../shared/cases/hostile")
    return FOLDER


def test_no_case_is_forgotten(folder):
    found = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.suffix != ".txt" and not any(parent.name.startswith(("e", "0_archive")) for parent in path.parents)
    }
    assert {name for name in found if (folder / name).is_file()} - EXPECTED.keys() == set()


_MEASURED = """
import resource, subprocess, sys
limits = {resource.RLIMIT_CPU: 30, resource.RLIMIT_AS: 6 << 30}  # threads reserve addresses that they never use
def bound():
    for limit, value in limits.items():
        resource.setrlimit(limit, (value, value))
done = subprocess.run([sys.executable, "-m", "headcount", *sys.argv[1:]], preexec_fn=bound, stdin=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print("USED", used.ru_maxrss * 1024, used.ru_utime + used.ru_stime)
sys.exit(done.returncode)
"""


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own; the last line of its output tells the peak of memory and its CPU seconds.

    CPU seconds and not those of the clock, as other tests run at the same time.
    """
    command = [sys.executable, "-c", _MEASURED, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_each_ends_with_one_sentence_in_bounded_time_and_memory(name, folder, tmp_path):
    workspace = tmp_path / "workspace"
    done = _run("add", "--workspace", str(workspace), str(folder / name))
    code, fragment = EXPECTED[name]
    output, _, used = done.stdout.rpartition("USED ")
    peak, seconds = map(float, used.split())
    assert done.returncode == code, done.stderr
    assert peak <= MAX_BYTES
    assert seconds <= MAX_SECONDS
    assert "Traceback" not in done.stderr
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", output + done.stderr)
    if fragment is None:
        assert not done.stderr
        return
    first, *more = done.stderr.splitlines()
    assert first.startswith("headcount: ")
    assert fragment in first
    assert first.count(" Hint: ") == 1
    assert all(line.startswith("  ") for line in more)  # further rows of a list that cannot be read
    assert "Nothing" in done.stdout or not output.strip()
    assert _rows(workspace) == 0


def _rows(workspace: Path) -> int:
    """What a failed import has left in the workspace."""
    if not (workspace / "headcount.duckdb").exists():
        return 0
    import duckdb

    con = duckdb.connect(str(workspace / "headcount.duckdb"), read_only=True)
    tables = ("accounts", "follows", "posts", "interactions", "snapshots")
    return sum(con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in tables)
