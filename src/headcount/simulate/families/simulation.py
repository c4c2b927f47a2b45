"""One world from its settings."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from headcount.simulate.families.members import draw_members, known_follows
from headcount.simulate.families.posts import draw_posts
from headcount.simulate.families.responses import Responses, draw_responses
from headcount.simulate.families.settings import AudienceSettings
from headcount.simulate.families.world import AudienceWorld, KnownTimes
from headcount.simulate.people import Integers

__all__ = ["simulate_audience"]


def simulate_audience(
    settings: AudienceSettings,
    generator: np.random.Generator,
    *,
    known_times: KnownTimes = "exact",
    family: str = "",
    seed: int = 0,
) -> AudienceWorld:
    """Simulate a list of followers, posts and responses.

    Args:
        settings: the mechanisms.
        generator: of everything drawn.
        known_times: what the observer knows of the times of following; the rest of the world does not depend on it.
        family, seed: carried through.
    """
    t = settings.posts
    observer = generator.spawn(1)[0]
    posts = draw_posts(settings, generator)
    members = draw_members(settings, posts, generator)
    responses = draw_responses(settings, members, posts, generator)
    is_listed = members.on_list(posts.as_of)
    listed = np.flatnonzero(is_listed)
    place = np.empty(len(listed))
    place[np.argsort(-members.followed_at[listed], kind="stable")] = np.arange(len(listed))
    is_seen = generator.random(len(listed)) < settings.sampled_share
    if not is_seen.any():
        is_seen[:1] = True
    cohort = listed[is_seen]
    followed_at = members.followed_at[cohort]
    known = known_follows(followed_at, place[is_seen], posts.as_of, known_times, observer)

    observed = responses.at <= posts.as_of
    first_later = _first_later(responses, observed, t, len(members.p))
    has_responded = np.zeros(len(first_later), dtype=np.bool_)
    has_responded[responses.person[observed]] = True
    is_new = ~has_responded[: len(members.p)] & (first_later[: len(members.p)] >= 0)
    return AudienceWorld(
        family=family,
        seed=seed,
        known_times=known_times,
        posted_at=posts.at[:t],
        as_of=posts.as_of,
        list_size=len(listed),
        followed_at=known.followed_at,
        followed_after=known.followed_after,
        followed_before=known.followed_before,
        created_at=known.created_at,
        position=known.position,
        person=_numbers(responses.person[observed], cohort, len(first_later)),
        post=responses.post[observed],
        active=responses.active[observed],
        responded_at=responses.at[observed],
        true_followed_at=followed_at,
        first_response_later=first_later[cohort],
        further_posts=t,
        new_later_on_list=_cumulative(first_later[: len(members.p)][is_new & is_listed], t),
        new_later_with_arrivals=_cumulative(first_later[: len(members.p)][is_new], t),
    )


def _first_later(responses: Responses, observed: NDArray[np.bool_], t: int, members: int) -> Integers:
    """(people,) first further post that each member or outsider responds to after `as_of`, -1: none."""
    people = max(members, int(responses.person.max(initial=-1)) + 1)
    first = np.full(people, 2 * t, dtype=np.int64)
    np.minimum.at(first, responses.person[~observed], np.maximum(responses.post[~observed] - t, 0))
    return np.where(first < 2 * t, first, -1)


def _numbers(person: Integers, cohort: Integers, people: int) -> Integers:
    """People as 0 … N-1 in the cohort, and from N on, by first response, for all others."""
    number = np.full(people, -1, dtype=np.int64)
    number[cohort] = np.arange(len(cohort))
    others, first = np.unique(person[number[person] < 0], return_index=True)
    number[others[np.argsort(first)]] = len(cohort) + np.arange(len(others))
    return number[person]


def _cumulative(first: Integers, t: int) -> Integers:
    return np.cumsum(np.bincount(first, minlength=t))
