"""The charts of the page: Vega-Lite specifications kept as data files, filled with a report's numbers.

A chart never stands alone: it has a caption that says what it shows, a table of the same numbers for those who
cannot see it or run no script, and, where there is too little to draw, the sentence that says so.
The specifications name colours as `var(--accent)`; the page's script puts in those of the light or dark scheme.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

from headcount import wording as say
from headcount.measures.statistics.sample_size import MIN_CURVE_REPLIES
from headcount.report.render.svg import SHAPES

if TYPE_CHECKING:
    from headcount.measures.audience.audience import Audience, Curve
    from headcount.measures.follower_list import FollowerList
    from headcount.measures.question.results import Question, Test
    from headcount.report.data import ReportData
    from headcount.report.parts.arrival import ArrivalPart

__all__ = ["Chart", "charts"]

_TABLE_ROWS = 24
_REPLY_LINES = 40
_ALL, _WORDS = "all responses", "replies, mentions, quotes"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """One chart.

    Attributes:
        key: its name in the page.
        caption: what it shows, in a sentence.
        too_little: why it is not drawn; None where it is.
        spec: the Vega-Lite specification with its data; None where it is not drawn.
        head, rows: the same numbers as a table.
        labels: the classes that are drawn, for the key.
    """

    key: str
    caption: str = ""
    too_little: str | None = None
    spec: dict[str, Any] | None = None
    head: tuple[str, ...] = ()
    rows: Sequence[tuple[str, ...]] = ()
    labels: Sequence[str] = ()


def charts(report: ReportData) -> dict[str, Chart]:
    """The charts of a report by key: accumulation, reply_curve, arrival."""
    found = report.followers.follower_list
    made = (_accumulation(report.audience, found), _reply_curve(report.question), _arrival(report.arrival, found))
    return {chart.key: chart for chart in made}


def _spec(key: str, caption: str, **datasets: list[dict[str, Any]]) -> dict[str, Any]:
    source = resources.files("headcount.report") / "chart_specs" / f"{key}.json"
    spec: dict[str, Any] = json.loads(source.read_text(encoding="utf-8"))
    return {**spec, "description": caption, "datasets": datasets}


def _accumulation(audience: Audience, followers: FollowerList) -> Chart:
    key, curve = "accumulation", audience.curve
    if curve is None or not curve.posts or audience.observed is None:
        why = audience.too_little or audience.no_curve
        return Chart(key=key, too_little=why or "Too little data for a curve.")
    both = [(_ALL, curve)]
    if audience.curve_active is not None and audience.curve_active.posts:
        both.append((_WORDS, audience.curve_active))
    end = say.estimate(curve.responders[-1], curve.low[-1], curve.high[-1])
    is_part = audience.followers is not None and not followers.is_complete
    among = f" among {followers.all_of(audience.followers or 0)}" if is_part else ""
    caption = (
        f"Distinct responders{among} against posts. After {say.number_of(curve.seen, 'post')}, "
        f"{say.number_of(audience.observed or 0, 'person had', 'people had')} responded; after "
        f"{say.count(curve.posts[-1])} {end} are expected. Solid line: observed, averaged over "
        "the order of posts. Dashed line: predicted, with its 95% interval as a band."
    )
    if audience.no_curve_active is not None:
        caption += (
            f" Replies, mentions and quotes only: {audience.no_curve_active[0].lower()}{audience.no_curve_active[1:]}"
        )
    points = [point for who, line in both for point in _curve_points(who, line)]
    top = max(curve.high)
    ends = [_end(who, line, top) for who, line in both]
    spec = _spec(key, caption, curve=points, ends=ends, seen=[{"posts": curve.seen}])
    head = ("Posts", "Responses", "Distinct responders", "95% interval", "")
    return Chart(key=key, caption=caption, spec=spec, head=head, rows=_curve_rows(both))


def _curve_points(who: str, curve: Curve) -> list[dict[str, Any]]:
    points = []
    for posts, middle, low, high in zip(curve.posts, curve.responders, curve.low, curve.high, strict=True):
        about = f"{say.count(posts)} posts, {who}: {say.decimal(middle)} ({_limits(low, high)})"
        point = {"posts": posts, "responders": middle, "low": low, "high": high, "who": who, "about": about}
        points += [{**point, "part": part} for part in _parts(posts, curve.seen)]
    return points


def _parts(posts: float, seen: int) -> list[str]:
    """Seen, predicted, or, where the one line meets the other, both."""
    return [part for part, drawn in (("seen", posts <= seen), ("predicted", posts >= seen)) if drawn]


def _end(who: str, curve: Curve, top: float) -> dict[str, Any]:
    """The last point and its label: above the line, or below where another line lies above and the axis is far."""
    last = curve.responders[-1]
    place = "below" if who == _WORDS and last > 0.15 * top else "above"
    label = f"{who}: {say.estimate(last, curve.low[-1], curve.high[-1])}"
    return {"posts": curve.posts[-1], "responders": last, "who": who, "label": label, "place": place}


def _curve_rows(both: Sequence[tuple[str, Curve]]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for who, curve in both:
        for place in _thinned(curve):
            limits = _limits(curve.low[place], curve.high[place])
            part = "seen" if curve.posts[place] <= curve.seen else "predicted"
            middle = say.decimal(curve.responders[place])
            rows.append((say.count(curve.posts[place]), who, middle, limits, part))
    return rows


def _limits(low: float, high: float) -> str:
    """The interval of a point of the curve; those without width are counted or have nobody left to respond."""
    return "the only possible count" if low == high else f"{say.decimal(low)} to {say.decimal(high)}"


def _thinned(curve: Curve) -> list[int]:
    """Evenly spread places, the last of the seen and the last of all among them."""
    last = len(curve.posts) - 1
    step = max(last // (_TABLE_ROWS // 2), 1)
    seen = max((place for place in range(last + 1) if curve.posts[place] <= curve.seen), default=0)
    return sorted({*range(0, last + 1, step), seen, last})


def _reply_curve(question: Question) -> Chart:
    key, pooled = "reply_curve", question.pooled
    drawn = [test for test in question.tests if test.hours and test.cumulative][:_REPLY_LINES]
    if pooled is None or pooled.curve is None:
        why = question.too_little or (pooled.no_curve if pooled is not None else None)
        return Chart(key=key, too_little=why or "Too little data for a curve.")
    caption = _reply_caption(question, len(drawn))
    tests = [point for number, test in enumerate(drawn) for point in _test_points(number, test)]
    curve = pooled.curve
    middle: list[dict[str, Any]] = []
    rows: list[tuple[str, ...]] = []
    lows, highs = curve.low or curve.share, curve.high or curve.share
    known = curve.low is not None and curve.high is not None
    for hours, share, low, high in zip(curve.hours, curve.share, lows, highs, strict=True):
        middle.append({"hours": max(hours, 1 / 60), "share": share, "low": low, "high": high})
        rows.append((say.minutes(hours * 60), say.share(share), say.share_interval(low, high) if known else "unknown"))
    spec = _spec(key, caption, tests=tests, pooled=middle, marks=[{"hours": 24}])
    head = ("Time since the question", "Share of expected repliers", "95% interval over the questions")
    return Chart(key=key, caption=caption, spec=spec, head=head, rows=rows[:: max(len(rows) // _TABLE_ROWS, 1)])


def _reply_caption(question: Question, lines: int) -> str:
    pooled = question.pooled
    half = pooled.half_life_minutes if pooled is not None else None
    text = "Speed of replies: share of all expected repliers, by time since the question."
    if half is not None:
        text += f" Half of the replies arrive within {say.minutes(half)}."
    text += f" Thin lines are single questions ({lines} of {say.count(len(question.tests))} drawn"
    few = sum(test.no_curve is not None for test in question.tests)
    text += f"; {say.count(few)} with fewer than {MIN_CURVE_REPLIES} replies {say.are(few)} not)" if few else ")"
    if pooled is not None and pooled.curve is not None and pooled.curve.low is not None:
        return f"{text}, the thick line is the pooled curve with 95% band."
    return f"{text}."


def _test_points(number: int, test: Test) -> list[dict[str, Any]]:
    """A question's replies as a share of those who will reply in the end (of those so far, where that is unknown)."""
    hours, cumulative = test.hours or [], test.cumulative or []
    end = max(test.final_estimate or 0.0, float(cumulative[-1]))
    about = (
        f"{say.day(test.asked_at) if test.asked_at else 'unknown day'}: {say.shorten(test.text or test.post_id, 60)}"
    )
    pairs = [(1 / 60, 0), *zip(hours, cumulative, strict=True)]
    if test.hours_observed is not None and test.hours_observed > hours[-1]:
        pairs.append((test.hours_observed, cumulative[-1]))
    return [
        {"test": number, "hours": max(h, 1 / 60), "share": n / end if end else 0.0, "about": about} for h, n in pairs
    ]


def _arrival(arrival: ArrivalPart, followers: FollowerList) -> Chart:
    key = "arrival"
    if arrival.too_little is not None or not arrival.order:
        return Chart(key=key, too_little=arrival.too_little or "There is no data to draw.")
    size = Counter(arrival.label)
    drawn = len(arrival.order)
    kind = "" if followers.is_complete else f", {followers.qualifier}"
    caption = (
        f"Each point is a {followers.noun(1)}: horizontal, order of following; vertical, creation date of the "
        f"follower's account. {say.count(drawn)} points out of {followers.counted(arrival.known)} with both known "
        f"({say.count(arrival.followers)} in the list, including former followers{kind}). "
        "Organic followers form a cloud of old and new accounts. A level band (accounts created at one time "
        "that arrive together) indicates bulk delivery."
    )
    points: list[dict[str, Any]] = [
        {"order": order, "made": made[:10], "label": label}
        for order, made, label in zip(arrival.order, arrival.created_at, arrival.label, strict=True)
    ]
    points.sort(key=lambda point: -size[point["label"]])  # rare classes are drawn last, on top
    spec = _spec(key, caption, followers=points)
    spec["encoding"]["color"]["scale"] = {"domain": list(SHAPES), "range": [f"var(--{label})" for label in SHAPES]}
    spec["encoding"]["shape"]["scale"] = {"domain": list(SHAPES), "range": list(SHAPES.values())}
    labels = [label for label in SHAPES if size[label]]
    head = ("Account made in", *(say.CLASS_NAMES[label] for label in labels))
    return Chart(key=key, caption=caption, spec=spec, head=head, rows=_years(arrival, labels), labels=labels)


def _years(arrival: ArrivalPart, labels: Sequence[str]) -> list[tuple[str, ...]]:
    """The drawn points by the year in which the account was made, and class."""
    cells = Counter((made[:4], label) for made, label in zip(arrival.created_at, arrival.label, strict=True))
    years = sorted({year for year, _ in cells})
    return [(year, *(say.count(cells[year, label]) for label in labels)) for year in years]
