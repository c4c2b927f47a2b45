"""Every public measure by name: what the library, the docs and the tests read.

A measure that is only a section of the report needs no entry (docs/add-a-measure.md).
Nothing is imported until a measure is called.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

__all__ = ["MEASURES", "Measure"]


@dataclass(frozen=True)
class Measure:
    """One measure.

    Attributes:
        name: its name on the command line, in JSON and in the docs.
        question: the question of the user that it answers.
        summary: how, in one sentence.
        module: where it is defined.
        function: the function's name there.
        docs: its page, from the root of the project.
    """

    name: str
    question: str
    summary: str
    module: str
    function: str
    docs: str

    def load(self) -> Callable[..., Any]:
        """The function itself; its module is imported now."""
        function: Callable[..., Any] = getattr(import_module(self.module), self.function)
        return function


def _measure(name: str, folder: str, question: str, summary: str) -> Measure:
    module = f"headcount.measures.{folder}.{name}"
    return Measure(name, question, summary, module, name, f"docs/methods/{name}.md")


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        _measure(
            "audience",
            "audience",
            "How many followers respond?",
            "Followers who responded or are expected to within as many further posts, by capture-recapture.",
        ),
        _measure(
            "question",
            "question",
            "Who answers a question within 24 hours?",
            "Distinct repliers by time since the post, a forecast of the final count, and repeated tests pooled.",
        ),
        _measure(
            "funnel",
            "followers",
            "Who are the followers?",
            "Each follower in exactly one class, with the reason.",
        ),
        _measure(
            "authenticity",
            "followers",
            "Which followers are real accounts, and why?",
            "A calibrated probability with interval and reasons, from a score card fitted on public data.",
        ),
        _measure(
            "ties",
            "relationships",
            "Which people have a relationship with the account?",
            "Two-way exchange: strength, reciprocity, layers, new and fading ties.",
        ),
        _measure(
            "rings",
            "circuits",
            "Which followers are in closed circuits?",
            "Groups with many mutual follows and little conversation, compared with a null model.",
        ),
        _measure(
            "influence",
            "influence",
            "Which accounts have influence by response, rather than by followers?",
            "Responders per 1,000 reachable followers with shrinkage, with ranks by followers and PageRank.",
        ),
    )
}
