"""Explains why Bluesky lists fewer followers than its counter claims, with the help of an index of backlinks.

An index of backlinks knows all records of the network that point at an account; Constellation of microcosm
(https://constellation.microcosm.blue) is a public one, run by volunteers. It is asked which accounts hold a record of
following this one (`blue.microcosm.links.getBacklinks`). Those that Bluesky does not list are looked up at the
AppView: profiles in batches, relationships for blocks, and one by one those that have no profile, whose error says
what became of them.

The index begins at some day and never names accounts that were deactivated or suspended; it only counts their records
in `total`. So some of the difference is counted without names, and some stays unknown. No follow is made of any of
this: who is not listed is no follower that can be reached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec

from headcount.errors import PlatformUnavailable
from headcount.sources.bluesky.views import gone_status
from headcount.sources.collect.collection import Collection
from headcount.sources.collect.landing import Page
from headcount.sources.collect.listing import Listing
from headcount.sources.collect.pace import Limit
from headcount.sources.collect.sampling import uniform_sample
from headcount.sources.rows import objects

__all__ = ["INDEX", "INDEX_LIMIT", "Unlisted", "explain_unlisted", "unlisted_sentence"]

INDEX = "the backlink index"
"""The bucket that calls to the index count against."""
INDEX_LIMIT = Limit(10, 1.0)
_SOURCE = "app.bsky.graph.follow:subject"
_PAGE, _PROFILES, _RELATIONSHIPS = 100, 25, 30
_MAX_ONE_BY_ONE = 2_400
"""So many accounts without a profile are looked up one by one; of more, a uniform sample: plus or minus 2 points."""

Parameters = list[tuple[str, str | int]]
Ask = Callable[[str, str, Parameters], "Page | None"]


class Unlisted(msgspec.Struct, frozen=True):
    """What became of followers that the index knows and the list leaves out.

    Attributes:
        counts: by what became of them: deleted (or deactivated), suspended, blocking, blocked, ended (they follow no
            more), withheld (deactivated or suspended; the index does not name them).
        sampled: some of the counts were projected from a sample.
        begins: the day that the index begins (ISO 8601), where it says so.
    """

    counts: dict[str, int]
    sampled: bool = False
    begins: str | None = None


def explain_unlisted(collection: Collection, did: str, ask: Ask) -> None:
    """Ask the index who follows, look up whom the list leaves out, and keep the counts in the landing.

    Where the index does not answer, that is noted and nothing else happens.

    Args:
        collection: after its list of followers was read.
        did: the account.
        ask: asks the AppView (step, method, parameters); None where it does not answer.
    """
    if not collection.landing.is_complete("followers"):
        collection.note("The backlink index was not queried: it needs the complete follower list.")
        return
    try:
        found = _ask_index(collection, did)
    except PlatformUnavailable as error:
        found = None
        reason = error.message
    else:
        reason = "the response is incomplete"
    if found is None:
        collection.note(f"The backlink index is not available: {reason.rstrip('.')}.")
        return
    unlisted, withheld, begins = found
    counts, sampled = _look_up(unlisted, did, ask, collection)
    counts["withheld"] = withheld
    outcome = Unlisted({what: number for what, number in counts.items() if number}, sampled, begins)
    collection.landing.set_meta("unlisted", msgspec.json.encode(outcome).decode())


def unlisted_sentence(gap: int, text: str | None) -> str | None:
    """What became of the followers that the list leaves out.

    Args:
        gap: how many more the counter claims than the list shows.
        text: what the landing keeps of it; None where no index was asked.

    Returns:
        The sentence; None where nothing was found.
    """
    found = msgspec.json.decode(text, type=Unlisted) if text else Unlisted({})
    names = {
        "deleted": "deleted or deactivated",
        "suspended": "suspended",
        "withheld": "deactivated or suspended",
        "blocking": "blocking the account",
        "blocked": "blocked by it",
    }
    parts = [f"{found.counts[what]:,} {name}" for what, name in names.items() if found.counts.get(what)]
    known = sum(number for what, number in found.counts.items() if what in names)
    if not parts:
        return None
    since = f"begins {found.begins}" if found.begins else "is incomplete"
    about = " (numbers from a sample)" if found.sampled else ""
    if known > gap:
        return (
            f"The list leaves out {known:,} followers that the backlink index contains{about}: {', '.join(parts)}; "
            f"the counter shows {gap:,} more than are listed."
        )
    unknown = f", {gap - known:,} unknown (the backlink index {since})" if gap > known else ""
    return f"Of {gap:,} followers counted but not listed{about}: {', '.join(parts)}{unknown}."


# -- the index -------------------------------------------------------------------------------------------------------


def _ask_index(collection: Collection, did: str) -> tuple[list[str], int, str | None] | None:
    """Accounts that follow and are not listed, how many more it counts without naming them, and when it begins."""
    base = str(collection.options.backlinks).rstrip("/")

    def ask(cursor: str | None) -> Page:
        more: Parameters = [("cursor", cursor)] if cursor is not None else []
        parameters: Parameters = [("subject", did), ("source", _SOURCE), ("limit", _PAGE), *more]
        return collection.get("backlinks", f"{base}/xrpc/blue.microcosm.links.getBacklinks", parameters, bucket=INDEX)

    listing = Listing(collection, "The backlink index", ask, _cursor, lambda page: len(list(_records(page))))
    listed = {hash(other) for page in collection.landing.pages("followers") for other in _listed(page)}
    unlisted: dict[str, None] = {}
    total, named = None, 0
    for page in listing:
        total = _total(page) if total is None else total
        for other in _records(page):
            named += 1
            if hash(other) not in listed and other != did:
                unlisted[other] = None
        collection.show("backlink index", named, total)
    if not listing.whole or total is None:
        return None
    return list(unlisted), max(0, total - named), _begins(collection, base)


def _begins(collection: Collection, base: str) -> str | None:
    page = collection.get("backlinks", f"{base}/", bucket=INDEX)
    stats = page.json.get("stats") if page.good and isinstance(page.json, dict) else None
    started = stats.get("started_at") if isinstance(stats, dict) else None
    try:
        return datetime.fromtimestamp(started / 1e6, UTC).date().isoformat() if isinstance(started, int) else None
    except (ValueError, OverflowError, OSError):
        return None


def _cursor(page: Page) -> str | None:
    return page.json.get("cursor") or None if isinstance(page.json, dict) else None


def _total(page: Page) -> int | None:
    total = page.json.get("total") if isinstance(page.json, dict) else None
    return total if isinstance(total, int) else None


def _records(page: Page) -> Iterator[str]:
    content: Any = page.json
    records = content.get("records") if isinstance(content, dict) else None
    return (str(record["did"]) for record in objects(records) if str(record.get("did")).startswith("did:"))


def _listed(page: Page) -> Iterator[str]:
    return (str(item.get("did")) for item in objects(page.json.get("followers"))) if page.good else iter(())


# -- the accounts ----------------------------------------------------------------------------------------------------


def _look_up(dids: list[str], did: str, ask: Ask, collection: Collection) -> tuple[Counter[str], bool]:
    """What became of accounts; and whether that was projected from a sample."""
    relations = dict(_relations(dids, did, ask))
    shown = set(_profiles(dids, ask))
    counts = Counter(what for other in dids if other in shown and (what := _relation(relations.get(other))) is not None)
    hidden = [other for other in dids if other not in shown]
    drawn = uniform_sample(hidden, _MAX_ONE_BY_ONE, did)
    gone: Counter[str] = Counter()
    for number, other in enumerate(drawn, start=1):
        page = ask("unlisted", "app.bsky.actor.getProfile", [("actor", other)])
        status = None if page is None or page.good else gone_status(page.body)
        gone[status or "unknown"] += 1
        collection.show("followers that are not listed", number, len(drawn))
    share = len(hidden) / len(drawn) if drawn else 1.0
    del gone["unknown"]
    counts.update({status: round(number * share) for status, number in gone.items()})
    return counts, len(drawn) < len(hidden)


def _relations(dids: list[str], did: str, ask: Ask) -> Iterator[tuple[str, dict[str, Any]]]:
    for others in _batches(dids, _RELATIONSHIPS):
        parameters: Parameters = [("actor", did), *(("others", other) for other in others)]
        page = ask("unlisted_relationships", "app.bsky.graph.getRelationships", parameters)
        if page is not None and page.good:
            yield from ((str(item.get("did")), item) for item in objects(page.json.get("relationships")))


def _relation(relation: dict[str, Any] | None) -> str | None:
    """Why somebody with a profile is not listed; None where nothing tells."""
    if relation is None:
        return None
    if relation.get("blockedBy") or relation.get("blockedByList"):
        return "blocking"
    if relation.get("blocking") or relation.get("blockingByList"):
        return "blocked"
    return None if relation.get("followedBy") else "ended"


def _profiles(dids: list[str], ask: Ask) -> Iterator[str]:
    for others in _batches(dids, _PROFILES):
        page = ask("unlisted_profiles", "app.bsky.actor.getProfiles", [("actors", other) for other in others])
        if page is not None and page.good:
            yield from (str(profile.get("did")) for profile in objects(page.json.get("profiles")))


def _batches(items: Iterable[str], size: int) -> Iterator[list[str]]:
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch
