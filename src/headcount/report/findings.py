"""The findings of a report in sentences: most important first, each with its interval or sample size."""

from __future__ import annotations

from typing import TYPE_CHECKING

from headcount.report import wording as say
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
) -> list[str]:
    """The answer in sentences.

    Args:
        account, followers, lists, audience, question, funnel, authenticity, rings, ties, arrival, beside: parts of
            the report.
    """
    name = _at(account)
    lines = [_headcount(name, followers, audience, account)]
    lines += [_comparison(name, followers, audience, other) for other in beside]
    if funnel.too_little is None:
        lines.append(_funnel(funnel))
        if authenticity.real_low is not None:
            lines.append(authenticity.sentence)
    if rings.circuits and rings.sentence is not None:
        lines.append(rings.sentence)
    lines += [line for line in (question_sentence(question), _ties(name, ties, followers)) if line not in lines[0]]
    return [line for line in lines if line]


def _at(account: AccountPart) -> str:
    if account.handle:
        return f"@{say.name(account.handle)}"
    return "This account" if account.account_id == ANONYMOUS else say.name(account.account_id)


def _headcount(name: str, followers: FollowersPart, audience: Audience, account: AccountPart) -> str:
    asof = f"As of {say.day(account.as_of)}, "
    if followers.listed is not None:
        whose = "this account" if name == "This account" else name
        start = f"{asof}{_has_followers(whose, followers)}"
        who = "of them"
    else:
        start = f"{asof}who follows {'this account' if name == 'This account' else name} is unknown"
        who = "people"
    if audience.headcount is None or audience.low is None or audience.high is None or audience.observed is None:
        return f"{start}. There is no headcount. {audience.too_little}"
    meaning = "so many will have responded once as much again is posted"
    if audience.exact is not None:
        meaning = "all followers on the list have responded, so no further follower can"
    return (
        f"{start}; the headcount is {say.estimate(audience.headcount, audience.low, audience.high)}: {meaning}. "
        f"{say.count(audience.observed)} {who} responded to the {say.count(audience.posts)} posts{_span(account)}."
    )


def _has_followers(whose: str, followers: FollowersPart) -> str:
    """The follower count as far as the list was read: a partial list is never said to be all there are."""
    listed = followers.listed or 0
    if not followers.partial:
        return f"{whose} has {say.number_of(listed, 'follower')}"
    of = f" of {say.count(followers.claimed)}" if followers.claimed is not None and followers.claimed > listed else ""
    kind = "sample" if followers.state == "sampled" else "partial list"
    noun = "follower" if (followers.claimed or listed) == 1 else "followers"
    return f"{say.count(listed)}{of} {noun} of {whose} {say.are(listed)} listed ({kind})"


def _span(account: AccountPart) -> str:
    """From the first post of the window to its end, in days that were really seen: " from 2 to 23 November"."""
    if account.first_post_at is None:
        return " so far"
    first, last = say.day(account.first_post_at), say.day(account.as_of)
    return f", all on {first}" if first == last else f" from {first} to {last}"


def _comparison(name: str, followers: FollowersPart, audience: Audience, other: Beside) -> str:
    theirs = f"@{say.name(other.handle)}" if other.handle else say.name(other.account_id)
    if audience.headcount is None or other.headcount is None or audience.low is None or other.low is None:
        return f"{name} and {theirs} cannot be compared: one of them has too little data for a headcount."
    if audience.high is None or other.high is None:
        return ""
    mine = _with_interval(audience.headcount, audience.low, audience.high)
    yours = _with_interval(other.headcount, other.low, other.high)
    sizes = ""
    if followers.listed is not None and other.followers is not None:
        sizes = f" ({say.count(followers.listed)} followers against {say.count(other.followers)})"
    if audience.low > other.high:
        return f"{name} has a larger headcount ({mine}) than {theirs} ({yours}){sizes}."
    if audience.high < other.low:
        return f"{name} has a smaller headcount ({mine}) than {theirs} ({yours}){sizes}."
    return f"{name} ({mine}) and {theirs} ({yours}) cannot be told apart by headcount{sizes}."


def _with_interval(headcount: float, low: float, high: float) -> str:
    """A headcount for brackets: "48, 41 to 57"; without the interval where it has no width."""
    return say.count(headcount) if low == high else f"{say.count(headcount)}, {say.interval(low, high)}"


def _funnel(funnel: FunnelPart) -> str:
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
    text = f"Of {say.number_of(funnel.followers - gone, 'follower')}, {say.listing(parts)}"
    text += f"; {left}" if left else ""
    return f"{text}. {_sampled(funnel)}" if funnel.sample is not None else f"{text}."


def _none_seen(funnel: FunnelPart) -> list[str]:
    """The classes that nobody of a sample is of, though others may be."""
    found = ((key, getattr(funnel.sample, key, None)) for key in say.CLASS_NAMES)
    return [key for key, size in found if size is not None and round(size.followers) == 0 and round(size.high) > 0]


def _sampled(funnel: FunnelPart) -> str:
    """What was looked at, and why many of them are unknown."""
    sample = funnel.sample
    if sample is None:
        return ""
    responders = sample.drawn - sample.silent_drawn
    text = f"{say.number_of(sample.drawn, 'follower')} drawn from the whole list {_were(sample.drawn)} looked at"
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
    who = "followers" if question.followers is not None else "people"
    mean = f"{pooled.responders_24h_mean:.1f}".removesuffix(".0")
    who = who if mean != "1" else {"followers": "follower", "people": "person"}[who]
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
        return f"{text}, at most {say.share(pooled.share_high)} of followers."
    if pooled.share_24h is not None and pooled.share_low is not None and pooled.share_high is not None:
        text += (
            f", {say.share(pooled.share_24h)} of followers ({say.share_interval(pooled.share_low, pooled.share_high)})"
        )
    return text + "."


def _ties(name: str, ties: TiesPart, followers: FollowersPart) -> str:
    if ties.count is None or ties.too_little is not None:
        return ties.too_little or ""
    whom = "followers" if followers.listed is not None else "people"
    text = f"{name} has a two-way tie with {say.count(ties.count)} {whom}"
    if ties.known_share is not None and followers.listed is not None:
        text += f" ({say.share(ties.known_share)} of {say.count(followers.listed)}, counted)"
    text += f" in the last {ties.window_days:g} days"
    if ties.reciprocity is not None and ties.reciprocity_low is not None and ties.reciprocity_high is not None:
        text += (
            f", and wrote back to {say.share(ties.reciprocity)} "
            f"({say.share_interval(ties.reciprocity_low, ties.reciprocity_high)}) of the "
            f"{say.count(ties.heard_from)} who wrote"
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
            f"{say.count(audience.non_followers)} people who responded do not follow (or no longer); "
            "they are counted apart, never in the headcount."
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
            f"Of {say.count(funnel.classes.unknown)} followers nothing tells whether they read, are away or are "
            "automated. They are unknown, not fake."
        )
    lines.append(
        "How many people would ever respond cannot be known from responses: those who never respond leave no trace. "
        "The headcount is a prediction that can be checked."
    )
    return lines


def _as_of_note(account: AccountPart) -> str:
    day = say.day(account.as_of)
    return {
        "observed": f"Observed until {day}.",
        "given": f"Looked at as of {day}, the date that was asked for.",
        "last event": f"The data does not say when it was observed; {day}, its newest event, is taken as the end.",
        "imported": f"The data holds no times; {day}, the day of the import, is taken as the end.",
    }[account.as_of_basis]
