"""Closed circuits among the followers: from the tables of a workspace to the report, with known truth."""

from __future__ import annotations

import html
import json

import duckdb
import numpy as np
import pytest
from tests.circuit_world import EGO, circuit_world

from headcount.columns import Followers, FollowsBetween
from headcount.measures.circuits.followers import follower_rings
from headcount.measures.followers.funnel import CLASSES
from headcount.measures.statistics.intervals import finite_count
from headcount.report.render.document import to_json
from headcount.report.render.html import render_html
from headcount.report.render.text import print_report
from headcount.workspace.workspace import Workspace


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("circuits")
    return circuit_world(folder / "tables"), folder


@pytest.fixture(scope="module")
def report(world):
    workspace = Workspace(world[1] / "workspace")
    workspace.add(world[1] / "tables")
    return workspace.report(EGO)


def ids(numbers):
    return {f"x:{number}" for number in numbers}


def test_the_planted_circuit_is_found_and_the_fan_club_is_accused_of_nothing(world, report):
    truth, _ = world
    part = report.rings
    assert part.too_little is None
    assert (part.circuits, part.drawn, part.looked_at, part.of) == (1, False, truth.count, truth.count)
    assert part.members == pytest.approx(len(truth.circuit), abs=3)
    assert part.share == part.share_low == part.share_high == part.members / truth.count
    assert [group.verdict for group in part.groups] == ["ring", "talks"]
    ring, club = part.groups
    assert ring.conversation_high < 1 / 3 < club.conversation_low
    assert ring.newcomers is None, "the tables do not say when they followed"
    assert any("1 closed circuit" in finding for finding in report.findings)


def test_silent_members_follow_automatically_and_nobody_else_is_moved(world, report):
    truth, _ = world
    moved = {row.account_id for row in report.rows if row.label == "auto_follow"}
    assert moved
    assert moved <= ids(truth.circuit) - ids(truth.responders)
    missed = ids(truth.circuit) - ids(truth.responders) - moved
    assert len(missed) <= 3
    assert all(
        "closed circuit: " in row.reasons and "follow each other and rarely talk" in row.reasons
        for row in report.rows
        if row.label == "auto_follow"
    )
    assert report.funnel.classes.auto_follow == len(moved)
    assert "closed circuits among the followers" in report.funnel.method


def test_what_the_user_says_of_a_member_goes_before_the_circuit(world, report, tmp_path):
    truth, folder = world
    silent = sorted(ids(truth.circuit) - ids(truth.responders))[0]
    workspace = Workspace(tmp_path)
    workspace.add(folder / "tables")
    workspace.label(silent, "person", account=EGO)
    row = next(row for row in workspace.report(EGO).rows if row.account_id == silent)
    assert row.label != "auto_follow"


def test_the_picture_is_what_is_between_the_members(world, report):
    truth, _ = world
    ring = report.rings.groups[0]
    assert len(ring.picture) == 40 < ring.members
    signs = np.array([list(row) for row in ring.picture])
    assert (signs == signs.T).all()
    assert (np.diag(signs) == ".").all()
    follows = set(zip(truth.source.tolist(), truth.target.tolist(), strict=True))
    ties = {v: sum((v, w) in follows and (w, v) in follows for w in truth.circuit) for v in truth.circuit.tolist()}
    most = sorted(ties.values(), reverse=True)[:40]
    assert np.isin(signs, ["#", "="]).sum() <= sum(most)
    assert np.isin(signs, ["#", "="]).sum() > 0.9 * 0.7 * 40 * 39


def test_every_face_tells_it(report, capsys):
    text = json.loads(to_json(report))["rings"]
    assert text["groups"][0]["verdict"] == "ring"
    page = render_html(report)
    assert page.count('class="matrix"') == 2
    assert report.rings.sentence in page
    print_report(report)
    said = capsys.readouterr().out
    assert "Closed circuits among the listed followers" in said
    assert "closed circuit " in said


def test_without_talk_nobody_is_accused(tmp_path):
    circuit_world(tmp_path / "tables", talk=False)
    workspace = Workspace(tmp_path / "workspace")
    workspace.add(tmp_path / "tables")
    report = workspace.report(EGO)
    assert report.rings.circuits is None
    assert report.rings.share is None
    assert {group.verdict for group in report.rings.groups} == {"conversation unknown"}
    assert report.funnel.classes.auto_follow == 0
    assert "unknown" in report.rings.sentence


def test_a_report_in_a_notebook(report):
    shown = report._repr_html_()
    assert report.account.as_of[:10] in shown
    assert all(html.escape(finding) in shown for finding in report.findings)
    frame = report.to_frame("pandas")
    assert len(frame) == len(report.rows) == report.rows_total
    assert list(frame["account_id"]) == [row.account_id for row in report.rows]
    assert set(frame["label"]) <= set(CLASSES)


def test_what_is_missing_is_said(world, tmp_path, capsys):
    """The same followers, but of nobody is known whom they follow."""
    _, folder = world
    with duckdb.connect() as con:
        con.execute(
            f"COPY (FROM '{folder}/tables/follows.parquet' WHERE followee_id = '{EGO}') TO '{tmp_path}/follows.parquet'"
        )
    workspace = Workspace(tmp_path / "workspace")
    workspace.add(tmp_path)
    report = workspace.report(EGO)
    assert report.rings.looked_at is None
    assert report.rings.share is None
    assert "add them as a table" in report.rings.too_little
    assert report.rings.too_little in render_html(report)
    print_report(report)
    assert "The follows among the followers were not collected" in capsys.readouterr().out


def test_follows_of_other_accounts_that_were_collected_are_no_graph(world, tmp_path):
    """By collecting two accounts some follows between followers come to hand by chance."""
    _, folder = world
    workspace = Workspace(tmp_path)
    workspace.add(folder / "tables")
    with duckdb.connect(str(next(tmp_path.glob("*.duckdb")))) as con:
        con.execute(f"UPDATE snapshots SET account_id = '{EGO}'")
    assert workspace.report(EGO).rings.looked_at is None


def collected(folder, tmp_path, drawn):
    """The workspace as a collector leaves it that asked of some followers whether they follow each other."""
    workspace = Workspace(tmp_path)
    workspace.add(folder / "tables")
    with duckdb.connect(str(next(tmp_path.glob("*.duckdb")))) as con:
        con.execute(f"UPDATE snapshots SET account_id = '{EGO}'")
        con.register("drawn", {"number": drawn})
        con.execute(
            "INSERT INTO list_looks SELECT 'between', 'x:' || number, (SELECT read_at FROM snapshots) FROM drawn"
        )
        con.execute("UPDATE follows SET sampled = true WHERE follower_id IN (SELECT 'x:' || number FROM drawn)")
    return workspace


def test_a_sample_of_the_followers_gives_the_share_with_its_interval(world, tmp_path):
    truth, folder = world
    drawn = np.random.default_rng(3).choice(truth.count, 900, replace=False)
    part = collected(folder, tmp_path, drawn).report(EGO).rings
    expected = len(np.intersect1d(drawn, truth.circuit))
    assert (part.looked_at, part.of, part.drawn) == (900, truth.count, True)
    assert part.members == pytest.approx(expected, abs=3)
    limits = finite_count(part.members, 900, truth.count)
    assert (part.share_low * truth.count, part.share_high * truth.count) == pytest.approx(limits)
    assert part.members <= limits[0]
    assert part.exact is None
    assert part.share_low <= len(truth.circuit) / truth.count <= part.share_high
    assert part.smallest == 17
    assert "of all listed followers" in part.sentence


def test_what_was_asked_for_another_account_is_not_taken_for_a_sample(world, tmp_path):
    truth, folder = world
    drawn = np.random.default_rng(3).choice(truth.count, 900, replace=False)
    workspace = collected(folder, tmp_path, drawn)
    with duckdb.connect(str(next(tmp_path.glob("*.duckdb")))) as con:
        con.execute(
            "INSERT INTO snapshots (snapshot, account_id, read_at) VALUES (99, 'x:other', TIMESTAMP '2099-01-01')"
        )
        con.execute("INSERT INTO list_looks SELECT 'between', 'x:' || range, TIMESTAMP '2099-01-01' FROM range(42)")
        con.execute("INSERT INTO list_looks VALUES ('follower', 'x:5', TIMESTAMP '2099-01-01')")
    assert workspace.report(EGO).rings.looked_at == 900


def test_who_was_not_looked_at_is_not_silent(world, tmp_path):
    """A table of follows, and an account of which only its own threads are known."""
    _, folder = world
    workspace = Workspace(tmp_path)
    workspace.add(folder / "tables")
    with duckdb.connect(str(next(tmp_path.glob("*.duckdb")))) as con:
        con.execute("UPDATE snapshots SET interactions = 0, posts = 0")
    part = workspace.report(EGO).rings
    assert part.share is None
    assert {group.verdict for group in part.groups} == {"conversation unknown"}


def test_the_share_of_samples_covers_the_truth(world):
    """The interval over many draws of the sample."""
    truth, _ = world
    held = 0
    for seed in range(20):
        drawn = np.sort(np.random.default_rng(seed).choice(truth.count, 700, replace=False))
        found = follower_rings(between(truth, drawn), columns(truth), standing=truth.count, draws=20).found
        low, high = found.share_interval
        held += low <= len(truth.circuit) / truth.count <= high
    assert held >= 17


def columns(truth):
    return Followers.unknown(np.array([f"x:{number}" for number in range(truth.count)], dtype=object))


def between(truth, drawn):
    place = np.full(truth.count, -1)
    place[drawn] = np.arange(len(drawn))
    inside = (place[truth.source] >= 0) & (place[truth.target] >= 0)
    source, target = place[truth.source[inside]], place[truth.target[inside]]
    talk = ~(np.isin(drawn[source], truth.circuit) & np.isin(drawn[target], truth.circuit))
    said = talk & (np.random.default_rng(1).random(len(source)) < 0.4)
    return FollowsBetween(
        person=drawn,
        drawn=True,
        source=source,
        target=target,
        actor=source[said],
        addressed=target[said],
        times=np.ones(said.sum(), np.int64),
        watched=np.ones(len(drawn), bool),
    )


def test_few_lists_are_too_few(world, tmp_path):
    _, folder = world
    part = collected(folder, tmp_path, np.arange(5)).report(EGO).rings
    assert part.share is None
    assert "for 5 followers only" in part.too_little


def test_a_world_without_circuits_has_none(tmp_path):
    for seed in (2, 3):
        circuit_world(tmp_path / f"{seed}", seed=seed, circuit=0)
        workspace = Workspace(tmp_path / f"workspace{seed}")
        workspace.add(tmp_path / f"{seed}")
        report = workspace.report(EGO)
        assert report.rings.circuits == 0
        assert report.rings.sentence.startswith("No closed circuit was found")
        assert report.funnel.classes.auto_follow == 0
