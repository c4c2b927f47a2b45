"""The measures' results as rows of the summary, with the names of those who are shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headcount.network.summary import AccountRow, CorrelationRow, GroupRow, InfluencePart, RingsPart
from headcount.support.output import new_file, new_text
from headcount.support.safe_text import json_text
from headcount.support.sql import literal

if TYPE_CHECKING:
    from headcount.measures.circuits.groups import FollowGroup
    from headcount.measures.circuits.rings import Rings
    from headcount.measures.influence.influence import Influence

__all__ = ["correlation_rows", "influence_part", "network_correlations", "rings_part", "write_rings"]

LISTED = 10
NAMED = 5
GROUPS = 200
SAMPLED = 5_000_000
"""Accounts that rank correlations without interactions rest on; of more, a uniform sample."""


def correlation_rows(influence: Influence) -> list[CorrelationRow]:
    """Followers and responders, and all other pairs of ranks."""
    return [
        CorrelationRow(
            first=pair.first,
            second=pair.second,
            top=pair.top,
            rho=pair.correlation.rho,
            low=pair.correlation.low,
            high=pair.correlation.high,
            accounts=pair.correlation.accounts,
            by_restriction=pair.by_restriction,
        )
        for pair in influence.pairs
    ]


def network_correlations(columns: Mapping[str, NDArray[Any]]) -> list[CorrelationRow]:
    """Followers and PageRank, where nothing is known of responders."""
    from headcount.measures.influence.ranks import restricted, spearman

    followers, rank = columns["followers"], columns["pagerank"]
    if len(followers) > SAMPLED:
        drawn = np.sort(np.random.default_rng(0).choice(len(followers), SAMPLED, replace=False))
        followers, rank = followers[drawn], rank[drawn]
    size = followers.astype(float)
    order = np.sort(size)
    rows: list[CorrelationRow] = []
    for top in (1.0, 0.1, 0.01):
        least = order[int(len(order) * (1 - top))] if len(order) else 0.0
        among = size >= least
        found = spearman(size[among], rank[among])
        whole = rows[0].rho if rows else None
        rows.append(
            CorrelationRow(
                first="followers",
                second="pagerank",
                top=top,
                rho=found.rho,
                low=found.low,
                high=found.high,
                accounts=found.accounts,
                by_restriction=None if whole is None else restricted(whole, top),
            )
        )
    return rows


def influence_part(
    influence: Influence, rated: NDArray[np.int64] | None, ids: NDArray[Any], accounts: Sequence[Path]
) -> InfluencePart:
    """The lists of the page, with names.

    Args:
        influence: of all accounts, or of those in `rated`.
        rated: numbers of the accounts; None for all.
        ids: of all accounts.
        accounts: files of the table that knows handles.
    """
    places = influence.ranks["response"]
    top = np.argsort(np.where(np.isnan(places), np.inf, places), kind="stable")[:LISTED]
    lists = [top[np.isfinite(places[top])], influence.fallers(LISTED), influence.risers(LISTED)]
    shown = np.unique(np.concatenate(lists)).astype(np.int64)
    names = _names(ids, shown if rated is None else rated[shown], accounts)
    of = {int(number): names[place] for place, number in enumerate(shown)}
    rows = [[_account(influence, int(number), *of[int(number)]) for number in numbers] for numbers in lists]
    return InfluencePart(
        sentence=influence.sentence(),
        accounts=influence.known,
        compared=int(np.isfinite(places).sum()),
        falling=int((influence.fall > 0).sum()),
        rising=int((influence.rise > 0).sum()),
        top=rows[0],
        fallers=rows[1],
        risers=rows[2],
    )


def _account(influence: Influence, number: int, account_id: str | None, handle: str | None) -> AccountRow:
    response, ranks = influence.response, influence.ranks
    return AccountRow(
        account_id=account_id,
        handle=handle,
        followers=int(influence.followers[number]),
        responders=int(response.responders[number]),
        rate=float(response.rate[number]),
        low=float(response.low[number]),
        high=float(response.high[number]),
        rank_by_followers=round(float(ranks["followers"][number])),
        rank_by_response=round(float(ranks["response"][number])),
        best=round(float(influence.best[number])),
        worst=round(float(influence.worst[number])),
    )


def _names(
    ids: NDArray[Any], numbers: NDArray[np.int64], accounts: Sequence[Path]
) -> list[tuple[str | None, str | None]]:
    """Id and handle of some accounts; neither of those who ask not to be named."""
    from headcount.network.tables_in import names_of

    told = [str(ids[number]) for number in numbers]
    handles, hidden = names_of(accounts, told)
    return [(None, None) if name in hidden else (name, handles.get(name)) for name in told]


def rings_part(found: Rings, ids: NDArray[Any], followers: NDArray[Any], accounts: Sequence[Path]) -> RingsPart:
    """Circuits and other dense groups; of each the members with most followers are named."""
    dense = [number for number, group in enumerate(found.groups) if group.verdict != "chance"][:GROUPS]
    leading = [_leading(found.groups[number], followers) for number in dense]
    shown = np.unique(np.concatenate(leading)) if leading else np.zeros(0, np.int64)
    names = dict(zip(shown.tolist(), _names(ids, shown, accounts), strict=True))
    rows = []
    for number, members in zip(dense, leading, strict=True):
        told = [names[int(member)] for member in members]
        rows.append(group_row(number + 1, found.groups[number], [handle or name for name, handle in told if name]))
    interval = found.share_interval
    return RingsPart(
        sentence=found.sentence(),
        circuits=len(found.rings) if found.has_conversation_data else None,
        accounts=int(found.in_ring.sum()) if found.has_conversation_data else None,
        share=found.share,
        low=None if interval is None else interval[0],
        high=None if interval is None else interval[1],
        exact=found.exact,
        groups=rows,
        dense=sum(group.verdict != "chance" for group in found.groups),
    )


def _leading(group: FollowGroup, followers: NDArray[Any]) -> NDArray[np.int64]:
    order = np.argsort(-followers[group.members].astype(np.int64), kind="stable")[:NAMED]
    members: NDArray[np.int64] = group.members[order].astype(np.int64)
    return members


def group_row(number: int, group: FollowGroup, named: list[str]) -> GroupRow:
    """One group with its evidence."""
    talk = group.conversation
    return GroupRow(
        number=number,
        verdict=group.verdict,
        members=len(group.members),
        ties=group.ties,
        density=group.density,
        significance=group.significance,
        reciprocity=group.reciprocity,
        conversation=None if talk is None else talk.value,
        conversation_low=None if talk is None else talk.low,
        conversation_high=None if talk is None else talk.high,
        replies_per_follow=group.replies_per_follow,
        inside_share=group.inside_share,
        inside_ties=group.inside_ties,
        link_share=group.link_share,
        newcomers=group.newcomers,
        synchrony=group.synchrony,
        named=named,
    )


def write_rings(
    folder: Path, found: Rings, part: RingsPart, ids: NDArray[Any], *, select: Sequence[str] | None = None
) -> None:
    """rings.json: every group with its evidence and its members' ids; rings.parquet: the same without members.

    Args:
        folder: where to; found: the groups; part: the sentence about them; ids: of the accounts.
        select: columns of rings.parquet, in order; None for all, empty for no such file.
    """
    import duckdb
    import msgspec

    rows: list[dict[str, Any]] = []
    for number, group in enumerate(found.groups):
        row: dict[str, Any] = msgspec.to_builtins(group_row(number + 1, group, []))
        del row["named"]
        rows.append(row)
    whole = [
        {**row, "member_ids": [_plain(ids[m]) for m in group.members]}
        for row, group in zip(rows, found.groups, strict=True)
    ]
    text = json_text({"sentence": part.sentence, "groups": whole}, indent=1)
    with new_text(folder / "rings.json") as file:
        file.write(text)
    if select is not None and not select:
        (folder / "rings.parquet").unlink(missing_ok=True)
        return
    kinds = {"number": "INTEGER", "verdict": "VARCHAR", "members": "BIGINT", "ties": "BIGINT"}
    names = [name for name in GroupRow.__dataclass_fields__ if name != "named"]
    columns = ", ".join(f"{name} {kinds.get(name, 'DOUBLE')}" for name in names)
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE groups ({columns})")
        if rows:
            con.executemany(
                f"INSERT INTO groups VALUES ({', '.join('?' * len(names))})", [[row[n] for n in names] for row in rows]
            )
        with new_file(folder / "rings.parquet") as file:
            target = literal(file)
            chosen = ", ".join(names if select is None else select)
            con.execute(f"COPY (SELECT {chosen} FROM groups) TO {target} (FORMAT parquet)")


def _plain(value: Any) -> int | str:
    return int(value) if isinstance(value, np.integer) else str(value)
