"""How completely a list was read, in words.

Every sentence is made from the typed facts of `headcount.incoming.ListCoverage`; none is read back.
"""

from __future__ import annotations

from headcount import wording as say
from headcount.incoming import ListCoverage, ListName, Reason
from headcount.measures.follower_list import FollowerList

__all__ = ["follower_list_sentence", "list_sentence", "reason_phrase", "unknown_responses_sentence"]

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
    "broke_off": "the server stopped returning pages",
    "no_next_page": "the server returned no next page",
    "repeated_page": "the server returned the same pages again",
    "empty_pages": "the server returned only empty pages",
    "shorter_than_counter": "the list is shorter than the counter",
    "longer_than_counter": "the server returned far more entries than its counter, so reading was stopped",
    "maximum_length": "reading stopped at the maximum length for lists without a counter",
    "other_address": "the server linked to another host, which was not requested",
    "platform_maximum": "the platform returns only the newest entries",
    "entries_without_id": "some entries contain no account",
    "other_server": "{it_was} read from a server other than the account's own, which has only part of it",
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
    "read_later": "{it_was} first read after the report date: entries removed before or without a time are missing",
}
_IT, _THEM = {"it": "it", "it_was": "it was"}, {"it": "them", "it_was": "they were"}
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


def follower_list_sentence(found: FollowerList) -> str:
    """How completely the list of followers was read, in one sentence."""
    return list_sentence(ListCoverage("", "followers", found.state, found.reason, found.listed, found.claimed))


def unknown_responses_sentence(entry: ListCoverage) -> str:
    """Why it is unknown who responds, where no response was found and none could have been."""
    is_posts = entry.list == "posts"
    what = "The posts are" if is_posts else "Responders are"
    how = f" {_HOW[entry.reason].format(**(_THEM if is_posts else _IT))}" if entry.reason in _HOW else ""
    return f"{what} unknown: {reason_phrase(entry, many=is_posts)}.{how}"
