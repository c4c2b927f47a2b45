"""`python -m headcount`."""

from headcount.cli import run

run()
