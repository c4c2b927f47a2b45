"""Ids that a program rounded: numbers of 16 and more digits that end in more zeros than chance explains.

A double holds 15 to 17 digits, so spreadsheets write the 16th digit and all behind it as 0, JavaScript the 18th and all
behind it. Each length is tested by itself: of n ids, k end in the zeros that rounding would give, and
P(K >= k | n, p) under a binomial with the share p that ids have by themselves is below ALPHA. The ids of X are mostly
multiples of 4,096, so that 1 in 5 ends in 0, 1 in 25 in 00, 1 in 125 in 000; p is somewhat above these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount.errors import InputError
from headcount.tables import TABLES

if TYPE_CHECKING:
    import duckdb

__all__ = ["ALPHA", "check_rounded_ids", "is_rounded"]

ALPHA = 1e-6
_SHARE_BY_ZEROS = {1: 0.25, 2: 0.05, 3: 0.01, 4: 0.002}
_DIGITS_KEPT = (15, 17)
_MIN_LENGTH, _MAX_LENGTH = 16, 20
_CERTAIN = 0.9
"""From this share of rounded ids on, the column is refused."""
_MAX_IDS = 200_000


def is_rounded(ids: int, zeros: int, ending: int) -> bool:
    """Can chance not explain how many ids end in zeros?

    Args:
        ids: distinct ids of one length.
        zeros: at the end, that rounding would give.
        ending: ids that end in so many zeros.
    """
    share = _SHARE_BY_ZEROS[min(zeros, 4)]
    if ending <= share * ids:  # no more than chance alone
        return False
    from scipy.special import bdtrc

    return bool(bdtrc(ending - 1, ids, share) < ALPHA)


def check_rounded_ids(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Look through the ids of the incoming tables.

    Returns:
        Sentences for the user about columns in which some ids seem to be rounded.

    Raises:
        InputError: nearly all ids of a column are rounded.
    """
    notes = []
    for table in TABLES:
        columns = [column for column in table.names if column.endswith("_id")]
        longest = ", ".join(f"max(length({column}))" for column in columns)
        (lengths,) = con.execute(f"SELECT {longest} FROM incoming_{table.name}").fetchall()
        for column, length in zip(columns, lengths, strict=True):
            if length is not None and length >= _MIN_LENGTH:
                notes += _check(con, table.name, column)
    return notes


def _check(con: duckdb.DuckDBPyConnection, table: str, column: str) -> list[str]:
    digits = f"regexp_extract({column}, '^(?:[a-z][a-z0-9_]*:)?([0-9]{{{_MIN_LENGTH},{_MAX_LENGTH}}})$', 1)"
    long = f"SELECT {digits} AS id FROM incoming_{table} WHERE length({column}) >= {_MIN_LENGTH} AND {digits} <> ''"
    counts = ", ".join(
        f"count(*) FILTER (right(id, greatest(length(id) - {kept}, 1)) = repeat('0', greatest(length(id) - {kept}, 1)))"
        for kept in _DIGITS_KEPT
    )
    found = con.execute(
        f"SELECT length(id), count(*), {counts}, max(id) FILTER (right(id, 1) = '0') "
        f"FROM (SELECT DISTINCT id FROM ({long} LIMIT {_MAX_IDS})) GROUP BY 1 ORDER BY 2 DESC"
    ).fetchall()
    for length, ids, *endings, example in found:
        for kept, ending in zip(_DIGITS_KEPT, endings, strict=True):
            if length > kept and is_rounded(ids, length - kept, ending):
                what = (
                    f"{ending:,} of {ids:,} ids of {length} digits in {table}.{column} end in "
                    f"{'0' * (length - kept)} (for instance {example}), as numbers rounded to {kept} digits do"
                )
                if ending >= _CERTAIN * ids:
                    raise InputError(
                        f"{what}.",
                        hint="they were probably rounded by a spreadsheet or JavaScript; write the file again "
                        "with ids as text.",
                    )
                return [f"{what}; they may refer to other accounts or posts."]
    return []
