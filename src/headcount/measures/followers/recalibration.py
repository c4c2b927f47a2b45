"""Labels that the user gives correct the model for this audience.

The log odds eta of not being real become  eta' = shift + slope * eta  (Platt 1999). The few labels of one user would be
overfitted, so slope and shift have normal priors around no change, with standard deviations 0.5 and 3; the slope stays
above 0.1, so that labels never turn the order of accounts around. The posterior mode is found by Newton's method with
halved steps.

The local error rate is honest: each label is judged by a correction made from the other labels only (leave one out),
and has the Wilson interval of a share. Labels of accounts that the user chose to look at are no sample of the audience;
the rate is that among the labelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from headcount import wording as say
from headcount.columns import Floats
from headcount.measures.statistics.intervals import wilson
from headcount.support.record import Record

__all__ = ["LABELS", "LocalError", "Recalibration", "local_error", "recalibrate"]

LABELS = ("person", "bought", "automated", "auto-follow", "spam")
"""Labels that a user can give; all but person count as fake."""
"""What a user may say of an account."""

MIN_LABELS = 2
SLOPE_SPREAD, SHIFT_SPREAD, MIN_SLOPE = 0.5, 3.0, 0.1


@dataclass(frozen=True, repr=False)
class Recalibration(Record):
    """The correction, and how many labels it was made from."""

    shift: float = 0.0
    slope: float = 1.0
    labels: int = 0

    def apply(self, log_odds: Floats) -> Floats:
        """The corrected log odds of not being real."""
        return self.shift + self.slope * log_odds


@dataclass(frozen=True, kw_only=True, repr=False)
class LocalError(Record):
    """How often the corrected model errs on the labelled accounts; each judged without its own label.

    Attributes:
        wrong, labels: of so many labelled accounts so many are told wrongly.
        low, high: 95% interval of the error rate.
        real_called_fake, fake_called_real: the two kinds of error.
    """

    wrong: int
    labels: int
    low: float
    high: float
    real_called_fake: int
    fake_called_real: int

    def summary(self) -> str:
        """The rate in a sentence."""
        return self.sentence()

    def sentence(self) -> str:
        """The local error rate in a sentence."""
        of = "1 account" if self.labels == 1 else f"{self.labels:,} accounts"
        return (
            f"Of {of} that you labelled, the corrected model misclassifies {self.wrong:,} "
            f"without using their own label ({say.share_interval(self.low, self.high)}): "
            f"{self.real_called_fake:,} real accounts called fake, "
            f"{self.fake_called_real:,} fake accounts called real."
        )


def recalibrate(log_odds: Floats, fake: NDArray[np.bool_]) -> Recalibration:
    """The correction that the labels ask for.

    Args:
        log_odds: of not being real, of the labelled accounts, by the model.
        fake: what the user says of each: True for all labels but person.

    Raises:
        ValueError: the two differ in length.
    """
    if len(log_odds) != len(fake):
        raise ValueError(f"{len(log_odds)} scores for {len(fake)} labels")
    if len(fake) < MIN_LABELS:
        return Recalibration(labels=len(fake))
    design = np.column_stack([np.ones(len(log_odds)), log_odds])
    precision = np.diag([1 / SHIFT_SPREAD**2, 1 / SLOPE_SPREAD**2])
    middle = np.array([0.0, 1.0])

    def loss(at: Floats) -> float:
        eta, off = design @ at, at - middle
        return float(np.logaddexp(0.0, np.where(fake, -eta, eta)).sum() + off @ precision @ off / 2)

    found = middle.copy()
    for _ in range(100):
        p = _probability(design @ found)
        gradient = design.T @ (fake - p) - precision @ (found - middle)
        step = np.linalg.solve((design * (p * (1 - p))[:, None]).T @ design + precision, gradient)
        while loss(found + step) > loss(found) and np.abs(step).max() > 1e-12:
            step /= 2  # Newton's step is too long where the probabilities are near 0 or 1
        found = found + step
        if np.abs(step).max() < 1e-9:
            break
    return Recalibration(float(found[0]), max(float(found[1]), MIN_SLOPE), len(fake))


def local_error(log_odds: Floats, labels: Sequence[str]) -> LocalError:
    """The error rate of the corrected model on the labelled accounts, each judged without its own label.

    Args:
        log_odds: of not being real, by the model; at least one.
        labels: of LABELS.

    Raises:
        ValueError: no label, or one that is not of LABELS.
    """
    if not labels or any(label not in LABELS for label in labels):
        raise ValueError(f"expected at least one label, each one of {', '.join(LABELS)}")
    fake = np.array([label != "person" for label in labels])
    told = np.empty(len(fake), dtype=bool)
    for i in range(len(fake)):
        others = np.arange(len(fake)) != i
        told[i] = recalibrate(log_odds[others], fake[others]).apply(log_odds[i : i + 1])[0] >= 0
    wrong = int((told != fake).sum())
    low, high = wilson(wrong, len(fake))
    return LocalError(
        wrong=wrong,
        labels=len(fake),
        low=low,
        high=high,
        real_called_fake=int((told & ~fake).sum()),
        fake_called_real=int((~told & fake).sum()),
    )


def _probability(log_odds: Floats) -> Floats:
    result: Floats = 1.0 / (1.0 + np.exp(-np.clip(log_odds, -700, 700)))
    return result
