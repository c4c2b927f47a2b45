"""What all results of measures share: a date, a sentence, and what every record has (`headcount.support.record`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from headcount.support.record import Backend, Record, frame

__all__ = ["Backend", "Result", "dated", "frame"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Result(Record, ABC):
    """Base of the results: a table of its own numbers, for a notebook and for data frames.

    Attributes:
        as_of: end of the observation (ISO 8601, UTC); None where the caller of the measure did not say.
    """

    as_of: str | None = None

    @abstractmethod
    def columns(self) -> dict[str, list[Any]]:
        """The result as columns, one row a figure; each result says what its rows are."""

    @abstractmethod
    def sentence(self) -> str:
        """The finding in one sentence, with its interval or its sample size."""

    def summary(self) -> str:
        """The finding, and the date of the observation in front of it."""
        return dated(self.sentence(), self.as_of)


def dated(text: str, as_of: str | None) -> str:
    """A finding behind its date: "2026-10-01: Headcount 97 (89 to 112) …"; without one where the date is unknown."""
    return text if as_of is None else f"{as_of[:10]}: {text}"
