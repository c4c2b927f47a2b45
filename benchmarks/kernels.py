"""Prints what the kernels of whole platforms take beside other libraries, on the same graph, in fresh processes.

`python -m benchmarks.kernels [--edges 30000000 …] [--threads 1] [--only LIBRARY …] [--tasks TASK …]`

The graph is synthetic: 30 follows an account, popularity and activity by power laws, some follows returned. Every
library gets the same saved arrays, puts them into its own form (shown as "set-up"), does the work once on a small
graph, and then up to three times on the large one; the run with the least processor time is shown. A library that
takes more than --limit seconds or --memory GB is ended, and the table says so. `ratio` is its processor time over
ours. `difference` is the largest from our result (for PageRank from ours in 64 bits), absolute and, for
PageRank, relative too.

"PageRank" is 20 iterations; "converged" runs until nothing moves, for libraries that cannot be told how often. Each
library ends those runs by its own rule, so their times are not those of equal work.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.peers import LIBRARIES, Arrays, make

MAX_FOR_NETWORKX = 3_000_000
SMALL = 30_000
TASKS = (
    "build",
    "PageRank 64 bits",
    "PageRank 32 bits",
    "PageRank converged",
    "mutual edges",
    "k-core",
    "components",
    "dense block",
    "dense block planted",
)


def main() -> None:
    """Make the graph, run all, print the table; or, inside a fresh process, do one piece of that."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--edges", type=int, nargs="+", default=[30_000_000], help="before duplicates go; one table each"
    )
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="[default: all, %(default)s]")
    parser.add_argument("--limit", type=float, default=120, help="seconds a run, with its build [default: %(default)s]")
    parser.add_argument("--memory", type=float, default=6, help="GB a run [default: %(default)s]")
    parser.add_argument("--only", nargs="+", default=[], help="libraries beside ours [default: all]")
    parser.add_argument("--folder", type=Path, help="where the arrays go [default: a temporary folder]")
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=TASKS, help="[default: all]")
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(*options.inside, options.folder, options.edges[0])
        return
    for edges in options.edges:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            Table(Path(folder), options, edges).print()


# One run, and the table of all


def inside(library: str, task: str, folder: Path, edges: int) -> None:
    """In a fresh process: the graph, or one task of one library; figures go to standard output."""
    if library == "graph":
        make(folder / "large", edges)
        make(folder / "small", SMALL)
        return
    small = LIBRARIES[library](task, Arrays(folder / "small"))
    if small is None:
        print("null")
        return
    small[1](small[0]())
    begun = time.process_time()
    run, finish = LIBRARIES[library](task, Arrays(folder / "large"))  # type: ignore[misc]
    build = time.process_time() - begun
    times = []
    while len(times) < 3 and sum(wall for _, wall in times) < 15:
        result = None
        cpu, wall = time.process_time(), time.perf_counter()
        result = run()
        times.append((time.process_time() - cpu, time.perf_counter() - wall))
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1e6 * 1.024
    np.save(folder / f"{library} {task}.npy", finish(result))
    best = min(times)
    print(json.dumps({"build": build, "cpu": best[0], "wall": best[1], "peak": peak, "runs": len(times)}))


@dataclass(frozen=True)
class Table:
    """All runs on one graph, one line each."""

    folder: Path
    options: argparse.Namespace
    edges: int

    def print(self) -> None:
        """Make the graph, run, print."""
        done = self.fresh("graph", "")
        if isinstance(done, str):
            raise SystemExit(f"the graph cannot be made: {done}")
        arrays = Arrays(self.folder / "large")
        edges, ties = (len(np.load(arrays.folder / f"{n}_targets.npy", mmap_mode="r")) for n in ("followees", "mutual"))
        print(
            f"{arrays.count:,} accounts, {edges:,} follows, {ties / edges:.0%} of them returned; threads: "
            f"{self.options.threads} of {os.cpu_count()} cores; times in seconds, least of up to 3 runs\n"
        )
        columns = f"{'set-up cpu':>10}{'cpu':>8}{'wall':>8}{'GB':>6}{'ratio':>7}"
        print(f"{'task':20}{'library':11}{columns}  difference from ours")
        for task in self.options.tasks:
            base: float | None = None
            for library in LIBRARIES:
                if library != "ours" and self.options.only and library not in self.options.only:
                    continue
                base = self.line(task, library, base)

    def line(self, task: str, library: str, base: float | None) -> float | None:
        """Run and print one line; our processor time."""
        found = self.fresh(library, task)
        if found is None:
            return base
        if isinstance(found, str):
            print(f"{task:20}{library:11}{found}", flush=True)
            return base
        if library == "ours":
            base = found["cpu"]
        ratio = f"{found['cpu'] / base:7.2f}" if base else f"{'':7}"
        times = f"{found['build']:10.2f}{found['cpu']:8.2f}{found['wall']:8.2f}{found['peak']:6.2f}"
        print(f"{task:20}{library:11}{times}{ratio}  {self.difference(task, library)}", flush=True)
        return base

    def difference(self, task: str, library: str) -> str:
        """From our result, the largest."""
        reference = "PageRank 64 bits" if task == "PageRank 32 bits" else task
        ours_file, theirs = (self.folder / f"{name}.npy" for name in (f"ours {reference}", f"{library} {task}"))
        if ours_file == theirs:
            return "-"
        if not ours_file.exists():
            return "unknown: ours is not there"
        one, two = np.load(ours_file).astype(float), np.load(theirs).astype(float)
        apart = np.abs(one - two)
        if task.startswith("dense"):
            return f"{(apart / one).max():.1e} of the density"
        if not task.startswith("PageRank"):
            return f"{apart.max():.0f}"
        return f"{apart.max():.1e} ({(apart / one).max():.1e} relative)"

    def fresh(self, library: str, task: str) -> dict[str, float] | str | None:
        """Figures of a run in a process of its own, why there are none, or None where the library has no such thing."""
        if library == "networkx" and self.edges > MAX_FOR_NETWORKX:
            return f"not run above {MAX_FOR_NETWORKX:,} follows"
        threads = str(self.options.threads)
        limits = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
        command = [sys.executable, "-m", "benchmarks.kernels", "--inside", library, task]
        command += ["--folder", str(self.folder), "--edges", str(self.edges)]
        with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as wrong:
            process = subprocess.Popen(command, stdout=told, stderr=wrong, env={**os.environ, **limits})
            ended = watch(process, np.inf if library == "graph" else self.options.limit, self.options.memory)
            told.seek(0)
            wrong.seek(0)
            last = (told.read().strip().splitlines() or ["{}"])[-1]
            if ended:
                return f"ended: {ended}"
            if process.returncode:
                said = wrong.read().strip().splitlines() or ["no message"]
                return "not installed" if said[-1].startswith("ModuleNotFoundError") else f"failed: {said[-1][:120]}"
        found: dict[str, float] | None = json.loads(last)
        return found


def watch(process: subprocess.Popen[bytes], limit: float, memory: float) -> str | None:
    """Wait for a process; end it, and say why, when it takes too long or too much."""
    begun, why = time.perf_counter(), None
    while process.poll() is None:
        try:
            resident = Path(f"/proc/{process.pid}/statm").read_text().split()[1]
        except (OSError, IndexError):
            break
        if int(resident) * os.sysconf("SC_PAGE_SIZE") > memory * 1e9:
            why = f"more than {memory:g} GB"
        elif time.perf_counter() - begun > limit:
            why = f"more than {limit:g} s"
        if why:
            process.kill()
            break
        time.sleep(0.02)
    process.wait()
    return why


if __name__ == "__main__":
    main()
