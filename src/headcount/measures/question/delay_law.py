"""A hierarchical law of reply delays: accounts differ in pace, and so do the threads of one account.

**The law.** Given that people reply at different rates, a Weibull hazard with gamma-distributed rates of shape c (a
frailty model; Lancaster 1979, Econometrica 47:939) gives delays of the Burr XII distribution (Burr 1942):

    F(t) = 1 - (1 + (t / exp(m))^(1/s))^-c,

truncated at HORIZON. c = 1/2 is the same for all; its median is exp(m) 3^s.

**Two levels.** An account has means a of (m, log s), normal around those of the population. Each of its threads has
its own (m, log s), normal around a; one thread in five (WIDE_SHARE) scatters three times as far (WIDE_FACTOR), as
where a larger account reposts it hours later.

    a ~ N(population mean, account_sd^2),   (m, log s) | a, k ~ 0.8 N(a, (k thread_sd)^2) + 0.2 N(a, (3 k thread_sd)^2)

with k the account's own spread, one of SPREADS.

**Learning.** A thread with n replies, watched until w, contributes the likelihood of its delays truncated at w,
integrated over its (m, log s) on a grid. The product over threads gives the posterior of (a, k). Without earlier
threads (a, k) has the distribution of the population, and that spread remains in the forecast. Replies to one thread
depend on each other, so the log-likelihood of n replies is divided by 1 + (n - 1) r: r = CORRELATION for an earlier
thread, and RUNNING_CORRELATION for the thread that is forecast, whose first replies predict its further course less
well.

**The numbers.** The means and standard deviations maximise the marginal likelihood of one half of the authors of
Twitter15/16 (Ma, Gao & Wong 2017; even index of the sorted author ids, 695 threads of 313 authors:
`training/fit_delay_law.py`). The other constants have the best mean log score of 24-hour counts forecast from 1 and 3
hours on the same half, except SPREADS, which were chosen among equal scores by the coverage in simulated accounts.
The other half of the authors is for the evaluation. For a platform without measured threads the account level is
WIDENING times as wide (a choice, not a measurement).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np

from headcount.columns import Floats, Integers
from headcount.support.times import DAY

__all__ = ["HORIZON", "DelayLaw", "ReplyDelays", "delay_law"]

HORIZON = 7 * DAY
"""Seconds after which a post is taken as answered: the 'end' of the final count."""

WIDE_SHARE, WIDE_FACTOR = 0.2, 3.0
CORRELATION, RUNNING_CORRELATION = 0.02, 0.15
THREAD_SPREAD = 1.7
"""Fitted scatter between threads times this: replies come in bursts, so threads differ more than the law allows."""
SPREADS, SPREAD_PRIOR = (0.7, 1.0, 1.4), np.array([0.2, 0.6, 0.2])
"""Accounts differ in how much their threads differ: standard deviations of threads times these, and how likely."""
WIDENING = 1.5
MAX_THREADS = 1_000
"""Newest threads with replies that the law of an account is learned from."""
SHAPE = 0.5

_SCALES = np.linspace(2.5, 15.0, 41)
_WIDTHS = np.linspace(np.log(0.25), np.log(5.0), 25)
_EDGES = np.concatenate([[0.0], np.geomspace(15.0, HORIZON, 49)])
"""Delays are counted in these bins, and a last one up to the end of the observation."""
_TINY = 1e-40


@dataclass(frozen=True)
class DelayLaw:
    """How reply delays vary over accounts and threads; delays in seconds.

    Attributes:
        mean: of m and of log s over all accounts.
        account_sd, thread_sd: standard deviations of both, between accounts and between threads of one account.
    """

    mean: tuple[float, float]
    account_sd: tuple[float, float]
    thread_sd: tuple[float, float]

    def widened(self, factor: float) -> DelayLaw:
        """The same law with accounts that differ more."""
        return replace(self, account_sd=(self.account_sd[0] * factor, self.account_sd[1] * factor))

    def time_of(self, share: Floats) -> Floats:
        """Seconds by which that share of the replies within HORIZON has come, at the population mean."""
        scale, width = self.mean[0], np.exp(self.mean[1])
        within = share * _untruncated(np.array(HORIZON), np.array(scale), np.array(width))
        times: Floats = np.exp(scale) * ((1 - within) ** (-1 / SHAPE) - 1) ** width
        return times

    @cached_property
    def account_prior(self) -> Floats:
        """(spreads, scales, widths) probabilities of what an account may be like."""
        parts = [
            _normal(grid, np.array([mean]), sd)[0]
            for grid, mean, sd in zip((_SCALES, _WIDTHS), self.mean, self.account_sd, strict=True)
        ]
        prior: Floats = SPREAD_PRIOR[:, None, None] * np.outer(*parts)
        return prior

    @cached_property
    def _kernels(self) -> list[tuple[int, float, Floats, Floats]]:
        """Components of the threads' scatter: index of the spread, weight, transition of each parameter."""
        return [
            (
                index,
                weight,
                _normal(_SCALES, _SCALES, self.thread_sd[0] * spread * factor),
                _normal(_WIDTHS, _WIDTHS, self.thread_sd[1] * spread * factor),
            )
            for index, spread in enumerate(SPREADS)
            for weight, factor in ((1 - WIDE_SHARE, 1.0), (WIDE_SHARE, WIDE_FACTOR))
        ]

    def given_account(self, likelihood: Floats) -> Floats:
        """(spreads, …, scales, widths) mean of a thread's likelihood given its account."""
        mean = np.zeros((len(SPREADS), *likelihood.shape))
        for index, weight, scale, width in self._kernels:
            mean[index] += weight * (scale @ likelihood @ width.T)
        return mean

    def of_thread(self, account: Floats) -> Floats:
        """(scales, widths) probabilities of a new thread's parameters from those of its account."""
        thread = np.zeros(account.shape[1:])
        for index, weight, scale, width in self._kernels:
            thread += weight * (scale.T @ account[index] @ width)
        return thread


_MEASURED = {"x": DelayLaw(mean=(7.314, -0.183), account_sd=(1.159, 0.199), thread_sd=(0.94, 0.185))}
"""By platform; `thread_sd` is THREAD_SPREAD times the fitted one."""


@lru_cache
def delay_law(platform: str | None = None) -> DelayLaw:
    """The law of a platform; that of the measured ones, widened, where it was not measured."""
    measured = _MEASURED.get(platform or "")
    return measured if measured is not None else next(iter(_MEASURED.values())).widened(WIDENING)


@dataclass(frozen=True)
class ReplyDelays:
    """The posterior of an account's reply delays given its threads.

    Attributes:
        law: of all accounts.
        threads: (n,) numbers of the threads that were used, rising.
        evidence: (spreads, n, scales, widths) log-likelihood of each thread given its account.
    """

    law: DelayLaw
    threads: Integers
    evidence: Floats

    @classmethod
    def learn(cls, law: DelayLaw, post: Integers, delay: Floats, watched: Floats) -> ReplyDelays:
        """From first replies.

        Args:
            law: of all accounts.
            post: (n,) number of the post of each reply, 0 … len(watched)-1, newer posts with higher numbers.
            delay: (n,) seconds from post to reply, known and 0 or more.
            watched: (posts,) seconds that each post was watched.
        """
        until = np.minimum(watched, HORIZON)
        used = delay <= until[post]
        post, delay = post[used], delay[used]
        threads = np.unique(post)[-MAX_THREADS:]
        used = np.isin(post, threads)
        row = np.searchsorted(threads, post[used])
        likelihood = _log_likelihood(row, delay[used], until[threads], CORRELATION)
        peak = likelihood.max(axis=(1, 2), keepdims=True)
        mean = law.given_account(np.exp(likelihood - peak))
        return cls(law, threads, np.log(np.maximum(mean, 1e-300)) + peak)

    def account(self, leave_out: int | None = None) -> Floats:
        """(spreads, scales, widths) posterior probabilities of the account, without one thread."""
        rows = self.evidence if leave_out is None else self.evidence[:, self.threads != leave_out]
        return _normalised(np.log(np.maximum(self.law.account_prior, 1e-300)) + rows.sum(axis=1))

    def running(
        self, delay: Floats, watched: float, target: float = HORIZON, leave_out: int | None = None
    ) -> tuple[Floats, Floats]:
        """The share of the replies by `target` that have come to one thread by now, as a distribution.

        Args:
            delay: known delays of its replies so far.
            watched: seconds since it was posted.
            target: seconds after which its replies are counted.
            leave_out: its number, where it is among the threads learned from.

        Returns:
            shares, probabilities.
        """
        seen = delay[delay <= watched]
        likelihood = _log_likelihood(np.zeros(len(seen), int), seen, np.array([watched]), RUNNING_CORRELATION)[0]
        prior = self.law.of_thread(self.account(leave_out))
        weight = _normalised(np.log(np.maximum(prior, 1e-300)) + likelihood).ravel()
        now, then = _share_by(np.array([min(watched, target), target])).reshape(2, -1)
        used = weight > 1e-9
        shares = np.clip(now[used] / np.maximum(then[used], _TINY), 1e-6, 1.0)
        return shares, weight[used] / weight[used].sum()


def _untruncated(at: Floats, scale: Floats, width: Floats) -> Floats:
    share: Floats = -np.expm1(-SHAPE * np.logaddexp(0.0, (np.log(np.maximum(at, 1e-3)) - scale) / width))
    return share


def _share_by(at: Floats) -> Floats:
    """(times, scales, widths) F at each time for each pair of parameters of the grid."""
    scale, width = _SCALES[:, None], np.exp(_WIDTHS)[None, :]
    share = _untruncated(at[:, None, None], scale, width) / _untruncated(np.array(HORIZON), scale, width)
    return np.where(at[:, None, None] > 0, np.minimum(share, 1.0), 0.0)


@lru_cache(maxsize=1)
def _bins() -> tuple[Floats, Floats]:
    """F at the edges of the bins, and the log-probability of each bin."""
    share = _share_by(_EDGES)
    return share, np.log(np.maximum(np.diff(share, axis=0), _TINY))


def _log_likelihood(row: Integers, delay: Floats, until: Floats, correlation: float) -> Floats:
    """(threads, scales, widths) of the delays of each thread, truncated at the end of its observation."""
    edges_share, log_bins = _bins()
    bins = len(log_bins)
    column = np.clip(np.searchsorted(_EDGES, delay, side="right") - 1, 0, bins - 1)
    last = np.clip(np.searchsorted(_EDGES, until, side="left") - 1, 0, bins - 1)
    column = np.minimum(column, last[row])
    counts = np.bincount(row * bins + column, minlength=len(until) * bins).reshape(len(until), bins).astype(float)
    total = counts.sum(axis=1)
    threads = np.arange(len(until))
    in_last = counts[threads, last].copy()
    counts[threads, last] = 0.0
    within = _share_by(until)
    partial = np.log(np.maximum(within - edges_share[last], _TINY))
    likelihood = np.tensordot(counts, log_bins, axes=1)
    likelihood += in_last[:, None, None] * partial
    likelihood -= total[:, None, None] * np.log(np.maximum(within, 1e-12))
    weighted: Floats = likelihood / (1 + np.maximum(total - 1, 0) * correlation)[:, None, None]
    return weighted


def _normal(grid: Floats, mean: Floats, sd: float) -> Floats:
    """(means, grid) probabilities of a normal distribution on the points of a grid."""
    density = np.exp(-0.5 * ((grid[None, :] - mean[:, None]) / sd) ** 2)
    probability: Floats = density / density.sum(axis=1, keepdims=True)
    return probability


def _normalised(log_weight: Floats) -> Floats:
    weight = np.exp(log_weight - log_weight.max())
    probability: Floats = weight / weight.sum()
    return probability
