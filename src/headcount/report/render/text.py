"""The report in the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from headcount import wording as say
from headcount.measures.follower_list import COMPLETE
from headcount.measures.list_sentences import follower_list_sentence
from headcount.report.render.listing import count_followers
from headcount.support.screen_table import Column
from headcount.support.screen_table import print_line as _line
from headcount.support.screen_table import print_table as _table
from headcount.support.terminal import is_silent, terminal_width

if TYPE_CHECKING:
    from headcount.measures.follower_list import FollowerList
    from headcount.measures.followers.authenticity import Authenticity
    from headcount.measures.question.results import Question
    from headcount.report.data import ReportData
    from headcount.report.model import ListPart
    from headcount.report.relations import TiesPart
    from headcount.report.rows import FollowerRows
    from headcount.store.read.lists import KnownAccount
    from headcount.store.results import Imported

__all__ = [
    "print_accounts",
    "print_authenticity",
    "print_followers",
    "print_imported",
    "print_lines",
    "print_question",
    "print_report",
    "print_ties",
]

_BAR = 30


def _note(text: str) -> None:
    """What is no part of the answer: how to read it, how to see more. Nothing with --silent."""
    if not is_silent():
        _line(text, style="dim")


def _who(handle: str | None, account_id: str | None) -> str:
    """A handle in full, so that it can be copied."""
    return say.plain(handle or account_id or "") or "(not named)"


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
        _note(f"· {note}")


def _print_lists(parts: Sequence[ListPart]) -> None:
    """How completely each list was read."""
    _line("Completeness of each list", style="bold")
    columns = [
        Column("List", 0),
        Column("State", 0),
        Column("Listed", 1, right=True),
        Column("Counter", 2, right=True),
        Column("Read on", 4),
        Column("Why", 3, flexible=True),
    ]
    rows = [
        [
            say.LIST_NAMES[part.list],
            part.state,
            say.count(part.listed) if part.listed is not None else None,
            say.count(part.claimed) if part.claimed is not None else None,
            say.day(part.observed_at) if part.observed_at is not None else None,
            part.why or "",
        ]
        for part in parts
    ]
    _table(columns, rows)
    _line()


def _print_follower_list(found: FollowerList | None) -> None:
    """How completely the followers were listed; nothing where the list is complete."""
    if found is not None and not found.is_complete:
        _line(follower_list_sentence(found), style="dim")


def print_lines(lines: Sequence[str]) -> None:
    """Sentences or names, one a line."""
    for line in lines:
        _line(line)


def _print_rings(report: ReportData) -> None:
    part = report.rings
    if report.funnel.too_little is not None:
        return
    _line(f"Closed circuits among the {report.followers.follower_list.noun()}", style="bold")
    _line(part.too_little or part.sentence or "")
    if part.groups:
        columns = [
            Column("Group", 0),
            Column("Members", 0, right=True),
            Column("Pairs that follow each other", 1, right=True),
            Column("Conversation (1 = expected)", 2),
        ]
        rows: list[list[str | None]] = []
        for group in part.groups:
            talk = None
            if group.conversation is not None and group.conversation_low is not None:
                talk = f"{group.conversation:.2f} ({group.conversation_low:.2f} to {group.conversation_high:.2f})"
            rows.append([say.VERDICTS[group.verdict], say.count(group.members), say.share(group.density), talk])
        _table(columns, rows)
    _line()


def _print_verdicts(report: ReportData) -> None:
    part = report.authenticity
    if report.funnel.too_little is not None:
        return
    _line("How followers are classified", style="bold")
    _line(part.made_by)
    if part.local_error is not None:
        _line(part.local_error.sentence())
    _line(part.sentence)
    _note(f"Limits and errors by data set: {part.model_card}, headcount authenticity.")
    _line()


def _print_funnel(report: ReportData) -> None:
    funnel, noun = report.funnel, report.followers.follower_list.noun()
    if funnel.too_little is not None or funnel.classes is None or funnel.followers is None:
        _line(funnel.too_little or "")
        _line()
        return
    columns = [
        Column(noun.capitalize(), 0),
        Column("Number", 0, right=True),
        Column("Share", 1, right=True),
        Column("", 3, called="bars"),
    ]
    if funnel.sample is not None:
        columns.append(Column("95% interval", 2))
    rows: list[list[str | None]] = []
    for key, name in say.CLASS_NAMES.items():
        number = getattr(funnel.classes, key)
        standing = max(funnel.followers - funnel.classes.gone, 1)
        share = number / standing
        estimate = getattr(funnel.sample, key, None)
        if estimate is not None:
            number, share = estimate.followers, estimate.followers / standing
        bar = "█" * round(share * _BAR) or ("▏" if number else "")
        interval = ""
        if estimate is not None and estimate.low < estimate.high:
            interval = say.interval(estimate.low, estimate.high)
        cells = [say.count(round(number)), say.share(share), bar]
        if key == "gone":  # apart: no part of those who follow
            cells = [say.count(number), "", ""]
        rows.append([name, *cells, *([interval] if funnel.sample is not None else [])])
    _table(columns, rows)
    if funnel.classes.gone:
        _note("Gone: unfollowed, deleted or suspended; not part of the shares.")
    if funnel.sample is not None:
        _note(
            f"Silent {noun} are estimated from {say.count(funnel.sample.silent_drawn)} of "
            f"{say.count(funnel.sample.silent)}, sampled uniformly, with 95% intervals."
            + (f" No interval: {say.EXACT[funnel.sample.exact]}." if funnel.sample.exact is not None else "")
        )
    _line()


def _print_audience(report: ReportData) -> None:
    audience = report.audience
    active, passive = audience.observed_active, audience.observed_passive_only
    if audience.headcount is None or audience.observed is None or active is None or passive is None:
        return
    columns = [
        Column("Expected new responders", 0),
        Column("Number", 0, right=True),
        Column("95% interval", 1, flexible=True),
    ]
    rows: list[list[str | None]] = []
    for step in audience.next:
        posts = "in the next post" if step.posts == 1 else f"in the next {say.count(step.posts)} posts"
        limits = say.interval(step.low, step.high) if audience.exact is None else say.EXACT[audience.exact]
        rows.append([posts, say.count(round(step.new_responders)), limits])
    _table(columns, rows)
    _line()
    parts = [
        f"{say.count(active)} with a reply, mention or quote",
        f"{say.count(passive)} with likes or reposts only",
    ]
    if audience.at_least is not None:
        parts.append(f"at least {say.count(round(audience.at_least))} would ever respond")
    if audience.coverage is not None:
        parts.append(
            f"{say.share(audience.coverage)} of the responses to a further post are expected from people who "
            f"responded before"
        )
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
    columns = [
        Column("Asked", 1),
        Column("Question", 0, flexible=True),
        Column("in 24 h", 0, right=True),
        Column("replies to date", 1, right=True),
        Column("forecast (7 days)", 2),
        Column("median delay", 3, right=True),
    ]
    rows: list[list[str | None]] = []
    for test in question.tests[:15]:
        end = None
        if test.final_estimate is not None and test.low is not None and test.high is not None:
            end = say.estimate(test.final_estimate, test.low, test.high)
            end += f" ({say.EXACT[test.exact]})" if test.exact in ("all responded", "no followers") else ""
        within = say.count(test.responders_24h) if test.responders_24h is not None else "still open"
        half = say.minutes(test.half_life_minutes) if test.half_life_minutes is not None else "—"
        asked = say.day(test.asked_at) if test.asked_at else None
        text = say.plain(test.text or "") or test.post_id
        if terminal_width() is not None:
            text = say.shorten(text, 48)
        rows.append([asked, text, within, say.count(test.responders), end, half])
    _table(columns, rows)
    pooled = question.pooled
    if pooled is not None and pooled.tests > 1:
        people = say.number_of(pooled.every_time, "person", "people")
        never = f", {say.count(pooled.never)} never" if pooled.never is not None else ""
        _line(
            f"Of {say.count(pooled.tests)} questions, {people} answered every time, "
            f"{say.count(pooled.sometimes)} several times, {say.count(pooled.once)} once{never}."
        )
    if pooled is not None and pooled.no_curve is not None:
        _line(pooled.no_curve, style="dim")
    if not title:  # the report says it among its findings
        # imports numpy and the measures, which a list of followers is printed without
        from headcount.report.parts.findings import question_sentence

        _line(question_sentence(question))
        _print_follower_list(question.follower_list)
    _line()


def print_ties(ties: TiesPart, limit: int, *, title: bool = False) -> None:
    """The strongest two-way ties."""
    if ties.too_little is not None or not ties.top:
        _line(ties.too_little or "There are no two-way ties.")
        _print_follower_list(ties.follower_list)
        return
    if title:
        _line("Strongest two-way ties", style="bold")
    columns = [
        Column("Who", 0),
        Column("wrote", 1, right=True),
        Column("was written to", 2, right=True),
        Column("strength", 3, right=True),
        Column("state", 4),
        Column("last", 5),
    ]
    rows: list[list[str | None]] = []
    counts = [count for count in (ties.count, ties.count_others) if count is not None]
    total = sum(counts) if counts else len(ties.top)
    for tie in ties.top[:limit]:
        who = _who(tie.handle, tie.account_id)
        last = say.day(tie.last) if tie.last else None
        rows.append([who, say.count(tie.received), say.count(tie.sent), f"{tie.strength:.2f}", tie.state, last])
    _table(columns, rows)
    _note(
        f"{min(limit, len(ties.top))} of {say.count(total)} ties of the last "
        f"{ties.window_days:g} days. Strength: contacts a month, both ways."
    )
    if not title:
        _print_follower_list(ties.follower_list)
    _line()


def print_followers(rows: FollowerRows, limit: int) -> None:
    """Followers with class and reasons; why there are none where there is no list."""
    if rows.follower_list.listed is None:
        _print_follower_list(rows.follower_list)
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
        shown.append([_who(row.handle, row.account_id), say.CLASS_NAMES[row.label], responses, row.reasons])
    _table(columns, shown)
    _note(
        f"{say.count(min(limit, len(rows)))} of {count_followers(rows.total, rows.gone, rows.follower_list)}; "
        "select with --limit, --class, --sort, --select or --csv."
    )
    _print_follower_list(rows.follower_list)


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
    _note(f"{words.counted(int(found.standing.sum()))} in all{left}.")
    _line(found.sentence())
    _print_follower_list(found.follower_list)
    _line()
    _print_errors(found)
    _note("Reasons for one follower: headcount authenticity --who HANDLE")


def _print_errors(found: Authenticity) -> None:
    from headcount.report.parts.authenticity import authenticity_part

    part = authenticity_part(found, None, None)
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
        _note(f"· {failure}")


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
        _note(f"· {note}")


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
        _note(f"Next: headcount report {accounts[0].handle or accounts[0].account_id}{more}")


def _list_cell(found: FollowerList) -> str:
    """How completely the followers were listed: "complete", "partial list, of 1,000", "hidden"."""
    if found.listed is None:
        return found.state
    if found.is_complete:
        return "complete"
    of = found.claimed is not None and found.claimed > found.listed
    return f"{found.qualifier}, of {say.count(found.claimed or 0)}" if of else found.qualifier
