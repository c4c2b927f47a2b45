"""Age of the followers' accounts against the order of following, for the report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from headcount.measures.list_sentences import follower_list_sentence
from headcount.measures.statistics.sample_size import MIN_ARRIVALS
from headcount.report import anonymous_rules as rule
from headcount.report.rounding import rough, rough_rows
from headcount.report.section import Section
from headcount.support.times import iso_text

if TYPE_CHECKING:
    from headcount.analysis import Analysis

__all__ = ["ArrivalPart"]

POINTS = 2_000


def _chosen(part: ArrivalPart) -> list[int]:
    """Numbers of the points that stay in an anonymous report: as many as the rounded number allows."""
    import numpy as np

    places = np.linspace(0, len(part.order) - 1, rough_rows(len(part.order))).round()
    return [int(place) for place in np.unique(places)]


def _even_order(_: Any, part: ArrivalPart) -> list[int]:
    """Places spread evenly over the rounded length of the list."""
    import numpy as np

    last = max(int(rough(part.followers)) - 1, 0)
    return [int(place) for place in np.linspace(0, last, len(_chosen(part))).round()]


def _chosen_months(times: list[str], part: ArrivalPart) -> list[str]:
    return [times[place][:7] for place in _chosen(part)]


def _chosen_labels(labels: list[str], part: ArrivalPart) -> list[str]:
    return [labels[place] for place in _chosen(part)]


@dataclass(frozen=True, kw_only=True, repr=False)
class ArrivalPart(Section):
    """Age of the followers' accounts against the order of following, evenly drawn over the list (at most 2,000).

    Attributes:
        order: place in the order of following, 0 = first who followed.
        created_at: when that follower's account was made.
        label: that follower's class.
        followers: how many the list holds, those who left included; known: those with a creation date and a place.
        too_little: why there is no picture; null where there is.
    """

    anonymous: ClassVar[rule.Rules] = {
        "as_of": rule.day,
        "order": _even_order,
        "created_at": _chosen_months,
        "label": _chosen_labels,
        **rule.counts("followers", "known"),
        **rule.sentences("too_little"),
    }

    order: list[int]
    created_at: list[str]
    label: list[str]
    followers: int
    known: int
    too_little: str | None

    @classmethod
    def from_analysis(cls, measured: Analysis) -> Self:
        """The part of the report: points drawn evenly over the followers whose place and creation date are known."""
        import numpy as np

        from headcount.measures.followers.funnel import CLASSES

        columns = measured.view.followers
        if columns is None or not len(columns):
            return cls._without_points(0, 0, follower_list_sentence(measured.follower_list))
        ordered = np.isfinite(columns.followed_at) | np.isfinite(columns.followed_after) | np.isfinite(columns.position)
        known = np.flatnonzero(ordered & np.isfinite(columns.created_at))
        if len(known) < MIN_ARRIVALS:
            reason = (
                f"The order of following and the account's age are both known for {len(known):,} of "
                f"{measured.follower_list.all_of(len(columns))}, including former followers; "
                f"the chart needs {MIN_ARRIVALS}."
            )
            return cls._without_points(len(columns), len(known), reason)
        step = np.unique(np.linspace(0, len(known) - 1, min(POINTS, len(known))).astype(np.int64))
        points = known[step]
        labels = measured.funnel.verdicts.label[points]
        return cls(
            order=points.tolist(),
            created_at=[iso_text(seconds) or "" for seconds in columns.created_at[points]],
            label=[CLASSES[label] for label in labels],
            followers=len(columns),
            known=len(known),
            too_little=None,
        )

    @classmethod
    def _without_points(cls, followers: int, known: int, reason: str) -> Self:
        return cls(order=[], created_at=[], label=[], followers=followers, known=known, too_little=reason)

    def columns(self) -> dict[str, list[Any]]:
        """One row a follower that is drawn in the picture."""
        return {"order": list(self.order), "created_at": list(self.created_at), "label": list(self.label)}

    def finding(self) -> str:
        """How many followers have a place in the order of following and a creation date."""
        return self.too_little or f"order and age known for {self.known:,} of {self.followers:,} followers"
