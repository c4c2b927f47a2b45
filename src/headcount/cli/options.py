"""What every command of the command line shares: `--silent`, `--select`, and errors of one sentence with a hint."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from headcount.cli.renamed import RENAMED_OPTIONS, warn_renamed, with_new_names
from headcount.errors import UsageError
from headcount.support.suggest import did_you_mean, nearest
from headcount.support.terminal import echo, set_silent
from headcount.support.times import as_datetime

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
        help="Print results and errors only: no progress, notes or hints.",
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
            self.fail(f"{value!r} is not a valid window; write 8w, 56d or all", param, ctx)
        return float(match[1]) * (7 if match[2] == "w" else 1)


class Moment(click.ParamType[datetime]):
    """A date or a time of day."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """As the library takes a time (`headcount.support.times`): a date is 00:00 UTC of that day."""
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

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments; old names of options are accepted."""
        renamed, old_names = with_new_names(args, [name for option in self.params for name in option.opts])
        rest = super().parse_args(ctx, renamed)
        for name in old_names:  # after the parsing, which sets --silent
            warn_renamed(name, RENAMED_OPTIONS[name])
        return rest


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
    """The option `--select`; its value is a `headcount.cli.selection.Selection`, or None.

    Args:
        tables: gives the columns of each table; called only where the option is used.
        what: is printed or written, for the help.
    """

    def chosen(context: click.Context, _parameter: click.Parameter, value: str | None) -> Any:
        from headcount.cli.selection import column_names, parse_selection

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
        help=f"Columns of {what} to print, comma-separated, in this order; `--select list` prints their names.",
    )


def everywhere(command: Command) -> Command:
    """Options that every command has."""
    command = click.option(
        "--workspace",
        "folder",
        type=click.Path(path_type=Path, file_okay=False),
        help="Workspace folder [default: HEADCOUNT_WORKSPACE, otherwise the data folder of your user account].",
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
        "--window",
        type=Window(),
        default="8w",
        show_default=True,
        help="Length of the observation window: 8w, 56d or all.",
    )(command)


FOLLOWS_AMONG = 500
"""Default sample size: about 4,200 calls in ten minutes; a circuit of 2% of the followers is detected."""


def collecting(command: Command) -> Command:
    """Options of commands that collect from a platform."""
    for option in (
        click.option("--yes", is_flag=True, help="Start without asking for confirmation."),
        click.option("--dry-run", is_flag=True, help="Print the estimated calls, time and cost, then exit."),
        click.option(
            "--no-resume", is_flag=True, help="Start from scratch instead of resuming an interrupted collection."
        ),
        click.option(
            "--max-cost", type=click.FloatRange(0), metavar="DOLLARS", help="Spending limit in US dollars (X only)."
        ),
        click.option(
            "--sample",
            type=click.IntRange(1),
            metavar="N",
            help="Collect profiles and posts of a uniform random sample of N followers, not of all.",
        ),
        click.option("--since", type=Moment(), help="Collect posts from this date on [default: one year ago]."),
        click.option("--limit", type=click.IntRange(1), metavar="N", help="Collect at most the N newest followers."),
        click.option(
            "--backlinks",
            metavar="URL",
            help="Backlink index that explains why Bluesky lists fewer followers than it counts.",
        ),
        click.option(
            "--follows-among",
            type=click.IntRange(2),
            is_flag=False,
            flag_value=FOLLOWS_AMONG,
            metavar="N",
            help="Also collect the follows among a uniform random sample of N followers, to detect closed circuits "
            f"(Bluesky) [N: {FOLLOWS_AMONG}].",
        ),
        click.option("--service", metavar="URL", help="Server to use instead of the platform's default."),
    ):
        command = option(command)
    return command
