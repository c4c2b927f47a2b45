"""Collects an account of X over its API v2, with a token that reads; nothing is ever written.

What is asked (https://docs.x.com/x-api): whose token it is; the profile; the account's posts since a date and what
mentions it; all followers and all accounts followed; of each own post that has some, who liked, reposted and quoted
it, and, for posts of the last seven days, the answers to it (the search for a conversation reaches no further back);
with a sample, the latest posts of its followers. `calls.py` lists what each call costs. The most important comes
first, so that a budget is spent on it: posts and mentions, followers, responses, accounts followed, the sample.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from headcount.errors import AccessDenied
from headcount.incoming import ListName
from headcount.sources.collect.collection import Collection
from headcount.sources.collect.gone import earlier_account_id
from headcount.sources.collect.landing import Page
from headcount.sources.collect.listing import Listing
from headcount.sources.collect.options import CollectionEstimate
from headcount.sources.collect.pace import Limit
from headcount.sources.collect.sampling import uniform_sample
from headcount.sources.handles import Target
from headcount.sources.login.sessions import find_login
from headcount.sources.rows import inner, whole_number
from headcount.sources.x.answers import (
    _GET_ONE,
    _following_token,
    _is_occasion,
    _items,
    _list_refusal,
    _no_profile,
    _number,
    _reason,
    _said,
    _since,
    _time,
)
from headcount.sources.x.calls import CALLS, Call, cost
from headcount.sources.x.coverage import MAX_MENTIONS, MAX_POSTS, OwnPost, XCoverage, own_post

__all__ = ["XCollector"]

API = "https://api.x.com"
LATEST = 5
"""Latest posts of a sampled follower; the fewest that can be asked for."""
SEARCH_REACHES = timedelta(days=7)
_OCCASIONS, _LIKES, _REPOSTS = 0.5, 0.005, 0.0005
"""For the estimate only: share of posts that are no answers or reposts; shares of followers who like or repost one."""
_CALLS_A_SECOND = 2.0


class XCollector:
    """Collects one account of X.

    The address of another server can be given in HEADCOUNT_X_API.
    """

    platform = "x"

    def __init__(self) -> None:
        self.address = os.environ.get("HEADCOUNT_X_API", API).rstrip("/")
        self.profile: dict[str, Any] = {}
        self.token_of: str | None = None
        self.shut: dict[str, str] = {}
        self.said: set[str] = set()
        self.found = XCoverage("", protected=False, written=None)

    def limit(self, bucket: str) -> Limit | None:
        """The documented limit of an endpoint; none for a server on this machine."""
        if self.address.partition("://")[2].partition(":")[0] in ("localhost", "127.0.0.1"):
            return None
        return next((call.limit for call in CALLS.values() if call.bucket == bucket), None)

    @property
    def owned(self) -> bool:
        """Is the token that of the very account? Then X asks less for its lists and timelines."""
        return self.token_of is not None and self.token_of == self.profile.get("id")

    # -- before -----------------------------------------------------------------------------------------------

    def estimate(self, collection: Collection, target: Target) -> CollectionEstimate:
        """Look at the profile and say what collecting will take and cost.

        Raises:
            AccountNotFound: there is no such account, or it is suspended.
            AccessDenied: there is no token, or X does not take it.
        """
        self.address = (collection.options.service or self.address).rstrip("/")
        if collection.login is None:
            collection.login = find_login(target, collection.options.service)
        if collection.login is None:
            raise AccessDenied("X requires a token.", hint=_GET_ONE)
        me = self._ask(collection, CALLS["me"])
        collection.failures.set_probe(me.url)
        collection.probe_price = CALLS["me"].price(owned=False)
        if me.good and inner(me.json, "data", "id"):
            self.token_of = str(inner(me.json, "data", "id"))
        page = self._ask(collection, CALLS["profile"], target.name)
        data = inner(page.json, "data") if page.good else None
        if not isinstance(data, dict) or not data.get("id"):
            raise _no_profile(target.name, page, earlier_account_id(collection.landing))
        self.profile = data | {"id": str(data["id"])}
        collection.spent = sum(self._cost(known) for known in collection.landing.pages())
        return self._estimate(collection)

    def _estimate(self, collection: Collection) -> CollectionEstimate:
        calls, dollars, seconds, parts = 2, 0.0, 1.0, []
        for step, number, objects_of_it in self._expected(collection):
            call = CALLS[step]
            price = objects_of_it * call.expected(owned=self.owned)
            parts.append((f"{step}, about ${price:,.2f}", number))
            calls, dollars = calls + number, dollars + price
            seconds += max(number / _CALLS_A_SECOND, (math.ceil(number / call.requests) - 1) * call.limit.seconds)
        return CollectionEstimate(
            account_id=f"x:{self.profile['id']}",
            handle=str(self.profile.get("username")),
            calls=calls,
            seconds=seconds,
            dollars=round(dollars, 2),
            parts=tuple(parts),
            advice=self._advice(dollars),
        )

    def _expected(self, collection: Collection) -> Iterator[tuple[str, int, int]]:
        """(step, calls, objects) as far as they can be known beforehand."""
        options = collection.options
        claimed = self._counter("followers_count") or 0
        followers = min(claimed, options.limit or claimed)
        following = self._counter("following_count") or 0
        posts = self._expected_posts(collection)
        yield "posts", math.ceil(posts / 100), posts
        yield "mentions", MAX_MENTIONS // 100, MAX_MENTIONS
        yield "followers", math.ceil(followers / 1000), followers
        occasions = posts * _OCCASIONS
        for step, share in (("likes", _LIKES), ("reposts", _REPOSTS)):
            objects_of_it = math.ceil(occasions * min(claimed * share, 100))
            if step == "reposts" or self.token_of is not None:
                yield step, min(math.ceil(occasions), objects_of_it), objects_of_it
        yield "following", math.ceil(following / 1000), following
        if options.sample:
            sample = min(options.sample, claimed)
            yield "latest", sample, sample * LATEST

    def _counter(self, name: str) -> int | None:
        """A counter of the profile; None where it is missing or not a number."""
        metrics = self.profile.get("public_metrics")
        return whole_number(metrics.get(name)) if isinstance(metrics, dict) else None

    def _written(self) -> int | None:
        """Posts by the counter, with reposts and replies."""
        written = self._counter("tweet_count")
        return self._counter("post_count") if written is None else written

    def _expected_posts(self, collection: Collection) -> int:
        """Posts since the date that was asked for, if the account always wrote as much as on average."""
        written = self._written() or 0
        created, now = _time(self.profile.get("created_at")), collection.begun_at
        age = (now - created).total_seconds() if created else 0.0
        share = (now - collection.since).total_seconds() / age if age > 0 else 1.0
        return min(math.ceil(written * min(max(share, 0.0), 1.0)), MAX_POSTS)

    def _advice(self, dollars: float) -> str:
        most = f"--max-cost {max(math.ceil(dollars), 1)} stops at that sum; a later run resumes from there."
        if self.owned:
            return (
                "Own lists and timelines are priced at X's lower rate for tokens of your own application; "
                f"otherwise up to ten times as much. {most}"
            )
        return f"A token of @{self.profile.get('username')} would make lists and timelines cheaper. {most}"

    # -- the collection ---------------------------------------------------------------------------------------

    def collect(self, collection: Collection) -> None:
        """Ask for everything; the most important first."""
        protected = bool(self.profile.get("protected"))
        self.found = XCoverage(f"x:{self.profile['id']}", protected=protected, written=self._written())
        try:
            self._collect(collection)
        finally:  # also where the budget ended it
            for entry in self.found.entries():
                collection.landing.set_coverage(entry)
        collection.say(f"By X's price list this collection cost about ${collection.spent:,.2f}.")

    def _collect(self, collection: Collection) -> None:
        self._posts(collection)
        self._mentions(collection)
        self._list(collection, CALLS["followers"], "followers_count", collection.options.limit)
        for number, post in enumerate(self.found.own):
            self._responses(collection, post)
            collection.show("responses to single posts", number + 1, len(self.found.own))
        self.found.all_responses = True
        self._list(collection, CALLS["following"], "following_count", None)
        if collection.options.sample:
            self._latest(collection, collection.options.sample)
        else:
            collection.note("Followers' own posts were not collected; --sample N collects those of N followers.")

    def _posts(self, collection: Collection) -> None:
        """The account's posts since the date that was asked for."""
        listing = self._listing(
            collection, CALLS["posts"], self.profile["id"], _since(collection), claimed=self._written()
        )
        created, seen = _time(self.profile.get("created_at")), 0
        try:
            for page in listing:
                items = list(_items(page))
                self.found.own += [own_post(item) for item in items if _is_occasion(item, self.profile["id"])]
                seen += len(items)
                collection.show("posts", seen, None)
        finally:
            everything = created is not None and collection.since <= created
            self.found.add_posts(listing, seen, everything=everything, detail=_said(listing))
        self._say_end(collection, CALLS["posts"], listing)
        if seen >= MAX_POSTS:
            collection.note(f"X returns the newest {MAX_POSTS:,} posts only; older ones are unknown.")

    def _mentions(self, collection: Collection) -> None:
        """What others wrote to the account: answers, quotes and mentions by name."""
        listing = self._listing(
            collection, CALLS["mentions"], self.profile["id"], _since(collection), claimed=MAX_MENTIONS
        )
        seen = 0
        try:
            for page in listing:
                seen += _number(page)
                self.found.add_answers(_items(page))
                collection.show("mentions", seen, None)
        finally:
            self.found.add_mentions(listing, seen, detail=_said(listing))
        self._say_end(collection, CALLS["mentions"], listing)
        if seen >= MAX_MENTIONS:
            collection.note(f"X returns the newest {MAX_MENTIONS:,} mentions only; earlier replies are unknown.")

    def _list(self, collection: Collection, call: Call, count: str, limit: int | None) -> None:
        """All followers or all accounts followed; at most `limit`."""
        claimed, seen = self._counter(count), 0
        listing = self._listing(
            collection,
            call,
            self.profile["id"],
            wanted=lambda: None if limit is None else limit - seen,
            claimed=claimed,
        )
        try:
            for page in listing:
                seen += _number(page)
                collection.show(call.step, seen, claimed if limit is None or claimed is None else min(claimed, limit))
                if limit is not None and seen >= limit:
                    break
        finally:
            collection.landing.set_meta(f"listed_{call.step}", str(seen))
            name: ListName = "followers" if call.step == "followers" else "following"
            self.found.add_list(name, listing, seen, claimed, limit, detail=_said(listing))
        self._say_end(collection, call, listing)

    def _responses(self, collection: Collection, post: OwnPost) -> None:
        """Who answered, liked, reposted and quoted one post; what has no counter is asked for."""
        if post.answers != 0:
            if collection.begun_at - post.created_at < SEARCH_REACHES:
                query = [("query", f"conversation_id:{post.id}")]
                self._run(collection, CALLS["answers"], post, post.answers, query)
            else:
                self.found.unsearched = "platform_maximum"
                self._note(
                    collection,
                    "Answers to posts older than seven days come from the mentions only; X's conversation "
                    "search covers seven days only.",
                )
        if post.likes != 0 or post.reposts != 0:
            self._note(collection, "X does not provide the time of likes and reposts.")
        if post.likes != 0 and self.token_of is None:
            self._note(collection, "Likes are visible with a user token only, not with an app-only token.")
            self.found.add_refused("likes", post.likes, None)
        elif post.likes != 0:
            self._run(collection, CALLS["likes"], post, post.likes)
        if post.reposts != 0:
            self._run(collection, CALLS["reposts"], post, post.reposts)
        if post.quotes != 0:
            self._run(collection, CALLS["quotes"], post, post.quotes)

    def _run(
        self,
        collection: Collection,
        call: Call,
        post: OwnPost,
        count: int | None,
        more: Iterable[tuple[str, str]] = (),
    ) -> None:
        """All pages of one call for one post; a call that is refused once is not made again."""
        if call.step in self.shut:
            self.found.add_refused(call.step, count, self.shut[call.step])
            return
        listing, listed = self._listing(collection, call, post.id, more, wanted=lambda: count, claimed=count), 0
        try:
            for page in listing:
                listed += _number(page)
                if call.step == "answers":
                    self.found.add_answers(_items(page))
        finally:
            self.found.add_responses(call.step, listing, listed, count, detail=_said(listing))
        if listing.refused is not None and listing.refused.status == 403:
            self._say_end(collection, call, listing)
            self.shut[call.step] = _reason(listing.refused)

    def _latest(self, collection: Collection, size: int) -> None:
        """The latest posts of a uniform sample of the followers that were listed."""
        pages = collection.landing.pages(CALLS["followers"].step)
        listed = (str(item["id"]) for page in pages if page.good for item in _items(page) if item.get("id"))
        drawn = uniform_sample(listed, size, self.profile["id"])
        collection.landing.set_meta("sample", str(len(drawn)))
        call, protected = CALLS["latest"], 0
        for number, identifier in enumerate(drawn):
            asked = self._size(collection, call, self._path(call, identifier), [], None, LATEST)
            page = collection.try_get(**self._request(call, identifier, [("max_results", asked)]))
            if page is None:
                continue
            self._paid(collection, page)
            if page.status == 403:
                collection.note(f"Followers' own posts are not shown ({_reason(page)}).")
                return
            protected += page.good and _list_refusal(page) is not None
            collection.show("followers' latest posts", number + 1, len(drawn))
        if protected:
            collection.note(f"{protected:,} of the sampled followers protect their posts: their activity is unknown.")

    # -- calls --------------------------------------------------------------------------------------------------

    def _listing(
        self,
        collection: Collection,
        call: Call,
        identifier: str,
        more: Iterable[tuple[str, str]] = (),
        *,
        wanted: Any = lambda: None,
        claimed: int | None = None,
    ) -> Listing:
        """All pages of a list; `wanted` says how many objects are still of use (None: all); `claimed` is its counter.

        A conversation holds answers to answers too, so the counter of a post's answers does not bound it.
        """
        always = list(more)

        def ask(cursor: str | None) -> Page:
            given = [*always, *([("pagination_token", cursor)] if cursor is not None else [])]
            size = self._size(collection, call, self._path(call, identifier), given, wanted(), call.most)
            return self._get(collection, call, identifier, [("max_results", size), *given])

        what = f"The list of {call.step}"
        bound = None if call.step == "answers" else claimed
        return Listing(collection, what, ask, _following_token, _number, refusal=_list_refusal, claimed=bound)

    def _size(
        self,
        collection: Collection,
        call: Call,
        path: str,
        given: list[tuple[str, str]],
        wanted: int | None,
        most: int,
    ) -> int:
        """How many objects to ask for: a whole page, or what is left of the budget where that is less.

        A size that the budget forced is written down, so that another run asks for the same page and finds it.
        """
        full = min(max(most if wanted is None else wanted, call.least), most)
        mark = f"size {path}?{urlencode(given)}"
        before = collection.landing.meta(mark)
        if before is not None:
            return int(before)
        if collection.options.max_cost is None:
            return full
        left = collection.options.max_cost - collection.spent
        affordable = int((left + 1e-9) / call.most_expensive(owned=self.owned))
        if affordable >= full or self._is_there(collection, call, path, [("max_results", full), *given]):
            return full
        if affordable >= call.least:
            collection.landing.set_meta(mark, str(affordable))
        return max(affordable, call.least)

    def _is_there(self, collection: Collection, call: Call, path: str, parameters: list[tuple[str, str | int]]) -> bool:
        address = f"{self.address}{path}?{urlencode([*call.parameters(), *parameters])}"
        return collection.landing.get(address) is not None

    def _path(self, call: Call, identifier: str) -> str:
        return call.path.replace("{id}", identifier)

    def _ask(self, collection: Collection, call: Call, identifier: str = "") -> Page:
        """One object."""
        return self._get(collection, call, identifier, [])

    def _get(
        self, collection: Collection, call: Call, identifier: str, parameters: list[tuple[str, str | int]]
    ) -> Page:
        """One page, paid for.

        Raises:
            AccessDenied: the token is not taken, or there is nothing left to pay with.
            BudgetReached: it could cost more than what is left.
        """
        return self._paid(collection, collection.get(**self._request(call, identifier, parameters)))

    def _request(self, call: Call, identifier: str, parameters: list[tuple[str, str | int]]) -> dict[str, Any]:
        """What `Collection.get` and `try_get` are given."""
        number = int(dict(parameters).get("max_results", 1))
        return {
            "step": call.step,
            "url": self.address + self._path(call, identifier),
            "parameters": [*call.parameters(), *parameters],
            "bucket": call.bucket,
            "price": number * call.most_expensive(owned=self.owned),
        }

    def _paid(self, collection: Collection, page: Page) -> Page:
        """The page, where the token was taken and paid for; what it cost is added up."""
        if page.status == 401:
            raise AccessDenied(f"X rejected the token ({_reason(page)}).", hint="it may have expired: " + _GET_ONE)
        if page.status == 402:
            raise AccessDenied(
                f"X requires payment for this request ({_reason(page)}).",
                hint="buy credits in X's developer console; the same command resumes where it stopped.",
            )
        if page.asked:
            collection.spent += self._cost(page)
        return page

    def _cost(self, page: Page) -> float:
        call = CALLS.get(page.step)
        return cost(call, page.json, owned=self.owned) if call is not None and page.good else 0.0

    def _note(self, collection: Collection, text: str) -> None:
        """Say once what holds for many posts."""
        if text not in self.said:
            self.said.add(text)
            collection.note(text)

    def _say_end(self, collection: Collection, call: Call, listing: Listing) -> None:
        """Say where a list was refused."""
        if listing.refused is not None and not listing.failed:
            what = "not shown" if listing.refused.status == 403 else "not read completely"
            collection.note(f"The list of {call.step} was {what} ({_reason(listing.refused)}).")
