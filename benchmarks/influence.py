"""Prints how well response, followers and PageRank predict engagement that none of them has seen.

`python -m benchmarks.influence [--data ../shared/data]`

Design, fixed before any result was looked at:

* TIMME PureP (583 politicians; follows, replies, retweets, likes, mentions among them). Each of the four kinds of
  engagement is held back in turn, the other three pooled are known. Outcome: distinct people who engage with the
  account in the held-back kind. Scores: *response* (shrunken rate of followers who responded in the known kinds, times
  followers), *interaction* (PageRank from responder to responded-to, by times), *followers*, and *PageRank* (plain,
  over the follows). All accounts count.
* Higgs (replies and mentions of one week, no times). Replies are known and mentions held back, and the other way
  round. There are no follows: follower rank cannot be had. Response is the number of distinct responders, plain
  PageRank is that of who responded to whom at all, without weights. All accounts count that occur in the known kind.
* Each of these once with everybody, and once with *other people*: the accounts are split in two by a fixed draw, the
  scores know only what the one half did, the outcome counts only people of the other half. Then nobody predicts
  their own habits, and a pair that is in both kinds (a reply names whom it answers) cannot help. Follows are whole.
* Shown: Spearman's rho of each score with the outcome, and the paired difference of response, and of interaction,
  with followers and with plain PageRank, 95% intervals. 'holds' where the whole interval of the difference is above 0,
  'fails' where it is below, '-' where it holds 0.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from headcount.graph.graph import Graph
from headcount.measures.influence.influence import count_responders, influence
from headcount.measures.influence.ranks import Difference, compare

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
KINDS = ("reply", "retweet", "like", "mention")
SCORES = ("response", "interaction", "followers", "PageRank")


@dataclass(frozen=True)
class Engagement:
    """Who engaged with whom, how often; nobody with themselves."""

    actor: np.ndarray
    target: np.ndarray
    times: np.ndarray

    def by(self, people: np.ndarray) -> Engagement:
        """What these people (a flag for each account) did."""
        kept = people[self.actor]
        return Engagement(self.actor[kept], self.target[kept], self.times[kept])


@dataclass(frozen=True)
class Trial:
    """One row of the table."""

    data: str
    held_back: str
    people: str
    accounts: int
    scores: dict[str, np.ndarray]
    outcome: np.ndarray

    def against(self, first: str, second: str) -> Difference:
        """Paired difference of two scores."""
        return compare(self.scores[first], self.scores[second], self.outcome)


def pagerank(source: np.ndarray, target: np.ndarray, weight: np.ndarray, count: int) -> np.ndarray:
    """PageRank with damping .85 by 100 power iterations; what accounts without a way out hold goes to all."""
    from scipy.sparse import coo_array

    out = np.bincount(source, weights=weight, minlength=count)
    step = coo_array((weight / out[source], (target, source)), shape=(count, count)).tocsr()
    score = np.full(count, 1 / count)
    for _ in range(100):
        score = 0.85 * (step @ score + score[out == 0].sum() / count) + 0.15 / count
    # Accounts that nobody points to have one and the same score: rounding must not rank them.
    return np.round(score / score.max(), 12)


def timme(data: Path) -> tuple[Graph, dict[str, Engagement]]:
    """Follows and engagement among politicians."""
    table = pq.read_table(data / "timme_purep" / "edges.parquet")
    source, target, times, relation = (
        np.asarray(table[name].to_pylist()) for name in ("src", "dst", "count", "relation")
    )
    ids = np.unique(np.concatenate([source, target]))
    u, v = np.searchsorted(ids, source), np.searchsorted(ids, target)
    kinds = {}
    for kind in ("follow", *KINDS):
        kept = (relation == kind) & (u != v)
        kinds[kind] = Engagement(u[kept], v[kept], times[kept].astype(float))
    follows = kinds.pop("follow")
    return Graph.from_edges(follows.actor, follows.target, ids=np.arange(len(ids))), kinds


def higgs(data: Path) -> tuple[int, dict[str, Engagement]]:
    """Number of accounts, replies and mentions."""
    tables = {kind: pq.read_table(data / "higgs_twitter" / f"{kind}_edges.parquet") for kind in ("reply", "mention")}
    columns = {kind: [table[name].to_numpy() for name in ("src", "dst", "weight")] for kind, table in tables.items()}
    ids = np.unique(np.concatenate([column for three in columns.values() for column in three[:2]]))
    kinds = {}
    for kind, (source, target, weight) in columns.items():
        other = source != target
        u, v = np.searchsorted(ids, source[other]), np.searchsorted(ids, target[other])
        kinds[kind] = Engagement(u, v, weight[other].astype(float))
    return len(ids), kinds


def pooled(several: list[Engagement]) -> Engagement:
    """Kinds of engagement together."""
    actor, target, times = (
        np.concatenate([getattr(e, name) for e in several]) for name in ("actor", "target", "times")
    )
    return Engagement(actor, target, times)


def halves(count: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Whose deeds the scores know, and whose the outcome counts."""
    everybody = np.ones(count, dtype=bool)
    yield "everybody", everybody, everybody
    one = np.random.default_rng(0).random(count) < 0.5
    yield "other people", one, ~one


def timme_trials(data: Path) -> Iterator[Trial]:
    """Each kind held back in turn."""
    graph, kinds = timme(data)
    count = graph.count
    followers = np.diff(graph.followers.offsets).astype(float)
    source = np.repeat(np.arange(count), np.diff(graph.followees.offsets))
    plain = pagerank(source, graph.followees.targets.astype(np.int64), np.ones(graph.edges), count)
    for held_back in KINDS:
        rest = pooled([kinds[kind] for kind in KINDS if kind != held_back])
        for people, known_of, counted in halves(count):
            known, later = rest.by(known_of), kinds[held_back].by(counted)
            reachable = np.bincount(graph.followees.targets, weights=known_of[source], minlength=count)
            responders = count_responders(known.actor, known.target, count, graph.followers).astype(float)
            found = influence(responders, followers, reachable=reachable)
            rate = np.where(followers > 0, np.nan_to_num(found.response.rate), 0.0)
            scores = {
                "response": rate * followers,
                "interaction": pagerank(known.actor, known.target, known.times, count),
                "followers": followers,
                "PageRank": plain,
            }
            outcome = count_responders(later.actor, later.target, count).astype(float)
            yield Trial("TIMME", held_back, people, count, scores, outcome)


def higgs_trials(data: Path) -> Iterator[Trial]:
    """Replies and mentions in turn."""
    count, kinds = higgs(data)
    for held_back, at_hand in (("mention", "reply"), ("reply", "mention")):
        for people, known_of, counted in halves(count):
            known, later = kinds[at_hand].by(known_of), kinds[held_back].by(counted)
            there = np.zeros(count, dtype=bool)
            there[known.actor] = there[known.target] = True
            scores = {
                "response": count_responders(known.actor, known.target, count).astype(float),
                "interaction": pagerank(known.actor, known.target, known.times, count),
                "PageRank": pagerank(known.actor, known.target, np.ones(len(known.actor)), count),
            }
            outcome = count_responders(later.actor, later.target, count).astype(float)
            kept = {name: score[there] for name, score in scores.items()}
            yield Trial("Higgs", held_back, people, int(there.sum()), kept, outcome[there])


def verdict(difference: Difference) -> str:
    """Does the first predict better?"""
    if difference.low is None or difference.low <= 0 <= difference.high:
        return "-"
    return "holds" if difference.low > 0 else "fails"


def show(trial: Trial) -> None:
    """Correlations of one trial, then the differences."""
    print(f"\n{trial.data}: {trial.held_back} held back, {trial.people}, {trial.accounts:,} accounts")
    for name in SCORES:
        if name in trial.scores:
            found = trial.against(name, name).first
            print(f"  {name:12} {found.rho:6.3f} ({found.low:.3f} to {found.high:.3f})")
        else:
            print(f"  {name:12} unknown: no follows")
    for first in SCORES[:2]:
        for second in SCORES[2:]:
            if second in trial.scores:
                found = trial.against(first, second)
                print(
                    f"    {first} - {second:10} {found.value:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
                    f"  {verdict(found)}"
                )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    options = parser.parse_args()
    started = time.perf_counter()
    print("Spearman's rho with the number of people who engage in the held-back kind, 95% intervals")
    for trials in (timme_trials, higgs_trials):
        for trial in trials(options.data):
            show(trial)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
