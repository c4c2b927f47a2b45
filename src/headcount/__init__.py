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
    "Audience": "measures.audience.audience",
    "Authenticity": "measures.followers.authenticity",
    "Document": "report.data",
    "Exchanges": "columns",
    "Followers": "columns",
    "Funnel": "measures.followers.funnel",
    "HeadcountError": "errors",
    "Influence": "measures.influence.influence",
    "Posts": "columns",
    "Question": "measures.question.question",
    "Report": "report.report",
    "Responses": "columns",
    "Rings": "measures.circuits.rings",
    "Ties": "measures.relationships.ties",
    "Workspace": "workspace.workspace",
    "audience": "measures.audience.audience",
    "authenticity": "measures.followers.authenticity",
    "funnel": "measures.followers.funnel",
    "influence": "measures.influence.influence",
    "open": "workspace.workspace",
    "question": "measures.question.question",
    "rings": "measures.circuits.rings",
    "ties": "measures.relationships.ties",
}

if TYPE_CHECKING:
    from headcount.columns import Exchanges, Followers, Posts, Responses
    from headcount.errors import HeadcountError
    from headcount.measures.audience.audience import Audience, audience
    from headcount.measures.circuits.rings import Rings, rings
    from headcount.measures.followers.authenticity import Authenticity, authenticity
    from headcount.measures.followers.funnel import Funnel, funnel
    from headcount.measures.influence.influence import Influence, influence
    from headcount.measures.question.question import question
    from headcount.measures.question.results import Question
    from headcount.measures.relationships.ties import Ties, ties
    from headcount.report.data import Document
    from headcount.report.report import Report
    from headcount.workspace.workspace import Workspace, open


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `headcount --help` stays instant."""
    if name not in _HOMES:
        raise AttributeError(f"module 'headcount' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"headcount.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
