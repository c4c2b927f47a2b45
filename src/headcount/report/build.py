"""Puts one `Report` together from the measures. Computes nothing that a measure defines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from headcount import __version__
from headcount.analysis import Analysis
from headcount.measures.result import Result
from headcount.report.anonymous import NOTE, anonymised_parts, nameless
from headcount.report.data import sections
from headcount.report.followers import follower_rows
from headcount.report.model import SCHEMA, AccountPart, Beside, Part
from headcount.report.parts.coverage import followers_part, list_parts, response_kinds_sentence
from headcount.report.parts.findings import findings, notes
from headcount.report.report import Report
from headcount.report.rounding import blurred, rough
from headcount.support.times import iso_text

__all__ = ["ROWS_LIMIT", "build_report"]

ROWS_LIMIT = 10_000


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
    kinds = response_kinds_sentence(view)
    parts: dict[str, Any] = {
        "account": _account_part(measured),
        "followers": followers_part(view, measured.listed),
        "lists": list_parts(view, measured.listed),
        "audience": measured.audience,
        "question": measured.question,
        "beside": [_beside(other) for other in beside],
        **{name: section.from_analysis(measured) for name, section in sections().items()},
    }
    parts |= {name: _as_of(part, parts["account"].as_of) for name, part in parts.items()}
    if anonymous:  # before the sentences are made, so that they hold the same numbers
        parts, kinds = anonymised_parts(parts), None if kinds is None else blurred(kinds)
    report = Report(
        schema=SCHEMA,
        headcount_version=__version__,
        findings=[],
        notes=[],
        rows=follower_rows(measured, limit=rows_limit, anonymous=anonymous),
        rows_total=int(rough(measured.funnel.followers)) if anonymous else measured.funnel.followers,
        responses_note=kinds,
        **parts,
    )
    said, remarked = findings(report), notes(view, report)
    if anonymous:
        said, remarked = [blurred(text) for text in said], [NOTE, *(blurred(text) for text in remarked)]
        if left_out:
            remarked.append("Source notes are omitted because they may name accounts and servers.")
    return replace(report, findings=said, notes=remarked)


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
