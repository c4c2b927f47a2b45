"""How the verdicts on followers are made, for the report: the model, its errors, the share of real followers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from headcount import wording as say
from headcount.measures.followers.judgement import MIN_LABELLED, NoShare
from headcount.measures.followers.recalibration import LocalError, local_error
from headcount.measures.followers.scorecard import shipped_card
from headcount.measures.list_sentences import follower_list_sentence
from headcount.measures.statistics.intervals import wilson
from headcount.measures.statistics.quantification import followers_to_sample
from headcount.report import anonymous_rules as rule
from headcount.report.section import Section
from headcount.support.record import Record

if TYPE_CHECKING:
    from headcount.analysis import Analysis
    from headcount.measures.followers.authenticity import Authenticity
    from headcount.measures.followers.judgement import Labelled
    from headcount.measures.followers.scorecard import ScoreCard

__all__ = ["MODEL_CARD", "AuthenticityPart", "SetErrors"]

MODEL_CARD = "docs/model-card.md"
MARGIN = 0.02


@dataclass(frozen=True, kw_only=True, repr=False)
class SetErrors(Record):
    """How the model judged a set of labelled accounts that it had not seen, at a threshold chosen without the set.

    Attributes:
        name, about: the set; labels: what its accounts are that are not real.
        real, other: accounts of both kinds.
        auc: chance that one of the others is placed above a real one.
        accused: real accounts called bought or automated; accused_low, accused_high: 95% interval of their share.
        found: others called so; found_low, found_high: 95% interval of their share.
        verified, verified_accused: verified people among the real, and those of them called so.
    """

    name: str
    about: str
    labels: str
    real: int
    other: int
    auc: float
    accused: int
    accused_low: float
    accused_high: float
    found: int
    found_low: float
    found_high: float
    verified: int
    verified_accused: int

    def summary(self) -> str:
        """How often real accounts are accused, and how often others are found."""
        limits = say.share_interval(self.accused_low, self.accused_high)
        found = f"{self.found:,} of {self.other:,} others found"
        return f"{self.name}: {self.accused:,} of {self.real:,} real accused ({limits}), {found}"


@dataclass(frozen=True, kw_only=True, repr=False)
class AuthenticityPart(Section):
    """How the verdicts on followers are made, how often they err, and the share of real followers.

    Attributes:
        model: version of the score card; accounts_of: first and last year of the accounts it was made from.
        sets: its errors by set; known_failures: in sentences; model_card: where all of it stands.
        labels: followers that the user labelled; local_error: how often the corrected model errs on them.
        real_low, real_high: share of the standing followers that are real (95%); null where there is none.
        no_share: why there is no share (`measures.followers.judgement.NoShare`); null where there is one, or no list.
        exact: why the share has no width (all are labelled); null where it has one.
        to_look_at: followers to draw, uniformly over the list, for plus or minus 2 points; null where even all
            are not enough, or there is no list.
        sentence: the share, or why there is none and how to get it.
        made_by: the model and its errors over all sets.
    """

    title: ClassVar[str] = "How followers are classified"
    anonymous: ClassVar[rule.Rules] = {
        "as_of": rule.day,
        **rule.kept("model", "accounts_of", "known_failures", "model_card", "made_by"),  # the shipped score card's
        **rule.counts("labels", "to_look_at"),
        **rule.records("sets", "local_error", "no_share"),
        **rule.interval("real_low", "real_high", share=True),
        **rule.kept("exact"),
        **rule.sentences("sentence"),
    }
    anonymous_records: ClassVar[Mapping[type, rule.Rules]] = {
        SetErrors: rule.kept(*(field.name for field in fields(SetErrors))),  # the shipped score card's
        LocalError: {
            **rule.counts("wrong", "labels", "real_called_fake", "fake_called_real"),
            **rule.interval("low", "high", share=True),
        },
        NoShare: {**rule.kept("reason"), **rule.counts("real", "fake", "real_flagged", "fake_flagged")},
    }

    model: str
    accounts_of: list[int]
    sets: list[SetErrors]
    known_failures: list[str]
    model_card: str
    labels: int
    local_error: LocalError | None
    real_low: float | None
    real_high: float | None
    no_share: NoShare | None = None
    exact: Literal["all labelled"] | None = None
    to_look_at: int | None
    sentence: str
    made_by: str

    @classmethod
    def from_analysis(cls, measured: Analysis) -> Self:
        """The part of the report; where there is no list of followers, `sentence` gives the reason."""
        listed = measured.listed
        part = cls.from_judgement(measured.authenticity, measured.labelled, listed)
        return part if listed is not None else replace(part, sentence=follower_list_sentence(measured.follower_list))

    @classmethod
    def from_judgement(cls, found: Authenticity | None, labelled: Labelled | None, listed: int | None) -> Self:
        """The part of the report from one judgement of followers.

        Args:
            found: the judgement of the followers; None where there is no list of them.
            labelled: what the user says of some of them.
            listed: how many stand.
        """
        card = found.card if found is not None else shipped_card()
        share = found.share if found is not None else None
        sets = [_set_errors(name, figures) for name, figures in _training(card, "sets").items()]
        to_look_at = followers_to_sample(listed, margin=MARGIN) if listed else None
        return cls(
            model=card.version,
            accounts_of=list(_training(card, "accounts_of")),
            sets=sets,
            known_failures=list(_training(card, "known_failures")),
            model_card=MODEL_CARD,
            labels=len(labelled.said) if labelled is not None else 0,
            local_error=None
            if found is None or labelled is None
            else local_error(found.log_odds[labelled.row], labelled.said),
            real_low=None if share is None else 1 - share.high,
            real_high=None if share is None else 1 - share.low,
            no_share=None if found is None else found.no_share,
            exact=None if share is None else share.exact,
            to_look_at=to_look_at,
            sentence=_sentence(found, labelled, listed, to_look_at),
            made_by=_made_by(card, sets),
        )

    def columns(self) -> dict[str, list[Any]]:
        """One row a set of labelled accounts that the model was tested on: its errors there."""
        names = [field.name for field in fields(SetErrors)]
        return {name: [getattr(one, name) for one in self.sets] for name in names}

    def finding(self) -> str:
        """The share of real followers, or why there is none."""
        return self.sentence


def _training(card: ScoreCard, name: str) -> Any:
    return card.training[name]


def _set_errors(name: str, figures: dict[str, Any]) -> SetErrors:
    accused_low, accused_high = wilson(figures["real_accused"], figures["real"])
    found_low, found_high = wilson(figures["other_found"], figures["other"])
    return SetErrors(
        name=name,
        about=figures["about"],
        labels=figures["labels"],
        real=figures["real"],
        other=figures["other"],
        auc=figures["auc_when_left_out"],
        accused=figures["real_accused"],
        accused_low=accused_low,
        accused_high=accused_high,
        found=figures["other_found"],
        found_low=found_low,
        found_high=found_high,
        verified=figures["verified"],
        verified_accused=figures["verified_accused"],
    )


def _made_by(card: ScoreCard, sets: list[SetErrors]) -> str:
    real, accused = sum(s.real for s in sets), sum(s.accused for s in sets)
    found = [s.found / s.other for s in sets]
    first, last = _training(card, "accounts_of")
    return (
        f"Score card {card.version}, fitted on {say.count(real + sum(s.other for s in sets))} labelled accounts of "
        f"{first} to {last}. On held-out data sets it wrongly flags "
        f"{say.count(accused)} of {say.count(real)} real accounts ({say.share_interval(*wilson(accused, real))}) and "
        f"detects {say.share(min(found))} to {say.share(max(found))} of the fake ones, depending on the data set."
    )


def _sentence(found: Authenticity | None, labelled: Labelled | None, listed: int | None, to_look_at: int | None) -> str:
    if found is None or not listed:
        return found.sentence() if found is not None else "No follower list is available, so no follower is classified."
    if found.no_share is None or found.no_share.reason not in ("no labels", "too few labels"):
        return found.sentence()
    from headcount.store.labels import fake_and_real

    fake, real = fake_and_real(labelled)
    need = f"{MIN_LABELLED} real and {MIN_LABELLED} fake followers"
    so_far = f" (so far {real} and {fake})" if labelled is not None else ""
    text = (
        "The share of real followers is unknown: profiles cannot separate silent readers from bought "
        f"followers. Label at least {need}{so_far}, drawn evenly from the list "
        "(headcount authenticity --draw 50, then headcount label), to get the share with its interval."
    )
    if to_look_at is not None:
        text += f" For plus or minus 2 points, {say.count(to_look_at)} of {say.count(listed)} must be labelled."
    return text
