"""Small pictures as SVG, drawn by Python, so that they are there without JavaScript.

The funnel's waffle, the circles of relationships, interval bars, sparklines and the swatches of the classes.
Colours and patterns come from the page's style sheet by class name (`c-listening`, …); each class also has its own
pattern and its own point shape, so that colour never carries a meaning alone. `_tag` escapes whatever it is given.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from headcount import wording as say

if TYPE_CHECKING:
    from headcount.report.parts.ties import TiePart, TiesPart

__all__ = [
    "SHAPES",
    "apportion",
    "bar",
    "circles",
    "interval_bar",
    "matrix",
    "pattern_definitions",
    "shape",
    "sparkline",
    "swatch",
    "waffle",
]

CELLS = 400
COLUMNS = 20
NAMED_TIES = 24

SHAPES = {
    "relationship": "diamond",
    "responding": "triangle-up",
    "listening": "circle",
    "away": "triangle-down",
    "auto_follow": "square",
    "spam": "cross",
    "gone": "triangle-left",
    "unknown": "triangle-right",
}

# The same outlines as Vega's point shapes of these names, in a box of 12.
_OUTLINES = {
    "circle": "M6 1.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 1 0 0-9z",
    "square": "M2 2h8v8h-8z",
    "diamond": "M6 .5L11.5 6L6 11.5L.5 6z",
    "cross": "M4.2 1h3.6v3.2h3.2v3.6h-3.2v3.2h-3.6v-3.2h-3.2v-3.6h3.2z",
    "triangle-up": "M6 1.2L11 10.2H1z",
    "triangle-down": "M6 10.8L1 1.8H11z",
    "triangle-left": "M1.2 6L10.2 1V11z",
    "triangle-right": "M10.8 6L1.8 1V11z",
}


def _tag(element: str, *inner: str, **attributes: object) -> Markup:
    """One element; a trailing `_` of an attribute's name is dropped and `_` within becomes `-`."""
    named = ((key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items())
    written = Markup("").join(Markup(' {}="{}"').format(key, value) for key, value in named)
    return Markup("<{0}{1}>{2}</{0}>").format(element, written, Markup("").join(inner))


def _picture(kind: str, box: str, title: str | None, *inner: str, **attributes: object) -> Markup:
    """An SVG with a title for those who cannot see it, or hidden from them where the text says it already."""
    seen = {"role": "img", "aria-label": title} if title else {"aria-hidden": "true", "focusable": "false"}
    return _tag("svg", *inner, class_=kind, viewBox=box, **seen, **attributes)


def pattern_definitions() -> Markup:
    """The fill patterns that `waffle` and `swatch` refer to; once in a page."""
    dots = _tag("circle", class_="mark", cx=2, cy=2, r=0.8)
    stripes = _tag("rect", class_="mark", width=1.5, height=4)
    weave = _tag("path", class_="mark", d="M0 0h4v1.2h-4zM0 0h1.2v4h-1.2z")
    patterns = (
        _pattern("listening", dots, 0),
        _pattern("auto_follow", stripes, 45),
        _pattern("spam", weave, 45),
    )
    return _picture("defs", "0 0 1 1", None, _tag("defs", *patterns), width=0, height=0)


def _pattern(label: str, mark: Markup, turn: int) -> Markup:
    base = _tag("rect", class_="base", width=4, height=4)
    size = {"width": 4, "height": 4, "patternUnits": "userSpaceOnUse", "patternTransform": f"rotate({turn})"}
    return _tag("pattern", base, mark, id=f"p-{label}", **size)


def swatch(label: str) -> Markup:
    """A square in a class's colour and pattern, for beside its name."""
    return _picture("swatch", "0 0 14 14", None, _tag("path", class_=f"cell c-{label}", d="M1 1h12v12h-12z"))


def shape(label: str) -> Markup:
    """A class's point shape, for the key of the scatter picture."""
    point = _tag("path", class_=f"point c-{label}", d=_OUTLINES[SHAPES[label]])
    return _picture("swatch", "0 0 12 12", None, point)


def apportion(counts: Mapping[str, int], cells: int) -> dict[str, int]:
    """Cells for each count, adding up to `cells`: largest remainders, at least one where there is anybody."""
    present = {key: number for key, number in counts.items() if number}
    total = sum(present.values())
    if total <= cells:
        return dict(present)
    exact = {key: number * cells / total for key, number in present.items()}
    given = {key: max(math.floor(value), 1) for key, value in exact.items()}
    while (spare := cells - sum(given.values())) != 0:
        step = 1 if spare > 0 else -1
        able = [key for key in given if step > 0 or given[key] > 1]
        given[max(able, key=lambda key: step * (exact[key] - given[key]))] += step
    return given


def waffle(counts: Mapping[str, int], title: str) -> Markup:
    """One square for each follower (or for each so many), by class in the order given.

    Args:
        counts: followers by class.
        title: what the picture shows, for those who cannot see it.
    """
    given = apportion(counts, CELLS)
    cells = sum(given.values())
    columns = min(max(math.ceil(math.sqrt(cells)), 5), COLUMNS)
    rows = max(math.ceil(cells / columns), 1)
    parts, place = [], 0
    for label, own in given.items():
        squares = "".join(_square(cell, columns) for cell in range(place, place + own))
        about = _tag("title", escape(f"{say.CLASS_NAMES[label]}: {say.count(counts[label])}"))
        parts.append(_tag("path", about, class_=f"cell c-{label}", d=squares, data_cells=own))
        place += own
    box = f"0 0 {columns * 12} {rows * 12}"
    return _picture("waffle", box, title, *parts, width=columns * 21, height=rows * 21)


def _square(cell: int, columns: int) -> str:
    row, column = divmod(cell, columns)
    return f"M{column * 12 + 1} {row * 12 + 1}h10v10h-10z"


def interval_bar(middle: float, low: float, high: float, top: float) -> Markup:
    """An estimate as a tick on its interval, on a scale from 0 to `top`; the numbers stand beside it."""
    scale = 100 / top if top > 0 else 0.0
    left, right, tick = (min(max(value, 0) * scale, 100) for value in (low, high, middle))
    axis = _tag("path", class_="axis", d="M0 10H100")
    width = f"{max(right - left, 0.4):.2f}"
    band = _tag("rect", class_="band", x=f"{left:.2f}", y=7, width=width, height=6)
    mark = _tag("path", class_="tick", d=f"M{tick:.2f} 3V17")
    return _picture("scale", "0 0 100 20", None, axis, band, mark, preserveAspectRatio="none")


def bar(value: float, top: float, label: str = "") -> Markup:
    """A plain bar on a scale from 0 to `top`, in a class's colour where one is given."""
    width = 100 * value / top if top > 0 else 0.0
    shown = _tag("rect", class_=f"bar c-{label}", y=4, width=f"{max(width, 0.7 if value else 0):.2f}", height=12)
    return _picture("scale", "0 0 100 20", None, shown, preserveAspectRatio="none")


def sparkline(xs: Sequence[float], ys: Sequence[float]) -> Markup:
    """A rising step line without axes; x (hours) on a logarithmic scale from the first minute."""
    if not xs or not ys or max(ys) <= 0:
        return Markup("")
    logs = [math.log(max(x, 1 / 60)) for x in xs]
    first, span = math.log(1 / 60), max(max(logs), math.log(24)) - math.log(1 / 60)
    top, path = max(ys), "M1 19"
    for x, y in zip(logs, ys, strict=True):
        path += f"H{1 + 78 * (x - first) / span:.1f}V{19 - 17 * y / top:.1f}"
    return _picture("spark", "0 0 80 20", None, _tag("path", d=f"{path}H79"))


def circles(ties: TiesPart, title: str, *, names: bool) -> Markup:
    """The strongest ties on concentric circles, innermost the closest; numbered as in the table of ties.

    Args:
        ties: the layers and the ties, strongest first.
        title: what the picture shows, for those who cannot see it.
        names: write names beside the circles (a wide picture), or numbers only (a narrow one).
    """
    shown = ties.top[:NAMED_TIES]
    rings = _rings(ties, shown)
    width, height = (720, 400) if names else (340, 340)
    x, y = width / 2, height / 2
    reach = 165 if names else 150
    radii = [reach * (0.12 + 0.88 * (ring + 1) / len(rings)) for ring in range(len(rings))]
    parts = [_tag("circle", class_="ring", cx=x, cy=y, r=f"{radius:.0f}") for radius in radii[::-1]]
    parts.append(_tag("circle", class_="self", cx=x, cy=y, r=7))
    places = _places(rings, radii, (x, y))
    if names:
        parts += _labels(shown, places, (x, y), width)
    parts += [_dot(number, shown[number], places[number]) for number in range(len(shown))]
    kind = "circles wide" if names else "circles narrow"
    return _picture(kind, f"0 0 {width} {height}", title, *parts)


def matrix(rows: Sequence[str], title: str) -> Markup:
    """Who follows whom in a group: a square for every pair that follows each other, by the signs of `GroupPart`.

    Args:
        rows: as many rows as signs in each.
        title: what the picture shows, for those who cannot see it.
    """
    size = len(rows)
    parts = [_tag("rect", class_="ground", width=size, height=size)]
    for sign, kind in (("-", "one-way"), ("#", "mutual"), ("=", "talked")):
        runs = "".join(_runs(row, sign, y) for y, row in enumerate(rows))
        if runs:
            parts.append(_tag("path", class_=kind, d=runs))
    return _picture("matrix", f"0 0 {size} {size}", title, *parts)


def _runs(row: str, sign: str, y: int) -> str:
    """Neighbouring squares of one row as one piece."""
    found = re.finditer(f"{re.escape(sign)}+", row)
    return "".join(f"M{run.start()} {y}h{run.end() - run.start()}v1h-{run.end() - run.start()}z" for run in found)


def _rings(ties: TiesPart, shown: Sequence[TiePart]) -> list[list[int]]:
    """Which ties lie on which circle; one circle where layers are not clear."""
    if not ties.layers:
        return [list(range(len(shown)))]
    rings: list[list[int]] = [[] for _ in ties.layers]
    for number, tie in enumerate(shown):
        rings[min(tie.layer or len(rings), len(rings)) - 1].append(number)
    return rings


def _places(
    rings: Sequence[Sequence[int]], radii: Sequence[float], centre: tuple[float, float]
) -> dict[int, tuple[float, float]]:
    places = {}
    for ring, (members, radius) in enumerate(zip(rings, radii, strict=True)):
        for place, number in enumerate(members):
            # Each circle starts turned a little further, so that dots of neighbouring circles do not line up.
            angle = 2 * math.pi * (place + 0.5 + 0.31 * ring) / len(members)
            places[number] = (centre[0] + radius * math.sin(angle), centre[1] - radius * math.cos(angle))
    return places


def _dot(number: int, tie: TiePart, place: tuple[float, float]) -> Markup:
    x, y = place
    about = f"{number + 1}. {_who(tie)}: {tie.state}, strength {tie.strength:.1f} contacts a month"
    ring = _tag("circle", cx=f"{x:.1f}", cy=f"{y:.1f}", r=10)
    digits = _tag("text", str(number + 1), x=f"{x:.1f}", y=f"{y + 3.6:.1f}")
    return _tag("g", _tag("title", escape(about)), ring, digits, class_=f"tie s-{tie.state}")


def _labels(
    shown: Sequence[TiePart], places: Mapping[int, tuple[float, float]], centre: tuple[float, float], width: float
) -> list[Markup]:
    """Names in a column at either side, with a thin line to the dot, none over another."""
    parts = []
    for right in (False, True):
        side = sorted((n for n in places if (places[n][0] >= centre[0]) == right), key=lambda n: places[n][1])
        step = min(30.0, (2 * centre[1] - 20) / max(len(side), 1))
        top = centre[1] - step * (len(side) - 1) / 2
        x, anchor, gap = (width - 168, "start", -6) if right else (168.0, "end", 6)
        for row, number in enumerate(side):
            y, dot = top + row * step, places[number]
            line = f"M{x + gap:.0f} {y:.1f}L{dot[0]:.1f} {dot[1]:.1f}"
            parts.append(_tag("path", class_="leader", d=line))
            name = escape(_who(shown[number]))
            parts.append(_tag("text", name, class_="name", x=x, y=f"{y + 4:.1f}", text_anchor=anchor))
    return parts


def _who(tie: TiePart) -> str:
    return say.fit(tie.display_name or tie.handle or tie.account_id or "", 22) or "(not named)"
