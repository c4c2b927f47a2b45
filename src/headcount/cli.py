"""The command line: one verb a question. Thin: parses, calls the library, prints.

Heavy modules are imported inside the commands, so that `headcount --help` answers at once. With `--json` the
answer goes to standard output and everything else to standard error.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from headcount import __version__, selectable
from headcount.cli_options import Commands, as_usage_error, collecting, everywhere, looking, select_option
from headcount.cli_output import print_selected, print_tables
from headcount.errors import BadRows, HeadcountError, UsageError, as_known_error, is_interrupt
from headcount.terminal import confirm, echo, echo_json, is_silent, note, set_silent, show_click_error

if TYPE_CHECKING:
    from headcount.follower_list import FollowerList
    from headcount.selection import Selection
    from headcount.sources.collecting import Options
    from headcount.workspace import Workspace

__all__ = ["cli", "main"]

Command = TypeVar("Command", bound=Callable[..., Any])
CLASS_CHOICES = ("relationship", "responding", "listening", "away", "auto_follow", "spam", "gone", "unknown")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and give the exit code: 0 done, 1 failure, 2 wrong use."""
    set_silent(False)
    try:
        cli.main(args=None if arguments is None else list(arguments), prog_name="headcount", standalone_mode=False)
    except HeadcountError as error:
        _complain(error)
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        wrong_use = as_usage_error(error)
        if wrong_use is None:
            show_click_error(error)
        else:
            _complain(wrong_use)
        return 2
    except (click.Abort, KeyboardInterrupt):
        return _interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        echo(f"headcount: {error.strerror or error}{where}.", err=True)
        return 1
    except Exception as error:
        if is_interrupt(error):
            return _interrupted()
        known = as_known_error(error)
        if known is None:
            raise
        _complain(known)
        return known.exit_code
    finally:
        set_silent(False)  # for what the same process does next
    return 0


def _interrupted() -> int:
    """Ctrl-C: what was kept depends on the command that was running."""
    name = _RUNNING[-1] if _RUNNING else ""
    echo(f"headcount: interrupted; {_KEPT.get(name, _KEPT[''])}", err=True)
    return 130


_RUNNING: list[str] = []
"""The command that is running, for the message after Ctrl-C."""
_KEPT = {
    "": "the workspace is as it was before.",
    "add": "pages that were collected are kept, and the same command resumes; an import that had not finished was "
    "undone as a whole.",
    "sync": "sources that were finished are updated; the same command resumes with the others.",
    "demo": "the demo is incomplete; run the same command again to build it from the start.",
    "export": "nothing was written to the target.",
    "forget": "either everything about the account is still stored, or the deletion will be completed when the "
    "workspace is opened next; run the same command again to be sure.",
    "label": "labels that were confirmed are stored.",
    "network": "finished steps are kept in the output folder, and the same command resumes.",
    "watch": "events that were received are kept, and the same command resumes.",
    "simulate": "the tables are incomplete; run the same command again.",
}
"""What is kept, by command."""


def _complain(error: HeadcountError) -> None:
    echo(f"headcount: {error}", err=True)
    if isinstance(error, BadRows):
        for problem in error.problems[1:]:
            echo(f"  {problem}", err=True)


def _open(folder: Path | None) -> Workspace:
    from headcount.workspace import Workspace

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
    """How many followers does an account truly have, and how sure is that?

    \b
    Start with:   headcount demo
    An account:   headcount add alice.bsky.social
                  headcount report alice.bsky.social --html report.html
    Your data:    headcount add FOLDER-OR-FILE

    Everything stays on this machine; platforms are only read, and nothing is ever followed, blocked or posted.
    """  # noqa: D301 (the mark above is click's own: it keeps the lines as they are)
    _RUNNING[:] = [context.invoked_subcommand or ""]


@cli.command()
@click.option(
    "--folder",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("headcount-demo"),
    show_default=True,
    help="Where the demo's tables, workspace and reports go.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Another seed, another world.")
@select_option(selectable.demo_columns)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def demo(target: Path, seed: int, select: Selection | None, as_json: bool) -> None:
    """A small world with known truth, and its report."""
    from headcount.demo import run_demo

    outcome = run_demo(target, seed=seed, quiet=is_silent())
    if select is not None:
        print_selected(outcome, select["cast"], outcome.cast, "cast", as_json=as_json)
        return
    if as_json:
        echo_json(outcome)
        return
    from headcount.report.text import print_demo

    print_demo(outcome)


@cli.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--skip-bad", is_flag=True, help="Leave out rows that cannot be read, and say how many.")
@click.option(
    "--complete/--partial",
    "whole",
    default=None,
    help="The follower lists are whole (who is missing is gone), or not.",
)
@click.option("--watch", is_flag=True, help="Then keep following the account live, until Ctrl-C (Bluesky).")
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
    """Collect an account, or take in a folder or file; again, it is another snapshot.

    \b
    SOURCE is an account     alice.bsky.social (Bluesky), alice@server.example (Mastodon), @alice or x:alice (X),
                             or the address of a profile; collecting goes on where it was stopped
    or a folder or file      tidy tables, an archive of X or Mastodon, a repository (.car), twarc or minet files
    """  # noqa: D301 (the mark above is click's own: it keeps the lines as they are)
    from headcount.collecting_view import Watcher
    from headcount.sources.handles import parse_target

    workspace = _open(folder)
    done = []
    known = _watchable(workspace, sources) if watch else False
    for source in sources:
        if known and not asked["fresh"]:
            continue
        if Path(source).exists() or parse_target(source) is None:
            imported = workspace.add(source, skip_bad=skip_bad, whole_lists=whole)
        else:
            with Watcher(quiet=as_json or is_silent(), **_consent(asked)) as watcher:
                collected = workspace.collect(source, _options(asked), fresh=asked["fresh"], log=True, **watcher.told())
            if collected is None:
                continue
            imported = collected
        done.append(imported)
        if not as_json and not is_silent():
            from headcount.report.text import print_imported

            print_imported(imported)
    if as_json:
        echo_json(done)
    elif done and not is_silent():
        from headcount.report.text import print_accounts

        print_accounts(workspace.accounts(limit=5), more=f" --workspace {folder}" if folder else "")
    if watch and (done or known):
        _watch(workspace, sources[0], asked["service"])


def _watchable(workspace: Workspace, sources: Sequence[str]) -> bool:
    """Was the account that is to be followed live collected before?"""
    from headcount.sources.bluesky_live import newest_collection

    if len(sources) != 1:
        raise UsageError("--watch follows one account.", hint="start it once for each.")
    return newest_collection(workspace.folder, sources[0]) is not None


def _watch(workspace: Workspace, account: str, service: str | None) -> None:
    try:
        workspace.watch(account, service=service, say=lambda text: note(text), log=True)
    except KeyboardInterrupt:
        note("Stopped; the same command goes on from there.")


def _options(asked: dict[str, Any]) -> Options:
    from headcount.sources.collecting import Options

    return Options(
        limit=asked["limit"],
        since=asked["since"],
        sample=asked["sample"],
        spend_at_most=asked["spend_at_most"],
        service=asked["service"],
        backlinks=asked["backlinks"],
        circles=asked["circles"],
    )


def _consent(asked: dict[str, Any]) -> dict[str, Any]:
    return {"yes": asked["yes"], "only_quote": asked["only_quote"], "spend_at_most": asked["spend_at_most"]}


@cli.command()
@click.argument("platform", type=click.Choice(["bluesky", "mastodon", "x"]))
@click.argument("name", required=False, metavar="[HANDLE|SERVER]")
@click.option("--service", metavar="URL", help="Another server of the platform than the usual one.")
@click.option("--out", is_flag=True, help="Forget the login.")
def login(platform: str, name: str | None, service: str | None, out: bool) -> None:
    """Keep a login for a platform; the secret is asked for, never given on the command line.

    \b
    headcount login bluesky alice.bsky.social    asks for an app password (optional: all is public without it)
    headcount login mastodon server.example      asks for an access token with the right read (optional)
    headcount login x                            asks for a bearer token (needed)
    """  # noqa: D301 (the mark above is click's own: it keeps the lines as they are)
    from headcount.sources import sessions
    from headcount.sources.secrets import forget_secret

    if platform == "mastodon" and name:  # the server, however it is written: https://server/@alice, @alice@server
        name = name.strip().lower().partition("://")[2] or name.strip().lower()
        name = name.partition("/")[0].rpartition("@")[2]
    if platform != "x" and not name:
        what = "your handle" if platform == "bluesky" else "the name of your server"
        raise UsageError(f"Logging in to {platform} needs {what}.", hint=f"headcount login {platform} NAME")
    if out:
        there = forget_secret(f"mastodon:{name}" if platform == "mastodon" else platform)
        if platform == "x" and (host := sessions.x_host(service)) != sessions.X_HOST:
            there = forget_secret(f"x:{host}")
        note("The login is forgotten." if there else "There was no login.", err=False)
        return
    what = "App password" if platform == "bluesky" else "Access token" if platform == "mastodon" else "Bearer token"
    if sys.stdin.isatty():
        secret = click.prompt(what, hide_input=True, err=True).strip()
    else:
        secret = sys.stdin.readline().strip()
    if platform == "bluesky":
        whose, where = f"@{name}", sessions.log_in_bluesky(str(name).removeprefix("@"), secret, server=service)
    else:
        host = str(name) if platform == "mastodon" else sessions.x_host(service)
        whose, where = sessions.log_in_with_token(platform, host, secret)
    note(f"Logged in as {whose}; kept in {where}.", err=False)


@cli.command()
@click.option("--skip-bad", is_flag=True, help="Leave out rows that cannot be read, and say how many.")
@click.option("--yes", is_flag=True, help="Begin without asking, however long it takes.")
@everywhere
def sync(skip_bad: bool, yes: bool, folder: Path | None, as_json: bool) -> None:
    """Everything again that was added before: accounts are collected anew, files imported; another snapshot."""
    from headcount.collecting_view import Watcher

    with Watcher(quiet=as_json or is_silent(), yes=yes) as watcher:
        done = _open(folder).sync(skip_bad=skip_bad, log=True, **watcher.told())
    if as_json:
        echo_json(done)
        return
    if is_silent():
        return
    from headcount.report.text import print_imported

    for imported in done:
        print_imported(imported)
    if not done:
        echo("Nothing was imported.")


@cli.command()
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="Maximum number of accounts to list."
)
@select_option(selectable.account_columns)
@everywhere
def accounts(limit: int, select: Selection | None, folder: Path | None, as_json: bool) -> None:
    """The accounts that a report can be made of."""
    found = _open(folder).accounts(limit)
    if select is not None:
        rows = selectable.account_rows(found)
        print_selected(rows, select["accounts"], rows, "", as_json=as_json)
        return
    if as_json:
        echo_json(selectable.account_rows(found))
        return
    from headcount.report.text import print_accounts

    print_accounts(found)


@cli.command()
@click.argument("account", required=False)
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the report as one HTML file.")
@click.option("--beside", multiple=True, metavar="ACCOUNT", help="Compare with another account; may be repeated.")
@click.option("--anonymous", is_flag=True, help="Leave out names, texts and exact times, and round counts.")
@click.option("--verbose", is_flag=True, help="Also print how each list was read where all lists are complete.")
@select_option(selectable.report_columns, what="the report's tables, as TABLE.COLUMN")
@looking
@everywhere
def report(
    account: str | None,
    html: Path | None,
    beside: tuple[str, ...],
    anonymous: bool,
    verbose: bool,
    select: Selection | None,
    window: float | None,
    as_of: datetime | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """The whole answer for one account (the main job)."""
    from headcount.report_steps import report_in_steps

    if html is not None and str(html) == "-":
        raise UsageError("--html - is not supported.", hint="name a file, as in: --html report.html")
    answer = report_in_steps(
        _open(folder), account, window_days=window, as_of=as_of, beside=beside, anonymous=anonymous, html=html
    )
    if html is not None:
        note(f"Report: {html}", err=as_json)
    if select is not None:
        print_tables(selectable.report_rows(answer), select, as_json=as_json)
        return
    if as_json:
        from headcount.report.document import document

        echo_json(document(answer))
        return
    from headcount.report.text import print_report

    print_report(answer, brief=html is not None, verbose=verbose)


@cli.command()
@click.argument("post", metavar="POST|ACCOUNT")
@select_option(selectable.question_columns)
@looking
@everywhere
def question(
    post: str,
    select: Selection | None,
    window: float | None,
    as_of: datetime | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """The 24-hour test of one post, or of all questions of an account."""
    workspace = _open(folder)
    author = workspace.author_of(post)
    if author is None:
        result = workspace.measure(post, window_days=window, as_of=as_of).question
    else:
        account_id, post_id = author
        result = workspace.measure(account_id, window_days=None, as_of=as_of, questions=[post_id]).question
    document = _with_list(result, result.follower_list)
    if select is not None:
        print_selected(document, select["questions"], result.tests, "tests", as_json=as_json)
        return
    if as_json:
        echo_json(document)
        return
    from headcount.report.text import print_question

    print_question(result)


@cli.command()
@click.argument("account", required=False)
@click.option("--class", "label", type=click.Choice(CLASS_CHOICES), help="Only this class.")
@click.option(
    "--sort",
    type=click.Choice(["class", "responses", "followers", "following", "posts", "newest", "last-seen"]),
    default="class",
    show_default=True,
    help="What comes first.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    help="Maximum number of followers to list [default: 30 on the screen, all in a file].",
)
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    help="Write CSV to a file, or - for standard output.",
)
@click.option("--anonymous", is_flag=True, help="Leave out names, texts and exact times, and round counts.")
@select_option(selectable.follower_columns)
@looking
@everywhere
def followers(
    account: str | None,
    label: str | None,
    sort: str,
    limit: int | None,
    csv_file: Path | None,
    anonymous: bool,
    select: Selection | None,
    window: float | None,
    as_of: datetime | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Every follower, with class and reasons."""
    from headcount.report.build import follower_rows
    from headcount.report.coverage import follower_list_sentence
    from headcount.report.listing import sort_rows, write_csv
    from headcount.report.model import FollowerRows

    measured = _open(folder).measure(account, window_days=window, as_of=as_of)
    if measured.view.followers is None:
        raise UsageError(
            follower_list_sentence(measured.follower_list),
            hint="add a source that holds follows, or see the responders with: headcount report",
        )
    listed = follower_rows(measured, anonymous=anonymous, label=label)
    found = listed.follower_list
    rows = FollowerRows(sort_rows(listed, sort), found)
    columns = None if select is None else select["followers"]
    if csv_file is not None:
        write_csv(rows[:limit], csv_file, list_state=found.state, columns=columns)
        if not found.is_complete:
            note(follower_list_sentence(found))
        if str(csv_file) != "-":
            from headcount.report.listing import count_rows

            note(f"{count_rows(rows[:limit], found)}: {csv_file}")
    elif columns is not None:
        from headcount.report.listing import plain_rows

        shown = plain_rows(rows[:limit] if as_json else rows, list_state=found.state)
        print_selected({"list": found}, columns, shown, "followers", as_json=as_json, limit=limit or 30)
        if not found.is_complete and not as_json:
            note(follower_list_sentence(found))
    elif as_json:
        echo_json({"list": found, "followers": rows[:limit]})
    else:
        from headcount.report.text import print_followers

        print_followers(rows, limit or 30)


@cli.command()
@click.argument("account", required=False)
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Maximum number of ties to list.")
@select_option(selectable.tie_columns)
@looking
@everywhere
def ties(
    account: str | None,
    limit: int,
    select: Selection | None,
    window: float | None,
    as_of: datetime | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """With whom the account has a two-way tie."""
    answer = _open(folder).report(account, window_days=window, as_of=as_of)
    document = _with_list(answer.ties, answer.ties.follower_list)
    if select is not None:
        print_selected(document, select["ties"], answer.ties.top, "top", as_json=as_json, limit=limit)
        return
    if as_json:
        echo_json(document)
        return
    from headcount.report.text import print_ties

    print_ties(answer.ties, limit)


@cli.command()
@click.argument("account", required=False)
@click.option("--who", metavar="FOLLOWER", help="One follower, with every reason and its weight.")
@click.option("--draw", type=click.IntRange(1), metavar="N", help="N followers to label, evenly over the list.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another seed, another draw.")
@select_option(selectable.authenticity_columns)
@looking
@everywhere
def authenticity(
    account: str | None,
    who: str | None,
    draw: int | None,
    seed: int,
    select: Selection | None,
    window: float | None,
    as_of: datetime | None,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Is this follower real, and why do you say so?"""
    from headcount.labels import row_of
    from headcount.selection import columns_of

    workspace = _open(folder)
    if draw is not None:
        drawn = workspace.to_label(draw, account, seed=seed)
        rows = [{"account_id": account_id, "handle": handle} for account_id, handle in drawn]
        if select is not None:
            columns = columns_of(select, "drawn", selectable.authenticity_columns())
            print_selected(rows, columns, rows, "", as_json=as_json)
            return
        if as_json:
            echo_json(rows)
            return
        from headcount.report.text import print_lines

        print_lines([handle or account_id for account_id, handle in drawn])
        return
    found = workspace.authenticity(account, window_days=window, as_of=as_of)
    row = None if who is None else row_of(found, workspace.find(who))
    if select is not None:
        table, selected = selectable.authenticity_rows(found, row)
        columns = columns_of(select, table, selectable.authenticity_columns())
        print_selected(selected, columns, selected, "", as_json=as_json)
        return
    if as_json:
        from headcount.labels import as_document

        echo_json(_with_list(as_document(found, row), found.follower_list))
        return
    from headcount.report.text import print_authenticity

    print_authenticity(found, row)


@cli.command()
@click.argument("follower")
@click.argument("what", metavar="real|auto|spam|none", type=click.Choice(["real", "auto", "spam", "none"]))
@click.option("--account", metavar="ACCOUNT", help="Whose follower; may be left out where it follows one account.")
@everywhere
def label(follower: str, what: str, account: str | None, folder: Path | None, as_json: bool) -> None:
    """Say what a follower is; corrects the model here, and shows its local error rate."""
    done = _open(folder).label(follower, None if what == "none" else what, account=account)
    if as_json:
        echo_json(done)
        return
    if is_silent():
        return
    from headcount.report.text import print_lines

    print_lines([done.sentence])


@cli.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), help="Where the answers go [default: NAME-network]."
)
@click.option(
    "--memory",
    default="16GB",
    show_default=True,
    help="Memory limit. The estimated peak is printed before the run starts.",
)
@click.option(
    "--iterations", type=click.IntRange(1), default=20, show_default=True, help="Number of PageRank iterations."
)
@click.option("--interactions", type=click.Path(path_type=Path), help="Who responded to whom, where not beside DATA.")
@click.option("--spammers", type=click.Path(path_type=Path, dir_okay=False), help="Ids of known spammers, one a line.")
@click.option(
    "--engine", type=click.Choice(["local", "spark"]), default="local", show_default=True, help="Where it is computed."
)
@click.option("--master", metavar="URL", help="Of Spark: sc://host:15002, spark://host:7077, local[*], yarn.")
@select_option(selectable.network_columns, what="accounts.parquet and rings.parquet, as TABLE.COLUMN")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on standard output.")
def network(data: Path, engine: str, master: str | None, select: Selection | None, as_json: bool, **asked: Any) -> None:
    """A whole platform at once: influence, closed circuits, ranks, and a page.

    \b
    DATA is a folder of tidy tables    follows.parquet or .csv, with interactions, accounts, posts where there are any
    or a file of follows               Parquet, or an edge list in any layout (CSV, TSV, text)
    or a workspace                     its follows, interactions and accounts
    """  # noqa: D301 (the mark above is click's own: it keeps the lines as they are)
    if master is not None and engine != "spark":
        raise UsageError("--master is for Spark.", hint="add --engine spark.")
    if engine == "spark":
        from headcount.network.run_spark import run_network_on_spark

        done = run_network_on_spark(data, master=master, select=select, quiet=as_json or is_silent(), **asked)
    else:
        from headcount.network.run import run_network

        done = run_network(data, select=select, quiet=as_json or is_silent(), **asked)
    if as_json:
        echo_json(done.summary)
        return
    from headcount.network.page import findings

    for line in findings(done.summary):
        echo(line)
    for text in done.summary.notes:
        note(f"Note: {text}", err=False)
    for name, about in done.files.items():
        note(f"{done.folder / name}  {about}", err=False)


@cli.command()
@click.argument("target", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv", "csv.gz", "jsonl"]),
    default="parquet",
    show_default=True,
    help="Output format of the tables.",
)
@click.option("--replace", is_flag=True, help="Replace files of the same name.")
@select_option(selectable.exported_columns, what="the tables to write, as TABLE.COLUMN")
@everywhere
def export(
    target: Path, form: str, replace: bool, select: Selection | None, folder: Path | None, as_json: bool
) -> None:
    """Write everything as tidy tables to a folder."""
    counts = _open(folder).export(target, format=form, replace=replace, select=select)
    if as_json:
        echo_json(counts)
        return
    for table, rows in counts.items():
        note(f"{target / f'{table}.{form}'}  {rows:,} rows", err=False)


@cli.command()
@click.argument("account")
@click.option("--yes", is_flag=True, help="Do not ask.")
@everywhere
def forget(account: str, yes: bool, folder: Path | None, as_json: bool) -> None:
    """Delete all that is known of an account."""
    if not yes:
        confirm(f"Delete all that is known of {account}? This cannot be undone.", abort=True)
    deleted = _open(folder).forget(account)
    if not any(deleted.values()) and not as_json:
        note(f"Nothing about {account} was stored (it may have been forgotten before).", err=False)
        return
    if as_json:
        echo_json(deleted)
        return
    note("Deleted " + ", ".join(f"{rows:,} rows of {table}" for table, rows in deleted.items()) + ".", err=False)


def run() -> None:
    """Entry point of the installed command."""
    sys.exit(main())
