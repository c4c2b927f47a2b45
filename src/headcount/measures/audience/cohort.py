"""Sufficient statistics of a fixed cohort: who could respond to how much, and how often they did.

The cohort is everybody on the follower list at the end of the window. Posts k = 0 … t-1; member i follows from post s_i
on and responded to y_i posts; n_k members responded to post k, A_k = #{i: s_i <= k} could.

    reach of a post     e_k = g((n_k + 1) / (A_k r + 1)),  r = sum n / sum A,  rescaled to mean 1 over the window
    exposure            E_i = sum of e_k over k >= s_i
    without a response  F_i = E_i - sum of e_k over the y_i posts

A member who responds to a post of reach 1 with probability p contributes p^y (1 - p)^F to the likelihood (model M_th
with individual exposure; Otis et al. 1978). Members are grouped by start, number of responses and time of the last
response, so that the likelihood of a million people has at most some hundred terms.

People who respond to most posts can hardly respond to more of them: of a post of twice the reach the devoted make the
number of responders less than twice as high. With a law f of p, responders per member at reach e against those at 1 are

    m(e) = integral (1 - (1 - p)^e) f dp / integral p f dp,      g = inverse of m      (`Saturation`)
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from headcount.support.times import DAY

__all__ = ["PARTS", "UNKNOWN_START", "Cohort", "Groups", "Saturation", "cumulative_reach", "first_posts", "post_reach"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PARTS = 12
"""Parts of the window in which the last response of a member lies; with at most 12 posts each is a part."""
_START_BINS = 5
_EXACT_RESPONSES = 8
_BIN_RATIO = 1.4
_REACH_CLASSES = (2.0, 4.0, 8.0)
_CONSTANT_SHARE = 0.9
_CONSTANT_POSTS = 10
_MAX_PAUSE = 1.0
"""Windows; of an account that was silent for longer nothing is known of who is still there."""
UNKNOWN_START = -1
_MOSTLY = 0.9


@dataclass(frozen=True)
class Groups:
    """Members alike in start, responses and last response.

    Attributes:
        people: (G,) members.
        start: (G,) mean index of the first post they could respond to, 0 … t.
        responses: (G,) mean number of posts they responded to; 0 for silent members.
        answered: (G, 12) mean number of posts they responded to in each twelfth of the window, posts weighted by reach.
        last: (G,) mean index of the post of their last response; -1 for silent members.
    """

    people: Floats
    start: Floats
    responses: Floats
    answered: Floats
    last: Floats


@dataclass(frozen=True)
class Saturation:
    """How the number of responders of a post depends on its reach.

    Attributes:
        log_reach, log_share: (K,) increasing: log of reach e and of m(e); empty where m(e) = e.
        elasticity: d log m / d log e at e = 1, at most 1.
        dispersion: variance of the responders of a post of reach 1 over their mean, at most 1.
    """

    log_reach: Floats
    log_share: Floats
    elasticity: float = 1.0
    dispersion: float = 1.0

    @classmethod
    def none(cls) -> Saturation:
        """Responses proportional to reach: m(e) = e."""
        return cls(np.empty(0), np.empty(0))

    def log_reach_of(self, log_share: Floats) -> Floats:
        """Log of the reach at which that log share of members responds, against reach 1; at the end where none does."""
        if not len(self.log_reach):
            return log_share
        value: Floats = np.asarray(np.interp(log_share, self.log_share, self.log_reach), dtype=np.float64)
        return value

    @property
    def noise(self) -> float:
        """Variance of the log of reach as seen from n responders, times n."""
        return self.dispersion / self.elasticity**2


@dataclass(frozen=True)
class _Rows:
    """What groups are made from: (n,) of members with a response, (rows,) their posts, (t + 1,) silent by start."""

    since: Integers
    responses: Integers
    latest: Integers
    post: Integers
    silent: Floats


@dataclass(frozen=True)
class Cohort:
    """A fixed cohort and its responses to the posts of the window.

    Attributes:
        size: members N.
        observed: members who responded at least once.
        posts: number of posts t.
        responders: (t,) members who responded to each post (n_k).
        first_responders: (t,) members whose first response was to that post.
        starting: (t + 1,) members whose first post is that one; the last entry could respond to none.
        maturity: (t,) share of its responses that each post has collected so far, above 0, at most 1.
        elapsed: (t,) time from the first post to each, in windows of t times the mean time between posts.
        pause: time from the last post to the end of the observation, in windows.
        days: length of the window in days; None where times are unknown.
        starts_unknown: of nearly all members it is unknown when they followed; they count as there from the beginning.
        groups: all members in groups.
        saturation: how responders depend on reach.

    People who respond to nearly everything (at least 0.9 of at least 10 posts) are only in `size` and `observed`: they
    say nothing of silent members, and no smooth law of probabilities contains them.
    """

    size: int
    observed: int
    posts: int
    responders: Floats
    first_responders: Floats
    starting: Floats
    maturity: Floats
    elapsed: Floats
    pause: float
    days: float | None
    starts_unknown: bool
    groups: Groups
    saturation: Saturation
    _rows: _Rows

    @classmethod
    def from_pairs(
        cls,
        person: Integers,
        post: Integers,
        *,
        size: int,
        posts: int,
        start: Integers | None = None,
        maturity: Floats | None = None,
        times: Floats | None = None,
    ) -> Cohort:
        """Summarise distinct pairs of member and post, sorted by member and then by post.

        Args:
            person: (n,) members; 0 … size-1 where `start` is given, any sorted numbers otherwise.
            post: (n,) posts, 0 … posts-1.
            size: members of the cohort, silent ones included.
            posts: number of posts in the window.
            start: (size,) first post that each member could respond to, 0 … posts, -1 where unknown; None: all from the
                beginning.
            maturity: (posts,) share of its responses that each post has collected; None: all of them.
            times: (posts + 1,) increasing times of the posts and of the end of the observation, in seconds; None: even.
        """
        elapsed, pause, days = _elapsed(times, posts)
        first_row = np.flatnonzero(np.diff(person, prepend=-1))
        responses = np.diff(first_row, append=len(person))
        earliest, latest = post[first_row], post[first_row + responses - 1]
        everyone = np.zeros(size, dtype=np.int64) if start is None else np.clip(start, 0, posts)
        people = person[first_row]
        # who responded to a post could respond to it, whatever the time of following suggests
        since = np.zeros(len(people), dtype=np.int64) if start is None else np.minimum(everyone[people], earliest)
        chances = posts - since
        constant = (responses >= _CONSTANT_SHARE * chances) & (chances >= _CONSTANT_POSTS)
        starting = np.bincount(everyone, minlength=posts + 1).astype(np.float64)
        if start is not None:
            starting += np.bincount(since, minlength=posts + 1) - np.bincount(everyone[people], minlength=posts + 1)
        silent = starting - np.bincount(since, minlength=posts + 1)
        starting -= np.bincount(since[constant], minlength=posts + 1)
        smooth = ~constant
        kept_rows = np.repeat(smooth, responses)
        responders = np.bincount(post[kept_rows], minlength=posts).astype(np.float64)
        saturation = Saturation.none()
        reach = post_reach(responders, np.cumsum(starting[:-1]), saturation)
        rows = _Rows(since[smooth], responses[smooth], latest[smooth], post[kept_rows], silent)
        return cls(
            size=size,
            observed=len(people),
            posts=posts,
            responders=responders,
            first_responders=np.bincount(earliest[smooth], minlength=posts).astype(np.float64),
            starting=starting,
            maturity=np.ones(posts) if maturity is None else np.clip(maturity, 1e-3, 1.0),
            elapsed=elapsed,
            pause=pause,
            days=days,
            starts_unknown=start is not None and size > 0 and float((start == UNKNOWN_START).mean()) > _MOSTLY,
            groups=_group(rows, starting, reach),
            saturation=saturation,
            _rows=rows,
        )

    def with_saturation(self, saturation: Saturation) -> Cohort:
        """The same cohort with this relation of responders to reach."""
        reach = post_reach(self.responders, self.present(), saturation)
        return replace(self, saturation=saturation, groups=_group(self._rows, self.starting, reach))

    def reversed(self) -> Cohort:
        """The same responses in reverse order of time, where everybody is there from the beginning.

        What ceases to respond in it begins to respond in the cohort: who entered at unknown times.
        """
        rows, t = self._rows, self.posts
        earliest = rows.post[np.cumsum(rows.responses) - rows.responses]
        silent, starting = (np.append(value.sum(), np.zeros(t)) for value in (rows.silent, self.starting))
        turned = _Rows(np.zeros_like(rows.since), rows.responses, t - 1 - earliest, t - 1 - rows.post, silent)
        responders = self.responders[::-1]
        reach = post_reach(responders, np.cumsum(starting[:-1]), self.saturation)
        return replace(
            self,
            responders=responders,
            first_responders=np.bincount(t - 1 - rows.latest, minlength=t).astype(np.float64),
            starting=starting,
            maturity=self.maturity[::-1],
            elapsed=self.elapsed[-1] - self.elapsed[::-1],
            groups=_group(turned, starting, reach),
            _rows=turned,
        )

    @property
    def silent(self) -> int:
        """Members who have not responded."""
        return max(self.size - self.observed, 0)

    def present(self, dropout: float = 0.0) -> Floats:
        """(t,) members who could respond to each post (A_k).

        Args:
            dropout: rate at which members stop responding for good, per window; those still responding are counted.
        """
        decay = np.exp(-dropout * self.elapsed)
        present: Floats = decay * np.cumsum(self.starting[:-1] / decay)
        return present


def _elapsed(times: Floats | None, posts: int) -> tuple[Floats, float, float | None]:
    """Time of each post and of the pause after the last, in windows, even where times do not tell; days of a window."""
    spacing = float(times[-2] - times[0]) / (posts - 1) if times is not None and posts > 1 else 0.0
    if times is None or not spacing > 0 or not np.isfinite(times).all():
        return np.arange(posts) / posts, 0.5 / posts, None
    since = (times - times[0]) / (spacing * posts)
    return since[:-1], min(max(float(since[-1] - since[-2]), 0.0), _MAX_PAUSE), spacing * posts / DAY


def first_posts(followed_at: Floats, post_times: Floats, earliest: Floats | None = None) -> Integers:
    """(N,) index of the first post at or after each follow; -1 where it is unknown.

    Args:
        followed_at: (N,) times of following, NaN where unknown.
        post_times: (t,) times of the posts, increasing, without NaN.
        earliest: (N,) lower bounds of those times, NaN where there is none; who cannot have followed before a post
            within the window counts as there from that post on.
    """
    start = np.where(np.isnan(followed_at), UNKNOWN_START, np.searchsorted(post_times, followed_at))
    if earliest is not None:
        bound = np.where(np.isnan(earliest), 0, np.searchsorted(post_times, earliest))
        start = np.where((start == UNKNOWN_START) & (bound > 0), bound, start)
    return start.astype(np.int64)


def post_reach(responders: Floats, present: Floats, saturation: Saturation) -> Floats:
    """(t,) reach of each post (e_k): from responders per member who could respond, smoothed by one, with mean 1."""
    mean = float(responders.sum()) / max(float(present.sum()), 1e-9)
    reach = np.exp(saturation.log_reach_of(np.log((responders + 1) / (present * mean + 1))))
    scaled: Floats = reach / reach.mean()
    return scaled


def cumulative_reach(reach: Floats) -> Floats:
    """(t + 1,) total reach of the posts before each post."""
    return np.concatenate([[0.0], np.cumsum(reach)])


def _group(rows: _Rows, starting: Floats, reach: Floats) -> Groups:
    """Group silent members by start, others by start, responses, their mean reach and part of the last one."""
    posts, since, responses, latest, post = len(reach), rows.since, rows.responses, rows.latest, rows.post
    bins = _start_bins(starting, posts)
    quiet = np.bincount(bins, weights=rows.silent)
    kept = np.flatnonzero(quiet > 0)
    quiet_start = np.bincount(bins, weights=rows.silent * np.arange(posts + 1))[kept] / quiet[kept]
    part = latest * PARTS // posts
    level = _response_bins(responses)
    # who responded to posts that went far is another group: one of a high reach takes less interest
    wide = np.digitize(np.add.reduceat(reach[post], np.cumsum(responses) - responses) / responses, _REACH_CLASSES)
    level = level * (len(_REACH_CLASSES) + 1) + wide
    code = (bins[since] * (int(level.max(initial=0)) + 1) + level) * PARTS + part
    _, group, people = np.unique(code, return_inverse=True, return_counts=True)
    start = np.bincount(group, weights=since) / people
    mean = np.bincount(group, weights=responses) / people
    last = np.bincount(group, weights=latest) / people
    cell = np.repeat(group, responses) * PARTS + post * PARTS // posts
    answered = np.bincount(cell, weights=reach[post], minlength=len(people) * PARTS).reshape(-1, PARTS)
    answered = answered / people[:, None]
    return Groups(
        people=np.concatenate([quiet[kept], people.astype(np.float64)]),
        start=np.concatenate([quiet_start, start]),
        responses=np.concatenate([np.zeros(len(kept)), mean]),
        answered=np.concatenate([np.zeros((len(kept), PARTS)), answered]),
        last=np.concatenate([np.full(len(kept), -1.0), last]),
    )


def _start_bins(starting: Floats, posts: int) -> Integers:
    """(t + 1,) bin of each start: 0 for the beginning of the window, then bins of about equal numbers of members."""
    later = starting.copy()
    later[0] = 0.0
    total = float(later.sum())
    bins = np.zeros(posts + 1, dtype=np.int64)
    if total > 0:
        before = np.cumsum(later) - later / 2
        bins[1:] = 1 + np.clip((before[1:] / total * _START_BINS).astype(np.int64), 0, _START_BINS - 1)
    return bins


def _response_bins(responses: Integers) -> Integers:
    """(n,) bin of each number of responses: exact up to 8, then of ratio 1.4."""
    beyond = np.log(np.maximum(responses, 1) / (_EXACT_RESPONSES + 1)) / np.log(_BIN_RATIO)
    wide = _EXACT_RESPONSES + 1 + np.floor(beyond + 1e-9).astype(np.int64)
    return np.where(responses <= _EXACT_RESPONSES, responses, wide)
