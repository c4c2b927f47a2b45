"""How the verdicts on followers are made, for the report: the model, its errors, the share of real followers."""

from __future__ import annotations

from typing import Any

from headcount import wording as say
from headcount.measures.followers.authenticity import Authenticity
from headcount.measures.followers.judgement import MIN_LABELLED, Labelled
from headcount.measures.followers.recalibration import local_error
from headcount.measures.followers.scorecard import ScoreCard, shipped_card
from headcount.measures.statistics.intervals import wilson
from headcount.measures.statistics.quantification import followers_to_sample
from headcount.report.model import AuthenticityPart, SetErrors
from headcount.store.labels import fake_and_real

__all__ = ["MODEL_CARD", "authenticity_part"]

MODEL_CARD = "docs/model-card.md"
MARGIN = 0.02


def authenticity_part(found: Authenticity | None, labelled: Labelled | None, listed: int | None) -> AuthenticityPart:
    """The part of the report.

    Args:
        found: the judgement of the followers; None where there is no list of them.
        labelled: what the user says of some of them.
        listed: how many stand.
    """
    card = found.card if found is not None else shipped_card()
    share = found.share if found is not None else None
    sets = [_set_errors(name, figures) for name, figures in _training(card, "sets").items()]
    to_look_at = followers_to_sample(listed, margin=MARGIN) if listed else None
    return AuthenticityPart(
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
