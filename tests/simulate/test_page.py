"""The page on worlds names every setting and role as the code has them."""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from pathlib import Path

import duckdb

from headcount.simulate import ROLES, AudienceTruth, RoleSettings, WorldSettings, demo_world

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "simulate.md").read_text(encoding="utf-8")


def table_after(heading: str) -> list[list[str]]:
    """The cells of the first table that stands after a line, its head and rule left out."""
    lines = PAGE.partition(heading)[2].splitlines()
    begin = next(place for place, line in enumerate(lines) if line.startswith("|"))
    found = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


def shown(value: object) -> str:
    """A default as the page writes it."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {part:g}" if isinstance(part, float) else name for name, part in value.items())
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def test_every_setting_stands_there_with_its_default():
    rows = table_after("\n## Settings")
    defaults = WorldSettings()
    expected = [(f"`{f.name}`", shown(getattr(defaults, f.name))) for f in fields(WorldSettings)]
    assert [(name, default) for name, default, _ in rows] == expected
    assert all(len(meaning) > 10 for *_, meaning in rows)


def test_every_role_stands_there_with_its_parameters():
    names = [f.name for f in fields(RoleSettings)]
    head = f"| role | {' | '.join(f'`{name}`' for name in names)} |"
    assert head in PAGE
    expected = [[f"`{role}`", *(shown(getattr(kind, name)) for name in names)] for role, kind in ROLES.items()]
    assert table_after("\n## Roles") == expected
    meanings = table_after("\n| `circuit` | 0.01")
    assert [row[0] for row in meanings] == [f"`{name}`" for name in names]


def test_every_column_of_the_truth_stands_there(tmp_path: Path):
    demo_world(seed=1, scale=0.01).write(tmp_path)
    for name in ("truth", "truth_audience"):
        columns = duckdb.sql(f"FROM '{tmp_path}/{name}.parquet'").columns
        assert [row[0] for row in table_after(f"\n**`{name}`**")] == [f"`{column}`" for column in columns]
    assert {f.name for f in fields(AudienceTruth)} - set(columns) == {"person"}
