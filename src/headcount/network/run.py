"""From follows to the answers about a whole platform: what `headcount network` does, on one machine.

The steps, each with the graph mapped from disk: build the graph; read who responded to whom; count and connect; rank;
synchrony and the densest block; follows that are returned and their cores; closed circuits; influence by response;
write. A graph that was built before from the same files is used again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from headcount.errors import UsageError
from headcount.network.answers import Outcome, rate, write_answers
from headcount.network.inputs import Inputs, find_inputs, fingerprint, rows_of, upper_bounds
from headcount.network.memory import MemoryPlan, parse_memory, plan_memory
from headcount.network.progress import (
    BUILD,
    COUNT,
    DENSE,
    INFLUENCE,
    RANK,
    RETURNED,
    RINGS,
    TALK,
    WRITE,
    Steps,
    expected_seconds,
)
from headcount.network.results import correlation_rows, influence_part, network_correlations, rings_part, write_rings
from headcount.network.summary import TalkPart

if TYPE_CHECKING:
    from headcount.graph.graph import Graph, Rows
    from headcount.measures.circuits.groups import AccountFacts
    from headcount.measures.circuits.rings import Rings
    from headcount.measures.influence.influence import Influence
    from headcount.network.tables_in import Conversations

__all__ = ["numbered_components", "run_network"]


@dataclass
class _State:
    """What is known so far."""

    inputs: Inputs
    folder: Path
    memory: int
    iterations: int
    plan: MemoryPlan
    steps: Steps
    select: Mapping[str, Sequence[str]] | None = None
    columns: dict[str, NDArray[Any]] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    talk: Conversations | None = None
    facts: AccountFacts | None = None
    spammers: NDArray[np.int64] | None = None

    def graph(self) -> Graph:
        """The graph, mapped anew, so that pages of earlier steps are given back."""
        from headcount.graph.graph import open_graph

        return open_graph(self.inputs.graph or self.folder / "graph")


def run_network(
    data: Path | str,
    *,
    out: Path | str | None = None,
    memory: int | str = "16GB",
    iterations: int = 20,
    interactions: Path | str | None = None,
    spammers: Path | str | None = None,
    select: Mapping[str, Sequence[str]] | None = None,
    quiet: bool = True,
) -> Outcome:
    """Measure a whole platform and write the answers.

    Args:
        data: a folder of tidy tables, a file of follows, or a workspace; see docs/how-to/network.md.
        out: folder of the answers; without it NAME-network in the current folder.
        memory: allowed, as in "16GB" or in bytes; what is needed at most is computed before anything long begins.
        iterations: of the ranks.
        interactions, spammers: files beside the data.
        select: columns of the tables `accounts` and `rings`, in order; a table that is not named is not written. None
            for all.
        quiet: show no progress on standard error.

    Raises:
        UsageError: something named is not there.
        InputError: a file cannot be read as what it is.
        HeadcountError: it does not fit the memory or the disk.
    """
    allowed = parse_memory(memory) if isinstance(memory, str) else memory
    if iterations < 1:
        raise UsageError(f"--iterations must be at least 1, not {iterations}.", hint="the default is 20.")
    data = Path(data)
    folder = Path(out) if out is not None else Path(f"{data.resolve().name.split('.')[0]}-network")
    inputs = find_inputs(
        data,
        out=folder,
        interactions=None if interactions is None else Path(interactions),
        spammers=None if spammers is None else Path(spammers),
    )
    plan = _plan(inputs, allowed)
    steps = Steps(_expected(plan, inputs, iterations), quiet=quiet)
    steps.say(plan.sentence())
    plan.check(allowed)
    folder.mkdir(parents=True, exist_ok=True)
    state = _State(inputs, folder, allowed, iterations, plan, steps, select)
    try:
        return _through(state)
    finally:
        steps.close()


def _plan(inputs: Inputs, memory: int) -> MemoryPlan:
    import duckdb

    if inputs.graph is not None:
        from headcount.graph.graph import open_graph

        graph = open_graph(inputs.graph)
        accounts, follows = graph.count, graph.edges
    else:
        with duckdb.connect() as con:
            accounts, follows = upper_bounds(con, inputs.follows)
            plan = plan_memory(accounts, follows, rows_of(inputs.interactions), memory=memory)
            if plan.peak <= memory:
                return plan
            accounts, follows = upper_bounds(con, inputs.follows, closely=True)
    return plan_memory(accounts, follows, rows_of(inputs.interactions), memory=memory)


def _expected(plan: MemoryPlan, inputs: Inputs, iterations: int) -> dict[str, float]:
    """Seconds expected of the steps that this run has; the plan's accounts are an upper bound and tell nothing."""
    expected = expected_seconds(None, plan.follows, plan.interactions, iterations=iterations)
    skipped = set() if plan.interactions else {INFLUENCE}
    if inputs.graph is not None:
        skipped.add(BUILD)
    if not (plan.interactions or inputs.posts or inputs.accounts or inputs.spammers):
        skipped.add(TALK)
    return {step: seconds for step, seconds in expected.items() if step not in skipped}


def _expect(state: _State, accounts: int, follows: int, mutual: int | None = None) -> None:
    """Correct the expected times once the graph, and later its returned follows, are counted."""
    counted = expected_seconds(accounts, follows, state.plan.interactions, iterations=state.iterations, mutual=mutual)
    state.steps.expect({step: seconds for step, seconds in counted.items() if step not in state.steps.seconds})


def _through(state: _State) -> Outcome:
    _build(state)
    graph = state.graph()
    state.columns["followers"], state.columns["followees"] = _degree_columns(graph)
    ids = np.asarray(graph.ids)
    edges = graph.edges
    del graph
    _expect(state, len(ids), edges)
    if TALK in state.steps.expected:
        _read_tables(state, ids)
    _connect(state)
    _rank(state)
    _dense(state)
    mutual = _returned(state)
    found = _rings(state, mutual)
    del mutual
    influence, rated = _influence(state)
    with state.steps.step(WRITE, len(ids), "accounts"):
        return _write(state, ids, edges, found, influence, rated)


def _degree_columns(graph: Graph) -> tuple[NDArray[Any], NDArray[Any]]:
    from headcount.graph.degrees import degrees

    return degrees(graph.followers).astype(np.int32), degrees(graph.followees).astype(np.int32)


def _build(state: _State) -> None:
    """The graph on disk, built or found."""
    from headcount.network.build import build_graph, facts_of_graph
    from headcount.sources.formats.edges import sentences

    for table in state.inputs.recoded:
        state.notes += sentences([table])
    if state.inputs.graph is not None:
        state.about = _graph_json(state.inputs.graph)
        state.notes += sentences(facts_of_graph(state.about))
        return
    folder, seen = state.folder / "graph", state.folder / "source.json"
    of = fingerprint(state.inputs.original or state.inputs.follows)
    if (folder / "graph.json").is_file() and seen.is_file() and json.loads(seen.read_text())["fingerprint"] == of:
        state.steps.say("Reusing the graph built earlier from the same files.")
        state.steps.expected.pop(BUILD, None)
    else:
        seen.unlink(missing_ok=True)
        with state.steps.step(BUILD, state.plan.follows, "follows") as tell:
            build_graph(
                state.inputs.follows[0] if len(state.inputs.follows) == 1 else list(state.inputs.follows),
                folder,
                memory=min(state.memory // 2, 4 * 10**9),
                progress=tell,
            )
        seen.write_text(json.dumps({"fingerprint": of}), encoding="utf-8")
    state.about = _graph_json(folder)
    state.notes += sentences(state.inputs.facts or facts_of_graph(state.about))


def _graph_json(folder: Path) -> dict[str, Any]:
    about: dict[str, Any] = json.loads((folder / "graph.json").read_text(encoding="utf-8"))
    return about


def _read_tables(state: _State, ids: NDArray[Any]) -> None:
    from headcount.measures.circuits.groups import AccountFacts
    from headcount.network.tables_in import newcomer_flags, numbered, post_facts, read_spammers, read_talk

    inputs = state.inputs
    with (
        state.steps.step(TALK, state.plan.interactions, "interactions") as tell,
        numbered(ids, state.folder, state.memory // 4) as con,
    ):
        if inputs.interactions:
            state.talk = read_talk(con, inputs.interactions)
        tell(0.7)
        posts, links = post_facts(con, inputs.posts, inputs.accounts, len(ids))
        new = newcomer_flags(con, inputs.follows, inputs.accounts, len(ids))
        state.facts = AccountFacts(posts=posts, link_share=links, newcomer=new)
        if inputs.spammers is not None:
            state.spammers = read_spammers(con, inputs.spammers)


def _connect(state: _State) -> None:
    from headcount.graph.components import components

    with state.steps.step(COUNT, state.plan.follows, "follows"):
        label = components(state.graph().followees)
        state.columns["component"], sizes = numbered_components(label)
        state.about |= {"components": len(sizes), "largest_component": int(sizes.max(initial=0))}


def numbered_components(label: NDArray[Any]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Components numbered from 1, the largest, and how many accounts are in each label that occurs.

    Args:
        label: (N,) a whole number below N, the same for all of a component.
    """
    sizes = np.bincount(label, minlength=1) if len(label) else np.zeros(0, np.int64)
    roots = np.flatnonzero(sizes)
    place = np.zeros(len(sizes), np.int32)
    place[roots[np.argsort(-sizes[roots], kind="stable")]] = np.arange(1, len(roots) + 1, dtype=np.int32)
    return place[label], sizes[roots]


def _rank(state: _State) -> None:
    from headcount.graph.ranks.collusion import collusionrank
    from headcount.graph.ranks.pagerank import pagerank

    with state.steps.step(RANK, state.iterations, "iterations") as tell:
        graph = state.graph()
        state.columns["pagerank"] = pagerank(
            graph, iterations=state.iterations, progress=lambda done, whole: tell(done / whole)
        )
        if state.talk is not None:
            state.columns["interaction_pagerank"] = _interaction_rank(state.talk, graph.count, state.iterations)
        if state.spammers is not None:
            state.columns["collusionrank"] = collusionrank(graph, state.spammers, iterations=state.iterations)


def _interaction_rank(talk: Conversations, count: int, iterations: int) -> NDArray[np.float64]:
    """PageRank where rank flows from who responds to whom they respond to, in proportion to how often."""
    from headcount.graph.graph import Rows
    from headcount.graph.ranks.pagerank import weighted_pagerank

    order = np.lexsort((talk.actor, talk.target))
    offsets = np.zeros(count + 1, np.int64)
    np.cumsum(np.bincount(talk.target, minlength=count), out=offsets[1:])
    received = Rows(offsets, talk.actor[order].astype(np.uint32))
    return weighted_pagerank(received, talk.times[order].astype(np.float32), iterations=iterations)


def _dense(state: _State) -> None:
    """Synchrony of every account, and the densest block; neither accuses anybody."""
    from headcount.graph.groups.dense_blocks import dense_blocks
    from headcount.graph.groups.synchrony import synchrony

    with state.steps.step(DENSE, state.plan.follows, "follows") as tell:
        graph = state.graph()
        state.columns["synchrony"] = synchrony(graph.followees, graph.followers).excess.astype(np.float32)
        tell(0.6)
        for block in dense_blocks(graph.followees, graph.followers):
            state.notes.append(
                f"The densest block (FRAUDAR objective, at least half of the optimum): {len(block.sources):,} "
                f"accounts that follow {len(block.targets):,}, {block.follows:,} follows."
            )


def _returned(state: _State) -> Rows:
    from headcount.graph.cores import core_numbers
    from headcount.graph.mutual import mutual_rows

    with state.steps.step(RETURNED, state.plan.follows, "follows") as tell:
        mutual = mutual_rows(state.graph())
        plan = state.plan
        # More of them may be returned than was taken for granted.
        plan_memory(
            plan.accounts, plan.follows, plan.interactions, mutual=len(mutual.targets), memory=state.memory
        ).check(state.memory)
        tell(0.5)
        returned = np.diff(mutual.offsets)
        state.columns["mutual"] = returned.astype(np.int32)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (returned / state.columns["followees"]).astype(np.float32)
        state.columns["reciprocity"] = share
        state.columns["core_number"] = np.asarray(core_numbers(mutual)).astype(np.int32)
    return mutual


def _rings(state: _State, mutual: Rows) -> Rings:
    from headcount.measures.circuits.evidence import Conversation
    from headcount.measures.circuits.groups import AccountFacts
    from headcount.measures.circuits.rings import rings_of_graph

    conversation = None
    if state.talk is not None and (words := state.talk.words > 0).any():
        talk = state.talk
        conversation = Conversation(talk.actor[words], talk.target[words], talk.words[words])
    elif state.talk is not None:
        state.notes.append("The interactions contain no replies, mentions or quotes, so conversations are unknown.")
    facts = replace(state.facts or AccountFacts(), synchrony=state.columns["synchrony"].astype(np.float64))
    if conversation is not None and facts.posts is None:
        state.notes.append(
            "There are no posts, so circuits with silent members cannot be distinguished from inactive accounts."
        )
    ties = len(mutual.targets) // 2
    _expect(state, len(mutual.offsets) - 1, int(state.columns["followees"].sum(dtype=np.int64)), mutual=2 * ties)
    with state.steps.step(RINGS, ties, "ties") as tell:
        found = rings_of_graph(state.graph().followees, mutual, conversation=conversation, facts=facts, progress=tell)
    state.columns["group"] = np.where(found.label >= 0, found.label + 1, -1).astype(np.int32)
    state.columns["ring"] = np.where(found.in_ring, found.label + 1, -1).astype(np.int32)
    return found


def _influence(state: _State) -> tuple[Influence | None, NDArray[np.int64] | None]:
    """Influence, and which accounts it is of (None: all)."""
    if state.talk is None:
        return None, None
    from headcount.measures.influence.influence import count_responders

    with state.steps.step(INFLUENCE, len(state.columns["followers"]), "accounts") as tell:
        graph = state.graph()
        responders = count_responders(state.talk.actor, state.talk.target, graph.count, graph.followers)
        state.columns["responders"] = responders.astype(np.int32)
        tell(0.3)
        return rate(state.columns, state.notes)


def _write(
    state: _State,
    ids: NDArray[Any],
    edges: int,
    found: Rings,
    influence: Influence | None,
    rated: NDArray[np.int64] | None,
) -> Outcome:
    part = rings_part(found, ids, state.columns["followers"], state.inputs.accounts)
    talk = state.talk
    told = None
    if talk is not None:
        told = TalkPart(rows=talk.rows, unknown=talk.unknown, pairs=len(talk.actor), first=talk.first, last=talk.last)
    state.about |= {"follows": edges, "spammers": None if state.spammers is None else len(state.spammers)}
    rings_columns = None if state.select is None else state.select.get("rings", ())
    write_rings(state.folder, found, part, ids, select=rings_columns)
    return write_answers(
        state.folder,
        ids,
        state.columns,
        influence_part(influence, rated, ids, state.inputs.accounts) if influence else None,
        correlation_rows(influence) if influence else network_correlations(state.columns),
        rings=part,
        talk=told,
        about=state.about,
        told={
            "engine": "local",
            "data": state.inputs.name,
            "iterations": state.iterations,
            "memory_bound": state.plan.peak,
            "seconds": {name: round(seconds, 3) for name, seconds in state.steps.seconds.items()},
            "notes": state.notes,
        },
        memory=state.memory // 8,
        select=state.select,
    )
