"""Settings of one world: one field a mechanism, each absent by default."""

from __future__ import annotations

from dataclasses import dataclass

from headcount.simulate.families.interest import Interest

__all__ = ["AudienceSettings"]


@dataclass(frozen=True, kw_only=True)
class AudienceSettings:
    """How one account's list of followers, posts and responses come about.

    A person with probability p responds to a post of response intensity e with probability 1 - (1-p)^e. Times are
    days; "the horizon" is the time of the further posts, as long as the window.

    Attributes:
        followers: expected size of the list at the end of the window.
        posts: posts of the window, and as many again.
        days: length of the window.
        interest: law of p.
        max_responses: p is scaled down where more responses in the window are expected than this.

        arrival_share: share of the final list that followed within the window; the same rate goes on after it.
        arrival_bursts: number of bursts that these arrivals come in; 0: steadily.
        churn: share of the followers who leave in 30 days.
        dropout: expected rate of followers who cease to respond for ever and stay on the list, per window.
        silent_block: share of the final list that followed within a few hours and never responds.
        silent_block_in_window: within the window; otherwise at any time before.

        reach_spread: standard deviation of the log-intensity of a post.
        reach_df: degrees of freedom of its Student law; None: normal.
        level_walk: standard deviation over one window of the random walk of the log-level.
        season: amplitude of the sinusoid of the log-level; season_windows: its period in windows.
        weekday_spread: standard deviation of the log-effects of the days of the week.
        viral_share: share of posts, past and to come, that go viral.
        viral_past, viral_to_come: number of viral posts in the window, and after it.
        viral_factor: median factor of a viral post's intensity; its log has standard deviation 0.5.

        topics: number of topics; 0: none. People are interested in about a third of them and respond to others
            at a twentieth of the rate; topics come in runs of about `topic_run` posts.
        topic_run: mean length of a run.
        interest_drift: standard deviation of the log-interest of a person, which moves within the window.
        crowd_share: share of the people who come in groups of `crowd_size`; a visit brings each with probability .7.
        crowd_size: people in a group.
        pod: people who respond to all but a few posts.

        sampled_share: share of the list that is looked at.
        words_share: mean share of responses in words.
        words_only: other kinds are not observed, and not counted in the truth.
        outsider_share: responses by people who never followed, as a share of those by followers.
        delay_hours: median delay of a response (log-normal); delay_spread: standard deviation of its log.
        margin_days: time from the last post of the window to the end of the observation.
    """

    followers: int
    posts: int
    days: float
    interest: Interest
    max_responses: float = 200_000

    arrival_share: float = 0.0
    arrival_bursts: int = 0
    churn: float = 0.0
    dropout: float = 0.0
    silent_block: float = 0.0
    silent_block_in_window: bool = False

    reach_spread: float = 0.0
    reach_df: float | None = None
    level_walk: float = 0.0
    season: float = 0.0
    season_windows: float = 2.0
    weekday_spread: float = 0.0
    viral_share: float = 0.0
    viral_past: int = 0
    viral_to_come: int = 0
    viral_factor: float = 8.0

    topics: int = 0
    topic_run: float = 3.0
    interest_drift: float = 0.0
    crowd_share: float = 0.0
    crowd_size: int = 8
    pod: int = 0

    sampled_share: float = 1.0
    words_share: float = 0.3
    words_only: bool = False
    outsider_share: float = 0.0
    delay_hours: float = 2.0
    delay_spread: float = 1.0
    margin_days: float = 3.0
