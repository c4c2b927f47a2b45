"""What `headcount network` found, as plain values: summary.json, and what the page is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from headcount.network.figures import Binned, SizeClass

__all__ = ["SCHEMA", "AccountRow", "CorrelationRow", "GroupRow", "InfluencePart", "RingsPart", "Summary", "TalkPart"]

SCHEMA = "headcount-network-1"


@dataclass(frozen=True, kw_only=True)
class TalkPart:
    """The interactions that were read.

    Attributes:
        rows: interactions, those of accounts with themselves left out.
        unknown: rows left out because an account is in no follow.
        pairs: of accounts, of whom one responded to the other.
        first, last: ISO 8601; None where the data holds no times.
    """

    rows: int
    unknown: int
    pairs: int
    first: str | None
    last: str | None


@dataclass(frozen=True, kw_only=True)
class CorrelationRow:
    """Spearman's rho of two ways to rank; see `measures.influence.influence.RankPair`."""

    first: str
    second: str
    top: float
    rho: float | None
    low: float | None
    high: float | None
    accounts: int
    by_restriction: float | None


@dataclass(frozen=True, kw_only=True)
class AccountRow:
    """One account in a list; rates per 1,000 followers, places from 1."""

    account_id: str | None
    handle: str | None
    followers: int
    responders: int
    rate: float
    low: float
    high: float
    rank_by_followers: int
    rank_by_response: int
    best: int
    worst: int


@dataclass(frozen=True, kw_only=True)
class InfluencePart:
    """Influence by response; see docs/methods/influence.md.

    Attributes:
        sentence: the finding.
        accounts: whose response is known.
        compared: accounts that were ranked: all, or those with most followers on a very large platform.
        falling, rising: accounts that certainly rank lower, or higher, by response than by followers.
        top, fallers, risers: lists, the foremost first.
    """

    sentence: str
    accounts: int
    compared: int
    falling: int
    rising: int
    top: list[AccountRow]
    fallers: list[AccountRow]
    risers: list[AccountRow]


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    """One dense group with its evidence; see `measures.circuits.groups.FollowGroup`. Unknown is None."""

    number: int
    verdict: str
    members: int
    ties: int
    density: float
    significance: float | None
    reciprocity: float | None
    conversation: float | None
    conversation_low: float | None
    conversation_high: float | None
    replies_per_follow: float | None
    inside_share: float | None
    inside_ties: float
    link_share: float | None
    newcomers: float | None
    synchrony: float | None
    named: list[str]


@dataclass(frozen=True, kw_only=True)
class RingsPart:
    """Closed circuits and other dense groups.

    Attributes:
        sentence: the finding.
        circuits: closed circuits; None where no conversation is known.
        accounts: in them; None likewise.
        share, low, high: of all accounts, with interval; exact: why it has no width (all were looked at), or None.
        groups: dense groups, circuits first, at most so many as the page shows; rings.json has all.
        dense: how many dense groups there are.
    """

    sentence: str
    circuits: int | None
    accounts: int | None
    share: float | None
    low: float | None
    high: float | None
    exact: Literal["all looked at"] | None = None
    groups: list[GroupRow]
    dense: int


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A whole platform.

    Attributes:
        rows, missing, self_follows, duplicates: rows of follows that were read, and those left out and why; None
            where that is not known (a graph that was built elsewhere).
        mutual: follows that are returned; reciprocity: their share.
        components, largest_component: weakly connected parts, and accounts of the largest.
        highest_core, in_highest_core: largest k of which a k-core of returned follows is left, and accounts in it.
        response: followers against responders, as a picture; by rank over the network where responders are unknown.
        memory_bound, memory_peak: bytes, told beforehand and measured.
        seconds: of each step.
        notes: what was not known, and how to read it.
    """

    schema: str = SCHEMA
    headcount_version: str
    python_version: str
    engine: str
    made_at: str
    data: str
    accounts: int
    follows: int
    rows: int | None
    missing: int | None
    self_follows: int | None
    duplicates: int | None
    mutual: int
    reciprocity: float | None
    components: int | None
    largest_component: int | None
    highest_core: int | None
    in_highest_core: int | None
    iterations: int
    spammers: int | None
    talk: TalkPart | None
    correlations: list[CorrelationRow]
    influence: InfluencePart | None
    rings: RingsPart | None
    response: Binned | None
    response_is: str
    by_size: list[SizeClass]
    memory_bound: int
    memory_peak: int
    seconds: dict[str, float]
    notes: list[str]
