"""Real threads: first replies of others, and forecasts of each thread by the author's earlier threads only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from headcount.measures.question.delay_law import HORIZON, DelayLaw, ReplyDelays, delay_law
from headcount.measures.question.reply_curve import Prior, forecast

HOUR = 3600.0


@dataclass(frozen=True)
class Thread:
    """One post of a real author, and the delays (seconds, rising) of the first reply of each other person."""

    author: str
    posted: float
    delay: np.ndarray


def read_threads(folder: Path, name: str) -> dict[str, list[Thread]]:
    """The threads of each author, oldest first; threads without a reply included."""
    pd = pytest.importorskip("pandas")
    if name == "twitter15_16":
        replies = pd.read_parquet(folder / name / "events.parquet")
        replies = replies[replies.kind != "retweet"].assign(delay=lambda rows: rows.delay_min * 60.0)
        sources = pd.read_parquet(folder / name / "threads.parquet")
    else:
        tweets = pd.read_parquet(folder / name / "tweets.parquet")
        replies = tweets[~tweets.is_source].assign(delay=lambda rows: rows.delay_s.astype(float))
        sources = tweets[tweets.is_source]
    replies = replies[(replies.delay >= 0) & (replies.user_id != replies.source_user_id)]
    first = replies.groupby(["thread_id", "user_id"]).delay.min().reset_index()
    delays = {thread: np.sort(rows.delay.to_numpy(float)) for thread, rows in first.groupby("thread_id")}
    found: dict[str, list[Thread]] = {}
    for author, thread in sorted(set(zip(sources.source_user_id, sources.thread_id, strict=True))):
        posted = ((int(thread) >> 22) + 1_288_834_974_657) / 1000  # the time in the id
        found.setdefault(author, []).append(Thread(author, posted, delays.get(thread, np.empty(0))))
    return {author: sorted(threads, key=lambda thread: thread.posted) for author, threads in found.items()}


def half_of(threads: dict[str, list[Thread]], odd: int) -> dict[str, list[Thread]]:
    """Authors with even (0) or odd (1) index among the sorted ids."""
    return {author: threads[author] for author in sorted(threads)[odd::2]}


COLUMNS = ("earlier", "truth", "seen", "estimate", "low", "high")


def forecasts(
    threads: dict[str, list[Thread]],
    hours: float,
    *,
    target: float = 24 * HOUR,
    at_least: int = 10,
    law: DelayLaw | None = None,
    prior: Prior | None = None,
) -> np.ndarray:
    """Each thread with so many repliers by `target`, forecast from its first hours: rows of COLUMNS."""
    watched, rows = hours * HOUR, []
    for of_author in threads.values():
        for i, thread in enumerate(of_author):
            truth = int((thread.delay <= target).sum())
            if truth < at_least:
                continue
            earlier = of_author[:i]
            post = np.repeat(np.arange(i), [len(other.delay) for other in earlier])
            delay = np.concatenate([np.empty(0), *(other.delay for other in earlier)])
            until = np.array([min(HORIZON, thread.posted + watched - other.posted) for other in earlier])
            seen = thread.delay[thread.delay <= watched]
            learned = ReplyDelays.learn(law or delay_law("x"), post, delay, until)
            share, weight = learned.running(seen, watched, target)
            found = forecast(len(seen), share, weight=weight, prior=prior)
            rows.append((i, truth, len(seen), found.estimate, found.low, found.high))
    return np.array(rows, dtype=float)


def with_earlier(rows: np.ndarray, low: int, high: int) -> np.ndarray:
    """Those with so many earlier threads."""
    return rows[(rows[:, 0] >= low) & (rows[:, 0] <= high)]


def median_error(rows: np.ndarray) -> float:
    """Median absolute relative error of the estimate."""
    return float(np.median(np.abs(rows[:, 3] - rows[:, 1]) / rows[:, 1]))


def log_bias(rows: np.ndarray) -> float:
    """Median of the logarithm of estimate over truth."""
    return float(np.median(np.log(np.maximum(rows[:, 3], 0.5) / rows[:, 1])))


def misses(rows: np.ndarray) -> tuple[int, int]:
    """How many truths lie above the interval, and below it."""
    return int((rows[:, 1] > rows[:, 5]).sum()), int((rows[:, 1] < rows[:, 4]).sum())


def held(rows: np.ndarray) -> float:
    """Share of the truths in the interval."""
    return 1 - sum(misses(rows)) / len(rows)
