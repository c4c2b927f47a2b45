"""A report as data: the document, and the rows of followers behind it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args, get_origin, get_type_hints

from headcount.measures.audience.audience import Audience
from headcount.measures.question.results import Question
from headcount.measures.result import Result, dated
from headcount.report.model import AccountPart, Beside, FollowersPart, ListPart, Part, _headcount
from headcount.report.parts.arrival import ArrivalPart
from headcount.report.parts.authenticity import AuthenticityPart
from headcount.report.parts.funnel import FunnelPart
from headcount.report.parts.rings import RingsPart
from headcount.report.parts.ties import TiesPart
from headcount.report.rows import FollowerRow, _follower_columns
from headcount.report.section import Section
from headcount.support.record import Record, shorten
from headcount.support.safe_text import plain

__all__ = ["Document", "ReportData", "page_sections", "sections"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Document(Record):
    """What `headcount report --json` prints; the sections are in the order of the page.

    Attributes:
        schema: name and version of this form.
        headcount_version: the program that made it.
        findings: the answer in sentences, most important first.
        lists: how completely each list of the account was read.
        responses_note: which kinds of responses are unknown or incomplete, in a sentence; null where all were read.
        notes: what was not seen, and how to read the numbers.
        beside: other accounts, where asked for.
    """

    schema: str
    headcount_version: str
    findings: list[str]
    account: AccountPart
    funnel: FunnelPart
    audience: Audience
    question: Question
    ties: TiesPart
    arrival: ArrivalPart
    rings: RingsPart
    followers: FollowersPart
    authenticity: AuthenticityPart
    beside: list[Beside]
    lists: list[ListPart]
    notes: list[str]
    responses_note: str | None = None

    def columns(self) -> dict[str, list[Any]]:
        """One row: the account, its followers, and its headcount with the interval."""
        figures = {
            "account_id": self.account.account_id,
            "handle": self.account.handle,
            "as_of": self.account.as_of,
            "window_days": self.account.window_days,
            "listed": self.followers.listed,
            "claimed": self.followers.claimed,
            "list_state": self.followers.state,
            "observed": self.audience.observed,
            "headcount": self.audience.headcount,
            "low": self.audience.low,
            "high": self.audience.high,
        }
        return {name: [value] for name, value in figures.items()}

    def summary(self) -> str:
        """The account, its followers, its headcount, and the end of the observation."""
        found = _headcount(self.audience.headcount, self.audience.low, self.audience.high)
        name = shorten(self.account.handle or self.account.account_id, 60)
        return dated(f"{name}, {self.followers.finding()}, {found}", self.account.as_of)


@cache
def sections() -> dict[str, type[Section]]:
    """Field of `Document` -> its type, for each section that is made of the account's measures alone."""
    hints = get_type_hints(Document)
    return {name: kind for name, kind in hints.items() if isinstance(kind, type) and issubclass(kind, Section)}


@cache
def page_sections() -> tuple[str, ...]:
    """The fields of `Document` that have a section of the page, in its order: parts, results, and lists of parts."""

    def is_shown(kind: Any) -> bool:
        if get_origin(kind) is list:
            return issubclass(get_args(kind)[0], Part)
        return isinstance(kind, type) and issubclass(kind, Part | Result)

    return tuple(name for name, kind in get_type_hints(Document).items() if is_shown(kind))


@dataclass(frozen=True, kw_only=True, repr=False)
class ReportData(Document):
    """A document and the rows behind it.

    Attributes:
        rows: followers in the order relationship, responding, …, at most `rows_limit` of them.
        rows_total: how many followers the list holds, those who are gone included.
    """

    rows: list[FollowerRow]
    rows_total: int

    def columns(self) -> dict[str, list[Any]]:
        """One row a follower behind the numbers, as in `rows`."""
        return _follower_columns(self.rows)

    def _repr_html_(self) -> str:
        """The report in a notebook: the account, the date, and the findings."""
        handle = html.escape(plain(self.account.handle or self.account.account_id or "An account"))
        items = "".join(f"<li>{html.escape(plain(finding))}</li>" for finding in self.findings)
        return f"<p><b>{handle}</b>, as of {html.escape(self.account.as_of[:10])}</p><ul>{items}</ul>"
