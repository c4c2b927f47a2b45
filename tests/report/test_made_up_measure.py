"""A measure is four edits: a made-up one, added by them alone, reaches every form of the report."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests import test_architecture

import headcount
from headcount.report.data import page_sections

SOURCE = Path(headcount.__file__).parent
PROJECT = Path(__file__).resolve().parents[2]

MEASURE = '''
"""The hour of the day (UTC) at which people respond.

Definition: the median of the hour of day, 0 to 24, over all responses with a known time, with their number. It is not
given for fewer than 5 of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from headcount.columns import Posts, Responses
from headcount.measures.result import Result

__all__ = ["Hours", "hours"]

MIN_RESPONSES = 5


@dataclass(frozen=True, kw_only=True, repr=False)
class Hours(Result):
    """The median hour, the responses behind it, and how many of them came in each hour."""

    median: float | None
    responses: int
    by_hour: tuple[int, ...]

    def columns(self) -> dict[str, list[Any]]:
        """One row an hour of the day."""
        return {"hour": list(range(24)), "responses": list(self.by_hour)}

    def sentence(self) -> str:
        """The median hour with its sample size, or why there is none."""
        if self.median is None:
            return f"The time is known for {self.responses} responses; a median hour needs {MIN_RESPONSES}."
        return f"Half of the {self.responses:,} responses came before {self.median:.1f} hours (UTC)."


def hours(posts: Posts, responses: Responses) -> Hours:
    """The hour of the day at which people respond.

    Args:
        posts: the posts of the window; responses: the responses to them.
    """
    at = posts.created_at[responses.post] + responses.delay
    known = at[np.isfinite(at)] % 86_400 / 3600
    median = float(np.median(known)) if len(known) >= MIN_RESPONSES else None
    by_hour = np.bincount(known.astype(np.int64), minlength=24)
    return Hours(median=median, responses=len(known), by_hour=tuple(by_hour.tolist()))
'''
RULES = """
    anonymous: ClassVar[rule.Rules] = {
        "as_of": rule.day,
        "median": rule.figure,
        **rule.counts("responses"),
        **rule.records("busiest"),
        **rule.sentences("sentence"),
    }
    anonymous_records: ClassVar[Mapping[type, rule.Rules]] = {
        HourRow: {**rule.kept("hour"), **rule.counts("responses")},
    }
"""
PART = f'''
"""The hour of the day at which people respond, for the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

from headcount.measures.hours import hours
from headcount.report import anonymous_rules as rule
from headcount.report.section import Section
from headcount.support.record import Record

if TYPE_CHECKING:
    from headcount.analysis import Analysis

__all__ = ["HourRow", "HoursPart"]


@dataclass(frozen=True, kw_only=True, repr=False)
class HourRow(Record):
    """Responses in one hour of the day."""

    hour: int
    responses: int


@dataclass(frozen=True, kw_only=True, repr=False)
class HoursPart(Section):
    """The median hour of day, the responses behind it, and the hours with most responses."""

    title: ClassVar[str] = "Hours of the responses"
{RULES}
    median: float | None
    responses: int
    busiest: list[HourRow]
    sentence: str

    @classmethod
    def from_analysis(cls, measured: Analysis) -> Self:
        """The part of the report."""
        result = hours(measured.view.posts, measured.view.responses)
        rows = [HourRow(hour=hour, responses=number) for hour, number in enumerate(result.by_hour) if number]
        rows.sort(key=lambda row: (-row.responses, row.hour))
        return cls(median=result.median, responses=result.responses, busiest=rows, sentence=result.sentence())

    def findings(self) -> list[str]:
        """The sentence, where there is a median."""
        return [] if self.median is None else [self.sentence]

    def columns(self) -> dict[str, list[Any]]:
        """One row an hour with responses, most of them first."""
        return {{
            "hour": [row.hour for row in self.busiest],
            "number_of_responses": [row.responses for row in self.busiest],
        }}

    def finding(self) -> str:
        """The sentence."""
        return self.sentence
'''
TEMPLATE = """
<section id="hours" aria-labelledby="hours-title">
  <h2 id="hours-title">When do people respond?</h2>
  <p>{{ report.hours.sentence }}</p>
</section>
"""
NEW_FILES = {
    "measures/hours.py": MEASURE,
    "report/parts/hours.py": PART,
    "report/templates/hours.html.j2": TEMPLATE,
}
FIELDS = "report/data.py"
RESPONSES, HOURS = 137, (9, 12, 15)

MAKE = """
import json, sys
import headcount as hc
from headcount.report.render.document import document, json_schema
from headcount.report.render.text import print_report
workspace = hc.open(sys.argv[1])
print(hc.__file__)
report = workspace.report("ego", window_days=None)
anonymous = workspace.report("ego", window_days=None, anonymous=True)
made = {"plain": document(report), "anonymous": document(anonymous), "schema": json_schema()}
made |= {"page": report.to_html(), "anonymous page": anonymous.to_html(), "repr": repr(report.hours)}
print(json.dumps(made))
print_report(report)
"""
CHECK = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("test_anonymous", sys.argv[2])
tests = importlib.util.module_from_spec(spec)
spec.loader.exec_module(tests)
tests.test_every_field_of_the_report_has_a_decision()
tests.test_plain_texts_are_kept_only_where_that_was_decided()
from headcount.report.parts.hours import HourRow, HoursPart
for kind in (HourRow, HoursPart):
    tests.test_no_text_or_exact_number_passes_a_rule(kind)
"""
"""The tests of the rules of the anonymous report, which hold for the made-up part too."""
FAIL = f"""
import sys
import headcount as hc
workspace = hc.open(sys.argv[1])
assert workspace.report("ego", window_days=None).hours.responses == {RESPONSES}
try:
    workspace.report("ego", window_days=None, anonymous=True)
except KeyError as error:
    print(error)
{CHECK}
"""
TESTS_OF_RULES = PROJECT / "tests" / "report" / "test_anonymous.py"


def texts(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and path.parent.name != "__pycache__")
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package with the made-up measure: three new files, and one field with its import."""
    copy = tmp_path_factory.mktemp("made-up") / "headcount"
    shutil.copytree(SOURCE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in NEW_FILES.items():
        (copy / name).write_text(text.lstrip("\n"), encoding="utf-8")
    fields = (copy / FIELDS).read_text(encoding="utf-8")
    for line, new in (
        (
            "from headcount.report.parts.rings import RingsPart\n",
            "from headcount.report.parts.hours import HoursPart\n",
        ),
        ("    ties: TiesPart\n", "    hours: HoursPart\n"),
    ):
        assert fields.count(line) == 1
        fields = fields.replace(line, new + line)
    (copy / FIELDS).write_text(fields, encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """A folder to open: an account with one post and responses at three hours of the day."""
    folder = tmp_path_factory.mktemp("made-up-tables")
    people = [f"x:{number}" for number in range(2, 2 + RESPONSES)]
    (folder / "accounts.csv").write_text("account_id,handle,followers_count\nx:1,ego,137\n")
    (folder / "follows.csv").write_text("follower_id,followee_id\n" + "".join(f"{who},x:1\n" for who in people))
    (folder / "posts.csv").write_text("post_id,author_id,created_at,kind\nx:p,x:1,2026-09-01T08:00:00Z,post\n")
    rows = [f"{who},x:1,like,x:p,2026-09-01T{HOURS[n % 3]:02}:30:00Z\n" for n, who in enumerate(people)]
    (folder / "interactions.csv").write_text("actor_id,target_id,kind,post_id,created_at\n" + "".join(rows))
    headcount.open(folder / "workspace").add(folder)
    return folder / "workspace"


def run(package: Path, code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": str(package.parent)}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def made(package, workspace) -> dict[str, Any]:
    """The report of the copy in each of its forms."""
    done = run(package, MAKE, workspace)
    assert done.returncode == 0, done.stderr
    where, forms, *screen = done.stdout.splitlines()
    assert Path(where).parent == package
    return json.loads(forms) | {"screen": screen}


SENTENCE = "Half of the 137 responses came before 12.5 hours (UTC)."


def test_four_files_differ(package):
    before, after = texts(SOURCE), texts(package)
    differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert differing == {*NEW_FILES, FIELDS}


def test_it_is_in_the_json_and_its_schema(made):
    jsonschema = pytest.importorskip("jsonschema")
    part = made["plain"]["hours"]
    assert part == {
        "as_of": made["plain"]["account"]["as_of"],
        "median": 12.5,
        "responses": 137,
        "busiest": [{"hour": 9, "responses": 46}, {"hour": 12, "responses": 46}, {"hour": 15, "responses": 45}],
        "sentence": SENTENCE,
    }
    schema = made["schema"]
    assert schema["$defs"]["HoursPart"]["properties"].keys() == part.keys()
    for name in ("plain", "anonymous"):
        jsonschema.Draft202012Validator(schema).validate(made[name])
    assert made["repr"].startswith("<HoursPart ")
    assert SENTENCE in made["repr"]


def test_it_is_among_the_findings(made):
    assert made["plain"]["findings"][-1] == SENTENCE


def test_it_is_on_the_page_between_the_fields_beside_it(made):
    page = made["page"]
    places = [page.index(f'<section id="{name}"') for name in ("question", "hours", "ties")]
    assert places == sorted(places)
    section = page[places[1] : places[2]]
    assert "When do people respond?" in section
    assert SENTENCE in section


def test_it_is_in_the_terminal(made):
    screen = made["screen"]
    place = screen.index("Hours of the responses")
    assert screen[place + 1] == SENTENCE
    table = [line.split() for line in screen[place + 2 : place + 7]]
    assert table[0] == ["hour", "number", "of", "responses"]
    assert table[2:] == [["9", "46"], ["12", "46"], ["15", "45"]]


def test_it_is_anonymous_by_its_rules(made, package, workspace):
    part = made["anonymous"]["hours"]
    assert (part["median"], part["responses"], len(part["as_of"])) == (12.0, 140, len("2026-09-01"))
    rounded = SENTENCE.replace("137", "140")
    assert part["sentence"] == made["anonymous"]["findings"][-1] == rounded
    assert rounded in made["anonymous page"]
    assert SENTENCE not in made["anonymous page"]
    done = run(package, CHECK, workspace, TESTS_OF_RULES)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("rules", "missing"),
    [
        ("", "HoursPart"),
        (RULES.replace('        "median": rule.figure,\n', ""), "'median'"),
        (RULES.replace("        HourRow: {", "        int: {"), "HourRow"),
    ],
    ids=["no rules", "a field without a rule", "a record without rules"],
)
def test_without_its_rules_an_anonymous_report_fails(rules, missing, package, workspace, tmp_path):
    copy = tmp_path / "headcount"
    shutil.copytree(package, copy)
    path = copy / "report" / "parts" / "hours.py"
    text = path.read_text(encoding="utf-8")
    assert RULES in text
    path.write_text(text.replace(RULES, rules), encoding="utf-8")
    done = run(copy, FAIL, workspace, TESTS_OF_RULES)
    assert missing in done.stdout
    assert done.returncode == 1
    assert "AssertionError" in done.stderr


def test_the_architecture_holds_with_it(package):
    arrows = test_architecture.arrows(package)
    assert "headcount.measures.hours" in arrows["headcount.report.parts.hours"]
    assert test_architecture.forbidden(arrows) == []
    assert test_architecture.circles(arrows) == []
    assert test_architecture.too_large(package) == {}


def test_every_section_of_the_page_has_its_template():
    templates = {path.name.removesuffix(".html.j2") for path in (SOURCE / "report" / "templates").iterdir()}
    assert set(page_sections()) <= templates
    assert templates - set(page_sections()) == {"hero", "macros", "method", "network", "report", "rows"}
