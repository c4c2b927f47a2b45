"""How a raw value becomes a value of the vocabulary, in SQL: an expression for the value, one for what is wrong.

Works on whole columns inside DuckDB. The problem is null where the value can be taken; an absent value is null and
no problem, unless the column is required.
"""

from __future__ import annotations

from dataclasses import dataclass

from headcount.tables import Column

__all__ = ["Converted", "convert"]

_INTEGERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "HUGEINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "UHUGEINT",
)
_FLOATS = ("FLOAT", "DOUBLE", "DECIMAL")
_LATEST = "TIMESTAMP '2100-01-01'"


@dataclass(frozen=True)
class Converted:
    """A column in SQL.

    Attributes:
        value: expression of the column's type.
        problem: expression of text: what is wrong with it, null where nothing is; None: nothing can be.
        zone: expression of boolean: the time was given with a zone; None where that is not asked.
    """

    value: str
    problem: str | None
    zone: str | None = None


def convert(column: Column, raw: str, raw_type: str) -> Converted | None:
    """The SQL of one column; None where a value of that raw type can never become one of the column.

    Args:
        column: of the vocabulary.
        raw: SQL name of the raw column.
        raw_type: its DuckDB type.
    """
    base = raw_type.partition("(")[0].upper()
    if column.type == "texts":
        return _texts(raw, raw_type)
    if base == "VARCHAR":
        return _from_text(column, raw)
    if base in ("BLOB", "STRUCT", "MAP", "UNION", "BIT") or raw_type.endswith("]"):
        return None
    if column.type == "timestamp":
        return _typed_time(raw, base)
    if column.type == "integer":
        return _typed_integer(column, raw, base)
    if column.type == "boolean":
        return _typed_boolean(column, raw, base)
    if base in _INTEGERS or base == "UUID":
        return _from_text(column, f"CAST({raw} AS VARCHAR)")
    return None


def _wrong(column: Column, raw: str, expected: str) -> str:
    shown = f"'«' || left({raw}, 40) || '»'"
    return f"'{column.name} ' || {shown} || ' is not {expected}'"


def _from_text(column: Column, raw: str) -> Converted:
    text = f"nullif(trim({raw}), '')"
    if column.type == "integer":
        value = f"TRY_CAST({text} AS BIGINT)"
        good = f"({value} IS NOT NULL AND {value} >= 0 AND regexp_full_match({text}, '[+]?[0-9]+'))"
        return Converted(value, _unless(text, good, _wrong(column, raw, "a whole number from 0")))
    if column.type == "boolean":
        lower = f"lower({text})"
        yes, no = f"{lower} IN ('true','t','1','yes','y')", f"{lower} IN ('false','f','0','no','n')"
        value = f"CASE WHEN {yes} THEN true WHEN {no} THEN false END"
        return Converted(
            value, _unless(text, f"({value}) IS NOT NULL", _wrong(column, raw, "yes or no (true, false, 1, 0)"))
        )
    if column.type == "timestamp":
        return _text_time(column, raw, text)
    if column.values:
        value = f"lower({text})"
        words = ", ".join(f"'{word}'" for word in column.values)
        problem = _unless(text, f"{value} IN ({words})", _wrong(column, raw, "one of " + words.replace("'", "")))
        return Converted(value, _required(column, text, problem))
    if column.name.endswith("_id"):
        problem = _unless(
            text, f"NOT regexp_matches({text}, '[\\x00-\\x1f\\x7f]')", f"'{column.name} holds control characters'"
        )
        return Converted(text, _required(column, text, problem))
    return Converted(raw, None)


def _unless(present: str, good: str, problem: str) -> str:
    return f"CASE WHEN {present} IS NOT NULL AND NOT coalesce({good}, false) THEN {problem} END"


def _required(column: Column, text: str, problem: str) -> str:
    if not column.required:
        return problem
    return f"CASE WHEN {text} IS NULL THEN '{column.name} is missing' ELSE {problem} END"


def _epoch(number: str) -> str:
    """Seconds, milliseconds or microseconds since 1970, told apart by their size."""
    milli = f"WHEN {number} < 100000000000000 THEN {number} * 1000"
    micro = f"CASE WHEN {number} < 100000000000 THEN {number} * 1000000 {milli} ELSE {number} END"
    return f"make_timestamp(CASE WHEN {number} BETWEEN 0 AND 4102444800000000 THEN {micro} END)"


def _text_time(column: Column, raw: str, text: str) -> Converted:
    number = f"TRY_CAST({text} AS BIGINT)"
    value = (
        f"CASE WHEN regexp_full_match({text}, '[0-9]{{1,18}}') THEN {_epoch(number)} "
        f"WHEN regexp_full_match({text}, '[0-9]{{4}}-[0-9]{{2}}.*') THEN TRY_CAST({text} AS TIMESTAMPTZ)::TIMESTAMP "
        f"ELSE try_strptime({text}, '%a %b %d %H:%M:%S %z %Y')::TIMESTAMP END"
    )
    problem = _unless(text, f"({value}) < {_LATEST}", _wrong(column, raw, "a time (write 2026-10-01T12:00:00Z)"))
    zone = f"regexp_matches({text}, '(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?( [0-9]{{4}})?)$') AND {text} LIKE '%:%'"
    return Converted(value, problem, f"CASE WHEN {text} LIKE '%-%' OR {text} LIKE '% %' THEN {zone} END")


def _typed_time(raw: str, base: str) -> Converted | None:
    if base in _INTEGERS:
        number = f"TRY_CAST({raw} AS BIGINT)"
        problem = f"CASE WHEN {raw} IS NOT NULL AND {_epoch(number)} IS NULL THEN 'not a time: ' || {raw} END"
        return Converted(_epoch(number), problem)
    if base.startswith(("TIMESTAMP", "DATE")):
        value = f"TRY_CAST({raw} AS TIMESTAMP)"
        bad = (
            f"CASE WHEN {raw} IS NOT NULL AND NOT coalesce({value} < {_LATEST}, false) THEN 'not a time: ' || {raw} END"
        )
        return Converted(value, bad)
    return None


def _typed_integer(column: Column, raw: str, base: str) -> Converted | None:
    if base not in (*_INTEGERS, *_FLOATS):
        return None
    value = f"TRY_CAST({raw} AS BIGINT)"
    whole = f"{value} >= 0" if base in _INTEGERS else f"{value} >= 0 AND {raw} = floor({raw})"
    empty = f"({raw} IS NULL OR isnan({raw}::DOUBLE))" if base in _FLOATS else f"{raw} IS NULL"
    wrong = _wrong(column, f"{raw}::VARCHAR", "a whole number from 0")
    problem = f"CASE WHEN NOT {empty} AND NOT coalesce({whole}, false) THEN {wrong} END"
    return Converted(f"CASE WHEN NOT {empty} THEN {value} END", problem)


def _typed_boolean(column: Column, raw: str, base: str) -> Converted | None:
    if base == "BOOLEAN":
        return Converted(raw, None)
    if base not in _INTEGERS:
        return None
    problem = f"CASE WHEN {raw} NOT IN (0, 1) THEN {_wrong(column, f'{raw}::VARCHAR', 'yes or no')} END"
    return Converted(f"{raw} = 1", problem)


def _texts(raw: str, raw_type: str) -> Converted | None:
    if raw_type == "VARCHAR[]":
        return Converted(raw, None)
    if raw_type != "VARCHAR":
        return None
    listed = f"TRY_CAST(TRY_CAST({raw} AS JSON) AS VARCHAR[])"
    split = f"list_filter(list_transform(string_split({raw}, ';'), lambda part: trim(part)), lambda part: part <> '')"
    return Converted(f"CASE WHEN {raw} LIKE '[%' THEN {listed} ELSE {split} END", None)
