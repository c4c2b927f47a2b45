"""The same answers from Spark, for follows that no one machine holds.

Follows and interactions stay on the cluster; what comes back is one row an account (some hundred bytes each), from
which rates, ranks and the page are made as on one machine. Closed circuits are not looked for there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headcount.errors import UsageError
from headcount.network.answers import Outcome, rate, write_answers
from headcount.network.inputs import ENDINGS, Inputs, find_inputs
from headcount.network.memory import parse_memory
from headcount.network.progress import Steps
from headcount.network.results import correlation_rows, influence_part, network_correlations
from headcount.network.run import numbered_components
from headcount.network.summary import TalkPart
from headcount.sources.formats.edges import find_edge_file, sentences

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from headcount.network.spark.session import Checkpoints, SparkGraph

__all__ = ["run_network_on_spark"]

COUNT, RANK, CORE, CONNECT, DENSE, WRITE = (
    "counting on Spark",
    "network ranks",
    "cores of returned follows",
    "connected parts",
    "densest block",
    "influence and writing",
)


def run_network_on_spark(
    data: Path | str,
    *,
    master: str | None = None,
    out: Path | str | None = None,
    memory: int | str = "16GB",
    iterations: int = 20,
    interactions: Path | str | None = None,
    spammers: Path | str | None = None,
    select: Mapping[str, Sequence[str]] | None = None,
    quiet: bool = True,
) -> Outcome:
    """Measure a whole platform on Spark; arguments as for `run_network`.

    Args:
        master: sc://host:15002, spark://host:7077, local[*] (without one), yarn, k8s://….
        memory: of the driver where this process starts it, and of this process for the table of accounts.

    Raises:
        UsageError: Spark is not there, or what is asked for is on one machine only.
        HeadcountError: Spark gives up.
    """
    if spammers is not None:
        raise UsageError("Collusionrank is not computed on Spark.", hint="omit --spammers, or use --engine local.")
    from headcount.network.spark.session import connect, work_folder

    allowed = parse_memory(memory) if isinstance(memory, str) else memory
    data = Path(data)
    folder = Path(out) if out is not None else Path(f"{data.resolve().name.split('.')[0]}-network")
    inputs = find_inputs(data, out=folder, interactions=None if interactions is None else Path(interactions))
    if inputs.graph is not None:
        raise UsageError(f"{data} is a graph for the local engine.", hint="give the table of follows instead.")
    for files in (inputs.follows, inputs.interactions):
        _check(files)
    _check_follows(inputs.follows)
    steps = Steps({COUNT: 3, RANK: 1.5 * iterations, CORE: 20, CONNECT: 6, DENSE: 8, WRITE: 2}, quiet=quiet)
    session = connect(master or "local[*]", memory=f"{allowed // 10**6}m")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with work_folder(session, folder) as work:
            return _through(work, inputs, folder, iterations, allowed, steps, select)
    finally:
        steps.close()
        session.stop()


def _through(
    work: Checkpoints,
    inputs: Inputs,
    folder: Path,
    iterations: int,
    memory: int,
    steps: Steps,
    select: Mapping[str, Sequence[str]] | None,
) -> Outcome:
    from headcount.network import expressions
    from headcount.network.spark import iterate as spark_iterate
    from headcount.network.spark.session import prepare

    follows = _frame(work.session, inputs.follows)
    talk = _frame(work.session, inputs.interactions) if inputs.interactions else None
    with steps.step(COUNT):
        graph = prepare(follows, work)
        measured = expressions.reciprocity(follows) if talk is None else expressions.account_table(follows, talk)
        parts = {"table": work.keep(measured.to_native(), "table")}
    with steps.step(RANK) as tell:
        share = 1.0 if talk is None else 0.5
        ranks = spark_iterate.pagerank(
            graph, iterations=iterations, progress=lambda done, _: tell(share * done / iterations)
        )
        parts["pagerank"] = ranks.table
        if talk is not None:
            parts["interaction"] = _interaction_ranks(work, graph, talk, iterations)
    with steps.step(CORE):
        ties = spark_iterate.mutual_edges(graph)
        parts["core"] = spark_iterate.core_numbers(graph, ties=ties).table
    with steps.step(CONNECT):
        parts["component"] = spark_iterate.connected_components(graph)
    with steps.step(DENSE):
        block = spark_iterate.densest_block(graph)
    notes = [*sentences(inputs.facts), "Closed circuits are not computed on Spark; use --engine local."]
    if block is not None:
        notes.append(
            f"The densest block (FRAUDAR objective, within a factor of {block.factor:.2f} of the best): "
            f"{block.sources:,} accounts that follow {block.targets:,}, {block.follows:,} follows."
        )
    with steps.step(WRITE):
        ids, columns = _fetch(work, graph, parts)
        label = np.unique(columns.pop("component_of"), return_inverse=True)[1].astype(np.int64)
        columns["component"], sizes = numbered_components(label)
        influence, rated = rate(columns, notes) if talk is not None else (None, None)
        counts = graph.counts
        return write_answers(
            folder,
            ids,
            columns,
            influence_part(influence, rated, ids, inputs.accounts) if influence else None,
            correlation_rows(influence) if influence else network_correlations(columns),
            rings=None,
            talk=None if talk is None else _talk_part(work, graph, talk),
            about={
                "follows": counts.edges,
                "rows": counts.rows,
                "missing": counts.missing,
                "self_loops": counts.self_follows,
                "duplicates": counts.duplicates,
                "components": len(sizes),
                "largest_component": int(sizes.max(initial=0)),
            },
            told={
                "engine": "spark",
                "data": inputs.name,
                "iterations": iterations,
                "memory_bound": memory,
                "seconds": {name: round(seconds, 3) for name, seconds in steps.seconds.items()},
                "notes": notes,
            },
            memory=memory // 8,
            select=select,
        )


def _check(files: Sequence[Path]) -> None:
    if files and not files[0].name.lower().endswith(ENDINGS):
        raise UsageError(f"{files[0].name} is neither Parquet nor CSV.", hint="write it as Parquet.")


def _check_follows(files: Sequence[Path]) -> None:
    """Spark reads CSV with commas, a header and the columns of tidy tables; other layouts would be read wrongly."""
    if files[0].name.lower().endswith(".parquet"):
        return
    for file in files:
        found = find_edge_file(file)
        layout = found.layout
        named = {"follower_id", "followee_id"} <= set(layout.names)
        if not (named and layout.separator == "," and layout.skipped_lines == 1 and layout.is_regular):
            raise UsageError(
                f"{file.name} is not CSV with commas and the columns follower_id and followee_id in its first line.",
                hint="write it as Parquet; --engine local reads other layouts.",
            )


def _frame(session: SparkSession, files: Sequence[Path]) -> DataFrame:
    paths = [str(file.resolve()) for file in files]
    if files[0].name.lower().endswith(".parquet"):
        return session.read.parquet(*paths)
    return session.read.option("header", True).csv(paths)


def _interaction_ranks(work: Checkpoints, graph: SparkGraph, talk: DataFrame, iterations: int) -> DataFrame:
    """PageRank over who responded to whom, among the accounts of the graph."""
    from headcount.network import expressions
    from headcount.network.spark import iterate as spark_iterate
    from headcount.network.spark.session import prepare

    people = graph.accounts.select("account_id")
    weights = work.keep(
        work.sql(
            "select w.actor_id, w.target_id, w.weight from {weights} w "
            "left semi join {people} a on w.actor_id = a.account_id "
            "left semi join {people} t on w.target_id = t.account_id",
            weights=expressions.interaction_weights(talk).to_native(),
            people=people,
        ),
        "talk",
    )
    over = prepare(weights, work, source="actor_id", target="target_id", weight="weight", accounts=people)
    return spark_iterate.pagerank(over, iterations=iterations).table


def _talk_part(work: Checkpoints, graph: SparkGraph, talk: DataFrame) -> TalkPart:
    moments = "min(i.created_at), max(i.created_at)" if "created_at" in talk.columns else "null, null"
    first, last, rows = work.row(
        f"select {moments}, count(*) from {{talk}} i where i.actor_id <> i.target_id and i.kind is not null", talk=talk
    )
    known, pairs = work.row(
        "select count(*), count(distinct i.actor_id, i.target_id) from {talk} i "
        "left semi join {people} a on i.actor_id = a.account_id "
        "left semi join {people} t on i.target_id = t.account_id "
        "where i.actor_id <> i.target_id and i.kind is not null",
        talk=talk,
        people=graph.accounts.select("account_id"),
    )
    shown = [None if moment is None else str(moment).replace(" ", "T")[:19] + "Z" for moment in (first, last)]
    return TalkPart(rows=int(rows), unknown=int(rows) - int(known), pairs=int(pairs), first=shown[0], last=shown[1])


def _fetch(
    work: Checkpoints, graph: SparkGraph, parts: dict[str, DataFrame]
) -> tuple[NDArray[Any], dict[str, NDArray[Any]]]:
    """The table of accounts, ordered by id."""
    columns = "a.account_id, t.followers, t.followees, t.mutual, p.rank as pagerank, k.core, c.component"
    joins = (
        "join {table} t on a.account_id = t.account_id join {pagerank} p on a.account_id = p.account_id "
        "left join {core} k on a.account_id = k.account_id join {component} c on a.account_id = c.account_id"
    )
    if "interaction" in parts:
        columns += ", i.rank as interaction_pagerank, t.responding_followers as responders"
        joins += " left join {interaction} i on a.account_id = i.account_id"
    table = work.sql(
        f"select {columns} from {{accounts}} a {joins} order by a.account_id", accounts=graph.accounts, **parts
    ).toArrow()
    ids = table["account_id"].to_numpy()
    if ids.dtype.kind not in "iu":
        ids = ids.astype(str)
    found: dict[str, NDArray[Any]] = {
        name: table[name].to_numpy().astype(np.int32) for name in ("followers", "followees", "mutual")
    }
    with np.errstate(divide="ignore", invalid="ignore"):
        found["reciprocity"] = (found["mutual"] / found["followees"]).astype(np.float32)
    found["pagerank"] = table["pagerank"].to_numpy()
    found["core_number"] = np.nan_to_num(table["core"].to_numpy().astype(float)).astype(np.int32)
    found["component_of"] = table["component"].to_numpy()
    if "interaction" in parts:
        found["interaction_pagerank"] = table["interaction_pagerank"].to_numpy()
        found["responders"] = table["responders"].to_numpy().astype(np.int32)
    return ids, found
