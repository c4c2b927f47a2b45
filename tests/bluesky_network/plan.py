"""What the seeded network will hold, drawn from one seed before anything is written: people are numbers here.

Number 0 is the main account, 1 the quiet one, 2 the lonely one; then come those who follow the main account at some
time, then outsiders. The traps that a reader of the public interface can step into are in it on purpose, each by name.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass, field, replace
from typing import Any

from tests.bluesky_network.truth import Fate, Kind

MAIN, QUIET, LONELY, FIRST_FOLLOWER = 0, 1, 2, 3
FOLLOWERS = int(os.environ.get("HEADCOUNT_BLUESKY_FOLLOWERS", "430"))
"""`make check-long` seeds a thousand and more: each is an account with keys and a repository of its own."""
OUTSIDERS = 37
PEOPLE = FIRST_FOLLOWER + FOLLOWERS + OUTSIDERS
OTHER_FOLLOWS = 9  # on average per person, besides the main account
QUIET_FOLLOWERS = 25
TOP_POSTS, WEEKS = 40, 8
BIG_POST, DEEP_POST, UNSEEN_POST, SILENT_POSTS = 20, 15, 25, (8, 30)
DEPTH = 26

SECOND = 1_000_000
HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND

FATES = {Fate.DEACTIVATED: 12, Fate.DELETED: 10, Fate.TAKEN_DOWN: 6, Fate.MODERATED: 4}
BLOCKING, BLOCKED, UNFOLLOWED, REFOLLOWED, TWICE = 8, 5, 15, 4, 3
WRONG_DATE, NO_TIME_IN_KEY, KEY_IN_FUTURE, LOST_HANDLE = 6, 3, 2, 2
NO_PROFILE, HIDDEN = 70, 40

ODD_HANDLES = ("007", "a-1", "xn--mnchen-3ya", "abcdefghijklmnopqr", "1-2-3-4-5", "false", "true", "inf", "0x1f", "1e9")
ODD_NAMES = (
    "🧡",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 family",
    "\U0001f3f3\ufe0f\u200d\U0001f308",
    "مرحبا بالعالم",
    "שלום",
    "山田太郎",
    "\u202ereversed",
    "Zoe\u0308\u0301",
    "\u200b\u200b",
    "<b>bold</b><script>alert(1)</script>",
    '=HYPERLINK("x")',
    "'; DROP TABLE accounts; --",
    "a|b,c\td",
    "line\nbreak",
    "\x1b[31mred\x1b[0m",
    "null",
    "",
    " ",
    "W" * 64,
    "{{ 7*7 }}",
    "&amp;",
    "𝕱𝖆𝖓𝖈𝖞",
)
_FIRST = (
    "amber",
    "brisk",
    "calm",
    "dusty",
    "early",
    "fuzzy",
    "gentle",
    "happy",
    "jolly",
    "keen",
    "lucky",
    "noble",
    "shy",
)
_SECOND = (
    "ash",
    "birch",
    "cedar",
    "elm",
    "fern",
    "heath",
    "iris",
    "kelp",
    "lily",
    "moss",
    "oak",
    "pine",
    "reed",
    "vine",
)


def tid(time: int) -> str:
    """The record key of a time: microseconds and a clock number in 13 characters that sort like the time does."""
    number = time << 10 | 3
    return "".join("234567abcdefghijklmnopqrstuvwxyz"[number >> shift & 31] for shift in range(60, -1, -5))


@dataclass
class Person:
    """One account to make."""

    handle: str
    name: str | None
    created_at: int | None
    fate: Fate = Fate.ACTIVE
    asks_to_be_hidden: bool = False
    loses_handle: bool = False


@dataclass(frozen=True)
class Following:
    """One follow record to write; `key` only where it is to be something else than the time."""

    source: int
    target: int
    time: int
    created_at: int
    key: str | None = None
    late: bool = False  # written after all others
    undone: bool = False


@dataclass(frozen=True)
class Posting:
    """One post to write; parent, root and quoted are places in the list of all posts."""

    author: int
    time: int
    text: str
    parent: int | None = None
    root: int | None = None
    quoted: int | None = None
    mentioned: tuple[int, ...] = ()
    deleted: bool = False


@dataclass(frozen=True)
class Reacting:
    """One like or repost to write."""

    kind: Kind
    actor: int
    post: int
    time: int
    undone: bool = False


@dataclass
class Plan:
    """All that will be written."""

    now: int
    people: list[Person] = field(default_factory=list)
    follows: list[Following] = field(default_factory=list)
    posts: list[Posting] = field(default_factory=list)
    reactions: list[Reacting] = field(default_factory=list)
    blocks: list[tuple[int, int]] = field(default_factory=list)
    odd_follows: dict[int, str] = field(default_factory=dict)


def make_plan(now: int, seed: int = 3) -> Plan:
    """The same plan for the same seed, moved in time to end at `now` (microseconds)."""
    return _Planner(now, random.Random(seed)).plan


class _Planner:
    def __init__(self, now: int, chance: random.Random) -> None:
        self.chance, self.plan, self.now = chance, Plan(now), now
        self.used: set[int] = set()
        self.cast()
        self.follow_main()
        self.follow_others()
        self.choose_responders()
        self.post()
        self.answer_main()
        self.main_answers()
        self.others_answer()

    # --- Who ---

    def cast(self) -> None:
        """Everybody with name, profile and fate; those with a fate of their own are drawn without overlap."""
        chance, people = self.chance, self.plan.people
        handles = ["main-account", "quiet-account", "lonely-account", *ODD_HANDLES]
        handles += [
            f"{chance.choice(_FIRST)}-{chance.choice(_SECOND)}-{number}" for number in range(len(handles), PEOPLE)
        ]
        for handle in handles:
            name = handle.replace("-", " ").title() if chance.random() < 0.8 else None
            people.append(Person(f"{handle}.test", name, self.now - chance.randint(450 * DAY, 1_500 * DAY)))
        for number, name in enumerate(ODD_NAMES, start=20):
            people[number].name = name
        # The first hundred followers stay as they are, so that odd handles and names are seen.
        self.drawable = chance.sample(range(FIRST_FOLLOWER + 100, FIRST_FOLLOWER + FOLLOWERS), FOLLOWERS - 100)
        for fate, count in FATES.items():
            for number in self.draw(count):
                people[number].fate = fate
        self.blocking, self.blocked = self.draw(BLOCKING), self.draw(BLOCKED)
        self.plan.blocks = [(n, MAIN) for n in self.blocking] + [(MAIN, n) for n in self.blocked]
        for number in self.draw(NO_PROFILE):
            people[number].name = people[number].created_at = None
        for number in self.draw(HIDDEN):
            people[number].asks_to_be_hidden = True
        for number in self.draw(LOST_HANDLE):
            people[number].loses_handle = True

    def draw(self, count: int) -> list[int]:
        """So many followers that nothing else was drawn for yet."""
        return [self.drawable.pop() for _ in range(count)]

    def moment(self, earliest: int, latest: int) -> int:
        """A time of which there is only one: record keys are times, and must differ within a repository."""
        while (time := self.chance.randint(earliest, latest)) in self.used:
            pass
        self.used.add(time)
        return time

    # --- Follows ---

    def follow_main(self) -> None:
        """The followers of the main account, with all that can be odd about a follow."""
        counts = {
            "unfollowed": UNFOLLOWED,
            "refollowed": REFOLLOWED,
            "two records": TWICE,
            "wrong createdAt": WRONG_DATE,
            "no time in key": NO_TIME_IN_KEY,
            "key in the future": KEY_IN_FUTURE,
        }
        odd = {number: what for what, count in counts.items() for number in self.draw(count)}
        for number in range(FIRST_FOLLOWER, FIRST_FOLLOWER + FOLLOWERS):
            self.plan.follows += self.follows_of_main(number, odd.get(number, ""))
        self.plan.odd_follows = odd

    def follows_of_main(self, number: int, odd: str) -> list[Following]:
        """The records of one follower."""
        usual = self.following(number, MAIN)
        later = self.moment(usual.time + 1, self.now - HOUR // 2)
        again = replace(usual, time=later, created_at=later, late=True)
        ancient = self.now - self.chance.randint(1_600 * DAY, 3_000 * DAY)
        future = self.moment(self.now + 3_000 * DAY, self.now + 4_000 * DAY)
        return {
            "unfollowed": [replace(usual, undone=True)],
            "refollowed": [replace(usual, undone=True), again],
            "two records": [usual, again],
            "wrong createdAt": [replace(usual, created_at=ancient)],
            "no time in key": [replace(usual, key=f"follow-{number}")],
            "key in the future": [replace(usual, key=tid(future))],
        }.get(odd, [usual])

    def following(self, source: int, target: int) -> Following:
        time = self.moment(self.now - 400 * DAY, self.now - HOUR)
        return Following(source, target, time, time)

    def follow_others(self) -> None:
        """Follows among all; the main account follows back some and strangers too, and has unfollowed a few."""
        followers = range(FIRST_FOLLOWER, FIRST_FOLLOWER + FOLLOWERS)
        popular = self.chance.choices(followers, weights=[1 / (1 + rank) ** 0.6 for rank in range(FOLLOWERS)], k=60_000)
        for source in range(FIRST_FOLLOWER, PEOPLE):
            wanted = self.chance.randint(2, 2 * OTHER_FOLLOWS - 2)
            for target in dict.fromkeys(self.chance.sample(popular, wanted)):
                if target != source:
                    self.plan.follows.append(self.following(source, target))
        strangers = range(FIRST_FOLLOWER + FOLLOWERS, FIRST_FOLLOWER + FOLLOWERS + 20)
        for target in [*self.chance.sample(followers, 180), *strangers, *self.blocking[:4], QUIET]:
            if (MAIN, target) not in {(f.source, f.target) for f in self.plan.follows[-220:]}:
                self.plan.follows.append(self.following(MAIN, target))
        ended = self.chance.sample(range(len(self.plan.follows) - 190, len(self.plan.follows) - 30), 8)
        for place in ended:
            self.plan.follows[place] = replace(self.plan.follows[place], undone=True)
        for source in self.chance.sample(followers, QUIET_FOLLOWERS):
            self.plan.follows.append(self.following(source, QUIET))

    # --- Posts ---

    def write(self, author: int, time: int, text: str, **more: Any) -> int:
        """Add a post; gives its place."""
        self.plan.posts.append(Posting(author, time, text, **more))
        return len(self.plan.posts) - 1

    def reply(self, author: int, parent: int, text: str, *, deleted: bool = False) -> int:
        """Add a reply some time after what it answers."""
        above = self.plan.posts[parent]
        root = above.root if above.root is not None else parent
        return self.write(author, self.after(above.time), text, parent=parent, root=root, deleted=deleted)

    def after(self, time: int) -> int:
        """A moment after another one: mostly within hours, at times after days, and never in the future."""
        delay = int(self.chance.lognormvariate(0.0, 1.8) * HOUR)
        earliest = min(time + SECOND, self.now - SECOND)
        return self.moment(earliest, max(earliest, min(time + 2 * delay, self.now - SECOND)) + 1_000)

    def post(self) -> None:
        """Posts of the main account (two of them old, one hardly out, one deleted), the quiet one and the others."""
        times = [
            self.now - WEEKS * 7 * DAY + self.chance.randint(0, (WEEKS * 7 - 2) * DAY) for _ in range(TOP_POSTS - 3)
        ]
        times = sorted([*times, self.now - 200 * DAY, self.now - 100 * DAY, self.now - 2 * HOUR])
        self.main_posts = [self.write(MAIN, time, f"Post {place} 🧡 for all") for place, time in enumerate(times)]
        self.deleted_post = self.write(MAIN, self.now - 12 * DAY, "This one was deleted", deleted=True)
        for week in range(3):
            self.write(QUIET, self.now - (2 * week + 1) * 7 * DAY, f"Quiet post {week}")
        for author in range(FIRST_FOLLOWER, PEOPLE):
            for number in range(self.chance.choice((0, 0, 0, 1, 1, 2, 3, 4))):
                self.write(author, self.moment(self.now - 120 * DAY, self.now - HOUR), f"Note {number} of mine")
        self.others_posts = range(self.deleted_post + 4, len(self.plan.posts))
        self.own_thread()

    def own_thread(self) -> None:
        """A post that its author continues five times; people answer the first part and the fourth."""
        part = self.main_posts[12]
        for number in range(2, 7):
            part = self.reply(MAIN, part, f"Part {number} of 6")
            if number == 4:
                for _ in range(6):
                    self.reply(self.somebody(), part, "To part four")

    # --- Answers to the main account ---

    def choose_responders(self) -> None:
        """Who answers, and how often: few do most of it. All who are gone or blocked answered while they could."""
        everybody = range(FIRST_FOLLOWER, PEOPLE)
        talkative = self.chance.sample(everybody, len(everybody) // 2)
        unseen = [n for n in everybody if self.plan.people[n].fate is not Fate.ACTIVE] + self.blocking + self.blocked
        self.responders = list(dict.fromkeys([*talkative, *unseen]))
        self.weights = [self.chance.paretovariate(1.1) for _ in self.responders]
        self.unseen = unseen

    def somebody(self) -> int:
        """One who answers."""
        return self.chance.choices(self.responders, self.weights)[0]

    def some(self, count: int) -> list[int]:
        """So many different ones who answer."""
        chosen: dict[int, None] = {}
        while len(chosen) < count:
            chosen[self.somebody()] = None
        return list(chosen)

    def answer_main(self) -> None:
        """Answers to the posts of the main account: none to two of them, many to one, few to the others."""
        for place, post in enumerate(self.main_posts):
            if place in SILENT_POSTS:
                continue
            if place == BIG_POST:
                self.answer(post, replies=150, likes=min(250, len(self.responders) * 3 // 4), reposts=140, quotes=140)
            else:
                few = self.chance.randint
                self.answer(post, replies=few(1, 22), likes=few(5, 80), reposts=few(0, 12), quotes=few(0, 5))
        self.unseen_answers()
        self.deep_thread(self.main_posts[DEEP_POST])
        for _ in range(3):
            self.reply(self.somebody(), self.deleted_post, "To a post that is gone")
        for _ in range(80):
            text = f"Look what @{self.plan.people[MAIN].handle} wrote"
            self.write(self.somebody(), self.moment(self.now - 50 * DAY, self.now - HOUR), text, mentioned=(MAIN,))

    def answer(self, post: int, *, replies: int, likes: int, reposts: int, quotes: int) -> None:
        """Answers of all kinds; one reply in four answers another reply, one in ten is answered by the author."""
        direct = []
        for author in self.some(replies):
            if direct and self.chance.random() < 0.25:
                self.reply(author, self.chance.choice(direct), "I agree with you")
            else:
                direct.append(self.reply(author, post, "What a post"))
            if self.chance.random() < 0.1:
                self.reply(MAIN, len(self.plan.posts) - 1, "Thank you")
        self.react(Kind.LIKE, self.some(likes), post)
        self.react(Kind.REPOST, self.some(reposts), post)
        for author in self.some(quotes):
            self.write(author, self.after(self.plan.posts[post].time), "Read this", quoted=post)

    def react(self, kind: Kind, people: list[int], post: int) -> None:
        """Likes or reposts of one post; one in a hundred is taken back."""
        for actor in people:
            time, undone = self.after(self.plan.posts[post].time), self.chance.random() < 0.01
            self.plan.reactions.append(Reacting(kind, actor, post, time, undone))

    def unseen_answers(self) -> None:
        """Every account that is gone or blocked answered one post in every way, and others answered below its reply."""
        post = self.main_posts[UNSEEN_POST]
        for author in self.unseen:
            reply = self.reply(author, post, "Soon I am gone")
            self.write(author, self.after(self.plan.posts[post].time), "Quoted, then gone", quoted=post)
            if self.chance.random() < 0.3:
                self.reply(self.somebody(), reply, "Below one that is gone")
        already = {(r.kind, r.actor) for r in self.plan.reactions if r.post == post}
        for kind in (Kind.LIKE, Kind.REPOST):
            self.react(kind, [author for author in self.unseen if (kind, author) not in already], post)
        for _ in range(6):
            gone = self.reply(self.somebody(), post, "Deleted later", deleted=True)
            self.reply(self.somebody(), gone, "Below a deleted reply")

    def deep_thread(self, post: int) -> None:
        """Two people who go on and on, deeper than one view of a thread shows."""
        pair = [n for n in self.some(40) if n not in self.unseen][:2]
        for turn in range(DEPTH):
            post = self.reply(pair[turn % 2], post, f"Turn {turn}")

    # --- Answers of and among the others ---

    def main_answers(self) -> None:
        """What the main account does itself: replies to, likes, reposts and quotes of others' posts."""
        posts = self.chance.sample(self.others_posts, 200)
        for place, post in enumerate(posts):
            time = self.after(self.plan.posts[post].time)
            self.plan.reactions.append(Reacting(Kind.LIKE, MAIN, post, time, undone=place % 50 == 7))
            if place % 3 == 0:
                self.reply(MAIN, post, "Well said")
            if place % 10 == 1:
                self.plan.reactions.append(Reacting(Kind.REPOST, MAIN, post, self.after(time)))
            if place % 20 == 2:
                self.write(MAIN, self.after(time), "Read this", quoted=post)

    def others_answer(self) -> None:
        """A little among the others."""
        for post in self.chance.sample(self.others_posts, 400):
            for actor in self.chance.sample(range(FIRST_FOLLOWER, PEOPLE), 3):
                self.plan.reactions.append(Reacting(Kind.LIKE, actor, post, self.after(self.plan.posts[post].time)))
            if self.chance.random() < 0.5:
                self.reply(self.somebody(), post, "Yes")
