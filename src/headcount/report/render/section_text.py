"""The sections of a report in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from headcount import wording as say
from headcount.measures.list_sentences import follower_list_sentence
from headcount.support.screen_table import Column
from headcount.support.screen_table import print_line as _line
from headcount.support.screen_table import print_table as _table
from headcount.support.terminal import is_silent, terminal_width

if TYPE_CHECKING:
    from headcount.measures.follower_list import FollowerList
    from headcount.measures.question.results import Question
    from headcount.report.data import ReportData
    from headcount.report.model import ListPart
    from headcount.report.parts.ties import TiesPart
    from headcount.report.section import Section

__all__ = [
    "handle_or_id",
    "print_follower_list",
    "print_lists",
    "print_note",
    "print_question",
    "print_section",
    "print_sections",
    "print_ties",
]

_BAR = 30
MAX_ROWS = 10
"""Rows of the table of a section without a printer of its own."""


def print_note(text: str) -> None:
    """What is no part of the answer: how to read it, how to see more. Nothing with --silent."""
    if not is_silent():
        _line(text, style="dim")


def handle_or_id(handle: str | None, account_id: str | None) -> str:
    """A handle in full, so that it can be copied."""
    return say.plain(handle or account_id or "") or "(not named)"


def print_follower_list(found: FollowerList | None) -> None:
    """How completely the followers were listed; nothing where the list is complete."""
    if found is not None and not found.is_complete:
        _line(follower_list_sentence(found), style="dim")


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
        print_note("Gone: unfollowed, deleted or suspended; not part of the shares.")
    if funnel.sample is not None:
        print_note(
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
        print_follower_list(question.follower_list)
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
        print_follower_list(question.follower_list)
    _line()


def print_ties(ties: TiesPart, limit: int, *, title: bool = False) -> None:
    """The strongest two-way ties."""
    if ties.too_little is not None or not ties.top:
        _line(ties.too_little or "There are no two-way ties.")
        print_follower_list(ties.follower_list)
        return
    if title:
        _line(ties.title, style="bold")
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
        who = handle_or_id(tie.handle, tie.account_id)
        last = say.day(tie.last) if tie.last else None
        rows.append([who, say.count(tie.received), say.count(tie.sent), f"{tie.strength:.2f}", tie.state, last])
    _table(columns, rows)
    print_note(
        f"{min(limit, len(ties.top))} of {say.count(total)} ties of the last "
        f"{ties.window_days:g} days. Strength: contacts a month, both ways."
    )
    if not title:
        print_follower_list(ties.follower_list)
    _line()


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
    _line(part.title, style="bold")
    _line(part.made_by)
    if part.local_error is not None:
        _line(part.local_error.sentence())
    _line(part.sentence)
    print_note(f"Limits and errors by data set: {part.model_card}, headcount authenticity.")
    _line()


def print_lists(parts: Sequence[ListPart]) -> None:
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


def print_section(part: Section) -> None:
    """A section without a printer of its own: title, finding, and the first rows of its table."""
    _line(part.title, style="bold")
    _line(part.finding())
    values = part.columns()
    rows = list(zip(*values.values(), strict=True))
    if rows:
        columns = [
            Column(name.replace("_", " "), rank=place, right=_is_numeric(column), flexible=not _is_numeric(column))
            for place, (name, column) in enumerate(values.items())
        ]
        _table(columns, [[_cell(value) for value in row] for row in rows[:MAX_ROWS]])
    if len(rows) > MAX_ROWS:
        print_note(f"{MAX_ROWS} of {say.count(len(rows))} rows.")
    _line()


def _is_numeric(column: Sequence[Any]) -> bool:
    return all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in column)


def _cell(value: Any) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return say.count(value)
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else say.count(value)
    return None if value is None else str(value)


def _print_questions(report: ReportData) -> None:
    if report.question.tests:
        print_question(report.question, title=True)


def _print_strongest_ties(report: ReportData) -> None:
    if report.ties.top:
        print_ties(report.ties, 10, title=True)


_PRINTERS: Mapping[str, Callable[[ReportData], None] | None] = {
    "funnel": _print_funnel,
    "audience": _print_audience,
    "question": _print_questions,
    "ties": _print_strongest_ties,
    "arrival": None,  # a picture
    "rings": _print_rings,
    "authenticity": _print_verdicts,
}
"""Field of the report -> how its section is printed; None: not at all."""


def print_sections(report: ReportData) -> None:
    """The sections of a report in the order of the page; those without a printer of their own by `print_section`."""
    from headcount.report.data import page_sections, sections  # imports numpy and the measures

    for field in page_sections():
        printer = _PRINTERS.get(field)
        if printer is not None:
            printer(report)
        elif field in sections() and field not in _PRINTERS:
            print_section(getattr(report, field))
