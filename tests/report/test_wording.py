"""Numbers, dates, shares and names in words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headcount import wording as say


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (say.count(12345), "12,345"),
        (say.interval(190.2, 251), "190 to 251"),
        (say.estimate(48.1, 41, 57), "48 (41 to 57)"),
        (say.estimate(29, 29, 29), "29"),
        (say.share(0.0123), "1.2%"),
        (say.share(0.431), "43%"),
        (say.share(0), "0%"),
        (say.share(1), "100%"),
        (say.share(0.00004), "under 0.01%"),
        (say.share(0.00086), "0.09%"),
        (say.share(0.9999), "over 99.9%"),
        (say.share_interval(0.008, 0.019), "0.8% to 1.9%"),
        (say.day("2026-10-01T08:00:00Z"), "1 October 2026"),
        (say.day("2026-10-01T00:30:00+02:00"), "30 September 2026"),
        (say.day("someday"), "someday"),
        (say.month("2026-10-01T08:00:00Z"), "October 2026"),
        (say.minutes(0.4), "under 1 minute"),
        (say.minutes(1.2), "1 minute"),
        (say.minutes(45), "45 minutes"),
        (say.minutes(95), "1 h 35 min"),
        (say.minutes(120), "2 h"),
        (say.minutes(1000), "17 hours"),
        (say.minutes(5000), "3 days"),
        (say.number_of(1, "follower"), "1 follower"),
        (say.number_of(2, "person", "people"), "2 people"),
        (say.decimal(4.0), "4"),
        (say.decimal(4.25), "4.2"),
        (say.listing(["a", "b", "c"]), "a, b and c"),
        (say.listing([]), ""),
        (say.name(None), "this account"),
        (say.name("\u202e\u200b"), "this account"),
        (say.name("alice.example"), "alice.example"),
        (say.shorten("a b  c\nd", 20), "a b c d"),
        (say.shorten("abcdef", 4), "abc…"),
        (say.fit("日本語日本語", 7), "日本…"),
        (say.platform("bluesky"), "Bluesky"),
    ],
)
def test_wording(said, expected):
    assert said == expected


@given(st.floats(0, 1))
def test_only_none_is_zero_and_only_all_is_a_hundred(part):
    assert (say.share(part) == "0%") == (part == 0)
    assert (say.share(part) == "100%") == (part == 1)


@given(st.text(max_size=200))
def test_plain_text_is_one_harmless_line(text):
    shown = say.plain(text)
    assert not any(0x202A <= ord(c) <= 0x202E or 0x2066 <= ord(c) <= 0x2069 or ord(c) < 32 for c in shown)
    assert len(shown.splitlines()) <= 1
    shown.encode("utf-8")
    assert say.plain(shown) == shown


def test_what_people_write_with_stays():
    for text in ["Zoë", "नमस्ते", "می‌خواهم", "👩‍👩‍👧‍👦", "Đặng Thị", "שלום", "e\u0301\u0323"]:
        assert say.plain(text) == text


@given(st.text(max_size=100), st.integers(2, 30))
def test_shortened_text_is_short(text, length):
    assert len(say.shorten(text, length)) <= length
