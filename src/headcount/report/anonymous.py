"""A report that can be shared: what stays, what is made coarse, and what is left out, decided for every field.

`RULES` holds one decision for each field of each class of the report; a section decides on its own fields
(`headcount.report.section.Section.anonymous`). There is no default: a field without a decision raises `KeyError` (and
fails a test), so nothing reaches a shared file by being forgotten.

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
from dataclasses import fields, is_dataclass, replace
from math import ceil, floor
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from headcount.measures.audience.audience import Audience, Curve, Next, Range
from headcount.measures.follower_list import FollowerList
from headcount.measures.question.results import Pooled, Question, ReplyCurve, Test
from headcount.report import anonymous_rules as rule
from headcount.report.anonymous_rules import LADDER, Rules
from headcount.report.data import Document, ReportData, sections
from headcount.report.model import ANONYMOUS, AccountPart, Beside, FollowersPart, ListPart
from headcount.report.rounding import outwards, rough
from headcount.report.rows import FollowerRow
from headcount.tables import TABLE

if TYPE_CHECKING:
    from headcount.store.read.view import AccountView

__all__ = ["NOTE", "RULES", "anonymised", "anonymised_parts", "by_content", "nameless"]

T = TypeVar("T")

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
    """The same dataclass with every field as its rule leaves it, records inside included.

    Raises:
        KeyError: there is no decision for the class, one of its fields, or the class of a record inside.
    """
    rules = RULES[type(part)]
    names = [field.name for field in fields(part)]  # type: ignore[arg-type]
    return type(part)(**{name: _inside(rules[name](getattr(part, name), part)) for name in names})


def _inside(value: Any) -> Any:
    """A value, or the values of a list or tuple, with records made anonymous."""
    if isinstance(value, list | tuple):
        return type(value)([_inside(one) for one in value])
    return anonymised(value) if is_dataclass(value) else value


def anonymised_parts(parts: dict[str, Any]) -> dict[str, Any]:
    """The parts of a document by the name of its field, each anonymised."""
    return {name: _inside(RULES[Document][name](part, None)) for name, part in parts.items()}


def _tests(tests: Any, _: Any) -> list[Test]:
    """The questions, named by their number in order of time (they come newest first)."""
    size = len(tests)
    return [replace(_on_ladder(test), post_id=f"question {size - place}") for place, test in enumerate(tests)]


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
    return replace(curve, posts=posts, responders=responders, low=low, high=high)


def _beside(others: Any, _: Any) -> list[Beside]:
    """Other accounts by their number, in the order in which they were asked for."""
    return [replace(other, account_id=f"account {number}") for number, other in enumerate(others, start=1)]


_DOCUMENT: Rules = {
    **rule.kept("schema", "headcount_version"),
    **rule.sentences("findings", "notes", "responses_note"),
    **rule.records("account", "followers", "lists", "audience", "question", *sections()),
    "beside": _beside,
}

_RULES: dict[type, Rules] = {
    Document: _DOCUMENT,
    ReportData: {**_DOCUMENT, **rule.records("rows"), **rule.counts("rows_total")},
    AccountPart: {
        "account_id": rule.anonymous_id,
        **rule.dropped("handle", "display_name", "created_at"),
        "platform": rule.platform,
        "as_of": rule.day,
        "first_post_at": rule.day,
        **rule.kept("as_of_basis", "window_days", "status"),
        **rule.counts("posts_in_window", "private_responses"),
    },
    FollowersPart: {
        "as_of": rule.day,
        **rule.counts("claimed", "listed", "gone", "new"),
        **rule.kept("state", "reason", "partial"),
        **rule.sentences("explanation"),
    },
    FollowerList: {**rule.counts("listed", "claimed"), **rule.kept("state", "reason", "partial")},
    ListPart: {
        **rule.kept("list", "state", "reason"),
        **rule.counts("listed", "claimed"),
        "observed_at": rule.day,
        **rule.sentences("sentence", "why"),
    },
    Audience: {
        "as_of": rule.day,
        **rule.kept("window_days", "population", "exact"),
        **rule.counts("posts", "followers", "observed", "observed_active", "observed_passive_only", "responses"),
        **rule.counts("non_followers", "headcount", "headcount_active"),
        **rule.shares("coverage"),
        **rule.interval("low", "high"),
        **rule.interval("low_active", "high_active"),
        "low": rule.not_under("observed", rule.limit("high", down=True)),
        "low_active": rule.not_under("observed_active", rule.limit("high_active", down=True)),
        "at_least": rule.not_under("observed", lambda value, _: None if value is None else outwards(value, down=True)),
        **rule.records("sensitivity", "next", "follower_list"),
        **dict.fromkeys(("curve", "curve_active"), _curve),
        **rule.sentences("too_little", "no_curve", "no_curve_active"),
    },
    Range: rule.interval("low", "high"),
    Next: {**rule.counts("posts", "new_responders"), **rule.interval("low", "high")},
    Curve: {**rule.counts("posts", "responders", "seen"), **rule.interval("low", "high")},
    Question: {
        "as_of": rule.day,
        **rule.kept("population"),
        **rule.counts("followers"),
        "tests": _tests,
        **rule.records("pooled", "follower_list"),
        **rule.sentences("too_little"),
    },
    Test: {
        **rule.kept("post_id", "hours", "exact"),  # by then "question 3", and hours of the ladder: see `_tests`
        "asked_at": rule.day,
        "text": rule.drop,
        "why": rule.sentence,
        "hours_observed": rule.hours_observed,
        **rule.counts("responders", "responders_24h", "non_followers", "final_estimate", "cumulative"),
        **rule.shares("share_24h"),
        **rule.interval("share_low", "share_high", share=True),
        **rule.interval("low", "high"),
        "half_life_minutes": rule.half_life,
        **rule.sentences("no_curve"),
    },
    Pooled: {
        **rule.counts("tests", "complete", "responders_24h_mean", "responders_24h_least", "responders_24h_most"),
        **rule.interval("responders_24h_low", "responders_24h_high"),
        **rule.kept("exact"),
        **rule.shares("share_24h"),
        **rule.interval("share_low", "share_high", share=True),
        **rule.counts("distinct", "every_time", "sometimes", "once", "never"),
        "half_life_minutes": rule.half_life,
        **rule.records("curve"),
        **rule.sentences("no_curve"),
    },
    ReplyCurve: {
        **rule.kept("hours"),  # a fixed grid
        **rule.shares("share"),
        **rule.interval("low", "high", share=True),
    },
    Beside: {
        "as_of": rule.day,
        **rule.kept("account_id"),  # by then "account 2": see `_beside`
        "handle": rule.drop,
        **rule.counts("followers", "headcount"),
        **rule.interval("low", "high"),
        **rule.records("follower_list"),
        **rule.kept("exact"),
    },
    FollowerRow: {
        **rule.dropped("account_id", "handle", "display_name", "created_at", "last_seen", "followed_at"),
        **rule.kept("label", "judgement"),
        "reasons": rule.reasons,
        **rule.counts("responses", "active_responses", "sent", "received"),
        **rule.counts("followers_count", "following_count", "posts_count"),
        "real": rule.tenth(round),
        "real_low": rule.tenth(floor),
        "real_high": rule.tenth(ceil),
    },
}


def _with_sections() -> dict[type, Rules]:
    """The rules above, and those that the sections have for themselves and for the records inside them."""
    found = dict(_RULES)
    for section in sections().values():
        own = {section: section.anonymous} if "anonymous" in vars(section) else {}
        for kind, rules in (own | dict(section.anonymous_records)).items():
            if kind in found:
                raise ValueError(f"{kind.__name__} has two sets of rules for the anonymous report, expected one")
            found[kind] = rules
    return found


RULES = _with_sections()
"""Class of the report -> the rule of each of its fields."""


def by_content(rows: Sequence[FollowerRow]) -> list[FollowerRow]:
    """Anonymised rows of one class, most responses first and then by their content: the order of the list is public."""
    return sorted(rows, key=lambda row: (-(row.responses or 0), row.reasons, repr(row)))
