"""Every measure of one account, each computed once and only when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from headcount.columns import ACTIVE, Followers
from headcount.errors import NotEnoughData
from headcount.measures.follower_list import FollowerList, follower_list
from headcount.measures.list_sentences import follower_list_sentence, unknown_responses_sentence
from headcount.measures.result import dated
from headcount.support.record import REPR_LENGTH, shorten
from headcount.support.times import iso_text

if TYPE_CHECKING:
    from headcount.incoming import ListCoverage
    from headcount.measures.audience.audience import Audience
    from headcount.measures.circuits.followers import FollowerRings
    from headcount.measures.followers.authenticity import Authenticity
    from headcount.measures.followers.funnel import Funnel
    from headcount.measures.followers.judgement import Labelled
    from headcount.measures.growth.follow_times import FollowTimes
    from headcount.measures.question.results import Question
    from headcount.measures.relationships.ties import Ties
    from headcount.store.read.view import AccountView

__all__ = ["Analysis", "measure"]

_SHARED = ("_audience", "_question", "_ties", "_funnel", "_judged", "labelled", "rings", "_distinct_posts")
"""Results without a word of the view in them."""


class Analysis:
    """The measures of one account; each is computed when it is first asked for, together with those that it rests on.

    Args:
        view: the account's columns.
        chosen: post_ids that the user names as questions.

    Raises:
        NotEnoughData: a post in `chosen` is not in the window.
    """

    def __init__(self, view: AccountView, chosen: Sequence[str] | None = None) -> None:
        self.view = view
        self._chosen = _chosen_posts(view, chosen)

    @property
    def _whole_view(self) -> AccountView:
        """The view, for measures that need more than words."""
        if self.view.words_only:
            raise ValueError("expected a view with all columns, got one that was read for ties and questions only")
        return self.view

    def compute_all(self) -> Analysis:
        """Compute every measure now, for callers that show progress; returns itself."""
        _ = self.audience, self.question, self.ties, self.authenticity, self.funnel
        return self

    def restated(self, view: AccountView) -> Analysis:
        """The same results in the words of another view of the same columns, for sentences that quote no name."""
        same = Analysis(view)
        same._chosen = self._chosen
        for name in _SHARED:
            same.__dict__[name] = getattr(self, name)
        return same

    def __repr__(self) -> str:
        name = self.view.facts.handle or self.view.facts.account_id
        result = self.ties if self.view.words_only else self.audience
        finding = dated(result.sentence(), iso_text(self.view.as_of))
        return shorten(f"<Analysis {shorten(name, 60)}, {finding}", REPR_LENGTH - 1) + ">"

    @cached_property
    def member(self) -> NDArray[np.bool_] | None:
        """(people,) who is a standing follower; None where the follower list is unknown."""
        view = self.view
        if view.followers is None:
            return None
        member = np.zeros(view.people, dtype=bool)
        member[: len(view.followers)] = view.followers.standing
        return member

    @cached_property
    def listed(self) -> int | None:
        """How many standing followers; None where unknown."""
        return self.view.listed

    @cached_property
    def follower_list(self) -> FollowerList:
        """How completely the followers were listed."""
        return follower_list(self.view.follower_coverage(self.listed))

    @cached_property
    def posts_unknown(self) -> bool:
        """The posts of the account were not shown, so that none at hand does not mean that there are none."""
        view = self.view
        return "posts" in view.lists and view.lists["posts"].shows_nothing and not len(view.posts)

    @property
    def responses_unknown(self) -> bool:
        """Responses were never looked for, so that none of them means nothing."""
        return self._unknown is not None

    @property
    def _unknown(self) -> ListCoverage | None:
        """The list that holds the reason why responses are unknown; None where they are known."""
        return self.view.responses_unknown or (self.view.lists["posts"] if self.posts_unknown else None)

    @cached_property
    def has_written(self) -> bool:
        """Anything that the account wrote to others is at hand; without it what it sent is unknown."""
        return bool(self.view.exchanges.outgoing.any())

    @cached_property
    def sent_to(self) -> NDArray[np.int64]:
        """(people,) replies, mentions and quotes of the account to each person, ever."""
        exchanges = self.view.exchanges
        return np.bincount(exchanges.person[exchanges.outgoing], minlength=self.view.people)

    @cached_property
    def received_from(self) -> NDArray[np.int64]:
        """(people,) replies, mentions and quotes of each person to the account, ever."""
        exchanges = self.view.exchanges
        return np.bincount(exchanges.person[~exchanges.outgoing], minlength=self.view.people)

    @property
    def responses_by(self) -> NDArray[np.int64]:
        """(people,) distinct posts of the window that each person responded to."""
        return self._distinct_posts[0]

    @property
    def active_by(self) -> NDArray[np.int64]:
        """(people,) those of `responses_by` that the person responded to by words."""
        return self._distinct_posts[1]

    @cached_property
    def _distinct_posts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """(people,) posts of the window that each person responded to; (people,) those responded to by words."""
        responses = self._whole_view.responses
        posts = max(len(self.view.posts), 1)
        # sorted by person, post, words first: the first row of each pair tells whether any of its rows took words
        keys = np.sort((responses.person * posts + responses.post) * 2 + ~ACTIVE[responses.kind])
        first = keys[np.flatnonzero(np.diff(keys >> 1, prepend=-1))]
        people = (first >> 1) // posts
        by_words = people[(first & 1) == 0]
        return np.bincount(people, minlength=self.view.people), np.bincount(by_words, minlength=self.view.people)

    @cached_property
    def audience(self) -> Audience:
        """The headcount; what follows from how the lists were read stands in it."""
        found, result = self.follower_list, self._audience
        if self._unknown is not None:  # where responses were never looked for, none of them is no finding
            result = replace(
                result,
                too_little=unknown_responses_sentence(self._unknown),
                coverage=None,
                observed=None,
                observed_active=None,
                observed_passive_only=None,
                responses=None,
                non_followers=None,
            )
        result = replace(result, follower_list=found, as_of=iso_text(self.view.as_of))
        none_listed = self.listed == 0 and not found.is_complete
        if none_listed and result.observed is not None and len(self.view.posts) >= 2:
            result = replace(result, too_little=follower_list_sentence(found))
        return result

    @cached_property
    def _audience(self) -> Audience:
        from headcount.measures.audience.audience import audience

        responses, member = self._whole_view.responses, self.member
        inside = member[responses.person] if member is not None else np.ones(len(responses), dtype=bool)
        outside = int(np.unique(responses.person[~inside]).size) if member is not None else None
        start, posts = self._first_posts, self.view.posts
        index = np.arange(self.view.people) if start is None or member is None else np.cumsum(member) - 1
        result = audience(
            index[responses.person[inside]],
            responses.post[inside],
            ACTIVE[responses.kind][inside],
            posts=len(posts),
            followers=self.listed,
            non_followers=outside,
            window_days=self.view.window_days,
            start=start,
            maturity=self._maturity,
            times=np.append(posts.created_at, np.fmax(self.view.as_of, posts.created_at.max(initial=-np.inf))),
        )
        older = self.view.posts_before
        if len(self.view.posts) >= 2 or not older or result.too_little is None:
            return result
        lie = "1 older post lies" if older == 1 else f"{older:,} older posts lie"
        return replace(result, too_little=f"{result.too_little} {lie} before it: try --window all.")

    @cached_property
    def _first_posts(self) -> NDArray[np.int64] | None:
        """(standing followers,) first post of the window that each could respond to; None without a follower list."""
        followers, posts, times = self._whole_view.followers, self.view.posts, self.follow_times
        if followers is None or times is None:
            return None
        from headcount.measures.audience.cohort import UNKNOWN_START, first_posts

        standing = followers.standing
        if not len(posts) or not np.isfinite(posts.created_at).all():
            return np.full(int(standing.sum()), UNKNOWN_START)
        point = times.point_by(posts.created_at[0])
        return first_posts(point[standing], posts.created_at, times.earliest[standing])

    @cached_property
    def _maturity(self) -> NDArray[np.float64]:
        """(posts,) share of its responses that each post of the window has collected."""
        from headcount.measures.audience.maturity import maturity

        responses = self._whole_view.responses
        return maturity(self.view.as_of - self.view.posts.created_at, responses.delay, responses.post)

    @cached_property
    def follow_times(self) -> FollowTimes | None:
        """When each follower followed; None where the follower list is unknown."""
        followers = self._whole_view.followers
        if followers is None:
            return None
        from headcount.measures.growth.follow_times import follow_times

        result = follow_times(
            followed_at=followers.followed_at,
            followed_after=followers.followed_after,
            followed_before=np.fmin(followers.followed_before, followers.gone_at),
            created_at=followers.created_at,
            # an earlier list, with other positions, has those who left
            position=np.where(followers.standing, followers.position, np.nan),
            as_of=self.view.as_of,
        )
        return replace(result, as_of=iso_text(self.view.as_of))

    @cached_property
    def question(self) -> Question:
        """The questions among the posts, and who answered them."""
        result = self._question
        if self._unknown is not None:
            result = replace(result, tests=[], pooled=None, too_little=unknown_responses_sentence(self._unknown))
        return replace(result, follower_list=self.follower_list)

    @cached_property
    def _question(self) -> Question:
        from headcount.measures.question.question import question

        return question(
            self.view.posts,
            self.view.responses,
            member=self.member,
            followers=self.listed,
            as_of=self.view.as_of,
            chosen=self._chosen,
            platform=self.view.facts.platform,
        )

    @cached_property
    def ties(self) -> Ties:
        """Two-way ties; who is not in a partial list may follow, so that is unknown."""
        result, found, followers = self._ties, self.follower_list, self.view.followers
        if self.view.responses_unknown is not None:  # others addressed the account, whatever its posts are
            result = replace(
                result,
                written_to=None if self.posts_unknown and not len(self.view.exchanges) else result.written_to,
                heard_from=None,
                count=None,
                count_others=None,
                reciprocity=None,
                reciprocity_low=None,
                reciprocity_high=None,
                known_share=None,
                known_low=None,
                known_high=None,
                too_little=unknown_responses_sentence(self.view.responses_unknown),
            )
        top = result.top
        if not found.is_complete and followers is not None:
            top = [replace(tie, follows=None) if tie.person >= len(followers) else tie for tie in top]
        return replace(result, follower_list=found, top=top)

    @cached_property
    def _ties(self) -> Ties:
        from headcount.measures.relationships.ties import ties

        return ties(self.view.exchanges, member=self.member, followers=self.listed, as_of=self.view.as_of)

    @cached_property
    def labelled(self) -> Labelled | None:
        """What the user says of some of the followers; None without a label."""
        from headcount.store.labels import labelled_rows

        followers = self._whole_view.followers
        found = labelled_rows(followers.account_id, self.view.labels) if followers is not None else None
        return found if found is not None and found.said else None

    @cached_property
    def _judged(self) -> Authenticity | None:
        """The judgement of every follower by the score card alone."""
        if self._whole_view.followers is None:
            return None
        from headcount.measures.followers.authenticity import authenticity

        return authenticity(self._whole_view.followers, as_of=self.view.as_of, labelled=self.labelled)

    @cached_property
    def authenticity(self) -> Authenticity | None:
        """The judgement of every follower, in agreement with its class (`verdicts`); None where there is no list."""
        if self._judged is None:
            return None
        from headcount.measures.followers.verdicts import verdicts

        return replace(verdicts(self._judged, self._funnel, self.labelled), follower_list=self.follower_list)

    @cached_property
    def rings(self) -> FollowerRings | None:
        """Closed circuits among the followers; None where whom they follow is unknown."""
        followers, between = self._whole_view.followers, self._whole_view.between
        if followers is None or between is None or self.listed is None:
            return None
        from headcount.measures.circuits.followers import follower_rings

        circuits = follower_rings(between, followers, standing=self.listed)
        return replace(circuits, found=replace(circuits.found, as_of=iso_text(self.view.as_of)))

    @cached_property
    def funnel(self) -> Funnel:
        """The class of every follower."""
        result = replace(self._funnel, follower_list=self.follower_list)
        if self.listed is not None:
            return result
        return replace(result, too_little=follower_list_sentence(self.follower_list))

    @cached_property
    def _funnel(self) -> Funnel:
        from headcount.measures.followers.funnel import funnel
        from headcount.measures.followers.model_judge import ModelJudge

        followers = self._whole_view.followers
        if followers is None:
            followers = Followers.unknown(np.empty(0, dtype=object))
        size = len(followers)
        tied = np.zeros(size, dtype=bool)
        tied[[tie.person for tie in self._ties.top if tie.person < size]] = True
        return funnel(
            followers,
            responded=self.responses_by[:size],
            tied=tied,
            as_of=self.view.as_of,
            standing=followers.standing,
            judge=ModelJudge(
                labelled=self.labelled,
                found=self._judged,
                circuits=self.rings.reasons(size) if self.rings is not None else None,
            ),
        )


def measure(view: AccountView, *, chosen: Sequence[str] | None = None) -> Analysis:
    """The measures of one account (see `Analysis`)."""
    return Analysis(view, chosen)


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
