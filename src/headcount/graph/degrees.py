"""How many accounts each one follows, and how many follow it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headcount.graph.graph import Rows

__all__ = ["degrees"]


def degrees(rows: Rows) -> NDArray[np.int64]:
    """Length of each row: of `followees` the out-degree, of `followers` the in-degree. Shape (n,)."""
    return np.diff(rows.offsets)
