"""Headcount: how many followers an account truly has, and how sure that is.

    import headcount as hc

    ws = hc.open("folder")
    report = ws.report("alice.example")
    print(report.audience.headcount, report.audience.low, report.audience.high)

Every measure can also be called on plain arrays: `hc.audience`, `hc.question`, `hc.ties`, `hc.funnel`,
`hc.authenticity`, `hc.rings`, `hc.influence`. Each result prints on one line, turns into a data frame (`to_frame`) and
shows as a table in a notebook.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "Audience",
    "Authenticity",
    "Document",
    "Exchanges",
    "Followers",
    "Funnel",
    "HeadcountError",
    "Influence",
    "Posts",
    "Question",
    "Report",
    "Responses",
    "Rings",
    "Ties",
    "Workspace",
    "audience",
    "authenticity",
    "funnel",
    "influence",
    "open",
    "question",
    "rings",
    "ties",
]

_HOMES = {
    "Audience": "measures.audience",
    "Authenticity": "measures.authenticity",
    "Document": "report.model",
    "Exchanges": "columns",
    "Followers": "columns",
    "Funnel": "measures.funnel",
    "HeadcountError": "errors",
    "Influence": "measures.influence",
    "Posts": "columns",
    "Question": "measures.question",
    "Report": "report.model",
    "Responses": "columns",
    "Rings": "measures.rings",
    "Ties": "measures.ties",
    "Workspace": "workspace",
    "audience": "measures.audience",
    "authenticity": "measures.authenticity",
    "funnel": "measures.funnel",
    "influence": "measures.influence",
    "open": "workspace",
    "question": "measures.question",
    "rings": "measures.rings",
    "ties": "measures.ties",
}

if TYPE_CHECKING:
    from headcount.columns import Exchanges, Followers, Posts, Responses
    from headcount.errors import HeadcountError
    from headcount.measures.audience import Audience, audience
    from headcount.measures.authenticity import Authenticity, authenticity
    from headcount.measures.funnel import Funnel, funnel
    from headcount.measures.influence import Influence, influence
    from headcount.measures.question import Question, question
    from headcount.measures.rings import Rings, rings
    from headcount.measures.ties import Ties, ties
    from headcount.report.model import Document, Report
    from headcount.workspace import Workspace, open


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `headcount --help` stays instant."""
    if name not in _HOMES:
        raise AttributeError(f"module 'headcount' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"headcount.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
