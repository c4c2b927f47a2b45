"""The report in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from headcount.follower_list import COMPLETE
from headcount.report import wording as say
from headcount.report.coverage import follower_list_sentence
from headcount.report.findings import question_sentence
from headcount.report.listing import count_rows
from headcount.terminal import console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from headcount.demo import DemoOutcome
    from headcount.follower_list import FollowerList
    from headcount.measures.authenticity import Authenticity
    from headcount.measures.question import Question
    from headcount.reading_lists import KnownAccount
    from headcount.report.model import FollowerRows, ListPart, Report, TiesPart
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


def print_report(report: Report, *, brief: bool = False, verbose: bool = False) -> None:
    """The findings, and unless `brief` the tables behind them; how each list was read where one is not complete.

    Args:
        report: what is printed; brief: the findings alone; verbose: also how each list was read where all are complete.
    """
    for number, finding in enumerate(report.findings):
        _line(finding, style="bold" if number == 0 else None)
    if brief:
        return
    _line()
    _print_funnel(report)
    _print_audience(report)
    if report.question.tests:
        print_question(report.question, title=True)
    if report.ties.top:
        print_ties(report.ties, 10, title=True)
    _print_rings(report)
    _print_verdicts(report)
    if verbose or any(part.state != "complete" for part in report.lists):
        _print_lists(report.lists)
    for note in report.notes:
        _line(f"· {note}", style="dim")


def _print_lists(parts: Sequence[ListPart]) -> None:
    """How completely each list was read."""
    _line("How completely each list was read", style="bold")
    table = _table(
        ("List", "left"),
        ("State", "left"),
        ("Listed", "right"),
        ("Counter", "right"),
        ("Read on", "left"),
        ("Why", "left"),
    )
    for part in parts:
        _row(
            table,
            say.LIST_NAMES[part.list],
            part.state,
            say.count(part.listed) if part.listed is not None else None,
            say.count(part.claimed) if part.claimed is not None else None,
            say.day(part.observed_at) if part.observed_at is not None else None,
            part.why or "",
        )
    _console().print(table)
    _line()


def _print_follower_list(found: FollowerList | None) -> None:
    """How completely the followers were listed; nothing where the list is complete."""
    if found is not None and not found.is_complete:
        _line(follower_list_sentence(found), style="dim")


def print_lines(lines: Sequence[str]) -> None:
    """Sentences or names, one a line."""
    for line in lines:
        _line(line)


def _print_rings(report: Report) -> None:
    part = report.rings
    if report.funnel.too_little is not None:
        return
    _line(f"Closed circuits among the {report.followers.follower_list.noun()}", style="bold")
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


def _print_funnel(report: Report) -> None:
    funnel, noun = report.funnel, report.followers.follower_list.noun()
    if funnel.too_little is not None or funnel.classes is None or funnel.followers is None:
        _line(funnel.too_little or "")
        _line()
        return
    table = _table((noun.capitalize(), "left"), ("", "right"), ("", "right"), ("", "left"))
    for key, name in say.CLASS_NAMES.items():
        number = getattr(funnel.classes, key)
        standing = max(funnel.followers - funnel.classes.gone, 1)
        share = number / standing
        estimate = getattr(funnel.sample, key, None)
        if estimate is not None:
            number, share = estimate.followers, estimate.followers / standing
        bar = "█" * round(share * _BAR) or ("▏" if number else "")
        if estimate is not None:
            bar += f" {say.interval(estimate.low, estimate.high)}" if estimate.low < estimate.high else ""
        if key == "gone":  # apart: no part of those who follow
            _row(table, name, say.count(number), "", "besides; unfollowed, deleted or suspended" if number else "")
            continue
        _row(table, name, say.count(round(number)), say.share(share), bar)
    _console().print(table)
    if funnel.sample is not None:
        _line(
            f"Silent {noun} are estimated from {say.count(funnel.sample.silent_drawn)} of "
            f"{say.count(funnel.sample.silent)}, drawn uniformly; beside them the 95% interval."
            + (f" Without interval: {say.EXACT[funnel.sample.exact]}." if funnel.sample.exact is not None else ""),
            style="dim",
        )
    _line()


def _print_audience(report: Report) -> None:
    audience = report.audience
    active, passive = audience.observed_active, audience.observed_passive_only
    if audience.headcount is None or audience.observed is None or active is None or passive is None:
        return
    table = _table(("New responders to expect", "left"), ("", "right"), ("95% interval", "left"))
    for step in audience.next:
        posts = "in the next post" if step.posts == 1 else f"in the next {say.count(step.posts)} posts"
        limits = say.interval(step.low, step.high) if audience.exact is None else say.EXACT[audience.exact]
        _row(table, posts, say.count(round(step.new_responders)), limits)
    _console().print(table)
    _line()
    parts = [
        f"{say.count(active)} by words",
        f"{say.count(passive)} only by likes or reposts",
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
        _print_follower_list(question.follower_list)
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
            end = say.estimate(test.final_estimate, test.low, test.high)
            end += f" ({say.EXACT[test.exact]})" if test.exact in ("all responded", "no followers") else ""
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
    if pooled is not None and pooled.no_curve is not None:
        _line(pooled.no_curve, style="dim")
    if not title:  # the report says it among its findings
        _line(question_sentence(question))
        _print_follower_list(question.follower_list)
    _line()


def print_ties(ties: TiesPart, limit: int, *, title: bool = False) -> None:
    """The strongest two-way ties."""
    if ties.too_little is not None or not ties.top:
        _line(ties.too_little or "There is no two-way tie.")
        _print_follower_list(ties.follower_list)
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
    counts = [count for count in (ties.count, ties.count_others) if count is not None]
    total = sum(counts) if counts else len(ties.top)
    for tie in ties.top[:limit]:
        who = say.name(tie.handle or tie.account_id, unnamed="(not named)")
        last = say.day(tie.last) if tie.last else None
        _row(table, who, say.count(tie.received), say.count(tie.sent), f"{tie.strength:.2f}", tie.state, last)
    _console().print(table)
    _line(
        f"{min(limit, len(ties.top))} of {say.count(total)} ties of the last "
        f"{ties.window_days:g} days. Strength: contacts a month, both ways.",
        style="dim",
    )
    if not title:
        _print_follower_list(ties.follower_list)
    _line()


def print_followers(rows: FollowerRows, limit: int) -> None:
    """Followers with class and reasons; why there are none where there is no list."""
    if rows.follower_list.listed is None:
        _print_follower_list(rows.follower_list)
        return
    table = _table(("Follower", "left"), ("Class", "left"), ("Responses", "right"), ("Why", "left"))
    for row in rows[:limit]:
        who = say.name(row.handle or row.account_id, unnamed="(not named)")
        responses = "?" if row.responses is None else say.count(row.responses)
        _row(table, who, say.CLASS_NAMES[row.label], responses, row.reasons)
    _console().print(table)
    _line(
        f"{say.count(min(limit, len(rows)))} of {count_rows(rows, rows.follower_list)}; "
        "--limit, --class, --sort and --csv choose.",
        style="dim",
    )
    _print_follower_list(rows.follower_list)


def print_authenticity(found: Authenticity, row: int | None) -> None:
    """How many followers are judged to be what; or one follower with every reason."""
    import numpy as np

    if row is not None:
        _line(found.explain(row))
        if np.isnan(found.real[row]):  # the points belong to a probability that is not given
            return
        table = _table(("What is known", "left"), (f"Speaks for {found.kind(row)}", "right"))
        for reason in found.reasons(row):
            _row(table, reason.sentence, f"{reason.points:+.2f}")
        _row(table, "together (log odds against a real account)", f"{sum(r.points for r in found.reasons(row)):+.2f}")
        _console().print(table)
        return
    table = _table(("Judgement", "left"), ("Followers", "right"))
    columns = found.columns()
    for name, number in zip(columns["class"], columns["followers"], strict=True):
        if number:
            _row(table, name.replace("_", " "), say.count(number))
    _console().print(table)
    words = found.follower_list or COMPLETE
    gone = int((~found.standing).sum())
    left = f"; {say.count(gone)} more are gone and not counted" if gone else ""
    _line(f"{words.counted(int(found.standing.sum()))} in all{left}.", style="dim")
    _line(found.sentence())
    _print_follower_list(found.follower_list)
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


def print_accounts(accounts: Sequence[KnownAccount], *, more: str | None = None) -> None:
    """Accounts that a report can be made of; `more`: options for the command that is named next, None for no hint."""
    if not accounts:
        _line("The workspace holds no account with followers or posts.")
        return
    table = _table(
        ("Account", "left"), ("Handle", "left"), ("Followers listed", "right"), ("List", "left"), ("Posts", "right")
    )
    for account in accounts:
        found = account.follower_list
        _row(
            table,
            account.account_id,
            account.handle or "",
            say.count(account.followers) if found.listed is not None else "unknown",
            _list_cell(found),
            say.count(account.posts),
        )
    _console().print(table)
    if more is not None:
        _line(f"Next: headcount report {accounts[0].handle or accounts[0].account_id}{more}", style="dim")


def _list_cell(found: FollowerList) -> str:
    """How completely the followers were listed: "complete", "partial list, of 1,000", "hidden"."""
    if found.listed is None:
        return found.state
    if found.is_complete:
        return "complete"
    of = found.claimed is not None and found.claimed > found.listed
    return f"{found.qualifier}, of {say.count(found.claimed or 0)}" if of else found.qualifier


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
            headcount = say.estimate(member.headcount, member.low, member.high)
        _row(
            table,
            say.name(member.handle),
            member.who,
            say.count(member.followers) if member.followers is not None else None,
            headcount,
            say.count(member.truth),
        )
    _console().print(table)
    for member in outcome.cast:
        if not member.follower_list.is_complete:
            _line(f"{say.name(member.handle)}: {member.follower_list.size()}.", style="dim")
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
