"""Puts one `Report` together from the measures. Computes nothing that a measure defines."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import fields, replace
from itertools import groupby
from math import ceil, floor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headcount import __version__
from headcount.columns import ACTIVE, Followers
from headcount.errors import NotEnoughData
from headcount.incoming import ListCoverage
from headcount.labels import labelled_rows
from headcount.measures.audience import Audience, audience
from headcount.measures.authenticity import CLASSES as JUDGEMENTS
from headcount.measures.authenticity import Authenticity, Labelled, authenticity
from headcount.measures.funnel import CLASSES, Funnel, funnel
from headcount.measures.model_judge import ModelJudge
from headcount.measures.question import question
from headcount.measures.result import Result, dated
from headcount.measures.rings_followers import FollowerRings, follower_rings
from headcount.measures.sample_size import MIN_ARRIVALS
from headcount.measures.ties import Ties, ties
from headcount.measures.verdicts import verdicts
from headcount.reading import AccountView
from headcount.record import REPR_LENGTH, shorten
from headcount.report.anonymous import NOTE, anonymised, anonymised_parts, by_content, nameless
from headcount.report.authenticity_part import authenticity_part
from headcount.report.coverage import (
    counted_list,
    follower_list_sentence,
    followers_part,
    list_parts,
    response_kinds_sentence,
    unknown_responses_sentence,
)
from headcount.report.findings import findings, notes
from headcount.report.model import (
    SCHEMA,
    AccountPart,
    ArrivalPart,
    Beside,
    FollowerRow,
    FollowerRows,
    FunnelPart,
    Part,
    Report,
    TiePart,
    TiesPart,
)
from headcount.report.rings_part import rings_part
from headcount.report.rounding import blurred, rough, rough_rows
from headcount.times import iso_text

__all__ = ["ROWS_LIMIT", "Measured", "build_report", "follower_rows", "measure"]

ROWS_LIMIT = 10_000
_TOP_TIES = 100
_ARRIVAL_POINTS = 2_000


class Measured:
    """The measures of one account, computed once.

    Args:
        view: the account's columns.
        chosen: post_ids that the user names as questions.

    Attributes:
        member: (people,) who is a standing follower; None where the follower list is unknown.
        listed: how many standing followers; None where unknown.
        follower_list: how completely they were listed.
        posts_unknown: the posts of the account were not shown.
        audience, question, ties, funnel: the results.
        labelled: what the user says of some of the followers.
        authenticity: the judgement of every follower, in agreement with its class (`verdicts`); None where the
            follower list is unknown.
        rings: closed circuits among the followers; None where whom they follow is unknown.
        responses_by: (people,) distinct posts each person responded to; active_by: by words.
        sent_to, received_from: (people,) replies, mentions and quotes exchanged with each person, ever.
        responses_unknown: responses were never looked for, so that none of them means nothing.
        has_written: anything that the account wrote to others is at hand; without it what it sent is unknown.
    """

    def __init__(self, view: AccountView, chosen: Sequence[str] | None = None) -> None:
        self.view = view
        self.member = _members(view)
        self.listed = int(self.member.sum()) if self.member is not None else None
        self.follower_list = counted_list(view, self.listed)
        active = ACTIVE[view.responses.kind]
        self.responses_by, self.active_by = _distinct_posts(view, active)
        outgoing = view.exchanges.outgoing
        self.sent_to = np.bincount(view.exchanges.person[outgoing], minlength=view.people)
        self.received_from = np.bincount(view.exchanges.person[~outgoing], minlength=view.people)
        self.audience = self._audience(active)
        self.question = question(
            view.posts,
            view.responses,
            member=self.member,
            followers=self.listed,
            as_of=view.as_of,
            chosen=_chosen_posts(view, chosen),
        )
        self.ties = ties(view.exchanges, member=self.member, followers=self.listed, as_of=view.as_of)
        self.labelled = self._labelled()
        found = self._authenticity()
        self.rings = self._rings()
        self.funnel = self._funnel(found)
        self.authenticity = None if found is None else verdicts(found, self.funnel, self.labelled)
        self.posts_unknown = _shows_no_posts(view)
        self.responses_unknown = self._unknown is not None
        self.has_written = bool(outgoing.any())
        self._explain()

    @property
    def _unknown(self) -> ListCoverage | None:
        """The list that holds the reason why responses are unknown; None where they are known."""
        return self.view.responses_unknown or (self.view.lists["posts"] if self.posts_unknown else None)

    def _explain(self) -> None:
        if self._unknown is not None:
            self._leave_unknown(unknown_responses_sentence(self._unknown))
        self._mark_list()

    def nameless(self) -> Measured:
        """The same results, whose sentences quote no name, no words of a server and no note of a source."""
        same = copy(self)
        same.view = nameless(self.view)
        same._explain()
        return same

    def __repr__(self) -> str:
        name = self.view.facts.handle or self.view.facts.account_id
        finding = dated(self.audience.sentence(), iso_text(self.view.as_of))
        return shorten(f"<Measured {shorten(name, 60)}, {finding}", REPR_LENGTH - 1) + ">"

    def _mark_list(self) -> None:
        """Each result carries how completely the followers were listed; who is not in a partial list may follow."""
        found = self.follower_list
        top = self.ties.top
        if not found.is_complete and self.view.followers is not None:
            size = len(self.view.followers)
            top = [replace(tie, follows=None) if tie.person >= size else tie for tie in top]
        self.ties = replace(self.ties, follower_list=found, top=top)
        self.question = replace(self.question, follower_list=found)
        self.audience = replace(self.audience, follower_list=found, as_of=iso_text(self.view.as_of))
        self.funnel = replace(self.funnel, follower_list=found)
        if self.authenticity is not None:
            self.authenticity = replace(self.authenticity, follower_list=found)
        none_listed = self.listed == 0 and not found.is_complete
        if none_listed and self.audience.observed is not None and len(self.view.posts) >= 2:
            self.audience = replace(self.audience, too_little=follower_list_sentence(found))
        if self.listed is None:
            self.funnel = replace(self.funnel, too_little=follower_list_sentence(found))

    def _leave_unknown(self, why: str) -> None:
        """Where responses were never looked for, none of them is no finding."""
        self.audience = replace(
            self.audience,
            too_little=why,
            coverage=None,
            observed=None,
            observed_active=None,
            observed_passive_only=None,
            responses=None,
            non_followers=None,
        )
        self.question = replace(self.question, tests=[], pooled=None, too_little=why)
        if self.view.responses_unknown is None:  # others addressed the account, whatever its posts are
            return
        self.ties = replace(
            self.ties,
            written_to=None if self.posts_unknown and not len(self.view.exchanges) else self.ties.written_to,
            heard_from=None,
            count=None,
            count_others=None,
            reciprocity=None,
            reciprocity_low=None,
            reciprocity_high=None,
            known_share=None,
            known_low=None,
            known_high=None,
            too_little=why,
        )

    def _audience(self, active: NDArray[np.bool_]) -> Audience:
        responses, member = self.view.responses, self.member
        inside = member[responses.person] if member is not None else np.ones(len(responses), dtype=bool)
        outside = int(np.unique(responses.person[~inside]).size) if member is not None else None
        result = audience(
            responses.person[inside],
            responses.post[inside],
            active[inside],
            posts=len(self.view.posts),
            followers=self.listed,
            non_followers=outside,
            window_days=self.view.window_days,
        )
        older = self.view.posts_before
        if len(self.view.posts) >= 2 or not older or result.too_little is None:
            return result
        lie = "1 older post lies" if older == 1 else f"{older:,} older posts lie"
        return replace(result, too_little=f"{result.too_little} {lie} before it: try --window all.")

    def _labelled(self) -> Labelled | None:
        followers = self.view.followers
        found = labelled_rows(followers.account_id, self.view.labels) if followers is not None else None
        return found if found is not None and found.said else None

    def _authenticity(self) -> Authenticity | None:
        if self.view.followers is None:
            return None
        return authenticity(self.view.followers, as_of=self.view.as_of, labelled=self.labelled)

    def _rings(self) -> FollowerRings | None:
        followers, between = self.view.followers, self.view.between
        if followers is None or between is None or self.listed is None:
            return None
        circuits = follower_rings(between, followers, standing=self.listed)
        return replace(circuits, found=replace(circuits.found, as_of=iso_text(self.view.as_of)))

    def _funnel(self, found: Authenticity | None) -> Funnel:
        followers = self.view.followers
        if followers is None:
            followers = Followers.unknown(np.empty(0, dtype=object))
        size = len(followers)
        tied = np.zeros(size, dtype=bool)
        tied[[tie.person for tie in self.ties.top if tie.person < size]] = True
        return funnel(
            followers,
            responded=self.responses_by[:size],
            tied=tied,
            as_of=self.view.as_of,
            standing=followers.standing,
            judge=ModelJudge(
                labelled=self.labelled,
                found=found,
                circuits=self.rings.reasons(size) if self.rings is not None else None,
            ),
        )


def measure(view: AccountView, *, chosen: Sequence[str] | None = None) -> Measured:
    """All measures of one account (see `Measured`)."""
    return Measured(view, chosen)


def build_report(
    measured: Measured,
    *,
    beside: Sequence[Measured] = (),
    anonymous: bool = False,
    rows_limit: int = ROWS_LIMIT,
) -> Report:
    """The whole answer for one account.

    Args:
        measured: the account's measures.
        beside: other accounts to compare with.
        anonymous: leave out every name.
        rows_limit: how many followers to list at most.
    """
    left_out = len(measured.view.remarks)
    measured = measured.nameless() if anonymous else measured
    view = measured.view
    followers = followers_part(view, measured.listed)
    unlisted = follower_list_sentence(measured.follower_list) if measured.listed is None else None
    authenticity_of = authenticity_part(measured.authenticity, measured.labelled, measured.listed)
    rings = rings_part(measured.rings, view, measured.follower_list)
    kinds = response_kinds_sentence(view)
    parts: dict[str, Any] = {
        "account": _account_part(measured),
        "followers": followers,
        "lists": list_parts(view, measured.listed),
        "audience": measured.audience,
        "question": measured.question,
        "funnel": FunnelPart(
            classes=measured.funnel.classes if view.followers is not None else None,
            followers=measured.funnel.followers if view.followers is not None else None,
            method=measured.funnel.method,
            too_little=measured.funnel.too_little,
            sample=measured.funnel.sample,
        ),
        "authenticity": authenticity_of if unlisted is None else replace(authenticity_of, sentence=unlisted),
        "rings": rings if unlisted is None else replace(rings, too_little=unlisted),
        "ties": _ties_part(measured),
        "arrival": _arrival_part(measured),
        "beside": [_beside(other) for other in beside],
    }
    parts |= {name: _as_of(part, parts["account"].as_of) for name, part in parts.items()}
    if anonymous:  # before the sentences are made, so that they hold the same numbers
        parts, kinds = anonymised_parts(parts), None if kinds is None else blurred(kinds)
    said, remarked = findings(**parts, kinds=kinds), notes(view, **parts)
    if anonymous:
        said, remarked = [blurred(text) for text in said], [NOTE, *(blurred(text) for text in remarked)]
        if left_out:
            remarked.append("Notes of the sources are left out, as they may name accounts and servers.")
    return Report(
        schema=SCHEMA,
        headcount_version=__version__,
        findings=said,
        notes=remarked,
        rows=follower_rows(measured, limit=rows_limit, anonymous=anonymous),
        rows_total=int(rough(measured.funnel.followers)) if anonymous else measured.funnel.followers,
        responses_note=kinds,
        **parts,
    )


def _as_of(part: Any, end: str | None) -> Any:
    """A section with the date of the observation; anything that has none is given back."""
    return replace(part, as_of=end) if isinstance(part, Part | Result) else part


def _shows_no_posts(view: AccountView) -> bool:
    """Were the posts of the account not shown, so that none at hand does not mean that there are none?"""
    return "posts" in view.lists and view.lists["posts"].shows_nothing and not len(view.posts)


def _members(view: AccountView) -> NDArray[np.bool_] | None:
    if view.followers is None:
        return None
    member = np.zeros(view.people, dtype=bool)
    size = len(view.followers)
    member[:size] = view.followers.standing
    return member


def _distinct_posts(view: AccountView, active: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(people,) how many posts of the window each person responded to; (people,) how many of them by words."""
    responses = view.responses
    posts = max(len(view.posts), 1)
    # sorted by person, post, words first: the first row of each pair tells whether any of its rows took words
    keys = np.sort((responses.person * posts + responses.post) * 2 + ~active)
    first = keys[np.flatnonzero(np.diff(keys >> 1, prepend=-1))]
    people = (first >> 1) // posts
    by_words = people[(first & 1) == 0]
    return np.bincount(people, minlength=view.people), np.bincount(by_words, minlength=view.people)


def _chosen_posts(view: AccountView, chosen: Sequence[str] | None) -> list[int] | None:
    if chosen is None:
        return None
    place = {post_id: index for index, post_id in enumerate(view.posts.post_id)}
    missing = [post_id for post_id in chosen if post_id not in place]
    if missing:
        raise NotEnoughData(
            f"The post {missing[0]!r} is not among the account's posts of the window.",
            hint="widen the window with --window all, or take the id from: headcount export",
        )
    return [place[post_id] for post_id in chosen]


def _account_part(measured: Measured) -> AccountPart:
    view, facts = measured.view, measured.view.facts
    first = float(np.nanmin(view.posts.created_at)) if np.isfinite(view.posts.created_at).any() else None
    return AccountPart(
        account_id=facts.account_id,
        handle=facts.handle,
        display_name=facts.display_name,
        platform=facts.platform,
        created_at=iso_text(facts.created_at),
        as_of=iso_text(view.as_of) or "",
        as_of_basis=view.as_of_basis,
        window_days=view.window_days,
        posts_in_window=None if measured.posts_unknown else len(view.posts),
        first_post_at=iso_text(first),
        status=facts.status,
        private_responses=view.private_responses,
    )


def _ties_part(measured: Measured) -> TiesPart:
    result: Ties = measured.ties
    same = {name.name: getattr(result, name.name) for name in fields(TiesPart) if name.name != "top"}
    top = []
    for tie in result.top[:_TOP_TIES]:
        account_id, handle, display_name = _names(measured.view, tie.person)
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
    return TiesPart(top=top, **same)


def _names(view: AccountView, person: int) -> tuple[str | None, str | None, str | None]:
    """account_id, handle and display name of a numbered person; None where they must not be named."""
    size = len(view.followers) if view.followers is not None else 0
    if person < size and view.followers is not None:
        columns = view.followers
        if columns.opted_out[person] == 1:
            return None, None, None
        return columns.account_id[person], columns.handle[person], columns.display_name[person]
    other = person - size
    if view.other_opted_out[other] == 1:
        return None, None, None
    return view.other_id[other], view.other_handle[other], None


def _arrival_part(measured: Measured) -> ArrivalPart:
    columns = measured.view.followers
    empty = ArrivalPart(order=[], created_at=[], label=[], followers=0, known=0, too_little=None)
    if columns is None or not len(columns):
        return replace(empty, too_little=follower_list_sentence(measured.follower_list))
    ordered = np.isfinite(columns.followed_at) | np.isfinite(columns.followed_after) | np.isfinite(columns.position)
    known = np.flatnonzero(ordered & np.isfinite(columns.created_at))
    if len(known) < MIN_ARRIVALS:
        reason = (
            f"The order of following and the account's age are both known for {len(known):,} of "
            f"{measured.follower_list.all_of(len(columns))}, those who left included; a picture needs {MIN_ARRIVALS}."
        )
        return replace(empty, followers=len(columns), known=len(known), too_little=reason)
    step = np.unique(np.linspace(0, len(known) - 1, min(_ARRIVAL_POINTS, len(known))).astype(np.int64))
    points = known[step]
    labels = measured.funnel.verdicts.label[points]
    return ArrivalPart(
        order=points.tolist(),
        created_at=[iso_text(seconds) or "" for seconds in columns.created_at[points]],
        label=[CLASSES[label] for label in labels],
        followers=len(columns),
        known=len(known),
        too_little=None,
    )


def _beside(other: Measured) -> Beside:
    return Beside(
        account_id=other.view.facts.account_id,
        handle=other.view.facts.handle,
        followers=other.listed,
        follower_list=other.follower_list,
        headcount=other.audience.headcount,
        low=other.audience.low,
        high=other.audience.high,
        exact=other.audience.exact,
        as_of=iso_text(other.view.as_of),
    )


def follower_rows(
    measured: Measured, *, limit: int | None = None, anonymous: bool = False, label: str | None = None
) -> FollowerRows:
    """The followers behind the numbers: by class in the order of CLASSES, then those who respond most.

    Args:
        measured: the account's measures.
        limit: at most so many; None for all.
        anonymous: leave out every name, and as many rows as the rounded counts ask for (see `report.anonymous`).
        label: only this class.
    """
    columns = measured.view.followers
    if columns is None:
        return FollowerRows([], measured.follower_list)
    size = len(columns)
    labels = measured.funnel.verdicts.label
    order = np.lexsort((np.arange(size), -measured.responses_by[:size], labels))
    if label is not None:
        order = order[labels[order] == CLASSES.index(label)]
    rows = [_row(measured, columns, int(person)) for person in order[:limit]]
    if not anonymous:
        return FollowerRows(rows, measured.follower_list)
    shown: list[FollowerRow] = []
    for _, of_class in groupby(rows, key=lambda row: row.label):
        same = [anonymised(row) for row in of_class]
        shown += by_content(same)[: rough_rows(len(same))]
    return FollowerRows(shown[: rough_rows(len(rows))], anonymised(measured.follower_list))


def _row(measured: Measured, columns: Followers, person: int) -> FollowerRow:
    account_id, handle, display_name = _names(measured.view, person)
    reasons = measured.funnel.verdicts.reasons[person]
    counts = (columns.followers_count[person], columns.following_count[person], columns.posts_count[person])
    followers_count, following_count, posts_count = (_whole(count) for count in counts)
    found = measured.authenticity
    judged = found is not None and bool(found.standing[person])
    real, low, high = (None, None, None) if found is None else _probability(found, person)
    return FollowerRow(
        account_id=account_id,
        handle=handle,
        display_name=display_name,
        label=CLASSES[measured.funnel.verdicts.label[person]],
        reasons=reasons,
        responses=None if measured.responses_unknown else int(measured.responses_by[person]),
        active_responses=None if measured.responses_unknown else int(measured.active_by[person]),
        sent=int(measured.sent_to[person]) if measured.has_written else None,
        received=None if measured.responses_unknown else int(measured.received_from[person]),
        followers_count=followers_count,
        following_count=following_count,
        posts_count=posts_count,
        created_at=iso_text(columns.created_at[person]),
        last_seen=iso_text(columns.last_seen[person]),
        followed_at=iso_text(columns.followed_at[person]),
        judgement=JUDGEMENTS[found.label[person]] if found is not None and judged else None,
        real=real,
        real_low=low,
        real_high=high,
    )


def _probability(found: Authenticity, person: int) -> tuple[float | None, float | None, float | None]:
    """The probability of being real with its limits, the limits rounded outwards; None where none is given."""
    real, low, high = (float(values[person]) for values in (found.real, found.low, found.high))
    if np.isnan(real):
        return None, None, None
    return round(real, 3), floor(low * 1000) / 1000, ceil(high * 1000) / 1000


def _whole(value: float) -> int | None:
    return int(value) if np.isfinite(value) else None
