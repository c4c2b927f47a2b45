"""The report as JSON, and its schema."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from headcount.report.data import Document, ReportData
from headcount.report.model import SCHEMA
from headcount.support.safe_text import json_text

__all__ = ["document", "json_schema", "to_json"]


def document(report: ReportData) -> dict[str, Any]:
    """The report as plain values, without the list of followers."""
    import msgspec

    parts = {field.name: getattr(report, field.name) for field in fields(Document)}
    plain: dict[str, Any] = msgspec.to_builtins(parts)
    return plain


def to_json(report: ReportData) -> str:
    """The report as JSON text, indented; control and bidirectional characters are escaped."""
    return json_text(document(report))


def json_schema() -> dict[str, Any]:
    """The JSON schema of `document`, made from the types of the report's model."""
    import msgspec

    schema: dict[str, Any] = msgspec.json.schema(Document)
    closed = _closed(schema)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA, **closed}


def _closed(node: Any) -> Any:
    """No property beyond those named: a field that is not in the schema is an error."""
    if isinstance(node, dict):
        closed = {key: _closed(value) for key, value in node.items()}
        if closed.get("type") == "object" and "properties" in closed:
            closed["additionalProperties"] = False
        return closed
    if isinstance(node, list):
        return [_closed(value) for value in node]
    return node
