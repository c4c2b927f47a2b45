"""Closed circuits and fan clubs, planted into a follow graph, and the talk of everybody in it.

* A **circuit** (`plant_circuit`): any two of its members follow each other with probability `density`.
  Camouflage, after the released code of FRAUDAR: every member also follows as many accounts of the graph as
  members; uniformly ("random"), or in proportion to their followers ("popular"). A tenth of those follow back.
  Members are new accounts, or accounts of the graph that were taken over and keep all their follows.
* A **fan club** (`plant_fan_club`): as dense, all follow a star (a new account), and talk.
* **Conversations** (`draw_talk`): of its d ties (mutual follows) an account addresses

      m = 0.6 d^0.75 a,   a log-normal,

  in the mean, Poisson, chosen at random among them; three tenths of the accounts are silent. The exponent is
  below 1 because attention is limited: with ten times the ties nobody talks with ten times the people. Half of
  the variance of log a is an account's own, half is shared with those tied to the same others, so groups
  differ in how much they talk. Fans also address their star. Members of a circuit address `quiet` times as many
  inside, and the outside like everybody else. How often one is addressed: geometric from 1, mean 3.

The exponent and the spread are those of the replies and mentions among 583 politicians (TIMME PureP: 0.8 and
0.5), made flatter and wider, with silent accounts, for people who do not speak by profession.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["CAMOUFLAGE", "Conversations", "Planted", "draw_talk", "plant_circuit", "plant_fan_club"]

Camouflage = Literal["none", "random", "popular"]
CAMOUFLAGE: tuple[Camouflage, ...] = ("none", "random", "popular")

FOLLOW_BACK = 0.1
"""Share of the accounts followed for camouflage that follow back."""
SILENT = 0.3
TALKED_WITH, EXPONENT, SPREAD = 0.6, 0.75, 0.8
MEAN_TIMES = 3.0

Wholes = NDArray[np.int64]
Reals = NDArray[np.float64]


@dataclass(frozen=True)
class Planted:
    """A follow graph with a group planted into it.

    Attributes:
        source, target: follows, one row each, no two alike.
        count: accounts, numbered 0 to count - 1.
        members: of the planted group, ascending.
    """

    source: Wholes
    target: Wholes
    count: int
    members: Wholes


@dataclass(frozen=True)
class Conversations:
    """Who addressed whom, one row a pair.

    Attributes:
        actor, target: numbers of the accounts.
        times: how often.
    """

    actor: Wholes
    target: Wholes
    times: Wholes


def plant_circuit(
    source: Wholes,
    target: Wholes,
    count: int,
    *,
    size: int,
    density: float,
    generator: np.random.Generator,
    camouflage: Camouflage = "none",
    taken_over: bool = False,
) -> Planted:
    """A follow graph with a closed circuit in it.

    Args:
        source, target: the graph's follows.
        count: its accounts.
        size: members of the circuit.
        density: share of the pairs of members that follow each other.
        generator: source of chance.
        camouflage: whom members follow outside of the circuit.
        taken_over: members are accounts of the graph, not new ones.
    """
    members = np.arange(count, count + size)
    if taken_over:
        members = np.sort(generator.choice(count, size, replace=False))
    first, second = np.triu_indices(size, 1)
    tied = generator.random(len(first)) < density
    first, second = members[first[tied]], members[second[tied]]
    rows = [np.stack([source, target]), np.stack([first, second]), np.stack([second, first])]
    if camouflage != "none":
        rows.append(_camouflage(target, count, np.concatenate([first, second]), camouflage, generator))
    return _planted(rows, max(count, int(members.max()) + 1), members)


def plant_fan_club(
    source: Wholes, target: Wholes, count: int, *, size: int, density: float, generator: np.random.Generator
) -> Planted:
    """A follow graph with a fan club in it: as dense as a circuit, and all follow the star, the last account.

    Args:
        source, target, count, size, density, generator: as for `plant_circuit`.
    """
    club = plant_circuit(source, target, count, size=size, density=density, generator=generator, camouflage="random")
    star = np.full(size, club.count)
    rows = [np.stack([club.source, club.target]), np.stack([club.members, star])]
    return _planted(rows, club.count + 1, club.members)


def _camouflage(
    target: Wholes, count: int, actors: Wholes, camouflage: Camouflage, generator: np.random.Generator
) -> Wholes:
    """As many follows outwards as there are inside, of the same members, and the follow-backs."""
    chosen = generator.integers(0, count, len(actors))
    if camouflage == "popular":
        chosen = generator.choice(target, len(actors))
    back = generator.random(len(actors)) < FOLLOW_BACK
    outwards, backwards = np.stack([actors, chosen]), np.stack([chosen[back], actors[back]])
    return np.concatenate([outwards, backwards], axis=1)


def _planted(rows: list[Wholes], count: int, members: Wholes) -> Planted:
    """Rows without repetitions and without accounts that follow themselves."""
    source, target = np.concatenate(rows, axis=1)
    key = np.unique(source[source != target] * count + target[source != target])
    return Planted(key // count, key % count, count, members)


def draw_talk(
    source: Wholes,
    target: Wholes,
    count: int,
    *,
    generator: np.random.Generator,
    circuits: tuple[Wholes, ...] = (),
    quiet: float = 0.05,
    star: int | None = None,
) -> Conversations:
    """Who addresses whom: everybody their ties, members of a circuit hardly each other.

    Args:
        source, target, count: the graph.
        generator: source of chance.
        circuits: members of every circuit.
        quiet: talk inside a circuit, as a multiple of what others with as many ties would talk.
        star: account that its followers address as well.
    """
    key = np.sort(source * count + target)
    back = np.isin(target * count + source, key)
    actor, partner = source[back], target[back]
    circuit = np.full(count, -1, np.int64)
    for number, members in enumerate(circuits):
        circuit[members] = number
    inside = (circuit[actor] >= 0) & (circuit[actor] == circuit[partner])
    willing = _willingness(actor, partner, count, generator)
    talked = np.zeros(len(actor), bool)
    for part, factor in ((~inside, 1.0), (inside, quiet)):
        degree = np.bincount(actor[part], minlength=count)
        mean = factor * TALKED_WITH * degree**EXPONENT * willing
        chance = 1 - np.exp(-mean / np.maximum(degree, 1))
        talked |= part & (generator.random(len(actor)) < chance[actor])
    actor, partner = actor[talked], partner[talked]
    if star is not None:
        fans = source[(target == star) & (generator.random(len(target)) < 1 - SILENT)]
        actor, partner = np.concatenate([actor, fans]), np.concatenate([partner, np.full(len(fans), star)])
    return Conversations(actor, partner, generator.geometric(1 / MEAN_TIMES, len(actor)))


def _willingness(actor: Wholes, partner: Wholes, count: int, generator: np.random.Generator) -> Reals:
    """Factor of every account; 0 for the silent, mean 1 for the others; half of its logarithm's variance is shared."""
    own, common = generator.standard_normal((2, count))
    degree = np.maximum(np.bincount(actor, minlength=count), 1)
    # Accounts tied to the same others have the same sum; its variance is 1 whatever the degree.
    shared = np.bincount(actor, common[partner], minlength=count) / np.sqrt(degree)
    log = SPREAD * np.sqrt(0.5) * (own + shared)
    return np.asarray(np.exp(log - SPREAD**2 / 2) * (generator.random(count) >= SILENT))
