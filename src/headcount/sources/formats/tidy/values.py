"""How a raw value becomes a value of the vocabulary, in SQL: an expression for the value, one for what is wrong.

Works on whole columns inside DuckDB. The problem is null where the value can be taken; an absent value is null and
no problem, unless the column is required.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from headcount.tables import Column

__all__ = ["Converted", "convert", "is_count"]

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
_MISSING = "'NA', 'NaN', 'nan', 'N/A', '#N/A', '<NA>', 'None', 'NULL', 'null', 'undefined'"
"""What programs write where there is no value."""
_GROUPED = "'^[+]?[0-9][0-9.,’\u2009\u00a0\u202f '']*[kKmM]?$'"
_LATEST = "TIMESTAMP '2100-01-01'"
_FROM_1990_TO_2100 = "BETWEEN 631152000000000 AND 4102444800000000"
"""In microseconds. What lies outside is no time since 1970 but a date without dashes, or a number of something else."""


@dataclass(frozen=True)
class Converted:
    """A column in SQL.

    Attributes:
        value: expression of the column's type.
        problem: expression of text: what is wrong with it, null where nothing is; None: nothing can be.
        no_zone: expression of boolean: the time was given without a zone; None where that is not asked.
        steps: (name, expression) of columns that the expressions above use, each of those before it. Written out in
            full in every place, they took DuckDB's optimizer seconds for a table of few rows.
    """

    value: str
    problem: str | None
    no_zone: str | None = None
    steps: tuple[tuple[str, str], ...] = ()


def convert(column: Column, raw: str, raw_type: str) -> Converted | None:
    """The SQL of one column; None where a value of that raw type can never become one of the column.

    Args:
        column: of the vocabulary.
        raw: SQL name of the raw column.
        raw_type: its DuckDB type.
    """
    base = raw_type.partition("(")[0].upper()
    if base == '"NULL"':
        return _never_given(column)
    if column.type == "texts":
        return _texts(column, raw, raw_type)
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


def _never_given(column: Column) -> Converted:
    """A Parquet column in which nothing stands has no type."""
    return Converted(f"NULL::{column.sql_type}", f"'{column.name} is missing'" if column.required else None)


def _wrong(column: Column, raw: str, expected: str) -> str:
    shown = f"'«' || left({raw}, 40) || '»'"
    return f"'{column.name} ' || {shown} || ' is not {expected}'"


def _step(column: Column, what: str) -> str:
    """The name of a column that a step computes; no file has such a header."""
    return f'"headcount {what} of {column.name}"'


def _from_text(column: Column, raw: str) -> Converted:
    """The steps of a column of text: its text without blanks and words for nothing, then what its type makes of it."""
    if column.type == "text" and not (column.values or column.pattern or column.name.endswith("_id")):
        return Converted(f"replace({raw}, chr(0), '')", None)
    trimmed, text = _step(column, "trimmed"), _step(column, "text")
    found = _of_text(column, raw, text)
    begin = (
        (trimmed, f"nullif(trim({raw}), '')"),
        (text, f"CASE WHEN {trimmed} NOT IN ({_MISSING}) THEN {trimmed} END"),
    )
    return replace(found, steps=(*begin, *found.steps))


def _of_text(column: Column, raw: str, text: str) -> Converted:
    if column.type == "integer":
        good, value = is_count(text), f"TRY_CAST({text} AS BIGINT)"
        plain = _wrong(column, raw, "an integer from 0")
        grouped = f"regexp_matches({text}, {_GROUPED})"
        wrong = f"CASE WHEN {grouped} THEN {plain} || ' without separators or units' ELSE {plain} END"
        return Converted(value, _unless(text, good, wrong))
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
    if column.pattern:
        value = f"lower({text})"
        good = f"regexp_full_match({value}, '{column.pattern}')"
        expected = "a word of at most 20 letters, digits or _, as in x or mastodon"
        return Converted(value, _required(column, text, _unless(text, good, _wrong(column, raw, expected))))
    return Converted(text, _required(column, text, _id_problem(column, text)))


def is_count(text: str) -> str:
    """SQL: is the text an integer from 0? `12.0` is one, `12.000` may be twelve thousand and is none."""
    whole = (
        f"regexp_full_match({text}, '[+]?[0-9]+([.]0+)?') AND NOT regexp_full_match({text}, '[+]?[0-9]{{1,3}}[.]000')"
    )
    return f"({whole} AND TRY_CAST({text} AS BIGINT) IS NOT NULL)"


def _id_problem(column: Column, text: str) -> str:
    """Control characters; numbers that a spreadsheet or a data frame rounded, so that they are others now."""
    float_like = (
        f"regexp_full_match({text}, '([a-z]+:)?[0-9]+("
        "[.,]0|([.,][0-9]+)?[eE][+][0-9]+|[.,][0-9]+[eE][0-9]{1,3}|[.,][0-9]{3}([.,][0-9]{3})+)')"
    )
    lost = _wrong(column, text, "an id but a number that was rounded or written in another form; write ids as text")
    return (
        f"CASE WHEN regexp_matches({text}, '[\\x00-\\x1f\\x7f]') THEN '{column.name} holds control characters' "
        f"WHEN {float_like} THEN {lost} END"
    )


def _unless(present: str, good: str, problem: str) -> str:
    return f"CASE WHEN {present} IS NOT NULL AND NOT coalesce({good}, false) THEN {problem} END"


def _required(column: Column, text: str, problem: str) -> str:
    if not column.required:
        return problem
    return f"CASE WHEN {text} IS NULL THEN '{column.name} is missing' ELSE {problem} END"


def _epoch(number: str) -> str:
    """Seconds, milliseconds or microseconds since 1970, told apart by their size; null outside of 1990 to 2100."""
    milli = f"WHEN {number} < 100000000000000 THEN {number} * 1000"
    micro = f"CASE WHEN {number} < 100000000000 THEN {number} * 1000000 {milli} ELSE {number} END"
    # guarded first: a number far below 0 would overflow when it is multiplied
    return f"make_timestamp(CASE WHEN {number} > 0 THEN CASE WHEN {micro} {_FROM_1990_TO_2100} THEN {micro} END END)"


def _text_time(column: Column, raw: str, text: str) -> Converted:
    number, value = _step(column, "number"), _step(column, "time")
    time = (
        f"CASE WHEN {text} LIKE '____-__%' THEN TRY_CAST({text} AS TIMESTAMPTZ)::TIMESTAMP "
        f"WHEN regexp_full_match({text}, '[0-9]{{1,18}}([.]0+)?') THEN {_epoch(number)} "
        f"WHEN {text} LIKE '___ ___ %' THEN try_strptime({text}, '%a %b %d %H:%M:%S %z %Y')::TIMESTAMP END"
    )
    problem = _unless(text, f"({value}) < {_LATEST}", _wrong(column, raw, "a time (write 2026-10-01T12:00:00Z)"))
    no_zone = f"regexp_full_match({text}, '[0-9]{{4}}-[0-9-]+([ T][0-9:.]+)?')"
    return Converted(value, problem, no_zone, ((number, f"TRY_CAST({text} AS BIGINT)"), (value, time)))


def _typed_time(raw: str, base: str) -> Converted | None:
    if base in (*_INTEGERS, *_FLOATS):
        value = _epoch(f"TRY_CAST({raw} AS BIGINT)")
    elif base.startswith(("TIMESTAMP", "DATE")):
        value = f"TRY_CAST({raw} AS TIMESTAMP)"
    else:
        return None
    empty = _empty(raw, base)
    wrong = f"CASE WHEN NOT {empty} AND NOT coalesce({value} < {_LATEST}, false) THEN 'not a time: ' || {raw} END"
    return Converted(value, wrong)


def _empty(raw: str, base: str) -> str:
    """Nothing stands there: null, or not a number."""
    return f"({raw} IS NULL OR isnan({raw}::DOUBLE))" if base in _FLOATS else f"({raw} IS NULL)"


def _typed_integer(column: Column, raw: str, base: str) -> Converted | None:
    if base not in (*_INTEGERS, *_FLOATS):
        return None
    value = f"TRY_CAST({raw} AS BIGINT)"
    whole = f"{value} >= 0" if base in _INTEGERS else f"{value} >= 0 AND {raw} = floor({raw})"
    empty = _empty(raw, base)
    wrong = _wrong(column, f"{raw}::VARCHAR", "an integer from 0")
    problem = f"CASE WHEN NOT {empty} AND NOT coalesce({whole}, false) THEN {wrong} END"
    return Converted(f"CASE WHEN NOT {empty} THEN {value} END", problem)


def _typed_boolean(column: Column, raw: str, base: str) -> Converted | None:
    if base == "BOOLEAN":
        return Converted(raw, None)
    if base not in (*_INTEGERS, *_FLOATS):
        return None
    wrong = _wrong(column, f"{raw}::VARCHAR", "yes or no")
    problem = f"CASE WHEN NOT {_empty(raw, base)} AND {raw} NOT IN (0, 1) THEN {wrong} END"
    return Converted(f"CASE WHEN NOT {_empty(raw, base)} THEN {raw} = 1 END", problem)


def _texts(column: Column, raw: str, raw_type: str) -> Converted | None:
    """A list, or text: a list as JSON, or words between semicolons."""
    if raw_type == "VARCHAR[]":
        return Converted(_without_blanks(raw), None)
    if raw_type != "VARCHAR":
        return None
    text = f"nullif(trim({raw}), '')"
    listed, parted = f"TRY_CAST(TRY_CAST({text} AS JSON) AS VARCHAR[])", f"string_split({text}, ';')"
    value = f"CASE WHEN {text} LIKE '[%' THEN {_without_blanks(listed)} ELSE {_without_blanks(parted)} END"
    wrong = _wrong(column, raw, "a list (write a.example;b.example)")
    return Converted(value, f"CASE WHEN {text} LIKE '[%' AND {listed} IS NULL THEN {wrong} END")


def _without_blanks(texts: str) -> str:
    trimmed = f"list_transform({texts}, lambda part: trim(part))"
    return f"list_filter({trimmed}, lambda part: part IS NOT NULL AND part <> '')"
