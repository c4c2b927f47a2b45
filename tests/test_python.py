"""What a user of the library meets: times, one-line reprs, data frames, notebook views, files."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import importlib.util
import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from html.parser import HTMLParser
from pathlib import Path

import narwhals as nw
import numpy as np
import pytest

import headcount as hc
from headcount.cli.main import main
from headcount.errors import UsageError
from headcount.measures.catalog import MEASURES
from headcount.measures.result import Result
from headcount.simulate import demo_world
from headcount.sources.collect.options import Options
from headcount.support.record import BACKENDS, Record
from headcount.support.times import as_datetime, as_seconds

PROJECT = Path(__file__).resolve().parent.parent
MARKUP = "<script>alert(1)</script>"
INSTALLED = [name for name in BACKENDS if importlib.util.find_spec(name)]
VOID = {"br", "img", "hr", "meta", "input"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small world in which accounts, names and posts carry markup."""
    tables = tmp_path_factory.mktemp("world")
    demo_world(seed=1, scale=0.02).write(tables, format="csv")
    for file, columns in (("accounts", ("handle", "display_name")), ("posts", ("text",))):
        path = tables / f"{file}.csv"
        with path.open(newline="", encoding="utf-8") as source:
            rows = list(csv.DictReader(source))
        for row in rows:
            for column in columns:
                row[column] = f"{row[column]}\n{MARKUP}" if column == "text" else f"{row[column]}{MARKUP}"
        with path.open("w", newline="", encoding="utf-8") as target:
            writer = csv.DictWriter(target, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    workspace = tmp_path_factory.mktemp("workspace")
    hc.open(workspace).add(tables, whole_lists=True, now="2026-10-02")
    return workspace


@pytest.fixture(scope="module")
def ws(folder: Path) -> hc.Workspace:
    return hc.open(folder)


NAME = f"ana{MARKUP}"


@pytest.fixture(scope="module")
def report(ws: hc.Workspace) -> hc.Report:
    return ws.report(NAME, beside=f"promoter{MARKUP}")


def records(thing: object, path: str, into: dict[str, Record]) -> None:
    """Every record inside a result, by where it stands; of a list the first."""
    if isinstance(thing, Record):
        into[path] = thing
    if dataclasses.is_dataclass(thing):
        for field in dataclasses.fields(thing):
            records(getattr(thing, field.name), f"{path}.{field.name}", into)
    elif isinstance(thing, list | tuple) and len(thing):
        records(thing[0], f"{path}[0]", into)


@pytest.fixture(scope="module")
def everything(ws: hc.Workspace, report: hc.Report) -> dict[str, Record]:
    measured = ws.measure(NAME)
    found: dict[str, Record] = {}
    records(report, "report", found)
    for name in ("view", "audience", "question", "ties", "funnel", "authenticity", "rings"):
        records(getattr(measured, name), name, found)
    follower = next(row.account_id for row in report.rows if row.account_id)
    records(ws.label(follower, "real", account=NAME, now="2026-10-03"), "label", found)
    ws.label(follower, None, account=NAME)  # the other tests find the workspace as it was
    records(ws.snapshots()[0], "snapshot", found)
    records(ws.followers(NAME), "followers", found)
    records(Options(since="2026-01-01"), "options", found)
    rng = np.random.default_rng(1)
    followers = rng.integers(10, 1_000, 50).astype(float)
    responders = np.floor(followers * 0.05)
    records(hc.influence(responders, followers), "influence", found)
    return found


def test_every_public_result_is_looked_at(everything):
    """The walk reaches every result of the library's face, every section of the report, and every measure."""
    types = {type(record) for record in everything.values()}
    for name in hc.__all__:
        thing = getattr(hc, name)
        if isinstance(thing, type) and issubclass(thing, Record) and thing is not hc.Document:
            assert thing in types, name
    sections = {f"report.{f.name}" for f in dataclasses.fields(hc.Report) if f.type.endswith(("Part", "Audience"))}
    assert len(sections) > 6
    assert sections <= set(everything)
    assert {type(record).__name__ for record in everything.values() if isinstance(record, Result)} == {
        name.capitalize() for name in MEASURES
    }


def test_no_part_of_a_report_keeps_the_repr_of_a_dataclass(report, everything):
    """A record that a report holds and that is no `Record` would print everything that is in it."""

    def walk(thing: object) -> None:
        if dataclasses.is_dataclass(thing):
            assert isinstance(thing, Record), type(thing)
            for field in dataclasses.fields(thing):
                walk(getattr(thing, field.name))
        elif isinstance(thing, list | tuple):
            for item in thing[:3]:
                walk(item)

    walk(report)


def test_reprs_are_one_short_line(everything, ws):
    shown = {where: repr(record) for where, record in everything.items()}
    shown |= {"workspace": repr(ws), "measured": repr(ws.measure(NAME)), "empty": repr(hc.open("no such folder"))}
    shown |= {f"account {n}": repr(account) for n, account in enumerate(ws.accounts())}
    for where, text in shown.items():
        assert len(text) < 200, where
        assert "\n" not in text, where
        assert text.isprintable(), where


def test_reprs_hold_the_key_number_with_interval_and_date(report, ws):
    found = report.audience
    number = rf"{found.headcount:,.0f} \((95% interval )?{found.low:,.0f} to {found.high:,.0f}\)"
    assert found.low < found.headcount
    for thing in (report, report.audience, ws.measure(NAME)):
        assert re.search(number, repr(thing)), repr(thing)
        assert report.account.as_of[:10] in repr(thing)
    for name in ("followers", "funnel", "ties", "rings", "authenticity", "arrival", "question"):
        assert report.account.as_of[:10] in repr(getattr(report, name)), name
    assert f"{report.followers.listed:,} followers" in repr(report.followers)
    assert "last written" in repr(ws)


def test_repr_of_a_workspace_does_not_open_it(ws, monkeypatch):
    monkeypatch.setattr("headcount.workspace.workspace.Store", None)
    assert str(ws.folder) in repr(ws)


@pytest.mark.parametrize("backend", INSTALLED)
def test_every_record_turns_into_a_data_frame(everything, backend):
    for where, record in everything.items():
        columns = record.columns()
        table = nw.from_native(record.to_frame(backend))
        assert table.implementation.value == backend
        assert table.columns == list(columns), where
        assert len({len(values) for values in columns.values()} | {table.shape[0]}) == 1, where


def test_backends_of_the_tests_are_all_there():
    assert list(BACKENDS) == INSTALLED


def test_a_wrong_backend_is_one_sentence_with_the_nearest(report, monkeypatch):
    for wrong, near in (("panda", "pandas"), ("Polars", "polars"), ("pa", "pyarrow"), (5, "polars")):
        with pytest.raises(UsageError, match=f".*'{near}'") as caught:
            report.to_frame(wrong)
        assert "\n" not in str(caught.value)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install polars"):
        report.to_frame("polars")
    with pytest.raises(UsageError, match="pip install pandas"):
        report.to_frame()
    for backend in BACKENDS:
        assert backend in (Record.to_frame.__doc__ or "")


class Balanced(HTMLParser):
    """Fails on a tag that is not closed in its order; gathers tags and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def test_notebook_views_are_html_without_markup_from_outside(everything):
    with_markup = 0
    for where, record in everything.items():
        page = Balanced()
        page.feed(record._repr_html_())
        page.close()
        assert not page.open, where
        assert page.tags <= {"p", "b", "ul", "li", "table", "thead", "tbody", "tr", "th", "td"}, where
        assert len(page.text) < 40_000, where
        with_markup += "<script>" in page.text
    assert with_markup >= 5  # the report, its ties, its followers, the questions, the account


AT_NOON = "2026-09-01T12:00:00Z"
TIMES = [
    ("2026-09-01T12:00", AT_NOON),
    ("2026-09-01T14:00+02:00", AT_NOON),
    (" 2026-09-01T12:00Z ", AT_NOON),
    (datetime(2026, 9, 1, 12), AT_NOON),
    (datetime(2026, 9, 1, 14, tzinfo=timezone(timedelta(hours=2))), AT_NOON),
    (np.datetime64("2026-09-01T12:00", "ns"), AT_NOON),
    ("2026-09-01", "2026-09-01T00:00:00Z"),
    (date(2026, 9, 1), "2026-09-01T00:00:00Z"),
]
NO_TIMES = ["", "soon", "2026-13-01", 5, 1.8e9, True, None, np.datetime64("NaT"), [], datetime.max.replace(
    tzinfo=timezone(timedelta(hours=-2)))]  # fmt: skip


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("given", "expected"), TIMES, ids=lambda value: repr(value))
def test_times_are_read_alike_by_library_and_command_line(ws, folder, given, expected, capsys):
    assert ws.report(NAME, as_of=given).account.as_of == expected
    if isinstance(given, str):
        assert main(["report", NAME, "--as-of", given, "--json", "--workspace", str(folder)]) == 0
        assert json.loads(capsys.readouterr().out)["account"]["as_of"] == expected
    seconds = datetime.fromisoformat(expected).timestamp()
    assert as_seconds(given) == seconds
    assert Options(since=given).since == datetime.fromtimestamp(seconds, UTC)
    nobody = hc.Exchanges(np.zeros(0, np.int64), np.zeros(0, bool), np.zeros(0))
    by_time = hc.ties(nobody, member=None, followers=None, as_of=given)
    assert by_time.as_of == expected == hc.ties(nobody, member=None, followers=None, as_of=seconds).as_of


def test_timestamps_of_data_frames_are_times():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    noon = datetime(2026, 9, 1, 12, tzinfo=UTC)
    assert as_datetime(pandas.Timestamp("2026-09-01T12:00")) == noon
    assert as_datetime(pandas.Timestamp("2026-09-01T14:00", tz="Europe/Berlin")) == noon
    assert as_datetime(polars.Series([datetime(2026, 9, 1, 12)])[0]) == noon
    with pytest.raises(UsageError):
        as_datetime(pandas.NaT)


@pytest.mark.parametrize("given", [value for value in NO_TIMES if value is not None], ids=repr)
def test_what_is_not_a_time_is_one_sentence(ws, given):
    for call in (
        lambda: ws.report(NAME, as_of=given),
        lambda: ws.authenticity(NAME, as_of=given),
        lambda: ws.add("nothing", now=given),
        lambda: ws.collect("alice.example", now=given),
        lambda: ws.label("nobody", "real", now=given),
        lambda: Options(since=given),
    ):
        with pytest.raises(UsageError, match=r"is not a time.*2026-10-01T12:00\+02:00") as caught:
            call()
        assert "\n" not in str(caught.value)


def test_a_time_to_come_is_refused_by_both(ws, folder, capsys):
    later = datetime.now(UTC) + timedelta(days=2)
    with pytest.raises(UsageError, match="in the future"):
        ws.view(NAME, as_of=later)
    assert main(["report", NAME, "--as-of", later.isoformat(), "--workspace", str(folder)]) == 2
    assert "in the future" in capsys.readouterr().err
    assert main(["report", NAME, "--as-of", "soon", "--workspace", str(folder)]) == 2
    assert "2026-10-01T12:00+02:00" in capsys.readouterr().err


@pytest.mark.parametrize("days", [0, -1, float("nan"), float("inf"), "8w", True, []])
def test_a_window_is_a_number_of_days(ws, days):
    with pytest.raises(UsageError, match="window_days"):
        ws.view(NAME, window_days=days)


def test_one_name_is_as_good_as_a_list(ws, report):
    other = f"promoter{MARKUP}"
    assert [one.handle for one in report.beside] == [other]
    assert ws.report(NAME, beside=[other]) == report
    assert ws.report(NAME).beside == ws.report(NAME, beside=None).beside == []
    post = report.question.tests[0].post_id
    assert ws.measure(NAME, questions=post).question.tests[0].post_id == post


def test_files_of_a_report(report, tmp_path):
    page = report.to_html(tmp_path / "page.html")
    assert page == tmp_path / "page.html"
    assert page.read_text(encoding="utf-8").rstrip() == report.to_html().rstrip()
    packed = report.to_json(str(tmp_path / "report.json.gz"))
    assert json.loads(gzip.decompress(packed.read_bytes())) == json.loads(report.to_json())
    assert report.to_json(tmp_path / "page.html").read_text(encoding="utf-8") == report.to_json() + "\n"  # replaced
    assert {path.name for path in tmp_path.iterdir()} == {"page.html", "report.json.gz"}
    for write in (report.to_html, report.to_json):
        for path in (tmp_path / "no" / "x", tmp_path, tmp_path / "page.html" / "x"):
            with pytest.raises(UsageError) as caught:
                write(path)
            assert "\n" not in str(caught.value)
    assert not (tmp_path / "no").exists()


def test_names_of_the_docs_exist():
    """`from headcount import …` and `hc.…` on any page, and every measure of the catalog."""
    names = set(MEASURES)
    for page in [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]:
        text = page.read_text(encoding="utf-8")
        names |= set(re.findall(r"\bhc\.(\w+)", text))
        for line in re.findall(r"^from headcount import (.+)$", text, re.MULTILINE):
            names |= {name.strip() for name in line.split(",")}
    assert {"open", "audience", "HeadcountError"} <= names
    assert names <= set(dir(hc))


def test_everything_of_the_face_has_a_docstring():
    for name in hc.__all__:
        thing = getattr(hc, name)
        assert thing.__doc__, name
        if not isinstance(thing, type):
            continue
        for member in dir(thing):
            if not member.startswith("_") and (callable(getattr(thing, member)) or member in vars(thing)):
                if dataclasses.is_dataclass(thing) and member in thing.__dataclass_fields__:
                    continue
                if not issubclass(thing, Exception):
                    assert getattr(thing, member).__doc__, f"{name}.{member}"
