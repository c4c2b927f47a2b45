"""How completely the lists behind a report were read: the parts of the report, and their sentences.

Every sentence is made from the typed facts of `headcount.incoming.ListCoverage`; none is read back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headcount.incoming import LISTS, ListCoverage, ListName, Reason, State
from headcount.report import wording as say
from headcount.report.model import FollowersPart, ListPart

if TYPE_CHECKING:
    from headcount.reading import AccountView

__all__ = ["followers_part", "list_parts", "list_sentence", "unknown_responses_sentence"]

_NAMES: dict[ListName, str] = {
    "followers": "list of followers",
    "following": "list of accounts followed",
    "posts": "list of posts",
    "replies": "list of replies",
    "likes": "list of likes",
    "reposts": "list of reposts",
    "quotes": "list of quotes",
}
_ENTRIES: dict[ListName, tuple[str, str]] = {
    "followers": ("follower", "followers"),
    "following": ("account followed", "accounts followed"),
    "posts": ("post", "posts"),
    "replies": ("reply", "replies"),
    "likes": ("like", "likes"),
    "reposts": ("repost", "reposts"),
    "quotes": ("quote", "quotes"),
}
_REASONS: dict[Reason, str] = {
    "limit": "only the newest were requested (--limit)",
    "cost_limit": "the spending limit was reached",
    "broke_off": "the server stopped showing pages",
    "no_next_page": "the server gave no next page",
    "repeated_page": "the server repeated pages",
    "empty_pages": "the server returned only empty pages",
    "shorter_than_counter": "the list is shorter than the counter",
    "longer_than_counter": "the counter is lower than the list",
    "platform_maximum": "the platform shows only the newest",
    "entries_without_id": "some entries name no account",
    "other_server": "it was read from another server than the account's own, which knows only a part",
    "login_required": "the server shows it only with a login",
    "not_supported": "the server does not offer it",
    "server_error": "the server failed to show it",
    "hidden_by_account": "the account hides it",
    "removed_or_private": "the others were deleted, suspended, or are private",
    "parts_missing": "parts of the archive are missing",
    "not_collected": "it was not collected",
    "own_activity_only": "only files with the account's own activity were imported",
    "account_suspended": "the account is suspended",
    "account_deleted": "the account was deleted",
    "account_moved": "the account has moved",
    "account_protected": "the account shows it to approved followers only",
    "read_later": "it was first read after the date of this report, so what was gone by then or has no time is missing",
}
_HOW: dict[Reason, str] = {
    "login_required": "A login may show it: headcount login.",
    "own_activity_only": "Collect the account to see it: headcount add HANDLE",
    "not_collected": "Collect the account to see it: headcount add HANDLE",
}


def reason_phrase(entry: ListCoverage) -> str:
    """Why a list is not complete, as part of a sentence; the server's own words in brackets."""
    phrase = _REASONS[entry.reason] if entry.reason is not None else "the reason is unknown"
    return f"{phrase} ({say.name(entry.detail)})" if entry.detail else phrase


def list_sentence(entry: ListCoverage) -> str:
    """How completely one list was read, in one sentence."""
    name, (one, many) = _NAMES[entry.list], _ENTRIES[entry.list]
    counter = f" of {say.count(entry.claimed)}" if entry.claimed is not None and entry.claimed != entry.listed else ""
    listed = entry.listed or 0
    read = f"{say.count(listed)}{counter} {one if (entry.claimed or listed) == 1 else many} {say.are(listed)} listed"
    if entry.state == "complete":
        gap = f"; {_REASONS['removed_or_private']}" if entry.claimed is not None and listed < entry.claimed else ""
        return f"The {name} is complete: {read}{gap}." if entry.listed is not None else f"The {name} is complete."
    if entry.state == "partial":
        start = f"The {name} is partial: {read}" if entry.listed is not None else f"The {name} is partial"
        return f"{start}; {reason_phrase(entry)}."
    if entry.state == "sampled":
        return f"The {name} is a sample: {read}." if entry.listed is not None else f"The {name} is a sample."
    claims = f" (the counter shows {say.count(entry.claimed)})" if entry.claimed else ""
    how = f" {_HOW[entry.reason]}" if entry.reason in _HOW else ""
    return f"The {name} is unknown{claims}: {reason_phrase(entry)}.{how}"


def list_parts(view: AccountView) -> list[ListPart]:
    """Every list of which the coverage is recorded, in a fixed order."""
    entries = [view.lists[name] for name in LISTS if name in view.lists]
    return [
        ListPart(
            list=entry.list,
            state=entry.state,
            reason=entry.reason,
            listed=entry.listed,
            claimed=entry.claimed,
            observed_at=entry.observed_at,
            sentence=list_sentence(entry),
        )
        for entry in entries
    ]


def unknown_responses_sentence(entry: ListCoverage) -> str:
    """Why it is unknown who responds, where no response was found and none could have been."""
    what = "The posts are" if entry.list == "posts" else "Who responds is"
    how = f" {_HOW[entry.reason]}" if entry.reason in _HOW else ""
    return f"{what} unknown: {reason_phrase(entry)}.{how}"


def followers_part(view: AccountView, listed: int | None) -> FollowersPart:
    """The follower count, explained.

    Args:
        view: the account's columns; listed: standing followers in the list, None where there is no list.
    """
    entry = _followers_coverage(view, listed)
    gone = len(view.followers) - listed if view.followers is not None and listed is not None else None
    missed = int(np.isfinite(view.followers.gone_at).sum()) if view.followers is not None else 0
    return FollowersPart(
        claimed=entry.claimed,
        listed=listed,
        gone=gone,
        new=view.new,
        state=entry.state,
        reason=entry.reason,
        partial=None if entry.state == "unknown" and listed is not None else entry.state != "complete",
        explanation=" ".join(
            [_explanation(entry, gone, missed), *(text for topic, text in view.remarks if topic == "followers")]
        ),
    )


def _followers_coverage(view: AccountView, listed: int | None) -> ListCoverage:
    """The recorded coverage of the follower list; without a record the counter decides."""
    claimed = view.facts.claimed
    recorded = view.lists.get("followers")
    state: State = "unknown"
    reason: Reason | None = None
    if recorded is not None:
        state, reason = recorded.state, recorded.reason
    elif listed is None:
        reason = "not_collected"
    elif claimed is not None:
        state = "complete" if listed >= claimed else "partial"
        reason = None if listed >= claimed else "shorter_than_counter"
    if view.followers is not None and listed and state != "complete" and (view.followers.sampled == 1).all():
        state, reason = "sampled", None
    detail = recorded.detail if recorded is not None else None
    return ListCoverage(view.facts.account_id, "followers", state, reason, listed, claimed, detail)


def _explanation(entry: ListCoverage, gone: int | None, missed: int) -> str:
    """Why the counter and the list differ, in one sentence."""
    listed, claimed = entry.listed, entry.claimed
    if listed is None:
        counter = f"the counter shows {say.count(claimed)}" if claimed else "the counter is unknown"
        return (
            f"The list of followers is unknown ({counter}): {reason_phrase(entry)}. "
            "Responders are counted, whether they follow or not."
        )
    left = f"; {_gone(gone, missed)}" if gone else ""
    if entry.state in ("refused", "hidden", "unknown") and entry.reason is not None:
        return (
            f"{say.number_of(listed, 'follower')} {say.are(listed)} known from other collections or files; in the "
            f"latest collection the list was unknown: {reason_phrase(entry)}{left}."
        )
    if entry.state in ("partial", "sampled"):
        whole = f" of {say.count(claimed)}" if claimed is not None and claimed > listed else ""
        what = "The list of followers is partial" if entry.state == "partial" else "The list of followers is a sample"
        why = f", because {reason_phrase(entry)}" if entry.state == "partial" and entry.reason is not None else ""
        return f"{what}: {say.count(listed)}{whole} {say.are(listed)} listed{why}{left}."
    if claimed is None:
        end = "and the list was read to its end" if entry.state == "complete" else "the platform's counter is unknown"
        return f"{say.number_of(listed, 'follower')} {say.are(listed)} listed; {end}{left}."
    if listed == claimed:
        return f"All {say.count(claimed)} followers that the counter claims are listed{left}."
    if listed < claimed:
        missing = claimed - listed
        return (
            f"{say.number_of(listed, 'follower')} {say.are(listed)} listed and the list was read to its end; the "
            f"counter shows {say.count(claimed)}: {say.count(missing)} of those {say.are(missing)} not shown by the "
            f"platform or no longer there (deleted, suspended, hidden or blocking){left}."
        )
    return f"{say.count(listed)} are listed, more than the {say.count(claimed)} that the counter claims{left}."


def _gone(gone: int, missed: int) -> str:
    """Followers that do not stand: those who left between two complete lists, and those removed when listed."""
    removed = gone - missed
    parts = []
    if missed:
        parts.append(f"{say.count(missed)} who {'was' if missed == 1 else 'were'} listed before {say.are(missed)} gone")
    if removed:
        parts.append(f"{say.count(removed)} more in the list {say.are(removed)} deleted or suspended")
    return " and ".join(parts)
