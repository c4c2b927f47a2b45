"""Measures over a whole platform that are tables: written once with narwhals, run by DuckDB and by Spark.

Every function takes frames of the engine (a DuckDB relation, a Spark data frame, or narwhals' own lazy frame) and
gives a lazy frame of the same engine; `.to_native()` gives the engine's. The frames are the tables `follows`
(follower_id, followee_id) and `interactions` (actor_id, target_id, kind) of `headcount.tables`, other columns are
ignored. Results are equal on every engine to the last bit: they are counts, and single divisions of counts.

* **followers, followees**: in- and out-degree; rows without an id, of an account to itself, and repeats do not
  count (`follow_counts` tells how many there were).
* **mutual**: followees that follow back. **reciprocity** = mutual / followees: the share of an account's follows
  that are returned; unknown (null) for those who follow nobody.
* **responses**: interactions that an account gets from others. **responders**: distinct accounts they come from;
  **responding_followers**: those of them that follow it. **…_per_1000** = 1,000 times as many / followers, null
  without followers. The first two can pass 1,000, since people who do not follow respond too; the last cannot,
  and a binomial interval holds for it (`followers` is its sample size).
* **replies_per_follow** = replies of an account to its followees / followees: how much talk there is behind its
  follows; null for those who follow nobody.

Formulas: Cha et al. 2010 (responses are not followers); Kwak et al. 2010 (reciprocity).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw

from headcount.tables import INTERACTION_KINDS

__all__ = [
    "account_table",
    "clean_follows",
    "degrees",
    "follow_counts",
    "interaction_weights",
    "mutual_follows",
    "reciprocity",
    "replies_per_follow",
    "responses",
]

Frame = nw.LazyFrame[Any]


def clean_follows(follows: Any) -> Frame:
    """Follows of one account by another, each once: follower_id, followee_id."""
    pairs = _lazy(follows).select("follower_id", "followee_id")
    return _distinct(pairs.filter(nw.col("follower_id") != nw.col("followee_id")), "follower_id", "followee_id")


def follow_counts(follows: Any) -> Frame:
    """What became of the rows, in one row: rows, missing, self_follows, duplicates, edges."""
    pairs = _lazy(follows).select("follower_id", "followee_id")
    source, target = nw.col("follower_id"), nw.col("followee_id")
    seen = pairs.select(
        _flag(source.is_null() | target.is_null()).alias("missing"), _flag(source == target).alias("self_follows")
    ).select(
        nw.len().cast(nw.Int64).alias("rows"),
        _total("missing").alias("missing"),
        _total("self_follows").alias("self_follows"),
    )
    kept = clean_follows(follows).select(nw.len().cast(nw.Int64).alias("edges"))
    repeated = nw.col("rows") - nw.col("missing") - nw.col("self_follows") - nw.col("edges")
    return seen.join(kept, how="cross").select("rows", "missing", "self_follows", repeated.alias("duplicates"), "edges")


def degrees(follows: Any) -> Frame:
    """In- and out-degree of every account in a follow: account_id, followers, followees."""
    return _degrees(clean_follows(follows))


def mutual_follows(follows: Any) -> Frame:
    """Follows that are returned, in both directions: follower_id, followee_id."""
    return _mutual(clean_follows(follows))


def reciprocity(follows: Any) -> Frame:
    """Of every account in a follow: account_id, followers, followees, mutual, reciprocity."""
    pairs = clean_follows(follows)
    mutual = _mutual(pairs).group_by("follower_id").agg(_count("mutual")).rename({"follower_id": "account_id"})
    table = _left(_degrees(pairs), mutual, "mutual")
    return table.with_columns(_ratio("mutual", "followees").alias("reciprocity"))


def responses(follows: Any, interactions: Any, kinds: Sequence[str] = INTERACTION_KINDS) -> Frame:
    """Of every account in a follow, or that got a response.

    Args:
        follows, interactions: the tables.
        kinds: of interactions that count as a response.

    Returns:
        account_id, followers, responses, responders, responding_followers, and each of them per 1,000 followers
        as responses_per_1000, responders_per_1000, responding_followers_per_1000.
    """
    pairs = clean_follows(follows)
    by_pair = interaction_weights(interactions, kinds)
    got = by_pair.group_by("target_id").agg(_total("weight").alias("responses"), _count("responders"))
    following = _along(by_pair, pairs).group_by("target_id").agg(_count("responding_followers"))
    followers = pairs.group_by("followee_id").agg(_count("followers")).rename({"followee_id": "account_id"})
    ends = nw.concat(
        [
            pairs.select(nw.col("follower_id").alias("account_id")),
            pairs.select(nw.col("followee_id").alias("account_id")),
            got.select(nw.col("target_id").alias("account_id")),
        ]
    )
    table = _left(_distinct(ends, "account_id"), followers, "followers")
    table = _left(table, got.rename({"target_id": "account_id"}), "responses", "responders")
    table = _left(table, following.rename({"target_id": "account_id"}), "responding_followers")
    return table.with_columns(
        _ratio(name, "followers", times=1000).alias(f"{name}_per_1000")
        for name in ("responses", "responders", "responding_followers")
    )


def replies_per_follow(follows: Any, interactions: Any) -> Frame:
    """Of every account that follows somebody: account_id, followees, replies (to them), replies_per_follow."""
    pairs = clean_follows(follows)
    written = (
        _along(interaction_weights(interactions, ("reply",)), pairs)
        .group_by("actor_id")
        .agg(_total("weight").alias("replies"))
        .rename({"actor_id": "account_id"})
    )
    followees = pairs.group_by("follower_id").agg(_count("followees")).rename({"follower_id": "account_id"})
    table = _left(followees, written, "replies")
    return table.with_columns(_ratio("replies", "followees").alias("replies_per_follow"))


def interaction_weights(interactions: Any, kinds: Sequence[str] = INTERACTION_KINDS) -> Frame:
    """Interactions between two accounts as one weighted edge: actor_id, target_id, weight (how many)."""
    table = _lazy(interactions).select("actor_id", "target_id", "kind")
    others = (nw.col("actor_id") != nw.col("target_id")) & nw.col("kind").is_in(list(kinds))
    return table.filter(others).group_by("actor_id", "target_id").agg(_count("weight"))


def account_table(follows: Any, interactions: Any, kinds: Sequence[str] = INTERACTION_KINDS) -> Frame:
    """All of the above in one row an account: in a follow, or with a response."""
    table = responses(follows, interactions, kinds)
    mutual = reciprocity(follows).select("account_id", "followees", "mutual", "reciprocity")
    replies = replies_per_follow(follows, interactions).select("account_id", "replies", "replies_per_follow")
    table = _left(table, mutual, "followees", "mutual")
    return _left(table, replies, "replies")


def _lazy(frame: Any) -> Frame:
    table: Frame = nw.from_native(frame).lazy()
    return table


def _distinct(table: Frame, *columns: str) -> Frame:
    """By grouping: narwhals' `unique` numbers the rows of every group on Spark, ten times the work."""
    return table.group_by(*columns).agg(_count("repeats")).select(*columns)


def _flag(condition: nw.Expr) -> nw.Expr:
    return nw.when(condition).then(nw.lit(1)).otherwise(nw.lit(0)).cast(nw.Int64)


def _count(name: str) -> nw.Expr:
    return nw.len().cast(nw.Int64).alias(name)


def _total(name: str) -> nw.Expr:
    """DuckDB adds whole numbers up in 128 bits; Spark knows 64. Nothing to add up gives 0."""
    return nw.col(name).sum().cast(nw.Int64)


def _ratio(part: str, whole: str, times: int = 1) -> nw.Expr:
    """Whole numbers are divided as they are: Sail's `try_divide`, by which narwhals divides, takes no floats."""
    return nw.when(nw.col(whole) > 0).then(nw.col(part) * times / nw.col(whole))


def _degrees(pairs: Frame) -> Frame:
    zero = nw.lit(0).cast(nw.Int64)
    one = nw.lit(1).cast(nw.Int64)
    ends = nw.concat(
        [
            pairs.select(nw.col("followee_id").alias("account_id"), one.alias("followers"), zero.alias("followees")),
            pairs.select(nw.col("follower_id").alias("account_id"), zero.alias("followers"), one.alias("followees")),
        ]
    )
    return ends.group_by("account_id").agg(
        _total("followers").alias("followers"), _total("followees").alias("followees")
    )


def _mutual(pairs: Frame) -> Frame:
    back = pairs.select(nw.col("followee_id").alias("follower_id"), nw.col("follower_id").alias("followee_id"))
    return pairs.join(back, on=["follower_id", "followee_id"], how="semi")


def _along(by_pair: Frame, pairs: Frame) -> Frame:
    """Interactions of followers with those they follow."""
    return by_pair.join(pairs, left_on=["actor_id", "target_id"], right_on=["follower_id", "followee_id"], how="semi")


def _left(table: Frame, other: Frame, *counts: str) -> Frame:
    """Columns of `other` beside an account's; the counts are 0 where it has no row there."""
    joined = table.join(other, on="account_id", how="left")
    return joined.with_columns(nw.col(name).fill_null(0) for name in counts)
