"""Planted circuits and fan clubs: density, camouflage, follow-backs, who talks with whom."""

from __future__ import annotations

import numpy as np
import pytest

from headcount.simulate.circuits import CAMOUFLAGE, draw_talk, plant_circuit, plant_fan_club


def follows(seed=0, count=2000, number=12_000):
    rng = np.random.default_rng(seed)
    popular = np.minimum((rng.pareto(1.5, number) * 20).astype(int), count - 1)
    key = np.unique(rng.integers(0, count, number) * count + popular)
    key = key[key // count != key % count]
    return key // count, key % count, count


@pytest.mark.parametrize("camouflage", CAMOUFLAGE)
@pytest.mark.parametrize("taken_over", [False, True])
def test_a_circuit_has_its_size_density_and_camouflage(camouflage, taken_over):
    source, target, count = follows()
    planted = plant_circuit(
        source,
        target,
        count,
        size=150,
        density=0.3,
        generator=np.random.default_rng(1),
        camouflage=camouflage,
        taken_over=taken_over,
    )
    assert len(planted.members) == 150
    assert planted.count == count + (0 if taken_over else 150)
    key = planted.source * planted.count + planted.target
    assert (np.diff(key) > 0).all()
    assert np.isin(source * planted.count + target, key).all()
    own = np.isin(planted.source, planted.members)
    inside = own & np.isin(planted.target, planted.members)
    assert inside.sum() / (150 * 149) == pytest.approx(0.3, abs=0.03)
    assert np.isin(planted.target * planted.count + planted.source, key)[inside].all() or taken_over
    new = ~np.isin(key, source * planted.count + target)
    outwards = (own & ~inside & new).sum()
    if camouflage == "none":
        assert outwards == 0
    else:
        back = (~own & np.isin(planted.target, planted.members) & new).sum()
        assert 0.4 * inside.sum() < outwards <= inside.sum()
        # Follows of the popular repeat and count once, follow-backs hardly do.
        assert back / outwards == pytest.approx(0.1, abs=0.08)


def test_popular_camouflage_goes_to_the_popular():
    source, target, count = follows()
    reached = {}
    for camouflage in ("random", "popular"):
        planted = plant_circuit(
            source, target, count, size=80, density=0.3, generator=np.random.default_rng(2), camouflage=camouflage
        )
        outwards = (planted.source >= count) & (planted.target < count)
        reached[camouflage] = np.bincount(target, minlength=count)[planted.target[outwards]].mean()
    assert reached["popular"] > 3 * reached["random"]


def test_members_of_a_circuit_hardly_address_each_other_and_fans_do():
    rates = {}
    for name in ("circuit", "club"):
        plant = plant_circuit if name == "circuit" else plant_fan_club
        planted = plant(*follows(), size=200, density=0.4, generator=np.random.default_rng(3))
        talk = draw_talk(
            planted.source,
            planted.target,
            planted.count,
            generator=np.random.default_rng(4),
            circuits=(planted.members,) if name == "circuit" else (),
            star=planted.count - 1 if name == "club" else None,
        )
        assert (talk.times >= 1).all()
        assert talk.times.mean() == pytest.approx(3, rel=0.1)
        key = planted.source * planted.count + planted.target
        assert np.isin(talk.actor * planted.count + talk.target, key).all()
        inside = np.isin(talk.actor, planted.members) & np.isin(talk.target, planted.members)
        rates[name] = inside.sum() / 200
        if name == "club":
            assert (talk.target == planted.count - 1).sum() / 200 == pytest.approx(0.7, abs=0.1)
    assert rates["circuit"] / rates["club"] == pytest.approx(0.05, abs=0.05)


def test_attention_is_limited_and_some_are_silent():
    rng = np.random.default_rng(5)
    first, second = np.triu_indices(300, 1)
    kept = rng.random(len(first)) < np.where(first < 40, 0.9, 0.02)
    source = np.concatenate([first[kept], second[kept]])
    target = np.concatenate([second[kept], first[kept]])
    degree = np.bincount(source, minlength=300)
    partners = np.mean(
        [
            np.bincount(draw_talk(source, target, 300, generator=np.random.default_rng(s)).actor, minlength=300)
            for s in range(40)
        ],
        axis=0,
    )
    busy, others = degree > 200, degree <= 200
    slope = np.log(partners[busy].mean() / partners[others].mean())
    slope /= np.log(degree[busy].mean() / degree[others].mean())
    assert slope == pytest.approx(0.72, abs=0.1)
    silent = np.bincount(draw_talk(source, target, 300, generator=rng).actor, minlength=300) == 0
    assert 0.25 < silent.mean() < 0.45
