"""The report in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from headcount.report import wording as say
from headcount.report.findings import question_sentence
from headcount.terminal import console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from headcount.demo import DemoOutcome
    from headcount.measures.authenticity import Authenticity
    from headcount.measures.question import Question
    from headcount.report.model import FollowerRow, FunnelPart, Report, TiesPart
    from headcount.store import Imported

__all__ = [
    "print_accounts",
    "print_authenticity",
    "print_demo",
    "print_followers",
    "print_imported",
    "print_lines",
    "print_question",
    "print_report",
    "print_ties",
]

_BAR = 30


@cache
def _console() -> Console:
    return console(highlight=False, soft_wrap=False)


def _line(text: str = "", style: str | None = None) -> None:
    """Print text as it is: what comes from outside is never read as markup, and control characters are dropped."""
    _console().print(say.plain(text), style=style, markup=False)


def _table(*columns: tuple[str, str]) -> Table:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name, align in columns:
        table.add_column(name, justify="right" if align == "right" else "left", overflow="fold")
    return table


def _row(table: Table, *cells: str | None) -> None:
    from rich.text import Text

    table.add_row(*(Text(say.plain(cell)) if cell is not None else Text("unknown", style="dim") for cell in cells))


def print_report(report: Report, *, brief: bool = False) -> None:
    """The findings, and unless `brief` the tables behind them."""
    for number, finding in enumerate(report.findings):
        _line(finding, style="bold" if number == 0 else None)
    if brief:
        return
    _line()
    _print_funnel(report.funnel)
    _print_audience(report)
    if report.question.tests:
        print_question(report.question, title=True)
    if report.ties.top:
        print_ties(report.ties, 10, title=True)
    _print_rings(report)
    _print_verdicts(report)
    for note in report.notes:
        _line(f"· {note}", style="dim")


def print_lines(lines: Sequence[str]) -> None:
    """Sentences or names, one a line."""
    for line in lines:
        _line(line)


def _print_rings(report: Report) -> None:
    part = report.rings
    if report.funnel.too_little is not None:
        return
    _line("Closed circuits among the followers", style="bold")
    _line(part.too_little or part.sentence or "")
    if part.groups:
        table = _table(
            ("Group", "left"),
            ("Members", "right"),
            ("Pairs that follow each other", "right"),
            ("Talk, 1 = usual", "left"),
        )
        for group in part.groups:
            talk = None
            if group.conversation is not None and group.conversation_low is not None:
                talk = f"{group.conversation:.2f} ({group.conversation_low:.2f} to {group.conversation_high:.2f})"
            _row(table, say.VERDICTS[group.verdict], say.count(group.members), say.share(group.density), talk)
        _console().print(table)
    _line()


def _print_verdicts(report: Report) -> None:
    part = report.authenticity
    if report.funnel.too_little is not None:
        return
    _line("How the verdicts are made", style="bold")
    _line(part.made_by)
    if part.local_error is not None:
        _line(part.local_error.sentence())
    _line(part.sentence)
    _line(f"What it does not do, and its errors by data set: {part.model_card}, headcount authenticity.", style="dim")
    _line()


def _print_funnel(funnel: FunnelPart) -> None:
    if funnel.too_little is not None or funnel.classes is None or funnel.followers is None:
        _line(funnel.too_little or "")
        _line()
        return
    table = _table(("Followers", "left"), ("", "right"), ("", "right"), ("", "left"))
    for key, name in say.CLASS_NAMES.items():
        number = getattr(funnel.classes, key)
        standing = max(funnel.followers - funnel.classes.gone, 1)
        share = number / standing
        estimate = getattr(funnel.sample, key, None)
        if estimate is not None:
            number, share = estimate.followers, estimate.followers / standing
        bar = "█" * round(share * _BAR) or ("▏" if number else "")
        if estimate is not None:
            bar += f" {say.interval(estimate.low, estimate.high)}"
        if key == "gone":  # apart: no part of those who follow
            _row(table, name, say.count(number), "", "besides; unfollowed, deleted or suspended" if number else "")
            continue
        _row(table, name, say.count(round(number)), say.share(share), bar)
    _console().print(table)
    if funnel.sample is not None:
        _line(
            f"Silent followers are estimated from {say.count(funnel.sample.silent_drawn)} of "
            f"{say.count(funnel.sample.silent)}, drawn uniformly; beside them the 95% interval.",
            style="dim",
        )
    _line()


def _print_audience(report: Report) -> None:
    audience = report.audience
    if audience.headcount is None:
        return
    table = _table(("New responders to expect", "left"), ("", "right"), ("95% interval", "left"))
    for step in audience.next:
        posts = "in the next post" if step.posts == 1 else f"in the next {say.count(step.posts)} posts"
        _row(table, posts, say.count(round(step.new_responders)), say.interval(step.low, step.high))
    _console().print(table)
    _line()
    parts = [
        f"{say.count(audience.observed_active)} by words",
        f"{say.count(audience.observed_passive_only)} only by likes or reposts",
    ]
    if audience.at_least is not None:
        parts.append(f"at least {say.count(round(audience.at_least))} would ever respond")
    if audience.coverage is not None:
        parts.append(f"{say.share(audience.coverage)} of responses come from people seen before")
    _line(f"{say.count(audience.observed)} responders: {'; '.join(parts)}.")
    _line()


def print_question(question: Question, *, title: bool = False) -> None:
    """The tests, one a row."""
    if question.too_little is not None or not question.tests:
        _line(question.too_little or "No question was found among the posts.")
        return
    if title:
        _line("Questions", style="bold")
    table = _table(
        ("Asked", "left"),
        ("Question", "left"),
        ("in 24 h", "right"),
        ("so far", "right"),
        ("in the end", "left"),
        ("half after", "right"),
    )
    for test in question.tests[:15]:
        end = None
        if test.final_estimate is not None and test.low is not None and test.high is not None:
            end = f"{say.count(round(test.final_estimate))} ({say.interval(test.low, test.high)})"
        within = say.count(test.responders_24h) if test.responders_24h is not None else "still open"
        half = say.minutes(test.half_life_minutes) if test.half_life_minutes is not None else "—"
        asked = say.day(test.asked_at) if test.asked_at else None
        _row(
            table,
            asked,
            say.shorten(test.text or test.post_id, 48),
            within,
            say.count(test.responders),
            end,
            half,
        )
    _console().print(table)
    pooled = question.pooled
    if pooled is not None and pooled.tests > 1:
        never = f", {say.count(pooled.never)} never" if pooled.never is not None else ""
        _line(
            f"Of {say.count(pooled.tests)} questions, {say.count(pooled.every_time)} people answered every time, "
            f"{say.count(pooled.sometimes)} several times, {say.count(pooled.once)} once{never}."
        )
    if not title:  # the report says it among its findings
        _line(question_sentence(question))
    _line()


def print_ties(ties: TiesPart, limit: int, *, title: bool = False) -> None:
    """The strongest two-way ties."""
    if ties.too_little is not None or not ties.top:
        _line(ties.too_little or "There is no two-way tie.")
        return
    if title:
        _line("Strongest two-way ties", style="bold")
    table = _table(
        ("Who", "left"),
        ("wrote", "right"),
        ("was written to", "right"),
        ("strength", "right"),
        ("state", "left"),
        ("last", "left"),
    )
    for tie in ties.top[:limit]:
        who = say.name(tie.handle or tie.account_id, unnamed="(not named)")
        last = say.day(tie.last) if tie.last else None
        _row(table, who, say.count(tie.received), say.count(tie.sent), f"{tie.strength:.2f}", tie.state, last)
    _console().print(table)
    _line(
        f"{min(limit, len(ties.top))} of {say.count((ties.count or 0) + (ties.count_others or 0))} ties of the last "
        f"{ties.window_days:g} days. Strength: contacts a month, both ways.",
        style="dim",
    )
    _line()


def print_followers(rows: Sequence[FollowerRow], limit: int) -> None:
    """Followers with class and reasons."""
    table = _table(("Follower", "left"), ("Class", "left"), ("Responses", "right"), ("Why", "left"))
    for row in rows[:limit]:
        who = say.name(row.handle or row.account_id, unnamed="(not named)")
        _row(table, who, say.CLASS_NAMES[row.label], say.count(row.responses), row.reasons)
    _console().print(table)
    _line(
        f"{say.count(min(limit, len(rows)))} of {say.count(len(rows))} followers; "
        "--limit, --class, --sort and --csv choose.",
        style="dim",
    )


def print_authenticity(found: Authenticity, row: int | None) -> None:
    """How many followers are of each class; or one follower with every reason."""
    if row is not None:
        _line(found.explain(row))
        table = _table(("What is known", "left"), (f"Speaks for {found.kind(row)}", "right"))
        for reason in found.reasons(row):
            _row(table, reason.sentence, f"{reason.points:+.2f}")
        _row(table, "together (log odds against a real account)", f"{sum(r.points for r in found.reasons(row)):+.2f}")
        _console().print(table)
        return
    table = _table(("Class", "left"), ("Followers", "right"))
    columns = found.columns()
    for name, number in zip(columns["class"], columns["followers"], strict=True):
        if number:
            _row(table, name.replace("_", " "), say.count(number))
    _console().print(table)
    _line(found.sentence())
    _line()
    _print_errors(found)
    _line("Why, for one follower: headcount authenticity --who HANDLE", style="dim")


def _print_errors(found: Authenticity) -> None:
    from headcount.report.authenticity_part import authenticity_part

    part = authenticity_part(found, None, None)
    _line(part.made_by)
    table = _table(
        ("Accounts it had not seen", "left"), ("real", "right"), ("accused", "right"), ("other", "right"),
        ("found", "right"), ("AUC", "right"),
    )  # fmt: skip
    for one in part.sets:
        accused = f"{say.count(one.accused)} ({say.share_interval(one.accused_low, one.accused_high)})"
        got = f"{say.count(one.found)} ({say.share_interval(one.found_low, one.found_high)})"
        _row(table, f"{one.name}: {one.labels}", say.count(one.real), accused, say.count(one.other), got,
             f"{one.auc:.3f}")  # fmt: skip
    _console().print(table)
    for failure in part.known_failures:
        _line(f"· {failure}", style="dim")


def print_imported(imported: Imported) -> None:
    """What one import changed."""
    read = ", ".join(f"{say.count(rows)} {table}" for table, rows in imported.read.items() if rows) or "nothing"
    new = ", ".join(f"{say.count(rows)} {table}" for table, rows in imported.added.items() if rows) or "nothing"
    place = "" if imported.path.endswith(".landing") else f" from {imported.path}"
    _line(f"{imported.source}{place}: read {read}; new: {new}.")
    if imported.gone or imported.returned:
        _line(f"{say.count(imported.gone)} follows are gone, {say.count(imported.returned)} came back.")
    if imported.skipped:
        _line(f"{say.count(imported.skipped)} bad rows were left out.", style="yellow")
    for note in imported.notes:
        _line(f"· {note}", style="dim")


def print_accounts(accounts: Sequence[tuple[str, str | None, int, int]], *, more: str | None = None) -> None:
    """Accounts that a report can be made of; `more`: options for the command that is named next, None for no hint."""
    if not accounts:
        _line("The workspace holds no account with followers or posts.")
        return
    table = _table(("Account", "left"), ("Handle", "left"), ("Followers listed", "right"), ("Posts", "right"))
    for account_id, handle, followers, posts in accounts:
        _row(
            table,
            account_id,
            handle or "",
            say.count(followers) if followers else "unknown",
            say.count(posts),
        )
    _console().print(table)
    if more is not None:
        _line(f"Next: headcount report {accounts[0][1] or accounts[0][0]}{more}", style="dim")


def print_demo(outcome: DemoOutcome) -> None:
    """The cast of the demo side by side, with the truth."""
    table = _table(
        ("Account", "left"),
        ("Who", "left"),
        ("Followers", "right"),
        ("Headcount (95%)", "left"),
        ("Truth", "right"),
    )
    for member in outcome.cast:
        headcount = None
        if member.headcount is not None and member.low is not None and member.high is not None:
            headcount = f"{say.count(round(member.headcount))} ({say.interval(member.low, member.high)})"
        _row(
            table,
            say.name(member.handle),
            member.who,
            say.count(member.followers),
            headcount,
            say.count(member.truth),
        )
    _console().print(table)
    _line(
        "Truth: followers who did respond in the window or in as many posts again, which the program never saw.",
        style="dim",
    )
    _line()
    for finding in outcome.findings:
        _line(finding, style="bold")
    _line()
    _line("One report each: " + ", ".join(member.report for member in outcome.cast), style="dim")
    _line(f"Next: headcount report ana --workspace {outcome.workspace}", style="dim")
    _line(f"Report: {outcome.report}")
