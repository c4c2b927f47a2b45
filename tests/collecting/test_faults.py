"""Whatever breaks on the way, a collection comes to its end with the same tables as an undisturbed one."""

from __future__ import annotations

import json
import re
import time
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.collecting.faults import KINDS, SAID, Plan, proxied
from tests.collecting.stub import running
from tests.collecting.tables import assert_same, tables
from tests.collecting.world import MAIN, Sizes, World, did

import headcount as hc
from headcount.cli.main import main
from headcount.errors import AccessDenied, PlatformUnavailable
from headcount.sources.bluesky.login_session import log_in_bluesky
from headcount.sources.collect.client import Client, RetryPolicy
from headcount.sources.collect.landing import Landing

SIZES = Sizes(260, round(time.time()) * 1_000_000)
QUICK = RetryPolicy(tries=8, first=0.005, longest=0.03, blind=0.01, timeout=0.4)


def quick(**how):
    return Client(retry_policy=QUICK, **how)


@pytest.fixture(scope="module")
def stub():
    with running(SIZES) as server:
        yield server


@pytest.fixture(scope="module")
def undisturbed(stub, tmp_path_factory):
    """The tables and the notes of a run in which nothing breaks."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch, proxied(stub.address, Plan(kinds=())) as proxy:
        settle(patch, proxy, folder)
        imported = hc.open(folder / "ws").collect(MAIN, client=quick)
    assert imported is not None
    return tables(folder / "ws"), imported.notes


def settle(patch, proxy, folder: Path) -> None:
    """Headcount asks through the proxy; its settings are those of nobody."""
    for name, value in (proxy.environment | {"HEADCOUNT_SETTINGS": str(folder / "settings")}).items():
        patch.setenv(name, value)
    for name in ("HEADCOUNT_BLUESKY_SESSION", "HEADCOUNT_BLUESKY_SERVER"):
        patch.delenv(name, raising=False)
    patch.setattr("headcount.sources.login.secrets._keyring", lambda: None)


def everything_in(folder: Path) -> bytes:
    """All bytes of a workspace, and what is in the pages that were kept compressed."""
    parts = [path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()]
    for path in folder.rglob("*.landing"):
        with Landing(path) as landing:
            parts += [page.body + json.dumps([page.url, page.headers]).encode() for page in landing.pages()]
    return b"\n".join(parts)


def test_every_kind_of_fault_in_one_run(stub, undisturbed, tmp_path, monkeypatch):
    plan, said = Plan(seed=11, gap=(1, 4)), []
    with proxied(stub.address, plan) as proxy:
        settle(monkeypatch, proxy, tmp_path)
        log_in_bluesky(MAIN, proxy.session.password, server=proxy.address)
        imported = hc.open(tmp_path / "ws").collect(MAIN, client=quick, say=said.append, log=True)
    assert imported is not None
    assert imported.notes == undisturbed[1], "nothing was lost, so there is nothing more to say"
    assert set(plan.done) == set(KINDS)
    assert_same(tables(tmp_path / "ws"), undisturbed[0])
    log = (tmp_path / "ws/collect.log").read_text()
    for kind, words in SAID.items():
        expected = sum(times for other, times in plan.done.items() if SAID[other] == words)
        assert log.lower().count(words) >= expected, f"{kind}: the log does not tell each of {expected}"
    waits = [text for text in said if re.search(r"waiting 3\.\d s, until \d\d:\d\d:\d\d\.", text)]
    assert waits, f"no word about the 3 seconds: {said}"
    until = datetime.strptime(waits[0][-9:-1], "%H:%M:%S").time()
    assert until.isoformat() in log
    assert re.search(r"[1-9]\d*% for rate limits", said[-1])
    assert proxy.session.number >= plan.done["expired 400"] + plan.done["expired 401"]
    kept = everything_in(tmp_path / "ws") + "\n".join(said).encode() + repr(imported).encode()
    assert b"secret" not in kept, "neither the password nor a token stands in anything that is kept or told"
    assert b"secret-access-token" in (tmp_path / "settings/secrets.json").read_bytes()
    assert (tmp_path / "settings/secrets.json").stat().st_mode & 0o777 == 0o600


@pytest.fixture(scope="module")
def small():
    """A server of an account with a short list."""
    with running(Sizes(4, SIZES.now, following=230, posts=1, likes=3, replies=2, reposts=1, quotes=1)) as server:
        yield server


@pytest.fixture(scope="module")
def small_undisturbed(small, tmp_path_factory):
    """The tables and the notes of a run there in which nothing breaks."""
    folder = tmp_path_factory.mktemp("small")
    with pytest.MonkeyPatch.context() as patch, proxied(small.address, Plan(kinds=())) as proxy:
        settle(patch, proxy, folder)
        imported = hc.open(folder / "ws").collect(MAIN, client=quick)
    assert imported is not None
    return tables(folder / "ws"), imported.notes


@pytest.mark.sampled(5)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if not kind.startswith("expired")])
def test_each_kind_alone(kind, small, small_undisturbed, tmp_path, monkeypatch):
    """A short list, whose every page meets the fault at its first try."""
    gap = (2, 3) if kind.startswith("429 with") and kind != "429 with nothing" else (0, 0)
    plan = Plan(seed=3, kinds=(kind,), gap=gap, wait=0.4, begin=1)
    monkeypatch.setattr("tests.collecting.faults._PATIENCE", 1)
    with proxied(small.address, plan) as proxy:
        settle(monkeypatch, proxy, tmp_path)
        if kind == "429 with seconds":
            plan.done[kind] = 1  # the long one is in the test above
            plan.wait = 1
        imported = hc.open(tmp_path / "ws").collect(MAIN, client=quick, log=True)
    assert plan.done[kind] >= (1 if kind == "cursor loop" else 4)
    assert imported is not None
    assert imported.notes == small_undisturbed[1]
    assert_same(tables(tmp_path / "ws"), small_undisturbed[0])
    assert SAID[kind] in (tmp_path / "ws/collect.log").read_text().lower()


def test_a_list_that_always_points_back_is_called_partial(stub, tmp_path, monkeypatch):
    with proxied(stub.address, Plan(kinds=(), always={"getFollowers?actor": "cursor loop"})) as proxy:
        settle(monkeypatch, proxy, tmp_path)
        imported = hc.open(tmp_path / "ws").collect(MAIN, client=quick, log=True)
    assert imported is not None
    assert any("returned a repeated cursor and was stopped: the list is incomplete" in note for note in imported.notes)
    followers = hc.open(tmp_path / "ws").report(MAIN).followers
    assert (followers.state, followers.reason, followers.partial) == ("partial", "repeated_page", True)


def test_one_account_that_cannot_be_read_is_left_out(stub, undisturbed, tmp_path, monkeypatch):
    lost = next(n for n in range(100, 130) if World(SIZES).is_shown(n) and World(SIZES).post_count(n))
    broken = f"getAuthorFeed?actor={quote(did(lost), safe='')}"
    with proxied(stub.address, Plan(kinds=(), always={broken: "500"})) as proxy:
        settle(monkeypatch, proxy, tmp_path)
        imported = hc.open(tmp_path / "ws").collect(MAIN, client=quick, log=True)
    assert imported is not None
    more = [note for note in imported.notes if note not in undisturbed[1]]
    assert len(more) == 1
    assert more[0].startswith("Skipped because the platform did not respond: 1 page of latest")
    assert "HTTP 500" in more[0]
    log = (tmp_path / "ws/collect.log").read_text()
    assert re.search(rf"WARNING Skipped: \S*{re.escape(broken)}", log), "the log says whose"
    found = tables(tmp_path / "ws")
    gone = [row for row in undisturbed[0]["posts"] if f"bluesky:{did(lost)}" in row and row not in found["posts"]]
    assert gone
    assert_same(found | {"posts": [*found["posts"], *gone]}, undisturbed[0])


@pytest.mark.sampled(2)
@pytest.mark.parametrize("kind", ["503", "timeout", "reset", "HTML"])
def test_a_platform_that_falls_silent_ends_it_in_one_sentence_and_it_goes_on_later(
    kind, stub, undisturbed, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr("headcount.sources.collect.client.RetryPolicy", lambda: RetryPolicy(3, 0.01, 0.02, 0.01, 0.3))
    plan = Plan(kinds=(kind,), gap=(0, 0), begin=25)
    monkeypatch.setattr("tests.collecting.faults._PATIENCE", 1_000_000)
    command = ["add", MAIN, "--workspace", str(tmp_path / "ws")]
    with proxied(stub.address, plan) as proxy:
        settle(monkeypatch, proxy, tmp_path)
        assert main(command) == 1
        shown = capsys.readouterr().err
        told = [line for line in shown.splitlines() if line.startswith("headcount:")]
        assert len(told) == 1, told
        assert "stamina" not in shown
        assert "Traceback" not in shown
        assert "after 3 attempts; last error: " in told[0]
        assert "run the same command again later" in told[0]
        assert not (tmp_path / "ws/headcount.duckdb").exists(), "nothing half collected is imported"
        plan.kinds = ()
        asked = proxy.counts.copy()
        assert main(command) == 0
    assert "Resuming the collection started" in capsys.readouterr().err
    again = {target: proxy.counts[target] - before for target, before in asked.items()}
    assert sum(map(bool, again.values())) <= 1, "only the page that was not answered is asked for again"
    assert_same(tables(tmp_path / "ws"), undisturbed[0])


def test_a_platform_that_is_not_there_is_told_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("headcount.sources.collect.client.RetryPolicy", lambda: RetryPolicy(2, 0.01, 0.02, 0.01, 0.3))
    with proxied("http://127.0.0.1:9", Plan(kinds=())) as proxy:
        settle(monkeypatch, proxy, tmp_path)
    assert main(["add", MAIN, "--workspace", str(tmp_path / "ws")]) == 1  # the proxy has gone
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("headcount:")]
    assert len(told) == 1
    assert not list(tmp_path.rglob("*.landing")), "nothing was collected, so nothing lies about"


def test_a_session_that_has_ended_for_good_says_what_to_do(stub, tmp_path, monkeypatch):
    with proxied(stub.address, Plan(kinds=())) as proxy:
        settle(monkeypatch, proxy, tmp_path)
        log_in_bluesky(MAIN, proxy.session.password, server=proxy.address)
        proxy.session.number += 1
        proxy.session.expired = True
        with pytest.raises(AccessDenied, match=r"has ended.*\n?.*") as ended:
            hc.open(tmp_path / "ws").collect(MAIN, client=quick, log=True)
    assert "headcount login bluesky" in str(ended.value)
    assert "secret" not in str(ended.value)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("faults", [[503], [0, 500, 0], [502, 503, 500, 0]])
def test_a_renewal_that_fails_for_now_is_tried_again(faults, stub, tmp_path, monkeypatch):
    monkeypatch.setattr("headcount.sources.bluesky.login_session._PAUSE", 0.01)
    with proxied(stub.address, Plan(kinds=("expired 400",), gap=(10_000, 10_000), begin=30)) as proxy:
        settle(monkeypatch, proxy, tmp_path)
        log_in_bluesky(MAIN, proxy.session.password, server=proxy.address)
        proxy.session.faults, expected = list(faults), len(faults)
        assert hc.open(tmp_path / "ws").collect(MAIN, client=quick, log=True) is not None
    assert proxy.session.number == 1
    assert (tmp_path / "ws/collect.log").read_text().count("does not answer. Trying again.") == expected


def test_a_renewal_that_does_not_come_ends_it_and_it_goes_on_later(stub, undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr("headcount.sources.bluesky.login_session._PAUSE", 0.01)
    with proxied(stub.address, Plan(kinds=("expired 401",), gap=(10_000, 10_000), begin=30)) as proxy:
        settle(monkeypatch, proxy, tmp_path)
        log_in_bluesky(MAIN, proxy.session.password, server=proxy.address)
        proxy.session.faults = [503] * 100
        with pytest.raises(PlatformUnavailable, match="does not answer"):
            hc.open(tmp_path / "ws").collect(MAIN, client=quick)
        proxy.session.faults = []
        imported = hc.open(tmp_path / "ws").collect(MAIN, client=quick)
    assert imported is not None
    assert imported.notes == undisturbed[1], "what was left out then was asked for now"
    assert_same(tables(tmp_path / "ws"), undisturbed[0])
