"""Old names of options and labels: accepted for one more version, not shown in the help, with a note on use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from headcount.support.terminal import note

__all__ = ["LABEL_CHOICES", "OLD_LABEL_CHOICES", "RENAMED_OPTIONS", "RenamedChoice", "warn_renamed", "with_new_names"]

RENAMED_OPTIONS = {
    "--quote": "--dry-run",
    "--circles": "--follows-among",
    "--spend-at-most": "--max-cost",
    "--fresh": "--no-resume",
}
"""Old name -> new name."""

LABEL_CHOICES = ("person", "bought", "automated", "auto-follow", "spam", "none")
"""Words of `headcount label`: the labels of `headcount.store.labels`, which takes long to import, and none."""

OLD_LABEL_CHOICES = {"real": "person", "auto": "auto-follow"}
"""Words of earlier versions."""


def with_new_names(arguments: Sequence[str], options: Sequence[str]) -> tuple[list[str], list[str]]:
    """The arguments of a command with old option names replaced, and the old names that were used.

    Args:
        arguments: as typed; everything after `--` is left as it is.
        options: names of the options of the command.
    """
    renamed: list[str] = []
    old_names: list[str] = []
    for position, argument in enumerate(arguments):
        if argument == "--":
            return [*renamed, *arguments[position:]], old_names
        name, equals, value = argument.partition("=")
        new_name = RENAMED_OPTIONS.get(name)
        if new_name in options:
            old_names.append(name)
            argument = f"{new_name}{equals}{value}"
        renamed.append(argument)
    return renamed, old_names


class RenamedChoice(click.Choice[str]):
    """A choice that also accepts old words.

    Args:
        choices: the words.
        old_words: old word -> word.
    """

    def __init__(self, choices: Sequence[str], old_words: Mapping[str, str]) -> None:
        super().__init__(choices)
        self.old_words = old_words

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The word; of an old word, the new one."""
        if value in self.old_words:
            warn_renamed(value, self.old_words[value])
            value = self.old_words[value]
        return super().convert(value, param, ctx)


def warn_renamed(old: str, new: str) -> None:
    """Print a note that an old name was used."""
    note(f"{old} is deprecated and will be removed in the next version; use {new}.")
