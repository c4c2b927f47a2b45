"""What each step of `headcount network` is expected to take; how it is shown: `headcount.support.progress`."""

from __future__ import annotations

from headcount.support.progress import Steps

__all__ = [
    "BUILD",
    "COUNT",
    "DENSE",
    "INFLUENCE",
    "RANK",
    "RANKED",
    "RETURNED",
    "RINGS",
    "TALK",
    "WRITE",
    "Steps",
    "expected_seconds",
]

RANKED = 5_000_000
"""Accounts that are ranked by response: on a larger platform those with most followers."""

BUILD, COUNT, RANK, TALK, RETURNED, DENSE, RINGS, INFLUENCE, WRITE = (
    "building the graph",
    "counting and connecting",
    "network ranks",
    "reading the other tables",
    "returned follows",
    "dense blocks and synchrony",
    "closed circuits",
    "influence by response",
    "writing",
)

NULL_TIES = 200_000
"""Ties at most that are rewired to compare circuits with chance (`measures.circuits.null_model`)."""
RETURNED_SHARE = 0.4


def expected_seconds(
    accounts: int | None, follows: int, interactions: int = 0, *, iterations: int = 20, mutual: int | None = None
) -> dict[str, float]:
    """Seconds of each step on two cores, measured on graphs of 0.2 million to 1.5 billion follows.

    Args:
        accounts: how many; None where only an upper bound is known, as before the graph is built: then one for every
            30 follows. A bound (two for each follow) is a hundred times too high, and so were the times made from it.
        follows, interactions: rows.
        iterations: of PageRank.
        mutual: follows that are returned; None where not known yet.
    """
    m, k = follows, interactions
    n = accounts if accounts is not None else m / 30
    ties = (mutual if mutual is not None else RETURNED_SHARE * m) / 2
    return {
        BUILD: 0.7 + 250e-9 * m,
        TALK: 0.1 + 600e-9 * k + 40e-9 * n,
        COUNT: 0.05 + 12e-9 * m,
        RANK: 0.2 + 4.5e-9 * iterations * m,
        DENSE: 0.2 + 170e-9 * m,
        RETURNED: 0.05 + 25e-9 * m,
        RINGS: 0.2 + 180e-9 * m + 35e-6 * min(NULL_TIES, ties),
        INFLUENCE: 0.35 + 9e-6 * min(n, RANKED),
        WRITE: 0.25 + 1.5e-6 * n,
    }
