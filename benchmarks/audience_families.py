"""Prints how often the interval of new responders holds, by family of simulated accounts, beside published estimators.

`python -m benchmarks.audience_families [--worlds 60] [--families growth churn …] [--half choose|report]
[--predictors headcount …] [--known-times exact|order|none] [--jobs 1] [--rows FILE]`

A predictor takes a world of `headcount.simulate.families` and returns `middle`, `low` and `high` (95%): how many
members of the cohort who have not responded will respond to as many posts again; None where it gives no number.
`--predictors package.module:function` names any other, `without_…` the headcount without one of its steps. Even seeds
are the half to choose a model on, odd seeds the half to report; a table says which.

Columns: worlds with a number; share of intervals that hold the truth, the numbers of misses above (the truth is higher)
and below; the mean interval score (Winkler, 95%) of log(1 + new), which charges width and misses together, lower is
better; the median of (1 + predicted) / (1 + true); the median width in people; median processor seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import functools
import importlib
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from unittest import mock

import numpy as np

from benchmarks.audience_rivals import RIVALS
from headcount.simulate.families import FAMILIES, AudienceWorld, draw_world

ALPHA = 0.05
HALVES = {"choose": 0, "report": 1}
MUST_HOLD = ("growth", "churn", "dropping_out", "devoted_and_rare")
"""Families whose intervals have to hold, beside those near the assumptions."""

Predictor = Callable[[AudienceWorld], dict[str, float] | None]


@dataclass(frozen=True)
class Scored:
    """One prediction of one world."""

    family: str
    seed: int
    predictor: str
    known_times: str
    cohort: int
    posts: int
    responded: int
    truth: int
    middle: float
    low: float
    high: float
    seconds: float

    @property
    def has_number(self) -> bool:
        return bool(np.isfinite(self.middle))


def headcount(world: AudienceWorld, *, use_times: bool = True, use_ages: bool = True) -> dict[str, float] | None:
    """The headcount of a fixed cohort (`headcount.measures.audience` with `start`).

    Args:
        world: the account; use_times: of following; use_ages: of posts that are still collecting responses.
    """
    from headcount.measures.audience.audience import audience
    from headcount.measures.audience.cohort import first_posts
    from headcount.measures.audience.maturity import maturity
    from headcount.measures.growth.follow_times import follow_times

    member = world.person < world.cohort
    times = follow_times(
        followed_at=world.followed_at,
        followed_after=world.followed_after,
        followed_before=world.followed_before,
        created_at=world.created_at,
        position=world.position,
        as_of=world.as_of,
    )
    share = maturity(world.as_of - world.posted_at, world.responded_at - world.posted_at[world.post], world.post)
    found = audience(
        world.person[member],
        world.post[member],
        world.active[member],
        posts=world.posts,
        followers=world.cohort,
        start=first_posts(times.point_by(world.posted_at[0]), world.posted_at, times.earliest) * use_times,
        maturity=share if use_ages else None,
        times=np.append(world.posted_at, world.as_of),
    )
    if found.headcount is None or found.low is None or found.high is None or found.observed is None:
        return None
    values = {"middle": found.headcount, "low": found.low, "high": found.high}
    return {name: value - found.observed for name, value in values.items()}


def open_population(world: AudienceWorld) -> dict[str, float] | None:
    """The headcount as a report gives it, told the size of the list and nothing of times of following."""
    from headcount.measures.audience.audience import incidence
    from headcount.measures.audience.prediction import predict

    member = world.person < world.cohort
    if not member.any():
        return None
    data = incidence(world.person[member], world.post[member], world.posts, world.cohort)
    prediction = predict(data, np.array([world.posts]))
    (middle,), ((low,), (high,)) = prediction.middle(), prediction.interval()
    return {"middle": float(middle), "low": float(low), "high": float(high)}


def _without(*changes: tuple[str, object]) -> Predictor:
    """The headcount with names of `headcount.measures.audience.cohort_prediction` replaced."""
    from headcount.measures.audience import cohort_prediction

    def predict(world: AudienceWorld) -> dict[str, float] | None:
        with contextlib.ExitStack() as stack:
            for name, value in changes:
                stack.enter_context(mock.patch.object(cohort_prediction, name, value))
            return headcount(world)

    return predict


def _no_process(kind: str) -> tuple[str, object]:
    from headcount.measures.audience import cohort_prediction

    usual = cohort_prediction._processes
    return "_processes", lambda cohort: [process for process in usual(cohort) if process.kind != kind]


def _ablations() -> dict[str, Predictor]:
    """The headcount without one of its steps."""
    from headcount.measures.audience.interest import BETA, ZERO_BETA

    return {
        "without_times": functools.partial(headcount, use_times=False),
        "without_young_posts": functools.partial(headcount, use_ages=False),
        "without_laws": _without(("LAWS", (BETA, ZERO_BETA))),
        "without_saturation": _without(("_NEARLY_ELASTIC", 0.0)),
        "without_dropping_out": _without(_no_process("dropout")),
        "without_entry": _without(_no_process("entry")),
        "without_silent_newcomers": _without(_no_process("silent newcomers")),
        "without_leaving": _without(
            ("stay_share", lambda days, windows, draws, generator: np.ones((draws, len(windows))))
        ),
        "without_crowds": _without(("overdispersion", lambda responders, first_responders: 1.0)),
    }


PREDICTORS: dict[str, Predictor] = {"headcount": headcount, "open_population": open_population} | RIVALS | _ablations()


def find_predictor(name: str) -> Predictor:
    """A predictor of the table, or `package.module:function`."""
    if ":" in name:
        module, _, function = name.partition(":")
        found: Predictor = getattr(importlib.import_module(module), function)
        return found
    return PREDICTORS[name]


def score_world(family: str, seed: int, predictors: Sequence[str], known_times: str | None) -> list[Scored]:
    """All predictors on one world."""
    world = draw_world(family, seed, known_times)  # type: ignore[arg-type]
    responded, truth = int(world.has_responded().sum()), world.truth(world.posts)
    rows = []
    for name in predictors:
        predict = find_predictor(name)
        started = time.process_time()
        found = predict(world) or dict.fromkeys(("middle", "low", "high"), np.nan)
        seconds = time.process_time() - started
        values = (float(found[part]) for part in ("middle", "low", "high"))
        sizes = (world.known_times, world.cohort, world.posts, responded, truth)
        rows.append(Scored(family, seed, name, *sizes, *values, seconds))
    return rows


def interval_score(truth: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Winkler's score of a 95% interval on log(1 + x) (Gneiting & Raftery 2007, equation 43)."""
    y, lower, upper = np.log1p(truth), np.log1p(low), np.log1p(high)
    return upper - lower + 2 / ALPHA * (np.maximum(lower - y, 0) + np.maximum(y - upper, 0))


@dataclass(frozen=True)
class Summary:
    """One line of the table."""

    worlds: int
    without: int
    coverage: float
    above: int
    below: int
    score: float
    ratio: float
    width: float
    seconds: float


def summarize(rows: Iterable[Scored]) -> Summary:
    """Scores of one predictor on some worlds."""
    rows = list(rows)
    given = [row for row in rows if row.has_number]
    if not given:
        return Summary(0, len(rows), *[np.nan], 0, 0, *[np.nan] * 4)
    truth, middle, low, high = np.array([(row.truth, row.middle, row.low, row.high) for row in given]).T
    above, below = int((truth > high).sum()), int((truth < low).sum())
    return Summary(
        worlds=len(given),
        without=len(rows) - len(given),
        coverage=1 - (above + below) / len(given),
        above=above,
        below=below,
        score=float(interval_score(truth, low, high).mean()),
        ratio=float(np.median((1 + middle) / (1 + truth))),
        width=float(np.median(high - low)),
        seconds=float(np.median([row.seconds for row in given])),
    )


def table(rows: Sequence[Scored]) -> list[str]:
    """One line a family and predictor, then the groups of families."""
    families = list(dict.fromkeys(row.family for row in rows))
    near = {name for name in families if FAMILIES[name].near_assumptions}
    groups = {name: {name} for name in families}
    groups["near the assumptions"] = near
    groups["must hold, without near"] = set(MUST_HOLD) & set(families)
    groups["the other families"] = set(families) - near - set(MUST_HOLD)
    head = f"{'family':24} {'predictor':20} {'worlds':>6} {'none':>4} {'holds':>6} {'above':>5} {'below':>5}"
    lines = [head + f" {'score':>6} {'ratio':>6} {'width':>8} {'s':>6}"]
    for group, names in groups.items():
        for predictor in dict.fromkeys(row.predictor for row in rows):
            s = summarize(row for row in rows if row.predictor == predictor and row.family in names)
            if s.worlds or s.without:
                line = f"{group:24} {predictor.rpartition(':')[2]:20} {s.worlds:6} {s.without:4} {s.coverage:6.3f}"
                line += f" {s.above:5} {s.below:5} {s.score:6.2f} {s.ratio:6.2f} {s.width:8,.0f} {s.seconds:6.2f}"
                lines.append(line)
    return lines


def run(
    families: Sequence[str],
    seeds: Sequence[int],
    predictors: Sequence[str],
    *,
    known_times: str | None = None,
    jobs: int = 1,
) -> list[Scored]:
    """All predictors on all worlds."""
    tasks = [(family, seed, predictors, known_times) for family in families for seed in seeds]
    if jobs == 1:
        return [row for task in tasks for row in score_world(*task)]
    with ProcessPoolExecutor(jobs) as pool:
        return [row for rows in pool.map(score_world, *zip(*tasks, strict=True), chunksize=4) for row in rows]


def main() -> None:
    """Simulate, predict, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=60, help="of each family")
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=list(FAMILIES), metavar="FAMILY")
    parser.add_argument("--predictors", nargs="+", default=["headcount"], help=f"of {', '.join(PREDICTORS)}")
    parser.add_argument("--half", choices=list(HALVES), default="choose", help="even or odd seeds")
    parser.add_argument("--known-times", choices=["exact", "order", "none"], help="[default: drawn for each world]")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--rows", type=Path, help="CSV file of every prediction")
    options = parser.parse_args()
    seeds = range(HALVES[options.half], 2 * options.worlds, 2)
    rows = run(options.families, seeds, options.predictors, known_times=options.known_times, jobs=options.jobs)
    print(f"{options.worlds} worlds a family, the half to {options.half} ({'odd' if seeds.start else 'even'} seeds)\n")
    print("\n".join(table(rows)))
    if options.rows:
        with options.rows.open("w", newline="") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Scored)])
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)


if __name__ == "__main__":
    main()
