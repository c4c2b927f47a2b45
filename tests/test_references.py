"""Files, modules and names that the docs and docstrings mention exist."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
SOURCE = PROJECT / "src"
PACKAGE = SOURCE / "headcount"
PAGES = [*sorted(PROJECT.glob("*.md")), *sorted((PROJECT / "docs").rglob("*.md"))]
CODE = [
    path for folder in ("src", "scripts", "benchmarks", "training") for path in sorted((PROJECT / folder).rglob("*.py"))
]

FILE = re.compile(r"(?<![\w/.*-])((?:[\w-]+/)*[\w-]+\.py)\b")
NAME = re.compile(r"\bheadcount(?:\.[A-Za-z_]\w*)+")
ROOMS = "|".join(sorted({path.stem for path in PACKAGE.iterdir() if not path.name.startswith("_")}))
ROOM_NAME = re.compile(rf"`((?:{ROOMS})(?:\.[A-Za-z_]\w*)+)`")
OF_OTHERS = {"docs/archives.md": {"archive.py"}}
"""Files of other projects, by page."""
FILES = {"report.schema.json"}
"""In backticks like a name, but a file."""
IN_WORKSPACE = {"headcount.duckdb", "headcount.next.duckdb", "headcount.lock"}
"""Files of a workspace, which begin like a name of the package."""


@cache
def exists(name: str) -> bool:
    """Whether a dotted name is a module, or an attribute (of an attribute) of one."""
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            value: object = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            fields = getattr(value, "__dataclass_fields__", {})
            if part in fields:
                return True
            if not hasattr(value, part):
                return False
            value = getattr(value, part)
        return True
    return False


def missing_in_page(text: str, allowed: Collection[str] = ()) -> list[str]:
    """The files and names of a page that do not exist; files are given from the root of the project or the package."""
    files = [name for name in FILE.findall(text) if name not in allowed]
    files = [name for name in files if not any((root / name).is_file() for root in (PROJECT, PACKAGE))]
    return files + [name for name in NAME.findall(text) if name not in IN_WORKSPACE and not exists(name)]


def missing_in_docstring(text: str, path: Path) -> list[str]:
    """The same of a docstring, where a file may also be given from its own folder or the package, a name from it."""
    roots = (PROJECT, PACKAGE, path.parent)
    files = [name for name in FILE.findall(text) if not any((root / name).is_file() for root in roots)]
    names = [*NAME.findall(text), *(f"headcount.{name}" for name in ROOM_NAME.findall(text) if name not in FILES)]
    return files + [name for name in names if name not in IN_WORKSPACE and not exists(name)]


def texts(path: Path) -> list[str]:
    """The docstrings of a module, those below constants included."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(PROJECT).as_posix())
def test_pages_name_what_exists(page):
    allowed = OF_OTHERS.get(page.relative_to(PROJECT).as_posix(), ())
    assert missing_in_page(page.read_text(encoding="utf-8"), allowed) == []


def test_docstrings_name_what_exists():
    missing = {
        path.relative_to(PROJECT).as_posix(): names
        for path in CODE
        if (names := [name for text in texts(path) for name in missing_in_docstring(text, path)])
    }
    assert missing == {}


@pytest.mark.parametrize(
    "text",
    [
        "see `http.py`",
        "in src/headcount/store/migration.py,",
        "`headcount.sources.http` waits",
        "`headcount.measures.catalog.MEASURE`",
        "`headcount.store.store.Store.take`",
    ],
)
def test_a_planted_reference_is_found(text):
    assert len(missing_in_page(text)) == 1
    assert len(missing_in_docstring(text, PACKAGE / "columns.py")) == 1


def test_a_planted_name_from_the_package_is_found():
    assert missing_in_docstring("see `measures.rings_null`", PACKAGE / "columns.py") == [
        "headcount.measures.rings_null"
    ]
    assert missing_in_docstring("see `measures.catalog` and catalog.py", PACKAGE / "measures" / "result.py") == []


def test_other_projects_files_are_named():
    for page, names in OF_OTHERS.items():
        assert names <= set(FILE.findall((PROJECT / page).read_text(encoding="utf-8"))), page
