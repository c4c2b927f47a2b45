"""Fuzz the parsers: python -m tests.fuzz [--seconds 600] [--count N] [--seed 1] [--keep FOLDER] [PARSER ...]"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.fuzz.engine import fuzz
from tests.fuzz.parsers import PARSERS, prepare


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Fuzz the parsers.")
    options.add_argument("parsers", nargs="*", metavar="PARSER", help="Names of parsers; all where none is given.")
    options.add_argument("--seconds", type=float, default=600, help="Time for each parser.")
    options.add_argument("--count", type=int, help="Number of inputs for each parser, instead of a time.")
    options.add_argument("--seed", type=int, default=1, help="Seed of the mutations.")
    options.add_argument("--keep", type=Path, help="Folder for the inputs of findings.")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        prepare(Path(folder))
        for name in given.parsers or PARSERS:
            seconds = None if given.count else given.seconds
            print(fuzz(PARSERS[name], seed=given.seed, seconds=seconds, count=given.count, keep=given.keep), flush=True)


if __name__ == "__main__":
    main()
