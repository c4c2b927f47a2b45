"""Laws of differences between people: the probability that a follower responds to a post of ordinary reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from headcount.simulate.people import Floats

__all__ = ["LAWS", "Interest", "Law", "log_uniform"]

Law = Literal["equal", "beta", "lognormal", "gamma", "power", "two_class"]
LAWS: tuple[Law, ...] = ("beta", "lognormal", "gamma", "power", "two_class")

MAX_PROBABILITY = 0.95
_DEVOTED_SHAPE = 6.0


def log_uniform(generator: np.random.Generator, low: float, high: float) -> float:
    """A number between `low` and `high`, uniform on the log scale."""
    return float(np.exp(generator.uniform(np.log(low), np.log(high))))


@dataclass(frozen=True, kw_only=True)
class Interest:
    """Law of the response probability p a post.

    Attributes:
        law: equal: the same p; beta: a = `shape`; lognormal: standard deviation `shape` of log p; gamma: shape
            `shape`; power: density proportional to p^(-1-shape), 0 < shape < 1, as of the stable-beta process;
            two_class: `devoted_share` of the people with mean p `devoted_mean`, the others log-normal.
        mean: mean of p over people who can respond (two_class: over those who are not devoted).
        shape: see `law`.
        never_share: share of the people who never respond.
        devoted_share, devoted_mean: of two_class.
    """

    law: Law
    mean: float
    shape: float = 1.0
    never_share: float = 0.0
    devoted_share: float = 0.05
    devoted_mean: float = 0.4

    def draw(self, number: int, generator: np.random.Generator) -> Floats:
        """(number,) response probabilities, 0 … `MAX_PROBABILITY`."""
        p = np.minimum(self._draw_law(number, generator), MAX_PROBABILITY)
        if self.never_share:
            p[generator.random(number) < self.never_share] = 0.0
        return p

    def _draw_law(self, number: int, generator: np.random.Generator) -> Floats:
        match self.law:
            case "equal":
                return np.full(number, self.mean)
            case "beta":
                return generator.beta(self.shape, self.shape * (1 - self.mean) / self.mean, number)
            case "lognormal":
                return _lognormal(self.mean, self.shape, number, generator)
            case "gamma":
                return generator.gamma(self.shape, self.mean / self.shape, number)
            case "power":
                power = -self.shape
                least = _least_of_power(self.mean, self.shape) ** power
                p: Floats = (least - generator.random(number) * (least - MAX_PROBABILITY**power)) ** (1 / power)
                return p
            case "two_class":
                rare = _lognormal(self.mean, self.shape, number, generator)
                a, b = _DEVOTED_SHAPE, _DEVOTED_SHAPE * (1 - self.devoted_mean) / self.devoted_mean
                is_devoted = generator.random(number) < self.devoted_share
                return np.where(is_devoted, generator.beta(a, b, number), rare)


def _lognormal(mean: float, spread: float, number: int, generator: np.random.Generator) -> Floats:
    p: Floats = mean * np.exp(spread * generator.standard_normal(number) - spread**2 / 2)
    return p


def _least_of_power(mean: float, shape: float) -> float:
    """Lower end of the power law with upper end `MAX_PROBABILITY` that has this mean."""
    least = np.geomspace(1e-12, 0.9 * MAX_PROBABILITY, 4_000)
    top = MAX_PROBABILITY
    means = shape / (1 - shape) * (top ** (1 - shape) - least ** (1 - shape)) / (least ** (-shape) - top ** (-shape))
    return float(np.interp(mean, means, least))
