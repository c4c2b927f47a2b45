"""Options under their former names: still accepted, hidden, and with a note on standard error."""

from __future__ import annotations

import click
import pytest

from headcount.cli.main import main
from headcount.cli.options import Commands
from headcount.cli.renamed import RENAMED_OPTIONS, with_new_names
from headcount.support.terminal import set_silent

VALUES = {"--circles": ["3"], "--spend-at-most": ["1.5"], "--quote": [], "--fresh": []}


def read(arguments, capsys):
    """The options that a command gets, and what it prints on standard error."""

    @click.group(cls=Commands)
    def group() -> None:
        """Stands in for the command line."""

    from headcount.cli.options import collecting

    @group.command()
    @click.argument("rest", nargs=-1)
    @collecting
    def add(**options) -> None:
        received.update(options)

    received: dict = {}
    try:
        group.main(["add", *arguments], standalone_mode=False)
    finally:
        set_silent(False)
    return received, capsys.readouterr().err


@pytest.mark.parametrize(("old", "new"), RENAMED_OPTIONS.items())
def test_an_old_option_does_what_the_new_one_does_and_says_so_once(old, new, capsys):
    value = VALUES[old]
    as_new, printed = read([new, *value], capsys)
    assert printed == ""
    assert as_new != read([], capsys)[0]
    note = f"{old} is deprecated and will be removed in the next version; use {new}.\n"
    assert read([old, *value], capsys) == (as_new, note)
    if value:
        assert read([f"{old}={value[0]}"], capsys) == (as_new, note)
    assert read([old, *value, "--silent"], capsys) == (as_new, "")


@pytest.mark.parametrize("old", RENAMED_OPTIONS)
def test_an_old_option_is_hidden_and_known_to_its_command_only(old, capsys):
    assert main(["add", "--help"]) == 0
    shown = capsys.readouterr().out
    assert RENAMED_OPTIONS[old] in shown
    assert old not in shown
    assert main(["accounts", old]) == 2
    assert f"No such option '{old}'" in capsys.readouterr().err


def test_what_follows_two_dashes_is_left_as_it_is():
    assert with_new_names(["--fresh", "--", "--quote"], ["--no-resume", "--dry-run"]) == (
        ["--no-resume", "--", "--quote"],
        ["--fresh"],
    )
