"""The tables of the page in a browser, on screens and on paper: no column runs into the next, heads repeat."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace

import pytest

from headcount.report.render.html import render_html

pytestmark = pytest.mark.browser

WIDTHS = (390, 760, 1000, 1440)
PAPER = 718
"""Pixels of an A4 page between margins of 1 cm."""

# Every text of a cell against the box of its cell and against the text of its neighbour, for tables laid out as tables.
CLASHES = """() => {
  const found = [];
  const box = (cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    const parts = [...range.getClientRects()].filter((part) => part.width > 0.5 && part.height > 0.5);
    if (!parts.length) return null;
    return { left: Math.min(...parts.map((p) => p.left)), right: Math.max(...parts.map((p) => p.right)) };
  };
  for (const table of document.querySelectorAll("table")) {
    if (!table.checkVisibility() || getComputedStyle(table).display !== "table") continue;
    for (const row of table.rows) {
      let before = null;
      for (const cell of row.cells) {
        const text = box(cell);
        if (!text) continue;
        const whole = cell.getBoundingClientRect();
        const about = [table.id || table.className, cell.cellIndex, cell.textContent.trim().slice(0, 50)].join(" | ");
        if (text.left < whole.left - 0.6 || text.right > whole.right + 0.6) found.push(`leaves its cell: ${about}`);
        if (before !== null && text.left - before < 4) found.push(`touches its neighbour: ${about}`);
        before = text.right;
      }
    }
  }
  return found;
}"""


def crowded(samples):
    """A report whose accounts have handles of 40 and more characters, and figures of many digits."""
    base = samples.promoter(400)
    handle = "a.very.long.handle.of.more.than.forty.characters{}.example.social"
    rows = [
        replace(row, handle=handle.format(n), followers_count=123_456_789 if n % 5 else 104_331,
                following_count=1_048_576, sent=row.sent and 12_345, received=row.received and 23_456)
        for n, row in enumerate(base.rows)
    ]  # fmt: skip
    ties = [replace(tie, handle=handle.format(n), display_name=None if n % 2 else "W" * 40, sent=12_345)
            for n, tie in enumerate(base.ties.top)]  # fmt: skip
    return replace(
        base,
        rows=rows,
        ties=replace(base.ties, top=ties),
        beside=[replace(other, handle=handle.format(n)) for n, other in enumerate(base.beside)],
    )


@pytest.fixture(scope="module")
def file(samples, tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "page.html"
    path.write_text(render_html(crowded(samples)), encoding="utf-8")
    return path


@pytest.fixture
def page(browser, file):
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    opened.goto(file.as_uri())
    opened.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    yield opened
    opened.close()


@pytest.mark.sampled(6)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_no_column_runs_into_the_next(page, width, scheme):
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 900})
    assert page.evaluate(CLASHES) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_no_column_runs_into_the_next_on_paper(page):
    page.set_viewport_size({"width": PAPER, "height": 1000})
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(CLASHES) == []
    displays = page.locator("table").evaluate_all("(found) => found.map((e) => getComputedStyle(e).display)")
    assert set(displays) == {"table"}, "narrow as paper is, a table stays a table"
    heads = page.locator("thead").evaluate_all("(found) => found.map((e) => getComputedStyle(e).display)")
    assert set(heads) == {"table-header-group"}
    rows = page.locator("tbody tr").evaluate_all("(found) => found.map((e) => getComputedStyle(e).breakInside)")
    assert set(rows) == {"avoid"}


def test_a_clash_is_found(page):
    """The test above can fail: where a column is too narrow for a date, the date is found in its neighbour."""
    page.add_style_tag(content=".list thead th:nth-child(7) { width: 4em !important }")
    clashes = page.evaluate(CLASHES)
    assert any(clash.startswith("leaves its cell: list | 6") for clash in clashes)
    assert any(clash.startswith("touches its neighbour: list | 7") for clash in clashes)


HEAD, ROW = (11, 22, 33), (44, 55, 66)


def shown_on_pages(pdf):
    """For each page with a row of the list, the text that was painted in the colour of its head, as glyph numbers."""
    pages = []
    for found in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            content = zlib.decompress(found[1]).decode("latin-1")
        except zlib.error:
            continue
        colour, glyphs = (), {HEAD: "", ROW: ""}
        for part in re.finditer(r"([\d.]+) ([\d.]+) ([\d.]+) rg|<([0-9A-F]+)> Tj", content):
            if part[4] is None:
                colour = tuple(round(255 * float(value)) for value in part.groups()[:3])
            elif colour in glyphs:
                glyphs[colour] += part[4]
        if glyphs[ROW]:
            pages.append(glyphs[HEAD])
    return pages


@pytest.mark.parametrize("script", [True, False])
def test_the_head_of_the_list_repeats_on_every_printed_page(browser, file, script):
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.goto(file.as_uri())
    if script:
        page.locator("#more").click()
    paint = f"#list thead th {{ color: rgb{HEAD} !important }} #list td:nth-child(4) {{ color: rgb{ROW} !important }}"
    page.add_style_tag(content=f"@media print {{ {paint} }}") if script else page.evaluate(
        "(css) => { const s = document.createElement('style'); s.textContent = css; document.head.append(s); }",
        f"@media print {{ {paint} }}",
    )
    pages = shown_on_pages(page.pdf(format="A4", margin=dict.fromkeys(("top", "right", "bottom", "left"), "1cm")))
    context.close()
    assert len(pages) > 3
    assert len(pages[0]) / 4 > 60, "all eight names are painted"
    assert set(pages) == {pages[0]}


def test_what_is_left_out_on_paper_is_said_with_the_total(page, samples):
    report = crowded(samples)
    page.emulate_media(media="print")
    paper = page.locator("#printed")
    assert paper.is_visible()
    assert paper.inner_text().startswith(f"20 of {len(report.rows)} ")
    assert f"{len(report.rows)} of 6,155" in page.locator("#followers").inner_text()
    page.emulate_media(media="screen")
    assert not paper.is_visible()
    page.evaluate("() => { const more = document.getElementById('more'); while (!more.hidden) more.click(); }")
    page.emulate_media(media="print")
    assert paper.inner_text() == "", "nothing is left out"
