"""Response predicts the engagement that it has not seen, on real networks."""

from __future__ import annotations

import pytest

pytest.importorskip("pyarrow")

from benchmarks import influence as bench

pytestmark = pytest.mark.shared


def test_response_predicts_what_other_politicians_like_and_retweet_better_than_followers_and_pagerank(shared_data):
    trials = [trial for trial in bench.timme_trials(shared_data) if trial.people == "other people"]
    assert [trial.held_back for trial in trials] == list(bench.KINDS)
    for trial in trials:
        for second in ("followers", "PageRank"):
            found = trial.against("response", second)
            # Replies among politicians are too few to tell; nowhere is response certainly worse.
            assert bench.verdict(found) == ("-" if trial.held_back == "reply" else "holds"), (trial.held_back, second)


def test_responders_in_one_kind_predict_the_other_kind_of_other_people(shared_data):
    for trial in bench.higgs_trials(shared_data):
        if trial.people == "other people":
            assert bench.verdict(trial.against("response", "PageRank")) == "holds"
