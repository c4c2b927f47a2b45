"""What the Spark jobs must give, computed in memory with numpy and scipy."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components as scipy_components

SCALE = 2**32


def clean(source, target):
    """Distinct edges without self-loops."""
    keep = source != target
    pairs = np.unique(np.stack([source[keep], target[keep]], axis=1), axis=0)
    return pairs[:, 0], pairs[:, 1]


def pagerank(source, target, count, iterations, damping=0.85, weight=None):
    weight = np.ones(len(source)) if weight is None else weight
    total = np.bincount(source, weight, count)
    rank = np.full(count, 1 / count)
    for _ in range(iterations):
        flow = np.bincount(target, rank[source] * weight / total[source], count)
        rank = (1 - damping + damping * rank[total == 0].sum()) / count + damping * flow
    return rank


def mutual(source, target, count):
    """Both directions of the ties that are returned."""
    matrix = coo_array((np.ones(len(source)), (source, target)), (count, count)).tocsr()
    return matrix.multiply(matrix.T).nonzero()


def undirected(source, target):
    return clean(np.concatenate([source, target]), np.concatenate([target, source]))


def core_numbers(source, target, count):
    """Peel k = 1, 2, …; 0 for those without a tie."""
    core = np.zeros(count, int)
    k = 0
    while len(source):
        k += 1
        while True:
            degree = np.bincount(source, minlength=count)
            inside = (degree[source] >= k) & (degree[target] >= k)
            if inside.all():
                break
            source, target = source[inside], target[inside]
        core[source] = k
    return core


def densest_block(source, target, count, tolerance):
    """Batch peeling on whole weights: (score, sources, targets)."""
    weight = np.rint(SCALE / np.log(np.bincount(target, minlength=count) + 5.0)).astype(np.int64)[target]
    best = (-1.0, None, None)
    while len(source):
        rows, columns = np.zeros(count, np.int64), np.zeros(count, np.int64)
        np.add.at(rows, source, weight)
        np.add.at(columns, target, weight)
        score = int(weight.sum()) / (np.count_nonzero(rows) + np.count_nonzero(columns))
        if score > best[0]:
            best = (score, np.flatnonzero(rows), np.flatnonzero(columns))
        limit = 2 * (1 + tolerance) * score
        inside = (rows[source] > limit) & (columns[target] > limit)
        source, target, weight = source[inside], target[inside], weight[inside]
    return best[0] / SCALE, best[1], best[2]


def components(source, target, count):
    """The least member of everybody's component."""
    matrix = coo_array((np.ones(len(source)), (source, target)), (count, count))
    labels = scipy_components(matrix, directed=False)[1]
    least = np.full(count, count)
    np.minimum.at(least, labels, np.arange(count))
    return least[labels]


def social_edges(rng, count, edges, *, returned=0.3, block=(0, 0, 0.0)):
    """Follows with heavy-tailed popularity, a share of them returned, and a planted block; with repeats."""
    source = rng.integers(0, count, edges)
    target = np.minimum((rng.pareto(1.2, edges) * count / 50).astype(np.int64), count - 1)
    back = int(edges * returned / 2)
    source[:back], target[:back] = target[-back:] if back else [], source[-back:] if back else []
    rows, columns, density = block
    a, b = np.nonzero(rng.random((rows, columns)) < density)
    return np.concatenate([source, count // 2 + a]), np.concatenate([target, count - columns + b])
