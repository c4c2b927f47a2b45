"""Fit the score card: additive, every sign in its one direction, nothing for what is unknown.

log odds of class c against real:  eta_c = a_c + sum over features f of points_c,f(x_f),  c = bought, automated;
P(c) = exp(eta_c) / (1 + exp(eta_bought) + exp(eta_automated)).

points_c,f is a step function: the sum of the steps at those cuts that x exceeds, so 0 below the lowest cut and where x
is unknown. Each step has the sign that `DIRECTIONS` allows. The steps and one pair of intercepts a set (what a set's
own mixture and collection do to its base rate is no sign of an account) minimise

  - sum over accounts of weight * log P(label) + RIDGE * sum of squared steps,

each set and class having equal weight. Of accounts that are labelled a bot of either kind, P(bought) + P(automated)
enters. Copies of the accounts with random groups of features hidden make the points hold where less is known. Solved by
L-BFGS-B with bounds. An explainable boosting machine is of the same form but has no common zero for the unknown, no
class of two meanings and no intercept a set; the evaluation shows it beside this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from headcount.columns import Floats
from headcount.measures.followers.features import FEATURES
from training.sets import EITHER, LabelledSet

__all__ = ["CLASSES", "CUTS", "DIRECTIONS", "RIDGES", "Fitted", "fit"]

CLASSES = ("bought", "automated")
RIDGES = (10.0, 30.0, 100.0)
"""What the nested choice chooses from."""

CUTS: dict[str, tuple[float, ...]] = {
    "followers": (0.1, 0.3, 1, 3, 10, 30, 100, 1000),
    "posts": (0, 0.02, 0.05, 0.1, 0.3, 1, 3, 10, 30),
    "following": (0.02, 0.1, 0.3, 1, 2, 4, 8, 16),
    "following_per_follower": (0.1, 0.3, 0.7, 1, 2, 3, 5, 10, 20, 50),
    "posts_per_followed": (0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000),
    "posts_per_follower": (0.1, 0.3, 1, 3, 10, 30, 100, 300),
    "posts_per_day": (1, 3, 5, 10, 20, 50, 100, 200),
    "has_bio": (0.5,),
    "has_website": (0.5,),
    "has_picture": (0.5,),
    "name_says_bot": (0.5,),
    "bio_says_automated": (0.5,),
    "link_share": (0.1, 0.3, 0.5, 0.7, 0.9),
    "reply_share": (0, 0.05, 0.1, 0.2, 0.4),
    "repost_share": (0.1, 0.3, 0.5, 0.7, 0.9),
}
"""Round numbers that a person can read, wide apart; outside the outermost the points stay as they are."""

DIRECTIONS: dict[str, tuple[int | None, int | None]] = {
    "followers": (-1, -1),
    "posts": (-1, None),
    "following": (1, -1),
    "following_per_follower": (1, -1),
    "posts_per_followed": (-1, 1),
    "posts_per_follower": (-1, 1),
    "posts_per_day": (None, 1),
    "has_bio": (-1, -1),
    "has_website": (-1, -1),
    "has_picture": (-1, -1),
    "name_says_bot": (None, 1),
    "bio_says_automated": (None, 1),
    "link_share": (None, 1),
    "reply_share": (None, -1),
    "repost_share": (None, -1),
}
"""For bought and automated: +1 more speaks against the account, -1 for it, None is not used. Signs of life only -1."""

_TOGETHER = (
    ("followers", "posts_per_follower"),
    ("following", "posts_per_followed", "following_per_follower"),
    ("posts", "posts_per_day", "posts_per_followed", "posts_per_follower"),
    ("has_bio", "has_website", "has_picture", "bio_says_automated"),
    ("name_says_bot",),
    ("link_share", "reply_share", "repost_share"),
    ("followers", "following", "posts_per_followed", "posts_per_follower"),
)
HIDDEN_SHARE, COPIES = 0.3, 2
_NAMES = [feature.name for feature in FEATURES]
_ABSENT = -12.0


@dataclass(frozen=True)
class Fitted:
    """Steps at each cut and the intercepts.

    Attributes:
        steps: class -> feature -> steps at CUTS[feature].
        intercepts: class -> one a set that has the class.
        ridge: the penalty used.
    """

    steps: dict[str, dict[str, Floats]]
    intercepts: dict[str, Floats]
    ridge: float

    def scores(self, table: Floats) -> Floats:
        """(accounts, classes) log odds without intercept."""
        got = np.zeros((len(table), len(CLASSES)))
        for c, name in enumerate(CLASSES):
            for feature, steps in self.steps[name].items():
                points = np.concatenate([[0.0], np.cumsum(steps)])
                x = table[:, _NAMES.index(feature)]
                got[:, c] += np.where(np.isnan(x), 0.0, points[np.searchsorted(CUTS[feature], x, side="left")])
        return got

    def either(self, table: Floats) -> Floats:
        """Log odds of being bought or automated, each with the mean of its intercepts."""
        scores = self.scores(table)
        return np.logaddexp(*(scores[:, c] + self.intercepts[name].mean() for c, name in enumerate(CLASSES)))


def fit(
    sets: Sequence[LabelledSet], *, ridge: float = 30.0, seed: int = 0, rows: Sequence[np.ndarray] | None = None
) -> Fitted:
    """Fit the card.

    Args:
        sets: labelled accounts.
        ridge: penalty on the squared steps.
        seed: of the hidden features.
        rows: rows of each set to use; all without it.
    """
    rng = np.random.default_rng(seed)
    chosen = [np.arange(len(s)) for s in sets] if rows is None else rows
    tables, labels, weights, groups = [], [], [], []
    for g, (s, keep) in enumerate(zip(sets, chosen, strict=True)):
        label = s.label[keep]
        share = sum(o.family == s.family for o in sets)
        weight = 1000.0 / share / np.bincount(label, minlength=4)[label] / (1 + COPIES)
        for copy in range(1 + COPIES):
            tables.append(_hide(s.table[keep], rng) if copy else s.table[keep])
            labels.append(label)
            weights.append(weight)
            groups.append(np.full(len(label), 2 * g + (copy > 0)))
    return _solve(
        np.concatenate(tables), np.concatenate(labels), np.concatenate(weights), np.concatenate(groups), ridge
    )


def _hide(table: Floats, rng: np.random.Generator) -> Floats:
    hidden = table.copy()
    for names in _TOGETHER:
        rows = rng.random(len(table)) < HIDDEN_SHARE
        for name in names:
            hidden[rows, _NAMES.index(name)] = np.nan
    return hidden


def _design(table: Floats, c: int) -> tuple[Floats, list[tuple[float | None, float | None]], list[tuple[str, int]]]:
    columns, bounds, owners = [], [], []
    for name, cuts in CUTS.items():
        direction = DIRECTIONS[name][c]
        if direction is None:
            continue
        x = table[:, _NAMES.index(name)]
        for k, cut in enumerate(cuts):
            with np.errstate(invalid="ignore"):
                columns.append((x > cut).astype(float))
            bounds.append((0.0, None) if direction > 0 else (None, 0.0))
            owners.append((name, k))
    return np.stack(columns, axis=1), bounds, owners


def _solve(table: Floats, label: np.ndarray, weight: Floats, group: np.ndarray, ridge: float) -> Fitted:
    groups = np.unique(group)
    member = (group[:, None] == groups).astype(float)
    designs = [_design(table, c) for c in range(2)]
    has = [np.array([np.isin(label[group == g], [c + 1, EITHER]).any() for g in groups]) for c in range(2)]
    sizes = [designs[0][0].shape[1], designs[1][0].shape[1]]
    whole = [np.hstack([designs[c][0], member]) for c in range(2)]
    ends = np.cumsum([sizes[0], len(groups), sizes[1], len(groups)])
    pieces = [slice(0, ends[1]), slice(ends[1], ends[3])]
    penalty = np.concatenate([np.r_[np.full(sizes[c], ridge), np.full(len(groups), 1e-3)] for c in range(2)])

    def loss(parameters: Floats) -> tuple[float, Floats]:
        eta = [whole[c] @ parameters[pieces[c]] for c in range(2)]
        top = np.maximum(0, np.maximum(*eta))
        real, bought, automated = np.exp(-top), np.exp(eta[0] - top), np.exp(eta[1] - top)
        total = real + bought + automated
        hit = np.select([label == 0, label == 1, label == 2], [real, bought, automated], bought + automated)
        gradient = []
        for c, mine in enumerate((bought, automated)):
            wanted = np.select(
                [label == c + 1, label == EITHER], [np.ones_like(mine), mine / (bought + automated)], 0.0
            )
            gradient.append(whole[c].T @ (weight * (mine / total - wanted)))
        value = -(weight * np.log(hit / total)).sum() + (penalty * parameters**2).sum()
        return float(value), np.concatenate(gradient) + 2 * penalty * parameters

    bounds = []
    for c in range(2):
        bounds += designs[c][1] + [(-_ABSENT * -1, 8.0) if there else (_ABSENT, _ABSENT) for there in has[c]]
    start = np.array([_ABSENT if low == _ABSENT == high else 0.0 for low, high in bounds])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 1000}).x
    steps: dict[str, dict[str, Floats]] = {}
    intercepts: dict[str, Floats] = {}
    for c, name in enumerate(CLASSES):
        mine = found[pieces[c]]
        steps[name] = {}
        for (feature, _), step in zip(designs[c][2], mine[: sizes[c]], strict=True):
            steps[name][feature] = np.append(steps[name].get(feature, np.empty(0)), step)
        # the even groups are the accounts as they are, the odd ones the copies with hidden features
        seen = has[c] & (groups % 2 == 0)
        intercepts[name] = mine[sizes[c] :][seen] if seen.any() else np.array([_ABSENT])
    return Fitted(steps, intercepts, ridge)
