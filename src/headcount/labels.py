"""What the user says of single accounts, and what the model of authenticity makes of it.

Labels are the user's own knowledge and stay in the workspace; they are no part of what is exported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from headcount.columns import Followers, Integers, Texts
from headcount.errors import AccountNotFound, UsageError
from headcount.measures.authenticity import CLASSES, LEAST_LABELLED, Authenticity, Labelled, percent
from headcount.measures.recalibration import LABELS, LocalError, local_error, recalibrate

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "Labelling",
    "as_document",
    "draw",
    "fake_and_real",
    "labelled_rows",
    "labels_of",
    "outcome",
    "row_of",
    "set_label",
]


@dataclass(frozen=True, kw_only=True)
class Labelling:
    """What a label changed.

    Attributes:
        account_id, handle: who was labelled.
        label: real, auto or spam; None where a label was taken back.
        labels: labelled followers of the account that was asked about.
        real, real_low, real_high: probability that the follower is real, with its label and all others; None where
            the list of followers is unknown.
        real_without: the same, without its own label.
        error: how often the corrected model errs on the labelled; None without any.
        share_low, share_high: share of real followers (95%); None until there are enough labels.
        sentence: all of this for the user.
    """

    account_id: str
    handle: str | None
    label: str | None
    labels: int
    real: float | None
    real_low: float | None
    real_high: float | None
    real_without: float | None
    error: LocalError | None
    share_low: float | None
    share_high: float | None
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


def labelled_rows(account_id: Texts, labels: Mapping[str, str]) -> Labelled:
    """The labelled among these followers, and what is said of each."""
    rows = [row for row, name in enumerate(account_id) if name in labels] if labels else []
    said = tuple(labels[account_id[row]] for row in rows)
    fake = np.array([label != "real" for label in said], dtype=bool)
    return Labelled(np.array(rows, dtype=np.int64), fake, said)


def fake_and_real(labelled: Labelled | None) -> tuple[int, int]:
    """How many are labelled fake (auto or spam), and how many real."""
    fake = int(labelled.fake.sum()) if labelled is not None else 0
    return fake, (len(labelled.said) if labelled is not None else 0) - fake


def draw(followers: Followers, labels: Mapping[str, str], number: int, *, seed: int = 0) -> Integers:
    """Rows of followers to label: evenly over the list from a random start, without those who are labelled or gone.

    Equal steps through the order of the list spread the drawn over the times of following; each has the same chance.
    Accounts that ask not to be indexed are never named, so they are not drawn.

    Args:
        followers: everybody who follows or followed.
        labels: account_id -> label.
        number: how many; all that are left where there are fewer.
        seed: of the random start.
    """
    stands = np.isnan(followers.gone_at) & (followers.removed != 1) & (followers.sampled != 0)
    rows = np.flatnonzero(stands & (followers.opted_out != 1))
    if labels:
        rows = rows[[name not in labels for name in followers.account_id[rows]]]
    if number >= len(rows):
        return rows
    step = len(rows) / number
    places = (np.random.default_rng(seed).random() + np.arange(number)) * step
    drawn: Integers = rows[places.astype(np.int64)]
    return drawn


def outcome(
    account_id: str, handle: str | None, label: str | None, found: Authenticity | None, labels: Mapping[str, str]
) -> Labelling:
    """What the labels do to the judgement of an account's followers; `found` None where its list is unknown."""
    labelled = labelled_rows(found.inputs.followers.account_id, labels) if found is not None else None
    share = found.share if found is not None else None
    row = None
    if found is not None and (found.inputs.followers.account_id == account_id).any():
        row = row_of(found, account_id)
    known = found if row is not None else None
    error = (
        local_error(found.log_odds[labelled.row], labelled.said)
        if found is not None and labelled is not None and labelled.said
        else None
    )
    without = _real_without(found, labelled, row) if found is not None and labelled is not None else None
    who = f"@{handle}" if handle else account_id
    return Labelling(
        account_id=account_id,
        handle=handle,
        label=label,
        labels=len(labelled.said) if labelled is not None else 0,
        real=None if known is None else float(known.real[row]),
        real_low=None if known is None else float(known.low[row]),
        real_high=None if known is None else float(known.high[row]),
        real_without=without,
        error=error,
        share_low=None if share is None else 1 - share.high,
        share_high=None if share is None else 1 - share.low,
        sentence=_sentence(who, label, found, labelled, row, without, error),
    )


def _real_without(found: Authenticity, labelled: Labelled, row: int | None) -> float | None:
    """Probability that a follower is real, by all labels but its own."""
    if row is None:
        return None
    others = labelled.row != row
    odds = recalibrate(found.log_odds[labelled.row[others]], labelled.fake[others]).apply(found.log_odds[[row]])
    return float(1 / (1 + np.exp(odds[0])))


def _sentence(
    who: str,
    label: str | None,
    found: Authenticity | None,
    labelled: Labelled | None,
    row: int | None,
    without: float | None,
    error: LocalError | None,
) -> str:
    parts = [f"{who} is labelled {label}." if label else f"{who} has no label now."]
    if found is not None and row is not None and without is not None:
        between = f"{percent(float(found.low[row]))} to {percent(float(found.high[row]))}"
        likely = f"{percent(float(found.real[row]))} likely real ({between})"
        parts.append(
            f"By the model it is {likely}; without this label {percent(without)}."
            if label
            else f"By the model it is {likely}."
        )
    if error is not None:
        parts.append(error.sentence())
    if found is not None and found.share is not None:
        parts.append(found.sentence())
    else:
        fake, real = fake_and_real(labelled)
        parts.append(
            f"A share of real followers takes {LEAST_LABELLED} real and {LEAST_LABELLED} fake ones labelled, drawn at "
            f"random; there are {real} and {fake}."
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
        "known_failures": found.card.training.get("known_failures"),
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
