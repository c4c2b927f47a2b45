"""The rooms of the house: who may import whom, as data; lazy imports and imports for types count too."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import networkx as nx
import pytest

ROOT = Path(__file__).resolve().parents[1] / "src" / "headcount"
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
"""Room -> the rooms that it may import. docs/architecture.md draws them."""
SCREEN = {"headcount.support.terminal", "headcount.support.progress", "headcount.support.screen_table"}
KNOW_NO_SCREEN = {"columns", "graph", "measures", "sources", "store"}


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


def arrows() -> dict[str, set[str]]:
    files = modules()
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


def test_every_arrow_between_rooms_is_allowed():
    assert forbidden(arrows()) == []


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


def test_no_circles_of_files():
    graph = nx.DiGraph()
    for module, targets in arrows().items():
        graph.add_edges_from((module, target) for target in targets if target not in (module, "headcount"))
    assert [sorted(circle) for circle in nx.strongly_connected_components(graph) if len(circle) > 1] == []


def test_the_top_level_is_small():
    files = [entry.name for entry in ROOT.iterdir() if entry.is_file() and entry.suffix != ".pyc"]
    assert len(files) <= MAX_TOP_LEVEL_FILES, files


def test_folders_and_modules_are_small():
    folders: dict[Path, int] = defaultdict(int)
    for path in modules().values():
        folders[path.parent] += 1
    assert {folder.name: count for folder, count in folders.items() if count > MAX_MODULES} == {}
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules().items()}
    assert {name: count for name, count in lines.items() if count > MAX_LINES} == {}
