"""From fitted steps to the score card: prior, thresholds, errors on unseen sources.

Everything that is chosen is chosen on accounts of sources that the card in question had not seen: the replicates, each
fitted without one source, judge that source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from headcount.columns import Floats
from headcount.measures.followers.scorecard import FORMAT, ClassCard, Confusion, FeaturePoints, ScoreCard
from training.fit import CLASSES, CUTS, RIDGES, Fitted, fit
from training.metrics import auc
from training.sets import LabelledSet, data_folder, platforms

__all__ = ["PRIOR", "Unseen", "choose_ridge", "families", "make_card", "unseen"]

VERSION = "2026.1"
PRIOR = {"real": 0.85, "bought": 0.12, "automated": 0.03}
"""Taken, not measured; what an account of which nothing is known, or that shows no sign of life, is given.

8 to 18% of accounts were not genuine on Twitter in 2021 (Fukuda et al. 2022): 15 in 100. How they divide nobody has
measured among followers."""
MAX_FALSE, MAX_ON_A_SLICE = 0.01, 0.005
"""Aims of the threshold: false positive rate on real accounts, and how much more a slice of them may have.

On a source that was not seen a slice may have one point more; half of that is left for how sources differ."""
MIN_ON_A_SLICE = 100
"""Real accounts of a slice below which its rate is shown but decides nothing: one account of fewer is more than a
point."""
_GRID = np.round(np.arange(0.50, 0.991, 0.01), 2)

_SHARE_GRID = np.round(np.arange(0.05, 0.51, 0.01), 2)


@dataclass(frozen=True)
class Unseen:
    """A set judged by a card that had not seen its source: probabilities (accounts, real bought automated)."""

    set: LabelledSet
    probabilities: Floats

    @property
    def not_real(self) -> Floats:
        """Probability of not being real."""
        return 1.0 - self.probabilities[:, 0]


def families(sets: Sequence[LabelledSet]) -> list[str]:
    """Names of the sources, in order."""
    return list(dict.fromkeys(s.family for s in sets))


def unseen(sets: Sequence[LabelledSet], ridge: float) -> list[Unseen]:
    """Each set judged by a card fitted on the other sources."""
    judged = []
    for family in families(sets):
        fitted = fit([s for s in sets if s.family != family], ridge=ridge)
        judged += [Unseen(s, probabilities(fitted, s.table)) for s in sets if s.family == family]
    return judged


def probabilities(fitted: Fitted, table: Floats) -> Floats:
    """(accounts, real bought automated) by the fitted steps with the prior."""
    eta = fitted.scores(table) + np.array([_intercept(name) for name in CLASSES])
    odds = np.column_stack([np.ones(len(eta)), np.exp(eta)])
    return odds / odds.sum(axis=1, keepdims=True)


def choose_ridge(sets: Sequence[LabelledSet]) -> float:
    """The penalty with the best mean AUC over sources left out in turn."""
    means = [np.mean([auc(u.set.label > 0, u.not_real) for u in unseen(sets, ridge)]) for ridge in RIDGES]
    return RIDGES[int(np.argmax(means))]


def choose_thresholds(judged: Sequence[Unseen]) -> tuple[dict[str, float], float]:
    """The verdict's threshold a class, and the flag's for the audience's share, on unseen accounts.

    The verdict's is the lowest at which at most 1% of the real accounts, of the verified, and of the celebrities are
    accused (sources weigh alike), and no slice of them more than half a point above all. The flag's has the greatest
    mean sensitivity + specificity.
    """
    verdict = {name: _cautious(judged, c + 1) for c, name in enumerate(CLASSES)}
    better = [np.mean([_informed(u, threshold) for u in judged]) for threshold in _SHARE_GRID]
    return verdict, float(_SHARE_GRID[int(np.argmax(better))])


def _informed(u: Unseen, threshold: float) -> float:
    flags = u.not_real >= threshold
    return _rate(flags, u.set.label > 0) - _rate(flags, u.set.label == 0)


def _cautious(judged: Sequence[Unseen], c: int) -> float:
    for threshold in _GRID:
        everybody = np.mean([_rate(u.probabilities[:, c] >= threshold, u.set.label == 0) for u in judged])
        if everybody > MAX_FALSE:
            continue
        slices: dict[str, list[np.ndarray]] = {}
        for u in judged:
            for name, rows in u.set.slices.items():
                slices.setdefault(name, []).append(u.probabilities[rows, c] >= threshold)
        rates = {
            name: float(np.concatenate(flags).mean())
            for name, flags in slices.items()
            if sum(map(len, flags)) >= MIN_ON_A_SLICE
        }
        known_people = max(rates.get("verified", 0.0), rates.get("celebrity", 0.0))
        if known_people <= MAX_FALSE and max(rates.values(), default=0.0) <= everybody + MAX_ON_A_SLICE:
            return float(threshold)
    return float(_GRID[-1])


def _rate(flags: np.ndarray, rows: np.ndarray) -> float:
    return float(flags[rows].mean())


def make_card(sets: Sequence[LabelledSet], ridge: float, training: dict[str, object] | None = None) -> ScoreCard:
    """Fit everything and put the card together."""
    judged = unseen(sets, ridge)
    verdict, share_threshold = choose_thresholds(judged)
    whole = fit(sets, ridge=ridge)
    left_out = {name: fit([s for s in sets if s.family != name], ridge=ridge) for name in families(sets)}
    return ScoreCard(
        format=FORMAT, version=VERSION, prior=PRIOR, classes=_cards(whole),
        replicates={name: _cards(fitted) for name, fitted in left_out.items()},
        platforms=platforms(data_folder()), verdict=verdict, share_threshold=share_threshold,
        confusion={name: _confusion(judged, name, share_threshold) for name in families(sets)}, training=training or {},
    )  # fmt: skip


def _confusion(judged: Sequence[Unseen], family: str, threshold: float) -> Confusion:
    mine = [u for u in judged if u.set.family == family]
    flagged = np.concatenate([u.not_real >= threshold for u in mine])
    fake = np.concatenate([u.set.label > 0 for u in mine])
    return Confusion(fake=int(fake.sum()), fake_flagged=int(flagged[fake].sum()), real=int((~fake).sum()),
                     real_flagged=int(flagged[~fake].sum()))  # fmt: skip


def _intercept(name: str) -> float:
    return float(np.log(PRIOR[name] / PRIOR["real"]))


def _cards(fitted: Fitted) -> dict[str, ClassCard]:
    return {
        name: ClassCard(
            intercept=round(_intercept(name), 4),
            features={
                feature: FeaturePoints(CUTS[feature], tuple(round(float(p), 4) for p in np.r_[0.0, np.cumsum(steps)]))
                for feature, steps in fitted.steps[name].items()
            },
        )
        for name in CLASSES
    }
