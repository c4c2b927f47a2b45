"""Graphs on disk: every form of input gives the graph that was put in; wrong input leaves nothing behind."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
import time

import networkx as nx
import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from tests.faults.commands import unmeasured_environment

from headcount.errors import HeadcountError, InputError, UsageError
from headcount.graph.convert import graph_of
from headcount.graph.graph import Graph, open_graph
from headcount.network.build import build_graph


def drawn(seed=0, n=300, m=4000):
    """Follows with duplicates and self-loops."""
    rng = np.random.default_rng(seed)
    return rng.integers(0, n, m), (rng.random(m) ** 2 * n).astype(np.int64)


def write(path, u, v, names=("follower_id", "followee_id")):
    table = pl.DataFrame({names[0]: u, names[1]: v})
    if path.suffix == ".parquet":
        table.write_parquet(path)
    elif path.suffix == ".txt":
        lines = "\n".join(f"{a}\t{b}" for a, b in zip(u, v, strict=True))
        path.write_text(f"# Directed graph\n# FromNodeId\tToNodeId\n{lines}\n")
    elif path.suffix == ".gz":
        path.write_bytes(gzip.compress(table.write_csv().encode()))
    else:
        table.write_csv(path)
    return path


def same(found: Graph, u, v):
    """The graph on disk holds exactly these follows."""
    ids = np.asarray(found.ids)
    rows = np.repeat(np.arange(found.count), np.diff(found.followees.offsets))
    pairs = set(zip(ids[rows].tolist(), ids[found.followees.targets].tolist(), strict=True))
    assert pairs == {(a, b) for a, b in zip(np.asarray(u).tolist(), np.asarray(v).tolist(), strict=True) if a != b}
    assert found.edges == len(pairs)
    back = np.repeat(np.arange(found.count), np.diff(found.followers.offsets))
    assert pairs == set(zip(ids[found.followers.targets].tolist(), ids[back].tolist(), strict=True))
    for rows in (found.followees, found.followers):
        for node in range(found.count):
            assert (np.diff(rows.row(node).astype(np.int64)) > 0).all()


FORMS = ["follows.parquet", "follows.csv", "follows.csv.gz", "edges.txt"]
IDS = {
    "numbers": lambda n: np.arange(n),
    "numbers far apart": lambda n: np.sort(np.random.default_rng(1).integers(0, 2**62, n)),
    "to 2^63 - 1": lambda n: 2**63 - 1 - np.arange(n),
    "texts": lambda n: np.array([f"x:{number}" for number in range(n)]),
}


@pytest.mark.parametrize("ids", IDS)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("memory", [None, 20_000])
def test_every_form_gives_the_graph_that_was_put_in(form, ids, memory, tmp_path):
    u, v = drawn()
    names = IDS[ids](300)
    file = write(tmp_path / form, names[u], names[v])
    built = build_graph(file, tmp_path / "graph", memory=memory)
    found = open_graph(tmp_path / "graph")
    same(found, names[u], names[v])
    loops = int((u == v).sum())
    distinct = len({(a, b) for a, b in zip(u.tolist(), v.tolist(), strict=True) if a != b})
    assert (built.rows, built.self_loops, built.follows) == (4000, loops, distinct)
    assert built.duplicates == 4000 - loops - distinct
    assert built.accounts == found.count == len(set(u.tolist()) | set(v.tolist()))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["graph", form])


def test_pieces_of_a_table(tmp_path):
    u, v = drawn()
    folder = tmp_path / "pieces"
    folder.mkdir()
    for piece in range(4):
        write(folder / f"{piece}.parquet", u[piece::4], v[piece::4], ("source", "target"))
    build_graph(folder, tmp_path / "graph")
    same(open_graph(tmp_path / "graph"), u, v)


def test_a_graph_that_is_there_is_replaced(tmp_path):
    for seed in (1, 2):
        u, v = drawn(seed)
        build_graph(write(tmp_path / "follows.parquet", u, v), tmp_path / "graph")
        same(open_graph(tmp_path / "graph"), u, v)


@pytest.mark.parametrize("form", FORMS)
def test_no_follows(form, tmp_path):
    built = build_graph(write(tmp_path / form, np.zeros(0, int), np.zeros(0, int)), tmp_path / "graph")
    assert (built.accounts, built.follows) == (0, 0)
    assert open_graph(tmp_path / "graph").count == 0


def test_nothing_but_one_account_that_follows_itself(tmp_path):
    built = build_graph(write(tmp_path / "f.csv", np.array([7, 7]), np.array([7, 7])), tmp_path / "graph")
    assert (built.accounts, built.follows, built.self_loops) == (1, 0, 2)


def test_all_duplicates(tmp_path):
    built = build_graph(write(tmp_path / "f.parquet", np.full(5000, 3), np.full(5000, 9)), tmp_path / "graph")
    assert (built.accounts, built.follows, built.duplicates) == (2, 1, 4999)


@pytest.mark.parametrize("leaves", [1_000_000, pytest.param(10_000_000, marks=pytest.mark.long)])
def test_a_star(leaves, tmp_path):
    build_graph(write(tmp_path / "f.parquet", np.arange(1, leaves + 1), np.zeros(leaves, int)), tmp_path / "graph")
    found = open_graph(tmp_path / "graph")
    assert found.edges == leaves
    assert np.array_equal(found.followers.row(0), np.arange(1, leaves + 1))


@pytest.mark.parametrize("size", [1000, pytest.param(5000, marks=pytest.mark.long)])
def test_a_clique(size, tmp_path):
    u, v = (side.ravel() for side in np.meshgrid(np.arange(size), np.arange(size)))
    built = build_graph(write(tmp_path / "f.parquet", u, v), tmp_path / "graph")
    assert (built.follows, built.self_loops) == (size * (size - 1), size)


WRONG = {
    "negative": ("f.csv", "follower_id,followee_id\n1,2\n-3,4\n", "negative"),
    "negative edge list": ("e.txt", "1 2\n-3 4\n", "e.txt:2: follower «-3» is negative"),
    "missing": ("f.csv", "follower_id,followee_id\n1,2\n3,\n", "f.csv:3: followee_id is missing"),
    "a text": ("readme.txt", "This is a text.\nIt has lines.\n", "not an edge list"),
    "one number a line": ("e.txt", "1\n2\n", "a list of ids"),
    "other columns": ("f.csv", "a,b,c\n1,2,3\n", "no columns follower_id"),
    "no Parquet": ("f.parquet", "PAR1 nothing", "cannot be read"),
    "fractions": ("f.csv", "follower_id,followee_id\n1.5,2.5\n", "«1.5» is not an id"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_said_in_a_sentence_and_leaves_nothing(case, tmp_path):
    name, content, told = WRONG[case]
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match=told):
        build_graph(tmp_path / name, tmp_path / "graph")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_picture_is_no_edge_list(tmp_path):
    (tmp_path / "p.txt").write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(4000))
    with pytest.raises(HeadcountError):
        build_graph(tmp_path / "p.txt", tmp_path / "graph")
    assert [path.name for path in tmp_path.iterdir()] == ["p.txt"]


def test_no_file(tmp_path):
    with pytest.raises(UsageError, match="There is no file"):
        build_graph(tmp_path / "f.csv", tmp_path / "graph")


BUILD = """
import resource, sys
from pathlib import Path
from headcount.errors import HeadcountError
from headcount.network.build import build_graph
if sys.argv[3] != "0":
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), resource.RLIM_INFINITY))
try:
    build_graph(Path(sys.argv[1]), Path(sys.argv[2]), memory=1_000_000)
except HeadcountError as error:
    raise SystemExit(f"{type(error).__name__}: {error}")
"""


@pytest.mark.sampled(1)
@pytest.mark.parametrize("most", [20_000, 300_000, 1_500_000])
def test_a_full_disk_leaves_the_graph_that_was_there(most, tmp_path):
    u, v = drawn(n=20_000, m=400_000)
    old = build_graph(write(tmp_path / "old.parquet", *drawn()), tmp_path / "graph")
    file = write(tmp_path / "f.parquet", u, v)
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(file), str(tmp_path / "graph"), str(most)],
        capture_output=True,
        text=True,
        env=unmeasured_environment(),
    )
    assert done.returncode == 1
    assert "The disk is full" in done.stderr
    assert "Traceback" not in done.stderr
    assert open_graph(tmp_path / "graph").edges == old.follows
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.parquet", "graph", "old.parquet"]


def test_a_killed_build_goes_on(tmp_path):
    u, v = drawn(n=50_000, m=3_000_000)
    file = write(tmp_path / "f.parquet", u, v)
    command = [sys.executable, "-c", BUILD, str(file), str(tmp_path / "graph"), "0"]
    killed = 0
    for wait in (0.8, 1.3, 1.8):
        process = subprocess.Popen(command)
        time.sleep(wait)
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert killed
    subprocess.run(command, check=True)
    found = open_graph(tmp_path / "graph")
    keys = np.unique(u[u != v] * 50_000 + v[u != v])
    rows = np.repeat(np.asarray(found.ids), np.diff(found.followees.offsets))
    assert np.array_equal(np.sort(rows * 50_000 + np.asarray(found.ids)[found.followees.targets]), keys)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.parquet", "graph"]


def test_a_build_of_other_files_starts_anew(tmp_path):
    work = tmp_path / ".graph.building"
    work.mkdir()
    (work / "state.json").write_text(json.dumps({"source": "other", "spilled": True, "accounts": 5}))
    u, v = drawn()
    build_graph(write(tmp_path / "f.parquet", u, v), tmp_path / "graph")
    same(open_graph(tmp_path / "graph"), u, v)


def test_graphs_of_other_libraries():
    u, v = drawn(n=40, m=200)
    named = nx.DiGraph()
    named.add_edges_from((f"x:{a}", f"x:{b}") for a, b in zip(u, v, strict=True))
    same(graph_of(named), [f"x:{a}" for a in u], [f"x:{b}" for b in v])
    matrix = sp.coo_array((np.ones(200), (u, v)), shape=(40, 40))
    same(graph_of(matrix), u, v)
    same(graph_of(matrix.tocsr()), u, v)
    same(graph_of((u, v)), u, v)
    both = graph_of(nx.path_graph(4))
    assert both.edges == 6
    with pytest.raises(InputError, match="is not a supported graph"):
        graph_of("follows")
    with pytest.raises(InputError, match="2 by 3"):
        graph_of(sp.csr_array((2, 3)))
