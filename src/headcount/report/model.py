"""One `Report`: everything that is said about one account, put together once, rendered by every face.

`Document` is what `--json` prints (its JSON schema is kept in `report.schema.json`); `Report` adds the list of
followers behind the numbers, which the HTML page shows and `headcount followers` prints.
Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any, Literal

from headcount.follower_list import FollowerList
from headcount.incoming import ListName, Reason, State
from headcount.measures.audience import Audience
from headcount.measures.authenticity import NoShare
from headcount.measures.funnel import Classes, Sampled
from headcount.measures.question import Question
from headcount.measures.recalibration import LocalError
from headcount.measures.result import Backend, frame
from headcount.measures.ties import Layer

__all__ = [
    "ANONYMOUS",
    "SCHEMA",
    "AccountPart",
    "ArrivalPart",
    "AuthenticityPart",
    "Beside",
    "Document",
    "FollowerRow",
    "FollowerRows",
    "FollowersPart",
    "FunnelPart",
    "GroupPart",
    "ListPart",
    "Report",
    "RingsPart",
    "SetErrors",
    "TiePart",
    "TiesPart",
]

SCHEMA = "headcount.report/1"
ANONYMOUS = "anonymous"
"""Stands for the account's id in a report without names."""


@dataclass(frozen=True, kw_only=True)
class AccountPart:
    """The account and the time of the observation.

    Attributes:
        account_id, handle, display_name, platform, created_at: as last seen; null where unknown.
        as_of: end of the observation.
        as_of_basis: observed (a source said so), last event (the newest event in the data), given (by the user),
            imported (the data holds no time at all).
        window_days: how far back posts and responses were looked at; null for all that is known.
        posts_in_window, first_post_at: the occasions; null where the posts were not shown.
        status: active, deleted, suspended, hidden, moved or protected, as last seen; null where unknown.
        private_responses: responses that only the account or its followers may read; in no other figure.
    """

    account_id: str
    handle: str | None
    display_name: str | None
    platform: str
    created_at: str | None
    as_of: str
    as_of_basis: Literal["observed", "last event", "given", "imported"]
    window_days: float | None
    posts_in_window: int | None
    first_post_at: str | None
    status: str | None = None
    private_responses: int = 0


@dataclass(frozen=True, kw_only=True)
class FollowersPart:
    """The follower count, explained.

    Attributes:
        claimed: the platform's counter; listed: followers in the list that stand; gone: listed before, missed since.
        new: first listed since the snapshot before; null with one snapshot.
        state: how completely the list was read: complete, partial, sampled, refused, hidden, unknown.
        reason: why it is not complete; null where it is, or where that is unknown (see `ListPart`).
        partial: the list is not complete, or there is none: every count of followers is a lower bound; null where
            that is unknown, as there is no counter to compare with.
        explanation: one sentence.
    """

    claimed: int | None
    listed: int | None
    gone: int | None
    new: int | None
    state: State
    reason: Reason | None
    partial: bool | None
    explanation: str

    @property
    def follower_list(self) -> FollowerList:
        """The list that is counted, with the words for a count of its followers."""
        return FollowerList(
            state=self.state, reason=self.reason, listed=self.listed, claimed=self.claimed, partial=self.partial
        )


@dataclass(frozen=True, kw_only=True)
class ListPart:
    """How completely one list of the account was read; see `headcount.incoming.ListCoverage`.

    Attributes:
        list: followers, following, posts, replies, likes, reposts or quotes.
        state: complete, partial, sampled, refused, hidden, unknown; reason: why it is not complete.
        listed: entries read; claimed: entries by the platform's counter; null where unknown.
        observed_at: when it was read.
        sentence: the same in words; why: the reason alone; null where there is none.
    """

    list: ListName
    state: State
    reason: Reason | None
    listed: int | None
    claimed: int | None
    observed_at: str | None
    sentence: str
    why: str | None = None


@dataclass(frozen=True, kw_only=True)
class FunnelPart:
    """Followers by class (each in exactly one), and how the classes were decided.

    Where only a uniform sample of the list was looked at, those who were not and did not respond are `unknown` in
    `classes`, and `sample` holds the estimates for all; it is null where everybody was looked at.
    `classes` add up to `followers`, which holds those gone too; without them it is `listed` of the part `followers`.
    `classes` and `followers` are null where there is no list of followers: how many are of a class is then unknown.
    """

    classes: Classes | None
    followers: int | None
    method: str
    too_little: str | None
    sample: Sampled | None = None


@dataclass(frozen=True, kw_only=True)
class SetErrors:
    """How the model judged a set of labelled accounts that it had not seen, at a threshold chosen without the set.

    Attributes:
        name, about: the set; labels: what its accounts are that are not real.
        real, other: accounts of both kinds.
        auc: chance that one of the others is placed above a real one.
        accused: real accounts called bought or automated; accused_low, accused_high: 95% interval of their share.
        found: others called so; found_low, found_high: 95% interval of their share.
        verified, verified_accused: verified people among the real, and those of them called so.
    """

    name: str
    about: str
    labels: str
    real: int
    other: int
    auc: float
    accused: int
    accused_low: float
    accused_high: float
    found: int
    found_low: float
    found_high: float
    verified: int
    verified_accused: int


@dataclass(frozen=True, kw_only=True)
class AuthenticityPart:
    """How the verdicts on followers are made, how often they err, and the share of real followers.

    Attributes:
        model: version of the score card; accounts_of: first and last year of the accounts it was made from.
        sets: its errors by set; known_failures: in sentences; model_card: where all of it stands.
        labels: followers that the user labelled; local_error: how often the corrected model errs on them.
        real_low, real_high: share of the standing followers that are real (95%); null where there is none.
        no_share: why there is no share (see `measures.authenticity.NoShare`); null where there is one, or no list.
        exact: why the share has no width (all are labelled); null where it has one.
        to_look_at: followers to draw, uniformly over the list, for plus or minus 2 points; null where even all
            are not enough, or there is no list.
        sentence: the share, or why there is none and how to get it.
        made_by: the model and its errors over all sets.
    """

    model: str
    accounts_of: list[int]
    sets: list[SetErrors]
    known_failures: list[str]
    model_card: str
    labels: int
    local_error: LocalError | None
    real_low: float | None
    real_high: float | None
    no_share: NoShare | None = None
    exact: Literal["all labelled"] | None = None
    to_look_at: int | None
    sentence: str
    made_by: str


@dataclass(frozen=True, kw_only=True)
class GroupPart:
    """A group of followers dense in mutual follows, with its evidence; unknown is null. See `measures.rings`.

    Attributes:
        verdict: ring (a closed circuit), talks, unclear, away, conversation unknown.
        members: followers in it; density: share of the pairs that follow each other.
        significance: p against graphs rewired with the same degrees.
        reciprocity: share of the follows inside that are returned.
        conversation, conversation_low, conversation_high: members addressed over those that others with as many ties
            address, with 95% interval.
        replies_per_follow: times addressed inside over mutual follows inside.
        inside_share: share of those addressed along a tie who are members; inside_ties: what it would be by chance.
        link_share, newcomers: of the members' posts those with a link; of the members those who were new when they
            followed.
        picture: who follows whom among at most 40 members, those with most ties first, one row and one sign each:
            "=" follow each other and talked, "#" follow each other, "-" one follows the other, "." neither.
    """

    verdict: str
    members: int
    density: float
    significance: float | None
    reciprocity: float | None
    conversation: float | None
    conversation_low: float | None
    conversation_high: float | None
    replies_per_follow: float | None
    inside_share: float | None
    inside_ties: float
    link_share: float | None
    newcomers: float | None
    picture: list[str]


@dataclass(frozen=True, kw_only=True)
class RingsPart:
    """Closed circuits among the followers: groups that follow each other and hardly talk.

    Attributes:
        looked_at: followers whose own follows are known; null where of none. of: followers that stand.
        drawn: those looked at are a uniform sample.
        circuits: how many closed circuits; members: followers looked at who sit in one; null where that is unknown.
        share, share_low, share_high: of all standing followers, with 95% interval; exact: why it has no width (all
            were looked at); null where it has one.
        smallest: members of the smallest circuit that can be expected to be seen.
        dense: groups dense in mutual follows, circuits included; groups: the first 12 of them, circuits first.
        sentence: the finding; too_little: what is missing and how to get it, null where nothing is.
    """

    looked_at: int | None
    of: int | None
    drawn: bool
    circuits: int | None
    members: int | None
    share: float | None
    share_low: float | None
    share_high: float | None
    exact: Literal["all looked at"] | None = None
    smallest: int | None
    dense: int
    groups: list[GroupPart]
    sentence: str | None
    too_little: str | None


@dataclass(frozen=True, kw_only=True)
class TiePart:
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


@dataclass(frozen=True, kw_only=True)
class TiesPart:
    """Two-way ties: see headcount.measures.ties.Ties for the meaning of each figure; top holds at most 100.

    Attributes:
        follower_list: the list of followers behind `count` and `known_share`.
    """

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


@dataclass(frozen=True, kw_only=True)
class ArrivalPart:
    """Age of the followers' accounts against the order of following, evenly drawn over the list (at most 2,000).

    Attributes:
        order: place in the order of following, 0 = first who followed.
        created_at: when that follower's account was made.
        label: that follower's class.
        followers: how many the list holds, those who left included; known: those with a creation date and a place.
        too_little: why there is no picture; null where there is.
    """

    order: list[int]
    created_at: list[str]
    label: list[str]
    followers: int
    known: int
    too_little: str | None


@dataclass(frozen=True, kw_only=True)
class Beside:
    """Another account of the workspace, for comparison.

    Attributes:
        account_id, handle: the account.
        followers: listed followers that stand; follower_list: how completely they were listed.
        headcount, low, high: with its 95% interval; exact: why it has no width (see `measures.audience.Audience`).
    """

    account_id: str
    handle: str | None
    followers: int | None
    headcount: float | None
    low: float | None
    high: float | None
    follower_list: FollowerList
    exact: Literal["all responded"] | None = None


@dataclass(frozen=True, kw_only=True)
class Document:
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


@dataclass(frozen=True, kw_only=True)
class FollowerRow:
    """One follower with class and reason.

    Attributes:
        account_id, handle, display_name: None where the account asked not to be named.
        label, reasons: the class and why.
        responses, active_responses: distinct posts of the window responded to; by words.
        sent, received: replies, mentions and quotes exchanged with the account, ever.
        followers_count, following_count, posts_count, created_at, last_seen, followed_at: None where unknown.
        judgement: what kind of account it is, one of `measures.authenticity.CLASSES`, in agreement with the class
            (`measures.verdicts`); None for those gone.
        real, real_low, real_high: probability by the score card of being a real account rather than one sold as a
            follower or written by a program, and its 95% interval; None for auto-follow, spam and gone, which the card
            does not measure, where too little is known, and where responses or your label say otherwise.
    """

    account_id: str | None
    handle: str | None
    display_name: str | None
    label: str
    reasons: str
    responses: int
    active_responses: int
    sent: int
    received: int
    followers_count: int | None
    following_count: int | None
    posts_count: int | None
    created_at: str | None
    last_seen: str | None
    followed_at: str | None
    judgement: str | None = None
    real: float | None = None
    real_low: float | None = None
    real_high: float | None = None


class FollowerRows(list[FollowerRow]):
    """Rows of followers, and how completely the list that they come from was read.

    Attributes:
        follower_list: the list; where it is not complete, these rows are not all followers.
    """

    def __init__(self, rows: Iterable[FollowerRow], follower_list: FollowerList) -> None:
        super().__init__(rows)
        self.follower_list = follower_list


@dataclass(frozen=True, kw_only=True)
class Report(Document):
    """A document and the rows behind it.

    Attributes:
        rows: followers in the order relationship, responding, …, at most `rows_limit` of them.
        rows_total: how many followers the list holds, those who are gone included.
    """

    rows: list[FollowerRow]
    rows_total: int

    def to_frame(self, backend: Backend | None = None) -> Any:
        """The followers behind the numbers as a data frame (pandas, polars or pyarrow), a row each, as in `rows`."""
        names = [field.name for field in fields(FollowerRow)]
        return frame({name: [getattr(row, name) for row in self.rows] for name in names}, backend)

    def _repr_html_(self) -> str:
        handle = html.escape(self.account.handle or self.account.account_id or "An account")
        told = "".join(f"<li>{html.escape(finding)}</li>" for finding in self.findings)
        return f"<p><b>{handle}</b>, as of {html.escape(self.account.as_of[:10])}</p><ul>{told}</ul>"
