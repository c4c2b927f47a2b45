"""A section of the report that is made of the measures of one account alone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from headcount.report.anonymous_rules import Rules
from headcount.report.model import Part

if TYPE_CHECKING:
    from headcount.analysis import Analysis

__all__ = ["Section"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Section(Part, ABC):
    """A section of the report that is made of the account's measures alone.

    A field of `headcount.report.data.Document` whose type is a section is computed, anonymised and shown in the JSON,
    on the page (by the template named after the field) and in the terminal without any further entry.

    Attributes:
        title: heading in the terminal; a section that has a printer of its own may do without.
        anonymous: what stays of each field in an anonymous report. There is no default: a field without a rule
            raises `KeyError` when the section is anonymised.
        anonymous_records: the same for the classes of records inside the section.
    """

    title: ClassVar[str]
    anonymous: ClassVar[Rules]
    anonymous_records: ClassVar[Mapping[type, Rules]] = {}

    @classmethod
    @abstractmethod
    def from_analysis(cls, measured: Analysis) -> Self:
        """The section of one account.

        Args:
            measured: the account's measures; in an anonymous report those of a view without names.
        """

    def findings(self) -> list[str]:
        """Sentences for the top of the report, most important first; none by default."""
        return []
