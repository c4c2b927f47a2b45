"""Ranks of nodes: sums over rows, PageRank, CollusionRank."""
