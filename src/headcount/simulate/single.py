"""One account, its followers and its posts, with known truth: what the audience measure is tested against.

Follower i has a response probability p_i and post k a reach e_k; follower i responds to post k with probability
p_i e_k, independently. The truth of the posts that are still to come is drawn with the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["SingleAccount", "single_account"]

Heterogeneity = Literal["beta", "log-normal"]


@dataclass(frozen=True)
class SingleAccount:
    """What is seen of the account, and what is true.

    Attributes:
        posts, followers: how many.
        person, post: (n,) captures in the posts that are seen; active: by words.
        new_responders: (future posts,) people who had never responded, by then, after each future post.
        probability: (followers,) response probability of each follower to a post of reach 1.
    """

    posts: int
    followers: int
    person: NDArray[np.int64]
    post: NDArray[np.int64]
    active: NDArray[np.bool_]
    new_responders: NDArray[np.int64]
    probability: NDArray[np.float64]


def single_account(
    followers: int,
    posts: int,
    future_posts: int,
    *,
    response: float = 0.02,
    heterogeneity: float = 1.0,
    shape: Heterogeneity = "beta",
    silent_share: float = 0.0,
    reach_spread: float = 0.0,
    active_share: float = 0.3,
    seed: int,
) -> SingleAccount:
    """Draw one account.

    Args:
        followers: how many follow; posts: seen; future_posts: still to come.
        response: mean response probability of those who are not silent, per post.
        heterogeneity: for beta, the first parameter a (small: a few devoted people; large: everyone alike); for
            log-normal, the standard deviation of log p.
        shape: distribution of p over followers.
        silent_share: share of followers who never respond (p = 0).
        reach_spread: standard deviation of the log-reach of a post.
        active_share: share of responses that take words.
        seed: equal seeds give equal worlds.
    """
    generator = np.random.default_rng(seed)
    if shape == "beta":
        chance = generator.beta(heterogeneity, heterogeneity * (1 / response - 1), followers)
    else:
        spread = heterogeneity * generator.standard_normal(followers) - heterogeneity**2 / 2
        chance = np.minimum(response * np.exp(spread), 0.95)
    chance[generator.random(followers) < silent_share] = 0.0
    reach = np.exp(reach_spread * generator.standard_normal(posts + future_posts) - reach_spread**2 / 2)
    people: list[NDArray[np.int64]] = []
    seen = np.zeros(followers, dtype=bool)
    later = np.zeros(followers, dtype=bool)
    new = []
    for place, size in enumerate(reach):
        who = np.flatnonzero(generator.random(followers) < np.minimum(chance * size, 0.98))
        if place < posts:
            people.append(who)
            seen[who] = True
        else:
            later[who] = True
            new.append(int((later & ~seen).sum()))
    person = np.concatenate(people) if people else np.empty(0, dtype=np.int64)
    post = np.repeat(np.arange(len(people)), [len(who) for who in people])
    active = generator.random(len(person)) < active_share
    return SingleAccount(posts, followers, person, post, active, np.array(new, dtype=np.int64), chance)
