"""`headcount report` in steps, so that a large account shows progress; the answer is that of `Workspace.report`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from headcount.support.progress import Steps

if TYPE_CHECKING:
    from headcount.analysis import Analysis
    from headcount.report.report import Report
    from headcount.workspace.workspace import Workspace

__all__ = ["report_in_steps"]

WRITE = "writing the report"


def report_in_steps(
    workspace: Workspace,
    account: str | None,
    *,
    window_days: float | None,
    as_of: datetime | None,
    beside: Sequence[str] = (),
    anonymous: bool = False,
    html: Path | None = None,
) -> Report:
    """Read, measure and put together a report, and write it as HTML where a file is named.

    Args:
        workspace: holds the account.
        account, window_days, as_of, beside, anonymous: as for `Workspace.report`.
        html: file of the page; None for none.

    Raises:
        AccountNotFound, AmbiguousAccount, NotEnoughData: as `Workspace.report`.
    """
    from headcount.analysis import measure
    from headcount.report.build import build_report
    from headcount.workspace.verdicts import keep_verdicts

    names = [account, *dict.fromkeys(beside)]
    reading, measuring = ([f"{verb}{_of(name, names)}" for name in names] for verb in ("reading", "measuring"))
    sizes = [_size(workspace, name) for name in names]
    expected: dict[str, float] = {}
    for read, run, (followers, responses) in zip(reading, measuring, sizes, strict=True):
        expected[read] = 0.3 + 2e-6 * followers + 0.5e-6 * responses
        expected[run] = (0.7 if measuring[0] in expected else 2.0) + 2e-6 * followers + 0.4e-6 * responses
    expected[WRITE] = 0.2 + (0.5 if html is not None else 0.0)
    steps = Steps(expected, brief=True)
    measured: list[Analysis] = []
    try:
        for name, read, run, (followers, _) in zip(names, reading, measuring, sizes, strict=True):
            with steps.step(read, followers, "followers"):
                view = workspace.view(name, window_days=window_days, as_of=as_of)
            with steps.step(run, followers, "followers"):
                measured.append(measure(view).compute_all())
        with steps.step(WRITE):
            main = measured[0]
            others = [other for other in measured[1:] if other.view.facts.account_id != main.view.facts.account_id]
            report = build_report(main, beside=others, anonymous=anonymous)
            if html is not None:
                _write_page(report, html)
            keep_verdicts(workspace.folder, main)
    finally:
        steps.close()
    return report


def _of(name: str | None, names: Sequence[str | None]) -> str:
    return "" if len(names) == 1 else f" {name or 'the account'}"


def _size(workspace: Workspace, name: str | None) -> tuple[int, int]:
    """Followers and responses of an account, for the time that it will take; of all accounts where none is named."""
    from headcount.store.read.find import find_account
    from headcount.store.store import Store

    with Store(workspace.folder) as store:
        con = store.connection
        ids = [] if name is None else [find_account(con, name)]
        follows, responses = ("", "") if name is None else (" WHERE followee_id = ?", " WHERE target_id = ?")
        counts = [
            con.execute(f"SELECT count(*) FROM {table}{where}", ids).fetchone()
            for table, where in (("follows", follows), ("interactions", responses))
        ]
    followers, answers = (int(row[0]) if row is not None else 0 for row in counts)
    return followers, answers


def _write_page(report: Report, target: Path) -> None:
    from headcount.report.render.html import render_html
    from headcount.support.output import new_text

    with new_text(target) as file:
        file.write(render_html(report))
