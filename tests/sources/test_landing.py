"""What is kept of a platform's answers: whole after a kill, one process at a time, and scrubbed of who is forgotten."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import pytest

from headcount.errors import InputError, StoreBusy
from headcount.sources.collect.landing import Landing, is_landing
from headcount.sources.collect.landing_folder import find_unfinished, forget_in_landings, landing_folder, remove_landing


def body(*people: str) -> bytes:
    return json.dumps({"followers": [{"did": did, "handle": f"{did[-1]}.test"} for did in people]}).encode()


def test_a_page_comes_back_as_it_was(tmp_path):
    path = tmp_path / "a.landing"
    with Landing(path, write=True) as landing:
        kept = landing.put(
            "followers", "http://h/x?cursor=1", 200, {"link": "<next>", "set-cookie": "secret"}, b"\x00\xff{}"
        )
        assert kept.asked
        landing.note("once")
        landing.note("once")
    with Landing(path) as landing:
        page = landing.get("http://h/x?cursor=1")
        assert page is not None
        assert (page.step, page.status, page.body, page.asked) == ("followers", 200, b"\x00\xff{}", False)
        assert page.headers == {"link": "<next>"}, "cookies are not kept"
        assert landing.get("http://h/other") is None
        assert landing.notes() == ["once"]
        assert [p.url for p in landing.pages("followers")] == ["http://h/x?cursor=1"]
        assert landing.count() == 1
        assert landing.count("posts") == 0


def test_a_finished_landing_is_one_file(tmp_path):
    path = tmp_path / "a.landing"
    with Landing(path, write=True) as landing:
        landing.put("s", "u", 200, {}, b"{}")
        landing.finish()
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.landing"]
    assert is_landing(path)


def test_every_page_written_before_a_kill_is_there(tmp_path):
    path = tmp_path / "a.landing"
    script = textwrap.dedent(f"""
        import pathlib
        from headcount.sources.collect.landing import Landing
        landing = Landing(pathlib.Path({str(path)!r}), write=True)
        number = 0
        while True:
            landing.put("s", f"u{{number}}", 200, {{}}, b"x" * 1000)
            print(number, flush=True)
            number += 1
    """)
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for _ in range(200):
        told = int(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    told = max([told, *map(int, child.stdout.read().split())])
    child.communicate()
    with Landing(path, write=True) as landing:
        assert landing.count() in (told + 1, told + 2), "what was said to be kept is kept"
        assert landing.get(f"u{told}") is not None


def test_only_one_process_collects_into_a_landing(tmp_path):
    path = tmp_path / "a.landing"
    script = f"""
import pathlib, sys
from headcount.sources.collect.landing import Landing
landing = Landing(pathlib.Path({str(path)!r}), write=True)
landing.put("s", "u", 200, {{}}, b"")
print("ready", flush=True)
sys.stdin.read()
"""
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    try:
        began = time.monotonic()
        with pytest.raises(StoreBusy, match="Another process is collecting"), Landing(path, write=True):
            pass
        assert time.monotonic() - began < 20
    finally:
        child.communicate("", timeout=20)
    with Landing(path, write=True) as landing:
        assert landing.count() == 1


def test_what_is_no_landing_is_refused(tmp_path):
    text = tmp_path / "b.landing"
    text.write_text("hello")
    assert not is_landing(text)
    with pytest.raises(InputError, match="cannot be opened as a collection file"):
        Landing(text)
    newer = tmp_path / "c.landing"
    with Landing(newer, write=True) as landing:
        landing.set_meta("format", "99")
    with pytest.raises(InputError, match="format 99"):
        Landing(newer)


def test_an_unfinished_collection_is_found_by_its_options(tmp_path):
    for name, options, finished in (("1", "a", False), ("2", "a", True), ("3", "b", False)):
        with Landing(tmp_path / f"{name}.landing", write=True) as landing:
            landing.set_meta("options", options)
            landing.put("s", "u", 200, {}, b"{}")
            if finished:
                landing.finish()
    found = find_unfinished(tmp_path, "a")
    assert found is not None
    assert found.name == "1.landing"
    assert find_unfinished(tmp_path, "c") is None


def test_forgetting_takes_an_account_out_of_what_was_kept(tmp_path):
    folder = landing_folder(tmp_path, "bluesky:alice.test")
    kept, own = folder / "1.landing", landing_folder(tmp_path, "bluesky:bob.test") / "1.landing"
    with Landing(kept, write=True) as landing:
        landing.set_meta("account_id", "bluesky:did:plc:alice")
        landing.put("followers", "http://h/f", 200, {}, body("did:plc:bob", "did:plc:carol"))
        landing.put("latest", "http://h/feed?actor=did%3Aplc%3Abob", 200, {}, b'{"feed": []}')
        landing.put("repository", "http://h/repo", 200, {}, b"\x01did:plc:bob")
        landing.finish()
    with Landing(own, write=True) as landing:
        landing.set_meta("account_id", "bluesky:did:plc:bob")
    assert forget_in_landings(tmp_path, "bluesky:did:plc:bob", "b.test") == 2
    assert not own.exists()
    assert b"bob" not in kept.read_bytes()
    with Landing(kept) as landing:
        pages = list(landing.pages())
        assert [page.step for page in pages] == ["followers", "latest"]
        assert pages[0].json == {"followers": [{"did": "did:plc:carol", "handle": "l.test"}]}


def test_removing_leaves_nothing_behind(tmp_path):
    path = landing_folder(tmp_path, "x:1") / "1.landing"
    with Landing(path, write=True) as landing:
        landing.put("s", "u", 200, {}, b"{}")
    remove_landing(path)
    assert list(tmp_path.iterdir()) == []


def test_forgetting_takes_pages_of_x_that_are_about_the_account(tmp_path):
    path = landing_folder(tmp_path, "x:alice") / "1.landing"
    with Landing(path, write=True) as landing:
        landing.set_meta("account_id", "x:1")
        landing.put("latest", "http://h/2/users/42/tweets?max_results=5", 200, {}, b'{"data": [{"text": "mine"}]}')
        landing.put("followers", "http://h/2/users/1/followers", 200, {}, b'{"data": [{"id": "42"}, {"id": "423"}]}')
        landing.finish()
    assert forget_in_landings(tmp_path, "x:42", "bob") == 1
    with Landing(path) as landing:
        assert [(page.step, page.json) for page in landing.pages()] == [("followers", {"data": [{"id": "423"}]})]


def test_forgetting_one_leaves_those_whose_names_hold_that_name(tmp_path):
    path = landing_folder(tmp_path, "mastodon:me@s.example") / "1.landing"
    people = ["https://s.example/@ali", "https://s.example/@alice", "https://t.example/@ali"]
    escaped = json.dumps([{"url": name} for name in people]).replace("/", r"\/").encode()
    with Landing(path, write=True) as landing:
        landing.put("followers", "http://h/1", 200, {}, escaped)
        landing.put("hearts", "http://h/2", 200, {}, rb'[{"text": "a line\nand another"}]')
        landing.note("The replies of https://s.example/@ali were not read.")
        landing.finish()
    (tmp_path / "collect.log").write_text(
        "asked http://h/1\nasked https://s.example/@ali\nasked https://s.example/@alice\n"
    )
    assert forget_in_landings(tmp_path, "mastodon:ali@s.example", "ali") == 1
    with Landing(path) as landing:
        assert [page.json for page in landing.pages()] == [
            [{"url": name} for name in people[1:]],
            [{"text": "a line\nand another"}],
        ]
        assert landing.notes() == []
    assert (tmp_path / "collect.log").read_text() == "asked http://h/1\nasked https://s.example/@alice\n"


def test_forgetting_a_handle_spares_longer_handles(tmp_path):
    path = landing_folder(tmp_path, "bluesky:me.test") / "1.landing"
    handles = ["b.com", "bob.com", "ab.com", "b.com.example"]
    with Landing(path, write=True) as landing:
        landing.put("followers", "http://h/1", 200, {}, json.dumps([{"handle": handle} for handle in handles]).encode())
        landing.put("text", "http://h/2", 200, {}, b'[{"text": "greetings to @b.com."}, {"text": "and to @bob.com."}]')
    forget_in_landings(tmp_path, "bluesky:did:plc:bob", "b.com")
    with Landing(path) as landing:
        first, second = landing.pages()
        assert [person["handle"] for person in first.json] == handles[1:]
        assert second.json == [{"text": "and to @bob.com."}]


def test_what_was_taken_in_and_went_on_is_not_taken_in(tmp_path):
    path = tmp_path / "1.landing"
    with Landing(path, write=True) as landing:
        landing.finish()
        assert not landing.is_imported
        landing.mark_imported()
        assert landing.is_imported
    with Landing(path, write=True) as landing:
        landing.put("more", "u", 200, {}, b"{}")
        landing.finish()
    assert [file.name for file in tmp_path.iterdir()] == ["1.landing"]
    with Landing(path) as landing:
        assert not landing.is_imported


def test_half_a_character_does_not_make_a_page_unreadable(tmp_path):
    with Landing(tmp_path / "1.landing", write=True) as landing:
        page = landing.put("s", "u", 200, {}, rb'{"name": "\ud83d and \ud83d\ude00"}')
        assert page.json == {"name": "\ufffd and \U0001f600"}
        with pytest.raises(InputError):
            _ = landing.put("s", "v", 200, {}, rb'{"name": "\ud83d", "n": NaN}').json


def test_notes_have_topics_and_those_of_earlier_versions_are_read(tmp_path):
    budget = "Going on could cost more than the $1.00 that were allowed; $0.90 are spent. It is partial."
    with Landing(tmp_path / "new.landing", write=True) as landing:
        landing.note("plain")
        landing.note("the budget ended it", topic="cost_limit")
        assert landing.notes() == ["plain", "the budget ended it"]
        assert landing.notes(without="cost_limit") == ["plain"]
    path = tmp_path / "old.landing"
    with Landing(path, write=True) as landing:
        landing.note("plain")
        landing.note(budget)
        landing.finish()
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE notes DROP COLUMN topic")
    db.close()
    with Landing(path) as landing:
        assert landing.notes() == ["plain", budget]
        assert landing.notes(without="cost_limit") == ["plain"]
    with Landing(path, write=True) as landing:
        landing.note("another", topic="cost_limit")
        assert landing.notes(without="cost_limit") == ["plain"]
