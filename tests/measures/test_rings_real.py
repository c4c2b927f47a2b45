"""Circuits planted into real follower graphs, and nobody accused in the real ones."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pyarrow")
pytest.importorskip("networkx")

from benchmarks import rings as bench

from headcount.measures.circuits.rings import rings
from headcount.simulate.circuits import draw_talk, plant_circuit

pytestmark = pytest.mark.shared


@pytest.mark.parametrize(
    ("camouflage", "size", "density"), [("none", 50, 0.4), ("random", 200, 0.4), ("popular", 100, 0.6)]
)
def test_circuits_in_a_real_follower_graph_are_found_better_than_by_other_methods(
    shared_data, camouflage, size, density
):
    generator = np.random.default_rng(size)
    planted = plant_circuit(
        *bench.brand_graph(shared_data, bench.SHOWN_ON),
        size=size,
        density=density,
        generator=generator,
        camouflage=camouflage,
    )
    talk = draw_talk(planted.source, planted.target, planted.count, generator=generator, circuits=(planted.members,))
    scores = bench.all_methods(planted, talk)
    assert scores["rings"] >= 0.95
    assert all(scores["rings"] >= scores[other] - 0.01 for other in ("FRAUDAR", "core", "CatchSync"))


def test_politicians_who_talk_are_two_dense_groups_and_accused_of_nothing(shared_data):
    source, target, count, conversation = bench.timme(shared_data)
    result = rings(source, target, count, conversation=conversation)
    assert result.rings == ()
    talking = [group for group in result.groups if group.verdict == "talks"]
    assert len(talking) >= 2
    assert all(group.density > 0.4 and len(group.members) > 100 for group in talking[:2])


@pytest.mark.parametrize("worlds", [3, pytest.param(40, marks=pytest.mark.long)])
def test_nobody_is_accused_without_a_circuit(shared_data, worlds):
    for what, count, accusing, _, accused in bench.alarms(shared_data, worlds):
        print(what, count, accusing, accused)
        assert accused == 0 if "rewired" not in what else accusing <= 0.05 * count
