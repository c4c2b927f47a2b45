"""What `headcount demo` prints: the cast side by side, with the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount import wording as say
from headcount.report.render.section_text import handle_or_id, print_note
from headcount.support.screen_table import Column
from headcount.support.screen_table import print_line as _line
from headcount.support.screen_table import print_table as _table
from headcount.support.terminal import is_silent

if TYPE_CHECKING:
    from headcount.cli.demo import DemoOutcome

__all__ = ["print_demo"]


def print_demo(outcome: DemoOutcome) -> None:
    """The cast of the demo side by side, with the truth."""
    columns = [
        Column("Account", 0),
        Column("Who", 3, flexible=True),
        Column("Followers", 2, right=True),
        Column("Headcount (95%)", 0),
        Column("Truth", 1, right=True),
    ]
    rows: list[list[str | None]] = []
    for member in outcome.cast:
        headcount = None
        if member.headcount is not None and member.low is not None and member.high is not None:
            headcount = say.estimate(member.headcount, member.low, member.high)
        followers = say.count(member.followers) if member.followers is not None else None
        rows.append([handle_or_id(member.handle, None), member.who, followers, headcount, say.count(member.truth)])
    _table(columns, rows)
    for member in outcome.cast:
        if not member.follower_list.is_complete:
            _line(f"{handle_or_id(member.handle, None)}: {member.follower_list.size()}.", style="dim")
    print_note("Truth: followers who responded in the window or to as many further posts, hidden from the analysis.")
    _line()
    for finding in outcome.findings:
        _line(finding, style="bold")
    if is_silent():
        return
    _line()
    print_note("Reports: " + ", ".join(member.report for member in outcome.cast))
    print_note(f"Next: headcount report ana --workspace {outcome.workspace}")
    _line(f"Report: {outcome.report}")
