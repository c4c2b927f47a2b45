"""Commands that answer a question about one account."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from headcount.cli import selectable
from headcount.cli.group import CLASS_CHOICES, _open, _with_list, cli
from headcount.cli.options import everywhere, looking, select_option
from headcount.cli.output import print_selected, print_tables
from headcount.cli.renamed import LABEL_CHOICES, OLD_LABEL_CHOICES, RenamedChoice
from headcount.errors import UsageError
from headcount.support.terminal import echo_json, is_silent, note

if TYPE_CHECKING:
    from headcount.cli.selection import Selection

__all__ = ["accounts", "followers", "label", "report"]


@cli.command()
@click.option(
    "--limit", type=click.IntRange(1), default=20, show_default=True, help="Maximum number of accounts to list."
)
@select_option(selectable.account_columns)
@everywhere
def accounts(limit: int, select: Selection | None, folder: Path | None, as_json: bool) -> None:
    """List the accounts that a report can be made for."""
    found = _open(folder).accounts(limit)
    if select is not None:
        rows = selectable.account_rows(found)
        print_selected(rows, select["accounts"], rows, "", as_json=as_json)
        return
    if as_json:
        echo_json(selectable.account_rows(found))
        return
    from headcount.report.render.text import print_accounts

    print_accounts(found)


@cli.command()
@click.argument("account", required=False)
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the report as one HTML file.")
@click.option("--beside", multiple=True, metavar="ACCOUNT", help="Compare with another account; repeatable.")
@click.option("--anonymous", is_flag=True, help="Omit names, texts and exact times, and round counts.")
@click.option("--verbose", is_flag=True, help="Print the completeness of each list, even if all lists are complete.")
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
    """Full report on one account (the main command)."""
    from headcount.cli.report_steps import report_in_steps

    if html is not None and str(html) == "-":
        raise UsageError("--html - is not supported.", hint="give a file, for example: --html report.html")
    answer = report_in_steps(
        _open(folder), account, window_days=window, as_of=as_of, beside=beside, anonymous=anonymous, html=html
    )
    if html is not None:
        note(f"Report: {html}", err=as_json)
    if select is not None:
        print_tables(selectable.report_rows(answer), select, as_json=as_json)
        return
    if as_json:
        from headcount.report.render.document import document

        echo_json(document(answer))
        return
    from headcount.report.render.text import print_report

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
    """Replies within 24 hours to one post, or to all questions of an account."""
    workspace = _open(folder)
    author = workspace.author_of(post)
    if author is None:
        result = workspace.question(post, window_days=window, as_of=as_of)
    else:
        account_id, post_id = author
        result = workspace.question(account_id, window_days=None, as_of=as_of, questions=[post_id])
    document = _with_list(result, result.follower_list)
    if select is not None:
        print_selected(document, select["questions"], result.tests, "tests", as_json=as_json)
        return
    if as_json:
        echo_json(document)
        return
    from headcount.report.render.section_text import print_question

    print_question(result)


@cli.command()
@click.argument("account", required=False)
@click.option("--class", "label", type=click.Choice(CLASS_CHOICES), help="List followers of this class only.")
@click.option(
    "--sort",
    type=click.Choice(["class", "responses", "followers", "following", "posts", "newest", "last-seen"]),
    default="class",
    show_default=True,
    help="Sort order.",
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
    help="Write CSV to a file (- for standard output).",
)
@click.option("--anonymous", is_flag=True, help="Omit names, texts and exact times, and round counts.")
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
    """List the followers of an account, with class and reasons."""
    from headcount.measures.list_sentences import follower_list_sentence
    from headcount.report.render.listing import write_csv

    most = limit if csv_file is not None or as_json or anonymous else limit or 30
    rows = _open(folder).followers(
        account, label=label, sort=sort, limit=most, anonymous=anonymous, window_days=window, as_of=as_of
    )
    if rows.follower_list.listed is None:
        raise UsageError(
            follower_list_sentence(rows.follower_list),
            hint="add a source with follows, or see the responders with: headcount report",
        )
    found = rows.follower_list
    columns = None if select is None else select["followers"]
    if csv_file is not None:
        write_csv(rows[:limit], csv_file, list_state=found.state, columns=columns)
        if not found.is_complete:
            note(follower_list_sentence(found))
        if str(csv_file) != "-":
            from headcount.report.render.listing import count_rows

            note(f"{count_rows(rows[:limit], found)}: {csv_file}")
    elif columns is not None:
        from headcount.report.render.listing import plain_rows

        shown = plain_rows(rows[:limit] if as_json else rows, list_state=found.state)
        print_selected(
            {"list": found}, columns, shown, "followers", as_json=as_json, limit=limit or 30, total=rows.total
        )
        if not found.is_complete and not as_json:
            note(follower_list_sentence(found))
    elif as_json:
        echo_json({"list": found, "followers": rows[:limit]})
    else:
        from headcount.report.render.text import print_followers

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
    """List the two-way ties of an account, strongest first."""
    found = _open(folder).ties(account, window_days=window, as_of=as_of)
    document = _with_list(found, found.follower_list)
    if select is not None:
        print_selected(document, select["ties"], found.top, "top", as_json=as_json, limit=limit)
        return
    if as_json:
        echo_json(document)
        return
    from headcount.report.render.section_text import print_ties

    print_ties(found, limit)


@cli.command()
@click.argument("account", required=False)
@click.option("--who", metavar="FOLLOWER", help="Show one follower, with every reason and its weight.")
@click.option(
    "--draw", type=click.IntRange(1), metavar="N", help="Print N followers to label, evenly spaced over the list."
)
@click.option("--seed", type=int, default=0, show_default=True, help="Random seed of --draw.")
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
    """Estimate which followers are real accounts, with the reasons."""
    from headcount.cli.selection import columns_of
    from headcount.store.labels import row_of

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
        from headcount.report.render.text import print_lines

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
        from headcount.store.labels import as_document

        echo_json(_with_list(as_document(found, row), found.follower_list))
        return
    from headcount.report.render.text import print_authenticity

    print_authenticity(found, row)


@cli.command()
@click.argument("follower")
@click.argument(
    "what",
    metavar="LABEL",
    type=RenamedChoice(LABEL_CHOICES, OLD_LABEL_CHOICES),
)
@click.option(
    "--account",
    metavar="ACCOUNT",
    help="Account that it follows; may be omitted if it follows only one account of the workspace.",
)
@everywhere
def label(follower: str, what: str, account: str | None, folder: Path | None, as_json: bool) -> None:
    """Label a follower, which recalibrates the authenticity model for your audience.

    LABEL is person, bought, automated, auto-follow or spam; none removes the label.
    Prints what changed, and the error rate of the model on your labels.
    """
    done = _open(folder).label(follower, None if what == "none" else what, account=account)
    if as_json:
        echo_json(done)
        return
    if is_silent():
        return
    from headcount.report.render.text import print_lines

    print_lines([done.sentence])
