"""Fills the running server through Mastodon's API, as clients would, and says what is then true.

Seeded: registrations, profiles, follows and unfollows, posts, replies, quotes, favourites and reblogs, each with the
token of the account that does it; then some followers are suspended and deleted through the API for moderators.

Where this server (mastodon-mock 0.6) differs from Mastodon, so that a test of it proves nothing:
- A page holds at most 40 entries everywhere; Mastodon's lists of accounts hold 80. `favourited_by` and `reblogged_by`
  give all entries at once, without a Link header. A full last page still names a next one, which is then empty.
- Follower lists go by the account's id; Mastodon's by an internal number of the follow, seen in the Link header only.
- `context` is whole without a token (Mastodon: 60 replies, 20 deep), and shows replies that are not public.
- Suspended accounts stay in follower lists, with `suspended: true`. Deleted ones are gone from them, yet counted.
- `hide_collections` cannot be set and hides nothing; there is no limited mode; `noindex` is always null.
- Rate limits are off unless asked for; X-RateLimit-Reset is then a number of seconds, not a date as in Mastodon.
- Ids are a counter; times have microseconds; `last_status_at` is a time, not a day.
All that, and a time in the past, is for `recorded.py`.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import httpx2 as httpx
from tests.mastodon_server.server import Server
from tests.mastodon_server.truth import Account, Fate, Kind, Post, Reaction, World

FOLLOWERS, OUTSIDERS = 300, 20
OTHER_FOLLOWS, FOLLOWED_BACK, FOLLOWED_STRANGERS, UNFOLLOWED, QUIET_FOLLOWERS = 150, 60, 10, 5, 25
POSTS, SILENT_POSTS, BIG_POST, DEEP_POST = 12, (2, 9), 5, 7
BIG_REPLIES, BIG_FAVOURITES, BIG_REBLOGS, DEPTH = 70, 90, 45, 24
BOTS, LOCKED, NO_BOT_NOTE, SUSPENDED, DELETED = 12, 8, 6, 4, 3


def seed_world(server: Server, seed: int = 11) -> World:
    """Write the world into an empty server; the same one for the same seed but for ids and times."""
    with httpx.Client(base_url=server.url, timeout=60) as client:
        return _Seeder(client, random.Random(seed)).run()


@dataclass
class _Seeder:
    client: httpx.Client
    chance: random.Random
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    follows: set[tuple[str, str]] = field(default_factory=set)
    unfollowed: set[tuple[str, str]] = field(default_factory=set)
    posts: dict[str, Post] = field(default_factory=dict)
    reactions: list[Reaction] = field(default_factory=list)
    notified: Counter[str] = field(default_factory=Counter)

    def run(self) -> World:
        self.cast()
        self.follow()
        self.write_posts()
        self.answer_posts()
        self.main_answers()
        self.moderate()
        return World(
            main=self.main,
            quiet=self.quiet,
            lonely=self.lonely,
            accounts=self.accounts,
            follows=frozenset(self.follows),
            unfollowed=frozenset(self.unfollowed),
            posts=self.posts,
            reactions=tuple(self.reactions),
            big=self.main_posts[BIG_POST],
            deep=self.main_posts[DEEP_POST],
            notified=self.notified,
        )

    def ask(self, method: str, path: str, account: str, **data: Any) -> Any:
        """One request with the account's token; any refusal is an error of the seeding."""
        answer = self.client.request(
            method, f"/api/v1/{path}", headers={"Authorization": f"Bearer {self.tokens[account]}"}, data=data or None
        )
        return answer.raise_for_status().json()

    # --- Accounts ---

    def register(self, name: str, note: str = "", *, bot: bool = False, locked: bool = False) -> str:
        """Make an account with its profile; gives its id."""
        form = {"username": name, "email": f"{name}@mail.example", "password": "long enough", "agreement": "true"}
        token = self.client.post("/api/v1/accounts", data=form).raise_for_status().json()["access_token"]
        own = self.client.patch(
            "/api/v1/accounts/update_credentials",
            headers={"Authorization": f"Bearer {token}"},
            data={"display_name": name.title(), "note": note, "bot": str(bot).lower(), "locked": str(locked).lower()},
        )
        number = str(own.raise_for_status().json()["id"])
        self.tokens[number] = token
        self.accounts[number] = Account(number, name, token, bot, locked, note, Fate.ACTIVE)
        return number

    def cast(self) -> None:
        """Everybody; bots and those who want no bots are among the followers."""
        self.main, self.quiet, self.lonely = (self.register(name) for name in ("main", "quiet", "lonely"))
        odd = self.chance.sample(range(FOLLOWERS), BOTS + LOCKED + NO_BOT_NOTE)
        bots, locked, unwilling = set(odd[:BOTS]), set(odd[BOTS : BOTS + LOCKED]), set(odd[BOTS + LOCKED :])
        self.followers = [
            self.register(f"follower_{n:03}", "#nobot" if n in unwilling else "", bot=n in bots, locked=n in locked)
            for n in range(FOLLOWERS)
        ]
        self.outsiders = [self.register(f"outsider_{n:02}") for n in range(OUTSIDERS)]
        gone = self.chance.sample(self.followers, SUSPENDED + DELETED)
        self.suspended, self.deleted = gone[:SUSPENDED], gone[SUSPENDED:]

    def moderate(self) -> None:
        """Suspend and delete accounts; a deleted one takes its posts and reblogs along."""
        for number in self.suspended:
            self.ask("POST", f"admin/accounts/{number}/action", self.main, type="suspend")
            self.accounts[number] = replace(self.accounts[number], fate=Fate.SUSPENDED, token=None)
        for number in self.deleted:
            self.ask("DELETE", f"admin/accounts/{number}", self.main)
            self.accounts[number] = replace(self.accounts[number], fate=Fate.DELETED, token=None)

    # --- Follows ---

    def follow(self) -> None:
        """Followers of the main account and the quiet one, whom the main account follows, and follows among others."""
        for source in self.followers:
            self.begin_follow(source, self.main)
        for source in self.chance.sample(self.followers, QUIET_FOLLOWERS):
            self.begin_follow(source, self.quiet)
        open_ones = [number for number in self.followers if not self.accounts[number].locked]
        known = [*self.chance.sample(open_ones, FOLLOWED_BACK), *self.outsiders[:FOLLOWED_STRANGERS]]
        for target in known:
            self.begin_follow(self.main, target)
        for _ in range(OTHER_FOLLOWS):
            self.begin_follow(*self.chance.sample(open_ones, 2))
        leaving = [number for number in self.followers if number not in {*self.suspended, *self.deleted}]
        for source in self.chance.sample(leaving, UNFOLLOWED):
            self.ask("POST", f"accounts/{self.main}/unfollow", source)
            self.follows.remove((source, self.main))
            self.unfollowed.add((source, self.main))

    def begin_follow(self, source: str, target: str) -> None:
        self.ask("POST", f"accounts/{target}/follow", source)
        self.follows.add((source, target))
        if target == self.main:
            self.notified["follow"] += 1

    # --- Posts and answers ---

    def write(
        self,
        author: str,
        text: str,
        *,
        parent: str | None = None,
        quoted: str | None = None,
        visibility: str = "public",
    ) -> str:
        """One post; gives its id. A reply begins with the name of whom it answers, as clients write them."""
        if parent is not None and (answered := self.posts[parent].author) != author:
            text = f"@{self.accounts[answered].name} {text}"
            self.notified["mention"] += answered == self.main
        fields = {"in_reply_to_id": parent, "quoted_status_id": quoted}
        data = {name: value for name, value in fields.items() if value is not None}
        made = self.ask("POST", "statuses", author, status=text, visibility=visibility, **data)
        time = datetime.fromisoformat(made["created_at"])
        self.posts[made["id"]] = Post(made["id"], author, time, text, visibility, parent, quoted)
        return str(made["id"])

    def react(self, kind: Kind, actor: str, post: str) -> None:
        """One favourite or reblog."""
        made = self.ask("POST", f"statuses/{post}/{kind}", actor)
        if kind is Kind.REBLOG:
            time = datetime.fromisoformat(made["created_at"])
            self.reactions.append(Reaction(kind, actor, post, made["id"], time))
        else:
            self.reactions.append(Reaction(kind, actor, post))
        self.notified[kind.value] += self.posts[post].author == self.main != actor

    def write_posts(self) -> None:
        """Posts of the main account (one of them continued, one unlisted, one for followers only) and the others."""
        self.main_posts = [self.write(self.main, f"Post {n} for all") for n in range(POSTS)]
        for part in range(2, 5):
            self.write(self.main, f"Part {part} of 4", parent=self.main_posts[0] if part == 2 else self.last_post())
        self.write(self.main, "Not in the public timelines", visibility="unlisted")
        self.write(self.main, "For followers", visibility="private")
        for n in range(3):
            self.write(self.quiet, f"Quiet post {n}")
        self.others_posts = [
            self.write(author, "A note of mine") for author in self.outsiders[:8] + self.followers[:12]
        ]

    def last_post(self) -> str:
        return next(reversed(self.posts))

    def answer_posts(self) -> None:
        """Answers to the main account's posts: none to two of them, many to one, a long chain to one."""
        steady = [number for number in self.followers if number not in self.deleted]
        self.responders = self.chance.sample(steady, 110) + self.outsiders[5:] + self.suspended
        self.weights = [self.chance.paretovariate(1.2) for _ in self.responders]
        for place, post in enumerate(self.main_posts):
            if place == BIG_POST:
                self.answer(post, BIG_REPLIES, BIG_FAVOURITES, BIG_REBLOGS, 6)
            elif place not in SILENT_POSTS:
                few = self.chance.randint
                self.answer(post, few(1, 8), few(2, 14), few(0, 5), few(0, 1))
        for number in self.deleted:
            self.react(Kind.FAVOURITE, number, self.main_posts[BIG_POST])
        self.answer_in_chain(self.main_posts[DEEP_POST])

    def answer(self, post: str, replies: int, favourites: int, reblogs: int, quotes: int) -> None:
        """Answers of all kinds; one reply in four answers another reply, one in ten is answered by the author."""
        direct: list[str] = []
        for author in self.chance.choices(self.responders, self.weights, k=replies):
            parent = self.chance.choice(direct) if direct and self.chance.random() < 0.25 else post
            made = self.write(author, "What a post", parent=parent)
            if parent == post:
                direct.append(made)
            if self.chance.random() < 0.1:
                self.write(self.main, "Thank you", parent=made)
        for actor in self.some(favourites):
            self.react(Kind.FAVOURITE, actor, post)
        for actor in self.some(reblogs):
            self.react(Kind.REBLOG, actor, post)
        for author in self.some(quotes):
            self.write(author, "Read this", quoted=post)

    def some(self, count: int) -> list[str]:
        """So many different ones who answer."""
        chosen: dict[str, None] = {}
        while len(chosen) < count:
            chosen[self.chance.choices(self.responders, self.weights)[0]] = None
        return list(chosen)

    def answer_in_chain(self, post: str) -> None:
        """A reply to a reply to a reply …; nobody in it is suspended, so that each is shown."""
        active = [number for number in self.responders if number not in self.suspended]
        for _ in range(DEPTH):
            post = self.write(self.chance.choice(active), "And further", parent=post)

    def main_answers(self) -> None:
        """What the main account does itself under others' posts."""
        for post in self.others_posts[:6]:
            self.write(self.main, "A word from me", parent=post)
        for post in self.others_posts[4:9]:
            self.react(Kind.FAVOURITE, self.main, post)
        for post in self.others_posts[8:11]:
            self.react(Kind.REBLOG, self.main, post)
