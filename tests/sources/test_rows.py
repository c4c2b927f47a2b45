"""Values as platforms write them: counts and flags."""

from __future__ import annotations

import math

import pytest

from headcount.sources.rows import truth, truth_value, whole_number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, 0),
        (12, 12),
        ("12", 12),
        (" 12 ", 12),
        ("0", 0),
        (12.0, 12),
        ("12.0", 12),
        (-1, None),
        ("-1", None),
        (-1.0, None),
        (12.5, None),
        (None, None),
        ("", None),
        ("many", None),
        ("1,234", None),
        ("1.234", None),
        (True, None),
        (False, None),
        ([12], None),
        ({"count": 12}, None),
        (math.nan, None),
        (math.inf, None),
        (10**30, None),
        ("9" * 30, None),
        ("\u0661\u0662", None),
    ],
)
def test_a_count_is_a_non_negative_integer_or_unknown(value: object, expected: int | None) -> None:
    assert whole_number(value) == expected
    assert not isinstance(whole_number(value), bool)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *((True, True), (False, False), ("true", True), ("False", False), (1, True), (0, False), ("0", False)),
        *((None, None), ("", None), ("yes please", None), (2, None), ([], None), (1.0, None)),
    ],
)
def test_a_flag_is_true_false_or_unknown(value: object, expected: bool | None) -> None:
    assert truth_value(value) is expected
    assert truth(value) == {True: "true", False: "false", None: None}[expected]
