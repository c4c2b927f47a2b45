"""The report in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headcount import wording as say
from headcount.measures.follower_list import COMPLETE
from headcount.report.render.listing import count_followers
from headcount.report.render.section_text import (
    handle_or_id,
    print_follower_list,
    print_lists,
    print_note,
    print_sections,
)
from headcount.support.screen_table import Column
from headcount.support.screen_table import print_line as _line
from headcount.support.screen_table import print_table as _table

if TYPE_CHECKING:
    from headcount.measures.follower_list import FollowerList
    from headcount.measures.followers.authenticity import Authenticity
    from headcount.report.data import ReportData
    from headcount.report.rows import FollowerRows
    from headcount.store.read.lists import KnownAccount
    from headcount.store.results import Imported

__all__ = [
    "print_accounts",
    "print_authenticity",
    "print_followers",
    "print_imported",
    "print_lines",
    "print_report",
]


def print_report(report: ReportData, *, brief: bool = False, verbose: bool = False) -> None:
    """The findings, and unless `brief` the tables behind them; how each list was read where one is not complete.

    Args:
        report: what is printed; brief: the findings alone; verbose: also how each list was read where all are complete.
    """
    for number, finding in enumerate(report.findings):
        _line(finding, style="bold" if number == 0 else None)
    if brief:
        return
    _line()
    print_sections(report)
    if verbose or any(part.state != "complete" for part in report.lists):
        print_lists(report.lists)
    for note in report.notes:
        print_note(f"· {note}")


def print_lines(lines: Sequence[str]) -> None:
    """Sentences or names, one a line."""
    for line in lines:
        _line(line)


def print_followers(rows: FollowerRows, limit: int) -> None:
    """Followers with class and reasons; why there are none where there is no list."""
    if rows.follower_list.listed is None:
        print_follower_list(rows.follower_list)
        return
    columns = [
        Column("Follower", 0),
        Column("Class", 1),
        Column("Responses", 2, right=True),
        Column("Why", 3, flexible=True),
    ]
    shown: list[list[str | None]] = []
    for row in rows[:limit]:
        responses = None if row.responses is None else say.count(row.responses)
        shown.append([handle_or_id(row.handle, row.account_id), say.CLASS_NAMES[row.label], responses, row.reasons])
    _table(columns, shown)
    print_note(
        f"{say.count(min(limit, len(rows)))} of {count_followers(rows.total, rows.gone, rows.follower_list)}; "
        "select with --limit, --class, --sort, --select or --csv."
    )
    print_follower_list(rows.follower_list)


def print_authenticity(found: Authenticity, row: int | None) -> None:
    """How many followers are judged to be what; or one follower with every reason."""
    import numpy as np

    if row is not None:
        _line(found.explain(row))
        if np.isnan(found.real[row]):  # the points belong to a probability that is not given
            return
        reasons = found.reasons(row)
        points: list[list[str | None]] = [[reason.sentence, f"{reason.points:+.2f}"] for reason in reasons]
        together = sum(reason.points for reason in reasons)
        points.append(["total (log odds against a real account)", f"{together:+.2f}"])
        _table([Column("Evidence", 0, flexible=True), Column(f"Evidence for {found.kind(row)}", 0, right=True)], points)
        return
    judged = found.columns()
    pairs = zip(judged["class"], judged["followers"], strict=True)
    counts: list[list[str | None]] = [[name.replace("_", " "), say.count(number)] for name, number in pairs if number]
    _table([Column("Judgement", 0), Column("Followers", 0, right=True)], counts)
    words = found.follower_list or COMPLETE
    gone = int((~found.standing).sum())
    left = f"; {say.count(gone)} more are gone and not included" if gone else ""
    print_note(f"{words.counted(int(found.standing.sum()))} in all{left}.")
    _line(found.sentence())
    print_follower_list(found.follower_list)
    _line()
    _print_errors(found)
    print_note("Reasons for one follower: headcount authenticity --who HANDLE")


def _print_errors(found: Authenticity) -> None:
    from headcount.report.parts.authenticity import AuthenticityPart

    part = AuthenticityPart.from_judgement(found, None, None)
    _line(part.made_by)
    columns = [
        Column("Held-out accounts", 0, flexible=True),
        Column("real", 1, right=True),
        Column("accused", 0, right=True),
        Column("other", 1, right=True),
        Column("found", 0, right=True),
        Column("AUC", 2, right=True),
    ]
    rows: list[list[str | None]] = []
    for one in part.sets:
        accused = f"{say.count(one.accused)} ({say.share_interval(one.accused_low, one.accused_high)})"
        got = f"{say.count(one.found)} ({say.share_interval(one.found_low, one.found_high)})"
        name = f"{one.name}: {one.labels}"
        rows.append([name, say.count(one.real), accused, say.count(one.other), got, f"{one.auc:.3f}"])
    _table(columns, rows)
    for failure in part.known_failures:
        print_note(f"· {failure}")


def print_imported(imported: Imported) -> None:
    """What one import changed."""
    read = ", ".join(f"{say.count(rows)} {table}" for table, rows in imported.read.items() if rows) or "nothing"
    new = ", ".join(f"{say.count(rows)} {table}" for table, rows in imported.added.items() if rows) or "nothing"
    place = "" if imported.path.endswith(".landing") else f" from {imported.path}"
    _line(f"{imported.source}{place}: read {read}; new: {new}.")
    if imported.gone or imported.returned:
        _line(f"{say.count(imported.gone)} follows are gone, {say.count(imported.returned)} returned.")
    if imported.skipped:
        _line(f"{say.count(imported.skipped)} invalid rows were skipped.", style="yellow")
    for note in imported.notes:
        print_note(f"· {note}")


def print_accounts(accounts: Sequence[KnownAccount], *, more: str | None = None) -> None:
    """Accounts that a report can be made of; `more`: options for the command that is named next, None for no hint."""
    if not accounts:
        _line("The workspace contains no account with followers or posts.")
        return
    columns = [
        Column("Handle", 0),
        Column("Followers listed", 1, right=True),
        Column("List", 2),
        Column("Posts", 3, right=True),
        Column("Account", 4),
    ]
    rows: list[list[str | None]] = []
    for account in accounts:
        found = account.follower_list
        listed = say.count(account.followers) if found.listed is not None else None
        who = account.handle or account.account_id
        rows.append([who, listed, _list_cell(found), say.count(account.posts), account.account_id])
    _table(columns, rows)
    if more is not None:
        print_note(f"Next: headcount report {accounts[0].handle or accounts[0].account_id}{more}")


def _list_cell(found: FollowerList) -> str:
    """How completely the followers were listed: "complete", "partial list, of 1,000", "hidden"."""
    if found.listed is None:
        return found.state
    if found.is_complete:
        return "complete"
    of = found.claimed is not None and found.claimed > found.listed
    return f"{found.qualifier}, of {say.count(found.claimed or 0)}" if of else found.qualifier
