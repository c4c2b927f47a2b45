"""The report as one HTML file that needs nothing else.

No request leaves the page: styles, scripts and data are inlined, and a content security policy forbids everything
that is not (`default-src 'none'`, scripts by their hash, no evaluation of text as code). Sentences, tables and small
pictures are there without JavaScript; it adds the larger charts and the filter of the follower table.
Every text from outside is stripped of control characters and direction marks, escaped by the template engine, and
isolated in its direction of writing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import asdict
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from headcount import wording as say
from headcount.measures.followers.funnel import SILENT

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

    from headcount.report.data import ReportData
    from headcount.report.parts.funnel import FunnelPart

__all__ = ["headline", "render_html"]

TESTS_SHOWN = 50
TIES_SHOWN = 25

_VEGA = "vega-6.4.0.min.js"
_VEGA_LITE = "vega-lite-6.4.3.min.js"
_INTERPRETER = "vega-interpreter-2.3.2.js"

# Before anything is laid out, so that the long table is not laid out in full only to be cut by the page's script.
_FIRST = 'document.documentElement.classList.add("js");'


def render_html(report: ReportData) -> str:
    """The whole page.

    Args:
        report: everything that is said about one account.
    """
    from headcount.report.data import page_sections
    from headcount.report.render import svg
    from headcount.report.render.charts import charts
    from headcount.report.render.rows import row_groups

    drawn = charts(report)
    scripts = [*(_libraries() if any(chart.spec for chart in drawn.values()) else []), _static("page.js")]
    page = _environment().get_template("report.html.j2")
    return page.render(
        report=report,
        say=say,
        svg=svg,
        sections=page_sections(),
        charts=drawn,
        headline=headline(report),
        title=f"{headline(report)} {say.name(report.account.handle, unnamed='An account')}",
        classes=_class_sizes(report.funnel),
        groups=row_groups(report),
        chart_data=_json({key: chart.spec for key, chart in drawn.items() if chart.spec is not None}),
        style=_trusted(_static("page.css")),
        licence=_trusted(_static(_VEGA.replace(".min.js", ".LICENSE.txt"))),
        scripts=[_trusted(script) for script in scripts],
        first=_trusted(_FIRST),
        policy=_policy([_FIRST, *scripts]),
        tests_shown=TESTS_SHOWN,
        ties_shown=TIES_SHOWN,
    )


def _class_sizes(funnel: FunnelPart) -> dict[str, int]:
    """How many followers are of each class; estimated where only a sample was looked at."""
    sizes: dict[str, int] = asdict(funnel.classes) if funnel.classes is not None else {}
    for name in SILENT if funnel.sample is not None else ():
        sizes[name] = round(getattr(funnel.sample, name).followers)
    return sizes


def headline(report: ReportData) -> str:
    """The finding as a title: "6,012 followers. Headcount 48 (41 to 57)."."""
    followers, audience = report.followers, report.audience
    start = followers.follower_list.size()
    start = start[0].upper() + start[1:]
    if followers.listed is None and followers.claimed:
        start = f"{start}, {say.count(followers.claimed)} by the counter"
    if audience.headcount is None or audience.low is None or audience.high is None:
        return f"{start}. No headcount yet."
    return f"{start}. Headcount {say.estimate(audience.headcount, audience.low, audience.high)}."


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("headcount.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters["isolate"] = _isolate
    return environment


def _shown(value: Any) -> Any:
    """What the template writes: None is "unknown", never 0; other text is made harmless (and escaped after)."""
    if value is None:
        return "unknown"
    if isinstance(value, str) and not hasattr(value, "__html__"):
        return say.plain(value)
    return value


def _isolate(sentence: str, names: list[str]) -> Markup:
    """A sentence of ours in which the names from outside are isolated in their direction of writing."""
    from markupsafe import Markup

    text = say.plain(sentence)
    shown = sorted({say.name(name) for name in names}, key=len, reverse=True)
    if not shown:
        return Markup("{}").format(text)
    found = re.split(rf"(?<!\w)({'|'.join(map(re.escape, shown))})(?!\w)", text)
    return Markup("").join(Markup("<bdi>{}</bdi>").format(part) if odd % 2 else part for odd, part in enumerate(found))


def _trusted(text: str) -> Markup:
    """A file of this package, written into the page as it is."""
    from markupsafe import Markup

    return Markup(text)  # noqa: S704 - never text from outside


@cache
def _static(name: str) -> str:
    return (resources.files("headcount.report") / "static" / name).read_text(encoding="utf-8")


def _libraries() -> list[str]:
    return [_static(_VEGA), _static(_VEGA_LITE), _interpreter()]


@cache
def _interpreter() -> str:
    """Vega's expression interpreter, which is published as a module only, as a plain script beside Vega."""
    source = _static(_INTERPRETER)
    start = "import { ascending, isString, DisallowedObjectProperties } from 'vega-util';"
    end = "export { expression as expressionInterpreter };"
    if start not in source or end not in source:
        raise RuntimeError(f"{_INTERPRETER} has other imports or exports than the page knows how to inline.")
    body = source.replace(start, "const { ascending, isString, DisallowedObjectProperties } = vega;")
    return f"(() => {{\n{body.replace(end, 'globalThis.expressionInterpreter = expression;')}\n}})();"


def _policy(scripts: list[str]) -> str:
    """The content security policy: nothing but the scripts of these hashes, inline styles and inline pictures."""
    hashes = " ".join(f"'sha256-{_digest(script)}'" for script in scripts)
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _json(value: Any) -> Markup:
    """JSON that can stand inside a script element whatever the texts in it are."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return _trusted(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))
