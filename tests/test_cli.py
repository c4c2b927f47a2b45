"""The command line as a new user meets it: verbs, exit codes, one-line errors, JSON on standard output only."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sources.malformed import MALFORMED

from headcount.cli.main import main
from headcount.store.store import Store
from headcount.tables import TABLES


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """A folder of tidy tables: ego with four followers, three posts, a question, and some answers."""
    return write_tables(tmp_path / "tables")


def write_tables(folder: Path) -> Path:
    folder.mkdir()
    (folder / "accounts.csv").write_text(
        "account_id,platform,handle,display_name,followers_count,observed_at\n"
        "x:1,x,ego,Ego,5,2026-10-01T00:00:00Z\nx:2,x,bea,=HYPERLINK(1),10,2026-10-01T00:00:00Z\n"
        "x:3,x,carl,[bold]Carl[/bold],20,2026-10-01T00:00:00Z\n"
    )
    (folder / "follows.csv").write_text("follower_id,followee_id\nx:2,x:1\nx:3,x:1\nx:4,x:1\nx:5,x:1\n")
    (folder / "posts.csv").write_text(
        "post_id,author_id,created_at,text\n"
        "x:10,x:1,2026-09-20T10:00:00Z,Good morning\nx:11,x:1,2026-09-21T10:00:00Z,Which book should I read?\n"
        "x:12,x:1,2026-09-22T10:00:00Z,Good night\n"
    )
    (folder / "interactions.csv").write_text(
        "actor_id,target_id,kind,post_id,created_at\n"
        "x:2,x:1,reply,x:11,2026-09-21T11:00:00Z\nx:3,x:1,reply,x:11,2026-09-21T12:00:00Z\n"
        "x:2,x:1,like,x:10,2026-09-20T11:00:00Z\nx:9,x:1,like,x:12,2026-09-22T11:00:00Z\n"
        "x:1,x:2,reply,x:50,2026-09-21T13:00:00Z\n"
    )
    return folder


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that holds those tables, imported once and copied for each test."""
    folder = tmp_path_factory.mktemp("imported")
    assert main(["add", str(write_tables(folder / "tables")), "--workspace", str(folder / "workspace")]) == 0
    return folder / "workspace"


@pytest.fixture
def workspace(imported: Path, tables: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> str:
    """A workspace that holds those tables."""
    capsys.readouterr()
    return str(shutil.copytree(imported, tmp_path / "workspace"))


def run_json(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> object:
    """Run a command with --json and read its standard output."""
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def dump(folder: Path) -> list[object]:
    """Everything in a workspace; an empty one where there is none."""
    if not (folder / "headcount.duckdb").exists():
        return [[] for _ in TABLES]
    with Store(folder) as store:
        return [sorted(map(repr, store.connection.execute(f"FROM {t.name}").fetchall())) for t in TABLES]


def test_report_counts_what_is_there(workspace, capsys):
    report = run_json(["report", "ego", "--workspace", workspace], capsys)
    assert report["followers"]["listed"] == 4
    assert report["followers"]["claimed"] == 5
    assert report["followers"]["partial"] is True
    assert report["audience"]["observed"] == 2
    assert report["audience"]["posts"] == 3
    assert report["audience"]["non_followers"] == 1
    assert sum(report["funnel"]["classes"].values()) == report["funnel"]["followers"] == 4
    assert [test["post_id"] for test in report["question"]["tests"]] == ["x:11"]
    assert report["question"]["tests"][0]["responders_24h"] == 2
    assert report["ties"]["count"] == 1
    assert report["ties"]["top"][0]["handle"] == "bea"
    assert report["account"]["as_of"] == "2026-10-01T00:00:00Z"


def test_text_report_takes_no_name_for_markup(workspace, capsys):
    assert main(["followers", "ego", "--workspace", workspace]) == 0
    assert main(["report", "ego", "--workspace", workspace]) == 0
    out = capsys.readouterr().out
    assert "4 of 5 followers of @ego are listed (partial list)" in out


def test_account_may_be_left_out_and_named_in_several_ways(workspace, capsys):
    for name in ([], ["@ego"], ["EGO"], ["x:1"], ["1"], ["x:ego"], ["X:@Ego"]):
        report = run_json(["report", *name, "--workspace", workspace], capsys)
        assert report["account"]["account_id"] == "x:1"


def test_html_and_json_at_once_keep_standard_output_clean(workspace, capsys, tmp_path):
    page = tmp_path / "sub" / "page.html"
    report = run_json(["report", "ego", "--html", str(page), "--workspace", workspace], capsys)
    assert report["schema"].startswith("headcount.report/")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_followers_csv_is_harmless_in_a_spreadsheet(workspace, capsys):
    assert main(["followers", "ego", "--csv", "-", "--workspace", workspace]) == 0
    out = capsys.readouterr().out
    assert "'=HYPERLINK(1)" in out
    assert len(out.splitlines()) == 5


def test_followers_filter_and_sort(workspace, capsys):
    found = run_json(["followers", "ego", "--sort", "followers", "--workspace", workspace], capsys)
    assert (found["list"]["state"], found["list"]["listed"], found["list"]["claimed"]) == ("partial", 4, 5)
    rows = found["followers"]
    assert [row["handle"] for row in rows[:2]] == ["carl", "bea"]
    ties = run_json(["followers", "ego", "--class", "relationship", "--workspace", workspace], capsys)["followers"]
    assert [row["handle"] for row in ties] == ["bea"]


def test_question_of_one_post_by_id_and_by_link(workspace, capsys):
    for name in ("x:12", "https://x.com/ego/status/12"):
        result = run_json(["question", name, "--workspace", workspace], capsys)
        assert [test["post_id"] for test in result["tests"]] == ["x:12"]


def test_anonymous_report_names_nobody(workspace, capsys, tmp_path):
    page = tmp_path / "page.html"
    assert main(["report", "ego", "--anonymous", "--html", str(page), "--workspace", workspace]) == 0
    capsys.readouterr()
    report = run_json(["report", "ego", "--anonymous", "--workspace", workspace], capsys)
    html = page.read_text(encoding="utf-8")
    libraries = re.compile(r"<script[^>]*>(?:(?!</script>).){20000,}</script>", re.DOTALL)
    for text in (libraries.sub("", html), json.dumps(report)):
        for word in ("bea", "carl", "Carl", "x:2", "x:3", "x:11", "@ego", "Which book"):
            assert not re.search(rf"\b{word}\b", text), word


def test_forget_deletes(workspace, capsys):
    assert main(["forget", "bea", "--yes", "--workspace", workspace]) == 0
    assert "Deleted 1 rows of accounts" in capsys.readouterr().out
    report = run_json(["report", "ego", "--workspace", workspace], capsys)
    assert report["followers"]["listed"] == 3
    assert report["ties"]["count"] is None
    assert report["ties"]["top"] == []


def test_sync_makes_another_snapshot(tables, tmp_path, capsys):
    workspace = str(tmp_path / "workspace")
    assert main(["add", str(tables), "--workspace", workspace]) == 0
    capsys.readouterr()
    (tables / "follows.csv").write_text("follower_id,followee_id\nx:2,x:1\nx:3,x:1\nx:4,x:1\nx:6,x:1\n")
    done = run_json(["sync", "--workspace", workspace], capsys)
    assert done[0]["gone"] == 1
    report = run_json(["report", "ego", "--workspace", workspace], capsys)
    assert (report["followers"]["listed"], report["followers"]["gone"], report["followers"]["new"]) == (4, 1, 1)
    assert report["funnel"]["classes"]["gone"] == 1


def test_export_and_add_again_give_the_same_report(workspace, capsys, tmp_path):
    first = run_json(["report", "ego", "--workspace", workspace], capsys)
    for form in ("parquet", "csv", "csv.gz", "jsonl"):
        target, other = tmp_path / f"out-{form}", str(tmp_path / f"ws-{form}")
        assert main(["export", str(target), "--format", form, "--workspace", workspace]) == 0
        assert main(["add", str(target), "--workspace", other]) == 0
        capsys.readouterr()
        assert run_json(["report", "ego", "--workspace", other], capsys) == first, form


@pytest.mark.parametrize(
    ("arguments", "code", "fragment"),
    [
        (["report", "nobody"], 2, "no account 'nobody'"),
        (["report", "ego", "--window", "soon"], 2, "8w, 56d or all"),
        (["report", "ego", "--as-of", "tomorrow"], 2, "is not a time"),
        (["report", "ego", "--beside", "nobody"], 2, "no account 'nobody'"),
        (["followers", "ego", "--class", "fake"], 2, "is not one of"),
        (["question", "x:99"], 2, "no account 'x:99'"),
        (["add", "/nowhere/at/all"], 2, "/nowhere/at/all"),
        (["follow", "ego"], 2, "No such command"),
        (["export", "out", "--format", "xlsx"], 2, "is not one of"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_wrong_use_says_what_to_do(arguments, code, fragment, workspace, capsys):
    assert main([*arguments, "--workspace", workspace]) == code
    error = capsys.readouterr().err
    assert fragment in error
    assert "Traceback" not in error


def test_missing_workspace_is_wrong_use(tmp_path, capsys):
    assert main(["report", "ego", "--workspace", str(tmp_path / "none")]) == 2
    assert "headcount add" in capsys.readouterr().err


@pytest.mark.sampled(35)
@pytest.mark.parametrize("case", MALFORMED, ids=lambda case: case.name)
def test_malformed_input_gives_one_line_and_leaves_the_store_alone(case, workspace, tmp_path, capsys):
    folder = tmp_path / "malformed"
    folder.mkdir()
    path = case.build(folder)
    before = dump(Path(workspace))
    code = main(["add", str(path), "--workspace", workspace])
    error = capsys.readouterr().err
    assert code == case.exit_code, error
    assert case.fragment in error
    first = error.splitlines()[0]
    assert first.startswith("headcount: ")
    assert "Traceback" not in error
    assert dump(Path(workspace)) == before


def test_module_and_command_are_the_same_program():
    done = subprocess.run([sys.executable, "-m", "headcount", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("headcount")
