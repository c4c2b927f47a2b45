"""No curve is drawn from a handful of points: one sentence with the sample size, in every face."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import headcount as hc
from headcount.cli.main import main
from headcount.measures.statistics.sample_size import MIN_CURVE_POSTS, MIN_CURVE_REPLIES, MIN_CURVE_RESPONDERS
from headcount.report.render.charts import charts
from headcount.report.render.html import render_html


def made(folder: Path, *, posts: int, replies: int) -> Path:
    """A workspace: x:1 wrote so many posts, the first of them a question with so many replies by different people."""
    tables = folder / "tables"
    tables.mkdir(parents=True)
    people = range(2, 32)
    (tables / "accounts.csv").write_text("account_id,handle,observed_at\nx:1,ego,2026-10-01T00:00:00Z\n")
    (tables / "follows.csv").write_text("follower_id,followee_id\n" + "".join(f"x:{n},x:1\n" for n in people))
    texts = ["What do you read?", *["Good morning"] * (posts - 1)]
    (tables / "posts.csv").write_text(
        "post_id,author_id,created_at,text\n"
        + "".join(f"x:9{n:03d},x:1,2026-09-{5 + n:02d}T10:00:00Z,{text}\n" for n, text in enumerate(texts))
    )
    (tables / "interactions.csv").write_text(
        "actor_id,target_id,kind,post_id,created_at\n"
        + "".join(f"x:{n},x:1,reply,x:9000,2026-09-05T10:{n:02d}:00Z\n" for n in list(people)[:replies])
    )
    workspace = folder / "workspace"
    assert main(["add", str(tables), "--complete", "--workspace", str(workspace)]) == 0
    return workspace


@pytest.mark.sampled(2)
@pytest.mark.parametrize("replies", [0, 1, 7, MIN_CURVE_REPLIES - 1, MIN_CURVE_REPLIES])
def test_a_question_with_few_replies_has_a_sentence_in_place_of_a_curve(replies, tmp_path, capsys):
    workspace = made(tmp_path, posts=8, replies=replies)
    few = f"Only {replies} {'reply' if replies == 1 else 'replies'}: too few for a curve."
    sentence = few if replies else "No reply: there is nothing to draw a curve from."
    drawn = replies >= MIN_CURVE_REPLIES
    capsys.readouterr()

    page = tmp_path / "page.html"
    assert main(["report", "ego", "--html", str(page), "--workspace", str(workspace)]) == 0
    html = page.read_text(encoding="utf-8")
    assert ('data-chart="reply_curve"' in html) == drawn
    assert ('class="spark"' in html) == drawn
    assert len(re.findall(re.escape(sentence), html)) == (0 if drawn else 2), "in place of both pictures"
    capsys.readouterr()

    for asked in (["question", "ego"], ["question", "x:9000"], ["report", "ego"]):
        assert main([*asked, "--workspace", str(workspace)]) == 0
        assert (sentence in " ".join(capsys.readouterr().out.split())) == (not drawn), asked

    assert main(["question", "x:9000", "--json", "--workspace", str(workspace)]) == 0
    plain = json.loads(capsys.readouterr().out)
    test, pooled = plain["tests"][0], plain["pooled"]
    assert (test["hours"] is not None, test["cumulative"] is not None, pooled["curve"] is not None) == (drawn,) * 3
    assert (test["no_curve"], pooled["no_curve"]) == ((None, None) if drawn else (sentence, sentence))
    assert test["responders"] == replies

    assert hc.open(workspace).report("ego").question.pooled.no_curve == (None if drawn else sentence)


@pytest.mark.parametrize(("posts", "replies"), [(2, 12), (MIN_CURVE_POSTS - 1, 12), (MIN_CURVE_POSTS, 12), (8, 3)])
def test_responders_against_posts_need_posts_and_responders(posts, replies, tmp_path):
    report = hc.open(made(tmp_path, posts=posts, replies=replies)).report("ego", window_days=None)
    drawn = posts >= MIN_CURVE_POSTS and replies >= MIN_CURVE_RESPONDERS
    chart = charts(report)["accumulation"]
    assert report.audience.headcount is not None, "the number has an interval, and stays"
    assert (chart.spec is not None, report.audience.curve is not None) == (drawn, drawn)
    if not drawn:
        what = f"{posts} posts" if posts < MIN_CURVE_POSTS else f"{replies} responders"
        assert chart.too_little == report.audience.no_curve == f"Only {what}: too few for a curve."
        assert chart.too_little in render_html(report)
