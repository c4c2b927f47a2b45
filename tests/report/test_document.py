"""`--json` follows the schema that is kept in the repository, for every kind of account."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest

import headcount as hc
from headcount.analysis import measure
from headcount.columns import Exchanges, Followers, Posts, Responses
from headcount.incoming import ListCoverage
from headcount.report.build import build_report
from headcount.report.followers import follower_rows
from headcount.report.model import SCHEMA
from headcount.report.render.document import document, to_json
from headcount.report.render.text import print_report
from headcount.store.read.view import AccountFacts, AccountView

SCHEMA_FILE = Path(__file__).resolve().parents[2] / "docs" / "report.schema.json"
NOW = 1_790_000_000.0


def view(followers: int | None, posts: int, people: int, seed: int = 1) -> AccountView:
    """An account with random responses."""
    generator = np.random.default_rng(seed)
    size = posts * people // 4
    who = generator.integers(0, max(people, 1), size)
    ids = np.array([f"x:{n}" for n in range(people)], dtype=object)
    listed = followers or 0
    return AccountView(
        facts=AccountFacts("x:ego", "x", "ego", "Ego", NOW - 1e8, followers, False),
        as_of=NOW,
        as_of_basis="observed",
        window_days=56.0,
        posts=Posts(
            np.array([f"x:p{n}" for n in range(posts)], dtype=object),
            NOW - 4e6 + np.sort(generator.random(posts)) * 3.9e6,
            np.array(["What now?" if n % 3 == 0 else None for n in range(posts)], dtype=object),
        ),
        posts_inferred=False,
        posts_before=0,
        undated_posts=0,
        responses=Responses(
            who,
            generator.integers(0, max(posts, 1), size),
            generator.integers(0, 5, size).astype(np.int8),
            generator.exponential(7200.0, size),
        ),
        exchanges=Exchanges(who, generator.random(size) < 0.4, NOW - generator.random(size) * 2e7),
        followers=Followers.unknown(ids[:listed]) if followers is not None else None,
        new=None,
        other_id=ids[listed:],
        other_handle=np.full(people - listed, None, dtype=object),
        other_opted_out=np.zeros(people - listed, dtype=np.int8),
    )


CASES = {
    "ordinary": view(120, 20, 140),
    "followers unknown": view(None, 20, 60),
    "no posts": view(30, 0, 30),
    "one post": view(30, 1, 30),
    "no followers": view(0, 10, 0),
    "one follower": view(1, 10, 1),
    "nobody responded": replace(
        view(30, 9, 30),
        responses=Responses(*(np.empty(0, dtype=kind) for kind in (np.int64, np.int64, np.int8, np.float64))),
    ),
    "no times": replace(
        view(40, 12, 40), posts=Posts(*(np.full(12, fill, dtype=object) for fill in ("a", np.nan, None)))
    ),
}
CASES["no times"] = replace(
    CASES["no times"],
    posts=Posts(
        np.array([f"x:p{n}" for n in range(12)], dtype=object), np.full(12, np.nan), np.full(12, None, dtype=object)
    ),
)


@pytest.mark.parametrize("anonymous", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_document_follows_the_schema(name, anonymous):
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    report = build_report(measure(CASES[name]), anonymous=anonymous)
    plain = json.loads(to_json(report))
    jsonschema.Draft202012Validator(schema).validate(plain)
    assert plain == json.loads(json.dumps(document(report)))
    assert plain["schema"] == SCHEMA
    assert plain["findings"]
    if plain["followers"]["listed"] is None:  # unknown is unknown, never 0
        assert plain["funnel"]["classes"] is None
        assert plain["funnel"]["followers"] is None
    elif not anonymous:  # else the counts are rounded
        assert sum(plain["funnel"]["classes"].values()) == plain["funnel"]["followers"]
    audience = plain["audience"]
    if audience["headcount"] is None:
        assert audience["too_little"]
    else:
        assert audience["observed"] <= audience["low"] <= audience["headcount"] <= audience["high"]


def test_schema_refuses_what_is_wrong():
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    good = document(build_report(measure(CASES["ordinary"])))
    for break_it in (
        lambda d: d.pop("audience"),
        lambda d: d["audience"].update(observed="many"),
        lambda d: d["funnel"]["classes"].pop("unknown"),
        lambda d: d.update(surprise=1),
    ):
        broken = json.loads(json.dumps(good))
        break_it(broken)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(schema).validate(broken)


def test_anonymous_report_holds_no_time_that_can_be_looked_up():
    case = CASES["ordinary"]
    with_ages = replace(
        case,
        followers=Followers.unknown(
            case.followers.account_id, created_at=NOW - np.arange(120) * 1e5 - 7, position=np.arange(120.0)
        ),
    )
    plain = document(build_report(measure(with_ages), anonymous=True))
    assert len(plain["arrival"]["created_at"]) == 120
    assert all(re.fullmatch(r"\d{4}-\d{2}", time) for time in plain["arrival"]["created_at"])
    assert all(re.fullmatch(r"\d{4}-\d{2}-\d{2}", test["asked_at"]) for test in plain["question"]["tests"])
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", plain["account"]["first_post_at"])
    assert "x:" not in json.dumps(plain)


def test_fields_that_others_build_on_are_there():
    plain = document(build_report(measure(CASES["ordinary"])))
    assert {"account_id", "handle", "platform", "as_of"} <= plain["account"].keys()
    assert {"claimed", "listed", "gone", "partial", "explanation"} <= plain["followers"].keys()
    wanted = "window_days posts observed coverage headcount low high at_least next"
    assert set(wanted.split()) <= plain["audience"].keys()
    assert plain["audience"]["next"][0].keys() == {"posts", "new_responders", "low", "high"}
    tests = "post_id asked_at responders responders_24h final_estimate low high half_life_minutes"
    assert set(tests.split()) <= plain["question"]["tests"][0].keys()
    assert {"count", "reciprocity", "known_share", "layers", "top"} <= plain["ties"].keys()


def test_figures_agree_with_a_plain_count():
    case = CASES["ordinary"]
    plain = document(build_report(measure(case)))
    pairs = {(p, q) for p, q in zip(case.responses.person.tolist(), case.responses.post.tolist(), strict=True)}
    inside = {pair for pair in pairs if pair[0] < 120}
    assert plain["audience"]["observed"] == len({p for p, _ in inside})
    assert plain["audience"]["responses"] == len(inside)
    assert plain["audience"]["non_followers"] == len({p for p, _ in pairs - inside})


def test_an_anonymous_list_has_no_figure_that_finds_anybody(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "follows.csv").write_text("follower_id,followee_id\nx:1,x:9\n")
    (folder / "accounts.csv").write_text(
        "account_id,handle,followers_count,following_count,posts_count,bio\nx:1,alice,4321,98765,1234,#teamfollowback\n"
    )
    workspace = hc.open(tmp_path / "ws")
    workspace.add(folder)
    measured = workspace.measure("x:9", window_days=None)
    exact, rough = (follower_rows(measured, anonymous=anonymous)[0] for anonymous in (False, True))
    assert (exact.handle, exact.followers_count, exact.following_count) == ("alice", 4321, 98765)
    assert "follows 98,765 accounts and is followed by 4,321" in exact.reasons
    assert (rough.handle, rough.followers_count, rough.following_count, rough.posts_count) == (None, 4300, 99000, 1200)
    assert "follows 99,000 accounts and is followed by 4,300" in rough.reasons


def sampled_view(removed: int = 4) -> AccountView:
    """A first look at a list that was read to its end: some are suspended, and a third was looked at."""
    plain = view(292, 13, 292)
    columns = plain.followers
    assert columns is not None
    numbers = np.arange(292)
    columns = replace(
        columns,
        removed=np.where(numbers < removed, 1, 0).astype(np.int8),
        sampled=np.where(numbers % 3 == 0, 1, 0).astype(np.int8),
    )
    few = plain.responses.person < 80
    responses = Responses(
        *(getattr(plain.responses, name)[few] for name in ("person", "post", "kind", "delay")),
    )
    return replace(plain, facts=replace(plain.facts, claimed=295), followers=columns, responses=responses)


def test_a_list_read_to_its_end_is_not_partial_and_says_why_the_counter_differs():
    complete = ListCoverage("x:1", "followers", "complete", listed=292, claimed=295)
    report = build_report(measure(replace(sampled_view(), lists={"followers": complete})))
    assert (report.followers.listed, report.followers.gone, report.followers.partial) == (288, 4, False)
    assert "read completely; the counter shows 295: 7 of those are not shown" in report.followers.explanation
    assert "listed before" not in report.followers.explanation
    unread = replace(complete, state="partial", reason="broke_off")
    report = build_report(measure(replace(sampled_view(), lists={"followers": unread})))
    assert (report.followers.partial, report.followers.reason) == (True, "broke_off")
    assert "288 of 295 followers of" in report.findings[0]
    assert "(partial list)" in report.findings[0]


def test_one_base_for_all_shares_and_what_was_looked_at_is_told(capsys):
    report = build_report(measure(sampled_view()))
    words = " ".join(report.findings)
    assert "288 of 295 followers of @ego are listed (partial list)" in words
    assert "Of the 288 listed followers, " in words
    assert "; 4 more are gone (unfollowed, deleted or suspended)" in words
    assert "292" not in words
    assert "ever listed" not in words
    assert "As of " in report.findings[0]
    assert "from the listed followers were sampled" in words
    assert "of them responders; most of the silent ones have no known activity" in words
    print_report(report)
    assert "Gone: unfollowed, deleted or suspended" in " ".join(capsys.readouterr().out.split())


def test_posts_of_one_day_are_dated():
    day = replace(CASES["ordinary"].posts, created_at=np.full(20, NOW - 60.0))
    report = build_report(measure(replace(CASES["ordinary"], posts=day, window_days=12000.0)))
    assert "to the 20 posts, all on 21 September 2026." in report.findings[0]
    assert "12,000" not in report.findings[0]


def test_posts_before_the_window_are_named_where_there_is_no_headcount():
    report = build_report(measure(replace(CASES["no posts"], posts_before=11)))
    assert "11 older posts lie before it: try --window all." in report.findings[0]
