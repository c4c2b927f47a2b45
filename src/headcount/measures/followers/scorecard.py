"""The score card: a fitted additive model as a small file that a person can read and check.

For each class other than real (bought, automated) and each feature the card holds cuts and points. An account's log
odds of the class against real are the intercept plus, for each feature, the points of the step that its value falls in;
0 where the value is unknown. So the points of an account add up to its score exactly, and outside the range of the
training data the outermost step goes on: a count of a billion says no more than the largest cut.

P(class) = exp(score of the class) / (1 + sum over classes of exp(score))   (multinomial logit, real as the reference).

Each card comes with replicates, fitted with one source of labelled accounts left out. Their spread is what the choice
of training accounts does to an answer; the delete-a-group jackknife makes an interval of it (Kott 2001, J. Off. Stat.
17:521): variance = (k - 1)/k * sum (score_i - mean score)^2, limits by Student's t with k - 1 degrees of freedom.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from math import sqrt

import msgspec
import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats
from headcount.errors import UsageError
from headcount.measures.followers.features import FEATURES, Platform

__all__ = ["ClassCard", "Confusion", "FeaturePoints", "ScoreCard", "Steps", "shipped_card"]

Steps = NDArray[np.int8]
"""(followers, features) the step that each value falls in; the last one is 'unknown'."""

FORMAT = 1
STUDENT = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 6: 2.447, 7: 2.365, 8: 2.306, 9: 2.262}
"""97.5% points of Student's t by degrees of freedom."""


class FeaturePoints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points of one feature: points[i] where cuts[i-1] < value <= cuts[i]."""

    cuts: tuple[float, ...]
    points: tuple[float, ...]


class ClassCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Points of one class. `intercept` is the log odds before anything is known of the account."""

    intercept: float
    features: dict[str, FeaturePoints]


class Confusion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How accounts of a source that the card had not seen were told at the threshold of the audience's share."""

    fake: int
    fake_flagged: int
    real: int
    real_flagged: int


class ScoreCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file.

    Attributes:
        format: of the file; version: of the model.
        prior: share of each class before anything is known.
        classes: the card of each class.
        replicates: name of the source left out -> cards fitted without it.
        platforms: what is typical of each platform that the card knows.
        verdict: probability of a class from which on it is said of an account.
        share_threshold: probability of not being real from which on an account is flagged for the audience's share.
        confusion: source -> how its accounts were flagged by cards that had not seen them.
        training: data, dates and figures, for reading.
    """

    format: int
    version: str
    prior: dict[str, float]
    classes: dict[str, ClassCard]
    replicates: dict[str, dict[str, ClassCard]]
    platforms: dict[str, Platform]
    verdict: dict[str, float]
    share_threshold: float
    confusion: dict[str, Confusion]
    training: dict[str, object]

    def steps(self, table: Floats) -> Steps:
        """Which step each value falls in; all cards share their cuts."""
        found = np.full(table.shape, -1, dtype=np.int8, order="F")
        cuts = self._cuts()
        for column, feature in enumerate(FEATURES):
            if feature.name in cuts:
                x = table[:, column]
                found[:, column] = np.searchsorted(cuts[feature.name], x, side="left")
                found[np.isnan(x), column] = -1
        return found

    def _cuts(self) -> dict[str, tuple[float, ...]]:
        return {name: f.cuts for card in self.classes.values() for name, f in card.features.items()}

    def scores(self, steps: Steps, *, without: str | None = None) -> Floats:
        """(followers, classes) log odds of each class against real; of a replicate if `without` names a source."""
        cards = self.classes if without is None else self.replicates[without]
        got = np.empty((len(steps), len(cards)), order="F")
        for c, card in enumerate(cards.values()):
            got[:, c] = card.intercept
            for column, points in contributions(card):
                got[:, c] += points[steps[:, column]]
        return got

    def probabilities(self, scores: Floats) -> Floats:
        """(followers, 1 + classes): real first."""
        top = np.maximum(scores.max(axis=1), 0.0)
        odds = np.exp(np.column_stack([-top, scores - top[:, None]]))
        shares: Floats = odds / odds.sum(axis=1, keepdims=True)
        return shares

    def spread(self, steps: Steps) -> Floats:
        """(followers,) half-width of the 95% interval of the log odds of not being real (jackknife over sources)."""
        replicates = np.stack([not_real(self.scores(steps, without=name)) for name in self.replicates])
        k = len(replicates)
        squares = ((replicates - replicates.mean(axis=0)) ** 2).sum(axis=0)
        half: Floats = STUDENT[k - 1] * np.sqrt(squares) * sqrt((k - 1) / k)
        return half


def contributions(card: ClassCard) -> list[tuple[int, Floats]]:
    """For each feature of a card its column and the points by step, 0 for the step 'unknown' at the end."""
    columns = {feature.name: column for column, feature in enumerate(FEATURES)}
    return [(columns[name], np.array([*f.points, 0.0])) for name, f in card.features.items()]


def not_real(scores: Floats) -> Floats:
    """Log odds of any class but real: log of the sum of the odds."""
    result: Floats = np.logaddexp.reduce(scores, axis=1)
    return result


def read_card(data: bytes) -> ScoreCard:
    """A score card from its JSON.

    Raises:
        UsageError: it is no score card, one of another format, or has features that this version does not know.
    """
    try:
        card = msgspec.json.decode(data, type=ScoreCard)
    except msgspec.DecodeError as error:
        raise UsageError(f"This is not a valid score card: {error}.", hint="create one with: make train") from None
    known = {feature.name for feature in FEATURES}
    strange = sorted({name for c in card.classes.values() for name in c.features} - known)
    if card.format != FORMAT or strange:
        what = f"format {card.format}" if card.format != FORMAT else f"unknown features {', '.join(strange)}"
        raise UsageError(
            f"The score card does not fit this version of Headcount: {what}.", hint="create one with: make train"
        )
    return card


@cache
def shipped_card() -> ScoreCard:
    """The card that comes with Headcount."""
    return read_card((files("headcount") / "models" / "authenticity.json").read_bytes())
