"""The tables of docs/methods/authenticity-evaluation.md: printed and written by `make evaluate`.

Each source of accounts is left out in turn. Everything that the card of a fold has (penalty, thresholds, steps) is
chosen and fitted on the other sources, the thresholds on sources left out within them; the boosted trees and the
explainable boosting machine see the same features and the same weights.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from headcount.columns import Floats
from headcount.measures.followers.authenticity import authenticity
from headcount.measures.followers.recalibration import recalibrate
from training.card import Unseen, choose_ridge, choose_thresholds, families, probabilities, unseen
from training.fit import fit
from training.metrics import auc, bootstrap, brier, calibration_error, precision, recall
from training.mixtures import mixtures
from training.published_rules import RULE_SETS, rule_scores
from training.sets import EITHER, LabelledSet, data_folder, load, unlabelled

PAGE = Path(__file__).resolve().parents[1] / "docs" / "methods" / "authenticity-evaluation.md"
LABELS, SPLITS, FOLDS = 200, 20, 5
Scorer = Callable[[Floats, Floats, Floats, Floats], Floats]
"""(training table, fake, weights, table to score) -> score."""


@dataclass(frozen=True)
class Fold:
    """A set judged by a card made without its source, with that card's own thresholds."""

    judged: Unseen
    verdict: dict[str, float]
    share_threshold: float
    others: list[Unseen]

    @property
    def accused(self) -> np.ndarray:
        """Accounts of which the verdict is bought or automated."""
        flags: np.ndarray = (self.judged.probabilities[:, 1:] >= list(self.verdict.values())).any(axis=1)
        return flags

    @property
    def fake(self) -> np.ndarray:
        """The truth."""
        wrong: np.ndarray = self.judged.set.label > 0
        return wrong


def folds(sets: Sequence[LabelledSet]) -> list[Fold]:
    """Every set judged by what was chosen and fitted without its source."""
    found = []
    for family in families(sets):
        rest = [s for s in sets if s.family != family]
        ridge = choose_ridge(rest)
        others = unseen(rest, ridge)
        verdict, share = choose_thresholds(others)
        fitted = fit(rest, ridge=ridge)
        mine = [s for s in sets if s.family == family]
        found += [Fold(Unseen(s, probabilities(fitted, s.table)), verdict, share, others) for s in mine]
    return found


def evaluate() -> None:
    """Print and write all tables."""
    sets = load(data_folder())
    judged = folds(sets)
    tables = [
        _left_out(judged),
        _comparison(sets, judged),
        _within(sets),
        _rules(judged),
        _calibration(judged),
        _slices(judged),
        *mixtures(judged),
        _audience(),
    ]
    text = _HEAD + "\n".join(_as_markdown(*table) for table in tables)
    PAGE.write_text(text)
    PAGE.with_suffix(".json").write_text(json.dumps({title: rows for title, _, rows in tables}, indent=1) + "\n")
    print(text)


_HEAD = """# Authenticity: measured

Made by `make evaluate` from public research data. In brackets: 95% bootstrap intervals. What is chosen (penalty,
thresholds) and fitted never sees the source that it is measured on; features, their cuts and the shares taken before
anything is known were settled once, with the left-out figures of all sets in view, so small differences between methods
say little. How to read it: [authenticity](authenticity.md).

"""

Table = tuple[str, str, list[dict[str, Any]]]


def _left_out(judged: Sequence[Fold]) -> Table:
    rows = []
    for f in judged:
        fake, p, accused = f.fake, f.judged.not_real, f.accused
        target = f.judged.set.target
        own = None if target == EITHER else f.judged.probabilities[:, target]
        rows.append({
            "set": f.judged.set.name, "real": int((~fake).sum()), "other": int(fake.sum()),
            "AUC": _with(bootstrap(auc, fake, p)),
            "AUC of the class": "-" if own is None else f"{auc(fake, own):.3f}",
            "precision": _with(bootstrap(precision, fake, accused), 2),
            "recall": _with(bootstrap(recall, fake, accused), 2),
            "false positives": _rate(accused[~fake]),
            "verified": _rate(accused[f.judged.set.slices["verified"]]),
            "celebrities": _rate(accused[f.judged.set.slices["celebrity"]]),
        })  # fmt: skip
    return (
        "Left out: each source judged by a card that never saw it",
        "Precision, recall and false positives (with counts) at the verdict's threshold, by the card alone: these "
        "sets hold no lists of followers, in which a bought follower has to stand out as well. Celebrities: 100,000 "
        "followers or more. 'AUC of the class': by the probability of the class that the set is about.",
        rows,
    )


def _comparison(sets: Sequence[LabelledSet], judged: Sequence[Fold]) -> Table:
    rows = []
    for f in judged:
        rest = [s for s in sets if s.family != f.judged.set.family]
        table = np.concatenate([s.table for s in rest])
        fake = np.concatenate([s.label > 0 for s in rest]).astype(float)
        weight = np.concatenate([1000 / np.bincount(s.label, minlength=4)[s.label] for s in rest])
        best = max(((auc(f.fake, score), name) for name, score in rule_scores(f.judged.set).items()))
        row: dict[str, Any] = {"set": f.judged.set.name, "score card": f"{auc(f.fake, f.judged.not_real):.3f}"}
        for name, scorer in SCORERS.items():
            score = scorer(table, fake, weight, f.judged.set.table)
            row[name] = _with(bootstrap(auc, f.fake, score))
        rows.append({**row, "best rule set": f"{best[0]:.3f} ({best[1]})"})
    return (
        "AUC when left out, beside a ceiling and the best of the published rules",
        "Gradient boosting: scikit-learn's histogram boosting as it comes. Explainable boosting machine: interpret, "
        "without interactions. Both know only 'real or not'.",
        rows,
    )


def _boosting(table: Floats, fake: Floats, weight: Floats, other: Floats) -> Floats:
    from sklearn.ensemble import HistGradientBoostingClassifier

    # a column with one value or none cannot be cut
    use = [c for c in range(table.shape[1]) if len(np.unique(table[~np.isnan(table[:, c]), c])) > 1]
    model = HistGradientBoostingClassifier(random_state=0).fit(table[:, use], fake, sample_weight=weight)
    return np.asarray(model.decision_function(other[:, use]))


def _explainable(table: Floats, fake: Floats, weight: Floats, other: Floats) -> Floats:
    from interpret.glassbox import ExplainableBoostingClassifier

    use = [c for c in range(table.shape[1]) if len(np.unique(table[~np.isnan(table[:, c]), c])) > 1]
    model = ExplainableBoostingClassifier(interactions=0, outer_bags=1, max_bins=32, n_jobs=1, random_state=0)
    model.fit(table[:, use], fake, sample_weight=weight)
    return np.asarray(model.decision_function(other[:, use]))


SCORERS: dict[str, Scorer] = {"gradient boosting": _boosting, "explainable boosting": _explainable}


def _within(sets: Sequence[LabelledSet]) -> Table:
    rows = []
    for s in sets:
        fake = s.label > 0
        part = np.random.default_rng(0).permutation(len(s)) % FOLDS
        card, boosted = np.empty(len(s)), np.empty(len(s))
        for k in range(FOLDS):
            seen, held = np.flatnonzero(part != k), np.flatnonzero(part == k)
            card[held] = probabilities(fit([s], rows=[seen], ridge=3.0), s.table[held])[:, 1:].sum(axis=1)
            boosted[held] = _boosting(s.table[seen], fake[seen].astype(float), np.ones(len(seen)), s.table[held])
        rows.append({
            "set": s.name,
            "score card": _with(bootstrap(auc, fake, card)),
            "gradient boosting": _with(bootstrap(auc, fake, boosted)),
        })  # fmt: skip
    return "AUC within each set (five folds)", "A score inside one set proves nothing for another: see above.", rows


def _rules(judged: Sequence[Fold]) -> Table:
    rows = []
    for f in judged:
        scores = rule_scores(f.judged.set)
        rows.append({"set": f.judged.set.name, **{name: f"{auc(f.fake, scores[name]):.3f}" for name in RULE_SETS}})
    return "AUC of the published rules", "What a set does not hold makes a rule silent; 0.5 is chance.", rows


def _calibration(judged: Sequence[Fold]) -> Table:
    rows = []
    for f in judged:
        p, fake = f.judged.not_real, f.fake
        few, many = _recalibrated(p, fake, LABELS), _recalibrated(p, fake, len(p) // 2)
        rows.append({
            "set": f.judged.set.name,
            "calibration error, as it comes": _with(bootstrap(calibration_error, fake, p)),
            "after 200 labels": _over(few[0]),
            "half of the set labelled": _over(many[0]),
            "Brier, as it comes": _with(bootstrap(brier, fake, p)),
            "Brier after 200 labels": _over(few[1]),
        })  # fmt: skip
    return (
        "Calibration when left out",
        "As it comes, 15 in 100 accounts are taken not to be real; in these sets it is 16 to 50. After 200 labels, "
        "or half of the set, of the same platform: mean and 95% range over 20 draws of the labels; ten bins of equal "
        "mass.",
        rows,
    )


def _recalibrated(p: Floats, fake: np.ndarray, labels: int) -> tuple[list[float], list[float]]:
    """Calibration error and Brier score of the accounts that were not labelled, over draws of the labels."""
    odds = np.log(p) - np.log1p(-p)
    errors, distances = [], []
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(fake))
        seen, held = order[:labels], order[labels:]
        corrected = 1 / (1 + np.exp(-recalibrate(odds[seen], fake[seen]).apply(odds[held])))
        errors.append(calibration_error(fake[held], corrected))
        distances.append(brier(fake[held], corrected))
    return errors, distances


def _slices(judged: Sequence[Fold]) -> Table:
    names = dict.fromkeys(name for f in judged for name in f.judged.set.slices)
    rows = [
        _slice("all", [(f, ~f.fake) for f in judged]),
        *(
            _slice(name, [(f, f.judged.set.slices[name]) for f in judged if name in f.judged.set.slices])
            for name in names
        ),
    ]
    return (
        "False positives on slices of the real accounts, when left out",
        "Few posts: under 50. Few followers: under 50. Newcomer: younger than 180 days. As shipped: a bought follower "
        "has to stand out in the list of followers too, which these sets do not hold. Wilson intervals.",
        rows,
    )


def _slice(name: str, of: Sequence[tuple[Fold, np.ndarray]]) -> dict[str, Any]:
    by_card = np.concatenate([f.accused[rows] for f, rows in of])
    shipped = np.concatenate([(f.judged.probabilities[:, 2] >= f.verdict["automated"])[rows] for f, rows in of])
    return {"real accounts": name, "accounts": f"{len(by_card):,}",
            "false positives, by the card alone": _rate(by_card), "as shipped": _rate(shipped)}  # fmt: skip


def _audience() -> Table:
    followers, as_of, _ = unlabelled(data_folder())
    found = authenticity(followers, as_of=as_of)
    counts = found.columns()
    rows = [{"verdict": name, "followers": f"{n:,}", "share": f"{100 * n / len(followers):.1f}%"}
            for name, n in zip(counts["class"], counts["followers"], strict=True) if n]  # fmt: skip
    likely = int((found.bought >= found.card.verdict["bought"]).sum())
    rows.append({"verdict": "would be 'bought' by the card alone", "followers": f"{likely:,}",
                 "share": f"{100 * likely / len(followers):.1f}%"})  # fmt: skip
    return (
        "The shipped card on 121,410 followers of ten news accounts",
        "Nobody knows the truth here; many are silent readers, whom the card alone cannot tell from bought followers. "
        "That is why a verdict takes a sign of the list as well, and a share takes labels. X, August 2015, uniform.",
        rows,
    )


def _rate(flags: np.ndarray) -> str:
    from headcount.measures.statistics.intervals import wilson

    if not len(flags):
        return "-"
    low, high = wilson(int(flags.sum()), len(flags))
    return f"{100 * flags.mean():.1f}% ({100 * low:.1f}-{100 * high:.1f}), {int(flags.sum())} of {len(flags):,}"


def _with(figure: tuple[float, float, float], digits: int = 3) -> str:
    middle, low, high = figure
    return "-" if np.isnan(middle) else f"{middle:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})"


def _over(values: Sequence[float]) -> str:
    low, high = np.quantile(values, [0.025, 0.975])
    return f"{np.mean(values):.3f} ({low:.3f}-{high:.3f})"


def _as_markdown(title: str, note: str, rows: list[dict[str, Any]]) -> str:
    names = list(rows[0])
    lines = [f"## {title}", "", note, "", "| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(str(row[name]) for name in names) + " |" for row in rows]
    return "\n".join(lines) + "\n"
