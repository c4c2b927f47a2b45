"""An account of which only an archive is there: who responds is unknown, and never 0."""

from __future__ import annotations

import pytest

import headcount as hc
from headcount.report.render.document import to_json
from headcount.report.render.html import render_html


@pytest.mark.shared
def test_responses_that_were_never_looked_for_are_unknown(shared_data, tmp_path):
    workspace = hc.open(tmp_path)
    workspace.add(shared_data / "fixtures/bluesky/paul_staging.repo.car")
    report = workspace.report(window_days=None)
    assert report.account.posts_in_window > 10
    assert report.audience.headcount is None
    assert report.audience.too_little is not None
    assert report.audience.too_little.startswith("Responders are unknown")
    assert report.question.pooled is None
    assert report.question.tests == []
    assert report.ties.count is None
    assert report.ties.reciprocity is None
    text = " ".join(report.findings)
    assert text.count("Responders are unknown") == 1
    for shown in (text, render_html(report)):
        assert "No responses" not in shown
        assert "0 people" not in shown
        assert "0 followers" not in shown
    assert '"headcount": null' in to_json(report)
