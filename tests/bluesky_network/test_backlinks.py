"""An index of backlinks explains, in numbers, why the real AppView lists fewer followers than it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import duckdb
import pytest
from tests.bluesky_network.fixtures import Bluesky
from tests.bluesky_network.index import Index, running_index
from tests.bluesky_network.truth import Fate

import headcount as hc
from headcount.errors import UsageError
from headcount.sources.bluesky.backlinks import unlisted_sentence
from headcount.sources.collect.client import Client, RetryPolicy
from headcount.sources.collect.landing import Landing
from headcount.sources.collect.options import Options

GONE_FROM_THEIR_SERVER = frozenset({Fate.DEACTIVATED, Fate.TAKEN_DOWN})
Collect = Callable[..., Path]


@pytest.fixture
def collect(bluesky: Bluesky, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Collect:
    """Collects an account of the real network with an index: followers, and little else."""
    monkeypatch.setenv("HEADCOUNT_BLUESKY_APPVIEW", bluesky.network.appview)
    monkeypatch.setenv("HEADCOUNT_BLUESKY_DIRECTORY", bluesky.network.plc)
    monkeypatch.setenv("HEADCOUNT_SETTINGS", str(tmp_path / "settings"))

    def add(did: str, index: Index, **more: object) -> Path:
        handle = bluesky.world.accounts[did].handle
        options = Options(backlinks=index.url, since=datetime.now(UTC), **{"sample": 1, **more})
        patient = partial(Client, retry_policy=RetryPolicy(tries=2, first=0.01))
        hc.open(tmp_path / "w").collect(f"bluesky:{handle}", options, client=patient)
        return tmp_path / "w"

    return add


def follows_of(bluesky: Bluesky, did: str) -> list[tuple[str, str]]:
    return [(follow.source, follow.key) for follow in bluesky.world.follows if follow.target == did]


def index_of(bluesky: Bluesky, did: str) -> Index:
    """What Constellation would hold: nothing of deleted accounts, and the inactive ones counted and not named."""
    fates = {other: account.fate for other, account in bluesky.world.accounts.items()}
    records = [(source, key) for source, key in follows_of(bluesky, did) if fates[source] is not Fate.DELETED]
    inactive = frozenset(other for other, fate in fates.items() if fate in GONE_FROM_THEIR_SERVER)
    return Index(did, records, inactive)


def query(folder: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(folder / "headcount.duckdb"), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_the_difference_is_explained(bluesky: Bluesky, collect: Collect) -> None:
    world = bluesky.world
    why = Counter(world.unlisted_followers(world.main).values())
    with running_index(index_of(bluesky, world.main)) as index:
        folder = collect(world.main, index)
    gap = sum(why.values())
    withheld = why[Fate.DEACTIVATED] + why[Fate.TAKEN_DOWN]
    told = (
        f"Of {gap} followers counted but not listed: {why[Fate.MODERATED]} suspended, "
        f"{withheld} deactivated or suspended, {why['blocks']} blocking the account, {why['is blocked']} blocked by "
        f"it, {why[Fate.DELETED]} unknown (the backlink index begins 2025-01-28)."
    )
    assert told in hc.open(folder).report(f"bluesky:{world.main}").followers.explanation
    listed = query(folder, f"SELECT follower_id FROM follows WHERE followee_id = 'bluesky:{world.main}'")
    assert {did.removeprefix("bluesky:") for (did,) in listed} == set(world.followers(world.main))
    statuses = dict(query(folder, "SELECT account_id, status FROM accounts"))
    moderated = [did for did, reason in world.unlisted_followers(world.main).items() if reason == Fate.MODERATED]
    assert {statuses[f"bluesky:{did}"] for did in moderated} == {"suspended"}


def test_an_index_that_names_all_leaves_nothing_unknown(bluesky: Bluesky, collect: Collect) -> None:
    world = bluesky.world
    why = Counter(world.unlisted_followers(world.main).values())
    with running_index(Index(world.main, follows_of(bluesky, world.main))) as index:
        folder = collect(world.main, index)
    told = (
        f"followers counted but not listed: {why[Fate.DELETED] + why[Fate.DEACTIVATED]} deleted or deactivated, "
        f"{why[Fate.TAKEN_DOWN] + why[Fate.MODERATED]} suspended, {why['blocks']} blocking the account, "
        f"{why['is blocked']} blocked by it."
    )
    assert told in hc.open(folder).report(f"bluesky:{world.main}").followers.explanation
    statuses = dict(query(folder, "SELECT account_id, status FROM accounts"))
    expected = {Fate.DELETED: "deleted", Fate.DEACTIVATED: "deleted", Fate.TAKEN_DOWN: "suspended"}
    for did, reason in world.unlisted_followers(world.main).items():
        assert statuses[f"bluesky:{did}"] == expected.get(reason, "suspended" if reason == Fate.MODERATED else "active")


def test_the_index_is_asked_politely(bluesky: Bluesky, collect: Collect) -> None:
    world = bluesky.world
    with running_index(index_of(bluesky, world.main)) as index:
        collect(world.main, index)
    times = [time for time, _, _ in index.asked]
    assert len(times) >= len(index.records) / 100
    assert len({path for _, path, _ in index.asked}) == len(times), "nothing is asked twice"
    assert all(later - earlier > 0.9 for earlier, later in zip(times, times[10:], strict=False))
    assert all(headers["user-agent"].startswith("headcount/") for *_, headers in index.asked)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("broken", [0, 1])
def test_an_index_that_fails_costs_a_note(bluesky: Bluesky, collect: Collect, broken: int) -> None:
    world = bluesky.world
    index = index_of(bluesky, world.main)
    index.broken = broken
    with running_index(index):
        folder = collect(world.main, index)
    explanation = hc.open(folder).report(f"bluesky:{world.main}").followers.explanation
    assert "includes followers missing from its list" in explanation
    with Landing(next((folder / "landing").rglob("*.landing"))) as landing:
        assert any(note.startswith("The backlink index is not available") for note in landing.notes())
    listed = query(folder, f"SELECT count(*) FROM follows WHERE followee_id = 'bluesky:{world.main}'")
    assert listed == [(len(world.followers(world.main)),)]


def test_it_is_not_asked_where_the_list_is_cut(bluesky: Bluesky, collect: Collect) -> None:
    world = bluesky.world
    with running_index(index_of(bluesky, world.main)) as index:
        collect(world.main, index, sample=None, limit=10)
    assert index.asked == []


def test_an_account_whose_list_leaves_out_one_follower_at_most(bluesky: Bluesky, collect: Collect) -> None:
    world = bluesky.world
    with running_index(index_of(bluesky, world.quiet)) as index:
        folder = collect(world.quiet, index)
    known = [reason for reason in world.unlisted_followers(world.quiet).values() if reason != Fate.DELETED]
    explanation = hc.open(folder).report(f"bluesky:{world.quiet}").followers.explanation
    assert ("counted but not listed" in explanation) == bool(known), "of who deleted their account the index is silent"


def test_an_address_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a valid server address"):
        hc.open(tmp_path).collect("alice.bsky.social", Options(backlinks="constellation.microcosm.blue"))


@pytest.mark.parametrize(
    ("gap", "text", "told"),
    [
        (3, None, None),
        (3, '{"counts":{"ended":2}}', None),
        (3, '{"counts":{"deleted":3}}', "Of 3 followers counted but not listed: 3 deleted or deactivated."),
        (5, '{"counts":{"blocking":2}}', "2 blocking the account, 3 unknown (the backlink index is incomplete)"),
        (2, '{"counts":{"suspended":5}}', "The list leaves out 5 followers that the backlink index contains: 5 susp"),
        (9, '{"counts":{"deleted":9},"sampled":true}', "(numbers from a sample): 9 deleted"),
    ],
)
def test_the_sentence(gap: int, text: str | None, told: str | None) -> None:
    sentence = unlisted_sentence(gap, text)
    assert sentence is None if told is None else told in str(sentence)
