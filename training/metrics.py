"""Figures of merit with 95% bootstrap intervals (accounts drawn anew within each class)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["auc", "bootstrap", "brier", "calibration_error", "precision", "recall"]


def auc(fake: Any, score: Any) -> float:
    """Area under the ROC curve: the chance that a fake account scores above a real one, ties counting one half."""
    fake, score = np.asarray(fake, bool), np.asarray(score, float)
    _, rank, count = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2
    positive, negative = int(fake.sum()), int((~fake).sum())
    return float((middle[rank][fake].sum() - positive * (positive + 1) / 2) / (positive * negative))


def brier(fake: Any, p: Any) -> float:
    """Mean squared distance of the probability from the truth."""
    return float(np.mean((np.asarray(p) - np.asarray(fake)) ** 2))


def calibration_error(fake: Any, p: Any, bins: int = 10) -> float:
    """Expected calibration error: mean distance of probability and frequency over bins of equal mass."""
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, bins)
    fake, p = np.asarray(fake, float), np.asarray(p, float)
    return float(sum(len(part) * abs(fake[part].mean() - p[part].mean()) for part in parts if len(part)) / len(p))


def precision(fake: Any, flagged: Any) -> float:
    """Share of the flagged that are fake; nan where nobody is flagged."""
    return float(np.mean(np.asarray(fake)[np.asarray(flagged)])) if np.any(flagged) else float("nan")


def recall(fake: Any, flagged: Any) -> float:
    """Share of the fake that are flagged."""
    return float(np.mean(np.asarray(flagged)[np.asarray(fake, bool)]))


def bootstrap(
    figure: Callable[[Any, Any], float], fake: Any, values: Any, *, draws: int = 300, seed: int = 0
) -> tuple[float, float, float]:
    """The figure of (fake, values) and its 95% interval."""
    rng = np.random.default_rng(seed)
    fake, values = np.asarray(fake, bool), np.asarray(values)
    real, other = np.flatnonzero(~fake), np.flatnonzero(fake)
    found = []
    for _ in range(draws):
        rows = np.concatenate([rng.choice(real, len(real)), rng.choice(other, len(other))])
        found.append(figure(fake[rows], values[rows]))
    low, high = np.nanquantile(found, [0.025, 0.975]) if not np.all(np.isnan(found)) else (np.nan, np.nan)
    return figure(fake, values), float(low), float(high)
