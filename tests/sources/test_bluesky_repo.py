"""Repositories of real accounts, and times in record keys."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import headcount as hc
from headcount.errors import InputError
from headcount.sources.bluesky.repo import read_repository, tid_time
from headcount.store.store import Store

ALPHABET = "234567abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize(
    ("key", "microseconds"), [("3l25zusnsfctk", 1724171495793000), ("3jzfcijpj2z2a", 1688137381887007)]
)
def test_the_published_keys_hold_their_times(key, microseconds):
    time = tid_time(key)
    assert time is not None
    assert round(time.timestamp() * 1e6) == microseconds


@given(st.datetimes(datetime(2022, 1, 2), datetime(2100, 1, 1)), st.integers(0, 1023))
def test_a_key_gives_back_the_time_it_was_made_from(moment, clock):
    moment = moment.replace(tzinfo=UTC)
    microseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution)
    value, key = microseconds << 10 | clock, ""
    for _ in range(13):
        value, key = value >> 5, ALPHABET[value & 31] + key
    assert tid_time(key) == moment


@pytest.mark.parametrize("key", ["", "self", "2222222222222", "zzzzzzzzzzzzz", "3l25zusnsfct1", "3l25zusnsfctkk"])
def test_what_is_no_key_of_a_time_holds_none(key):
    assert tid_time(key) is None


REAL = {
    "fakermaker.repo.car": {"follow": 78, "post": 26, "like": 22, "repost": 15, "profile": 1},
    "greenground.repo.car": {"follow": 2},
    # an old repository that still holds its history: only what stands in its newest state counts
    "paul_staging.repo.car": {"post": 101, "like": 60, "repost": 15, "follow": 8, "profile": 1},
}


@pytest.mark.shared
@pytest.mark.parametrize("name", REAL)
def test_real_repositories_hold_what_their_authors_did(shared_data, name):
    repository = read_repository((shared_data / "fixtures/bluesky" / name).read_bytes())
    assert repository.missing == 0
    assert Counter(record.collection.rpartition(".")[2] for record in repository.records) == REAL[name]


@pytest.mark.shared
def test_a_slice_says_what_is_missing(shared_data):
    repository = read_repository((shared_data / "fixtures/bluesky/repo_slice.car").read_bytes())
    assert repository.missing > 0
    assert len(repository.records) == 1


@pytest.mark.shared
@pytest.mark.parametrize("cut", [0, 10, 5000])
def test_a_file_that_is_cut_off_is_refused(shared_data, tmp_path, cut):
    whole = (shared_data / "fixtures/bluesky/fakermaker.repo.car").read_bytes()
    (tmp_path / "cut.car").write_bytes(whole[:cut])
    with pytest.raises(InputError, match="cannot be read"):
        hc.open(tmp_path / "ws").add(tmp_path / "cut.car")


@pytest.mark.shared
def test_an_exported_repository_is_imported(shared_data, tmp_path):
    path = shared_data / "fixtures/bluesky/fakermaker.repo.car"
    imported = hc.open(tmp_path).add(path)
    me = "bluesky:" + read_repository(path.read_bytes()).did
    with Store(tmp_path) as store:
        rows = store.connection.execute
        assert rows("SELECT count(*), count(followed_at) FROM follows WHERE follower_id = ?", [me]).fetchall() == [
            (78, 78)
        ]
        assert rows("SELECT count(*) FROM posts WHERE kind <> 'repost' AND author_id = ?", [me]).fetchall() == [(26,)]
        kinds = dict(rows("SELECT kind, count(*) FROM interactions WHERE actor_id = ? GROUP BY 1", [me]).fetchall())
    assert kinds["like"] <= 22
    assert kinds["repost"] <= 15
    assert "Followers and responses are not in it" in imported.notes[0]
    with Store(tmp_path) as store:
        found = store.connection.execute(
            "SELECT list, state, reason, listed, observed_at FROM list_coverage ORDER BY list"
        ).fetchall()
    assert [row[:4] for row in found] == [
        ("following", "complete", None, 78),
        ("likes", "unknown", "own_activity_only", None),
        ("posts", "complete", None, 26),
        *((name, "unknown", "own_activity_only", None) for name in ("quotes", "replies", "reposts")),
    ]
    newest = max(tid_time(record.key) for record in read_repository(path.read_bytes()).records if tid_time(record.key))
    assert {row[4] for row in found} == {newest.replace(tzinfo=None)}, "an old one has no revision with a time"


@pytest.mark.shared
def test_copying_a_repository_makes_its_follows_no_newer(shared_data, tmp_path):
    """A list of accounts followed that was collected after the repository was written is newer than it."""
    path = tmp_path / "copy.car"
    path.write_bytes((shared_data / "fixtures/bluesky/greenground.repo.car").read_bytes())
    repository = read_repository(path.read_bytes())
    assert repository.revised_at == datetime(2023, 8, 31, 2, 18, 48, 943019, tzinfo=UTC)
    hc.open(tmp_path / "ws").add(path)
    with Store(tmp_path / "ws") as store:
        seen = store.connection.execute("SELECT DISTINCT observed_at FROM follows").fetchall()
    assert seen == [(repository.revised_at.replace(tzinfo=None),)]
