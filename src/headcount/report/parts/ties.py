"""Two-way ties for the report: those with most exchange, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from headcount import wording as say
from headcount.measures.follower_list import FollowerList
from headcount.measures.relationships.ties import Layer
from headcount.report import anonymous_rules as rule
from headcount.report.section import Section
from headcount.support.record import Record
from headcount.support.times import iso_text

if TYPE_CHECKING:
    from headcount.analysis import Analysis

__all__ = ["TiePart", "TiesPart"]

TOP = 100


@dataclass(frozen=True, kw_only=True, repr=False)
class TiePart(Record):
    """One two-way tie; account_id, handle and display_name are null where the account asked not to be named."""

    account_id: str | None
    handle: str | None
    display_name: str | None
    sent: int
    received: int
    strength: float
    balance: float
    last: str | None
    state: Literal["new", "steady", "fading"]
    layer: int | None
    follows: bool | None


@dataclass(frozen=True, kw_only=True, repr=False)
class TiesPart(Section):
    """Two-way ties: `headcount.measures.relationships.ties.Ties` defines each figure; top holds at most 100.

    Attributes:
        follower_list: the list of followers behind `count` and `known_share`.
    """

    title: ClassVar[str] = "Strongest two-way ties"
    anonymous: ClassVar[rule.Rules] = {
        "as_of": rule.day,
        **rule.kept("window_days"),
        **rule.counts("count", "count_others", "written_to", "heard_from", "new", "fading"),
        **rule.shares("reciprocity", "known_share"),
        **rule.interval("reciprocity_low", "reciprocity_high", share=True),
        **rule.interval("known_low", "known_high", share=True),
        **rule.records("layers", "top", "follower_list"),
        **rule.sentences("layers_note", "too_little"),
    }
    anonymous_records: ClassVar[Mapping[type, rule.Rules]] = {
        Layer: {**rule.kept("layer"), **rule.counts("size"), **rule.figures("contacts_a_month")},
        TiePart: {
            **rule.dropped("account_id", "handle", "display_name"),
            **rule.counts("sent", "received"),
            **rule.figures("strength", "balance"),
            "last": rule.month,
            **rule.kept("state", "layer", "follows"),
        },
    }

    window_days: float
    count: int | None
    count_others: int | None
    written_to: int | None
    heard_from: int | None
    reciprocity: float | None
    reciprocity_low: float | None
    reciprocity_high: float | None
    known_share: float | None
    known_low: float | None
    known_high: float | None
    new: int
    fading: int
    layers: list[Layer]
    layers_note: str | None
    top: list[TiePart]
    too_little: str | None
    follower_list: FollowerList | None = None

    @classmethod
    def from_analysis(cls, measured: Analysis) -> Self:
        """The part of the report; the account's own columns name the people.

        Args:
            measured: the account's measures, of which only the ties are computed.
        """
        result = measured.ties
        same = {field.name: getattr(result, field.name) for field in fields(cls) if field.name != "top"}
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
        return cls(top=top, **same)

    def columns(self) -> dict[str, list[Any]]:
        """One row a tie, strongest first."""
        return {field.name: [getattr(tie, field.name) for tie in self.top] for field in fields(TiePart)}

    def finding(self) -> str:
        """How many two-way ties there are, and what share of the followers that is."""
        if self.count is None:
            return self.too_little or "two-way ties unknown"
        text = f"{self.count:,} two-way {'tie' if self.count == 1 else 'ties'}"
        if self.known_share is None or self.known_low is None or self.known_high is None:
            return text
        limits = say.share_interval(self.known_low, self.known_high)
        return f"{text}, {say.share(self.known_share)} ({limits}) of the followers"
