"""Closed circuits: found where planted, nobody accused who talks, unknown stays unknown, real graphs."""

from __future__ import annotations

import numpy as np
import pytest

from headcount.measures.circuits.groups import AccountFacts
from headcount.measures.circuits.rings import Conversation, Rings, rings
from headcount.simulate.circuits import CAMOUFLAGE, draw_talk, plant_circuit, plant_fan_club

pytestmark = pytest.mark.filterwarnings("ignore::numba.core.errors.NumbaPerformanceWarning")


def world(seed, count=1500):
    """A follow graph with heavy-tailed degrees, many mutual follows, and two dense groups of friends."""
    rng = np.random.default_rng(seed)
    weight = rng.pareto(1.5, count) + 0.3
    source, target = rng.choice(count, (2, 9000), p=weight / weight.sum())
    back = rng.random(9000) < 0.4
    rows = [np.stack([source, target]), np.stack([target[back], source[back]])]
    for size in (30, 60):
        members = rng.choice(count, size, replace=False)
        first, second = np.triu_indices(size, 1)
        tied = rng.random(len(first)) < 0.5
        ends = np.stack([members[first[tied]], members[second[tied]]])
        rows += [ends, ends[::-1]]
    source, target = np.concatenate(rows, axis=1)
    key = np.unique((source * count + target)[source != target])
    return key // count, key % count, count


def judged(planted, seed, *, circuits=(), star=None, quiet=0.05, **options) -> Rings:
    talk = draw_talk(
        planted.source,
        planted.target,
        planted.count,
        generator=np.random.default_rng([seed, 9]),
        circuits=circuits,
        star=star,
        quiet=quiet,
    )
    conversation = Conversation(talk.actor, talk.target, talk.times)
    return rings(planted.source, planted.target, planted.count, conversation=conversation, **options)


def planted_circuit(seed, size=60, density=0.5, **options):
    return plant_circuit(
        *world(seed), size=size, density=density, generator=np.random.default_rng([seed, 5]), **options
    )


def f1(found, members):
    return 2 * np.isin(found, members).sum() / (len(found) + len(members))


@pytest.mark.sampled(5)
@pytest.mark.parametrize("camouflage", CAMOUFLAGE)
@pytest.mark.parametrize(("size", "density"), [(60, 0.5), (120, 0.6)])
@pytest.mark.parametrize("taken_over", [False, True])
def test_a_planted_circuit_is_found_whatever_its_camouflage(camouflage, size, density, taken_over):
    planted = planted_circuit(1, size, density, camouflage=camouflage, taken_over=taken_over)
    result = judged(planted, 1, circuits=(planted.members,))
    assert f1(np.flatnonzero(result.in_ring), planted.members) >= 0.95
    assert len(result.rings) == 1
    (ring,) = result.rings
    assert ring is result.groups[0]
    assert ring.significance == pytest.approx(1 / 21)
    assert ring.conversation.high < 1 / 3
    assert ring.ties > 10 * ring.expected_ties
    assert ring.inside_share < ring.inside_ties or ring.inside_ties == 1


def test_the_groups_of_friends_are_shown_and_not_accused():
    result = judged(planted_circuit(2), 2, circuits=())
    assert len(result.groups) >= 3
    assert result.rings == ()
    assert result.share == 0
    assert {group.verdict for group in result.groups} <= {"talks", "unclear", "chance"}


def test_several_circuits_do_not_hide_each_other():
    """Three circuits are most of the dense groups, and yet no comparison for one another."""
    source, target, count = world(3)
    circuits = []
    for size in (40, 80, 160):
        planted = plant_circuit(
            source, target, count, size=size, density=0.6, generator=np.random.default_rng(size), camouflage="popular"
        )
        source, target, count = planted.source, planted.target, planted.count
        circuits.append(planted.members)
    result = judged(planted, 3, circuits=tuple(circuits))
    assert len(result.rings) == 3
    assert f1(np.flatnonzero(result.in_ring), np.concatenate(circuits)) >= 0.97


@pytest.mark.parametrize("seed", range(3))
def test_fan_clubs_are_never_accused(seed):
    club = plant_fan_club(*world(seed), size=80, density=0.5, generator=np.random.default_rng([seed, 8]))
    result = judged(club, seed, star=club.count - 1)
    assert result.rings == ()
    found = max(result.groups, key=lambda group: np.isin(group.members, club.members).sum())
    assert f1(found.members, club.members) > 0.9
    assert found.verdict == "talks"


def test_without_conversation_nobody_is_accused():
    planted = planted_circuit(4)
    result = rings(planted.source, planted.target, planted.count)
    assert result.rings == ()
    assert result.share is None
    assert result.share_interval is None
    assert "conversation unknown" in {group.verdict for group in result.groups}
    assert all(group.conversation is None and group.inside_share is None for group in result.groups)
    assert "unknown" in result.sentence()


def test_members_nobody_looked_at_leave_their_conversation_unknown():
    planted = planted_circuit(5)
    talk = draw_talk(planted.source, planted.target, planted.count, generator=np.random.default_rng(5))
    watched = np.ones(planted.count, bool)
    watched[planted.members[10:]] = False
    kept = watched[talk.actor]
    conversation = Conversation(talk.actor[kept], talk.target[kept], talk.times[kept], watched)
    result = rings(planted.source, planted.target, planted.count, conversation=conversation)
    (group,) = [g for g in result.groups if np.isin(g.members, planted.members).mean() > 0.9]
    assert group.verdict == "conversation unknown"
    assert group.conversation is None


def test_a_world_where_nobody_talks_has_no_circuits():
    planted = planted_circuit(6)
    none = np.zeros(0, np.int64)
    result = rings(planted.source, planted.target, planted.count, conversation=Conversation(none, none))
    assert result.rings == ()


def test_quiet_people_who_talk_to_each_other_as_to_anybody_are_not_accused():
    """A group of friends who say little, inside and outside alike; a circuit says little inside alone."""
    planted = planted_circuit(12, taken_over=True)
    talk = draw_talk(planted.source, planted.target, planted.count, generator=np.random.default_rng(12))
    inside = np.isin(talk.actor, planted.members)
    quiet = np.random.default_rng(13).random(len(talk.actor)) < 0.15
    verdicts = {}
    for name, dropped in (
        ("everywhere", inside & ~quiet),
        ("inside", inside & np.isin(talk.target, planted.members) & ~quiet),
    ):
        conversation = Conversation(talk.actor[~dropped], talk.target[~dropped], talk.times[~dropped])
        result = rings(planted.source, planted.target, planted.count, conversation=conversation)
        (group,) = [g for g in result.groups if np.isin(g.members, planted.members).mean() > 0.9]
        assert group.conversation.high < 1 / 3
        verdicts[name] = group.verdict
    assert verdicts == {"everywhere": "unclear", "inside": "ring"}


def test_members_who_were_away_are_not_accused():
    planted = planted_circuit(7)
    posts = np.full(planted.count, 5.0)
    posts[planted.members] = 0
    result = judged(planted, 7, circuits=(planted.members,), facts=AccountFacts(posts=posts))
    (group,) = [g for g in result.groups if np.isin(g.members, planted.members).mean() > 0.9]
    assert group.verdict == "away"
    assert result.rings == ()


def test_evidence_of_the_members():
    planted = planted_circuit(8)
    inside = np.isin(np.arange(planted.count), planted.members)
    link_share = np.where(inside, 0.8, np.nan)
    newcomer = np.where(inside, 1, -1).astype(np.int8)
    newcomer[planted.members[:30]] = 0
    facts = AccountFacts(link_share=link_share, newcomer=newcomer)
    result = judged(planted, 8, circuits=(planted.members,), facts=facts)
    ring = result.rings[0]
    assert ring.members.tolist() == planted.members.tolist()
    assert ring.link_share == pytest.approx(0.8)
    assert ring.newcomers == pytest.approx(0.5)
    assert ring.synchrony is None
    assert ring.reciprocity == 1
    pairs = 60 * 59 / 2
    key = planted.source * planted.count + planted.target
    within = inside[planted.source] & inside[planted.target]
    ties = int(np.isin(planted.target * planted.count + planted.source, key)[within].sum() / 2)
    assert (ring.ties, ring.density) == (ties, pytest.approx(ties / pairs))
    others = [group for group in result.groups if group is not ring]
    assert all(group.link_share is None and group.newcomers is None for group in others)


def test_a_sample_of_followers_has_an_interval_and_tells_what_it_cannot_see():
    planted = planted_circuit(9, size=300, density=0.5)
    drawn = np.random.default_rng(9).random(planted.count) < 0.5
    number = np.cumsum(drawn) - 1
    talk = draw_talk(
        planted.source, planted.target, planted.count, generator=np.random.default_rng(9), circuits=(planted.members,)
    )
    follows, talks = drawn[planted.source] & drawn[planted.target], drawn[talk.actor] & drawn[talk.target]
    result = rings(
        number[planted.source[follows]],
        number[planted.target[follows]],
        int(drawn.sum()),
        conversation=Conversation(number[talk.actor[talks]], number[talk.target[talks]], talk.times[talks]),
        population=planted.count,
    )
    low, high = result.share_interval
    assert low < len(planted.members) / planted.count < high
    assert low < result.share < high
    assert result.smallest_seen == pytest.approx(20, abs=2)
    assert "%" in result.sentence()


def test_the_result_does_not_depend_on_the_order_or_on_repetitions():
    planted = planted_circuit(10)
    talk = draw_talk(planted.source, planted.target, planted.count, generator=np.random.default_rng(1))
    order = np.random.default_rng(2).permutation(len(planted.source))
    order = np.concatenate([order, order[:50]])
    plain = rings(
        planted.source, planted.target, planted.count, conversation=Conversation(talk.actor, talk.target, talk.times)
    )
    mixed = rings(
        planted.source[order],
        planted.target[order],
        planted.count,
        conversation=Conversation(talk.actor[::-1], talk.target[::-1], talk.times[::-1]),
    )
    assert plain.columns() == mixed.columns()
    np.testing.assert_array_equal(plain.label, mixed.label)


@pytest.mark.parametrize("count", [0, 1, 5])
def test_graphs_with_nothing_in_them(count):
    none = np.zeros(0, np.int64)
    result = rings(none, none, count, conversation=Conversation(none, none))
    assert result.groups == ()
    assert result.in_ring.tolist() == [False] * count
    assert result.sentence()
    assert result.columns()["members"] == []


def test_a_clique_alone_has_nothing_to_be_compared_with():
    first, second = np.nonzero(~np.eye(40, dtype=bool))
    none = np.zeros(0, np.int64)
    result = rings(first, second, 40, conversation=Conversation(none, none))
    assert result.rings == ()


def test_wrong_arguments():
    one = np.array([0])
    with pytest.raises(ValueError, match="0 to 4"):
        rings(one, np.array([5]), 5)
    with pytest.raises(ValueError, match="population 3"):
        rings(one, one, 5, population=3)


def test_the_result_turns_into_a_table():
    planted = planted_circuit(11)
    result = judged(planted, 11, circuits=(planted.members,))
    table = result.to_frame("pandas")
    assert len(table) == len(result.groups)
    assert table.verdict[0] == "ring"
    assert "closed circuit" in result._repr_html_()
