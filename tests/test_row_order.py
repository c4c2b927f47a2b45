"""The same rows in any order, read with any number of threads, give identical bytes."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import duckdb
import numpy as np
import pytest

import headcount as hc
from headcount.cli.main import main
from headcount.columns import Exchanges
from headcount.measures.question.reply_curve import ReplyTimes
from headcount.measures.relationships.ties import ties
from headcount.simulate import WorldSettings, simulate
from headcount.store import connection as store_connection
from headcount.store import store as store_module
from headcount.store.store import Store
from headcount.tables import TABLES

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
KEYS = {table.name: ", ".join(table.key) for table in TABLES}


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """A simulated platform, with rows that contradict each other at one time of observation."""
    folder = tmp_path_factory.mktemp("world")
    simulate(WorldSettings(people=600), seed=3).write(folder)
    con = duckdb.connect()
    for table in TABLES:
        con.execute(f"CREATE TABLE {table.name} AS FROM '{folder}/{table.name}.parquet'")
    for number in range(3):
        con.execute(
            f"""INSERT INTO accounts BY NAME SELECT * REPLACE (handle || '{number}' AS handle, bio || '{number}' AS bio,
            followers_count + {number} * 7 AS followers_count, NOT default_avatar AS default_avatar)
            FROM accounts USING SAMPLE reservoir(60 ROWS) REPEATABLE ({number})"""
        )
        con.execute(
            f"""INSERT INTO follows BY NAME SELECT * REPLACE (position + {number} AS position)
            FROM follows USING SAMPLE reservoir(200 ROWS) REPEATABLE ({number})"""
        )
        con.execute(
            f"""INSERT INTO posts BY NAME SELECT * REPLACE (text || '{number}' AS text)
            FROM posts USING SAMPLE reservoir(200 ROWS) REPEATABLE ({number})"""
        )
    con.execute("UPDATE posts SET text = 'What do you think?' WHERE kind = 'post' AND hash(post_id) % 4 = 0")
    # reactions without a time beside the same with different times
    con.execute(
        """INSERT INTO interactions BY NAME SELECT * REPLACE (NULL AS created_at) FROM interactions
        WHERE kind = 'like' USING SAMPLE reservoir(100 ROWS) REPEATABLE (1)"""
    )
    return con


def write(con, folder, seed, *, part=None):
    """The tables in another order of rows; with `part` only that half of them."""
    folder.mkdir()
    for table in TABLES:
        half = "" if part is None else f"WHERE hash({KEYS[table.name]}) % 2 = {part}"
        order = f"hash({seed}, {', '.join(table.key)}, t::VARCHAR)" if seed else "ALL"
        con.execute(
            f"COPY (SELECT * FROM {table.name} AS t {half} ORDER BY {order}) TO '{folder}/{table.name}.parquet'"
        )
    return folder


def results(monkeypatch, capsys, tables, folder, *, seed, threads, keeps_order):
    """Report, list of followers and export of two imports, as bytes."""
    connect = store_module._connect

    def with_settings(path, *, write):
        connection, instance = connect(path, write=write)
        connection.execute(f"SET threads = {threads}")
        connection.execute(f"SET preserve_insertion_order = {str(keeps_order).lower()}")
        return connection, instance

    monkeypatch.setattr(store_module, "_connect", with_settings)
    monkeypatch.setattr(store_connection, "_IDLE", {})  # no other test gets these settings
    workspace = hc.open(folder / "workspace")
    for number, part in enumerate((0, None)):
        workspace.add(write(tables, folder / f"tables{number}", seed, part=part), now=NOW)
    followed = tables.execute("SELECT followee_id FROM follows GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1")
    account = followed.fetchall()[0][0]
    out = {}
    for name, command in (
        ("report", ["report", account, "--window", "all", "--json"]),
        ("followers", ["followers", account, "--window", "all", "--csv", str(folder / "followers.csv")]),
        ("authenticity", ["authenticity", account, "--json"]),
    ):
        assert main([*command, "--workspace", str(folder / "workspace")]) == 0
        out[name] = capsys.readouterr().out.replace(str(folder), "").encode()
    out["followers"] = (folder / "followers.csv").read_bytes()
    workspace.export(folder / "export")
    for table in TABLES:
        rows = duckdb.sql(f"SELECT * FROM '{folder}/export/{table.name}.parquet' ORDER BY ALL").fetchall()
        out[table.name] = repr(rows).encode()
    monkeypatch.undo()
    return out


ORDERS = ((0, 1, True), (2, 2, False), (1, 2, True), (3, 1, False))
"""Seed of the order of the rows, threads of the database, and whether it keeps the order of rows."""


@pytest.mark.sampled(1)
@pytest.mark.parametrize("orders", [ORDERS[:2], pytest.param(ORDERS, marks=pytest.mark.long)], ids=len)
def test_rows_in_any_order_give_identical_bytes(monkeypatch, capsys, tmp_path, tables, orders):
    found = []
    for seed, threads, keeps_order in orders:
        folder = tmp_path / str(seed)
        folder.mkdir()
        found.append(results(monkeypatch, capsys, tables, folder, seed=seed, threads=threads, keeps_order=keeps_order))
    report = json.loads(found[0]["report"])
    assert report["audience"]["headcount"] is not None
    assert len(report["ties"]["top"]) > 3
    assert report["question"]["tests"]
    for other in found[1:]:
        for name, expected in found[0].items():
            assert other[name] == expected, name


def test_strengths_of_ties_do_not_depend_on_the_order_of_exchanges():
    generator = np.random.default_rng(5)
    size = 4_000
    person = generator.integers(0, 40, size)
    outgoing = generator.random(size) < 0.5
    times = 1e9 - generator.random(size) * 300 * 86_400
    strengths = []
    for _ in range(5):
        order = generator.permutation(size)
        exchanges = Exchanges(person[order], outgoing[order], times[order])
        found = ties(exchanges, member=None, followers=None, as_of=1e9)
        strengths.append([(tie.person, tie.strength) for tie in found.top])
    assert all(one == strengths[0] for one in strengths)


def test_reply_curves_do_not_depend_on_the_order_of_replies():
    generator = np.random.default_rng(6)
    post = generator.integers(0, 30, 3_000)
    delay = np.floor(generator.random(3_000) * 50) * 600.0  # many replies at the same second
    watched = np.full(30, 5 * 86_400.0) + np.arange(30) % 3
    curves = []
    for _ in range(5):
        order = generator.permutation(3_000)
        times = ReplyTimes(post[order], delay[order], watched)
        curves.append((times.share(np.linspace(0, 40_000, 200)).tobytes(), times.rho(3_600.0)))
    assert all(one == curves[0] for one in curves)


def test_an_untimed_reaction_gets_the_earliest_of_several_times(tmp_path):
    rows = "actor_id,target_id,kind,post_id,created_at\n"
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, times in ((first, [""]), (second, ["2026-03-03", "2026-03-01", "2026-03-02"])):
        folder.mkdir()
        lines = "".join(f"x:1,x:2,like,x:9,{time}\n" for time in times)
        (folder / "interactions.csv").write_text(rows + lines)
    workspace = hc.open(tmp_path / "workspace")
    workspace.add(first, now=NOW)
    workspace.add(second, now=NOW)
    with Store(tmp_path / "workspace") as store:
        assert store.connection.execute("SELECT created_at::DATE::VARCHAR FROM interactions").fetchall() == [
            ("2026-03-01",)
        ]
