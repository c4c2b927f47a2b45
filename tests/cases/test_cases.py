"""Inputs in the form of public bug reports: each gives the right result or a clear error.

They are read from the folder that HEADCOUNT_CASES names, or from ../shared/cases. A case is a folder with a README,
which holds the commands. They are run one after the other in a copy of the folder, in this process; what each has to
give stands in EXPECTED. Cases of live servers are served by `servers`.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from tests.cases import servers
from tests.conftest import PROJECT

from headcount.cli.main import main

WRONG = (1, 2)
FOLLOWS = "SELECT follower_id, followee_id FROM ws.follows ORDER BY ALL"
ACCOUNTS = "SELECT account_id::VARCHAR, followers, followees FROM '{}/accounts.parquet' ORDER BY ALL"
Rows = list[tuple[object, ...]]


@dataclass(frozen=True)
class Expected:
    """What a command gives.

    Attributes:
        code: its exit code; several where both reading and refusing are right.
        says: regular expressions, each found in its output (blanks and line ends are one blank).
        never: regular expressions that are not found there.
        rows: what a query gives afterwards, `ws` being the workspace.
    """

    code: int | tuple[int, ...] = 0
    says: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    rows: tuple[tuple[str, Rows], ...] = ()


def refused(*says: str) -> Expected:
    """A clear error: what it is, and what to do."""
    return Expected(WRONG, (*says, r"Hint: \w"), ("sniff", "Traceback"))


def follows(count: int, *says: str) -> Expected:
    """`headcount network` read that many follows."""
    return Expected(0, (rf'"follows": {count},', *says))


def table(folder: str, *rows: tuple[str, int, int]) -> tuple[tuple[str, Rows], ...]:
    """Accounts of a network, with their followers and followees."""
    return ((ACCOUNTS.format(folder), list(rows)),)


X_ZORA = (("SELECT count(*), count(DISTINCT follower_id) FROM ws.follows WHERE followee_id = 'x:4242'", [(5, 5)]),)
ANY = Expected((0, *WRONG))

EXPECTED: dict[str, list[Expected]] = {
    # edge lists
    "01-networkx-hash-names": [
        Expected((0, *WRONG), (r"[Cc]omment|Hint",), ("sniff",)),
        Expected((0, *WRONG), (r"[Cc]omment|Hint",), ("sniff",)),
    ],
    "02-snap-weights": [follows(6, r"(?i)weight")],
    "02a-min": [follows(count) for count in (3, 4, 3, 3, 3, 3, 3, 2)],
    "06-gephi-undirected": [Expected(0, (r"(?i)undirected",))],
    "08-headerless-csv": [Expected((0, *WRONG), (r'"follows": 4,|Hint',))],
    "09-utf16-excel-network": [
        follows(2),
        Expected(0, ("2 follows",), rows=(("SELECT count(*) FROM ws.follows", [(2,)]),)),
    ],
    "10-float-column": [refused(), refused("rounded")],
    "13-ucinet": [refused(), refused()],
    "15-networkx-dictdata": [
        Expected((0, *WRONG), never=("sniff",)),
        follows(2),
    ],
    "16-leading-zeros": [
        Expected(0, rows=table("o", ("007", 0, 1), ("7", 1, 1), ("8", 2, 1))),
        Expected(0, rows=(("SELECT count(DISTINCT follower_id) FROM ws.follows", [(3,)]),)),
    ],
    "94-user-follower": [Expected(0, rows=table("o", ("1", 3, 0), ("2", 0, 1), ("3", 0, 1), ("4", 0, 1)))],
    "114-na-null-ids": [
        Expected((0, *WRONG), (r"NA|missing|(?i:no name|unnamed)",)),
        Expected((0, *WRONG), (r"NA|missing|(?i:no name|unnamed)",)),
    ],
    # archives and files
    "18-folder-of-part-zips": [refused("unpack them all into one folder"), refused("unpack them into one folder")],
    "19-prefix-bytes-zip": [Expected(0, ("X archive",), rows=X_ZORA)],
    "21-lone-surrogate-archive": [
        Expected(
            0,
            ("2 invalid characters were replaced",),
            rows=(("SELECT text FROM ws.posts", [("RT @ben: party \ufffd",)]), *X_ZORA),
        ),
        Expected(0, ("5 followers",)),
        Expected(0),
    ],
    "22-lone-surrogate-v2": [
        Expected(
            0,
            ("3 invalid characters were replaced",),
            rows=(
                (
                    "SELECT text, display_name, bio FROM ws.posts, ws.accounts",
                    [("half \ufffd", "M\ufffd", "b \ufffd")],
                ),
            ),
        ),
        Expected(0),
    ],
    "25-bz2-xz": [refused("bzip2"), refused("xz"), refused("bzip2")],
    "26-snscrape": [refused("snscrape"), refused("snscrape")],
    "27-twscrape": [refused("twscrape"), refused("twscrape")],
    "29-twarc-csv": [refused("twarc2 csv"), refused("twarc2 csv")],
    "30-ids-txt": [refused("list of ids"), refused()],
    "34-excel-follows": [
        Expected(
            0,
            rows=(
                (
                    FOLLOWS,
                    [
                        ("mastodon:ana@social.example", "mastodon:ben@other.example"),
                        ("mastodon:ana@social.example", "mastodon:cleo@third.example"),
                    ],
                ),
            ),
        ),
        Expected(0),
    ],
    "36-mastodon-archive-py": [refused("mastodon-archive")] * 3,
    "41b-web-domain-old": [
        Expected(
            0,
            rows=(
                (
                    "SELECT account_id FROM ws.accounts ORDER BY 1",
                    [("mastodon:ana@corp.example",), ("mastodon:bo@corp.example",)],
                ),
            ),
        ),
        Expected(0),
    ],
    "80-thousands-dot": [refused("12.000", "1.000", "5,0")],
    "80a-thousands-dot-min": [refused("12.000"), ANY, ANY],
    "103-hybrid-json": [
        Expected(0, rows=(("SELECT handle FROM ws.accounts", [("mira",)]),)),
        Expected(0, rows=(("SELECT handle FROM ws.accounts", [("mira",)]),)),
        Expected(0, rows=(("SELECT handle FROM ws.accounts ORDER BY 1", [("ben",), ("mira",)]),)),
    ],
    # live servers
    "44-live-hidcount": [
        Expected(0, rows=(("SELECT count(*) FROM ws.follows", [(0,)]),)),
        Expected(0, (r"(?i)hid|not shown|unknown",), (r"has 0 followers", "all listed")),
    ],
    "51-live-nolink": [
        Expected(0, rows=(("SELECT count(*) FROM ws.follows", [(80,)]),)),
        Expected(0, (r"(?i)partial|incomplete|80 of", "200")),
    ],
    "54-live-minus": [
        Expected(0, never=(r"-\d+ (?:calls|followers|posts)",)),
        Expected(0, never=(r"-1\b",)),
    ],
    "55-live-strnum": [
        Expected(0, rows=(("SELECT count(*) FROM ws.follows", [(3,)]),)),
        Expected(0, ("3 followers",)),
    ],
    "65-bsky-blockedall": [
        Expected(0),
        Expected(0, (r"(?i)\b3\b[^.]*(?:block|hidden|not shown)|(?:block|hidden|not shown)[^.]*\b3\b",)),
        Expected(0),
    ],
}
SERVERS = {"8611": servers.mastodon, "8612": servers.bluesky}
"""Ports that the READMEs name."""


def find_cases() -> Path | None:
    """The folder of cases: HEADCOUNT_CASES, or ../shared/cases beside the project."""
    named = os.environ.get("HEADCOUNT_CASES")
    folder = Path(named) if named else PROJECT.parent / "shared" / "cases"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def cases() -> Path:
    folder = find_cases()
    if folder is None:
        pytest.skip("the cases are absent: put them at ../shared/cases or name their folder in HEADCOUNT_CASES")
    return folder


def commands(readme: Path) -> Iterator[tuple[dict[str, str], list[str]]]:
    """Environment and words of each command of `headcount`, and of `cp`, up to the first pipe."""
    line = re.search(r"^commands: (.*)$", readme.read_text(encoding="utf-8"), re.MULTILINE)
    assert line, readme
    for text in re.split(r"\s;\s", line[1]):
        words = shlex.split(re.split(r"\s[|>]|>/", text)[0])
        environment = {}
        while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
            name, _, value = words.pop(0).partition("=")
            environment[name] = value
        if words[:1] == ["timeout"]:
            words = words[2:]
        if words and words[0] in ("headcount", "cp"):
            yield environment, words


@pytest.mark.shared
def test_every_case_has_an_expectation(cases: Path) -> None:
    folders = {folder.name for folder in cases.iterdir() if (folder / "README").is_file()}
    assert folders - {"hostile"} == set(EXPECTED)


@pytest.mark.shared
@pytest.mark.parametrize("name", EXPECTED)
def test_case(
    name: str, cases: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / name
    shutil.copytree(cases / name, folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    monkeypatch.chdir(folder)
    steps = list(commands(folder / "README"))
    wanted = iter(EXPECTED[name])
    with ExitStack() as stack:
        ports = {
            port: stack.enter_context(serving).rpartition(":")[2]
            for port, serving in ((port, servers.serving(respond)) for port, respond in SERVERS.items())
            if port in (folder / "README").read_text(encoding="utf-8")
        }
        for environment, words in steps:
            for port, served in ports.items():
                words = [word.replace(f":{port}", f":{served}") for word in words]
                environment = {key: value.replace(f":{port}", f":{served}") for key, value in environment.items()}
            if words[0] == "cp":
                shutil.copy(words[1], words[2])
                continue
            with monkeypatch.context() as patch:
                for key, value in environment.items():
                    patch.setenv(key, value)
                code = main(words[1:])
            _check(next(wanted), words, code, " ".join("".join(capsys.readouterr()).split()))
    assert next(wanted, None) is None, "fewer commands than expectations"


def _check(expected: Expected, words: list[str], code: int, said: str) -> None:
    command = " ".join(words)
    assert code in (expected.code if isinstance(expected.code, tuple) else (expected.code,)), f"{command}: {said}"
    for pattern in expected.says:
        assert re.search(pattern, said), f"{command}: {pattern!r} not in {said}"
    for pattern in expected.never:
        assert not re.search(pattern, said), f"{command}: {pattern!r} in {said}"
    for sql, rows in expected.rows:
        with duckdb.connect() as con:
            if "ws." in sql:
                con.execute(f"ATTACH '{next(Path('ws').glob('*.duckdb'))}' AS ws (READ_ONLY)")
            assert con.execute(sql).fetchall() == rows, f"{command}: {sql}"
