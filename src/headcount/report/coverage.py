"""How completely the lists behind a report were read: the parts of the report, and their sentences.

Every sentence is made from the typed facts of `headcount.incoming.ListCoverage`; none is read back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from headcount.follower_list import FollowerList, follower_list, followers_coverage
from headcount.incoming import LISTS, RESPONSE_LISTS, ListCoverage, ListName, Reason
from headcount.report import wording as say
from headcount.report.model import AccountPart, FollowersPart, ListPart
from headcount.tables import INTERACTION_KINDS

if TYPE_CHECKING:
    from headcount.reading import AccountView

__all__ = [
    "account_sentence",
    "counted_list",
    "follower_list_sentence",
    "followers_part",
    "list_parts",
    "list_sentence",
    "response_kinds_sentence",
    "unknown_responses_sentence",
]

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
    "longer_than_counter": "the server went on far beyond its counter, so reading was ended",
    "maximum_length": "reading was ended at the maximum length of a list without a counter",
    "other_address": "the server pointed to another address, which was not requested",
    "platform_maximum": "the platform shows only the newest",
    "entries_without_id": "some entries name no account",
    "other_server": "{it_was} read from another server than the account's own, which knows only a part",
    "login_required": "the server shows {it} only with a login",
    "not_supported": "the server does not offer {it}",
    "server_error": "the server failed to show {it}",
    "hidden_by_account": "the account hides {it}",
    "removed_or_private": "the others were deleted, suspended, or are private",
    "parts_missing": "parts of the archive are missing",
    "not_collected": "{it_was} not collected",
    "own_activity_only": "only files with the account's own activity were imported",
    "account_suspended": "the account is suspended",
    "account_deleted": "the account was deleted",
    "account_moved": "the account has moved",
    "account_protected": "the account shows {it} to approved followers only",
    "read_later": "{it_was} first read after the date of this report: what was gone by then or has no time is missing",
}
_IT, _THEM = {"it": "it", "it_was": "it was"}, {"it": "them", "it_was": "they were"}
_KINDS: dict[ListName, tuple[str, ...]] = {
    "replies": ("reply", "mention"),
    "likes": ("like",),
    "reposts": ("repost",),
    "quotes": ("quote",),
}
"""The interactions that each list of responses holds."""

_STATUSES = {
    "deleted": "{} was deleted: the figures rest on what was collected before.",
    "suspended": "{} is suspended: the figures rest on what was collected before, or is still shown.",
    "hidden": "{} is hidden by its platform: the figures rest on what was collected before, or is still shown.",
    "moved": "{} has moved to another account: the figures are those of the old one, as far as it still shows them.",
    "protected": "{} is protected: what only approved followers may read is missing without a login.",
}
_HOW: dict[Reason, str] = {
    "login_required": "A login may show {it}: headcount login.",
    "own_activity_only": "Collect the account to see {it}: headcount add HANDLE",
    "not_collected": "Collect the account to see {it}: headcount add HANDLE",
}


def reason_phrase(entry: ListCoverage, *, many: bool = False) -> str:
    """Why a list is not complete, as part of a sentence; the server's own words in brackets.

    Args:
        entry: the list; many: its entries are the subject of the sentence ("the likes"), not the list.
    """
    words = _THEM if many else _IT
    phrase = _REASONS[entry.reason].format(**words) if entry.reason is not None else "the reason is unknown"
    return f"{phrase} ({say.name(entry.detail)})" if entry.detail else phrase


def list_sentence(entry: ListCoverage) -> str:
    """How completely one list was read, in one sentence."""
    name, (one, many) = _NAMES[entry.list], _ENTRIES[entry.list]
    counter = f" of {say.count(entry.claimed)}" if entry.claimed is not None and entry.claimed != entry.listed else ""
    listed = entry.listed or 0
    noun = one if (entry.claimed or listed) == 1 else many
    read = f"{say.count(listed)}{counter} {noun} {say.are(listed)} listed"
    if not listed and not entry.is_complete:
        read = f"none{counter} {noun} is listed" if counter else f"no {one} is listed"
    if entry.state == "complete":
        gap = f"; {_REASONS['removed_or_private']}" if entry.claimed is not None and listed < entry.claimed else ""
        return f"The {name} is complete: {read}{gap}." if entry.listed is not None else f"The {name} is complete."
    if entry.state == "partial":
        start = f"The {name} is partial: {read}" if entry.listed is not None else f"The {name} is partial"
        return f"{start}; {reason_phrase(entry)}."
    if entry.state == "sampled":
        return f"The {name} is a sample: {read}." if entry.listed is not None else f"The {name} is a sample."
    if entry.state == "unknown" and listed:
        why = f" ({reason_phrase(entry)})" if entry.reason is not None else ""
        return f"{read[0].upper()}{read[1:]}; whether these are all is unknown{why}."
    if listed:  # an earlier collection read what the latest one was not shown
        return f"The {name} is partial: {read}; at the latest collection, {reason_phrase(entry)}."
    claims = f" (the counter shows {say.count(entry.claimed)})" if entry.claimed else ""
    how = f" {_HOW[entry.reason].format(**_IT)}" if entry.reason in _HOW else ""
    return f"The {name} is unknown{claims}: {reason_phrase(entry)}.{how}"


def counted_list(view: AccountView, listed: int | None) -> FollowerList:
    """The list of followers that a report counts.

    Args:
        view: the account's columns; listed: standing followers in the list, None where there is no list.
    """
    return follower_list(_followers(view, listed))


def _followers(view: AccountView, listed: int | None) -> ListCoverage:
    sampled = view.followers is not None and bool((view.followers.sampled == 1).all())
    facts = view.facts
    recorded = view.lists.get("followers")
    return followers_coverage(facts.account_id, recorded, listed=listed, claimed=facts.claimed, all_sampled=sampled)


def follower_list_sentence(found: FollowerList) -> str:
    """How completely the list of followers was read, in one sentence."""
    return list_sentence(ListCoverage("", "followers", found.state, found.reason, found.listed, found.claimed))


def account_sentence(name: str, account: AccountPart) -> str | None:
    """What has happened to the account itself; None where it is there as usual, or where that is unknown."""
    text = _STATUSES.get(account.status or "")
    return text.format(name) if text is not None else None


def list_parts(view: AccountView, listed: int | None) -> list[ListPart]:
    """The list of followers, and every other list of which the coverage is recorded, in a fixed order.

    Args:
        view: the account's columns; listed: standing followers in the list, None where there is no list.
    """
    recorded = {**view.lists, "followers": _followers(view, listed)}
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


def unknown_responses_sentence(entry: ListCoverage) -> str:
    """Why it is unknown who responds, where no response was found and none could have been."""
    is_posts = entry.list == "posts"
    what = "The posts are" if is_posts else "Who responds is"
    how = f" {_HOW[entry.reason].format(**(_THEM if is_posts else _IT))}" if entry.reason in _HOW else ""
    return f"{what} unknown: {reason_phrase(entry, many=is_posts)}.{how}"


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
    entry = _followers(view, listed)
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
            "Responders are counted, whether they follow or not."
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
        return f"{say.number_of(listed, 'follower')} {say.are(listed)} listed; the list was read to its end{left}."
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
