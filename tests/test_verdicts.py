"""One verdict on each follower and one population, whoever asks; no labels, however odd, make anything fail."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

import headcount as hc
from headcount.cli.main import main
from headcount.measures.followers.funnel import CLASSES
from headcount.measures.followers.judgement import CLASSES as JUDGEMENTS
from headcount.measures.followers.judgement import MIN_LABELLED
from headcount.measures.followers.recalibration import LABELS
from headcount.store.labels import set_label
from headcount.store.store import Store

SIZE = 60
UNMEASURED = {"auto_follow", "spam", "gone"}
AUTOMATIC = {"bought", "auto_follow", "spam_bot"}


def write_world(folder: Path, seed: int) -> tuple[Path, Path]:
    """Two looks at the list of x:ego: people, promoters, spammers, bots, unknowns; some leave, some are removed."""
    rng = np.random.default_rng(seed)
    kinds = rng.choice(
        ["person", "promoter", "spammer", "bot", "sold", "id only"], SIZE, p=[0.4, 0.15, 0.1, 0.1, 0.15, 0.1]
    )
    head = "account_id,handle,bio,followers_count,following_count,posts_count,default_avatar,declared_bot"
    head += ",last_post_at,status"
    rows, posts = ["x:ego,ego,hello,60,30,500,false,false,,active"], []
    for n, kind in enumerate(kinds):
        status = "suspended" if rng.random() < 0.08 else "active"
        last = f"2026-09-{rng.integers(1, 30):02d}T00:00:00Z" if rng.random() < 0.6 else ""
        if kind == "promoter":
            rows.append(f"x:{n},p{n},#teamfollowback f4f,{7000 + n},{8000 + n},900,false,false,{last},{status}")
        elif kind == "bot":
            rows.append(f"x:{n},weather_bot{n},automated weather,400,0,90000,false,true,{last},{status}")
        elif kind == "sold":
            rows.append(f"x:{n},sold{n},,{10 + n % 7},{900 + 11 * n},1,true,,,{status}")
        elif kind != "id only":
            rows.append(f"x:{n},h{n},hi,{180 + n},{200 + n},{900 + 7 * n},false,false,{last},{status}")
        if kind == "spammer":
            posts += [
                {"post_id": f"x:s{n}p{i}", "author_id": f"x:{n}", "created_at": "2026-09-01T00:00:00Z",
                 "text": "Buy now", "kind": "post", "link_domains": ["shop.example"]} for i in range(30)
            ]  # fmt: skip
    own = [
        {"post_id": f"x:e{i}", "author_id": "x:ego", "created_at": f"2026-09-{2 + 2 * i:02d}T10:00:00Z",
         "text": "What do you think?", "kind": "post", "link_domains": []} for i in range(12)
    ]  # fmt: skip
    talk = ["actor_id,target_id,kind,post_id,created_at"]
    for n in np.flatnonzero(rng.random(SIZE) < 0.3):
        at = int(rng.integers(12))
        kind = rng.choice(["like", "reply", "repost"])
        talk.append(f"x:{n},x:ego,{kind},x:e{at},2026-09-{2 + 2 * at:02d}T12:00:00Z")
        if kind == "reply" and rng.random() < 0.5:
            talk.append(f"x:ego,x:{n},reply,,2026-09-{3 + 2 * at:02d}T12:00:00Z")
    first, second = folder / "first", folder / "second"
    stays = rng.random(SIZE) >= 0.15
    for target, here in ((first, np.ones(SIZE, bool)), (second, stays)):
        target.mkdir()
        pairs = "".join(f"x:{n},x:ego,{n}\n" for n in np.flatnonzero(here))
        (target / "follows.csv").write_text("follower_id,followee_id,position\n" + pairs)
        moment = "2026-09-28T00:00:00Z" if target == first else "2026-10-01T00:00:00Z"
        (target / "accounts.csv").write_text(f"{head},observed_at\n" + "".join(f"{row},{moment}\n" for row in rows))
    (first / "posts.jsonl").write_text("".join(json.dumps(post) + "\n" for post in [*own, *posts]))
    (first / "interactions.csv").write_text("\n".join(talk) + "\n")
    return first, second


def workspace_of(tmp_path: Path, seed: int) -> str:
    folder = str(tmp_path / "workspace")
    for look in write_world(tmp_path, seed):
        assert main(["add", str(look), "--complete", "--workspace", folder]) == 0
    return folder


def set_labels(workspace: str, labels: dict[str, str]) -> None:
    """Many labels at once, as `headcount label` sets each."""
    with Store(workspace, write=True) as store:
        for name, label in labels.items():
            set_label(store.connection, name, label, datetime(2026, 10, 2, tzinfo=UTC))


def asked(arguments: list[str], workspace: str, capsys) -> object:
    capsys.readouterr()
    code = main([*arguments, "--workspace", workspace, "--json"])
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err
    assert code == 0, captured.err
    return json.loads(captured.out)


def check_agreement(workspace: str, tmp_path: Path, capsys) -> dict:
    """Report, rows, CSV, authenticity of all and of each follower, and the library: the same numbers and verdicts."""
    report = asked(["report", "ego"], workspace, capsys)
    rows = asked(["followers", "ego"], workspace, capsys)["followers"]
    every = asked(["authenticity", "ego"], workspace, capsys)
    target = tmp_path / "followers.csv"
    assert main(["followers", "ego", "--csv", str(target), "--workspace", workspace]) == 0
    listed, classes = report["followers"]["listed"], report["funnel"]["classes"]
    counted = {name: sum(row["label"] == name for row in rows) for name in CLASSES}
    assert counted == classes
    assert sum(classes.values()) == report["funnel"]["followers"] == len(rows)
    assert sum(classes.values()) - classes["gone"] == listed
    assert report["followers"]["gone"] == classes["gone"] == every["gone"]
    assert re.search(rf"\b{listed} (listed )?followers? and", capsys.readouterr().err) or not classes["gone"]
    assert every["followers"] == listed == sum(every["judgements"].values())
    assert every["judgements"] == {name: sum(row["judgement"] == name for row in rows) for name in JUDGEMENTS}
    assert every["judgements"]["bought"] + every["judgements"]["auto_follow"] == classes["auto_follow"]
    assert every["judgements"]["spam_bot"] == classes["spam"]
    for row in rows:
        check_row(row)
    with target.open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [(row["account_id"], row["label"], row["judgement"]) for row in table] == [
        (row["account_id"], row["label"], row["judgement"] or "") for row in rows
    ]
    assert [row["real"] for row in table] == ["" if row["real"] is None else str(row["real"]) for row in rows]
    found = hc.open(workspace).authenticity("ego")
    place = {name: index for index, name in enumerate(found.inputs.followers.account_id)}
    for row in rows:
        at = place[row["account_id"]]
        assert found.follower_class[at] == row["label"]
        assert np.isnan(found.real[at]) == (row["real"] is None)
        said = found.explain(at)
        assert ("likely a real account" in said) == (row["real"] is not None), said
    assert report["authenticity"]["no_share"] == every["no_share"]
    assert (report["authenticity"]["real_low"] is None) == (every["real_share"] is None)
    return {"report": report, "rows": rows, "every": every}


def check_row(row: dict) -> None:
    """No probability that contradicts the class or the judgement beside it."""
    label, judgement, real = row["label"], row["judgement"], row["real"]
    assert (judgement is None) == (label == "gone")
    assert (judgement in AUTOMATIC) == (label in {"auto_follow", "spam"})
    if label in UNMEASURED or judgement == "unknown":
        assert (real, row["real_low"], row["real_high"]) == (None, None, None)
    if real is None:
        return
    assert row["real_low"] <= real <= row["real_high"]
    assert row["real_low"] < row["real_high"]
    if label in {"relationship", "responding"} or judgement == "real":
        assert real >= 0.5
    if judgement in {"automated", "declared_bot", "undecided"}:
        assert real <= 0.5


@pytest.mark.sampled(1)
@pytest.mark.parametrize("seed", range(3))
def test_one_population_and_one_verdict(seed, tmp_path, capsys):
    workspace = workspace_of(tmp_path, seed)
    found = check_agreement(workspace, tmp_path, capsys)
    classes = found["report"]["funnel"]["classes"]
    assert min(classes[name] for name in ("auto_follow", "spam", "gone", "responding")) > 0, "a world with all of it"
    drawn = asked(["authenticity", "ego", "--draw", "1000"], workspace, capsys)
    standing = {row["account_id"] for row in found["rows"] if row["label"] != "gone"}
    assert {one["account_id"] for one in drawn} == standing


def test_a_follow_missed_after_the_last_event_is_gone_everywhere(tmp_path, capsys):
    """Without any date of observation the end is the newest event, and the list of the import after it still counts."""
    for number, names in ((1, "abc"), (2, "ab")):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "follows.csv").write_text("follower_id,followee_id\n" + "".join(f"x:{n},x:ego\n" for n in names))
        (folder / "posts.csv").write_text("post_id,author_id,created_at\nx:p,x:ego,2020-01-01T00:00:00Z\n")
        assert main(["add", str(folder), "--complete", "--workspace", str(tmp_path / "workspace")]) == 0
    found = check_agreement(str(tmp_path / "workspace"), tmp_path, capsys)
    assert found["report"]["followers"]["listed"] == 2
    assert found["report"]["funnel"]["classes"]["gone"] == 1


def labelled_worlds():
    """Labels as nobody should give them: none, one, all of them, all alike, at random, and against what is seen."""
    rng = np.random.default_rng(5)
    everybody = [f"x:{n}" for n in range(SIZE)]
    return {
        "one": {"x:3": "person"},
        "all real": dict.fromkeys(everybody, "person"),
        "all auto-follow": dict.fromkeys(everybody, "auto-follow"),
        "all bought": dict.fromkeys(everybody, "bought"),
        "all automated": dict.fromkeys(everybody, "automated"),
        "all spam": dict.fromkeys(everybody, "spam"),
        "all at random": {name: str(rng.choice(LABELS)) for name in everybody},
        "some at random": {str(name): str(rng.choice(LABELS)) for name in rng.choice(everybody, 31, False)},
        "enough, alternating": {f"x:{n}": ("person", "spam")[n % 2] for n in range(2 * MIN_LABELLED)},
    }


@pytest.mark.sampled(2)
@pytest.mark.parametrize("labels", labelled_worlds().values(), ids=labelled_worlds().keys())
def test_no_labels_make_anything_fail(labels, tmp_path, capsys):
    workspace = workspace_of(tmp_path, 1)
    ws = hc.open(workspace)
    set_labels(workspace, labels)
    for name, label in list(labels.items())[-2:]:
        done = ws.label(name, label)
        assert done.labels == len(labels)
        assert (done.share_low is None) == (done.no_share is not None)
        assert (done.real is None) or label in ("person", "automated")
    found = check_agreement(workspace, tmp_path, capsys)
    for row in found["rows"]:
        label = labels.get(row["account_id"])
        if label is not None and row["label"] != "gone":
            assert {"auto-follow": "auto_follow", "bought": "auto_follow", "spam": "spam"}.get(
                label, row["label"]
            ) == row["label"]
            judgements = {"person": "real", "auto-follow": "auto_follow", "spam": "spam_bot"}
            assert judgements.get(label, label) == row["judgement"]
    part = found["report"]["authenticity"]
    if part["real_low"] is not None:
        standing = [row["account_id"] for row in found["rows"] if row["label"] != "gone"]
        known = [labels[name] for name in standing if name in labels]
        assert known.count("person") / len(standing) <= part["real_low"] + 1e-9
        assert part["real_high"] <= 1 - (len(known) - known.count("person")) / len(standing) + 1e-9
        assert (part["exact"] == "all labelled") == (len(known) == len(standing))
        assert (part["real_low"] < part["real_high"]) == (part["exact"] is None)
    for command in (["report", "ego"], ["authenticity", "ego"], ["followers", "ego"],
                    ["authenticity", "ego", "--who", "x:3"], ["label", "x:3", "none"]):  # fmt: skip
        assert main([*command, "--workspace", workspace]) == 0


def test_flags_no_better_than_chance_are_a_reason_and_no_failure(tmp_path, capsys):
    """People called fake and sold accounts called real: the model flags the wrong ones, so there is no share."""
    workspace = workspace_of(tmp_path, 2)
    rows = asked(["followers", "ego"], workspace, capsys)["followers"]
    sold = [row["account_id"] for row in rows if row["judgement"] == "undecided"]
    people = [row["account_id"] for row in rows if row["judgement"] == "real"]
    labels = dict.fromkeys([*sold, *people[:20]][: max(MIN_LABELLED, len(sold))], "person")
    labels |= {name: "auto-follow" for name in people[::-1][:MIN_LABELLED] if name not in labels}
    set_labels(workspace, labels)
    part = asked(["report", "ego"], workspace, capsys)["authenticity"]
    assert part["no_share"]["reason"] == "flags no better than chance"
    assert (part["real_low"], part["real_high"]) == (None, None)
    assert "no better than chance" in part["sentence"]
    done = asked(["label", people[0], "person"], workspace, capsys)
    assert done["no_share"]["reason"] == "flags no better than chance"
    assert "no better than chance" in done["sentence"]
    assert main(["authenticity", "ego", "--workspace", workspace]) == 0
    assert "no better than chance" in " ".join(capsys.readouterr().out.split())


def test_the_reasons_why_there_is_no_share(tmp_path, capsys):
    workspace = workspace_of(tmp_path, 3)
    assert asked(["authenticity", "ego"], workspace, capsys)["no_share"]["reason"] == "no labels"
    hc.open(workspace).label("x:1", "real")
    few = asked(["authenticity", "ego"], workspace, capsys)["no_share"]
    assert few == {"reason": "too few labels", "real": 1, "fake": 0, "real_flagged": 0, "fake_flagged": 0}
    folder = tmp_path / "names"
    folder.mkdir()
    (folder / "follows.csv").write_text("follower_id,followee_id\n" + "".join(f"x:{n},x:ego\n" for n in range(30)))
    bare = str(tmp_path / "bare")
    assert main(["add", str(folder), "--workspace", bare]) == 0
    set_labels(bare, {f"x:{n}": ("real", "auto")[n % 2] for n in range(2 * MIN_LABELLED)})
    part = asked(["report", "ego"], bare, capsys)["authenticity"]
    assert part["no_share"]["reason"] == "nothing known"
    assert "only the names of the followers are known" in part["sentence"]
