"""Followers by class, for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from headcount.measures.followers.funnel import CLASSES, Classes, ClassEstimate, Sampled
from headcount.report import anonymous_rules as rule
from headcount.report.section import Section

if TYPE_CHECKING:
    from headcount.analysis import Analysis

__all__ = ["FunnelPart"]


@dataclass(frozen=True, kw_only=True, repr=False)
class FunnelPart(Section):
    """Followers by class (each in exactly one), and how the classes were decided.

    Where only a uniform sample of the list was looked at, those who were not and did not respond are `unknown` in
    `classes`, and `sample` holds the estimates for all; it is null where everybody was looked at.
    `classes` add up to `followers`, which holds those gone too; without them it is `listed` of the part `followers`.
    `classes` and `followers` are null where there is no list of followers: how many are of a class is then unknown.
    """

    anonymous: ClassVar[rule.Rules] = {
        "as_of": rule.day,
        **rule.records("classes", "sample"),
        **rule.counts("followers"),
        **rule.sentences("method", "too_little"),
    }
    anonymous_records: ClassVar[Mapping[type, rule.Rules]] = {
        Classes: rule.counts(*CLASSES),
        Sampled: {
            **rule.counts("drawn", "of", "silent", "silent_drawn"),
            **rule.records("listening", "away", "auto_follow", "spam", "unknown"),
            **rule.kept("exact"),
        },
        ClassEstimate: {**rule.counts("followers"), **rule.interval("low", "high")},
    }

    classes: Classes | None
    followers: int | None
    method: str
    too_little: str | None
    sample: Sampled | None = None

    @classmethod
    def from_analysis(cls, measured: Analysis) -> Self:
        """The part of the report, without counts where there is no list of followers."""
        result = measured.funnel
        has_list = measured.view.followers is not None
        return cls(
            classes=result.classes if has_list else None,
            followers=result.followers if has_list else None,
            method=result.method,
            too_little=result.too_little,
            sample=result.sample,
        )

    def columns(self) -> dict[str, list[Any]]:
        """One row a class: followers in it, and their share of all."""
        counts = [None if self.classes is None else getattr(self.classes, name) for name in CLASSES]
        share = [count / self.followers if count is not None and self.followers else None for count in counts]
        return {"class": list(CLASSES), "followers": counts, "share": share}

    def finding(self) -> str:
        """The followers by class."""
        if self.classes is None:
            return self.too_little or "followers unknown"
        counts = ((name, getattr(self.classes, name)) for name in CLASSES)
        shown = ", ".join(f"{count:,} {name}" for name, count in counts if count)
        return shown or "no followers"
