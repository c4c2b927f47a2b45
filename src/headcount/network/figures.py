"""The pictures of a whole platform as small tables of counts, whatever its size.

Axes are logarithmic. Quartiles are read from counts in 50 classes a decade, so they are exact for whole numbers below
21 and within 5% above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats

__all__ = ["Binned", "SizeClass", "binned", "by_size"]

PER_DECADE = 4
FINE = 50
SHARES = 100


@dataclass(frozen=True)
class Binned:
    """How many accounts lie in each cell of two logarithmic scales; classes are quarters of a decade.

    Attributes:
        x_first, y_first: class of the first column and of the first row above the zeros: from 10^(class/4).
        counts: rows from the smallest y up, columns from the smallest x; the first row holds y = 0.
        lower, median, upper: quartiles of y in each column; None in a column without accounts.
        accounts: in the picture.
        left_out: accounts with x = 0 or an unknown y.
    """

    x_first: int
    y_first: int
    counts: list[list[int]]
    lower: list[float | None]
    median: list[float | None]
    upper: list[float | None]
    accounts: int
    left_out: int


@dataclass(frozen=True)
class SizeClass:
    """Accounts that follow from `low` to `high` others.

    Attributes:
        low, high: both included.
        accounts: how many follow so many.
        returned: share of their follows that are returned.
        lower, median, upper: quartiles of the accounts' own shares.
    """

    low: int
    high: int
    accounts: int
    returned: float
    lower: float
    median: float
    upper: float


def binned(x: NDArray[Any], y: NDArray[Any]) -> Binned | None:
    """Two columns of counts (or of anything from 0) as cells; None where nobody has both.

    Args:
        x: (N,) only those above 0 are shown.
        y: (N,) 0 or more; NaN for unknown.
    """
    known = (x > 0) & (y >= 0)
    shown = int(known.sum())
    if not shown:
        return None
    across = _classes(x[known], PER_DECADE)
    some = y[known] > 0
    up = np.zeros(shown, np.int64)
    fine = np.zeros(shown, np.int64)
    fine_first = y_first = 0
    if some.any():
        above = y[known][some]
        rows, small = _classes(above, PER_DECADE), _classes(above, FINE)
        y_first, fine_first = int(rows.min()), int(small.min())
        up[some], fine[some] = rows - y_first + 1, small - fine_first + 1
    x_first = int(across.min())
    across -= x_first
    columns = int(across.max()) + 1
    counts = np.bincount(up * columns + across, minlength=(int(up.max()) + 1) * columns).reshape(-1, columns)
    by_column = np.bincount(across * (int(fine.max()) + 1) + fine, minlength=columns * (int(fine.max()) + 1))
    whole = np.issubdtype(y.dtype, np.integer) or bool((y[known] == np.floor(y[known])).all())
    spread = by_column.reshape(columns, -1)
    lower, median, upper = (_quantiles(spread, share, fine_first, whole) for share in (0.25, 0.5, 0.75))
    return Binned(x_first, y_first, counts.tolist(), lower, median, upper, shown, len(x) - shown)


def _classes(values: NDArray[Any], per_decade: int) -> NDArray[np.int64]:
    """Class of each value; a hair is added so that powers of ten fall into the class they begin."""
    classes: NDArray[np.int64] = np.floor(np.log10(values.astype(float)) * per_decade + 1e-9).astype(np.int64)
    return classes


def _quantiles(counts: NDArray[np.int64], share: float, first: int, whole: bool) -> list[float | None]:
    found: list[float | None] = []
    for column in counts:
        total = int(column.sum())
        if not total:
            found.append(None)
            continue
        place = int(np.searchsorted(np.cumsum(column), share * total))
        value = 0.0 if place == 0 else 10 ** ((first + place - 1) / FINE)
        found.append(float(np.ceil(value - 1e-6)) if whole else value)
    return found


def by_size(followees: NDArray[Any], mutual: NDArray[Any]) -> list[SizeClass]:
    """Reciprocity by the size of the following: two classes a decade.

    Args:
        followees, mutual: (N,) accounts followed, and those of them that follow back.
    """
    some = followees > 0
    of: Floats = followees[some].astype(float)
    back: Floats = mutual[some].astype(float)
    if not len(of):
        return []
    size = _classes(of, 2)
    share = np.rint(back / of * SHARES).astype(np.int64)
    width = SHARES + 1
    spread = np.bincount(size * width + share, minlength=(int(size.max()) + 1) * width).reshape(-1, width)
    follows = np.bincount(size, of)
    returned = np.bincount(size, back)
    classes = []
    for place, counts in enumerate(spread):
        total = int(counts.sum())
        if total:
            low, high = int(np.ceil(10 ** (place / 2) - 1e-9)), int(np.ceil(10 ** ((place + 1) / 2) - 1e-9)) - 1
            among = np.cumsum(counts)
            quartiles = [float(np.searchsorted(among, part * total)) / SHARES for part in (0.25, 0.5, 0.75)]
            classes.append(SizeClass(low, high, total, float(returned[place] / follows[place]), *quartiles))
    return classes
