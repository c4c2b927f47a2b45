"""A report that can be shared: what stays, what is made coarse, and what is left out, decided for every field.

`RULES` holds one decision for each field of each class of the report. There is no default: a field without a decision
raises `KeyError` (and fails a test), so nothing reaches a shared file by being forgotten.

* Names, ids, texts of users, words of servers and notes of sources are left out.
* Times are cut: the report, posts, questions and lists to their day; ties and the creation of accounts to the month;
  other times of followers are left out. Delays of replies are counted on a fixed grid (`LADDER`), since exact delays
  tell one post from all others.
* Counts from 100 on are rounded to two significant digits, limits of intervals outwards: a platform shows follower
  counts to everyone, so an exact one finds the account. Shares are rounded too, as division gives the count away.
* Pictures: rows of followers are cut to rounded numbers and sorted by their content, points of the arrivals are placed
  evenly, and who follows whom in a group is not drawn, as a pattern of follows can be looked up.

A report of one known candidate can still be compared with it: headcount, ties and questions are its content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import numpy as np

from headcount.measures.audience.audience import Audience, Curve, Next, Range
from headcount.measures.follower_list import FollowerList
from headcount.measures.followers.funnel import Classes, ClassEstimate, Sampled
from headcount.measures.followers.judgement import NoShare
from headcount.measures.followers.recalibration import LocalError
from headcount.measures.question.results import Pooled, Question, ReplyCurve, Test
from headcount.measures.relationships.ties import Layer
from headcount.report.anonymous_rules import (
    LADDER,
    Rule,
    T,
    _anonymous,
    _counts,
    _day,
    _drop,
    _dropped,
    _figure,
    _half_life,
    _hours_observed,
    _interval,
    _kept,
    _limit,
    _month,
    _no_picture,
    _not_under,
    _platform,
    _reasons,
    _sentence,
    _sentences,
    _shares,
    _tenth,
)
from headcount.report.data import Document, ReportData
from headcount.report.model import (
    ANONYMOUS,
    AccountPart,
    ArrivalPart,
    AuthenticityPart,
    Beside,
    FollowersPart,
    FunnelPart,
    ListPart,
    SetErrors,
)
from headcount.report.relations import GroupPart, RingsPart, TiePart, TiesPart
from headcount.report.rounding import outwards, rough, rough_rows
from headcount.report.rows import FollowerRow
from headcount.tables import TABLE

if TYPE_CHECKING:
    from headcount.store.read.view import AccountView

__all__ = ["NOTE", "RULES", "anonymised", "anonymised_parts", "by_content", "nameless"]

NOTE = (
    "This report is anonymous: names, texts, servers and exact times are omitted. Counts from 100 on are rounded to "
    "two significant digits, so classes may not add up, and the list of followers is cut to rounded counts."
)


def nameless(view: AccountView) -> AccountView:
    """The view without what its sentences could quote: names of the account, words of servers, notes of sources."""
    return replace(
        view,
        facts=replace(
            view.facts,
            account_id=ANONYMOUS,
            # a word of the user's own tables may name a small place
            platform=view.facts.platform if view.facts.is_collectable else TABLE,
            handle=None,
            display_name=None,
        ),
        lists={name: replace(entry, account_id=ANONYMOUS, detail=None) for name, entry in view.lists.items()},
        remarks=(),
    )


def anonymised(part: T) -> T:
    """The same dataclass with every field as its rule leaves it.

    Raises:
        KeyError: there is no decision for the class or one of its fields.
    """
    rules = RULES[type(part)]
    values = {field.name: rules[field.name](getattr(part, field.name), part) for field in fields(part)}  # type: ignore[arg-type]
    return type(part)(**values)


def anonymised_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts of a document by the name of its field, each anonymised."""
    return {name: RULES[Document][name](part, None) for name, part in parts.items()}


def _part(value: Any, _: Any) -> Any:
    if isinstance(value, list):
        return [anonymised(part) for part in value]
    return None if value is None else anonymised(value)


def _tests(tests: Any, _: Any) -> list[Test]:
    """The questions, named by their number in order of time (they come newest first)."""
    size = len(tests)
    named = (replace(_on_ladder(test), post_id=f"question {size - place}") for place, test in enumerate(tests))
    return [anonymised(test) for test in named]


def _on_ladder(test: Test) -> Test:
    """The reply curve counted at the steps of the ladder, and at the end of the week of the last reply."""
    if not test.hours or not test.cumulative:
        return test
    last = test.hours[-1]
    steps = [float(step) for step in LADDER if step < last]
    steps.append(float(next((step for step in LADDER if step >= last), ceil(last / 168) * 168)))
    place = np.searchsorted(test.hours, steps, side="right") - 1
    counted = [
        (hours, test.cumulative[index]) for hours, index in zip(steps, place.tolist(), strict=True) if index >= 0
    ]
    return replace(test, hours=[hours for hours, _ in counted], cumulative=[number for _, number in counted])


def _curve(curve: Curve | None, _: Any) -> Curve | None:
    """Points that are the same after rounding are one; where the observed part ends, its last point is kept."""
    if curve is None:
        return None
    kept: dict[float, int] = {}
    for place, number in enumerate(curve.posts):
        before = kept.get(rough(number))
        if before is None or curve.posts[before] != curve.seen:
            kept[rough(number)] = place
    places = list(kept.values())
    posts, responders, low, high = (
        [column[place] for place in places] for column in (curve.posts, curve.responders, curve.low, curve.high)
    )
    return anonymised(replace(curve, posts=posts, responders=responders, low=low, high=high))


def _arrival(part: ArrivalPart, _: Any) -> ArrivalPart:
    """As many points as the rounded number allows, placed evenly over the rounded length of the list."""
    points = rough_rows(len(part.order))
    if not points:
        return anonymised(part)
    chosen = np.unique(np.linspace(0, len(part.order) - 1, points).round().astype(int)).tolist()
    last = max(int(rough(part.followers)) - 1, 0)
    return anonymised(
        replace(
            part,
            order=np.linspace(0, last, len(chosen)).round().astype(int).tolist(),
            created_at=[part.created_at[place] for place in chosen],
            label=[part.label[place] for place in chosen],
        )
    )


def _beside(others: Any, _: Any) -> list[Beside]:
    """Other accounts by their number, in the order in which they were asked for."""
    numbered = (replace(other, account_id=f"account {number}") for number, other in enumerate(others, start=1))
    return [anonymised(other) for other in numbered]


def _parts(*names: str) -> dict[str, Rule]:
    return dict.fromkeys(names, _part)


_DOCUMENT: dict[str, Rule] = {
    **_kept("schema", "headcount_version"),
    **_sentences("findings", "notes", "responses_note"),
    **_parts("account", "followers", "lists", "audience", "question", "funnel", "authenticity", "rings", "ties"),
    "arrival": _arrival,
    "beside": _beside,
}

RULES: dict[type, dict[str, Rule]] = {
    Document: _DOCUMENT,
    ReportData: {**_DOCUMENT, **_parts("rows"), **_counts("rows_total")},
    AccountPart: {
        "account_id": _anonymous,
        **_dropped("handle", "display_name", "created_at"),
        "platform": _platform,
        "as_of": _day,
        "first_post_at": _day,
        **_kept("as_of_basis", "window_days", "status"),
        **_counts("posts_in_window", "private_responses"),
    },
    FollowersPart: {
        "as_of": _day,
        **_counts("claimed", "listed", "gone", "new"),
        **_kept("state", "reason", "partial"),
        **_sentences("explanation"),
    },
    FollowerList: {**_counts("listed", "claimed"), **_kept("state", "reason", "partial")},
    ListPart: {
        **_kept("list", "state", "reason"),
        **_counts("listed", "claimed"),
        "observed_at": _day,
        **_sentences("sentence", "why"),
    },
    FunnelPart: {
        "as_of": _day,
        **_parts("classes", "sample"),
        **_counts("followers"),
        **_sentences("method", "too_little"),
    },
    Classes: _counts("relationship", "responding", "listening", "away", "auto_follow", "spam", "gone", "unknown"),
    Sampled: {
        **_counts("drawn", "of", "silent", "silent_drawn"),
        **_parts("listening", "away", "auto_follow", "spam", "unknown"),
        **_kept("exact"),
    },
    ClassEstimate: {**_counts("followers"), **_interval("low", "high")},
    AuthenticityPart: {
        "as_of": _day,
        **_kept("model", "accounts_of", "sets", "known_failures", "model_card", "made_by"),  # the shipped score card's
        **_counts("labels", "to_look_at"),
        **_parts("local_error", "no_share"),
        **_interval("real_low", "real_high", share=True),
        **_kept("exact"),
        **_sentences("sentence"),
    },
    SetErrors: _kept(*(field.name for field in fields(SetErrors))),
    LocalError: {
        **_counts("wrong", "labels", "real_called_fake", "fake_called_real"),
        **_interval("low", "high", share=True),
    },
    NoShare: {**_kept("reason"), **_counts("real", "fake", "real_flagged", "fake_flagged")},
    Audience: {
        "as_of": _day,
        **_kept("window_days", "population", "exact"),
        **_counts("posts", "followers", "observed", "observed_active", "observed_passive_only", "responses"),
        **_counts("non_followers", "headcount", "headcount_active"),
        **_shares("coverage"),
        **_interval("low", "high"),
        **_interval("low_active", "high_active"),
        "low": _not_under("observed", _limit("high", down=True)),
        "low_active": _not_under("observed_active", _limit("high_active", down=True)),
        "at_least": _not_under("observed", lambda value, _: None if value is None else outwards(value, down=True)),
        **_parts("sensitivity", "next", "follower_list"),
        **dict.fromkeys(("curve", "curve_active"), _curve),
        **_sentences("too_little", "no_curve", "no_curve_active"),
    },
    Range: _interval("low", "high"),
    Next: {**_counts("posts", "new_responders"), **_interval("low", "high")},
    Curve: {**_counts("posts", "responders", "seen"), **_interval("low", "high")},
    Question: {
        "as_of": _day,
        **_kept("population"),
        **_counts("followers"),
        "tests": _tests,
        **_parts("pooled", "follower_list"),
        **_sentences("too_little"),
    },
    Test: {
        **_kept("post_id", "hours", "exact"),  # by then "question 3", and hours of the ladder: see `_tests`
        "asked_at": _day,
        "text": _drop,
        "why": _sentence,
        "hours_observed": _hours_observed,
        **_counts("responders", "responders_24h", "non_followers", "final_estimate", "cumulative"),
        **_shares("share_24h"),
        **_interval("share_low", "share_high", share=True),
        **_interval("low", "high"),
        "half_life_minutes": _half_life,
        **_sentences("no_curve"),
    },
    Pooled: {
        **_counts("tests", "complete", "responders_24h_mean", "responders_24h_least", "responders_24h_most"),
        **_interval("responders_24h_low", "responders_24h_high"),
        **_kept("exact"),
        **_shares("share_24h"),
        **_interval("share_low", "share_high", share=True),
        **_counts("distinct", "every_time", "sometimes", "once", "never"),
        "half_life_minutes": _half_life,
        **_parts("curve"),
        **_sentences("no_curve"),
    },
    ReplyCurve: {**_kept("hours"), **_shares("share"), **_interval("low", "high", share=True)},  # hours: a fixed grid
    RingsPart: {
        "as_of": _day,
        **_counts("looked_at", "of", "circuits", "members", "smallest", "dense"),
        **_kept("drawn", "exact"),
        **_shares("share"),
        **_interval("share_low", "share_high", share=True),
        **_parts("groups"),
        **_sentences("sentence", "too_little"),
    },
    GroupPart: {
        **_kept("verdict"),
        **_counts("members"),
        **_shares("density", "significance", "reciprocity", "inside_share", "inside_ties", "link_share", "newcomers"),
        **dict.fromkeys(("conversation", "conversation_low", "conversation_high", "replies_per_follow"), _figure),
        "picture": _no_picture,
    },
    TiesPart: {
        "as_of": _day,
        **_kept("window_days"),
        **_counts("count", "count_others", "written_to", "heard_from", "new", "fading"),
        **_shares("reciprocity", "known_share"),
        **_interval("reciprocity_low", "reciprocity_high", share=True),
        **_interval("known_low", "known_high", share=True),
        **_parts("layers", "top", "follower_list"),
        **_sentences("layers_note", "too_little"),
    },
    Layer: {**_kept("layer"), **_counts("size"), "contacts_a_month": _figure},
    TiePart: {
        **_dropped("account_id", "handle", "display_name"),
        **_counts("sent", "received"),
        **dict.fromkeys(("strength", "balance"), _figure),
        "last": _month,
        **_kept("state", "layer", "follows"),
    },
    ArrivalPart: {
        "as_of": _day,
        **_kept("order", "label"),  # by then places that are spread evenly: see `_arrival`
        "created_at": _month,
        **_counts("followers", "known"),
        **_sentences("too_little"),
    },
    Beside: {
        "as_of": _day,
        **_kept("account_id"),  # by then "account 2": see `_beside`
        "handle": _drop,
        **_counts("followers", "headcount"),
        **_interval("low", "high"),
        **_parts("follower_list"),
        **_kept("exact"),
    },
    FollowerRow: {
        **_dropped("account_id", "handle", "display_name", "created_at", "last_seen", "followed_at"),
        **_kept("label", "judgement"),
        "reasons": _reasons,
        **_counts("responses", "active_responses", "sent", "received"),
        **_counts("followers_count", "following_count", "posts_count"),
        "real": _tenth(round),
        "real_low": _tenth(floor),
        "real_high": _tenth(ceil),
    },
}


def by_content(rows: Sequence[FollowerRow]) -> list[FollowerRow]:
    """Anonymised rows of one class, most responses first and then by their content: the order of the list is public."""
    return sorted(rows, key=lambda row: (-(row.responses or 0), row.reasons, repr(row)))
