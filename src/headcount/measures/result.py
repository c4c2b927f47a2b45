"""What all results of measures share: they print well in a notebook and turn into data frames."""

from __future__ import annotations

import html
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from headcount.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Backend", "Result", "frame"]

Backend = Literal["pandas", "polars", "pyarrow"]


def frame(columns: Mapping[str, Sequence[Any]], backend: Backend | None = None) -> Any:
    """A data frame of the library that is at hand.

    Args:
        columns: name to values, all of one length.
        backend: pandas, polars or pyarrow; without it the first of them that is installed.

    Raises:
        UsageError: the library is not installed.
    """
    import importlib.util

    import narwhals as nw

    wanted: Iterable[Backend] = [backend] if backend else ["pandas", "polars", "pyarrow"]
    for name in wanted:
        if importlib.util.find_spec(name) is not None:
            return nw.from_dict({k: list(v) for k, v in columns.items()}, backend=name).to_native()
    raise UsageError(
        f"A data frame needs {backend or 'pandas, polars or pyarrow'}, which is not installed.",
        hint=f"pip install {backend or 'pandas'}",
    )


class Result(ABC):
    """Base of the results: a table of its own numbers, for a notebook and for data frames."""

    @abstractmethod
    def columns(self) -> dict[str, list[Any]]:
        """The result as columns, one row a figure; each result says what its rows are."""

    def to_frame(self, backend: Backend | None = None) -> Any:
        """The result as a data frame (pandas, polars or pyarrow: the first that is installed)."""
        return frame(self.columns(), backend)

    @abstractmethod
    def sentence(self) -> str:
        """The finding in one sentence, with its interval or its sample size."""

    def _repr_html_(self) -> str:
        columns = self.columns()
        head = "".join(f"<th>{html.escape(str(name))}</th>" for name in columns)
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(_text(value))}</td>" for value in row) + "</tr>"
            for row in zip(*columns.values(), strict=True)
        )
        return (
            f"<p>{html.escape(self.sentence())}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )


def _text(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)
