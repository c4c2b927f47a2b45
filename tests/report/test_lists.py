"""No face presents a list of followers that is not complete as all followers, whatever its state."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from tests.report.test_document import view
from tests.report.test_html import Elements

from headcount.analysis import measure
from headcount.cli.main import main
from headcount.columns import Exchanges, Responses
from headcount.incoming import ListCoverage
from headcount.measures.follower_list import FollowerList
from headcount.report.build import build_report
from headcount.report.followers import follower_rows
from headcount.report.parts.coverage import list_sentence
from headcount.report.render.document import to_json
from headcount.report.render.html import headline, render_html
from headcount.report.render.listing import write_csv
from headcount.report.render.section_text import print_question, print_ties
from headcount.report.render.text import print_authenticity, print_followers, print_report

STATES = ("complete", "partial", "sampled", "refused", "hidden", "unknown", None)
REASONS = {
    "partial": "broke_off",
    "refused": "login_required",
    "hidden": "hidden_by_account",
    "unknown": "not_collected",
}
AS_ALL = re.compile(
    r"(?<!none of )(?<!none of the )\b[\d,]+ followers?\b(?! (?:of @|listed|are listed|is listed))"
    r"|% of followers|% of all followers|\bhas [\d,]+ follower|all followers that|Each of the [\d,]+ followers"
)
"""A count or share of followers as of a complete list (121,410 is the size of a public data set)."""


def listed_view(state, listed, claimed, seed):
    """An account with random responses, and a list of followers that was read so far."""
    base = view(listed, 12, max(listed or 0, 8) + 25, seed)
    lists = {}
    if state is not None:
        reason = REASONS.get(state)
        lists["followers"] = ListCoverage("x:ego", "followers", state, reason, listed=listed, claimed=claimed)
    if listed is None:
        base = replace(base, followers=None)
    return replace(base, facts=replace(base.facts, claimed=claimed), lists=lists)


def texts_of(case, capsys):
    """What every face says of an account, by face."""
    measured = measure(case)
    report = build_report(measured, beside=[measured])
    page = Elements(render_html(report)).words
    faces = {
        "findings": " ".join(report.findings),
        "notes": " ".join(report.notes),
        "html": page,
        "title": headline(report),
        "notebook": report._repr_html_(),
        "measures": " ".join(
            m.sentence() for m in (measured.audience, measured.question, measured.ties, measured.funnel)
        ),
    }
    capsys.readouterr()
    print_report(report, verbose=True)
    print_ties(report.ties, 5)
    print_question(report.question)
    print_followers(follower_rows(measured), 5)
    if measured.authenticity is not None:
        print_authenticity(measured.authenticity, None)
        faces["authenticity"] = measured.authenticity.sentence()
    faces["terminal"] = " ".join(capsys.readouterr().out.split())
    return report, faces


CASES = [
    (state, listed, claimed, seed)
    for seed, (state, (listed, claimed)) in enumerate(
        product(STATES, [(30, 1000), (30, None), (1, 2), (0, 50), (None, 0), (None, None), (None, 1000)])
    )
    if not (listed is None and state in ("complete", "sampled"))
]


@pytest.mark.sampled(12)
@pytest.mark.parametrize(("state", "listed", "claimed", "seed"), CASES)
def test_a_list_that_is_not_complete_is_never_all_followers(state, listed, claimed, seed, capsys):
    report, faces = texts_of(listed_view(state, listed, claimed, seed), capsys)
    if state == "complete":
        assert report.followers.partial is False
        assert f"@ego has {listed} follower" in faces["findings"]
        return
    found = {
        face: [hit for hit in AS_ALL.findall(text) if not hit.startswith("121,410 ")] for face, text in faces.items()
    }
    assert not any(found.values()), found
    said = ("unknown", "partial", "sample")
    for face in ("findings", "notes", "html", "title", "terminal", "notebook"):
        assert any(word in faces[face].lower() for word in said), face
    plain = json.loads(to_json(report))
    assert plain["followers"]["partial"] is not False
    for part in ("audience", "question", "ties"):
        carried = plain[part]["follower_list"]
        assert {carried["state"] != "complete", carried["listed"] == listed, carried["claimed"] == claimed} == {True}
    assert not any(tie["follows"] is False for tie in plain["ties"]["top"]), "who is not listed may follow"
    if listed is None:
        assert plain["funnel"]["classes"] is None
        assert "list of followers is unknown" in plain["rings"]["too_little"]


@pytest.mark.parametrize(
    ("state", "reason", "expected"),
    [
        ("refused", "login_required", "The list of followers is unknown: the server shows it only with a login."),
        ("hidden", "hidden_by_account", "The list of followers is unknown: the account hides it."),
    ],
)
@pytest.mark.parametrize("claimed", [0, None])
def test_a_refused_list_with_an_empty_counter_is_unknown_with_its_reason(state, reason, expected, claimed, capsys):
    lists = {"followers": ListCoverage("x:ego", "followers", state, reason, claimed=claimed)}
    report, faces = texts_of(replace(listed_view(None, None, claimed, 1), lists=lists), capsys)
    assert report.followers.listed is None
    for face in ("html", "terminal"):
        assert expected in faces[face]
    assert "0 followers" not in " ".join(faces.values())


def test_a_partial_list_says_so_in_every_sentence_that_counts_it():
    report = build_report(
        measure(listed_view("partial", 30, 1000, 1)), beside=[measure(listed_view(None, 12, None, 2))]
    )
    first, second = report.findings[:2]
    assert "30 of 1,000 followers of @ego are listed (partial list). The headcount is " in first
    assert "listed followers who responded since" in first
    assert "or are expected to within the next 12 posts" in first
    assert " of the 30 listed followers responded to the 12 posts" in first
    assert "(30 of 1,000 followers listed, partial list, against 12 followers listed, completeness unknown)" in second
    assert any(line.startswith("Of the 30 listed followers, ") for line in report.findings)
    assert headline(report).startswith("30 of 1,000 followers listed (partial list). ")
    outside = report.audience.non_followers
    assert outside > 1
    said = f"{outside} people who responded are not in the list of followers; whether they follow is unknown."
    assert any(note.startswith(said) for note in report.notes)


def test_a_headcount_over_a_partial_list_is_a_lower_bound_in_a_comparison():
    few, many = listed_view("partial", 30, 1000, 1), listed_view("complete", 300, 300, 2)
    sentence = build_report(measure(few), beside=[measure(many)]).findings[1]
    assert "cannot be compared by headcount: the follower list of @ego is incomplete" in sentence
    sentence = build_report(measure(many), beside=[measure(few)]).findings[1]
    assert "cannot be compared by headcount" in sentence
    whole = replace(few, lists={"followers": replace(few.lists["followers"], state="complete", reason=None)})
    assert "has a smaller headcount" in build_report(measure(whole), beside=[measure(many)]).findings[1]
    few_whole = listed_view("complete", 30, 30, 1)
    many_partial = listed_view("partial", 300, 9000, 2)
    assert "has a larger headcount" in build_report(measure(many_partial), beside=[measure(few_whole)]).findings[1]


def test_no_counter_and_no_record_leaves_open_whether_the_list_is_all():
    report = build_report(measure(listed_view(None, 30, None, 1)))
    assert "30 followers of @ego are listed; whether the list is complete is unknown." in report.findings[0]
    assert (report.followers.state, report.followers.partial) == ("unknown", None)


@pytest.mark.parametrize(
    ("listed", "claimed", "partial", "has", "size"),
    [
        (6012, 6048, False, "@a has 6,012 followers", "6,012 followers"),
        (1, None, False, "@a has 1 follower", "1 follower"),
        (30, 1000, True, "30 of 1,000 followers of @a are listed (partial list)",
         "30 of 1,000 followers listed (partial list)"),
        (1, 1000, True, "1 of 1,000 followers of @a is listed (partial list)",
         "1 of 1,000 followers listed (partial list)"),
        (0, 1000, True, "none of the 1,000 followers of @a is listed (partial list)",
         "none of 1,000 followers listed (partial list)"),
        (0, None, None, "no follower of @a is listed; whether there are more is unknown",
         "no followers listed (completeness unknown)"),
        (30, None, None, "30 followers of @a are listed; whether the list is complete is unknown",
         "30 followers listed (completeness unknown)"),
        (None, 1000, True, "the followers of @a are unknown", "followers unknown"),
    ],
)  # fmt: skip
def test_words_for_a_count_of_followers(listed, claimed, partial, has, size):
    state = "complete" if partial is False else "partial" if partial else "unknown"
    found = FollowerList(state=state, reason=None, listed=listed, claimed=claimed, partial=partial)
    assert (found.has("@a"), found.size()) == (has, size)


def test_which_kinds_of_responses_are_unknown_stands_beside_the_headcount(capsys):
    base = listed_view("complete", 30, 30, 1)
    likes = base.responses.kind == 4
    kept = Responses(*(getattr(base.responses, name)[~likes] for name in ("person", "post", "kind", "delay")))
    lists = {
        **base.lists,
        "likes": ListCoverage("x:ego", "likes", "refused", "login_required", claimed=70),
        "replies": ListCoverage("x:ego", "replies", "partial", "no_next_page", 20, 44),
        "reposts": ListCoverage("x:ego", "reposts", "complete", None, 3, 3),
    }
    report, faces = texts_of(replace(base, responses=kept, lists=lists), capsys)
    said = "likes are unknown: the server shows them only with a login."
    assert report.findings[0].endswith(f" Replies are incomplete: the server returned no next page; {said}")
    for face in ("html", "terminal"):
        assert "Completeness of each list" in faces[face]
    assert json.loads(to_json(report))["responses_note"] == report.responses_note


def test_refused_posts_leave_every_figure_of_responses_unknown(capsys):
    empty = {name: np.empty(0, dtype=kind) for name, kind in
             (("person", np.int64), ("post", np.int64), ("kind", np.int8), ("delay", np.float64))}  # fmt: skip
    base = view(30, 0, 30)
    refused = ListCoverage("x:ego", "posts", "refused", "login_required", claimed=12)
    case = replace(
        base,
        responses=Responses(**empty),
        exchanges=Exchanges(np.empty(0, np.int64), np.empty(0, bool), np.empty(0)),
        lists={"posts": refused},
    )
    report, faces = texts_of(case, capsys)
    why = "The posts are unknown: the server shows them only with a login. A login may show them: headcount login."
    assert report.audience.too_little.startswith(why)
    assert report.question.too_little.startswith(why)
    assert report.ties.too_little.startswith(why)
    for text in faces.values():
        assert "no post" not in text
        assert "No replies, mentions or quotes" not in text
        assert "0 responses" not in text
    plain = json.loads(to_json(report))
    assert [plain["audience"][name] for name in ("observed", "observed_active", "responses", "non_followers")] == [
        None
    ] * 4
    assert (plain["ties"]["written_to"], plain["ties"]["heard_from"], plain["account"]["posts_in_window"]) == (
        None,
    ) * 3


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("status", "words"),
    [("moved", "@ego has moved to another account"),
     ("suspended", "@ego is suspended"), ("deleted", "@ego was deleted"),
     ("protected", "@ego is protected"), ("hidden", "@ego is hidden")],
)  # fmt: skip
def test_what_happened_to_the_account_is_a_finding(status, words, capsys):
    base = listed_view("complete", 30, 30, 1)
    report, faces = texts_of(replace(base, facts=replace(base.facts, status=status)), capsys)
    assert report.account.status == status
    assert report.findings[1].startswith(words)
    for face in ("html", "terminal"):
        assert words.removeprefix("@ego") in faces[face]
    assert build_report(measure(replace(base, facts=replace(base.facts, status="active")))).findings[1] not in words


def test_private_responses_are_counted_apart_and_said():
    report = build_report(measure(replace(listed_view("complete", 30, 30, 1), private_responses=7)))
    assert report.account.private_responses == 7
    assert any(note.startswith("7 responses addressed to followers") for note in report.notes)


def test_lists_are_shown_only_where_one_is_not_complete(capsys):
    for state, shown in (("complete", False), ("partial", True)):
        report, faces = texts_of(listed_view(state, 30, 30 if not shown else 99, 1), capsys)
        assert ("Completeness of each list" in faces["html"]) is shown
        capsys.readouterr()
        print_report(report)
        assert ("Completeness of each list" in capsys.readouterr().out) is shown


def test_a_csv_carries_the_state_of_the_list(tmp_path):
    rows = follower_rows(measure(listed_view("partial", 30, 1000, 1)))
    assert (rows.follower_list.state, rows.follower_list.partial) == ("partial", True)
    write_csv(rows, tmp_path / "followers.csv", list_state=rows.follower_list.state)
    with (tmp_path / "followers.csv").open(encoding="utf-8") as file:
        assert {row["list_state"] for row in csv.DictReader(file)} == {"partial"}


@pytest.mark.parametrize("listed", [0, 30])
def test_a_list_that_a_later_collection_was_refused_is_partial(listed):
    sentence = list_sentence(ListCoverage("x:ego", "followers", "refused", "login_required", listed, 40))
    assert ("is partial: 30 of 40 followers are listed" in sentence) is bool(listed)
    assert ("is unknown" in sentence) is not bool(listed)


@pytest.fixture
def half_a_list(tmp_path):
    """A workspace whose follower list is shorter than the counter."""
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "accounts.csv").write_text(
        "account_id,platform,handle,followers_count,observed_at,status\nx:1,x,ego,40,2026-10-02T00:00:00Z,moved\n"
    )
    (folder / "follows.csv").write_text(
        "follower_id,followee_id\n" + "".join(f"x:{number},x:1\n" for number in range(2, 12))
    )
    (folder / "posts.csv").write_text(
        "post_id,author_id,created_at,text\n"
        + "".join(f"x:p{day},x:1,2026-09-{day:02d}T00:00:00Z,What now?\n" for day in range(10, 20))
    )
    (folder / "interactions.csv").write_text(
        "actor_id,target_id,kind,post_id,created_at\n"
        + "".join(f"x:{day - 8},x:1,reply,x:p{day},2026-09-{day:02d}T01:00:00Z\n" for day in range(10, 20))
    )
    workspace = str(tmp_path / "workspace")
    assert main(["add", str(folder), "--workspace", workspace, "--partial"]) == 0
    return workspace


@pytest.mark.sampled(5)
@pytest.mark.parametrize("verb", ["followers", "ties", "question", "authenticity", "accounts", "report"])
def test_every_verb_says_that_the_list_is_partial(half_a_list, verb, capsys):
    capsys.readouterr()
    account = [] if verb == "accounts" else ["ego"]
    assert main([verb, *account, "--workspace", half_a_list]) == 0
    assert "partial" in capsys.readouterr().out
    assert main([verb, *account, "--json", "--workspace", half_a_list]) == 0
    plain = json.loads(capsys.readouterr().out)
    found = plain["followers"] if verb == "report" else plain[0]["list"] if verb == "accounts" else plain["list"]
    assert (found["state"], found["reason"], found["listed"], found["claimed"], found["partial"]) == (
        "partial", "shorter_than_counter", 10, 40, True,
    )  # fmt: skip


def test_the_status_of_the_account_is_read_from_its_table(half_a_list, capsys):
    capsys.readouterr()
    assert main(["report", "ego", "--workspace", half_a_list]) == 0
    assert "@ego has moved to another account" in capsys.readouterr().out


def test_a_csv_on_standard_output_keeps_the_sentence_apart(half_a_list, capsys):
    capsys.readouterr()
    assert main(["followers", "ego", "--csv", "-", "--workspace", half_a_list]) == 0
    printed = capsys.readouterr()
    assert len(printed.out.splitlines()) == 11
    assert "The list of followers is partial: 10 of 40 followers are listed" in printed.err
