"""Prints how well closed circuits are found, and how often others are accused, on real follower graphs.

`python -m benchmarks.rings [--data ../shared/data] [--part found|alarms] [--sizes 20 50 …] [--first-seed 0]`

Two tables:

* found: circuits planted into the follower graph of bofa_careers (three camouflages, members new or taken over,
  talk drawn for everybody; simulate/circuits.py), F1 of the accounts said to sit in a circuit, beside plain
  FRAUDAR, cores of the mutual graph and CatchSync. These know the follows only. Of FRAUDAR the first block and,
  with knowledge that nobody has, the best of five is shown; of the cores the innermost and the best.
* alarms: the same graph and verizoncareers without circuits, TIMME PureP with its real replies and mentions, and
  fan clubs: worlds in which any group is accused, for the real graphs and for graphs rewired with the same degrees.

The constants of the measure were chosen on verizoncareers. bofa_careers is not untouched: circuits missed there
led to two changes (how far talk is shared in the generator; m(k) beyond the highest k known), whose values were
then set on verizoncareers. A graph never looked at would be a stricter test.
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
from headcount.graph.groups.dense_blocks import dense_blocks
from headcount.graph.groups.rewiring import rewired
from headcount.graph.groups.synchrony import synchrony
from headcount.measures.circuits.rings import Conversation, Rings, rings
from headcount.simulate.circuits import CAMOUFLAGE, Conversations, Planted, draw_talk, plant_circuit, plant_fan_club

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
CHOSEN_ON, SHOWN_ON = "verizoncareers", "bofa_careers"
DENSITIES = (0.1, 0.2, 0.4, 0.6, 0.9)
SIZES = (20, 50, 100, 200, 500, 1000)
METHODS = ("rings", "FRAUDAR", "best of 5", "core", "best core", "CatchSync")


def brand_graph(data: Path, name: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Follows and number of accounts of one of the real graphs."""
    table = pq.read_table(data / "brand_follower_graphs" / f"{name}_edges.parquet")
    source, target = (table[column].to_numpy().astype(np.int64) for column in ("src", "dst"))
    return source, target, int(max(source.max(), target.max())) + 1


def f1(found: np.ndarray, members: np.ndarray) -> float:
    """Harmonic mean of precision and recall."""
    right = np.isin(found, members).sum()
    return float(2 * right / (len(found) + len(members))) if len(found) else 0.0


def judge(planted: Planted, talk: Conversations, **options: int) -> Rings:
    """The measure on a planted graph."""
    conversation = Conversation(talk.actor, talk.target, talk.times)
    return rings(planted.source, planted.target, planted.count, conversation=conversation, **options)


def all_methods(planted: Planted, talk: Conversations) -> dict[str, float]:
    """F1 of every method on one planted graph."""
    members = planted.members
    graph = Graph.from_edges(planted.source, planted.target, ids=np.arange(planted.count))
    blocks = [f1(block.sources, members) for block in dense_blocks(graph.followees, graph.followers, most=5)]
    cores = core_scores(planted)
    flagged = np.flatnonzero(synchrony(graph.followees, graph.followers).flagged)
    scores = (
        f1(np.flatnonzero(judge(planted, talk).in_ring), members),
        blocks[0],
        max(blocks),
        cores[-1],
        max(cores),
        f1(flagged, members),
    )
    return dict(zip(METHODS, scores, strict=True))


def core_scores(planted: Planted) -> list[float]:
    """F1 of every core of the mutual graph, from the outermost in."""
    import networkx

    key = np.sort(planted.source * planted.count + planted.target)
    back = np.isin(planted.target * planted.count + planted.source, key)
    graph = networkx.Graph(np.stack([planted.source[back], planted.target[back]], axis=1).tolist())
    number = networkx.core_number(graph)
    account, core = np.array(list(number)), np.array(list(number.values()))
    return [f1(account[core >= k], planted.members) for k in range(1, core.max() + 1)]


@dataclass(frozen=True)
class Cell:
    """One line of the first table."""

    taken_over: bool
    camouflage: str
    size: int
    density: float
    scores: dict[str, float]


def found(data: Path, sizes: list[int], seeds: int, first: int = 0) -> Iterator[Cell]:
    """Mean F1 over the seeds, cell by cell."""
    source, target, count = brand_graph(data, SHOWN_ON)
    for taken_over in (False, True):
        for camouflage in CAMOUFLAGE if not taken_over else CAMOUFLAGE[:1]:
            for size in sizes:
                for density in DENSITIES:
                    runs = []
                    for seed in range(first, first + (seeds if size <= 200 else 1)):
                        generator = np.random.default_rng([seed, size, int(100 * density)])
                        planted = plant_circuit(
                            source,
                            target,
                            count,
                            size=size,
                            density=density,
                            generator=generator,
                            camouflage=camouflage,
                            taken_over=taken_over,
                        )
                        talk = draw_talk(
                            planted.source,
                            planted.target,
                            planted.count,
                            generator=generator,
                            circuits=(planted.members,),
                        )
                        runs.append(all_methods(planted, talk))
                    mean = {method: float(np.mean([run[method] for run in runs])) for method in METHODS}
                    yield Cell(taken_over, camouflage, size, density, mean)


def timme(data: Path) -> tuple[np.ndarray, np.ndarray, int, Conversation]:
    """Follows, and replies and mentions, among politicians."""
    table = pq.read_table(data / "timme_purep" / "edges.parquet").to_pandas()
    table = table[table.src != table.dst]
    ids = np.unique(np.concatenate([table.src, table.dst]))
    source, target = np.searchsorted(ids, table.src), np.searchsorted(ids, table.dst)
    follow, talk = (table.relation == "follow").to_numpy(), table.relation.isin(["reply", "mention"]).to_numpy()
    conversation = Conversation(source[talk], target[talk], table["count"].to_numpy()[talk])
    return source[follow], target[follow], len(ids), conversation


def rewired_world(
    source: np.ndarray, target: np.ndarray, count: int, conversation: Conversation, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, Conversation]:
    """Mutual follows rewired with the same degrees; every account addresses as many of its ties as before."""
    from headcount.measures.circuits.rings import _mutual, _rows

    mutual = _mutual(_rows(source, target, count))
    owner = np.repeat(np.arange(count), np.diff(mutual.offsets))
    said = np.isin(owner * count + mutual.targets, conversation.actor * count + conversation.target)
    graph, addressed = rewired(mutual, generator, said)
    owner = np.repeat(np.arange(count), np.diff(graph.offsets))
    partner = graph.targets.astype(np.int64)
    return owner, partner, Conversation(owner[addressed], partner[addressed])


def alarms(data: Path, worlds: int, first: int = 0) -> Iterator[tuple[str, int, int, int, int]]:
    """What, worlds, worlds with an accused group, dense groups judged, groups accused."""
    for name in (CHOSEN_ON, SHOWN_ON):
        source, target, count = brand_graph(data, name)
        real, null = [], []
        for seed in range(first, first + worlds):
            talk = draw_talk(source, target, count, generator=np.random.default_rng([seed, 1]))
            conversation = Conversation(talk.actor, talk.target, talk.times)
            real.append(rings(source, target, count, conversation=conversation))
            world = rewired_world(source, target, count, conversation, np.random.default_rng([seed, 2]))
            null.append(rings(world[0], world[1], count, conversation=world[2]))
        yield counted(f"{name}, drawn talk", real)
        yield counted(f"{name}, rewired", null)
    source, target, count, conversation = timme(data)
    yield counted("TIMME PureP, real talk", [rings(source, target, count, conversation=conversation)])
    null = []
    for seed in range(first, first + worlds):
        world = rewired_world(source, target, count, conversation, np.random.default_rng([seed, 3]))
        null.append(rings(world[0], world[1], count, conversation=world[2]))
    yield counted("TIMME PureP, rewired", null)
    yield counted(f"fan clubs in {SHOWN_ON}", list(fan_clubs(data, worlds, first)))


def fan_clubs(data: Path, worlds: int, first: int = 0) -> Iterator[Rings]:
    """Fan clubs of all sizes and densities, in turn."""
    source, target, count = brand_graph(data, SHOWN_ON)
    for seed in range(first, first + worlds):
        size, density = SIZES[seed % 5], DENSITIES[seed // 5 % 5]
        generator = np.random.default_rng([seed, 4])
        club = plant_fan_club(source, target, count, size=size, density=density, generator=generator)
        talk = draw_talk(club.source, club.target, club.count, generator=generator, star=club.count - 1)
        yield judge(club, talk)


def counted(what: str, results: list[Rings]) -> tuple[str, int, int, int, int]:
    """One line of the second table."""
    accused = [len(result.rings) for result in results]
    judged = sum(group.verdict != "chance" for result in results for group in result.groups)
    return what, len(results), int(np.count_nonzero(accused)), judged, sum(accused)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--part", choices=["found", "alarms"])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--seeds", type=int, default=3, help="a cell, up to 200 members; one above")
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--first-seed", type=int, default=0, help="the constants were looked at with 0 to 2")
    options = parser.parse_args()
    started = time.perf_counter()
    if options.part != "alarms":
        print(f"F1 of circuits planted into {SHOWN_ON}\n")
        print(f"{'members':10} {'camouflage':10} {'size':>5} {'density':>7}  " + " ".join(f"{m:>9}" for m in METHODS))
        missed = []
        for cell in found(options.data, options.sizes, options.seeds, options.first_seed):
            place = (
                f"{'taken over' if cell.taken_over else 'new':10} {cell.camouflage:10} {cell.size:5} {cell.density:7}"
            )
            print(f"{place}  " + " ".join(f"{cell.scores[m]:9.3f}" for m in METHODS), flush=True)
            if cell.size >= 50 and cell.density >= 0.4 and cell.scores["rings"] < 0.95:
                missed.append(place)
        print(f"\nBelow 0.95 from size 50 and density 0.4: {len(missed)}", *missed, sep="\n")
    if options.part != "found":
        heads = ("worlds", "accusing", "groups", "accused")
        print(f"\n{'where nobody should be accused':42} " + " ".join(f"{head:>8}" for head in heads))
        for what, worlds, accusing, judged, accused in alarms(options.data, options.worlds, options.first_seed):
            print(f"{what:42} {worlds:8} {accusing:8} {judged:8} {accused:8}", flush=True)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
