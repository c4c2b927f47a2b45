"""The Spark jobs against numpy and scipy, the table measures on DuckDB against Spark, and hostile graphs.

They run on Sail, a Spark Connect server within this process. `spark_jvm` runs the same tests once more on Spark's
own JVM, in a process of its own: Spark allows only one of both in a process. `HEADCOUNT_SPARK=local[2]` (or any
other address) does so by hand.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.network import spark_references as expected

from headcount.errors import HeadcountError, InputError, UsageError
from headcount.network import expressions

pytest.importorskip("pyspark", reason="Spark is not installed: pip install 'headcount[spark]'")

from headcount.network.spark import iterate as jobs
from headcount.network.spark import session as engine

pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
    pytest.mark.xdist_group("spark"),
]

WHERE = os.environ.get("HEADCOUNT_SPARK")
FULL = int(os.environ.get("HEADCOUNT_SPARK_EDGES", 1_000_000))


@pytest.fixture(scope="session")
def session():
    if WHERE:
        yield engine.connect(WHERE, memory="3g", partitions=4)
        return
    sail = pytest.importorskip("pysail.spark", reason="Sail is not installed: pip install pysail")
    server = sail.SparkConnectServer()
    server.start(background=True)
    connected = engine.connect(f"sc://127.0.0.1:{server.listening_address[1]}")
    yield connected
    connected.stop()  # First, or it asks a server that is gone, for minutes.
    server.stop()


@pytest.fixture
def work(session, tmp_path):
    with engine.work_folder(session, tmp_path / "work") as checkpoints:
        yield checkpoints


def table(session, folder: Path, name: str, **columns):
    """Columns as a data frame of Spark, by way of Parquet."""
    path = folder / f"{name}.parquet"
    pq.write_table(pa.table(columns), path)
    return session.read.parquet(str(path))


def graph_of(work, folder, source, target, **options):
    frame = table(work.session, folder, "edges", follower_id=source, followee_id=target)
    return engine.prepare(frame, work, **options)


def by_account(frame, column):
    """A result as {account_id: value}."""
    return {row["account_id"]: row[column] for row in frame.collect()}


def values(frame, column, count):
    """A result as an array by account number, NaN where it has no row."""
    rows = frame.toArrow()
    out = np.full(count, np.nan)
    out[rows["account_id"].to_numpy()] = rows[column].to_numpy()
    return out


def whole(*numbers):
    return pa.array(numbers, pa.int64())


def random_edges(seed, count=60, edges=400):
    rng = np.random.default_rng(seed)
    return expected.social_edges(rng, count, edges)


@pytest.mark.parametrize("seed", range(2))
def test_small_graphs_agree_with_the_references(work, tmp_path, seed):
    count = 60
    source, target = random_edges(seed)
    graph = graph_of(work, tmp_path, source, target, accounts=accounts_of(work, tmp_path, count))
    source, target = expected.clean(source, target)
    ranks = jobs.pagerank(graph, iterations=5)
    np.testing.assert_allclose(
        values(ranks.table, "rank", count), expected.pagerank(source, target, count, 5), rtol=1e-9
    )
    ties = jobs.undirected_edges(graph)
    core = expected.core_numbers(*expected.undirected(source, target), count)
    numbers = jobs.core_numbers(graph, ties=ties)
    assert numbers.exact
    np.testing.assert_array_equal(np.nan_to_num(values(numbers.table, "core", count)), core)
    k = int(np.median(core[core > 0]))
    members = by_account(jobs.k_core(graph, k, ties=ties), "ties")
    assert set(members) == set(np.flatnonzero(core >= k))
    assert min(members.values()) >= k
    np.testing.assert_array_equal(
        values(jobs.connected_components(graph), "component", count), expected.components(source, target, count)
    )


def accounts_of(work, folder, count):
    return table(work.session, folder, "accounts", account_id=np.arange(count))


@pytest.mark.parametrize("seed", range(3))
def test_the_block_is_within_its_factor_of_the_best_by_brute_force(work, tmp_path, seed):
    rng = np.random.default_rng(seed)
    side = 7
    matrix = rng.random((side, side)) < rng.uniform(0.2, 0.8)
    source, target = np.nonzero(matrix)
    found = jobs.densest_block(graph_of(work, tmp_path, source, target + side), tolerance=0.25)
    weighted = matrix / np.log(matrix.sum(axis=0) + 5)
    subsets = ((np.arange(1, 2**side)[:, None] >> np.arange(side)) & 1).astype(float)
    best = (subsets @ weighted @ subsets.T / (subsets.sum(1)[:, None] + subsets.sum(1)[None, :])).max()
    assert found.factor == 2.5
    assert best / found.factor - 1e-9 <= found.score <= best + 1e-9
    members = found.members.collect()
    rows = [row["account_id"] for row in members if row["side"] == "source"]
    columns = [row["account_id"] - side for row in members if row["side"] == "target"]
    inside = weighted[np.ix_(rows, columns)]
    assert found.score == pytest.approx(inside.sum() / (len(rows) + len(columns)), rel=1e-8)
    assert (found.sources, found.targets, found.follows) == (len(rows), len(columns), (inside > 0).sum())


def test_a_complete_block_alone_has_the_golden_score(work, tmp_path):
    source, target = np.nonzero(np.ones((20, 10)))
    found = jobs.densest_block(graph_of(work, tmp_path, source, target + 20))
    assert found.score == pytest.approx(200 / np.log(25) / 30, abs=1e-8)
    assert (found.sources, found.targets, found.follows) == (20, 10, 200)


def test_ranks_follow_the_weights(work, tmp_path):
    rng = np.random.default_rng(4)
    source, target = expected.clean(*random_edges(4))
    weight = rng.integers(1, 50, len(source)).astype(float)
    halves = {"actor_id": np.tile(source, 2), "target_id": np.tile(target, 2), "weight": np.tile(weight / 2, 2)}
    frame = table(work.session, tmp_path, "weights", **halves)
    graph = engine.prepare(
        frame,
        work,
        source="actor_id",
        target="target_id",
        weight="weight",
        accounts=accounts_of(work, tmp_path, 60),
    )
    assert graph.counts.duplicates == len(source)
    found = values(jobs.pagerank(graph, iterations=4).table, "rank", 60)
    np.testing.assert_allclose(found, expected.pagerank(source, target, 60, 4, weight=weight), rtol=1e-9)
    assert not np.allclose(found, expected.pagerank(source, target, 60, 4), rtol=1e-3)


def test_rounds_end_when_nothing_moves_and_are_reported(work, tmp_path):
    graph = graph_of(work, tmp_path, whole(1, 2), whole(2, 1))
    seen = []
    ranks = jobs.pagerank(graph, tolerance=1e-12, progress=lambda number, moved: seen.append((number, moved)))
    assert by_account(ranks.table, "rank") == {1: 0.5, 2: 0.5}
    assert (ranks.iterations, ranks.moved) == (1, 0.0)
    assert seen == [(1, 0.0)]


def test_core_numbers_that_stop_early_are_bounds_from_above(work, tmp_path):
    chain = np.arange(20)
    graph = graph_of(work, tmp_path, chain, chain + 1)
    found = jobs.core_numbers(graph, ties=jobs.undirected_edges(graph), most_rounds=2)
    assert not found.exact
    cores = by_account(found.table, "core")
    assert set(cores.values()) == {1, 2}
    assert len(cores) == 21


def test_text_ids_give_what_numbers_give(work, tmp_path):
    source, target = random_edges(7, 40, 120)
    named = [np.array([f"x:{i:03}" for i in side]) for side in (source, target)]
    plain = graph_of(work, tmp_path, source, target)
    with engine.work_folder(work.session, tmp_path / "text") as other:
        text = graph_of(other, tmp_path, *named)
        assert text.counts == plain.counts
        for job, column in (
            (jobs.connected_components, "component"),
            (lambda g: jobs.k_core(g, 2), "ties"),
            (lambda g: jobs.pagerank(g, iterations=2).table, "rank"),
        ):
            numbers = {f"x:{k:03}": v for k, v in by_account(job(plain), column).items()}
            if column == "component":
                numbers = {k: f"x:{v:03}" for k, v in numbers.items()}
            assert by_account(job(text), column) == pytest.approx(numbers)
        sides = {(row["account_id"], row["side"]) for row in jobs.densest_block(text).members.collect()}
    assert sides == {(f"x:{row['account_id']:03}", row["side"]) for row in jobs.densest_block(plain).members.collect()}


def test_ids_above_the_largest_long_are_kept_apart(work, tmp_path):
    large = [pa.array(map(Decimal, ids), pa.decimal128(20)) for ids in ((2**63, 2**63 + 1), (2**63 + 1, 2**64 - 1))]
    graph = graph_of(work, tmp_path, *large)
    assert graph.counts.accounts == 3
    found = by_account(jobs.connected_components(graph), "component")
    assert {int(name) for name in found} == {2**63, 2**63 + 1, 2**64 - 1}
    assert len(set(found.values())) == 1


def test_what_is_left_out_is_counted(work, tmp_path):
    source = whole(1, 1, 1, 2, 3, None, 4)
    target = whole(2, 2, 2, 2, 1, 1, None)
    graph = graph_of(work, tmp_path, source, target)
    assert graph.counts == engine.GraphCounts(rows=7, missing=2, self_follows=1, duplicates=2, edges=2, accounts=3)
    local = expressions.follow_counts(duckdb.from_arrow(pa.table({"follower_id": source, "followee_id": target})))
    assert local.to_native().fetchall() == [(7, 2, 1, 2, 2)]


def test_an_empty_graph_and_one_account(work, tmp_path):
    nobody = graph_of(work, tmp_path, whole(), whole())
    assert nobody.counts == engine.GraphCounts(0, 0, 0, 0, 0, 0)
    one = graph_of(work, tmp_path, whole(5), whole(5), accounts=table(work.session, tmp_path, "one", account_id=[5]))
    assert one.counts == engine.GraphCounts(1, 0, 1, 0, 0, 1)
    for graph, members in ((nobody, []), (one, [5])):
        assert list(by_account(jobs.pagerank(graph, iterations=3).table, "rank").items()) == [(m, 1.0) for m in members]
        assert by_account(jobs.connected_components(graph), "component") == {m: m for m in members}
        assert jobs.k_core(graph, 1).count() == 0
        assert jobs.core_numbers(graph).table.count() == 0
        assert jobs.densest_block(graph) is None


def test_wrong_tables_are_named(work, tmp_path):
    frame = table(work.session, tmp_path, "wrong", follower_id=[1.5], followee_id=[2.5], weight=[0.0], a=[1], b=[2])
    with pytest.raises(InputError, match=r"no column 'from'; there are: follower_id"):
        engine.prepare(frame, work, source="from")
    with pytest.raises(InputError, match="type double"):
        engine.prepare(frame, work)
    with pytest.raises(InputError, match="1 weights are missing or not above 0"):
        engine.prepare(frame, work, source="a", target="b", weight="weight")
    with pytest.raises(InputError, match="no column 'account_id'"):
        engine.prepare(frame, work, source="a", target="b", accounts=frame)


def test_wrong_calls_are_told(work, tmp_path):
    graph = graph_of(work, tmp_path, whole(1), whole(2))
    with pytest.raises(UsageError, match="Damping"):
        jobs.pagerank(graph, damping=1.0)
    with pytest.raises(UsageError, match="k = 0"):
        jobs.k_core(graph, 0)
    with pytest.raises(UsageError, match="above 0"):
        jobs.densest_block(graph, tolerance=0)


@pytest.mark.parametrize("where", ["http://somewhere", "sc://", "sc://host:port", "mesos://a"])
def test_an_address_that_is_none(where):
    with pytest.raises(UsageError, match="is not a valid Spark address"):
        engine.connect(where)


def test_an_address_where_nobody_answers():
    with pytest.raises(HeadcountError, match=r"Cannot connect to Spark at sc://127\.0\.0\.1:1\."):
        engine.connect("sc://127.0.0.1:1")


def test_a_work_folder_that_cannot_be_written(session, tmp_path):
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(UsageError, match="cannot be written"),
        engine.work_folder(session, tmp_path / "file" / "work"),
    ):
        pass


def test_the_work_folder_is_removed_and_holds_few_tables(session, tmp_path):
    with engine.work_folder(session, tmp_path) as work:
        graph = graph_of(work, tmp_path, *random_edges(1))
        jobs.pagerank(graph, iterations=6)
        assert len(list(Path(work.folder).glob("ranks-*"))) == 2
        assert Path(work.folder).parent == tmp_path
    assert not list(tmp_path.glob("headcount-*"))


def frames(seed, count, rows):
    rng = np.random.default_rng(seed)
    source, target = expected.social_edges(rng, count, rows)
    kinds = np.array(["reply", "mention", "like", "bookmark"])[rng.integers(0, 4, rows)]
    mixed = rng.integers(0, 2, rows).astype(bool)
    follows = pa.table({"follower_id": source, "followee_id": target})
    actor = np.where(mixed, source[:rows], rng.integers(0, count + 20, rows))
    interactions = pa.table({"actor_id": actor, "target_id": target[:rows], "kind": kinds})
    return follows, interactions


@pytest.mark.parametrize("text", [False, True])
def test_the_account_table_is_equal_on_duckdb_and_on_spark(session, tmp_path, text):
    follows, interactions = frames(2, 300, 4000)
    if text:
        follows, interactions = (
            pa.table(
                {n: c if n == "kind" else c.cast(pa.string()) for n, c in zip(t.column_names, t.columns, strict=True)}
            )
            for t in (follows, interactions)
        )
    assert_equal_tables(session, tmp_path, follows, interactions)


def assert_equal_tables(session, folder, follows, interactions):
    for name, data in (("follows", follows), ("interactions", interactions)):
        pq.write_table(data, folder / f"{name}.parquet")
    local = expressions.account_table(duckdb.from_arrow(follows), duckdb.from_arrow(interactions))
    remote = expressions.account_table(
        *(session.read.parquet(str(folder / f"{name}.parquet")) for name in ("follows", "interactions"))
    )
    ours = local.to_native().to_arrow_table().sort_by("account_id")
    theirs = remote.to_native().toArrow().cast(ours.schema).sort_by("account_id")
    assert ours.equals(theirs)
    return ours


def test_the_account_table_by_its_definition():
    follows, interactions = frames(5, 40, 300)
    rows = expressions.account_table(duckdb.from_arrow(follows), duckdb.from_arrow(interactions)).to_native()
    names = rows.columns
    found = {row[0]: dict(zip(names, row, strict=True)) for row in rows.fetchall()}
    edges = {(a, b) for a, b in zip(*(c.to_pylist() for c in follows.columns), strict=True) if a != b}
    talk = [row for row in zip(*(c.to_pylist() for c in interactions.columns), strict=True) if row[0] != row[1]]
    got = [row for row in talk if row[2] != "bookmark"]
    assert set(found) == {v for edge in edges for v in edge} | {row[1] for row in got}
    for account, row in found.items():
        followers = {a for a, b in edges if b == account}
        followees = {b for a, b in edges if a == account}
        heard = [a for a, b, _ in got if b == account]
        replies = sum(1 for a, b, kind in talk if a == account and b in followees and kind == "reply")
        counts = (len(followers), len(followees), len(followers & followees), len(heard), len(set(heard)), replies)
        assert counts == tuple(
            row[n] for n in ("followers", "followees", "mutual", "responses", "responders", "replies")
        )
        assert row["responding_followers"] == len(set(heard) & followers)
        per = 1000 / len(followers) if followers else None
        assert row["responders_per_1000"] == (None if per is None else pytest.approx(per * len(set(heard))))
        assert row["reciprocity"] == (pytest.approx(len(followers & followees) / len(followees)) if followees else None)
        assert row["replies_per_follow"] == (pytest.approx(replies / len(followees)) if followees else None)


def test_the_table_measures_of_empty_tables(session, tmp_path):
    follows = pa.table({"follower_id": whole(), "followee_id": whole()})
    interactions = pa.table({"actor_id": whole(), "target_id": whole(), "kind": pa.array([], pa.string())})
    assert assert_equal_tables(session, tmp_path, follows, interactions).num_rows == 0
    counted = expressions.follow_counts(session.read.parquet(str(tmp_path / "follows.parquet")))
    assert [tuple(row) for row in counted.to_native().collect()] == [(0, 0, 0, 0, 0)]


def test_a_million_edges_agree_with_the_references(work, tmp_path):
    count = FULL // 10
    rng = np.random.default_rng(11)
    source, target = expected.social_edges(rng, count, FULL, block=(60, 60, 0.6))
    graph = graph_of(work, tmp_path, source, target)
    source, target = expected.clean(source, target)
    assert graph.counts.edges == len(source)
    people = np.unique(np.concatenate([source, target]))
    assert graph.counts.accounts == len(people)
    # Accounts without an edge are in no result: the references see the others only.
    numbers = np.searchsorted(people, source), np.searchsorted(people, target)
    rank = values(jobs.pagerank(graph, iterations=5).table, "rank", count)[people]
    np.testing.assert_allclose(rank, expected.pagerank(*numbers, len(people), 5), rtol=1e-9)
    component = values(jobs.connected_components(graph), "component", count)[people]
    np.testing.assert_array_equal(component, people[expected.components(*numbers, len(people))])
    ties = jobs.mutual_edges(graph)
    mutual = expected.mutual(source, target, count)
    assert ties.count() == len(mutual[0])
    core = expected.core_numbers(*mutual, count)
    found = jobs.core_numbers(graph, ties=ties)
    assert found.exact
    np.testing.assert_array_equal(np.nan_to_num(values(found.table, "core", count)), core)
    assert jobs.k_core(graph, 3, ties=ties).count() == (core >= 3).sum()
    block = jobs.densest_block(graph)
    score, rows, columns = expected.densest_block(source, target, count, 0.1)
    assert block.score == score
    sides = block.members.toArrow()
    accounts, side = sides["account_id"].to_numpy(), sides["side"].to_numpy(zero_copy_only=False)
    np.testing.assert_array_equal(np.sort(accounts[side == "source"]), rows)
    np.testing.assert_array_equal(np.sort(accounts[side == "target"]), columns)


def test_the_example_of_the_docs_runs(session, tmp_path, monkeypatch):
    """The page's own code, with this session and a folder of this machine for the cluster's."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "network-on-spark.md").read_text(encoding="utf-8")
    source = re.search(r"^```py\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[1].replace("s3a://platform", str(tmp_path))
    for name, table in zip(("follows", "interactions"), frames(5, 60, 500), strict=True):
        (tmp_path / name).mkdir()
        pq.write_table(table, tmp_path / name / "part.parquet")
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(engine, "connect", lambda where: session)
    exec(compile(source, "network-on-spark.md", "exec"), {})
    for name in ("ranks", "cores", "components"):
        assert session.read.parquet(str(tmp_path / name)).count() > 0


@pytest.mark.spark_jvm
@pytest.mark.skipif(bool(WHERE), reason="these tests already run on the Spark that HEADCOUNT_SPARK names")
def test_all_of_this_on_the_jvm(tmp_path):
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=str(Path(home) / "bin") if home else None) is None:
        pytest.skip("there is no Java: install Java 17 or newer (JAVA_HOME) to test on Spark's own JVM")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("SPARK_", "PYTEST_", "COV_"))
    }
    environment |= {"HEADCOUNT_SPARK": "local[2]"}
    command = [sys.executable, "-m", "pytest", str(Path(__file__)), "-m", "not spark_jvm", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, "-n", "0", "--basetemp", str(tmp_path / "jvm")],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
