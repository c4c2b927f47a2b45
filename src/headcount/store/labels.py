"""The user's labels of single accounts, and their effect on the authenticity model.

Labels stay in the workspace and are not exported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from headcount import wording as say
from headcount.columns import Followers, Integers, Texts
from headcount.errors import AccountNotFound, UsageError
from headcount.measures.followers.authenticity import Authenticity
from headcount.measures.followers.judgement import CLASSES, Labelled, NoShare
from headcount.measures.followers.recalibration import LABELS, LocalError, local_error, recalibrate
from headcount.support.record import Record

if TYPE_CHECKING:
    import duckdb

__all__ = [
    "OLD_LABELS",
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


OLD_LABELS = {"real": "person", "auto": "auto-follow"}
"""Labels of earlier versions -> labels of LABELS; schema version 6 migrates the stored ones."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Labelling(Record):
    """What a label changed.

    Attributes:
        account_id, handle: who was labelled.
        label: one of LABELS; None where a label was removed.
        labels: labelled followers of the account that was asked about.
        real, real_low, real_high: probability by the score card that the follower is a real account rather than a
            bought or automated one, corrected by all labels; None where its class does not allow one
            (`measures.followers.verdicts`), as for those labelled bought, auto-follow or spam, and where the list of
            followers is unknown.
        real_without: what the score card says of it without its own label.
        error: how often the corrected model errs on the labelled; None without any.
        share_low, share_high: share of real followers (95%); None where there is none.
        no_share: why there is none; None where there is one, or no list.
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
    no_share: NoShare | None
    sentence: str

    def summary(self) -> str:
        """What the label changed, in a sentence."""
        return self.sentence


def set_label(con: duckdb.DuckDBPyConnection, account_id: str, label: str | None, now: datetime) -> None:
    """Store the label of an account; None removes it. The words of earlier versions (OLD_LABELS) are accepted.

    Raises:
        UsageError: no such label.
    """
    label = OLD_LABELS.get(label, label) if label is not None else None
    if label is not None and label not in LABELS:
        raise UsageError(f"{label!r} is not a valid label.", hint=f"use one of: {', '.join(LABELS)}.")
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
    fake = np.array([label != "person" for label in said], dtype=bool)
    return Labelled(np.array(rows, dtype=np.int64), fake, said)


def fake_and_real(labelled: Labelled | None) -> tuple[int, int]:
    """How many are labelled fake (all labels but person), and how many real."""
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
    listed = followers.standing & (followers.sampled != 0)
    rows = np.flatnonzero(listed & (followers.opted_out != 1))
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
    """What the labels do to the judgement of an account's followers.

    Args:
        account_id, handle: who was labelled; label: the new label, None where a label was removed.
        found: the verdicts on the followers (`measures.followers.verdicts`); None where the follower list is unknown.
        labels: account_id -> label.
    """
    labelled = labelled_rows(found.inputs.followers.account_id, labels) if found is not None else None
    share = found.share if found is not None else None
    row = None
    if found is not None and (found.inputs.followers.account_id == account_id).any():
        row = row_of(found, account_id)
    real, low, high = (
        (_or_none(float(values[row])) for values in (found.real, found.low, found.high))
        if found is not None and row is not None
        else (None, None, None)
    )
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
        real=real,
        real_low=low,
        real_high=high,
        real_without=without,
        error=error,
        share_low=None if share is None else 1 - share.high,
        share_high=None if share is None else 1 - share.low,
        no_share=found.no_share if found is not None else None,
        sentence=_sentence(who, label, found, labelled, row, without, error),
    )


def _or_none(value: float) -> float | None:
    """A probability; None where none is given."""
    return None if np.isnan(value) else float(value)


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
    parts = [f"{who} is labelled {label}." if label else f"The label of {who} was removed."]
    if found is not None and row is not None and without is not None:
        between = say.share_interval(float(found.low[row]), float(found.high[row]))
        likely = f"Probability of a real account: {say.share(float(found.real[row]))} ({between})"
        before = f"without this label: {say.share(without)}"
        if np.isnan(found.real[row]):
            parts += [f"Probability of a real account without this label: {say.share(without)}."] if label else []
        else:
            parts.append(f"{likely}; {before}." if label else f"{likely}.")
    if error is not None:
        parts.append(error.sentence())
    if found is not None:
        parts.append(found.no_share.sentence() if found.no_share is not None else found.sentence())
    return " ".join(parts)


def row_of(found: Authenticity, account_id: str) -> int:
    """The row of a follower.

    Raises:
        AccountNotFound: the account is known, and does not follow.
    """
    rows = np.flatnonzero(found.inputs.followers.account_id == account_id)
    if not len(rows):
        raise AccountNotFound(
            f"{account_id} is not a follower of this account.", hint="list the followers with: headcount followers"
        )
    return int(rows[0])


def as_document(found: Authenticity, row: int | None = None) -> dict[str, Any]:
    """The judgement as plain values: of all followers, or of one with its reasons.

    Args:
        found: the verdicts on the followers (`measures.followers.verdicts`).
        row: of one follower.
    """
    judgements = dict(zip(CLASSES, found.columns()["followers"], strict=True))
    document: dict[str, Any] = {
        "model": found.card.version,
        "labels": found.recalibration.labels,
        "sentence": found.sentence(),
        "followers": int(found.standing.sum()),
        "gone": int((~found.standing).sum()),
        "judgements": judgements,
        "real_share": None if found.share is None else [1 - found.share.high, 1 - found.share.low],
        "no_share": None if found.no_share is None else asdict(found.no_share),
        "errors_when_left_out": found.card.training.get("sets"),
        "known_failures": found.card.training.get("known_failures"),
    }
    if row is not None:
        real = _or_none(float(found.real[row]))
        told = [] if real is None else found.reasons(row)
        document["follower"] = {
            "account_id": found.inputs.followers.account_id[row],
            "class": None if found.follower_class is None else found.follower_class[row],
            "judgement": CLASSES[found.label[row]] if found.standing[row] else None,
            "real": real,
            "interval": None if real is None else [float(found.low[row]), float(found.high[row])],
            "sentence": found.explain(row),
            "kind": None if real is None else found.kind(row),
            "reasons": [{"sentence": r.sentence, "points": r.points} for r in told],
        }
    return document
