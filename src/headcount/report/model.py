"""One `Report`: everything that is said about one account, put together once, rendered by every face.

`Document` is what `--json` prints (its JSON schema is kept in `report.schema.json`); `Report` adds the list of
followers behind the numbers, which the HTML page shows and `headcount followers` prints.
Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal, overload

from headcount.errors import UsageError
from headcount.follower_list import FollowerList
from headcount.incoming import ListName, Reason, State
from headcount.measures.audience import Audience
from headcount.measures.authenticity import NoShare
from headcount.measures.funnel import CLASSES, Classes, Sampled
from headcount.measures.question import Question
from headcount.measures.recalibration import LocalError
from headcount.measures.result import dated
from headcount.measures.ties import Layer
from headcount.record import Record, shorten
from headcount.report import wording as say
from headcount.safe_text import plain

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
    "Part",
    "Report",
    "RingsPart",
    "SetErrors",
    "TiePart",
    "TiesPart",
]

SCHEMA = "headcount.report/1"
ANONYMOUS = "anonymous"
"""Stands for the account's id in a report without names."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Part(Record):
    """One section of a report.

    Attributes:
        as_of: end of the observation; null where the section stands alone.
    """

    as_of: str | None = None

    def summary(self) -> str:
        """The finding of the section, and the date of the observation in front of it."""
        return dated(self.finding(), self.as_of)

    def finding(self) -> str:
        """The finding of the section in few words."""
        return Record.summary(self)


@dataclass(frozen=True, kw_only=True, repr=False)
class AccountPart(Record):
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

    def summary(self) -> str:
        """The account, its posts in the window, and the end of the observation."""
        posts = "posts unknown" if self.posts_in_window is None else f"{self.posts_in_window:,} posts"
        window = "in all" if self.window_days is None else f"in {self.window_days:g} days"
        return dated(f"{shorten(self.handle or self.account_id, 60)}, {posts} {window}", self.as_of)


@dataclass(frozen=True, kw_only=True, repr=False)
class FollowersPart(Part):
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

    def finding(self) -> str:
        """How many are listed, of how many, and how completely."""
        return self.follower_list.size()

    @property
    def follower_list(self) -> FollowerList:
        """The list that is counted, with the words for a count of its followers."""
        return FollowerList(
            state=self.state, reason=self.reason, listed=self.listed, claimed=self.claimed, partial=self.partial
        )


@dataclass(frozen=True, kw_only=True, repr=False)
class ListPart(Record):
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

    def summary(self) -> str:
        """The sentence, behind the date when the list was read."""
        return dated(self.sentence, self.observed_at)


@dataclass(frozen=True, kw_only=True, repr=False)
class FunnelPart(Part):
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


@dataclass(frozen=True, kw_only=True, repr=False)
class SetErrors(Record):
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

    def summary(self) -> str:
        """How often real accounts are accused, and how often others are found."""
        limits = say.share_interval(self.accused_low, self.accused_high)
        found = f"{self.found:,} of {self.other:,} others found"
        return f"{self.name}: {self.accused:,} of {self.real:,} real accused ({limits}), {found}"


@dataclass(frozen=True, kw_only=True, repr=False)
class AuthenticityPart(Part):
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

    def columns(self) -> dict[str, list[Any]]:
        """One row a set of labelled accounts that the model was tested on: its errors there."""
        names = [field.name for field in fields(SetErrors)]
        return {name: [getattr(one, name) for one in self.sets] for name in names}

    def finding(self) -> str:
        """The share of real followers, or why there is none."""
        return self.sentence


@dataclass(frozen=True, kw_only=True, repr=False)
class GroupPart(Record):
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


@dataclass(frozen=True, kw_only=True, repr=False)
class RingsPart(Part):
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

    def columns(self) -> dict[str, list[Any]]:
        """One row a group, closed circuits first."""
        names = [field.name for field in fields(GroupPart) if field.name != "picture"]
        return {name: [getattr(group, name) for group in self.groups] for name in names}

    def finding(self) -> str:
        """The finding, or what is missing."""
        return self.sentence or self.too_little or "no finding"


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
class TiesPart(Part):
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


@dataclass(frozen=True, kw_only=True, repr=False)
class ArrivalPart(Part):
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

    def columns(self) -> dict[str, list[Any]]:
        """One row a follower that is drawn in the picture."""
        return {"order": list(self.order), "created_at": list(self.created_at), "label": list(self.label)}

    def finding(self) -> str:
        """How many followers have a place in the order of following and a creation date."""
        return self.too_little or f"order and age known for {self.known:,} of {self.followers:,} followers"


@dataclass(frozen=True, kw_only=True, repr=False)
class Beside(Part):
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

    def finding(self) -> str:
        """The account, its followers, and its headcount."""
        found = _headcount(self.headcount, self.low, self.high)
        return f"{shorten(self.handle or self.account_id, 60)}, {self.follower_list.size()}, {found}"


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
class FollowerRow(Record):
    """One follower with class and reason.

    Attributes:
        account_id, handle, display_name: None where the account asked not to be named.
        label, reasons: the class and why.
        responses, active_responses: distinct posts of the window responded to; by words.
        sent, received: replies, mentions and quotes exchanged with the account, ever. None where the responses, or the
            posts of the account, were never looked for.
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
    responses: int | None
    active_responses: int | None
    sent: int | None
    received: int | None
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

    def summary(self) -> str:
        """Who it is, and in which class."""
        return (
            f"{shorten(self.handle or self.account_id or 'not named', 60)}: {self.label} ({shorten(self.reasons, 90)})"
        )


class FollowerRows(Record, list[FollowerRow]):
    """Rows of followers, and how completely the list that they come from was read.

    Attributes:
        follower_list: the list; where it is not complete, these rows are not all followers.
    """

    def __init__(self, rows: Iterable[FollowerRow], follower_list: FollowerList) -> None:
        list.__init__(self, rows)
        self.follower_list = follower_list

    def columns(self) -> dict[str, list[Any]]:
        """One row a follower."""
        return _follower_columns(self)

    def summary(self) -> str:
        """How many rows there are, and the list that they come from."""
        return f"{len(self):,} {'row' if len(self) == 1 else 'rows'}; the list: {self.follower_list.summary()}"


@dataclass(frozen=True, kw_only=True, repr=False)
class Report(Document):
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

    @overload
    def to_html(self) -> str: ...

    @overload
    def to_html(self, path: Path | str) -> Path: ...

    def to_html(self, path: Path | str | None = None) -> str | Path:
        """The report as one HTML page that needs nothing else.

        Args:
            path: where to write it; a file of that name is replaced, and a name that ends in `.gz` is compressed.

        Returns:
            The path; without one the page as text.

        Raises:
            UsageError: the folder of the path does not exist, or the path is a folder or a symbolic link.
        """
        from headcount.report.html import render_html

        return _written(render_html(self), path)

    @overload
    def to_json(self) -> str: ...

    @overload
    def to_json(self, path: Path | str) -> Path: ...

    def to_json(self, path: Path | str | None = None) -> str | Path:
        """The report as JSON text, as `headcount report --json` prints it.

        Args:
            path: as in `to_html`.

        Returns:
            The path; without one the text.

        Raises:
            UsageError: as in `to_html`.
        """
        from headcount.report.document import to_json

        return _written(to_json(self), path)

    def _repr_html_(self) -> str:
        """The report in a notebook: the account, the date, and the findings."""
        handle = html.escape(plain(self.account.handle or self.account.account_id or "An account"))
        items = "".join(f"<li>{html.escape(plain(finding))}</li>" for finding in self.findings)
        return f"<p><b>{handle}</b>, as of {html.escape(self.account.as_of[:10])}</p><ul>{items}</ul>"


def _follower_columns(rows: Sequence[FollowerRow]) -> dict[str, list[Any]]:
    return {field.name: [getattr(row, field.name) for row in rows] for field in fields(FollowerRow)}


def _headcount(headcount: float | None, low: float | None, high: float | None) -> str:
    if headcount is None or low is None or high is None:
        return "no headcount"
    return f"headcount {headcount:,.0f} ({low:,.0f} to {high:,.0f})"


def _written(text: str, path: Path | str | None) -> str | Path:
    """The text, or where it was written."""
    if path is None:
        return text
    from headcount.output import new_text

    target = Path(path).expanduser()
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}.", hint="create it, or name a file in another folder.")
    with new_text(target) as file:
        file.write(text if text.endswith("\n") else f"{text}\n")
    return target
