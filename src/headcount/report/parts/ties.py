"""Two-way ties for the report: those with most exchange, by name."""

from __future__ import annotations

from dataclasses import fields

from headcount.analysis import Analysis
from headcount.measures.relationships.ties import Ties
from headcount.report.relations import TiePart, TiesPart
from headcount.support.times import iso_text

__all__ = ["ties_part"]

TOP = 100


def ties_part(measured: Analysis) -> TiesPart:
    """The part of the report; the account's own columns name the people.

    Args:
        measured: the account's measures, of which only the ties are asked for.
    """
    result: Ties = measured.ties
    same = {name.name: getattr(result, name.name) for name in fields(TiesPart) if name.name != "top"}
    top = []
    for tie in result.top[:TOP]:
        account_id, handle, display_name = measured.view.names(tie.person)
        top.append(
            TiePart(
                account_id=account_id,
                handle=handle,
                display_name=display_name,
                sent=tie.sent,
                received=tie.received,
                strength=tie.strength,
                balance=tie.balance,
                last=iso_text(tie.last),
                state=tie.state,
                layer=tie.layer,
                follows=tie.follows,
            )
        )
    return TiesPart(top=top, **same)
