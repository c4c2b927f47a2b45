"""How much data a picture of a curve needs, and the sentence that stands in its place where there is less.

A number with its interval shows how little it rests on; a line does not: the eye reads a shape into any five points.
So a curve is drawn, printed or returned only from these sizes on. The numbers beside it (counts, forecasts, headcount)
carry intervals and do not depend on these limits.
"""

from __future__ import annotations

__all__ = ["MIN_ARRIVALS", "MIN_CURVE_POSTS", "MIN_CURVE_REPLIES", "MIN_CURVE_RESPONDERS", "too_few", "too_few_replies"]

MIN_CURVE_REPLIES = 10
"""Replies with a known time behind a reply curve. The share replied at its middle has a standard error of
1 / (2 sqrt(n)): with 10 replies it is known to about 30 points (95%), with fewer the shape is chance."""

MIN_CURVE_RESPONDERS = 10
"""Distinct responders behind a curve of responders against posts; for the same reason as `MIN_CURVE_REPLIES`."""

MIN_CURVE_POSTS = 5
"""Posts behind that curve: each post is a point of its observed part, and it is extrapolated over as many again. With
fewer, most of the line would be drawn through 1 to 4 points."""

MIN_ARRIVALS = 20
"""Followers with a known order and creation date behind the picture of arrivals: a band of accounts made at one time
has to stand out from the others."""


def too_few(number: int, one: str, many: str, what: str = "a curve") -> str:
    """The sentence that stands in place of a curve, with the size of the sample.

    Args:
        number: the size of the sample; one, many: its noun; what: what is not drawn.
    """
    if not number:
        return f"No {one}: there is nothing to draw {what} from."
    return f"Only {number:,} {one if number == 1 else many}: too few for {what}."


def too_few_replies(timed: int, replies: int) -> str | None:
    """Why there is no reply curve; None where there are enough replies for one.

    Args:
        timed: replies with a known time; replies: all replies.
    """
    if timed >= MIN_CURVE_REPLIES:
        return None
    if timed == replies:
        return too_few(timed, "reply", "replies")
    return too_few(timed, "reply with a known time", "replies with a known time")
