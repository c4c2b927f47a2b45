"""What is not known stays unknown in every column and count: it is never 0 and never no."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest

from headcount.analysis import measure
from headcount.incoming import RESPONSE_LISTS, ListCoverage, ReadResult
from headcount.report.build import build_report
from headcount.report.followers import follower_rows
from headcount.report.render.document import to_json
from headcount.store.read.account import read_account
from headcount.store.store import Store

NOW = datetime(2026, 10, 1, tzinfo=UTC)
EGO = "x:ego"


def view(folder, tables, *, lists=(), complete=False):
    def fill(con):
        for name, rows in tables.items():
            for row in rows:
                marks = ", ".join("?" for _ in row)
                con.execute(f"INSERT INTO incoming_{name} ({', '.join(row)}) VALUES ({marks})", list(row.values()))
        return ReadResult("test", (), 0, {name: len(rows) for name, rows in tables.items()}, (), complete, lists=lists)

    with Store(folder, write=True) as store:
        store.ingest(fill, path="p", now=NOW)
        return read_account(store.connection, EGO, window_days=None)


def follow(follower, followee="ego"):
    return {"follower_id": f"x:{follower}", "followee_id": f"x:{followee}"}


def column(found, name):
    ids = [one.removeprefix("x:") for one in found.followers.account_id]
    return dict(zip(ids, getattr(found.followers, name).tolist(), strict=True))


FOLLOWS = [follow("a"), follow("b"), follow("c"), follow("ego", "a")]


def test_nobody_is_not_followed_back_where_the_list_is_partial(tmp_path):
    assert column(view(tmp_path, {"follows": FOLLOWS}), "followed_back") == {"a": 1, "b": -1, "c": -1}


def test_who_is_missing_from_a_complete_list_is_not_followed_back(tmp_path):
    lists = (ListCoverage(EGO, "following", "complete"),)
    assert column(view(tmp_path, {"follows": FOLLOWS}, lists=lists), "followed_back") == {"a": 1, "b": 0, "c": 0}


def test_a_complete_list_of_the_other_side_shows_it_too(tmp_path):
    lists = (ListCoverage("x:b", "followers", "complete"),)
    assert column(view(tmp_path, {"follows": FOLLOWS}, lists=lists), "followed_back") == {"a": 1, "b": 0, "c": -1}


@pytest.mark.parametrize(("name", "stored"), [("has_bio", "bio"), ("has_website", "website")])
def test_an_empty_text_is_none_and_a_missing_one_unknown(tmp_path, name, stored):
    accounts = [
        {"account_id": "x:a", stored: "text"},
        {"account_id": "x:b", stored: ""},
        {"account_id": "x:c", stored: None},
    ]
    assert column(view(tmp_path, {"follows": FOLLOWS, "accounts": accounts}), name) == {"a": 1, "b": 0, "c": -1}


def post(number, author, **columns):
    return {"post_id": f"x:{author}{number}", "author_id": f"x:{author}"} | columns


def test_shares_of_posts_count_those_without_links_and_leave_out_unknown_ones(tmp_path):
    posts = [post(n, "a", link_domains=["a.example"] if n == 0 else [], kind="post") for n in range(4)]
    posts += [post(n, "b") for n in range(3)]
    found = view(tmp_path, {"follows": FOLLOWS, "posts": posts})
    assert column(found, "link_share")["a"] == 0.25
    assert column(found, "reply_share")["a"] == 0
    for name in ("link_share", "reply_share", "repost_share"):
        assert np.isnan(column(found, name)["b"])  # the source gave neither links nor kinds
    assert column(found, "posts_seen") == {"a": 4, "b": 3, "c": 0}


def test_a_post_without_a_kind_is_a_plain_one_where_others_have_one(tmp_path):
    posts = [post(n, "a", kind="reply" if n == 0 else None) for n in range(4)]
    assert column(view(tmp_path, {"follows": FOLLOWS, "posts": posts}), "reply_share")["a"] == 0.25


def test_counts_of_responses_that_were_never_looked_for_are_null(tmp_path):
    lists = tuple(ListCoverage(EGO, name, "unknown", "own_activity_only") for name in RESPONSE_LISTS)
    posts = [post(n, "ego", created_at=datetime(2026, 9, 1 + n), text="hello", kind="post") for n in range(3)]
    measured = measure(view(tmp_path, {"follows": FOLLOWS, "posts": posts}, lists=lists))
    for row in follower_rows(measured):
        assert (row.responses, row.active_responses, row.sent, row.received) == (None, None, None, None)
    report = build_report(measured)
    audience = json.loads(to_json(report))["audience"]
    for name in ("observed", "observed_active", "observed_passive_only", "responses", "non_followers", "headcount"):
        assert audience[name] is None, name
