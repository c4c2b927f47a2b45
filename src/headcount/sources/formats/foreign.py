"""Files of other programs and formats, named for what they are, with what to do.

Marks that no supported file has are checked before any source, so that a file of another tool is never read in part;
the rest only where no source recognises the file. The marks are in `signatures`.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from headcount.errors import InputError, UsageError
from headcount.sources.formats.archive_files import is_zip, listed
from headcount.sources.formats.decoding import decode_text
from headcount.sources.formats.jsonlines import beginning
from headcount.sources.formats.signatures import BINARY, CSV, INSIDE, JSON, TABLES_ADVICE, Signature
from headcount.tables import TABLES, Table

__all__ = ["refuse_foreign", "refuse_listed", "refuse_unknown"]

_HEAD = 1 << 16
_SHOWN = 5

# -- before any source --------------------------------------------------------------------------------------------


def refuse_foreign(path: Path) -> None:
    """Refuse a file that has the marks of another program; folders and zips are left to `refuse_unknown`.

    Raises:
        UsageError: the file is of another program or format, or its ending contradicts its content.
    """
    if path.is_dir():
        return
    with path.open("rb") as file:
        head = file.read(_HEAD)
    for signature in BINARY:
        if signature.magic is not None and signature.magic.match(head):
            raise _refusal(path, signature)
    _refuse_wrong_ending(path, head)
    text = beginning(path)
    if text[:1] in (b"{", b"["):
        _refuse_by(path, JSON, _outline(text), text)
    elif path.name.lower().endswith((".csv", ".csv.gz", ".tsv", ".txt")) and not _is_binary(head):
        _refuse_by(path, CSV, _columns(_plain_head(path, head)), head)


def _refusal(path: Path, signature: Signature) -> UsageError:
    return UsageError(
        f"{path.name} is {signature.what}.", hint=f"{signature.advice.rstrip('.')}.".replace("FILE", path.name)
    )


def _refuse_by(path: Path, table: Iterable[Signature], names: frozenset[str], head: bytes) -> None:
    for signature in table:
        wanted = (*signature.fields, *signature.columns)
        if any(some <= names for some in wanted) or (signature.magic is not None and signature.magic.match(head)):
            raise _refusal(path, signature)


def _refuse_wrong_ending(path: Path, head: bytes) -> None:
    """Compressed files are read by their ending, so it has to be right."""
    name = path.name.lower()
    for magic, endings, what in (
        (b"\x1f\x8b", (".gz", ".tgz"), "gzip"),
        (b"\x28\xb5\x2f\xfd", (".zst",), "zstd"),
    ):
        if head.startswith(magic) and not name.endswith(endings):
            raise UsageError(
                f"{path.name} is compressed with {what}, which its name does not indicate.",
                hint=f"rename it to {path.name}{endings[0]}, or unpack it.",
            )
        if name.endswith(endings) and head and not head.startswith(magic) and not _is_split(head):
            raise UsageError(
                f"{path.name} has the name of a {what} file, but is not one.",
                hint="if it was unpacked already, remove the ending; else download it again.",
            )


def _is_split(head: bytes) -> bool:
    """Zstd allows frames to skip before the first with data."""
    return head[1:4] == b"\x2a\x4d\x18"


def _is_binary(head: bytes) -> bool:
    text = decode_text(head[: 1 << 12])
    return "\0" in text or text.count("\ufffd") > len(text) // 10


def _plain_head(path: Path, head: bytes) -> str:
    if path.suffix.lower() == ".gz":
        import gzip

        try:
            with gzip.open(path, "rb") as file:
                head = file.read(_HEAD)
        except (EOFError, OSError):
            return ""
    return decode_text(head)


_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|[{}\[\]:]')


def _outline(head: bytes) -> frozenset[str]:
    """The paths of the fields in the first JSON object of a file's beginning, up to three names long."""
    found: set[str] = set()
    way: list[str | None] = []
    last = ""
    for token in _TOKEN.finditer(head.decode("utf-8", "replace")):
        sign = token[0]
        if sign == ":":
            if way:
                way[-1] = last
                names = [name for name in way if name]
                if len(names) <= 3:
                    found.add(".".join(names))
        elif sign in "{[":
            way.append(None)
        elif sign in "}]":
            if sign == "}" and not any(way[:-1]):
                break  # the end of the first object
            if way:
                way.pop()
        else:
            last = token[1]
    return frozenset(found)


def _columns(text: str) -> frozenset[str]:
    """The names in the first line of a CSV file, whatever separates them; blanks as points."""
    return frozenset(name.strip().replace(" ", ".") for name in _header(text))


def _header(text: str) -> list[str]:
    line = text.removeprefix("\ufeff").partition("\n")[0].rstrip("\r")
    rows = []
    for delimiter in ",;\t|":
        try:
            rows.append(next(csv.reader([line], delimiter=delimiter), []))
        except csv.Error:
            continue
    return max(rows, key=len, default=[])


# -- where no source recognises it -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Known:
    """What can be said of a file that no source recognises.

    Attributes:
        what: it is, to go on after its name; advice: what to do instead.
        is_certain: it is no table of any kind, whatever a source that takes nearly all text thinks of it.
    """

    what: str
    advice: str = ""
    is_certain: bool = False


def refuse_unknown(path: Path, accepted: str, recognised: Iterable[Path] = ()) -> NoReturn:
    """Refuse what no source recognises, naming what it is as far as that shows.

    Args:
        path: a file or folder.
        accepted: what Headcount reads, for the hint.
        recognised: files in the folder that a source does recognise.

    Raises:
        UsageError: always, unless it is damaged.
        InputError: it is a zip that is truncated or damaged.
    """
    if path.is_dir():
        _refuse_folder(path, accepted, list(recognised))
    if is_zip(path):
        _refuse_zip(path)
    known = _known_file(path)
    raise UsageError(f"{path.name} {known.what}.", hint=(known.advice or f"supported: {accepted}") + ".")


def refuse_listed(path: Path) -> None:
    """Refuse text that is certainly no table: a list of ids or names, or JSON that is not named like it.

    Raises:
        UsageError: it is.
    """
    known = _known_file(path)
    if known.is_certain:
        raise UsageError(f"{path.name} {known.what}.", hint=f"{known.advice}.")


def _refuse_folder(path: Path, accepted: str, recognised: list[Path]) -> NoReturn:
    files = sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))
    names = listed(path)
    _refuse_inside(path, names)
    zips = [file.name for file in files if is_zip(file)]
    if zips:
        raise UsageError(
            f"The folder {path.name} contains zip archives ({_some(zips)}) and no other readable file.",
            hint="if they are parts of one archive, unpack them all into one folder and add that; "
            "else add them one by one.",
        )
    for file in files[:_SHOWN]:
        refuse_foreign(file)
    if recognised:
        raise UsageError(
            f"The folder {path.name} is not a folder of tables or an archive.",
            hint=f"add its files one by one: headcount add {recognised[0]}",
        )
    if names:
        raise UsageError(
            f"The folder {path.name} contains no readable data ({_some(names)}).", hint=f"supported: {accepted}."
        )
    raise UsageError(f"The folder {path.name} contains no readable files.", hint=f"supported: {accepted}.")


def _refuse_zip(path: Path) -> NoReturn:
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{path.name} is a zip archive that is truncated or damaged.",
            hint="download it again; of an archive in several parts (.z01, .001), join the parts first.",
        )
    names = listed(path)
    _refuse_inside(path, names)
    if not names:
        raise UsageError(f"{path.name} is an empty zip archive.", hint="download it again.")
    inner = [name for name in names if name.lower().endswith((".zip", ".tar.gz", ".tgz"))]
    if inner:
        raise UsageError(
            f"{path.name} is a zip archive with other archives in it ({_some(inner)}).",
            hint="unpack it, and add the content.",
        )
    raise UsageError(f"{path.name} is a zip archive with {_some(names)}.", hint="unpack it and add the folder or file.")


def _refuse_inside(path: Path, names: Iterable[str]) -> None:
    for signature in INSIDE:
        if signature.inside is None or (signature.named is not None and not signature.named.fullmatch(path.name)):
            continue
        if any(signature.inside.fullmatch(name) for name in names):
            raise _refusal(path, signature)


def _some(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:_SHOWN]) + (" …" if len(shown) > _SHOWN else "")


_SPLIT = re.compile(r"(?i).*\.(?:z\d\d|(?:zip|7z|rar|gz|tar)\.\d{2,3}|part\d+\.rar)")
_UNFINISHED = re.compile(r"(?i).*\.(?:crdownload|part|partial|download)")
_NUMBER_LINE = re.compile(r"\"?\d{1,20}\"?")
_HANDLE_LINE = re.compile(r"@?[\w.-]{1,64}(?:@[\w.-]+)?")
_CAR = re.compile(rb".{1,3}\xa2eroots", re.DOTALL)


def _known_file(path: Path) -> _Known:
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        return _Known("is empty", "download or write it again")
    if _UNFINISHED.fullmatch(path.name):
        return _Known("is an incomplete download", "finish the download and add the resulting file")
    if _SPLIT.fullmatch(path.name):
        return _Known("is one part of a split archive", "join the parts, unpack them, and add the result")
    for magic, what, advice in (
        (b"PAR1", "is a Parquet file that is not named after a table", TABLES_ADVICE),
        (b"SQLite format 3\0", "is an SQLite database", "export its tables as CSV; " + TABLES_ADVICE),
    ):
        if head.startswith(magic):
            return _Known(what, advice)
    if head[257:262] == b"ustar":
        return _Known("is a tar archive", "unpack it and add the folder that comes out")
    if _CAR.match(head):
        return _Known("is a Bluesky repository, but has another extension", "rename it so that it ends with .car")
    if _is_binary(head):
        return _Known("is a binary file of unknown format")
    return _known_text(path, beginning(path) or head, _plain_head(path, head))


def _known_text(path: Path, head: bytes, text: str) -> _Known:
    text = text.removeprefix("\ufeff").strip()
    if not text:
        return _Known("is empty", "download or write it again")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    whole = lines[:-1] or lines  # the last may be cut off
    if text[:1] in "{[":
        named = sorted(name for name in _outline(head) if "." not in name)
        if not named:
            return _list_of_ids(path) if re.match(r"\[\s*\"?\d", text) else _Known("is JSON without an object")
        if not beginning(path):
            advice = "rename it so that it ends with .json or .jsonl"
            return _Known("contains JSON, but has another extension", advice, is_certain=True)
        table = next((table.name for table in TABLES if _required(table) <= set(named)), None)
        advice = f"rename it to {table}.jsonl" if table else ""
        return _Known(f"is JSON of an unknown layout (its fields: {_some(named)})", advice)
    if all(_NUMBER_LINE.fullmatch(line) for line in whole):
        return _list_of_ids(path)
    columns = _header(text)
    if len(columns) > 1 and (path.name.lower().endswith((".csv", ".csv.gz", ".tsv")) or all(columns)):
        named = [name or "(no name)" for name in columns]
        return _Known(f"is a table with the columns {_some(named)}, which is not one of Headcount's", TABLES_ADVICE)
    if all(_NUMBER_LINE.fullmatch(line) for line in whole[1:]) and len(whole) > 1:
        return _list_of_ids(path)
    if all(_HANDLE_LINE.fullmatch(line) for line in whole):
        return _Known("is a list of names", "add accounts one by one: headcount add @name", is_certain=True)
    return _Known("is text of an unknown layout")


def _required(table: Table) -> set[str]:
    return {column.name for column in table.columns if column.required}


def _list_of_ids(path: Path) -> _Known:
    advice = next(one.advice for one in JSON if one.what == "a list of ids")
    return _Known("is a list of ids", advice.rstrip(".").replace("FILE", path.name), is_certain=True)
