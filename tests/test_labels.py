"""What the user says of a follower: kept, used, shown, never exported, and gone with the account."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import headcount as hc
from headcount import wording as say
from headcount.cli.main import main
from headcount.cli.renamed import LABEL_CHOICES, OLD_LABEL_CHOICES
from headcount.columns import Followers
from headcount.measures.followers.authenticity import authenticity
from headcount.measures.followers.recalibration import LABELS
from headcount.measures.statistics.quantification import followers_to_sample
from headcount.store.labels import OLD_LABELS, draw, labelled_rows, labels_of, outcome
from headcount.store.store import Store

REAL, FAKE, PLAIN = range(2, 40), range(40, 70), range(70, 200)
"""Followers of x:1 by number: lively people, accounts that look sold, and more people."""


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    """Tidy tables: ego with 198 followers, 30 of whom look sold, one of whom only the id is known, and a stranger."""
    folder = tmp_path / "tables"
    folder.mkdir()
    head = "account_id,platform,handle,followers_count,following_count,posts_count,bio,default_avatar,observed_at\n"
    seen = "2026-10-01T00:00:00Z"
    lines = [f"x:1,x,ego,500,100,900,hello,false,{seen}\n", f"x:900,x,stranger,5,5,5,hello,false,{seen}\n"]
    for number in [*REAL, *PLAIN]:
        lines.append(f"x:{number},x,Person{number},{180 + number},{200 + number},{900 + 7 * number},hi,false,{seen}\n")
    for number in FAKE:
        lines.append(f"x:{number},x,sold{number},{10 + number % 7},{900 + 11 * number},1,,true,{seen}\n")
    (folder / "accounts.csv").write_text(head + "".join(lines))
    pairs = "".join(f"x:{number},x:1,{number}\n" for number in [*REAL, *FAKE, *PLAIN, 200])
    (folder / "follows.csv").write_text("follower_id,followee_id,position\n" + pairs)
    return folder


@pytest.fixture
def workspace(tables, tmp_path, capsys) -> str:
    folder = str(tmp_path / "workspace")
    assert main(["add", str(tables), "--workspace", folder]) == 0
    capsys.readouterr()
    return folder


def run(arguments, workspace, capsys):
    assert main([*arguments, "--workspace", workspace, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def label_many(workspace, real=12, fake=12):
    """Label people real and sold accounts auto, as somebody would who looked at them."""
    ws = hc.open(workspace)
    for number in list(REAL)[:real]:
        ws.label(f"x:{number}", "person")
    for number in list(FAKE)[:fake]:
        ws.label(f"x:{number}", "auto-follow")
    return ws


@pytest.mark.parametrize("name", ["@Person5", "person5", "x:5", "5"])
def test_a_follower_may_be_named_in_several_ways(name, workspace, capsys):
    done = run(["label", name, "person"], workspace, capsys)
    assert (done["account_id"], done["handle"], done["label"], done["labels"]) == ("x:5", "Person5", "person", 1)
    assert done["sentence"].startswith("@Person5 is labelled person.")
    assert done["error"]["labels"] == 1
    assert done["share_low"] is None


def test_a_follower_of_whom_only_the_id_is_known_can_be_labelled(workspace, capsys):
    done = run(["label", "x:200", "spam"], workspace, capsys)
    assert (done["account_id"], done["handle"]) == ("x:200", None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["label", "nobody", "person"], "There is no account 'nobody'"),
     (["label", "stranger", "person"], "stranger follows no account in this workspace"),
     (["label", "stranger", "person", "--account", "ego"], "stranger is not a follower of ego"),
     (["label", "Person5", "fake"], "'fake' is not one of"),
     (["authenticity", "ego", "--who", "stranger"], "is not a follower of this account")],
)  # fmt: skip
def test_what_cannot_be_labelled_is_refused_in_one_line_and_nothing_is_kept(arguments, said, workspace, capsys):
    assert main([*arguments, "--workspace", workspace]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert said in captured.err
    assert "Traceback" not in captured.err
    with Store(workspace) as store:
        assert store.connection.execute("SELECT count(*) FROM labels").fetchone() == (0,)


def test_who_follows_several_accounts_is_asked_about(tables, tmp_path, capsys):
    with (tables / "follows.csv").open("a") as file:
        file.write("x:5,x:900,1\nx:6,x:900,2\n")
    folder = str(tmp_path / "two")
    assert main(["add", str(tables), "--workspace", folder]) == 0
    capsys.readouterr()
    assert main(["label", "Person5", "person", "--workspace", folder]) == 2
    assert "select one with --account: ego, stranger" in capsys.readouterr().err
    assert run(["label", "Person5", "person", "--account", "stranger"], folder, capsys)["labels"] == 1
    assert run(["label", "Person7", "person"], folder, capsys)["labels"] == 2


def test_words_of_earlier_versions_are_accepted_with_a_note(workspace, capsys):
    for old, new in {"real": "person", "auto": "auto-follow"}.items():
        assert main(["label", "Person5", old, "--workspace", workspace, "--json"]) == 0
        captured = capsys.readouterr()
        assert json.loads(captured.out)["label"] == new
        assert captured.err.splitlines() == [f"{old} is deprecated and will be removed in the next version; use {new}."]
        assert hc.open(workspace).label("Person6", old).label == new
    assert main(["label", "--help"]) == 0
    shown = capsys.readouterr().out
    assert "LABEL is person, bought, automated, auto-follow or spam; none removes" in " ".join(shown.split())
    assert "real," not in shown
    assert (*LABELS, "none") == LABEL_CHOICES
    assert OLD_LABEL_CHOICES == OLD_LABELS


def test_each_label_sets_class_and_judgement(workspace, capsys):
    for label, judgement in (("bought", "bought"), ("automated", "automated"), ("auto-follow", "auto_follow")):
        done = run(["label", "Person5", label], workspace, capsys)
        assert (done["label"], done["error"]["labels"]) == (label, 1)
        shown = run(["authenticity", "ego", "--who", "Person5"], workspace, capsys)["follower"]
        assert shown["judgement"] == judgement
        assert (shown["class"] == "auto_follow") == (label != "automated")


def test_stored_labels_of_earlier_versions_are_migrated(workspace, capsys):
    with Store(workspace, write=True) as store:
        store.connection.execute(
            "INSERT INTO labels VALUES ('x:2', 'real', NULL), ('x:40', 'auto', NULL), ('x:41', 'spam', NULL)"
        )
        store.connection.execute("UPDATE meta SET value = '5' WHERE key = 'schema_version'")
    assert run(["authenticity", "ego"], workspace, capsys)["labels"] == 3
    with Store(workspace) as store:
        assert labels_of(store.connection) == {"x:2": "person", "x:40": "auto-follow", "x:41": "spam"}


def test_a_label_moves_the_probability_and_says_so(workspace, capsys):
    before = run(["authenticity", "ego", "--who", "sold60"], workspace, capsys)["follower"]["real"]
    label_many(workspace)
    done = run(["label", "sold60", "spam"], workspace, capsys)
    assert done["real_without"] < before
    assert say.share(done["real_without"]) in done["sentence"]
    # who is labelled spam has no probability of being real beside that
    assert (done["real"], done["real_low"], done["real_high"]) == (None, None, None)
    shown = run(["authenticity", "ego", "--who", "sold60"], workspace, capsys)["follower"]
    assert (shown["class"], shown["judgement"], shown["real"], shown["reasons"]) == ("spam", "spam_bot", None, [])
    assert shown["sentence"].startswith("Spam: you labelled it spam.")
    done = run(["label", "Person100", "person"], workspace, capsys)
    assert done["real_low"] <= done["real"] <= done["real_high"]
    assert f"Probability of a real account: {say.share(done['real'])}" in done["sentence"]
    run(["label", "Person100", "none"], workspace, capsys)
    shown = run(["authenticity", "ego", "--who", "sold61"], workspace, capsys)
    assert shown["follower"]["real"] < before
    assert shown["labels"] == 25
    assert any(r["sentence"] == "your labels of 25 followers" for r in shown["follower"]["reasons"])
    people = run(["authenticity", "ego", "--who", "Person100"], workspace, capsys)["follower"]["real"]
    assert people > 0.9


def test_the_local_error_rate_judges_each_label_without_itself(workspace, capsys):
    label_many(workspace)
    done = run(["label", "Person3", "spam"], workspace, capsys)  # a person called spam: the model errs here
    error = done["error"]
    assert error["labels"] == 24
    assert error["wrong"] == error["real_called_fake"] + error["fake_called_real"]
    assert error["fake_called_real"] >= 1
    assert 0 < error["low"] < error["wrong"] / error["labels"] < error["high"] < 1
    assert main(["label", "Person3", "person", "--workspace", workspace]) == 0
    assert "Of 24 accounts that you labelled" in " ".join(capsys.readouterr().out.split())


def test_the_share_comes_with_enough_labels_and_holds_the_truth(workspace, capsys):
    assert run(["report", "ego"], workspace, capsys)["authenticity"]["real_low"] is None
    label_many(workspace)
    report = run(["report", "ego"], workspace, capsys)
    part = report["authenticity"]
    assert part["labels"] == 24
    assert part["real_low"] <= 1 - len(FAKE) / 198 <= part["real_high"]
    assert part["local_error"]["labels"] == 24
    assert part["sentence"] in report["findings"]
    done = run(["label", "Person4", "person"], workspace, capsys)
    assert (done["share_low"], done["share_high"]) == pytest.approx((part["real_low"], part["real_high"]), abs=0.1)


def test_a_label_is_the_class_in_the_funnel(workspace, capsys):
    for follower, said in (("Person20", "spam"), ("Person21", "auto-follow"), ("x:200", "person")):
        run(["label", follower, said], workspace, capsys)
    classes = run(["report", "ego"], workspace, capsys)["funnel"]["classes"]
    assert (classes["spam"], classes["auto_follow"]) == (1, 1)
    row = run(["followers", "ego", "--class", "spam"], workspace, capsys)["followers"][0]
    assert (row["handle"], row["reasons"]) == ("Person20", "you labelled it spam")
    run(["label", "Person20", "none"], workspace, capsys)
    assert run(["report", "ego"], workspace, capsys)["funnel"]["classes"]["spam"] == 0


def test_real_outweighs_the_rules(tmp_path, capsys):
    folder = tmp_path / "spam"
    folder.mkdir()
    seen = "2026-10-01T00:00:00Z"
    (folder / "accounts.csv").write_text(f"account_id,handle,observed_at\nx:1,ego,{seen}\nx:2,shop,{seen}\n")
    (folder / "follows.csv").write_text("follower_id,followee_id\nx:2,x:1\n")
    posts = [{"post_id": f"x:p{n}", "author_id": "x:2", "created_at": "2026-09-01T00:00:00Z", "text": "Buy now",
              "kind": "post", "link_domains": ["shop.example"]} for n in range(30)]  # fmt: skip
    (folder / "posts.jsonl").write_text("".join(json.dumps(post) + "\n" for post in posts))
    workspace = str(tmp_path / "workspace")
    assert main(["add", str(folder), "--workspace", workspace]) == 0
    capsys.readouterr()
    assert run(["report", "ego"], workspace, capsys)["funnel"]["classes"]["spam"] == 1
    run(["label", "shop", "person"], workspace, capsys)
    assert run(["report", "ego"], workspace, capsys)["funnel"]["classes"]["spam"] == 0


def test_labels_survive_another_import_and_are_not_exported(workspace, tables, tmp_path, capsys):
    label_many(workspace, real=2, fake=1)
    assert main(["add", str(tables), "--workspace", workspace]) == 0
    with Store(workspace) as store:
        kept = store.connection.execute("SELECT account_id, label FROM labels ORDER BY 1").fetchall()
    assert kept == [("x:2", "person"), ("x:3", "person"), ("x:40", "auto-follow")]
    target = tmp_path / "out"
    for form in ("csv", "parquet", "jsonl"):
        assert main(["export", str(target / form), "--format", form, "--workspace", workspace]) == 0
        names = sorted(path.name for path in (target / form).iterdir())
        assert names == [f"{name}.{form}" for name in ("accounts", "follows", "interactions", "posts")]
    assert "label" not in (target / "csv" / "accounts.csv").read_text().partition("\n")[0]


def test_labels_vanish_with_the_account(workspace, capsys):
    label_many(workspace, real=2, fake=1)
    assert main(["forget", "sold40", "--yes", "--workspace", workspace]) == 0
    with Store(workspace) as store:
        assert store.connection.execute("SELECT account_id FROM labels ORDER BY 1").fetchall() == [("x:2",), ("x:3",)]
    assert b"sold40" not in (Path(workspace) / "headcount.duckdb").read_bytes()


def test_anonymous_reports_name_nobody_who_was_labelled(workspace, tmp_path, capsys):
    label_many(workspace)
    page = tmp_path / "page.html"
    assert main(["report", "ego", "--anonymous", "--html", str(page), "--json", "--workspace", workspace]) == 0
    for text in (capsys.readouterr().out, page.read_text(encoding="utf-8")):
        assert "24 followers that you labelled" in text
        assert "Person" not in text
        assert "sold" not in text.replace("sold as", "")
        assert "x:40" not in text


def test_the_terminal_shows_classes_errors_failures_and_one_follower(workspace, capsys):
    assert main(["authenticity", "ego", "--workspace", workspace]) == 0
    out = " ".join(capsys.readouterr().out.split())
    for said in ("undecided", "Score card 2026.1", "detects 0% to 59%", "cresci2015", "Silent readers look like"):
        assert said in out
    assert main(["authenticity", "ego", "--who", "@sold60", "--workspace", workspace]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "likely a real account" in out
    assert "total (log odds against a real account)" in out
    assert main(["report", "ego", "--workspace", workspace]) == 0
    out = " ".join(capsys.readouterr().out.split())
    need = followers_to_sample(199, margin=0.02)
    assert f"For plus or minus 2 points, {need} of 199 must be labelled" in out
    assert "docs/model-card.md" in out


def test_followers_to_label_are_drawn_evenly_and_once(workspace, capsys):
    drawn = run(["authenticity", "ego", "--draw", "20"], workspace, capsys)
    numbers = [int(one["account_id"].removeprefix("x:")) for one in drawn]
    assert len(set(numbers)) == 20
    assert np.abs(np.diff(numbers)).max() <= 11, "in equal steps through the list"
    assert run(["authenticity", "ego", "--draw", "20"], workspace, capsys) == drawn
    assert run(["authenticity", "ego", "--draw", "20", "--seed", "1"], workspace, capsys) != drawn
    run(["label", drawn[0]["account_id"], "person"], workspace, capsys)
    assert drawn[0] not in run(["authenticity", "ego", "--draw", "500"], workspace, capsys)
    assert main(["authenticity", "ego", "--draw", "3", "--workspace", workspace]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def test_every_follower_has_the_same_chance_to_be_drawn():
    followers = Followers.unknown(np.array([f"x:{n}" for n in range(97)], dtype=object))
    followers = replace(followers, gone_at=np.where(np.arange(97) % 10 == 3, 1.0, np.nan))
    hidden = np.where(np.arange(97) == 50, 1, -1).astype(np.int8)
    followers = replace(followers, opted_out=hidden)
    times = np.zeros(97)
    for seed in range(3000):
        times[draw(followers, {"x:0": "person"}, 20, seed=seed)] += 1
    eligible = np.isnan(followers.gone_at) & (followers.opted_out != 1)
    eligible[0] = False
    assert times[~eligible].sum() == 0
    expected = 3000 * 20 / eligible.sum()
    assert np.abs(times[eligible] - expected).max() < 5 * np.sqrt(expected)


def test_a_label_taken_back_leaves_no_trace(workspace, capsys):
    before = run(["authenticity", "ego", "--who", "sold60"], workspace, capsys)
    label_many(workspace, real=3, fake=3)
    for number in [*list(REAL)[:3], *list(FAKE)[:3]]:
        run(["label", f"x:{number}", "none"], workspace, capsys)
    assert run(["authenticity", "ego", "--who", "sold60"], workspace, capsys) == before


def test_without_a_list_nobody_is_judged(tmp_path, capsys):
    folder = tmp_path / "only"
    folder.mkdir()
    (folder / "accounts.csv").write_text("account_id,handle,observed_at\nx:1,ego,2026-10-01T00:00:00Z\n")
    (folder / "posts.csv").write_text("post_id,author_id,created_at\nx:9,x:1,2026-09-01T00:00:00Z\n")
    workspace = str(tmp_path / "workspace")
    assert main(["add", str(folder), "--workspace", workspace]) == 0
    assert main(["authenticity", "ego", "--workspace", workspace]) == 1
    assert "No follower list is available" in capsys.readouterr().err
    part = run(["report", "ego"], workspace, capsys)["authenticity"]
    assert (part["to_look_at"], part["real_low"]) == (None, None)
    assert "The list of followers is unknown: it was not collected." in part["sentence"]
    assert len(part["sets"]) == 6


def test_outcome_without_labels_says_what_is_needed():
    followers = Followers.unknown(np.array(["x:2", "x:3"], dtype=object))
    found = authenticity(followers, as_of=1e9)
    assert labelled_rows(followers.account_id, {}).said == ()
    said = outcome("x:2", "bea", None, found, {})
    assert said.error is None
    assert "10 real and 10 fake ones labelled" in said.sentence
