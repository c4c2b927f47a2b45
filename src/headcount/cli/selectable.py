"""The columns of every table that is printed or written, for `--select`: the names are those of the JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from headcount.measures.followers.authenticity import Authenticity
    from headcount.report.data import ReportData
    from headcount.store.read.lists import KnownAccount

__all__ = [
    "account_columns",
    "account_rows",
    "authenticity_columns",
    "authenticity_rows",
    "demo_columns",
    "draw_columns",
    "exported_columns",
    "follower_columns",
    "network_columns",
    "question_columns",
    "report_columns",
    "report_rows",
    "tie_columns",
]

Tables = Mapping[str, Sequence[str]]


def _names(kind: Any) -> list[str]:
    return [field.name for field in fields(kind)]


def account_columns() -> Tables:
    """Of `headcount accounts`; `list` says how completely the followers were listed."""
    return {"accounts": ["account_id", "handle", "followers", "posts", "list"]}


def account_rows(accounts: Sequence[KnownAccount]) -> list[dict[str, Any]]:
    """The accounts as they are in JSON."""
    rows = [{**account._asdict(), "list": account.follower_list} for account in accounts]
    return [{name: value for name, value in row.items() if name != "follower_list"} for row in rows]


def follower_columns() -> Tables:
    """Of `headcount followers`, on the screen, as JSON and as CSV."""
    from headcount.report.rows import FollowerRow

    return {"followers": [*_names(FollowerRow), "list_state"]}


def tie_columns() -> Tables:
    """Of `headcount ties`."""
    from headcount.report.parts.ties import TiePart

    return {"ties": _names(TiePart)}


def question_columns() -> Tables:
    """Of `headcount question`."""
    from headcount.measures.question.results import Test

    return {"questions": _names(Test)}


def authenticity_columns() -> Tables:
    """Of `headcount authenticity`: the judgements, with `--who` the reasons, with `--draw` the followers drawn."""
    return {"judgements": ["judgement", "followers"], "reasons": ["sentence", "points"], **draw_columns()}


def authenticity_rows(found: Authenticity, row: int | None) -> tuple[str, list[dict[str, Any]]]:
    """Name and rows of the table that `headcount authenticity` prints: the judgements, or one follower's reasons."""
    if row is None:
        columns = found.columns()
        pairs = zip(columns["class"], columns["followers"], strict=True)
        return "judgements", [{"judgement": name, "followers": followers} for name, followers in pairs]
    import math

    reasons = [] if math.isnan(found.real[row]) else found.reasons(row)
    return "reasons", [{"sentence": reason.sentence, "points": float(reason.points)} for reason in reasons]


def draw_columns() -> Tables:
    """Of `headcount authenticity --draw`."""
    return {"drawn": ["account_id", "handle"]}


def demo_columns() -> Tables:
    """Of `headcount demo`."""
    from headcount.cli.demo import DemoMember

    return {"cast": _names(DemoMember)}


def exported_columns() -> Tables:
    """Of `headcount export`: those of the four tables."""
    from headcount.tables import TABLES

    return {table.name: [column.name for column in table.columns] for table in TABLES}


def network_columns() -> Tables:
    """Of `headcount network`: accounts.parquet and rings.parquet."""
    from headcount.network.summary import GroupRow
    from headcount.network.table import COLUMNS

    return {"accounts": list(COLUMNS), "rings": [name for name in _names(GroupRow) if name != "named"]}


def report_columns() -> Tables:
    """Of `headcount report`: the tables of the report."""
    from headcount.measures.question.results import Test
    from headcount.report.model import Beside, ListPart
    from headcount.report.parts.rings import GroupPart
    from headcount.report.parts.ties import TiePart

    return {
        "ties": _names(TiePart),
        "questions": _names(Test),
        "rings": _names(GroupPart),
        "classes": ["label", "followers"],
        "lists": _names(ListPart),
        "beside": _names(Beside),
    }


def report_rows(report: ReportData) -> dict[str, list[dict[str, Any]]]:
    """The tables of a report, as plain values."""
    import msgspec

    classes: dict[str, int] = msgspec.to_builtins(report.funnel.classes) or {}
    return {
        "ties": msgspec.to_builtins(report.ties.top),
        "questions": msgspec.to_builtins(report.question.tests),
        "rings": msgspec.to_builtins(report.rings.groups),
        "classes": [{"label": label, "followers": followers} for label, followers in classes.items()],
        "lists": msgspec.to_builtins(report.lists),
        "beside": msgspec.to_builtins(report.beside),
    }
