"""Reports are made while another process collects: none fails, and each is of a published state."""

from __future__ import annotations

import pytest
from benchmarks.reading import read_while_collecting


@pytest.mark.parametrize("followers", [400, pytest.param(50_000, marks=pytest.mark.long)])
def test_a_reader_beside_a_collection_sees_published_states_only(followers, tmp_path):
    reading = read_while_collecting(followers, tmp_path)
    assert reading.failures == []
    assert reading.unknown == 0
    assert reading.reports >= 5
    assert reading.states >= 2, "that of before and one of the collections"
    print(f"{followers} followers: {reading.reports} reports, longest opening {reading.longest_opening:.3f} s")
