"""All measures of one account, each computed once."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from headcount.columns import ACTIVE, Followers
from headcount.errors import NotEnoughData
from headcount.incoming import ListCoverage
from headcount.measures.audience.audience import Audience, audience
from headcount.measures.circuits.followers import FollowerRings, follower_rings
from headcount.measures.followers.authenticity import Authenticity, authenticity
from headcount.measures.followers.funnel import Funnel, funnel
from headcount.measures.followers.judgement import Labelled
from headcount.measures.followers.model_judge import ModelJudge
from headcount.measures.followers.verdicts import verdicts
from headcount.measures.question.question import question
from headcount.measures.relationships.ties import ties
from headcount.measures.result import dated
from headcount.report.anonymous import nameless
from headcount.report.parts.coverage import (
    counted_list,
    follower_list_sentence,
    unknown_responses_sentence,
)
from headcount.store.labels import labelled_rows
from headcount.store.read.view import AccountView
from headcount.support.record import REPR_LENGTH, shorten
from headcount.support.times import iso_text

__all__ = ["Measured", "measure"]


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
