"""Writes the pages of the docs that are made from the code: tables, command line, JSON schema.

`python scripts/make_docs.py` writes them; `python scripts/make_docs.py --check` says which are out of date.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

DOCS = Path(__file__).resolve().parent.parent / "docs"
MADE = "<!-- made by scripts/make_docs.py; do not edit -->\n\n"


def tables_page() -> str:
    """The four tables, column by column."""
    from headcount.tables import TABLES

    lines = [
        MADE + "# The four tables\n",
        "Every source turns a platform or a file into these tables, and every measure reads nothing else. "
        "Times are UTC. What a source cannot know is null: unknown is unknown, never 0. How to hand in your own: "
        "[tidy tables](tidy-tables.md).\n",
    ]
    for table in TABLES:
        lines += [
            f"## {table.name}\n",
            f"{table.meaning} Key: {', '.join(f'`{name}`' for name in table.key)}.\n",
        ]
        lines += ["| column | type | meaning |", "|---|---|---|"]
        for column in table.columns:
            words = f" One of {', '.join(f'`{value}`' for value in column.values)}." if column.values else ""
            required = " **Required.**" if column.required else ""
            lines.append(f"| `{column.name}` | {column.type} | {column.meaning}{words}{required} |")
        lines.append("")
    return "\n".join(lines)


def command_line_page() -> str:
    """The help of every command."""
    from headcount.cli.main import cli

    def help_of(command: click.Command, *names: str) -> str:
        context: click.Context | None = None
        for name in names:
            context = click.Context(command, info_name=name, parent=context, max_content_width=100, terminal_width=100)
        assert context is not None
        return command.get_help(context)

    parts = [MADE + "# The command line\n", "```text\n" + help_of(cli, "headcount") + "\n```\n"]
    for name, command in sorted(cli.commands.items()):
        context = click.Context(command, info_name=f"headcount {name}", max_content_width=100, terminal_width=100)
        parts += [f"## headcount {name}\n", "```text\n" + command.get_help(context) + "\n```\n"]
    return "\n".join(parts)


def schema_file() -> str:
    """The JSON schema of `headcount report --json`."""
    from headcount.report.render.document import json_schema

    return json.dumps(json_schema(), indent=2) + "\n"


PAGES = {"tables.md": tables_page, "command-line.md": command_line_page, "report.schema.json": schema_file}


def main() -> int:
    """Write the pages, or with --check compare them."""
    stale = []
    for name, make in PAGES.items():
        path, text = DOCS / name, make()
        if "--check" not in sys.argv:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
    if stale:
        print(f"Out of date: {', '.join(stale)}. Run: python scripts/make_docs.py")
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
