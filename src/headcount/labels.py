"""What the user says of single accounts, and what the model of authenticity makes of it.

Labels are the user's own knowledge and stay in the workspace; they are no part of what is exported.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from headcount.columns import Texts
from headcount.errors import AccountNotFound, UsageError
from headcount.measures.authenticity import CLASSES, LEAST_LABELLED, Authenticity, Labelled
from headcount.measures.recalibration import LABELS, LocalError, local_error

if TYPE_CHECKING:
    import duckdb

__all__ = ["Labelling", "as_document", "labelled_rows", "labels_of", "outcome", "row_of", "set_label"]


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """What a label changed.

    Attributes:
        account_id: who was labelled; label: real, auto or spam, None where a label was taken back.
        labels: labelled followers of the account that was asked about.
        error: how often the corrected model errs on them; None without any.
        low, high: share of real followers (95%); None until there are enough labels.
        sentence: all of this for the user.
    """

    account_id: str
    label: str | None
    labels: int
    error: LocalError | None
    low: float | None
    high: float | None
    sentence: str


def set_label(con: duckdb.DuckDBPyConnection, account_id: str, label: str | None, now: datetime) -> None:
    """Say of an account that it is real, auto or spam; None takes it back.

    Raises:
        UsageError: no such label.
    """
    if label is not None and label not in LABELS:
        raise UsageError(f"{label!r} is no label.", hint=f"use one of: {', '.join(LABELS)}.")
    con.execute("DELETE FROM labels WHERE account_id = ?", [account_id])
    if label is not None:
        con.execute("INSERT INTO labels VALUES (?, ?, ?)", [account_id, label, now.replace(tzinfo=None)])


def labels_of(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """The label of every account that has one."""
    return dict(con.execute("SELECT account_id, label FROM labels ORDER BY account_id").fetchall())


def labelled_rows(account_id: Texts, labels: dict[str, str]) -> tuple[Labelled, list[str]]:
    """The labelled among these followers, and what is said of each."""
    rows = [row for row, name in enumerate(account_id) if name in labels] if labels else []
    said = [labels[account_id[row]] for row in rows]
    return Labelled(np.array(rows, dtype=np.int64), np.array([label != "real" for label in said], dtype=bool)), said


def outcome(account_id: str, label: str | None, found: Authenticity | None, labels: dict[str, str]) -> Labelling:
    """What the labels do to the judgement of an account's followers; `found` None where its list is unknown."""
    said: list[str] = []
    error = None
    if found is not None:
        rows, said = labelled_rows(found.inputs.followers.account_id, labels)
        error = local_error(found.log_odds[rows.row], said) if said else None
    share = found.share if found is not None else None
    return Labelling(
        account_id=account_id,
        label=label,
        labels=len(said),
        error=error,
        low=None if share is None else 1 - share.high,
        high=None if share is None else 1 - share.low,
        sentence=_sentence(account_id, label, found, said, error),
    )


def _sentence(
    account_id: str, label: str | None, found: Authenticity | None, said: list[str], error: LocalError | None
) -> str:
    parts = [f"{account_id} is labelled {label}." if label else f"{account_id} has no label now."]
    if error is not None:
        parts.append(error.sentence())
    if found is not None and found.share is not None:
        parts.append(found.sentence())
    else:
        real = said.count("real")
        parts.append(
            f"A share of real followers takes {LEAST_LABELLED} real and {LEAST_LABELLED} fake ones labelled, drawn at "
            f"random; there are {real} and {len(said) - real}."
        )
    return " ".join(parts)


def row_of(found: Authenticity, account_id: str) -> int:
    """The row of a follower.

    Raises:
        AccountNotFound: the account is known, and does not follow.
    """
    rows = np.flatnonzero(found.inputs.followers.account_id == account_id)
    if not len(rows):
        raise AccountNotFound(
            f"{account_id} is no follower of this account.", hint="list the followers with: headcount followers"
        )
    return int(rows[0])


def as_document(found: Authenticity, row: int | None = None) -> dict[str, Any]:
    """The judgement as plain values: of all followers, or of one with its reasons."""
    document: dict[str, Any] = {
        "model": found.card.version,
        "labels": found.recalibration.labels,
        "sentence": found.sentence(),
        "classes": dict(zip(CLASSES, found.columns()["followers"], strict=True)),
        "real_share": None if found.share is None else [1 - found.share.high, 1 - found.share.low],
        "errors_when_left_out": found.card.training.get("sets"),
    }
    if row is not None:
        document["follower"] = {
            "account_id": found.inputs.followers.account_id[row],
            "class": CLASSES[found.label[row]],
            "real": float(found.real[row]),
            "interval": [float(found.low[row]), float(found.high[row])],
            "sentence": found.explain(row),
            "kind": found.kind(row),
            "reasons": [{"sentence": r.sentence, "points": r.points} for r in found.reasons(row)],
        }
    return document
