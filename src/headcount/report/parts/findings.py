"""The findings of a report in sentences: most important first, each with its interval or sample size."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from headcount import wording as say
from headcount.report.model import ANONYMOUS, AccountPart, Beside
from headcount.report.parts.coverage import account_sentence
from headcount.report.section import Section

if TYPE_CHECKING:
    from headcount.measures.audience.audience import Audience
    from headcount.measures.follower_list import FollowerList
    from headcount.measures.question.results import Question
    from headcount.report.data import Document
    from headcount.report.parts.funnel import FunnelPart
    from headcount.report.parts.ties import TiesPart
    from headcount.store.read.view import AccountView

__all__ = ["findings", "notes", "question_sentence"]


def findings(report: Document) -> list[str]:
    """The answer in sentences: first those written here, from several parts together, then those of the sections.

    Args:
        report: all parts of the report; its own sentences (`findings`, `notes`) are not read.
    """
    account, audience, funnel, rings = report.account, report.audience, report.funnel, report.rings
    name = _at(account)
    found = report.followers.follower_list
    lines = [_headcount(name, found, audience, account)]
    if report.responses_note is not None:
        lines[0] += f" {report.responses_note}"
    lines += [account_sentence(name, account) or ""]
    lines += [_comparison(name, found, audience, other) for other in report.beside]
    if funnel.too_little is None:
        lines.append(_funnel(funnel, found))
        if report.authenticity.real_low is not None:
            lines.append(report.authenticity.sentence)
    if rings.circuits and rings.sentence is not None:
        lines.append(rings.sentence)
    answers = question_sentence(report.question), _ties(name, report.ties, found)
    lines += [line for line in answers if line not in lines[0]]
    for part in (getattr(report, field.name) for field in fields(report)):
        lines += part.findings() if isinstance(part, Section) else []
    return [line for line in lines if line]


def _at(account: AccountPart) -> str:
    if account.handle:
        return f"@{say.name(account.handle)}"
    return "This account" if account.account_id == ANONYMOUS else say.name(account.account_id)


def _headcount(name: str, followers: FollowerList, audience: Audience, account: AccountPart) -> str:
    start = f"As of {say.day(account.as_of)}, {followers.has('this account' if name == 'This account' else name)}"
    if audience.headcount is None or audience.low is None or audience.high is None or audience.observed is None:
        return f"{start}. No headcount: {audience.too_little}"
    who = "people"
    if followers.listed is not None:
        who = "of them" if followers.is_complete else f"of {followers.all_of(followers.listed)}"
    people = followers.noun() if followers.listed is not None else "people"
    posts = say.number_of(audience.posts, "post")
    headcount = say.estimate(audience.headcount, audience.low, audience.high, prefix="95% interval ")
    since = None if account.first_post_at is None else say.day(account.first_post_at)
    meaning = say.headcount_meaning(people, audience.posts, since=since, days=account.window_days)
    if audience.exact is not None:
        meaning = "all followers on the list have responded, so it cannot increase"
    return (
        f"{start}. The headcount is {headcount}: {meaning}. {say.count(audience.observed)} {who} responded "
        f"to the {posts}{_span(account)}."
    )


def _span(account: AccountPart) -> str:
    """From the first post of the window to its end, in days that were really seen: " from 2 to 23 November"."""
    if account.first_post_at is None:
        return " so far"
    first, last = say.day(account.first_post_at), say.day(account.as_of)
    return f", all on {first}" if first == last else f" from {first} to {last}"


def _comparison(name: str, followers: FollowerList, audience: Audience, other: Beside) -> str:
    theirs = f"@{say.name(other.handle)}" if other.handle else say.name(other.account_id)
    if audience.headcount is None or other.headcount is None or audience.low is None or other.low is None:
        return f"{name} and {theirs} cannot be compared: one of them has too little data for a headcount."
    if audience.high is None or other.high is None:
        return ""
    mine = _with_interval(audience.headcount, audience.low, audience.high)
    yours = _with_interval(other.headcount, other.low, other.high)
    sizes = ""
    if followers.listed is not None and other.followers is not None:
        comma = "" if followers.is_complete else ","
        sizes = f" ({followers.size(brackets=False)}{comma} against {other.follower_list.size(brackets=False)})"
    # over a list that is not complete a headcount is a lower bound: it may be larger, never smaller
    apart = audience.low > other.high or audience.high < other.low
    below, whose = (other.follower_list, theirs) if audience.low > other.high else (followers, name)
    if apart and below.listed is not None and below.partial:
        why = f"the follower list of {whose} is incomplete"
        return f"{name} ({mine}) and {theirs} ({yours}) cannot be compared by headcount: {why}{sizes}."
    if audience.low > other.high:
        return f"{name} has a larger headcount ({mine}) than {theirs} ({yours}){sizes}."
    if audience.high < other.low:
        return f"{name} has a smaller headcount ({mine}) than {theirs} ({yours}){sizes}."
    return f"{name} ({mine}) and {theirs} ({yours}) do not differ clearly by headcount{sizes}."


def _with_interval(headcount: float, low: float, high: float) -> str:
    """A headcount for brackets: "48, 41 to 57"; without the interval where it has no width."""
    return say.count(headcount) if low == high else f"{say.count(headcount)}, {say.interval(low, high)}"


def _funnel(funnel: FunnelPart, followers: FollowerList) -> str:
    """The standing followers by class; those who are gone apart."""
    if funnel.classes is None or funnel.followers is None:
        return ""
    keys = [key for key in say.CLASS_NAMES if key != "gone"]
    few = _none_seen(funnel)
    parts = [
        f"{_class_size(funnel, key)} {say.class_phrase(key, _class_number(funnel, key))}"
        for key in keys
        if key not in few and _class_size(funnel, key) != "0"
    ]
    if few:
        bounds = {say.interval(0, getattr(funnel.sample, key).high) for key in few}
        each = " each" if len(few) > 1 else ""
        words = [say.class_phrase(key, 1) for key in few]
        either = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
        within = f" ({bounds.pop()}{each})" if len(bounds) == 1 else ""
        parts.append(f"none of those sampled {either}{within}")
    gone = funnel.classes.gone
    left = f"{say.count(gone)} more {say.class_phrase('gone', gone)} (unfollowed, deleted or suspended)" if gone else ""
    if not parts:
        return f"{left}." if left else ""
    text = f"Of {followers.all_of(funnel.followers - gone)}, {say.listing(parts)}"
    text += f"; {left}" if left else ""
    return f"{text}. {_sampled(funnel, followers)}" if funnel.sample is not None else f"{text}."


def _none_seen(funnel: FunnelPart) -> list[str]:
    """The classes that nobody of a sample is of, though others may be."""
    found = ((key, getattr(funnel.sample, key, None)) for key in say.CLASS_NAMES)
    return [key for key, size in found if size is not None and round(size.followers) == 0 and round(size.high) > 0]


def _sampled(funnel: FunnelPart, followers: FollowerList) -> str:
    """What was looked at, and why many of them are unknown."""
    sample = funnel.sample
    if sample is None:
        return ""
    responders = sample.drawn - sample.silent_drawn
    of = "the complete list" if followers.is_complete else f"the {followers.noun()}"
    text = f"{say.number_of(sample.drawn, 'follower')} from {of} {_were(sample.drawn)} sampled"
    text += f", {say.count(responders)} of them responders" if responders else ""
    if sample.silent and sample.unknown.followers > sample.silent / 2:
        text += "; most of the silent ones have no known activity, so they are unknown, not fake"
    return f"{text}."


def _were(number: int) -> str:
    return "was" if number == 1 else "were"


def _class_number(funnel: FunnelPart, key: str) -> int:
    estimate = getattr(funnel.sample, key, None)
    return int(getattr(funnel.classes, key) if estimate is None else round(estimate.followers))


def _class_size(funnel: FunnelPart, key: str) -> str:
    """How many followers are of a class: counted, or where only a sample was looked at, estimated."""
    estimate = getattr(funnel.sample, key, None)
    if estimate is None:
        return say.count(getattr(funnel.classes, key))
    return say.estimate(estimate.followers, estimate.low, estimate.high)


def question_sentence(question: Question) -> str:
    """How many answered the questions within a day, with the share of followers and the intervals."""
    pooled = question.pooled
    if pooled is None or pooled.responders_24h_mean is None:
        return question.too_little or ""
    return question.sentence()


def _ties(name: str, ties: TiesPart, followers: FollowerList) -> str:
    if ties.count is None or ties.too_little is not None:
        return ties.too_little or ""
    whom = followers.noun(ties.count) if followers.listed is not None else "person" if ties.count == 1 else "people"
    share_of = None
    if ties.known_share is not None and followers.listed is not None:
        listed = say.count(followers.listed) if followers.is_complete else f"the {say.count(followers.listed)}"
        share_of = f"{say.share(ties.known_share)} of {listed}"
    reciprocity, low, high = ties.reciprocity, ties.reciprocity_low, ties.reciprocity_high
    answered = None
    if reciprocity is not None and low is not None and high is not None and ties.heard_from is not None:
        answered = (reciprocity, low, high, ties.heard_from)
    return say.ties_sentence(name, ties.count, whom, share_of, f"in the last {ties.window_days:g} days", answered)


def notes(view: AccountView, report: Document) -> list[str]:
    """What was not seen, and how to read the numbers.

    Args:
        view: the account's columns; report: as in `findings`.
    """
    found, audience, funnel = report.followers.follower_list, report.audience, report.funnel
    lines = [report.followers.explanation, _as_of_note(report.account)]
    if view.posts_inferred:
        lines.append(
            "The account's own posts were not collected. Only posts with a response are counted, "
            "so the figures per post are too high."
        )
    if view.posts_before and view.window_days is not None:
        lines.append(
            f"{say.count(view.posts_before)} older posts are outside the window of {view.window_days:g} days "
            "(--window all includes them)."
        )
    if view.undated_posts:
        lines.append(f"{say.count(view.undated_posts)} posts have no time and are not included in the window.")
    if audience.non_followers:
        lines.append(
            f"{say.number_of(audience.non_followers, 'person', 'people')} who responded "
            f"{_do_not_follow(audience, found)} They are counted separately, not in the headcount."
        )
    lines += [text for topic, text in view.remarks if topic != "followers"]
    lines += [part.sentence for part in report.lists if part.list != "followers" and part.state != "complete"]
    if view.private_responses:
        lines.append(
            f"{say.number_of(view.private_responses, 'response')} addressed to followers or to the account alone "
            "are not public and not counted."
        )
    if funnel.too_little is None and funnel.classes and funnel.classes.unknown and funnel.sample is None:
        lines.append(
            f"{found.counted(funnel.classes.unknown)} {say.are(funnel.classes.unknown)} unknown, not fake: nothing "
            "observed shows whether they read, are away or are automated."
        )
    lines.append(
        "The number of people who would ever respond cannot be estimated: those who never respond leave no data. "
        "The headcount is a prediction that can be checked."
    )
    return lines


def _do_not_follow(audience: Audience, followers: FollowerList) -> str:
    """Of people outside the list, only a complete list shows that they do not follow."""
    one = audience.non_followers == 1
    if followers.is_complete:
        return f"{'does' if one else 'do'} not follow (or no longer)."
    return f"{'is' if one else 'are'} not in the list of followers; whether they follow is unknown."


def _as_of_note(account: AccountPart) -> str:
    day = say.day(account.as_of)
    return {
        "observed": f"Observed until {day}.",
        "given": f"As of {day}, the requested date.",
        "last event": f"The data have no observation time; {day}, the newest event, is used as the end.",
        "imported": f"The data have no times; {day}, the day of the import, is used as the end.",
    }[account.as_of_basis]
