"""Is this follower real? A calibrated probability with its interval, the exact reasons, and the share of the audience.

Classes, which are different things and are never added up to one "bot":

* *declared_bot*: the platform's flag says automated, or the bio says so and the rest agrees. Honest, often useful.
* *bought*: looks like accounts that were sold as followers. Fitted on labelled accounts (`scorecard`).
* *automated*: looks like accounts that a program writes. Fitted on labelled accounts.
* *auto_follow*, *spam_bot*: there is no public labelled set of these, so nothing was fitted; they are told by published
  rules, from two independent signs of behaviour (`rules`). An account that repeats itself and is automated by the card is
  spam too.
* *real*: not being real is less likely than being real. *undecided*: neither can be said. *unknown*: nothing is known.

The probability has one base: `prior`, before anything is known. Silence, newness, few followers, an empty profile and a
foreign script add nothing to it (`authenticity_features`); a verdict takes `ScoreCard.verdict`, chosen on accounts that
the card had not seen.

The interval of a probability says how much it hangs on which labelled accounts the card was made from (`scorecard`). The
share of the audience is no mean of verdicts but counts the card's errors (`quantification`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats, Followers, Texts
from headcount.measures.authenticity_features import FEATURES, LEVELS, Inputs, Platform, evidence_level, matrix
from headcount.measures.quantification import Share, adjusted_share, between_sources
from headcount.measures.recalibration import Recalibration
from headcount.measures.result import Result
from headcount.measures.rules import LEAST_REPEATED, Judgement, PublishedRules
from headcount.measures.scorecard import ScoreCard, Steps, contributions, not_real, shipped_card

__all__ = ["CLASSES", "Authenticity", "ModelJudge", "Reason", "authenticity", "typical_account"]

CLASSES = ("unknown", "undecided", "real", "bought", "automated", "declared_bot", "auto_follow", "spam_bot")
_CODE = {name: np.int8(code) for code, name in enumerate(CLASSES)}

LEAST_TYPICAL, LEAST_ACTIVE = 100, 10
"""Active followers (with so many posts) from which on an audience says what is typical of a platform without a sample."""
WORTH_TELLING = 0.05
"""Points (log odds) below which a reason is not told, only counted with the rest."""


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One contribution to an account's score.

    Attributes:
        sentence: what is seen, with the account's figures.
        points: log odds that it adds to the class in question; below 0 it speaks for a real account.
    """

    sentence: str
    points: float


@dataclass(frozen=True, kw_only=True)
class Authenticity(Result):
    """What can be said of each follower, in the order handed in, and of all together.

    Attributes:
        label: index into CLASSES.
        real, bought, automated: probabilities that add up to 1.
        low, high: 95% interval of `real`.
        level: index into `authenticity_features.LEVELS`: which evidence there was.
        share: share of the followers that are not real, with an interval that counts the model's errors; None where
            nothing is known of anyone.
        version: of the model.
        recalibration: the correction by the user's labels.
        too_little: why there is nothing to say; None where there is.
    """

    label: NDArray[np.int8]
    real: Floats
    bought: Floats
    automated: Floats
    low: Floats
    high: Floats
    level: NDArray[np.int8]
    share: Share | None
    version: str
    recalibration: Recalibration
    too_little: str | None
    inputs: Inputs
    steps: Steps
    card: ScoreCard

    @cached_property
    def log_odds(self) -> Floats:
        """Log odds of not being real, before the user's labels."""
        return not_real(self.card.scores(self.steps))

    def reasons(self, row: int, kind: str | None = None) -> tuple[Reason, ...]:
        """The reasons for one follower, the weightiest first; their points add up to the score exactly.

        Args:
            row: of the follower.
            kind: bought or automated; the likelier of the two without it.
        """
        name = kind or ("bought" if self.bought[row] >= self.automated[row] else "automated")
        card = self.card.classes[name]
        told = [Reason(sentence=_before(self.card, name), points=card.intercept)]
        rest = 0.0
        for column, points in contributions(card):
            got = float(points[self.steps[row, column]])
            if abs(got) >= WORTH_TELLING:
                told.append(Reason(sentence=FEATURES[column].tell(self.inputs, row), points=got))
            else:
                rest += got
        if rest:
            told.append(Reason(sentence="everything else that is known of it", points=rest))
        return (told[0], *sorted(told[1:], key=lambda reason: -abs(reason.points)))

    def explain(self, row: int) -> str:
        """The verdict on one follower with its reasons, as a sentence that names no feature."""
        kind = "bought" if self.bought[row] >= self.automated[row] else "automated"
        reasons = self.reasons(row, kind)[1:]
        against = [r.sentence for r in reasons if r.points > 0]
        speaks_for = [r.sentence for r in reasons if r.points < 0]
        what = _KIND_IN_WORDS[kind]
        parts = [
            f"{100 * self.real[row]:.0f}% likely a real account "
            f"({100 * self.low[row]:.0f}-{100 * self.high[row]:.0f}%), judged by {LEVELS[self.level[row]]}"
        ]
        if against:
            parts.append(f"for {what} speaks: {'; '.join(against)}")
        if speaks_for:
            parts.append(f"{'against it' if against else f'against {what}'} speaks: {'; '.join(speaks_for)}")
        if not against and not speaks_for:
            parts.append("nothing that is known speaks either way")
        return ". ".join(part[0].upper() + part[1:] for part in parts) + "."

    def columns(self) -> dict[str, list[Any]]:
        """One row a class: followers in it, and their share of all."""
        counts = np.bincount(self.label, minlength=len(CLASSES)).tolist()
        return {
            "class": list(CLASSES),
            "followers": counts,
            "share": [count / len(self.label) if len(self.label) else None for count in counts],
        }

    def sentence(self) -> str:
        """The share of real followers with its interval, and what was simply counted."""
        if self.too_little is not None or self.share is None:
            return self.too_little or "Nothing is known of any follower."
        s = self.share
        return (
            f"Between {100 * (1 - s.high):.0f}% and {100 * (1 - s.low):.0f}% of {s.population:,} followers are real, as far as "
            f"{s.looked_at:,} profiles can tell; the interval counts the model's own errors."
        )


_KIND_IN_WORDS = {"bought": "a bought follower", "automated": "an automated account"}


def _before(card: ScoreCard, kind: str) -> str:
    return f"before anything is known: {100 * card.prior[kind]:.0f} in 100 are taken to be {_KIND_IN_WORDS[kind]}"


def authenticity(
    followers: Followers,
    *,
    as_of: float,
    card: ScoreCard | None = None,
    recalibration: Recalibration | None = None,
) -> Authenticity:
    """Judge every follower.

    Args:
        followers: the columns of each.
        as_of: end of the observation, seconds since 1970.
        card: the score card; the shipped one without it.
        recalibration: correction by the user's labels.
    """
    card = card or shipped_card()
    recalibration = recalibration or Recalibration()
    inputs = Inputs(followers, as_of, typical_account(followers, card))
    table = matrix(inputs)
    steps = card.steps(table)
    level = evidence_level(table)
    del table
    scores = card.scores(steps)
    odds = not_real(scores)
    corrected = recalibration.apply(odds)
    half = card.spread(steps) * recalibration.slope
    p = card.probabilities(scores + (corrected - odds)[:, None])
    label = _labels(followers, as_of, p, level, card)
    return Authenticity(
        label=label, real=p[:, 0], bought=p[:, 1], automated=p[:, 2], low=_real(corrected + half),
        high=_real(corrected - half), level=level, share=_share(followers, p[:, 0], level, card), version=card.version,
        recalibration=recalibration, too_little=None if len(followers) else "There is no follower list.", inputs=inputs,
        steps=steps, card=card,
    )  # fmt: skip


def typical_account(followers: Followers, card: ScoreCard) -> Platform:
    """What is typical where these followers live: the card's sample of the platform; else the active among them.

    Where the card has no sample of the platform, medians of the followers with 10 posts or more stand in if there are 100
    of them, otherwise the card's sample of X.
    """
    platform = str(followers.account_id[0]).partition(":")[0] if len(followers) else "x"
    if platform in card.platforms:
        return card.platforms[platform]
    known = card.platforms["x"]
    with np.errstate(invalid="ignore"):
        active = (followers.posts_count >= LEAST_ACTIVE) & ~np.isnan(followers.followers_count + followers.following_count)
    if active.sum() < LEAST_TYPICAL:
        return known
    counts = (followers.followers_count, followers.following_count, followers.posts_count)
    medians = [max(float(np.median(count[active])), 1.0) for count in counts]
    return Platform(*medians, known.age_days, f"the {int(active.sum()):,} followers with {LEAST_ACTIVE} posts or more")


def _real(log_odds_not_real: Floats) -> Floats:
    result: Floats = 1.0 / (1.0 + np.exp(np.clip(log_odds_not_real, -700, 700)))
    return result


def _labels(f: Followers, as_of: float, p: Floats, level: NDArray[np.int8], card: ScoreCard) -> NDArray[np.int8]:
    rules = PublishedRules().judge(f, as_of=as_of)
    automated = p[:, 2] >= card.verdict["automated"]
    declared = (f.declared_bot == 1) | ((f.bio_says_automated == 1) & automated)
    decisions = [
        (declared, "declared_bot"),
        (rules.spam | (automated & _repeats(f)), "spam_bot"),
        (rules.auto_follow, "auto_follow"),
        (level == 0, "unknown"),
        (p[:, 1] >= card.verdict["bought"], "bought"),
        (automated, "automated"),
        (p[:, 0] >= 0.5, "real"),
    ]
    return np.select([c for c, _ in decisions], [_CODE[n] for _, n in decisions], _CODE["undecided"]).astype(np.int8)


def _repeats(f: Followers) -> NDArray[np.bool_]:
    held: NDArray[np.bool_] = (f.posts_seen >= LEAST_REPEATED) & (f.same_text > 3) & (f.same_text * 5 >= f.posts_seen)
    return held


def _share(f: Followers, real: Floats, level: NDArray[np.int8], card: ScoreCard) -> Share | None:
    """The share that is not real, with the card's errors on accounts of sources that it had not seen."""
    known = (level > 0) & (f.sampled != 0)
    if not known.any():
        return None
    counts = card.confusion.values()
    flagged = int((1 - real[known] >= card.share_threshold).sum())
    return adjusted_share(
        flagged,
        int(known.sum()),
        sensitivity=between_sources([c.fake_flagged for c in counts], [c.fake for c in counts]),
        specificity=between_sources([c.real - c.real_flagged for c in counts], [c.real for c in counts]),
        population=len(f),
    )


class ModelJudge:
    """The score card together with the published rules, for the funnel.

    auto_follow: the rules, or bought by the card. spam: the rules, or the same text again and again from an account that is
    automated by the card. Who is merely automated is neither: a weather station follows as it pleases.

    Args:
        card: the score card; the shipped one without it.
        recalibration: correction by the user's labels.
    """

    def __init__(self, card: ScoreCard | None = None, recalibration: Recalibration | None = None) -> None:
        self.card = card or shipped_card()
        self.recalibration = recalibration or Recalibration()

    @property
    def method(self) -> str:
        """One sentence on how it decides, for the report."""
        return (
            "Auto-follow and spam are told by published rules (two independent signs of behaviour) and by a score card "
            f"(version {self.card.version}) fitted on public labelled accounts; silence, newness, few followers or an empty "
            "profile never count against anyone."
        )

    def judge(self, followers: Followers, *, as_of: float) -> Judgement:
        """Judge every follower by the rules and the card."""
        rules = PublishedRules().judge(followers, as_of=as_of)
        found = authenticity(followers, as_of=as_of, card=self.card, recalibration=self.recalibration)
        bought = found.label == _CODE["bought"]
        spam = found.label == _CODE["spam_bot"]
        reasons: Texts = rules.reasons.copy()
        for row in np.flatnonzero((bought | spam) & (reasons == None)):  # noqa: E711 - element by element
            against = [r.sentence for r in found.reasons(int(row))[1:] if r.points > 0]
            reasons[row] = f"{'; '.join(against)} ({100 * (1 - found.real[row]):.0f}% likely not a real follower)"
        return Judgement(rules.auto_follow | bought, spam, spam & rules.strong, reasons)
