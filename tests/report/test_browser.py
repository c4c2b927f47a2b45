"""The HTML page in a browser: charts, themes, widths, hostile texts, no network, no script, contrast."""

from __future__ import annotations

import re
from contextlib import contextmanager
from itertools import pairwise

import pytest

from headcount.report.render.html import render_html

pytestmark = pytest.mark.browser

SCHEMES = ("light", "dark")
NAMES = ("promoter", "newcomer", "unknown", "hostile")

# The ratio of WCAG 2 between the colour of a text and the first background behind it that is not transparent.
CONTRAST = """(element) => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const linear = (v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
    const [r, g, b] = numbers(colour).map((v) => linear(v / 255));
    return .2126 * r + .7152 * g + .0722 * b;
  };
  const clear = (e) => numbers(getComputedStyle(e).backgroundColor)[3] === 0;
  let behind = element;
  while (behind.parentElement && clear(behind)) behind = behind.parentElement;
  const style = getComputedStyle(element);
  const text = light(element instanceof SVGElement ? style.fill : style.color);
  const back = light(getComputedStyle(behind).backgroundColor);
  return (Math.max(text, back) + .05) / (Math.min(text, back) + .05);
}"""


@pytest.fixture(scope="module")
def files(samples, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    for name, build in samples.SAMPLES.items():
        made[name] = folder / f"{name}.html"
        made[name].write_text(render_html(build()), encoding="utf-8")
    return made


@pytest.fixture
def visit(browser, files):
    """A function that opens a sample in a fresh page and afterwards asserts that the page kept to itself."""

    @contextmanager
    def opened(name, *, width=1280, scheme="light", script=True):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=script
        )
        page, said, asked = context.new_page(), [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append("dialog"), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(files[name].as_uri())
        yield page
        assert said == []
        assert [url for url in asked if not url.startswith("data:")] == [files[name].as_uri()]
        context.close()

    return opened


@pytest.mark.parametrize("scheme", SCHEMES)
def test_charts_are_drawn(visit, scheme, samples):
    with visit("promoter", scheme=scheme) as page:
        points = page.locator("[data-chart=arrival] svg .mark-symbol path").count()
        assert points == len(samples.promoter().arrival.order)
        assert page.locator("[data-chart=accumulation] svg .mark-line path").count() == 4
        assert page.locator("[data-chart=accumulation] svg .mark-area path").count() == 2
        lines = page.locator("[data-chart=reply_curve] svg .mark-line path").count()
        assert lines == sum(test.hours is not None for test in samples.promoter().question.tests) + 1
        ends = page.locator("[data-chart=accumulation] svg .mark-text text").all_text_contents()
        assert "all responses: 48 (41 to 57)" in ends


def test_charts_take_the_colours_of_the_scheme_and_follow_it(visit):
    stroke = "document.querySelector('[data-chart=reply_curve] .layer_2_marks path').getAttribute('stroke')"
    accent = "getComputedStyle(document.documentElement).getPropertyValue('--accent').trim()"
    with visit("promoter") as page:
        light = page.evaluate(stroke)
        assert light == page.evaluate(accent)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function(f"{stroke} === {accent}")
        assert page.evaluate(stroke) != light


def test_charts_follow_the_width(visit):
    with visit("promoter") as page:
        page.set_viewport_size({"width": 400, "height": 800})
        page.wait_for_function("document.querySelector('[data-chart=arrival] svg').getBoundingClientRect().width < 400")
        assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.sampled(4)
@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_the_page_keeps_to_itself_and_to_the_window(visit, name, script):
    """No error, no request (see `visit`), and nothing wider than a phone or a desktop, in both schemes."""
    with visit(name, script=script) as page:
        for width, scheme in ((1280, "light"), (360, "dark")):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            if script:
                page.wait_for_function(
                    f"[...document.querySelectorAll('.chart svg')].every((e) => e.clientWidth <= {width})"
                )
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("h1").is_visible()


def test_hostile_texts_do_nothing(visit):
    with visit("hostile") as page:
        assert "hacked" not in page.title().split("<")[0]
        assert page.locator("img, iframe, object, embed").count() == 0
        assert page.locator("script").count() == 6
        assert page.locator("#followers #list tbody tr").count() == 20
        assert page.locator("#method").is_visible()


def test_injected_scripts_are_refused_by_the_policy(browser, files, tmp_path):
    page_text = files["newcomer"].read_text(encoding="utf-8")
    broken = tmp_path / "broken.html"
    broken.write_text(page_text.replace("</h1>", "</h1><script>document.title='hacked'</script>"), encoding="utf-8")
    page = browser.new_page()
    refusals = []
    page.on("console", lambda message: refusals.append(message.text))
    page.goto(broken.as_uri())
    assert page.title() != "hacked"
    assert any("Content Security Policy" in text for text in refusals)
    later = "new Promise((done) => setTimeout(() => { try { eval('1'); done('ran'); } catch { done('refused'); } }))"
    assert page.evaluate(later) == "refused"
    page.close()


def test_without_javascript_sentences_and_tables_are_there(visit, samples):
    report = samples.promoter()
    with visit("promoter", script=False) as page:
        text = page.locator("body").inner_text()
        for finding in report.findings:
            assert finding in text
        assert page.locator("#list tbody tr:not(.group)").count() == len(report.rows)
        assert page.locator("#list tbody").count() == 8
        assert page.locator("noscript .hint").first.is_visible()
        assert page.locator(".waffle").is_visible()
        assert page.locator(".circles.wide").is_visible()
        assert not page.locator("#controls").is_visible()
        page.locator("#figure-accumulation summary").click()
        assert "48.1" in page.locator("#figure-accumulation table").inner_text()


def rows_of(page):
    return page.locator("#list tbody tr")


def test_followers_are_filtered_by_class_and_text(visit, samples):
    report = samples.promoter()
    with visit("promoter") as page:
        assert rows_of(page).count() == 20
        page.select_option("#by-class", "spam")
        assert page.locator("#found").inner_text() == "20 of 418 shown"
        page.fill("#by-text", "ana BERG")
        texts = [f"{row.display_name} {row.handle} {row.reasons}".lower() for row in report.rows if row.label == "spam"]
        assert 0 < rows_of(page).count() == sum("ana" in text and "berg" in text for text in texts) < 418
        page.fill("#by-text", "nobody is called this")
        assert page.locator("#found").inner_text() == "no account found"
        page.fill("#by-text", "")
        page.locator("#more").click()
        assert rows_of(page).count() == 418
        assert not page.locator("#more").is_visible()


def test_a_class_of_the_funnel_leads_to_its_accounts(visit):
    with visit("promoter") as page:
        page.locator(".classes a", has_text="Away").click()
        assert page.locator("#found").inner_text() == "20 of 911 shown"
        assert set(page.locator("#list .chip").all_inner_texts()) == {"Away"}


@pytest.mark.sampled(1)
@pytest.mark.parametrize(("column", "field"), [("Followers", "followers_count"), ("Last seen", "last_seen")])
def test_followers_are_sorted_and_unknown_comes_last(visit, samples, column, field):
    values = [getattr(row, field) for row in samples.promoter().rows]
    known = sorted((value for value in values if value is not None), reverse=True)
    shown = [f"{value:,}" if isinstance(value, int) else value[:10] for value in known]
    with visit("promoter") as page:
        head = page.locator("#list thead th", has=page.get_by_role("button", name=column, exact=True))
        place = head.evaluate("(cell) => cell.cellIndex") + 1
        cells = page.locator(f"#list tbody td:nth-child({place})")
        for direction in ("descending", "ascending"):
            head.get_by_role("button").click()
            assert head.get_attribute("aria-sort") == direction
            expected = shown if direction == "descending" else shown[::-1]
            assert [text.strip() for text in cells.all_text_contents()] == expected[:20]
        page.evaluate("() => { const more = document.getElementById('more'); while (!more.hidden) more.click(); }")
        assert {text.strip() for text in cells.all_text_contents()[len(known) :]} == {"?"}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_stands_out_from_its_background(visit, scheme):
    texts = (
        "h1 .lead, h1 .main, h1 .range, .findings p, .kicker bdi, .basis small, nav a, h2, figcaption, .quiet, "
        ".facts dd, .classes small, .classes a, .chip, .handle, .list td bdi + bdi, .too-little, summary, "
        ".tie text, .circles .name, [data-chart] text, footer p, output, select, .method dd"
    )
    with visit("promoter", scheme=scheme) as page:
        low = page.locator(texts).evaluate_all(
            "(found) => found.filter((e) => !e.closest('.s-steady'))"
            f".map((e) => [e.outerHTML.slice(0, 80), ({CONTRAST})(e)]).filter(([, ratio]) => ratio < 4.5)"
        )
        assert low == []
        paper, fill = page.locator(".s-steady text").first, page.locator(".s-steady circle").first
        inks = [re.findall(r"\d+", e.evaluate("(e) => getComputedStyle(e).fill")) for e in (paper, fill)]
        assert contrast(*inks) >= 4.5


@pytest.mark.parametrize("scheme", SCHEMES)
def test_pictures_stand_out_from_the_page(visit, scheme):
    with visit("promoter", scheme=scheme) as page:
        names = ["accent", "second", "relationship", "responding", "listening", "away", "auto_follow", "spam", "gone"]
        colours = page.evaluate(
            """(names) => names.map((name) => {
              const probe = document.body.appendChild(document.createElement("i"));
              probe.style.color = `var(--${name})`;
              return getComputedStyle(probe).color;
            })""",
            names,
        )
        paper = rgb(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        ratios = {name: contrast(rgb(colour), paper) for name, colour in zip(names, colours, strict=True)}
        print(ratios)
        assert {name for name, ratio in ratios.items() if ratio < 3} <= {"listening", "away", "auto_follow"}, ratios
        assert min(ratios.values()) >= 1.8


def rgb(text):
    return re.findall(r"[\d.]+", text)[:3]


def contrast(one, other):
    def light(colour):
        parts = [int(value) / 255 for value in colour]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dim = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_headings_tables_and_pictures_have_names(visit):
    with visit("promoter") as page:
        levels = page.locator("h1, h2, h3").evaluate_all("(found) => found.map((e) => Number(e.tagName[1]))")
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(after - before <= 1 for before, after in pairwise(levels))
        nameless = page.locator("svg[role=img]:not([aria-label])").count()
        assert nameless == 0
        assert page.locator("[data-chart] svg[aria-label], [data-chart] svg [aria-label]").count() >= 3
        assert page.locator("table:not(:has(th[scope=col]))").count() == 0
        assert page.locator("select, input").evaluate_all("(found) => found.every((e) => e.labels.length === 1)")


def test_the_keyboard_shows_where_it_is(visit):
    with visit("promoter") as page:
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert float(outline.removesuffix("px")) >= 2


def test_print_is_dark_on_white(visit):
    with visit("promoter", scheme="dark") as page:
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert page.evaluate("getComputedStyle(document.body).color") == "rgb(0, 0, 0)"
        assert not page.locator("nav").is_visible()


def test_screenshots_are_written_at_both_widths_and_schemes(browser, files, screenshots, tmp_path):
    script = screenshots.__file__
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, script, str(files["newcomer"]), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    pictures = sorted(path.name for path in tmp_path.glob("*.png"))
    assert pictures == sorted(f"newcomer-{width}-{scheme}.png" for width in (360, 1280) for scheme in SCHEMES)


def test_long_classes_are_folded_without_javascript_and_unfold(visit):
    with visit("promoter", width=360, script=False) as page:
        rows = page.locator("#class-spam tr:visible")
        assert rows.count() == 21
        page.locator("#class-spam .unfold input").check()
        assert rows.count() > 100


@pytest.mark.parametrize("width", [360, 1280])
def test_unknown_followers_fit_the_window(visit, width):
    with visit("unknown", width=width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
