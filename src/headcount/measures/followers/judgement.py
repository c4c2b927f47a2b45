"""The words and classes of a verdict on one follower, and why no share of real followers is given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats, Followers, Integers
from headcount.measures.followers.scorecard import ScoreCard
from headcount.support.record import Record

__all__ = ["CLASSES", "CODE", "Labelled", "NoShare", "Reason"]

MAX_TOGETHER = 4.0
"""Most points for having arrived together with others."""
MIN_LABELLED = 10
"""Labelled real and labelled fake followers, of each, without which no share of the audience is given."""


CLASSES = ("unknown", "undecided", "real", "bought", "automated", "declared_bot", "auto_follow", "spam_bot")
CODE = {name: np.int8(code) for code, name in enumerate(CLASSES)}

_VERDICTS = {
    "unknown": "Unknown: nothing was observed.",
    "undecided": "Undecided: the evidence is not sufficient.",
    "real": "Classified as real.",
    "bought": "Looks bought, based on its profile and its position in the list.",
    "automated": "Looks automated.",
    "declared_bot": "Declares itself automated.",
    "auto_follow": "Auto-follow: ",
    "spam_bot": "Spam: ",
}
_NO_PROBABILITY = "The score card does not cover this class, so there is no probability of a real account."
_IN_WORDS = {"bought": "a bought follower", "automated": "an automated account"}


@dataclass(frozen=True, repr=False)
class Labelled(Record):
    """What the user says of some followers: the row of each, whether it is fake (not a person), and the
    label itself.
    """

    row: Integers
    fake: NDArray[np.bool_]
    said: tuple[str, ...] = ()

    def columns(self) -> dict[str, list[Any]]:
        """One row a label."""
        said: list[str | None] = [*self.said] or [None] * len(self.row)
        return {"row": self.row.tolist(), "fake": self.fake.tolist(), "said": said}


@dataclass(frozen=True, kw_only=True, repr=False)
class NoShare(Record):
    """Why there is no share of real followers, with the counts behind the reason.

    Attributes:
        reason: no followers: none is on the list; no labels: the user labelled no follower; too few labels: fewer than
            MIN_LABELLED real or fake ones; nothing known: there is no profile of any follower; flags no better than
            chance: on the labelled followers the card flags real ones about as often as fake ones.
        real, fake: labelled followers; real_flagged, fake_flagged: those of them that the card flags.
    """

    reason: Literal["no followers", "no labels", "too few labels", "nothing known", "flags no better than chance"]
    real: int = 0
    fake: int = 0
    real_flagged: int = 0
    fake_flagged: int = 0

    def summary(self) -> str:
        """The reason in a sentence."""
        return self.sentence()

    def sentence(self) -> str:
        """The reason, and what to do about it."""
        if self.reason == "no followers":
            return "There is no share of real followers: no follower is on the list."
        if self.reason == "nothing known":
            return "There is no share of real followers: only the names of the followers are known."
        if self.reason == "flags no better than chance":
            return (
                "There is no share of real followers: on your labels the model is no better than chance "
                f"(it flags {self.fake_flagged:,} of {self.fake:,} fake and {self.real_flagged:,} of {self.real:,} "
                "real ones). Label more randomly drawn followers: headcount authenticity --draw 50."
            )
        return (
            f"A share of real followers needs {MIN_LABELLED} real and {MIN_LABELLED} fake ones labelled, drawn at "
            f"random; there are {self.real:,} and {self.fake:,}."
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class Reason(Record):
    """One contribution to an account's score.

    Attributes:
        sentence: what is seen, with the account's figures.
        points: log odds that it adds to the class in question; below 0 it speaks for a real account.
    """

    sentence: str
    points: float


def _order(f: Followers) -> Floats:
    """Anything that grows with the time of the follow: that time itself, else the place in the list, newest first."""
    return f.followed_at if not np.isnan(f.followed_at).all() else -f.position


def _odds_of_block(chance: float, card: ScoreCard) -> float:
    """Points for a follower that is part of a block with this chance: its odds against those taken before."""
    odds = np.log(chance / (1 - chance)) if chance < 1 else np.inf
    return float(np.clip(odds - np.log(card.prior["bought"] / (1 - card.prior["bought"])), 0.0, MAX_TOGETHER))
