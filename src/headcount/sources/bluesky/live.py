"""Follows an account of Bluesky live: what concerns it is kept as it happens, and taken in about once a minute.

The landing of what was followed lies beside those of the collections. Its pages hold events, and its cursor how far
all that concerns the account is kept; so a stop at any moment loses nothing, and the next run goes on from there. An
event that comes twice is kept once. Who is seen for the first time is looked up, as in a collection.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec

from headcount.errors import InputError, PlatformUnavailable, StoreBusy, UsageError
from headcount.sources.bluesky.answers import PROFILES
from headcount.sources.bluesky.collector import BlueskyCollector
from headcount.sources.bluesky.events import FOLLOW, Concerned
from headcount.sources.bluesky.jetstream import SERVERS, Jetstream
from headcount.sources.bluesky.live_rows import read_live
from headcount.sources.collect.client import Client, RetryPolicy
from headcount.sources.collect.gone import is_gone
from headcount.sources.collect.landing import ENDING, LIVE, Landing, Page
from headcount.sources.collect.landing_folder import landing_folder
from headcount.sources.handles import Target, parse_target
from headcount.sources.platform import Ingest
from headcount.sources.rows import objects

if TYPE_CHECKING:
    pass

__all__ = ["follow_live", "newest_collection"]

log = logging.getLogger("headcount.collect")

KEEP_EVERY, TAKE_EVERY = 3.0, 60.0
"""Seconds after which events are written to the landing, and the landing's new pages to the store."""
_LARGEST_LANDING = 64 << 20
Event = dict[str, Any]


def newest_collection(workspace: Path, account: str) -> Path | None:
    """The newest collection of an account that came to its end; None where there is none.

    Raises:
        UsageError: it is not a Bluesky account.
    """
    for path in sorted(_folder(workspace, account).glob(f"*{ENDING}"), reverse=True):
        try:
            with Landing(path) as landing:
                if landing.finished and not is_gone(landing):
                    return path
        except InputError:
            continue
    return None


def follow_live(
    workspace: Path,
    account: str,
    stop: threading.Event,
    ingest: Ingest,
    *,
    servers: Sequence[str] | None = None,
    service: str | None = None,
    say: Callable[[str], None] = lambda _text: None,
    client: Callable[..., Client] | None = None,
) -> None:
    """Follow an account live, from where it was collected or followed before, until `stop` is set.

    An interrupt ends it too; what was seen until then is taken in.

    Args:
        workspace: with a collection of the account.
        ingest: imports what a reader puts into the incoming tables, given the path of its file.
        servers: of Jetstream; those in HEADCOUNT_BLUESKY_JETSTREAM (parted by blanks), else Bluesky's.
        service: another AppView than the usual one, for the profiles of who is new.
        say: told a sentence for the user.
        client: makes the client, given `say` and the limits.

    Raises:
        UsageError: the account was not collected.
        StoreBusy: it is being followed by another process.
        PlatformUnavailable: the servers refuse.
    """
    path = newest_collection(workspace, account)
    if path is None:
        raise UsageError(f"{account} has not been collected yet.", hint=f"headcount add {account}")
    with Landing(path) as collected:
        account_id = str(collected.meta("account_id"))
        begun = int(datetime.fromisoformat(str(collected.meta("begun_at"))).timestamp() * 1e6)
        whole = collected.is_complete("followers")
    collector = BlueskyCollector()
    appview = (service or collector.appview).rstrip("/")
    named = tuple(servers or os.environ.get("HEADCOUNT_BLUESKY_JETSTREAM", "").split()) or SERVERS
    with ExitStack() as stack:
        landing = stack.enter_context(_live_landing(path.parent / LIVE, account_id, begun))
        concerned = Concerned(account_id.removeprefix("bluesky:"))
        _learn(concerned, path, landing, begun)
        asking = stack.enter_context((client or _client)(say=say, limits=collector.limit))
        live = _Live(ingest, landing, concerned, _LookUp(asking, landing, appview, concerned.did), say)
        cursor = max(live.cursor, begun) if whole else live.cursor  # a whole collection tells what was before it
        stream = Jetstream(named, cursor, say=say, lost=live.lost)
        live.run(stream, stop)


def _folder(workspace: Path, account: str) -> Path:
    target: Target | None = parse_target(account)
    if target is None or target.platform != "bluesky":
        raise UsageError(f"{account!r} is not an account of Bluesky.", hint="name one, such as alice.bsky.social.")
    return landing_folder(workspace, f"{target.platform}:{target.name}")


def _learn(concerned: Concerned, collected: Path, landing: Landing, begun: int) -> None:
    """The keys of all follows, in the order of time: what was followed live before the collection, it, and after."""
    with ExitStack() as stack:
        others = (path for path in sorted(landing.path.parent.glob(f"*{ENDING}")) if path != landing.path)
        live = [*(stack.enter_context(Landing(path)) for path in others), landing]
        collection = stack.enter_context(Landing(collected))
        for kept in live:
            concerned.learn_live(kept.pages("live"), until=begun)
        concerned.learn_collected(collection.pages())
        for kept in live:
            concerned.learn_live(kept.pages("live"), since=begun)


def _client(**told: Any) -> Client:
    """A client that gives up soon: what it asks for can be asked for again, and events wait meanwhile."""
    return Client(retry_policy=RetryPolicy(tries=3), **told)


def _live_landing(folder: Path, account_id: str, begun: int) -> Landing:
    """The landing to go on with; a new one where there is none, or it has grown large."""
    newest = max(folder.glob(f"*{ENDING}"), default=None)
    landing = Landing(newest, write=True) if newest is not None else None
    cursor = str(begun)
    if landing is not None:
        all_taken = landing.newest <= int(landing.meta("taken") or 0)
        if landing.path.stat().st_size < _LARGEST_LANDING or not all_taken:
            return landing
        cursor = landing.meta("cursor") or cursor
        landing.close()
    landing = Landing(folder / f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}{ENDING}", write=True)
    facts = {"platform": "bluesky", "account_id": account_id, "options": LIVE, LIVE: "yes", "cursor": cursor}
    for key, value in facts.items():
        landing.set_meta(key, value)
    return landing


class _Live:
    """One run: events into the landing, and the landing into the store."""

    def __init__(
        self, ingest: Ingest, landing: Landing, concerned: Concerned, look_up: _LookUp, say: Callable[[str], None]
    ) -> None:
        self.ingest, self.landing, self.say = ingest, landing, say
        self.concerned, self.look_up = concerned, look_up
        self.cursor = int(landing.meta("cursor") or 0)
        self.taken = int(landing.meta("taken") or 0)
        self.batch: list[Event] = []
        self._kept = self._took = time.monotonic()

    def lost(self, start: int, end: int) -> None:
        """Jetstream no longer has what happened between two moments."""
        since, until = (f"{datetime.fromtimestamp(moment / 1e6, UTC):%Y-%m-%d %H:%M}" for moment in (start, end))
        text = f"Jetstream no longer has the events from {since} to {until} UTC; headcount sync adds them."
        self.landing.note(text)
        self.say(text)

    def run(self, stream: Jetstream, stop: threading.Event) -> None:
        """Until `stop` is set, or an interrupt."""
        try:
            for text in stream.texts(stop):
                event = self.concerned.take(text) if text is not None else None
                if event is not None:
                    self.batch.append(event)
                now = time.monotonic()
                if now - self._kept >= KEEP_EVERY:
                    self._keep(stream.cursor)
                if now - self._took >= TAKE_EVERY:
                    self._take()
        finally:
            self._keep(stream.cursor)
            self._take()

    def _keep(self, cursor: int) -> None:
        """Write what concerns the account to the landing; then how far that goes."""
        self._kept = time.monotonic()
        if self.batch:
            moments = [int(event.get("time_us") or 0) for event in self.batch]
            address = f"jetstream:{min(moments)}-{max(moments)}"
            while self.landing.get(address) is not None:
                address += "+"
            body = msgspec.json.encode({"events": self.batch})
            self.landing.put("live", address, 200, {"content-type": "application/json"}, body)
            self.batch = []
        if cursor != self.cursor:
            self.landing.set_meta("cursor", str(cursor))
            self.cursor = cursor

    def _take(self) -> None:
        """Take the landing's new pages into the store; where that is in use, later."""
        self._took = time.monotonic()
        events = [event for page in self.landing.pages("live", after=self.taken) for event in _events(page)]
        if not events:
            return
        self.look_up.all_in(events)
        newest = self.landing.newest
        try:
            self.ingest(lambda con: read_live(self.landing, con, after=self.taken), str(self.landing.path.resolve()))
        except StoreBusy as error:
            self.say(f"{error.message} Received events are kept and imported later.")
            return
        self.taken = newest
        self.landing.set_meta("taken", str(newest))
        log.info("Imported: the events up to page %d of %s", newest, self.landing.path.name)
        self.say(_summary(events, self.concerned.did))


class _LookUp:
    """Looks up the profiles of who is seen for the first time in a run."""

    def __init__(self, client: Client, landing: Landing, appview: str, did: str) -> None:
        self._client, self._landing, self._appview, self._did = client, landing, appview, did
        self._known: set[str] = set()

    def all_in(self, events: list[Event]) -> None:
        """Everybody in these events, and the account itself, whose counters have changed."""
        seen = dict.fromkeys([self._did, *(did for event in events for did in _people(event))])
        new = [did for did in seen if did == self._did or did not in self._known]
        for start in range(0, len(new), PROFILES):
            some = new[start : start + PROFILES]
            query = urlencode([("actors", did) for did in some])
            url = f"{self._appview}/xrpc/app.bsky.actor.getProfiles?{query}"
            try:
                answer = self._client.get(url, bucket=self._appview.partition("://")[2])
            except PlatformUnavailable as error:
                log.warning("Profiles could not be fetched: %s", error.message)
                return
            self._landing.put("profiles", url, answer.status, answer.headers, answer.body)
            self._known.update(some)


def _people(event: Event) -> Iterator[str]:
    """Who did it, and whom it is about."""
    subject = (event.get("commit", {}).get("record") or {}).get("subject", event.get("subject"))
    yield from (did for did in (event.get("did"), subject) if isinstance(did, str) and did.startswith("did:"))


def _events(page: Page) -> Iterator[Event]:
    yield from objects(page.json.get("events"))


def _summary(events: list[Event], did: str) -> str:
    """What came, in a sentence."""
    counts: Counter[str] = Counter()
    for event in events:
        commit = event.get("commit") or {}
        deleted, follow = commit.get("operation") == "delete", commit.get("collection") == FOLLOW
        if event.get("did") == did:
            counts["of its own"] += 1
        elif follow:
            counts["unfollowed" if deleted else "new followers"] += 1
        elif not deleted:
            counts["responses and mentions"] += 1
    told = ", ".join(f"{number:,} {what}" for what, number in counts.items()) or "no relevant events"
    return f"{datetime.now().astimezone():%H:%M:%S} imported: {told}."
