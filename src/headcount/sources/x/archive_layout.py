"""Which of the files in X's own archive are read, in every layout since 2012, and how each is decoded.

    since 2019           data/account.js, data/follower.js, data/tweets.js (until 2022 data/tweet.js), …
    2018 to 2019         account.js, follower.js, tweet.js, … beside each other
    large ones           data/tweets-part1.js, data/follower-part1.js, …
    until 2019           data/js/user_details.js, data/js/payload_details.js, data/js/tweets/2015_01.js, …, tweets.csv

Each file assigns JSON to a name of JavaScript, `window.YTD.tweets.part0 = […]`.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from headcount.errors import InputError
from headcount.sources.formats.decoding import Replaced, decode_json
from headcount.sources.formats.json_bounds import check_entries, check_entry
from headcount.sources.formats.jsonlines import unreadable

__all__ = ["Layout", "Told", "decoded", "is_part", "told_by"]

_FILE = re.compile(
    r"(?P<root>(?:[^/]+/)*?)(?P<data>data/)?"
    r"(?P<kind>account|profile|verified|manifest|follower|following|tweets?|community-tweet|note-tweet|like)"
    r"(?:-part(?P<part>\d+))?\.js"
)
_CLASSIC = re.compile(
    r"(?P<root>(?:[^/]+/)*?)(?:data/js/(?P<kind>user_details|payload_details)\.js"
    r"|data/js/tweets/(?P<month>\d{4}_\d\d)\.js|(?P<csv>tweets\.csv))"
)
_NO_PLACE = re.compile(r"(?:^|/)(?:assets|js|css|lib|node_modules)/")
_ASSIGNMENT = re.compile(
    rb"\s*(?:window\.YTD\.\w+\.part\d+|window\.__THAR_CONFIG|window\.YTD\.manifest|Grailbird\.data\.\w+|var \w+)\s*=\s*"
)


class Layout:
    """Which files of X's there are, by what they hold.

    Attributes:
        roots: the folders that hold an archive.
        files: kind -> paths in the order of their parts; the months of a browsable archive are of the kind `month`.
    """

    def __init__(self, names: Iterable[str]) -> None:
        found: dict[str, dict[str, list[tuple[int, str]]]] = {}
        sure = set()
        for name in names:
            told = told_by(name)
            if told is not None:
                found.setdefault(told.root, {}).setdefault(told.kind, []).append((told.part, name))
                if told.sure:
                    sure.add(told.root)
        # files that merely have such a name are no archive: one below data/ will do, elsewhere there must be more
        self.roots = sorted(root for root, kinds in found.items() if root in sure or len(kinds.keys() - {"csv"}) > 1)
        first = found[self.roots[0]] if self.roots else {}
        self.files = {kind: [name for _, name in sorted(files)] for kind, files in first.items()}

    def of(self, *kinds: str) -> list[str]:
        """The files of these kinds."""
        return [name for kind in kinds for name in self.files.get(kind, [])]


@dataclass(frozen=True)
class Told:
    """What the path of a file tells: the folder of its archive, what it holds, which part, and if that is sure."""

    root: str
    kind: str
    part: int
    sure: bool


def told_by(name: str) -> Told | None:
    """None: no file of an archive, or none that is wanted."""
    matched = _FILE.fullmatch(name)
    if matched and not _NO_PLACE.search(name):
        return Told(matched["root"], matched["kind"], int(matched["part"] or 0), matched["data"] is not None)
    matched = _CLASSIC.fullmatch(name)
    if matched is None:
        return None
    kind = matched["kind"] or ("month" if matched["month"] else "csv")
    return Told(matched["root"], kind, int((matched["month"] or "0").replace("_", "")), kind != "csv")


def decoded(name: str, content: bytes, kind: Any, replaced: Replaced) -> Any:
    """The JSON that a file assigns to a name; `replaced` counts its invalid characters.

    Raises:
        InputError: it does not, it is broken, or it would take more memory than it should.
    """
    start = len(codecs.BOM_UTF8) if content.startswith(codecs.BOM_UTF8) else 0
    matched = _ASSIGNMENT.match(content, start)
    if matched is None:
        raise InputError(
            f"{name} does not start with window.YTD, as the files of an X archive do.",
            hint="download the archive again; changed files cannot be read.",
        )
    if kind is Any:
        check_entry(name, len(content))
    else:
        check_entries(name, content)
    end = matched.end() + len(content[matched.end() :].rstrip(b"; \t\r\n")) if content[-1:] in b"; \t\r\n" else None
    try:
        return decode_json(memoryview(content)[matched.end() : end], kind, replaced)  # a view: no copy of it all
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} {unreadable(error)}.", hint="download the archive again.") from None


def is_part(content: bytes) -> bool:
    """Does the content begin as the files of an X archive do?"""
    return _ASSIGNMENT.match(content.removeprefix(codecs.BOM_UTF8)) is not None
