"""Who has influence, as against followers? By response, account by account, over a whole platform.

**Definition.** The *response rate* of an account is the share of its reachable followers that responded in the
window: distinct people, however often each did. It is shown per 1,000. A follower is reachable unless known to be
away, gone or fake; where that is not known all followers are.

**Shrinkage.** x of n followers responded. x is binomial with rate p, and p of accounts with n followers is
Beta(m M, (1 - m) M) with logit m quadratic and log M linear in log n: accounts are compared with those of similar
size. The five constants are fitted to all accounts by marginal likelihood (beta-binomial; Robbins 1956, Efron 2010
ch. 1), with weak priors (uniform shrinkage for M, Daniels 1999) and the variance of m added to that of the rates. The
rate shown is the posterior mean (x + m M)/(n + M), the interval the central 95% of
Beta(x + m M, n - x + (1 - m) M). Over all accounts 95% of these hold the truth; of a single kind of account that the
prior does not know (one in a thousand with ten times the rate) fewer do. Beside it stands Wilson's interval, which
uses the account's own counts only.

**Ranks.** By followers; by *response*: rate times reachable followers, the people who respond; and any that the
caller computed over the network (the interaction-weighted PageRank, plain PageRank). Collusionrank (Ghosh et al.
2012), 0 or below, is a penalty for following those who are followed for a return: it is shown apart, and one rank
with it beside (both scores divided by the sum of their sizes, then added).

**Who falls, who rises.** The rank by response is uncertain as the rates are: its interval comes from the ends of the
account's own, placed among the rates that all accounts may truly have (one draw of each posterior). A fall or rise is
*certain* by the places that lie between the whole interval and the rank by followers, ties included; noise does not
count as one. As these are posterior intervals, picking the largest does not spoil them (Efron 2011).

**Do followers and response go together?** Spearman's rho with interval (`influence_ranks`) among all, the top 10%
and the top 1% by followers, of what was counted, not of the shrunken rates (those know the followers already). Cha et
al. 2010: .549 for retweets among all, .122 in the top 10%. Part of such a drop is range restriction alone, and the rho
that it alone would leave stands beside.

Unknown counts stay unknown (NaN), in every column. Formulas: METHODS 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headcount.columns import Floats, Integers
from headcount.errors import InputError
from headcount.measures.influence.prior import FITTED, Prior, _distinct, fit_prior
from headcount.measures.influence.ranks import Correlation, rank, restricted, spearman
from headcount.measures.result import Result
from headcount.measures.statistics.intervals import normal_quantile
from headcount.support.record import Record

if TYPE_CHECKING:
    from headcount.graph.graph import Rows

__all__ = ["Influence", "RankPair", "Response", "count_responders", "influence"]

EXACT_TOP = 20_000
"""Accounts at the top that are all among the draws which ranks are placed in; of the rest, `FITTED` stand for all."""

TOPS = (1.0, 0.1, 0.01)
PER = 1000.0


@dataclass(frozen=True, repr=False)
class Response(Record):
    """Response of every account, (N,) each, NaN where unknown; rates per 1,000 reachable followers.

    Attributes:
        responders, reachable: as counted.
        rate, low, high: shrunken towards accounts of similar size, with interval.
        own_low, own_high: Wilson's interval, from the account's own counts only.
        standing: share of the accounts of similar size with a lower rate (0 to 1).
        people: rate times reachable followers: the number of people who respond.
    """

    responders: Floats
    reachable: Floats
    rate: Floats
    low: Floats
    high: Floats
    own_low: Floats
    own_high: Floats
    standing: Floats
    people: Floats

    def columns(self) -> dict[str, list[Any]]:
        """One row an account; None where unknown."""
        columns = {name: getattr(self, name).tolist() for name in Response.__dataclass_fields__}
        return {name: [None if value != value else value for value in values] for name, values in columns.items()}


@dataclass(frozen=True, repr=False)
class RankPair(Record):
    """How far two ways to rank agree.

    Attributes:
        first, second: names of the two.
        top: 1 for all accounts, else the share at the top by followers.
        correlation: Spearman's rho of these.
        by_restriction: the rho that the one among all would leave in this top by restriction of range alone; None
            among all and where `first` is not the followers.
    """

    first: str
    second: str
    top: float
    correlation: Correlation
    by_restriction: float | None

    def columns(self) -> dict[str, list[Any]]:
        """One row: the two ways to rank, and the correlation with its interval."""
        found = self.correlation
        figures = {"rho": found.rho, "low": found.low, "high": found.high, "accounts": found.accounts}
        own = {"first": self.first, "second": self.second, "top": self.top}
        return {name: [value] for name, value in {**own, **figures, "by_restriction": self.by_restriction}.items()}


@dataclass(frozen=True, kw_only=True, repr=False)
class Influence(Result):
    """Response and ranks of all accounts.

    Attributes:
        followers: as handed in.
        response: rates with intervals.
        ranks: name to (N,) places, 1 the highest, NaN for unknown: "followers", "response", those handed in, and
            "with penalty".
        best, worst: interval of the rank by response.
        fall, rise: places that are certain, 0 where none is; NaN for unknown.
        penalty: Collusionrank; None where not handed in.
        pairs: rank correlations.
        prior: of the rates.
    """

    followers: Floats = field(repr=False)
    response: Response = field(repr=False)
    ranks: Mapping[str, Floats] = field(repr=False)
    best: Floats = field(repr=False)
    worst: Floats = field(repr=False)
    fall: Floats = field(repr=False)
    rise: Floats = field(repr=False)
    penalty: Floats | None = field(repr=False)
    pairs: tuple[RankPair, ...]
    prior: Prior

    @cached_property
    def known(self) -> int:
        """Accounts whose response is known."""
        return int(np.isfinite(self.response.rate).sum())

    def fallers(self, most: int = 20) -> Integers:
        """Numbers of the accounts that certainly fall furthest from their rank by followers, furthest first."""
        return _largest(self.fall, most)

    def risers(self, most: int = 20) -> Integers:
        """Numbers of the accounts that certainly rise furthest, furthest first."""
        return _largest(self.rise, most)

    def accounts(self) -> dict[str, Floats]:
        """One row an account: counts, rates, ranks, the penalty and the places certainly lost or won."""
        response = {name: getattr(self.response, name) for name in Response.__dataclass_fields__}
        table = {"followers": self.followers, **response}
        table |= {f"rank_by_{name.replace(' ', '_')}": places for name, places in self.ranks.items()}
        table |= {"rank_by_response_best": self.best, "rank_by_response_worst": self.worst}
        table |= {"fall": self.fall, "rise": self.rise}
        return table if self.penalty is None else table | {"collusionrank": self.penalty}

    def columns(self) -> dict[str, list[Any]]:
        """One row a pair of ways to rank and a top; `accounts` has the accounts."""
        rows = [pair.correlation for pair in self.pairs]
        return {
            "first": [pair.first for pair in self.pairs],
            "second": [pair.second for pair in self.pairs],
            "top": [pair.top for pair in self.pairs],
            "rho": [row.rho for row in rows],
            "low": [row.low for row in rows],
            "high": [row.high for row in rows],
            "accounts": [row.accounts for row in rows],
            "by_restriction": [pair.by_restriction for pair in self.pairs],
        }

    def sentence(self) -> str:
        """How far followers and responders go together, and how many ranks certainly differ."""
        found = self.pairs[0].correlation
        moved = int((self.fall > 0).sum()), int((self.rise > 0).sum())
        if found.rho is None:
            return f"Of {self.known:,} accounts, too few differ in followers or responders to compare ranks."
        return (
            f"Agreement of ranks by followers and by responders: rho {found.rho:.2f} "
            f"({found.low:.2f} to {found.high:.2f}) "
            f"over {found.accounts:,} accounts; {moved[0]:,} certainly rank lower by response, {moved[1]:,} higher."
        )


def count_responders(actor: Integers, target: Integers, accounts: int, followers: Rows | None = None) -> Integers:
    """(accounts,) distinct people who responded to each account; nobody counts for themselves.

    Args:
        actor, target: who responded to whom, one row an interaction, in any order and repeated at will.
        accounts: numbers are 0 to accounts - 1.
        followers: row v holds who follows v, sorted; with it only followers count.

    Raises:
        InputError: columns of different length, or a number outside 0 to accounts - 1.
    """
    if len(actor) != len(target):
        raise InputError(f"{len(actor)} actors do not match {len(target)} targets.", hint="give one for each row.")
    if len(actor) and (min(actor.min(), target.min()) < 0 or max(actor.max(), target.max()) >= accounts):
        raise InputError("An interaction contains an unknown account number.", hint=f"number them 0 to {accounts - 1}.")
    other = actor != target
    pair = np.unique(target[other].astype(np.int64) * accounts + actor[other])
    whom, who = np.divmod(pair, max(accounts, 1))
    if followers is not None:
        whom = whom[_in_row(followers, whom, who)]
    return np.bincount(whom, minlength=accounts).astype(np.int64)


def influence(
    responders: Floats,
    followers: Floats,
    *,
    reachable: Floats | None = None,
    ranks: Mapping[str, Floats] | None = None,
    collusionrank: Floats | None = None,
    penalised: str | None = None,
    level: float = 0.95,
) -> Influence:
    """Response, ranks and who falls or rises.

    Args:
        responders: (N,) distinct reachable followers that responded in the window; NaN for unknown.
        followers: (N,) follower counts; NaN for unknown.
        reachable: (N,) followers that are not known to be out of reach; None: all followers.
        ranks: name to (N,) score over the network, higher for more, for example {"interaction": …, "pagerank": …}.
        collusionrank: (N,) 0 or below.
        penalised: the score of `ranks` that the penalty is added to; None: the first.
        level: of the intervals.

    Raises:
        InputError: lengths differ, a count is negative, or more responded than were reachable.
        NotEnoughData: see `fit_prior`.
    """
    x, size = np.asarray(responders, dtype=float), np.asarray(followers, dtype=float)
    n = size if reachable is None else np.asarray(reachable, dtype=float)
    scores = {name: np.asarray(score, dtype=float) for name, score in (ranks or {}).items()}
    _check(x, size, n, *scores.values(), *([] if collusionrank is None else [collusionrank]))
    prior = fit_prior(x, n)
    response = _response(x, n, prior, level)
    known = np.isfinite(response.people) & np.isfinite(size)
    places = {"followers": rank(size), "response": rank(np.where(known, response.people, np.nan))}
    places |= {name: rank(score) for name, score in scores.items()}
    if collusionrank is not None and scores:
        places["with penalty"] = rank(_with_penalty(scores[penalised or next(iter(scores))], collusionrank))
    best, worst, fall, rise = _moves(response, size, known, prior)
    return Influence(
        followers=size,
        response=response,
        ranks=places,
        best=best,
        worst=worst,
        fall=fall,
        rise=rise,
        penalty=collusionrank,
        pairs=tuple(_pairs(size, x, n, scores, level)),
        prior=prior,
    )


def _response(x: Floats, n: Floats, prior: Prior, level: float) -> Response:
    from scipy.special import betainc, betaincinv

    known = np.isfinite(x) & (n >= 1)
    # The posterior depends on the two counts only, and small counts repeat: once for each that occurs.
    few, of, _, place = _distinct(x[known], n[known])
    before = prior.shapes(of)
    a, b = few + before[0], of - few + before[1]
    tail = (1 - level) / 2
    mean = a / (a + b)
    own = _wilson(few, of, normal_quantile(level))
    found = (
        PER * mean,
        PER * np.minimum(betaincinv(a, b, tail), mean),
        PER * np.maximum(betaincinv(a, b, 1 - tail), mean),  # A posterior as skewed as can be has its mean beyond.
        PER * own[0],
        PER * own[1],
        betainc(*before, mean),
        of * mean,
    )
    columns = [np.full(len(x), np.nan) for _ in found]
    for column, values in zip(columns, found, strict=True):
        column[known] = values[place]
    return Response(x, n, *columns)


def _wilson(x: Floats, n: Floats, z: float) -> tuple[Floats, Floats]:
    """Wilson's interval (`intervals.wilson`), for arrays."""
    centre = (x + z * z / 2) / (n + z * z)
    half = z * np.sqrt(x * (1 - x / n) + z * z / 4) / (n + z * z)
    return np.where(x == 0, 0.0, np.maximum(centre - half, 0.0)), np.where(x == n, 1.0, np.minimum(centre + half, 1.0))


def _moves(response: Response, size: Floats, known: NDArray[np.bool_], prior: Prior) -> tuple[Floats, ...]:
    """Best and worst rank by response, and the places between them and the rank by followers."""
    n, people = response.reachable[known], response.people[known]
    true, stands_for = _possible_people(response.responders[known], n, people, prior)
    above = np.concatenate([np.cumsum(stands_for[::-1])[::-1], [0.0]])
    place = rank(people)
    count = float(len(people))
    upper, lower = (
        above[np.searchsorted(true, n * end[known] / PER, side="right")] for end in (response.high, response.low)
    )
    best = np.minimum(np.clip(upper, 1, count), place)
    worst = np.maximum(np.clip(lower + 1, 1, count), place)
    by_size = np.sort(size[known])
    first = count - np.searchsorted(by_size, size[known], side="right") + 1
    last = count - np.searchsorted(by_size, size[known], side="left")
    columns = [np.full(len(size), np.nan) for _ in range(4)]
    found = best, worst, np.maximum(best - last, 0), np.maximum(first - worst, 0)
    for column, values in zip(columns, found, strict=True):
        column[known] = values
    return tuple(columns)


def _possible_people(x: Floats, n: Floats, people: Floats, prior: Prior) -> tuple[Floats, Floats]:
    """People who may truly respond to each account, one draw of each posterior, ascending; how many each stands for.

    All of the top and evenly spaced ones of the rest; quantiles by the golden ratio in place of random numbers.
    """
    from scipy.special import betaincinv

    order = np.argsort(-people, kind="stable")
    rest = max(len(order) - EXACT_TOP, 0)
    taken = np.linspace(0, rest - 1, min(rest, FITTED)).astype(np.int64) + EXACT_TOP
    chosen = order[np.concatenate([np.arange(min(len(order), EXACT_TOP)), taken])]
    weight = np.ones(len(chosen))
    weight[EXACT_TOP:] = rest / max(len(taken), 1)
    quantile = (np.arange(len(chosen)) * 0.6180339887498949 + 0.5) % 1.0
    a, b = prior.shapes(n[chosen])
    true = n[chosen] * betaincinv(a + x[chosen], b + n[chosen] - x[chosen], quantile)
    ascending = np.argsort(true, kind="stable")
    return true[ascending], weight[ascending]


def _pairs(size: Floats, x: Floats, n: Floats, scores: Mapping[str, Floats], level: float) -> list[RankPair]:
    rate = np.divide(x, n, out=np.full(len(x), np.nan), where=n > 0)
    columns = {"followers": size, "responders": x, "response rate": rate, **scores}
    wanted = [("followers", name) for name in columns if name != "followers"]
    wanted += [("responders", name) for name in scores]
    found = []
    for one, other in wanted:
        both = np.isfinite(columns[one]) & np.isfinite(columns[other]) & np.isfinite(size)
        overall: float | None = None
        for top in TOPS:
            cut = np.quantile(size[both], 1 - top) if both.any() else 0.0
            kept = both & (size >= cut)
            correlation = spearman(columns[one][kept], columns[other][kept], level=level)
            overall = correlation.rho if top == 1 else overall
            alone = restricted(overall, top) if top < 1 and one == "followers" and overall is not None else None
            found.append(RankPair(one, other, top, correlation, alone))
    return found


def _with_penalty(score: Floats, penalty: Floats) -> Floats:
    """Both divided by the sum of their sizes and added (Ghosh et al. 2012); without a penalty anywhere the score."""
    total, lost = float(np.nansum(np.abs(score))), float(np.nansum(np.abs(penalty)))
    combined: Floats = score / (total or 1.0) + np.asarray(penalty, dtype=float) / (lost or 1.0)
    return combined


def _in_row(rows: Rows, row: Integers, value: Integers) -> NDArray[np.bool_]:
    """Is the value in its sorted row? Bisection of all at once, so that no list of all edges is made."""
    low, end = rows.offsets[row].copy(), rows.offsets[row + 1]
    high = end.copy()
    while (open_ := low < high).any():
        middle = (low + high) // 2
        less = np.zeros(len(low), dtype=bool)
        less[open_] = rows.targets[middle[open_]] < value[open_]
        low, high = np.where(open_ & less, middle + 1, low), np.where(open_ & ~less, middle, high)
    found = low < end
    found[found] = rows.targets[low[found]] == value[found]
    return found


def _largest(places: Floats, most: int) -> Integers:
    candidates = np.flatnonzero(places > 0)
    return candidates[np.argsort(-places[candidates], kind="stable")[:most]]


def _check(x: Floats, size: Floats, n: Floats, *others: Floats) -> None:
    if any(len(column) != len(x) for column in (size, n, *others)):
        lengths = ", ".join(str(len(column)) for column in (x, size, n, *others))
        raise InputError(f"The columns have {lengths} rows.", hint="give one value for each account, NaN for unknown.")
    for name, column in (("responders", x), ("followers", size), ("reachable followers", n)):
        if np.nanmin(column, initial=0.0) < 0:
            raise InputError(f"A number of {name} is {np.nanmin(column):g}.", hint="give NaN for unknown.")
    if (bad := np.flatnonzero(x > n)).size:
        raise InputError(
            f"Account {bad[0]} has {x[bad[0]]:g} responders among {n[bad[0]]:g} reachable followers.",
            hint="count distinct followers only (count_responders with the followers).",
        )
