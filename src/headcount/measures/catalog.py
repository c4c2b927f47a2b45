"""Every measure by name: what the command line, the web pages, the docs and the tests read.

To add a measure: one module beside this one, one entry here, one page in docs/methods (docs/add-a-measure.md).
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


def _measure(name: str, question: str, summary: str) -> Measure:
    return Measure(name, question, summary, f"headcount.measures.{name}", name, f"docs/methods/{name}.md")


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        _measure(
            "audience",
            "How many followers do I truly have?",
            "Distinct followers who will have responded after as many posts again, by capture-recapture.",
        ),
        _measure(
            "question",
            "I asked a question. Who answered within 24 hours, and what does that say?",
            "Distinct repliers by time since the post, a forecast of the final count, and repeated tests pooled.",
        ),
        _measure(
            "funnel",
            "Who are my followers, honestly?",
            "Each follower in exactly one class, with the reason.",
        ),
        _measure(
            "authenticity",
            "Is this follower real, and why do you say so?",
            "A calibrated probability with its interval and the exact reasons, by a score card made from public data.",
        ),
        _measure(
            "ties",
            "With whom do I have a relationship?",
            "Two-way exchange: strength, reciprocity, circles, and who is new or fading.",
        ),
        _measure(
            "rings",
            "Who sits in closed circuits that only follow each other?",
            "Groups dense in mutual follows and poor in conversation, against groups as dense elsewhere.",
        ),
        _measure(
            "influence",
            "Who is influential by response, as against by followers?",
            "Responders per 1,000 reachable followers with shrinkage, beside ranks by followers and PageRank.",
        ),
    )
}
