"""The demo, whole platforms, and what leaves the workspace."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from headcount.cli import selectable
from headcount.cli.group import _open, cli
from headcount.cli.options import everywhere, select_option
from headcount.cli.output import print_selected
from headcount.errors import UsageError
from headcount.support.terminal import confirm, echo, echo_json, is_silent, note

if TYPE_CHECKING:
    from headcount.cli.selection import Selection

__all__ = ["demo", "export", "forget", "network"]


@cli.command()
@click.option(
    "--folder",
    "target",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("headcount-demo"),
    show_default=True,
    help="Output folder for tables, workspace and reports.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Random seed of the simulation.")
@select_option(selectable.demo_columns)
@click.option("--json", "as_json", is_flag=True, help="Print JSON on standard output.")
def demo(target: Path, seed: int, select: Selection | None, as_json: bool) -> None:
    """Simulate a small platform with known truth, and report on it."""
    from headcount.cli.demo import run_demo

    outcome = run_demo(target, seed=seed, quiet=is_silent())
    if select is not None:
        print_selected(outcome, select["cast"], outcome.cast, "cast", as_json=as_json)
        return
    if as_json:
        echo_json(outcome)
        return
    from headcount.cli.demo_view import print_demo

    print_demo(outcome)


@cli.command()
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Output folder [default: NAME-network].")
@click.option(
    "--memory",
    default="16GB",
    show_default=True,
    help="Memory limit. The estimated peak is printed before the run starts.",
)
@click.option(
    "--iterations", type=click.IntRange(1), default=20, show_default=True, help="Number of PageRank iterations."
)
@click.option("--interactions", type=click.Path(path_type=Path), help="Table of interactions, if not next to DATA.")
@click.option(
    "--spammers",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File with the ids of known spammers, one per line.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "spark"]),
    default="local",
    show_default=True,
    help="Compute locally or on Spark.",
)
@click.option("--master", metavar="URL", help="Spark address: sc://host:15002, spark://host:7077, local[*], yarn.")
@select_option(selectable.network_columns, what="accounts.parquet and rings.parquet, as TABLE.COLUMN")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON on standard output.")
def network(data: Path, engine: str, master: str | None, select: Selection | None, as_json: bool, **asked: Any) -> None:
    """Analyse a complete platform: influence, closed circuits, ranks, and a page.

    \b
    DATA is a folder of tidy tables    follows.parquet or .csv, with interactions, accounts and posts if available
    or a file of follows               Parquet, or an edge list in any layout (CSV, TSV, text)
    or a workspace                     its follows, interactions and accounts
    """  # noqa: D301 (the mark above is click's own: it keeps the lines as they are)
    if master is not None and engine != "spark":
        raise UsageError("--master requires Spark.", hint="add --engine spark.")
    if engine == "spark":
        from headcount.network.spark.run import run_network_on_spark

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
@click.option("--replace", is_flag=True, help="Overwrite existing files.")
@select_option(selectable.exported_columns, what="the tables to write, as TABLE.COLUMN")
@everywhere
def export(
    target: Path, form: str, replace: bool, select: Selection | None, folder: Path | None, as_json: bool
) -> None:
    """Export all data as tidy tables."""
    counts = _open(folder).export(target, format=form, replace=replace, select=select)
    if as_json:
        echo_json(counts)
        return
    for table, rows in counts.items():
        note(f"{target / f'{table}.{form}'}  {rows:,} rows", err=False)


@cli.command()
@click.argument("account")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
@everywhere
def forget(account: str, yes: bool, folder: Path | None, as_json: bool) -> None:
    """Delete all data about an account."""
    if not yes:
        confirm(f"Delete all data about {account}? This cannot be undone.", abort=True)
    deleted = _open(folder).forget(account)
    if not any(deleted.values()) and not as_json:
        note(f"Nothing about {account} was stored (it may have been forgotten before).", err=False)
        return
    if as_json:
        echo_json(deleted)
        return
    note("Deleted " + ", ".join(f"{rows:,} rows of {table}" for table, rows in deleted.items()) + ".", err=False)
