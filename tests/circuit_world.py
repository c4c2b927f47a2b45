"""An account with followers who follow each other: friends of friends, and planted among them a closed circuit and a
fan club that talks. Written as tidy tables, so that it goes through the import like any other data.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from headcount.simulate.circuits import draw_talk, plant_circuit

__all__ = ["EGO", "CircuitWorld", "circuit_world"]

EGO = "x:ego"


@dataclass(frozen=True)
class CircuitWorld:
    """What is true of the world; people are followers 0 … count - 1 with the id "x:NUMBER".

    Attributes:
        circuit, club: who sits in the closed circuit, and in the fan club; either may be empty.
        source, target: the follows between followers.
        responders: who liked a post of the account.
    """

    count: int
    circuit: np.ndarray
    club: np.ndarray
    source: np.ndarray
    target: np.ndarray
    responders: np.ndarray


def circuit_world(
    folder: Path, *, seed: int = 1, count: int = 1500, circuit: int = 80, club: int = 80, talk: bool = True
) -> CircuitWorld:
    """Make the world and write its tables into `folder`."""
    generator = np.random.default_rng(seed)
    one, other = _friends(count, generator)
    back = generator.random(len(one)) < 0.6
    source, target = np.concatenate([one, other[back]]), np.concatenate([other, one[back]])
    members = fans = np.zeros(0, np.int64)
    if circuit:
        planted = plant_circuit(
            source, target, count, size=circuit, density=0.7, generator=generator, camouflage="random", taken_over=True
        )
        source, target, members = planted.source, planted.target, planted.members
    if club:
        left = np.setdiff1d(np.arange(count), members)
        nothing = np.zeros(0, np.int64)
        within = plant_circuit(
            nothing, nothing, len(left), size=club, density=0.5, generator=generator, taken_over=True
        )
        source = np.concatenate([source, left[within.source]])
        target = np.concatenate([target, left[within.target]])
        fans = np.sort(left[within.members])
    said = draw_talk(source, target, count, generator=generator, circuits=(members,) if circuit else ())
    responders = generator.choice(count, count // 20, replace=False)
    world = CircuitWorld(count, np.sort(members), fans, source, target, np.sort(responders))
    _write(folder, world, said if talk else None)
    return world


def _friends(count: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """People know those who are near to them, and a few others."""
    one = np.repeat(np.arange(count), 8)
    near = one + generator.integers(-20, 21, len(one))
    other = np.where(generator.random(len(one)) < 0.7, near, generator.integers(0, count, len(one))) % count
    return one[one != other], other[one != other]


def _write(folder: Path, world: CircuitWorld, said: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as con:
        con.register("pairs", {"a": world.source, "b": world.target})
        con.register("people", {"a": np.arange(world.count)})
        con.register("likers", {"a": world.responders})
        con.execute(
            f"""COPY (SELECT 'x:' || a AS follower_id, 'x:' || b AS followee_id FROM (SELECT DISTINCT a, b FROM pairs)
            UNION ALL SELECT 'x:' || a, '{EGO}' FROM people) TO '{folder}/follows.parquet'"""
        )
        con.execute(
            f"""COPY (SELECT 'x:' || a AS account_id, 'name' || a AS handle, TIMESTAMP '2020-01-01' AS created_at,
                TIMESTAMP '2026-01-25' AS last_post_at, TIMESTAMP '2026-02-01' AS observed_at FROM people
            UNION ALL SELECT '{EGO}', 'ego', TIMESTAMP '2015-01-01', TIMESTAMP '2026-01-25', TIMESTAMP '2026-02-01')
            TO '{folder}/accounts.parquet'"""
        )
        con.execute(
            f"""COPY (SELECT 'x:p' || i AS post_id, '{EGO}' AS author_id,
                TIMESTAMP '2026-01-01' + to_days(i::INT) AS created_at
            FROM range(20) t(i)) TO '{folder}/posts.parquet'"""
        )
        likes = (
            f"SELECT 'x:' || a AS actor_id, '{EGO}' AS target_id, 'like' AS kind, 'x:p' || (a % 20) AS post_id, "
            "TIMESTAMP '2026-01-28' AS created_at FROM likers"
        )
        if said is not None:
            con.register("talk", {"a": said.actor, "b": said.target, "times": said.times})
            likes += (
                " UNION ALL SELECT 'x:' || a, 'x:' || b, 'reply', 'x:r' || a || '-' || b || '-' || n, "
                "TIMESTAMP '2026-01-20' FROM talk, LATERAL unnest(range(times)) AS of(n)"
            )
        con.execute(f"COPY ({likes}) TO '{folder}/interactions.parquet'")
