"""What every command of the command line shares: `--silent`, `--select`, and errors of one sentence with a hint."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from headcount.errors import UsageError
from headcount.suggest import did_you_mean, nearest
from headcount.terminal import echo, set_silent
from headcount.times import as_datetime

__all__ = ["Commands", "Moment", "as_usage_error", "collecting", "everywhere", "looking", "select_option"]

Command = TypeVar("Command", bound=Callable[..., Any])
Tables = Mapping[str, Sequence[str]]


def _silence(_context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        set_silent(True)


def _silent_option() -> click.Option:
    return click.Option(
        ["--silent"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_silence,
        help="Print only the answer and errors: no progress, notes or hints.",
    )


class Window(click.ParamType[float | None]):
    name = "window"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float | None:
        """`8w`, `56d`, `56` (days) or `all`."""
        if value is None or isinstance(value, float):
            return value
        if str(value).lower() == "all":
            return None
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([dw]?)", str(value).lower())
        if not match or float(match[1]) <= 0:
            self.fail(f"{value!r} is no window; write 8w, 56d or all", param, ctx)
        return float(match[1]) * (7 if match[2] == "w" else 1)


class Moment(click.ParamType[datetime]):
    """A date or a time of day."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """As the library takes a time (`headcount.times`): a date is 00:00 UTC of that day."""
        try:
            return as_datetime(value)
        except UsageError:
            accepted = "write 2026-10-01 (00:00 UTC of that day) or 2026-10-01T12:00+02:00"
            self.fail(f"{value!r} is not a time; {accepted}", param, ctx)


class _SilentCommand(click.Command):
    """A command with `--silent`."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.params.append(_silent_option())


class Commands(click.Group):
    """The group of all commands; each gets `--silent`, and an unknown one is answered with the nearest."""

    command_class = _SilentCommand

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.params.append(_silent_option())

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of that name.

        Raises:
            UsageError: there is none.
        """
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            similar = did_you_mean(nearest(name, self.list_commands(ctx)))
            raise UsageError(f"No such command {name!r}.", hint=f"{similar} All commands: headcount --help".strip())
        return super().resolve_command(ctx, args)


def as_usage_error(error: click.ClickException) -> UsageError | None:
    """What Click found wrong, as one sentence with a hint; None where it shows the help instead."""
    context = getattr(error, "ctx", None)
    if context is None or type(error).__name__ == "NoArgsIsHelpError":
        return None
    message, similar = error.format_message(), ""
    parameter = getattr(error, "param", None)
    if isinstance(error, click.NoSuchOption):
        message = f"No such option {error.option_name!r}."
        known = [name for option in context.command.get_params(context) for name in option.opts if name[:2] == "--"]
        similar = did_you_mean(nearest(error.option_name, known))
    elif parameter is not None and isinstance(parameter.type, click.Choice):
        wrong = message.partition(": '")[2].partition("'")[0]
        similar = did_you_mean(nearest(wrong, map(str, parameter.type.choices)))
    message = message.rstrip(". \n")
    see = f"see: {context.command_path} --help"
    return UsageError(f"{message}.", hint=f"{similar} S{see[1:]}" if similar else see)


def select_option(tables: Callable[[], Tables], *, what: str = "the table") -> Callable[[Command], Command]:
    """The option `--select`; its value is a `headcount.selection.Selection`, or None.

    Args:
        tables: gives the columns of each table; called only where the option is used.
        what: is printed or written, for the help.
    """

    def chosen(context: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
        from headcount.selection import column_names, parse_selection

        if value is None or context.resilient_parsing:
            return None
        if value.strip() == "list":
            for name in column_names(tables()):
                echo(name)
            context.exit()
        return parse_selection(value, tables())

    return click.option(
        "--select",
        metavar="COLUMNS",
        is_eager=True,
        callback=chosen,
        help=f"Columns of {what}, separated by commas, in that order; `--select list` prints their names.",
    )


def everywhere(command: Command) -> Command:
    """Options that every command has."""
    command = click.option(
        "--workspace",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder that holds everything collected [default: HEADCOUNT_WORKSPACE, else your data folder].",
    )(command)
    return click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")(command)


def looking(command: Command) -> Command:
    """Options of every command that looks at an account."""
    command = click.option(
        "--as-of",
        type=Moment(),
        help="End of the observation; a date is 00:00 UTC of that day [default: the newest observation in the data].",
    )(command)
    return click.option(
        "--window", type=Window(), default="8w", show_default=True, help="How far back: 8w, 56d or all."
    )(command)


CIRCLES = 500
"""Followers drawn without a number: about 4,200 calls, ten minutes; a circuit of 2% of the followers shows."""


def collecting(command: Command) -> Command:
    """Options of what asks a platform."""
    for option in (
        click.option("--yes", is_flag=True, help="Begin without asking, however long it takes."),
        click.option("--quote", "only_quote", is_flag=True, help="Say what it would take, and stop."),
        click.option("--fresh", is_flag=True, help="Begin anew, also where an earlier run was stopped."),
        click.option("--spend-at-most", type=click.FloatRange(0), metavar="DOLLARS", help="For X, which costs money."),
        click.option(
            "--sample",
            type=click.IntRange(1),
            metavar="N",
            help="Look closer at N followers only, drawn uniformly from the whole list.",
        ),
        click.option("--since", type=Moment(), help="Posts from then on [default: a year back]."),
        click.option("--limit", type=click.IntRange(1), metavar="N", help="At most N followers, the newest."),
        click.option(
            "--backlinks",
            metavar="URL",
            help="An index of backlinks, which tells why Bluesky lists fewer followers than it counts.",
        ),
        click.option(
            "--circles",
            type=click.IntRange(2),
            is_flag=False,
            flag_value=CIRCLES,
            metavar="N",
            help=f"Who of N drawn followers follow each other, for closed circuits (Bluesky) [{CIRCLES}].",
        ),
        click.option("--service", metavar="URL", help="Another server of the platform than the usual one."),
    ):
        command = option(command)
    return command
