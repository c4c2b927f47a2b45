"""Follows between followers: of whom all of them are known, and on which platforms they can be asked for."""

from __future__ import annotations

import itertools
import random

import pytest

import headcount as hc
from headcount.cli.main import main
from headcount.errors import UsageError
from headcount.sources.bluesky.follow_times import all_paired
from headcount.sources.collect.options import Options


def pairing(count, without=()):
    """All pairs of so many accounts but some, both ways."""
    partners = {str(one): {str(other) for other in range(count) if other != one} for one in range(count)}
    for one, other in without:
        partners[str(one)].discard(str(other))
        partners[str(other)].discard(str(one))
    return partners


def test_all_are_kept_where_no_page_is_missing():
    assert all_paired(pairing(70)) == {str(one) for one in range(70)}
    assert all_paired({}) == set()


def test_one_missing_page_costs_one_account():
    paired = pairing(100, [(3, other) for other in range(40, 70)])
    assert all_paired(paired) == {str(one) for one in range(100)} - {"3"}


def test_who_is_kept_is_paired_with_all_others_that_are_kept():
    generator = random.Random(1)
    pages = [(one, range(start, start + 30)) for one in range(90) for start in range(one + 1, 90, 30)]
    lost = [(one, other) for one, page in generator.sample(pages, 12) for other in page if other < 90]
    paired = pairing(90, lost)
    kept = all_paired(paired)
    assert 70 <= len(kept) < 90, "one account a lost page at most, and a few stand for more than one"
    assert all(other in paired[one] for one, other in itertools.permutations(kept, 2))


@pytest.mark.parametrize(("target", "platform"), [("alice@mastodon.social", "Mastodon"), ("x:alice", "X")])
def test_other_platforms_do_not_tell(target, platform, tmp_path, capsys):
    with pytest.raises(UsageError, match=f"from Bluesky only, not from {platform}"):
        hc.open(tmp_path).collect(target, Options(follows_among=100))
    assert main(["add", target, "--workspace", str(tmp_path), "--follows-among"]) == 2
    said = capsys.readouterr().err
    assert "omit --follows-among" in said
    assert "Traceback" not in said


def test_a_collection_begun_before_there_was_the_option_goes_on():
    before = Options(limit=5).text()
    assert "circles" not in before
    assert Options.from_text(before).text() == before
    assert '"circles":30' in Options(follows_among=30).text()
    assert Options.from_text(Options(follows_among=30).text()) == Options(follows_among=30)
