"""The HTML page as text: what it says, what it weighs, and that nothing from outside gets out of its place."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html import escape, unescape
from html.parser import HTMLParser

import pytest

from headcount import wording as say
from headcount.report.render.charts import charts
from headcount.report.render.html import headline, render_html
from headcount.report.render.rows import BUDGET, row_groups
from headcount.report.render.svg import CELLS, apportion, waffle


class Elements(HTMLParser):
    """All elements with their attributes, and the text outside script and style."""

    def __init__(self, page):
        super().__init__()
        self.elements, self.text, self._inside = [], [], None
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = None

    def handle_data(self, data):
        if self._inside not in ("script", "style"):
            self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


@pytest.fixture(scope="module")
def promoter_page(samples):
    return render_html(samples.promoter())


def test_the_finding_is_the_title_and_the_first_heading(promoter_page):
    page = Elements(promoter_page)
    assert "6,012 followers. Headcount 48 (41 to 57)." in page.words
    assert "<title>6,012 followers. Headcount 48 (41 to 57). promoter.example</title>" in promoter_page
    assert next(tag for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)) == "h1"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("promoter", "6,012 followers. Headcount 48 (41 to 57)."),
        ("newcomer", "12 followers. No headcount yet."),
        ("unknown", "Followers unknown, 1,204,331 by the counter. Headcount 48 (41 to 57)."),
    ],
)
def test_headline(samples, name, expected):
    assert headline(samples.SAMPLES[name]()) == expected


def test_headline_of_one_follower_and_of_nothing_known(samples):
    report = samples.newcomer()
    one = replace(report, followers=replace(report.followers, listed=1))
    assert headline(one).startswith("1 follower. ")
    nothing = replace(report, followers=replace(report.followers, listed=None, claimed=None))
    assert headline(nothing).startswith("Followers unknown. ")


def test_every_finding_note_and_number_stands_in_the_text(promoter_page, samples):
    words, report = Elements(promoter_page).words, samples.promoter()
    for sentence in [*report.findings, *report.notes, report.followers.explanation, report.funnel.method]:
        assert " ".join(sentence.split()) in re.sub(r"\s+", " ", words).replace(" ,", ","), sentence
    for number in ["3,705", "6,155", "87%", "58 to 940", "0.09%", "1 h 49 min", "5,981", "29%", "131"]:
        assert number in words, number


def test_every_number_of_new_responders_has_its_interval(samples):
    page = Elements(render_html(samples.promoter())).words
    for step in samples.promoter().audience.next:
        assert f"{say.decimal(step.new_responders)} ({say.interval(step.low, step.high)})" in page


def test_unknown_is_never_shown_as_zero(samples):
    page = render_html(samples.unknown_followers())
    listed = re.search(r"Followers listed</dt><dd>(\w+)", page)
    assert listed is not None
    assert listed.group(1) == "unknown"
    never = re.search(r'Never</th><td class="n"><b>(\w+)</b>', page)
    assert never is not None
    assert never.group(1) == "unknown"
    assert "None" not in Elements(page).words
    assert "nan" not in Elements(page).words.lower().split()


def test_unknown_figures_of_a_follower_are_question_marks(samples):
    report = samples.promoter()
    row = replace(report.rows[0], followers_count=None, following_count=0, last_seen=None, followed_at=None)
    html = str(row_groups(replace(report, rows=[row]))[0].html)
    assert html.endswith("<td>?<td>0<td>?<td>?")


@pytest.mark.parametrize("name", ["promoter", "newcomer", "unknown", "hostile"])
def test_too_little_stands_in_place_of_a_chart(samples, name):
    report = samples.SAMPLES[name]()
    page = Elements(render_html(report))
    drawn = {attrs["data-chart"] for _, attrs in page.elements if "data-chart" in attrs}
    for key, chart in charts(report).items():
        assert (key in drawn) == (chart.too_little is None)
        assert chart.too_little is None or chart.too_little in page.words
        assert chart.spec is None or (chart.caption and chart.rows)


def test_the_waffle_adds_up(samples):
    classes = samples.promoter().funnel.classes
    counts = {label: getattr(classes, label) for label in say.CLASS_NAMES}
    cells = [int(cells) for cells in re.findall(r'data-cells="(\d+)"', waffle(counts, "picture"))]
    assert sum(cells) == CELLS
    assert min(cells) >= 1
    assert waffle(counts, "picture").count("h10v10h-10z") == CELLS


@pytest.mark.parametrize(
    "counts",
    [{"a": 1}, {"a": 3, "b": 0, "c": 4}, {"a": 10**6, "b": 1, "c": 1, "d": 1}, {"a": 399, "b": 2}, {"a": 0}],
)
def test_apportioned_cells_keep_the_sum_and_everybody(counts):
    given = apportion(counts, 400)
    assert sum(given.values()) == min(sum(counts.values()), 400)
    assert set(given) == {key for key, number in counts.items() if number}
    assert all(cells >= 1 for cells in given.values())


def test_no_address_is_fetched_and_the_policy_forbids_it(promoter_page):
    page = Elements(promoter_page)
    for tag, attrs in page.elements:
        for name in ("src", "href", "action", "data", "poster", "srcset", "xlink:href"):
            assert attrs.get(name, "#").startswith(("#", "data:,")), (tag, attrs)
        assert not any(name.startswith("on") for name in attrs)
        assert tag not in ("iframe", "object", "embed", "img", "base")
    policy = next(attrs["content"] for _, attrs in page.elements if attrs.get("http-equiv"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]
    styles = re.findall(r"<style>(.*?)</style>", promoter_page, re.DOTALL)
    assert not any("@import" in style or "http" in style or "url(" in style.replace("url(#", "") for style in styles)


def test_hostile_texts_stay_texts(samples):
    page = render_html(samples.hostile())
    elements = Elements(page)
    assert [tag for tag, _ in elements.elements].count(
        "script"
    ) == 6  # the first, the data, three libraries, the page's own
    assert not any(tag == "img" for tag, _ in elements.elements)
    assert "<script>alert(1)</script>" in elements.words
    assert "{{ 7 * 7 }}" in elements.words
    hidden = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
    without_libraries = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not hidden.search(without_libraries)
    assert "N" * 300 not in re.sub(r"<li>.*?</li>", "", without_libraries, flags=re.DOTALL)
    page.encode("utf-8")


def test_chart_data_cannot_close_its_element(samples):
    page = render_html(samples.hostile())
    data = re.search(r'<script type="application/json" id="chart-data">(.*?)</script>', page, re.DOTALL)
    assert data is not None
    assert "<" not in data.group(1)
    assert set(json.loads(data.group(1))) == {"accumulation", "reply_curve", "arrival"}


def test_names_are_isolated_in_their_direction(samples):
    page = render_html(samples.hostile())
    assert "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi> has 6,012 followers" in page


@pytest.mark.parametrize("handle", ["me", "lt", "a", "&", "bdi", "6", "has"])
def test_a_short_name_is_isolated_where_it_stands_and_nowhere_else(samples, handle):
    report = samples.newcomer()
    sentence = f"{handle} <did> so & some more for Tom-{handle}."
    named = replace(report, account=replace(report.account, handle=handle), findings=[sentence])
    page = render_html(named)
    shown = re.search(r'<p class="first">(.*?)</p>', page)
    assert shown is not None
    assert unescape(re.sub("</?bdi>", "", shown.group(1))) == sentence
    assert shown.group(1).startswith(f"<bdi>{escape(handle)}</bdi> &lt;did&gt;")
    assert shown.group(1).count("<bdi>") == (3 if handle == "&" else 2)


def test_nobody_is_named_who_is_not_to_be(samples):
    report = samples.promoter(50)
    hidden = [replace(row, account_id=None, handle=None, display_name=None) for row in report.rows]
    ties = [replace(tie, account_id=None, handle=None, display_name=None) for tie in report.ties.top]
    account = replace(report.account, account_id="anonymous", handle=None, display_name=None)
    anonymous = replace(
        report, rows=hidden, ties=replace(report.ties, top=ties), account=account, findings=[], beside=[]
    )
    words = Elements(render_html(anonymous)).words
    assert words.count("not named") >= 50 + 17
    assert "promoter.example" not in words
    assert "berg" not in words.lower()


@pytest.mark.parametrize(("name", "limit"), [("newcomer", 0.1e6), ("unknown", 1.3e6), ("hostile", 1.3e6)])
def test_small_reports_are_light(samples, name, limit):
    assert len(render_html(samples.SAMPLES[name]()).encode()) < limit


def test_ten_thousand_followers_with_long_names_stay_under_three_megabytes(samples):
    report = samples.crowd()
    page = render_html(report)
    assert len(report.rows) == 10_000
    assert page.count("<tr><td>") - page.count("<tr><td>1</td>") >= 10_000
    assert len(page.encode()) < 3_000_000
    assert "10,000 of 1,000,000</b> followers are shown" in page


def test_rows_are_shortened_only_as_far_as_needed(samples):
    assert sum(len(group.html.encode()) for group in row_groups(samples.crowd())) <= BUDGET
    few = row_groups(samples.crowd(80))
    assert "a-rather-long-handle-for-a-person-1.with-a-long-server.example" in few[0].html


def test_an_empty_list_says_so(samples):
    assert "There is no list of followers." in Elements(render_html(samples.unknown_followers())).words


def test_it_is_the_same_page_each_time(samples):
    assert render_html(samples.promoter(100)) == render_html(samples.promoter(100))


def test_how_the_verdicts_are_made_is_told_with_every_figure(samples):
    page = render_html(samples.promoter())
    start = page.index('<section id="verdicts"')
    part = page[start : page.index("</section>", start)]
    assert part.count("<tr>") == 1 + 6
    for said in (
        "Between 61% and 83% of 6,012 followers are real", "Of 60 accounts that you labelled", "2012 to 2019",
        "Silent readers look like bought followers", "docs/model-card.md", "0.992",
    ):  # fmt: skip
        assert said in part, said
    assert part.count("range-text") == 12, "each share has its interval"
    assert 'id="verdicts"' not in render_html(samples.unknown_followers())
