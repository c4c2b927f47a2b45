"""The share of an audience that is not real, from flags that are sometimes wrong.

Counting flags is biased: with sensitivity Se (flagged among the fake) and specificity Sp (passed among the real), the
share flagged is p = Se pi + (1 - Sp)(1 - pi). So pi = (p + Sp - 1)/(Se + Sp - 1) (Rogan & Gladen 1978; "adjusted count"
in Forman 2008). Its interval has to count that Se and Sp are themselves measured on few labelled accounts. Lang &
Reiczigel (2014, Prev. Vet. Med. 113:13), z = 1.96 for 95%:

  n~ = n + z^2, p~ = (n p + z^2/2)/n~;  Se~ = (n_se Se + 1)/(n_se + 2), Sp~ likewise;  pi~ = (p~ + Sp~ - 1)/(Se~ + Sp~ -
  1); shift = 2 z^2 [pi~ Se~ (1 - Se~)/(n_se + 2) - (1 - pi~) Sp~ (1 - Sp~)/(n_sp + 2)];
  pi~ + shift -/+ z sqrt(V_p + pi~^2 Se~(1 - Se~)/(n_se + 2) + (1 - pi~)^2 Sp~(1 - Sp~)/(n_sp + 2)) / |Se~ + Sp~ - 1|.

V_p = p~(1 - p~)/n~ for an endless population. In a finite one it has two parts, of which only the second ends when
everybody is looked at: the errors of the flags, and who was drawn,

  V_p = [pi~ Se~(1 - Se~) + (1 - pi~) Sp~(1 - Sp~)]/n~ + (Se~ + Sp~ - 1)^2 pi~ (1 - pi~)/n~ * (N - n)/(N - 1),

which is the same at N = infinity.

The share lies between what the user labelled: at least known_fake/N, at most 1 - known_real/N (0 and 1 without labels).
A centre pi~ + shift outside of these is set to the nearer of them, so the interval keeps its half-width inside: flags
rarer than their false alarms mean "0 to the half-width", never a point.

Se and Sp also differ from one source of accounts to the next, far more than chance (`between_sources`): their spread
between sources, not the number of labelled accounts, is what is known of them for an audience that nobody has labelled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Literal

import numpy as np

from headcount.measures.statistics.intervals import normal_quantile
from headcount.support.record import Record

__all__ = ["Rate", "Share", "adjusted_share", "between_sources", "followers_to_sample"]


@dataclass(frozen=True, repr=False)
class Rate(Record):
    """A rate that was measured: `share` of so many accounts (`trials`, which may be a fraction)."""

    share: float
    trials: float


@dataclass(frozen=True, kw_only=True, repr=False)
class Share(Record):
    """A share of the audience and its 95% interval.

    Attributes:
        estimate, low, high: between 0 and 1.
        counted: share that was simply flagged, for comparison.
        looked_at, population: followers looked at and in all.
        exact: why the interval has no width (every follower is labelled); None where it has one.
    """

    estimate: float
    low: float
    high: float
    counted: float
    looked_at: int
    population: int
    exact: Literal["all labelled"] | None = None


def adjusted_share(
    flagged: int,
    looked_at: int,
    *,
    sensitivity: Rate,
    specificity: Rate,
    population: int | None = None,
    known_fake: int = 0,
    known_real: int = 0,
    level: float = 0.95,
) -> Share | None:
    """The share of fakes in a population from the flags on a uniform sample of it.

    Args:
        flagged: of them flagged; looked_at: at least 1.
        sensitivity: flagged among the fake; specificity: passed among the real.
        population: followers in all; None for an endless population.
        known_fake, known_real: followers of the population that are known to be so, from labels.
        level: of the interval.

    Returns:
        The share; None where the flags are no better than chance (Se + Sp <= 1, as measured or with one success and
        one failure added to each), so that they say nothing about it.

    Raises:
        ValueError: counts that make no sense.
    """
    if looked_at < 1 or not 0 <= flagged <= looked_at or (population is not None and population < looked_at):
        raise ValueError(f"{flagged} flagged of {looked_at} looked at of {population} is not a sample")
    if known_fake + known_real > (population or 0):
        raise ValueError(f"{known_fake} fake and {known_real} real ones are more than a population of {population}")
    least, most = (known_fake / population, 1 - known_real / population) if population else (0.0, 1.0)
    counted = flagged / looked_at
    if population and known_fake + known_real == population:
        return Share(
            estimate=least, low=least, high=least, counted=counted, looked_at=looked_at, population=population,
            exact="all labelled",
        )  # fmt: skip
    z = normal_quantile(level)
    n = looked_at + z**2
    p = (flagged + z**2 / 2) / n
    se, v_se = _rate(sensitivity)
    sp, v_sp = _rate(specificity)
    better = se + sp - 1
    if better <= 0 or sensitivity.share + specificity.share <= 1:
        return None
    pi = (p + sp - 1) / better
    inside = min(max(pi, 0.0), 1.0)
    drawn = 1.0 if population is None or population == 1 else (population - looked_at) / (population - 1)
    errors = inside * se * (1 - se) + (1 - inside) * sp * (1 - sp)
    v_p = p * (1 - p) / n if population is None else (errors + better**2 * inside * (1 - inside) * drawn) / n
    shift = 2 * z**2 * (pi * v_se - (1 - pi) * v_sp)
    half = z * sqrt(v_p + pi**2 * v_se + (1 - pi) ** 2 * v_sp) / better
    centre = min(max(pi + shift, least), most)
    plain = (counted + specificity.share - 1) / (sensitivity.share + specificity.share - 1)
    low, high = max(centre - half, least), min(centre + half, most)
    return Share(
        estimate=min(max(plain, low), high), low=low, high=high, counted=counted,
        looked_at=looked_at, population=looked_at if population is None else population,
    )  # fmt: skip


def _rate(rate: Rate) -> tuple[float, float]:
    """The rate with one success and one failure added, and its variance."""
    share = (rate.trials * rate.share + 1) / (rate.trials + 2)
    return share, share * (1 - share) / (rate.trials + 2)


def between_sources(successes: Sequence[int], trials: Sequence[int]) -> Rate:
    """One rate from several sources that differ: their mean, worth as many accounts as its spread allows.

    The variance for a new source is that between the sources (method of moments, DerSimonian & Laird 1986) plus that of
    the mean; the trials are those of a single proportion with this variance.

    Args:
        successes, trials: one a source; trials above 0.

    Raises:
        ValueError: no source.
    """
    if not len(trials):
        raise ValueError("no source of labelled accounts")
    n = np.asarray(trials, dtype=float)
    share = (np.asarray(successes) + 0.5) / (n + 1)
    mean = float(share.mean())
    within = share * (1 - share) / n
    if len(n) == 1:
        return Rate(mean, float(n[0]))
    between = max(float(share.var(ddof=1) - within.mean()), 0.0)
    variance = between * (1 + 1 / len(n)) + float(within.sum()) / len(n) ** 2
    return Rate(mean, max(mean * (1 - mean) / variance, 1.0))


def followers_to_sample(
    population: int, *, margin: float = 0.02, share: float = 0.5, sensitivity: Rate | None = None,
    specificity: Rate | None = None, level: float = 0.95,
) -> int | None:  # fmt: skip
    """How many followers to draw, uniformly over the whole list, for a share within `margin`.

    n0 = z^2 V / margin^2 and n = n0/(1 + (n0 - 1)/N) for the part that ends when everybody is looked at (Cochran 1977,
    4.1). With rates given, the flags' errors are counted too; None where even looking at everybody is not enough.

    Args:
        population: followers in all.
        margin: half-width wanted, as a share.
        share: of fakes; 0.5 is the worst case.
        sensitivity, specificity: of the flags; exact flags without them.
        level: of the interval.
    """
    z2 = normal_quantile(level) ** 2
    if sensitivity is None or specificity is None:
        n0 = z2 * share * (1 - share) / margin**2
        return min(population, ceil(n0 / (1 + (n0 - 1) / population)))
    se, v_se = _rate(sensitivity)
    sp, v_sp = _rate(specificity)
    better2 = (se + sp - 1) ** 2
    allowed = margin**2 / z2 - (share**2 * v_se + (1 - share) ** 2 * v_sp) / better2
    flags = (share * se * (1 - se) + (1 - share) * sp * (1 - sp)) / better2
    drawn = share * (1 - share)
    # allowed = flags/n + drawn/n * (N - n)/(N - 1)
    ends = drawn / max(population - 1, 1)
    if allowed + ends <= 0:
        return None
    n = ceil((flags + drawn * population / max(population - 1, 1)) / (allowed + ends))
    return n if n <= population else None
