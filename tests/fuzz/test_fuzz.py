"""Mutated inputs of every parser end with a result or one sentence, never with a traceback, in bounded time and memory.

The full run is `python -m tests.fuzz` (10 minutes for each parser); here each parser gets a few inputs of fixed seeds.
"""

from __future__ import annotations

import os
from random import Random

import pytest
from tests.fuzz.engine import fuzz, run_once
from tests.fuzz.mutations import mutate_file, mutate_value
from tests.fuzz.parsers import PARSERS, Parser, prepare

from headcount.errors import InputError


@pytest.fixture(scope="module", autouse=True)
def scratch(tmp_path_factory):
    prepare(tmp_path_factory.mktemp("seeds"))


@pytest.fixture(params=PARSERS)
def name(request):
    """A parser's name; those of X start from answers that were recorded."""
    if request.param in ("x landing", "x answers"):
        request.getfixturevalue("shared_data")
    return request.param


def test_mutated_inputs_end_with_one_sentence(name):
    result = fuzz(PARSERS[name], seed=1, count=6)
    assert not result.findings, "\n".join(f"{f.place}\n{f.trace}" for f in result.findings.values())
    assert result.read, "the mutations leave nothing that can be read"
    assert result.executions == 6


@pytest.mark.long
def test_ten_minutes_of_mutated_inputs(name):
    result = fuzz(PARSERS[name], seed=2, seconds=float(os.environ.get("HEADCOUNT_FUZZ_SECONDS", "600")))
    print(result)
    assert not result.findings, "\n".join(f"{f.seed} {f.place}\n{f.trace}" for f in result.findings.values())


def test_the_fuzzer_finds_what_it_looks_for(tmp_path):
    """A parser that fails on one kind of value, one that hangs and one whose sentence is broken are found."""

    def write(folder, chance):
        path = folder / "a.json"
        path.write_bytes(mutate_file("a.json", b'{"a": 1, "b": ["x", {"c": null}]}', chance))
        return path

    def fragile(path, _folder, _chance):
        if b"[]" in path.read_bytes():
            raise KeyError("a list that is empty")

    def refusing(_path, _folder, _chance):
        raise InputError("no", hint="yes")

    found = fuzz(Parser("fragile", write, fragile), seed=1, count=300)
    assert [finding.place.partition(" ")[0] for finding in found.findings.values()] == ["KeyError"]
    seed = next(iter(found.findings.values())).seed
    _, again = run_once(Parser("fragile", write, fragile), seed, tmp_path / "again")
    assert again is not None, "the seed makes the same input again"
    assert fuzz(Parser("refusing", write, refusing), seed=1, count=5).refused == 5


def test_mutations_reach_every_part_of_a_tree():
    changed = set()
    for number in range(2_000):
        value = mutate_value({"a": "x", "b": [1, {"c": True}]}, Random(number))
        changed.add("root" if not isinstance(value, dict) else "")
        changed |= {name for name in ("a", "b") if isinstance(value, dict) and value.get(name) is None}
        inner = value.get("b") if isinstance(value, dict) else None
        if isinstance(inner, list) and len(inner) == 2 and isinstance(inner[1], dict) and inner[1].get("c") is not True:
            changed.add("c")
    assert {"root", "a", "b", "c"} <= changed
