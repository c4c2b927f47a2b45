"""Hidden posts of real accounts: how near is the prediction, and how often does its interval hold?

Twitter15/16 (Ma et al. 2017; Liu et al. 2015; Ma et al. 2016): authors with at least three threads, in order of time.
The last third of an author's threads is hidden (at least one; at least two stay), and the distinct new responders in
it are predicted from the rest: every response, and replies to the author alone. RumourEval 2017 (Derczynski et al.
2017): the same for replies. The authors' own events and events before the source are left out. No follower lists.

Compared: the mean of distinct people a post so far (naive), Chao's extrapolation (Colwell et al. 2012, equation 18) and
Good & Toulmin 1956. Error: absolute difference over truth, median over authors; its interval by resampling authors.
Halves by sha256 of the author's number (even and odd). Both were seen while the model of reach was chosen, so that they
show how much the figures differ between samples of authors; neither is an untouched test.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from headcount.measures import capture_recapture as cr
from headcount.measures.audience import _captures, _incidence
from headcount.measures.prediction import predict

pytestmark = pytest.mark.shared

METHODS = ("ours", "naive", "chao", "good_toulmin")


@dataclass(frozen=True)
class Author:
    """What was predicted for the hidden threads of one author, and what they brought."""

    half: int
    threads: int
    truth: int
    guess: dict[str, float]
    covered95: bool
    covered80: bool


def judge(name: str, threads: list[str], events: list[tuple[str, str]]) -> Author | None:
    """Hide the last third of the threads (in order of time); None where nothing is left to tell or to compare."""
    hidden = max(len(threads) // 3, 1)
    t = len(threads) - hidden
    place = {thread: k for k, thread in enumerate(threads)}
    people = {who: i for i, who in enumerate(sorted({who for _, who in events}))}
    post = np.array([place[thread] for thread, _ in events], dtype=np.int64)
    person = np.array([people[who] for _, who in events], dtype=np.int64)
    past, later = person[post < t], person[post >= t]
    truth = len(set(later.tolist()) - set(past.tolist()))
    if t < 2 or not len(past) or not truth:
        return None
    captures = _captures(past, post[post < t], t, None)
    data = _incidence(captures)
    prediction = predict(captures, np.array([hidden]))
    held = [prediction.interval(level) for level in (0.95, 0.8)]
    guess = {
        "ours": float(prediction.middle()[0]),
        "naive": captures.observed / t * hidden,
        "chao": cr.extrapolation(data, hidden) - captures.observed,
        "good_toulmin": max(cr.good_toulmin(data, hidden), 0.0),
    }
    half = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2
    return Author(half, len(threads), truth, guess, *(bool(low[0] <= truth <= high[0]) for low, high in held))


def authors_of_cascades(folder: Path, kind: str) -> list[Author]:
    """Authors of Twitter15/16; kind: 'everything' or 'replies' to the author."""
    import pyarrow.parquet as pq

    threads: dict[str, list[str]] = {}
    for thread, author in rows(pq.read_table(folder / "threads.parquet"), "thread_id", "source_user_id"):
        threads.setdefault(author, []).append(thread)
    names = ("thread_id", "user_id", "source_user_id", "parent_user", "kind", "delay_min")
    events: dict[str, list[tuple[str, str]]] = {}
    for thread, who, author, parent, how, delay in rows(pq.read_table(folder / "events.parquet"), *names):
        reply = how != "retweet" and parent == author
        if len(threads[author]) >= 3 and delay >= 0 and who != author and (kind == "everything" or reply):
            events.setdefault(author, []).append((thread, who))
    return judged(threads, events)


def authors_of_rumours(folder: Path) -> list[Author]:
    """Authors of RumourEval 2017: replies to the source."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "tweets.parquet")
    threads: dict[str, list[str]] = {}
    events: dict[str, list[tuple[str, str]]] = {}
    names = ("thread_id", "user_id", "source_user_id", "in_reply_to_user_id", "is_source", "delay_s")
    for thread, who, author, parent, source, delay in rows(table, *names):
        if source:
            threads.setdefault(author, []).append(thread)
        elif delay >= 0 and who != author and parent == author:
            events.setdefault(author, []).append((thread, who))
    return judged(threads, events)


def rows(table, *names):
    return zip(*(table[name].to_pylist() for name in names), strict=True)


def judged(threads, events) -> list[Author]:
    found = [
        judge(str(author), sorted(own, key=int), events[author])
        for author, own in sorted(threads.items())
        if len(own) >= 3 and author in events
    ]
    return [author for author in found if author is not None]


def errors(authors: list[Author], method: str) -> np.ndarray:
    return np.array([abs(author.guess[method] - author.truth) / author.truth for author in authors])


def median_error(authors: list[Author], method: str) -> float:
    return float(np.median(errors(authors, method)))


def share(authors: list[Author], what: str) -> float:
    return float(np.mean([getattr(author, what) for author in authors]))


def table(name: str, authors: list[Author]) -> str:
    """Markdown: median absolute percentage error with its bootstrap interval, and coverage."""
    groups = {
        "all": authors,
        "even half": [a for a in authors if a.half == 0],
        "odd half": [a for a in authors if a.half == 1],
        "5 threads and more": [a for a in authors if a.threads >= 5],
    }
    lines = []
    for label, part in groups.items():
        if len(part) < 5:
            continue
        cells = []
        for method in METHODS:
            error = errors(part, method)
            chosen = np.random.default_rng(1).integers(0, len(part), (2000, len(part)))
            low, high = np.quantile(np.median(error[chosen], axis=1), [0.025, 0.975])
            cells.append(f"{np.median(error):.3f} ({low:.2f} to {high:.2f})")
        held = [f"{share(part, what):.2f}" for what in ("covered95", "covered80")]
        lines.append(f"| {name}, {label} | {len(part)} | " + " | ".join([*cells, *held]) + " |")
    return "\n".join(lines)


def gain(authors: list[Author], method: str) -> tuple[float, float, float]:
    """Median error of the method less ours, with the 95% interval of resampled authors (each with both errors)."""
    ours, other = errors(authors, "ours"), errors(authors, method)
    chosen = np.random.default_rng(1).integers(0, len(authors), (2000, len(authors)))
    between = np.median(other[chosen], axis=1) - np.median(ours[chosen], axis=1)
    low, high = np.quantile(between, [0.025, 0.975])
    return float(np.median(other) - np.median(ours)), float(low), float(high)


def show(name: str, authors: list[Author]) -> None:
    print("\n" + table(name, authors))
    for method in METHODS[1:]:
        nearer = float(np.mean(errors(authors, "ours") < errors(authors, method)))
        print("{}: error larger by {:.3f} ({:.3f} to {:.3f})".format(method, *gain(authors, method)), end="; ")
        print(f"ours nearer for {nearer:.0%} of {len(authors)} authors")


@pytest.fixture(scope="module")
def everything(shared_data: Path) -> list[Author]:
    return authors_of_cascades(shared_data / "twitter15_16", "everything")


def test_nearer_than_the_naive_rate_and_than_chao(everything: list[Author]):
    show("every response", everything)
    assert len(everything) >= 85
    ours = median_error(everything, "ours")
    assert ours < median_error(everything, "naive") - 0.02
    assert ours < median_error(everything, "chao") - 0.01


def test_intervals_hold(everything: list[Author]):
    assert share(everything, "covered95") >= 0.80
    assert share(everything, "covered80") >= 0.55


def test_good_toulmin_agrees_where_it_may_be_used(everything: list[Author]):
    """Both look at the same near future: over all authors they lie within a quarter of each other."""
    near = [abs(np.log((a.guess["ours"] + 1) / (a.guess["good_toulmin"] + 1))) for a in everything]
    assert float(np.median(near)) < 0.25


def test_replies_alone(shared_data: Path):
    """With few repliers a thread no rule is better than another: ours is as near, and says how uncertain it is."""
    found = authors_of_cascades(shared_data / "twitter15_16", "replies")
    show("replies to the author", found)
    assert len(found) >= 85
    assert median_error(found, "ours") < median_error(found, "naive") + 0.05
    assert share(found, "covered95") >= 0.88


def test_rumoureval(shared_data: Path):
    """Too few authors to tell rules apart; enough to see whether intervals hold."""
    found = authors_of_rumours(shared_data / "rumoureval2017")
    show("RumourEval 2017, replies", found)
    assert len(found) >= 15
    assert share(found, "covered95") >= 0.85
