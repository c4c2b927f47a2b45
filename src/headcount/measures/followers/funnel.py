"""Who are the followers, honestly? Each in exactly one class, with reasons.

The classes, in the order in which they are decided; the first that holds is the follower's:

1. *gone*: the follow was missed since, or the account is deleted or suspended. Whatever they did, they do
   not follow.
2. A label of the user: *auto_follow* or *spam*, whatever else is known.
3. *relationship*: a two-way tie (`ties`). The account itself answered, which is better evidence than any profile.
4. *spam*, on strong evidence only: the same text over and over, with links. Such accounts send it to
   everyone, and so to this account too; it is no answer, and would otherwise be counted as one.
5. *responding*: responded at least once in the window, in words or by a like or repost. Someone who follows
   for numbers and yet responds is responding: a person, or near enough.
6. *spam*, 7. *auto_follow*: by a `FollowerJudge`. It needs behaviour that was seen.
8. *listening*: a sign of life anywhere on the platform within LISTENING_DAYS before the end of the observation.
9. *away*: the last sign of life is known, and older. It says nothing about reading: who reads leaves no trace.
10. *unknown*: no sign of life is known, as with protected accounts, or followers of whom only the name is known.

Where only a uniform sample of the list was looked at, classes 1, 3 and 5 are known of everybody all the same; the
followers who were not drawn and did not respond are *unknown*. How many silent followers there are of each class is
estimated from those drawn, with exact limits for a finite list (`intervals.finite_count`).

Silence, newness, few followers, an empty profile or a foreign script never make anyone spam or auto_follow,
and
nothing unknown counts against anyone: no data is *unknown*, never away.

Sources: the 30 days, 'reachable', docs/methods/funnel.md; classes 6 and 7: `rules`, `model_judge`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats, Followers, Texts
from headcount.measures.follower_list import COMPLETE, FollowerList
from headcount.measures.followers.rules import FollowerJudge, Judgement
from headcount.measures.result import Result
from headcount.measures.statistics.intervals import finite_count
from headcount.support.record import Record
from headcount.support.times import DAY, Time, as_seconds, iso_text

__all__ = ["CLASSES", "SILENT", "ClassEstimate", "Classes", "Funnel", "Sampled", "Verdicts", "funnel"]

CLASSES = ("relationship", "responding", "listening", "away", "auto_follow", "spam", "gone", "unknown")

SILENT = ("listening", "away", "auto_follow", "spam", "unknown")
"""The classes that can only be told by looking at the follower; the others show in what the account itself received."""

LISTENING_DAYS = 30.0
"""A sign of life not older than this makes a silent follower a listener."""

_CODE = {name: code for code, name in enumerate(CLASSES)}


@dataclass(frozen=True, kw_only=True, repr=False)
class Classes(Record):
    """Followers by class; with `gone` they add up to all accounts of the list."""

    relationship: int
    responding: int
    listening: int
    away: int
    auto_follow: int
    spam: int
    gone: int
    unknown: int


@dataclass(frozen=True, kw_only=True, repr=False)
class ClassEstimate(Record):
    """How many followers are of a class, estimated from a sample, and the 95% interval."""

    followers: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, repr=False)
class Sampled(Record):
    """What a uniform sample of the list says of the followers who did not respond.

    Attributes:
        drawn: followers that were looked at; of: followers in the list that stand.
        silent: followers without a relationship or a response; silent_drawn: those of them that were looked at.
        listening, away, auto_follow, spam, unknown: how many of the silent are of each class.
        exact: why the limits of each class are equal (all of the silent were looked at); None where they are not.
    """

    drawn: int
    of: int
    silent: int
    silent_drawn: int
    listening: ClassEstimate
    away: ClassEstimate
    auto_follow: ClassEstimate
    spam: ClassEstimate
    unknown: ClassEstimate
    exact: Literal["all looked at"] | None = None

    def columns(self) -> dict[str, list[Any]]:
        """One row a class of those who did not respond: how many there are, with the interval."""
        estimates = [getattr(self, name) for name in SILENT]
        return {
            "class": list(SILENT),
            "followers": [estimate.followers for estimate in estimates],
            "low": [estimate.low for estimate in estimates],
            "high": [estimate.high for estimate in estimates],
        }


@dataclass(frozen=True, repr=False)
class Verdicts(Record):
    """The class and the reasons of each follower, in the order of `Followers`.

    Attributes:
        label: index into CLASSES.
        reasons: one sentence fragment a follower ("follows 8,412 accounts and is followed by 7,900; bio asks
            for follow-backs"), readable by anyone.
    """

    label: NDArray[np.int8]
    reasons: NDArray[np.object_]

    def columns(self) -> dict[str, list[Any]]:
        """One row a follower: class and reasons."""
        return {"class": [CLASSES[label] for label in self.label], "reasons": self.reasons.tolist()}


@dataclass(frozen=True, kw_only=True, repr=False)
class Funnel(Result):
    """The followers by class.

    Attributes:
        classes: how many of each.
        followers: how many in all (the sum of the classes).
        verdicts: of each follower, in the order handed in.
        method: how auto_follow and spam were told, in a sentence.
        sample: where only a sample was looked at, what it says of all; None where all were.
        too_little: why there is nothing to say; None where there is.
        follower_list: how completely the followers were listed; None where the caller of the measure did not say.
    """

    classes: Classes
    followers: int
    verdicts: Verdicts
    method: str
    too_little: str | None
    sample: Sampled | None = None
    follower_list: FollowerList | None = None

    def columns(self) -> dict[str, list[Any]]:
        """One row a class: followers in it, and their share of all."""
        counts = [getattr(self.classes, name) for name in CLASSES]
        share = [count / self.followers if self.followers else None for count in counts]
        return {"class": list(CLASSES), "followers": counts, "share": share}

    def sentence(self) -> str:
        """The followers by class, largest meaning first."""
        if self.too_little is not None:
            return self.too_little
        parts = [f"{getattr(self.classes, name):,} {_IN_WORDS[name]}" for name in CLASSES]
        shown = [part for part, name in zip(parts, CLASSES, strict=True) if getattr(self.classes, name)]
        return f"Of {(self.follower_list or COMPLETE).all_of(self.followers)}: {', '.join(shown)}."


def funnel(
    followers: Followers,
    *,
    responded: NDArray[np.int64],
    tied: NDArray[np.bool_],
    as_of: Time | float,
    judge: FollowerJudge | None = None,
    standing: NDArray[np.bool_] | None = None,
) -> Funnel:
    """Put every follower into exactly one class.

    Args:
        followers: the columns of each follower.
        responded: (followers,) responses of each to the account in the window.
        tied: (followers,) is there a two-way tie (from `ties`)?
        as_of: end of the observation: a time (see `headcount.support.times`) or seconds since 1970.
        judge: who tells auto_follow and spam; without it the score card together with the published rules.
        standing: (followers,) who follows at the end of the observation; without it all but those missed by `as_of`,
            deleted or suspended.

    Raises:
        ValueError: the arrays are not of one length.
    """
    if not len(responded) == len(tied) == len(followers):
        raise ValueError(f"{len(followers)} followers, {len(responded)} responded, {len(tied)} tied: not of one length")
    end = as_seconds(as_of)
    if judge is None:
        from headcount.measures.followers.model_judge import ModelJudge

        judge = ModelJudge()
    judged = judge.judge(followers, as_of=end)
    by_user = np.zeros(len(followers), dtype=bool) if judged.by_user is None else judged.by_user
    by_user = by_user & (judged.auto_follow | judged.spam)
    if standing is None:
        with np.errstate(invalid="ignore"):
            standing = ~(followers.gone_at <= end) & (followers.removed != 1)
    label = _labels(followers, standing, responded > 0, tied, judged, by_user, end)
    silent = np.isin(label, [_CODE[name] for name in SILENT])
    passed_over = (followers.sampled == 0) & silent & (responded == 0) & ~by_user
    label[passed_over] = _CODE["unknown"]
    reasons = _reasons(followers, label, responded, judged, end)
    reasons[passed_over] = "not in the sample"
    counts = np.bincount(label, minlength=len(CLASSES))
    return Funnel(
        as_of=iso_text(end),
        classes=Classes(**{name: int(counts[code]) for name, code in _CODE.items()}),
        followers=len(followers),
        verdicts=Verdicts(label, reasons),
        method=judge.method,
        too_little=None if len(followers) else "No follower list is available, so followers cannot be classified.",
        sample=_sampled(followers, label, passed_over),
    )


def _sampled(followers: Followers, label: NDArray[np.int8], passed_over: NDArray[np.bool_]) -> Sampled | None:
    """The silent followers by class, from those of them that were drawn; None where none of them was.

    Those whose class is known though they were not drawn (labelled by the user, say) are counted; only the rest is
    estimated.
    """
    stands = label != _CODE["gone"]
    drawn = (followers.sampled == 1) & stands
    if not drawn.any() or not (followers.sampled == 0).any():
        return None
    silent = np.isin(label, [_CODE[name] for name in SILENT])
    known = silent & ~drawn & ~passed_over
    seen, population = label[silent & drawn], int((silent & ~known).sum())
    if not len(seen):
        return None
    estimates = {}
    for name in SILENT:
        counted, found = int((label[known] == _CODE[name]).sum()), int((seen == _CODE[name]).sum())
        low, high = finite_count(found, len(seen), population)
        share = found / len(seen)
        estimates[name] = ClassEstimate(
            followers=counted + share * population, low=float(counted + low), high=float(counted + high)
        )
    return Sampled(
        drawn=int(drawn.sum()),
        of=int(stands.sum()),
        silent=int(silent.sum()),
        silent_drawn=len(seen),
        exact="all looked at" if len(seen) == population else None,
        **estimates,
    )


_IN_WORDS = {
    "relationship": "in a two-way relationship",
    "responding": "responding",
    "listening": "listening",
    "away": "away",
    "auto_follow": "mass followers",
    "spam": "spam",
    "gone": "gone",
    "unknown": "unknown",
}


def _labels(
    followers: Followers,
    standing: NDArray[np.bool_],
    responded: NDArray[np.bool_],
    tied: NDArray[np.bool_],
    judged: Judgement,
    by_user: NDArray[np.bool_],
    as_of: float,
) -> NDArray[np.int8]:
    """The class of each follower: the first condition that holds, in the order of the module's text."""
    silent = _days_silent(followers, as_of)
    with np.errstate(invalid="ignore"):
        decisions = [
            (~standing, "gone"),
            (by_user & judged.spam, "spam"),
            (by_user & judged.auto_follow, "auto_follow"),
            (tied, "relationship"),
            (judged.spam & judged.strong, "spam"),
            (responded, "responding"),
            (judged.spam, "spam"),
            (judged.auto_follow, "auto_follow"),
            (silent <= LISTENING_DAYS, "listening"),
            (silent > LISTENING_DAYS, "away"),
        ]
    codes = [np.int8(_CODE[name]) for _, name in decisions]
    return np.select([condition for condition, _ in decisions], codes, np.int8(_CODE["unknown"])).astype(np.int8)


def _days_silent(followers: Followers, as_of: float) -> Floats:
    """Days since the last sign of life; NaN where none is known."""
    days: Floats = np.maximum((as_of - np.fmax(followers.last_seen, followers.last_post_at)) / DAY, 0.0)
    return days


def _reasons(
    followers: Followers,
    label: NDArray[np.int8],
    responded: NDArray[np.int64],
    judged: Judgement,
    as_of: float,
) -> Texts:
    """A fragment for each follower. Sentences are made once for each distinct figure, not for each
    follower.
    """
    reasons = np.full(len(label), None, dtype=object)
    silent = np.floor(_days_silent(followers, as_of))

    def fill(name: str, figure: NDArray[Any], sentence: Any) -> None:
        rows = np.flatnonzero(label == _CODE[name])
        values, which = np.unique(figure[rows], return_inverse=True)
        reasons[rows] = np.array([sentence(value) for value in values], dtype=object)[which]

    fill("gone", _gone_code(followers), _tell_gone)
    fill("relationship", responded, _tell_relationship)
    fill("responding", responded, _tell_responding)
    fill("listening", silent, _tell_listening)
    fill("away", silent, _tell_away)
    fill("unknown", np.where(followers.protected == 1, 1, 0), _tell_unknown)
    for name in ("spam", "auto_follow"):
        rows = np.flatnonzero(label == _CODE[name])
        reasons[rows] = judged.reasons[rows]
    rows = np.flatnonzero(np.isin(label, [_CODE["spam"], _CODE["auto_follow"]]) & (responded > 0))
    reasons[rows] = [f"{_tell_responding(responded[row])}, but {reasons[row]}" for row in rows]
    return reasons


def _gone_code(followers: Followers) -> Floats:
    """The day of the first missing; -1 where there is none, as the account itself was removed."""
    missed = np.isfinite(followers.gone_at)
    return np.where(missed, np.floor(np.nan_to_num(followers.gone_at) / DAY), -1.0)


def _tell_gone(day: float) -> str:
    if day < 0:
        return "the account was deleted or suspended"
    return f"no longer in the list since {datetime.fromtimestamp(day * DAY, UTC):%Y-%m-%d}"


def _tell_relationship(responses: int) -> str:
    told = "replied to each other"
    return told if responses == 0 else f"{told}; {_tell_responding(responses)}"


def _tell_responding(responses: int) -> str:
    return f"responded {_times(responses)} in the window"


def _tell_listening(days: float) -> str:
    return f"last seen {_ago(days)}; did not respond in the window"


def _tell_away(days: float) -> str:
    return f"no public activity for {_days(days)}; may still read"


def _tell_unknown(protected: int) -> str:
    if protected:
        return "protected account: its activity is not visible"
    return "no activity is known, which is not evidence either way"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(int(number), f"{number:,} times")


def _days(days: float) -> str:
    if days < 60:
        return f"{days:.0f} days"
    return f"{days / 30.44:.0f} months" if days < 730 else f"{days / 365.25:.0f} years"


def _ago(days: float) -> str:
    return {0: "today", 1: "yesterday"}.get(int(days), f"{days:.0f} days ago")
