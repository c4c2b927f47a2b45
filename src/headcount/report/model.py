"""One `Report`: everything that is said about one account, put together once, rendered by every face.

`Document` is what `--json` prints (its JSON schema is kept in `report.schema.json`); `Report` adds the list of
followers behind the numbers, which the HTML page shows and `headcount followers` prints.
Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from headcount import wording as say
from headcount.incoming import ListName, Reason, State
from headcount.measures.follower_list import FollowerList
from headcount.measures.followers.funnel import CLASSES, Classes, Sampled
from headcount.measures.followers.judgement import NoShare
from headcount.measures.followers.recalibration import LocalError
from headcount.measures.result import dated
from headcount.support.record import Record, shorten

__all__ = [
    "ANONYMOUS",
    "SCHEMA",
    "AccountPart",
    "ArrivalPart",
    "AuthenticityPart",
    "Beside",
    "FollowersPart",
    "FunnelPart",
    "ListPart",
    "Part",
    "SetErrors",
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
        no_share: why there is no share (`measures.followers.judgement.NoShare`); null where there is one, or no list.
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
        headcount, low, high: with its 95% interval; exact: why it has no width (`measures.audience.audience`).
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


def _headcount(headcount: float | None, low: float | None, high: float | None) -> str:
    if headcount is None or low is None or high is None:
        return "no headcount"
    return f"headcount {headcount:,.0f} ({low:,.0f} to {high:,.0f})"
