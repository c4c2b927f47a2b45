"""Commands that bring data in: add, login, sync."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headcount.cli.group import _open, cli
from headcount.cli.options import _SilentCommand, collecting, everywhere
from headcount.errors import UsageError
from headcount.support.terminal import echo, echo_json, is_silent, note

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from headcount.sources.collect.options import Options
    from headcount.workspace.workspace import Workspace

__all__ = ["add", "sync"]


@cli.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--skip-bad", is_flag=True, help="Skip rows that cannot be read, and print how many were skipped.")
@click.option(
    "--complete/--partial",
    "whole",
    default=None,
    help="Treat follower lists as complete (accounts missing from them have unfollowed) or as partial.",
)
@click.option(
    "--watch", is_flag=True, help="After the collection, stream new events of the account until Ctrl-C (Bluesky)."
)
@collecting
@everywhere
def add(
    sources: tuple[str, ...],
    skip_bad: bool,
    whole: bool | None,
    watch: bool,
    folder: Path | None,
    as_json: bool,
    **asked: Any,
) -> None:
    """Collect an account, or import a folder or file. Run again to add another snapshot.

    \b
    SOURCE is an account     alice.bsky.social (Bluesky), alice@server.example (Mastodon), @alice or x:alice (X),
                             or the address of a profile; an interrupted collection is resumed
    or a folder or file      tidy tables, an X or Mastodon archive, a Bluesky repository (.car), twarc or minet files
    """  # noqa: D301 (the mark above is click's own: it keeps the lines as they are)
    from headcount.cli.progress import Watcher
    from headcount.sources.handles import parse_target

    workspace = _open(folder)
    done = []
    known = _watchable(workspace, sources) if watch else False
    for source in sources:
        if known and not asked["no_resume"]:
            continue
        if Path(source).exists() or parse_target(source) is None:
            imported = workspace.add(source, skip_bad=skip_bad, whole_lists=whole)
        else:
            with Watcher(quiet=as_json or is_silent(), **_consent(asked)) as watcher:
                collected = workspace.collect(
                    source, _options(asked), fresh=asked["no_resume"], log=True, **watcher.told()
                )
            if collected is None:
                continue
            imported = collected
        done.append(imported)
        if not as_json and not is_silent():
            from headcount.report.render.text import print_imported

            print_imported(imported)
    if as_json:
        echo_json(done)
    elif done and not is_silent():
        from headcount.report.render.text import print_accounts

        print_accounts(workspace.accounts(limit=5), more=f" --workspace {folder}" if folder else "")
    if watch and (done or known):
        _watch(workspace, sources[0], asked["service"])


def _watchable(workspace: Workspace, sources: Sequence[str]) -> bool:
    """Was the account that is to be followed live collected before?"""
    if len(sources) != 1:
        raise UsageError("--watch accepts one account only.", hint="run one command for each account.")
    return workspace.can_watch(sources[0])


def _watch(workspace: Workspace, account: str, service: str | None) -> None:
    try:
        workspace.watch(account, service=service, say=lambda text: note(text), log=True)
    except KeyboardInterrupt:
        note("Stopped. Run the same command again to resume.")


def _options(asked: dict[str, Any]) -> Options:
    from headcount.sources.collect.options import Options

    return Options(
        limit=asked["limit"],
        since=asked["since"],
        sample=asked["sample"],
        max_cost=asked["max_cost"],
        service=asked["service"],
        backlinks=asked["backlinks"],
        follows_among=asked["follows_among"],
    )


def _consent(asked: dict[str, Any]) -> dict[str, Any]:
    return {"yes": asked["yes"], "dry_run": asked["dry_run"], "max_cost": asked["max_cost"]}


class _PlatformName(click.ParamType[str]):
    """The name of a registered platform; the registry is read when it is needed, not when commands are defined."""

    name = "platform"

    def _choice(self) -> click.Choice[str]:
        from headcount.sources import registry

        return click.Choice([platform.name for platform in registry.PLATFORMS if platform.login is not None])

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        return self._choice().get_metavar(param, ctx)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return self._choice().convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return self._choice().shell_complete(ctx, param, incomplete)


class _LoginCommand(_SilentCommand):
    """`login`, whose help lists how each platform is logged in to."""

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        from headcount.sources import registry

        super().format_help_text(ctx, formatter)
        logins = [(entry.name, entry.login) for entry in registry.PLATFORMS if entry.login is not None]
        lines = [(f"headcount login {name} {login.usage[0]}".strip(), login.usage[1]) for name, login in logins]
        width = max(len(command) for command, _ in lines)
        formatter.write_paragraph()
        for command, what in lines:
            formatter.write(f"  {command:{width}}    {what}\n")


@cli.command(cls=_LoginCommand)
@click.argument("platform", type=_PlatformName())
@click.argument("name", required=False, metavar="[HANDLE|SERVER]")
@click.option("--service", metavar="URL", help="Another server of the platform than the usual one.")
@click.option("--out", is_flag=True, help="Forget the login.")
def login(platform: str, name: str | None, service: str | None, out: bool) -> None:
    """Keep a login for a platform; the secret is asked for, never given on the command line."""
    from headcount.sources import registry

    entry = registry.find_platform(platform)
    assert entry is not None  # the type of the argument let it pass
    assert entry.login is not None
    if entry.login.name_is is not None and not name:
        raise UsageError(
            f"Logging in to {platform} needs {entry.login.name_is}.", hint=f"headcount login {platform} NAME"
        )
    handler = entry.login.make()
    if out:
        note("The login is forgotten." if handler.forget(name, service) else "There was no login.", err=False)
        return
    if sys.stdin.isatty():
        secret = click.prompt(entry.login.prompt, hide_input=True, err=True).strip()
    else:
        secret = sys.stdin.readline().strip()
    whose, where = handler.log_in(name, secret, service)
    note(f"Logged in as {whose}; kept in {where}.", err=False)


@cli.command()
@click.option("--skip-bad", is_flag=True, help="Skip rows that cannot be read, and print how many were skipped.")
@click.option("--yes", is_flag=True, help="Start without asking for confirmation.")
@everywhere
def sync(skip_bad: bool, yes: bool, folder: Path | None, as_json: bool) -> None:
    """Update all added sources: collect accounts again, re-import files, and record a new snapshot."""
    from headcount.cli.progress import Watcher

    with Watcher(quiet=as_json or is_silent(), yes=yes) as watcher:
        done = _open(folder).sync(skip_bad=skip_bad, log=True, **watcher.told())
    if as_json:
        echo_json(done)
        return
    if is_silent():
        return
    from headcount.report.render.text import print_imported

    for imported in done:
        print_imported(imported)
    if not done:
        echo("Nothing was imported.")
