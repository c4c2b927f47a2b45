"""Graphs of other libraries: what networkx, igraph and scipy hold becomes a Graph. None of them is imported."""

from __future__ import annotations

from typing import Any

import numpy as np

from headcount.errors import InputError
from headcount.graph.graph import Graph

__all__ = ["graph_of"]


def graph_of(other: Any) -> Graph:
    """A graph in memory.

    Args:
        other: a networkx graph, an igraph.Graph, a square scipy.sparse matrix (row follows column), or two arrays of
            node numbers (follower, followee). What has no direction is followed both ways.

    Raises:
        InputError: it is none of these.
    """
    room = type(other).__module__.partition(".")[0]
    if room == "networkx":
        return _of_networkx(other)
    if room == "igraph":
        return _of_igraph(other)
    if room == "scipy" and hasattr(other, "tocoo"):
        return _of_scipy(other)
    if isinstance(other, tuple) and len(other) == 2:
        return Graph.from_edges(*other)
    raise InputError(
        f"A {type(other).__module__}.{type(other).__name__} is not a supported graph.",
        hint="pass a networkx or igraph graph, a scipy sparse matrix, or (followers, followees).",
    )


def _of_networkx(other: Any) -> Graph:
    names = list(other.nodes)
    number = {name: at for at, name in enumerate(names)}
    pairs = np.array([(number[u], number[v]) for u, v in other.edges()], dtype=np.int64).reshape(-1, 2)
    if not other.is_directed():
        pairs = np.concatenate([pairs, pairs[:, ::-1]])
    whole = all(isinstance(name, int) for name in names)
    ids = np.array(names, dtype=np.int64) if whole else np.array([str(name) for name in names])
    return Graph.from_edges(pairs[:, 0], pairs[:, 1], ids=ids)


def _of_igraph(other: Any) -> Graph:
    pairs = np.array(other.get_edgelist(), dtype=np.int64).reshape(-1, 2)
    if not other.is_directed():
        pairs = np.concatenate([pairs, pairs[:, ::-1]])
    named = "name" in other.vs.attributes()
    ids = np.array([str(name) for name in other.vs["name"]]) if named else np.arange(other.vcount())
    return Graph.from_edges(pairs[:, 0], pairs[:, 1], ids=ids)


def _of_scipy(other: Any) -> Graph:
    rows, columns = other.shape
    if rows != columns:
        raise InputError(
            f"A matrix of {rows} by {columns} is not a supported graph.",
            hint="expected a square matrix: rows and columns are the same accounts.",
        )
    parts = other.tocoo()
    there = parts.data != 0
    return Graph.from_edges(
        parts.row[there].astype(np.int64), parts.col[there].astype(np.int64), ids=np.arange(rows, dtype=np.int64)
    )
