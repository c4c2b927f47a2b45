"""A report as data: the document, and the rows of followers behind it."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

from headcount.measures.audience.audience import Audience
from headcount.measures.question.results import Question
from headcount.measures.result import dated
from headcount.report.model import (
    AccountPart,
    ArrivalPart,
    AuthenticityPart,
    Beside,
    FollowersPart,
    FunnelPart,
    ListPart,
    _headcount,
)
from headcount.report.relations import RingsPart, TiesPart
from headcount.report.rows import FollowerRow, _follower_columns
from headcount.support.record import Record, shorten
from headcount.support.safe_text import plain

__all__ = ["Document", "ReportData"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Document(Record):
    """What `headcount report --json` prints.

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
    followers: FollowersPart
    lists: list[ListPart]
    audience: Audience
    question: Question
    funnel: FunnelPart
    authenticity: AuthenticityPart
    rings: RingsPart
    ties: TiesPart
    arrival: ArrivalPart
    beside: list[Beside]
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
