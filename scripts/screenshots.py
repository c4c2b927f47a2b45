"""Take pictures of an HTML report: phone and desktop width, light and dark, the whole page.

    python scripts/screenshots.py report.html [folder]

Needs a Chromium (scripts/install-system-packages.sh) and the `test` dependency group (playwright).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

WIDTHS = (360, 1280)
SCHEMES = ("light", "dark")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium() -> str | None:
    """The path of a Chromium: HEADCOUNT_CHROMIUM, or what is installed under a usual name."""
    named = os.environ.get("HEADCOUNT_CHROMIUM")
    names = [named] if named else ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
    return next((path for name in names if (path := shutil.which(name))), None)


def take(page_file: Path, folder: Path) -> list[Path]:
    """Write one PNG for each width and colour scheme; their paths."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        for width in WIDTHS:
            for scheme in SCHEMES:
                page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
                page.goto(page_file.resolve().as_uri())
                target = folder / f"{page_file.stem}-{width}-{scheme}.png"
                page.screenshot(path=target, full_page=True)
                page.close()
                pictures.append(target)
        browser.close()
    return pictures


def main() -> None:
    """Read the command line, take the pictures, print where they are."""
    parser = argparse.ArgumentParser(description="Take pictures of an HTML report.")
    parser.add_argument("page", type=Path, help="the HTML file")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("out/screenshots"), help="where the PNGs go")
    wanted = parser.parse_args()
    if find_chromium() is None:
        sys.exit("No Chromium was found. Run: sh scripts/install-system-packages.sh")
    if not wanted.page.is_file():
        sys.exit(f"There is no file {wanted.page}.")
    for picture in take(wanted.page, wanted.folder):
        print(picture)


if __name__ == "__main__":
    main()
