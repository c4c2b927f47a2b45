"""The published rule sets, as scores: how many of their points speak against an account.

What a set of labelled accounts does not hold makes a rule silent. Cresci et al. 2015 list them; StatusPeople published
criteria ("few or no followers, few or no tweets, tends to follow a lot") and no thresholds: those here are our reading.
"""

from __future__ import annotations

import numpy as np

from headcount.columns import Floats
from headcount.measures.followers.features import FEATURES
from training.sets import LabelledSet

__all__ = ["RULE_SETS", "rule_scores"]

RULE_SETS = ("Camisani-Calzolari", "Socialbakers", "StatusPeople (our reading)", "followers >= 30", "posts >= 50",
             "2 followers >= following", "following/followers >= 50")  # fmt: skip
_COLUMN = {feature.name: column for column, feature in enumerate(FEATURES)}


def rule_scores(s: LabelledSet) -> dict[str, Floats]:
    """Points against each account by each rule set, higher is worse."""
    f, known = s.followers, lambda name: s.table[:, _COLUMN[name]]
    followers, following, posts = f.followers_count, f.following_count, f.posts_count
    with np.errstate(invalid="ignore"):
        ratio = np.where(np.isnan(followers), known("following_per_follower"), following / np.maximum(followers, 1))
        age = (s.as_of - f.created_at) / 86_400
        human = [f.default_avatar == 0, f.has_bio == 1, followers >= 30, posts >= 50, f.has_website == 1, ratio <= 2]
        few = [followers < 50, posts < 20, ratio > 10]
        socialbakers = [ratio >= 50, posts == 0, (age > 60) & (f.default_avatar == 1),
                        (f.has_bio == 0) & (following > 100), known("link_share") > 0.9,
                        known("repost_share") > 0.9]  # fmt: skip
        scores = (
            -np.sum(human, axis=0), np.sum(socialbakers, axis=0), np.sum(few, axis=0), -1 * (followers >= 30),
            -1 * (posts >= 50), -1 * (ratio <= 2), 1 * (ratio >= 50),
        )  # fmt: skip
    return {name: score.astype(float) for name, score in zip(RULE_SETS, scores, strict=True)}
