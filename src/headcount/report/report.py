"""The report as users of the library get it: the data, and how to write it as a page or as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import overload

from headcount.errors import UsageError
from headcount.report.data import ReportData
from headcount.support.output import new_text

__all__ = ["Report"]


@dataclass(frozen=True, kw_only=True, repr=False)
class Report(ReportData):
    """Everything that is known of one account at one time, and its renderings."""

    @overload
    def to_html(self) -> str: ...

    @overload
    def to_html(self, path: Path | str) -> Path: ...

    def to_html(self, path: Path | str | None = None) -> str | Path:
        """The report as one HTML page that needs nothing else.

        Args:
            path: where to write it; a file of that name is replaced, and a name that ends in `.gz` is compressed.

        Returns:
            The path; without one the page as text.

        Raises:
            UsageError: the folder of the path does not exist, or the path is a folder or a symbolic link.
        """
        from headcount.report.render.html import render_html

        return _written(render_html(self), path)

    @overload
    def to_json(self) -> str: ...

    @overload
    def to_json(self, path: Path | str) -> Path: ...

    def to_json(self, path: Path | str | None = None) -> str | Path:
        """The report as JSON text, as `headcount report --json` prints it.

        Args:
            path: as in `to_html`.

        Returns:
            The path; without one the text.

        Raises:
            UsageError: as in `to_html`.
        """
        from headcount.report.render.document import to_json

        return _written(to_json(self), path)


def _written(text: str, path: Path | str | None) -> str | Path:
    """The text, or where it was written."""
    if path is None:
        return text
    target = Path(path).expanduser()
    if not target.parent.is_dir():
        raise UsageError(
            f"The folder {target.parent} does not exist.", hint="create it, or give a file in another folder."
        )
    with new_text(target) as file:
        file.write(text if text.endswith("\n") else f"{text}\n")
    return target
