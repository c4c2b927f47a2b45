"""One account's followers and their responses as arrays: what an observer sees, and the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from headcount.simulate.people import Floats, Integers

__all__ = ["AudienceWorld", "KnownTimes"]

KnownTimes = Literal["exact", "order", "none"]
"""What is known of the times of following: each time; the order of the list and bounds; nothing."""


@dataclass(frozen=True, kw_only=True)
class AudienceWorld:
    """A window of t posts, the N followers on the list at its end, and as many further posts.

    The cohort is everybody on the list at `as_of` (in `sampled_list` the part that was looked at): people 0 … N-1,
    in random order. Times are seconds since 1970.

    Attributes:
        family, seed: what the world is made from.
        known_times: what is known of the times of following.
        posted_at: (t,) times of the window's posts, ascending.
        as_of: end of the observation, not before the last post.
        list_size: followers on the whole list; N unless only a part was looked at.
        followed_at: (N,) NaN where unknown to the observer.
        followed_after, followed_before: (N,) bounds on it, NaN where there is none.
        created_at: (N,) creation of the followers' accounts; NaN unless the order alone is known.
        position: (N,) place in the list, 0 = newest; NaN where the order is unknown.
        person, post, active, responded_at: (n,) responses up to `as_of`, by time, a person at most once a post: who
            (N and above: people who left the list, were not looked at or never followed), post 0 … t-1, by words
            (reply, mention, quote), when.
        true_followed_at: (N,) the true times.
        first_response_later: (N,) first further post, 0 … t-1, that a member responds to while on the list; -1: none.
            A response to a post of the window after `as_of` counts as one to further post 0.
        further_posts: number of further posts, as many as in the window.
        new_later_on_list: (t,) members of the whole list who respond for the first time, cumulative by further post.
        new_later_with_arrivals: (t,) the same with people who follow after `as_of`.
    """

    family: str
    seed: int
    known_times: KnownTimes
    posted_at: Floats
    as_of: float
    list_size: int
    followed_at: Floats
    followed_after: Floats
    followed_before: Floats
    created_at: Floats
    position: Floats
    person: Integers
    post: Integers
    active: NDArray[np.bool_]
    responded_at: Floats
    true_followed_at: Floats
    first_response_later: Integers
    further_posts: int
    new_later_on_list: Integers
    new_later_with_arrivals: Integers

    @property
    def posts(self) -> int:
        """Posts of the window."""
        return len(self.posted_at)

    @property
    def cohort(self) -> int:
        """Size of the cohort, N."""
        return len(self.true_followed_at)

    def has_responded(self) -> NDArray[np.bool_]:
        """(N,) members with at least one response in the window."""
        responded = np.zeros(self.cohort, dtype=np.bool_)
        responded[self.person[self.person < self.cohort]] = True
        return responded

    def truth(self, posts: int) -> int:
        """Members without a response in the window who respond to one of the next `posts` posts.

        Raises:
            ValueError: `posts` lies outside 0 … `further_posts`.
        """
        if not 0 <= posts <= self.further_posts:
            raise ValueError(f"posts must lie in 0 … {self.further_posts}, not {posts}")
        later = self.first_response_later[~self.has_responded()]
        return int(np.count_nonzero((later >= 0) & (later < posts)))
