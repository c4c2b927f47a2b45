"""`headcount network --engine spark` gives the same table as one machine: counts exactly, ranks within rounding."""

from __future__ import annotations

import os

import duckdb
import numpy as np
import pytest

from headcount.errors import UsageError
from headcount.network.run import run_network
from headcount.simulate import WorldSettings, simulate

pytest.importorskip("pyspark", reason="Spark is not installed: pip install 'headcount[spark]'")

from headcount.network.spark.run import run_network_on_spark

pytestmark = [
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas"),
    pytest.mark.xdist_group("spark"),
]

COUNTS = ("account_id", "followers", "followees", "mutual", "core_number", "component", "responders")
RATES = ("pagerank", "interaction_pagerank", "responders_per_1000", "responders_per_1000_low", "rank_by_response")


@pytest.fixture(scope="module")
def master():
    where = os.environ.get("HEADCOUNT_SPARK")
    if where:
        yield where
        return
    sail = pytest.importorskip("pysail.spark", reason="Sail is not installed: pip install pysail")
    server = sail.SparkConnectServer()
    server.start(background=True)
    yield f"sc://127.0.0.1:{server.listening_address[1]}"
    server.stop()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    simulate(WorldSettings(people=800), seed=2).write(folder)
    return folder


def columns(path, names):
    with duckdb.connect() as con:
        table = con.execute(f"SELECT {', '.join(names)} FROM read_parquet('{path}') ORDER BY account_id").fetchnumpy()
    return {name: np.ma.filled(table[name], np.nan) if table[name].dtype.kind == "f" else table[name] for name in names}


def test_spark_agrees_with_one_machine(world, master, tmp_path):
    there = run_network_on_spark(world, master=master, out=tmp_path / "spark", memory="1GB")
    here = run_network(world, out=tmp_path / "local", memory="1GB")
    for name in ("accounts", "follows", "duplicates", "self_follows", "mutual", "components", "highest_core", "talk"):
        assert getattr(there.summary, name) == getattr(here.summary, name), name
    found, expected = (columns(run.folder / "accounts.parquet", COUNTS) for run in (there, here))
    for name in COUNTS:
        if name != "component":
            np.testing.assert_array_equal(found[name], expected[name], err_msg=name)
    pairs = set(zip(found["component"].tolist(), expected["component"].tolist(), strict=True))
    assert len(pairs) == here.summary.components
    found, expected = (columns(run.folder / "accounts.parquet", RATES) for run in (there, here))
    for name in RATES:
        np.testing.assert_allclose(found[name], expected[name], rtol=2e-5, err_msg=name)
    assert there.summary.rings is None
    assert "Circuits were not searched for" in (there.folder / "network.html").read_text()
    assert any("densest block" in note for note in there.summary.notes)


def test_what_spark_does_not_do_is_said(world, tmp_path):
    spammers = tmp_path / "spammers.txt"
    spammers.write_text("1\n")
    with pytest.raises(UsageError, match="Collusionrank"):
        run_network_on_spark(world, out=tmp_path / "out", spammers=spammers)
    edges = tmp_path / "edges.txt"
    edges.write_text("1\t2\n")
    with pytest.raises(UsageError, match="neither Parquet nor CSV"):
        run_network_on_spark(edges, out=tmp_path / "out")
