"""What all results share: one line as `repr`, a data frame, and a table in a notebook."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal, get_args

from headcount.errors import UsageError
from headcount.support.safe_text import plain

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["BACKENDS", "Backend", "Record", "frame", "shorten"]

Backend = Literal["pandas", "polars", "pyarrow"]
BACKENDS: tuple[Backend, ...] = get_args(Backend)

REPR_LENGTH = 190
ROWS_SHOWN = 20
_CELL_LENGTH = 160
_PLAIN = (str, int, float, bool, type(None))


def frame(columns: Mapping[str, Sequence[Any]], backend: Backend | None = None) -> Any:
    """A data frame.

    Args:
        columns: name to values, all of one length; None is unknown.
        backend: "pandas" or "polars" for a DataFrame, "pyarrow" for a Table; without it the first of them that is
            installed.

    Raises:
        UsageError: there is no such backend, or its library is not installed.
    """
    import importlib.util

    import narwhals as nw

    if backend is not None and backend not in BACKENDS:
        raise UsageError(f"{plain(repr(backend))} is not a valid data frame backend.", hint=_nearest(backend))
    for name in BACKENDS if backend is None else (backend,):
        if importlib.util.find_spec(name) is not None:
            data = {column: _of_one_type(values) for column, values in columns.items()}
            return nw.from_dict(data, backend=name).to_native()
    if backend is None:
        raise UsageError(
            "A data frame needs pandas, polars or pyarrow, and none of them is installed.", hint="pip install pandas"
        )
    raise UsageError(
        f"A data frame of {backend} needs {backend}, which is not installed.",
        hint=f"pip install {backend}, or choose another of {', '.join(BACKENDS)}.",
    )


def _nearest(backend: object) -> str:
    import difflib

    near = difflib.get_close_matches(str(backend).strip().lower(), BACKENDS, n=1, cutoff=0.4)
    near = near or {"pd": ["pandas"], "pl": ["polars"], "pa": ["pyarrow"]}.get(str(backend).strip().lower(), [])
    start = f"did you mean {near[0]!r}? " if near else ""
    return f"{start}choose one of {', '.join(map(repr, BACKENDS))}, or omit it to use the first installed one."


def _of_one_type(values: Sequence[Any]) -> list[Any]:
    """The values; whole numbers become floats where they stand beside floats, as some backends ask for one type."""
    types = {type(value) for value in values}
    return (
        [float(value) if type(value) is int else value for value in values] if {int, float} <= types else list(values)
    )


class Record:
    """Base of the public results, which are frozen dataclasses: how they show themselves.

    A subclass says in `columns` what one row of its data frame is, and in `summary` what stands in its `repr`.
    """

    def columns(self) -> dict[str, list[Any]]:
        """One row: the plain fields. Lists and records inside have data frames of their own."""
        return {name: [value] for name, value in _values(self).items() if isinstance(value, _PLAIN)}

    def summary(self) -> str:
        """The main figures on one line: by default the fields that are known."""
        return ", ".join(f"{name}={_brief(value)}" for name, value in _values(self).items() if value is not None)

    def to_frame(self, backend: Backend | None = None) -> Any:
        """The result as a data frame; `columns` says what a row is.

        Args:
            backend: "pandas", "polars" or "pyarrow"; without it the first of them that is installed.

        Raises:
            UsageError: there is no such backend, or its library is not installed.
        """
        return frame(self.columns(), backend)

    def __repr__(self) -> str:
        return shorten(f"<{type(self).__name__} {self.summary()}", REPR_LENGTH - 1) + ">"

    def _repr_html_(self) -> str:
        """The result in a notebook: its summary, and the first rows of its data frame."""
        columns = self.columns()
        size = max(map(len, columns.values()), default=0)
        head = "".join(f"<th>{html.escape(str(name))}</th>" for name in columns)
        rows = zip(*(values[:ROWS_SHOWN] for values in columns.values()), strict=True)
        body = "".join("<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>" for row in rows)
        more = f"<p>… and {size - ROWS_SHOWN:,} more rows: to_frame()</p>" if size > ROWS_SHOWN else ""
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if size else ""
        return f"<p>{html.escape(plain(self.summary()))}</p>{table}{more}"


def shorten(text: str, length: int) -> str:
    """A text on one line, of at most `length` characters, with an ellipsis where something was cut."""
    text = plain(text)
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _values(record: Record) -> dict[str, Any]:
    instance: DataclassInstance = record  # type: ignore[assignment] # every record is a dataclass
    return {field.name: getattr(record, field.name) for field in fields(instance)}


def _brief(value: Any) -> str:
    if isinstance(value, str):
        return repr(shorten(value, 40))
    if isinstance(value, Record):
        return type(value).__name__
    if isinstance(value, _PLAIN):
        return _number(value)
    return f"[{len(value):,}]" if hasattr(value, "__len__") else type(value).__name__


def _cell(value: Any) -> str:
    return html.escape(shorten(_number(value), _CELL_LENGTH))


def _number(value: Any) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return str(value)
