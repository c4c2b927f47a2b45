"""The page of a whole platform: one HTML file that needs nothing else, drawn without JavaScript."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headcount import wording as say
from headcount.network.figures import PER_DECADE, Binned

if TYPE_CHECKING:
    from headcount.network.summary import CorrelationRow, GroupRow, Summary

__all__ = ["render_page"]

GROUPS_SHOWN = 12

RANKS = {
    "followers": "followers",
    "response": "responders",
    "pagerank": "PageRank",
    "interaction": "PageRank over interactions",
}

RESPONSE = "followers that responded"


@dataclass(frozen=True)
class Cell:
    """A square of the picture, in units of its box; `weight` 0 to 1 by the logarithm of the accounts in it."""

    x: float
    y: float
    width: float
    height: float
    weight: float
    about: str


@dataclass(frozen=True)
class Picture:
    """Accounts by two logarithmic scales, for a box of `width` and `height`.

    Attributes:
        across, up: place and label of the ticks.
        medians: a tick in each column, place and width.
        zero: height of the row of those with 0; None where nobody has.
    """

    width: float
    height: float
    left: float
    bottom: float
    cells: list[Cell]
    across: list[tuple[float, str]]
    up: list[tuple[float, str]]
    medians: list[tuple[float, float, float]]
    zero: float | None


def render_page(summary: Summary) -> str:
    """The page as HTML.

    Args:
        summary: all that is on it.
    """
    from headcount.report.render import html, svg

    pictures = []
    if summary.response is not None:
        pictures = [("wide", draw(summary.response, 760, 420)), ("narrow", draw(summary.response, 340, 300))]
    page = html._environment().get_template("network.html.j2")
    return page.render(
        summary=summary,
        say=say,
        svg=svg,
        pictures=pictures,
        columns=_columns(summary.response),
        findings=findings(summary),
        verdicts=say.VERDICTS,
        shown=shown_groups(summary),
        rank_name=_rank_name,
        small=_small,
        agreement=_agreement(summary.correlations),
        top=_top,
        response=summary.response_is == RESPONSE,
        style=html._trusted(html._static("page.css") + html._static("network.css")),
        policy="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'",
    )


def findings(summary: Summary) -> list[str]:
    """What the page says first."""
    said = []
    if summary.reciprocity is not None:
        said.append(
            f"{say.share(summary.reciprocity)} of the follows are returned ({summary.mutual:,} of {summary.follows:,})."
        )
    if summary.influence is not None:
        said.append(summary.influence.sentence)
    elif summary.talk is None:
        said.append("Influence by response is unknown: there are no interactions.")
    if summary.rings is not None:
        said.append(summary.rings.sentence[:1].upper() + summary.rings.sentence[1:])
    return said


def shown_groups(summary: Summary) -> list[GroupRow]:
    """Closed circuits and the densest other groups; what chance explains is left out."""
    if summary.rings is None:
        return []
    return [group for group in summary.rings.groups if group.verdict != "chance"][:GROUPS_SHOWN]


def draw(figure: Binned, width: float, height: float) -> Picture:
    """Places of cells, ticks and medians in a box."""
    left, bottom, top, right = 44.0, 38.0, 8.0, 6.0
    rows, columns = figure.counts, len(figure.counts[0])
    wide, high = (width - left - right) / columns, (height - bottom - top) / max(len(rows), 2)
    floor = height - bottom
    most = math.log1p(max(max(row) for row in rows))
    cells = []
    for up, row in enumerate(rows):
        for across, count in enumerate(row):
            if count:
                about = f"{_class_name(figure.x_first + across)} followers: {say.number_of(count, 'account')}"
                place = left + across * wide, floor - (up + 1) * high
                cells.append(Cell(*place, wide, high, 0.14 + 0.86 * math.log1p(count) / most, about))
    ticks = [
        (left + (decade * PER_DECADE - figure.x_first) * wide, _power(decade))
        for decade in _decades(figure.x_first, columns)
    ]
    raised = [
        (floor - (decade * PER_DECADE - figure.y_first + 1) * high, _power(decade))
        for decade in _decades(figure.y_first, len(rows) - 1)
    ]
    zero = floor - high / 2 if any(rows[0]) else None
    raised = [(place, label) for place, label in raised if zero is None or zero - place > 13]
    medians = []
    for across, middle in enumerate(figure.median):
        if middle is not None:
            place_up = 0.5 if middle <= 0 else PER_DECADE * math.log10(middle) - figure.y_first + 1
            medians.append((left + across * wide, floor - place_up * high, wide))
    return Picture(width, height, left, floor, cells, ticks, raised, medians, zero)


def _decades(first: int, classes: int) -> list[int]:
    low, high = math.ceil(first / PER_DECADE), math.floor((first + classes) / PER_DECADE)
    step = 1 + (high - low) // 7
    return [decade for decade in range(low, high + 1) if (decade - low) % step == 0]


def _power(decade: int) -> str:
    if decade < 0:
        return f"{10.0**decade:g}"
    for limit, sign in ((9, "bn"), (6, "M"), (3, "k")):
        if decade >= limit:
            return f"{10 ** (decade - limit)}{sign}"
    return str(10**decade)


def _class_name(place: int) -> str:
    low = math.ceil(10 ** (place / PER_DECADE) - 1e-9)
    high = math.ceil(10 ** ((place + 1) / PER_DECADE) - 1e-9) - 1
    return f"{low:,}" if high <= low else f"{low:,} to {high:,}"


def _columns(figure: Binned | None) -> list[tuple[str, int, str, str, str]]:
    """The picture as a table: followers, accounts, lower quartile, median and upper quartile."""
    if figure is None:
        return []
    rows = []
    for across, middle in enumerate(figure.median):
        if middle is not None:
            accounts = sum(row[across] for row in figure.counts)
            name = _class_name(figure.x_first + across)
            rows.append((name, accounts, _small(figure.lower[across]), _small(middle), _small(figure.upper[across])))
    return rows


def _small(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 100 else f"{value:.2g}"


def _rank_name(name: str) -> str:
    return RANKS.get(name, name)


def _top(share: float) -> str:
    return "all accounts" if share >= 1 else f"top {share:.0%} by followers"


def _agreement(rows: list[CorrelationRow]) -> tuple[list[float], list[tuple[str, str, list[CorrelationRow | None]]]]:
    """Correlations as a table: the tops across, a line for each pair of ranks."""
    tops = sorted({row.top for row in rows}, reverse=True)
    pairs = list(dict.fromkeys((row.first, row.second) for row in rows))
    found = {(row.first, row.second, row.top): row for row in rows}
    return tops, [(*pair, [found.get((*pair, top)) for top in tops]) for pair in pairs]
