"""Prints what the kernels of whole platforms take beside other libraries, on the same graph, in fresh processes.

`python -m benchmarks.kernels [--edges 30000000] [--threads 1] [--only LIBRARY …] [--folder DIR]`

The graph is synthetic: 30 follows an account, popularity and activity by power laws, some follows returned. Every
library gets the same saved arrays, puts them into its own form (shown as "build"), does the work once on a small
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
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

DAMPING, ITERATIONS = 0.85, 20
FOLLOWS_AN_ACCOUNT = 30
RETURNED = 0.15
CHUNK = 5_000_000
MOST_FOR_NETWORKX = 3_000_000
SMALL = 30_000
TASKS = ("PageRank 64 bits", "PageRank 32 bits", "PageRank converged", "mutual edges", "k-core", "components")

Work = tuple[Callable[[], Any], Callable[[Any], np.ndarray]]
"""What is timed, and what makes an array of its result, which is not."""


def main() -> None:
    """Make the graph, run all, print the table; or, inside a fresh process, do one piece of that."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--edges", type=int, default=30_000_000, help="before duplicates go [default: %(default)s]")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="[default: all, %(default)s]")
    parser.add_argument("--limit", type=float, default=120, help="seconds a run, with its build [default: %(default)s]")
    parser.add_argument("--memory", type=float, default=6, help="GB a run [default: %(default)s]")
    parser.add_argument("--only", nargs="+", default=[], help="libraries beside ours [default: all]")
    parser.add_argument("--folder", type=Path, help="where the arrays go [default: a temporary folder]")
    parser.add_argument("--inside", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        inside(*options.inside, options.folder, options.edges)
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        Table(Path(folder), options).print()


# The graph


def make(folder: Path, edges: int) -> None:
    """Save both directions and the returned follows as arrays."""
    from headcount.network.graph import Graph, Rows
    from headcount.network.mutual import mutual_rows

    folder.mkdir(exist_ok=True)
    count = max(edges // FOLLOWS_AN_ACCOUNT, 2)
    keys = follows(count, edges)
    keys.sort()
    keys = keys[np.append(True, keys[1:] != keys[:-1])]
    out = Rows(*as_rows(keys, count))
    np.bitwise_or(keys >> np.uint64(32), keys << np.uint64(32), out=keys)
    keys.sort()
    back = Rows(*as_rows(keys, count))
    del keys
    mutual = mutual_rows(Graph(out, back, np.arange(count)))
    for name, rows in (("followees", out), ("followers", back), ("mutual", mutual)):
        np.save(folder / f"{name}_offsets.npy", rows.offsets)
        np.save(folder / f"{name}_targets.npy", rows.targets)


def follows(count: int, edges: int) -> np.ndarray:
    """Random follows as 64-bit keys: the follower in the upper half."""
    rng = np.random.default_rng(edges)
    number = rng.permutation(count).astype(np.uint64)
    made = []
    for begin in range(0, edges, CHUNK):
        size = min(CHUNK, edges - begin)
        u = number[(rng.random(size) ** 1.7 * count).astype(np.int64)]
        v = number[(rng.random(size) ** 3 * count).astype(np.int64)]
        returned = int(size * RETURNED / (1 + RETURNED))
        u[:returned], v[:returned] = v[-returned:], u[-returned:].copy()
        made.append(((u << np.uint64(32)) | v)[u != v])
    return np.concatenate(made)


def as_rows(keys: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    bounds = np.arange(count + 1, dtype=np.uint64) << np.uint64(32)
    return np.searchsorted(keys, bounds).astype(np.int64), keys.astype(np.uint32)


@dataclass(frozen=True)
class Arrays:
    """The saved graph, read as it is needed."""

    folder: Path

    def rows(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Offsets and targets of followees, followers or mutual."""
        return tuple(np.load(self.folder / f"{name}_{part}.npy") for part in ("offsets", "targets"))  # type: ignore[return-value]

    def pairs(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """The same as two lists of nodes; of mutual follows each pair once."""
        offsets, targets = self.rows(name)
        source = np.repeat(np.arange(len(offsets) - 1, dtype=np.uint32), np.diff(offsets))
        kept = source < targets if name == "mutual" else slice(None)
        return source[kept], targets[kept]

    @property
    def count(self) -> int:
        """How many accounts."""
        return len(np.load(self.folder / "followees_offsets.npy", mmap_mode="r")) - 1


# Ours


def ours(task: str, arrays: Arrays) -> Work:
    from headcount.network.components import components
    from headcount.network.cores import core_numbers
    from headcount.network.graph import Graph, Rows
    from headcount.network.mutual import mutual_rows
    from headcount.network.pagerank import pagerank

    if task == "k-core":
        mutual = Rows(*arrays.rows("mutual"))
        return lambda: core_numbers(mutual), np.asarray
    out = Rows(*arrays.rows("followees"))
    if task == "components":
        return lambda: components(out), np.asarray
    graph = Graph(out, Rows(*arrays.rows("followers")), np.empty(0))
    if task == "mutual edges":
        return lambda: mutual_rows(graph), lambda rows: np.diff(rows.offsets)
    if task == "PageRank converged":
        return lambda: pagerank(graph, iterations=1000, tolerance=1e-10, exact=True), np.asarray
    return lambda: pagerank(graph, iterations=ITERATIONS, exact=task == "PageRank 64 bits"), np.asarray


# Theirs


def scipy(task: str, arrays: Arrays) -> Work | None:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    def matrix(name: str, kind: type) -> csr_array:
        offsets, targets = arrays.rows(name)
        indices = (targets.view(np.int32), offsets.astype(np.int32))
        return csr_array((np.ones(len(targets), dtype=kind), *indices), shape=(arrays.count,) * 2)

    if task.startswith("PageRank") and task != "PageRank converged":
        kind = np.float64 if task == "PageRank 64 bits" else np.float32
        back, given = matrix("followers", kind), np.diff(arrays.rows("followees")[0])
        return lambda: power_iteration(back, given, kind), np.asarray
    if task == "mutual edges":
        out, back = matrix("followees", np.int8), matrix("followers", np.int8)
        return lambda: out.multiply(back), lambda both: np.diff(both.tocsr().indptr)
    if task == "components":
        out = matrix("followees", np.float64)  # its own kind: any other is copied
        return lambda: connected_components(out, connection="weak")[1], smallest_of_each
    return None


def power_iteration(back: Any, given: np.ndarray, kind: type) -> np.ndarray:
    """PageRank by products of a sparse matrix and a vector."""
    count, dangling = len(given), given == 0
    inverse = (DAMPING / np.maximum(given, 1)).astype(kind)
    rank = np.full(count, 1 / count, dtype=kind)
    for _ in range(ITERATIONS):
        rest = (1 - DAMPING + DAMPING * float(rank[dangling].sum(dtype=np.float64))) / count
        rank = back @ (rank * inverse)
        rank += kind(rest)
    return rank


def graphblas(task: str, arrays: Arrays) -> Work | None:
    import graphblas as gb

    gb.ss.config["nthreads"] = int(os.environ["OMP_NUM_THREADS"])

    def matrix(name: str, kind: type) -> Any:
        offsets, targets = (part.astype(np.uint64) for part in arrays.rows(name))
        form = {"indptr": offsets, "col_indices": targets, "values": np.ones(1, dtype=kind), "is_iso": True}
        return gb.Matrix.ss.import_csr(
            nrows=arrays.count, ncols=arrays.count, sorted_cols=True, take_ownership=True, **form
        )

    if task.startswith("PageRank") and task != "PageRank converged":
        kind = np.float64 if task == "PageRank 64 bits" else np.float32
        back, given = matrix("followers", kind), np.diff(arrays.rows("followees")[0])
        return lambda: graphblas_pagerank(back, given, kind), lambda rank: rank.to_dense(0)
    if task == "mutual edges":
        out, back = matrix("followees", np.bool_), matrix("followers", np.bool_)

        def both() -> Any:
            made = out.ewise_mult(back, gb.binary.pair).new()
            made.wait()
            return made

        return both, lambda made: np.diff(made.ss.export("csr")["indptr"].astype(np.int64))
    return None


def graphblas_pagerank(back: Any, given: np.ndarray, kind: type) -> Any:
    """As LAGraph does it: the next ranks begin as the constant, and what is pulled is added."""
    import graphblas as gb

    count, nobody = len(given), np.flatnonzero(given == 0)
    inverse = gb.Vector.from_dense((DAMPING / np.maximum(given, 1)).astype(kind))
    dangling = gb.Vector.from_coo(nobody, np.ones(1, dtype=kind).repeat(len(nobody)), size=count)
    rank = gb.Vector.from_dense(np.full(count, 1 / count, dtype=kind))
    for _ in range(ITERATIONS):
        lost = float(dangling.ewise_mult(rank, gb.binary.second).reduce(gb.monoid.plus).new().value or 0)
        shares = rank.ewise_mult(inverse, gb.binary.times).new()
        rank[:] = kind((1 - DAMPING + DAMPING * lost) / count)
        rank(gb.binary.plus) << back.mxv(shares, gb.semiring.plus_second)
    rank.wait()
    return rank


def networkit(task: str, arrays: Arrays) -> Work | None:
    import networkit as nk

    nk.setNumberOfThreads(int(os.environ["OMP_NUM_THREADS"]))
    if task in ("PageRank 32 bits", "PageRank converged", "mutual edges"):
        return None
    directed = task != "k-core"
    pairs = arrays.pairs("followees" if directed else "mutual")
    graph = nk.GraphFromCoo(pairs, n=arrays.count, directed=directed)

    def run() -> Any:
        if task == "PageRank 64 bits":
            handling = nk.centrality.SinkHandling.DistributeSinks
            method = nk.centrality.PageRank(graph, damp=DAMPING, tol=1e-300, distributeSinks=handling)
            method.maxIterations = ITERATIONS
            return method.run()
        kinds = {"k-core": nk.centrality.CoreDecomposition, "components": nk.components.WeaklyConnectedComponents}
        return kinds[task](graph).run()

    def parts(method: Any) -> np.ndarray:
        label = np.zeros(arrays.count, dtype=np.int64)
        for number, members in enumerate(method.getComponents()):
            label[members] = number
        return smallest_of_each(label)

    return run, parts if task == "components" else lambda method: np.array(method.scores())


def igraph(task: str, arrays: Arrays) -> Work | None:
    from igraph import Graph

    if task in ("PageRank 32 bits", "PageRank 64 bits"):
        return None
    directed = task != "k-core"
    pairs = np.column_stack(arrays.pairs("followees" if directed else "mutual")).astype(np.int64)
    graph = Graph(n=arrays.count, edges=pairs, directed=directed)
    del pairs
    if task == "PageRank converged":
        return lambda: graph.pagerank(damping=DAMPING), np.array
    if task == "mutual edges":
        return lambda: graph.as_undirected(mode="mutual"), lambda made: np.array(made.degree())
    if task == "k-core":
        return lambda: graph.coreness(), np.array
    return lambda: graph.connected_components(mode="weak"), lambda made: smallest_of_each(np.array(made.membership))


def networkx(task: str, arrays: Arrays) -> Work | None:
    import networkx as nx

    if task in ("PageRank 32 bits", "PageRank 64 bits"):
        return None
    directed = task != "k-core"
    graph = nx.DiGraph() if directed else nx.Graph()
    graph.add_nodes_from(range(arrays.count))
    graph.add_edges_from(np.column_stack(arrays.pairs("followees" if directed else "mutual")).tolist())

    def in_order(values: dict[int, float]) -> np.ndarray:
        return np.array([values[node] for node in range(arrays.count)])

    if task == "PageRank converged":
        return lambda: nx.pagerank(graph, alpha=DAMPING, tol=1e-10 / arrays.count, max_iter=1000), in_order
    if task == "mutual edges":
        return lambda: graph.to_undirected(reciprocal=True), lambda made: in_order(dict(made.degree()))
    if task == "k-core":
        return lambda: nx.core_number(graph), in_order

    def parts(made: list[set[int]]) -> np.ndarray:
        label = {node: min(part) for part in made for node in part}
        return in_order(label)

    return lambda: list(nx.weakly_connected_components(graph)), parts


def smallest_of_each(label: np.ndarray) -> np.ndarray:
    """Components named by their smallest node, as ours are."""
    _, first, number = np.unique(label, return_index=True, return_inverse=True)
    return first[number]


LIBRARIES = {f.__name__: f for f in (ours, scipy, graphblas, networkit, igraph, networkx)}


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
        columns = f"{'build cpu':>10}{'cpu':>8}{'wall':>8}{'GB':>6}{'ratio':>7}"
        print(f"{'task':19}{'library':11}{columns}  difference from ours")
        for task in TASKS:
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
            print(f"{task:19}{library:11}{found}", flush=True)
            return base
        if library == "ours":
            base = found["cpu"]
        ratio = f"{found['cpu'] / base:7.2f}" if base else f"{'':7}"
        times = f"{found['build']:10.2f}{found['cpu']:8.2f}{found['wall']:8.2f}{found['peak']:6.2f}"
        print(f"{task:19}{library:11}{times}{ratio}  {self.difference(task, library)}", flush=True)
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
        if not task.startswith("PageRank"):
            return f"{apart.max():.0f}"
        return f"{apart.max():.1e} ({(apart / one).max():.1e} relative)"

    def fresh(self, library: str, task: str) -> dict[str, float] | str | None:
        """Figures of a run in a process of its own, why there are none, or None where the library has no such thing."""
        if library == "networkx" and self.options.edges > MOST_FOR_NETWORKX:
            return f"not run above {MOST_FOR_NETWORKX:,} follows"
        threads = str(self.options.threads)
        limits = dict.fromkeys(("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
        command = [sys.executable, "-m", "benchmarks.kernels", "--inside", library, task]
        command += ["--folder", str(self.folder), "--edges", str(self.options.edges)]
        with tempfile.TemporaryFile("w+") as told, tempfile.TemporaryFile("w+") as wrong:
            process = subprocess.Popen(command, stdout=told, stderr=wrong, env={**os.environ, **limits})
            ended = watch(process, np.inf if library == "graph" else self.options.limit, self.options.memory)
            told.seek(0)
            wrong.seek(0)
            last = (told.read().strip().splitlines() or ["{}"])[-1]
            if ended:
                return f"ended: {ended}"
            if process.returncode:
                return f"failed: {(wrong.read().strip().splitlines() or ['no message'])[-1][:120]}"
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
