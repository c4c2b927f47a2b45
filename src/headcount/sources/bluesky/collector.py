"""Collects an account of Bluesky (AT Protocol): public, without a login, and nothing is ever written.

What is asked of the AppView (https://docs.bsky.app/docs/api): the profile; all followers and all accounts followed;
the followers' follow records by getRelationships, whose keys hold the time of the follow; the account's posts, and of
each the thread, likes, reposts and quotes; the followers' profiles in batches and their latest posts. What is asked
of the account's own server (PDS): its repository, which holds what the account itself did, with dates.

Limits: 3,000 requests in 5 minutes per address, as documented for Bluesky's servers. See docs/how-to/collect.md.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from functools import partial
from itertools import islice
from typing import Any
from urllib.parse import quote as quoted

from headcount.incoming import RESPONSE_LISTS, ListName, Reason
from headcount.sources.bluesky.answers import (
    FEED,
    PAGE,
    PROFILES,
    RELATIONSHIPS,
    _batches,
    _content,
    _cursor,
    _dids,
    _feed_time,
    _host,
    _list_refusal,
    _no_profile,
    _pair_calls,
    _reason,
    _refused_thread,
)
from headcount.sources.bluesky.backlinks import INDEX, INDEX_LIMIT, explain_unlisted
from headcount.sources.bluesky.views import is_own_post, plausible_time, thread_posts
from headcount.sources.collect.collection import Collection
from headcount.sources.collect.gone import earlier_account_id
from headcount.sources.collect.landing import Page
from headcount.sources.collect.links import server_address, server_host
from headcount.sources.collect.listing import Listing
from headcount.sources.collect.options import CollectionEstimate
from headcount.sources.collect.pace import Limit
from headcount.sources.collect.response_coverage import ResponseCoverage
from headcount.sources.collect.sampling import uniform_sample
from headcount.sources.handles import Target
from headcount.sources.rows import inner, named, objects, whole_number

__all__ = ["BlueskyCollector"]

APPVIEW = "https://public.api.bsky.app"
DIRECTORY = "https://plc.directory"
_DEPTH = 100
_LIMIT = Limit(3000, 300.0)
_CALLS_A_SECOND = 8.0
_MANY, ENOUGH = 5_000, 2_400
"""From so many followers on, a sample is advised, and how large: plus or minus 2 points (docs/methods/funnel.md)."""
_DEEPER_THREADS = 200
_RESPONSES: tuple[tuple[ListName, str, str, str], ...] = (
    ("likes", "likeCount", "app.bsky.feed.getLikes", "likes"),
    ("reposts", "repostCount", "app.bsky.feed.getRepostedBy", "repostedBy"),
    ("quotes", "quoteCount", "app.bsky.feed.getQuotes", "posts"),
)
"""List, its counter in the view of a post, the method that gives it, and the name of its items."""


class BlueskyCollector:
    """Collects one account of Bluesky.

    The addresses of another AppView and of another directory of accounts can be given in HEADCOUNT_BLUESKY_APPVIEW
    and HEADCOUNT_BLUESKY_DIRECTORY.
    """

    platform = "bluesky"

    def __init__(self) -> None:
        self.appview = os.environ.get("HEADCOUNT_BLUESKY_APPVIEW", APPVIEW).rstrip("/")
        self.directory = os.environ.get("HEADCOUNT_BLUESKY_DIRECTORY", DIRECTORY).rstrip("/")
        self.profile: dict[str, Any] = {}
        self._threaded: set[str] = set()
        self._further: list[str] = []
        self._answered: dict[str, int | None] = {}  # own post -> its counter of replies
        self._shown: dict[str, int] = {}  # post -> replies to it that its thread shows
        self._unread: dict[str, tuple[Reason, str | None]] = {}  # post -> why its thread is not shown
        self._responded = ResponseCoverage("")

    def limit(self, bucket: str) -> Limit | None:
        """The documented limit of a server; none for one on this machine."""
        if bucket == INDEX:
            return INDEX_LIMIT
        return None if bucket.partition(":")[0] in ("localhost", "127.0.0.1") else _LIMIT

    # -- before -----------------------------------------------------------------------------------------------

    def estimate(self, collection: Collection, target: Target) -> CollectionEstimate:
        """Look at the profile and say what collecting will take."""
        through = getattr(collection.login, "server", self.appview)  # a user's server passes on what it is asked
        self.appview = (collection.options.service or through).rstrip("/")
        page = self._ask(collection, "profile", "app.bsky.actor.getProfile", [("actor", target.name)])
        known = target.name if target.name.startswith("did:") else None
        if not page.good and known is None and (earlier := earlier_account_id(collection.landing)):
            known = earlier.partition(":")[2]  # the handle may have changed
            page = self._ask(collection, "profile", "app.bsky.actor.getProfile", [("actor", known)])
        profile = _content(page) if page.good else {}
        if not isinstance(profile.get("did"), str):
            raise _no_profile(target.name, page, known)
        self.profile = profile
        return self._estimate(collection)

    def _counter(self, name: str) -> int | None:
        """A counter of the profile; None where it is missing or not a number."""
        return whole_number(self.profile.get(name))

    def _estimate(self, collection: Collection) -> CollectionEstimate:
        profile, options = self.profile, collection.options
        claimed = self._counter("followersCount") or 0
        followers = min(claimed, options.limit or claimed)
        closer = min(followers, options.sample or followers)
        posts = self._expected_posts(collection)
        parts = (
            ("list of followers", math.ceil(followers / PAGE)),
            ("dates of the follows", math.ceil(followers / RELATIONSHIPS)),
            ("backlink index", math.ceil(claimed / PAGE) if options.backlinks else 0),
            ("accounts followed", math.ceil((self._counter("followsCount") or 0) / PAGE)),
            ("own repository", 2),
            ("posts and responses", math.ceil(posts / PAGE) + 3 * posts),
            ("followers' profiles", math.ceil(closer / PROFILES)),
            ("followers' latest posts", closer),
            ("follows among followers", _pair_calls(min(followers, options.follows_among or 0))),
        )
        calls = 1 + sum(number for _, number in parts)
        saved = closer + math.ceil(closer / PROFILES) - ENOUGH - ENOUGH // PROFILES
        advice = (
            f"--sample {ENOUGH} collects a random sample of {ENOUGH:,} followers instead of all "
            f"{closer:,}: shares within 2 points, about {calls - saved:,} calls."
        )
        return CollectionEstimate(
            account_id=f"bluesky:{profile['did']}",
            handle=str(profile.get("handle")),
            calls=calls,
            seconds=calls / _CALLS_A_SECOND,
            dollars=0.0,
            parts=parts,
            advice=advice if closer > _MANY else None,
        )

    def _expected_posts(self, collection: Collection) -> int:
        """Posts since the date that was asked for, if the account always wrote as much as on average."""
        written = self._counter("postsCount") or 0
        created = plausible_time(self.profile.get("createdAt"))
        now = collection.begun_at
        age = (now - created).total_seconds() if created else 0.0
        share = (now - collection.since).total_seconds() / age if age > 0 else 1.0
        return math.ceil(written * min(max(share, 0.0), 1.0))

    # -- the collection ---------------------------------------------------------------------------------------

    def collect(self, collection: Collection) -> None:
        """Ask for everything; the slowest comes last."""
        did = self.profile["did"]
        self._responded = ResponseCoverage(f"bluesky:{did}")
        self._followers(collection, did)
        if collection.options.backlinks:
            explain_unlisted(collection, did, partial(self._try, collection))
        self._following(collection, did)
        self._repository(collection, did)
        self._posts(collection, did)
        self._closer_look(collection, did)
        if collection.options.follows_among is not None:
            self._between(collection, did, collection.options.follows_among)

    def _followers(self, collection: Collection, did: str) -> None:
        """All followers, and the records of their follows."""
        claimed, limit = self._counter("followersCount"), collection.options.limit
        total = claimed if limit is None or claimed is None else min(claimed, limit)
        listing = self._followers_listing(collection, did)
        followers = 0
        for others in _batches(islice(_dids(listing, "followers"), limit), RELATIONSHIPS):
            followers += len(others)
            self._ask_some(collection, "relationships", "app.bsky.graph.getRelationships", did, others)
            collection.show("followers", followers, total)
        collection.show("followers", followers, followers)
        if listing.refused is not None and not listing.failed:
            collection.note(f"The list of followers is incomplete ({_reason(listing.refused)}): it is partial.")
        collection.landing.set_meta("listed_followers", str(followers))
        collection.landing.set_coverage(
            listing.coverage(
                "followers",
                f"bluesky:{did}",
                listed=followers,
                claimed=claimed,
                limit=limit,
                detail=_reason(listing.refused) if listing.refused else None,
                can_hide=False,
            )
        )

    def _following(self, collection: Collection, did: str) -> None:
        """All accounts that it follows."""
        following, claimed = 0, self._counter("followsCount")
        listing = self._listing(
            collection, "following", "app.bsky.graph.getFollows", [("actor", did)], "follows", claimed=claimed
        )
        for page in listing:
            following += sum(1 for _ in named(page.json.get("follows"), "did"))
            collection.show("accounts followed", following, claimed)
        collection.show("accounts followed", following, following)
        collection.landing.set_coverage(
            listing.coverage(
                "following",
                f"bluesky:{did}",
                listed=following,
                claimed=claimed,
                detail=_reason(listing.refused) if listing.refused else None,
                can_hide=False,
            )
        )

    def _repository(self, collection: Collection, did: str) -> None:
        """What the account itself did, from its own server."""
        server = self._server(collection, did)
        page = None
        if server is not None:
            page = collection.try_get(
                "repository",
                f"{server}/xrpc/com.atproto.sync.getRepo",
                [("did", did)],
                bucket=_host(server),
                expect="application/vnd.ipld.car",
            )
        if page is None or not page.good:
            why = _reason(page) if page is not None else "its server is unknown or does not respond"
            collection.note(
                f"The account's own repository could not be read ({why}): its replies, likes and reposts are "
                f"known only from its posts."
            )
        collection.show("own repository", 1, 1)

    def _server(self, collection: Collection, did: str) -> str | None:
        """The account's own server, from its entry in the directory."""
        if did.startswith("did:web:"):
            address = f"https://{did.removeprefix('did:web:').replace(':', '/')}/.well-known/did.json"
        else:
            address = f"{self.directory}/{quoted(did, safe=':')}"
        if server_host(self.directory, address) is None:
            return None
        page = collection.try_get("identity", address, bucket=_host(address), expect="application/")
        if page is None or not page.good:
            return None
        for service in objects(_content(page).get("service")):
            if service.get("type") == "AtprotoPersonalDataServer":
                return server_address(page.url, service.get("serviceEndpoint"))
        return None

    def _posts(self, collection: Collection, did: str) -> None:
        """The account's posts since the date that was asked for, and all that responded to them."""
        parameters = [("actor", did), ("filter", "posts_with_replies"), ("includePins", "false")]
        listing = self._listing(
            collection,
            "posts",
            "app.bsky.feed.getAuthorFeed",
            parameters,
            "feed",
            claimed=self._counter("postsCount"),
            # the counter leaves out reposts, which the feed shows
            counted=lambda page: sum(is_own_post(item, did) for item in objects(page.json.get("feed"))),
        )
        expected, seen, own = self._expected_posts(collection), 0, 0
        reached_since = False
        for page in listing:
            times = []
            for item in objects(page.json.get("feed")):
                times.append(_feed_time(item))
                if is_own_post(item, did):
                    own += 1
                    if times[-1] >= collection.since:
                        self._responses(collection, item["post"], did)
                        seen += 1
                        collection.show("posts and responses", seen, max(expected, seen))
            if times and max(times) < collection.since:
                reached_since = True
                break
        if listing.refused is not None and not listing.failed:
            collection.note(f"The posts could not be read completely ({_reason(listing.refused)}).")
        for uri in self._further:
            if uri not in self._threaded:  # below an answer that is hidden, so the thread does not show it
                self._thread(collection, uri)
        posts = listing.coverage(
            "posts",
            f"bluesky:{did}",
            listed=seen if reached_since else own,
            claimed=self._counter("postsCount"),
            detail=_reason(listing.refused) if listing.refused else None,
            enough=reached_since,
            can_hide=False,
        )
        collection.landing.set_coverage(posts)
        for uri, claimed in self._answered.items():
            unread, detail = self._unread.get(uri, (None, None))
            unread = None if uri in self._shown else unread
            self._responded.add(
                "replies",
                listed=self._shown.get(uri, 0),
                claimed=claimed,
                state="complete" if unread is None else "hidden" if unread == "hidden_by_account" else "refused",
                reason=unread,
                detail=detail if unread is not None else None,
            )
        for name in RESPONSE_LISTS:
            collection.landing.set_coverage(self._responded.summary(name, posts))

    def _responses(self, collection: Collection, post: dict[str, Any], did: str) -> None:
        """Who answered, liked, reposted and quoted one post.

        A post that answers somebody else is no occasion that followers respond to, so only the answers to it are
        asked for; an own post further down in an own thread comes with the thread. What has no counter is asked for.
        """
        uri = str(post.get("uri"))
        reply = inner(post, "record", "reply")
        root = str(inner(reply, "root", "uri") or "")
        own_thread = root.startswith(f"at://{did}/")
        answers = whole_number(post.get("replyCount"))
        if answers != 0:
            self._answered[uri] = answers
            if reply and own_thread:
                self._further.append(uri)
            else:
                self._thread(collection, uri)
        if reply and not own_thread:
            return
        for name, counter, method, items in _RESPONSES:
            claimed = whole_number(post.get(counter))
            if claimed == 0:
                continue
            listing = self._listing(collection, name, method, [("uri", uri)], items, claimed=claimed)
            listed = sum(len(list(objects(page.json.get(items)))) for page in listing)
            detail = _reason(listing.refused) if listing.refused else None
            self._responded.add_listing(name, listing, listed=listed, claimed=claimed, detail=detail)

    def _thread(self, collection: Collection, uri: str) -> None:
        """A whole thread: a call shows it to a certain depth, so where it is cut it is asked for again from there."""
        waiting, asked = [uri], 0
        while waiting and asked < _DEEPER_THREADS:
            known = waiting.pop()
            parameters: list[tuple[str, str | int]] = [("uri", known), ("depth", _DEPTH), ("parentHeight", 0)]
            page = self._try(collection, "thread", "app.bsky.feed.getPostThread", parameters)
            asked += 1
            if page is None or not page.good:
                self._unread[known] = ("server_error", None) if page is None else _refused_thread(page)
                continue
            thread = thread_posts(_content(page))
            if thread.withheld is not None:
                self._unread[known] = (thread.withheld, None)
            self._threaded.update(thread.replies)
            for post, shown in thread.replies.items():
                self._shown[post] = max(shown, self._shown.get(post, 0))
            waiting += [cut for cut in thread.cut if cut != known]
        if waiting:
            collection.note(f"A thread was abandoned after {asked:,} calls; its deeper replies are missing.")

    def _closer_look(self, collection: Collection, did: str) -> None:
        """The followers' profiles and latest posts: of all of them, or of a uniform sample of the whole list."""
        options = collection.options
        listing = self._followers_listing(collection, did)
        followers: Iterable[str] = islice(_dids(listing, "followers"), options.limit)
        total = int(collection.landing.meta("listed_followers") or 0)
        if options.sample is not None and options.sample < total:
            followers = uniform_sample(followers, options.sample, did)
            total = len(followers)
            collection.landing.set_meta("sample", str(total))
        looked = 0
        for dids in _batches(followers, PROFILES):
            self._try(collection, "profiles", "app.bsky.actor.getProfiles", [("actors", other) for other in dids])
            for other in dids:
                parameters: list[tuple[str, str | int]] = [
                    ("actor", other),
                    ("limit", FEED),
                    ("filter", "posts_with_replies"),
                    ("includePins", "false"),
                ]
                self._try(collection, "latest", "app.bsky.feed.getAuthorFeed", parameters)
                looked += 1
                collection.show("followers' profiles and latest posts", looked, total)

    def _between(self, collection: Collection, did: str, most: int) -> None:
        """Who of some followers follow each other, pair by pair: nothing is learned of whom else they follow.

        They are drawn like the sample of the closer look, so of two samples the smaller lies within the larger.
        """
        listing = self._followers_listing(collection, did)
        drawn = uniform_sample(islice(_dids(listing, "followers"), collection.options.limit), most, did)
        collection.landing.set_meta("circles", str(len(drawn)))
        for place, one in enumerate(drawn):
            for others in _batches(drawn[place + 1 :], RELATIONSHIPS):
                self._ask_some(collection, "between", "app.bsky.graph.getRelationships", one, others)
            collection.show("follows among followers", place + 1, len(drawn))

    # -- calls --------------------------------------------------------------------------------------------------

    def _ask(self, collection: Collection, step: str, method: str, parameters: Iterable[tuple[str, str | int]]) -> Page:
        return collection.get(step, f"{self.appview}/xrpc/{method}", parameters, bucket=_host(self.appview))

    def _try(
        self, collection: Collection, step: str, method: str, parameters: Iterable[tuple[str, str | int]]
    ) -> Page | None:
        return collection.try_get(step, f"{self.appview}/xrpc/{method}", parameters, bucket=_host(self.appview))

    def _ask_some(self, collection: Collection, step: str, method: str, did: str, others: list[str]) -> None:
        self._try(collection, step, method, [("actor", did), *(("others", other) for other in others)])

    def _listing(
        self,
        collection: Collection,
        step: str,
        method: str,
        parameters: list[tuple[str, str]],
        items: str,
        *,
        claimed: int | None = None,
        counted: Callable[[Page], int] | None = None,
    ) -> Listing:
        def ask(cursor: str | None) -> Page:
            more = [("cursor", cursor)] if cursor is not None else []
            return self._ask(collection, step, method, [*parameters, ("limit", PAGE), *more])

        return Listing(
            collection,
            f"The list of {step}",
            ask,
            _cursor,
            lambda page: len(list(objects(_content(page).get(items)))),
            size=PAGE,
            refusal=_list_refusal,
            claimed=claimed,
            counted=counted,
        )

    def _followers_listing(self, collection: Collection, did: str) -> Listing:
        return self._listing(
            collection,
            "followers",
            "app.bsky.graph.getFollowers",
            [("actor", did)],
            "followers",
            claimed=self._counter("followersCount"),
        )
