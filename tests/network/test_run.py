"""`headcount network` from start to end: every figure of the table against an independent count."""

from __future__ import annotations

import json
import re

import duckdb
import numpy as np
import pytest

from headcount.cli.main import main
from headcount.errors import HeadcountError, InputError, UsageError
from headcount.graph.graph import Graph
from headcount.graph.groups.dense_blocks import dense_blocks
from headcount.graph.groups.synchrony import synchrony
from headcount.network.expressions import account_table, follow_counts
from headcount.network.memory import parse_memory, plan_memory
from headcount.network.run import BUILD, run_network
from headcount.network.table import COLUMNS
from headcount.simulate import WorldSettings, simulate
from headcount.simulate.circuits import draw_talk, plant_circuit
from headcount.workspace.workspace import Workspace


def rows(path, query="SELECT * FROM t", **more):
    with duckdb.connect() as con:
        con.execute(f"CREATE VIEW t AS SELECT * FROM read_parquet('{path}')")
        return con.execute(query, *more.values()).fetchall()


def write(folder, name, columns, kind="parquet"):
    """A table of numpy columns as a file."""
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.register("given", columns)
        form = "parquet" if kind == "parquet" else "csv, HEADER"
        con.execute(f"COPY (SELECT * FROM given) TO '{folder / f'{name}.{kind}'}' (FORMAT {form})")
    return folder / f"{name}.{kind}"


def follows_of(source, target):
    return {"follower_id": np.asarray(source, np.int64), "followee_id": np.asarray(target, np.int64)}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A simulated platform as tidy tables, without the times at which follows ended."""
    folder = tmp_path_factory.mktemp("world")
    simulate(WorldSettings(people=1500), seed=5).write(folder)
    return folder


@pytest.fixture(scope="module")
def measured(world, tmp_path_factory):
    return run_network(world, out=tmp_path_factory.mktemp("out") / "network", memory="2GB")


@pytest.fixture(scope="module")
def circuit(tmp_path_factory):
    """A random graph with a closed circuit of 60 and the talk of everybody."""
    folder, generator = tmp_path_factory.mktemp("circuit"), np.random.default_rng(8)
    one, other = generator.integers(0, 1500, (2, 12_000))
    back = generator.random(len(one)) < 0.6
    source, target = np.concatenate([one, other[back]]), np.concatenate([other, one[back]])
    planted = plant_circuit(
        source, target, 1500, size=60, density=0.7, generator=generator, camouflage="random", taken_over=True
    )
    talk = draw_talk(planted.source, planted.target, planted.count, generator=generator, circuits=(planted.members,))
    write(folder, "follows", follows_of(planted.source, planted.target))
    repeat = np.repeat(np.arange(len(talk.actor)), talk.times)
    said = {"actor_id": talk.actor[repeat], "target_id": talk.target[repeat], "kind": np.full(len(repeat), "reply")}
    write(folder, "interactions", said)
    return folder, planted.members


def test_counts_are_those_of_the_expressions_on_duckdb(world, measured):
    """Two implementations that share nothing: kernels over compressed rows, and joins in DuckDB."""
    with duckdb.connect() as con:
        follows = con.sql(f"SELECT * FROM '{world / 'follows.parquet'}' WHERE gone_at IS NULL")
        interactions = con.sql(f"SELECT * FROM '{world / 'interactions.parquet'}'")
        counts = follow_counts(follows).collect().to_native().to_pylist()[0]
        table = account_table(follows, interactions).collect()
        expected = {
            row["account_id"]: (row["followers"], row["followees"], row["mutual"], row["responding_followers"])
            for row in table.to_native().to_pylist()
        }
    summary = measured.summary
    assert (summary.follows, summary.duplicates, summary.self_follows) == (
        counts["edges"],
        counts["duplicates"],
        counts["self_follows"],
    )
    found = rows(
        measured.folder / "accounts.parquet",
        "SELECT account_id, followers, followees, mutual, responders, reciprocity FROM t",
    )
    assert len(found) == summary.accounts > 1000
    for account_id, *of in found:
        assert tuple(of[:4]) == expected[account_id]
        assert of[4] is None if of[1] == 0 else of[4] == pytest.approx(of[2] / of[1])
    assert summary.mutual == sum(row[3] for row in found)


def test_the_table_has_its_columns_and_ranks_add_up(measured):
    names = [row[0] for row in rows(measured.folder / "accounts.parquet", "DESCRIBE t")]
    assert names == [name for name in COLUMNS if name != "collusionrank"]
    totals = rows(
        measured.folder / "accounts.parquet",
        "SELECT sum(pagerank), sum(interaction_pagerank), count(*) FILTER (responders > followers), "
        "count(*) FILTER (NOT responders_per_1000_low <= responders_per_1000_high), "
        "count(responders_per_1000), count(*) FILTER (followers > 0), min(component), count(DISTINCT component) FROM t",
    )[0]
    assert totals[0] == pytest.approx(1, abs=1e-6)
    assert totals[1] == pytest.approx(1, abs=1e-6)
    assert totals[2:4] == (0, 0)
    assert totals[4] == totals[5]
    assert (totals[6], totals[7]) == (1, measured.summary.components)


def test_summary_on_disk_is_what_was_returned(measured):
    told = json.loads((measured.folder / "summary.json").read_text())
    assert told["accounts"] == measured.summary.accounts
    assert told["schema"] == "headcount-network-1"
    assert told["memory_peak"] > 50e6
    assert {row["first"] for row in told["correlations"]} >= {"followers"}
    assert told["talk"]["first"] < told["talk"]["last"]
    assert set(measured.files) == {"network.html", "accounts.parquet", "rings.json", "rings.parquet", "summary.json"}


def test_a_workspace_gives_the_same_as_its_tables(world, measured, tmp_path):
    workspace = tmp_path / "workspace"
    Workspace(workspace).add(world)
    found = run_network(workspace, out=tmp_path / "out", memory="2GB").summary
    for name in ("accounts", "follows", "mutual", "components", "highest_core"):
        assert getattr(found, name) == getattr(measured.summary, name)
    assert found.influence.sentence == measured.summary.influence.sentence
    again = run_network(workspace, out=tmp_path / "out", memory="2GB").summary
    assert BUILD not in again.seconds


def test_a_planted_circuit_is_found_and_written(circuit, tmp_path):
    folder, members = circuit
    done = run_network(folder, out=tmp_path / "out", memory="2GB")
    assert done.summary.rings.circuits == 1
    group = json.loads((done.folder / "rings.json").read_text())["groups"][0]
    assert group["verdict"] == "ring"
    assert len(set(group["member_ids"]) & set(members.tolist())) >= 0.9 * len(members)
    ring = {row[0] for row in rows(done.folder / "accounts.parquet", "SELECT account_id FROM t WHERE ring = 1")}
    assert ring == set(group["member_ids"])
    table = rows(done.folder / "rings.parquet", "SELECT number, verdict, members FROM t")
    assert table[0] == (1, "ring", group["members"])


def test_without_interactions_nobody_is_accused_and_influence_is_unknown(circuit, tmp_path):
    folder, _ = circuit
    done = run_network(folder / "follows.parquet", out=tmp_path / "out", memory="2GB")
    assert done.summary.influence is None
    assert done.summary.rings.circuits is None
    assert {group.verdict for group in done.summary.rings.groups} == {"conversation unknown"}
    names = [row[0] for row in rows(done.folder / "accounts.parquet", "DESCRIBE t")]
    assert not {"responders", "responders_per_1000", "interaction_pagerank"} & set(names)
    assert rows(done.folder / "accounts.parquet", "SELECT count(ring) FROM t") == [(0,)]
    page = (done.folder / "network.html").read_text()
    assert "influence by response is unknown" in page.lower()
    assert "no group is called a closed circuit" in page


def test_interactions_may_stand_elsewhere_and_spammers_give_a_penalty(circuit, tmp_path):
    folder, members = circuit
    named = tmp_path / "spammers.txt"
    named.write_text("# known\n" + "\n".join(str(member) for member in members[:20]) + "\n")
    done = run_network(
        folder / "follows.parquet",
        out=tmp_path / "out",
        interactions=folder / "interactions.parquet",
        spammers=named,
        memory="2GB",
    )
    assert done.summary.spammers == 20
    inside, outside, most = rows(
        done.folder / "accounts.parquet",
        "SELECT avg(collusionrank) FILTER (ring = 1), avg(collusionrank) FILTER (ring IS NULL), max(collusionrank) "
        "FROM t",
    )[0]
    assert inside < outside <= most <= 0


def test_the_graph_is_used_again_until_the_follows_change(tmp_path):
    generator = np.random.default_rng(1)
    data = tmp_path / "data"
    write(data, "follows", follows_of(*generator.integers(0, 200, (2, 3000))))
    first = run_network(data, out=tmp_path / "out", memory="1GB").summary
    second = run_network(data, out=tmp_path / "out", memory="1GB").summary
    assert BUILD in first.seconds
    assert BUILD not in second.seconds
    assert (second.follows, second.duplicates, second.mutual) == (first.follows, first.duplicates, first.mutual)
    write(data, "follows", follows_of(*generator.integers(0, 200, (2, 3500))))
    third = run_network(data, out=tmp_path / "out", memory="1GB").summary
    assert BUILD in third.seconds
    assert third.follows != first.follows


@pytest.mark.parametrize("form", ["csv", "snap", "pieces"])
def test_other_forms_of_the_same_follows(form, tmp_path):
    generator = np.random.default_rng(2)
    source, target = generator.integers(0, 300, (2, 4000))
    expected = len({(a, b) for a, b in zip(source.tolist(), target.tolist(), strict=True) if a != b})
    if form == "csv":
        data = write(tmp_path, "who-follows", follows_of(source, target), "csv")
    elif form == "snap":
        data = tmp_path / "edges.txt"
        lines = [f"{a}\t{b}" for a, b in zip(source, target, strict=True)]
        data.write_text("# FromNodeId\tToNodeId\n" + "\n".join(lines) + "\n")
    else:
        data = tmp_path / "pieces"
        write(data, "part-1", follows_of(source[:1500], target[:1500]))
        write(data, "part-2", follows_of(source[1500:], target[1500:]))
    done = run_network(data, out=tmp_path / "out", memory="1GB").summary
    assert done.follows == expected
    assert done.rows == 4000
    assert done.self_follows == int((source == target).sum())


def test_memory_is_told_beforehand_and_refused(circuit, tmp_path):
    folder, _ = circuit
    plan = plan_memory(41_700_000, 1_468_000_000)
    with pytest.raises(HeadcountError, match=r"need up to .* GB .* --memory \d+GB"):
        plan.check(parse_memory("4GB"))
    plan.check(plan.peak)
    assert 10e9 < plan.peak < 20e9, "the whole Twitter of 2009 is to fit 20 GB"
    assert plan_memory(41_700_000, 1_468_000_000, mutual=1_468_000_000).peak > plan.peak
    done = run_network(folder, out=tmp_path / "out", memory="2GB").summary
    assert done.memory_bound < 2e9
    with pytest.raises(HeadcountError, match="--memory"):
        run_network(folder, out=tmp_path / "never", memory="500MB")
    assert not (tmp_path / "never").exists()


@pytest.mark.parametrize(("text", "size"), [("16GB", 16e9), ("1.5g", 1.5e9), (" 800 MB ", 8e8), ("2GiB", 2e9)])
def test_amounts_of_memory(text, size):
    assert parse_memory(text) == size


@pytest.mark.parametrize("text", ["", "much", "-4GB", "100MB"])
def test_amounts_that_are_none(text):
    with pytest.raises(UsageError):
        parse_memory(text)


def test_wrong_use_gives_2_and_wrong_data_1(tmp_path, capsys):
    out = ["--out", str(tmp_path / "out")]
    assert main(["network", str(tmp_path / "nowhere"), *out]) == 2
    (tmp_path / "empty").mkdir()
    assert main(["network", str(tmp_path / "empty"), *out]) == 2
    assert main(["network", str(tmp_path), "--master", "local[*]", *out]) == 2
    wrong = tmp_path / "follows.parquet"
    wrong.write_text("this is no Parquet")
    assert main(["network", str(wrong), *out]) == 1
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.count("Hint:") >= 3
    assert not (tmp_path / "out" / "graph").exists()


def test_json_alone_is_on_standard_output(circuit, tmp_path, capsys):
    folder, _ = circuit
    assert main(["network", str(folder), "--out", str(tmp_path / "out"), "--memory", "2GB", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["rings"]["circuits"] == 1
    assert said.err == ""


def test_progress_goes_to_standard_error_in_lines(circuit, tmp_path, capsys):
    folder, _ = circuit
    assert main(["network", str(folder), "--out", str(tmp_path / "out"), "--memory", "2GB"]) == 0
    said = capsys.readouterr()
    assert "of memory" in said.err.splitlines()[0]
    assert "[1/9] building the graph: done in" in said.err
    assert "accounts.parquet" in said.out


def test_interactions_of_another_shape_are_refused(circuit, tmp_path):
    folder, _ = circuit
    wrong = write(tmp_path, "talk", {"a": np.arange(3), "b": np.arange(3)})
    with pytest.raises(InputError, match="actor_id"):
        run_network(folder / "follows.parquet", out=tmp_path / "out", interactions=wrong, memory="2GB")
    odd = {"actor_id": np.arange(2), "target_id": np.arange(1, 3), "kind": np.array(["wave", "like"])}
    with pytest.raises(InputError, match="wave"):
        run_network(
            folder / "follows.parquet", out=tmp_path / "out", interactions=write(tmp_path, "odd", odd), memory="2GB"
        )


@pytest.mark.shared
def test_politicians_talk_and_are_not_accused(shared_data, tmp_path):
    """TIMME PureP: counts of its README, and a dense, real, mutual group that is no circuit."""
    edges = shared_data / "timme_purep" / "edges.parquet"
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT src AS follower_id, dst AS followee_id FROM '{edges}' WHERE relation = 'follow') "
            f"TO '{tmp_path / 'follows.parquet'}'"
        )
        con.execute(
            "COPY (SELECT src AS actor_id, dst AS target_id, "
            "CASE relation WHEN 'retweet' THEN 'repost' ELSE relation END AS kind "
            f"FROM '{edges}', range(count::INT) WHERE relation <> 'follow') TO '{tmp_path / 'interactions.parquet'}'"
        )
    summary = run_network(tmp_path, out=tmp_path / "out", memory="2GB").summary
    assert summary.follows == 59_073
    assert summary.reciprocity == pytest.approx(0.546, abs=0.001)
    assert summary.rings.circuits == 0
    assert {group.verdict for group in summary.rings.groups} <= {"talks", "chance", "unclear"}
    among_all = summary.correlations[0]
    assert among_all.low < among_all.rho < among_all.high
    assert summary.influence.fallers


def test_newcomers_synchrony_and_the_densest_block_are_told_of_a_circuit(circuit, tmp_path):
    """Members of the circuit joined the day before they followed, the others long before."""
    given, members = circuit
    with duckdb.connect() as con:
        follows = con.execute(f"SELECT * FROM '{given / 'follows.parquet'}'").fetchnumpy()
    source, target = follows["follower_id"], follows["followee_id"]
    day = np.timedelta64(1, "D")
    made = np.full(1500, np.datetime64("2020-01-01T00:00:00"))
    when = np.where(np.isin(source, members), made[0] + day, made[0] + 100 * day)
    when[source == 3] = np.datetime64("NaT")
    folder = tmp_path / "data"
    write(folder, "follows", {"follower_id": source, "followee_id": target, "followed_at": when})
    write(folder, "accounts", {"account_id": np.arange(1500), "created_at": made})
    (folder / "interactions.parquet").symlink_to(given / "interactions.parquet")
    done = run_network(folder, out=tmp_path / "out", memory="2GB")
    groups = json.loads((done.folder / "rings.json").read_text())["groups"]
    assert groups[0]["verdict"] == "ring"
    assert groups[0]["newcomers"] > 0.9
    assert groups[0]["synchrony"] is not None
    found = dict(rows(done.folder / "accounts.parquet", "SELECT account_id, synchrony FROM t"))
    excess = synchrony(*both_ways(source, target, 1500)).excess
    for account, value in found.items():
        assert (
            value is None if np.isnan(excess[account]) else value == pytest.approx(excess[account], rel=1e-5, abs=1e-7)
        )
    block = dense_blocks(*both_ways(source, target, 1500))[0]
    told = f"{len(block.sources):,} accounts that follow {len(block.targets):,}, {block.follows:,} follows."
    assert any(note.startswith("The densest block") and note.endswith(told) for note in done.summary.notes)


def both_ways(source, target, count):
    graph = Graph.from_edges(source, target, ids=np.arange(count))
    return graph.followees, graph.followers


def test_accounts_that_ask_not_to_be_named_are_not_named(circuit, tmp_path):
    """A workspace knows who asks for that; ids of tidy tables carry their platform."""
    given, members = circuit
    folder = tmp_path / "tables"
    folder.mkdir()
    with duckdb.connect() as con:
        for name, ends in (("follows", ("follower_id", "followee_id")), ("interactions", ("actor_id", "target_id"))):
            ids = ", ".join(f"'x:' || {end} AS {end}" for end in ends)
            more = "" if name == "follows" else ", kind"
            con.execute(
                f"COPY (SELECT DISTINCT {ids}{more} FROM '{given / name}.parquet') TO '{folder / name}.parquet'"
            )
        con.register("members", {"number": members})
        con.execute(
            "COPY (SELECT 'x:' || number AS account_id, 'name' || number AS handle, number % 2 = 0 AS opted_out "
            f"FROM members) TO '{folder / 'accounts.parquet'}'"
        )
    Workspace(tmp_path / "store").add(folder)
    done = run_network(tmp_path / "store", out=tmp_path / "out", memory="2GB")
    page = (done.folder / "network.html").read_text(encoding="utf-8")
    named = {int(name) for name in re.findall(r"\bname(\d+)\b", page)}
    assert len(named & set(members.tolist())) > 0
    assert not [number for number in named if number % 2 == 0]
