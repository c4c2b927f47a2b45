"""Is this follower real? A calibrated probability with its interval, the exact reasons, and the share of the audience.

Classes, which are different things and are never added up to one "bot":

* *declared_bot*: the platform's flag says automated, or the bio says so and the rest agrees. Honest, often useful.
* *bought*: looks like accounts that were sold as followers, by a card fitted on labelled accounts (`scorecard`), *and*
  arrived together with others (`arrivals`). The profile alone is never enough: a silent reader who follows some hundred
  accounts looks like one that was bought, and no public set of labelled accounts holds such readers.
* *automated*: looks like accounts that a program writes, by the card.
* *auto_follow*, *spam_bot*: there is no public labelled set of these, so nothing was fitted; they are told by published
  rules, from two independent signs of behaviour (`rules`). An account that repeats itself and is automated by the card
  is spam too.
* *real*: being real is likelier than not. *undecided*: it is not, but that is no verdict. *unknown*: nothing is known.

A probability starts from a base, `prior`, before anything is known. Silence, newness, few followers, an empty profile
and a foreign script add nothing to it (`authenticity_features`); a verdict takes `ScoreCard.verdict`, chosen on
accounts that the card had not seen. Who arrived together with others has the odds of the block, (k - e)/e, against the
base's.

The interval of a probability says how much it hangs on which labelled accounts the card was made from (`scorecard`).
The share of the audience is no mean of verdicts: it counts the errors of the flags (`quantification`), and those differ
so much from one audience to the next that they have to be measured here, on followers that the user labelled. Where
that is not possible there is no share, and `no_share` holds the reason.

In a report the funnel decides first (`verdicts`): each follower then has one class and one judgement that agrees with
it, and a probability only where the card measures what the class does not already say.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount import wording as say
from headcount.columns import Floats, Followers, Texts
from headcount.measures.follower_list import COMPLETE, FollowerList
from headcount.measures.followers.arrivals import ArrivalClusters, find_arrival_clusters
from headcount.measures.followers.features import FEATURES, LEVELS, Inputs, Platform, evidence_level, matrix
from headcount.measures.followers.judgement import (
    _IN_WORDS,
    _NO_PROBABILITY,
    _VERDICTS,
    CLASSES,
    CODE,
    MIN_LABELLED,
    Labelled,
    NoShare,
    Reason,
    _odds_of_block,
    _order,
)
from headcount.measures.followers.recalibration import Recalibration, recalibrate
from headcount.measures.followers.rules import MIN_REPEATED, PublishedRules
from headcount.measures.followers.scorecard import ScoreCard, Steps, contributions, not_real, shipped_card
from headcount.measures.result import Result
from headcount.measures.statistics.quantification import Rate, Share, adjusted_share
from headcount.support.times import Time, as_seconds, iso_text

__all__ = ["Authenticity", "authenticity", "card_labels", "typical_account"]

MIN_TYPICAL, MIN_ACTIVE = 100, 10
"""Active followers (with so many posts) from which on an audience says what is typical of a platform without a
sample."""
WORTH_TELLING = 0.05
"""Points (log odds) below which a reason is not told, only counted with the rest."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Authenticity(Result):
    """What can be said of each follower, in the order handed in, and of all together.

    Attributes:
        label: index into CLASSES.
        real, bought, automated: probabilities that add up to 1, by the score card: being a real account rather than
            one sold as a follower or written by a program. NaN where a verdict leaves them out (`verdicts`).
        low, high: 95% interval of `real`.
        scores: (followers, 2) log odds of bought and of automated against real: what the reasons add up to.
        level: index into `authenticity_features.LEVELS`: which evidence there was of the account itself.
        together: who arrived together with others, from the order of the list.
        standing: who follows at the end of the observation; counts and shares are of these.
        share: share of the standing followers that are not real, with an interval that counts the model's errors here.
        no_share: why there is none; None where there is one.
        follower_class: class of each in the funnel; None before `verdicts` has brought the two together.
        class_reasons: the funnel's reasons; None likewise.
        recalibration: the correction by the user's labels.
        too_little: why there is nothing to say; None where there is.
        inputs, steps, card: what the reasons are told from.
        follower_list: how completely the followers were listed; None where the caller of the measure did not say.
    """

    label: NDArray[np.int8]
    real: Floats
    bought: Floats
    automated: Floats
    low: Floats
    high: Floats
    scores: Floats
    level: NDArray[np.int8]
    together: ArrivalClusters
    standing: NDArray[np.bool_]
    share: Share | None
    no_share: NoShare | None
    recalibration: Recalibration
    too_little: str | None
    inputs: Inputs
    steps: Steps
    card: ScoreCard
    follower_class: Texts | None = None
    class_reasons: Texts | None = None
    follower_list: FollowerList | None = None

    @cached_property
    def log_odds(self) -> Floats:
        """Log odds of not being real before the user's labels: what `recalibrate` takes."""
        return not_real(_uncorrected(self.card, self.steps, self.together))

    def kind(self, row: int) -> str:
        """The likelier of bought and automated for one follower."""
        names = list(self.card.classes)
        bought, automated = (self.scores[row, names.index(name)] for name in ("bought", "automated"))
        return "bought" if bought >= automated else "automated"

    def reasons(self, row: int, kind: str | None = None) -> tuple[Reason, ...]:
        """The reasons for one follower: what was taken before, then the weightiest first. Their points add up to its
        score.

        Args:
            row: of the follower.
            kind: bought or automated; the likelier of the two without it.
        """
        name = kind or self.kind(row)
        card = self.card.classes[name]
        before = f"base rate: {100 * self.card.prior[name]:.0f} in 100 are {_IN_WORDS[name]}"
        told, rest = [], 0.0
        for column, points in contributions(card):
            got = float(points[self.steps[row, column]])
            if abs(got) >= WORTH_TELLING:
                told.append(Reason(sentence=FEATURES[column].tell(self.inputs, row), points=got))
            else:
                rest += got
        if name == "bought" and self.together.chance[row] > 0:
            told.append(
                Reason(sentence=self._tell_together(row), points=_odds_of_block(self.together.chance[row], self.card))
            )
        if self.recalibration.labels:
            moved = self.recalibration.apply(self.log_odds[row : row + 1]) - self.log_odds[row : row + 1]
            number = self.recalibration.labels
            said = f"your labels of {number:,} follower{'' if number == 1 else 's'}"
            told.append(Reason(sentence=said, points=float(moved[0])))
        if rest:
            told.append(Reason(sentence="all other evidence", points=rest))
        told.sort(key=lambda reason: -abs(reason.points))
        return (Reason(sentence=before, points=card.intercept), *told)

    def explain(self, row: int) -> str:
        """What is said of one follower, with its reasons, in sentences that anyone can read."""
        if np.isnan(self.real[row]) or CLASSES[self.label[row]] in ("auto_follow", "spam_bot"):
            return f"{self._verdict(row)} {_NO_PROBABILITY}"
        kind = self.kind(row)
        reasons = self.reasons(row, kind)[1:]
        against = "; ".join(r.sentence for r in reasons if r.points > 0)
        speaks_for = "; ".join(r.sentence for r in reasons if r.points < 0)
        by = LEVELS[self.level[row]] + (" and its place in the list" if self.together.chance[row] >= 0 else "")
        likely = (
            f"{say.share(self.real[row])} likely a real account, not a bought or automated one "
            f"({say.share_interval(self.low[row], self.high[row])})"
        )
        parts = [self._verdict(row), f"Person or not: {likely}, judged by {by}."]
        if against:
            parts.append(f"Evidence for {_IN_WORDS[kind]}: {against}.")
        if speaks_for:
            parts.append(f"Evidence against {_IN_WORDS[kind]}: {speaks_for}.")
        if not against and not speaks_for:
            parts.append("There is no evidence either way.")
        return " ".join(parts)

    def _verdict(self, row: int) -> str:
        """The class in a sentence, with what told it where that was a rule."""
        name, f = CLASSES[self.label[row]], self.inputs.followers
        if self.follower_class is not None and self.class_reasons is not None:
            said = {"gone": "Gone", "auto_follow": "Auto-follow", "spam": "Spam"}.get(self.follower_class[row])
            if said is not None:
                return f"{said}: {self.class_reasons[row]}."
        if name not in ("auto_follow", "spam_bot"):
            return _VERDICTS[name]
        one = Followers(**{field.name: getattr(f, field.name)[row : row + 1] for field in fields(Followers)})
        rules = PublishedRules().judge(one, as_of=float(np.max(self.inputs.as_of))).reasons[0]
        repeats = f"the same text {f.same_text[row]:,} times among {f.posts_seen[row]:,} posts"
        return f"{_VERDICTS[name]}{rules or repeats}."

    def _tell_together(self, row: int) -> str:
        seen, expected = self.together.seen[row], self.together.expected[row]
        return (
            f"is in your list with {seen - 1:,.0f} others that were made in the same week, where about "
            f"{expected:,.0f} would be expected"
        )

    def columns(self) -> dict[str, list[Any]]:
        """One row a class: standing followers in it, and their share of all that stand."""
        counts = np.bincount(self.label[self.standing], minlength=len(CLASSES)).tolist()
        shares = [count / sum(counts) if sum(counts) else None for count in counts]
        return {"class": list(CLASSES), "followers": counts, "share": shares}

    def sentence(self) -> str:
        """The share of real followers with its interval; without one, why there is none."""
        if self.too_little is not None:
            return self.too_little
        words = self.follower_list or COMPLETE
        if self.share is not None:
            s = self.share
            if s.exact is not None:
                return f"{say.share(1 - s.high)} of {words.all_of(s.population)} are real: you labelled all of them."
            return (
                f"Between {say.share(1 - s.high)} and {say.share(1 - s.low)} of {words.all_of(s.population)} are real; "
                f"the interval includes the model's errors on the {self.recalibration.labels:,} followers that you "
                "labelled."
            )
        if self.no_share is not None and self.no_share.reason != "no labels":
            return self.no_share.sentence()
        unclear = int(np.isin(self.label[self.standing], [CODE["unknown"], CODE["undecided"]]).sum())
        return (
            f"Of {words.all_of(int(self.standing.sum()))}, {unclear:,} cannot be classified: "
            "silent readers look like bought followers. "
            "For a share with its interval, label some followers: headcount label."
        )


def authenticity(
    followers: Followers,
    *,
    as_of: Time | float,
    card: ScoreCard | None = None,
    labelled: Labelled | None = None,
) -> Authenticity:
    """Judge every follower.

    Args:
        followers: the columns of each.
        as_of: end of the observation: a time (see `headcount.support.times`) or seconds since 1970.
        card: the score card; the shipped one without it.
        labelled: what the user says of some of them.
    """
    card = card or shipped_card()
    end = as_seconds(as_of)
    inputs = Inputs(followers, end, typical_account(followers, card))
    table = matrix(inputs)
    steps, level = card.steps(table), evidence_level(table)
    del table
    together = find_arrival_clusters(followers.created_at, _order(followers))
    scores = _uncorrected(card, steps, together)
    odds = not_real(scores)
    correction = Recalibration() if labelled is None else recalibrate(odds[labelled.row], labelled.fake)
    corrected = correction.apply(odds)
    half = card.spread(steps) * correction.slope
    scores += (corrected - odds)[:, None]
    p = card.probabilities(scores)
    share = _share(followers, odds, level, card, labelled)
    return Authenticity(
        as_of=iso_text(end), label=_labels(followers, end, p, level, together, card),
        real=p[:, 0], bought=p[:, 1], automated=p[:, 2],
        low=_real(corrected + half), high=_real(corrected - half), scores=scores, level=level, together=together,
        standing=followers.standing, share=share if isinstance(share, Share) else None,
        no_share=share if isinstance(share, NoShare) else None, recalibration=correction,
        too_little=None if len(followers) else "There is no follower list.", inputs=inputs, steps=steps, card=card,
    )  # fmt: skip


def typical_account(followers: Followers, card: ScoreCard) -> Platform:
    """What is typical where these followers live: the card's sample of the platform; else the active among them.

    Where the card has no sample of the platform, medians of the followers with 10 posts or more stand in if there are
    100 of them, otherwise the card's sample of X.
    """
    platform = str(followers.account_id[0]).partition(":")[0] if len(followers) else "x"
    if platform in card.platforms:
        return card.platforms[platform]
    known = card.platforms["x"]
    with np.errstate(invalid="ignore"):
        active = (followers.posts_count >= MIN_ACTIVE) & ~np.isnan(
            followers.followers_count + followers.following_count
        )
    if active.sum() < MIN_TYPICAL:
        return known
    counts = (followers.followers_count, followers.following_count, followers.posts_count)
    typical = [max(float(np.median(count[active])), 1.0) for count in counts]
    sample = f"the {int(active.sum()):,} followers with {MIN_ACTIVE} posts or more"
    return Platform(typical[0], typical[1], typical[2], known.age_days, sample)


def _uncorrected(card: ScoreCard, steps: Steps, together: ArrivalClusters) -> Floats:
    scores = card.scores(steps)
    with np.errstate(invalid="ignore"):
        block = np.flatnonzero(together.chance > 0)
    scores[block, list(card.classes).index("bought")] += [_odds_of_block(c, card) for c in together.chance[block]]
    return scores


def _real(log_odds_not_real: Floats) -> Floats:
    result: Floats = 1.0 / (1.0 + np.exp(np.clip(log_odds_not_real, -700, 700)))
    return result


def _labels(
    f: Followers, as_of: float, p: Floats, level: NDArray[np.int8], together: ArrivalClusters, card: ScoreCard
) -> NDArray[np.int8]:
    rules = PublishedRules().judge(f, as_of=as_of)
    automated = p[:, 2] >= card.verdict["automated"]
    repeats = (f.posts_seen >= MIN_REPEATED) & (f.same_text > 3) & (f.same_text * 5 >= f.posts_seen)
    with np.errstate(invalid="ignore"):
        bought = (p[:, 1] >= card.verdict["bought"]) & (together.chance > 0)
    declared = _declared(f, automated)
    decisions = [
        (declared, "declared_bot"),
        (rules.spam | (automated & repeats), "spam_bot"),
        (rules.auto_follow, "auto_follow"),
        (bought, "bought"),
    ]
    codes, by_card = [CODE[name] for _, name in decisions], _by_card(p[:, 0], p[:, 2], level, declared, card)
    return np.select([c for c, _ in decisions], codes, by_card).astype(np.int8)


def card_labels(found: Authenticity) -> NDArray[np.int8]:
    """(followers,) index into CLASSES by the score card and the account's own word alone, without any rule."""
    automated = found.automated >= found.card.verdict["automated"]
    declared = _declared(found.inputs.followers, automated)
    return _by_card(found.real, found.automated, found.level, declared, found.card)


def _declared(f: Followers, automated: NDArray[np.bool_]) -> NDArray[np.bool_]:
    declared: NDArray[np.bool_] = (f.declared_bot == 1) | ((f.bio_says_automated == 1) & automated)
    return declared


def _by_card(
    real: Floats, automated: Floats, level: NDArray[np.int8], declared: NDArray[np.bool_], card: ScoreCard
) -> NDArray[np.int8]:
    decisions = [
        (declared, "declared_bot"),
        (level == 0, "unknown"),
        (automated >= card.verdict["automated"], "automated"),
        (real >= 0.5, "real"),
    ]
    return np.select([c for c, _ in decisions], [CODE[n] for _, n in decisions], CODE["undecided"]).astype(np.int8)


def _share(
    f: Followers, odds: Floats, level: NDArray[np.int8], card: ScoreCard, labelled: Labelled | None
) -> Share | NoShare:
    """The share that is not real, or why there is none; the errors of the flag are those on the labelled followers."""
    population = int(f.standing.sum())
    if not population:
        return NoShare(reason="no followers")
    if labelled is None or not len(labelled.row):
        return NoShare(reason="no labels")
    flag = _real(odds) <= 1 - card.share_threshold
    fake, real = labelled.row[labelled.fake], labelled.row[~labelled.fake]
    counts = {
        "real": len(real),
        "fake": len(fake),
        "real_flagged": int(flag[real].sum()),
        "fake_flagged": int(flag[fake].sum()),
    }
    known = {"known_fake": int(f.standing[fake].sum()), "known_real": int(f.standing[real].sum())}
    looked_at = (level > 0) & (f.sampled != 0) & f.standing
    all_labelled = sum(known.values()) == population
    if min(len(fake), len(real)) < MIN_LABELLED and not all_labelled:
        return NoShare(reason="too few labels", **counts)
    if not looked_at.any() and not all_labelled:
        return NoShare(reason="nothing known", **counts)
    share = adjusted_share(
        int(flag[looked_at].sum()),
        max(int(looked_at.sum()), 1),
        sensitivity=_rate(int(flag[fake].sum()), len(fake)),
        specificity=_rate(int((~flag[real]).sum()), len(real)),
        population=population,
        **known,
    )
    return share if share is not None else NoShare(reason="flags no better than chance", **counts)


def _rate(hits: int, trials: int) -> Rate:
    return Rate(hits / trials if trials else 0.5, trials)
