"""The page of a whole platform: what it says, that it keeps to itself, and how it looks at both widths."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import numpy as np
import pytest
from tests.report.conftest import browser, screenshots  # noqa: F401
from tests.report.test_browser import CONTRAST

from headcount.network.figures import binned, by_size
from headcount.network.page import RESPONSE, draw, findings, render_page, shown_groups
from headcount.network.summary import (
    AccountRow,
    CorrelationRow,
    GroupRow,
    InfluencePart,
    RingsPart,
    Summary,
    TalkPart,
)

HOSTILE = '</script><img src=x onerror="alert(1)">\u202emoc.elgoog'


def account(number, **more):
    given = {
        "account_id": f"x:{number}",
        "handle": f"person{number}",
        "followers": 1000 * number,
        "responders": 3 * number,
        "rate": 3.2,
        "low": 1.1,
        "high": 6.4,
        "rank_by_followers": number,
        "rank_by_response": 50 * number,
        "best": 40 * number,
        "worst": 70 * number,
    }
    return AccountRow(**given | more)


def group(number, verdict, **more):
    given = {
        "number": number,
        "verdict": verdict,
        "members": 60,
        "ties": 1200,
        "density": 0.68,
        "significance": 0.048,
        "reciprocity": 1.0,
        "conversation": 0.06,
        "conversation_low": 0.03,
        "conversation_high": 0.1,
        "replies_per_follow": 0.02,
        "inside_share": 0.1,
        "inside_ties": 0.6,
        "link_share": 0.4,
        "newcomers": None,
        "synchrony": None,
        "named": [f"member{number}"],
    }
    return GroupRow(**given | more)


@pytest.fixture(scope="module")
def summary():
    generator = np.random.default_rng(7)
    followers = np.round(10 ** generator.uniform(0, 6.6, 30_000)).astype(int)
    responders = generator.binomial(followers, 0.01)
    followees = np.round(10 ** generator.uniform(0, 5, 30_000)).astype(int)
    rhos = [
        CorrelationRow(
            first="followers", second=second, top=top, rho=0.5, low=0.4, high=0.6, accounts=300, by_restriction=by
        )
        for second in ("response", "pagerank")
        for top, by in ((1.0, None), (0.1, 0.26), (0.01, 0.2))
    ]
    groups = [
        group(1, "ring"),
        group(2, "talks", conversation=1.1, conversation_low=0.9, conversation_high=1.3),
        group(3, "chance"),
    ]
    return Summary(
        headcount_version="0.1.0",
        python_version="3.11",
        engine="local",
        made_at="2026-11-23T15:00:00Z",
        data="platform",
        accounts=41_652_230,
        follows=1_468_364_884,
        rows=1_468_365_182,
        missing=None,
        self_follows=298,
        duplicates=0,
        mutual=528_000_000,
        reciprocity=0.36,
        components=12,
        largest_component=41_000_000,
        highest_core=900,
        in_highest_core=1200,
        iterations=20,
        spammers=600,
        talk=TalkPart(rows=1000, unknown=2, pairs=800, first="2026-08-01T00:00:00Z", last="2026-10-01T00:00:00Z"),
        correlations=rhos,
        influence=InfluencePart(
            sentence="Agreement of ranks by followers and by responders: rho 0.50.",
            accounts=30_000,
            compared=30_000,
            falling=20,
            rising=30,
            top=[account(n) for n in range(1, 4)],
            fallers=[account(4), account(5, handle=HOSTILE)],
            risers=[account(6, account_id=None, handle=None)],
        ),
        rings=RingsPart(
            sentence="1 closed circuit, with 60 of 41,652,230 accounts.",
            circuits=1,
            accounts=60,
            share=1e-6,
            low=1e-6,
            high=1e-6,
            groups=groups,
            dense=2,
        ),
        response=binned(followers, responders),
        response_is=RESPONSE,
        by_size=by_size(followees, followees // 3),
        memory_bound=int(1.9e10),
        memory_peak=int(1.7e10),
        seconds={"building the graph": 200.0},
        notes=["A note."],
    )


@pytest.fixture(scope="module")
def unknown(summary):
    """The same without interactions."""
    groups = [group(1, "conversation unknown", conversation=None, conversation_low=None, conversation_high=None)]
    rings = replace(
        summary.rings, sentence="1 group; who talks is unknown.", circuits=None, accounts=None, share=None, low=None,
        high=None, groups=groups, dense=1,
    )  # fmt: skip
    return replace(
        summary, talk=None, influence=None, correlations=[], rings=rings, response_is="PageRank, 1 = the mean"
    )


@pytest.fixture(scope="module")
def nobody(summary):
    """A platform without anybody."""
    return replace(
        summary, accounts=0, follows=0, mutual=0, reciprocity=None, components=0, largest_component=0, talk=None,
        influence=None, correlations=[], rings=None, response=None, by_size=[],
    )  # fmt: skip


def test_everything_that_was_found_is_said(summary):
    page = render_page(summary)
    for said in ("41,652,230 accounts", "1 closed circuit", "1,468,364,884", "298 follows of oneself", "36%"):
        assert said in page
    assert "0.50" in page
    assert "by range 0.26" in page
    assert "closed circuit</span>" in page
    assert "dense, with conversation" in page
    assert "0.03 to 0.10" in page
    assert "600 known spammers" in page
    assert "40% of their posts contain a link" in page


def test_a_group_that_chance_explains_is_not_shown(summary):
    assert [row.number for row in shown_groups(summary)] == [1, 2]
    assert "member3" not in render_page(summary)


def test_what_is_unknown_is_said_and_nobody_is_accused(unknown):
    page = render_page(unknown)
    assert "Influence by response is unknown: there are no interactions." in findings(unknown)
    assert "no group is called a closed circuit" in page
    assert 'class="verdict ring"' not in page
    assert "conversation unknown" in page


def test_a_platform_without_anybody_has_a_page(nobody):
    page = render_page(nobody)
    assert "0 accounts" in page
    assert "there are no follows" in page


def test_names_from_outside_are_harmless(summary):
    page = render_page(summary)
    assert "<img" not in page
    assert "\u202e" not in page
    assert "<script" not in page
    assert "&lt;/script&gt;&lt;img" in page
    assert "<i>not named</i>" in page


def test_no_address_is_in_the_page(summary):
    page = render_page(summary)
    assert re.findall(r"(?:https?:)?//[\w.]+", page) == []
    assert "default-src 'none'" in html.unescape(page)


def test_the_picture_holds_every_cell_inside_its_frame(summary):
    for width, height in ((760, 420), (340, 300)):
        picture = draw(summary.response, width, height)
        assert len(picture.cells) == np.count_nonzero(np.array(summary.response.counts))
        for cell in picture.cells:
            assert picture.left - 1e-6 <= cell.x
            assert cell.x + cell.width <= width
            assert cell.y >= 0
            assert cell.y + cell.height <= picture.bottom + 1e-6
            assert 0 < cell.weight <= 1
        places = [place for place, _ in picture.across]
        assert min(np.diff(places)) > 20
        assert all(8 <= y <= picture.bottom for _, y, _ in [(0, y, 0) for _, y, _ in picture.medians])


@pytest.mark.sampled(2)
@pytest.mark.browser
@pytest.mark.parametrize("name", ["summary", "unknown", "nobody"])
def test_in_a_browser_it_keeps_to_itself_and_to_the_window(name, request, browser, tmp_path):  # noqa: F811
    file = tmp_path / "network.html"
    file.write_text(render_page(request.getfixturevalue(name)), encoding="utf-8")
    for width in (360, 1280):
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
            page, said, asked = context.new_page(), [], []
            page.on("console", lambda message, said=said: said.append(message.text))
            page.on("request", lambda sent, asked=asked: asked.append(sent.url))
            page.goto(file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            assert page.locator("h1").is_visible()
            pictures = page.locator("svg.heat:visible").count()
            assert pictures == (0 if name == "nobody" else 1)
            for place in ("h1 .main", ".findings p", "td small", ".verdict", ".heat text", "figcaption", "thead th"):
                for element in page.locator(f"{place}:visible").element_handles()[:3]:
                    assert element.evaluate(CONTRAST) >= 4.5, (place, scheme)
            assert said == []
            assert [url for url in asked if not url.startswith("data:")] == [file.as_uri()]
            context.close()
