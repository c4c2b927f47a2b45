"""`headcount network` on edge lists: the figures, the notes in the summary and the terminal, and Parquet alike."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pytest

from headcount.cli.main import main
from headcount.errors import InputError, UsageError
from headcount.graph.graph import open_graph
from headcount.network.build import build_graph
from headcount.network.run import run_network
from headcount.network.spark.run import run_network_on_spark
from headcount.network.tables_in import numbered, read_spammers


def written(folder: Path, name: str, content: str | bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def table(folder: Path) -> list[tuple[str, int, int]]:
    with duckdb.connect() as con:
        sql = f"SELECT account_id::VARCHAR, followers, followees FROM '{folder / 'accounts.parquet'}' ORDER BY 1"
        return con.execute(sql).fetchall()


def test_who_follows_whom_is_decided_by_names_and_said(tmp_path):
    done = run_network(written(tmp_path, "e.csv", "user_id,follower_id\n1,2\n1,3\n1,4\n"), out=tmp_path / "o")
    assert table(tmp_path / "o") == [("1", 3, 0), ("2", 0, 1), ("3", 0, 1), ("4", 0, 1)]
    assert "e.csv: the account in 'follower_id' follows the one in 'user_id'." in done.summary.notes


def test_notes_are_in_the_summary_the_page_and_the_terminal_also_when_the_graph_is_used_again(tmp_path, capsys):
    path = written(tmp_path, "e.csv", "Source,Target,Type,Weight\nana,ben,Undirected,1\nben,cyd,Undirected,2\n")
    said = "e.csv: 2 undirected edges were read in both directions."
    for _ in range(2):
        assert main(["network", str(path), "--out", str(tmp_path / "o")]) == 0
        assert f"Note: {said}" in capsys.readouterr().out
        summary = json.loads((tmp_path / "o" / "summary.json").read_text())
        assert said in summary["notes"]
        assert (summary["follows"], summary["rows"], summary["mutual"]) == (4, 4, 4)
    assert main(["network", str(tmp_path / "o" / "graph"), "--out", str(tmp_path / "o2"), "--json"]) == 0
    assert said in json.loads(capsys.readouterr().out)["notes"]


def test_a_graph_of_an_earlier_reader_is_not_used_again(tmp_path):
    path = written(tmp_path, "e.csv", "ana,ben\nben,cyd\n")
    run_network(path, out=tmp_path / "o")
    source = tmp_path / "o" / "source.json"
    current = source.read_text()
    source.write_text('{"fingerprint": "of an earlier version"}')
    run_network(path, out=tmp_path / "o")
    assert source.read_text() == current


def test_ids_with_leading_zeros_are_accounts_of_their_own(tmp_path):
    run_network(written(tmp_path, "e.csv", "follower_id,followee_id\n007,8\n8,7\n7,8\n"), out=tmp_path / "o")
    assert table(tmp_path / "o") == [("007", 0, 1), ("7", 1, 1), ("8", 2, 1)]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("follower_id,followee_id\n1,2.0\n2,1.0\n", r"e.csv:2: followee_id «2.0» is not an id .*\(and 1 more\)"),
        ("follower_id,followee_id\n7.9E+17,1\n", "«7.9E"),
        ('"","follower_id","followee_id"\n"1","ana","ben"\n"2","ben",NA\n', "e.csv:3: followee_id is missing"),
        ("alice bob\n#carol bob\n", "either a comment or a follow"),
        ("Id,Label\n1,ana\n", "a table of accounts or nodes"),
        ("1\n2\n", "a list of ids"),
    ],
)
def test_what_cannot_be_read_is_refused_and_leaves_no_graph(content, said, tmp_path):
    with pytest.raises(InputError, match=said) as caught:
        run_network(written(tmp_path, "e.csv", content), out=tmp_path / "o")
    assert caught.value.hint
    assert not (tmp_path / "o" / "graph").exists()


@pytest.mark.parametrize("name", ["g.net", "g.gml", "g.graphml", "g.gexf", "g.dl", "g.mtx", "g.json", "g.xlsx"])
def test_formats_of_other_tools_are_refused_by_name(name, tmp_path, capsys):
    assert main(["network", str(written(tmp_path, name, "x")), "--out", str(tmp_path / "o")]) in (1, 2)
    assert f"{name} is a" in capsys.readouterr().err


def frame(u, v, names):
    return pl.DataFrame({names[0]: u, names[1]: v})


@pytest.mark.parametrize("names", [("follower_id", "user_id"), ("from", "to"), ("Source", "Target"), ("x", "y")])
def test_parquet_by_the_same_names(names, tmp_path):
    given = frame([2, 3], [1, 1], names).select(reversed(names) if names[0] != "x" else names)
    given.write_parquet(tmp_path / "f.parquet")
    run_network(tmp_path / "f.parquet", out=tmp_path / "o")
    assert table(tmp_path / "o") == [("1", 2, 0), ("2", 0, 1), ("3", 0, 1)]


@pytest.mark.parametrize(
    ("u", "v", "said"),
    [
        ([1, 2], [2.0, 1.0], "of type double"),
        (["1", "2"], ["2.0", "1"], "1 follows with a missing or rounded id"),
        (["ana", "ben"], ["ben", "NaN"], "such as 'ben', 'NaN'"),
        (["ana", " "], ["ben", "ana"], "1 of 2 follows have no id"),
        (["ana", None], ["ben", "ana"], "1 of 2 follows have no id"),
    ],
)
def test_ids_in_parquet_are_checked_alike(u, v, said, tmp_path):
    frame(u, v, ("follower_id", "followee_id")).write_parquet(tmp_path / "f.parquet")
    with pytest.raises(InputError, match=said):
        build_graph(tmp_path / "f.parquet", tmp_path / "graph")


def test_ids_in_parquet_are_trimmed(tmp_path):
    frame(["ana", " ana"], ["ben ", "cyd"], ("follower_id", "followee_id")).write_parquet(tmp_path / "f.parquet")
    build_graph(tmp_path / "f.parquet", tmp_path / "graph")
    assert open_graph(tmp_path / "graph").ids.tolist() == ["ana", "ben", "cyd"]


@pytest.mark.parametrize("comment", ["", "# made by hand\n"])
def test_follows_that_are_gone_are_left_out_of_text_too(comment, tmp_path):
    content = "follower_id;followee_id;gone_at\n1;2;\n2;1;2026-01-01\n" + comment + "3;1;\n"
    done = run_network(written(tmp_path, "follows.csv", content), out=tmp_path / "o")
    assert table(tmp_path / "o") == [("1", 1, 1), ("2", 1, 0), ("3", 0, 1)]
    assert any("comment" in note for note in done.summary.notes) == bool(comment)


@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("comment", ["", "# made by hand\n"])
def test_newcomers_are_known_from_dated_text(separator, comment, tmp_path):
    follows = "follower_id,followee_id,followed_at\n" + "".join(f"{n},0,2026-01-02\n{n},1,2026-01-03\n" for n in (5, 6))
    accounts = "account_id,created_at\n" + "".join(f"{n},2026-01-01\n" for n in (0, 1, 5)) + "6,2020-01-01\n"
    from headcount.network.tables_in import newcomer_flags

    path = written(tmp_path, "follows.csv", follows.replace(",", separator) + comment + f"7{separator}0{separator}\n")
    other = written(tmp_path, "accounts.csv", accounts)
    ids = build_and_ids(path, tmp_path)
    with numbered(ids, tmp_path, 10**9) as con:
        flags = newcomer_flags(con, (path,), (other,), len(ids))
    assert dict(zip(ids.tolist(), flags.tolist(), strict=True)) == {0: -1, 1: -1, 5: 1, 6: 0, 7: -1}


def build_and_ids(path: Path, folder: Path):
    build_graph(path, folder / "graph")
    return open_graph(folder / "graph").ids[:]


@pytest.mark.parametrize("encoding", ["utf-16", "cp1252", "utf-8-sig"])
def test_tables_beside_the_follows_in_other_encodings(encoding, tmp_path):
    data = tmp_path / "data"
    written(data, "follows.csv", "follower_id,followee_id\nana,Zoë\nben,Zoë\n".encode(encoding))
    written(data, "interactions.csv", "actor_id;target_id;kind\r\nana;Zoë;reply\r\n".encode(encoding))
    done = run_network(data, out=tmp_path / "o").summary
    assert (done.follows, done.talk.rows, done.talk.pairs) == (2, 1, 1)
    assert sum("is not UTF-8" in note for note in done.notes) == (0 if encoding == "utf-8-sig" else 2)


def test_a_list_of_spammers_in_another_encoding(tmp_path):
    ids = build_and_ids(written(tmp_path, "e.csv", "ana,Zoë\nben,Zoë\n"), tmp_path)
    for number, encoding in enumerate(("utf-8-sig", "utf-16", "cp1252")):
        with numbered(ids, tmp_path, 10**9) as con:
            found = read_spammers(con, written(tmp_path, f"s{number}.txt", "Zoë\nana\n".encode(encoding)))
        assert ids[found].tolist() == ["Zoë", "ana"]


@pytest.mark.parametrize(
    "content",
    ["user_id,follower_id\n1,2\n", "1,2\n2,3\n", "follower_id;followee_id\n1;2\n", "# x\nfollower_id,followee_id\n"],
)
def test_spark_reads_plain_csv_only(content, tmp_path):
    with pytest.raises(UsageError, match="is not CSV with commas and the columns follower_id and followee_id"):
        run_network_on_spark(written(tmp_path, "e.csv", content), out=tmp_path / "o")
