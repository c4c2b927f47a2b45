"""How many followers are listed, how completely their list was read, and the words for a count of them.

The length of a list that is not complete is a lower bound: 30 followers of a partial list are "30 listed followers",
never "30 followers", and a list that was refused or hidden is unknown, never empty. Every sentence, table and picture
that counts followers takes its words from here.
"""

from __future__ import annotations

from dataclasses import dataclass

from headcount.incoming import ListCoverage, Reason, State
from headcount.support.record import Record

__all__ = ["COMPLETE", "FollowerList", "follower_list", "followers_coverage"]


@dataclass(frozen=True, kw_only=True, repr=False)
class FollowerList(Record):
    """The list of followers behind a number.

    Attributes:
        state: complete, partial, sampled, refused, hidden or unknown (see `headcount.incoming.ListCoverage`).
        reason: why it is not complete; None where it is, or where that is unknown.
        listed: followers in the list that stand; None where there is no list.
        claimed: followers by the platform's counter; None where unknown.
        partial: False for a complete list; True where it is not complete, so that its length is a lower bound, or where
            there is none; None where that is unknown, as there is no counter to compare with.
    """

    state: State
    reason: Reason | None
    listed: int | None
    claimed: int | None
    partial: bool | None

    def summary(self) -> str:
        """The size of the list, and how completely it was read."""
        return f"{self.size()}, {self.state}"

    @property
    def is_complete(self) -> bool:
        """Are the listed followers all there are?"""
        return self.partial is False

    @property
    def qualifier(self) -> str:
        """What the list is, for brackets: "partial list", "list hidden"; empty where it is complete."""
        if self.is_complete:
            return ""
        if self.listed is None:
            return f"list {self.state}"
        if self.partial is None:
            return "completeness unknown"
        return "sample" if self.state == "sampled" else "partial list"

    @property
    def outsiders(self) -> str:
        """What people outside the list do: "do not follow" where it is complete."""
        return "do not follow" if self.is_complete or self.listed is None else "are not in the list"

    def noun(self, number: float = 2) -> str:
        """The word "followers", or "listed followers" where the list is not complete; singular for 1."""
        noun = "follower" if number == 1 else "followers"
        return noun if self.is_complete or self.listed is None else f"listed {noun}"

    def counted(self, number: float) -> str:
        """A count of them: "6,012 followers"; "30 listed followers" where the list is not complete."""
        return f"{number:,.0f} {self.noun(number)}"

    def all_of(self, number: float) -> str:
        """All of them, as after "of": "6,012 followers"; "the 30 listed followers"."""
        return self.counted(number) if self.is_complete else f"the {self.counted(number)}"

    def size(self, *, brackets: bool = True) -> str:
        """The list as a label: "6,012 followers", "30 of 1,000 followers listed (partial list)".

        Args:
            brackets: set what the list is in brackets; without them behind a comma.
        """
        if self.listed is None:
            return "followers unknown"
        if self.is_complete:
            return self.counted(self.listed)
        noun = "follower" if (self._claimed or self.listed) == 1 else "followers"
        start = f"{self.listed:,}" if self.listed else "none" if self._claimed else "no"
        return f"{start}{self._of} {noun} listed{f' ({self.qualifier})' if brackets else f', {self.qualifier}'}"

    def has(self, name: str) -> str:
        """The follower count of an account as a sentence without its end.

        "@alice has 6,012 followers", "30 of 1,000 followers of @alice are listed (partial list)", "30 followers of
        @alice are listed; whether the list is complete is unknown".
        """
        if self.listed is None:
            return f"the followers of {name} are unknown"
        if self.is_complete:
            return f"{name} has {self.counted(self.listed)}"
        noun = "follower" if (self._claimed or self.listed) == 1 else "followers"
        verb = "is" if self.listed < 2 else "are"
        if self.listed:
            start = f"{self.listed:,}{self._of} {noun}"
        else:
            start = f"none of the {self._claimed:,} {noun}" if self._claimed else "no follower"
        if self.partial is None:
            rest = "whether the list is complete is unknown" if self.listed else "whether there are more is unknown"
            return f"{start} of {name} {verb} listed; {rest}"
        return f"{start} of {name} {verb} listed ({self.qualifier})"

    @property
    def _claimed(self) -> int | None:
        """The counter, where it claims more than is listed."""
        return self.claimed if self.claimed is not None and self.claimed > (self.listed or 0) else None

    @property
    def _of(self) -> str:
        """How many there are by the counter: " of 1,000"; empty where it is unknown or claims no more."""
        return "" if self._claimed is None else f" of {self._claimed:,}"


COMPLETE = FollowerList(state="complete", reason=None, listed=0, claimed=None, partial=False)
"""The words for followers of whom a caller of the library handed in all there are."""


def followers_coverage(
    account_id: str,
    recorded: ListCoverage | None,
    *,
    listed: int | None,
    claimed: int | None,
    all_sampled: bool = False,
) -> ListCoverage:
    """How completely the list of followers was read; without a record, the platform's counter decides.

    Args:
        account_id: the account that is followed.
        recorded: what the source recorded of the list; None where it recorded nothing.
        listed: followers in the list that stand; None where there is no list.
        claimed: followers by the platform's counter; None where unknown.
        all_sampled: every follower in the list was drawn in a sample of it.
    """
    state: State = "unknown"
    reason: Reason | None = None
    if recorded is not None:
        state, reason = recorded.state, recorded.reason
        if state == "partial" and reason is None and claimed is not None and listed is not None and listed < claimed:
            reason = "shorter_than_counter"
    elif listed is None:
        reason = "not_collected"
    elif claimed is not None:
        state = "complete" if listed >= claimed else "partial"
        reason = None if listed >= claimed else "shorter_than_counter"
    if listed is None and state in ("partial", "sampled"):  # no entry of it is at hand
        state = "unknown"
    if all_sampled and listed and state != "complete":
        state, reason = "sampled", None
    return ListCoverage(
        account_id,
        "followers",
        state,
        reason,
        listed,
        claimed,
        recorded.detail if recorded is not None else None,
        recorded.observed_at if recorded is not None else None,
    )


def follower_list(coverage: ListCoverage) -> FollowerList:
    """The list of followers that a coverage describes."""
    unclear = coverage.state == "unknown" and coverage.listed is not None
    return FollowerList(
        state=coverage.state,
        reason=coverage.reason,
        listed=coverage.listed,
        claimed=coverage.claimed,
        partial=None if unclear else coverage.state != "complete",
    )
