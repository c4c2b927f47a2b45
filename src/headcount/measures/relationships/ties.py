"""With whom is there a relationship?

**Definitions.** A *contact* is an active interaction (reply, mention, quote) in the window; likes and
reposts are none. A *two-way tie* has at least one contact in each direction.

* strength: with weight 2^(-age / half-life) for each contact, w_out and w_in their sums and M the weighted
  length of the time looked at in months, sqrt(w_out w_in) / M: contacts a month in both directions, recent
  ones counting more;
* balance: smaller direction over larger (undecayed);
* reciprocity: two-way ties over all people who addressed the account, whoever wrote first;
* known share: two-way ties with followers over followers. The whole list is counted, so the interval
  (Wilson) is not
  one of sampling: it says how far the share could differ in another such year if each follower decided alone;
* state: days with a contact are counted in the recent part (the newest RECENT_DAYS) and before. Under one
  steady rate the recent days are binomial; *fading*: so few of them that chance explains it in at most
  CHANCE of cases;
  *new*: no contact before, and so many recent ones that chance explains it as rarely. Otherwise steady. Days
  are counted, not contacts, because a conversation of twenty replies is one meeting;
* layers: `layers`; of the ties with followers, by the geometric mean of both directions.

The window ends with the observation and begins where the data do: rates are per month of data. A contact
without a time is counted, weighs like one from a random day, and says nothing about the state.

Sources: geometric mean and balance, after Gilbert & Karahalios 2009 and Dunbar et al. 2015 (contact
frequency); docs/methods/ties.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from headcount import wording as say
from headcount.columns import Exchanges, Floats, Integers
from headcount.measures.follower_list import COMPLETE, FollowerList
from headcount.measures.relationships.layers import find_layers
from headcount.measures.result import Result
from headcount.measures.statistics.intervals import wilson
from headcount.support.record import Record
from headcount.support.times import DAY, Time, as_seconds, iso_text

__all__ = ["Layer", "Tie", "Ties", "ties"]


MONTH_DAYS = 365.25 / 12
RECENT_DAYS = 90.0
CHANCE = 0.025
MIN_BEFORE_DAYS = 30.0
"""Without that much time before the recent part nothing can be called new or fading."""
LAYER_DAYS, LAYER_TIES = 182.0, 10
"""Least length of data and least number of ties for layers (more than 6 months, 10 active alters)."""

State = Literal["new", "steady", "fading"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Tie(Record):
    """One two-way tie.

    Attributes:
        person: number of the other (see headcount.columns).
        sent, received: active interactions in each direction in the window.
        strength: decayed geometric mean of both directions, contacts a month.
        balance: smaller direction over larger, 0 to 1.
        last: seconds since 1970 of the last exchange; None where unknown.
        state: new, steady or fading.
        layer: 1 = innermost; None where layers are not clear, and for people who do not follow.
        follows: does the other follow? None where unknown (no list of followers, or not in one that is incomplete).
    """

    person: int
    sent: int
    received: int
    strength: float
    balance: float
    last: float | None
    state: Literal["new", "steady", "fading"]
    layer: int | None
    follows: bool | None


@dataclass(frozen=True, kw_only=True, repr=False)
class Layer(Record):
    """A circle of relationships.

    Attributes:
        layer: 1 = innermost.
        size: people up to and including this layer (cumulative).
        contacts_a_month: typical (median) contacts a month of the people in it.
    """

    layer: int
    size: int
    contacts_a_month: float


@dataclass(frozen=True, kw_only=True, repr=False)
class Ties(Result):
    """Two-way exchange between the account and others.

    Attributes:
        window_days: how far back it looks.
        count: two-way ties with followers (with anyone where the follower list is unknown);
            None where nothing that the account wrote is at hand.
        count_others: two-way ties with people who are not in the list of followers; None where there is no list.
        written_to: distinct people the account addressed; heard_from: distinct people who addressed it; None where
            the posts, or the responses, were not shown.
        reciprocity: share of those heard from to whom the account wrote back; low, high: 95% Wilson
            interval; None where nobody wrote.
        known_share: ties over followers; known_low, known_high: its 95% interval; None where followers are
            unknown.
        new, fading: number of ties in that state.
        layers: cumulative circles, innermost first; empty where not clear.
        layers_note: why there are no layers; None where there are.
        top: ties by strength, strongest first (all of them).
        too_little: why there is nothing to say; None where there is.
        follower_list: how completely the followers were listed; None where the caller of the measure did not say.
    """

    window_days: float
    count: int | None
    count_others: int | None
    written_to: int | None
    heard_from: int | None
    reciprocity: float | None
    reciprocity_low: float | None
    reciprocity_high: float | None
    known_share: float | None
    known_low: float | None
    known_high: float | None
    new: int
    fading: int
    layers: list[Layer]
    layers_note: str | None
    top: list[Tie]
    too_little: str | None
    follower_list: FollowerList | None = None

    def columns(self) -> dict[str, list[Any]]:
        """One row a tie, strongest first."""
        return {name: [getattr(tie, name) for tie in self.top] for name in Tie.__dataclass_fields__}

    def sentence(self) -> str:
        """How many two-way ties there are, and what share of followers and of correspondents that is."""
        if self.too_little is not None:
            return self.too_little
        words = self.follower_list or COMPLETE
        share_of, answered, count, heard_from = None, None, self.count or 0, self.heard_from or 0
        if self.known_share is not None and self.known_low is not None and self.known_high is not None:
            share_of = f"{say.share(self.known_share)} of {words.noun()}"
        reciprocity, low, high = self.reciprocity, self.reciprocity_low, self.reciprocity_high
        if reciprocity is not None and low is not None and high is not None:
            answered = (reciprocity, low, high, heard_from)
        whom = "person" if count == 1 else "people"
        if share_of is not None:
            whom = words.noun(count)
        return say.ties_sentence(
            "This account", count, whom, share_of, f"in the last {self.window_days:g} days", answered
        )


def ties(
    exchanges: Exchanges,
    *,
    member: NDArray[np.bool_] | None,
    followers: int | None,
    as_of: Time | float,
    window_days: float = 365.0,
    half_life_days: float = 90.0,
) -> Ties:
    """Find the two-way ties of one account.

    Args:
        exchanges: every active interaction between the account and others, both directions.
        member: (people,) True where that person follows the account; None where the follower list is unknown.
        followers: size of the follower list; None where unknown.
        as_of: end of the observation: a time (see `headcount.support.times`) or seconds since 1970.
        window_days: how far back to look.
        half_life_days: age at which an interaction counts half.
    """
    end = as_seconds(as_of)
    seen = _Window.cut(exchanges, end, window_days, half_life_days)
    both = np.flatnonzero((seen.sent > 0) & (seen.received > 0))
    follows = np.ones(len(both), bool) if member is None else member[both]
    layer, note = _layers(seen, both[follows])
    states = _states(seen, both)
    found = _list(seen, both, states, None if member is None else follows, dict(zip(both[follows], layer, strict=True)))
    count, heard = int(follows.sum()), int((seen.received > 0).sum())
    # without a word written by the account, silence and what was not collected cannot be told apart
    spoke = bool(seen.sent.any())
    reciprocity = _proportion(len(both), heard if spoke else 0)
    known = _proportion(count, None if member is None or not spoke else followers)
    return Ties(
        as_of=iso_text(end),
        window_days=window_days,
        count=count if spoke else None,
        count_others=None if member is None or not spoke else len(both) - count,
        written_to=int((seen.sent > 0).sum()),
        heard_from=heard,
        reciprocity=reciprocity[0],
        reciprocity_low=reciprocity[1],
        reciprocity_high=reciprocity[2],
        known_share=known[0],
        known_low=known[1],
        known_high=known[2],
        new=sum(state == "new" for state, ours in zip(states, follows, strict=True) if ours),
        fading=sum(state == "fading" for state, ours in zip(states, follows, strict=True) if ours),
        layers=_circles(layer, seen.frequency(both[follows])),
        layers_note=note,
        top=found,
        too_little=_too_little(heard, spoke=spoke),
    )


def _too_little(heard: int, *, spoke: bool) -> str | None:
    if spoke:
        return None
    if not heard:
        return "No replies, mentions or quotes to or from this account in the window."
    return (
        f"{heard:,} {'person' if heard == 1 else 'people'} wrote to this account, but no reply by it was found: "
        "either it never answers, or its replies were not collected."
    )


@dataclass(frozen=True)
class _Window:
    """The contacts of the window, by person.

    Attributes:
        sent, received: (people,) contacts in each direction.
        weight_sent, weight_received: (people,) the same, decayed, of two-way ties; 0 elsewhere.
        last: (people,) the newest contact; -inf where none has a time.
        days: length of the data within the window; months: its decayed length in months.
        person, age: of the contacts with a known time, age in days.
    """

    sent: Integers
    received: Integers
    weight_sent: Floats
    weight_received: Floats
    last: Floats
    days: float
    months: float
    person: Integers
    age: Floats

    @classmethod
    def cut(cls, exchanges: Exchanges, as_of: float, window_days: float, half_life_days: float) -> _Window:
        age = (as_of - exchanges.at) / DAY
        timed = ~np.isnan(age)
        inside = ~timed | ((age >= 0) & (age <= window_days))
        person, out, age, timed = exchanges.person[inside], exchanges.outgoing[inside], age[inside], timed[inside]
        days = float(min(window_days, max(age[timed].max(), 1.0))) if timed.any() else window_days
        rate = log(2) / half_life_days
        effective = (1 - np.exp(-rate * days)) / rate
        weight = np.where(timed, np.exp(-rate * np.where(timed, age, 0.0)), effective / days)
        people = int(exchanges.person.max()) + 1 if len(exchanges) else 0
        sent, received = np.bincount(person[out], minlength=people), np.bincount(person[~out], minlength=people)
        two_way = ((sent > 0) & (received > 0))[person]
        last = np.full(people, -np.inf)
        np.maximum.at(last, person[timed], as_of - age[timed] * DAY)
        return cls(
            sent=sent,
            received=received,
            weight_sent=_sums(person[two_way & out], weight[two_way & out], people),
            weight_received=_sums(person[two_way & ~out], weight[two_way & ~out], people),
            last=last,
            days=days,
            months=effective / MONTH_DAYS,
            person=person[timed],
            age=age[timed],
        )

    def frequency(self, person: Integers) -> Floats:
        """Contacts a month, geometric mean of both directions, undecayed."""
        both: Floats = np.sqrt(self.sent[person] * self.received[person])
        return both / (self.days / MONTH_DAYS)

    def strength(self, person: Integers) -> Floats:
        """Contacts a month, geometric mean of both directions, decayed."""
        return np.sqrt(self.weight_sent[person] * self.weight_received[person]) / self.months


def _sums(person: Integers, weight: Floats, people: int) -> Floats:
    """Sum of the weights of each person, added smallest first, so that the order of the rows changes no digit."""
    order = np.lexsort((weight, person))
    return np.bincount(person[order], weights=weight[order], minlength=people).astype(float)


def _states(seen: _Window, both: Integers) -> list[State]:
    """New, steady or fading, for each tie (see the module's text)."""
    before = seen.days - RECENT_DAYS
    if before < MIN_BEFORE_DAYS or not len(both):
        return ["steady"] * len(both)
    recent, earlier = _days_of_contact(seen, both)
    total, chance = recent + earlier, RECENT_DAYS / seen.days
    few = _at_least(earlier, total, 1 - chance) <= CHANCE
    many = _at_least(recent, total, chance) <= CHANCE
    codes = np.where(few, 2, np.where(many & (earlier == 0), 0, 1))
    names: tuple[State, ...] = ("new", "steady", "fading")
    return [names[code] for code in codes]


def _at_least(hits: Floats, trials: Floats, chance: float) -> Floats:
    """P(at least so many hits) under a binomial; by the incomplete beta function, 1 for no hits."""
    from scipy.special import betainc

    tail = betainc(np.maximum(hits, 1), trials - hits + 1, chance).astype(float)
    return np.where(hits > 0, tail, 1.0)


def _days_of_contact(seen: _Window, both: Integers) -> tuple[Floats, Floats]:
    """Distinct days with a contact in the recent part and before it, for each tie."""
    place = np.full(len(seen.sent), -1)
    place[both] = np.arange(len(both))
    row = place[seen.person]
    row, age = row[row >= 0], seen.age[row >= 0]
    width = int(seen.days) + 2
    pairs = np.unique(row * width + np.floor(age).astype(np.int64))
    row, recent = pairs // width, pairs % width < RECENT_DAYS
    return (
        np.bincount(row[recent], minlength=len(both)).astype(float),
        np.bincount(row[~recent], minlength=len(both)).astype(float),
    )


def _layers(seen: _Window, ties: Integers) -> tuple[list[int | None], str | None]:
    """The layer of each tie, and why there are none where there are none."""
    nothing: list[int | None] = [None] * len(ties)
    if len(ties) < LAYER_TIES:
        return nothing, f"Layers need at least {LAYER_TIES} two-way ties; there {_are(len(ties))}."
    if seen.days <= LAYER_DAYS or not len(seen.age):
        return nothing, f"Layers need more than 6 months of data; there are {seen.days:,.0f} days."
    contacts = np.sqrt(seen.sent[ties] * seen.received[ties]) * 2
    layer = find_layers(np.maximum(contacts.round(), 1).astype(np.int64))
    if layer is None:
        return nothing, "The contact frequencies decrease smoothly, without distinct layers."
    return [int(x) for x in layer], None


def _circles(layer: list[int | None], frequency: Floats) -> list[Layer]:
    """Cumulative sizes, innermost first."""
    number = np.array([x or 0 for x in layer], dtype=int)
    return [
        Layer(
            layer=i,
            size=int(((number > 0) & (number <= i)).sum()),
            contacts_a_month=float(np.median(frequency[number == i])),
        )
        for i in range(1, int(number.max(initial=0)) + 1)
    ]


def _list(
    seen: _Window,
    both: Integers,
    states: list[State],
    follows: NDArray[np.bool_] | None,
    layer: dict[np.int64, int | None],
) -> list[Tie]:
    strength = seen.strength(both)
    order = np.lexsort((both, -strength))
    return [
        Tie(
            person=int(both[i]),
            sent=int(seen.sent[both[i]]),
            received=int(seen.received[both[i]]),
            strength=float(strength[i]),
            balance=_balance(int(seen.sent[both[i]]), int(seen.received[both[i]])),
            last=float(seen.last[both[i]]) if np.isfinite(seen.last[both[i]]) else None,
            state=states[i],
            layer=layer.get(both[i]),
            follows=None if follows is None else bool(follows[i]),
        )
        for i in order
    ]


def _balance(sent: int, received: int) -> float:
    return min(sent, received) / max(sent, received)


def _proportion(part: int, whole: int | None) -> tuple[float | None, float | None, float | None]:
    if not whole:
        return None, None, None
    part = min(part, whole)
    return part / whole, *wilson(part, whole)


def _are(number: int) -> str:
    return "is 1" if number == 1 else f"are {number:,}"
