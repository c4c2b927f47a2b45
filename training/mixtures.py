"""Does the interval of an audience's share hold the truth? Mixtures of held-out accounts, 1% to 90% of them fake.

Two ways to know the card's errors: labels of the same platform (accounts of the set that are not in the audience), and
none at all (the other sources, left out in turn, say what they can).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from headcount.measures.statistics.quantification import Rate, Share, adjusted_share, between_sources

if TYPE_CHECKING:
    from training.evaluate import Fold

__all__ = ["SHARES", "draw", "mixtures"]

SHARES = (0.01, 0.05, 0.10, 0.30, 0.50, 0.70, 0.90)
DRAWS = 500
AUDIENCE, SAMPLE, LABELLED = 300, 150, 200
"""Followers, of whom so many are looked at; labelled accounts, half of each kind."""


def draw(p: np.ndarray, fake: np.ndarray, share: float, threshold: float, rng: np.random.Generator,
         rates: tuple[Rate, Rate] | None) -> tuple[Share, float]:  # fmt: skip
    """One audience of distinct accounts and the estimate from a sample of it; with its true share.

    Args:
        p: probability of not being real; fake: the truth.
        share: of fakes in the audience.
        threshold: of the flag.
        rng: of the draw.
        rates: sensitivity and specificity; None to measure them on labelled accounts outside the audience.
    """
    real, other = rng.permutation(np.flatnonzero(~fake)), rng.permutation(np.flatnonzero(fake))
    half = LABELLED // 2 if rates is None else 0
    size = int(min(AUDIENCE, (len(other) - half) / max(share, 1e-9), (len(real) - half) / max(1 - share, 1e-9)))
    fakes = round(share * size)
    audience = np.concatenate([other[half : half + fakes], real[half : half + size - fakes]])
    looked_at = rng.choice(audience, min(SAMPLE, size), replace=False)
    if rates is None:
        rates = (Rate(float((p[other[:half]] >= threshold).mean()), half),
                 Rate(float((p[real[:half]] < threshold).mean()), half))  # fmt: skip
    flagged = int((p[looked_at] >= threshold).sum())
    found = adjusted_share(flagged, len(looked_at), sensitivity=rates[0], specificity=rates[1], population=size)
    if found is None:
        raise ValueError(f"at a threshold of {threshold} the flags are no better than chance")
    return found, fakes / size


def mixtures(judged: Sequence[Fold], draws: int = DRAWS) -> list[tuple[str, str, list[dict[str, Any]]]]:
    """The two tables."""
    note = (f"{draws} audiences of up to {AUDIENCE} held-out accounts, {SAMPLE} of them looked at. Each cell: "
            "intervals that hold the truth; their mean width in points; in brackets the mean error, in points, of "
            "simply counting accounts more likely fake than not.")  # fmt: skip
    return [
        (
            f"Audience share with {LABELLED} labelled accounts of the platform",
            note,
            [_row(f, draws, True) for f in judged],
        ),
        (
            "Audience share without labels: errors as on the other sources",
            note,
            [_row(f, draws, False) for f in judged],
        ),
    ]


def _row(f: Fold, draws: int, labelled: bool) -> dict[str, Any]:
    rates = None if labelled else _rates_of_others(f)
    row: dict[str, Any] = {"set": f.judged.set.name}
    p = f.judged.not_real
    for share in SHARES:
        rng = np.random.default_rng([int(share * 100), len(p)])
        held, width, plain = [], [], []
        for _ in range(draws):
            found, truth = draw(p, f.fake, share, f.share_threshold, rng, rates)
            held.append(found.low - 1e-9 <= truth <= found.high + 1e-9)
            width.append(found.high - found.low)
            plain.append((share * (p[f.fake] >= 0.5).mean() + (1 - share) * (p[~f.fake] >= 0.5).mean()) - truth)
        row[f"{share:.0%}"] = f"{np.mean(held):.0%}; {100 * np.mean(width):.0f} ({100 * np.mean(plain):+.0f})"
    return row


def _rates_of_others(f: Fold) -> tuple[Rate, Rate]:
    names = list(dict.fromkeys(u.set.family for u in f.others))
    counts = []
    for name in names:
        mine = [u for u in f.others if u.set.family == name]
        fake = np.concatenate([u.set.label > 0 for u in mine])
        flagged = np.concatenate([u.not_real >= f.share_threshold for u in mine])
        counts.append((flagged[fake].sum(), fake.sum(), (~flagged[~fake]).sum(), (~fake).sum()))
    hits, fakes, passed, reals = (list(column) for column in zip(*counts, strict=True))
    return between_sources(hits, fakes), between_sources(passed, reals)
