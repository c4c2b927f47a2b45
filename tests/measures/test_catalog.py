"""The catalog names what is there, and nothing is loaded by reading it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from headcount.measures.catalog import MEASURES
from headcount.measures.result import Result

PROJECT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", MEASURES)
def test_every_entry_resolves(name):
    measure = MEASURES[name]
    function = measure.load()
    assert measure.name == name
    assert callable(function)
    assert len(function.__doc__) > 100
    assert len(sys.modules[measure.module].__doc__) > 100, "a measure's module is its methods section"
    page = PROJECT / measure.docs
    assert page.is_file()
    assert page.read_text(encoding="utf-8").startswith("# ")
    assert measure.question.endswith("?")
    assert measure.summary.endswith(".")


def test_every_result_has_columns_and_a_sentence():
    for name, measure in MEASURES.items():
        measure.load()
        results = [
            value
            for value in vars(sys.modules[measure.module]).values()
            if isinstance(value, type) and issubclass(value, Result) and value is not Result
        ]
        assert results, name
        for result in results:
            assert result.columns is not Result.columns
            assert result.sentence is not Result.sentence


def test_reading_the_catalog_loads_no_measure():
    code = "import sys, headcount.measures.catalog; print([m for m in sys.modules if 'measures.' in m or 'scipy' in m])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['headcount.measures.catalog']"
