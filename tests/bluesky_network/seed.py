"""Write the plan into running servers through their own interface, and say what is then true.

Record keys are given, so the times of follows and posts lie in the past as if the servers had run for a year.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.bluesky_network.network import Network
from tests.bluesky_network.plan import LONELY, MAIN, QUIET, Following, Plan, Posting, Reacting, make_plan, tid
from tests.bluesky_network.truth import Account, Fate, Follow, Kind, Post, Reaction, World
from tests.bluesky_network.xrpc import ADMIN, bearer, procedure

THREADS = 8
LARGEST_BATCH = 200  # the limit of applyWrites
FOLLOW, POST, BLOCK, PROFILE = (
    "app.bsky.graph.follow",
    "app.bsky.feed.post",
    "app.bsky.graph.block",
    "app.bsky.actor.profile",
)
REACTION = {Kind.LIKE: "app.bsky.feed.like", Kind.REPOST: "app.bsky.feed.repost"}

Write = dict[str, Any]


def seed(network: Network, *, now: int | None = None, say: Callable[[str], None] = lambda _: None) -> World:
    """Fill the network with the planned world and return what is true of it; the AppView has indexed all of it."""
    plan = make_plan(time.time_ns() // 1000 if now is None else now)
    with ThreadPoolExecutor(THREADS) as pool:
        return _Seeder(network, plan, pool, say).run()


@dataclass
class _Seeder:
    network: Network
    plan: Plan
    pool: ThreadPoolExecutor
    say: Callable[[str], None]
    dids: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    references: dict[int, dict[str, str]] = field(default_factory=dict)  # by place of the post: its uri and cid
    seconds: dict[str, float] = field(default_factory=dict)

    def run(self) -> World:
        with self.timed("accounts"):
            self.create_accounts()
        with self.timed("profiles, follows and posts"):
            self.write_posts(along=self.first_writes())
        with self.timed("likes, reposts and blocks"):
            self.write(self.reactions_and_blocks())
        with self.timed("what is undone"):
            self.write(self.deletions())
            self.network.settle()
            self.write((f.source, self.follow_write(f)) for f in self.plan.follows if f.late)
            # A count made after an account is deleted leaves its follow out; older counters keep it.
            self.network.settle()
        with self.timed("fates"):
            self.meet_fates()
        with self.timed("indexing"):
            self.network.settle()
        return self.truth(self.create_app_password())

    def create_app_password(self) -> str:
        made = procedure(
            self.network.pds,
            "com.atproto.server.createAppPassword",
            {"name": "tests"},
            authorization=bearer(self.tokens[MAIN]),
        )
        return str(made["password"])

    @contextmanager
    def timed(self, part: str) -> Iterator[None]:
        started = time.monotonic()
        yield
        self.seconds[part] = round(time.monotonic() - started, 1)
        self.say(f"{part}: {self.seconds[part]} s")

    # --- Accounts ---

    def create_accounts(self) -> None:
        for did, token in self.pool.map(self.create_account, range(len(self.plan.people))):
            self.dids.append(did)
            self.tokens.append(token)

    def create_account(self, number: int) -> tuple[str, str]:
        handle = self.plan.people[number].handle
        body = {"handle": handle, "email": f"{number}@example.com", "password": _password(number)}
        made = procedure(self.network.pds, "com.atproto.server.createAccount", body)
        return made["did"], made["accessJwt"]

    # --- Records ---

    def write(self, writes: Iterable[tuple[int, Write]]) -> dict[tuple[int, str, str], dict[str, str]]:
        """Apply writes, each by the account with this number; gives uri and cid by account, collection and key."""
        by_account = defaultdict(list)
        for number, write in writes:
            by_account[number].append(write)
        batches = [
            (number, own[start : start + LARGEST_BATCH])
            for number, own in by_account.items()
            for start in range(0, len(own), LARGEST_BATCH)
        ]
        done: dict[tuple[int, str, str], dict[str, str]] = {}
        for (number, batch), results in zip(batches, self.pool.map(self.apply, batches), strict=True):
            for write, result in zip(batch, results, strict=True):
                done[number, write["collection"], write["rkey"]] = result
        return done

    def apply(self, batch: tuple[int, list[Write]]) -> list[dict[str, str]]:
        number, writes = batch
        # Keys that hold no time are refused in a validated write; those batches go without.
        validate = (
            {} if all(len(write["rkey"]) == 13 or write["rkey"] == "self" for write in writes) else {"validate": False}
        )
        body = {"repo": self.dids[number], "writes": writes, **validate}
        results = procedure(
            self.network.pds, "com.atproto.repo.applyWrites", body, authorization=bearer(self.tokens[number])
        )["results"]
        return results

    def first_writes(self) -> Iterator[tuple[int, Write]]:
        """Profiles and follows: they refer to no other record."""
        for number, person in enumerate(self.plan.people):
            if person.created_at is not None:
                yield number, self.profile_write(number)
        for follow in self.plan.follows:
            if not follow.late:
                yield follow.source, self.follow_write(follow)

    def profile_write(self, number: int) -> Write:
        person = self.plan.people[number]
        value: dict[str, Any] = {"createdAt": iso(person.created_at or 0)}
        if person.name is not None:
            value["displayName"] = person.name
        if person.asks_to_be_hidden:
            label = {"val": "!no-unauthenticated"}
            value["labels"] = {"$type": "com.atproto.label.defs#selfLabels", "values": [label]}
        return create(PROFILE, "self", value)

    def follow_write(self, follow: Following) -> Write:
        value = {"subject": self.dids[follow.target], "createdAt": iso(follow.created_at)}
        return create(FOLLOW, follow.key or tid(follow.time), value)

    def write_posts(self, along: Iterable[tuple[int, Write]]) -> None:
        """Posts in rounds: a post names the content of those it answers or quotes, so those are written before it.

        What refers to no post goes along with the first round.
        """
        waiting = dict(enumerate(self.plan.posts))
        while waiting:
            ready = {place: post for place, post in waiting.items() if self.can_be_written(post)}
            done = self.write([*along, *((post.author, self.post_write(post)) for post in ready.values())])
            along = ()
            # A reply that is indexed before the post it answers is taken for an invalid one for good.
            self.network.settle()
            for place, post in ready.items():
                result = done[post.author, POST, tid(post.time)]
                self.references[place] = {"uri": result["uri"], "cid": result["cid"]}
                del waiting[place]

    def can_be_written(self, post: Posting) -> bool:
        return all(place is None or place in self.references for place in (post.parent, post.root, post.quoted))

    def post_write(self, post: Posting) -> Write:
        value: dict[str, Any] = {"text": post.text, "createdAt": iso(post.time)}
        if post.parent is not None and post.root is not None:
            value["reply"] = {"root": self.references[post.root], "parent": self.references[post.parent]}
        if post.quoted is not None:
            value["embed"] = {"$type": "app.bsky.embed.record", "record": self.references[post.quoted]}
        if post.mentioned:
            value["facets"] = [self.mention(post.text, number) for number in post.mentioned]
        return create(POST, tid(post.time), value)

    def mention(self, text: str, number: int) -> dict[str, Any]:
        """The mark in a text that names an account; its place is counted in bytes."""
        name = f"@{self.plan.people[number].handle}"
        start = len(text[: text.index(name)].encode())
        feature = {"$type": "app.bsky.richtext.facet#mention", "did": self.dids[number]}
        return {"index": {"byteStart": start, "byteEnd": start + len(name.encode())}, "features": [feature]}

    def reactions_and_blocks(self) -> Iterator[tuple[int, Write]]:
        for reaction in self.plan.reactions:
            value = {"subject": self.references[reaction.post], "createdAt": iso(reaction.time)}
            yield reaction.actor, create(REACTION[reaction.kind], tid(reaction.time), value)
        for number, (source, target) in enumerate(self.plan.blocks):
            time = self.plan.now - number
            yield source, create(BLOCK, tid(time), {"subject": self.dids[target], "createdAt": iso(time)})

    def deletions(self) -> Iterator[tuple[int, Write]]:
        for follow in self.plan.follows:
            if follow.undone:
                yield follow.source, delete(FOLLOW, tid(follow.time))
        for post in self.plan.posts:
            if post.deleted:
                yield post.author, delete(POST, tid(post.time))
        for reaction in self.plan.reactions:
            if reaction.undone:
                yield reaction.actor, delete(REACTION[reaction.kind], tid(reaction.time))

    # --- Fates ---

    def meet_fates(self) -> None:
        """Accounts go, in one of four ways, and two lose their handles."""
        for _ in self.pool.map(self.meet_fate, range(len(self.plan.people))):
            pass
        for number, person in enumerate(self.plan.people):
            if person.loses_handle:
                self.network.lose_handle(self.dids[number])

    def meet_fate(self, number: int) -> None:
        fate, did, pds = self.plan.people[number].fate, self.dids[number], self.network.pds
        subject = {"$type": "com.atproto.admin.defs#repoRef", "did": did}
        takedown = {"subject": subject, "takedown": {"applied": True, "ref": "test"}}
        if fate is Fate.DEACTIVATED:
            procedure(pds, "com.atproto.server.deactivateAccount", {}, authorization=bearer(self.tokens[number]))
        elif fate is Fate.DELETED:
            procedure(pds, "com.atproto.admin.deleteAccount", {"did": did}, authorization=ADMIN)
        elif fate is Fate.TAKEN_DOWN:
            procedure(pds, "com.atproto.admin.updateSubjectStatus", takedown, authorization=ADMIN)
        elif fate is Fate.MODERATED:
            procedure(self.network.appview, "com.atproto.admin.updateSubjectStatus", takedown, authorization=ADMIN)

    # --- What is true now ---

    def truth(self, app_password: str) -> World:
        plan, dids = self.plan, self.dids
        posts = {
            self.references[place]["uri"]: self.true_post(place) for place, p in enumerate(plan.posts) if not p.deleted
        }
        return World(
            now=plan.now,
            main=dids[MAIN],
            quiet=dids[QUIET],
            lonely=dids[LONELY],
            main_password=_password(MAIN),
            app_password=app_password,
            accounts={did: self.true_account(number) for number, did in enumerate(dids)},
            follows=tuple(self.true_follow(f) for f in standing_follows(plan)),
            unfollowed=frozenset((dids[f.source], dids[f.target]) for f in plan.follows if f.undone),
            blocks=frozenset((dids[source], dids[target]) for source, target in plan.blocks),
            posts=posts,
            reactions=tuple(self.true_reaction(r) for r in plan.reactions if not r.undone),
            odd_follows={dids[number]: what for number, what in plan.odd_follows.items()},
            seconds=self.seconds,
        )

    def true_account(self, number: int) -> Account:
        person = self.plan.people[number]
        handle = "handle.invalid" if person.loses_handle else person.handle
        created_at = None if person.created_at is None else _whole_ms(person.created_at)
        return Account(self.dids[number], handle, person.name, created_at, person.fate, person.asks_to_be_hidden)

    def true_follow(self, follow: Following) -> Follow:
        created_at = _whole_ms(follow.created_at)
        time = follow.time if follow.key is None else created_at
        return Follow(
            self.dids[follow.source], self.dids[follow.target], follow.key or tid(follow.time), time, created_at
        )

    def true_post(self, place: int) -> Post:
        post = self.plan.posts[place]
        parent, root, quoted = (
            None if other is None else self.references[other]["uri"] for other in (post.parent, post.root, post.quoted)
        )
        mentioned = tuple(self.dids[number] for number in post.mentioned)
        uri = self.references[place]["uri"]
        return Post(uri, self.dids[post.author], post.time, post.text, parent, root, quoted, mentioned)

    def true_reaction(self, reaction: Reacting) -> Reaction:
        post = self.references[reaction.post]["uri"]
        return Reaction(reaction.kind, self.dids[reaction.actor], post, reaction.time)


def standing_follows(plan: Plan) -> list[Following]:
    """The follows that stand; of two records of the same follow the first, which is the one that the AppView keeps."""
    first: dict[tuple[int, int], Following] = {}
    for follow in plan.follows:
        if not follow.undone:
            first.setdefault((follow.source, follow.target), follow)
    return list(first.values())


def create(collection: str, key: str, value: dict[str, Any]) -> Write:
    """One new record."""
    return {
        "$type": "com.atproto.repo.applyWrites#create",
        "collection": collection,
        "rkey": key,
        "value": {"$type": collection, **value},
    }


def delete(collection: str, key: str) -> Write:
    """The end of a record."""
    return {"$type": "com.atproto.repo.applyWrites#delete", "collection": collection, "rkey": key}


def iso(time: int) -> str:
    """A time as clients write it: milliseconds, and a Z."""
    return datetime.fromtimestamp(time // 1000 / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _whole_ms(time: int) -> int:
    return time // 1000 * 1000


def _password(number: int) -> str:
    return f"password-of-{number}"
