"""The findings of a report in sentences: most important first, each with its interval or sample size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount.follower_list import COMPLETE
from headcount.report import wording as say
from headcount.report.coverage import account_sentence
from headcount.report.model import (
    ANONYMOUS,
    AccountPart,
    ArrivalPart,
    AuthenticityPart,
    Beside,
    FollowersPart,
    FunnelPart,
    ListPart,
    RingsPart,
    TiesPart,
)

if TYPE_CHECKING:
    from headcount.follower_list import FollowerList
    from headcount.measures.audience import Audience
    from headcount.measures.question import Question
    from headcount.reading import AccountView

__all__ = ["findings", "notes", "question_sentence"]


def findings(
    *,
    account: AccountPart,
    followers: FollowersPart,
    lists: list[ListPart],
    audience: Audience,
    question: Question,
    funnel: FunnelPart,
    authenticity: AuthenticityPart,
    rings: RingsPart,
    ties: TiesPart,
    arrival: ArrivalPart,
    beside: list[Beside],
    kinds: str | None = None,
) -> list[str]:
    """The answer in sentences.

    Args:
        account, followers, lists, audience, question, funnel, authenticity, rings, ties, arrival, beside: parts of
            the report.
        kinds: which kinds of responses are unknown, in a sentence; None where all are known.
    """
    name = _at(account)
    found = followers.follower_list
    lines = [_headcount(name, found, audience, account)]
    if kinds is not None:
        lines[0] += f" {kinds}"
    lines += [account_sentence(name, account) or ""]
    lines += [_comparison(name, found, audience, other) for other in beside]
    if funnel.too_little is None:
        lines.append(_funnel(funnel, found))
        if authenticity.real_low is not None:
            lines.append(authenticity.sentence)
    if rings.circuits and rings.sentence is not None:
        lines.append(rings.sentence)
    lines += [line for line in (question_sentence(question), _ties(name, ties, found)) if line not in lines[0]]
    return [line for line in lines if line]


def _at(account: AccountPart) -> str:
    if account.handle:
        return f"@{say.name(account.handle)}"
    return "This account" if account.account_id == ANONYMOUS else say.name(account.account_id)


def _headcount(name: str, followers: FollowerList, audience: Audience, account: AccountPart) -> str:
    start = f"As of {say.day(account.as_of)}, {followers.has('this account' if name == 'This account' else name)}"
    if audience.headcount is None or audience.low is None or audience.high is None or audience.observed is None:
        return f"{start}. There is no headcount. {audience.too_little}"
    who = "people"
    if followers.listed is not None:
        who = "of them" if followers.is_complete else f"of {followers.all_of(followers.listed)}"
    people = followers.noun() if followers.listed is not None else "people"
    posts = say.number_of(audience.posts, "post")
    headcount = say.estimate(audience.headcount, audience.low, audience.high, prefix="95% interval ")
    meaning = f"the number of distinct {people} expected to have responded after the next {posts}"
    if audience.exact is not None:
        meaning = "all followers on the list have responded, so no further follower can"
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
        why = f"the list of followers of {whose} is not complete"
        return f"{name} ({mine}) and {theirs} ({yours}) cannot be compared by headcount: {why}{sizes}."
    if audience.low > other.high:
        return f"{name} has a larger headcount ({mine}) than {theirs} ({yours}){sizes}."
    if audience.high < other.low:
        return f"{name} has a smaller headcount ({mine}) than {theirs} ({yours}){sizes}."
    return f"{name} ({mine}) and {theirs} ({yours}) cannot be told apart by headcount{sizes}."


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
        parts.append(f"none of those looked at {either}{within}")
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
    text = f"{say.number_of(sample.drawn, 'follower')} drawn from {of} {_were(sample.drawn)} looked at"
    text += f", {say.count(responders)} of them responders" if responders else ""
    if sample.silent and sample.unknown.followers > sample.silent / 2:
        text += (
            "; of most of the silent ones neither a date of last activity nor posts were seen, so they are unknown, "
            "not fake"
        )
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
    found = question.follower_list or COMPLETE
    known = question.followers is not None
    mean = f"{pooled.responders_24h_mean:.1f}".removesuffix(".0")
    number = 1 if mean == "1" else 2
    who = found.noun(number) if known else "person" if number == 1 else "people"
    of = found.all_of(question.followers) if question.followers is not None and not found.is_complete else "followers"
    tests = "One question" if pooled.complete == 1 else f"{say.count(pooled.complete)} questions"
    if pooled.complete == 1:
        text = f"One question was asked: {mean} {who} answered within 24 hours"
    else:
        text = f"{tests} were asked: {mean} {who} on average answered within 24 hours"
        if not pooled.responders_24h_mean:
            text = f"{tests} were asked: nobody answered within 24 hours"
        if pooled.responders_24h_low is not None and pooled.responders_24h_high is not None:
            low, high = say.decimal(pooled.responders_24h_low), say.decimal(pooled.responders_24h_high)
            text += f" ({low} to {high})"
    if not pooled.responders_24h_mean and pooled.share_high is not None and pooled.complete > 1:
        return f"{text}, at most {say.share(pooled.share_high)} of {of}."
    if pooled.share_24h is not None and pooled.share_low is not None and pooled.share_high is not None:
        text += f", {say.share(pooled.share_24h)} of {of} ({say.share_interval(pooled.share_low, pooled.share_high)})"
    return text + "."


def _ties(name: str, ties: TiesPart, followers: FollowerList) -> str:
    if ties.count is None or ties.too_little is not None:
        return ties.too_little or ""
    whom = followers.noun(ties.count) if followers.listed is not None else "person" if ties.count == 1 else "people"
    text = f"{name} has a two-way tie with {say.count(ties.count)} {whom}"
    if ties.known_share is not None and followers.listed is not None:
        listed = say.count(followers.listed) if followers.is_complete else f"the {say.count(followers.listed)}"
        text += f" ({say.share(ties.known_share)} of {listed}, counted)"
    text += f" in the last {ties.window_days:g} days"
    low, high = ties.reciprocity_low, ties.reciprocity_high
    if ties.reciprocity is not None and low is not None and high is not None and ties.heard_from is not None:
        text += (
            f", and wrote back to {say.share(ties.reciprocity)} "
            f"({say.share_interval(low, high)}) of the {say.count(ties.heard_from)} who wrote"
        )
    return text + "."


def notes(
    view: AccountView,
    *,
    account: AccountPart,
    followers: FollowersPart,
    lists: list[ListPart],
    audience: Audience,
    question: Question,
    funnel: FunnelPart,
    authenticity: AuthenticityPart,
    rings: RingsPart,
    ties: TiesPart,
    arrival: ArrivalPart,
    beside: list[Beside],
) -> list[str]:
    """What was not seen, and how to read the numbers."""
    found = followers.follower_list
    lines = [followers.explanation, _as_of_note(account)]
    if view.posts_inferred:
        lines.append(
            "The account's own posts are not at hand: the posts counted are those that somebody responded to, "
            "so posts without a response are missing and the numbers a post are too high."
        )
    if view.posts_before and view.window_days is not None:
        lines.append(
            f"{say.count(view.posts_before)} older posts lie before the window of {view.window_days:g} days "
            "(--window all takes them in)."
        )
    if view.undated_posts:
        lines.append(f"{say.count(view.undated_posts)} posts have no time and are left out of the window.")
    if audience.non_followers:
        lines.append(
            f"{say.number_of(audience.non_followers, 'person', 'people')} who responded "
            f"{_do_not_follow(audience, found)} They are counted apart, never in the headcount."
        )
    lines += [text for topic, text in view.remarks if topic != "followers"]
    lines += [part.sentence for part in lists if part.list != "followers" and part.state != "complete"]
    if view.private_responses:
        lines.append(
            f"{say.number_of(view.private_responses, 'response')} addressed to followers or to the account alone "
            "are not counted, since they are not public."
        )
    if funnel.too_little is None and funnel.classes and funnel.classes.unknown and funnel.sample is None:
        lines.append(
            f"{found.counted(funnel.classes.unknown)} {say.are(funnel.classes.unknown)} unknown, not fake: nothing "
            "shows whether they read, are away or are automated."
        )
    lines.append(
        "How many people would ever respond cannot be known from responses: those who never respond leave no trace. "
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
        "given": f"Looked at as of {day}, the date that was asked for.",
        "last event": f"The data does not say when it was observed; {day}, its newest event, is taken as the end.",
        "imported": f"The data holds no times; {day}, the day of the import, is taken as the end.",
    }[account.as_of_basis]
