"""How completely the lists behind a report were read: the parts of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headcount import wording as say
from headcount.incoming import LISTS, RESPONSE_LISTS, ListCoverage, ListName
from headcount.measures.follower_list import follower_list
from headcount.measures.list_sentences import list_sentence, reason_phrase
from headcount.report.model import AccountPart, FollowersPart, ListPart
from headcount.tables import INTERACTION_KINDS

if TYPE_CHECKING:
    from headcount.store.read.view import AccountView

__all__ = [
    "account_sentence",
    "followers_part",
    "list_parts",
    "response_kinds_sentence",
]

_KINDS: dict[ListName, tuple[str, ...]] = {
    "replies": ("reply", "mention"),
    "likes": ("like",),
    "reposts": ("repost",),
    "quotes": ("quote",),
}
"""The interactions that each list of responses holds."""

_STATUSES = {
    "deleted": "{} was deleted: the figures are based on data collected earlier.",
    "suspended": "{} is suspended: the figures are based on data collected earlier or still visible.",
    "hidden": "{} is hidden by its platform: the figures are based on data collected earlier or still visible.",
    "moved": "{} has moved to another account: the figures are of the old account, as far as they are still visible.",
    "protected": "{} is protected: content for approved followers is missing without a login.",
}


def account_sentence(name: str, account: AccountPart) -> str | None:
    """What has happened to the account itself; None where it is there as usual, or where that is unknown."""
    text = _STATUSES.get(account.status or "")
    return text.format(name) if text is not None else None


def list_parts(view: AccountView, listed: int | None) -> list[ListPart]:
    """The list of followers, and every other list of which the coverage is recorded, in a fixed order.

    Args:
        view: the account's columns; listed: standing followers in the list, None where there is no list.
    """
    recorded = {**view.lists, "followers": view.follower_coverage(listed)}
    entries = [recorded[name] for name in LISTS if name in recorded]
    return [
        ListPart(
            list=entry.list,
            state=entry.state,
            reason=entry.reason,
            listed=entry.listed,
            claimed=entry.claimed,
            observed_at=entry.observed_at,
            sentence=list_sentence(entry),
            why=reason_phrase(entry) if entry.reason is not None else None,
        )
        for entry in entries
    ]


def response_kinds_sentence(view: AccountView) -> str | None:
    """Which kinds of responses are unknown or incomplete, and why; None where all were read, or none at all.

    A headcount without likes is another number than one with them.
    """
    if view.responses_unknown is not None:
        return None
    at_hand = {INTERACTION_KINDS[code] for code in np.unique(view.responses.kind) if code >= 0}
    groups: dict[tuple[str, str], list[str]] = {}
    for name in RESPONSE_LISTS:
        entry = view.lists.get(name)
        if entry is None or entry.is_complete:
            continue
        is_unknown = entry.shows_nothing and at_hand.isdisjoint(_KINDS[name])
        groups.setdefault(("unknown" if is_unknown else "incomplete", reason_phrase(entry, many=True)), []).append(name)
    parts = [f"{say.listing(names)} are {state}: {why}" for (state, why), names in groups.items()]
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}." if text else None


def followers_part(view: AccountView, listed: int | None) -> FollowersPart:
    """The follower count, explained.

    Args:
        view: the account's columns; listed: standing followers in the list, None where there is no list.
    """
    entry = view.follower_coverage(listed)
    found = follower_list(entry)
    gone = len(view.followers) - listed if view.followers is not None and listed is not None else None
    missed = int(np.isfinite(view.followers.gone_at).sum()) if view.followers is not None else 0
    return FollowersPart(
        claimed=entry.claimed,
        listed=listed,
        gone=gone,
        new=view.new,
        state=entry.state,
        reason=entry.reason,
        partial=found.partial,
        explanation=" ".join(
            [_explanation(entry, gone, missed), *(text for topic, text in view.remarks if topic == "followers")]
        ),
    )


def _explanation(entry: ListCoverage, gone: int | None, missed: int) -> str:
    """Why the counter and the list differ, in one sentence."""
    listed, claimed = entry.listed, entry.claimed
    if listed is None:
        counter = f"the counter shows {say.count(claimed)}" if claimed else "the counter is unknown"
        return (
            f"The list of followers is unknown ({counter}): {reason_phrase(entry)}. "
            "Responders are counted whether or not they follow."
        )
    left = f"; {_gone(gone, missed)}" if gone else ""
    if listed and entry.state in ("refused", "hidden", "unknown") and entry.reason is not None:
        return (
            f"{say.number_of(listed, 'listed follower')} {say.are(listed)} known from other collections or files; in "
            f"the latest collection the list was unknown: {reason_phrase(entry)}{left}."
        )
    if entry.state in ("partial", "sampled"):
        whole = f" of {say.count(claimed)}" if claimed is not None and claimed > listed else ""
        what = "The list of followers is partial" if entry.state == "partial" else "The list of followers is a sample"
        why = f", because {reason_phrase(entry)}" if entry.state == "partial" and entry.reason is not None else ""
        return f"{what}: {say.count(listed) if listed else 'none'}{whole} {say.are(listed or 1)} listed{why}{left}."
    if entry.state == "unknown" and listed:
        return f"{say.number_of(listed, 'follower')} {say.are(listed)} listed; whether these are all is unknown{left}."
    if entry.state != "complete":
        return f"{list_sentence(entry)[:-1]}{left}."
    if claimed is None:
        return f"{say.number_of(listed, 'follower')} {say.are(listed)} listed; the list was read completely{left}."
    if listed == claimed:
        if claimed == 1:
            return f"The only follower of the counter is listed{left}."
        return f"All {say.count(claimed)} followers of the counter are listed{left}."
    if listed < claimed:
        missing = claimed - listed
        return (
            f"{say.number_of(listed, 'follower')} {say.are(listed)} listed and the list was read completely; the "
            f"counter shows {say.count(claimed)}: {say.count(missing)} of those {say.are(missing)} not shown by the "
            f"platform or no longer there (deleted, suspended, hidden or blocking){left}."
        )
    return f"{say.count(listed)} are listed, more than the {say.count(claimed)} of the counter{left}."


def _gone(gone: int, missed: int) -> str:
    """Followers that do not stand: those who left between two complete lists, and those removed when listed."""
    removed = gone - missed
    parts = []
    if missed:
        parts.append(f"{say.count(missed)} who {'was' if missed == 1 else 'were'} listed before {say.are(missed)} gone")
    if removed:
        parts.append(f"{say.count(removed)} more in the list {say.are(removed)} deleted or suspended")
    return " and ".join(parts)
