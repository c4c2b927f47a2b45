"""Measures are computed when they are asked for, and ties and questions read no more than they need."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.report.test_document import CASES

import headcount as hc
from headcount.analysis import Analysis, measure
from headcount.cli.main import main
from headcount.report.anonymous import nameless
from headcount.report.build import build_report
from headcount.report.followers import follower_rows
from headcount.report.parts.ties import TiesPart
from headcount.report.render.listing import sort_rows
from headcount.simulate import CAST, demo_world
from headcount.tables import TABLES

SORTS = ["class", "responses", "followers", "following", "posts", "newest", "last-seen"]
COSTLY = [
    "headcount.measures.followers.authenticity.authenticity",
    "headcount.measures.circuits.followers.follower_rings",
    "headcount.measures.followers.funnel.funnel",
    "headcount.measures.audience.audience.predict_cohort",
    "headcount.store.read.account.followers_sql",
]
"""What ties and questions do without: other measures, and the profiles of the followers."""


class Computed(Exception):
    """Something was computed or read that was not asked for."""


def _refuse(*_: object, **__: object) -> None:
    raise Computed


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> hc.Workspace:
    tables = tmp_path_factory.mktemp("world")
    demo_world(seed=2, scale=0.03).write(tables)
    workspace = hc.open(tmp_path_factory.mktemp("workspace"))
    workspace.add(tables, whole_lists=True, now="2026-10-02")
    return workspace


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in COSTLY:
        monkeypatch.setattr(name, _refuse)


@pytest.mark.usefixtures("refused")
@pytest.mark.parametrize("command", ["ties", "question"])
def test_ties_and_questions_compute_and_read_nothing_else(command, ws, capsys):
    assert main([command, "ana", "--workspace", str(ws.folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["too_little"] is None
    assert main([command, "ana", "--workspace", str(ws.folder)]) == 0


@pytest.mark.parametrize("command", ["ties", "question"])
def test_ties_and_questions_import_no_other_measure(command, ws):
    code = "import sys; from headcount.cli.main import main; main(sys.argv[1:]); print(*sorted(sys.modules))"
    arguments = [command, "ana", "--workspace", str(ws.folder), "--silent"]
    run = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    imported = set(run.stdout.splitlines()[-1].split())
    assert f"headcount.measures.{'relationships.ties' if command == 'ties' else 'question.question'}" in imported
    other = (
        "audience.prediction",
        "audience.cohort_prediction",
        "followers.authenticity",
        "followers.verdicts",
        "circuits.rings",
        "circuits.followers",
    )
    assert imported.isdisjoint(f"headcount.measures.{name}" for name in other)


@pytest.mark.parametrize("name", COSTLY)
def test_what_is_refused_is_what_the_report_computes(name, ws, monkeypatch):
    """Without this the test before could pass because the names have changed."""
    if "follower_rings" in name and ws.view("ana").between is None:
        pytest.fail("the world has no follows between followers")
    monkeypatch.setattr(name, _refuse)
    with pytest.raises(Computed):
        ws.report("ana")


def test_followers_compute_no_headcount_and_no_question(ws, monkeypatch, capsys):
    for name in (
        "headcount.measures.audience.audience.audience",
        "headcount.measures.question.question.question",
        "headcount.measures.audience.audience.predict_cohort",
    ):
        monkeypatch.setattr(name, _refuse)
    assert main(["followers", "ana", "--limit", "3", "--workspace", str(ws.folder), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["followers"]) == 3
    assert ws.authenticity("ana").standing.any()


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("handle", "window", "as_of"),
    [
        *((member.handle, 56.0, None) for member in CAST),
        ("ana", None, None),
        ("ana", 7.0, None),
        ("ana", 56.0, "2026-09-20"),
    ],
)
def test_ties_and_questions_are_those_of_the_report(handle, window, as_of, ws):
    report = ws.report(handle, window_days=window, as_of=as_of)
    assert ws.ties(handle, window_days=window, as_of=as_of) == report.ties
    assert ws.question(handle, window_days=window, as_of=as_of) == report.question


FOLLOWS = [
    {"follower_id": "x:2", "followee_id": "x:1"},
    {"follower_id": "x:3", "followee_id": "x:1"},
    {"follower_id": "x:4", "followee_id": "x:1"},
    {"follower_id": "x:5", "followee_id": "x:1"},
]
POSTS = [
    {"post_id": "x:11", "author_id": "x:1", "created_at": "2026-09-21T10:00:00Z", "text": "Which book should I read?"},
    {"post_id": "x:12", "author_id": "x:1", "created_at": "2026-09-22T10:00:00Z", "text": "And which film?"},
]
HEARD = [
    {"actor_id": a, "target_id": "x:1", "kind": kind, "post_id": post, "created_at": f"2026-09-22T{hour}:00:00Z"}
    for a, kind, post, hour in [
        ("x:2", "reply", "x:11", 11),
        ("x:3", "quote", "x:12", 12),
        ("x:9", "reply", "x:12", 13),
        ("x:5", "like", "x:12", 14),
    ]
]
LIKES = [{**row, "kind": "like"} for row in HEARD]
SAID = [
    {"actor_id": "x:1", "target_id": other, "kind": "reply", "post_id": None, "created_at": "2026-09-23T10:00:00Z"}
    for other in ("x:2", "x:3", "x:8")
]
ACCOUNTS = [
    {"account_id": "x:1", "platform": "x", "handle": "ego", "followers_count": 9, "observed_at": "2026-10-01"},
    {"account_id": "x:2", "platform": "x", "handle": "bea", "observed_at": "2026-10-01"},
    {"account_id": "x:3", "platform": "x", "handle": "gone", "status": "suspended", "observed_at": "2026-10-01"},
    {"account_id": "x:9", "platform": "x", "handle": "hidden", "opted_out": True, "observed_at": "2026-10-01"},
]
STORES = {
    "everything": {"follows": FOLLOWS, "posts": POSTS, "interactions": HEARD + SAID, "accounts": ACCOUNTS},
    "no list of followers": {"posts": POSTS, "interactions": HEARD + SAID, "accounts": ACCOUNTS},
    "no posts": {"follows": FOLLOWS, "interactions": HEARD + SAID},
    "likes only": {"follows": FOLLOWS, "posts": POSTS, "interactions": LIKES},
    "nobody wrote": {"follows": FOLLOWS, "posts": POSTS, "interactions": SAID},
    "nothing written": {"follows": FOLLOWS, "posts": POSTS, "interactions": HEARD},
    "no interactions": {"follows": FOLLOWS, "posts": POSTS},
    "a sample": {"follows": [{**row, "sampled": True} for row in FOLLOWS], "posts": POSTS, "interactions": HEARD},
    "followers who never wrote": {"follows": FOLLOWS[3:], "posts": POSTS, "interactions": HEARD[:3]},
}


@pytest.mark.sampled(6)
@pytest.mark.parametrize("case", STORES)
@pytest.mark.parametrize("left", [False, True])
def test_ties_and_questions_of_incomplete_data_are_those_of_the_report(case, left, tmp_path):
    tables, workspace = dict(STORES[case]), hc.open(tmp_path / "workspace")
    for snapshot in range(1 + left):  # in the second import the first follower is missing
        folder = tmp_path / f"tables{snapshot}"
        _write(folder, tables)
        workspace.add(folder, whole_lists=True, now=f"2026-10-0{2 + snapshot}")
        if "follows" in tables:
            tables["follows"] = tables["follows"][1:] or tables["follows"]
    report = workspace.report("x:1")
    assert workspace.ties("x:1") == report.ties
    assert workspace.question("x:1") == report.question
    if "posts" in tables:
        named = workspace.measure("x:1", questions="x:12").question
        assert workspace.question("x:1", questions="x:12") == named


def _write(folder: Path, tables: dict[str, list[dict[str, object]]]) -> None:
    folder.mkdir()
    assert set(tables) <= {table.name for table in TABLES}
    for name, rows in tables.items():
        lines = "\n".join(json.dumps({key: value for key, value in row.items() if value is not None}) for row in rows)
        (folder / f"{name}.jsonl").write_text(lines + "\n", encoding="utf-8")


def test_a_view_of_words_holds_only_those_who_talk(ws):
    whole, words = ws.view("ana"), ws.view("ana", words_only=True)
    assert words.words_only
    assert 0 < len(words.followers) < len(whole.followers)
    assert words.listed == whole.listed
    assert len(words.responses) < len(whole.responses)
    for name in ("audience", "funnel", "authenticity", "rings", "labelled", "responses_by"):
        with pytest.raises(ValueError, match="ties and questions only"):
            getattr(Analysis(words), name)
    assert "two-way" in repr(Analysis(words))


def test_each_measure_is_computed_once(ws, monkeypatch):
    from headcount.measures.followers import authenticity as module

    calls = []
    real = module.authenticity
    monkeypatch.setattr(module, "authenticity", lambda *args, **named: calls.append(1) or real(*args, **named))
    analysis = ws.measure("ana")
    assert not calls
    build_report(analysis)
    build_report(analysis, anonymous=True)
    assert analysis.compute_all().authenticity is analysis.authenticity
    assert len(calls) == 1


@pytest.mark.parametrize("case", CASES)
def test_the_order_in_which_measures_are_asked_for_changes_nothing(case):
    first, second = measure(CASES[case]), measure(CASES[case]).compute_all()
    part = TiesPart.from_analysis(first)
    assert build_report(first) == build_report(second)
    assert build_report(second).ties == part
    anonymous = build_report(second, anonymous=True)
    assert build_report(measure(CASES[case]), anonymous=True) == anonymous
    assert second.restated(nameless(second.view)).follower_list == second.follower_list


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("label", [None, "responding"])
def test_a_limit_gives_the_first_of_all_rows(sort, label, ws):
    analysis = ws.measure("ana")
    rows = sort_rows(follower_rows(analysis, label=label), sort)
    assert len(rows) > 12
    few = follower_rows(analysis, label=label, sort=sort, limit=12)
    assert list(few) == rows[:12]
    assert (few.total, few.gone) == (len(rows), sum(row.label == "gone" for row in rows))
    assert list(follower_rows(analysis, label=label, sort=sort)) == rows


def test_unknown_figures_come_last(ws):
    analysis = ws.measure("ana")
    columns = analysis.view.followers
    unknown = np.where(np.arange(len(columns)) % 3 == 0, np.nan, columns.followers_count)
    far = np.where(np.arange(len(columns)) % 4 == 0, 1e12, columns.last_seen)
    analysis = Analysis(replace(analysis.view, followers=replace(columns, followers_count=unknown, last_seen=far)))
    for sort in ("followers", "last-seen"):
        assert list(follower_rows(analysis, sort=sort)) == sort_rows(follower_rows(analysis), sort)


def test_after_everything_is_computed_a_report_computes_nothing_more(ws, monkeypatch):
    """The steps that show progress: reading, measuring, writing; the time of measuring must not fall into writing."""
    analysis = ws.measure("ana").compute_all()
    for name in (
        *COSTLY,
        "headcount.measures.audience.audience.audience",
        "headcount.measures.question.question.question",
        "headcount.measures.relationships.ties.ties",
    ):
        monkeypatch.setattr(name, _refuse)
    assert build_report(analysis).audience == analysis.audience
    assert build_report(analysis, anonymous=True).rows


def test_times_of_following_of_an_account(ws):
    view = ws.view("ana")
    times = measure(view).follow_times
    assert times is not None
    assert len(times.point) == len(view.followers)
    assert times.as_of is not None
    exact = ~np.isnan(view.followers.followed_at)
    np.testing.assert_array_equal(times.point[exact], view.followers.followed_at[exact])
    assert measure(replace(view, followers=None)).follow_times is None
