"""The rooms of the house: who may import whom, as data; lazy imports and imports for types count too."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[1] / "src" / "headcount"
PAGE = ROOT.parents[1] / "docs" / "architecture.md"
MAX_TOP_LEVEL_FILES, MAX_MODULES, MAX_LINES = 10, 16, 450

BASE = {"errors", "support", "tables", "incoming", "wording"}
ALLOWED: dict[str, set[str]] = {
    "errors": {"support"},
    "support": {"errors"},
    "tables": set(),
    "incoming": {"errors", "tables"},
    "columns": {"support", "tables", "incoming"},
    "wording": {"support"},
    "graph": {"errors"},
    "measures": {"errors", "support", "incoming", "columns", "graph", "wording"},
    "sources": BASE,
    "store": BASE | {"columns", "measures"},
    "network": BASE | {"columns", "graph", "measures", "sources", "store", "report"},
    "analysis": BASE | {"columns", "measures", "store"},
    "report": BASE | {"columns", "measures", "store", "analysis"},
    "workspace": BASE | {"columns", "measures", "sources", "store", "analysis", "report"},
    "simulate": {"errors", "support", "tables"},
    "cli": BASE | {"columns", "measures", "sources", "store", "analysis", "report", "network", "simulate", "workspace"},
}
"""Room -> the rooms that it may import. docs/architecture.md draws them, and a test below compares."""
SCREEN = {"headcount.support.terminal", "headcount.support.progress", "headcount.support.screen_table"}
KNOW_NO_SCREEN = {"columns", "graph", "measures", "sources", "store", "analysis"}


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Dotted name -> file, for every module of the package."""
    return {
        ".".join(("headcount", *path.relative_to(root).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in sorted(root.rglob("*.py"))
    }


def imports(source: str, known: set[str]) -> set[str]:
    """The package's own modules that a text imports, wherever in it the import stands."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, "relative imports hide the rooms"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            while name and name not in known:
                name = name.rpartition(".")[0]
            if name:
                found.add(name)
    return found


def arrows(root: Path = ROOT) -> dict[str, set[str]]:
    """Module -> the package's own modules that it imports."""
    files = modules(root)
    return {name: imports(path.read_text(encoding="utf-8"), set(files)) for name, path in files.items()}


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else "headcount"


def forbidden(found: dict[str, set[str]]) -> list[str]:
    """The arrows between rooms that are not allowed."""
    out = []
    for module, targets in found.items():
        own = room(module)
        if own in ("headcount", "__main__"):  # the public names
            continue
        for target in targets:
            other = room(target)
            if (other not in (own, "headcount") and other not in ALLOWED[own]) or (
                target in SCREEN and own in KNOW_NO_SCREEN
            ):
                out.append(f"{module} -> {target}")
    return sorted(out)


def circles(found: dict[str, set[str]]) -> list[list[str]]:
    """The modules that import each other, in circles of two and more."""
    graph = nx.DiGraph()
    for module, targets in found.items():
        graph.add_edges_from((module, target) for target in targets if target not in (module, "headcount"))
    return [sorted(circle) for circle in nx.strongly_connected_components(graph) if len(circle) > 1]


def too_large(root: Path = ROOT) -> dict[str, int]:
    """Folders with more modules than are allowed, and modules with more lines."""
    folders: dict[str, int] = defaultdict(int)
    for path in modules(root).values():
        folders[path.parent.relative_to(root).as_posix()] += 1
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules(root).items()}
    return {folder: count for folder, count in folders.items() if count > MAX_MODULES} | {
        name: count for name, count in lines.items() if count > MAX_LINES
    }


def test_every_arrow_between_rooms_is_allowed():
    assert forbidden(arrows()) == []


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("importer", "line"),
    [
        ("headcount.measures.audience", "import headcount.sources.handles"),
        ("headcount.measures.audience", "def f():\n    from headcount.store import read"),
        ("headcount.sources.handles", "if TYPE_CHECKING:\n    from headcount.store.store import Store"),
        ("headcount.graph", "from headcount import network"),
        ("headcount.report.model", "from headcount.cli import main"),
        ("headcount.measures.result", "from headcount.support import terminal"),
    ],
)
def test_a_planted_arrow_is_found(importer, line):
    found = arrows()
    known = set(found)
    found[importer] = found[importer] | imports(line, known)
    assert len(forbidden(found)) == 1


def test_every_room_is_listed():
    rooms = {room(name) for name in modules()} - {"headcount", "__main__"}
    assert rooms == set(ALLOWED)


def drawn(page: str) -> tuple[list[str], dict[str, set[str]]]:
    """The table of docs/architecture.md: its rooms in order, and for each the rooms marked with an x."""
    table = page.partition("<!-- rooms:")[2].partition("-->")[2].partition("<!-- end of rooms -->")[0]
    _, _, *lines = table.strip().splitlines()
    rows = [[cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")] for line in lines]
    names = [row[1].strip("`") for row in rows]
    for number, row in enumerate(rows, 1):
        assert row[0] == str(number)
        assert len(row) == len(names) + 2
        assert row[number + 1] == "·"
        assert set(row[2:]) <= {"", "x", "·"}
    return names, {
        name: {names[at] for at, cell in enumerate(row[2:]) if cell == "x"}
        for name, row in zip(names, rows, strict=True)
    }


def test_the_picture_of_the_rooms_is_that_of_the_test():
    page = PAGE.read_text(encoding="utf-8")
    names, arrows_drawn = drawn(page)
    assert arrows_drawn == ALLOWED
    upward = {(name, other) for name in names for other in ALLOWED[name] if names.index(other) > names.index(name)}
    assert upward == {("errors", "support")}, "the page states the one exception to the order of the rooms"
    at = page.index("| x |")
    assert drawn(page[:at] + "|   |" + page[at + 5 :])[1] != ALLOWED


def test_every_folder_has_its_line():
    listed = re.findall(r"^\| `([a-z_/]+(?:\.py)?)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    folders = {f"{path.parent.relative_to(ROOT).as_posix()}/" for path in modules().values()} - {"./"}
    files = {path.name for path in ROOT.glob("*.py") if not path.name.startswith("__")}
    assert len(listed) == len(set(listed))
    assert set(listed) == folders | files


def test_the_page_states_the_limits():
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert f"at most {MAX_LINES} lines and a folder at most {MAX_MODULES} modules" in page


def test_no_circles_of_files():
    assert circles(arrows()) == []


def test_the_top_level_is_small():
    files = [entry.name for entry in ROOT.iterdir() if entry.is_file() and entry.suffix != ".pyc"]
    assert len(files) <= MAX_TOP_LEVEL_FILES, files


def test_folders_and_modules_are_small():
    assert too_large() == {}
