"""Puts one `Report` together from the measures. Computes nothing that a measure defines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from headcount import __version__
from headcount.analysis import Analysis
from headcount.measures.followers.funnel import CLASSES
from headcount.measures.list_sentences import follower_list_sentence
from headcount.measures.result import Result
from headcount.measures.statistics.sample_size import MIN_ARRIVALS
from headcount.report.anonymous import NOTE, anonymised_parts, nameless
from headcount.report.followers import follower_rows
from headcount.report.model import SCHEMA, AccountPart, ArrivalPart, Beside, FunnelPart, Part
from headcount.report.parts.authenticity import authenticity_part
from headcount.report.parts.coverage import followers_part, list_parts, response_kinds_sentence
from headcount.report.parts.findings import findings, notes
from headcount.report.parts.rings import rings_part
from headcount.report.parts.ties import ties_part
from headcount.report.report import Report
from headcount.report.rounding import blurred, rough
from headcount.support.times import iso_text

__all__ = ["ROWS_LIMIT", "build_report"]

ROWS_LIMIT = 10_000
_ARRIVAL_POINTS = 2_000


def build_report(
    measured: Analysis,
    *,
    beside: Sequence[Analysis] = (),
    anonymous: bool = False,
    rows_limit: int = ROWS_LIMIT,
) -> Report:
    """The whole answer for one account.

    Args:
        measured: the account's measures.
        beside: other accounts to compare with.
        anonymous: leave out every name.
        rows_limit: how many followers to list at most.
    """
    left_out = len(measured.view.remarks)
    measured = measured.restated(nameless(measured.view)) if anonymous else measured
    view = measured.view
    followers = followers_part(view, measured.listed)
    unlisted = follower_list_sentence(measured.follower_list) if measured.listed is None else None
    authenticity_of = authenticity_part(measured.authenticity, measured.labelled, measured.listed)
    rings = rings_part(measured.rings, view, measured.follower_list)
    kinds = response_kinds_sentence(view)
    parts: dict[str, Any] = {
        "account": _account_part(measured),
        "followers": followers,
        "lists": list_parts(view, measured.listed),
        "audience": measured.audience,
        "question": measured.question,
        "funnel": FunnelPart(
            classes=measured.funnel.classes if view.followers is not None else None,
            followers=measured.funnel.followers if view.followers is not None else None,
            method=measured.funnel.method,
            too_little=measured.funnel.too_little,
            sample=measured.funnel.sample,
        ),
        "authenticity": authenticity_of if unlisted is None else replace(authenticity_of, sentence=unlisted),
        "rings": rings if unlisted is None else replace(rings, too_little=unlisted),
        "ties": ties_part(measured),
        "arrival": _arrival_part(measured),
        "beside": [_beside(other) for other in beside],
    }
    parts |= {name: _as_of(part, parts["account"].as_of) for name, part in parts.items()}
    if anonymous:  # before the sentences are made, so that they hold the same numbers
        parts, kinds = anonymised_parts(parts), None if kinds is None else blurred(kinds)
    said, remarked = findings(**parts, kinds=kinds), notes(view, **parts)
    if anonymous:
        said, remarked = [blurred(text) for text in said], [NOTE, *(blurred(text) for text in remarked)]
        if left_out:
            remarked.append("Source notes are omitted because they may name accounts and servers.")
    return Report(
        schema=SCHEMA,
        headcount_version=__version__,
        findings=said,
        notes=remarked,
        rows=follower_rows(measured, limit=rows_limit, anonymous=anonymous),
        rows_total=int(rough(measured.funnel.followers)) if anonymous else measured.funnel.followers,
        responses_note=kinds,
        **parts,
    )


def _as_of(part: Any, end: str | None) -> Any:
    """A section with the date of the observation; anything that has none is given back."""
    return replace(part, as_of=end) if isinstance(part, Part | Result) else part


def _account_part(measured: Analysis) -> AccountPart:
    view, facts = measured.view, measured.view.facts
    first = float(np.nanmin(view.posts.created_at)) if np.isfinite(view.posts.created_at).any() else None
    return AccountPart(
        account_id=facts.account_id,
        handle=facts.handle,
        display_name=facts.display_name,
        platform=facts.platform,
        created_at=iso_text(facts.created_at),
        as_of=iso_text(view.as_of) or "",
        as_of_basis=view.as_of_basis,
        window_days=view.window_days,
        posts_in_window=None if measured.posts_unknown else len(view.posts),
        first_post_at=iso_text(first),
        status=facts.status,
        private_responses=view.private_responses,
    )


def _arrival_part(measured: Analysis) -> ArrivalPart:
    columns = measured.view.followers
    empty = ArrivalPart(order=[], created_at=[], label=[], followers=0, known=0, too_little=None)
    if columns is None or not len(columns):
        return replace(empty, too_little=follower_list_sentence(measured.follower_list))
    ordered = np.isfinite(columns.followed_at) | np.isfinite(columns.followed_after) | np.isfinite(columns.position)
    known = np.flatnonzero(ordered & np.isfinite(columns.created_at))
    if len(known) < MIN_ARRIVALS:
        reason = (
            f"The order of following and the account's age are both known for {len(known):,} of "
            f"{measured.follower_list.all_of(len(columns))}, including former followers; "
            f"the chart needs {MIN_ARRIVALS}."
        )
        return replace(empty, followers=len(columns), known=len(known), too_little=reason)
    step = np.unique(np.linspace(0, len(known) - 1, min(_ARRIVAL_POINTS, len(known))).astype(np.int64))
    points = known[step]
    labels = measured.funnel.verdicts.label[points]
    return ArrivalPart(
        order=points.tolist(),
        created_at=[iso_text(seconds) or "" for seconds in columns.created_at[points]],
        label=[CLASSES[label] for label in labels],
        followers=len(columns),
        known=len(known),
        too_little=None,
    )


def _beside(other: Analysis) -> Beside:
    return Beside(
        account_id=other.view.facts.account_id,
        handle=other.view.facts.handle,
        followers=other.listed,
        follower_list=other.follower_list,
        headcount=other.audience.headcount,
        low=other.audience.low,
        high=other.audience.high,
        exact=other.audience.exact,
        as_of=iso_text(other.view.as_of),
    )
