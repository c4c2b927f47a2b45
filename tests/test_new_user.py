"""What a new user meets: the nearest names, `--silent`, `--select`, and a report in steps that equals the library's."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import duckdb
import pytest

from headcount.cli.main import cli, main
from headcount.cli.selection import parse_selection
from headcount.errors import UsageError
from headcount.support.suggest import did_you_mean, nearest

HANDLES = ("nobody.bsky.social", "bea", "carl@server.example", "Dora")


@pytest.fixture
def workspace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    folder = tmp_path / "tables"
    folder.mkdir()
    rows = "".join(f"x:{n},x,{handle},false\n" for n, handle in enumerate(HANDLES, start=2))
    (folder / "accounts.csv").write_text(
        f"account_id,platform,handle,opted_out\nx:1,x,ego,false\n{rows}x:9,x,hidden_person,true\n"
    )
    followers = "".join(f"x:{n},x:1\n" for n in (2, 3, 4, 5, 9))
    (folder / "follows.csv").write_text("follower_id,followee_id\n" + followers)
    (folder / "posts.csv").write_text(
        "post_id,author_id,created_at,text\nx:10,x:1,2026-09-20T10:00:00Z,Good morning\n"
        "x:11,x:1,2026-09-21T10:00:00Z,Which book should I read?\nx:12,x:1,2026-09-22T10:00:00Z,Good night\n"
    )
    (folder / "interactions.csv").write_text(
        "actor_id,target_id,kind,post_id,created_at\nx:2,x:1,reply,x:11,2026-09-21T11:00:00Z\n"
        "x:3,x:1,reply,x:11,2026-09-21T12:00:00Z\nx:1,x:2,reply,x:50,2026-09-21T13:00:00Z\n"
    )
    workspace = str(tmp_path / "workspace")
    assert main(["add", str(folder), "--workspace", workspace]) == 0
    capsys.readouterr()
    return workspace


# -- the nearest names ---------------------------------------------------------------------------------------------


@pytest.mark.sampled(14)
@pytest.mark.parametrize(
    "arguments",
    [
        ["report", "{}"],
        ["report", "ego", "--beside", "{}"],
        ["followers", "{}"],
        ["ties", "{}"],
        ["question", "{}"],
        ["authenticity", "{}"],
        ["authenticity", "ego", "--who", "{}"],
        ["label", "{}", "person"],
        ["label", "bea", "person", "--account", "{}"],
        ["forget", "{}", "--yes"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("name", ["nobdy", "@NOBDY", "nobody@elsewhere.example", "nobody.bsky.socail"])
def test_an_unknown_handle_is_answered_with_the_nearest(arguments, name, workspace, capsys):
    assert main([part.format(name) for part in arguments] + ["--workspace", workspace]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert name in shown.err
    assert "Hint: did you mean nobody.bsky.social?" in shown.err


def test_who_opted_out_is_not_suggested(workspace, capsys):
    assert main(["report", "hidden_persn", "--workspace", workspace]) == 2
    assert "hidden_person" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["reprot", "ego"], "No such command 'reprot'", "did you mean report?"),
        (["Followers"], "No such command", "did you mean followers?"),
        (["xyzzy"], "No such command", "All commands: headcount --help"),
        (["report", "ego", "--jsn"], "No such option '--jsn'", "did you mean --json?"),
        (["followers", "ego", "--as_of", "2026-10-01"], "No such option '--as_of'", "did you mean --as-of?"),
        (["followers", "ego", "--class", "Relationshp"], "is not one of", "did you mean relationship?"),
        (["followers", "ego", "--sort", "response"], "is not one of", "did you mean responses?"),
        (["followers", "ego", "--select", "handle,respnses"], "no column 'respnses'", "did you mean responses"),
        (["export", "out", "--select", "acounts.handle"], "no column 'acounts.handle'", "accounts.handle"),
        (["network", "tables", "--select", "pagernk"], "no column 'pagernk'", "did you mean pagerank"),
        (["add"], "Missing argument", "see: headcount add --help"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_one_sentence_with_a_hint(arguments, message, hint, capsys):
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert shown.err.startswith("headcount: ")
    assert message in shown.err.partition(" Hint: ")[0]
    assert hint in shown.err.partition(" Hint: ")[2]


def test_nearest_ignores_case_at_and_host():
    assert nearest("@ALICE", ["bob", "alice.bsky.social", "malice"]) == ["alice.bsky.social", "malice"]
    assert nearest("alice@one.example", ["alice@two.example", "alice@one.exmple"])[0] == "alice@one.exmple"
    assert nearest("zzz", ["alice"]) == []
    assert did_you_mean(["a", "b", "c"]) == "did you mean a, b or c?"
    assert did_you_mean([]) == ""


# -- --silent ------------------------------------------------------------------------------------------------------


def test_every_command_has_silent_and_a_help():
    for name, command in cli.commands.items():
        options = {option for parameter in command.params for option in parameter.opts}
        assert "--silent" in options, name


def test_silent_leaves_the_answer_alone(workspace, tmp_path, capsys):
    page, table, out = tmp_path / "page.html", tmp_path / "table.csv", tmp_path / "out"
    silent = [
        ["accounts"],
        ["report", "ego"],
        ["report", "ego", "--html", str(page)],
        ["followers", "ego", "--limit", "2"],
        ["followers", "ego", "--csv", str(table)],
        ["ties", "ego"],
        ["question", "ego"],
        ["label", "bea", "person"],
        ["export", str(out)],
        ["sync"],
        ["add", str(tmp_path / "tables")],
        ["forget", "Dora", "--yes"],
    ]
    nothing = {"label", "export", "sync", "add", "forget"}
    for arguments in silent:
        assert main([*arguments, "--silent", "--workspace", workspace]) == 0, arguments
        shown = capsys.readouterr()
        assert shown.err == "", arguments
        assert (shown.out == "") is (arguments[0] in nothing or "--csv" in arguments), arguments
        for note in ("Next:", "Report:", "--limit", "·"):
            assert note not in shown.out, arguments
    assert page.exists()
    assert table.exists()
    assert (out / "follows.parquet").exists()
    assert main(["followers", "ego", "--limit", "2", "--workspace", workspace]) == 0
    assert "--limit" in capsys.readouterr().out, "silence ends with its command"


def test_silent_shows_errors(workspace, capsys):
    assert main(["report", "nobdy", "--silent", "--workspace", workspace]) == 2
    assert "Hint" in capsys.readouterr().err


def test_silent_network_writes_findings_only(workspace, tmp_path, capsys):
    assert main(["network", workspace, "--silent", "--out", str(tmp_path / "net")]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    assert "accounts.parquet" not in shown.out
    assert "of the follows are returned" in shown.out


# -- --select ------------------------------------------------------------------------------------------------------


def shown_columns(text: str) -> list[str]:
    return text.splitlines()[0].split()


@pytest.mark.parametrize(
    ("arguments", "columns", "field"),
    [
        (["accounts"], ["posts", "handle"], None),
        (["followers", "ego"], ["responses", "handle", "list_state"], "followers"),
        (["ties", "ego"], ["strength", "handle"], "top"),
        (["question", "ego"], ["responders", "post_id"], "tests"),
        (["authenticity", "ego"], ["followers", "judgement"], None),
        (["authenticity", "ego", "--who", "bea"], ["points", "sentence"], None),
        (["authenticity", "ego", "--draw", "2"], ["handle", "account_id"], None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_select_keeps_columns_and_their_order(arguments, columns, field, workspace, capsys):
    common = [*arguments, "--select", ", ".join(columns), "--workspace", workspace]
    assert main(common) == 0
    text = capsys.readouterr().out
    assert shown_columns(text) == columns
    assert main([*common, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    rows = document if field is None else document[field]
    assert all(list(row) == columns for row in rows)
    assert len(rows) == len(text.splitlines()) - 2
    assert main([*arguments, "--workspace", workspace, "--json"]) == 0
    whole = json.loads(capsys.readouterr().out)
    if field is not None:
        assert {name: value for name, value in whole.items() if name != field} == {
            name: value for name, value in document.items() if name != field
        }
        assert [{n: row.get(n, "complete") for n in columns if n != "list_state"} for row in whole[field]] == [
            {n: row[n] for n in columns if n != "list_state"} for row in rows
        ]


def test_select_in_csv(workspace, capsys):
    assert main(["followers", "ego", "--csv", "-", "--select", "responses,handle", "--workspace", workspace]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == ["responses", "handle"]
    assert ["1", "nobody.bsky.social"] in rows


def test_select_tables_of_a_report(workspace, capsys):
    chosen = "ties.handle,classes.label,classes.followers"
    assert main(["report", "ego", "--select", chosen, "--json", "--workspace", workspace]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ties"] == [{"handle": "nobody.bsky.social"}]
    assert {"label": "relationship", "followers": 1} in document["classes"]
    assert list(document) == ["ties", "classes"]


def test_select_in_exports(workspace, tmp_path, capsys):
    out = tmp_path / "out"
    chosen = "accounts.handle,accounts.account_id,follower_id"
    assert main(["export", str(out), "--select", chosen, "--format", "csv", "--workspace", workspace]) == 0
    assert sorted(file.name for file in out.iterdir()) == ["accounts.csv", "follows.csv"]
    assert (out / "accounts.csv").read_text(encoding="utf-8").splitlines()[0] == "handle,account_id"
    assert (out / "follows.csv").read_text(encoding="utf-8").splitlines()[0] == "follower_id"


def test_select_in_network_outputs(workspace, tmp_path, capsys):
    out = str(tmp_path / "net")
    assert main(["network", workspace, "--out", out]) == 0
    chosen = "accounts.pagerank,account_id,rings.verdict,collusionrank"
    assert main(["network", workspace, "--out", out, "--select", chosen]) == 0
    written = duckdb.sql(f"FROM '{out}/accounts.parquet'").columns
    assert written == ["pagerank", "account_id"]
    assert duckdb.sql(f"FROM '{out}/rings.parquet'").columns == ["verdict"]
    assert "not in accounts.parquet: collusionrank" in capsys.readouterr().out
    assert main(["network", workspace, "--out", out, "--select", "followers"]) == 0
    assert not Path(out, "rings.parquet").exists(), "a file of an earlier run does not stay beside a new answer"


@pytest.mark.parametrize(
    "command", ["accounts", "followers", "ties", "question", "report", "export", "network", "demo"]
)
def test_the_columns_can_be_listed(command, capsys):
    assert main([command, "--select", "list"]) == 0
    names = capsys.readouterr().out.split()
    assert len(names) > 4
    assert len(set(names)) == len(names)
    assert main([command, "--help"]) == 0
    assert "--select list" in " ".join(capsys.readouterr().out.split())


def test_a_selection_of_nothing_is_wrong_use():
    with pytest.raises(UsageError, match="contains no column"):
        parse_selection(" , ", {"t": ["a"]})
    assert parse_selection("b,a,b", {"t": ["a", "b"]}) == {"t": ["b", "a"]}
    assert parse_selection("a", {"t": ["a"], "u": ["a"]}) == {"t": ["a"], "u": ["a"]}


# -- a report in steps ----------------------------------------------------------------------------------------------


def test_a_report_in_steps_is_the_report_of_the_library(workspace):
    from headcount.cli.report_steps import report_in_steps
    from headcount.report.render.document import document
    from headcount.workspace.workspace import Workspace

    store = Workspace(workspace)
    for anonymous in (False, True):
        stepped = report_in_steps(
            store, "ego", window_days=56, as_of=None, beside=["bea", "ego", "bea"], anonymous=anonymous
        )
        assert document(stepped) == document(store.report("ego", beside=["bea"], anonymous=anonymous))


# -- collecting ------------------------------------------------------------------------------------------------------


class Clock:
    now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_a_collection_in_a_pipe_shows_rate_and_time_left_and_no_time_that_is_unknown(monkeypatch, capsys):
    from headcount.cli import progress as collecting_view

    clock = Clock()
    monkeypatch.setattr(collecting_view, "time", clock)
    with collecting_view.Watcher() as watcher:
        watcher.show("followers", 0, 10_000)
        clock.now += 20
        watcher.show("followers", 1_000, 10_000)
        watcher.show("profiles", 0, None)
        clock.now += 20
        watcher.show("profiles", 500, None)
    lines = capsys.readouterr().err.splitlines()
    assert "followers: 0 of 10,000" in lines
    assert "followers: 1,000 of 10,000, 50/s, 3 min left" in lines
    assert lines[-1] == "profiles: 500, 25/s"
    assert len(set(lines)) == len(lines), "no line twice"
    assert not any("\x1b" in line or "\r" in line for line in lines)


def test_a_question_shows_what_it_is_about_even_with_silent(monkeypatch, capsys):
    from headcount.cli import progress as collecting_view
    from headcount.sources.collect.options import CollectionEstimate

    quote = CollectionEstimate("x:1", "ego", 9_000, 7_200.0, 12.5, (("followers", 9_000),))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr(collecting_view, "confirm", lambda _question: False)
    assert not collecting_view.Watcher(quiet=True).agree(quote)
    assert quote.sentence() in capsys.readouterr().err
    assert collecting_view.Watcher(quiet=True, yes=True).agree(quote)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    with pytest.raises(UsageError, match="takes long or costs money"):
        collecting_view.Watcher(quiet=True).agree(quote)
    assert capsys.readouterr().err == ""
