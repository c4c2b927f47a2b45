"""The cast of the demo: five accounts whose follower count says little about who answers."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from headcount.simulate.following import Follows
from headcount.simulate.people import Integers, People
from headcount.simulate.records import REPLY, AudienceTruth, exchange
from headcount.simulate.responding import Interactions, Posts, attention, kinds, make_posts, response_times
from headcount.simulate.settings import WorldSettings
from headcount.support.times import DAY

__all__ = ["CAST", "SHARES", "CastMember", "Planted", "answers_of", "plant"]

WINDOW_DAYS = 56.0


@dataclass(frozen=True)
class CastMember:
    """One account of the cast.

    Attributes:
        handle, name, who: how it is called, and a few words on it.
        followers: how many followers of each role.
        age_days: of the account.
        posts_a_week: how often it posts; a sixth of the posts are questions.
        closeness: how much likelier than an ordinary followee it gets a response from those who follow it.
        follows_back: share of its followers that it follows.
        answers: probability that it answers a reply.
        partners: people it talks with, as (how many, exchanges a week).
    """

    handle: str
    name: str
    who: str
    followers: dict[str, int]
    age_days: float
    posts_a_week: float
    closeness: float
    follows_back: float
    answers: float
    partners: tuple[tuple[int, float], ...] = ()


CAST = (
    CastMember(
        "ana", "Ana", "a person who answers",
        {"real": 205, "lurker": 50, "away": 25, "newcomer": 8, "organisation": 4, "auto_follow": 8},
        1200, 4.5, 4.0, 0.6, 0.8, ((3, 2.5), (8, 0.8), (16, 0.25)),
    ),
    CastMember(
        "promoter", "Grow With Pro", "a promoter, mostly auto-followers",
        {"auto_follow": 4880, "bought": 700, "real": 230, "lurker": 250, "away": 300, "newcomer": 100},
        900, 7.0, 0.25, 0.9, 0.02, ((2, 0.3),),
    ),
    CastMember(
        "collector", "The Collector", "a collector of followers",
        {"real": 9500, "lurker": 4400, "away": 3200, "newcomer": 600, "auto_follow": 5000, "bought": 2300},
        1300, 6.0, 0.012, 0.95, 0.01, ((4, 0.2),),
    ),
    CastMember(
        "celebrity", "Celeste", "a celebrity who never answers",
        {"real": 7000, "lurker": 3200, "away": 1300, "newcomer": 400, "organisation": 60, "auto_follow": 40},
        1400, 5.0, 0.5, 0.0, 0.0,
    ),
    CastMember(
        "newcomer", "Nils", "a newcomer",
        {"real": 16, "newcomer": 5, "lurker": 3, "auto_follow": 1},
        24, 1.5, 4.0, 0.9, 0.6, ((1, 1.0),),
    ),
)  # fmt: skip

SHARES = {
    "real": 0.42, "lurker": 0.17, "away": 0.12, "newcomer": 0.05, "organisation": 0.01, "auto_follow": 0.15,
    "bought": 0.07, "circuit": 0.01,
}  # fmt: skip


def answers_of(handle: str) -> float:
    """Probability that a member of the cast answers a reply."""
    return next(member.answers for member in CAST if member.handle == handle)


@dataclass
class Planted:
    """The cast inside a world.

    Attributes:
        people: everybody, the cast last. numbers: of the cast. handles: number -> handle.
        follows: of the cast and to the cast.
    """

    people: People
    numbers: Integers
    handles: dict[int, str]
    follows: list[Follows]

    def add_posts(
        self, settings: WorldSettings, posts: Posts, responses: Interactions, generator: np.random.Generator
    ) -> tuple[Posts, NDArray[np.bool_], Interactions]:
        """The posts of the cast in place of those drawn for it; the responses keep pointing at theirs."""
        now, weeks = settings.now.timestamp(), settings.observed_weeks
        start = np.maximum(now - weeks * 7 * DAY, self.people.joined[self.numbers])
        days = (now - start) / DAY
        rate = np.array([member.posts_a_week for member in CAST]) / 7
        number = np.maximum(np.round(rate * days).astype(np.int64), 3)
        row = np.repeat(np.arange(len(CAST)), number)
        author = self.numbers[row]
        own = make_posts(author, start[row], days[row], self.people.zone[author], now, 1 / 6, generator)
        # the cast has the highest numbers, so its posts come last and no index moves
        kept = posts.author < self.numbers[0]
        joined = Posts(
            np.concatenate([posts.author[kept], own.author]),
            np.concatenate([posts.at[kept], own.at]),
            np.concatenate([posts.question[kept], own.question]),
        )
        return joined, np.arange(len(joined)) >= kept.sum(), responses

    def respond(
        self,
        settings: WorldSettings,
        people: People,
        follows: Follows,
        posts: Posts,
        own: NDArray[np.bool_],
        following: NDArray[np.float64],
        generator: np.random.Generator,
    ) -> tuple[list[Interactions], tuple[AudienceTruth, ...]]:
        """Responses to the cast's posts and its conversations, and the truth of the next posts."""
        parts, truth = [], []
        for number, member in zip(self.numbers, CAST, strict=True):
            to_me = follows.followee == number
            standing = to_me & np.isnan(follows.gone)
            who, since = follows.follower[standing], follows.at[standing]
            response, seen, after = self._captures(
                settings,
                people,
                member,
                who,
                since,
                np.flatnonzero(own & (posts.author == number)),
                posts,
                following,
                generator,
            )
            talk, partners = self._talk(settings, people, int(number), member, who, generator)
            parts += [response, talk]
            names = list(settings.roles)
            roles = people.role[who]
            window = posts.at[own & (posts.author == number)] > settings.now.timestamp() - WINDOW_DAYS * DAY
            truth.append(
                AudienceTruth(
                    person=int(number),
                    handle=member.handle,
                    followers=len(who),
                    posts_in_window=int(window.sum()),
                    responders_in_window=seen,
                    responders_after=after,
                    relationships=partners,
                    auto_followers=int((roles == names.index("auto_follow")).sum()),
                    bought=int((roles == names.index("bought")).sum()),
                )
            )
        return parts, tuple(truth)

    def _captures(
        self,
        settings: WorldSettings,
        people: People,
        member: CastMember,
        who: Integers,
        since: NDArray[np.float64],
        mine: Integers,
        posts: Posts,
        following: NDArray[np.float64],
        generator: np.random.Generator,
    ) -> tuple[Interactions, int, int]:
        """Each follower's response to each post, past and to come."""
        now = settings.now.timestamp()
        chance = people.response[who] * attention(settings, following[who]) * member.closeness
        chance = np.where(people.last_active[who] > now - 30 * DAY, np.minimum(chance, 0.9), 0.0)
        inside = posts.at[mine] > now - WINDOW_DAYS * DAY
        reach = np.exp(settings.reach_spread * generator.standard_normal(len(mine) + int(inside.sum())))
        reach *= np.exp(-(settings.reach_spread**2) / 2)
        captured = generator.random((len(who), len(reach)), dtype=np.float32) < np.minimum(
            chance[:, None] * reach, 0.95
        )
        captured[:, : len(mine)] &= posts.at[mine] >= since[:, None]
        person, post = np.nonzero(captured[:, : len(mine)])
        at = response_times(settings, posts.at[mine[post]], people.zone[who[person]], generator)
        kind = kinds(settings, len(at), generator)
        kind = np.where(posts.question[mine[post]] & (generator.random(len(at)) < 0.6), REPLY, kind)
        seen_in_time = (at < now) & (at > people.joined[who[person]])
        person, post, at, kind = person[seen_in_time], post[seen_in_time], at[seen_in_time], kind[seen_in_time]
        seen = np.zeros(len(who), dtype=bool)
        seen[person[inside[post]]] = True
        after = seen | captured[:, len(mine) :].any(axis=1)
        number = np.full(len(at), posts.author[mine[0]] if len(mine) else 0)
        return Interactions(who[person], number, kind, mine[post], at), int(seen.sum()), int(after.sum())

    def _talk(
        self,
        settings: WorldSettings,
        people: People,
        number: int,
        member: CastMember,
        who: Integers,
        generator: np.random.Generator,
    ) -> tuple[Interactions, int]:
        """Conversation with partners in circles of falling frequency, over most of a year."""
        real = who[people.role[who] == list(settings.roles).index("real")]
        partners = generator.permutation(real)[: sum(many for many, _ in member.partners)]
        days = min(300.0, member.age_days)
        rate = np.repeat([rate for _, rate in member.partners], [many for many, _ in member.partners])[: len(partners)]
        times = np.maximum(generator.poisson(rate * days / 7), 1) if len(partners) else np.empty(0, dtype=np.int64)
        other = np.repeat(partners, times)
        me = np.full(len(other), number)
        first = generator.random(len(other)) < 0.5
        a, b = np.where(first, other, me), np.where(first, me, other)
        return exchange(settings, people, a, b, days, 0.85, generator), len(partners)


def plant(settings: WorldSettings, people: People, generator: np.random.Generator) -> Planted:
    """Add the cast to a platform's people, with its followers and those it follows."""
    now, base = settings.now.timestamp(), len(people)
    names = list(settings.roles)
    ages = np.array([member.age_days for member in CAST])
    numbers = base + np.arange(len(CAST))
    own = {
        "role": np.full(len(CAST), names.index("real")),
        "joined": now - ages * DAY,
        "last_active": np.full(len(CAST), now - 3600.0),
        "interest": np.arange(len(CAST)) % settings.interests,
        "zone": np.ones(len(CAST), dtype=np.int64),
        "posts_a_day": np.zeros(len(CAST)),
        "response": np.full(len(CAST), 0.01),
        "popularity": np.ones(len(CAST)),
        "following": np.ones(len(CAST)),
        "following_outside": np.zeros(len(CAST), dtype=np.int64),
        "followers_outside": np.zeros(len(CAST), dtype=np.int64),
        "community": np.full(len(CAST), -1),
        "circuit": np.full(len(CAST), -1),
    }
    everyone = People(**{f.name: np.concatenate([getattr(people, f.name), own[f.name]]) for f in fields(People)})
    follows = [
        part
        for number, member in zip(numbers, CAST, strict=True)
        for part in _circle(settings, everyone, int(number), member, generator)
    ]
    handles = {int(number): member.handle for number, member in zip(numbers, CAST, strict=True)}
    return Planted(everyone, numbers, handles, follows)


def _circle(
    settings: WorldSettings, people: People, number: int, member: CastMember, generator: np.random.Generator
) -> list[Follows]:
    """The followers of one account, bought ones in two deliveries, and those that it follows."""
    now, names = settings.now.timestamp(), list(settings.roles)
    small = settings.people < 30_000 and sum(member.followers.values()) > 1000
    scale = settings.people / 42_000 if small else 1.0
    chosen = []
    for role, many in member.followers.items():
        there = np.flatnonzero(people.role[: settings.people] == names.index(role))
        chosen.append(generator.permutation(there)[: max(int(many * scale), 1)])
    who = np.concatenate(chosen)
    role = people.role[who]
    earliest = np.maximum(people.joined[who], people.joined[number])
    latest = np.maximum(people.last_active[who], earliest + 60)
    at = earliest + (latest - earliest) * generator.random(len(who)) ** 1.5
    bought = role == names.index("bought")
    delivery = now - generator.choice([200.0, 430.0], size=len(who)) * DAY
    burst = delivery + generator.random(len(who)) * settings.burst_days * DAY
    at = np.where(bought, np.maximum(burst, people.joined[who] + 60), at)
    at = np.minimum(at, now - 60)
    auto = (role == names.index("auto_follow")) & (generator.random(len(who)) < 0.1)
    gone = np.where(auto, np.minimum(at + generator.exponential(20 * DAY, len(who)) + DAY, now - DAY / 2), np.nan)
    gone[gone <= at] = np.nan
    back = who[generator.random(len(who)) < member.follows_back]
    back_at = np.minimum(at[np.isin(who, back)] + generator.exponential(DAY, len(back)), now - 30)
    return [
        Follows(who, np.full(len(who), number), at, gone),
        Follows(np.full(len(back), number), who[np.isin(who, back)], back_at, np.full(len(back), np.nan)),
    ]
