"""The same work by Headcount's kernels and by other libraries, for `benchmarks.kernels`.

Every function of `LIBRARIES` takes a task and the saved arrays, puts them into its library's own form and gives what
is timed; None where the library has no such thing. "build" begins from the list of follows in any order, duplicates
included; ours and networkit's, igraph's and networkx's results have both directions, scipy's and graphblas's one.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["LIBRARIES", "Arrays", "make"]

DAMPING, ITERATIONS = 0.85, 20
FOLLOWS_AN_ACCOUNT = 30
RETURNED = 0.15
CHUNK = 5_000_000
PLANTED, PLANTED_DENSITY = 1000, 0.4
"""Accounts of each side of the dense block."""

Work = tuple[Callable[[], Any], Callable[[Any], np.ndarray]]
"""What is timed, and what makes an array of its result, which is not."""

# The graph


def make(folder: Path, edges: int) -> None:
    """Save both directions and the returned follows as arrays."""
    from headcount.graph.graph import Graph, Rows
    from headcount.graph.mutual import mutual_rows

    folder.mkdir(exist_ok=True)
    count = max(edges // FOLLOWS_AN_ACCOUNT, 2)
    keys = follows(count, edges)
    for name, half in (("edges_source", keys >> np.uint64(32)), ("edges_target", keys & np.uint64(2**32 - 1))):
        np.save(folder / f"{name}.npy", half.astype(np.uint32))
    del half
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
    block = (
        np.random.default_rng(edges + 1).permutation(count)[: max(min(2 * PLANTED, count // 10), 4)].astype(np.uint32)
    )
    source, target = np.meshgrid(*np.split(block, [len(block) // 2]), indexing="ij")
    kept = np.random.default_rng(edges + 2).random(source.shape) < PLANTED_DENSITY
    np.save(folder / "planted.npy", np.stack([source[kept], target[kept]]))


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

    def unsorted(self) -> tuple[np.ndarray, np.ndarray]:
        """The follows as they came, duplicates included."""
        return np.load(self.folder / "edges_source.npy"), np.load(self.folder / "edges_target.npy")

    def with_block(self, task: str) -> tuple[np.ndarray, np.ndarray]:
        """The follows as two lists, for one task with a dense block planted into them."""
        source, target = self.pairs("followees")
        if task == "dense block":
            return source, target
        more = np.load(self.folder / "planted.npy")
        return np.concatenate([source, more[0]]), np.concatenate([target, more[1]])

    @property
    def count(self) -> int:
        """How many accounts."""
        return len(np.load(self.folder / "followees_offsets.npy", mmap_mode="r")) - 1


# Ours


def ours(task: str, arrays: Arrays) -> Work:
    from headcount.graph.components import components
    from headcount.graph.cores import core_numbers
    from headcount.graph.graph import Graph, Rows
    from headcount.graph.groups.dense_blocks import dense_blocks
    from headcount.graph.mutual import mutual_rows
    from headcount.graph.ranks.pagerank import pagerank

    unsorted = arrays.unsorted() if task == "build" else ()
    if task == "build":
        return lambda: Graph.from_edges(*unsorted, np.arange(arrays.count)), lambda graph: np.diff(
            graph.followees.offsets
        )
    if task.startswith("dense block"):
        graph = Graph.from_edges(*arrays.with_block(task), np.arange(arrays.count))
        return lambda: dense_blocks(graph.followees, graph.followers)[0], lambda block: np.array([block.score])
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


def heap(task: str, arrays: Arrays) -> Work | None:
    """Our own plain heap over all accounts, to see what bounding and pruning are worth."""
    from headcount.graph.graph import Graph
    from headcount.graph.groups.dense_blocks import dense_block_by_heap

    if not task.startswith("dense block"):
        return None
    graph = Graph.from_edges(*arrays.with_block(task), np.arange(arrays.count))
    return lambda: dense_block_by_heap(graph.followees, graph.followers), lambda block: np.array([block.score])


# Theirs


def scipy(task: str, arrays: Arrays) -> Work | None:
    from scipy.sparse import coo_array, csr_array
    from scipy.sparse.csgraph import connected_components

    def matrix(name: str, kind: type) -> csr_array:
        offsets, targets = arrays.rows(name)
        indices = (targets.view(np.int32), offsets.astype(np.int32))
        return csr_array((np.ones(len(targets), dtype=kind), *indices), shape=(arrays.count,) * 2)

    if task == "build":
        source, target = arrays.unsorted()
        kept = source != target
        source, target = source[kept].astype(np.int32), target[kept].astype(np.int32)

        def compressed() -> Any:
            pairs = coo_array((np.ones(len(source), np.int8), (source, target)), shape=(arrays.count,) * 2)
            made = pairs.tocsr()
            made.sum_duplicates()
            return made

        return compressed, lambda made: np.diff(made.indptr)
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

    if task == "build":
        source, target = arrays.unsorted()

        def from_list() -> Any:
            made = gb.Matrix.from_coo(source, target, True, nrows=arrays.count, ncols=arrays.count)
            made = made.select(gb.select.offdiag).new()
            made.wait()
            return made

        return from_list, lambda made: np.diff(made.ss.export("csr")["indptr"].astype(np.int64))
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
    if task in ("PageRank 32 bits", "PageRank converged", "mutual edges") or task.startswith("dense"):
        return None
    if task == "build":
        unsorted = arrays.unsorted()

        def from_list() -> Any:
            made = nk.GraphFromCoo(unsorted, n=arrays.count, directed=True)
            made.removeSelfLoops()
            made.removeMultiEdges()
            return made

        return from_list, lambda made: np.array(nk.centrality.DegreeCentrality(made).run().scores())
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

    if task in ("PageRank 32 bits", "PageRank 64 bits") or task.startswith("dense"):
        return None
    if task == "build":
        unsorted = np.column_stack(arrays.unsorted()).astype(np.int64)
        return lambda: Graph(n=arrays.count, edges=unsorted, directed=True).simplify(), lambda made: np.array(
            made.degree(mode="out")
        )
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

    def parts() -> Any:
        getattr(graph, "__invalidate_cache")()  # or the second call tells what the first one found
        return graph.connected_components(mode="weak")

    return parts, lambda made: smallest_of_each(np.array(made.membership))


def networkx(task: str, arrays: Arrays) -> Work | None:
    import networkx as nx

    if task in ("PageRank 32 bits", "PageRank 64 bits", "build") or task.startswith("dense"):
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


def ugfraud(task: str, arrays: Arrays) -> Work | None:
    from scipy.sparse import csr_matrix
    from UGFraud.Detector.Fraudar import logWeightedAveDegree

    if not task.startswith("dense block"):
        return None
    source, target = arrays.with_block(task)
    pairs = csr_matrix((np.ones(len(source)), (source.astype(np.int64), target.astype(np.int64))), (arrays.count,) * 2)
    pairs.data[:] = 1  # a planted follow that was there already
    return lambda: logWeightedAveDegree(pairs), lambda found: np.array([found[1]])


def smallest_of_each(label: np.ndarray) -> np.ndarray:
    """Components named by their smallest node, as ours are."""
    _, first, number = np.unique(label, return_index=True, return_inverse=True)
    return first[number]


LIBRARIES = {f.__name__: f for f in (ours, heap, scipy, graphblas, networkit, igraph, ugfraud, networkx)}
