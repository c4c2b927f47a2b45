"""Writes the answers about a platform: tables, summary, and page."""

from __future__ import annotations

import platform
import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headcount import __version__
from headcount.errors import NotEnoughData
from headcount.network.figures import Binned, binned, by_size
from headcount.network.page import RESPONSE, render_page
from headcount.network.progress import (
    RANKED,
)
from headcount.network.summary import CorrelationRow, InfluencePart, RingsPart, Summary, TalkPart
from headcount.network.table import COLUMNS, write_accounts
from headcount.support.output import new_text
from headcount.support.safe_text import json_text

if TYPE_CHECKING:
    from headcount.measures.influence.influence import Influence

__all__ = ["Outcome", "rate", "write_answers"]


@dataclass(frozen=True)
class Outcome:
    """What a run left.

    Attributes:
        folder: holds the files.
        files: what they hold, by name.
        summary: as in summary.json.
    """

    folder: Path
    files: dict[str, str]
    summary: Summary


def rate(columns: dict[str, NDArray[Any]], notes: list[str]) -> tuple[Influence | None, NDArray[np.int64] | None]:
    """Influence from the columns of the table, which gets its own; which accounts it is of (None: all).

    Args:
        columns: followers, responders, the ranks that are there; rates and ranks by response are added.
        notes: what is not known is added.
    """
    from headcount.measures.influence.influence import influence

    chosen = None
    if len(columns["followers"]) > RANKED:
        chosen = np.sort(np.argpartition(-columns["followers"].astype(np.int64), RANKED)[:RANKED])
        notes.append(
            f"Rates and ranks by response are of the {RANKED:,} accounts with most followers; "
            "for the others the table contains the counts."
        )
    names = {"pagerank": "pagerank", "interaction": "interaction_pagerank"}
    ranks = {name: _chosen(columns[of], chosen).astype(float) for name, of in names.items() if of in columns}
    penalty = columns.get("collusionrank")
    try:
        found = influence(
            _chosen(columns["responders"], chosen).astype(float),
            _chosen(columns["followers"], chosen).astype(float),
            ranks=ranks,
            collusionrank=None if penalty is None else _chosen(penalty, chosen),
            penalised="pagerank",
        )
    except NotEnoughData as error:
        notes.append(f"Influence by response: {error.message}")
        return None, None
    _add_influence(columns, found, chosen)
    return found, chosen


def _chosen(values: NDArray[Any], chosen: NDArray[np.int64] | None) -> NDArray[Any]:
    return values if chosen is None else values[chosen]


def _add_influence(columns: dict[str, NDArray[Any]], found: Influence, chosen: NDArray[np.int64] | None) -> None:
    response, ranks = found.response, found.ranks
    new: Mapping[str, NDArray[Any]] = {
        "responders_per_1000": response.rate,
        "responders_per_1000_low": response.low,
        "responders_per_1000_high": response.high,
        "rank_by_followers": ranks["followers"],
        "rank_by_response": ranks["response"],
        "rank_by_response_best": found.best,
        "rank_by_response_worst": found.worst,
        "fall": found.fall,
        "rise": found.rise,
    }
    for name, values in new.items():
        if chosen is None:
            columns[name] = values
        else:
            columns[name] = np.full(len(columns["followers"]), np.nan, np.float32)
            columns[name][chosen] = values


def write_answers(
    folder: Path,
    ids: NDArray[Any],
    columns: dict[str, NDArray[Any]],
    influence: InfluencePart | None,
    correlations: list[CorrelationRow],
    *,
    rings: RingsPart | None,
    talk: TalkPart | None,
    about: Mapping[str, Any],
    told: Mapping[str, Any],
    memory: int,
    select: Mapping[str, Sequence[str]] | None = None,
) -> Outcome:
    """Write the table, the summary and the page.

    Args:
        folder: where to.
        ids, columns: the table, see `headcount.network.table`.
        influence, correlations, rings, talk: parts of the summary.
        about: follows, components, largest_component, spammers, and rows, missing, self_loops, duplicates if known.
        told: engine, data, iterations, memory_bound, seconds, notes.
        memory: bytes that the writer may take.
        select: as for `run_network`.
    """
    table = {name: columns[name] for name in COLUMNS if name in columns}
    if select is None or "accounts" in select:
        chosen = None if select is None else select["accounts"]
        write_accounts(folder / "accounts.parquet", ids, table, memory=memory, select=chosen)
        unknown = [name for name in chosen or () if name not in ("account_id", *table)]
        if unknown:
            told["notes"].append(f"Not available from this data, so not in accounts.parquet: {', '.join(unknown)}.")
    else:
        (folder / "accounts.parquet").unlink(missing_ok=True)
    picture, what = _picture(columns)
    core = columns["core_number"]
    highest = int(core.max(initial=0))
    mutual, follows = int(columns["mutual"].sum(dtype=np.int64)), int(about["follows"])
    summary = Summary(
        headcount_version=__version__,
        python_version=platform.python_version(),
        made_at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        accounts=len(ids),
        follows=follows,
        rows=about.get("rows"),
        missing=about.get("missing"),
        self_follows=about.get("self_loops"),
        duplicates=about.get("duplicates"),
        mutual=mutual,
        reciprocity=mutual / follows if follows else None,
        components=about["components"],
        largest_component=about["largest_component"],
        highest_core=highest,
        in_highest_core=int((core == highest).sum()),
        spammers=about.get("spammers"),
        talk=talk,
        correlations=correlations,
        influence=influence,
        rings=rings,
        response=picture,
        response_is=what,
        by_size=by_size(columns["followees"], columns["mutual"]),
        memory_peak=_peak(),
        **told,
    )
    return finish(folder, summary)


def finish(folder: Path, summary: Summary) -> Outcome:
    """Write summary.json and the page."""
    import msgspec

    text = json_text(msgspec.to_builtins(summary))
    for name, content in (("summary.json", text), ("network.html", render_page(summary))):
        with new_text(folder / name) as file:
            file.write(content)
    files = {
        "network.html": "the page",
        "accounts.parquet": f"{summary.accounts:,} accounts, one per row",
        "rings.json": "dense groups with evidence and members",
        "rings.parquet": "the same groups as a table, without members",
        "summary.json": "all figures of the page",
    }
    return Outcome(folder, {name: about for name, about in files.items() if (folder / name).exists()}, summary)


def _picture(columns: Mapping[str, NDArray[Any]]) -> tuple[Binned | None, str]:
    if "responders" in columns:
        return binned(columns["followers"], columns["responders"]), RESPONSE
    rank = columns["pagerank"]
    return binned(columns["followers"], rank * len(rank)), "PageRank, 1 = the mean"


def _peak() -> int:
    """Bytes of memory that this process held at most; macOS counts in bytes, others in KiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
