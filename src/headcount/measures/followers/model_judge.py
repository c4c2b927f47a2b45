"""The score card in the place of the published rules, for the funnel.

auto_follow: the rules, or bought (by the card, and arrived together with others), or a member of a closed circuit
(`rings_followers`). spam: the rules, or the same text
again and again from an account that is automated by the card. Who is merely automated is neither: a weather station
follows as it pleases, and is told from people by `authenticity`. What the user says of a follower goes before all.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from headcount import wording as say
from headcount.columns import Followers, Texts
from headcount.measures.followers.authenticity import Authenticity, authenticity
from headcount.measures.followers.judgement import CODE, Labelled
from headcount.measures.followers.rules import Judgement, PublishedRules
from headcount.measures.followers.scorecard import ScoreCard, shipped_card

__all__ = ["ModelJudge"]


class ModelJudge:
    """A `rules.FollowerJudge` that decides by the score card together with the published rules.

    Args:
        card: the score card; the shipped one without it.
        labelled: what the user says of some of the followers that will be judged.
        found: their judgement by `authenticity`, where it was made already with this card and these labels.
        circuits: a readable fragment for each of them who sits in a closed circuit, None for all others; None where
            it is not known who does.
    """

    def __init__(
        self,
        card: ScoreCard | None = None,
        labelled: Labelled | None = None,
        found: Authenticity | None = None,
        circuits: Texts | None = None,
    ) -> None:
        self.card = card or (found.card if found is not None else shipped_card())
        self.labelled = labelled
        self.found = found
        self.circuits = circuits

    @property
    def method(self) -> str:
        """One sentence on how it decides, for the report."""
        return (
            "Auto-follow and spam are classified by published rules (two independent signs of behaviour) and by a "
            f"score card (version {self.card.version}) fitted on public labelled accounts, which also requires a sign "
            f"from the list"
            f"{', and by closed circuits among the followers' if self.circuits is not None else ''}; "
            "silence, newness, few followers or an empty profile never count as evidence."
        )

    def judge(self, followers: Followers, *, as_of: float) -> Judgement:
        """Judge every follower by the rules and the card."""
        found = self.found or authenticity(followers, as_of=as_of, card=self.card, labelled=self.labelled)
        rules = PublishedRules().judge(followers, as_of=as_of)
        bought, spam = found.label == CODE["bought"], found.label == CODE["spam_bot"]
        reasons: Texts = rules.reasons.copy()
        for row in np.flatnonzero(bought | (spam & ~rules.spam)):
            reasons[row] = _reason(found, int(row))
        auto_follow = rules.auto_follow | bought
        for person, circuit in enumerate(self.circuits if self.circuits is not None else ()):
            if circuit is not None:
                before = reasons[person]
                reasons[person] = circuit if before is None else f"{before}; {circuit}"
                auto_follow[person] = True
        judged = Judgement(auto_follow, rules.spam | spam, rules.strong.copy(), reasons)
        return judged if self.labelled is None else _as_labelled(judged, self.labelled)


def _as_labelled(judged: Judgement, labelled: Labelled) -> Judgement:
    """The label of a follower goes before every model."""
    by_user = np.zeros(len(judged.spam), dtype=bool)
    by_user[labelled.row] = True
    for row, said in zip(labelled.row, labelled.said, strict=True):
        judged.auto_follow[row] = said in ("bought", "auto-follow")
        judged.spam[row] = judged.strong[row] = said == "spam"
        judged.reasons[row] = None if said in ("person", "automated") else f"you labelled it {said}"
    return replace(judged, by_user=by_user)


def _reason(found: Authenticity, row: int) -> str:
    """What speaks against the account, and how sure that makes the card."""
    against = [reason.sentence for reason in found.reasons(row)[1:] if reason.points > 0]
    if found.label[row] == CODE["spam_bot"]:
        f = found.inputs.followers
        against.insert(0, f"the same text {f.same_text[row]:,} times among {f.posts_seen[row]:,} posts")
    return f"{'; '.join(against)} ({say.share(1 - found.real[row])} likely not a real follower)"
