"""Measures over a whole platform that iterate, as Spark jobs: ranks, cores, the densest block, components.

Every round is one or two joins and a sum by account, written as a checkpoint (see `spark`); only single figures
come back to this process, and they decide whether another round follows.

* **PageRank** (Brin, Page 1998): rank(v) = (1 - d) / n + d (sum of rank(u) / followees(u) over the followers u of v
  + lost / n), where lost is the rank of those who follow nobody: it is spread evenly. Ranks add up to 1. With
  weights w, rank(u) flows in the shares w(u, v) / sum of w(u, ·): over interactions, attention instead of clicks.
* **k-core** (Seidman 1983): whoever has fewer than k ties is taken out, all at once, until nobody is. Exact.
* **Core numbers** (Montresor, De Pellegrini, Miorandi 2013): everybody starts with the number of ties; a round sets
  it to the largest h such that h neighbours have at least h. It falls to the core number and stays; stopped
  early it is an upper bound.
* **Densest block** by the FRAUDAR objective (Hooi et al. 2016): followers R and followed C with the greatest
  g = f / (|R| + |C|), f the sum over their follows of 1 / log(d + 5), d = followers of the followed. A round
  takes out everybody who contributes at most 2 (1 + e) g (Bahmani, Kumar, Vassilvitskii 2012). In the best block
  everybody contributes at least its g*; when the first of them is taken out, g* <= 2 (1 + e) g of that round. So
  the best round has at least g* / (2 (1 + e)). A share e / (1 + e) of the accounts goes each round: the
  number of rounds grows with the logarithm of the accounts. Weights are whole multiples of 2^-32, so that sums,
  and with them the block, do not depend on the order of rows.
* **Connected components** by alternating large and small stars (Kiveris et al. 2014): large star: every
  neighbour above u is tied to the least account m in u's neighbourhood; small star: u and its neighbours below
  it are tied to the least of them. Both keep who is connected; at the end every component is one star.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headcount.errors import HeadcountError, UsageError
from headcount.network.spark.session import Checkpoints, Rounds, SparkGraph

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

__all__ = [
    "CoreNumbers",
    "DensestBlock",
    "Ranks",
    "connected_components",
    "core_numbers",
    "densest_block",
    "k_core",
    "mutual_edges",
    "pagerank",
    "undirected_edges",
]

Progress = Callable[[int, float], None]
"""Called after every round with its number, from 1, and what is left to do: see each job."""

SCALE = 4294967296
MAX_ROUNDS = 10_000


@dataclass(frozen=True)
class Ranks:
    """Ranks of all accounts.

    Attributes:
        table: account_id, rank (they add up to 1).
        iterations: rounds that were done.
        moved: sum of the absolute changes of the last round.
    """

    table: DataFrame
    iterations: int
    moved: float


@dataclass(frozen=True)
class CoreNumbers:
    """Core number of every account with a tie.

    Attributes:
        table: account_id, core.
        rounds: that were done.
        exact: False: stopped early, every `core` is an upper bound.
    """

    table: DataFrame
    rounds: int
    exact: bool


@dataclass(frozen=True)
class DensestBlock:
    """A dense block of followers and followed.

    Attributes:
        members: account_id, side (source or target).
        score: its g, see the module's text.
        factor: the best block there is has at most this many times the score.
        sources, targets, follows: how many are in it.
        rounds: that were done.
    """

    members: DataFrame
    score: float
    factor: float
    sources: int
    targets: int
    follows: int
    rounds: int


def pagerank(
    graph: SparkGraph,
    *,
    damping: float = 0.85,
    iterations: int = 20,
    tolerance: float = 0.0,
    progress: Progress | None = None,
) -> Ranks:
    """PageRank of every account, weighted where the graph is.

    Args:
        graph: edges from the follower to the followed.
        damping: share of the rank that flows on, between 0 and 1.
        iterations: rounds at most, from equal ranks.
        tolerance: stop when the sum of the absolute changes is at most this.
        progress: gets the sum of the absolute changes.

    Raises:
        UsageError: damping outside of 0 to 1, or a negative number of rounds.
    """
    if not 0 <= damping < 1 or iterations < 0:
        raise UsageError(f"Damping {damping} and {iterations} rounds: 0 <= damping < 1 and 0 rounds or more.")
    work, count = graph.checkpoints, graph.counts.accounts
    rounds = work.rounds("ranks")
    state = rounds.save(_equal_ranks(graph))
    seen = _lost_and_moved(work, state)
    done = 0
    while done < iterations and count:
        base = (1 - damping + damping * seen["lost"]) / count
        state = rounds.save(_flow(graph, state, base, damping))
        seen = _lost_and_moved(work, state)
        done += 1
        if progress:
            progress(done, seen["moved"])
        if seen["moved"] <= tolerance:
            break
    return Ranks(graph.named(state, "t.rank"), done, seen["moved"])


def _lost_and_moved(work: Checkpoints, state: DataFrame) -> Any:
    return work.row(
        "select coalesce(sum(if(s.total is null, s.rank, 0.0D)), 0.0D) as lost, "
        "coalesce(sum(s.moved), 0.0D) as moved from {state} s",
        state=state,
    )


def _equal_ranks(graph: SparkGraph) -> DataFrame:
    total = "sum(e.weight)" if graph.weighted else "cast(count(*) as double)"
    return graph.checkpoints.sql(
        f"select a.id, o.total, {1 / max(graph.counts.accounts, 1)!r}D as rank, 0.0D as moved from {{accounts}} a "
        f"left join (select e.source, {total} as total from {{edges}} e group by e.source) o on a.id = o.source",
        accounts=graph.accounts,
        edges=graph.edges,
    )


def _flow(graph: SparkGraph, state: DataFrame, base: float, damping: float) -> DataFrame:
    share = "f.rank * e.weight / f.total" if graph.weighted else "f.rank / f.total"
    return graph.checkpoints.sql(
        "select n.id, n.total, n.rank, abs(n.rank - n.before) as moved from ("
        f"select s.id, s.total, {base!r}D + {damping!r}D * coalesce(i.inflow, 0.0D) as rank, s.rank as before "
        "from {state} s left join ("
        f"select e.target, sum({share}) as inflow from {{edges}} e join {{state}} f on e.source = f.id "
        "group by e.target"
        ") i on s.id = i.target) n",
        state=state,
        edges=graph.edges,
    )


def mutual_edges(graph: SparkGraph) -> DataFrame:
    """Follows that are returned: source and target, each tie in both directions."""
    return graph.checkpoints.keep(
        graph.checkpoints.sql(
            "select e.source, e.target from {edges} e left semi join {edges} r "
            "on e.source = r.target and e.target = r.source",
            edges=graph.edges,
        ),
        "mutual-edges",
    )


def undirected_edges(graph: SparkGraph) -> DataFrame:
    """Pairs of whom one follows the other: source and target, each tie in both directions."""
    return graph.checkpoints.keep(
        graph.checkpoints.sql(
            "select e.source, e.target from {edges} e union "
            "select f.target as source, f.source as target from {edges} f",
            edges=graph.edges,
        ),
        "undirected-edges",
    )


def k_core(graph: SparkGraph, k: int, *, ties: DataFrame | None = None, progress: Progress | None = None) -> DataFrame:
    """Accounts of the k-core: account_id and ties (to others of the core). Exact.

    Args:
        graph: the graph.
        k: ties that everybody in it has at least, 1 or more.
        ties: from `mutual_edges` (also what is taken without it) or `undirected_edges`.
        progress: gets the number of accounts left.

    Raises:
        UsageError: k below 1.
    """
    if k < 1:
        raise UsageError(f"k = {k}: expected a number of at least 1.")
    work = graph.checkpoints
    rounds, sizes = work.rounds("core"), work.rounds("core-accounts")
    left = mutual_edges(graph) if ties is None else ties
    for number in range(1, MAX_ROUNDS):
        people = sizes.save(
            work.sql("select e.source as id, count(*) as ties from {left} e group by e.source", left=left)
        )
        seen = work.row(f"select count(*) as n, count_if(p.ties < {k}) as few from {{people}} p", people=people)
        if progress:
            progress(number, seen["n"] - seen["few"])
        if not seen["few"]:
            return graph.named(people, "t.ties")
        left = rounds.save(_both_in(work, left, people, f"ties >= {k}"))
    raise HeadcountError(f"The {k}-core was not reached in {MAX_ROUNDS:,} rounds.")


def _both_in(work: Checkpoints, edges: DataFrame, people: DataFrame, condition: str) -> DataFrame:
    kept = work.sql(f"select p.id from {{people}} p where p.{condition}", people=people)
    return work.sql(
        "select e.source, e.target from {edges} e left semi join {kept} s on e.source = s.id "
        "left semi join {kept} t on e.target = t.id",
        edges=edges,
        kept=kept,
    )


def core_numbers(
    graph: SparkGraph, *, ties: DataFrame | None = None, most_rounds: int = 200, progress: Progress | None = None
) -> CoreNumbers:
    """The core number of every account that has a tie.

    Args:
        graph: the graph.
        ties: from `mutual_edges` (also what is taken without it) or `undirected_edges`.
        most_rounds: stop then, with upper bounds. Social graphs need some tens; a chain needs half its length.
        progress: gets the number of accounts whose figure changed.
    """
    work = graph.checkpoints
    ties = mutual_edges(graph) if ties is None else ties
    rounds = work.rounds("cores")
    state = rounds.save(
        work.sql("select e.source as id, count(*) as core, true as fell from {ties} e group by e.source", ties=ties)
    )
    done, changed = 0, 1
    while done < most_rounds and changed:
        state = rounds.save(_lower(work, ties, state))
        changed = work.row("select count_if(s.fell) as n from {state} s", state=state)["n"]
        done += 1
        if progress:
            progress(done, changed)
    return CoreNumbers(graph.named(state, "t.core"), done, not changed)


def _lower(work: Checkpoints, ties: DataFrame, state: DataFrame) -> DataFrame:
    """One round. h = the largest min(v, neighbours with at least v) over the figures v of the neighbours.

    Only those are looked at of whom a neighbour fell in the round before.
    """
    return work.sql(
        "select s.id, coalesce(h.core, s.core) as core, coalesce(h.core < s.core, false) as fell from {state} s "
        "left join (select r.id, max(least(r.core, r.reach)) as core from ("
        "select c.id, c.core, sum(c.n) over (partition by c.id order by c.core desc) as reach from ("
        "select e.source as id, least(a.core, b.core) as core, count(*) as n from {ties} e "
        "left semi join (select t.source from {ties} t left semi join {fallen} f on t.target = f.id) x "
        "on e.source = x.source join {state} a on e.source = a.id join {state} b on e.target = b.id "
        "group by e.source, least(a.core, b.core)) c) r group by r.id) h on s.id = h.id",
        ties=ties,
        state=state,
        fallen=work.sql("select s.id from {state} s where s.fell", state=state),
    )


def densest_block(
    graph: SparkGraph, *, tolerance: float = 0.1, progress: Progress | None = None
) -> DensestBlock | None:
    """The densest block by the FRAUDAR objective, within a factor of 2 (1 + tolerance) of the best there is.

    Args:
        graph: its weights, if it has any, are not used.
        tolerance: above 0; smaller takes more rounds and gives a closer block.
        progress: gets the number of follows left.

    Returns:
        None where there are no follows.

    Raises:
        UsageError: the tolerance is not above 0.
    """
    if not tolerance > 0:
        raise UsageError(f"Tolerance {tolerance}: expected a number above 0, such as 0.1.")
    work = graph.checkpoints
    rounds, states = work.rounds("block"), work.rounds("block-sides")
    left = rounds.save(_weighed(graph))
    best, done = None, 0
    while True:
        sides = states.save(_contributions(work, left))
        seen = work.row(
            "select count_if(s.side = 'source') as sources, count_if(s.side = 'target') as targets, "
            "sum(if(s.side = 'source', s.value, 0)) as f, sum(if(s.side = 'source', s.follows, 0)) as follows "
            "from {sides} s",
            sides=sides,
        )
        if not seen["sources"]:
            break
        score = int(seen["f"]) / (seen["sources"] + seen["targets"])
        if best is None or score > best[0]:
            best = (score, seen, left)
            rounds.hold()
        done += 1
        if progress:
            progress(done, seen["follows"])
        left = rounds.save(_peel(work, left, sides, 2 * (1 + tolerance) * score))
    if best is None:
        return None
    score, seen, kept = best
    members = graph.named(_members(work, kept), "t.side")
    figures = (seen["sources"], seen["targets"], int(seen["follows"]))
    return DensestBlock(members, score / SCALE, 2 * (1 + tolerance), *figures, done)


def _weighed(graph: SparkGraph) -> DataFrame:
    return graph.checkpoints.sql(
        f"select e.source, e.target, cast(rint({SCALE}D / ln(d.followers + 5.0D)) as bigint) as weight "
        "from {edges} e "
        "join (select i.target, count(*) as followers from {edges} i group by i.target) d on e.target = d.target",
        edges=graph.edges,
    )


def _contributions(work: Checkpoints, left: DataFrame) -> DataFrame:
    return work.sql(
        "select e.source as id, 'source' as side, sum(e.weight) as value, count(*) as follows from {left} e "
        "group by e.source union all "
        "select f.target as id, 'target' as side, sum(f.weight) as value, count(*) as follows from {left} f "
        "group by f.target",
        left=left,
    )


def _peel(work: Checkpoints, left: DataFrame, sides: DataFrame, threshold: float) -> DataFrame:
    kept = f"from {{sides}} s where s.value > {threshold!r}D and s.side"
    return work.sql(
        f"select e.source, e.target, e.weight from {{left}} e "
        f"left semi join (select s.id {kept} = 'source') a on e.source = a.id "
        f"left semi join (select s.id {kept} = 'target') b on e.target = b.id",
        left=left,
        sides=sides,
    )


def _members(work: Checkpoints, kept: DataFrame) -> DataFrame:
    return work.sql(
        "select e.source as id, 'source' as side from {kept} e group by e.source union all "
        "select f.target as id, 'target' as side from {kept} f group by f.target",
        kept=kept,
    )


def connected_components(graph: SparkGraph, *, progress: Progress | None = None) -> DataFrame:
    """The weakly connected component of every account: account_id and component, its least account_id.

    Args:
        graph: the graph; the direction of its edges does not matter.
        progress: gets the number of ties that are left to bring into stars.

    Raises:
        HeadcountError: no end was found; it always is.
    """
    work = graph.checkpoints
    rounds = work.rounds("stars")
    pairs = rounds.save(
        work.sql(
            "select e.source as u, e.target as v from {edges} e where e.source > e.target union "
            "select f.target as u, f.source as v from {edges} f where f.target > f.source",
            edges=graph.edges,
        )
    )
    for number in range(1, MAX_ROUNDS):
        pairs = rounds.save(_small_star(work, rounds.save(_large_star(work, pairs))))
        unfinished = _not_in_stars(work, pairs)
        if progress:
            progress(number, unfinished)
        if not unfinished:
            return _labels(graph, pairs, rounds)
    raise HeadcountError(f"The components were not reached in {MAX_ROUNDS:,} rounds.")


def _large_star(work: Checkpoints, pairs: DataFrame) -> DataFrame:
    """Pairs have u > v: v is tied to u from below, so u goes to the least of v and v's neighbourhood."""
    return work.sql(
        "select distinct p.u, m.least as v from {pairs} p join ("
        "select n.id, least(n.id, min(n.other)) as least from ("
        "select a.u as id, a.v as other from {pairs} a union all select b.v as id, b.u as other from {pairs} b"
        ") n group by n.id) m on p.v = m.id",
        pairs=pairs,
    )


def _small_star(work: Checkpoints, pairs: DataFrame) -> DataFrame:
    return work.sql(
        "select distinct s.u, s.v from (select p.v as u, m.least as v from {pairs} p join {least} m on p.u = m.u "
        "union all select l.u, l.least as v from {least} l) s where s.u <> s.v",
        pairs=pairs,
        least=work.sql("select p.u, min(p.v) as least from {pairs} p group by p.u", pairs=pairs),
    )


def _not_in_stars(work: Checkpoints, pairs: DataFrame) -> int:
    """Ties beyond the first of an account, and those to an account that is itself tied to a lesser one."""
    seen = work.row(
        "select (select count(*) - count(distinct p.u) from {pairs} p) as repeated, "
        "(select count(*) from {pairs} q left semi join {pairs} r on q.v = r.u) as chained",
        pairs=pairs,
    )
    return int(seen["repeated"] + seen["chained"])


def _labels(graph: SparkGraph, pairs: DataFrame, rounds: Rounds) -> DataFrame:
    work = graph.checkpoints
    labels = rounds.save(
        work.sql(
            "select a.id, a.account_id, coalesce(p.v, a.id) as root from {accounts} a "
            "left join {pairs} p on a.id = p.u",
            accounts=graph.accounts,
            pairs=pairs,
        )
    )
    if not graph.numbered:
        return work.sql("select l.account_id, l.root as component from {labels} l", labels=labels)
    return work.sql(
        "select l.account_id, m.component from {labels} l join ("
        "select k.root, min(k.account_id) as component from {labels} k group by k.root) m on l.root = m.root",
        labels=labels,
    )
