"""`python -m training.fit_delay_law` prints the population of reply delays for `headcount.measures.question.delay_law`.

Data: Twitter15/16 (shared data), first replies of others; authors with even index among the sorted author ids. The
other half is for the evaluation (`tests/measures/test_delay_law.py`).
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import logsumexp

from headcount.columns import Floats, Integers
from headcount.measures.question.delay_law import CORRELATION, HORIZON, THREAD_SPREAD, DelayLaw, _log_likelihood
from training.sets import data_folder

START = (7.4, -0.2, np.log(1.4), np.log(0.3), np.log(0.7), np.log(0.16))


def first_replies(folder: Path) -> pd.DataFrame:
    """Author, thread, person and delay (seconds) of the first reply of each person to each thread."""
    events = pd.read_parquet(folder / "twitter15_16" / "events.parquet")
    events = events[(events.kind != "retweet") & (events.user_id != events.source_user_id) & (events.delay_min >= 0)]
    by_person = events.groupby(["source_user_id", "thread_id", "user_id"]).delay_min.min().reset_index()
    return by_person.assign(delay=by_person.delay_min * 60.0)


def half(folder: Path, odd: int) -> set[str]:
    """Authors with even (0) or odd (1) index among the sorted ids."""
    return set(sorted(pd.read_parquet(folder / "twitter15_16" / "threads.parquet").source_user_id.unique())[odd::2])


def law_of(parameters: Iterable[float]) -> DelayLaw:
    """The law from two means and the logarithms of four standard deviations."""
    scale, width, *logs = (float(value) for value in parameters)
    sd = np.exp(logs)
    return DelayLaw((scale, width), (float(sd[0]), float(sd[1])), (float(sd[2]), float(sd[3])))


def log_marginal(law: DelayLaw, likelihood: Floats, author: Integers) -> float:
    """Log marginal likelihood: threads integrated given their account, accounts over the population."""
    peak = likelihood.max(axis=(1, 2), keepdims=True)
    evidence = np.log(np.maximum(law.given_account(np.exp(likelihood - peak)), 1e-300)) + peak
    of_author = np.zeros((author.max() + 1, *evidence.swapaxes(0, 1).shape[1:]))
    np.add.at(of_author, author, evidence.swapaxes(0, 1))
    joint = of_author + np.log(np.maximum(law.account_prior, 1e-300))
    return float(logsumexp(joint, axis=(1, 2, 3)).sum())


def fit(replies: pd.DataFrame) -> tuple[DelayLaw, float]:
    """The law of these threads, and its log marginal likelihood."""
    replies = replies[replies.delay <= HORIZON]
    threads, row = np.unique(replies.thread_id, return_inverse=True)
    author = np.unique(replies.groupby("thread_id").source_user_id.first()[threads], return_inverse=True)[1]
    likelihood = _log_likelihood(row, replies.delay.to_numpy(), np.full(len(threads), HORIZON), CORRELATION)
    start = np.array(START)
    corners = np.vstack([start, start + 0.25 * np.eye(len(start))])
    found = minimize(
        lambda parameters: -log_marginal(law_of(parameters), likelihood, author),
        start,
        method="Nelder-Mead",
        options={"maxfev": 250, "xatol": 0.01, "fatol": 0.05, "initial_simplex": corners},
    )
    return law_of(found.x), -float(found.fun)


def main() -> None:
    """Fit and print."""
    folder = data_folder()
    replies = first_replies(folder)
    even = replies[replies.source_user_id.isin(half(folder, 0))]
    law, likelihood = fit(even)
    print(f"{even.thread_id.nunique()} threads of {even.source_user_id.nunique()} authors")
    print(law)
    print("thread_sd to use", [round(sd * THREAD_SPREAD, 3) for sd in law.thread_sd])
    print(f"log marginal likelihood {likelihood:.1f}")


if __name__ == "__main__":
    main()
