"""The parameters of a simulated platform, documented: who lives there, and how they follow and respond."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

__all__ = ["ROLES", "RoleSettings", "WorldSettings"]


@dataclass(frozen=True)
class RoleSettings:
    """How accounts of one role behave.

    Attributes:
        share: of all accounts.
        following: relative number of accounts followed (1 = an ordinary person), before its log-normal spread.
        posts_a_day: median posts a day while active (spread: `WorldSettings.activity_spread`).
        response: mean probability to respond to a post of an account that is followed, with full attention.
        devotion: first parameter of the Beta that this probability is drawn from, person by person (small: a few
            devoted, most nearly silent).
        follow_back: probability to follow back whoever follows.
        answers: probability to answer a reply to an own post.
        following_outside: median number of accounts followed outside the slice that the world shows (see
            `WorldSettings.outside_spread`); followers_outside: followers from there, as a share of that.
    """

    share: float
    following: float
    posts_a_day: float
    response: float
    devotion: float
    follow_back: float
    answers: float
    following_outside: float
    followers_outside: float


ROLES: dict[str, RoleSettings] = {
    "real": RoleSettings(0.50, 1.0, 0.10, 0.030, 0.6, 0.15, 0.35, 120, 0.8),
    "lurker": RoleSettings(0.20, 0.8, 0.002, 0.0008, 0.3, 0.02, 0.1, 100, 0.3),
    "away": RoleSettings(0.14, 0.7, 0.06, 0.020, 0.6, 0.1, 0.3, 100, 0.7),
    "newcomer": RoleSettings(0.06, 0.4, 0.05, 0.020, 0.6, 0.1, 0.3, 25, 0.5),
    "organisation": RoleSettings(0.01, 0.6, 0.40, 0.004, 0.6, 0.05, 0.1, 150, 6.0),
    "auto_follow": RoleSettings(0.05, 5.0, 0.50, 0.00005, 0.3, 0.92, 0.0, 3500, 0.9),
    "bought": RoleSettings(0.03, 0.3, 0.0, 0.0, 1.0, 0.0, 0.0, 900, 0.01),
    "circuit": RoleSettings(0.01, 0.5, 0.20, 0.0001, 0.3, 0.5, 0.0, 20, 0.9),
}
"""Shares follow no published census; they are chosen so that every kind is there. The order of sizes is what is
reported: most people hardly post or respond (Nielsen's 90-9-1), auto-followers are a few per cent, bought accounts are
empty."""


@dataclass(frozen=True)
class WorldSettings:
    """A platform.

    Attributes:
        people: accounts, the cast apart.
        follows: follow relations to aim at (about; duplicates and follows of oneself are left out).
        now: the observation, UTC.
        years: age of the platform.
        observed_weeks: how far back posts and responses go.
        interests: number of interests that people share.
        same_interest: share of follows within the follower's own interest.
        following_spread: standard deviation of log accounts followed.
        outside_spread: standard deviation of the log of what is followed outside. A world is a slice of a larger
            platform: the counters of a profile tell of follows outside of it, the follows table does not.
        popularity_tail: exponent of the Pareto distribution of being found (smaller: heavier tail).
        activity_spread: standard deviation of log posts a day.
        reach_spread: standard deviation of the log-reach of a post.
        attention: accounts that one can follow and still see half of what they post.
        delay_minutes, delay_spread: median delay of a response and standard deviation of its logarithm.
        kinds: shares of responses by kind.
        community_size: mean size of a chatty community of friends or fans; community_share: of real people in one.
        community_density: share of pairs in a community that follow each other; community_talk: mean exchanges a pair.
        circuit_size: mean size of a closed circuit; circuit_density: share of pairs that follow each other.
        unfollow_churn: share of an auto-follower's follows that ended again.
        newcomer_dropout: share of newcomers who are gone after their first days.
        burst_days: length of the delivery of bought followers.
        roles: see `ROLES`.
    """

    people: int = 20_000
    follows: int = 600_000
    now: datetime = datetime(2026, 10, 1, 12, tzinfo=UTC)
    years: float = 4.0
    observed_weeks: float = 12.0
    interests: int = 12
    same_interest: float = 0.6
    following_spread: float = 0.9
    outside_spread: float = 0.6
    popularity_tail: float = 1.6
    activity_spread: float = 1.3
    reach_spread: float = 0.4
    attention: float = 400.0
    delay_minutes: float = 45.0
    delay_spread: float = 1.7
    kinds: dict[str, float] = field(
        default_factory=lambda: {"reply": 0.20, "mention": 0.02, "quote": 0.03, "repost": 0.11, "like": 0.64}
    )
    community_size: float = 25.0
    community_share: float = 0.3
    community_density: float = 0.5
    community_talk: float = 1.5
    circuit_size: float = 60.0
    circuit_density: float = 0.7
    unfollow_churn: float = 0.3
    newcomer_dropout: float = 0.7
    burst_days: float = 3.0
    roles: dict[str, RoleSettings] = field(default_factory=lambda: dict(ROLES))
