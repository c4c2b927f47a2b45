"""Nothing in an anonymous report finds an account: markers in every text, id, host, time and count of a workspace."""

from __future__ import annotations

import base64
import binascii
import html
import json
import re
import types
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints
from urllib.parse import unquote

import numpy as np
import pytest

from headcount.cli.main import main
from headcount.measures.question.results import Test as Asked
from headcount.report import anonymous, anonymous_rules
from headcount.report.anonymous import RULES, anonymised
from headcount.report.anonymous_rules import LADDER
from headcount.report.data import Document, ReportData
from headcount.report.model import AccountPart
from headcount.report.rounding import blurred, outwards, rough, rough_rows, rough_share
from headcount.store.store import Store
from headcount.tables import TABLES
from headcount.workspace.workspace import Workspace

MARKER = re.compile(r"xq7\d{9}k")
FOLLOWERS = 137
POSTS = 123
CLAIMED = 13_579
NOW = datetime(2026, 10, 1, 17, 43, 21, tzinfo=UTC)


class Markers:
    """Gives out a new marker, time or count each time, and remembers times and counts."""

    def __init__(self) -> None:
        self.given = 0
        self.times: list[datetime] = [NOW]
        self.delays: list[float] = []
        self.counts: list[int] = [CLAIMED, FOLLOWERS, POSTS]

    def text(self, what: str = "") -> str:
        self.given += 1
        return f"{what}Xq7{self.given:09d}K"

    def time(self, moment: datetime) -> str:
        self.times.append(moment)
        return f"{moment:%Y-%m-%dT%H:%M:%SZ}"

    def count(self) -> int:
        self.counts.append(20_011 + 10 * len(self.counts))
        return self.counts[-1]


def cell(value: Any) -> str:
    return "" if value is None else f'"{value}"'


def write(folder: Path, table: str, rows: list[dict[str, Any]]) -> None:
    names = next(each for each in TABLES if each.name == table).names
    lines = [",".join(names), *(",".join(cell(row.get(name)) for name in names) for row in rows)]
    (folder / f"{table}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> tuple[Path, Markers, list[str]]:
    """A workspace in which every free text, id, host, path, time and counter is a marker; and the ids of two accounts.

    The follows between the followers are in it, so that groups and circuits are looked for.
    """
    marks, rng = Markers(), np.random.default_rng(12)
    base = tmp_path_factory.mktemp(marks.text("folder"))
    tables = base / marks.text("tables")
    tables.mkdir()
    egos = [f"mastodon:{marks.text('ego')}@{marks.text('host')}.example".lower() for _ in range(2)]
    people = [f"mastodon:{marks.text('u')}@{marks.text('host')}.example".lower() for _ in range(FOLLOWERS + 20)]

    def account(name: str, number: int) -> dict[str, Any]:
        age = timedelta(days=300 + 3 * number, seconds=int(rng.integers(1, 80_000)))
        return {
            "account_id": name,
            "platform": "mastodon",
            "handle": name.removeprefix("mastodon:"),
            "display_name": marks.text("Name "),
            "bio": f"{marks.text('bio ')} follow back https://{marks.text('bio')}.example",
            "website": f"https://{marks.text('site')}.example/{marks.text()}",
            "created_at": marks.time(NOW - age),
            "followers_count": CLAIMED if name in egos else marks.count(),
            "following_count": marks.count(),
            "posts_count": marks.count(),
            "last_post_at": marks.time(NOW - timedelta(days=number % 300, seconds=61 + 13 * number)),
            "observed_at": marks.time(NOW),
        }

    def follow(follower: str, followee: str, number: int) -> dict[str, Any]:
        return {
            "follower_id": follower,
            "followee_id": followee,
            "followed_at": marks.time(NOW - timedelta(days=200, seconds=977 * number)),
            "position": number,
            "observed_at": marks.time(NOW),
        }

    follows = [follow(name, ego, n) for ego in egos for n, name in enumerate(people[:FOLLOWERS])]
    follows += [follow(one, other, n) for n, one in enumerate(people[:30]) for other in people[:30] if one != other]
    posts, interactions = [], []
    for ego in egos:
        for number in range(POSTS):
            asked = NOW - timedelta(days=2 + 0.4 * number, seconds=int(rng.integers(1, 30_000)))
            post_id = f"mastodon:https://{marks.text('host')}.example/@x/{marks.text()}"
            question = f"{marks.text()} What do you read, and where is https://{marks.text('in')}.example"
            posts.append({
                "post_id": post_id, "author_id": ego, "created_at": marks.time(asked), "kind": "post",
                "text": f"Do you read {marks.text('')}?" if number % 6 == 0 else question,
                "link_domains": None, "observed_at": marks.time(NOW),
            })  # fmt: skip
            for actor in rng.choice(len(people), 14 if number % 6 == 0 else 3, replace=False):
                delay = 60.0 * float(rng.integers(1, 1500)) + 17  # no whole minutes
                marks.delays.append(delay)
                kind = "reply" if number % 6 == 0 or actor % 3 else "like"
                interactions.append({
                    "actor_id": people[actor], "target_id": ego, "kind": kind, "post_id": post_id,
                    "created_at": marks.time(asked + timedelta(seconds=delay)),
                })  # fmt: skip
        for number in range(40):
            interactions.append({
                "actor_id": ego, "target_id": people[number], "kind": "reply",
                "post_id": f"mastodon:https://{marks.text('h')}.example/{marks.text()}",
                "created_at": marks.time(NOW - timedelta(days=number, seconds=4321 + number)),
            })  # fmt: skip
    for number, name in enumerate(people[:60]):
        posts += [{
            "post_id": f"mastodon:https://{marks.text('h')}.example/{marks.text()}", "author_id": name,
            "created_at": marks.time(NOW - timedelta(days=3 + copy, seconds=17 * number)), "kind": "post",
            "text": f"Buy {marks.text()} at https://{marks.text('shop')}.example" if number < 5 else marks.text(),
        } for copy in range(3)]  # fmt: skip
    write(tables, "accounts", [account(name, number) for number, name in enumerate([*egos, *people])])
    write(tables, "follows", follows)
    write(tables, "posts", posts)
    write(tables, "interactions", interactions)

    workspace = base / marks.text("workspace")
    assert main(["add", str(tables), "--workspace", str(workspace)]) == 0
    opened = Workspace(workspace)
    for number, label in enumerate(("person", "auto-follow", "spam")):
        opened.label(people[number], label, account=egos[0])
    note(workspace, egos, marks)
    return workspace, marks, egos


def note(workspace: Path, egos: list[str], marks: Markers) -> None:
    """What only a collector writes: notes, and how lists were read, with the words and the address of the server."""
    with Store(workspace, write=True) as store:
        con = store.connection
        snapshot = con.execute("SELECT max(snapshot) FROM snapshots").fetchone()[0]
        columns = [row[0] for row in con.execute("DESCRIBE list_coverage").fetchall()]
        for ego in egos:
            for topic in ("followers", "archive", "posts"):
                text = f"Read from https://{marks.text('server')}.example, says {marks.text()} at {marks.time(NOW)}."
                con.execute("INSERT INTO remarks VALUES (?, ?, ?, ?)", [ego, topic, text, snapshot])
            con.execute("DELETE FROM list_coverage WHERE account_id = ?", [ego])
            for name, state, reason in (
                ("followers", "partial", "other_server"), ("posts", "partial", "limit"), ("following", "hidden", None),
                ("likes", "refused", "server_error"), ("reposts", "partial", "broke_off"), ("replies", "partial", None),
            ):  # fmt: skip
                values = {
                    "account_id": ego, "list": name, "state": state, "reason": reason, "listed": marks.count(),
                    "claimed": marks.count(), "detail": f"{marks.text()} https://{marks.text('srv')}.example/api",
                    "observed_at": NOW.replace(tzinfo=None), "snapshot": snapshot,
                }  # fmt: skip
                row = {column: values.get(column) for column in columns}
                con.execute(
                    f"INSERT INTO list_coverage ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})",
                    [*row.values()],
                )


def readings(text: str) -> list[str]:
    """The text as it stands and as a reader could decode it: escapes, entities, per cent signs, base64; case folded."""
    unescaped = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
    decoded = [text, unquote(text), html.unescape(text), unescaped, text[::-1]]
    for token in set(re.findall(r"[A-Za-z0-9+/_-]{12,}", text)):
        for start in range(4):
            part = token[start:].replace("-", "+").replace("_", "/")
            try:
                decoded.append(base64.b64decode(part[: len(part) // 4 * 4]).decode("latin-1"))
            except binascii.Error:
                continue
    return [reading.casefold() for reading in decoded]


def assert_nothing_is_left(text: str, marks: Markers) -> None:
    own = re.sub(r"<script[^>]*>(?:(?!</script>).){20000,}</script>", "", text, flags=re.DOTALL)  # the libraries
    for reading in readings(own):
        assert MARKER.findall(reading) == []
        assert not re.search(r"k\d{9}7qx", reading), "reversed"
    numbers = set(re.findall(r"\d+(?:[.,:]\d+)*", own))
    for time in marks.times:
        seconds = int(time.timestamp())
        forms = {f"{time:%H:%M:%S}", str(seconds), f"{seconds}.0", str(seconds * 1000), str(seconds * 10**6)}
        forms |= {f"{seconds:,}", str(seconds // 60), f"{time:%d%H%M%S}", f"{time:%Y%m%d%H%M%S}", f"{seconds / 86400}"}
        assert numbers.isdisjoint(forms), time
        assert f"{time:%Y-%m-%dT%H}" not in own
        assert f"{time:%Y-%m-%d %H}" not in own
    for delay in marks.delays:
        if all(abs(delay / 3600 - step) > 1e-9 for step in LADDER):
            assert numbers.isdisjoint({repr(delay / 3600), repr(delay / 60), f"{delay / 3600:.4f}"}), delay
    assert numbers & ({f"{count:,}" for count in marks.counts} - {"137", "123"}) == set()
    assert "://" not in re.sub(r"https://vega\.github\.io/schema/vega-lite/v6\.json", "", own)


@pytest.mark.parametrize(
    "hidden",
    [
        "XQ7000000012K",
        "%58q7000000012%4B",
        "&#88;q7000000012K",
        r"\u0058q7000000012K",
        *(base64.b64encode(f"{'.' * pad}Xq7000000012K!!!".encode()).decode() for pad in range(3)),
    ],
)
def test_the_marker_is_found_in_every_form(hidden):
    with pytest.raises(AssertionError):
        assert_nothing_is_left(f"<p title={hidden!r}>", Markers())


@pytest.mark.parametrize(
    "time", ["17:43:21", "1790876601", "1790876601000", "2026-10-01T17", "1,790,876,601", "20261001174321"]
)
def test_a_time_is_found_in_every_form(time):
    with pytest.raises(AssertionError):
        assert_nothing_is_left(f"<td>{time}", Markers())


def exact_numbers(value: Any) -> list[float]:
    if isinstance(value, dict):
        return [number for part in value.values() for number in exact_numbers(part)]
    if isinstance(value, list):
        return [number for part in value for number in exact_numbers(part)]
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else []


def test_no_marker_is_left_in_page_and_json(marked, tmp_path, capsys):
    workspace, marks, egos = marked
    page = tmp_path / "page.html"
    options = ["--workspace", str(workspace), "--beside", egos[1], "--window", "all"]
    capsys.readouterr()
    assert main(["report", egos[0], "--html", str(page), "--json", *options]) == 0
    plain, plain_html = capsys.readouterr().out, page.read_text(encoding="utf-8")
    for text in (plain, plain_html):
        assert len(set(MARKER.findall(text.casefold()))) > 20, "the markers would be there"
    assert "17:43:21" in plain

    assert main(["report", egos[0], "--anonymous", "--html", str(page), "--json", *options]) == 0
    told = capsys.readouterr().out
    for text in (told, page.read_text(encoding="utf-8")):
        assert_nothing_is_left(text, marks)
    found = json.loads(told)
    assert [other["account_id"] for other in found["beside"]] == ["account 1"]
    assert found["rings"]["groups"], "groups are in it, so that they are tested"
    assert found["question"]["pooled"]["curve"]
    assert [test["hours"] for test in found["question"]["tests"] if test["hours"]]
    assert found["ties"]["top"]
    assert found["arrival"]["order"]
    assert {part["list"] for part in found["lists"]} >= {"followers", "likes", "posts"}
    places = found["arrival"].pop("order")
    assert (places[0], places[-1], len(places)) == (0, 139, 130), "spread evenly over the rounded list"
    assert {FOLLOWERS, POSTS, CLAIMED}.isdisjoint(exact_numbers(found))
    assert (found["followers"]["listed"], found["audience"]["posts"]) == (140, 120)

    words = page.read_text(encoding="utf-8")
    assert words.partition('id="list"')[2].count("<tr><td>") == rough_rows(FOLLOWERS) == 130
    assert f">{FOLLOWERS}<" not in words
    assert_terminal_is_anonymous(["report", egos[0], "--anonymous", *options], marks, capsys)


def assert_terminal_is_anonymous(command: list[str], marks: Markers, capsys: Any) -> None:
    assert main(command) == 0
    assert_nothing_is_left(capsys.readouterr().out, marks)


@pytest.mark.parametrize("output", ["--json", "--csv", "screen"])
def test_no_marker_is_left_in_the_list_of_followers(marked, output, capsys):
    workspace, marks, egos = marked
    capsys.readouterr()
    more = {"--json": ["--json"], "--csv": ["--csv", "-"], "screen": []}[output]
    assert main(["followers", egos[0], "--workspace", str(workspace), *more]) == 0
    assert MARKER.search(capsys.readouterr().out.casefold())
    assert main(["followers", egos[0], "--anonymous", "--workspace", str(workspace), *more]) == 0
    done = capsys.readouterr()
    assert_nothing_is_left(done.out, marks)
    assert_nothing_is_left(done.err, marks)
    if output == "--csv":
        assert len(done.out.splitlines()) - 1 == rough_rows(FOLLOWERS) == 130


@pytest.mark.parametrize("missing", ["posts", "responses", "followers"])
def test_sentences_about_what_is_missing_quote_no_server(missing, tmp_path, capsys):
    """Where lists were refused, the words of the server are the reason; where follows are unknown, a command is."""
    marks = Markers()
    folder = tmp_path / "tables"
    folder.mkdir()
    ego = f"bluesky:did:plc:{marks.text()}"
    write(folder, "accounts", [{"account_id": ego, "platform": "bluesky", "handle": f"{marks.text()}.example",
                                "observed_at": marks.time(NOW)}])  # fmt: skip
    if missing != "followers":
        write(folder, "follows", [{"follower_id": f"bluesky:did:plc:{marks.text()}", "followee_id": ego}])
    if missing != "posts":
        write(folder, "posts", [{"post_id": f"bluesky:{marks.text()}", "author_id": ego, "text": marks.text(),
                                 "created_at": marks.time(NOW - timedelta(days=3, seconds=77))}])  # fmt: skip
    workspace = tmp_path / "workspace"
    assert main(["add", str(folder), "--workspace", str(workspace)]) == 0
    with Store(workspace, write=True) as store:
        lists = {"posts": ["posts"], "responses": ["replies", "likes", "reposts", "quotes"], "followers": ["followers"]}
        for name in lists[missing]:
            store.connection.execute(
                "INSERT INTO list_coverage (account_id, list, state, reason, detail, observed_at, snapshot) "
                "VALUES (?, ?, 'refused', 'server_error', ?, ?, 1)",
                [ego, name, f"says {marks.text()}", NOW.replace(tzinfo=None)],
            )
    page = tmp_path / "page.html"
    options = ["--json", "--html", str(page), "--workspace", str(workspace)]
    capsys.readouterr()
    assert main(["report", ego, *options]) == 0
    plain = capsys.readouterr().out
    assert "says Xq7" in plain, "the server's words are in a report with names"
    assert main(["report", ego, "--anonymous", *options]) == 0
    for text in (capsys.readouterr().out, page.read_text(encoding="utf-8")):
        assert_nothing_is_left(text, marks)


# ---- The decisions: one for every field of every class that a report is made of.


def classes_of(kind: Any) -> set[type]:
    """The dataclasses that a type is made of."""
    if is_dataclass(kind) and isinstance(kind, type):
        hints = get_type_hints(kind)
        return {kind}.union(*(classes_of(hints[field.name]) for field in fields(kind)))
    return set().union(*(classes_of(part) for part in get_args(kind)))


def test_every_field_of_the_report_has_a_decision():
    used = classes_of(ReportData) | {Document}
    assert used == set(RULES)
    for kind in used:
        assert {field.name for field in fields(kind)} == set(RULES[kind]), kind


KEPT_TEXTS = {
    (Document, "schema"), (Document, "headcount_version"), (ReportData, "schema"), (ReportData, "headcount_version"),
    ("SetErrors", "name"), ("SetErrors", "about"), ("SetErrors", "labels"), ("AuthenticityPart", "model"),
    ("AuthenticityPart", "model_card"), ("AuthenticityPart", "made_by"), ("AuthenticityPart", "known_failures"),
    ("FollowerRow", "label"), ("FollowerRow", "judgement"), ("GroupPart", "verdict"), ("AccountPart", "status"),
    ("Question", "population"), ("Test", "post_id"), ("ArrivalPart", "label"), ("Beside", "account_id"),
}  # fmt: skip
"""Plain texts that stay: constants of the program and its shipped model, words of a vocabulary, and names made here."""


def test_plain_texts_are_kept_only_where_that_was_decided():
    kept = {(getattr(kind, "__name__", kind), name) for kind, name in KEPT_TEXTS}
    for kind, rules in RULES.items():
        hints = get_type_hints(kind)
        for name, rule in rules.items():
            if rule is anonymous_rules.keep and holds_text(hints[name]):
                assert (kind.__name__, name) in kept, f"{kind.__name__}.{name} is text, and stays as it is"


def holds_text(kind: Any) -> bool:
    if kind is str:
        return True
    return get_origin(kind) is not Literal and any(holds_text(part) for part in get_args(kind))


def filled(kind: Any, marks: Markers) -> Any:
    """A value of a type, with a marker in every text and an odd number in every number."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return filled(next(part for part in parts if part is not type(None)), marks)
    if origin is Literal:
        return parts[0]
    if origin is list:
        return [filled(parts[0], marks)]
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{field.name: filled(hints[field.name], marks) for field in fields(kind)})
    if kind in (int, float, bool, str):
        return {int: 12_347, float: 0.1234567, bool: True, str: marks.text()}[kind]
    raise TypeError(f"no value for {kind}: decide how it is made anonymous, and add it here")


SENTENCES = {anonymous_rules.sentence, anonymous_rules.reasons}
"""Rules of texts that Headcount makes itself; that they quote nothing is tested with a workspace above."""


@pytest.mark.parametrize("kind", sorted(RULES, key=lambda kind: kind.__name__), ids=lambda kind: kind.__name__)
def test_no_text_or_exact_number_passes_a_rule(kind):
    before = filled(kind, Markers())
    after = anonymised(before)
    kept = {(getattr(of, "__name__", of), name) for of, name in KEPT_TEXTS}
    for name, rule in RULES[kind].items():
        value = getattr(after, name)
        if is_dataclass(value) or (isinstance(value, list) and value and is_dataclass(value[0])):
            continue  # has its own rules
        if rule in SENTENCES or (kind.__name__, name) in kept:
            continue
        assert not MARKER.search(repr(value).casefold()), name
        if rule is not anonymous_rules.keep and kind.__name__ != "SetErrors":
            assert "12347" not in repr(value), name
            assert "0.1234567" not in repr(value), name


def test_a_class_or_field_without_a_decision_is_an_error(monkeypatch):
    part = filled(AccountPart, Markers())
    monkeypatch.setitem(
        RULES, AccountPart, {name: rule for name, rule in RULES[AccountPart].items() if name != "as_of"}
    )
    with pytest.raises(KeyError, match="as_of"):
        anonymised(part)
    monkeypatch.delitem(RULES, AccountPart)
    with pytest.raises(KeyError):
        anonymised(part)


@pytest.mark.parametrize("kind", [list, tuple])
def test_records_inside_are_anonymous_whatever_the_rule_of_the_field(kind):
    part = filled(AccountPart, Markers())
    (inside,) = anonymous._inside(kind([part]))
    assert inside == anonymised(part)
    assert type(anonymous._inside(kind([part]))) is kind


@pytest.mark.parametrize("value", ["a name", ["a name"], {"name": 1}, ("a name",)])
def test_a_field_of_records_holds_nothing_else(value):
    with pytest.raises(TypeError, match="expected a record"):
        anonymous_rules.record(value, None)


# ---- Rounding.


@pytest.mark.parametrize(
    ("exact", "coarse"),
    [
        (0, 0),
        (99, 99),
        (100, 100),
        (137, 140),
        (6012, 6000),
        (25_314, 25_000),
        (48.13, 48.1),
        (99.7, 100.0),
        (1234.5, 1200.0),
    ],
)
def test_counts_are_rounded_from_100_on(exact, coarse):
    assert rough(exact) == coarse
    assert type(rough(exact)) is type(exact)
    assert outwards(exact, down=True) <= min(exact, coarse)
    assert outwards(exact, down=False) >= max(exact, coarse)
    assert rough_rows(int(exact)) <= exact


def test_a_share_does_not_give_the_count_away():
    for followers in range(1_000, 9_000, 37):
        shown = rough_share(17 / followers)
        others = sum(rough_share(17 / number) == shown for number in range(500, 12_000))
        assert others > followers / 200
    assert (rough_share(0.0), rough_share(1.0), rough_share(0.99531), rough_share(0.4356)) == (0, 1, 0.9953, 0.44)
    assert rough_share(0.4356, -1) == 0.43
    assert rough_share(0.4312, 1) == 0.44


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("As of 1 October 2026, 6,012 of 13,579 are listed.", "As of 1 October 2026, 6,000 of 14,000 are listed."),
        ("p 0.012 and 99.5% of 100%, AUC 0.987", "p 0.012 and 99.5% of 100%, AUC 0.987"),
        ("since 2026-10-21: 137 times", "since 2026-10: 140 times"),
        ("a mean of 1,234.5 (190 to 251)", "a mean of 1,200 (190 to 250)"),
    ],
)
def test_sentences_are_blurred(text, expected):
    assert blurred(text, months=True) == expected
    assert blurred(expected) == expected


def test_reply_curves_are_counted_on_the_ladder():
    exact = replace(filled(Asked, Markers()), hours=[0.02, 0.7, 0.71, 5.5, 30.1], cumulative=[1, 2, 3, 4, 5])
    rungs = anonymous._on_ladder(exact)
    assert set(rungs.hours) <= {float(step) for step in LADDER}
    assert rungs.hours[-1] == 48
    assert dict(zip(rungs.hours, rungs.cumulative, strict=True))[1.0] == 3
    assert rungs.cumulative == sorted(rungs.cumulative)
    assert rungs.cumulative[-1] == 5
