"""Prints one table: what Headcount takes at full size, in fresh processes, beside a pandas script on the same data.

`python -m benchmarks [--followers 1000000] [--interactions 10000000] [--folder DIR]`

The pandas script answers far less (distinct responders a post window, nothing else): it is the floor that a
hand-written analysis of the same files pays, not a competitor.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

PANDAS_SCRIPT = """
import sys
import pandas as pd
folder = sys.argv[1]
follows = pd.read_parquet(f"{folder}/follows.parquet")
posts = pd.read_parquet(f"{folder}/posts.parquet")
interactions = pd.read_parquet(f"{folder}/interactions.parquet")
posts = posts[posts.created_at > posts.created_at.max() - pd.Timedelta(days=56)]
answers = interactions[interactions.post_id.isin(posts.post_id) & interactions.actor_id.isin(follows.follower_id)]
captures = answers.drop_duplicates(["actor_id", "post_id"]).groupby("actor_id").size()
print(len(captures), int(captures.sum()))
"""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    work: str
    seconds: float
    peak_mb: float
    aim: str


def timed(work: str, command: list[str], aim: str, *, repeat: int = 1) -> Row:
    """Run a command in a fresh process; the best time and the largest memory of the repeats."""
    best, peak = float("inf"), 0.0
    for _ in range(repeat):
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        best = min(best, time.perf_counter() - started)
        peak = max(peak, usage.ru_maxrss / 1024)
        if os.waitstatus_to_exitcode(status) != 0:
            raise SystemExit(f"{' '.join(command)} failed")
    return Row(work, best, peak, aim)


def main() -> None:
    """Make the data, time each step, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--followers", type=int, default=1_000_000)
    parser.add_argument("--interactions", type=int, default=10_000_000)
    parser.add_argument("--people", type=int, default=100_000, help="of the simulated platform")
    parser.add_argument("--folder", type=Path, help="where the data goes [default: a temporary folder]")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        rows = list(measure(folder, options))
    print(f"\n{'work':58} {'seconds':>9} {'peak MB':>9}   aim")
    for row in rows:
        print(f"{row.work:58} {row.seconds:9.2f} {row.peak_mb:9.0f}   {row.aim}")
    print(f"\n{os.cpu_count()} cores; Python {sys.version.split()[0]}; fresh processes, wall time.")


def measure(folder: Path, options: argparse.Namespace):
    """Each step in turn."""
    python, tables, workspace = sys.executable, str(folder / "tables"), str(folder / "workspace")
    headcount = [python, "-m", "headcount"]
    yield timed("headcount --help", [*headcount, "--help"], "under 0.3 s", repeat=7)
    world = [
        python,
        "-m",
        "headcount.simulate",
        "--people",
        str(options.people),
        "--folder",
        str(folder / "world"),
    ]
    yield timed(f"simulate {options.people:,} accounts, 5 million follows, as Parquet", world, "under 60 s")
    size = f"{options.followers:,} followers, {options.interactions:,} interactions"
    make = (
        "from headcount.simulate import big_account; from pathlib import Path; "
        f"big_account(Path({tables!r}), followers={options.followers}, interactions={options.interactions})"
    )
    yield timed(f"generate {size}", [python, "-c", make], "")
    yield timed(f"headcount add ({size})", [*headcount, "add", tables, "--workspace", workspace], "under 60 s")
    accounts = subprocess.run(
        [*headcount, "accounts", "--workspace", workspace, "--json"],
        capture_output=True,
        text=True,
        check=True,
    )
    ego = json.loads(accounts.stdout)[0]["account_id"]
    report = [*headcount, "report", ego, "--workspace", workspace]
    yield timed("headcount report --json", [*report, "--json"], "under 10 s, under 3,000 MB")
    page = str(folder / "report.html")
    yield timed("headcount report --html", [*report, "--html", page], "under 10 s, under 3,000 MB")
    yield Row(f"  the page: {Path(page).stat().st_size / 1e6:.2f} MB", 0, 0, "under 3 MB for 10,000 followers")
    judge = [*headcount, "authenticity", ego, "--workspace", workspace, "--json"]
    yield timed("headcount authenticity --json (every follower judged)", judge, "under 10 s")
    for verb in ("ties", "question"):
        yield timed(
            f"headcount {verb} --json", [*headcount, verb, ego, "--workspace", workspace, "--json"], "under 3 s"
        )
    few = [*headcount, "followers", ego, "--limit", "20", "--window", "55d", "--workspace", workspace]
    yield timed("headcount followers --limit 20, first call of that window", few, "under 10 s")
    yield timed("headcount followers --limit 20 again: the stored list", few, "under 1 s", repeat=3)
    yield timed("pandas: distinct responders only, from the Parquet files", [python, "-c", PANDAS_SCRIPT, tables], "")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert own < 500


if __name__ == "__main__":
    main()
