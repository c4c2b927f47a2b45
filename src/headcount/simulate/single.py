"""One account, its followers and its posts, with known truth: what the audience measure is tested against.

Follower i has a response probability p_i and post k a reach e_k; follower i responds to post k with probability
p_i e_k, independently. The truth of the posts that are still to come is drawn with the rest. Where followers come
and go, each leaves with the same probability before every post, and another person follows instead.
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
        posts: how many are seen; followers: everyone who followed at any time until the last of them.
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
    stay: float | None = None,
    seed: int,
) -> SingleAccount:
    """Draw one account.

    Args:
        followers: how many follow at a time; posts: seen; future_posts: still to come.
        response: mean response probability of those who are not silent, per post.
        heterogeneity: for beta, the first parameter a (small: a few devoted people; large: everyone alike); for
            log-normal, the standard deviation of log p.
        shape: distribution of p over followers.
        silent_share: share of followers who never respond (p = 0).
        reach_spread: standard deviation of the log-reach of a post.
        active_share: share of responses that take words.
        stay: for how many posts a person follows on average; None: for ever.
        seed: equal seeds give equal worlds.
    """
    generator = np.random.default_rng(seed)

    def people(size: int) -> NDArray[np.float64]:
        return _chances(generator, size, response, heterogeneity, shape, silent_share)

    chance = people(followers)
    reach = np.exp(reach_spread * generator.standard_normal(posts + future_posts) - reach_spread**2 / 2)
    name, known = np.arange(followers), followers
    captures: list[NDArray[np.int64]] = []
    probability = [chance.copy()]
    responded, new = np.zeros(followers, dtype=bool), []
    for place, size in enumerate(reach):
        if stay is not None and place:
            gone = np.flatnonzero(generator.random(followers) < 1 / stay)
            chance[gone], name[gone], responded[gone] = people(len(gone)), known + np.arange(len(gone)), False
            if place < posts:
                known += len(gone)
                probability.append(chance[gone])
        who = generator.random(followers) < np.minimum(chance * size, 0.98)
        if place < posts:
            captures.append(name[who])
        else:
            new.append(int((who & ~responded).sum()))
        responded |= who
    person = np.concatenate(captures) if captures else np.empty(0, dtype=np.int64)
    post = np.repeat(np.arange(len(captures)), [len(who) for who in captures])
    active = generator.random(len(person)) < active_share
    truth = np.cumsum(np.array(new, dtype=np.int64))
    return SingleAccount(posts, known, person, post, active, truth, np.concatenate(probability))


def _chances(
    generator: np.random.Generator,
    size: int,
    response: float,
    heterogeneity: float,
    shape: Heterogeneity,
    silent_share: float,
) -> NDArray[np.float64]:
    """(size,) response probabilities of people to a post of reach 1."""
    if shape == "beta":
        chance = generator.beta(heterogeneity, heterogeneity * (1 / response - 1), size)
    else:
        spread = heterogeneity * generator.standard_normal(size) - heterogeneity**2 / 2
        chance = np.minimum(response * np.exp(spread), 0.95)
    chance[generator.random(size) < silent_share] = 0.0
    return chance
