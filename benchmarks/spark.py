"""Spark against the references on 1,000,000 edges, and what the Spark jobs take by edges.

`python -m benchmarks.spark [--engine sail | --engine local[2] | --engine sc://…] [--edges 1,3,10,30] [--folder DIR]`

The parity table compares every result with the one of numpy and scipy. The scaling table gives seconds, and seconds
per million edges, of every job; "flat" means that a larger graph takes at most twice as long an edge as any smaller.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tests.network import spark_references as expected

from headcount.network import expressions
from headcount.network.spark import iterate as spark_iterate
from headcount.network.spark import session as spark

ITERATIONS = 10
JOBS = ("prepare", "account table", "PageRank", "mutual edges", "k-core", "core numbers", "densest block", "components")


def main() -> None:
    """Make the graphs, run the jobs, print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--engine", default="sail", help="sail, a master or an sc:// address [default: %(default)s]")
    parser.add_argument("--edges", default="1,3,10,30", help="millions [default: %(default)s]")
    parser.add_argument("--memory", default="4g", help="of the driver, for a local master [default: %(default)s]")
    parser.add_argument("--folder", type=Path, help="where data and checkpoints go [default: a temporary folder]")
    options = parser.parse_args()
    sizes = [round(float(word) * 1e6) for word in options.edges.split(",")]
    with tempfile.TemporaryDirectory(dir=options.folder) as temporary, engine(options) as session:
        folder = Path(temporary)
        print(f"{options.engine}, {os.cpu_count()} cores, PageRank {ITERATIONS} rounds\n")
        parity(session, folder)
        scaling(session, folder, sizes)


@contextmanager
def engine(options: argparse.Namespace) -> Iterator:
    """A session; Sail's server is started in this process."""
    if options.engine != "sail":
        session = spark.connect(options.engine, memory=options.memory)
        yield session
        session.stop()
        return
    from pysail.spark import SparkConnectServer

    server = SparkConnectServer()
    server.start(background=True)
    session = spark.connect(f"sc://127.0.0.1:{server.listening_address[1]}")
    yield session
    session.stop()
    server.stop()


def write(folder: Path, edges: int) -> tuple[np.ndarray, np.ndarray]:
    """A follow graph with a planted block, and half as many interactions, as Parquet."""
    rng = np.random.default_rng(edges)
    source, target = expected.social_edges(rng, edges // 15, edges, block=(400, 400, 0.4))
    pq.write_table(pa.table({"follower_id": source, "followee_id": target}), folder / "follows.parquet")
    some = rng.integers(0, len(source), edges // 2)
    kinds = pa.array(np.array(["reply", "like"])[rng.integers(0, 2, len(some))])
    table = pa.table({"actor_id": source[some], "target_id": target[some], "kind": kinds})
    pq.write_table(table, folder / "interactions.parquet")
    return source, target


def parity(session, folder: Path, edges: int = 1_000_000) -> None:
    """Every result beside the one computed in memory."""
    import duckdb

    source, target = expected.clean(*write(folder, edges))
    count = int(max(source.max(), target.max())) + 1
    print(f"{'parity on ' + format(len(source), ',') + ' edges':34} {'Spark':>16} {'reference':>16}   difference")
    paths = [str(folder / f"{name}.parquet") for name in ("follows", "interactions")]
    with spark.work_folder(session, folder) as work:
        graph = spark.prepare(session.read.parquet(paths[0]), work)
        line("edges", graph.counts.edges, len(source), graph.counts.edges != len(source))
        local = expressions.account_table(*(duckdb.read_parquet(path) for path in paths)).to_native()
        remote = expressions.account_table(*(session.read.parquet(path) for path in paths)).to_native().toArrow()
        table = local.to_arrow_table().sort_by("account_id")
        equal = table.equals(remote.cast(table.schema).sort_by("account_id"))
        line("account table (DuckDB), rows", remote.num_rows, table.num_rows, 0 if equal else "differs")
        people = np.unique(np.concatenate([source, target]))
        numbers = np.searchsorted(people, source), np.searchsorted(people, target)
        rank = by_account(spark_iterate.pagerank(graph, iterations=ITERATIONS).table, "rank", count)[people]
        reference = expected.pagerank(*numbers, len(people), ITERATIONS)
        line("PageRank, largest", rank.max(), reference.max(), f"{np.abs(rank / reference - 1).max():.1e} relative")
        parity_of_groups(graph, source, target, count, people, numbers)
    print(flush=True)


def parity_of_groups(graph, source, target, count, people, numbers) -> None:
    """Components, cores and the block."""
    component = by_account(spark_iterate.connected_components(graph), "component", count)[people]
    reference = people[expected.components(*numbers, len(people))]
    line("components", *(len(np.unique(c)) for c in (component, reference)), (component != reference).sum())
    ties = spark_iterate.mutual_edges(graph)
    mutual = expected.mutual(source, target, count)
    line("mutual edges", ties.count(), len(mutual[0]), abs(ties.count() - len(mutual[0])))
    cores = np.nan_to_num(by_account(spark_iterate.core_numbers(graph, ties=ties).table, "core", count))
    core = expected.core_numbers(*mutual, count)
    line("core numbers, largest", int(cores.max()), core.max(), f"{(cores != core).sum()} accounts")
    size = spark_iterate.k_core(graph, 3, ties=ties).count()
    line("3-core, accounts", size, (core >= 3).sum(), abs(size - (core >= 3).sum()))
    block = spark_iterate.densest_block(graph)
    line("densest block, g", block.score, expected.densest_block(source, target, count, 0.1)[0], "batch peeling")
    greedy = exact_peeling(source, target, count)
    if greedy is not None:
        line("  beside the exact greedy order", block.score, greedy, f"{greedy / block.score:.3f} times, allowed 2.2")


def exact_peeling(source, target, count) -> float | None:
    """g of the local kernel, one account at a time: at least half of the optimum."""
    from headcount.graph.graph import Graph
    from headcount.graph.groups.dense_blocks import dense_blocks

    graph = Graph.from_edges(source, target, ids=np.arange(count))
    return dense_blocks(graph.followees, graph.followers)[0].score


def line(what: str, ours, theirs, difference) -> None:
    """A line of the parity table."""
    shown = (f"{n:,}" if isinstance(n, int | np.integer) else f"{n:.9f}" for n in (ours, theirs))
    print(f"{what:34} {next(shown):>16} {next(shown):>16}   {difference}", flush=True)


def by_account(frame, column: str, count: int) -> np.ndarray:
    """A result as an array by account number."""
    rows = frame.toArrow()
    out = np.full(count, np.nan)
    out[rows["account_id"].to_numpy()] = rows[column].to_numpy()
    return out


def scaling(session, folder: Path, sizes: list[int]) -> None:
    """Seconds of every job by edges."""
    taken = {}
    for size in sizes:
        write(folder, size)
        taken[size] = jobs(session, folder)
        took = ", ".join(f"{job} {seconds:.1f}" for job, seconds in taken[size].items())
        print(f"{size:,} edges: {took} s; peak {peak_gb():.1f} GB so far", flush=True)
    print(
        f"\n{'seconds per million edges':26}" + "".join(f"{size // 10**6:>9} M" for size in sizes) + "   largest rise"
    )
    for job in JOBS:
        per = [taken[size][job] / (size / 1e6) for size in sizes]
        rise = max(later / earlier for i, earlier in enumerate(per) for later in per[i:])
        print(f"{job:26}" + "".join(f"{p:11.2f}" for p in per) + f"   {rise:.2f} {'flat' if rise <= 2 else 'NOT flat'}")


def jobs(session, folder: Path) -> dict[str, float]:
    """Each job once; results are counted where they are, not fetched."""
    taken = {}

    @contextmanager
    def clock(job: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        taken[job] = time.perf_counter() - started

    follows, interactions = (session.read.parquet(str(folder / f"{n}.parquet")) for n in ("follows", "interactions"))
    with spark.work_folder(session, folder) as work:
        with clock("prepare"):
            graph = spark.prepare(follows, work)
        with clock("account table"):
            work.keep(expressions.account_table(follows, interactions).to_native(), "table")
        with clock("PageRank"):
            spark_iterate.pagerank(graph, iterations=ITERATIONS)
        with clock("mutual edges"):
            ties = spark_iterate.mutual_edges(graph)
        with clock("k-core"):
            spark_iterate.k_core(graph, 3, ties=ties)
        with clock("core numbers"):
            spark_iterate.core_numbers(graph, ties=ties)
        with clock("densest block"):
            spark_iterate.densest_block(graph)
        with clock("components"):
            spark_iterate.connected_components(graph)
    return taken


def peak_gb() -> float:
    """Largest memory of this process and of the JVM that it started, so far."""
    import resource

    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    children = Path(f"/proc/self/task/{threading.get_native_id()}/children")
    peak = own
    if children.exists():
        for child in children.read_text().split():
            status = Path(f"/proc/{child}/status").read_text()
            peak = max(peak, *(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmHWM")))
    return peak / 1024**2


if __name__ == "__main__":
    main()
