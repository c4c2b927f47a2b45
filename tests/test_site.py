"""The built documentation site (`make docs`): complete, searchable from the disk, nothing from other hosts."""

from __future__ import annotations

import importlib.util
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import headcount
from headcount.measures.catalog import MEASURES

PROJECT = Path(__file__).resolve().parent.parent
BUILT = os.environ.get("DOCS_SITE")
built = pytest.mark.skipif(BUILT is None, reason="the site is built and tested by make docs")
SITE = Path(BUILT or PROJECT / "out" / "site")


class Page(HTMLParser):
    """The anchors, links and loaded files of one page."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "link" and given.get("rel") not in ("canonical", "prev", "next") and given.get("href"):
            self.loads.append(given["href"])
        if given.get("src"):
            self.loads.append(given["src"])


def pages() -> dict[Path, Page]:
    found = {path: Page(path) for path in sorted(SITE.rglob("*.html")) if path.name != "404.html"}
    assert len(found) > 40
    return found


def splitter():
    """scripts/docs_docstrings.py, without the generator that it extends."""
    pytest.importorskip("griffe")
    spec = importlib.util.spec_from_file_location("docs_docstrings", PROJECT / "scripts" / "docs_docstrings.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.split_alike


def test_every_page_of_the_docs_is_in_the_navigation():
    navigation = (PROJECT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    listed = re.findall(r"(\S+\.md)$", navigation, re.MULTILINE)
    docs = PROJECT / "docs"
    assert len(listed) == len(set(listed))
    assert set(listed) == {path.relative_to(docs).as_posix() for path in docs.rglob("*.md")}


def test_every_public_name_is_in_the_reference():
    pages = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "docs" / "api").glob("*.md"))
    documented = {name.rpartition(".")[2] for name in re.findall(r"^::: (\S+)$", pages, re.MULTILINE)}
    assert set(headcount.__all__) - documented == {"HeadcountError"}, "HeadcountError stands in headcount.errors"
    assert "::: headcount.errors\n" in pages
    assert set(MEASURES) <= documented


@built
def test_names_that_share_a_line_get_an_entry_each():
    text = "One.\n\nArgs:\n    low, high: the interval,\n        95%.\n    at: when.\n\nRaises:\n    A, B: no."
    assert splitter()(text) == (
        "One.\n\nArgs:\n    low: the interval,\n        95%.\n    high: the interval,\n        95%.\n    at: when.\n\n"
        "Raises:\n    A, B: no."
    )
    assert "observed_passive_only</code>" not in (SITE / "api" / "measures.html").read_text(encoding="utf-8").replace(
        "<b><code>observed_passive_only</code></b>", ""
    )


@built
def test_pages_load_nothing_from_other_hosts():
    for path, page in pages().items():
        assert [target for target in page.loads if urlsplit(target).netloc] == [], path
    for path in SITE.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", path.read_text(encoding="utf-8")), path


@built
def test_links_and_anchors_inside_the_site_exist():
    found = pages()
    for path, page in found.items():
        for link in page.links:
            target = urlsplit(link)
            if target.scheme or target.netloc:
                continue
            file = (path.parent / unquote(target.path)).resolve() if target.path else path
            assert file.is_file(), f"{path.name}: {link}"
            if target.fragment and file in found:
                assert unquote(target.fragment) in found[file].anchors | {"__skip"}, f"{path.name}: {link}"


@built
def test_the_reference_shows_every_public_name():
    anchors = set().union(*(Page(path).anchors for path in (SITE / "api").glob("*.html")))
    shown = {anchor.rpartition(".")[2] for anchor in anchors if anchor.startswith("headcount.")}
    assert set(headcount.__all__) <= shown


@built
def test_the_search_finds_every_page_without_a_server():
    text = (SITE / "search" / "search_index.js").read_text(encoding="utf-8")
    index = json.loads(text.partition("=")[2])
    found = {entry["location"].partition("#")[0] for entry in index["docs"]}
    assert found == {path.relative_to(SITE).as_posix() for path in pages()}


@built
@pytest.mark.browser
def test_a_browser_searches_the_site_from_the_disk():
    from scripts import screenshots

    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = screenshots.find_chromium()
    if chromium is None:
        pytest.skip("no browser: run sh scripts/install-system-packages.sh")
    requested = []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=screenshots.FLAGS)
        page = browser.new_page()
        page.on("request", lambda request: requested.append(request.url))
        page.goto((SITE / "index.html").resolve().as_uri())
        page.fill("input.md-search__input", "capture recapture")
        page.wait_for_selector(".md-search-result__item a[href*='measures.html']", timeout=60_000)
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            for name in ("architecture.html", "api/measures.html"):
                page.goto((SITE / name).resolve().as_uri())
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        browser.close()
    assert {urlsplit(url).scheme for url in requested} <= {"file", "data", "blob", "about"}
