"""The group of all commands, and what they share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from headcount import __version__
from headcount.cli.options import Commands

if TYPE_CHECKING:
    from headcount.measures.follower_list import FollowerList
    from headcount.workspace.workspace import Workspace

__all__ = ["CLASS_CHOICES", "cli"]

Command = TypeVar("Command", bound=Callable[..., Any])
CLASS_CHOICES = ("relationship", "responding", "listening", "away", "auto_follow", "spam", "gone", "unknown")

_RUNNING: list[str] = []
"""The command that is running, for the message after Ctrl-C."""


def _open(folder: Path | None) -> Workspace:
    from headcount.workspace.workspace import Workspace

    return Workspace(folder)


def _with_list(value: Any, follower_list: FollowerList | None) -> dict[str, Any]:
    """The fields of a result as plain values, and in `list` how completely the followers were listed."""
    import msgspec

    plain = msgspec.to_builtins(value)
    return {**{key: item for key, item in plain.items() if key != "follower_list"}, "list": follower_list}


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="headcount")
@click.pass_context
def cli(context: click.Context) -> None:
    """Estimate how many followers of an account respond, with intervals.

    \b
    Start with:   headcount demo
    An account:   headcount add alice.bsky.social
                  headcount report alice.bsky.social --html report.html
    Your data:    headcount add FOLDER-OR-FILE

    All data stay on this machine. Platforms are only read; nothing is ever followed, blocked or posted.
    """  # noqa: D301 (the mark above is click's own: it keeps the lines as they are)
    _RUNNING[:] = [context.invoked_subcommand or ""]
